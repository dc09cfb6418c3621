"""The roll-up of runs: pools results and scores them. In: paths of runs, attributes. Out: a
`Rollup`.

Nothing is averaged: a group is scored from its results, as a run is from its own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

from reporter.engine.base import Engine
from reporter.engine.duckdb import DuckDB
from reporter.errors import InputError
from reporter.model.assessment import Check, Sample
from reporter.model.scores import Scores, Status, Tally
from reporter.pipeline.rollup.members import Member, Members, Rules, read_members
from reporter.report.rolled_up import rollup_data as data
from reporter.runs.actor_attributes import (
    attributes,
    outside,
    place_results,
    placed_actors,
    placed_tallies,
    spelled,
)
from reporter.score import score

WEAKEST = 3
Kind = tuple[str, Status, int, int]
"""What tells results that count alike: check, status, lowest and highest tier."""
Path_ = tuple[str, ...]


@dataclass(slots=True)
class _Pool:
    """The results of one group."""

    of_units: dict[str, Counter[Kind]] = field(default_factory=lambda: defaultdict(Counter))
    """By place; the order says nothing."""
    unknown: Counter[Kind] = field(default_factory=Counter)
    """Of units that are left out."""
    outside: int = 0
    units: dict[str, Member] = field(default_factory=dict)
    """By place, as `of_units`."""
    actors: int = 0

    @property
    def results(self) -> Counter[Kind]:
        """Return the results of all units together."""
        return sum(self.of_units.values(), Counter())


def roll_up(
    paths: Sequence[Path], by: Sequence[str] = (), floor: Fraction | None = None
) -> data.Rollup:
    """Pool the results of runs by levels, outermost first: attributes, `unit`, `organisation`.
    Without any, runs are grouped by organisation and unit, and one run by business unit.

    Raises InputError where there is no run, or no run has an attribute of that name.
    """
    return roll_up_members(read_members(paths), by, floor)


def roll_up_members(
    members: Members, by: Sequence[str] = (), floor: Fraction | None = None
) -> data.Rollup:
    """Pool the results of runs that were read, as `roll_up`."""
    with TemporaryDirectory(prefix="reporter-") as name, DuckDB(Path(name) / "work") as engine:
        levels = tuple(by) or _usual_levels(engine, members)
        members, levels = _with_attributes(engine, members, levels)
        pools = _pools(engine, members, levels)
    return _scored(members, levels, pools, floor)


def _usual_levels(engine: Engine, members: Members) -> tuple[str, ...]:
    everybody = (*members.pooled, *members.missing)
    if len(everybody) == 1 and not members.left_out:
        return ("business_unit",) if attributes(engine, everybody[0].folder) else ()
    several = len({m.organisation for m in everybody}) > 1
    return data.OF_RUNS if several else (data.UNIT,)


def _with_attributes(
    engine: Engine, members: Members, levels: tuple[str, ...]
) -> tuple[Members, tuple[str, ...]]:
    """Leave out the runs that have no table of actors where it is needed, and spell attributes as
    the runs do; refuse one that no run has.
    """
    wanted = [name for name in levels if name not in data.OF_RUNS]
    if not wanted:
        return members, levels
    known: dict[str, None] = {}
    without = []
    for member in members.pooled:
        names = attributes(engine, member.folder)
        known |= dict.fromkeys(names)
        if not names:
            without.append(member)
    if len(without) == len(members.pooled):
        raise InputError(
            "no run has a table of actors: they were made by an earlier version",
            str(without[0].folder),
            "Assess again, or roll up by unit and organisation.",
        )
    spellings = {name: spelled(name, known) for name in wanted}
    for name, spelling in spellings.items():
        if not spelling:
            close = get_close_matches(name, [*known], 1)
            guess = f"Did you mean {close[0]}? " if close else ""
            listed = ", ".join((*data.OF_RUNS, *known))
            raise InputError(
                f"--by: no actor has the attribute {name!r}",
                "",
                f"{guess}There are: {listed}.",
            )
    left = [data.LeftOut(m.unit, m.organisation, data.NAMELESS, "", m.folder.name) for m in without]
    members = replace(
        members,
        pooled=tuple(m for m in members.pooled if m not in without),
        missing=(*members.missing, *without),
        left_out=(*members.left_out, *left),
    )
    return members, tuple(dict.fromkeys(spellings.get(name, name) for name in levels))


def _pools(engine: Engine, members: Members, levels: Sequence[str]) -> dict[Path_, _Pool]:
    """Count the results of every group of every level."""
    pools: dict[Path_, _Pool] = defaultdict(_Pool)
    abouts = {c.id: c.about for c in members.rules.checks}
    for member in members.pooled:
        for path, kind, n in _placed(engine, member, levels, abouts):
            pools[path].units[str(member.folder)] = member
            pools[path].of_units[str(member.folder)][kind] += n
        for path, n in _sizes(engine, member, levels):
            pools[path].actors += n
        first = next((n for n, name in enumerate(levels) if name not in data.OF_RUNS), None)
        if first is not None:
            pools[_path(member, levels[:first], ())].outside += outside(engine)
    for member in members.missing:
        for path, (check, status, lo, hi), n in _placed(engine, member, levels, abouts):
            is_unit = data.UNIT in levels[: len(path)]
            if path in pools and not is_unit and check in abouts and status != Status.NA:
                pools[path].unknown[check, Status.UNKNOWN, lo, hi] += n
    return dict(pools)


def _placed(
    engine: Engine, member: Member, levels: Sequence[str], abouts: Mapping[str, str]
) -> Iterator[tuple[Path_, Kind, int]]:
    """Yield the results of a run by the groups of every level that they are in."""
    names = [name for name in levels if name not in data.OF_RUNS]
    if names and not attributes(engine, member.folder):
        names = []
    place_results(engine, member.folder, names, abouts)
    for depth in range(len(levels) + 1):
        inner = [name for name in levels[:depth] if name not in data.OF_RUNS]
        if len(inner) > len(names):
            return
        for values, tally in placed_tallies(engine, inner):
            path = _path(member, levels[:depth], values)
            yield path, (tally.check, tally.status, tally.tier_lo, tally.tier_hi), tally.n


def _sizes(engine: Engine, member: Member, levels: Sequence[str]) -> Iterator[tuple[Path_, int]]:
    """Yield on how many actors of a run there are results in each group."""
    for depth in range(len(levels) + 1):
        inner = [name for name in levels[:depth] if name not in data.OF_RUNS]
        for values, n in placed_actors(engine, inner).items():
            yield _path(member, levels[:depth], values), n


def _path(member: Member, levels: Sequence[str], values: Sequence[str]) -> Path_:
    """Return the path of a group: values of attributes, and what is the same for a whole run."""
    rest = iter(values)
    whole = {data.UNIT: member.unit, data.ORGANISATION: member.organisation}
    return tuple(whole[name] if name in whole else next(rest) for name in levels)


def _scored(
    members: Members, levels: tuple[str, ...], pools: Mapping[Path_, _Pool], floor: Fraction | None
) -> data.Rollup:
    rules = members.rules
    least = rules.policy.readiness_coverage if floor is None else floor
    scorer = _Scorer(rules)
    groups: dict[Path_, data.Group] = {}
    below: dict[Path_, list[data.Group]] = defaultdict(list)
    for path in sorted(pools, key=lambda p: (-len(p), p)):
        groups[path] = _group(path, pools[path], below[path], scorer, least)
        if path:
            below[path[:-1]].append(groups[path])
    base = members.pooled[0]
    whole = pools[()]
    return data.Rollup(
        organisations=tuple(sorted({m.organisation for m in members.pooled})),
        levels=levels,
        period_from=base.info.period_from,
        period_to=base.info.period_to,
        as_of=max(m.info.as_of for m in members.pooled),
        floor=least,
        pooled=tuple(
            data.Pooled(m.unit, m.organisation, m.folder.name, m.info.as_of, m.manifest, m.results)
            for m in members.pooled
        ),
        left_out=tuple(_with_size(left, members) for left in members.left_out),
        groups=tuple(_in_order(groups[()], below)),
        frameworks=_frameworks(members, whole) if groups[()].score else (),
        themes={t.id: t.title for t in rules.themes},
        level_names=rules.policy.level_names,
        accent=base.accent,
        language=base.language,
    )


def _with_size(left: data.LeftOut, members: Members) -> data.LeftOut:
    """Add how many results of a unit that is left out count as unknown."""
    for member in members.missing:
        key = member.unit, member.organisation, member.folder.name
        if key == (left.unit, left.organisation, left.run) and left.why != data.OLDER:
            return replace(left, unknown=member.results)
    return left


def _in_order(
    group: data.Group, below: Mapping[Path_, Sequence[data.Group]]
) -> Iterator[data.Group]:
    """Yield each group before those in it, the weakest first, those without a score last."""
    yield group
    for inner in sorted(below.get(group.path, ()), key=_weakest_first):
        yield from _in_order(inner, below)


def _weakest_first(group: data.Group) -> tuple[object, ...]:
    has_none = group.score is None
    score_lo = group.coverage if group.score is None else group.score[0]
    return not group.path[-1], has_none, group.level or (0, 0), score_lo, group.path


class _Scorer:
    """Scores pooled results; what is the same is scored once."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._made: dict[object, Scores] = {}

    def scores(self, pool: _Pool) -> tuple[Scores, int]:
        """Score a pool over the themes; return how many subjects count that no sample drew."""
        checks, tallies, undrawn = self.input(pool)
        caps = sorted({cap for member in pool.units.values() for cap in member.caps})
        sampled = tuple(sorted(c.id for c in checks if c.sample))
        key = frozenset(tallies), tuple(caps), sampled
        if key not in self._made:
            shared = checks, self.rules.themes, tallies, self.rules.policy, self.rules.profile
            self._made[key] = score((), *shared, caps)
        return self._made[key], undrawn

    def input(self, pool: _Pool) -> tuple[list[Check], list[Tally], int]:
        """Return what is scored. A sample speaks for the run that it was drawn in: of several runs
        together, what was not drawn is unknown.
        """
        counts = pool.results + pool.unknown
        samples = [m.samples for m in pool.units.values() if m.samples]
        undrawn: Counter[str] = Counter()
        sampled: set[str] = set()
        if len(pool.units) == 1 and not pool.unknown:
            sampled = {check for sample in samples for check in sample}
        else:
            for sample in samples:
                undrawn.update({check: frame - size for check, (size, frame) in sample.items()})
        for check, n in undrawn.items():
            counts[check, Status.UNKNOWN, 1, 4] += n
        tallies = [Tally(*kind, n) for kind, n in sorted(counts.items()) if n]
        checks = [replace(c, sample=_DRAWN) if c.id in sampled else c for c in self.rules.checks]
        return checks, tallies, sum(undrawn.values())


_DRAWN = Sample(0, 0, "")
"""Scores ask only whether there is a sample."""


def _group(
    path: Path_, pool: _Pool, below: Sequence[data.Group], scorer: _Scorer, floor: Fraction
) -> data.Group:
    scores, undrawn = scorer.scores(pool)
    total, level = scores.enterprise.total, scores.level
    counts = {str(s): 0 for s in Status}
    for (_, status, _, _), n in pool.results.items():
        counts[status] += n
    missing = sum(pool.unknown.values())
    why = ""
    if not total.assessed:
        why = data.NOTHING
    elif total.coverage < floor:
        why = data.THIN
    elif _share_of_ready(pool, scorer, floor) < floor:
        why = data.MEMBERS
    is_scored = not why
    if is_scored and not level.judged:
        why = data.NARROW
    themes = [c for c in scores.enterprise.controls if c.state != "not_applicable"]
    ranked = sorted(themes, key=lambda c: (c.lo if is_scored else c.coverage, c.id))[:WEAKEST]
    inside = sum(g.results for g in below)
    results = sum(counts.values())
    return data.Group(
        path=path,
        units=tuple(sorted({m.unit for m in pool.units.values()})),
        actors=pool.actors,
        counts=counts,
        unknown_units=missing,
        undrawn=undrawn,
        inside=inside,
        outside=pool.outside,
        again=inside + pool.outside - results if below else 0,
        score=(total.lo, total.hi) if is_scored else None,
        level=(level.lo, level.hi) if is_scored and level.judged else None,
        coverage=total.coverage,
        why=why,
        caps=level.caps if is_scored and level.judged else (),
        weakest=tuple((c.id, c.lo if is_scored else c.coverage) for c in ranked),
    )


def _share_of_ready(pool: _Pool, scorer: _Scorer, floor: Fraction) -> Fraction:
    """Return the share of results that units with enough evidence hold. It asks for units and not
    for the groups below, so that grouping otherwise gives a group no other number.
    """
    if len(pool.units) == 1 and not pool.unknown:
        return Fraction(1)
    total, ready = sum(pool.unknown.values()), 0
    for place, results in pool.of_units.items():
        n = sum(n for (_, status, _, _), n in results.items() if status != Status.NA)
        part, _ = scorer.scores(_Pool({place: results}, units={place: pool.units[place]}))
        total += n
        ready += n if part.enterprise.total.coverage >= floor else 0
    return Fraction(ready, total) if total else Fraction(0)


def _frameworks(members: Members, pool: _Pool) -> tuple[data.FrameworkTotal, ...]:
    """Score the frameworks that all runs have. A question that people answered otherwise in some
    run is open.
    """
    rules = members.rules
    common = frozenset.intersection(*(m.frameworks for m in members.pooled))
    frameworks = [f for f in rules.frameworks if f.id in common]
    answers = dict(members.pooled[0].answers)
    for member in (*members.pooled, *members.missing):
        for key in answers.keys() | member.answers.keys():
            if answers.get(key) != member.answers.get(key):
                answers[key] = Status.UNKNOWN
    checks, tallies, _ = _Scorer(rules).input(pool)
    shared = checks, rules.themes, tallies, rules.policy, rules.profile
    scores = score(frameworks, *shared, (), answers)
    return tuple(
        data.FrameworkTotal(f.id, f.title, (s.total.lo, s.total.hi), s.total.coverage)
        for f, s in zip(frameworks, scores.frameworks, strict=True)
    )

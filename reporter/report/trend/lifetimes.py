"""Findings over all known runs: since when each is open, what ended, what is back. In: runs in
their order, with their results in an engine. Out: `Lifetimes`, for reports and `reporter history`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime

from reporter.engine.base import Engine, quoted_list
from reporter.model.assessment import Assessment
from reporter.model.comparison import Cause
from reporter.model.history import (
    GONE,
    JOINED,
    RENAMED,
    SPLIT,
    FindingCounts,
    History,
    Lifetime,
    Regrouped,
)
from reporter.model.scores import Status
from reporter.report.trend.earlier_runs import in_utc
from reporter.report.view.thresholds import is_same_rule


@dataclass(frozen=True, slots=True)
class Between:
    """What the results of two runs, one after the other, tell of their findings."""

    origins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Finding of the later -> those of the earlier to which its failures belonged."""
    became: Mapping[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    """Finding of the earlier only -> (result in the later, how many)."""
    doubtful: frozenset[str] = frozenset()
    """Findings of the later of which a failure was unknown in the earlier, or is of a check that it
    did not have or judged by another rule: they may be older than they look.
    """


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """The findings of all runs, the last run being the present."""

    by_id: dict[str, Lifetime] = field(default_factory=dict)
    course: tuple[FindingCounts, ...] = ()
    open_by_run: tuple[tuple[Lifetime, ...], ...] = ()
    regrouped: tuple[Regrouped, ...] = ()
    """In the last run."""

    def dated(self, cause: Cause) -> Cause:
        """Return a finding of the last run with the day since which it is open."""
        life = self.by_id[cause.id]
        return replace(cause, first_seen=life.began, is_since_known=life.is_since_known)

    @property
    def ended(self) -> tuple[Lifetime, ...]:
        """Return the findings that ended, those that are back among them."""
        return tuple(one for one in self.by_id.values() if one.closed is not None)


def follow(engine: Engine, runs: Sequence[Assessment]) -> Lifetimes:
    """Follow the findings of runs whose results are the tables run_0, run_1 and so on."""
    lives = Lifetimes()
    for number, run in enumerate(runs):
        between = _between(engine, number, *runs[number - 1 : number + 1]) if number else None
        lives = after(lives, in_utc(run.run.as_of), run.causes, run.history, between)
    return lives


def after(
    before: Lifetimes,
    at: datetime,
    causes: Sequence[Cause],
    known: History,
    between: Between | None,
) -> Lifetimes:
    """Return the lifetimes after one more run; `known` is what that run itself knew of older ones.

    A finding whose failures belong to another finding now goes on as that one.
    """
    lives, is_first = dict(before.by_id), between is None
    for one in known.closed:
        # What the run found back is back in this step.
        is_now = one.reopened is not None and one.reopened >= at
        seed = replace(one, reopened=None, returns=one.returns - 1) if is_now else one
        lives.setdefault(one.finding, seed)
    between = between or Between(doubtful=frozenset(c.id for c in causes))
    open_before = {one.finding for one in (before.open_by_run[-1] if before.open_by_run else ())}
    current, counts = {c.id for c in causes}, Counter[str]()
    moved = {o for c in causes for o in between.origins.get(c.id, ())} & open_before - current
    going_on = {}
    for cause in causes:
        origins = [lives[o] for o in between.origins.get(cause.id, ()) if o in open_before]
        life, kind = _going_on(lives.get(cause.id), cause, at, between, open_before, origins)
        going_on[cause.id] = _as_old_as(life, origins, cause, at, is_first)
        counts[kind] += 1
    for id_ in open_before - current - moved:
        results = between.became.get(id_, ())
        lives[id_] = replace(lives[id_], closed=at, became=results, reopened=None)
        counts["fixed" if lives[id_].is_fixed else "out_of_sight"] += 1
    counts["regrouped"] -= len(moved)
    flows = {} if is_first else {name: counts[name] for name in _FLOWS}
    left = {id_: one for id_, one in lives.items() if id_ not in moved}
    return Lifetimes(
        left | going_on,
        (*before.course, FindingCounts(at, len(causes), **flows)),
        (*before.open_by_run, tuple(going_on.values())),
        tuple(_regrouped(between.origins, causes)),
    )


_FLOWS = ("new", "reopened", "fixed", "out_of_sight", "regrouped")


def _going_on(
    known: Lifetime | None,
    cause: Cause,
    at: datetime,
    between: Between,
    open_before: Set[str],
    origins: Sequence[Lifetime],
) -> tuple[Lifetime, str]:
    """Return how a finding lives on, and as what it is counted."""
    is_known = cause.id not in between.doubtful
    if known and cause.id in open_before:
        return known, "open"
    if known:
        back = replace(
            known, reopened=at, since=at, is_since_known=is_known, returns=known.returns + 1
        )
        return known if known.is_open else back, "reopened"
    new = Lifetime(
        cause.id, cause.title, cause.what, cause.severity, at, at, is_since_known=is_known
    )
    return new, "regrouped" if origins else "new"


def _as_old_as(
    life: Lifetime, origins: Sequence[Lifetime], cause: Cause, at: datetime, is_first: bool
) -> Lifetime:
    """Return a finding that is as old as those out of which it came, and as its run knew."""
    ages = [(life.began, life.is_since_known), *((o.began, o.is_since_known) for o in origins)]
    if cause.first_seen and (is_first or cause.first_seen < min(ages)[0]):
        ages = [(cause.first_seen, cause.is_since_known)]
    began = min(ages)[0]
    return replace(
        life,
        title=cause.title,
        what=cause.what,
        severity=cause.severity,
        first_seen=min(life.first_seen, began, *(o.first_seen for o in origins)),
        last_seen=at,
        since=began,
        # One of which it came may be older than it looks, and with it this one.
        is_since_known=all(is_known for _, is_known in ages),
    )


def _between(engine: Engine, number: int, before: Assessment, now: Assessment) -> Between:
    """Read what two runs tell of their findings; `number` is the later one."""
    names = {"before": number - 1, "now": number}
    origins: dict[str, list[str]] = defaultdict(list)
    for origin, cause in engine.rows(_ORIGINS.format(**names)):
        origins[cause].append(origin)
    became: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for cause, status, n in engine.rows(_BECAME.format(**names)):
        became[cause].append((status, n))
    rules = {c.id: c for c in now.checks}
    same = [c.id for c in before.checks if c.id in rules and is_same_rule(c, rules[c.id])]
    checks = quoted_list(same)
    doubtful = engine.rows(_DOUBTFUL.format(**names, checks=checks))
    return Between(
        {cause: tuple(found) for cause, found in origins.items()},
        {cause: tuple(found) for cause, found in became.items()},
        frozenset(cause for (cause,) in doubtful),
    )


_ORIGINS = (
    "SELECT DISTINCT a.cause, b.cause FROM run_{before} AS a JOIN run_{now} AS b USING (check_id,"
    " subject) WHERE a.cause <> '' AND b.cause <> '' ORDER BY ALL"
)
_BECAME = (
    f"SELECT a.cause, coalesce(b.status, '{GONE}'), count(*) FROM run_{{before}} AS a LEFT JOIN"
    " run_{now} AS b USING (check_id, subject) WHERE a.cause <> '' AND a.status = 'fail' AND"
    " a.cause NOT IN (SELECT cause FROM run_{now} WHERE cause <> '') GROUP BY ALL ORDER BY ALL"
)
_DOUBTFUL = (
    "SELECT DISTINCT b.cause FROM run_{now} AS b LEFT JOIN run_{before} AS a USING (check_id,"
    f" subject) WHERE b.cause <> '' AND (a.status = '{Status.UNKNOWN}' OR NOT"
    " list_contains({checks}, check_id))"
)


def _regrouped(
    origins: Mapping[str, Sequence[str]], causes: Iterable[Cause]
) -> Iterator[Regrouped]:
    """Yield the causes of a run whose failures belonged to other causes in the run before. New
    failures belonged to none.
    """
    heirs = Counter(origin for found in origins.values() for origin in found)
    for cause in causes:
        before = tuple(origins.get(cause.id, ()))
        if not before or before == (cause.id,):
            continue
        how = JOINED if len(before) > 1 else SPLIT if heirs[before[0]] > 1 else RENAMED
        yield Regrouped(cause.id, how, before)

"""Why a score moved between two runs. In: two assessments, their results side by side. Out: parts
that add up to the movement: what each cause adds, averaged over every order in which the groups,
and the causes within one, could have come (Owen's form of the Shapley value, 1977). In between,
some results and rules are still the earlier ones. No order is preferred, nothing is left over.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, combinations
from math import factorial
from typing import TypeVar

from reporter.model.assessment import Assessment, Check
from reporter.model.history import Movement, Part
from reporter.model.scores import HELD, CheckScore, ControlScore, Status, Tally
from reporter.report.view.thresholds import rule
from reporter.score.scorer import (
    Entry,
    Inputs,
    control_score,
    entries_of,
    group_score,
    score_check,
)

Cause = tuple[str, str]
FIXED, BROKEN, RETIERED = ("world", "fixed"), ("world", "broken"), ("world", "tiers")
GAINED, LOST = ("evidence", "gained"), ("evidence", "lost")
ENTERED, LEFT = ("population", "in"), ("population", "out")
CHECKS, THRESHOLDS = ("rules", "checks"), ("rules", "thresholds")
MAPPINGS, POLICY, METHOD = ("rules", "mappings"), ("rules", "policy"), ("rules", "method")
COMPENSATED, ATTESTED = ("statements", "compensations"), ("statements", "attestations")
CAUSES: tuple[Cause, ...] = (
    *(FIXED, BROKEN, RETIERED, GAINED, LOST, ENTERED, LEFT),
    *(CHECKS, THRESHOLDS, MAPPINGS, POLICY, METHOD, COMPENSATED, ATTESTED),
)
"""In the order in which they are printed. Waivers and target profiles move no score."""
State = tuple[Status, int, int]
"""Status, lowest and highest tier."""
Range = tuple[Fraction, Fraction]
_Member = TypeVar("_Member")
_ZERO = (Fraction(0), Fraction(0))
_STATED = {
    Status.COMPENSATED: (Status.FAIL, COMPENSATED),
    Status.ATTESTED: (Status.UNKNOWN, ATTESTED),
}
"""What a statement makes of a result -> what it is without, and the cause it counts as."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Results of one check that were alike and are alike."""

    check: str
    before: State | None
    """None where no result was on the subject."""
    now: State | None
    is_known: bool
    """The subject has results of some check in both runs."""
    n: int


def movements(before: Assessment, now: Assessment, pairs: Iterable[Pair]) -> tuple[Movement, ...]:
    """Split the movement of the enterprise score, then of each framework that both runs have.

    `pairs` are all results of both runs.
    """
    blend = _Blend(before, now, tuple(pairs))
    groups: dict[str, list[Cause]] = defaultdict(list)
    for cause in CAUSES:
        if cause in blend.active:
            groups[cause[0]].append(cause)
    values = _Values(blend)
    parts = dict(_owen(tuple(map(tuple, groups.values())), values))
    whole = frozenset(blend.active)
    stored = _stored(before), _stored(now)
    made = []
    for key in values[frozenset()]:
        start, end = stored[0][key], stored[1][key]
        drift = _sum(_minus(end, values[whole][key]), _minus(values[frozenset()][key], start))
        shares = {cause: found[key] for cause, found in parts.items()}
        if drift != _ZERO:  # the two versions of Reporter score the same results differently
            shares[METHOD] = drift
        listed = tuple(
            Part(*cause, *shares[cause], blend.active.get(cause, 0))
            for cause in CAUSES
            if cause in shares
        )
        made.append(Movement(*key, *start, *end, listed))
    return tuple(made)


class _Values(dict[frozenset[Cause], dict[tuple[str, str], Range]]):
    """The scores where some causes have come already, made when asked for."""

    def __init__(self, blend: _Blend) -> None:
        self._blend = blend

    def __missing__(self, done: frozenset[Cause]) -> dict[tuple[str, str], Range]:
        self[done] = found = self._blend.scores(done)
        return found


def _owen(
    groups: Sequence[Sequence[Cause]], values: _Values
) -> Iterator[tuple[Cause, dict[tuple[str, str], Range]]]:
    """Yield what each cause adds to each score."""
    for group in groups:
        others = [g for g in groups if g is not group]
        for cause in group:
            rest = [c for c in group if c != cause]
            total = dict.fromkeys(values[frozenset()], _ZERO)
            for first, share in _subsets(others):
                done = frozenset(chain.from_iterable(first))
                for earlier, inner_share in _subsets(rest):
                    without = done.union(earlier)
                    gains = values[without | {cause}], values[without]
                    for key, sum_so_far in total.items():
                        lo, hi = _minus(gains[0][key], gains[1][key])
                        weight = share * inner_share
                        total[key] = _sum(sum_so_far, (weight * lo, weight * hi))
            yield cause, total


def _subsets(members: Sequence[_Member]) -> Iterator[tuple[tuple[_Member, ...], Fraction]]:
    """Yield every subset with the share of all orders of one more in which it comes first."""
    n = len(members)
    for size in range(n + 1):
        share = Fraction(factorial(size) * factorial(n - size), factorial(n + 1))
        for subset in combinations(members, size):
            yield subset, share


class _Blend:
    """Two runs of which any causes of change have come, and the others not yet."""

    def __init__(self, before: Assessment, now: Assessment, pairs: Sequence[Pair]) -> None:
        self._runs = before, now
        self._checks = tuple({c.id: c for c in run.checks} for run in self._runs)
        self._frameworks = tuple({f.id: f for f in run.frameworks} for run in self._runs)
        self._common = [i for i in self._frameworks[0] if i in self._frameworks[1]]
        self._answers = tuple(_answers(run) for run in self._runs)
        self._is_same_input = _input_of(before) == _input_of(now)
        self._governors = dict(self._changed_checks(pairs))
        self._pairs: dict[str, list[tuple[Pair, frozenset[Cause]]]] = defaultdict(list)
        counts: Counter[Cause] = Counter(self._governors.values())
        for pair in pairs:
            causes = frozenset(self._causes_of(pair))
            self._pairs[pair.check].append((pair, causes))
            if pair.check not in self._governors:
                counts.update(dict.fromkeys(causes, pair.n))
            else:
                counts.update(dict.fromkeys(causes & {ENTERED, LEFT}, pair.n))
        counts.update(self._changed_rules())
        self.active = {cause: counts[cause] for cause in CAUSES if counts[cause]}
        """Causes that change something -> how many results, checks, controls or answers."""
        self._relevant = {
            check: _OF_ALL.union(*(causes for _, causes in rows))
            for check, rows in self._pairs.items()
        }
        self._check_scores: dict[tuple[str, frozenset[Cause]], CheckScore] = {}
        self._control_scores: dict[tuple[object, ...], ControlScore] = {}
        """By the scores of its checks, which are the same objects where they are equal."""

    def _changed_checks(self, pairs: Iterable[Pair]) -> Iterator[tuple[str, Cause]]:
        before, now = self._checks
        differing: set[str] = set()
        if self._is_same_input:  # then only rules can differ
            differing = {pair.check for pair in pairs if pair.before != pair.now}
        for id_ in before.keys() | now.keys():
            one, other = before.get(id_), now.get(id_)
            if not one or not other or rule(one) != rule(other):
                yield id_, CHECKS
            elif (one.params, one.sample) != (other.params, other.sample):
                yield id_, THRESHOLDS
            elif id_ in differing:
                yield id_, CHECKS

    def _changed_rules(self) -> dict[Cause, int]:
        """Count what differs apart from checks and results."""
        before, now = self._runs
        changed_controls = 0
        for id_ in self._common:
            then, since = (
                {c.id: (c.checks, c.weight, bool(c.ask)) for c in f[id_].controls}
                for f in self._frameworks
            )
            changed_controls += sum(then.get(i) != since.get(i) for i in then.keys() | since.keys())
        themes = [{t.id for t in run.themes} for run in self._runs]
        one, other = self._answers
        return {
            MAPPINGS: changed_controls + len(themes[0] ^ themes[1]),
            POLICY: int(_weights(before) != _weights(now)),
            ATTESTED: sum(one.get(key) != other.get(key) for key in one.keys() | other.keys()),
        }

    def _causes_of(self, pair: Pair) -> Iterator[Cause]:
        """Yield the causes that decide which state a pair is in."""
        before, now = pair.before, pair.now
        governor = self._governors.get(pair.check)
        is_in_both = all(pair.check in checks for checks in self._checks)
        if before is None or now is None:
            if governor and (pair.is_known or not is_in_both or self._is_same_input):
                yield governor
            else:
                yield ENTERED if before is None else LEFT
        elif governor:
            yield governor
        else:
            bases = _base(before[0]), _base(now[0])
            if bases[0] != bases[1]:
                yield _cause(*bases)
            if before[0] != now[0]:
                yield from (_STATED[s][1] for s in (before[0], now[0]) if s in _STATED)
            if before[1:] != now[1:]:
                yield RETIERED

    def _state(self, pair: Pair, causes: frozenset[Cause], done: Collection[Cause]) -> State | None:
        """Return the state of a pair once some causes have come."""
        before, now = pair.before, pair.now
        if before is None or now is None or pair.check in self._governors:
            return now if causes.issubset(done) else before
        status = _base(before[0])
        if status != _base(now[0]) and _cause(status, _base(now[0])) in done:
            status = _base(now[0])
        for stated, (base, cause) in _STATED.items():
            if status == base and (now if cause in done else before)[0] == stated:
                status = stated
        return status, *(now if RETIERED in done else before)[1:]

    def scores(self, done: frozenset[Cause]) -> dict[tuple[str, str], Range]:
        """Return the scores, lowest and highest, once some causes have come."""
        catalog = self._checks[CHECKS in done]
        scored = {id_: self._check_score(check, done) for id_, check in catalog.items()}
        policy = self._runs[POLICY in done].policy
        inputs = Inputs(catalog, {}, scored, policy, self._answers[ATTESTED in done])
        found = {("enterprise", ""): self._total("", self._themes(inputs, done))}
        for id_ in self._common:
            found["framework", id_] = self._total(id_, self._controls(id_, inputs, done))
        return found

    def _total(self, id_: str, controls: Iterable[ControlScore]) -> Range:
        total = group_score(id_, "", tuple(controls))
        return total.lo, total.hi

    def _themes(self, inputs: Inputs, done: frozenset[Cause]) -> Iterator[ControlScore]:
        weights = inputs.policy.severity_weights
        members: dict[str, list[Check]] = {t.id: [] for t in self._runs[MAPPINGS in done].themes}
        for check in inputs.catalog.values():
            if check.theme in members:
                members[check.theme].append(check)
        for theme, checks in members.items():
            key = "", theme, *(id(inputs.scored[c.id]) for c in checks)
            if key not in self._control_scores:
                entries = [Entry(c.level, weights[c.severity], inputs.scored[c.id]) for c in checks]
                self._control_scores[key] = control_score(theme, 1, entries, inputs.policy)
            yield self._control_scores[key]

    def _controls(
        self, framework: str, inputs: Inputs, done: frozenset[Cause]
    ) -> Iterator[ControlScore]:
        for control in self._frameworks[MAPPINGS in done][framework].controls:
            known = tuple(pair for pair in control.checks if pair[0] in inputs.catalog)
            answer = inputs.answers.get((framework, control.id)), POLICY in done
            key = framework, id(control), answer, *(id(inputs.scored[c]) for c, _ in known)
            if key not in self._control_scores:
                entries = entries_of(framework, replace(control, checks=known), inputs)
                made = control_score(control.id, control.weight, entries, inputs.policy)
                self._control_scores[key] = made
            yield self._control_scores[key]

    def _check_score(self, check: Check, done: frozenset[Cause]) -> CheckScore:
        """Score a check, or take its score from other causes that leave it as it is."""
        key = check.id, done & self._relevant.get(check.id, _OF_ALL)
        if key not in self._check_scores:
            counts: Counter[State] = Counter()
            for pair, causes in self._pairs.get(check.id, ()):
                if state := self._state(pair, causes, done):
                    counts[state] += pair.n
            tallies = [Tally(check.id, *state, n) for state, n in sorted(counts.items())]
            policy = self._runs[POLICY in done].policy
            critical = check.severity == "critical"
            self._check_scores[key] = score_check(
                check.id, critical, tallies, policy, bool(check.sample)
            )
        return self._check_scores[key]


_OF_ALL = frozenset({CHECKS, POLICY})
"""Causes that concern every check."""


def _cause(before: Status, now: Status) -> Cause:
    """Return the cause of another state of a result without its statements."""
    if Status.NA in (before, now):
        return LEFT if now == Status.NA else ENTERED
    if Status.UNKNOWN in (before, now):
        return LOST if now == Status.UNKNOWN else GAINED
    if before in HELD and now in HELD:
        return GAINED if now == Status.PASS else LOST
    return FIXED if now in HELD else BROKEN


def _base(status: Status) -> Status:
    """Return what a result is without a statement."""
    return _STATED[status][0] if status in _STATED else status


def _answers(run: Assessment) -> dict[tuple[str, str], Status]:
    """Return what answers of people settle, by framework and control."""
    return {(a.framework, a.control): Status(a.status) for a in run.attestations if a.settles}


def _weights(run: Assessment) -> tuple[object, ...]:
    """Return all of a policy that scores depend on."""
    policy = run.policy
    return (
        *(policy.tier_weights, policy.severity_weights, policy.strength_weights),
        *(policy.attested_credit, policy.compensated_credit, policy.declared_credit),
        policy.critical_cap,
    )


def _input_of(run: Assessment) -> tuple[object, ...]:
    """Return what tells the input of a run from others."""
    return run.hashes.get("inputs"), run.hashes.get("workspace"), run.run.as_of


def _stored(run: Assessment) -> dict[tuple[str, str], Range]:
    """Return the scores as a run has them."""
    total = run.scores.enterprise.total
    found = {("enterprise", ""): (total.lo, total.hi)}
    for framework in run.scores.frameworks:
        found["framework", framework.framework] = framework.total.lo, framework.total.hi
    return found


def _minus(one: Range, other: Range) -> Range:
    return one[0] - other[0], one[1] - other[1]


def _sum(one: Range, other: Range) -> Range:
    return one[0] + other[0], one[1] + other[1]

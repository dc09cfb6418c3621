"""How every practice stands now, in lo, and what a change of its results adds. In: a tree of
checks, counted results. Out: exact fractions.

A control's score is the mean of its practices and the total the mean of the controls that apply, so
that only the practices that a change touches are scored anew; the parts add up exactly."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement
from math import lcm

from reporter.model.assessment import Policy
from reporter.model.scores import Status, Tally
from reporter.score.scorer import (
    CAP_TIER,
    capped,
    credits_of,
    group_level,
    level_of,
    lowest,
    mean,
    rating,
    score_check,
    weigh,
)

Kind = tuple[Status, int, int]
"""(status, tier lo, tier hi): what a result counts by."""
Moved = tuple[tuple[Kind, int], ...]
"""How many results of a kind become pass."""
Change = Mapping[str, Moved]
"""By check."""
Practice = tuple[str, int]
"""(theme or id, level)"""
Key = tuple[tuple[str, Moved], ...]
"""The part of a change that one practice sees."""
Low = tuple[Fraction | None, bool]
"""(score, whether it caps); None where no result applies"""
_ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Part:
    """What a check counts in, and how much."""

    practice: Practice
    weight: int
    critical: bool
    sampled: bool = False


@dataclass(frozen=True, slots=True)
class Tree:
    """What is scored: checks in practices in controls."""

    checks: Mapping[str, Part]
    practices: Mapping[Practice, tuple[str, int | Fraction]]
    """(control, weight)"""
    controls: Mapping[str, int | Fraction]


class State:
    """Every practice and control of a tree as scored now, in lo."""

    def __init__(self, tree: Tree, tallies: Iterable[Tally], policy: Policy, ceiling: int) -> None:
        self.tree, self.policy, self.ceiling = tree, policy, ceiling
        rules = _Rules(policy)
        counts: dict[str, Counter[Kind]] = {c: Counter() for c in tree.checks}
        for t in tallies:
            if t.check in counts:
                counts[t.check][t.status, t.tier_lo, t.tier_hi] += t.n
        self._checks = {c: _Check(part, counts[c], rules) for c, part in tree.checks.items()}
        own: dict[Practice, list[str]] = defaultdict(list)
        for c, part in tree.checks.items():
            own[part.practice].append(c)
        self._own: dict[str, list[Practice]] = {control: [] for control in tree.controls}
        for p, (control, _) in tree.practices.items():
            self._own[control].append(p)
        self._even = {p for p in tree.practices if all(self._checks[c].even for c in own[p])}
        self._sums = {p: self._sum(own[p]) for p in tree.practices}
        self._values = {p: self._value(*sums) for p, sums in self._sums.items()}
        self._controls = {c: self._control(c, self._values) for c in tree.controls}
        self._lifted: set[Practice] = set()
        """Of which the last change lifted the cap."""
        self._share: dict[Practice, Fraction] = {}
        self._divide()
        self._levels: dict[str, int] = {}
        self._reached: dict[tuple[int, ...], int] = {}

    @property
    def total(self) -> Fraction:
        """The score over all controls that apply."""
        return self._total(self._controls)

    def level(self) -> int:
        """Return the level of the total on evidence."""
        for control, practices in self._own.items():
            if control not in self._levels and self._controls[control] is not None:
                marks = [
                    (p[1], rating(v[0], self.policy)) for p in practices if (v := self._values[p])
                ]
                self._levels[control] = level_of(marks)
        levels = tuple(self._levels[c] for c in self._own if c in self._levels)
        if levels not in self._reached:
            weights = [w for c, w in self.tree.controls.items() if c in self._levels]
            self._reached[levels] = group_level(
                list(zip(weights, levels, strict=True)), self.policy
            )
        return min(self._reached[levels], self.ceiling)

    def parts(self, change: Change) -> dict[Practice, Key]:
        """Split a change by the practices whose score it may move."""
        found: dict[Practice, list[tuple[str, Moved]]] = {}
        for c, moved in change.items():
            if (part := self.tree.checks.get(c)) and (
                self._checks[c].low[0] is not None or any(k[0] == Status.NA for k, _ in moved)
            ):
                found.setdefault(part.practice, []).append((c, moved))
        return {p: tuple(own) for p, own in found.items()}

    def applies(self, practice: Practice) -> bool:
        """Whether a practice has a result that counts."""
        return self._values[practice] is not None

    def adds(self, practice: Practice, key: Key) -> Fraction:
        """What the total gains through one practice that applies."""
        return self._adds(practice, key)[0]

    def gain(self, parts: Mapping[Practice, Key]) -> tuple[Fraction, Fraction]:
        """What the total gains by a change, with and without caps."""
        if not all(map(self.applies, parts)):
            gain = self._gain_by_opening(parts)
            return gain, gain
        adds = [self._adds(p, key) for p, key in parts.items()]
        return added(a for a, _ in adds), added(a for _, a in adds)

    def may_grow(self, practice: Practice, key: Key) -> bool:
        """Whether a change may add more through a practice than it did before others were done.

        What makes a result pass adds the less, the better the practice and the more results count.
        Only a cap that was lifted, or that it would lift, a hidden tier and the limits of a sample
        turn that round."""
        if practice not in self._even or practice in self._lifted:
            return True
        capping = self._sums[practice][2]
        if not 0 < capping <= len(key):
            return False
        return capping == sum(self._checks[c].clears(moved) for c, moved in key)

    def steady(self, practice: Practice) -> bool:
        """Whether that can be said of no change at all of a practice."""
        capped_now = self._sums[practice][2] or practice in self._lifted
        return practice in self._even and not capped_now

    def apply(self, parts: Mapping[Practice, Key]) -> bool:
        """Keep a change; return whether it shifts what every practice counts, as something applies
        only now.
        """
        opened = not all(map(self.applies, parts))
        self._lifted.clear()
        for p, key in parts.items():
            held = self._sums[p][2]
            self._sums[p] = self._changed(p, key)
            if held and not self._sums[p][2]:
                self._lifted.add(p)
            self._values[p] = self._value(*self._sums[p])
            for c, moved in key:
                self._checks[c].apply(moved)
        for control in dict.fromkeys(self.tree.practices[p][0] for p in parts):
            self._controls[control] = self._control(control, self._values)
            self._levels.pop(control, None)
        if opened:
            self._divide()
        return opened

    def _adds(self, practice: Practice, key: Key) -> tuple[Fraction, Fraction]:
        now, then = self._values[practice], self._value(*self._changed(practice, key))
        assert now and then
        share = self._share[practice]
        gain = share * (then[0] - now[0])
        same = now[0] is now[1] and then[0] is then[1]
        return gain, gain if same else share * (then[1] - now[1])

    def _gain_by_opening(self, parts: Mapping[Practice, Key]) -> Fraction:
        values = self._values | {p: self._value(*self._changed(p, k)) for p, k in parts.items()}
        changed = dict.fromkeys(self.tree.practices[p][0] for p in parts)
        controls = {c: self._control(c, values) for c in changed}
        return self._total(self._controls | controls) - self.total

    def _divide(self) -> None:
        """Find what part of the total each practice is."""
        applied = {c: w for c, w in self.tree.controls.items() if self._controls[c] is not None}
        whole = sum(applied.values())
        for control, weight in applied.items():
            own = {p: self.tree.practices[p][1] for p in self._own[control] if self.applies(p)}
            parts = sum(own.values()) * whole
            self._share |= {p: Fraction(w * weight) / parts for p, w in own.items()}

    def _sum(self, checks: Iterable[str]) -> tuple[Fraction, int, int]:
        """Return (weighted scores, weights, how many cap) of the checks that apply."""
        lows = [(self._checks[c].part.weight, *self._checks[c].low) for c in checks]
        applied = [(w, lo, caps) for w, lo, caps in lows if lo is not None]
        total = sum((w * lo for w, lo, _ in applied), _ZERO)
        return total, sum(w for w, *_ in applied), sum(caps for *_, caps in applied)

    def _changed(self, practice: Practice, key: Key) -> tuple[Fraction, int, int]:
        """The same with a change: it moves by what its checks move."""
        total, weights, capping = self._sums[practice]
        for c, moved in key:
            check = self._checks[c]
            (now, caps), (then, still) = check.low, check.score(moved)
            if then is not None:
                weight = check.part.weight
                total += weight * (then if now is None else then - now)
                weights += weight if now is None else 0
                capping -= caps and not still
        return total, weights, capping

    def _value(
        self, total: Fraction, weights: int, capping: int
    ) -> tuple[Fraction, Fraction] | None:
        """Score a practice, with and without its cap."""
        if not weights:
            return None
        raw = total / weights
        return capped(raw, capping > 0, self.policy), raw

    def _control(
        self, control: str, values: Mapping[Practice, tuple[Fraction, Fraction] | None]
    ) -> Fraction | None:
        own = [(self.tree.practices[p][1], v[0]) for p in self._own[control] if (v := values[p])]
        return mean(own) if own else None

    def _total(self, scores: Mapping[str, Fraction | None]) -> Fraction:
        return mean((self.tree.controls[c], s) for c, s in scores.items() if s is not None)


def added(values: Iterable[Fraction]) -> Fraction:
    """Return the sum, over one denominator: a Fraction is reduced once, not with every addition."""
    values = tuple(values)
    common = lcm(*(v.denominator for v in values))
    return Fraction(sum(v.numerator * (common // v.denominator) for v in values), common)


class _Rules:
    """What the policy says of results, looked up once."""

    def __init__(self, policy: Policy) -> None:
        self.policy, self.credits = policy, credits_of(policy)
        self.weights = {
            (lo, hi): (min(weights), max(weights))
            for lo, hi in combinations_with_replacement(range(1, len(policy.tier_weights) + 1), 2)
            for weights in (policy.tier_weights[lo - 1 : hi],)
        }
        self.capping = frozenset(
            (status, lo, hi)
            for status in Status
            for lo, hi in self.weights
            if hi >= CAP_TIER and not self.credits[status]
        )
        """The kinds of results that cap a practice where the check is critical."""


class _Check:
    """A check as it stands: what its results weigh by status, and its score with some of them made
    good.
    """

    def __init__(self, part: Part, counts: Counter[Kind], rules: _Rules) -> None:
        self.part, self._counts, self._rules = part, counts, rules
        self.even = not part.sampled and all(lo == hi for _, lo, hi in counts)
        """Whether what one result adds does not hang on what others are."""
        self._sums = weigh(tallied("", counts), rules.policy)
        self._capping = rules.capping if part.critical else frozenset()
        self._open = self._caps(tuple(counts.items()))
        """How many results cap."""
        self._known: dict[Moved, Low] = {}
        self.low = self.score(())

    def score(self, moved: Moved) -> Low:
        """Score it once some results are made good."""
        found = self._known.get(moved)
        if found is None:
            found = self._known[moved] = self._score(moved)
        return found

    def clears(self, moved: Moved) -> bool:
        """Whether it caps until these results are made good."""
        return 0 < self._open == self._caps(moved)

    def apply(self, moved: Moved) -> None:
        """Keep that some results are made good."""
        low = self.score(moved)
        self._sums = self._moved(moved)
        self._open -= self._caps(moved)
        if self.part.sampled:
            self._counts = make_good(self._counts, moved)
        self.low, self._known = low, {(): low}

    def _caps(self, moved: Moved) -> int:
        found = 0
        for kind, n in moved:
            if kind in self._capping:
                found += n
        return found

    def _score(self, moved: Moved) -> Low:
        if self.part.sampled:
            tallies = tallied("", make_good(self._counts, moved))
            found = score_check("", self.part.critical, tallies, self._rules.policy, True)
            return found.lo if found.applicable else None, found.caps_lo
        caps = self._open > 0 and self._open > self._caps(moved)
        return lowest(self._moved(moved), self._rules.credits), caps

    def _moved(self, moved: Moved) -> dict[Status, tuple[int, int]]:
        sums, of_tiers = dict(self._sums), self._rules.weights
        light, heavy = sums.get(Status.PASS, (0, 0))
        for (status, lo, hi), n in moved:
            least, most = of_tiers[lo, hi]
            light, heavy = light + n * least, heavy + n * most
            if status != Status.NA:
                before = sums[status]
                sums[status] = before[0] - n * least, before[1] - n * most
        sums[Status.PASS] = light, heavy
        return sums


def make_good(counts: Counter[Kind], moved: Moved) -> Counter[Kind]:
    """Return counted results once some are pass."""
    made = Counter(counts)
    for (status, lo, hi), n in moved:
        made[status, lo, hi] -= n
        made[Status.PASS, lo, hi] += n
    return made


def tallied(check: str, counts: Mapping[Kind, int]) -> list[Tally]:
    """Return counted results as tallies."""
    return [Tally(check, status, lo, hi, n) for (status, lo, hi), n in counts.items() if n]

"""The current lo of every practice, and the gain of a change of its results. In: a tree of checks,
counted results. Out: exact fractions.

A control's score is the mean of its practices and the total the mean of the applicable controls.
Only practices that a change touches are scored again; the parts add up exactly.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement
from math import lcm

from reporter.model.assessment import Policy
from reporter.model.scores import Status, Tally
from reporter.score.levels import highest_judged, hindered
from reporter.score.scorer import (
    CAP_TIER,
    capped,
    credits_of,
    lowest,
    mean,
    score_check,
    weigh,
)

Kind = tuple[Status, int, int]
"""(status, tier lo, tier hi): results of one kind count alike."""
Effects = tuple[tuple[Kind, int], ...]
"""How many results of a kind become pass."""
Change = Mapping[str, Effects]
"""By check."""
Practice = tuple[str, int]
"""(theme or id, level)"""
Key = tuple[tuple[str, Effects], ...]
"""The part of a change that affects one practice."""
Low = tuple[Fraction | None, bool]
"""(score, whether it caps); None where no result applies"""
_ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Part:
    """The practice that a check counts in, and its weight."""

    practice: Practice
    weight: int
    critical: bool
    sampled: bool = False
    declares: bool = False
    """What is made good is declared where nothing is good yet."""


@dataclass(frozen=True, slots=True)
class Tree:
    """The scored model: checks in practices in controls."""

    checks: Mapping[str, Part]
    practices: Mapping[Practice, tuple[str, int | Fraction]]
    """(control, weight)"""
    controls: Mapping[str, int | Fraction]


class State:
    """The current lo of every practice and control of a tree."""

    def __init__(self, tree: Tree, tallies: Iterable[Tally], policy: Policy, ceiling: int) -> None:
        self.tree, self.policy, self.ceiling = tree, policy, ceiling
        rules = _Rules(policy)
        counts: dict[str, Counter[Kind]] = {check_id: Counter() for check_id in tree.checks}
        for tally in tallies:
            if tally.check in counts:
                counts[tally.check][tally.status, tally.tier_lo, tally.tier_hi] += tally.n
        self._checks = {
            check_id: _Check(part, counts[check_id], rules)
            for check_id, part in tree.checks.items()
        }
        checks_of: dict[Practice, list[str]] = defaultdict(list)
        for check_id, part in tree.checks.items():
            checks_of[part.practice].append(check_id)
        self._practices_of: dict[str, list[Practice]] = {control: [] for control in tree.controls}
        for practice, (control, _) in tree.practices.items():
            self._practices_of[control].append(practice)
        self._even = {
            practice
            for practice in tree.practices
            if all(self._checks[check_id].even for check_id in checks_of[practice])
        }
        self._sums = {practice: self._sum(checks_of[practice]) for practice in tree.practices}
        self._values = {practice: self._value(*sums) for practice, sums in self._sums.items()}
        self._controls = {
            check_id: self._control(check_id, self._values) for check_id in tree.controls
        }
        self._lifted: set[Practice] = set()
        """Practices whose cap the last change lifted."""
        self._share: dict[Practice, Fraction] = {}
        self._divide()
        self._hindered = {p: self._hinders(p, v) for p, v in self._values.items() if v}
        """The lowest level that each practice stands in the way of, where it applies."""

    @property
    def total(self) -> Fraction:
        """The score over all controls that apply."""
        return self._total(self._controls)

    def level(self) -> int:
        """Return the level of the total on evidence."""
        return self._level(self._hindered)

    def level_after(self, parts: Mapping[Practice, Key]) -> int:
        """Return the level on evidence after a change of practices that apply already."""
        values = {p: self._value(*self._sum_after(p, k)) for p, k in parts.items()}
        changed = {p: self._hinders(p, v) for p, v in values.items() if v}
        return self._level(self._hindered | changed)

    def adds_evenly(
        self, parts: Mapping[Practice, Key], times: int, gain: Fraction, uncapped: Fraction
    ) -> bool:
        """Tell whether a change adds the same several times, and leaves the level as it is."""
        if times == 1 or not all(self.applies(p) and self.steady(p) for p in parts):
            return False
        if any(k[0] == Status.NA for key in parts.values() for _, e in key for k, _ in e):
            return False
        whole = multiplied(parts, times)
        return (
            self.gain(whole)
            == (
                gain * times,
                uncapped * times,
            )
            and self.level_after(whole) == self.level()
        )

    def _hinders(self, practice: Practice, value: tuple[Fraction, Fraction]) -> int:
        return hindered(practice[1], value[0], self.policy)

    def _level(self, hindered_by: Mapping[Practice, int]) -> int:
        judged = highest_judged((n for _, n in hindered_by), (n for _, n in self.tree.practices))
        return min((self.ceiling, judged, *(n - 1 for n in hindered_by.values())))

    def parts(self, change: Change) -> dict[Practice, Key]:
        """Split a change by the practices whose score it may change."""
        keys: dict[Practice, list[tuple[str, Effects]]] = {}
        for check_id, effects in change.items():
            if (part := self.tree.checks.get(check_id)) and (
                self._checks[check_id].low[0] is not None
                or any(k[0] == Status.NA for k, _ in effects)
            ):
                keys.setdefault(part.practice, []).append((check_id, effects))
        return {p: tuple(entries) for p, entries in keys.items()}

    def applies(self, practice: Practice) -> bool:
        """Tell whether a practice has a result that counts."""
        return self._values[practice] is not None

    def adds(self, practice: Practice, key: Key) -> Fraction:
        """Return the gain of the total through one applicable practice."""
        return self._adds(practice, key)[0]

    def gain(self, parts: Mapping[Practice, Key]) -> tuple[Fraction, Fraction]:
        """Return the gain of the total from a change, with and without caps."""
        if not all(map(self.applies, parts)):
            gain = self._gain_by_opening(parts)
            return gain, gain
        adds = [self._adds(p, key) for p, key in parts.items()]
        return added(a for a, _ in adds), added(a for _, a in adds)

    def may_grow(self, practice: Practice, key: Key) -> bool:
        """Tell whether a change may add more through a practice than before other actions.

        A pass adds less the better the practice is and the more results count. Exceptions are a
        lifted cap, a cap that the change would lift, a hidden tier, and the limits of a sample.
        """
        if practice not in self._even or practice in self._lifted:
            return True
        n_capping = self._sums[practice][2]
        if not 0 < n_capping <= len(key):
            return False
        return n_capping == sum(self._checks[c].clears(effects) for c, effects in key)

    def steady(self, practice: Practice) -> bool:
        """Tell whether no change to a practice can grow."""
        capped_now = self._sums[practice][2] or practice in self._lifted
        return practice in self._even and not capped_now

    def apply(self, parts: Mapping[Practice, Key]) -> bool:
        """Apply a change; return whether it shifts the share of every practice, because something
        applies only now.
        """
        newly_applies = not all(map(self.applies, parts))
        self._lifted.clear()
        for practice, key in parts.items():
            n_capping = self._sums[practice][2]
            self._sums[practice] = self._sum_after(practice, key)
            if n_capping and not self._sums[practice][2]:
                self._lifted.add(practice)
            self._values[practice] = value = self._value(*self._sums[practice])
            if value:
                self._hindered[practice] = self._hinders(practice, value)
            for check_id, effects in key:
                self._checks[check_id].apply(effects)
        for control in dict.fromkeys(self.tree.practices[practice][0] for practice in parts):
            self._controls[control] = self._control(control, self._values)
        if newly_applies:
            self._divide()
        return newly_applies

    def _adds(self, practice: Practice, key: Key) -> tuple[Fraction, Fraction]:
        now, then = self._values[practice], self._value(*self._sum_after(practice, key))
        assert now and then
        share = self._share[practice]
        gain = share * (then[0] - now[0])
        is_uncapped = now[0] is now[1] and then[0] is then[1]
        return gain, gain if is_uncapped else share * (then[1] - now[1])

    def _gain_by_opening(self, parts: Mapping[Practice, Key]) -> Fraction:
        values = self._values | {p: self._value(*self._sum_after(p, k)) for p, k in parts.items()}
        control_ids = dict.fromkeys(self.tree.practices[p][0] for p in parts)
        controls = {c: self._control(c, values) for c in control_ids}
        return self._total(self._controls | controls) - self.total

    def _divide(self) -> None:
        """Compute the share of each practice in the total."""
        weights = {c: w for c, w in self.tree.controls.items() if self._controls[c] is not None}
        total_weight = sum(weights.values())
        for control, weight in weights.items():
            practice_weights = {
                p: self.tree.practices[p][1] for p in self._practices_of[control] if self.applies(p)
            }
            share_base = sum(practice_weights.values()) * total_weight
            self._share |= {
                p: Fraction(w * weight) / share_base for p, w in practice_weights.items()
            }

    def _sum(self, checks: Iterable[str]) -> tuple[Fraction, int, int]:
        """Return (weighted scores, weights, how many cap) of the checks that apply."""
        lows = [(self._checks[c].part.weight, *self._checks[c].low) for c in checks]
        rows = [(w, lo, caps) for w, lo, caps in lows if lo is not None]
        total = sum((w * lo for w, lo, _ in rows), _ZERO)
        return total, sum(w for w, *_ in rows), sum(caps for *_, caps in rows)

    def _sum_after(self, practice: Practice, key: Key) -> tuple[Fraction, int, int]:
        """Return the sum of a practice after a change of its checks."""
        total, weights, n_capping = self._sums[practice]
        for check_id, effects in key:
            check = self._checks[check_id]
            (now, caps), (then, still_caps) = check.low, check.score(effects)
            if then is not None:
                weight = check.part.weight
                total += weight * (then if now is None else then - now)
                weights += weight if now is None else 0
                n_capping -= caps and not still_caps
        return total, weights, n_capping

    def _value(
        self, total: Fraction, weights: int, n_capping: int
    ) -> tuple[Fraction, Fraction] | None:
        """Score a practice, with and without its cap."""
        if not weights:
            return None
        raw = total / weights
        return capped(raw, n_capping > 0, self.policy), raw

    def _control(
        self, control: str, values: Mapping[Practice, tuple[Fraction, Fraction] | None]
    ) -> Fraction | None:
        pairs = [
            (self.tree.practices[p][1], v[0])
            for p in self._practices_of[control]
            if (v := values[p])
        ]
        return mean(pairs) if pairs else None

    def _total(self, scores: Mapping[str, Fraction | None]) -> Fraction:
        return mean((self.tree.controls[c], s) for c, s in scores.items() if s is not None)


def multiplied(parts: Mapping[Practice, Key], times: int) -> dict[Practice, Key]:
    """Return the parts of a change that is made several times."""
    return {
        practice: tuple(
            (check, tuple((kind, n * times) for kind, n in effects)) for check, effects in key
        )
        for practice, key in parts.items()
    }


def added(values: Iterable[Fraction]) -> Fraction:
    """Return the sum, over one denominator: a Fraction is reduced once, not with every addition."""
    values = tuple(values)
    common = lcm(*(v.denominator for v in values))
    return Fraction(sum(v.numerator * (common // v.denominator) for v in values), common)


class _Rules:
    """Weights and credits of the policy, looked up once."""

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
        """Kinds of results that cap the practice of a critical check."""


class _Check:
    """The current state of a check: the weights of its results by status, and its score after some
    become pass.
    """

    def __init__(self, part: Part, counts: Counter[Kind], rules: _Rules) -> None:
        self.part, self._counts, self._rules = part, counts, rules
        self.even = not part.sampled and all(lo == hi for _, lo, hi in counts)
        """Whether the gain of one result is independent of the other results."""
        self._sums = weigh(tallied("", counts), rules.policy)
        self._capping = rules.capping if part.critical else frozenset()
        self._open = self._caps(tuple(counts.items()))
        """Number of results that cap."""
        self._cache: dict[Effects, Low] = {}
        self.low = self.score(())

    def score(self, effects: Effects) -> Low:
        """Return the score once some results are pass."""
        low = self._cache.get(effects)
        if low is None:
            low = self._cache[effects] = self._score(effects)
        return low

    def clears(self, effects: Effects) -> bool:
        """Tell whether the check caps until these results are pass."""
        return 0 < self._open == self._caps(effects)

    def apply(self, effects: Effects) -> None:
        """Apply that some results are pass."""
        low = self.score(effects)
        self._sums = self._sums_after(effects)
        self._open -= self._caps(effects)
        if self.part.sampled:
            self._counts = make_good(self._counts, effects, self.part.declares)
        self.low, self._cache = low, {(): low}

    def _caps(self, effects: Effects) -> int:
        total = 0
        for kind, n in effects:
            if kind in self._capping:
                total += n
        return total

    def _score(self, effects: Effects) -> Low:
        if self.part.sampled:
            tallies = tallied("", make_good(self._counts, effects, self.part.declares))
            check_score = score_check("", self.part.critical, tallies, self._rules.policy, True)
            return check_score.lo if check_score.applicable else None, check_score.caps_lo
        caps = self._open > 0 and self._open > self._caps(effects)
        return lowest(self._sums_after(effects), self._rules.credits), caps

    def _sums_after(self, effects: Effects) -> dict[Status, tuple[int, int]]:
        sums, tier_weights = dict(self._sums), self._rules.weights
        present = (status for status, (_, heavy) in sums.items() if heavy)
        good = good_status(present, self.part.declares)
        light, heavy = sums.get(good, (0, 0))
        for (status, lo, hi), count in effects:
            lightest, heaviest = tier_weights[lo, hi]
            light, heavy = light + count * lightest, heavy + count * heaviest
            if status != Status.NA:
                pair = sums[status]
                sums[status] = pair[0] - count * lightest, pair[1] - count * heaviest
        sums[good] = light, heavy
        return sums


def good_status(present: Iterable[Status], declares: bool) -> Status:
    """Return what a result of a check becomes that is made good: declared, where all its passes
    are, or where it `declares` and has none.
    """
    held = {*present} & {Status.PASS, Status.DECLARED}
    if not held:
        return Status.DECLARED if declares else Status.PASS
    return Status.DECLARED if held == {Status.DECLARED} else Status.PASS


def make_good(counts: Counter[Kind], effects: Effects, declares: bool) -> Counter[Kind]:
    """Return counted results once some are made good."""
    result = Counter(counts)
    good = good_status((status for (status, *_), n in counts.items() if n), declares)
    for (status, lo, hi), n in effects:
        result[status, lo, hi] -= n
        result[good, lo, hi] += n
    return result


def tallied(check: str, counts: Mapping[Kind, int]) -> list[Tally]:
    """Return counted results as tallies."""
    return [Tally(check, status, lo, hi, n) for (status, lo, hi), n in counts.items() if n]

"""The least that a practice needs. In: its checks and their counted results. Out: how many results
of which kind have to become pass.

First whatever caps it, then the result that adds most, again and again. It is the least where all
results of a check weigh alike, and close to it elsewhere.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction

from reporter.model.assessment import Check, Policy
from reporter.model.scores import PracticeScore, Status, Tally
from reporter.score.levels import hindered
from reporter.score.scorer import CAP_TIER, credits_of, mean, score_check
from reporter.score.state import Kind, tallied

Needs = dict[str, Counter[Kind]]
"""Check -> how many results of a kind have to become pass."""


def needs_of(
    practice: PracticeScore,
    level: int,
    checks: Mapping[str, Check],
    tallies: Sequence[Tally],
    policy: Policy,
) -> Needs:
    """Return the results that have to become pass before a practice meets, on evidence, a level
    that asks for it. `tallies` are those of its checks.
    """
    credits = credits_of(policy)
    left: Needs = {check: Counter() for check, _ in practice.weights}
    for t in tallies:
        if credits[t.status] < 1:
            left[t.check][t.status, t.tier_lo, t.tier_hi] += t.n
    needs: Needs = {
        check: Counter(
            {k: n for k, n in kinds.items() if not credits[k[0]] and k[2] >= CAP_TIER}
            if checks[check].severity == "critical"
            else {}
        )
        for check, kinds in left.items()
    }
    value = _Value(practice, checks, tallies, policy)
    while hindered(practice.level, value.of(needs), policy) <= level:
        options = [
            (check, kind, n - needs[check][kind])
            for check, kinds in sorted(left.items())
            for kind, n in sorted(kinds.items())
            if n > needs[check][kind]
        ]
        if not options:
            break
        check, kind, n = max(options, key=lambda option: value.of(needs, option[0], option[1], 1))

        def enough(times: int, check: str = check, kind: Kind = kind) -> bool:
            after = value.of(needs, check, kind, times)
            return hindered(practice.level, after, policy) > level

        needs[check][kind] += bisect_left(range(1, n), True, key=enough) + 1
    return {check: kinds for check, kinds in needs.items() if kinds.total()}


class _Value:
    """The value of a practice on evidence once some results are pass, its caps aside."""

    def __init__(
        self,
        practice: PracticeScore,
        checks: Mapping[str, Check],
        tallies: Sequence[Tally],
        policy: Policy,
    ) -> None:
        self._weights, self._checks, self._policy = practice.weights, checks, policy
        self._counts: Needs = {check: Counter() for check, _ in practice.weights}
        for t in tallies:
            self._counts[t.check][t.status, t.tier_lo, t.tier_hi] += t.n
        self._known: dict[tuple[str, frozenset[tuple[Kind, int]]], Fraction] = {}

    def of(
        self, needs: Needs, check: str = "", kind: Kind = (Status.NA, 1, 1), times: int = 0
    ) -> Fraction:
        """Return the value with these results pass, and so many more of a kind."""
        return mean(
            (w, self._lo(c, needs[c] + Counter({kind: times}) if c == check else needs[c]))
            for c, w in self._weights
        )

    def _lo(self, check: str, done: Counter[Kind]) -> Fraction:
        key = check, frozenset(done.items())
        if key not in self._known:
            counts = Counter(self._counts[check])
            for kind, n in done.items():
                counts[kind] -= n
                counts[Status.PASS, *kind[1:]] += n
            is_sampled = bool(self._checks[check].sample)
            tallies = tallied(check, counts)
            self._known[key] = score_check(check, False, tallies, self._policy, is_sampled).lo
        return self._known[key]

"""Inference from a random sample to its population. In: counted results. Out: the share of each
tier at its exact 95 % limit.

One-sided limits of Clopper and Pearson (1934), those of the audit tables. Whole numbers are
compared: no float.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import lru_cache
from math import comb

from reporter.model.assessment import Policy
from reporter.model.scores import Status, Tally

RISK = Fraction(1, 20)
STEPS = 10**6
"""A limit is a multiple of 1/STEPS, rounded away from the sample."""
Row = tuple[Fraction, int, int]
"""(credit, lightest, heaviest weight) of results that count alike"""


def strata(
    tallies: Iterable[Tally], credits: Mapping[Status, Fraction], policy: Policy, sign: int
) -> list[Row]:
    """Return for each tier the share without exceptions, at the lower (sign 1) or upper (-1) limit
    of the sample.
    """
    counts: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    for tally in tallies:
        if tally.status != Status.NA:
            pair = counts[tally.tier_lo, tally.tier_hi]
            credit = credits[tally.status]
            pair[0] += tally.n
            pair[1] += tally.n if (credit < 1 if sign > 0 else not credit) else 0
    limit = upper_limit if sign > 0 else lower_limit
    return [
        (1 - limit(n, k), n * min(weights), n * max(weights))
        for (lo, hi), (n, k) in counts.items()
        for weights in (policy.tier_weights[lo - 1 : hi],)
    ]


@lru_cache(4096)
def upper_limit(n: int, k: int) -> Fraction:
    """Return the least share of exceptions at which k or fewer of n come with a chance of 5 % at
    most.
    """
    if k == n:
        return Fraction(1)
    least = bisect_left(range(STEPS), True, key=lambda a: _at_most(n, k, a) <= RISK)
    return Fraction(least, STEPS)


@lru_cache(4096)
def lower_limit(n: int, k: int) -> Fraction:
    """Return the largest share of exceptions at which k or more of n come with a chance of 5 % at
    most.
    """
    if not k:
        return Fraction(0)
    beyond = bisect_left(range(STEPS), True, key=lambda a: 1 - _at_most(n, k - 1, a) > RISK)
    return Fraction(beyond - 1, STEPS)


def _at_most(n: int, k: int, a: int) -> Fraction:
    """Return the chance of k or fewer exceptions in n draws when a of STEPS are exceptions."""
    ways = sum(comb(n, i) * a**i * (STEPS - a) ** (n - i) for i in range(k + 1))
    return Fraction(ways, STEPS**n)

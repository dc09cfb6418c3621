"""How many exceptions may a population have, given those in a random sample of it? In: counts. Out: exact 95 % limits.

One-sided limits of Clopper and Pearson (1934), those of the audit tables, by comparing whole numbers: no float.
"""

from __future__ import annotations

from bisect import bisect_left
from fractions import Fraction
from functools import lru_cache
from math import comb

RISK = Fraction(1, 20)
STEPS = 10**6
"""A limit is a multiple of 1/STEPS, rounded away from the sample."""


@lru_cache(4096)
def upper_limit(n: int, k: int) -> Fraction:
    """Return the least share of exceptions at which k or fewer of n come with a chance of 5 % at most."""
    if k == n:
        return Fraction(1)
    least = bisect_left(range(STEPS), True, key=lambda a: _at_most(n, k, a) <= RISK)
    return Fraction(least, STEPS)


@lru_cache(4096)
def lower_limit(n: int, k: int) -> Fraction:
    """Return the largest share of exceptions at which k or more of n come with a chance of 5 % at most."""
    if not k:
        return Fraction(0)
    beyond = bisect_left(range(STEPS), True, key=lambda a: 1 - _at_most(n, k - 1, a) > RISK)
    return Fraction(beyond - 1, STEPS)


def _at_most(n: int, k: int, a: int) -> Fraction:
    """The chance of k or fewer exceptions in n draws when a of STEPS are exceptions."""
    ways = sum(comb(n, i) * a**i * (STEPS - a) ** (n - i) for i in range(k + 1))
    return Fraction(ways, STEPS**n)

"""The rule of levels on random tables of practices, against its sentence written out, and its properties."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction as F
from random import Random

import pytest
from score_models import POLICY

from reporter.model.assessment import Profile
from reporter.model.scores import MET, MISSING, UNKNOWN, ControlScore, LevelScore, PracticeScore
from reporter.score.levels import asked, level_score, standing

THEMES = tuple("ABCDEFGHI")
TARGET = Profile("p", "P", 3, {"B": 5})
Table = Mapping[tuple[str, int], tuple[F, F]]
"""(theme, level) -> lo and hi of each practice that exists."""
Listed = frozenset[tuple[str, int]]
"""All practices that the content has."""
EDGES = (F(0), F(1, 2), F(51, 100), F(85, 100), F(86, 100), F(1))


def practice(level: int, lo: F, hi: F) -> PracticeScore:
    return PracticeScore(level, lo, hi, lo, hi, "", "", (), ())


def judge(table: Table, listed: Listed, caps: tuple[tuple[int, str], ...] = ()) -> LevelScore:
    themes = []
    for name in THEMES:
        own = tuple(practice(n, *ends) for (of, n), ends in sorted(table.items()) if of == name)
        state = "assessed" if own else "not_applicable"
        themes.append(ControlScore(name, state, F(0), F(0), "N", "N", F(0), F(0), "", own, 1, ""))
    return level_score(themes, listed, POLICY, TARGET, caps)


def a_case(dice: Random) -> tuple[dict[tuple[str, int], tuple[F, F]], Listed]:
    """A table of which most practices exist, most of them good: levels of every height come out."""
    listed = [(t, n) for t in THEMES for n in range(1, 6) if dice.random() < 0.6]
    good, existing = dice.random(), dice.choice((0.5, 0.8, 1))
    table = {}
    for key in listed:
        if dice.random() < existing:
            ends = [F(1) if dice.random() < good else dice.choice(EDGES) for _ in range(2)]
            table[key] = (min(ends), max(ends))
    return table, frozenset(listed)


def spelled_out(table: Table, listed: Listed, side: int) -> int:
    """The definition, word for word."""

    def holds(level: int) -> bool:
        own = [ends[side] for (_, n), ends in table.items() if n == level]
        lower = [ends[side] for (_, n), ends in table.items() if n < level]
        return all(v > F(1, 2) for v in own) and all(v > F(85, 100) for v in lower)

    def judged(level: int) -> bool:
        known = [key for key in listed if key[1] == level]
        return bool(known) and F(sum(key in table for key in known), len(known)) >= F(1, 2)

    reached = 0
    while reached < 5 and holds(reached + 1) and judged(reached + 1):
        reached += 1
    return reached


def properties(dice: Random) -> tuple[int, int]:
    """Assert what holds of one random table; return its level at both ends."""
    table, listed = a_case(dice)
    found = judge(table, listed)
    assert (found.lo, found.hi) == (spelled_out(table, listed, 0), spelled_out(table, listed, 1))
    assert 0 <= found.lo <= found.hi <= found.judged <= 5
    assert all(t.lo <= t.hi and found.lo <= t.lo and found.hi <= t.hi for t in found.themes)
    if not table:
        assert found.judged == found.hi == 0
        return 0, 0
    key = dice.choice(sorted(table))
    lo, hi = table[key]
    narrowed = judge({**table, key: dice.choice([(hi, hi), (lo, lo), ((lo + hi) / 2, hi)])}, listed)
    assert found.lo <= narrowed.lo <= narrowed.hi <= found.hi, "an unknown that is resolved narrows"
    silent = judge({**table, key: (F(0), hi)}, listed)
    assert silent.lo < key[1] and silent.hi == found.hi, "what is not known counts for nothing"
    mended = judge({**table, key: (F(1), F(1))}, listed)
    assert mended.lo >= found.lo and mended.hi >= found.hi
    capped = judge({**table, key: (min(lo, F(1, 2)), F(1, 2))}, listed)
    assert capped.hi < key[1], "an open critical failure on tier 3 or 4, which caps at a half"
    others = {k: (F(1), F(1)) for k in listed if k != key}
    assert judge({**others, key: (F(1, 2), F(1, 2))}, listed).hi < key[1], "no average"
    unseen = sorted(k for k in listed - table.keys())
    if unseen:
        more = judge({**table, dice.choice(unseen): (F(0), F(1))}, listed)
        assert more.lo <= found.lo, "a new subject of which nothing is known"
    hold = dice.randint(0, 5)
    held = judge(table, listed, ((hold, "why"),))
    assert (held.lo, held.hi) == (min(found.lo, hold), found.hi), "a cap holds evidence only"
    assert held.caps == (((hold, "why"),) if hold < found.lo else ())
    return found.lo, found.hi


@pytest.mark.parametrize("n", [300, pytest.param(20_000, marks=pytest.mark.deep)])
def test_the_properties_of_a_level_on_random_tables(n: int) -> None:
    levels = {properties(Random(seed)) for seed in range(n)}
    assert {lo for lo, _ in levels} == {hi for _, hi in levels} == {*range(6)}


def test_a_level_of_which_fewer_than_half_of_the_practices_exist_is_not_judged() -> None:
    listed = frozenset((t, n) for t in "ABCD" for n in (1, 2, 3))
    whole = dict.fromkeys(listed, (F(1), F(1)))
    assert judge(whole, listed).judged == judge(whole, listed).lo == 3, "none is listed above"
    half = {k: v for k, v in whole.items() if k not in {("A", 2), ("B", 2)}}
    assert judge(half, listed).lo == 3
    fewer = {k: v for k, v in half.items() if k != ("C", 2)}
    assert (judge(fewer, listed).judged, judge(fewer, listed).hi) == (1, 1)


@pytest.mark.parametrize(
    ("own", "ends", "level", "expected"),
    [
        (1, (F(51, 100), F(1)), 1, MET),
        (1, (F(51, 100), F(1)), 2, UNKNOWN),
        (1, (F(51, 100), F(85, 100)), 2, MISSING),
        (1, (F(1, 2), F(1)), 1, UNKNOWN),
        (1, (F(0), F(1, 2)), 1, MISSING),
        (2, (F(0), F(0)), 1, MET),
        (5, (F(51, 100), F(51, 100)), 5, MET),
    ],
)
def test_what_a_practice_is_to_a_level(own: int, ends: tuple[F, F], level: int, expected: str) -> None:  # fmt: skip
    assert standing(practice(own, *ends), level, POLICY) == expected


@pytest.mark.parametrize("seed", range(20))
def test_a_level_is_reached_where_all_that_it_asks_for_is_met(seed: int) -> None:
    table, listed = a_case(Random(seed))
    found = judge(table, listed)
    themes = [
        ControlScore(t, "", F(0), F(0), "", "", F(0), F(0), "", tuple(practice(n, *v) for (of, n), v in table.items() if of == t), 1, "")
        for t in THEMES
    ]  # fmt: skip
    for level in range(1, found.judged + 1):
        marks = [standing(p, level, POLICY) for _, p in asked(themes, level)]
        assert (level <= found.lo) == all(m == MET for m in marks)
        assert (level <= found.hi) == (MISSING not in marks)

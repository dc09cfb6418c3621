"""The least that a practice needs: enough, and no more, on random practices."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from score_models import POLICY, PROFILE, a_check

from reporter.model.assessment import Check, Theme
from reporter.model.scores import MET, PracticeScore, Status, Tally
from reporter.score import score, standing
from reporter.score.needs import Needs, needs_of
from reporter.score.state import tallied

OPEN = (Status.FAIL, Status.UNKNOWN, Status.DECLARED, Status.ATTESTED, Status.COMPENSATED)


def practice(checks: list[Check], tallies: list[Tally]) -> PracticeScore:
    scores = score((), checks, [Theme("K", "K")], tallies, POLICY, PROFILE)
    return scores.enterprise.controls[0].practices[0]


def after(tallies: list[Tally], needs: Needs) -> list[Tally]:
    """The results once what is needed has passed."""
    made = []
    for check in {t.check for t in tallies}:
        counts: Counter[tuple[Status, int, int]] = Counter()
        for t in tallies:
            if t.check == check:
                counts[t.status, t.tier_lo, t.tier_hi] += t.n
        for kind, n in needs.get(check, Counter()).items():
            counts[kind] -= n
            counts[Status.PASS, kind[1], kind[2]] += n
        made += tallied(check, counts)
    return made


def a_case(dice: Random) -> tuple[list[Check], list[Tally]]:
    severities = ("critical", "high", "medium", "low")
    checks = [a_check(f"K-{n}", dice.choice(severities)) for n in range(dice.randint(1, 3))]
    tallies = [
        Tally(c.id, dice.choice([*OPEN, Status.PASS, Status.PASS, Status.NA]), t, t, dice.randint(1, 9))
        for c in checks for t in range(1, 5) if dice.random() < 0.8
    ]  # fmt: skip
    return checks, tallies


@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("seed", range(60))
def test_what_is_needed_is_enough(seed: int, level: int) -> None:
    checks, tallies = a_case(Random(seed))
    if all(t.status == Status.NA for t in tallies):
        return
    found = practice(checks, tallies)
    own = [t for t in tallies if t.check in dict(found.weights)]
    needs = needs_of(found, level, {c.id: c for c in checks}, own, POLICY)
    assert standing(practice(checks, after(tallies, needs)), level, POLICY) == MET
    if standing(found, level, POLICY) == MET:
        assert needs == {}
    for check, kinds in needs.items():
        for kind, n in kinds.items():
            there = sum(
                t.n for t in tallies if (t.check, t.status, t.tier_lo) == (check, *kind[:2])
            )
            assert 0 < n <= there and kind[0] in OPEN


@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("n", range(1, 21))
def test_of_results_that_weigh_alike_no_more_than_the_least_is_needed(n: int, level: int) -> None:
    tallies = [Tally("K-1", Status.FAIL, 2, 2, n), Tally("K-1", Status.PASS, 2, 2, 20 - n)]
    tallies = [t for t in tallies if t.n]
    check = a_check("K-1", "high")
    needs = needs_of(practice([check], tallies), level, {"K-1": check}, tallies, POLICY)
    passes = {1: 11, 2: 18}[level]  # of 20: more than 50 %, more than 85 %
    assert sum(kinds.total() for kinds in needs.values()) == max(0, passes - (20 - n))


def test_what_caps_comes_first_and_whole() -> None:
    check = a_check("K-1", "critical")
    tallies = [
        Tally("K-1", Status.PASS, 1, 1, 90), Tally("K-1", Status.FAIL, 4, 4, 1),
        Tally("K-1", Status.UNKNOWN, 2, 3, 2), Tally("K-1", Status.FAIL, 1, 1, 3),
    ]  # fmt: skip
    needs = needs_of(practice([check], tallies), 1, {"K-1": check}, tallies, POLICY)
    assert needs == {"K-1": {(Status.FAIL, 4, 4): 1, (Status.UNKNOWN, 2, 3): 2}}

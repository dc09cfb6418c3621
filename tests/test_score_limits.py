"""Random samples by their exact limits; what other weights put first."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F

import pytest
from score_models import ATTESTED, COMPENSATED, FAIL, NA, PASS, POLICY, UNKNOWN, a_check, cells

from reporter.model.assessment import Profile, Sample, Theme
from reporter.model.roadmap import IMPLEMENT, Action, Effect
from reporter.model.scores import Tally
from reporter.score import first_in_lanes, plan_actions, printed, score
from reporter.score.sampling import lower_limit, upper_limit
from reporter.score.scorer import score_check


@pytest.fixture(autouse=True)
def _limits_are_computed() -> None:
    """What an earlier test had computed would hide a defect."""
    upper_limit.cache_clear()
    lower_limit.cache_clear()


@pytest.mark.parametrize(
    ("n", "k", "percent"),
    [(25, 0, "11.3"), (40, 0, "7.2"), (60, 0, "4.9"), (25, 1, "17.6"), (60, 1, "7.7")],
)
def test_limits_are_those_of_the_audit_tables(n: int, k: int, percent: str) -> None:
    assert printed(upper_limit(n, k)) == percent


def test_limits_hold_to_their_ends() -> None:
    assert (lower_limit(25, 0), upper_limit(25, 25)) == (0, 1)
    assert lower_limit(25, 25) == pytest.approx(1 - float(upper_limit(25, 0)), abs=2e-6)
    for n in (1, 7, 30):
        for k in range(n + 1):
            assert lower_limit(n, k) <= F(k, n) <= upper_limit(n, k)


def test_a_sample_counts_by_the_limits_of_each_tier() -> None:
    sample = [
        Tally("K-1", PASS, 2, 2, 24), Tally("K-1", FAIL, 2, 2, 1), Tally("K-1", PASS, 3, 3, 39),
        Tally("K-1", UNKNOWN, 3, 3, 1), Tally("K-1", NA, 1, 1, 5),
    ]  # fmt: skip
    found = score_check("K-1", False, sample, POLICY, sampled=True)
    lo = 25 * 2 * (1 - upper_limit(25, 1)) + 40 * 4 * (1 - upper_limit(40, 1))
    hi = 25 * 2 * (1 - lower_limit(25, 1)) + 40 * 4
    assert (found.lo, found.hi) == (lo / 210, hi / 210)
    plain = score_check("K-1", False, sample, POLICY)
    assert found.lo < plain.lo < plain.hi < found.hi
    assert (found.counts, found.known) == (plain.counts, plain.known)


def test_of_a_sample_all_but_a_pass_is_an_exception_in_lo_and_only_a_fail_in_hi() -> None:
    sample = [
        Tally("K-1", status, 2, 2, n)
        for status, n in ((PASS, 20), (FAIL, 1), (UNKNOWN, 2), (ATTESTED, 3), (COMPENSATED, 4))
    ]
    found = score_check("K-1", False, sample, POLICY, sampled=True)
    assert (found.lo, found.hi) == (1 - upper_limit(30, 10), 1 - lower_limit(30, 1))


def test_a_check_that_declares_a_sample_is_scored_as_one_and_planned_as_one() -> None:
    check = replace(a_check("K-1", "low"), sample=Sample(26, 400, "17"))
    tallies = [Tally("K-1", PASS, 1, 1, 24), *cells("K-1", (FAIL, 1), (UNKNOWN, 1))]
    themes = [Theme("K", "K")]
    total = score([], [check], themes, tallies, POLICY, Profile("", "", 0, {})).enterprise.total
    assert (total.lo, total.hi) == (1 - upper_limit(26, 2), 1 - lower_limit(26, 1))
    fix = Action("a", "a", "", IMPLEMENT, False, F(1), (), (Effect("K-1", FAIL, 1, 1, 1),), 1)
    plan = plan_actions([check], themes, tallies, [fix], POLICY)
    assert (plan.start, plan.picks[0].total) == (total.lo, 1 - upper_limit(26, 1))


def test_a_sample_of_unknown_tiers_is_the_worst_and_the_best_that_they_allow() -> None:
    sample = [Tally("K-1", PASS, 1, 4, 30), Tally("K-1", FAIL, 2, 2, 30)]
    found = score_check("K-1", False, sample, POLICY, sampled=True)
    good, bad = 1 - upper_limit(30, 0), 1 - upper_limit(30, 30)
    assert found.lo == (30 * 1 * good + 30 * 2 * bad) / (30 * 1 + 30 * 2)
    assert found.hi == (30 * 8 * 1 + 30 * 2 * (1 - lower_limit(30, 30))) / (30 * 8 + 30 * 2)


def test_another_order_of_the_roadmap_comes_from_other_weights() -> None:
    checks = [a_check("K-1", "high"), a_check("K-2", "low")]
    tallies = [*cells("K-1", (FAIL, 1), (PASS, 4)), *cells("K-2", (FAIL, 4), (PASS, 1))]
    effects = {"x": Effect("K-1", FAIL, 1, 1, 1), "y": Effect("K-2", FAIL, 4, 4, 1)}
    todo = [Action(n, n, "", IMPLEMENT, False, F(1), (), (move,), 1) for n, move in effects.items()]
    flat = replace(POLICY, tier_weights=(1, 1, 1, 1), severity_weights=dict.fromkeys(POLICY.severity_weights, 1))  # fmt: skip
    ours, other = (
        first_in_lanes(checks, [Theme("K", "K")], tallies, todo, policy, 10)
        for policy in (POLICY, flat)
    )
    # 4/5 x 1/9 < 1/5 x 8/9; with flat weights both add 1/4, and the id decides
    assert (ours, other) == (((), ("y", "x")), ((), ("x", "y")))
    urgent = [replace(a, urgent=a.id == "x") for a in todo]
    assert first_in_lanes(checks, [Theme("K", "K")], tallies, urgent, POLICY, 0) == ((), ())
    lanes = first_in_lanes(checks, [Theme("K", "K")], tallies, urgent, POLICY, 10)
    assert lanes == (("x",), ("y",))


def test_what_is_urgent_is_done_before_the_ranking_looks() -> None:
    """K-1 and K-2 cap one practice; only with the urgent ones done does fixing K-3 show in the score."""
    checks = [a_check("K-1", "critical"), a_check("K-2", "critical"), a_check("K-3"), a_check("K-4", level=2)]  # fmt: skip
    tallies = [
        *cells("K-1", (FAIL, 4)), *cells("K-2", (FAIL, 4)), *cells("K-3", (FAIL, 1)), *cells("K-4", (FAIL, 1), (PASS, 4)),
    ]  # fmt: skip
    names = ("a", "b", "c", "d")
    tiers = (4, 4, 1, 1)
    todo = [
        Action(name, name, "", IMPLEMENT, n < 2, F(1), (), (Effect(f"K-{n + 1}", FAIL, tiers[n], tiers[n], 1),), 1)
        for n, name in enumerate(names)
    ]  # fmt: skip
    themes = [Theme("K", "K")]
    assert first_in_lanes(checks, themes, tallies, todo, POLICY, 4) == (("a", "b"), ("c", "d"))  # fmt: skip
    # Cut short, the lanes say the first ones only, but all that is urgent counts as done.
    assert first_in_lanes(checks, themes, tallies, todo, POLICY, 1) == (("a",), ("c",))
    assert first_in_lanes(checks, themes, tallies, todo, POLICY, 0) == ((), ())

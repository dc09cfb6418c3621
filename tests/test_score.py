"""Checks, practices and controls: goldens 5.1, 5.2, 5.4 of the method and the rules around them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction as F

import pytest
from score_models import (
    ATTESTED,
    COMPENSATED,
    FAIL,
    K1_K2,
    K2,
    NA,
    PASS,
    POLICY,
    PROFILE,
    UNKNOWN,
    a_check,
    a_control,
    cells,
    one,
    run,
    single,
)

from reporter.model.assessment import Control, Theme
from reporter.model.scores import EXTENTS, ControlScore, Status, Tally
from reporter.score import printed, rating, score

# ---------------------------------------------------------------- 5.1


def golden_51(k1: Sequence[Status], k2: Sequence[Tally] = K2) -> ControlScore:
    states = list(zip(k1, (3, 2, 1), strict=True))
    return one(run([a_control("C", "K-1", "K-2")], K1_K2, cells("K-1", *states) + list(k2)))


@pytest.mark.parametrize(
    ("k1", "lo", "hi", "rating_lo", "percent"),
    [
        ((PASS, FAIL, UNKNOWN), F(62, 105), F(27, 35), "L", "59.0"),
        ((UNKNOWN, FAIL, UNKNOWN), F(2, 15), F(27, 35), "N", "13.3"),
        ((FAIL, PASS, PASS), F(10, 21), F(1, 2), "P", "47.6"),
    ],
    ids=["5.1", "5.1b deleting evidence never helps", "5.1c the cap"],
)
def test_cells_make_a_practice(
    k1: Sequence[Status], lo: F, hi: F, rating_lo: str, percent: str
) -> None:
    control = golden_51(k1)
    (practice,) = control.practices
    assert (practice.lo, practice.hi, practice.rating_lo) == (lo, hi, rating_lo)
    assert (control.lo, control.hi, printed(control.lo)) == (lo, hi, percent)


def test_golden_51_has_rating_coverage_and_confidence() -> None:
    control = golden_51((PASS, FAIL, UNKNOWN))
    assert (control.rating_lo, control.rating_hi) == ("L", "L")
    assert (control.coverage, control.confidence) == (F(31, 35), "Medium")


def test_the_cap_shows_the_value_before_it() -> None:
    (practice,) = golden_51((FAIL, PASS, PASS)).practices
    assert (practice.raw_hi, practice.raw_lo, practice.capped_by) == (
        F(19, 35),
        F(10, 21),
        ("K-1",),
    )


def test_a_pass_and_fail_settled_to_fail_scores_as_fail() -> None:
    assert golden_51((FAIL, FAIL, UNKNOWN)).lo == F(2, 15)


def test_no_observation_is_not_assessed() -> None:
    control = golden_51((UNKNOWN,) * 3, cells("K-2", (UNKNOWN, 3), (UNKNOWN, 2), (UNKNOWN, 1)))
    assert (control.state, control.lo, control.hi) == ("not_assessed", F(0), F(1))
    assert (control.rating_lo, control.rating_hi) == ("N", "F")


def test_stale_evidence_leaves_only_the_fail() -> None:
    control = golden_51(
        (UNKNOWN, FAIL, UNKNOWN), cells("K-2", (UNKNOWN, 3), (UNKNOWN, 2), (UNKNOWN, 1))
    )
    assert (control.lo, control.hi, control.state) == (F(0), F(27, 35), "assessed")


# ---------------------------------------------------------------- 5.2


@pytest.mark.parametrize(
    ("passes", "ratings", "permitted", "value"),
    [
        ((19, 18, 14, 8), "FFLP", 3, F(59, 80)),
        ((19, 17, 14, 8), "FLLP", 2, F(29, 40)),
        ((20, 20, 20, 20), "FFFF", 5, F(1)),
        ((20, 20, 20, 17), "FFFL", 4, F(77, 80)),
        ((10, 20, 20, 20), "PFFF", 0, F(7, 8)),
        ((11, 20, 20, 20), "LFFF", 1, F(71, 80)),
        ((20, 3, 0, 0), "FNNN", 1, F(23, 80)),
        ((20, 4, 0, 0), "FPNN", 1, F(24, 80)),
    ],
)
def test_a_theme_permits_a_level_whose_lower_practices_are_fully_met(
    passes: Sequence[int], ratings: str, permitted: int, value: F
) -> None:
    checks = [a_check(f"K-{n}", level=n) for n in range(1, 5)]
    tallies = [
        Tally(f"K-{n}", status, 1, 1, count)
        for n, good in enumerate(passes, 1)
        for status, count in ((PASS, good), (FAIL, 20 - good))
    ]
    scores = score((), checks, [Theme("K", "K")], tallies, POLICY, PROFILE)
    (theme,) = scores.enterprise.controls
    assert "".join(practice.rating_lo for practice in theme.practices) == ratings
    assert theme.lo == theme.hi == value
    (standing,) = scores.level.themes
    assert (standing.lo, standing.hi) == (permitted, permitted)
    assert scores.level.lo == min(permitted, 4), "the content has no practice at level 5"


# ---------------------------------------------------------------- 5.4


@pytest.mark.parametrize(
    ("a1", "lo", "hi"),
    [(ATTESTED, F(3, 5), 1), (COMPENSATED, F(3, 5), F(3, 5)), (FAIL, F(1, 5), F(1, 5))],
)
def test_half_credit_does_not_cap(a1: Status, lo: F, hi: F) -> None:
    scores = run(
        [a_control("C", "K-1")],
        [a_check("K-1", "critical")],
        cells("K-1", (a1, 3), (PASS, 1)),
    )
    assert (one(scores).lo, one(scores).hi) == (lo, hi)


# ---------------------------------------------------------------- tier intervals and the cap


@pytest.mark.parametrize(
    ("hidden", "other", "lo", "hi"),
    [
        (PASS, FAIL, F(1, 2), F(8, 9)),
        (FAIL, PASS, F(1, 9), F(1, 2)),
        (UNKNOWN, PASS, F(1, 9), F(1)),
        (COMPENSATED, PASS, F(5, 9), F(3, 4)),
        (COMPENSATED, FAIL, F(1, 4), F(4, 9)),
        (ATTESTED, FAIL, F(1, 4), F(8, 9)),
    ],
)
def test_an_unknown_tier_weighs_to_the_worst_in_lo_and_the_best_in_hi(
    hidden: Status, other: Status, lo: F, hi: F
) -> None:
    got = single([Tally("K-1", hidden, 1, 4, 1), Tally("K-1", other, 1, 1, 1)])
    assert (got.lo, got.hi) == (lo, hi)


@pytest.mark.parametrize(
    ("status", "tier_lo", "tier_hi", "caps"),
    [
        (FAIL, 3, 4, (True, True)),
        (FAIL, 2, 3, (True, False)),
        (FAIL, 1, 2, (False, False)),
        (UNKNOWN, 3, 3, (True, False)),
        (ATTESTED, 4, 4, (False, False)),
        (COMPENSATED, 4, 4, (False, False)),
        (NA, 4, 4, (False, False)),
    ],
)
def test_cap_needs_no_credit_on_a_subject_that_may_be_tier_3(
    status: Status, tier_lo: int, tier_hi: int, caps: tuple[bool, bool]
) -> None:
    tallies = [Tally("K-1", status, tier_lo, tier_hi, 1), Tally("K-1", PASS, 1, 1, 1)]
    got = single(tallies, "critical")
    assert (got.caps_lo, got.caps_hi) == caps
    assert not single(tallies, "high").caps_lo


def test_a_check_without_subjects_drops_out() -> None:
    checks = [a_check("K-1"), a_check("K-2", "critical"), a_check("K-3", "critical")]
    tallies = [*cells("K-1", (PASS, 1)), *cells("K-2", (NA, 4)), Tally("K-3", FAIL, 4, 4, 0)]
    control = one(run([a_control("C", "K-1", "K-2", "K-3")], checks, tallies))
    assert (control.lo, control.coverage) == (F(1), F(1))
    assert control.practices[0].weights == (("K-1", 2),)


def test_a_check_that_does_not_apply_caps_nothing_and_keeps_its_counts() -> None:
    got = single([Tally("K-1", NA, 4, 4, 3), Tally("K-1", FAIL, 4, 4, 0)], "critical")
    assert (got.applicable, got.caps_lo, got.caps_hi, got.known) == (False, False, False, 0)
    assert got.counts == {status: 3 if status == NA else 0 for status in Status}
    got = single([Tally("K-1", PASS, 1, 1, 2), Tally("K-1", FAIL, 3, 3, 1), Tally("K-1", PASS, 2, 2, 4)])  # fmt: skip
    assert {s: n for s, n in got.counts.items() if n} == {PASS: 6, FAIL: 1}


# ---------------------------------------------------------------- the ask, states, confidence


@pytest.mark.parametrize(
    ("mapped", "level", "weights"),
    [
        ({}, 1, [("ask", 4)]),
        ({"K-1": "partial"}, 1, [("K-1", 2), ("ask", 4)]),
        ({"K-1": "contextual"}, 1, [("ask", 4)]),
        ({"K-1": "direct"}, 2, [("ask", 4)]),
        ({"K-1": "direct", "K-2": "partial"}, 2, [("K-2", 2), ("ask", 4)]),
        ({"K-1": "direct", "K-3": "direct"}, 2, [("ask", 4)]),
        ({f"K-{n}": "direct" for n in range(1, 6)}, 5, [("K-5", 4), ("ask", 4)]),
    ],
)
def test_the_ask_stands_at_the_lowest_level_without_direct_check(
    mapped: dict[str, str], level: int, weights: list[tuple[str, int]]
) -> None:
    checks = [a_check(f"K-{n}", level=n) for n in range(1, 6)]
    tallies = [t for check in checks for t in cells(check.id, (PASS, 1))]
    control = one(run([Control("C", "C", "", "", "Why?", tuple(mapped.items()))], checks, tallies))
    by_level = {practice.level: practice for practice in control.practices}
    assert list(by_level[level].weights) == weights
    assert control.lo < 1 and control.hi == 1 and control.coverage < 1


@pytest.mark.parametrize(
    ("status", "answer", "ask", "state"),
    [
        (PASS, UNKNOWN, "Why?", "assessed"),
        (FAIL, UNKNOWN, "", "assessed"),
        (ATTESTED, UNKNOWN, "", "assessed"),
        (COMPENSATED, UNKNOWN, "", "assessed"),
        (UNKNOWN, UNKNOWN, "", "not_assessed"),
        (NA, UNKNOWN, "Why?", "not_assessed"),
        (NA, PASS, "Why?", "assessed"),
        (NA, NA, "Why?", "not_applicable"),
        (NA, UNKNOWN, "", "not_applicable"),
    ],
)
def test_state_follows_the_evidence(status: Status, answer: Status, ask: str, state: str) -> None:
    scores = run(
        [a_control("C", "K-1", ask=ask)],
        [a_check("K-1")],
        cells("K-1", (status, 1)),
        answers={("FW", "C"): answer},
    )
    assert one(scores).state == state
    assert getattr(scores.frameworks[0].total, state) == 1


@pytest.mark.parametrize(
    ("direct", "partial", "answer", "extent"),
    [
        ((PASS, FAIL), (PASS,), PASS, "fully"),
        ((PASS, COMPENSATED), (NA,), FAIL, "fully"),
        ((PASS, PASS), (PASS,), NA, "fully"),  # the question was set aside
        ((PASS, PASS), (PASS,), ATTESTED, "in_part"),  # somebody's word on what no check shows
        ((PASS, PASS), (PASS,), UNKNOWN, "in_part"),
        ((PASS, UNKNOWN), (PASS,), PASS, "in_part"),  # not judged for all its subjects
        ((PASS, PASS), (UNKNOWN,), PASS, "in_part"),
        ((NA, NA), (PASS,), PASS, "in_part"),  # no direct check applies
        ((UNKNOWN, UNKNOWN), (FAIL,), UNKNOWN, "in_part"),
        ((UNKNOWN, UNKNOWN), (UNKNOWN,), PASS, "by_statement"),
        ((NA, NA), (NA,), ATTESTED, "by_statement"),
        ((UNKNOWN, NA), (UNKNOWN,), UNKNOWN, "not_at_all"),
        ((NA, NA), (NA,), UNKNOWN, "not_at_all"),
        ((NA, NA), (NA,), NA, ""),
    ],
)
def test_how_far_a_control_is_assessed(
    direct: Sequence[Status], partial: Sequence[Status], answer: Status, extent: str
) -> None:
    scores = run(
        [Control("C", "C", "", "", "Why?", (("K-1", "direct"), ("K-2", "partial")))],
        [a_check("K-1"), a_check("K-2")],
        [*cells("K-1", *((s, 1) for s in direct)), *cells("K-2", *((s, 1) for s in partial))],
        answers={("FW", "C"): answer},
    )
    assert one(scores).extent == extent
    assert scores.frameworks[0].total.extents == tuple(int(e == extent) for e in EXTENTS)


@pytest.mark.parametrize("ask", ["", "Why?"])
def test_a_control_without_checks_is_not_assessed_until_answered(ask: str) -> None:
    control = one(run([a_control("C", ask=ask)], [], []))
    assert (control.state, control.lo, control.hi) == ("not_assessed", F(0), F(1))
    answered = one(run([a_control("C", ask=ask)], [], [], answers={("FW", "C"): PASS}))
    assert (answered.state, answered.lo, answered.confidence) == ("assessed", F(1), "Medium")


def test_not_applicable_controls_leave_the_group() -> None:
    checks = [a_check("K-1"), a_check("K-2")]
    tallies = [*cells("K-1", (PASS, 1)), *cells("K-2", (NA, 1))]
    total = run([a_control("A", "K-1"), a_control("B", "K-2")], checks, tallies).frameworks[0].total
    assert (total.lo, total.not_applicable, total.members) == (F(1), 1, ("A", "B"))


@pytest.mark.parametrize(
    ("counts", "confidence"),
    [
        ({PASS: 9, UNKNOWN: 1}, "High"),
        ({FAIL: 10}, "High"),
        ({PASS: 89, UNKNOWN: 11}, "Medium"),
        ({PASS: 6, UNKNOWN: 4}, "Medium"),
        ({PASS: 59, UNKNOWN: 41}, "Low"),
        ({PASS: 2, ATTESTED: 1}, "High"),
        ({PASS: 19, ATTESTED: 10}, "Medium"),
        ({PASS: 1, ATTESTED: 2}, "Medium"),
        ({PASS: 1, ATTESTED: 3}, "Low"),
        ({COMPENSATED: 1}, "High"),
    ],
)
def test_confidence_is_a_table(counts: dict[Status, int], confidence: str) -> None:
    tallies = [Tally("K-1", status, 2, 2, n) for status, n in counts.items()]
    assert one(run([a_control("C", "K-1")], [a_check("K-1")], tallies)).confidence == confidence


# ---------------------------------------------------------------- printing


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (F(0), "0.0"),
        (F(4, 10000), "0.1"),
        (F(1, 10**9), "0.1"),
        (F(9996, 10000), "99.9"),
        (F(1), "100.0"),
        (F(1, 8), "12.5"),
        (F(5905, 10000), "59.1"),
        (F(59049, 100000), "59.0"),
        (F(2, 3), "66.7"),
    ],
)
def test_printed_rounds_half_up_and_keeps_the_ends_honest(value: F, text: str) -> None:
    assert printed(value) == text


@pytest.mark.parametrize(
    ("value", "mark"),
    [(0, "N"), ("15/100", "N"), ("1501/10000", "P"), ("1/2", "P"), ("501/1000", "L")]
    + [("17/20", "L"), ("8501/10000", "F"), (1, "F")],
)
def test_rating_edges_belong_to_the_lower_rating(value: str, mark: str) -> None:
    assert rating(F(value), POLICY) == mark


def test_a_tally_of_an_unknown_check_is_an_error() -> None:
    with pytest.raises(KeyError):
        run([], [], cells("K-1", (PASS, 1)))

"""Goldens of the scoring method (section 5), the rules around them, and what the explanations print."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction as F

import pytest

from reporter.explanation import why_check, why_control, why_group
from reporter.model import (
    Check,
    CheckScore,
    Control,
    ControlScore,
    Framework,
    Group,
    GroupScore,
    Policy,
    Profile,
    Scores,
    Status,
    Tally,
    Theme,
)
from reporter.score import printed, rating, score

PASS, FAIL, UNKNOWN = Status.PASS, Status.FAIL, Status.UNKNOWN
NA, ATTESTED, COMPENSATED = Status.NA, Status.ATTESTED, Status.COMPENSATED

POLICY = Policy(
    version="1.0",
    sha256="",
    tier_weights=(1, 2, 4, 8),
    severity_weights={"critical": 8, "high": 4, "medium": 2, "low": 1},
    strength_weights={"direct": 2, "partial": 1},
    attested_credit=F(1, 2),
    compensated_credit=F(1, 2),
    critical_cap=F(1, 2),
    rating_edges=(F(15, 100), F(50, 100), F(85, 100)),
    group_share=F(85, 100),
    level_names=("None", "Visible", "Identified", "Bounded", "Observed", "Reconciled"),
)
PROFILE = Profile("p", "P", 3, {})


def a_check(id_: str, severity: str = "medium", level: int = 1) -> Check:
    return Check(id_, id_, "", "agent", severity, level, "inventory", "", "", "")


def a_control(
    id_: str, *checks: str, ask: str = "", how: str = "partial", weight: int = 1, group: str = ""
) -> Control:
    return Control(id_, id_, group, "", ask, tuple((check, how) for check in checks), weight)


def a_framework(*controls: Control, groups: Sequence[Group] = (), id_: str = "FW") -> Framework:
    return Framework(id_, id_, id_, "1", "", "", "id-only", "", tuple(groups), controls)


def cells(check: str, *states: tuple[Status, int]) -> list[Tally]:
    return [Tally(check, status, tier, tier, 1) for status, tier in states]


def run(
    controls: Sequence[Control],
    checks: Iterable[Check],
    tallies: Iterable[Tally],
    profile: Profile = PROFILE,
    groups: Sequence[Group] = (),
    answers: Mapping[tuple[str, str], Status] | None = None,
) -> Scores:
    framework = a_framework(*controls, groups=groups)
    return score([framework], checks, [], tallies, POLICY, profile, answers=answers or {})


def one(scores: Scores) -> ControlScore:
    return scores.frameworks[0].controls[0]


# ---------------------------------------------------------------- 5.1

K1_K2 = (a_check("K-1", "critical"), a_check("K-2"))
K2 = cells("K-2", (ATTESTED, 3), (PASS, 2), (NA, 1))


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


def test_golden_51_has_level_1_coverage_and_confidence() -> None:
    control = golden_51((PASS, FAIL, UNKNOWN))
    assert (control.level_lo, control.level_hi, control.plus) == (1, 1, False)
    assert (control.coverage, control.confidence) == (F(31, 35), "Medium")
    assert (control.gap, control.gap_kind) == (2, "implementation")


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
    assert (control.state, control.lo, control.hi) == ("not_assessed", 0, 1)
    assert (control.level_lo, control.level_hi, control.gap_kind) == (0, 1, "implementation")


def test_stale_evidence_leaves_only_the_fail() -> None:
    control = golden_51(
        (UNKNOWN, FAIL, UNKNOWN), cells("K-2", (UNKNOWN, 3), (UNKNOWN, 2), (UNKNOWN, 1))
    )
    assert (control.lo, control.hi, control.state) == (0, F(27, 35), "assessed")


# ---------------------------------------------------------------- 5.2


@pytest.mark.parametrize(
    ("passes", "ratings", "level", "plus", "value"),
    [
        ((19, 18, 14, 8), "FFLP", 3, True, F(59, 80)),
        ((19, 17, 14, 8), "FLLP", 2, True, F(29, 40)),
        ((20, 20, 20, 20), "FFFF", 4, False, F(1)),
        ((10, 20, 20, 20), "PFFF", 0, True, F(7, 8)),
        ((11, 20, 20, 20), "LFFF", 1, True, F(71, 80)),
        ((20, 3, 0, 0), "FNNN", 1, False, F(23, 80)),
        ((20, 4, 0, 0), "FPNN", 1, True, F(24, 80)),
    ],
)
def test_level_needs_all_lower_practices_fully(
    passes: Sequence[int], ratings: str, level: int, plus: bool, value: F
) -> None:
    checks = [a_check(f"K-{n}", level=n) for n in range(1, 5)]
    tallies = [
        Tally(f"K-{n}", status, 1, 1, count)
        for n, good in enumerate(passes, 1)
        for status, count in ((PASS, good), (FAIL, 20 - good))
    ]
    control = one(run([a_control("C", *(check.id for check in checks))], checks, tallies))
    assert "".join(practice.rating_lo for practice in control.practices) == ratings
    assert (control.level_lo, control.level_hi, control.plus) == (level, level, plus)
    assert control.lo == control.hi == value


def at_levels(*levels: int, weights: Sequence[int] = ()) -> GroupScore:
    """Score a framework whose controls stand at these levels."""
    checks = [a_check(f"{kind}-{n}", level=n) for n in range(1, 6) for kind in ("Y", "N")]
    tallies = [t for c in checks for t in cells(c.id, (PASS if c.theme == "Y" else FAIL, 1))]
    controls = [
        a_control(
            f"C{i}",
            *(f"{'Y' if n <= level else 'N'}-{n}" for n in range(1, 6)),
            weight=weights[i] if weights else 1,
        )
        for i, level in enumerate(levels)
    ]
    scores = run(controls, checks, tallies)
    assert tuple(c.level_lo for c in scores.frameworks[0].controls) == levels
    return scores.frameworks[0].total


@pytest.mark.parametrize(
    ("levels", "level"),
    [
        ([3] * 9 + [2], 3),
        ([3] * 9 + [1], 2),
        ([3] * 3 + [2], 2),
        ([3] * 17 + [2] * 3, 2),
        ([0], 0),
        ([1] * 9 + [0], 1),
        ([5] * 4, 5),
        ([], 0),
    ],
)
def test_group_level_needs_more_than_85_percent_and_none_far_below(
    levels: Sequence[int], level: int
) -> None:
    assert at_levels(*levels).level_lo == level


def test_group_level_counts_weight_not_controls() -> None:
    assert at_levels(3, 2, weights=(9, 1)).level_lo == 3


# ---------------------------------------------------------------- 5.3


def golden_53() -> Scores:
    checks = [a_check("K-1", "critical"), a_check("K-2"), a_check("K-3", "high")]
    tallies = [
        *cells("K-1", (FAIL, 3), (PASS, 3), (PASS, 4)),
        *cells("K-2", (FAIL, 3), (UNKNOWN, 3), (PASS, 4)),
        *cells("K-3", (UNKNOWN, 1)),
    ]
    controls = [a_control("C1", "K-1", weight=2), a_control("C2", "K-2"), a_control("C3", "K-3")]
    return run(controls, checks, tallies)


def test_roll_up_keeps_cap_and_gap() -> None:
    view = golden_53().frameworks[0]
    assert [c.lo for c in view.controls] == [F(1, 2), F(1, 2), 0]
    assert [c.hi for c in view.controls] == [F(1, 2), F(3, 4), 1]
    assert [c.level_lo for c in view.controls] == [0, 0, 0]
    assert [c.level_hi for c in view.controls] == [0, 1, 1]
    assert [c.state for c in view.controls] == ["assessed", "assessed", "not_assessed"]
    assert view.controls[0].practices[0].raw_lo == F(3, 4)
    assert (view.total.lo, view.total.hi) == (F(3, 8), F(11, 16))
    assert (view.total.assessed, view.total.not_assessed) == (2, 1)
    assert view.total.coverage == (2 * F(1) + F(3, 4)) / 4


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


def single(tallies: Sequence[Tally], severity: str = "medium") -> CheckScore:
    return run([], [a_check("K-1", severity)], tallies).checks["K-1"]


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
    assert (control.lo, control.coverage) == (1, 1)
    assert control.practices[0].weights == (("K-1", 2),)


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


@pytest.mark.parametrize("ask", ["", "Why?"])
def test_a_control_without_checks_is_not_assessed_until_answered(ask: str) -> None:
    control = one(run([a_control("C", ask=ask)], [], []))
    assert (control.state, control.lo, control.hi, control.level_hi) == ("not_assessed", 0, 1, 1)
    answered = one(run([a_control("C", ask=ask)], [], [], answers={("FW", "C"): PASS}))
    assert (answered.state, answered.lo, answered.confidence) == ("assessed", 1, "Medium")


def test_not_applicable_controls_leave_the_group() -> None:
    checks = [a_check("K-1"), a_check("K-2")]
    tallies = [*cells("K-1", (PASS, 1)), *cells("K-2", (NA, 1))]
    total = run([a_control("A", "K-1"), a_control("B", "K-2")], checks, tallies).frameworks[0].total
    assert (total.lo, total.level_lo, total.not_applicable, total.members) == (1, 1, 1, ("A", "B"))


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


# ---------------------------------------------------------------- groups, targets, enterprise


GROUPS = (Group("F1", "Function"), Group("G1", "Category", "F1"), Group("F2", "Other"))


def test_groups_nest_and_hold_all_controls_below() -> None:
    checks = [a_check("K-1"), a_check("K-2")]
    tallies = [*cells("K-1", (PASS, 1)), *cells("K-2", (FAIL, 1))]
    controls = [a_control("A", "K-1", group="G1"), a_control("B", "K-2", group="F1")]
    groups = {g.id: g for g in run(controls, checks, tallies, groups=GROUPS).frameworks[0].groups}
    assert {i: g.members for i, g in groups.items()} == {"F1": ("A", "B"), "G1": ("A",), "F2": ()}
    assert [groups[i].lo for i in ("F1", "G1", "F2")] == [F(1, 2), 1, 0]
    assert groups["F2"].gap == 0


@pytest.mark.parametrize(
    ("targets", "control", "group"),
    [
        ({}, 3, 3),
        ({"FW": 4}, 4, 4),
        ({"FW": 4, "F1": 2}, 2, 2),
        ({"FW": 4, "F1": 2, "G1": 5}, 5, 5),
        ({"FW": 4, "F1": 2, "G1": 5, "A": 1}, 1, 5),
    ],
)
def test_the_most_specific_target_wins(targets: dict[str, int], control: int, group: int) -> None:
    controls = [a_control("A", ask="Why?", group="G1")]
    scores = run(controls, [], [], profile=Profile("p", "P", 3, targets), groups=GROUPS)
    assert one(scores).target == control
    assert scores.frameworks[0].groups[1].target == group


@pytest.mark.parametrize(
    ("target", "gap", "kind"),
    [(0, 0, ""), (1, 1, "evidence"), (2, 2, "implementation")],
)
def test_gap_kind_says_build_or_show(target: int, gap: int, kind: str) -> None:
    profile = Profile("p", "P", target, {})
    control = one(
        run([a_control("C", "K-1")], [a_check("K-1")], cells("K-1", (UNKNOWN, 1)), profile)
    )
    assert (control.gap, control.gap_kind) == (gap, kind)


def enterprise(caps: Sequence[tuple[int, str]] = (), status: Status = PASS) -> Scores:
    checks = [a_check(f"OWN-0{n}", level=n) for n in (1, 2, 3)] + [a_check("INV-01", "critical")]
    tallies = [t for check in checks for t in cells(check.id, (PASS, 3))]
    tallies += cells("OWN-03", (status, 3))
    themes = [Theme("OWN", "Ownership"), Theme("INV", "Inventory"), Theme("PUR", "Purpose")]
    targets = Profile("p", "P", 1, {"enterprise": 4, "OWN": 5})
    framework = a_framework(a_control("C", "OWN-01", "OWN-02", how="direct", ask="Why?"))
    return score([framework], checks, themes, tallies, POLICY, targets, caps)


def test_enterprise_counts_each_check_once_by_theme() -> None:
    view = enterprise().enterprise
    assert [c.id for c in view.controls] == ["OWN", "INV", "PUR"]
    assert [c.level_lo for c in view.controls] == [3, 1, 0]
    assert [c.state for c in view.controls] == ["assessed", "assessed", "not_applicable"]
    assert [c.target for c in view.controls] == [5, 4, 4]
    assert view.controls[0].practices[0].weights == (("OWN-01", 2),)
    assert (view.total.lo, view.total.level_lo, view.total.target, view.total.gap) == (1, 1, 4, 3)


@pytest.mark.parametrize(
    ("caps", "level", "bit"),
    [
        ([], 1, ()),
        ([(1, "one")], 1, ()),
        ([(0, "zero"), (1, "one")], 0, ((0, "zero"),)),
    ],
)
def test_enterprise_caps_are_kept_where_they_bite(
    caps: list[tuple[int, str]], level: int, bit: tuple[tuple[int, str], ...]
) -> None:
    total = enterprise(caps).enterprise.total
    assert (total.level_lo, total.level_hi, total.caps, total.gap) == (level, level, bit, 4 - level)
    assert total.lo == 1


def test_caps_leave_the_framework_views_alone() -> None:
    assert enterprise([(0, "zero")]).frameworks == enterprise().frameworks


# ---------------------------------------------------------------- printing and explaining


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


def recompute(text: str) -> list[tuple[F, str]]:
    """Evaluate each printed formula `(w x v + ...)/t = value[, capped to c by ...] = p %`."""
    found = []
    pattern = r"\(([^()]+)\)/(\d+) = (\S+?)(?:, capped to (\S+) by [^=]+)? = ([\d.]+) %"
    for terms, total, value, cap, percent in re.findall(pattern, text):
        pairs = [term.split(" x ") for term in terms.split(" + ")]
        assert sum(int(weight) for weight, _ in pairs) == int(total)
        exact = sum(int(weight) * F(v) for weight, v in pairs) / int(total)
        assert exact == F(value)
        found.append((min(exact, F(cap)) if cap else exact, percent))
    return found


def test_why_control_prints_the_worked_formula() -> None:
    states = cells("K-1", (PASS, 3), (FAIL, 2), (UNKNOWN, 1)) + K2
    scores = run([a_control("C", "K-1", "K-2")], K1_K2, states)
    text = why_control(one(scores), "Title", scores.checks, POLICY)
    assert "P1 = (8 x 4/7 + 2 x 2/3)/10 = 62/105 = 59.0 % (L)" in text
    assert "at most (8 x 5/7 + 2 x 1)/10 = 27/35 = 77.1 % (L). Checks: K-1, K-2." in text
    assert "Score 59.0 % [59.0-77.1], coverage 88.6 %, confidence Medium." in text
    assert "no practice stands above level 1" in text


def whole() -> Scores:
    """Score a control with two levels, a cap that bites, an ask joined to a partial check."""
    checks = [a_check("K-1", "critical"), a_check("K-2"), a_check("K-3", "low", 2)]
    tallies = [
        *cells("K-1", (UNKNOWN, 3), (PASS, 4), (PASS, 4)),
        *cells("K-2", (ATTESTED, 1), (PASS, 1)),
        *cells("K-3", (FAIL, 2), (PASS, 1), (PASS, 4)),
    ]
    mapped = (("K-1", "direct"), ("K-2", "partial"), ("K-3", "partial"))
    return run([Control("C", "C", "", "", "Why?", mapped)], checks, tallies)


def test_printed_numbers_follow_from_the_printed_arithmetic() -> None:
    scores = whole()
    control = one(scores)
    text = why_control(control, "Title", scores.checks, POLICY)
    assert ", capped to 1/2 by K-1 = 50.0 % (P)" in text
    assert "Checks: K-3, ask." in text
    values = [v for p in control.practices for v in (p.lo, p.hi)] + [control.lo, control.hi]
    assert recompute(text) == [(value, printed(value)) for value in values]


def test_why_group_recomputes_and_names_its_caps() -> None:
    view = golden_53().frameworks[0]
    text = why_group(view.total, view.controls, POLICY)
    assert recompute(text) == [(F(3, 8), "37.5"), (F(11, 16), "68.8")]
    assert "1 of 3 controls not assessed" in text
    capped = enterprise([(0, "no log evidence")]).enterprise
    assert "Capped at level 0: no log evidence." in why_group(capped.total, capped.controls, POLICY)


def test_why_control_says_what_the_next_level_needs() -> None:
    scores = golden_53()
    first, second, third = scores.frameworks[0].controls
    why = [why_control(c, "T", scores.checks, POLICY) for c in (first, second, third)]
    assert "level 1 needs P1 above 50.0 % (even at most 50.0 %)" in why[0]
    assert "no practice stands above level 1" in why[1]
    assert "Not assessed, no cell of K-3 has evidence" in why[2] and "0.0 %" not in why[2]


def test_why_control_of_an_evidence_gap_names_what_is_short() -> None:
    profile = Profile("p", "P", 1, {})
    tallies = cells("K-1", (UNKNOWN, 1), (PASS, 1))
    scores = run([a_control("C", "K-1")], [a_check("K-1")], tallies, profile)
    text = why_control(one(scores), "T", scores.checks, POLICY)
    assert "Evidence gap of 1: level 1 needs P1 above 50.0 % (on evidence 50.0 %)." in text


@pytest.mark.parametrize(
    ("tallies", "text"),
    [
        ([], "K-1 T: not applicable, no subject is in scope."),
        (cells("K-1", (NA, 1), (NA, 1)), "K-1 T: not applicable, all 2 cells are n/a."),
        (
            cells("K-1", (PASS, 3), (UNKNOWN, 4), (NA, 1)),
            "K-1 T: 1 pass, 1 unknown, 1 n/a (cells: 3). Credited weight / weight = "
            "4/12 = 1/3 = 33.3 %; at most 12/12 = 1 = 100.0 %. It caps its practice: critical, "
            "and without credit on a subject of tier 3 or 4 unless missing evidence proves good.",
        ),
    ],
)
def test_why_check_counts_cells_and_weights(tallies: list[Tally], text: str) -> None:
    assert why_check(single(tallies, "critical"), "T") == text


def test_why_speaks_of_not_applicable_nodes() -> None:
    scores = run([a_control("C", "K-1")], [a_check("K-1")], cells("K-1", (NA, 1)))
    view = scores.frameworks[0]
    assert "not applicable" in why_control(one(scores), "T", scores.checks, POLICY)
    assert "not applicable" in why_group(view.total, view.controls, POLICY)


def test_a_tally_of_an_unknown_check_is_an_error() -> None:
    with pytest.raises(KeyError):
        run([], [], cells("K-1", (PASS, 1)))

"""Roll-ups: the worked example 5.3, groups, the enterprise and its level, levels of frameworks."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction as F

import pytest
from score_models import (
    FAIL,
    PASS,
    POLICY,
    PROFILE,
    UNKNOWN,
    a_check,
    a_control,
    a_framework,
    cells,
    enterprise,
    golden_53,
    run,
)

from reporter.model.assessment import Control, Group, Theme
from reporter.model.scores import LevelScore, Status
from reporter.score import score

# ---------------------------------------------------------------- 5.3


def test_roll_up_keeps_the_cap() -> None:
    view = golden_53().frameworks[0]
    assert [c.lo for c in view.controls] == [F(1, 2), F(1, 2), 0]
    assert [c.hi for c in view.controls] == [F(1, 2), F(3, 4), 1]
    assert [c.rating_lo + c.rating_hi for c in view.controls] == ["PP", "PL", "NF"]
    assert [c.state for c in view.controls] == ["assessed", "assessed", "not_assessed"]
    assert view.controls[0].practices[0].raw_lo == F(3, 4)
    assert (view.total.lo, view.total.hi) == (F(3, 8), F(11, 16))
    assert (view.total.assessed, view.total.not_assessed) == (2, 1)
    assert view.total.coverage == (2 * F(1) + F(3, 4)) / 4


# ---------------------------------------------------------------- groups, targets, enterprise


GROUPS = (Group("F1", "Function"), Group("G1", "Category", "F1"), Group("F2", "Other"))


def test_groups_nest_and_hold_all_controls_below() -> None:
    checks = [a_check("K-1"), a_check("K-2")]
    tallies = [*cells("K-1", (PASS, 1)), *cells("K-2", (FAIL, 1))]
    controls = [a_control("A", "K-1", group="G1"), a_control("B", "K-2", group="F1")]
    groups = {g.id: g for g in run(controls, checks, tallies, groups=GROUPS).frameworks[0].groups}
    assert {i: g.members for i, g in groups.items()} == {"F1": ("A", "B"), "G1": ("A",), "F2": ()}
    assert [groups[i].lo for i in ("F1", "G1", "F2")] == [F(1, 2), 1, 0]


def test_enterprise_counts_each_check_once_by_theme() -> None:
    view = enterprise().enterprise
    assert [c.id for c in view.controls] == ["OWN", "INV", "PUR"]
    assert [c.state for c in view.controls] == ["assessed", "assessed", "not_applicable"]
    assert {c.weight for c in view.controls} == {1}
    assert (view.framework, view.total.id, view.total.title) == (
        "enterprise",
        "enterprise",
        "Enterprise",
    )
    assert view.controls[0].practices[0].weights == (("OWN-01", 2),)
    assert view.total.lo == 1


def test_a_target_is_that_of_the_enterprise_or_a_higher_one_of_the_theme() -> None:
    level = enterprise().level
    assert (level.lo, level.judged, level.target) == (3, 3, 4)
    assert [(t.theme, t.lo, t.target) for t in level.themes] == [
        ("OWN", 5, 5),
        ("INV", 5, 4),
        ("PUR", 5, 4),
    ]


@pytest.mark.parametrize(
    ("caps", "level", "bit"),
    [
        ([], 3, ()),
        ([(3, "three")], 3, ()),
        ([(0, "zero"), (4, "four"), (2, "two")], 0, ((0, "zero"), (2, "two"))),
    ],
)
def test_caps_hold_the_level_on_evidence_and_are_kept_where_they_bite(
    caps: list[tuple[int, str]], level: int, bit: tuple[tuple[int, str], ...]
) -> None:
    scores = enterprise(caps)
    assert (scores.level.lo, scores.level.hi, scores.level.caps) == (level, 3, bit)
    assert scores.enterprise.total.lo == 1


def test_caps_leave_scores_alone() -> None:
    assert enterprise([(0, "zero")]).frameworks == enterprise().frameworks


def _own(
    statuses: Sequence[Status], controls: Sequence[Control], themes: str = "AB"
) -> LevelScore | None:
    """The level beside a framework of checks A-1, B-2 ..., with these results in turn."""
    checks = [
        a_check(f"{themes[n % len(themes)]}-{n + 1}", level=n + 1) for n in range(len(statuses))
    ]
    tallies = [t for c, s in zip(checks, statuses, strict=True) for t in cells(c.id, (s, 1))]
    tables = [Theme(name, name) for name in themes]
    scores = score([a_framework(*controls)], checks, tables, tallies, POLICY, PROFILE)
    return scores.framework_levels.get("FW")


def test_the_level_beside_a_framework_is_the_rule_over_its_own_checks() -> None:
    controls = [a_control("C1", "A-1"), a_control("C2", "B-2")]
    level = _own([PASS, PASS, FAIL], controls)
    assert level and (level.lo, level.hi, level.judged) == (2, 2, 2), "A-3 is none of its checks"
    level = _own([PASS, UNKNOWN, PASS], controls)
    assert level and (level.lo, level.hi) == (1, 2)


@pytest.mark.parametrize(
    ("statuses", "controls"),
    [
        ([UNKNOWN, UNKNOWN, PASS], [a_control("C1", "A-1"), a_control("C2", "B-2"), a_control("C3", "A-3")]),
        ([PASS, PASS], [a_control("C1", "A-1"), a_control("C2", ask="?"), a_control("C3", ask="?")]),
        ([PASS, PASS], [a_control("C1", "B-2")]),
        ([PASS], []),
    ],
    ids=["one control of three assessed", "only questions", "no check at level 1", "no control"],
)  # fmt: skip
def test_a_framework_has_no_level_where_it_would_say_too_little(
    statuses: list[Status], controls: list[Control]
) -> None:
    assert _own(statuses, controls) is None


def test_contextual_checks_are_no_part_of_a_frameworks_level() -> None:
    controls = [a_control("C1", "A-1"), a_control("C2", "A-1"), a_control("C3", "B-2", how="contextual")]  # fmt: skip
    level = _own([PASS, FAIL], controls)
    assert level and level.lo == level.judged == 1

"""Roll-ups: group levels, the worked example 5.3, targets and gaps, the enterprise."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction as F

import pytest
from score_models import (
    FAIL,
    PASS,
    UNKNOWN,
    a_check,
    a_control,
    cells,
    enterprise,
    golden_53,
    one,
    run,
)

from reporter.model.assessment import Group, Profile
from reporter.model.scores import GroupScore


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
    scores = run([a_control("C", "K-1")], [a_check("K-1")], cells("K-1", (UNKNOWN, 1)), profile)
    assert (one(scores).gap, one(scores).gap_kind) == (gap, kind)
    assert scores.frameworks[0].total.gap == gap


def test_enterprise_counts_each_check_once_by_theme() -> None:
    view = enterprise().enterprise
    assert [c.id for c in view.controls] == ["OWN", "INV", "PUR"]
    assert [c.level_lo for c in view.controls] == [3, 1, 0]
    assert [c.state for c in view.controls] == ["assessed", "assessed", "not_applicable"]
    assert [c.target for c in view.controls] == [5, 4, 4]
    assert [c.gap for c in view.controls] == [2, 3, 0]
    assert {c.weight for c in view.controls} == {1}
    assert (view.framework, view.total.id, view.total.title) == (
        "enterprise",
        "enterprise",
        "Enterprise",
    )
    assert view.controls[0].practices[0].weights == (("OWN-01", 2),)
    assert (view.total.lo, view.total.level_lo, view.total.target, view.total.gap) == (
        F(1),
        1,
        4,
        3,
    )


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

"""Invariants of the scoring method (section 6) on random models."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from fractions import Fraction as F
from itertools import product
from pathlib import Path
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from score_models import POLICY, PROFILE, a_check, a_framework, cases, single

import reporter.score
from reporter.model.assessment import Check, Control, Framework, Group, Policy, Theme
from reporter.model.scores import (
    ControlScore,
    FrameworkScore,
    GroupScore,
    Scores,
    Status,
    Tally,
    passed_of_judged,
)
from reporter.score import rating, score

THEMES = (Theme("AAA", "A"), Theme("BBB", "B"))
GROUPS = (Group("F1", "F"), Group("G1", "G", "F1"))
STATUSES = st.sampled_from(Status)
IMPERFECT = (Status.FAIL, Status.UNKNOWN, Status.ATTESTED, Status.COMPENSATED)

quick = cases(75)


@dataclass(frozen=True)
class Model:
    checks: tuple[Check, ...]
    controls: tuple[Control, ...]
    tallies: tuple[Tally, ...]
    answers: dict[tuple[str, str], Status]

    @property
    def framework(self) -> Framework:
        return a_framework(*self.controls, groups=GROUPS)


def scored(model: Model, policy: Policy = POLICY, views: Sequence[Framework] = ()) -> Scores:
    frameworks = [model.framework, *views]
    answers = model.answers
    return score(frameworks, model.checks, THEMES, model.tallies, policy, PROFILE, answers=answers)


@st.composite
def tallies(draw: st.DrawFn, check: str) -> Tally:
    lo, hi = sorted((draw(st.integers(1, 4)), draw(st.integers(1, 4))))
    return Tally(check, draw(STATUSES), lo, hi, draw(st.integers(1, 4)))


@st.composite
def controls(draw: st.DrawFn, id_: str, checks: Sequence[str]) -> Control:
    how = st.sampled_from(["direct", "partial", "contextual"])
    mapped = draw(st.dictionaries(st.sampled_from(checks), how, max_size=4))
    group, ask = draw(st.sampled_from(["", "F1", "G1"])), draw(st.sampled_from(["", "Why?"]))
    return Control(id_, id_, group, "", ask, tuple(mapped.items()), draw(st.integers(1, 3)))


@st.composite
def models(draw: st.DrawFn) -> Model:
    severity = st.sampled_from(["critical", "critical", "high", "medium", "low"])
    ids = [f"{theme}-{n}" for theme in ("AAA", "BBB") for n in range(draw(st.integers(1, 3)))]
    checks = tuple(a_check(i, draw(severity), draw(st.integers(1, 3))) for i in ids)
    mapped = tuple(draw(controls(f"C{n}", ids)) for n in range(draw(st.integers(1, 4))))
    counted = tuple(t for i in ids for t in draw(st.lists(tallies(i), max_size=4)))
    answers = {("FW", c.id): draw(STATUSES) for c in mapped if draw(st.booleans())}
    return Model(checks, mapped, counted, answers)


def nodes(scores: Scores) -> dict[tuple[object, ...], tuple[F, ...]]:
    """Flatten every node to its lo, hi, and rating or level of both; a level has no score, a group no rating."""
    found: dict[tuple[object, ...], tuple[F, ...]] = {}
    for check in scores.checks.values():
        if check.applicable:
            found["check", check.check] = (check.lo, check.hi, F(0), F(0))
    for view in (*scores.frameworks, scores.enterprise):
        for group in (view.total, *view.groups):
            found[view.framework, "group", group.id] = (group.lo, group.hi, F(0), F(0))
        for control in view.controls:
            for key, rated in ((0, control), *((p.level, p) for p in control.practices)):
                marks = F("NPLF".index(rated.rating_lo)), F("NPLF".index(rated.rating_hi))
                found[view.framework, control.id, key] = (rated.lo, rated.hi, *marks)
    for name, level in {**scores.framework_levels, "enterprise": scores.level}.items():
        for key, of in ((name, level), *((t.theme, t) for t in level.themes)):
            found["level", name, key] = (F(0), F(1), F(of.lo), F(of.hi))
    return found


def settled(*views: FrameworkScore) -> Iterator[ControlScore | GroupScore]:
    for view in views:
        yield view.total
        yield from view.groups
        yield from view.controls


def all_controls(scores: Scores) -> list[ControlScore]:
    return [c for view in (*scores.frameworks, scores.enterprise) for c in view.controls]


def moved(model: Model, index: int, status: Status) -> Model:
    """Give one cell of the tally at this index another status."""
    tally = model.tallies[index]
    cell = replace(tally, status=status, n=1)
    rest = replace(tally, n=tally.n - 1)
    before, after = model.tallies[:index], model.tallies[index + 1 :]
    return replace(model, tallies=(*before, rest, cell, *after))


def having(model: Model, *statuses: Status) -> list[int]:
    return [i for i, tally in enumerate(model.tallies) if tally.status in statuses]


@quick
@given(models())
def test_i1_every_interval_is_ordered_and_within_0_and_1(model: Model) -> None:
    scores = scored(model)
    for lo, hi, level_lo, level_hi in nodes(scores).values():
        assert 0 <= lo <= hi <= 1
        assert 0 <= level_lo <= level_hi <= 5
    for node in settled(*scores.frameworks, scores.enterprise):
        assert 0 <= node.passed <= node.coverage <= 1
        assert (passed_of_judged(node) is None) == (node.coverage == 0)
    assert all(
        0 <= c.passed <= c.known <= 1 and 0 <= c.attested <= 1 for c in scores.checks.values()
    )


@quick
@given(models())
def test_what_is_fully_assessed_has_nothing_unknown(model: Model) -> None:
    scores = scored(model)
    for control in all_controls(scores):
        assert control.extent != "fully" or control.coverage == 1
        assert (control.extent == "not_at_all") == (control.state == "not_assessed")
        assert (control.extent == "") == (control.state == "not_applicable")
    for view in (*scores.frameworks, scores.enterprise):
        for group in (view.total, *view.groups):
            assert sum(group.extents[:3]) == group.assessed
            assert group.extents[3] == group.not_assessed


@quick
@given(models())
def test_i2_a_fix_lowers_nothing(model: Model) -> None:
    before = nodes(scored(model))
    for index in having(model, *IMPERFECT):
        after = nodes(scored(moved(model, index, Status.PASS)))
        for key, old in before.items():
            assert all(new >= was for new, was in zip(after[key], old, strict=True)), key


@quick
@given(models(), st.sampled_from([Status.PASS, Status.FAIL, Status.ATTESTED, Status.COMPENSATED]))
def test_i3_evidence_narrows_the_interval(model: Model, status: Status) -> None:
    before = nodes(scored(model))
    for index in having(model, Status.UNKNOWN):
        after = nodes(scored(moved(model, index, status)))
        for key, (lo, hi, level_lo, level_hi) in before.items():
            new = after[key]
            assert new[0] >= lo and new[1] <= hi and new[2] >= level_lo and new[3] <= level_hi


@quick
@given(models(), st.integers(1, 4), st.integers(1, 4), st.sets(st.integers(0, 5), min_size=1))
def test_i5_a_silent_new_agent_raises_no_lo(
    model: Model, tier_a: int, tier_b: int, which: set[int]
) -> None:
    lo, hi = sorted((tier_a, tier_b))
    silent = [
        Tally(check.id, Status.UNKNOWN, lo, hi, 1)
        for i, check in enumerate(model.checks)
        if i in which
    ]
    before = nodes(scored(model))
    after = nodes(scored(replace(model, tallies=(*model.tallies, *silent))))
    for key, old in before.items():
        assert after[key][0] <= old[0] and after[key][2] <= old[2], key


@quick
@given(models())
def test_i7_na_cells_leave_all_numbers_unchanged(model: Model) -> None:
    more = tuple(Tally(check.id, Status.NA, 1, 4, 3) for check in model.checks)
    assert nodes(scored(model)) == nodes(scored(replace(model, tallies=model.tallies + more)))


@quick
@given(models(), st.sampled_from([Status.UNKNOWN, Status.NA]))
def test_i8_zero_evidence_assesses_nothing(model: Model, status: Status) -> None:
    silent = tuple(t if t.status == Status.NA else replace(t, status=status) for t in model.tallies)
    scores = scored(replace(model, tallies=silent, answers={}))
    assert all(node.lo == 0 for node in settled(*scores.frameworks, scores.enterprise))
    assert all(node.coverage == 0 for node in settled(*scores.frameworks, scores.enterprise))
    assert scores.level.lo == 0 and not scores.framework_levels
    for control in all_controls(scores):
        assert control.state in ("not_assessed", "not_applicable")
        assert control.hi == (1 if control.state == "not_assessed" else 0)


@quick
@given(models(), st.randoms(use_true_random=False))
def test_i6_order_and_splitting_of_tallies_are_irrelevant(model: Model, random: Random) -> None:
    split = [replace(t, n=1) for t in model.tallies for _ in range(t.n)]
    random.shuffle(split)
    assert scored(replace(model, tallies=tuple(split))) == scored(model)


@quick
@given(models(), st.integers(2, 9))
def test_i11_cloning_the_inventory_changes_no_number(model: Model, times: int) -> None:
    cloned = tuple(replace(t, n=t.n * times) for t in model.tallies)
    assert nodes(scored(model)) == nodes(scored(replace(model, tallies=cloned)))


@quick
@given(models(), st.integers(2, 5), st.integers(2, 5), st.integers(2, 5), st.integers(2, 5))
def test_i12_multiplying_all_weights_changes_nothing(
    model: Model, tier: int, severity: int, strength: int, control: int
) -> None:
    w1, w2, w3, w4 = POLICY.tier_weights
    policy = replace(
        POLICY,
        tier_weights=(w1 * tier, w2 * tier, w3 * tier, w4 * tier),
        severity_weights={k: v * severity for k, v in POLICY.severity_weights.items()},
        strength_weights={k: v * strength for k, v in POLICY.strength_weights.items()},
    )
    heavy = tuple(replace(c, weight=c.weight * control) for c in model.controls)
    before, after = scored(model), scored(replace(model, controls=heavy), policy)
    assert nodes(before) == nodes(after)
    for old, new in zip(all_controls(before), all_controls(after), strict=True):
        assert (old.coverage, old.confidence) == (new.coverage, new.confidence)


@quick
@given(models(), st.integers(3, 4), st.integers(1, 3))
def test_i14_a_critical_fail_on_a_high_tier_knocks_the_practice_out(
    model: Model, tier: int, level: int
) -> None:
    bad = a_check("AAA-9", "critical", level)
    knocked = replace(
        model,
        checks=(*model.checks, bad),
        tallies=(*model.tallies, Tally("AAA-9", Status.FAIL, tier, tier, 1)),
        controls=tuple(
            replace(c, checks=(*c.checks, ("AAA-9", "partial"))) for c in model.controls
        ),
    )
    scores = scored(knocked)
    for control in (*scores.frameworks[0].controls, scores.enterprise.controls[0]):
        (practice,) = (p for p in control.practices if p.level == level)
        assert practice.hi <= F(1, 2) and "AAA-9" in practice.capped_by
    assert scores.level.hi < level and scores.level.themes[0].hi < level
    assert all(own.hi < level for own in scores.framework_levels.values())


@quick
@given(models())
def test_i15_a_level_stands_on_its_practices(model: Model) -> None:
    scores = scored(model)
    practices = [p for theme in scores.enterprise.controls for p in theme.practices]
    for level, marks in (
        (scores.level.lo, [(p.level, p.lo) for p in practices]),
        (scores.level.hi, [(p.level, p.hi) for p in practices]),
    ):
        assert all(value > F(85, 100) for n, value in marks if n < level)
        assert all(value > F(1, 2) for n, value in marks if n == level)
        assert not level or level in [n for n, _ in marks]


@quick
@given(models())
def test_i16_fail_compensated_pass_are_ordered(model: Model) -> None:
    for index in having(model, Status.COMPENSATED):
        worse, same, better = (
            nodes(scored(moved(model, index, status)))
            for status in (Status.FAIL, Status.COMPENSATED, Status.PASS)
        )
        for key, values in same.items():
            assert all(a <= b for a, b in zip(worse[key], values, strict=True))
            assert all(a <= b for a, b in zip(values, better[key], strict=True))


@quick
@given(models())
def test_i18_ratings_come_from_the_exact_fractions(model: Model) -> None:
    for practice in (p for c in all_controls(scored(model)) for p in c.practices):
        assert practice.rating_lo == rating(practice.lo, POLICY)
        assert practice.rating_hi == rating(practice.hi, POLICY)


def values(node: object) -> Iterator[object]:
    if is_dataclass(node):
        for field in fields(node):
            yield from values(getattr(node, field.name))
    elif isinstance(node, dict):
        for item in node.values():
            yield from values(item)
    elif isinstance(node, tuple):
        for item in node:
            yield from values(item)
    else:
        yield node


@quick
@given(models())
def test_i19_no_score_holds_a_float(model: Model) -> None:
    assert {type(value) for value in values(scored(model))} <= {F, int, bool, str}


def test_i19_the_module_names_no_float() -> None:
    tree = ast.parse(Path(reporter.score.__file__).read_text())
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    literals = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    assert not names & {"float", "round", "math"}
    assert not [value for value in literals if isinstance(value, float)]


@quick
@given(models(), st.data())
def test_i20_another_framework_moves_no_enterprise_number(
    model: Model, data: st.DataObject
) -> None:
    other = data.draw(controls("X", [check.id for check in model.checks]))
    more = scored(model, views=[a_framework(other, id_="XX")])
    before = scored(model)
    assert (more.enterprise, more.level, more.frameworks[0]) == (
        before.enterprise,
        before.level,
        before.frameworks[0],
    )


@quick
@given(models())
def test_i21_hiding_a_tier_raises_no_lo_and_lowers_no_hi(model: Model) -> None:
    before = nodes(scored(model))
    for index, tally in enumerate(model.tallies):
        for lo, hi in ((1, tally.tier_hi), (tally.tier_lo, 4), (1, 4)):
            shown = moved(model, index, tally.status)
            cell = replace(shown.tallies[index + 1], tier_lo=lo, tier_hi=hi)
            hidden = (*shown.tallies[: index + 1], cell, *shown.tallies[index + 2 :])
            after = nodes(scored(replace(shown, tallies=hidden)))
            for key, old in before.items():
                assert after[key][0] <= old[0] and after[key][1] >= old[1], key
                assert after[key][2] <= old[2] and after[key][3] >= old[3], key


@quick
@given(st.lists(tallies("K-1"), min_size=1, max_size=4))
def test_a_check_is_the_exact_bound_over_all_possible_tiers(cells: list[Tally]) -> None:
    cells = [replace(cell, n=1) for cell in cells if cell.status != Status.NA]
    known = [range(cell.tier_lo, cell.tier_hi + 1) for cell in cells]
    if cells:
        exact = [
            single([replace(c, tier_lo=t, tier_hi=t) for c, t in zip(cells, tiers, strict=True)])
            for tiers in product(*known)
        ]
        got = single(cells)
        assert got.lo == min(check.lo for check in exact)
        assert got.hi == max(check.hi for check in exact)
        assert got.known == min(check.known for check in exact)
        assert got.passed == min(check.passed for check in exact)


@quick
@given(st.lists(tallies("K-1"), min_size=1, max_size=6))
def test_what_is_met_of_what_could_be_judged_counts_no_unknown(cells: list[Tally]) -> None:
    cells = [replace(cell, tier_hi=cell.tier_lo) for cell in cells]
    weights = POLICY.tier_weights
    judged = [
        (c.status, c.n * weights[c.tier_lo - 1])
        for c in cells
        if c.status not in (Status.NA, Status.UNKNOWN)
    ]
    got = single(cells)
    if judged:
        met = sum(weight for status, weight in judged if status in (Status.PASS, Status.DECLARED))
        assert got.passed / got.known == F(met, sum(weight for _, weight in judged))
    else:
        assert (got.passed, got.known) == (0, 0)


def test_a_fixed_weight_for_half_credits_would_break_i2_and_i21() -> None:
    fails = Tally("K-1", Status.FAIL, 1, 1, 10)
    half = Tally("K-1", Status.COMPENSATED, 1, 4, 1)
    lo = single([fails, half]).lo
    assert lo == F(1, 22) < F(4, 18)
    assert lo <= single([fails, replace(half, status=Status.PASS)]).lo == F(1, 11)

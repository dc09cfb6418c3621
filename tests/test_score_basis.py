"""On what a score rests: parts that add up to it, each with the credit of its results."""

from __future__ import annotations

from fractions import Fraction as F

from hypothesis import given
from hypothesis import strategies as st
from score_models import POLICY, PROFILE, a_check, a_control, a_framework, cases

from reporter.model.assessment import Theme
from reporter.model.scores import STATED, Status, Tally
from reporter.schema.vocabulary import EVIDENCE
from reporter.score import score
from reporter.score.basis import bases, level_basis, parts_of_checks
from reporter.score.scorer import credits_of


@st.composite
def classed(draw: st.DrawFn) -> list[tuple[str, Tally]]:
    """Results of three checks with the class of their evidence."""
    found = []
    for _ in range(draw(st.integers(0, 9))):
        lo = draw(st.integers(1, 4))
        status = draw(st.sampled_from([*Status, Status.PASS, Status.PASS]))
        kind = draw(st.sampled_from(EVIDENCE[1:])) if status == Status.PASS else "declared"
        check = draw(st.sampled_from(("AAA-1", "AAA-2", "BBB-1")))
        found.append(
            (kind, Tally(check, status, lo, draw(st.integers(lo, 4)), draw(st.integers(1, 3))))
        )
    return found


@cases(150)
@given(classed(), st.sampled_from(Status))
def test_the_parts_of_a_score_add_up_to_it(
    results: list[tuple[str, Tally]], answer: Status
) -> None:
    checks = [a_check("AAA-1", "critical"), a_check("AAA-2", level=2), a_check("BBB-1", "high")]
    views = [
        a_framework(
            a_control("C", "AAA-1", "BBB-1", how="direct", ask="Why?"), a_control("D", "AAA-2")
        )
    ]
    themes, answers = [Theme("AAA", "A"), Theme("BBB", "B")], {("FW", "C"): answer}
    scores = score(views, checks, themes, [t for _, t in results], POLICY, PROFILE, answers=answers)
    by_check: dict[str, list[tuple[str, Tally]]] = {}
    for kind, t in results:
        by_check.setdefault(t.check, []).append((kind, t))
    parts = parts_of_checks(scores.checks, by_check, POLICY)
    credit = {"C": credits_of(POLICY)[answer]}
    for view, given_answers in ((scores.enterprise, {}), (scores.frameworks[0], credit)):
        lows = {c.id: c.lo for c in view.controls} | {"": view.total.lo}
        for basis in bases(view, parts, given_answers):
            assert sum(v for _, v in basis.parts) == lows[basis.id]
            assert all(v > 0 for _, v in basis.parts)


def test_each_class_has_the_credit_of_its_results() -> None:
    rows = [
        ("record", Tally("AAA-1", Status.PASS, 4, 4, 1)), ("observed", Tally("AAA-1", Status.PASS, 1, 1, 2)),
        ("declared", Tally("AAA-1", Status.DECLARED, 2, 2, 2)), ("declared", Tally("AAA-1", Status.COMPENSATED, 2, 2, 1)),
        ("declared", Tally("AAA-1", Status.FAIL, 3, 3, 1)),
    ]  # fmt: skip
    scores = score(
        [], [a_check("AAA-1")], [Theme("AAA", "A")], [t for _, t in rows], POLICY, PROFILE
    )
    parts = parts_of_checks(scores.checks, {"AAA-1": rows}, POLICY)
    # Of 20: 8 on record, 2 in logs, half of 4 declared, half of 2 by a statement.
    expected = {"record": F(8, 20), "observed": F(2, 20), "declared": F(2, 20), STATED: F(1, 20)}
    assert parts["AAA-1"] == expected
    level = level_basis("enterprise", scores.enterprise.controls, 1, parts)
    assert (level.is_level, dict(level.parts)) == (True, expected)

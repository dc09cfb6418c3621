"""What hangs on words, in a run: computed from its results, printed everywhere alike, and true once it is made so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import pytest
from fixture_estate import Estate
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from score_models import POLICY, PROFILE, a_check, a_control, a_framework, cases

from reporter import Run, assess
from reporter.content import loader
from reporter.content.loader import Content
from reporter.model.assessment import Theme
from reporter.model.scores import STATED, Least, Status, Tally
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


# a whole run


def sources(content: Content, **weaker: str) -> Content:
    """The content, with the company's own format an export, but for columns that are its word."""
    columns = {column.replace("__", "."): kind for column, kind in weaker.items()}
    return replace(
        content,
        sources=tuple(
            replace(s, evidence="record", weaker=columns) if s.id == "reporter-inventory" else s
            for s in content.sources
        ),
    )


def made(
    tmp: Path, estate: Estate, name: str, formats: Sequence[str] = ("json",), **more: Any
) -> Run:
    return assess(
        estate.write(tmp / f"{name}-ws"), tmp / name, formats=formats, cache=tmp / "cache", **more
    )


@pytest.fixture
def declared(content: Content, monkeypatch: pytest.MonkeyPatch) -> None:
    """The days of attack tests are what the company says, and no system shows."""
    held = sources(content, actors__tested_at="declared")
    monkeypatch.setattr(loader, "load", lambda *_, **__: held)


@pytest.mark.usefixtures("declared")
def test_the_level_falls_with_the_words_that_are_named_and_with_no_fewer(tmp_path: Path) -> None:
    run = made(tmp_path, Estate(), "now")
    assert run.level == 4
    budget = run.data.reliance.budgets[0]
    kind = Tally("GOV-03", Status.DECLARED, 4, 4, 2)
    assert (budget.words, budget.least) == (3, Least(2, 2, "3", (kind,)))
    named = [r.subject for r in run.view.reliance.sample if r.bears_on == "Level 4"]
    assert named == ["agent-1", "agent-2"]
    for false, level in ((1, 4), (2, 3)):
        estate = Estate()
        for agent in estate.agents:
            if agent["actor_id"] in named[:false]:
                agent["tested_at"] = "2025-01-01T00:00:00Z"
        assert made(tmp_path, estate, f"false-{false}").level == level


@pytest.mark.usefixtures("declared")
def test_every_edition_says_the_same(tmp_path: Path) -> None:
    run = made(tmp_path, Estate(), "now", ("html", "xlsx"))
    said = (
        "It falls from level 4 to 3 if 2 of 3 declared results and statements are false, and with fewer it"
        " stands: GOV-03 for agent-1 and agent-2."
    )
    assert said in run.explain("level").splitlines()
    assert said in run.explain("enterprise").splitlines()
    page = (tmp_path / "now/report.html").read_text()
    assert said in page
    for line in ("No statement carries it: of what level 3 asks for, nothing is declared or stated.",
                 "Rated L if 1 of its results failed, and not with fewer: INV-05 for agent-3."):  # fmt: skip
        assert line in page
    assert (
        "Rated L if 1 of its results failed, and not with fewer: INV-05 for agent-3."
        in run.explain("INV")
    )
    rests = next(r for r in run.view.reliance.levels if r.id == "enterprise").rests
    assert rests in run.explain("level") and "% declared" in rests
    sheet = load_workbook(tmp_path / "now/report.xlsx")["Audit sample"]
    head, *rows = sheet.iter_rows(values_only=True)
    assert head[:4] == ("bears on", "effect", "needed", "check")
    first = [row for row in rows if row[0] == "Level 4"]
    at = {name: place for place, name in enumerate(head)}
    assert [(row[at["check"]], row[at["subject"]], row[at["record"]]) for row in first] == [
        ("GOV-03", "agent-1", "inventory/agents.json#1"), ("GOV-03", "agent-2", "inventory/agents.json#2"),
    ]  # fmt: skip
    assert {row[at["look at"]] for row in first} == {
        "Whether a system shows what somebody declares; ask for its export."
    }
    assert len(rows) == len(run.view.reliance.sample) > 100


def test_level_0_cannot_fall(tmp_path: Path) -> None:
    run = made(tmp_path, Estate(), "own-word")  # a register of one's own: all of it is declared
    assert run.level == 0
    assert "Level 0 is the lowest: it cannot fall." in run.explain("level").splitlines()


def test_a_long_set_is_counted_to_its_end(tmp_path: Path) -> None:
    estate = Estate()
    run = made(tmp_path, estate, "now")
    for flips in run.data.reliance.flips:
        for least in filter(None, (flips.worse, flips.better)):
            assert sum(t.n for t in least.results) == least.at_most >= least.at_least > 0
    shown: dict[tuple[str, str], int] = {}
    for row in run.view.reliance.sample:
        if row.check.text or row.status:
            shown[row.bears_on, row.effect] = shown.get((row.bears_on, row.effect), 0) + 1
    assert max(shown.values()) <= 25

"""What hangs on words, in a run: computed from its results, printed everywhere alike, and true once it is made so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fixture_estate import Estate
from openpyxl import load_workbook

from reporter import Run, assess
from reporter.content import loader
from reporter.content.loader import Content
from reporter.model.scores import Least, Status, Tally


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
@pytest.mark.slow
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
@pytest.mark.slow
def test_every_edition_says_the_same(content: Content, tmp_path: Path) -> None:
    run = made(tmp_path, Estate(), "now", ("html", "xlsx"))
    said = (
        "It falls from level 4 to 3 if 2 of 3 declared results, risk tiers and statements are false; with"
        " fewer it holds: GOV-03 for agent-1 and agent-2."
    )
    assert said in run.explain("level").splitlines()
    assert said in run.explain("enterprise").splitlines()
    page = (tmp_path / "now/report.html").read_text()
    assert said in page
    for line in ("It depends on no statement: nothing that level 3 requires is only declared or stated.",
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
        "Whether a system shows what was declared; ask for its export."
    }
    assert len(rows) == len(run.view.reliance.sample) > 100
    asked = [row for row in rows if row[at["subject"]] == "answer to the question"]
    assert asked
    asks = {" ".join(c.ask.split()) for f in content.frameworks for c in f.controls}
    for row in asked:
        begin, question = row[at["reason"]].split(": ", 1)
        assert begin == "no one answered with evidence"
        assert question in asks and "?" in question
    assert "Question for a human" not in run.explain("INV")  # no theme asks one


@pytest.mark.slow
def test_level_0_cannot_fall(tmp_path: Path) -> None:
    run = made(tmp_path, Estate(), "own-word")  # a register of one's own: all of it is declared
    assert run.level == 0
    assert "Level 0 is the lowest: it cannot fall." in run.explain("level").splitlines()


@pytest.mark.slow
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

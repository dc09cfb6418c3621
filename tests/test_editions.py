"""The editions: each says the same numbers, the board's is short and plain, the engineer's leaves nothing out unsaid."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import fixture_assessment as given
import pikepdf
import pytest
from click.testing import CliRunner
from test_paper import said

from reporter.authoring.scaffold import init
from reporter.cli import main
from reporter.report import EDITIONS, WRITERS
from reporter.report.chapters.parts_of_the_whole import Dimension, SliceLine, Slices
from reporter.report.document import View
from reporter.report.findings import finding_records
from reporter.report.html import owner_tasks
from reporter.report.html import page as html
from reporter.runs.store import DATA, RESULTS

pytestmark = pytest.mark.slow

EXTREMES = {f.__name__: f for f in (given.rich, given.empty, given.perfect, given.single)}


class Tags(HTMLParser):
    """Every start tag with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def views() -> dict[str, View]:
    return {name: given.view(make()) for name, make in EXTREMES.items()}


@pytest.mark.parametrize("medium", ["screen", "paper"])
@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("name", EXTREMES)
def test_every_edition_holds_at_the_extremes(
    views: dict[str, View], name: str, edition: str, medium: str
) -> None:
    page = html.render(views[name], medium, edition=edition)
    tags = Tags(page).tags
    ids = [a["id"] for _, a in tags if a.get("id")]
    links = {(a["href"] or "")[1:] for t, a in tags if t == "a"}
    assert len(ids) == len(set(ids))
    assert links <= set(ids)
    assert [t for t, _ in tags].count("h1") == 1
    assert not {t for t, _ in tags} & {"img", "iframe", "link", "object"}
    scripts = [a for t, a in tags if t == "script"]
    assert scripts.count({}) == (medium == "screen")
    with_data = [(n, "auditor", "screen") for n in EXTREMES if n != "empty"]
    kinds = ("new-results", "decided-results", "dated-results")  # data, which no browser runs
    data = [{"type": "application/json", "id": kind} for kind in kinds]
    assert [a for a in scripts if a] == data * ((name, edition, medium) in with_data)
    assert "compliant" not in page.lower()
    assert views[name].cover.evidence_short in page


@pytest.mark.parametrize("edition", EDITIONS)
def test_what_is_compiled_in_advance_is_all_that_an_edition_takes(
    views: dict[str, View], edition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    html._compiled.cache_clear()
    html.warm_up([edition])

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a template is compiled while a report is written")

    monkeypatch.setattr(html.Environment, "compile", refuse)
    for medium in ("screen", "paper"):
        assert views["rich"].cover.title in html.render(views["rich"], medium, edition=edition)


@pytest.mark.parametrize("edition", ["board", "auditor"])
def test_editions_print_the_same_numbers(views: dict[str, View], edition: str) -> None:
    rich = views["rich"]
    page = html.render(rich, edition=edition)
    plain = re.sub(r"</?(?:b|span)\b[^>]*>", "", page)
    for f in (rich.summary.figure, *(x.total.figure for x in rich.frameworks)):
        assert f.text in page and f.range in page
    for control in rich.themes.controls:
        assert control.figure.range in plain


def test_the_board_reads_two_to_four_pages_or_one_without_a_score(
    views: dict[str, View], tmp_path: Path
) -> None:
    for name, made in views.items():
        WRITERS["board-pdf"](made, tmp_path / f"{name}.pdf")
        with pikepdf.open(tmp_path / f"{name}.pdf") as document:
            assert (1 if made.readiness else 2) <= len(document.pages) <= 4, name
            assert document.Root.MarkInfo.Marked


PERCENTS = re.compile("[0-9][ \u00a0]%")


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", ["html", "board-html", "docx", "pptx", "xlsx"])
def test_no_number_leaves_its_percent_sign_where_people_read(
    tmp_path: Path, name: str, language: str
) -> None:
    made = tmp_path / "made"
    WRITERS[name](given.view(given.rich(), language), made)
    parts = [made.read_bytes()]
    if not name.endswith("html"):
        texts = re.compile(r"document\.xml|slides/slide|worksheets/sheet|sharedStrings")
        with ZipFile(made) as parcel:
            parts = [parcel.read(n) for n in parcel.namelist() if texts.search(n)]
    page = re.sub(r"<(script|style)\b.*?</\1>", "", b" ".join(parts).decode(), flags=re.DOTALL)
    seen = PERCENTS.findall(unescape(re.sub(r"<[^>]*>", "<>", page)))
    assert seen and not [text for text in seen if " " in text]


@pytest.mark.parametrize(("edition", "at"), [("board", 0), ("auditor", 2)])
def test_the_first_page_is_one_page_however_much_it_says(
    views: dict[str, View], tmp_path: Path, edition: str, at: int
) -> None:
    made = views["rich"]
    lines = tuple(f"Line {n}: {'nobody can see this. ' * 4}" for n in range(30))
    long = replace(made, front=replace(made.front, unseen=lines, notes="The very last line."))
    name = "board-pdf" if edition == "board" else "pdf"
    WRITERS[name](long, tmp_path / "made.pdf")
    sheets = said(tmp_path / "made.pdf").split("\f")
    assert "The very last line." in sheets[at] and "Line 0:" in sheets[at]
    assert "Behind the first page" in sheets[at + 1]


@pytest.mark.parametrize("edition", EDITIONS[1:])
def test_only_the_auditors_pdf_carries_the_report_with_all_findings_and_addresses(
    views: dict[str, View], tmp_path: Path, edition: str
) -> None:
    """What that of the auditor carries is asked in test_report."""
    given.leave(given.rich(), tmp_path)
    data = [tmp_path / DATA, tmp_path / RESULTS]
    WRITERS[f"{edition}-pdf"](views["rich"], tmp_path / "made.pdf", data=data)
    with pikepdf.open(tmp_path / "made.pdf") as document:
        assert list(document.attachments) == []
        assert document.Root.MarkInfo.Marked


def test_every_edition_begins_with_the_same_first_page(views: dict[str, View]) -> None:
    front = views["rich"].front
    assert 0 < len(front.questions) <= 5
    for edition in ("auditor", "board"):
        page = html.render(views["rich"], edition=edition).replace("\u00a0", " ")
        for text in (front.judgement, front.outlook, front.change, *front.unseen):
            assert escape(text) in page
        for question in front.questions:
            assert escape(question.question) in page
            assert all(escape(choice.text) in page for choice in question.choices)
        assert all(rung.way in page for rung in front.rungs)
    assert front.change.startswith("No earlier run was compared")


def test_where_nothing_was_judged_no_share_of_it_is_met(views: dict[str, View]) -> None:
    made = given.view(given.empty())
    assert made.front.coverage == "We could judge nothing of what the method asks for."
    assert made.summary.coverage_text.startswith("Nothing of what the method asks for")
    assert "of that is met" in views["rich"].front.coverage


def test_the_board_of_nothing_says_that_nothing_is_known(views: dict[str, View]) -> None:
    empty, perfect = views["empty"].front, views["perfect"].front
    assert empty.judgement.startswith("Too little evidence to score")
    without = given.view(replace(given.empty(), feeds=())).front
    assert any("No log was provided" in line for line in without.unseen)
    assert (empty.outlook, empty.questions, perfect.questions) == ("", (), ())
    assert perfect.questions_text.startswith("Nothing that was assessed fails")


def test_task_lists_on_paper_show_or_count_every_open_result(
    views: dict[str, View], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner_tasks, "ON_PAPER", (3, 10))
    rich = views["rich"]
    made = owner_tasks.task_lists(rich, "paper")
    shown = [t for d in made for s in d.systems for t in s.tasks]
    hidden = sum(int(re.match(r"[\d,]+", d.more)[0].replace(",", "")) for d in made if d.more)  # type: ignore[index]
    assert len(shown) == 10
    assert len(shown) + hidden == sum(int(p.results) for p in rich.roadmap.picks)
    assert all(sum(len(s.tasks) for s in d.systems) <= 3 for d in made)
    assert all("todo.csv" in d.more for d in made if d.more)


def test_a_task_list_names_what_fails_where_and_what_to_do(views: dict[str, View]) -> None:
    rich = views["rich"]
    place = {name: n for n, name in enumerate(rich.finding_columns)}
    made = owner_tasks.task_lists(rich, "screen")
    assert [d.owner for d in made][-1] == "Nobody" or all(d.owner != "Nobody" for d in made)
    tasks = [t for d in made for s in d.systems for t in s.tasks]
    fixes = {row[place["check"]]: row[place["fix"]] for row in rich.findings}
    assert {(t.check, t.fix) for t in tasks} == {(c, fixes[c]) for c in {t.check for t in tasks}}
    page = html.render(rich, edition="engineer")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_assess_and_export_write_the_editions_that_are_asked_for(tmp_path: Path) -> None:
    ws, run = tmp_path / "ws", tmp_path / "run"
    init(ws, "Acme")

    def reporter(*words: object) -> Any:
        return CliRunner().invoke(main, [str(w) for w in words])

    done = reporter("assess", ws, "--out", run, "--formats", "html,json", "--editions", "board,engineer")  # fmt: skip
    assert done.exit_code == 0, done.output
    made = {p.name for p in run.iterdir() if p.suffix in (".html", ".pdf")}
    assert made == {"board.html", "engineer.html"}
    again = reporter("export", run, "--formats", "html", "--editions", "board", "--out", tmp_path)  # fmt: skip
    assert again.exit_code == 0, again.output
    assert (tmp_path / "board.html").read_bytes() == (run / "board.html").read_bytes()
    wrong = reporter("assess", ws, "--out", tmp_path / "other", "--editions", "bord")
    assert (wrong.exit_code, "'bord' is not one of auditor, board, engineer" in wrong.output) == (2, True)  # fmt: skip


def test_a_list_named_like_a_column_takes_no_place_of_it() -> None:
    rich = given.rich()
    named = tuple(replace(f, short=s) for f, s in zip(rich.frameworks, ("owner", "status", "actor"), strict=True))  # fmt: skip
    plain, odd = given.view(rich), given.view(replace(rich, frameworks=named))
    assert [d.owner for d in owner_tasks.task_lists(odd, "screen")] == [d.owner for d in owner_tasks.task_lists(plain, "screen")]  # fmt: skip
    for one, other in zip(finding_records(plain), finding_records(odd), strict=True):
        assert [one[k] for k in ("owner", "status", "actor")] == [other[k] for k in ("owner", "status", "actor")]  # fmt: skip


def test_what_holds_the_level_of_a_part_is_printed_with_it() -> None:
    rich = given.view(given.rich())
    line = SliceLine("environment", "test", 3, 2, 1, 0, "1", "", "50.0 %", "50.0–60.0 %", "1/2", "3/5", "90.0 %", "level 1 at most: an unregistered agent", "Owner 0.0 %")  # fmt: skip
    shown = replace(rich, slices=Slices("Parts.", (Dimension("By environment", "", (line,)),), (line,)))  # fmt: skip
    for medium in ("screen", "paper"):
        assert "level 1 at most: an unregistered agent" in html.render(shown, medium)


def test_the_board_says_how_far_the_sentence_of_a_level_holds() -> None:
    rich, perfect = given.rich(), given.perfect()
    level = replace(rich.scores.level, lo=1)
    bounds = given.view(replace(rich, scores=replace(rich.scores, level=level))).board.bounds
    assert bounds.startswith("That holds for the greater part: more than 50.0 %")
    assert "INV-01 fails for 14 of 56 and is not known for 8 of 56" in bounds
    assert "INV-02" not in bounds  # of level 2
    assert "Not shown" not in given.view(perfect).board.bounds
    assert given.view(rich).board.bounds == ""  # level 0 claims nothing

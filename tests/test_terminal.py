"""What stands in the input drives no terminal and no spreadsheet: every text leaves through one place."""

from __future__ import annotations

import ast
import csv
import html
import json
import re
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from conftest import printed, reporter, texts_of

from reporter import cli
from reporter.report import csv_lines
from reporter.system.log import last_line
from reporter.system.plain_text import clean, clean_json, clean_lines

pytestmark = pytest.mark.slow

EVIL = "\x1b]0;owned\x07\x1b[31m\x00\x9b2J\x85\u202eabc\u2066\u200f\ufeff\U000e0041"
"""OSC, BEL, CSI, NUL, C1, bidirectional controls, an invisible letter."""
UNSEEN = "\u202eabc\u2066\u200f\ufeff\x85"
"""What a workbook can hold of it."""
NAME = "x\x1b[31m\u202ey"
CODE = Path(cli.__file__).parent


def escaped(text: str) -> bool:
    """Tell whether nothing in a text but line ends is invisible."""
    return not any(
        unicodedata.category(c) in ("Cc", "Cf") for c in text if c not in "\n\u200c\u200d"
    )


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which every text that somebody else gives drives a terminal."""
    ws = tmp_path_factory.mktemp("hostile") / f"ws{NAME}"
    for sub in ("inventory", "logs", "statements"):
        (ws / sub).mkdir(parents=True)
    head = {
        "organisation": f"Org {EVIL}", "period": {"from": "2026-07-01", "to": "2026-10-01"},
        "log_sources": {f"gate{EVIL}": {"every": "day"}}, "frameworks": ["owasp-nhi-2025"],
    }  # fmt: skip
    text = json.dumps(head).replace(r"\udb40\udc41", r"\U000e0041")  # YAML, which wants escapes
    (ws / "reporter.yml").write_text(text)
    agents = [
        {"type": "agent", "actor_id": f"a{n}{EVIL}", "name": f"=cmd|{EVIL}", "state": "active", "owner_id": f"ann{EVIL}",
         "risk_tier": f"high{EVIL}", "environment": f"prod{EVIL}", "unit": f"u{EVIL}", "purpose": EVIL,
         "tools": [f"t{EVIL}"], "credentials": [{"credential_id": f"c{n}{EVIL}", "type": "api_key"}]}
        for n in (1, 2)
    ]  # fmt: skip
    _lines(ws / "inventory" / f"agents{NAME}.jsonl", [*agents, {"type": f"odd{EVIL}", EVIL: 1}])
    _lines(
        ws / "inventory" / "people.jsonl",
        [{"type": "human", "actor_id": f"ann{EVIL}", "state": "left"}],
    )
    event = {
        "time": "2026-08-01T08:00:00Z", "log_source": f"gate{EVIL}", "actor_id": f"a1{EVIL}", "actor_kind": "agent",
        "tool": f"tool{EVIL}", "effect": "delete", "resource": f"r{EVIL}", "destination": f"d{EVIL}", "outcome": "success",
        "event_id": f"e{EVIL}", "session_id": f"s{EVIL}", "version": f"v{EVIL}",
    }  # fmt: skip
    strange = {**event, "actor_id": f"unregistered{EVIL}", "event_id": f"f{EVIL}"}
    _lines(ws / "logs" / "gate.jsonl", [event, strange, {**event, "outcome": f"maybe{EVIL}"}])
    (ws / "logs" / f"no{NAME}.txt").write_text(f"{EVIL}\n")
    (ws / "inventory" / f"table{NAME}.csv").write_text(
        f"Agent{EVIL.replace(chr(0), '')},Owner,Status\nbot,ann,live\nbot2,bob,live\n"
    )
    book = openpyxl.Workbook()
    for title in ("agents", "others"):
        sheet = book.create_sheet(f"{title}{UNSEEN}")
        sheet.append(["type" if title == "agents" else "Agent name", "actor_id", f"col{UNSEEN}"])
        for n in range(3):
            sheet.append(
                ["agent" if title == "agents" else f"bot {n}", f"{title}{n}{UNSEEN}", UNSEEN]
            )
    book.save(ws / "inventory" / f"book{NAME}.xlsx")
    waiver = {"check": "OWN-02", "subject": f"a1{EVIL}", "approved_by": f"eve{EVIL}", "reason": EVIL, "approved_at": "2026-08-01",
              "expires": "2026-12-01"}  # fmt: skip
    with (ws / "statements" / "waivers.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerows([list(waiver), [v.replace("\0", "") for v in waiver.values()]])
    return ws


def _lines(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(r) + "\n" for r in records))


@pytest.fixture(scope="module")
def run(hostile: Path) -> Path:
    """A run over it."""
    out = hostile.parent / f"run{NAME}"
    done = reporter(
        "assess", hostile, "--out", out, "--formats", "json,csv,ocsf,sarif,oscal,html,xlsx"
    )
    assert done.exit_code == 0, done.output
    assert escaped(done.output) and "\\u202e" in done.output
    return out


def test_no_file_of_a_run_holds_what_drives_a_terminal(run: Path) -> None:
    texts = texts_of(p for p in run.rglob("*.*") if p.is_file() and p.suffix != ".parquet")
    pages = {n: html.unescape(t) for n, t in texts.items() if n.endswith((".html", ".xlsx"))}
    assert {n for n, t in pages.items() if not escaped(re.sub("[\r\t\xad]", "", t))} == set()
    assert len(pages) == 2 and all("\\u202e" in t for t in pages.values())
    assert {n for n, t in texts.items() if not escaped(t.replace("\r\n", "\n"))} == set()
    assert len([n for n in texts if n.endswith(".csv")]) >= 15
    told = {n for n, t in texts.items() if "\\u202e" in t}
    assert {
        "findings.csv",
        "agents.csv",
        "paths.csv",
        "tiers.csv",
        "todo.csv",
        "quarantine.csv",
    } <= told
    for name in texts:
        if name.endswith(".csv"):
            with (run / name).open(encoding="utf-8-sig", newline="") as file:
                cells = [c for row in csv.reader(file) for c in row]
            assert not [c for c in cells if c[:1] in ("=", "+", "@", "\t", "\r")], name


@pytest.mark.usefixtures("few_checks")
def test_no_verb_drives_a_terminal(hostile: Path, run: Path, tmp_path: Path) -> None:
    made: dict[str, Any] = printed(run)
    column = made["finding_columns"].index("subject")
    subject = next(f[column] for f in made["findings"] if "unregistered" in str(f))
    log = hostile / "logs" / "gate.jsonl"
    commands = {
        "enterprise": ("explain", run, "enterprise"),
        "an agent": ("explain", run, subject),
        "an agent that is not there": ("explain", run, f"none{NAME}"),
        "a check": ("explain", run, "INV-02"),
        "formats": ("formats", *sorted(hostile.rglob("*.*"))),
        "formats as JSON": ("formats", "--json", hostile),
        "map": ("map", hostile / "inventory" / f"table{NAME}.csv", "--out", tmp_path / f"m{NAME}.yml"),
        "try": ("lint", "--try", "reporter-events", log),
        "a file that is not there": ("lint", "--try", "reporter-events", hostile / f"none{NAME}"),
        "no workspace": ("assess", tmp_path / f"none{NAME}", "--out", tmp_path / "o"),
        "a verb that is not there": (f"verb{NAME}",),
        "an option that is not there": ("assess", f"--opt{NAME}"),
        "a value that is none": ("assess", hostile, "--out", tmp_path / "o", "--formats", f"pdf{NAME}"),
    }  # fmt: skip
    book = hostile / "inventory" / f"book{NAME}.xlsx"
    commands |= {
        "a sheet": ("map", book, "--sheet", f"others{UNSEEN}", "--kind", "agent", "--out", tmp_path / "m.yml"),
        "a sheet that is not there": ("map", book, "--sheet", f"none{NAME}"),
        "init": ("init", tmp_path / f"new{NAME}", "--organisation", f"Org{UNSEEN}\x1b"),
        "an action that is not there": ("explain", run, "--fix", f"none{NAME}"),
        "lines as JSON": ("assess", hostile, "--out", tmp_path / "p", "--formats", "json", "--log", "json", "--json"),
    }  # fmt: skip
    said = {name: reporter(*words).output for name, words in commands.items()}
    written = texts_of([*tmp_path.glob("*.yml"), *tmp_path.glob("new*/reporter.yml")])
    assert len(written) == 3
    assert {n for n, text in written.items() if not escaped(text) or "\\u202e" not in text.lower()} == set()  # fmt: skip
    assert {name for name, text in said.items() if not escaped(text) or not text} == set()
    assert {n for n, text in said.items() if "\\u202e" in text} >= {
        "formats",
        "formats as JSON",
        "map",
        "try",
        "an agent",
    }
    assert json.loads(said["formats as JSON"])


@pytest.mark.parametrize("char", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\x9b", "\u200e", "\u202e", "\u2028", "\u2066", "\ufeff", "\ud800", "\U000e0041"])  # fmt: skip
def test_what_cannot_be_seen_is_written_out(char: str) -> None:
    assert escaped(clean(char)) and clean(char).startswith("\\")
    assert clean_lines(f"a\n{char}") == f"a\n{clean(char)}"
    assert csv_lines.escape(f"a{char}") == f"a{clean(char)}"
    text = clean_json({"k": [char]}, indent=1)
    assert escaped(text) and json.loads(text) == {"k": [char]} and "\n" in text


def test_nothing_is_printed_and_no_table_written_beside_the_one_place() -> None:
    """`print_clean`, `print_json`, `print_plain` and `progress` of `terminal` print; `cell` writes cells of tables, and init its forms."""
    prints, tables = set(), set()
    for path in CODE.rglob("*.py"):
        for scope in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(scope, ast.FunctionDef):
                text = ast.unparse(scope)
                place = f"{path.relative_to(CODE)}:{scope.name}"
                prints |= (
                    {place}
                    if re.search(r"\b(click\.s?echo|print)\(|std(out|err)\.write", text)
                    else set()
                )
                tables |= {place} if "csv.writer(" in text else set()
    assert prints - {"authoring/docs.py:main", "authoring/messages.py:main"} == {
        "system/terminal.py:_print",
    }
    by = {
        scope.name
        for scope in ast.walk(ast.parse((CODE / "system/terminal.py").read_text("utf-8")))
        if isinstance(scope, ast.FunctionDef) and re.search(r"\b_print\(", ast.unparse(scope))
    }
    assert by - {"_print"} == {
        "print_clean",
        "print_json",
        "print_over",
        "print_plain",
        "progress",
        "show",
    }
    tables -= {"ingest/statement_files.py:line_for"}  # a line that `print_clean` prints
    assert tables == {"authoring/scaffold.py:_write_csv"}


@pytest.mark.parametrize("words", [("--log", "json"), ("--log=json",), ("--log", "text"), ()])
def test_the_last_line_of_a_program_that_was_ended_has_the_form_of_the_others(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    moment = datetime(2026, 10, 1, tzinfo=UTC)
    last_line(lambda: moment, ("reporter", "batch", *words))("interrupted")
    said = capsys.readouterr().err
    if any("json" in word for word in words):
        expected = {"time": "2026-10-01T00:00:00.000Z", "level": "error", "message": "interrupted"}
        assert json.loads(said) == expected
    else:
        assert said == "interrupted\n"

"""Whatever is put in, the engine says what is wrong and where, counts every record, and leaves no half run behind."""

from __future__ import annotations

import csv
import errno
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from conftest import assess_few, printed, reporter
from fixture_estate import Estate, agent

from reporter import report
from reporter.content import loader
from reporter.content.workspace import read_workspace
from reporter.errors import Errors
from reporter.ingest import convert
from reporter.pipeline import assess as running

pytestmark = pytest.mark.slow

HEAD = "organisation: X\nperiod: {from: '2026-07-01', to: '2026-10-01'}\n"
AGENT = '{"type": "agent", "actor_id": "a1", "state": "active", "owner_id": "ann"}'
EVENT = '{"time": "2026-08-01T08:00:00Z", "actor_id": "a1", "actor_kind": "agent", "outcome": "success"}'


def write(folder: Path, **files: str | bytes) -> Path:
    """Write a workspace: reporter.yml and the given files, `__` standing for a slash and `_` for the last dot."""
    for name, data in {"reporter_yml": HEAD, **files}.items():
        *dirs, last = name.split("__")
        path = folder.joinpath(*dirs, ".".join(last.rsplit("_", 1)))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return folder


def assess(ws: Path, *words: object, formats: str = "json") -> Result:
    """Assess a workspace into the folder `out` beside it."""
    return reporter("assess", ws, "--out", ws.parent / "out", "--formats", formats, *words)


def refused(result: Result, folder: Path, *says: str) -> None:
    """Demand exit code 3, the words, no traceback, and no trace of a run."""
    assert result.exit_code == 3, result.output
    for text in says:
        assert text in result.output
    assert "Traceback" not in result.output
    left = [
        p.name
        for p in folder.iterdir()
        if p.name == "out" or ".part" in p.name or p.name.startswith("reporter-")
    ]
    assert left == []


# ---------------------------------------------------------------- the workspace itself


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda ws: None, "no such folder"),
        (lambda ws: ws.write_text("x"), "is a file"),
        (lambda ws: ws.mkdir(), "no reporter.yml in it"),
    ],
)
def test_what_is_no_workspace_is_refused(
    tmp_path: Path, make: Callable[[Path], object], says: str
) -> None:
    make(tmp_path / "ws")
    refused(assess(tmp_path / "ws"), tmp_path, says, "reporter init")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("organisation: [\n", 2, "invalid YAML"),
        ("organisation: X\nperiod: {from: a\nas_of: x: y", 3, "invalid YAML"),
        (HEAD + "organisation: Y\n", 1, "'organisation' appears twice"),
        (HEAD + "a: &x 1\nb: *x\n", 4, "aliases are not read"),
        ("- a\n- b\n", 1, "one mapping was expected"),
        ("", 1, "one mapping was expected"),
        (HEAD + "oragnisation: Y\n", 3, "unknown key 'oragnisation'"),
        ("period: {from: '2026-07-01', to: '2026-10-01'}\n", 1, "'organisation' is missing"),
        ("organisation: 7\nperiod: {from: '2026-07-01', to: '2026-10-01'}\n", 1, "'organisation' must be a text, not 7\n  Write its name"),
        ("organisation: X\n", 1, "'period' is missing"),
        ("organisation: X\nperiod: 2026\n", 2, "'period' must be values by name (name: value), not 2026\n  Write `period: {from: 2026-07-01, to: 2026-10-01}`"),
        ("organisation: X\nperiod: {to: '2026-10-01'}\n", 2, "period.from is missing"),
        ("organisation: X\nperiod: {from: soon, to: '2026-10-01'}\n", 2, "period.from is 'soon'"),
        ("organisation: X\nperiod: {from: '2026-10-01', to: '2026-07-01'}\n", 2, "ends before it begins"),
        ("organisation: X\nperiod: {from: '2026-07-01', to: '2026-07-01'}\n", 2, "ends before it begins"),
        ("organisation: X\nperiod: {from: '2026-07-01', to: '2026-10-01', until: x}\n", 2, "unknown key 'until'"),
        (HEAD + "as_of: yesterday\n", 3, "as_of is 'yesterday'"),
        (HEAD + "as_of: '2026-01-01'\n", 3, "as_of is 2026-01-01, before the period is over"),
        (HEAD + "as_of: '2026-09-30'\n", 3, "Expected 2026-10-01 or later"),
        (HEAD + "as_of: '2026-09-30T23:59:59Z'\n", 3, "before the period is over"),
        (HEAD + "approvers: [ann]\n", 3, "'approvers' must be values by name"),
        (HEAD + "approvers: {waivers: [ann]}\n", 3, "approvers: unknown kind 'waivers'"),
        (HEAD + "approvers: {waiver: {ann: yes}}\n", 3, "approvers: waiver must be a list of roles or people"),
        (HEAD + "approvers: {waiver: [7]}\n", 3, "approvers: waiver must be a list of roles or people"),
        (HEAD + "due_days: 30\n", 3, "'due_days' must be values by name"),
        (HEAD + "due_days: {urgent: 3}\n", 3, "due_days: unknown severity 'urgent'\n  Known: critical, high, medium, low."),
        (HEAD + "due_days: {high: 0}\n", 3, "due_days: high must be a whole number of days above 0, not 0"),
        (HEAD + "due_days: {high: soon}\n", 3, "due_days: high must be a whole number of days"),
        (HEAD + "sign_off: Ruth\n", 3, "'sign_off' must be values by name"),
        (HEAD + "sign_off: {signed: Ruth}\n", 3, "sign_off: unknown key 'signed'"),
        (HEAD + "log_sources: [gateway]\n", 3, "'log_sources' must be values by name"),
        (HEAD + "log_sources: {g: hour}\n", 3, "log source 'g'"),
        (HEAD + "log_sources: {g: [hour]}\n", 3, "log source 'g'"),
        (HEAD + "log_sources: {g: {every: week}}\n", 3, "log source 'g'"),
        (HEAD + "log_sources: {g: {share: 0}}\n", 3, "log source 'g'"),
        (HEAD + "log_sources: {g: {share: true}}\n", 3, "log source 'g'"),
        (HEAD + "log_sources: {g: {shares: 50}}\n", 3, "log source 'g'"),
        (HEAD + "params: [OWN-02]\n", 3, "'params' must be values by name"),
        (HEAD + "params: {OWN-02: 30}\n", 3, "params: OWN-02"),
        ("organisation: [X]\nperiod: {}\n", 2, "period.from is missing"),
        ("period: {from: 2026-07-01, to: 2026-10-01}\norganisation: [X]\n", 2, "'organisation' must be a text, not ['X']\n  Write its name"),
        ("period: {from: 2026-07-01, to: 2026-10-01}\norganisation:\n", 2, "'organisation' must be a text, not empty"),
        ("period: {from: 2026-07-01, to: 2026-10-01}\norganisation: ''\n", 2, "organisation is empty\n  Write its name"),
        ("period: {from: 2026-07-01, to: 2026-10-01}\norganisation: '  \u00a0 '\n", 2, "organisation is empty"),
        ("organisation: X\nperiod: 2026-Q2\n", 2, "not '2026-Q2'\n  Write `period: {from:"),
        (HEAD + "unit: true\n", 3, "'unit' must be a text, not true or false\n  Write it in quotes."),
        (HEAD + "unit: 2026-01-01\n", 3, "'unit' must be a text, not 2026-01-01\n  Write it in quotes."),
        (HEAD + "frameworks: iso-42001\n", 3, "'frameworks' must be a list"),
        ("organisation: X\nperiod: {from: 0001-01-01, to: 9999-12-31}\n", 2, "the period is 0001-01-01 to 9999-12-31\n  Expected at most 20 years between 1970 and 2200."),
        ("organisation: X\nperiod: {from: 1969-12-31, to: 1970-02-01}\n", 2, "the period is 1969-12-31"),
        ("organisation: X\nperiod: {from: 2026-01-01, to: 2201-01-01}\n", 2, "the period is 2026-01-01 to 2201-01-01"),
        ("organisation: X\nperiod: {from: 2000-01-01, to: 2021-01-01}\n", 2, "at most 20 years"),
        ("organisation: X\nperiod: {from: '0001-01-01T00:00:00+14:00', to: 2021-01-01}\n", 2, "no calendar has"),
        (HEAD + "as_of: 9999-12-31\n", 3, "as_of is 9999-12-31\n  Expected a day up to 2200."),
        (HEAD + f"unit: {'[' * 5000}{']' * 5000}\n", 3, "nested too deeply: lists and objects are read to 500 levels"),
    ],
)  # fmt: skip
def test_a_wrong_reporter_yml_is_refused_by_line(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    ws = write(tmp_path / "ws", reporter_yml=text, inventory__a_json=AGENT)
    refused(assess(ws), tmp_path, f"{ws / 'reporter.yml'}:{line}: ", says)


def test_init_refuses_an_organisation_without_a_name(tmp_path: Path) -> None:
    done = reporter("init", tmp_path / "ws", "--organisation", " ")
    assert (done.exit_code, "organisation is empty" in done.output) == (3, True)
    assert not (tmp_path / "ws").exists()


@pytest.mark.parametrize("period", ["{from: 2006-07-01, to: 2026-07-01}", "{from: 2199-01-01, to: 2200-12-31}"])  # fmt: skip
def test_a_long_or_late_period_is_taken(tmp_path: Path, period: str) -> None:
    text = f"organisation: X\nperiod: {period}\nas_of: 2200-12-31\n"
    ws = write(tmp_path / "ws", reporter_yml=text)
    assert read_workspace(ws).run.as_of == datetime(2200, 12, 31)


@pytest.mark.usefixtures("few_checks")
def test_json_nested_beyond_what_is_read_is_told_in_plain_words(tmp_path: Path) -> None:
    deep = '{"type": "agent", "actor_id": "b", "x": ' + "[" * 5000 + "]" * 5000 + "}"
    ws = write(tmp_path / "ws", reporter_yml=HEAD, inventory__a_json=AGENT, inventory__b_jsonl=f"{AGENT}\n{deep}\n", inventory__c_json=deep)  # fmt: skip
    assert assess(ws).exit_code == 0
    told = (tmp_path / "out" / "quarantine.csv").read_text()
    assert told.count("nested too deeply: lists and objects are read to 500 levels") == 2
    assert "recursion" not in told


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("profile: gold\n", "no profile 'gold'", "Known: agentic-high, baseline, regulated."),
        ("params: {OWN-99: {x: 1}}\n", "no check 'OWN-99'", ""),
        ("params: {OWN-02: {leave_dais: 1}}\n", "OWN-02 has no parameter 'leave_dais'", "leave_days"),
        ("params: {OWN-02: {leave_days: many}}\n", "OWN-02: leave_days must be a whole number", ""),
        ("params: {OWN-02: {leave_days: true}}\n", "OWN-02: leave_days must be a whole number", ""),
        ("params: {OWN-02: {leave_days: 1.5}}\n", "OWN-02: leave_days must be a whole number", ""),
        ("params: {APR-02: {effects: delete}}\n", "APR-02: effects must be a list", ""),
        ("frameworks: [gold]\n", "frameworks: no 'gold'", "Known: "),
        ("samples: {OWN-99: {size: 1, frame: 2, seed: 3}}\n", "no check 'OWN-99'", ""),
        ("efforts: {OWN-99: 3}\n", "efforts: no check or cause 'OWN-99'", ""),
        ("params: {IDN-06: {told_percent: -5}}\n", "IDN-06: told_percent is -5", "Expected a whole number from 0 to 100."),
        ("params: {IDN-06: {told_percent: 101}}\n", "IDN-06: told_percent is 101", "Expected a whole number from 0 to 100."),
        ("params: {OWN-02: {leave_days: -1}}\n", "OWN-02: leave_days is -1", "Expected 0 or more."),
        ("params: {APR-02: {effects: []}}\n", "APR-02: effects must be a list", ""),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_refused(tmp_path: Path, text: str, says: str, hint: str) -> None:
    ws = write(tmp_path / "ws", reporter_yml=HEAD + text, inventory__a_json=AGENT)
    refused(assess(ws), tmp_path, f"{ws / 'reporter.yml'}:3: ", says, hint)


def test_a_changed_threshold_changes_results_and_is_in_the_manifest(
    good_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess_few(monkeypatch, "OWN-04")
    estate = Estate()
    estate.settings["params"] |= {"OWN-04": {"owner_attest_days": 10}}
    assert assess(estate.write(tmp_path / "ws")).exit_code == 0
    failed, hashes = [], []
    for run in (good_run, tmp_path / "out"):
        checks = printed(run)["checks"]
        failed.append(next(c["counts"]["failed"] for c in checks if c["id"] == "OWN-04"))
        hashes.append(json.loads((run / "manifest.json").read_text())["hashes"])
    assert failed == [0, 3]
    assert hashes[0]["thresholds"] != hashes[1]["thresholds"]
    assert hashes[0]["evidence_id"] != hashes[1]["evidence_id"]


# ---------------------------------------------------------------- nothing to read


def test_an_empty_workspace_is_refused(tmp_path: Path) -> None:
    ws = write(tmp_path / "ws")
    for name in ("inventory", "logs", "statements"):
        (ws / name).mkdir()
    refused(
        assess(ws),
        tmp_path,
        "no agent, no other actor and no event",
        "It holds no files under inventory/",
    )


def test_a_workspace_of_unknown_files_is_refused_and_each_is_named_with_why(tmp_path: Path) -> None:
    ws = write(
        tmp_path / "ws", inventory__a_bin=b"\0\1\2", inventory__b_csv="x,y\n1,2\n", logs__c_jsonl="{bad\n{worse\n",
        statements__d_txt="", statements__f_json='{"value": []}', inventory__e_docx=b"PK\x03\x04 word/document.xml",
    )  # fmt: skip
    says = ("inventory/a.bin: binary content of no known format", "inventory/b.csv: csv that no source recognises",
            "logs/c.jsonl: none of its records can be read as json", "statements/d.txt: the file is empty",
            "statements/f.json: an answer without records",
            "inventory/e.docx: a document (")  # fmt: skip
    refused(assess(ws), tmp_path, *says)


# ---------------------------------------------------------------- records

DIRTY = {
    "inventory__agents_jsonl": "\n".join([
        AGENT,
        "{broken",
        AGENT.replace("a1", "a2").replace('"active"', '"asleep"'),
        "",
        '{"type": "agent", "actor_id": "", "state": "active"}',
        AGENT.replace("a1", "a3").replace("}", ', "autonomy": "many", "created_at": "2026-01-05T10:00:00"}'),
        '{"type": "agent", "actor_id": "a4", "actor_id": "a5"}',
        AGENT,
    ]),
    "inventory__people_csv": "type,actor_id,state\nhuman,ann,active\nhuman,bob,active,extra\nrobot,rob,active\n",
    "logs__events_jsonl": "\n".join([
        EVENT, EVENT.replace("2026-08-01T08:00:00Z", "first of May"), EVENT.replace("success", "maybe"),
        EVENT[:40], '{"hello": "world"}', EVENT.replace("2026-08-01T08:00:00Z", "infinity"),
    ]),
    "logs__other_csv": "x,y\n1,2\n3,4\n",
    "logs__empty_jsonl": "",
}  # fmt: skip


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run over dirty files."""
    ws = write(tmp_path_factory.mktemp("dirty") / "ws", **DIRTY)
    with pytest.MonkeyPatch.context() as patch:
        assess_few(patch)
        result = assess(ws)
    assert result.exit_code == 0, result.output
    return ws.parent / "out"


def quarantine(run: Path) -> list[dict[str, str]]:
    """Read a run's quarantine.csv."""
    with (run / "quarantine.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_every_record_has_one_fate_and_the_four_add_up(dirty: Path) -> None:
    inputs = {i["file"]: i for i in json.loads((dirty / "manifest.json").read_text())["inputs"]}
    fates = ("read", "kept", "out_of_scope", "unreadable", "rejected")
    counts = {name: tuple(i[f] for f in fates) for name, i in inputs.items()}
    assert counts == {
        "inventory/agents.jsonl": (7, 4, 0, 2, 1),
        "inventory/people.csv": (3, 1, 1, 1, 0),
        "logs/empty.jsonl": (0, 0, 0, 0, 0),
        "logs/events.jsonl": (6, 1, 0, 1, 4),
        "logs/other.csv": (2, 0, 0, 2, 0),
    }
    for read, *rest in counts.values():
        assert read == sum(rest)


@pytest.mark.parametrize(
    ("file", "line", "kind", "reason"),
    [
        ("inventory/agents.jsonl", 2, "unreadable", "not JSON"),
        ("inventory/agents.jsonl", 3, "field", "actors.state is not one of draft, active"),
        ("inventory/agents.jsonl", 5, "rejected", "actors.actor_id is missing"),
        ("inventory/agents.jsonl", 6, "field", "actors.autonomy is not a whole number from 0 and of at most 18 digits: many"),
        ("inventory/agents.jsonl", 6, "field", "actors.created_at has no time zone and was read as UTC"),
        ("inventory/agents.jsonl", 7, "unreadable", "key 'actor_id' appears twice"),
        ("inventory/people.csv", 3, "unreadable", "4 cells under 3 headings"),
        ("logs/events.jsonl", 2, "rejected", "events.occurred_at is missing or unreadable"),
        ("logs/events.jsonl", 3, "rejected", "events.outcome is missing or unreadable; expected one of success"),
        ("logs/events.jsonl", 4, "unreadable", "not JSON"),
        ("logs/events.jsonl", 5, "rejected", "missing"),
        ("logs/events.jsonl", 6, "rejected", "events.occurred_at is missing or unreadable"),
        ("logs/other.csv", 1, "unreadable", "csv that no source recognises"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_record_is_told_by_line(
    dirty: Path, file: str, line: int, kind: str, reason: str
) -> None:
    found = [
        q["reason"]
        for q in quarantine(dirty)
        if (q["file"], q["line"], q["kind"]) == (file, str(line), kind)
    ]
    assert any(reason in text for text in found), found


@pytest.mark.usefixtures("few_checks")
def test_an_actor_that_stands_twice_is_a_finding(tmp_path: Path) -> None:
    estate = Estate()
    estate.agents.append(estate.agents[0])
    assert assess(estate.write(tmp_path / "ws")).exit_code == 0
    output = reporter("explain", tmp_path / "out", "INV-01").output
    assert re.search(r"fail \(1\)\n +INV-01 +agent-1: .*2", output), output


@pytest.mark.usefixtures("few_checks")
def test_a_log_and_its_copy_are_two_logs_and_not_four(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convert, "STREAM_FROM", 1)
    log = f"{EVENT}\n{EVENT}\n{{broken\n"
    ws = write(tmp_path / "ws", logs__a_jsonl=log, logs__b_jsonl=log)
    assert assess(ws).exit_code == 0
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert [(i["read"], i["kept"]) for i in manifest["inputs"]] == [(3, 2), (3, 2)]
    assert manifest["rows"]["events"] == 4


@pytest.mark.usefixtures("few_checks")
def test_what_is_named_in_a_folder_and_is_no_file_does_not_vanish(tmp_path: Path) -> None:
    ws = write(tmp_path / "ws", inventory__a_json=AGENT)
    (ws / "logs").mkdir()
    (ws / "logs" / "gone.jsonl").symlink_to(tmp_path / "nowhere")
    os.mkfifo(ws / "logs" / "pipe")
    assert assess(ws).exit_code == 0
    inputs = {
        i["file"]: i for i in json.loads((tmp_path / "out" / "manifest.json").read_text())["inputs"]
    }
    assert set(inputs) == {"inventory/a.json", "logs/gone.jsonl", "logs/pipe"}
    assert {q["file"] for q in quarantine(tmp_path / "out")} == {"logs/gone.jsonl", "logs/pipe"}


def _with_few_rights(*words: object) -> subprocess.CompletedProcess[str]:
    """Run the command without the right of root to open everything."""
    is_root = os.geteuid() == 0
    drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if is_root else []
    return subprocess.run(
        [*drop, sys.executable, "-m", "reporter.cli", *map(str, words)],
        capture_output=True,
        text=True,
    )


needs_rights = pytest.mark.skipif(
    os.geteuid() == 0 and not shutil.which("setpriv"), reason="root reads everything"
)


@needs_rights
def test_a_file_or_folder_that_may_not_be_read_is_counted(tmp_path: Path) -> None:
    """A folder ended the run at results.parquet, which nobody had asked for; one beside was not named."""
    files = ("inventory/b.json", "logs/shut/c.jsonl", "logs/listed/d.jsonl", "other/e.json")
    ws = write(tmp_path / "ws", inventory__a_json=AGENT)
    for name in files:
        (ws / name).parent.mkdir(parents=True, exist_ok=True)
        (ws / name).write_text(AGENT)
    modes = {"inventory/b.json": 0, "logs/shut": 0, "logs/listed": 0o444, "other": 0}
    for name, mode in modes.items():
        (ws / name).chmod(mode)
    done = _with_few_rights("assess", ws, "--out", tmp_path / "out", "--formats", "json,csv")
    for name in modes:
        (ws / name).chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert {q["file"] for q in quarantine(tmp_path / "out")} == {
        "inventory/b.json", "logs/shut", "logs/listed/d.jsonl"
    }  # fmt: skip
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert "other" in {f["file"] for f in manifest["inputs"]}


@needs_rights
@pytest.mark.parametrize(
    "words", ["--out shut/run", "--out run --cache shut", "--out run --temp shut/t", "--out run"]
)
def test_a_place_that_may_not_be_used_is_named_with_what_to_do(tmp_path: Path, words: str) -> None:
    ws = write(tmp_path / "ws", inventory__a_json=AGENT)
    shut = tmp_path / "shut"
    if words == "--out run":
        shut = ws / "mappings"  # read as none, its logs would be of no known format
    shut.mkdir()
    shut.chmod(0o555 if "shut" in words else 0)
    places = [tmp_path / w if "--" not in w else w for w in words.split()]
    done = _with_few_rights("assess", ws, *places, "--formats", "json")
    shut.chmod(0o755)
    assert done.returncode == 3
    assert f"{shut}" in done.stderr and "Permission denied" in done.stderr
    assert "Give whoever runs this the right to it" in done.stderr
    assert not (tmp_path / "run").exists() and not list(shut.iterdir())


@pytest.mark.usefixtures("few_checks")
def test_a_run_inside_its_workspace_is_not_read_by_the_next(tmp_path: Path) -> None:
    ws = write(tmp_path / "ws", inventory__a_json=AGENT)
    for name in ("one", "two"):
        result = reporter("assess", ws, "--out", ws / "runs" / name, "--formats", "json")
        assert result.exit_code == 0, result.output
    one, two = ((ws / "runs" / n / "manifest.json").read_bytes() for n in ("one", "two"))
    assert one == two


# ---------------------------------------------------------------- trouble while writing


@pytest.mark.usefixtures("few_checks")
def test_a_full_disk_leaves_no_half_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(view: object, path: Path, **more: object) -> None:
        path.write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setitem(report.WRITERS, "html", full)
    ws = write(tmp_path / "ws", inventory__a_json=AGENT)
    refused(assess(ws, formats="json,html"), tmp_path, "No space left on device")


@pytest.mark.usefixtures("few_checks")
def test_a_full_disk_without_a_name_tells_where_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that fails half way names no file: only the call that opens one does."""

    def full(view: object, path: Path, **more: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setitem(report.WRITERS, "html", full)
    ws = write(tmp_path / "ws", inventory__a_json=AGENT)
    refused(
        assess(ws, formats="json,html"), tmp_path, "No space left on device", tempfile.gettempdir()
    )


@pytest.mark.usefixtures("few_checks")
def test_a_watch_on_a_full_disk_names_the_places_it_writes_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(watching: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("reporter.pipeline.watch.watching.Watch.look", full)
    ws = write(tmp_path / "ws", inventory__a_json=AGENT)
    result = reporter("watch", ws, "--state", tmp_path / "state", "--once")
    assert result.exit_code == 3
    assert "the state (--state), the lines (--out)" in result.output, result.output
    assert tempfile.gettempdir() in result.output and "--cache" not in result.output


@pytest.mark.usefixtures("few_checks")
def test_an_interrupt_leaves_no_half_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(view: object, path: Path, **more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(report.WRITERS, "html", interrupted)
    result = assess(write(tmp_path / "ws", inventory__a_json=AGENT), formats="html")
    assert result.exit_code == 130
    assert [p.name for p in tmp_path.iterdir()] == ["ws", ".reporter-cache"] or not (
        tmp_path / "out"
    ).exists()
    assert not list(tmp_path.glob("*.part")) and not list(tmp_path.glob(".*.part"))


@pytest.mark.parametrize("given", ["1MB", "40MB", "255MB", "244 MiB", "1KB"])
def test_less_memory_than_checks_need_is_refused_with_the_least(given: str, tmp_path: Path) -> None:
    result = assess(tmp_path / "ws", "--memory", given)
    assert result.exit_code == 2
    assert "give 256MB or more" in result.output


def test_the_least_memory_is_enough_for_every_check(tmp_path: Path) -> None:
    options = ("--memory", "256MB", "--strict")
    result = assess(Estate().write(tmp_path / "ws"), *options, formats="json")
    assert result.exit_code == 0, result.output


def test_an_engine_without_memory_is_no_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reporter.system.options.LEAST_MEMORY", 0)
    result = assess(Estate().write(tmp_path / "ws"), "--memory", "1MB")
    refused(result, tmp_path, "memory", "Give more: --memory 4GB")


def test_a_defect_of_ours_exits_3_and_shows_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "compile_all", lambda *_: 1 / 0)
    result = assess(write(tmp_path / "ws", inventory__a_json=AGENT))
    assert result.exit_code == 3
    assert "ZeroDivisionError" in result.output


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [_pipe, _device])
@pytest.mark.parametrize("place", ["ws/mappings/m.yml", "extra/checks/c.yml", "extra/other.yml", "page.html"])  # fmt: skip
def test_a_pipe_or_device_in_place_of_content_is_refused_at_once(
    place: str, make: Callable[[Path], None], tmp_path: Path
) -> None:
    ws = write(tmp_path / "ws", inventory__a_json=AGENT)
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    make(tmp_path / place)
    words = {"e": ("--extra", tmp_path / "extra"), "p": ("--template", tmp_path / place)}
    refused(assess(ws, *words.get(place[0], ())), tmp_path, "it is not a regular file", place)


def test_content_has_a_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reporter.system.plain_text.MOST_OF_CONTENT", 2 << 20)
    ws = write(tmp_path / "ws", inventory__a_json=AGENT, mappings__m_yml="#" * (2 << 20) + "#")
    refused(assess(ws), tmp_path, "it has more than 2 MB", "mappings/m.yml")


@pytest.mark.parametrize("out", ["/proc/reporter/run", "ws/reporter.yml/run"])
def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path, out: str) -> None:
    ws = write(tmp_path / "ws", inventory__a_json=AGENT)
    result = reporter("assess", ws, "--out", tmp_path / out, "--formats", "json")
    refused(result, tmp_path)
    assert out.split("/")[1] in result.output


@pytest.mark.parametrize("option", ["--out", "--cache", "--temp"])
def test_nothing_is_written_where_the_next_run_would_read_it(tmp_path: Path, option: str) -> None:
    ws = write(tmp_path / "ws", inventory__a_json=AGENT)
    words = {"--out": tmp_path / "out", option: ws / "inventory" / "mine"}
    result = reporter("assess", ws, *[x for pair in words.items() for x in pair])
    assert result.exit_code == 3
    assert "among the evidence of the workspace" in result.output
    assert [path.name for path in (ws / "inventory").iterdir()] == ["a.json"]


def test_what_is_no_folder_is_not_called_a_run(tmp_path: Path) -> None:
    ws = write(tmp_path / "ws", inventory__a_json=AGENT)
    result = reporter("assess", ws, "--out", "/dev/null")
    assert result.exit_code == 3 and "this is not a folder" in result.output


# ---------------------------------------------------------------- names that bite

# The page shows ten failures of a check, in order: the "!" keeps the tag of a template among them.
NAMES = [
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)",
    "../../etc/passwd", "o'brien; DROP TABLE actors; --", 'say "hi"', "two\nlines", "tab\tbed", "gnp\u202eexe.txt",
    "x" * 400, "代理人 🤖", "{{ 7*7 }}", "!{% raw %}", "a|b#1", "%s %(x)s", "\\", "${HOME}", "&lt;", "a;b", "*", "NULL",
]  # fmt: skip


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run over an inventory of names that bite."""
    agents = [
        agent(1) | {"actor_id": n, "name": n, "purpose": n, "business_unit": n, "owner_id": "", "policy_id": n,
                    "process_id": n, "principal_id": n, "tools": [n]}
        for n in NAMES
    ]  # fmt: skip
    folder = tmp_path_factory.mktemp("hostile")
    ws = write(
        folder / "ws",
        inventory__a_json=json.dumps(agents),
        reporter_yml=HEAD.replace("X", "'<b>=1+1</b>'"),
    )
    result = assess(ws, formats="html,csv")
    assert result.exit_code == 0, result.output
    return folder / "out"


def test_hostile_names_are_all_kept(hostile: Path) -> None:
    inputs = json.loads((hostile / "manifest.json").read_text())["inputs"]
    assert [(i["read"], i["kept"]) for i in inputs] == [(len(NAMES), len(NAMES))]
    subjects = {row["subject"].removeprefix("'") for row in _findings(hostile)}
    assert {n for n in NAMES if n.isprintable() and n.isascii()} <= subjects


def test_hostile_names_stay_text_in_html(hostile: Path) -> None:
    page = (hostile / "report.html").read_text(encoding="utf-8")
    assert page.lower().count("<script") == 1  # our own, at the end
    assert '<script>(() => {\n"use strict";' in page
    assert "<img" not in page.lower()
    assert html.escape("<script>alert(1)</script>") in page
    assert "<b>=1+1" not in page
    assert "\u202e" not in page
    for name in ("{{ 7*7 }}", "{% raw %}", "%s %(x)s", "${HOME}", "&amp;lt;"):
        assert name in page


def _findings(run: Path) -> list[dict[str, str]]:
    with (run / "findings.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_hostile_names_start_no_formula_in_csv(hostile: Path) -> None:
    cells = [cell for row in _findings(hostile) for cell in row.values()]
    assert not [c for c in cells if c.lstrip().startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert any(c.startswith("'=cmd") for c in cells)


@pytest.mark.usefixtures("read_once")
@pytest.mark.parametrize(
    "name", [NAMES[0], NAMES[2], NAMES[4], NAMES[7], "x" * 400, "{{ 7*7 }}", "%s %(x)s"]
)
def test_an_agent_with_a_hostile_name_can_be_explained(hostile: Path, name: str) -> None:
    result = reporter("explain", "--", hostile, name)
    assert result.exit_code == 0, result.output
    assert "OWN-01" in result.output


# ---------------------------------------------------------------- content of one's own

CHECK = """\
id: OWN-90
title: Each agent has a nickname
why: Nobody calls an agent by its number.
about: agent
severity: low
level: 1
evidence: inventory
sql: |
  SELECT
    a.actor_id AS subject,
    a.name IS NOT NULL AS ok,
    a.name
  FROM agents AS a
reasons: {pass: "named {name}", fail: it has no name}
fix: Give it one.
examples:
  - {name: one, given: {actors: [{actor_id: a, kind: agent, name: x}]}, expect: {a: pass}}
"""
CATALOG = """\
id: house-rules
title: House rules
short: House
version: "1"
publisher: Us
url: https://example.org
text_policy: own-words
controls:
  - id: H1
    title: Names
    paraphrase: Agents have names.
    ask: Do they?
    checks: {direct: [OWN-90, OWN-01]}
"""
PROFILE = "id: house\ntitle: House profile\ntarget: 1\nthemes: {OWN: 3}\n"
SOURCE = """\
id: house-list
title: House list
when: (r ->> 'robot') IS NOT NULL
tables:
  actors: SELECT record, r ->> 'robot' AS actor_id, 'agent' AS kind, 'active' AS state, r ->> 'nick' AS name FROM raw
"""


def extra(folder: Path, **changed: str) -> Path:
    """Write a folder of one's own content."""
    files = {"checks__own__OWN-90-nick_yml": CHECK, "catalogs__house_yml": CATALOG, "profiles__house_yml": PROFILE,
             "sources__house_yml": SOURCE, **changed}  # fmt: skip
    for name, text in files.items():
        *dirs, last = name.split("__")
        path = folder.joinpath(*dirs, ".".join(last.rsplit("_", 1)))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.mark.usefixtures("few_checks")
def test_own_check_catalog_source_and_profile_take_part(tmp_path: Path) -> None:
    ws = write(
        tmp_path / "ws", reporter_yml=HEAD + "profile: house\n",
        inventory__list_json='[{"robot": "r1", "nick": "Robby"}, {"robot": "r2", "nick": ""}]',
    )  # fmt: skip
    result = assess(ws, "--extra", extra(tmp_path / "extra"))
    assert result.exit_code == 0, result.output
    made: dict[str, Any] = printed(tmp_path / "out")
    house = next(f for f in made["frameworks"] if f["id"] == "house-rules")
    assert house["controls"][0]["id"] == "H1"
    targets = {t["id"]: (t["permits"] or {}).get("target") for t in made["themes"]["controls"]}
    assert targets["OWN"] == 3
    check = next(c for c in made["checks"] if c["id"] == "OWN-90")
    assert (check["counts"]["declared"], check["counts"]["failed"]) == (1, 1)
    inputs = json.loads((tmp_path / "out" / "manifest.json").read_text())["inputs"]
    assert [i["source"] for i in inputs] == ["house-list"]


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("checks__own__OWN-90-nick_yml", "a.name IS", "a.nmae IS", 'no column "nmae" in agents'),
        ("checks__own__OWN-90-nick_yml", "FROM agents", "FROM read_csv('/etc/passwd')", "not a plain table name"),
        ("checks__own__OWN-90-nick_yml", "severity: low", "severity: tiny", "'severity' is 'tiny'"),
        ("checks__own__OWN-90-nick_yml", "about: agent", "about: robot", "'about' is 'robot'"),
        ("checks__own__OWN-90-nick_yml", "evidence: inventory", "evidence: inventory\nshows: effect", "'shows' is 'effect'"),
        ("checks__own__OWN-90-nick_yml", "level: 1", "level: 6", "'level' must be 1 to 5"),
        ("checks__own__OWN-90-nick_yml", "fix: Give it one.\n", "", "'fix' is missing"),
        ("checks__own__OWN-90-nick_yml", "why: ", "whyy: x\nwhy: ", "unknown key 'whyy'"),
        ("checks__own__OWN-90-nick_yml", "id: OWN-90", "id: OWN-91", "must be named OWN-91-....yml"),
        ("checks__own__OWN-90-nick_yml", "sql: |", "needs: [agents.nme]\nsql: |", "needs: no column 'agents.nme'"),
        ("checks__own__OWN-90-nick_yml", "id: OWN-90", "id: OWN-01", "must be named OWN-01-....yml"),
        ("catalogs__house_yml", "OWN-90, OWN-01", "OWN-90, OWN-00", "H1 lists check OWN-00, which does not exist"),
        ("catalogs__house_yml", "    ask: Do they?\n", "", "control H1 lacks 'ask'"),
        ("catalogs__house_yml", "ask: Do they?", "ask:", "control H1 lacks 'ask'"),
        ("catalogs__house_yml", "direct", "strong", "unknown strength 'strong'"),
        ("catalogs__house_yml", "{direct: [OWN-90, OWN-01]}", "[OWN-90]", "'checks' must be lists by strength"),
        ("catalogs__house_yml", "[OWN-90, OWN-01]", "OWN-90", "'checks' must be lists by strength"),
        ("catalogs__house_yml", "[OWN-90, OWN-01]", "{OWN-90: '', OWN-01: x}", "H1: OWN-90 has no reason as text"),
        ("catalogs__house_yml", "ask: Do they?", "ask: Do they?\n    not_shown: 3", "H1: 'not_shown' must be text"),
        ("catalogs__house_yml", "ask: Do they?", "ask: Do they?\n    documented: maybe", "H1: 'documented' must be true or"),
        ("catalogs__house_yml", "ask: Do they?", "ask: Do they?\n    notshown: x", "H1: unknown key 'notshown'"),
        ("catalogs__house_yml", "controls:", "groups: [{id: G}]\ncontrols:", "group G lacks 'title'"),
        ("catalogs__house_yml", "  - id: H1", "  - just text\n  - id: H1", "control lacks 'id'"),
        ("catalogs__house_yml", "    ask: Do", "    official_text: Their words.\n    ask: Do", "H1 has an 'official_text', and the"),
        ("catalogs__house_yml", "text_policy: own-words", "text_policy: full-text", "and 'official_text' go together"),
        ("catalogs__house_yml", "controls:", "official_text: {source: s, language: en}\ncontrols:", "'official_text' go together"),
        ("catalogs__house_yml", "text_policy: own-words", "text_policy: full-text\nofficial_text: {source: s}", "a source and a language"),
        ("catalogs__house_yml", "text_policy: own-words", "text_policy: full-text\nofficial_text: {source: s, language: en}",
         "'licence_note' is missing"),
        ("catalogs__house_yml", "text_policy: own-words", "text_policy: full-text\nofficial_text: {source: s, language: English}",
         "'language' is 'English'"),
        ("catalogs__house_yml", "    ask: Do", "    official_text: 3\n    ask: Do", "H1: 'official_text' must be text"),
        ("catalogs__house_yml", "short: House", "shrot: House", "unknown key 'shrot'"),
        ("catalogs__house_yml", "id: house-rules", "id: owasp-nhi-2025", "catalog owasp-nhi-2025 is in"),
        ("profiles__house_yml", "target: 1", "target: low", "'target' must be a whole number"),
        ("profiles__house_yml", "id: house", "id: baseline", "profile baseline is in"),
        ("profiles__house_yml", "OWN: 3", "OWX: 3", "target 'OWX' is not a theme"),
        ("profiles__house_yml", "target: 1", "default: 1", "unknown key 'default'"),
        ("sources__house_yml", "actors:", "robots:", "no table 'robots' to load"),
        ("sources__house_yml", "AS actor_id", "AS robot_id", "robot_id"),
        ("sources__house_yml", "FROM raw", "FROM rwa", "a source reads raw and nothing else"),
        ("sources__house_yml", "(r ->> 'robot') IS", "(q ->> 'robot') IS", "'when' cannot run"),
    ],
)  # fmt: skip
def test_a_mistake_in_ones_own_content_is_named_by_place(
    tmp_path: Path, name: str, old: str, new: str, says: str
) -> None:
    texts = {"checks__own__OWN-90-nick_yml": CHECK, "catalogs__house_yml": CATALOG,
             "profiles__house_yml": PROFILE, "sources__house_yml": SOURCE}  # fmt: skip
    assert old in texts[name]
    folder = extra(tmp_path / "extra", **{name: texts[name].replace(old, new)})
    ws = write(tmp_path / "ws", inventory__list_json='[{"robot": "r1", "nick": "Robby"}]')
    *dirs, last = name.split("__")
    place = folder.joinpath(*dirs, ".".join(last.rsplit("_", 1)))
    refused(assess(ws, "--extra", folder), tmp_path, says, str(place))


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    folder = extra(
        tmp_path / "extra", profiles__house_yml="id: x\n", sources__house_yml="id: [\n",
        **{"checks__own__OWN-90-nick_yml": CHECK.replace("level: 1", "level: 9")},
    )  # fmt: skip
    result = assess(write(tmp_path / "ws", inventory__a_json=AGENT), "--extra", folder)
    refused(result, tmp_path, "'title' is missing", "invalid YAML", "'level' must be 1 to 5")


def test_a_target_is_a_level(tmp_path: Path) -> None:
    text = "id: house\ntitle: House\ndescription: x\ntarget: 2\nthemes: {OWN: 7}\n"
    folder = extra(tmp_path / "extra", profiles__house_yml=text)
    result = assess(write(tmp_path / "ws", inventory__a_json=AGENT), "--extra", folder)
    refused(result, tmp_path, "house.yml:5: OWN: 7 is not a level; expected 1 to 5")


def test_a_shipped_id_cannot_be_taken_by_ones_own_check(tmp_path: Path) -> None:
    folder = extra(
        tmp_path / "extra", **{"checks__own__OWN-01-mine_yml": CHECK.replace("OWN-90", "OWN-01")}
    )
    refused(
        assess(write(tmp_path / "ws", inventory__a_json=AGENT), "--extra", folder),
        tmp_path,
        "OWN-01-mine.yml:8: check OWN-01 is in frameworks/checks/own/OWN-01-named-owner.yml:10 too",
    )


@pytest.mark.parametrize("kind", ["missing", "file", "without content"])
def test_an_extra_folder_that_holds_nothing_is_refused(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "extra"
    if kind == "file":
        folder.write_text("x")
    if kind == "without content":
        folder.mkdir()
        (folder / "OWN-90-nick.yml").write_text(CHECK)
    result = assess(write(tmp_path / "ws", inventory__a_json=AGENT), "--extra", folder)
    refused(result, tmp_path, str(folder), "checks")


@pytest.mark.parametrize("name", ["frameworks", "reporter/ingest/sources"])
def test_own_content_is_validated_as_foreign_wherever_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    extra(tmp_path / name / "mine")
    assert loader.load((Path(name) / "mine",)).extra == {"OWN-90"}
    extra(
        tmp_path / name / "mine",
        sources__house_yml=SOURCE.replace("FROM raw", "FROM read_csv('/etc/passwd')"),
    )
    with pytest.raises(Errors):
        loader.load((Path(name) / "mine",))


@pytest.mark.parametrize(
    "key",
    ["when: (r ->> 'robot') IS NOT NULL", "skip: {}", "type_of: {}"],
    ids=["when", "skip", "type_of"],
)
@pytest.mark.parametrize(
    "evil",
    [
        "TRUE) OR (FALSE",
        "TRUE /*",
        "(SELECT count(*) FROM read_text('/etc/passwd')) > 0",
        "TRUE; SELECT 1",
    ],
)
def test_each_condition_of_a_source_stands_for_itself(tmp_path: Path, key: str, evil: str) -> None:
    text = (
        SOURCE.replace(key, f'{key.split(":")[0]}: "{evil}"')
        if "when" in key
        else SOURCE + key.format(f'"{evil}"\n')
    )
    folder = extra(tmp_path / "extra", sources__house_yml=text)
    with pytest.raises(Errors):
        loader.load((folder,))

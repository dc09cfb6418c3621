"""`reporter check`: what an assessment would make of a workspace, found out before one."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import Result
from conftest import reporter

from reporter.ingest.readers.files import discover
from reporter.ingest.readers.inputs import FOLDERS
from reporter.pipeline.preview import beginnings
from reporter.runs.store import Results, read_data

pytestmark = pytest.mark.slow

HEAD = "organisation: X\nperiod: {from: '2026-07-01', to: '2026-10-01'}\nas_of: '2026-10-01'\n"
AGENTS = "type,actor_id,name,owner_id\nagent,a1,One,ann\nagent,a2,Two,bob\nagent,a3,Three,\n"
EVENT = {
    "event_id": "e", "time": "2026-07-02T10:00:00Z", "log_source": "gateway", "actor_id": "a1",
    "action": "read", "tool": "crm.read", "effect": "read", "outcome": "success",
}  # fmt: skip


def workspace(folder: Path, files: dict[str, str]) -> Path:
    """A workspace with these files; reporter.yml too."""
    for name, text in {"reporter.yml": HEAD, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def events(first: int, last: int, **more: str) -> str:
    return "".join(
        json.dumps(EVENT | {"event_id": f"e{n}", "resource": f"r{n}"} | more) + "\n"
        for n in range(first, last)
    )


def told(folder: Path, *words: str) -> dict[str, Any]:
    result = reporter("check", folder, "--json", *words)
    assert result.exit_code == 0, result.output
    made: dict[str, Any] = json.loads(result.stdout)
    return made


def section(result: Result, title: str) -> list[str]:
    """The lines below a title, up to the next empty one."""
    _, _, rest = result.output.partition(f"{title}\n")
    return [line.strip() for line in rest.partition("\n\n")[0].splitlines()]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "It holds no files under inventory/"),
        ({"statements/policy.pdf": "%PDF-1.4"}, "statements/policy.pdf: a document (PDF)"),
        ({"inventory/bots.csv": "Bot-Nr.;Wer\nB-1;anna\nB-2;otto\n"}, "inventory/bots.csv: csv that no source recognises"),
        ({"reporter.yml": "organisation: X\n"}, "period"),
    ],
    ids=["empty", "documents", "strange", "settings"],
)  # fmt: skip
def test_what_assess_refuses_is_refused_with_the_same_message(
    tmp_path: Path, files: dict[str, str], message: str
) -> None:
    place = workspace(tmp_path / "ws", files)
    looked, run = reporter("check", place), reporter("assess", place, "--out", tmp_path / "run")
    assert (looked.exit_code, run.exit_code) == (3, 3)
    assert message in looked.stderr
    assert looked.stderr.strip() in run.stderr
    assert not (tmp_path / "run").exists()


def test_a_refusal_is_data_too(tmp_path: Path) -> None:
    result = reporter("check", workspace(tmp_path, {}), "--json")
    made = json.loads(result.stdout)
    assert result.exit_code == 3
    assert (made["would_run"], made["files"]) == (False, [])
    assert made["refused"] in result.stderr


def test_a_command_for_a_strange_file_is_to_be_run_from_here(tmp_path: Path) -> None:
    place = workspace(tmp_path / "my ws", {"inventory/bots.csv": "Bot-Nr.;Wer\nB-1;anna\n"})
    assert (
        f"reporter map '{place.as_posix()}/inventory/bots.csv'" in reporter("check", place).stdout
    )


def test_the_numbers_are_those_of_the_run(tmp_path: Path) -> None:
    place = workspace(
        tmp_path / "ws", {"inventory/agents.csv": AGENTS, "logs/a.jsonl": events(0, 9)}
    )
    made = told(place)
    run = tmp_path / "run"
    assert reporter("assess", place, "--out", run, "--formats", "json", "--quiet").exit_code == 0
    results = Results(run, ())
    ((count, unknown),) = results.query(
        "SELECT count(*), count(*) FILTER (WHERE status = 'unknown') FROM held"
    )
    assert (made["results"], made["unknown"]) == (count, unknown)
    alone = sum(a["alone"] for a in made["bring"])
    assert alone + made["need_several"] + made["unknown_for_other_reasons"] == unknown
    assert made["depends_on_whole_logs"] == 0
    assert all(a["what"] and a["how"] and a["checks"] for a in made["bring"])


def test_five_things_are_named_and_the_others_counted(tmp_path: Path) -> None:
    place = workspace(tmp_path, {"inventory/agents.csv": AGENTS})
    result, made = reporter("check", place), told(place)
    assert [f"  {n}. " in result.stdout for n in (1, 5, 6)] == [True, True, False]
    others = len(made["bring"]) - 5
    assert f"  {others} further lines are needed for " in result.stdout
    assert made["bring"][0]["what"] in result.stdout


REVIEWS = (
    "type,review_id,actor_id,completed_at,due_at,trigger,snapshot_at,snapshot_from,reviewer_id\n"
    + "".join(f"review,R{n},a{n},2026-09-20,2026-09-25,calendar,2026-09-19,iam,zoe\n" for n in (1, 2, 3))
)  # fmt: skip


@pytest.mark.parametrize("has_log", [True, False])
def test_what_is_promised_of_a_list_is_what_it_decides_alone(tmp_path: Path, has_log: bool) -> None:
    """Results that lack a log too, or another list, stay unknown, and are not promised."""
    log = {
        "logs/a.jsonl": "".join(
            events(n, n + 1, time=f"2026-{7 + n // 31:02}-{1 + n % 31:02}T10:00:00Z", actor_id=f"a{1 + n % 3}")
            for n in range(92)
        )
    }  # fmt: skip
    register = (
        "type,actor_id,name,owner_id,state,created_at,risk_tier,review_cadence_days\n"
        + "".join(f"agent,a{n},N,ann,active,2026-01-0{n},high,90\n" for n in (1, 2, 3))
    )
    files = {"inventory/agents.csv": register, **(log if has_log else {})}
    place = workspace(tmp_path / "ws", files)
    (ask,) = (a for a in told(place)["bring"] if a["what"].startswith("Access reviews"))
    before = unknown_of(place, tmp_path / "before")
    workspace(place, {"inventory/reviews.csv": REVIEWS})
    after = unknown_of(place, tmp_path / "after")
    decided = {r for r in before - after if r[0] in ask["checks"]}
    assert len(decided) == ask["alone"]
    assert {check for check, _ in decided} == (
        {"REV-01", "MON-06", "APR-06"} if has_log else {"REV-01"}
    )
    assert ask["together"] > 0 and ask["with"]


def unknown_of(place: Path, run: Path) -> set[tuple[str, str]]:
    assert reporter("assess", place, "--out", run, "--formats", "json", "--quiet").exit_code == 0
    sql = (
        "SELECT \"check\", subject FROM held WHERE status = 'unknown' AND subject <> 'organisation'"
    )
    return {*Results(run, ()).query(sql)}


def test_folders_and_files_that_are_not_read_are_named(tmp_path: Path) -> None:
    place = workspace(
        tmp_path,
        {
            "inventory/agents.csv": AGENTS,
            "inventory/notes.txt": "The agents are fine.",
            "Logs2/a.jsonl": events(0, 3),
        },
    )
    lines = section(reporter("check", place), "Not read, and why:")
    assert lines[0].startswith("Logs2/a.jsonl: not read: it is in Logs2/")
    assert lines[0].endswith("did you mean logs/?")
    assert lines[1] == "inventory/notes.txt: text of no known format"


def test_what_is_there_twice_is_named_once(tmp_path: Path) -> None:
    place = workspace(
        tmp_path,
        {
            "inventory/agents.csv": AGENTS,
            "inventory/some.csv": AGENTS.replace("agent,a3,Three,\n", "agent,a9,Nine,\n"),
            "inventory/others.csv": "type,actor_id,name,owner_id\nagent,a1,One,ann\nagent,a5,Five,\nagent,a6,Six,\n",
            "logs/a.jsonl": events(0, 20),
            "logs/b.jsonl": events(0, 20),
            "logs/c.jsonl": events(10, 30),
            "logs/d.jsonl": events(30, 50),
        },
    )
    made = told(place)
    assert made["same_files"] == [["logs/a.jsonl", "logs/b.jsonl"]]
    assert [(o["file"], o["other"], o["shared"], o["records"]) for o in made["same_records"]] == [
        ("inventory/agents.csv", "inventory/some.csv", 2, 3),
        ("logs/a.jsonl", "logs/c.jsonl", 10, 20),
    ]
    lines = section(reporter("check", place), "Duplicates; leave one out:")
    assert lines[0] == "logs/a.jsonl and logs/b.jsonl are the same"
    assert lines[2] == "logs/a.jsonl: 10 of 20 records are in logs/c.jsonl too"


def test_columns_that_nothing_reads_are_lost(tmp_path: Path) -> None:
    wide = "".join(f"{line},x,y\n" for line in AGENTS.splitlines()[1:])
    place = workspace(
        tmp_path,
        {
            "inventory/agents.csv": f"type,actor_id,name,owner_id,Owner,Cost centre\n{wide}",
            "inventory/all.json": json.dumps({"agents": [{"type": "agent", "actor_id": "b1", "purpose": "p", "Zweck": "z"}]}),
            "logs/okta.jsonl": events(0, 2, whatever="x"),
        },
    )  # fmt: skip
    unread = {f["file"]: f["unread_columns"] for f in told(place)["files"]}
    assert unread == {
        "inventory/agents.csv": ["Owner", "Cost centre"],
        "inventory/all.json": ["Zweck"],
        "logs/okta.jsonl": ["whatever"],
    }
    lines = section(reporter("check", place), "Records, fields and columns lost:")
    assert "inventory/agents.csv: nothing reads Owner, Cost centre" in lines


def test_every_shipped_example_of_our_own_formats_is_read_to_its_last_column(sample: Path) -> None:
    """What it calls lost must be lost: the sample has no column that nothing reads."""
    place = Path(__file__).parents[1] / "sample_data/acme/2026-q3"
    assert {*(c for f in told(place)["files"] for c in f["unread_columns"])} == set()


def test_records_and_fields_that_are_lost_are_counted_with_the_first(tmp_path: Path) -> None:
    log = events(0, 3) + "{broken\n" + events(3, 5, effect="fly")
    log += events(5, 8, time="2026-07-02T10:00:00")
    place = workspace(tmp_path / "ws", {"inventory/agents.csv": AGENTS, "logs/a.jsonl": log})
    made = told(place)
    (entry,) = made["lost"]
    assert {k: entry[k] for k in ("file", "records", "fields", "line", "kind")} == {
        "file": "logs/a.jsonl", "records": 1, "fields": 2, "line": 4, "kind": "unreadable",
    }  # fmt: skip
    ((file, n),) = ((e["file"], e["n"]) for e in made["noted"])
    assert (file, n) == ("logs/a.jsonl", 3)
    result = reporter("check", place)
    (line,) = section(result, "Records, fields and columns lost:")
    assert line.startswith(
        "logs/a.jsonl: 1 record unreadable or rejected and 2 fields that could not be read;"
        " the first in line 4 (unreadable): not JSON"
    )
    (line,) = section(result, "Noted, and nothing is lost by it:")
    assert line.startswith("logs/a.jsonl: 3 notes; the first in line 7 (field): ")
    run = tmp_path / "run"
    assert reporter("assess", place, "--out", run, "--formats", "json", "--quiet").exit_code == 0
    notices = {n.code: dict(n.values) for n in read_data(run).notices}
    assert (notices["records_lost"]["n"], notices["fields_unread"]["n"]) == (1, 2)


def test_sheets_of_one_workbook_are_not_the_same(tmp_path: Path) -> None:
    place = workspace(tmp_path, {"inventory/agents.csv": AGENTS})
    book = openpyxl.Workbook()
    rows = {
        "Register": [["Bot-Nr.", "Wer"], ["B-1", "anna"]],
        "Legende": [["Kürzel", "Sinn"], ["B", "Bot"]],
    }
    for name, lines in rows.items():
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(line)
    del book["Sheet"]
    book.save(place / "inventory/bots.xlsx")
    assert told(place)["same_files"] == []
    shutil.copy(place / "inventory/bots.xlsx", place / "inventory/copy.xlsx")
    assert told(place)["same_files"] == [["inventory/bots.xlsx", "inventory/copy.xlsx"]]


def test_a_command_that_a_run_suggests_is_to_be_run_from_here(tmp_path: Path) -> None:
    files = {"inventory/agents.csv": AGENTS, "inventory/my bots.csv": "Bot-Nr.;Wer\nB-1;anna\n"}
    place = workspace(tmp_path / "ws", files)
    said = reporter("assess", place, "--out", tmp_path / "run", "--formats", "json").stdout
    assert f"`reporter map '{place.as_posix()}/inventory/my bots.csv'`" in said
    assert str(tmp_path) not in (tmp_path / "run/report.json").read_text()


def test_a_weak_match_is_doubted(tmp_path: Path) -> None:
    mixed = events(0, 6) + '{"who": "else"}\n' * 4
    place = workspace(tmp_path, {"inventory/agents.csv": AGENTS, "logs/a.jsonl": mixed})
    doubts = {f["file"]: f["doubts"] for f in told(place)["files"]}
    assert doubts == {
        "inventory/agents.csv": [],
        "logs/a.jsonl": ["60% of its first records are Reporter events"],
    }


@pytest.mark.parametrize("packed", [False, True])
def test_of_a_large_log_pieces_are_read_and_its_gaps_are_no_lack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    monkeypatch.setattr(beginnings, "WHOLE", 1 << 10)
    monkeypatch.setattr(beginnings, "PIECE", 1 << 9)
    days = [
        events(n, n + 1, time=f"2026-{7 + n // 31:02}-{1 + n % 28:02}T10:00:00Z") for n in range(90)
    ]
    place = workspace(
        tmp_path / "ws", {"inventory/agents.csv": AGENTS, "logs/a.jsonl": "".join(days)}
    )
    if packed:
        log = place / "logs/a.jsonl"
        (place / "logs/a.jsonl.gz").write_bytes(gzip.compress(log.read_bytes(), 0))
        log.unlink()
    made = told(place)
    (log_file,) = (f for f in made["files"] if f["file"].startswith("logs/"))
    assert log_file["in_part"] and 0 < log_file["read"] < 90
    assert log_file["unreadable"] == 0
    assert log_file["bytes"] == (place / log_file["file"]).stat().st_size
    assert not [a for a in made["bring"] if "log gateway" in a["what"]]
    assert made["depends_on_whole_logs"] > 0
    said = reporter("check", place).stdout
    assert "Large logs were only sampled" in said
    judged = made["results"] - made["unknown"] - made["depends_on_whole_logs"]
    assert f"about {judged:,} of {made['results']:,} results could be judged" in said


def test_pieces_lie_evenly_over_a_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beginnings, "WHOLE", 1 << 10)
    monkeypatch.setattr(beginnings, "PIECE", 1 << 9)
    place = workspace(
        tmp_path / "ws", {"logs/a.jsonl": events(0, 400) + events(400, 401, destination="late")}
    )
    (file,) = discover(place, FOLDERS)
    looked = beginnings.beginning(file, tmp_path / "part")
    lines = [json.loads(line) for line in looked.file.path.read_text().splitlines()]
    numbers = [int(line["event_id"][1:]) for line in lines]
    assert (numbers[0], numbers[-1]) == (0, 400)
    assert len({*numbers}) == len(numbers)
    assert max(b - a for a, b in zip(numbers, numbers[1:], strict=False)) < 400 // 10


def test_nothing_is_written_beside_the_workspace(tmp_path: Path) -> None:
    place = workspace(tmp_path / "ws", {"inventory/agents.csv": AGENTS})
    before = sorted(tmp_path.rglob("*"))
    assert reporter("check", place).exit_code == 0
    assert sorted(tmp_path.rglob("*")) == before

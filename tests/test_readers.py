"""Readers against damage: nothing crashes, nothing is lost unsaid, all counts add up."""

from __future__ import annotations

import codecs
import datetime
import gzip
import io
import json
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reporter import catalog, yamls
from reporter.db import Engine, OutOfMemory
from reporter.errors import ContentError
from reporter.ingest import cache as store
from reporter.ingest import convert, files, load, recognise, spool
from reporter.ingest.files import sniff
from reporter.ingest.inputs import Inputs
from reporter.ingest.items import Document
from reporter.ingest.tables import LOADED, columns_of
from reporter.ingest.tabular import csv_rows
from reporter.model import FileCount, Quarantined

SOURCES = tuple(catalog.read_source(p) for p in sorted(yamls.content_dir()[1].glob("*.yml")))


@dataclass(frozen=True)
class Taken:
    files: dict[str, FileCount]
    quarantined: tuple[Quarantined, ...]
    rows: dict[str, list[tuple[Any, ...]]]

    @property
    def only(self) -> FileCount:
        (count,) = self.files.values()
        return count

    @property
    def reasons(self) -> str:
        return " | ".join(q.reason for q in self.quarantined)


Ingest = Callable[..., Taken]


def take(folder: Path, **files: bytes) -> Taken:
    """Ingest files given as name=content ('__' is a dot); check that every file adds up."""
    logs = folder / "ws" / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (logs / name.replace("__", ".")).write_bytes(content)
    with Engine(folder / "work") as engine:
        intake = load.ingest(
            engine, Inputs.of(folder / "ws"), SOURCES, store.open_cache(folder / "cache")
        )
        rows = {}
        for table in LOADED:
            names = ", ".join(["file", "record", *(n for n, _ in columns_of(table))])
            rows[table.name] = engine.rows(f"SELECT {names} FROM in_{table.name} ORDER BY ALL")
    for f in intake.files:
        assert f.read == f.kept + f.out_of_scope + f.unreadable + f.rejected, f
    return Taken({f.file: f for f in intake.files}, intake.quarantined, rows)


@pytest.fixture
def ingest(tmp_path: Path) -> Ingest:
    return lambda **files: take(tmp_path, **files)


def event(n: int, **more: Any) -> dict[str, Any]:
    made = {
        "event_id": f"e{n}",
        "time": f"2026-07-01T00:{n // 60 % 60:02d}:{n % 60:02d}Z",
        "log_source": "gateway",
        "actor_id": "agt-1",
        "event_class": "tool",
        "tool": "search",
        "outcome": "success",
    }
    return {k: v for k, v in {**made, **more}.items() if v is not ...}


def lines(*values: Any) -> bytes:
    return b"".join(json.dumps(v).encode() + b"\n" for v in values)


TEN = [event(n) for n in range(10)]
CSV_HEAD = "event_id,time,actor_id,tool,outcome"
CSV_ROWS = [f"e{n},2026-07-01T00:00:0{n}Z,agt-1,search,success" for n in range(5)]


def counts(f: FileCount) -> tuple[int, int, int, int, int]:
    return f.read, f.kept, f.out_of_scope, f.unreadable, f.rejected


# gz


def test_a_gz_file_is_read(ingest: Ingest) -> None:
    assert counts(ingest(a__jsonl__gz=gzip.compress(lines(*TEN))).only) == (10, 10, 0, 0, 0)


def test_a_gz_file_of_two_members_is_read_whole(ingest: Ingest) -> None:
    packed = gzip.compress(b"") + gzip.compress(lines(*TEN[:4])) + gzip.compress(lines(*TEN[4:]))
    assert counts(ingest(a__jsonl__gz=packed).only) == (10, 10, 0, 0, 0)


def test_a_wrong_gz_checksum_is_reported(ingest: Ingest) -> None:
    packed = bytearray(gzip.compress(lines(*TEN)))
    packed[-8] ^= 255
    taken = ingest(a__jsonl__gz=bytes(packed))
    assert counts(taken.only) == (11, 10, 0, 1, 0)
    assert "CRC check failed" in taken.reasons


def test_a_wrong_gz_checksum_is_reported_on_the_fast_path_too(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convert, "STREAM_FROM", 0)
    packed = bytearray(gzip.compress(lines(*TEN)))
    packed[-8] ^= 255
    assert counts(ingest(a__jsonl__gz=bytes(packed)).only) == (11, 10, 0, 1, 0)


@pytest.mark.parametrize("stream_from", [0, 1 << 40])
def test_a_cut_gz_file_is_reported(
    stream_from: int, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convert, "STREAM_FROM", stream_from)
    packed = gzip.compress(
        lines(*(event(n, tool=random.Random(n).randbytes(8).hex()) for n in range(3000)))
    )
    taken = ingest(a__jsonl__gz=packed[: len(packed) // 2])
    assert taken.only.unreadable >= 1
    assert 0 < taken.only.kept < 3000
    assert "ends early" in taken.reasons


@pytest.mark.parametrize("keep", [2, 5, 12])
def test_a_gz_file_cut_in_its_head_is_not_taken_for_empty(keep: int, ingest: Ingest) -> None:
    taken = ingest(a__jsonl__gz=gzip.compress(lines(*TEN))[:keep])
    assert taken.only.unreadable == 1


# JSON lines


def test_nul_bytes_in_a_line_cost_that_line(ingest: Ingest) -> None:
    content = (
        lines(*TEN[:3])
        + b'{"time":"2026-07-01T00:00:00Z\x00","outcome":"success"}\n'
        + lines(*TEN[3:])
    )
    taken = ingest(a__jsonl=content)
    assert counts(taken.only) == (11, 10, 0, 1, 0)
    assert [q.line for q in taken.quarantined] == [4]


def test_an_escaped_nul_is_text(ingest: Ingest) -> None:
    assert ingest(a__jsonl=lines(event(1, tool="a\0b"), event(2))).only.kept == 2


def test_bad_utf8_costs_that_line(ingest: Ingest) -> None:
    content = (
        lines(*TEN[:5])
        + b'{"time":"2026-07-01T00:00:00Z","actor_id":"\xff\xfe","outcome":"success"}\n'
        + lines(*TEN[5:])
    )
    taken = ingest(a__jsonl=content)
    assert counts(taken.only) == (11, 10, 0, 1, 0)
    assert "utf-8" in taken.reasons


START = b'{"event_id":"x","time":"2026-07-01T00:00:00Z","actor_id":"a"'


@pytest.mark.parametrize("stream_from", [0, 1 << 40])
@pytest.mark.parametrize(
    "bad",
    [
        START + b',"actor_id":"b","outcome":"success"}\n',
        START + b',"tool":"\\ud800","outcome":"success"}\n',
        START.replace(b'"a"', b"NaN") + b',"outcome":"success"}\n',
        START + b',"outcome":"success"\n',
        START + b',"outcome":"success"} trailing\n',
        b'["event_id"\n',
        b"not json at all\n",
        b"17\n",
    ],
    ids=["twice", "half a character", "NaN", "cut", "trailing", "cut list", "text", "number"],
)
def test_a_broken_line_costs_that_line_on_both_paths(
    stream_from: int, bad: bytes, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convert, "STREAM_FROM", stream_from)
    taken = ingest(a__jsonl=lines(*TEN[:5]) + bad + lines(*TEN[5:]))
    assert counts(taken.only) == (11, 10, 0, 1, 0)
    assert [q.line for q in taken.quarantined] == [6]


def test_a_line_of_twenty_megabytes_is_read(ingest: Ingest) -> None:
    taken = ingest(a__jsonl=lines(event(1), event(2, resource="x" * 20_000_000), event(3)))
    assert counts(taken.only) == (3, 3, 0, 0, 0)


@pytest.mark.parametrize("stream_from", [0, 1 << 40])
def test_a_line_of_forty_megabytes_is_reported(
    stream_from: int, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convert, "STREAM_FROM", stream_from)
    taken = ingest(a__jsonl=lines(event(1), event(2, resource="x" * 40_000_000), event(3)))
    assert counts(taken.only) == (3, 2, 0, 1, 0)
    assert "32 MB is the limit" in taken.reasons


@pytest.mark.parametrize("depth", [100, 900, 100_000])
def test_deep_nesting_does_not_bring_ingest_down(depth: int, ingest: Ingest) -> None:
    deep = json.dumps(event(1)).encode()[:-1] + b',"x":' + b"[" * depth + b"]" * depth + b"}\n"
    taken = ingest(a__jsonl=lines(event(0)) + deep + lines(event(2)))
    assert taken.only.read == 3
    assert taken.only.kept >= 2


def test_blank_lines_are_no_records(ingest: Ingest) -> None:
    assert counts(ingest(a__jsonl=lines(event(1)) + b"\n   \n" + lines(event(2)) + b"\n").only) == (
        2,
        2,
        0,
        0,
        0,
    )


def test_a_missing_last_line_end_costs_nothing(ingest: Ingest) -> None:
    assert ingest(a__jsonl=lines(*TEN).rstrip()).only.kept == 10


@pytest.mark.parametrize(
    "encode",
    [
        lambda b: codecs.BOM_UTF8 + b,
        lambda b: b.decode().encode("utf-16"),
        lambda b: codecs.BOM_UTF16_BE + b.decode().encode("utf-16-be"),
        lambda b: b.replace(b"\n", b"\r\n"),
        lambda b: b.replace(b"\n", b"\r"),
    ],
    ids=["BOM", "UTF-16", "UTF-16 big-endian", "CRLF", "CR"],
)
def test_encodings_and_line_ends(encode: Callable[[bytes], bytes], ingest: Ingest) -> None:
    assert counts(
        ingest(a__jsonl=encode(lines(event(1, tool="Zoë\u2028\u0085"), *TEN[1:]))).only
    ) == (10, 10, 0, 0, 0)


def test_utf16_cut_in_a_character_is_reported(ingest: Ingest) -> None:
    assert ingest(a__jsonl=lines(*TEN).decode().encode("utf-16")[:-1]).only.unreadable >= 1


# JSON documents


@pytest.mark.parametrize(
    "content", [b"", b"\n \n", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, b"[]", b"{}"]
)
def test_an_empty_file_is_named(content: bytes, ingest: Ingest) -> None:
    assert ingest(a__json=content).only.kept == 0


def test_values_one_after_another_are_read_one_by_one(ingest: Ingest) -> None:
    taken = ingest(a__json="\n".join(json.dumps(e, indent=2) for e in TEN).encode())
    assert counts(taken.only) == (10, 10, 0, 0, 0)
    assert sorted(r[1] for r in taken.rows["events"]) == list(range(1, 11))


def test_a_list_with_other_things_than_objects_counts_them(ingest: Ingest) -> None:
    taken = ingest(a__json=json.dumps([*TEN, 5, None, "x", [1]]).encode())
    assert taken.only.read == 14
    assert taken.only.kept == 10


def test_a_half_character_costs_its_record_only(ingest: Ingest) -> None:
    text = json.dumps([*TEN, event(11, tool="QQ")]).replace("QQ", "\\udfff")
    taken = ingest(a__json=text.encode())
    assert counts(taken.only) == (11, 10, 0, 1, 0)
    assert taken.quarantined[0].line == 11


def test_a_bad_byte_in_a_document_costs_its_record_only(ingest: Ingest) -> None:
    content = json.dumps([*TEN, event(11, tool="QQ")]).encode().replace(b"QQ", b"\xe4")
    assert counts(ingest(a__json=content).only) == (11, 10, 0, 1, 0)


def test_a_cut_document_is_reported(ingest: Ingest) -> None:
    assert ingest(a__json=json.dumps(TEN).encode()[:-20]).only.unreadable == 1


def test_a_document_without_the_list_of_its_neighbours_is_reported(ingest: Ingest) -> None:
    cloud = {
        "eventVersion": "1.1",
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "eventTime": "2026-07-01T00:00:00Z",
        "awsRegion": "x",
        "userIdentity": {"type": "IAMUser"},
    }
    taken = ingest(a__jsonl=lines({"Records": [cloud, cloud]}, {"Records": []}, {"Oops": [cloud]}))
    assert counts(taken.only) == (3, 2, 0, 1, 0)


def test_a_document_larger_than_one_record_may_be_is_read_in_records(ingest: Ingest) -> None:
    value = {"events": [event(n, resource="x" * 5_000_000) for n in range(7)]}
    assert counts(ingest(a__json=json.dumps(value).encode()).only) == (7, 7, 0, 0, 0)


def test_comments_and_last_commas_are_read(ingest: Ingest) -> None:
    server = '{"command": "x", "args": ["http://a//b", "1,]",],}'
    text = f'// note\n{{"mcpServers": {{"a": {server}, /* off */ }},}}'
    assert ingest(mcp__json=text.encode()).only.source == "mcp-config"


# CSV


def test_more_cells_than_headings_cost_that_row(ingest: Ingest) -> None:
    taken = ingest(
        a__csv="\n".join([CSV_HEAD, *CSV_ROWS, "e9,2026-07-01T00:00:00Z,a,b,success,more"]).encode()
    )
    assert counts(taken.only) == (6, 5, 0, 1, 0)
    assert "6 cells under 5 headings" in taken.reasons


def test_an_open_quote_counts_every_line_it_swallows(ingest: Ingest) -> None:
    broken = ['e6,2026-07-01T00:00:00Z,"agt-1,search,success', *CSV_ROWS[:3]]
    taken = ingest(a__csv="\n".join([CSV_HEAD, *CSV_ROWS, *broken]).encode())
    assert counts(taken.only) == (9, 5, 0, 4, 0)
    assert sorted(q.line for q in taken.quarantined) == [7, 8, 9, 10]


def test_a_stray_quote_costs_that_row(ingest: Ingest) -> None:
    rows = [*CSV_ROWS[:2], 'e6,2026-07-01T00:00:00Z,"agt"-1,search,success', *CSV_ROWS[2:]]
    assert counts(ingest(a__csv="\n".join([CSV_HEAD, *rows]).encode()).only) == (6, 5, 0, 1, 0)


def test_a_heading_given_twice_loses_no_row_silently(ingest: Ingest) -> None:
    taken = ingest(a__csv="\n".join([CSV_HEAD.replace("tool", "actor_id"), *CSV_ROWS]).encode())
    assert counts(taken.only) == (5, 0, 0, 5, 0)
    assert "'actor_id (1)', 'actor_id (2)'" in taken.reasons


@pytest.mark.parametrize(
    ("rows", "keys"),
    [
        (["Notes,Notes", "a,b"], ["Notes (1)", "Notes (2)"]),
        (
            ["Agent,,,Owner,", "Id,Name,State,Name,Mail", "a,b,c,d,e"],
            ["Agent Id", "Agent Name", "Agent State", "Owner Name", "Owner Mail"],
        ),
        (["SECTION 1: all,,,", "Id,Name,Name,A", "a,b,c,d"], ["Id", "Name (1)", "Name (2)", "A"]),
        (["Group,Group,Group,Group", "Id,Name,A,B", "a,b,c,d"], ["Id", "Name", "A", "B"]),
        (["sep=;", "Id;Name", "a;b"], ["Id", "Name"]),
    ],
)
def test_headings_are_told_apart(rows: list[str], keys: list[str], tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("\n".join(rows))
    found = [i for i in csv_rows(sniff(tmp_path / "x.csv", "x.csv")) if isinstance(i, Document)]
    assert [list(i.value) for i in found] == [keys]


def test_a_row_that_repeats_the_headings_is_none(ingest: Ingest) -> None:
    text = "\n".join([CSV_HEAD, *CSV_ROWS[:2], CSV_HEAD, *CSV_ROWS[2:]])
    assert counts(ingest(a__csv=text.encode()).only) == (5, 5, 0, 0, 0)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_csv_dialects(delimiter: str, end: str, ingest: Ingest) -> None:
    text = end.join([CSV_HEAD, *CSV_ROWS]).replace(",", delimiter)
    assert counts(ingest(a__csv=text.encode()).only) == (5, 5, 0, 0, 0)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig", "utf-16"])
def test_csv_encodings(encoding: str, ingest: Ingest) -> None:
    text = "\n".join([CSV_HEAD, "e1,2026-07-01T00:00:00Z,Zoë Müller,sühne,success"])
    taken = ingest(a__csv=text.encode(encoding))
    names = [n for n, _ in columns_of(next(t for t in LOADED if t.name == "events"))]
    assert taken.rows["events"][0][2 + names.index("actor_id")] == "Zoë Müller"


def test_a_windows_byte_far_down_a_utf8_csv_costs_its_row(ingest: Ingest) -> None:
    rows = [f"e{n},2026-07-01T00:00:00Z,agt-1,search,success".encode() for n in range(3000)]
    rows[2500] = rows[2500].replace(b"agt", b"\xe4gt")
    taken = ingest(a__csv=b"\n".join([CSV_HEAD.encode(), *rows]))
    assert counts(taken.only) == (3000, 2999, 0, 1, 0)


# XLSX


def workbook(*sheets: list[list[Any]], titles: Sequence[str | None] = (None, None)) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in zip(titles, sheets, strict=False):
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def test_each_sheet_of_a_workbook_is_read_for_itself_with_dates(ingest: Ingest) -> None:
    head = CSV_HEAD.split(",")
    at = datetime.datetime(2026, 7, 1, 12, 30)
    taken = ingest(
        a__xlsx=workbook(
            [head, ["e1", at, "agt-1", "search", "success"]],
            [head, [2, at, "agt-1", None, "error"]],
        )
    )
    assert sorted(taken.files) == ["logs/a.xlsx!Sheet", "logs/a.xlsx!Sheet1"]
    assert {counts(f) for f in taken.files.values()} == {(1, 1, 0, 0, 0)}
    assert {r[3] for r in taken.rows["events"]} == {at}


def test_a_cell_merged_downwards_says_the_same_in_every_row(ingest: Ingest) -> None:
    book = openpyxl.load_workbook(
        io.BytesIO(workbook([CSV_HEAD.split(","), *[r.split(",") for r in CSV_ROWS]]))
    )
    book.active.merge_cells("C2:C4")
    book.active.merge_cells("D5:E5")
    held = io.BytesIO()
    book.save(held)
    taken = ingest(a__xlsx=held.getvalue())
    names = [n for n, _ in columns_of(next(t for t in LOADED if t.name == "events"))]
    assert [r[2 + names.index("actor_id")] for r in taken.rows["events"]] == ["agt-1"] * 4
    assert counts(taken.only) == (5, 4, 0, 0, 1)


def test_a_cell_beyond_the_headings_of_a_sheet_costs_nothing(ingest: Ingest) -> None:
    rows = [CSV_HEAD.split(","), [*CSV_ROWS[0].split(","), None, "ask Ada"]]
    assert counts(ingest(a__xlsx=workbook(rows)).only) == (1, 1, 0, 0, 0)


def test_a_formula_without_a_saved_value_is_an_empty_cell(ingest: Ingest) -> None:
    head = CSV_HEAD.split(",")
    rows = [
        head,
        ["e1", "2026-07-01T00:00:00Z", "agt-1", "=1+1", "success"],
        ["e2", "=NOW()", "agt-1", "x", "success"],
    ]
    assert counts(ingest(a__xlsx=workbook(rows)).only) == (2, 1, 0, 0, 1)


def test_a_workbook_that_lies_about_its_size_is_read_whole(ingest: Ingest) -> None:
    packed = workbook(
        [CSV_HEAD.split(","), ["e1", "2026-07-01T00:00:00Z", "agt-1", "search", "success"]]
    )
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(held, "w") as new:
        for name in old.namelist():
            new.writestr(
                name,
                old.read(name).replace(b'<dimension ref="A1:E2" />', b'<dimension ref="A1" />'),
            )
    assert ingest(a__xlsx=held.getvalue()).only.kept == 1


@pytest.mark.parametrize("cut", [100, 1000, 3000])
def test_a_damaged_workbook_is_reported(cut: int, ingest: Ingest) -> None:
    assert ingest(a__xlsx=workbook([CSV_HEAD.split(","), ["e1"] * 5])[:cut]).only.unreadable >= 1


# YAML


BOMB = "a: &a [x, x]\n" + "\n".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]" for n in range(20)
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "aliases"),
        ("a: 1\na: 2\n", "stands twice"),
        ("type: agent\nactor_id: [unclosed\n", "invalid YAML"),
        ("type: agent\nactor_id: x\ncreated_at: 2026-02-31\n", "invalid YAML"),
        ("a: " + "[" * 3000 + "]" * 3000, ""),
        ("x: !!python/object/apply:os.system [id]\n", "invalid YAML"),
    ],
    ids=["bomb", "twice", "unclosed", "no such day", "deep", "tag"],
)
def test_bad_yaml_is_reported(text: str, reason: str, ingest: Ingest) -> None:
    taken = ingest(a__yml=text.encode())
    assert taken.only.unreadable == 1
    assert reason in taken.reasons


def test_yaml_values_that_json_cannot_hold_become_text(ingest: Ingest) -> None:
    odd = "name: !!binary aGk=\npurpose: .nan\ncreated_at: 2026-01-02\nautonomy: 2\n"
    text = f"type: agent\nactor_id: agt-1\n{odd}"
    assert counts(ingest(a__yml=text.encode()).only) == (1, 1, 0, 0, 0)


# Parquet


@pytest.mark.parametrize("packed", [False, True])
def test_a_damaged_parquet_file_is_reported(packed: bool, ingest: Ingest) -> None:
    content = b"PAR1" + b"\0" * 200 + b"PAR1"
    assert ingest(a__parquet=gzip.compress(content) if packed else content).only.unreadable == 1


# Files as such


def test_links_are_read_or_named(tmp_path: Path) -> None:
    logs = tmp_path / "ws" / "logs"
    (logs / "real").mkdir(parents=True)
    (logs / "real" / "a.jsonl").write_bytes(lines(*TEN))
    (logs / "same.jsonl").symlink_to(logs / "real" / "a.jsonl")
    (logs / "gone.jsonl").symlink_to(logs / "nowhere")
    (logs / "loop").symlink_to(logs)
    taken = take(tmp_path)
    assert {n: (f.kept, f.unreadable) for n, f in taken.files.items()} == {
        "logs/real/a.jsonl": (10, 0),
        "logs/same.jsonl": (10, 0),
        "logs/gone.jsonl": (0, 1),
        "logs/loop": (0, 1),
    }


def test_a_file_that_may_not_be_opened_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def refuse(self: Path, *args: Any, **more: Any) -> Any:
        if self.name == "locked.jsonl":
            raise PermissionError(13, "Permission denied")
        return opened(self, *args, **more)

    (tmp_path / "ws" / "logs").mkdir(parents=True)
    (tmp_path / "ws" / "logs" / "locked.jsonl").write_text("{}")
    monkeypatch.setattr(Path, "open", refuse)
    taken = take(tmp_path)
    assert taken.only.unreadable == 1
    assert "Permission denied" in taken.reasons


def test_a_folder_that_may_not_be_opened_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ws" / "logs" / "shut").mkdir(parents=True)
    listed = os.scandir

    def refuse(path: Any) -> Any:
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert "cannot be opened" in take(tmp_path).reasons


def test_binary_content_is_named(ingest: Ingest) -> None:
    assert ingest(a__jsonl=random.Random(1).randbytes(500)).only.unreadable >= 1


# Whatever the damage

DAMAGED: dict[str, bytes] = {
    "a__jsonl": lines(*TEN),
    "b__json": json.dumps(TEN).encode(),
    "c__json": json.dumps({"events": TEN}, indent=1).encode(),
    "d__csv": "\n".join([CSV_HEAD, *CSV_ROWS]).encode(),
    "e__jsonl__gz": gzip.compress(lines(*TEN), mtime=0),
    "f__xlsx": workbook([CSV_HEAD.split(","), *[r.split(",") for r in CSV_ROWS]]),
    "g__yml": json.dumps(TEN, indent=1).encode(),
    "h__yaml": "".join(f"- {{type: agent, actor_id: agt-{n}}}\n" for n in range(9)).encode(),
    "i__json": json.dumps(
        {
            "resourceSpans": [
                {
                    "resource": {},
                    "scopeSpans": [
                        {
                            "spans": [
                                {
                                    "traceId": "a",
                                    "spanId": "b",
                                    "name": "execute_tool x",
                                    "startTimeUnixNano": "1782892800000000000",
                                    "attributes": [
                                        {
                                            "key": "gen_ai.operation.name",
                                            "value": {"stringValue": "execute_tool"},
                                        }
                                    ],
                                }
                            ]
                            * 3
                        }
                    ],
                }
            ]
        }
    ).encode(),
    "j__json": json.dumps(
        {"mcpServers": {"a": {"command": "npx", "args": ["x@1.0.0"], "env": {"KEY": "v"}}}}
    ).encode(),
}


@pytest.mark.parametrize(
    "seed", [*range(5), *(pytest.param(n, marks=pytest.mark.deep) for n in range(5, 20))]
)
def test_counts_add_up_whatever_bytes_are_damaged(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    files = {}
    for name, content in DAMAGED.items():
        for copy in range(4):
            changed = bytearray(content)
            for _ in range(dice.randint(1, 6)):
                at = dice.randrange(len(changed))
                kind = dice.randrange(4)
                if kind == 0:
                    changed[at] = dice.randrange(256)
                elif kind == 1:
                    del changed[at : at + dice.randint(1, 20)]
                elif kind == 2:
                    changed[at:at] = dice.choice(
                        [b"\0", b"\xff", b'"', b"\n", b"{", b"[", b"\\ud800", b",", b"1e999"]
                    )
                else:
                    del changed[at:]
                changed = changed or bytearray(b"x")
            stem, _, rest = name.partition("__")
            files[f"{stem}{copy}__{rest}"] = bytes(changed)
    taken = take(tmp_path, **files)
    assert len(taken.files) == len(files)


# The fast path and the slow path

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
CELLS = st.one_of(
    TEXTS,
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(TEXTS, max_size=2),
    st.dictionaries(TEXTS, TEXTS, max_size=2),
)
TIMES = st.sampled_from(
    [
        "2026-07-01T00:00:00Z",
        "2026-07-01T02:00:00.123456+02:00",
        "2026-07-01 00:00:00",
        "2026-07-01",
        "20260701",
        "yesterday",
        "2026-07-01T00:00:00.123456789Z",
        "",
        None,
        5,
    ]
)
EVENTS = st.fixed_dictionaries(
    {
        "time": TIMES,
        "outcome": st.sampled_from(["success", "SUCCESS", "ok", " denied ", "none", "", None]),
    },
    optional={
        "actor_id": CELLS,
        "tool": CELLS,
        "resource": CELLS,
        "event_id": CELLS,
        "other": CELLS,
        "ingested_at": TIMES,
        "effect": st.sampled_from(["read", "Write", "fly", "", None]),
        "actor_kind": st.sampled_from(["agent", "robot", " human"]),
        "environment": st.sampled_from(["prod", "moon"]),
        "log_source": st.sampled_from(["gateway", "", None]),
    },
)


def both_paths(folder: Path, content: bytes) -> list[tuple[Any, ...]]:
    made = []
    for n, stream_from in enumerate((0, 1 << 40)):
        convert.STREAM_FROM = stream_from
        taken = take(folder / str(n), a__jsonl=content)
        problems = sorted((q.line, q.kind, q.reason) for q in taken.quarantined)
        made.append((counts(taken.only), taken.rows, problems))
    return made


@pytest.fixture
def threshold() -> Any:
    before = convert.STREAM_FROM
    yield
    convert.STREAM_FROM = before


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(events=st.lists(EVENTS, min_size=6, max_size=20))
@example(events=[event(12, actor_id={"": "", "cookie": "\x1aÿabcdefghij1234567890"})])
def test_the_fast_path_says_what_the_slow_path_says(
    events: list[dict[str, Any]], tmp_path_factory: Any, threshold: None
) -> None:
    head = [event(1), event(2), *(event(n) for n in range(3, 12))]
    fast, slow = both_paths(tmp_path_factory.mktemp("paths"), lines(*head, *events))
    assert fast == slow


def test_a_clean_log_goes_the_fast_path_and_gives_the_same(tmp_path: Path, threshold: None) -> None:
    content = lines(
        *(
            event(n, effect="read", ingested_at="2026-07-01T01:00:00Z", resource=f"r{n}")
            for n in range(500)
        )
    )
    fast, slow = both_paths(tmp_path, content)
    assert fast == slow
    (kept,) = (tmp_path / "0" / "cache").glob("*.json")
    assert json.loads(kept.read_text())["stream"] is True


@pytest.mark.parametrize(
    "bad", [{"effect": "fly"}, {"ingested_at": "yesterday"}, {"ingested_at": "2026-07-01T00:00:00"}]
)
def test_a_field_that_is_not_believed_is_named_on_both_paths(
    bad: dict[str, str], tmp_path: Path, threshold: None
) -> None:
    fast, slow = both_paths(tmp_path, lines(*TEN, event(11, **bad)))
    assert fast == slow
    assert [(line, kind) for line, kind, _ in fast[2]] == [(11, "field")]


def test_a_secret_is_hidden_on_both_paths(tmp_path: Path, threshold: None) -> None:
    secret = "sk-" + "a1B2" * 8
    content = lines(*TEN, event(11, resource=f"https://x/?k={secret}"))
    fast, slow = both_paths(tmp_path, content)
    assert fast == slow
    assert secret not in repr(fast)
    assert any("looks like a secret" in reason for _, _, reason in fast[2])


def test_record_numbers_of_a_log_are_its_lines(ingest: Ingest) -> None:
    taken = ingest(a__jsonl=lines(event(1)) + b"\n" + b"broken\n" + lines(event(2)))
    assert sorted(r[1] for r in taken.rows["events"]) == [1, 4]


@pytest.mark.parametrize(
    ("name", "content", "format_"),
    [
        ("a.txt", b'{"a":1}\n{"b":2}\n', "jsonl"),
        ("a.log", b'{"a":\n1}', "json"),
        ("a", b"a,b\n1,2\n", "csv"),
        ("a.jsonl", b"PAR1....", "parquet"),
        ("a.csv", b"a;b\n", "csv"),
        ("a.yaml", b"a: 1\n", "yaml"),
        ("a.zip", b"PK\x03\x04xx", "unknown"),
    ],
)
def test_formats_are_told_by_content(
    name: str, content: bytes, format_: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    assert files.sniff(tmp_path / name, name).format == format_


def test_the_machines_time_zone_changes_nothing(tmp_path: Path) -> None:
    """Files are converted on connections of their own, and each must know that a time without a zone is UTC."""
    code = (
        "import sys; sys.path.insert(0, 'tests'); from pathlib import Path; import test_readers as t; "
        "made = t.take(Path(sys.argv[1]), a__jsonl=t.lines(*(t.event(i, time=x) for i, x in "
        "enumerate(('2026-07-01T12:00:00', '2026-07-01T12:00:00Z', '2026-07-01T14:00:00+02:00'))))); "
        "print(made.rows['events'])"
    )
    seen = [
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / f"{i}")],
            capture_output=True, text=True, check=True, env={**os.environ, "TZ": zone},
        ).stdout
        for i, zone in enumerate(("UTC", "Asia/Tokyo", "America/St_Johns"))
    ]  # fmt: skip
    assert seen[0].count("datetime.datetime(2026, 7, 1, 12, 0)") == 3
    assert len(set(seen)) == 1


def test_of_many_files_one_record_is_looked_at_first_and_more_where_it_is_odd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognise, "SAMPLED_IN_ALL", 1)
    odd = lines({"hello": "world"}, *(event(n) for n in range(1, 4)))
    taken = take(tmp_path, a__jsonl=odd, b__jsonl=lines(*TEN), c__jsonl=lines({"hello": 1}))
    assert {f.file: f.source for f in taken.files.values()} == {
        "logs/a.jsonl": "reporter-events",
        "logs/b.jsonl": "reporter-events",
        "logs/c.jsonl": "",
    }


def test_an_event_that_stands_twice_counts_once_and_is_told(tmp_path: Path) -> None:
    same = event(1)
    nameless = {k: v for k, v in event(2).items() if k != "event_id"}
    taken = take(
        tmp_path,
        a__jsonl=lines(same, event(3), same),
        b__jsonl=lines(same, event(3, tool="other"), nameless, nameless),
    )
    assert sum(f.kept for f in taken.files.values()) == 7
    assert len(taken.rows["events"]) == 5
    assert [(q.file, q.line, q.kind) for q in taken.quarantined] == [
        ("logs/a.jsonl", 3, "duplicate"),
        ("logs/b.jsonl", 1, "duplicate"),
    ]
    assert "repeats logs/a.jsonl#1" in taken.quarantined[1].reason


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("lists: ['a b']", r"z\.yml:4: 'a b' is not a plain name"),
        ("texts: [1]", r"z\.yml:4: 1 is not a plain name"),
        ("may_lack: [tool]", r"z\.yml:4: 'tool' is no required column of events"),
    ],
)
def test_a_source_that_names_what_there_is_not_is_refused(
    line: str, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "z.yml"
    path.write_text(f"id: z\ntitle: Z\nwhen: 'TRUE'\n{line}\ntables: {{}}\n")
    with pytest.raises(ContentError, match=says):
        catalog.read_source(path)


# what the engine fails on


NO_SQL = "CAST(error('no \"s3cr3t\" here') AS BIGINT)"


def _clumsy(source: catalog.Source) -> catalog.Source:
    """The source of events, with SQL that fails on one of them."""
    if source.id != "reporter-events":
        return source
    fails = f"CASE WHEN e.event_id = 'bad' THEN {NO_SQL} ELSE 1 END"
    sql = f"SELECT * FROM ({source.tables['events']}) AS e WHERE {fails} >= 0"
    return replace(source, tables={"events": sql})


def _short_of_memory(engine: Engine, *rest: Any) -> None:
    """What turns records into rows, where one of them is too much."""
    if engine.one("SELECT count(*) FROM spooled WHERE contains(CAST(r AS VARCHAR), '\"bad\"')"):
        raise OutOfMemory("the engine needs more memory")
    STAGE(engine, *rest)


STAGE = spool._stage
STUMBLES = {
    "an error in SQL": ("engine could not read it", "SOURCES", tuple(map(_clumsy, SOURCES))),
    "too little memory": ("needs more memory than --memory", "_stage", _short_of_memory),
}


@pytest.mark.parametrize("what", STUMBLES)
def test_what_the_engine_fails_on_costs_that_record_and_no_run(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, name, value = STUMBLES[what]
    monkeypatch.setitem(take.__globals__ if name == "SOURCES" else spool.__dict__, name, value)
    taken = take(
        tmp_path,
        a__jsonl=lines(event(0), event(1, event_id="bad"), *(event(n) for n in range(2, 7))),
        b__jsonl=lines(event(7), event(8)),
    )
    assert {f: counts(c) for f, c in taken.files.items()} == {
        "logs/a.jsonl": (7, 6, 0, 1, 0),
        "logs/b.jsonl": (2, 2, 0, 0, 0),
    }
    assert said in taken.reasons
    assert "s3cr3t" not in taken.reasons
    assert len(taken.rows["events"]) == 8

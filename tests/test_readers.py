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
import threading
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reporter.content import loader
from reporter.engine.base import OutOfMemory
from reporter.engine.duckdb import DuckDB
from reporter.errors import ContentError
from reporter.ingest import cache as store
from reporter.ingest import convert, detect, load, record_path
from reporter.ingest.readers import files, records
from reporter.ingest.readers.documents import documents
from reporter.ingest.readers.files import sniff
from reporter.ingest.readers.inputs import Inputs
from reporter.ingest.readers.records import Document
from reporter.ingest.readers.tabular import csv_rows
from reporter.model.assessment import FileCount, Quarantined
from reporter.schema.tables import LOADED, columns_of
from reporter.system import folders

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_caches")]

SOURCES = tuple(loader.read_source(p) for p in sorted(folders.content_dir()[1].glob("*.yml")))


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
        return " | ".join(str(q.reason) for q in self.quarantined)


Ingest = Callable[..., Taken]


def take(folder: Path, **files: bytes) -> Taken:
    """Ingest files given as name=content ('__' is a dot); check that every file adds up."""
    logs = folder / "ws" / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (logs / name.replace("__", ".")).write_bytes(content)
    with DuckDB(folder / "work") as engine:
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


# One file each


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


BOMB = "a: &a [x, x]\n" + "\n".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]" for n in range(20)
)


WORKBOOK = [CSV_HEAD.split(","), *[r.split(",") for r in CSV_ROWS]]
AT = datetime.datetime(2026, 7, 1, 12, 30)


def _merged() -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(workbook(WORKBOOK)))
    book.active.merge_cells("C2:C4")
    book.active.merge_cells("D5:E5")
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def _of_one_cell() -> bytes:
    """A workbook that says of its sheet that it has one cell."""
    held = io.BytesIO()
    packed = workbook(WORKBOOK[:2])
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(held, "w") as new:
        for name in old.namelist():
            said = old.read(name)
            new.writestr(name, said.replace(b'<dimension ref="A1:E2" />', b'<dimension ref="A1" />'))  # fmt: skip
    return held.getvalue()


def _csv(*rows: str, head: str = CSV_HEAD, end: str = "\n") -> bytes:
    return end.join([head, *rows]).encode()


def _wrong_checksum() -> bytes:
    packed = bytearray(PACKED)
    packed[-8] ^= 255
    return bytes(packed)


def _nested(depth: int) -> bytes:
    deep = json.dumps(event(1)).encode()[:-1] + b',"x":' + b"[" * depth + b"]" * depth + b"}\n"
    return lines(event(0)) + deep + lines(event(2))


PACKED = gzip.compress(lines(*TEN))
TWO_MEMBERS = gzip.compress(b"") + gzip.compress(lines(*TEN[:4])) + gzip.compress(lines(*TEN[4:]))
SURE = lines(event(1, tool="Zoë\u2028\u0085"), *TEN[1:])
ODD_LIST = json.dumps([*TEN, event(11, tool="QQ")])
CLOUD = {
    "eventVersion": "1.1", "eventSource": "s3.amazonaws.com", "eventName": "GetObject", "eventTime": "2026-07-01T00:00:00Z",
    "awsRegion": "x", "userIdentity": {"type": "IAMUser"},
}  # fmt: skip
SERVER = '{"command": "x", "args": ["http://a//b", "1,]",],}'
MANY = [f"e{n},2026-07-01T00:00:00Z,agt-1,search,success".encode() for n in range(3000)]
MANY[2500] = MANY[2500].replace(b"agt", b"\xe4gt")
NUL = b'{"time":"2026-07-01T00:00:00Z\x00","outcome":"success"}\n'
NO_UTF8 = b'{"time":"2026-07-01T00:00:00Z","actor_id":"\xff\xfe","outcome":"success"}\n'
STRAY = 'e6,2026-07-01T00:00:00Z,"agt"-1,search,success'
OPEN = ['e6,2026-07-01T00:00:00Z,"agt-1,search,success', *CSV_ROWS[:3]]
YAML = "type: agent\nactor_id: agt-1\nname: !!binary aGk=\npurpose: .nan\ncreated_at: 2026-01-02\nautonomy: 2\n"
NO_PARQUET = b"PAR1" + b"\0" * 200 + b"PAR1"
WHOLE, FIVE = (10, 10, 0, 0, 0), (5, 5, 0, 0, 0)
UNREAD = (1, 0, 0, 1, 0)

FILES: dict[str, tuple[str, bytes, tuple[int, int, int, int, int], str]] = {
    # the end of its name, what it holds, (read, kept, out of scope, unreadable, rejected), what is said of it
    "a gz file": ("jsonl.gz", PACKED, WHOLE, ""),
    "a gz file of two members": ("jsonl.gz", TWO_MEMBERS, WHOLE, ""),
    "a wrong gz checksum": ("jsonl.gz", _wrong_checksum(), (11, 10, 0, 1, 0), "CRC check failed"),
    **{f"a gz file of {n} bytes is not taken for empty": ("jsonl.gz", PACKED[:n], UNREAD, "") for n in (2, 5, 12)},
    "a NUL costs its line": ("jsonl", lines(*TEN[:3]) + NUL + lines(*TEN[3:]), (11, 10, 0, 1, 0), ""),
    "an escaped NUL is text": ("jsonl", lines(event(1, tool="a\0b"), event(2)), (2, 2, 0, 0, 0), ""),
    "bad UTF-8 costs its line": ("jsonl", lines(*TEN[:5]) + NO_UTF8 + lines(*TEN[5:]), (11, 10, 0, 1, 0), "utf-8"),
    "blank lines are no records": ("jsonl", lines(event(1)) + b"\n   \n" + lines(event(2)) + b"\n", (2, 2, 0, 0, 0), ""),
    "no last line end": ("jsonl", lines(*TEN).rstrip(), WHOLE, ""),
    "lists in 100 lists": ("jsonl", _nested(100), (3, 3, 0, 0, 0), ""),
    "lists in 500 lists": ("jsonl", _nested(499), (3, 3, 0, 0, 0), ""),
    "lists in 100,000 lists": ("jsonl", _nested(100_000), (3, 2, 0, 1, 0), "nested too deeply"),
    "BOM": ("jsonl", codecs.BOM_UTF8 + SURE, WHOLE, ""),
    "UTF-16": ("jsonl", SURE.decode().encode("utf-16"), WHOLE, ""),
    "UTF-16 big-endian": ("jsonl", codecs.BOM_UTF16_BE + SURE.decode().encode("utf-16-be"), WHOLE, ""),
    "CRLF": ("jsonl", SURE.replace(b"\n", b"\r\n"), WHOLE, ""),
    "CR": ("jsonl", SURE.replace(b"\n", b"\r"), WHOLE, ""),
    "UTF-16 cut in a character": ("jsonl", lines(*TEN).decode().encode("utf-16")[:-1], UNREAD, ""),
    **{f"nothing in it: {c!r}": ("json", c, (0, 0, 0, 0, 0), "") for c in (b"", b"\n \n", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, b"[]")},
    "an object without anything": ("json", b"{}", UNREAD, ""),
    "values one after another": ("json", "\n".join(json.dumps(e, indent=2) for e in TEN).encode(), WHOLE, ""),
    "objects over several lines among those of one": (
        "jsonl", lines(TEN[0]) + "\n".join(json.dumps(e, indent=n) for n, e in enumerate(TEN[1:9])).encode() + b"\n" + lines(TEN[9]),
        WHOLE, ""),
    "a cut object over several lines costs its lines": (
        "jsonl", lines(TEN[0]) + b'{\n "time": "x",\n' + lines(*TEN[1:]) + b'{\n "a": "{",\n "b": oops\n}\n', (16, 10, 0, 6, 0), "not JSON"),
    "a cut line among lines costs itself": ("jsonl", lines(*TEN[:4]) + b'{"a": [1,\n' + lines(*TEN[4:]), (11, 10, 0, 1, 0), "not JSON"),
    "a list of other things than objects": ("json", json.dumps([*TEN, 5, None, "x", [1]]).encode(), (14, 10, 0, 0, 4), ""),
    "half a character costs its record": ("json", ODD_LIST.replace("QQ", "\\udfff").encode(), (11, 10, 0, 1, 0), ""),
    "a bad byte costs its record": ("json", ODD_LIST.encode().replace(b"QQ", b"\xe4"), (11, 10, 0, 1, 0), ""),
    "a cut document": ("json", json.dumps(TEN).encode()[:-20], UNREAD, ""),
    "a document without the list of its neighbours": (
        "jsonl", lines({"Records": [CLOUD, CLOUD]}, {"Records": []}, {"Oops": [CLOUD]}), (3, 2, 0, 1, 0), ""),
    "comments and last commas": ("json", f'// note\n{{"mcpServers": {{"a": {SERVER}, /* off */ }},}}'.encode(), (1, 1, 0, 0, 0), ""),
    "a mistake below comments": ("json", b'// note\n{\n  "a": [1, 2,], /* two\n lines */\n  "b": oops,\n}', UNREAD, "at character 51"),
    "a key twice among comments": ("json", b'{"a": 1, // one\n "a": 2}', UNREAD, "'a' appears twice"),
    "NaN among comments": ("json", b'{"a": NaN, // one\n}', UNREAD, "NaN is not JSON"),
    "JSON5 is none": ("json", b"{a: 'x', // one\n}", UNREAD, "not JSON"),
    "more cells than headings": (
        "csv", _csv(*CSV_ROWS, "e9,2026-07-01T00:00:00Z,a,b,success,more"), (6, 5, 0, 1, 0), "6 cells under 5 headings"),
    "an open quote counts every line it swallows": ("csv", _csv(*CSV_ROWS, *OPEN), (9, 5, 0, 4, 0), ""),
    "a stray quote costs its row": ("csv", _csv(*CSV_ROWS[:2], STRAY, *CSV_ROWS[2:]), (6, 5, 0, 1, 0), ""),
    "a heading given twice loses no row unsaid": (
        "csv", _csv(*CSV_ROWS, head=CSV_HEAD.replace("tool", "actor_id")), (5, 0, 0, 5, 0), "'actor_id (1)', 'actor_id (2)'"),
    "a row that repeats the headings is none": ("csv", _csv(*CSV_ROWS[:2], CSV_HEAD, *CSV_ROWS[2:]), FIVE, ""),
    **{f"CSV with {c!r} and {end!r}": ("csv", _csv(*CSV_ROWS, end=end).replace(b",", c.encode()), FIVE, "")
       for c in ",;\t" for end in ("\n", "\r\n", "\r")},
    "a Windows byte far down costs its row": ("csv", b"\n".join([CSV_HEAD.encode(), *MANY]), (3000, 2999, 0, 1, 0), ""),
    "a cell beyond the headings of a sheet": (
        "xlsx", workbook([WORKBOOK[0], [*WORKBOOK[1], None, "ask Ada"]]), (1, 1, 0, 0, 0), ""),
    "a formula without a saved value is an empty cell": ("xlsx", workbook([
        WORKBOOK[0], ["e1", "2026-07-01T00:00:00Z", "agt-1", "=1+1", "success"], ["e2", "=NOW()", "agt-1", "x", "success"],
    ]), (2, 1, 0, 0, 1), ""),
    "a workbook that lies about its size is read whole": ("xlsx", _of_one_cell(), (1, 1, 0, 0, 0), ""),
    **{f"a workbook cut to {n} bytes": ("xlsx", workbook([WORKBOOK[0], ["e1"] * 5])[:n], UNREAD, "") for n in (100, 1000, 3000)},
    "a bomb of YAML": ("yml", BOMB.encode(), UNREAD, "aliases"),
    "YAML with a key twice": ("yml", b"a: 1\na: 2\n", UNREAD, "appears twice"),
    "YAML unclosed": ("yml", b"type: agent\nactor_id: [unclosed\n", UNREAD, "invalid YAML"),
    "YAML with no such day": ("yml", b"type: agent\nactor_id: x\ncreated_at: 2026-02-31\n", (1, 1, 0, 0, 0), "2026-02-31"),
    "YAML of lists in lists": ("yml", b"a: " + b"[" * 3000 + b"]" * 3000, UNREAD, ""),
    "YAML with a tag": ("yml", b"x: !!python/object/apply:os.system [id]\n", UNREAD, "invalid YAML"),
    "YAML values that JSON cannot hold become text": ("yml", YAML.encode(), (1, 1, 0, 0, 0), ""),
    "a damaged Parquet file": ("parquet", NO_PARQUET, UNREAD, ""),
    "a damaged Parquet file, packed": ("parquet", gzip.compress(NO_PARQUET, mtime=0), UNREAD, ""),
    "binary content": ("jsonl", random.Random(1).randbytes(500), UNREAD, ""),
}  # fmt: skip
"""One file each; all are read together, so what is wrong with one must not cost another."""
LINES = {
    "a NUL costs its line": [4], "a mistake below comments": [5], "half a character costs its record": [11],
    "an open quote counts every line it swallows": [7, 8, 9, 10],
}  # fmt: skip
SHOWN: dict[str, tuple[str, bytes, list[tuple[Any, ...]]]] = {
    # the end of its name, what it holds, and (record, actor, tool) of its rows
    "values one after another have numbers": (
        "json", "\n".join(json.dumps(event(n, event_id=f"v{n}")) for n in range(3)).encode(),
        [(n, "agt-1", "search") for n in (1, 2, 3)]),
    "an object over several lines has the number of its first": (
        "jsonl", lines(event(1, event_id="o1")) + json.dumps(event(2, event_id="o2", tool="a } b"), indent=1).encode() + b"\n"
        + lines(event(3, event_id="o3")),
        [(1, "agt-1", "search"), (2, "agt-1", "a } b"), (2 + len(json.dumps(event(2, event_id="o2", tool="a } b"), indent=1).split("\n")), "agt-1", "search")]),
    "record numbers of a log are its lines": (
        "jsonl", lines(event(1, event_id="l1")) + b"\nbroken\n" + lines(event(2, event_id="l2")),
        [(1, "agt-1", "search"), (4, "agt-1", "search")]),
    "a cell merged downwards says the same in every row": ("xlsx", _merged(), [(n, "agt-1", "search") for n in (2, 3, 4, 6)]),
    **{f"CSV in {code}": ("csv", "\n".join([CSV_HEAD, f"{code},2026-07-01T00:00:00Z,Zoë Müller,sühne,success"]).encode(code),
                         [(2, "Zoë Müller", "sühne")]) for code in ("cp1252", "utf-8", "utf-8-sig", "utf-16")},
}  # fmt: skip


def _named(cases: dict[str, Any]) -> dict[str, bytes]:
    return {f"{n:02d}.{case[0]}": case[1] for n, case in enumerate(cases.values())}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Taken:
    """What became of all files of FILES."""
    return take(tmp_path_factory.mktemp("planted"), **_named(FILES))


@pytest.mark.parametrize("claim", FILES)
def test_what_is_wrong_with_a_file_costs_that_and_no_more(claim: str, planted: Taken) -> None:
    number = list(FILES).index(claim)
    _, _, expected, says = FILES[claim]
    (file,) = (f for f in planted.files.values() if f.file.startswith(f"logs/{number:02d}."))
    told = [q for q in planted.quarantined if q.file == file.file and q.kind != "duplicate"]
    assert counts(file) == expected
    assert says in " | ".join(str(q.reason) for q in told) + str(file.why)
    assert claim not in LINES or sorted(q.line for q in told) == LINES[claim]
    assert claim != "comments and last commas" or file.source == "mcp-config"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Taken:
    """What became of all files of SHOWN."""
    return take(tmp_path_factory.mktemp("shown"), **_named(SHOWN))


@pytest.mark.parametrize("claim", SHOWN)
def test_rows_have_the_numbers_and_texts_of_their_file(claim: str, shown: Taken) -> None:
    number = list(SHOWN).index(claim)
    names = [n for n, _ in columns_of(next(t for t in LOADED if t.name == "events"))]
    actor, tool = (2 + names.index(n) for n in ("actor_id", "tool"))
    rows = [r for r in shown.rows["events"] if r[0].startswith(f"logs/{number:02d}.")]
    assert sorted((r[1], r[actor], r[tool]) for r in rows) == SHOWN[claim][2]


@pytest.mark.parametrize(("name", "code", "noted"), [("Zoë", "cp1252", True), ("Łukasz", "cp1250", True), ("Zoë", "utf-8", False)])  # fmt: skip
def test_a_table_that_is_not_utf_8_is_noted_for_its_letters_may_be_wrong(
    name: str, code: str, noted: bool, ingest: Ingest
) -> None:
    taken = ingest(
        a__csv=_csv(*CSV_ROWS, f"e9,2026-07-01T00:00:00Z,{name},b,success").decode().encode(code)
    )
    assert counts(taken.only) == (6, 6, 0, 0, 0)
    assert ("save the table as UTF-8" in taken.reasons) is noted


def test_each_sheet_of_a_workbook_is_read_for_itself_with_dates(ingest: Ingest) -> None:
    head = CSV_HEAD.split(",")
    taken = ingest(
        a__xlsx=workbook(
            [head, ["e1", AT, "agt-1", "search", "success"]],
            [head, [2, AT, "agt-1", None, "error"]],
        )
    )
    assert sorted(taken.files) == ["logs/a.xlsx!Sheet", "logs/a.xlsx!Sheet1"]
    assert {counts(f) for f in taken.files.values()} == {(1, 1, 0, 0, 0)}
    assert {r[3] for r in taken.rows["events"]} == {AT}


MARKDOWN = {
    "fields and text": (b"---\nname: a\ntools: [x, y]\n---\n# One\ntext\n## Two ##\n", {"name": "a", "tools": ["x", "y"]}, ["One", "Two"]),
    "dates are texts": (b"---\nat: 2026-01-02\n---\n", {"at": "2026-01-02"}, []),
    "no YAML: line by line": (
        b'---\nname: "a"\ndescription: when: b: "c"\ntools:\n  - x\n  - y: z: q\n---\n', {"name": "a", "description": 'when: b: "c"', "tools": ["x", "y: z: q"]}, []),
    "code has no headings": (b"---\na: 1\n---\n# A\n```\n# B\n```\n# C\n", {"a": 1}, ["A", "C"]),
    "what it says of itself is not believed": (b"---\na: 1\n_body_sha256: x\n_headings: [y]\n---\n# A\n", {"a": 1}, ["A"]),
    "BOM": (b"\xef\xbb\xbf---\na: 1\n---\n# A\n", {"a": 1}, ["A"]),
}  # fmt: skip


@pytest.mark.parametrize("claim", MARKDOWN)
def test_front_matter_is_a_record_and_the_text_no_more_than_hash_and_headings(
    claim: str, tmp_path: Path
) -> None:
    content, fields, headings = MARKDOWN[claim]
    (document,) = _documents_of(tmp_path / "a.md", content)
    assert isinstance(document, Document)
    body_hash = document.value.pop("_body_sha256")
    assert document.value == {**fields, "_headings": headings}
    assert len(body_hash) == 64


def test_a_heading_of_many_blanks_takes_no_time(tmp_path: Path) -> None:
    content = b"---\na: 1\n---\n# a" + b" " * 20_000 + b"b\n"
    (document,) = _documents_of(tmp_path / "a.md", content)
    assert isinstance(document, Document)
    assert [len(h) for h in document.value["_headings"]] == [20_002]


def test_the_hash_of_a_text_does_not_hang_on_line_ends_or_front_matter(tmp_path: Path) -> None:
    unix, windows, other = (
        _documents_of(tmp_path / "a.md", content)[0].value["_body_sha256"]
        for content in (
            b"---\na: 1\n---\n\nDo it.\nNow.\n",
            b"---\r\nb: 2\r\n---\r\nDo it.\r\nNow.",
            b"---\na: 1\n---\n\nDo it.\nThen.\n",
        )
    )
    assert unix == windows != other


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"---\nname: a\ntext without an end\n", "without an end"), (b"---\n- a: 1\na: [\n---\n", "")],
)
def test_front_matter_that_cannot_be_read_is_a_problem(
    content: bytes, reason: str, tmp_path: Path
) -> None:
    (item,) = _documents_of(tmp_path / "a.md", content)
    assert isinstance(item, Document if not reason else records.Problem)
    assert not reason or reason in str(item.reason)


@pytest.mark.parametrize("content", [b"# A text\n\nname: a\n", b"---\n\nA line.\n\n---\n"])
def test_markdown_without_front_matter_is_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(content)
    assert sniff(tmp_path / "a.md", "a.md").format != "markdown"


def _documents_of(path: Path, content: bytes) -> list[Any]:
    path.write_bytes(content)
    with DuckDB(path.parent / "work") as engine:
        return list(documents(sniff(path, path.name), engine))


HOSTILE = {
    "strings without an end": b'{"a": ' + b'"x\\' * 60_000,
    "a comment without an end": b'{"a": 1, ' + b"/* " * 60_000,
    "commas and blanks": b"[1" + b", " * 60_000,
    "values one after another": b'{"a": 1,\n"b": 2}\n' * 60_000,
    "an object over lines without an end": b'{"a": 1}\n{\n' + b' "b": [1,\n' * 60_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_broken_json_takes_long(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(text)
    started = time.process_time()
    with DuckDB(tmp_path / "work") as engine:
        assert list(documents(sniff(tmp_path / "a.json", "a.json"), engine))
    assert time.process_time() - started < 4


# More than counts


# gz


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


# JSON lines


START = b'{"event_id":"x","time":"2026-07-01T00:00:00Z","actor_id":"a"'


BROKEN = {
    "twice": START + b',"actor_id":"b","outcome":"success"}\n',
    "half a character": START + b',"tool":"\\ud800","outcome":"success"}\n',
    "NaN": START.replace(b'"a"', b"NaN") + b',"outcome":"success"}\n',
    "cut": START + b',"outcome":"success"\n',
    "trailing": START + b',"outcome":"success"} trailing\n',
    "cut list": b'["event_id"\n',
    "text": b"not json at all\n",
    "number": b"17\n",
}
BOTH = {"straight through the engine": 0, "record by record": 1 << 40}
"""The two ways of converting, and from how many bytes on the first is taken."""


@pytest.fixture(scope="module", params=BOTH)
def broken(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    """What became of logs with one broken line each."""
    contents = [lines(*TEN[:5]) + bad + lines(*TEN[5:]) for bad in BROKEN.values()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convert, "STREAM_FROM", BOTH[request.param])
        made = {f"{n}.jsonl": content for n, content in enumerate(contents)}
        return take(tmp_path_factory.mktemp("broken"), **made)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_line_costs_that_line_on_both_paths(name: str, broken: Taken) -> None:
    file = f"logs/{list(BROKEN).index(name)}.jsonl"
    told = [q for q in broken.quarantined if q.file == file and q.kind != "duplicate"]
    assert counts(broken.files[file]) == (11, 10, 0, 1, 0)
    assert [q.line for q in told] == [6]


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


# JSON documents


def test_a_document_larger_than_one_record_may_be_is_read_in_records(ingest: Ingest) -> None:
    value = json.dumps({"events": [event(n, resource="x" * 1_000_000) for n in range(7)]})
    whole = value.replace("}, {", "}," + " " * 5_000_000 + "{").encode()
    assert len(whole) > files.MAX_RECORD
    assert counts(ingest(a__json=whole).only) == (7, 7, 0, 0, 0)


# CSV


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


# XLSX


# YAML


# Parquet


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
    "seed", [*range(3), *(pytest.param(n, marks=pytest.mark.deep) for n in range(3, 20))]
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
        problems = sorted((q.line, q.kind, str(q.reason)) for q in taken.quarantined)
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


@pytest.mark.parametrize(
    "zone", ["America/St_Johns", pytest.param("Asia/Tokyo", marks=pytest.mark.deep)]
)
def test_the_machines_time_zone_changes_nothing(zone: str, tmp_path: Path) -> None:
    """Files are converted on connections of their own, and each must know that a time without a zone is UTC."""
    code = (
        "import sys; sys.path.insert(0, 'tests'); from pathlib import Path; import test_readers as t; "
        "made = t.take(Path(sys.argv[1]), a__jsonl=t.lines(*(t.event(i, time=x) for i, x in "
        "enumerate(('2026-07-01T12:00:00', '2026-07-01T12:00:00Z', '2026-07-01T14:00:00+02:00'))))); "
        "print(made.rows['events'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True, text=True, check=True, env={**os.environ, "TZ": zone},
    )  # fmt: skip
    assert done.stdout.count("datetime.datetime(2026, 7, 1, 12, 0)") == 3


def test_of_many_files_one_record_is_looked_at_first_and_more_where_it_is_odd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detect, "SAMPLED_IN_ALL", 1)
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
        ("logs/b.jsonl", 2, "duplicate"),
    ]
    assert "repeats logs/a.jsonl#1" in str(taken.quarantined[1].reason)
    assert "but other values elsewhere; each counts" in str(taken.quarantined[2].reason)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("lists: ['a b']", r"z\.yml:4: 'a b' is not a plain name"),
        ("texts: [1]", r"z\.yml:4: 1 is not a plain name"),
        ("may_lack: [tool]", r"z\.yml:4: 'tool' is not a required column of events"),
        ("evidence: hearsay", r"z\.yml:4: 'hearsay' is not a class of evidence"),
        ("weaker: {grants.color: declared}", r"z\.yml:4: no column 'grants.color'"),
        (
            "weaker: {grants.effect: record}",
            r"z\.yml:4: grants.effect is 'record', which is not weaker",
        ),
    ],
)
def test_a_source_that_names_what_there_is_not_is_refused(
    line: str, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "z.yml"
    path.write_text(f"id: z\ntitle: Z\nwhen: 'TRUE'\n{line}\ntables: {{}}\n")
    with pytest.raises(ContentError, match=says):
        loader.read_source(path)


# what the engine fails on


NO_SQL = "CAST(error('no \"s3cr3t\" here') AS BIGINT)"


def _clumsy(source: loader.Source) -> loader.Source:
    """The source of events, with SQL that fails on one of them."""
    if source.id != "reporter-events":
        return source
    fails = f"CASE WHEN e.event_id = 'bad' THEN {NO_SQL} ELSE 1 END"
    sql = f"SELECT * FROM ({source.tables['events']}) AS e WHERE {fails} >= 0"
    return replace(source, tables={"events": sql})


def _short_of_memory(engine: DuckDB, *rest: Any) -> dict[str, int]:
    """What turns records into rows, where one of them is too much."""
    if engine.one("SELECT count(*) FROM spooled WHERE contains(CAST(r AS VARCHAR), '\"bad\"')"):
        raise OutOfMemory("the engine needs more memory")
    return STAGE(engine, *rest)


STAGE = record_path._stage
STUMBLES = {
    "an error in SQL": ("engine could not read it", "SOURCES", tuple(map(_clumsy, SOURCES))),
    "too little memory": ("needs more memory than --memory", "_stage", _short_of_memory),
}


@pytest.mark.parametrize("what", STUMBLES)
def test_what_the_engine_fails_on_costs_that_record_and_no_run(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, name, value = STUMBLES[what]
    monkeypatch.setitem(
        take.__globals__ if name == "SOURCES" else record_path.__dict__, name, value
    )
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


def test_portions_that_lack_memory_are_halved_once_and_the_next_begin_smaller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All records are kept, and so is the batch; were each portion tried as a whole, tries ran out."""
    sizes: list[int] = []

    def narrow(engine: DuckDB, *rest: Any) -> dict[str, int]:
        sizes.append(engine.one("SELECT count(*) FROM spooled"))
        if sizes[-1] > 4:
            raise OutOfMemory("the engine needs more memory")
        return STAGE(engine, *rest)

    monkeypatch.setattr(record_path, "_stage", narrow)
    monkeypatch.setattr(record_path, "FLAT_PORTION", 2_000)  # of two
    monkeypatch.setattr(record_path, "MOST_SPLITS", 3)
    taken = take(tmp_path, a__jsonl=lines(*(event(n) for n in range(60))))
    assert counts(taken.files["logs/a.jsonl"]) == (60, 60, 0, 0, 0)
    assert [e for e in taken.reasons.splitlines() if "memory" in e] == []
    assert sizes[0] == sizes[1] > 4  # tried one by one, and again alone, before it was halved
    assert sum(size > 4 for size in sizes) <= 4


def test_large_work_on_files_takes_turns_and_small_work_does_not_wait(tmp_path: Path) -> None:
    with DuckDB(tmp_path, "256MB") as engine, engine.twin() as other:
        with engine.turn(engine.memory()), other.turn(1000):
            assert not other.turn(engine.memory()).acquire(blocking=False)  # type: ignore[attr-defined]
        with other.turn(engine.memory()):
            pass


@pytest.mark.parametrize("fails", [False, True], ids=["side by side", "once failed, one by one"])
def test_portions_that_are_loaded_side_by_side_give_what_one_gives(
    fails: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows, their order, notes and the list of what is rejected; and all of it after a failure."""
    events = [
        event(
            n,
            **(
                {"time": "?"}
                if n % 7 == 3
                else {"time": "2026-07-01T00:00:09"}
                if n % 7 == 4
                else {}
            ),
        )
        for n in range(60)
    ]
    page = json.dumps({"events": events}).encode()
    threads: set[int] = set()
    numbers: list[int] = []

    write_rows = record_path._write_rows

    def watched(engine: DuckDB, *rest: Any) -> None:
        threads.add(threading.get_ident())
        numbers.append(rest[-1])
        if fails and rest[-1] == 3:
            raise OutOfMemory("the engine needs more memory")
        write_rows(engine, *rest)

    monkeypatch.setattr(record_path, "_write_rows", watched)
    for module in (record_path, records):
        monkeypatch.setattr(module, "LISTED_LOST", 5)
    whole = take(tmp_path / "whole", a__json=page, b__json=page)
    assert len(threads) == len(numbers) == 1
    threads.clear()
    numbers.clear()
    monkeypatch.setattr(record_path, "FLAT_PORTION", 4_000)
    parted = take(tmp_path / "parted", a__json=page, b__json=page)
    with DuckDB(tmp_path / "engine") as engine:
        assert (len(threads) > 1) == (engine.threads() > 1)
    assert len(numbers) > 4
    assert parted.files == whole.files
    assert parted.rows == whole.rows
    assert parted.reasons == whole.reasons

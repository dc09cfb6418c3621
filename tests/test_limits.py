"""What is read has limits: each names file, place and what to do, counts what is lost, and costs nothing else."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import socket
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from conftest import reporter
from test_readers import CSV_HEAD, CSV_ROWS, TEN, counts, event, lines, take, workbook

from reporter.engine.duckdb import DuckDB
from reporter.ingest import convert, load, record_path
from reporter.ingest.cache import Batch, Counts
from reporter.ingest.quarantine import LONGEST, cut_text
from reporter.ingest.readers import documents as readers
from reporter.ingest.readers import files, records, tabular
from reporter.ingest.readers.documents import documents
from reporter.ingest.readers.files import InputFile, sniff
from reporter.ingest.readers.inputs import Originals
from reporter.ingest.readers.records import Document, Problem
from reporter.ingest.readers.tabular import MAX_HEADINGS, too_large_a_book

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_caches")]

# ---------------------------------------------------------------- links and what is not a file


def _leading_out(logs: Path, outside: Path) -> dict[str, str]:
    (outside / "folder").mkdir(parents=True)
    (outside / "a.jsonl").write_bytes(lines(*TEN))
    (outside / "folder" / "b.jsonl").write_bytes(lines(*TEN))
    os.mkfifo(outside / "pipe")
    (logs / "file.jsonl").symlink_to(outside / "a.jsonl")
    (logs / "folder").symlink_to(outside / "folder")
    (logs / "up.jsonl").symlink_to("../../outside/a.jsonl")
    (logs / "over.jsonl").symlink_to(logs / "file.jsonl")
    (logs / "pipe.jsonl").symlink_to(outside / "pipe")
    (logs / "zero.jsonl").symlink_to("/dev/zero")
    (logs / "gone.jsonl").symlink_to(outside / "nowhere")
    os.mkfifo(logs / "own-pipe")
    with socket.socket(socket.AF_UNIX) as own:
        own.bind(os.path.relpath(logs / "socket"))
    out = "a link that leads out of the workspace"
    return {
        **dict.fromkeys(("file.jsonl", "folder", "up.jsonl", "over.jsonl", "pipe.jsonl", "zero.jsonl"), out),
        "gone.jsonl": "a link that leads nowhere",
        "own-pipe": "neither a file nor a folder",
        "socket": "neither a file nor a folder",
    }  # fmt: skip


def test_links_out_of_the_workspace_and_what_is_no_file_are_named_and_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    logs = tmp_path / "ws" / "logs"
    logs.mkdir(parents=True)
    expected = _leading_out(logs, tmp_path / "outside")
    opened = Path.open

    def watched(self: Path, *args: Any, **more: Any) -> Any:
        assert not self.is_symlink() and not self.is_fifo(), self
        return opened(self, *args, **more)

    monkeypatch.setattr(Path, "open", watched)
    taken = take(tmp_path, good__jsonl=lines(*TEN))
    assert taken.files.pop("logs/good.jsonl").kept == 10
    assert {n: counts(f) for n, f in taken.files.items()} == {
        f"logs/{n}": (1, 0, 0, 1, 0) for n in expected
    }
    told = {q.file: str(q.reason) for q in taken.quarantined}
    assert [n for n, why in expected.items() if why not in told[f"logs/{n}"]] == []


def test_a_folder_of_the_workspace_that_is_a_link_out_of_it_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.jsonl").write_bytes(lines(*TEN))
    (tmp_path / "ws" / "logs").mkdir(parents=True)
    (tmp_path / "ws" / "inventory").symlink_to(tmp_path / "elsewhere")
    taken = take(tmp_path)
    assert {n: counts(f) for n, f in taken.files.items()} == {"inventory": (1, 0, 0, 1, 0)}
    assert "leads out of the workspace" in taken.reasons


# ---------------------------------------------------------------- long fields

LONG = "é" * 600_000 + " end"


@pytest.fixture(params=["record by record", "straight through the engine"])
def threshold(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Read logs on one path and on the other; tell whether it is the fast one."""
    fast = bool(request.param != "record by record")
    monkeypatch.setattr(convert, "STREAM_FROM", 1 if fast else 1 << 40)
    return fast


def test_a_long_field_is_cut_with_a_note_and_keeps_the_hash_of_the_whole(
    tmp_path: Path, threshold: bool
) -> None:
    key = "ghp_" + hashlib.sha256(b"x").hexdigest()[:36]
    hidden = "y" * (LONGEST - 10) + f" {key} " + "z" * 5000
    made = [event(0, resource=LONG), event(1, resource=LONG[:LONGEST]), event(2, actor_id=hidden)]
    taken = take(tmp_path, a__jsonl=lines(*made, *TEN[3:]))
    assert taken.only.kept == 10
    text = repr(taken.rows["events"])
    digest = hashlib.sha256(LONG.encode()).hexdigest()
    assert f"'{LONG[:LONGEST]}…[cut: 600,004 characters, sha256 {digest}]'" in text
    assert f"'{LONG[:LONGEST]}'" in text
    assert "ghp_" not in text and key[:10] not in text and re.search(r"y secret-[0-9a-f…]+", text)
    told = {
        (q.line, str(q.reason).split(":")[0])
        for q in taken.quarantined
        if "more than" in str(q.reason)
    }
    told = {(line, why.replace("the field resource", "events.resource")) for line, why in told}
    assert told == {(1, "events.resource has more than 4,000 characters"), (3, "events.actor_id has more than 4,000 characters")}  # fmt: skip


def test_a_long_text_that_is_json_stays_whole_for_the_source_and_no_secret_goes_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_path, "ENDLESS", 300)
    key = "ghp_" + hashlib.sha256(b"x").hexdigest()[:36]
    record = {"json": json.dumps({"a": "b" * 9000}), "more": [f"x {key} " + "y " * 4000]}
    batch = Batch("s", "k", counts=[Counts()])
    made = json.loads(record_path._without_endless(json.dumps(record), 0, 7, batch, "key"))
    assert made["json"] == record["json"]
    assert re.fullmatch(r"x secret-[0-9a-f]{12} [y ]+…\[cut: [0-9,]+ characters, sha256 [0-9a-f]{64}\]", made["more"][0])  # fmt: skip
    assert [(line, str(why).split(" ")[2]) for _, line, _, why, _ in batch.problems] == [
        (7, "more")
    ] * 2


def test_long_fields_are_told_apart_by_what_was_cut_off() -> None:
    assert cut_text(LONG) != cut_text(LONG + ".")
    assert cut_text(LONG[:LONGEST]) == LONG[:LONGEST]
    assert len(cut_text(LONG)) < LONGEST + 120


@pytest.mark.usefixtures("few_checks")
def test_ten_fields_of_a_megabyte_make_a_small_report(tmp_path: Path) -> None:
    names = ("name", "purpose", "process_id", "kill_switch", "owner_id", "business_unit", "technical_owner_id",
             "policy_id", "parent_id", "principal_id")  # fmt: skip
    agent = {"type": "agent", "actor_id": "a", "state": "active"}
    inventory = tmp_path / "ws" / "inventory"
    inventory.mkdir(parents=True)
    long = {n: f"{n} " + "x y" * 350_000 for n in names}
    (inventory / "a.json").write_text(json.dumps([agent, agent | {"actor_id": "b"} | long]))
    (tmp_path / "ws" / "statements").mkdir()
    waiver = {"check": "OWN-01", "subject": "a", "reason": "x y" * 350_000}
    (tmp_path / "ws" / "statements" / "waivers.json").write_text(json.dumps([waiver]))
    settings = "organisation: X\nperiod: {from: '2026-07-01', to: '2026-10-01'}\n"
    (tmp_path / "ws" / "reporter.yml").write_text(settings)
    result = reporter(
        "assess", tmp_path / "ws", "--out", tmp_path / "out", "--formats", "json,html,csv"
    )
    assert result.exit_code == 0, result.output
    assert sum(p.stat().st_size for p in (tmp_path / "out").rglob("*.*")) < 4_000_000
    said = (tmp_path / "out" / "quarantine.csv").read_text()
    assert sum(f"the field {n} has more than 4,000 characters" in said for n in names) == 10
    assert "a field of more than 4,000 characters" in said


# ---------------------------------------------------------------- what is packed


@pytest.mark.parametrize("lies", [False, True])
@pytest.mark.parametrize("form", ["csv", "jsonl", "json"])
def test_a_packed_file_that_is_too_large_unpacked_is_refused(
    lies: bool, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it lies, its last member says that it is small."""
    monkeypatch.setattr(files, "UNPACKED_FREE", 2 << 20)
    rows = {"csv": b"a,b,c,d\n", "jsonl": lines({"x": "a" * 1000}), "json": b" " * 999 + b"\n"}
    bomb = gzip.compress((b"[" if form == "json" else b"") + rows[form] * ((3 << 20) // len(rows[form])))  # fmt: skip
    (tmp_path / f"a.{form}.gz").write_bytes(bomb + gzip.compress(b"\n") * lies)
    file = sniff(tmp_path / f"a.{form}.gz", f"a.{form}.gz")
    assert file.format == (form if lies else "unknown")
    with DuckDB(tmp_path / "work") as engine:
        *_, last = documents(file, engine)
    assert isinstance(last, Problem)
    assert "a gz file that unpacks to more than 2 MB; 200 times its size" in str(last.reason)


def test_the_fast_path_believes_no_packed_file_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convert, "STREAM_FROM", 1)
    monkeypatch.setattr(files, "UNPACKED_FREE", 1000)
    monkeypatch.setattr(files, "RATIO", 1)
    packed = gzip.compress(lines(*TEN)) + gzip.compress(b"\n")
    taken = take(tmp_path, a__jsonl__gz=packed)
    assert taken.only.unreadable == 1
    assert "times its size" in taken.reasons


def test_a_document_is_held_to_the_memory_of_the_run(tmp_path: Path) -> None:
    def said(text: str, memory: str) -> str:
        path = tmp_path / "a.json.gz"
        path.write_bytes(gzip.compress(text.encode()))
        with DuckDB(tmp_path / "work", memory) as engine:
            (item,) = documents(sniff(path, path.name), engine)
            return str(item.reason) if isinstance(item, Problem) else ""

    small = "[" + "{}," * 100_000 + "{}]"
    assert "needs some" in said(small, "10MB") and "--memory" in said(small, "10MB")
    numbers = "[" + "1.5," * 300_000 + "1.5]"
    assert "needs some 13 MB" in said(numbers, "10MB") and said(numbers, "20MB") == ""
    assert "JSON lines" in said('["' + "x" * 9_000_000 + '"]', "20MB")
    assert said(small, "100MB") == ""


# ---------------------------------------------------------------- workbooks


def _book_with(tmp_path: Path, name: str, more: Callable[[bytes], bytes]) -> InputFile:
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook([["a", "b"], ["c", "d"]]))) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            new.writestr(part, more(old.read(part)) if part == name else old.read(part))
        if name not in old.namelist():
            new.writestr(name, more(b""))
    path = tmp_path / "a.xlsx"
    path.write_bytes(made.getvalue())
    return sniff(path, path.name)


@pytest.mark.parametrize("tag", ["<si><t>a</t></si>", "<si/>", "<x:si><x:t>a</x:t></x:si>"])
def test_a_workbook_of_a_great_many_texts_is_refused_before_it_is_read(
    tag: str, tmp_path: Path
) -> None:
    file = _book_with(
        tmp_path, "xl/sharedStrings.xml", lambda _: b"<sst>" + tag.encode() * 2_000_001 + b"</sst>"
    )
    assert file.size < 400_000
    started = time.process_time()
    said = str(too_large_a_book(file))
    assert time.process_time() - started < 5
    assert "a workbook of 2,000,001 different texts" in said and "give its sheets as CSV" in said


def test_a_part_of_a_workbook_that_is_read_at_once_has_a_limit(tmp_path: Path) -> None:
    file = _book_with(tmp_path, "xl/styles.xml", lambda old: old + b" " * (9 << 20))
    assert "xl/styles.xml unpacks to more than 8 MB" in str(too_large_a_book(file))


def test_a_workbook_that_is_too_large_is_named_and_the_rest_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tabular, "MAX_BOOK", 100_000)
    file = _book_with(tmp_path, "xl/worksheets/sheet1.xml", lambda old: old + b" " * 200_000)
    taken = take(tmp_path, b__xlsx=file.path.read_bytes(), good__jsonl=lines(*TEN))
    assert counts(taken.files["logs/b.xlsx"]) == (1, 0, 0, 1, 0)
    assert taken.files["logs/good.jsonl"].kept == 10
    assert "xl/worksheets/sheet1.xml unpacks to more than" in taken.reasons


def test_a_workbook_of_too_many_sheets_is_refused_and_the_rest_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tabular, "MAX_SHEETS", 3)
    made = workbook(*[[["a", "b"]]] * 4, titles=[f"s{n}" for n in range(4)])
    taken = take(tmp_path, b__xlsx=made, good__jsonl=lines(*TEN))
    assert counts(taken.files["logs/b.xlsx"]) == (1, 0, 0, 1, 0)
    assert taken.files["logs/good.jsonl"].kept == 10
    assert "a workbook of 4 sheets; 3 is the limit: give its sheets as CSV" in taken.reasons


def _counted(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType | type, name: str
) -> list[tuple[Any, ...]]:
    """Note each call of a function that reads a file as a whole."""
    calls: list[tuple[Any, ...]] = []
    plain = getattr(module, name)

    def noting(*given: Any, **more: Any) -> Any:
        calls.append(given)
        return plain(*given, **more)

    monkeypatch.setattr(module, name, noting)
    return calls


def test_a_workbook_is_opened_as_often_however_many_sheets_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening it reads the texts of all sheets; 300 sheets took as many times as long."""
    opened = _counted(monkeypatch, tabular, "_opened_book")
    copied = _counted(monkeypatch, Originals, "copy")
    head = CSV_HEAD.split(",")
    known = [[head, *(r.replace("e", f"e{n}", 1).split(",") for r in CSV_ROWS)] for n in range(12)]
    sheets = [*known, *[[["a", "b"], ["c", "d"]]] * 8]
    taken = take(tmp_path, b__xlsx=workbook(*sheets, titles=[f"s{n:02}" for n in range(20)]))
    assert [f.kept for _, f in sorted(taken.files.items())] == [5] * 12 + [0] * 8
    assert len(opened) == 3  # to recognise, to convert, to count what nobody knows
    assert len(copied) == 1  # it was written just now


def test_a_document_is_read_as_often_however_many_lists_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed = _counted(monkeypatch, readers.compact_json, "read")
    known = {f"s{n:02}": [event(10 * n + i) for i in range(3)] for n in range(12)}
    unknown = {f"t{n:02}": [{"a": n}] for n in range(8)}
    taken = take(tmp_path, b__json=json.dumps(known | unknown, indent=1).encode())
    assert [f.kept for _, f in sorted(taken.files.items())] == [3] * 12 + [0] * 8
    assert len(parsed) == 5  # as a whole, to find the lists, to recognise, to convert, to count


def test_a_sheet_of_too_many_cells_is_read_to_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tabular, "MAX_CELLS", 5 * 41)
    rows = [row.split(",") for row in [CSV_HEAD, *CSV_ROWS * 10]]
    taken = take(tmp_path, b__xlsx=workbook(rows))
    assert counts(taken.only) == (41, 40, 0, 1, 0)
    assert "a sheet of more than 205 cells, read to row 41" in taken.reasons


# ---------------------------------------------------------------- tables and documents that are too wide


def test_a_table_of_too_many_columns_is_refused_by_row(tmp_path: Path) -> None:
    head = ",".join(f"c{i}" for i in range(MAX_HEADINGS + 1))
    taken = take(tmp_path, a__csv=f"{head}\n{head}\n1,2\n".encode(), good__jsonl=lines(*TEN))
    assert counts(taken.files["logs/a.csv"])[3] == taken.files["logs/a.csv"].read == 3
    assert "a table of 5,001 columns; 5,000 is the limit" in taken.reasons
    assert taken.files["logs/good.jsonl"].kept == 10


def test_the_headings_of_a_table_are_told_apart_in_one_pass() -> None:
    header = [f"h{i % 30_000}" for i in range(60_000)]
    started = time.process_time()
    made = tabular._distinct_headings(header, ["Owner", *[""] * 59_999])
    assert time.process_time() - started < 2
    assert made[0] == "h0 (1)" and made[-1] == "h29999 (2)" and len(set(made)) == 60_000


@pytest.mark.parametrize("form", ["document", "inner", "line", "list"])
def test_a_record_of_too_many_values_is_refused_and_the_rest_is_read(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "MAX_VALUES", 500)
    wide = {f"k{i}": i for i in range(501)}
    content = {
        "document": json.dumps(wide).encode(),
        "inner": json.dumps([event(11, more=wide), *TEN]).encode(),
        "line": lines(event(11, more=wide), *TEN),
        "list": json.dumps([event(11), *(event(n, more=[1] * 600) for n in range(10))]).encode(),
    }[form]
    taken = take(tmp_path, a__json=content, good__jsonl=lines(*TEN))
    lost, kept = {"document": (1, 0), "inner": (1, 10), "line": (1, 10), "list": (10, 1)}[form]
    assert (taken.files["logs/a.json"].unreadable, taken.files["logs/a.json"].kept) == (lost, kept)
    assert re.search(r"one record of [56]\d\d values; 500 is the limit", taken.reasons)
    assert taken.files["logs/good.jsonl"].kept == 10


def test_a_document_of_very_many_keys_costs_itself_only(tmp_path: Path) -> None:
    keys = ",".join(f'"key{i}":{i}' for i in range(150_000))
    taken = take(tmp_path, a__json=f"{{{keys}}}".encode(), good__jsonl=lines(*TEN))
    assert counts(taken.files["logs/a.json"]) == (1, 0, 0, 1, 0)
    assert "one record of 150,000 values; 100,000 is the limit" in taken.reasons
    assert taken.files["logs/good.jsonl"].kept == 10


def test_a_document_of_very_many_lists_is_not_tried_list_by_list(tmp_path: Path) -> None:
    made = {f"key{n}": [{"a": n}] for n in range(20_000)} | {"agents": TEN}
    started = time.process_time()
    taken = take(tmp_path, a__json=json.dumps(made).encode(), good__jsonl=lines(*TEN))
    assert time.process_time() - started < 10
    assert counts(taken.files["logs/a.json"]) == (1, 0, 0, 1, 0)
    assert "with 20,001 lists under separate keys. None was tried, as 1,000 is the limit." in taken.reasons  # fmt: skip
    assert taken.files["logs/good.jsonl"].kept == 10


def test_a_line_of_a_table_that_is_too_long_costs_itself_only(tmp_path: Path) -> None:
    long = "x" * (34 << 20)
    text = "\n".join([CSV_HEAD, CSV_ROWS[0], long, *CSV_ROWS[1:], f'"{long}"', CSV_ROWS[0]])
    (tmp_path / "a.csv").write_text(text)
    with DuckDB(tmp_path / "work") as engine:
        read = list(documents(sniff(tmp_path / "a.csv", "a.csv"), engine))
    assert [r.line for r in read if isinstance(r, Document)] == [2, 4, 5, 6, 7, 9]
    problems = [r for r in read if isinstance(r, Problem)]
    assert [p.line for p in problems] == [3, 8]
    assert all("a line of 34 MB; 32 MB is the limit" in str(p.reason) for p in problems)


# ---------------------------------------------------------------- a flood of what is wrong


@pytest.mark.parametrize("known", [True, False])
def test_lost_records_are_listed_to_a_limit_and_counted_beyond(
    known: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (records, load, record_path):
        monkeypatch.setattr(module, "LISTED_LOST", 5)
    good = lines(*TEN) if known else b""
    wrong = lines(*(event(n, outcome="odd") for n in range(12))) if known else b""
    taken = take(tmp_path, a__jsonl=good + b"{broken\n" * 20 + wrong)
    assert counts(taken.only) == ((42, 10, 0, 20, 12) if known else (20, 0, 0, 20, 0))
    by_kind = {k: [q for q in taken.quarantined if q.kind == k] for k in ("unreadable", "rejected")}
    assert len(by_kind["unreadable"]) == 6
    assert "and 15 more unreadable records" in taken.reasons
    assert len(by_kind["rejected"]) == (6 if known else 0)
    assert ("and 7 more rejected records" in taken.reasons) == known


def test_a_reason_repeats_no_endless_text_of_a_file(tmp_path: Path) -> None:
    head = f"{CSV_HEAD},{'h' * 20_000},{'h' * 20_000}"
    taken = take(tmp_path, a__csv="\n".join([head, *(f"{r},1,2" for r in CSV_ROWS)]).encode())
    assert taken.only.kept == 5
    assert max(len(str(q.reason)) for q in taken.quarantined) <= 1001

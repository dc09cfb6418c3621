"""Big logs go straight through the engine, several at a time, and must not get in each other's way."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from reporter.content import loader
from reporter.engine.duckdb import DuckDB
from reporter.ingest import bulk_path, convert, load
from reporter.ingest.cache import OF_EVENT, open_cache
from reporter.ingest.readers import inputs
from reporter.ingest.readers.inputs import Inputs

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_caches")]


@pytest.mark.parametrize("packed", [True, False], ids=["gz", "plain"])
def test_two_big_logs_are_read_side_by_side_without_mixing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    monkeypatch.setattr(convert, "STREAM_FROM", 1)
    monkeypatch.setattr(
        convert, "spool", lambda *_: pytest.fail("a clean log went record by record")
    )
    (tmp_path / "ws/logs").mkdir(parents=True)
    for name in ("a", "b", "c"):
        text = "".join(
            json.dumps(
                {
                    "event_id": f"{name}{n}",
                    "time": "2026-08-01T00:00:00Z",
                    "actor_id": name,
                    "outcome": "success",
                }
            )
            + "\n"
            for n in range(20_000)
        ).encode()
        path = tmp_path / "ws/logs" / f"{name}.jsonl"
        path.with_suffix(".jsonl.gz").write_bytes(
            gzip.compress(text)
        ) if packed else path.write_bytes(text)
    with DuckDB(tmp_path / "work") as engine:
        intake = load.ingest(
            engine,
            Inputs.of(tmp_path / "ws"),
            loader.load().sources,
            open_cache(tmp_path / "cache"),
        )
        mixed = engine.rows(
            "SELECT file, count(*), count(DISTINCT actor_id), min(actor_id) FROM in_events GROUP BY file ORDER BY file"
        )
    assert [f.kept for f in intake.files] == [20_000] * 3
    assert [(n, actors, first) for _, n, actors, first in mixed] == [(20_000, 1, x) for x in "abc"]


def _numbered(n: int, padding: int) -> str:
    """Lines whose event_id is their number, with words of every closed vocabulary."""
    effects = ("read", "write", "execute", "transfer", "delete", "publish", "grant", "admin")
    return "".join(
        f'{{"event_id":"{i}","time":"2026-07-01T12:00:00Z","actor_id":"agent-{i % 97}","actor_kind":"agent",'
        f'"effect":"{effects[i % 8]}","outcome":"success","resource":"{"x" * padding}"}}\n'
        for i in range(1, n + 1)
    )


def numbered_rows(folder: Path, text: str) -> tuple[int, int, bool]:
    """Ingest a log of `_numbered` lines; return its rows, those whose record is their line, and whether it was streamed."""
    (folder / "ws/logs").mkdir(parents=True)
    (folder / "ws/logs/log.jsonl").write_text(text, encoding="utf-8")
    with DuckDB(folder / "work") as engine:
        load.ingest(
            engine, Inputs.of(folder / "ws"), loader.load().sources, open_cache(folder / "cache")
        )
        ((rows, right),) = engine.rows(
            "SELECT count(*), count(*) FILTER (WHERE CAST(event_id AS BIGINT) = record) FROM in_events"
        )
    return rows, right, '"stream": true' in next((folder / "cache").glob("*.json")).read_text()


def test_a_record_number_is_the_number_of_its_line(tmp_path: Path) -> None:
    """Over 100 MB the engine reads in parallel, and some plans give rows in any order unless told otherwise."""
    assert numbered_rows(tmp_path, _numbered(300_000, 300)) == (300_000, 300_000, True)


def test_rows_that_are_not_in_line_order_are_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convert, "STREAM_FROM", 1)
    straight = bulk_path.cast_all

    def reversed_(*args: Any) -> str:
        return f"SELECT * FROM ({straight(*args)}) AS x ORDER BY CAST(event_id AS BIGINT) DESC"

    monkeypatch.setattr(bulk_path, "cast_all", reversed_)
    assert numbered_rows(tmp_path, _numbered(1000, 3)) == (1000, 1000, False)


def test_both_ways_of_counting_lines_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "logs/a.jsonl"
    path.parent.mkdir()
    path.write_bytes(b"".join(b'{"n": "%s"}\n' % (b"x" * (n % 700)) for n in range(9_000)) + b"{}")
    seen = []
    for least in (1 << 28, 0):
        monkeypatch.setattr(inputs, "WORTH_NUMPY", least)
        with Inputs.of(tmp_path) as files:
            seen.append(files.digest(files.files[0]))
    assert seen[0] == seen[1] and seen[0].lines == 9_001


def _read_whole(folder: Path, lines: list[dict[str, str]]) -> tuple[Any, ...]:
    """Ingest a log; return its rows, the columns it fills, its notes and the columns of its Parquet."""
    (folder / "ws/logs").mkdir(parents=True)
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "ws/logs/log.jsonl").write_text(text, encoding="utf-8")
    with DuckDB(folder / "work") as engine, Inputs.of(folder / "ws") as found:
        cache = open_cache(folder / "cache", "key")
        intake = load.ingest(engine, found, loader.load().sources, cache)
        rows = engine.rows(f"SELECT {', '.join(OF_EVENT)}, record FROM in_events ORDER BY record")
        filled = engine.rows("SELECT col FROM carried ORDER BY col")
        (stored,) = (folder / "cache").glob("*.events*.parquet")
        stored_columns = [n for n, _ in engine.columns(f"SELECT * FROM '{stored}'")]
    notes = [(q.line, q.kind, str(q.reason)) for q in intake.quarantined]
    return rows, filled, notes, intake.files[0].kept, stored_columns


LINES = [
    {"event_id": f"e{n}", "time": "2026-08-01T00:00:00Z", "actor_id": "a", "outcome": "success", "purpose": ""}
    for n in range(400)
]  # fmt: skip
SECRET = "ghp_" + "x7Kd92mQpLr4Tz8Wn3Bv6Yc1Hs5Jf0AeGuQi"


@pytest.mark.parametrize(
    ("rare", "is_left_out"),
    [
        ({}, True),
        ({"principal_id": "p-1"}, False),
        ({"sequence": "seventh"}, False),
        ({"resource": f"repo {SECRET}"}, False),
        ({"effect": "explode"}, False),
        ({"no_column": "at all"}, True),
    ],
    ids=lambda value: next(iter(value), "nothing") if isinstance(value, dict) else "",
)
def test_a_column_that_no_sample_fills_is_left_out_and_nothing_is_lost(
    rare: dict[str, str], is_left_out: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rare field stands in the middle of the log, which the sample does not see."""
    monkeypatch.setattr(convert, "STREAM_FROM", 1)
    monkeypatch.setattr(
        convert, "spool", lambda *_: pytest.fail("a clean log went record by record")
    )
    monkeypatch.setattr(bulk_path, "SAMPLES", 1)
    monkeypatch.setattr(bulk_path, "SAMPLE", 1000)
    lines = [*LINES[:200], LINES[200] | rare, *LINES[201:]]
    whole = _read_whole(tmp_path / "whole", lines)
    monkeypatch.setattr(bulk_path, "WORTH_SAMPLING", 1)
    left_out = _read_whole(tmp_path / "left", lines)
    assert left_out[:-1] == whole[:-1] and whole[3] == 400
    assert ("peer_id" not in left_out[-1]) == is_left_out and "peer_id" in whole[-1]


@pytest.mark.parametrize("worth", [1, 1 << 40], ids=["sampled", "whole"])
@pytest.mark.parametrize(
    ("given", "column"),
    [
        ({"approval_id": ""}, "approval_id"),
        ({"approval_id": " "}, "approval_id"),
        ({"sequence": ""}, "sequence"),
        ({"sequence": "  "}, "sequence"),
        ({"sequence": "seventh"}, "sequence"),
        ({"effect": ""}, "effect"),
        ({"effect": "explode"}, "effect"),
        ({"ingested_at": ""}, "ingested_at"),
        ({"ingested_at": "2026-08-01T10:00:00"}, "ingested_at"),
        ({"decision": None}, ""),
        ({}, ""),
    ],
)
@pytest.mark.parametrize("is_rare", [True, False], ids=["rare", "often"])
def test_a_large_log_carries_the_columns_that_a_small_one_would(
    given: dict[str, str], column: str, worth: int, is_rare: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """A text of nothing, or one that is not believed, says that the log has the column."""
    with_it = {200} if is_rare else set(range(400))
    lines = [line | (given if n in with_it else {}) for n, line in enumerate(LINES)]
    small = _read_whole(tmp_path / "small", lines)
    monkeypatch.setattr(convert, "STREAM_FROM", 1)
    monkeypatch.setattr(convert, "spool", lambda *_: pytest.fail("it went record by record"))
    monkeypatch.setattr(bulk_path, "SAMPLES", 1)
    monkeypatch.setattr(bulk_path, "SAMPLE", 1000)
    monkeypatch.setattr(bulk_path, "WORTH_SAMPLING", worth)
    large = _read_whole(tmp_path / "large", lines)
    assert large[:-1] == small[:-1]
    assert ("purpose",) in large[1] and ((column,) in large[1]) == bool(column)


def test_a_secret_in_a_log_with_columns_left_out_is_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convert, "STREAM_FROM", 1)
    lines = [line | {"resource": f"repo {SECRET}"} for line in LINES]
    whole = _read_whole(tmp_path / "whole", lines)
    monkeypatch.setattr(bulk_path, "WORTH_SAMPLING", 1)
    left_out = _read_whole(tmp_path / "left", lines)
    assert left_out[:-1] == whole[:-1] and SECRET not in str(left_out)
    assert "principal_id" not in left_out[-1]


def test_a_sample_holds_whole_lines_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"".join(b"%06d\n" % n for n in range(1000)) + b"cut")
    monkeypatch.setattr(bulk_path, "SAMPLES", 10)
    monkeypatch.setattr(bulk_path, "SAMPLE", 20)
    lines = b"".join(bulk_path._some_lines(path)).split()
    assert len(lines) > 10 and lines[0] == b"000000" and all(len(line) == 6 for line in lines)
    path.write_bytes(b"x" * 100_000)
    assert b"".join(bulk_path._some_lines(path)) == b""

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
from reporter.ingest.cache import open_cache
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

"""Big logs go straight through the engine, several at a time, and must not get in each other's way."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from reporter import catalog
from reporter.db import Engine
from reporter.ingest import convert, load
from reporter.ingest.cache import open_cache
from reporter.ingest.inputs import Inputs


@pytest.mark.parametrize("packed", [True, False], ids=["gz", "plain"])
def test_two_big_logs_are_read_side_by_side_without_mixing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    monkeypatch.setattr(convert, "STREAM_FROM", 1)
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
    with Engine(tmp_path / "work") as engine:
        intake = load.ingest(
            engine, Inputs(tmp_path / "ws"), catalog.load().sources, open_cache(tmp_path / "cache")
        )
        mixed = engine.rows(
            "SELECT file, count(*), count(DISTINCT actor_id), min(actor_id) FROM in_events GROUP BY file ORDER BY file"
        )
    assert [f.kept for f in intake.files] == [20_000] * 3
    assert [(n, actors, first) for _, n, actors, first in mixed] == [(20_000, 1, x) for x in "abc"]

"""What is measured of the logs themselves: delays, order, the days on which an agent is seen; and files that grow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reporter.authoring.examples import RUN
from reporter.content import loader
from reporter.engine.duckdb import DuckDB
from reporter.ingest import load
from reporter.ingest.cache import open_cache
from reporter.ingest.readers.inputs import Inputs
from reporter.system import folders
from reporter.transform.derive import derive
from reporter.transform.log_coverage import Expected

SOURCES = tuple(
    loader.read_source(p) for p in sorted(folders.content_dir()[1].glob("reporter-*.yml"))
)


def _event(at: str, **more: Any) -> dict[str, Any]:
    return {"time": at, "log_source": "gw", "actor_id": "a1", "actor_kind": "agent", "event_class": "tool",
            "action": "x", "outcome": "success", **more}  # fmt: skip


def _measured(tmp_path: Path, events: list[dict[str, Any]], sql: str) -> list[tuple[Any, ...]]:
    (tmp_path / "logs").mkdir()
    lines = "".join(json.dumps(e) + "\n" for e in events)
    (tmp_path / "logs" / "a.jsonl").write_text(lines, encoding="utf-8")
    with DuckDB(tmp_path / "work") as engine, Inputs.of(tmp_path) as inputs:
        load.ingest(engine, inputs, SOURCES, open_cache(tmp_path / "cache"))
        derive(engine, RUN, [Expected("gw", "day", 50)], wanted={"feeds", "coverage"})
        return engine.rows(sql)


DELAYS = "SELECT median_delay_seconds, p95_delay_seconds, n_out_of_order, n_late_clock FROM feeds"


def test_delays_are_exact_ranks(tmp_path: Path) -> None:
    events = [
        _event(f"2026-08-01T10:{n:02d}:00Z", ingested_at=f"2026-08-01T10:{n:02d}:{n:02d}Z")
        for n in range(1, 21)
    ]
    assert _measured(tmp_path, events, DELAYS) == [(10, 19, 0, 0)]


def test_a_log_without_times_of_receipt_has_no_delays(tmp_path: Path) -> None:
    assert _measured(tmp_path, [_event("2026-08-01T10:00:00Z")], DELAYS) == [(None, None, 0, 0)]


def test_an_event_is_out_of_order_from_two_minutes_on(tmp_path: Path) -> None:
    """Each case is a log of its own."""
    expected = {"09:59:00": 0, "09:58:00": 0, "09:57:59": 1, "08:00:00": 1}
    events = [
        _event(at, ingested_at=ingested, log_source=late_by)
        for late_by in expected
        for at, ingested in (
            ("2026-08-01T10:00:00Z", "2026-08-01T10:00:30Z"),
            (f"2026-08-01T{late_by}Z", "2026-08-01T10:05:00Z"),
        )
    ]
    rows = _measured(tmp_path, events, "SELECT log_source, n_out_of_order FROM feeds")
    assert {n: late for n, late in rows if n in expected} == expected


def test_the_order_in_the_file_is_no_order_of_arrival(tmp_path: Path) -> None:
    events = [
        _event("2026-08-01T12:00:00Z", ingested_at="2026-08-01T12:00:01Z"),
        _event("2026-08-01T10:00:00Z", ingested_at="2026-08-01T10:00:01Z"),
    ]
    assert _measured(tmp_path, events, DELAYS)[0][2] == 0


def test_coverage_counts_the_days_on_which_a_log_shows_an_agent(tmp_path: Path) -> None:
    events = [_event(f"2026-{day}T10:00:00Z") for day in ("07-03", "07-03", "07-10", "09-30")]
    sql = "SELECT actor_id, expected_days, seen_days, longest_gap_days, n_events FROM coverage"
    assert _measured(tmp_path, events, sql) == [("a1", 92, 3, 81, 4)]


def test_a_log_that_should_show_an_agent_and_does_not_is_listed(tmp_path: Path) -> None:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "a.json").write_text(
        json.dumps([{"type": "agent", "actor_id": "a2", "log_sources": ["gw"]}])
    )
    sql = "SELECT seen_days, longest_gap_days FROM coverage WHERE actor_id = 'a2'"
    assert _measured(tmp_path, [_event("2026-08-01T10:00:00Z")], sql) == [(0, 92)]


def test_of_a_file_that_grows_only_what_was_found_is_read_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    path = tmp_path / "logs" / "a.jsonl"
    path.write_text("".join(json.dumps(_event("2026-08-01T10:00:00Z")) + "\n" for _ in range(3)))
    found = path.stat().st_size
    with DuckDB(tmp_path / "work") as engine, Inputs.of(tmp_path) as inputs:
        with path.open("a") as log:
            log.write(json.dumps(_event("2026-08-02T10:00:00Z")) + "\n{cut")
        intake = load.ingest(engine, inputs, SOURCES, open_cache(tmp_path / "cache"))
    assert [(f.read, f.kept, f.bytes) for f in intake.files] == [(3, 3, found)]
    assert [(q.kind, str(found) in str(q.reason)) for q in intake.quarantined] == [
        ("changed", True)
    ]


def test_a_growing_file_has_the_hash_of_what_was_read(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    path = tmp_path / "logs" / "a.jsonl"
    path.write_text(json.dumps(_event("2026-08-01T10:00:00Z")) + "\n")
    hashes = []
    for _ in range(2):
        with Inputs.of(tmp_path) as inputs:
            size = path.stat().st_size
            with path.open("a") as log:
                log.write("more\n")
            hashes.append(inputs.digest(inputs.files[0]).sha256)
        with path.open("r+") as log:
            log.truncate(size)
    assert hashes[0] == hashes[1]

"""The settings of a log name by a pattern whom it records: of these it stands for whom the log shows, and for nobody else."""

from __future__ import annotations

from pathlib import Path

from test_derived import derived

ROLE = "arn:aws:iam::111122223333:role/"


def test_a_setting_stands_for_whom_it_covers_and_the_log_shows(tmp_path: Path) -> None:
    given = {
        "actors": [
            {"actor_id": "acting", "kind": "agent", "state": "active", "principal_id": ROLE + "a"},
            {"actor_id": "silent", "kind": "agent", "state": "active", "principal_id": ROLE + "b"},
            {"actor_id": "elsewhere", "kind": "agent", "state": "active"},
            {"actor_id": "named", "kind": "agent", "state": "active"},
        ],
        "aliases": [{"actor_id": "named", "alias": ROLE + "c"}],
        "actor_log_sources": [
            {"actor_id": "arn:aws:iam::111122223333:*", "log_source": "trail"},
            {"actor_id": "arn:aws:iam::*", "log_source": "never-supplied"},
            {"actor_id": "silent", "log_source": "register"},
        ],
        "events": [
            {"occurred_at": "2026-08-01", "principal_id": ROLE + "a", "log_source": "trail"},
            {"occurred_at": "2026-08-01", "principal_id": ROLE + "c", "log_source": "trail"},
            {"occurred_at": "2026-08-01", "actor_id": "elsewhere", "log_source": "trail"},
        ],
    }
    with derived(tmp_path, wanted={"feed_delivery"}, **given) as engine:
        rows = engine.rows("SELECT actor_id, log_source FROM actor_log_sources ORDER BY ALL")
        feeds = engine.rows("SELECT log_source FROM feed_delivery ORDER BY ALL")
    assert rows == [("acting", "trail"), ("named", "trail"), ("silent", "register")]
    assert feeds == [("register",), ("trail",)], "nobody expects the log that was never supplied"

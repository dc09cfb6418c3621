"""One actor, many names: exact ids and declared aliases join, everything else is told."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from click.testing import CliRunner

from reporter.cli import main

YML = "organisation: Port\nperiod: {from: '2026-07-01', to: '2026-10-01'}\n"


def told(folder: Path, *files: list[dict[str, object]]) -> tuple[list[tuple[str, ...]], int]:
    """Assess inventories; return (file, line, kind, reason) of what is told, and the number of agents."""
    (folder / "ws/inventory").mkdir(parents=True)
    (folder / "ws/reporter.yml").write_text(YML)
    for name, records in zip("abc", files, strict=False):
        text = "".join(json.dumps({"type": "agent", **r}) + "\n" for r in records)
        (folder / f"ws/inventory/{name}.jsonl").write_text(text)
    words = [
        "assess",
        str(folder / "ws"),
        "--out",
        str(folder / "run"),
        "--formats",
        "csv",
        "--quiet",
    ]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    with (folder / "run/quarantine.csv").open(encoding="utf-8-sig", newline="") as handle:
        rows = [(r["file"], r["line"], r["kind"], r["reason"]) for r in csv.DictReader(handle)]
    with (folder / "run/findings.csv").open(encoding="utf-8-sig", newline="") as handle:
        agents = {r["subject"] for r in csv.DictReader(handle) if r["check"] == "OWN-01"}
    return rows, len(agents)


def test_sources_that_disagree_are_listed_with_both_values(tmp_path: Path) -> None:
    rows, agents = told(
        tmp_path,
        [{"actor_id": "bot", "owner_id": "ann"}, {"actor_id": "cab"}],
        [{"actor_id": "bot", "owner_id": "bea", "state": "active"}],
        [{"actor_id": "bot", "owner_id": "ann", "state": "active"}],
    )
    assert agents == 2
    assert rows == [
        ("inventory/a.jsonl", "1", "conflict",
         "actor bot: owner_id is ann here, and bea (inventory/b.jsonl#1) elsewhere; ann is used"),
    ]  # fmt: skip


def test_an_alias_joins_and_a_near_name_does_not(tmp_path: Path) -> None:
    rows, agents = told(
        tmp_path,
        [{"actor_id": "claims-bot", "aliases": ["arn:aws:iam::1:role/claims"]}],
        [{"actor_id": "arn:aws:iam::1:role/claims"}, {"actor_id": "Claims_Bot"}, {"actor_id": "x1"}, {"actor_id": "X-1"}],
    )  # fmt: skip
    assert agents == 4
    assert [r[2:] for r in rows] == [
        ("near name", "Claims_Bot, claims-bot may be one actor: declare an alias if they are")
    ]

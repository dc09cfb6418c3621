"""Workbooks of Excel 97: read like newer ones, and harmless where they are damaged."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from reporter.content.loader import Content
from reporter.engine.duckdb import DuckDB
from reporter.ingest import load
from reporter.ingest.cache import open_cache
from reporter.ingest.load import Intake
from reporter.ingest.readers.inputs import Inputs

REGISTER = (Path(__file__).parent / "data/register.xls").read_bytes()
"""An invented register of two sheets, with a title, a merged cell, dates, a flag and a formula."""
COLUMNS = (
    "record", "kind", "actor_id", "state", "created_at", "autonomy", "updated_at", "user_facing", "purpose"
)  # fmt: skip


def taken(
    folder: Path, content: Content, **files: bytes
) -> tuple[Intake, dict[str, list[tuple[Any, ...]]]]:
    """Read files; return the accounting, and the actors by file."""
    place = folder / "ws" / "inventory"
    place.mkdir(parents=True)
    for name, data in files.items():
        (place / f"{name}.xls").write_bytes(data)
    own = tuple(s for s in content.sources if s.id == "reporter-inventory")
    rows: dict[str, list[tuple[Any, ...]]] = {}
    with DuckDB(folder / "work") as engine:
        intake = load.ingest(engine, Inputs.of(folder / "ws"), own, open_cache(folder / "cache"))
        for file, *row in engine.rows(
            f"SELECT file, {', '.join(COLUMNS)} FROM in_actors ORDER BY file, record"
        ):
            cells = (v.isoformat() if hasattr(v, "isoformat") else v for v in row)
            rows.setdefault(file, []).append(tuple(cells))
    return intake, rows


def test_every_sheet_is_read_with_its_dates_flags_and_merged_cells(
    tmp_path: Path, content: Content
) -> None:
    intake, rows = taken(tmp_path, content, register=REGISTER)
    assert [(f.file, f.read, f.kept) for f in intake.files] == [
        ("inventory/register.xls!Agents", 3, 3),
        ("inventory/register.xls!People", 1, 1),
    ]
    nothing = (None,) * 5
    assert rows["inventory/register.xls!Agents"] == [
        (4, "agent", "crane", "active", "2026-01-20T00:00:00", 2, "2026-02-03T04:05:06", True, None),
        (5, "agent", "berth", "suspended", *nothing),
        (6, "agent", "tüg", "active", *nothing[1:], "moors ships"),
    ]  # fmt: skip
    assert rows["inventory/register.xls!People"] == [(2, "human", "mira", "active", *nothing)]


def test_a_damaged_one_costs_itself_and_no_more(tmp_path: Path, content: Content) -> None:
    damage = random.Random(3)
    broken = {f"cut_{n}": REGISTER[:n] for n in (100, 600, 3000, len(REGISTER) - 900)}
    for n in range(20):
        data = bytearray(REGISTER)
        for at in damage.sample(range(8, len(data)), 40):
            data[at] = damage.randrange(256)
        broken[f"garbled_{n}"] = bytes(data)
    intake, rows = taken(tmp_path, content, whole=REGISTER, **broken)
    assert len(rows["inventory/whole.xls!Agents"]) == 3
    named = {f.file.partition(".xls")[0] for f in intake.files}
    assert named == {f"inventory/{name}" for name in ("whole", *broken)}
    for f in intake.files:
        assert f.read == f.kept + f.out_of_scope + f.unreadable + f.rejected
        assert f.read, f.why


@pytest.mark.parametrize(
    ("content_of", "says"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 5000, "old Office document"),
        (REGISTER[:512] + bytes(1000) + REGISTER[1512:], "not a readable workbook"),
    ],
)
def test_what_is_no_workbook_says_what_it_is(
    content_of: bytes, says: str, tmp_path: Path, content: Content
) -> None:
    intake, rows = taken(tmp_path, content, other=content_of)
    assert not rows
    told = [str(f.why) for f in intake.files] + [str(q.reason) for q in intake.quarantined]
    assert any(says in text for text in told)

"""Fields that are not believed although their record is kept. In: staged rows. Out: notes in a batch's problems."""

from __future__ import annotations

import hashlib

from reporter.columns import TIME, Column
from reporter.db import Engine, quoted
from reporter.ingest.cache import Batch
from reporter.ingest.selects import can_fail, no_cast, no_zone
from reporter.ingest.typing_sql import expected, typed

HIDDEN = "holds what looks like a secret; only its fingerprint is kept"
"""How the note on a record that held a secret ends."""
CHANGED = "it was changed, replaced or removed while it was read"
"""Why no record of a file is used."""
LISTED = 1000
"""Notes on one field of one file that are listed one by one; the rest is a number."""

LONGEST = 4000
"""Characters of a field: no id, name or address is longer, and a report repeats them."""
TOO_LONG = LONGEST + 150
"""From here on a field is cut: what was cut is shorter, and is not cut again."""


def cut(column: str) -> str:
    """SQL: a text, the end of one that is too long replaced by its length and its hash, so that it stays one of its own."""
    return (
        f"CASE WHEN length({column}) > {TOO_LONG} THEN left({column}, {LONGEST}) || '…[cut: ' || "
        f"format('{{:,}}', length({column})) || ' characters, sha256 ' || sha256({column}) || ']' ELSE {column} END"
    )


def cut_text(text: str) -> str:
    """Return what `cut` makes of a text."""
    if len(text) <= TOO_LONG:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return f"{text[:LONGEST]}…[cut: {len(text):,} characters, sha256 {digest}]"


def was_cut(table: str, column: str) -> str:
    """Say that a field was cut."""
    where = f"{table}.{column}" if table else f"the field {column}"
    return f"{where} has more than {LONGEST:,} characters: its end is cut, and its length and hash stand there"


def note_bad_fields(
    engine: Engine, table: str, columns: list[Column], batch: Batch, trimmed: bool
) -> None:
    """Optional fields that do not cast, and times without a zone: the record is kept, the field is not believed."""
    doubts = [d for c in columns for d in _doubts(table, c, trimmed)]
    if not doubts:
        return
    counts = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition, _ in doubts)
    found = engine.rows(f"SELECT {counts} FROM staged_{table}")[0]
    for (condition, reason), n in zip(doubts, found, strict=True):
        if n:
            note(engine, batch, f"SELECT record, {reason} FROM staged_{table} WHERE {condition}")


def _doubts(table: str, column: Column, trimmed: bool) -> list[tuple[str, str]]:
    """(SQL condition, SQL text that says what is wrong) for one column."""
    cast = typed(table, column, column.name, trimmed)
    doubts = []
    if not column.required and can_fail(table, column):
        wrong = quoted(f"{table}.{column.name} is not {expected(table, column)}: ")
        doubts.append((no_cast(column, cast), f"{wrong} || left(redacted({column.name}), 60)"))
    if column.type == TIME:
        zone = quoted(f"{table}.{column.name} has no time zone and was read as UTC: ")
        doubts.append((no_zone(column, cast), f"{zone} || left(redacted({column.name}), 40)"))
    return doubts


def note(engine: Engine, batch: Batch, sql: str) -> None:
    """Note what a SELECT of record and reason finds, up to a limit for each file."""
    for index, line, reason, place, total in engine.rows(
        f"SELECT f, n, reason, place, total FROM (SELECT s.f, s.n, q.reason, "
        "row_number() OVER (PARTITION BY s.f ORDER BY s.record, q.reason) AS place, "
        "count(*) OVER (PARTITION BY s.f) AS total "
        f"FROM (SELECT DISTINCT record, reason FROM ({sql}) AS d(record, reason)) AS q "
        f"JOIN spooled AS s USING (record)) AS p WHERE place <= {LISTED} ORDER BY f, place"
    ):
        if place == LISTED < total:
            reason = f"{reason} (and {total - LISTED} more records like it)"
        batch.problems.append((index, line, "field", reason, ""))

"""Fields that are not believed, or not shown, although their record is kept. In: staged rows. Out:
notes in the problems of a batch, and rows without secrets.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence

from reporter.engine.base import Engine, quoted
from reporter.engine.duckdb import DuckDB
from reporter.i18n.translate import mark
from reporter.ingest.cache import Batch
from reporter.ingest.projection import can_fail, expected, no_cast, no_zone, says_nothing, typed
from reporter.model.assessment import Quarantined
from reporter.model.sentences import NOT_OF_TYPE, Sentence, tell
from reporter.privacy.redact_sql import (
    is_looked_at,
    matches,
    may_name_one,
    named_secrets,
    without,
)
from reporter.schema.columns import TIME, Column

HID_IN_TABLE = mark(
    "a field of {table} holds what looks like a secret; only its fingerprint is kept"
)
HID_IN_FIELD = mark("the field {name} holds what looks like a secret; only its fingerprint is kept")
HID_IN_RECORD = mark("the record holds what looks like a secret; only its fingerprint is kept")
_HID = frozenset((HID_IN_TABLE, HID_IN_FIELD, HID_IN_RECORD))
"""The notes on a record that held a secret."""
CHANGED = Sentence(mark("it was changed, replaced or removed while it was read"))
"""Why no record of a file is used."""
LISTED = 1000
"""Notes on one field of one file that are listed one by one; the rest is a number."""

LONGEST = 4000
"""Characters of a field: no id, name or address is longer, and a report repeats them."""
LABELS = "labels"
TOO_LONG = LONGEST + 150
"""Characters beyond which a field is cut; the result is shorter, so it is not cut again."""


def cut(column: str) -> str:
    """SQL: a text; where it is too long, its length and hash replace its end, so that it stays
    distinct.
    """
    return (
        f"CASE WHEN length({column}) > {TOO_LONG} THEN left({column}, {LONGEST}) || '…[cut: ' ||"
        f" format('{{:,}}', length({column})) || ' characters, sha256 ' || sha256({column}) || ']'"
        f" ELSE {column} END"
    )


def cut_text(text: str) -> str:
    """Return what `cut` makes of a text."""
    if len(text) <= TOO_LONG:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return f"{text[:LONGEST]}…[cut: {len(text):,} characters, sha256 {digest}]"


def has_hidden(reason: Sentence) -> bool:
    """Tell whether a note says that a secret was replaced."""
    return any(part.text in _HID for part in reason.parts())


def was_cut(name: str) -> Sentence:
    """Say that a field was cut."""
    return tell(
        "{name} has more than {n:,} characters: it is cut short, and its length and hash are"
        " appended",
        name=name,
        n=LONGEST,
    )


def note_bad_fields(
    engine: DuckDB, table: str, columns: list[Column], batch: Batch, trimmed: bool
) -> None:
    """Note optional fields that do not cast, and times without a zone: the record is kept, the
    field is not believed.
    """
    doubts = [d for c in columns for d in _doubts(table, c, trimmed)]
    if not doubts:
        return
    counts = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition, _, _ in doubts)
    totals = engine.rows(f"SELECT {counts} FROM staged_{table}")[0]
    for (condition, statement, value), total in zip(doubts, totals, strict=True):
        if total:
            sql = f"SELECT record, {value} FROM staged_{table} WHERE {condition}"
            note(engine, batch, statement, sql)


def empty_what_says_nothing(
    engine: DuckDB, table: str, columns: list[Column], batch: Batch
) -> None:
    """Empty the cells of words that only say that nothing stands there, and note them."""
    conditions = {c.name: says_nothing(c) for c in columns if c.words and not c.required}
    if not conditions:
        return
    counts = ", ".join(f"count(*) FILTER (WHERE {c})" for c in conditions.values())
    totals = engine.rows(f"SELECT {counts} FROM staged_{table}")[0]
    for (name, condition), total in zip(conditions.items(), totals, strict=True):
        if total:
            value = f"left(redacted({name}), 60)"
            sql = f"SELECT record, {value} FROM staged_{table} WHERE {condition}"
            note(engine, batch, _nothing_in(f"{table}.{name}"), sql)
            engine.run(f"UPDATE staged_{table} SET {name} = '' WHERE {condition}")


def _nothing_in(name: str) -> Callable[[str], Sentence]:
    return lambda value: tell(
        "{name} has no meaning and counts as empty: {value}", name=name, value=value
    )


def _doubts(
    table: str, column: Column, trimmed: bool
) -> list[tuple[str, Callable[[str], Sentence], str]]:
    """(SQL condition, what is said of a value, SQL text of the value) for one column."""
    cast = typed(table, column, column.name, trimmed)
    name = f"{table}.{column.name}"
    doubts: list[tuple[str, Callable[[str], Sentence], str]] = []
    if not column.required and can_fail(table, column):
        expectation = expected(table, column)

        def wrong_type(value: str) -> Sentence:
            values = (("name", name), ("expected", expectation), ("value", value))
            return Sentence(NOT_OF_TYPE, values)

        doubts.append(
            (no_cast(column.name, cast), wrong_type, f"left(redacted({column.name}), 60)")
        )
    if column.type == TIME:

        def zone(value: str) -> Sentence:
            return tell(
                "{name} has no time zone and was read as UTC: {value}", name=name, value=value
            )

        doubts.append((no_zone(column.name, cast), zone, f"left(redacted({column.name}), 40)"))
    return doubts


def note(engine: DuckDB, batch: Batch, statement: Callable[[str], Sentence], sql: str) -> None:
    """Note what a SELECT of record and value finds, up to a limit per file; `statement` makes the
    note on a value.
    """
    for index, line, value, place, total in engine.rows(
        "SELECT f, n, value, place, total FROM (SELECT s.f, s.n, q.value, "
        "row_number() OVER (PARTITION BY s.f ORDER BY s.record, q.value) AS place, "
        "count(*) OVER (PARTITION BY s.f) AS total "
        f"FROM (SELECT DISTINCT record, value FROM ({sql}) AS d(record, value)) AS q "
        f"JOIN spooled AS s USING (record)) AS p WHERE place <= {LISTED} ORDER BY f, place"
    ):
        reason = statement(value)
        if place == LISTED < total:
            reason = tell(
                "{reason} (and {n} more records like it)", reason=reason, n=total - LISTED
            )
        batch.problems.append((index, line, "field", reason, ""))


def hide_named(
    engine: DuckDB,
    table: str,
    columns: list[str],
    secrets: dict[int, list[str]],
    key: str,
    batch: Batch,
) -> None:
    """Replace values that are secrets by the name of their field or the key of their label,
    whatever column a source maps them to.
    """
    staged = f"staged_{table}"
    if LABELS in columns:
        _add_labelled(engine, staged, secrets)
    if not secrets:
        return
    rows = engine.rows(
        f"SELECT rowid, record, {', '.join(columns)} FROM {staged} WHERE rowid IN (SELECT t.rowid"
        f" FROM {staged} AS t JOIN named_secrets AS n USING (record) WHERE"
        f" contains(concat_ws(chr(10), {', '.join(columns)}), n.value))"
    )
    clean_rows = [
        (at, record, [cell and without(cell, secrets[record], key) for cell in cells])
        for at, record, *cells in rows
    ]
    changes = [
        (at, record, new)
        for (at, record, new), (_, _, *old) in zip(clean_rows, rows, strict=True)
        if new != old
    ]
    if not changes:
        return
    lists = [
        [at for at, _, _ in changes],
        *([new[i] for _, _, new in changes] for i in range(len(columns))),
    ]
    selections = ", ".join(f"unnest(CAST(? AS VARCHAR[])) AS {c}" for c in columns)
    engine.run(
        "CREATE OR REPLACE TEMP TABLE without AS SELECT unnest(CAST(? AS BIGINT[])) AS at,"
        f" {selections}",
        lists,
    )
    swaps = ", ".join(f"{c} = without.{c}" for c in columns)
    engine.run(f"UPDATE {staged} SET {swaps} FROM without WHERE {staged}.rowid = without.at")
    records = ", ".join(str(r) for _, r, _ in changes)
    note(engine, batch, _hid_in, f"SELECT unnest([{records}]), {quoted(table)}")


def _add_labelled(engine: DuckDB, staged: str, secrets: dict[int, list[str]]) -> None:
    """Add the labels that are secrets by their key, as they are and as JSON has them. In the record
    itself a tag may be a pair, or stand in a text.
    """
    pairs = [
        (record, text)
        for record, labels in engine.rows(
            f"SELECT record, {LABELS} FROM {staged} WHERE json_valid({LABELS}) AND"
            f" {may_name_one(LABELS)}"
        )
        for value in named_secrets(json.loads(labels))
        for text in dict.fromkeys((value, json.dumps(value, ensure_ascii=False)[1:-1]))
    ]
    engine.run("CREATE TEMP TABLE IF NOT EXISTS named_secrets (record BIGINT, value VARCHAR)")
    engine.insert("named_secrets", pairs)
    for record, text in pairs:
        secrets.setdefault(record, []).append(text)


def _hid_in(table: str) -> Sentence:
    return Sentence(HID_IN_TABLE, (("table", table),))


def hide_secrets(engine: DuckDB, texts: Mapping[str, Sequence[str]], batch: Batch) -> None:
    """Replace secrets in staged tables (table -> its texts) before anything is written, and note
    where they stood. Each text is looked at once, for logs repeat them, and all tables together:
    the pattern takes long to compile.
    """
    staged = {table: names for table, names in sorted(texts.items()) if names}
    if not staged:
        return
    rows = " UNION ALL ".join(
        f"SELECT unnest([{', '.join(names)}]) AS text FROM staged_{table}"
        for table, names in staged.items()
    )
    # In one statement with the next, the pattern would be run before texts are made distinct.
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE distinct_texts AS SELECT DISTINCT text FROM ({rows}) AS t"
        f" WHERE {is_looked_at('text')}"
    )
    engine.run(
        "CREATE OR REPLACE TEMP TABLE secret_texts AS SELECT text, fingerprinted(text) AS kept"
        f" FROM distinct_texts WHERE {matches('text')}"
    )
    engine.run("DELETE FROM secret_texts WHERE kept = text")
    if engine.one("SELECT count(*) FROM secret_texts"):
        for table, names in staged.items():
            _hide(engine, table, names, batch)


def _hide(engine: DuckDB, table: str, names: Sequence[str], batch: Batch) -> None:
    """Replace the texts of a staged table that stand in `secret_texts`."""
    rows = " UNION ALL ".join(
        f"SELECT t.record, {quoted(name)} AS name FROM staged_{table} AS t JOIN secret_texts AS s"
        f" ON s.text = t.{name}"
        for name in names
    )
    engine.run(f"CREATE OR REPLACE TEMP TABLE secret_places AS {rows}")
    note(engine, batch, _hid_in, f"SELECT record, {quoted(table)} FROM secret_places")
    for (name,) in engine.rows("SELECT DISTINCT name FROM secret_places ORDER BY name"):
        engine.run(
            f"UPDATE staged_{table} SET {name} = s.kept FROM secret_texts AS s"
            f" WHERE staged_{table}.{name} = s.text"
        )


def cut_long(engine: DuckDB, table: str, texts: list[str], batch: Batch) -> None:
    """Cut texts that are too long, after their secrets are gone, and note where they stood."""
    for name in texts:
        note(
            engine,
            batch,
            was_cut,
            f"SELECT record, {quoted(f'{table}.{name}')} FROM staged_{table} WHERE"
            f" length({name}) > {TOO_LONG}",
        )
        engine.run(
            f"UPDATE staged_{table} SET {name} = {cut(name)} WHERE length({name}) > {TOO_LONG}"
        )


_OF_DEEDS = (
    "tool",
    "effect",
    "resource",
    "destination",
    "session_id",
    "approval_id",
    "peer_id",
    "message_id",
)
"""Columns of events of which any, if filled, shows an action; an effect called none is empty by
now.
"""
_MASKED = f"event_class = 'heartbeat' AND coalesce({', '.join(_OF_DEEDS)}) IS NOT NULL"
CLASS = f"CASE WHEN {_MASKED} THEN NULL ELSE event_class END AS event_class"
"""SQL over an event row: its class, empty where it is called a heartbeat and records an act."""


def unmask_deeds(engine: Engine) -> list[Quarantined]:
    """Empty the class of such events in the view in_events; where there are none, as nearly always,
    nothing changes.
    """
    rows = engine.rows(
        f"SELECT file, min(record), count(*) FROM in_events WHERE {_MASKED} GROUP BY file ORDER BY"
        " file"
    )
    if not rows:
        return []
    engine.run("ALTER VIEW in_events RENAME TO called_events")
    engine.run(f"CREATE VIEW in_events AS SELECT * REPLACE ({CLASS}) FROM called_events")
    return [
        Quarantined(
            file,
            record,
            "field",
            tell(
                "{n} events of this file are called heartbeats but record an act (a tool, an"
                " effect, a session or the like); they are assessed as acts of no class",
                n=n,
            ),
            "",
        )
        for file, record, n in rows
    ]

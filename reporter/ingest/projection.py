"""The SELECT that turns a source's records into a table, and its casts. In: a source, a table. Out:
SQL text.
"""

from __future__ import annotations

import json
from collections.abc import Set
from typing import Any

from reporter.engine.base import Error, quoted, quoted_list
from reporter.engine.duckdb import DuckDB
from reporter.errors import ContentError
from reporter.i18n.translate import mark
from reporter.ingest.exports.envelopes import RECEIVED
from reporter.ingest.readers.record_fields import extracted_once, parsed_once
from reporter.model.sentences import Sentence, tell
from reporter.model.source import Source
from reporter.schema.columns import FLAG, INT, TEXT, TIME, Column
from reporter.schema.compiled import shipped_columns
from reporter.schema.tables import TABLES, WHO, columns_of
from reporter.schema.vocabulary import NO, NONE, NOT_YET, NOTHING, POINTER, SYNONYMS, VOCABULARY

ALSO = Column("also", INT, "Number, or list of numbers, of other records that a row depends on.")
"""What a SELECT may give beside the columns of its table."""


def spool_records(engine: DuckDB, source: Source, scan: str) -> None:
    """Make the tables `spooled`, which marks the records that the source takes, and `raw`, over
    which its SELECTs run.
    """
    condition = "TRUE" if source.columns else source.when
    # As conditions of CASE, their parts are only evaluated where the parts before leave it open:
    # those that stay parse the record each.
    extractions, (condition, skip, type_of) = extracted_once(condition, source.skip, source.type_of)
    engine.run(
        f"CREATE TEMP TABLE spooled AS SELECT s AS record, f, n, r, CASE WHEN {condition} THEN"
        f" CASE WHEN {skip} THEN FALSE ELSE TRUE END ELSE FALSE END AS mine,"
        f" {type_of} AS type FROM (SELECT s, f, n, r{extractions} FROM {scan}) AS x"
    )
    if len(source.tables) == 1:  # read once
        engine.run(f"CREATE OR REPLACE TEMP VIEW raw AS {_raw(source)}")
        return
    engine.run("DROP TABLE IF EXISTS raw")
    engine.run(f"CREATE TEMP TABLE raw AS {_raw(source)}")


def _raw(source: Source) -> str:
    """SQL: the records of a source, with everything that its tables need extracted once."""
    if source.columns:
        spec = json.dumps(source.columns)
        names = ", ".join(f'x."{n}" AS "{n}"' for n in source.columns)
        return (
            f"SELECT record, {names} FROM (SELECT record, json_transform(r, {quoted(spec)}) AS x"
            " FROM spooled WHERE mine)"
        )
    texts, lists = (
        quoted_list([f"$.{n}" for n in names]) for names in (source.texts, source.lists)
    )
    selections = [f"texts[{i}] AS {n}" for i, n in enumerate(source.texts, 1)]
    selections += [f"items(lists[{i}], '$') AS {n}" for i, n in enumerate(source.lists, 1)]
    return (
        f"SELECT {', '.join(['record', 'r', *selections])} FROM (SELECT record, r,"
        f" json_extract_string(r, {texts}) AS texts, json_extract(r, {lists}) AS lists FROM spooled"
        " WHERE mine)"
    )


def described(engine: DuckDB, source: Source, table: str, sql: Any) -> tuple[str, list[Column]]:
    """Return the SELECT of a table, and the columns that it fills; {from: SELECT record, r ...}
    takes every column that it does not give from r by name.

    Raises ContentError where the SQL cannot be run or gives no record.
    """
    text = sql["from"] if isinstance(sql, dict) else sql
    try:
        outputs = shipped_columns(text) or {n for n, _ in engine.columns(text)}
    except Error as error:
        raise ContentError(
            f"SQL of table {table} cannot run: {str(error).splitlines()[0]}", source.place
        ) from error
    column_types = dict(columns_of(TABLES[table]))
    unknown_columns = sorted(outputs - set(column_types) - {"record", "r", ALSO.name})
    if unknown_columns or "record" not in outputs:
        defect = (
            f"gives column {unknown_columns[0]!r}, which {table} does not have"
            if unknown_columns
            else "does not give record"
        )
        raise ContentError(
            f"SQL of table {table} {defect}", source.place, "`reporter lint --tables` lists them."
        )
    text = text if source.foreign else parsed_once(text)
    if not isinstance(sql, dict):
        return str(text), _columns(table, outputs)
    direct_columns = [n for n in (*column_types, ALSO.name) if n in outputs]
    json_columns = [n for n in column_types if n not in outputs]
    paths = "[" + ", ".join(quoted(f"$.{n}") for n in json_columns) + "]"
    extractions = [
        f"CASE t[{i}] WHEN 'NULL' THEN '' ELSE v[{i}] END AS {n}"
        for i, n in enumerate(json_columns, 1)
    ]
    return (
        f"SELECT {', '.join(['record', *direct_columns, *extractions])} FROM (SELECT *,"
        f" json_extract_string(r, {paths}) AS v, json_type(r, {paths}) AS t FROM ({text}) AS"
        " given_rows) AS parsed"
    ), _columns(table, {*column_types} | outputs)


def with_receipts(text: str, columns: list[Column]) -> tuple[str, list[Column]]:
    """Return a SELECT of events with the time when a log store received them, where the record
    itself tells none, and its columns.
    """
    is_told = any(c.name == "ingested_at" for c in columns)
    receipt = f"s.r ->> '{RECEIVED}'"
    own = (
        " REPLACE (coalesce(CAST(t.ingested_at AS VARCHAR), {0}) AS ingested_at)"
        if is_told
        else ", {0} AS ingested_at"
    )
    column = next(c for c in TABLES["events"].columns if c.name == "ingested_at")
    return (
        f"SELECT t.*{own.format(receipt)} FROM ({text}) AS t JOIN (SELECT record, r FROM spooled)"
        " AS s USING (record)"
    ), columns if is_told else [*columns, column]


def filled_columns(engine: DuckDB, table: str, text: str) -> list[Column]:
    """The columns of a table that a SELECT fills."""
    return _columns(table, {n for n, _ in engine.columns(text)})


def _columns(table: str, outputs: Set[str]) -> list[Column]:
    names = outputs & {*dict(columns_of(TABLES[table])), ALSO.name}
    return [c for c in (*TABLES[table].columns, ALSO) if c.name in names]


def cast_all(table: str, sql: Any, engine: DuckDB, source: Source, prefix: str = "") -> str:
    """SQL: a table's rows as its source gives them, cast to the schema's types, with `odd` where a
    field is not, and as `blank` the columns that hold something which is no value, a bit for each.
    """
    text, columns = described(engine, source, table, sql)
    doubts, given = [], {}
    for column in columns:
        as_given = f"given_{column.name}"
        conditions = []
        if not column.required and can_fail(table, column):
            conditions.append(no_cast(as_given, column.name))
        if column.type == TIME:
            conditions.append(no_zone(as_given, column.name))
        if conditions:
            doubts += conditions
            given[as_given] = column.name
    casts = {c.name: typed(table, c, c.name, False) for c in columns}
    kept = ", ".join(f"{name} AS {as_given}" for as_given, name in given.items())
    blank = _blank(table, [c for c in columns if not c.required])
    # Each value is cast once: the engine does not see that a doubt repeats a cast.
    rows = f"SELECT {prefix}{values(table, casts)}, {kept}, {blank} AS blank FROM ({text}) AS t"
    return (
        f"SELECT * EXCLUDE ({', '.join(given)}), {' OR '.join(doubts)} AS odd, {WHO} AS who "
        f"FROM ({rows}) AS cast_rows"
    )


def _blank(table: str, columns: list[Column]) -> str:
    """SQL: the names of the columns with a text of nothing, or NULL for none; one test where there
    are none, as each costs time to plan.
    """
    texts = ", ".join(f"trim({c.name})" if can_fail(table, c) else c.name for c in columns)
    names = quoted_list([c.name for c in columns])
    is_blank = f"list_transform([{texts}], lambda x: coalesce(x = '', FALSE))"
    return f"CASE WHEN '' IN ({texts}) THEN list_where({names}, {is_blank}) END"


def values(table: str, casts: dict[str, str]) -> str:
    """SQL: every column a source may fill, in the schema's order; NULL where this one gives
    none.
    """
    return ", ".join(
        f"{casts[n]} AS {n}" if n in casts else f"CAST(NULL AS {t}) AS {n}"
        for n, t in columns_of(TABLES[table])
    )


def free_texts(table: str, names: set[str]) -> list[str]:
    """The text columns in which anything could stand; closed vocabularies cannot hold a secret."""
    return [
        c.name
        for c in TABLES[table].columns
        if c.type == TEXT and c.name in names and f"{table}.{c.name}" not in VOCABULARY
    ]


def lack(field: str) -> Sentence:
    """Say that a required field is not there, named as `table.column`."""
    table, _, name = field.partition(".")
    (column,) = (c for c in TABLES[table].columns if c.name == name)
    return tell(
        "{name} is missing or unreadable; expected {expected}",
        name=field,
        expected=expected(table, column),
    )


def can_fail(table: str, column: Column) -> bool:
    """Tell whether some text is not a value of the column."""
    return column.type != TEXT or f"{table}.{column.name}" in VOCABULARY


def no_cast(given: str, cast: str) -> str:
    """SQL: a field holds something that is not of its type."""
    return (
        f"CASE WHEN ({cast}) IS NULL AND {given} IS NOT NULL THEN trim({given}) <> '' ELSE FALSE"
        " END"
    )


LONGEST_NOTHING = 60
"""Characters of a cell; a longer one says something."""


def says_nothing(column: Column) -> str:
    """SQL: a cell of the column is filled, and says nothing."""
    pattern = "|".join(("", NOTHING, NOT_YET, *(() if column.may_be_none else (NONE, NO))))
    text = f"lower(strip_accents(trim({column.name})))"
    return (
        f"trim({column.name}) <> '' AND ({_reads(column.name, pattern)} OR"
        f" regexp_full_match({text}, {quoted(POINTER)}))"
    )


def _reads(expression: str, pattern: str) -> str:
    """SQL: a text, in small letters and without accents, its signs as blanks, is a pattern."""
    text = f"lower(strip_accents({expression}))"
    bare = f"trim(regexp_replace({text}, '[^\\p{{L}}\\p{{N}}*]+', ' ', 'g'))"
    return (
        f"CASE WHEN length({expression}) <= {LONGEST_NOTHING}"
        f" THEN regexp_full_match({bare}, {quoted(pattern)}) ELSE FALSE END"
    )


def no_zone(given: str, cast: str) -> str:
    """SQL: a field holds a time of day without a zone."""
    return (
        f"CASE WHEN ({cast}) IS NULL OR ends_with({given}, 'Z') THEN FALSE "
        f"ELSE length({given}) > 10 AND NOT ends_with({given}, 'z') "
        f"AND NOT regexp_matches({given},"
        " '(UTC|GMT|[+-][0-9]{2}:?[0-9]{2}|:[0-9.]+ ?[+-][0-9]{2})$') END"
    )


_OLDEST = "TIMESTAMP '1000-01-01'"
"""The engine reads 2/1/24 as a day of the year 2, and an unset clock shows the year 1: neither is a
valid time.
"""


LARGEST = 10**18 - 1
"""Limits, days and counts are never less than nothing, and the engine counts no further."""


def typed(table: str, column: Column, expression: str, trimmed: bool) -> str:
    """SQL: the expression as the column's type; NULL where it is empty or cannot be read."""
    if column.type == TIME:
        # A cast from one to the other asks the calendar, which takes as long as reading the text.
        time = f"make_timestamp(epoch_us(TRY_CAST({expression} AS TIMESTAMPTZ)))"
        return f"CASE WHEN {time} >= {_OLDEST} THEN {time} END"
    if column.type == INT:
        number = f"TRY_CAST({expression} AS BIGINT)"
        if table == "events":
            return number
        return f"CASE WHEN {number} BETWEEN 0 AND {LARGEST} THEN {number} END"
    if column.type == FLAG:
        return (
            f"CASE WHEN lower(trim({expression})) IN ('true', 't', 'yes', 'y', '1') THEN TRUE "
            f"WHEN lower(trim({expression})) IN ('false', 'f', 'no', 'n', '0') THEN FALSE END"
        )
    vocabulary = VOCABULARY.get(f"{table}.{column.name}")
    if vocabulary:
        return _word(expression, vocabulary, SYNONYMS.get(column.name, {}))
    text = f"nullif(trim({expression}), '')" if trimmed else f"nullif({expression}, '')"
    if column.may_be_none:
        return f"CASE WHEN {_reads(expression, f'{NONE}|{NO}')} THEN 'none' ELSE {text} END"
    return text


def _word(expression: str, words: tuple[str, ...], synonyms: dict[str, str]) -> str:
    """SQL: a word of a closed vocabulary."""
    listed = ", ".join(map(quoted, words))
    lower_text = f"lower(trim({expression}))"
    swaps = " ".join(f"WHEN {quoted(k)} THEN {quoted(v)}" for k, v in synonyms.items())
    normalised = f"CASE {lower_text} {swaps} ELSE {lower_text} END" if swaps else lower_text
    return (
        f"CASE WHEN {expression} IN ({listed}) THEN {expression} WHEN {expression} IS NOT NULL "
        f"THEN CAST(TRY_CAST({normalised} AS ENUM({listed})) AS VARCHAR) END"
    )


_EXPECTED = {
    TIME: mark("a time such as 2026-07-01T12:00:00Z"),
    INT: mark("a whole number from 0 and of at most 18 digits"),
    FLAG: mark("true or false"),
    TEXT: mark("text"),
}


def expected(table: str, column: Column) -> Sentence:
    """Say in words what a column's value should look like."""
    words = VOCABULARY.get(f"{table}.{column.name}")
    return tell("one of {words}", words=words) if words else Sentence(_EXPECTED[column.type])

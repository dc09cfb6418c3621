"""SQL that turns text into the schema's types, and says where it cannot. In: a column and an expression. Out: SQL text."""

from __future__ import annotations

from reporter.columns import FLAG, INT, TIME, Column
from reporter.db import quoted
from reporter.vocabulary import SYNONYMS, VOCABULARY

_OLDEST = "TIMESTAMP '1000-01-01'"
"""The engine reads 2/1/24 as a day of the year 2, and a clock that was never set says the year 1: no time of anything."""


def typed(table: str, column: Column, expression: str, trimmed: bool) -> str:
    """SQL: the expression as the column's type; NULL where it is empty or cannot be read."""
    if column.type == TIME:
        time = f"CAST(TRY_CAST({expression} AS TIMESTAMPTZ) AS TIMESTAMP)"
        return f"CASE WHEN {time} >= {_OLDEST} THEN {time} END"
    if column.type == INT:
        return f"TRY_CAST({expression} AS BIGINT)"
    if column.type == FLAG:
        return (
            f"CASE WHEN lower(trim({expression})) IN ('true', 't', 'yes', 'y', '1') THEN TRUE "
            f"WHEN lower(trim({expression})) IN ('false', 'f', 'no', 'n', '0') THEN FALSE END"
        )
    allowed = VOCABULARY.get(f"{table}.{column.name}")
    if allowed:
        return _word(expression, allowed, SYNONYMS.get(column.name, {}))
    return f"nullif(trim({expression}), '')" if trimmed else f"nullif({expression}, '')"


def _word(expression: str, allowed: tuple[str, ...], synonyms: dict[str, str]) -> str:
    """A word of a closed vocabulary. Not with IN: the engine makes a join of a long one, which loses the order of rows."""
    kind = f"ENUM({', '.join(map(quoted, allowed))})"
    lowered = f"lower(trim({expression}))"
    swaps = " ".join(f"WHEN {quoted(k)} THEN {quoted(v)}" for k, v in synonyms.items())
    meant = f"CASE {lowered} {swaps} ELSE {lowered} END" if swaps else lowered
    return (
        f"CAST(coalesce(TRY_CAST({expression} AS {kind}), CASE WHEN {expression} IS NOT NULL "
        f"THEN TRY_CAST({meant} AS {kind}) END) AS VARCHAR)"
    )


def expected(table: str, column: Column) -> str:
    """Say in words what a column's value should look like."""
    allowed = VOCABULARY.get(f"{table}.{column.name}")
    if allowed:
        return "one of " + ", ".join(allowed)
    return {
        TIME: "a time such as 2026-07-01T12:00:00Z",
        INT: "a whole number",
        FLAG: "true or false",
    }.get(column.type, "text")

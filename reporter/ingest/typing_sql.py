"""SQL that turns text into the schema's types, and says where it cannot. In: a column and an expression. Out: SQL text."""

from __future__ import annotations

import re

from reporter.columns import FLAG, INT, TIME, Column
from reporter.db import quoted
from reporter.vocabulary import SYNONYMS, VOCABULARY

SECRET = (
    r"(\b(sk-(ant|proj|svcacct|admin|or|lf)-[A-Za-z0-9_-]{20,}|sk-[A-Za-z0-9]{20,}|gh[pousr]_[A-Za-z0-9]{30,}"
    r"|github_pat_[A-Za-z0-9_]{40,}|xox[abprs]-[A-Za-z0-9-]{10,}|AIza[0-9A-Za-z_-]{35}|glpat-[A-Za-z0-9_-]{20}"
    r"|[rs]k_(live|test)_[A-Za-z0-9]{16,}|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_.-]+)"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY[^\"']*|://[^/\s:@]+:[^/\s:@]+@)"
)
"""What looks like a credential's value, a private key up to the next quote; identifiers such as AWS access key ids
and words such as task-of-the-night are not."""
SHORTEST_SECRET = 15
"""Bytes below which no text looks like a secret."""
_SECRET = re.compile(SECRET)
_OLDEST = "TIMESTAMP '1000-01-01'"
"""The engine reads 2/1/24 as a day of the year 2, and a clock that was never set says the year 1: no time of anything."""


def redact(text: str) -> str:
    """Return text with anything that looks like a secret replaced."""
    return _SECRET.sub("[secret]", text)


def redacted(expression: str) -> str:
    """SQL: the same, for what is cut to length in SQL: a cut secret is not recognised any more."""
    return f"regexp_replace({expression}, {quoted(SECRET)}, '[secret]', 'g')"


def looks_secret(columns: list[str]) -> str:
    """SQL: some text column of the row holds what looks like a secret."""
    long = ", ".join(f"CASE WHEN strlen({c}) >= {SHORTEST_SECRET} THEN {c} END" for c in columns)
    return f"regexp_matches(concat_ws(' ', {long}), {quoted(SECRET)})"


def without_secret(column: str, key: str) -> str:
    """SQL: the column with each secret replaced by its keyed fingerprint, so that equal ones stay comparable."""
    print_ = f"'secret-' || left(sha256({quoted(key)} || regexp_extract({column}, {quoted(SECRET)})), 12)"
    return (
        f"CASE WHEN regexp_matches({column}, {quoted(SECRET)}) "
        f"THEN regexp_replace({column}, {quoted(SECRET)}, {print_}, 'g') ELSE {column} END"
    )


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

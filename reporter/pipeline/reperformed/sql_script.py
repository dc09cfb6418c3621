"""All SQL of a run as files that the duckdb command runs. In: the statements that an engine ran.
Out: name -> text; together they make every result from the tables, without our program.

What Python decided between two statements, such as which statements of people count, is in the
script as values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from reporter.pipeline.sealed.manifest import RUN
from reporter.runs.store import RESULT, RESULTS

Statement = tuple[str, Sequence[Any]]
SAME = "every result is the same"
_WORD = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|\$\d+|\?")
_MADE = re.compile(
    r"(?:CREATE (?:OR REPLACE )?(?:TEMP )?(TABLE|VIEW|TYPE|MACRO)|(INSERT) INTO|(UPDATE)|(ALTER)"
    r" TABLE|(DROP) \w+|(DELETE) FROM)(?: IF EXISTS)? (\w+)"
)
_SETTINGS = "SET "
_COPY = "COPY ("
_TO_CODES = "CREATE TYPE check_id_text "
"""The first statement after the results are final: their texts become numbers, to save memory."""
_TESTED = {
    **{column: column for column in RESULT[:13] if column not in ("check", "record")},
    "check": "check_id",
    "record": "ref",
    "waived_until": "coalesce(waived_until, '')",
    "waiver": "coalesce(waiver, '')",
}
"""Columns of results.parquet that tests decide -> what they are in the script; the others say what
follows from them.
"""
_HEAD = """\
-- Run from the folder of the bundle: cat sql/*.sql | duckdb
SET TimeZone = 'UTC';
SET threads = 1;
SET disabled_optimizers = 'statistics_propagation,in_clause';
"""


def script(statements: Iterable[Statement], folder: str, checks: Iterable[str]) -> dict[str, str]:
    """Return the files of a script, by names that sort in the order in which they run.

    `folder` is where the engine found the tables of the run; `checks` are ids that name files.
    """
    ids = frozenset(checks)
    texts = [
        (_label(sql, ids), _filled(sql, params, folder)) for sql, params in _needed(statements)
    ]
    files = {"0000-settings.sql": _HEAD}
    for at, (label, group) in enumerate(groupby(texts, lambda t: t[0]), 1):
        files[f"{at:04}-{label}.sql"] = (
            "\n\n".join(f"{text.rstrip(';')};" for _, text in group) + "\n"
        )
    files["9999-compare.sql"] = _compare()
    return files


def _needed(statements: Iterable[Statement]) -> Iterator[Statement]:
    """Yield the statements until the results are final, without what only the process needs that
    recorded them.
    """
    for sql, params in statements:
        if sql.startswith(_TO_CODES):
            return
        if not sql.startswith((_SETTINGS, _COPY)):
            yield sql, params


def _label(sql: str, checks: frozenset[str]) -> str:
    """Return what a statement is about: a check, or the table that it makes."""
    named = {word.strip("'") for word in re.findall(r"'[A-Z]+-[0-9A-Z]+'", sql)} & checks
    if len(named) == 1 and " results" in sql:
        return f"check-{named.pop()}"
    if match := _MADE.match(sql):
        kind = next(k for k in match.groups()[:-1] if k).lower()
        return "macros" if kind == "macro" else f"{kind}-{match[match.lastindex or 0]}"
    return "statement"


def _filled(sql: str, params: Sequence[Any], folder: str) -> str:
    """Return a statement with its parameters as literals, and the tables of the bundle."""
    places = iter(params)

    def value(match: re.Match[str]) -> str:
        word = match[0]
        if word == "?":
            return _literal(next(places))
        if word.startswith("$"):
            return _literal(params[int(word[1:]) - 1])
        return word

    text = _WORD.sub(value, sql) if params else sql
    return text.replace(f"{folder}/", f"{RUN}/tables/")


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return "'" + str(value).replace("'", "''") + "'"


def _compare() -> str:
    columns = ", ".join(f'"{c}"' for c in sorted(_TESTED))
    stored = f"SELECT {columns} FROM read_parquet('{RUN}/{RESULTS}')"
    made = ", ".join(f'{_TESTED[c]} AS "{c}"' for c in sorted(_TESTED))
    made = f"SELECT {made} FROM results"
    return (
        "-- What differs between the results that were sealed and those made here.\n"
        "CREATE TABLE differing AS"
        f" (SELECT 'sealed' AS which, * FROM ({stored} EXCEPT ALL {made}))\n"
        f"UNION ALL (SELECT 'made here' AS which, * FROM ({made} EXCEPT ALL {stored}));\n\n"
        "SELECT * FROM differing ORDER BY ALL LIMIT 50;\n\n"
        f"SELECT CASE WHEN (SELECT count(*) FROM differing) = 0 THEN '{SAME}' ELSE 'RESULTS DIFFER'"
        " END AS outcome, (SELECT count(*) FROM results) AS results;\n"
    )

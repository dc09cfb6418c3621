"""The words of statements, by which it is told what they read. In: SQL. Out: names that may be
those of tables and columns, what a statement makes, and statements that came before, parsed."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

MADE = re.compile(
    r"CREATE (OR REPLACE )?(?:TEMP )?(TABLE|VIEW) (IF NOT EXISTS )?(\w+)", re.IGNORECASE
)
MADE_OF = re.compile(r"(CREATE TABLE (?!sums_|side_)\w+ AS )(.*)", re.DOTALL)
_WORD = re.compile(r"\b[a-z_]\w*\b")
_LITERAL = re.compile(r"'(?:[^']|'')*'|--[^\n]*")
STAR = re.compile(r"(?<!\()\*")
_ROW_AFTER = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE|TABLE|VIEW|EXISTS|main\.)\s*$")
_MOST_KEPT = 512
"""Statements that are kept as they were parsed."""
_AFTER_NAMES = {"AS", "ON", "WHERE", "JOIN", "LEFT", "GROUP", "CROSS", "USING", "ANTI"}


@lru_cache(maxsize=8192)
def words_of(sql: str) -> frozenset[str]:
    """Return the words of a statement that may be names, without its literals."""
    return frozenset(_WORD.findall(_LITERAL.sub("", sql)))


def own_words(sql: str, target: str) -> frozenset[str]:
    """Return the words of a statement; its own target only where it reads that."""
    return words_of(MADE.sub("", sql, count=1)) if target else words_of(sql)


def spread(words: Collection[str], macros: Mapping[str, str]) -> set[str]:
    """Return words with those of the macros among them."""
    found, left = set[str](), [*words]
    while left:
        word = left.pop()
        if word not in found:
            found.add(word)
            left += _WORD.findall(macros.get(word, ""))
    return found


@lru_cache(maxsize=8192)
def takes_rows(sql: str, table: str) -> bool:
    """Tell whether a statement may read whole rows of a table: by a star, or by its name."""
    if STAR.search(sql):
        return True
    names = {table, *re.findall(rf"\b{table}\b(?: AS)? (\w+)", sql)}
    for name in names - _AFTER_NAMES:
        for found in re.finditer(rf"\b{re.escape(name)}\b(?!\s*\.)", sql):
            before = sql[: found.start()]
            if not _ROW_AFTER.search(before) and not re.search(rf"\b{table}\b(?: AS)? $", before):
                return True
    return False


def without_stars(sql: str) -> str:
    """Return a statement without its stars."""
    return STAR.sub("", sql)


def query_of(sql: str) -> str:
    """Return the query that a table or view is made of, or another statement as it is."""
    return MADE.sub("", sql, count=1).lstrip().removeprefix("AS ")


class KnownStatements:
    """Statements that came before, as they were parsed."""

    def __init__(self) -> None:
        self._once = set[int]()
        """Hashes of those that came once."""
        self._parsed = dict[str, Any]()

    def read(self, connection: Any, sql: str) -> Any:
        """Return a statement as a connection of DuckDB takes it: parsed from the second time on."""
        if known := self._parsed.get(sql):
            return known
        if (told := hash(sql)) not in self._once:
            if len(self._once) >= _MOST_KEPT:
                self._once.clear()
            self._once.add(told)
            return sql
        several = connection.extract_statements(sql)
        if len(several) != 1:
            return sql
        if len(self._parsed) >= _MOST_KEPT:
            self._parsed.clear()
        (self._parsed[sql],) = several
        return self._parsed[sql]

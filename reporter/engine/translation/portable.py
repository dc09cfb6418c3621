"""Read a query of ours to write it for another engine. In: DuckDB's SQL, macros. Out: a tree
without macros, and the tables that it reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError

from reporter.engine.translation.sql_nodes import NotPortable, copied, enclosed

Macros = Mapping[str, tuple[tuple[str, ...], str]]
"""Name -> parameters and expression."""


def parsed(sql: str) -> exp.Expr:
    """Return a copy of the tree of a query of ours; raise NotPortable where it cannot be read."""
    return copied(_tree_of(sql))


def reads(tree: exp.Expr) -> set[str]:
    """Return the tables that a query reads, without its own parts."""
    return {t.name for t in base_tables(tree)}


def base_tables(tree: exp.Expr) -> list[exp.Table]:
    """Return where a query names tables that are none of its own parts."""
    parts = {c.alias for c in tree.find_all(exp.CTE)}
    tables = (t for t in tree.find_all(exp.Table) if isinstance(t.this, exp.Identifier))
    return [t for t in tables if t.db or t.name not in parts]


def expanded(tree: exp.Expr, macros: Macros) -> exp.Expr:
    """Return a tree with the expressions of macros in place of their calls."""
    tree = exp.Paren(this=tree)
    while calls := [n for n in tree.find_all(exp.Anonymous) if n.name.lower() in macros]:
        for call in reversed(calls):  # what stands inside another call first
            names, body = macros[call.name.lower()]
            values = dict(zip(names, call.expressions, strict=True))
            call.replace(_put_in(_tree_of(body).copy(), values))
    return copied(tree.this)


_PATTERNS = (exp.RegexpLike, exp.RegexpExtract, exp.RegexpReplace, exp.RegexpFullMatch)


def patterns_in(tree: exp.Expr) -> set[str]:
    """Return the calls of constant regular expressions in a query, each of a text `a`."""
    found = set()
    for node in tree.find_all(*_PATTERNS):
        call = node.copy()
        call.set("this", exp.column("a"))
        if is_pattern(call):
            found.add(str(call.sql(dialect="duckdb", comments=False)))
    return found


def is_pattern(call: exp.Expr) -> bool:
    """Tell whether a tree is a call of a constant regular expression of a text `a`."""
    rest = [v for k, v in call.args.items() if k != "this" and isinstance(v, exp.Expr)]
    is_plain = call.this == exp.column("a") and all(isinstance(v, exp.Literal) for v in rest)
    return isinstance(call, _PATTERNS) and is_plain


class AsWritten(DuckDB):
    """DuckDB's SQL, in which an item of a list keeps the number that it has."""

    INDEX_OFFSET = 0  # else some items are counted from 0: those whose number the parser types


@lru_cache(maxsize=512)
def _tree_of(sql: str) -> exp.Expr:
    try:
        return sqlglot.parse_one(sql, dialect=AsWritten)
    except SqlglotError as error:
        raise NotPortable(f"cannot be parsed: {str(error).splitlines()[0]}") from error


def _put_in(body: exp.Expr, values: Mapping[str, exp.Expr]) -> exp.Expr:
    body = exp.Paren(this=body)
    for column in list(body.find_all(exp.Column)):
        if not column.table and column.name in values:
            column.replace(enclosed(values[column.name]))
    return body

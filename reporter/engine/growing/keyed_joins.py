"""Whether a statement joins a relation by a key alone. In: DuckDB's SQL. Out: yes or no.

Rows of other keys than those of the rows that are there then join none of these.
"""

from __future__ import annotations

from functools import lru_cache

from sqlglot import exp

from reporter.engine.growing.row_conditions import terms_for
from reporter.engine.translation.portable import parsed
from reporter.engine.translation.sql_nodes import NotPortable


@lru_cache(maxsize=1024)
def is_joined_by(sql: str, relation: str, key: str, grown: frozenset[str]) -> bool:
    """Tell whether a query joins each row of a relation to rows with the same key of a relation
    that grows, and to no others of such.
    """
    try:
        tree = parsed(sql)
    except NotPortable:
        return False
    found = [t for t in tree.find_all(exp.Table) if t.name == relation]
    return all(_is_joined(t, key, grown) for t in found)


def _is_joined(table: exp.Table, key: str, grown: frozenset[str]) -> bool:
    for term in terms_for(table):
        sides = [term.left, term.right] if isinstance(term, exp.EQ) else []
        names = [s.table for s in sides if isinstance(s, exp.Column) and s.name == key]
        if len(names) == 2 and table.alias_or_name in names:
            names.remove(table.alias_or_name)
            if _grows(table, names[0], grown):
                return True
    return False


def _grows(table: exp.Table, alias: str, grown: frozenset[str]) -> bool:
    """Tell whether what a neighbour of a table is called has rows of what grows alone."""
    select = table.parent_select
    assert select is not None
    joined = [select.args["from_"].this, *(j.this for j in select.args.get("joins") or [])]
    for source in joined:
        if source.alias_or_name == alias:
            inner = [*source.find_all(exp.Table)]
            return bool(inner) and all(t.name in grown for t in inner)
    return False

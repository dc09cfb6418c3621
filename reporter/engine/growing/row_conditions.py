"""Which rows of a relation can matter to a statement. In: DuckDB's SQL. Out: a condition on the
rows, as far as the statement itself says one.

Only what holds of a row alone is taken: a row for which it is not true joins nothing and is in no
result. What is not understood bounds nothing.
"""

from __future__ import annotations

from functools import lru_cache

from sqlglot import exp

from reporter.engine.translation.portable import parsed
from reporter.engine.translation.sql_nodes import NotPortable

ALIAS = "e"
"""Name of the relation in a condition."""
_NOT_OF_A_ROW = (exp.Query, exp.AggFunc, exp.Window, exp.Star, exp.Placeholder, exp.Parameter)


@lru_cache(maxsize=1024)
def conditions_on(sql: str, relations: frozenset[str]) -> dict[str, str]:
    """Return, for each relation that a statement reads, a condition on its rows over the alias `e`:
    others do not matter. "TRUE" where the statement bounds nothing.
    """
    try:
        tree = parsed(sql)
    except NotPortable:
        return dict.fromkeys(relations, "TRUE")
    found: dict[str, list[str]] = {}
    hidden = {c.alias for c in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if table.name in relations and table.name not in hidden:
            found.setdefault(table.name, []).append(_condition(table))
    return {
        name: "TRUE" if "TRUE" in parts else " OR ".join(f"({p})" for p in sorted({*parts}))
        for name, parts in found.items()
    }


def _condition(table: exp.Table) -> str:
    terms = terms_for(table)
    select = table.parent_select
    is_alone = bool(select and not select.args.get("joins") and isinstance(table.parent, exp.From))
    own = [t for term in terms if (t := _of_row(term, table.alias_or_name, is_alone))]
    return " AND ".join(sorted({*own})) or "TRUE"


def terms_for(table: exp.Table) -> list[exp.Expr]:
    """Return the terms that hold of each row of a relation that is in a result; none where a row
    may be there whatever it is.
    """
    select, join = table.parent_select, table.parent
    if select is None or not isinstance(join, exp.From | exp.Join):
        return []
    joins = select.args.get("joins") or []
    if any(j.side in ("RIGHT", "FULL") or j.method or j.args.get("using") for j in joins) or (
        join.parent is not select
    ):
        return []
    terms: list[exp.Expr] = []
    if isinstance(join, exp.Join) and (on := join.args.get("on")):
        terms += _terms(on)
    if isinstance(join, exp.From) or not (join.side or join.kind in ("ANTI", "SEMI")):
        terms += _terms(w.this if (w := select.args.get("where")) else None)
        for other in joins:
            if other is not join and not other.side and other.kind in ("", "INNER", "CROSS"):
                terms += _terms(other.args.get("on"))
    return terms


def _terms(condition: exp.Expr | None) -> list[exp.Expr]:
    if condition is None:
        return []
    return [*condition.flatten()] if isinstance(condition, exp.And) else [condition]


def _of_row(term: exp.Expr, alias: str, is_alone: bool) -> str:
    """Return a term over the alias `e`; '' where it speaks of anything but the row."""
    term = term.copy()
    if any(term.find_all(*_NOT_OF_A_ROW)):
        return ""
    root = exp.Paren(this=term)
    for column in list(root.find_all(exp.Column)):
        if column.table != alias and (column.table or not is_alone):
            return ""
        if column.args.get("db"):
            return ""
        column.set("table", exp.to_identifier(ALIAS))
    return root.sql(dialect="duckdb", comments=False)

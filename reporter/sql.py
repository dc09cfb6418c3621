"""Judge a check's SQL before anything runs. In: text and parameters. Out: regenerated SQL and the columns it reads.

Only an allow-list of syntax passes (the portable subset of docs/writing-content.md); what runs is written anew
from the tree, never the author's text. Only this file imports sqlglot.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

from reporter.errors import ContentError
from reporter.schema import TABLES

OUTPUTS = ("subject", "ok", "reason", "ref")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")

_ALLOWED: frozenset[type[exp.Expression]] = frozenset((
    exp.Select, exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.With,
    exp.CTE, exp.TableAlias, exp.Alias, exp.Table, exp.Column, exp.Identifier, exp.Literal, exp.Boolean,
    exp.Null, exp.Union, exp.Distinct, exp.Subquery, exp.Star, exp.Paren, exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ,
    exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In, exp.Between, exp.Like, exp.Any, exp.Escape, exp.Add, exp.Sub,
    exp.Mul, exp.IntDiv, exp.Neg, exp.DPipe, exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Count,
    exp.Sum, exp.Min, exp.Max, exp.ArgMin, exp.ArgMax, exp.Lower, exp.Upper, exp.Trim, exp.Length, exp.Replace,
    exp.Cast, exp.DataType, exp.Interval, exp.Var, exp.RowNumber, exp.Lag, exp.Lead, exp.Window,
    exp.WindowSpec, exp.Greatest, exp.Least, exp.Abs, exp.Exists, exp.Tuple, exp.NullSafeEQ,
    exp.NullSafeNEQ,
))  # fmt: skip
_REFUSED_PARTS: dict[type[exp.Expr], tuple[str, ...]] = {
    exp.Join: ("method",), exp.Star: ("except_", "replace", "rename"), exp.Distinct: ("on",), exp.Union: ("by_name",),
    exp.Min: ("count", "expressions"), exp.Max: ("count", "expressions"), exp.ArgMin: ("count",), exp.ArgMax: ("count",),
}  # fmt: skip
"""Parts of allowed syntax that other engines lack or that choose a row by chance."""
_JOINS = ("", "CROSS", "INNER", "OUTER")
_COLUMNS = {t.name: frozenset(c.name for c in t.columns) for t in TABLES.values()}
_CAST_TYPES = {"DATE", "TIMESTAMP", "TIMESTAMPNTZ", "VARCHAR", "TEXT", "BIGINT", "INT", "BOOLEAN"}


@dataclass(frozen=True, slots=True)
class Judged:
    """SQL fit to run, and what it reads."""

    sql: str
    reads: frozenset[tuple[str, str]]
    """(table, column) of schema tables."""
    tables: frozenset[str]
    has_ref: bool


def judge(text: str, params: dict[str, object], place: str) -> Judged:
    """Return the regenerated SQL of a check, or raise ContentError naming the first thing it must not contain."""
    return _judged(fill(text, params, place), place)


@lru_cache(maxsize=2048)
def _judged(filled: str, place: str) -> Judged:
    try:
        tree = _parse(filled, place)
        _refuse_foreign_syntax(tree, place)
        reads, tables = _columns_read(tree, place)
        _demand_outputs(tree, place)
        _break_ties(tree)
        sql = tree.sql(dialect="duckdb", comments=False, copy=False)
    except RecursionError as error:
        raise ContentError("the SQL is nested too deeply", place) from error
    return Judged(sql, frozenset(reads), frozenset(tables), len(tree.named_selects) > 3)


def _break_ties(tree: exp.Query) -> None:
    """Of rows that ARG_MIN or ARG_MAX finds equal take the least or largest value: which comes first differs from run to run."""
    for node in list(tree.find_all(exp.ArgMin, exp.ArgMax)):
        key, value = node.expression, node.this
        both = exp.Anonymous(this="ROW", expressions=[key.copy(), value.copy()])
        told = exp.Not(this=exp.Is(this=exp.Paren(this=key.copy()), expression=exp.Null()))
        node.set("expression", exp.Case(ifs=[exp.If(this=told, true=both)]))


def inverted(judged: Judged) -> Judged:
    """Return a check whose condition says the opposite: no example of it may hold then."""
    names = "subject, NOT ok AS ok, reason" + (", ref" if judged.has_ref else "")
    return replace(judged, sql=f"SELECT {names} FROM ({judged.sql}) AS turned")


def part(judged: Judged, name: str) -> str:
    """Return a SELECT of all rows of one named part (WITH) of a check, so that others can count by its rule."""
    tree = _parse(judged.sql, name)
    parts = ", ".join(c.sql(dialect="duckdb") for c in tree.ctes)
    return f"WITH {parts} SELECT * FROM {name}"


_OPENS = re.compile(
    r"^(read_|glob$|sniff|parquet_|query|getenv|duckdb_|pragma_|json_execute|from_substrait|which_|current_setting"
    r"|getvariable|sqlite_|postgres_|iceberg_|delta_|st_read|load_)"
)


def judge_source(text: str, place: str) -> None:
    """Refuse a source's SQL that is more than one SELECT over `raw`, or that could open a file or a setting."""
    try:
        tree = _parse(text, place)
    except RecursionError as error:
        raise ContentError("the SQL is nested too deeply", place) from error
    ctes = {c.alias for c in tree.find_all(exp.CTE)}
    for name in ctes:
        if not _NAME.fullmatch(name):
            raise ContentError(f"{name!r} is not a plain lower-case name", place)
    for node in tree.walk():
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            if node.db or node.catalog or node.name not in {"raw", *ctes}:
                raise ContentError(
                    f"a source reads raw and nothing else, not {node.sql()!r}", _at(node, place)
                )
        elif isinstance(node, exp.Table) and not isinstance(node.this, exp.Unnest):
            raise ContentError(
                f"{node.sql(dialect='duckdb')[:60]!r} is no table of a source", place
            )
        if isinstance(node, exp.Func):
            name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
            if _OPENS.match(name) or isinstance(node, (exp.ReadCSV, exp.ReadParquet)):
                raise ContentError(f"a source must not call {name}", _at(node, place))
        if isinstance(node, (exp.Command, exp.Into, exp.DDL, exp.DML)) and not isinstance(
            node, exp.Query
        ):
            raise ContentError("a source is one SELECT", place)


def fill(text: str, params: dict[str, object], place: str) -> str:
    """Replace each {name} by its parameter as a SQL literal; unknown and unused names are errors."""
    used = set(_PLACEHOLDER.findall(text))
    for name in sorted(used ^ set(params)):
        problem = "is not among params" if name in used else "is never used in the SQL"
        raise ContentError(f"parameter {name!r} {problem}", place)
    return _PLACEHOLDER.sub(lambda m: _literal(params[m.group(1)], m.group(1), place), text)


def _literal(value: object, name: str, place: str) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, list) and value:
        return "(" + ", ".join(_literal(v, name, place) for v in value) + ")"
    raise ContentError(f"parameter {name!r} must be a whole number, text, or a list of them", place)


_DEEPEST = 200
_NESTING = re.compile(r"'(?:[^']|'')*'|[(\[]|[)\]]|\b(?:CASE|END|NOT)\b", re.IGNORECASE)


def _is_deep(text: str) -> bool:
    """Tell whether SQL is nested beyond reason; how deep a parser gets differs between versions of Python."""
    depth = chain = 0
    for word in _NESTING.findall(text):
        chain = chain + 1 if word.upper() == "NOT" else 0
        depth += {"(": 1, "[": 1, "CASE": 1, ")": -1, "]": -1, "END": -1}.get(word.upper(), 0)
        if max(depth, chain) > _DEEPEST:
            return True
    return False


def _parse(text: str, place: str) -> exp.Query:
    if _is_deep(text):
        raise ContentError("the SQL is nested too deeply", place)
    try:
        trees = sqlglot.parse(text, dialect="duckdb")
    except SqlglotError as error:
        first = str(error).splitlines()[0]
        raise ContentError(f"the SQL cannot be parsed: {first}", place) from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise ContentError("a check is exactly one SELECT", place)
    return trees[0]


def _refuse_foreign_syntax(tree: exp.Query, place: str) -> None:
    for node in tree.walk():
        if type(node) not in _ALLOWED:
            shown = node.sql(dialect="duckdb")[:60]
            raise ContentError(
                f"{shown!r} ({type(node).__name__}) is outside the portable subset",
                _at(node, place),
                "docs/writing-content.md lists what a check may use.",
            )
        _refuse_foreign_parts(node, place)
        if isinstance(node, exp.Cast) and node.to.this.name not in _CAST_TYPES:
            raise ContentError(f"cast to {node.to.sql()} is outside the portable subset", place)
        if isinstance(node, exp.With) and node.parent is not tree:
            raise ContentError("WITH may stand only at the top", place)
        if isinstance(node, exp.With) and node.recursive:
            raise ContentError("recursive queries are outside the portable subset", place)
        if isinstance(node, exp.CTE) and not _NAME.fullmatch(node.alias):
            raise ContentError(f"{node.alias!r} is not a plain lower-case name", place)
        if isinstance(node, exp.Table):
            _refuse_foreign_table(node, place)
        if isinstance(node, exp.Any) and not _likes_texts(node):
            raise ContentError("ANY stands only in LIKE ANY ('a', 'b')", _at(node, place))
        if isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
            raise ContentError("name the columns instead of *", _at(node, place))


def _likes_texts(node: exp.Any) -> bool:
    """Tell whether ANY is that of LIKE ANY with plain texts, which is written anew as LIKE and OR."""
    listed = node.this.unnest()
    texts = listed.expressions if isinstance(listed, exp.Tuple) else [listed]
    liked = isinstance(node.parent, exp.Like) and not node.parent.args.get("negate")
    return liked and all(isinstance(t, exp.Literal) and t.is_string for t in texts)


def _refuse_foreign_parts(node: exp.Expr, place: str) -> None:
    parts = [name for name in _REFUSED_PARTS.get(type(node), ()) if node.args.get(name)]
    if parts or (isinstance(node, exp.Join) and node.kind not in _JOINS):
        raise ContentError(
            f"{node.sql(dialect='duckdb')[:60]!r} is outside the portable subset", _at(node, place)
        )


def _refuse_foreign_table(node: exp.Table, place: str) -> None:
    name = node.name
    if node.db or node.catalog or not _NAME.fullmatch(name):
        raise ContentError(f"{node.sql()!r} is not a plain table name", _at(node, place))
    ctes = _made_before(node)
    if name in ctes or name in TABLES:
        return
    close = get_close_matches(name, [*TABLES, *ctes], 1)
    hint = f'Did you mean "{close[0]}"? ' if close else ""
    raise ContentError(
        f'no table "{name}"', _at(node, place), hint + "`reporter lint --tables` lists them."
    )


def _made_before(node: exp.Table) -> set[str]:
    """Names of the CTEs that stand before the node: a later one would name a table of the engine's own."""
    names: set[str] = set()
    own = node.find_ancestor(exp.CTE)
    for cte in node.root().find_all(exp.CTE):
        if cte is own:
            break
        names.add(cte.alias)
    return names


def _columns_read(tree: exp.Query, place: str) -> tuple[set[tuple[str, str]], set[str]]:
    """Follow every column to the table it comes from, through aliases, CTEs and outer queries."""
    reads: set[tuple[str, str]] = set()
    tables: set[str] = set()
    for scope in traverse_scope(tree):
        named = {t.name for t in scope.sources.values() if isinstance(t, exp.Table)}
        tables |= named
        reads |= _joined_by_name(scope)
        for column in scope.columns:
            source = _source_of(column, scope)
            if source is None:
                raise _unknown_column(column, scope, place)
            if isinstance(source, exp.Table):
                reads.add((source.name, column.name))
    return reads, tables


def _joined_by_name(scope: Scope) -> set[tuple[str, str]]:
    """The columns that JOIN ... USING (name) reads on both sides."""
    names = {
        i.name for j in scope.expression.args.get("joins") or [] for i in j.args.get("using") or []
    }
    tables = [s.name for s in scope.sources.values() if isinstance(s, exp.Table)]
    return {(t, n) for t in tables for n in names if n in _COLUMNS.get(t, ())}


def _source_of(column: exp.Column, scope: Scope | None) -> exp.Table | Scope | str | None:
    """The table or query that gives a column; 'alias' for an output named in the same SELECT; None if nothing does."""
    while scope is not None:
        for alias, source in scope.sources.items():
            if column.table in ("", alias) and column.name in _given(source):
                return source
        if not column.table and column.name in _named(scope):
            return "alias"
        scope = scope.parent
    return None


def _given(source: exp.Expr | Scope) -> Collection[str]:
    if isinstance(source, exp.Table):
        return _COLUMNS.get(source.name, ())
    return _named(source) if isinstance(source, Scope) else ()


def _named(scope: Scope) -> list[str]:
    query = scope.expression
    return query.named_selects if isinstance(query, exp.Query) else []


def _unknown_column(column: exp.Column, scope: Scope, place: str) -> ContentError:
    """Name the column, the tables it is not in, and the nearest that is."""
    inside = {a: s for a, s in scope.sources.items() if column.table in ("", a)}
    known = sorted({n for s in inside.values() for n in _given(s)})
    names = sorted(s.name if isinstance(s, exp.Table) else a for a, s in inside.items())
    close = get_close_matches(column.name, known, 1)
    hint = f'Did you mean "{close[0]}"? ' if close else ""
    return ContentError(
        f'no column "{column.name}" in {", ".join(names) or column.table}',
        _at(column, place),
        hint + "`reporter lint --tables` lists them.",
    )


def _demand_outputs(tree: exp.Query, place: str) -> None:
    names = tuple(tree.named_selects)
    if names not in (OUTPUTS, OUTPUTS[:3]):
        raise ContentError(
            f"the SELECT gives {', '.join(names) or 'nothing'}; expected subject, ok, reason and optionally ref",
            place,
        )


def _at(node: exp.Expr, place: str) -> str:
    """Add the node's own line and column inside the SQL, when the parser kept them."""
    for part in node.walk():
        line = part.meta.get("line")
        if line:
            return f"{place} (SQL line {line}, column {part.meta.get('col', 1)})"
    return place

"""Sums over rows that grow: what is counted is kept, and counted on. In: DuckDB's SQL, names of
relations that grow. Out: the statement over kept sums, and how each is added to.

Only aggregates are taken of which the sums of old and new rows, put together, are those of all.
Rows that a statement chooses, and does not count, are kept as they are, if they are few."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from reporter.engine.translation.portable import parsed
from reporter.engine.translation.sql_nodes import NotPortable

_SAME = {exp.Min: "min", exp.Max: "max", exp.LogicalOr: "bool_or", exp.LogicalAnd: "bool_and"}
"""Aggregates that put their own results together."""
_KEYED = {exp.ArgMin: "min", exp.ArgMax: "max"}
_NOT_LINEAR = ("group", "distinct", "having", "qualify", "limit", "offset", "windows", "sample")


@dataclass(frozen=True, slots=True)
class Sum:
    """A query whose rows can be added to."""

    name: str
    """Of the table that keeps it."""
    sql: str
    """The rows of it: over all rows of what grows, or over those that are new."""
    merge: str
    """Select list that puts rows of one group together; `keys` are what they are grouped by."""
    keys: str
    """'' where its rows are not grouped: what is new stands beside what was."""
    visible: str
    """Select list of the columns that the statement knows."""
    sides: tuple[tuple[str, str], ...] = ()
    """(table, query) of parts of the statement that it joins, each after those it reads."""


@lru_cache(maxsize=1024)
def with_sums(
    sql: str, relations: frozenset[str], left: frozenset[str] = frozenset()
) -> tuple[str, tuple[Sum, ...]]:
    """Return a query that reads sums in place of growing relations, as far as it counts their rows
    or chooses them, and those sums; `left` are names of such that are not worth it.
    """
    try:
        tree = parsed(sql)
    except NotPortable:
        return sql, ()
    sums: list[Sum] = []
    for select in list(tree.find_all(exp.Select)):
        if select.find_ancestor(exp.Select) and not isinstance(
            select.parent, exp.CTE | exp.Subquery
        ):
            continue
        if found := _sum_of(select, relations):
            kept = exp.select("*").from_(found.name)
            kept.set("expressions", [exp.column(c) for c in found.visible.split(", ")])
            if select is tree:
                kept.set("with_", select.args.get("with_"))
                tree = kept
            else:
                select.replace(kept)
            sums.append(found)
    sums += _chosen_rows(tree, relations, left)
    if not sums:
        return sql, ()
    made = {query: name for found in sums for name, query in found.sides}
    for cte in tree.find_all(exp.CTE):
        if (name := made.get(_text(cte.this))) and cte.this:
            cte.this.replace(exp.select("*").from_(name))
    _drop_unread(tree)
    return _text(tree), tuple(sums)


@lru_cache(maxsize=1024)
def with_tables(sql: str, moving: frozenset[str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return a query that reads tables in place of its named parts that read nothing of what moves,
    and (table, query) of these, each after those it reads.
    """
    try:
        tree = parsed(sql)
    except NotPortable:
        return sql, ()
    with_ = tree.args.get("with_")
    if with_ is None or with_.recursive:
        return sql, ()
    sides: dict[str, tuple[str, str]] = {}
    moved: set[str] = set()
    for cte in with_.expressions:
        names = {t.name for t in _tables(cte.this)}
        if names & moving - sides.keys() or names & moved:
            moved.add(cte.alias)
            continue
        query = _with_tables(cte.this, sides)
        sides[cte.alias] = "side_" + hash_of(query), query
    if not sides:
        return sql, ()
    with_.set("expressions", [c for c in with_.expressions if c.alias not in sides])
    if not with_.expressions:
        tree.set("with_", None)
    return _with_tables(tree, sides), tuple(sides.values())


def _sum_of(select: exp.Select, relations: frozenset[str]) -> Sum | None:
    parts = _parts_of(select)
    if parts is None:
        return None
    if own := select.args.get("with_"):
        if own.recursive or select.find_ancestor(exp.Select):
            return None
        parts = {**parts, **{c.alias: c.this for c in own.expressions}}
        select = select.copy()
        select.set("with_", None)
    grown = [t for t in _tables(select) if t.name in relations]
    linear = [t for t in _tables(select) if t.name in parts and _grows(t.name, parts, relations)]
    if len(grown) + len(linear) != 1 or not _is_counting(select):
        return None
    (source,) = [*grown, *linear]
    if not _adds_up(source, select):
        return None
    if linear and not _is_linear(parts[linear[0].name], parts, relations):
        return None
    needed = _needed(select, parts)
    if any(
        (_grows(n, parts, relations) and not _is_linear(parts[n], parts, relations))
        or any(parts[n].find_all(exp.RowNumber))  # numbers differ from one reading to the next
        for n in needed
    ):
        return None
    columns = _columns(select)
    if columns is None:
        return None
    shown, keys, merges, hidden = columns
    written = select.copy()
    written.set("expressions", [*written.expressions, *hidden])
    text, sides = _written(written, needed, parts, relations)
    merge = ", ".join(merges)
    return Sum("sums_" + hash_of(text), text, merge, ", ".join(keys), ", ".join(shown), sides)


def _written(
    select: exp.Select,
    needed: Collection[str],
    parts: dict[str, exp.Expr],
    relations: frozenset[str],
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return a query with the parts that it needs, and those of them that do not grow as tables."""
    sides: dict[str, tuple[str, str]] = {}
    for name in (n for n in parts if n in needed and not _grows(n, parts, relations)):
        query = _with_tables(parts[name], sides)
        sides[name] = "side_" + hash_of(query), query
    heads = ", ".join(
        f"{n} AS ({_with_tables(parts[n], sides)})" for n in parts if n in needed and n not in sides
    )
    text = _with_tables(select, sides)
    return f"WITH {heads} {text}" if heads else text, tuple(sides.values())


def _chosen_rows(tree: exp.Expr, relations: frozenset[str], left: frozenset[str]) -> list[Sum]:
    """Put kept rows in place of the named parts that choose rows of what grows, the last first: it
    has those that it is made of.
    """
    kept: list[Sum] = []
    for cte in reversed([*tree.find_all(exp.CTE)]):
        if not any(c is cte for c in tree.find_all(exp.CTE)):
            continue  # nothing reads it any more
        if (found := _rows_of(cte.this, relations)) and found.name not in left:
            rows = exp.select(*found.visible.split(", ")).from_(found.name)
            cte.this.replace(rows)
            _drop_unread(tree)
            kept.append(found)
    return kept


def _rows_of(select: exp.Expr, relations: frozenset[str]) -> Sum | None:
    if not isinstance(select, exp.Select) or select.args.get("with_"):
        return None
    if not (select.args.get("joins") or select.args.get("where")):
        return None  # nothing is chosen
    parts = _parts_of(select)
    shown = [e.alias_or_name for e in select.expressions]
    if parts is None or not all(shown) or len({*shown}) < len(shown) or "*" in shown:
        return None
    needed = _needed(select, parts)
    if not _is_linear(select, parts, relations) or any(
        _grows(n, parts, relations) and not _is_linear(parts[n], parts, relations) for n in needed
    ):
        return None
    text, sides = _written(select, needed, parts, relations)
    return Sum("rows_" + hash_of(text), text, "", "", ", ".join(shown), sides)


def _with_tables(query: exp.Expr, sides: dict[str, tuple[str, str]]) -> str:
    """Return a query that reads tables in place of parts."""
    root = exp.Paren(this=query.copy())
    for table in _tables(root):
        if table.name in sides:
            table.replace(exp.to_table(sides[table.name][0], alias=table.alias or table.name))
    return _text(root.this)


def _text(tree: exp.Expr) -> str:
    """Return SQL without comments: words of these are no names."""
    return str(tree.sql(dialect="duckdb", comments=False))


def hash_of(text: str) -> str:
    """Return twelve letters that tell one text from others."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _drop_unread(tree: exp.Expr) -> None:
    """Remove the named parts that nothing reads any more."""
    while (with_ := tree.args.get("with_")) is not None:
        read = {t.name for t in _tables(tree)}
        kept = [c for c in with_.expressions if c.alias in read]
        if len(kept) == len(with_.expressions):
            return
        if kept:
            with_.set("expressions", kept)
        else:
            tree.set("with_", None)


def _parts_of(select: exp.Select) -> dict[str, exp.Expr] | None:
    """Return the named parts that a query may read, in their order; None in a condition."""
    parts: dict[str, exp.Expr] = {}
    inner: exp.Expr = select
    outer = select.parent
    while outer is not None:
        with_ = outer.args.get("with_") if not isinstance(outer, exp.With) else None
        if isinstance(outer, exp.With):
            if outer.recursive:
                return None
            earlier = {}
            for cte in outer.expressions:
                if cte is inner:
                    break
                earlier[cte.alias] = cte.this
            parts = {**earlier, **parts}
        elif with_ is not None and with_ is not inner:
            if with_.recursive:
                return None
            parts = {**{c.alias: c.this for c in with_.expressions}, **parts}
        if isinstance(outer, exp.Exists | exp.In):
            return None
        inner, outer = outer, outer.parent
    return parts


def _tables(tree: exp.Expr) -> list[exp.Table]:
    return [t for t in tree.find_all(exp.Table) if isinstance(t.this, exp.Identifier)]


def _grows(name: str, parts: dict[str, exp.Expr], relations: Collection[str]) -> bool:
    if name in relations and name not in parts:
        return True
    return name in parts and any(
        t.name != name and _grows(t.name, parts, relations) for t in _tables(parts[name])
    )


def _needed(tree: exp.Expr, parts: dict[str, exp.Expr]) -> set[str]:
    found: set[str] = set()
    left = [t.name for t in _tables(tree)]
    while left:
        name = left.pop()
        if name in parts and name not in found:
            found.add(name)
            left += [t.name for t in _tables(parts[name])]
    return found


def _is_linear(query: exp.Expr, parts: dict[str, exp.Expr], relations: frozenset[str]) -> bool:
    """Tell whether each row of a query comes from one row of what grows, and stays."""
    if isinstance(query, exp.Union):
        return (
            not query.args.get("distinct")
            and _is_linear(query.left, parts, relations)
            and _is_linear(query.right, parts, relations)
        )
    if not isinstance(query, exp.Select) or any(query.args.get(a) for a in _NOT_LINEAR):
        return False
    if any(query.find_all(exp.AggFunc, exp.Window)):
        return False
    grown = [t for t in _tables(query) if _grows(t.name, parts, relations)]
    if len(grown) != 1 or not _adds_up(grown[0], query):
        return False
    return grown[0].name not in parts or _is_linear(parts[grown[0].name], parts, relations)


def _adds_up(table: exp.Table, select: exp.Select) -> bool:
    """Tell whether a query over more rows of a table has the rows of before, and more."""
    join = table.parent
    if table.parent_select is not select or not isinstance(join, exp.From | exp.Join):
        return False
    joins = select.args.get("joins") or []
    if any(j.side in ("RIGHT", "FULL") or j.method for j in joins):
        return False
    return isinstance(join, exp.From) or not (join.side or join.kind in ("ANTI", "SEMI"))


def _is_counting(select: exp.Select) -> bool:
    group = select.args.get("group")
    if any(select.args.get(a) for a in _NOT_LINEAR if a not in ("group", "distinct")):
        return False
    if any(select.find_all(exp.Window, exp.Star)) and any(
        not isinstance(s.parent, exp.Count) for s in select.find_all(exp.Star)
    ):
        return False
    if any(select.find_all(exp.Window)):
        return False
    if group is not None and any(group.find_all(exp.Cube, exp.Rollup)):
        return False
    distinct = select.args.get("distinct")
    return bool(group) != bool(distinct) and not (distinct and distinct.args.get("on"))


def _columns(
    select: exp.Select,
) -> tuple[list[str], list[str], list[str], list[exp.Expr]] | None:
    """Return the columns, those that are keys, what puts each together, and columns beside."""
    shown, keys, merges = list[str](), list[str](), list[str]()
    hidden: list[exp.Expr] = []
    group = select.args.get("group")
    by = group.expressions if group else []
    grouped = {_text(g) for g in by if not isinstance(g, exp.GroupingSets)}
    for sets in (g for g in by if isinstance(g, exp.GroupingSets)):
        columns = {_text(c): c.copy() for c in sets.find_all(exp.Column)}
        grouped |= columns.keys()
        # Which of the sets a row is of: elsewhere a column may be empty by itself.
        told = exp.alias_(
            exp.Anonymous(this="grouping", expressions=[*columns.values()]), "set_key"
        )
        told.set("how", "")
        hidden.append(told)
        keys.append("set_key")
    for item in select.expressions:
        value = item.this if isinstance(item, exp.Alias) else item
        name = item.alias_or_name
        if not name or name in shown:
            return None
        shown.append(name)
        if not any(value.find_all(exp.AggFunc)):
            if grouped and not {_text(value), name} & grouped:
                return None
            keys.append(name)
            merges.append(name)
            continue
        put = _put_together(value, name, hidden)
        if put is None:
            return None
        merges.append(f"{put} AS {name}")
    n_beside = sum(not h.args["how"] for h in hidden)
    if grouped and len(grouped) != len(keys) - n_beside:
        return None  # grouped by what is not shown
    merges += [f"{h.args['how']}({h.alias}) AS {h.alias}".strip() for h in hidden]
    return shown, keys, merges, hidden


def _put_together(value: exp.Expr, name: str, hidden: list[exp.Expr]) -> str | None:
    if isinstance(value, exp.Filter):
        return None
    kind = type(value)
    if isinstance(value, exp.Count) and not isinstance(value.this, exp.Distinct):
        return f"CAST(sum({name}) AS BIGINT)"
    if kind in _SAME and not value.expressions:
        return f"{_SAME[kind]}({name})"
    if kind in _KEYED and not value.args.get("count"):
        key = f"{name}_key"
        told = exp.alias_(
            exp.func(_KEYED[kind], exp.case().when(_is_there(value.this), value.expression.copy())),
            key,
        )
        told.set("how", _KEYED[kind])
        hidden.append(told)
        return f"arg_{_KEYED[kind]}({name}, {key})"
    return None


def _is_there(value: exp.Expr) -> exp.Expr:
    return exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null()))

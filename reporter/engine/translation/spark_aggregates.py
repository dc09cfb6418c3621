"""Aggregates in the SQL of Spark. In: nodes of DuckDB's SQL. Out: nodes with the same result: ours
take no null, and sort nulls last.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from reporter.engine.translation.sql_nodes import NotPortable, call, enclosed, if_, is_null, lambda_


def is_row(node: exp.Expr) -> bool:
    """Tell whether a node is a row of several values."""
    return isinstance(node, exp.Tuple) or (
        isinstance(node, exp.Anonymous) and node.name.lower() in ("row", "struct")
    )


def _sorting(keys: list[exp.Expr]) -> exp.Expr:
    """Return keys as a struct that sorts nulls last; a struct of Spark has them first."""
    return call("struct", *(part for k in keys for part in (is_null(k), k)))


def row(*parts: exp.Expr) -> exp.Expr:
    """Return a row as a struct that sorts as ours does."""
    return _sorting(list(parts))


def _only(aggregate: exp.Expr, condition: exp.Expr, node: exp.Expr) -> exp.Expr:
    """Return an aggregate of rows that meet one more condition than that of the node's own."""
    holder = node.parent
    if isinstance(holder, exp.Filter) and holder.this is node:
        own = holder.expression.this
        holder.expression.set("this", exp.And(this=enclosed(own), expression=condition))
        return aggregate
    return exp.Filter(this=aggregate, expression=exp.Where(this=condition))


def best(name: str) -> Callable[[exp.Expr], exp.Expr]:
    """Return a rule for the value where another is least or greatest."""

    def rule(node: exp.Expr) -> exp.Expr:
        told = exp.Not(this=is_null(node.this))
        key = node.expression
        by = _sorting(key.expressions) if isinstance(key, exp.Tuple) else key
        return _only(call(name, node.this, by), told, node)

    return rule


def any_value(node: exp.IgnoreNulls) -> exp.Expr:
    """Return some value, or the first in an order; raise NotPortable for others."""
    inner = node.this
    if not isinstance(inner, exp.AnyValue):
        raise NotPortable(f"IGNORE NULLS of {inner.sql(dialect='duckdb')[:60]}")
    value = inner.this
    if isinstance(value, exp.Order):
        keys, value = _ascending(value), value.this
        return _only(call("min_by", value, _sorting(keys)), exp.Not(this=is_null(value)), node)
    return _only(call("any_value", value), exp.Not(this=is_null(value)), node)


def _ascending(order: exp.Order) -> list[exp.Expr]:
    if any(o.args.get("desc") for o in order.expressions):
        raise NotPortable("an aggregate in descending order")
    return [o.this for o in order.expressions]


def _gathered(value: exp.Expr) -> tuple[exp.Expr, Callable[[exp.Expr], exp.Expr]]:
    """Return an aggregate that collects values, nulls among them, and what puts them in order."""
    order = value if isinstance(value, exp.Order) else None
    value = order.this if order else value
    keys = _ascending(order) if order else []
    items = lambda_("held", exp.column("it", "held"))
    if isinstance(value, exp.Distinct):
        (only,) = value.expressions
        if order and [k.sql() for k in keys] != [only.sql()]:
            raise NotPortable("a list of distinct values in the order of others")
        held = call("named_struct", "lacks", is_null(only), "it", only)
        return call("collect_set", held), lambda c: call("transform", call("array_sort", c), items)
    held = call("named_struct", "by", _sorting(keys) if keys else exp.false(), "it", value)
    return call("collect_list", held), lambda c: call(
        "transform", call("array_sort", c) if keys else c, items
    )


def array_agg(node: exp.ArrayAgg) -> exp.Expr:
    """Return a list of values; raise NotPortable for an order that has no translation."""
    collected, ordered = _gathered(node.this)

    def or_null(items: exp.Expr) -> exp.Expr:
        is_any = exp.GT(this=call("size_of", items), expression=exp.Literal.number(0))
        return if_(is_any, ordered(items))

    return _in_place(node, collected, or_null)


def string_agg(node: exp.GroupConcat) -> exp.Expr:
    """Return texts joined in their order; raise NotPortable as `array_agg`."""
    value = node.this
    only = value.this if isinstance(value, exp.Order) else value
    only = only.expressions[0] if isinstance(only, exp.Distinct) else only
    collected, ordered = _gathered(value)
    told = exp.Filter(this=collected, expression=exp.Where(this=exp.Not(this=is_null(only))))
    separator = node.args.get("separator") or ","

    def joined(items: exp.Expr) -> exp.Expr:
        listed = ordered(items)
        is_any = exp.GT(this=call("size_of", listed), expression=exp.Literal.number(0))
        return if_(is_any, call("array_join", listed, separator))

    return _in_place(node, told, joined)


def _in_place(
    node: exp.Expr, aggregate: exp.Expr, finished: Callable[[exp.Expr], exp.Expr]
) -> exp.Expr:
    """Put an aggregate that is worked on afterwards in the place of a node, under its condition."""
    holder = node.parent
    if not isinstance(holder, exp.Filter) or holder.this is not node:
        return finished(aggregate)
    where: exp.Expr = holder.expression.copy()
    if isinstance(aggregate, exp.Filter):
        both = exp.And(this=enclosed(where.this), expression=aggregate.expression.this.copy())
        where, aggregate = exp.Where(this=both), aggregate.this
    holder.replace(finished(exp.Filter(this=aggregate.copy(), expression=where)))
    same: exp.Expr = node
    return same

"""Write a query of ours for a warehouse, form by form. In: DuckDB's SQL as a tree, the columns of
tables, the forms of a dialect. Out: a tree of that dialect, or NotPortable.

Every function is written by a form of the dialect, with the types of what it takes. What is in
neither table below has no translation. Nulls are sorted by a key of their own in all dialects.
"""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from reporter.engine.forms.plain_forms import Forms
from reporter.engine.forms.plain_values import NAMED, VALUES, Rule, Write, bare, said
from reporter.engine.forms.typed_sql import (
    TEXTS,
    TRUTH,
    KindsOf,
    kind_of,
    typed,
)
from reporter.engine.translation.sql_nodes import NotPortable


def rewrite(tree: exp.Expr, kinds_of: KindsOf, forms: Forms) -> exp.Expr:
    """Return a query of ours as one of the dialect; raise NotPortable where a part has no form."""
    tree = exp.Paren(this=typed(tree, kinds_of))
    for pair in tree.find_all(exp.JSONKeyValue):
        if pair.expression.find(exp.JSONObject):
            raise NotPortable("JSON that is made inside of JSON")
    for select in list(tree.find_all(exp.Select)):
        _group_apart(select)
    for select in list(tree.find_all(exp.Select)):
        _group_by_all(select)
        _unnest_beside(select, forms)
        _lift_folded(select)

    def write(node: exp.Expr) -> str:
        return text_of(node, forms)

    for node in reversed(list(tree.walk())):
        kind = type(node)
        rule = _RULES.get(kind)
        if isinstance(node, exp.Anonymous):
            rule = _NAMED.get(node.name.lower())
        if not rule and kind not in _ALIKE:
            raise NotPortable(f"no form for {said(node)}")
        written = rule(node, forms, write) if rule else None
        if written is not None:
            _put(node, written)
    for left in tree.find_all(exp.Anonymous, exp.Interval, exp.Lambda, exp.Slice):
        raise NotPortable(f"no form for {said(left)}")
    whole: exp.Expr = tree.this
    whole.pop()
    return whole


def text_of(tree: exp.Expr, forms: Forms) -> str:
    """Return a rewritten tree as text, with texts and names as the dialect spells them."""
    tree = exp.Paren(this=tree.copy())
    for literal in list(tree.find_all(exp.Literal)):
        if literal.is_string:
            literal.replace(exp.Var(this=forms.literal(literal.name)))
    text: str = tree.this.sql(
        dialect=forms.parser,
        identify=True,
        comments=False,
        unsupported_level=sqlglot.ErrorLevel.RAISE,
    )
    return text


def _put(node: exp.Expr, written: str) -> None:
    new = exp.Var(this=written)
    new.type = node.type
    node.replace(new)


# What a SELECT is made of


def _group_apart(select: exp.Select) -> None:
    """Write each of several groupings as a SELECT of its own: Trino groups several ways only by
    columns, and GoogleSQL's own implementation not at all.
    """
    group = select.args.get("group")
    sets = [e for e in group.expressions if isinstance(e, exp.GroupingSets)] if group else []
    if not group or not sets:
        return
    listed = [_keys_in(each) for each in sets[0].expressions]
    if len(group.expressions) > 1 or select.args.get("with_") or select.args.get("order"):
        raise NotPortable("groupings of several kinds")
    every = {k.sql() for keys in listed for k in keys}
    parts = []
    for keys in listed:
        part = select.copy()
        own = {k.sql() for k in keys}
        for item in part.expressions:
            value = item.unalias()
            if bare(value).sql() in every - own:
                nothing = exp.Cast(this=exp.Null(), to=value.type.copy())
                nothing.type = value.type
                value.replace(nothing)
        part.set("group", exp.Group(expressions=[k.copy() for k in keys]))
        parts.append(part)
    whole: exp.Expr = parts[0]
    for part in parts[1:]:
        whole = exp.Union(this=whole, expression=part, distinct=False)
    select.replace(whole)


def _group_by_all(select: exp.Select) -> None:
    """Name what GROUP BY ALL groups by: elsewhere the words mean something else."""
    group = select.args.get("group")
    if not group or not group.args.get("all"):
        return
    keys = [e.this if isinstance(e, exp.Alias) else e for e in select.expressions]
    plain = [k.copy() for k in keys if not k.find(exp.AggFunc) and list(k.find_all(exp.Column))]
    select.set("group", exp.Group(expressions=plain))


def _unnest_beside(select: exp.Select, forms: Forms) -> None:
    """Put what a SELECT unnests beside its tables; a row without items gives no row, as ours."""
    found = [e for e in select.expressions if isinstance(e.unalias(), exp.Explode)]
    if not found and not any(e.find(exp.Explode) for e in select.expressions):
        return
    if len(found) != 1 or select.args.get("group"):
        raise NotPortable("several lists taken apart at once")
    (item,) = found
    name = f"items_of_{item.alias or 'list'}"
    held = item.unalias().this
    if kind_of(held) != TEXTS:
        raise NotPortable("a list of what is no text, taken apart")
    value = exp.Anonymous(this="__item", expressions=[exp.Literal.string(name)])
    value.type = exp.DataType.build("TEXT")
    item.replace(exp.alias_(value, item.alias))
    beside = exp.Anonymous(this="__items", expressions=[held.copy(), exp.Literal.string(name)])
    select.append("joins", exp.Join(this=beside, kind="CROSS"))


def _ordered(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    keys = _keys_in(node.this)
    way = " DESC" if node.args.get("desc") else ""
    first = bool(node.args.get("nulls_first"))
    lacks = " DESC" if first else ""
    return ", ".join(f"{write(k)} IS NULL{lacks}, {write(k)}{way}" for k in keys)


def _keys_in(node: exp.Expr) -> list[exp.Expr]:
    """Return the parts of a row, or the one value that it is."""
    node = bare(node)
    if isinstance(node, exp.Tuple) or (
        isinstance(node, exp.Anonymous) and node.name.lower() == "row"
    ):
        return [k for part in node.expressions for k in _keys_in(part)]
    return [node]


def _join(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    if (
        node.args.get("using")
        or node.args.get("method")
        or node.text("side").upper() not in ("", "LEFT", "FULL")
    ):
        raise NotPortable(f"a join of another kind: {node.sql(dialect='duckdb')[:60]}")
    return None


def _group(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    if any(node.args.get(a) for a in ("all", "cube", "rollup", "totals", "grouping_sets")):
        raise NotPortable("groups of another kind")
    return None


def _select(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    told = {k for k, v in node.args.items() if v}
    if more := told - {"expressions", "from_", "joins", "where", "group", "having", "with_",
                       "distinct", "order", "limit", "kind", "hint"}:  # fmt: skip
        raise NotPortable(f"a SELECT with {', '.join(sorted(more))}")
    return None


def _cte(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    node.set("materialized", None)
    return None


def _distinct(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    if node.args.get("on") or (node.expressions and len(node.expressions) != 1):
        raise NotPortable("DISTINCT of several values")
    return None


def _window(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    spec = node.args.get("spec")
    if spec and (spec.args.get("kind") != "ROWS" or spec.args.get("exclude")):
        raise NotPortable("a window by ranges of values")
    return None


def _star(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    if not isinstance(node.parent, exp.Count):
        raise NotPortable("columns that are not named")
    return None


# Rows


def _row(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    holder = node.parent
    while isinstance(holder, (exp.Paren, exp.If, exp.Case, exp.Tuple, exp.Anonymous)):
        if isinstance(holder, exp.Anonymous) and holder.name.lower() != "row":
            break
        holder = holder.parent
    if isinstance(holder, (exp.Ordered, exp.ArgMin, exp.ArgMax)):
        return None
    raise NotPortable("a row as a value")


# Aggregates


def _best(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    """Return the value where another is least; neither a null value nor a null key counts."""
    value, key = node.this, node.expression
    told = [f"{write(value)} IS NOT NULL"]
    key = bare(key)
    if isinstance(key, exp.Case):  # no row at all where the condition does not hold
        (only,) = key.args["ifs"]
        if key.this or key.args.get("default"):
            raise NotPortable("a key of several rows")
        told.append(write(only.this))
        key = only.args["true"]
    keys = _keys_in(key)
    if keys == [key]:
        told.append(f"{write(key)} IS NOT NULL")
    return forms.best(
        write(value),
        kind_of(value),
        [(write(k), kind_of(k)) for k in keys],
        " AND ".join(f"({t})" for t in told),
        isinstance(node, exp.ArgMax),
    )


def _extreme(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    if node.expressions or kind_of(node.this) == TEXTS:
        raise NotPortable(f"no form for {said(node)}")
    if kind_of(node.this) == TRUTH:
        name = forms.some_true if isinstance(node, exp.Max) else forms.all_true
        return name(write(node.this))
    return None


def _array_agg(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    if isinstance(node.parent, exp.Flatten):
        return None
    value = node.this
    if not isinstance(value, exp.Distinct):
        raise NotPortable(f"no form for {said(node)}")
    return forms.different(write(value.expressions[0]))


def _flatten(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    held = node.this
    if not isinstance(held, exp.ArrayAgg) or isinstance(held.this, (exp.Distinct, exp.Order)):
        raise NotPortable("lists of lists")
    return forms.all_items(write(held.this))


def _lift_folded(select: exp.Select) -> None:
    """Fold lists above the SELECT that gathers them: elsewhere no subquery reads an aggregate."""
    folds = [n for n in select.find_all(exp.Anonymous) if n.name.lower() == "list_reduce"]
    folds = [n for n in folds if n.parent_select is select]
    if not folds:
        return
    held, step = folds[0].expressions
    names = {e.name for e in step.expressions}
    body = step.this
    is_common = body.name.lower() == "list_intersect" and names == {
        e.name for e in body.expressions
    }
    is_plain = is_common and type(held) is exp.ArrayAgg and not select.args.get("group")
    if len(folds) > 1 or len(select.expressions) > 1 or not is_plain:
        raise NotPortable("lists folded in another way")
    (only,) = select.expressions
    gathered = exp.Anonymous(this="__gathered", expressions=[held.this.copy()])
    folds[0].replace(exp.Anonymous(this="__in_all", expressions=[exp.column("a0", "lifted")]))
    inner = [exp.alias_(gathered, "a0")]
    for aggregate in [n for n in only.find_all(exp.AggFunc) if n.parent_select is select]:
        inner.append(exp.alias_(aggregate.copy(), f"a{len(inner)}"))
        column = exp.column(f"a{len(inner) - 1}", "lifted")
        column.type = aggregate.type
        aggregate.replace(column)
    below = select.copy()
    below.set("expressions", inner)
    for name in [k for k in select.args if k != "expressions"]:
        select.set(name, None)
    select.set("from_", exp.From(this=below.subquery("lifted")))


_ALIKE = {
    exp.Alias, exp.And, exp.Boolean, exp.Case, exp.Coalesce, exp.Column, exp.Count, exp.DataType,
    exp.Except, exp.Exists, exp.From, exp.Having, exp.Identifier, exp.If,
    exp.In, exp.Intersect, exp.Interval, exp.JSONKeyValue, exp.Lag, exp.Lambda, exp.Lead,
    exp.Limit, exp.Not, exp.Null, exp.Nullif, exp.Or, exp.Order, exp.Paren, exp.RowNumber,
    exp.Slice, exp.Subquery, exp.Sum, exp.Table, exp.TableAlias, exp.Union, exp.Var, exp.Where,
    exp.WindowSpec, exp.With, exp.Any,
}  # fmt: skip
"""What means the same in all of them, as sqlglot spells it."""
_RULES: dict[type[exp.Expr], Rule] = {
    **VALUES,
    exp.ArgMax: _best,
    exp.ArgMin: _best,
    exp.ArrayAgg: _array_agg,
    exp.CTE: _cte,
    exp.Distinct: _distinct,
    exp.Flatten: _flatten,
    exp.Group: _group,
    exp.Join: _join,
    exp.Max: _extreme,
    exp.Min: _extreme,
    exp.Ordered: _ordered,
    exp.Select: _select,
    exp.Star: _star,
    exp.Tuple: _row,
    exp.Window: _window,
}
_NAMED: dict[str, Rule] = {**NAMED, "row": _row}

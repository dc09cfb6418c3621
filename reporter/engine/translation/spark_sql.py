"""Write a query of ours in the SQL of Spark. In: DuckDB's SQL as a tree. Out: the same question, or
NotPortable.

A parser that translates is no safety net: it changes meanings without a word. So what differs is
written here one by one, what may pass is an allow-list, and parity is what running both has shown.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from sqlglot import exp

from reporter.engine.translation.portable import Macros, expanded, parsed
from reporter.engine.translation.spark_aggregates import (
    any_value,
    array_agg,
    best,
    is_row,
    row,
    string_agg,
)
from reporter.engine.translation.spark_text import (
    like,
    lower,
    regex,
    regexp_extract,
    regexp_replace,
    trimmed,
    upper,
)
from reporter.engine.translation.sql_nodes import (
    NotPortable,
    call,
    cast,
    copied,
    enclosed,
    if_,
    is_null,
    lambda_,
)

Columns = Callable[[str], Sequence[str]]
"""Table -> its columns, in order."""


def translate(sql: str, macros: Macros, columns: Columns, lists: Collection[str] = ()) -> str:
    """Return a query in the SQL of Spark; `lists` are names of columns that hold lists.

    Raises NotPortable for what has no proven translation.
    """
    return in_spark(for_spark(expanded(parsed(sql), macros), columns, lists))


def in_spark(tree: exp.Expr) -> str:
    """Return a rewritten tree as text."""
    return tree.sql(dialect="spark", comments=False).replace("SIZE_OF(", "SIZE(")


def for_spark(tree: exp.Expr, columns: Columns, lists: Collection[str] = ()) -> exp.Expr:
    """Rewrite a tree for Spark, inner parts first; raise NotPortable as `translate`."""
    tree = exp.Paren(this=tree)
    held = _list_names(tree, lists)
    for star in [s for s in tree.find_all(exp.Star) if s.args.get("replace")]:
        _write_out(star, columns)
    for node in reversed(list(tree.walk())):
        if isinstance(node, exp.Func) and type(node) not in _RULES and type(node) not in _ALIKE:
            name = node.sql_name().lower()
            if not isinstance(node, exp.Anonymous):
                raise NotPortable(f"the function {name} has no proven translation")
        if isinstance(node, exp.Length) and _is_list(node.this, held):
            node.replace(call("size_of", node.this))
        elif rule := _RULES.get(type(node)):
            if (new := rule(node)) is not node:
                node.replace(new)
        elif isinstance(node, exp.Anonymous):
            name = node.name.lower()
            if name in _NAMED:
                node.replace(_NAMED[name](*node.expressions))
            elif name not in _SPARK_NAMES:
                raise NotPortable(f"the function {name} has no proven translation")
    return copied(tree.this)


def _write_out(star: exp.Star, columns: Columns) -> None:
    """Write the columns of a star out of which some are replaced: Spark replaces none."""
    select = star.parent_select
    source = select.args["from_"].this if select else None
    if not select or not isinstance(source, exp.Table) or select.args.get("joins"):
        raise NotPortable("replaced columns of several tables")
    values = {a.alias: a for a in star.args["replace"]}
    left_out = {c.name for c in star.args.get("except_") or ()}
    names = [n for n in columns(source.name) if n not in left_out]
    written = [values[n].copy() if n in values else exp.column(n) for n in names]
    others = [e for e in select.expressions if e is not star]
    select.set("expressions", [*written, *others])


_LISTS = (
    exp.Array, exp.ArrayFilter, exp.Transform, exp.Split, exp.ArrayAgg, exp.ArraySort,
    exp.ArrayDistinct, exp.ArrayConcat, exp.ArrayAppend, exp.Flatten, exp.RegexpExtractAll,
)  # fmt: skip
_LIST_NAMES = {
    "regexp_split_to_array", "list_slice", "list_intersect", "list_zip", "transform", "filter",
    "split", "array_sort", "array_distinct", "array_intersect", "array_compact", "flatten", "slice",
    "array",
}  # fmt: skip


def _list_names(tree: exp.Expr, lists: Collection[str]) -> set[str]:
    """Return the names of columns that hold lists, here or where they come from."""
    names = set(lists)
    while more := {a.alias for a in tree.find_all(exp.Alias) if _is_list(a.this, names)} - names:
        names |= more
    return names


def _is_list(node: exp.Expr, names: Collection[str]) -> bool:
    while isinstance(node, (exp.Paren, exp.Filter, exp.Window, exp.Coalesce)):
        node = node.this
    if isinstance(node, exp.Case):
        return any(_is_list(i.args["true"], names) for i in node.args["ifs"])
    if isinstance(node, exp.Anonymous):
        return node.name.lower() in _LIST_NAMES
    return isinstance(node, _LISTS) or (isinstance(node, exp.Column) and node.name in names)


# JSON


def _json_value(node: exp.Expr) -> exp.Expr:
    """Return a value as part of a JSON object: an object within is no text there."""
    plain = node
    while isinstance(plain, exp.Paren):
        plain = plain.this
    if isinstance(plain, exp.Anonymous) and plain.name == "regexp_replace":
        inner = plain.expressions[0]
        if isinstance(inner, exp.Anonymous) and inner.name == "to_json":
            return copied(inner.expressions[0])
    if any(n.name == "to_json" for n in node.find_all(exp.Anonymous)):
        raise NotPortable("JSON that is made inside of JSON")
    return node.copy()


def _json_object(node: exp.JSONObject) -> exp.Expr:
    parts = [v for pair in node.expressions for v in (pair.this, _json_value(pair.expression))]
    if not parts:
        return exp.Literal.string("{}")
    return _to_json(call("named_struct", *parts))


_MARK = "\x01"
"""Stands around each moment while JSON is made: Spark writes it in one form only."""


def _to_json(value: exp.Expr) -> exp.Expr:
    form = f"'{_MARK}'yyyy-MM-dd HH:mm:ss.SSSSSS'{_MARK}'"
    options = call("map", "ignoreNullFields", "false", "timestampNTZFormat", form)
    moment = r"\\u0001(\d+-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.0+|(\.\d*?[1-9])0*)\\u0001"
    return call("regexp_replace", call("to_json", value, options), moment, "$1$2")


# Time


def _date_diff(node: exp.DateDiff) -> exp.Expr:
    unit = node.text("unit").upper()
    later, earlier = node.this, node.expression
    if unit == "DAY":
        return cast(call("datediff", cast(later, "date"), cast(earlier, "date")), "bigint")
    cut = [cast(call("date_trunc", unit, v), "timestamp_ntz") for v in (earlier, later)]
    if unit not in ("HOUR", "MINUTE", "SECOND", "MONTH", "YEAR"):
        raise NotPortable(f"date_diff in {unit}")
    return exp.Anonymous(this="timestampdiff", expressions=[exp.Var(this=unit), *cut])


def _date_sub(unit: exp.Expr, earlier: exp.Expr, later: exp.Expr) -> exp.Expr:
    return exp.Anonymous(
        this="timestampdiff",
        expressions=[exp.Var(this=unit.name.upper()), earlier.copy(), later.copy()],
    )


def _is_date(node: exp.Expr) -> bool:
    while isinstance(node, exp.Paren):
        node = node.this
    return isinstance(node, exp.Cast) and node.to.this == exp.DType.DATE


def _minus(node: exp.Sub) -> exp.Expr:
    if _is_date(node.this) and _is_date(node.expression):
        return cast(call("datediff", node.this, node.expression), "bigint")
    if _is_date(node.this) and isinstance(node.expression, exp.Interval):
        return exp.Sub(this=cast(node.this, "timestamp_ntz"), expression=node.expression.copy())
    return node


def _plus(node: exp.Add) -> exp.Expr:
    if _is_date(node.this) and isinstance(node.expression, exp.Interval):
        return exp.Add(this=cast(node.this, "timestamp_ntz"), expression=node.expression.copy())
    return node


def _epoch_us(value: exp.Expr) -> exp.Expr:
    return call("unix_micros", cast(value, "timestamp_ltz"))


def _make_timestamp(value: exp.Expr) -> exp.Expr:
    return cast(call("timestamp_micros", value), "timestamp_ntz")


# Numbers


def _floor_shift(node: exp.BitwiseRightShift) -> exp.Expr:
    """Return a shift of a number of 128 bits, exactly, with the sign that ours has."""
    width = exp.Literal.number(1 << int(node.expression.name))
    left = call("pmod", node.this, width)
    exact = exp.Paren(this=exp.Sub(this=enclosed(node.this), expression=left))
    return exp.Paren(this=exp.IntDiv(this=exact, expression=width.copy()))


def _masked(node: exp.BitwiseAnd) -> exp.Expr:
    mask = int(node.expression.name)
    if mask & (mask + 1):
        raise NotPortable(f"a mask of {mask}")
    return cast(call("pmod", node.this, exp.Literal.number(mask + 1)), "bigint")


def _divided(node: exp.Div) -> exp.Expr:
    raise NotPortable("a quotient that is no whole number")


def _hash(*values: exp.Expr) -> exp.Expr:
    """Return a number from 0 of 63 bits; ours has 64, and the rows are the same."""
    number = call("xxhash64", *(part for v in values for part in (is_null(v), v)))
    most = exp.Literal.number((1 << 63) - 1)
    return exp.Paren(this=exp.BitwiseAnd(this=number, expression=most))


_KINDS = {
    exp.DType.INT128: "decimal(38,0)", exp.DType.UBIGINT: "decimal(20,0)",
    exp.DType.TEXT: "string", exp.DType.VARCHAR: "string", exp.DType.TIMESTAMP: "timestamp_ntz",
    exp.DType.TIMESTAMPNTZ: "timestamp_ntz", exp.DType.JSON: "string",
}  # fmt: skip


_WHOLE = (exp.DType.BIGINT, exp.DType.INT)


def _casting(node: exp.Cast) -> exp.Expr:
    kind = node.to.this
    if kind in _WHOLE and any(not n.is_string and not n.is_int for n in node.find_all(exp.Literal)):
        node.this.replace(call("round", node.this))  # Spark cuts off
    if kind in _KINDS:
        node.set("to", exp.DataType.build(_KINDS[kind], dialect="spark", udt=True))
    return node


# Lists


def _item(node: exp.Bracket) -> exp.Expr:
    (index,) = node.expressions
    if isinstance(index, exp.Slice):
        if index.expression:
            raise NotPortable(f"a part of a list: {index.sql(dialect='duckdb')}")
        return call("slice", node.this, index.this, call("size_of", node.this))
    if isinstance(index, exp.Literal) and index.is_string:
        return exp.Dot(this=enclosed(node.this), expression=exp.to_identifier(index.name))
    place = call("nullif", cast(index, "int"), 0)  # nothing stands there, and Spark fails
    return call("try_element_at", node.this, place)


def _contains(node: exp.ArrayContains) -> exp.Expr:
    found = call("array_contains", node.this, node.expression)
    lacks = exp.or_(is_null(node.this), is_null(node.expression))
    return if_(lacks, exp.null(), call("coalesce", found, exp.false()))


def _is_any(node: exp.EQ) -> exp.Expr:
    if not isinstance(node.expression, exp.Any):
        return node
    listed = node.expression.this
    is_empty = exp.EQ(this=call("size_of", listed), expression=exp.Literal.number(0))
    is_nothing = exp.or_(is_null(listed), is_empty)
    return if_(is_nothing, exp.false(), call("array_contains", listed, node.this))


def _overlap(node: exp.ArrayOverlaps) -> exp.Expr:
    common = call(
        "array_intersect",
        call("array_compact", node.this),
        call("array_compact", node.expression),
    )
    return exp.Paren(this=exp.GT(this=call("size_of", common), expression=exp.Literal.number(0)))


def _joined(node: exp.ArrayToString) -> exp.Expr:
    """Join what is there; of nulls alone there is nothing."""
    told = exp.GT(
        this=call("size_of", call("array_compact", node.this)), expression=exp.Literal.number(0)
    )
    is_empty = exp.EQ(this=call("size_of", node.this), expression=exp.Literal.number(0))
    return if_(exp.or_(told, is_empty), call("array_join", node.this, node.expression))


def _in_common(one: exp.Expr, other: exp.Expr) -> exp.Expr:
    common = call("array_compact", call("array_intersect", one, other))
    return if_(is_null(other), call("slice", one, 1, 0), common)


def _position(items: exp.Expr, item: exp.Expr) -> exp.Expr:
    return call("nullif", call("array_position", items, item), 0)


def _has_all(listed: exp.Expr, wanted: exp.Expr) -> exp.Expr:
    lacking = call("array_except", call("array_compact", wanted), listed)
    return exp.Paren(this=exp.EQ(this=call("size_of", lacking), expression=exp.Literal.number(0)))


def _comprehension(node: exp.Comprehension) -> exp.Expr:
    name = node.expression.name
    items = node.args["iterator"]
    if condition := node.args.get("condition"):
        items = call("filter", items, lambda_(name, condition.copy()))
    return call("transform", items, lambda_(name, node.this.copy()))


def _array(node: exp.Array) -> exp.Expr:
    (*_, last) = node.expressions or [None]
    is_list = (
        isinstance(last, exp.Anonymous)
        and last.name == "transform"
        and node.args.get("value_constructor") is False
    )
    return (
        last.copy()
        if is_list and len(node.expressions) == 1 and isinstance(last, exp.Anonymous)
        else node
    )


def _split(node: exp.Split) -> exp.Expr:
    quoted = call("concat", "\\Q", node.expression, "\\E")
    return call("split", node.this, quoted)


def _struct(node: exp.Struct) -> exp.Expr:
    parts: list[exp.Expr] = []
    for pair in node.expressions:
        if not isinstance(pair, exp.PropertyEQ):
            raise NotPortable("a struct without names")
        parts += [exp.Literal.string(pair.this.name), pair.expression]
    return call("named_struct", *parts)


def _series(node: exp.GenerateSeries) -> exp.Expr:
    """Return whole numbers up to an end; those of Spark go down where the end is smaller."""
    start, end = node.args["start"], node.args["end"]
    if node.args.get("step") or not node.args.get("is_end_exclusive"):
        raise NotPortable("a series by steps, or with its end")
    last = exp.Paren(this=exp.Sub(this=enclosed(end), expression=exp.Literal.number(1)))
    is_empty = exp.GTE(this=enclosed(start), expression=enclosed(end))
    return if_(is_empty, cast(call("array"), "array<bigint>"), call("sequence", start, last))


def _reduced(items: exp.Expr, step: exp.Expr) -> exp.Expr:
    rest = call("slice", items, 2, call("size_of", items))
    return call("reduce", rest, call("try_element_at", items, 1), step)


def _in_rows(node: exp.In) -> exp.Expr:
    """Compare rows as structs, in which two nulls are one, as ours does."""
    query = node.args.get("query")
    if not isinstance(node.this, exp.Tuple) or query is None:
        return node
    told = query.this.expressions
    if (
        not isinstance(query.this, exp.Select)
        or len(told) != 1
        or not isinstance(told[0], exp.Tuple)
    ):
        raise NotPortable("a row in what gives no rows")
    told[0].replace(call("struct", *told[0].expressions))
    # As a plain struct Spark would take it apart again.
    node.this.replace(call("coalesce", call("struct", *node.this.expressions)))
    return node


def _compared(node: exp.Binary) -> exp.Expr:
    """Compare rows as ours does: a null is more than any value."""
    if is_row(node.this) or is_row(node.expression):
        for side in (node.this, node.expression):
            if not isinstance(side, exp.Tuple):
                raise NotPortable("a row compared to what is none")
            side.replace(row(*side.expressions))
    return node


def _ordered(node: exp.Ordered) -> exp.Expr:
    if isinstance(node.this, exp.Tuple):
        node.this.replace(row(*node.this.expressions))
    return node


def _extreme(node: exp.Min | exp.Max) -> exp.Expr:
    if is_row(node.this):
        raise NotPortable("the least or greatest of rows")
    return node


def _judged(node: exp.Is) -> exp.Expr:
    if not isinstance(node.expression, exp.Null) and not isinstance(node.this, exp.Column):
        node.this.replace(exp.Paren(this=node.this.copy()))
    return node


def _plain_part(node: exp.CTE) -> exp.Expr:
    node.set("materialized", None)
    return node


def _window(node: exp.Window) -> exp.Expr:
    """Give numbers without an order one that is none: Spark numbers nothing without."""
    if isinstance(node.this, exp.RowNumber) and not node.args.get("order"):
        node.set("order", exp.Order(expressions=[exp.null()]))
    return node


_ALIKE = {
    exp.Abs, exp.And, exp.Anonymous, exp.AnyValue, exp.ArrayAppend, exp.ArrayFilter, exp.ArrayMax,
    exp.ArraySort, exp.Case, exp.Coalesce, exp.ConcatWs, exp.Contains, exp.Count, exp.DenseRank,
    exp.Exists, exp.Explode, exp.Greatest, exp.If, exp.Lag, exp.Lead, exp.Least, exp.Length,
    exp.LogicalAnd, exp.LogicalOr, exp.MD5, exp.NthValue, exp.Nullif, exp.Or, exp.ReadParquet,
    exp.Replace, exp.RowNumber, exp.SplitPart, exp.StartsWith, exp.Sum, exp.Transform,
}  # fmt: skip
"""What sqlglot writes for Spark, with the same result."""
_RULES: dict[type[exp.Expr], Callable[..., exp.Expr]] = {
    exp.Cast: _casting,
    exp.ArgMin: best("min_by"),
    exp.ArgMax: best("max_by"),
    exp.IgnoreNulls: any_value,
    exp.ArrayAgg: array_agg,
    exp.GroupConcat: string_agg,
    exp.GenerateSeries: _series,
    exp.In: _in_rows,
    exp.Is: _judged,
    exp.LT: _compared,
    exp.LTE: _compared,
    exp.GT: _compared,
    exp.GTE: _compared,
    exp.Ordered: _ordered,
    exp.Min: _extreme,
    exp.Max: _extreme,
    exp.Lower: lower,
    exp.Upper: upper,
    exp.Trim: trimmed,
    exp.ArrayToString: _joined,
    exp.Flatten: lambda n: call("flatten", call("array_compact", n.this)),
    exp.Window: _window,
    exp.CTE: _plain_part,
    exp.UnixToTime: lambda n: _make_timestamp(n.this),
    exp.TimestampTrunc: lambda n: cast(call("date_trunc", n.text("unit"), n.this), "timestamp_ntz"),
    exp.RegexpExtract: regexp_extract,
    exp.RegexpReplace: regexp_replace,
    exp.RegexpLike: lambda n: call("regexp_like", n.this, regex(n.expression)),
    exp.RegexpFullMatch: lambda n: call(
        "regexp_like",
        n.this,
        exp.Literal.string("(?d)^(?:" + regex(n.expression).name.removeprefix("(?d)") + ")\\z"),
    ),
    exp.Like: like,
    exp.JSONObject: _json_object,
    exp.DateDiff: _date_diff,
    exp.Sub: _minus,
    exp.Add: _plus,
    exp.BitwiseRightShift: _floor_shift,
    exp.BitwiseAnd: _masked,
    exp.Div: _divided,
    exp.Bracket: _item,
    exp.ArrayContains: _contains,
    exp.EQ: _is_any,
    exp.ArrayOverlaps: _overlap,
    exp.Comprehension: _comprehension,
    exp.Array: _array,
    exp.Split: _split,
    exp.Struct: _struct,
    exp.ArrayDistinct: lambda n: call("array_distinct", call("array_compact", n.this)),
}
_NAMED: dict[str, Callable[..., exp.Expr]] = {
    "row": row,
    "error": lambda text: call("raise_error", text),
    "epoch_us": _epoch_us,
    "date_sub": _date_sub,
    "hash": _hash,
    "to_json": _to_json,
    "list_has_all": _has_all,
    "list_reduce": _reduced,
    "list_intersect": _in_common,
    "list_position": _position,
    "regexp_split_to_array": lambda text, pattern: call("split", text, regex(pattern)),
}
_SPARK_NAMES = {
    "struct", "min_by", "max_by", "any_value", "collect_list", "collect_set", "array_sort",
    "transform", "filter", "regexp_extract", "regexp_replace", "regexp_like", "to_json",
    "named_struct", "map", "datediff", "timestampdiff", "date_trunc", "unix_micros",
    "timestamp_micros", "pmod", "try_divide", "xxhash64", "try_element_at", "array_contains",
    "array_intersect", "array_compact", "array_except", "array_join", "nullif", "coalesce",
    "split", "concat", "size_of", "raise_error", "array_distinct", "slice", "array", "sequence",
    "reduce", "array_position",
}  # fmt: skip

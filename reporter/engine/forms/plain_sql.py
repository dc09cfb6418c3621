"""Write a query of ours for a warehouse, form by form. In: DuckDB's SQL as a tree, the columns of
tables, the forms of a dialect. Out: a tree of that dialect, or NotPortable.

Every function is written by a form of the dialect, with the types of what it takes. What is in
neither table below has no translation. Nulls are sorted by a key of their own in all dialects.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import sqlglot
from sqlglot import exp

from reporter.engine.forms.plain_forms import Forms, only_group
from reporter.engine.forms.typed_sql import (
    DAY,
    HUGE,
    NUMBER,
    SHARE,
    TEXT,
    TEXTS,
    TIME,
    TRUTH,
    KindsOf,
    kind_of,
    typed,
)
from reporter.engine.translation.sql_nodes import NotPortable

Write = Callable[[exp.Expr], str]
Rule = Callable[[exp.Expr, Forms, Write], str | None]
"""Text of a node whose parts are written already; None where it stays as it is."""


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
            raise NotPortable(f"no form for {_said(node)}")
        written = rule(node, forms, write) if rule else None
        if written is not None:
            _put(node, written)
    for left in tree.find_all(exp.Anonymous, exp.Interval, exp.Lambda, exp.Slice):
        raise NotPortable(f"no form for {_said(left)}")
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


def _said(node: exp.Expr) -> str:
    name = node.name if isinstance(node, exp.Anonymous) else type(node).__name__
    return f"{name}: {node.sql(dialect='duckdb', comments=False)[:80]}"


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
            if value.sql() in every - own:
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
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Tuple) or (
        isinstance(node, exp.Anonymous) and node.name.lower() == "row"
    ):
        return [k for part in node.expressions for k in _keys_in(part)]
    return [node]


def _join(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    if node.args.get("using") or node.args.get("method") or node.text("side").upper() not in ("", "LEFT", "FULL"):
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
    while isinstance(key, exp.Paren):
        key = key.this
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
        raise NotPortable(f"no form for {_said(node)}")
    if kind_of(node.this) == TRUTH:
        name = forms.some_true if isinstance(node, exp.Max) else forms.all_true
        return name(write(node.this))
    return None


def _array_agg(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    if isinstance(node.parent, exp.Flatten):
        return None
    value = node.this
    if not isinstance(value, exp.Distinct):
        raise NotPortable(f"no form for {_said(node)}")
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


# Values


def _cast(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    wanted = exp.Null()
    wanted.type = node.args["to"]
    to, value = kind_of(wanted), node.this
    if isinstance(value, exp.Null):
        return forms.cast("NULL", to)
    if isinstance(value, exp.Literal) and value.is_string and to in (TIME, DAY):
        return forms.moment(value.name, to)
    return _as(write(value), kind_of(value), to, forms)


def _as(value: str, have: str, want: str, forms: Forms) -> str:
    if have == want:
        return value
    if want == TEXT:
        return forms.as_text(value, have)
    if have == TRUTH and want in (NUMBER, HUGE):
        return f"CASE WHEN {value} THEN 1 WHEN NOT {value} THEN 0 END"
    if (have, want) in ((TIME, DAY), (DAY, TIME), (NUMBER, HUGE), (HUGE, NUMBER)):
        return forms.cast(value, want)
    raise NotPortable(f"{have} as {want}: {value[:60]}")


def _joined(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    sides = (node.this, node.expression)
    return "(" + " || ".join(_as(write(s), kind_of(s), TEXT, forms) for s in sides) + ")"


def _concat_ws(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    first, *others = node.expressions
    return forms.concat_ws(write(first), [_as(write(o), kind_of(o), TEXT, forms) for o in others])


def _ends(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    """Return the greatest or least of what is there: elsewhere one null makes all null."""
    values = [write(v) for v in (node.this, *node.expressions)]
    name = "GREATEST" if isinstance(node, exp.Greatest) else "LEAST"
    if len({kind_of(v) for v in (node.this, *node.expressions)} - {NUMBER, HUGE}) > 1:
        raise NotPortable(f"no form for {_said(node)}")
    turned = [values[k:] + values[:k] for k in range(len(values))]
    return f"{name}(" + ", ".join(f"COALESCE({', '.join(t)})" for t in turned) + ")"


def _json(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    pairs = []
    for pair in node.expressions:
        value = pair.expression
        pairs.append((pair.this.name, _json_value(write(value), kind_of(value), forms)))
    if not pairs:
        return forms.literal("{}")
    parts = []
    for k, (name, value) in enumerate(pairs):
        head = ("," if k else "{") + _json_name(name) + ":"
        parts += [forms.literal(head), f"COALESCE({value}, {forms.literal('null')})"]
    return "(" + " || ".join([*parts, forms.literal("}")]) + ")"


def _json_name(name: str) -> str:
    if not re.fullmatch(r"\w+", name):
        raise NotPortable(f"a name in JSON: {name}")
    return f'"{name}"'


def _json_value(value: str, kind: str, forms: Forms) -> str:
    quote = forms.literal('"')
    if kind == TEXT:
        return forms.json_text(value)
    if kind in (TIME, DAY):
        return f"({quote} || {forms.as_text(value, kind)} || {quote})"
    if kind in (NUMBER, HUGE, TRUTH):
        return forms.as_text(value, kind)
    raise NotPortable(f"{kind} in JSON")


# Numbers and time


def _plus(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    minus = isinstance(node, exp.Sub)
    one, other = node.this, node.expression
    if isinstance(one, exp.Interval) and not minus:
        one, other = other, one
    if isinstance(other, exp.Interval):
        unit, number = other.text("unit").upper(), other.this
        while isinstance(number, exp.Paren):
            number = number.this
        if not isinstance(number, exp.Literal) or unit not in ("DAY", "HOUR", "MINUTE", "SECOND"):
            raise NotPortable(f"a span: {_said(other)}")
        moment = _as(write(one), kind_of(one), TIME, forms)
        return forms.later(moment, -int(number.name) if minus else int(number.name), unit)
    kinds = {kind_of(one), kind_of(other)}
    if kinds == {DAY} and minus:
        return forms.days_between(write(one), write(other))
    if not kinds <= {NUMBER, HUGE}:
        raise NotPortable(f"no form for {_said(node)}")
    return None


def _number(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    for side in (node.this, node.args.get("expression")):
        if side is not None and kind_of(side) not in (NUMBER, HUGE):
            raise NotPortable(f"no form for {_said(node)}")
    return None


def _times(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    kinds = {kind_of(node.this), kind_of(node.expression)}
    if not kinds <= {NUMBER, HUGE}:
        raise NotPortable(f"no form for {_said(node)}")
    if HUGE in kinds:
        one, other = (_as(write(s), kind_of(s), HUGE, forms) for s in (node.this, node.expression))
        return f"({one} * {other})"
    return None


def _literal(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    if not node.is_string and not re.fullmatch(r"\d+", node.name):
        raise NotPortable(f"a number that is not whole: {node.name}")
    if not node.is_string and int(node.name) >= 1 << 63:
        node.type = exp.DataType.build("INT128", dialect="duckdb")
        return forms.huge(node.name)
    return None


def _over(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    _number(node, forms, write)
    kind = HUGE if HUGE in (kind_of(node.this), kind_of(node.expression)) else NUMBER
    return forms.over(write(node.this), write(node.expression), kind)


def _shift(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    width = forms.huge(str(1 << int(node.expression.name)))
    value = _as(write(node.this), kind_of(node.this), HUGE, forms)
    node.type = exp.DataType.build("INT128", dialect="duckdb")
    return forms.over(f"({value} - {_floor_mod(value, width, forms)})", width, HUGE)


def _mask(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    mask = int(node.expression.name)
    if mask & (mask + 1):
        raise NotPortable(f"a mask of {mask}")
    value = _as(write(node.this), kind_of(node.this), HUGE, forms)
    node.type = exp.DataType.build("INT128", dialect="duckdb")
    return _floor_mod(value, forms.huge(str(mask + 1)), forms)


def _floor_mod(value: str, width: str, forms: Forms) -> str:
    return f"MOD(MOD({value}, {width}) + {width}, {width})"


def _compared(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    """Compare values of one kind: elsewhere a text may become a number without a word."""
    if isinstance(node.expression, exp.Any):
        raise NotPortable(f"no form for {_said(node)}")
    sides = (node.this, node.expression)
    if type(node) is exp.EQ and write(node.expression) == forms.array([]):
        return f"({forms.size(write(node.this))} = 0)"
    if any(isinstance(s, exp.Null) for s in sides):
        return None
    kinds = {kind_of(s) for s in sides}
    if kinds == {DAY, TIME}:
        one, other = (_as(write(s), kind_of(s), TIME, forms) for s in sides)
        node.this.replace(exp.Var(this=one))
        node.expression.replace(exp.Var(this=other))
    elif len({NUMBER if k in (HUGE, SHARE) else k for k in kinds}) > 1 or TEXTS in kinds:
        raise NotPortable(f"no form for {_said(node)}")
    return None


def _is(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    if isinstance(node.expression, exp.Null):
        return f"(({write(node.this)}) IS NULL)"
    return f"({write(node.this)} IS NOT DISTINCT FROM {write(node.expression)})"


# Texts


def _lower(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    """Write each letter small by itself, whatever stands beside it."""
    value = write(node.this)
    for one, other in (("İ", "i"), ("Σ", "σ")):
        value = f"REPLACE({value}, {forms.literal(one)}, {forms.literal(other)})"
    return f"LOWER({value})"


def _trim(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    chars = node.expression
    if chars is not None and not isinstance(chars, exp.Literal):
        raise NotPortable("letters to trim that are no constant")
    side = node.text("position").upper() or "BOTH"
    return forms.trim(write(node.this), chars.name if chars is not None else BLANKS, side)


BLANKS = " \u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u202f\u205f\u3000"


def _replace(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    what = node.expression
    by = write(node.args["replacement"])
    text = f"REPLACE({write(node.this)}, {write(what)}, {by})"
    if isinstance(what, exp.Literal) and what.name:
        return text
    return f"CASE WHEN {write(what)} = '' THEN {write(node.this)} ELSE {text} END"


def _like(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    if isinstance(node.parent, exp.Escape):
        return None
    patterns = [node.expression]
    if isinstance(node.expression, exp.Any):
        patterns = node.expression.this.expressions
    value = write(node.this)
    written = [forms.like(value, write(p), "") for p in patterns]
    return ("NOT " if node.args.get("negate") else "") + "(" + " OR ".join(written) + ")"


def _escape(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    like, mark = node.this, node.expression
    if not isinstance(mark, exp.Literal) or mark.name != "!" or not isinstance(like, exp.Like):
        raise NotPortable(f"no form for {_said(node)}")
    sign = "NOT " if like.args.get("negate") else ""
    return f"{sign}({forms.like(write(like.this), write(like.expression), '!')})"


def _regex(node: exp.Expr, group: int, forms: Forms, write: Write) -> tuple[str, bool]:
    """Return a regular expression in the dialect, and whether it takes letters of any case; what
    stands between its constant parts is taken for plain letters, as it is here.
    """
    node = exp.Paren(this=node.copy())
    literals = [n for n in node.find_all(exp.Literal) if n.is_string]
    is_any_case = False
    for literal in literals:
        text = literal.name
        if literal is literals[0] and text.startswith("(?i)"):
            is_any_case, text = True, text[4:]
        literal.replace(exp.Literal.string(forms.pattern(only_group(text, group), group)))
    if len(literals) > 1 and group:
        raise NotPortable("a group of a pattern that is no constant")
    return write(node.this), is_any_case


def _flags(node: exp.Expr) -> str:
    flags = node.args.get("modifiers") or node.args.get("flag")
    return flags.name if flags else ""


def _matches(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    if _flags(node):
        raise NotPortable("flags of a regular expression")
    return forms.matches(write(node.this), *_regex(node.expression, 0, forms, write))


def _full(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    if not isinstance(node.expression, exp.Literal) or node.expression.name.startswith("(?i)"):
        raise NotPortable("a pattern that is no constant")
    whole = exp.Literal.string(f"^(?:{node.expression.name})$")
    return forms.matches(write(node.this), *_regex(whole, 0, forms, write))


def _extract(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    group = node.args.get("group")
    number = int(group.name) if group else 0
    pattern, is_any_case = _regex(node.expression, number, forms, write)
    if number:
        number = forms.group_in(node.expression.name, number)
    return forms.extract(write(node.this), pattern, is_any_case, number)


def _put_in(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    by = node.args["replacement"]
    is_constant = isinstance(by, exp.Literal) and isinstance(node.expression, exp.Literal)
    if not is_constant or _flags(node) not in ("", "g"):
        raise NotPortable("a replacement that is no constant")
    pattern = node.expression.name
    if re.fullmatch(pattern, "") or "(?" in pattern:
        raise NotPortable(f"to replace what may be empty: {pattern}")
    is_once = pattern.startswith("^") or pattern.endswith("$")
    if not _flags(node) and not is_once:
        raise NotPortable(f"to replace the first match only: {pattern}")
    literal = exp.Literal.string(forms.pattern(pattern, -1))
    return forms.replaced(write(node.this), write(literal), by.name)


def _split(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    if not isinstance(node.expression, exp.Literal) or not node.expression.name:
        raise NotPortable("to split by what is no constant")
    return forms.split(write(node.this), write(node.expression))


def _split_part(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    delimiter, number = node.args["delimiter"], node.args["part_index"]
    if not isinstance(delimiter, exp.Literal) or int(number.name) < 1:
        raise NotPortable(f"no form for {_said(node)}")
    return forms.part(write(node.this), write(delimiter), int(number.name))


# Lists


def _items(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    return forms.items(write(node.expressions[0]), node.expressions[1].name)


def _item(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    return forms.item_of(node.expressions[0].name)


def _at(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    (index,) = node.expressions
    if isinstance(index, exp.Slice):
        if index.expression or not isinstance(index.this, exp.Literal):
            raise NotPortable(f"no form for {_said(node)}")
        return forms.rest(write(node.this), int(index.this.name))
    if not isinstance(index, exp.Literal) or index.is_string or int(index.name) < 1:
        raise NotPortable(f"no form for {_said(node)}")
    return forms.at(write(node.this), int(index.name))


def _size(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    if kind_of(node.this) == TEXTS:
        return forms.size(write(node.this))
    return f"LENGTH({write(node.this)})"


def _array(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    return forms.array([write(e) for e in node.expressions])


def _each(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    """Keep the items of a list that meet a condition, or make others of them."""
    step = node.expression
    if not isinstance(step, exp.Lambda) or len(step.expressions) != 1:
        raise NotPortable(f"no form for {_said(node)}")
    of_each = forms.kept if isinstance(node, exp.ArrayFilter) else forms.made
    return of_each(write(node.this), step.expressions[0].name, write(step.this))


def _named(form: str) -> Rule:
    """Return a rule that hands the text of each argument to a form."""

    def rule(node: exp.Expr, forms: Forms, write: Write) -> str | None:
        values = [node.this, node.args.get("expression"), *(node.expressions or ())]
        if isinstance(node, exp.Anonymous):
            values = node.expressions
        texts = [write(v) for v in values if v is not None]
        written: str = getattr(forms, form)(*texts)
        return written

    return rule


def _hash(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    return forms.hash([(write(v), kind_of(v)) for v in node.expressions])


def _error(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    (text,) = node.expressions
    return forms.fail(write(text))


def _cut(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    unit = node.text("unit").upper()
    if unit not in ("DAY", "HOUR", "MINUTE", "MONTH"):
        raise NotPortable(f"a time cut to {unit}")
    return forms.cut(write(node.this), unit)


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
    exp.Add: _plus, exp.ArgMax: _best, exp.ArgMin: _best, exp.Array: _array,
    exp.ArrayAgg: _array_agg, exp.ArrayAppend: _named("append"), exp.ArrayContains: _named("has"),
    exp.ArrayFilter: _each, exp.ArrayOverlaps: _named("overlap"), exp.BitwiseAnd: _mask,
    exp.BitwiseRightShift: _shift, exp.Bracket: _at, exp.CTE: _cte, exp.Cast: _cast,
    exp.ConcatWs: _concat_ws, exp.Contains: _named("contains"), exp.DPipe: _joined,
    exp.Distinct: _distinct, exp.EQ: _compared, exp.Escape: _escape, exp.Flatten: _flatten,
    exp.GT: _compared, exp.GTE: _compared, exp.Greatest: _ends, exp.Group: _group,
    exp.IntDiv: _over, exp.Is: _is, exp.JSONObject: _json, exp.Join: _join, exp.LT: _compared,
    exp.LTE: _compared, exp.Least: _ends, exp.Length: _size, exp.Like: _like,
    exp.Literal: _literal, exp.LogicalAnd: _named("all_true"), exp.LogicalOr: _named("some_true"),
    exp.Lower: _lower, exp.Max: _extreme, exp.Min: _extreme, exp.Mul: _times, exp.NEQ: _compared,
    exp.Neg: _number, exp.NullSafeEQ: _compared, exp.NullSafeNEQ: _compared,
    exp.Ordered: _ordered, exp.RegexpExtract: _extract, exp.RegexpFullMatch: _full,
    exp.RegexpLike: _matches, exp.RegexpReplace: _put_in, exp.Replace: _replace,
    exp.Select: _select, exp.Split: _split, exp.SplitPart: _split_part, exp.Star: _star,
    exp.StartsWith: _named("starts"), exp.Sub: _plus, exp.TimestampTrunc: _cut,
    exp.Transform: _each, exp.Trim: _trim, exp.Tuple: _row, exp.UnixToTime: _named("from_us"),
    exp.Window: _window,
}  # fmt: skip
_NAMED: dict[str, Rule] = {
    "__item": _item, "__items": _items, "epoch_us": _named("epoch_us"), "error": _error,
    "hash": _hash, "__gathered": _named("gathered"), "__in_all": _named("in_all"), "row": _row,
}  # fmt: skip

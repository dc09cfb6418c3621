"""What values of our SQL are in a warehouse. In: nodes of DuckDB's SQL with types, whose parts are
written. Out: their text by the forms of a dialect, or NotPortable.
"""

from __future__ import annotations

import re
from collections.abc import Callable

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
    kind_of,
)
from reporter.engine.translation.sql_nodes import NotPortable

Write = Callable[[exp.Expr], str]
Rule = Callable[[exp.Expr, Forms, Write], str | None]
"""Text of a node whose parts are written already; None where it stays as it is."""


def bare(node: exp.Expr) -> exp.Expr:
    """Return what brackets hold."""
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def said(node: exp.Expr) -> str:
    """Return a node as a message names it."""
    name = node.name if isinstance(node, exp.Anonymous) else type(node).__name__
    return f"{name}: {node.sql(dialect='duckdb', comments=False)[:80]}"


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
        raise NotPortable(f"no form for {said(node)}")
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
        unit, number = other.text("unit").upper(), bare(other.this)
        if not isinstance(number, exp.Literal) or unit not in ("DAY", "HOUR", "MINUTE", "SECOND"):
            raise NotPortable(f"a span: {said(other)}")
        moment = _as(write(one), kind_of(one), TIME, forms)
        return forms.later(moment, -int(number.name) if minus else int(number.name), unit)
    kinds = {kind_of(one), kind_of(other)}
    if kinds == {DAY} and minus:
        return forms.days_between(write(one), write(other))
    if not kinds <= {NUMBER, HUGE}:
        raise NotPortable(f"no form for {said(node)}")
    return None


def _number(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    for side in (node.this, node.args.get("expression")):
        if side is not None and kind_of(side) not in (NUMBER, HUGE):
            raise NotPortable(f"no form for {said(node)}")
    return None


def _abs(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    _number(node, forms, write)
    return f"ABS({write(node.this)})"


def _times(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    kinds = {kind_of(node.this), kind_of(node.expression)}
    if not kinds <= {NUMBER, HUGE}:
        raise NotPortable(f"no form for {said(node)}")
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
        raise NotPortable(f"no form for {said(node)}")
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
        raise NotPortable(f"no form for {said(node)}")
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
        raise NotPortable(f"no form for {said(node)}")
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
        raise NotPortable(f"no form for {said(node)}")
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
            raise NotPortable(f"no form for {said(node)}")
        return forms.rest(write(node.this), int(index.this.name))
    if not isinstance(index, exp.Literal) or index.is_string or int(index.name) < 1:
        raise NotPortable(f"no form for {said(node)}")
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
        raise NotPortable(f"no form for {said(node)}")
    of_each = forms.kept if isinstance(node, exp.ArrayFilter) else forms.made
    return of_each(write(node.this), step.expressions[0].name, write(step.this))


def named(form: str) -> Rule:
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
    """Return what stops a statement, in the type of what is chosen elsewhere."""
    (text,) = node.expressions
    choice = node.find_ancestor(exp.Case)
    kinds = {
        kind_of(i.args["true"])
        for i in (choice.args["ifs"] if choice else ())
        if bare(i.args["true"]) is not node and not isinstance(i.args["true"], exp.Null)
    }
    if len(kinds) > 1 or not kinds <= {TEXT, TRUTH, NUMBER}:
        raise NotPortable(f"no form for {said(node)}")
    return forms.cast(forms.fail(write(text)), kinds.pop() if kinds else TEXT)


def _cut(node: exp.Expr, forms: Forms, write: Write) -> str | None:
    unit = node.text("unit").upper()
    if unit not in ("DAY", "HOUR", "MINUTE", "MONTH"):
        raise NotPortable(f"a time cut to {unit}")
    return forms.cut(write(node.this), unit)


VALUES: dict[type[exp.Expr], Rule] = {
    exp.Abs: _abs,
    exp.Add: _plus,
    exp.Array: _array,
    exp.ArrayAppend: named("append"),
    exp.ArrayContains: named("has"),
    exp.ArrayFilter: _each,
    exp.ArrayOverlaps: named("overlap"),
    exp.BitwiseAnd: _mask,
    exp.BitwiseRightShift: _shift,
    exp.Bracket: _at,
    exp.Cast: _cast,
    exp.ConcatWs: _concat_ws,
    exp.Contains: named("contains"),
    exp.DPipe: _joined,
    exp.EQ: _compared,
    exp.Escape: _escape,
    exp.GT: _compared,
    exp.GTE: _compared,
    exp.Greatest: _ends,
    exp.IntDiv: _over,
    exp.Is: _is,
    exp.JSONObject: _json,
    exp.LT: _compared,
    exp.LTE: _compared,
    exp.Least: _ends,
    exp.Length: _size,
    exp.Like: _like,
    exp.Literal: _literal,
    exp.LogicalAnd: named("all_true"),
    exp.LogicalOr: named("some_true"),
    exp.Lower: _lower,
    exp.Mul: _times,
    exp.NEQ: _compared,
    exp.Neg: _number,
    exp.NullSafeEQ: _compared,
    exp.NullSafeNEQ: _compared,
    exp.RegexpExtract: _extract,
    exp.RegexpFullMatch: _full,
    exp.RegexpLike: _matches,
    exp.RegexpReplace: _put_in,
    exp.Replace: _replace,
    exp.Split: _split,
    exp.SplitPart: _split_part,
    exp.StartsWith: named("starts"),
    exp.Sub: _plus,
    exp.TimestampTrunc: _cut,
    exp.Transform: _each,
    exp.Trim: _trim,
    exp.UnixToTime: named("from_us"),
}
NAMED: dict[str, Rule] = {
    "__item": _item,
    "__items": _items,
    "epoch_us": named("epoch_us"),
    "error": _error,
    "hash": _hash,
    "__gathered": named("gathered"),
    "__in_all": named("in_all"),
}
"""Functions that the parser knows by name only."""

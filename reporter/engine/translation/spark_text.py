"""Texts in the SQL of Spark. In: nodes of DuckDB's SQL. Out: nodes with the same result: letters by
themselves, patterns of RE2, blanks of Unicode.
"""

from __future__ import annotations

import re

from sqlglot import exp

from reporter.engine.translation.patterns import rewritten
from reporter.engine.translation.sql_nodes import NotPortable, call, if_, lambda_


def regex(pattern: exp.Expr) -> exp.Expr:
    """Return a pattern in which Java finds what RE2 does: a line ends by \\n, $ is the end."""
    if isinstance(pattern, exp.Literal):
        return exp.Literal.string("(?d)" + _for_java(pattern.name))
    for part in [p for p in pattern.find_all(exp.Literal) if p.is_string]:
        part.replace(exp.Literal.string(_for_java(part.name)))
    return call("concat", "(?d)", pattern)


_SPACES = "\\t\\n\\f\\r "
"""What \\s stands for in RE2; that of Java has one more."""


def _escaped(pair: str, in_set: bool) -> str:
    if pair == "\\s":
        return _SPACES if in_set else f"[{_SPACES}]"
    if pair[1:].isalnum() and pair[1:] not in ("d", "w", "D", "W"):
        raise NotPortable(f"{pair} in a regular expression")
    return pair


def _for_java(text: str) -> str:
    if "[[:" in text:
        raise NotPortable("a class of POSIX in a regular expression")
    text = text.replace("(?i)", "(?iu)")  # RE2 knows the cases of all letters
    return rewritten(text, _escaped, {"$": "\\z"})


def regexp_extract(node: exp.RegexpExtract) -> exp.Expr:
    """Return the first match of a pattern, or of a group in it."""
    return call("regexp_extract", node.this, regex(node.expression), node.args.get("group") or 0)


def regexp_replace(node: exp.RegexpReplace) -> exp.Expr:
    """Return a text with matches replaced."""
    flags = node.args.get("modifiers")
    by = node.args.get("replacement")
    if not isinstance(by, exp.Literal) or (flags and flags.name != "g"):
        raise NotPortable("a replacement that is no constant, or another flag than g")
    if flags and isinstance(node.expression, exp.Literal) and _takes_nothing(node.expression.name):
        raise NotPortable(f"to replace what may be empty: {node.expression.name}")
    text = by.name.replace("$", "\\$")
    for digit in "0123456789":
        text = text.replace(f"\\{digit}", f"${digit}")
    pattern = regex(node.expression)
    if flags:
        return call("regexp_replace", node.this, pattern, text)
    inner = pattern.name.removeprefix("(?d)")
    if inner.startswith("^") or inner.endswith("\\z"):  # it stands once in a text
        return call("regexp_replace", node.this, pattern, text)
    raise NotPortable(f"to replace the first match only: {inner}")


def _takes_nothing(pattern: str) -> bool:
    return re.fullmatch(pattern, "") is not None


def like(node: exp.Like) -> exp.Expr:
    """Return a comparison with a pattern in which only % and _ stand for others."""
    if isinstance(node.parent, exp.Escape):
        return node
    if isinstance(node.expression, exp.Any):
        if node.args.get("negate"):
            raise NotPortable("NOT LIKE ANY")
        patterns = node.expression.this.expressions
        return exp.Paren(
            this=exp.or_(
                *(exp.Like(this=node.this.copy(), expression=_as_it_is(p)) for p in patterns)
            )
        )
    node.set("expression", _as_it_is(node.expression))
    return node


def _as_it_is(pattern: exp.Expr) -> exp.Expr:
    """Return a pattern in which a backslash stands for itself: in Spark it is what escapes."""
    if isinstance(pattern, exp.Literal):
        return exp.Literal.string(pattern.name.replace("\\", "\\\\"))
    return call("replace", pattern, "\\", "\\\\")


def trimmed(node: exp.Trim) -> exp.Expr:
    """Take away the blanks that ours takes: all of Unicode's spaces, and no tab."""
    if not node.expression:
        node.set("expression", exp.Literal.string(_BLANKS))
    return node


_BLANKS = " \u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u202f\u205f\u3000"
_LONGER = "".join(c for c in map(chr, range(0x80, 0xFFFF)) if len(c.upper()) > 1)
"""Letters for which Java writes several capitals."""
_CAPITALS = "".join(c.title() if len(c.title()) == 1 else c for c in _LONGER).replace("ß", "ẞ")
"""What ours writes for each of them."""


def lower(node: exp.Lower) -> exp.Expr:
    """Write each letter small by itself; Java looks at its neighbours."""
    same = call("replace", call("replace", node.this, "İ", "i"), "Σ", "σ")
    return exp.Lower(this=same)


def upper(node: exp.Upper) -> exp.Expr:
    """Write each letter as one capital."""
    one = exp.column("c")
    is_longer = exp.GT(this=call("instr", _LONGER, one), expression=exp.Literal.number(0))
    capital = if_(is_longer, call("translate", one, _LONGER, _CAPITALS), exp.Upper(this=one.copy()))
    each = call("transform", call("split", node.this, ""), lambda_("c", capital))
    is_any = call("regexp_like", node.this, f"[{_LONGER}]")
    return if_(is_any, call("array_join", each, ""), exp.Upper(this=node.this.copy()))

"""Small parts of SQL as trees. In: values and trees. Out: new trees that share nothing."""

from __future__ import annotations

from sqlglot import exp


class NotPortable(ValueError):
    """A query holds what has no proven translation."""


def call(name: str, *args: exp.Expr | str | int) -> exp.Anonymous:
    """Return a call of a function of Spark; plain values become literals."""
    return exp.Anonymous(this=name, expressions=[value_of(a) for a in args])


def value_of(value: exp.Expr | str | int) -> exp.Expr:
    """Return a plain value as a literal, a tree as a copy."""
    if isinstance(value, exp.Expr):
        return value.copy()
    return exp.Literal.string(value) if isinstance(value, str) else exp.Literal.number(value)


def is_null(value: exp.Expr) -> exp.Expr:
    """Return whether a value is null."""
    return exp.Is(this=enclosed(value), expression=exp.Null())


def cast(value: exp.Expr, kind: str) -> exp.Cast:
    """Return a value in a type of Spark."""
    return exp.Cast(this=value.copy(), to=exp.DataType.build(kind, dialect="spark", udt=True))


def if_(condition: exp.Expr, then: exp.Expr, other: exp.Expr | None = None) -> exp.Expr:
    """Return one value or another, or null."""
    return exp.Case(ifs=[exp.If(this=condition, true=then)], default=other)


def lambda_(name: str, body: exp.Expr) -> exp.Lambda:
    """Return a function of one name."""
    return exp.Lambda(this=body, expressions=[exp.to_identifier(name)])


def copied(node: exp.Expr) -> exp.Expr:
    """Return a copy of a tree."""
    copied: exp.Expr = node.copy()
    return copied


def enclosed(value: exp.Expr) -> exp.Expr:
    """Return a copy of a value that can stand beside any operator."""
    is_plain = isinstance(value, (exp.Column, exp.Literal, exp.Func, exp.Paren)) and not isinstance(
        value, exp.Binary
    )
    return value.copy() if is_plain else exp.Paren(this=value.copy())

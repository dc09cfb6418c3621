"""A query of ours with the type of each value. In: DuckDB's SQL as a tree, the columns of tables.
Out: the same query in which each column names its table and each node has a type, or NotPortable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import TypeAnnotator, annotate_types
from sqlglot.optimizer.qualify import qualify

from reporter.engine.translation.portable import base_tables
from reporter.engine.translation.sql_nodes import NotPortable

Kinds = Sequence[tuple[str, str]]
KindsOf = Callable[[str], Kinds]
"""Table -> its columns with their types here."""
TEXT, NUMBER, HUGE, TRUTH, TIME, DAY, SHARE, TEXTS = (
    "text", "number", "huge", "truth", "time", "day", "share", "texts",
)  # fmt: skip
"""Kinds of values that have a translation."""
_KINDS = {
    exp.DType.TEXT: TEXT, exp.DType.VARCHAR: TEXT, exp.DType.JSON: TEXT, exp.DType.BIGINT: NUMBER,
    exp.DType.INT: NUMBER, exp.DType.UBIGINT: HUGE, exp.DType.INT128: HUGE,
    exp.DType.BOOLEAN: TRUTH, exp.DType.TIMESTAMP: TIME, exp.DType.TIMESTAMPNTZ: TIME,
    exp.DType.DATE: DAY, exp.DType.DOUBLE: SHARE, exp.DType.DECIMAL: SHARE,
}  # fmt: skip
_OURS = {
    "BIGINT": NUMBER, "INTEGER": NUMBER, "BOOLEAN": TRUTH, "DATE": DAY, "DOUBLE": SHARE,
    "HUGEINT": HUGE, "UBIGINT": HUGE, "TIMESTAMP": TIME, "VARCHAR": TEXT, "VARCHAR[]": TEXTS,
    "JSON": TEXT,
}  # fmt: skip
_RESULTS = {
    "epoch_us": "BIGINT", "hash": "UBIGINT", "row": "ROW", "list_reduce": "VARCHAR[]",
    "list_intersect": "VARCHAR[]", "error": "VARCHAR", "list_position": "INT",
}  # fmt: skip
_GIVEN = {
    exp.JSONObject: "VARCHAR", exp.Replace: "VARCHAR", exp.SplitPart: "VARCHAR",
    exp.RegexpExtract: "VARCHAR", exp.RegexpReplace: "VARCHAR", exp.Split: "VARCHAR[]",
    exp.Transform: "VARCHAR[]", exp.ArrayFilter: "VARCHAR[]", exp.ArrayAppend: "VARCHAR[]",
    exp.Flatten: "VARCHAR[]", exp.Explode: "VARCHAR", exp.Trim: "VARCHAR", exp.Lower: "VARCHAR",
    exp.UnixToTime: "TIMESTAMP", exp.TimestampTrunc: "TIMESTAMP", exp.ConcatWs: "VARCHAR",
    exp.ArrayContains: "BOOLEAN", exp.ArrayOverlaps: "BOOLEAN", exp.Length: "BIGINT",
}  # fmt: skip
"""Types of what functions give that the parser does not know, or tells otherwise."""


def typed(tree: exp.Expr, kinds_of: KindsOf) -> exp.Expr:
    """Return a query in which names are complete and types are known.

    Raises NotPortable where a name has no origin.
    """
    schema: dict[str, object] = {
        name: {n: _plain(kind) for n, kind in kinds_of(name)}
        for name in {t.name for t in base_tables(tree)}
    }
    try:
        named = qualify(
            tree, schema=schema, dialect="duckdb", identify=False, quote_identifiers=False
        )
        annotate_types(named, schema=schema, dialect="duckdb", expression_metadata=_metadata())
    except SqlglotError as error:
        raise NotPortable(f"names are not clear: {str(error).splitlines()[0][:200]}") from error
    return named


def kind_of(node: exp.Expr) -> str:
    """Return the kind of a value; raise NotPortable where it is not known."""
    kind = node.type
    if kind is not None and kind.this in (exp.DType.ARRAY, exp.DType.LIST):
        return TEXTS
    found = _KINDS.get(kind.this) if kind is not None else None
    if not found:
        raise NotPortable(f"a value of unknown type: {node.sql(dialect='duckdb')[:80]}")
    return found


def kind_of_ours(kind: str) -> str:
    """Return the kind of a column of ours; raise NotPortable where there is none."""
    found = TEXT if kind.startswith("ENUM") else _OURS.get(kind)
    if not found:
        raise NotPortable(f"a column of type {kind}")
    return found


def _plain(kind: str) -> str:
    return "VARCHAR" if kind.startswith("ENUM") else kind


def _metadata() -> dict[type[exp.Expr], dict[str, object]]:
    from sqlglot.dialects.duckdb import DuckDB

    def first(self: TypeAnnotator, node: exp.Expr) -> exp.Expr:
        return self._annotate_by_args(node, "this")

    def named(self: TypeAnnotator, node: exp.Expr) -> exp.Expr:
        if told := _RESULTS.get(node.name.lower()):
            self._set_type(node, exp.DataType.build(told, dialect="duckdb", udt=True))
        return node

    known = dict(DuckDB.EXPRESSION_METADATA)
    for one in (exp.ArgMin, exp.ArgMax, exp.Lag, exp.Lead):
        known[one] = {"annotator": first}
    for kind, told in _GIVEN.items():
        known[kind] = {"returns": exp.DataType.build(told, dialect="duckdb")}
    known[exp.Anonymous] = {"annotator": named}
    return known

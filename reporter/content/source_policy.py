"""Validate the SQL of sources before anything runs. In: a SELECT, a condition, a type. Out: the
same, written anew.

A source may do more than a check, for it takes JSON apart, and reads `raw` alone
(docs/writing-content.md)."""

from __future__ import annotations

import re

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.tokenizer_core import Token, TokenType

from reporter.content.sql_policy import (
    ALLOWED,
    CAST_TYPES,
    NAME,
    REFUSED_PARTS,
    made_before,
    refuse_foreign_parts,
)
from reporter.content.sql_tree import at, parsed, tokens_of
from reporter.errors import ContentError

_TYPE = re.compile(r"[A-Za-z0-9_ ,()\[\]]{1,1000}")
_SOURCE_ALLOWED: frozenset[type[exp.Expr]] = ALLOWED | frozenset((
    exp.AnyValue, exp.Array, exp.ArrayAgg, exp.ArrayConcat, exp.ArrayContains,
    exp.ArrayDistinct, exp.ArrayFilter, exp.ArrayMax, exp.ArrayMin, exp.ArrayOverlaps,
    exp.ArrayReverse, exp.ArraySize, exp.ArraySort, exp.ArrayToString, exp.Bracket, exp.Ceil,
    exp.Chr, exp.ColumnDef, exp.Concat, exp.ConcatWs, exp.Contains, exp.DateDiff, exp.DateTrunc,
    exp.Decode, exp.Div, exp.Dot, exp.EndsWith, exp.Explode, exp.Extract, exp.Filter, exp.First,
    exp.FirstValue, exp.Flatten, exp.Floor, exp.FromBase64, exp.GroupConcat, exp.IgnoreNulls,
    exp.ILike, exp.JSONKeyValue, exp.JSONKeys, exp.JSONObject, exp.JSONType, exp.Lambda,
    exp.Last, exp.LastValue, exp.Left, exp.LogicalAnd, exp.LogicalOr, exp.LowerHex, exp.MD5,
    exp.Mod, exp.Pad, exp.ParseJSON, exp.PropertyEQ, exp.Qualify, exp.Rank, exp.RegexpExtract,
    exp.RegexpExtractAll, exp.RegexpFullMatch, exp.RegexpLike, exp.RegexpReplace,
    exp.RegexpSplit, exp.Reverse, exp.Right, exp.Round, exp.SHA2, exp.Slice, exp.Split,
    exp.SplitPart, exp.StartsWith, exp.StrPosition, exp.StrToTime, exp.Struct, exp.Substring,
    exp.TimeToStr, exp.TimestampTrunc, exp.ToMap, exp.Transform, exp.Translate, exp.Try,
    exp.TryCast, exp.Unnest, exp.UnixToTime, exp.Values,
))  # fmt: skip
"""What a source may use beside the syntax of a check: JSON, lists, patterns. None of it opens a
file or a setting.
"""
_SOURCE_FUNCTIONS = frozenset((
    "json_extract", "json_extract_string", "json_exists", "json_array_length", "json_valid",
    "json_transform", "json_merge_patch", "json_contains", "to_json", "list_position",
    "list_any_value", "list_has_all", "list_has_any", "list_zip", "list_slice", "list_bool_and",
    "list_bool_or", "list_first", "list_last", "list_sum", "list_min", "list_max", "list_count",
    "list_unique", "list_aggregate", "list_reduce", "generate_subscripts",
    "regexp_split_to_array", "url_decode", "try_strptime", "make_timestamp", "epoch_ms",
    "to_timestamp", "strlen", "map_keys", "map_values", "map_extract", "map_entries",
    "struct_pack",
))  # fmt: skip
"""Functions that sqlglot has no name for, beside the helpers of ours."""
HELPERS = frozenset(
    (
        "txt",
        "items",
        "cell",
        "nested",
        "class_name",
        "class_rank",
        "claude_rule_effect",
        "from_ns",
        "is_class_key",
        "labels",
        "package_hash",
        "package_place",
        "package_version",
        "set_labels",
        "workflow_name",
        "parsed",
        "plain_value",
        "destination",
    )
)
"""The macros that sources may call; a test holds them beside those of ingest."""
_SOURCE_TYPES = CAST_TYPES | {
    "JSON",
    "DOUBLE",
    "FLOAT",
    "SMALLINT",
    "TINYINT",
    "UINT",
    "UBIGINT",
    "INT128",
    "UINT128",
    "TIMESTAMPTZ",
    "TIME",
    "STRUCT",
    "ARRAY",
    "LIST",
    "MAP",
    "BLOB",
    "VARBINARY",
}
_SOURCE_REFUSED_PARTS = {k: v for k, v in REFUSED_PARTS.items() if k is not exp.Star}
_ARROWS = (exp.JSONExtract, exp.JSONExtractScalar, exp.JSONBExtract)


def validate_source(text: str, place: str) -> str:
    """Return the regenerated SELECT of a source.

    Raises ContentError naming the first construct that it must not contain.
    """
    try:
        trees = _trees(text, place)
        if len(trees) != 1 or not isinstance(trees[0], exp.Query):
            raise ContentError("a source is exactly one SELECT", place)
        return _validate_source(trees[0], place)
    except RecursionError as error:
        raise ContentError("the SQL is nested too deeply", place) from error


def outputs(text: str, place: str) -> tuple[str, ...]:
    """Return the columns that the SELECT of a source gives."""
    tree = _trees(text, place)[0]
    return tuple(tree.named_selects) if isinstance(tree, exp.Query) else ()


def _trees(text: str, place: str) -> list[exp.Expr | None]:
    tokens = _as_json_arrows(tokens_of(text, place))
    return parsed(lambda: _Plain().parser().parse(tokens, text), place)


def validate_condition(text: str, place: str) -> str:
    """Return the regenerated condition of a source over `raw`: one expression that spans the whole
    text.

    Raises ContentError naming the first construct that it must not contain.
    """
    try:
        return _validate_source(_expression(text, place), place)
    except RecursionError as error:
        raise ContentError("the SQL is nested too deeply", place) from error


def validate_type(text: str, place: str) -> str:
    """Return the regenerated type of a declared column: one of a fixed list, or a list, MAP or
    STRUCT of them.

    Raises ContentError where it is anything else.
    """
    refusal = ContentError(
        f"{text[:60]!r} is not a column type",
        place,
        "Such as VARCHAR, BIGINT[] or STRUCT(a VARCHAR).",
    )
    if not _TYPE.fullmatch(text):
        raise refusal
    try:
        cast = _expression(f"CAST(NULL AS {text})", place)
    except (ContentError, RecursionError) as error:
        raise refusal from error
    if not isinstance(cast, exp.Cast) or cast.args.get("default"):
        raise refusal
    for node in cast.to.walk():
        is_known = isinstance(node, exp.DataType) and node.this.name in _SOURCE_TYPES
        if not (is_known or isinstance(node, (exp.ColumnDef, exp.Identifier))):
            raise refusal
    return cast.to.sql(dialect="duckdb", comments=False, copy=False)


class _Plain(DuckDB):
    """Leaves the paths of JSON as they stand: sqlglot would make '$.a.b' of the key 'a.b'."""

    def to_json_path(self, path: exp.Expr | None) -> exp.Expr | None:
        """Return a path unchanged."""
        return path


def _expression(text: str, place: str) -> exp.Expr:
    tokens = _as_json_arrows(tokens_of(text, place))
    trees = parsed(lambda: _Plain().parser().parse_into(exp.Condition, tokens, text), place)
    if len(trees) != 1 or trees[0] is None or isinstance(trees[0], (exp.Query, exp.Alias)):
        raise ContentError("a condition is exactly one expression", place)
    return trees[0]


def _validate_source(tree: exp.Expr, place: str) -> str:
    for node in tree.walk():
        _refuse_in_source(node, place)
    return _with_functions(tree).sql(dialect="duckdb", comments=False, copy=False)


def _refuse_in_source(node: exp.Expr, place: str) -> None:
    if isinstance(node, exp.Anonymous):
        if str(node.this).lower() not in _SOURCE_FUNCTIONS | HELPERS:
            raise ContentError(
                f"a source must not call {node.name}", at(node, place), _WHAT_A_SOURCE_MAY
            )
    elif type(node) not in _SOURCE_ALLOWED and not isinstance(node, _ARROWS):
        excerpt = node.sql(dialect="duckdb")[:60]
        raise ContentError(
            f"{excerpt!r} ({type(node).__name__}) is not part of a source",
            at(node, place),
            _WHAT_A_SOURCE_MAY,
        )
    refuse_foreign_parts(node, place, _SOURCE_REFUSED_PARTS)
    if isinstance(node, exp.DataType) and node.this.name not in _SOURCE_TYPES:
        raise ContentError(f"{node.sql(dialect='duckdb')!r} is not a type of a source", place)
    if isinstance(node, exp.CTE) and not NAME.fullmatch(node.alias):
        raise ContentError(f"{node.alias!r} is not a plain lower-case name", place)
    if isinstance(node, exp.Table) and not _is_of_source(node):
        excerpt = node.sql(dialect="duckdb")[:60]
        raise ContentError(f"a source reads raw and nothing else, not {excerpt!r}", at(node, place))


_WHAT_A_SOURCE_MAY = "docs/writing-content.md lists what a source may use."


def _is_of_source(node: exp.Table) -> bool:
    is_plain = isinstance(node.this, exp.Identifier) and not node.db and not node.catalog
    return is_plain and node.name in {"raw", *made_before(node)}


def _as_json_arrows(tokens: list[Token]) -> list[Token]:
    """Give `->` a token of its own: inside a call sqlglot reads it as an old lambda, which the
    engine does not.
    """
    return [
        (
            Token(TokenType.HASH_ARROW, t.text, t.line, t.col, t.start, t.end, t.comments)
            if t.token_type is TokenType.ARROW
            else t
        )
        for t in tokens
    ]


def _with_functions(tree: exp.Expr) -> exp.Expr:
    """Write JSON arrows as calls: inside a call the engine, too, reads `a -> b` as an old
    lambda.
    """
    for node in reversed(list(tree.find_all(*_ARROWS))):
        name = "json_extract_string" if isinstance(node, exp.JSONExtractScalar) else "json_extract"
        call = exp.Anonymous(this=name, expressions=[node.this, node.expression])
        if node is tree:
            return call
        node.replace(call)
    return tree

"""Judge the SQL of checks and sources before anything runs. In: text. Out: regenerated SQL, and
what a check reads.

Only an allow-list of syntax and functions passes (docs/writing-checks.md); what runs is written
anew from the tree, never the author's text. How much is parsed at all is limited first. Only this
file imports sqlglot."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache, lru_cache
from typing import TypeVar

from sqlglot import exp, parse_one
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope
from sqlglot.tokenizer_core import Token, TokenType

from reporter.errors import ContentError
from reporter.model.assessment import Check
from reporter.model.reasons import places
from reporter.schema.model_files import macro_texts, shipped
from reporter.schema.tables import TABLES

VERDICTS = ("pass", "fail", "unknown")
CODE, VALUES = "reason_code", "reason_values"
"""The columns of a result that say why: a code of the check, and a JSON object of its values."""
_TAKEN = ("ok", "code", CODE, VALUES, "subject")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_TYPE = re.compile(r"[A-Za-z0-9_ ,()\[\]]{1,1000}")
T = TypeVar("T")
_PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")

_ALLOWED: frozenset[type[exp.Expression]] = frozenset((
    exp.Select, exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered,
    exp.With, exp.CTE, exp.TableAlias, exp.Alias, exp.Table, exp.Column, exp.Identifier,
    exp.Literal, exp.Boolean, exp.Null, exp.Union, exp.Distinct, exp.Subquery, exp.Star,
    exp.Paren, exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE,
    exp.Is, exp.In, exp.Between, exp.Like, exp.Any, exp.Escape, exp.Add, exp.Sub, exp.Mul,
    exp.IntDiv, exp.Neg, exp.DPipe, exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Count,
    exp.Sum, exp.Min, exp.Max, exp.ArgMin, exp.ArgMax, exp.Lower, exp.Upper, exp.Trim,
    exp.Length, exp.Replace, exp.Cast, exp.DataType, exp.Interval, exp.Var, exp.RowNumber,
    exp.Lag, exp.Lead, exp.Window, exp.WindowSpec, exp.Greatest, exp.Least, exp.Abs, exp.Exists,
    exp.Tuple, exp.NullSafeEQ, exp.NullSafeNEQ,
))  # fmt: skip
_REFUSED_PARTS: dict[type[exp.Expr], tuple[str, ...]] = {
    exp.Join: ("method",),
    exp.Star: ("except_", "replace", "rename"),
    exp.Distinct: ("on",),
    exp.Union: ("by_name",),
    exp.Min: ("count", "expressions"),
    exp.Max: ("count", "expressions"),
    exp.ArgMin: ("count",),
    exp.ArgMax: ("count",),
    exp.Cast: ("format", "action", "default"),
    exp.TryCast: ("format", "action", "default"),
}
"""Parts of allowed syntax that other engines lack or that choose a row by chance."""
_JOINS = ("", "CROSS", "INNER", "OUTER")
_COLUMNS = {t.name: frozenset(c.name for c in t.columns) for t in TABLES.values()}
_CAST_TYPES = {"DATE", "TIMESTAMP", "TIMESTAMPNTZ", "VARCHAR", "TEXT", "BIGINT", "INT", "BOOLEAN"}


@dataclass(frozen=True, slots=True)
class Judged:
    """SQL fit to run, and what it reads."""

    sql: str
    reads: frozenset[tuple[str, str]]
    """(table, column) of schema tables."""
    tables: frozenset[str]
    has_ref: bool
    has_certain: bool = False
    """The engine judged it again: a fifth column says which failures stand whatever is not
    recorded.
    """
    written: str = ""
    """Its SQL as judged, where `sql` reads other values."""


Told = tuple[tuple[str, str, tuple[str, ...]], ...]
"""What a check may say: status, reason code, and the names in its sentence."""


def judge(check: Check, params: Mapping[str, object] | None = None) -> Judged:
    """Return the regenerated SQL of a check, or raise ContentError naming the first thing it must
    not contain.

    It gives subject, ok (NULL: unknown), reason_code, reason_values (a JSON object) and perhaps
    ref; `params` stand for those of the check."""
    told = tuple(
        (status, code, tuple(dict.fromkeys(p.name for p in places(text))))
        for status, own in check.reasons.items()
        for code, text in own.items()
    )
    known = check.params if params is None else params
    said = {name for _, _, names in told for name in names}
    text = fill(check.sql, known, check.place, said)
    return _judged(text, told, frozenset(known), tuple(check.models.items()), check.place)


@lru_cache(maxsize=2048)
def _judged(
    filled: str,
    told: Told,
    params: frozenset[str],
    models: tuple[tuple[str, str], ...],
    place: str,
) -> Judged:
    try:
        tree, reads, tables = _taken_apart(filled, dict(models), place)
        given = tuple(tree.named_selects)
        _demand_outputs(given, told, params, place)
        _break_ties(tree)
        sql = _telling(tree, given, told)
    except RecursionError as error:
        raise ContentError("the SQL is nested too deeply", place) from error
    return Judged(sql, frozenset(reads), frozenset(tables), given[-1] == "ref")


def judge_part(text: str, models: Mapping[str, str], place: str) -> None:
    """Raise ContentError where a model that is a part of checks holds what no check may; `models`
    are those of its pack.
    """
    try:
        _taken_apart(text, models, place)
    except RecursionError as error:
        raise ContentError("the SQL is nested too deeply", place) from error


def _taken_apart(
    text: str, models: Mapping[str, str], place: str
) -> tuple[exp.Query, set[tuple[str, str]], set[str]]:
    """Return a query with its models and macros in place, and the columns and tables it reads."""
    tree = _without_macros(_with_parts(_parse(text, place), {**_parts(), **models}, place), place)
    _refuse_foreign_syntax(tree, place)
    return tree, *_columns_read(tree, place)


def _telling(tree: exp.Query, given: Sequence[str], told: Told) -> str:
    """Write the SQL of a check anew, with its codes turned to verdicts and its values to one
    column; the tree is used up.
    """
    parts = [c.sql(dialect="duckdb", comments=False, copy=False) for c in tree.ctes]
    tree.set("with_", None)
    parts.append(f"results AS ({tree.sql(dialect='duckdb', comments=False, copy=False)})")
    if given[1] == "ok":
        ok = "ok"
        code = "CASE WHEN ok THEN 'pass' WHEN NOT ok THEN 'fail' ELSE 'unknown' END"
    else:
        odd = (
            "WHEN code IS NOT NULL THEN error('it gives the code ' || code || ', for which it has"
            " no sentence')"
        )
        verdicts = {"pass": "TRUE", "fail": "FALSE", "unknown": "CAST(NULL AS BOOLEAN)"}
        cases = [
            f"WHEN code IN ({', '.join(own)}) THEN {sql}"
            for status, sql in verdicts.items()
            if (own := [f"'{c}'" for s, c, _ in told if s == status])
        ]
        ok, code = f"CASE {' '.join([*cases, odd])} END", "coalesce(code, 'unknown')"
    by_names: dict[tuple[str, ...], list[str]] = {}
    for _, name, named in told:
        held = tuple(n for n in named if n in given)
        if held:
            by_names.setdefault(held, []).append(f"'{name}'")
    cases = [
        f"WHEN {code} IN ({', '.join(codes)}) THEN"
        f" CAST(json_object({', '.join(map(_named_value, names))}) AS VARCHAR)"
        for names, codes in by_names.items()
    ]
    values = f"CASE {' '.join(cases)} ELSE '' END" if cases else "''"
    ref = ", ref" if given[-1] == "ref" else ""
    return (
        f"WITH {', '.join(parts)} SELECT subject, {ok} AS ok, {code} AS {CODE}, {values} AS"
        f" {VALUES}{ref} FROM results"
    )


def _named_value(name: str) -> str:
    """SQL: a value of a check and what it is called, which may be a word of SQL."""
    return f"'{name}', \"{name}\""


@cache
def _parts() -> dict[str, str]:
    return {name: m.sql for name, m in shipped().items() if m.kind == "part"}


def _break_ties(tree: exp.Query) -> None:
    """Of rows that ARG_MIN or ARG_MAX finds equal take the least or largest value: which comes
    first differs from run to run.
    """
    for node in list(tree.find_all(exp.ArgMin, exp.ArgMax)):
        key, value = node.expression, node.this
        both = exp.Anonymous(this="ROW", expressions=[key.copy(), value.copy()])
        told = exp.Not(this=exp.Is(this=exp.Paren(this=key.copy()), expression=exp.Null()))
        node.set("expression", exp.Case(ifs=[exp.If(this=told, true=both)]))


def inverted(judged: Judged) -> Judged:
    """Return a check whose condition says the opposite: no example of it may hold then."""
    names = f"subject, NOT ok AS ok, {CODE}, {VALUES}" + (", ref" if judged.has_ref else "")
    return replace(judged, sql=f"SELECT {names} FROM ({judged.sql}) AS turned")


def with_values(judged: Judged, values: Mapping[str, Mapping[str, str]]) -> Judged:
    """Return a check that reads SQL of ours in place of some columns: table -> column -> expression
    over that table.
    """
    read = ", ".join(
        f"{table} AS (SELECT * REPLACE ({', '.join(f'{sql} AS {c}' for c, sql in columns.items())})"
        f" FROM main.{table})"
        for table, columns in values.items()
    )
    rest = judged.sql.removeprefix("WITH ")
    made = f"WITH {read}{', ' if rest != judged.sql else ' '}{rest}"
    return replace(judged, sql=made, written=judged.sql)


@lru_cache(maxsize=64)
def part(judged: Judged, name: str) -> str:
    """Return a SELECT of all rows of one named part (WITH) of a check, so that others can count by
    its rule.
    """
    tree = _parse(judged.sql, name)
    parts = ", ".join(c.sql(dialect="duckdb") for c in tree.ctes)
    return f"WITH {parts} SELECT * FROM {name}"


def origins(model: str, column: str) -> list[tuple[str, str]]:
    """Return the (table, column) that a column of a model is made from; nothing for what is always
    the same.
    """
    from sqlglot.lineage import lineage  # only the pages need it, and it takes long to load

    tables = {name: dict.fromkeys(columns, "VARCHAR") for name, columns in _COLUMNS.items()}
    tables["agents"] = tables["actors"]
    made = lineage(column, model, schema=tables, dialect="duckdb")
    leaves = (n for n in made.walk() if not n.downstream and isinstance(n.source, exp.Table))
    return sorted({(n.source.name, n.name.rpartition(".")[2]) for n in leaves})


def tables_read(model: str, place: str) -> set[str]:
    """Return the tables that a model reads, but for its own parts; ContentError where it is no
    SELECT.
    """
    tree = _parse(model, place)
    parts = {c.alias for c in tree.find_all(exp.CTE)}
    return {t.name for t in tree.find_all(exp.Table) if t.name} - parts


_SOURCE_ALLOWED: frozenset[type[exp.Expr]] = _ALLOWED | frozenset((
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
        "from_ns",
        "workflow_name",
        "parsed",
        "plain_value",
        "destination",
    )
)
"""The macros that sources may call; a test holds them beside those of ingest."""
_SOURCE_TYPES = _CAST_TYPES | {
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
_SOURCE_REFUSED_PARTS = {k: v for k, v in _REFUSED_PARTS.items() if k is not exp.Star}
_ARROWS = (exp.JSONExtract, exp.JSONExtractScalar, exp.JSONBExtract)


def judge_source(text: str, place: str) -> str:
    """Return the SELECT of a source regenerated, or raise ContentError naming the first thing it
    must not contain.
    """
    try:
        tokens = _as_json_arrows(_tokens(text, place))
        trees = _parsed(lambda: _Plain().parser().parse(tokens, text), place)
        if len(trees) != 1 or not isinstance(trees[0], exp.Query):
            raise ContentError("a source is exactly one SELECT", place)
        return _judge_source(trees[0], place)
    except RecursionError as error:
        raise ContentError("the SQL is nested too deeply", place) from error


def outputs(text: str, place: str) -> tuple[str, ...]:
    """Return the columns that the SELECT of a source gives."""
    tokens = _as_json_arrows(_tokens(text, place))
    trees = _parsed(lambda: _Plain().parser().parse(tokens, text), place)
    return tuple(trees[0].named_selects) if isinstance(trees[0], exp.Query) else ()


def judge_condition(text: str, place: str) -> str:
    """Return a source's condition over `raw` regenerated: an expression, which ends where the text
    does.

    Raises ContentError naming the first thing that it must not contain.
    """
    try:
        return _judge_source(_expression(text, place), place)
    except RecursionError as error:
        raise ContentError("the SQL is nested too deeply", place) from error


def judge_type(text: str, place: str) -> str:
    """Return the type of a declared column regenerated: one of a fixed list, or a list, MAP or
    STRUCT of them.
    """
    wrong = ContentError(
        f"{text[:60]!r} is no type of a column",
        place,
        "Such as VARCHAR, BIGINT[] or STRUCT(a VARCHAR).",
    )
    if not _TYPE.fullmatch(text):
        raise wrong
    try:
        cast = _expression(f"CAST(NULL AS {text})", place)
    except (ContentError, RecursionError) as error:
        raise wrong from error
    if not isinstance(cast, exp.Cast) or cast.args.get("default"):
        raise wrong
    for node in cast.to.walk():
        known = isinstance(node, exp.DataType) and node.this.name in _SOURCE_TYPES
        if not (known or isinstance(node, (exp.ColumnDef, exp.Identifier))):
            raise wrong
    return cast.to.sql(dialect="duckdb", comments=False)


class _Plain(DuckDB):
    """Leaves the paths of JSON as they stand: sqlglot would make '$.a.b' of the key 'a.b'."""

    def to_json_path(self, path: exp.Expr | None) -> exp.Expr | None:
        """Return a path unchanged."""
        return path


def _expression(text: str, place: str) -> exp.Expr:
    tokens = _as_json_arrows(_tokens(text, place))
    found = _parsed(lambda: _Plain().parser().parse_into(exp.Condition, tokens, text), place)
    if len(found) != 1 or found[0] is None or isinstance(found[0], (exp.Query, exp.Alias)):
        raise ContentError("a condition is exactly one expression", place)
    return found[0]


def _judge_source(tree: exp.Expr, place: str) -> str:
    for node in tree.walk():
        _refuse_in_source(node, place)
    return _with_functions(tree).sql(dialect="duckdb", comments=False)


def _refuse_in_source(node: exp.Expr, place: str) -> None:
    if isinstance(node, exp.Anonymous):
        if str(node.this).lower() not in _SOURCE_FUNCTIONS | HELPERS:
            raise ContentError(
                f"a source must not call {node.name}", _at(node, place), _WHAT_A_SOURCE_MAY
            )
    elif type(node) not in _SOURCE_ALLOWED and not isinstance(node, _ARROWS):
        shown = node.sql(dialect="duckdb")[:60]
        raise ContentError(
            f"{shown!r} ({type(node).__name__}) is no part of a source",
            _at(node, place),
            _WHAT_A_SOURCE_MAY,
        )
    _refuse_foreign_parts(node, place, _SOURCE_REFUSED_PARTS)
    if isinstance(node, exp.DataType) and node.this.name not in _SOURCE_TYPES:
        raise ContentError(f"{node.sql(dialect='duckdb')!r} is no type of a source", place)
    if isinstance(node, exp.CTE) and not _NAME.fullmatch(node.alias):
        raise ContentError(f"{node.alias!r} is not a plain lower-case name", place)
    if isinstance(node, exp.Table) and not _is_of_source(node):
        shown = node.sql(dialect="duckdb")[:60]
        raise ContentError(f"a source reads raw and nothing else, not {shown!r}", _at(node, place))


_WHAT_A_SOURCE_MAY = "docs/writing-content.md lists what a source may use."


def _is_of_source(node: exp.Table) -> bool:
    plain = isinstance(node.this, exp.Identifier) and not node.db and not node.catalog
    return plain and node.name in {"raw", *_made_before(node)}


def _as_json_arrows(tokens: list[Token]) -> list[Token]:
    """Give `->` a token of its own: inside of a call sqlglot takes it for an old lambda, which the
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
    """Write JSON arrows as calls: the engine takes `a -> b` inside of a call for an old lambda
    too.
    """
    for node in reversed(list(tree.find_all(*_ARROWS))):
        name = "json_extract_string" if isinstance(node, exp.JSONExtractScalar) else "json_extract"
        call = exp.Anonymous(this=name, expressions=[node.this, node.expression])
        if node is tree:
            return call
        node.replace(call)
    return tree


def fill(text: str, params: Mapping[str, object], place: str, said: Set[str] = frozenset()) -> str:
    """Replace each {name} by its parameter as a SQL literal; unknown and unused names are errors,
    but for those in sentences.

    Raises ContentError where a name is no parameter, or a parameter is not used.
    """
    used = set(_PLACEHOLDER.findall(text))
    for name in sorted((used ^ set(params)) - (said & set(params))):
        problem = "is not among params" if name in used else "is never used in the SQL"
        raise ContentError(f"parameter {name!r} {problem}", place)
    return _PLACEHOLDER.sub(lambda m: _literal(params[m.group(1)], m.group(1), place), text)


def _literal(value: object, name: str, place: str) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, list) and value:
        return "(" + ", ".join(_literal(v, name, place) for v in value) + ")"
    raise ContentError(f"parameter {name!r} must be a whole number, text, or a list of them", place)


_LONGEST, _MOST_TOKENS, _DEEPEST = 100_000, 10_000, 200
"""Characters, words and depth that are parsed: twice what ours have, or more."""
_MOST = {TokenType.SELECT: (100, "SELECTs"), TokenType.L_BRACKET: (500, "brackets")}
"""What costs the parser, or who follows names through it, time by its square."""
_OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE}
_CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END}


def _tokens(text: str, place: str) -> list[Token]:
    """Take SQL apart; refuse more of it than anybody writes, before a parser sees it."""
    if len(text) > _LONGEST:
        raise ContentError(
            f"the SQL has {len(text)} characters; at most {_LONGEST} are read", place
        )
    tokens = _parsed(lambda: DuckDB().tokenize(text), place)
    if len(tokens) > _MOST_TOKENS:
        raise ContentError(
            f"the SQL has {len(tokens)} words; at most {_MOST_TOKENS} are read", place
        )
    for kind, (most, name) in _MOST.items():
        n = sum(t.token_type is kind for t in tokens)
        if n > most:
            raise ContentError(f"the SQL has {n} {name}; at most {most} are read", place)
    if _is_deep(tokens):
        raise ContentError("the SQL is nested too deeply", place)
    return tokens


def _is_deep(tokens: list[Token]) -> bool:
    """Tell whether SQL is nested beyond reason; how deep a parser gets differs between versions of
    Python.
    """
    depth = chain = 0
    for token in tokens:
        kind = token.token_type
        chain = chain + 1 if kind in _PREFIXES else 0
        depth += (kind in _OPENING) - (kind in _CLOSING)
        if max(depth, chain) > _DEEPEST:
            return True
    return False


_PREFIXES = {TokenType.NOT, TokenType.DASH, TokenType.TILDE, TokenType.PLUS}


def _parse(text: str, place: str) -> exp.Query:
    tokens = _tokens(text, place)
    trees = _parsed(lambda: DuckDB().parser().parse(tokens, text), place)
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise ContentError("a check is exactly one SELECT", place)
    return trees[0]


def _with_parts(tree: exp.Query, parts: Mapping[str, str], place: str) -> exp.Query:
    """Put the models that a query reads before its own parts, each after those that it reads
    itself.
    """
    own = {c.alias for c in tree.ctes}
    made: dict[str, list[exp.CTE]] = {}

    def take(name: str, on: tuple[str, ...]) -> None:
        if name in made:
            return
        if name in on:
            raise ContentError(f"the model {name} reads itself", place)
        query = _parse(parts[name], f"{place} (model {name})")
        inner = {c.alias for c in query.ctes}
        for table in query.find_all(exp.Table):
            if table.name in parts and table.name not in inner:
                take(table.name, (*on, name))
        made[name] = _flat(name, query, inner)

    for table in tree.find_all(exp.Table):
        if table.name in parts and table.name not in own:
            take(table.name, ())
    if not made:
        return tree
    if names := own & {c.alias for ctes in made.values() for c in ctes}:
        raise ContentError(f"{min(names)!r} is the name of a model or of a part of one", place)
    ctes = [c for some in made.values() for c in some]
    tree.set("with_", exp.With(expressions=[*ctes, *tree.ctes]))
    return tree


def _flat(name: str, query: exp.Query, inner: Set[str]) -> list[exp.CTE]:
    """Return a model as parts beside each other, its own ones named by it."""
    for table in query.find_all(exp.Table):
        if table.name in inner:
            plain = table.name
            table.set("this", exp.to_identifier(f"{name}_{plain}"))
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(plain)))
    ctes = list(query.ctes)
    for cte in ctes:
        cte.set("alias", exp.TableAlias(this=exp.to_identifier(f"{name}_{cte.alias}")))
    query.set("with_", None)
    alias = exp.TableAlias(this=exp.to_identifier(name))
    return [*ctes, exp.CTE(this=query, alias=alias)]


@cache
def _macro_trees() -> Mapping[str, tuple[tuple[str, ...], exp.Expr]]:
    return {
        name: (names, parse_one(body, dialect=DuckDB))
        for name, (names, body) in macro_texts().items()
    }


def _without_macros(tree: exp.Query, place: str) -> exp.Query:
    """Put what macros stand for in their place, so that what is judged and runs is plain SQL."""
    known = _macro_trees()
    while calls := [n for n in tree.find_all(exp.Anonymous) if str(n.this).lower() in known]:
        for call in reversed(calls):  # what stands inside another call first
            names, body = known[str(call.this).lower()]
            if len(call.expressions) != len(names):
                raise ContentError(
                    f"{call.this} takes {len(names)} values",
                    _at(call, place),
                    f"They are {', '.join(names)}.",
                )
            call.replace(_put_in(body.copy(), dict(zip(names, call.expressions, strict=True))))
    return tree


def _put_in(body: exp.Expr, given: Mapping[str, exp.Expr]) -> exp.Expr:
    """Return the expression of a macro with values in the place of its parameters."""
    whole = exp.Paren(this=body)  # so that the body itself can be replaced
    for column in list(whole.find_all(exp.Column)):
        if not column.table and column.name in given:
            column.replace(_enclosed(given[column.name].copy()))
    return _enclosed(whole.this)


def _enclosed(value: exp.Expr) -> exp.Expr:
    return exp.Paren(this=value) if isinstance(value, exp.Binary) else value


def _parsed(read: Callable[[], T], place: str) -> T:
    try:
        return read()
    except SqlglotError as error:
        first = str(error).splitlines()[0]
        raise ContentError(f"the SQL cannot be parsed: {first}", place) from error


def _refuse_foreign_syntax(tree: exp.Query, place: str) -> None:
    for node in tree.walk():
        if type(node) not in _ALLOWED:
            shown = node.sql(dialect="duckdb")[:60]
            raise ContentError(
                f"{shown!r} ({type(node).__name__}) is outside the portable subset",
                _at(node, place),
                "docs/writing-checks.md lists what a check may use.",
            )
        _refuse_foreign_parts(node, place)
        if isinstance(node, exp.Cast) and node.to.this.name not in _CAST_TYPES:
            raise ContentError(f"cast to {node.to.sql()} is outside the portable subset", place)
        if isinstance(node, exp.With) and node.parent is not tree:
            raise ContentError("WITH may stand only at the top", place)
        if isinstance(node, exp.With) and node.recursive:
            raise ContentError("recursive queries are outside the portable subset", place)
        if isinstance(node, exp.CTE) and not _NAME.fullmatch(node.alias):
            raise ContentError(f"{node.alias!r} is not a plain lower-case name", place)
        if isinstance(node, exp.Table):
            _refuse_foreign_table(node, place)
        if isinstance(node, exp.Any) and not _likes_texts(node):
            raise ContentError("ANY stands only in LIKE ANY ('a', 'b')", _at(node, place))
        if isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
            raise ContentError("name the columns instead of *", _at(node, place))


def _likes_texts(node: exp.Any) -> bool:
    """Tell whether ANY is that of LIKE ANY with plain texts, which is written anew as LIKE and
    OR.
    """
    listed = node.this.unnest()
    texts = listed.expressions if isinstance(listed, exp.Tuple) else [listed]
    liked = isinstance(node.parent, exp.Like) and not node.parent.args.get("negate")
    return liked and all(isinstance(t, exp.Literal) and t.is_string for t in texts)


def _refuse_foreign_parts(
    node: exp.Expr, place: str, refused: Mapping[type[exp.Expr], tuple[str, ...]] = _REFUSED_PARTS
) -> None:
    parts = [name for name in refused.get(type(node), ()) if node.args.get(name)]
    if parts or (isinstance(node, exp.Join) and node.kind not in _JOINS):
        raise ContentError(
            f"{node.sql(dialect='duckdb')[:60]!r} is outside the portable subset", _at(node, place)
        )


def _refuse_foreign_table(node: exp.Table, place: str) -> None:
    name = node.name
    if node.db or node.catalog or not _NAME.fullmatch(name):
        raise ContentError(f"{node.sql()!r} is not a plain table name", _at(node, place))
    ctes = _made_before(node)
    if name in ctes or name in TABLES:
        return
    close = get_close_matches(name, [*TABLES, *ctes], 1)
    hint = f'Did you mean "{close[0]}"? ' if close else ""
    raise ContentError(
        f'no table "{name}"', _at(node, place), hint + "`reporter lint --tables` lists them."
    )


def _made_before(node: exp.Table) -> set[str]:
    """Names of the CTEs that the node sees: a later one, or one of elsewhere, would name a table of
    the engine's own.
    """
    names: set[str] = set()
    inner: exp.Expr = node
    while (outer := inner.parent) is not None:
        if isinstance(outer, exp.With):
            for cte in outer.expressions:
                if cte is inner and not outer.recursive:
                    break
                names.add(cte.alias)
                if cte is inner:
                    break
        elif (parts := outer.args.get("with_")) is not None and parts is not inner:
            names |= {c.alias for c in parts.expressions}
        inner = outer
    return names


def _columns_read(tree: exp.Query, place: str) -> tuple[set[tuple[str, str]], set[str]]:
    """Follow every column to the table it comes from, through aliases, CTEs and outer queries."""
    reads: set[tuple[str, str]] = set()
    tables: set[str] = set()
    for scope in traverse_scope(tree):
        named = {t.name for t in scope.sources.values() if isinstance(t, exp.Table)}
        tables |= named
        reads |= _joined_by_name(scope)
        for column in scope.columns:
            source = _source_of(column, scope)
            if source is None:
                raise _unknown_column(column, scope, place)
            if isinstance(source, exp.Table):
                reads.add((source.name, column.name))
    return reads, tables


def _joined_by_name(scope: Scope) -> set[tuple[str, str]]:
    """The columns that JOIN ... USING (name) reads on both sides."""
    names = {
        i.name for j in scope.expression.args.get("joins") or [] for i in j.args.get("using") or []
    }
    tables = [s.name for s in scope.sources.values() if isinstance(s, exp.Table)]
    return {(t, n) for t in tables for n in names if n in _COLUMNS.get(t, ())}


def _source_of(column: exp.Column, scope: Scope | None) -> exp.Table | Scope | str | None:
    """The table or query that gives a column; 'alias' for an output named in the same SELECT; None
    if nothing does.
    """
    while scope is not None:
        # Not all parts that a query could read: those that it does read.
        for alias, (_, source) in scope.selected_sources.items():
            if column.table in ("", alias) and column.name in _given(source):
                return source
        if not column.table and column.name in _named(scope):
            return "alias"
        scope = scope.parent
    return None


def _given(source: exp.Expr | Scope) -> Collection[str]:
    if isinstance(source, exp.Table):
        return _COLUMNS.get(source.name, ())
    return _named(source) if isinstance(source, Scope) else ()


def _named(scope: Scope) -> list[str]:
    query = scope.expression
    return query.named_selects if isinstance(query, exp.Query) else []


def _unknown_column(column: exp.Column, scope: Scope, place: str) -> ContentError:
    """Name the column, the tables it is not in, and the nearest that is."""
    inside = {a: s for a, s in scope.sources.items() if column.table in ("", a)}
    known = sorted({n for s in inside.values() for n in _given(s)})
    names = sorted(s.name if isinstance(s, exp.Table) else a for a, s in inside.items())
    close = get_close_matches(column.name, known, 1)
    hint = f'Did you mean "{close[0]}"? ' if close else ""
    return ContentError(
        f'no column "{column.name}" in {", ".join(names) or column.table}',
        _at(column, place),
        hint + "`reporter lint --tables` lists them.",
    )


def _demand_outputs(given: Sequence[str], told: Told, params: frozenset[str], place: str) -> None:
    """Raise ContentError where the columns of a check are others than it needs, or its sentences
    and values do not meet.
    """
    expected = (
        "expected subject, ok or code, the values of its sentences, and ref last, if it has one"
    )
    if tuple(given[:2]) not in (("subject", "ok"), ("subject", "code")):
        raise ContentError(f"the SELECT gives {', '.join(given) or 'nothing'}; {expected}", place)
    values = [n for n in given[2:] if n != "ref"]
    if "ref" in given[:-1] or len(set(given)) < len(given) or set(values) & set(_TAKEN):
        raise ContentError(f"the SELECT gives {', '.join(given)}; {expected}", place)
    named = {n for _, _, names in told for n in names}
    if given[1] == "code" and not told:
        raise ContentError(
            "it gives codes and has no `reasons`", place, "Write a sentence for each code."
        )
    if given[1] == "ok" and any(code not in VERDICTS for _, code, _ in told):
        raise ContentError(
            "its `reasons` have codes, and the SELECT gives ok", place, "Give `code` in its place."
        )
    for _, code, names in told:
        if not _NAME.fullmatch(code):  # it becomes a part of the SQL that runs
            raise ContentError(f"reasons: {code!r} is not a plain lower-case name", place)
        for name in names:
            if name not in values and name not in params:
                raise ContentError(
                    f"reasons: {code}: no value and no parameter {name!r}",
                    place,
                    f"The SELECT gives {', '.join(values) or 'no values'}.",
                )
    for name in values:
        if name not in named:
            raise ContentError(
                f"no sentence names the value {name!r}",
                place,
                "Name it in `reasons`, or leave it out.",
            )


def _at(node: exp.Expr, place: str) -> str:
    """Add the node's own line and column inside the SQL, when the parser kept them."""
    for part in node.walk():
        line = part.meta.get("line")
        if line:
            return f"{place} (SQL line {line}, column {part.meta.get('col', 1)})"
    return place

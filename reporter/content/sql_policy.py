"""Compile the SQL of checks before anything runs. In: text. Out: regenerated SQL, and what it
reads.

Only an allow-list of syntax and functions passes (docs/writing-checks.md); what runs is written
anew from the tree, never the author's text."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from functools import cache, lru_cache

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from reporter.content.sql_tree import at, fill, parse, with_parts, without_macros
from reporter.errors import ContentError
from reporter.model.assessment import Check
from reporter.model.reasons import CHECK_STATUSES, places
from reporter.schema.compiled import CODE, VALUES, Compiled
from reporter.schema.model_files import shipped
from reporter.schema.tables import TABLES

_TAKEN = ("ok", "code", CODE, VALUES, "subject")
NAME = re.compile(r"[a-z_][a-z0-9_]*")

ALLOWED: frozenset[type[exp.Expression]] = frozenset((
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
REFUSED_PARTS: dict[type[exp.Expr], tuple[str, ...]] = {
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
CAST_TYPES = {"DATE", "TIMESTAMP", "TIMESTAMPNTZ", "VARCHAR", "TEXT", "BIGINT", "INT", "BOOLEAN"}


CodeSentences = tuple[tuple[str, str, tuple[str, ...]], ...]
"""What a check may say: status, reason code, and the names in its sentence."""


def compile_check(check: Check, params: Mapping[str, object] | None = None) -> Compiled:
    """Return the regenerated SQL of a check.

    It gives subject, ok (NULL: unknown), reason_code, reason_values (a JSON object) and perhaps
    ref; `params` replace those of the check.

    Raises ContentError naming the first construct that it must not contain.
    """
    sentences = tuple(
        (status, code, tuple(dict.fromkeys(p.name for p in places(text))))
        for status, texts in check.reasons.items()
        for code, text in texts.items()
    )
    parameters = check.params if params is None else params
    sentence_names = {name for _, _, names in sentences for name in names}
    text = fill(check.sql, parameters, check.place, sentence_names)
    return _compiled(
        text, sentences, frozenset(parameters), tuple(check.models.items()), check.place
    )


@lru_cache(maxsize=2048)
def _compiled(
    text: str,
    sentences: CodeSentences,
    params: frozenset[str],
    models: tuple[tuple[str, str], ...],
    place: str,
) -> Compiled:
    try:
        tree, reads, tables = _expand(text, dict(models), place)
        outputs = tuple(tree.named_selects)
        _demand_outputs(outputs, sentences, params, place)
        _break_ties(tree)
        parts = [c.sql(dialect="duckdb", comments=False, copy=False) for c in tree.ctes]
        sql = _telling(tree, parts, outputs, sentences)
    except RecursionError as error:
        raise ContentError("the SQL is nested too deeply", place) from error
    has_ref = outputs[-1] == "ref"
    return Compiled(sql, frozenset(reads), frozenset(tables), has_ref, parts=", ".join(parts))


def compile_part(text: str, models: Mapping[str, str], place: str) -> None:
    """Raise ContentError where a part of checks holds what no check may; `models` are those of its
    pack.
    """
    try:
        _expand(text, models, place)
    except RecursionError as error:
        raise ContentError("the SQL is nested too deeply", place) from error


def _expand(
    text: str, models: Mapping[str, str], place: str
) -> tuple[exp.Query, set[tuple[str, str]], set[str]]:
    """Return a query with its models and macros in place, and the columns and tables it reads."""
    tree = without_macros(with_parts(parse(text, place), {**_parts(), **models}, place), place)
    _refuse_foreign_syntax(tree, place)
    return tree, *_columns_read(tree, place)


def _telling(
    tree: exp.Query, parts: Sequence[str], outputs: Sequence[str], sentences: CodeSentences
) -> str:
    """Write the SQL of a check anew: codes become statuses, and values one column. The tree is used
    up.
    """
    tree.set("with_", None)
    results = f"results AS ({tree.sql(dialect='duckdb', comments=False, copy=False)})"
    if outputs[1] == "ok":
        ok = "ok"
        code = "CASE WHEN ok THEN 'pass' WHEN NOT ok THEN 'fail' ELSE 'unknown' END"
    else:
        unknown_code = (
            "WHEN code IS NOT NULL THEN error('it gives the code ' || code || ', for which it has"
            " no sentence')"
        )
        booleans = {"pass": "TRUE", "fail": "FALSE", "unknown": "CAST(NULL AS BOOLEAN)"}
        cases = [
            f"WHEN code IN ({', '.join(status_codes)}) THEN {sql}"
            for status, sql in booleans.items()
            if (status_codes := [f"'{c}'" for s, c, _ in sentences if s == status])
        ]
        ok, code = f"CASE {' '.join([*cases, unknown_code])} END", "coalesce(code, 'unknown')"
    by_names: dict[tuple[str, ...], list[str]] = {}
    for _, name, placeholders in sentences:
        output_names = tuple(n for n in placeholders if n in outputs)
        if output_names:
            by_names.setdefault(output_names, []).append(f"'{name}'")
    cases = [
        f"WHEN {code} IN ({', '.join(codes)}) THEN"
        f" CAST(json_object({', '.join(map(_named_value, names))}) AS VARCHAR)"
        for names, codes in by_names.items()
    ]
    values = f"CASE {' '.join(cases)} ELSE '' END" if cases else "''"
    ref = ", ref" if outputs[-1] == "ref" else ""
    return (
        f"WITH {', '.join([*parts, results])} SELECT subject, {ok} AS ok, {code} AS {CODE},"
        f" {values} AS {VALUES}{ref} FROM results"
    )


def _named_value(name: str) -> str:
    """SQL: a value of a check and what it is called, which may be a word of SQL."""
    return f"'{name}', \"{name}\""


@cache
def _parts() -> dict[str, str]:
    return {name: m.sql for name, m in shipped().items() if m.kind == "part"}


def _break_ties(tree: exp.Query) -> None:
    """Make ARG_MIN and ARG_MAX take the least or largest value of equal rows: which comes first
    differs between runs.
    """
    for node in list(tree.find_all(exp.ArgMin, exp.ArgMax)):
        key, value = node.expression, node.this
        ordering = exp.Anonymous(this="ROW", expressions=[key.copy(), value.copy()])
        has_key = exp.Not(this=exp.Is(this=exp.Paren(this=key.copy()), expression=exp.Null()))
        node.set("expression", exp.Case(ifs=[exp.If(this=has_key, true=ordering)]))


def _refuse_foreign_syntax(tree: exp.Query, place: str) -> None:
    for node in tree.walk():
        if type(node) not in ALLOWED:
            excerpt = node.sql(dialect="duckdb")[:60]
            raise ContentError(
                f"{excerpt!r} ({type(node).__name__}) is outside the portable subset",
                at(node, place),
                "docs/writing-checks.md lists what a check may use.",
            )
        refuse_foreign_parts(node, place)
        if isinstance(node, exp.Cast) and node.to.this.name not in CAST_TYPES:
            raise ContentError(f"cast to {node.to.sql()} is outside the portable subset", place)
        if isinstance(node, exp.With) and node.parent is not tree:
            raise ContentError("WITH may stand only at the top", place)
        if isinstance(node, exp.With) and node.recursive:
            raise ContentError("recursive queries are outside the portable subset", place)
        if isinstance(node, exp.CTE) and not NAME.fullmatch(node.alias):
            raise ContentError(f"{node.alias!r} is not a plain lower-case name", place)
        if isinstance(node, exp.Table):
            _refuse_foreign_table(node, place)
        if isinstance(node, exp.Any) and not _likes_texts(node):
            raise ContentError("ANY is allowed only in LIKE ANY ('a', 'b')", at(node, place))
        if isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
            raise ContentError("name the columns instead of *", at(node, place))


def _likes_texts(node: exp.Any) -> bool:
    """Tell whether ANY belongs to LIKE ANY with plain texts, which is rewritten as LIKE and OR."""
    operand = node.this.unnest()
    texts = operand.expressions if isinstance(operand, exp.Tuple) else [operand]
    is_plain_like = isinstance(node.parent, exp.Like) and not node.parent.args.get("negate")
    return is_plain_like and all(isinstance(t, exp.Literal) and t.is_string for t in texts)


def refuse_foreign_parts(
    node: exp.Expr,
    place: str,
    refused_parts: Mapping[type[exp.Expr], tuple[str, ...]] = REFUSED_PARTS,
) -> None:
    """Raise ContentError where allowed syntax carries a refused part, or a join is of another
    kind.
    """
    parts = [name for name in refused_parts.get(type(node), ()) if node.args.get(name)]
    if parts or (isinstance(node, exp.Join) and node.kind not in _JOINS):
        raise ContentError(
            f"{node.sql(dialect='duckdb')[:60]!r} is outside the portable subset", at(node, place)
        )


def _refuse_foreign_table(node: exp.Table, place: str) -> None:
    name = node.name
    if node.db or node.catalog or not NAME.fullmatch(name):
        raise ContentError(f"{node.sql()!r} is not a plain table name", at(node, place))
    ctes = made_before(node)
    if name in ctes or name in TABLES:
        return
    close = get_close_matches(name, [*TABLES, *ctes], 1)
    hint = f'Did you mean "{close[0]}"? ' if close else ""
    raise ContentError(
        f'no table "{name}"', at(node, place), hint + "`reporter lint --tables` lists them."
    )


def made_before(node: exp.Table) -> set[str]:
    """Names of the CTEs visible to the node. A later one, or one from elsewhere, would name a table
    of the engine's own.
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
        table_names = {t.name for t in scope.sources.values() if isinstance(t, exp.Table)}
        tables |= table_names
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
            if column.table in ("", alias) and column.name in _outputs_of(source):
                return source
        if not column.table and column.name in _select_names(scope):
            return "alias"
        scope = scope.parent
    return None


def _outputs_of(source: exp.Expr | Scope) -> Collection[str]:
    if isinstance(source, exp.Table):
        return _COLUMNS.get(source.name, ())
    return _select_names(source) if isinstance(source, Scope) else ()


def _select_names(scope: Scope) -> list[str]:
    query = scope.expression
    return query.named_selects if isinstance(query, exp.Query) else []


def _unknown_column(column: exp.Column, scope: Scope, place: str) -> ContentError:
    """Name the column, the tables it is not in, and the nearest that is."""
    sources = {a: s for a, s in scope.sources.items() if column.table in ("", a)}
    columns = sorted({n for s in sources.values() for n in _outputs_of(s)})
    names = sorted(s.name if isinstance(s, exp.Table) else a for a, s in sources.items())
    close = get_close_matches(column.name, columns, 1)
    hint = f'Did you mean "{close[0]}"? ' if close else ""
    return ContentError(
        f'no column "{column.name}" in {", ".join(names) or column.table}',
        at(column, place),
        hint + "`reporter lint --tables` lists them.",
    )


def _demand_outputs(
    outputs: Sequence[str], sentences: CodeSentences, params: frozenset[str], place: str
) -> None:
    """Raise ContentError where the columns of a check are not those it needs, or its sentences and
    values do not match.
    """
    expected = (
        "expected subject, ok or code, the values of its sentences, and ref last, if it has one"
    )
    if tuple(outputs[:2]) not in (("subject", "ok"), ("subject", "code")):
        raise ContentError(f"the SELECT gives {', '.join(outputs) or 'nothing'}; {expected}", place)
    values = [n for n in outputs[2:] if n != "ref"]
    if "ref" in outputs[:-1] or len(set(outputs)) < len(outputs) or set(values) & set(_TAKEN):
        raise ContentError(f"the SELECT gives {', '.join(outputs)}; {expected}", place)
    placeholders = {n for _, _, names in sentences for n in names}
    if outputs[1] == "code" and not sentences:
        raise ContentError(
            "it gives codes and has no `reasons`", place, "Write a sentence for each code."
        )
    if outputs[1] == "ok" and any(code not in CHECK_STATUSES for _, code, _ in sentences):
        raise ContentError(
            "its `reasons` have codes, and the SELECT gives ok", place, "Give `code` in its place."
        )
    for _, code, names in sentences:
        if not NAME.fullmatch(code):  # it becomes a part of the SQL that runs
            raise ContentError(f"reasons: {code!r} is not a plain lower-case name", place)
        for name in names:
            if name not in values and name not in params:
                raise ContentError(
                    f"reasons: {code}: no value and no parameter {name!r}",
                    place,
                    f"The SELECT gives {', '.join(values) or 'no values'}.",
                )
    for name in values:
        if name not in placeholders:
            raise ContentError(
                f"no sentence names the value {name!r}",
                place,
                "Name it in `reasons`, or leave it out.",
            )

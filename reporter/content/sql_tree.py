"""Make a tree of SQL that nobody has checked yet. In: text. Out: a tree of sqlglot, with
parameters, models and macros in their places.

How much is parsed at all is limited first: more than anybody writes never reaches the parser."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from functools import cache, lru_cache
from typing import TypeVar

from sqlglot import exp, parse_one
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from reporter.errors import ContentError
from reporter.schema.model_files import macro_texts

T = TypeVar("T")
_PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")


def fill(
    text: str, params: Mapping[str, object], place: str, sentence_names: Set[str] = frozenset()
) -> str:
    """Replace each {name} by its parameter as a SQL literal.

    Raises ContentError where a name is no parameter, or a parameter is used neither here nor in a
    sentence.
    """
    placeholders = set(_PLACEHOLDER.findall(text))
    for name in sorted((placeholders ^ set(params)) - (sentence_names & set(params))):
        problem = "is not among params" if name in placeholders else "is never used in the SQL"
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


def tokens_of(text: str, place: str) -> list[Token]:
    """Return the words of SQL; raise ContentError for more than anybody writes, before a parser
    sees it.
    """
    if len(text) > _LONGEST:
        raise ContentError(
            f"the SQL has {len(text)} characters; at most {_LONGEST} are read", place
        )
    tokens = parsed(lambda: DuckDB().tokenize(text), place)
    if len(tokens) > _MOST_TOKENS:
        raise ContentError(
            f"the SQL has {len(tokens)} words; at most {_MOST_TOKENS} are read", place
        )
    for kind, (limit, name) in _MOST.items():
        count = sum(t.token_type is kind for t in tokens)
        if count > limit:
            raise ContentError(f"the SQL has {count} {name}; at most {limit} are read", place)
    if _is_deep(tokens):
        raise ContentError("the SQL is nested too deeply", place)
    return tokens


def _is_deep(tokens: list[Token]) -> bool:
    """Tell whether SQL is nested too deeply; how deep a parser gets differs between versions of
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


def parse(text: str, place: str) -> exp.Query:
    """Return the tree of one SELECT; raise ContentError where the text is anything else."""
    tokens = tokens_of(text, place)
    trees = parsed(lambda: DuckDB().parser().parse(tokens, text), place)
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise ContentError("a check is exactly one SELECT", place)
    return trees[0]


@lru_cache(maxsize=512)
def named_tables(sql: str) -> tuple[tuple[int, int, bool], ...]:
    """Return where a statement of ours reads tables that are none of its own parts: start and end
    of each name, and whether it has another name there.
    """
    tree = parse_one(sql, dialect=DuckDB)
    parts = {c.alias for c in tree.find_all(exp.CTE)}
    tables = (t for t in tree.find_all(exp.Table) if t.name not in parts and not t.db)
    names = ((t.this.meta, bool(t.alias)) for t in tables if isinstance(t.this, exp.Identifier))
    return tuple(sorted((meta["start"], meta["end"] + 1, renamed) for meta, renamed in names))


def with_parts(tree: exp.Query, parts: Mapping[str, str], place: str) -> exp.Query:
    """Put the models that a query reads before its own parts, each after those it reads itself.

    Raises ContentError where a model reads itself, or two parts share a name.
    """
    own_names = {c.alias for c in tree.ctes}
    ctes_by_name: dict[str, list[exp.CTE]] = {}

    def take(name: str, chain: tuple[str, ...]) -> None:
        if name in ctes_by_name:
            return
        if name in chain:
            raise ContentError(f"the model {name} reads itself", place)
        query = parse(parts[name], f"{place} (model {name})")
        inner_names = {c.alias for c in query.ctes}
        for table in query.find_all(exp.Table):
            if table.name in parts and table.name not in inner_names:
                take(table.name, (*chain, name))
        ctes_by_name[name] = _flat(name, query, inner_names)

    for table in tree.find_all(exp.Table):
        if table.name in parts and table.name not in own_names:
            take(table.name, ())
    if not ctes_by_name:
        return tree
    if names := own_names & {c.alias for ctes in ctes_by_name.values() for c in ctes}:
        raise ContentError(f"{min(names)!r} is the name of a model or of a part of one", place)
    ctes = [c for some in ctes_by_name.values() for c in some]
    tree.set("with_", exp.With(expressions=[*ctes, *tree.ctes]))
    return tree


def _flat(name: str, query: exp.Query, inner_names: Set[str]) -> list[exp.CTE]:
    """Return a model as separate parts, with the names of its own parts prefixed by its name."""
    for table in query.find_all(exp.Table):
        if table.name in inner_names:
            table_name = table.name
            table.set("this", exp.to_identifier(f"{name}_{table_name}"))
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(table_name)))
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


def without_macros(tree: exp.Query, place: str) -> exp.Query:
    """Expand the macros in a query, so that what is compiled and runs is plain SQL.

    Raises ContentError where a macro gets another number of values than it takes.
    """
    macros = _macro_trees()
    while calls := [n for n in tree.find_all(exp.Anonymous) if str(n.this).lower() in macros]:
        for call in reversed(calls):  # what stands inside another call first
            names, body = macros[str(call.this).lower()]
            if len(call.expressions) != len(names):
                raise ContentError(
                    f"{call.this} takes {len(names)} values",
                    at(call, place),
                    f"They are {', '.join(names)}.",
                )
            call.replace(_put_in(body.copy(), dict(zip(names, call.expressions, strict=True))))
    return tree


def _put_in(body: exp.Expr, values: Mapping[str, exp.Expr]) -> exp.Expr:
    """Return the expression of a macro with values in the place of its parameters."""
    expression = exp.Paren(this=body)  # so that the body itself can be replaced
    for column in list(expression.find_all(exp.Column)):
        if not column.table and column.name in values:
            column.replace(_enclosed(values[column.name].copy()))
    return _enclosed(expression.this)


def _enclosed(value: exp.Expr) -> exp.Expr:
    return exp.Paren(this=value) if isinstance(value, exp.Binary) else value


def parsed(reader: Callable[[], T], place: str) -> T:
    """Return what the parser reads; raise ContentError with its first line where it cannot."""
    try:
        return reader()
    except SqlglotError as error:
        first_line = str(error).splitlines()[0]
        raise ContentError(f"the SQL cannot be parsed: {first_line}", place) from error


def at(node: exp.Expr, place: str) -> str:
    """Add the node's own line and column inside the SQL, when the parser kept them."""
    for part in node.walk():
        line = part.meta.get("line")
        if line:
            return f"{place} (SQL line {line}, column {part.meta.get('col', 1)})"
    return place

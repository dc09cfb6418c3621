"""SQL that parses each record once. In: conditions of sources, or a SELECT. Out: SQL of the same
values.

Each `r ->> 'field'` parses the record by itself, and holds copies of two thousand of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from reporter.engine.base import quoted_list

_OWN_R = re.compile(r"\blambda\b[^:]*\br\b|\bAS\s+r\b|\bselect\b", re.IGNORECASE)
"""Signs that r may be something else than the record."""
_FIELD = re.compile(
    r"(?<![\w.])(?:r ->> '(?P<text>[^'*]+)'|json_type\(r, '(?P<type>[^'*]+)'\))|'(?:[^']|'')*'"
)
"""A field of a record or its type, beside texts in which the same signs may stand."""

_TOKEN = re.compile(
    r"""--[^\n]*|\s+|'(?:[^']|'')*'|"(?:[^"]|"")*"|\w+|->>|->|\|\||::|[<>!=]=|<>|.""", re.DOTALL
)
_NAME = re.compile(r"[a-z_]\w*")
_ONE_PATH = re.compile(r"'[^'*]+'")
_BEFORE = re.compile(
    r"[(,\[]|select|distinct|when|then|else|case|and|or|not|in|by|where|having|qualify|on"
)
_AFTER = re.compile(
    r"[),\]=<>]|[<>!]=|<>|->>?|then|else|end|and|or|is|not|in|like|ilike|between|as|from|where|group"
    r"|order|asc|desc|limit|having|qualify|union"
)
"""What may stand around a field so that no other operator takes a part of it."""
_AFTER_FROM = re.compile("where|group|having|qualify|order|limit|union|except|intersect|window")


def extracted_once(*conditions: str) -> tuple[str, list[str]]:
    """Return SQL of two lists, of the texts and of the types of all fields that conditions name,
    and the conditions over these.
    """
    paths: dict[str, dict[str, int]] = {"text": {}, "type": {}}

    def listed(match: re.Match[str]) -> str:
        kind = match.lastgroup
        if not kind:
            return match[0]
        place = paths[kind].setdefault(match[kind], len(paths[kind]) + 1)
        return f"field_{kind}s[{place}]"

    swapped = [c if _OWN_R.search(c) else _FIELD.sub(listed, c) for c in conditions]
    extractions = [
        f", {function}(r, {quoted_list([*paths[kind]])}) AS field_{kind}s"
        for kind, function in (("text", "json_extract_string"), ("type", "json_type"))
        if paths[kind]
    ]
    return "".join(extractions), swapped


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    depth: int
    """Brackets around it."""

    @property
    def word(self) -> str:
        return self.text.lower()

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(slots=True)
class _Scope:
    """One SELECT, without those inside it."""

    depth: int
    tokens: list[_Token] = field(default_factory=list)

    def relation(self) -> tuple[int, int, str] | None:
        """Return where its one relation begins and ends, and its name; None where it has several,
        or anything else that is not plain.
        """
        top = [(n, t) for n, t in enumerate(self.tokens) if t.depth == self.depth]
        froms = [n for n, (_, t) in enumerate(top) if t.word == "from"]
        if len(froms) != 1:
            return None
        rest = top[froms[0] + 1 :]
        stop = next(
            (n for n, (_, t) in enumerate(rest) if _AFTER_FROM.fullmatch(t.word)), len(rest)
        )
        names = [t for _, t in rest[:stop]]
        first = self.tokens[top[froms[0]][0] + 1]
        is_query = first.text == "("
        alias = [t.word for t in names[is_query:] if t.word != "as"]
        if not all(map(_NAME.fullmatch, alias)) or not 0 < len(alias) <= (1 if is_query else 2):
            return None
        return first.start, names[-1].end, alias[-1]


@cache
def parsed_once(select: str) -> str:
    """Return a SELECT of the same rows, in which the texts that a part takes from a column of JSON
    are taken together: each alone would parse the record once more.

    A part is left as it is where it joins, where its FROM is not one relation, or where a sign
    beside a field could belong to it. A text that is no JSON has no fields, and is no error.
    """
    edits = [edit for scope in _scopes(select) for edit in _edits(scope)]
    for start, end, text in sorted(edits, reverse=True):
        select = select[:start] + text + select[end:]
    return select


def _scopes(select: str) -> Iterator[_Scope]:
    """Yield each SELECT of a statement."""
    scopes: list[_Scope] = []
    around: list[_Scope | None] = []
    scope: _Scope | None = None
    for match in _TOKEN.finditer(select):
        text = match[0]
        if text.isspace() or text.startswith("--"):
            continue
        if text in "([":
            around.append(scope)
        elif text in ")]":
            scope = around.pop()
        elif text.lower() == "select":
            scope = _Scope(len(around))
            scopes.append(scope)
        if scope:
            scope.tokens.append(_Token(text, match.start(), len(around)))
    yield from scopes


def _edits(scope: _Scope) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, text in its place) of what changes in a SELECT."""
    relation = scope.relation()
    fields = _fields(scope) if relation else {}
    stars = [n for n, t in enumerate(scope.tokens) if t.text == "*" and _is_all(scope, n)]
    if not (relation and fields) or any(not _is_plain(scope, n) for n in stars):
        return
    lists = []
    for column, uses in fields.items():
        paths = list(dict.fromkeys(path.text for _, path in uses))
        lists.append(
            f"json_extract_string(TRY_CAST({column} AS JSON), [{', '.join(paths)}]) AS"
            f" {_listed(column)}"
        )
        for name, path in uses:
            place = paths.index(path.text) + 1
            yield name.start, path.end, f"{_listed(column)}[{place}]"
    start, end, alias = relation
    yield start, start, f"(SELECT *, {', '.join(lists)} FROM "
    yield end, end, f") AS {alias}"
    hidden = ", ".join(map(_listed, fields))
    for n in stars:
        place = scope.tokens[n].end
        yield place, place, f" EXCLUDE ({hidden})"


def _listed(column: str) -> str:
    return f"texts_of_{column}"


def _fields(scope: _Scope) -> dict[str, list[tuple[_Token, _Token]]]:
    """Return the fields that a SELECT takes as text, (column, path), of columns of which it takes
    several.
    """
    tokens = [*scope.tokens, _Token(")", 0, 0)]
    found: dict[str, list[tuple[_Token, _Token]]] = {}
    for before, name, arrow, path, after in zip(*(tokens[n:] for n in range(5)), strict=False):
        if (
            arrow.text == "->>"
            and _NAME.fullmatch(name.word)
            and _ONE_PATH.fullmatch(path.text)
            and _BEFORE.fullmatch(before.word)
            and _AFTER.fullmatch(after.word)
        ):
            found.setdefault(name.word, []).append((name, path))
    own = _parameters(tokens)
    return {
        column: uses
        for column, uses in found.items()
        if column not in own and len({path.text for _, path in uses}) > 1
    }


def _parameters(tokens: list[_Token]) -> set[str]:
    """Return the names that lambdas give to what they get."""
    names: set[str] = set()
    is_in = False
    for token in tokens:
        is_in = token.word == "lambda" or (is_in and token.text != ":")
        if is_in:
            names.add(token.word)
    return names


def _is_all(scope: _Scope, place: int) -> bool:
    """Tell whether a star stands for columns."""
    token, before = scope.tokens[place], scope.tokens[place - 1]
    return before.word in ("select", "distinct", ",", ".") and token.depth == scope.depth


def _is_plain(scope: _Scope, place: int) -> bool:
    """Tell whether a star stands for all columns, with no word on which."""
    after = scope.tokens[place + 1].word
    return scope.tokens[place - 1].text != "." and after in (",", "from")

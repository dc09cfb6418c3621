"""Secrets out of rows. In: text columns of a relation. Out: SQL that tells whether a row may hold
some, and hides them.

The engine's pattern takes long to compile and little to run: it stands in a query once or twice,
not once a column."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

from reporter.engine.base import quoted
from reporter.engine.duckdb import DuckDB
from reporter.privacy import synonyms
from reporter.privacy.secrets import SHORTEST, SUSPECT, fingerprinted, redact

_NAMED = (
    r"(?i)\"[^\"]{0,40}(secret|passw(or)?[dt]|passphrase|kennwort|pwd|mot.?(de.?)?passe|contrase[^\"]{1,7}a|wachtwoord|senha|token|pat|"
    r"(api|app|access|private|secret|signing|encryption|account|client|license|ssh)["
    r" _-]?key|credentials?|cookie|authorization)"
    r"([ _-]?(value|key|text|wert|clear|plain|plaintext))?\"\s*:\s*"
)
"""RE2: a field whose name may say that its value is a secret."""
_OF_TEXT = r"(\"|\[\s*[^{\s])"
"""RE2: the value is a text, or a list that does not begin with an object."""
_TEXT_IN_LIST = r"\}\s*,\s*([^\"{\s]|\"([^\"\\]|\\.)*\"\s*[,\]])"
"""RE2: an object is followed by neither an object nor a field, so by something else in a list."""
NO_SECRET = (
    "",
    "yes",
    "no",
    "true",
    "false",
    "none",
    "null",
    "n/a",
    "set",
    "unset",
    "redacted",
    "[redacted]",
    "[secret]",
    "-",
)
"""What stands in such a field where the secret does not."""


_MOST_STATES = 64 << 20
"""Bytes that the search among few texts may take."""
_KEPT = 1000
"""Texts of which it is kept what stands in their place."""


def may_name_one(record: str) -> str:
    """SQL: the text of a record may hold what `named_secrets` yields.

    Objects below such a name are asked by the names of their own fields: a list of credentials is
    none."""
    return (
        f"(regexp_matches({record}, {quoted(_NAMED + _OF_TEXT)}) OR (regexp_matches({record},"
        f" {quoted(_TEXT_IN_LIST)}) AND regexp_matches({record}, {quoted(_NAMED)})))"
    )


ID, LONGEST_ID = "[0-9A-Fa-f-]*", 40
"""Of no text of these signs and at most this length does a pattern find anything. Each has its own
run of digits, which costs the engine's pattern seven times as much as texts that are alike.
"""
LEAST_WITHIN = 6
"""Signs from which a secret is looked for within a longer text."""


def teach(engine: DuckDB, key: str) -> None:
    """Let SQL call `fingerprinted` and `redacted`; logs repeat the texts that look like secrets."""
    engine.teach("fingerprinted", lru_cache(_KEPT)(lambda text: fingerprinted(text, key)))
    engine.teach("redacted", lambda text: redact(text))


def named_secrets(record: Any, name: str = "") -> Iterator[str]:
    """Yield the texts of a record that are secrets by the name of their field."""
    if isinstance(record, dict):
        for key, value in record.items():
            yield from named_secrets(value, str(key))
    elif isinstance(record, list):
        for value in record:
            yield from named_secrets(value, name)
    elif isinstance(record, str) and name:
        if not synonyms.may_be_secret(name):
            return
        text = record.strip()
        is_masked = text.lower() in NO_SECRET or re.fullmatch(r"(.)\1*|\$?\{.*\}|<.*>", text)
        if not is_masked and synonyms.is_secret(name, text):
            yield text


def without(text: str, secrets: list[str], key: str) -> str:
    """Return a text with each of the secrets given replaced by its keyed fingerprint, where it is
    one or holds one.
    """
    for value in sorted(secrets, key=len, reverse=True):
        if value == text.strip() or len(value) >= LEAST_WITHIN:
            text = text.replace(
                value, f"secret-{hashlib.sha256((key + value).encode()).hexdigest()[:12]}"
            )
    return text


def suspect(columns: list[str]) -> str:
    """SQL: one of the columns may hold a secret; cheap, for every row."""
    if len(columns) == 1:
        return _looks(columns[0])
    return matches(f"concat_ws(' ', {_long(columns)})")


def _long(columns: list[str]) -> str:
    return ", ".join(f"CASE WHEN {is_looked_at(c)} THEN {c} END" for c in columns)


def has_suspect(engine: DuckDB, rows: str, columns: list[str], are_few: bool) -> bool:
    """Tell whether one of some rows, given as SQL, may hold a secret in some columns. The texts of
    few rows are searched as one, where the extra `watch` is there.
    """
    pattern = _compiled() if are_few else None
    if pattern is None:
        return bool(engine.one(f"SELECT count(*) FROM {rows} WHERE {suspect(columns)}"))
    # A sign that is no part of anything, so what is found in a text is found in all of them.
    of_row = f"concat_ws('|', {_long(columns)})"
    texts = engine.one(f"SELECT string_agg({of_row}, '|') FROM {rows}")
    return bool(pattern.search(f"|{texts}|"))


@cache
def _compiled() -> Any:
    """Return what finds a suspect text, compiled once: the engine does so three times for each
    query, which takes 30 milliseconds. None where the library is not there.
    """
    try:
        re2 = import_module("re2")
    except ImportError:
        return None
    options = re2.Options()
    options.max_mem, options.log_errors = _MOST_STATES, False
    return re2.compile(SUSPECT, options)


def matches(text: str) -> str:
    """SQL: a text may hold a secret."""
    return f"regexp_matches({text}, {quoted(SUSPECT)})"


def hidden(columns: list[str]) -> str:
    """SQL: the columns of a suspect row as a list, each secret in them replaced by its keyed
    fingerprint.
    """
    return (
        f"list_transform([{', '.join(columns)}], lambda x: "
        f"CASE WHEN {_looks('x')} THEN fingerprinted(x) ELSE x END)"
    )


def is_looked_at(text: str) -> str:
    """SQL: a text is long enough to hold a secret, and no id of hexadecimal digits."""
    return (
        f"strlen({text}) >= {SHORTEST} AND NOT (strlen({text}) <= {LONGEST_ID} AND"
        f" regexp_full_match({text}, {quoted(ID)}))"
    )


def _looks(text: str) -> str:
    return f"(strlen({text}) >= {SHORTEST} AND {matches(text)})"

"""Secrets out of rows. In: text columns of a relation. Out: SQL that tells whether a row may hold some, and hides them.

The engine's pattern takes long to compile and little to run: it stands in a query once or twice, not once a column.
"""

from __future__ import annotations

from reporter.db import Engine, quoted
from reporter.secrets import SHORTEST, SUSPECT, fingerprinted, redact


def teach(engine: Engine, key: str) -> None:
    """Let SQL call `fingerprinted` and `redacted`."""
    engine.teach("fingerprinted", lambda text: fingerprinted(text, key))
    engine.teach("redacted", lambda text: redact(text))


def suspect(columns: list[str]) -> str:
    """SQL: one of the columns may hold a secret; cheap, for every row."""
    if len(columns) == 1:
        return _looks(columns[0])
    long = ", ".join(f"CASE WHEN strlen({c}) >= {SHORTEST} THEN {c} END" for c in columns)
    return f"regexp_matches(concat_ws(' ', {long}), {quoted(SUSPECT)})"


def hidden(columns: list[str]) -> str:
    """SQL: the columns of a suspect row as a list, each secret in them replaced by its keyed fingerprint."""
    return (
        f"list_transform([{', '.join(columns)}], lambda x: "
        f"CASE WHEN {_looks('x')} THEN fingerprinted(x) ELSE x END)"
    )


def _looks(text: str) -> str:
    return f"(strlen({text}) >= {SHORTEST} AND regexp_matches({text}, {quoted(SUSPECT)}))"

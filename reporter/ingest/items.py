"""What a reader yields: documents, problems where there should have been one, and notes that cost no record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reporter.ingest.typing_sql import redact

READ_FOR_SECRETS = 1 << 20


@dataclass(frozen=True, slots=True)
class Problem:
    """A record that could not be read."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something to tell about a file."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Document:
    """One value read: a JSON line, a CSV row, a whole JSON file."""

    line: int
    value: Any
    text: str = ""
    """The JSON text as it stood in the file, where there is one."""


Item = Document | Problem | Note


def shown(text: str) -> str:
    """Return the start of an unreadable text, for the quarantine; a secret that is cut is not recognised any more."""
    return redact(text[:READ_FOR_SECRETS])[:300].encode("utf-8", "replace").decode()

"""What a reader yields: documents, problems where there should have been one, and notes that cost no record."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from reporter.secrets import redact

READ_FOR_SECRETS = 1 << 20
SHOWN, TOLD = 300, 1000
"""Characters of a text, and of a reason, in the quarantine."""
LISTED_LOST = 10_000
"""Lost records of one file that are listed one by one; the rest is a number."""
LONGEST_UNRECOGNISED = 300
"""Signs of a secret that was cut, of which more would be recognised."""
_BLOB = re.compile(
    r"\s*(?=[A-Za-z0-9+/]*[A-Z])(?=[A-Za-z0-9+/]*[a-z])(?=[A-Za-z0-9+/]*[0-9])[A-Za-z0-9+/]{16,}={0,2}\s*"
)


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


def told(reason: str) -> str:
    """Return a reason without secrets, and no longer than somebody reads: it may repeat what stood in a file."""
    made = redact(reason[:READ_FOR_SECRETS])
    return made if len(made) <= TOLD else f"{made[:TOLD]}…"


def rest_lost(n: int, kind: str) -> str:
    """Say how many records of a file are lost and not listed."""
    return (
        f"and {n - LISTED_LOST:,} more {kind} records of this file, which are not listed one by one"
    )


def shown(text: str) -> str:
    """Return the start of an unreadable text, for the quarantine; a secret that is cut is not recognised any more.

    Nothing is shown of a line that is one run of random signs: it may be a line of a private key.
    """
    for size in (1 << 12, READ_FOR_SECRETS):
        made = redact(text[:size])
        if len(text) <= size or len(made) > SHOWN + LONGEST_UNRECOGNISED:
            break
    if _BLOB.fullmatch(made):
        return "[secret]"
    return made[:SHOWN].encode("utf-8", "replace").decode()

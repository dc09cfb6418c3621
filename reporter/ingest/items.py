"""What a reader yields: documents, problems where there should have been one, and notes that cost no record."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from reporter.secrets import redact

READ_FOR_SECRETS = 1 << 20
SHOWN = 300
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

"""Names that last: made of what a thing is, not of where it stands in a run. In: its identity
fields. Out: the same name in every quarter.

A finding is its check and subject; a cause its group and the agent, or the identity that several
share."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

LENGTH = 12
"""Hexadecimal digits: of a million things two share a name once in 500 runs, and then only within
one check or cause.
"""
DIGEST = f"substr(sha256(subject), 1, {LENGTH})"
"""SQL: what `finding` puts after the check."""


def finding(check: str, subject: str) -> str:
    """Name the result of a check on a subject."""
    return f"{check}-{digest(subject)}"


def cause(group: str, things: Iterable[str]) -> str:
    """Name what is behind failures by the first of the things that have the defect."""
    return f"{group}-{digest(min(things))}"


def digest(text: str) -> str:
    """Return what the name of a finding ends with: the first digits of a hash of its subject."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:LENGTH]

"""Answers of people to the questions of controls, as plain data: as given, and with what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Given:
    """One row of statements/attestations.* as it was read."""

    file: str
    line: int
    fields: dict[str, str]
    """Column -> text; a column that the row does not have is missing."""
    wrong: str = ""
    """Why it is no row at all."""

    @property
    def ref(self) -> str:
        return f"{self.file}#{self.line}"


@dataclass(frozen=True, slots=True)
class Attestation:
    """One answer that is well formed, and what it counts as."""

    framework: str
    control: str
    answer: str
    """yes | no | not applicable"""
    statement: str
    attested_by: str
    role: str
    date: datetime | None
    expires: datetime | None
    method: str
    """attest | examine"""
    artefact: str
    artefact_sha256: str
    examined_by: str
    reason: str
    ref: str
    status: str = ""
    """pass | attested | fail | na | unknown; '' when it is as if it had never been given."""
    settles: bool = False
    """The control's question rests on it."""
    why: str = ""
    """Why it counts as that."""

"""The shape of the chapter on attestations: what people answered to the questions of controls."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """One answer and what it counts as."""

    framework: str
    """Its short name."""
    control: str
    anchor: str
    answer: str
    statement: str
    who: str
    role: str
    date: str
    expires: str
    method: str
    counts_as: str
    """pass | attested | fail | not applicable | unknown | not counted"""
    why: str
    settles: bool
    """The control's question rests on it."""
    record: str
    date_iso: str = ""
    expires_iso: str = ""


@dataclass(frozen=True, slots=True)
class Attestations:
    text: str = ""
    """Empty where nobody answered anything."""
    rows: tuple[AnswerLine, ...] = ()

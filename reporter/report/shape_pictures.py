"""The shape of drawings whose numbers stand nowhere else: what each theme costs, and on which days logs delivered."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loss:
    """A theme and what the enterprise score loses by it; places are thousandths of the score, from the right."""

    title: str
    anchor: str
    text: str
    """"3.20 points, 1.10 of them evidence"."""
    at_from: int
    at_evidence: int
    """Left of it the loss is only possible: hi would not lose it."""
    at_to: int


@dataclass(frozen=True, slots=True)
class Losses:
    text: str = ""
    rows: tuple[Loss, ...] = ()
    """The largest first; they lead from 100 % down to the evidenced score."""
    score: str = ""


@dataclass(frozen=True, slots=True)
class LogDays:
    """One log source over the days of the period."""

    log_source: str
    days: str
    """A letter a day: a = all expected units, p = part of them, n = none."""
    text: str
    """"80 days in full, 4 in part, 8 without"."""


@dataclass(frozen=True, slots=True)
class LogCalendar:
    text: str = ""
    months: tuple[tuple[int, str], ...] = ()
    """(day of the period counted from 0, what is printed above it)"""
    rows: tuple[LogDays, ...] = ()

"""Limits on the numbers of a run, as somebody writes them. In: "level<3", "regressions",
"score:nist-ai-rmf-1.0<60". Out: `Gate`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction

from reporter.errors import Errors, InputError, ReporterError

LEVEL, SCORE, COVERAGE = "level", "score", "coverage"
NEW_CRITICAL, REGRESSIONS, OVERDUE = "new-critical", "regressions", "overdue"
EXPIRED_WAIVERS, QUARANTINED = "expired-waivers", "quarantined"
TOP = {LEVEL: 5, SCORE: 100, COVERAGE: 100}
"""What is missed below a limit -> the highest limit. All other gates count, and are missed above
one.
"""
COUNTS = (NEW_CRITICAL, REGRESSIONS, OVERDUE, EXPIRED_WAIVERS, QUARANTINED)
WHOLE_ONLY = (EXPIRED_WAIVERS, QUARANTINED)
"""Those that speak of the whole run, and of no framework."""
_FORM = re.compile(
    r"([a-z-]+)(?::([\w.-]+))?\s*(?:([<>])\s*([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*(%?))?", re.ASCII
)
WORDS = (
    f"Words: {', '.join(f'{name}<N' for name in TOP)}, {', '.join(COUNTS)}; N alone is level<N. A"
    " framework stands behind a colon: score:nist-ai-rmf-1.0<60."
)


@dataclass(frozen=True, slots=True)
class Gate:
    """A limit, and what it is missed by: less than the limit, or more of what should not be."""

    name: str
    framework: str
    """'' for the whole organisation."""
    limit: Fraction
    """A level, percent, or a number of things."""

    @property
    def is_least(self) -> bool:
        """Tell whether it is missed below its limit."""
        return self.name in TOP

    def __str__(self) -> str:
        """Write it as `gate` reads it."""
        of = f":{self.framework}" if self.framework else ""
        number = float(self.limit) if self.limit.denominator > 1 else int(self.limit)
        return f"{self.name}{of}{'<' if self.is_least else '>'}{number}"


def gates(texts: Iterable[object], place: str = "") -> tuple[Gate, ...]:
    """Return the gates of texts, of which one may hold several with commas; each once.

    Raises InputError where one is none, and Errors where several are.
    """
    found: dict[Gate, None] = {}
    errors: list[ReporterError] = []
    for part in (part for text in texts for part in str(text).split(",") if part.strip()):
        try:
            found[gate(part, place)] = None
        except InputError as error:
            errors.append(error)
    if errors:
        raise Errors(errors) if len(errors) > 1 else errors[0]
    return tuple(found)


def gate(text: str, place: str = "") -> Gate:
    """Return the gate that a text names; a number alone is a level.

    Raises InputError, with the allowed words, where it names none.
    """
    plain = text.strip()
    match = _FORM.fullmatch(f"{LEVEL}<{plain}" if plain.isdecimal() else plain)
    name = match[1] if match else re.split(r"[^a-z-]", plain)[0]
    if not match or name not in (*TOP, *COUNTS):
        close = get_close_matches(name, (*TOP, *COUNTS), 1)
        hint = f"Did you mean {close[0]}? {WORDS}" if close and close[0] != name else WORDS
        raise InputError(f"{plain!r} is not a gate", place, hint)
    _, framework, sign, number, percent = match.groups()
    wrong = _objection(name, framework, sign, number, percent)
    if wrong:
        raise InputError(f"{plain!r} is not a gate: {wrong}", place, WORDS)
    return Gate(name, framework or "", Fraction(number or 0))


def _objection(
    name: str, framework: str | None, sign: str | None, number: str | None, percent: str
) -> str:
    """Say what is wrong with the parts of a gate; '' for nothing."""
    least = name in TOP
    if framework and name in WHOLE_ONLY:
        return f"{name} is counted for the whole run only"
    if least and sign != "<":
        return f"{name} is missed below a limit, write {name}<N"
    if not least and sign == "<":
        return f"{name} is missed above a limit, write {name}>N or {name} for more than none"
    if percent and name not in (SCORE, COVERAGE):
        return f"{name} is no percentage"
    limit = Fraction(number or 0)
    if name not in (SCORE, COVERAGE) and limit.denominator > 1:
        return "expected a whole number"
    if least and not 0 < limit <= TOP[name]:
        return f"expected a number above 0, and {TOP[name]} at most"
    return ""

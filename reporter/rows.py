"""What the fields of a statement say. In: a row as texts. Out: values, or `Wrong` with what was expected; the row rejected."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches

from reporter.answers import Given
from reporter.errors import ReporterError
from reporter.model import Quarantined

SHOWN = 300
FEW = 9
"""So many words are listed; of more, the closest or an example."""


class Wrong(ReporterError):
    """A row that cannot be taken."""


def rejected(row: Given, error: Wrong) -> Quarantined:
    """Return the row for the quarantine; secrets were replaced when it was read."""
    text = json.dumps({k: v for k, v in row.fields.items() if v}, ensure_ascii=False)[:SHOWN]
    return Quarantined(row.file, row.line, "rejected", f"{error.message}; {error.hint}", text)


def filled(f: Mapping[str, str], name: str, expected: str) -> str:
    """Return a text that must be there."""
    value = f.get(name, "")
    if not value:
        raise Wrong(f"{name} is empty", hint=f"expected {expected}")
    return value


def one_of(f: Mapping[str, str], name: str, words: Mapping[str, str]) -> str:
    """Return what a word of a list means; the closest ones stand in the error."""
    value = f.get(name, "")
    if value in words:
        return words[value]
    close = get_close_matches(value, words, 3 if len(words) > FEW else 1)
    hint = (
        f"did you mean {' or '.join(close)}?"
        if close and len(words) > FEW
        else f"expected {listed(words.values())}"
    )
    raise Wrong(f"{name} is {value!r}" if value else f"{name} is empty", hint=hint)


def listed(words: Iterable[str]) -> str:
    """Name what is known, or an example of it."""
    known = sorted(set(words))
    return ", ".join(known) if len(known) <= FEW else f"an id such as {known[0]}"


def day(f: Mapping[str, str], name: str) -> datetime | None:
    """Return a day or a time as naive UTC, a day as its midnight; None where it is empty."""
    value = f.get(name, "")
    if not value:
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except (ValueError, OverflowError):
        raise Wrong(f"{name} is {value!r}", hint="expected a day such as 2026-09-15") from None

"""The sign-off of a report. In: `sign_off` of reporter.yml. Out: who prepared and reviewed it,
when, for whom, and within what limits.

What is not given stays blank on the page, to be filled in by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from reporter.errors import InputError

KEYS = ("prepared_by", "reviewed_by", "fieldwork", "distribution", "limits", "independence")
_EXAMPLE = "Write `fieldwork: {from: 2026-10-05, to: 2026-10-16}`."


@dataclass(frozen=True, slots=True)
class SignOff:
    """What the page of signatures says; empty where reporter.yml says nothing."""

    prepared_by: str = ""
    reviewed_by: str = ""
    fieldwork_from: str = ""
    """A day, as YYYY-MM-DD."""
    fieldwork_to: str = ""
    distribution: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    independence: str = ""


def read_sign_off(settings: dict[str, Any], place: str) -> SignOff:
    """Check what a workspace says about its sign-off.

    Raises InputError where a key is unknown or a value is of another kind.
    """
    for key in sorted(set(map(str, settings)) - {*KEYS}):
        raise InputError(f"sign_off: unknown key {key!r}", place, f"Known: {', '.join(KEYS)}.")
    first, last = _fieldwork(settings.get("fieldwork"), place)
    return SignOff(
        _text("prepared_by", settings, place),
        _text("reviewed_by", settings, place),
        first,
        last,
        _texts("distribution", settings, place),
        _texts("limits", settings, place),
        _text("independence", settings, place),
    )


def _text(key: str, settings: dict[str, Any], place: str) -> str:
    value = settings.get(key, "")
    if not isinstance(value, str):
        raise InputError(f"sign_off: {key} must be a text, not {value!r}", place)
    return value.strip()


def _texts(key: str, settings: dict[str, Any], place: str) -> tuple[str, ...]:
    value = settings.get(key, [])
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(i, str) and i.strip() for i in items):
        raise InputError(f"sign_off: {key} must be a list of texts, not {value!r}", place)
    return tuple(i.strip() for i in items)


def _fieldwork(value: Any, place: str) -> tuple[str, str]:
    if value is None:
        return "", ""
    if not isinstance(value, dict) or {*value} != {"from", "to"}:
        raise InputError("sign_off: fieldwork needs from and to", place, _EXAMPLE)
    first, last = (_day(value[key], place) for key in ("from", "to"))
    if first > last:
        raise InputError("sign_off: fieldwork ends before it begins", place, _EXAMPLE)
    return first.isoformat(), last.isoformat()


def _day(value: Any, place: str) -> date:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        day = None
    if not isinstance(day, date) or isinstance(day, datetime):
        raise InputError(f"sign_off: fieldwork has {value!r}, no day", place, _EXAMPLE)
    return day

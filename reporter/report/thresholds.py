"""The thresholds of checks, and which of them an organisation set itself. In: checks. Out: what is printed of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

from reporter.model import Check
from reporter.texts import say

from . import shape
from .words import clean, number


def thresholds(check: Check) -> tuple[shape.Threshold, ...]:
    """List the thresholds of a check as they stand in reporter.yml, by name."""
    return tuple(
        shape.Threshold(clean(name), _value(value), _value(check.shipped[name]) if name in check.shipped else "")
        for name, value in sorted(check.params.items())
    )  # fmt: skip


def in_words(found: Iterable[shape.Threshold]) -> str:
    """Print the thresholds of a check in one line."""
    return " · ".join(f"{t.name} {_said(t)}" for t in found)


def own(checks: Sequence[Check]) -> shape.Line:
    """List every threshold that is not the shipped one, by check."""
    found = [
        f"{clean(c.id)} {t.name} {_said(t)}"
        for c in sorted(checks, key=lambda c: c.id)
        for t in thresholds(c)
        if t.shipped
    ]
    text = say("{n} set by the organisation: {told}", n=number(len(found)), told="; ".join(found))
    return shape.Line(say("Thresholds"), text if found else say("all as the checks ship with them"))


def rule(check: Check) -> str:
    """Digest what verdicts and their weight hang on beside the thresholds."""
    told = (check.about, check.severity, check.level, check.evidence, check.needs, check.misuse, check.sql)  # fmt: skip
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _said(t: shape.Threshold) -> str:
    return (
        say("{value} (shipped: {shipped})", value=t.value, shipped=t.shipped)
        if t.shipped
        else t.value
    )


def _value(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_value, value))
    return clean(str(value).lower() if isinstance(value, bool) else str(value))

"""The thresholds of checks, and those that an organisation set itself. In: checks. Out: printed
thresholds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

from reporter.i18n.translate import say
from reporter.model.assessment import Check
from reporter.report.view import elements
from reporter.report.view.format import clean, number


def thresholds(check: Check) -> tuple[elements.Threshold, ...]:
    """List the thresholds of a check by name, as in reporter.yml."""
    return tuple(
        elements.Threshold(
            clean(name), _value(value), _value(check.shipped[name]) if name in check.shipped else ""
        )
        for name, value in sorted(check.params.items())
    )


def in_words(values: Iterable[elements.Threshold]) -> str:
    """Print the thresholds of a check in one line."""
    return " · ".join(f"{t.name} {_threshold_text(t)}" for t in values)


def changed_thresholds(checks: Sequence[Check]) -> elements.Line:
    """List every threshold that differs from the shipped one, by check."""
    settings = [
        f"{clean(c.id)} {t.name} {_threshold_text(t)}"
        for c in sorted(checks, key=lambda c: c.id)
        for t in thresholds(c)
        if t.shipped
    ]
    text = say(
        "{n} set by the organisation: {settings}",
        n=number(len(settings)),
        settings="; ".join(settings),
    )
    return elements.Line(say("Thresholds"), text if settings else say("all at their defaults"))


def is_same_rule(one: Check, other: Check) -> bool:
    """Tell whether two versions of a check judge alike, thresholds and sample among it."""
    settings = [(c.params, c.sample) for c in (one, other)]
    return settings[0] == settings[1] and rule(one) == rule(other)


def rule(check: Check) -> str:
    """Hash everything besides the thresholds that determines results and their weight."""
    codes = {status: sorted(codes_of_status) for status, codes_of_status in check.reasons.items()}
    definition = (
        check.about,
        check.severity,
        check.level,
        check.evidence,
        check.needs,
        check.misuse,
        check.sql,
        codes,
        check.models,
    )
    return hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()


def _threshold_text(threshold: elements.Threshold) -> str:
    return (
        say("{value} (default: {shipped})", value=threshold.value, shipped=threshold.shipped)
        if threshold.shipped
        else threshold.value
    )


def _value(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_value, value))
    return clean(str(value).lower() if isinstance(value, bool) else str(value))

"""Findings for event formats. In: the view. Out: one `Finding` per row of findings.csv, with a
stable id; tool facts.

The id depends on organisation, check and subject only. A defect keeps it in every run and every
format.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID, uuid5

from reporter.report.document import View
from reporter.report.view.elements import Check, Control, Framework

NAMESPACE = UUID("5d1c0f0e-4f5b-5a34-9a53-0a5d8f6c3b11")
"""Never change it: every id of a finding hangs on it."""
ControlsServed = tuple[tuple[Framework, Control], ...]
_FIELDS = (
    *("subject", "actor", "owner", "tier", "status", "reason", "record"),
    *("waived_until", "waiver"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A result that is neither a pass nor out of scope."""

    uid: str
    check: Check
    subject: str
    actor: str
    owner: str
    tier: str
    status: str
    """fail | unknown | compensated | attested"""
    reason: str
    record: str
    """file#number; '' when the result is based on an absence."""
    waived_until: str
    waiver: str
    controls: ControlsServed
    """What the check counts for."""


def findings(view: View) -> Iterator[Finding]:
    """Yield every row of findings.csv, in its order."""
    checks = {c.id: c for c in view.checks}
    controls_by_check = controls_of(view)
    place = places(view)
    for check, rows in groupby(view.findings, key=lambda row: row[place["check"]]):
        occurrences: Counter[str] = Counter()
        for row in rows:
            values = {name: row[place[name]] for name in _FIELDS}
            identity = f"{view.cover.organisation}\0{check}\0{values['subject']}"
            occurrences[identity] += 1
            if occurrences[identity] > 1:  # subjects that differ only in hidden characters
                identity += f"\0{occurrences[identity]}"
            uid = str(uuid5(NAMESPACE, identity))
            yield Finding(
                uid=uid, check=checks[check], controls=controls_by_check.get(check, ()), **values
            )


def places(view: View) -> dict[str, int]:
    """Return the position of each column of the findings. Our columns come first and win over
    framework names.
    """
    return {name: n for n, name in reversed(list(enumerate(view.finding_columns)))}


def finding_records(view: View) -> Iterator[dict[str, str]]:
    """Yield the findings of a view as dictionaries by column."""
    place = places(view)
    return ({name: row[at] for name, at in place.items()} for row in view.findings)


def controls_of(view: View) -> dict[str, ControlsServed]:
    """Map each check to its controls, by framework."""
    controls_by_check: dict[str, list[tuple[Framework, Control]]] = {}
    for framework in view.frameworks:
        for control in framework.controls:
            for line in control.checks:
                controls_by_check.setdefault(line.check.text, []).append((framework, control))
    return {check: tuple(controls) for check, controls in controls_by_check.items()}


def tool_version(view: View) -> str:
    """Return the version of Reporter that made the run; '' when the run does not say."""
    return next((line.text for line in view.hashes if line.label == "reporter"), "")

"""A model given as plain data, checked: subjects, checks, practices, controls, scope. In: a mapping. Out: `Model`.

Ids are texts; days are whole numbers. Every mistake is an InputError that names the place.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from reporter.errors import InputError
from reporter.model import Policy
from reporter.scores import Status

SEVERITIES = ("critical", "high", "medium", "low")
STATUSES = {status.value: status for status in Status}


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """A check, its practice, and after how many days a pass says nothing any more (None: never)."""

    id: str
    practice: str
    severity: str
    max_age: int | None


@dataclass(frozen=True, slots=True)
class ModelPractice:
    """A practice of one control at one level."""

    id: str
    control: str
    level: int
    weight: Fraction


@dataclass(frozen=True, slots=True)
class Compensation:
    """A failure of `check` that a pass of `by` makes half good, until the day `expires`, which is out."""

    by: str
    expires: int


@dataclass(frozen=True, slots=True)
class Model:
    """What is to be scored; `scope` gives the subjects of each check, every one a cell."""

    tiers: Mapping[str, int]
    checks: Mapping[str, ModelCheck]
    practices: Mapping[str, ModelPractice]
    controls: Mapping[str, Fraction]
    scope: Mapping[str, Mapping[str, None]]
    compensations: Mapping[tuple[str, str], tuple[Compensation, ...]]

    def practices_of(self) -> dict[str, list[str]]:
        """Return control -> practices."""
        found: dict[str, list[str]] = {control: [] for control in self.controls}
        for practice in self.practices.values():
            found[practice.control].append(practice.id)
        return found

    def checks_of(self) -> dict[str, list[str]]:
        """Return practice -> checks."""
        found: dict[str, list[str]] = {practice: [] for practice in self.practices}
        for check in self.checks.values():
            found[check.practice].append(check.id)
        return found


def read_model(given: Mapping[str, Any]) -> Model:
    """Check a model and return it; see `score_observations` for its shape."""
    tiers = {s: _whole(t, f"subjects: {s}: tier", 1, 4) for s, t in given["subjects"].items()}
    controls = {
        row["id"]: _weight(row, f"controls: {row['id']}")
        for row in _once(given["controls"], "controls")
    }
    practices = {
        row["id"]: ModelPractice(
            row["id"], _known(row["control"], controls, f"practices: {row['id']}: control"),
            _whole(row["level"], f"practices: {row['id']}: level", 1, 5),
            _weight(row, f"practices: {row['id']}"),
        )
        for row in _once(given["practices"], "practices")
    }  # fmt: skip
    checks = {
        row["id"]: ModelCheck(
            row["id"], _known(row["practice"], practices, f"checks: {row['id']}: practice"),
            _known(row["severity"], SEVERITIES, f"checks: {row['id']}: severity"),
            None if row.get("max_age") is None else _whole(row["max_age"], f"checks: {row['id']}: max_age", 0),
        )
        for row in _once(given["checks"], "checks")
    }  # fmt: skip
    scope: dict[str, dict[str, None]] = {check: {} for check in checks}
    for check, subjects in given.get("scope", {}).items():
        _known(check, checks, "scope")
        for subject in subjects:
            scope[check][_known(subject, tiers, f"scope: {check}")] = None
    return Model(tiers, checks, practices, controls, scope, _compensations(given, checks))


def _compensations(
    given: Mapping[str, Any], checks: Mapping[str, ModelCheck]
) -> dict[tuple[str, str], tuple[Compensation, ...]]:
    made: dict[tuple[str, str], tuple[Compensation, ...]] = {}
    for row in given.get("compensations", ()):
        key = (_known(row["check"], checks, "compensations: check"), row["subject"])
        by = _known(row["by_check"], checks, "compensations: by_check")
        expires = _whole(row["expires"], f"compensations: {key[0]}: expires")
        made[key] = (*made.get(key, ()), Compensation(by, expires))
    return made


def _once(rows: Iterable[Mapping[str, Any]], place: str) -> list[Mapping[str, Any]]:
    """Refuse an id that stands twice."""
    found: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        if found.setdefault(row["id"], row) is not row:
            raise InputError(f"{row['id']!r} stands twice", place)
    return list(found.values())


def _known(name: str, known: Container[str], place: str) -> str:
    if name not in known:
        raise InputError(f"{name!r} is not known", place)
    return name


def _whole(value: Any, place: str, least: int | None = None, most: int | None = None) -> int:
    right = isinstance(value, int) and not isinstance(value, bool)
    if not right or (least is not None and value < least) or (most is not None and value > most):
        bounds = "" if least is None else f" from {least}" + (f" to {most}" if most else "")
        raise InputError(f"{value!r} is no whole number{bounds}", place)
    return int(value)


def exact(value: Any, place: str) -> Fraction:
    """Return a positive number as a fraction; a decimal is taken as it is written."""
    try:
        made = Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        made = Fraction(0)
    if isinstance(value, bool) or made <= 0:
        raise InputError(f"{value!r} is no number above 0", place)
    return made


def _weight(row: Mapping[str, Any], place: str) -> Fraction:
    return exact(row.get("weight", 1), f"{place}: weight")


def shipped_policy() -> Policy:
    """Return the constants that ship."""
    from reporter.frameworks import read_policy
    from reporter.yamls import content_dir

    return read_policy(content_dir()[0] / "policy.yml")

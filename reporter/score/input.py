"""A model given as plain data, checked: subjects, checks, practices, controls, scope. In: a
mapping. Out: `Model`.

Ids are texts; days are whole numbers. Every mistake is an InputError that names the place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from reporter.errors import InputError
from reporter.model.assessment import SEVERITIES, Policy
from reporter.model.scores import Status, Tally

STATUSES = {status.value: status for status in Status}


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """A check, its practice, and the days after which a pass expires (None: never)."""

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
    """A failure of `check` that a pass of `by` half compensates, before the day `expires`."""

    by: str
    expires: int


@dataclass(frozen=True, slots=True)
class Model:
    """The model to score; `scope` gives the subjects of each check, every one a cell."""

    tiers: Mapping[str, int]
    checks: Mapping[str, ModelCheck]
    practices: Mapping[str, ModelPractice]
    controls: Mapping[str, Fraction]
    scope: Mapping[str, Mapping[str, None]]
    compensations: Mapping[tuple[str, str], tuple[Compensation, ...]]

    def practices_of(self) -> dict[str, list[str]]:
        """Return control -> practices."""
        by_control: dict[str, list[str]] = {control: [] for control in self.controls}
        for practice in self.practices.values():
            by_control[practice.control].append(practice.id)
        return by_control

    def checks_of(self) -> dict[str, list[str]]:
        """Return practice -> checks."""
        by_practice: dict[str, list[str]] = {practice: [] for practice in self.practices}
        for check in self.checks.values():
            by_practice[check.practice].append(check.id)
        return by_practice


def read_model(model: Mapping[str, Any]) -> Model:
    """Check a model and return it; see `score_observations` for its shape."""
    tiers = {
        s: whole(t, f"subjects: {s}: tier", 1, 4) for s, t in value_of(model, "subjects").items()
    }
    controls = {
        c: exact(row.get("weight", 1), f"{place}: weight")
        for c, place, row in _rows(model, "controls")
    }
    practices = {
        name: ModelPractice(
            name,
            _reference(row, "control", controls, place),
            whole(value_of(row, "level", place), f"{place}: level", 1, 5),
            exact(row.get("weight", 1), f"{place}: weight"),
        )
        for name, place, row in _rows(model, "practices")
    }
    checks = {
        name: ModelCheck(
            name,
            _reference(row, "practice", practices, place),
            _reference(row, "severity", SEVERITIES, place),
            None if row.get("max_age") is None else whole(row["max_age"], f"{place}: max_age", 0),
        )
        for name, place, row in _rows(model, "checks")
    }
    scope: dict[str, dict[str, None]] = {check: {} for check in checks}
    for check, subjects in model.get("scope", {}).items():
        _require_known(check, checks, "scope")
        for subject in subjects:
            scope[check][_require_known(subject, tiers, f"scope: {check}")] = None
    return Model(tiers, checks, practices, controls, scope, _compensations(model, checks, tiers))


def tallies_of(model: Model, cells: Mapping[str, Mapping[str, str]]) -> list[Tally]:
    """Count settled cells."""
    return [
        Tally(check, STATUSES[status], tier, tier, n)
        for check, statuses in cells.items()
        for (status, tier), n in Counter((s, model.tiers[a]) for a, s in statuses.items()).items()
    ]


def _compensations(
    model: Mapping[str, Any], checks: Mapping[str, ModelCheck], tiers: Mapping[str, int]
) -> dict[tuple[str, str], tuple[Compensation, ...]]:
    compensations: dict[tuple[str, str], tuple[Compensation, ...]] = {}
    place = "compensations"
    for row in model.get(place, ()):
        key = _reference(row, "check", checks, place), _reference(row, "subject", tiers, place)
        by = _reference(row, "by_check", checks, place)
        expires = whole(value_of(row, "expires", place), f"{place}: {key[0]}: expires")
        compensations[key] = (*compensations.get(key, ()), Compensation(by, expires))
    return compensations


def _rows(model: Mapping[str, Any], kind: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield (id, place, row) of each row; refuse a duplicate id."""
    ids: set[str] = set()
    for row in value_of(model, kind):
        name = value_of(row, "id", kind)
        if name in ids:
            raise InputError(f"{name!r} appears twice", kind)
        ids.add(name)
        yield name, f"{kind}: {name}", row


def value_of(row: Any, key: str, place: str = "model") -> Any:
    """Return the value of a key; refuse a mapping that lacks it.

    Raises InputError where it is missing.
    """
    if not isinstance(row, Mapping) or key not in row:
        raise InputError(f"{key} is missing", place)
    return row[key]


def _reference(row: Any, key: str, names: Container[str], place: str) -> str:
    return _require_known(value_of(row, key, place), names, f"{place}: {key}")


def _require_known(name: Any, names: Container[str], place: str) -> str:
    if not isinstance(name, str) or name not in names:
        raise InputError(f"{name!r} is not known", place)
    return name


def whole(value: Any, place: str, least: int | None = None, most: int | None = None) -> int:
    """Return a whole number; refuse all else, and one out of bounds.

    Raises InputError where it is none, or out of bounds.
    """
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or (least is not None and value < least) or (most is not None and value > most):
        bounds = "" if least is None else f" from {least}" + (f" to {most}" if most else "")
        raise InputError(f"{value!r} is not a whole number{bounds}", place)
    return int(value)


def exact(value: Any, place: str) -> Fraction:
    """Return a positive number as a fraction; a decimal is taken as it is written.

    Raises InputError where it is none.
    """
    try:
        fraction = Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        fraction = Fraction(0)
    if isinstance(value, bool) or fraction <= 0:
        raise InputError(f"{value!r} is not a number above 0", place)
    return fraction


def shipped_policy() -> Policy:
    """Return the constants that ship."""
    from reporter.content.frameworks import read_policy
    from reporter.system.folders import content_dir

    return read_policy(content_dir()[0] / "policy.yml")

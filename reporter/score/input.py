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
    """A failure of `check` that a pass of `by` makes half good, until the day `expires`, which is
    out.
    """

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
    tiers = {
        s: whole(t, f"subjects: {s}: tier", 1, 4) for s, t in value_of(given, "subjects").items()
    }
    controls = {
        c: exact(row.get("weight", 1), f"{place}: weight")
        for c, place, row in _rows(given, "controls")
    }
    practices = {
        name: ModelPractice(
            name,
            _known(row, "control", controls, place),
            whole(value_of(row, "level", place), f"{place}: level", 1, 5),
            exact(row.get("weight", 1), f"{place}: weight"),
        )
        for name, place, row in _rows(given, "practices")
    }
    checks = {
        name: ModelCheck(
            name,
            _known(row, "practice", practices, place),
            _known(row, "severity", SEVERITIES, place),
            None if row.get("max_age") is None else whole(row["max_age"], f"{place}: max_age", 0),
        )
        for name, place, row in _rows(given, "checks")
    }
    scope: dict[str, dict[str, None]] = {check: {} for check in checks}
    for check, subjects in given.get("scope", {}).items():
        _is_known(check, checks, "scope")
        for subject in subjects:
            scope[check][_is_known(subject, tiers, f"scope: {check}")] = None
    return Model(tiers, checks, practices, controls, scope, _compensations(given, checks, tiers))


def tallies_of(model: Model, cells: Mapping[str, Mapping[str, str]]) -> list[Tally]:
    """Count settled cells."""
    return [
        Tally(check, STATUSES[status], tier, tier, n)
        for check, own in cells.items()
        for (status, tier), n in Counter((s, model.tiers[a]) for a, s in own.items()).items()
    ]


def _compensations(
    given: Mapping[str, Any], checks: Mapping[str, ModelCheck], tiers: Mapping[str, int]
) -> dict[tuple[str, str], tuple[Compensation, ...]]:
    made: dict[tuple[str, str], tuple[Compensation, ...]] = {}
    place = "compensations"
    for row in given.get(place, ()):
        key = _known(row, "check", checks, place), _known(row, "subject", tiers, place)
        by = _known(row, "by_check", checks, place)
        expires = whole(value_of(row, "expires", place), f"{place}: {key[0]}: expires")
        made[key] = (*made.get(key, ()), Compensation(by, expires))
    return made


def _rows(given: Mapping[str, Any], kind: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Give (id, place, row) of each row; refuse an id that stands twice."""
    found: set[str] = set()
    for row in value_of(given, kind):
        name = value_of(row, "id", kind)
        if name in found:
            raise InputError(f"{name!r} stands twice", kind)
        found.add(name)
        yield name, f"{kind}: {name}", row


def value_of(row: Any, key: str, place: str = "model") -> Any:
    """Return what a mapping holds; refuse one that lacks it.

    Raises InputError where it is missing.
    """
    if not isinstance(row, Mapping) or key not in row:
        raise InputError(f"{key} is missing", place)
    return row[key]


def _known(row: Any, key: str, known: Container[str], place: str) -> str:
    return _is_known(value_of(row, key, place), known, f"{place}: {key}")


def _is_known(name: Any, known: Container[str], place: str) -> str:
    if not isinstance(name, str) or name not in known:
        raise InputError(f"{name!r} is not known", place)
    return name


def whole(value: Any, place: str, least: int | None = None, most: int | None = None) -> int:
    """Return a whole number; refuse all else, and one out of bounds.

    Raises InputError where it is none, or out of bounds.
    """
    right = isinstance(value, int) and not isinstance(value, bool)
    if not right or (least is not None and value < least) or (most is not None and value > most):
        bounds = "" if least is None else f" from {least}" + (f" to {most}" if most else "")
        raise InputError(f"{value!r} is no whole number{bounds}", place)
    return int(value)


def exact(value: Any, place: str) -> Fraction:
    """Return a positive number as a fraction; a decimal is taken as it is written.

    Raises InputError where it is none.
    """
    try:
        made = Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        made = Fraction(0)
    if isinstance(value, bool) or made <= 0:
        raise InputError(f"{value!r} is no number above 0", place)
    return made


def shipped_policy() -> Policy:
    """Return the constants that ship."""
    from reporter.content.frameworks import read_policy
    from reporter.system.folders import content_dir

    return read_policy(content_dir()[0] / "policy.yml")

"""What waivers and compensating controls say. In: rows as given, the ids of checks, a date. Out: Stated.

A row that is wrong is rejected with its line. What is not in force at the date keeps `why` and has no effect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as Group
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from reporter.answers import COMPENSATIONS, WAIVERS, Compensation, Given, Waiver
from reporter.model import Quarantined
from reporter.rows import Wrong, day, filled, one_of, rejected

LONGEST = timedelta(days=365)
_Fields = Mapping[str, str]
_Either = TypeVar("_Either", Waiver, Compensation)


@dataclass(frozen=True, slots=True)
class Stated:
    """All waivers and compensating controls, those out of force too."""

    waivers: tuple[Waiver, ...] = ()
    compensations: tuple[Compensation, ...] = ()
    rejected: tuple[Quarantined, ...] = ()


def read_waivers(
    given: Mapping[str, Sequence[Given]], checks: Group[str], as_of: datetime
) -> Stated:
    """Take what is well formed, and say of each whether its time is now; `checks` are those of this run."""
    known = {check: check for check in checks}
    waivers, wrong = _taken(given.get(WAIVERS, ()), lambda f, ref: _waiver(f, known, ref))
    others, also = _taken(given.get(COMPENSATIONS, ()), lambda f, ref: _compensation(f, known, ref))
    return Stated(_timed(waivers, as_of), _timed(others, as_of), (*wrong, *also))


def _taken(
    given: Iterable[Given], read: Callable[[_Fields, str], _Either]
) -> tuple[list[_Either], list[Quarantined]]:
    made, wrong = [], []
    for row in given:
        try:
            if row.wrong:
                raise Wrong(row.wrong, hint="expected one record a statement, each field a text")
            made.append(read({k: v.strip() for k, v in row.fields.items()}, row.ref))
        except Wrong as error:
            wrong.append(rejected(row, error))
    return made, wrong


def _waiver(f: _Fields, known: Mapping[str, str], ref: str) -> Waiver:
    check = one_of(f, "check", known)
    reason, approved_by, start, end = _signed(f)
    review = _day(f, "review_at")
    if not start <= review <= end:
        raise Wrong("review_at is not between approved_at and expires", hint="expected a day on which it still holds")  # fmt: skip
    return Waiver(
        check, f.get("subject", ""), reason, approved_by, start, end, review, f.get("ticket", ""), ref
    )  # fmt: skip


def _compensation(f: _Fields, known: Mapping[str, str], ref: str) -> Compensation:
    check = one_of(f, "check", known)
    subject = filled(f, "subject", "the exact id of one subject that fails it")
    other = one_of(f, "by_check", known)
    if other == check:
        raise Wrong("by_check is the check itself", hint="expected another check that shows what is done instead")  # fmt: skip
    return Compensation(check, subject, other, *_signed(f), ref)


def _signed(f: _Fields) -> tuple[str, str, datetime, datetime]:
    """Return reason, approver, day of approval and day of the end."""
    reason = filled(f, "reason", "why the failure is accepted")
    approved_by = filled(f, "approved_by", "a person who is not the owner of the subject")
    start, end = _day(f, "approved_at"), _day(f, "expires")
    if end <= start:
        raise Wrong("expires is not after approved_at", hint="expected a later day")
    if end - start > LONGEST:
        raise Wrong(f"expires is {(end - start).days} days after approved_at", hint=f"expected at most {LONGEST.days}; it can be approved again")  # fmt: skip
    return reason, approved_by, start, end


def _day(f: _Fields, name: str) -> datetime:
    time = day(f, name)
    if time is None:
        raise Wrong(f"{name} is empty", hint="expected a day such as 2026-09-15")
    return time


def _timed(made: Iterable[_Either], as_of: datetime) -> tuple[_Either, ...]:
    """Say of what is not in force why; in the order of check, subject and record."""
    done = [replace(s, why=_out_of_force(s.approved_at, s.expires, as_of)) for s in made]
    return tuple(sorted(done, key=lambda s: (s.check, s.subject, s.ref)))


def _out_of_force(start: datetime, end: datetime, as_of: datetime) -> str:
    if start > as_of:
        return "approved after the date of this assessment: dropped"
    return f"expired on {end:%Y-%m-%d}: as if it had never existed" if end <= as_of else ""

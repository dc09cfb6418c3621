"""How many runs are kept, and for how long. In: `retention` of reporter.yml or of a plan. Out:
`Retention`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from reporter.errors import ContentError

KEY = "retention"
_AGE = re.compile(r"([1-9][0-9]{0,3}) ?(day|month|year)s?")


@dataclass(frozen=True, slots=True)
class Retention:
    """A run goes if it is beyond all that is given here."""

    keep: int | None = None
    """The newest runs of each unit that stay."""
    older_than: str = ""
    """Such as "18 months": what is younger stays. It is counted back from the newest run."""

    def limit(self, newest: datetime) -> datetime:
        """Return the moment before which a run is old. The clock of the machine decides nothing."""
        match = _AGE.fullmatch(self.older_than)
        assert match
        number, unit = int(match[1]), match[2]
        if unit == "day":
            return newest - timedelta(days=number)
        months = newest.year * 12 + newest.month - 1 - number * (12 if unit == "year" else 1)
        if months < 12:  # noqa: PLR2004 - before there were years
            return datetime.min
        first = newest.replace(year=months // 12, month=months % 12 + 1, day=1)
        after = (first + timedelta(days=31)).replace(day=1)
        return min(first.replace(day=1) + timedelta(days=newest.day - 1), after - timedelta(days=1))


def retention(data: Mapping[str, Any], place: str) -> Retention:
    """Return the retention of a settings file; raise ContentError where it is none."""
    if unknown := sorted(set(map(str, data)) - {"keep", "older_than"}):
        raise ContentError(f"{KEY}: unknown key {unknown[0]!r}", place, "Known: keep, older_than.")
    keep = data.get("keep")
    if keep is not None and (type(keep) is not int or keep < 1):
        raise ContentError(f"{KEY}: keep must be a whole number above 0, not {keep!r}", place)
    return checked(Retention(keep, str(data.get("older_than", ""))), place)


def checked(given: Retention, place: str = "") -> Retention:
    """Return a retention; raise ContentError where it says nothing, or no age."""
    if given.keep is None and not given.older_than:
        raise ContentError("no retention is given", place, "Give `keep`, `older_than` or both.")
    if given.older_than and not _AGE.fullmatch(given.older_than):
        raise ContentError(
            f"{given.older_than!r} is no age", place, 'Write "400 days", "18 months" or "7 years".'
        )
    return given

"""What a workspace says about itself. In: reporter.yml. Out: RunInfo, log-source expectations,
changed thresholds.

Times are UTC; a date alone is midnight. A missing as_of is the period's end.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from reporter.content.remote.remote_places import KEY as REMOTE
from reporter.content.remote.remote_places import RemotePlace, read_places
from reporter.content.yaml import Fields, fields
from reporter.errors import InputError
from reporter.i18n.translate import ENGLISH, languages
from reporter.model.assessment import SEVERITIES, RunInfo, Sample
from reporter.model.branding import Branding, SignOff, read_branding, read_sign_off
from reporter.model.statements import SIGNED
from reporter.system.gates import Gate, gates
from reporter.system.retention import KEY as RETENTION
from reporter.system.retention import retention

NAME, EVENTS = "reporter.yml", "events"
FIRST_YEAR, LAST_YEAR, MOST_YEARS = 1970, 2200, 20
"""Beyond them a period is a slip: no system logged before, and no audit looks at more at once."""
DAY = timedelta(days=1)
PERIOD = "Write `period: {from: 2026-07-01, to: 2026-10-01}`; the day of `to` is not part of it."
ORGANISATION = "Write its name, which is printed on the cover: `organisation: Example Ltd`."
MOST_DAYS = 100_000
_KEYS = (
    "organisation",
    "unit",
    "period",
    "as_of",
    "profile",
    "frameworks",
    "log_sources",
    "params",
    "baseline",
    "efforts",
    "samples",
    "branding",
    "language",
    "approvers",
    "due_days",
    "sign_off",
    "gates",
    RETENTION,
    REMOTE,
    EVENTS,
)
_SAMPLE = {"size", "frame", "seed", "note"}


@dataclass(frozen=True, slots=True)
class BaselineSetting:
    """Who approved certain runs as the baseline."""

    approved_by: str
    approved_at: datetime
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Workspace:
    folder: Path
    run: RunInfo
    log_sources: dict[str, tuple[str, int]]
    """name -> (hour | day, percent of units that must be seen)"""
    baseline: BaselineSetting | None
    """Who approved the runs below baseline/, and those of a time window."""
    params: dict[str, dict[str, Any]]
    """check id -> parameter -> value"""
    frameworks: tuple[str, ...] = ()
    """Ids of the frameworks to report on; none means all that are not optional."""
    efforts: dict[str, Fraction] = field(default_factory=dict)
    """Person-days by cause, check or check-evidence."""
    samples: dict[str, Sample] = field(default_factory=dict)
    """Check id -> how its subjects were drawn."""
    branding: Branding = Branding()
    language: str = ENGLISH
    approvers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Kind of statement -> roles and people who may sign it."""
    due_days: dict[str, int] = field(default_factory=dict)
    """Severity -> days until a finding is due, in place of those of the policy."""
    sign_off: SignOff = SignOff()
    gates: tuple[Gate, ...] = ()
    """What the run is held against; a miss is an exit code and changes no number."""
    remote: tuple[RemotePlace, ...] = ()
    """Evidence elsewhere, which is fetched where the command line says so."""
    lines: dict[str, int] = field(default_factory=dict)
    """Key of reporter.yml -> line."""
    events: str = ""
    """Table of events in place of logs: its name, or its format and path."""
    rules: Path | None = None
    """The file that has the thresholds, where it is another one than reporter.yml."""

    def place(self, key: str) -> str:
        """Where a setting stands, as path:line."""
        return f"{self.rules or self.folder / NAME}:{self.lines.get(key, 1)}"


def workspace_of(path: Path) -> Path | None:
    """Return the workspace that a file or folder lies in, or is."""
    start = Path(
        os.path.realpath(path)
    )  # of a link that leads back to itself `resolve` makes an error
    return next((p for p in (start, *start.parents) if (p / NAME).is_file()), None)


def read_workspace(folder: Path) -> Workspace:
    """Read a workspace folder's reporter.yml; raise InputError with path:line."""
    if not folder.is_dir():
        is_archive = folder.suffix.lower() in (".zip", ".gz", ".tgz", ".tar", ".7z")
        raise InputError(
            "is a file" if folder.is_file() else "no such folder",
            str(folder),
            (
                "Unpack it, and give the folder that holds reporter.yml."
                if is_archive and folder.is_file()
                else "Give the folder of a workspace; `reporter init` makes one."
            ),
        )
    path = folder / NAME
    if not path.is_file():
        raise InputError(
            f"no {NAME} in it",
            str(folder),
            f"`reporter init {folder}` writes one to start from.",
        )
    settings = fields(path)
    settings.only(*_KEYS)
    if RETENTION in settings.data:  # `reporter retain` reads it
        retention(settings.get(RETENTION, dict), settings.place(RETENTION))
    run = _run(settings)
    logs = {
        n: _expected(n, x, settings.place("log_sources"))
        for n, x in settings.get("log_sources", dict, {}).items()
    }
    params = _params(settings.get("params", dict, {}), settings.place("params"))
    return Workspace(
        folder,
        run,
        logs,
        _baseline(settings, run),
        params,
        _frameworks(settings),
        _efforts(settings),
        _samples(settings),
        read_branding(settings.get("branding", dict, {}), folder, settings.place("branding")),
        _language(settings),
        _approvers(settings),
        _due_days(settings),
        read_sign_off(settings.get("sign_off", dict, {}), settings.place("sign_off")),
        read_gates(settings),
        read_places(settings),
        settings.lines,
        str(settings.get(EVENTS, str, "")),
    )


def with_rules(workspace: Workspace, path: Path) -> Workspace:
    """Return a workspace with the thresholds, due days and efforts of another reporter.yml; raise
    InputError with path:line where it is wrong.
    """
    settings = fields(path)
    settings.only(*_KEYS)
    return replace(
        workspace,
        params=_params(settings.get("params", dict, {}), settings.place("params")),
        efforts=_efforts(settings),
        due_days=_due_days(settings),
        lines=settings.lines,
        rules=path,
    )


def read_gates(settings: Fields) -> tuple[Gate, ...]:
    """Return the gates of a settings file; raise InputError where one is none."""
    given = settings.get("gates", (list, str, int), [])
    return gates(given if isinstance(given, list) else [given], settings.place("gates"))


def _language(settings: Fields) -> str:
    language, codes = settings.get("language", str, ENGLISH), languages()
    if language not in codes:
        raise InputError(
            f"language: no {language!r}", settings.place("language"), f"Known: {', '.join(codes)}."
        )
    return str(language)


def _run(settings: Fields) -> RunInfo:
    period = settings.get("period", dict, hint=PERIOD)
    for key in sorted(set(map(str, period)) - {"from", "to"}):
        raise InputError(
            f"period: unknown key {key!r}", settings.place("period"), "Known: from, to."
        )
    start = _time(period.get("from"), settings.place("period"), "period.from")
    end = _time(period.get("to"), settings.place("period"), "period.to")
    if start >= end:
        raise InputError("the period ends before it begins", settings.place("period"))
    # a slip of a digit, or all of time: nothing could be expected, missing or late in it
    if start.year < FIRST_YEAR or end.year > LAST_YEAR or end - start > MOST_YEARS * 366 * DAY:
        raise InputError(
            f"the period is {start.date().isoformat()} to {end.date().isoformat()}",
            settings.place("period"),
            f"Expected at most {MOST_YEARS} years between {FIRST_YEAR} and {LAST_YEAR}. {PERIOD}",
        )
    as_of = (
        _time(settings.data["as_of"], settings.place("as_of"), "as_of")
        if "as_of" in settings.data
        else end
    )
    if as_of < end:
        # what the period's last days show, and what fell due in them, would be left out under its
        # full name
        raise InputError(
            f"as_of is {as_of:%Y-%m-%d}, before the period is over",
            settings.place("as_of"),
            f"Expected {end:%Y-%m-%d} or later, or no as_of; for a part of the period, let the"
            " period end there.",
        )
    if as_of.year > LAST_YEAR:
        raise InputError(
            f"as_of is {as_of.date().isoformat()}",
            settings.place("as_of"),
            f"Expected a day up to {LAST_YEAR}.",
        )
    organisation = str(settings.get("organisation", str, hint=ORGANISATION))
    if not organisation.strip():
        raise InputError("organisation is empty", settings.place("organisation"), ORGANISATION)
    return RunInfo(
        organisation,
        str(settings.get("unit", str, "")),
        start,
        end,
        as_of,
        settings.get("profile", str, "baseline"),
    )


def _frameworks(settings: Fields) -> tuple[str, ...]:
    ids = settings.get("frameworks", list, None) if "frameworks" in settings.data else []
    repeats = sorted({str(n) for n in ids if ids.count(n) > 1})
    if repeats:
        raise InputError(f"frameworks: {repeats[0]} appears twice", settings.place("frameworks"))
    if "frameworks" in settings.data and not ids:
        raise InputError(
            "frameworks names none",
            settings.place("frameworks"),
            "Leave it out to get the usual ones.",
        )
    return tuple(str(n) for n in ids)


def _baseline(settings: Fields, run: RunInfo) -> BaselineSetting | None:
    baseline, place = settings.get("baseline", dict, {}), settings.place("baseline")
    if not baseline:
        return None
    keys = ("approved_by", "approved_at", "from", "to")
    for key in sorted(set(map(str, baseline)) - set(keys)):
        raise InputError(f"baseline: unknown key {key!r}", place, f"Known: {', '.join(keys)}.")
    approved_by = baseline.get("approved_by")
    if not isinstance(approved_by, str) or not approved_by.strip():
        raise InputError(
            "baseline: nobody approved it",
            place,
            "Give approved_by, a person of the inventory, and approved_at.",
        )
    approved_at = _time(baseline.get("approved_at"), place, "baseline.approved_at")
    if approved_at > run.as_of:
        raise InputError(f"baseline.approved_at is {approved_at:%Y-%m-%d}, later than as_of", place)
    if not {"from", "to"} & set(baseline):
        return BaselineSetting(approved_by.strip(), approved_at)
    start, end = (_time(baseline.get(k), place, f"baseline.{k}") for k in ("from", "to"))
    if start >= end:
        raise InputError("the baseline ends before it begins", place)
    if start < run.period_to and end > run.period_from:
        raise InputError(
            f"the baseline of {start:%Y-%m-%d} to {end:%Y-%m-%d} overlaps the period that it would"
            " excuse",
            place,
            f"Expected a time that ends by {run.period_from:%Y-%m-%d}.",
        )
    return BaselineSetting(approved_by.strip(), approved_at, start, end)


def _approvers(settings: Fields) -> dict[str, tuple[str, ...]]:
    approvers = {}
    for kind, entry in settings.get("approvers", dict, {}).items():
        names = [entry] if isinstance(entry, str) else entry
        if kind not in SIGNED:
            raise InputError(
                f"approvers: unknown kind {kind!r}",
                settings.place("approvers"),
                f"Known: {', '.join(SIGNED)}.",
            )
        if not isinstance(names, list) or not all(isinstance(n, str) and n.strip() for n in names):
            raise InputError(
                f"approvers: {kind} must be a list of roles or people, not {entry!r}",
                settings.place("approvers"),
                "Give roles as the people's list has them, or ids of people.",
            )
        approvers[str(kind)] = tuple(str(n) for n in names)
    return approvers


def _due_days(settings: Fields) -> dict[str, int]:
    due_days = settings.get("due_days", dict, {})
    for severity, days in due_days.items():
        if severity not in SEVERITIES:
            raise InputError(
                f"due_days: unknown severity {severity!r}",
                settings.place("due_days"),
                f"Known: {', '.join(SEVERITIES)}.",
            )
        if type(days) is not int or not 0 < days <= MOST_DAYS:
            raise InputError(
                f"due_days: {severity} must be a whole number of days above 0, not {days!r}",
                settings.place("due_days"),
            )
    return dict(due_days)


def _params(data: dict[str, Any], place: str) -> dict[str, dict[str, Any]]:
    for check, values in data.items():
        if not isinstance(values, dict):
            raise InputError(f"params: {check} needs its parameters by name, not {values!r}", place)
    return data


def _efforts(settings: Fields) -> dict[str, Fraction]:
    return {
        str(name): _days(name, days, settings)
        for name, days in settings.get("efforts", dict, {}).items()
    }


def _days(name: Any, days: Any, settings: Fields) -> Fraction:
    is_valid = (
        isinstance(days, int | float) and not isinstance(days, bool) and 0 < days <= MOST_DAYS
    )
    if not is_valid:
        raise InputError(
            f"efforts: {name} must be a number of person-days above 0, not {days!r}",
            settings.place("efforts"),
        )
    return Fraction(str(days))  # a decimal as it is written


def _samples(settings: Fields) -> dict[str, Sample]:
    samples = {}
    for check, entry in settings.get("samples", dict, {}).items():
        data: dict[str, Any] = entry if isinstance(entry, dict) else {}
        sizes = [n for n in (data.get("size"), data.get("frame")) if type(n) is int and n > 0]
        if (
            len(sizes) < 2
            or sizes[0] > sizes[1]
            or data.get("seed") in (None, "")
            or set(data) - _SAMPLE
        ):
            raise InputError(
                f"samples: {check}: expected size and frame (whole numbers, size at most frame),"
                " seed, and maybe note",
                settings.place("samples"),
            )
        samples[str(check)] = Sample(
            sizes[0], sizes[1], str(data["seed"]), str(data.get("note", ""))
        )
    return samples


def _expected(name: str, data: Any, place: str) -> tuple[str, int]:
    expectation = {"every": "day", "share": 90} | (
        data if isinstance(data, dict) else {"as": data} if data else {}
    )
    every, share = expectation["every"], expectation["share"]
    is_valid = isinstance(name, str) and len(expectation) == 2 and every in ("hour", "day")
    if not is_valid or type(share) is not int or not 0 < share <= 100:
        raise InputError(
            f"log source {name!r}: expected every: hour or day, and share: 1 to 100 (percent)",
            place,
        )
    return every, share


def _time(value: Any, place: str, name: str) -> datetime:
    """A date or time as naive UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise InputError(
                f"{name} is {value!r}; expected a date such as '2026-07-01'", place
            ) from error
    if isinstance(value, datetime):
        try:
            return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        except OverflowError as error:
            raise InputError(
                f"{name} is {value.isoformat()}, which no calendar has in UTC", place, PERIOD
            ) from error
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    raise InputError(f"{name} is missing; expected a date such as '2026-07-01'", place)

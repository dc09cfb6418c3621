"""What a batch is to do. In: PLAN.yml. Out: `Plan`, with the units that its patterns find.

Paths are relative to the folder of the plan. All errors are reported at once, each with its line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import partial
from glob import has_magic
from pathlib import Path
from typing import Any, TypeVar

import click

from reporter.content.workspace import read_gates
from reporter.content.yaml import Fields, fields, place_below, words_of
from reporter.errors import ContentError, Errors, InputError, ReporterError
from reporter.i18n.translate import languages
from reporter.ingest.cache import USUAL
from reporter.ingest.readers.files import is_shown_as_it_is
from reporter.privacy.keys import read_key
from reporter.report import EDITIONS, edition_formats, installed_formats, names
from reporter.system.gates import Gate
from reporter.system.options import LEAST_MEMORY, in_bytes
from reporter.system.plain_text import clean
from reporter.system.retention import KEY as RETENTION
from reporter.system.retention import Retention, retention

_T = TypeVar("_T")
FORMATS = ["html", "pdf", "json", "csv"]
PYTHON = 250 * 10**6
"""Bytes that a run takes beside what its engine may take; benchmarks/README.md has the limit."""
LEAST_SHARE = LEAST_MEMORY + PYTHON
USUAL_SHARE = 10**9 + PYTHON
_KEYS = (
    *("units", "out", "jobs", "memory", "time_limit", "formats", "editions", "language"),
    *("gates", "cache", "extra", "keep_tables", "pseudonymise", "key_file", RETENTION),
)
_UNIT_KEYS = ("workspace", "name", "earlier", "expected")
PEOPLE = "people"
PREVIOUS = "previous"
"""As `earlier` of a unit: the run of its period before, in `out`."""
_SECONDS = {"s": 1, "min": 60, "h": 3600}
_LONGEST_NAME = 100
"""Bytes of the name of a unit: its folder has more behind it."""
_OURS = ("batch.json", "batch.csv", "batch.journal", "batch.part")


@dataclass(frozen=True, slots=True)
class Unit:
    """One workspace to assess."""

    name: str
    workspace: Path
    earlier: tuple[Path, ...] = ()
    follows: bool = False
    """It is compared with the run of its period before, which lies in `out`."""
    is_expected: bool = True
    """False: that its folder is missing is no failure."""
    place: str = ""
    """Where the plan names it, as path:line."""
    problem: str = ""
    """Why there is nothing to assess; '' where there is."""


@dataclass(frozen=True, slots=True)
class Plan:
    path: Path
    out: Path
    units: tuple[Unit, ...] = ()
    jobs: int = 1
    """Units that are assessed at a time."""
    memory: int = USUAL_SHARE
    """Bytes for all of them together."""
    seconds: int = 0
    """Longest time for a unit; 0 for any."""
    writers: tuple[str, ...] = ()
    language: str = ""
    gates: tuple[Gate, ...] = ()
    """For every unit, beside those of its own workspace."""
    cache: Path | None = None
    extra: tuple[Path, ...] = ()
    keep_tables: bool = False
    """What was read stays in each run, for restate and verify."""
    pseudonymise: bool = False
    """No file of a run names people."""
    key_file: Path | None = None
    """Key of pseudonyms and fingerprints, the same for all units."""
    retention: Retention | None = None
    """What stays of `out` once all is assessed; None: everything."""
    lines: dict[str, int] = field(default_factory=dict)

    @property
    def engine_memory(self) -> str:
        """Return what the engine of each unit may take."""
        return f"{(self.memory // self.jobs - PYTHON) // 10**6}MB"


def read_plan(path: Path, jobs: int | None = None) -> Plan:
    """Read a plan; `jobs` replaces those it names.

    Raises Errors with all that is wrong in it, or the one error."""
    settings = fields(path)
    unknown = [str(key) for key in settings.data if key not in _KEYS]
    errors: list[ReporterError] = [_unknown(key, _KEYS, settings.place(key)) for key in unknown]
    given = partial(_given, errors)
    base = path.absolute().parent
    out = given(lambda: base / _text(settings, "out"), base)
    memory = given(lambda: _memory(settings), 0)
    plan = Plan(
        path,
        out,
        memory=memory,
        seconds=given(lambda: _seconds(settings), 0),
        writers=given(lambda: _writers(settings), ()),
        language=given(lambda: _language(settings), ""),
        gates=given(lambda: read_gates(settings), ()),
        cache=given(lambda: _optional(settings, "cache", base), None) or out / USUAL,
        extra=given(lambda: tuple(base / p for p in _texts(settings, "extra")), ()),
        keep_tables=given(lambda: settings.get("keep_tables", bool, False), False),
        pseudonymise=given(lambda: _pseudonymise(settings), False),
        key_file=given(lambda: _key_file(settings, base), None),
        retention=given(lambda: _retention(settings), None),
        lines=settings.lines,
    )
    plan = given(lambda: _shared_out(plan, settings, jobs), plan)
    plan = replace(plan, units=given(lambda: tuple(_units(settings, base, plan)), ()))
    if errors:
        raise Errors(errors) if len(errors) > 1 else errors[0]
    return plan


def _given(errors: list[ReporterError], make: Callable[[], _T], default: _T) -> _T:
    """Return what a part of the plan says; note its errors, and go on with a default."""
    try:
        return make()
    except Errors as error:
        errors.extend(error.errors)
    except ReporterError as error:
        errors.append(error)
    return default


def _unknown(key: str, known: tuple[str, ...], place: str) -> ContentError:
    close = get_close_matches(key, known, 1)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    return ContentError(f"unknown key {key!r}", place, f"{hint}Known: {', '.join(known)}.")


def _text(settings: Fields, key: str) -> str:
    text = settings.get(key, str)
    if not text.strip() or clean(text) != text:
        raise ContentError(f"{key!r} must be a path, not {text!r}", settings.place(key))
    return str(text)


def _optional(settings: Fields, key: str, base: Path) -> Path | None:
    return base / _text(settings, key) if key in settings.data else None


def _texts(settings: Fields, key: str, default: list[str] | None = None) -> list[str]:
    """Return a list of texts, of which one may stand alone."""
    value = settings.get(key, (list, str), default or [])
    texts = [t.strip() for t in value.split(",")] if isinstance(value, str) else value
    if not all(isinstance(t, str) and t for t in texts):
        raise ContentError(f"{key!r} must be a list of texts, not {value!r}", settings.place(key))
    return list(texts)


def _memory(settings: Fields) -> int:
    if "memory" not in settings.data:
        return 0
    text = settings.get("memory", str)
    try:
        return in_bytes(text)
    except click.BadParameter as error:
        raise ContentError(f"memory: {error.message}", settings.place("memory")) from error


def _shared_out(plan: Plan, settings: Fields, jobs: int | None) -> Plan:
    """Decide how many units run at a time, and that each has enough memory."""
    wanted = jobs or settings.get("jobs", int, 0)
    if wanted < 0 or ("jobs" in settings.data and not wanted):
        raise ContentError(
            f"jobs must be a whole number above 0, not {wanted}", settings.place("jobs")
        )
    most = plan.memory // LEAST_SHARE if plan.memory else wanted or _processors()
    number = wanted or max(1, min(_processors(), most))
    memory = plan.memory or number * USUAL_SHARE
    if memory // number < LEAST_SHARE:
        raise ContentError(
            f"memory: {memory // 10**6} MB for {number} {'job' if number == 1 else 'jobs'} is too"
            f" little: each needs {LEAST_SHARE // 10**6} MB",
            settings.place("memory"),
            f"Give {number * LEAST_SHARE // 10**6}MB or more, or fewer jobs.",
        )
    return replace(plan, jobs=number, memory=memory)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def _seconds(settings: Fields) -> int:
    if "time_limit" not in settings.data:
        return 0
    text = settings.get("time_limit", str, hint='Write an amount such as "30 min".')
    match = re.fullmatch(r"([1-9][0-9]{0,5}) ?(s|min|h)", text)
    if not match:
        raise ContentError(
            f"time_limit: {text!r} is no amount of time",
            settings.place("time_limit"),
            'Write "90 s", "30 min" or "2 h".',
        )
    return int(match[1]) * _SECONDS[match[2]]


def _writers(settings: Fields) -> tuple[str, ...]:
    errors: list[ReporterError] = []
    chosen = {"formats": _texts(settings, "formats", FORMATS)}
    chosen["editions"] = _texts(settings, "editions", [EDITIONS[0]])
    known = {"formats": names(), "editions": EDITIONS}
    for key, words in chosen.items():
        if not {*words} <= {*known[key]}:
            known[key] = (*known[key], *(installed_formats.installed() if key == "formats" else ()))
        place = settings.place(key)
        errors += [
            ContentError(f"{key}: unknown {word!r}", place, f"Known: {', '.join(known[key])}.")
            for word in words
            if word not in known[key]
        ]
    if errors:
        raise Errors(errors)
    return edition_formats(chosen["formats"], chosen["editions"])


def _language(settings: Fields) -> str:
    code = str(settings.get("language", str, ""))
    if code and code not in languages():
        place = settings.place("language")
        raise ContentError(f"language: no {code!r}", place, f"Known: {', '.join(languages())}.")
    return code


def _pseudonymise(settings: Fields) -> bool:
    if "pseudonymise" not in settings.data:
        return False
    place = settings.place("pseudonymise")
    if (whom := settings.get("pseudonymise", str)) != PEOPLE:
        raise ContentError(f"pseudonymise: unknown {whom!r}", place, f"Known: {PEOPLE}.")
    if settings.data.get("keep_tables") is True:
        raise ContentError(
            "the kept tables would name people, and `pseudonymise` replaces them",
            place,
            "Give one of `keep_tables` and `pseudonymise`.",
        )
    return True


def _key_file(settings: Fields, base: Path) -> Path | None:
    """Return the file of the key; raise an error where it holds none, before anything is done."""
    path = _optional(settings, "key_file", base)
    if path:
        read_key(path)
    return path


def _retention(settings: Fields) -> Retention | None:
    if RETENTION not in settings.data:
        return None
    return retention(settings.get(RETENTION, dict), settings.place(RETENTION))


def _units(settings: Fields, base: Path, plan: Plan) -> Iterator[Unit]:
    """Yield the units in the order of the plan, those of a pattern by name."""
    entries, place = settings.get("units", list), settings.place("units")
    if not entries:
        raise ContentError("'units' names none", place, "Name a folder, or several: units/*")
    errors: list[ReporterError] = []
    units: list[Unit] = []
    for entry in entries:
        try:
            units += _entry(entry, base, place, plan)
        except Errors as error:
            errors += error.errors
        except ReporterError as error:
            errors.append(error)
    errors += _clashes(units)
    if errors:
        raise Errors(errors)
    yield from units


def _entry(entry: Any, base: Path, place: str, plan: Plan) -> list[Unit]:
    """Return the units of one entry: a folder or a pattern, alone or with what is said of it."""
    if isinstance(entry, str):
        entry = {"workspace": entry}
    if not isinstance(entry, dict):
        raise ContentError(f"a unit is a folder or values by name, not {entry!r}"[:200], place)
    pattern = entry.get("workspace")
    here = place_below(place, str(pattern)) if pattern else place
    errors: list[ReporterError] = [
        _unknown(str(key), _UNIT_KEYS, place_below(place, f"{key}:"))
        for key in entry
        if key not in _UNIT_KEYS
    ]
    kinds: dict[str, tuple[type, ...]] = {
        "workspace": (str,),
        "name": (str,),
        "earlier": (str, list),
        "expected": (bool,),
    }
    for key in [k for k in kinds if k in entry]:
        if not isinstance(entry[key], kinds[key]) or entry[key] in ("", []):
            expected = " or ".join(map(words_of, kinds[key]))
            errors.append(ContentError(f"{key}: expected {expected}, not {entry[key]!r}", here))
    if "workspace" not in entry:
        errors.append(ContentError("a unit has no 'workspace'", here))
    if errors:
        raise Errors(errors)
    earlier = [entry["earlier"]] if isinstance(entry.get("earlier"), str) else entry.get("earlier")
    if not all(isinstance(text, str) for text in earlier or ()):
        raise ContentError(f"earlier: expected paths, not {earlier!r}", here)
    follows = earlier == [PREVIOUS]
    unit = Unit(
        str(entry.get("name", "")),
        base / str(pattern),
        () if follows else tuple(base / text for text in earlier or ()),
        follows,
        entry.get("expected", True),
        here,
    )
    if has_magic(str(pattern)):
        return _found(unit, str(pattern), base, plan)
    return [_named(unit)]


def _found(unit: Unit, pattern: str, base: Path, plan: Plan) -> list[Unit]:
    """Return a unit for each folder that a pattern finds; hidden ones, and what this batch writes,
    are none.
    """
    if unit.name:
        raise ContentError(
            f"{pattern} may find several folders, and they cannot all be {unit.name!r}",
            unit.place,
            "Leave `name` out, or name one folder.",
        )
    root = Path(pattern).anchor
    found = (Path(root) if root else base).glob(pattern[len(root) :])
    ours = [p.resolve() for p in (plan.out, plan.cache) if p]
    folders = [
        path
        for path in sorted(found)
        if not path.name.startswith(".")
        and (_leads_nowhere(path) or (path.is_dir() and path.resolve() not in ours))
    ]
    if not folders:
        return [replace(unit, name=clean(pattern), problem="no folder matches this pattern")]
    return [_named(replace(unit, workspace=folder)) for folder in folders]


def _leads_nowhere(path: Path) -> bool:
    """Tell whether a path is a link to what is not there, such as a share that is not mounted."""
    return path.is_symlink() and not path.exists()


def _named(unit: Unit) -> Unit:
    """Return a unit with a name, by default its folder; note a folder that is missing."""
    name = unit.name or Path(os.path.normpath(unit.workspace)).name
    is_fit = clean(name) == name and not name.startswith(".") and "/" not in name
    if (
        not name.strip()
        or not is_fit
        or len(os.fsencode(name)) > _LONGEST_NAME
        or name in _OURS
        or not is_shown_as_it_is(Path(name))
    ):
        raise ContentError(
            f"{name!r} cannot name a unit and its folder",
            unit.place,
            f"Give it a `name` of at most {_LONGEST_NAME} letters, without / and a first dot.",
        )
    problem = "" if unit.workspace.is_dir() else "there is no such folder"
    if _leads_nowhere(unit.workspace):
        problem = "is a link to what is not there"
    return replace(unit, name=name, problem=problem)


def _clashes(units: list[Unit]) -> list[ReporterError]:
    """Return an error for each unit that would write to the folder of another."""
    first: dict[str, Unit] = {}
    errors: list[ReporterError] = []
    for unit in units:
        other = first.setdefault(unit.name.casefold(), unit)
        if other is not unit:
            twice = f"{unit.workspace} is named twice, as {unit.name!r}"
            both = f"two units are named {unit.name!r}: {other.workspace} and {unit.workspace}"
            is_same = other.workspace == unit.workspace
            hint = "Leave one out." if is_same else "Give one of them another `name`."
            errors.append(InputError(twice if is_same else both, unit.place, hint))
    return errors

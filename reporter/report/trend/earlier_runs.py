"""Earlier runs, verified. In: run folders. Out: their data, and what a later run says of them.

A run is trusted if its manifest agrees with itself and with report.json and results.parquet. No
other file is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from reporter.errors import InputError
from reporter.model.assessment import Assessment, RunInfo
from reporter.model.history import EarlierRun
from reporter.privacy.pseudonyms import may_be_hidden
from reporter.report.trend.standings import standings
from reporter.report.view.format import clean
from reporter.runs.run_manifest import MANIFEST, is_without_people, read_manifest
from reporter.runs.store import (
    DATA,
    RESULTS,
    Results,
    check_results,
    read_data,
)
from reporter.system.hashes import sha256


@dataclass(frozen=True, slots=True)
class VerifiedRun:
    """An earlier run that was verified."""

    folder: Path
    assessment: Assessment
    run: EarlierRun
    hashes: Mapping[str, str]
    pseudonyms: str
    """Identifies the key of the pseudonyms; '' where people are named."""
    is_without_people: bool = False
    """A purge has replaced them: the results are known by their ids."""


def read_earlier(
    folders: Sequence[Path], current: RunInfo, pseudonyms: str
) -> tuple[VerifiedRun, ...]:
    """Read and verify the runs of folders (each a run, or a folder of runs), by as_of; refuse what
    cannot be compared.

    Raises InputError if a folder is not a run, was changed, or is of another organisation or kind.
    """
    runs: list[VerifiedRun] = []
    for folder in dict.fromkeys(run.resolve() for source in folders for run in _runs_in(source)):
        earlier = read_verified(folder)
        _refuse_other(earlier, current, pseudonyms)
        runs.append(earlier)
    runs.sort(key=lambda f: f.run.as_of)
    for earlier, later in pairwise(runs):
        if earlier.run.as_of == later.run.as_of:
            raise InputError(
                f"has the same as_of as {earlier.folder}: {earlier.run.as_of.isoformat()}",
                str(later.folder),
                "Name one run for each moment.",
            )
    return tuple(runs)


def _runs_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InputError("no such folder", str(folder), "--earlier takes a run folder.")
    if (folder / MANIFEST).is_file() or (folder / DATA).is_file():
        return [folder]
    if not (runs := runs_below(folder)):
        raise InputError(
            f"no {MANIFEST} in it or in a folder of it",
            str(folder),
            "--earlier takes a run folder, or a folder of them.",
        )
    return runs


def runs_below(folder: Path) -> list[Path]:
    """Return the folders of a folder that hold a run, or half of one: that is for its reader to
    refuse.
    """
    found = (p.parent for name in (MANIFEST, DATA) for p in folder.glob(f"*/{name}"))
    return sorted({run for run in found if not run.name.startswith(".")})


def read_verified(folder: Path) -> VerifiedRun:
    """Read a run and verify it; raise InputError where it is none, or was changed."""
    manifest = read_manifest(folder)
    digests = {}
    for name in (DATA, RESULTS):
        path = folder / name
        if not path.is_file():
            raise InputError("is missing, and an earlier run is compared by it", str(path))
        digests[name] = sha256(path)
        if manifest["outputs"].get(name, {}).get("sha256") != digests[name]:
            raise InputError(
                f"is not the file that {MANIFEST} names: its hash differs",
                str(path),
                "Compare with the run as it was left, or assess that period again.",
            )
    assessment = read_data(folder)
    check_results(Results(folder, assessment.checks), assessment)
    as_of = _time(manifest["as_of"])
    hashes = {str(k): str(v) for k, v in manifest["hashes"].items()}
    identity = (assessment.hashes, in_utc(assessment.run.as_of), assessment.run.organisation)
    if identity != (hashes, as_of, manifest["organisation"]):
        raise InputError(f"does not belong to the {DATA} beside it", str(folder / MANIFEST))
    start, end = (_time(at) for at in manifest["period"])
    run = EarlierRun(
        as_of,
        start,
        end,
        hashes["evidence_id"],
        digests[DATA],
        standings(assessment),
        (),
        coverage=assessment.scores.enterprise.total.coverage,
    )
    pseudonyms = str(manifest.get("pseudonyms", ""))
    return VerifiedRun(folder, assessment, run, hashes, pseudonyms, is_without_people(folder))


def _time(text: Any) -> datetime:
    return in_utc(datetime.fromisoformat(text))


def in_utc(moment: datetime) -> datetime:
    """Return a moment in UTC, without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _refuse_other(earlier: VerifiedRun, current: RunInfo, pseudonyms: str) -> None:
    """Raise InputError if a run is of another organisation, not earlier or has other pseudonyms.

    Once the people of the current run are known, `refuse_other_unit` asks again.
    """
    if not may_be_same_unit(earlier.assessment.run, current):
        refuse_other_unit(earlier, current)
    if earlier.run.as_of >= in_utc(current.as_of):
        raise InputError(
            f"is not earlier: its as_of is {earlier.run.as_of.isoformat()}, that of this run"
            f" {current.as_of.isoformat()}",
            str(earlier.folder),
            "Name earlier runs one by one, or give this run's reporter.yml a later as_of.",
        )
    if earlier.pseudonyms != pseudonyms:
        raise InputError(
            "its people have other pseudonyms than those of this run, or only one of the two"
            " has any",
            str(earlier.folder),
            "Assess both with --pseudonymise and the same --key-file, or both without it.",
        )


def may_be_same_unit(before: RunInfo, now: RunInfo) -> bool:
    """Tell whether two runs can be of one unit of one organisation. Its name may name a person who
    is hidden in one of the two only.
    """
    one, other = clean(before.unit), clean(now.unit)
    is_unit = may_be_hidden(one, other) or may_be_hidden(other, one)
    return is_unit and clean(before.organisation) == clean(now.organisation)


def refuse_other_unit(earlier: VerifiedRun, current: RunInfo) -> None:
    """Raise InputError if a run is of another organisation or unit."""
    before, now = (
        (clean(run.organisation), clean(run.unit)) for run in (earlier.assessment.run, current)
    )
    if before != now:
        earlier_name, current_name = (
            " · ".join(filter(None, names)) or "nobody named" for names in (before, now)
        )
        raise InputError(
            f"is a run of {earlier_name}, not of {current_name}",
            str(earlier.folder),
            "Only runs of the same organisation and unit are compared.",
        )

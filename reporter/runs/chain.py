"""Quarters that are closed. In: a run folder. Out: a line in the chain beside it, closed.jsonl, by
which a change of the run, or of the chain, is found.

A line holds the hash of the run's manifest, which holds those of all its files, and the hash of the
line before.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reporter.errors import InputError, VerificationError
from reporter.runs.store import MANIFEST, sha256
from reporter.system.claims import claimed
from reporter.system.plain_text import clean_json

CHAIN = "closed.jsonl"
_BACKUP = "Take the chain as it was left, from a backup or another copy of this folder."
_KEYS = ("n", "organisation", "unit", "period", "as_of", "run", "manifest", "previous")


@dataclass(frozen=True, slots=True)
class Closing:
    """One line of a chain."""

    n: int
    """From 1."""
    organisation: str
    unit: str
    period: tuple[str, str]
    as_of: str
    run: str
    """Name of the folder, beside the chain."""
    manifest: str
    """SHA-256 of its manifest."""
    previous: str
    """`sha256` of the line before; '' of the first."""

    @property
    def sha256(self) -> str:
        """Return the hash of all that it says."""
        text = clean_json({k: getattr(self, k) for k in _KEYS}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def line(self) -> str:
        """Return it as it is written, with its hash."""
        data = {k: getattr(self, k) for k in _KEYS}
        return clean_json({**data, "sha256": self.sha256}, sort_keys=True)


def read_chain(folder: Path) -> list[Closing]:
    """Return the closed runs of a folder, in the order in which they were closed.

    Raises VerificationError where a line was changed, taken out, put in or cut off.
    """
    path = folder / CHAIN
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8", errors="backslashreplace")
    if not text:  # it begins with its first line
        raise VerificationError("is empty", str(path), _BACKUP)
    found: list[Closing] = []
    for n, line in enumerate(text.split("\n")[:-1], 1):
        closing = _parsed(line)
        previous = found[-1].sha256 if found else ""
        if (
            closing is None
            or closing.line != line
            or (closing.n, closing.previous) != (n, previous)
        ):
            raise VerificationError(
                "is not the line that was written, or one before it was taken out",
                f"{path}:{n}",
                _BACKUP,
            )
        found.append(closing)
    if not text.endswith("\n"):
        raise VerificationError("its last line is cut off", str(path), _BACKUP)
    return found


def _parsed(line: str) -> Closing | None:
    try:
        data: dict[str, Any] = json.loads(line)
        if {*data} != {*_KEYS, "sha256"}:
            return None
        del data["sha256"]  # of another line `line` differs
        data["period"] = tuple(data["period"])
        return Closing(**data)
    except (ValueError, TypeError, RecursionError):
        return None


def changed_files(run: Path) -> Iterator[str]:
    """Yield what of a run is not as its manifest says: "report.json: changed".

    Raises InputError where the manifest is missing or is none.
    """
    outputs = read_manifest(run)["outputs"]
    there = {p.relative_to(run).as_posix() for p in run.rglob("*") if not p.is_dir()}
    for name in sorted(outputs):
        path = run / name
        if name not in there:
            yield f"{name}: missing"
        elif not is_regular(path) or sha256(path) != outputs[name]["sha256"]:
            yield f"{name}: changed"
    yield from (f"{name}: not of this run" for name in sorted(there - {*outputs, MANIFEST}))


def is_regular(path: Path) -> bool:
    """Tell whether a path is a file of its own: to open a pipe waits for whoever writes to it."""
    return stat.S_ISREG(path.lstat().st_mode)


def read_manifest(run: Path) -> dict[str, Any]:
    """Return the manifest of a run; raise InputError where there is none."""
    path = run / MANIFEST
    try:
        data: dict[str, Any] = json.loads(path.read_bytes())
        _ = [data["outputs"][name]["sha256"] for name in data["outputs"]]
        _ = (data["organisation"], data["as_of"], data["period"], data["hashes"]["evidence_id"])
    except FileNotFoundError as error:
        raise InputError(f"no {MANIFEST} in it; is it a run folder?", str(run)) from error
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"is no manifest of a run: {error!r}", str(path)) from error
    return data


def state_of(closing: Closing, folder: Path) -> tuple[str, ...]:
    """Return what of a closed run is not as it was closed; () where all is."""
    run = folder / closing.run
    if not run.is_dir():
        return ("the folder is missing",)
    if not (run / MANIFEST).is_file():
        return (f"{MANIFEST}: missing",)
    if sha256(run / MANIFEST) != closing.manifest:
        return (f"{MANIFEST}: changed",)
    return tuple(changed_files(run))


def close(run: Path, unit: str) -> tuple[Closing, bool]:
    """Freeze a run in the chain of its folder; return its line, and whether it is new.

    Raises InputError where a run of as late a moment is closed already; VerificationError where the
    run is not as it was made, or the chain is broken; OSError where the disk is full.
    """
    run = run.resolve()
    manifest = read_manifest(run)
    if changes := list(changed_files(run)):
        raise VerificationError(
            f"is not as it was made: {', '.join(changes[:5])}", str(run), "Assess that period anew."
        )
    digest = sha256(run / MANIFEST)
    with claimed(run.parent / f".{CHAIN}.part") as place:
        chain = read_chain(run.parent)
        for closing in chain:
            if closing.run == run.name:
                if closing.manifest == digest:
                    return closing, False
                raise VerificationError(
                    "another run of this name was closed", str(run), "Give this one another name."
                )
        same = [c for c in chain if (c.organisation, c.unit) == (manifest["organisation"], unit)]
        if same and same[-1].as_of >= manifest["as_of"]:
            raise InputError(
                f"is as of {manifest['as_of']}, and {same[-1].run}, as of {same[-1].as_of}, is"
                " closed already",
                str(run),
                "Quarters are closed in their order; `reporter restate` judges a closed one anew.",
            )
        closing = Closing(
            len(chain) + 1,
            manifest["organisation"],
            unit,
            tuple(manifest["period"]),
            manifest["as_of"],
            run.name,
            digest,
            chain[-1].sha256 if chain else "",
        )
        text = "".join(f"{c.line}\n" for c in (*chain, closing))
        part = place / CHAIN
        try:
            with part.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            path = str(run.parent / CHAIN)
            raise OSError(error.errno, error.strerror, path) from error
        part.replace(run.parent / CHAIN)
        descriptor = os.open(run.parent, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    return closing, True

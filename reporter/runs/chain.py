"""Quarters that are closed. In: a run folder. Out: a line in the chain beside it, closed.jsonl, by
which a change of the run, or of the chain, is found.

A line holds the hash of the run's manifest, which holds those of all its files, and the hash of the
line before. How many lines there are is in closed.head, and each closed run carries its own line.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reporter.errors import InputError, VerificationError
from reporter.runs.run_manifest import BESIDE, MANIFEST, OWN_ENTRY, read_manifest
from reporter.system.claims import claimed
from reporter.system.hashes import sha256
from reporter.system.plain_text import clean_json
from reporter.system.temporary import sync, write_whole

CHAIN, HEAD = "closed.jsonl", "closed.head"
CLOSED, PURGE = "close", "purge"
"""Kinds of lines. A purge replaces the manifest of a run that is closed."""
UNFINISHED = "its purge was begun and not finished: purge it again"
BACKUP = "Take the chain as it was left, from a backup or another copy of this folder."
_KEYS = (
    *("n", "kind", "organisation", "unit", "period", "as_of", "run", "manifest"),
    *("replaces", "at", "previous"),
)


@dataclass(frozen=True, slots=True)
class Closing:
    """One line of a chain."""

    n: int
    """From 1."""
    kind: str
    organisation: str
    unit: str
    period: tuple[str, str]
    as_of: str
    run: str
    """Name of the folder, beside the chain."""
    manifest: str
    """SHA-256 of its manifest."""
    replaces: str
    """Of a purge: the SHA-256 of the manifest before it."""
    at: str
    """Of a purge: when it was, in ISO 8601."""
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
    """Return the lines of a folder's chain, in the order in which they were written.

    Raises VerificationError where a line was changed, taken out, put in or cut off.
    """
    path = folder / CHAIN
    if not path.exists():
        _hold_against_head(folder, [])
        return []
    text = path.read_text(encoding="utf-8", errors="backslashreplace")
    if not text:  # it begins with its first line
        raise VerificationError("is empty", str(path), BACKUP)
    found: list[Closing] = []
    manifests: dict[str, str] = {}
    for n, line in enumerate(text.split("\n")[:-1], 1):
        closing = _parsed(line)
        previous = found[-1].sha256 if found else ""
        if (
            closing is None
            or closing.line != line
            or (closing.n, closing.previous) != (n, previous)
            or closing.replaces != manifests.get(closing.run, "")
        ):
            why = "is not the line that was written, or one before it was taken out"
            raise VerificationError(why, f"{path}:{n}", BACKUP)
        manifests[closing.run] = closing.manifest
        found.append(closing)
    if not text.endswith("\n"):
        raise VerificationError("its last line is cut off", str(path), BACKUP)
    _hold_against_head(folder, found)
    return found


def _hold_against_head(folder: Path, chain: Sequence[Closing]) -> None:
    """Raise VerificationError where the chain has not the lines that its head counts. One more may
    be there: it is written first, and the head after it.
    """
    path = folder / HEAD
    if not path.exists():
        if chain:
            raise VerificationError("is missing, and the chain beside it is not", str(path), BACKUP)
        return
    text = path.read_text(encoding="utf-8", errors="backslashreplace")
    if text not in (_head_of(chain), _head_of(chain[:-1])):
        raise VerificationError(
            "does not name the last line of the chain: lines were taken out at its end",
            str(path),
            BACKUP,
        )


def _head_of(chain: Sequence[Closing]) -> str:
    data = {"n": len(chain), "sha256": chain[-1].sha256 if chain else ""}
    return clean_json(data, sort_keys=True) + "\n"


def latest(chain: Sequence[Closing]) -> dict[str, Closing]:
    """Return the last line of each closed run, by the name of its folder."""
    return {closing.run: closing for closing in chain}


def unlisted(folder: Path, chain: Sequence[Closing]) -> list[str]:
    """Return the runs of a folder that carry a line of a chain, and not one of this: it was taken
    out of the chain.
    """
    lines = {closing.line for closing in chain}
    found = (p for p in folder.glob(f"*/{OWN_ENTRY}") if not p.parent.name.startswith("."))
    return sorted(p.parent.name for p in found if _text(p).rstrip("\n") not in lines)


def refuse_unlisted(folder: Path, chain: Sequence[Closing]) -> None:
    """Raise VerificationError where a run was closed, and the chain does not have it."""
    for name in unlisted(folder, chain):
        raise VerificationError(
            f"carries a line of the chain that {CHAIN} does not have", str(folder / name), BACKUP
        )


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="backslashreplace")


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
    yield from (f"{name}: not of this run" for name in sorted(there - {*outputs, *BESIDE}))


def is_regular(path: Path) -> bool:
    """Tell whether a path is a file of its own: to open a pipe waits for whoever writes to it."""
    return stat.S_ISREG(path.lstat().st_mode)


def state_of(closing: Closing, folder: Path) -> tuple[str, ...]:
    """Return what of a closed run is not as its last line in the chain says; () where all is."""
    run = folder / closing.run
    if not run.is_dir():
        return ("the folder is missing",)
    if not (run / MANIFEST).is_file():
        return (f"{MANIFEST}: missing",)
    digest = sha256(run / MANIFEST)
    if digest == closing.replaces:
        return (UNFINISHED,)
    if digest != closing.manifest:
        return (f"{MANIFEST}: changed",)
    own = run / OWN_ENTRY
    if not own.is_file():
        return (f"{OWN_ENTRY}: missing; `reporter close` writes it again", *changed_files(run))
    changed = _text(own) != f"{closing.line}\n"
    return (*([f"{OWN_ENTRY}: changed"] if changed else []), *changed_files(run))


def refuse_changed(run: Path, hint: str) -> None:
    """Raise VerificationError where a run is not as it was left, or not as it was closed."""
    run = run.resolve()
    closing = latest(read_chain(run.parent)).get(run.name)
    changes = state_of(closing, run.parent) if closing else tuple(changed_files(run))
    if changes:
        raise VerificationError(
            f"is not as it was left: {', '.join(changes[:5])}",
            str(run),
            f"{hint} Take the run as it was left, from a backup.",
        )


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
    with changing(run.parent) as (place, chain):
        known = latest(chain).get(run.name)
        if known and known.manifest == digest:
            carry(run, known)  # whoever closed it may have been killed before
            return known, False
        if known:
            raise VerificationError(
                "another run of this name was closed", str(run), "Give this one another name."
            )
        same = [c for c in chain if (c.organisation, c.unit) == (manifest["organisation"], unit)]
        last = max(same, key=lambda c: c.as_of, default=None)
        if last and last.as_of >= manifest["as_of"]:
            is_judged_again = any(c.period == tuple(manifest["period"]) for c in same)
            raise InputError(
                f"is as of {manifest['as_of']}, and {last.run}, as of {last.as_of}, is"
                " closed already",
                str(run),
                "A period is closed once; `reporter restate` judges it anew."
                if is_judged_again
                else "Quarters are closed in their order, and this one was skipped: it stays open."
                " `reporter seal` freezes a single run.",
            )
        closing = Closing(
            n=len(chain) + 1,
            kind=CLOSED,
            organisation=manifest["organisation"],
            unit=unit,
            period=tuple(manifest["period"]),
            as_of=manifest["as_of"],
            run=run.name,
            manifest=digest,
            replaces="",
            at="",
            previous=chain[-1].sha256 if chain else "",
        )
        append(place, run.parent, chain, closing)
        carry(run, closing)
    return closing, True


@contextmanager
def changing(folder: Path) -> Iterator[tuple[Path, list[Closing]]]:
    """Provide a place for new files and the chain of a folder, which nobody else changes meanwhile.

    Raises VerificationError where the chain is broken, or a closed run is not in it.
    """
    with claimed(folder / f".{CHAIN}.part") as place:
        chain = read_chain(folder)
        refuse_unlisted(folder, chain)
        yield place, chain


def append(place: Path, folder: Path, chain: Sequence[Closing], closing: Closing) -> None:
    """Write a line to the end of the chain, then the head that names it."""
    if not chain:
        _put(place, folder / HEAD, _head_of(()))
    longer = (*chain, closing)
    _put(place, folder / CHAIN, "".join(f"{c.line}\n" for c in longer))
    _put(place, folder / HEAD, _head_of(longer))


def carry(run: Path, closing: Closing) -> None:
    """Have a closed run carry its own line of the chain."""
    if not (run / OWN_ENTRY).is_file():
        write_whole(run / OWN_ENTRY, f"{closing.line}\n")


def _put(place: Path, path: Path, text: str) -> None:
    part = place / path.name
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    part.replace(path)
    sync(path.parent)

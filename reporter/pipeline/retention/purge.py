"""People and raw records removed from stored runs. In: a run folder. Out: the same run without
them, in its place, with the proof of what was removed, purged.json.

The new run is made aside and moved in: whenever that is interrupted, the same command goes on.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from reporter.engine.duckdb import DuckDB
from reporter.errors import InputError, VerificationError
from reporter.ingest.cache import USUAL
from reporter.pipeline.batch.journal import NAME as JOURNAL
from reporter.pipeline.retention.people_of_run import people_of
from reporter.pipeline.retention.purged_data import QUARANTINED, Columns, table_rows, write_purged
from reporter.privacy.pseudonyms import People
from reporter.report.export import publish, write_manifest
from reporter.runs.chain import (
    PURGE,
    Closing,
    append,
    carry,
    changing,
    latest,
    refuse_changed,
)
from reporter.runs.run_manifest import MANIFEST, PURGED, read_manifest
from reporter.runs.store import DATA, read_run
from reporter.system.claims import claimed, held
from reporter.system.hashes import sha256
from reporter.system.plain_text import clean_json

SCHEMA = "agent-maturity-purge/1"
ENVELOPE = "manifest.dsse.json"
"""What a sealed bundle has beside its manifest."""
_KEPT = ("runs", "tables")
"""Folders of a cache; all else in it are files."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to remove, and how."""

    people: bool
    """Their names too; raw records go in any case."""
    key: str
    """Of the pseudonyms."""
    is_key_kept: bool
    at: datetime
    workspace: Path | None = None
    names: tuple[str, ...] = ()
    caches: tuple[Path, ...] = ()
    """Caches beside the usual ones."""
    dry_run: bool = False
    memory: str = "1GB"
    language: str = ""
    say: Callable[[str], None] = lambda _: None
    announce: Callable[[Path], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a run."""

    run: Path
    is_new: bool
    """False: all of it was removed before."""
    record: Mapping[str, Any]
    """What purged.json says of it."""
    bundles: tuple[str, ...] = ()
    """Sealed bundles beside it that hold what was removed."""
    entries: int = 0
    """Files of caches."""


def purge(run: Path, wanted: Wanted) -> Outcome:
    """Remove people and raw records from a run; or go on where that was interrupted.

    Raises InputError where it is none, is a bundle, or another process works beside it;
    VerificationError where it, or the chain, is not as it was left.
    """
    run = run.absolute()
    if (run / ENVELOPE).exists():
        raise InputError(
            "is a sealed bundle, and a bundle is never changed: it holds what a purge would remove",
            str(run),
            "Purge the run that it was made of, and decide who keeps the bundle.",
        )
    place = run.parent / f".{run.name}.part"
    if not run.parent.is_dir() or not (run.exists() or _new(run).exists()):
        raise InputError("no such run folder", str(run))
    wanted.announce(place)
    with claimed(place):
        _refuse_company(run, place.name)
        caches = _caches(run, wanted.caches)
        if not wanted.dry_run:
            _finish(run, caches)
        manifest = read_manifest(run)
        refuse_changed(run, "Nothing was removed.")
        entries = sum(1 for cache in caches for _ in _entries(cache))
        record, bundles = _last(run), _bundles_of(run, manifest)
        if _is_done(manifest, wanted.people):
            if not wanted.dry_run:
                _clear(caches)
            return Outcome(run, False, record, bundles, entries)
        record = _build(run, manifest, place, wanted)
        if not wanted.dry_run:
            publish(place / "run", _new(run))
            _move_in(run, caches)
        return Outcome(run, True, record, bundles, entries)


def _is_done(manifest: Mapping[str, Any], people: bool) -> bool:
    """Tell whether a run was purged so before; people of a run with pseudonyms have none."""
    purges = manifest.get("purged", ())
    return any(purge["people"] or not people for purge in purges)


def _refuse_company(run: Path, own: str) -> None:
    """Raise InputError where another process works beside a run: it may read it, or its cache."""
    others = [name for name in held(run.parent, ".*.part") if name != own]
    others += held(run.parent.parent, ".batch.part")
    if others:
        raise InputError(
            f"another process works beside it ({others[0]})",
            str(run),
            "Wait until it has ended.",
        )


def _build(run: Path, manifest: Mapping[str, Any], place: Path, wanted: Wanted) -> dict[str, Any]:
    """Make the run without what is to be removed; return what purged.json says of it."""
    assessment, _ = read_run(run)
    part, people = place / "run", None
    part.mkdir()
    if wanted.people and not assessment.pseudonyms:
        wanted.say(f"{run.name}: finding out who is a person")
        with DuckDB(place / "work", wanted.memory) as engine:
            people = people_of(engine, assessment, run, wanted.key, wanted.workspace, wanted.names)
    wanted.say(f"{run.name}: writing the run without what is removed")
    rows = dict(manifest["rows"])
    assessment, columns = write_purged(
        run, assessment, people, wanted.at, rows, part, wanted.language
    )
    record = _record(run, part, manifest, wanted, columns, people)
    before = [*_purges(run), record]
    text = clean_json({"schema": SCHEMA, "purges": before}, sort_keys=True, indent=1)
    (part / PURGED).write_text(f"{text}\n", encoding="utf-8")
    purge = {
        "at": record["at"],
        "people": record["people"],
        "manifest": record["manifest_before"],
        DATA: manifest["outputs"][DATA]["sha256"],
    }
    write_manifest(part, assessment, rows, [*manifest.get("purged", ()), purge])
    return record


def _record(
    run: Path,
    part: Path,
    manifest: Mapping[str, Any],
    wanted: Wanted,
    columns: Columns,
    people: People | None,
) -> dict[str, Any]:
    """Return the proof: each file with its hashes, and what was removed of it."""
    outputs, rows = manifest["outputs"], table_rows(run)
    files = []
    for name in sorted(set(outputs) - {PURGED}):
        path, shown = part / name, people.in_text(name) if people else name
        digest = sha256(path) if path.is_file() else None
        entry = {"file": shown, "before": outputs[name]["sha256"], "after": digest}
        if digest is None:
            entry["rows"] = rows.get(name)
        files.append(entry | ({"values": columns[name]} if name in columns else {}))
    return {
        "at": wanted.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "command": f"reporter purge RUN {'--people' if wanted.people else '--raw'}",
        "people": wanted.people,
        "raw": True,
        "key": "kept by the caller" if wanted.is_key_kept else "forgotten",
        "manifest_before": sha256(run / MANIFEST),
        "evidence_id": manifest["hashes"]["evidence_id"],
        "files": files,
        "rows_removed": sum(rows.values()),
        "records_removed": columns.get(DATA, {}).get(QUARANTINED, 0),
    }


def _purges(run: Path) -> list[dict[str, Any]]:
    path = run / PURGED
    return list(json.loads(path.read_bytes())["purges"]) if path.is_file() else []


def _last(run: Path) -> dict[str, Any]:
    return next(reversed(_purges(run)), {})


# ---------------------------------------------------------------- moved in


def _new(run: Path) -> Path:
    return run.parent / f".{run.name}.purged"


def interrupted(folder: Path) -> list[Path]:
    """Return the runs of a folder, or of its units, whose purge was interrupted."""
    found = [*folder.absolute().glob(".*.purged"), *folder.absolute().glob("*/.*.purged")]
    return [p.parent / p.name[1:].removesuffix(".purged") for p in found]


def _old(run: Path) -> Path:
    return run.parent / f".{run.name}.before-purge"


def _finish(run: Path, caches: Sequence[Path]) -> None:
    """Go on with a purge that was interrupted once its run was made."""
    new, old = _new(run), _old(run)
    if new.exists():
        current = run if run.exists() else old
        before = _last(new)["manifest_before"]
        if (current / MANIFEST).is_file() and sha256(current / MANIFEST) == before:
            _move_in(run, caches)
        else:
            raise VerificationError(
                f"was made of another run than the one that is there: {current.name}",
                str(new),
                "Remove it, and take the run as it was left, from a backup.",
            )
    elif old.exists() and run.exists():
        _drop(old)


def _move_in(run: Path, caches: Sequence[Path]) -> None:
    """Put the new run in place of the old one: first a line in the chain, if the run is closed."""
    new, old = _new(run), _old(run)
    with changing(run.parent) as (place, chain):
        closing = latest(chain).get(run.name)
        digest = sha256(new / MANIFEST)
        if closing and closing.manifest != digest:
            closing = _line(chain, closing, digest, _last(new)["at"])
            append(place, run.parent, chain, closing)
        if closing:
            carry(new, closing)
        _clear(caches)
        if run.exists():
            run.rename(old)
        new.rename(run)
    _drop(old)


def _drop(old: Path) -> None:
    """Remove the run of before."""
    shutil.rmtree(old)


def _line(chain: Sequence[Closing], closing: Closing, digest: str, at: str) -> Closing:
    """Return the line that links the manifest of before to that of a purged run."""
    return Closing(
        n=len(chain) + 1,
        kind=PURGE,
        organisation=closing.organisation,
        unit=closing.unit,
        period=closing.period,
        as_of=closing.as_of,
        run=closing.run,
        manifest=digest,
        replaces=closing.manifest,
        at=at,
        previous=chain[-1].sha256,
    )


# ---------------------------------------------------------------- beside it


def _caches(run: Path, given: Sequence[Path]) -> tuple[Path, ...]:
    """Return the caches that may hold what a run was made of: it does not say which it used."""
    usual = [run.parent / USUAL]
    if (run.parent.parent / JOURNAL).exists():  # a unit of a batch
        usual.append(run.parent.parent / USUAL)
    found = dict.fromkeys(p.resolve() for p in (*usual, *given) if p.is_dir())
    for cache in found:
        if names := held(cache, ".*.part"):
            raise InputError(f"another process uses it ({names[0]})", str(cache))
    return tuple(found)


def _entries(cache: Path) -> Iterable[Path]:
    """Return the files of a cache, and nothing else that lies in its folder."""
    own = [p for p in cache.iterdir() if p.is_file() and p.suffix in (".json", ".parquet")]
    return [*own, *(p for name in _KEPT for p in (cache / name).rglob("*") if p.is_file())]


def _clear(caches: Sequence[Path]) -> None:
    """Empty caches: their entries are named by hashes, and do not tell whose they are."""
    for cache in caches:
        for path in _entries(cache):
            path.unlink(missing_ok=True)
        for name in _KEPT:
            shutil.rmtree(cache / name, ignore_errors=True)


def _bundles_of(run: Path, manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the sealed bundles beside a run that were made of it."""
    identity = manifest["hashes"]["evidence_id"]
    found = []
    for path in sorted(run.parent.glob(f"*/{ENVELOPE}")):
        about = json.loads((path.parent / MANIFEST).read_bytes())
        if about.get("evidence_id") == identity:
            found.append(path.parent.name)
    return tuple(found)

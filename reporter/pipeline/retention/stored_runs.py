"""The runs of a folder, or of the units of a batch. In: a folder. Out: a row a run, from its
manifest alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reporter.errors import InputError
from reporter.report.trend.earlier_runs import in_utc
from reporter.runs.run_manifest import MANIFEST, read_manifest, reports_of
from reporter.runs.store import DATA, RESULTS


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run as its manifest describes it."""

    folder: Path
    organisation: str
    period_to: datetime
    as_of: datetime
    reports: tuple[str, ...]
    """Hashes by which later runs name it."""
    compared: frozenset[str]
    """Hashes of the earlier runs that it was compared with."""

    @property
    def series(self) -> Path:
        """Return the folder that it lies in: that of one unit, or of one organisation."""
        return self.folder.parent


def stored_runs(folder: Path) -> list[StoredRun]:
    """Return the runs that lie in a folder, and in its folders of units.

    Raises InputError where there is no folder, or a run has no manifest that can be read.
    """
    if not folder.is_dir():
        raise InputError("no such folder", str(folder), "Give the folder that holds the runs.")
    return [_read(path) for path in sorted(_run_folders(folder))]


def series_of(folder: Path) -> list[Path]:
    """Return the folder and those of its units: each may have a chain of its own."""
    return [folder, *sorted(p for p in _folders(folder) if not _is_run(p))]


def _run_folders(folder: Path) -> Iterator[Path]:
    for path in _folders(folder):
        if _is_run(path):
            yield path
        else:
            yield from (p for p in _folders(path) if _is_run(p))


def _folders(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink() and not path.name.startswith("."):
            yield path


def _is_run(path: Path) -> bool:
    """Tell whether a folder holds a run, or what is left of one; a sealed bundle is none."""
    return any((path / name).exists() for name in (DATA, RESULTS)) or (
        (path / MANIFEST).exists() and not (path / "manifest.dsse.json").exists()
    )


def _read(path: Path) -> StoredRun:
    manifest = read_manifest(path)
    compared = frozenset(str(r["report_sha256"]) for r in manifest.get("compared", ()))
    return StoredRun(
        path,
        manifest["organisation"],
        in_utc(datetime.fromisoformat(manifest["period"][1])),
        in_utc(datetime.fromisoformat(manifest["as_of"])),
        tuple(reports_of(manifest, DATA)),
        compared,
    )

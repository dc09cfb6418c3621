"""The input of a run as tables, kept with it: what was read can be assessed again without the
files. In: an engine that has just read a workspace. Out: a folder of Parquet; and back.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from reporter.engine.duckdb import DuckDB, parquet
from reporter.errors import InputError
from reporter.ingest.load import Intake
from reporter.runs.run_manifest import PURGED
from reporter.runs.store import decoded, encoded
from reporter.schema.tables import LOADED

FOLDER, INTAKE = "tables", "intake.json"
BESIDE = ("carried", "parts", "hidden")
"""Tables beside the loaded ones that models and notes read."""


def keep(engine: DuckDB, intake: Intake, settings: Mapping[str, Path], folder: Path) -> None:
    """Write all that was read to a folder, which is made, with the settings of the workspace by
    their names in it.

    An event keeps its number in its file, and a secret is the fingerprint that it was replaced by.
    """
    folder.mkdir()
    for name in (*(f"in_{t.name}" for t in LOADED), *BESIDE):
        # Parquet has no HUGEINT: it would become a number that is not exact.
        columns = ", ".join(
            f"CAST({column} AS BIGINT) AS {column}" if kind == "HUGEINT" else column
            for column, kind in engine.columns(f"SELECT * FROM {name}")
        )
        engine.write_parquet(f"SELECT {columns} FROM {name}", folder / f"{name}.parquet", "zstd")
    (folder / INTAKE).write_bytes(encoded(intake, None))
    for name, path in settings.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)


def refuse_people(is_asked: bool) -> None:
    """Raise InputError where tables are to be kept of a run that names nobody: they name people."""
    if is_asked:
        raise InputError(
            "the kept tables would name people, and the run replaces them by pseudonyms",
            "--keep-tables",
            "Give one of --keep-tables and --pseudonymise.",
        )


def refuse_missing(folder: Path) -> None:
    """Raise InputError where a folder holds no kept tables."""
    if not (folder / INTAKE).is_file():
        if (folder.parent / PURGED).is_file():
            raise InputError(
                "a purge has removed the tables that this run had kept, or it never had any",
                str(folder.parent),
                f"{PURGED} in it says what was removed.",
            )
        raise InputError(
            "this run has not kept its tables",
            str(folder.parent),
            "Only a run of `assess --keep-tables` can be assessed again without its files.",
        )


def key(folder: Path) -> str:
    """Return a key of fingerprints and pseudonyms, made from kept tables."""
    return hashlib.sha256((folder / INTAKE).read_bytes()).hexdigest()


def take(folder: Path, engine: DuckDB) -> Intake:
    """Lay kept tables under an engine, as reading the files again would; return the accounting.

    Raises InputError where they are none, or one is missing.
    """
    refuse_missing(folder)
    path = folder / INTAKE
    try:
        intake = decoded(path.read_bytes(), Intake)
    except msgspec.MsgspecError as error:
        raise InputError(f"is no accounting of kept tables: {error}", str(path)) from error
    for name in (*(f"in_{t.name}" for t in LOADED), *BESIDE):
        table = folder / f"{name}.parquet"
        if not table.is_file():
            raise InputError("is missing from the kept tables", str(table))
        own = engine.work / table.name  # the engine reaches no other folder while checks run
        try:
            own.hardlink_to(table)
        except OSError:  # another file system
            shutil.copyfile(table, own)
        kind = "VIEW" if name == "in_events" else "TABLE"
        engine.run(f"CREATE {kind} {name} AS SELECT * FROM {parquet(own)}")
    return replace(intake, repeatable=False)

"""Derived tables and results of large logs, kept beside the converted files: another run makes only
what differs. In: the input as read, the settings. Out: SELECTs of what is kept.

Tables are kept under a hash of the input and of what makes them, results under that and a hash of
each check. A folder is checked file by file before it is used, and no SQL is read from it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reporter.content.loader import Content
from reporter.content.workspace import Workspace
from reporter.engine.base import quoted_list
from reporter.engine.duckdb import DuckDB, parquet
from reporter.errors import ReporterError
from reporter.evaluate.coded_results import Aside
from reporter.ingest.cache import Cache
from reporter.ingest.cache import mark as key_mark
from reporter.ingest.load import Intake
from reporter.model.assessment import Check
from reporter.pipeline.kept_runs import ENTRY, program, put
from reporter.schema.compiled import Compiled
from reporter.schema.model_files import macro_texts, shipped
from reporter.system.hashes import sha256
from reporter.transform.dag import dependencies_of, models
from reporter.transform.derive import BEFORE_SCOPE

LARGE = 5_000
"""Events from which something is kept: with fewer, to keep it takes longer than it saves."""
MOST_ROWS = 2_000_000
"""Of a table, or of all results, that are kept."""
FOLDER, RESULTS = "tables", "results"
MOST = 4
"""Folders that are kept; the one that was used longest ago goes first."""
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_TYPES = (
    *("BIGINT", "BOOLEAN", "DATE", "DOUBLE", "INTEGER", "TIMESTAMP", "UBIGINT", "VARCHAR"),
    "VARCHAR[]",
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of runs over the same input."""

    cache: Cache
    key: str
    """'' where nothing is kept."""
    tables: Mapping[str, str]
    """Model -> SQL of its rows."""
    settings: str = ""
    """What shapes results beside tables and checks."""
    fresh: bool = False
    """What is kept is replaced, and not used."""


def find(
    cache: Cache,
    workspace: Workspace,
    content: Content,
    intake: Intake,
    fresh: bool = False,
) -> Kept:
    """Return what is kept of an input; nothing where it is small, where another try may read it
    otherwise, or where checks that did not ship take part.
    """
    if content.extra or content.packs or not intake.repeatable or intake.rows["events"] < LARGE:
        return Kept(cache, "", {})
    texts = [
        program([Path(__file__).parents[1]]),
        sorted((n, m.sql) for n, m in shipped().items()),
        sorted(macro_texts().items()),
        [s.sha256 for s in content.sources],
        repr((workspace.run, sorted(workspace.log_sources.items()))),
        [(f.file, f.sha256, f.source, f.kept, f.lined) for f in intake.files],
        key_mark(cache.secret_key),
    ]
    key = _digest(texts)
    entry = None if fresh else _entry(cache, key)
    tables = {
        name: _select(cache.folder / FOLDER / key / f"{name}.parquet", columns)
        for name, columns in (entry or {}).get("columns", {}).items()
    }
    settings = repr((sorted(workspace.approvers.items()), workspace.baseline))
    return Kept(cache, key, tables, settings, fresh)


@contextmanager
def kept_aside(engine: DuckDB, kept: Kept) -> Iterator[None]:
    """Keep the derived tables while other work, mostly outside the engine, goes on."""
    with ThreadPoolExecutor(1) as pool, engine.twin() as twin:
        keeping = pool.submit(keep_tables, twin, kept)
        yield
        keeping.result()


def keep_tables(engine: DuckDB, kept: Kept) -> None:
    """Keep the derived tables that are made from events."""
    if not kept.key or kept.tables:
        return
    columns = {name: engine.columns(f"SELECT * FROM {name}") for name in _from_events()}
    columns = {
        name: named
        for name, named in columns.items()
        if all(map(_is_plain, named)) and _rows(engine, name) <= MOST_ROWS
    }

    def write(folder: Path) -> dict[str, Any]:
        for name in columns:
            engine.write_parquet(f"SELECT * FROM {name}", folder / f"{name}.parquet")
        return {"columns": columns}

    _put(kept.cache, kept.key, write)


def take_results(
    engine: DuckDB,
    kept: Kept,
    compiled: Sequence[tuple[Check, Compiled]],
    aside: Aside | None,
) -> frozenset[str]:
    """Fill `results` with those of the checks that are kept, or lay them aside; return the ids of
    the checks.
    """
    key = _results_key(kept)
    if not key or kept.fresh or not (entry := _entry(kept.cache, key)):
        return frozenset()
    found = {c.id for c, j in compiled if entry["checks"].get(c.id) == _digest_of(c, j)}
    if found:
        path = kept.cache.folder / FOLDER / key / f"{RESULTS}.parquet"
        names = quoted_list(sorted(found))
        rows = f"SELECT * FROM {parquet(path)} WHERE list_contains({names}, check_id)"
        if aside:
            aside.add(engine, rows)
        else:
            engine.run(f"INSERT INTO results BY NAME {rows}")
    return frozenset(found)


def keep_results(
    engine: DuckDB,
    kept: Kept,
    compiled: Sequence[tuple[Check, Compiled]],
    taken: frozenset[str],
    faults: Mapping[str, str],
) -> None:
    """Keep the results of checks, as the checks found them; a check that failed has none."""
    key = _results_key(kept)
    checks = {c.id: _digest_of(c, j) for c, j in compiled if c.id not in faults}
    if not key or checks.keys() == taken or _rows(engine, RESULTS) > MOST_ROWS:
        return

    def write(folder: Path) -> dict[str, Any]:
        names = quoted_list(sorted(checks))
        rows = f"SELECT * FROM results WHERE list_contains({names}, check_id)"
        engine.write_parquet(rows, folder / f"{RESULTS}.parquet")
        return {"checks": checks}

    _put(kept.cache, key, write)


def _rows(engine: DuckDB, table: str) -> int:
    return int(engine.one(f"SELECT count(*) FROM {table}"))


def _results_key(kept: Kept) -> str:
    return kept.key and _digest([kept.key, kept.settings])


def _digest_of(check: Check, compiled: Compiled) -> str:
    return _digest([repr(replace(check, examples=())), compiled.sql])


def _digest(texts: list[Any]) -> str:
    text = json.dumps(texts, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _from_events() -> list[str]:
    """Return the models that are kept: tables made from events that are there after derivation."""
    return sorted(
        name
        for name, model in models().items()
        if model.kind == "table"
        and not model.is_scratch
        and name in BEFORE_SCOPE
        and "in_events" in dependencies_of(name)
    )


def _is_plain(column: Sequence[str]) -> bool:
    name, kind = column
    return bool(_NAME.fullmatch(name)) and kind in _TYPES


def _select(path: Path, columns: Sequence[Sequence[str]]) -> str:
    """SQL: the rows of a table that was kept, with its own types."""
    texts = [f"CAST({n} AS {t}) AS {n}" for n, t in columns]
    return f"SELECT {', '.join(texts)} FROM {parquet(path)}"


def _entry(cache: Cache, key: str) -> dict[str, Any] | None:
    """Return the entry of a folder whose files are what was kept; None where there is none."""
    folder = cache.folder / FOLDER / key
    if not os.path.lexists(folder):
        return None
    try:
        entry: dict[str, Any] = json.loads((folder / ENTRY).read_bytes())
        if entry["key"] != key:
            raise ValueError("it is the entry of another input")
        for name, digest in entry["files"].items():
            if Path(name).name != name or not stat.S_ISREG((folder / name).lstat().st_mode):
                raise ValueError(f"{name} is not a regular file")
            if sha256(folder / name) != digest:
                raise ValueError(f"{name} is not what was kept")
        names = {f"{n}.parquet" for n in entry.get("columns", {RESULTS: ()})}
        if names != entry["files"].keys():
            raise ValueError("it names other files than it has hashes of")
        for columns in entry.get("columns", {}).values():
            if not all(map(_is_plain, columns)):
                raise ValueError("a column of it has no plain name or type")
        os.utime(folder / ENTRY)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        cache.warn(f"{folder}: damaged ({error}); it is made again")
        shutil.rmtree(folder, ignore_errors=True)
        return None
    return entry


def _put(cache: Cache, key: str, write: Callable[[Path], dict[str, Any]]) -> None:
    """Keep what `write` leaves in a folder, in place of what is there; a full disk costs only
    this.
    """

    def fill(folder: Path) -> None:
        entry = write(folder)
        files = {p.name: sha256(p) for p in sorted(folder.iterdir())}
        text = json.dumps({"key": key, "files": files, **entry})
        (folder / ENTRY).write_text(text, encoding="utf-8")
        for path in folder.iterdir():
            path.chmod(0o600)

    place = cache.folder / FOLDER
    try:
        put(place, key, fill, MOST)
    except (OSError, ReporterError) as error:
        cache.warn(f"{place}: the tables could not be kept: {error}")

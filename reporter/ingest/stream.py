"""A big flat JSONL log straight through the engine. In: one file. Out: one Parquet file, or False.

False means that a line of it is not clean; the record-by-record path then finds out which and why.
"""

from __future__ import annotations

import gzip
import re
import shutil
import threading
import zlib
from pathlib import Path

from reporter.catalog import Source
from reporter.db import Engine, Error, quoted
from reporter.ingest.cache import Batch, Cache, Counts
from reporter.ingest.notes import note_bad_fields
from reporter.ingest.readers import MAX_RECORD, InputFile
from reporter.ingest.selects import cast_all, free_texts, given, select
from reporter.ingest.tables import WHO, columns_of
from reporter.ingest.typing_sql import looks_secret, without_secret
from reporter.schema import TABLES

_NO_NUMBER = re.compile(rb"[:,\[]\s*-?(NaN|Infinity)\b")
_JSON = "format='newline_delimited', maximum_object_size=33554432"


def stream(engine: Engine, source: Source, file: InputFile, batch: Batch, cache: Cache) -> bool:
    """Read one flat JSONL log with declared columns; False when a line of it is not clean."""
    try:
        path = _plain_file(file, engine.work / f"{batch.key}.jsonl")
    except (OSError, EOFError, zlib.error):
        return False
    target = cache.folder / f"{batch.key}.events.parquet"
    lines: list[int] = []
    counter = threading.Thread(target=lambda: lines.append(_count_lines(path, MAX_RECORD)))
    counter.start()
    columns = ", ".join(f"{quoted(n)}: {quoted(t)}" for n, t in source.columns.items())
    raw = f"* FROM read_json({quoted(str(path))}, {_JSON}, columns={{{columns}}})"
    engine.run(f"CREATE OR REPLACE TEMP VIEW raw AS SELECT CAST(NULL AS BIGINT) AS record, {raw}")
    try:
        engine.write_parquet(cast_all("events", source.tables["events"], engine, source), target)
    except Error:
        counter.join()
        return False
    finally:
        engine.run("DROP VIEW IF EXISTS raw")
    counter.join()
    read = f"read_parquet({quoted(str(target))})"
    required = [c.name for c in TABLES["events"].columns if c.required]
    broken = " OR ".join(f"{c} IS NULL" for c in required)
    names = [n for n, _ in columns_of(TABLES["events"])]
    seen = ", ".join(f"count({n})" for n in names)
    (n, bad, odd, *filled) = engine.rows(
        f"SELECT count(*), count(*) FILTER (WHERE {broken}), count(*) FILTER (WHERE odd), {seen} FROM {read}"
    )[0]
    if bad or n != lines[0]:
        return False
    if odd:
        _name_odd(engine, source, target, raw, batch)
    if path != file.path:
        path.unlink()
    _hide_secrets(engine, read, target, cache, batch)
    batch.stream = True
    batch.tables = {"events": target.name}
    batch.counts = [Counts(read=n, kept=n)]
    batch.carried = [("events", c) for c, k in zip(names, filled, strict=True) if k]
    return True


def _name_odd(engine: Engine, source: Source, target: Path, raw: str, batch: Batch) -> None:
    """Say which fields of which lines are not believed: the file is read once more for that."""
    engine.run(f"CREATE OR REPLACE TEMP VIEW raw AS SELECT row_number() OVER () AS record, {raw}")
    text = select(engine, source, "events", source.tables["events"])
    odd = (
        f"SELECT file_row_number + 1 AS record FROM read_parquet({quoted(str(target))}, file_row_number=true) "
        "WHERE odd"
    )
    try:
        engine.run(
            f"CREATE TEMP TABLE staged_events AS SELECT t.* FROM ({text}) AS t JOIN ({odd}) AS o USING (record)"
        )
        engine.run(
            "CREATE TEMP TABLE spooled AS SELECT record, 0 AS f, record AS n FROM staged_events"
        )
        note_bad_fields(engine, "events", given(engine, "events", text), batch, False)
    finally:
        engine.run("DROP VIEW raw")
        engine.run("DROP TABLE IF EXISTS staged_events")
        engine.run("DROP TABLE IF EXISTS spooled")


def _plain_file(file: InputFile, target: Path) -> Path:
    """The file itself, or what it unpacks to, written to `target`."""
    if not file.gzipped:
        return file.path
    with gzip.open(file.path, "rb") as packed, target.open("wb") as plain:
        shutil.copyfileobj(packed, plain, 1 << 22)
    return target


def _count_lines(path: Path, limit: int) -> int:
    """Count the lines; -1 when one is too long or holds a bare NaN, which the engine would let pass."""
    count, open_, tail = 0, 0, b""
    with path.open("rb", buffering=0) as handle:
        while chunk := handle.read(1 << 22):
            ends = chunk.count(b"\n")
            longest = open_ + (chunk.find(b"\n") if ends else len(chunk))
            open_ = len(chunk) - chunk.rfind(b"\n") - 1 if ends else longest
            count += ends
            if longest >= limit or (_hints_no_number(chunk) and _NO_NUMBER.search(tail + chunk)):
                return -1
            tail = chunk[-16:]
    return count + (open_ > 0)


def _hints_no_number(chunk: bytes) -> bool:
    """Look for the first letters first: finding one byte is ten times faster than finding three."""
    return (b"N" in chunk and b"NaN" in chunk) or (b"I" in chunk and b"Infinity" in chunk)


def _hide_secrets(engine: Engine, read: str, target: Path, cache: Cache, batch: Batch) -> None:
    texts = free_texts("events", {n for n, _ in columns_of(TABLES["events"])})
    rows = engine.rows(
        f"SELECT file_row_number + 1 FROM read_parquet({quoted(str(target))}, file_row_number=true) "
        f"WHERE {looks_secret(texts)} ORDER BY ALL"
    )
    if not rows:
        return
    swaps = ", ".join(f"{without_secret(c, cache.secret_key)} AS {c}" for c in texts)
    clean = target.with_suffix(".clean")
    engine.write_parquet(
        f"SELECT *, {WHO} AS who FROM (SELECT * EXCLUDE (who) REPLACE ({swaps}) FROM {read}) AS hidden",
        clean,
    )
    clean.replace(target)
    for (line,) in rows:
        note = "a field holds what looks like a secret; only its fingerprint is kept"
        batch.problems.append((0, line, "field", note, ""))

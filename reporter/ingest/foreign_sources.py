"""Sources that do not ship, run in a child. In: a spool of records, sources. Out: the records they
take, and rows of texts, as Parquet.

Their SQL sees the records and nothing else; casting, counting and hiding secrets happen in the
parent.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reporter.content import source_macros
from reporter.engine.base import quoted
from reporter.engine.duckdb import MOST_ROWS, DuckDB, parquet, refuse_too_much
from reporter.engine.sandbox import Child, Stopped
from reporter.errors import ContentError
from reporter.ingest.projection import described, spool_records
from reporter.model.source import Source

BYTES_A_SECOND = 1 << 20
"""A portion may take one second longer for each of these amounts of bytes."""


@dataclass(frozen=True, slots=True)
class Texts:
    """What the child made of a spool."""

    marks: str
    """SQL: record, mine, type of every record."""
    tables: dict[str, str]
    """SQL of each table's rows: record, and columns as text."""


def folder(engine: DuckDB) -> Path:
    """Return the only folder of the engine that a child may see; nothing else of the run lies
    there.
    """
    path = engine.work / "foreign"
    path.mkdir(exist_ok=True)
    return path


def clear(engine: DuckDB, key: str) -> None:
    """Remove what a batch left in that folder."""
    for path in folder(engine).glob(f"{key}.*"):
        path.unlink()


def vote(child: Child, source: Source, spool: Path) -> list[int]:
    """Return the kinds of sampled records that a source takes.

    Raises ContentError naming the source where its condition cannot run.
    """
    try:
        kinds = child.call(_vote, spool=str(spool), records=source.records, when=source.when)
    except Stopped as error:
        raise ContentError(f"'when' cannot run: it {error}", source.place) from error
    return [int(kind) for kind in kinds]


def texts(child: Child, source: Source, spool: Path) -> Texts:
    """Run a source over a spool.

    Raises Stopped where the child does not finish.
    """
    size = spool.stat().st_size
    tables = child.call(
        _texts,
        seconds=child.limits.seconds + size / BYTES_A_SECOND,
        source=asdict(source),
        spool=str(spool),
    )
    marks, *paths = (
        f"SELECT * FROM {parquet(f'{spool}.{n}.parquet')}" for n in range(1 + len(source.tables))
    )
    return Texts(marks, {t: s for t, s in zip(source.tables, paths, strict=True) if t in tables})


def stream(child: Child, source: Source, path: Path, raw: str, stem: Path) -> str:
    """Run a source's SELECT of events over a file, laid out as `raw` by a SELECT; return the SQL of
    its rows, in order.
    """
    out = stem.with_name(f"{stem.name}{path.suffix}.parquet")
    child.call(
        _stream,
        seconds=child.limits.seconds + path.stat().st_size / BYTES_A_SECOND,
        source=asdict(source),
        path=str(path),
        raw=raw,
        out=str(out),
    )
    return f"SELECT * FROM {parquet(out)}"


SAMPLED = "{k: 'BIGINT', p: 'VARCHAR', r: 'JSON'}"
SPOOLED = "{s: 'BIGINT', f: 'BIGINT', n: 'BIGINT', r: 'JSON'}"
LEAST_BUFFER = 1 << 20
"""Bytes; the engine reads as much at once, and each of its threads holds several."""


def read_spool(spool: Path, columns: str) -> str:
    """SQL: the lines of a spool, with buffers for its longest: with those for any record, the
    engine's memory went into them.
    """
    return (
        f"read_json({quoted(str(spool))}, format='newline_delimited',"
        f" maximum_object_size={_longest(spool) + 1}, hive_partitioning=false, columns={columns})"
    )


def _longest(spool: Path) -> int:
    """Return the length of the longest line, or the least buffer where no line is longer: one that
    is has no end in at least one half of such a size.
    """
    half = LEAST_BUFFER // 2
    with spool.open("rb") as lines:
        for position in range(0, spool.stat().st_size, half):
            lines.seek(position)
            if len(lines.readline(half)) == half:
                lines.seek(0)
                return max(LEAST_BUFFER, max(map(len, lines)))
    return LEAST_BUFFER


# ---------------------------------------------------------------- in the child


def _vote(spool: str, records: list[str], when: str) -> list[int]:
    with tempfile.TemporaryDirectory(dir=Path(spool).parent) as work, DuckDB(Path(work)) as engine:
        _prepare(engine, Path(spool))
        paths = ", ".join(quoted(p) for p in records)
        rows = engine.rows(
            f"SELECT k FROM {read_spool(Path(spool), SAMPLED)} WHERE CASE WHEN p IN ({paths}) THEN"
            f" ({when}) END ORDER BY k"
        )
        return [kind for (kind,) in rows]


def _texts(source: dict[str, Any], spool: str) -> list[str]:
    definition = Source(**source)
    with tempfile.TemporaryDirectory(dir=Path(spool).parent) as work, DuckDB(Path(work)) as engine:
        _prepare(engine, Path(spool))
        spool_records(engine, definition, read_spool(Path(spool), SPOOLED))
        engine.write_parquet("SELECT record, mine, type FROM spooled", Path(f"{spool}.0.parquet"))
        for number, table in enumerate(definition.tables, 1):
            _write(engine, definition, table, Path(f"{spool}.{number}.parquet"))
        return [*definition.tables]


def _stream(source: dict[str, Any], path: str, raw: str, out: str) -> None:
    definition = Source(**source)
    with tempfile.TemporaryDirectory(dir=Path(out).parent) as work, DuckDB(Path(work)) as engine:
        _prepare(engine, Path(out), [Path(path)])
        engine.run(f"CREATE TEMP VIEW raw AS {raw}")
        # A row a line, as is checked later.
        _write(engine, definition, "events", Path(out), sys.maxsize)


def _write(engine: DuckDB, source: Source, table: str, path: Path, most: int = MOST_ROWS) -> None:
    """Write what the SELECT of a table gives as text, in its order."""
    text, columns = described(engine, source, table, source.tables[table])
    names = ", ".join(f"CAST({c.name} AS VARCHAR) AS {c.name}" for c in columns)
    engine.write_parquet(f"SELECT record, {names} FROM ({text}) AS t", path)
    refuse_too_much(engine, path, most=most)


def _prepare(engine: DuckDB, spool: Path, files: Sequence[Path] = ()) -> None:
    source_macros.define(engine)
    engine.confine(spool.parent, files)

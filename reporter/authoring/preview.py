"""Try a source on a file. In: a source's id or file, and a file. Out: the rows it gives, and what
it rejects.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from reporter.content import loader
from reporter.content.packs import Pack
from reporter.engine.duckdb import DuckDB
from reporter.errors import InputError
from reporter.ingest.load import ingested
from reporter.ingest.readers.files import sniff
from reporter.model.source import Source
from reporter.schema.tables import LOADED, columns_of


def try_source(
    name: str, path: Path, extra: tuple[Path, ...] = (), packs: tuple[Pack, ...] = ()
) -> Iterator[str]:
    """Yield lines: the accounting of each part of the file, its rows as JSON by table, and what was
    not taken.

    Raises InputError where there is no such file or source.
    """
    if not path.is_file():
        raise InputError("no such file", str(path))
    source = _source(name, extra, packs)
    with ingested([sniff(path, path.name)], (source,)) as (engine, intake):
        for file in intake.files:
            yield (
                f"{file.file}: {file.why}; {file.read} records = {file.kept} kept +"
                f" {file.out_of_scope} out of scope + {file.unreadable} unreadable +"
                f" {file.rejected} rejected"
            )
        for table in LOADED:
            yield from _rows(engine, table.name, [n for n, _ in columns_of(table)])
        for _, kind, count in intake.out_of_scope:
            yield f"out of scope: {kind} ({count})"
        for note in intake.quarantined:
            yield f"{note.kind}: record {note.line}: {note.reason}"


def _rows(engine: DuckDB, table: str, columns: list[str]) -> Iterator[str]:
    names = ["record", *columns]
    rows = engine.rows(f"SELECT {', '.join(names)} FROM in_{table} ORDER BY ALL")
    if rows:
        yield f"{table}: {len(rows)} rows"
    for row in rows:
        values = {n: v for n, v in zip(names, row, strict=True) if v is not None}
        yield "  " + json.dumps(values, ensure_ascii=False, default=lambda t: t.isoformat())


def _source(name: str, extra: tuple[Path, ...], packs: tuple[Pack, ...]) -> Source:
    """Return a source by its file, or by its id among ours and those of --extra and packs."""
    if Path(name).is_file():
        return loader.foreign_source(Path(name))
    sources = {s.id: s for s in loader.load(extra, packs).sources}
    if name not in sources:
        raise InputError(
            f"no source {name!r}, and no such file", name, f"Known: {', '.join(sorted(sources))}."
        )
    return sources[name]

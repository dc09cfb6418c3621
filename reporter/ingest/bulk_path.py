"""A large flat JSONL log read directly by the engine. In: one file. Out: one Parquet file, or
False.

False means that a line is not clean; the record-by-record path then finds out which and why.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from reporter.engine.base import Error, quoted
from reporter.engine.duckdb import DuckDB, parquet
from reporter.engine.sandbox import Child
from reporter.ingest import foreign_sources
from reporter.ingest.cache import Batch, Cache, Counts, put
from reporter.ingest.projection import cast_all, described, free_texts
from reporter.ingest.quarantine import HID_IN_TABLE, TOO_LONG, cut, note_bad_fields, was_cut
from reporter.ingest.readers.files import DAMAGE, InputFile, opened
from reporter.ingest.readers.inputs import CHUNK, Digest, Lines
from reporter.model.sentences import Sentence
from reporter.model.source import Source
from reporter.privacy.redact_sql import has_suspect, hidden, suspect
from reporter.privacy.secrets import SHORTEST
from reporter.schema.tables import TABLES, columns_of, who_of

Samples = tuple[tuple[int, bytes], ...]
WORTH_SAMPLING = 1 << 27
"""Bytes of a log from which a sample tells what columns it fills."""
SAMPLES, SAMPLE = 256, 1 << 14
"""Places of a log that are looked at, and bytes at each."""
ROWS_OF_A_LINE = 1 << 20
"""More than a line has; so places of rows follow each other, whatever lines come later."""
FEW = 1 << 25
"""Bytes of lines of which all texts are held at once."""
_PORTION, _BEFORE = "portion.events.parquet", "lines_before"
_LINES_BEFORE = f"CAST(getvariable('{_BEFORE}') AS BIGINT)"
_NUMBERS = (
    f"CAST(0 AS BIGINT) AS f, {_LINES_BEFORE} * {ROWS_OF_A_LINE} - 1 + row_number() OVER () AS"
    f" place, {_LINES_BEFORE} + row_number() OVER () AS record"
)
"""SQL: what tells a row from all others of a file."""
_TELLING = ("event_id", "occurred_at", "ingested_at", "session_id", "resource")
"""Columns that tell one event from another."""


def stream(
    engine: DuckDB,
    source: Source,
    file: InputFile,
    digest: Digest,
    batch: Batch,
    cache: Cache,
    child: Child,
    begun: Path | None = None,
    before: int | None = None,
) -> bool:
    """Read one flat JSONL log with declared columns; False when a line of it is not clean. What was
    `begun` is its Parquet already. Where so many lines came `before`, the rows have their numbers
    and places among all.

    Raises Stopped where the child was stopped.
    """
    path, lines, samples = file.path, digest.lines, digest.samples
    if file.gzipped:
        path = engine.work / f"{batch.key}.jsonl"
        try:
            lines, samples = _unpack(file, path, engine.make_room)
        except DAMAGE:
            return False
    name = f"{batch.key}.{_ending(file)}"
    target = _target(engine, name, before)
    lay = partial(_lay_out, engine, source, child, batch.key)
    if begun:
        begun.replace(target)
    elif not _write_rows(engine, source, lay, path, target, before=before):
        return False
    seen = _look_over(engine, target, source)
    if seen.more:
        if not _write_rows(engine, source, lay, path, target, whole=True, before=before):
            return False
        seen = _look_over(engine, target, source)
    if (
        seen.bad
        or seen.rows != lines
        or (samples and not _in_order(engine, source, samples, target, batch, lay, seen.columns))
    ):
        return False
    given = {*seen.filled, *seen.blank}
    if seen.odd:
        rows = lay(path, _raw(path, source, "row_number() OVER ()"))
        given |= {*_name_odd(engine, source, target, rows, batch)}
    if not given <= {*seen.columns} and not _write_rows(
        engine, source, lay, path, target, whole=True, before=before
    ):
        return False
    _hide(engine, seen, target, batch, path.stat().st_size <= FEW)
    if path != file.path:
        path.unlink()
    put(cache, batch, target := target.rename(target.with_name(name)))
    batch.stream = True
    batch.tables = {"events": [target.name]}
    batch.counts = [Counts(read=seen.rows, kept=seen.rows)]
    batch.carried = sorted(("events", c) for c in given)
    return True


def _target(engine: DuckDB, name: str, before: int | None) -> Path:
    """Return where the rows are written: who converts portions has the same statements each time,
    and what tells one from another beside them.
    """
    if before is None:
        return engine.work / name
    engine.run(f"SET VARIABLE {_BEFORE} = {before}")
    return engine.work / _PORTION


def begin(engine: DuckDB, source: Source, file: InputFile, folder: Path) -> Path | None:
    """Convert a log of a source that ships while it is being hashed; return the Parquet, or None
    when a line is not clean.

    What `stream` checks is not checked yet.
    """
    target = folder / _ending(file)
    lay = partial(_lay_out_shipped, engine, source)
    return target if _write_rows(engine, source, lay, file.path, target) else None


def is_expected(file: InputFile, cache: Cache) -> bool:
    """Tell whether a log of its size was kept, so that it is worth to know its hash first."""
    return any(cache.folder.glob(f"*.{_ending(file)}"))


def _ending(file: InputFile) -> str:
    return f"{file.size}.events.parquet"


def _write_rows(
    engine: DuckDB,
    source: Source,
    lay: Callable[[Path, str], Any],
    path: Path,
    target: Path,
    whole: bool = False,
    before: int | None = None,
) -> bool:
    """Convert a log. Of a large one, unless it is to be `whole`, what no line of a sample fills is
    left out: to write it empty takes a sixth of the time. A row that fills it says `more`.
    """
    try:
        keys, names = ([], []) if whole else _unfilled(engine, source, lay, path, target)
        fills = " OR ".join(f"{_column(k)} IS NOT NULL" for k in keys) or "FALSE"
        empty = ", ".join(f"CAST(NULL AS {source.columns[k]}) AS {_column(k)}" for k in keys)
        # The row's number is not known here, so that its column can carry what a source drops.
        raw = f"SELECT CASE WHEN {fills} THEN 1 END AS record, *"
        raw += f" REPLACE ({empty})" if empty else ""
        rows = lay(path, f"{raw} FROM {_read(path, source.columns)}")
        events = cast_all("events", rows, engine, source, "record, ")
        more = " OR ".join(f"{name} IS NOT NULL" for name in ("record", *names))
        numbers = "" if before is None else f", {_NUMBERS}"
        engine.write_parquet(
            f"SELECT * EXCLUDE ({', '.join(['record', *names])}), {more} AS more{numbers}"
            f" FROM ({events}) AS e",
            target,
        )
    except Error:
        return False
    finally:
        engine.run("DROP VIEW IF EXISTS raw")
    return True


def _unfilled(
    engine: DuckDB, source: Source, lay: Callable[[Path, str], Any], path: Path, target: Path
) -> tuple[list[str], list[str]]:
    """Name the keys that no line of a sample of a large log holds, and the optional columns of
    events that none fills.
    """
    if source.foreign or path.stat().st_size < WORTH_SAMPLING:
        return [], []
    sample = target.with_suffix(".sample")
    if not sample.write_bytes(b"".join(_some_lines(path))):
        return [], []
    rows = lay(sample, _raw(sample, source))
    required = {c.name for c in TABLES["events"].columns if c.required} | {*source.must_have}
    names = [n for n, _ in columns_of(TABLES["events"]) if n not in required]
    events = cast_all("events", rows, engine, source)
    unfilled = (
        _empty(engine, list(source.columns), _read(sample, source.columns)),
        _empty(engine, names, f"({events}) AS e"),
    )
    # What holds a text of nothing is no column that the log does not have.
    blank = {*_blank(engine, f"({events}) AS e")}
    sample.unlink()
    return unfilled[0], [n for n in unfilled[1] if n not in blank]


def _blank(engine: DuckDB, relation: str) -> list[str]:
    """Name the columns that hold a text of nothing in a row of a relation."""
    asked = f"SELECT DISTINCT unnest(blank) AS name FROM {relation} ORDER BY name"
    return [name for (name,) in engine.rows(asked)]


def _empty(engine: DuckDB, names: Sequence[str], relation: str) -> list[str]:
    """Name the columns of a relation that no row fills."""
    counts = ", ".join(f"count({_column(name)})" for name in names)
    (filled,) = engine.rows(f"SELECT {counts} FROM {relation}")
    return [name for name, n in zip(names, filled, strict=True) if not n]


def _column(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _some_lines(path: Path) -> Iterator[bytes]:
    """Yield whole lines from many places of a file."""
    size = path.stat().st_size
    with path.open("rb", buffering=0) as file:
        for start in range(0, size, size // SAMPLES):
            file.seek(start)
            piece = file.read(SAMPLE)
            first = piece.find(b"\n") + 1 if start else 0
            yield piece[first : piece.rfind(b"\n") + 1]


def _raw(path: Path, source: Source, record: str = "CAST(NULL AS BIGINT)") -> str:
    """SQL: the lines of a file as `raw`."""
    return f"SELECT {record} AS record, * FROM {_read(path, source.columns)}"


def _read(path: Path, columns: dict[str, str]) -> str:
    declarations = ", ".join(f"{quoted(n)}: {quoted(t)}" for n, t in columns.items())
    return (
        f"read_json({quoted(str(path))}, format='newline_delimited', maximum_object_size=33554432, "
        f"hive_partitioning=false, columns={{{declarations}}})"
    )


def _lay_out(engine: DuckDB, source: Source, child: Child, key: str, path: Path, raw: str) -> Any:
    """Lay records out as `raw` for the SELECT of events, which is returned; a source that does not
    ship has already run.
    """
    if source.foreign:
        return foreign_sources.stream(
            child, source, path, raw, foreign_sources.folder(engine) / key
        )
    return _lay_out_shipped(engine, source, path, raw)


def _lay_out_shipped(engine: DuckDB, source: Source, path: Path, raw: str) -> Any:
    engine.run(f"CREATE OR REPLACE TEMP VIEW raw AS {raw}")
    return source.tables["events"]


def _in_order(
    engine: DuckDB,
    source: Source,
    samples: Samples,
    target: Path,
    batch: Batch,
    lay: Callable[[Path, str], Any],
    columns: list[str],
) -> bool:
    """Look up the sample lines: each must be the row of its number, or record numbers would point
    to wrong lines. `columns` are those of the rows.
    """
    plain_samples = [(n, t) for n, t in samples if re.match(rb'\{\s*"', t)]
    path = engine.work / f"{batch.key}.samples"
    path.write_bytes(b"".join(b'{"sample_line":%d,%b\n' % (n, t[1:]) for n, t in plain_samples))
    typed = {"sample_line": "BIGINT", **source.columns}
    rows = lay(
        path, f"SELECT sample_line AS record, * EXCLUDE (sample_line) FROM {_read(path, typed)}"
    )
    try:
        expected_rows = cast_all("events", rows, engine, source, "record, ")
        telling = ("who", *(c for c in _TELLING if c in columns))
        condition = " AND ".join(f"s.{c} IS NOT DISTINCT FROM p.{c}" for c in telling)
        match_count = engine.one(
            f"SELECT count(*) FROM ({expected_rows}) AS s JOIN {parquet(target, numbered=True)} "
            f"AS p ON p.file_row_number = s.record - 1 WHERE {condition}"
        )
    finally:
        engine.run("DROP VIEW IF EXISTS raw")
    return bool(match_count == len(plain_samples))


class _Seen(NamedTuple):
    """What the rows of a log show."""

    columns: list[str]
    """Of events, that the rows have at all."""
    rows: int
    bad: int
    """Rows that lack a required column."""
    odd: int
    """Rows with a field that is not believed."""
    more: int
    """Rows that fill a column which was left out."""
    filled: list[str]
    """Columns."""
    blank: list[str]
    """Columns that hold a text of nothing in a row."""
    long: list[str]
    """Free texts long enough to hold a secret."""
    endless: list[str]
    """Free texts that are too long."""


def _look_over(engine: DuckDB, target: Path, source: Source) -> _Seen:
    columns = {n for n, _ in engine.columns(f"SELECT * FROM {parquet(target)}")}
    names = [n for n, _ in columns_of(TABLES["events"]) if n in columns]
    texts = free_texts("events", set(names))
    missing_condition = " OR ".join(
        f"{c.name} IS NULL"
        for c in TABLES["events"].columns
        if c.required or c.name in source.must_have
    )
    counts = ", ".join(f"count({n})" for n in names)
    longest = ", ".join(f"coalesce(max(strlen({n})), 0)" for n in texts)
    row_count, bad_count, odd_count, more_count, blank_count, *measures = engine.rows(
        f"SELECT count(*), count(*) FILTER (WHERE {missing_condition}), count(*) FILTER (WHERE"
        f" odd), count(*) FILTER (WHERE more), count(blank), {counts}, {longest} FROM"
        f" {parquet(target)}"
    )[0]
    filled_columns = [c for c, k in zip(names, measures[: len(names)], strict=True) if k]
    sizes = list(zip(texts, measures[len(names) :], strict=True))
    return _Seen(
        names,
        row_count,
        bad_count,
        odd_count,
        more_count,
        filled_columns,
        _blank(engine, parquet(target)) if blank_count else [],
        [c for c, k in sizes if k >= SHORTEST],
        [c for c, k in sizes if k > TOO_LONG],
    )


def _name_odd(engine: DuckDB, source: Source, target: Path, rows: Any, batch: Batch) -> list[str]:
    """Note which fields of which lines are not believed, and return the columns that these lines
    give, whether they are believed or not; this reads the file once more.
    """
    text, columns = described(engine, source, "events", rows)
    odd_rows = (
        f"SELECT file_row_number + 1 AS record FROM {parquet(target, numbered=True)} WHERE odd"
    )
    try:
        engine.run(
            f"CREATE TEMP TABLE staged_events AS SELECT t.* FROM ({text}) AS t JOIN ({odd_rows}) AS"
            " o USING (record)"
        )
        engine.run(
            "CREATE TEMP TABLE spooled AS SELECT record, 0 AS f, record AS n FROM staged_events"
        )
        note_bad_fields(engine, "events", columns, batch, False)
        names = [c.name for c in columns]
        empty = _empty(engine, names, "staged_events")
        return [n for n in names if n not in empty]
    finally:
        engine.run("DROP VIEW IF EXISTS raw")
        engine.run("DROP TABLE IF EXISTS staged_events")
        engine.run("DROP TABLE IF EXISTS spooled")


def _unpack(
    packed: InputFile, target: Path, make_room: Callable[[int], None]
) -> tuple[int, Samples]:
    """Write what a gz file holds to `target`; return its number of lines, and samples of them."""
    lines = Lines()
    with opened(packed) as source, target.open("wb") as output:
        while chunk := source.read(CHUNK):
            make_room(len(chunk))
            output.write(chunk)
            lines.add(chunk)
    return lines.total(), tuple(lines.samples)


def _hide(engine: DuckDB, seen: _Seen, path: Path, batch: Batch, are_few: bool) -> None:
    """Remove secrets and overlong texts from the rows before they are stored."""
    scan = parquet(path, numbered=True)
    long_columns, endless_columns = seen.long, seen.endless
    rows = []
    if long_columns and has_suspect(engine, scan, long_columns, are_few):
        rows = engine.rows(
            f"SELECT file_row_number + 1 FROM {scan} WHERE {suspect(long_columns)} "
            f"AND {hidden(long_columns)} <> [{', '.join(long_columns)}] ORDER BY ALL"
        )
    for name in endless_columns:
        long_rows = engine.rows(
            f"SELECT file_row_number + 1 FROM {scan} WHERE length({name}) > {TOO_LONG} ORDER BY ALL"
        )
        cut_note = was_cut(f"events.{name}")
        batch.problems += [(0, line, "field", cut_note, "") for (line,) in long_rows]
    hide_note = Sentence(HID_IN_TABLE, (("table", "events"),))
    batch.problems += [(0, line, "field", hide_note, "") for (line,) in rows]
    if not rows and not endless_columns:
        return
    expressions = {c: c for c in endless_columns}
    if rows:
        expressions |= {
            c: f"CASE WHEN kept IS NULL THEN {c} ELSE kept[{i}] END"
            for i, c in enumerate(long_columns, 1)
        }
    swaps = ", ".join(
        f"{cut(f'({text})') if c in endless_columns else text} AS {c}"
        for c, text in expressions.items()
    )
    hidden_values = (
        f"CASE WHEN {suspect(long_columns)} THEN {hidden(long_columns)} END" if rows else "NULL"
    )
    clean_path = path.with_suffix(".hidden")
    engine.write_parquet(
        f"SELECT *, {who_of(seen.columns)} AS who FROM (SELECT * EXCLUDE (who,"
        f" file_row_number, kept) REPLACE ({swaps}) FROM (SELECT *, {hidden_values} AS kept FROM"
        f" {scan}) AS k) AS hidden",
        clean_path,
    )
    clean_path.replace(path)

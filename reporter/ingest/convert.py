"""Files of one source to Parquet, once, with every record accounted for. In: a source and its files. Out: a Batch.

Small and odd files go record by record through a spool; a big flat JSONL log goes straight through the engine, and
falls back to the spool when a line of it is not clean, so that every defect has its line.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import threading
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from reporter.catalog import Source
from reporter.columns import TEXT, TIME, Column
from reporter.db import Engine, Error, quoted
from reporter.db import version as engine_version
from reporter.errors import ContentError
from reporter.ingest.readers import (
    MAX_RECORD,
    Document,
    InputFile,
    Problem,
    documents,
    shown,
    unfit,
)
from reporter.ingest.recognise import Choice, has_place, records_at
from reporter.ingest.tables import WHO, columns_of
from reporter.ingest.typing_sql import expected, looks_secret, redact, typed, without_secret
from reporter.schema import TABLES, VOCABULARY

STREAM_FROM = 8 << 20
"""Bytes from which a flat JSONL log is read by the engine directly."""
FORMAT = "3"
"""Part of every cache key; raise it when the Parquet written here changes its meaning."""
LISTED = 1000
"""Notes on one field of one file that are listed one by one; the rest is a number."""
_NO_NUMBER = re.compile(rb"[:,\[]\s*-?(NaN|Infinity)\b")
_JSON = "format='newline_delimited', maximum_object_size=33554432"


@dataclass(slots=True)
class Counts:
    """Accounting of one file of a batch."""

    read: int = 0
    kept: int = 0
    out_of_scope: int = 0
    unreadable: int = 0
    rejected: int = 0
    blank: int = 0


@dataclass(slots=True)
class Batch:
    """What the files of one source became; kept beside its Parquet files as JSON."""

    source: str
    key: str
    tables: dict[str, str] = field(default_factory=dict)
    """table -> Parquet file name"""
    stream: bool = False
    counts: list[Counts] = field(default_factory=list)
    """By file, in the order of the batch."""
    problems: list[tuple[int, int, str, str, str]] = field(default_factory=list)
    """(file, line, kind, reason, text)"""
    other_types: list[tuple[str, int]] = field(default_factory=list)
    """(record type, count) of what was out of scope."""
    carried: list[tuple[str, str]] = field(default_factory=list)
    """(table, column) that at least one record carries."""


@dataclass(frozen=True, slots=True)
class Cache:
    """The folder of converted logs and the key that secrets are fingerprinted with."""

    folder: Path
    secret_key: str


def open_cache(folder: Path) -> Cache:
    """Open or make a cache; its key file is readable by its owner only."""
    import secrets

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "fingerprint.key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32), encoding="ascii")
    return Cache(folder, path.read_text(encoding="ascii"))


def convert(
    engine: Engine, choices: list[Choice], cache: Cache
) -> list[tuple[Batch, list[InputFile], list[str]]]:
    """Convert the recognised files, or find them converted; return (batch, its files, their sha256)."""
    done = []
    for source, path, files in _batches(choices):
        hashes = [_sha256(f.path) for f in files]
        key = _key(source, path, hashes)
        batch = _cached(cache, key)
        if batch is None:
            batch = _convert(engine, source, path, files, key, cache)
            _keep(cache, batch)
        done.append((batch, files, hashes))
    return done


def _batches(choices: list[Choice]) -> Iterator[tuple[Source, str, list[InputFile]]]:
    """Big flat logs alone, the rest of a source together."""
    groups: dict[tuple[str, str], tuple[Source, list[InputFile]]] = {}
    for choice in choices:
        if choice.source is None:
            continue
        if _streams(choice.source, choice.file):
            yield choice.source, choice.path, [choice.file]
        else:
            groups.setdefault((choice.source.id, choice.path), (choice.source, []))[1].append(
                choice.file
            )
    for (_, path), (source, files) in sorted(groups.items(), key=lambda g: g[0]):
        yield source, path, files


def _streams(source: Source, file: InputFile) -> bool:
    return (
        bool(source.columns) and file.format == "jsonl" and file.encoding == "utf-8"
        and file.size * (8 if file.gzipped else 1) >= STREAM_FROM
    )  # fmt: skip


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _key(source: Source, path: str, hashes: list[str]) -> str:
    shape = repr([(t.name, columns_of(t)) for t in TABLES.values() if t.loaded])
    text = "\0".join([FORMAT, engine_version(), source.sha256, path, shape, *hashes])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _cached(cache: Cache, key: str) -> Batch | None:
    path = cache.folder / f"{key}.json"
    if not path.exists():
        return None
    data = json.loads(path.read_text(encoding="utf-8"))
    if not all((cache.folder / name).exists() for name in data["tables"].values()):
        return None
    data["counts"] = [Counts(**c) for c in data["counts"]]
    for name in ("problems", "other_types", "carried"):
        data[name] = [tuple(x) for x in data[name]]
    return Batch(**data)


def _keep(cache: Cache, batch: Batch) -> None:
    text = json.dumps(asdict(batch), sort_keys=True, ensure_ascii=False)
    temporary = cache.folder / f"{batch.key}.json.part"
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(cache.folder / f"{batch.key}.json")


def _convert(
    engine: Engine, source: Source, path: str, files: list[InputFile], key: str, cache: Cache
) -> Batch:
    batch = Batch(source.id, key, counts=[Counts() for _ in files])
    if len(files) == 1 and _streams(source, files[0]):
        if _stream(engine, source, files[0], batch, cache):
            return batch
        batch = Batch(source.id, key, counts=[Counts()])
    _spool(engine, source, path, files, batch)
    try:
        _load_spool(engine, source, batch, cache)
    finally:
        for name in ("raw", "spooled", "produced", *(f"staged_{t}" for t in source.tables)):
            engine.run(f"DROP TABLE IF EXISTS {name}") if name != "raw" else engine.run(
                "DROP VIEW IF EXISTS raw"
            )
    return batch


# ---------------------------------------------------------------- straight through the engine


def _stream(engine: Engine, source: Source, file: InputFile, batch: Batch, cache: Cache) -> bool:
    """Read one flat JSONL log with declared columns; False when a line of it is not clean."""
    try:
        path = _plain_file(engine, file)
    except (OSError, EOFError, zlib.error):
        return False
    target = cache.folder / f"{batch.key}.events.parquet"
    lines: list[int] = []
    counter = threading.Thread(target=lambda: lines.append(_count_lines(path, MAX_RECORD)))
    counter.start()
    columns = ", ".join(f"{quoted(n)}: {quoted(t)}" for n, t in source.columns.items())
    engine.run("DROP VIEW IF EXISTS raw")
    raw = f"* FROM read_json({quoted(str(path))}, {_JSON}, columns={{{columns}}})"
    engine.run(f"CREATE VIEW raw AS SELECT CAST(NULL AS BIGINT) AS record, {raw}")
    try:
        engine.write_parquet(_cast_all("events", source.tables["events"], engine, source), target)
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
    engine.run(f"CREATE VIEW raw AS SELECT row_number() OVER () AS record, {raw}")
    text = _select(engine, source, "events", source.tables["events"])
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
        _note_bad_fields(engine, "events", _given(engine, "events", text), batch, False)
    finally:
        engine.run("DROP VIEW raw")
        engine.run("DROP TABLE IF EXISTS staged_events")
        engine.run("DROP TABLE IF EXISTS spooled")


def _given(engine: Engine, table: str, text: str) -> list[Column]:
    """The columns of a table that a SELECT fills."""
    names = {n for n, _ in engine.columns(text)} & {n for n, _ in columns_of(TABLES[table])}
    return [c for c in TABLES[table].columns if c.name in names]


def _plain_file(engine: Engine, file: InputFile) -> Path:
    if not file.gzipped:
        return file.path
    import gzip

    path = engine.work / "unpacked.jsonl"
    with gzip.open(file.path, "rb") as packed, path.open("wb") as plain:
        shutil.copyfileobj(packed, plain, 1 << 22)
    return path


def _count_lines(path: Path, limit: int) -> int:
    """Count the lines; -1 when one is too long or holds a bare NaN, which the engine would let pass."""
    count, open_, tail = 0, 0, b""
    with path.open("rb", buffering=0) as handle:
        while chunk := handle.read(1 << 22):
            ends = chunk.count(b"\n")
            longest = open_ + (chunk.find(b"\n") if ends else len(chunk))
            open_ = len(chunk) - chunk.rfind(b"\n") - 1 if ends else longest
            count += ends
            odd = (b"NaN" in chunk or b"Infinity" in chunk) and _NO_NUMBER.search(tail + chunk)
            if longest >= limit or odd:
                return -1
            tail = chunk[-16:]
    return count + (open_ > 0)


def _free_texts(table: str, names: set[str]) -> list[str]:
    """The text columns in which anything could stand; closed vocabularies cannot hold a secret."""
    return [
        c.name for c in TABLES[table].columns
        if c.type == TEXT and c.name in names and f"{table}.{c.name}" not in VOCABULARY
    ]  # fmt: skip


def _hide_secrets(engine: Engine, read: str, target: Path, cache: Cache, batch: Batch) -> None:
    texts = _free_texts("events", {n for n, _ in columns_of(TABLES["events"])})
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
        batch.problems.append(
            (
                0,
                line,
                "field",
                "a field holds what looks like a secret; only its fingerprint is kept",
                "",
            )
        )


# ---------------------------------------------------------------- record by record


def _spool(engine: Engine, source: Source, path: str, files: list[InputFile], batch: Batch) -> None:
    """Write every readable record as one line of a spool, numbered; count what cannot be read."""
    seq = 0
    with (engine.work / "spool.ndjson").open("w", encoding="utf-8") as spool:
        for index, file in enumerate(files):
            counts = batch.counts[index]
            numbered = file.format in ("json", "yaml")
            for item in documents(file, engine):
                if isinstance(item, Problem):
                    counts.read += 1
                    counts.unreadable += 1
                    batch.problems.append(
                        (index, item.line, "unreadable", item.reason, redact(item.text))
                    )
                    continue
                if not has_place(item.value, path):
                    counts.read += 1
                    counts.unreadable += 1
                    batch.problems.append(
                        (index, item.line, "unreadable", f"no records stand at {path}", "")
                    )
                for text, line in _records(item, path):
                    seq += 1
                    counts.read += 1
                    number = counts.read if numbered else line
                    if why := unfit(text):
                        counts.unreadable += 1
                        batch.problems.append(
                            (index, number, "unreadable", why, redact(shown(text)))
                        )
                    else:
                        spool.write(f'{{"s":{seq},"f":{index},"n":{number},"r":{text}}}\n')


def _records(item: Document, path: str) -> Iterator[tuple[str, int]]:
    """Yield (JSON text, line) of the records in a document."""
    if not path and item.text and isinstance(item.value, dict):
        yield item.text, item.line
        return
    for record in records_at(item.value, path):
        yield json.dumps(record, ensure_ascii=False), item.line


def _load_spool(engine: Engine, source: Source, batch: Batch, cache: Cache) -> None:
    spool = quoted(str(engine.work / "spool.ndjson"))
    mine = "TRUE" if source.columns else source.when
    engine.run("DROP TABLE IF EXISTS spooled")
    engine.run(
        f"CREATE TEMP TABLE spooled AS SELECT s AS record, f, n, r, coalesce({mine}, FALSE) "
        f"AND NOT coalesce({source.skip}, FALSE) AS mine, {source.type_of} AS type FROM read_json({spool}, "
        "format='newline_delimited', maximum_object_size=33554432, "
        "columns={s: 'BIGINT', f: 'BIGINT', n: 'BIGINT', r: 'JSON'})"
    )
    engine.run(f"CREATE OR REPLACE TEMP VIEW raw AS {_raw(source)}")
    engine.run(
        "CREATE OR REPLACE TEMP TABLE produced (record BIGINT, good BOOLEAN, reason VARCHAR)"
    )
    for table, sql in source.tables.items():
        _stage(engine, source, table, sql, batch, cache)
    _account(engine, batch)


def _raw(source: Source) -> str:
    if not source.columns:
        return "SELECT record, r FROM spooled WHERE mine"
    spec = json.dumps(source.columns)
    names = ", ".join(f"x.{n} AS {n}" for n in source.columns)
    return f"SELECT record, {names} FROM (SELECT record, json_transform(r, {quoted(spec)}) AS x FROM spooled WHERE mine)"


def _stage(
    engine: Engine, source: Source, table: str, sql: Any, batch: Batch, cache: Cache
) -> None:
    """Run one table's SELECT, cast it, note what does not cast, write the good rows."""
    text = _select(engine, source, table, sql)
    trimmed = table != "events"
    columns = _given(engine, table, text)
    raw_names = ", ".join(f"CAST({c.name} AS VARCHAR) AS {c.name}" for c in columns)
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE staged_{table} AS SELECT record, {raw_names} FROM ({text}) AS t"
    )
    for column in columns:
        if engine.one(f"SELECT count({column.name}) FROM staged_{table}"):
            batch.carried.append((table, column.name))
    _note_bad_fields(engine, table, columns, batch, trimmed)
    texts = _free_texts(table, {c.name for c in columns})
    if texts and engine.one(f"SELECT count(*) FROM staged_{table} WHERE {looks_secret(texts)}"):
        _note(
            engine,
            batch,
            f"SELECT record, 'a field of {table} holds what looks like a secret; only its fingerprint "
            f"is kept' FROM staged_{table} WHERE {looks_secret(texts)}",
        )
        swaps = ", ".join(f"{c} = {without_secret(c, cache.secret_key)}" for c in texts)
        engine.run(f"UPDATE staged_{table} SET {swaps}")
    casts = {c.name: typed(table, c, c.name, trimmed) for c in columns}
    required = [c for c in TABLES[table].columns if c.required]
    good = " AND ".join(f"({casts.get(c.name, 'NULL')}) IS NOT NULL" for c in required)
    lacking = " ".join(
        f"WHEN ({casts.get(c.name, 'NULL')}) IS NULL THEN {quoted(_lack(table, c))}"
        for c in required
    )
    engine.run(
        f"INSERT INTO produced SELECT record, {good}, CASE {lacking} END FROM staged_{table}"
    )
    values = ", ".join(
        f"{casts[n]} AS {n}" if n in casts else f"CAST(NULL AS {t}) AS {n}"
        for n, t in columns_of(TABLES[table])
    )
    ties = "".join(f", {n}" for n in casts) if trimmed else ""
    who = f", {WHO} AS who" if table == "events" else ""
    file = f"{batch.key}.{table}.parquet"
    engine.write_parquet(
        f"SELECT *{who} FROM (SELECT {values}, f, n AS record FROM (SELECT t.*, s.f, s.n FROM staged_{table} AS t "
        f"JOIN (SELECT record, f, n FROM spooled) AS s USING (record)) AS numbered "
        f"WHERE {good} ORDER BY numbered.record{ties}) AS cast_rows",
        cache.folder / file,
    )
    batch.tables[table] = file


def _lack(table: str, column: Column) -> str:
    return f"{table}.{column.name} is missing or unreadable; expected {expected(table, column)}"


def _select(engine: Engine, source: Source, table: str, sql: Any) -> str:
    """The SELECT of a table; {from: SELECT record, r ...} takes every column not given from r by its name."""
    text = sql["from"] if isinstance(sql, dict) else sql
    try:
        given = {n for n, _ in engine.columns(text)}
    except Error as error:
        raise ContentError(
            f"SQL of table {table} cannot run: {str(error).splitlines()[0]}", source.place
        ) from error
    known = dict(columns_of(TABLES[table]))
    unknown = sorted(given - set(known) - {"record", "r"})
    if unknown or "record" not in given:
        wrong = (
            f"gives column {unknown[0]!r}, which {table} does not have"
            if unknown
            else "does not give record"
        )
        raise ContentError(
            f"SQL of table {table} {wrong}", source.place, "`reporter lint --tables` lists them."
        )
    if not isinstance(sql, dict):
        return str(text)
    own = [n for n in known if n in given]
    taken = [n for n in known if n not in given]
    paths = "[" + ", ".join(quoted(f"$.{n}") for n in taken) + "]"
    picked = [
        f"CASE t[{i}] WHEN 'NULL' THEN '' ELSE v[{i}] END AS {n}" for i, n in enumerate(taken, 1)
    ]
    return (
        f"SELECT {', '.join(['record', *own, *picked])} FROM (SELECT *, json_extract_string(r, {paths}) AS v, "
        f"json_type(r, {paths}) AS t FROM ({text}) AS given_rows) AS parsed"
    )


def _cast_all(table: str, sql: Any, engine: Engine, source: Source) -> str:
    text = _select(engine, source, table, sql)
    names = {n for n, _ in engine.columns(text)}
    by_name = {c.name: c for c in TABLES[table].columns}
    values = ", ".join(
        f"{typed(table, by_name[n], n, False)} AS {n}"
        if n in names
        else f"CAST(NULL AS {t}) AS {n}"
        for n, t in columns_of(TABLES[table])
    )
    odd = []
    for column in (c for n, c in by_name.items() if n in names):
        cast = typed(table, column, column.name, False)
        odd += [] if column.required or not _can_fail(table, column) else [_no_cast(column, cast)]
        odd += [_no_zone(column, cast)] if column.type == TIME else []
    rows = f"SELECT {values}, {' OR '.join(odd)} AS odd FROM ({text}) AS t"
    return f"SELECT *, {WHO} AS who FROM ({rows}) AS cast_rows"


def _can_fail(table: str, column: Column) -> bool:
    return column.type != TEXT or f"{table}.{column.name}" in VOCABULARY


def _no_cast(column: Column, cast: str) -> str:
    """SQL: the field holds something that is not of its type."""
    return f"coalesce(trim({column.name}) <> '' AND ({cast}) IS NULL, FALSE)"


def _no_zone(column: Column, cast: str) -> str:
    """SQL: the field holds a time of day without a zone."""
    name = column.name
    return (
        f"coalesce(CASE WHEN right({name}, 1) IN ('Z', 'z') OR length({name}) <= 10 THEN FALSE "
        f"ELSE ({cast}) IS NOT NULL "
        f"AND NOT regexp_matches({name}, '(UTC|GMT|[+-][0-9]{{2}}:?[0-9]{{2}})$') END, FALSE)"
    )


def _note_bad_fields(
    engine: Engine, table: str, columns: list[Column], batch: Batch, trimmed: bool
) -> None:
    """Optional fields that do not cast, and times without a zone: the record is kept, the field is not believed."""
    for column in columns:
        cast = typed(table, column, column.name, trimmed)
        if not column.required and _can_fail(table, column):
            _note(
                engine,
                batch,
                f"SELECT record, {quoted(f'{table}.{column.name} is not ')} || "
                f"{quoted(expected(table, column))} || ': ' || left({column.name}, 60) FROM staged_{table} "
                f"WHERE {_no_cast(column, cast)}",
            )
        if column.type == TIME:
            _note(
                engine,
                batch,
                f"SELECT record, {quoted(f'{table}.{column.name} has no time zone and was read as UTC: ')} "
                f"|| left({column.name}, 40) FROM staged_{table} WHERE {_no_zone(column, cast)}",
            )


def _note(engine: Engine, batch: Batch, sql: str) -> None:
    for index, line, reason, place, total in engine.rows(
        f"SELECT f, n, reason, place, total FROM (SELECT s.f, s.n, q.reason, "
        "row_number() OVER (PARTITION BY s.f ORDER BY s.record, q.reason) AS place, "
        "count(*) OVER (PARTITION BY s.f) AS total "
        f"FROM (SELECT DISTINCT record, reason FROM ({sql}) AS d(record, reason)) AS q "
        f"JOIN spooled AS s USING (record)) AS p WHERE place <= {LISTED} ORDER BY f, place"
    ):
        if place == LISTED < total:
            reason = f"{reason} (and {total - LISTED} more records like it)"
        batch.problems.append((index, line, "field", redact(reason), ""))


def _account(engine: Engine, batch: Batch) -> None:
    """Give every spooled record one fate: kept, out of scope or rejected."""
    engine.run(
        "CREATE OR REPLACE TEMP TABLE fates AS SELECT s.record, s.f, s.n, s.r, s.type, "
        "CASE WHEN p.record IS NULL THEN 'out_of_scope' WHEN p.good THEN 'kept' ELSE 'rejected' END AS fate, p.reason "
        "FROM spooled AS s LEFT JOIN (SELECT record, bool_or(good) AS good, min(reason) AS reason "
        "FROM produced GROUP BY record) AS p USING (record)"
    )
    for index, fate, n in engine.rows(
        "SELECT f, fate, count(*) FROM fates GROUP BY ALL ORDER BY ALL"
    ):
        setattr(batch.counts[index], fate, n)
    for index, line, reason, text in engine.rows(
        "SELECT f, n, reason, left(CAST(r AS VARCHAR), 300) FROM fates WHERE fate = 'rejected' ORDER BY record"
    ):
        batch.problems.append((index, line, "rejected", reason, redact(text or "")))
    for index, line, reason in engine.rows(
        "SELECT f, n, reason FROM fates WHERE fate = 'kept' AND reason IS NOT NULL ORDER BY record"
    ):
        batch.problems.append(
            (index, line, "field", f"one part of the record was left out: {reason}", "")
        )
    batch.other_types = engine.rows(
        "SELECT coalesce(type, 'not of this kind'), count(*) FROM fates WHERE fate = 'out_of_scope' GROUP BY ALL ORDER BY ALL"
    )
    engine.run("DROP TABLE fates")

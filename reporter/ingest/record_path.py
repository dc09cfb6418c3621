"""Files of one source, record by record. In: files. Out: Parquet per table, and a fate for every
record.

Readable records go through one numbered spool file; a record that cannot be read, cast or used is
noted with its line.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import sys
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from reporter.engine.base import Broken, Error, Interrupted, OutOfMemory, quoted
from reporter.engine.duckdb import DuckDB, parquet
from reporter.engine.sandbox import Child, Killed, Limits, Stopped
from reporter.i18n.translate import mark
from reporter.ingest import foreign_sources
from reporter.ingest.cache import Batch, Cache, Counts, put
from reporter.ingest.detect import Choice
from reporter.ingest.projection import (
    ALSO,
    described,
    filled_columns,
    free_texts,
    lack,
    spool_records,
    typed,
    values,
    with_receipts,
)
from reporter.ingest.quarantine import (
    HID_IN_FIELD,
    LONGEST,
    TOO_LONG,
    cut_long,
    cut_text,
    empty_what_says_nothing,
    hide_named,
    hide_secrets,
    note_bad_fields,
)
from reporter.ingest.readers.compact_json import write_each
from reporter.ingest.readers.documents import documents, is_short, unfit
from reporter.ingest.readers.files import LastRead
from reporter.ingest.readers.portions import Spool, halved, in_advance, places
from reporter.ingest.readers.records import (
    LISTED_LOST,
    READ_FOR_SECRETS,
    Document,
    Note,
    Problem,
    abridged,
    excerpt,
    has_place,
    records_at,
    rest_lost,
)
from reporter.model.sentences import Sentence, tell
from reporter.model.source import Source
from reporter.privacy.redact_sql import may_name_one, named_secrets
from reporter.privacy.secrets import SHORTEST, fingerprinted, redact
from reporter.schema.columns import Column
from reporter.schema.tables import OF_FORM, TABLES, WHO

PORTION, FLAT_PORTION = 64 << 20, 128 << 20
"""Characters of records that the engine takes at once, at the most. Each portion takes some 150
statements: of 60 MB of agents, eight portions take twice as long as one.
"""
NESTED = 16 * 10**9
"""Square of memory for a character of nested records, which cost the engine many times their size:
62 MB of 1 GB. It takes 2,048 records at once, so with less memory portions must be fewer records.
"""
COPIES = 170
"""Times their size that records need in the engine: those of Okta."""
NOT_OF_THIS_KIND = mark("not of this kind")
MOST_SPLITS = 64
"""Times that portions of a batch are halved to isolate what the engine fails on; then the whole
portion is lost.
"""
_AS_JSON = json.JSONEncoder(ensure_ascii=False)
ENDLESS = 1 << 18
"""Characters beyond which a text is cut before the engine sees it: each of its JSON functions keeps
a copy.
"""
KINDS_LISTED = 1000
"""Kinds of out-of-scope records that are listed one by one for a source; the rest is one entry."""
_TELLING = ("event_id", "occurred_at", "action", "tool", "resource")
"""Columns that tell the events of one record apart, so that their order is the same in every
run.
"""


def spool(
    engine: DuckDB, source: Source, parts: list[Choice], batch: Batch, cache: Cache, limits: Limits
) -> bool:
    """Convert the files of one source through a spool, a portion at a time unless its records
    belong together; two at a time, each of half the size, until one of them fails.

    Return whether everything was converted. Unreadable are records on which a child does not
    finish, and those on which the engine fails: a portion is halved until they stand alone. One
    that lacks memory is first tried again alone; once one was halved for it, so are the next.
    """
    is_whole, kill_error = True, None
    fitting, splits = sys.maxsize, 0
    alone: set[Path] = set()
    goes_in_pairs = not source.together and not source.foreign and engine.threads() > 1
    folder = foreign_sources.folder(engine) if source.foreign else engine.work
    written = Batch(batch.source, batch.key, counts=[Counts() for _ in parts])
    with Child(limits) as child, engine.twin() as reader, contextlib.ExitStack() as cleanup:
        cleanup.callback(_remove, folder, batch.key)
        spool = _empty_spool(engine, source, folder / batch.key, goes_in_pairs)
        full = cleanup.enter_context(in_advance(_write(reader, parts, written, spool, cache)))
        loader = _Loader(source, parts, batch, cache, child)
        portions: deque[Path] = deque()
        while lines := portions.popleft() if portions else next(full, None):
            if goes_in_pairs and (second := next(full, None)):
                goes_in_pairs = _load_both(engine, loader, batch, lines, second)
                portions.extend([] if goes_in_pairs else [lines, second])
                continue
            size = lines.stat().st_size
            if size > fitting and (halves := halved(lines, source.together)):
                portions.extendleft(reversed(halves))
                lines.unlink()
                continue
            try:
                if kill_error:
                    raise kill_error
                with engine.turn(engine.memory() if lines in alone else size):
                    _add(batch, loader.load(engine, lines))
            except Stopped as error:
                is_whole = False
                kill_error = error if isinstance(error, Killed) else None
                _give_up(batch, lines, _stopped(source, error))
            except (OutOfMemory, Error) as error:
                if isinstance(error, (Interrupted, Broken)):
                    raise
                lacks_memory = isinstance(error, OutOfMemory)
                if lacks_memory and lines not in alone and not engine.is_share:
                    alone.add(lines)  # other work may have taken the memory
                    portions.appendleft(lines)
                    continue
                fitting = size * 6 // 10 if lacks_memory else fitting
                halves = halved(lines, source.together) if splits < MOST_SPLITS else []
                portions.extendleft(reversed(halves))
                splits += 1
                is_whole &= lacks_memory and bool(halves)
                if not halves:
                    _give_up(batch, lines, _failed(error))
            lines.unlink()
    _sum_up(batch, written)
    return is_whole


def _empty_spool(engine: DuckDB, source: Source, stem: Path, goes_in_pairs: bool) -> Spool:
    """Return a spool whose files hold what the engine takes at once."""
    nested = min(PORTION, engine.memory() ** 2 // NESTED) * (2 if source.is_log else 1)
    capacity = sys.maxsize if source.together else FLAT_PORTION if source.columns else nested
    at_once = engine.memory() // COPIES if engine.is_share and not source.together else 0
    return Spool(stem, capacity // 2 if goes_in_pairs else capacity, engine.make_room, at_once)


def _load_both(
    engine: DuckDB, loader: _Loader, batch: Batch, first_lines: Path, second_lines: Path
) -> bool:
    """Load two portions side by side and return True; where one of them fails, keep nothing."""
    size = first_lines.stat().st_size + second_lines.stat().st_size
    with engine.turn(size), engine.twin() as twin, ThreadPoolExecutor(1) as pool:
        second = pool.submit(loader.load, twin, second_lines)
        try:
            loaded = [loader.load(engine, first_lines), second.result()]
        except (OutOfMemory, Error) as error:
            if isinstance(error, (Interrupted, Broken)):
                raise
            return False
    for part, lines in zip(loaded, (first_lines, second_lines), strict=True):
        _add(batch, part)
        lines.unlink()
    return True


def _add(batch: Batch, part: Batch) -> None:
    """Add what became of a portion; lost records are listed up to a limit for each file."""
    room = [LISTED_LOST - c.rejected for c in batch.counts]
    for counts, more in zip(batch.counts, part.counts, strict=True):
        for name in ("kept", "out_of_scope", "rejected"):
            setattr(counts, name, getattr(counts, name) + getattr(more, name))
    for problem in part.problems:
        index, _, kind, *_ = problem
        if kind == "rejected":
            room[index] -= 1
        if kind != "rejected" or room[index] >= 0:
            batch.problems.append(problem)
    for table, names in part.tables.items():
        batch.tables.setdefault(table, []).extend(names)
    batch.carried += part.carried
    batch.other_types += part.other_types
    batch.hashes |= part.hashes


def _sum_up(batch: Batch, written: Batch) -> None:
    """Put together what was noted while records were written and what their portions noted, and
    say how much is not listed.
    """
    batch.carried = sorted(set(batch.carried))
    batch.problems[:0] = written.problems
    for index, (counts, spooled) in enumerate(zip(batch.counts, written.counts, strict=True)):
        counts.read += spooled.read
        counts.unreadable += spooled.unreadable
        for kind in ("unreadable", "rejected"):
            if (count := getattr(counts, kind)) > LISTED_LOST:
                batch.problems.append((index, 0, kind, rest_lost(count, kind), ""))
    types: Counter[str] = Counter()
    for name, count in batch.other_types:
        types[name] += count
    if len(types) > KINDS_LISTED:
        common = dict(types.most_common(KINDS_LISTED - 1))
        types = Counter(common | {"other kinds": types.total() - sum(common.values())})
    batch.other_types = sorted(types.items())


def _stopped(source: Source, error: Stopped) -> Sentence:
    return tell("source {source} could not read it: it {error}", source=source.id, error=str(error))


def _failed(error: Exception) -> Sentence:
    """Say what went wrong, without a value: the engine quotes the values it fails on."""
    if isinstance(error, OutOfMemory):
        return tell("the engine could not read it: it needs more memory than --memory gives")
    cause = re.split(r"[\"'\n]", str(error), maxsplit=1)[0].strip(" :")[:200]
    return tell("the engine could not read it: {error}", error=cause)


def _remove(folder: Path, key: str) -> None:
    for path in folder.glob(f"{key}.*"):
        path.unlink()


def _write(
    engine: DuckDB, parts: list[Choice], batch: Batch, spool: Spool, cache: Cache
) -> Iterator[Path]:
    """Write every readable record as one line of a spool, numbered, and yield each file of it that
    is full; count what cannot be read.
    """
    seq, last_read = 0, LastRead()
    with contextlib.closing(spool):
        for index, part in enumerate(parts):
            file, counts = part.file, batch.counts[index]
            numbered = file.format in ("json", "yaml")
            for item in _readable(part, engine, last_read):
                if isinstance(item, Note):
                    batch.problems.append((index, item.line, "field", abridged(item.reason), ""))
                    continue
                if isinstance(item, Problem):
                    _lose(batch, index, item)
                    continue
                path = _path(part, item.value)
                if not has_place(item.value, path):
                    why = tell("there are no records at {path}", path=path)
                    _lose(batch, index, Problem(item.line, why, ""))
                for text in _records(item, path):
                    seq += 1
                    number = counts.read + 1 if numbered else item.line
                    fit_text = text if is_short(text) else _fit(text, index, number, batch, cache)
                    if fit_text is None:
                        continue
                    counts.read += 1
                    line = b'{"s":%d,"f":%d,"n":%d,"r":%b}\n' % (seq, index, number, fit_text)
                    if full_path := spool.write(line):
                        yield full_path
        if last_path := spool.close():
            yield last_path


def _fit(text: str | bytes, index: int, number: int, batch: Batch, cache: Cache) -> bytes | None:
    """Return a record as the engine can take it; where it cannot, count it as lost."""
    if isinstance(text, bytes):
        text = text.decode()
    if len(text) > ENDLESS:
        text = _without_endless(text, index, number, batch, cache.secret_key)
    if defect := unfit(text):
        _lose(batch, index, Problem(number, defect, excerpt(text)))
        return None
    return text.encode()


def _readable(
    part: Choice, engine: DuckDB, last_read: LastRead
) -> Iterator[Document | Note | Problem]:
    """Yield the items of a file; where the engine cannot read on, the rest is one problem."""
    try:
        yield from documents(part.file, engine, last_read, part.seen, part.path)
    except (OutOfMemory, Error) as error:
        if isinstance(error, (Interrupted, Broken)) or engine.is_share:
            raise
        yield Problem(0, _failed(error), "")


def _without_endless(text: str, index: int, number: int, batch: Batch, key: str) -> str:
    """Cut those texts of a large record that are not JSON themselves, before the engine copies
    them, and note where they stood.
    """

    def cut_in(value: Any, name: str) -> Any:
        if isinstance(value, dict):
            return {k: cut_in(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [cut_in(v, name) for v in value]
        if not isinstance(value, str) or len(value) <= ENDLESS or value.lstrip()[:1] in ("{", "["):
            return value
        safe_text = fingerprinted(value, key)
        cut_note = tell(
            "the field {name} has more than {n:,} characters: it is cut short, and its length and"
            " hash are appended",
            name=name,
            n=LONGEST,
        )
        batch.problems.append((index, number, "field", abridged(cut_note), ""))
        if safe_text != value:
            why = Sentence(HID_IN_FIELD, (("name", redact(name)[:200]),))
            batch.problems.append((index, number, "field", why, ""))
        return cut_text(safe_text)

    try:
        return _AS_JSON.encode(cut_in(json.loads(text), "of a list"))
    except RecursionError:
        return text


def _lose(batch: Batch, index: int, item: Problem) -> None:
    """Count a record that cannot be read, and list it."""
    counts = batch.counts[index]
    counts.read += 1
    counts.unreadable += 1
    if counts.unreadable <= LISTED_LOST:
        batch.problems.append((index, item.line, "unreadable", abridged(item.reason), item.text))


def _path(part: Choice, value: Any) -> str:
    """Return where the records of one document stand: in a YAML file some documents are lists,
    others single records.
    """
    allows_bare = part.file.format == "yaml" and part.source and "" in part.source.records
    return "" if allows_bare and not has_place(value, part.path) else part.path


def _records(item: Document, path: str) -> Iterator[str | bytes]:
    """Yield the JSON of the records in a document; as bytes what is known to be sound."""
    if not path and item.text and isinstance(item.value, dict):
        yield item.text
    elif item.is_compact:
        yield from write_each(records_at(item.value, path))
    else:
        yield from map(_AS_JSON.encode, records_at(item.value, path))


class _Loader:
    """Turns portions into rows: each into a batch of its own, so that nothing is kept of one that
    fails half-way. Two threads may use it, each with its own connection.
    """

    def __init__(
        self, source: Source, parts: list[Choice], batch: Batch, cache: Cache, child: Child
    ) -> None:
        self._source, self._batch, self._cache, self._child = source, batch, cache, child
        self._has_receipts = any(part.file.envelope for part in parts)
        self._numbers = itertools.count()
        self._selects: dict[str, tuple[str, list[Column]]] = {}

    def _described(self, engine: DuckDB) -> dict[str, tuple[str, list[Column]]]:
        source = self._source
        selects = {t: described(engine, source, t, sql) for t, sql in source.tables.items()}
        if self._has_receipts and "events" in selects:
            selects["events"] = with_receipts(*selects["events"])
        return selects

    def load(self, engine: DuckDB, lines: Path) -> Batch:
        """Return what became of the records of a portion; a source that does not ship runs in the
        child, and its texts are read here.
        """
        source, number = self._source, next(self._numbers)
        part = Batch(source.id, self._batch.key, counts=[Counts() for _ in self._batch.counts])
        scan = foreign_sources.read_spool(lines, foreign_sources.SPOOLED)
        engine.run("DROP TABLE IF EXISTS spooled")
        if source.foreign:
            foreign = foreign_sources.texts(self._child, source, lines)
            engine.run(
                "CREATE TEMP TABLE spooled AS SELECT s AS record, f, n, r, m.mine, m.type "
                f"FROM {scan} AS x JOIN ({foreign.marks}) AS m ON m.record = x.s"
            )
            selects = {t: (s, filled_columns(engine, t, s)) for t, s in foreign.tables.items()}
        else:
            spool_records(engine, source, scan)
            selects = self._selects = self._selects or self._described(engine)
        engine.run(
            "CREATE OR REPLACE TEMP TABLE produced (record BIGINT, good BOOLEAN, reason VARCHAR)"
        )
        secrets = _named_secrets(engine, source)
        staged: dict[str, dict[str, int]] = {}
        filled: dict[str, list[Column]] = {}
        for table, (text, columns) in selects.items():
            if lengths := _stage(engine, table, text, columns, part):
                staged[table] = lengths
                hide_named(engine, table, [*lengths], secrets, self._cache.secret_key, part)
                # What is empty in every row is not cast: most columns of a record are.
                filled[table] = [c for c in columns if lengths.get(c.name)]
                note_bad_fields(engine, table, filled[table], part, table != "events")
                empty_what_says_nothing(engine, table, filled[table], part)
        hide_secrets(engine, {t: _longer(t, k, SHORTEST - 1) for t, k in staged.items()}, part)
        for table, lengths in staged.items():
            cut_long(engine, table, _longer(table, lengths, TOO_LONG), part)
            _write_rows(engine, source, table, filled[table], part, self._cache, number)
            if ALSO in selects[table][1]:
                _credit_others(engine, table)
        _account(engine, part)
        return part


def _named_secrets(engine: DuckDB, source: Source) -> dict[int, list[str]]:
    """Return secrets by record, as the names of their fields show; no source of logs reads such a
    field, unless a user chose it.
    """
    if source.is_log and not source.may_read_secrets:
        return {}
    matches = {
        record: list(dict.fromkeys(named_secrets(json.loads(text))))
        for record, text in engine.rows(
            "SELECT record, CAST(r AS VARCHAR) FROM spooled "
            f"WHERE mine AND {may_name_one('CAST(r AS VARCHAR)')}"
        )
    }
    secrets = {record: texts for record, texts in matches.items() if texts}
    pairs = [(record, value) for record, texts in secrets.items() for value in texts]
    engine.run(
        "CREATE OR REPLACE TEMP TABLE named_secrets AS "
        "SELECT unnest(CAST(? AS BIGINT[])) AS record, unnest(CAST(? AS VARCHAR[])) AS value",
        [[record for record, _ in pairs], [value for _, value in pairs]],
    )
    return secrets


def _give_up(batch: Batch, lines: Path, why: Sentence) -> None:
    """Count the records of a portion as unreadable."""
    counts: Counter[int] = Counter()
    first_lines: dict[int, int] = {}
    for index, number, _ in places(lines):
        counts[index] += 1
        first_lines[index] = min(number, first_lines.get(index, number))
    for index, count in sorted(counts.items()):
        batch.counts[index].unreadable += count
        reason = abridged(tell("{why} ({n} records)", why=why, n=count))
        batch.problems.append((index, first_lines[index], "unreadable", reason, ""))


def _stage(
    engine: DuckDB, table: str, text: str, columns: list[Column], batch: Batch
) -> dict[str, int]:
    """Lay the rows of one table's SELECT out as texts; return how many bytes the longest text of
    each column has, or nothing where there are no rows.
    """
    raw_names = ", ".join(f"CAST({c.name} AS VARCHAR) AS {c.name}" for c in columns)
    columns = [c for c in columns if c is not ALSO]
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE staged_{table} AS SELECT record, {raw_names} FROM ({text})"
        " AS t"
    )
    counts = ", ".join(f"count({c.name}), max(strlen({c.name}))" for c in columns)
    rows, *sizes = engine.rows(f"SELECT count(*), {counts} FROM staged_{table}")[0]
    if not rows:
        return {}
    batch.carried += [(table, c.name) for c, n in zip(columns, sizes[::2], strict=True) if n]
    if table == "actors" and "form" in {c.name for c in columns}:
        batch.carried += _carried_by_form(engine, columns)
    return {c.name: k or 0 for c, k in zip(columns, sizes[1::2], strict=True)}


def _carried_by_form(engine: DuckDB, columns: list[Column]) -> list[tuple[str, str]]:
    """Return which columns the staged actors of each form fill."""
    counts = ", ".join(f"count({c.name})" for c in columns)
    rows = engine.rows(
        f"SELECT trim(form) AS form_name, {counts} FROM"
        " staged_actors WHERE form IS NOT NULL GROUP BY ALL ORDER BY ALL"
    )
    return [
        (OF_FORM + form, c.name)
        for form, *filled in rows
        for c, n in zip(columns, filled, strict=True)
        if n
    ]


def _longer(table: str, lengths: dict[str, int], size: int) -> list[str]:
    """Return the free texts of which one is longer than a number of bytes."""
    return free_texts(table, {name for name, length in lengths.items() if length > size})


def _write_rows(
    engine: DuckDB,
    source: Source,
    table: str,
    columns: list[Column],
    batch: Batch,
    cache: Cache,
    number: int,
) -> None:
    """Cast the staged rows of a table, and write the good ones."""
    trimmed = table != "events"
    casts = {c.name: typed(table, c, c.name, trimmed) for c in columns}
    optional_names = source.may_lack if table == "events" else ()
    also_names = source.must_have if table == "events" else ()
    required = [
        c
        for c in TABLES[table].columns
        if (c.required and c.name not in optional_names) or c.name in also_names
    ]
    rule = " AND ".join(["TRUE", *(f"({casts.get(c.name, 'NULL')}) IS NOT NULL" for c in required)])
    lacking = " ".join(
        f"WHEN ({casts.get(c.name, 'NULL')}) IS NULL THEN {quoted(f'{table}.{c.name}')}"
        for c in required
    )
    engine.run(
        f"INSERT INTO produced SELECT record, {rule}, CASE {lacking} END FROM staged_{table}"
    )
    ties = "".join(f", {n}" for n in casts if trimmed or n in _TELLING)
    who = f", {WHO} AS who" if table == "events" else ""
    path = engine.work / f"{batch.key}.{table}.{number}.parquet"
    rows = (
        f"SELECT {values(table, casts)}, f, n AS record FROM (SELECT t.*, s.f, s.n FROM"
        f" staged_{table} AS t JOIN (SELECT record, f, n FROM spooled) AS s USING (record)) AS"
        f" numbered WHERE {rule}"
    )

    def write(order: str) -> None:
        engine.write_parquet(f"SELECT *{who} FROM ({rows}{order}) AS cast_rows", path)

    # To sort rows takes a third of the time of writing them, and nearly always they are in order.
    is_sorted = _ascends(engine, f"staged_{table}", "record")
    if is_sorted:
        write("")
        is_sorted = _ascends(engine, parquet(path), f"f * {1 << 40} + record")
    if not is_sorted:
        write(f" ORDER BY numbered.record{ties}")
    put(cache, batch, path)
    batch.tables.setdefault(table, []).append(path.name)


def _ascends(engine: DuckDB, relation: str, place: str) -> bool:
    """Tell whether each row of a relation has a larger place than the row before it."""
    return not engine.one(
        f"SELECT count(*) FROM (SELECT {place} AS place, lag({place}) OVER () AS before FROM"
        f" {relation}) AS places WHERE place <= before"
    )


def _credit_others(engine: DuckDB, table: str) -> None:
    """Note the records that good rows of a table rest on beside their own."""
    engine.run(
        "INSERT INTO produced SELECT unnest(CAST('[' || trim(also, '[]') || ']' AS BIGINT[])),"
        f" TRUE, NULL FROM staged_{table} SEMI JOIN (SELECT record FROM produced WHERE good)"
        " USING (record) WHERE also IS NOT NULL"
    )


def _account(engine: DuckDB, batch: Batch) -> None:
    """Give every spooled record one fate: kept, out of scope or rejected."""
    engine.run(
        "CREATE OR REPLACE TEMP TABLE fates AS SELECT s.record, s.f, s.n, s.type, CASE WHEN"
        " p.record IS NULL THEN 'out_of_scope' WHEN p.good THEN 'kept' ELSE 'rejected' END AS fate,"
        " p.reason FROM spooled AS s LEFT JOIN (SELECT record, bool_or(good) AS good, min(reason)"
        " AS reason FROM produced GROUP BY record) AS p USING (record)"
    )
    for index, fate, count in engine.rows(
        "SELECT f, fate, count(*) FROM fates GROUP BY ALL ORDER BY ALL"
    ):
        setattr(batch.counts[index], fate, getattr(batch.counts[index], fate) + count)
    for index, line, reason, text in engine.rows(
        f"SELECT f, n, reason, left(CAST(r AS VARCHAR), {READ_FOR_SECRETS}) FROM (SELECT *,"
        " row_number() OVER (PARTITION BY f ORDER BY record) AS nth FROM fates WHERE fate ="
        " 'rejected') AS lost JOIN (SELECT record, r FROM spooled) AS s USING (record)"
        f" WHERE nth <= {LISTED_LOST} ORDER BY record"
    ):
        batch.problems.append((index, line, "rejected", lack(reason), excerpt(text or "")))
    for index, line, reason in engine.rows(
        "SELECT f, n, reason FROM fates WHERE fate = 'kept' AND reason IS NOT NULL ORDER BY record"
    ):
        why = tell("one part of the record was left out: {why}", why=lack(reason))
        batch.problems.append((index, line, "field", why, ""))
    batch.other_types += engine.rows(
        f"SELECT coalesce(left(redacted(type), 200), {quoted(NOT_OF_THIS_KIND)}), sum(n)::BIGINT"
        " FROM (SELECT type, count(*) AS n FROM fates WHERE fate = 'out_of_scope' GROUP BY type)"
        " AS t GROUP BY ALL ORDER BY ALL"
    )
    engine.run("DROP TABLE fates")

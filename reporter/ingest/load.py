"""The whole of ingest. In: an engine, a workspace, sources, a cache. Out: the in_ relations,
`carried`, and Intake.

Every file found is named in the accounting, whatever became of it.
"""

from __future__ import annotations

import itertools
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from reporter.content.loader import Source
from reporter.engine.base import quoted
from reporter.engine.duckdb import DuckDB, parquet
from reporter.engine.sandbox import USUAL, Limits
from reporter.i18n.translate import mark
from reporter.ingest import statement_files as statements
from reporter.ingest.cache import Batch, Cache, open_cache
from reporter.ingest.convert import Done, convert
from reporter.ingest.detect import Choice, recognise
from reporter.ingest.quarantine import CHANGED, has_hidden, unmask_deeds
from reporter.ingest.readers.documents import documents
from reporter.ingest.readers.files import InputFile, LastRead, stamp_of
from reporter.ingest.readers.inputs import Inputs
from reporter.ingest.readers.records import LISTED_LOST, Note, Problem, rest_lost, told
from reporter.ingest.second_choice import reconsider
from reporter.model.assessment import FileCount, Notice, Quarantined
from reporter.model.sentences import Sentence, tell
from reporter.model.statements import ATTESTATIONS
from reporter.privacy.redact_sql import teach
from reporter.privacy.secrets import fingerprinted
from reporter.schema.tables import LOADED, TABLES, columns_of

_ARTEFACT = mark(
    "{why}; it can be the artefact of an attestation, as this line of"
    " statements/attestations.csv: {line}"
)
_ARTEFACT_ELSEWHERE = mark(
    "{why}; once it lies below statements/, it can be the artefact of an attestation, as this line"
    " of statements/attestations.csv: {line}"
)


@dataclass(frozen=True, slots=True)
class Intake:
    """What was read."""

    files: tuple[FileCount, ...]
    out_of_scope: tuple[tuple[str, Sentence, int], ...]
    quarantined: tuple[Quarantined, ...]
    rows: dict[str, int]
    """Rows by table."""
    statements: statements.Rows = field(default_factory=dict)
    """What people say, by kind, not yet assessed."""
    notices: tuple[Notice, ...] = ()


def ingest(
    engine: DuckDB,
    inputs: Inputs,
    sources: tuple[Source, ...],
    cache: Cache,
    limits: Limits = USUAL,
) -> Intake:
    """Read every file of a workspace into the in_ relations; sources of others do so within
    limits.
    """
    cache = replace(cache, secret_key=cache.secret_key or inputs.key())
    teach(engine, cache.secret_key)
    named = [replace(f, name=fingerprinted(f.name, cache.secret_key)) for f in inputs.files]
    said, told, notes = statements.read(
        engine, inputs, filter(statements.kind_of, named), cache.secret_key
    )
    others = [f for f in named if not statements.kind_of(f)]
    choices = recognise(engine, others, sources, limits)
    done = convert(engine, choices, inputs, cache, limits)
    choices, done = reconsider(engine, choices, done, inputs, cache, limits)
    _register(engine, done, cache)
    files, quarantined = _count(engine, choices, done, inputs)
    lost = {f.file: f.read for f in (*files, *told) if f.bytes and not f.sha256}
    quarantined = sorted(
        [
            *quarantined,
            *notes,
            *_set_repeats_aside(engine),
            *unmask_deeds(engine),
            *_undated(engine),
            *_changed(named, lost),
        ],
        key=_in_order,
    )
    other = sorted(
        ((b.source, Sentence(t), n) for b, _, _ in done for t, n in b.other_types), key=_by_kind
    )
    rows = {t.name: int(engine.one(f"SELECT count(*) FROM in_{t.name}")) for t in LOADED}
    files = sorted([*files, *told], key=lambda f: f.file)
    notices = (_lost(lost),) if lost else ()
    return Intake(tuple(files), tuple(other), tuple(quarantined), rows, said, notices)


def _by_kind(counted: tuple[str, Sentence, int]) -> tuple[str, str, int]:
    return counted[0], str(counted[1]), counted[2]


def recount(
    intake: Intake,
    rejected: Sequence[Quarantined],
    aside: Sequence[tuple[str, Sentence]],
    artefacts: Set[str],
) -> Intake:
    """Give statements that were not kept their fate: rejected, or out of scope as (file, why).

    Files that only prove an answer hold no records for a table: what no source knows of them is out
    of scope."""
    wrong, out = Counter(q.file for q in rejected), Counter(f for f, _ in aside)
    types = Counter((ATTESTATIONS, why) for _, why in aside)
    files = []
    for f in intake.files:
        if f.file in artefacts and not f.source:
            types[ATTESTATIONS, Sentence(mark("artefact"))] += f.read
            why = tell("the artefact of an attestation: its hash is compared, no record is read")
            f = replace(f, source=ATTESTATIONS, why=why, out_of_scope=f.read, unreadable=0)
        lost, aside_n = wrong[f.file], out[f.file]
        files.append(
            replace(
                f,
                kept=f.kept - lost - aside_n,
                out_of_scope=f.out_of_scope + aside_n,
                rejected=f.rejected + lost,
            )
        )
    proofs = {f.file for f in files if f.file in artefacts and f.source == ATTESTATIONS}
    rest = [q for q in intake.quarantined if q.file not in proofs or q.kind != "unreadable"]
    return replace(
        intake,
        files=tuple(files),
        out_of_scope=tuple(
            sorted([*intake.out_of_scope, *((*t, n) for t, n in types.items() if n)], key=_by_kind)
        ),
        quarantined=tuple(sorted([*rest, *rejected], key=_in_order)),
    )


def _in_order(q: Quarantined) -> tuple[str, int, str, str]:
    return q.file, q.line, q.kind, str(q.reason)


@contextmanager
def ingested(
    files: list[InputFile], sources: tuple[Source, ...]
) -> Iterator[tuple[DuckDB, Intake]]:
    """Files read only to be looked at: an engine that holds their rows, and the accounting; nothing
    is left behind.
    """
    with (
        tempfile.TemporaryDirectory() as work,
        DuckDB(Path(work) / "engine") as engine,
        Inputs(files) as inputs,
    ):
        yield engine, ingest(engine, inputs, sources, open_cache(Path(work) / "cache"))


def as_artefact(why: Sentence, name: str, sha256: str) -> Sentence:
    """Say what a document is good for, with the line to copy."""
    there = name.startswith("statements/")
    line = statements.line_for(
        name.removeprefix("statements/") if there else Path(name).name, sha256
    )
    text = _ARTEFACT if there else _ARTEFACT_ELSEWHERE
    return Sentence(text, (("why", why), ("line", line)))


def line_to_copy(why: Sentence | None) -> str:
    """Return the line that makes a document an artefact; '' where none was offered."""
    offers = why is not None and why.text in (_ARTEFACT, _ARTEFACT_ELSEWHERE)
    return str(why.value("line")) if why and offers else ""


def _register(engine: DuckDB, done: list[Done], cache: Cache) -> None:
    """Lay the Parquet of all batches under one relation a table."""
    engine.run("CREATE TABLE carried (source VARCHAR, tbl VARCHAR, col VARCHAR)")
    engine.run("CREATE TABLE parts (part BIGINT, source VARCHAR, file VARCHAR)")
    engine.run("CREATE TABLE hidden (file VARCHAR, record BIGINT)")
    firsts = list(itertools.accumulate((len(files) for _, files, _ in done), initial=0))
    for first, (batch, files, _) in zip(firsts, done, strict=False):
        engine.insert("carried", [(batch.source, t, c) for t, c in batch.carried])
        engine.insert("parts", [(first + i, batch.source, f.name) for i, f in enumerate(files)])
        hidden = [(files[i].name, n) for i, n, _, why, _ in batch.problems if has_hidden(why)]
        engine.insert("hidden", hidden)
    for spec in LOADED:
        parts = [
            _part(first, batch, files, spec.name, cache)
            for first, (batch, files, _) in zip(firsts, done, strict=False)
            if spec.name in batch.tables
        ]
        empty = ", ".join(f"CAST(NULL AS {t}) AS {n}" for n, t in columns_of(spec))
        is_events = spec.name == "events"
        empty += ", CAST(NULL AS UBIGINT) AS who" if is_events else ""
        place = ", CAST(NULL AS BIGINT) AS place" if is_events else ""
        parts = parts or [
            f"SELECT {empty}, CAST(NULL AS VARCHAR) AS source, CAST(NULL AS VARCHAR) AS file, "
            f"CAST(NULL AS BIGINT) AS part, CAST(NULL AS BIGINT) AS record{place} WHERE FALSE"
        ]
        kind = "VIEW" if is_events else "TABLE"
        engine.run(f"CREATE {kind} in_{spec.name} AS {' UNION ALL '.join(parts)}")


def _part(first: int, batch: Batch, files: list[InputFile], table: str, cache: Cache) -> str:
    """SQL: the rows of a batch; of events also `place`, which with `part` is the row's own."""
    paths = [cache.folder / name for name in batch.tables[table]]
    if batch.stream:
        return (
            f"SELECT * EXCLUDE (file_row_number, odd), {quoted(batch.source)} AS source,"
            f" {quoted(files[0].name)} AS file, CAST({first} AS BIGINT) AS part, file_row_number +"
            f" 1 AS record, file_row_number AS place FROM {parquet(*paths, numbered=True)}"
        )
    # Number of the Parquet file and of the row in it: the engine knows them, nothing is stored or
    # computed.
    place = ", p.file_index * 1099511627776 + p.file_row_number AS place"
    return (
        "SELECT p.* EXCLUDE (f, record), b.source, b.file, b.part,"
        f" p.record{place if table == 'events' else ''} FROM {parquet(*paths)} AS p JOIN parts AS b"
        f" ON b.part = {first} + p.f"
    )


def _count(
    engine: DuckDB, choices: list[Choice], done: list[Done], inputs: Inputs
) -> tuple[list[FileCount], list[Quarantined]]:
    files: list[FileCount] = []
    quarantined: list[Quarantined] = []
    why = {c.file.name: c.why for c in choices}
    for batch, members, hashes in done:
        for file, digest, c in zip(members, hashes, batch.counts, strict=True):
            files.append(
                FileCount(
                    file.name,
                    batch.source,
                    why[file.name],
                    file.size,
                    digest,
                    c.read,
                    c.kept,
                    c.out_of_scope,
                    c.unreadable,
                    c.rejected,
                    file.part,
                    file.lined,
                )
            )
        quarantined += [
            Quarantined(members[i].name, line, kind, reason, text)
            for i, line, kind, reason, text in batch.problems
        ]
    last = LastRead()
    for choice in choices:
        if choice.source is None:
            count, entries = _unrecognised(engine, choice, inputs, last)
            files.append(count)
            quarantined += entries
    return sorted(files, key=lambda f: f.file), quarantined


def _set_repeats_aside(engine: DuckDB) -> list[Quarantined]:
    """Let events that stand twice, alike in every column and with an id, count once; return a note
    a file.

    Without an id two equal events may be two events, so they stay.
    """
    if not engine.one(
        "SELECT count(*) - count(DISTINCT hash(event_id)) FROM in_events WHERE event_id IS NOT NULL"
    ):
        return []
    alike = ", ".join(n for n, _ in columns_of(TABLES["events"]))
    engine.run(
        "CREATE TABLE repeats AS SELECT * FROM (SELECT part, place, file, record, row_number()"
        " OVER w AS nth, first_value(file || '#' || CAST(record AS VARCHAR)) OVER w AS original"
        " FROM in_events WHERE event_id IN (SELECT event_id FROM in_events WHERE event_id IS NOT"
        f" NULL GROUP BY event_id HAVING count(*) > 1) WINDOW w AS (PARTITION BY {alike},"
        " starts_with(file, 'baseline/') ORDER BY part, place)) AS numbered WHERE nth > 1"
    )
    engine.run("ALTER VIEW in_events RENAME TO all_events")
    engine.run(
        "CREATE VIEW in_events AS SELECT * FROM all_events ANTI JOIN repeats USING (part, place)"
    )
    return [
        Quarantined(
            file,
            line,
            "duplicate",
            tell(
                "{n} events of this file repeat others in every column and count once; the first"
                " repeats {ref}",
                n=n,
                ref=original,
            ),
            "",
        )
        for file, line, n, original in engine.rows(
            "SELECT file, min(record), count(*), arg_min(original, record) FROM repeats GROUP BY"
            " file ORDER BY file"
        )
    ]


def _undated(engine: DuckDB) -> list[Quarantined]:
    """Say how many events of which file have no time, in a format that has none: they stand in no
    period.
    """
    return [
        Quarantined(
            file,
            line,
            "undated",
            tell("{n} events have no time: they are kept, and stand in no period", n=n),
            "",
        )
        for file, line, n in engine.rows(
            "SELECT file, min(record), count(*) FROM in_events WHERE occurred_at IS NULL GROUP BY"
            " file ORDER BY file"
        )
    ]


def _lost(lost: Mapping[str, int]) -> Notice:
    """Name the files that changed under the reading."""
    lines = tuple(tell("{file}: {n} records", file=f, n=n) for f, n in sorted(lost.items()))
    return Notice("files_changed", (("n", len(lost)),), lines, "quarantine.csv")


def _changed(files: Sequence[InputFile], lost: Collection[str]) -> list[Quarantined]:
    """Name the files that were written to after they were found: what came later belongs to a later
    run.
    """
    return [
        Quarantined(f.name, 0, "changed", why, "")
        for f in files
        if f.size and not f.part and f.name not in lost and (why := _change(f))
    ]


def _change(file: InputFile) -> Sentence | None:
    """Say what happened to a file since it was found."""
    try:
        now = file.path.stat()
    except OSError:
        return tell("the file was removed during the run; what was read stood in it before")
    if now.st_size != file.size:
        return tell(
            "the file had {n} bytes when it was found and has {now} now; what was added was not"
            " read",
            n=file.size,
            now=now.st_size,
        )
    if stamp_of(now)[1:4] != file.stamp[1:4]:
        return tell("the file was written to during the run; what was read stood in it before")
    return None


def _unrecognised(
    engine: DuckDB, choice: Choice, inputs: Inputs, last: LastRead
) -> tuple[FileCount, list[Quarantined]]:
    """Count the records of a file that nobody can read; all of them are unreadable."""
    file = choice.file
    read, lost, problems, notes = 0, 0, [], []
    for item in documents(file, engine, last):
        if isinstance(item, Note):
            notes.append(Quarantined(file.name, item.line, "field", told(item.reason), ""))
        elif isinstance(item, Problem):
            lost += 1
            if lost <= LISTED_LOST:
                problems.append(
                    Quarantined(file.name, item.line, "unreadable", told(item.reason), "")
                )
        else:
            read += len(item.value) if isinstance(item.value, list) else 1
    if lost > LISTED_LOST:
        notes.append(Quarantined(file.name, 0, "unreadable", rest_lost(lost, "unreadable"), ""))
    if read:
        reason = tell("{why} ({n} records)", why=choice.why, n=read)
        problems.insert(0, Quarantined(file.name, 1, "unreadable", reason, ""))
    read += lost
    digest = inputs.digest(file).sha256
    why = as_artefact(choice.why, file.name, digest) if file.is_document else choice.why
    if file.size and not digest:
        read, why = max(1, read), CHANGED
        problems, notes = [Quarantined(file.name, 0, "unreadable", CHANGED, "")], []
    return FileCount(file.name, "", why, file.size, digest, read, 0, 0, read, 0), [
        *problems,
        *notes,
    ]

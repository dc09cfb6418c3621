"""The whole of ingest. In: an engine, a workspace, sources, a cache. Out: the in_ relations,
`carried`, and Intake.

Every file found is named in the accounting, whatever became of it.
"""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reporter.engine.duckdb import DuckDB
from reporter.engine.sandbox import USUAL, Limits
from reporter.i18n.translate import mark
from reporter.ingest import statement_files as statements
from reporter.ingest.cache import Batch, Cache, is_kept, open_cache, relations
from reporter.ingest.convert import Done, convert
from reporter.ingest.detect import Choice, recognise
from reporter.ingest.exports import approved_texts, empty_lists
from reporter.ingest.exports.pages import WHOLE, missing_of
from reporter.ingest.quarantine import CHANGED, has_hidden, unmask_deeds
from reporter.ingest.readers.documents import Misjudged, documents
from reporter.ingest.readers.files import InputFile, LastRead, stamp_of
from reporter.ingest.readers.inputs import Inputs
from reporter.ingest.readers.records import LISTED_LOST, Note, Problem, abridged, rest_lost
from reporter.ingest.second_choice import reconsider
from reporter.model.assessment import FileCount, Notice, Quarantined, RemoteCount
from reporter.model.sentences import Sentence, labelled, tell, verbatim
from reporter.model.source import Source
from reporter.model.statements import ATTESTATIONS
from reporter.privacy.redact_sql import teach
from reporter.privacy.secrets import fingerprinted
from reporter.schema.tables import LOADED, PARTIAL, TABLES, columns_of

if TYPE_CHECKING:
    from reporter.ingest.exports.events_elsewhere import Counted

_ARTEFACT = mark(
    "{why}; it can be the artefact of an attestation, as this line of"
    " statements/attestations.csv: {line}"
)
_ARTEFACT_ELSEWHERE = mark(
    "{why}; once it is below statements/, it can be the artefact of an attestation, as this line"
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
    names: tuple[tuple[str, str], ...] = ()
    """(other name, actor), as exact ids and aliases tell."""
    repeatable: bool = True
    """Whether the same files are certain to give the same again."""
    remote: tuple[RemoteCount, ...] = ()
    """Places of object storage that files were fetched from."""
    shortfalls: dict[str, Sentence | None] = field(default_factory=dict)
    """File that an answer names as proof -> what it lacks to show anything."""


Followed = Sequence[tuple[Choice, Batch, str]]
"""Files that are converted already: what each counts as, its batch, its SHA-256."""


def ingest(
    engine: DuckDB,
    inputs: Inputs,
    sources: tuple[Source, ...],
    cache: Cache,
    limits: Limits = USUAL,
    followed: Followed = (),
    told: Callable[[list[Done]], None] = lambda _: None,
) -> Intake:
    """Read every file of a workspace into the in_ relations; sources that do not ship run within
    `limits`. `followed` are more files, which are converted already; `told` gets all batches.
    """
    cache = replace(cache, secret_key=cache.secret_key or inputs.key())
    teach(engine, cache.secret_key)
    input_files = [_without_secrets(f, cache.secret_key) for f in inputs.files]
    kinds = statements.kinds_of(input_files)
    statement_files = [f for f in input_files if f.name in kinds]
    said = statements.read(engine, inputs, statement_files, cache.secret_key, kinds)
    statement_rows, statement_counts, notes = said
    record_files = [f for f in input_files if f.name not in kinds]
    choices, conversions = _converted(engine, record_files, sources, inputs, cache, limits)
    choices, empties = empty_lists.take(choices, sources, inputs)
    choices += [choice for choice, _, _ in followed]
    conversions += [*empties, *((batch, [c.file], [digest]) for c, batch, digest in followed)]
    told(conversions)
    _register(engine, conversions, cache)
    counted = _lay_those_there(engine) if engine.event_table else None
    empty_lists.note(engine, [f for _, f, _ in empties])
    files, quarantined = _count(engine, choices, conversions, inputs)
    with engine.aside():  # whoever adds rows tells himself which of them came before
        doubled = _doubled_events(engine)
    lost_counts = {f.file: f.read for f in (*files, *statement_counts) if f.bytes and not f.sha256}
    quarantined = sorted(
        [
            *quarantined,
            *notes,
            *doubled,
            *unmask_deeds(engine),
            *_undated(engine),
            *_partial(engine, choices, files),
            *_changed(input_files, lost_counts),
        ],
        key=_in_order,
    )
    approved_texts.bind(engine, record_files, {f.file: f.sha256 for f in files})
    rows = {t.name: int(engine.one(f"SELECT count(*) FROM in_{t.name}")) for t in LOADED}
    intake = Intake(
        tuple(sorted([*files, *statement_counts], key=lambda f: f.file)),
        tuple(sorted(_by_source(conversions), key=_by_kind)),
        tuple(quarantined),
        rows,
        statement_rows,
        (*([_lost(lost_counts)] if lost_counts else ()), *_remote(input_files, inputs.remote)),
        repeatable=all(is_kept(cache, batch) for batch, *_ in conversions),
        remote=inputs.remote,
    )
    return counted.joined(engine, intake) if counted else intake


def _converted(
    engine: DuckDB,
    files: list[InputFile],
    sources: tuple[Source, ...],
    inputs: Inputs,
    cache: Cache,
    limits: Limits,
) -> tuple[list[Choice], list[Done]]:
    """Recognise files and convert them."""
    known = engine, files, sources, limits, inputs.workers
    choices = recognise(*known, by_beginnings=True)
    try:
        conversions = convert(engine, choices, inputs, cache, limits)
    except Misjudged:
        choices = recognise(*known)
        conversions = convert(engine, choices, inputs, cache, limits)
    return reconsider(engine, choices, conversions, inputs, cache, limits)


def _without_secrets(file: InputFile, key: str) -> InputFile:
    """Return a file with fingerprints for what looks like a secret in its name and address."""
    origin = file.origin and replace(file.origin, url=fingerprinted(file.origin.url, key))
    return replace(file, name=fingerprinted(file.name, key), origin=origin)


def _lay_those_there(engine: DuckDB) -> Counted:
    """Put the events of a warehouse under in_events, and return what was counted there."""
    from reporter.ingest.exports.events_elsewhere import lay

    return lay(engine)


def _by_source(conversions: list[Done]) -> list[tuple[str, Sentence, int]]:
    """Return what was out of scope: each type of a source once, whatever batches its files form."""
    counts: Counter[tuple[str, str]] = Counter()
    for batch, *_ in conversions:
        counts.update({(batch.source, name): n for name, n in batch.other_types})
    return [(source, Sentence(name), n) for (source, name), n in counts.items()]


def _by_kind(entry: tuple[str, Sentence, int]) -> tuple[str, str, int]:
    return entry[0], str(entry[1]), entry[2]


def recount(
    intake: Intake,
    rejected: Sequence[Quarantined],
    aside: Sequence[tuple[str, str, Sentence]],
    artefacts: Set[str],
) -> Intake:
    """Give statements that were not kept their fate: rejected, or out of scope (kind, file, why).

    A file that only proves an answer holds no records for a table, so those that no source
    recognises are out of scope.
    """
    rejected_counts = Counter(q.file for q in rejected)
    aside_counts = Counter(file for _, file, _ in aside)
    types = Counter((kind, why) for kind, _, why in aside)
    files = []
    for file in intake.files:
        if file.file in artefacts and not file.source:
            types[ATTESTATIONS, Sentence(mark("artefact"))] += file.read
            why = tell("the artefact of an attestation: its hash is compared, no record is read")
            file = replace(file, source=ATTESTATIONS, why=why, out_of_scope=file.read, unreadable=0)
        n_rejected, n_aside = rejected_counts[file.file], aside_counts[file.file]
        files.append(
            replace(
                file,
                kept=file.kept - n_rejected - n_aside,
                out_of_scope=file.out_of_scope + n_aside,
                rejected=file.rejected + n_rejected,
            )
        )
    proofs = {f.file for f in files if f.file in artefacts and f.source == ATTESTATIONS}
    remaining = [q for q in intake.quarantined if q.file not in proofs or q.kind != "unreadable"]
    return replace(
        intake,
        files=tuple(files),
        out_of_scope=tuple(
            sorted([*intake.out_of_scope, *((*t, n) for t, n in types.items() if n)], key=_by_kind)
        ),
        quarantined=tuple(sorted([*remaining, *rejected], key=_in_order)),
    )


def _in_order(entry: Quarantined) -> tuple[str, int, str, str]:
    return entry.file, entry.line, entry.kind, str(entry.reason)


@contextmanager
def ingested(
    files: list[InputFile], sources: tuple[Source, ...]
) -> Iterator[tuple[DuckDB, Intake]]:
    """Read files for inspection only: yield an engine that holds their rows, and the accounting.
    Nothing is left behind.
    """
    with (
        tempfile.TemporaryDirectory() as work,
        DuckDB(Path(work) / "engine") as engine,
        Inputs(files) as inputs,
    ):
        yield engine, ingest(engine, inputs, sources, open_cache(Path(work) / "cache"))


def as_artefact(why: Sentence, name: str, sha256: str) -> Sentence:
    """Say how a document can serve as an artefact, with the line to copy."""
    is_statement = name.startswith("statements/")
    line = statements.line_for(
        name.removeprefix("statements/") if is_statement else Path(name).name, sha256
    )
    text = _ARTEFACT if is_statement else _ARTEFACT_ELSEWHERE
    return Sentence(text, (("why", why), ("line", line)))


def line_to_copy(why: Sentence | None) -> str:
    """Return the line that makes a document an artefact; '' where none was offered."""
    offers = why is not None and why.text in (_ARTEFACT, _ARTEFACT_ELSEWHERE)
    return str(why.value("line")) if why and offers else ""


def _register(engine: DuckDB, conversions: list[Done], cache: Cache) -> None:
    """Put the Parquet files of all batches under one relation per table."""
    engine.run("CREATE TABLE carried (source VARCHAR, tbl VARCHAR, col VARCHAR)")
    engine.run("CREATE TABLE parts (part BIGINT, source VARCHAR, file VARCHAR)")
    engine.run("CREATE TABLE hidden (file VARCHAR, record BIGINT)")
    numbers = _numbers(conversions)
    for ranks, (batch, files, _) in zip(numbers, conversions, strict=True):
        engine.insert("carried", [(batch.source, t, c) for t, c in batch.carried])
        engine.insert(
            "parts", [(n, batch.source, f.name) for n, f in zip(ranks, files, strict=True)]
        )
        hidden = [(files[i].name, n) for i, n, _, why, _ in batch.problems if has_hidden(why)]
        engine.insert("hidden", hidden)
    for spec in LOADED:
        parts = list(relations(zip(numbers, conversions, strict=True), spec.name, cache))
        null_columns = ", ".join(f"CAST(NULL AS {t}) AS {n}" for n, t in columns_of(spec))
        is_events = spec.name == "events"
        null_columns += ", CAST(NULL AS UBIGINT) AS who" if is_events else ""
        place = ", CAST(NULL AS BIGINT) AS place" if is_events else ""
        parts = parts or [
            f"SELECT {null_columns}, CAST(NULL AS VARCHAR) AS source, CAST(NULL AS VARCHAR) AS"
            f" file, CAST(NULL AS BIGINT) AS part, CAST(NULL AS BIGINT) AS record{place} WHERE"
            " FALSE"
        ]
        kind = "VIEW" if is_events else "TABLE"
        engine.run(f"CREATE {kind} in_{spec.name} AS {' UNION ALL '.join(parts)}")


def event_rows(conversions: list[Done], cache: Cache) -> str:
    """SQL: the events of all batches, as the view in_events has them before anything is set
    aside.
    """
    numbered = zip(_numbers(conversions), conversions, strict=True)
    return " UNION ALL ".join(relations(numbered, "events", cache))


def _numbers(conversions: list[Done]) -> list[list[int]]:
    """Return a number for each file of each batch, in the order of source and name: which of two
    equal records is the first must not depend on how large a file has grown.
    """
    places = sorted(
        (batch.source, Path(file.name), i, k)
        for i, (batch, files, _) in enumerate(conversions)
        for k, file in enumerate(files)
    )
    ranks = {(i, k): rank for rank, (*_, i, k) in enumerate(places)}
    return [[ranks[i, k] for k in range(len(files))] for i, (_, files, _) in enumerate(conversions)]


def _count(
    engine: DuckDB, choices: list[Choice], conversions: list[Done], inputs: Inputs
) -> tuple[list[FileCount], list[Quarantined]]:
    files: list[FileCount] = []
    quarantined: list[Quarantined] = []
    why = {c.file.name: c.why for c in choices}
    for batch, members, hashes in conversions:
        for file, digest, counts in zip(members, hashes, batch.counts, strict=True):
            files.append(
                FileCount(
                    file.name,
                    batch.source,
                    why[file.name],
                    file.size,
                    digest,
                    counts.read,
                    counts.kept,
                    counts.out_of_scope,
                    counts.unreadable,
                    counts.rejected,
                    file.part,
                    file.lined,
                    file.origin,
                )
            )
        quarantined += [
            Quarantined(members[i].name, line, kind, reason, text)
            for i, line, kind, reason, text in batch.problems
        ]
    last_read = LastRead()
    for choice in choices:
        if choice.source is None:
            count, entries = _unrecognised(engine, choice, inputs, last_read)
            files.append(count)
            quarantined += entries
    return sorted(files, key=lambda f: f.file), quarantined


def _doubled_events(engine: DuckDB) -> list[Quarantined]:
    """Set events aside that are there twice, and return notes on those that may be."""
    if not engine.one(
        "SELECT count(*) - count(DISTINCT hash(event_id)) FROM in_events WHERE event_id IS NOT NULL"
    ):
        return []
    columns = ", ".join(n for n, _ in columns_of(TABLES["events"]))
    twice = (
        "SELECT event_id FROM in_events WHERE event_id IS NOT NULL GROUP BY event_id HAVING"
        " count(*) > 1"
    )
    # Where a log gives the start and the end of an act one id, none of its rows is of use.
    alike = (
        f"SELECT event_id FROM in_events WHERE event_id IN ({twice}) GROUP BY event_id HAVING"
        f" min(part) < max(part) OR count(DISTINCT hash({columns})) < count(*)"
    )
    engine.run(
        f"CREATE TABLE doubled AS SELECT {columns}, source, file, part, record, place FROM"
        f" in_events WHERE event_id IN ({alike})"
    )
    notes = [*_set_repeats_aside(engine, columns), *_alike(engine)]
    engine.run("DROP TABLE doubled")
    if engine.one("SELECT count(*) FROM repeats"):
        engine.run("ALTER VIEW in_events RENAME TO all_events")
        engine.run(
            "CREATE VIEW in_events AS SELECT * FROM all_events ANTI JOIN repeats USING (part,"
            " place)"
        )
    return notes


def _set_repeats_aside(engine: DuckDB, columns: str) -> list[Quarantined]:
    """Count events that repeat others in every column, with an id, only once; return a note per
    file.

    Without an id, two equal events may be two events, so both stay.
    """
    engine.run(
        "CREATE TABLE repeats AS SELECT * FROM (SELECT part, place, file, record, row_number()"
        " OVER w AS nth, first_value(file || '#' || CAST(record AS VARCHAR)) OVER w AS original"
        f" FROM doubled WINDOW w AS (PARTITION BY {columns}, starts_with(file, 'baseline/') ORDER"
        " BY part, place)) AS numbered WHERE nth > 1"
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


ALIKE = mark(
    "{n} events of this file have the id, log and time of events in {other}, but other values"
    " elsewhere; each counts. Provide one export per log"
)
_OF_COPY = ("ingested_at",)
"""What is told of a copy of an event, not of the event."""


def _alike(engine: DuckDB) -> list[Quarantined]:
    """Set events aside that stand in another file, too, with all that they say and more, and return
    a note per file on these, and on those that say something else: each of them counts.

    Alike are the id, log, time and source, as of two exports of one log.
    """
    engine.run(
        "CREATE TABLE twins AS WITH once AS (SELECT * FROM doubled ANTI JOIN repeats USING (part,"
        " place) WHERE NOT starts_with(file, 'baseline/')) SELECT * FROM once JOIN (SELECT"
        " event_id, log_source, occurred_at, source FROM once GROUP BY ALL HAVING count(DISTINCT"
        " part) > 1) AS t USING (event_id, log_source, occurred_at, source)"
    )
    told = [n for n, _ in columns_of(TABLES["events"]) if n not in _OF_COPY]
    holds_all = " AND ".join(f"(b.{n} IS NULL OR b.{n} = a.{n})" for n in told)
    n_told = " + ".join(f"(a.{n} IS NOT NULL)::INT" for n in told)
    is_fuller = f"({n_told}, -a.part) > ({n_told.replace('a.', 'b.')}, -b.part)"
    engine.run(
        "INSERT INTO repeats SELECT b.part, b.place, b.file, b.record, 0 AS nth, min(a.file || '#'"
        " || CAST(a.record AS VARCHAR)) AS original FROM twins AS b JOIN twins AS a USING"
        " (event_id, log_source, occurred_at, source) WHERE a.part <> b.part AND"
        f" {holds_all} AND {is_fuller} GROUP BY ALL"
    )
    lesser = engine.rows(
        "SELECT file, min(record), count(*), arg_min(original, record) FROM repeats WHERE nth = 0"
        " GROUP BY file ORDER BY file"
    )
    others = engine.rows(
        "WITH remaining AS (SELECT t.* FROM twins AS t ANTI JOIN repeats USING (part, place)),"
        " firsts AS (SELECT event_id, log_source, occurred_at, source, min((part, record, file)) AS"
        " first FROM remaining GROUP BY ALL HAVING count(DISTINCT part) > 1) SELECT r.file,"
        " min(r.record), count(*), arg_min(f.first[3], r.record) FROM remaining AS r JOIN firsts AS"
        " f USING (event_id, log_source, occurred_at, source) WHERE r.part <> f.first[1] GROUP BY"
        " r.file ORDER BY r.file"
    )
    engine.run("DROP TABLE twins")
    fuller = mark(
        "{n} events of this file are also in another, in full and with more detail, and count"
        " once; the"
        " first is {ref}"
    )
    return [
        Quarantined(file, line, "duplicate", Sentence(text, (("n", n), (name, other))), "")
        for text, name, rows in ((fuller, "ref", lesser), (ALIKE, "other", others))
        for file, line, n, other in rows
    ]


def _partial(
    engine: DuckDB, choices: list[Choice], files: Sequence[FileCount]
) -> list[Quarantined]:
    """Mark the tables of sources of whose export pages are missing in `carried`; return a note per
    file.
    """
    counts = {f.file: f.read for f in files}
    lists: dict[tuple[str, str, str], list[Choice]] = defaultdict(list)
    for choice in choices:
        if choice.source and choice.pages != WHOLE:
            lists[choice.source.id, choice.path, choice.pages.of].append(choice)
    notes: list[Quarantined] = []
    for (source, *_), parts in sorted(lists.items()):
        why = missing_of((c.pages, counts[c.file.name]) for c in parts)
        if why:
            engine.run(
                "INSERT INTO carried SELECT DISTINCT source, tbl, ? FROM carried WHERE source = ?",
                [PARTIAL, source],
            )
            notes += [Quarantined(c.file.name, 0, "partial", why, "") for c in parts]
    return notes


def _undated(engine: DuckDB) -> list[Quarantined]:
    """Say how many events of each file have no time, in a format without times: they belong to no
    period.
    """
    return [
        Quarantined(
            file,
            line,
            "undated",
            tell("{n} events have no time: they are kept, but belong to no period", n=n),
            "",
        )
        for file, line, n in engine.rows(
            "SELECT file, min(record), count(*) FROM in_events WHERE occurred_at IS NULL GROUP BY"
            " file ORDER BY file"
        )
    ]


def _lost(lost_counts: Mapping[str, int]) -> Notice:
    """Name the files that changed while they were read."""
    lines = tuple(tell("{file}: {n} records", file=f, n=n) for f, n in sorted(lost_counts.items()))
    return Notice("files_changed", (("n", len(lost_counts)),), lines, "quarantine.csv")


def _remote(files: Sequence[InputFile], counts: Sequence[RemoteCount]) -> Iterator[Notice]:
    """Name the objects that could not be fetched, and the places that hold none."""
    if lost := [f for f in files if f.is_lost and f.why]:
        lines = tuple(labelled(f.name, f.why) for f in lost if f.why)
        yield Notice("objects_lost", (("n", len(lost)),), lines, "quarantine.csv")
    if empty := [c for c in counts if c.listed == c.left_out]:
        lines = tuple(labelled(c.to, verbatim(c.url)) for c in empty)
        yield Notice("places_empty", (("n", len(empty)),), lines, "manifest.json")


def _changed(files: Sequence[InputFile], lost_files: Collection[str]) -> list[Quarantined]:
    """Name the files that were written to after discovery: what came later belongs to a later
    run.
    """
    return [
        Quarantined(f.name, 0, "changed", why, "")
        for f in files
        if f.size and not f.part and f.name not in lost_files and (why := _change(f))
    ]


def _change(file: InputFile) -> Sentence | None:
    """Say what happened to a file since it was found."""
    try:
        status = file.path.stat()
    except OSError:
        return tell("the file was removed during the run; what was read had been in it before")
    if status.st_size != file.size:
        return tell(
            "the file had {n} bytes when it was found and has {now} now; what was added was not"
            " read",
            n=file.size,
            now=status.st_size,
        )
    if stamp_of(status)[1:4] != file.stamp[1:4]:
        return tell("the file was written to during the run; what was read had been in it before")
    return None


def _unrecognised(
    engine: DuckDB, choice: Choice, inputs: Inputs, last_read: LastRead
) -> tuple[FileCount, list[Quarantined]]:
    """Count the records of a file that nobody can read; all of them are unreadable."""
    file = choice.file
    n_read, n_lost, problems, notes = 0, 0, [], []
    for item in documents(file, engine, last_read):
        if isinstance(item, Note):
            notes.append(Quarantined(file.name, item.line, "field", abridged(item.reason), ""))
        elif isinstance(item, Problem):
            n_lost += 1
            if n_lost <= LISTED_LOST:
                problems.append(
                    Quarantined(file.name, item.line, "unreadable", abridged(item.reason), "")
                )
        else:
            n_read += len(item.value) if isinstance(item.value, list) else 1
    if n_lost > LISTED_LOST:
        notes.append(Quarantined(file.name, 0, "unreadable", rest_lost(n_lost, "unreadable"), ""))
    if n_read:
        reason = tell("{why} ({n} records)", why=choice.why, n=n_read)
        problems.insert(0, Quarantined(file.name, 1, "unreadable", reason, ""))
    n_read += n_lost
    digest = inputs.digest(file).sha256
    why = as_artefact(choice.why, file.name, digest) if file.is_document else choice.why
    if file.size and not digest:
        n_read, why = max(1, n_read), CHANGED
        problems, notes = [Quarantined(file.name, 0, "unreadable", CHANGED, "")], []
    elif file.is_lost and file.why:  # nobody knows how many records it has: one at least
        n_read, problems = 1, [Quarantined(file.name, 0, "unreadable", file.why, "")]
    counts = FileCount(file.name, "", why, file.size, digest, n_read, 0, 0, n_read, 0)
    return replace(counts, origin=file.origin), [*problems, *notes]

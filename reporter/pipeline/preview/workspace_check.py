"""A workspace before an assessment. In: its folder. Out: what each file is taken for, what is lost
or there twice, and what would decide most of what would be unknown.

All steps up to the results of checks are those of `assess`, over the beginnings of large logs;
nothing is scored and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from reporter.content import loader
from reporter.content.loader import Content
from reporter.content.mapping import with_mappings
from reporter.content.packs import Pack, naming
from reporter.content.workspace import NAME, Workspace, read_workspace
from reporter.engine.duckdb import DEFAULT_MEMORY, DuckDB
from reporter.engine.sandbox import USUAL
from reporter.errors import InputError
from reporter.evaluate import extract, runner
from reporter.evaluate.evidence import wanted, weigh_lists
from reporter.evaluate.foreign_checks import Apart
from reporter.ingest.cache import open_cache
from reporter.ingest.detect import GENERAL
from reporter.ingest.load import Intake, ingest
from reporter.ingest.readers.files import discover
from reporter.ingest.readers.inputs import FOLDERS, Inputs
from reporter.ingest.remote.remote_inputs import Asked, SeenPlace, look_at, refuse_unasked
from reporter.ingest.unread_files import beside
from reporter.model.assessment import Check, FileCount, Quarantined
from reporter.model.sentences import Sentence
from reporter.model.source import Source
from reporter.pipeline.assess import derive_tables, noted, refuse_nothing
from reporter.pipeline.preview.beginnings import Looked, beginning
from reporter.pipeline.preview.duplicates import Overlap, overlaps, same_files
from reporter.pipeline.preview.unread_columns import unread_columns
from reporter.pipeline.resolve_statements import resolve, with_shortfalls
from reporter.pipeline.tested_checks import settle_by_tests
from reporter.pipeline.workspace_content import compile_all, refuse_unknown, select_frameworks
from reporter.report.view.asks import Lack, ToBring, asks, lack
from reporter.schema.compiled import Compiled

_SILENT = ("silent_days", "silent_hours")


@dataclass(frozen=True, slots=True)
class SeenFile:
    """What a file is taken for, and what becomes of its records."""

    count: FileCount
    bytes: int
    is_part: bool
    """Only pieces of it were read; its counts are of these."""
    title: str = ""
    """Of its source; '' where none reads it."""
    doubts: tuple[str, ...] = ()
    """Why it may be something else."""
    unread: tuple[str, ...] = ()
    """Its columns that nothing reads."""


@dataclass(frozen=True, slots=True)
class FileNotes:
    """What of a file is lost, and what is only noted, as a time that is read as UTC."""

    file: str
    records: int
    """Records that could not be used."""
    fields: int
    """Fields that could not be read, of records that are kept."""
    others: int
    """Notes on what is not lost."""
    first_lost: Quarantined | None
    first_other: Quarantined | None


@dataclass(frozen=True, slots=True)
class Preview:
    folder: str
    files: tuple[SeenFile, ...] = ()
    same: tuple[tuple[str, ...], ...] = ()
    """Files with the same bytes."""
    overlaps: tuple[Overlap, ...] = ()
    notes: tuple[FileNotes, ...] = ()
    results: int = 0
    unknown: int = 0
    to_bring: ToBring = ToBring((), {}, 0)
    untold: int = 0
    """Results of which only the whole of a large log tells whether they can be judged."""
    refusal: InputError | None = None
    """Why an assessment would be refused."""
    parts: tuple[str, ...] = ()
    """Files of which only pieces were read."""
    remote: tuple[SeenPlace, ...] = ()
    """Places of object storage, which are listed and not fetched."""


def check_workspace(
    folder: Path,
    extra: tuple[Path, ...] = (),
    packs: tuple[Pack, ...] = (),
    environ: Mapping[str, str] | None = None,
) -> Preview:
    """Look at a workspace as `assess` would; with the environment, at what it names elsewhere too.

    Raises InputError or ContentError as that does where reporter.yml or content is wrong; where
    nothing can be assessed, `Preview.refusal` says so beside what was found.
    """
    workspace = read_workspace(folder)
    try:
        refuse_unasked(workspace, Asked(environ, folder))
        remote = look_at(workspace, environ) if workspace.remote and environ is not None else ()
    except InputError as error:
        return replace(_check(workspace, folder, extra, packs, True), refusal=error)
    preview = _check(workspace, folder, extra, packs, any(place.objects for place in remote))
    return replace(preview, remote=remote)


def _check(
    workspace: Workspace,
    folder: Path,
    extra: tuple[Path, ...],
    packs: tuple[Pack, ...],
    has_more: bool,
) -> Preview:
    """Look at the files of a workspace; where it has more elsewhere, that nothing is among them
    refuses nothing.
    """
    content = loader.load(extra, packs, False, workspace.frameworks)
    content = replace(content, sources=with_mappings(content.sources, workspace.folder))
    refuse_unknown(workspace, content)
    catalogs, content = content.frameworks, select_frameworks(workspace, content)
    with naming(content.packs):
        compiled = compile_all(
            content.checks, workspace.params, workspace.samples, workspace.place("params")
        )
    with TemporaryDirectory() as name:
        work = Path(name)
        found = discover(workspace.folder, FOLDERS)
        looked = [beginning(f, work / f"part-{n}") for n, f in enumerate(found)]
        with _read(workspace, content, looked, work, extra) as (engine, intake, inputs):
            try:
                refuse_nothing(intake, folder)
            except InputError as error:
                preview = _preview(engine, intake, inputs, content, looked, folder)
                return preview if has_more else replace(preview, refusal=error)
            who, notices = derive_tables(engine, workspace, {})
            intake, *_ = resolve(engine, intake, workspace, content, catalogs, who)
            preview = _preview(engine, intake, inputs, content, looked, folder)
            noted(engine, intake, notices, ())
            _assess(engine, content, compiled, work)
            return _with_asks(engine, preview, content)


@contextmanager
def _read(
    workspace: Workspace,
    content: Content,
    looked: Sequence[Looked],
    work: Path,
    extra: tuple[Path, ...],
) -> Iterator[tuple[DuckDB, Intake, Inputs]]:
    with (
        DuckDB(work / "engine") as engine,
        Inputs([one.file for one in looked]) as inputs,
        naming(content.packs),
    ):
        intake = ingest(engine, inputs, content.sources, open_cache(work / "cache"))
        intake = with_shortfalls(intake, inputs)
        used = [workspace.folder / NAME, *extra]
        others = beside(engine, workspace.folder, content.sources, used)
        files = sorted([*intake.files, *others], key=lambda f: f.file)
        yield engine, replace(intake, files=tuple(files)), inputs


def _preview(
    engine: DuckDB,
    intake: Intake,
    inputs: Inputs,
    content: Content,
    looked: Sequence[Looked],
    folder: Path,
) -> Preview:
    sizes = {one.file.name: one.bytes for one in looked}
    parts = tuple(one.file.name for one in looked if one.is_part)
    sources = {s.id: s for s in content.sources}
    columns = {
        file.name: unread_columns(engine, file, sources[count.source])
        for file in inputs.files
        for count in intake.files
        if count.file == file.name and count.source in sources
    }
    same = same_files(intake.files, sizes, _books(inputs))
    return Preview(
        str(folder),
        tuple(_seen(f, sources, sizes, parts, columns) for f in intake.files),
        same,
        overlaps(engine, same),
        tuple(_notes(intake)),
        parts=parts,
    )


def _books(inputs: Inputs) -> dict[str, str]:
    """Return the names of sheets and lists -> the first name of the file that they are in."""
    first: dict[Path, str] = {}
    for file in inputs.files:
        whole = file.name.removesuffix(f"!{file.part}") if file.part else file.name
        first.setdefault(file.path, whole)
    return {file.name: first[file.path] for file in inputs.files}


def _seen(
    count: FileCount,
    sources: dict[str, Source],
    sizes: dict[str, int],
    parts: Sequence[str],
    columns: dict[str, tuple[str, ...]],
) -> SeenFile:
    source = sources.get(count.source)
    name = count.file.removesuffix(f"!{count.part}")
    return SeenFile(
        count,
        sizes.get(name, count.bytes),
        name in parts,
        source.title if source else count.source,
        _doubts(count, source),
        columns.get(count.file, ()),
    )


def _doubts(count: FileCount, source: Source | None) -> tuple[str, ...]:
    """Say what speaks against what a file is taken for: other records in it, other sources that
    know it as well, or a source that takes what others leave.
    """
    if not source or count.why is None:
        return ()
    values = dict(_values(count.why))
    percent, others = values.get("percent"), values.get("sources")
    doubts = []
    if isinstance(percent, int) and percent < 100:
        doubts.append(f"{percent}% of its first records are {source.title}")
    if isinstance(others, tuple):
        doubts.append(f"known as well to {', '.join(map(str, others))}")
    if source.rank >= GENERAL:
        doubts.append(f"{source.title} takes what no other source knows")
    if count.read and not count.kept:
        doubts.append("none of its records is kept")
    return tuple(doubts)


def _values(why: Sentence) -> Iterator[tuple[str, object]]:
    """Yield the values of a sentence, and of those in it."""
    for name, value in why.values:
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Sentence):
                yield from _values(part)
        yield name, value


def _notes(intake: Intake) -> Iterator[FileNotes]:
    """Yield the notes on files that are read; the numbers are those of page 1."""
    for file in intake.files:
        notes = [q for q in intake.quarantined if file.source and q.file == file.file]
        notes = [q for q in notes if q.is_loss or q.kind == "field"]
        lost, noted = (_first(n for n in notes if n.is_loss == which) for which in (True, False))
        fields = sum(n.fields_lost for n in notes)
        if file.source and (lost or noted or file.unreadable or file.rejected):
            others = sum(not n.is_loss for n in notes)
            yield FileNotes(file.file, file.unreadable + file.rejected, fields, others, lost, noted)


def _first(notes: Iterator[Quarantined]) -> Quarantined | None:
    return next(notes, None)


def _assess(
    engine: DuckDB,
    content: Content,
    compiled: Sequence[tuple[Check, Compiled]],
    work: Path,
) -> None:
    """Fill `results`."""
    sources = {s.id: s for s in content.sources}
    runner.prepare(engine)
    weigh_lists(engine, sources)
    foreign = [j for c, j in compiled if c.id in content.extra]
    with Apart(foreign, work, DEFAULT_MEMORY, USUAL) as run:
        runner.assess(engine, compiled, engine.threads(), False, run, None, sources)
    settle_by_tests(engine, content)


def _with_asks(engine: DuckDB, preview: Preview, content: Content) -> Preview:
    rows = engine.rows(
        "SELECT CAST(check_id AS VARCHAR), CAST(reason_code AS VARCHAR), CAST(reason_values AS"
        " VARCHAR), count(*) FROM results WHERE status = 'unknown' GROUP BY ALL ORDER BY ALL"
    )
    logs = {log for f in preview.parts for log in _logs(engine, f)}
    every = [lack(*row) for row in rows]
    lacks = [_without_gap(entry, logs) for entry in every if not _is_of_part(entry, logs)]
    exports = wanted(engine, content.sources, loader.read_queries)
    to_bring = asks(lacks, exports, bool(extract.feeds(engine)))
    total = int(engine.one("SELECT count(*) FROM results WHERE status <> 'na'"))
    unknown = sum(entry.results for entry in lacks)
    return replace(
        preview,
        results=total,
        unknown=unknown,
        untold=sum(entry.results for entry in every) - unknown,
        to_bring=to_bring,
    )


def _logs(engine: DuckDB, file: str) -> list[str]:
    rows = engine.rows("SELECT DISTINCT log_source FROM in_events WHERE file = ?", [file])
    return [log for (log,) in rows]


def _without_gap(entry: Lack, logs: Set[str]) -> Lack:
    """Return a lack of columns without the silence of a log of which only pieces were read."""
    then = entry.values.get("then")
    if then and _is_of_part(Lack(entry.check, then["code"], then["values"], 0), logs):
        return replace(entry, values={k: v for k, v in entry.values.items() if k != "then"})
    return entry


def _is_of_part(entry: Lack, logs: Set[str]) -> bool:
    """Tell whether a log seems to be silent because only pieces of it were read."""
    return entry.code in _SILENT and entry.values.get("log_source") in logs

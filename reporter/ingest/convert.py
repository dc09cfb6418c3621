"""Convert every recognised file to Parquet, once. In: choices, a cache. Out: a Batch for each
source.

Small and irregular files go record by record through a spool. A large flat JSONL log goes straight
through the engine, and falls back to the spool when a line is not clean.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from zlib import crc32

from reporter.content import source_macros
from reporter.engine.base import Error, OutOfMemory
from reporter.engine.duckdb import DuckDB
from reporter.engine.sandbox import USUAL, Child, Limits, Stopped
from reporter.errors import InputError, ReporterError
from reporter.ingest import foreign_sources
from reporter.ingest.bulk_path import begin, is_expected, stream
from reporter.ingest.cache import Batch, Cache, Counts, find, keep, key_of, mark
from reporter.ingest.detect import Choice
from reporter.ingest.quarantine import CHANGED, has_hidden
from reporter.ingest.readers.documents import Misjudged
from reporter.ingest.readers.files import InputFile, is_shown_as_it_is
from reporter.ingest.readers.inputs import Digest, Inputs, Originals
from reporter.ingest.record_path import spool
from reporter.model.source import Source
from reporter.privacy.redact_sql import teach

STREAM_FROM = 8 << 20
"""Bytes from which a flat JSONL log is read by the engine directly."""

A_FILE = 16 << 10
"""Bytes of JSON lines that are converted in the time that it takes to open a file."""
LEAST, MOST = 24 << 20, 48 << 20
"""Bytes of files that are converted together, where they are many: each time takes a tenth of a
second more than its bytes do.
"""
LARGE = 8
"""Times the bytes that a process holds at once it needs to have in memory."""
WORTH_PROCESSES = 32 << 20
"""Bytes that are converted in the time that processes take to start and to be of use."""
WORTH_BEGINNING = 1 << 29
"""Bytes from which a log is converted while it is still being hashed."""

Done = tuple[Batch, list[InputFile], list[str]]
"""A batch, its files and their sha256."""


@dataclass(frozen=True, slots=True)
class Job:
    """Files of one source that are converted together, into one entry of the cache."""

    source: Source
    parts: list[Choice]
    digests: list[Digest]
    begun: Future[Path | None] | None = None
    """The Parquet of a large log whose conversion did not wait for its hash."""

    def without(self, places: Set[int]) -> Job:
        """Return the job without the files at some places."""
        indices = [i for i in range(len(self.parts)) if i not in places]
        return replace(
            self, parts=[self.parts[i] for i in indices], digests=[self.digests[i] for i in indices]
        )

    @property
    def files(self) -> list[InputFile]:
        return [p.file for p in self.parts]

    @property
    def hashes(self) -> list[str]:
        return [d.sha256 for d in self.digests]

    @property
    def key(self) -> str:
        places = [f"{p.path}\n{p.seen.only_list or p.file.envelope}".rstrip() for p in self.parts]
        return key_of(self.source, places, self.hashes)


@dataclass(frozen=True, slots=True)
class Means:
    """What files are converted with elsewhere: plain data, to be sent beside a job."""

    cache: Path
    secret_key: str
    """What fingerprints of secrets are made with."""
    work: Path | None
    """A folder for temporary files, in which each process makes its own; None for the usual one."""
    memory: int
    """Bytes for the engine, and for a document that is read as a whole."""
    room: int
    """Bytes that temporary files may take; 0 for no limit."""
    originals: Originals
    limits: Limits


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of a job."""

    batch: Batch | None
    """None where all of its files were lost."""
    lost: Set[int] = frozenset()
    """Places of files whose bytes are gone: they are not in the batch."""
    is_repeatable: bool = True
    """Whether another run would find the same: a killed child may succeed next time."""
    warnings: tuple[str, ...] = ()


UNSEEN = Entry(None, is_repeatable=False)
"""Nothing became of a job where its files are not seen."""


def convert_job(job: Job, means: Means) -> Entry:
    """Convert files of one source into one entry of the cache, or find it there, with an engine of
    one thread: the work of another process, or of a machine that sees the same folders.

    Raises OutOfMemory where a share of the memory is too little for one of them.
    """
    with TemporaryDirectory(dir=means.work) as folder, _engine(Path(folder), means) as engine:
        return _entry(engine, job, means)


def _engine(folder: Path, means: Means) -> DuckDB:
    """Return an engine of one thread that knows what sources use."""
    room = f"{means.room}B" if means.room else ""
    engine = DuckDB(folder, f"{means.memory}B", room, is_share=True)
    teach(engine, means.secret_key)
    source_macros.define(engine)
    return engine


@lru_cache(1)
def _own_engine(means: Means) -> DuckDB:
    """Return the engine of this worker. Who started it removes its folder in the end."""
    return _engine(Path(mkdtemp(prefix="worker-", dir=means.work)), means)


def _entry(engine: DuckDB, job: Job, means: Means) -> Entry:
    warnings: list[str] = []
    cache = Cache(means.cache, means.secret_key, warnings.append)
    entry = _work_off(engine, job, means.originals, cache, means.limits)
    return replace(entry, warnings=tuple(warnings))


def try_job(job: Job, means: Means) -> Entry | None:
    """Convert files as `convert_job` does; None where that is left to who has all the memory, and
    reports all errors.
    """
    try:
        entry = _entry(_own_engine(means), job, means) if means.work else convert_job(job, means)
    except (ReporterError, Error, Stopped, Misjudged, OSError):
        _own_engine.cache_clear()
        return None
    return entry if entry.is_repeatable else None


def try_job_there(job: Job, means: Means) -> Entry | None:
    """Convert files as `try_job` does, where other folders may be seen; `UNSEEN` for files that are
    not, which would count as removed.
    """
    paths = (file.path for file in job.files)
    if not means.cache.is_dir() or not all(path.is_file() for path in paths):
        return UNSEEN
    return try_job(job, means)


def convert(
    engine: DuckDB, choices: list[Choice], inputs: Inputs, cache: Cache, limits: Limits = USUAL
) -> list[Done]:
    """Convert the recognised files, or find them converted, a copy of a batch only once: two
    batches at a time, or those of many small files in as many processes as there are.

    The bytes converted are those that were hashed. A file whose bytes are gone is a batch of its
    own without rows.
    """
    batches = list(_batches(choices))
    order = sorted(range(len(batches)), key=lambda i: sum(p.file.size for p in batches[i][1]))
    light = _light(batches, engine, inputs)
    losses: list[Done] = []
    with ThreadPoolExecutor(2) as pool:
        jobs = {n: _hashed(batches[n], inputs, {}, losses) for n in light}
        entries = _in_processes(engine, jobs, inputs, cache, limits)
        begun = {} if light else _begin(pool, engine, (batches[i] for i in order), inputs, cache)
        for number in order:
            job = jobs.get(number) or _hashed(batches[number], inputs, begun, losses)
            jobs[number] = job
            if job.parts and (key := job.key) not in entries:
                work = pool.submit(_work_off, engine, job, inputs.originals, cache, limits)
                entries[key] = number, work
        conversions: list[Done] = []
        for number in (n for n in range(len(batches)) if jobs[n].parts):
            job = jobs[number]
            first_number, future = entries[job.key]
            entry = future.result()
            if entry.lost and first_number != number:  # equal files, and these may still be there
                entry = _work_off(engine, job, inputs.originals, cache, limits)
            losses += [_loss(job, n) for n in sorted(entry.lost)]
            rest = job.without(entry.lost)
            conversions += [(entry.batch, rest.files, rest.hashes)] if entry.batch else []
    return [*conversions, *losses]


def _light(batches: list[tuple[Source, list[Choice]]], engine: DuckDB, inputs: Inputs) -> list[int]:
    """Return the places of batches that processes beside this one convert, the heaviest first; none
    where that takes longer than to start them. Executors convert all.
    """
    if engine.executors:
        return sorted(
            range(len(batches)), key=lambda n: -sum(_weight(p.file) for p in batches[n][1])
        )
    count = inputs.workers.count
    most = engine.memory() // count // LARGE
    weights = {
        number: sum(_weight(p.file) for p in parts)
        for number, (source, parts) in enumerate(batches)
        if not streams(source, parts[0].file) and _held_at_once(source, parts) <= most
    }
    if count < 2 or len(weights) < 2 or sum(weights.values()) < WORTH_PROCESSES:
        return []
    return sorted(weights, key=lambda n: -weights[n])


def _held_at_once(source: Source, parts: list[Choice]) -> int:
    """Return how many bytes of files are in memory at once, at the most."""
    weights = [_weight(p.file) for p in parts]
    return sum(weights) if source.together else max(weights)


def _in_processes(
    engine: DuckDB, jobs: dict[int, Job], inputs: Inputs, cache: Cache, limits: Limits
) -> dict[str, tuple[int, Future[Entry]]]:
    """Have jobs done in other processes, each of equal ones once; return what became of those that
    were done, by key.
    """
    firsts: dict[str, int] = {}
    for number, job in jobs.items():
        if job.parts:
            firsts.setdefault(job.key, number)
    workers = engine.executors or inputs.workers
    share = 1 if workers.are_elsewhere else workers.count
    means = Means(
        cache.folder,
        cache.secret_key,
        None if workers.are_elsewhere else engine.work,
        engine.memory() // share,
        engine.room() // share,
        inputs.originals,
        limits,
    )
    calls = [(_without_others(jobs[number]), means) for number in firsts.values()]
    entries: dict[str, tuple[int, Future[Entry]]] = {}
    results = [*workers.results(try_job_there if workers.are_elsewhere else try_job, calls)]
    _refuse_other_folders(cache, results)
    for (key, number), entry in zip(firsts.items(), results, strict=True):
        if entry is not None and entry != UNSEEN:
            for warning in entry.warnings:
                cache.warn(warning)
            future: Future[Entry] = Future()
            future.set_result(entry)
            entries[key] = number, future
    return entries


def _refuse_other_folders(cache: Cache, entries: Sequence[Entry | None]) -> None:
    """Raise InputError where those who converted files see other folders than this process."""
    if entries and all(entry == UNSEEN for entry in entries):
        raise InputError(
            "the executors of Spark see none of the files, or no such folder of converted files",
            str(cache.folder),
            "Give a workspace and a --cache that all machines see, or leave out --executors.",
        )
    names = {n for entry in entries if entry and entry.batch for n in entry.batch.hashes}
    if lost := [n for n in sorted(names) if not (cache.folder / n).is_file()]:
        raise InputError(
            f"{len(lost)} converted files of the executors of Spark are not here",
            str(cache.folder),
            "Give a --cache that all machines see, or leave out --executors.",
        )


def _without_others(job: Job) -> Job:
    """Return a job without the sources that its files were not taken for, to be sent away."""
    return replace(job, parts=[replace(p, source=job.source, others=()) for p in job.parts])


def _hashed(
    batch: tuple[Source, list[Choice]],
    inputs: Inputs,
    begun: dict[Path, Future[Path | None]],
    losses: list[Done],
) -> Job:
    """Return the job of a batch once its files are hashed; those that changed before are losses."""
    source, parts = batch
    digests = [inputs.digest(p.file) for p in parts]
    job = Job(source, parts, digests, begun.get(parts[0].file.path))
    partial_files = {n for n, d in enumerate(digests) if not d.is_whole}
    losses += [_loss(job, n) for n in partial_files]
    return job.without(partial_files)


def _begin(
    pool: Executor,
    engine: DuckDB,
    batches: Iterable[tuple[Source, list[Choice]]],
    inputs: Inputs,
    cache: Cache,
) -> dict[Path, Future[Path | None]]:
    """Begin to convert the first large log whose hash is not known: by then that of the next is."""

    def work(source: Source, file: InputFile) -> Path | None:
        with engine.twin() as connection, connection.turn(file.size):
            return begin(connection, source, file, engine.work)

    for source, (choice, *_) in batches:
        file = choice.file
        if streams(source, file) and file.size >= WORTH_BEGINNING:
            is_usual = not (file.gzipped or source.foreign) and inputs.is_steady(file)
            if is_usual and not (inputs.is_hashed(file) or is_expected(file, cache)):
                return {file.path: pool.submit(work, source, file)}
            break
    return {}


def _loss(job: Job, place: int) -> Done:
    """Return a batch for a file whose records are not used: as many as were counted before it
    changed.
    """
    record_count = max(1, job.digests[place].lines)
    batch = Batch(job.source.id, "", counts=[Counts(read=record_count, unreadable=record_count)])
    batch.problems = [(0, 0, "unreadable", CHANGED, "")]
    return batch, [job.parts[place].file], [""]


def _work_off(
    engine: DuckDB, job: Job, originals: Originals, cache: Cache, limits: Limits
) -> Entry:
    """Return what became of a job."""
    batch = find(cache, job.key, len(job.parts))
    if batch is not None:
        return Entry(batch)
    if all(originals.is_steady(p.file) for p in job.parts):
        attempt = _convert_in_place(engine, job, originals, cache, limits)
        if attempt and all(originals.is_steady(p.file) for p in job.parts):
            batch, is_repeatable = attempt
            _keep(batch, cache, is_repeatable)
            return Entry(batch, is_repeatable=is_repeatable)
    return _from_copies(engine, job, originals, cache, limits)


def _convert_in_place(
    engine: DuckDB, job: Job, originals: Originals, cache: Cache, limits: Limits
) -> tuple[Batch, bool] | None:
    """Convert files in place; None if that fails because one of them has gone."""
    try:
        return _convert(engine, job, cache, limits)
    except (OSError, Error):
        if all(originals.is_steady(p.file) for p in job.parts):
            raise
        return None


def _from_copies(
    engine: DuckDB, job: Job, originals: Originals, cache: Cache, limits: Limits
) -> Entry:
    """Convert copies of files that somebody may be writing to: a second read may differ from what
    was hashed.
    """
    with TemporaryDirectory(dir=engine.work) as folder:
        copies_by_path: dict[Path, InputFile | None] = {}
        for number, (file, digest) in enumerate(zip(job.files, job.digests, strict=True)):
            if file.path not in copies_by_path:  # sheets of a workbook lie in one file
                engine.make_room(file.size)
                copies_by_path[file.path] = originals.copy(
                    file, Path(folder) / str(number), digest.sha256
                )
        copies = [
            replace(file, path=copy.path) if (copy := copies_by_path[file.path]) else None
            for file in job.files
        ]
        lost_places = frozenset(n for n, file in enumerate(copies) if file is None)
        parts = [replace(p, file=f) for p, f in zip(job.parts, copies, strict=True) if f]
        if not parts:
            return Entry(None, lost_places)
        remaining_job = Job(job.source, parts, job.without(lost_places).digests)
        batch = find(cache, remaining_job.key, len(parts)) if lost_places else None
        is_repeatable = True
        if batch is None:
            batch, is_repeatable = _convert(engine, remaining_job, cache, limits)
            _keep(batch, cache, is_repeatable)
    return Entry(batch, lost_places, is_repeatable)


def _keep(batch: Batch, cache: Cache, is_repeatable: bool) -> None:
    """Keep a batch if another run would find the same, and record the key of its fingerprints, if
    it has any.
    """
    if any(has_hidden(why) for _, _, _, why, _ in batch.problems):
        batch.made_with = mark(cache.secret_key)
    if is_repeatable:
        keep(cache, batch)


def _convert(engine: DuckDB, job: Job, cache: Cache, limits: Limits) -> tuple[Batch, bool]:
    """Return the batch of the files, and whether another run would find the same: a killed child
    may succeed next time.
    """
    source, parts, key = job.source, job.parts, job.key
    with engine.twin() as connection:
        if len(parts) == 1 and streams(source, parts[0].file):
            batch = Batch(source.id, key, counts=[Counts()])
            with (
                Child(limits) as child,
                suppress(Stopped, OutOfMemory),
            ):  # the spool tells which records
                begun = job.begun.result() if job.begun else None
                file, digest = parts[0].file, job.digests[0]
                with connection.turn(file.size):
                    is_clean = (begun is not None or not job.begun) and stream(
                        connection, source, file, digest, batch, cache, child, begun
                    )
                if is_clean:
                    foreign_sources.clear(connection, key)
                    return batch, True
        batch = Batch(source.id, key, counts=[Counts() for _ in parts])
        try:
            return batch, spool(connection, source, parts, batch, cache, limits)
        except Misjudged:
            for name in batch.hashes:
                (cache.folder / name).unlink(missing_ok=True)
            raise


def _batches(choices: list[Choice]) -> Iterator[tuple[Source, list[Choice]]]:
    """Yield large flat logs alone, and the other files of a source together: by path, and cut where
    they are many, unless its records refer to each other.
    """
    groups: dict[tuple[str, str], tuple[Source, list[Choice]]] = {}
    for choice in choices:
        source = choice.source
        if source is None:
            continue
        if streams(source, choice.file):
            yield source, [choice]
        else:
            key = source.id, "" if source.together else choice.path
            groups.setdefault(key, (source, []))[1].append(choice)
    for _, (source, parts) in sorted(groups.items(), key=lambda g: g[0]):
        for portion in [parts] if source.together else _cut(parts):
            yield source, portion


def _cut(parts: list[Choice]) -> Iterator[list[Choice]]:
    """Yield portions of files that are converted together. Where one ends is a matter of names, so
    that a file more changes one portion and not all after it.
    """
    portion: list[Choice] = []
    weight = 0
    for _, group in groupby(parts, key=lambda p: p.file.path):  # a workbook is opened once
        portion += (sheets := [*group])
        file = sheets[0].file
        weight += _weight(file)
        draw = crc32(file.name.encode("utf-8", "surrogateescape")) / (1 << 32)
        if weight >= MOST or (weight >= LEAST and draw < _weight(file) / LEAST):
            yield portion
            portion, weight = [], 0
    if portion:
        yield portion


def _weight(file: InputFile) -> int:
    """Return how many bytes a file may unpack to, and what it costs to open it, in bytes."""
    return A_FILE + file.unpacked_size


def streams(source: Source, file: InputFile) -> bool:
    """Tell whether the engine reads the file directly."""
    return (
        bool(source.columns)
        and file.format == "jsonl"
        and not file.envelope
        and file.encoding == "utf-8"
        and is_shown_as_it_is(file.path)
        and file.unpacked_size >= STREAM_FROM
    )

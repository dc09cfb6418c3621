"""Convert every recognised file to Parquet, once. In: choices, a cache. Out: a Batch for each
source.

Small and irregular files go record by record through a spool. A large flat JSONL log goes straight
through the engine, and falls back to the spool when a line is not clean.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from reporter.engine.base import Error, OutOfMemory
from reporter.engine.duckdb import DuckDB
from reporter.engine.sandbox import USUAL, Child, Limits, Stopped
from reporter.ingest import foreign_sources
from reporter.ingest.bulk_path import begin, is_expected, stream
from reporter.ingest.cache import Batch, Cache, Counts, find, keep, key_of, mark
from reporter.ingest.detect import Choice
from reporter.ingest.quarantine import CHANGED, has_hidden
from reporter.ingest.readers.documents import Misjudged
from reporter.ingest.readers.files import InputFile, is_shown_as_it_is
from reporter.ingest.readers.inputs import Digest, Inputs
from reporter.ingest.record_path import spool
from reporter.model.source import Source

STREAM_FROM = 8 << 20
"""Bytes from which a flat JSONL log is read by the engine directly."""

WORTH_BEGINNING = 1 << 29
"""Bytes from which a log is converted while it is still being hashed."""

Done = tuple[Batch, list[InputFile], list[str]]
"""A batch, its files and their sha256."""


@dataclass(frozen=True, slots=True)
class _Job:
    """Files of one source that are converted together."""

    source: Source
    parts: list[Choice]
    digests: list[Digest]
    begun: Future[Path | None] | None = None
    """The Parquet of a large log whose conversion did not wait for its hash."""

    def without(self, places: Set[int]) -> _Job:
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


def convert(
    engine: DuckDB, choices: list[Choice], inputs: Inputs, cache: Cache, limits: Limits = USUAL
) -> list[Done]:
    """Convert the recognised files, or find them converted: two batches at a time, and a copy of a
    batch only once.

    The bytes converted are those that were hashed. A file whose bytes are gone is a batch of its
    own without rows.
    """
    batches = list(_batches(choices))
    jobs: dict[str, tuple[int, Future[tuple[Batch | None, Set[int]]]]] = {}
    whole_jobs: dict[int, _Job] = {}
    losses: list[Done] = []
    order = sorted(range(len(batches)), key=lambda i: sum(p.file.size for p in batches[i][1]))
    with ThreadPoolExecutor(2) as pool:
        begun = _begin(pool, engine, (batches[i] for i in order), inputs, cache)
        for number in order:
            source, parts = batches[number]
            digests = [inputs.digest(p.file) for p in parts]
            job = _Job(source, parts, digests, begun.get(parts[0].file.path))
            partial_files = {n for n, d in enumerate(job.digests) if not d.is_whole}
            losses += [_loss(job, n) for n in partial_files]
            whole_jobs[number] = job.without(partial_files)
            key = whole_jobs[number].key
            if whole_jobs[number].parts and key not in jobs:
                jobs[key] = (
                    number,
                    pool.submit(_work_off, engine, whole_jobs[number], inputs, cache, limits),
                )
        conversions: list[Done] = []
        for number in range(len(batches)):
            if not whole_jobs[number].parts:
                continue
            first_number, future = jobs[whole_jobs[number].key]
            batch, lost_places = future.result()
            if lost_places and first_number != number:  # equal files, and these may still be there
                batch, lost_places = _work_off(engine, whole_jobs[number], inputs, cache, limits)
            losses += [_loss(whole_jobs[number], n) for n in sorted(lost_places)]
            remaining_job = whole_jobs[number].without(lost_places)
            conversions += [(batch, remaining_job.files, remaining_job.hashes)] if batch else []
    return [*conversions, *losses]


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


def _loss(job: _Job, place: int) -> Done:
    """Return a batch for a file whose records are not used: as many as were counted before it
    changed.
    """
    record_count = max(1, job.digests[place].lines)
    batch = Batch(job.source.id, "", counts=[Counts(read=record_count, unreadable=record_count)])
    batch.problems = [(0, 0, "unreadable", CHANGED, "")]
    return batch, [job.parts[place].file], [""]


def _work_off(
    engine: DuckDB, job: _Job, inputs: Inputs, cache: Cache, limits: Limits
) -> tuple[Batch | None, Set[int]]:
    """Return the batch of a job, and which of its files were lost: they are not in it."""
    batch = find(cache, job.key, len(job.parts))
    if batch is not None:
        return batch, frozenset()
    if all(inputs.is_steady(p.file) for p in job.parts):
        attempt = _convert_in_place(engine, job, inputs, cache, limits)
        if attempt and all(inputs.is_steady(p.file) for p in job.parts):
            batch, is_repeatable = attempt
            _keep(batch, cache, is_repeatable)
            return batch, frozenset()
    return _from_copies(engine, job, inputs, cache, limits)


def _convert_in_place(
    engine: DuckDB, job: _Job, inputs: Inputs, cache: Cache, limits: Limits
) -> tuple[Batch, bool] | None:
    """Convert files in place; None if that fails because one of them has gone."""
    try:
        return _convert(engine, job, cache, limits)
    except (OSError, Error):
        if all(inputs.is_steady(p.file) for p in job.parts):
            raise
        return None


def _from_copies(
    engine: DuckDB, job: _Job, inputs: Inputs, cache: Cache, limits: Limits
) -> tuple[Batch | None, Set[int]]:
    """Convert copies of files that somebody may be writing to: a second read may differ from what
    was hashed.
    """
    with TemporaryDirectory(dir=engine.work) as folder:
        copies_by_path: dict[Path, InputFile | None] = {}
        for number, (file, digest) in enumerate(zip(job.files, job.digests, strict=True)):
            if file.path not in copies_by_path:  # sheets of a workbook lie in one file
                engine.make_room(file.size)
                copies_by_path[file.path] = inputs.copy(
                    file, Path(folder) / str(number), digest.sha256
                )
        copies = [
            replace(file, path=copy.path) if (copy := copies_by_path[file.path]) else None
            for file in job.files
        ]
        lost_places = frozenset(n for n, file in enumerate(copies) if file is None)
        parts = [replace(p, file=f) for p, f in zip(job.parts, copies, strict=True) if f]
        if not parts:
            return None, lost_places
        remaining_job = _Job(job.source, parts, job.without(lost_places).digests)
        batch = find(cache, remaining_job.key, len(parts)) if lost_places else None
        if batch is None:
            batch, is_repeatable = _convert(engine, remaining_job, cache, limits)
            _keep(batch, cache, is_repeatable)
    return batch, lost_places


def _keep(batch: Batch, cache: Cache, is_repeatable: bool) -> None:
    """Keep a batch if another run would find the same, and record the key of its fingerprints, if
    it has any.
    """
    if any(has_hidden(why) for _, _, _, why, _ in batch.problems):
        batch.made_with = mark(cache.secret_key)
    if is_repeatable:
        keep(cache, batch)


def _convert(engine: DuckDB, job: _Job, cache: Cache, limits: Limits) -> tuple[Batch, bool]:
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
    """Yield large flat logs alone, and the other files of a source together: by path, unless its
    records refer to each other.
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
    yield from (group for _, group in sorted(groups.items(), key=lambda g: g[0]))


def streams(source: Source, file: InputFile) -> bool:
    """Tell whether the engine reads the file directly."""
    return (
        bool(source.columns)
        and file.format == "jsonl"
        and not file.envelope
        and file.encoding == "utf-8"
        and is_shown_as_it_is(file.path)
        and file.size * (8 if file.gzipped else 1) >= STREAM_FROM
    )

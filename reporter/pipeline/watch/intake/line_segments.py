"""New lines of followed files, converted as an assessment converts the file. In: a copy of some
lines. Out: a batch that counts its records from the first line of the file on.

Segments of a file are put together from time to time: many small files are slow to read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path

from reporter.content import source_macros
from reporter.engine.base import OutOfMemory
from reporter.engine.duckdb import DuckDB, parquet
from reporter.engine.sandbox import Child, Limits, Stopped
from reporter.errors import InputError
from reporter.ingest.bulk_path import ROWS_OF_A_LINE, stream
from reporter.ingest.cache import OF_EVENT, Batch, Cache, Counts, find, keep, put
from reporter.ingest.detect import Choice, recognise
from reporter.ingest.readers.files import HEAD, InputFile
from reporter.ingest.readers.inputs import Digest
from reporter.ingest.readers.inputs import Lines as Counted
from reporter.ingest.readers.samples import SAMPLE
from reporter.ingest.record_path import spool
from reporter.model.sentences import Sentence
from reporter.model.source import Source
from reporter.pipeline.watch.cursor import Followed, Segment
from reporter.pipeline.watch.intake.followed_files import Lines
from reporter.pipeline.watch.intake.yielding import yielding_thread
from reporter.privacy.redact_sql import teach
from reporter.system.options import LEAST_MEMORY
from reporter.system.temporary import sync

WORTH_STREAMING = 1 << 14
"""Bytes from which lines are read by the engine directly."""
MANY = 32
"""Segments of a file that are put together."""
LONG = 1 << 22
"""Lines of which a segment is long enough."""
_NICER = 15
"""How much nicer than the process it is to put segments together: nobody waits for that."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """Segments that are being put together."""

    key: str
    """Of what they become."""
    first: str
    """Key of the first of them."""
    count: int
    lines: int
    made: Future[Batch]


@dataclass(frozen=True, slots=True)
class Converter:
    """What converts lines: an engine of its own, and where the Parquet goes."""

    engine: DuckDB
    cache: Cache
    sources: dict[str, Source]
    limits: Limits
    _begun: dict[int, list[_Begun]] = field(default_factory=dict)
    """Number of a file -> what is being put together of it."""
    _unnamed: set[str] = field(default_factory=set)
    """Keys of segments that no file names yet."""
    _removing: list[Future[None]] = field(default_factory=list)
    """What is being removed."""
    aside: ThreadPoolExecutor = field(default_factory=lambda: yielding_thread(_NICER))
    """Does what nobody waits for."""

    def prepare(self) -> None:
        """Teach the engine what sources and the search for secrets need, again and again."""
        self.engine.expect_again()
        teach(self.engine, self.cache.secret_key)
        source_macros.define(self.engine)

    def follows(self, file: InputFile) -> Source | None:
        """Return the source of a file that can be read line by line from now on; None where it is
        too short to know, or its records belong together.
        """
        is_plain = file.format == "jsonl" and file.encoding == "utf-8" and not file.gzipped
        # The first records tell the source, the first bytes the encoding.
        if not is_plain or file.size < HEAD or _lines_in(file) < SAMPLE:
            return None
        with self.engine.twin() as connection:
            (choice,) = recognise(connection, [file], tuple(self.sources.values()), self.limits)
        source = choice.source
        if not source or choice.file.envelope or choice.envelope or choice.path:
            return None
        return None if source.together or source.foreign or not source.is_log else source

    def convert(self, lines: Lines) -> Segment:
        """Convert lines and keep the batch; the disk has it when this returns."""
        file = lines.file
        key = f"{file.number}-{file.offset}"
        self._unnamed.add(key)
        source = self.sources[file.source]
        # The copy of its lines is not packed, whatever became of the file since.
        own = replace(_input(file, lines.path), size=lines.size, gzipped=False)
        choice = Choice(own, source, "", Sentence(""))
        batch = self._streamed(choice, key, lines) or self._spooled(choice, key)
        self._count_on(batch, file.lines)
        keep(self.cache, batch)
        for name in (*batch.hashes, f"{key}.json"):
            sync(self.cache.folder / name)
        return Segment(key, lines.count)

    def _streamed(self, choice: Choice, key: str, lines: Lines) -> Batch | None:
        source = choice.source
        assert source
        if lines.size < WORTH_STREAMING or not source.columns:
            return None
        batch = Batch(source.id, key, counts=[Counts()])
        digest = digest_of(lines.path)
        with (
            Child(self.limits) as child,
            suppress(Stopped, OutOfMemory),
            self.engine.twin() as connection,
        ):
            before, cache = lines.file.lines, self.cache
            if stream(connection, source, choice.file, digest, batch, cache, child, before=before):
                return batch
        return None

    def _spooled(self, choice: Choice, key: str) -> Batch:
        assert choice.source
        batch = Batch(choice.source.id, key, counts=[Counts()])
        with self.engine.twin() as connection:  # what it makes on the way goes with it
            spool(connection, choice.source, [choice], batch, self.cache, self.limits)
        return batch

    def _count_on(self, batch: Batch, before: int) -> None:
        """Let the records of a batch go on where those before it ended; a stream's do."""
        record = f"* EXCLUDE (record, file_row_number), record + {before} AS record"
        place = f", CAST({before} AS BIGINT) * {ROWS_OF_A_LINE} + file_row_number AS place"
        if not batch.stream:
            batch.tables = {
                table: [
                    self._rewrite(n, f"{record}{place if table == 'events' else ''}", batch)
                    for n in names
                ]
                for table, names in batch.tables.items()
            }
        batch.stream, batch.placed = False, True
        batch.problems = [(f, n and n + before, *rest) for f, n, *rest in batch.problems]  # type: ignore[misc]

    def _rewrite(self, name: str, columns: str, batch: Batch) -> str:
        source = self.cache.folder / name
        target = self.engine.work / f"{batch.key}.{len(batch.hashes)}.rewritten.parquet"
        self.engine.write_parquet(f"SELECT {columns} FROM {parquet(source, numbered=True)}", target)
        del batch.hashes[name]
        source.unlink()
        target = target.rename(target.with_name(f"{name.removesuffix('.parquet')}.lines.parquet"))
        put(self.cache, batch, target)
        return target.name

    def read(self, segment: Segment) -> Batch:
        """Return a kept segment.

        Raises InputError where it is not as it was kept.
        """
        batch = find(self.cache, segment.key, 1)
        if batch is None:
            raise InputError(
                "lines that a watch had taken in are not as it kept them",
                str(self.cache.folder / f"{segment.key}.json"),
                "Put the folder back as it was, or begin anew with another --state.",
            )
        return batch

    def put_together(
        self, file: Followed, batches: list[Batch], known: int, is_read: bool
    ) -> list[Batch]:
        """Return the segments of a file with those put together that were begun to be, but for
        those that somebody reads who knows its first lines; begin it where many follow each other
        that he knows, or that he does not. Judging goes on meanwhile, and each line is written anew
        only a few times, however long a file grows.
        """
        keys = [s.key for s in file.segments]
        bound = segments_of(file, known)
        begun = self._begun.setdefault(file.number, [])
        for done in [b for b in begun if b.made.done()]:
            at = keys.index(done.first)
            if is_read and at < bound:
                continue
            begun.remove(done)
            whole = done.made.result()
            file.segments[at : at + done.count] = [Segment(whole.key, done.lines)]
            batches = [*batches[:at], whole, *batches[at + done.count :]]
            keys = [s.key for s in file.segments]
            bound = segments_of(file, known)
        for start, end in ((0, bound), (bound, len(keys))):
            if not any(start <= keys.index(b.first) < end for b in begun):
                self._begin_together(file, batches, start, end)
        return batches

    def _begin_together(self, file: Followed, batches: list[Batch], start: int, end: int) -> None:
        found = worth_joining([s.lines for s in file.segments[start:end]])
        if found is None:
            return
        first, count = start + found[0], found[1]
        some = file.segments[first : first + count]
        lines = sum(s.lines for s in some)
        whole = joined(batches[first : first + count], file)
        whole.key = f"{some[0].key}-{lines}"
        made = self.aside.submit(self._write_together, whole)
        self._begun[file.number].append(_Begun(whole.key, some[0].key, count, lines, made))

    def _write_together(self, whole: Batch) -> Batch:
        for table, names in whole.tables.items():
            path = self.engine.work / f"{whole.key}.{table}.parquet"
            scan = parquet(*(self.cache.folder / n for n in names))
            # The threads of the other engine would help, and they yield to nobody.
            with DuckDB(self.engine.work / "together", f"{LEAST_MEMORY}B", is_share=True) as own:
                columns = [*OF_EVENT, "f", "record", "place"] if table == "events" else ["*"]
                own.write_parquet(f"SELECT {', '.join(columns)} FROM {scan}", path)
            for name in names:
                whole.hashes.pop(name)
            put(self.cache, whole, path)
            whole.tables[table] = [path.name]
        keep(self.cache, whole)
        for name in (*whole.hashes, f"{whole.key}.json"):
            sync(self.cache.folder / name)
        return whole

    def close(self) -> None:
        """Wait for what is being put together; the next watch begins it anew."""
        self.aside.shutdown()

    def clear(self, files: Iterable[Followed], waits: bool = False) -> None:
        """Remove what no file names: a watch that was killed had not noted it yet. The next one
        converts the same lines under the same name, so it `waits`. Else that is done aside, as it
        takes a tenth of a second now and then.

        Raises OSError where something could not be removed now, or the last time.
        """
        named = {segment.key for file in files for segment in file.segments}
        self._unnamed.difference_update(named)
        keys = named | {b.key for begun in self._begun.values() for b in begun}
        # Another thread may convert lines meanwhile: their key is known before they have files.
        paths = [
            path
            for path in self.cache.folder.iterdir()
            if path.is_file()
            and (key := path.name.split(".", 1)[0]) not in keys
            and key not in self._unnamed
        ]
        for done in [r for r in self._removing if r.done()]:
            self._removing.remove(done)
            done.result()
        if waits:
            _remove(paths)
        elif paths:
            self._removing.append(self.aside.submit(_remove, paths))


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def digest_of(path: Path) -> Digest:
    """Return the number of lines, with samples where a line may be no object, or several: else as
    many rows as lines are in the order of the lines.
    """
    n_ends, n_between, first, last = 0, 0, b"", b""
    with path.open("rb") as file:
        while data := file.read(1 << 24):
            n_ends += data.count(b"\n")
            n_between += data.count(b"}\n{")
            first, last = first or data[:1], data[-2:]
        if n_between == n_ends - 1 and first == b"{" and last == b"}\n":
            return Digest("", n_ends, ())
        file.seek(0)
        counted = Counted()
        while data := file.read(1 << 24):
            counted.add(data)
    return Digest("", counted.total(), tuple(counted.samples))


def segments_of(file: Followed, lines: int) -> int:
    """Return how many segments have the first lines of a file."""
    return sum(end <= lines for end in accumulate(s.lines for s in file.segments))


def _lines_in(file: InputFile) -> int:
    """Return the number of lines in the first megabyte of a file."""
    with file.path.open("rb") as handle:
        return handle.read(min(file.size, 1 << 20)).count(b"\n")


def joined(batches: Sequence[Batch], file: Followed) -> Batch:
    """Return batches of lines that follow each other as one; nothing is read or written."""
    whole = Batch(file.source, f"file-{file.number}", placed=True, counts=[Counts()])
    types: Counter[str] = Counter()
    carried: set[tuple[str, str]] = set()
    for batch in batches:
        for table, names in batch.tables.items():
            whole.tables.setdefault(table, []).extend(names)
        for name in ("read", "kept", "out_of_scope", "unreadable", "rejected"):
            more = getattr(batch.counts[0], name)
            setattr(whole.counts[0], name, getattr(whole.counts[0], name) + more)
        whole.problems += batch.problems
        whole.hashes |= batch.hashes
        whole.made_with = whole.made_with or batch.made_with
        carried |= {(t, c) for t, c in batch.carried}
        types.update(dict(batch.other_types))
    whole.carried, whole.other_types = sorted(carried), sorted(types.items())
    return whole


def choice_of(file: Followed, source: Source) -> Choice:
    """Return what a followed file counts as in the accounting."""
    own = replace(_input(file, Path(file.name)), size=file.offset)
    return Choice(own, source, "", Sentence(source.title))


def _input(file: Followed, path: Path) -> InputFile:
    return InputFile(path, file.name, 0, "jsonl", file.packed)


def worth_joining(lines: Sequence[int]) -> tuple[int, int] | None:
    """Return where the first segments begin, by their lines, that are to be put together, and how
    many: none is longer than the others of them, so a line is in a segment twice as long each time
    it is written. Where too many are left between longer ones, return the shortest ones.
    """
    for at in range(len(lines) - MANY + 1):
        some = lines[at : at + MANY]
        if 2 * max(some) <= sum(some) <= LONG:
            return at, MANY
    count = MANY if len(lines) > 4 * MANY else 0
    while (count := count // 2) > 1:
        sums = ((sum(lines[at : at + count]), at) for at in range(len(lines) - count + 1))
        least, at = min(sums)
        if least <= LONG:
            return at, count
    return None

"""The files of a workspace. In: a folder. Out: each file with its hash and number of lines.

Reading for both starts at once in the background, and ends while the content is loaded and
compiled.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reporter.engine.workers import Workers, count_for, split
from reporter.ingest.readers import archives
from reporter.ingest.readers.files import (
    A_DOCUMENT,
    BOOKS,
    DOCUMENTS,
    MAX_RECORD,
    OLE,
    InputFile,
    discover,
    look_at,
    stamp_of,
)
from reporter.ingest.readers.tabular import is_old_book, sheets, too_large_a_book
from reporter.model.sentences import Sentence
from reporter.system.folders import EVIDENCE

if TYPE_CHECKING:
    from reporter.model.assessment import RemoteCount

FOLDERS = EVIDENCE
STATEMENTS = "statements"
"""Where archives stay closed: what lies there goes by the names of the files."""
CHUNK = 1 << 24
WORTH_A_THREAD = 1 << 20
"""Bytes from which a file is read in the background; ten thousand small ones are faster in
sequence.
"""
JUST_WRITTEN = 2_000_000_000
"""Nanoseconds: soon after a write, a second one may not change the time stamp; file systems count
in up to 2 s.
"""
WORTH_WORKERS = 1000
"""Files from which it pays to start processes that look at them: one takes half a second."""
PORTIONS = 4
"""Portions of work for each process, so that none waits long for the last."""
WORTH_NUMPY = 1 << 28
"""Bytes from which it pays to load numpy, which counts the ends of lines several times as fast."""
_PIECE = 1 << 20
"""Bytes that stay in the processor's cache while their ends of lines are counted."""
_NO_NUMBER = re.compile(rb"[:,\[]\s*-?(NaN|Infinity)\b")


@dataclass(frozen=True, slots=True)
class Digest:
    """What reading a file once through tells."""

    sha256: str
    lines: int
    """0 where not counted; -1 when a line is too long or holds a bare NaN, which the engine would
    accept.
    """
    samples: tuple[tuple[int, bytes], ...]
    """(number, text) of a line from every 16 MB."""
    is_whole: bool = True
    """False where the file found at discovery was gone, replaced or shorter: the hash means
    nothing.
    """


@dataclass(frozen=True, slots=True)
class Originals:
    """Files as they were found: whether they still are that, and copies of them."""

    begun: int
    """The time of the file system before the first of them was read."""

    def is_steady(self, file: InputFile) -> bool:
        """Tell whether everything read of a file since discovery is certainly the same bytes."""
        try:
            stamp = stamp_of(file.path.stat())
        except OSError:
            return False
        # what was fetched is named by its hash, in a folder of our own, and never written again
        is_old = bool(file.sha256) or max(stamp[-2:]) < self.begun - JUST_WRITTEN
        return stamp == file.stamp and is_old

    def copy(self, file: InputFile, target: Path, sha256: str) -> InputFile | None:
        """Copy the bytes with a given hash to a private place; None if they are gone."""
        sha = hashlib.sha256()
        try:
            source = file.path.open("rb")
        except OSError:
            return None
        with source, target.open("wb") as output:
            remaining = file.size
            while chunk := source.read(min(CHUNK, remaining)):
                remaining -= len(chunk)
                sha.update(chunk)
                output.write(chunk)
        return replace(file, path=target) if sha.hexdigest() == sha256 else None


class Inputs(AbstractContextManager["Inputs"]):
    """Files to read, each with a distinct name; leaving this context manager stops the reading."""

    def __init__(
        self,
        files: list[InputFile],
        remote: tuple[RemoteCount, ...] = (),
        discovery: Discovery | None = None,
    ) -> None:
        """Take files, the places that some were fetched from, and how they were found."""
        self.found, self.remote = files, remote
        """As they were given, and the places that some were fetched from."""
        discovery = discovery or Discovery(_system_time(), Workers(1))
        self.workers = discovery.workers
        self._digests_at_discovery = discovery.digests
        opened_files = [part for file in files for part in self._members(file)]
        self.files = [part for file in opened_files for part in _parts(file)]
        self._closing = threading.Event()
        self.originals = Originals(discovery.begun)
        self._pool = ThreadPoolExecutor(2)
        self._digests: dict[Path, Future[Digest]] = {}
        for part in self.files:
            if part.size >= WORTH_A_THREAD and part.path not in self._digests:
                self._digests[part.path] = self._pool.submit(self._digest, part)

    @classmethod
    def of(cls, workspace: Path, memory: int = 0) -> Inputs:
        """The files of a workspace, sorted by name. Where they are many, processes that share an
        amount of memory look at them, and are there for what is done with them.
        """
        discovery = Discovery(_system_time(), Workers(count_for(memory), memory))
        return cls(discover(workspace, FOLDERS, discovery.look), discovery=discovery)

    def __exit__(self, *raised: object) -> None:
        self._closing.set()
        self._pool.shutdown(cancel_futures=True)
        self.workers.__exit__(*raised)

    def key(self) -> str:
        """Derive a key from what only a holder of the input knows: the first bytes of each file,
        and its name.
        """
        digest = hashlib.blake2b(b"key of fingerprints\0", digest_size=32)
        for name, head in sorted({(f.name.removesuffix(f"!{f.part}"), f.head) for f in self.files}):
            digest.update(f"{name}\0{head}\0".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def digest(self, file: InputFile) -> Digest:
        """Return what reading the file showed, waiting for it; no hash for an empty file."""
        if not file.size:
            return Digest("", 0, (), not file.is_lost)
        if reading := self._digests.get(file.path):
            return reading.result()
        return self._digests_at_discovery.get(file.path) or self._digest(file)

    def is_hashed(self, file: InputFile) -> bool:
        """Tell whether `digest` waits for nothing."""
        reading = self._digests.get(file.path)
        return reading is None or reading.done()

    def is_steady(self, file: InputFile) -> bool:
        """Tell whether everything read of a file since discovery is certainly the same bytes."""
        return self.originals.is_steady(file)

    def _members(self, file: InputFile) -> list[InputFile]:
        """Return the files of an archive, which are unpacked for as long as the inputs are used;
        any other file as it is.
        """
        if not file.is_archive or STATEMENTS in Path(file.name).parts:
            return [file]
        folder = Path(tempfile.mkdtemp())
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        members = archives.members(file, folder)
        return [replace(m, origin=file.origin) for m in members] if file.origin else members

    def _digest(self, file: InputFile) -> Digest:
        return _digest_of(file, self._closing.is_set)


def _digest_of(file: InputFile, is_closing: Callable[[], bool] = lambda: False) -> Digest:
    sha, lines = (
        hashlib.sha256(),
        Lines(ends_of=_ends if file.size < WORTH_NUMPY else _ends_fast),
    )
    is_counted = file.format == "jsonl" and not file.gzipped
    remaining = file.size
    try:
        with file.path.open("rb", buffering=0) as handle:
            is_same = stamp_of(os.fstat(handle.fileno()))[:2] == file.stamp[:2]
            while not is_closing() and (chunk := handle.read(min(CHUNK, remaining))):
                remaining -= len(chunk)
                sha.update(chunk)
                if is_counted:
                    lines.add(chunk)
    except OSError:
        is_same = False
    line_count = lines.total() if is_counted else 0
    if file.sha256 and sha.hexdigest() != file.sha256:
        file.path.unlink(missing_ok=True)  # the next run fetches it anew
        is_same = False
    if not is_same or remaining:
        return Digest("", line_count, (), False)
    return Digest(sha.hexdigest(), line_count, tuple(lines.samples))


class Discovery:
    """How files are found: many of them by workers, which hash the small ones too."""

    def __init__(self, begun: int, workers: Workers) -> None:
        self.begun, self.workers = begun, workers
        self.digests: dict[Path, Digest] = {}

    def look(self, paths: list[Path], workspace: Path) -> list[InputFile]:
        """Return what each path of a workspace is."""
        if self.workers.count < 2 or len(paths) < WORTH_WORKERS:
            return look_at(paths, workspace)
        portions = split(paths, PORTIONS * self.workers.count)
        files = []
        for some in self.workers.results(look_and_hash, [(p, workspace) for p in portions]):
            for file, digest in some:
                files.append(file)
                if digest:
                    self.digests[file.path] = digest
        return files


def look_and_hash(paths: list[Path], workspace: Path) -> list[tuple[InputFile, Digest | None]]:
    """Return what each path of a workspace is, with the hash of a small file; for a worker."""
    files = look_at(paths, workspace)
    return [(f, _digest_of(f) if 0 < f.size < WORTH_A_THREAD else None) for f in files]


def _system_time() -> int:
    """Return the time that the file system gives a file now."""
    with tempfile.TemporaryFile() as file:
        return os.fstat(file.fileno()).st_ctime_ns


def _parts(file: InputFile) -> list[InputFile]:
    """Return each sheet of a workbook as a file of its own: it has its own headings and row
    numbers.
    """
    if file.format not in BOOKS:
        return [file]
    if file.format == "xls" and not is_old_book(file):
        document = Sentence(A_DOCUMENT, (("kind", Sentence(DOCUMENTS[OLE])),))
        return [replace(file, format="unknown", why=document)]
    if file.format == "xlsx" and (why := too_large_a_book(file)):
        return [replace(file, format="unknown", why=why)]
    names = sheets(file)
    if len(names) < 2:
        return [file]
    return [replace(file, name=f"{file.name}!{n}", part=n) for n in names]


class Lines:
    """Counts lines over chunks of bytes, and keeps the first whole line of each chunk as a
    sample.
    """

    def __init__(
        self, limit: int = MAX_RECORD, ends_of: Callable[[bytes], int] | None = None
    ) -> None:
        self.samples: list[tuple[int, bytes]] = []
        self._limit = limit
        self._ends_of = ends_of or _ends
        self._count, self._open, self._tail, self._fit = 0, 0, b"", True

    def add(self, chunk: bytes) -> None:
        """Count one chunk more."""
        ends = self._ends_of(chunk)
        first_end = chunk.find(b"\n")
        longest = self._open + (first_end if ends else len(chunk))
        if ends > 1:
            sample = chunk[first_end + 1 : chunk.find(b"\n", first_end + 1)]
            self.samples.append((self._count + 2, sample))
        self._open = len(chunk) - chunk.rfind(b"\n") - 1 if ends else longest
        self._count += ends
        if longest >= self._limit or (
            _hints_no_number(chunk) and _NO_NUMBER.search(self._tail + chunk)
        ):
            self._fit = False
        self._tail = chunk[-16:]

    def total(self) -> int:
        """Return the number of lines; -1 when one is too long or holds a bare NaN."""
        return self._count + (self._open > 0) if self._fit else -1


def _ends(chunk: bytes) -> int:
    return chunk.count(b"\n")


def _ends_fast(chunk: bytes) -> int:
    import numpy as np

    signs = np.frombuffer(chunk, np.uint8)
    return sum(
        int(np.count_nonzero(signs[start : start + _PIECE] == ord("\n")))
        for start in range(0, len(chunk), _PIECE)
    )


def _hints_no_number(chunk: bytes) -> bool:
    """Look for the first letters first: finding one byte is ten times faster than finding three."""
    return (b"N" in chunk and b"NaN" in chunk) or (b"I" in chunk and b"Infinity" in chunk)

"""Portions of records: files of numbered lines. In: lines. Out: files of a limited size, and their
halves.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Semaphore
from typing import BinaryIO

from reporter.ingest.readers.inputs import CHUNK

WRITTEN_AT_ONCE = 1 << 18
"""Bytes: with the usual 8 KB, every few records are a call of the system."""

AT_ONCE = 2048
"""Records that a thread of the engine takes at once."""


class Spool:
    """Numbered files of lines, a new one whenever the last is full."""

    def __init__(
        self, stem: Path, capacity: int, make_room: Callable[[int], None], at_once: int = 0
    ) -> None:
        """Write files of a capacity; or, if their records are so large that more bytes than are
        given would be those that the engine takes `at_once`, of so many bytes.
        """
        self._stem, self._capacity, self._room = stem, capacity, 0
        self._at_once, self._lines = at_once, 0
        self._make_room, self._unasked = make_room, 0
        self._count = 0
        self._file: BinaryIO | None = None

    def write(self, line: bytes) -> Path | None:
        """Write a line; return the file before it where that is full now."""
        is_full = self._room < len(line)
        if self._at_once and self._lines < AT_ONCE:
            is_full |= self._capacity - self._room + len(line) > self._at_once
        full_path = self.close() if is_full else None
        if self._file is None:
            path = self._stem.with_suffix(f".{self._count}.ndjson")
            self._file, self._room = path.open("wb", WRITTEN_AT_ONCE), self._capacity
            self._count += 1
            self._lines = 0
        self._file.write(line)
        self._lines += 1
        self._room -= len(line)
        self._unasked += len(line)
        if self._unasked >= CHUNK:
            self._make_room(CHUNK)
            self._unasked = 0
        return full_path

    def close(self) -> Path | None:
        """End the file at hand and return its path; None where there is none."""
        if not self._file:
            return None
        self._file.close()
        path = Path(self._file.name)
        self._file = None
        return path


@contextmanager
def in_advance(items: Iterator[Path]) -> Iterator[Iterator[Path]]:
    """Yield an iterator of the same items that are made in another thread, one while the one before
    is used, and one more; what is raised there is raised here.
    """
    made: SimpleQueue[Path | None] = SimpleQueue()
    room = Semaphore(1)
    is_over = Event()

    def make() -> None:
        try:
            for item in items:
                made.put(item)
                room.acquire()
                if is_over.is_set():
                    return
        finally:
            made.put(None)

    def taken() -> Iterator[Path]:
        while item := made.get():
            room.release()
            yield item
        making.result()

    with ThreadPoolExecutor(1) as pool:
        making = pool.submit(make)
        try:
            yield taken()
        finally:
            is_over.set()
            room.release()


_SPOOLED = re.compile(r'\{"s":\d+,"f":(\d+),"n":(\d+),')


def places(lines: Path) -> Iterator[tuple[int, int, str]]:
    """Yield (file, number, line) of a portion, without the engine, which may be what failed."""
    with lines.open(encoding="utf-8") as handle:
        for line in handle:
            if match := _SPOOLED.match(line):
                yield int(match[1]), int(match[2]), line


def halved(lines: Path, together: bool) -> list[Path]:
    """Write the halves of a portion: of its files, or of the records of one; none where it cannot
    be split.
    """
    files: Counter[int] = Counter(index for index, _, _ in places(lines))
    if len(files) > 1:
        first_files = set(sorted(files)[: len(files) // 2])
        first_count = sum(n for index, n in files.items() if index in first_files)
    else:
        first_count = 0 if together else files.total() // 2
    if not first_count:
        return []
    halves = [lines.with_name(f"{lines.stem}{side}.ndjson") for side in "ab"]
    with (
        halves[0].open("w", encoding="utf-8") as first_half,
        halves[1].open("w", encoding="utf-8") as second_half,
    ):
        for nth, (_, _, line) in enumerate(places(lines)):
            (first_half if nth < first_count else second_half).write(line)
    return halves

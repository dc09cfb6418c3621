"""Portions of records: files of numbered lines. In: lines. Out: files of a limited size, and their
halves.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from reporter.ingest.readers.inputs import CHUNK


class Spool:
    """Numbered files of lines, a new one whenever the last is full."""

    def __init__(self, stem: Path, capacity: int, make_room: Callable[[int], None]) -> None:
        self.paths: list[Path] = []
        self._stem, self._capacity, self._room = stem, capacity, 0
        self._make_room, self._unasked = make_room, 0
        self._file: TextIO | None = None

    def write(self, line: str) -> None:
        if self._file is None or self._room < len(line):
            self.close()
            self.paths.append(self._stem.with_suffix(f".{len(self.paths)}.ndjson"))
            self._file = self.paths[-1].open("w", encoding="utf-8")
            self._room = self._capacity
        self._file.write(line)
        self._room -= len(line)
        self._unasked += len(line)
        if self._unasked >= CHUNK:
            self._make_room(CHUNK)
            self._unasked = 0

    def close(self) -> None:
        if self._file:
            self._file.close()


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

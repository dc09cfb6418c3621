"""What a batch has done, kept through any end of it. In: what became of a unit. Out: a line in a
file that is on the disk before the next thing happens; and the last line of each unit, read back.

A line that was cut off, by a full disk or the end of the machine, counts as never written.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

NAME = "batch.journal"
Row = dict[str, Any]


class Journal:
    """The journal of a folder of runs, for one process at a time."""

    def __init__(self, folder: Path) -> None:
        """Open it, and cut off what is there of a line that was never finished."""
        self.path = folder / NAME
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self.rows, self._end = _read(self._file)
        os.ftruncate(self._file, self._end)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        os.close(self._file)

    def add(self, row: Row) -> None:
        """Write what became of a unit, under its name, so that it is there after any end.

        Raises OSError where the disk does not take it; then nothing of it is there.
        """
        self.rows[row["unit"]] = row
        line = json.dumps(row, ensure_ascii=True, sort_keys=True).encode() + b"\n"
        try:
            written = 0
            while written < len(line):
                written += os.pwrite(self._file, line[written:], self._end + written)
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, self._end)
            raise
        self._end += len(line)


def rows_of(path: Path) -> dict[str, Row]:
    """Return the last row of each unit of a journal, which is only read."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return _read(file)[0]
    finally:
        os.close(file)


def _read(file: int) -> tuple[dict[str, Row], int]:
    """Return the last row of each unit, and where the last whole line ends."""
    rows: dict[str, Row] = {}
    end = 0
    with os.fdopen(os.dup(file), "rb") as lines:
        for line in lines:
            if not line.endswith(b"\n"):
                break
            end += len(line)
            try:
                row = json.loads(line)
                rows[row["unit"]] = row
            except (ValueError, TypeError, KeyError):
                continue  # damaged: its unit is looked at as if it were new
    return rows, end

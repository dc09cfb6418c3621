"""Lines that come over stdin, kept as a file that is followed as any other. In: a stream. Out: a
file of the state that grows.

What is on disk survives a restart; what stands in the pipe when the process is killed does not.
"""

from __future__ import annotations

import os
import re
import threading
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from reporter.errors import InputError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_AT_ONCE = 1 << 16


def name_of(text: str) -> str:
    """Return the name of the file for stdin.

    Raises InputError where it is no plain name.
    """
    if not _NAME.fullmatch(text):
        raise InputError(
            "is no plain name of a file", repr(text), "Give one such as --stdin gateway.jsonl."
        )
    return text


@dataclass(slots=True)
class Copying:
    """How far the copying of a stream has come."""

    ended: threading.Event = field(default_factory=threading.Event)
    """Set after the last byte, and where nothing more can be kept."""
    failed: OSError | None = None

    def has_ended(self) -> bool:
        """Tell whether all that came is kept.

        Raises OSError where some of it could not be: what comes after that is not read.
        """
        has_ended = self.ended.is_set()
        if self.failed:
            raise self.failed
        return has_ended


def copy_lines(stream: BinaryIO, path: Path) -> Copying:
    """Append what comes to a file, on a thread of its own. A line that was cut there before, as by
    a kill, ends first: else the next one would be taken for the rest of it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    copying = Copying()

    def copy() -> None:
        try:
            with path.open("a+b", buffering=0) as file:
                _end_line(file)
                while data := os.read(stream.fileno(), _AT_ONCE):
                    _write(file, data)
                _end_line(file)
        except OSError as error:
            error.filename = error.filename or str(path)  # of a write it is not known
            copying.failed = error
        finally:
            copying.ended.set()

    threading.Thread(target=copy, daemon=True).start()
    return copying


def _end_line(file: FileIO) -> None:
    size = file.seek(0, os.SEEK_END)
    if size and os.pread(file.fileno(), 1, size - 1) != b"\n":
        _write(file, b"\n")


def _write(file: FileIO, data: bytes) -> None:
    """Write all of it: a disk that is nearly full takes a part, and no error is raised."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]

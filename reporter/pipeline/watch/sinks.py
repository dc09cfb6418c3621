"""Where lines of changes go. In: lines with their numbers. Out: a file, stdout, hooks.

Lines are committed with the cursor before they are delivered. A file gets each once, whatever
happens; stdout and hooks get a line again where nobody knows whether it arrived.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from reporter.errors import InputError
from reporter.pipeline.watch.cursor import Outbox


class LineFile:
    """A file that grows by lines."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def size(self) -> int:
        """Return its bytes; 0 where it is not there."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def deliver(self, outbox: Outbox) -> None:
        """Append what is missing of the committed lines; the disk has them when this returns.

        Raises InputError where somebody else has written to the file or cut it.
        """
        text = "".join(f"{line}\n" for line in outbox.lines).encode()
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            size = os.fstat(file.fileno()).st_size
            there = os.pread(file.fileno(), len(text) + 1, outbox.offset)
            if size < outbox.offset or not text.startswith(there):
                raise InputError(
                    "has other lines than this watch wrote",
                    str(self.path),
                    "Give another file, or put this one back as it was.",
                )
            file.write(text[len(there) :])
            file.flush()
            os.fsync(file.fileno())


def to_stream(outbox: Outbox, write: Callable[[str], None]) -> None:
    """Print the committed lines."""
    for line in outbox.lines:
        write(line)


def next_outbox(outbox: Outbox, lines: Sequence[str], offset: int) -> Outbox:
    """Return the outbox after all of one are delivered, with the next lines."""
    return Outbox(outbox.first + len(outbox.lines), list(lines), offset)

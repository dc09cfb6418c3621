"""Lines that come over stdin, kept as a file that is followed as any other. In: a stream. Out: a
file of the state that grows.

What is on disk survives a restart; what stands in the pipe when the process is killed does not.
"""

from __future__ import annotations

import os
import re
import threading
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


def copy_lines(stream: BinaryIO, path: Path, ended: threading.Event) -> threading.Thread:
    """Append what comes to a file, on a thread of its own; set `ended` after the last byte."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    def copy() -> None:
        try:
            with path.open("ab", buffering=0) as file:
                last = b"\n"
                while data := os.read(stream.fileno(), _AT_ONCE):
                    file.write(data)
                    last = data
                if not last.endswith(b"\n"):  # the last line has ended, too
                    file.write(b"\n")
        finally:
            ended.set()

    thread = threading.Thread(target=copy, daemon=True)
    thread.start()
    return thread

"""Whether two files have the same first bytes. In: a file, what was taken in of another, or that
other file. Out: how many bytes they share, and how the file ends.
"""

from __future__ import annotations

import hashlib
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from reporter.ingest.readers.files import HEAD, InputFile, TooLarge, mark_of, opened
from reporter.pipeline.watch.cursor import Followed, Piece

STEP = 1 << 20
"""Bytes that are read at once."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A file that has what was taken in of another, or only the first bytes of that."""

    all_bytes: Piece
    """Of a short one; else its first bytes, and their hash."""
    is_short: bool
    """It has fewer bytes than were taken in."""


class Reader:
    """The bytes of a file, unpacked; a packed file that is cut ends where it is cut."""

    def __init__(self, handle: IO[bytes], most: int = -1) -> None:
        """Read what is open, `most` bytes of it; -1: all."""
        self._handle, self._most = handle, most
        self._sha256 = hashlib.sha256()
        self.size = 0
        """Bytes read so far."""
        self.is_cut = False

    def read(self, size: int = STEP) -> bytes:
        """Return the next bytes; as many as asked for, unless the file ends."""
        parts: list[bytes] = []
        if self._most >= 0:
            size = min(size, self._most - self.size)
        try:
            while size > 0 and (data := self._handle.read1(size)):  # type: ignore[attr-defined]
                parts.append(data)
                size -= len(data)
        except (EOFError, zlib.error, TooLarge):
            self.is_cut = True
        data = b"".join(parts)
        self._sha256.update(data)
        self.size += len(data)
        return data

    def feed(self, digest: Any, size: int) -> int:
        """Give a hash the next bytes; return how many there were."""
        remaining = size
        while remaining and (data := self.read(min(STEP, remaining))):
            digest.update(data)
            remaining -= len(data)
        return size - remaining

    def so_far(self) -> Piece:
        """Return what was read."""
        return Piece(self.size, self._sha256.hexdigest())


@contextmanager
def reading(file: InputFile, at: int = 0) -> Iterator[Reader]:
    """Open what a file held when it was found, packed or not; a plain one from some byte on.

    Raises OSError where it cannot be read.
    """
    if file.gzipped:
        with opened(file) as handle:
            yield Reader(handle)
    else:
        with file.path.open("rb") as plain:
            plain.seek(at)
            yield Reader(plain, file.size - at)


def copy_of(file: InputFile, known: Followed) -> Copy | None:
    """Return how a file begins as what was taken in of another; None where it does not.

    A file with fewer bytes is held against what was noted on the way, as far as that goes.
    """
    try:
        with reading(file) as reader:
            same = _same(reader, known)
            read = reader.so_far()
    except OSError:
        return None
    if same is None:
        return None
    if known.copied.size:
        return Copy(read, True) if read == known.copied else None
    if same == known.offset:
        return Copy(read, False)
    return Copy(read, True) if 0 < read.size <= 2 * same else None


def _same(reader: Reader, known: Followed) -> int | None:
    """Return how many bytes are certainly those that were taken in; None where some are not."""
    if known.copied.size:
        while reader.read():
            pass
        return reader.size
    start = same = 0
    for piece in known.pieces:
        marks = known.marks if piece is known.pieces[-1] else []
        digest, size = hashlib.sha256(), 0
        for mark in (*(m for m in marks if m.size < piece.size), piece):
            size += reader.feed(digest, mark.size - size)
            if size == mark.size - 1 and mark is piece:  # the end of a last line was added
                digest.update(b"\n")
                return start + size if digest.hexdigest() == mark.sha256 else same
            if size < mark.size:
                return same
            if digest.hexdigest() != mark.sha256:
                return None
            same = start + size
        start += piece.size
    return same


def shared(one: InputFile, other: InputFile, known_same: int) -> int | None:
    """Return how many bytes two files share where one of them begins with the other; None where
    they differ. Of plain files the first ones may be known to be the same.

    Raises OSError where one cannot be read.
    """
    at = 0 if one.gzipped or other.gzipped else known_same
    with reading(one, at) as first, reading(other, at) as second:
        size = 4096  # most files differ at once
        while True:
            parts = first.read(size), second.read(size)
            same = min(map(len, parts))
            if parts[0][:same] != parts[1][:same]:
                return None
            at += same
            if same < size:
                return at
            size = STEP


def is_intact(known: Followed, file: IO[bytes]) -> bool:
    """Tell whether an open file still ends, up to where it was read, as it did; where nothing was,
    whether it begins as it did when it was found.
    """
    if not known.offset:
        file.seek(0)
        return begins_as(known, file.read(HEAD))
    if os.fstat(file.fileno()).st_size < known.offset:
        return False
    file.seek(known.offset - known.tail.size, io.SEEK_SET)
    return ends_as(known, file.read(known.tail.size))


def begins_as(known: Followed, data: bytes) -> bool:
    """Tell whether the first bytes of a file are those by which it was found."""
    return not known.head or mark_of(data[:HEAD]) == known.head


def ends_as(known: Followed, data: bytes) -> bool:
    """Tell whether bytes are the last ones that were taken in."""
    if not known.tail.size:
        return True
    is_whole = len(data) == known.tail.size
    return is_whole and hashlib.sha256(data).hexdigest() == known.tail.sha256

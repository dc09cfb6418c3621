"""Whole lines of files that grow. In: files that are followed, what was taken in before. Out: the
lines that are new, and what was taken in then.

A file is read on only where it ends, up to there, as it did: an inode is used again for another
file, and a log that was cut grows anew.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from reporter.ingest.readers.files import InputFile, sniff
from reporter.pipeline.watch.cursor import Followed, Piece
from reporter.pipeline.watch.intake.file_places import Rest
from reporter.pipeline.watch.intake.shared_bytes import STEP, begins_as, ends_as

TAIL = 4096
"""Bytes by which the end of what was taken in is known again."""
MARKS = 32
"""Hashes on the way that are kept of a file."""
_sha256 = hashlib.sha256


@dataclass(frozen=True, slots=True)
class Lines:
    """Whole lines of a file that are not taken in yet."""

    file: Followed
    path: Path
    """A copy of them."""
    size: int
    count: int
    tail: Piece
    digest: Any
    """Of all bytes since this process follows the file, with these."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where lines of a file are read."""

    path: Path
    start: int = 0
    """Where what stands there begins in the file."""
    is_rest: bool = False
    """It is a copy of the last bytes, and nobody writes to it."""


class Digests:
    """A running hash of each file that this process follows: one piece of it, however often more
    is taken in.
    """

    def __init__(self) -> None:
        self._running: dict[int, tuple[Any, int]] = {}

    def of(self, file: Followed) -> Any:
        """Return the hash so far, to go on with."""
        return self._running[file.number][0].copy() if file.number in self._running else _sha256()

    def copy(self) -> Digests:
        """Return what goes on from here by itself."""
        other = Digests()
        other._running = dict(self._running)
        return other

    def keep(self, lines: Lines) -> None:
        """Make what was taken in the last piece of the file, or a part of it."""
        file = lines.file
        before = self._running.get(file.number)
        size = (before[1] if before else 0) + lines.size
        self._running[file.number] = lines.digest, size
        pieces = file.pieces[:-1] if before else file.pieces
        last = Piece(size, lines.digest.hexdigest())
        file.pieces = [*pieces, last]
        file.marks = [*file.marks, last] if before else [last]
        if len(file.marks) > MARKS:  # the older ones become sparse
            half = MARKS // 2
            file.marks = [*file.marks[:half:2], *file.marks[half:]]


def new_lines(file: Followed, place: Place, target: Path, most: int, digest: Any) -> Lines | None:
    """Copy the next whole lines of a file, `most` bytes of them or one longer line, to `target`;
    `digest` goes on over them.

    None where no line has ended, or another file stands there. Raises OSError where it cannot be
    read.
    """
    with place.path.open("rb") as source, target.open("wb") as output:
        if not place.is_rest and not _is_inode_of(file, os.fstat(source.fileno())):
            return None
        source.seek(file.offset - file.tail.size - place.start)
        data = source.read(file.tail.size + most)  # at once: the file may be cut meanwhile
        if not ends_as(file, data[: file.tail.size]):
            return None
        if not (file.offset or place.is_rest or begins_as(file, data)):
            return None  # it was cut before anything of it was taken in
        at = file.tail.size
        end = max(data.rfind(b"\n", at) + 1 - at, 0)
        last: bytes | memoryview = memoryview(data)[at : at + end]
        size, count = end, data.count(b"\n", at, at + end)
        if end:
            digest.update(last)
            output.write(last)
        else:
            data = data[at:]
        while data and not end:  # a longer line: it is copied in steps, and never held as a whole
            end = data.find(b"\n") + 1
            last = data[:end] if end else data
            digest.update(last)
            output.write(last)
            size, count = size + len(last), 1
            data = b"" if end else source.read(STEP)
    if not end:
        return None
    tail = bytes(last[-TAIL:])
    return Lines(file, target, size, count, Piece(len(tail), _sha(tail)), digest)


def take(lines: Lines, digests: Digests) -> None:
    """Note that lines are taken in."""
    digests.keep(lines)
    file = lines.file
    file.offset += lines.size
    file.lines += lines.count
    file.tail = lines.tail


def whole_lines(file: InputFile, folder: Path) -> InputFile | None:
    """Return a file up to the end of its last whole line: itself, or a copy without what comes
    after it; None where no line has ended yet.
    """
    with suppress(OSError), file.path.open("rb") as source:
        line_end = _line_end(source, file.encoding)
        end = _end_of_lines(source, file.size, line_end)
        if end == file.size:
            return file
        if end:
            name = _sha(file.name.encode("utf-8", "surrogateescape"))
            copy, mark = folder / f"{name}.{file.stamp[1]}.{end}", folder / f"{name}.mark"
            stamp = f"{file.stamp} {file.head}"  # what is written at once may have the same time
            is_kept = mark.exists() and copy.exists()
            if not is_kept or (mark.read_text() != stamp and not _begins_as(source, copy)):
                for earlier in folder.glob(f"{name}.*"):
                    earlier.unlink()
                source.seek(0)
                with copy.open("wb") as output:
                    remaining = end
                    while remaining and (data := source.read(min(STEP, remaining))):
                        output.write(data)
                        remaining -= len(data)
            mark.write_text(stamp)
            # What is told of a file by its first lines is told of these.
            return sniff(copy, file.name)
    return None


def _line_end(file: IO[bytes], encoding: str) -> bytes:
    """Return the bytes that end a line."""
    if encoding != "utf-16":
        return b"\n"
    return b"\0\n" if file.read(2) == b"\xfe\xff" else b"\n\0"


def _end_of_lines(file: IO[bytes], size: int, line_end: bytes) -> int:
    """Return where the last whole line of so many bytes ends."""
    width = len(line_end)
    at = size - size % width
    while at:
        start = max(0, at - STEP)
        start -= start % width
        file.seek(start)
        data = file.read(at - start)
        end = data.rfind(line_end)
        while end > 0 and end % width:  # halves of two characters
            end = data.rfind(line_end, 0, end + width - 1)
        if end >= 0 and not end % width:
            return start + end + width
        at = start
    return 0


def _begins_as(file: IO[bytes], copy: Path) -> bool:
    """Tell whether a file begins with the bytes of a copy."""
    file.seek(0)
    with copy.open("rb") as other:
        while data := other.read(STEP):
            if file.read(len(data)) != data:
                return False
    return True


def signature(files: Iterable[InputFile]) -> str:
    """Return what changes when one of some files does."""
    text = repr(sorted((f.name, f.size, f.stamp) for f in files))
    return _sha(text.encode("utf-8", "surrogateescape"))


def growing(
    folder: Path,
    files: list[Followed],
    elsewhere: Mapping[str, Path],
    rests: Mapping[int, Rest],
) -> Iterator[tuple[Followed, Place]]:
    """Yield the followed files that have more bytes than were taken in, and where these stand:
    some names lie elsewhere, and of what was packed the rest does.
    """
    for file in files:
        if file.gone:
            continue
        if file.stamp:
            rest = rests.get(file.number)
            if rest and file.unpacked > file.offset:
                yield file, Place(rest.path, rest.start, is_rest=True)
            continue
        path = elsewhere.get(file.name, folder / file.name)
        with suppress(OSError):
            status = path.stat()
            if _is_inode_of(file, status) and status.st_size > file.offset:
                yield file, Place(path)


def _is_inode_of(file: Followed, status: os.stat_result) -> bool:
    return (status.st_dev, status.st_ino) == (file.device, file.inode)


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

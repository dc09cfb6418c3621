"""Files that grow, are renamed, cut or packed while they are followed. In: the logs of a workspace,
what was taken in before. Out: which whole lines are new, and which files have to be read whole.

A file is known by device and inode, and by the last bytes that were taken in: an inode is used
again for another file. What was packed or copied is known by the bytes of all that was taken in.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from reporter.ingest.readers.files import InputFile, sniff
from reporter.pipeline.watch.cursor import Followed, Piece

FOLDER = "logs/"
TAIL = 4096
"""Bytes by which the end of what was taken in is known again."""
_STEP = 1 << 20
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
        file.pieces = [*pieces, Piece(size, lines.digest.hexdigest())]


def place(files: list[Followed], found: list[InputFile]) -> list[InputFile]:
    """Give each followed file the name that it has now; return the files that none of them is.

    A file that was cut or replaced is gone, and what stands there is another. A new file that
    begins with all that was taken in of one that is gone is that file: copied, or packed.
    """
    by_inode = {(f.stamp[0], f.stamp[1]): f for f in found if f.stamp and f.name.startswith(FOLDER)}
    taken: set[str] = set()
    for known in files:
        if known.packed:
            at = next((f for f in found if f.name == known.name), None)
            if at:
                taken.add(at.name)
            continue
        at = None if known.gone else by_inode.get((known.device, known.inode))
        if at and at.name not in taken and _goes_on(known, at):
            known.name = at.name
            taken.add(at.name)
        elif not known.gone:
            known.gone = True
            known.name = f"{known.name}~{known.number}"  # another file may stand there now
    others = [f for f in found if f.name not in taken]
    return [f for f in others if not _adopted(f, files, taken)]


def _goes_on(known: Followed, at: InputFile) -> bool:
    """Tell whether a file still ends, up to where it was read, as it did."""
    if at.gzipped or at.size < known.offset:
        return False
    try:
        with at.path.open("rb") as file:
            file.seek(known.offset - known.tail.size)
            return _sha(file.read(known.tail.size)) == known.tail.sha256 or not known.tail.size
    except OSError:
        return False


def _adopted(file: InputFile, files: list[Followed], taken: set[str]) -> bool:
    """Tell whether a file is what became of one that is followed: nothing of it is read again."""
    if not file.name.startswith(FOLDER) or file.format not in ("jsonl", "json"):
        return False
    for known in files:
        if known.packed or not known.offset or not _begins_with(file, known):
            continue
        if known.gone:
            known.name, known.gone, known.packed = file.name, False, file.gzipped
            known.device, known.inode = file.stamp[:2]
            taken.add(file.name)
            return True
        if file.gzipped:
            return True  # being packed: both stand there for a moment
    return False


def _begins_with(file: InputFile, known: Followed) -> bool:
    """Tell whether a file begins with all the bytes that were taken in of another."""
    if not file.gzipped and file.size < known.offset:
        return False
    try:
        with _opened(file) as handle:
            return all(_next_is(handle, piece) for piece in known.pieces)
    except (OSError, EOFError, zlib.error):
        return False


def _next_is(handle: IO[bytes], piece: Piece) -> bool:
    digest, remaining = hashlib.sha256(), piece.size
    while remaining and (data := handle.read(min(_STEP, remaining))):
        digest.update(data)
        remaining -= len(data)
    return not remaining and digest.hexdigest() == piece.sha256


def _opened(file: InputFile) -> IO[bytes]:
    return gzip.open(file.path) if file.gzipped else file.path.open("rb")  # type: ignore[return-value]


def new_lines(file: Followed, path: Path, target: Path, most: int, digest: Any) -> Lines | None:
    """Copy the next whole lines of a file, `most` bytes of them or one longer line, to `target`;
    `digest` goes on over them.

    None where no line has ended, or another file stands there. Raises OSError where it cannot be
    read.
    """
    with path.open("rb") as source, target.open("wb") as output:
        status = os.fstat(source.fileno())
        if (status.st_dev, status.st_ino) != (file.device, file.inode):
            return None
        source.seek(file.offset)
        data = source.read(most)
        end = data.rfind(b"\n") + 1
        last = data[:end]
        size, count = end, last.count(b"\n")
        if end:
            digest.update(last)
            output.write(last)
        while data and not end:  # a longer line: it is copied in steps, and never held as a whole
            end = data.find(b"\n") + 1
            last = data[:end] if end else data
            digest.update(last)
            output.write(last)
            size, count = size + len(last), 1
            data = b"" if end else source.read(_STEP)
    if not end:
        return None
    tail = last[-TAIL:]
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
                    while remaining and (data := source.read(min(_STEP, remaining))):
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
        start = max(0, at - _STEP)
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
        while data := other.read(_STEP):
            if file.read(len(data)) != data:
                return False
    return True


def signature(files: Iterable[InputFile]) -> str:
    """Return what changes when one of some files does."""
    text = repr(sorted((f.name, f.size, f.stamp) for f in files))
    return _sha(text.encode("utf-8", "surrogateescape"))


def growing(
    folder: Path, files: list[Followed], elsewhere: Mapping[str, Path]
) -> Iterator[tuple[Followed, Path]]:
    """Yield the followed files that have more bytes than were taken in, with their paths; those of
    some names lie elsewhere.
    """
    for file in files:
        if file.gone or file.packed:
            continue
        path = elsewhere.get(file.name, folder / file.name)
        with suppress(OSError):
            status = path.stat()
            is_same = (status.st_dev, status.st_ino) == (file.device, file.inode)
            if is_same and status.st_size > file.offset:
                yield file, path


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

"""Large logs in part. In: files of a workspace. Out: the same, of large ones some pieces, so that
they are looked at in a second.

Pieces of a plain log of lines lie evenly over it: the last days show columns and agents, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reporter.ingest.readers.files import InputFile, opened, sniff

WHOLE = 8 << 20
"""Bytes up to which a file is read to its end."""
PIECES, PIECE = 16, 256 << 10
"""Pieces of a larger one, and their bytes."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A file, as it is looked at."""

    file: InputFile
    bytes: int
    """Of the file itself."""
    is_part: bool = False


def beginning(file: InputFile, folder: Path) -> Looked:
    """Return a file, or some of its lines as a file in a folder of its own."""
    if file.size <= WHOLE or file.format not in ("csv", "jsonl"):
        return Looked(file, file.size)
    folder.mkdir()
    path = folder / file.path.name.removesuffix(".gz")
    is_plain = file.format == "jsonl" and not file.gzipped
    path.write_bytes(_pieces(file) if is_plain else _head(file))
    return Looked(sniff(path, file.name), file.size, True)


def _head(file: InputFile) -> bytes:
    with opened(file) as lines:
        return _whole_lines(lines.read(PIECES * PIECE))


def _pieces(file: InputFile) -> bytes:
    """Return whole lines from places that lie evenly over the file."""
    pieces = []
    with file.path.open("rb") as log:
        for number in range(PIECES):
            log.seek(number * (file.size - PIECE) // (PIECES - 1))
            if number:
                log.readline(PIECE)  # the line that it came into
            pieces.append(_whole_lines(log.read(PIECE)))
    return b"".join(pieces)


def _whole_lines(text: bytes) -> bytes:
    return text[: text.rfind(b"\n") + 1]

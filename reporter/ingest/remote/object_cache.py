"""Fetched objects, kept by what they hold. In: a folder, a place. Out: the file of an object that
is still as it was fetched.

`objects/` has each content once, named by its hash; `listings/` has a file a place, with a line an
object. A line is added once an object is there, so that an interruption costs what was open.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

from reporter.ingest.remote.stored_objects import StoredObject
from reporter.system.hashes import sha256

FOLDER = "remote"
_FILE = re.compile(r"[0-9a-f]{2}/([0-9a-f]{64})(\.[a-z0-9]{1,8})?")


class _Line(msgspec.Struct):
    """An object as it was fetched."""

    key: str
    state: str
    etag: str
    version: str
    sha256: str
    file: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class KeptObject:
    """An object and the file that has its bytes."""

    path: Path
    sha256: str
    etag: str
    version: str


class ObjectCache:
    """What was fetched of one place."""

    def __init__(self, folder: Path, place: str) -> None:
        self._objects = folder / FOLDER / "objects"
        listings = folder / FOLDER / "listings"
        for each in (self._objects, listings):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = hashlib.blake2b(place.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        self._listing = listings / f"{name}.jsonl"
        self._lines = self._read()

    def find(self, object: StoredObject) -> KeptObject | None:
        """Return what is kept of an object in the state that its storage tells; None where it has
        changed, or the file is not what was fetched.
        """
        line = self._lines.get(object.key)
        if not line or not object.state or line.state != object.state:
            return None
        path = self._objects / line.file
        name = _FILE.fullmatch(line.file)
        is_whole = name and name[1] == line.sha256 and _holds(path, line)
        return self._kept(line) if is_whole else None

    def put(self, part: Path, object: StoredObject, state: str, digest: str) -> KeptObject:
        """Keep a fetched file; `state` is that by which a list will know the object."""
        path = self._objects / digest[:2] / f"{digest}{_suffix(object.key)}"
        path.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            os.link(part, path)  # another run may be reading the one that is there
        except FileExistsError:
            if not _is_regular(path) or sha256(path) != digest:
                part.replace(path)
        part.unlink(missing_ok=True)
        status = path.stat()
        line = _Line(
            object.key,
            state,
            object.etag,
            object.version,
            digest,
            path.relative_to(self._objects).as_posix(),
            status.st_size,
            status.st_mtime_ns,
        )
        self._lines[object.key] = line
        text = msgspec.json.encode(line) + b"\n"
        opened = os.open(self._listing, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(opened, text)
        finally:
            os.close(opened)
        return self._kept(line)

    def _kept(self, line: _Line) -> KeptObject:
        return KeptObject(self._objects / line.file, line.sha256, line.etag, line.version)

    def _read(self) -> dict[str, _Line]:
        """Return the last line of each key; one that was cut, or is none, costs its object."""
        lines: dict[str, _Line] = {}
        try:
            text = self._listing.read_bytes() if _is_regular(self._listing) else b""
        except OSError:
            return lines
        decoder = msgspec.json.Decoder(_Line)
        for each in text.splitlines():
            with suppress(msgspec.DecodeError):
                line = decoder.decode(each)
                lines[line.key] = line
        return lines


def _suffix(key: str) -> str:
    """Return the end of a key that may tell its format; nothing else of it becomes a path."""
    suffix = PurePosixPath(key).suffix[1:].lower()
    return f".{suffix}" if re.fullmatch("[a-z0-9]{1,8}", suffix) else ""


def _is_regular(path: Path) -> bool:
    with suppress(OSError):
        return stat.S_ISREG(path.lstat().st_mode)
    return False


def _holds(path: Path, line: _Line) -> bool:
    """Tell whether a file has the bytes that were fetched: it is hashed where it was touched."""
    if not _is_regular(path) or (status := path.stat()).st_size != line.size:
        return False
    return status.st_mtime_ns == line.mtime_ns or sha256(path) == line.sha256

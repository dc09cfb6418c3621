"""The files of a workspace and what they are. In: a folder. Out: InputFile for each.

Formats are told by content, not by name: JSON, JSON lines, CSV, XLSX, YAML, Parquet, each also gzipped.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HEAD = 65536
MAX_RECORD = 1 << 25
"""Bytes of one record that the engine takes."""
DAMAGE = (OSError, EOFError, zlib.error)
"""What reading a cut or broken gz file raises."""


LITTER = frozenset((
    ".git", ".svn", ".hg", ".ipynb_checkpoints", "__MACOSX", ".DS_Store", ".gitkeep", ".gitignore", ".gitattributes",
    "Thumbs.db", "desktop.ini", ".reporter-cache",
))  # fmt: skip
"""Names that systems and tools leave behind and no vendor exports; other hidden files, such as .mcp.json, are read."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file of the workspace and what its first bytes say it is."""

    path: Path
    name: str
    """Path inside the workspace, with forward slashes."""
    size: int
    format: str
    """json | jsonl | csv | xlsx | yaml | parquet | empty | unknown"""
    gzipped: bool
    encoding: str = "utf-8"
    why: str = ""
    """Why it is unknown."""
    part: str = ""
    """The sheet of a workbook that has several, or the key of a JSON document under which the list stands."""
    stamp: tuple[int, ...] = ()
    """What the system said of it when it was found; see `stamp_of`."""
    head: str = ""
    """Hash of its first bytes, which no report shows."""

    @property
    def lined(self) -> bool:
        """Say whether its records are numbered by lines that one sees when the file is opened."""
        return self.format in ("csv", "jsonl") and not self.gzipped


def discover(workspace: Path, folders: tuple[str, ...]) -> list[InputFile]:
    """Return every file below the folders, sorted by name, but for what systems leave lying about."""
    found = []
    for folder in folders:
        root = workspace / folder
        found += [_look(path, path.relative_to(workspace).as_posix()) for path in _below(root)]
    return sorted(found, key=lambda f: Path(f.name))


def is_litter(name: str) -> bool:
    """Tell whether a file is a leftover: of a system, of a Mac's copy (._x) or of an open office document (~$x)."""
    return name in LITTER or name.startswith(("._", "~$"))


def _below(root: Path) -> Iterator[Path]:
    """Yield the files below a folder, and the folders that are not entered, so that none goes unsaid."""
    refused: list[OSError] = []
    for at, folders, names in os.walk(root, onerror=refused.append):
        folders[:] = [f for f in folders if f not in LITTER]
        links = [f for f in folders if (Path(at) / f).is_symlink()]
        paths = [Path(at) / n for n in (*names, *links) if not is_litter(n)]
        yield from paths
    yield from (Path(e.filename) for e in refused if root.exists())


def _look(path: Path, name: str) -> InputFile:
    if path.is_file():
        return sniff(path, name)
    why = (
        "a link to a folder, which is not followed"
        if path.is_symlink()
        else "a folder that cannot be opened"
        if path.is_dir()
        else "neither a file nor a folder"
    )
    if path.is_symlink() and not path.exists():
        why = "a link that leads nowhere"
    return InputFile(path, name, 0, "unknown", False, why=why)


def stamp_of(found: os.stat_result) -> tuple[int, ...]:
    """Return what tells a file from another of its name, and changes whenever it is written to: times come last."""
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def sniff(path: Path, name: str) -> InputFile:
    """Look at a file's first bytes."""
    try:
        with path.open("rb") as handle:
            found = os.fstat(handle.fileno())
            head = handle.read(HEAD)
    except OSError as error:
        return InputFile(path, name, 0, "unknown", False, why=f"cannot be read: {error.strerror}")
    size, stamp = found.st_size, stamp_of(found)
    hashed = hashlib.blake2b(head, digest_size=32).hexdigest()
    gzipped = head[:2] == b"\x1f\x8b"
    if gzipped:
        try:
            head = _gunzip_head(head, path)
        except DAMAGE as error:
            return InputFile(
                path,
                name,
                size,
                "unknown",
                True,
                "utf-8",
                f"a damaged gz file: {error}",
                "",
                stamp,
                hashed,
            )
    format_, encoding, why = _format_of(head, name)
    return InputFile(path, name, size, format_, gzipped, encoding, why, "", stamp, hashed)


def _gunzip_head(head: bytes, path: Path) -> bytes:
    """Unpack the first bytes; what stands before a cut or a defect is enough."""
    inflate, unpacked = zlib.decompressobj(wbits=31), b""
    step = 1 if len(head) < 4096 else 256
    for at in range(0, len(head), step):
        try:
            unpacked += inflate.decompress(head[at : at + step], HEAD)
        except zlib.error:
            break
        if inflate.eof or len(unpacked) >= HEAD:
            break
    if unpacked:
        return unpacked[:HEAD]
    with gzip.open(path, "rb") as handle:
        return handle.read(HEAD)


def _format_of(head: bytes, name: str) -> tuple[str, str, str]:
    """Return (format, encoding, why unknown)."""
    if not head.strip():
        return "empty", "utf-8", ""
    if head[:4] == b"PAR1":
        return "parquet", "", ""
    if head[:4] == b"PK\x03\x04":
        if b"xl/" in head or b"[Content_Types]" in head:
            return "xlsx", "", ""
        return "unknown", "", "a zip archive that is not a workbook; unpack it first"
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif head[:3] == b"\xef\xbb\xbf":
        encoding = "utf-8-sig"
    else:
        encoding = "utf-8" if _is_utf8(head) else "cp1252"
    text = head.decode(encoding, errors="ignore")
    if "\0" in text and text.lstrip()[:1] not in "{[":
        return "unknown", "", "binary content of no known format"
    start = text.lstrip()
    if not start:
        return "empty", encoding, ""
    suffix = name.lower().removesuffix(".gz").rsplit(".", 1)[-1]
    if start[0] in "{[":
        return ("jsonl" if _is_lines(start) else "json"), encoding, ""
    if re.match(r"//|/\*", start) and suffix in ("json", "jsonc"):
        return "json", encoding, ""
    if suffix in ("jsonl", "ndjson", "json"):
        return "jsonl", encoding, ""
    if suffix in ("yml", "yaml"):
        return "yaml", encoding, ""
    first = start.splitlines()[0]
    if suffix in ("csv", "tsv") or re.search(r"[,;\t]", first):
        return "csv", encoding, ""
    if re.match(r"(---|[A-Za-z_][\w .-]*:(\s|$))", first):
        return "yaml", encoding, ""
    return "unknown", encoding, "text of no known format"


def _is_utf8(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4 and len(head) >= HEAD - 4
    return True


def _is_lines(start: str) -> bool:
    """True when the first line is a whole JSON value and another line follows, or it is one flat record."""
    first, _, rest = start.partition("\n")
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        second = rest.lstrip()
        return second.startswith("{") and first.rstrip().endswith("}")
    return isinstance(value, dict) and bool(rest.strip())


def whole(file: InputFile) -> bytes:
    """Return what a file held when it was found, unpacked."""
    with file.path.open("rb") as handle:
        raw = handle.read(file.size)
    return gzip.decompress(raw) if file.gzipped else raw

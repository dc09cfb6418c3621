"""The files of a workspace and what they are. In: a folder. Out: InputFile for each.

Formats are told by content, not by name: JSON, JSON lines, CSV, XLSX, YAML, Markdown with front
matter, Parquet, XML, each also gzipped."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import json
import os
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from reporter.i18n.translate import mark
from reporter.ingest.exports.envelopes import after_stamp
from reporter.ingest.exports.pages import is_empty_answer
from reporter.ingest.readers import markdown
from reporter.model.sentences import Sentence, message_of, tell

if TYPE_CHECKING:
    from reporter.model.assessment import FetchedFrom

HEAD = 65536
MAX_RECORD = 1 << 25
"""Bytes of one record that the engine takes."""
_SMALL = 4096
"""Length of a text that is looked at as a whole."""
RATIO, UNPACKED_FREE = 200, 1 << 25
"""A packed file may unpack to so many times its size, and to 32 MB whatever its size: logs reach
50, bombs 1,000.
"""


class TooLarge(Exception):
    """A file, or a document of it, goes over a limit; the text says which, and what to do."""


DAMAGE = (OSError, EOFError, zlib.error, TooLarge)
"""What reading a gz file raises that is cut, broken or not believed."""


LITTER = frozenset(
    (
        ".git",
        ".svn",
        ".hg",
        ".ipynb_checkpoints",
        "__MACOSX",
        ".DS_Store",
        ".gitkeep",
        ".gitignore",
        ".gitattributes",
        "Thumbs.db",
        "desktop.ini",
        ".reporter-cache",
    )
)
"""Names that systems and tools leave behind and no vendor exports; other hidden files, such as
.mcp.json, are read.
"""


PACKED_TIMES = 8
"""Times its size that a packed log usually has."""
BOOKS = ("xlsx", "xls")
"""Formats of workbooks."""
OLE = b"\xd0\xcf\x11\xe0"
"""How old Office files begin; which kind one is stands anywhere in it."""
DOCUMENTS = {
    b"%PDF-": "PDF",
    b"\x89PNG": mark("PNG picture"),
    b"\xff\xd8\xff": mark("JPEG picture"),
    b"GIF8": mark("GIF picture"),
    b"II*\0": mark("TIFF picture"),
    b"MM\0*": mark("TIFF picture"),
    b"BM": mark("bitmap"),
    b"{\\rtf": mark("RTF text"),
    OLE: mark("old Office document"),
}
"""First bytes of files that people read and no reader here does."""
PARTS = {
    b"word/": mark("DOCX text"),
    b"ppt/": mark("PPTX slides"),
    b"application/vnd.oasis.opendocument": mark("OpenDocument file"),
}
"""What stands at the beginning of a zip archive that is one."""
PACKED = {
    (0, b"7z\xbc\xaf\x27\x1c"): "7z",
    (0, b"Rar!\x1a\x07"): "RAR",
    (4, b"1AY&SY"): "bzip2",
    (0, b"\xfd7zXZ\0"): "xz",
    (0, b"\x28\xb5\x2f\xfd"): "zstd",
    (0, b"\x04\x22\x4d\x18"): "lz4",
    (257, b"ustar"): "tar",
}
"""What stands at a place of files that are packed as no reader here unpacks."""
AN_ARCHIVE = mark("a zip archive that is not a workbook; unpack it first")
NO_MEMBER = mark("a zip archive that holds no file")
_AN_XML = re.compile(
    r"(<\?xml\s[^>]*\?>\s*)?(?><!--.*?-->\s*)*+<(?:!DOCTYPE\s+)?(?!html|svg)[A-Za-z_][\w.:-]*[\s>/]",
    re.DOTALL,
)
A_DOCUMENT = mark("a document ({kind}): no record is read from it")


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file of the workspace and what its first bytes say it is."""

    path: Path
    name: str
    """Path inside the workspace, with forward slashes."""
    size: int
    format: str
    """json | jsonl | csv | xlsx | xls | yaml | markdown | parquet | xml | empty | unknown"""
    gzipped: bool
    encoding: str = "utf-8"
    why: Sentence | None = None
    """Why it is unknown."""
    part: str = ""
    """The sheet of a workbook that has several, or the key of a JSON document under which the list
    stands.
    """
    envelope: str = ""
    """What stands around each of its records, which is opened; see `envelopes`."""
    stamp: tuple[int, ...] = ()
    """What the system said of it when it was found; see `stamp_of`."""
    head: str = ""
    """Hash of its first bytes, which no report shows."""
    origin: FetchedFrom | None = None
    """Where it was fetched from; None for a file of the workspace."""
    sha256: str = ""
    """What was fetched, which its bytes must still be; '' for a file of the workspace."""
    is_lost: bool = False
    """It stands for an object that could not be fetched; `why` says what happened."""

    @property
    def is_document(self) -> bool:
        """Say whether it is made for people: a PDF, a text, a picture."""
        return self._is(A_DOCUMENT)

    @property
    def is_archive(self) -> bool:
        """Say whether it holds other files, packed."""
        return self._is(AN_ARCHIVE)

    def _is(self, reason: str) -> bool:
        return self.format == "unknown" and self.why is not None and self.why.text == reason

    @property
    def lined(self) -> bool:
        """Say whether its records are numbered by lines that one sees when the file is opened."""
        return self.format in ("csv", "jsonl") and not self.gzipped

    @property
    def unpacked_size(self) -> int:
        """About how many bytes it has once it is unpacked."""
        return self.size * (PACKED_TIMES if self.gzipped else 1)


def discover(
    workspace: Path,
    folders: tuple[str, ...],
    look: Callable[[list[Path], Path], list[InputFile]] | None = None,
) -> list[InputFile]:
    """Return every file below the folders, sorted by name, except what operating systems leave
    behind. Who has help for many files looks at them in the place of `look_at`.
    """
    paths: list[Path] = []
    for folder in folders:
        root = workspace / folder
        paths += [root] if leads_out(root, workspace) else _below(root)
    files = (look or look_at)(paths, workspace)
    return sorted(_with_distinct_names(files), key=lambda f: Path(f.name))


def look_at(paths: list[Path], workspace: Path) -> list[InputFile]:
    """Return what each path of a workspace is."""
    return [_look(path, workspace) for path in paths]


def display_path(path: str) -> str:
    """Write bytes of a path that are not UTF-8 as escapes; every output uses this form."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def is_shown_as_it_is(path: Path) -> bool:
    """Tell whether a path is UTF-8; the engine opens no other."""
    return display_path(str(path)) == str(path)


def _with_distinct_names(files: list[InputFile]) -> list[InputFile]:
    """Give a file a distinct name where an escape in it reads like the name of another."""
    plain_files = [f for f in files if is_shown_as_it_is(f.path)]
    names, results = {f.name for f in plain_files}, plain_files
    for file in sorted(
        (f for f in files if not is_shown_as_it_is(f.path)), key=lambda f: str(f.path)
    ):
        while file.name in names:
            file = replace(file, name=f"{file.name}~")
        names.add(file.name)
        results.append(file)
    return results


def leads_out(path: Path, workspace: Path) -> bool:
    """Tell whether a link ends outside the workspace: a file there is not evidence."""
    return path.is_symlink() and not real(path).is_relative_to(real(workspace))


def real(path: Path) -> Path:
    """Follow the links of a path; one that leads to itself stays what it is."""
    return Path(os.path.realpath(path))


def is_litter(name: str) -> bool:
    """Tell whether a file is a leftover: of a system, of a Mac's copy (._x) or of an open office
    document (~$x).
    """
    return name in LITTER or name.startswith(("._", "~$"))


def _below(root: Path) -> Iterator[Path]:
    """Yield the files below a folder, and the folders that cannot be entered, so that each is
    reported.
    """
    errors: list[OSError] = []
    for at, folders, names in os.walk(root, onerror=errors.append):
        folders[:] = [f for f in folders if f not in LITTER]
        links = [f for f in folders if (Path(at) / f).is_symlink()]
        paths = [Path(at) / n for n in (*names, *links) if not is_litter(n)]
        yield from paths
    yield from (Path(e.filename) for e in errors if root.exists())


def is_reached(path: Path) -> bool:
    """Tell whether a path is a file that one may ask about."""
    return os.access(path, os.F_OK) and path.is_file()


def _look(path: Path, workspace: Path) -> InputFile:
    name = display_path(path.relative_to(workspace).as_posix())
    if not os.access(path.parent, os.X_OK):
        why = tell("in a folder that cannot be opened")
    elif leads_out(path, workspace):
        why = (
            tell(
                "a link that leads out of the workspace, which is not followed: copy what it leads"
                " to"
            )
            if path.exists()
            else tell("a link that leads nowhere")
        )
    elif path.is_file():
        return sniff(path, name)
    elif path.is_symlink():
        why = (
            tell("a link to a folder, which is not followed")
            if path.is_dir()
            else tell("a link to something that is not a file")
            if path.exists()
            else _leads_nowhere(path)
        )
    else:
        why = (
            tell("a folder that cannot be opened")
            if path.is_dir()
            else tell("neither a file nor a folder")
        )
    return InputFile(path, name, 0, "unknown", False, why=why)


def _leads_nowhere(path: Path) -> Sentence:
    try:
        path.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            return tell("a link that leads back to itself")
    return tell("a link that leads nowhere")


def stamp_of(status: os.stat_result) -> tuple[int, ...]:
    """Return what tells a file from another of the same name, and changes with every write; times
    come last.
    """
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def mark_of(head: bytes) -> str:
    """Return what tells the first `HEAD` bytes of a file from others."""
    return hashlib.blake2b(head, digest_size=32).hexdigest()


def sniff(path: Path, name: str) -> InputFile:
    """Look at a file's first bytes."""
    try:
        with path.open("rb") as handle:
            status = os.fstat(handle.fileno())
            head = handle.read(HEAD)
    except OSError as error:
        why = tell("cannot be read: {error}", error=str(error.strerror))
        return InputFile(path, name, 0, "unknown", False, why=why)
    is_gzipped = head[:2] == b"\x1f\x8b"
    file = InputFile(
        path,
        name,
        status.st_size,
        "unknown",
        is_gzipped,
        stamp=stamp_of(status),
        head=mark_of(head),
    )
    if is_gzipped:
        if _unpacks_over(path, most_unpacked(file.size)):
            return replace(file, why=_unpacks_to(file.size))
        try:
            head = _gunzip_head(head, path)
        except DAMAGE as error:
            return replace(file, why=tell("a damaged gz file: {error}", error=message_of(error)))
    format_, encoding, why_unknown = _format_of(head, name)
    return replace(file, format=format_, encoding=encoding, why=why_unknown)


def _unpacks_over(path: Path, limit: int) -> bool:
    """Tell whether a gz file unpacks to more than `limit` bytes. It is unpacked only where its
    trailer says so; a truncated file has no reliable trailer.
    """
    with path.open("rb") as handle:
        handle.seek(max(0, handle.seek(0, os.SEEK_END) - 4))
        if int.from_bytes(handle.read(4), "little") <= limit:
            return False
        handle.seek(0)
        try:
            with gzip.GzipFile(fileobj=handle) as archive:
                while limit >= 0 and (chunk := archive.read1(1 << 20)):
                    limit -= len(chunk)
        except DAMAGE:
            return False
    return limit < 0


def _unpacks_to(size: int) -> Sentence:
    return tell(
        "a gz file that unpacks to more than {n} MB; {times} times its size is the limit: if that"
        " is meant, give it unpacked",
        n=most_unpacked(size) >> 20,
        times=RATIO,
    )


def _gunzip_head(head: bytes, path: Path) -> bytes:
    """Unpack the first bytes; what stands before a cut or a defect is enough."""
    with suppress(zlib.error):  # in small steps, a small file takes a hundred times as long
        if unpacked := zlib.decompressobj(wbits=31).decompress(head, HEAD):
            return unpacked
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


def _format_of(head: bytes, name: str) -> tuple[str, str, Sentence | None]:
    """Return (format, encoding, why unknown)."""
    if not head.strip():
        return "empty", "utf-8", None
    if head[:4] == b"PAR1":
        return "parquet", "", None
    if head.startswith(OLE) and name.lower().removesuffix(".gz").endswith(".xls"):
        return "xls", "", None
    if head.startswith(OLE) and name.lower().endswith((".xlsx", ".xlsm")):
        return "unknown", "", tell("a workbook with a password: save it without one")
    if kind := _document(head):
        return "unknown", "", Sentence(A_DOCUMENT, (("kind", Sentence(kind)),))
    if packed := next((k for (at, m), k in PACKED.items() if head.startswith(m, at)), ""):
        why = tell(
            "packed as {kind}, which is not opened: give it unpacked, or as zip", kind=packed
        )
        return "unknown", "", why
    if head[:4] == b"PK\x05\x06":
        return "unknown", "", Sentence(NO_MEMBER)
    if head[:4] == b"PK\x03\x04":
        if b"xl/" in head or b"[Content_Types]" in head:
            return "xlsx", "", None
        return "unknown", "", Sentence(AN_ARCHIVE)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif head[:3] == b"\xef\xbb\xbf":
        encoding = "utf-8-sig"
    else:
        encoding = "utf-8" if _is_utf8(head) else "cp1252"
    text = head.decode(encoding, errors="ignore")
    if "\0" in text and text.lstrip()[:1] not in "{[":
        return "unknown", "", tell("binary content of no known format")
    start = text.lstrip()
    if not start:
        return "empty", encoding, None
    suffix = name.lower().removesuffix(".gz").rsplit(".", 1)[-1]
    if start[0] in "{[":
        if len(start) < _SMALL and is_empty_answer(_value_of(start)):
            return "empty", encoding, tell("an answer without records")
        return ("jsonl" if _is_lines(start) else "json"), encoding, None
    if re.match(r"//|/\*", start) and suffix in ("json", "jsonc"):
        return "json", encoding, None
    if markdown.has_front_matter(start, suffix):
        return "markdown", encoding, None
    if _AN_XML.match(start):
        return "xml", encoding, None
    if suffix in ("jsonl", "ndjson", "json"):
        return "jsonl", encoding, None
    if suffix in ("yml", "yaml"):
        return "yaml", encoding, None
    first_line = start.splitlines()[0]
    if after_stamp(first_line) != first_line:
        return "jsonl", encoding, None
    if suffix in ("csv", "tsv") or re.search(r"[,;\t]", first_line):
        return "csv", encoding, None
    if re.match(r"(---|[A-Za-z_][\w .-]*:(\s|$))", first_line):
        return "yaml", encoding, None
    return "unknown", encoding, tell("text of no known format")


def _document(head: bytes) -> str:
    """Name the kind of document that a file is by its first bytes; '' where it is none."""
    is_zip = head[:4] == b"PK\x03\x04" and b"xl/" not in head
    for part, kind in PARTS.items() if is_zip else ():
        if part in head:
            return kind
    is_webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    matches = (
        kind
        for start, kind in DOCUMENTS.items()
        if head.startswith(start) and (start != b"BM" or b"\0" in head[:32])
    )
    return mark("WebP picture") if is_webp else next(matches, "")


def _is_utf8(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4 and len(head) >= HEAD - 4
    return True


def _value_of(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _is_lines(start: str) -> bool:
    """Tell whether the first line is a whole JSON value and another line follows, or it is one flat
    record.
    """
    first_line, _, remainder = start.partition("\n")
    try:
        value = json.loads(first_line)
    except (ValueError, RecursionError):
        next_text = remainder.lstrip()
        return next_text.startswith("{") and first_line.rstrip().endswith("}")
    return isinstance(value, dict) and bool(remainder.strip())


class _Unpacked(io.RawIOBase):
    """The content of a gz file, up to the size that is accepted."""

    def __init__(self, file: InputFile) -> None:
        self._packed = gzip.GzipFile(file.path, "rb")
        self._size = file.size
        self._left = most_unpacked(file.size)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        size = self._packed.readinto1(
            buffer
        )  # what stands before a defect is given before it is raised
        self._left -= size
        if self._left < 0:
            raise TooLarge(_unpacks_to(self._size))
        return size

    def close(self) -> None:
        self._packed.close()
        super().close()


class _AsFound(io.RawIOBase):
    """The content of a file at discovery: what was added since belongs to a later run."""

    def __init__(self, file: InputFile) -> None:
        self._file = file.path.open("rb", buffering=0)
        self._left = file.size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        size = self._file.readinto(memoryview(buffer)[: self._left]) or 0
        self._left -= size
        return size

    def close(self) -> None:
        if hasattr(self, "_file"):  # it could be opened
            self._file.close()
        super().close()


def most_unpacked(size: int) -> int:
    """Return to how many bytes a packed file of a size may unpack."""
    return max(UNPACKED_FREE, RATIO * size)


def opened(file: InputFile) -> IO[bytes]:
    """Open what a file held when it was found, unpacked."""
    return io.BufferedReader(_Unpacked(file) if file.gzipped else _AsFound(file), 1 << 18)


def whole(file: InputFile, limit: int) -> bytes:
    """Return what a file held when it was found, unpacked; TooLarge beyond so many bytes."""
    chunks, room = [], limit
    with opened(file) as handle:
        while room >= 0 and (chunk := handle.read(1 << 20)):
            chunks.append(chunk)
            room -= len(chunk)
    if room < 0:
        chunks.clear()
        raise TooLarge(too_large(file, tell("this has more than {n} MB", n=limit >> 20)))
    return b"".join(chunks)


class LastRead:
    """What was last read as a whole: the sheets of a workbook, or the lists of a document, are
    requested one after another.
    """

    def __init__(self) -> None:
        self._file: tuple[Path, tuple[int, ...]] | None = None
        self._content: Any = None

    def of(self, file: InputFile, reader: Callable[[], Any]) -> Any:
        """Return what was read of a file, or read it now."""
        self.let_go_unless(file)
        if self._file is None:
            self._content = reader()
            self._file = file.path, file.stamp
        return self._content

    def let_go_unless(self, file: InputFile) -> None:
        """Free what was read unless it belongs to this file: two documents at a time may exceed the
        memory.
        """
        if self._file != (file.path, file.stamp):
            self._file = self._content = None


def too_large(file: InputFile, why: Sentence) -> Sentence:
    """Say that a document is more than the memory that was given can hold."""
    if file.format == "json":
        return tell(
            "JSON is read as a whole, and {why}: split it, give it as JSON lines, or give more"
            " memory (--memory)",
            why=why,
        )
    return tell(
        "{format} is read as a whole, and {why}: split it, or give more memory (--memory)",
        format=file.format.upper(),
        why=why,
    )

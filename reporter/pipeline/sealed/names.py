"""The names and bytes of files that somebody else sent. In: names, folders, zips. Out: files that
are certain to lie inside, or what is wrong with them.

Nothing here follows a link or trusts a size: a bundle is opened before anybody has vouched for it.
"""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
import stat
import struct
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from reporter.errors import InputError, ReporterError

MOST_FILES, LONGEST_NAME = 100_000, 1_000
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""The time of every entry: a zip of the same files has the same bytes."""
_MODE = (stat.S_IFREG | 0o644) << 16
_BROKEN = (
    *(zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, RuntimeError, struct.error),
    *(FileExistsError, NotADirectoryError, IsADirectoryError),
)
"""What reading a zip raises that is damaged, or whose names contradict each other."""
_AS_WRITTEN = "Take the bundle as it was sealed."


class Refused(ReporterError):
    """What was sent is not as `reporter seal` writes it."""

    exit_code = 4


def refuse_name(name: object, place: str) -> str:
    """Return the name of a file in a bundle; raise Refused where it could mean another place."""
    why = "is no text" if not isinstance(name, str) else _wrong(name)
    if why:
        raise Refused(f"the name {str(name)[:200]!r} {why}", place, _AS_WRITTEN)
    return str(name)


def _wrong(name: str) -> str:
    parts = name.split("/")
    if not name or len(name) > LONGEST_NAME:
        return f"has no or more than {LONGEST_NAME} characters"
    if name.startswith("/") or "\\" in name or ":" in name:
        return "is no plain name inside the bundle"
    if any(part in ("", ".", "..") for part in parts):
        return "leads out of the bundle, or nowhere"
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name):
        return "holds a control character"
    return ""


def refuse_twins(names: Iterable[str], place: str) -> None:
    """Raise Refused where two names are one on a disk that ignores case or composes letters."""
    seen: dict[str, str] = {}
    for name in names:
        plain = unicodedata.normalize("NFC", name).casefold()
        if plain in seen:
            raise Refused(
                f"holds {seen[plain]!r} and {name!r}, which are one file on some disks",
                place,
                _AS_WRITTEN,
            )
        seen[plain] = name


def files_of(folder: Path) -> dict[str, int]:
    """Return name -> bytes of the files of a folder, sorted.

    Raises Refused at a link, at anything else that is no regular file, and at too many files.
    """
    found: dict[str, int] = {}
    for at, folders, names in os.walk(folder, onerror=_raise):
        for name in (*folders, *names):
            path = Path(at) / name
            status = path.lstat()
            if stat.S_ISDIR(status.st_mode):
                continue
            plain = path.relative_to(folder).as_posix()
            if not stat.S_ISREG(status.st_mode):
                kind = "a link" if stat.S_ISLNK(status.st_mode) else "no regular file"
                raise Refused(f"{plain!r} is {kind}", str(folder), _AS_WRITTEN)
            found[refuse_name(plain, str(folder))] = status.st_size
        if len(found) > MOST_FILES:
            raise Refused(f"holds more than {MOST_FILES} files", str(folder), _AS_WRITTEN)
    return dict(sorted(found.items()))


def _raise(error: OSError) -> None:
    raise error


@contextmanager
def opened(bundle: Path) -> Iterator[Path]:
    """Yield the folder of a bundle; that of a zip is a temporary one.

    Raises InputError where there is none, Refused where a zip is not as `write_zip` writes it.
    """
    if not bundle.exists():
        raise InputError("no such bundle", str(bundle), "Give the folder or the zip of a bundle.")
    if bundle.is_dir():
        yield bundle
        return
    with ExitStack() as held:
        folder = Path(held.enter_context(TemporaryDirectory(prefix="reporter-"))) / "bundle"
        folder.mkdir()
        _unpack(bundle, folder)
        yield folder


def _unpack(path: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(path) as packed:
            entries = packed.infolist()
            _refuse_entries(entries, path)
            for entry in entries:
                target = folder / entry.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                with packed.open(entry) as source, target.open("xb") as file:
                    shutil.copyfileobj(source, file, 1 << 20)
    except (*_BROKEN, OSError) as error:
        # A place before the beginning of the file is EINVAL; a full disk is no fault of the zip.
        if isinstance(error, _BROKEN) or error.errno == errno.EINVAL:
            raise Refused(f"is no zip of a bundle: {error}", str(path), _AS_WRITTEN) from error
        raise
    again = folder.with_name("again.zip")
    write_zip(folder, again)
    if not filecmp.cmp(path, again, shallow=False):
        raise Refused(
            "holds bytes beside its files, or is not packed as a bundle is",
            str(path),
            f"{_AS_WRITTEN} A bundle that was packed anew is verified as a folder.",
        )
    again.unlink()


def _refuse_entries(entries: list[zipfile.ZipInfo], path: Path) -> None:
    """Raise Refused before anything is unpacked: files are stored as they are, so that they take
    no more room than the zip, whatever it says.
    """
    place = str(path)
    if len(entries) > MOST_FILES:
        raise Refused(f"holds more than {MOST_FILES} files", place, _AS_WRITTEN)
    for entry in entries:
        name = refuse_name(entry.filename, place)
        mode = entry.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise Refused(f"{name!r} is a link, or no regular file", place, _AS_WRITTEN)
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
            raise Refused(f"{name!r} is compressed or encrypted", place, _AS_WRITTEN)
    refuse_twins((e.filename for e in entries), place)
    size = sum(e.file_size for e in entries)
    if size > path.stat().st_size:
        raise Refused(f"says that it holds {size} bytes, more than it has", place, _AS_WRITTEN)


def write_zip(folder: Path, path: Path) -> None:
    """Write the files of a folder to a zip, stored and in the order of their names."""
    with zipfile.ZipFile(path, "x", zipfile.ZIP_STORED) as packed:
        for name, size in files_of(folder).items():
            entry = zipfile.ZipInfo(name, ZIP_TIME)
            entry.external_attr, entry.create_system, entry.file_size = _MODE, 3, size
            with (folder / name).open("rb") as source, packed.open(entry, "w") as file:
                shutil.copyfileobj(source, file, 1 << 20)

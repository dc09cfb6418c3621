"""The files in a zip archive. In: an archive and a private folder. Out: an InputFile for each
member, unpacked into that folder.

Sizes that an archive declares are not trusted, and an archive in an archive is not opened.
"""

from __future__ import annotations

import sys
import zlib
from dataclasses import replace
from pathlib import Path

from reporter.ingest.readers.files import (
    NO_MEMBER,
    InputFile,
    display_path,
    is_litter,
    most_unpacked,
    sniff,
    stamp_of,
)
from reporter.model.sentences import Sentence, message_of, tell

if sys.version_info >= (3, 14):
    import zipfile

    from compression.zstd import ZstdError
else:  # its zipfile unpacks Zstandard too, in which newer evaluation logs of Inspect are packed
    from backports.zstd import ZstdError, zipfile

MOST_MEMBERS = 1000
"""Members that are read of one archive."""
CHUNK = 1 << 20
DAMAGE = (
    *(OSError, EOFError, zlib.error, ZstdError),
    *(zipfile.BadZipFile, NotImplementedError, ValueError),
)
"""What unpacking raises where a member is cut, broken, or packed in a way that is not known."""
_ENCRYPTED = 0x1


def members(archive: InputFile, folder: Path) -> list[InputFile]:
    """Return each member as a file of its own, named archive!member; the archive itself, with the
    reason, where it goes over a limit or none can be read.
    """
    try:
        if stamp_of(archive.path.stat()) != archive.stamp:
            return [archive]
        with zipfile.ZipFile(archive.path) as packed:
            infos = [i for i in packed.infolist() if not _is_left_out(i)]
            if not infos:
                return [replace(archive, why=Sentence(NO_MEMBER))]
            if len(infos) > MOST_MEMBERS:
                return [replace(archive, why=_too_many(len(infos)))]
            return _unpacked(archive, packed, infos, folder)
    except DAMAGE as error:
        why = tell("a damaged zip archive: {error}", error=message_of(error))
        return [replace(archive, why=why)]


def _is_left_out(info: zipfile.ZipInfo) -> bool:
    return info.is_dir() or any(is_litter(part) for part in Path(info.filename).parts)


def _too_many(count: int) -> Sentence:
    return tell(
        "a zip archive of {n:,} files; {most:,} is the limit: unpack it first",
        n=count,
        most=MOST_MEMBERS,
    )


def _unpacked(
    archive: InputFile, packed: zipfile.ZipFile, infos: list[zipfile.ZipInfo], folder: Path
) -> list[InputFile]:
    files: list[InputFile] = []
    names: set[str] = set()
    room = most_unpacked(archive.size)
    for number, info in enumerate(infos):
        name = f"{archive.name}!{display_path(info.filename)}"
        while name in names:
            name = f"{name}~"
        names.add(name)
        # The suffix may tell a format; nothing else of a member's name becomes part of a path.
        suffix = "".join(c for c in Path(info.filename).suffix.lower() if c.isalnum())
        path = folder / (f"{number}.{suffix}" if suffix else str(number))
        try:
            room -= _write(packed, info, path, room)
        except DAMAGE as error:
            why = tell("a member that cannot be unpacked: {error}", error=message_of(error))
            files.append(InputFile(path, name, 0, "unknown", False, why=why))
            continue
        if room < 0:
            return [replace(archive, why=_too_large(archive.size))]
        files.append(sniff(path, name))
    return files


def _write(packed: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, room: int) -> int:
    """Unpack a member, and stop beyond the room that is left; return how many bytes it has."""
    if info.flag_bits & _ENCRYPTED:
        raise ValueError(str(tell("it is encrypted; unpack it with its password")))
    size = 0
    with packed.open(info) as member, path.open("wb") as output:
        while size <= room and (chunk := member.read(CHUNK)):
            size += len(chunk)
            output.write(chunk)
    return size


def _too_large(size: int) -> Sentence:
    return tell(
        "a zip archive that unpacks to more than {n} MB: if that is meant, unpack it first",
        n=most_unpacked(size) >> 20,
    )

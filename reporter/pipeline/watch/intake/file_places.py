"""Where followed files stand: renamed, cut, copied or packed since. In: the files of a workspace,
what was taken in. Out: the name of each followed file, and the files that none of them is.

A file is known by device and inode, and by the last bytes that were taken in: an inode is used
again. What was packed or copied is known by the bytes of all that was taken in."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from reporter.ingest.readers import archives
from reporter.ingest.readers.files import HEAD, InputFile
from reporter.pipeline.watch.cursor import Followed, Piece, Twin
from reporter.pipeline.watch.intake.shared_bytes import STEP, copy_of, is_intact, reading, shared

FOLDER = "logs/"
LOOKS = 15
"""Looks after which a copy is a file of its own: the log that it is a copy of was not cut."""
_LINED = ("jsonl", "json")
"""Formats of what a log of JSON lines may have become; one line is a document."""


@dataclass(frozen=True, slots=True)
class Rest:
    """What is not taken in yet of a file that was packed: its last bytes, unpacked."""

    path: Path
    start: int
    """Where they begin in the file."""


class FilePlaces:
    """Finds followed files again, and remembers which files differ from them."""

    def __init__(self, folder: Path) -> None:
        """Begin with nothing; what is unpacked lies in the folder."""
        self.rests: dict[int, Rest] = {}
        """Number of a file -> what is still to be taken in of it."""
        self._folder = folder
        self._at: dict[int, InputFile] = {}
        self._names: set[str] = set()
        """Names of what is followed."""
        self._members: dict[tuple[int, ...], list[InputFile]] = {}
        self._without: dict[tuple[int, ...], list[tuple[int, bool]]] = {}
        """Archives without any file that is followed, and which files were."""
        self._others: set[tuple[Any, ...]] = set()
        """Files that begin otherwise than one that is followed: their stamps, and its number."""
        self._same: dict[tuple[Any, ...], tuple[int, tuple[int, ...]]] = {}
        """How many bytes of a file are those of one that is followed."""

    def find(self, files: list[Followed], found: list[InputFile]) -> list[InputFile]:
        """Give each followed file the name that it has now; return the files that none of them is,
        without those that may be a copy in the making.

        A file that was cut or replaced is gone, and what stands there is another. A new file that
        begins with all that was taken in of one that is gone is that file: copied, or packed.
        """
        self._stand(files, [f for f in found if f.stamp and f.name.startswith(FOLDER)])
        self._forget(found)
        others = []
        for file in found:
            is_log = bool(files) and file.name.startswith(FOLDER)
            if is_log and file.is_archive:
                others += self._left_of(file, files)
            elif not (is_log and self._is_known(file, file, files)):
                others.append(file)
        for known in files:
            self._renew_rest(known)
        return others

    def _left_of(self, archive: InputFile, files: list[Followed]) -> list[InputFile]:
        """Return an archive, or, where some of its files are followed, the others."""
        stamp, state = archive.stamp[:4], [(known.number, known.gone) for known in files]
        if self._without.get(stamp) == state:
            return [archive]
        members = self._members_of(archive)
        left = [m for m in members if not self._is_known(m, archive, files)]
        if len(left) < len(members):
            return left
        self._without[stamp] = state
        self._let_go(stamp)
        return [archive]

    def _stand(self, files: list[Followed], logs: list[InputFile]) -> None:
        """Find the files that stand where they did, or have another name."""
        by_inode = {f.stamp[:2]: f for f in logs}
        by_stamp = {f.stamp[:4]: f for f in logs}
        self._at, self._names = {}, set()
        for known in files:
            if known.gone:
                continue
            if known.stamp or known.packed:
                at = by_stamp.get(tuple(known.stamp))
                if at and known.member:
                    name = f"{at.name}!{known.member}"
                    at = next((m for m in self._members_of(at) if m.name == name), None)
            else:
                at = by_inode.get((known.device, known.inode))
                at = at if at and _goes_on(known, at) else None
            if at and at.name not in self._names:
                self._put(known, at)
            else:
                known.gone = True
                known.name = f"{known.name}~{known.number}"  # another file may stand there now

    def _put(self, known: Followed, at: InputFile) -> None:
        known.name = at.name
        self._names.add(at.name)
        self._at[known.number] = at

    def _is_known(self, file: InputFile, carrier: InputFile, files: list[Followed]) -> bool:
        """Tell whether a file is one that is followed, or what became of one, or may become it:
        nothing of it is read again.
        """
        if file.name in self._names:
            return True
        if file.format not in _LINED:
            return False
        begun = [known for known in files if known.offset]
        if any(self._is_adopted(file, carrier, k) for k in begun if k.gone):
            return True
        twins = [self._is_twin(file, k) for k in begun if k.number in self._at]  # each is noted
        return any(twins)

    def _is_adopted(self, file: InputFile, carrier: InputFile, known: Followed) -> bool:
        mark = (*file.stamp, known.number, known.offset)
        if mark in self._others:
            return False
        is_other = _differ(file, known.head)
        copy = None if is_other else copy_of(file, known)
        if copy is None:
            self._others.add(mark)
            return False
        known.gone, known.packed = False, file.gzipped
        known.device, known.inode = carrier.stamp[:2]
        known.member = file.name[len(carrier.name) + 1 :] if file is not carrier else ""
        is_final = copy.is_short or file.gzipped or bool(known.member)
        known.stamp = [*carrier.stamp[:4]] if is_final else []
        known.copied = copy.all_bytes if copy.is_short else Piece(0, "")
        # Until it is unpacked nobody knows whether more is in it.
        known.unpacked = known.offset + 1 if is_final and not copy.is_short else 0
        known.twins = []
        self.rests.pop(known.number, None)
        self._put(known, file)
        return True

    def _is_twin(self, file: InputFile, known: Followed) -> bool:
        """Tell whether a file may be a copy that is being made of one that stands there: until that
        is cut or removed, or enough looks show that it goes on.
        """
        at = self._at[known.number]
        own = file.stamp[:2]
        before = next((t for t in known.twins if (t.device, t.inode) == own), None)
        if not self._begin_alike(file, at, known):
            known.twins = [t for t in known.twins if t is not before]
            return False
        looks = 0
        if before:
            is_whole = file.size == before.size or file.size >= before.beside
            looks = before.looks + is_whole
        now = Twin(own[0], own[1], file.size, at.size, looks)
        known.twins = [*(t for t in known.twins if t is not before), now]
        return looks < LOOKS

    def _begin_alike(self, file: InputFile, at: InputFile, known: Followed) -> bool:
        mark = (*file.stamp, known.number)
        if mark in self._others:
            return False
        if not at.gzipped and at.size >= HEAD and _differ(file, at.head):
            self._others.add(mark)
            return False
        key = (*file.stamp[:2], file.head, at.head, known.number)
        before, stamp = self._same.get(key, (0, ()))
        if before == file.size and stamp == file.stamp and not file.gzipped:
            return True
        try:
            same = shared(file, at, before if before <= min(file.size, at.size) else 0)
            if same is None and not _still_stands(known, at):
                return True  # it was cut just now: the next look tells
        except OSError:
            return True
        if not same:
            self._others.add(mark)
            return False
        self._same[key] = same, file.stamp
        return True

    def _members_of(self, archive: InputFile) -> list[InputFile]:
        """Return what is in an archive, unpacked for as long as it stands there."""
        if archive.stamp[:4] not in self._members:
            folder = self._folder_of(archive.stamp[:4])
            folder.mkdir(exist_ok=True)
            self._members[archive.stamp[:4]] = archives.members(archive, folder)
        return self._members[archive.stamp[:4]]

    def lasting(self, file: InputFile) -> InputFile:
        """Return a file with a stamp that a restart does not change, also where it is unpacked."""
        archives_ = (s for s, members in self._members.items() if any(m is file for m in members))
        stamp = next(archives_, None)
        return replace(file, stamp=stamp) if stamp else file

    def is_member(self, file: InputFile) -> bool:
        """Tell whether a file was unpacked from an archive: it never grows."""
        return self.lasting(file) is not file

    def _forget(self, found: list[InputFile]) -> None:
        """Let go of what no longer stands there."""
        there = {f.stamp[:4] for f in found}
        for stamp in [s for s in self._members if s not in there]:
            self._let_go(stamp)
        self._without = {s: state for s, state in self._without.items() if s in there}
        stamps = {f.stamp for f in (*found, *chain(*self._members.values()))}
        inodes = {s[:2] for s in stamps}
        self._others = {mark for mark in self._others if mark[:5] in stamps}
        self._same = {key: same for key, same in self._same.items() if key[:2] in inodes}

    def _let_go(self, stamp: tuple[int, ...]) -> None:
        shutil.rmtree(self._folder_of(stamp), ignore_errors=True)
        del self._members[stamp]

    def _folder_of(self, stamp: tuple[int, ...]) -> Path:
        return self._folder / "-".join(map(str, stamp))

    def _renew_rest(self, known: Followed) -> None:
        """Unpack what is to be taken in of a file that was packed; remove what was."""
        rest, at = self.rests.get(known.number), self._at.get(known.number)
        is_due = known.unpacked > known.offset and not known.gone
        if rest and not is_due:
            rest.path.unlink()
            del self.rests[known.number]
        elif is_due and not rest and at:
            path = self._folder / f"rest-{known.number}"
            with suppress(OSError):  # the next look tries again
                known.unpacked = _unpack_rest(at, known, path)
                self.rests[known.number] = Rest(path, known.offset - known.tail.size)


def _differ(file: InputFile, head: str) -> bool:
    """Tell whether a file begins otherwise than another, by the hash of its first bytes."""
    return bool(head) and not file.gzipped and file.size >= HEAD and file.head != head


def _goes_on(known: Followed, at: InputFile) -> bool:
    return not at.gzipped and _still_stands(known, at)


def _still_stands(known: Followed, at: InputFile) -> bool:
    if known.stamp:
        return True
    try:
        with at.path.open("rb") as file:
            return is_intact(known, file)
    except OSError:
        return False


def _unpack_rest(file: InputFile, known: Followed, target: Path) -> int:
    """Write the end of a file, from its last bytes that were taken in on; return how many bytes the
    file has. A last line without an end has one now: nothing more will come.
    """
    start = known.offset - known.tail.size
    with reading(file) as reader, target.open("wb") as output:
        while reader.size < start:
            reader.read(min(STEP, start - reader.size))
        last = b"\n"
        while data := reader.read():
            output.write(data)
            last = data[-1:]
        if last == b"\n" or reader.is_cut:
            return reader.size
        output.write(b"\n")
        return reader.size + 1

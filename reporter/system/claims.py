"""Folders that a process works in, and whether it still lives. In: a path. Out: the folder, held
exclusively, removed afterwards.

A lock on a file in the folder tells: the system releases it when the process ends. A folder that
nobody holds was left by a killed run.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from reporter.errors import InputError

OWNER = "owner.lock"
"""Locked while its process lives; it says which one, on which machine."""
_MODE = 0o700
_NAMES = re.compile(r"\..+\.part|reporter-[0-9]+-[0-9a-f]{8}", re.DOTALL)
"""Of folders that processes claim."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@contextmanager
def claimed(folder: Path) -> Iterator[Path]:
    """Make a folder for its owner only, cleared of what a dead process left.

    Raises InputError where a living process holds it.
    """
    lock = hold(folder)
    try:
        yield folder
    finally:
        release(folder, lock)


def release(folder: Path, lock: int) -> None:
    """Remove a folder that this process holds, and let go of it."""
    _remove(folder)
    os.close(lock)


def clear(folder: Path) -> bool:
    """Remove a folder if a process of this machine that has ended claimed it; say whether it was
    removed.
    """
    try:
        status = folder.lstat()
        if folder.is_symlink() or status.st_uid != os.geteuid():
            return False
        if not os.path.lexists(folder / OWNER):
            return _clear_unclaimed(folder, status)
        lock = os.open(folder / OWNER, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is_still(lock, folder) or not _is_of_here(lock):
            return False
        _remove(folder)
        return not folder.exists()
    except OSError:
        return False
    finally:
        os.close(lock)


def _clear_unclaimed(folder: Path, status: os.stat_result) -> bool:
    """Remove an empty folder of ours without a lock: its process was killed before it made one, or
    after it removed it. One that is about to make it finds the folder gone, and makes it anew.

    Raises OSError where something is in it.
    """
    is_ours = _NAMES.fullmatch(folder.name) and stat.S_IMODE(status.st_mode) == _MODE
    if is_ours:
        folder.rmdir()
    return bool(is_ours)


def held(place: Path, pattern: str) -> list[str]:
    """Return the names of such folders in a place that a living process holds."""
    return [path.name for path in sorted(place.glob(pattern)) if _is_held(path)]


def _is_held(folder: Path) -> bool:
    try:
        lock = os.open(folder / OWNER, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return not _is_of_here(lock)  # of another machine nobody can tell
    except OSError:
        return True
    finally:
        os.close(lock)


def clear_all(place: Path, pattern: str) -> list[str]:
    """Clear every such folder in a place; return the names of those that were."""
    return [path.name for path in sorted(place.glob(pattern)) if clear(path)]


def hold(folder: Path) -> int:
    """Hold a folder until the process ends or closes the returned descriptor; otherwise as
    `claimed`.

    Raises InputError where a living process holds it, OSError where the disk is full.
    """
    while True:
        is_new = True
        try:
            folder.mkdir(mode=_MODE)
        except FileExistsError:
            is_new = False
        try:
            lock = os.open(folder / OWNER, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except FileNotFoundError:
            continue  # whoever had it just removed it
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = _owner(lock)
            os.close(lock)
            raise InputError(
                f"another run is writing here{owner and f' ({owner})'}",
                str(folder),
                "Wait until it has ended, or give another --out.",
            ) from error
        except OSError:
            if not is_new:  # a file system without locks: nobody can tell
                os.close(lock)
                raise
        if not _is_still(lock, folder):
            os.close(lock)
            continue
        if not _is_of_here(lock):
            owner = _owner(lock)
            os.close(lock)
            raise InputError(
                f"another machine has been writing here ({owner}), and whether it still does"
                f" cannot be"
                " seen from here",
                str(folder),
                "Remove the folder if it does not, or give another --out.",
            )
        try:
            _empty(folder)
            os.ftruncate(lock, 0)
            os.pwrite(lock, _here().encode() + f" process {os.getpid()}\n".encode(), 0)
        except OSError as error:  # a full disk, which a call on a descriptor does not name
            release(folder, lock)
            raise OSError(error.errno, error.strerror, error.filename or str(folder)) from error
        return lock


def _is_still(lock: int, folder: Path) -> bool:
    """Tell whether the locked file is the one that stands there now."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(lock), (folder / OWNER).stat())
    return False


def _owner(lock: int) -> str:
    return os.pread(lock, 500, 0).decode("utf-8", "replace").strip()


def _here() -> str:
    """Name the machine and its start: containers of one machine share the start, not the name."""
    with suppress(OSError):
        return f"{os.uname().nodename} {_BOOT.read_text(encoding='ascii').strip()}"
    return f"{os.uname().nodename} -"


def _is_of_here(lock: int) -> bool:
    """Tell whether a free lock can be trusted: over a network, the lock of another machine may be
    invisible.
    """
    owner, machine = _owner(lock).split(), _here().split()
    return not owner or owner[0] == machine[0] or (owner[1] == machine[1] != "-")


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != OWNER:
            path.unlink()


def _remove(folder: Path) -> None:
    """Remove the lock last, so that the remainder of an interrupted removal can still be
    recognised.
    """
    with suppress(OSError):
        _empty(folder)
    with suppress(OSError):
        (folder / OWNER).unlink()
        folder.rmdir()

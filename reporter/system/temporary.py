"""Where temporary files go. In: a folder. Out: a folder of this process in it, held while the
process lives, as in `claims`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from pathlib import Path

from reporter.system.claims import clear, hold
from reporter.system.supervision import supervise

PREFIX = "reporter-"
"""How the names of such folders begin: those of dead processes are cleared by it."""


def own_folder(place: Path) -> Path:
    """Return a path in `place` that no other process has; nothing is made."""
    return place / f"{PREFIX}{os.getpid()}-{os.urandom(4).hex()}"


def start_watch(
    environment: MutableMapping[str, str], say: Callable[[str], None]
) -> Callable[[Path], None]:
    """Continue in a supervised process, with its own temporary folder; return what takes the
    folders to remove if it is killed. `say` then has why it ended.
    """
    watch = supervise(clear, say)
    with suppress(OSError):  # a command that needs the folder reports the error
        keep_in(Path(environment.get("TMPDIR") or "/tmp"), watch, environment)
    return watch


def keep_in(
    place: Path, watch: Callable[[Path], None], environment: MutableMapping[str, str]
) -> None:
    """Have everything temporary of this process written to a folder of its own in `place`, which is
    made where it is missing.
    """
    place.mkdir(parents=True, exist_ok=True)
    folder = own_folder(place)
    watch(folder)
    hold(folder)
    environment["TMPDIR"] = str(folder)


def write_whole(path: Path, text: str) -> None:
    """Write a file with its folder, all of it or none: on a full disk half of one would stand for
    the whole.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def sync(path: Path) -> None:
    """Have the disk take a file, or the names in a folder, before anything else is said of it."""
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)

"""What a watch remembers: which bytes of which files it has taken in, and what it found. In: a
folder. Out: the same after a restart, however the last one ended.

One file tells all, and is replaced whole: what it does not name was never taken in.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from reporter.errors import InputError
from reporter.system.claims import hold, release
from reporter.system.temporary import sync

NAME, LOCK, SEGMENTS, CACHE = "cursor.json", "lock", "segments", "cache"
OUTCOMES = "outcomes-{}.msgpack"
FORMAT = 3
"""Of the cursor; another one is not read."""
MOST_CHANGES = 2000
"""Outcomes of which the cursor says itself what they are now: to write all takes longer."""


class Piece(msgspec.Struct, array_like=True):
    """Bytes of a file in a row, by which they are known again elsewhere."""

    size: int
    sha256: str


class Segment(msgspec.Struct, array_like=True):
    """Lines of a file that were converted together; its batch has the same key."""

    key: str
    lines: int


class Twin(msgspec.Struct, array_like=True):
    """Another file that begins as one that is followed: it may be a copy that is being made."""

    device: int
    inode: int
    size: int
    beside: int
    """Size of the file that is followed, then."""
    looks: int = 0
    """Looks at which it was no copy in the making, and the other stood there all the same."""


class Followed(msgspec.Struct):
    """A file that is read as far as it is written."""

    number: int
    name: str
    """Path inside the workspace; of what is gone, the last one."""
    device: int
    inode: int
    source: str
    head: str = ""
    """Hash of its first bytes, as it was found."""
    offset: int = 0
    """Bytes that are taken in: whole lines."""
    lines: int = 0
    gone: bool = False
    """It no longer stands there; its lines stay."""
    packed: bool = False
    """It is packed as gz."""
    stamp: list[int] = []
    """Of what does not grow any more, packed or copied: device, inode, size, time of change."""
    member: str = ""
    """Its name in the zip archive that it is in."""
    unpacked: int = 0
    """Bytes that are to be taken in of what was packed, from its beginning on."""
    copied: Piece = msgspec.field(default_factory=lambda: Piece(0, ""))
    """All bytes of a copy, where that has fewer than were taken in."""
    twins: list[Twin] = []
    pieces: list[Piece] = []
    marks: list[Piece] = []
    """What the last piece was on the way: a copy may end anywhere."""
    segments: list[Segment] = []
    tail: Piece = msgspec.field(default_factory=lambda: Piece(0, ""))
    """The last bytes that were taken in."""


class Episode(msgspec.Struct):
    """A failure from its first finding until a test of what came after it passes."""

    id: str
    check: str
    subject: str
    opened_at: str
    """`as_of` of the judgement that found it."""
    record: str
    seen_at: str = ""
    """Time of the last act of the subject when it was found, or when the rules changed since."""
    evidence: str = ""
    """Mark of the files that are no logs at that time."""
    status: str = "fail"
    """Of the check now: an episode stays open while nothing is known, or nothing fails."""
    closed_at: str = ""


class Outbox(msgspec.Struct):
    """Lines that are committed and may not all be delivered."""

    first: int = 1
    """Number of the first line."""
    lines: list[str] = []
    offset: int = 0
    """Bytes of the output file before them."""


class Cursor(msgspec.Struct):
    """All that a watch remembers but the converted lines and the last results."""

    format: int
    workspace: str
    key: str
    """Key of fingerprints."""
    content: str
    """What the converted lines were made with."""
    rules: str = ""
    """What the last results were found by: settings and checks."""
    files: list[Followed] = []
    next_number: int = 1
    generation: int = 0
    """Of the results."""
    changes: list[tuple[str, str, tuple[str, str, str] | None]] = []
    """(check, subject, outcome) of the results that are others than those; None: it is gone."""
    judged: int = 0
    """Judgements so far."""
    as_of: str = ""
    episodes: list[Episode] = []
    outbox: Outbox = msgspec.field(default_factory=Outbox)
    waiting: list[tuple[int, str]] = []
    """Lines that hooks may not have got, with their numbers."""
    failed_hooks: int = 0


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder of a watch while it runs.

    Raises InputError where another watch holds it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = folder / LOCK
    try:
        descriptor = hold(lock)
    except InputError as error:
        message = error.message.replace("another run is", "another watch is")
        hint = "Stop it, or give another --state."
        raise InputError(message, str(folder), hint) from error
    try:
        yield
    finally:
        release(lock, descriptor)


def load(folder: Path, workspace: Path, content: str) -> Cursor | None:
    """Return what was remembered; None where nothing was.

    Raises InputError where it is damaged, of another workspace or of another version.
    """
    path = folder / NAME
    try:
        cursor = msgspec.json.decode(path.read_bytes(), type=Cursor)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise InputError(
            f"is no cursor of a watch: {error}",
            str(path),
            "Put it back as it was, or begin anew with another --state.",
        ) from error
    if cursor.format != FORMAT:
        raise InputError("this state was written by another version", str(path), _ANEW)
    if cursor.workspace != str(workspace.resolve()):
        raise InputError(f"this state belongs to {cursor.workspace}", str(path), _ANEW)
    refuse_other(cursor, content, folder)
    return cursor


_ANEW = "Begin anew with another --state: all that is still in logs/ is read again."


def refuse_other(cursor: Cursor, content: str, folder: Path) -> None:
    """Raise InputError where lines would be converted otherwise now than those of a state."""
    if cursor.content != content:
        raise InputError(
            "this state was made with other sources or mappings, or by another version",
            str(folder / NAME),
            f"{_ANEW} Or put mappings/*.yml back as they were.",
        )


Key = tuple[str, str]
"""Check and subject."""
Outcome = tuple[str, str, str]
"""Status, reason code, until when it is waived."""
Outcomes = dict[Key, Outcome]


def load_outcomes(folder: Path, cursor: Cursor) -> Outcomes:
    """Return the last outcomes.

    Raises InputError where they are damaged or gone.
    """
    if not cursor.generation:
        return {}
    path = folder / OUTCOMES.format(cursor.generation)
    try:
        rows = msgspec.msgpack.decode(path.read_bytes(), type=list[tuple[str, str, str, str, str]])
    except (OSError, msgspec.MsgspecError) as error:
        raise InputError(
            f"the last results of a watch cannot be read: {error}",
            str(path),
            "Put the file back as it was, or begin anew with another --state.",
        ) from error
    outcomes = {(check, subject): (s, c, w) for check, subject, s, c, w in rows}
    for check, subject, outcome in cursor.changes:
        if outcome:
            outcomes[check, subject] = outcome
        else:
            outcomes.pop((check, subject), None)
    return outcomes


def save_outcomes(
    folder: Path, cursor: Cursor, outcomes: Outcomes, changes: Mapping[Key, Outcome | None]
) -> None:
    """Have the cursor say what changed; where that would be much, write all outcomes as another
    generation, beside the last one, which the saved cursor names.
    """
    if cursor.generation and len(cursor.changes) + len(changes) <= MOST_CHANGES:
        cursor.changes += [(*key, outcome) for key, outcome in changes.items()]
        return
    cursor.changes = []
    cursor.generation += 1
    path = folder / OUTCOMES.format(cursor.generation)
    path.touch(mode=0o600)
    path.write_bytes(msgspec.msgpack.encode([(*k, *v) for k, v in outcomes.items()]))
    sync(path)


def clear_outcomes(folder: Path, cursor: Cursor) -> None:
    """Remove all generations but the last."""
    for path in folder.glob(OUTCOMES.format("*")):
        if path.name != OUTCOMES.format(cursor.generation):
            path.unlink()


def save(folder: Path, cursor: Cursor) -> None:
    """Replace what is remembered, whole or not at all; the disk has it when this returns."""
    part = folder / f".{NAME}.part"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(cursor))
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / NAME)
    sync(folder)

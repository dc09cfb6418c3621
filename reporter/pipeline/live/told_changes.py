"""What a watch has told in the last hour. In: the lines that it commits, and when. Out: the same
after a restart, each once, the oldest first.

The cursor has the last lines until the next are committed, so a watch that was killed in between
adds them when it starts again.
"""

from __future__ import annotations

import os
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from reporter.pipeline.watch.cursor import Outbox
from reporter.system.temporary import sync

NAME = "changes.jsonl"
SPAN = timedelta(hours=1)
MOST = 5_000
"""Changes that are kept; of more the oldest go."""


class Change(msgspec.Struct, frozen=True):
    """One change, as the page lists it."""

    number: int
    told_at: datetime
    check: str
    title: str
    """In English."""
    severity: str
    subject: str
    before: str
    """Status; '' where there was no result."""
    now: str
    reason: str
    is_as_before: bool
    """Status and reason are as before: only its waiver is another."""
    ended: bool
    """Its episode has ended."""
    line: msgspec.Raw
    """All of it, as it was told."""


class _Kept(msgspec.Struct):
    """A line of the file."""

    told_at: datetime
    finding: msgspec.Raw


class _Begun(msgspec.Struct):
    """Its first line."""

    complete_since: datetime | None
    last: int
    at_first: int = 0
    """Number of the last change that the first judgement told of."""


@dataclass(frozen=True, slots=True)
class Told:
    """The changes of the last hour at one moment."""

    changes: tuple[Change, ...]
    """The oldest first."""
    complete_since: datetime | None
    """No change is missing since then; None: none is missing of the hour."""
    at_first: int = 0
    """Number of the last change that the first judgement told of."""

    @property
    def first(self) -> tuple[Change, ...]:
        """Return what the first judgement found: it was so before anyone looked."""
        return tuple(c for c in self.changes if c.number <= self.at_first)

    @property
    def later(self) -> tuple[Change, ...]:
        """Return what changed since."""
        return tuple(c for c in self.changes if c.number > self.at_first)


class ToldChanges:
    """Keeps the changes of the last hour in a file."""

    def __init__(
        self, folder: Path, outbox: Outbox, committed_at: datetime, is_first: bool = False
    ) -> None:
        """Take up what is kept; add what was committed last, if it is not there yet."""
        self._path = folder / NAME
        self._changes: deque[Change] = deque()
        self._last = 0
        """Number of the last change."""
        self._at_first = 0
        self._complete_since: datetime | None = None
        self._in_file = 0
        self._shown: tuple[Change, ...] = ()
        """As other threads see them."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._load()
        self.add(outbox, committed_at, is_first)
        self._write()

    def add(self, outbox: Outbox, told_at: datetime, is_first: bool = False) -> None:
        """Add the lines that were committed last, perhaps by the first judgement of all; drop those
        that are older than the hour.
        """
        told_at = told_at.astimezone(UTC)
        if outbox.first > self._last + 1:
            self._complete_since = told_at  # some were told while nobody kept them
        fresh = [
            _change(msgspec.Raw(line.encode()), number, told_at)
            for number, line in enumerate(outbox.lines, outbox.first)
            if number > self._last
        ]
        self._last = max(self._last, outbox.first + len(outbox.lines) - 1)
        self._changes.extend(fresh)
        self._drop(told_at)
        self._shown = tuple(self._changes)
        if is_first and fresh:
            self._at_first = self._last
            self._write()
        elif fresh:
            self._append(fresh)

    def within(self, now: datetime) -> Told:
        """Return what was told within the hour before a moment."""
        since = now.astimezone(UTC) - SPAN
        found = tuple(c for c in self._shown if c.told_at > since)
        is_short = self._complete_since and self._complete_since > since
        return Told(found, self._complete_since if is_short else None, self._at_first)

    def _drop(self, now: datetime) -> None:
        while self._changes and self._changes[0].told_at <= now - SPAN:
            self._changes.popleft()
        while len(self._changes) > MOST:
            self._complete_since = self._changes.popleft().told_at

    def _append(self, fresh: list[Change]) -> None:
        if self._in_file + len(fresh) > 2 * len(self._changes) + MOST:
            self._write()
            return
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(b"".join(map(_line, fresh)))
            file.flush()
            os.fsync(file.fileno())
        self._in_file += len(fresh)

    def _write(self) -> None:
        """Write all anew, whole or not at all."""
        part = self._path.with_name(f".{NAME}.part")
        begun = _Begun(self._complete_since, self._last, self._at_first)
        first = msgspec.json.encode(begun) + b"\n"
        part.touch(mode=0o600)
        part.write_bytes(first + b"".join(map(_line, self._changes)))
        sync(part)
        part.replace(self._path)
        self._in_file = len(self._changes)

    def _load(self) -> None:
        """Read what is kept, as far as it can be read: what is missing is told of by its time."""
        try:
            first, *lines = self._path.read_bytes().split(b"\n")
            begun = msgspec.json.decode(first, type=_Begun)
        except (OSError, ValueError):
            return
        self._complete_since, self._last = begun.complete_since, begun.last
        self._at_first = begun.at_first
        for line in lines:
            with suppress(ValueError):
                kept = msgspec.json.decode(line, type=_Kept)
                number = msgspec.json.decode(kept.finding, type=_Finding).metadata.sequence
                self._changes.append(_change(kept.finding, number, kept.told_at))
                self._last = max(self._last, number)


def as_lines(changes: tuple[Change, ...]) -> bytes:
    """Return changes as JSON lines: when each was told, and the line of it."""
    return b"".join(map(_line, changes))


def _line(change: Change) -> bytes:
    return msgspec.json.encode(_Kept(change.told_at, change.line)) + b"\n"


class _Metadata(msgspec.Struct):
    sequence: int


class _Compliance(msgspec.Struct):
    control: str
    status_code: str
    desc: str = ""
    status_details: list[str] = []


class _Finding(msgspec.Struct):
    """What the page shows of a line."""

    metadata: _Metadata
    compliance: _Compliance
    severity: str = ""
    activity_name: str = ""
    resources: list[dict[str, Any]] = []
    unmapped: dict[str, Any] = {}


def _change(line: msgspec.Raw, number: int, told_at: datetime) -> Change:
    finding = msgspec.json.decode(line, type=_Finding)
    said, more = finding.compliance, finding.unmapped
    is_same = said.status_code == more.get("status_before")
    return Change(
        number=number,
        told_at=told_at,
        check=said.control,
        title=said.desc,
        severity=finding.severity.lower(),
        subject=str(finding.resources[0].get("uid", "")) if finding.resources else "",
        before=str(more.get("status_before", "")),
        now=said.status_code,
        reason=said.status_details[0] if said.status_details else "",
        is_as_before=is_same and more.get("reason_code") == more.get("reason_code_before"),
        ended=finding.activity_name == "Close",
        line=line,
    )

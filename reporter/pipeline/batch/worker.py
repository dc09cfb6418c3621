"""A process for one unit. In: an order. Out: its events while it works, then what became of it,
however it ends.

It is a program of its own: a crash, a lack of memory and a hang end it and nothing else. It ends
when this process does, for then its input is closed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

import msgspec

from reporter.pipeline.batch.unit_order import Order
from reporter.system.claims import clear

VERB = "batch-unit"
_START = "import sys; sys.path[:] = {path}; from reporter.cli import main; main()"
_GRACE = 5.0
"""Seconds in which a process that took too long may remove what it began."""
_MOST_STDERR = 1 << 16
_DEFECT = "This is a defect"


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of a unit."""

    seconds: float
    state: str = ""
    """One of `unit_order`; '' where it failed."""
    row: dict[str, Any] | None = None
    reason: str = ""
    """Why it failed."""
    detail: str = ""
    """What its process said last, where that is more."""


class Worker:
    """A process that works on one unit."""

    def __init__(self, order: Order, seconds: int) -> None:
        """Start it; it is ended after so many seconds, with 0 never."""
        self.order = order
        self._limit = seconds
        self._began = time.monotonic()
        self._is_late = False
        path = [p for p in sys.path if p]
        self.process: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, "-P", "-c", _START.format(path=path), VERB],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for this process, which then ends the others
        )
        self._answers = bytearray()
        self._said: deque[bytes] = deque(maxlen=_MOST_STDERR >> 12)
        self._ending: dict[str, Any] | None = None
        for stream in self.streams:
            os.set_blocking(stream.fileno(), False)
        with suppress(BrokenPipeError):  # it ended at once; why is asked later
            assert self.process.stdin
            self.process.stdin.write(msgspec.json.encode(order) + b"\n")
            self.process.stdin.flush()

    @property
    def streams(self) -> tuple[IO[bytes], IO[bytes]]:
        """What it writes to: its events, and what is for people."""
        assert self.process.stdout and self.process.stderr
        return self.process.stdout, self.process.stderr

    def events(self) -> Iterator[tuple[str, str]]:
        """Yield what it said since the last call: ("say" or "warn", a text)."""
        out, err = self.streams
        self._said.extend(_available(err))
        for chunk in _available(out):
            self._answers += chunk
        *lines, rest = self._answers.split(b"\n")
        self._answers = bytearray(rest)
        for line in lines:
            event = _event(bytes(line))
            if "end" in event:
                self._ending = event["end"]
            for kind in ("say", "warn"):
                if kind in event:
                    yield kind, str(event[kind])

    def end_if_late(self) -> None:
        """End it where it takes longer than it may: first so that it removes what it began."""
        took = time.monotonic() - self._began
        if not self._limit or took < self._limit:
            return
        if not self._is_late:
            self._is_late = True
            self.process.terminate()
        elif took > self._limit + _GRACE:
            self._kill()

    def is_over(self) -> bool:
        """Tell whether its process has ended."""
        return self.process.poll() is not None

    def ending(self) -> Ending:
        """Return what became of the unit, once the process has ended; remove what it left."""
        self._kill()
        seconds = round(time.monotonic() - self._began, 1)
        for stream in (*self.streams, self.process.stdin):
            if stream:
                with suppress(OSError):
                    stream.close()
        self._clear()
        if self._ending and "state" in self._ending:
            return Ending(seconds, self._ending["state"], self._ending["row"])
        if self._is_late:
            return Ending(seconds, reason=f"it took longer than {self._limit} s, and was ended")
        if self._ending:
            return Ending(seconds, reason=str(self._ending["failed"]))
        said = b"".join(self._said).decode("utf-8", "replace").strip()
        return Ending(seconds, reason=_why(self.process.returncode, said), detail=said)

    def stop(self) -> None:
        """End it, and remove what it began."""
        self._kill()
        self.process.wait()
        self._clear()

    def _kill(self) -> None:
        """End its processes; none of its own may outlive it."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def _clear(self) -> None:
        """Remove the folder that it worked in, once the last of its processes has let go of it."""
        end = time.monotonic() + _GRACE
        while os.path.lexists(self.order.part) and time.monotonic() < end:
            if not clear(self.order.part):
                time.sleep(0.02)


def _available(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield what can be read without waiting."""
    with suppress(BlockingIOError, ValueError):
        while chunk := os.read(stream.fileno(), 1 << 12):
            yield chunk


def _event(line: bytes) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def _why(code: int, said: str) -> str:
    """Say why a process ended that did not say it."""
    if code < 0:
        name = signal.Signals(-code).name
        why = ", perhaps because memory ran out" if -code == signal.SIGKILL else ""
        return f"its process was ended by {name}{why}"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if lines and lines[-1].startswith(_DEFECT):
        return f"{lines[-2] if len(lines) > 1 else ''} ({lines[-1]})"
    return lines[-1] if lines else f"its process ended with exit code {code} and said nothing"

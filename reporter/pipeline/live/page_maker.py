"""When a page is made, and which one is served. In: word that something changed. Out: the last page
that was made, or why there is none.

A thread waits; another process works. Two pages are kept: one may still be read.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec

from reporter.errors import on_one_line
from reporter.pipeline.live.page_process import Answer
from reporter.pipeline.live.page_run import ABOUT, PAGE, RUN, About, Order, folder_of
from reporter.system.plain_text import clean

LONGEST_WAIT = 600.0
"""Seconds between two tries where one after another fails."""
KEPT = 2
_SAID = 500


@dataclass(frozen=True, slots=True)
class Page:
    """A page that was made."""

    number: int
    made_at: datetime
    about: About
    files: dict[str, Path]
    """What may be asked for, by name: nothing else of the run is served."""


@dataclass(slots=True)
class Made:
    """What there is to serve."""

    page: Page | None = None
    problem: str = ""
    """Why the last try gave none; '' where it did."""
    failed_at: datetime | None = None
    working_since: datetime | None = None


class Maker(Protocol):
    """Makes one page, elsewhere."""

    def answer(self) -> Answer: ...

    def end(self) -> None: ...


@dataclass(slots=True)
class PageMaker:
    """Makes a page when something changed, at most every so many seconds."""

    order: Order
    """Of every page, but for its number."""
    every: float
    now: Callable[[], datetime]
    warn: Callable[[str], None]
    start: Callable[[Order], Maker]
    made: Made = field(default_factory=Made)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _is_wanted: bool = False
    _is_ending: bool = False
    _working: Maker | None = None
    _failures: int = 0
    _thread: threading.Thread | None = None

    def begin(self) -> None:
        """Take up the last page, and wait for word."""
        self.made.page = self._last_page()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that something changed."""
        with self._changed:
            self._is_wanted = True
            self._changed.notify_all()

    def close(self) -> None:
        """End, and the process too that makes a page."""
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()
            if self._working:
                self._working.end()
        if self._thread:
            self._thread.join()

    def _work(self) -> None:
        not_before = 0.0
        while True:
            with self._changed:
                while not self._is_ending:
                    wait = not_before - time.monotonic()
                    if self._is_wanted and wait <= 0:
                        break
                    self._changed.wait(wait if self._is_wanted else None)
                if self._is_ending:
                    return
                self._is_wanted = False
                began = time.monotonic()
                self.made.working_since = self.now()
                number = self._next_number()
                self._working = self.start(msgspec.structs.replace(self.order, number=number))
            self._take(self._working.answer(), number)
            not_before = began + min(self.every * 2**self._failures, max(LONGEST_WAIT, self.every))

    def _take(self, answer: Answer, number: int) -> None:
        with self._changed:
            self._working = None
            self.made.working_since = None
            if self._is_ending:
                return
            page = self._page(number) if not answer.problem else None
            if page:
                self.made.page, self.made.problem, self._failures = page, "", 0
                self._clear()
                return
            self._failures = min(self._failures + 1, 10)
            self._is_wanted = True  # what failed for a moment may not the next time
            why = on_one_line(answer.problem) or "it is not as it was made"
            self.made.problem, self.made.failed_at = clean(why)[:_SAID], self.now()
        self.warn(f"the page could not be made: {self.made.problem}")

    def _next_number(self) -> int:
        return max((number for number, _ in self._folders()), default=0) + 1

    def _folders(self) -> list[tuple[int, Path]]:
        folder = Path(self.order.state) / PAGE
        names = folder.glob("[0-9]*") if folder.is_dir() else ()
        return sorted((int(path.name), path) for path in names if path.name.isdecimal())

    def _last_page(self) -> Page | None:
        pages = (self._page(number) for number, _ in reversed(self._folders()))
        return next((page for page in pages if page), None)

    def _page(self, number: int) -> Page | None:
        """Return a page; None where it cannot be read."""
        folder = folder_of(Path(self.order.state), number)
        with suppress(OSError, ValueError):
            about = msgspec.json.decode((folder / ABOUT).read_bytes(), type=About)
            made_at = datetime.fromtimestamp((folder / ABOUT).stat().st_mtime, UTC)
            run = folder / RUN
            paths = sorted(path for path in run.rglob("*.html") if path.is_file())
            return Page(number, made_at, about, {p.relative_to(run).as_posix(): p for p in paths})
        return None

    def _clear(self) -> None:
        """Remove all pages but the last ones."""
        for _, path in self._folders()[:-KEPT]:
            shutil.rmtree(path, ignore_errors=True)

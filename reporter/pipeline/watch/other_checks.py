"""The checks that may wait, judged in a thread while the gravest go on. In: what stood when it
began. Out: what they found, once they are done.

The thread yields the processor to whoever needs it, and so do the threads of its engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from reporter.pipeline.watch.intake.yielding import yielding_thread
from reporter.pipeline.watch.judge import Judged
from reporter.pipeline.watch.standing import Standing

_PATIENCE, _LONGEST = timedelta(minutes=1), timedelta(minutes=5)
"""For which a judgement waits for the gravest checks, under a load that leaves no time: where lines
show nothing new, and where they do.
"""
_NICER = 15
"""How much nicer than the process the thread is."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What a judgement rests on."""

    at: datetime
    as_of: datetime
    evidence: str
    """Mark of the content of the files that are no logs."""
    rules: str
    """Mark of the settings and the checks."""
    lines: Mapping[int, int]
    """Number of a followed file -> lines of it."""


@dataclass(slots=True)
class OtherChecks:
    """What stands for all checks, and who judges it."""

    folder: Path
    """Where its engine works."""
    standing: Standing = field(init=False)
    begun: Begun | None = None
    """The judgement that began last."""
    is_due: bool = False
    """Whether more was taken in since."""
    _pool: ThreadPoolExecutor = field(init=False)
    _judging: Future[Judged] | None = None

    def __post_init__(self) -> None:
        """Begin with nothing that stands."""
        self.standing = Standing(self.folder)
        self._pool = yielding_thread(_NICER)

    @property
    def is_judging(self) -> bool:
        """Whether it goes on, or its end was not taken note of."""
        return self._judging is not None

    def begin(self, judge: Callable[[], Judged], begun: Begun) -> None:
        """Judge in the thread."""
        self._judging = self._pool.submit(judge)
        self.note(begun)

    def note(self, begun: Begun) -> None:
        """Take note of a judgement that begins, here or elsewhere."""
        self.begun, self.is_due = begun, False

    @contextmanager
    def paused(self, now: datetime, presses: bool) -> Iterator[None]:
        """Let them wait meanwhile, unless they do for long; longer where what is new presses."""
        most = _LONGEST if presses else _PATIENCE
        is_fresh = self.begun is None or now - self.begun.at < most
        self.standing.pause(is_fresh)
        try:
            yield
        finally:
            self.standing.pause(False)

    def found(self, is_awaited: bool = False) -> tuple[Judged, Begun] | None:
        """Return what was found since it began, once it is done; None as long as it goes on.

        Raises what the judgement raises.
        """
        if not self._judging or not (is_awaited or self._judging.done()):
            return None
        judging, self._judging = self._judging, None
        assert self.begun
        return judging.result(), self.begun

    def close(self) -> None:
        """Let go of what stands; a judgement that goes on ends at its next statement."""
        self.standing.end()
        self._pool.shutdown()
        self.standing.close()

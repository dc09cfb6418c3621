"""Takes in what is added to the files that are followed, also while what came before is judged. In:
files, what converts their lines. Out: new lines as segments, which the files then name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from reporter.engine.duckdb import parquet
from reporter.engine.growing.repeated_rows import RepeatedRows, Repeats
from reporter.ingest.cache import Batch
from reporter.pipeline.watch.cursor import Followed, Segment
from reporter.pipeline.watch.intake.file_places import Rest
from reporter.pipeline.watch.intake.first_sights import HASHES, FirstSights
from reporter.pipeline.watch.intake.followed_files import Digests, Lines, growing, new_lines, take
from reporter.pipeline.watch.intake.line_segments import Converter
from reporter.schema.tables import TABLES, columns_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

AT_ONCE = 32 << 20
"""Bytes of a file that are taken in at once."""
AHEAD = 8 << 20
"""The same where a judgement may end meanwhile."""
A_ROUND = 1 << 30
"""Bytes that are taken in before they are judged."""
_TICK, _SOON, _FIRST = 0.5, 0.02, 0.005
"""Seconds between two looks at files, as a portion costs as much as many lines; where what it shows
may not wait; and before the first of these.
"""


@dataclass(frozen=True, slots=True)
class _Portion:
    lines: Lines
    segment: Segment
    batch: Batch
    is_new: bool
    again: NDArray[Any] | None
    """Places of events that came before."""
    n_met: int


class FollowedLines:
    """The lines of some files; they are taken in by one thread at a time."""

    def __init__(
        self,
        workspace: Path,
        converter: Converter,
        files: list[Followed],
        work: Path,
        elsewhere: Mapping[str, Path],
        rests: Mapping[int, Rest],
        stands: bool,
    ) -> None:
        """Take up what the files name; `elsewhere` are those that do not lie in the workspace, by
        name, `rests` what is to be taken in of packed ones, by number. Where tables `stand`, events
        that come again are found.

        Raises InputError where it is not as it was kept.
        """
        self.batches = {f.number: [converter.read(s) for s in f.segments] for f in files}
        """Number of a file -> its segments."""
        self.has_news = False
        """Whether lines were taken in that show something new; whoever judges them resets it."""
        self._workspace, self._work = workspace, work
        self._converter, self._files = converter, files
        self._elsewhere, self._rests = elsewhere, rests
        self._digests = Digests()
        self._sights = FirstSights(work / "sights", converter.aside)
        columns = [n for n, _ in columns_of(TABLES["events"])]
        self._came = RepeatedRows(work / "came", columns, converter.aside) if stands else None
        self._again: dict[int, list[NDArray[Any]]] = {}
        self._n_met = 0
        self._take_over()
        self._ahead: list[_Portion] = []
        self._n_ahead = 0
        self._is_full = False

    def take_in(self, most_urgent: bool = False) -> int:
        """Take in the whole lines that were added, up to a limit; return their number, with those
        that were taken in ahead. Only these, where there are such and they are `most_urgent`.
        """
        taken, self._n_ahead = self._n_ahead, 0
        self._is_full = False
        if most_urgent and taken:
            return taken
        for portion in self._portions(self._files, self._digests, AT_ONCE):
            self._name(portion)
            taken += portion.lines.count
        return taken

    @contextmanager
    def ahead(self, soon: bool = False) -> Iterator[None]:
        """Convert meanwhile what is added; in the end it is taken in. Where it may be judged soon,
        that is up to lines that show something new.
        """
        self._ahead, is_over = [], Event()
        with ThreadPoolExecutor(1) as pool:
            converting = pool.submit(self._convert_until, is_over, soon)
            try:
                yield
            finally:
                is_over.set()
        by_number = {file.number: file for file in self._files}
        for portion in self._ahead:
            lines = replace(portion.lines, file=by_number[portion.lines.file.number])
            self._name(replace(portion, lines=lines))
            take(lines, self._digests)
            self._n_ahead += lines.count
        self._ahead = []
        converting.result()

    def sees_news(self) -> bool:
        """Tell whether lines show something new that were converted ahead."""
        return any(portion.is_new for portion in self._ahead)

    def _convert_until(self, is_over: Event, soon: bool) -> None:
        files, digests = [copy(file) for file in self._files], self._digests.copy()
        pause = _FIRST if soon else _TICK
        while not is_over.wait(pause):
            pause = _SOON if soon else _TICK
            for portion in self._portions(files, digests, AHEAD):
                self._ahead.append(portion)
                if is_over.is_set() or (soon and portion.is_new):
                    return

    def _portions(
        self, files: list[Followed], digests: Digests, at_once: int
    ) -> Iterator[_Portion]:
        """Convert what was added to some files; each portion is noted in its file after it was
        taken.
        """
        room = A_ROUND
        for file, place in growing(self._workspace, files, self._elsewhere, self._rests):
            try:
                # What is written meanwhile is for the next round.
                until = place.start + place.path.stat().st_size
            except OSError:
                continue  # gone: the next look finds where to
            while room > 0 and file.offset < until:
                copied, most = self._work / "lines.jsonl", min(at_once, room)
                lines = new_lines(file, place, copied, most, digests.of(file))
                if lines is None:
                    break
                segment = self._converter.convert(lines)
                batch = self._converter.read(segment)
                yield _Portion(lines, segment, batch, *self._shown(file, batch))
                take(lines, digests)
                room -= lines.size
        self._is_full = room <= 0

    def _name(self, portion: _Portion) -> None:
        file = portion.lines.file
        file.segments = [*file.segments, portion.segment]
        self.batches[file.number].append(portion.batch)
        self.has_news |= portion.is_new
        self._n_met += portion.n_met
        if portion.again is not None and len(portion.again):
            self._again.setdefault(file.number, []).append(portion.again)

    def _take_over(self) -> None:
        if not self._came:
            return
        for n, file in enumerate(self._files):
            if rows := self._events(self.batches[file.number]):
                with self._converter.engine.twin() as engine:
                    self._came.begin(engine, file.number, rows, is_first=n == 0)

    def _shown(self, file: Followed, batch: Batch) -> tuple[bool, NDArray[Any] | None, int]:
        """Tell of a batch whether it shows something new, the places of events that came before,
        and whether one has an id of another file.
        """
        import numpy as np

        is_new = any(table != "events" for table in batch.tables)
        rows, came = self._events([batch]), self._came
        if not rows:
            return is_new, None, 0
        asked = ", ".join((*HASHES, *(came.keys(file.number) if came else ())))
        with self._converter.engine.twin() as engine:
            parts = [*engine.arrays(f"SELECT {asked} FROM ({rows})")]
        given = {n: np.concatenate([part[n] for part in parts]) for n in parts[0]} if parts else {}
        if not given:
            return is_new, None, 0
        is_new |= self._sights.is_new(given)
        return is_new, *(came.take(given) if came else (None, 0))

    def _events(self, batches: Iterable[Batch]) -> str:
        """SQL: the events of some batches; '' for none."""
        folder = self._converter.cache.folder
        paths = [folder / name for batch in batches for name in batch.tables.get("events", ())]
        return f"SELECT * FROM {parquet(*paths)}" if paths else ""

    def repeats(self) -> Repeats:
        """Return which events came again."""
        by_number = self._again
        found = {f.name: (*by_number[f.number],) for f in self._files if f.number in by_number}
        return Repeats(found, self._n_met)

    def is_behind(self) -> bool:
        """Tell whether whole lines wait that were not taken in for want of room."""
        waiting = growing(self._workspace, self._files, self._elsewhere, self._rests)
        return self._is_full and any(True for _ in waiting)

    def put_together(self, known: Mapping[int, int] | None = None, is_read: bool = False) -> bool:
        """Put small segments together; tell whether any were. Where given, of each file by number
        so many lines are `known` to somebody who reads them just now, or does not.
        """
        before, put = self.batches, self._converter.put_together
        self.batches = {
            f.number: put(
                f, before[f.number], f.lines if known is None else known.get(f.number, 0), is_read
            )
            for f in self._files
        }
        return self.batches != before

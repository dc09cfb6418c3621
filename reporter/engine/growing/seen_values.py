"""Numbers that were seen, to tell at once which new ones are among them. In: arrays of numbers of
64 bits. Out: which came before.

Long runs lie in files and are merged piece by piece, so memory does not grow with them.
"""

from __future__ import annotations

import mmap
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHORT = 1 << 16
"""Numbers of a run up to which it stays in memory."""
LONG = PIECE = 1 << 20
"""Numbers of two runs from which they are merged aside; and of each of them at once: few pieces, as
a thread that yields may hold what all threads of Python wait for.
"""


class _Run(NamedTuple):
    values: NDArray[np.uint64]
    """In order."""
    path: Path | None = None
    """Where they lie; None: in memory."""
    mapped: mmap.mmap | None = None


class SeenValues:
    """Eight bytes a number, in sorted runs of which each is more than twice as long as the next,
    but for those that are merged, or wait for it.
    """

    def __init__(self, path: Path, aside: Executor | None = None) -> None:
        """Begin with none; files of that name with a number are its own. Where given, long runs are
        merged `aside`, and the files may be removed once that is shut down.
        """
        self._path, self._aside = path, aside
        self._runs: list[_Run] = []
        self._merging: tuple[_Run, _Run, Future[_Run]] | None = None
        self._made = 0

    def among(self, values: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Tell of each number whether it was added before."""
        import numpy as np

        sorted_values, back = np.unique(values, return_inverse=True)
        found = np.zeros(len(sorted_values), dtype=bool)
        for run, *_ in self._runs:
            at = np.searchsorted(run, sorted_values)
            found |= run[np.minimum(at, len(run) - 1)] == sorted_values
        self._let_go()
        return found[back]

    def add(self, values: NDArray[np.uint64]) -> None:
        """Add numbers; those that are there may be added again.

        Raises OSError where a run, or one before it, could not be written.
        """
        import numpy as np

        if not len(values):
            return
        self._take_merged()
        self._runs.append(self._whole(np.unique(values), np.zeros(0, dtype=np.uint64)))
        while (at := self._due()) is not None:
            first, second = (run.values for run in self._runs[at : at + 2])
            if not self._aside or len(first) + len(second) <= LONG:
                self._replace(at, self._whole(first, second))
                continue
            if not self._merging:
                made = self._aside.submit(_written, self._next(), first, second)
                self._merging = self._runs[at], self._runs[at + 1], made
            break
        self._let_go()

    def close(self) -> None:
        """Remove the files."""
        if self._merging:
            self._merging[2].result()
            self._take_merged()
        for run in self._runs:
            _remove(run)
        self._runs = []

    def _whole(self, first: NDArray[np.uint64], second: NDArray[np.uint64]) -> _Run:
        if len(first) + len(second) <= SHORT:
            return _Run(_merged(first, second))
        return _written(self._next(), first, second)

    def _next(self) -> Path:
        self._made += 1
        return self._path.with_name(f"{self._path.name}.{self._made}")

    def _due(self) -> int | None:
        """Return where the last two runs are that are to be merged, and are not yet."""
        busy = self._merging[:2] if self._merging else ()
        for at in range(len(self._runs) - 2, -1, -1):
            first, second = self._runs[at : at + 2]
            is_free = not any(run is other for run in (first, second) for other in busy)
            if is_free and len(first.values) <= 2 * len(second.values):
                return at
        return None

    def _take_merged(self) -> None:
        if self._merging and self._merging[2].done():
            first, _, made = self._merging
            self._merging = None
            (at,) = [n for n, run in enumerate(self._runs) if run is first]
            self._replace(at, made.result())

    def _replace(self, at: int, whole: _Run) -> None:
        for run in self._runs[at : at + 2]:
            _remove(run)
        self._runs[at : at + 2] = [whole]

    def _let_go(self) -> None:
        """Tell the system that the pages of files need not stay in memory."""
        for *_, mapped in self._runs:
            if mapped and hasattr(mmap, "MADV_DONTNEED"):
                mapped.madvise(mmap.MADV_DONTNEED)


def _remove(run: _Run) -> None:
    if run.path:
        run.path.unlink(missing_ok=True)


def _merged(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.uint64]:
    import numpy as np

    merged = np.concatenate((first, second))
    merged.sort(kind="stable")  # merges what is sorted already
    return merged


def _written(path: Path, first: NDArray[np.uint64], second: NDArray[np.uint64]) -> _Run:
    """Merge two runs into a file, of each a piece at a time."""
    import numpy as np

    at = [0, 0]
    with path.open("wb") as file:
        while at[0] < len(first) or at[1] < len(second):
            pieces = [run[n : n + PIECE] for run, n in zip((first, second), at, strict=True)]
            most = min(piece[-1] for piece in pieces if len(piece))
            ends = [int(np.searchsorted(piece, most, side="right")) for piece in pieces]
            file.write(_merged(*(p[:n] for p, n in zip(pieces, ends, strict=True))).data)
            at = [n + more for n, more in zip(at, ends, strict=True)]
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return _Run(np.frombuffer(mapped, dtype=np.uint64), path, mapped)

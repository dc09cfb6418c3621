"""Numbers that were seen, to tell at once which new ones are among them. In: arrays of numbers of
64 bits. Out: which came before.

Long runs lie in files, so memory does not grow with them.
"""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHORT = 1 << 16
"""Numbers of a run up to which it stays in memory."""


class SeenValues:
    """Eight bytes a number, in sorted runs of which each is more than twice as long as the next."""

    def __init__(self, path: Path) -> None:
        """Begin with none; files of that name with a number are its own."""
        self._path = path
        self._runs: list[NDArray[np.uint64]] = []
        self._files: list[tuple[Path, mmap.mmap] | None] = []
        self._made = 0

    def among(self, values: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Tell of each number whether it was added before."""
        import numpy as np

        sorted_values, back = np.unique(values, return_inverse=True)
        found = np.zeros(len(sorted_values), dtype=bool)
        for run in self._runs:
            at = np.searchsorted(run, sorted_values)
            found |= run[np.minimum(at, len(run) - 1)] == sorted_values
        self._let_go()
        return found[back]

    def add(self, values: NDArray[np.uint64]) -> None:
        """Add numbers; those that are there may be added again."""
        import numpy as np

        if not len(values):
            return
        self._push(np.unique(values))
        while len(self._runs) > 1 and len(self._runs[-2]) <= 2 * len(self._runs[-1]):
            merged = np.concatenate(self._runs[-2:])
            merged.sort(kind="stable")  # merges what is sorted already
            self._pop(2)
            self._push(merged)
        self._let_go()

    def close(self) -> None:
        """Remove the files."""
        self._pop(len(self._runs))

    def _push(self, run: NDArray[np.uint64]) -> None:
        import numpy as np

        held = None
        if len(run) > SHORT:
            self._made += 1
            path = self._path.with_name(f"{self._path.name}.{self._made}")
            run.tofile(path)
            with path.open("rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            run, held = np.frombuffer(mapped, dtype=np.uint64), (path, mapped)
        self._runs.append(run)
        self._files.append(held)

    def _pop(self, count: int) -> None:
        for _ in range(count):
            self._runs.pop()
            if held := self._files.pop():
                held[0].unlink(missing_ok=True)

    def _let_go(self) -> None:
        """Tell the system that the pages of files need not stay in memory."""
        for held in self._files:
            if held and hasattr(mmap, "MADV_DONTNEED"):
                held[1].madvise(mmap.MADV_DONTNEED)

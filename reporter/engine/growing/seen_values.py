"""Numbers that were seen, to tell at once which new ones are among them. In: numbers of 64 bits.
Out: how many came again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class SeenValues:
    """Eight bytes a number, in sorted runs of which each is more than twice as long as the next."""

    def __init__(self) -> None:
        """Begin with none."""
        self._runs: list[NDArray[np.uint64]] = []

    def add(self, values: Iterable[int]) -> int:
        """Add numbers; return how many of them were there already, or are twice among them."""
        import numpy as np

        given = np.fromiter(values, dtype=np.uint64)
        new = np.unique(given)
        for run in self._runs:
            at = np.searchsorted(run, new)
            new = new[run[np.minimum(at, len(run) - 1)] != new]
        if len(new):
            self._runs.append(new)
        while len(self._runs) > 1 and len(self._runs[-2]) <= 2 * len(self._runs[-1]):
            self._runs[-2:] = [np.sort(np.concatenate(self._runs[-2:]))]
        return len(given) - len(new)

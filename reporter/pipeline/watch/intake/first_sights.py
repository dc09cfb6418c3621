"""Tells lines that show something new from those that only say more of the same. In: lines as they
were converted. Out: whether any event is of a kind that its actor had none of.

It decides what is judged at once, never what is judged: nothing else may follow from it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reporter.engine.growing.seen_values import SeenValues

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KINDS = (
    *("log_source", "actor_kind", "principal_id", "credential_id", "purpose", "trigger"),
    *("event_class", "action", "tool", "tool_version", "effect", "rights", "resource_environment"),
    *("classification", "destination", "environment", "peer_id", "auth_method", "decision"),
    *("model_version", "hash_holds", "outcome"),
)
"""Columns of an event by which it is of a kind; not ids, times, amounts and free text."""
_LATELY = 16
"""Looks after which it is known whether a column always has something new, and tells nothing."""
_MOST = 1 << 20
"""Values of a column that are remembered: one with more tells nothing any more."""


_WHOLE = "kind"
"""Column of the hash of all that tells of what kind an event is."""
HASHES = (
    f"hash(actor_id, {', '.join(KINDS)}) AS {_WHOLE}",
    *(f"hash('{c}', actor_id, {c}) AS {c}" for c in KINDS),
)
"""SQL: of an event a hash of all of them, then of its actor with each value that it has there."""


class FirstSights:
    """What each actor was seen to do, as a hash for each of its values in each column."""

    def __init__(self, folder: Path, aside: Executor | None = None) -> None:
        """Begin with nothing; long runs of hashes lie in the folder, and are merged `aside`."""
        folder.mkdir(exist_ok=True)
        self._whole = SeenValues(folder / "kinds", aside)
        self._seen = SeenValues(folder / "sights", aside)
        self._lately: dict[str, deque[bool]] = {c: deque(maxlen=_LATELY) for c in KINDS}
        self._n = Counter[str]()

    def is_new(self, given: Mapping[str, NDArray[Any]]) -> bool:
        """Tell whether some events, as their `HASHES`, show something new, and take them in."""
        import numpy as np

        whole, at = np.unique(given[_WHOLE], return_index=True)
        at = at[~self._whole.among(whole)]
        self._whole.add(given[_WHOLE][at])
        found = False
        for column in KINDS:
            found |= self._is_first(column, given[column][at])
        return found

    def _is_first(self, column: str, values: NDArray[np.uint64]) -> bool:
        is_seen = self._seen.among(values)
        is_new = not is_seen.all()
        if is_new and self._n[column] < _MOST:
            self._n[column] += int((~is_seen).sum())
            self._seen.add(values)
        lately = self._lately[column]
        is_telling = len(lately) < _LATELY or sum(lately) * 2 <= _LATELY
        lately.append(is_new)
        return is_new and is_telling

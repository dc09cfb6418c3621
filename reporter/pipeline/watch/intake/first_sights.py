"""Tells lines that show something new from those that only say more of the same. In: lines as they
were converted. Out: whether any event is of a kind that its actor had none of.

It decides what is judged at once, never what is judged: nothing else may follow from it.
"""

from __future__ import annotations

from collections import Counter, deque
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING

from reporter.engine.duckdb import DuckDB, parquet
from reporter.engine.growing.seen_values import SeenValues
from reporter.ingest.cache import Batch

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


class FirstSights:
    """What each actor was seen to do, as a hash for each of its values in each column."""

    def __init__(self, engine: DuckDB, folder: Path, aside: Executor | None = None) -> None:
        """Begin with nothing; long runs of hashes lie in the folder, and are merged `aside`."""
        folder.mkdir(exist_ok=True)
        self._engine = engine
        self._seen = SeenValues(folder / "sights", aside)
        self._lately: dict[str, deque[bool]] = {c: deque(maxlen=_LATELY) for c in KINDS}
        self._n = Counter[str]()

    def is_new(self, batch: Batch, folder: Path) -> bool:
        """Tell whether a batch shows something new, and take it in; its Parquet is in a folder."""
        found = any(table != "events" for table in batch.tables)
        if names := batch.tables.get("events"):
            for column, values in self._hashes(parquet(*(folder / n for n in names))).items():
                found |= self._is_first(column, values)
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

    def _hashes(self, scan: str) -> dict[str, NDArray[np.uint64]]:
        """Return of each column the hashes of an actor with a value that it has there."""
        import numpy as np

        told = ", ".join(f"hash('{c}', actor_id, {c}) AS {c}" for c in KINDS)
        with self._engine.twin() as engine:
            parts = [*engine.arrays(f"SELECT DISTINCT {told} FROM {scan}")]
        return {c: np.concatenate([part[c] for part in parts]) for c in KINDS} if parts else {}

"""Events that came again in their file. In: the rows of a file, portion by portion. Out: which of
them repeat an earlier one in every column and count once, as an assessment finds them.

An id that comes again in another file is a matter for intake, which sees both: all begins anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reporter.engine.duckdb import DuckDB
from reporter.engine.growing.seen_values import SeenValues

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Repeats:
    """What came again since a watch began."""

    places: Mapping[str, Sequence[NDArray[Any]]] = field(default_factory=dict)
    """Name of a file -> by portion, the places of rows that count no more."""
    n_met: int = 0
    """Portions with an id that another file has."""


NO_REPEATS = Repeats()


@dataclass(slots=True)
class RepeatedRows:
    """What came so far, as hashes: ids, ids with their files, and whole rows with theirs."""

    folder: Path
    columns: Sequence[str]
    """What an event has beside its place."""
    aside: Executor | None = None
    """Where long runs of hashes are merged."""
    _seen: dict[str, SeenValues] = field(init=False)
    """Column of `_keys` -> what came."""
    _shared: set[int] = field(default_factory=set)
    """Ids that several files have."""

    def __post_init__(self) -> None:
        """Make the folder of what is seen."""
        self.folder.mkdir(exist_ok=True)
        names = "id", "id_of_file", "row"
        self._seen = {name: SeenValues(self.folder / name, self.aside) for name in names}

    def take(self, given: Mapping[str, NDArray[Any]]) -> tuple[NDArray[Any], int]:
        """Take in events of a file, as their `keys`, that follow those before. Return the places of
        those that came before, and how often one had an id of another file.
        """
        import numpy as np

        given = _with_id(given)
        if not np.all(np.diff(given["place"]) > 0):
            order = np.argsort(given["place"])
            given = {name: values[order] for name, values in given.items()}
        again = _is_later(given["row"])
        is_known = self._seen["id"].among(given["id"])  # without that, nothing else was seen
        is_met = np.zeros(len(again), dtype=bool)
        if is_known.any():
            is_own = self._seen["id_of_file"].among(given["id_of_file"][is_known])
            is_met[is_known] = ~is_own
            again[is_known] |= is_own & self._seen["row"].among(given["row"][is_known])
        if self._shared:
            is_met |= np.isin(given["id"], [*self._shared])
        self._shared.update(given["id"][is_met].tolist())
        self._add(given)
        return given["place"][again], int(is_met.any())

    def begin(self, engine: DuckDB, number: int, rows: str, is_first: bool) -> None:
        """Take in rows of a file that nobody is told of; of the first file no id came before."""
        for told in engine.arrays(f"SELECT {', '.join(self.keys(number))} FROM ({rows})"):
            given = _with_id(told)
            if not is_first:
                ids, own = given["id"], given["id_of_file"]
                is_met = self._seen["id"].among(ids) & ~self._seen["id_of_file"].among(own)
                self._shared.update(ids[is_met].tolist())
            self._add(given)

    def _add(self, given: Mapping[str, NDArray[Any]]) -> None:
        for name, seen in self._seen.items():
            seen.add(given[name])

    def keys(self, number: int) -> tuple[str, ...]:
        """SQL: of an event of a file its place, whether it has an id, and hashes: of the id, also
        with the file, and of the whole row.
        """
        whole = f"hash({number}, {', '.join(self.columns)}) AS row"
        ids = f"hash(event_id) AS id, hash(event_id, {number}) AS id_of_file"
        return "place", "event_id IS NOT NULL AS has_id", ids, whole


def _with_id(given: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the keys of events that have an id: without one, each is its own."""
    has_id = given["has_id"]
    return {n: given[n][has_id] for n in ("place", "id", "id_of_file", "row")}


def _is_later(values: NDArray[Any]) -> NDArray[Any]:
    """Tell of each value whether it stands before, too."""
    import numpy as np

    is_later = np.ones(len(values), dtype=bool)
    is_later[np.unique(values, return_index=True)[1]] = False
    return is_later

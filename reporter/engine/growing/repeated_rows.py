"""Events that came twice, set aside as an assessment sets them aside. In: the rows that are new.
Out: which of them repeat another of their file in every column, and count once.

An id that comes again in another file is a matter for intake, which sees both: all begins anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reporter.engine.growing.seen_values import SeenValues
from reporter.engine.growing.tape import Moved
from reporter.engine.growing.taped import Taped

if TYPE_CHECKING:
    from numpy.typing import NDArray

ASIDE = "came_again"
"""Table of the events that are set aside."""
_NEW = "new_ids"
_ROW = "part, record, event_id"
"""What tells an event from others, however its lines were put together since."""


@dataclass(slots=True)
class RepeatedRows:
    """What came so far, as hashes: ids, ids with their files, and whole rows with theirs."""

    engine: Taped
    columns: Sequence[str]
    """What an event has beside its place."""
    _seen: dict[str, SeenValues] = field(init=False)
    """Column of `_keys` -> what came."""
    _shared: set[int] = field(default_factory=set)
    """Ids that several files have."""
    _n_aside: int = 0
    _is_sure: bool = True
    """Whether part, record and id tell each event from others."""

    def __post_init__(self) -> None:
        """Make the folder of what is seen."""
        folder = self.engine.work / "seen"
        folder.mkdir(exist_ok=True)
        self._seen = {name: SeenValues(folder / name) for name in ("id", "id_of_part", "row")}

    def begin(self, rows: str) -> None:
        """Take over what intake has set aside; `rows` is SQL of all events, also of those."""
        engine = self.engine
        with engine.aside():
            is_there = "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'repeats'"
            some = "SEMI JOIN repeats USING (part, place)" if engine.one(is_there) else "LIMIT 0"
            engine.run(f"CREATE TABLE {ASIDE} AS SELECT {_ROW} FROM ({rows}) {some}")
            if self._note_aside():
                engine.run(f"CREATE OR REPLACE VIEW {engine.base} AS {self.without(rows)}")
                told = f"SELECT count(*) FROM ({rows}) SEMI JOIN {ASIDE} USING ({_ROW})"
                self._is_sure = engine.one(told) == self._n_aside
            for given in engine.arrays(self._keys(rows)):
                self._add(given)
            if engine.one(f"SELECT count(DISTINCT part) > 1 FROM ({rows})"):
                ids = f"SELECT id FROM ({self._keys(rows, 'part,')}) GROUP BY id"
                self._shared = {n for (n,) in engine.rows(f"{ids} HAVING min(part) < max(part)")}

    def without(self, rows: str) -> str:
        """SQL: rows of events without those that are set aside."""
        return f"SELECT * FROM ({rows}) ANTI JOIN {ASIDE} USING ({_ROW})" if self._n_aside else rows

    def take(self, new: str) -> None:
        """Set aside what repeats others among the rows of a query.

        Raises Moved where another file has one of their ids, or rows cannot be told apart; nothing
        is of use then.
        """
        engine = self.engine
        if not self._is_sure:
            raise Moved("records that hold an event twice")
        engine.run(f"CREATE OR REPLACE TABLE {_NEW} AS {self._keys(new, f'{_ROW}, place,')}")
        counts = "count(*), count(DISTINCT id_of_part), count(DISTINCT id)"
        ((n, n_of_parts, n_ids),) = engine.rows(f"SELECT {counts} FROM {_NEW}")
        if n_ids < n_of_parts:
            raise Moved("an id that several files have")
        given = [*engine.arrays(f"SELECT id, id_of_part, row FROM {_NEW}")]
        before = [came for each in given for came in self._that_came(each)]
        for each in given:
            self._add(each)
        if not before and n_of_parts == n:
            return
        engine.run(
            f"INSERT INTO {ASIDE} SELECT {_ROW} FROM (SELECT *, row_number() OVER (PARTITION BY id,"
            f" row ORDER BY place) AS nth FROM {_NEW}) WHERE nth > 1 OR list_contains(?, row)",
            [before],
        )
        n_before = self._n_aside
        told = f"SELECT count(*) FROM {_NEW} SEMI JOIN {ASIDE} USING ({_ROW})"
        if self._note_aside() and engine.one(told) != self._n_aside - n_before:
            self._is_sure = False
            raise Moved("records that hold an event twice")

    def _that_came(self, given: dict[str, NDArray[Any]]) -> list[int]:
        """Return the hashes of rows that came before in their file, as did their ids."""
        came = {name: seen.among(given[name]) for name, seen in self._seen.items()}
        if (came["id"] & ~came["id_of_part"]).any() or (
            self._shared and not self._shared.isdisjoint(given["id"].tolist())
        ):
            raise Moved("an id that another file has")
        found: list[int] = given["row"][came["id_of_part"] & came["row"]].tolist()
        return found

    def _add(self, given: dict[str, NDArray[Any]]) -> None:
        for name, seen in self._seen.items():
            seen.add(given[name])

    def _note_aside(self) -> int:
        self._n_aside = self.engine.one(f"SELECT count(*) FROM {ASIDE}")
        return self._n_aside

    def _keys(self, rows: str, more: str = "") -> str:
        """SQL: hashes of the ids of events, with their files, and of whole rows."""
        whole = f"hash(part, {', '.join(self.columns)}) AS row"
        ids = "hash(event_id) AS id, hash(event_id, part) AS id_of_part"
        return f"SELECT {more} {ids}, {whole} FROM ({rows}) WHERE event_id IS NOT NULL"

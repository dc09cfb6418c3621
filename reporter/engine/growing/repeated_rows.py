"""Events that came twice, set aside as an assessment sets them aside. In: the rows that are new.
Out: which of them repeat another of their file in every column, and count once.

An id that comes again in another file is a matter for intake, which sees both: all begins anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
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
    """What came so far: of each file the hashes of ids, and of all files those of whole rows."""

    engine: Taped
    columns: Sequence[str]
    """What an event has beside its place."""
    _folder: Path = field(init=False)
    _rows: SeenValues = field(init=False)
    _ids: dict[int, SeenValues] = field(default_factory=dict)
    """Number of a file -> its ids."""
    _shared: set[int] = field(default_factory=set)
    """Ids that several files have."""
    _n_aside: int = 0
    _is_sure: bool = True
    """Whether part, record and id tell each event from others."""

    def __post_init__(self) -> None:
        """Make the folder of what is seen."""
        self._folder = self.engine.work / "seen"
        self._folder.mkdir(exist_ok=True)
        self._rows = SeenValues(self._folder / "rows")

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
            if len(self._ids) > 1:
                ids = f"SELECT id FROM ({self._keys(rows)}) GROUP BY id"
                self._shared = {n for (n,) in engine.rows(f"{ids} HAVING min(part) < max(part)")}

    def without(self, rows: str) -> str:
        """SQL: rows of events without those that are set aside."""
        return f"SELECT * FROM ({rows}) ANTI JOIN {ASIDE} USING ({_ROW})" if self._n_aside else rows

    def take(self, new: str) -> None:
        """Set aside what repeats others among the rows of a query.

        Raises Moved where another file has one of their ids, or rows cannot be told apart.
        """
        engine = self.engine
        if not self._is_sure:
            raise Moved("records that hold an event twice")
        engine.run(f"CREATE OR REPLACE TABLE {_NEW} AS {self._keys(new, f'{_ROW}, place')}")
        given = [*engine.arrays(f"SELECT part, id, row FROM {_NEW}")]
        before = [n for each in given for n in self._that_came(each)]
        for each in given:
            self._add(each)
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
        found: list[int] = []
        for part in {*given["part"].tolist()}:
            is_of_part = given["part"] == part
            ids, rows = given["id"][is_of_part], given["row"][is_of_part]
            for other, seen in self._ids.items():
                came = seen.among(ids)
                if other == part:
                    found += rows[came & self._rows.among(rows)].tolist()
                elif came.any():
                    raise Moved("an id that another file has")
        if self._shared and not self._shared.isdisjoint(given["id"].tolist()):
            raise Moved("an id that several files have")
        return found

    def _add(self, given: dict[str, NDArray[Any]]) -> None:
        self._rows.add(given["row"])
        for part in {*given["part"].tolist()}:
            if part not in self._ids:
                self._ids[part] = SeenValues(self._folder / f"ids-{part}")
            self._ids[part].add(given["id"][given["part"] == part])

    def _note_aside(self) -> int:
        self._n_aside = self.engine.one(f"SELECT count(*) FROM {ASIDE}")
        return self._n_aside

    def _keys(self, rows: str, more: str = "part") -> str:
        """SQL: hashes of the ids of events, and of whole rows."""
        whole = f"hash(part, {', '.join(self.columns)}) AS row"
        hashes = f"SELECT {more}, hash(event_id) AS id, {whole}"
        return f"{hashes} FROM ({rows}) WHERE event_id IS NOT NULL"

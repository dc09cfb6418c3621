"""Events that count no more as they came before, kept out of what grows. In: which ones came again.
Out: SQL of the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from reporter.engine.growing.repeated_rows import Repeats
from reporter.engine.growing.seen_values import SeenValues
from reporter.engine.growing.tape import Moved
from reporter.engine.growing.taped import Taped

ASIDE = "came_again"
"""Table of the events that are set aside."""
_ROW = "part, place"


@dataclass(slots=True)
class RowsAside:
    """The rows that an engine leaves out."""

    engine: Taped
    _repeats: Repeats
    """What it knows of."""
    _elsewhere: SeenValues | None = None
    """Ids of events in files that are read whole."""
    _is_any: bool = field(init=False, default=False)

    def begin(self, rows: str, whole: str) -> None:
        """Take over what intake has set aside; `rows` is SQL of all events, also of those, `whole`
        of those in files that are read whole, '' for none.
        """
        engine = self.engine
        with engine.aside():
            is_there = "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'repeats'"
            some = "repeats" if engine.one(is_there) else f"({rows}) LIMIT 0"
            engine.run(f"CREATE TABLE {ASIDE} AS SELECT {_ROW} FROM {some}")
            if self._note():
                engine.run(f"CREATE OR REPLACE VIEW {engine.base} AS {self.without(rows)}")
            if whole:
                self._elsewhere = SeenValues(engine.work / "ids_elsewhere")
                for given in engine.arrays(_ids(whole)):
                    self._elsewhere.add(given["id"])

    def without(self, rows: str) -> str:
        """SQL: rows of events without those that are set aside."""
        return f"SELECT * FROM ({rows}) ANTI JOIN {ASIDE} USING ({_ROW})" if self._is_any else rows

    def take(self, new: str, repeats: Repeats) -> None:
        """Set aside what came again among the rows of a query.

        Raises Moved where another file has one of their ids; nothing is of use then.
        """
        before, self._repeats = self._repeats, repeats
        is_met = repeats.n_met != before.n_met
        if self._elsewhere:
            ids = self.engine.arrays(_ids(new))
            is_met |= any(self._elsewhere.among(given["id"]).any() for given in ids)
        if is_met:
            raise Moved("an id that another file has")
        for name, portions in repeats.places.items():
            for places in portions[len(before.places.get(name, ())) :]:
                self.engine.run(
                    f"INSERT INTO {ASIDE} SELECT {_ROW} FROM ({new}) WHERE file = ? AND place IN"
                    " (SELECT unnest(CAST(? AS BIGINT[])))",
                    [name, places.tolist()],
                )
        self._note()

    def _note(self) -> bool:
        self._is_any = bool(self.engine.one(f"SELECT count(*) FROM {ASIDE}"))
        return self._is_any


def _ids(rows: str) -> str:
    return f"SELECT hash(event_id) AS id FROM ({rows}) WHERE event_id IS NOT NULL"

"""Events that lie in a warehouse, in place of those in files. In: an engine that holds none. Out:
the relation in_events, and what was counted there.

Events that files of the workspace hold are set aside and counted: no event is counted twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reporter.engine.duckdb import DuckDB
from reporter.engine.elsewhere import ROWS, Elsewhere
from reporter.errors import ReporterError
from reporter.i18n.translate import mark
from reporter.model.assessment import FileCount, Notice
from reporter.model.sentences import Sentence, tell, verbatim
from reporter.schema.tables import LOADED, TABLES, WHO, columns_of

if TYPE_CHECKING:
    from reporter.ingest.load import Intake

ASIDE = mark("event, read where the events of this run lie")
_COLUMNS = [n for n, _ in columns_of(TABLES["events"])]
_REQUIRED = ("log_source", "outcome", "record", "place")
_KEPT = " AND ".join(f"e.{n} IS NOT NULL" for n in _REQUIRED)


class StillToRun(ReporterError):
    """What is read there is not known yet."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The accounting of events there, and of those that were set aside here."""

    files: tuple[FileCount, ...]
    aside: tuple[tuple[str, str, int], ...]
    """(file, source, records) that give nothing but events."""
    notices: tuple[Notice, ...]

    def joined(self, engine: DuckDB, intake: Intake) -> Intake:
        """Return an intake with events there counted, and records that only give events out of
        scope.

        Raises StillToRun where the accounting waits for an answer: all else rests on it.
        """
        if isinstance(engine, Elsewhere) and engine.is_waiting:
            raise StillToRun("what is read there is not known yet")
        n_aside = {file: n for file, _, n in self.aside}
        files = [
            replace(f, kept=f.kept - n, out_of_scope=f.out_of_scope + n)
            for f in intake.files
            for n in [n_aside.get(f.file, 0)]
        ]
        sources = Counter[str]()
        for _, source, n in self.aside:
            sources[source] += n
        types = [(source, Sentence(ASIDE), n) for source, n in sources.items()]
        return replace(
            intake,
            files=tuple(sorted([*files, *self.files], key=lambda f: f.file)),
            out_of_scope=tuple(
                sorted([*intake.out_of_scope, *types], key=lambda t: (t[0], str(t[1]), t[2]))
            ),
            notices=(*intake.notices, *self.notices),
            repeatable=False,
        )


def lay(engine: DuckDB) -> Counted:
    """Put the events of a warehouse under in_events, in place of those that files hold.

    Raises InputError where an answer is missing or has other columns.
    """
    assert isinstance(engine, Elsewhere)
    aside = _set_aside(engine)
    told = ", ".join(f"count(e.{n}) AS n_{n}" for n in _COLUMNS)
    engine.run(
        "CREATE TABLE files_there AS SELECT e.source, e.file, count(*) AS n, count(CASE WHEN"
        f" {_KEPT} THEN 1 END) AS n_kept, {told} FROM {ROWS} AS e GROUP BY e.source, e.file"
    )
    engine.run(
        "CREATE TABLE parts_there AS SELECT coalesce(p.part, f.nth + (SELECT coalesce(max(part), 0)"
        " FROM parts)) AS part, f.source, f.file FROM (SELECT source, file, row_number() OVER"
        " (ORDER BY file, source) AS nth FROM files_there WHERE source IS NOT NULL AND file IS NOT"
        " NULL) AS f LEFT JOIN parts AS p ON p.file = f.file AND p.source = f.source"
    )
    engine.run("DELETE FROM parts WHERE file IN (SELECT file FROM parts_there)")
    engine.run("INSERT INTO parts SELECT part, source, file FROM parts_there")
    engine.run("DELETE FROM carried WHERE tbl = 'events'")
    filled = " UNION ALL ".join(
        f"SELECT source, 'events', '{n}' FROM files_there GROUP BY source HAVING sum(n_{n}) > 0"
        for n in _COLUMNS
    )
    engine.run(f"INSERT INTO carried SELECT * FROM ({filled}) AS f WHERE f.source IS NOT NULL")
    columns = ", ".join(f"e.{n}" for n in _COLUMNS)
    engine.run(
        f"CREATE VIEW in_events AS SELECT {columns}, {WHO} AS who, e.source, e.file, p.part,"
        f" e.record, e.place FROM {ROWS} AS e JOIN parts_there AS p ON p.source = e.source AND"
        f" p.file = e.file WHERE {_KEPT}"
    )
    return Counted(tuple(_counts(engine)), tuple(aside), tuple(_notices(engine, aside)))


def _set_aside(engine: Elsewhere) -> list[tuple[str, str, int]]:
    engine.run("ALTER VIEW in_events RENAME TO events_here")
    others = " UNION ".join(
        f"SELECT file, record FROM in_{t.name}" for t in LOADED if t.name != "events"
    )
    return [
        (file, source, n)
        for file, source, n in engine.rows(
            "SELECT e.file, e.source, count(*) FROM (SELECT DISTINCT file, source, record FROM"
            f" events_here) AS e ANTI JOIN ({others}) AS o ON o.file = e.file AND o.record ="
            " e.record GROUP BY e.file, e.source ORDER BY e.file, e.source"
        )
    ]


def _counts(engine: Elsewhere) -> list[FileCount]:
    """Return the accounting of the table, one entry a source."""
    asked = engine.questions
    rows = engine.rows(
        "SELECT coalesce(source, ''), sum(n)::BIGINT, sum(CASE WHEN source IS NOT NULL AND file IS"
        " NOT NULL THEN n_kept ELSE 0 END)::BIGINT FROM files_there GROUP BY 1 ORDER BY 1"
    )
    return [
        FileCount(
            file=f"{asked.events}!{source or 'no source'}",
            source=source,
            why=tell(
                "events in a warehouse, read there in the SQL of {name}", name=asked.dialect.title
            )
            if source
            else tell("events that name no source"),
            bytes=0,
            sha256=asked.digest,
            read=n,
            kept=n_kept,
            out_of_scope=0,
            unreadable=0 if source else n - n_kept,
            rejected=n - n_kept if source else 0,
            part=source or "no source",
        )
        for source, n, n_kept in rows
    ]


def _notices(engine: Elsewhere, aside: Sequence[tuple[str, str, int]]) -> list[Notice]:
    asked = engine.questions
    n = int(engine.one("SELECT coalesce(sum(n_kept), 0)::BIGINT FROM files_there"))
    values: tuple[tuple[str, str | int | Sentence], ...] = (
        ("n", n),
        ("table", asked.events),
        ("name", asked.dialect.title),
    )
    lines = [verbatim(line) for line in asked.told]
    lines += [
        tell("{file}: {n} records of events were set aside", file=file, n=n_aside)
        for file, _, n_aside in aside
    ]
    return [Notice("events_elsewhere", values, tuple(lines), "report.json, files")]

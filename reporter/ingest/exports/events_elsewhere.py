"""Events that lie in a table, in place of those in files. In: an engine that reads or asks for it.
Out: the relation in_events, and what was counted there.

Events that files of the workspace hold are set aside and counted: no event is counted twice.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reporter.engine.base import Error
from reporter.engine.duckdb import DuckDB
from reporter.engine.event_table import REQUIRED, ROWS, EventTable
from reporter.errors import InputError, ReporterError
from reporter.i18n.translate import mark
from reporter.model.assessment import FileCount, Notice
from reporter.model.sentences import Sentence, tell, verbatim
from reporter.schema.tables import LOADED, TABLES, WHO, columns_of

if TYPE_CHECKING:
    from reporter.ingest.load import Intake

ASIDE = mark("event, read where the events of this run lie")
_COLUMNS = [n for n, _ in columns_of(TABLES["events"])]
_KEPT = " AND ".join(f"e.{n} IS NOT NULL" for n in REQUIRED if n not in ("source", "file"))
_ACCOUNTED = (
    f"SELECT e.source, e.file, count(*) AS n, count(CASE WHEN {_KEPT} THEN 1 END) AS n_kept{{more}}"
    f" FROM {ROWS} AS e GROUP BY e.source, e.file"
)


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
        if engine.is_waiting:
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
    """Put the events of a table under in_events, in place of those that files hold.

    Raises InputError where an answer is missing or has other columns.
    """
    table = engine.event_table
    assert table
    aside = _set_aside(engine)
    told = "".join(f", count(e.{n}) AS n_{n}" for n in _COLUMNS)
    engine.run(f"CREATE TABLE files_there AS {_ACCOUNTED.format(more=told)}")
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
    notices = tuple(_notices(engine, table, aside))
    return Counted(tuple(_counts(engine, table)), tuple(aside), notices)


def refuse_changed(engine: DuckDB) -> None:
    """Raise InputError where the table is not what it was at the beginning: each statement reads it
    anew, so that some would have seen other events than others.
    """
    table = engine.event_table
    if not table or table.digest:
        return
    try:
        engine.run(f"CREATE TEMP TABLE files_now AS {_ACCOUNTED.format(more='')}")
    except Error as error:
        raise _changed(table, str(error).splitlines()[0]) from error
    before = "SELECT source, file, n, n_kept FROM files_there"
    sql = f"SELECT file FROM (({before} EXCEPT {{0}}) UNION ALL ({{0}} EXCEPT {before}))"
    if other := engine.rows(f"{sql.format('SELECT * FROM files_now')} ORDER BY file LIMIT 1"):
        raise _changed(table, f"there are other events of {other[0][0]}")


def _changed(table: EventTable, why: str) -> InputError:
    return InputError(
        f"the table of events was written to while it was read: {why}",
        table.name,
        "Run again when nobody writes, or name a view of one version of it.",
    )


def _set_aside(engine: DuckDB) -> list[tuple[str, str, int]]:
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


def _counts(engine: DuckDB, table: EventTable) -> list[FileCount]:
    """Return the accounting of the table, one entry a source."""
    rows = engine.rows(
        "SELECT coalesce(source, ''), sum(n)::BIGINT, sum(CASE WHEN source IS NOT NULL AND file IS"
        " NOT NULL THEN n_kept ELSE 0 END)::BIGINT FROM files_there GROUP BY 1 ORDER BY 1"
    )
    digest = table.digest or _digest_of_counts(engine)
    return [
        FileCount(
            file=f"{table.name}!{source or 'no source'}",
            source=source,
            why=tell("events in a table, read there in the SQL of {name}", name=table.reader)
            if source
            else tell("events that name no source"),
            bytes=0,
            sha256=digest,
            read=n,
            kept=n_kept,
            out_of_scope=0,
            unreadable=0 if source else n - n_kept,
            rejected=n - n_kept if source else 0,
            part=source or "no source",
        )
        for source, n, n_kept in rows
    ]


def _digest_of_counts(engine: DuckDB) -> str:
    """Return a hash of how many rows each file has, and how many of them fill each column: no two
    states of a table that are told apart here are told as one.
    """
    rows = engine.rows("SELECT * FROM files_there ORDER BY ALL")
    return hashlib.sha256("\n".join(map(repr, rows)).encode()).hexdigest()


def _notices(
    engine: DuckDB, table: EventTable, aside: Sequence[tuple[str, str, int]]
) -> list[Notice]:
    n = int(engine.one("SELECT coalesce(sum(n_kept), 0)::BIGINT FROM files_there"))
    values: tuple[tuple[str, str | int | Sentence], ...] = (
        ("n", n),
        ("table", table.name),
        ("name", table.reader),
    )
    lines = [verbatim(line) for line in table.told]
    lines.append(tell("secrets in this table were not looked for: what holds one is shown"))
    if table.missing:
        columns = ", ".join(table.missing)
        lines.append(
            tell("it lacks these columns, which are not recorded: {columns}", columns=columns)
        )
    if table.unread:
        columns = ", ".join(table.unread)
        lines.append(tell("its own columns, which were not read: {columns}", columns=columns))
    lines += [
        tell("{file}: {n} records of events were set aside", file=file, n=n_aside)
        for file, _, n_aside in aside
    ]
    return [Notice("events_elsewhere", values, tuple(lines), "report.json, files")]

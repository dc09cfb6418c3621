"""The engine of an assessment. In: its options, a workspace. Out: an engine that reads the files,
and the table of events where one is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from reporter.content.workspace import EVENTS, Workspace
from reporter.engine.choice import ELSEWHERE, SPARK, open_engine
from reporter.engine.duckdb import DuckDB
from reporter.errors import InputError

if TYPE_CHECKING:
    from reporter.engine.event_table import TablePlace
    from reporter.pipeline.assess import Options


@contextmanager
def opened(work: Path, options: Options, workspace: Workspace) -> Iterator[DuckDB]:
    """Yield an engine whose folder is `work`.

    Raises InputError where the table of events cannot be read, or was written to meanwhile.
    """
    events = _table_of(options, workspace)
    how = options.engine, work, options.memory, options.temp_size, options.session
    with open_engine(*how, events, options.executors) as engine:
        yield engine
        if events:
            from reporter.ingest.exports.events_elsewhere import refuse_changed

            refuse_changed(engine)


def _table_of(options: Options, workspace: Workspace) -> TablePlace | None:
    """Return the table of events that is named: by the options, else by the workspace where Spark
    reads; who reads a workspace consents to no other place of this machine.
    """
    if options.engine.startswith(ELSEWHERE):  # answers name it themselves
        return None
    if not (options.events or workspace.events):
        return None
    from reporter.engine.event_table import read_place

    if options.keep_tables:
        raise InputError(
            "all events would be copied from their table into the run",
            "--keep-tables",
            "Keep a version of the table instead.",
        )
    if options.events:
        return read_place(options.events)
    if options.engine != SPARK and options.session is None:
        raise InputError(
            f"the events of this workspace lie in {workspace.events}, which nobody was asked to"
            " read",
            workspace.place(EVENTS),
            "Give --engine spark, or --events with what is to be read.",
        )
    return read_place(workspace.events, workspace.folder)

"""Which engine reads the events of a run. In: its name, a folder, limits. Out: an engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reporter.engine.duckdb import DuckDB
from reporter.errors import InputError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from reporter.engine.elsewhere import Questions
    from reporter.engine.event_table import TablePlace

DUCKDB, SPARK, ELSEWHERE = "duckdb", "spark", "elsewhere"


def open_engine(
    name: str,
    work: Path,
    memory: str,
    room: str,
    session: SparkSession | Questions | None = None,
    events: TablePlace | None = None,
    executors: bool = False,
) -> DuckDB:
    """Return an engine that has its own folder: with Spark where a session or `SPARK` asks for it,
    with questions for a warehouse where those are given. `events` is a table that it reads;
    `executors` of Spark convert files.

    Raises InputError where Spark is missing or cannot be reached, or there is no such table.
    """
    is_spark = not name.startswith(ELSEWHERE) and (name == SPARK or session is not None)
    if executors and not is_spark:
        raise InputError("executors belong to Spark", "--executors", "Give --engine spark.")
    if name != SPARK and session is None:
        engine = DuckDB(work, memory, room)
        if events:
            from reporter.engine.lake_files import show

            show(engine, events)
        return engine
    if name.startswith(ELSEWHERE):
        from reporter.engine.elsewhere import Elsewhere, Questions

        assert isinstance(session, Questions)
        return Elsewhere(work, session, memory, room)
    from reporter.engine.spark import Spark, open_session

    engine = Spark(work, spark := session or open_session(), memory, room, events)
    if executors:
        from reporter.engine.executors import Executors

        engine.executors = Executors(spark)
    return engine

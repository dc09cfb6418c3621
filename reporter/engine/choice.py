"""Which engine reads the events of a run. In: its name, a folder, limits. Out: an engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reporter.engine.duckdb import DuckDB

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from reporter.engine.elsewhere import Questions

DUCKDB, SPARK, ELSEWHERE = "duckdb", "spark", "elsewhere"


def open_engine(
    name: str, work: Path, memory: str, room: str, session: SparkSession | Questions | None = None
) -> DuckDB:
    """Return an engine that has its own folder: with Spark where a session or `SPARK` asks for it,
    with questions for a warehouse where those are given.

    Raises InputError where Spark is missing or cannot be reached.
    """
    if name != SPARK and session is None:
        return DuckDB(work, memory, room)
    if name.startswith(ELSEWHERE):
        from reporter.engine.elsewhere import Elsewhere, Questions

        assert isinstance(session, Questions)
        return Elsewhere(work, session, memory, room)
    from reporter.engine.spark import Spark, open_session

    return Spark(work, session or open_session(), memory, room)

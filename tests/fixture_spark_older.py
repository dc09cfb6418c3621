"""A process apart: write a table of Iceberg with Spark 3.5, assess it, and tell what was read of it.

Iceberg's jar is to be had for Spark 3.5 alone. What that Spark lacks of Spark 4 is added here.
Run as: COMPANY MADE OUT; prints an object of JSON.
"""

from __future__ import annotations

import json
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import pyarrow as pa
from fixture_spark import SMALL
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

import reporter
from reporter.engine.duckdb import Parquet
from reporter.engine.event_table import COLUMNS, read_place
from reporter.engine.spark import Spark

NAME = "lake.audit.events"
ROWS = f"SELECT {', '.join(n for n, _ in COLUMNS)} FROM"


def to_arrow(frame: DataFrame) -> pa.Table:
    return pa.Table.from_batches(frame._collect_as_arrow(), to_arrow_schema(frame.schema))


class Older(SparkSession):
    """A session of Spark 3.5 that takes what Reporter asks of Spark 4."""

    def createDataFrame(self, data: Any, *schema: Any, **more: Any) -> DataFrame:
        if isinstance(data, pa.Table):
            schema = (from_arrow_schema(data.schema, prefer_timestamp_ntz=True),)
            data = [tuple(row.values()) for row in data.to_pylist()]
        return super().createDataFrame(data, *schema, **more)

    def sql(self, text: str, *args: Any, **more: Any) -> DataFrame:
        return super().sql(re.sub(r"\* EXCEPT \(([^)]*)\)", _all_but, text), *args, **more)


def _all_but(names: re.Match[str]) -> str:
    """Write the names of columns as a pattern that none of those left out fulfils."""
    return f"`({'|'.join(n.strip(' `') for n in names[1].split(','))})?+.+`"


def open_session(warehouse: Path) -> SparkSession:
    from snowpark_connect_deps_iceberg import get_jars_dir

    (jar,) = get_jars_dir().glob("iceberg-spark-runtime-3.5_2.12-*.jar")
    settings = SMALL | {
        "spark.jars": str(jar),
        "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.lake.type": "hadoop",
        "spark.sql.catalog.lake.warehouse": str(warehouse),
        "spark.sql.parser.quotedRegexColumnNames": "true",
    }
    DataFrame.toArrow = to_arrow
    builder = SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    plain = builder.getOrCreate()
    return Older(plain.sparkContext, plain._jsparkSession)


def write(spark: SparkSession, made: Path) -> None:
    """Write a table in two partitions; then delete rows of files that hold others too, so that a file
    beside them says which are gone.
    """
    one, two, gone = (spark.read.parquet(f"{made}/{n}.parquet") for n in ("one", "two", "gone"))
    table = one.writeTo(NAME).using("iceberg").partitionedBy("outcome")
    table = table.tableProperty("format-version", "2")
    table.tableProperty("write.delete.mode", "merge-on-read").create()
    two.union(gone).coalesce(1).writeTo(NAME).append()
    spark.sql(f"DELETE FROM {NAME} WHERE place >= 1000").collect()


def rows(work: Path, spark: SparkSession, place: str) -> list[tuple[Any, ...]]:
    with Spark(work, spark, events=read_place(place)) as engine:
        return [tuple(row) for row in engine.rows(f"{ROWS} rows_there ORDER BY place")]


def main(company: Path, made: Path, out: Path) -> None:
    warnings.simplefilter("ignore")
    spark = open_session(out / "lake")
    write(spark, made)
    lake = out / "lake/audit/events"
    batches = Parquet(made / "events.parquet").batches(f"{ROWS} held ORDER BY place")
    wanted = [tuple(row) for batch in batches for row in batch]
    places = {
        "path": f"iceberg:{lake}",
        "name": NAME,
        "version": f"iceberg:{lake}/metadata/v3.metadata.json",
        "version before": f"iceberg:{lake}/metadata/v2.metadata.json",
    }
    read = {what: rows(out / "work" / what, spark, text) for what, text in places.items()}
    reporter.assess(company, out / "run", cache=out / "cache", spark=spark, events=places["path"])
    told = {
        "rows": {what: len(found) for what, found in read.items()},
        "same": [what for what, found in read.items() if found == wanted],
        "deleted": spark.read.parquet(f"{lake}/data/*/*-deletes.parquet").count(),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(*(Path(word) for word in sys.argv[1:]))

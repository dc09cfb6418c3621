"""A small session of Spark on this machine, for tests: one for all of them, for it takes seconds to open."""

from __future__ import annotations

import os
import shutil
import warnings
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark
needs_spark = pytest.mark.skipif(
    find_spec("pyspark") is None or shutil.which("java") is None,
    reason="needs pyspark and Java: make test-spark",
)
SMALL = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "OFF",
    "spark.driver.memory": "2g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    # A process of a minute: what takes longer to compile well than to run is not compiled well.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    # Of a handful of rows, to compile a query takes longer than to answer it.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


@cache
def small_session() -> SparkSession:
    """Return a session with two threads, or that of a server of Spark Connect or a cluster that are named."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyspark.sql import SparkSession

        if os.environ.get("SPARK_REMOTE"):
            return SparkSession.builder.getOrCreate()
        master = os.environ.get("REPORTER_TEST_MASTER", "local[2]")
        builder = SparkSession.builder.master(master).appName("reporter tests")
        for name, value in SMALL.items():
            builder = builder.config(name, value)
        return builder.getOrCreate()

"""Executors of Spark that run our own functions. In: a function, arguments. Out: results.

Each call is a row of a frame, and a task of its own. They see no folder of this machine unless all
machines do, and need Reporter of this version. It is `mapInArrow`, which Spark Connect has too.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from reporter.engine.base import Error
from reporter.engine.spark_errors import asked, failures
from reporter.errors import InputError

if TYPE_CHECKING:
    import pyarrow
    from pyspark.sql import SparkSession

_COLUMNS = "number int, message binary"
_INSTALL = "Install this version of agent-reporter where executors run, or leave out --executors."


class Executors:
    """The executors of a session, as `Processes` are."""

    are_elsewhere = True
    """What they see may be other folders than those of this machine."""

    def __init__(self, spark: SparkSession) -> None:
        """Take a session, which stays open."""
        self._spark = spark
        _take_this_python(spark)
        # A call is a task whatever their number is: Spark has as many run as there is room for.
        self.count = 2

    def results(
        self, function: Callable[..., Any], calls: Iterable[tuple[Any, ...]]
    ) -> Iterator[Any]:
        """Yield what a function of a module gives for each tuple of arguments, in their order.

        Raises InputError where executors lack Reporter, or have another version of it.
        """
        name = f"{function.__module__}:{function.__qualname__}"
        given = version("agent-reporter"), name
        rows = [(n, pickle.dumps((*given, arguments))) for n, arguments in enumerate(calls)]
        if not rows:
            return

        def answer() -> pyarrow.Table:
            frame = self._spark.createDataFrame(rows, _COLUMNS).repartition(len(rows))
            return frame.mapInArrow(work, _COLUMNS).toArrow()

        try:
            table = asked(answer)
        except Error as error:
            if "No module named 'reporter" in str(error.__cause__):
                raise InputError(
                    "the executors of Spark do not have Reporter", hint=_INSTALL
                ) from error
            raise
        answers = zip(table["number"].to_pylist(), table["message"].to_pylist(), strict=True)
        for _, message in sorted(answers):
            other, result = pickle.loads(message)
            if other:
                raise InputError(f"the executors of Spark have Reporter {other}", hint=_INSTALL)
            yield result


def _take_this_python(spark: SparkSession) -> None:
    """Let executors of this machine run the Python that runs this: a session takes `python3`, which
    outside a virtual environment is another.
    """
    with suppress(*failures(), AttributeError):  # a session elsewhere has no context here
        context = spark.sparkContext
        if context.master.startswith("local") and not context.environment.get("PYSPARK_PYTHON"):
            context.pythonExec = sys.executable


def work(batches: Iterator[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
    """Answer calls, on an executor: with another version of ours, or '' and the result."""
    import pyarrow as pa

    ours = version("agent-reporter")
    for batch in batches:
        numbers, messages = batch.column(0), batch.column(1).to_pylist()
        answers = []
        for message in messages:
            wanted, name, arguments = pickle.loads(message)
            module, _, function = name.partition(":")
            is_same = wanted == ours
            result = getattr(import_module(module), function)(*arguments) if is_same else None
            answers.append(pickle.dumps(("" if is_same else ours, result)))
        yield pa.RecordBatch.from_arrays(
            [numbers, pa.array(answers, pa.binary())], ["number", "message"]
        )

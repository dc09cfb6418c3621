"""What Spark says instead of an answer. In: a question. Out: its answer, or an error of ours."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeVar

from reporter.engine.base import Error, OutOfMemory

MOST_RETURNED = "spark.driver.maxResultSize"
_WAITED = "Exception thrown in awaitResult"
"""What Java says of an error of another thread, before that error."""
T = TypeVar("T")


def asked(question: Callable[[], T]) -> T:
    """Return what Spark answers; raise Error with the first line of what it says instead, and
    OutOfMemory where an answer is too large for the driver.
    """
    try:
        return question()
    except failures() as error:
        told = why(error)
        if MOST_RETURNED in told:
            raise OutOfMemory(
                f"an answer of Spark is larger than its driver takes: {told}",
                hint=f"Raise {MOST_RETURNED}, and spark.driver.memory with it.",
            ) from error
        raise Error(f"Spark: {told}") from error


def why(error: Exception) -> str:
    """Return the first line of what Spark says; of errors of Java the first that says anything."""
    cause, text = getattr(error, "java_exception", None), ""
    while cause is not None and (not text or text.startswith(_WAITED)):
        text, cause = str(cause.getMessage() or "").strip(), cause.getCause()
    text = text or str(error).strip()
    return text.splitlines()[0][:500] if text else type(error).__name__


@cache
def failures() -> tuple[type[Exception], ...]:
    """Return what Spark raises: of its own, and of the way to its Java."""
    from pyspark.errors import PySparkException

    try:
        from py4j.protocol import Py4JError
    except ImportError:  # what is made for Spark Connect alone has no Java beside it
        return (PySparkException,)
    return PySparkException, Py4JError

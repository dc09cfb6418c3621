"""Processes that run our own functions beside this one. In: a function, arguments. Out: results.

Python runs one thread at a time, so that thousands of small files keep one core busy. A worker is
a fresh process, never a fork: threads of this one are no part of it. It ends when this one does.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from importlib import import_module
from itertools import accumulate, groupby
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any, BinaryIO, NoReturn, Protocol, TypeVar

from reporter.errors import ReporterError
from reporter.system.memory import set_up

Item = TypeVar("Item")
LEAST_MEMORY = 125 * 10**6
"""Bytes of memory for each worker: what reads a file takes some, whatever its engine is given."""


class Ended(ReporterError):
    """A worker ended before it answered."""


class Processes(Protocol):
    """What runs functions elsewhere: here processes, or the executors of another engine."""

    count: int
    """How many run at a time; 1 where nothing is gained."""
    are_elsewhere: bool
    """Whether they may see other folders than this process, and share no memory with it."""

    def results(
        self, function: Callable[..., Any], calls: Iterable[tuple[Any, ...]]
    ) -> Iterator[Any]:
        """Yield what a function of a module gives for each tuple of arguments, in their order.

        Function, arguments and results are pickled.
        """


def count_for(memory: int) -> int:
    """Return how many workers an amount of memory and this process's processors are enough for."""
    if sys.getfilesystemencoding() != "utf-8":  # names of files would be others there
        return 1
    return max(1, min(len(os.sched_getaffinity(0)), memory // LEAST_MEMORY))


def split(
    items: list[Item], count: int, weight: Callable[[Item], int] = lambda _: 1
) -> list[list[Item]]:
    """Return at most so many lists of neighbours, each of about the same weight."""
    weights = [weight(item) for item in items]
    share = sum(weights) / count
    before = accumulate(weights, initial=0)
    portions = groupby(zip(items, before, strict=False), key=lambda pair: int(pair[1] / share))
    return [[item for item, _ in portion] for _, portion in portions]


class Workers(AbstractContextManager["Workers"]):
    """Processes that start with the first calls, as many as there are calls at once."""

    are_elsewhere = False

    def __init__(self, count: int, memory: int = 0) -> None:
        """Take how many may run, and the bytes of memory that all of them share."""
        self.count = count
        self._memory = memory // count
        self._threads = ThreadPoolExecutor(count)
        self._idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        self._all: list[subprocess.Popen[bytes]] = []
        self._is_over = False

    def __exit__(self, *raised: object) -> None:
        self._is_over = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in self._all:
            process.kill()
        self._threads.shutdown()
        for process in self._all:
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(BrokenPipeError):
                    assert pipe
                    pipe.close()

    def results(
        self, function: Callable[..., Any], calls: Iterable[tuple[Any, ...]]
    ) -> Iterator[Any]:
        """Yield what a function gives for each tuple of arguments, in their order.

        Raises Ended where a worker ended, RuntimeError with the trace of a defect. Calls that have
        not begun then never do.
        """
        name = f"{function.__module__}:{function.__qualname__}"
        futures: list[Future[Any]] = [
            self._threads.submit(self._call, name, arguments) for arguments in calls
        ]
        try:
            for future in futures:
                yield future.result()
        finally:
            for future in futures:
                future.cancel()

    def _call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        request = pickle.dumps((name, arguments), pickle.HIGHEST_PROTOCOL)
        try:
            process = self._idle.get_nowait()
        except Empty:
            process = self._start()
        assert process.stdin and process.stdout
        with contextlib.suppress(BrokenPipeError):
            _send(process.stdin, request)
        answer = _received(process.stdout)
        if answer is None:
            raise Ended(
                f"a process that reads files {_how_it_ended(process.wait())}",
                hint="Nothing of it was used. Run again, with more memory free or less --memory.",
            )
        is_done, result = pickle.loads(answer)
        if not is_done:
            raise RuntimeError(result)
        self._idle.put(process)
        return result

    def _start(self) -> subprocess.Popen[bytes]:
        """Start a worker; the system ends none of them by itself, which `supervision` knows."""
        paths = [str(Path(__file__).parents[2]), *filter(None, sys.path)]
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__, str(self._memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={
                "PYTHONPATH": os.pathsep.join(paths),
                "PYTHONUTF8": "1",
                "TMPDIR": tempfile.gettempdir(),
            },
            start_new_session=True,  # Ctrl-C is for this process, which then ends the worker
        )
        self._all.append(process)
        if self._is_over:  # whoever ended all of them may not have seen this one
            process.kill()
        return process


def _how_it_ended(code: int) -> str:
    if code == -signal.SIGKILL:
        return "was ended by SIGKILL, perhaps because memory ran out"
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


def _send(pipe: IO[bytes], message: bytes) -> None:
    pipe.write(len(message).to_bytes(8, "little"))
    pipe.write(message)
    pipe.flush()


def _received(pipe: IO[bytes]) -> bytes | None:
    """Return the next message; None where the other process has ended."""
    size = pipe.read(8)
    if len(size) < 8:
        return None
    message = pipe.read(length := int.from_bytes(size, "little"))
    return message if len(message) == length else None


# ---------------------------------------------------------------- in the worker


def _serve() -> NoReturn:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    sys.excepthook = partial(_last_words, answers)
    requests: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_receive, args=(requests,), daemon=True).start()
    while True:
        name, arguments = pickle.loads(requests.get())
        module, _, function = name.partition(":")
        result = getattr(import_module(module), function)(*arguments)
        _send(answers, pickle.dumps((True, result), pickle.HIGHEST_PROTOCOL))


def _receive(requests: SimpleQueue[bytes]) -> NoReturn:
    """Take requests; end when the other process does, in the middle of a call."""
    while (request := _received(sys.stdin.buffer)) is not None:
        requests.put(request)
    os._exit(1)


def _last_words(answers: BinaryIO, kind: type[BaseException], error: Any, trace: Any) -> None:
    """Report why the worker ends: no error in it is caught."""
    text = "".join(traceback.format_exception(kind, error, trace))
    _send(answers, pickle.dumps((False, text)))


if __name__ == "__main__":
    set_up(int(sys.argv[1]))
    _serve()

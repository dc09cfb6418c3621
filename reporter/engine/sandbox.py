"""Run work on content that does not ship in a process of its own. In: a function, limits. Out: its
result.

The child has an address-space limit and a kernel timer that kills it; this process goes on in any
case. The two exchange JSON: the child can give a wrong answer, but cannot make this process act.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from reporter.errors import ContentError, InputError, ReporterError

_GRACE = 2.0
"""Seconds after which this process kills a child that the kernel's timer has not."""
_LONGEST_ANSWER = 256 << 20
_KINDS: dict[str, type[ReporterError]] = {
    c.__name__: c for c in (ReporterError, ContentError, InputError)
}


class Stopped(Exception):
    """The child did not finish: it took too long, used too much memory, or failed; the text
    completes "it ...".
    """


class Killed(Stopped):
    """The child was ended from outside: the cause will recur."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What content that does not ship may use; the limits of a run are the same on every
    machine.
    """

    memory: int = 3 << 30
    """Bytes of address space beside what the program itself takes."""
    seconds: float = 60
    """For one call, such as one check."""


USUAL = Limits()


class Child(AbstractContextManager["Child"]):
    """Calls our functions in a child, which starts with the first call, and again after it was
    killed.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._process: subprocess.Popen[bytes] | None = None

    def __exit__(self, *raised: object) -> None:
        self._kill()

    def call(self, function: Callable[..., Any], /, *, seconds: float = 0, **arguments: Any) -> Any:
        """Return what a function gives in the child.

        Arguments and result are JSON values; `seconds` replace those of the limits.

        Raises what the function raises if it is a ReporterError, else Stopped.
        """
        seconds = seconds or self.limits.seconds
        name = f"{function.__module__}:{function.__qualname__}"
        request = {"function": name, "arguments": arguments, "seconds": seconds}
        process = self._process or self._start()
        try:
            answer = self._ask(process, json.dumps(request).encode() + b"\n", seconds)
        except BaseException:
            self._kill()
            raise
        if "error" in answer:
            kind, message, place, hint = answer["error"]
            raise _KINDS[kind](message, place, hint)
        if "stopped" in answer:
            self._kill()
            raise Stopped(str(answer["stopped"]))
        return answer.get("result")

    def _start(self) -> subprocess.Popen[bytes]:
        paths = [str(Path(__file__).parents[2]), *filter(None, sys.path)]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__, str(self.limits.memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Threads would each have an arena of 64 MB of addresses.
            env={
                "PYTHONPATH": os.pathsep.join(paths),
                "MALLOC_ARENA_MAX": "2",
                "PYTHONUTF8": "1",
                "PYTHONHASHSEED": "0",  # sets in one order: what is recorded there is the same
            },
            start_new_session=True,  # Ctrl-C is for this process, which then ends the child
        )
        return self._process

    def _ask(
        self, process: subprocess.Popen[bytes], request: bytes, seconds: float
    ) -> dict[str, Any]:
        assert process.stdin and process.stdout
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(request)
            process.stdin.flush()
        deadline = time.monotonic() + seconds + _START + _GRACE
        answer = bytearray()
        while not answer.endswith(b"\n"):
            time_left = deadline - time.monotonic()
            if time_left <= 0 or not select.select([process.stdout], [], [], time_left)[0]:
                raise Killed(f"took longer than {seconds:g} s")
            part = os.read(process.stdout.fileno(), 1 << 20)
            if not part:
                raise Killed(_how_it_ended(process.wait(), seconds, self.limits.memory))
            answer += part
            if len(answer) > _LONGEST_ANSWER:
                raise Stopped(f"gave more than {_amount(_LONGEST_ANSWER)}")
        result: dict[str, Any] = json.loads(answer)
        return result

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


_START = 30.0
"""Seconds that a busy machine may take to load the program, before the timer of a call begins."""


def _how_it_ended(code: int, seconds: float, memory: int) -> str:
    if code == -signal.SIGALRM:
        return f"took longer than {seconds:g} s"
    if code in (-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS, -signal.SIGKILL):
        return (
            f"broke off with {signal.Signals(-code).name}, as it does when it needs more than"
            f" {_amount(memory)} of memory"
        )
    return f"broke off with exit code {code}"


def _amount(size: int) -> str:
    return f"{size / (1 << 30):.3g} GB" if size >= 1 << 30 else f"{size >> 20} MB"


# ---------------------------------------------------------------- in the child


def _serve(memory: int) -> None:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    sys.excepthook = partial(_last_words, answers, memory)
    is_limited = False
    for line in sys.stdin.buffer:
        request = json.loads(line)
        module, _, name = request["function"].partition(":")
        function = getattr(import_module(module), name)
        if not is_limited:
            _limit(memory)
            is_limited = True
        signal.setitimer(signal.ITIMER_REAL, request["seconds"])  # nobody catches SIGALRM: it kills
        try:
            answer: dict[str, Any] = {"result": function(**request["arguments"])}
        except ReporterError as error:
            answer = _error_answer(error)
        except Stopped as error:
            answer = {"stopped": str(error)}
        _answer(answers, answer)


def _answer(answers: BinaryIO, answer: dict[str, Any]) -> None:
    text = json.dumps(answer, default=str).encode() + b"\n"
    signal.setitimer(signal.ITIMER_REAL, 0)
    answers.write(text)
    answers.flush()


def _last_words(answers: BinaryIO, memory: int, _: type, error: BaseException, __: object) -> None:
    """Report why the child ends: no other error in it is caught."""
    _answer(answers, {"stopped": _why(error, memory)})


def _error_answer(error: ReporterError) -> dict[str, Any]:
    if type(error.__cause__).__name__ == "OutOfMemoryException":
        return {"stopped": "needs more memory than it may have"}
    kind = type(error).__name__
    kind = kind if kind in _KINDS else ReporterError.__name__
    return {"error": [kind, error.message, error.place, error.hint]}


def _why(error: BaseException, memory: int) -> str:
    if isinstance(error, RecursionError):
        return "recursed without end"
    first_line = (str(error).splitlines() or [""])[0]
    lacks_memory = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException"
    if lacks_memory or "bad_alloc" in first_line or "allocation" in first_line.lower():
        return f"needs more than {_amount(memory)} of memory"
    return f"failed: {first_line or type(error).__name__}"


def _limit(memory: int) -> None:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    roof = pages * resource.getpagesize() + memory
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    roof = roof if hard == resource.RLIM_INFINITY else min(roof, hard)
    resource.setrlimit(resource.RLIMIT_AS, (roof, roof))
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (memory, memory)
    )  # of one file, such as an endless result
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    _serve(int(sys.argv[1]))

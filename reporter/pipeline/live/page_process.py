"""A process that makes one page, and yields to all others. In: an order on stdin. Out: a line on
stdout: where the page is, or why there is none.

It ends when the watch does, for then its input is closed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO

import msgspec

from reporter.errors import ReporterError
from reporter.pipeline.live.page_run import Order, make_page
from reporter.system.memory import set_up
from reporter.system.options import in_bytes

NICE = 10
"""How far it yields."""
LONGEST = 3600.0
"""Seconds after which a page that is not made is given up."""
_START = "import sys; sys.path[:] = {path}; from {module} import main; main()"
_SAID = 2000


class Answer(msgspec.Struct):
    """What became of an order."""

    folder: str = ""
    problem: str = ""
    """Why there is no page."""


class PageProcess:
    """Makes one page, in a process of its own."""

    def __init__(self, order: Order) -> None:
        path = [p for p in sys.path if p]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _START.format(path=path, module=__name__)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the watch, which then ends this one
        )
        self._order = order

    def answer(self) -> Answer:
        """Wait until the page is made, or is not."""
        timer = threading.Timer(LONGEST, self._process.kill)
        timer.start()
        try:
            return self._answer()
        finally:
            timer.cancel()
            self.end()

    def _answer(self) -> Answer:
        process = self._process
        assert process.stdin and process.stdout and process.stderr
        said: list[bytes] = []
        listening = threading.Thread(target=_last_words, args=(process.stderr, said))
        listening.start()
        with suppress(BrokenPipeError):
            process.stdin.write(msgspec.json.encode(self._order) + b"\n")
            process.stdin.flush()
        text = process.stdout.read()
        code = process.wait()
        listening.join()
        with suppress(msgspec.MsgspecError):
            return msgspec.json.decode(text, type=Answer)
        words = b"".join(said).decode("utf-8", "replace").strip().splitlines()
        why = ", perhaps because memory ran out" if code == -9 else ""
        return Answer(problem=words[-1] if words else f"its process ended with code {code}{why}")

    def end(self) -> None:
        """End the process, wherever it is."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream:
                with suppress(OSError):
                    stream.close()


def _last_words(stream: IO[bytes], said: list[bytes]) -> None:
    """Read all that is said, and keep the end of it."""
    while data := stream.read1(1 << 16):  # type: ignore[attr-defined]
        said[:] = [(b"".join(said) + data)[-_SAID:]]


# ---------------------------------------------------------------- in the process


def main() -> None:
    """Make the page that is asked for on stdin."""
    os.nice(NICE)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    threading.Thread(target=_end_with_input, daemon=True).start()
    set_up(in_bytes(order.memory))
    try:
        answer = Answer(str(make_page(order, lambda _: None)))
    except ReporterError as error:
        answer = Answer(problem=str(error))
    answers.write(msgspec.json.encode(answer))
    answers.close()


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(1)

"""Supervise the working process. In: the program's start. Out: its exit code, however it ends.

Native code, such as layout and regular expressions, can delay a signal for minutes, as can waiting
for threads. So a child does the work; a signal ends it at once, and its unfinished output is
removed here. A second signal ends this process too.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_GRACE = 5.0
"""Seconds in which killed processes must be gone."""


def supervise(
    clear: Callable[[Path], object], say: Callable[[str], None]
) -> Callable[[Path], None]:
    """Continue in a child. There, return a function that takes the folders it will make; in the
    parent, end as the child ends.

    `clear` then removes such a folder if no process works in it; `say` has why it ended early.
    """
    reader, writer = os.pipe()
    ends, alive = os.pipe()
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    child = os.fork()
    if child:
        os.close(writer)
        os.close(ends)
        _watch(child, reader, clear, say)
    os.close(reader)
    os.close(alive)
    for number in ENDING[:2]:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    threading.Thread(target=_end_with, args=(ends,), daemon=True).start()

    def tell(folder: Path) -> None:
        os.write(writer, str(folder.absolute()).encode("utf-8", "surrogateescape") + b"\0")

    return tell


def _end_with(pipe: int) -> NoReturn:
    """End when the other process does: it holds the other end of the pipe and never writes."""
    os.read(pipe, 1)
    os._exit(1)


def _watch(
    child: int, pipe: int, clear: Callable[[Path], object], say: Callable[[str], None]
) -> NoReturn:
    signals: list[int] = []
    killed: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        if signals:
            os._exit(128 + signals[0])
        signals.append(number)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGSTOP)  # it starts no more
            killed.extend(_family(child))
            for process in (*killed, child):
                with suppress(ProcessLookupError):  # one less does not spare the others
                    os.kill(process, signal.SIGKILL)

    for each in ENDING:
        if each is not signal.SIGHUP or signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    number = signals[0] if signals else max(0, -code)
    signals[:] = [number or signal.SIGTERM]
    _wait_for(killed)
    for folder in _folders(pipe):
        clear(folder)
    if number:
        with suppress(OSError, ValueError):  # nobody may be listening any more
            say(f"{_why(number)}; nothing half done was left behind")
    os._exit(128 + number if number else code)


def _wait_for(processes: list[int]) -> None:
    """Wait until killed processes are gone, for until then they hold the folders they work in."""
    end = time.monotonic() + _GRACE
    while any(map(_is_alive, processes)) and time.monotonic() < end:
        time.sleep(0.01)


def _is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return state.rpartition(")")[2].split()[0] not in ("Z", "X")  # what they held is free


def _why(number: int) -> str:
    if number in ENDING:
        return "interrupted"
    why = ", perhaps because memory ran out" if number == signal.SIGKILL else ""
    return f"the work was ended by {signal.Signals(number).name}{why}"


def _folders(pipe: int) -> list[Path]:
    os.set_blocking(pipe, False)
    data = b""
    with suppress(BlockingIOError):  # a process of the child may still hold the other end
        while chunk := os.read(pipe, 1 << 16):
            data += chunk
    return [Path(os.fsdecode(path)) for path in data.split(b"\0") if path]


def _family(process: int) -> list[int]:
    """Return all descendants of a process: the system would let them live."""
    descendants: list[int] = []
    with suppress(OSError):
        for path in Path(f"/proc/{process}/task").glob("*/children"):
            for descendant in map(int, path.read_text(encoding="ascii").split()):
                descendants += [*_family(descendant), descendant]
    return descendants

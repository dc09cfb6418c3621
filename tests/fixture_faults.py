"""Programs that die at a chosen moment. In: words of the command line, when, and who is hit. Out: how they ended, what they said.

Run as a program, this file is a server: it loads Reporter once and forks for each order, for a start takes longer than a run of
one agent. A moment is the n-th change of a file by Python, which a seed repeats on any machine, or seconds, which meet native code.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
WATCHER, WORKER, ALL = "watcher", "worker", "all"
"""Whom a signal hits: the process that a user sees, the one that works, each of both and of those above them."""
_CHANGES = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.chmod", "os.utime", "subprocess.Popen")  # fmt: skip
_OPENED = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_UNIT = f"""
import sys; sys.path[:] = {{path}}; sys.path.append({str(HERE)!r})
import fixture_faults; fixture_faults.few_checks(); fixture_faults.await_moment("unit")
from reporter.cli import main; main()
"""
"""The process of a unit of a batch."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When a process is hit, and which."""

    event: int = 0
    """The n-th change of a file; 0 for none."""
    seconds: float = 0.0
    """After so long; 0 for never."""
    whom: str = ALL
    where: str = "main"
    """main | unit: the process of the verb, or that of a unit of its batch."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended."""

    code: int
    said: str
    printed: str
    events: list[str]
    """The changes of files, as "main os.rename /a/b"."""
    seconds: float


def await_moment(where: str) -> None:
    """Note each change of a file from here on, and hit at the moment that the environment names."""
    moment, log = Moment(**json.loads(os.environ["FAULT"])), os.environ["FAULT_LOG"]
    first = os.getpid()  # who watches; the fork of it works
    file = os.open(log, os.O_WRONLY | os.O_APPEND)
    counts = {first: 0}

    def note(event: str, args: tuple[Any, ...]) -> None:
        if not (event in _CHANGES or (event == "open" and (args[2] or 0) & _OPENED)):
            return
        process = os.getpid()
        if process == first or "/dev/" in str(args[0]):
            return
        is_new = process not in counts
        counts[process] = counts.get(process, 0) + 1
        os.write(file, f"{where} {event} {args[0]}\n".encode("utf-8", "replace"))
        if where != moment.where:
            return
        if is_new and moment.seconds:
            threading.Thread(
                target=lambda: (time.sleep(moment.seconds), _hit(moment)), daemon=True
            ).start()
        if counts[process] == moment.event:
            _hit(moment)

    sys.addaudithook(note)


def _hit(moment: Moment) -> None:
    if moment.whom == WATCHER:
        os.kill(os.getppid(), signal.SIGKILL)
        return
    above, root = os.getppid(), int(os.environ["FAULT_ROOT"])
    while moment.whom == ALL and above > 1 and above != root:
        stat = Path(f"/proc/{above}/stat").read_text()
        with suppress(ProcessLookupError):
            os.kill(above, signal.SIGKILL)
        above = int(stat.rpartition(")")[2].split()[1])
    os.kill(os.getpid(), signal.SIGKILL)


def few_checks() -> None:
    """Have results of two checks: the others take half the time."""
    from reporter.evaluate import runner

    whole = runner.assess
    runner.assess = lambda engine, checks, *more, **how: whole(
        engine, [c for c in checks if c[0].id in ("OWN-01", "OWN-02")], *more, **how
    )


def serve() -> None:
    """Take orders from stdin, a JSON line each; answer with the exit code."""
    import functools

    import reporter.api  # noqa: F401
    import reporter.pipeline.quarter.verbs  # noqa: F401
    import reporter.report.build  # noqa: F401
    import reporter.report.html.page  # noqa: F401
    from reporter.content import loader
    from reporter.pipeline.batch import batch_outputs, batch_plan, worker  # noqa: F401

    few_checks()
    load, shipped = loader.load, functools.cache(lambda: load())
    shipped()
    loader.load = lambda *more: shipped() if not any(more) else load(*more)
    worker._START = _UNIT
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if not child:
            _become(order)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(order: dict[str, Any]) -> None:
    from reporter.cli import main

    os.setsid()
    os.environ.update(order["environment"], FAULT_ROOT=str(os.getppid()))
    for number, (name, flags) in enumerate(
        (
            (os.devnull, os.O_RDONLY),
            (order["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
            (order["err"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        )
    ):
        os.dup2(os.open(name, flags, 0o600), number)
    await_moment("main")
    sys.argv = ["reporter", *order["words"]]
    main()


class Programs:
    """Starts programs in a folder; they keep what is temporary in `tmp` there."""

    def __init__(self, folder: Path, disk: Path | None, mount: str) -> None:
        self.folder = folder
        self.temp = folder / "tmp"
        self.temp.mkdir(parents=True)
        self.log = folder / "events"
        self.has_begun = False
        words = [sys.executable, str(HERE / "fixture_faults.py")]
        if disk:
            script = f'mount -t tmpfs -o {mount} none "$1" && shift && exec "$@"'
            words = ["unshare", "-rm", "sh", "-c", script, "sh", str(disk), *words]
        self._server = subprocess.Popen(
            words,
            env=os.environ | {"PYTHONPATH": str(HERE.parent)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    @property
    def root(self) -> Path:
        """The root of the file system as the programs see it."""
        return Path(f"/proc/{self._server.pid}/root")

    def is_ready(self) -> bool:
        """Wait until the server has loaded; False where it could not begin."""
        assert self._server.stdout
        return self._server.stdout.readline() == "ready\n"

    def run(self, *words: object, moment: Moment = Moment(), **environment: str) -> Ended:
        """Run a command, hit at a moment; return when nothing of it is alive any more."""
        assert self._server.stdin and self._server.stdout
        self.log.write_text("")
        out, err = self.folder / "stdout", self.folder / "stderr"
        given = {"TMPDIR": str(self.temp), "FAULT": json.dumps(asdict(moment))}
        order = {
            "words": list(map(str, words)), "out": str(out), "err": str(err),
            "environment": {**given, "FAULT_LOG": str(self.log), **environment},
        }  # fmt: skip
        began = time.monotonic()
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        code = int(self._server.stdout.readline())
        seconds = time.monotonic() - began
        until(lambda: not self.alive())
        events = self.log.read_text(errors="replace").splitlines()
        return Ended(code, err.read_text(), out.read_text(), events, seconds)

    def alive(self) -> list[str]:
        """Processes of the last program: they have the log of events open, or in their environment."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if os.fsencode(self.log) in (process / "environ").read_bytes() or any(
                    f.readlink() == self.log for f in (process / "fd").iterdir()
                ):
                    found.append(process.name)
        return found

    def close(self) -> None:
        """End the server."""
        self._server.kill()
        self._server.communicate()


@contextmanager
def programs(folder: Path, disk: Path | None = None, mount: str = "") -> Iterator[Programs]:
    """Provide what starts programs in a folder; with a small disk of their own."""
    started = Programs(folder, disk, mount)
    try:
        started.has_begun = started.is_ready()
        yield started
    finally:
        started.close()


def until(claim: Callable[[], bool], seconds: float = 120) -> None:
    """Wait for something to be so."""
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def digests(folder: Path, *without: str) -> dict[str, str]:
    """Return the hash of each file below a folder, but for those in folders of some names."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not {*without} & {*path.relative_to(folder).parts}
    }


if __name__ == "__main__":
    serve()

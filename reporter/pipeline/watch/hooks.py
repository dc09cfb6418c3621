"""Commands and addresses that are told of each change. In: lines. Out: how many could not be told.

They run beside the judging and never hold it up: a full queue drops its oldest line, and counts it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import shlex
import signal
import subprocess
import threading
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from reporter.errors import InputError

WAITING = 1000
"""Lines that wait for one hook."""
TIMEOUT = 10.0
"""Seconds for one line."""
TRIES = 3
Hook = Callable[[str], None]
"""Takes a line; raises OSError or ValueError where it could not be told."""


def command(words: str) -> Hook:
    """Return a hook that runs a program, without a shell, with the line on its stdin.

    Raises InputError where it names no program, and the hook OSError where the program fails.
    """
    try:
        parts = shlex.split(words)
    except ValueError as error:
        raise InputError(f"is no command: {error}", words) from error
    if not parts:
        raise InputError("is no command", repr(words), "Give a program: --hook /opt/notify.")

    def run(line: str) -> None:
        nowhere = subprocess.DEVNULL  # what it starts may hold a pipe for longer than it runs
        with subprocess.Popen(
            parts,
            stdin=subprocess.PIPE,
            stdout=nowhere,
            stderr=nowhere,
            start_new_session=True,  # to end it with all that it started
        ) as process:
            try:
                process.communicate(f"{line}\n".encode(), TIMEOUT)
            except subprocess.TimeoutExpired as error:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise OSError(f"it ran for more than {TIMEOUT:.0f} s") from error
        if process.returncode:
            raise OSError(f"exit code {process.returncode}")

    return run


def webhook(address: str, secret: str = "") -> Hook:
    """Return a hook that posts the line; with a secret its HMAC-SHA256 goes along as
    X-Reporter-Signature. A redirect is not followed.

    Raises InputError where the address is neither https nor of this machine.
    """
    parts = urlsplit(address)
    is_local = parts.hostname == "localhost" or _is_loopback(parts.hostname or "")
    if not parts.hostname or (
        parts.scheme != "https" and not (parts.scheme == "http" and is_local)
    ):
        raise InputError(
            "is no address of a webhook",
            address.partition("?")[0],
            "Give an https address; http only for this machine, such as http://127.0.0.1:8080/.",
        )
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))

    def post(line: str) -> None:
        body = line.encode()
        headers = {"Content-Type": "application/json"}
        if secret:
            signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            headers["X-Reporter-Signature"] = f"sha256={signature}"
        request = urllib.request.Request(address, body, headers, method="POST")
        with opener.open(request, timeout=TIMEOUT) as answer:
            answer.read(1 << 16)

    return post


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Hooks:
    """Runs each hook on a thread of its own."""

    def __init__(
        self, hooks: Sequence[tuple[str, Hook]], warn: Callable[[str], None], failed: int = 0
    ) -> None:
        """`hooks` have a name each, which is said where one fails; `failed` counts on."""
        self.failed = failed
        self._warn = warn
        self._changed = threading.Condition()
        self._queues: list[deque[tuple[int, str]]] = [deque() for _ in hooks]
        self._busy: list[tuple[int, str]] = [(0, "")] * len(hooks)
        self._ending = False
        self._threads = [
            threading.Thread(target=self._work, args=(n, name, hook), daemon=True)
            for n, (name, hook) in enumerate(hooks)
        ]
        for thread in self._threads:
            thread.start()

    def tell(self, lines: Sequence[tuple[int, str]]) -> None:
        """Queue lines, with their numbers, for every hook."""
        with self._changed:
            for queue in self._queues:
                for number, line in lines:
                    if len(queue) >= WAITING:
                        queue.popleft()
                        self.failed += 1
                    queue.append((number, line))
            self._changed.notify_all()

    def waiting(self) -> list[tuple[int, str]]:
        """Return the lines, with their numbers, that a hook may not have got."""
        with self._changed:
            lines = {number: line for queue in self._queues for number, line in queue}
            lines |= {number: line for number, line in self._busy if number}
        return sorted(lines.items())

    def close(self, seconds: float = TIMEOUT) -> None:
        """Let the hooks finish what waits, for so many seconds at the most."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(seconds)

    def _work(self, at: int, name: str, hook: Hook) -> None:
        queue = self._queues[at]
        while True:
            with self._changed:
                while not queue:
                    if self._ending:
                        return
                    self._changed.wait()
                self._busy[at] = queue.popleft()
                line = self._busy[at][1]
            problem = _tried(hook, line)
            with self._changed:
                self._busy[at] = 0, ""
                self.failed += bool(problem)
            if problem:
                self._warn(f"{name}: a change could not be told: {problem}")


def _tried(hook: Hook, line: str) -> str:
    """Tell a line, several times where that fails; return why it failed."""
    problem = ""
    for attempt in range(TRIES):
        if attempt:
            threading.Event().wait(0.5 * 4**attempt)
        try:
            hook(line)
        except urllib.error.HTTPError as error:
            problem = f"it answered {error.code}"
            if error.code < 500 and error.code not in (408, 429):
                return problem
        except (OSError, ValueError) as error:
            problem = str(error)
        else:
            return ""
    return problem

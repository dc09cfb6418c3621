"""Lines for whoever watches a run. In: what happens, how grave it is. Out: lines on stderr, in the
form that is wanted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from reporter.system.terminal import print_clean

LOGS = ("text", "json")
"""The forms of a line."""
LOG, OPEN_LOG = "reporter.system.log", "reporter.system.log.open"
"""Keys in a context: a verb's log, if it has one; and what makes one of a form, quiet or not."""


@dataclass(frozen=True, slots=True)
class Log:
    """Writes lines: seconds on a terminal, else time and level; or a JSON object each."""

    form: str
    terminal: bool
    quiet: bool
    """Nothing but errors."""
    now: Callable[[], datetime]
    started: datetime
    write: Callable[[str], None]

    def info(self, text: str, **fields: object) -> None:
        """Tell what is done."""
        self._line("info", text, **fields)

    def warning(self, text: str, **fields: object) -> None:
        """Tell what a reader should look at."""
        self._line("warning", text, **fields)

    def error(self, text: str, **fields: object) -> None:
        """Tell what went wrong; fields that are empty are left out."""
        self._line("error", text, **{name: value for name, value in fields.items() if value})

    def _line(self, level: str, text: str, **fields: object) -> None:
        if self.quiet and level != "error":
            return
        at = self.now().astimezone(UTC)
        if self.form == "json":
            time = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            self.write(
                json.dumps(
                    {"time": time, "level": level, "message": text, **fields}, ensure_ascii=False
                )
            )
        elif self.terminal:
            seconds = (at - self.started).total_seconds()
            self.write(text if level == "error" else f"{seconds:6.1f} s  {text}")
        else:
            self.write(f"{at:%Y-%m-%dT%H:%M:%SZ} {level.upper():<7} {text}")


def stderr_log(now: Callable[[], datetime], form: str | None = None, quiet: bool = False) -> Log:
    """Return a log that writes to stderr in one of LOGS, as text without one."""

    def write(line: str) -> None:
        print_clean(line, err=True)

    return Log(form or LOGS[0], sys.stderr.isatty(), quiet, now, now(), write)


def last_line(now: Callable[[], datetime], words: Sequence[str]) -> Callable[[str], None]:
    """Return what says why a program ended early, in the form that its command line asks for."""
    is_json = ("--log", LOGS[1]) in pairwise(words) or f"--log={LOGS[1]}" in words

    def say(text: str) -> None:
        if is_json:
            stderr_log(now, LOGS[1]).error(text)
        else:
            print_clean(text, err=True)

    return say

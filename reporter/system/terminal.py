"""Output to a terminal. In: texts that may hold names and values of the input. Out: lines on stdout
and stderr without control characters.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

PROGRESS_EVERY = 10.0
"""Seconds between two lines of progress where nobody watches a terminal."""


class Unprinted(OSError):
    """Output to stdout is not accepted: its file or pipe is full or closed."""


def open_streams() -> None:
    """Open missing standard streams on the null device, so that no file opened later gets their
    numbers.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for good


def print_clean(text: str, err: bool = False) -> None:
    """Print a text with control characters removed: the only way to a terminal."""
    from reporter.system.plain_text import clean_lines

    _print(clean_lines(text), err)


def print_json(value: Any, indent: int | None = None) -> None:
    """Print a value as JSON."""
    from reporter.system.plain_text import clean_json

    _print(clean_json(value, indent=indent))


def print_plain(text: str) -> None:
    """Print a line that has no control character, such as JSON, and see that it leaves at once."""
    from reporter.system.plain_text import escape_json

    _print(escape_json(text))
    try:
        sys.stdout.flush()
    except OSError as error:
        raise Unprinted(error.errno, error.strerror) from error


def print_over(text: str) -> None:
    """Print a line on stderr that the next one is written over; '' takes the last one away."""
    from reporter.system.plain_text import clean

    width = shutil.get_terminal_size().columns - 1
    _print(f"\r{clean(text)[:width].ljust(width)}\r", err=True, nl=False)


def _print(text: str, err: bool = False, nl: bool = True) -> None:
    """Print a clean text; what stderr rejects is dropped, stdout raises Unprinted."""
    try:
        click.echo(text, nl=nl, err=err)
    except (OSError, ValueError) as error:  # ValueError: it was closed here
        with suppress(OSError, ValueError):  # what it holds must not fail once more at the end
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, (sys.stderr if err else sys.stdout).fileno())
            os.close(nowhere)
        if not err:
            raise Unprinted(
                getattr(error, "errno", None) or errno.EBADF,
                getattr(error, "strerror", None) or str(error),
            ) from error


def _is_terminal() -> bool:
    return sys.stderr.isatty()


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show progress: on a terminal in one line that disappears at the end, elsewhere in a line now
    and then.
    """
    if not _is_terminal():
        last_time = time.monotonic()

        def show_now_and_then(count: int, total: int) -> None:
            nonlocal last_time
            if time.monotonic() - last_time >= PROGRESS_EVERY:
                print_clean(f"{count} of {total} {label}", err=True)
                last_time = time.monotonic()

        yield show_now_and_then
        return

    def show(count: int, total: int) -> None:
        _print(f"\r{count} of {total} {label}", err=True, nl=False)

    try:
        yield show
    finally:
        _print(f"\r{' ' * (len(label) + 20)}\r", err=True, nl=False)


def harmless(error: click.ClickException) -> click.ClickException:
    """Clean the message of an error that click itself prints."""
    from reporter.system.plain_text import clean_lines

    message = error.format_message()
    if clean_lines(message) == message:
        return error
    return click.UsageError(clean_lines(message), getattr(error, "ctx", None))


_REFUSED = {
    errno.EACCES: "Give whoever runs this the right to it, or name another file or folder.",
    errno.EROFS: "Nothing can be written there: name another folder.",
}

_RUN_WRITES = "the run (--out), its cache (--cache) or temporary files ({folder}, --temp)"
_WRITES = {"watch": "the state (--state), the lines (--out) or temporary files ({folder}, TMPDIR)"}


def trouble(error: OSError, verb: str = "") -> str:
    """Say what the system refused a verb, where, and what to do; a failed write does not know its
    file."""
    import tempfile

    from reporter.system.temporary import PREFIX

    place = error.filename2 or error.filename  # of a copy, the second is the one that is written
    message = f"{place}: {error.strerror}" if place else error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        folder = Path(tempfile.gettempdir())
        folder = folder.parent if folder.name.startswith(PREFIX) else folder  # ours is gone by then
        places = _WRITES.get(verb, _RUN_WRITES).format(folder=folder)
        room = "there" if place else f"for {places}"
        return f"{message}\n  Make room {room}, or name another folder."
    hint = _REFUSED.get(error.errno or 0)
    return f"{message}\n  {hint}" if hint else message

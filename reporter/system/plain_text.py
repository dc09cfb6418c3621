"""Text that is safe to print. In: any text. Out: the same, with invisible characters written as
escapes.

Every text that goes to a terminal or into a table passes through here. ESC, BEL, NUL and the C1
controls drive a terminal, and bidirectional controls reorder a line.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shlex
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"
"""Part of ordinary spelling in Persian, Hindi and emoji; every other invisible character is
shown.
"""
_MAPPED = re.compile(r"(?<=`reporter map )('[^']*'|[^\s'`]+)")
"""The file in a command that a text suggests."""
_ODD = re.compile(r"[^\n\x20-\x7e]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


SURE_DEPTH = 500
"""Nesting depth that every reader accepts; how many more levels it takes differs between versions
of Python.
"""
MOST_OF_CONTENT = 1 << 24
"""Bytes of a file of content, settings or a template."""


def regular_bytes(path: Path) -> bytes:
    """Read a file given as content; OSError where it is not a regular file: a pipe never begins, a
    device never ends.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        data = file.read(MOST_OF_CONTENT + 1)
    if len(data) > MOST_OF_CONTENT:
        raise OSError(errno.EFBIG, f"it has more than {MOST_OF_CONTENT >> 20} MB", str(path))
    return data


def why_unread(error: Exception) -> str:
    """Say why JSON or YAML could not be read, without terms of Python."""
    if isinstance(error, RecursionError):
        return (
            f"nested too deeply: lists and objects are read to {SURE_DEPTH} levels, one in another"
        )
    return str(error)


def clean(text: str) -> str:
    """Write every invisible or reordering character as an escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(c) for c in text)


def clean_lines(text: str) -> str:
    """Clean each line of a text."""
    return "\n".join(clean(line) for line in text.split("\n"))


def clean_json(value: Any, **options: Any) -> str:
    """Write JSON with the same characters as JSON escapes, which keeps its meaning."""
    return escape_json(json.dumps(value, ensure_ascii=False, **options))


def escape_json(text: str) -> str:
    """Escape the same characters in existing JSON."""
    return _ODD.sub(lambda m: m[0] if _visible(m[0]) == m[0] else _json_escape(m[0]), text)


def _json_escape(char: str) -> str:
    return "\\u007f" if char == "\x7f" else json.dumps(char)[1:-1]


def _visible(char: str) -> str:
    if char in _JOINERS or unicodedata.category(char) not in _HIDDEN:
        return char
    code = ord(char)
    return _SHORT.get(char) or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def from_here(text: str, folder: Path) -> str:
    """Return a text in which suggested commands name files of a workspace as they are found from
    where the program is run.
    """
    return _MAPPED.sub(lambda m: _placed(m[0], folder), text)


def _placed(word: str, folder: Path) -> str:
    return shlex.quote((folder / shlex.split(word)[0]).as_posix())


def aligned(rows: Sequence[Sequence[str]], texts: int | None = None) -> Iterator[str]:
    """Yield rows in columns: the first `texts` to the left, numbers behind them to the right; all
    of them to the left without it.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            text.ljust(width) if texts is None or at < texts else text.rjust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()

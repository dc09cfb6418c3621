"""What an object is called in a run. In: keys, which may hold any sign. Out: names of files in the
workspace, one an object, that no reader takes for something else.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from reporter.ingest.readers.files import is_litter

_UNPRINTED = "!\\"
"""Signs that are written out as well: `!` stands before the sheet of a workbook."""


def plain(text: str) -> str:
    """Write out what cannot be seen, drives a terminal or turns the direction of a line."""
    if text.isprintable() and text.isascii():
        return text
    return "".join(c if c.isprintable() else _percent(c) for c in text)


def base_of(prefix: str) -> str:
    """Return what the keys of a prefix have before their names: all up to its last slash."""
    return prefix[: prefix.rfind("/") + 1]


def is_left_out(key: str, size: int) -> bool:
    """Tell whether an object is what consoles and systems leave behind: a folder marker without
    bytes, .DS_Store.
    """
    return (key.endswith("/") and not size) or is_litter(PurePosixPath(key).name)


def file_name(to: str, relative: str) -> str:
    """Return the name of an object in its folder."""
    return "/".join((to, *map(_part, relative.split("/"))))


def distinct(names: Iterable[str], taken: set[str]) -> list[str]:
    """Return names of which none is taken, or another's; those of before are noted as taken."""
    results = []
    for name in names:
        while name in taken:
            name = f"{name}~"
        taken.add(name)
        results.append(name)
    return results


def _part(text: str) -> str:
    """Return a part of a name: '.', '..' and nothing would read as another folder."""
    if not text.strip("."):
        return "".join(map(_percent, text)) or _percent("/")
    return "".join(_percent(c) if c in _UNPRINTED else c for c in plain(text))


def _percent(sign: str) -> str:
    return "".join(f"%{byte:02X}" for byte in sign.encode("utf-8", "surrogatepass"))

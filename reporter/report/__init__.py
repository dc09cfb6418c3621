"""Writers by format name: each takes the view and the path to write; "html" may be given the passes, "pdf" what to attach.

Nothing heavy is imported before it is used.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from reporter.texts import speaking

if TYPE_CHECKING:
    from .shape import View


class Writer(Protocol):
    """Writes a view to a path; what else it may be given is in the function behind it."""

    def __call__(self, view: View, path: Path, /, **more: Any) -> None: ...


def _lazy(module: str, function: str, **own: str) -> Writer:
    def write(view: View, path: Path, /, **more: Any) -> None:
        with speaking(view.cover.language):
            getattr(import_module(f".{module}", __package__), function)(view, path, **own, **more)

    return write


def warm_up(formats: Iterable[str]) -> None:
    """Import what takes long to import, in the background; whoever writes the format says if that fails."""

    def work() -> None:
        for name in ("html", "pdf"):
            with suppress(Exception):
                if any(f.endswith(name) for f in formats):
                    import_module(f".{name}", __package__)

    threading.Thread(target=work).start()


EDITIONS = ("auditor", "board", "engineer")
"""Of HTML and PDF; that of the auditor holds everything, and its formats are named html and pdf alone."""


def edition_formats(formats: Iterable[str], editions: Iterable[str]) -> tuple[str, ...]:
    """Return the names of writers: html and pdf once an edition."""
    named = [
        (f if e == EDITIONS[0] else f"{e}-{f}") if f in ("html", "pdf") else f
        for f in formats
        for e in editions
    ]
    return tuple(dict.fromkeys(named))


WRITERS: dict[str, Writer] = {
    **{
        name: _lazy(medium, "write", edition=edition)
        for edition in EDITIONS
        for medium in ("html", "pdf")
        for name in edition_formats([medium], [edition])
    },
    "csv": _lazy("sheets", "write_findings"),
    "oscal": _lazy("oscal", "write"),
    "xlsx": _lazy("xlsx", "write"),
    "ocsf": _lazy("ocsf", "write"),
    "sarif": _lazy("sarif", "write"),
}

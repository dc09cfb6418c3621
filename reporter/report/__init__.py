"""Writers by format name: each takes the view and the path to write.

Nothing heavy is imported before it is used.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Container
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .shape import View

Writer = Callable[["View", Path], None]


def _lazy(module: str, function: str) -> Writer:
    def write(view: View, path: Path) -> None:
        getattr(import_module(f".{module}", __package__), function)(view, path)

    return write


def warm_up(formats: Container[str]) -> None:
    """Import what takes long to import, in the background; whoever writes the format says if that fails."""

    def work() -> None:
        for name in ("html", "pdf"):
            with suppress(Exception):
                if name in formats:
                    import_module(f".{name}", __package__)

    threading.Thread(target=work).start()


WRITERS: dict[str, Writer] = {
    "html": _lazy("html", "write"),
    "pdf": _lazy("pdf", "write"),
    "json": _lazy("view", "write"),
    "csv": _lazy("sheets", "write_findings"),
    "xlsx": _lazy("xlsx", "write"),
    "ocsf": _lazy("ocsf", "write"),
    "sarif": _lazy("sarif", "write"),
}

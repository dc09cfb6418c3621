"""Writers by format name: each takes the view and the path to write.

Nothing heavy is imported before it is used.
"""

from __future__ import annotations

from collections.abc import Callable
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


WRITERS: dict[str, Writer] = {
    "html": _lazy("html", "write"),
    "pdf": _lazy("pdf", "write"),
    "json": _lazy("view", "write"),
    "csv": _lazy("sheets", "write_findings"),
}

"""Where what ships stands, beside the package or in a wheel; what a workspace holds. In: nothing.
Out: folders.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

EVIDENCE = ("baseline", "inventory", "logs", "statements")
"""Folders of a workspace that are read."""
_INSTEAD: list[tuple[Path, Path]] = []
"""Content in the place of what ships, in a child that performs the checks of others again."""


def read_instead(frameworks: Path, sources: Path) -> None:
    """Have this process read content of another place than what ships; before it reads any, as all
    of it is kept. Only for a child.
    """
    _INSTEAD.append((frameworks, sources))


@cache
def content_dir() -> tuple[Path, Path]:
    """Return (frameworks, sources) folders."""
    if _INSTEAD:
        return _INSTEAD[0]
    package = Path(__file__).parents[1]
    packed = package / "_data" / "frameworks"
    frameworks = packed if packed.exists() else package.parent / "frameworks"
    return frameworks, package / "ingest" / "sources"


@cache
def locale_dir() -> Path:
    """Return the folder of translations."""
    package = Path(__file__).parents[1]
    packed = package / "_data" / "templates"
    templates = packed if packed.is_dir() else package.parent / "templates"
    return templates / "locale"

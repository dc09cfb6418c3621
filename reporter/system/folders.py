"""Where what ships stands: beside the package in a checkout, inside it in a wheel. In: nothing.
Out: folders.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def content_dir() -> tuple[Path, Path]:
    """Return (frameworks, sources) folders."""
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

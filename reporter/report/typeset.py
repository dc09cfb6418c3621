"""The appendix by typst, which is ten times as fast as WeasyPrint on tables. In: sections, words. Out: PDF, a part each.

The only import of typst. Texts go in as JSON and no font but ours is looked at; nothing is fetched.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from .appendix import COLUMNS, SHARES, TITLE, Row, Section
from .fonts import Ruler

_FAMILIES = ("Source Sans 3", "DejaVu Sans", "Droid Sans Fallback")
_SIZE = 7.6
_WIDTH = 493.2
"""Of the text, in points."""
_GUTTER = 5.2
_LONG = 900
"""Characters of a cell, from which a row may be longer than a page."""


def is_installed() -> bool:
    """Say whether typst can be used."""
    return importlib.util.find_spec("typst") is not None


def findings(sections: Iterable[Section], at: datetime, folder: Path) -> bytes:
    """Lay out a part of the appendix, tagged, without headers and footers."""
    ruler = Ruler(folder / "fonts", _SIZE)
    room = [share * _WIDTH / sum(SHARES) - _GUTTER for share in SHARES]
    data = {
        "columns": COLUMNS,
        "shares": SHARES,
        "size": _SIZE,
        "title": TITLE,
        "sections": [_section(s, ruler, room) for s in sections],
    }
    return _compile("findings.typ", data, at, folder, pdf_standards=["a-3a", "ua-1"])


def _section(section: Section, ruler: Ruler, room: list[float]) -> dict[str, Any]:
    rows = [_row(row, ruler, room) for row in section.rows]
    return {"head": ruler.cut(section.head, 0.9 * _WIDTH), "rows": rows}


def _row(row: Row, ruler: Ruler, room: list[float]) -> dict[str, Any]:
    return {
        "cells": [ruler.cut(cell, width) for cell, width in zip(row.cells, room, strict=True)],
        "actor": ruler.cut(row.actor, room[0]),
        "long": max(map(len, row.cells)) > _LONG,
    }


def running(head: str, foot: str, first: int, count: int, at: datetime, folder: Path) -> bytes:
    """Lay out headers and footers alone, for the last pages of a document, numbered from the first on."""
    data = {"head": head, "foot": foot, "first": first, "count": count, "total": first + count - 1}
    return _compile("running.typ", data, at, folder, pdf_tags=False)


def _compile(name: str, data: dict[str, Any], at: datetime, folder: Path, **options: Any) -> bytes:
    import typst

    files: Any = {
        "main.typ": (folder / name).read_bytes(),
        "data.json": json.dumps(data | {"fonts": _FAMILIES}, ensure_ascii=False).encode(),
    }
    made = typst.compile(
        files,
        font_paths=[str(folder / "fonts")],
        ignore_system_fonts=True,
        timestamp=int(at.timestamp()),
        **options,
    )
    assert isinstance(made, bytes)
    return made

"""The last chapters by typst, which is ten times as fast as WeasyPrint. In: sections, sums, words.
Out: one PDF per part.

This is the only import of typst. Texts are passed as JSON, only our fonts are used, and nothing is
fetched.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from reporter.errors import ReporterError
from reporter.i18n.translate import language, say
from reporter.report.editions.appendix import COLUMNS, SHARES, SUMS, TITLE, Section, Sums
from reporter.report.pdf.fonts import Faces
from reporter.report.view.elements import Cover

_FAMILIES = ("Source Sans 3", "DejaVu Sans", "Droid Sans Fallback")
_SIZE, _SMALL = 7.6, 7.4
"""Of the text of tables and of sums, in points."""
_WIDTH = 493.2
"""Of the text, in points."""
_GUTTER = 5.2
_LONG = 900
"""Characters of a cell, from which a row may be longer than a page."""
_MANY = 500
"""Rows: a part of so many takes memory enough that it is worth to be freed."""
_KEPT = 10
"""What typst laid out it keeps for so many documents more, at 0.1 MB a row: empty ones push it
out.
"""
_EMPTY = {"main.typ": b""}
NEEDED = "typst>=0.15,<0.16"
"""As in pyproject.toml."""


def _typst() -> ModuleType:
    """Import typst when a PDF needs it; raise ReporterError with advice if that fails."""
    try:
        import typst
    except ImportError as error:
        raise ReporterError(
            f"typst cannot be imported, which sets the last chapters: {error}",
            "report.pdf",
            f"It is one of the packages that Reporter needs: pip install '{NEEDED}', or ask for"
            " --formats without pdf.",
        ) from None
    return typst


class Press:
    """Lays out the pages of the appendix of one report."""

    def __init__(self, folder: Path, cover: Cover) -> None:
        """Load the templates, and take from the cover the text of every page."""
        self._typst = _typst()
        self._folder = folder
        self._faces = Faces(folder / "fonts")
        self._at = int(datetime.fromisoformat(cover.as_of_iso).timestamp())
        self._organisation = cover.organisation
        self._foot = say(
            "Management self-assessment · evidence {id} · page ", id=cover.evidence_short
        )

    def findings(self, part: Sequence[Section]) -> bytes:
        """Lay out a part, tagged, without headers and footers."""
        part_pdf = self._printed(lambda plain: self._findings(part, plain))
        if sum(len(section.rows) for section in part) >= _MANY:
            for _ in range(_KEPT + 1):
                self._typst.compile(_EMPTY, ignore_system_fonts=True)
        return part_pdf

    def sums(self, parts: Sequence[Sums]) -> bytes:
        """Lay out all sums, tagged, without headers and footers; each part begins with a
        heading.
        """
        return self._printed(lambda plain: self._sums(parts, plain))

    def running(self, chapter: str, first_page: int, count: int, total: int) -> bytes:
        """Lay out only the headers and footers for the pages of a chapter, numbered from the first
        page.
        """
        return self._printed(lambda plain: self._running(chapter, first_page, count, total, plain))

    def _printed(self, layout: Callable[[bool], bytes]) -> bytes:
        try:
            return layout(False)
        except self._typst.TypstError:
            # Some marks of rare scripts cannot be drawn, although a font has them. Their code
            # points can.
            return layout(True)

    def _findings(self, part: Sequence[Section], plain: bool) -> bytes:
        data = {
            "columns": [say(name) for name in COLUMNS],
            "shares": SHARES,
            "size": _SIZE,
            "title": say(TITLE),
            "sections": [self._section(section, plain) for section in part],
        }
        return self._compile("findings.typ", data, pdf_standards=["a-3a", "ua-1"])

    def _section(self, section: Section, plain: bool) -> dict[str, Any]:
        cell_text = partial(self._said, plain=plain)
        room = [(share * _WIDTH / sum(SHARES) - _GUTTER) / _SIZE for share in SHARES]
        rows = [
            {
                "cells": [
                    cell_text(cell, width) for cell, width in zip(row.cells, room, strict=True)
                ],
                "actor": cell_text(row.actor, room[0]),
                "long": max(map(len, row.cells)) > _LONG,
            }
            for row in section.rows
        ]
        return {"head": cell_text(section.head, 0.9 * _WIDTH / _SIZE), "rows": rows}

    def _sums(self, parts: Sequence[Sums], plain: bool) -> bytes:
        room = _WIDTH / _SMALL
        parts_data = [
            {
                "name": self._said(part.name, 0.5 * room, plain),
                "sums": [[self._said(line, room, plain) for line in lines] for lines in part.sums],
            }
            for part in parts
        ]
        data = {"title": say(SUMS), "size": _SMALL, "parts": parts_data}
        return self._compile("sums.typ", data, pdf_standards=["a-3a", "ua-1"])

    def _said(self, text: str, room: float, plain: bool) -> str | list[str]:
        return self._faces.cut(self._faces.written(text, plain), room)

    def _running(self, chapter: str, first_page: int, count: int, total: int, plain: bool) -> bytes:
        head = f"{self._organisation} · {say(chapter)}"
        data = {
            "head": self._faces.written(head, plain),
            "foot": self._faces.written(self._foot, plain),
            "of": self._faces.written(say(" of "), plain),
            "first": first_page,
            "count": count,
            "total": total,
        }
        return self._compile("running.typ", data, pdf_tags=False)

    def _compile(self, name: str, data: dict[str, Any], **options: Any) -> bytes:
        files = {
            "main.typ": (self._folder / name).read_bytes(),
            "sheet.typ": (self._folder / "sheet.typ").read_bytes(),
            "data.json": (
                json.dumps(
                    data | {"fonts": _FAMILIES, "lang": language()}, ensure_ascii=False
                ).encode()
            ),
        }
        output = self._typst.compile(
            files,
            font_paths=[str(self._folder / "fonts")],
            ignore_system_fonts=True,
            timestamp=self._at,
            **options,
        )
        assert isinstance(output, bytes)
        return output

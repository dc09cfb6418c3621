"""The complete edition by typst, which is six times as fast as WeasyPrint. In: HTML, sections. Out:
one PDF per part.

This is the only import of typst. Texts are passed as JSON or as literals, only our fonts are used,
and nothing is fetched.
"""

from __future__ import annotations

import ctypes
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from reporter.errors import ReporterError
from reporter.i18n.translate import language, say
from reporter.report.editions.appendix import COLUMNS, SHARES, TITLE, Section
from reporter.report.pdf.cell_lines import CellLines
from reporter.report.pdf.fonts import FAMILIES, Faces, keep_percents
from reporter.report.pdf.typeset import TEXT_WIDTH, literal, typeset
from reporter.report.view.elements import Cover

_FAMILIES = ("Source Sans 3", *FAMILIES.values())
_SIZE = 7.6
"""Of the text of the findings, in points."""
_GUTTER = 5.2
_LONG = 900
"""Characters of a cell, from which a row may be longer than a page."""
_MANY = 500
"""Rows: a part of so many takes memory enough that it is worth to be freed."""
_MANY_PAGES = 100
"""To be bound behind a report, which takes the memory that its own pages held."""
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
            f"typst cannot be imported, which sets the report: {error}",
            "report.pdf",
            f"It is one of the packages that Reporter needs: pip install '{NEEDED}', or ask for"
            " --formats without pdf.",
        ) from None
    return typst


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a PDF."""

    path: Path
    kind: str
    """Its media type."""
    description: str


class Press:
    """Lays out the pages of one report, dated `as_of` as a cover has it for machines."""

    def __init__(self, folder: Path, as_of: str) -> None:
        """Load the fonts beside the templates of a folder."""
        typst = _typst()
        self._error, self._folder = typst.TypstError, folder
        fonts = typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=[str(folder / "fonts")],
        )
        self._compiler = typst.Compiler(font_paths=fonts)
        self._faces = Faces(folder / "fonts")
        self._lines = CellLines(folder / "fonts")
        self._at = int(datetime.fromisoformat(as_of).timestamp())

    def report(
        self,
        cover: Cover,
        page: str,
        more: int,
        attachments: Sequence[Attachment],
        folder: Path,
        on_layout: Callable[[], None] = lambda: None,
    ) -> tuple[bytes, list[set[int]]]:
        """Lay out the HTML of an edition in a folder, tagged, with headers and footers; return with
        it the cells of each table that head a row. So many more pages will follow. `on_layout` is
        called when typst begins, which leaves Python to others.
        """
        row_heads: list[set[int]] = []

        def layout(plain: bool) -> bytes:
            made = typeset(page, partial(self._said, plain=plain))
            row_heads[:] = made.row_heads
            for name, content in made.files.items():
                (folder / name).write_bytes(content)
            code = f'#import "paper.typ": *\n#show: sheet\n{attached}{made.code}'
            data = self._sheet(cover, plain) | {"more": more}
            on_layout()
            return self._compile(code, data, folder, pdf_standards=["a-3a", "ua-1"])

        if more:
            _give_back()
        for attachment in attachments:
            shutil.copyfile(attachment.path, folder / attachment.path.name)
        attached = "".join(map(_attached, attachments))
        report_pdf = self._printed(layout)
        if more >= _MANY_PAGES:
            self._forget()
        return report_pdf, row_heads

    def _forget(self) -> None:
        """Free what typst keeps of the last documents."""
        for _ in range(_KEPT + 1):
            self._compiler.compile(_EMPTY)

    def _sheet(self, cover: Cover, plain: bool) -> dict[str, Any]:
        return {
            "title": f"{cover.title}: {cover.organisation}, {cover.period}",
            "author": cover.organisation,
            "accent": cover.accent,
            "organisation": self._faces.written(cover.organisation, plain),
            **self._foot_words(cover, plain),
        }

    def _foot_words(self, cover: Cover, plain: bool) -> dict[str, str]:
        foot = say("Management self-assessment · evidence {id} · page ", id=cover.evidence_short)
        words = {"foot": foot, "of": say(" of ")}
        return {name: self._faces.written(text, plain) for name, text in words.items()}

    def findings(self, part: Sequence[Section]) -> bytes:
        """Lay out a part, tagged, without headers and footers."""
        part_pdf = self._printed(lambda plain: self._findings(part, plain))
        if sum(len(section.rows) for section in part) >= _MANY:
            self._forget()
        return part_pdf

    def running(self, cover: Cover, chapter: str, first_page: int, count: int, total: int) -> bytes:
        """Lay out only the headers and footers for the pages of a chapter, numbered from the first
        page.
        """
        pages = {"first": first_page, "count": count, "total": total}
        return self._printed(lambda plain: self._running(cover, chapter, pages, plain))

    def _printed(self, layout: Callable[[bool], bytes]) -> bytes:
        try:
            return layout(False)
        except self._error:
            # Some marks of rare scripts cannot be drawn, although a font has them. Their code
            # points can.
            return layout(True)

    def _findings(self, part: Sequence[Section], plain: bool) -> bytes:
        data = {
            "columns": [say(name) for name in COLUMNS],
            "shares": SHARES,
            "size": _SIZE,
            "cap": self._lines.cap_height,
            "title": say(TITLE),
            "sections": [self._section(section, plain) for section in part],
        }
        return self._compile(self._template("findings.typ"), data, pdf_standards=["a-3a", "ua-1"])

    def _section(self, section: Section, plain: bool) -> dict[str, Any]:
        cell_text = partial(self._said, plain=plain)
        room = [(share * TEXT_WIDTH / sum(SHARES) - _GUTTER) / _SIZE for share in SHARES]
        rows = []
        for row in section.rows:
            cells = [cell_text(cell, width) for cell, width in zip(row.cells, room, strict=True)]
            actor = cell_text(row.actor, room[0])
            is_long = max(map(len, row.cells)) > _LONG
            lines = 0 if is_long else self._row_lines(cells, actor, room)
            rows.append({"cells": cells, "actor": actor, "long": is_long, "lines": lines})
        return {"head": cell_text(section.head, 0.9 * TEXT_WIDTH / _SIZE), "rows": rows}

    def _row_lines(
        self, cells: Sequence[str | list[str]], actor: str | list[str], room: Sequence[float]
    ) -> int:
        """Return the lines of a row; 0 where only typst can tell."""
        least = most = 0
        for n, (cell, width) in enumerate(zip(cells, room, strict=True)):
            lines = self._lines.count(_pieces(cell), width)
            if lines and n == 0 and actor:
                below = self._lines.count(_pieces(actor), width)
                lines = below and (lines[0] + below[0], lines[1] + below[1])
            if lines is None:
                return 0
            least, most = max(least, lines[0]), max(most, lines[1])
        return most if least == most else 0

    def _said(self, text: str, room: float, plain: bool) -> str | list[str]:
        return self._faces.cut(keep_percents(self._faces.written(text, plain)), room)

    def _running(self, cover: Cover, chapter: str, pages: dict[str, int], plain: bool) -> bytes:
        head = f"{cover.organisation} · {say(chapter)}"
        data = {
            "head": self._faces.written(head, plain),
            **self._foot_words(cover, plain),
            **pages,
        }
        return self._compile(self._template("running.typ"), data, pdf_tags=False)

    def _template(self, name: str) -> str:
        return (self._folder / name).read_text("utf-8")

    def _compile(
        self, code: str, data: dict[str, Any], folder: Path | None = None, **options: Any
    ) -> bytes:
        """Compile code; what it opens that is no text has to stand in a folder."""
        data |= {"fonts": _FAMILIES, "lang": language()}
        texts = {
            "main.typ": code,
            **{name: self._template(name) for name in ("sheet.typ", "paper.typ")},
            "data.json": json.dumps(data, ensure_ascii=False),
        }
        files = {name: text.encode() for name, text in texts.items()}
        if folder:
            for name, content in files.items():
                (folder / name).write_bytes(content)
        output = self._compiler.compile(
            folder / "main.typ" if folder else files, root=folder, timestamp=self._at, **options
        )
        assert isinstance(output, bytes)
        return output


def _pieces(text: str | list[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def _give_back() -> None:
    """Give the memory that was freed back to the system, as glibc keeps it otherwise."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)


def _attached(attachment: Attachment) -> str:
    """Return the code that attaches a file."""
    return (
        f'#pdf.attach({literal(attachment.path.name)}, relationship: "data", mime-type:'
        f" {literal(attachment.kind)}, description: {literal(attachment.description)})\n"
    )

"""The long editions by typst, which is six times as fast as WeasyPrint. In: the HTML of a page.
Out: a PDF.

This is the only import of typst. Texts are passed as JSON or as literals, only our fonts are used,
and nothing is fetched.
"""

from __future__ import annotations

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
from reporter.report.pdf.fonts import FAMILIES, Faces
from reporter.report.pdf.row_heads import mark_row_heads
from reporter.report.pdf.typeset import literal, typeset
from reporter.report.view.elements import Cover
from reporter.report.view.format import keep_percents

_FAMILIES = ("Source Sans 3", *FAMILIES.values())
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
    relationship: str = "data"
    """As PDF/A-3 has it: data | supplement."""


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
        self._at = int(datetime.fromisoformat(as_of).timestamp())

    def report(
        self,
        cover: Cover,
        page: str,
        attachments: Sequence[Attachment],
        folder: Path,
        on_layout: Callable[[], None] = lambda: None,
    ) -> bytes:
        """Lay out the HTML of an edition in a folder, tagged, with headers and footers. `on_layout`
        is called when typst begins, which leaves Python to others.
        """
        row_heads: list[set[int]] = []

        def layout(plain: bool) -> bytes:
            made = typeset(page, partial(self._said, plain=plain))
            row_heads[:] = made.row_heads
            for name, content in made.files.items():
                (folder / name).write_bytes(content)
            code = f'#import "paper.typ": *\n#show: sheet\n{attached}{made.code}'
            on_layout()
            return self._compile(code, self._sheet(cover, plain), folder)

        for path in (a.path for a in attachments if a.path.parent != folder):
            shutil.copyfile(path, folder / path.name)
        attached = "".join(map(_attached, attachments))
        return mark_row_heads(self._printed(layout), row_heads)

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

    def _printed(self, layout: Callable[[bool], bytes]) -> bytes:
        try:
            return layout(False)
        except self._error:
            # Some marks of rare scripts cannot be drawn, although a font has them. Their code
            # points can.
            return layout(True)

    def _said(self, text: str, room: float, plain: bool) -> str | list[str]:
        return self._faces.cut(keep_percents(self._faces.written(text, plain)), room)

    def _template(self, name: str) -> str:
        return (self._folder / name).read_text("utf-8")

    def _compile(self, code: str, data: dict[str, Any], folder: Path) -> bytes:
        """Compile code in a folder, which holds what the code opens."""
        data |= {"fonts": _FAMILIES, "lang": language()}
        texts = {
            "main.typ": code,
            "paper.typ": self._template("paper.typ"),
            "data.json": json.dumps(data, ensure_ascii=False),
        }
        for name, text in texts.items():
            (folder / name).write_bytes(text.encode())
        output = self._compiler.compile(
            folder / "main.typ", root=folder, timestamp=self._at, pdf_standards=["a-3a", "ua-1"]
        )
        assert isinstance(output, bytes)
        return output


def _attached(attachment: Attachment) -> str:
    """Return the code that attaches a file."""
    return (
        f"#pdf.attach({literal(attachment.path.name)}, relationship:"
        f" {literal(attachment.relationship)}, mime-type: {literal(attachment.kind)},"
        f" description: {literal(attachment.description)})\n"
    )

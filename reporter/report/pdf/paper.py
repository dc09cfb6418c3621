"""The editions on paper, as tagged PDF/A-3a and PDF/UA-1. Only the complete one has the data of the
run attached.

The bytes depend on the view alone: fonts come with the templates, dates come from the run, and
nothing is fetched.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase
from tempfile import TemporaryDirectory

from reporter.i18n.translate import mark, say, speaking
from reporter.report.document import View
from reporter.report.editions.appendix import TITLE, Chapter, chapter, parts, sections
from reporter.report.html import page as html
from reporter.report.html.custom_template import Template
from reporter.report.pdf import merge, typst_pages
from reporter.report.view.format import short
from reporter.runs.store import DATA, LISTS, RESULTS, sha256

LONGEST_WORD = 500
"""Characters without a place to break. The time a word takes grows by the square of its length:
10,000 take twenty seconds.
"""
_LONG_WORD = re.compile(rf"(?<=[\s>])[^\s<>\"]{{{LONGEST_WORD + 1},}}")
COMPLETE = "auditor"
"""The edition with the appendix "All findings" and with the data of the run in it."""
_TYPESET = (COMPLETE, "engineer")
"""The long editions, which typst lays out."""
PART = 1500
"""Rows laid out at once: what bounds the memory."""
_MARKS = ascii_uppercase.replace("U", "") + ascii_lowercase
"""Of parts: more than there can be of up to LONGEST findings. U is that of the report."""
LONGEST = 40_000
"""Findings up to which the list is complete: a minute of work, and at the most 1,500 pages."""
CUT = 5000
"""Findings of a list that is not complete."""


def write(
    view: View,
    path: Path,
    edition: str = "auditor",
    template: Template | None = None,
    data: Sequence[Path] = (),
) -> None:
    """Write an edition as PDF. `data` are the files of the run to attach to the complete one."""
    path.write_bytes(render(view, template.name if template else edition, template, data))


def render(
    view: View,
    edition: str = "auditor",
    template: Template | None = None,
    data: Sequence[Path] = (),
) -> bytes:
    """Lay out an edition on paper, and add the tags that PDF/UA requires."""
    with speaking(view.cover.language):
        return _render(view, edition, template, data)


def _render(view: View, edition: str, template: Template | None, data: Sequence[Path]) -> bytes:
    if edition in _TYPESET and template is None:
        # Other editions must not carry findings, owners or addresses that they do not print.
        return _typeset(view, edition, data if edition == COMPLETE else None)
    # Imported where it is needed: it takes half a second.
    from reporter.report.pdf import weasyprint_pages

    page = html.render(view, "paper", weasyprint_pages.PLACE, edition, template=template)
    return weasyprint_pages.lay_out(shorten_words(page))


def _typeset(view: View, edition: str, data: Sequence[Path] | None) -> bytes:
    """Lay out a long edition. The last chapter comes first, where there is one: the edition states
    its length.
    """
    press = typst_pages.Press(html.templates_dir(), view.cover)
    with TemporaryDirectory() as name:
        folder = Path(name)
        appendix = _lay_out(view, data, folder, press) if data is not None else None
        begins, laid_parts = (appendix.begins, appendix.parts) if appendix else (None, [])
        page = shorten_words(html.render(view, "paper", "", edition, begins))
        pages = sum(part.pages for part in laid_parts)
        attachments = list(map(_attachment, data or ()))
        report_pdf, row_heads = press.report(page, pages, attachments, folder)
        out = io.BytesIO()
        binder = merge.Binder(report_pdf, row_heads, out)
        binder.close(_append(binder, laid_parts, press, merge.count_pages(report_pdf)))
        return out.getvalue()


_ATTACHED = {
    DATA: mark("The content of this report for machines, with scores as exact fractions"),
    LISTS: mark("The longest lists of this report, for machines"),
    RESULTS: mark("Every result of this report, for machines"),
}
_KINDS = {
    DATA: "application/json",
    LISTS: "application/gzip",
    RESULTS: "application/vnd.apache.parquet",
}


def _attachment(path: Path) -> typst_pages.Attachment:
    description = say(_ATTACHED[path.name])
    return typst_pages.Attachment(path, _KINDS[path.name], description)


@dataclass(frozen=True, slots=True)
class _Part:
    """Pages to be bound behind the report."""

    path: Path
    pages: int
    heads: tuple[str | None, ...]
    """The bookmark of each of its heads; None for what went on from the part before."""


@dataclass(frozen=True, slots=True)
class _Appendix:
    begins: Chapter
    parts: list[_Part]


def _lay_out(view: View, data: Sequence[Path], folder: Path, press: typst_pages.Press) -> _Appendix:
    """Lay out the parts of the appendix in a folder. Its first page states its length."""
    finding_sections = list(sections(view, CUT if len(view.findings) > LONGEST else None))
    laid_parts = [
        _part(folder / f"{n}.pdf", press.findings(p), [None if s.goes_on else s.name for s in p])
        for n, p in enumerate(parts(finding_sections, PART))
    ]
    shown_count = sum(len(s.rows) for s in finding_sections)
    digest = "".join(sha256(path) for path in data if path.name == RESULTS)
    pages = sum(part.pages for part in laid_parts)
    return _Appendix(chapter(view, shown_count, pages, digest), laid_parts)


def _part(path: Path, part_pdf: bytes, heads: Iterable[str | None]) -> _Part:
    path.write_bytes(part_pdf)
    return _Part(path, merge.count_pages(part_pdf), tuple(heads))


def _append(
    binder: merge.Binder, laid_parts: Sequence[_Part], press: typst_pages.Press, start: int
) -> list[tuple[str, int]]:
    """Append the parts behind so many pages, and return their bookmarks."""
    marks: list[tuple[str, int]] = []
    if pages := sum(part.pages for part in laid_parts):
        binder.run(press.running(TITLE, start + 1, pages, start + pages))
    for index, part in enumerate(laid_parts):
        positions = binder.add(part.path.read_bytes(), _MARKS[index])
        headings = zip(part.heads, positions, strict=True)
        marks += [(head, page) for head, page in headings if head is not None]
    return marks


def shorten_words(page: str) -> str:
    """Cut words that are too long for paper, with a note on the omitted part and its place."""
    return _LONG_WORD.sub(
        lambda m: escape(short(unescape(m[0]), f"{DATA}, {RESULTS}", LONGEST_WORD)), page
    )

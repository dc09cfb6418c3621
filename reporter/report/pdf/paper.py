"""The editions on paper, as tagged PDF/A-3a and PDF/UA-1. Only the complete one has the data of the
run attached.

The bytes depend on the view alone: fonts come with the templates, dates come from the run, and
nothing is fetched.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase
from tempfile import TemporaryDirectory

from reporter.i18n.translate import mark, say, speaking
from reporter.report.document import View
from reporter.report.editions.appendix import TITLE, Chapter, chapter, parts, sections, totals_of
from reporter.report.html import page as html
from reporter.report.html.custom_template import Template
from reporter.report.pdf import merge, typst_pages
from reporter.report.pdf.fonts import keep_percents
from reporter.report.view.elements import Cover
from reporter.report.view.finding_rows import Findings
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
    appendix: Callable[[], Appendix] | None = None,
    on_layout: Callable[[], None] = lambda: None,
) -> None:
    """Write an edition as PDF. `data` are the files of the run to attach to the complete one, and
    `appendix` returns its last chapter where that is laid out already; `on_layout` as for
    `Press.report`.
    """
    name = template.name if template else edition
    path.write_bytes(render(view, name, template, data, appendix, on_layout))


def render(
    view: View,
    edition: str = "auditor",
    template: Template | None = None,
    data: Sequence[Path] = (),
    appendix: Callable[[], Appendix] | None = None,
    on_layout: Callable[[], None] = lambda: None,
) -> bytes:
    """Lay out an edition on paper, and add the tags that PDF/UA requires."""
    with speaking(view.cover.language):
        if edition in _TYPESET and template is None:
            # Other editions must not carry findings, owners or addresses that they do not print.
            attached = data if edition == COMPLETE else None
            return _typeset(view, edition, attached, appendix, on_layout)
        return _render(view, edition, template)


def _render(view: View, edition: str, template: Template | None) -> bytes:
    # Imported where it is needed: it takes half a second.
    from reporter.report.pdf import weasyprint_pages

    page = html.render(view, "paper", weasyprint_pages.PLACE, edition, template=template)
    return weasyprint_pages.lay_out(_prepared(page))


def _typeset(
    view: View,
    edition: str,
    data: Sequence[Path] | None,
    laid_out: Callable[[], Appendix] | None,
    on_layout: Callable[[], None],
) -> bytes:
    """Lay out a long edition. The last chapter comes first, where there is one: the edition states
    its length.
    """
    cover = view.cover
    with TemporaryDirectory() as name:
        folder = Path(name)
        begins = None
        if data is None or view.readiness:  # a readiness report names the failures itself
            appendix = Appendix(typst_pages.Press(html.templates_dir(), cover.as_of_iso), [], 0)
        else:
            lists = view.findings, totals_of(view)
            appendix = laid_out() if laid_out else lay_out(*lists, cover.as_of_iso, folder)
            begins = _first_page(view, appendix, data)
        page = _prepared(html.render(view, "paper", "", edition, begins))
        attachments = list(map(_attachment, data or ()))
        report_pdf, row_heads = appendix.press.report(
            cover, page, appendix.pages, attachments, folder, on_layout
        )
        out = io.BytesIO()
        binder = merge.Binder(report_pdf, row_heads, out)
        binder.close(_append(binder, appendix, cover, merge.count_pages(report_pdf)))
        return out.getvalue()


_ATTACHED = {
    DATA: mark("The content of this report, machine-readable, with scores as exact fractions"),
    LISTS: mark("The longest lists of this report, machine-readable"),
    RESULTS: mark("Every result of this report, machine-readable"),
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
class Appendix:
    """All findings, laid out but for their first page."""

    press: typst_pages.Press
    parts: list[_Part]
    shown_count: int

    @property
    def pages(self) -> int:
        """Of all parts."""
        return sum(part.pages for part in self.parts)


def lay_out(
    findings: Findings, totals: Mapping[str, Mapping[str, int]], as_of: str, folder: Path
) -> Appendix:
    """Lay out the findings in a folder, in the language that is spoken. They need no view: this may
    go on beside what makes it. `totals` as for `sections`, `as_of` as for a `Press`.
    """
    folder.mkdir(exist_ok=True)
    press = typst_pages.Press(html.templates_dir(), as_of)
    finding_sections = list(sections(findings, totals, CUT if len(findings) > LONGEST else None))
    laid_parts = [
        _part(folder / f"{n}.pdf", press.findings(p), [None if s.goes_on else s.name for s in p])
        for n, p in enumerate(parts(finding_sections, PART))
    ]
    return Appendix(press, laid_parts, sum(len(s.rows) for s in finding_sections))


def _first_page(view: View, appendix: Appendix, data: Sequence[Path]) -> Chapter:
    digest = "".join(sha256(path) for path in data if path.name == RESULTS)
    return chapter(view, appendix.shown_count, appendix.pages, digest)


def _part(path: Path, part_pdf: bytes, heads: Iterable[str | None]) -> _Part:
    path.write_bytes(part_pdf)
    return _Part(path, merge.count_pages(part_pdf), tuple(heads))


def _append(
    binder: merge.Binder, appendix: Appendix, cover: Cover, start: int
) -> list[tuple[str, int]]:
    """Append the parts behind so many pages, and return their bookmarks."""
    marks: list[tuple[str, int]] = []
    if pages := appendix.pages:
        binder.run(appendix.press.running(cover, TITLE, start + 1, pages, start + pages))
    for index, part in enumerate(appendix.parts):
        positions = binder.add(part.path.read_bytes(), _MARKS[index])
        headings = zip(part.heads, positions, strict=True)
        marks += [(head, page) for head, page in headings if head is not None]
    return marks


def _prepared(page: str) -> str:
    return keep_percents(shorten_words(page))


def shorten_words(page: str) -> str:
    """Cut words that are too long for paper, with a note on the omitted part and its place."""
    return _LONG_WORD.sub(
        lambda m: escape(short(unescape(m[0]), f"{DATA}, {RESULTS}", LONGEST_WORD)), page
    )

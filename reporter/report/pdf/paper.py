"""The editions on paper, as tagged PDF/A-3a and PDF/UA-1. Only the complete one has the data of the
run attached.

The bytes depend on the view alone: fonts come with the templates, dates come from the run, and
nothing is fetched.
"""

from __future__ import annotations

import gc
import io
import re
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from html import escape, unescape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pikepdf
import weasyprint
from weasyprint.urls import URLFetcher, URLFetcherResponse

from reporter.i18n.translate import mark, say, speaking
from reporter.report.document import View
from reporter.report.editions.appendix import (
    SUMS,
    TITLE,
    Chapter,
    chapter,
    parts,
    sections,
    sums,
)
from reporter.report.html import page as html
from reporter.report.html.custom_template import Template
from reporter.report.pdf import merge, typst_pages
from reporter.report.pdf.fonts import FONTS, undrawable
from reporter.report.view.format import short
from reporter.runs.store import DATA, LISTS, RESULTS, sha256

_UA = (
    '<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" '
    'pdfuaid:part="1"/><rdf:Description rdf:about="" '
    'xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" '
    'xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" '
    'xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#"><pdfaExtension:schemas><rdf:Bag>'
    '<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>PDF/UA Universal Accessibility Schema'
    "</pdfaSchema:schema><pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/"
    "</pdfaSchema:namespaceURI><pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix><pdfaSchema:property>"
    '<rdf:Seq><rdf:li rdf:parseType="Resource"><pdfaProperty:name>part</pdfaProperty:name>'
    "<pdfaProperty:valueType>Integer</pdfaProperty:valueType><pdfaProperty:category>internal"
    "</pdfaProperty:category><pdfaProperty:description>Indicates, which part of ISO 14289 standard "
    "is followed</pdfaProperty:description></rdf:li></rdf:Seq></pdfaSchema:property></rdf:li>"
    "</rdf:Bag></pdfaExtension:schemas></rdf:Description>"
)


COMPLETE = "auditor"
"""The edition with the appendix "All findings" and with the data of the run in it."""
PART = 2500
"""Rows laid out at once: what bounds the memory."""
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
    # Other editions must not carry findings, owners or addresses that they do not print.
    is_complete = edition == COMPLETE and template is None
    attachments = [_attachment(view, path) for path in data] if is_complete else None
    with _uncollected(), TemporaryDirectory() as name:
        folder = Path(name)
        appendix = _lay_out(view, data, folder) if is_complete else None
        first_page = appendix.begins if appendix else None
        page = html.render(view, "paper", _PLACE, edition, first_page, template)
        report_pdf = _write(page, attachments)
        if appendix and len(appendix.parts) > 1:
            gc.collect()  # frees the box tree before the parts are bound
        return _bind(report_pdf, appendix, folder)


_ATTACHED = {
    DATA: mark("The content of this report for machines, with scores as exact fractions"),
    LISTS: mark("The longest lists of this report, for machines"),
    RESULTS: mark("Every result of this report, for machines"),
}


def _attachment(view: View, path: Path) -> weasyprint.Attachment:
    moment = datetime.fromisoformat(view.cover.as_of_iso)
    return weasyprint.Attachment(
        file_obj=io.BytesIO(path.read_bytes()),
        name=path.name,
        description=say(_ATTACHED[path.name]),
        created=moment,
        modified=moment,
        relationship="Data",
    )


def _write(page: str, attachments: Sequence[weasyprint.Attachment] | None = None) -> bytes:
    """Lay out a page with the fonts it needs."""
    page, faces = printable(shorten_words(page), html.templates_dir() / "fonts")
    document = weasyprint.HTML(string=page.replace(_PLACE, faces), url_fetcher=Fetcher())
    document_pdf = document.write_pdf(
        pdf_variant="pdf/a-3a",
        finisher=_identify,
        attachments=attachments,
        uncompressed_pdf=True,  # _bind reads every page, and compresses at the end
    )
    return cast(bytes, document_pdf)


@dataclass(frozen=True, slots=True)
class _Part:
    """Pages to be bound behind the report."""

    chapter: str
    path: Path
    """A file, for it is read in a third less time than bytes in memory are."""
    pages: int
    heads: tuple[str | None, ...]
    """The bookmark of each of its heads; None for what went on from the part before."""


@dataclass(frozen=True, slots=True)
class _Appendix:
    begins: Chapter
    parts: list[_Part]
    press: typst_pages.Press
    """Makes their headers and footers, once all pages are counted."""


def _lay_out(view: View, data: Sequence[Path], folder: Path) -> _Appendix:
    """Lay out the parts of the appendix in a folder. Its first page states its length."""
    press = typst_pages.Press(html.templates_dir(), view.cover)
    sum_chapters = sums(view)
    sum_parts = (
        [_part(folder / "sums.pdf", SUMS, press.sums(sum_chapters), [s.name for s in sum_chapters])]
        if sum_chapters
        else []
    )
    finding_sections = list(sections(view, CUT if len(view.findings) > LONGEST else None))
    finding_parts = [
        _part(
            folder / f"{n}.pdf",
            TITLE,
            press.findings(p),
            [None if s.goes_on else s.name for s in p],
        )
        for n, p in enumerate(parts(finding_sections, PART))
    ]
    shown_count = sum(len(s.rows) for s in finding_sections)
    digest = "".join(sha256(path) for path in data if path.name == RESULTS)
    pages, pages_before = (
        sum(p.pages for p in bound_parts) for bound_parts in (finding_parts, sum_parts)
    )
    return _Appendix(
        chapter(view, shown_count, pages, digest, pages_before), sum_parts + finding_parts, press
    )


def _part(path: Path, chapter: str, part_pdf: bytes, heads: Iterable[str | None]) -> _Part:
    path.write_bytes(part_pdf)
    with pikepdf.open(path) as pdf:
        return _Part(chapter, path, len(pdf.pages), tuple(heads))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Pause the garbage collector, which takes a third of the time over a growing box tree."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        with warnings.catch_warnings():
            # WeasyPrint leaves its colour profile open for the garbage collector.
            warnings.simplefilter("ignore", ResourceWarning)
            yield
    finally:
        if was_on:
            gc.enable()


_PLACE = "/* fonts */"
_MARK = re.compile(rb"/\w+\s*<<\s*/MCID\s+(\d+)\s*>>\s*BDC")


LONGEST_WORD = 500
"""Characters without a place to break. The time a word takes grows by the square of its length:
10,000 take twenty seconds.
"""
_LONG_WORD = re.compile(rf"(?<=[\s>])[^\s<>\"]{{{LONGEST_WORD + 1},}}")


def shorten_words(page: str) -> str:
    """Cut words that are too long for paper, with a note on the omitted part and its place."""
    return _LONG_WORD.sub(
        lambda m: escape(short(unescape(m[0]), f"{DATA}, {RESULTS}", LONGEST_WORD)), page
    )


def printable(page: str, folder: Path) -> tuple[str, str]:
    """Write out characters that no bundled font can draw; return the page and its font faces."""
    table, names = undrawable(page, folder)
    return page.translate(table), "".join(_face(folder / name) for name in names)


def _face(font: Path) -> str:
    family, weight = FONTS[font.name]
    return f'@font-face{{font-family:"{family}";font-weight:{weight};src:url(font:{font.name})}}'


class Fetcher(URLFetcher):  # type: ignore[misc]
    """Hand out the bundled fonts by name and refuse every other address."""

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
        """Return one of our own files for a page. Raises ValueError for any other address."""
        if url.startswith("data:image/"):
            return super().fetch(url)
        name = url.removeprefix("font:")
        if name not in FONTS or name == url:
            raise ValueError(f"a report opens nothing outside itself: {url}")
        # A data: URL would need no class, but costs two seconds of parsing per font.
        return URLFetcherResponse(url, (html.templates_dir() / "fonts" / name).read_bytes())


def _identify(document: object, pdf: Any) -> None:
    """Add the PDF/UA identification to the metadata; the PDF/A variant does not write it."""
    for item in pdf.objects:
        extra = getattr(item, "extra", None)
        if extra and extra.get("Type") == "/Metadata":
            xml = b"".join(item.stream)
            item.stream = [xml.replace(b"</rdf:RDF>", _UA.encode() + b"</rdf:RDF>")]


def _bind(report_pdf: bytes, appendix: _Appendix | None, folder: Path) -> bytes:
    """Repair the tags of a document, append its appendix and save both as one."""
    (folder / "report.pdf").write_bytes(report_pdf)
    with pikepdf.open(folder / "report.pdf") as pdf:
        if LISTS in pdf.attachments:  # WeasyPrint takes what is packed for JSON
            pdf.attachments[LISTS].get_file().mime_type = "application/gzip"
        _scope_all(pdf)
        _untag_running(pdf, pdf.Root.StructTreeRoot)
        if appendix and appendix.parts:
            _append(pdf, appendix)
        return _saved(pdf)


def _append(pdf: pikepdf.Pdf, appendix: _Appendix) -> None:
    binder = merge.Binder(pdf)
    spans: dict[str, tuple[int, int]] = {}
    marks: dict[str, list[tuple[str, int]]] = defaultdict(list)
    waiting = merge.LastPage(pdf)  # it introduces the list, so the sums come before it
    for index, part in enumerate(appendix.parts):
        if part.chapter == TITLE:
            waiting.put_back()
        start = len(pdf.pages)
        headings = zip(part.heads, binder.add(part.path, f"part{index + 1}"), strict=True)
        marks[part.chapter] += [(head, page) for head, page in headings if head is not None]
        spans[part.chapter] = (spans.get(part.chapter, (start, 0))[0], len(pdf.pages))
    waiting.put_back()
    binder.close()
    for title, (start, end) in spans.items():
        band = appendix.press.running(title, start + 1, end - start, len(pdf.pages))
        merge.stamp(pdf, band, start)
        merge.outline(pdf, say(title), marks[title])


def _saved(pdf: pikepdf.Pdf) -> bytes:
    out = io.BytesIO()
    pdf.save(
        out,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
        deterministic_id=True,
        compress_streams=True,
    )
    return out.getvalue()


def _scope_all(pdf: pikepdf.Pdf) -> None:
    """Give all header cells a scope."""
    for item in pdf.objects:
        if isinstance(item, pikepdf.Dictionary) and item.get("/S") == pikepdf.Name.TH:
            _scope(item)


def _scope(cell: pikepdf.Dictionary) -> None:
    attributes = cell.get("/A")
    if isinstance(attributes, pikepdf.Dictionary) and "/Scope" not in attributes:
        in_head = cell.P.P.get("/S") == pikepdf.Name.THead
        attributes.Scope = pikepdf.Name.Column if in_head else pikepdf.Name.Row


def _untag_running(pdf: pikepdf.Pdf, root: pikepdf.Object) -> None:
    """Mark tagged content outside the structure tree as pagination artifacts."""
    tree_ids = _tree_ids(root.K)
    numbers = root.ParentTree.Nums
    by_page = {int(numbers[i]): numbers[i + 1] for i in range(0, len(numbers), 2)}
    for page in pdf.pages:
        owners = by_page.get(int(page.obj.get("/StructParents", -1)))
        if owners is None:
            continue
        orphans = {
            n
            for n, e in enumerate(owners)
            if isinstance(e, pikepdf.Dictionary) and e.is_indirect and e.objgen not in tree_ids
        }
        if orphans:
            content = page.obj.Contents.read_bytes()
            page.obj.Contents = pdf.make_stream(_as_artifacts(content, orphans))
            for n in orphans:
                owners[n] = None


def _tree_ids(root: pikepdf.Object) -> set[tuple[int, int]]:
    ids: set[tuple[int, int]] = set()
    stack: list[Any] = [root]
    while stack:
        item = stack.pop()
        if isinstance(item, pikepdf.Array):
            stack.extend(cast(Iterable[Any], item))
        elif isinstance(item, pikepdf.Dictionary):
            if item.is_indirect:
                ids.add(item.objgen)
            if "/K" in item:
                stack.append(item.K)
    return ids


def _as_artifacts(content: bytes, orphans: set[int]) -> bytes:
    """Rename the marks by pattern: parsing every operator takes a second per fifty pages."""

    def rename(match: re.Match[bytes]) -> bytes:
        is_orphan = int(match[1]) in orphans
        return b"/Artifact <</Type /Pagination>> BDC" if is_orphan else match[0]

    return _MARK.sub(rename, content)

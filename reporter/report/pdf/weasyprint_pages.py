"""Other editions and the user's templates by WeasyPrint, as tagged PDF/A-3a and PDF/UA-1. In: the
HTML of a page. Out: a PDF, without attachments.

This is the only import of WeasyPrint. Fonts come with the templates, and nothing is fetched.
"""

from __future__ import annotations

import gc
import io
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pikepdf
import weasyprint
from weasyprint.urls import URLFetcher, URLFetcherResponse

from reporter.report.html.page import templates_dir
from reporter.report.pdf.fonts import FONTS, undrawable

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


PLACE = "/* fonts */"
"""Where a page gets its font faces."""
_SUMMARY = '<section class="summary" id="summary">'
_NEXT = "behind"
"""Id of the section that follows the first page, on a page of its own."""
_MARK = re.compile(rb"/\w+\s*<<\s*/MCID\s+(\d+)\s*>>\s*BDC")


def lay_out(page: str) -> bytes:
    """Lay out a page with the fonts it needs, and repair the tags."""
    with _uncollected():
        pdf = pikepdf.open(io.BytesIO(_write(page)))
    with pdf:
        _scope_all(pdf)
        _untag_running(pdf, pdf.Root.StructTreeRoot)
        return _saved(pdf)


def _saved(pdf: pikepdf.Pdf) -> bytes:
    out = io.BytesIO()
    pdf.save(
        out,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
        deterministic_id=True,
        compress_streams=True,
    )
    return out.getvalue()


def _write(page: str) -> bytes:
    """Lay out a page with the fonts it needs."""
    page, faces = printable(page, templates_dir() / "fonts")
    # What is repaired on every page are the tags; saving compresses.
    options = {"pdf_variant": "pdf/a-3a", "uncompressed_pdf": True}
    document = _fitted(page.replace(PLACE, faces), options)
    return cast(bytes, document.write_pdf(finisher=_identify, **options))


def _fitted(page: str, options: dict[str, Any]) -> Any:
    """Lay out a page whose first page is one page: what is longer is set smaller, in steps."""
    for step in ("", " fit-1", " fit-2", " fit-3"):
        stepped = page.replace(_SUMMARY, f'<section class="summary{step}" id="summary">')
        document = weasyprint.HTML(string=stepped, url_fetcher=Fetcher()).render(**options)
        sheets = document.pages
        if _SUMMARY not in page or len(sheets) < 2 or _NEXT in sheets[1].anchors:
            break
    return document


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
        return URLFetcherResponse(url, (templates_dir() / "fonts" / name).read_bytes())


def _identify(document: object, pdf: Any) -> None:
    """Add the PDF/UA identification to the metadata; the PDF/A variant does not write it."""
    for item in pdf.objects:
        extra = getattr(item, "extra", None)
        if extra and extra.get("Type") == "/Metadata":
            xml = b"".join(item.stream)
            item.stream = [xml.replace(b"</rdf:RDF>", _UA.encode() + b"</rdf:RDF>")]


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

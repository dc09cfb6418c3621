"""The editions on paper, as tagged PDF/A-3a and PDF/UA-1, with report.json attached.

Bytes depend on the view alone: fonts travel with the templates, dates come from the run, and
nothing is fetched.
"""

from __future__ import annotations

import gc
import io
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import pikepdf
import weasyprint
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from weasyprint.urls import URLFetcher, URLFetcherResponse

from reporter.texts import say, speaking

from . import html
from .shape import View
from .view import to_json

FONTS = {
    "SourceSans3-Regular.otf": ("Source Sans 3", 400),
    "SourceSans3-Semibold.otf": ("Source Sans 3", 600),
    "DejaVuSans.ttf": ("Report Fallback", 400),
    "DroidSansFallback.ttf": ("Report CJK", 400),
}
_LAZY = "DroidSansFallback.ttf"
"""3 MB of Chinese, Japanese and Korean: loaded only where the report needs it."""

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


def write(view: View, path: Path, edition: str = "auditor") -> None:
    """Write an edition as PDF."""
    path.write_bytes(render(view, edition))


def render(view: View, edition: str = "auditor") -> bytes:
    """Lay an edition out on paper, attach report.json, and repair what PDF/UA misses in it."""
    folder = html.templates_dir() / "fonts"
    at = datetime.fromisoformat(view.cover.as_of_iso)
    with speaking(view.cover.language):
        said = say("The content of this report for machines, with scores as exact fractions")
    attachment = weasyprint.Attachment(
        file_obj=io.BytesIO(to_json(view)),
        name="report.json",
        description=said,
        created=at,
        modified=at,
        relationship="Data",
    )
    with _uncollected(), warnings.catch_warnings():
        # WeasyPrint leaves its colour profile to the garbage collector to close.
        warnings.simplefilter("ignore", ResourceWarning)
        page, faces = printable(html.render(view, "paper", _PLACE, edition), folder)
        document = weasyprint.HTML(string=page.replace(_PLACE, faces), url_fetcher=Fetcher())
        raw = document.write_pdf(
            pdf_variant="pdf/a-3a",
            attachments=[attachment],
            finisher=_identify,
            uncompressed_pdf=True,  # _repair reads every page, and compresses at the end
        )
        return _repair(cast(bytes, raw))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Hold the garbage collector off: over a growing box tree it takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


_PLACE = "/* fonts */"
_MARK = re.compile(rb"/\w+\s*<<\s*/MCID\s+(\d+)\s*>>\s*BDC")


def printable(page: str, folder: Path) -> tuple[str, str]:
    """Write out what no bundled font can draw, and return the page with the font faces it needs."""
    known = {name: _characters(folder / name) for name in FONTS if name != _LAZY}
    covered = set().union(*known.values())
    missing = {c for c in set(page) if ord(c) not in covered and not c.isspace()}
    names = [name for name in FONTS if name != _LAZY]
    if missing:
        lazy = _characters(folder / _LAZY)
        if any(ord(c) in lazy for c in missing):
            names.append(_LAZY)
        missing = {c for c in missing if ord(c) not in lazy}
    table = {ord(c): f"[U+{ord(c):04X}]" for c in missing}
    return page.translate(table), "".join(_face(folder / name) for name in names)


def _characters(font: Path) -> set[int]:
    with TTFont(font, lazy=True) as file:
        return set(file.getBestCmap())


def _face(font: Path) -> str:
    family, weight = FONTS[font.name]
    return f'@font-face{{font-family:"{family}";font-weight:{weight};src:url(font:{font.name})}}'


class Fetcher(URLFetcher):  # type: ignore[misc]
    """Hand out the bundled fonts by name and refuse every other address."""

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
        if url.startswith("data:image/"):
            return super().fetch(url)
        name = url.removeprefix("font:")
        if name not in FONTS or name == url:
            raise ValueError(f"a report opens nothing outside itself: {url}")
        # A data: URL would do without a class, but costs two seconds of parsing per font.
        return URLFetcherResponse(url, (html.templates_dir() / "fonts" / name).read_bytes())


def _identify(document: object, pdf: Any) -> None:
    """Add the PDF/UA identification to the metadata; the PDF/A variant does not write it."""
    for item in pdf.objects:
        extra = getattr(item, "extra", None)
        if extra and extra.get("Type") == "/Metadata":
            xml = b"".join(item.stream)
            item.stream = [xml.replace(b"</rdf:RDF>", _UA.encode() + b"</rdf:RDF>")]


def _repair(raw: bytes) -> bytes:
    """Give header cells a scope and take running headers out of the tagged content."""
    with pikepdf.open(io.BytesIO(raw)) as pdf:
        root = pdf.Root.StructTreeRoot
        for item in pdf.objects:
            if isinstance(item, pikepdf.Dictionary) and item.get("/S") == pikepdf.Name.TH:
                _scope(item)
        _untag_running(pdf, root)
        out = io.BytesIO()
        pdf.save(
            out,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            deterministic_id=True,
            compress_streams=True,
        )
    return out.getvalue()


def _scope(cell: pikepdf.Dictionary) -> None:
    attributes = cell.get("/A")
    if isinstance(attributes, pikepdf.Dictionary) and "/Scope" not in attributes:
        in_head = cell.P.P.get("/S") == pikepdf.Name.THead
        attributes.Scope = pikepdf.Name.Column if in_head else pikepdf.Name.Row


def _untag_running(pdf: pikepdf.Pdf, root: pikepdf.Object) -> None:
    """Mark tagged content that the structure tree does not reach as pagination artifacts."""
    reached = _reached(root.K)
    numbers = root.ParentTree.Nums
    by_page = {int(numbers[i]): numbers[i + 1] for i in range(0, len(numbers), 2)}
    for page in pdf.pages:
        owners = by_page.get(int(page.obj.get("/StructParents", -1)))
        if owners is None:
            continue
        orphans = {
            n
            for n, e in enumerate(owners)
            if isinstance(e, pikepdf.Dictionary) and e.is_indirect and e.objgen not in reached
        }
        if orphans:
            content = page.obj.Contents.read_bytes()
            page.obj.Contents = pdf.make_stream(_as_artifacts(content, orphans))
            for n in orphans:
                owners[n] = None


def _reached(top: pikepdf.Object) -> set[tuple[int, int]]:
    reached: set[tuple[int, int]] = set()
    stack: list[Any] = [top]
    while stack:
        item = stack.pop()
        if isinstance(item, pikepdf.Array):
            stack.extend(cast(Iterable[Any], item))
        elif isinstance(item, pikepdf.Dictionary):
            if item.is_indirect:
                reached.add(item.objgen)
            if "/K" in item:
                stack.append(item.K)
    return reached


def _as_artifacts(content: bytes, orphans: set[int]) -> bytes:
    """Rename the marks by their pattern: parsing every operator takes a second per fifty pages."""

    def rename(found: re.Match[bytes]) -> bytes:
        is_orphan = int(found[1]) in orphans
        return b"/Artifact <</Type /Pagination>> BDC" if is_orphan else found[0]

    return _MARK.sub(rename, content)

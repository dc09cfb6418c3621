"""The look of the slides: wide, one typeface, titles on the left. In: an empty deck of the library.
Out: its master and the four layouts that are used, set as they will be edited.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.oxml import parse_xml
from pptx.oxml.ns import qn
from pptx.util import Pt

from reporter.report.office.native_charts import FILLS, INK
from reporter.report.office.outline import BAD, UNKNOWN

FONT = "Arial"
"""On every system, or one of the same widths in its place."""
TITLE_SIZE, TEXT_SIZE = 24, 16
TITLE_SLIDE, TEXT, TWO = "Title Slide", "Title and Content", "Two Content"
KEPT = (TITLE_SLIDE, TEXT, TWO)
FOOTER, PAGE = "ftr", "sldNum"


@dataclass(frozen=True, slots=True)
class Box:
    """A place on a slide, in points."""

    left: float
    top: float
    width: float
    height: float


WIDTH, HEIGHT = 960, 540
_LEFT, _SPAN = 40, WIDTH - 2 * 40
HEADING = Box(_LEFT, 20, _SPAN, 66)
BODY = Box(_LEFT, 94, _SPAN, 396)
HALVES = (Box(_LEFT, 94, 430, 396), Box(_LEFT + 450, 94, 430, 396))
_OPENING = (Box(_LEFT, 130, _SPAN, 110), Box(_LEFT, 250, _SPAN, 220))
_AT_ONCE = {"title": HEADING, "body": BODY}
_BELOW = {FOOTER: Box(_LEFT, 504, 700, 22), PAGE: Box(WIDTH - 140, 504, 100, 22)}


def prepare(deck: Any, accent: str, language: str) -> dict[str, Any]:
    """Set the master of an empty deck; return the layouts by name."""
    deck.slide_width, deck.slide_height = Pt(WIDTH), Pt(HEIGHT)
    master = deck.slide_master
    for layout in [x for x in deck.slide_layouts if x.name not in KEPT]:
        deck.slide_layouts.remove(layout)
    layouts = {layout.name: layout for layout in deck.slide_layouts}
    _drop_leftovers(deck)
    _set_theme(master, accent)
    _set_text(master, accent)
    for holder in (master, *layouts.values()):
        _place(holder)
        set_language(holder._element, language)
    for placeholder, box in zip(layouts[TITLE_SLIDE].placeholders, _OPENING, strict=False):
        put(placeholder, box)
        for paragraph in placeholder._element.iter(*(qn(f"a:lvl{n}pPr") for n in range(1, 10))):
            paragraph.set("algn", "l")
    for placeholder, box in zip(list(layouts[TWO].placeholders)[1:], HALVES, strict=False):
        put(placeholder, box)
    return layouts


def put(placeholder: Any, box: Box) -> None:
    """Give a shape its place."""
    placeholder.left, placeholder.top = Pt(box.left), Pt(box.top)
    placeholder.width, placeholder.height = Pt(box.width), Pt(box.height)


def set_language(tree: Any, language: str) -> None:
    """Mark every text below an element with its language, for voices and spelling."""
    for run in tree.iter(qn("a:r"), qn("a:fld")):
        run.get_or_add_rPr()
    for properties in tree.iter(qn("a:rPr"), qn("a:endParaRPr"), qn("a:defRPr")):
        properties.set("lang", language)


def kind_of(placeholder: Any) -> str:
    """Return the kind of a placeholder as the file says it: title, ftr ..."""
    mark = next(placeholder._element.iter(qn("p:ph")))
    return str(mark.get("type", ""))


def _drop_leftovers(deck: Any) -> None:
    """Take out the picture and the printer settings of the library's own empty deck."""
    package = deck.part.package
    for holder, kind in (
        (package, RELATIONSHIP_TYPE.THUMBNAIL),
        (deck.part, RELATIONSHIP_TYPE.PRINTER_SETTINGS),
    ):
        relations = holder._rels
        for key in [key for key, relation in relations.items() if relation.reltype == kind]:
            relations.pop(key)


def _set_theme(master: Any, accent: str) -> None:
    """Give the theme our colours and typeface, so that what is added later has them too."""
    part = master.part.part_related_by(RELATIONSHIP_TYPE.THEME)
    theme = parse_xml(part.blob)
    colours = (accent.lstrip("#").upper(), FILLS[BAD], FILLS[UNKNOWN], "92C5DE", "F4A582", "5A6673")
    named = {f"a:accent{n}": colour for n, colour in enumerate(colours, 1)}
    for tag, colour in {"a:dk2": INK, **named}.items():
        element = next(theme.iter(qn(tag)))
        for child in list(element):
            element.remove(child)
        element.append(parse_xml(f'<a:srgbClr xmlns:a="{_A}" val="{colour}"/>'))
    for tag in ("a:majorFont", "a:minorFont"):
        next(next(theme.iter(qn(tag))).iter(qn("a:latin"))).set("typeface", FONT)
    part._blob = _bytes(theme)


_A = "http://schemas.openxmlformats.org/drawingml/2006/main"


def _bytes(element: Any) -> bytes:
    from lxml import etree

    return bytes(etree.tostring(element, xml_declaration=True, encoding="UTF-8", standalone=True))


def _set_text(master: Any, accent: str) -> None:
    """Set sizes of titles and text, and titles to the left in the accent."""
    styles = next(master._element.iter(qn("p:txStyles")))
    title = next(next(styles.iter(qn("p:titleStyle"))).iter(qn("a:lvl1pPr")))
    title.set("algn", "l")
    letters = next(title.iter(qn("a:defRPr")))
    letters.set("sz", str(TITLE_SIZE * 100))
    letters.set("b", "1")
    next(letters.iter(qn("a:schemeClr"))).set("val", "accent1")
    body = next(styles.iter(qn("p:bodyStyle")))
    for n in range(1, 10):
        level = next(body.iter(qn(f"a:lvl{n}pPr")))
        size = max(TEXT_SIZE - 2 * (n - 1), 12)
        next(level.iter(qn("a:defRPr"))).set("sz", str(size * 100))
        level.set("marL", str(Pt(16 * n)))
        level.set("indent", str(-Pt(16)))


def _place(holder: Any) -> None:
    """Put title, text and footers of a master or layout in their places; no date is shown."""
    for placeholder in list(holder.placeholders):
        kind = kind_of(placeholder)
        if kind == "dt":
            placeholder._element.getparent().remove(placeholder._element)
        elif kind in _BELOW:
            put(placeholder, _BELOW[kind])
            for paragraph in placeholder._element.iter(qn("a:lvl1pPr")):
                paragraph.set("algn", "l" if kind == FOOTER else "r")
                next(paragraph.iter(qn("a:defRPr"))).set("sz", "1000")
        elif kind in _AT_ONCE:
            put(placeholder, _AT_ONCE[kind])
            for body in placeholder._element.iter(qn("a:bodyPr")):
                body.set("lIns", "0")  # so that texts begin where tables do

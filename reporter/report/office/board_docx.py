"""board.docx: the board's edition as a document in A4. In: the view. Out: headings, tables and
charts of the program itself, for those who go on writing in it.
"""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Emu, Pt, RGBColor

from reporter.i18n.translate import say
from reporter.report.document import View
from reporter.report.editions.decisions import Question
from reporter.report.office.fit import lines_of
from reporter.report.office.native_charts import INK, LINE, parts
from reporter.report.office.outline import Chart, Outline, Table, outline, sentence
from reporter.report.office.properties import LOGO, moment_of, picture, region, set_properties
from reporter.report.office.same_bytes import undated

WIDTH, MARGIN = Cm(21 - 2 * 2.2), Cm(2.2)
FONT, TEXT, SMALL, HEAD = "Arial", 10.5, 9, 8.5
MUTED = RGBColor(0x5A, 0x66, 0x73)
BAR, LEAST = Cm(0.62), Cm(5.2)
"""Height of a bar of a chart, and of the smallest chart."""


def write(view: View, path: Path) -> None:
    """Write the document, with the date of the run."""
    content, cover = outline(view), view.cover
    document = Document()
    paper = _Paper(document, region(cover.language), moment_of(cover.as_of_iso), cover.accent)
    _set_styles(document, paper)
    _set_page(document, view)
    set_properties(document.core_properties, cover, content.title)
    _opening(paper, content, cover.logo)
    _levels(paper, content)
    _changes(paper, content)
    _decisions(paper, content)
    _parts(paper, content)
    _closing(paper, content)
    target = BytesIO()
    document.save(target)
    path.write_bytes(undated(target.getvalue()))


class _Paper:
    """A document that is written from top to bottom, with the numbers of its tables and charts."""

    def __init__(self, document: Any, language: str, moment: datetime, accent: str) -> None:
        self.document, self.language, self.moment, self.accent = document, language, moment, accent
        self.drawings = 0

    def heading(self, text: str, level: int) -> None:
        self.document.add_heading(text, level)

    def text(self, text: str, style: str = "Normal", bold: bool = False) -> Any:
        """Add a paragraph; none for an empty text."""
        if not text:
            return None
        paragraph = self.document.add_paragraph(style=style)
        paragraph.add_run(text).bold = bold or None
        return paragraph

    def small(self, text: str) -> None:
        paragraph = self.text(text)
        for run in paragraph.runs if paragraph else ():
            run.font.size, run.font.color.rgb = Pt(SMALL), MUTED

    def table(self, table: Table) -> None:
        """Add a table with its caption above it; its head comes again on every page."""
        self._caption(say("Table"), "Table", table.title)
        grid = self.document.add_table(1 + len(table.rows), len(table.head), style="Table Grid")
        grid.alignment, grid.autofit = WD_TABLE_ALIGNMENT.LEFT, False
        _describe_table(grid, table)
        total = sum(table.widths)
        for column, share in enumerate(table.widths):
            width = Emu(WIDTH * share // total)
            grid.columns[column].width = width
            for n, cell in enumerate(grid.columns[column].cells):
                cell.width = width
                text = table.rows[n - 1][column] if n else table.head[column]
                _fill_cell(cell, text, n == 0, column in table.numbers, self.accent)
        for n, row in enumerate(grid.rows):
            properties = row._tr.get_or_add_trPr()
            properties.append(OxmlElement("w:cantSplit"))
            if n == 0:
                properties.append(OxmlElement("w:tblHeader"))
        self.document.add_paragraph().paragraph_format.space_after = Pt(2)

    def chart(self, chart: Chart) -> None:
        """Add a chart that the program draws, with every number in its alternative text."""
        self.drawings += 1
        height = LEAST if chart.is_upright else max(LEAST, BAR * (len(chart.categories) + 3))
        xml, workbook = parts(chart, self.moment, self.language, 9)
        package = self.document.part.package
        book = Part(
            PackURI(f"/word/embeddings/Microsoft_Excel_Sheet{self.drawings}.xlsx"),
            CONTENT_TYPE.SML_SHEET,
            workbook,
            package,
        )
        part = Part(
            PackURI(f"/word/charts/chart{self.drawings}.xml"), CONTENT_TYPE.DML_CHART, xml, package
        )
        part.relate_to(book, RELATIONSHIP_TYPE.PACKAGE)  # rId1, which the chart names
        inline = parse_xml(
            _INLINE.format(
                ns=nsdecls("wp", "a", "r"),
                chart_ns=_CHART_NS,
                width=WIDTH,
                height=height,
                id=self.drawings,
                relation=self.document.part.relate_to(part, RELATIONSHIP_TYPE.CHART),
            )
        )
        properties = inline.find(qn("wp:docPr"))
        properties.set("name", chart.title)
        properties.set("descr", chart.alt)
        paragraph = self.document.add_paragraph()
        paragraph.paragraph_format.keep_with_next = True
        drawing = OxmlElement("w:drawing")
        drawing.append(inline)
        paragraph.add_run()._r.append(drawing)
        self._caption(say("Figure"), "Figure", chart.title)

    def _caption(self, label: str, sequence: str, title: str) -> None:
        """Add a caption with a number that the program keeps counting."""
        paragraph = self.document.add_paragraph(f"{label} ", style="Caption")
        _field(paragraph, f"SEQ {sequence} \\* ARABIC", str(self._next(sequence)))
        paragraph.add_run(f": {title}")
        paragraph.paragraph_format.keep_with_next = sequence == "Table"

    def _next(self, sequence: str) -> int:
        style = self.document.element.body.iter(qn("w:instrText"))
        return 1 + sum(f"SEQ {sequence} " in (t.text or "") for t in style)


_CHART_NS = "http://schemas.openxmlformats.org/drawingml/2006/chart"
_INLINE = (
    '<wp:inline {ns} distT="0" distB="0" distL="0" distR="0">'
    '<wp:extent cx="{width}" cy="{height}"/><wp:effectExtent l="0" t="0" r="0" b="0"/>'
    '<wp:docPr id="{id}" name=""/><wp:cNvGraphicFramePr/>'
    '<a:graphic><a:graphicData uri="{chart_ns}">'
    '<c:chart xmlns:c="{chart_ns}" r:id="{relation}"/>'
    "</a:graphicData></a:graphic></wp:inline>"
)


def _fill_cell(cell: Any, text: str, is_head: bool, is_number: bool, accent: str) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_before = Pt(1.5)
    paragraph.paragraph_format.space_after = Pt(1.5)
    if is_number:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    run = paragraph.add_run(text)  # a line break of ours begins a new line
    run.font.size = Pt(SMALL)
    if is_head:
        run.bold, run.font.color.rgb = True, RGBColor(0xFF, 0xFF, 0xFF)
        shade = parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:fill="{accent.lstrip("#")}"/>')
        cell._tc.get_or_add_tcPr().append(shade)


def _describe_table(grid: Any, table: Table) -> None:
    """Say for those who hear a table what it is."""
    for tag, text in (("w:tblCaption", table.title), ("w:tblDescription", ", ".join(table.head))):
        element = OxmlElement(tag)
        element.set(qn("w:val"), text)
        grid._tbl.tblPr.append(element)


def _field(paragraph: Any, instruction: str, shown: str) -> None:
    """Add a field that the program computes, and what it shows until then."""
    for kind, text in (
        ("begin", ""),
        ("", instruction),
        ("separate", ""),
        ("shown", shown),
        ("end", ""),
    ):
        run = paragraph.add_run()
        if kind == "shown":
            run.text = text
            continue
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        else:
            element.set(qn("xml:space"), "preserve")
            element.text = f" {text} "
        run._r.append(element)


def _set_styles(document: Any, paper: _Paper) -> None:
    """Set typeface, colours and language where all paragraphs take them from."""
    accent = RGBColor.from_string(paper.accent.lstrip("#").upper())
    styles = document.styles
    for name, size in (
        *(("Normal", TEXT), ("Title", 24), ("Subtitle", 11), ("Caption", SMALL)),
        *(("Heading 1", 16), ("Heading 2", 12), ("Heading 3", 11)),
    ):
        style = styles[name]
        style.font.size, style.font.name = Pt(size), FONT
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for kind in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
            fonts.attrib.pop(qn(kind), None)
        style.font.color.rgb = (
            RGBColor.from_string(INK)
            if name == "Normal"
            else MUTED
            if name in ("Subtitle", "Caption")
            else accent
        )
    styles["Normal"].paragraph_format.space_after = Pt(6)
    for borders in styles["Table Grid"].element.iter(qn("w:tblBorders")):
        for border in borders:
            border.set(qn("w:color"), LINE)
    for language in styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), paper.language)


def _set_page(document: Any, view: View) -> None:
    """Set A4, with organisation and evidence above, statement and page number below."""
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = MARGIN
    section.top_margin = section.bottom_margin = Cm(2)
    above = section.header.paragraphs[0]
    above.add_run(_head(view.cover.organisation, view.cover.title))
    below = section.footer.paragraphs[0]
    below.add_run(
        f"{say('evidence')} {view.cover.evidence_short} · {view.cover.as_of} · {say('page')} "
    )
    _field(below, "PAGE", "1")
    below.add_run(" / ")
    _field(below, "NUMPAGES", "1")
    for run in (*above.runs, *below.runs):
        run.font.size, run.font.color.rgb = Pt(HEAD), MUTED


def _head(organisation: str, title: str) -> str:
    """Return one line, as a second would meet the text; the first page has the name in full."""
    name = organisation[:200]
    while lines_of(f"{name} · {title}", WIDTH.pt, HEAD) > 1 and len(name) > 1:
        name = f"{name[:-2].rstrip()}…"
    return f"{name} · {title}"


def _opening(paper: _Paper, content: Outline, logo: str) -> None:
    if data := picture(logo):
        shape = paper.document.add_picture(data)
        scale = min(Pt(LOGO[0]) / shape.width, Pt(LOGO[1]) / shape.height)
        shape.width, shape.height = int(shape.width * scale), int(shape.height * scale)
        shape._inline.docPr.set("descr", content.organisation)
    paper.text(content.organisation, "Title")
    paper.text(content.title, "Subtitle")
    paper.small(" · ".join(filter(None, (content.unit, *content.subtitle))))
    paper.small(f"{content.statement} {say('Evidence id')}: {content.evidence_id}")
    paper.heading(say("Where we stand"), 1)
    paper.text(content.judgement, bold=True)
    for text in content.context:
        paper.text(text)
    rows = tuple((t.label, t.text, t.note) for t in content.tiles)
    head = (say("Measure"), say("Value"), say("Note"))
    paper.table(Table(say("Key figures"), head, rows, (22, 26, 52)))
    paper.text(" · ".join(f"{fact.label}: {fact.text}" for fact in content.facts))


def _levels(paper: _Paper, content: Outline) -> None:
    paper.heading(content.ladder.title, 1)
    paper.table(content.ladder)
    if content.ladder_chart:
        paper.chart(content.ladder_chart)


def _changes(paper: _Paper, content: Outline) -> None:
    if not content.changes:
        return
    paper.heading(say("What changed"), 1)
    for text in content.changes:
        paper.text(text, "List Bullet")
    if content.change_chart:
        paper.chart(content.change_chart)
    if content.course and content.course_chart:
        paper.heading(content.course.title, 1)
        paper.chart(content.course_chart)
        paper.table(content.course)


def _decisions(paper: _Paper, content: Outline) -> None:
    paper.heading(content.questions_title, 1)
    first, *others = content.questions_text
    paper.text(first)
    for text in others:
        paper.text(text, "List Bullet")
    for question in content.questions:
        _question(paper, question)
    if content.follow_up:
        paper.heading(say("What is overdue or promised?"), 1)
        paper.text(content.follow_up[0])
        for text in content.follow_up[1:]:
            paper.text(text, "List Bullet")
    paper.heading(say("What can nobody see yet?"), 1)
    for text in content.unseen:
        paper.text(text, "List Bullet")


def _question(paper: _Paper, question: Question) -> None:
    """Add a decision: whom it concerns, what happens without it, the options, who and by when."""
    urgent = f" ({say('act now')})" if question.urgent else ""
    paper.heading(f"{question.rank}. {question.question}{urgent}", 2)
    about = " · ".join(filter(None, (question.about, question.needed_for)))
    for text in filter(None, (about, question.risk)):
        paper.text(text).paragraph_format.keep_with_next = True
    for choice in question.choices:
        paper.text(choice.text, "List Bullet").paragraph_format.keep_with_next = True
    due = question.due and say("by {day}", day=question.due)
    paper.small(" · ".join(filter(None, (question.owner, due, question.id))))


def _parts(paper: _Paper, content: Outline) -> None:
    if content.frameworks:
        paper.heading(content.frameworks.title, 1)
        paper.table(content.frameworks)
    if content.units:
        paper.heading(content.units.title, 1)
        paper.table(content.units)
        paper.small(content.units_note)
    paper.heading(content.themes.title, 1)
    if content.theme_chart:
        paper.chart(content.theme_chart)
    paper.table(content.themes)


def _closing(paper: _Paper, content: Outline) -> None:
    if not content.notices:
        return
    paper.heading(say("What to know about the evidence"), 1)
    for notice in content.notices:
        paragraph = paper.text(notice.text, "List Bullet")
        if notice.note:
            run = paragraph.add_run(f" {sentence(notice.note)}")
            run.font.size, run.font.color.rgb = Pt(SMALL), MUTED

"""board.pptx: the board's edition as slides. In: the view. Out: wide slides with titles, tables and
charts of the program itself; the notes say where each number comes from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.shapes.placeholder import TablePlaceholder
from pptx.util import Pt

from reporter.i18n.translate import mark, say
from reporter.report.document import View
from reporter.report.editions.decisions import Question
from reporter.report.office.fit import BOLDER, LEADING, columns, fitting, lines_of
from reporter.report.office.native_charts import WHITE, insert
from reporter.report.office.outline import Chart, Outline, Table, outline
from reporter.report.office.properties import LOGO, moment_of, picture, region, set_properties
from reporter.report.office.same_bytes import undated
from reporter.report.office.slide_master import (
    BODY,
    FOOTER,
    HALVES,
    HEADING,
    PAGE,
    TEXT,
    TITLE_SIZE,
    TITLE_SLIDE,
    TWO,
    Box,
    kind_of,
    prepare,
    put,
    set_language,
)
from reporter.report.view.format import number

CELL, LABEL, PADDING = 11, 11, 5
"""Size of the letters of a table and above a number, and what is left free in a cell."""
COURSE_HEIGHT = 160
"""Of the picture above the table of runs, in points."""
ROW_LINES, DECISION_LINES, LADDER_LINES = 3, 8, 10
MUTED = RGBColor(0x5A, 0x66, 0x73)
REPORT, ROADMAP, CONTROLS = "report.json", "roadmap.csv", "controls.csv"

_Item = TypeVar("_Item")


def write(view: View, path: Path) -> None:
    """Write the slides, with the date of the run."""
    content = outline(view)
    deck = _Deck(view, content)
    _opening(deck, content, view.cover.logo)
    _standing(deck, content)
    _levels(deck, content)
    if content.is_compared:
        _changes(deck, content)
    _decisions(deck, content)
    if content.follow_up:
        title = say("What is overdue or promised?")
        deck.bullets(title, content.follow_up, say(_FOLLOW_UP_SOURCE), "responses.csv")
    deck.bullets(say("What can nobody see yet?"), content.unseen, say(_UNSEEN_SOURCE), REPORT)
    _themes(deck, content)
    _parts(deck, content)
    _notices(deck, content)
    path.write_bytes(deck.packed())


_STANDING_SOURCE = mark(
    "Source: level, score and coverage are `scores` of report.json, each with its exact fraction;"
    " the results behind them are in findings.csv."
)
_LEVELS_SOURCE = mark(
    "Source: the practices of the levels are in `scores.level` of report.json;"
    " `reporter explain RUN level` says the same with the checks."
)
_CHANGES_SOURCE = mark(
    "Source: `history` of report.json; every result that differs is in changes.csv."
)
_DECISIONS_SOURCE = mark("Source: roadmap.csv, with the exact gain and the checks of each action.")
_FOLLOW_UP_SOURCE = mark("Source: causes.csv for due dates, responses.csv for responses.")
_UNSEEN_SOURCE = mark(
    "Source: coverage.csv for logs, quarantine.csv for records, findings.csv for what is unknown."
)
_THEMES_SOURCE = mark(
    "Source: scores by theme are `scores.enterprise` of report.json; counts are results of the"
    " checks of each theme, in findings.csv."
)
_PARTS_SOURCE = mark("Source: controls.csv for frameworks, slices.csv for business units.")


class _Deck:
    """A deck that is written from the first slide to the last."""

    def __init__(self, view: View, content: Outline) -> None:
        self.language = region(view.cover.language)
        self.moment = moment_of(view.cover.as_of_iso)
        self.accent = RGBColor.from_string(view.cover.accent.lstrip("#").upper())
        self.deck = Presentation()
        self.layouts = prepare(self.deck, view.cover.accent, self.language)
        self.footer = f"{say('evidence')} {view.cover.evidence_short} · {content.organisation}"
        set_properties(self.deck.core_properties, view.cover, content.title)

    def slide(self, layout: str, title: str, notes: str) -> list[Any]:
        """Add a slide; return its placeholders for what goes below the title."""
        slide: Any = self.deck.slides.add_slide(self.layouts[layout])
        slide.shapes.title.text_frame.text = fitting(
            title, HEADING.width - 16, TITLE_SIZE * BOLDER, 2, REPORT
        )
        self._below(slide, self.layouts[layout])
        slide.notes_slide.notes_text_frame.text = notes
        return [p for p in slide.placeholders if p.placeholder_format.idx and not _is_below(p)]

    def _below(self, slide: Any, layout: Any) -> None:
        """Show footer and page number, which a new slide does not take over from its layout."""
        for model in layout.placeholders:
            if not _is_below(model):
                continue
            shape = deepcopy(model._element)
            tree = slide.shapes._spTree
            properties = next(shape.iter(qn("p:cNvPr")))
            properties.set("id", str(1 + max(int(e.get("id")) for e in tree.iter(qn("p:cNvPr")))))
            tree.append(shape)
            if kind_of(model) == FOOTER:
                width = model.width.pt - 16
                slide.placeholders[model.placeholder_format.idx].text_frame.text = fitting(
                    self.footer, width, 10, 1, REPORT
                )

    def bullets(self, title: str, texts: Sequence[str], notes: str, place: str) -> None:
        """Add as many slides as a list of texts needs."""
        size, room = 13, BODY.height - 12
        cut = [fitting(text, BODY.width - 40, size, 5, place) for text in texts]
        heights = [(lines_of(text, BODY.width - 40, size) * LEADING + 0.4) * size for text in cut]
        pages = _paged(cut, heights, room)
        for page, heading in zip(pages, _headings(title, len(pages)), strict=True):
            (body,) = self.slide(TEXT, heading, notes)
            _fill(body, [(text, size, False) for text in page], has_bullets=True)

    def chart(self, placeholder: Any, chart: Chart, size: int = 11) -> None:
        frame = insert(placeholder, chart, self.moment, self.language, size)
        _describe(frame, chart.title, chart.alt)

    def table(self, placeholder: Any, table: Table, box: Box, place: str) -> float:
        """Fill a box with a table: as many rows as it takes, and how many more there are.

        Return the height that it takes, in points.
        """
        rows = [self._cells(row, table, box, place) for row in table.rows]
        used = _height(self._cells(table.head, table, box, place), table, box)
        note = LEADING * CELL + PADDING + 2
        shown = 0
        for row in rows:
            used += _height(row, table, box)
            if used + (note if shown < len(rows) - 1 else 0) > box.height:
                break
            shown += 1
        left = len(rows) - shown
        last = [say("and {n} more, in {where}", n=number(left), where=place)] if left else []
        return self._grid(placeholder, table, rows[:shown], last, box)

    def tables(self, title: str, table: Table, notes: str, place: str, most: int) -> None:
        """Add as many slides as a table needs to be shown in full."""
        rows = [self._cells(row, table, BODY, place, most) for row in table.rows]
        first = _height(self._cells(table.head, table, BODY, place), table, BODY)
        heights = [_height(row, table, BODY) for row in rows]
        pages = _paged(rows, heights, BODY.height - first)
        for page, heading in zip(pages, _headings(title, len(pages)), strict=True):
            (body,) = self.slide(TEXT, heading, notes)
            self._grid(body, table, page, [], BODY)

    def _cells(
        self, row: Iterable[str], table: Table, box: Box, place: str, most: int = ROW_LINES
    ) -> tuple[str, ...]:
        """Cut the texts of a row to the lines that a cell takes."""
        widths = columns(box.width, table.widths)
        return tuple(
            fitting(text, width - 2 * PADDING, CELL, most, place)
            for text, width in zip(row, widths, strict=True)
        )

    def _grid(
        self,
        placeholder: Any,
        table: Table,
        rows: Sequence[Sequence[str]],
        last: Sequence[str],
        box: Box,
    ) -> float:
        taker = TablePlaceholder(placeholder._element, placeholder._parent)
        frame: Any = taker.insert_table(1 + len(rows) + len(last), len(table.head))
        put(frame, box)
        _describe(frame, table.title, f"{table.title}: {', '.join(table.head)}")
        grid = frame.table
        for column, width in zip(grid.columns, columns(box.width, table.widths), strict=True):
            column.width = Pt(width)
        for n, texts in enumerate((table.head, *rows)):
            grid.rows[n].height = Pt(_height(texts, table, box))
            for column, text in enumerate(texts):
                cell = grid.cell(n, column)
                _fill_cell(cell, text, n == 0, column in table.numbers, column == 0)
        for text in last:
            row = len(grid.rows) - 1
            grid.rows[row].height = Pt(LEADING * CELL + PADDING + 2)
            grid.cell(row, 0).merge(grid.cell(row, len(table.head) - 1))
            _fill_cell(grid.cell(row, 0), text, False, False)
        frame.height = sum(row.height for row in grid.rows)
        return float(frame.height.pt)

    def packed(self) -> bytes:
        """Return the file."""
        for slide in self.deck.slides:
            set_language(slide._element, self.language)
            set_language(slide.notes_slide._element, self.language)
        target = BytesIO()
        self.deck.save(target)
        return undated(target.getvalue())


def _is_below(placeholder: Any) -> bool:
    return kind_of(placeholder) in (FOOTER, PAGE)


def _paged(items: Sequence[_Item], heights: Sequence[float], room: float) -> list[list[_Item]]:
    """Divide items over slides: as few as they need, and about the same height on each."""

    def cut(most: float) -> list[list[_Item]]:
        pages: list[list[_Item]] = [[]]
        used = 0.0
        for item, height in zip(items, heights, strict=True):
            if pages[-1] and used + height > most:
                pages, used = [*pages, []], 0.0
            pages[-1].append(item)
            used += height
        return pages

    fewest = cut(room)
    steps = (room * n / 20 for n in range(1, 20))
    return next((pages for most in steps if len(pages := cut(most)) == len(fewest)), fewest)


def _headings(title: str, pages: int) -> list[str]:
    if pages == 1:
        return [title]
    return [
        say("{title} ({n} of {all})", title=title, n=number(n), all=number(pages))
        for n in range(1, pages + 1)
    ]


def _height(row: Iterable[str], table: Table, box: Box) -> float:
    widths = columns(box.width, table.widths)
    lines = max(
        lines_of(text, width - 2 * PADDING, CELL) for text, width in zip(row, widths, strict=True)
    )
    return lines * LEADING * CELL + PADDING + 2


def _fill_cell(
    cell: Any, text: str, is_head: bool, is_number: bool, is_first: bool = False
) -> None:
    """Write a text into a cell, a paragraph a line; in the first cell the first line leads."""
    cell.margin_left = cell.margin_right = Pt(PADDING)
    cell.margin_top = cell.margin_bottom = Pt(PADDING / 2)
    cell.vertical_anchor = MSO_ANCHOR.TOP
    cell.text_frame.word_wrap = True
    for n, line in enumerate(text.split("\n")):
        frame = cell.text_frame
        paragraph = frame.add_paragraph() if n else frame.paragraphs[0]
        paragraph.alignment = PP_ALIGN.RIGHT if is_number else PP_ALIGN.LEFT
        run = paragraph.add_run()
        run.text, run.font.size = line, Pt(CELL)
        run.font.bold = is_head or (is_first and n == 0 and "\n" in text)
        if is_head:
            run.font.color.rgb = RGBColor.from_string(WHITE)


def _describe(frame: Any, name: str, text: str) -> None:
    properties = next(frame._element.iter(qn("p:cNvPr")))
    properties.set("name", name)
    properties.set("descr", text)


Paragraph = tuple[str, int, bool]
"""A text, its size, and whether it is bold; small ones are grey."""


def _fill(placeholder: Any, paragraphs: Sequence[Paragraph], has_bullets: bool = False) -> None:
    frame = placeholder.text_frame
    frame.word_wrap = True
    for n, (text, size, is_bold) in enumerate(paragraphs):
        paragraph = frame.paragraphs[0] if n == 0 else frame.add_paragraph()
        run = paragraph.add_run()
        run.text, run.font.size = text, Pt(size)
        run.font.bold = is_bold or None
        if size == LABEL or size < 13 and not is_bold:
            run.font.color.rgb = MUTED
        if not has_bullets:
            properties = paragraph._p.get_or_add_pPr()
            properties.set("marL", "0")
            properties.set("indent", "0")
            properties.append(properties.makeelement(qn("a:buNone"), {}))
        paragraph.space_before = Pt(_gap(size) if n else 0)


def _gap(size: int) -> float:
    """Return the space above a paragraph; one that labels a number begins something new."""
    return LABEL if size == LABEL else size * 0.3


def _opening(deck: _Deck, content: Outline, logo: str) -> None:
    (body,) = deck.slide(TITLE_SLIDE, content.organisation, content.statement)
    width = BODY.width - 16
    lines = (content.title, content.unit, " · ".join(content.subtitle))
    texts = [(fitting(line, width, 18, 2, REPORT), 18, False) for line in lines if line]
    _fill(body, [*texts, (fitting(content.statement, width, 12, 3, REPORT), 12, False)])
    if data := picture(logo):
        shape = deck.deck.slides[0].shapes.add_picture(data, Pt(BODY.left), Pt(40))
        scale = min(Pt(LOGO[0]) / shape.width, Pt(LOGO[1]) / shape.height)
        shape.width, shape.height = int(shape.width * scale), int(shape.height * scale)
        _describe(shape, "Logo", content.organisation)


def _standing(deck: _Deck, content: Outline) -> None:
    """Say level, score and coverage, beside the picture of the ladder."""
    title = content.judgement or say("Where we stand")
    facts = " · ".join(f"{fact.label}: {fact.text}" for fact in content.facts)
    left, right = deck.slide(TWO, title, f"{facts}\n{say(_STANDING_SOURCE)}")
    box = HALVES[0] if content.ladder_chart else BODY
    put(left, box)
    width = box.width - 16
    paragraphs: list[Paragraph] = []
    for tile in content.tiles:
        paragraphs.append((tile.label, LABEL, True))
        paragraphs.append((fitting(tile.text, width, 22 * BOLDER, 2, REPORT), 22, True))
        if tile.note:
            paragraphs.append((fitting(tile.note, width, 12, 4, REPORT), 12, False))
    unsaid = () if content.is_compared else content.changes
    for text in (*content.context, *unsaid, facts):
        paragraphs.append((fitting(text, width, 12, 4, REPORT), 12, False))
    _fill(left, _within(paragraphs, width, box.height))
    if content.ladder_chart:
        deck.chart(right, content.ladder_chart)
    else:
        right._element.getparent().remove(right._element)


def _within(paragraphs: Sequence[Paragraph], width: float, height: float) -> list[Paragraph]:
    """Keep the paragraphs that a box takes, and say how many are left out."""
    kept: list[Paragraph] = []
    used = 12.0
    for n, (text, size, is_bold) in enumerate(paragraphs):
        used += lines_of(text, width, size * (BOLDER if is_bold else 1)) * LEADING * size + _gap(
            size
        )
        if used + (20 if n < len(paragraphs) - 1 else 0) > height:
            left = number(len(paragraphs) - n)
            return [*kept, (say("and {n} more, in {where}", n=left, where=REPORT), 12, False)]
        kept.append((text, size, is_bold))
    return kept


def _levels(deck: _Deck, content: Outline) -> None:
    """Show what is in the way of each level, and what reaches it."""
    deck.tables(content.ladder.title, content.ladder, say(_LEVELS_SOURCE), REPORT, LADDER_LINES)


def _changes(deck: _Deck, content: Outline) -> None:
    layout = TWO if content.change_chart else TEXT
    first, *others = deck.slide(layout, say("What changed"), say(_CHANGES_SOURCE))
    box = HALVES[0] if others else BODY
    cut = [(fitting(t, box.width - 40, 14, 7, REPORT), 14, False) for t in content.changes]
    _fill(first, _within(cut, box.width - 40, box.height), has_bullets=True)
    for placeholder in others:
        deck.chart(placeholder, content.change_chart)  # type: ignore[arg-type]
    _course(deck, content)


def _course(deck: _Deck, content: Outline) -> None:
    """Show the findings of each run, and below them its numbers."""
    if not content.course or not content.course_chart:
        return
    upper, lower = deck.slide(TWO, content.course.title, say(_CHANGES_SOURCE))
    top = Box(BODY.left, BODY.top, BODY.width, COURSE_HEIGHT)
    put(upper, top)
    deck.chart(upper, content.course_chart)
    rest = Box(BODY.left, BODY.top + COURSE_HEIGHT + 8, BODY.width, BODY.height - COURSE_HEIGHT - 8)
    deck.table(lower, content.course, rest, REPORT)


def _decisions(deck: _Deck, content: Outline) -> None:
    title = content.questions_title
    if not content.questions:
        deck.bullets(title, content.questions_text, say(_DECISIONS_SOURCE), ROADMAP)
        return
    table = Table(
        title,
        (say("Decision"), say("Options"), say("Who, by when")),
        tuple(map(_question, content.questions)),
        (50, 30, 20),
    )
    notes = f"{' '.join(content.questions_text)} {say(_DECISIONS_SOURCE)}"
    deck.tables(title, table, notes, ROADMAP, DECISION_LINES)


def _question(question: Question) -> tuple[str, str, str]:
    urgent = f" ({say('act now')})" if question.urgent else ""
    about = " · ".join(filter(None, (question.about, question.needed_for)))
    asked = (f"{question.rank}. {question.question}{urgent}", about, question.risk)
    due = question.due and say("by {day}", day=question.due)
    return (
        "\n".join(filter(None, asked)),
        "\n".join(choice.text for choice in question.choices),
        "\n".join(filter(None, (question.owner, due))),
    )


def _themes(deck: _Deck, content: Outline) -> None:
    if not content.theme_chart or not content.frameworks:
        deck.tables(content.themes.title, content.themes, say(_THEMES_SOURCE), REPORT, 2)
        return
    left, right = deck.slide(TWO, content.themes.title, say(_THEMES_SOURCE))
    put(left, Box(BODY.left, BODY.top, 360, BODY.height))
    deck.chart(left, content.theme_chart, 10)
    themes = content.themes
    picked = (0, 1, 4)  # the picture shows the counts
    table = Table(
        themes.title,
        tuple(themes.head[n] for n in picked),
        tuple(tuple(row[n] for n in picked) for row in themes.rows),
        (39, 30, 31),
    )
    deck.table(right, table, Box(BODY.left + 368, BODY.top, 512, BODY.height), REPORT)


def _parts(deck: _Deck, content: Outline) -> None:
    """Show frameworks, and below them the units of the organisation."""
    if not content.frameworks:
        return
    if not content.units:
        (body,) = deck.slide(TEXT, content.frameworks.title, say(_PARTS_SOURCE))
        deck.table(body, content.frameworks, BODY, CONTROLS)
        return
    title = say("By framework and business unit")
    notes = " ".join(filter(None, (say(_PARTS_SOURCE), content.units_note)))
    upper, lower = deck.slide(TWO, title, notes)
    box = Box(BODY.left, BODY.top, BODY.width, 150)
    used = deck.table(upper, content.frameworks, box, CONTROLS) + 24
    rest = Box(BODY.left, BODY.top + used, BODY.width, BODY.height - used)
    deck.table(lower, content.units, rest, "slices.csv")


def _notices(deck: _Deck, content: Outline) -> None:
    if content.notices:
        lines = "\n".join(f"{n.text} {n.note}".rstrip() for n in content.notices)
        texts = [n.text for n in content.notices]
        deck.bullets(say("What to know about the evidence"), texts, lines, REPORT)

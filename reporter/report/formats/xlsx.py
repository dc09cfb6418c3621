"""report.xlsx: the sheets of `tabs` in a workbook. In: the view. Out: texts as texts, numbers as
numbers, never a formula.

A sheet that is too long continues in a further one. A cell that is too long says how much is left
out and where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import chain, count, islice
from math import ceil
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from reporter.i18n.translate import mark, say
from reporter.report import Format
from reporter.report.document import View
from reporter.report.view.format import Numeral, keep_percents, short
from reporter.report.workbook import BOLD, COUNT, DAY, Column, Tab, tabs

if TYPE_CHECKING:
    from xlsxwriter import Workbook

ROWS = 1_048_575
"""Rows that a sheet can hold below its header."""
CELL = 32_767
"""UTF-16 units that a cell can hold."""
LINKS = 65_530
"""Links that a sheet can hold."""
PRINTED = 230
"""Characters beside one another on a sheet of paper, in small print."""
LINE = 15
"""Points between two lines of a heading."""
NOTHING = mark("This run has nothing to list here.")
BLUE, GREEN, OPEN = "#0F4C81", "#1B6E3C", "#FFFBE6"
Places = dict[str, dict[str, int]]
"""Sheet -> what a row is about -> the row."""
_PLAIN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def write(view: View, path: Path) -> None:
    """Write report.xlsx, row by row, with the run's own date.

    Raises OSError where it cannot be written.
    """
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError

    options = {**_PLAIN, "constant_memory": True, "tmpdir": str(path.parent)}
    try:
        with path.open("wb") as file, Workbook(file, options) as book:
            moment = datetime.fromisoformat(view.cover.as_of_iso).replace(tzinfo=None)
            book.set_properties({"title": view.cover.title, "created": moment})
            formats, sheets = _formats(book), tabs(view)
            places = {t.name: {k: n for n, k in enumerate(t.keys[:ROWS], 1)} for t in sheets}
            for tab in sheets:
                _write(book, tab, formats, places)
    except FileCreateError as error:  # what the system refused is inside
        refused = error.args[0]
        raise OSError(refused.errno, refused.strerror, str(path)) from error


def _formats(book: Workbook) -> dict[str, Any]:
    alignment = {"valign": "top"}
    wrapping = {**alignment, "text_wrap": True}
    heading = {**wrapping, "bold": True, "font_color": "#FFFFFF", "bg_color": BLUE}
    day = {**alignment, "align": "left", "num_format": "yyyy-mm-dd"}
    return {
        "header": book.add_format(heading),
        "header of numbers": book.add_format({**heading, "align": "right"}),
        "header to fill in": book.add_format({**heading, "bg_color": GREEN}),
        "note": book.add_format({**alignment, "italic": True}),
        "text": book.add_format({**wrapping, "num_format": "@"}),
        "link": book.add_format({**wrapping, "font_color": BLUE, "underline": 1}),
        "day": book.add_format(day),
        "moment": book.add_format({**day, "num_format": "yyyy-mm-dd hh:mm"}),
        "text to fill in": book.add_format({**wrapping, "border": 7, "bg_color": OPEN}),
        "day to fill in": book.add_format({**day, "border": 7, "bg_color": OPEN}),
        "number": book.add_format({**alignment, "num_format": "#,##0_ "}),
        "decimal": book.add_format({**alignment, "num_format": "#,##0.00_ "}),
        "percent": book.add_format({**alignment, "num_format": "0.0%_ "}),
    }


def _write(book: Workbook, tab: Tab, formats: dict[str, Any], places: Places) -> None:
    """Write a tab, in as many sheets as it needs."""
    rows = iter(tab.rows)
    # A link to a sheet that goes on in another could lead astray, so none goes beyond the first.
    most_linked = LINKS // max(sum(bool(c.target) for c in tab.columns), 1)
    for sheet_number in count(1):
        first_row = next(rows, None)
        if first_row is None and sheet_number > 1:
            return
        sheet = book.add_worksheet(tab.name if sheet_number == 1 else f"{tab.name} {sheet_number}")
        sheet.freeze_panes(1, tab.frozen)
        _write_header(sheet, tab, formats)
        _lay_out(sheet, tab)
        row_number = 0
        for row_number, row in enumerate(
            chain([] if first_row is None else [first_row], islice(rows, ROWS - 1)), 1
        ):
            linked = places if row_number <= most_linked else {}
            _write_row(sheet, row_number, row, tab, formats, linked)
        if not row_number and not any(c.is_open for c in tab.columns):  # a form is read back
            sheet.write_string(1, 0, say(NOTHING), formats["note"])
        sheet.autofilter(0, 0, max(row_number, 1), len(tab.columns) - 1)
        for position, column in enumerate(tab.columns):
            if column.choices:
                allowed = {"validate": "list", "source": list(column.choices)}
                sheet.data_validation(1, position, max(row_number, 1), position, allowed)


def _write_header(sheet: Any, tab: Tab, formats: dict[str, Any]) -> None:
    """Write the headings, with a line below them for the buttons of the filters, which hide it."""
    lines = (len(wrap(c.title, c.width - BOLD)) for c in tab.columns)
    sheet.set_row(0, LINE * (max(lines) + 1))
    for position, column in enumerate(tab.columns):
        sheet.set_column(position, position, column.width)
        heading = "header of numbers" if column.kind == COUNT else "header"
        heading = "header to fill in" if column.is_open else heading
        sheet.write_string(0, position, column.title, formats[heading])


def _lay_out(sheet: Any, tab: Tab) -> None:
    """Have a sheet print landscape with its header on each page, no wider than it can be read."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.set_margins(0.4, 0.4, 0.6, 0.6)
    sheet.repeat_rows(0)
    sheet.repeat_columns(0, tab.frozen - 1)
    sheet.fit_to_pages(ceil(sum(c.width for c in tab.columns) / PRINTED), 0)
    sheet.set_footer("&L&A&R&P / &N")
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{ROWS + 1}"})


def _write_row(
    sheet: Any,
    row_number: int,
    row: Sequence[str],
    tab: Tab,
    formats: dict[str, Any],
    places: Places,
) -> None:
    for position, (column, text) in enumerate(zip(tab.columns, row, strict=True)):
        if column.kind == COUNT and isinstance(text, Numeral):
            value = text.value / 100 if text.form == "percent" else text.value
            sheet.write_number(row_number, position, float(value), formats[text.form])
        elif column.is_open:
            _write_open(sheet, row_number, position, text, column, formats)
        elif text and column.kind == DAY:
            moment = datetime.fromisoformat(text)
            kind = "moment" if ":" in text else "day"
            sheet.write_datetime(row_number, position, moment, formats[kind])
        elif place := _place(places.get(column.target, {}), text):
            url = f"internal:'{column.target}'!A{place + 1}"
            sheet.write_url(row_number, position, url, formats["link"], text)
        elif text:
            shown = keep_percents(_fitting(text, tab.where))
            sheet.write_string(row_number, position, shown, formats["text"])


def _write_open(
    sheet: Any, row_number: int, position: int, text: str, column: Column, formats: dict[str, Any]
) -> None:
    """Write a cell to fill in; where nobody answered yet it is blank, but looks like one."""
    kind = formats["day to fill in" if column.kind == DAY else "text to fill in"]
    if not text:
        sheet.write_blank(row_number, position, None, kind)
    elif column.kind == DAY:
        sheet.write_datetime(row_number, position, datetime.fromisoformat(text), kind)
    else:
        sheet.write_string(row_number, position, _fitting(text, "causes.csv"), kind)


def _place(places: dict[str, int], text: str) -> int:
    """Return the row that a text, or the file of a record, is about; 0 where there is none."""
    if not places or len(text) > CELL // 2:
        return 0
    return places.get(text) or places.get(text.rpartition("#")[0], 0)


def _fitting(text: str, file: str) -> str:
    if len(text) <= CELL // 2 or len(text.encode("utf-16-le")) <= 2 * CELL:
        return text
    return short(text, file, CELL // 2 - 100)


FORMAT = Format("xlsx", "report.xlsx", write)

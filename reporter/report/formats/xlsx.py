"""report.xlsx: the sheets of `tabs` in a workbook. In: the view. Out: texts as texts, numbers as
numbers, never a formula.

A sheet that is too long continues in a further one. A cell that is too long says how much is left
out and where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import chain, count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reporter.report import Format
from reporter.report.document import View
from reporter.report.view.format import Numeral, short
from reporter.report.workbook import COUNT, LONG, Tab, tabs

if TYPE_CHECKING:
    from xlsxwriter import Workbook

ROWS = 1_048_575
"""Rows that a sheet can hold below its header."""
CELL = 32_767
"""UTF-16 units that a cell can hold."""
BLUE = "#0F4C81"
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
            formats = _formats(book)
            for tab in tabs(view):
                _write(book, tab, formats)
    except FileCreateError as error:  # what the system refused is inside
        refused = error.args[0]
        raise OSError(refused.errno, refused.strerror, str(path)) from error


def _formats(book: Workbook) -> dict[str, Any]:
    alignment = {"valign": "top"}
    wrapping = {**alignment, "text_wrap": True}
    return {
        "header": book.add_format(
            {**wrapping, "bold": True, "font_color": "#FFFFFF", "bg_color": BLUE}
        ),
        "text": book.add_format({**alignment, "num_format": "@"}),
        "long": book.add_format({**wrapping, "num_format": "@"}),
        "number": book.add_format({**alignment, "num_format": "#,##0"}),
        "decimal": book.add_format({**alignment, "num_format": "#,##0.00"}),
        "percent": book.add_format({**alignment, "num_format": "0.0%"}),
    }


def _write(book: Workbook, tab: Tab, formats: dict[str, Any]) -> None:
    """Write a tab, in as many sheets as it needs."""
    rows = iter(tab.rows)
    for sheet_number in count(1):
        first_row = next(rows, None)
        if first_row is None and sheet_number > 1:
            return
        sheet = book.add_worksheet(tab.name if sheet_number == 1 else f"{tab.name} {sheet_number}")
        sheet.freeze_panes(1, tab.frozen)
        for position, column in enumerate(tab.columns):
            sheet.set_column(position, position, column.width)
            sheet.write_string(0, position, column.title, formats["header"])
        row_number = 0
        for row_number, row in enumerate(
            chain([] if first_row is None else [first_row], islice(rows, ROWS - 1)), 1
        ):
            _write_row(sheet, row_number, row, tab, formats)
        sheet.autofilter(0, 0, max(row_number, 1), len(tab.columns) - 1)


def _write_row(
    sheet: Any, row_number: int, row: Sequence[str], tab: Tab, formats: dict[str, Any]
) -> None:
    for position, (column, text) in enumerate(zip(tab.columns, row, strict=True)):
        if column.kind == COUNT and isinstance(text, Numeral):
            value = text.value / 100 if text.form == "percent" else text.value
            sheet.write_number(row_number, position, float(value), formats[text.form])
        elif text:
            kind = "long" if column.kind == LONG else "text"
            sheet.write_string(row_number, position, _fitting(text, tab.where), formats[kind])


def _fitting(text: str, file: str) -> str:
    if len(text) <= CELL // 2 or len(text.encode("utf-16-le")) <= 2 * CELL:
        return text
    return short(text, file, CELL // 2 - 100)


FORMAT = Format("xlsx", "report.xlsx", write)

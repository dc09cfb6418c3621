"""CSV and XLSX. In: a file. Out: a document a row, keyed by the headings above it.

People put titles above their tables and break lines inside headings: the heading row is the first that fills more
than half as many cells as three quarters of the rows do.
"""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from reporter.ingest.files import DAMAGE, InputFile, whole
from reporter.ingest.items import Document, Item, Problem, shown

MAX_CELL = 1 << 24
SEARCHED = 30
"""Rows among which the heading row is looked for."""
_BROKEN_BOOK = (
    *DAMAGE, zipfile.BadZipFile, SyntaxError, KeyError, ValueError, TypeError, IndexError, AttributeError,
    RuntimeError,
)  # fmt: skip
"""What openpyxl lets through from a damaged workbook."""

Row = tuple[int, list[str]] | Problem
"""(line, cells), or what is wrong with the line."""


def csv_rows(file: InputFile) -> Iterator[Item]:
    """Yield the rows of a CSV file below its heading row."""
    odd = "strict" if file.encoding == "utf-16" else "surrogateescape"
    text = whole(file).decode(file.encoding, errors=odd)
    csv.field_size_limit(MAX_CELL)
    lines = io.StringIO(text, newline="").readlines()
    yield from _records(_numbered(lines, _delimiter(lines)))


def _delimiter(lines: list[str]) -> str:
    """The sign that cuts the first rows into the same number of cells most often, and into most cells."""

    def even(sign: str) -> tuple[int, int]:
        rows = csv.reader(lines[: 4 * SEARCHED], delimiter=sign)
        widths: list[int] = []
        with contextlib.suppress(csv.Error):
            widths += (len(r) for r in itertools.islice(rows, SEARCHED))
        usual = max(set(widths), key=lambda w: (widths.count(w) * (w > 1), w), default=0)
        return (widths.count(usual), usual) if usual > 1 else (0, 0)

    return max(",;\t", key=even)


def _numbered(lines: list[str], delimiter: str) -> Iterator[Row]:
    """Number each row by the line it starts on; every line inside a quote that never closes is a problem."""
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    line = 1
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            where = f"not CSV: {error}, in a row that starts on line {line}"
            for number in range(line, rows.line_num + 1):
                if lines[number - 1].strip():
                    yield Problem(number, where, shown(lines[number - 1]))
            line = rows.line_num + 1
            continue
        yield line, row
        line = rows.line_num + 1


def _records(rows: Iterator[Row]) -> Iterator[Item]:
    """Turn the rows below the headings into records keyed by them."""
    first = list(itertools.islice(rows, SEARCHED))
    found = _heading(first)
    if found is None:
        yield from (r if isinstance(r, Problem) else Problem(r[0], "the heading row cannot be read", shown(",".join(r[1])))
                    for r in itertools.chain(first, rows) if isinstance(r, Problem) or any(c.strip() for c in r[1]))  # fmt: skip
        return
    at, line, cells = found
    yield from (r for r in first[:at] if isinstance(r, Problem))
    header = [" ".join(c.split()) for c in cells]
    named = [h for h in header if h]
    twice = sorted({h for h in named if named.count(h) > 1})
    lost = f"the header names a column twice: {twice[0]!r}" if twice else ""
    if lost:
        yield Problem(line, lost, shown(",".join(header)))
    for row in itertools.chain(first[at + 1 :], rows):
        yield from [row] if isinstance(row, Problem) else _record(row, header, lost)


def _heading(rows: list[Row]) -> tuple[int, int, list[str]] | None:
    """The heading row, with its place among the rows; a broken row before it could be it."""
    filled = [0 if isinstance(r, Problem) else sum(bool(c.strip()) for c in r[1]) for r in rows]
    usual = sorted(n for n in filled if n) or [0]
    wide = usual[(len(usual) - 1) * 3 // 4]
    for place, (row, n) in enumerate(zip(rows, filled, strict=True)):
        if isinstance(row, Problem):
            return None
        if n * 2 > wide:
            return place, *row
    return None


def _record(row: tuple[int, list[str]], header: list[str], lost: str) -> Iterator[Item]:
    line, cells = row
    if not any(c.strip() for c in cells):
        return
    over = [c for c in cells[len(header) :] if c.strip()]
    if lost or over:
        yield Problem(
            line, lost or f"{len(cells)} cells under {len(header)} headings", shown(",".join(cells))
        )
        return
    padded = cells + [""] * (len(header) - len(cells))
    record = {
        h or f"column {i}": c
        for i, (h, c) in enumerate(zip(header, padded, strict=False), 1)
        if h or c.strip()
    }
    yield Document(line, record)


def sheets(file: InputFile) -> list[str]:
    """Return the names of a workbook's sheets; none if it cannot be read."""
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(whole(file)), read_only=True, data_only=True)
        return [s.title for s in book.worksheets]
    except _BROKEN_BOOK:
        return []


def sheet_rows(file: InputFile) -> Iterator[Item]:
    """Yield the rows of one sheet of a workbook below its heading row, or of its only one."""
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(whole(file)), read_only=True, data_only=True)
        sheet = book[file.part] if file.part else book.worksheets[0]
        sheet.reset_dimensions()
        yield from _records(_cells(sheet.iter_rows(values_only=True)))
    except _BROKEN_BOOK as error:
        yield Problem(1, f"not a readable workbook, or only in part: {error}", "")


def _cells(rows: Iterable[tuple[Any, ...]]) -> Iterator[Row]:
    for number, row in enumerate(rows, 1):
        yield number, [_cell(v) for v in row]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)

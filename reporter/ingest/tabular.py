"""CSV and XLSX. In: a file. Out: a document a row, keyed by the headings above it.

People put titles above their tables, break lines inside headings and repeat them: the heading row is the first that
fills more than half as many cells as three quarters of the rows do. A row that repeats it is none.
"""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import re
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from reporter.ingest.files import DAMAGE, InputFile, whole
from reporter.ingest.items import Document, Item, Note, Problem, shown

MAX_CELL = 1 << 24
SEARCHED = 30
"""Rows among which the heading row is looked for."""
MERGED = 1000
"""Rows over which a merged cell is believed."""
TAIL = 1 << 22
"""Bytes at the end of a sheet among which its merged cells stand."""
_MERGED = r'<mergeCell ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"'
_TITLE = re.compile(r"[^\d:]{1,24}")
"""A title above headings that may stand in their names: `Owner`, not `SECTION 1: Identifiers`."""
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


def _records(rows: Iterator[Row], widens: bool = False) -> Iterator[Item]:
    """Turn the rows below the headings into records keyed by them; `widens`: cells beyond the headings are no fault."""
    first = list(itertools.islice(rows, SEARCHED))
    found = _heading(first)
    if found is None:
        yield from (r if isinstance(r, Problem) else Problem(r[0], "the heading row cannot be read", shown(",".join(r[1])))
                    for r in itertools.chain(first, rows) if isinstance(r, Problem) or any(c.strip() for c in r[1]))  # fmt: skip
        return
    at, line, cells = found
    yield from (r for r in first[:at] if isinstance(r, Problem))
    plain = [" ".join(c.split()) for c in cells]
    above = first[at - 1] if at else None
    header = _told_apart(plain, above[1] if isinstance(above, tuple) else [])
    twice = [h for h, p in zip(header, plain, strict=True) if h != p]
    if twice:
        said = ", ".join(map(repr, twice[:6])) + (" and more" if len(twice) > 6 else "")
        yield Note(line, f"headings stand more than once; now they are {said}")
    for row in itertools.chain(first[at + 1 :], rows):
        if isinstance(row, Problem):
            yield row
        elif [" ".join(c.split()) for c in row[1]] != plain:
            yield from _record(row, header, widens)


def _told_apart(header: list[str], above: list[str]) -> list[str]:
    """Where headings stand twice, the title above tells them apart (Owner, over Name and E-mail), else a number."""
    titles, title = [], ""
    for i in range(len(header)):
        title = " ".join(above[i].split()) if i < len(above) and above[i].strip() else title
        titles.append(title if _TITLE.fullmatch(title) else "")
    alike = {h for h in header if h and header.count(h) > 1}
    long = [f"{t} {h}".strip() if h else "" for t, h in zip(titles, header, strict=True)]
    helps = {
        t for t, n, h in zip(titles, long, header, strict=True)
        if t and h in alike and n not in header and long.count(n) == 1
    }  # fmt: skip
    return [
        n if t in helps and long.count(n) == 1 else f"{h} ({header[: i + 1].count(h)})" if h in alike else h
        for i, (t, n, h) in enumerate(zip(titles, long, header, strict=True))
    ]  # fmt: skip


def _heading(rows: list[Row]) -> tuple[int, int, list[str]] | None:
    """The heading row, with its place among the rows; a broken row before it could be it."""
    filled = [0 if isinstance(r, Problem) else sum(bool(c.strip()) for c in r[1]) for r in rows]
    usual = sorted(n for n in filled if n) or [0]
    wide = usual[(len(usual) - 1) * 3 // 4]
    for place, (row, n) in enumerate(zip(rows, filled, strict=True)):
        if isinstance(row, Problem):
            return None
        if n * 2 > wide and len({c for c in row[1] if c.strip()}) * 2 >= n:
            return place, *row
    return None


def _record(row: tuple[int, list[str]], header: list[str], widens: bool) -> Iterator[Item]:
    line, cells = row
    if not any(c.strip() for c in cells):
        return
    over = [c for c in cells[len(header) :] if c.strip()]
    if over and not widens:
        yield Problem(
            line, f"{len(cells)} cells under {len(header)} headings", shown(",".join(cells))
        )
        return
    record = {
        h or f"column {i}": c
        for i, (h, c) in enumerate(itertools.zip_longest(header, cells, fillvalue=""), 1)
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
        down = _merged_down(file, sheet._worksheet_path)
        yield from _records(_cells(sheet.iter_rows(values_only=True), down), widens=True)
    except _BROKEN_BOOK as error:
        yield Problem(1, f"not a readable workbook, or only in part: {error}", "")


def _merged_down(file: InputFile, part: str) -> dict[tuple[int, int], int]:
    """Return (row, column) of each cell that is merged with one above it, and the row of that one."""
    tail = b""
    with zipfile.ZipFile(io.BytesIO(whole(file))) as book, book.open(part.lstrip("/")) as sheet:
        while chunk := sheet.read(1 << 20):
            tail = (tail + chunk)[-TAIL:]
    xml = tail.decode("utf-8", "replace")
    return {
        (row, _column(column)): int(top)
        for column, top, end, bottom in re.findall(_MERGED, xml)
        if column == end
        for row in range(int(top) + 1, min(int(bottom), int(top) + MERGED) + 1)
    }


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _cells(
    rows: Iterable[tuple[Any, ...]], down: dict[tuple[int, int], int] | None = None
) -> Iterator[Row]:
    """Turn cells into texts; a cell merged downwards says the same in every row."""
    tops: dict[tuple[int, int], str] = {}
    begins = {(top, column) for (_, column), top in (down or {}).items()}
    for number, row in enumerate(rows, 1):
        cells = [_cell(v) for v in row]
        for at, cell in enumerate(cells):
            if (number, at) in begins:
                tops[number, at] = cell
            if down and not cell and (number, at) in down:
                cells[at] = tops.get((down[number, at], at), "")
        yield number, cells


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (datetime, date)):
        return value.isoformat().removesuffix("T00:00:00")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)

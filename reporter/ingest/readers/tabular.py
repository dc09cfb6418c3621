"""CSV, XLSX and XLS. In: a file. Out: a document a row, keyed by the headings above it.

People put titles above their tables, break lines inside headings and repeat them: the heading row
is the first that fills more than half as many cells as three quarters of the rows do. A row that
repeats it is none."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import re
import struct
import zipfile
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, TextIO

from reporter.i18n.translate import mark
from reporter.ingest.readers.files import (
    DAMAGE,
    MAX_RECORD,
    InputFile,
    LastRead,
    TooLarge,
    opened,
    whole,
)
from reporter.ingest.readers.records import Document, Item, Note, Problem, excerpt
from reporter.model.sentences import Sentence, message_of, tell, verbatim

MAX_CELL = 1 << 24
SEARCHED = 30
"""Rows among which the heading row is looked for."""
AHEAD = 1 << 20
"""Characters among which the sign between cells is looked for."""
MERGED = 1000
"""Rows over which a merged cell is believed."""
TAIL = 1 << 22
"""Bytes at the end of a sheet among which its merged cells stand."""
MAX_HEADINGS = 5000
"""Headings of a table: every one is a key of every record, and no register has a hundredth of
them.
"""
MAX_BOOK, MAX_PART = 1 << 29, 1 << 23
"""Bytes to which a workbook may unpack, and each part of it that is neither a sheet nor its
texts.
"""
MAX_TEXTS = 1_500_000
"""Different texts of a workbook: all of them are read before its first row, a million in eight
seconds.
"""
MAX_SHEETS = 1000
"""Sheets of a workbook: each is a file of its own, in recognition as in the accounting."""
MAX_CELLS = 20_000_000
"""Cells of one sheet, the empty ones before a filled one too."""
NOT_UTF8 = mark(
    "not UTF-8: read as Windows-1252, as Western Europe writes; save the table as UTF-8 if letters"
    " look wrong"
)
_BULK = ("xl/worksheets/", "xl/sharedstrings", "xl/pivotcache/", "customxml/")
_TEXT = re.compile(rb"</(?:\w+:)?si>|<(?:\w+:)?si\s*/>")
_MERGED = r'<mergeCell ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"'
_TITLE = re.compile(r"[^\d:]{1,24}")
"""A title above headings that may stand in their names: `Owner`, not `SECTION 1: Identifiers`."""
_BROKEN_BOOK = (
    *DAMAGE,
    zipfile.BadZipFile,
    SyntaxError,
    KeyError,
    ValueError,
    TypeError,
    IndexError,
    AttributeError,
    RuntimeError,
    OverflowError,
)
"""What openpyxl and xlrd let through from a damaged workbook."""

Row = tuple[int, list[str]] | Problem
"""(line, cells), or what is wrong with the line."""


def csv_rows(file: InputFile) -> Iterator[Item]:
    """Yield the rows of a CSV file below its heading row."""
    error_mode = "strict" if file.encoding == "utf-16" else "surrogateescape"
    csv.field_size_limit(MAX_CELL)
    if file.encoding == "cp1252":
        yield Note(1, Sentence(NOT_UTF8))
    with opened(file) as raw, io.TextIOWrapper(raw, file.encoding, error_mode, newline="") as text:
        lines = _Lines(text)
        yield from _records(_numbered(lines, _delimiter(lines.first())))


def _delimiter(lines: list[str]) -> str:
    """The sign that cuts the first rows into the same number of cells most often, and into most
    cells.
    """

    def even(sign: str) -> tuple[int, int]:
        rows = csv.reader(lines, delimiter=sign)
        widths: list[int] = []
        with contextlib.suppress(csv.Error):
            widths += (len(r) for r in itertools.islice(rows, SEARCHED))
        usual = max(set(widths), key=lambda w: (widths.count(w) * (w > 1), w), default=0)
        return (widths.count(usual), usual) if usual > 1 else (0, 0)

    return max(",;\t", key=even)


class _Lines:
    """Lines on their way to the CSV reader; those of the current row are kept."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._ahead: deque[tuple[str, int]] = deque()
        self.kept: list[str] = []

    def first(self) -> list[str]:
        """Return the first lines without taking them away."""
        room = AHEAD
        while len(self._ahead) < 4 * SEARCHED and room > 0 and (line := self._read())[0]:
            self._ahead.append(line)
            room -= len(line[0])
        return [line for line, _ in self._ahead]

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line, size = self._ahead.popleft() if self._ahead else self._read()
        if not line:
            raise StopIteration
        self.kept.append(line)
        if size:
            why = tell(
                "a line of {n} MB; {most} MB is the limit", n=size >> 20, most=MAX_RECORD >> 20
            )
            raise csv.Error(why)
        return line

    def _read(self) -> tuple[str, int]:
        """Return a line, and its size if it is too long: then only its start."""
        line = self._text.readline(MAX_RECORD)
        if len(line) < MAX_RECORD:
            return line, 0
        start, size = line[: 1 << 12], len(line)
        while line and line[-1] not in "\r\n":
            line = self._text.readline(MAX_RECORD)
            size += len(line)
        return start, size


def _numbered(lines: _Lines, delimiter: str) -> Iterator[Row]:
    """Number each row by the line it starts on; every line inside a quote that never closes is a
    problem.

    Empty rows far down are skipped here, because a file of nothing else takes long enough.
    """
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    line, pending = 1, lines.kept
    while True:
        try:
            for row in rows:
                if row or line <= SEARCHED:
                    yield line, row
                line += len(pending)
                pending.clear()
            return
        except csv.Error as error:
            reason = tell(
                "not CSV: {error}, in a row that starts on line {line}",
                error=message_of(error),
                line=line,
            )
            for number, text in enumerate(pending, line):
                if text.strip():
                    yield Problem(number, reason, excerpt(text))
            line += len(pending)
            pending.clear()


def _records(rows: Iterator[Row], widens: bool = False) -> Iterator[Item]:
    """Turn the rows below the headings into records keyed by them; `widens`: cells beyond the
    headings are no fault.
    """
    head_rows = list(itertools.islice(rows, SEARCHED))
    heading = _heading(head_rows)
    is_too_wide = heading and len(heading[2]) > MAX_HEADINGS
    if heading is None or is_too_wide:
        why = (
            tell(
                "a table of {n:,} columns; {most:,} is the limit: leave out those that say nothing"
                " about an agent",
                n=len(heading[2]),
                most=MAX_HEADINGS,
            )
            if heading and is_too_wide
            else tell("the heading row cannot be read")
        )
        yield from (
            (
                r
                if isinstance(r, Problem)
                else Problem(r[0], why, "" if is_too_wide else excerpt(",".join(r[1])))
            )
            for r in itertools.chain(head_rows, rows)
            if isinstance(r, Problem) or any(c.strip() for c in r[1])
        )
        return
    at, line, cells = heading
    yield from (r for r in head_rows[:at] if isinstance(r, Problem))
    plain_headings = [" ".join(c.split()) for c in cells]
    title_row = head_rows[at - 1] if at else None
    header = _distinct_headings(
        plain_headings, title_row[1] if isinstance(title_row, tuple) else []
    )
    repeats = [h for h, p in zip(header, plain_headings, strict=True) if h != p]
    if repeats:
        yield Note(line, _numbered_headings(repeats))
    first_column = next((i for i, h in enumerate(plain_headings) if h), 0)
    full, first_words = all(header), plain_headings[first_column].split()
    for row in itertools.chain(head_rows[at + 1 :], rows):
        if isinstance(row, Problem):
            yield row
            continue
        line, cells = row
        may_repeat = (
            cells[first_column : first_column + 1] and cells[first_column].split() == first_words
        )
        if may_repeat and [" ".join(c.split()) for c in cells] == plain_headings:
            continue
        if full and len(cells) == len(header) and cells[0]:
            yield Document(line, dict(zip(header, cells, strict=True)))
        else:
            yield from _record(row, header, widens)


def _numbered_headings(headings: list[str]) -> Sentence:
    names = tuple(map(repr, headings[:6]))
    if len(headings) > len(names):
        return tell("headings appear more than once; they are now {names} and more", names=names)
    return tell("headings appear more than once; they are now {names}", names=names)


def _distinct_headings(header: list[str], titles_above: list[str]) -> list[str]:
    """Tell repeated headings apart by the title above them (Owner, over Name and E-mail), else by a
    number.
    """
    titles, title = [], ""
    for i in range(len(header)):
        title = (
            " ".join(titles_above[i].split())
            if i < len(titles_above) and titles_above[i].strip()
            else title
        )
        titles.append(title if _TITLE.fullmatch(title) else "")
    times = Counter(header)
    repeats = {h for h in header if h and times[h] > 1}
    full_names = [f"{t} {h}".strip() if h else "" for t, h in zip(titles, header, strict=True)]
    full_counts = Counter(full_names)
    helps = {
        t
        for t, n, h in zip(titles, full_names, header, strict=True)
        if t and h in repeats and n not in times and full_counts[n] == 1
    }
    counts: Counter[str] = Counter()
    headings = []
    for t, n, h in zip(titles, full_names, header, strict=True):
        counts[h] += 1
        headings.append(
            n if t in helps and full_counts[n] == 1 else f"{h} ({counts[h]})" if h in repeats else h
        )
    return headings


def _heading(rows: list[Row]) -> tuple[int, int, list[str]] | None:
    """The heading row, with its place among the rows; None where an unreadable row before it might
    be the heading.
    """
    fill_counts = [
        0 if isinstance(r, Problem) else sum(bool(c.strip()) for c in r[1]) for r in rows
    ]
    usual = sorted(n for n in fill_counts if n) or [0]
    usual_width = usual[(len(usual) - 1) * 3 // 4]
    for place, (row, count) in enumerate(zip(rows, fill_counts, strict=True)):
        if isinstance(row, Problem):
            return None
        if count * 2 > usual_width and len({c for c in row[1] if c.strip()}) * 2 >= count:
            return place, *row
    return None


def _record(row: tuple[int, list[str]], header: list[str], widens: bool) -> Iterator[Item]:
    line, cells = row
    if not any(c.strip() for c in cells):
        return
    extra_cells = [c for c in cells[len(header) :] if c.strip()]
    if extra_cells and not widens:
        why = tell("{n} cells under {headings} headings", n=len(cells), headings=len(header))
        yield Problem(line, why, excerpt(",".join(cells)))
        return
    record = {
        h or f"column {i}": c
        for i, (h, c) in enumerate(itertools.zip_longest(header, cells, fillvalue=""), 1)
        if h or c.strip()
    }
    yield Document(line, record)


def too_much(error: TooLarge) -> Sentence:
    """Say which limit a file goes over."""
    why = message_of(error)
    return why if isinstance(why, Sentence) else verbatim(str(error))


def too_large_a_book(file: InputFile) -> Sentence | None:
    """Say which limit a workbook exceeds, by unpacking its parts; None if none, or if it is
    damaged.

    Sizes that the archive declares are not trusted: whoever reads it unpacks small parts in one go.
    """
    n_sheets = n_texts = unpacked = 0
    try:
        with zipfile.ZipFile(io.BytesIO(whole(file, MAX_BOOK))) as book:
            for part in book.infolist():
                name = part.filename.lower()
                if not name.endswith((".xml", ".rels")):
                    continue
                n_sheets += name.startswith("xl/worksheets/") and name.endswith(".xml")
                limit = MAX_BOOK - unpacked if name.startswith(_BULK) else MAX_PART
                size, texts = _unpack(book, part, limit)
                if size > limit:
                    return tell(
                        "a workbook whose part {part} unpacks to more than {n} MB: give its sheets"
                        " as CSV",
                        part=part.filename,
                        n=limit >> 20,
                    )
                unpacked += size
                n_texts += texts
    except TooLarge as error:
        return too_much(error)
    except _BROKEN_BOOK:
        return None
    if n_texts > MAX_TEXTS:
        return tell(
            "a workbook of {n:,} different texts; {most:,} is the limit: give its sheets as CSV",
            n=n_texts,
            most=MAX_TEXTS,
        )
    if n_sheets > MAX_SHEETS:
        return tell(
            "a workbook of {n:,} sheets; {most:,} is the limit: give its sheets as CSV",
            n=n_sheets,
            most=MAX_SHEETS,
        )
    return None


def _unpack(book: zipfile.ZipFile, part: zipfile.ZipInfo, limit: int) -> tuple[int, int]:
    """Return how many bytes a part unpacks to, counted to just over `limit`, and how many texts it
    holds.
    """
    size, texts, tail = 0, 0, b""
    with book.open(part) as stream:
        while size <= limit and (chunk := stream.read(1 << 20)):
            size += len(chunk)
            data = tail + chunk
            end = data.rfind(b">") + 1
            texts += len(_TEXT.findall(data, 0, end)) if b"si" in chunk else 0
            tail = data[end:][-64:]
    return size, texts


def sheets(file: InputFile) -> list[str]:
    """Return the names of a workbook's sheets; none if it cannot be read."""
    if file.format == "xls":
        try:
            names: list[str] = _old_book(file).sheet_names()
        except (TooLarge, *_BROKEN_BOOK):
            return []
        return names
    from openpyxl.reader.excel import ExcelReader

    try:
        reader = ExcelReader(io.BytesIO(whole(file, MAX_BOOK)), True, False, True, False, False)
        reader.read_manifest()
        reader.read_workbook()
        return [
            sheet.name
            for sheet, rel in reader.parser.find_sheets()
            if rel.target in reader.valid_files and "chartsheet" not in rel.Type
        ]
    except _BROKEN_BOOK:
        return []


def sheet_rows(file: InputFile, last_read: LastRead) -> Iterator[Item]:
    """Yield the rows of one sheet of a workbook below its heading row, or of its only one."""
    read = _old_cells if file.format == "xls" else _new_cells
    try:
        yield from _records(read(file, last_read), widens=True)
    except TooLarge as error:
        yield Problem(0, too_much(error), "")
    except _BROKEN_BOOK as error:
        why = tell("not a readable workbook, or only in part: {error}", error=message_of(error))
        yield Problem(1, why, "")


def _new_cells(file: InputFile, last_read: LastRead) -> Iterator[Row]:
    archive, book = last_read.of(file, lambda: _opened_book(file))
    sheet = book[file.part] if file.part else book.worksheets[0]
    sheet.reset_dimensions()
    return _cells(sheet.iter_rows(values_only=True), _merged_down(archive, sheet._worksheet_path))


def is_old_book(file: InputFile) -> bool:
    """Tell whether an old Office file holds the stream of a workbook."""
    try:
        content = whole(file, MAX_BOOK)
    except (TooLarge, *DAMAGE):
        return True  # to read it says what is wrong
    return any(name.encode("utf-16-le") in content for name in ("Workbook", "Book"))


def _old_cells(file: InputFile, last_read: LastRead) -> Iterator[Row]:
    """Read a sheet of a workbook of Excel 97."""
    book = last_read.of(file, lambda: _old_book(file))
    sheet = book.sheet_by_name(file.part) if file.part else book.sheet_by_index(0)
    rows = (tuple(_old_value(c, book.datemode) for c in row) for row in sheet.get_rows())
    down = {
        (row, left): top + 1
        for top, bottom, left, right in sheet.merged_cells
        if right == left + 1
        for row in range(top + 2, min(bottom, top + MERGED) + 1)
    }
    return _cells(rows, down)


def _old_book(file: InputFile) -> Any:
    """Open a workbook; all its sheets are read, so that what is damaged shows here."""
    import xlrd

    content = whole(file, MAX_BOOK)
    try:
        # Merged cells are told only with the formats.
        return xlrd.open_workbook(
            file_contents=content, logfile=io.StringIO(), formatting_info=True
        )
    except (xlrd.XLRDError, xlrd.compdoc.CompDocError, struct.error, AssertionError) as error:
        raise ValueError(str(error)) from error


def _old_value(cell: Any, datemode: int) -> Any:
    import xlrd

    if cell.ctype == xlrd.XL_CELL_DATE:
        moment = xlrd.xldate_as_datetime(cell.value, datemode)
        return moment if cell.value >= 1 else moment.time()
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code.get(cell.value, "")
    return cell.value


def _opened_book(file: InputFile) -> tuple[zipfile.ZipFile, Any]:
    import openpyxl

    raw = io.BytesIO(whole(file, MAX_BOOK))
    book = openpyxl.load_workbook(raw, read_only=True, data_only=True, keep_links=False)
    return zipfile.ZipFile(raw), book


def _merged_down(book: zipfile.ZipFile, part: str) -> dict[tuple[int, int], int]:
    """Return (row, column) of each cell that is merged with one above it, and the row of that
    cell.
    """
    tail = b""
    with book.open(part.lstrip("/")) as sheet:
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
    merged_tops = {(top, column) for (_, column), top in (down or {}).items()}
    room = MAX_CELLS
    for number, row in enumerate(rows, 1):
        room -= len(row)
        if room < 0:
            why = tell(
                "a sheet of more than {most:,} cells, read to row {n:,}: give it as CSV",
                most=MAX_CELLS,
                n=number - 1,
            )
            raise TooLarge(why)
        cells = [_cell(v) for v in row]
        for at, cell in enumerate(cells):
            if (number, at) in merged_tops:
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

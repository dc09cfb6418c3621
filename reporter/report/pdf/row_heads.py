"""Mark the cells that head the rows of tables, which typst cannot, in a tagged PDF. In: a PDF as
typst writes it. Out: the same, with objects in streams.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence, Set

from reporter.report.pdf.pdf_objects import REF, Source, Writer

_TREE = re.compile(rb"/K\[(\d+) 0 R\]/ParentTree")
_ELEMENT = re.compile(rb"<</Type/StructElem/S/(\w+)/P (\d+) 0 R")
_KIDS = re.compile(rb"/K\[([^\[\]]*)\](?:/Pg \d+ 0 R)?>>$")
_NO_ELEMENT = re.compile(rb"<<[^<>]*>>")
"""Among the kids of an element: a link or a mark on another page."""


def mark_row_heads(pdf: bytes, row_heads: Sequence[Set[int]]) -> bytes:
    """Return the PDF with the cells that head rows marked: `row_heads` counts the cells of the body
    of each table, in reading order. Raise ValueError where the PDF is of another form.
    """
    source, out = Source(pdf), io.BytesIO()
    writer = Writer(out, source.header)
    writer.reserve(source.size - 1)
    heads = _row_heads(source, row_heads)
    for number in source.numbers():
        item = source[number]
        writer.put(number, _as_row_head(item) if number in heads else item)
    writer.close(source.root, source.info)
    return out.getvalue()


def _document(source: Source) -> int:
    """Return the element that holds all others."""
    found = re.search(rb"/StructTreeRoot (\d+) 0 R", source[source.root])
    tree = found and _TREE.search(source[int(found[1])])
    if not tree:
        raise ValueError("a structure tree of another form")
    document = int(tree[1])
    if _kind(source[document]) != b"Document" or not _KIDS.search(source[document]):
        raise ValueError("a structure tree that does not begin with a document")
    return document


def _row_heads(source: Source, row_heads: Sequence[Set[int]]) -> set[int]:
    tables = [n for n in _elements(source, _document(source)) if _kind(source[n]) == b"Table"]
    heads: set[int] = set()
    for table, wanted in zip(tables, row_heads, strict=True):
        if wanted:
            rows = (n for n in _elements(source, table) if _kind(source[n]) == b"TR")
            cells = (cell for row in rows for cell in _kids(source[row]))
            body = [cell for cell in cells if _kind(source[cell]) != b"TH"]
            heads |= {body[at] for at in wanted}
    return heads


def _elements(source: Source, root: int) -> Iterator[int]:
    """Walk the elements of a tree in reading order, without what is in a row."""
    stack = [root]
    while stack:
        number = stack.pop()
        yield number
        item = source[number]
        if _kind(item) != b"TR":
            stack.extend(reversed(_kids(item)))


def _as_row_head(cell: bytes) -> bytes:
    cell = cell.replace(b"/S/TD", b"/S/TH", 1)
    for given, scoped in (
        (b"/O/Table", b"/O/Table/Scope/Row"),
        (b"/A[", b"/A[<</O/Table/Scope/Row>>"),
        (b"/K[", b"/A[<</O/Table/Scope/Row>>]/K["),
    ):
        if given in cell:
            return cell.replace(given, scoped, 1)
    return cell


def _kind(item: bytes) -> bytes:
    found = _ELEMENT.match(item)
    return found[1] if found else b""


def _kids(item: bytes) -> list[int]:
    """Return the elements in an element."""
    found = _KIDS.search(item)
    return list(map(int, REF.findall(_NO_ELEMENT.sub(b" ", found[1])))) if found else []

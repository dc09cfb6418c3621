"""Merge tagged PDFs with one structure tree. In: an open PDF and parts as files. Out: the same PDF
with their pages.

A part must have one Document element and no annotations. Names of header cells get the mark of
their part.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, String

_NAMES = re.compile(rb"(?<=\()U(?=\d+x\d+y\d+\))")
"""In the file of a part: the names that typst gives header cells, which begin alike in each."""


class Binder:
    """Appends parts to an open PDF; `close` writes what the parts share."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        """Open the structure tree of the PDF."""
        self.pdf = pdf
        self._root = pdf.Root.StructTreeRoot
        self._document = _document(self._root)
        self._owners = _numbers(self._root.ParentTree)
        self._ids: dict[str, pikepdf.Object] = dict(_pairs(self._root.get("/IDTree")))

    def add(self, part: Path, mark: str) -> list[int]:
        """Append a part, and return the page, from 0, of each cell that spans columns. One letter
        marks the names of its header cells.
        """
        part.write_bytes(_NAMES.sub(mark.encode(), part.read_bytes()))
        offset = max(self._owners, default=-1) + 1
        with pikepdf.open(part) as source:
            root = source.Root.StructTreeRoot
            page_numbers = {
                page.obj.objgen: n for n, page in enumerate(source.pages, len(self.pdf.pages))
            }
            heads = [item for item in _header_cells(_document(root)) if _spans(item)]
            positions = [page_numbers[_page(item).objgen] for item in heads]
            for page in source.pages:
                page.obj.StructParents = int(page.obj.StructParents) + offset
            self.pdf.pages.extend(source.pages)
            self._take(source, root, offset)
        return positions

    def _take(self, source: pikepdf.Pdf, root: pikepdf.Object, offset: int) -> None:
        """Copy the tree of a part and attach its elements to our document."""
        part_document = _document(root)
        del part_document.P
        ids = _pairs(root.IDTree)
        tables = source.make_indirect(
            Dictionary(
                Document=part_document,
                Names=Array([item for _, item in ids]),
                Nums=_number_array(_numbers(root.ParentTree)),
            )
        )
        copy = self.pdf.copy_foreign(tables)
        self._ids.update(zip((name for name, _ in ids), copy.Names, strict=True))
        for n, owner in _numbers(copy).items():
            self._owners[n + offset] = owner
        for item in _kids(copy.Document):
            item.P = self._document
            self._document.K.append(item)

    def close(self) -> None:
        """Write the tables that map pages and names to their elements."""
        self._root.ParentTree = self.pdf.make_indirect(Dictionary(Nums=_number_array(self._owners)))
        self._root.ParentTreeNextKey = max(self._owners, default=-1) + 1
        names: list[Any] = []
        for name in sorted(self._ids, key=str.encode):
            names += [String(name), self._ids[name]]
        self._root.IDTree = self.pdf.make_indirect(Dictionary(Names=Array(names)))


def head_rows(pdf: pikepdf.Pdf, row_heads: Sequence[Set[int]]) -> None:
    """Make cells of the bodies of tables the heads of their rows: by table, in reading order."""
    tables = (e for e in _elements(_document(pdf.Root.StructTreeRoot)) if Name.Table == e.S)
    for table, wanted in zip(tables, row_heads, strict=True):
        if not wanted:
            continue
        body_cells = (cell for cell, is_header in _cells(table) if not is_header)
        for number, cell in enumerate(body_cells):
            if number in wanted:
                cell.S = Name.TH
                _attribute(cell, "/Scope", Name.Row)


def stamp(pdf: pikepdf.Pdf, running: bytes, start: int) -> None:
    """Add the pages of an untagged PDF as running headers and footers, from a start page on."""
    with pikepdf.open(io.BytesIO(running)) as source:
        pages = pdf.pages[start : start + len(source.pages)]
        for index, (page, band) in enumerate(zip(pages, source.pages, strict=True)):
            form = pdf.copy_foreign(source.make_indirect(band.as_form_xobject()))
            name = page.add_resource(form, Name.XObject, Name(f"/Running{index}"))
            mark = f"/Artifact <</Type /Pagination>> BDC q {name} Do Q EMC\n"
            # It goes before the content, where the coordinates are still untransformed.
            page.contents_add(mark.encode(), prepend=True)


def outline(pdf: pikepdf.Pdf, chapter: str, entries: Sequence[tuple[str, int]]) -> None:
    """Add bookmarks, title and page from 0, below the last bookmark of a chapter."""
    with pdf.open_outline() as tree:
        parent = [item for item in tree.root if item.title == chapter][-1]
        parent.is_closed = True
        for title, page in entries:
            item = pikepdf.OutlineItem(title, page, "XYZ", left=0, top=842, zoom=0)
            parent.children.append(item)


def _document(root: pikepdf.Object) -> Any:
    (document,) = _kids(root)
    if str(document.S) != "/Document":
        raise ValueError(f"a structure tree begins with {document.S}, not /Document")
    if not isinstance(document.K, Array):
        document.K = Array([document.K])
    return document


def _kids(item: Any) -> list[Any]:
    kids = item.get("/K", Array())
    items = list(kids) if isinstance(kids, Array) else [kids]
    return [kid for kid in items if isinstance(kid, Dictionary)]


def _elements(root: Any) -> Iterator[Any]:
    """Walk the elements of a tree in reading order."""
    stack = [root]
    while stack:
        item = stack.pop()
        if "/S" in item:
            yield item
            stack.extend(reversed(_kids(item)))


def _cells(root: Any) -> Iterator[tuple[Any, bool]]:
    """Walk the cells of all tables in reading order, and tell which are headers. Skipping their
    content halves the work.
    """
    row, header = Name.TR, Name.TH
    stack = [root]
    while stack:
        item = stack.pop()
        if item.get("/S") == row:
            yield from ((cell, cell.get("/S") == header) for cell in item.K)
        else:
            stack.extend(reversed(_kids(item)))


def _attribute(cell: Any, key: str, value: Any) -> None:
    """Set an attribute of a cell of a table."""
    for given in _attributes(cell):
        if given.get("/O") == Name.Table:
            given[key] = value
            return
    cell.A = Array([*_attributes(cell), Dictionary({"/O": Name.Table, key: value})])


def _attributes(item: Any) -> list[Any]:
    attributes = item.get("/A")
    return (
        list(attributes)
        if isinstance(attributes, Array)
        else []
        if attributes is None
        else [attributes]
    )


def _header_cells(root: Any) -> Iterator[Any]:
    """Walk the header cells of tables whose rows have only such cells or none, in reading order."""
    stack = [root]
    while stack:
        item = stack.pop()
        if item.get("/S") != Name.TR:
            stack.extend(reversed(_kids(item)))
        elif item.K[0].get("/S") == Name.TH:
            yield from item.K


def _spans(item: Any) -> bool:
    return any(int(a.get("/ColSpan", 1)) > 1 for a in _attributes(item))


def _page(item: Any) -> Any:
    return next(e.Pg for e in _elements(item) if "/Pg" in e)


def _numbers(node: Any) -> dict[int, Any]:
    """Read a number tree."""
    entries: dict[int, Any] = {}
    pairs = list(node.get("/Nums", Array()))
    entries.update((int(n), value) for n, value in zip(pairs[::2], pairs[1::2], strict=True))
    for kid in node.get("/Kids", Array()):
        entries |= _numbers(kid)
    return entries


def _pairs(node: Any) -> list[tuple[str, Any]]:
    """Read a name tree with one node, or none."""
    flat = list(node.Names) if node is not None else []
    return list(zip(map(str, flat[::2]), flat[1::2], strict=True))


def _number_array(numbers: dict[int, Any]) -> Array:
    flat: list[Any] = []
    for n in sorted(numbers):
        flat += [n, numbers[n]]
    return Array(flat)

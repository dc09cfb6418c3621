"""Merge tagged PDFs with one structure tree. In: a report and parts, as typst writes them. Out: one
PDF with the pages of all.

A part must have one Document element, no annotations, and no text outside its pages. Names of
header cells get the mark of their part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import BinaryIO

from reporter.report.pdf.pdf_objects import REF, Mover, Source, Writer, parted, stream, text_string

_TREE = re.compile(
    rb"/K\[(\d+) 0 R\]/ParentTree<</Nums\[([^\]]*)\]>>(?:/IDTree<</Names\[([^\]]*)\]>>)?"
    rb"/ParentTreeNextKey (\d+)>>$"
)
_OWNERS = re.compile(rb"(\d+) (\d+) 0 R")
_IDS = re.compile(rb"\(([^()]*)\)(\d+) 0 R")
_PAGES = re.compile(rb"/Count (\d+)/Kids\[([^\]]*)\]")
_ELEMENT = re.compile(rb"<</Type/StructElem/S/(\w+)/P (\d+) 0 R")
_KIDS = re.compile(rb"/K\[([^\[\]]*)\](?:/Pg \d+ 0 R)?>>$")
_NO_ELEMENT = re.compile(rb"<<[^<>]*>>")
"""Among the kids of an element: a link or a mark on another page."""
_PARENTS = re.compile(rb"(?<=/StructParents )\d+")
_RUNNING = b"/Artifact <</Type /Pagination>> BDC q /Running Do Q EMC\n"


def count_pages(pdf: bytes) -> int:
    """Return the number of pages."""
    return len(_page_numbers(Source(pdf)))


class Binder:
    """Writes a report, appends parts to it, and at the end what they share."""

    def __init__(self, report: bytes, row_heads: Sequence[Set[int]], out: BinaryIO) -> None:
        """Write the pages of the report, with the cells that head the rows of its tables."""
        self._report = source = Source(report)
        self._tree = _Tree.of(source)
        self._pages = list(_page_numbers(source))
        self._kids = list(self._pages)
        self._writer = Writer(out, source.header)
        self._writer.reserve(source.size - 1)
        self._bands: list[int] = []
        self._mark = 0
        """What draws the band of a page."""
        self._elements: list[int] = []
        """Elements of the parts, to stand below the document."""
        heads = _row_heads(source, self._tree.document, row_heads)
        self._changed = {number for number, _ in self._shared([])}
        for number in set(source.numbers()) - self._changed:
            item = source[number]
            self._writer.put(number, _as_row_head(item) if number in heads else item)

    def run(self, running: bytes) -> None:
        """Take the pages of an untagged PDF as headers and footers of the pages to come."""
        source, pages = Source(running), {}
        mover = Mover(self._writer.reserve(source.size - 1) - 1)
        left_out = {*_own_numbers(source), *_page_numbers(source)}
        for number in _page_numbers(source):
            pages[_reference(source[number], b"Contents")] = source[number]
        for number in (n for n in source.numbers() if n not in left_out):
            head, data = parted(source[number])
            if page := pages.get(number):
                kind = b"<</Type/XObject/Subtype/Form%b/Resources %d 0 R" % (
                    *(_box(page), _reference(page, b"Resources")),
                )
                head = kind + head.removeprefix(b"<<")
                self._bands.append(number + mover.by)
            self._writer.put(number + mover.by, mover.moved(head) + data)
        self._mark = self._writer.reserve()
        self._writer.put(self._mark, stream(b"", _RUNNING))

    def add(self, part: bytes, mark: str) -> list[int]:
        """Append a part, and return the page, from 0, of each cell that spans columns. One letter
        marks the names of its header cells. Raise ValueError where they are in another order.
        """
        source = Source(part)
        mover = Mover(self._writer.reserve(source.size - 1) - 1)
        letter = b"(" + mark.encode()
        changed = self._changed_in(source, mover, mark.encode())
        first = len(self._pages)
        page_numbers = {n: first + at for at, n in enumerate(_page_numbers(source))}
        self._pages += [n + mover.by for n in page_numbers]
        positions = []
        for number in source.numbers():
            item = changed.get(number)
            if item is None:
                head, data = parted(source[number])
                head = mover.moved(head)
                if b"(U" in head and head.startswith(b"<</Type/StructElem"):
                    head = head.replace(b"(U", letter)
                    if b"/ColSpan " in head:
                        positions.append(page_numbers[_page_of(source, number)])
                item = head + data
            if item:
                self._writer.put(number + mover.by, item)
        if positions != sorted(positions):
            raise ValueError("the header cells of a part are not in the order of its pages")
        return positions

    def _changed_in(self, source: Source, mover: Mover, mark: bytes) -> dict[int, bytes]:
        """Return what of a part becomes another object; b"" stands for none."""
        changed = dict.fromkeys(_own_numbers(source), b"")
        tree = _Tree.of(source)
        changed |= {tree.root: b"", tree.document: b""}
        for number in _kids(source[tree.document]):
            item = mover.moved(source[number])
            ours = b"/P %d 0 R" % self._tree.document
            changed[number] = item.replace(b"/P %d 0 R" % (tree.document + mover.by), ours, 1)
            self._elements.append(number + mover.by)
        for number in _page_numbers(source):
            page, band = source[number], self._bands.pop(0)
            resources = _reference(page, b"Resources")
            named = b"<</XObject<</Running %d 0 R>>" % band
            changed[resources] = named + mover.moved(source[resources])[2:]
            page = _PARENTS.sub(lambda m: b"%d" % (int(m[0]) + self._tree.next_key), page)
            contents = b"/Contents %d 0 R" % (_reference(page, b"Contents") + mover.by)
            marked = b"/Contents[%d 0 R %b]" % (self._mark, contents.removeprefix(b"/Contents "))
            changed[number] = mover.moved(page).replace(contents, marked)
        pages = _reference(source[source.root], b"Pages")
        parent = _reference(self._report[self._report.root], b"Pages")
        changed[pages] = mover.moved(source[pages])[:-2] + b"/Parent %d 0 R>>" % parent
        self._kids.append(pages + mover.by)
        self._tree.take(tree, mover.by, mark)
        return changed

    def close(self, bookmarks: Sequence[tuple[str, int]]) -> None:
        """Write what the parts share; bookmarks, title and page from 0, stand below the last."""
        for number, item in self._shared(bookmarks):
            self._writer.put(number, item)
        self._writer.close(self._report.root, self._report.info)

    def _shared(self, bookmarks: Sequence[tuple[str, int]]) -> Iterator[tuple[int, bytes]]:
        """Yield the objects of the report that the parts change."""
        source, tree = self._report, self._tree
        pages = _reference(source[source.root], b"Pages")
        size = b"/Count %d/Kids[%b]" % (len(self._pages), _references(self._kids))
        yield pages, _PAGES.sub(lambda _: size, source[pages])
        yield tree.root, tree.written(source[tree.root])
        document = source[tree.document]
        elements = [*_kids(document), *self._elements]
        yield tree.document, _KIDS.sub(lambda _: b"/K[%b]>>" % _references(elements), document)
        if bookmarks:
            yield from self._bookmarks(bookmarks)

    def _bookmarks(self, bookmarks: Sequence[tuple[str, int]]) -> Iterator[tuple[int, bytes]]:
        source = self._report
        outline = _reference(source[source.root], b"Outlines")
        chapter = _reference(source[outline], b"Last")
        first, last = self._writer.reserve(len(bookmarks)), len(bookmarks) - 1
        below = b"/First %d 0 R/Last %d 0 R/Count -%d>>" % (first, first + last, last + 1)
        yield chapter, source[chapter][:-2] + below
        for n, (title, page) in enumerate(bookmarks):
            yield (
                first + n,
                b"<</Parent %d 0 R%b%b/Title%b/Dest[%d 0 R/XYZ 0 842 0]>>"
                % (
                    chapter,
                    b"/Prev %d 0 R" % (first + n - 1) if n else b"",
                    b"/Next %d 0 R" % (first + n + 1) if n < last else b"",
                    text_string(title),
                    self._pages[page],
                ),
            )


@dataclass(slots=True)
class _Tree:
    """What belongs to the structure tree of a PDF."""

    root: int
    document: int
    next_key: int
    owners: list[tuple[int, int]] = field(default_factory=list)
    """Key of a page or link, and the object that lists its elements."""
    ids: list[tuple[bytes, int]] = field(default_factory=list)
    """Name of a header cell, and the cell."""

    @classmethod
    def of(cls, source: Source) -> _Tree:
        root = _reference(source[source.root], b"StructTreeRoot")
        found = _TREE.search(source[root])
        if found is None:
            raise ValueError("a structure tree of another form")
        owners = [(int(key), int(n)) for key, n in _OWNERS.findall(found[2])]
        ids = [(name, int(n)) for name, n in _IDS.findall(found[3] or b"")]
        document, next_key = int(found[1]), int(found[4])
        if _kind(source[document]) != b"Document" or not _KIDS.search(source[document]):
            raise ValueError("a structure tree that does not begin with a document")
        return cls(root, document, next_key, owners, ids)

    def take(self, part: _Tree, shift: int, mark: bytes) -> None:
        """Take over the entries of a part."""
        self.owners += [(key + self.next_key, n + shift) for key, n in part.owners]
        self.ids += [(mark + name[1:], n + shift) for name, n in part.ids]
        self.next_key += part.next_key

    def written(self, root: bytes) -> bytes:
        """Return the root of the tree with all entries."""
        owners = b" ".join(b"%d %d 0 R" % pair for pair in sorted(self.owners))
        ids = b"".join(b"(%b)%d 0 R" % pair for pair in sorted(self.ids))
        entries = b"/K[%d 0 R]/ParentTree<</Nums[%b]>>/IDTree<</Names[%b]>>/ParentTreeNextKey %d>>"
        return _TREE.sub(lambda _: entries % (self.document, owners, ids, self.next_key), root)


def _row_heads(source: Source, document: int, row_heads: Sequence[Set[int]]) -> set[int]:
    """Return the cells of the bodies of tables that head their rows: `row_heads` counts the cells
    of each table, in reading order.
    """
    tables = [n for n in _elements(source, document) if _kind(source[n]) == b"Table"]
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


def _page_of(source: Source, number: int) -> int:
    """Return the page on which an element begins."""
    item = source[number]
    return _reference(item, b"Pg") if b"/Pg " in item else _page_of(source, _kids(item)[0])


def _page_numbers(source: Source) -> list[int]:
    pages = _PAGES.search(source[_reference(source[source.root], b"Pages")])
    if pages is None:
        raise ValueError("a PDF without a list of its pages")
    return list(map(int, REF.findall(pages[2])))


def _own_numbers(source: Source) -> set[int]:
    """Return what describes a file as a whole, and goes into no other."""
    catalog = source[source.root]
    numbers = {source.root, source.info}
    for key in (b"Pages", b"Metadata", b"Outlines"):
        if b"/%b " % key in catalog:
            numbers.add(_reference(catalog, key))
    if b"/OutputIntents " in catalog:
        intents = _reference(catalog, b"OutputIntents")
        numbers |= {intents, *map(int, REF.findall(source[intents]))}
    return numbers


def _reference(item: bytes, key: bytes) -> int:
    found = re.search(rb"/%b (\d+) 0 R" % key, item)
    if found is None:
        raise ValueError(f"an object of a PDF without {key.decode()}")
    return int(found[1])


def _box(page: bytes) -> bytes:
    found = re.search(rb"/Media(Box\[[^\]]*\])", page)
    if found is None:
        raise ValueError("a page without a size")
    return b"/B" + found[1]


def _references(numbers: Sequence[int]) -> bytes:
    return b" ".join(b"%d 0 R" % n for n in numbers)

"""The objects of a PDF as bytes. In: a PDF as typst writes it. Out: a PDF with objects in streams.

A PDF is never held as a tree: objects pass one by one.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

REF = re.compile(rb"(\d+) 0 R")
_TRAILER = re.compile(rb"/Root (\d+) 0 R/Info (\d+) 0 R")
_ENTRY = 20
"""Bytes of an entry in a table of objects."""
_TOGETHER = 500
"""Objects in a stream."""
_ROW = struct.Struct(">BIH")
"""Of the table of objects that is written: kind, place or stream, position in it."""
_FREE, _PLAIN, _PACKED = range(3)


class Source:
    """A PDF that has a plain table, all objects in the order of their numbers, and no old ones."""

    def __init__(self, pdf: bytes) -> None:
        """Read the table. Raise ValueError for a PDF that is not of this kind."""
        self._pdf = pdf
        end = int(pdf[pdf.rindex(b"startxref") + 9 :].split(maxsplit=1)[0])
        head = re.compile(rb"xref\n0 (\d+)\n").match(pdf, end)
        trailer = _TRAILER.search(pdf, end)
        if head is None or trailer is None:
            raise ValueError("a PDF without a plain table of objects")
        self.size = int(head[1])
        first, last = head.end() + _ENTRY, head.end() + _ENTRY * self.size
        self._places = [int(pdf[n : n + 10]) for n in range(first, last, _ENTRY)] + [end]
        if self._places != sorted(self._places):
            raise ValueError("a PDF whose objects are not in the order of their numbers")
        self.root, self.info = int(trailer[1]), int(trailer[2])
        self.header = pdf[: self._places[0]]

    def __getitem__(self, number: int) -> bytes:
        """Return an object without its number; a stream with its data."""
        start = self._places[number - 1] + len(b"%d 0 obj\n" % number)
        return self._pdf[start : self._pdf.rindex(b"\nendobj\n", start, self._places[number])]

    def numbers(self) -> Iterator[int]:
        """Yield the numbers of all objects."""
        yield from range(1, self.size)


def stream(kind: bytes, data: bytes) -> bytes:
    """Return a stream of a kind."""
    return b"<<%b/Length %d>>\nstream\n%b\nendstream" % (kind, len(data), data)


class Writer:
    """Writes objects as they come, and their table at the end."""

    def __init__(self, out: BinaryIO, header: bytes) -> None:
        """Begin a file."""
        self._out, self._digest, self._place = out, hashlib.md5(usedforsecurity=False), 0
        self._table = bytearray(_ROW.pack(_FREE, 0, 0xFFFF))
        self._packed: list[tuple[int, bytes]] = []
        self._write(header)

    def reserve(self, count: int = 1) -> int:
        """Return the first of so many numbers that nobody has."""
        first = len(self._table) // _ROW.size
        self._table += bytes(count * _ROW.size)
        return first

    def put(self, number: int, item: bytes) -> None:
        """Write an object."""
        if item.endswith(b"\nendstream"):
            self._put_plain(number, item)
            return
        self._packed.append((number, item))
        if len(self._packed) == _TOGETHER:
            self._pack()

    def _put_plain(self, number: int, item: bytes) -> None:
        _ROW.pack_into(self._table, number * _ROW.size, _PLAIN, self._place, 0)
        self._write(b"%d 0 obj\n%b\nendobj\n" % (number, item))

    def _pack(self) -> None:
        holder, places, place = self.reserve(), [], 0
        for position, (number, item) in enumerate(self._packed):
            _ROW.pack_into(self._table, number * _ROW.size, _PACKED, holder, position)
            places.append(b"%d %d" % (number, place))
            place += len(item) + 1
        head = b" ".join(places) + b"\n"
        data = zlib.compress(head + b"\n".join(item for _, item in self._packed))
        kind = b"/Type/ObjStm/N %d/First %d/Filter/FlateDecode" % (len(self._packed), len(head))
        self._put_plain(holder, stream(kind, data))
        self._packed.clear()

    def close(self, root: int, info: int) -> None:
        """Write the table; the identifier depends on all that stands before it."""
        if self._packed:
            self._pack()
        number, name = self.reserve(), self._digest.hexdigest().encode()
        start = self._place
        _ROW.pack_into(self._table, number * _ROW.size, _PLAIN, start, 0)
        kind = b"/Type/XRef/Size %d/W[1 4 2]/Root %d 0 R/Info %d 0 R%b" % (
            *(number + 1, root, info),
            b"/ID[<%b><%b>]/Filter/FlateDecode" % (name, name),
        )
        self._put_plain(number, stream(kind, zlib.compress(bytes(self._table))))
        self._write(b"startxref\n%d\n%%%%EOF\n" % start)

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._digest.update(data)
        self._place += len(data)

"""XML as the value that JSON would have. In: a file. Out: one document, or why it cannot be read.

Attributes and children become keys. An element that is named for its children (`hashes` of `hash`)
is a list; an element with text and attributes holds its text under `content`; the name space of the
document stands under `$schema`. A document type, and with it each entity of its own, is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from reporter.ingest.readers.files import InputFile, whole
from reporter.ingest.readers.records import Document, Item, Problem
from reporter.model.sentences import Sentence, message_of, tell

MOST_BYTES = 1 << 24
"""Bytes of an XML file: its values take a dozen times as much."""
DEEPEST = 100


class _Refused(Exception):
    """What the file holds and no record of a vendor does; the text says what."""


@dataclass(slots=True)
class _Element:
    name: str
    values: dict[str, Any]
    children: list[tuple[str, Any]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


def xml_document(file: InputFile) -> Iterator[Document | Problem]:
    """Yield the document of a file, or a Problem."""
    reader = _Reader()
    item: Item
    try:
        reader.parser.Parse(whole(file, MOST_BYTES), True)
        item = Document(1, reader.value)
    except expat.ExpatError as error:
        item = Problem(error.lineno, tell("not XML: {error}", error=message_of(error)), "")
    except _Refused as error:
        item = Problem(reader.parser.CurrentLineNumber, error.args[0], "")
    yield item


class _Reader:
    """Builds the value of a document while expat reads it."""

    def __init__(self) -> None:
        self.value: Any = None
        self._open: list[_Element] = []
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = _refuse_document_type
        self.parser.buffer_text = True

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) == DEEPEST:
            raise _Refused(tell("nested deeper than {n} levels", n=DEEPEST))
        space, _, local = name.rpartition(" ")
        values = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        if not self._open:
            values = {"$schema": space, "$element": local, **values}
        self._open.append(_Element(local, values))

    def _text(self, text: str) -> None:
        self._open[-1].texts.append(text)

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        value = _value_of(element)
        if self._open:
            self._open[-1].children.append((element.name, value))
        else:
            self.value = value


def _value_of(element: _Element) -> Any:
    text = "".join(element.texts).strip()
    names = {name for name, _ in element.children}
    if len(names) == 1 and not element.values and _is_plural(element.name, *names):
        return [value for _, value in element.children]
    if not element.children and not element.values:
        return text
    values = dict(element.values)
    for name, value in element.children:
        if name not in values:
            values[name] = value
        elif isinstance(values[name], list):
            values[name].append(value)
        else:
            values[name] = [values[name], value]
    if text:
        values.setdefault("content", text)
    return values


def _is_plural(name: str, single: str) -> bool:
    ends = (f"{single}s", f"{single}es", f"{single.removesuffix('y')}ies")
    return name.lower().endswith(tuple(end.lower() for end in ends))


def _refuse_document_type(*_: object) -> None:
    reason: Sentence = tell("it declares a document type, which is not read")
    raise _Refused(reason)

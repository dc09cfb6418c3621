"""JSON that is read five times as fast as `json` reads it. In: bytes. Out: the value, or nothing
where it might not be the one that the strict reader gives.

The value is written anew and compared: a key given twice, a number that is not written as it is
meant, an escape that needs none would each show.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec

_AT_ONCE = 1000
"""Values written at once: each by itself takes twice as long."""
_ENCODER = msgspec.json.Encoder()
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Read:
    """A value as it was read."""

    value: Any
    proof: bytes
    """SHA-256 of the text where `write` gives it to the sign, so that parts may be cut out of it;
    empty where there are blanks in it.
    """


def read(data: bytes) -> Read | None:
    """Return the value of JSON, with or without blanks between its signs; None where `write` would
    not give the same signs again.
    """
    try:
        value = msgspec.json.decode(data)
        written = write(value)
        if written == data:
            return Read(value, hashlib.sha256(data).digest())
        return Read(value, b"") if written == msgspec.json.format(data, indent=-1) else None
    except (ValueError, RecursionError):
        return None


def cut_out(data: bytes, proof: bytes, path: str) -> Any:
    """Return a document, of which the list at a path holds its items as text; None where the text
    is another than was read, or no list stands there.
    """
    if hashlib.sha256(data).digest() != proof:
        return None
    try:
        return {path: _ITEMS.decode(_FIELDS.decode(data)[path])} if path else _ITEMS.decode(data)
    except (KeyError, ValueError):
        return None


def write(value: Any) -> bytes:
    """Return JSON without blanks of what `read` gave, or of a part of it."""
    return _ENCODER.encode(value)


def write_each(values: Iterable[Any]) -> Iterator[bytes]:
    """Yield what `write` gives for each of many values."""
    remaining_values = iter(values)
    while chunk := [*islice(remaining_values, _AT_ONCE)]:
        yield from _ENCODER.encode_lines(chunk).split(b"\n")[: len(chunk)]

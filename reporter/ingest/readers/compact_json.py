"""JSON that is read five times as fast as `json` reads it. In: bytes. Out: the value, or nothing
where it might not be the one that the strict reader gives.

The value is written anew and compared: a key given twice, a number that is not written as it is
meant, an escape that needs none would each show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec

_AT_ONCE = 1000
"""Values written at once: each by itself takes twice as long."""
_ENCODER = msgspec.json.Encoder()

UNSURE = object()
"""Stands for a value that the strict reader has to read: any other may be None."""


def value_of(data: bytes) -> Any:
    """Return the value of JSON with or without blanks between its signs; UNSURE where `write` would
    not give the same signs again.
    """
    try:
        value = msgspec.json.decode(data)
        written = write(value)
        is_same = written == data or written == msgspec.json.format(data, indent=-1)
    except (ValueError, RecursionError):
        return UNSURE
    return value if is_same else UNSURE


def write(value: Any) -> bytes:
    """Return JSON without blanks of what `value_of` gave, or of a part of it."""
    return _ENCODER.encode(value)


def write_each(values: Iterable[Any]) -> Iterator[bytes]:
    """Yield what `write` gives for each of many values."""
    remaining_values = iter(values)
    while chunk := [*islice(remaining_values, _AT_ONCE)]:
        yield from _ENCODER.encode_lines(chunk).split(b"\n")[: len(chunk)]

"""How much of a text goes into a box. In: texts, the width of the box, the size of letters.
Out: lines, and texts that are cut with a note on where the rest is.

No font is measured, for nobody knows which one the reader's program takes. A letter is counted as
wide as in the widest of the usual ones, so a box is rather left half empty than overrun.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from reporter.report.view.format import short

NARROW, WIDE = 0.56, 1.05
"""Width of a letter as a share of its size: Latin in DejaVu Sans, and a Chinese sign."""
BROAD, BROAD_SIGNS = 0.9, frozenset("<>=+~@%&…—mMW")
"""Those that are much wider than Latin letters are on average."""
BOLDER = 1.13
"""How much wider bold letters are."""
LEADING = 1.22


def width_of(text: str, size: float) -> float:
    """Return the width of a text in points."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    broad = sum(c in BROAD_SIGNS for c in text)
    return size * (WIDE * wide + BROAD * broad + NARROW * (len(text) - wide - broad))


def lines_of(text: str, width: float, size: float) -> int:
    """Count the lines that a text takes, broken between words, and inside those that are longer."""
    return sum(_lines(part, width, size) for part in text.split("\n"))


def _lines(text: str, width: float, size: float) -> int:
    count, used = 1, 0.0
    space = width_of(" ", size)
    for word in text.split(" "):
        length = width_of(word, size)
        if used and used + space + length > width:
            count, used = count + 1, 0.0
        used += length + (space if used else 0)
        while used > width:
            count, used = count + 1, used - width
    return count


def fitting(text: str, width: float, size: float, most: int, place: str) -> str:
    """Return a text that takes at most so many lines; the rest is at the place that is named."""
    if lines_of(text, width, size) <= most:
        return text
    limit = len(text)
    while limit > 10:
        limit = limit * 9 // 10
        cut = short(text, place, limit)
        if lines_of(cut, width, size) <= most:
            return cut
    return short(text, place, 10)


def columns(width: float, shares: Sequence[int]) -> list[float]:
    """Divide a width by shares."""
    return [width * share / sum(shares) for share in shares]

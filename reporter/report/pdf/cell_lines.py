"""How many lines a text takes in a cell. In: a text and the width of a cell. Out: the least and the
most lines, so that a row of known height need not be laid out twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

_PLAIN = [chr(code) for code in range(ord(" "), ord("~") + 1)]
_SURE_BREAK = re.compile(r"(?<=[^(\[{\"' ]) (?=[A-Za-z0-9])")
_GAP = 0.0002
"""Between two pieces, in ems."""
_LIGATURE = 0.05
"""By which an f and what follows are narrower as one at the most, in ems."""
_KEPT = 1 << 13


class CellLines:
    """Counts the lines of plain texts in the text font.

    The width of a text is the sum of its characters and of the kerning of its pairs; ligatures only
    make it less. Where a line may break for sure is fewer places than where typst breaks it: after
    a space before a letter or digit, and between the pieces of a text.
    """

    def __init__(self, folder: Path) -> None:
        """Read the widths and the kerning of the text font."""
        with TTFont(folder / "SourceSans3-Regular.otf", lazy=True) as file:
            unit, widths, names = file["head"].unitsPerEm, file["hmtx"], file.getBestCmap()
            glyphs = {c: names[ord(c)] for c in _PLAIN}
            self.cap_height = file["OS/2"].sCapHeight / unit
            self._widths: dict[str, float] = {
                c: widths[glyph][0] / unit for c, glyph in glyphs.items()
            }
            self._kerning: dict[str, float] = {
                pair: by / unit for pair, by in _kerning(file, glyphs).items()
            }
        self._space = self._widths[" "]
        self._width = lru_cache(_KEPT)(self._measured)
        self.count = lru_cache(_KEPT)(self._counted)

    def _counted(self, text: tuple[str, ...], room: float) -> tuple[int, int] | None:
        """Return the least and the most lines of the pieces of a text in a room in ems; None for
        what cannot be told.
        """
        text = tuple(piece.replace("\u00a0%", " %") for piece in text)  # no sure break either
        if not all(piece.isascii() and piece.isprintable() for piece in text):
            return None
        parts = _parts(text)
        most, at, total = 1, 0.0, 0.0
        for part in parts:
            width = self._width(part)
            shown = width - self._space if part[-1] == " " else width
            if shown > room:
                return None
            if at + shown > room:
                most, at = most + 1, 0.0
            at += width + _GAP
            total += width
        total -= _LIGATURE * sum(part.count("f") for part in parts)
        least = 1
        while total - least * self._space > least * room:
            least += 1
        return least, most

    def _measured(self, part: str) -> float:
        kerning = sum(self._kerning.get(part[n : n + 2], 0.0) for n in range(len(part) - 1))
        before = max(self._kerning.get(f" {part[0]}", 0.0), 0.0)
        return sum((self._widths[char] for char in part), start=kerning + before)


def _parts(text: tuple[str, ...]) -> list[str]:
    """Split a text where its lines may break for sure."""
    if len(text) == 1:
        *parts, last = _SURE_BREAK.split(text[0])
        return [*(f"{part} " for part in parts), last or " "]
    parts = []
    for piece in text:
        if parts and not piece[:1].isalnum():
            parts[-1] += piece
        else:
            parts.append(piece)
    return parts


def _kerning(file: Any, glyphs: dict[str, str]) -> dict[str, int]:
    """Read the kerning of pairs of characters: the first table that knows a pair counts."""
    table = file["GPOS"].table
    features = [r.Feature for r in table.FeatureList.FeatureRecord if r.FeatureTag == "kern"]
    pairs: dict[str, int] = {}
    for index in sorted({index for feature in features for index in feature.LookupListIndex}):
        for part in table.LookupList.Lookup[index].SubTable:
            for pair, by in _of_part(getattr(part, "ExtSubTable", part), glyphs):
                pairs.setdefault(pair, by)
    return {pair: by for pair, by in pairs.items() if by}


def _of_part(part: Any, glyphs: dict[str, str]) -> Iterator[tuple[str, int]]:
    """Yield the kerning in a table of pairs or of classes."""
    places = {glyph: n for n, glyph in enumerate(part.Coverage.glyphs)}
    by_glyph = {glyph: char for char, glyph in glyphs.items()}
    for first, glyph in glyphs.items():
        if glyph not in places:
            continue
        if part.Format == 1:
            for record in part.PairSet[places[glyph]].PairValueRecord:
                if second := by_glyph.get(record.SecondGlyph):
                    yield first + second, _advance(record.Value1)
        else:
            row = part.Class1Record[part.ClassDef1.classDefs.get(glyph, 0)].Class2Record
            classes = part.ClassDef2.classDefs
            for second, other in glyphs.items():
                yield first + second, _advance(row[classes.get(other, 0)].Value1)


def _advance(value: Any) -> int:
    return getattr(value, "XAdvance", 0) or 0

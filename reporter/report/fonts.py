"""The fonts that travel with the templates: what they can draw, and how wide it becomes.

In: texts. Out: a table that writes out what no font can draw, and words with the places to break.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

FONTS = {
    "SourceSans3-Regular.otf": ("Source Sans 3", 400),
    "SourceSans3-Semibold.otf": ("Source Sans 3", 600),
    "DejaVuSans.ttf": ("Report Fallback", 400),
    "DroidSansFallback.ttf": ("Report CJK", 400),
}
_LAZY = "DroidSansFallback.ttf"
"""3 MB of Chinese, Japanese and Korean: loaded only where the report needs it."""
_WIDEST = 1.2
"""Of any character of these fonts, as a share of the size; a few are as wide."""
_PIECES = re.compile(r"[^-/_.@:#=]{0,6}[-/_.@:#=]|[^-/_.@:#=]{1,6}")


def undrawable(text: Iterable[str], folder: Path) -> tuple[dict[int, str], list[str]]:
    """Map what no font can draw to its code point, and name the fonts that the rest needs."""
    known = {name: set(_characters(folder / name)) for name in FONTS if name != _LAZY}
    covered = set().union(*known.values())
    missing = {c for c in set(text) if ord(c) not in covered and not c.isspace()}
    names = [name for name in FONTS if name != _LAZY]
    if missing:
        lazy = _characters(folder / _LAZY)
        if any(ord(c) in lazy for c in missing):
            names.append(_LAZY)
        missing = {c for c in missing if ord(c) not in lazy}
    return {ord(c): f"[U+{ord(c):04X}]" for c in missing}, names


def _characters(font: Path) -> dict[int, str]:
    with TTFont(font, lazy=True) as file:
        names: dict[int, str] = file.getBestCmap()
        return names


class Ruler:
    """Measures words of ordinary text, and cuts those that do not fit."""

    def __init__(self, folder: Path, size: float) -> None:
        """Read the widths of the text font; any other character counts as the widest."""
        with TTFont(folder / "SourceSans3-Regular.otf", lazy=True) as file:
            unit, widths = file["head"].unitsPerEm, file["hmtx"]
            self._widths = {
                code: widths[name][0] / unit * size for code, name in file.getBestCmap().items()
            }
        self._widest = _WIDEST * size

    def cut(self, text: str, room: float) -> str | list[str]:
        """Cut a text where its words need a break to fit; a text that fits stays whole."""
        if len(text) * self._widest <= room:
            return text
        words = re.split(r"(?<= )", text)
        if all(self._fits(word, room) for word in words):
            return text
        pieces: list[str] = []
        for word in words:
            pieces += [word] if self._fits(word, room) else _PIECES.findall(word)
        return pieces

    def _fits(self, word: str, room: float) -> bool:
        if len(word) * self._widest <= room:
            return True
        wide: float = sum(self._widths.get(ord(c), self._widest) for c in word)
        return wide <= room

"""The bundled fonts: the characters that they can draw, and their widths.

In: texts. Out: texts in which undrawable characters are written out, and words with places to
break.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from reporter.i18n.translate import language
from reporter.report.pdf.syllables import syllables

FONTS = {
    "SourceSans3-Regular.otf": ("Source Sans 3", 400),
    "SourceSans3-Semibold.otf": ("Source Sans 3", 600),
    "DejaVuSans.ttf": ("Report Fallback", 400),
    "DroidSansFallback.ttf": ("Report CJK", 400),
}
FAMILIES = {"Report Fallback": "DejaVu Sans", "Report CJK": "Droid Sans Fallback"}
"""Our name of a family -> its own, by which typst knows it."""
_LAZY = "DroidSansFallback.ttf"
"""3 MB of Chinese, Japanese and Korean: loaded only where the report needs it."""
_WIDEST = 2.2
"""Of any character of these fonts, in ems."""
SOFT_HYPHEN = "\u00ad"
"""Drawn only where a line ends."""
_SEGMENTS = re.compile(r"[^-/_.@:#=]*[-/_.@:#=]|[^-/_.@:#=]+")
"""A name breaks behind its signs, and within a segment only where that is too wide."""
_LETTERS = re.compile(r".{1,6}", re.DOTALL)


def undrawable(text: Iterable[str], folder: Path) -> tuple[dict[int, str], list[str]]:
    """Map characters that no font can draw to code points, and name the fonts for the rest."""
    coverage = {name: set(_characters(folder / name)) for name in FONTS if name != _LAZY}
    drawable = set().union(*coverage.values())
    gaps = {c for c in set(text) if ord(c) not in drawable and not c.isspace()}
    names = [name for name in FONTS if name != _LAZY]
    if gaps:
        fallback = _characters(folder / _LAZY)
        if any(ord(c) in fallback for c in gaps):
            names.append(_LAZY)
        gaps = {c for c in gaps if ord(c) not in fallback}
    return {ord(c): f"[U+{ord(c):04X}]" for c in gaps}, names


def _characters(font: Path) -> dict[int, str]:
    with TTFont(font, lazy=True) as file:
        names: dict[int, str] = file.getBestCmap()
        return names


class Faces:
    """The fonts as a typesetter meets them that draws a character and its marks from one font."""

    def __init__(self, folder: Path) -> None:
        """Read the coverage and widths of the text font; other fonts are loaded on demand."""
        self._folder = folder
        self._measured: dict[str, float] = {}
        with TTFont(folder / "SourceSans3-Regular.otf", lazy=True) as file:
            unit, widths = file["head"].unitsPerEm, file["hmtx"]
            self._widths = {c: widths[name][0] / unit for c, name in file.getBestCmap().items()}
        text = set(self._widths) & set(_characters(folder / "SourceSans3-Semibold.otf"))
        self._text = {chr(code) for code in text}

    @cached_property
    def _families(self) -> list[set[str]]:
        names = ("DejaVuSans.ttf", _LAZY)
        fallbacks = [{chr(code) for code in _characters(self._folder / name)} for name in names]
        return [self._text, *fallbacks]

    def written(self, text: str, plain: bool = False) -> str:
        """Write out, as its code point, each character that no font can draw with its combining
        marks.

        Plain text keeps only the characters of the text font.
        """
        if text.isascii() or self._text.issuperset(text):
            return text
        if plain:
            return "".join(c if c in self._text else _code(c) for c in text)
        return "".join(self._cluster(found) for found in _clusters(text))

    def _cluster(self, cluster: str) -> str:
        if any(family.issuperset(cluster) for family in self._families):
            return cluster
        separability = (
            any(c in family for family in self._families) and not _joins(c) for c in cluster
        )
        return "".join(c if ok else _code(c) for c, ok in zip(cluster, separability, strict=True))

    def cut(self, text: str, room: float) -> str | list[str]:
        """Split a text where its words need a break to fit a width in ems."""
        if len(text) * _WIDEST <= room:
            return text
        words = [word + " " for word in text.split(" ")]
        words[-1] = words[-1][:-1]
        if max(map(self._wide, words)) <= room:
            return text
        pieces: list[str] = []
        for word in words:
            pieces += [word] if self._wide(word) <= room else self._broken(word, room)
        return pieces

    def _broken(self, word: str, room: float) -> list[str]:
        """Divide a word at syllables, with a hyphen, or anywhere and without where one is too wide
        or the word may be a name.
        """
        room_before = room - self._widths[ord("-")]
        lines: list[str] = []
        for part in syllables(word, language()):
            if lines and self._wide(lines[-1] + part) <= room_before:
                lines[-1] += part
            else:
                lines.append(part)
        if len(lines) > 1 and max(map(self._wide, lines)) <= room_before:
            return [SOFT_HYPHEN.join(lines)]
        pieces: list[str] = []
        for segment in _SEGMENTS.findall(word):
            pieces += [segment] if self._wide(segment) <= room else _LETTERS.findall(segment)
        return pieces

    def _wide(self, word: str) -> float:
        """Return the width of a word in ems. It is cached, as a long list repeats its words."""
        width = self._measured.get(word)
        if width is None:
            width = self._measured[word] = sum(self._widths.get(ord(c), _WIDEST) for c in word)
        return width


def _clusters(text: str) -> Iterator[str]:
    """Split a text into characters with their combining marks."""
    cluster = text[:1]
    for previous, char in pairwise(text):
        if _joins(char) or previous == "\u200d":
            cluster += char
        else:
            yield cluster
            cluster = char
    yield cluster


def _joins(char: str) -> bool:
    return unicodedata.category(char).startswith("M") or char in "\u200c\u200d"


def _code(char: str) -> str:
    return f"[U+{ord(char):04X}]"

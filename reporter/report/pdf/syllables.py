"""Where words may be divided. In: a word, and the language of a report. Out: its syllables."""

from __future__ import annotations

import re
from functools import lru_cache

import pyphen  # type: ignore[import-untyped]

from reporter.i18n.translate import ENGLISH, translation

_WORD = re.compile(r"[^\W\d_]+")
_ONE_WORD = re.compile(r"(\W*)([^\W\d_]+)(\W*)")


def syllables(text: str, language: str) -> list[str]:
    """Divide a word with the signs around it; one that is no word of our texts stays whole, for a
    hyphen in a name or an id makes another of it.
    """
    parts = _ONE_WORD.fullmatch(text)
    dictionary = _dictionary(language)
    if not parts or not dictionary or parts[2].lower() not in _vocabulary(language):
        return [text]
    before, word, after = parts.groups()
    divided: list[str] = dictionary.inserted(word, "\n").split("\n")
    divided[0], divided[-1] = before + divided[0], divided[-1] + after
    return divided


@lru_cache(1)
def _vocabulary(language: str) -> frozenset[str]:
    forms = translation(language).messages.values()
    return frozenset(w for texts in forms for text in texts for w in _WORD.findall(text.lower()))


@lru_cache(1)
def _dictionary(language: str) -> pyphen.Pyphen | None:
    """Load the syllables of a language; English has no file of texts that could tell its words."""
    known = language != ENGLISH and pyphen.language_fallback(language)
    return pyphen.Pyphen(lang=known) if known else None

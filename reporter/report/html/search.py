"""One search over all pages by check. In: the pages, one at a time. Out: JSON that maps words to
pages.

A page opened from a disk may fetch nothing, so the index page carries the words of all pages. Its
results lead to the page whose own search shows the rows.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from functools import lru_cache

from reporter.i18n.translate import say, word
from reporter.report.html.result_pages import Page

LIMIT = 3_000_000
"""Bytes that the words may take: more would be slow to open."""
_NUMBER = re.compile(r"#\d+$")
"""Of a record, which would make nearly every word unlike the others."""


class Words:
    """The words of the pages that were added, and on which of them each stands."""

    def __init__(self) -> None:
        self._pages: list[tuple[str, str, str, str]] = []
        self._masks: dict[str, int] = defaultdict(int)
        self._size = 0

    def add(self, page: Page) -> None:
        """Add the words of a page, unless there are too many words already."""
        page_number = len(self._pages)
        self._pages.append((page.file, page.check.id, page.check.title, page.title))
        if self._size <= LIMIT:
            for text in _words(page):
                if text not in self._masks:
                    self._size += len(text.encode())
                self._masks[text] |= 1 << page_number

    def as_json(self) -> str:
        """Return the pages and the words of each set of pages, a hexadecimal number; '' if too
        long.
        """
        if self._size > LIMIT:
            return ""
        words_by_pages: dict[int, list[str]] = defaultdict(list)
        for text in sorted(self._masks):
            words_by_pages[self._masks[text]].append(text)
        data = {
            "pages": self._pages,
            "words": {f"{places:x}": " ".join(words) for places, words in words_by_pages.items()},
        }
        text_json = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace(
            "<", "\\u003c"
        )
        return text_json if len(text_json.encode()) <= LIMIT else ""


def _words(page: Page) -> set[str]:
    """Split the visible text of a page into words, in lower case."""
    _, _, status, subject, tier, reason, waived_until, record, owner = map(
        set, zip(*page.rows, strict=True)
    )
    waivers = {say("waived until {day}", day=day) for day in waived_until if day}
    texts = {page.check.id, page.check.title, *map(word, status), *waivers}
    texts.update(subject, tier, reason, record, owner)
    return set().union(*map(_split, texts))


@lru_cache(1 << 16)
def _split(text: str) -> tuple[str, ...]:
    """Split a text, of which many pages have the same."""
    return tuple(_NUMBER.sub("", word) for word in text.lower().split())

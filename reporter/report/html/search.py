"""One search over all pages by check. In: the pages, one at a time. Out: JSON that maps words to
pages.

A page opened from a disk may fetch nothing, so the index page carries the words of all pages. Its
results lead to the page whose own search shows the rows.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict

from reporter.i18n.translate import say, word
from reporter.report.html.result_pages import Page

AT_ONCE = 100_000
"""Texts that are held before they are split."""
LIMIT = 3_000_000
"""Bytes that the words may take: more would be slow to open."""
_NUMBER = re.compile(r"#\d+$")
"""Of a record, which would make nearly every word unlike the others."""


class Words:
    """The words of the pages that were added, and on which of them each stands."""

    def __init__(self) -> None:
        self._pages: list[tuple[str, str, str, str]] = []
        self._texts: dict[str, int] = defaultdict(int)
        """The texts that are still to be split, each with a bit for each page."""
        self._masks: dict[str, int] = defaultdict(int)
        self._size = 0

    def add(self, page: Page) -> None:
        """Add the words of a page, unless there are too many words already."""
        page_number = len(self._pages)
        self._pages.append((page.file, page.check.id, page.check.title, page.title))
        if self._size <= LIMIT:
            for text in _texts(page):
                self._texts[text] |= 1 << page_number
            if len(self._texts) > AT_ONCE:
                self._split()

    def as_json(self) -> str:
        """Return the pages and the words of each set of pages, a hexadecimal number; '' if too
        long.
        """
        self._split()
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

    def _split(self) -> None:
        """Split texts into words, in lower case: pages share most of their texts."""
        for text, pages in self._texts.items():
            for part in text.lower().split():
                found = _NUMBER.sub("", part) if "#" in part else part
                if found not in self._masks:
                    self._size += len(found.encode())
                self._masks[found] |= pages
        self._texts.clear()


def _texts(page: Page) -> set[str]:
    """Return the visible texts of a page."""
    columns = page.rows.columns
    days = filter(None, columns["waived_until"].different)
    waivers = {say("waived until {day}", day=day) for day in days}
    titles = {page.check.id, page.check.title, *map(word, columns["status"].different)}
    texts = (columns[name].different for name in ("subject", "tier", "reason", "record", "owner"))
    return titles.union(waivers, *texts)

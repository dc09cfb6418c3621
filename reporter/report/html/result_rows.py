"""Rows of results, and links to them, as HTML. In: `pages.Row`s. Out: markup for the templates.

A long run has hundreds of thousands, and template loops take three times as long.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Mapping
from functools import lru_cache

from markupsafe import Markup, escape

from reporter.i18n.translate import say, word
from reporter.report.html.result_pages import Link, Row

PACKED_FROM = 1 << 16
"""Characters of a list beside the report from which it is packed."""
_ROW = (
    '<tr id="{anchor}" data-severity="{severity}" data-status="{said}"><th'
    ' scope="row"><bdi>{subject}</bdi> <span class="tier">{tier}</span></th><td><span class="sev'
    ' v-{status}">{said}</span> <bdi>{reason}</bdi>{waived}</td><td><bdi'
    ' class="ref">{record}</bdi></td><td><bdi>{owner}</bdi></td></tr>\n'
)


def result_rows(rows: Iterable[Row]) -> Markup:
    """Print a table row for each result; search and filters use its words."""
    results = list(rows)
    codes = {r.status for r in results} | {r.severity for r in results}
    words = {code: str(escape(word(code))) for code in codes}
    return Markup("".join(_row(r, words) for r in results))


def result_links(rows: Iterable[Row | Link]) -> Markup:
    """List the checks of results, each as a link to its row."""
    links = ", ".join(f'<a href="{r.page}#{r.anchor}">{_plain(r.check)}</a>' for r in rows)
    return Markup(f"{links}.")


def packed(markup: str) -> Markup:
    """Pack a long list, which the script unfolds when its page is opened: rows that differ little
    take a fifteenth of the space. A short one is left as it is.
    """
    if len(markup) < PACKED_FROM:
        return Markup(markup)
    data = base64.b64encode(zlib.compress(markup.encode(), 6)).decode()
    return Markup(f'<script type="text/plain" data-packed>{data}</script>')


def path(text: str) -> Markup:
    """Let a browser break a file name at its folders."""
    return Markup(_breakable(text))


def _row(row: Row, words: Mapping[str, str]) -> str:
    return _ROW.format(
        anchor=row.anchor,
        severity=words[row.severity],
        said=words[row.status],
        subject=_plain(row.subject),
        tier=_plain(row.tier_text),
        status=row.status,
        reason=_plain(row.reason),
        waived=_waiver_html(row.waived_until) if row.waived_until else "",
        record=_breakable(row.record),
        owner=_plain(row.owner),
    )


def _waiver_html(day: str) -> str:
    return f' <span class="quiet">{escape(say("waived until {day}", day=day))}</span>'


@lru_cache(10_000)
def _breakable(text: str) -> str:
    return str(escape(text)).replace("/", "/<wbr>")


@lru_cache(10_000)
def _plain(text: str) -> str:
    """Escape a text that many rows share."""
    return str(escape(text))

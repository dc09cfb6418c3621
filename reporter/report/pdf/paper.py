"""The editions on paper, as tagged PDF/A-3a and PDF/UA-1. Only the complete one has the data of the
run attached, and what it does not print.

The bytes depend on the view alone: fonts come with the templates, dates come from the run, and
nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape, unescape
from pathlib import Path
from tempfile import TemporaryDirectory

from reporter.i18n.translate import mark, say, speaking
from reporter.report.csv_tables import write_findings
from reporter.report.document import View
from reporter.report.editions.off_paper import CONTROLS, SUMS, write_controls, write_sums
from reporter.report.html import page as html
from reporter.report.html.custom_template import Template
from reporter.report.pdf import typst_pages
from reporter.report.pdf.typst_pages import Attachment
from reporter.report.view.format import keep_percents, number, short
from reporter.runs.store import DATA, LISTS, RESULTS

LONGEST_WORD = 500
"""Characters without a place to break. The time a word takes grows by the square of its length:
10,000 take twenty seconds.
"""
_LONG_WORD = re.compile(rf"(?<=[\s>])[^\s<>\"]{{{LONGEST_WORD + 1},}}")
COMPLETE = "auditor"
"""The edition with everything the run found, printed or attached."""
_TYPESET = (COMPLETE, "engineer")
"""The long editions, which typst lays out."""
FINDINGS = "findings.csv"
MOST_ATTACHED = 20_000
"""Findings up to which their table is attached: about 8 MB. All results are attached anyway."""


def write(
    view: View,
    path: Path,
    edition: str = COMPLETE,
    template: Template | None = None,
    data: Sequence[Path] = (),
    on_layout: Callable[[], None] = lambda: None,
) -> None:
    """Write an edition as PDF. `data` are the files of the run to attach to the complete one;
    `on_layout` as for `Press.report`.
    """
    name = template.name if template else edition
    path.write_bytes(render(view, name, template, data, on_layout))


def render(
    view: View,
    edition: str = COMPLETE,
    template: Template | None = None,
    data: Sequence[Path] = (),
    on_layout: Callable[[], None] = lambda: None,
) -> bytes:
    """Lay out an edition on paper, and add the tags that PDF/UA requires."""
    with speaking(view.cover.language):
        if edition in _TYPESET and template is None:
            return _typeset(view, edition, data, on_layout)
        return _render(view, edition, template)


def _render(view: View, edition: str, template: Template | None) -> bytes:
    # Imported where it is needed: it takes half a second.
    from reporter.report.pdf import weasyprint_pages

    page = html.render(view, "paper", weasyprint_pages.PLACE, edition, template=template)
    return weasyprint_pages.lay_out(_prepared(page))


def lay_out_page(page_of: Callable[[str], str]) -> bytes:
    """Lay out a page that is no edition; it is given the style sheet of the fonts."""
    from reporter.report.pdf import weasyprint_pages

    return weasyprint_pages.lay_out(_prepared(page_of(weasyprint_pages.PLACE)))


def _typeset(
    view: View, edition: str, data: Sequence[Path], on_layout: Callable[[], None]
) -> bytes:
    with TemporaryDirectory() as name:
        folder, attachments = Path(name), []
        if edition == COMPLETE:
            # Other editions must not carry findings, owners or addresses that they do not print.
            attachments = [*map(_of_run, data), *_off_paper(view, folder)]
        listed = [(a.path.name, a.description) for a in attachments]
        if edition == COMPLETE and len(view.findings) > MOST_ATTACHED:
            listed.append((FINDINGS, _left_beside(len(view.findings))))
        page = _prepared(html.render(view, "paper", "", edition, listed))
        press = typst_pages.Press(html.templates_dir(), view.cover.as_of_iso)
        return press.report(view.cover, page, attachments, folder, on_layout)


_OF_RUN = {
    DATA: (
        "application/json",
        mark("The content of this report, machine-readable, with scores as exact fractions"),
    ),
    LISTS: ("application/gzip", mark("The longest lists of this report, machine-readable")),
    RESULTS: (
        "application/vnd.apache.parquet",
        mark("Every result of this report, machine-readable"),
    ),
}
"""File of a run -> its media type and what it holds."""


def _of_run(path: Path) -> Attachment:
    kind, description = _OF_RUN[path.name]
    return Attachment(path, kind, say(description))


def _off_paper(view: View, folder: Path) -> Iterator[Attachment]:
    """Write what the paper does not print, as a run has it, to a folder."""
    if len(view.findings) <= MOST_ATTACHED:
        write_findings(view, folder / FINDINGS)
        yield Attachment(
            folder / FINDINGS,
            "text/csv",
            say("Every failing, unknown, compensated or attested result, one a row"),
        )
    write_controls(view, folder / CONTROLS)
    yield Attachment(
        folder / CONTROLS,
        "text/csv",
        say("Every control in full: its wording, its checks, what none shows, what to ask"),
    )
    write_sums(view, folder / SUMS)
    yield Attachment(
        folder / SUMS,
        "text/csv",
        say("How each number came about: the sum behind every score, as exact fractions"),
        "supplement",
    )


def _left_beside(findings: int) -> str:
    return say(
        "Not attached, as it has {n} rows: it is in the folder of the run. results.parquet has the"
        " same results.",
        n=number(findings),
    )


def _prepared(page: str) -> str:
    return keep_percents(shorten_words(page))


def shorten_words(page: str) -> str:
    """Cut words that are too long for paper, with a note on the omitted part and its place."""
    return _LONG_WORD.sub(
        lambda m: escape(short(unescape(m[0]), f"{DATA}, {RESULTS}", LONGEST_WORD)), page
    )

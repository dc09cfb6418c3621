"""What WeasyPrint lays out: every word of a page for paper, and none of it beyond the edge of the sheet."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fixture_assessment as given
import pytest
import weasyprint
from weasyprint.formatting_structure.boxes import ReplacedBox, TextBox

from reporter.report import EDITIONS, document
from reporter.report.editions import appendix
from reporter.report.export import read_view
from reporter.report.html import page as html
from reporter.report.pdf import paper

UNSEEN = {"head", "script", "style", "title"}


def laid_out(made: document.View, edition: str) -> tuple[Any, list[Any]]:
    """Return the root element of a page for paper, and the sheets it becomes."""
    begins = appendix.chapter(made, len(made.findings), 9, "f" * 64, 3) if edition == paper.COMPLETE else None  # fmt: skip
    page, faces = paper.printable(
        html.render(made, "paper", paper._PLACE, edition, begins), html.templates_dir() / "fonts"
    )
    source = weasyprint.HTML(string=page.replace(paper._PLACE, faces), url_fetcher=paper.Fetcher())
    return source.etree_element, [p._page_box for p in source.render(pdf_variant="pdf/a-3a").pages]


def test_a_word_without_end_is_cut_and_does_not_take_its_square(tmp_path: Path) -> None:
    """Of 10,000 letters one took twenty seconds, in a cell of a table or beside one."""
    word = "x" * 20_000
    page = f"<table><tr><td>{word}</td><td>a &amp; b</td><td>{'&lt;' * 20_000}</td></tr></table><p title='{word}'>{word} end</p>"
    shown = paper.shorten_words(page)
    assert (
        shown.count("19,500 more characters in report.json, results.parquet") == 3
        and "a &amp; b" in shown
    )
    assert len(shown) < 7000 and shown.count("&lt;") == 500 and shown.endswith(" end</p>")
    begun = time.monotonic()
    with paper._uncollected():
        made = paper._write(f"<html lang=en><title>t</title><body>{page}")
    assert made[:5] == b"%PDF-"
    assert time.monotonic() - begun < 10


def letters(text: str | None) -> int:
    return len("".join((text or "").split()).replace("\u00ad", ""))


def written(element: Any) -> Iterator[tuple[Any, int]]:
    """Yield each element that shows something, with the letters of its own; a picture counts as one."""
    name = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else "head"
    if name in UNSEEN:
        return
    if name == "svg":
        yield element, 1
        return
    own = letters(element.text) + sum(letters(child.tail) for child in element)
    if own:
        yield element, own
    for child in element:
        yield from written(child)


def whole(root: Any, sheets: list[Any]) -> tuple[list[str], list[str]]:
    """Name what is not on the sheets in full, and what is beyond their edge."""
    found: Counter[Any] = Counter()
    beyond = []
    for n, sheet in enumerate(sheets, start=1):
        for box in sheet.descendants():
            if isinstance(box, TextBox) and "::" not in (box.element_tag or ""):
                found[box.element] += letters(box.text)
                right, bottom = box.position_x + box.width, box.position_y + box.height
                if box.text.strip() and not (box.position_x >= 0 and right <= sheet.margin_width() + 1 and box.position_y >= 0 and bottom <= sheet.margin_height()):  # fmt: skip
                    beyond.append(f"sheet {n}: {box.text[:60]}")
            elif isinstance(box, ReplacedBox):
                found[box.element] += 1
    hidden = [
        e for e in root.iter() if e.get("class") == "statement"
    ]  # each page has it in its foot
    lost = [f"{e.tag} {(e.text or '')[:60]}" for e, n in written(root) if found[e] < n and e not in hidden]  # fmt: skip
    return lost, beyond


@pytest.mark.parametrize("edition", EDITIONS)
def test_hostile_names_are_on_paper_in_full(edition: str) -> None:
    assert whole(*laid_out(given.view(given.rich()), edition)) == ([], [])


@pytest.mark.deep
@pytest.mark.parametrize("edition", EDITIONS)
def test_the_sample_company_is_on_paper_in_full(edition: str, sample_run: Path) -> None:
    assert whole(*laid_out(read_view(sample_run), edition)) == ([], [])


def test_what_is_lost_or_beyond_the_edge_is_noticed() -> None:
    """A list that may not break is longer than a sheet, and a word wider."""
    style = "<style>@page{size:20cm 10cm;margin:1cm} ul{break-inside:avoid;height:30cm;overflow:hidden}</style>"
    text = f"<html><head>{style}</head><body><ul>{'<li>item' * 40}</ul><p style='margin-left:17cm;white-space:nowrap'>a line that is toolong for it</p></body></html>"  # fmt: skip
    source = weasyprint.HTML(string=text)
    root, sheets = source.etree_element, [p._page_box for p in source.render().pages]
    _, beyond = whole(root, sheets)
    assert any("toolong" in said for said in beyond)
    for item in list(root.iter("li"))[:2]:
        item.text = "item and more that no sheet has"
    assert len(whole(root, sheets)[0]) == 2

"""What is on paper: every word of a page for it, and none of it beyond the edge of the sheet."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import fixture_assessment as given
import lxml.html
import pikepdf
import pytest
import weasyprint
from conftest import reporter
from weasyprint.formatting_structure.boxes import ReplacedBox, TextBox

from reporter.i18n.translate import speaking
from reporter.report import WRITERS, document
from reporter.report.export import read_view
from reporter.report.html import page as html
from reporter.report.pdf import paper, row_heads, typst_pages, weasyprint_pages
from reporter.report.pdf import typeset as typeset_module
from reporter.report.pdf.fonts import Faces
from reporter.report.pdf.typeset import Typeset, Widths, typeset

ROOT = Path(__file__).parents[1]
UNSEEN = {"head", "script", "style", "title"}
PAPER = (html.templates_dir() / "paper.typ").read_text()
SIDE, LOWER = (float(re.search(rf"margin: \(.*?\b{name}: ([\d.]+)mm", PAPER)[1]) for name in ("x", "bottom"))  # type: ignore[index] # fmt: skip
WIDTH, HEIGHT, FOOT, DESCENT = 595.3, 841.9, LOWER * 72 / 25.4, 4.5
"""Of a sheet, its lower margin, and what of a last line hangs into it, in points."""


def laid_out(made: document.View, edition: str) -> tuple[Any, list[Any]]:
    """Return the root element of a page for paper, and the sheets it becomes."""
    page, faces = weasyprint_pages.printable(
        html.render(made, "paper", weasyprint_pages.PLACE, edition), html.templates_dir() / "fonts"
    )
    source = weasyprint.HTML(
        string=page.replace(weasyprint_pages.PLACE, faces), url_fetcher=weasyprint_pages.Fetcher()
    )
    return source.etree_element, [p._page_box for p in source.render(pdf_variant="pdf/a-3a").pages]


def test_a_word_without_end_is_cut_and_does_not_take_its_square() -> None:
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
    made = weasyprint_pages.lay_out(f"<html lang=en><title>t</title><body>{shown}")
    with pikepdf.open(io.BytesIO(made)) as document:
        assert len(document.pages) == 1
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


def test_hostile_names_are_on_the_boards_paper_in_full() -> None:
    assert whole(*laid_out(given.view(given.rich()), "board")) == ([], [])


@pytest.mark.deep
def test_the_sample_company_is_on_the_boards_paper_in_full(sample_run: Path) -> None:
    assert whole(*laid_out(read_view(sample_run), "board")) == ([], [])


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


# ---------------------------------------------------------------- by typst


def said(path: Path, *options: str) -> str:
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext is not installed")
    command = ["pdftotext", *options, str(path), "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def closed(text: str) -> str:
    return re.sub(r"[\s\u00ad]", "", text)


def texts(page: str) -> Counter[str]:
    """The texts of a page, as often as they stand there, without space; pdftotext turns round what is
    read from the right.
    """
    faces = Faces(html.templates_dir() / "fonts")
    root = lxml.html.document_fromstring(page)
    found: Counter[str] = Counter()
    for element in root.find("body").iter():
        if not isinstance(element.tag, str) or element.tag == "svg" or any(a.tag == "svg" for a in element.iterancestors()):  # fmt: skip
            continue
        if "statement" in element.get("class", ""):
            continue  # each page has it in its foot
        for text in (element.text, *(child.tail for child in element)):
            own = closed(faces.written(text or ""))
            if own and not any(unicodedata.bidirectional(c) in ("R", "AL") for c in own):
                found[own] += 1
    return found


def missing(page: str, path: Path) -> list[str]:
    """Name the texts of a page that a PDF holds less often, and the words beyond its margins."""
    body = []
    for sheet in said(path, "-raw").split("\f"):
        lines = sheet.splitlines()
        if lines and re.search(r" · page \d+ of \d+$", lines[-1]):
            lines = lines[1:-1]  # header and footer
        body += lines
    printed = closed("".join(body))
    lost = [text for text, n in texts(page).items() if printed.count(text) < n]
    return lost + beyond(path)


def beyond(path: Path) -> list[str]:
    """Name the words over the edges of a sheet, or between its text and its foot."""
    word = re.compile(r'xMin="(\S+)" yMin="(\S+)" xMax="(\S+)" yMax="(\S+)">(.*?)</word>')
    return [
        text
        for left, top, right, bottom, text in word.findall(said(path, "-bbox"))
        if float(left) < 0
        or float(right) > WIDTH
        or float(top) < 0
        or (float(bottom) > HEIGHT - FOOT + DESCENT and float(top) < HEIGHT - FOOT / 2 - 8)
        or float(bottom) > HEIGHT
    ]


def page_of(made: document.View, edition: str, path: Path) -> str:
    """The page that was laid out; it names what is attached."""
    with TemporaryDirectory() as name, speaking(made.cover.language):
        files = paper._off_paper(made, Path(name)) if edition == paper.COMPLETE else ()
        listed = [(file.path.name, file.description) for file in files]
    return html.render(made, "paper", "", edition, listed)


def lost_of(made: document.View, edition: str, folder: Path) -> list[str]:
    path = folder / "made.pdf"
    WRITERS["pdf" if edition == paper.COMPLETE else f"{edition}-pdf"](made, path)
    return missing(page_of(made, edition, path), path)


@pytest.mark.parametrize("edition", paper._TYPESET)
def test_hostile_names_are_set_in_full(edition: str, tmp_path: Path) -> None:
    assert lost_of(given.view(given.rich()), edition, tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("edition", paper._TYPESET)
def test_the_sample_company_is_set_in_full(edition: str, sample_run: Path, tmp_path: Path) -> None:
    assert lost_of(read_view(sample_run), edition, tmp_path) == []


def _the_one_of_the_sample(place: Path) -> None:
    """Lay down one agent of the sample company with its people, policies and all that it did."""
    sample, name = ROOT / "sample_data/acme/2026-q3", "agt-dispatch-planner"
    for folder in ("inventory", "logs", "statements"):
        (place / folder).mkdir(parents=True)
    records = json.loads((sample / "inventory/agents.json").read_bytes())["records"]
    own = [r for r in records if r.get("actor_id") == name]
    assert len(own) == 1
    (place / "inventory/agents.json").write_text(json.dumps({"records": own}))
    shutil.copy(sample / "inventory/people.csv", place / "inventory")
    shutil.copy(sample / "statements/policies.yml", place / "statements")
    lines = (sample / "logs/gateway-2026-09.jsonl").read_text().splitlines(keepends=True)
    (place / "logs/gateway.jsonl").write_text("".join(line for line in lines if name in line))
    (place / "reporter.yml").write_text("organisation: Acme Freight\nperiod: {from: 2026-07-01, to: 2026-10-01}\nas_of: 2026-10-01\n")  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["begun", "of the sample"])
def test_a_single_agent_has_at_most_fifteen_pages_and_every_word(kind: str, tmp_path: Path) -> None:
    """A report on one agent is read in one sitting; it is short by its type, not by what it omits."""
    if kind == "begun":
        reporter("init", tmp_path / "ws")
    else:
        _the_one_of_the_sample(tmp_path / "ws")
    done = reporter("assess", tmp_path / "ws", "--out", tmp_path / "run", "--quiet", "--formats", "json")  # fmt: skip
    assert done.exit_code == 0, done.output
    for language in ("en", "de"):
        place = tmp_path / language
        reporter("render", tmp_path / "run", "--format", "pdf", "--language", language, "--out", place)  # fmt: skip
        with pikepdf.open(place / "report.pdf") as document:
            assert 10 < len(document.pages) <= 15
    made = read_view(tmp_path / "run")
    assert made.readiness is None
    assert lost_of(made, "auditor", tmp_path) == []


def test_a_line_is_as_wide_as_the_template_says() -> None:
    assert abs(typeset_module.TEXT_WIDTH - (210 - 2 * SIDE) * 72 / 25.4) < 0.1


def test_what_is_set_beyond_the_margin_or_lost_is_noticed(tmp_path: Path) -> None:
    """Lines that keep together on a sheet for fewer, and a word that the page has more often."""
    view = given.view(given.rich())
    press = typst_pages.Press(html.templates_dir(), view.cover.as_of_iso)
    page = "<style></style><h1>Head</h1><div class='keep'>" + "".join(f"<p>line {n}</p>" for n in range(80)) + "</div>"  # fmt: skip
    (tmp_path / "made.pdf").write_bytes(press.report(view.cover, page, [], tmp_path))
    found = missing(page + "<p>more</p>", tmp_path / "made.pdf")
    assert found[0] == "more" and "79" in found and "40" not in found


def set_as(page: str) -> Typeset:
    return typeset(f"<html><body>{page}</body></html>", lambda text, room: text)


def test_what_ends_under_a_heading_does_not_hold_on_to_the_next() -> None:
    """Three short sections behind each other once moved to the next sheet as one."""
    code = set_as("<h3>A</h3><p>one</p><h3>B</h3><p>two</p><ul><li>x</li></ul><h3>C</h3><p>three</p>").code  # fmt: skip
    assert [bool(re.search(rf'"led-in".*"{word}"', code)) for word in ("one", "two", "three")] == [
        False,
        True,
        False,
    ]


def test_texts_are_literals_and_only_places_that_are_there_are_linked() -> None:
    code = set_as('<h2 id="a">x</h2><p>#panic() "q" \\ <a href="#a">in</a> <a href="#b">out</a></p>').code  # fmt: skip
    assert 'head(2, 1, (), {at("a");"x"})' in code
    assert r"""p((), {"#panic() \"q\" \\ ";go("a", {"in"});" ";{"out"}})""" in code


def test_heads_of_rows_are_numbered_over_the_body_of_a_table() -> None:
    row = "<tr><th>a</th><td>b</td><td>c</td></tr>"
    table = f"<table><thead><tr><th>1</th><th>2</th><th>3</th></tr></thead><tbody>{row}{row}</tbody></table>"
    assert set_as(table + table).row_heads == [{0, 3}, {0, 3}]


def _rooms(lang: str, css: str = "") -> dict[str, float]:
    """Return the room in ems that each text of a table is given."""
    rooms: dict[str, float] = {}
    page = (
        f"<html lang='{lang}'><style>{css}</style><body><table class='a'><thead><tr><th>Abdeckung</th>"
        "<th>x</th></tr></thead><tbody><tr><th>row</th><td>angegeben</td></tr></tbody></table></body></html>"
    )
    typeset(page, lambda text, room: rooms.setdefault(text, room) and text)
    return rooms


def test_heads_of_tables_are_divided_at_syllables_or_cut_but_not_both() -> None:
    """`Abdeck|ung` without a hyphen stood where typst would have divided the word itself."""
    assert _rooms("de")["Abdeckung"] == inf > _rooms("en")["Abdeckung"]


def test_a_word_is_cut_where_it_is_too_wide_in_the_size_of_its_table() -> None:
    small, usual = _rooms("de", "table { font-size: 8pt; } .a { font-size: 6pt; }"), _rooms("de")
    assert small["angegeben"] == pytest.approx(usual["angegeben"] * 9.0 / (6 * 1.06))


def test_a_word_that_is_too_wide_is_divided_at_a_syllable_with_a_hyphen() -> None:
    """`ausgen|ommen` stood in a column of states. A hyphen in the name of an agent would make another of it."""
    faces = Faces(html.templates_dir() / "fonts")
    with speaking("de"):
        assert faces.cut("(ausgenommen): nicht", 5.8) == ["(ausgenom\u00admen): ", "nicht"]
        assert faces.cut("ausgenommen", 20) == "ausgenommen"
        assert faces.cut("ausgenommen", 1) == ["ausgen", "ommen"]
        assert faces.cut("frachtplaner", 4) == ["fracht", "planer"]
    assert faces.cut("ausgenommen", 5.8) == ["ausgen", "ommen"]


def test_a_name_that_is_too_wide_breaks_behind_its_signs() -> None:
    """`parcel-desk@freigh|t.example.com` stood in a column of owners."""
    faces = Faces(html.templates_dir() / "fonts")
    name = "parcel-desk@freight.example.com"
    assert faces.cut(name, 8) == ["parcel-", "desk@", "freight.", "example.", "com"]
    assert faces.cut("agt-" + "w" * 12, 8) == ["agt-", "wwwwww", "wwwwww"]


def test_a_legend_above_its_picture_keeps_with_it() -> None:
    heads = ("<h4>x</h4><p>a</p><p class='legend'>b</p><ul></ul>", "<h3>x</h3><p>a</p><ul></ul>")
    legend, text = (set_as(head).code for head in heads)
    assert legend.count("led-in") == 2 and text.count("led-in") == 1
    assert "led-in" not in set_as("<p>a</p><p class='legend'>b</p>").code


def test_a_text_in_one_line_that_is_too_long_breaks_between_words() -> None:
    page = "<table><thead><tr><th>x</th></tr></thead><tbody><tr><td class='nw'>a b</td></tr></tbody></table>"
    code = typeset(
        f"<body>{page}</body>", lambda text, room: [*text] if "\u00a0" in text else text
    ).code
    assert '{"a b"}' in code


@pytest.mark.slow
def test_no_word_of_the_german_sample_is_cut_without_a_hyphen(sample_run: Path) -> None:
    faces, broken = Faces(html.templates_dir() / "fonts"), set()

    def noticed(text: str, room: float) -> str | list[str]:
        for word in text.split():
            if room < inf and word.strip(".,:;()").isalpha():
                pieces = faces.cut(word, room)
                broken.update([] if isinstance(pieces, str) or len(pieces) == 1 else [word])
        return faces.cut(text, room)

    made = read_view(sample_run, "de")
    with speaking("de"):
        typeset(html.render(made, "paper", "", "auditor"), noticed)
    assert broken == set()


@pytest.mark.parametrize("edition", ["engineer", "board"])
def test_a_number_and_its_percent_sign_stay_on_one_line(
    edition: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = f"<tr><td>{'1 % ' * 200}</td></tr>"
    page = f"<html><head><title>x</title></head><body><h1>x</h1><h2>x</h2><table><thead><tr><th>x</th></tr></thead><tbody>{row}</tbody></table></body></html>"
    monkeypatch.setattr(paper.html, "render", lambda *_, **__: page)
    (tmp_path / "made.pdf").write_bytes(paper.render(given.view(given.rich()), edition))
    lines = [line.split() for line in said(tmp_path / "made.pdf", "-raw").splitlines()]
    told = [line for line in lines if line and set(line) <= {"1", "%"}]
    assert len(told) > 3 and all(line[0] == "1" and line[-1] == "%" for line in told)


def test_a_range_stays_on_one_line_where_it_fits() -> None:
    page = '<p><span class="range"><b class="score">5</b>–10 %</span></p>'
    assert 'box({sp(("score",), b({"5"}));"–10\u00a0%"})' in set_as(page).code
    apart = typeset(f"<body>{page}</body>", lambda text, room: [*text]).code
    assert "box(" not in apart


def test_widths_are_those_of_the_last_rule_of_a_class() -> None:
    css = ".a th:nth-child(1) { width: 20%; } .b th:nth-child(1) { width: 40%; } .b th:nth-child(3) { padding: 0; width: 10% } svg.x, .c svg.x { width: 10mm; } svg.y { max-width: 50mm; }"  # fmt: skip
    widths = Widths.read(css)
    assert widths.shares(["b", "a"], 3) == [40, 50, 10]
    assert widths.shares(["z"], 4) == [25] * 4
    assert widths.shares(["b"], 1) == [40]
    assert widths.picture(["x"], (), 900) == pytest.approx(10 * 72 / 25.4)
    assert widths.picture(["y"], (), 20) == 20
    assert widths.picture(["unknown"], (), 900) == typeset_module.TEXT_WIDTH


def test_a_row_longer_than_a_page_may_break(tmp_path: Path) -> None:
    """Its text would be cut off at the foot of the page."""
    view = given.view(given.rich())
    words = " ".join(f"word{n}" for n in range(2000))
    page = f"<h1>Head</h1><table><thead><tr><th>1</th><th>2</th></tr></thead><tbody><tr><td>{words}</td><td>x</td></tr></tbody></table>"
    press = typst_pages.Press(html.templates_dir(), view.cover.as_of_iso)
    (tmp_path / "made.pdf").write_bytes(press.report(view.cover, page, [], tmp_path))
    printed = said(tmp_path / "made.pdf")
    assert beyond(tmp_path / "made.pdf") == []
    assert set(words.split()) <= set(printed.split()) and printed.count("\f") > 2


def test_what_continues_on_the_next_page_stands_apart_from_its_neighbours() -> None:
    """Between a mark of one page and a link stands a mark of the next: `86<<...>>1644 0 R` is no element 861644."""
    element = b"<</Type/StructElem/S/P/P 4375 0 R/K[85 86<</Type/MCR/MCID 0/Pg 5110 0 R>>1644 0 R 87]/Pg 5109 0 R>>"
    assert row_heads._kids(element) == [1644]

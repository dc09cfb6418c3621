"""The board's edition for office programs: it opens, says the numbers of the report, and every page holds what is on it."""

from __future__ import annotations

import base64
import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import fixture_assessment as given
import openpyxl
import pytest
from docx import Document
from docx.oxml.ns import qn as word_name
from lxml import etree
from PIL import Image
from pptx import Presentation
from pptx.oxml.ns import qn as slide_name

from reporter.report import FILES, WRITERS
from reporter.report.document import View
from reporter.report.office import board_docx, fit, native_charts, outline, slide_master
from reporter.report.office.properties import LOGO
from reporter.report.trend.transitions import Moment, Progress, RunBefore, Trend
from reporter.report.view import format

FORMATS = ("docx", "pptx")
HOSTILE = "=1+1 <b>&</b> \u202esoihcrac " + "סוכן " + "x" * 300
MOST_PAGES = 14


def compared() -> View:
    """A run with an earlier one that had another score under other rules."""
    view = given.view(given.rich())
    figures = [format.figure(Fraction(n, 12), Fraction(m, 12)) for n, m in ((7, 9), (5, 11))]
    moments = tuple(
        Moment(
            day, "1", f.text, f.range, 0, f.at_lo, f.at_hi, True, n == 0, 1, f.exact_lo, f.exact_hi
        )  # fmt: skip
        for n, (day, f) in enumerate(zip(("1 July 2026", "1 October 2026"), figures, strict=True))
    )
    before = RunBefore("1 July 2026", "", "e" * 64, "f" * 64, "")
    trend = Trend("whole", moments)
    return replace(
        view,
        history=Progress(
            sentences=("The score.", "30 are fixed."), runs=(before,), trends=(trend,)
        ),
    )


def hostile() -> View:
    """Names of 300 letters, formulas, and letters that turn the line around."""
    view = compared()
    name = format.clean(HOSTILE)
    controls = tuple(replace(c, title=f"{name} {n}") for n, c in enumerate(view.themes.controls))
    questions = tuple(
        replace(q, question=name, about=name * 2, risk=name, owner=name)
        for q in view.front.questions
    )
    front = replace(view.front, judgement=name, questions=questions, unseen=(name * 4,) * 20)
    frameworks = tuple(replace(f, short=name) for f in view.frameworks) * 9
    return replace(
        view,
        cover=replace(view.cover, organisation=name, unit=name),
        front=front,
        themes=replace(view.themes, controls=controls * 4),
        frameworks=frameworks,
    )


VIEWS = {
    **{
        f.__name__: lambda f=f: given.view(f())
        for f in (given.rich, given.empty, given.perfect, given.single)
    },
    "german": lambda: given.view(given.rich(), "de"),
    "compared": compared,
    "hostile": hostile,
}


@pytest.fixture(scope="module")
def views() -> dict[str, View]:
    return {name: make() for name, make in VIEWS.items()}


@pytest.fixture(scope="module")
def files(views: dict[str, View], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every case in both formats, a folder each."""
    folder = tmp_path_factory.mktemp("office")
    for name, view in views.items():
        (folder / name).mkdir()
        for form in FORMATS:
            WRITERS[form](view, folder / name / FILES[form])
    return {name: folder / name for name in views}


def words_of_document(path: Path) -> str:
    """Every text of the pages, tables included."""
    body = Document(str(path)).element.body
    paragraphs = ("".join(t.text or "" for t in p.iter(word_name("w:t"))) for p in body.iter(word_name("w:p")))  # fmt: skip
    return "\n".join(paragraphs).replace("\u00a0%", " %")


def words_of_slides(path: Path) -> str:
    """Every text of the slides, tables included, not the notes."""
    return "\n".join(
        "".join(t.text or "" for t in p.iter(slide_name("a:t")))
        for slide in Presentation(str(path)).slides
        for p in slide._element.iter(slide_name("a:p"))
    ).replace("\u00a0%", " %")


def charts_of(path: Path) -> list[tuple[dict[str, list[tuple[str, float]]], list[tuple[Any, ...]]]]:
    """Name and number of every bar, by series, and the rows of the workbook inside the chart."""
    charts = []
    with zipfile.ZipFile(path) as package:
        names = sorted(n for n in package.namelist() if re.search(r"charts/chart\d+\.xml$", n))
        for name in names:
            tree = etree.fromstring(package.read(name))
            relations = package.read(name.replace("charts/", "charts/_rels/") + ".rels").decode()
            target = re.search(r'Target="(?:\.\./|/\w+/)(embeddings/[^"]+)"', relations)
            assert target, relations
            data = package.read(f"{name.split('/')[0]}/{target[1]}")
            book = openpyxl.load_workbook(io.BytesIO(data))
            charts.append((_numbers(tree), list(book["Sheet1"].iter_rows(values_only=True))))
    return charts


def _numbers(tree: Any) -> dict[str, list[tuple[str, float]]]:
    space = {"c": "http://schemas.openxmlformats.org/drawingml/2006/chart"}
    series = {}
    for element in tree.iterfind(".//c:ser", space):
        (name,) = element.findall("c:tx//c:v", space)
        names = [v.text for v in element.iterfind("c:cat//c:v", space)]
        values = [float(v.text) for v in element.iterfind("c:val//c:v", space)]
        series[name.text] = list(zip(names, values, strict=True))
    return series


# ---------------------------------------------------------------- what is said


@pytest.mark.parametrize("name", VIEWS)
def test_both_say_the_scores_of_the_report(
    name: str, views: dict[str, View], files: dict[str, Path]
) -> None:
    view = views[name]
    for text in (
        words_of_document(files[name] / "board.docx"),
        words_of_slides(files[name] / "board.pptx"),
    ):
        if view.readiness:
            assert view.readiness.headline in text and view.readiness.reason in text
            assert not re.search(r"\d %, up to|of 5\b", text)
        else:
            assert view.summary.figure.text in text and view.front.score in text
        assert view.summary.coverage in text
        assert view.cover.evidence_short in text
        assert view.cover.statement in text
        for step in view.summary.steps if not view.readiness else ():
            assert f"{step.level} {step.name}" in text
        for fact in view.summary.facts[:5]:
            assert f"{fact.label}: {fact.text}" in text or name == "hostile"


@pytest.mark.parametrize("name", VIEWS)
def test_the_document_leaves_nothing_out(
    name: str, views: dict[str, View], files: dict[str, Path]
) -> None:
    view, text = views[name], words_of_document(files[name] / "board.docx")
    if view.readiness:
        for check in view.readiness.failing[: view.readiness.named]:
            assert f"{check.check.title}: {check.text}" in text
        for ask in view.readiness.asks[: view.readiness.first]:
            assert all(part in text for part in (ask.what, ask.how, ask.decides))
        assert all(theme.theme in text for theme in view.readiness.judged)
        return
    for theme in view.themes.controls:
        assert theme.title in text
        assert format.ranged(theme.figure) in text
    for framework in view.frameworks:
        assert format.ranged(framework.total.figure) in text
    for question in view.front.questions:
        assert all(part in text for part in (question.about, question.risk, question.owner))
        assert all(choice.text in text for choice in question.choices)
    for rung in view.front.rungs:
        assert rung.way in text
        assert all(obstacle.text in text for obstacle in rung.obstacles)
    for change in view.front.changes:
        assert f"{change.label}: {change.n:,}" in text
    for line in (view.front.judgement, view.front.change, *view.front.unseen):
        assert line in text
    for line in view.history.sentences[1:]:
        assert line in text
    for notice in view.summary.notices:
        assert notice.text in text
        assert all(line in text for line in notice.lines)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", VIEWS)
def test_charts_hold_the_numbers_of_the_view(
    name: str, form: str, views: dict[str, View], files: dict[str, Path]
) -> None:
    view, drawn = views[name], charts_of(files[name] / FILES[form])
    steps = [(float(s.met), float(s.missing), float(s.unknown)) for s in view.summary.steps]
    expected = [steps] if any(map(any, steps)) and not view.readiness else []
    if view.history.trends:
        moments = view.history.trends[0].moments
        exact = [(Fraction(m.exact_lo), Fraction(m.exact_hi)) for m in moments]
        expected.append([tuple(float(x) for x in (format.rounded(lo), format.rounded(hi) - format.rounded(lo))) for lo, hi in exact])  # fmt: skip
    open_results = sorted(
        (
            (
                float(sum(line.counts.failed for line in theme.checks)),
                float(sum(line.counts.unknown for line in theme.checks)),
            )
            for theme in view.themes.controls
        ),
        key=lambda t: (-t[0], -t[1]),
    )
    if any(map(any, open_results)) and not (view.readiness and form == "pptx"):
        expected.append(open_results)
    shown = [
        list(zip(*(tuple(value for _, value in bars) for bars in series.values()), strict=True))
        for series, _ in drawn
    ]
    assert shown == [rows[: outline.THEMES_DRAWN] for rows in expected]


@pytest.mark.parametrize("form", FORMATS)
def test_the_workbook_in_a_chart_has_its_numbers_and_no_formula(
    form: str, files: dict[str, Path]
) -> None:
    for name in ("rich", "compared", "hostile"):
        for series, rows in charts_of(files[name] / FILES[form]):
            assert rows[0][1:] == tuple(series)
            for column, bars in enumerate(series.values(), 1):
                assert [(row[0], row[column]) for row in rows[1:]] == bars
    with zipfile.ZipFile(files["hostile"] / FILES[form]) as package:
        for book in (n for n in package.namelist() if n.endswith(".xlsx")):
            with zipfile.ZipFile(io.BytesIO(package.read(book))) as inner:
                assert b"<f>" not in inner.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("form", FORMATS)
def test_without_an_earlier_run_nothing_is_said_of_change(
    form: str, views: dict[str, View], files: dict[str, Path]
) -> None:
    text = {"docx": words_of_document, "pptx": words_of_slides}[form](files["single"] / FILES[form])
    assert views["single"].front.change in text
    drawn = [set(series) for series, _ in charts_of(files["single"] / FILES[form])]
    assert {"on evidence", "what missing evidence could add"} not in drawn


def test_a_change_of_rules_is_marked_at_the_run(files: dict[str, Path]) -> None:
    for form in FORMATS:
        series = charts_of(files["compared"] / FILES[form])[1][0]["on evidence"]
        assert series == [("1 July 2026", 58.3), ("1 October 2026 (other rules)", 41.7)]


# ---------------------------------------------------------------- structure and access


@pytest.mark.parametrize("name", VIEWS)
def test_the_document_has_real_headings_tables_and_fields(
    name: str, views: dict[str, View], files: dict[str, Path]
) -> None:
    document = Document(str(files[name] / "board.docx"))
    styles = [p.style.name for p in document.paragraphs]
    assert styles[0] == "Title" and document.paragraphs[0].text == views[name].cover.organisation
    levels = [int(s[-1]) for s in styles if s.startswith("Heading ")]
    assert levels[0] == 1 and all(b <= a + 1 for a, b in zip(levels, levels[1:], strict=False))
    captions = [p.text for p in document.paragraphs if p.style.name == "Caption"]
    tables = [c for c in captions if re.match(r"(Table|Tabelle) \d", c)]
    assert [int(re.findall(r"\d+", c)[0]) for c in tables] == [*range(1, len(document.tables) + 1)]
    for table in document.tables:
        assert table.style.name == "Table Grid"
        assert table.rows[0]._tr.find(f".//{word_name('w:tblHeader')}") is not None
        assert table._tbl.tblPr.find(word_name("w:tblCaption")) is not None
    section = document.sections[0]
    assert (round(section.page_width.cm, 1), round(section.page_height.cm, 1)) == (21.0, 29.7)
    footer = "".join(t.text for t in section.footer._element.iter(word_name("w:instrText")))
    assert "PAGE" in footer and "NUMPAGES" in footer
    assert views[name].cover.evidence_short in section.footer.paragraphs[0].text


@pytest.mark.parametrize("name", VIEWS)
def test_every_slide_has_a_title_notes_and_a_footer(
    name: str, views: dict[str, View], files: dict[str, Path]
) -> None:
    deck = Presentation(str(files[name] / "board.pptx"))
    assert deck.slide_width * 9 == deck.slide_height * 16
    assert 5 <= len(deck.slides) <= MOST_PAGES
    for slide in deck.slides:
        assert slide.shapes.title.text_frame.text
        assert slide.has_notes_slide and slide.notes_slide.notes_text_frame.text
        kinds = [slide_master.kind_of(p) for p in slide.placeholders]
        assert {"ftr", "sldNum"} <= set(kinds)
        assert len([*slide.shapes]) == len(kinds), "a free text box"
        ids = [e.get("id") for e in slide._element.iter(slide_name("p:cNvPr"))]
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", VIEWS)
def test_every_drawing_is_told_in_words(name: str, form: str, files: dict[str, Path]) -> None:
    path = files[name] / FILES[form]
    told = list(_told(path))
    assert all(told)
    for series, _ in charts_of(path):
        for text in told:
            if all(f"{s} " in text for s in series):
                break
        else:
            raise AssertionError(f"no words for {[*series]}")


def _told(path: Path) -> Iterator[str]:
    if path.suffix == ".docx":
        for properties in Document(str(path)).element.body.iter(word_name("wp:docPr")):
            yield properties.get("descr", "")
        return
    for slide in Presentation(str(path)).slides:
        for frame in slide._element.iter(slide_name("p:graphicFrame")):
            yield next(frame.iter(slide_name("p:cNvPr"))).get("descr", "")


def test_the_head_of_a_page_of_the_document_is_one_line(views: dict[str, View], tmp_path: Path) -> None:  # fmt: skip
    """A second one ran into the text below it."""
    cover = replace(views["german"].cover, organisation="Donaudampfschifffahrt " * 5)
    WRITERS["docx"](replace(views["german"], cover=cover), tmp_path / "board.docx")
    (head,) = Document(str(tmp_path / "board.docx")).sections[0].header.paragraphs
    assert head.text.startswith("Donau") and head.text.endswith(cover.title)
    assert fit.lines_of(head.text, board_docx.WIDTH.pt, board_docx.HEAD) == 1


@pytest.mark.parametrize(("name", "language"), [("rich", "en-GB"), ("german", "de-DE")])
def test_both_say_their_language_and_whose_they_are(
    name: str, language: str, views: dict[str, View], files: dict[str, Path]
) -> None:
    document = Document(str(files[name] / "board.docx"))
    deck = Presentation(str(files[name] / "board.pptx"))
    for properties in (document.core_properties, deck.core_properties):
        assert properties.language == language
        assert properties.author == views[name].cover.organisation
        assert properties.identifier == views[name].cover.evidence_id
        assert properties.title.startswith(views[name].cover.title)
        assert properties.created == properties.modified
        assert f"{properties.created:%Y-%m-%dT%H:%M:%SZ}" == views[name].cover.as_of_iso
    spoken = {e.get(word_name("w:val")) for e in document.styles.element.iter(word_name("w:lang"))}
    assert spoken == {language}
    for slide in deck.slides:
        runs = [*slide._element.iter(slide_name("a:r"))]
        assert runs and {r.find(slide_name("a:rPr")).get("lang") for r in runs} == {language}


def test_the_german_ones_hold_no_english(files: dict[str, Path]) -> None:
    texts = (
        words_of_document(files["german"] / "board.docx"),
        words_of_slides(files["german"] / "board.pptx"),
    )
    for text in texts:
        assert "Wo wir stehen" in text or "Belegter Wert" in text
        assert not re.search(r"\b(Coverage|Failing|Unknown|Table|Figure|Measure)\b", text)


# ---------------------------------------------------------------- the same bytes, and the pages


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_run_gives_the_same_bytes(
    form: str, views: dict[str, View], files: dict[str, Path], tmp_path: Path
) -> None:
    for name in ("compared", "german"):
        WRITERS[form](views[name], tmp_path / "again")
        assert (tmp_path / "again").read_bytes() == (files[name] / FILES[form]).read_bytes()
    for package in _packages((files["compared"] / FILES[form]).read_bytes()):
        assert {i.date_time for i in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = package.read("docProps/core.xml").decode()
        dates = set(re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", core))
        assert dates == {views["compared"].cover.as_of_iso}


def _packages(data: bytes) -> Iterator[zipfile.ZipFile]:
    package = zipfile.ZipFile(io.BytesIO(data))
    yield package
    for name in package.namelist():
        if name.endswith(".xlsx"):
            yield from _packages(package.read(name))


@pytest.mark.parametrize("name", VIEWS)
def test_every_shape_stands_on_its_slide(name: str, files: dict[str, Path]) -> None:
    deck = Presentation(str(files[name] / "board.pptx"))
    for number, slide in enumerate(deck.slides, 1):
        for shape in slide.placeholders:
            assert shape.left >= 0 and shape.left + shape.width <= deck.slide_width, number
            assert shape.top >= 0 and shape.top + shape.height <= deck.slide_height, number


@pytest.mark.parametrize("size", [(2000, 100), (30, 400)])
def test_a_logo_keeps_its_shape_within_its_place(
    size: tuple[int, int], views: dict[str, View], tmp_path: Path
) -> None:
    data = io.BytesIO()
    Image.new("RGB", size, "red").save(data, "PNG")
    logo = f"data:image/png;base64,{base64.b64encode(data.getvalue()).decode()}"
    view = replace(views["single"], cover=replace(views["single"].cover, logo=logo))
    for form in FORMATS:
        WRITERS[form](view, tmp_path / FILES[form])
    shape = Document(str(tmp_path / "board.docx")).inline_shapes[0]
    picture = Presentation(str(tmp_path / "board.pptx")).slides[0].shapes[-1]
    for drawn in (shape, picture):
        assert drawn.width.pt <= LOGO[0] + 0.1 and drawn.height.pt <= LOGO[1] + 0.1
        assert drawn.width / drawn.height == pytest.approx(size[0] / size[1], rel=0.01)
    assert {*_told(tmp_path / "board.docx")} >= {view.cover.organisation}
    assert picture._element._nvXxPr.cNvPr.get("descr") == view.cover.organisation


def test_a_text_is_cut_to_its_lines_and_says_where_the_rest_is() -> None:
    assert fit.lines_of("word " * 10, 10_000, 10) == 1
    assert fit.lines_of("x" * 300, 56, 10) >= 30
    assert fit.lines_of("代" * 10, 56, 10) == 2
    cut = fit.fitting("word " * 200, 300, 10, 3, "roadmap.csv")
    assert fit.lines_of(cut, 300, 10) <= 3
    assert cut.endswith("in roadmap.csv]")
    assert fit.fitting("short", 300, 10, 1, "x") == "short"


def test_a_number_is_printed_only_where_its_bar_is_wide_enough() -> None:
    series = (outline.Series("a", outline.GOOD, (1.0, 90.0)), outline.Series("b", outline.BAD, (2.0, 10.0)))  # fmt: skip
    chart = outline.Chart("t", ("one", "two"), series)
    assert native_charts._format(chart) == '[>=8]#,##0;""'
    small = outline.Chart("t", ("one",), (outline.Series("a", outline.GOOD, (3.0,)),))
    assert native_charts._format(small) == '[>=1]#,##0;""'


@pytest.fixture(scope="module")
def printed(
    files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[tuple[float, list[tuple[str, float]]]]]:
    """Height of every page that LibreOffice makes of a file, and its words with their lower edges."""
    if not (shutil.which("soffice") and shutil.which("pdftotext")):
        pytest.skip("LibreOffice and poppler are not installed")
    folder = tmp_path_factory.mktemp("printed")
    copies = {f"{name}-{form}": folder / f"{name}-{form}.{form}" for name in files for form in FORMATS}  # fmt: skip
    for key, copy in copies.items():
        name, _, form = key.rpartition("-")
        shutil.copyfile(files[name] / FILES[form], copy)
    profile = f"-env:UserInstallation=file://{folder}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", folder / "pdf", *copies.values()]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    return {key: _pages(folder / "pdf" / f"{key}.pdf") for key in copies}


@pytest.mark.slow
@pytest.mark.parametrize("name", VIEWS)
def test_office_programs_show_every_word_within_its_page(
    name: str,
    files: dict[str, Path],
    printed: dict[str, list[tuple[float, list[tuple[str, float]]]]],
) -> None:
    deck = Presentation(str(files[name] / "board.pptx"))
    slides = printed[f"{name}-pptx"]
    assert len(slides) == len(deck.slides)
    assert 2 <= len(printed[f"{name}-docx"]) <= (60 if name == "hostile" else 10)
    for n, ((height, words), slide) in enumerate(zip(slides, deck.slides, strict=True), 1):
        footers = [p for p in slide.placeholders if slide_master.kind_of(p) in ("ftr", "sldNum")]
        footer = " ".join(p.text_frame.text for p in footers)
        top = min(p.top for p in footers) / deck.slide_height * height
        below = [word for word, bottom in words if bottom > top + 2]
        assert words, n
        # Hebrew comes out of a page letter by letter from the left
        assert [w for w in below if w not in footer and w[::-1] not in footer and not w.isdigit()] == [], n  # fmt: skip


def _pages(pdf: Path) -> list[tuple[float, list[tuple[str, float]]]]:
    page = subprocess.run(["pdftotext", "-bbox", pdf, "-"], check=True, capture_output=True).stdout
    tree = etree.fromstring(page, etree.XMLParser(recover=True))
    space = {"h": "http://www.w3.org/1999/xhtml"}
    return [
        (
            float(p.get("height")),
            [(w.text or "", float(w.get("yMax"))) for w in p.iterfind("h:word", space)],
        )  # fmt: skip
        for p in tree.iterfind(".//h:page", space)
    ]

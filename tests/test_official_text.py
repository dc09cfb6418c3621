"""The publisher's words for a control, what no check of it shows and what people's references mean: in every format, and in which language."""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import lxml.html
import pikepdf
import pytest
from conftest import printed, reporter, texts_of

from reporter.content import loader
from reporter.explain.related_controls import elsewhere
from reporter.report.document import View
from reporter.report.export import read_view
from reporter.report.pdf.typeset import typeset

pytestmark = pytest.mark.slow

RMF = "nist-ai-rmf-1.0"
FORMATS = "html,pdf,oscal,xlsx"


def words(text: str) -> str:
    return " ".join(text.split())


def said(element: Any) -> str:
    """Return the text of an element; blocks stand apart without a space between them."""
    return words(" ".join(element.itertext()))


@pytest.fixture(scope="module")
def view(sample_run: Path) -> View:
    return read_view(sample_run)


@pytest.fixture(scope="module")
def german(sample_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All formats of the sample run, in German."""
    folder = tmp_path_factory.mktemp("german")
    result = reporter("render", sample_run, "--language", "de", "--formats", FORMATS, "--out", folder)  # fmt: skip
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="module")
def official() -> dict[str, str]:
    """The official texts of functions, categories and subcategories."""
    rmf = next(f for f in loader.load().frameworks if f.id == RMF)
    return {i.id: i.official_text for i in (*rmf.groups, *rmf.controls)}


def test_a_run_holds_the_official_texts_with_their_source_and_licence(
    sample_run: Path, official: dict[str, str]
) -> None:
    data = json.loads((sample_run / "report.json").read_bytes())
    rmf = next(f for f in data["frameworks"] if f["id"] == RMF)
    assert {i["id"]: i["official_text"] for i in (*rmf["groups"], *rmf["controls"])} == official
    assert rmf["official_text"]["source"].startswith("NIST AI 100-1 (January 2023)")
    assert "not subject to copyright" in rmf["official_text"]["licence"]


@pytest.mark.parametrize("language", ["en", "de"])
def test_official_texts_are_never_translated_and_our_words_are(
    sample_run: Path, official: dict[str, str], language: str
) -> None:
    rmf = next(f for f in printed(sample_run, language)["frameworks"] if f["id"] == RMF)
    assert {i["id"]: i["official_text"] for i in (*rmf["groups"], *rmf["controls"])} == official
    assert rmf["official_language"] == "en"
    ours = next(c["paraphrase"] for c in rmf["controls"] if c["id"] == "MAP 4.2")
    assert ours.startswith({"en": "For each component", "de": "Für jeden Bestandteil"}[language])


def test_a_german_page_marks_what_is_english(german: Path, official: dict[str, str]) -> None:
    page = lxml.html.fromstring((german / "report.html").read_text("utf-8"))
    assert page.get("lang") == "de"
    marked = [words(e.text_content()) for e in page.iter("span") if e.get("lang") == "en"]
    assert sorted(marked) == sorted(official.values())
    block = said(page.get_element_by_id("c-MAP-4.2"))
    assert f"Amtlicher Text, NIST AI RMF: {official['MAP 4.2']} In unseren Worten: Für jeden" in block  # fmt: skip
    chapter = words(page.get_element_by_id(f"f-{RMF}").text_content())
    assert "nicht urheberrechtlich geschützt" in chapter


def test_a_list_without_official_texts_marks_no_words_as_ours(german: Path) -> None:
    page = lxml.html.fromstring((german / "report.html").read_text("utf-8"))
    assert "In unseren Worten" not in page.get_element_by_id("c-ASI02").text_content()


def test_a_pdf_names_and_carries_a_file_with_each_official_text(
    german: Path, official: dict[str, str]
) -> None:
    """Paper prints a control as a row; its entry in full is attached, and the chapter says where."""
    with pikepdf.open(german / "report.pdf") as document:
        assert str(document.Root.Lang) == "de"
        carried = document.attachments["controls.csv"].get_file().read_bytes().decode("utf-8-sig")
    rows = [r for r in csv.DictReader(carried.splitlines()) if r["framework"] == RMF]
    controls = {i: text for i, text in official.items() if "." in i}
    assert len(controls) == 72
    assert {r["id"]: words(r["official_text"]) for r in rows} == controls
    if shutil.which("pdftotext"):
        text = words(texts_of([german / "report.pdf"])["report.pdf"])
        assert "controls.csv" in text.partition("NIST AI RMF")[2]


def test_paper_takes_the_language_of_a_tag_without_its_country() -> None:
    """typst knows no country there, and would refuse the page."""
    code = typeset('<body><p>Text: <span lang="en-GB">colour</span></p></body>', lambda text, _: text).code  # fmt: skip
    assert 'text(lang: "en", {"colour"})' in code


def test_oscal_has_official_texts_as_statements(german: Path, official: dict[str, str]) -> None:
    (catalog,) = json.loads((german / f"oscal/catalog-{RMF}.json").read_bytes()).values()
    prose: dict[str, str] = {}
    for group in catalog["groups"]:
        for inner in (group, *group["groups"]):
            label = inner["props"][0]["value"]
            (prose[label],) = (p["prose"] for p in inner["parts"] if p["name"] == "overview")
            for control in inner.get("controls", ()):
                label = control["props"][0]["value"]
                names = [p["name"] for p in control["parts"]]
                assert names == ["statement", "guidance", "assessment-objective"]
                prose[label] = control["parts"][0]["prose"]
    assert prose == official


def test_the_workbook_has_a_column_of_official_texts(
    german: Path, official: dict[str, str]
) -> None:
    with zipfile.ZipFile(german / "report.xlsx") as book:
        texts = "".join(book.read(n).decode() for n in book.namelist() if n.endswith(".xml"))
    assert all(text in texts for i, text in official.items() if "." in i)
    assert "amtlicher Text" in texts


def test_a_table_has_every_control_with_what_is_shown_and_what_is_not(
    sample_run: Path, view: View, official: dict[str, str]
) -> None:
    with (sample_run / "controls.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {(row["framework"], row["id"]): row for row in csv.DictReader(file)}
    controls = {(f.id, c.id): c for f in view.frameworks for c in f.controls}
    assert list(rows) == list(controls)
    for key, control in controls.items():
        row = rows[key]
        assert row["not_shown"] == control.not_shown != ""
        assert (row["extent"], row["shown"]) == (control.extent, control.shown)
        assert (row["exact_lo"], row["exact_hi"]) == (control.figure.exact_lo, control.figure.exact_hi)  # fmt: skip
        assert row["official_text"] == official.get(control.id, "")
    for framework in view.frameworks:
        held = Counter(rows[framework.id, c.id]["extent"] for c in framework.controls)
        kinds = ("fully", "in part", "by statement only", "not at all")
        assert tuple(str(held[k]) for k in kinds) == framework.total.extents


def test_explain_says_how_far_a_control_is_assessed(sample_run: Path, view: View) -> None:
    asi02 = next(c for f in view.frameworks for c in f.controls if c.id == "ASI02")
    output = reporter("explain", sample_run, "ASI02").output
    assert f"\n{asi02.standing}\n" in output
    assert "assessed in part" in asi02.standing
    assert asi02.standing[0].isupper()


def test_explain_says_of_a_list_outside_the_run_what_no_check_shows(view: View) -> None:
    """The run of two lists is asked about the third, which it does not hold."""
    others = tuple(f for f in view.frameworks if f.id != RMF)
    output = "\n".join(elsewhere(replace(view, frameworks=others), "MAP 4.2"))
    assert "Not part of this run, so it has no score" in output
    assert "Official text, NIST AI RMF: Internal risk controls" in output
    assert "In our words: For each component" in output
    assert "What no check shows: Whether controls are documented for each component" in output


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("MAP 4.2", ["Official text, NIST AI RMF: Internal risk controls for components", "In our words: For each component"]),
        ("GOVERN 1", ["Official text, NIST AI RMF: Policies, processes, procedures, and practices across"]),
        ("MEASURE", ["Official text, NIST AI RMF: Identified risks are assessed, analyzed, or tracked."]),
        ("AGENT-02", ["AGENT-02: literally nothing in the list; most plausibly ASI02. Confidence: 0.8 in what is meant.",
                      "OWASP Agentic ASI02 Tool Misuse and Exploitation"]),
        ("NHI-03", ["NHI-03: literally NHI3:2025; most plausibly NHI9:2025, NHI1:2025, NHI5:2025. Confidence: 0.3 in the literal"]),
    ],
)  # fmt: skip
def test_explain_gives_the_publishers_words_and_what_a_reference_means(
    sample_run: Path, asked: str, says: list[str]
) -> None:
    output = reporter("explain", sample_run, asked).output
    for text in says:
        assert text in output


def test_explain_marks_no_words_as_ours_where_no_others_stand(sample_run: Path) -> None:
    output = reporter("explain", sample_run, "ASI02").output
    assert "In our words" not in output and "Official text" not in output


@pytest.mark.parametrize(
    ("framework", "given", "literal", "intended", "related"),
    [
        ("owasp-agentic-2026", "AGENT-02", [], ["ASI02"], ["ASI03"]),
        ("owasp-nhi-2025", "NHI-03", ["NHI3:2025"], ["NHI9:2025", "NHI1:2025", "NHI5:2025"], []),
    ],
)
def test_a_reference_is_shown_with_what_it_says_and_what_it_means(
    view: View, framework: str, given: str, literal: list[str], intended: list[str], related: list[str]
) -> None:  # fmt: skip
    printed_list = next(f for f in view.frameworks if f.id == framework)
    alias = next(a for a in printed_list.aliases if a.given == given)
    ends = (alias.literal, alias.intended, alias.related)
    assert [[link.text for link in links] for links in ends] == [literal, intended, related]
    titles = {c.id: (c.anchor, c.title) for c in printed_list.controls}
    assert all((a.anchor, a.title) == titles[a.text] for links in ends for a in links)


def test_the_page_shows_literal_and_intended_references(german: Path) -> None:
    page = lxml.html.fromstring((german / "report.html").read_text("utf-8"))
    rows = {
        said(row[0]): [said(cell) for cell in row[1:]]
        for table in page.find_class("cited")
        for row in table.find("tbody")
    }
    assert rows["AGENT-02"][:3] == [
        "nichts auf der Liste",
        "ASI02 Tool Misuse and Exploitation Verwandt: ASI03 Identity and Privilege Abuse",
        "0,8 für das Gemeinte",
    ]
    assert rows["NHI-03"][0] == "NHI3:2025 Vulnerable Third-Party NHI"
    assert rows["NHI-03"][1] == "NHI9:2025 NHI Reuse; NHI1:2025 Improper Offboarding; NHI5:2025 Overprivileged NHI"  # fmt: skip
    assert rows["NHI-03"][2] == "0,3 für die wörtliche Lesart"
    assert rows["NHI-03"][3].startswith("Mehrdeutig.")
    assert "GV-1.6 Policies for data privacy" in rows

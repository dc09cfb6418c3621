"""The appendix "All findings": complete, in parts, in one tagged document; a list that is too long says what it leaves out."""

from __future__ import annotations

import hashlib
import random
import re
import sys
import tomllib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import fixture_assessment as given
import pikepdf
import pytest
from test_paper import said

from reporter.errors import ReporterError
from reporter.report import WRITERS
from reporter.report.chapters.next_steps import Roadmap
from reporter.report.chapters.parts_of_the_whole import Slices
from reporter.report.chapters.rights_and_use import ParityTable
from reporter.report.document import View
from reporter.report.editions import appendix
from reporter.report.findings import finding_records
from reporter.report.html import page as html
from reporter.report.pdf import merge, paper, pdf_objects, typst_pages
from reporter.report.pdf.fonts import Faces
from reporter.runs.store import DATA, RESULTS

pytestmark = pytest.mark.slow

MARKUP = (
    *("#panic(1)", "$x$ <lbl> *b* _i_ @ref", "= head", "// gone", "\\u{41} \\ end", "`raw` ~ -- '"),
    *("</td><td>", "ق\u064e\u0644 عربي", "代理人\u0301 𓂷", "M" * 400, "/" * 90, "a\u200db"),
)


@pytest.fixture(scope="module")
def small() -> View:
    """A report whose main part is short, with 71 findings of every kind of name."""
    a = given.rich()
    found = given.open_of(a)[:71]
    for n, name in enumerate(MARKUP, 4):
        found[n] = replace(found[n], subject=name)
    found[2] = replace(found[2], waived_until="2026-12-31", waiver="waivers.csv#1")
    rich = given.holding(given.view(a), a, found)
    return replace(
        rich,
        frameworks=(),
        crosswalks=(),
        method=(),
        roadmap=Roadmap(),
        slices=Slices(),
        parity=ParityTable(),
        causes=replace(rich.causes, lines=()),
    )


@pytest.fixture(scope="module")
def made(small: View, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("appendix") / "report.pdf"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paper, "PART", 30)
        run = given.leave(given.single(), path.parent)
        paper.write(small, path, data=[run / DATA, run / RESULTS])
    return path


def _kids(item: Any) -> list[Any]:
    kids = item.get("/K", pikepdf.Array())
    return list(kids) if isinstance(kids, pikepdf.Array) else [kids]


def test_all_parts_hang_in_one_tree_that_reaches_every_mark_of_every_page(made: Path) -> None:
    with pikepdf.open(made) as document:
        root = document.Root.StructTreeRoot
        (top,) = _kids(root)
        assert top.S == "/Document"
        owned: dict[tuple[int, int], set[tuple[Any, int]]] = {}
        stack = [(top, None)]
        while stack:
            item, page = stack.pop()
            page = item.get("/Pg", page)
            for kid in _kids(item):
                if isinstance(kid, int):
                    owned.setdefault(item.objgen, set()).add((page.objgen, kid))
                elif kid.get("/S") is not None:
                    assert kid.P.objgen == item.objgen
                    assert kid.S != "/Document"
                    stack.append((kid, page))
                elif kid.get("/Type") == "/MCR":
                    owned.setdefault(item.objgen, set()).add((kid.get("/Pg", page).objgen, int(kid.MCID)))  # fmt: skip
        pairs = list(root.ParentTree.Nums)
        owners = dict(zip(map(int, pairs[::2]), pairs[1::2], strict=True))
        assert list(owners) == sorted(owners) and root.ParentTreeNextKey > max(owners)
        keys, marks = set(), 0
        for page in document.pages:
            key = int(page.obj.StructParents)
            assert key not in keys
            keys.add(key)
            page.contents_coalesce()
            for found in re.finditer(rb"/MCID\s+(\d+)", page.obj.Contents.read_bytes()):
                n = int(found[1])
                assert (page.obj.objgen, n) in owned[owners[key][n].objgen]
                marks += 1
        assert marks > 71 * 6


def test_every_cell_names_header_cells_that_are_there(made: Path) -> None:
    with pikepdf.open(made) as document:
        pairs = list(document.Root.StructTreeRoot.IDTree.Names)
        names = [str(name) for name in pairs[::2]]
        assert names == sorted(set(names))
        assert {name[0] for name in names} == set("UABC")
        asked = {
            str(name)
            for item in document.objects
            if isinstance(item, pikepdf.Dictionary) and item.get("/S") == "/TD"
            for a in (item.A if isinstance(item.A, pikepdf.Array) else [item.A])
            for name in a.get("/Headers", [])
        }
        assert asked and asked <= set(names)


def test_every_finding_is_printed_in_full_and_in_order(made: Path, small: View) -> None:
    printed = re.sub(r"\s", "", said(made, "-raw"))
    at = printed.rindex("everyrowoffindings.csv")
    assert "The71findingsofthisassessmentinfull" in printed
    for section in appendix.sections(small.findings, appendix.totals_of(small)):
        at = printed.index(re.sub(r"\s", "", section.head), at)
        for row in section.rows:
            for cell in row.cells:
                if cell.isascii():
                    at = printed.index(re.sub(r"\s", "", cell), at)
    assert "fail,waiveduntil2026-12-31(waivers.csv#1)" in printed


def test_every_sum_is_printed_in_full_before_the_findings(made: Path, small: View) -> None:
    printed = re.sub(r"\s", "", said(made, "-raw"))
    at = printed.rindex("Whatisnotassessedhasnone.")
    told = appendix.sums(small)
    assert [part.name for part in told] == [small.themes.short, "Checks"]
    for part in told:
        at = printed.index(re.sub(r"\s", "", part.name), at)
        for line in (line for own in part.sums for line in own if line.isascii()):
            at = printed.index(re.sub(r"\s", "", line), at)
    assert at < printed.rindex("everyrowoffindings.csv")


def test_readers_of_the_tree_meet_the_findings_last(made: Path) -> None:
    with pikepdf.open(made) as document:
        (top,) = _kids(document.Root.StructTreeRoot)
        kinds = [str(kid.S) for kid in _kids(top)]
    assert kinds[-3:] == ["/Table"] * 3
    assert "/H2" in kinds[-6:-3]


def test_what_looks_like_markup_or_has_no_glyph_is_printed_as_it_is(made: Path) -> None:
    text = said(made)
    for name in ("#panic(1)", "$x$ <lbl> *b*", "= head", "// gone", "[U+130B7]", "代理人"):
        assert name in text


def test_page_numbers_go_on_and_name_the_same_total(made: Path, small: View) -> None:
    pages = said(made).split("\f")[:-1]
    total = len(pages)
    for n, page in enumerate(pages[1:], 2):
        foot = f"evidence {small.cover.evidence_short} · page {n} of {total}"
        assert foot in page and page.count(f" of {total}\n") == 1
    assert [f"{small.cover.organisation} · All findings" in page for page in pages[-4:]] == [True] * 4  # fmt: skip
    contents = next(page for page in pages if "Contents" in page)
    first = next(n for n, page in enumerate(pages, 1) if "findings of this assessment" in page)
    assert re.search(rf"All findings[ .\n]+{first}\b", contents)


def test_bookmarks_lead_to_the_page_of_each_check(made: Path, small: View) -> None:
    texts = said(made).split("\f")
    with pikepdf.open(made) as document, document.open_outline() as outline:
        place = {page.obj.objgen: n for n, page in enumerate(document.pages)}
        expected = {
            "All findings": [
                section.name
                for section in appendix.sections(small.findings, appendix.totals_of(small))
            ],
            "How each number came about": [part.name for part in appendix.sums(small)],
        }
        for name, heads in expected.items():
            chapter = [item for item in outline.root if item.title == name][-1]
            assert [str(item.title) for item in chapter.children] == heads
            for item in chapter.children:
                page = item.destination[0] if item.destination is not None else item.action.D[0]
                text = " ".join(texts[place[page.objgen]].split())
                assert str(item.title)[:20] in text


def test_the_merged_pdf_keeps_its_attachment_and_identification(made: Path, small: View) -> None:
    with pikepdf.open(made) as document:
        for name in (DATA, RESULTS):
            attached = document.attachments[name].get_file().read_bytes()
            assert attached == (made.parent / name).read_bytes()
        with document.open_metadata() as metadata:
            assert metadata.pdfa_status == "3A"
            assert metadata["pdfuaid:part"] == "1"
        fonts = [o for o in document.objects if isinstance(o, pikepdf.Dictionary) and o.get("/Type") == "/FontDescriptor"]  # fmt: skip
        assert fonts and all({"/FontFile2", "/FontFile3"} & set(o.keys()) for o in fonts)


def test_the_merged_pdf_has_no_fault_and_nothing_of_a_part_but_its_pages(made: Path) -> None:
    with pikepdf.open(made) as document:
        assert document.check_pdf_syntax() == []
        kinds = Counter(
            str(o.get("/Type")) for o in document.objects if isinstance(o, pikepdf.Dictionary)
        )
        parts = 71 // 30 + 1
        assert kinds["/Pages"] == 1 + parts and kinds["/Page"] == len(document.pages)
        assert kinds["/Catalog"] == kinds["/OutputIntent"] == kinds["/StructTreeRoot"] == 1


def test_a_pdf_that_typst_would_not_write_is_refused(made: Path) -> None:
    with pytest.raises(ValueError, match="without a plain table of objects"):
        pdf_objects.Source(made.read_bytes())


def test_a_row_whose_lines_are_counted_is_set_as_one_that_is_measured(
    small: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too low a row would be printed over the next one."""
    chance = random.Random(7)
    words = (
        "draft",
        "office",
        "AVATo",
        "f)f)",
        "(j",
        "[x]",
        "1.5",
        "a/b",
        "-",
        "--",
        "x" * 40,
        "it's",
    )
    letters = [chr(c) for c in range(33, 127)]

    def text(longest: int) -> str:
        spelled = ("".join(chance.choices(letters, k=chance.randint(1, 14))) for _ in words)
        return " ".join(chance.choices([*words, *spelled], k=chance.randint(1, longest)))

    rows = tuple(
        appendix.Row((text(6), text(4), "fail", text(30), text(5)), text(3) if n % 3 else "")
        for n in range(600)
    )
    press = typst_pages.Press(html.templates_dir(), small.cover.as_of_iso)
    part = (
        appendix.Section("a", "a", rows),
        *appendix.sections(small.findings, appendix.totals_of(small)),
    )
    counted = press.findings(part)
    told = [row["lines"] for section in part for row in press._section(section, False)["rows"]]
    assert max(told) > 5 and 0.3 < sum(map(bool, told)) / len(told) < 1
    monkeypatch.setattr(press._lines, "count", lambda text, room: None)
    assert press.findings(part) == counted


def test_a_part_has_the_same_bytes_each_time(small: View) -> None:
    part = next(appendix.parts(appendix.sections(small.findings, appendix.totals_of(small)), 30))
    press = [typst_pages.Press(html.templates_dir(), small.cover.as_of_iso) for _ in range(2)]
    assert press[0].findings(part) == press[1].findings(part)
    bands = [p.running(small.cover, appendix.TITLE, 3, 2, 4) for p in press]
    assert bands[0] == bands[1]


def test_without_typst_a_pdf_says_what_to_install(
    small: View, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
    assert typst_pages.NEEDED in project["project"]["dependencies"]
    with pytest.raises(ReporterError) as found:
        WRITERS["pdf"](small, tmp_path / "report.pdf")
    assert str(found.value).startswith("report.pdf: typst cannot be imported")
    assert f"pip install '{typst_pages.NEEDED}'" in found.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_list_that_is_too_long_says_what_it_leaves_out(
    small: View, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(paper, "LONGEST", 70)
    monkeypatch.setattr(paper, "CUT", 20)
    data = tmp_path / RESULTS
    data.write_bytes(b"the results")
    totals = appendix.totals_of(small)
    laid = paper.lay_out(small.findings, totals, small.cover.as_of_iso, tmp_path)
    begins = paper._first_page(small, laid, [data])
    lead = begins.text[0]
    assert not begins.complete
    assert (
        "This list is not complete: it shows 20 of 71 findings, what fails before all else." in lead
    )
    assert "findings.csv" in lead and hashlib.sha256(b"the results").hexdigest() in lead
    cells = 0
    for part in laid.parts:
        with pikepdf.open(part.path) as document:
            cells += sum(isinstance(o, pikepdf.Dictionary) and o.get("/S") == "/TD" for o in document.objects)  # fmt: skip
    assert cells == 20 * len(appendix.COLUMNS)


def test_without_findings_there_is_a_page_and_no_list(small: View) -> None:
    none = given.holding(small, given.rich(), ())
    said = appendix.chapter(none, 0, 0, "")
    assert said.complete and "nothing to list" in said.text[0]
    assert list(appendix.parts(appendix.sections(none.findings, appendix.totals_of(none)), 5)) == []


@pytest.mark.parametrize("size", [1, 7, 70, 71, 72])
def test_parts_hold_every_row_once_and_say_where_a_check_goes_on(size: int, small: View) -> None:
    found = list(appendix.sections(small.findings, appendix.totals_of(small)))
    cut = list(appendix.parts(found, size))
    rows = [row for part in cut for section in part for row in section.rows]
    assert rows == [row for section in found for row in section.rows]
    assert all(sum(len(s.rows) for s in part) == size for part in cut[:-1])
    begun = [section.name for part in cut for section in part if not section.goes_on]
    assert begun == [section.name for section in found]


def test_only_the_auditors_edition_has_the_appendix(small: View, tmp_path: Path) -> None:
    WRITERS["board-pdf"](small, tmp_path / "board.pdf")
    assert "All findings" not in said(tmp_path / "board.pdf")


@pytest.fixture(scope="module")
def faces() -> Faces:
    return Faces(html.templates_dir() / "fonts")


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("agent é", "agent é"),
        ("a\u0301", "a\u0301"),
        ("代\u0301", "代[U+0301]"),
        ("שָׁ", "שָׁ"),
        ("\U000130b7x", "[U+130B7]x"),
        ("代\u200dx", "代[U+200D]x"),
    ],
)
def test_what_no_one_font_can_draw_together_is_written_out(
    text: str, printed: str, faces: Faces
) -> None:
    assert faces.written(text) == printed
    assert faces.written(text, plain=True).encode("latin-1", "ignore").decode("latin-1")


@pytest.mark.parametrize("text", ["w" * 400, "logs/cloudtrail/111122223333_x.json#35 and more", "代" * 90, ""])  # fmt: skip
def test_cutting_a_text_loses_nothing_and_leaves_no_piece_wider_than_its_room(
    text: str, faces: Faces
) -> None:
    cut = faces.cut(text, 14)
    assert "".join(cut) == text
    assert all(faces._wide(piece) <= 14 for piece in cut)
    assert faces.cut("two short words that wrap", 14) == "two short words that wrap"


def test_a_list_that_is_cut_keeps_what_fails(small: View) -> None:
    listed = list(finding_records(small))
    failing = sum(f["status"] == "fail" for f in listed)
    assert 0 < failing < len(listed) - 5
    for limit in (failing - 1, failing, failing + 5):
        cut = list(appendix.sections(small.findings, appendix.totals_of(small), limit))
        shown = [row for section in cut for row in section.rows]
        assert len(shown) == limit
        assert sum(row.cells[2].startswith("fail") for row in shown) == min(limit, failing)
        whole = [
            row
            for section in appendix.sections(small.findings, appendix.totals_of(small))
            for row in section.rows
        ]
        assert [row for row in whole if row in shown] == shown  # in the same order
        some = [s for s in cut if f" · {len(s.rows)} shown" in s.head]
        sizes = {
            s.name: len(s.rows)
            for s in appendix.sections(small.findings, appendix.totals_of(small))
        }
        assert {s.name for s in some} == {s.name for s in cut if len(s.rows) < sizes[s.name]}


def test_an_element_after_marks_of_another_page_keeps_its_number() -> None:
    """A paragraph that a page break divides, with a link after it: the mark before stands without a blank."""
    item = b"<</Type/StructElem/S/P/P 9 0 R/K[84 86<</Type/MCR/MCID 0/Pg 5 0 R>>1644 0 R<</Type/MCR/MCID 2/Pg 5 0 R>>]/Pg 4 0 R>>"
    assert merge._kids(item) == [1644]

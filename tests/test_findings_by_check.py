"""The chapter "Findings by check", and the files attached to the paper: together they lose nothing."""

from __future__ import annotations

import csv
import io
import re
import sys
import tomllib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import fixture_assessment as given
import pikepdf
import pytest
from test_paper import said

from reporter.errors import ReporterError
from reporter.i18n.translate import speaking
from reporter.report import WRITERS
from reporter.report.chapters.next_steps import Roadmap
from reporter.report.chapters.parts_of_the_whole import Slices
from reporter.report.chapters.rights_and_use import ParityTable
from reporter.report.document import View
from reporter.report.editions import findings_by_check
from reporter.report.findings import finding_records
from reporter.report.html import page as html
from reporter.report.pdf import paper, pdf_objects, row_heads, typst_pages
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
    path = tmp_path_factory.mktemp("findings") / "report.pdf"
    run = given.leave(given.single(), path.parent)
    paper.write(small, path, data=[run / DATA, run / RESULTS])
    return path


def _closed(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_every_failing_result_is_printed_in_full(made: Path, small: View) -> None:
    printed = _closed(said(made, "-raw"))
    at = printed.index("Everyfailingresult,withitsrecordandowner.")
    found = findings_by_check.findings_by_check(small)
    failing = [f for f in finding_records(small) if f["status"] == "fail"]
    assert len(failing) > 10 and sum(len(f.failures) for f in found.values()) == len(failing)
    for check in (c for c in small.checks if c.id in found and c.counts.failed):
        at = printed.index(_closed(f"{check.id} {check.title}"), at)
        for failure in found[check.id].failures:
            for text in (failure.subject, failure.reason, failure.record):
                if text.isascii():
                    assert _closed(text) in printed[at:]
    assert "waiveduntil2026-12-31(waivers.csv#1)" in printed


def test_checks_that_say_the_same_stand_together_and_each_stands_once(small: View) -> None:
    found = findings_by_check.findings_by_check(small)
    for checks in (
        [c for c in small.checks if c.id in found and not c.counts.failed],
        [c for c in small.checks if c.id not in found],
    ):
        together = findings_by_check.alike_checks(checks, found)
        assert sorted(c.id for of in together for c in of) == sorted(c.id for c in checks)
        for same in together:
            groups = {found[c.id].groups if c.id in found else () for c in same}
            assert len(groups) == 1
            assert groups != {()} or len({(c.counts.text, c.figure) for c in same}) == 1


def test_checks_of_a_theme_say_once_of_whom_they_speak(small: View) -> None:
    def says(reason: str, names: str = "agt-a") -> findings_by_check.Group:
        return findings_by_check.Group("1 unknown", reason, names)

    a, b, c, d, e = (replace(small.checks[0], id=f"X-{n}", theme="X") for n in range(5))
    other = replace(a, id="Y-1", theme="Y")
    groups = {
        a.id: (says("no key"),),
        b.id: (says("no key"),),
        c.id: (says("no log"),),
        d.id: (says("no log", "agt-b"),),
        e.id: (says("no log"), says("no key", "agt-b")),
        other.id: (says("no owner"),),
    }
    found = {name: findings_by_check.Found((), "", own) for name, own in groups.items()}
    together = findings_by_check.of_same_subjects([a, b, c, d, e, other], found)
    assert [(shared and shared.names, of) for shared, of in together] == [
        ("agt-a", [a, b, c]),
        ("agt-b", [d]),
        (None, [e]),
        ("agt-a", [other]),
    ]


def test_every_other_finding_is_counted_by_its_reason_and_the_first_are_named(small: View) -> None:
    found = findings_by_check.findings_by_check(small)
    counted, named = Counter[str](), Counter[str]()
    for check, own in found.items():
        for group in own.groups:
            counted[check] += int(group.count.split()[0])
            more = re.search(r" and (\d+) more$", group.names)
            named[check] += len(group.names.split(", ")) + (int(more[1]) if more else 0)
    others = Counter(f["check"] for f in finding_records(small) if f["status"] != "fail")
    assert counted == named == others and others.total() > 10


@pytest.mark.parametrize(
    ("counts", "room", "most"),
    [([], 10, 0), ([3, 2], 10, 3), ([1, 9, 9], 11, 5), ([5, 5, 5], 2, 1), ([4, 6], 10, 6)],
)
def test_a_large_run_prints_as_many_failures_of_each_check_as_there_is_room(
    counts: list[int], room: int, most: int
) -> None:
    assert findings_by_check._most_of_each(counts, room) == most


def test_a_list_that_is_cut_says_so_and_keeps_the_highest_tiers(
    small: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = findings_by_check.findings_by_check(small)
    most = max(len(f.failures) for f in whole.values())
    assert most > 1 and not any(f.note for f in whole.values())
    monkeypatch.setattr(findings_by_check, "PRINTED", len(whole))
    cut = findings_by_check.findings_by_check(small)
    shown = max(len(f.failures) for f in cut.values())
    assert 0 < shown < most
    for check in small.checks:
        if check.id in cut:
            own, all_of_it = cut[check.id], whole[check.id]
            assert own.failures == all_of_it.failures[:shown]
            assert own.groups == all_of_it.groups
            told = f"{shown} of {check.counts.failed} failing subjects shown"
            assert (told in own.note) == (check.counts.failed > shown)


def _attached(path: Path) -> dict[str, tuple[bytes, str, str]]:
    with pikepdf.open(path) as document:
        return {
            name: (
                spec.get_file().read_bytes(),
                str(spec.get_file().mime_type),
                str(spec.obj.AFRelationship),
            )
            for name, spec in document.attachments.items()
        }


def test_what_is_not_printed_is_attached_as_the_run_has_it(
    made: Path, small: View, tmp_path: Path
) -> None:
    files = _attached(made)
    assert {name: kinds for name, (_, *kinds) in files.items()} == {
        DATA: ["application/json", "/Data"],
        RESULTS: ["application/vnd.apache.parquet", "/Data"],
        "findings.csv": ["text/csv", "/Data"],
        "controls.csv": ["text/csv", "/Data"],
        "sums.csv": ["text/csv", "/Supplement"],
    }
    for name in (DATA, RESULTS):
        assert files[name][0] == (made.parent / name).read_bytes()
    WRITERS["csv"](small, tmp_path / "findings.csv")
    assert files["findings.csv"][0] == (tmp_path / "findings.csv").read_bytes()
    printed = " ".join(said(made).split())
    assert all(name in printed for name in files)


def test_every_sum_is_attached(made: Path, small: View) -> None:
    text = _attached(made)["sums.csv"][0].decode("utf-8-sig")
    held = {(r["id"], r["sum"].lstrip("'")) for r in csv.DictReader(io.StringIO(text))}
    parts = [small.themes.total, *small.themes.controls, *small.checks]
    wanted = {(p.id, line) for p in parts if p.figure.assessed for line in p.reasons}
    assert len(wanted) > 20 and wanted <= held


def test_a_long_table_of_findings_is_not_attached_and_the_page_says_where_it_is(
    small: View, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(paper, "MOST_ATTACHED", 70)
    paper.write(small, tmp_path / "report.pdf")
    assert set(_attached(tmp_path / "report.pdf")) == {"controls.csv", "sums.csv"}
    printed = " ".join(said(tmp_path / "report.pdf").split())
    assert "Not attached, as it has 71 rows: it is in the folder of the run." in printed


def test_only_the_auditors_edition_has_attachments(tmp_path: Path) -> None:
    for edition in ("board", "engineer"):
        WRITERS[f"{edition}-pdf"](given.view(given.rich()), tmp_path / f"{edition}.pdf")
        assert _attached(tmp_path / f"{edition}.pdf") == {}


def test_without_findings_there_is_nothing_to_list(small: View) -> None:
    none = given.holding(small, given.rich(), ())
    assert findings_by_check.findings_by_check(none) == {}


def test_the_pdf_has_no_fault(made: Path) -> None:
    with pikepdf.open(made) as document:
        assert document.check_pdf_syntax() == []
        with document.open_metadata() as metadata:
            assert metadata.pdfa_status == "3A"
            assert metadata["pdfuaid:part"] == "1"
        fonts = [o for o in document.objects if isinstance(o, pikepdf.Dictionary) and o.get("/Type") == "/FontDescriptor"]  # fmt: skip
        assert fonts and all({"/FontFile2", "/FontFile3"} & set(o.keys()) for o in fonts)


def test_a_report_has_the_same_bytes_each_time(made: Path, small: View, tmp_path: Path) -> None:
    paper.write(small, tmp_path / "again.pdf", data=[made.parent / DATA, made.parent / RESULTS])
    assert (tmp_path / "again.pdf").read_bytes() == made.read_bytes()


def test_findings_are_grouped_in_the_language_of_the_report(small: View) -> None:
    with speaking("de"):
        found = findings_by_check.findings_by_check(small)
    assert any("unbekannt" in g.count for own in found.values() for g in own.groups)


def test_what_looks_like_markup_or_has_no_glyph_is_printed_as_it_is(made: Path) -> None:
    text = said(made)
    for name in ("#panic(1)", "$x$ <lbl> *b*", "= head", "// gone", "[U+130B7]", "代理人"):
        assert name in text


def test_a_pdf_that_typst_would_not_write_is_refused(made: Path) -> None:
    with pytest.raises(ValueError, match="without a plain table of objects"):
        pdf_objects.Source(made.read_bytes())


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


def test_an_element_after_marks_of_another_page_keeps_its_number() -> None:
    """A paragraph that a page break divides, with a link after it: the mark before stands without a blank."""
    item = b"<</Type/StructElem/S/P/P 9 0 R/K[84 86<</Type/MCR/MCID 0/Pg 5 0 R>>1644 0 R<</Type/MCR/MCID 2/Pg 5 0 R>>]/Pg 4 0 R>>"
    assert row_heads._kids(item) == [1644]

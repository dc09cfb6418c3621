"""The report: one view, four formats, the same numbers and bytes; hostile text stays text."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import fixture_assessment as given
import pikepdf
import pytest

from reporter.model.scores import Status
from reporter.report import WRITERS, build
from reporter.report.csv_lines import escape
from reporter.report.document import View
from reporter.report.html import custom_template
from reporter.report.html import page as html
from reporter.report.oscal.oscal_parts import markup
from reporter.report.pdf import paper as pdf_writer
from reporter.report.view import format
from reporter.runs import store
from reporter.runs.store import DATA, RESULTS
from reporter.system.plain_text import clean

HERE = Path(__file__).parent
VERAPDF = HERE / "verapdf" / ".cache"
FRONT = """{% extends "layout.html" %}{% import "parts/macros.html" as m %}
{% block body %}<main id="main">
{% include "parts/summary.html" %}{% include "parts/themes.html" %}{% endblock %}"""
"""The chapters of the auditor's report that come first, without the twenty pages behind them."""
EXTREMES = {f.__name__: f for f in (given.rich, given.empty, given.perfect, given.single)}


@pytest.fixture(scope="module")
def rich() -> View:
    return given.view(given.rich())


@pytest.fixture(scope="module")
def page(rich: View) -> str:
    return html.render(rich)


@pytest.fixture(scope="module")
def pdf(rich: View, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a run that stands beside it."""
    path = tmp_path_factory.mktemp("pdf") / "report.pdf"
    run = given.leave(given.rich(), path.parent)
    WRITERS["pdf"](rich, path, data=[run / DATA, run / RESULTS])
    return path


# ---------------------------------------------------------------- the view


def test_importing_the_writers_imports_nothing_heavy() -> None:
    code = (
        "import sys, reporter.report; "
        "print(sorted({'jinja2', 'weasyprint', 'pandas', 'pikepdf'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", EXTREMES)
def test_a_view_is_handed_to_another_process_as_it_is(name: str) -> None:
    made = given.view(EXTREMES[name]())
    again = build.from_json(build.to_json(made))
    assert again == made
    assert list(again.findings) == list(made.findings), "with its sentences"


def test_json_keeps_scores_as_exact_fractions() -> None:
    total = given.rich().scores.enterprise.total
    raw = json.loads(store.to_json(given.rich()))
    held = raw["scores"]["enterprise"]["total"]
    assert (Fraction(held["lo"]), Fraction(held["hi"])) == (total.lo, total.hi)
    assert (raw["schema"], "findings" in raw) == (store.SCHEMA, False)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("abc\u202egnp.exe", "abc\\u202egnp.exe"),
        ("nul\x00", "nul\\u0000"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("סוכן 7", "סוכן 7"),
    ],
)
def test_invisible_characters_are_made_visible(text: str, shown: str) -> None:
    assert format.clean(text) == shown


def test_shortened_text_says_how_much_is_missing_and_where() -> None:
    assert format.short("x" * 300, "findings.csv", 100) == (
        "x" * 100 + "… [200 more characters in findings.csv]"
    )


def test_unassessed_controls_are_said_so_and_never_zero_percent(rich: View) -> None:
    control = next(c for f in rich.frameworks for c in f.controls if c.id == "ASI05")
    assert control.figure.text == "Not assessed"
    assert control.figure.range == ""
    assert control.standing == "Not assessed · Needs attestation"
    assert all(cell.kind in ("unknown", "none") for cell in control.cells)


def test_nothing_assessed_prints_words_instead_of_numbers() -> None:
    summary = given.view(given.empty()).summary
    assert summary.figure.text == "Too little evidence to score"
    assert summary.level.name == "Too little evidence to score"
    assert summary.under_policy.startswith("How many agents are under a policy is not known: add")


def test_every_score_has_its_range_and_coverage(rich: View) -> None:
    for framework in (rich.themes, *rich.frameworks):
        for control in framework.controls:
            if control.state == "assessed":
                assert control.figure.range in control.standing
                assert f"coverage {control.coverage}" in control.standing


def test_shown_and_hidden_failures_add_up(rich: View) -> None:
    for check in rich.checks:
        held = [dict(zip(rich.finding_columns, r, strict=True)) for r in rich.findings]
        rows = [r for r in held if r["check"] == check.id]
        assert sum(r["status"] == "fail" for r in rows) == check.counts.failed
        assert sum(r["status"] == "unknown" for r in rows) == check.counts.unknown
        assert len(check.failing) == min(check.counts.failed, build.KEPT)


def test_unknowns_are_counted_with_their_reasons(rich: View) -> None:
    check = next(c for c in rich.checks if c.id == "SUP-01")
    assert check.unknown == "60 unknown: The source never records model_version. (60)"


def test_failing_subjects_come_with_the_highest_tier_first(rich: View) -> None:
    tiers = [max(map(int, s.tier.split("-"))) for s in rich.checks[0].failing]
    assert tiers == sorted(tiers, reverse=True)


def test_record_counts_stand_as_an_equation(rich: View) -> None:
    assert rich.accounting.equation == (
        "9,193 records read = 8,340 kept + 802 out of scope + 48 unreadable + 3 rejected"
    )


def test_counts_that_do_not_add_up_are_said_so() -> None:
    a = given.rich()
    broken = replace(a, files=(replace(a.files[0], kept=1), *a.files[1:]))
    assert "DO NOT ADD UP" in given.view(broken).accounting.equation


def test_quarantine_beyond_fifty_points_to_the_file(rich: View) -> None:
    assert len(rich.accounting.quarantined) == 50
    assert "50 of 51 notes shown" in rich.accounting.quarantined_text
    assert "quarantine.csv" in rich.accounting.quarantined_text


def test_one_sentence_counts_agents_under_a_policy_and_the_method_has_the_survey(
    rich: View,
) -> None:
    assert rich.summary.under_policy == (
        "31 of 52 agents in use are under a policy; for 5 this is unknown."
    )
    (survey,) = (m.text for m in rich.method if m.label == "Policies and the published survey")
    assert rich.summary.under_policy in survey
    assert "7 of 9 units have agents in use." in survey
    assert "82 % of organisations use AI agents, and 44 % have a formal policy" in survey
    assert "JumpCloud" in survey


def test_anchors_are_unique(page: str) -> None:
    anchors = re.findall(r' id="([^"]+)"', page)
    assert len(anchors) == len(set(anchors))
    assert {"c-ASI03", "c-NHI9-2025", "c-GOVERN-1.4", "k-OWN-01"} <= set(anchors)
    parser = _Tags()  # what the script writes is not a link of the page
    parser.feed(page)
    links = [a["href"] or "" for t, a in parser.tags if t == "a"]
    assert len(links) > 100
    assert {link.removeprefix("#") for link in links} <= set(anchors)


# ---------------------------------------------------------------- every format


LONG = ("pdf", "engineer-pdf")
"""Formats that take so long that only `make deep` writes them twice; whole runs are compared in test_cli."""


ELSEWHERE = ("xlsx", "ocsf", "sarif", "docx", "pptx", "board-pdf")
"""Formats that test_files and test_office write twice, and a PDF that is made as the auditor's is: `make slow` does it here."""


def _marked(name: str) -> Any:
    mark = pytest.mark.deep if name in LONG else pytest.mark.slow if name in ELSEWHERE else ()
    return pytest.param(name, marks=mark)


@pytest.mark.parametrize("name", [_marked(n) for n in WRITERS if n != "json"])
def test_two_writes_give_the_same_bytes(name: str, rich: View, tmp_path: Path) -> None:
    for copy in ("a", "b"):
        WRITERS[name](rich, tmp_path / copy)
    files = [p.relative_to(tmp_path / "a") for p in (tmp_path / "a", *(tmp_path / "a").rglob("*")) if p.is_file()]  # fmt: skip
    assert files
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_formats_print_the_same_number_for_the_same_control(
    rich: View, page: str, pdf: Path, tmp_path: Path
) -> None:
    paper = re.sub(r"</?(?:b|span)\b[^>]*>", "", html.render(rich, "paper"))
    for name in (DATA, RESULTS):
        (tmp_path / name).write_bytes(_attachment(pdf, name))
    attached = build.build(*store.read_run(tmp_path))
    WRITERS["oscal"](rich, tmp_path / "oscal")
    results = json.loads((tmp_path / "oscal/assessment-results.json").read_bytes())
    findings = iter(results["assessment-results"]["results"][0]["findings"])
    for framework, copy in zip(rich.frameworks, attached.frameworks, strict=True):
        for control, other in zip(framework.controls, copy.controls, strict=True):
            assert control.standing == other.standing
            assert control.standing in page
            assert control.figure.range in paper
            finding = next(findings)
            assert finding["description"] == markup(control.standing)
            said = {p["name"]: p["value"] for p in finding["props"]}
            assert said["control"] == control.id
            assert (said["score-lo"], said["score-hi"]) == (control.figure.exact_lo, control.figure.exact_hi)  # fmt: skip
            assert said["assessed"] == control.extent
            for text in (control.not_shown, control.shown):
                assert text in page and text in finding["remarks"]
            assert control.state != "assessed" or control.not_shown in paper


def test_each_control_counts_its_checks_by_what_they_show_and_by_their_evidence() -> None:
    """ENT-06 does not say what it shows; INV-01 has no result that is met."""
    assessed = given.rich()
    kinds = (("OWN-01", "declared", 3), ("CRD-02", "observed", 9), ("CRD-02", "record", 1), ("ENT-06", "observed", 1))  # fmt: skip
    agentic, *_ = given.view(replace(assessed, evidence=kinds)).frameworks
    assert agentic.controls[0].shown == (
        "Checks that count, by what they show: 2 existence, 1 operation, 1 not stated; by the weakest"
        " evidence of what is met: 1 declared, 1 on record, 1 seen in logs, 1 nothing."
    )
    assert agentic.controls[2].shown == ""


def test_html_says_why_a_check_stands_under_a_control(page: str) -> None:
    assert "partial: ENT-06 is one sign &lt;b&gt;of&lt;/b&gt; ASI03." in page


@pytest.mark.parametrize("edition", ["screen", "paper"])
@pytest.mark.parametrize("name", EXTREMES)
def test_no_page_claims_compliance(name: str, edition: str) -> None:
    text = html.render(given.view(EXTREMES[name]()), edition)
    assert "compliant" not in text.lower()
    assert "management self-assessment" in text.lower()


# ---------------------------------------------------------------- HTML


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_hostile_names_stay_text_in_html(page: str) -> None:
    parser = _Tags()
    parser.feed(page)
    tags = {tag for tag, _ in parser.tags}
    assert not tags & {"img", "iframe", "link", "object"}
    scripts = [attrs for tag, attrs in parser.tags if tag == "script"]
    kinds = [
        {"type": "application/json", "id": f"{name}-results"}
        for name in ("new", "decided", "dated")
    ]
    assert scripts == [*kinds, {}]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<bdi>abc\\u202egnp.exe</bdi>" in page
    assert "{{ 7*7 }}{% raw %}" in page
    assert not any(name.startswith("on") for _, attrs in parser.tags for name in attrs)


def test_html_loads_nothing(page: str) -> None:
    parser = _Tags()
    parser.feed(page)
    assert not [a for _, a in parser.tags if "src" in a]
    links = [a["href"] or "" for t, a in parser.tags if t == "a"]
    assert all(link.startswith("#") for link in links)
    loaded = set(re.findall(r"url\(\s*(.{24})", page))
    assert loaded == {"data:font/woff2;base64,d"} and "@import" not in page
    script = page.rpartition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = page.replace("&#39;", "'")
    assert "default-src 'none'; style-src 'sha256-" in policy
    assert f"script-src 'sha256-{digest}'; img-src" in policy


def test_every_chart_has_a_text_alternative(page: str) -> None:
    charts_found = re.findall(r"<svg [^>]*>(.{0,7})", page)
    assert len(charts_found) > 20
    assert set(charts_found) == {"<title>"}
    assert len(charts_found) == len(re.findall('<svg [^>]* role="(?:img|group)"', page))


@pytest.mark.slow
def test_large_run_stays_small_and_fast() -> None:
    checks = given.checks()
    many = tuple(replace(c, id=f"{c.id[:4]}{n:02d}") for n in range(10, 15) for c in checks)
    assessment = given.assemble(given.subjects(2000), given.mixed, check_list=(*checks, *many))
    # content and templates are read once a process, and the fixture writes results once
    html.render(given.view(given.assemble(given.subjects(1), given.mixed)))
    given.view(assessment)
    started = time.process_time()
    text = html.render(given.view(assessment))
    assert time.process_time() - started < 3.0  # 0.3 s alone; the machine may be busy
    assert len(text.encode()) < 5_000_000
    assert re.search(r"25 of [\d,]+ findings are listed here", text)


# ---------------------------------------------------------------- CSV


def _rows(made: View, path: Path) -> list[list[str]]:
    WRITERS["csv"](made, path)
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\n") == raw.count(b"\r\n")
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def test_findings_csv_has_every_fail_and_unknown(rich: View, tmp_path: Path) -> None:
    rows = _rows(rich, tmp_path / "findings.csv")
    assert rows[0][-3:] == ["OWASP Agentic", "OWASP NHI", "NIST AI RMF"]
    assert len(rows) - 1 == len(given.open_of(given.rich()))
    assert {len(row) for row in rows} == {len(rows[0])}


def test_no_csv_cell_is_a_formula(rich: View, tmp_path: Path) -> None:
    rows = _rows(rich, tmp_path / "findings.csv")
    cells = [cell for row in rows for cell in row]
    assert "'=cmd|' /C calc'!A0" in cells
    assert not [c for c in cells if c.lstrip().startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.parametrize(
    "text", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "  =1", "＝1", "\0", "\n"]
)
def test_formula_starts_get_a_quote(text: str) -> None:
    assert escape(text) == f"'{clean(text)}"


@pytest.mark.parametrize("text", ["", "a=1", "1-2", "agent-7", "'quoted", "  a"])
def test_other_text_is_left_alone(text: str) -> None:
    assert escape(text) == text


# ---------------------------------------------------------------- PDF


def _attachment(path: Path, name: str) -> bytes:
    with pikepdf.open(path) as document:
        return document.attachments[name].get_file().read_bytes()


def _chapters(document: pikepdf.Pdf) -> list[tuple[str, int]]:
    """The chapters in the bookmarks, each with the page, from 0, on which it begins."""
    place = {page.obj.objgen: n for n, page in enumerate(document.pages)}
    return [
        (str(item.title), place[(item.destination or item.action.D)[0].objgen])
        for item in document.open_outline().root
    ]


def test_pdf_is_tagged_titled_and_carries_the_data_of_the_run(pdf: Path) -> None:
    for name in (DATA, RESULTS):
        assert _attachment(pdf, name) == (pdf.parent / name).read_bytes()
    with pikepdf.open(pdf) as document:
        assert {DATA, RESULTS} < set(document.attachments)
        assert document.Root.MarkInfo.Marked
        assert str(document.Root.Lang) == "en"
        assert _chapters(document)[:3] == [
            ("Contents", 1),
            ("Scope", 1),
            ("At a glance", 2),
        ]
        headers = [
            o
            for o in document.objects
            if isinstance(o, pikepdf.Dictionary) and o.get("/S") == pikepdf.Name.TH
        ]
        scopes = Counter(
            str(a.Scope)
            for o in headers
            for a in (o.A if isinstance(o.A, pikepdf.Array) else [o.A])
            if "/Scope" in a
        )
        assert scopes.total() == len(headers) and min(scopes["/Row"], scopes["/Column"]) > 50
        with document.open_metadata() as metadata:
            assert "AI agent control maturity report" in metadata["dc:title"]


def test_hostile_names_stay_text_in_the_pdf(pdf: Path) -> None:
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext is not installed")
    text = subprocess.run(
        ["pdftotext", pdf, "-"], capture_output=True, text=True, check=True
    ).stdout
    assert "代理人-3" in text
    assert "abc\\u202egnp.exe" in text


def test_pdf_writes_out_what_no_bundled_font_can_draw() -> None:
    from reporter.report.pdf.weasyprint_pages import printable

    folder = html.templates_dir() / "fonts"
    plain, faces = printable("agent \U000130b7 \u05d0", folder)
    assert plain == "agent [U+130B7] \u05d0"
    assert "Report CJK" not in faces
    assert "Report CJK" in printable("\u4ee3", folder)[1]


def test_pdf_opens_no_address() -> None:
    from reporter.report.pdf.weasyprint_pages import Fetcher

    for url in ("file:///etc/passwd", "https://example.org/", "data:,x", "font:../../x"):
        with pytest.raises(ValueError, match="opens nothing"):
            Fetcher().fetch(url)


@pytest.mark.parametrize(
    "name", ["empty", *(pytest.param(n, marks=pytest.mark.deep) for n in ("perfect", "single"))]
)
def test_first_page_holds_at_the_extremes(name: str, tmp_path: Path) -> None:
    (tmp_path / "front.html").write_text(FRONT)
    (front,) = custom_template.read_templates([tmp_path / "front.html"], ())
    raw = pdf_writer.render(given.view(EXTREMES[name]()), template=front)
    with pikepdf.open(io.BytesIO(raw)) as document:
        names = [("At a glance", 0), ("Behind the first page", 1), ("Control themes", 2)]
        assert _chapters(document) == names


def test_a_link_holds_text_alone() -> None:
    """WeasyPrint leaves a link untagged that holds an element, and PDF/UA forbids that."""
    templates = sorted(html.templates_dir().rglob("*.html"))
    assert len(templates) > 20
    nested = [p.name for p in templates if re.search(r"<a [^>]*>\s*<(?!/a)", p.read_text("utf-8"))]
    assert nested == []


@pytest.mark.parametrize(
    "edition",
    ["auditor", "board", "engineer", pytest.param("parts", marks=pytest.mark.deep)],
)
@pytest.mark.parametrize("flavour", ["ua1", "3a"])
def test_verapdf_accepts_the_pdf(
    flavour: str,
    edition: str,
    rich: View,
    pdf: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jars = "/usr/share/java/jaxb-runtime.jar:/usr/share/java/istack-commons-runtime.jar"
    if not shutil.which("java") or not (VERAPDF / "VeraCheck.class").exists():
        pytest.skip("veraPDF is not set up: run tests/verapdf/setup.sh (needs Java)")
    classes = f"{VERAPDF}:{VERAPDF / 'verapdf.jar'}:{jars}"
    path = pdf
    if edition == "parts":
        monkeypatch.setattr(pdf_writer, "PART", 60)
        path = tmp_path / "parts.pdf"
        a = given.rich()
        WRITERS["pdf"](given.holding(rich, a, given.open_of(a)[:100]), path)
    elif edition != "auditor":
        path = tmp_path / "edition.pdf"
        WRITERS[f"{edition}-pdf"](rich, path)
    command = ["java", "-cp", classes, "VeraCheck", flavour, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.startswith(f"PASS {flavour}"), done.stdout + done.stderr


def test_statuses_of_the_fixture_are_all_there() -> None:
    counts = [c.counts for c in given.rich().scores.checks.values()]
    assert all(any(n.get(s) for n in counts) for s in Status if s != Status.DECLARED)

"""The language of reports: every text has a place in the template and a German translation, and English costs nothing."""

from __future__ import annotations

import json
import re
import shutil
import string
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from fractions import Fraction
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import fixture_assessment as given
import fixture_history as earlier
import pikepdf
import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from conftest import texts_of

from reporter.authoring import messages
from reporter.authoring.scaffold import init
from reporter.content import loader, workspace
from reporter.content.workspace import read_workspace
from reporter.errors import InputError
from reporter.explain.explain import explain
from reporter.i18n import translate
from reporter.model import assessment as model
from reporter.model import statements
from reporter.model.scores import MET, MISSING, UNKNOWN, Status
from reporter.model.sentences import Sentence
from reporter.pipeline import assess as run
from reporter.report import EDITIONS, WRITERS, build, workbook
from reporter.report.document import View
from reporter.report.editions import findings_by_check
from reporter.report.editions.off_paper import write_controls, write_sums
from reporter.report.export import write_workpapers
from reporter.report.html import owner_tasks, result_pages
from reporter.report.html import page as html
from reporter.report.html.svg import clip
from reporter.report.pdf import paper, typst_pages
from reporter.report.pdf.fonts import Faces
from reporter.report.view import format, level_steps
from reporter.runs.store import Results

pytestmark = pytest.mark.slow

OPEN, CLOSE = "⟦", "⟧"
ACME = Path(__file__).parent.parent / "sample_data" / "acme" / "2026-q3"
TRANSLATIONS = sorted(translate.locale_dir().glob("*.po"))


@pytest.fixture(scope="module")
def template() -> Catalog:
    return messages.extract()


@pytest.fixture(scope="module")
def german() -> View:
    return given.view(replace(given.rich(), language="de"))


def forms(told: Any) -> tuple[str, ...]:
    return tuple(told) if isinstance(told, (tuple, list)) else (told,)


# ---------------------------------------------------------------- the files


def test_the_template_holds_every_text_and_no_other(template: Catalog) -> None:
    fresh = messages.written(template)
    assert (translate.locale_dir() / messages.POT).read_bytes() == fresh, "run `make docs`"


@pytest.mark.parametrize("path", TRANSLATIONS, ids=lambda p: p.stem)
def test_a_translation_is_in_step_with_the_template(path: Path, template: Catalog) -> None:
    assert path.read_bytes() == messages.renewed(path, template), "run `make docs`"


def test_a_renewed_translation_keeps_what_it_has_and_asks_for_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "de.po"
    old = Catalog(locale="de", charset="utf-8", fuzzy=False)
    new = Catalog(charset="utf-8", fuzzy=False)
    for name, context in (("pass", translate.WORD), ("gone", None), ("pass", None)):
        old.add(name, f"{name} auf Deutsch {context}", context=context)
    old.add(("1 day", "{n} days"), ("1 Tag", "{n} Tage"))
    path.write_bytes(messages.written(old, messages.HEADER))
    for name in (("1 day", "{n} days"), "gone again", "pass"):
        new.add(name)
    new.add("pass", context=translate.WORD)
    path.write_bytes(messages.renewed(path, new))
    assert {(m.id, m.context): m.string for m in translated(path)} == {
        (("1 day", "{n} days"), None): ("1 Tag", "{n} Tage"),
        ("gone again", None): "",
        ("pass", None): "pass auf Deutsch None",
        ("pass", translate.WORD): f"pass auf Deutsch {translate.WORD}",
    }
    assert "gone auf Deutsch" not in path.read_text("utf-8")


def translated(path: Path) -> list[Message]:
    with path.open("rb") as file:
        return [m for m in read_po(file, locale=path.stem) if m.id]


@pytest.mark.parametrize("path", TRANSLATIONS, ids=lambda p: p.stem)
def test_a_translation_has_the_same_places_and_marks(path: Path) -> None:
    for message in translated(path):
        assert not message.fuzzy
        given_forms = forms(message.id)
        said_forms = [said for said in forms(message.string) if said]
        if said_forms:
            assert holes(said_forms[-1]) == holes(given_forms[-1]), message.id
        for said in said_forms:
            assert holes(said) <= holes(given_forms[-1]), message.id
            assert set(re.findall("<[^>]*>", said)) <= set(re.findall("<[^>]*>", given_forms[0]))


def holes(text: str) -> set[str]:
    return {name for _, name, *_ in string.Formatter().parse(text) if name}


def test_no_german_text_says_the_same_twice() -> None:
    with (translate.locale_dir() / "de.po").open("rb") as file:
        texts = [
            t
            for m in read_po(file)
            for t in (m.string if isinstance(m.string, tuple) else (m.string,))
        ]
    doubled = [t for t in texts if len(t) > 20 and t[: len(t) // 2] == t[len(t) // 2 :]]
    assert doubled == []


def test_german_says_everything_but_for_catalogs_that_nobody_has_translated_yet() -> None:
    content = loader.load()
    controls = [c for f in content.frameworks for c in f.controls]
    groups = [g.title for f in content.frameworks for g in f.groups]
    may = {t.strip() for c in controls for t in (c.title, c.paraphrase, c.ask)} | set(groups)
    may |= {
        w for f in content.frameworks if f.optional for c in f.controls for w in c.whys.values()
    }
    silent = [
        m.id for m in translated(translate.locale_dir() / "de.po") if not all(forms(m.string))
    ]
    assert set(silent) <= may


def test_german_says_nothing_twice() -> None:
    """Two merges of a translation left one sentence behind the other."""
    texts = [t for m in translated(translate.locale_dir() / "de.po") for t in forms(m.string)]
    assert [t for t in texts if len(t) > 20 and t[: len(t) // 2] == t[-(len(t) // 2) :]] == []


def test_german_says_the_usual_catalogs_but_for_titles_of_their_publishers() -> None:
    de = translate.translation("de").messages
    for framework in (f for f in loader.load().frameworks if not f.optional):
        for control in framework.controls:
            for text in (control.paraphrase, control.ask, control.not_shown):
                assert (translate.CONTENT, text.strip()) in de, f"{framework.id} {control.id}"


def test_texts_in_scripts_and_names_of_choices_break_nothing() -> None:
    template = translate.locale_dir().parent
    in_code = [t for p in template.glob("*.js") for t in html.IN_CODE.findall(p.read_text("utf-8"))]  # fmt: skip
    assert in_code
    assert html.COUNTED in (template / "screen.js").read_text("utf-8")
    for path in TRANSLATIONS:
        with translate.speaking(path.stem):
            assert not any(set("`$\\") & set(translate.say(t)) for t in in_code)
            for name in ("severity", "status", "lane", "result", "state", "gap"):
                assert not set(" :") & set(translate.word(name))


# ---------------------------------------------------------------- no text left out


class Everything(dict[tuple[str, str], tuple[str, ...]]):
    """Says the messages of the template in brackets, and whatever content says."""

    def get(self, key: tuple[str, str], default: Any = None) -> Any:
        if key[0] == translate.CONTENT and key[1]:
            return (f"{OPEN}{key[1]}{CLOSE}",)
        return super().get(key, default)


@pytest.fixture
def pseudo(template: Catalog, monkeypatch: pytest.MonkeyPatch) -> translate.Translation:
    said = Everything()
    for message in template:
        if message.id:
            own = forms(message.id)
            said[message.context or "", own[0]] = tuple(f"{OPEN}{text}{CLOSE}" for text in own)
    months = tuple(f"{OPEN}{name}{CLOSE}" for name in translate.MONTHS)
    made = translate.Translation(
        "xx", said, lambda n: int(n != 1), ",", ".", months, months, f"{OPEN}{{day}} {{month}} {{year}}{CLOSE}",
    )  # fmt: skip
    monkeypatch.setattr(translate, "translation", lambda language: made)
    return made


class Seen(HTMLParser):
    """What a reader sees or hears of a page, but for what stands in `bdi` and `code`: names from data.

    A `bdi` of the class said holds a sentence of ours around such names."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.inside: list[tuple[str, bool]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        heard = ("aria-label", "title", "data-label", "data-name")
        self.texts += [str(named[name]) for name in heard if named.get(name)]
        if tag not in ("meta", "img", "br", "link"):
            self.inside.append((tag, named.get("class") == "said"))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Elements of drawings, without text."""

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not {"bdi", "code", "style", "script"} & {t for t, said in self.inside if not said}:
            self.texts.append(data)


SAID = {
    *(
        (kind, "why")
        for kind in (
            model.FileCount,
            statements.Attestation,
            statements.Waiver,
            statements.Compensation,
        )
    ),
    *((model.Quarantined, "reason"), (model.Notice, "lines"), (model.Notice, "where")),
}
"""Fields whose texts are ours: only the values in them are data."""


def strings(value: Any) -> Iterator[str]:
    """Every string of an assessment, however deep, but for what we say in it ourselves."""
    if isinstance(value, str):
        yield value.strip()
    elif isinstance(value, Sentence):
        yield from strings([told for _, told in value.values])
    elif is_dataclass(value):
        for f in fields(value):
            held = getattr(value, f.name)
            if (type(value), f.name) in SAID:
                held = [told for told in forms(held) if isinstance(told, Sentence)]
            yield from strings(held)
    elif isinstance(value, dict):
        yield from strings([*value.keys(), *value.values()])
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from strings(item)


def unbracketed(page: str, data: list[str]) -> list[str]:
    text = "\0".join(Seen(page).texts)
    before = ""
    while before != text:
        before, text = text, re.sub(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}", " ", text)
    left = []
    for part in text.split("\0"):
        for name in data if re.search("[A-Za-z]{3}", part) else ():
            part = part.replace(name, " ")
        if re.search("[A-Za-z]{3}", part):
            left.append(part.strip())
    return left


RESULTS = ("pass", "fail", "unknown", "compensated", "attested", "na")
NAMES = {"UTC", "GOVERN", "MAP", "evidence_id", "policy"}
"""Ids of the fixture's groups, and labels of hashes."""


def data_of(assessment: model.Assessment, pseudo: translate.Translation) -> list[str]:
    """Return what stands in an assessment and is not text of ours, the longest first."""
    own = {text.strip().lower() for _, text in pseudo.messages}
    told = {format.clean(t) for t in strings(assessment) if len(t) > 1 and t.lower() not in own}
    return sorted(
        {*told, *drawn(told), *assessment.hashes, "does not hold for"}, key=len, reverse=True
    )


def drawn(names: set[str]) -> set[str]:
    """Return names as pictures of paths shorten them."""
    return {clip(name, room) for name in names for room in (24, 28, 38)}


def left_over(page: str, data: list[str]) -> set[str]:
    found = {w for t in unbracketed(page, data) for w in re.findall(r"[^\W\d]\w+", t)}
    return found - NAMES


@pytest.mark.parametrize("name", ["rich", "empty", "perfect"])
def test_no_text_of_a_page_goes_round_the_translation(
    name: str, pseudo: translate.Translation
) -> None:
    assessment = replace(getattr(given, name)(), language="xx")
    made, data = given.view(assessment), data_of(assessment, pseudo)
    for edition in EDITIONS:
        for medium in ("screen", "paper"):
            page = html.render(made, medium, edition=edition)
            assert left_over(page, data) == set(), f"{edition} on {medium}"


def test_no_text_about_the_passes_goes_round(pseudo: translate.Translation, tmp_path: Path) -> None:
    assessment = replace(given.rich(), language="xx")
    made, data = given.view(assessment), data_of(assessment, pseudo)
    WRITERS["html"](made, tmp_path / "report.html")
    assert left_over((tmp_path / "report.html").read_text("utf-8"), data) == set()


def test_no_text_of_the_pages_beside_a_long_run_goes_round(
    pseudo: translate.Translation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (result_pages, owner_tasks):
        monkeypatch.setattr(module, "INLINE", 10)
        monkeypatch.setattr(module, "PER_PAGE", 20)
    monkeypatch.setattr(result_pages, "NAMES_PER_PAGE", 400)
    assessment = replace(given.rich(), language="xx")
    made, data = given.view(assessment), data_of(assessment, pseudo)
    WRITERS["html"](made, tmp_path / "report.html")
    WRITERS["engineer-html"](made, tmp_path / "engineer.html")
    monkeypatch.setattr(result_pages, "LISTED", 1)
    with translate.speaking("xx"):
        (*_, (_, _, by_page)) = html._parted(made, **html._lists(made, "auditor"))
        index = html._page(made, "screen")("pages/index.html", home="report.html", **by_page)
    assert left_over(index, data) == set()
    written = sorted(tmp_path.rglob("*.html"))
    chosen = {re.sub(r"[-+]?\d+", "", p.relative_to(tmp_path).as_posix()): p for p in written}
    assert {"findings/index.html", "findings/agents.html", "owners/owner.html"} <= chosen.keys()
    linked = {path.relative_to(tmp_path).as_posix() for path in written}
    data = [*sorted({*linked, *(path.name for path in written)}, key=len, reverse=True), *data]
    for name, path in chosen.items():
        assert left_over(path.read_text("utf-8"), data) == set(), name


@pytest.mark.parametrize("most", [1, 1000])
def test_no_text_of_the_paper_goes_round(
    most: int, pseudo: translate.Translation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    feet: list[str] = []

    def keep(_: object, code: str, data: dict[str, Any], folder: Path) -> bytes:
        feet.extend(f"<p>{escape(data[name])}</p>" for name in ("foot", "of"))
        return b""

    monkeypatch.setattr(typst_pages.Press, "_compile", keep)
    monkeypatch.setattr(typst_pages, "mark_row_heads", lambda made, heads: made)
    monkeypatch.setattr(typst_pages.Press, "_said", lambda _, text, room, plain: text)
    monkeypatch.setattr(Faces, "written", lambda _, text, plain: text)  # no font draws our brackets
    monkeypatch.setattr(findings_by_check, "PRINTED", most)
    monkeypatch.setattr(paper, "MOST_ATTACHED", most)
    assessment = replace(given.single(), language="xx")
    made, data = given.view(assessment), data_of(assessment, pseudo)
    with translate.speaking("xx"):
        press = typst_pages.Press(html.templates_dir(), made.cover.as_of_iso)
        press.report(made.cover, "<body></body>", [], tmp_path)
        files = [(f.path.name, f.description) for f in paper._off_paper(made, tmp_path)]
        files.append((paper.FINDINGS, paper._left_beside(21_000)))
    assert any(f"{OPEN}Management" in text for text in feet)
    data += [made.cover.evidence_short, *(name for name, _ in files)]
    page = html.render(made, "paper", attached=files)
    assert f'content: "{OPEN}Management' in page
    for printed in ("".join(feet), page):
        assert left_over(printed, data) == set()


@pytest.mark.parametrize("alike", [True, False])
def test_no_text_about_earlier_runs_goes_round(
    alike: bool, pseudo: translate.Translation, tmp_path: Path
) -> None:
    """The earlier runs are English and scored better; the last is like this one, or has another profile and thresholds."""
    now, perfect = earlier.assessed(), given.perfect()
    last = earlier.assessed(90, perfect)
    if not alike:
        other = replace(perfect.profile, title="Another profile")
        last = replace(earlier.assessed(90, perfect, thresholds="0" * 64), profile=other)
    results = [(now.checks[n % 10].id, f"agent-{n // 6}", v) for n, v in enumerate([*RESULTS] * 18)]
    moved = [(c, s, RESULTS[n % 7 % 6]) for n, (c, s, _) in enumerate(results) if n % 5]
    runs = [earlier.leave(tmp_path / "r1", earlier.assessed(180, perfect), results)]
    runs.append(earlier.leave(tmp_path / "r2", last, results))
    beside = replace(earlier.beside(tmp_path / "work", runs, moved, now), language="xx")
    only = replace(beside.history, checks_before=("OLD-01",), checks_now=("NEW-01",))
    beside = replace(beside, history=only)
    made, data = given.view(beside), data_of(beside, pseudo)
    assert made.history.score_changes[0].difference and made.history.checks
    assert bool(made.history.runs[1].note) is not alike
    made = replace(
        made, history=replace(made.history, changes=None)
    )  # which were not left beside it
    for edition in ("auditor", "board"):
        for medium in ("screen", "paper"):
            page = html.render(made, medium, edition=edition)
            assert left_over(page, data) == set(), f"{edition} on {medium}"


@pytest.mark.parametrize("given_id", ["enterprise", "GOVERN", "ASI03", "OWN-02", "agent-3", "LLM06:2025"])  # fmt: skip
def test_no_text_of_an_explanation_goes_round(
    given_id: str, pseudo: translate.Translation, tmp_path: Path
) -> None:
    names = [f"agent-{n}" for n in range(9)]

    def result(check: model.Check, _: str, n: int) -> tuple[Status, str]:
        return Status(RESULTS[n % 6]), f"{check.id} is {RESULTS[n % 6]}"

    assessment = replace(earlier.assessed(a=given.assemble(names, result)), language="xx")
    run = given.leave(assessment, tmp_path / "run")
    said = explain(run, given_id)
    known = loader.load()
    others = [c for f in known.frameworks for c in f.controls]
    data = sorted((c.id for c in (*others, *known.checks)), key=len, reverse=True)
    data += [f.short for f in known.frameworks]
    data += [c.title for c in others if c.id == given_id]
    data += [
        *data_of(assessment, pseudo),
        "agent-3",
        "na-0000",
        "na-0001",
        "owasp-llm-2025",
        "results.parquet",
    ]
    lines = [line for line in said.split("\n") if not re.match(r"  [A-Z]{3}-\d\d .*: [A-Z]{3}-\d\d is ", line)]  # fmt: skip
    assert len(lines) >= 3
    assert left_over("<p>" + escape("\n".join(lines)) + "</p>", data) == set()


@pytest.mark.deep
def test_no_text_of_the_sample_company_goes_round_the_translation(
    pseudo: translate.Translation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has what the fixtures lack: parts, answers, waivers, crosswalks, a calendar of its logs."""
    shutil.copytree(ACME, tmp_path / "w")
    with (tmp_path / "w" / "reporter.yml").open("a", encoding="utf-8") as file:
        file.write("language: xx\n")
    monkeypatch.setattr(workspace, "languages", lambda: ["en", "xx"])
    built: list[Any] = []
    both = build.both
    monkeypatch.setattr(build, "both", lambda a, *rest: built.append(a) or both(a, *rest))
    _, made = run.assess_workspace(tmp_path / "w", tmp_path / "r", run.Options(formats=("json",)))
    own = {text.strip().lower() for _, text in pseudo.messages} | set(CODES)
    content = {text.strip() for text in messages.contents(loader.load())}
    columns = ("subject", "actor", "owner", "reason_values")
    rows = Results(tmp_path / "r", ()).rows(columns)
    named = [*strings(built[0]), *strings([(*r[:-1], json.loads(r[-1] or "{}")) for r in rows])]
    told = {format.clean(t) for t in named if len(t) > 2 and t.lower() not in own}
    told -= content
    data = sorted({*told, *drawn(told), *CODES, *built[0].hashes}, key=len, reverse=True)
    for edition in EDITIONS:
        page = re.sub(f"{OPEN}[^{OPEN}{CLOSE}<…]+…", " ", html.render(made, edition=edition))
        left = {w for t in unbracketed(page, data) for w in re.findall(r"[^\W\d]\w+", t)}
        assert left <= {*NAMES, *CODES}, edition


CODES = ("GOVERN", "MEASURE", "MANAGE", "attestations", "waivers", "RUN")
"""Ids of groups and themes, and names of sources."""


def test_the_bracket_test_finds_a_text_that_goes_round() -> None:
    page = f"<p>{OPEN}Scope{CLOSE} of agents</p><p title='left'>{OPEN}a {OPEN}b{CLOSE}{CLOSE}</p>"
    assert unbracketed(page, []) == ["of agents", "left"]


def test_every_sheet_and_heading_of_the_workbook_is_said(pseudo: translate.Translation) -> None:
    made = given.view(replace(given.rich(), language="xx"))
    with translate.speaking("xx"):
        sheets = workbook.tabs(made)
        frameworks = {f.short for f in made.frameworks}
        for sheet in sheets:
            heads = [c.title for c in sheet.columns if c.title not in frameworks]
            assert all(h.startswith(OPEN) for h in (sheet.name, *heads))


# ---------------------------------------------------------------- what German prints


@pytest.mark.parametrize(
    ("counts", "english", "german"),
    [
        ((1, 2), "1 is missing, 2 are not known.", "1 fehlt, 2 sind nicht bekannt."),
        ((2, 1), "2 are missing, 1 is not known.", "2 fehlen, 1 ist nicht bekannt."),
        ((0, 3), "0 are missing, 3 are not known.", "0 fehlen, 3 sind nicht bekannt."),
    ],
)
def test_practices_that_a_level_lacks_are_counted_in_good_grammar(
    counts: tuple[int, int], english: str, german: str
) -> None:
    """Page 1 said `1 fehlen`."""
    states = dict(zip((MET, MISSING, UNKNOWN), (0, *counts), strict=True))
    assert level_steps._text(given.rich(), 1, states).endswith(english)
    with translate.speaking("de"):
        assert level_steps._text(given.rich(), 1, states).endswith(german)


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_german_page_says_so(german: View, edition: str) -> None:
    page = html.render(german, edition=edition)
    assert '<html lang="de">' in page and "hyphens: auto" in page
    assert "text.replaceAll(&#34;" not in page and 'text.replaceAll(".", "")' in page


def test_a_german_pdf_says_so_and_the_board_still_has_few_pages(german: View) -> None:
    import io

    with pikepdf.open(io.BytesIO(paper.render(german, "board"))) as document:
        assert document.Root.Lang == "de"
        assert 2 <= len(document.pages) <= 4


def test_the_findings_of_a_german_pdf_say_so(german: View, tmp_path: Path) -> None:
    (tmp_path / "made.pdf").write_bytes(paper.render(german))
    with pikepdf.open(tmp_path / "made.pdf") as document:
        assert document.Root.Lang == "de"
    said = texts_of([tmp_path / "made.pdf"])["made.pdf"]
    assert "Befunde nach Prüfung" in said and "Seite 2 von" in said


def test_a_german_report_has_the_same_scores_and_codes(german: View) -> None:
    english = given.view(given.rich())
    assert german.summary.figure.exact_lo == english.summary.figure.exact_lo
    assert german.findings == english.findings
    assert [p.exact_gain for p in german.roadmap.picks] == [
        p.exact_gain for p in english.roadmap.picks
    ]
    assert [c.severity for c in german.checks] == [c.severity for c in english.checks]
    assert german.summary.figure.text == english.summary.figure.text.replace(".", ",")
    assert build.from_json(build.to_json(german)) == german


def test_the_tables_of_a_german_run_are_english(german: View) -> None:
    english = given.view(given.rich())
    made, plain = build.both(given.rich(), english.findings.results, "de")
    assert made == german
    assert (plain.roadmap, plain.slices) == (english.roadmap, english.slices)
    assert plain.roadmap != german.roadmap


def test_what_an_action_asks_for_is_put_together_as_in_english(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In another language the fixes of an action are gathered anew: they must be the same ones."""
    silent = translate.Translation(
        "xx", {}, lambda n: 0, ",", ".", translate.MONTHS, translate.MONTHS, "{day}"
    )
    monkeypatch.setattr(translate, "translation", lambda language: silent)
    english = given.view(given.rich()).roadmap.picks
    other = given.view(replace(given.rich(), language="xx")).roadmap.picks
    assert [p.fix for p in other] == [p.fix for p in english]


def test_an_earlier_run_in_another_language_is_like_with_like(tmp_path: Path) -> None:
    results = [("INV-01", "a", "fail"), ("INV-02", "a", "pass")]
    profile = loader.load().profiles["baseline"]
    now = replace(earlier.assessed(), profile=profile)
    at = replace(now.run, as_of=datetime(2026, 7, 1, tzinfo=now.run.as_of.tzinfo))
    run = earlier.leave(tmp_path / "r", replace(now, run=at, language="de"), results)
    beside = earlier.beside(tmp_path / "work", [run], results, now)
    assert given.view(replace(now, language="de")).cover.profile != profile.title
    assert [r.unlike for r in beside.history.runs] == [()]


def test_numbers_days_and_lists_follow_the_language() -> None:
    with translate.speaking("de"):
        assert format.number(1234567) == "1.234.567"
        assert format.percent(Fraction(59, 100)) == "59,0 %"
        assert format.count(1, "check") == "1 Prüfung"
        assert format.count(1200, "check") == "1.200 Prüfungen"
        assert format.join("abc") == "a, b und c"
        assert translate.day(datetime(2026, 11, 12)) == "12. November 2026"
    assert format.number(1234) == "1,234"
    assert format.join("abc") == "a, b and c"
    assert translate.day(datetime(2026, 11, 12)) == "12 November 2026"


# ---------------------------------------------------------------- choosing a language


def test_a_language_that_there_is_not_is_refused(tmp_path: Path) -> None:
    init(tmp_path / "w", "Acme")
    path = tmp_path / "w" / "reporter.yml"
    path.write_text(path.read_text("utf-8") + "\nlanguage: tlh\n", "utf-8")
    with pytest.raises(InputError, match="language: no 'tlh'") as caught:
        read_workspace(tmp_path / "w")
    assert caught.value.hint == "Known: de, en."
    path.write_text(path.read_text("utf-8").replace("tlh", "de"), "utf-8")
    assert read_workspace(tmp_path / "w").language == "de"


def test_english_needs_no_library_for_languages() -> None:
    code = (
        "import sys; sys.path.insert(0, 'tests'); import fixture_assessment as given; "
        "from reporter.report.html import page; page.render(given.view(given.single())); "
        "print('babel' in sys.modules)"
    )
    root = Path(__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_a_language_ends_with_its_block() -> None:
    with translate.speaking("de"):
        with translate.speaking("en"):
            assert translate.say("Nobody") == "Nobody"
        assert translate.say("Nobody") == "Niemand"
    assert translate.language() == "en"


@pytest.mark.parametrize(
    ("write", "english"),
    [
        (write_workpapers, ("all subjects", "partial,", "in part")),
        (write_controls, ("in part",)),
        (write_sums, ("Themes,", "Checks,")),
    ],
)
def test_what_the_paper_leaves_to_files_is_in_one_language(
    write: Callable[[View, Path], None], english: tuple[str, ...], tmp_path: Path
) -> None:
    """Whoever calls, and in whatever language."""
    said = {}
    for code in ("en", "de"):
        write(given.view(given.rich(), code), tmp_path / code)
        said[code] = (tmp_path / code).read_text(encoding="utf-8-sig")
    assert all(text in said["en"] and text not in said["de"] for text in english)

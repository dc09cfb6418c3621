"""The pages in a real browser: nothing is fetched, no error, WCAG 2.2 AA, both themes; finding, sorting, links, keyboard.

Needs Chromium and the extra `browser`; `make browser` sets both up. Without them these tests are skipped, and say so.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from io import BytesIO
from math import ceil, floor
from pathlib import Path
from typing import Any

import fixture_assessment as given
import pytest
from fixture_reasons import text_of
from markupsafe import Markup
from PIL import Image
from test_course import shown

from reporter.model import ids
from reporter.report import EDITIONS
from reporter.report.html import ladders, owner_tasks, result_rows
from reporter.report.html import page as html
from reporter.report.html import result_pages as parted
from reporter.report.rolled_up.rollup_chart import unit_bars, unit_stack
from reporter.report.rolled_up.rollup_rows import (
    LeftLine,
    RollupLine,
    RollupPage,
    SumLine,
    page_heads,
)
from reporter.report.trend.transitions import FlowStep
from reporter.report.view.elements import Figure
from reporter.system.plain_text import clean

CHROMIUM = shutil.which("chromium")
if not CHROMIUM:
    pytest.skip("no Chromium: run `make browser`", allow_module_level=True)
sync_api = pytest.importorskip("playwright.sync_api", reason="no Playwright: run `make browser`")
axe = pytest.importorskip("axe_playwright_python", reason="no axe-core: run `make browser`")

QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
EXTREMES = {f.__name__: f for f in (given.rich, given.empty, given.perfect, given.single)}
PASSES = sorted(
    (f for f in given.rich().rows if f.status == "pass"), key=lambda f: (f.check, f.subject)
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    """Address of each edition of each extreme."""
    folder = tmp_path_factory.mktemp("pages")
    made = {}
    for name, make in EXTREMES.items():
        seen = given.view(make())
        for edition in EDITIONS:
            path = folder / f"{name}-{edition}.html"
            html.write(seen, path, edition)
            made[name, edition] = path.as_uri()
    return made


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a long report with the pages beside it."""
    folder = tmp_path_factory.mktemp("beside")
    with pytest.MonkeyPatch.context() as patch:
        for module in (parted, owner_tasks):
            patch.setattr(module, "INLINE", 10)
            patch.setattr(module, "PER_PAGE", 20)
        patch.setattr(result_rows, "PACKED_FROM", 0)
        seen = given.view(given.rich())
        html.write(seen, folder / "report.html")
        html.write(seen, folder / "engineer.html", "engineer")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as play:
        started = play.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield started
        started.close()


@pytest.fixture
def rich(browser: Any, pages: dict[tuple[str, str], str]) -> Iterator[Any]:
    """The auditor's edition of the rich fixture, on a laptop."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.goto(pages["rich", "auditor"])
        yield page


def _shown() -> Iterator[Any]:
    """Yield each edition of each fixture in both schemes; the rich one in the dark will do for the short suite."""
    for name, edition, scheme in itertools.product(EXTREMES, EDITIONS, ("light", "dark")):
        marks = () if name == "rich" or scheme == "light" else pytest.mark.slow
        yield pytest.param(name, edition, scheme, marks=marks, id=f"{name}-{edition}-{scheme}")


@pytest.mark.parametrize(("name", "edition", "scheme"), list(_shown()))
def test_a_page_is_whole_accessible_and_quiet(
    browser: Any, pages: dict[tuple[str, str], str], name: str, edition: str, scheme: str
) -> None:
    said, asked = [], []
    with browser.new_context(color_scheme=scheme, bypass_csp=True) as context:
        page = context.new_page()
        page.on("console", lambda m: said.append(m.text) if m.type in ("error", "warning") else None)  # fmt: skip
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(pages[name, edition])
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        found = violations(page)
    assert found == []
    assert said == []
    assert asked == [pages[name, edition]]


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("page", ["findings/index", "findings/check-OWN-01", "findings/check-OWN-01+2", "findings/agents+1", "owners/owner-1"])  # fmt: skip
def test_a_page_beside_a_long_report_is_accessible_and_found_in(
    browser: Any, beside: Path, page: str, width: int
) -> None:
    with browser.new_context(viewport={"width": width, "height": 900}, bypass_csp=True) as context:
        opened = context.new_page()
        go(opened, (beside / f"{page}.html").as_uri())
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        assert opened.evaluate("document.querySelectorAll('ul > :not(li), tbody > :not(tr)').length") == 0  # fmt: skip
        assert violations(opened) == []
        if opened.locator(".finder").count():
            opened.locator(".finder input").first.fill("no such words anywhere")
            assert opened.locator(".finder output").first.inner_text().startswith("0 of ")


def go(page: Any, address: str) -> None:
    """Open a page, and wait until its lists are unfolded."""
    page.goto(address)
    page.wait_for_function("() => !document.querySelector('script[data-packed]')")


def violations(page: Any) -> list[Any]:
    """What axe-core finds, and where it cannot tell the contrast. What is out of sight is laid out
    as for whoever scrolls to it.
    """
    page.add_style_tag(content="* { content-visibility: visible !important }")
    page.add_script_tag(content=files("axe_playwright_python").joinpath("axe.min.js").read_text())
    found: list[Any] = page.evaluate(
        "async rules => { const found = await axe.run(document, {runOnly: rules});"
        " return [...found.violations, ...found.incomplete.filter(i => i.id === 'color-contrast')]"
        ".map(v => [v.id, v.nodes.length, v.nodes[0].html.slice(0, 200)]) }",
        RULES,
    )
    return found


def test_the_policy_of_a_page_lets_its_own_script_run(rich: Any) -> None:
    assert rich.locator(".finder").count() == 1


@pytest.mark.parametrize("width", [390, 820, 1280])
@pytest.mark.parametrize("edition", EDITIONS)
def test_no_page_is_wider_than_the_screen(
    browser: Any, pages: dict[tuple[str, str], str], edition: str, width: int
) -> None:
    with browser.new_context(viewport={"width": width, "height": 900}) as context:
        page = context.new_page()
        page.goto(pages["rich", edition])
        assert page.evaluate("document.documentElement.scrollWidth") <= width


_CUT = """() => [...document.querySelectorAll('.scroll:has(> table)')]
    .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.getAttribute('aria-label'))"""
_PRINTED_OVER = """() => [...document.querySelectorAll('svg.lost-points, svg.flow, svg.trend, svg.owner-ages')].flatMap(s => {
    const texts = [...s.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
    return texts.flatMap(([one, a], n) => texts.slice(n + 1).filter(([, b]) =>
        Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
        Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4).map(([two]) => [one, two]));
})"""


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("edition", EDITIONS)
def test_no_table_is_cut_beside_the_contents_and_no_label_is_printed_over(
    browser: Any, tmp_path: Path, edition: str, language: str
) -> None:
    """At 1200 px the contents stand at the side and leave the least room."""
    html.write(given.view(given.rich(), language), tmp_path / "r.html", edition)
    with browser.new_context(viewport={"width": 1200, "height": 900}) as context:
        page = context.new_page()
        page.goto((tmp_path / "r.html").as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert page.evaluate(_CUT) == []
        assert page.evaluate(_PRINTED_OVER) == []


def test_a_page_without_script_shows_all_of_it(
    browser: Any, pages: dict[tuple[str, str], str]
) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(pages["rich", "engineer"])
        assert page.locator(".finder").count() == 0
        assert page.locator(".tasks tbody tr").first.is_visible()
        page.goto(pages["rich", "auditor"])
        passes = page.locator("#checks details.passes")
        assert passes.locator("tbody tr").count() == len(PASSES)
        for part in passes.all()[:3]:
            part.locator("xpath=ancestor::details[1]").locator("summary").first.click()
            part.locator("summary").click()
            assert part.locator("tbody tr").first.is_visible()


def test_what_is_folded_is_there_before_a_browser_searches_the_page(rich: Any) -> None:
    rows = rich.locator("#checks details.passes tbody tr")
    assert rows.count() == 0
    rich.keyboard.press("Control+f")
    rich.wait_for_function("() => !document.querySelector('details > noscript')")
    assert rows.count() == len(PASSES)


def test_a_check_that_is_opened_has_its_passes(rich: Any) -> None:
    rich.evaluate("document.querySelector('#k-OWN-02').open = true")
    rich.wait_for_function("() => !document.querySelector('#k-OWN-02 noscript')")
    rows = rich.locator("#k-OWN-02 details.passes tbody tr")
    assert rows.count() == sum(p.check == "OWN-02" for p in PASSES)


@pytest.mark.parametrize("has_script", [False, True])
def test_where_a_packed_list_cannot_be_unfolded_the_page_says_where_it_stands(
    browser: Any, beside: Path, has_script: bool
) -> None:
    with browser.new_context(java_script_enabled=has_script) as context:
        page = context.new_page()
        page.add_init_script("delete window.DecompressionStream")  # of a browser that is too old
        page.goto((beside / "findings" / "check-OWN-01.html").as_uri())
        told = page.locator("p").filter(has_text="results.parquet has all results")
        told.wait_for()
        assert page.locator("tbody tr").count() == 0


def look(page: Any, words: str = "", **chosen: str) -> Any:
    """Search the report, and return what was found."""
    page.keyboard.press("/")
    page.keyboard.type(words)
    for facet, choice in chosen.items():
        if page.locator("#facets").is_hidden():
            page.locator(".finder button[aria-controls]").click()
        page.locator(f"#find-{facet}").select_option(choice)
    page.wait_for_function(_SEARCHED)
    return page.locator("#found")


_SEARCHED = "() => !document.querySelector('[aria-busy]')"


def test_the_first_search_shows_agents_before_it_has_read_the_results(rich: Any) -> None:
    """Of 2,000 agents one is found at once; to read all results takes a phone a third of a second."""
    told = """word => {
        const search = document.getElementById('find');
        search.value = word;
        search.dispatchEvent(new Event('input', { bubbles: true }));
        const found = document.getElementById('found');
        window.kept = found.querySelector('a');
        return [found.ariaBusy, found.querySelectorAll('section').length, window.kept.textContent];
    }"""
    assert rich.evaluate(told, "agent-003") == ["true", 1, "agent-0030"]
    rich.wait_for_function(_SEARCHED)
    assert rich.locator("#found tbody tr").count() > 0
    assert rich.evaluate("window.kept.isConnected")  # who was about to click it still can
    assert rich.locator(".finder output").inner_text().endswith(" results")


def test_who_types_on_while_results_are_read_gets_what_was_typed_last(rich: Any) -> None:
    """Nothing of the search before is left, and both give what each gives alone."""
    typed = """words => words.forEach(word => {
        const search = document.getElementById('find');
        search.value = word;
        search.dispatchEvent(new Event('input', { bubbles: true }));
    })"""
    seen = []
    for words in (["agent-0033", "", "a", "agent-0033"], ["agent-0033"]):
        rich.reload()
        rich.evaluate(typed, words)
        rich.wait_for_function(_SEARCHED)
        seen.append((rich.locator("#found").inner_text(), rich.locator(".finder output").inner_text()))  # fmt: skip
    assert seen[0] == seen[1]
    assert "agent-0030" not in seen[0][0]


def test_one_search_finds_agents_controls_checks_files_and_results(rich: Any) -> None:
    view = given.view(given.rich())
    control = view.frameworks[0].controls[0]
    file = view.accounting.files[0].file
    for words, name, title in (
        ("agent-0033", "Agents and accounts", "agent-0033"),
        (f"{control.id} {control.title}", "Controls", f"{control.id} {control.title}"),
        ("OWN-02", "Checks", f"OWN-02 {next(c.title for c in view.checks if c.id == 'OWN-02')}"),
        (file, "Files", file),
    ):
        found = look(rich, words)
        links = found.locator(f"section[aria-label='{name}'] a")
        assert title in links.all_inner_texts()
        links.get_by_text(title, exact=True).first.click()
        rich.wait_for_function(
            "() => document.getElementById(decodeURIComponent(location.hash.slice(1))).checkVisibility()"
        )
        assert found.is_hidden() and rich.locator("#summary").is_visible()
    found = look(rich, "own-02 agent-0033")
    assert found.locator("tbody tr").count() == 1
    assert rich.locator("#summary").is_hidden()


def test_facets_choose_among_all_results_and_a_link_leads_to_the_same(rich: Any) -> None:
    a = given.rich()
    total = sum(f.status != "na" for f in a.rows)
    high = {c.id for c in a.checks if c.severity == "high"}
    fits = [f for f in a.rows if f.status == "fail" and f.check in high]
    found = look(rich, severity="high", status="fail")
    output = rich.locator(".finder output")
    assert output.inner_text() == f"{len(fits)} of {total} results"
    rows = found.locator("tbody tr").count()
    assert 0 < rows == min(len(fits), 50)
    address = rich.url
    assert address.endswith("#severity=high&status=fail")
    rich.goto("about:blank")
    rich.goto(address)
    assert output.inner_text() == f"{len(fits)} of {total} results"
    rich.locator(".finder .clear").click()
    assert "#" not in rich.url and found.is_hidden()


def test_a_picture_chooses_among_all_results_with_the_keyboard_too(rich: Any) -> None:
    line = given.view(given.rich()).ages.rows[0]
    link = rich.locator("svg.owner-ages a").first
    link.focus()
    rich.keyboard.press("Enter")
    output = rich.locator(".finder output")
    rich.wait_for_function("() => document.activeElement.id === 'found'")
    assert output.inner_text().startswith(f"{sum(line.counts)} of ")
    assert rich.locator("#find-owner").input_value() == line.printed
    assert rich.locator("#find-status").input_value() == "fail"
    rich.go_back()
    rich.wait_for_function("() => document.getElementById('found').hidden")


def test_a_decision_opens_the_agents_and_results_that_it_is_about(rich: Any) -> None:
    question = given.view(given.rich()).front.questions[0]
    link = rich.locator(".decisions a[data-choices]").first
    link.click()
    rows = rich.locator("#found tbody tr")
    rows.first.wait_for()
    n = rich.locator(".finder output").inner_text().split()[0]
    assert f"{n} " in question.about
    assert rich.url.endswith("#decision=1")
    assert rich.locator("#found .found-names a").count() > 0


def test_a_choice_that_is_not_offered_fits_nothing_and_is_shown(
    browser: Any, pages: dict[tuple[str, str], str]
) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{pages['rich', 'auditor']}#owner=nobody.anywhere")
        assert page.locator("#find-owner").input_value() == "nobody.anywhere"
        assert page.locator(".finder output").inner_text().startswith("0 of ")


@pytest.mark.parametrize("edition", ["auditor", "engineer"])
def test_on_a_phone_the_report_begins_with_what_it_says(
    browser: Any, pages: dict[tuple[str, str], str], edition: str
) -> None:
    with browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    ) as context:
        page = context.new_page()
        page.goto(pages["rich", edition])
        assert page.locator("h1").first.bounding_box()["y"] < 300
        assert "/" not in page.locator("#find").get_attribute("placeholder")
        contents = page.locator(".side a").first
        assert contents.is_hidden()
        page.locator(".side summary").click()
        assert contents.is_visible()


def test_what_fails_and_weighs_most_is_listed_first_and_every_result_is_reached(rich: Any) -> None:
    rich.locator(".finder .all").click()
    rows = rich.locator("#found tbody tr")
    first = rows.first.inner_text()
    assert "fail" in first and "critical" in first
    total = sum(f.status != "na" for f in given.rich().rows)
    while (more := rich.locator("#found .more")).is_visible():
        more.click()
    assert rows.count() == total


def test_facets_are_ordered_by_rank_not_by_alphabet(rich: Any) -> None:
    rich.locator(".finder button[aria-controls]").click()
    orders = {f: rich.locator(f"#find-{f} option").all_inner_texts()[1:] for f in ("severity", "tier")}  # fmt: skip
    assert orders["severity"] == [s for s in ("critical", "high", "medium", "low") if s in orders["severity"]]  # fmt: skip
    assert orders["tier"] == sorted(orders["tier"], reverse=True) != []


def test_a_result_opens_in_a_drawer_with_what_belongs_to_it(rich: Any) -> None:
    f = next(f for f in given.rich().rows if f.status == "fail" and f.actor == "agent-0033")
    view = given.view(given.rich())
    check = next(c for c in view.checks if c.id == f.check)
    look(rich, f"{f.check} {f.subject}").locator("tbody a").first.click()
    drawer = rich.locator("dialog.drawer")
    told = drawer.inner_text()
    for text in (f.check, check.title, f.subject, text_of(f)[:60], f.owner, check.fix, check.controls[0].text):  # fmt: skip
        assert text in told
    assert rich.url.endswith(f"#v-{ids.finding(f.check, f.subject)}")
    address = rich.url
    rich.keyboard.press("Escape")
    rich.wait_for_function("() => location.hash.startsWith('#q=')")
    assert drawer.is_hidden() and rich.locator("#found tbody tr").count() == 1
    rich.goto("about:blank")
    rich.goto(address)
    assert drawer.is_visible()
    drawer.get_by_role("link", name=f.actor, exact=True).click()
    rich.wait_for_function("() => document.getElementById('agent-agent-0033').open")
    assert drawer.is_hidden()


def test_an_agent_has_a_card_with_its_results_and_what_to_do(rich: Any) -> None:
    rich.evaluate("location.hash = '#agent-agent-0033'")
    card = rich.locator("#agent-agent-0033")
    card.locator("dl").wait_for()
    rows = [f for f in given.rich().rows if f.actor == "agent-0033" and f.status == "fail"]
    links = card.locator("ul.open a")
    anchors = set(links.evaluate_all("links => links.map(link => link.hash.slice(1))"))
    assert {f"v-{ids.finding(f.check, f.subject)}" for f in rows} <= anchors
    assert card.locator("ol.todo li").count() > 0


@pytest.mark.deep  # a minute each
@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280, 1600])
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_page_is_accessible_at_any_width_in_any_language(
    browser: Any, tmp_path: Path, edition: str, scheme: str, width: int, language: str
) -> None:
    html.write(given.view(given.rich(), language), tmp_path / "r.html", edition)
    with browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    ) as context:
        page = context.new_page()
        page.goto((tmp_path / "r.html").as_uri())
        assert violations(page) == []


_LABELS = """drawing => { const at = drawing.getBoundingClientRect();
    return [...drawing.querySelectorAll('text')].map(text => {
        const box = text.getBoundingClientRect(), style = getComputedStyle(text);
        return [text.textContent, style.fill === style.color, style.backgroundColor,
            [box.left - at.left, box.top - at.top, box.right - at.left, box.bottom - at.top]] }) }"""
_LABELLED = {
    *("agent-map", "bar", "cost-curve", "course", "days", "deviations", "flow", "heat"),
    *("lost-points", "owner-ages", "path", "tier-levels", "trend", "unit-bars", "unit-stack"),
}


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_label_of_a_drawing_stands_on_the_colour_that_is_declared_for_it(
    browser: Any, tmp_path: Path, scheme: str
) -> None:
    """No browser paints that colour, so a wrong one is seen nowhere, and tools believe it."""
    html.write(given.view(given.rich()), tmp_path / "r.html")
    seen = set()
    with browser.new_context(
        viewport={"width": 1600, "height": 1200}, color_scheme=scheme, bypass_csp=True
    ) as context:
        page = context.new_page()
        page.goto((tmp_path / "r.html").as_uri())
        page.evaluate(
            "drawn => { document.querySelectorAll('details').forEach(d => d.open = true);"
            " document.querySelector('.head').insertAdjacentHTML('afterend', drawn) }",
            "".join(more_drawings()),
        )
        page.add_style_tag(
            content=".finder { display: none !important } main { max-width: none !important }"
            " .scroll { overflow: visible !important } svg.chart { display: inline-block !important; max-width: none !important }"
        )
        drawings = page.locator("svg.chart:has(text)")
        labels = [drawing.evaluate(_LABELS) for drawing in drawings.all()]
        page.add_style_tag(content=".chart text { visibility: hidden }")
        for drawing, told in zip(drawings.all(), labels, strict=True):
            seen.add(drawing.get_attribute("class").split()[1])
            painted = Image.open(BytesIO(drawing.screenshot())).convert("RGB")
            for words, is_one_colour, declared, box in told:
                assert is_one_colour, words
                below = painted.crop((floor(box[0]), floor(box[1]), ceil(box[2]), ceil(box[3])))
                n, ground = max(below.getcolors(maxcolors=below.width * below.height))
                assert f"rgb{ground}" == declared, words
                assert n > below.width * below.height / 2, words
    assert seen == _LABELLED


def more_drawings() -> Iterator[str]:
    """Draw what a run alone does not have: earlier runs, and a roll-up of units."""
    told, trends = shown((450, 360), (270, 180), (180, 90), unlike=1)
    yield ladders.course(told)
    yield from (ladders.trend(replace(t, moments=t.moments[-n:])) for t in trends[:1] for n in (2, 4))  # fmt: skip
    yield ladders.flow((FlowStep("then", 9, "then"), FlowStep("fixed", 4, "good"), FlowStep("now", 5, "now")))  # fmt: skip
    yield unit_bars("Which?", _UNITS, _LEFT_OUT)
    yield unit_stack("Which?", _UNITS, _LEFT_OUT)


_UNITS = [
    RollupLine(n, f"unit {n}", 1, 1, 1, 0, 0, 0, "1", score, "x", "", "")
    for n in (0, 1)
    for score in [Figure("x", "y", "0", "1", 300, 900, assessed=not n)]
]
_LEFT_OUT = [
    LeftLine("Rotterdam", "runs/rotterdam/2026-q3", "was assessed in another period", "3,539 results", is_unknown=True),
]  # fmt: skip


_HOSTILE = [
    *("W" * 400, "未登録の代理" * 30, "<script>alert(1)</script>" * 9, "i" * 400, "Größenwahn & Co. " * 9),
]  # fmt: skip
"""Names of units: broad letters, a script of twice the width, code, narrow letters, words."""
_PAST = """drawing => { const room = drawing.getBoundingClientRect();
    return [...drawing.querySelectorAll('text')].map(text => [text, text.getBoundingClientRect()])
        .filter(([, box]) => box.left < room.left - 1 || box.right > room.right + 1)
        .map(([text]) => text.textContent) }"""
"""Labels of a picture that are not wholly in it."""
_OVER = """drawing => { const boxes = [...drawing.querySelectorAll('text:not([text-anchor=end], '
    + '[text-anchor=middle])')].map(text => [text.textContent, text.getBoundingClientRect()]);
    return boxes.filter(([, one]) => boxes.some(([, other]) => one !== other && one.right > other.left
        && other.left > one.left && Math.abs(one.top - other.top) < 3)).map(([words]) => words) }"""
"""Labels that run into the next one of their line."""


@pytest.mark.parametrize("n", [3, 40])
@pytest.mark.parametrize("width", [320, 390, 889, 890, 1280])
def test_the_picture_of_a_roll_up_fits_any_width_whatever_its_names(
    browser: Any, tmp_path: Path, width: int, n: int
) -> None:
    lines = [replace(_UNITS[0], name="All units")]
    lines += [replace(_UNITS[k % 2], depth=k % 3, name=_HOSTILE[k % 5]) for k in range(1, n)]
    left = [replace(_LEFT_OUT[0], unit=_HOSTILE[1])]
    _write_roll_up(tmp_path / "r.html", lines, left)
    with browser.new_context(viewport={"width": width, "height": 844}) as context:
        page = context.new_page()
        page.goto((tmp_path / "r.html").as_uri())
        drawing = page.locator("svg.chart:visible")
        assert drawing.count() == 1
        assert ("unit-stack" in drawing.get_attribute("class")) == (width < 890)
        assert drawing.evaluate(_PAST) == [] and drawing.evaluate(_OVER) == []
        scroll = page.locator(".scroll:has(svg)")
        assert scroll.evaluate("s => s.scrollWidth <= s.clientWidth")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def _write_roll_up(path: Path, lines: list[RollupLine], left: list[LeftLine]) -> None:
    cover = given.view(given.rich()).cover
    sums = (SumLine("Lisbon operations", 3482, 66, 9, 3539),)
    heads = page_heads(["unit"])
    view = RollupPage(cover, heads, "x", (), tuple(lines), tuple(left), sums, (), ())
    picture = Markup(unit_bars("Which?", lines, left) + unit_stack("Which?", lines, left))
    values = {"picture": picture, "drawn": 40, "rows": 99}
    path.write_text(html.render_page("rollup.html", view, "screen", "", **values), "utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_a_roll_up_fits_a_phone_and_is_accessible(
    browser: Any, tmp_path: Path, scheme: str
) -> None:
    _write_roll_up(tmp_path / "r.html", _UNITS, _LEFT_OUT)
    with browser.new_context(
        viewport={"width": 390, "height": 844}, color_scheme=scheme, bypass_csp=True
    ) as context:
        page = context.new_page()
        page.goto((tmp_path / "r.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert violations(page) == []


def test_the_search_of_a_long_report_leads_to_the_page_of_an_agent(
    browser: Any, beside: Path
) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto((beside / "report.html").as_uri())
        found = look(page, "agent-05")
        found.locator("section[aria-label='Agents and accounts'] a").get_by_text("agent-05", exact=True).click()  # fmt: skip
        page.wait_for_url("**/findings/agents+*.html#agent-agent-05")
        page.wait_for_function("() => !document.querySelector('script[data-packed]')")
        assert page.locator("#agent-agent-05 h2").inner_text().startswith("agent-05")


def test_a_browser_prints_what_is_decided_by(rich: Any) -> None:
    rich.emulate_media(media="print")
    assert rich.locator("#summary").is_visible() and rich.locator(".gap-table").first.is_visible()
    for part in ("#checks", "#agents", "#method", ".finder", ".side", "details.block"):
        assert rich.locator(part).first.is_hidden(), part


def test_the_typeface_is_carried(rich: Any) -> None:
    assert rich.evaluate("document.fonts.ready.then(() => [...document.fonts].map(f => f.status))") == ["loaded"] * 2  # fmt: skip


def test_the_contents_say_where_the_reader_is_and_headings_have_addresses(rich: Any) -> None:
    rich.evaluate("location.hash = '#roadmap'")
    rich.wait_for_function(
        "() => document.querySelector('.side [aria-current]')?.getAttribute('href') === '#roadmap'"
    )
    assert rich.locator(".side [aria-current]").count() == 1
    anchors = rich.locator("main a.anchor").evaluate_all("links => links.map(link => decodeURIComponent(link.hash.slice(1)))")  # fmt: skip
    assert len(anchors) > 20 and len(set(anchors)) == len(anchors)
    assert rich.evaluate("ids => ids.every(id => document.getElementById(id))", anchors)


def test_the_passes_beside_a_long_report_are_chosen_by_status(browser: Any, beside: Path) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        go(page, (beside / "findings" / "check-OWN-01+2.html").as_uri())
        page.locator(".finder button[aria-controls]").click()
        page.locator(".finder select").first.select_option("pass")
        shown = [r.get_attribute("id") for r in page.locator("tbody tr").all() if r.is_visible()]
        assert shown and {i.removeprefix("v-") for i in shown} <= {
            ids.finding(p.check, p.subject) for p in PASSES
        }
        assert page.locator("tbody tr").count() > len(shown)


def test_one_search_leads_to_a_row_on_another_page(browser: Any, beside: Path) -> None:
    found = PASSES[-1]
    with browser.new_context() as context:
        page = context.new_page()
        go(page, (beside / "findings" / "index.html").as_uri())
        page.keyboard.press("/")
        page.keyboard.type(f"{found.check.lower()} {found.subject} pass")
        links = page.locator("#words ~ ul a")
        files = links.evaluate_all("links => links.map(link => link.getAttribute('href'))")
        assert files and all(f.startswith(f"check-{found.check}") for f in files)
        assert f": {len(files)} of " in page.locator("#words + p").inner_text()
        rows = []
        for file in files:
            go(page, (beside / "findings" / "index.html").as_uri())
            go(page, f"{(beside / 'findings').as_uri()}/{file}")
            rows += [r.inner_text() for r in page.locator("tbody tr").all() if r.is_visible()]
        assert len(rows) == 1 and found.subject in rows[0] and text_of(found) in rows[0]


def test_names_that_look_like_code_are_words_like_others(browser: Any, beside: Path) -> None:
    said: list[str] = []
    with browser.new_context() as context:
        page = context.new_page()
        page.on("console", lambda m: said.append(m.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        go(page, (beside / "findings" / "index.html").as_uri())
        page.locator("#find").fill("<script>alert(1)</script> 100%")
        assert page.locator("#words ~ ul a").count() == 0
        page.locator("#find").fill("<script>alert(1)</script> tier")
        page.locator("#words ~ ul a").first.click()
        page.wait_for_function("() => location.hash.startsWith('#q=')")
        shown = [r.inner_text() for r in page.locator("tbody tr").all() if r.is_visible()]
        assert shown and all("<script>alert(1)</script>" in r for r in shown)
    assert said == []


def test_what_finding_left_empty_is_hidden_with_its_heading(
    browser: Any, pages: dict[tuple[str, str], str]
) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(pages["rich", "engineer"])
        page.locator(".finder input").fill("no such words anywhere")
        assert page.locator(".task-list:visible").count() == 0
        assert page.locator(".finder output").inner_text().startswith("0 of ")


def test_a_table_is_sorted_by_the_keyboard_and_back(rich: Any) -> None:
    table = rich.locator("#slices table").first if rich.locator("#slices").count() else rich.locator("table[data-sort]").first  # fmt: skip
    button = table.locator("thead button").first
    names = table.locator("tbody tr th")
    button.focus()
    rich.keyboard.press("Enter")
    up = names.all_inner_texts()
    rich.keyboard.press("Enter")
    assert names.all_inner_texts() == up[::-1] != up
    assert table.locator("th[aria-sort=descending]").count() == 1


@pytest.mark.slow
def test_every_link_leads_to_a_place_that_opens(rich: Any) -> None:
    targets = {
        a.get_attribute("href") for a in rich.locator("a[href^='#']:not([data-choices])").all()
    } - {"#results"}
    assert len(targets) > 30
    for target in sorted(targets):
        rich.evaluate("target => { location.hash = ''; location.hash = target }", target)
        rich.wait_for_function("target => location.hash === target", arg=target)
        assert rich.evaluate("id => document.getElementById(id).checkVisibility()", target[1:]), target  # fmt: skip


@pytest.mark.parametrize("name", ["rich", "empty"])
def test_on_a_phone_a_wide_table_stacks_and_each_cell_says_its_column(
    name: str, browser: Any, pages: dict[tuple[str, str], str]
) -> None:
    with browser.new_context(viewport={"width": 390, "height": 844}, bypass_csp=True) as context:
        page = context.new_page()
        page.goto(pages[name, "auditor"])
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        wide = page.evaluate(
            "[...document.querySelectorAll('.scroll table')]"
            ".filter(t => t.scrollWidth > t.parentElement.clientWidth).map(t => t.className)"
        )
        assert wide == []
        # Of a run that proves little, the report says what to bring: it has none of these tables.
        assert page.locator("table.files, #checks .subjects").first.count() == (name == "rich")
        if name == "rich":
            (head, cell) = page.evaluate(
                "(() => { const t = document.querySelector('table.files'); return "
                "[t.tHead.rows[0].cells[2].textContent, t.tBodies[0].rows[0].cells[2].dataset.label] })()"
            )
            assert head == cell == "Read"
            owners = page.evaluate(
                "[...new Set([...document.querySelectorAll('#checks .subjects td:last-child')]"
                ".map(c => getComputedStyle(c, '::before').content))]"
            )
            assert owners == ['"Owner "']
            told = page.evaluate(
                "getComputedStyle(document.querySelector('.files td[data-label]'), '::before').content"
            )
            assert "Recognised as" in told or "attr(data-label)" in told
        unnamed = page.evaluate("document.querySelectorAll('td[data-label=\"\"]').length")
        assert unnamed == 0  # those in what is folded, too
        assert violations(page) == []


def test_on_a_phone_a_page_is_laid_out_a_few_times_while_it_opens(
    browser: Any, pages: dict[tuple[str, str], str]
) -> None:
    """Each of hundreds of tables once asked for the layout that the one before had changed."""
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Performance.enable")
        page.goto(pages["rich", "auditor"])
        metrics = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}  # fmt: skip
        assert page.locator("table.stacks").count() > 10
        assert metrics["LayoutCount"] < 20
        assert metrics["RecalcStyleCount"] < 20


@pytest.mark.parametrize("file", ["findings/check-OWN-01+2.html", "findings/agents+1.html", "report.html"])  # fmt: skip
def test_on_a_phone_a_link_leads_to_what_was_not_laid_out(
    browser: Any, beside: Path, file: str
) -> None:
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        go(page, (beside / file).as_uri())
        anchors = page.evaluate(
            "[...document.querySelectorAll('tbody tr[id], section[id]:not([hidden])')].map(place => place.id)"
        )
        for anchor in (anchors[0], anchors[len(anchors) // 2], anchors[-1]):
            go(page, "about:blank")
            go(page, f"{(beside / file).as_uri()}#{anchor}")
            place = page.locator(f"[id='{anchor}']")
            page.wait_for_function(
                "id => { const box = document.getElementById(id).getBoundingClientRect();"
                " return box.height > 0 && box.top >= -1 && box.top < innerHeight }",
                arg=anchor,
            )
            assert place.inner_text()


def test_the_script_names_each_result_as_the_run_does(browser: Any, beside: Path) -> None:
    """It makes most ids of the subjects; some subjects are printed otherwise than they are."""
    view = given.view(given.rich())
    with browser.new_context() as context:
        page = context.new_page()
        named = []
        for file in sorted((beside / "findings").glob("check-*.html")):
            go(page, file.as_uri())
            named += page.evaluate(
                "[...document.querySelectorAll('tbody tr')].map(row => [row.id, row.cells[0].textContent])"
            )
    ids_ = {f"v-{i}": subject for i, subject in view.findings.results.each(("id", "subject"), "status <> 'na'")}  # fmt: skip
    assert sorted(anchor for anchor, _ in named) == sorted(ids_)
    assert any("<" in subject or len(subject) > 120 for subject in ids_.values())
    for anchor, told in named:
        assert told.startswith(clean(ids_[anchor])[:100])


def test_a_table_that_was_wide_stacks_once_the_screen_is_narrow(rich: Any) -> None:
    """Turning a tablet changes the width; without script a table is scrolled as before."""
    assert rich.locator("table.stacks").count() == 0
    rich.set_viewport_size({"width": 390, "height": 844})
    rich.wait_for_selector("table.stacks.files", state="attached")
    rich.set_viewport_size({"width": 1280, "height": 900})
    display = "getComputedStyle(document.querySelector('table.files')).display"
    assert rich.evaluate(display) == "table"

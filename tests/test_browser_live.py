"""The live page in a real browser: it renews itself and leaves the reader where he is, with a script and without; WCAG 2.2 AA.

Needs Chromium and the extra `browser`; `make browser` sets both up. Without them these tests are skipped, and say so.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fixture_assessment as given
import msgspec
import pytest
from fixture_estate import Estate
from test_browser import CHROMIUM, QUIET, sync_api, violations
from test_live import ABOUT, TOKEN, Making, line, outbox

from reporter.pipeline.assess import Options
from reporter.pipeline.live import live as live_module
from reporter.pipeline.live import page_run
from reporter.pipeline.live.live import Live, Serve
from reporter.pipeline.live.page_access import Place
from reporter.pipeline.watch.cursor import FORMAT, Cursor, Episode, Outbox
from reporter.pipeline.watch.watching import Setting
from reporter.report.html import page as html

AS_OF = "2026-10-01T00:00:00"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as play:
        started = play.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield started
        started.close()


class Printing(Making):
    """Stands for the process that makes a page; the report is that of the rich fixture."""

    def answer(self) -> Any:
        ending = super().answer()
        run = Path(ending.folder) / page_run.RUN
        seen = given.view(given.rich())
        html.write(seen, run / "report.html")
        check, subject = next((f.check, f.subject) for f in given.rich().rows if f.status == "fail")
        about = msgspec.structs.replace(
            ABOUT, places={check: "report.html"}, titles={check: "A title"}
        )
        (run.parent / page_run.ABOUT).write_bytes(msgspec.json.encode(about))
        return ending


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Live]]:
    """Serve the page of a watch that does as it is told."""
    monkeypatch.setattr(live_module, "PageProcess", lambda order: Printing(order, []))
    company = Estate().write(tmp_path / "company")
    started: list[Live] = []

    def serve(token: str = "", n: int = 0, language: str = "en") -> Live:
        setting = Setting(company, tmp_path / "state", Options(), "1")
        cursor = committed(1, n)
        shown = Live(
            Serve(Place(port=0), token, 0.1), setting, cursor, lambda: datetime.now(UTC), print
        )
        shown._watched = replace(shown._watched, language=language)
        shown.__enter__()
        started.append(shown)
        return shown

    yield serve
    for shown in started:
        shown.__exit__()


def committed(first: int, n: int) -> Cursor:
    """Return what a watch has committed: two failures are open."""
    check, subject = next((f.check, f.subject) for f in given.rich().rows if f.status == "fail")
    episodes = [
        Episode("1", check, subject, AS_OF, ""),
        Episode("2", "INV-02", "x" * 90, AS_OF, ""),
    ]
    return Cursor(
        FORMAT, "", "k", "c", judged=2, as_of=AS_OF, outbox=outbox(first, n), episodes=episodes
    )


def tell(shown: Live, first: int, n: int) -> None:
    """Have a watch tell of changes."""
    noted = committed(first, n)
    shown.note(noted, noted.outbox, 1, {}, 1.0, 0, False)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the script of the page look often."""
    code = live_module.code_of

    def quicker(names: Any, *more: Any) -> str:
        return (
            code(names, *more)
            .replace("EVERY = 3000", "EVERY = 100")
            .replace("PATIENCE = 20000", "PATIENCE = 1000")
        )

    monkeypatch.setattr(live_module, "code_of", quicker)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("language", ["en", "de"])
def test_the_page_is_whole_accessible_and_asks_nobody_else(
    browser: Any,
    live: Callable[..., Live],
    width: int,
    scheme: str,
    language: str,
) -> None:
    shown = live(n=3, language=language)
    said, asked = [], []
    with browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    ) as context:
        page = context.new_page()
        page.on("console", lambda m: said.append(m.text) if m.type in ("error", "warning") else None)  # fmt: skip
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(shown.address)
        assert page.locator(".changes tbody tr").count() == 3
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("document.fonts.check('16px \"Report Sans\"')")
        found = violations(page)
    assert found == []
    assert said == []
    assert {url.startswith(shown.address) for url in asked} == {True}


@pytest.mark.usefixtures("quick")
def test_what_is_new_comes_in_and_the_reader_stays_where_he_is(
    browser: Any,
    live: Callable[..., Live],
) -> None:
    shown = live(n=60)
    with browser.new_context(viewport={"width": 1280, "height": 700}) as context:
        page = context.new_page()
        page.goto(shown.address)
        row = page.locator("#c-20")
        row.scroll_into_view_if_needed()
        before = row.bounding_box()["y"]
        tell(shown, 61, 5)
        page.wait_for_selector("#c-65", state="attached")
        assert abs(row.bounding_box()["y"] - before) <= 1
        assert page.locator("#c-65.fresh").count() == 1 and page.locator("#c-20.fresh").count() == 0
        page.evaluate("scrollTo(0, 0)")
        tell(shown, 66, 1)
        page.wait_for_selector("#c-66")
        assert page.evaluate("scrollY") == 0


@pytest.mark.usefixtures("quick")
def test_the_focus_stays_and_a_selection_is_not_taken_away(
    browser: Any,
    live: Callable[..., Live],
) -> None:
    shown = live(n=2)
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(shown.address)
        page.locator("a[href='/changes.jsonl']").focus()
        tell(shown, 3, 1)
        page.wait_for_selector("#c-3")
        assert page.evaluate("document.activeElement.getAttribute('href')") == "/changes.jsonl"
        page.evaluate("getSelection().selectAllChildren(document.querySelector('#c-1 bdi'))")
        tell(shown, 4, 1)
        page.wait_for_timeout(500)
        assert page.locator("#c-4").count() == 0
        page.evaluate("getSelection().removeAllRanges()")
        page.wait_for_selector("#c-4")


@pytest.mark.usefixtures("quick")
def test_a_watch_that_no_longer_answers_is_told_of(
    browser: Any,
    live: Callable[..., Live],
) -> None:
    shown = live(n=1)
    with browser.new_context(bypass_csp=True) as context:
        page = context.new_page()
        page.goto(shown.address)
        page.wait_for_timeout(300)
        assert page.locator("#lost").is_hidden()
        shown._server.end()
        page.wait_for_selector("#lost:not([hidden])")
        text = page.locator("#lost").inner_text()
        assert re.search(r"has not answered since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\.", text)
        assert violations(page) == []


@pytest.mark.usefixtures("quick")
def test_a_watch_that_hangs_is_told_of_wherever_the_reader_is_until_it_goes_on(
    browser: Any,
    live: Callable[..., Live],
) -> None:
    shown, goes_on = live(n=60), threading.Event()
    with browser.new_context(viewport={"width": 1280, "height": 700}) as context:
        page = context.new_page()
        page.goto(shown.address)
        page.evaluate("scrollTo(0, 900)")
        shown._server.answers = lambda name: goes_on.wait(30) and shown.answer(name)
        page.wait_for_selector("#lost:not([hidden])", timeout=10_000)
        assert 0 <= page.locator("#lost").bounding_box()["y"] < 100
        goes_on.set()
        page.wait_for_selector("#lost", state="hidden")


@pytest.mark.usefixtures("quick")
def test_who_is_refused_is_asked_for_the_token(
    browser: Any,
    live: Callable[..., Live],
) -> None:
    shown = live(token=TOKEN, n=1)
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{shown.address}?token={TOKEN}")
        page.wait_for_selector("#c-1")
        context.clear_cookies()
        page.wait_for_selector("#lost:not([hidden])")
        assert "The watch has asked for its token since" in page.locator("#lost").inner_text()


@pytest.mark.parametrize("width", [390, 1280])
def test_names_that_are_long_or_look_like_html_are_shown_whole_and_do_nothing(
    browser: Any, live: Callable[..., Live], width: int
) -> None:
    names = ["x" * 200, "<img src=x onerror=alert(1)><script>alert(2)</script>", "many words " * 30]
    shown, said = live(), []
    lines = [line(n, subject=name, reason=name) for n, name in enumerate(names, 1)]
    cursor = committed(1, 0)
    cursor.outbox = Outbox(1, lines)
    cursor.episodes = [Episode(name, "INV-02", name, AS_OF, "") for name in names]
    shown.note(cursor, cursor.outbox, 1, {"INV-02": names[1]}, 1.0, 0, False)
    with browser.new_context(viewport={"width": width, "height": 900}) as context:
        page = context.new_page()
        page.on("console", lambda m: said.append(m.text))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.goto(shown.address)
        for n, name in enumerate(names, 1):
            row = page.locator(f"#c-{n}")
            assert row.inner_text().count(name.strip()) == 2
            sides = row.evaluate("e => [...e.querySelectorAll('bdi')].map(b => b.getBoundingClientRect()).map(r => [r.left, r.right])")  # fmt: skip
            assert all(0 <= left < right <= width for left, right in sides)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("main img").count() == 0
    assert said == []


def test_without_a_script_the_page_is_whole_and_loads_anew(
    browser: Any,
    live: Callable[..., Live],
) -> None:
    shown = live(n=40)
    with browser.new_context(
        java_script_enabled=False, viewport={"width": 400, "height": 700}
    ) as context:
        page = context.new_page()
        page.goto(shown.address)
        page.locator("#c-20").scroll_into_view_if_needed()
        place = page.locator("#c-20").bounding_box()["y"]
        tell(shown, 41, 1)
        page.wait_for_selector("#c-41", state="attached", timeout=25_000)
        page.wait_for_timeout(500)
        assert abs(page.locator("#c-20").bounding_box()["y"] - place) <= 2


def test_a_change_leads_to_its_result_in_the_report_and_back(
    browser: Any,
    live: Callable[..., Live],
) -> None:
    shown = live(n=1)
    said: list[str] = []
    with browser.new_context() as context:
        page = context.new_page()
        page.on("console", lambda m: said.append(m.text) if m.type in ("error", "warning") else None)  # fmt: skip
        page.goto(shown.address)
        tell(shown, 2, 1)
        page.wait_for_selector("a.open-report", timeout=20_000)
        link = page.locator(".open-failures a").first
        anchor = link.get_attribute("href").partition("#")[2]
        link.click()
        page.wait_for_load_state()
        assert page.url.endswith(f"/report.html#{anchor}")
        page.wait_for_selector("dialog[open]")
        page.keyboard.press("Escape")
        page.get_by_role("link", name="What changed since this report was made").click()
        page.wait_for_selector("#now")
        assert page.url == shown.address
    assert said == []


def test_a_token_opens_the_page_and_leaves_the_address(
    browser: Any,
    live: Callable[..., Live],
) -> None:
    shown = live(token=TOKEN, n=1)
    with browser.new_context() as context:
        page = context.new_page()
        assert page.goto(shown.address).status == 401
        page.goto(f"{shown.address}?token={TOKEN}")
        page.wait_for_selector("#c-1")
        assert page.url == shown.address
        page.reload()
        assert page.locator("#c-1").count() == 1
        (cookie,) = context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    with browser.new_context() as context:  # a link on a page of somebody else
        page = context.new_page()
        page.route("http://elsewhere.example/", lambda r: r.fulfill(content_type="text/html", body=f"<a href='{shown.address}?token={TOKEN}'>go</a>"))  # fmt: skip
        page.goto("http://elsewhere.example/")
        page.click("a")
        page.wait_for_selector("#c-1")
        assert page.url == shown.address

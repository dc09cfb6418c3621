"""What changed, on the live page: what is listed and in which order, and that it leaves after an hour.

In: changes that are told, a clock. Out: the page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from fixture_estate import Estate
from test_live import ABOUT, NOW, WATCHED, Making, line, made, text_of

from reporter.pipeline.assess import Options
from reporter.pipeline.live import live as live_module
from reporter.pipeline.live.live import Live, Serve
from reporter.pipeline.live.live_page import Open, as_json, render
from reporter.pipeline.live.page_access import Place
from reporter.pipeline.live.page_maker import Made
from reporter.pipeline.live.told_changes import Told, ToldChanges
from reporter.pipeline.watch.cursor import FORMAT, Cursor, Episode, Outbox
from reporter.pipeline.watch.watching import Setting

UNKNOWN = {"before": "", "now": "unknown", "subject": "agent-x", "reason": "in no register"}


def told_of(folder: Path, *given: dict[str, Any], at: datetime = NOW) -> Told:
    """Tell of changes that one judgement found."""
    lines = [line(number, **each) for number, each in enumerate(given, 1)]
    return ToldChanges(folder, Outbox(1, lines), at).within(NOW)


def listed(told: Told, report: Made | None = None) -> tuple[list[int], str]:
    """Return the numbers of the rows, and the page."""
    page, _ = render(WATCHED, told, report or made(told=99), False)
    return [int(number) for number in re.findall(r'id="c-(\d+)"', page)], page


def test_what_fails_is_listed_first_and_the_most_severe_of_it(tmp_path: Path) -> None:
    numbers, _ = listed(
        told_of(
            tmp_path,
            UNKNOWN | {"severity": "Critical"},
            {"severity": "Low"},
            {"before": "fail", "now": "pass", "severity": "Low"},
            {"severity": "Critical"},
            {"severity": "Fatal"},
        )
    )
    assert numbers == [4, 2, 5, 3, 1]


def test_like_results_of_a_subject_are_one_row_and_a_failure_is_one_of_its_own(
    tmp_path: Path,
) -> None:
    told = told_of(
        tmp_path,
        *({"check": f"FAI-0{n}", "reason": "the same", "subject": "agent-x"} for n in range(5)),
        *(UNKNOWN | {"check": f"UNK-0{n}"} for n in range(5)),
        *(UNKNOWN | {"check": f"UNK-1{n}", "subject": "agent-y"} for n in range(3)),
    )
    numbers, page = listed(told)
    assert numbers == [1, 2, 3, 4, 5, 6, 11, 12, 13]
    assert "5 checks UNK-00, UNK-01, UNK-02, UNK-03, UNK-04 " in text_of(page)
    assert "13 results changed; the newest first." in text_of(page)


def test_a_result_has_a_link_once_the_report_has_it(tmp_path: Path) -> None:
    told = told_of(tmp_path, {"subject": "agent-1"}, {"subject": "agent-2"})
    opened = tuple(Open("ENT-05", NOW.isoformat(), f"agent-{n}") for n in (1, 2))
    watched = replace(WATCHED, open=opened)

    def links(known: int) -> list[int]:
        page, _ = render(watched, told, made(told=known), False)
        parts = page.partition('id="open"')
        return [part.count("#v-ENT-05-") for part in (parts[0], parts[2])]

    assert [links(known) for known in (0, 1, 2)] == [[0, 0], [1, 1], [2, 1]]


def test_what_is_no_result_any_more_has_no_link(tmp_path: Path) -> None:
    told = told_of(tmp_path, {"before": "fail", "now": "not_applicable"})
    silent = replace(WATCHED, open=(Open("ENT-05", WATCHED.as_of, "agent-1", fails=False),))
    page, _ = render(silent, told, made(told=99), False)
    assert "#v-" not in page


def test_names_are_set_apart_from_each_other() -> None:
    open_ = tuple(Open("ENT-05", WATCHED.as_of, name) for name in ("agent-1", "\u05e1\u05d5\u05db"))
    page, _ = render(replace(WATCHED, open=open_), Told((), None), made(), False)
    assert "\u2068\u05e1\u05d5\u05db\u2069, \u2068agent-1\u2069" in page


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"before": "fail", "code_before": "other"}, " fail for another reason "),
        ({"before": "fail", "code_before": "code"}, " fail its waiver has changed "),
        ({"before": "fail", "now": "pass", "activity": "Close"}, "fail now: pass its episode has"),
        ({"before": "pass", "now": "not_applicable"}, " pass now: not applicable reason"),
        ({"before": ""}, "no result now: fail reason"),
    ],
)
def test_a_row_says_what_is_another(tmp_path: Path, given: dict[str, str], text: str) -> None:
    _, page = listed(told_of(tmp_path, given))
    row = page.partition('id="c-1"')[2].partition("</tr>")[0]
    assert text in text_of(row)


def test_what_the_first_judgement_found_is_no_change(tmp_path: Path) -> None:
    kept = ToldChanges(tmp_path, Outbox(1, []), NOW)
    kept.add(Outbox(1, [line(1), line(2)]), NOW, is_first=True)
    again = ToldChanges(tmp_path, Outbox(1, [line(1), line(2)]), NOW)
    for each in (kept, again):
        numbers, page = listed(each.within(NOW))
        assert numbers == []
        assert "No result has changed since the first judgement." in text_of(page)
        words = "2 failures that the first judgement found at 2026-11-29 12:00:00 UTC are not"
        assert words in text_of(page) and 'href="/changes.jsonl"' in page
    again.add(Outbox(3, [line(3)]), NOW)
    told = again.within(NOW)
    numbers, page = listed(told)
    assert numbers == [3] and "One result changed." in page and "2 failures that" in page
    state = json.loads(as_json(WATCHED, told, made(), False, ""))
    assert (state["changes_last_hour"], state["first_judgement_last_hour"]) == (1, 2)


def test_times_are_told_in_utc_wherever_they_come_from(tmp_path: Path) -> None:
    tokyo = NOW.astimezone(timezone(timedelta(hours=9)))
    told = told_of(tmp_path, {}, at=tokyo)
    watched = replace(WATCHED, started_at=tokyo, judged_at=tokyo, taken_at=tokyo)
    page, _ = render(watched, told, made(), False)
    assert '<time datetime="2026-11-29T12:00:00Z">12:00:00 UTC</time>' in page
    assert "21:00" not in page and "2026-11-30" not in page
    times = re.findall(r"\d\d:\d\d(?::\d\d)?(?! UTC|Z|:)", page)
    assert times == []


def test_before_the_first_judgement_no_number_is_told() -> None:
    watched = replace(WATCHED, as_of="", judged_at=None, lines=0, open=())
    text = text_of(render(watched, Told((), None), Made(), True)[0])
    assert "the first judgement is being made since 2026-11-29 12:00:00 UTC" in text
    assert "Lines taken in" not in text and "has been judging" not in text


def test_a_check_has_its_title_before_there_is_a_report(tmp_path: Path) -> None:
    page, _ = render(WATCHED, told_of(tmp_path, {}), Made(), False)
    open_ = text_of(page.partition('id="open"')[2])
    assert "ENT-05 Agents act within what they were granted" in open_


def test_an_open_failure_that_does_not_fail_now_is_counted_apart() -> None:
    open_ = (*WATCHED.open, Open("INV-02", "2026-10-01T00:00:00", "agent-9", fails=False))
    text = text_of(render(replace(WATCHED, open=open_), Told((), None), made(), False)[0])
    assert "3 failures of 2 checks are open. One of them does not fail now: it stays open" in text


def test_since_when_a_failure_is_open_is_told_where_it_says_something() -> None:
    same = tuple(Open("ENT-05", WATCHED.as_of, f"agent-{n}") for n in range(2))
    still, moving = replace(WATCHED, open=same), replace(WATCHED, open=same, moves=True)
    pages = [render(w, Told((), None), made(), False)[0] for w in (still, moving, WATCHED)]
    assert ["Oldest since" in page for page in pages] == [False, True, True]
    late = (Open("ENT-05", "2026-10-01T00:00:00", "b"), Open("ENT-05", "2026-09-30T00:00:00", "a"))
    text = text_of(render(replace(WATCHED, open=late), Told((), None), made(), False)[0])
    assert "2026-09-30 00:00 UTC 2026-10-01 00:00 UTC" in text


# ---------------------------------------------------------------- an hour goes by


@pytest.fixture
def clock() -> list[datetime]:
    return [NOW]


@pytest.fixture
def live(
    tmp_path: Path, clock: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Live]]:
    """Serve the page of a watch that has judged, by a clock that stands."""
    monkeypatch.setattr(live_module, "PageProcess", lambda order: Making(order, []))
    company = Estate().write(tmp_path / "company")
    started: list[Live] = []

    def serve(cursor: Cursor) -> Live:
        setting = Setting(company, tmp_path / "state", Options(), "1")
        serve = Serve(Place(port=0), "", 60)
        started.append(shown := Live(serve, setting, cursor, lambda: clock[0], print))
        return shown.__enter__()

    yield serve
    for shown in started:
        shown.__exit__()


def cursor_of(judged: int, *numbers: int) -> Cursor:
    lines = [line(number) for number in numbers]
    outbox = Outbox(numbers[0] if numbers else 1, lines)
    episodes = [Episode("1", "ENT-05", "agent-1", ABOUT.as_of, "")]
    return Cursor(
        FORMAT, "", "k", "c", judged=judged, as_of=ABOUT.as_of, outbox=outbox, episodes=episodes
    )


def test_a_change_leaves_the_page_after_an_hour_though_nothing_else_happens(
    live: Callable[..., Live], clock: list[datetime]
) -> None:
    shown = live(cursor_of(0))
    noted = cursor_of(1, 1, 2)
    shown.note(noted, noted.outbox, 2, {}, 1.0, 0, False)
    clock[0] = NOW + timedelta(minutes=10)
    noted = cursor_of(2, 3)
    shown.note(noted, noted.outbox, 1, {}, 1.0, 0, False)

    def told() -> tuple[int, int, int, int]:
        page = shown.answer("/").body.decode()
        state = json.loads(shown.answer("/state.json").body)
        lines = shown.answer("/changes.jsonl").body.splitlines()
        counts = state["changes_last_hour"], state["first_judgement_last_hour"]
        return (len(re.findall(r'id="c-', page)), *counts, len(lines))

    assert told() == (1, 1, 2, 3)
    clock[0] = NOW + timedelta(minutes=60)
    assert told() == (1, 1, 0, 1)
    clock[0] = NOW + timedelta(minutes=70)
    assert told() == (0, 0, 0, 0)
    text = text_of(shown.answer("/").body.decode())
    assert "No result changed." in text and "One failure is open." in text

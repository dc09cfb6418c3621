"""Pictures: one colour code with hatching, a question as title, no label cut, no link that leads nowhere."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction
from html import unescape
from urllib.parse import parse_qsl
from xml.etree import ElementTree

import fixture_assessment as given
import pytest

from reporter.model.branding import contrast
from reporter.model.roadmap import Way
from reporter.model.scores import tier_text
from reporter.report.chapters.chart_data import (
    Agents,
    Ages,
    CostCurve,
    CostPoint,
    LogCalendar,
    LogDays,
    Loss,
    Losses,
    MapAgent,
    OwnerAges,
)
from reporter.report.document import View
from reporter.report.html import charts, diagrams, ladders, page, svg
from reporter.report.html.printed_results import owner_text
from reporter.report.html.result_pages import level_choice, listing
from reporter.report.trend.transitions import FlowStep, Moment, Trend, flow
from reporter.report.view.elements import Figure, Level, LevelStep


@pytest.fixture(scope="module")
def rich() -> View:
    return given.view(given.rich())


def rooms(drawing: str, css: str) -> list[float]:
    """Widths of the rectangles of a class."""
    return [float(w) for w in re.findall(rf'<rect class="{css}"[^>]* width="([^"]+)"', drawing)]


def figure(lo: int, hi: int) -> Figure:
    return Figure("x", "y", "0", "1", lo, hi, assessed=True)


# ---------------------------------------------------------------- one colour code


def test_parts_and_hatching_have_contrast_with_the_paper_and_with_letters() -> None:
    for colour in (svg.GOOD, svg.FAIL, svg.MUTED, svg.LINE):
        assert contrast(colour, svg.PAPER) >= 3
    for ground in (svg.GOOD, svg.FAIL):
        assert contrast(ground, svg.PAPER) >= 4.5


def test_dark_colours_have_contrast_too() -> None:
    css = (page.templates_dir() / "screen.css").read_text("utf-8")
    dark = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", css.partition("color-scheme: dark")[2]))
    for name in ("good", "fail", "hatch"):
        assert contrast(dark[name], dark["paper"]) >= 3


def test_paper_and_screen_have_the_colours_of_the_drawings() -> None:
    css, paper = ((page.templates_dir() / n).read_text("utf-8") for n in ("base.css", "paper.typ"))
    for name, colour in (("good", svg.GOOD), ("fail", svg.FAIL)):
        assert f"--{name}: {colour};" in css and f'#let {name} = rgb("{colour}")' in paper


def test_the_accent_of_an_organisation_changes_no_picture(rich: View) -> None:
    branded = replace(rich, cover=replace(rich.cover, accent="#7a0019"))
    drawn = [re.findall(r"<svg .*?</svg>", page.render(v), re.DOTALL) for v in (rich, branded)]
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize(
    ("lo", "hi", "good", "unknown", "failing"),
    [
        (1000, 1000, True, False, False),
        (0, 0, False, False, True),
        (0, 1000, False, True, False),
        (300, 800, True, True, True),
        (300, 300, True, False, True),
    ],
)
def test_a_bar_shows_what_is_good_unknown_and_failing(
    lo: int, hi: int, good: bool, unknown: bool, failing: bool
) -> None:
    drawn = charts.bar(figure(lo, hi), 100)
    assert [bool(rooms(drawn, "good")), 'class="hatch"' in drawn, bool(rooms(drawn, "fail"))] == [
        *(good, unknown, failing)
    ]
    if good:
        assert rooms(drawn, "good") == [lo / 10]
    assert sum(rooms(drawn, "fail")) == pytest.approx((1000 - hi) / 10, abs=1)


def test_only_a_wide_bar_has_an_axis() -> None:
    assert re.findall(r">([^<]+)</text>", charts.bar(figure(1, 2), 300)) == ["0", "50", "100 %"]
    assert "<text" not in charts.bar(figure(1, 2), 130)


@pytest.mark.parametrize(
    "box", [(0, 0, 40, 10), (3.5, 7.25, 1, 12), (0, 0, 9, 300), (5, 5, 0.2, 1)]
)
def test_no_line_of_a_hatching_leaves_its_rectangle(box: tuple[float, ...]) -> None:
    x, y, width, height = box
    _, *lines = re.findall(
        r"M([-\d.]+) ([-\d.]+)l([-\d.]+) ([-\d.]+)", "M0 0l0 0" + svg.hatch(*box)
    )
    for begin_x, begin_y, right, down in (map(float, found) for found in lines):
        assert x - 0.01 <= begin_x <= begin_x + right <= x + width + 0.01
        assert y - 0.01 <= begin_y + down <= begin_y <= y + height + 0.01
    assert lines or width + height < 5


def test_unknown_is_never_drawn_as_failing_in_a_heat_map() -> None:
    (framework, *_) = given.view(given.empty()).frameworks
    drawn = charts.heat("x", framework.controls)
    assert 'class="hatch"' in drawn and 'class="fail"' not in drawn


def test_a_cell_is_as_long_as_its_shares(rich: View) -> None:
    cells = [c for k in rich.themes.controls for c in k.cells if c.kind != "none"]
    assert cells and all(0 <= c.at_lo <= c.at_hi <= 1000 for c in cells)
    for cell in cells:
        outlines = charts._grounds(cell, 0, 0)
        assert ("fail" in outlines) == (cell.at_hi < 1000 - 30) or cell.at_hi >= 900
        assert ("hatch" in outlines) == (cell.at_hi > cell.at_lo)
        assert ("good" in outlines) == (cell.at_lo > 1)


# ---------------------------------------------------------------- all drawings


def drawings(view: View) -> list[str]:
    return re.findall(r"<svg .*?</svg>", page.render(view), re.DOTALL)


def test_every_drawing_is_well_formed_and_its_labels_are_within(rich: View) -> None:
    """A letter takes at most 7 units at size 12: a label that begins too far to the right is cut."""
    for drawing in drawings(rich):
        root = ElementTree.fromstring(drawing)
        _, top, width, height = map(float, root.attrib["viewBox"].split())
        for label in root.iter("{http://www.w3.org/2000/svg}text"):
            x, y, size = (float(label.attrib[n]) for n in ("x", "y", "font-size"))
            room = len(label.text or "") * size * 0.56
            begin = {"start": x, "middle": x - room / 2, "end": x - room}[
                label.attrib["text-anchor"]
            ]
            where = (root.attrib["class"], label.text)
            assert begin >= -room * 0.2 and begin + room <= width + room * 0.2, where
            assert top <= y - size * 0.7 and y <= top + height, where


def test_no_drawing_holds_a_word_that_paper_would_cut(rich: View) -> None:
    for drawing in drawings(rich):
        assert max(map(len, drawing.split())) < 400


def test_links_of_drawings_lead_to_places_of_the_page_and_paper_has_none(rich: View) -> None:
    screen = page.render(rich)
    targets = re.findall(r'<a class="mark" href="#([^"]+)"', screen)
    assert len(targets) > 60 and set(targets) <= set(re.findall(r' id="([^"]+)"', screen))
    for name in (rich.themes.controls[0].anchor, rich.frameworks[0].controls[0].anchor):
        assert name in targets
    assert svg.LINK not in page.render(rich, "paper")
    board = page.render(rich, edition="board")
    ids = set(re.findall(r' id="([^"]+)"', board))
    assert set(re.findall(r'<a class="mark" href="#([^"]+)"', board)) <= ids


def test_what_a_drawing_filters_by_is_what_results_have(rich: View) -> None:
    found = [
        parse_qsl(unescape(f)) for f in re.findall(r' data-choices="([^"]+)"', page.render(rich))
    ]
    by_facet: dict[str, set[str]] = {}
    for facet, value in (choice for choices in found for choice in choices):
        by_facet.setdefault(facet, set()).add(value)
    rows = list(rich.findings.results.each(("owner", "tier_lo", "tier_hi"), "status <> 'na'"))
    assert by_facet["theme"] <= {c.theme for c in rich.checks}
    assert by_facet["owner"] <= {owner_text(owner, "") for owner, _, _ in rows}
    tiers = {c.tier for c in rich.agents.cards} | {tier_text(lo, hi) for _, lo, hi in rows}
    assert by_facet["tier"] <= tiers
    assert by_facet["level"] <= {level_choice(card) for card in rich.agents.cards}
    assert by_facet["status"] == {"fail", "unknown"} and by_facet.get("severity", set()) <= {
        "critical"
    }
    assert by_facet["decision"] == {str(q.rank) for q in rich.front.questions}


def test_a_decision_leads_to_all_results_that_it_settles(rich: View) -> None:
    decided = json.loads(listing(rich).decided)
    assert [rank for rank, _ in decided] == [str(q.rank) for q in rich.front.questions]
    for (_, ids), q in zip(decided, rich.front.questions, strict=True):
        assert len(ids) == len(set(ids)) and f"{len(ids)} " in q.about


def test_a_link_that_leads_nowhere_leaves_no_second_title(rich: View) -> None:
    for edition, medium in (("board", "screen"), ("auditor", "paper"), ("board", "paper")):
        drawn = re.findall("<svg .*?</svg>", page.render(rich, medium, edition=edition), re.DOTALL)
        assert drawn and all(d.count("<title>") <= 1 + d.count("<a ") for d in drawn)
        assert "data-choices" not in "".join(drawn)


def test_a_drawing_with_links_is_no_image_for_readers(rich: View) -> None:
    for drawing in drawings(rich):
        assert ('role="group"' in drawing[:200]) == (svg.LINK in drawing) or "<a" not in drawing
        assert not (svg.LINK in drawing and 'role="img"' in drawing)


@pytest.mark.parametrize(
    "drawing",
    [
        lambda v: charts.lost_points(v.losses),
        lambda v: charts.heat("x", v.themes.controls),
        lambda v: charts.days(v.calendar),
        lambda v: diagrams.tier_levels(v.agents),
        lambda v: diagrams.agent_map(v.agents),
        lambda v: ladders.cost_curve(v.cost),
        lambda v: ladders.owner_ages(v.ages),
    ],
)
def test_the_title_of_a_drawing_is_a_question(rich: View, drawing: object) -> None:
    title = re.search("<title>(.*?)</title>", drawing(rich))  # type: ignore[operator]
    assert title and "?" in title[1]


# ---------------------------------------------------------------- each of them


def test_losses_start_from_nothing_and_failing_comes_first() -> None:
    rows = (Loss("A", "t-a", "2 lost", 150, 200), Loss("B", "", "1 lost", 0, 100))
    drawn = charts.lost_points(Losses("", rows, "90 %"))
    (failing,) = rooms(drawn, "fail")
    assert failing == pytest.approx(370 * 150 / 200) and drawn.count('class="hatch"') == 2
    assert re.findall(r'text-anchor="(?:start|middle|end)"[^>]*>([\d.]+)<', drawn) == ["0", "0.5", "1", "1.5", "2"]  # fmt: skip


def step(level: int, met: int, unknown: int, missing: int) -> LevelStep:
    return LevelStep(level, f"L{level}", met, missing, unknown, "text", "Identity?", ())


def test_the_ladder_of_page_1_has_a_tick_and_a_bar_for_each_level(rich: View) -> None:
    for medium in ("screen", "paper"):
        (ladder,) = re.findall(r'<table class="ladder.*?</table>', page.render(rich, medium), re.DOTALL)  # fmt: skip
        rows = re.findall(r"<tr.*?</tr>", ladder, re.DOTALL)[1:]
        assert len(rows) == len(rich.front.rungs) > 1
        for row, rung in zip(rows, rich.front.rungs, strict=True):
            of = rich.summary.steps[rung.level - 1]
            assert (
                f"Level {rung.level}: {of.met} of " in row and f" {rung.level} {rung.name}" in row
            )
            assert row.count('class="chart state"') == row.count('class="chart practices"') == 1


@pytest.mark.parametrize(
    ("n", "said"), [(1, "reached"), (2, "could be"), (3, "not reached</title>")]
)
def test_a_tick_tells_reached_from_possible_and_from_neither(n: int, said: str) -> None:
    drawn = ladders.tick(step(n, 1, 1, 1), Level("1", "x", "", 1, 2, 3))
    assert said in drawn


def test_practices_are_drawn_in_their_shares() -> None:
    drawn = ladders.practices(step(2, 2, 1, 1), 120)
    assert rooms(drawn, "good") == [60] and rooms(drawn, "fail") == [29]
    assert "2 of 4 practices met, 1 unknown, 1 missing" in drawn


def moment(at: int, lo: int, hi: int, alike: bool = True, assessed: bool = True) -> Moment:
    return Moment(f"{at + 1} July 2026", "1", "x", "y", at * 100, lo, hi, assessed, alike, 1)


def test_two_runs_are_a_dumbbell_and_four_are_a_line() -> None:
    few = ladders.trend(Trend("x", (moment(0, 700, 800), moment(10, 500, 500))))
    assert few.count("<circle") == 2 and few.count('class="good-line"') == 1
    assert few.count('class="hatch"') == 1  # the second has no range
    left, right = (float(x) for x in re.findall(r'<circle [^>]*cx="([\d.]+)"', few))
    assert left > right
    unlike = ladders.trend(Trend("x", (moment(0, 700, 800), moment(10, 500, 500, alike=False))))
    assert 'class="good-line"' not in unlike and "rules changed" in unlike
    many = ladders.trend(Trend("x", tuple(moment(n * 3, 100 * n, 100 * n + 50, n != 2) for n in range(4))))  # fmt: skip
    assert many.count("<circle") == 4 and many.count('class="good-line"') == 3
    assert many.count("rules changed") == 1 and many.count('stroke-dasharray="6 5"') == 1


def test_no_line_joins_a_run_that_was_not_assessed() -> None:
    runs = (moment(0, 700, 800), moment(5, 0, 0, assessed=False), moment(10, 500, 500))
    assert ladders.trend(Trend("x", runs)).count("<circle") == 2


MATRIX = {
    ("fail", "pass"): 5, ("fail", "unknown"): 2, ("fail", "fail"): 40, ("fail", "gone"): 1,
    ("pass", "fail"): 7, ("gone", "fail"): 3, ("pass", "pass"): 90, ("pass", "unknown"): 4,
    ("unknown", "pass"): 6, ("compensated", "fail"): 1, ("out of scope", "unknown"): 8,
}  # fmt: skip


@pytest.mark.parametrize(("status", "then", "now"), [("fail", 48, 51), ("unknown", 6, 14)])
def test_the_steps_from_then_to_now_add_up(status: str, then: int, now: int) -> None:
    first, *steps, last = flow(MATRIX, status)
    assert (first.n, last.n) == (then, now)
    assert first.n + sum(s.n if s.is_added else -s.n for s in steps) == last.n
    assert all(s.n for s in steps)


def test_each_step_is_named_and_drawn_by_what_it_is() -> None:
    steps = flow(MATRIX, "fail")
    assert [(s.label, s.n) for s in steps[1:-1]] == [
        *(("fixed", 5), ("evidence lost", 2), ("gone or out of scope", 1)),
        *(("newly failing", 7), ("no longer accepted", 1), ("new in scope, failing", 3)),
    ]
    drawn = ladders.flow(steps)
    assert len(rooms(drawn, "good")) == 1 and len(rooms(drawn, "fail")) == 5
    assert drawn.count('class="hatch"') == 1 and "−5<" in drawn and "+7<" in drawn


def test_nothing_then_and_nothing_now_is_drawn_too() -> None:
    assert "<rect" not in ladders.flow((FlowStep("then", 0, "then"), FlowStep("now", 0, "now")))


def test_the_cost_curve_marks_the_way_to_each_level_wherever_the_line_is() -> None:
    points = (CostPoint(0, 300, 0), CostPoint(50, 400, 1), CostPoint(100, 420, 1), CostPoint(400, 700, 3))  # fmt: skip
    marks = (CostPoint(20, 400, 1), CostPoint(600, 700, 3))
    drawn = ladders.cost_curve(CostCurve("said", points, ("30 %", "70 %"), marks))
    assert [float(x) for x in re.findall(r'<circle [^>]*cx="([^"]+)"', drawn)] == [66.667, 608]  # fmt: skip
    assert re.findall(r">(level \d)<", drawn) == ["level 1", "level 3"]
    assert "30 %" in drawn and "70 %" in drawn


def test_the_cost_curve_of_a_run_is_its_roadmap(rich: View) -> None:
    assert len(rich.cost.points) == len(rich.roadmap.picks) + 1
    assert rich.cost.ends[1] == rich.roadmap.picks[-1].total_after
    days = sum(float(p.effort) for p in rich.roadmap.picks)
    assert abs(rich.cost.points[-1].at_days - 10 * days) <= 1
    assert given.view(given.perfect()).cost.points == ()


def test_the_cost_of_each_level_is_that_of_the_first_page() -> None:
    """The roadmap in its order reaches a level later than the shortest list does."""
    a = given.rich()
    way = Way(2, (), (), (), Fraction(9, 2), Fraction(1, 2), 2)
    ways = (way, replace(way, level=3, days=Fraction(80), reached=2))
    cost = given.view(replace(a, roadmap=replace(a.roadmap, ways=ways))).cost
    assert cost.marks == (CostPoint(45, 500, 2),)
    assert "level 2 after 4.5 person-days" in cost.text and "level 3 after 80" not in cost.text


def test_owners_have_all_failing_results_and_without_earlier_runs_no_age(rich: View) -> None:
    failing = sum(c.counts.failed for c in rich.checks)
    assert sum(n for r in rich.ages.rows for n in r.counts) == failing
    assert rich.ages.heads == ("age not known",)
    assert "Without an earlier run" in rich.ages.text


def test_the_age_of_findings_is_a_column_each() -> None:
    ages = Ages("", ("new", "old"), (OwnerAges("<ann>", (4, 0)), OwnerAges("nobody", (1, 2))))
    drawn = ladders.owner_ages(ages)
    assert len(rooms(drawn, "fail")) == 3 and "&lt;ann&gt;" in drawn
    assert max(rooms(drawn, "fail")) == pytest.approx(4 * min(rooms(drawn, "fail")))


def on_map(*agents: MapAgent) -> str:
    return diagrams.agent_map(Agents(map=agents))


@pytest.mark.parametrize(
    ("failing", "unknown", "blind", "css"),
    [
        (0, 0, False, "good"),
        (2, 0, False, "fail"),
        (2, 5, True, "fail-line"),
        (0, 1, False, "hatch"),
        (0, 0, True, "hatch"),
    ],
)
def test_the_map_tells_failing_from_unseen(
    failing: int, unknown: int, blind: bool, css: str
) -> None:
    drawn = on_map(MapAgent("a", 3, "high", failing, unknown, blind))
    assert {c for c in ("good", "fail", "fail-line", "hatch") if f'<path class="{c}"' in drawn and 'd=""' not in drawn.partition(f'<path class="{c}"')[2].partition("/>")[0]} == {css}  # fmt: skip


def test_the_map_shows_every_agent_in_use_and_links_to_its_card(rich: View) -> None:
    assert len(rich.agents.map) == sum(r.total for r in rich.agents.rows)
    critical = {c.id for c in rich.checks if c.severity == "critical"}
    for agent in rich.agents.map[:3]:
        failures = [r for r in given.rich().rows if r.actor == agent.agent and r.check in critical]
        assert agent.failing == sum(r.status == "fail" for r in failures)
        assert agent.unknown == sum(r.status == "unknown" for r in failures)
    screen = page.render(rich)
    drawn = screen[screen.index('class="chart agent-map"') :].partition("</svg>")[0]
    assert drawn.count(svg.LINK) == len(rich.agents.map)


def test_a_map_of_thousands_counts_them() -> None:
    drawn = on_map(*(MapAgent(f"a{n}", 4, "critical", 0, 0, False) for n in range(2000)))
    assert len(drawn) < 4000 and ">2,000<" in drawn


def test_silent_logs_come_first_and_name_whom_they_blind() -> None:
    days = (LogDays("quiet", "nnnn", "4 days", ("b", "c")), LogDays("loud", "aapn", "4 days"))
    drawn = charts.days(LogCalendar("", ((0, "Jul"),), days))
    assert "not visible: b and 1 more" in drawn and drawn.count('class="hatch"') == 1
    assert drawn.index("quiet") < drawn.index("loud")


def test_only_what_deviates_of_a_path_is_drawn(rich: View) -> None:
    card = next(c for c in rich.agents.cards if c.agent == "agent-01")
    drawn = diagrams.deviations(card)
    for s in card.steps:
        assert (f">{svg.escape(svg.clip(s.name, 28))}<" in drawn) == (s.standing not in ("before", "holds"))  # fmt: skip

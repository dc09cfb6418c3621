"""The chapter on the roadmap: the same numbers in every format, and each open result in one action."""

from __future__ import annotations

import html as escapes
from collections import Counter
from fractions import Fraction

import fixture_assessment as given
import pytest

from reporter.report.document import View
from reporter.report.html import page as html
from reporter.report.view.finding_rows import OWED, rows
from reporter.report.view.format import percent


@pytest.fixture(scope="module")
def rich() -> View:
    return given.view(given.rich())


def test_the_roadmap_of_the_page_is_that_of_the_view(rich: View) -> None:
    road, page = rich.roadmap, html.render(rich)
    assert 0 < len(road.urgent) <= 12
    assert len(road.ranked) == 10
    assert [p.id for p in road.picks[: len(road.urgent)]] == [p.id for p in road.urgent]
    for line in (*road.urgent, *road.ranked):
        assert page.count(f"{line.id} · <bdi>") == 1
    assert page.count(escapes.escape(road.first_text)) == 1


def test_gains_of_the_roadmap_add_up_to_its_last_score(rich: View) -> None:
    road = rich.roadmap
    total = sum((Fraction(p.exact_gain) for p in road.picks), Fraction(road.start))
    assert percent(total) == road.picks[-1].total_after
    assert road.start == rich.themes.total.figure.exact_lo


def test_each_open_row_of_the_findings_is_in_one_action(rich: View) -> None:
    owed = list(rows(rich.findings, OWED, also=("rank",)))
    status = rich.finding_columns.index("status")
    assert [row for row, _ in owed] == [
        f for f in rich.findings if f[status] in ("fail", "unknown")
    ]
    results = Counter(rank for _, rank in owed)
    assert {n: int(p.results) for n, p in enumerate(rich.roadmap.picks, 1)} == results


def test_nothing_open_is_nothing_to_plan() -> None:
    road = given.view(given.perfect()).roadmap
    assert (road.picks, road.first_text) == ((), "")
    assert road.text == "Nothing failed and nothing is unknown: there is nothing to plan."

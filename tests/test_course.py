"""The course over all runs and the dates of findings: nothing is joined or exact that no run shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import fixture_assessment as given
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from reporter.model.comparison import Cause
from reporter.model.history import EarlierRun, FindingCounts, History, Lifetime
from reporter.report.chapters.follow_up.deadlines import Deadline, age_text, deadline, seen_text
from reporter.report.chapters.follow_up.kept_dates import (
    BETWEEN,
    IN_TIME,
    LATE,
    dates_table,
    fixed_when,
    kept_dates,
    median_age,
    oldest_age,
    open_deadlines,
)
from reporter.report.html import ladders
from reporter.report.office.outline import _course_chart
from reporter.report.trend.changes import _trends
from reporter.report.trend.course import Course, course, sheet_rows
from reporter.report.trend.standings import standings

DAY = timedelta(days=1)
DUE = {"critical": 30, "high": 60, "medium": 90, "low": 180}


def life(began: datetime, last: datetime, closed: datetime | None = None, **more: Any) -> Lifetime:
    one = Lifetime("f", "T", "a", "critical", began, last, closed, (("pass", 1),))
    return replace(one, **more)


def dated(age: int, is_exact: bool) -> Deadline:
    return Deadline(datetime(2026, 1, 1), age, None, None, 0, is_exact)


# ---------------------------------------------------------------- ages and dates

ages = st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.integers(0, 9)), min_size=1, max_size=7)  # fmt: skip


@drawn(drawn_ages=ages)
def test_a_median_or_highest_age_is_exact_only_where_no_finding_can_be_older(
    drawn_ages: list[tuple[int, bool, int]],
) -> None:
    live = [dated(age, is_exact) for age, is_exact, _ in drawn_ages]
    true = sorted(age + (0 if is_exact else more) for age, is_exact, more in drawn_ages)
    for told, truth in ((median_age(live), true[(len(true) - 1) // 2]), (oldest_age(live), true[-1])):  # fmt: skip
        assert told and told.days <= truth
        assert not told.is_exact or told.days == truth


@drawn(last=st.integers(0, 60), gap=st.integers(1, 60))
def test_fixed_in_time_is_said_only_where_each_day_between_two_runs_would_be(last: int, gap: int) -> None:  # fmt: skip
    began = datetime(2026, 1, 1)
    due = began + 30 * DAY
    end = began + (last + gap) * DAY
    days = {began + n * DAY <= due for n in range(last, last + gap + 1)}
    told = fixed_when(life(began, began + last * DAY, end), DUE)
    assert told == (BETWEEN if len(days) == 2 else IN_TIME if days == {True} else LATE)


@pytest.mark.parametrize(
    ("first_seen", "is_known", "age", "seen"),
    [
        (None, False, "not known", "in this run; no earlier run was given"),
        (given.single().run.as_of.replace(tzinfo=None), True, "new", "in this run"),
        (given.single().run.as_of.replace(tzinfo=None), False, "not known",
         "in this run; it may be older, for the run before could not judge it"),
        (given.single().run.as_of.replace(tzinfo=None) - 90 * DAY, True, "90 days", None),
        (given.single().run.as_of.replace(tzinfo=None) - 90 * DAY, False, "at least 90 days", None),
    ],
)  # fmt: skip
def test_an_age_that_no_run_shows_is_not_told(
    first_seen: datetime | None, is_known: bool, age: str, seen: str | None
) -> None:
    cause = Cause("c", "T", (), "a", "high", (), (), (), (), "", first_seen, is_known)
    dates = deadline(cause, given.single().run.as_of, DUE)
    assert age_text(dates) == age
    told = seen_text(cause, dates)
    assert told == seen if seen else told.endswith(" or before") != is_known


def test_what_is_back_says_when_it_was_first_seen_and_when_it_was_back() -> None:
    cause = Cause("c", "T", (), "a", "high", (), (), (), (), "", datetime(2026, 8, 1), True)
    past = life(datetime(2026, 2, 1), datetime(2026, 8, 1), datetime(2026, 5, 1), reopened=datetime(2026, 8, 1))  # fmt: skip
    dates = deadline(cause, datetime(2026, 10, 1), DUE, None, past)
    assert seen_text(cause, dates) == "1 February 2026; reopened: 1 August 2026"
    assert (dates.ever_seen, dates.age) == (datetime(2026, 2, 1), 61)


def test_dates_are_counted_by_severity_and_nothing_that_ended_is_left_out() -> None:
    run = given.single()
    now = run.run.as_of.replace(tzinfo=None)
    old = Cause("a", "T", (), "a", "critical", (), (), (), ("ann",), "", now - 90 * DAY, False)
    new = Cause("b", "T", (), "b", "critical", (), (), (), ("ann",), "", now, True)
    gone = [
        life(now - 100 * DAY, now - 90 * DAY, now - 80 * DAY, finding="c"),
        life(now - 180 * DAY, now - 90 * DAY, now, finding="d"),
        life(now - 90 * DAY, now - 90 * DAY, now, finding="e"),
        life(now - 90 * DAY, now - 90 * DAY, now, finding="f", became=(("unknown", 1),)),
    ]
    before = EarlierRun(now - 90 * DAY, now - 180 * DAY, now - 90 * DAY, "", "", (), ())
    run = replace(run, causes=(old, new), history=History(runs=(before,), closed=tuple(gone)), responses=(), policy=replace(run.policy, due_days=DUE))  # fmt: skip
    dates = open_deadlines(run)
    (row,) = kept_dates(run, dates)
    assert (row.open, row.overdue, row.fixed, row.in_time, row.late, row.between, row.unseen) == (2, 1, 3, 1, 1, 1, 1)  # fmt: skip
    table = dates_table(run, dates)
    assert table.rows[0][8] == "1 of 4 (25.0 %), up to 2"
    assert table.owners == ((table.owners[0][0], "1", "1"),)
    assert "at least 90 days" in table.for_board
    assert dates_table(replace(run, history=History()), dates).rows == ()


# ---------------------------------------------------------------- the course


def shown(*starts: tuple[int, int], unlike: int = -1) -> tuple[Course, Any]:
    """The course of runs before this one: days ago that their periods began and ended."""
    run = given.single()
    now = run.run.as_of.replace(tzinfo=None)
    runs = tuple(
        EarlierRun(
            now - end * DAY, now - begin * DAY, now - end * DAY, "", "", standings(run),
            ("the policy",) if n == unlike else (), coverage=run.scores.enterprise.total.coverage,
        )
        for n, (begin, end) in enumerate(starts)
    )  # fmt: skip
    counts = [FindingCounts(r.as_of, 5) for r in runs[:1]]
    counts += [FindingCounts(r.as_of, 5, 2, 0, 1, 1, 0) for r in (*runs[1:], runs[0])]
    period = replace(run.run, period_from=run.run.as_of - 90 * DAY, period_to=run.run.as_of)
    made = replace(run, run=period, history=History(runs=runs, course=tuple(counts)))
    trends = _trends(made)
    return course(made, trends), trends


def test_one_earlier_run_makes_no_course() -> None:
    told, trends = shown((180, 90))
    assert told == Course() and list(sheet_rows(told, trends)) == []


def test_a_time_without_a_run_and_other_rules_are_marked_and_not_joined() -> None:
    told, trends = shown((450, 360), (270, 180), (180, 90), unlike=1)
    assert [p.is_joined for p in told.points] == [True, False, False, True]
    assert [bool(p.gap) for p in told.points] == [False, True, False, False]
    assert told.rows[2][-1] == "judged by other rules than the run before"
    assert "reporter restate" in told.text and "no run covers" in told.text
    drawing = ladders.course(told)
    assert drawing.count("good-line") == 1
    assert drawing.count(">no run<") == drawing.count(">rules changed<") == 1
    assert told.rows[0][5:9] == ("–",) * 4  # no run before shows what was new
    chart = _course_chart(told)
    assert chart and sum("after a time without a run" in c for c in chart.categories) == 1
    rows = list(sheet_rows(told, trends))
    assert len(rows) == len(trends) * 4 and rows[0][9:13] == ("",) * 4


def test_a_course_without_gaps_says_nothing_of_them() -> None:
    told, _ = shown((270, 180), (180, 90))
    assert all(p.is_joined for p in told.points)
    assert "restate" not in told.text and "no run" not in told.text
    assert ladders.course(told).count("good-line") == 2


@pytest.mark.parametrize("share", range(700, 1001, 10))
def test_no_line_runs_through_the_level_of_a_run(share: int) -> None:
    """Letters reach about eight units above the place that they stand on."""
    y = ladders._off_line(ladders._height(share) - 6)
    assert not y - 9 < ladders._height(1000) < y + 2

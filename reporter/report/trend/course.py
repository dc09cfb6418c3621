"""The course over all runs: level, score, coverage and findings, run by run. In: an `Assessment`
with at least two earlier runs. Out: `Course`, which pictures, tables and sheets print.

A run that was judged by other rules, and a time that no run covers, are marked: no line joins them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from reporter.i18n.translate import say
from reporter.model import assessment as model
from reporter.model.history import FindingCounts
from reporter.report.trend.earlier_runs import in_utc
from reporter.report.trend.transitions import Moment, Trend
from reporter.report.view.format import digits, number, percent, period, thousandths

FEWEST = 3
"""Runs that make a course, this one among them: two are compared as they are."""
_DAY = timedelta(days=1)
_NONE = "–"


@dataclass(frozen=True, slots=True)
class CoursePoint:
    """One run of the course."""

    score: Moment
    coverage: str
    at_coverage: int
    counts: FindingCounts
    gap: str = ""
    """The time before it that no run covers; empty where there is none."""
    note: str = ""
    """That time, and whether it was judged by other rules than the run before."""

    @property
    def is_joined(self) -> bool:
        """Tell whether a line may lead to it from the run before."""
        return self.score.alike and not self.gap


@dataclass(frozen=True, slots=True)
class Course:
    """All runs, this one last; empty with fewer than two earlier runs."""

    text: str = ""
    head: tuple[str, ...] = ()
    points: tuple[CoursePoint, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    """As a table, a run each; the counts of a run are `–` where no run before is known."""


def course(assessment: model.Assessment, trends: Sequence[Trend]) -> Course:
    """Print the course of the whole, whose scores are the first of the trends."""
    past = assessment.history
    if len(past.course) < FEWEST:
        return Course()
    run, total = assessment.run, assessment.scores.enterprise.total
    coverages = [*(r.coverage for r in past.runs), total.coverage]
    periods = [*((r.period_from, r.period_to) for r in past.runs), (run.period_from, run.period_to)]
    gaps = ["", *_gaps(periods)]
    points = tuple(
        CoursePoint(
            moment,
            percent(share) if share is not None else "",
            thousandths(share) if share is not None else 0,
            counts,
            gap,
            _note(moment, gap),
        )
        for moment, share, counts, gap in zip(
            trends[0].moments, coverages, past.course, gaps, strict=True
        )
    )
    return Course(
        text=_text(points),
        head=(
            *(say("As of"), say("Level"), say("Score"), say("Coverage"), say("Open")),
            *(say("New"), say("Reopened"), say("Fixed"), say("Not seen any more"), say("Note")),
        ),
        points=points,
        rows=tuple(map(_row, points)),
    )


def _gaps(periods: Sequence[tuple[datetime, datetime]]) -> Iterator[str]:
    """Yield the time between two periods, one after the other; empty where there is none."""
    for (_, before), (after, _) in pairwise(periods):
        start, end = in_utc(before), in_utc(after)
        yield period(start, end) if end - start > _DAY else ""


def _note(moment: Moment, gap: str) -> str:
    notes = [say("no run for {period}", period=gap)] if gap else []
    if not moment.alike:
        notes.append(say("judged by other rules than the run before"))
    return "; ".join(notes)


def _text(points: Sequence[CoursePoint]) -> str:
    sentences = [
        say(
            "{n} runs. Open findings change by those that are new, reopened, fixed, not seen any"
            " more, or grouped anew.",
            n=number(len(points)),
        )
    ]
    if any(not p.score.alike for p in points):
        sentences.append(
            say(
                "Where the rules changed, the difference may come from them. The command reporter"
                " restate judges an earlier run by the rules of today."
            )
        )
    if any(p.gap for p in points):
        sentences.append(say("Nothing is known of a time that no run covers."))
    return " ".join(sentences)


def _row(point: CoursePoint) -> tuple[str, ...]:
    score, counts = point.score, point.counts
    regrouped = counts.regrouped and say("{n} grouped anew", n=f"{counts.regrouped:+}")
    return (
        score.as_of,
        score.level or _NONE,
        score.range or score.score,
        point.coverage or _NONE,
        number(counts.open),
        *map(_flow, (counts.new, counts.reopened, counts.fixed, counts.out_of_sight)),
        "; ".join(filter(None, (point.note, regrouped or ""))),
    )


def _flow(n: int | None) -> str:
    return _NONE if n is None else number(n)


def sheet_rows(shown: Course, trends: Sequence[Trend]) -> Iterator[tuple[str, ...]]:
    """Yield the runs for a sheet: of the whole first, then of each framework, without what only the
    whole has. A cell is empty where nothing is known.
    """
    for trend in trends:
        is_whole = trend is trends[0]
        for moment, point in zip(trend.moments, shown.points, strict=bool(shown.points)):
            more = _findings_of(point) if is_whole else ("",) * 6
            yield (trend.name, *_score_cells(moment), *more, point.note)


def _score_cells(moment: Moment) -> tuple[str, ...]:
    level = digits(moment.level_lo) if moment.level_lo is not None else ""
    if not moment.assessed:
        return moment.as_of, level, moment.score, "", "", ""
    most = percent(Fraction(moment.exact_hi))
    return moment.as_of, level, moment.score, most, moment.exact_lo, moment.exact_hi


def _findings_of(point: CoursePoint) -> tuple[str, ...]:
    counts = point.counts
    flows = (counts.new, counts.reopened, counts.fixed, counts.out_of_sight)
    return (
        point.coverage,
        digits(counts.open),
        *("" if n is None else digits(n) for n in flows),
    )

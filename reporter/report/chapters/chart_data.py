"""The data of charts: an `Assessment` in, the losses by theme and the calendar of the logs out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from reporter.i18n.translate import content, say, short_month
from reporter.model import assessment as model
from reporter.report.chapters.next_steps import points
from reporter.report.view.format import clean, count, number, percent


@dataclass(frozen=True, slots=True)
class Loss:
    """A theme and what the enterprise score loses by it; places are thousandths of the score, from
    the right.
    """

    title: str
    anchor: str
    text: str
    """"3.20 points, 1.10 of them evidence"."""
    at_from: int
    at_evidence: int
    """Left of it the loss is only possible: hi would not lose it."""
    at_to: int


@dataclass(frozen=True, slots=True)
class Losses:
    text: str = ""
    rows: tuple[Loss, ...] = ()
    """The largest first; they lead from 100 % down to the evidenced score."""
    score: str = ""


@dataclass(frozen=True, slots=True)
class LogDays:
    """One log source over the days of the period."""

    log_source: str
    days: str
    """A letter a day: a = all expected units, p = part of them, n = none."""
    text: str
    """"80 days in full, 4 in part, 8 without"."""


@dataclass(frozen=True, slots=True)
class LogCalendar:
    text: str = ""
    months: tuple[tuple[int, str], ...] = ()
    """(day of the period counted from 0, what is printed above it)"""
    rows: tuple[LogDays, ...] = ()


@dataclass(frozen=True, slots=True)
class PathStep:
    """For whom an agent acts, or what it used."""

    kind: str
    """principal | tool | data | destination"""
    name: str
    uses: str
    changes: str
    """changes | reads; empty: no effect is known."""
    standing: str
    """before | later | never | not recorded | unregistered | holds | left | broken"""
    words: str
    """The same in words: "approved before its first use"."""
    record: str


@dataclass(frozen=True, slots=True)
class AgentCard:
    """One active agent, or one that no register knows: its level and its action path."""

    agent: str
    tier: str
    level: str
    """"1, at most 2"; empty where there is none."""
    score: str
    """"84.2 % [84.2-90.0 %]"."""
    text: str
    """"acts for 1 principal; used 3 tools and 2 data sources, 1 of them never approved"."""
    steps: tuple[PathStep, ...]
    """The first few of each kind, what is not approved first."""
    more: str
    """Where the others stand; empty when all are shown."""


@dataclass(frozen=True, slots=True)
class TierRow:
    tier: str
    """"4", or "2 to 3" where the evidence leaves it open."""
    cells: tuple[int, ...]
    """Agents at level 0 to 5, then those to whom too few practices apply."""
    total: int


@dataclass(frozen=True, slots=True)
class Agents:
    """Agents by tier and level, and one card each."""

    text: str = ""
    rows: tuple[TierRow, ...] = ()
    """The highest tier first."""
    cards: tuple[AgentCard, ...] = ()
    """By name."""
    worst: tuple[str, ...] = ()
    """Those whose path is shown on paper: most that nobody approved."""


MOST_DAYS, MOST_LOGS = 400, 30


def losses(assessment: model.Assessment) -> Losses:
    """List the losses from 100 % down to the evidenced score by theme, the largest first."""
    view = assessment.scores.enterprise
    themes = [c for c in view.controls if c.state != "not_applicable"]
    if not view.total.assessed:
        return Losses()
    total_weight = sum(c.weight for c in themes)
    costs = [
        (
            Fraction(c.weight, total_weight) * (1 - c.lo),
            Fraction(c.weight, total_weight) * (c.hi - c.lo),
            c.id,
        )
        for c in themes
    ]
    titles = {t.id: clean(content(t.title)) for t in assessment.themes}
    rows, remainder = [], Fraction(1)
    for cost, open_cost, theme in sorted(costs, key=lambda row: (-row[0], row[2])):
        next_remainder = remainder - cost
        rows.append(
            Loss(
                title=titles[theme],
                anchor=theme,
                text=_cost(cost, open_cost),
                at_from=int(remainder * 1000),
                at_evidence=int((next_remainder + open_cost) * 1000),
                at_to=int(next_remainder * 1000),
            )
        )
        remainder = next_remainder
    return Losses(
        say(
            "From 100 % down to the evidenced {score}: the points each theme costs, and how many"
            " of them are only missing evidence.",
            score=percent(view.total.lo),
        ),
        tuple(rows),
        percent(remainder),
    )


def _cost(cost: Fraction, open_cost: Fraction) -> str:
    if not cost:
        return say("nothing")
    evidence = say(", {n} of them without evidence", n=points(open_cost)) if open_cost else ""
    return say("{n} points", n=points(cost)) + evidence


def calendar(assessment: model.Assessment) -> LogCalendar:
    """Show the days of the period for each log source."""
    end = min(assessment.run.period_to, assessment.run.as_of)
    days = (end - assessment.run.period_from).days
    feeds = sorted(assessment.feeds, key=lambda f: (f.alive, f.log_source))
    if not feeds or not 0 < days <= MOST_DAYS:
        return LogCalendar()
    starts = [assessment.run.period_from + timedelta(days=n) for n in range(days)]
    months = [(n, short_month(at)) for n, at in enumerate(starts) if at.day == 1 or not n]
    units = dict(assessment.feed_days)
    rows = []
    for feed in feeds[:MOST_LOGS]:
        expected_units = 24 if feed.every == "hour" else 1
        units_by_day = dict(units.get(feed.log_source, ()))
        marks = "".join(_mark(units_by_day.get(n, 0), expected_units) for n in range(days))
        text = ", ".join(
            f"{number(marks.count(mark))} {said}"
            for mark, said in (("a", say("in full")), ("p", say("in part")), ("n", say("without")))
            if marks.count(mark)
        )
        rows.append(LogDays(clean(feed.log_source), marks, f"{count(days, 'day')}: {text}"))
    note = (
        say(" The {n} that delivered least are drawn.", n=MOST_LOGS)
        if len(feeds) > MOST_LOGS
        else ""
    )
    return LogCalendar(
        say(
            "Each day of the period: did the log deliver in every expected unit, in some, or in"
            " none?"
        )
        + note,
        tuple(months),
        tuple(rows),
    )


def _mark(seen_units: int, expected_units: int) -> str:
    return "a" if seen_units >= expected_units else "p" if seen_units else "n"

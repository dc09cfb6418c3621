"""What is drawn beside its numbers: an `Assessment` in, the losses by theme and the calendar of the logs out."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

from reporter import model
from reporter.texts import content, say, short_month

from . import shape_pictures as shape
from .roadmap import points
from .words import clean, count, number, percent

MOST_DAYS, MOST_LOGS = 400, 30


def losses(a: model.Assessment) -> shape.Losses:
    """Lead from 100 % to the evidenced score, theme by theme, the costliest first."""
    view = a.scores.enterprise
    themes = [c for c in view.controls if c.state != "not_applicable"]
    if not view.total.assessed:
        return shape.Losses()
    whole = sum(c.weight for c in themes)
    costs = [(Fraction(c.weight, whole) * (1 - c.lo), Fraction(c.weight, whole) * (c.hi - c.lo), c.id) for c in themes]  # fmt: skip
    titles = {t.id: clean(content(t.title)) for t in a.themes}
    rows, left = [], Fraction(1)
    for cost, open_, theme in sorted(costs, key=lambda row: (-row[0], row[2])):
        then = left - cost
        rows.append(
            shape.Loss(
                title=titles[theme],
                anchor=theme,
                text=_cost(cost, open_),
                at_from=int(left * 1000),
                at_evidence=int((then + open_) * 1000),
                at_to=int(then * 1000),
            )
        )
        left = then
    return shape.Losses(
        say(
            "From 100 % down to the evidenced {score}: what each theme costs in points of the score, and how much of that is only "
            "missing evidence.", score=percent(view.total.lo),
        ),
        tuple(rows),
        percent(left),
    )  # fmt: skip


def _cost(cost: Fraction, open_: Fraction) -> str:
    if not cost:
        return say("nothing")
    evidence = say(", {n} of them evidence", n=points(open_)) if open_ else ""
    return say("{n} points", n=points(cost)) + evidence


def calendar(a: model.Assessment) -> shape.LogCalendar:
    """Lay the days of the period out for each log source."""
    end = min(a.run.period_to, a.run.as_of)
    days = (end - a.run.period_from).days
    known = sorted(a.feeds, key=lambda f: (f.alive, f.log_source))
    if not known or not 0 < days <= MOST_DAYS:
        return shape.LogCalendar()
    starts = [a.run.period_from + timedelta(days=n) for n in range(days)]
    months = [(n, short_month(at)) for n, at in enumerate(starts) if at.day == 1 or not n]
    units = dict(a.feed_days)
    rows = []
    for feed in known[:MOST_LOGS]:
        full = 24 if feed.every == "hour" else 1
        seen = dict(units.get(feed.log_source, ()))
        marks = "".join(_mark(seen.get(n, 0), full) for n in range(days))
        text = ", ".join(
            f"{number(marks.count(mark))} {said}"
            for mark, said in (("a", say("in full")), ("p", say("in part")), ("n", say("without")))
            if marks.count(mark)
        )
        rows.append(shape.LogDays(clean(feed.log_source), marks, f"{count(days, 'day')}: {text}"))
    more = (
        say(" The {n} that delivered least are drawn.", n=MOST_LOGS)
        if len(known) > MOST_LOGS
        else ""
    )
    return shape.LogCalendar(
        say(
            "Each day of the period: did the log deliver in every unit that is expected of it, in some, or in none?"
        )
        + more,
        tuple(months),
        tuple(rows),
    )


def _mark(seen: int, full: int) -> str:
    return "a" if seen >= full else "p" if seen else "n"

"""The data of charts. In: an `Assessment`, its results and their changes. Out: the losses by theme,
the calendar of the logs, the cost of each level, open findings by owner and age.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from reporter.i18n.translate import content, day, mark, say, say_n, short_month
from reporter.model import assessment as model
from reporter.model.roadmap import Way
from reporter.report.chapters.next_steps import person_days, points
from reporter.report.view.format import (
    clean,
    count,
    join,
    number,
    owner,
    percent,
    person,
    short,
    thousandths,
)
from reporter.runs.store import Results


@dataclass(frozen=True, slots=True)
class Loss:
    """A theme and what the enterprise score loses by it, in hundredths of a point."""

    title: str
    anchor: str
    text: str
    """"3.20 lost: 2.10 failing, 1.10 without evidence"."""
    at_failing: int
    at_cost: int
    """The same, and what is lost by missing evidence."""


@dataclass(frozen=True, slots=True)
class Losses:
    text: str = ""
    rows: tuple[Loss, ...] = ()
    """The largest first; together they are what lies between 100 % and the evidenced score."""
    score: str = ""


@dataclass(frozen=True, slots=True)
class LogDays:
    """One log source over the days of the period."""

    log_source: str
    days: str
    """A letter a day: a = all expected units, p = part of them, n = none."""
    text: str
    """"80 days in full, 4 in part, 8 without"."""
    blinds: tuple[str, ...] = ()
    """Of a log that does not deliver, the agents that it should show."""


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
    since: str = ""
    """Day of the first use; empty where no record says."""


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
    unit: str = ""
    """Its business unit; empty where no input names one."""
    tier_text: str = ""
    """What gives it its tier: "declared high; autonomy 0 to 2, blast radius 1, data 2"."""
    lowest: int | None = None
    """Its level on evidence; None where there is none."""


@dataclass(frozen=True, slots=True)
class TierRow:
    tier: str
    """"4", or "2 to 3" where the evidence leaves it open."""
    cells: tuple[int, ...]
    """Agents at level 0 to 5, then those to whom too few practices apply."""
    total: int
    name: str = ""
    """"critical", or "medium to critical"."""
    ends: tuple[tuple[int, int], ...] = ()
    """Of each level the thousandths of its agents that reach the target: proven, and at most."""
    worst: tuple[str, ...] = ()
    """Those with most failing critical results, then with the lowest level."""
    printed: str = ""
    """The tier as cards and results print it."""


@dataclass(frozen=True, slots=True)
class MapAgent:
    """An agent in use on the map of agents."""

    agent: str
    tier: int
    """The highest that the evidence allows."""
    tier_name: str
    failing: int
    """Failing critical results."""
    unknown: int
    """Unknown critical results."""
    is_blind: bool
    """No log supplied shows it."""


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
    map: tuple[MapAgent, ...] = ()
    """Those in use, the highest tier and the most failing critical results first."""
    map_text: str = ""
    target: int = 0
    """Level that their colours ask for."""


@dataclass(frozen=True, slots=True)
class CostPoint:
    """The roadmap after one action."""

    at_days: int
    """Person-days of all actions so far, in tenths."""
    at_score: int
    """Thousandths: the evidenced score then."""
    level: int


@dataclass(frozen=True, slots=True)
class CostCurve:
    """What the actions of the roadmap cost, one after another, and what they bring."""

    text: str = ""
    points: tuple[CostPoint, ...] = ()
    """The first is today."""
    ends: tuple[str, str] = ("", "")
    """Score today and after the last action."""
    marks: tuple[CostPoint, ...] = ()
    """The way to each level that reaches it, from today; none need be on the line."""


@dataclass(frozen=True, slots=True)
class OwnerAges:
    """The failing results of one owner by age."""

    owner: str
    counts: tuple[int, ...]
    """As the heads of `Ages`."""
    printed: str = ""
    """How the list of results prints the owner; empty for several owners."""


@dataclass(frozen=True, slots=True)
class Ages:
    """Open findings by owner and age."""

    text: str = ""
    heads: tuple[str, ...] = ()
    """"new in this run", "since 1 July 2026 or before"."""
    rows: tuple[OwnerAges, ...] = ()


MOST_DAYS, MOST_LOGS, MOST_OWNERS = 400, 30, 12


def losses(assessment: model.Assessment, anchors: Mapping[str, str]) -> Losses:
    """List what each theme costs the evidenced score, the largest first; anchors are by theme."""
    view = assessment.scores.enterprise
    themes = [c for c in view.controls if c.state != "not_applicable"]
    if not view.total.assessed:
        return Losses()
    total_weight = sum(c.weight for c in themes)
    costs = [
        (
            Fraction(c.weight, total_weight) * (1 - c.lo),
            Fraction(c.weight, total_weight) * (1 - c.hi),
            c.id,
        )
        for c in themes
    ]
    titles = {t.id: clean(content(t.title)) for t in assessment.themes}
    rows = tuple(
        Loss(
            title=titles[theme],
            anchor=anchors.get(theme, ""),
            text=_cost(cost, failing),
            at_failing=_hundredths(failing),
            at_cost=_hundredths(cost),
        )
        for cost, failing, theme in sorted(costs, key=lambda row: (-row[0], row[2]))
    )
    score = percent(view.total.lo)
    text = mark(
        "The evidenced score is {score}. Each theme costs it some points of 100: for what fails,"
        " and for what has no evidence."
    )
    return Losses(say(text, score=score), rows, score)


def _hundredths(share: Fraction) -> int:
    """Return a share of the score in hundredths of a point, rounded half up."""
    return int(share * 10_000 + Fraction(1, 2))


def _cost(cost: Fraction, failing: Fraction) -> str:
    if not cost:
        return say("nothing")
    unknown = cost - failing
    parts = []
    if failing:
        parts.append(say("{n} failing", n=points(failing)))
    if unknown:
        parts.append(say("{n} without evidence", n=points(unknown)))
    if len(parts) == 1:
        return parts[0]
    return say("{n} lost: {parts}", n=points(cost), parts=", ".join(parts))


def calendar(assessment: model.Assessment) -> LogCalendar:
    """Show the days of the period for each log source; those that deliver least come first."""
    end = min(assessment.run.period_to, assessment.run.as_of)
    days = (end - assessment.run.period_from).days
    if not assessment.feeds or not 0 < days <= MOST_DAYS:
        return LogCalendar()
    starts = [assessment.run.period_from + timedelta(days=n) for n in range(days)]
    months = [(n, short_month(at)) for n, at in enumerate(starts) if at.day == 1 or not n]
    units = dict(assessment.feed_days)
    lines: list[tuple[tuple[object, ...], LogDays]] = []
    for feed in assessment.feeds:
        expected_units = 24 if feed.every == "hour" else 1
        units_by_day = dict(units.get(feed.log_source, ()))
        marks = "".join(_mark(units_by_day.get(n, 0), expected_units) for n in range(days))
        text = ", ".join(
            f"{number(marks.count(letter))} {said}"
            for letter, said in (
                ("a", say("in full")),
                ("p", say("in part")),
                ("n", say("without")),
            )
            if marks.count(letter)
        )
        blinds = () if feed.alive else _blinds(assessment, feed.log_source)
        line = LogDays(clean(feed.log_source), marks, f"{count(days, 'day')}: {text}", blinds)
        lines.append(((feed.alive, -marks.count("n"), feed.log_source), line))
    rows = tuple(line for _, line in sorted(lines, key=lambda m: m[0])[:MOST_LOGS])
    note = (
        say(" The {n} that delivered least are drawn.", n=MOST_LOGS)
        if len(lines) > MOST_LOGS
        else ""
    )
    return LogCalendar(
        say(
            "Each day of the period: did the log deliver in every unit that is expected of it, in"
            " some, or in none? Silent logs come first, with the agents that they should show."
        )
        + note,
        tuple(months),
        rows,
    )


def _blinds(assessment: model.Assessment, log_source: str) -> tuple[str, ...]:
    """Name the agents that a silent log should show."""
    agents = {clean(c.agent) for c in assessment.coverage if c.log_source == log_source}
    return tuple(sorted(agents))


def _mark(seen_units: int, expected_units: int) -> str:
    return "a" if seen_units >= expected_units else "p" if seen_units else "n"


def cost_curve(assessment: model.Assessment) -> CostCurve:
    """Add up the person-days of the roadmap, action by action, with score and level after each, and
    mark the way to each level. Evidence that is still to come counts as good in both.
    """
    plan, days = assessment.roadmap, Fraction(0)
    if not plan.picks:
        return CostCurve()
    curve = [CostPoint(0, thousandths(plan.start), plan.level)]
    reached: dict[int, Fraction] = {}
    for pick in plan.picks:
        days += pick.action.effort
        curve.append(CostPoint(int(days * 10), thousandths(pick.total), pick.level))
        for level in range(plan.level + 1, pick.level + 1):
            reached.setdefault(level, days)
    ways = [way for way in plan.ways if way.reached >= way.level]
    last = plan.picks[-1]
    end = say(
        "All {actions} take {days} person-days and lead to a score of {score} and level "
        "{level}, if missing evidence is favourable.",
        actions=count(len(plan.picks), "action"),
        days=person_days(days),
        score=percent(last.total),
        level=last.level,
    )
    shortest = {way.level: way.days for way in ways}
    texts = [
        say(
            "Points: the shortest list found for each level, from today and with proof of what is"
            " only declared: {steps}.",
            steps=by,
        )
        if (by := _by_level(shortest))
        else "",
        say("Line: the roadmap in its order: {steps}.", steps=by)
        if (by := _by_level(reached))
        else say("Line: the roadmap in its order; it changes no level."),
        end,
    ]
    marks = tuple(_mark_of(way.days, way) for way in ways)
    ends = percent(plan.start), percent(last.total)
    return CostCurve(" ".join(filter(None, texts)), tuple(curve), ends, marks)


def _mark_of(days: Fraction, way: Way) -> CostPoint:
    return CostPoint(int(days * 10), thousandths(way.total), way.level)


def _by_level(days: Mapping[int, Fraction]) -> str:
    """Say after how many days each level is reached."""
    steps = (
        say("level {n} after {days} person-days", n=level, days=person_days(at))
        for level, at in days.items()
    )
    return join(steps)


def ages(assessment: model.Assessment, results: Results) -> Ages:
    """Count failing results by owner, and by the run since which they fail."""
    failing: dict[str, list[int]] = {}
    heads = _age_heads(assessment)
    for name, n in results.each(("owner", "count(*)"), "status = 'fail'", "GROUP BY owner"):
        failing[name] = [n, *[0] * (len(heads) - 1)]
    starts = [_naive(r.as_of) for r in assessment.history.runs[-2:]]
    for name, since, n in assessment.history.still_by_owner if starts else ():
        counts = failing.setdefault(name, [0] * len(heads))
        counts[sum(_naive(since) <= start for start in starts)] += n
        counts[0] -= n  # what began in this run, or is of a check that only it has
    if not failing:
        return Ages()
    ranked = sorted(failing.items(), key=lambda m: (bool(m[0]), -sum(m[1]), m[0]))
    rows = [
        OwnerAges(_owner(person(assessment, name)), tuple(counts), _as_in_results(name))
        for name, counts in ranked[:MOST_OWNERS]
    ]
    if others := ranked[MOST_OWNERS:]:
        sums = tuple(map(sum, zip(*(counts for _, counts in others), strict=True)))
        rows.append(OwnerAges(say_n("{n} other owner", "{n} other owners", len(others)), sums))
    return Ages(_ages_text(failing, heads), heads, tuple(rows))


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def _age_heads(assessment: model.Assessment) -> tuple[str, ...]:
    dates = [day(r.as_of) for r in reversed(assessment.history.runs[-2:])]
    if not dates:
        return (say("age not known"),)
    newest = say("first seen in this run")
    oldest = say("since {day} or before", day=dates[-1])
    return (newest, *(say("since {day}", day=d) for d in dates[:-1]), oldest)


def _ages_text(failing: Mapping[str, Sequence[int]], heads: Sequence[str]) -> str:
    total = sum(map(sum, failing.values()))
    nameless = sum(failing.get("", ()))
    text = say(
        "{failures}: {n} with {owners}, {nameless} with nobody.",
        failures=count(total, "failing result"),
        n=number(total - nameless),
        owners=count(sum(bool(owner) for owner in failing), "owner"),
        nameless=number(nameless),
    )
    if len(heads) == 1:
        return f"{text} " + say("Without an earlier run their age is not known.")
    oldest = sum(counts[-1] for counts in failing.values())
    return f"{text} " + say("{n} of them fail {since}.", n=number(oldest), since=heads[-1])


def _as_in_results(name: str) -> str:
    return owner(short(clean(name), "findings.csv", 80))


def _owner(name: str) -> str:
    return short(clean(name), "findings.csv", 80) or say("nobody")

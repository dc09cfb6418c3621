"""The board edition in plain words: an `Assessment` in, what the level means, five decisions and
the blind spots out.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from reporter.i18n.translate import content, headline, mark, say, say_n
from reporter.model import assessment as model
from reporter.model.roadmap import IMPLEMENT, Pick
from reporter.report.chapters.next_steps import Fixes, days_of_work, person_days, points
from reporter.report.view.format import clean, count, join, number, percent, short


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing to decide, in plain words."""

    rank: str
    id: str
    """Of the action in the roadmap."""
    title: str
    fix: str
    why: str
    owners: str
    effort: str
    """"3 person-days"."""
    brings: str
    """"0.42 points of the score", or what holds the gain back."""
    urgent: bool


@dataclass(frozen=True, slots=True)
class Board:
    meaning: str = ""
    """What may be said of the organisation at its level."""
    next_text: str = ""
    """What the next level claims and which themes stand before it."""
    changed: str = ""
    """That nothing was compared; empty where the chapter on earlier runs says what changed."""
    decisions_text: str = ""
    decisions: tuple[Decision, ...] = ()
    blind: tuple[str, ...] = ()
    """What could not be assessed, a sentence each."""


DECISIONS = 5
THEMES_NAMED = 4
FILE = "roadmap.csv"
NO_EARLIER_RUN = mark("No earlier run was compared, so nothing is said about change.")


def board(assessment: model.Assessment) -> Board:
    """Print the sentences of the board edition."""
    mending, fixes = (
        [p for p in assessment.roadmap.picks if p.action.kind == IMPLEMENT],
        Fixes(assessment.checks),
    )
    return Board(
        meaning=_meaning(assessment),
        next_text=_next(assessment),
        changed="" if assessment.history.runs else say(NO_EARLIER_RUN),
        decisions_text=_decisions_text(assessment, len(mending)),
        decisions=tuple(
            _decision(assessment, n, p, fixes) for n, p in enumerate(mending[:DECISIONS], 1)
        ),
        blind=tuple(_blind(assessment)),
    )


def _meaning(assessment: model.Assessment) -> str:
    total = assessment.scores.enterprise.total
    claims = assessment.policy.level_claims
    if not total.assessed:
        return say("Nothing could be assessed: the input holds no evidence that any check can use.")
    return clean(content(claims[total.level_lo])) if claims else ""


def _next(assessment: model.Assessment) -> str:
    """Say what the next level claims, and what keeps the organisation from it."""
    total, names = assessment.scores.enterprise.total, assessment.policy.level_names
    following = total.level_lo + 1
    if following >= len(names) or not total.assessed:
        return ""
    titles = {t.id: clean(content(t.title)) for t in assessment.themes}
    short_of = [
        c
        for c in assessment.scores.enterprise.controls
        if c.state != "not_applicable" and c.level_lo < following
    ]
    worst = sorted(short_of, key=lambda c: (c.level_lo, c.lo, c.id))
    named = [titles[c.id] for c in worst[:THEMES_NAMED]]
    if len(worst) > THEMES_NAMED:
        named.append(say("{n} more", n=number(len(worst) - THEMES_NAMED)))
    claims = assessment.policy.level_claims
    claim = say(" It says: {claim}", claim=clean(content(claims[following]))) if claims else ""
    held = next(
        (f" {clean(content(reason))}" for most, reason in total.caps if most < following), ""
    )
    text = say(
        "Level {n}, {name}, is not reached in {themes} of {all}: {named}.",
        n=following,
        name=content(names[following]),
        themes=count(len(worst), "theme"),
        all=number(len(titles)),
        named=join(named),
    )
    return f"{text}{claim}{held}"


def _decisions_text(assessment: model.Assessment, mending: int) -> str:
    plan = assessment.roadmap
    if not mending:
        return say(
            "Nothing that was assessed fails, so there is nothing to decide but what to look at"
            " next."
        )
    n = min(DECISIONS, mending)
    effort = sum((p.action.effort for p in plan.picks if p.action.id in plan.first), Fraction(0))
    level = clean(content(assessment.policy.level_names[plan.first_level]))
    return say(
        "The first {n} of {actions} that mend something, in the order of the roadmap: what is"
        " urgent first, then what brings most for its effort. Together they take about {days}"
        " person-days and lead from {start} to {end}, level {level} ({name}). All stand in {file}.",
        n=number(n),
        actions=count(mending, "action"),
        days=person_days(effort),
        start=percent(plan.start),
        end=percent(plan.first_total),
        level=plan.first_level,
        name=level,
        file=FILE,
    )


def _decision(assessment: model.Assessment, rank: int, pick: Pick, fixes: Fixes) -> Decision:
    action, order = pick.action, model.SEVERITIES
    own = (c for c in assessment.checks if c.id in action.checks)
    worst = min(own, key=lambda c: (order.index(c.severity), c.id))
    several = say("{n} agents or accounts", n=number(action.things)) if action.things > 1 else ""
    what = clean(action.what) or several
    brings = say("{n} points of the score", n=points(pick.gain))
    if not pick.gain:
        held = pick.uncapped > 0
        brings = (
            say("no points until the other critical failures beside it are mended too")
            if held
            else say("no points: it lowers a risk that the score does not show")
        )
    return Decision(
        rank=str(rank),
        id=clean(action.id),
        title=f"{clean(headline(action.title))}{f': {short(what, FILE, 80)}' if what else ''}",
        fix=short(clean(fixes.of(action)), FILE, 320),
        why=clean(content(worst.why)),
        owners=short(clean(join(action.owners)), FILE, 120) or say("nobody owns it yet"),
        effort=days_of_work(action.effort),
        brings=brings,
        urgent=action.urgent,
    )


def _blind(assessment: model.Assessment) -> list[str]:
    """Say what could not be assessed and why it matters."""
    total = assessment.scores.enterprise.total
    said = []
    if total.hi > total.lo:
        said.append(
            say(
                "The score is {lo} on evidence and at most {hi}: the distance is missing evidence,"
                " not chance. Of the weighted evidence asked for, {coverage} was there.",
                lo=percent(total.lo),
                hi=percent(total.hi),
                coverage=percent(total.coverage),
            )
        )
    silent = [clean(f.log_source) for f in assessment.feeds if not f.alive]
    if silent:
        said.append(
            say(
                "{logs} of {all} did not deliver as expected ({names}): nothing that these agents"
                " did can be called clean.",
                logs=count(len(silent), "log"),
                all=number(len(assessment.feeds)),
                names=short(join(silent), "coverage.csv", 120),
            )
        )
    if not assessment.feeds:
        said.append(
            say("No log was supplied: what agents did is not known, only what they may do.")
        )
    unregistered = assessment.population.get("shadow", 0)
    if unregistered:
        said.append(
            say_n(
                "{n} actor seen in logs stands in no register.",
                "{n} actors seen in logs stand in no register.",
                unregistered,
            )
        )
    lost = sum(f.unreadable + f.rejected for f in assessment.files)
    if lost:
        text = mark(
            "{records} of the input could not be used; each stands in quarantine.csv with its line."
        )
        said.append(say(text, records=count(lost, "record")))
    return said

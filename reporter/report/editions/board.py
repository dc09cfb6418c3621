"""The board edition in plain words: an `Assessment` in; the meaning of the level, five decisions
and the blind spots out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from reporter.i18n.translate import content, headline, mark, say, say_n
from reporter.model import assessment as model
from reporter.model.roadmap import IMPLEMENT, Pick
from reporter.model.scores import Status
from reporter.report.chapters.next_steps import Fixes, days_of_work, person_days, points
from reporter.report.view.elements import LevelStep
from reporter.report.view.format import clean, count, join, met_of_judged, number, percent, short
from reporter.report.view.level_steps import next_text


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
    bounds: str = ""
    """How far that holds, and the checks of the level that speak against it or were not judged."""
    next_text: str = ""
    """What the next level needs, and what it says."""
    changed: str = ""
    """That nothing was compared; empty where the chapter on earlier runs says what changed."""
    decisions_text: str = ""
    decisions: tuple[Decision, ...] = ()
    blind: tuple[str, ...] = ()
    """What could not be assessed, a sentence each."""


DECISIONS, OPEN_NAMED = 5, 6
FILE = "roadmap.csv"
NO_EARLIER_RUN = mark("No earlier run was compared, so nothing is said about change.")


def board(assessment: model.Assessment, steps: Sequence[LevelStep]) -> Board:
    """Print the sentences of the board edition."""
    picks, fixes = (
        [p for p in assessment.roadmap.picks if p.action.kind == IMPLEMENT],
        Fixes(assessment.checks),
    )
    return Board(
        meaning=_meaning(assessment),
        bounds=_bounds(assessment),
        next_text=_next(assessment, steps),
        changed="" if assessment.history.runs else say(NO_EARLIER_RUN),
        decisions_text=_decisions_text(assessment, len(picks)),
        decisions=tuple(
            _decision(assessment, n, p, fixes) for n, p in enumerate(picks[:DECISIONS], 1)
        ),
        blind=tuple(_blind_spots(assessment)),
    )


def _meaning(assessment: model.Assessment) -> str:
    claims = assessment.policy.level_claims
    if not assessment.scores.enterprise.total.assessed:
        return say("Nothing could be assessed: the input holds no evidence that any check can use.")
    return clean(content(claims[assessment.scores.level.lo])) if claims else ""


def _bounds(assessment: model.Assessment) -> str:
    """Say that a level is reached for the greater part, and where it is not."""
    policy, level = assessment.policy, assessment.scores.level.lo
    if not level or not policy.level_claims:
        return ""
    _, partly, largely = map(percent, policy.rating_edges)
    text = say(
        "That holds for the greater part: more than {partly} by weight of each practice at this"
        " level, more than {largely} of those below.",
        partly=partly,
        largely=largely,
    )
    open_checks = [c for c in assessment.checks if c.level <= level and _is_open(assessment, c)]
    open_checks.sort(key=lambda c: (model.SEVERITIES.index(c.severity), c.id))
    named = [_against(assessment, c) for c in open_checks[:OPEN_NAMED]]
    if others := len(open_checks) - len(named):
        named.append(say_n("{n} other check", "{n} other checks", others))
    return f"{text} {say('Not shown for all: {checks}.', checks=join(named))}" if named else text


def _is_open(assessment: model.Assessment, check: model.Check) -> bool:
    counts = assessment.scores.checks[check.id].counts
    return any(counts.get(status, 0) for status in (Status.FAIL, Status.UNKNOWN))


def _against(assessment: model.Assessment, check: model.Check) -> str:
    """Count of a check whom it fails for and whom it is not known for."""
    counts = assessment.scores.checks[check.id].counts
    failed, unknown = (counts.get(s, 0) for s in (Status.FAIL, Status.UNKNOWN))
    total = sum(n for status, n in counts.items() if status != Status.NA)
    parts = {
        say("fails for {n} of {all}", n=number(failed), all=number(total)): failed,
        say("is not known for {n} of {all}", n=number(unknown), all=number(total)): unknown,
    }
    return f"{clean(check.id)} {join(text for text, n in parts.items() if n)}"


def _next(assessment: model.Assessment, steps: Sequence[LevelStep]) -> str:
    """Print what the next level needs, and what it says."""
    text, claims = next_text(assessment, steps), assessment.policy.level_claims
    if not text or not claims:
        return text
    claim = clean(content(claims[assessment.scores.level.lo + 1]))
    return text + say(" It says: {claim}", claim=claim)


def _decisions_text(assessment: model.Assessment, fix_count: int) -> str:
    plan = assessment.roadmap
    if not fix_count:
        return say(
            "Nothing that was assessed fails, so there is nothing to decide but what to look at"
            " next."
        )
    shown_count = min(DECISIONS, fix_count)
    effort = sum((p.action.effort for p in plan.picks if p.action.id in plan.first), Fraction(0))
    level = clean(content(assessment.policy.level_names[plan.first_level]))
    return say(
        "The first {n} of {actions} that fix something, in the order of the roadmap: what is"
        " urgent first, then what brings most for its effort. Together they take about {days}"
        " person-days and lead from {start} to {end}, level {level} ({name}). All stand in {file}.",
        n=number(shown_count),
        actions=count(fix_count, "action"),
        days=person_days(effort),
        start=percent(plan.start),
        end=percent(plan.first_total),
        level=plan.first_level,
        name=level,
        file=FILE,
    )


def _decision(assessment: model.Assessment, rank: int, pick: Pick, fixes: Fixes) -> Decision:
    action, order = pick.action, model.SEVERITIES
    checks = (c for c in assessment.checks if c.id in action.checks)
    worst_check = min(checks, key=lambda c: (order.index(c.severity), c.id))
    subject_count = (
        say("{n} agents or accounts", n=number(action.things)) if action.things > 1 else ""
    )
    subject = clean(action.what) or subject_count
    subject_text = f": {short(subject, FILE, 80)}" if subject else ""
    effect = say("{n} points of the score", n=points(pick.gain))
    if not pick.gain:
        is_capped = pick.uncapped > 0
        effect = (
            say("no points until the other critical failures beside it are fixed too")
            if is_capped
            else say("no points: it lowers a risk that the score does not show")
        )
    return Decision(
        rank=str(rank),
        id=clean(action.id),
        title=clean(headline(action.title)) + subject_text,
        fix=short(clean(fixes.of(action)), FILE, 320),
        why=clean(content(worst_check.why)),
        owners=short(clean(join(action.owners)), FILE, 120) or say("nobody owns it yet"),
        effort=days_of_work(action.effort),
        brings=effect,
        urgent=action.urgent,
    )


def _blind_spots(assessment: model.Assessment) -> list[str]:
    """Print what could not be assessed and why it matters."""
    total = assessment.scores.enterprise.total
    sentences = []
    if total.hi > total.lo:
        sentences.append(
            say(
                "The score is {lo} on evidence and at most {hi}: the distance is missing evidence,"
                " not chance. Of the weighted evidence asked for, {coverage} was there, and {part}"
                " of that is met.",
                lo=percent(total.lo),
                hi=percent(total.hi),
                coverage=percent(total.coverage),
                part=met_of_judged(total),
            )
        )
    silent_logs = [clean(f.log_source) for f in assessment.feeds if not f.alive]
    if silent_logs:
        sentences.append(
            say(
                "{logs} of {all} did not deliver as expected ({names}): nothing that these agents"
                " did can be called clean.",
                logs=count(len(silent_logs), "log"),
                all=number(len(assessment.feeds)),
                names=short(join(silent_logs), "coverage.csv", 120),
            )
        )
    if not assessment.feeds:
        sentences.append(
            say("No log was supplied: what agents did is not known, only what they may do.")
        )
    unregistered = assessment.population.get("shadow", 0)
    if unregistered:
        sentences.append(
            say_n(
                "{n} actor seen in logs stands in no register.",
                "{n} actors seen in logs stand in no register.",
                unregistered,
            )
        )
    lost_count = sum(f.unreadable + f.rejected for f in assessment.files)
    if lost_count:
        text = mark(
            "{records} of the input could not be used; each stands in quarantine.csv with its line."
        )
        sentences.append(say(text, records=count(lost_count, "record")))
    return sentences

"""The first page of every edition: why this level, what changed, what reaches the next one, who
decides by when, and what nobody can see. In: an `Assessment`, its results and the printed levels.
Out: a `FrontPage`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from reporter.i18n.translate import content, day, say, say_n
from reporter.model import assessment as model
from reporter.model.roadmap import Way
from reporter.model.scores import HELD, MISSING, UNKNOWN, GroupScore, Status
from reporter.report.chapters.follow_up.deadlines import Deadline
from reporter.report.chapters.next_steps import days_of_work
from reporter.report.editions.decisions import (
    NAMED,
    THING,
    Question,
    name_owners,
    name_some,
    of_checks,
    questions,
    questions_text,
)
from reporter.report.trend.changes import differences
from reporter.report.trend.movement_lines import cause_text
from reporter.report.trend.standings import difference, with_sign
from reporter.report.trend.transitions import ScoreChange
from reporter.report.view.elements import LevelStep, Link, Notice
from reporter.report.view.format import (
    clean,
    count,
    join,
    met_of_judged,
    number,
    percent,
    short,
    up_to,
)
from reporter.runs.store import Results
from reporter.score import TOP, asked, standing

REACHED, NEXT, ABOVE, NOT_JUDGED = "reached", "next", "above", "not judged"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A practice in the way of the next level."""

    title: str
    standing: str
    """missing | unknown"""
    text: str
    """Each check with something open: how many fail, are unknown or only declared, and who."""
    owners: str
    theme: str = ""
    checks: tuple[Link, ...] = ()
    """Those in the title."""


@dataclass(frozen=True, slots=True)
class Rung:
    """A level of the ladder."""

    level: int
    name: str
    standing: str
    """reached | next | above | not judged"""
    met: int
    asked: int
    obstacles: tuple[Obstacle, ...]
    """Of the next level only."""
    names: str
    """The themes that hold it back and no lower level."""
    way: str
    """What reaches it from here, with its days and the score then."""


@dataclass(frozen=True, slots=True)
class Change:
    """What moved the score since the last run."""

    text: str
    """"63 results fixed"."""
    points: str
    """"+2.71": what it added to the evidenced score."""
    is_better: bool


@dataclass(frozen=True, slots=True)
class FrontPage:
    judgement: str = ""
    """The level and why, in one or two sentences."""
    outlook: str = ""
    """What evidence alone could change."""
    score: str = ""
    """"32 %, up to 80 %"."""
    coverage: str = ""
    rungs: tuple[Rung, ...] = ()
    change: str = ""
    """The score then and now, and what may be said of the difference."""
    changes: tuple[Change, ...] = ()
    change_note: str = ""
    """Why the runs are not like with like; '' where they are."""
    questions: tuple[Question, ...] = ()
    questions_text: str = ""
    unseen: tuple[str, ...] = ()
    """What could not be assessed, a sentence each."""
    notes: str = ""
    """The notices that weigh most, and how many there are."""


def front_page(
    assessment: model.Assessment,
    results: Results,
    steps: Sequence[LevelStep],
    notices: Sequence[Notice],
    deadlines: Mapping[str, Deadline],
    links: Mapping[str, Link],
    scores: Sequence[ScoreChange],
) -> FrontPage:
    """Print the first page. `deadlines` are those of the findings, links are to the checks, scores
    are the last run's and these.
    """
    total = assessment.scores.enterprise.total
    change, changes, note = _changes(assessment, scores)
    return FrontPage(
        judgement=_judgement(assessment, steps),
        outlook=_outlook(assessment),
        score=up_to(total.lo, total.hi) if total.assessed else say("Not assessed"),
        coverage=_coverage(total),
        rungs=tuple(_rung(assessment, results, step, links) for step in steps),
        change=change,
        changes=changes,
        change_note=note,
        questions=questions(assessment, results, deadlines),
        questions_text=questions_text(assessment),
        unseen=tuple(_unseen(assessment)),
        notes=_notes(notices),
    )


def _coverage(total: GroupScore) -> str:
    if not total.coverage:
        return say("We could judge nothing of what the method asks for.")
    return say(
        "We could judge {share} of what the method asks for, by weight; {part} of that is met.",
        share=percent(total.coverage),
        part=met_of_judged(total),
    )


# ---------------------------------------------------------------- why this level


def _judgement(assessment: model.Assessment, steps: Sequence[LevelStep]) -> str:
    score, total = assessment.scores.level, assessment.scores.enterprise.total
    if not total.assessed:
        return say("Nothing could be assessed: no check found evidence that it can use.")
    name = clean(content(assessment.policy.level_names[score.lo]))
    head = say("Level {n} of 5: {name}.", n=score.lo, name=name)
    if score.caps:
        reasons = join(clean(content(reason)).rstrip(".") for _, reason in score.caps)
        return f"{head} {say('It is capped there: {why}.', why=reasons)}"
    if score.lo == TOP:
        return head
    step = steps[score.lo]
    total_asked = step.met + step.missing + step.unknown
    if step.level > score.judged:
        return f"{head} {step.text}"
    parts = [
        say_n("{n} is met", "{n} are met", step.met) if step.met else "",
        say_n("{n} is not met", "{n} are not met", step.missing) if step.missing else "",
        say_n("{n} is not proven", "{n} are not proven", step.unknown) if step.unknown else "",
    ]
    needs = say_n(
        "Level {level} needs {n} practice: {parts}.",
        "Level {level} needs {n} practices: {parts}.",
        total_asked,
        level=step.level,
        parts=join(filter(None, parts)),
    )
    return f"{head} {needs}"


def _outlook(assessment: model.Assessment) -> str:
    score, total = assessment.scores.level, assessment.scores.enterprise.total
    if not total.assessed or total.lo == total.hi:
        return ""
    if score.hi > score.lo:
        name = clean(content(assessment.policy.level_names[score.hi]))
        return say("More evidence alone could show level {n} ({name}).", n=score.hi, name=name)
    return say("More evidence alone cannot raise the level.")


def _rung(
    assessment: model.Assessment, results: Results, step: LevelStep, links: Mapping[str, Link]
) -> Rung:
    score = assessment.scores.level
    is_assessed = assessment.scores.enterprise.total.assessed > 0
    state = REACHED if step.level <= score.lo else NEXT if step.level == score.lo + 1 else ABOVE
    if step.level > score.judged:
        state = NOT_JUDGED
    total = step.met + step.missing + step.unknown
    way = next((w for w in assessment.roadmap.ways if w.level == step.level), None)
    is_open = state == NEXT and is_assessed
    return Rung(
        level=step.level,
        name=step.name,
        standing=state,
        met=step.met,
        asked=total,
        obstacles=_obstacles(assessment, results, step, links) if is_open else (),
        names=_few(step.names) if state in (NEXT, ABOVE) else "",
        way=_way(assessment, way) if way else "",
    )


def _few(names: str) -> str:
    """Name the first themes; what only lacks evidence is marked in the chapter on levels."""
    themes = list(dict.fromkeys(name.rstrip("?") for name in names.split(", ") if name))
    left = len(themes) - NAMED
    return join([*themes[:NAMED], *([say("{n} more", n=number(left))] if left > 0 else [])])


def _obstacles(
    assessment: model.Assessment, results: Results, step: LevelStep, links: Mapping[str, Link]
) -> tuple[Obstacle, ...]:
    titles = {t.id: clean(content(t.title)) for t in assessment.themes}
    found = []
    for theme, practice in asked(assessment.scores.enterprise.controls, step.level):
        state = standing(practice, step.level, assessment.policy)
        if state in (MISSING, UNKNOWN):
            ids = [c for c, _ in practice.weights if assessment.scores.checks[c].lo < 1]
            found.append(
                Obstacle(
                    title=say("{theme} ({checks})", theme=titles[theme], checks=", ".join(ids)),
                    standing=state,
                    text=_open(assessment, results, ids),
                    owners=name_owners(
                        assessment, results, f"{of_checks(ids, _LACKING)} AND owner <> ''"
                    ),
                    theme=titles[theme],
                    checks=tuple(links[c] for c in ids),
                )
            )
    return tuple(sorted(found, key=lambda o: o.standing != MISSING))


_OPEN: Mapping[Status, Callable[[int], str]] = {
    Status.FAIL: lambda n: say_n("{n} fails", "{n} fail", n),
    Status.UNKNOWN: lambda n: say_n("{n} is unknown", "{n} are unknown", n),
    Status.DECLARED: lambda n: say_n("{n} is only declared", "{n} are only declared", n),
    Status.ATTESTED: lambda n: say_n("{n} is only attested", "{n} are only attested", n),
    Status.COMPENSATED: lambda n: say_n("{n} is only compensated", "{n} are only compensated", n),
}
_LACKING = (Status.FAIL, Status.UNKNOWN)


def _open(assessment: model.Assessment, results: Results, checks: Sequence[str]) -> str:
    """Count what is open of some checks, and name who fails."""
    totals: Counter[Status] = Counter()
    for check in checks:
        totals.update(assessment.scores.checks[check].counts)
    parts = []
    for status, told in _OPEN.items():
        if n := totals[status]:
            names = ""
            if status == Status.FAIL:
                where = f"{of_checks(checks, (status,))} AND actor <> ''"
                ((things,),) = results.rows((f"count(DISTINCT {THING})",), where)
                names = f" ({name_some(results, where, things)})" if things else ""
            parts.append(told(n) + names)
    return ", ".join(parts)


# ---------------------------------------------------------------- what reaches the next one


def _way(assessment: model.Assessment, way: Way) -> str:
    parts = [
        say_n("{n} fix", "{n} fixes", len(way.fixes)) if way.fixes else "",
        say_n("evidence for {n} check", "evidence for {n} checks", len(way.evidence))
        if way.evidence
        else "",
        say_n("proof for {n} check", "proof for {n} checks", len(way.proofs)) if way.proofs else "",
    ]
    text = say(
        "{days} ({parts}); score then {score}",
        days=days_of_work(way.days),
        parts=", ".join(filter(None, parts)) or say("nothing further required"),
        score=percent(way.total),
    )
    if way.reached >= way.level:
        return text
    reasons = [
        clean(content(reason)).rstrip(".")
        for _, highest, reason, _ in assessment.policy.caps
        if highest == assessment.roadmap.ceiling == way.reached
    ]
    return text + say(
        ", still level {n}: {why}",
        n=way.reached,
        why=join(reasons) or say("waived failures hold it"),
    )


# ---------------------------------------------------------------- better or worse


MOVED, EXPORTS = 5, 2
"""Causes of the movement, and exports to bring, that page 1 names."""


def _changes(
    assessment: model.Assessment, scores: Sequence[ScoreChange]
) -> tuple[str, tuple[Change, ...], str]:
    """Return what the score did, the results behind it, and what makes the runs unlike."""
    past = assessment.history
    if not past.runs:
        text = say("No earlier run was compared, so nothing is said about change.")
        return text, (), ""
    last_run, total = past.runs[-1], scores[0]
    is_same = total.level == total.level_before
    levels = (
        say("level {n} both times", n=total.level)
        if is_same
        else say("level {then}, now {now}", then=total.level_before, now=total.level)
    )
    what = {
        "change": total.difference or total.score,
        "then": total.score_before,
        "levels": levels,
        "meaning": difference(scores),
    }
    if past.is_restated(assessment.run.as_of):
        text = say("{change} by the rules of today ({then} before), {levels}: {meaning}.", **what)
    else:
        when = day(last_run.as_of)
        text = say("{change} since {day} ({then}), {levels}: {meaning}.", day=when, **what)
    note = ""
    if last_run.unlike:
        note = say("Not directly comparable: {what} changed.", what=differences(last_run))
    return text, tuple(_moved(assessment)), note


def _moved(assessment: model.Assessment) -> Iterator[Change]:
    """Yield the causes that moved the score of the whole most, and the sum of the others."""
    parts = [p for m in assessment.history.movements[:1] for p in m.parts if p.lo]
    parts.sort(key=lambda p: -abs(p.lo))
    for part in parts[:MOVED]:
        yield Change(cause_text(part), with_sign(part.lo), part.lo > 0)
    if others := sum((p.lo for p in parts[MOVED:]), Fraction(0)):
        yield Change(say("all else"), with_sign(others), others > 0)


# ---------------------------------------------------------------- what nobody can see


def _unseen(assessment: model.Assessment) -> Iterator[str]:
    """Yield what could not be assessed and why it matters."""
    unknown = sum(c.counts.get(Status.UNKNOWN, 0) for c in assessment.scores.checks.values())
    met = sum(c.counts.get(s, 0) for c in assessment.scores.checks.values() for s in HELD)
    declared = sum(c.counts.get(Status.DECLARED, 0) for c in assessment.scores.checks.values())
    if unknown:
        yield say(
            "{results} unknown, for lack of evidence. None of them counts as met.",
            results=say_n("{n} result is", "{n} results are", unknown),
        )
    if declared:
        yield say(
            "{n} of {all} results that are met depend on what the organisation wrote, and earn half"
            " the credit.",
            n=number(declared),
            all=number(met),
        )
    silent_logs = [clean(f.log_source) for f in assessment.feeds if not f.alive]
    if silent_logs:
        yield say(
            "{logs} of {all} did not deliver as expected ({names}): nothing that their "
            "agents did can be called clean.",
            logs=count(len(silent_logs), "log"),
            all=number(len(assessment.feeds)),
            names=short(join(silent_logs), "coverage.csv", 120),
        )
    if not assessment.feeds:
        yield say("No log was provided: what agents may do is known, what they did is not.")
    if unregistered := assessment.population.get("shadow", 0):
        text = say_n(
            "{n} actor seen in logs is in no register",
            "{n} actors seen in logs are in no register",
            unregistered,
        )
        names = _unlisted(assessment, unregistered)
        yield f"{text}: {names}." if names else f"{text}."
    if lost_count := sum(f.unreadable + f.rejected for f in assessment.files):
        yield say(
            "{records} of the input could not be used; each is in quarantine.csv with its line.",
            records=count(lost_count, "record"),
        )
    exports = [
        say("{what} ({results})", what=w.titles[0], results=count(w.results, "result"))
        for w in assessment.wanted[:EXPORTS]
    ]
    if exports:
        yield say("What would decide most: {exports}.", exports=join(exports))


def _unlisted(assessment: model.Assessment, total: int) -> str:
    """Name the actors that are in no register; '' where none acted with success."""
    named = [n.lines for n in assessment.notices if n.code == "unlisted_actors"]
    lines = named[0] if named else ()
    names = [short(clean(str(line.value("agent"))), "findings.csv", 60) for line in lines[:NAMED]]
    left = total - len(names)
    more = [say("{n} more", n=number(left))] if names and left > 0 else []
    return join([*names, *more])


_HEAVY = {
    *("own_settings", "checks_not_run", "files_not_read", "files_changed", "statements_refused"),
    *("own_content", "agents_gone", "events_later", "logs_outside", "objects_lost"),
    "events_elsewhere",
}
"""Codes of the notices of which page 1 prints the first words."""


def _notes(notices: Sequence[Notice]) -> str:
    """Say how many notices there are, and what the heaviest are about."""
    if not notices:
        return ""
    clauses = [_clause(n) for n in notices if n.code in _HEAVY]
    text = say_n(
        "{n} note limits these numbers; its full text is behind this page",
        "{n} notes limit these numbers; their full text is behind this page",
        len(notices),
    )
    return f"{text}: {'; '.join(clauses)}." if clauses else f"{text}."


def _clause(notice: Notice) -> str:
    """Return the first sentence of a notice; of own settings, what they do to the score."""
    text = notice.text.rstrip(".")
    if notice.code == "own_settings":
        return text.partition(". ")[2] or text
    end = text.find(". ")
    return text[:end] if end > 0 else text

"""The first page of every edition: why this level, what changed, what reaches the next one, who
decides by when, and what nobody can see. In: an `Assessment`, its results and the printed levels.
Out: a `FrontPage`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from reporter.engine.base import quoted_list
from reporter.i18n.translate import content, day, headline, mark, say, say_n
from reporter.model import assessment as model
from reporter.model.assessment import SEVERITIES
from reporter.model.roadmap import EVIDENCE, IMPLEMENT, PROVE, Decision, Option, Way
from reporter.model.scores import HELD, MISSING, UNKNOWN, Status
from reporter.report.chapters.next_steps import days_of_work, person_days, points
from reporter.report.trend.changes import differences
from reporter.report.trend.standings import difference, score_changes
from reporter.report.trend.transitions import FAILS, what
from reporter.report.view.elements import LevelStep, Notice
from reporter.report.view.format import (
    clean,
    count,
    decimal,
    join,
    met_of_judged,
    number,
    percent,
    short,
)
from reporter.runs.store import RESULTS, Results
from reporter.score import TOP, asked, standing

NAMED, NAME_LIMIT, ROADMAP = 3, 60, "roadmap.csv"
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


@dataclass(frozen=True, slots=True)
class Rung:
    """A level of the ladder."""

    level: int
    name: str
    standing: str
    """reached | next | above | not judged"""
    met: int
    asked: int
    text: str
    """"2 of 3 practices met"."""
    obstacles: tuple[Obstacle, ...]
    """Of the next level only."""
    names: str
    """The themes that hold it back and no lower level."""
    way: str
    """What reaches it from here, with its days and the score then."""


@dataclass(frozen=True, slots=True)
class Change:
    """How many results went one way since the last run."""

    kind: str
    """better | worse | evidence | scope"""
    label: str
    n: int


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to decide."""

    title: str
    days: str
    """'' for the one that takes no work."""
    score: str
    level: str

    @property
    def text(self) -> str:
        """Return it in one line."""
        return f"{self.title}: {', '.join(filter(None, (self.days, self.score, self.level)))}"


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to decide, whatever number of findings it settles."""

    rank: int
    id: str
    question: str
    about: str
    """"7 agents: a, b, c and 4 more"."""
    risk: str
    """What happens if nothing is done; '' where only evidence is asked for."""
    choices: tuple[Choice, ...]
    owner: str
    """Who usually decides, and who owns what it is about."""
    due: str
    severity: str
    urgent: bool
    needed_for: str
    """"needed for level 1"; '' for none."""


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
    ladder_text: str = ""
    """What the ladder says, in a sentence."""
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
) -> FrontPage:
    """Print the first page."""
    total = assessment.scores.enterprise.total
    change, changes, note = _changes(assessment)
    return FrontPage(
        judgement=_judgement(assessment, steps),
        outlook=_outlook(assessment),
        score=_score(total.lo, total.hi) if total.assessed else say("Not assessed"),
        coverage=say(
            "We could judge {share} of what the method asks for, by weight; {part} of that is met.",
            share=percent(total.coverage),
            part=met_of_judged(total),
        ),
        rungs=tuple(_rung(assessment, results, step) for step in steps),
        ladder_text=_ladder_text(assessment, steps),
        change=change,
        changes=changes,
        change_note=note,
        questions=tuple(
            _question(assessment, results, n, d)
            for n, d in enumerate(assessment.roadmap.decisions, 1)
        ),
        questions_text=_questions_text(assessment),
        unseen=tuple(_unseen(assessment)),
        notes=_notes(notices),
    )


def _score(lo: Fraction, hi: Fraction) -> str:
    return percent(lo) if lo == hi else say("{lo}, up to {hi}", lo=percent(lo), hi=percent(hi))


# ---------------------------------------------------------------- why this level


def _judgement(assessment: model.Assessment, steps: Sequence[LevelStep]) -> str:
    score, total = assessment.scores.level, assessment.scores.enterprise.total
    if not total.assessed:
        return say("Nothing could be assessed: no check found evidence that it can use.")
    name = clean(content(assessment.policy.level_names[score.lo]))
    head = say("Level {n} of 5: {name}.", n=score.lo, name=name)
    if score.caps:
        reasons = join(clean(content(reason)).rstrip(".") for _, reason in score.caps)
        return f"{head} {say('It is held there: {why}.', why=reasons)}"
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


def _rung(assessment: model.Assessment, results: Results, step: LevelStep) -> Rung:
    score = assessment.scores.level
    is_assessed = assessment.scores.enterprise.total.assessed > 0
    state = REACHED if step.level <= score.lo else NEXT if step.level == score.lo + 1 else ABOVE
    if step.level > score.judged:
        state = NOT_JUDGED
    total = step.met + step.missing + step.unknown
    way = next((w for w in assessment.roadmap.ways if w.level == step.level), None)
    return Rung(
        level=step.level,
        name=step.name,
        standing=state,
        met=step.met,
        asked=total,
        text=say_n(
            "{met} of {n} practice met", "{met} of {n} practices met", total, met=number(step.met)
        ),
        obstacles=_obstacles(assessment, results, step) if state == NEXT and is_assessed else (),
        names=_few(step.names) if state in (NEXT, ABOVE) else "",
        way=_way(assessment, way) if way else "",
    )


def _few(names: str) -> str:
    """Name the first themes; what only lacks evidence is marked in the chapter on levels."""
    themes = list(dict.fromkeys(name.rstrip("?") for name in names.split(", ") if name))
    left = len(themes) - NAMED
    return join([*themes[:NAMED], *([say("{n} more", n=number(left))] if left > 0 else [])])


def _ladder_text(assessment: model.Assessment, steps: Sequence[LevelStep]) -> str:
    """Say of each level how many of its practices are met: what the picture shows."""
    return "; ".join(
        say(
            "level {n} {name}: {met} of {all} practices met",
            n=step.level,
            name=step.name,
            met=number(step.met),
            all=number(step.met + step.missing + step.unknown),
        )
        for step in steps
    )


def _obstacles(
    assessment: model.Assessment, results: Results, step: LevelStep
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
                    owners=_owners(results, f"{_of(ids, _LACKING)} AND owner <> ''"),
                )
            )
    return tuple(sorted(found, key=lambda o: o.standing != MISSING))


_OPEN = {
    Status.FAIL: (mark("{n} fails"), mark("{n} fail")),
    Status.UNKNOWN: (mark("{n} is unknown"), mark("{n} are unknown")),
    Status.DECLARED: (mark("{n} is only declared"), mark("{n} are only declared")),
    Status.ATTESTED: (mark("{n} is only attested"), mark("{n} are only attested")),
    Status.COMPENSATED: (mark("{n} is only compensated"), mark("{n} are only compensated")),
}
_LACKING = (Status.FAIL, Status.UNKNOWN)


def _of(checks: Sequence[str], states: Sequence[Status]) -> str:
    """Return the SQL condition for the results of checks in some states."""
    return (
        f'list_contains({quoted_list(list(checks))}, "check") AND'
        f" list_contains({quoted_list([s.value for s in states])}, status)"
    )


def _open(assessment: model.Assessment, results: Results, checks: Sequence[str]) -> str:
    """Count what is open of some checks, and name who fails."""
    totals: Counter[Status] = Counter()
    for check in checks:
        totals.update(assessment.scores.checks[check].counts)
    parts = []
    for status, forms in _OPEN.items():
        if n := totals[status]:
            names = ""
            if status == Status.FAIL:
                where = f"{_of(checks, (status,))} AND actor <> ''"
                ((things,),) = results.rows((f"count(DISTINCT {_THING})",), where)
                names = f" ({_names(results, where, things)})" if things else ""
            parts.append(say_n(*forms, n) + names)
    return ", ".join(parts)


def _names(results: Results, where: str, total: int) -> str:
    """Name who has results of a condition, of the highest tiers first."""
    rows = results.rows(
        (_THING,), where, f"GROUP BY ALL ORDER BY max(tier_hi) DESC, 1 LIMIT {NAMED}"
    )
    names = [short(clean(name), RESULTS, NAME_LIMIT) for (name,) in rows]
    left = total - len(names)
    return join([*names, *([say("{n} more", n=number(left))] if left > 0 else [])])


_THING = "coalesce(nullif(actor, ''), subject)"


def _owners(results: Results, where: str) -> str:
    """Name the owners with most results of a condition, a mail address without its domain."""
    rows = results.rows(
        ("owner", "count(*)"), where, "GROUP BY owner ORDER BY count(*) DESC, owner"
    )
    owners = [short(clean(owner), RESULTS, NAME_LIMIT) for owner, _ in rows[: NAMED - 1]]
    names = [owner.partition("@")[0] or owner for owner in owners]
    left = len(rows) - len(names)
    return join([*names, *([say("{n} more", n=number(left))] if left > 0 else [])])


# ---------------------------------------------------------------- what reaches the next one


def _way(assessment: model.Assessment, way: Way) -> str:
    parts = [
        say_n("{n} fix", "{n} fixes", len(way.fixes)) if way.fixes else "",
        say_n("{n} check to evidence", "{n} checks to evidence", len(way.evidence))
        if way.evidence
        else "",
        say_n("{n} declared check to prove", "{n} declared checks to prove", len(way.proofs))
        if way.proofs
        else "",
    ]
    text = say(
        "{days} ({parts}); score then {score}",
        days=days_of_work(way.days),
        parts=join(filter(None, parts)) or say("nothing more to do"),
        score=percent(way.total),
    )
    if way.reached >= way.level:
        return text
    return text + say(", still level {n}: see the limits of this run", n=way.reached)


# ---------------------------------------------------------------- better or worse


_DIRECTIONS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    mark("fixed"): ("better", ("remediated",)),
    mark("newly failing"): ("worse", (FAILS["pass"], FAILS["unknown"], FAILS["attested"])),
    mark("failing, new in scope"): ("worse", (FAILS["na"], "new, failing")),
    mark("evidence gained"): ("evidence", ("evidence found",)),
    mark("evidence lost"): ("evidence", ("evidence lost", "lost from sight")),
}


def _changes(assessment: model.Assessment) -> tuple[str, tuple[Change, ...], str]:
    """Return what the score did, the results behind it, and what makes the runs unlike."""
    past = assessment.history
    if not past.runs:
        text = say("No earlier run was compared, so nothing is said about change.")
        return text, (), ""
    last_run, rows = past.runs[-1], score_changes(assessment)
    total = rows[0]
    outcomes: Counter[str] = Counter()
    for _, before, now, n in past.flows:
        outcomes[what(before, now)] += n
    changes = tuple(
        Change(kind, say(label), sum(outcomes[o] for o in names))
        for label, (kind, names) in _DIRECTIONS.items()
    )
    is_same = total.level == total.level_before
    levels = (
        say("level {n} both times", n=total.level)
        if is_same
        else say("level {then}, now {now}", then=total.level_before, now=total.level)
    )
    text = say(
        "{change} since {day} ({then}), {levels}: {meaning}.",
        change=total.difference or total.score,
        day=day(last_run.as_of),
        then=total.score_before,
        levels=levels,
        meaning=difference(rows),
    )
    note = ""
    if last_run.unlike:
        note = say("Not like with like: {what} changed.", what=differences(last_run))
    return text, changes, note


# ---------------------------------------------------------------- who by when


def _questions_text(assessment: model.Assessment) -> str:
    decisions, ways = assessment.roadmap.decisions, assessment.roadmap.ways
    if not decisions:
        return say("Nothing that was assessed fails: there is nothing to decide.")
    text = say(
        "Days, score (points gained) and level are those of each option alone; {file} has all"
        " actions.",
        file=ROADMAP,
    )
    needed = [n for n, d in enumerate(decisions, 1) if ways and d.for_level == ways[0].level]
    if not needed or ways[0].reached < ways[0].level or not _covers(decisions, ways[0]):
        return text
    return text + say_n(
        " Decision {numbers} reaches level {level} ({score}).",
        " Decisions {numbers} together reach level {level} ({score}).",
        len(needed),
        numbers=join(map(str, needed)),
        level=ways[0].level,
        score=percent(ways[0].total),
    )


def _covers(decisions: Sequence[Decision], way: Way) -> bool:
    """Tell whether the decisions hold all that a way takes."""
    actions = {a for d in decisions for option in d.options for a in option.actions}
    proofs = {c for d in decisions if d.kind == PROVE for c in d.checks}
    evidence = {c for d in decisions if d.kind == EVIDENCE for c in d.checks}
    return actions >= {*way.fixes} and proofs >= {*way.proofs} and evidence >= {*way.evidence}


def _question(
    assessment: model.Assessment, results: Results, rank: int, decision: Decision
) -> Question:
    checks = {c.id: c for c in assessment.checks}
    worst = min(
        (checks[c] for c in decision.checks), key=lambda c: (SEVERITIES.index(c.severity), c.id)
    )
    theme = next((t for t in assessment.themes if t.id == worst.theme), None)
    where = _where(decision)
    ((things,),) = results.rows((f"count(DISTINCT {_THING})",), where)
    names = [clean(content(theme.role))] if theme and theme.role else []
    owners = _owners(results, f"{where} AND owner <> ''")
    due = assessment.run.as_of + timedelta(
        days=assessment.policy.remediation_days.get(decision.severity, 0)
    )
    return Question(
        rank=rank,
        id=clean(decision.id),
        question=_asked(assessment, decision, worst),
        about=_about(results, decision, worst, where, things),
        risk=clean(content(worst.why)) if decision.kind == IMPLEMENT else "",
        choices=tuple(_choices(assessment, decision)),
        owner="; ".join([*names, *filter(None, [owners and say("owners: {names}", names=owners)])]),
        due=day(due) if assessment.policy.remediation_days else "",
        severity=decision.severity,
        urgent=decision.urgent,
        needed_for=say("needed for level {n}", n=decision.for_level) if decision.for_level else "",
    )


def _asked(assessment: model.Assessment, decision: Decision, worst: model.Check) -> str:
    if decision.kind == EVIDENCE:
        return say(
            "Bring the evidence that level {n} still lacks?", n=assessment.scores.level.lo + 1
        )
    if decision.kind == PROVE:
        return say("Back up with system evidence what is only declared?")
    if decision.question:
        return clean(content(decision.question))
    title = headline(worst.headline or worst.title)
    return say("Fix this now: {what}?", what=clean(title).rstrip("."))


def _where(decision: Decision) -> str:
    """Return the SQL condition for the results that a decision settles."""
    states: tuple[Status, ...] = (Status.FAIL,)
    if decision.kind == EVIDENCE:
        states = (Status.UNKNOWN,)
    if decision.kind == PROVE:
        states = (Status.DECLARED, Status.ATTESTED, Status.COMPENSATED)
    return f"{_of(decision.checks, states)} AND waiver = ''"


def _about(
    results: Results, decision: Decision, worst: model.Check, where: str, things: int
) -> str:
    """Say who it concerns, and of how many results."""
    if decision.kind != IMPLEMENT:
        ids = join(decision.checks[: 2 * NAMED])
        return say("{results} of {checks}", results=count(decision.results, "result"), checks=ids)
    names = _names(results, where, things)
    noun = say_n("{n} agent or account", "{n} agents or accounts", things)
    who = names if things == 1 else f"{noun}: {names}"
    return f"{who} · {count(decision.results, 'failing result')}"


def _choices(assessment: model.Assessment, decision: Decision) -> Iterator[Choice]:
    """Yield the ways to decide; the last is to leave it."""
    start, level = assessment.roadmap.start, assessment.roadmap.level
    for option in decision.options:
        gain = option.total - start
        yield Choice(
            title=_option_title(decision, option, level + 1),
            days=_days(option.days),
            score=_score_after(option.total, gain),
            level=say("level {n}", n=option.level),
        )
    leave = mark("Or accept it by waiver")
    if decision.kind != IMPLEMENT:
        leave = mark("Or leave it")
    yield Choice(
        title=say(leave),
        days="",
        score=percent(start),
        level=say("level {n}", n=level),
    )


def _days(value: Fraction) -> str:
    text = person_days(value)
    return say("{n} day", n=text) if value == 1 else say("{n} days", n=text)


def _score_after(total: Fraction, gain: Fraction) -> str:
    if not gain:
        return say("score unchanged")
    tenths = Fraction(1, 2000)
    gained = points(gain) if gain < tenths else decimal(gain * 100, 1)
    return say("{score} (+{n})", score=percent(total), n=gained)


def _option_title(decision: Decision, option: Option, level: int) -> str:
    if decision.kind == EVIDENCE:
        return say("Bring it, if it proves good")
    if decision.kind == PROVE:
        return say("Bring system exports, if they confirm it")
    if option.kind == "high":
        return say("Only tier 3 and 4 ({n})", n=number(option.things))
    if option.kind == "needed":
        return say("Only what level {n} needs ({things})", n=level, things=number(option.things))
    return say("All ({n})", n=number(option.things))


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
            "{n} of {all} results that are met rest on what the organisation wrote, and earn half"
            " the credit.",
            n=number(declared),
            all=number(met),
        )
    silent_logs = [clean(f.log_source) for f in assessment.feeds if not f.alive]
    if silent_logs:
        yield say(
            "{logs} of {all} did not deliver as expected ({names}): nothing that these agents"
            " did can be called clean.",
            logs=count(len(silent_logs), "log"),
            all=number(len(assessment.feeds)),
            names=short(join(silent_logs), "coverage.csv", 120),
        )
    if not assessment.feeds:
        yield say("No log was supplied: what agents did is not known, only what they may do.")
    if unregistered := assessment.population.get("shadow", 0):
        yield say_n(
            "{n} actor seen in logs is in no register.",
            "{n} actors seen in logs are in no register.",
            unregistered,
        )
    if lost_count := sum(f.unreadable + f.rejected for f in assessment.files):
        yield say(
            "{records} of the input could not be used; each is in quarantine.csv with its line.",
            records=count(lost_count, "record"),
        )


_HEAVY = {
    *("own_settings", "checks_not_run", "files_not_read", "files_changed", "statements_refused"),
    *("own_content", "agents_gone", "events_later", "logs_outside"),
}
"""Codes of the notices of which page 1 prints the first words."""


def _notes(notices: Sequence[Notice]) -> str:
    """Say how many notices there are, and what the heaviest are about."""
    if not notices:
        return ""
    clauses = [_clause(n) for n in notices if n.code in _HEAVY]
    text = say_n(
        "{n} note limits these numbers; it is in full behind this page",
        "{n} notes limit these numbers; they are in full behind this page",
        len(notices),
    )
    return f"{text}: {'; '.join(clauses)}." if clauses else f"{text}."


def _clause(notice: Notice) -> str:
    """Return the first sentence of a notice; of own settings, what they do to the score."""
    text = notice.text.rstrip(".")
    if notice.code == "own_settings":
        return text.partition(". ")[2]
    end = text.find(". ")
    return text[:end] if end > 0 else text

"""What to decide: who is concerned, what each way to decide brings, who and by when. In: an
`Assessment` and its results. Out: a `Question` for each decision of its roadmap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from reporter.engine.base import quoted_list
from reporter.i18n.translate import content, day, headline, mark, say, say_n
from reporter.model import assessment as model
from reporter.model.assessment import SEVERITIES
from reporter.model.roadmap import EVIDENCE, IMPLEMENT, PROVE, Decision, Option, Way
from reporter.model.scores import Status
from reporter.report.chapters.next_steps import person_days, points
from reporter.report.view.format import (
    NOT_ASSESSED,
    clean,
    count,
    decimal,
    join,
    number,
    percent,
    short,
)
from reporter.runs.store import RESULTS, Results

NAMED, NAME_LIMIT, ROADMAP = 3, 60, "roadmap.csv"
THING = "coalesce(nullif(actor, ''), subject)"
"""SQL: the agent or account of a result, else its subject."""


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


def questions(assessment: model.Assessment, results: Results) -> tuple[Question, ...]:
    """Print the decisions of the roadmap."""
    decisions = enumerate(assessment.roadmap.decisions, 1)
    return tuple(_question(assessment, results, n, decision) for n, decision in decisions)


def questions_text(assessment: model.Assessment) -> str:
    """Say what the decisions add up to."""
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
    ((things,),) = results.rows((f"count(DISTINCT {THING})",), where)
    names = [clean(content(theme.role))] if theme and theme.role else []
    owners = name_owners(assessment, results, f"{where} AND owner <> ''")
    due = assessment.run.as_of + timedelta(
        days=assessment.policy.due_days.get(decision.severity, 0)
    )
    return Question(
        rank=rank,
        id=clean(decision.id),
        question=_asked(assessment, decision, worst),
        about=_about(results, decision, worst, where, things),
        risk=clean(content(worst.why)) if decision.kind == IMPLEMENT else "",
        choices=tuple(_choices(assessment, decision)),
        owner="; ".join([*names, *filter(None, [owners and say("owners: {names}", names=owners)])]),
        due=day(due) if assessment.policy.due_days else "",
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
    return say("{what}. Have this fixed?", what=clean(title).rstrip("."))


def _where(decision: Decision) -> str:
    """Return the SQL condition for the results that a decision settles."""
    states: tuple[Status, ...] = (Status.FAIL,)
    if decision.kind == EVIDENCE:
        states = (Status.UNKNOWN,)
    if decision.kind == PROVE:
        states = (Status.DECLARED, Status.ATTESTED, Status.COMPENSATED)
    return f"{of_checks(decision.checks, states)} AND waiver = ''"


def _about(
    results: Results, decision: Decision, worst: model.Check, where: str, things: int
) -> str:
    """Say who it concerns, and of how many results."""
    if decision.kind != IMPLEMENT:
        ids = join(decision.checks[: 2 * NAMED])
        return say("{results} of {checks}", results=count(decision.results, "result"), checks=ids)
    names = name_some(results, where, things)
    noun = say_n("{n} agent or account", "{n} agents or accounts", things)
    who = names if things == 1 else f"{noun}: {names}"
    return f"{who} · {count(decision.results, 'failing result')}"


def _choices(assessment: model.Assessment, decision: Decision) -> Iterator[Choice]:
    """Yield the ways to decide; the last is to leave it."""
    start, level = assessment.roadmap.start, assessment.roadmap.level
    is_assessed = assessment.scores.enterprise.total.assessed > 0
    for option in decision.options:
        gain = option.total - start
        yield Choice(
            title=_option_title(decision, option, level + 1),
            days=_days(option.days),
            score=_score_after(option.total, gain) if is_assessed else percent(option.total),
            level=say("level {n}", n=option.level),
        )
    leave = mark("Or accept it by waiver")
    if decision.kind != IMPLEMENT:
        leave = mark("Or leave it")
    yield Choice(
        title=say(leave),
        days="",
        score=percent(start) if is_assessed else say(NOT_ASSESSED),
        level=say("level {n}", n=level),
    )


def _days(value: Fraction) -> str:
    text = number(int(value)) if value.denominator == 1 else person_days(value)
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


def of_checks(checks: Sequence[str], states: Sequence[Status]) -> str:
    """Return the SQL condition for the results of checks in some states."""
    return (
        f'list_contains({quoted_list(list(checks))}, "check") AND'
        f" list_contains({quoted_list([s.value for s in states])}, status)"
    )


def name_some(results: Results, where: str, total: int) -> str:
    """Name who has results of a condition, of the highest tiers first."""
    rows = results.rows(
        (THING,), where, f"GROUP BY ALL ORDER BY max(tier_hi) DESC, 1 LIMIT {NAMED}"
    )
    names = [short(clean(name), RESULTS, NAME_LIMIT) for (name,) in rows]
    left = total - len(names)
    return join([*names, *([say("{n} more", n=number(left))] if left > 0 else [])])


def name_owners(assessment: model.Assessment, results: Results, where: str) -> str:
    """Name the owners with most results of a condition."""
    rows = results.rows(
        ("owner", "count(*)"), where, "GROUP BY owner ORDER BY count(*) DESC, owner"
    )
    owners = [assessment.person(owner) for owner, _ in rows[: NAMED - 1]]
    names = [short(clean(owner), RESULTS, NAME_LIMIT) for owner in owners]
    left = len(rows) - len(names)
    return join([*names, *([say("{n} more", n=number(left))] if left > 0 else [])])

"""What to decide: who is concerned, what each way to decide brings, who and by when. In: an
`Assessment` and its results. Out: a `Question` for each decision of its roadmap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from reporter.engine.base import quoted_list
from reporter.i18n.translate import content, day, headline, say, say_n
from reporter.model import assessment as model
from reporter.model.assessment import SEVERITIES
from reporter.model.roadmap import EVIDENCE, IMPLEMENT, PROVE, Decision, Option, Way
from reporter.model.scores import Status
from reporter.report.chapters.follow_up.deadlines import Deadline, first_due_text
from reporter.report.chapters.next_steps import person_days, points
from reporter.report.view.format import (
    NOT_ASSESSED,
    clean,
    count,
    decimal,
    join,
    number,
    percent,
    person,
    short,
)
from reporter.runs.store import RESULTS, Results
from reporter.score.scorer import CAP_TIER

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
    """That of the first finding that it settles, and how many are overdue."""
    late: bool
    severity: str
    urgent: bool
    needed_for: str
    """"needed for level 1"; '' for none."""
    checks: tuple[str, ...] = ()
    """With `statuses`, the results that it settles, but for those with a waiver."""
    statuses: tuple[str, ...] = ()


def questions(
    assessment: model.Assessment, results: Results, deadlines: Mapping[str, Deadline]
) -> tuple[Question, ...]:
    """Print the decisions of the roadmap; `deadlines` are those of the findings."""
    decisions = enumerate(assessment.roadmap.decisions, 1)
    return tuple(
        _question(assessment, results, deadlines, n, decision) for n, decision in decisions
    )


def questions_text(assessment: model.Assessment) -> str:
    """Say what the decisions add up to."""
    decisions, ways = assessment.roadmap.decisions, assessment.roadmap.ways
    if not decisions:
        return say("Nothing that was assessed fails: there is nothing to decide.")
    text = say(
        "Days, score (points gained) and level are those of each option alone; {file} has all"
        " fixes.",
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
    assessment: model.Assessment,
    results: Results,
    deadlines: Mapping[str, Deadline],
    rank: int,
    decision: Decision,
) -> Question:
    checks = {c.id: c for c in assessment.checks}
    worst = min(
        (checks[c] for c in decision.checks), key=lambda c: (SEVERITIES.index(c.severity), c.id)
    )
    theme = next((t for t in assessment.themes if t.id == worst.theme), None)
    where = _where(decision)
    who = _concerned(assessment, results, where) if decision.kind == IMPLEMENT else []
    names = [clean(content(theme.role))] if theme and theme.role else []
    owners = name_owners(assessment, results, f"{where} AND owner <> ''")
    causes = results.rows(("DISTINCT cause",), f"{where} AND cause <> ''")
    dates = [deadlines[cause] for (cause,) in causes if cause in deadlines]
    return Question(
        rank=rank,
        id=clean(decision.id),
        question=_asked(assessment, decision, worst),
        about=_about(decision, who),
        risk=clean(content(worst.why)) if decision.kind == IMPLEMENT else "",
        choices=tuple(_choices(assessment, results, decision, len(who))),
        owner="; ".join([*names, *filter(None, [owners and say("owners: {names}", names=owners)])]),
        due=first_due_text(dates) or _due_from_now(assessment, decision),
        late=any(d.late for d in dates),
        severity=decision.severity,
        urgent=decision.urgent,
        needed_for=say("needed for level {n}", n=decision.for_level) if decision.for_level else "",
        checks=tuple(map(clean, decision.checks)),
        statuses=tuple(s.value for s in _states(decision)),
    )


def _due_from_now(assessment: model.Assessment, decision: Decision) -> str:
    """Print when what no finding dates is due: evidence and proofs are asked for in this run."""
    days = assessment.policy.due_days.get(decision.severity)
    return day(assessment.run.as_of + timedelta(days=days)) if days else ""


def _asked(assessment: model.Assessment, decision: Decision, worst: model.Check) -> str:
    if decision.kind == EVIDENCE:
        return say(
            "Provide the evidence that level {n} still lacks?", n=assessment.scores.level.lo + 1
        )
    if decision.kind == PROVE:
        return say("Support declarations with system evidence?")
    if decision.question:
        return clean(content(decision.question))
    title = headline(worst.headline or worst.title)
    return say("{what}. Have this fixed?", what=clean(title).rstrip("."))


def _where(decision: Decision) -> str:
    """Return the SQL condition for the results that a decision settles."""
    return f"{of_checks(decision.checks, _states(decision))} AND waiver = ''"


def _states(decision: Decision) -> tuple[Status, ...]:
    """Return the states of the results that a decision settles."""
    if decision.kind == EVIDENCE:
        return (Status.UNKNOWN,)
    if decision.kind == PROVE:
        return (Status.DECLARED, Status.ATTESTED, Status.COMPENSATED)
    return (Status.FAIL,)


def _concerned(assessment: model.Assessment, results: Results, where: str) -> list[str]:
    """Return whom failing results concern, of the highest tiers first: all who share a cause."""
    actors = {c.id: c.actors for c in assessment.causes}
    found: dict[str, None] = {}
    for thing, cause in results.each(
        (THING, "cause"), where, "GROUP BY ALL ORDER BY max(tier_hi) DESC, 1, 2"
    ):
        found[thing] = None
        found |= dict.fromkeys(actors.get(cause, ()))
    return list(found)


def _about(decision: Decision, who: Sequence[str]) -> str:
    """Say whom it concerns, and of how many results."""
    if decision.kind != IMPLEMENT:
        ids = join(decision.checks[: 2 * NAMED])
        return say("{results} of {checks}", results=count(decision.results, "result"), checks=ids)
    names = _some([short(clean(name), RESULTS, NAME_LIMIT) for name in who[:NAMED]], len(who))
    noun = say_n("{n} agent or account", "{n} agents or accounts", len(who))
    text = names if len(who) == 1 else f"{noun}: {names}"
    return f"{text} · {count(decision.results, 'failing result')}"


def _choices(
    assessment: model.Assessment, results: Results, decision: Decision, things: int
) -> Iterator[Choice]:
    """Yield the ways to decide, about so many things; the last is to leave it."""
    start, level = assessment.roadmap.start, assessment.roadmap.level
    is_assessed = assessment.scores.enterprise.total.assessed > 0
    for option in decision.options:
        gain = option.total - start
        yield Choice(
            title=_option_title(decision, option, level + 1, things),
            days=_days(option.days),
            score=_score_after(option.total, gain) if is_assessed else percent(option.total),
            level=say("level {n}", n=option.level),
        )
    yield Choice(
        title=_leave(assessment, results, decision),
        days="",
        score=percent(start) if is_assessed else say(NOT_ASSESSED),
        level=say("level {n}", n=level),
    )


def _leave(assessment: model.Assessment, results: Results, decision: Decision) -> str:
    """Print the last option: to accept it, where a waiver may be given."""
    if decision.kind != IMPLEMENT:
        return say("Or leave it")
    critical = [c.id for c in assessment.checks if c.severity == "critical"]
    is_refused = f'list_contains({quoted_list(critical)}, "check") AND tier_hi >= {CAP_TIER}'
    ((total, refused),) = results.rows(
        ("count(*)", f"count(*) FILTER ({is_refused})"), _where(decision)
    )
    if not refused:
        return say("Or accept it by waiver")
    if refused == total:
        return say("Or leave it; no waiver: critical, tier 3 or 4")
    return say("Or accept it by waiver, but for {n} (critical, tier 3 or 4)", n=number(refused))


def _days(value: Fraction) -> str:
    text = number(int(value)) if value.denominator == 1 else person_days(value)
    return say("{n} day", n=text) if value == 1 else say("{n} days", n=text)


def _score_after(total: Fraction, gain: Fraction) -> str:
    if not gain:
        return say("score unchanged")
    tenths = Fraction(1, 2000)
    gained = points(gain) if gain < tenths else decimal(gain * 100, 1)
    return say("{score} (+{n})", score=percent(total), n=gained)


def _option_title(decision: Decision, option: Option, level: int, things: int) -> str:
    if decision.kind == EVIDENCE:
        return say("Provide it, if it is favourable")
    if decision.kind == PROVE:
        return say("Provide system exports, if they confirm it")
    if option.kind == "high":
        return say("Only tier 3 and 4 ({n})", n=number(option.things))
    if option.kind == "needed":
        return say("Only what level {n} needs ({things})", n=level, things=number(option.things))
    return say("All ({n})", n=number(things))


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
    return _some([short(clean(name), RESULTS, NAME_LIMIT) for (name,) in rows], total)


def _some(names: Sequence[str], total: int) -> str:
    left = total - len(names)
    return join([*names, *([say("{n} more", n=number(left))] if left > 0 else [])])


def name_owners(assessment: model.Assessment, results: Results, where: str) -> str:
    """Name the owners with most results of a condition."""
    rows = results.rows(
        ("owner", "count(*)"), where, "GROUP BY owner ORDER BY count(*) DESC, owner"
    )
    names = [
        short(person(assessment, owner), RESULTS, NAME_LIMIT) for owner, _ in rows[: NAMED - 1]
    ]
    return _some(names, len(rows))

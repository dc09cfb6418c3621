"""Findings: one for each root cause, in the order of the IIA. In: an `Assessment`, its results,
checks as printed. Out: cards for the worst, a table for the next, a form for all.

A finding says what must hold, what is, why, what it means, what to do, by when, and on which
records it rests. Its id lasts, so that a response finds it in the next quarter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from reporter.engine.base import quoted_list
from reporter.evaluate.root_causes import remedy
from reporter.i18n.translate import content, headline, mark, say, say_n, word
from reporter.model import assessment as model
from reporter.model.comparison import Cause
from reporter.model.history import Lifetime
from reporter.model.scores import Status
from reporter.model.statements import Response
from reporter.report.chapters.follow_up.deadlines import (
    Deadline,
    age_text,
    days_text,
    deadline,
    due_text,
    seen_text,
)
from reporter.report.chapters.follow_up.kept_dates import DatesTable, dates_table
from reporter.report.chapters.follow_up.response_register import (
    Answers,
    ResponseLine,
    anchor,
    owners_text,
    register,
)
from reporter.report.view.elements import Check, LevelStep, Link
from reporter.report.view.format import clean, count, digits, join, number, record, short
from reporter.runs.store import Results

CARDS_SHOWN, CARDS_ON_PAPER = 20, 6
LINES_SHOWN = 40
EVIDENCE_SHOWN = 5
CONTROLS_SHOWN = 8
ANSWERED = ("status", "response", "owner", "due", "evidence")
"""Columns of the form of responses that are filled in by whoever answers."""


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """One failing result of a finding."""

    check: str
    subject: str
    reason: str
    record: str


@dataclass(frozen=True, slots=True)
class Recommendation:
    number: str
    """"1.2": the second of finding 1."""
    check: str
    text: str


@dataclass(frozen=True, slots=True)
class FindingCard:
    """One finding in full."""

    number: str
    id: str
    anchor: str
    title: str
    what: str
    severity: str
    criteria: tuple[Link, ...]
    """The checks that fail, with what must hold."""
    controls: tuple[Link, ...]
    """The first controls that they count for."""
    more_controls: str
    condition: str
    evidence: tuple[EvidenceLine, ...]
    more_evidence: str
    cause: str
    effect: str
    held: str
    """The level and the practices that it holds back; empty for none."""
    recommendations: tuple[Recommendation, ...]
    addressee: str
    owners: str
    first_seen: str
    age: str
    due: str
    late: int
    response: ResponseLine | None


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One finding in a table."""

    number: str
    id: str
    anchor: str
    title: str
    what: str
    severity: str
    checks: str
    failures: str
    owners: str
    age: str
    due: str
    late: int
    status: str
    """Of the response to it; empty where there is none."""
    ref: str


@dataclass(frozen=True, slots=True)
class ResponseForm:
    """The rows of the form to answer with, one for each finding, made when they are written."""

    causes: tuple[Cause, ...]
    responses: tuple[tuple[str, Response], ...]
    """Finding of this run -> the response to it."""
    as_of: datetime
    due_days: dict[str, int]
    leavers: tuple[str, ...]
    """Owners who have left: they are not asked."""
    reopened: tuple[Lifetime, ...] = ()
    """Findings that had ended."""

    def __len__(self) -> int:
        return len(self.causes)

    def _in_post(self, cause: Cause) -> Iterator[str]:
        return (owner for owner in cause.owners if owner not in self.leavers)

    def __iter__(self) -> Iterator[dict[str, str]]:
        """Yield a row for each finding, the worst first; days as YYYY-MM-DD."""
        responses, past = dict(self.responses), {one.finding: one for one in self.reopened}
        for cause in self.causes:
            response = responses.get(cause.id)
            agreed = response.due if response else None
            dates = deadline(cause, self.as_of, self.due_days, agreed, past.get(cause.id))
            yield {
                "finding": cause.id,
                "severity": cause.severity,
                "title": clean(headline(cause.title)),
                "where": clean(cause.what),
                "checks": ", ".join(cause.checks),
                "failing_results": number(cause.failures),
                "record": clean(cause.ref),
                "owners_on_record": clean(", ".join(cause.owners)),
                "first_seen": _day(dates.ever_seen),
                "age_in_days": digits(dates.age),
                "age_is": dates.age_is,
                "reopened": _day(dates.reopened),
                "due_by_policy": _day(dates.by_policy),
                "overdue": number(dates.late),
                "status": response.status if response else "",
                "response": clean(response.response) if response else "",
                "owner": clean(response.owner if response else ", ".join(self._in_post(cause))),
                "due": _day(dates.due),
                "evidence": clean(response.evidence) if response else "",
            }


def result_dates(given: Answers) -> dict[str, tuple[str, str, str, str]]:
    """Return what is printed beside each failing result, by its finding."""
    return {
        id_: (_day(d.ever_seen), digits(d.age), d.age_is, _day(d.reopened))
        for id_, d in given.deadlines.items()
    }


def _day(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d}" if time else ""


@dataclass(frozen=True, slots=True)
class FindingList:
    text: str
    due_text: str
    cards: tuple[FindingCard, ...]
    lines: tuple[FindingLine, ...]
    """The first findings, in the order of the cards."""
    form: ResponseForm
    dates: DatesTable = DatesTable()
    on_paper: int = CARDS_ON_PAPER
    """So many cards are printed on paper."""


def finding_list(
    assessment: model.Assessment,
    results: Results,
    checks: Sequence[Check],
    steps: Sequence[LevelStep],
    given: Answers,
) -> FindingList:
    """Print the findings of a run, the worst first."""
    printed = {line.finding: line for line in register(assessment, given).rows}
    responses = {id_: printed[clean(r.finding)] for id_, r in given.by_cause.items()}
    first_causes = assessment.causes[:CARDS_SHOWN]
    evidence = _evidence(results, first_causes)
    printer = _Printer(
        assessment,
        {c.id: c for c in checks},
        _held_back(steps),
        evidence,
        responses,
        given.deadlines,
    )
    return FindingList(
        text=_text(assessment),
        due_text=_due_text(assessment),
        cards=tuple(printer.card(n, c) for n, c in enumerate(first_causes, 1)),
        lines=tuple(printer.line(n, c) for n, c in enumerate(assessment.causes[:LINES_SHOWN], 1)),
        form=ResponseForm(
            assessment.causes,
            tuple(sorted(given.by_cause.items())),
            assessment.run.as_of,
            assessment.policy.due_days,
            assessment.leavers,
            tuple(given.reopened.values()),
        ),
        dates=dates_table(assessment, given.deadlines),
    )


def _text(assessment: model.Assessment) -> str:
    causes = assessment.causes
    if not causes:
        return say("No check failed.")
    shown = (
        say("All are listed.")
        if len(causes) <= LINES_SHOWN
        else say(
            "The first {n} are listed, all of them in {file}.",
            n=number(LINES_SHOWN),
            file="causes.csv",
        )
    )
    return say(
        "{failures} make {findings}. Failures form one finding if their checks detect the "
        "same defect in the same agent, credential or identity. {shown}",
        failures=count(sum(c.failures for c in causes), "failing result"),
        findings=count(len(causes), "finding"),
        shown=shown,
    )


def _due_text(assessment: model.Assessment) -> str:
    """Say how findings fall due, and how to answer them."""
    days = days_text(assessment.policy.due_days, {s: word(s) for s in model.SEVERITIES})
    parts = []
    if days:
        text = mark("Due, in days after a finding was first seen: {days}.")
        parts.append(say(text, days=days))
    if assessment.causes and not assessment.responses:
        parts.append(
            say(
                "Nobody has responded yet: fill in the sheet Responses of report.xlsx and put the"
                " workbook into statements/."
            )
        )
    return " ".join(parts)


def _held_back(steps: Sequence[LevelStep]) -> dict[str, tuple[int, str]]:
    """Map each check to the lowest level that it holds back, and the theme of the practice."""
    held: dict[str, tuple[int, str]] = {}
    for step in steps:
        for blocker in step.blockers:
            for link in blocker.checks:
                held.setdefault(link.text, (step.level, blocker.title))
    return held


@dataclass(frozen=True, slots=True)
class _Evidence:
    """Failing results of one finding."""

    lines: tuple[EvidenceLine, ...] = ()
    listed: frozenset[str] = frozenset()
    """Checks that fail on who is in a list."""


def _evidence(results: Results, causes: Sequence[Cause]) -> dict[str, _Evidence]:
    """Read the first failures of each check of some findings."""
    if not causes:
        return {}
    condition = (
        f"status = '{Status.FAIL}' AND list_contains({quoted_list([c.id for c in causes])}, cause)"
    )
    nth = 'row_number() OVER (PARTITION BY cause, "check" ORDER BY place)'
    columns = ("cause", "check", "subject", "reason", "record", "listed", nth)
    rows: dict[str, list[tuple[int, str, EvidenceLine, bool]]] = defaultdict(list)
    for cause, check, subject, reason, ref, is_listed, position in results.each(
        columns, condition, f"QUALIFY {nth} <= {EVIDENCE_SHOWN} ORDER BY place"
    ):
        line = EvidenceLine(
            check,
            short(clean(subject), "findings.csv", 80),
            short(clean(reason), "findings.csv"),
            record(short(clean(ref), "findings.csv", 120)),
        )
        rows[cause].append((position, check, line, is_listed))
    return {
        cause: _Evidence(
            tuple(line for _, _, line, _ in sorted(found, key=lambda r: r[0])[:EVIDENCE_SHOWN]),
            frozenset(check for _, check, _, is_listed in found if is_listed),
        )
        for cause, found in rows.items()
    }


@dataclass(frozen=True, slots=True)
class _Printer:
    """What the findings of a run are printed from."""

    assessment: model.Assessment
    checks: Mapping[str, Check]
    held: Mapping[str, tuple[int, str]]
    evidence: Mapping[str, _Evidence]
    responses: Mapping[str, ResponseLine]
    deadlines: Mapping[str, Deadline]

    def line(self, position: int, cause: Cause) -> FindingLine:
        response = self.responses.get(cause.id)
        dates = self.deadlines[cause.id]
        suffix = f" ({count(len(cause.actors), 'actor')})" if len(cause.actors) > 1 else ""
        return FindingLine(
            number=number(position),
            id=cause.id,
            anchor=anchor(cause),
            title=clean(headline(cause.title)),
            what=short(clean(cause.what), "causes.csv", 80) + suffix,
            severity=cause.severity,
            checks=", ".join(cause.checks),
            failures=number(cause.failures),
            owners=owners_text(self.assessment, cause),
            age=age_text(dates),
            due=due_text(dates),
            late=dates.late,
            status=response.status if response else "",
            ref=clean(cause.ref),
        )

    def card(self, position: int, cause: Cause) -> FindingCard:
        line, dates = self.line(position, cause), self.deadlines[cause.id]
        checks = [self.checks[c] for c in _worst_first(cause, self.checks)]
        evidence = self.evidence.get(cause.id, _Evidence())
        controls = tuple(dict.fromkeys(link for c in checks for link in c.controls))
        more_controls = len(controls) - CONTROLS_SHOWN
        more_evidence = cause.failures - len(evidence.lines)
        return FindingCard(
            number=line.number,
            id=line.id,
            anchor=line.anchor,
            title=line.title,
            what=line.what,
            severity=line.severity,
            criteria=tuple(Link(c.id, c.anchor, c.title) for c in checks),
            controls=controls[:CONTROLS_SHOWN],
            more_controls=(
                say("and {n} more", n=number(more_controls)) if more_controls > 0 else ""
            ),
            condition=_condition(cause),
            evidence=evidence.lines,
            more_evidence=(
                say("{n} more in findings.csv.", n=number(more_evidence))
                if more_evidence > 0
                else ""
            ),
            cause=_cause_text(cause),
            effect=checks[0].why,
            held=self._held_text(cause),
            recommendations=self._recommendations(position, checks, evidence.listed),
            addressee=(
                line.owners
                if cause.owners
                else say(
                    "whoever is accountable for agents in the organisation; no owner is recorded"
                )
            ),
            owners=line.owners,
            first_seen=seen_text(cause, dates),
            age=line.age,
            due=line.due,
            late=line.late,
            response=self.responses.get(cause.id),
        )

    def _held_text(self, cause: Cause) -> str:
        held = [self.held[c] for c in cause.checks if c in self.held]
        if not held:
            return ""
        level = min(n for n, _ in held)
        themes = sorted({theme for n, theme in held if n == level})
        return say("Blocks level {n}: {themes}.", n=level, themes=join(themes))

    def _recommendations(
        self, position: int, checks: Sequence[Check], listed: frozenset[str]
    ) -> tuple[Recommendation, ...]:
        """Return what to do, each thing once."""
        by_id = {c.id: c for c in self.assessment.checks}
        texts: dict[str, list[str]] = {}
        for check in checks:
            fix = clean(content(remedy(by_id[check.id], check.id in listed)))
            texts.setdefault(fix, []).append(check.id)
        return tuple(
            Recommendation(f"{position}.{n}", ", ".join(ids), fix)
            for n, (fix, ids) in enumerate(texts.items(), 1)
        )


def _worst_first(cause: Cause, checks: Mapping[str, Check]) -> list[str]:
    """Order the checks of a finding: those that its title speaks of first, then by severity."""
    return sorted(
        cause.checks,
        key=lambda c: (c not in cause.says, model.SEVERITIES.index(checks[c].severity), c),
    )


def _condition(cause: Cause) -> str:
    results = say_n(
        "{n} result fails in {checks}",
        "{n} results fail in {checks}",
        cause.failures,
        checks=count(len(cause.checks), "check"),
    )
    actors = say(", on {actors}", actors=count(len(cause.actors), "actor")) if cause.actors else ""
    return f"{results}{actors}."


def _cause_text(cause: Cause) -> str:
    if len(cause.checks) > 1:
        return say(
            "One defect: {n} checks that detect it fail together on {what}. The records do "
            "not show why it arose; the owner explains that in the response.",
            n=number(len(cause.checks)),
            what=short(clean(cause.what), "causes.csv", 80),
        )
    return say("The records do not show why it arose; the owner explains that in the response.")

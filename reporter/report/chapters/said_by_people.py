"""Statements of people as printed: waivers, compensating controls, answers. In: an `Assessment` and
the anchors. Out: their chapters, including statements without effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from reporter.i18n.translate import mark, say, say_n, word
from reporter.model import assessment as model
from reporter.model.statements import (
    ATTESTATIONS,
    COMPENSATIONS,
    EXCEPTIONS,
    WAIVERS,
    Attestation,
    Compensation,
    Waiver,
)
from reporter.report.view.format import (
    clean,
    count,
    exact,
    free,
    iso,
    number,
    percent,
    printed_level,
)
from reporter.score import ENTERPRISE


@dataclass(frozen=True, slots=True)
class WaivedLine:
    """One waiver or compensating control, and what it does."""

    check: str
    anchor: str
    subject: str
    by_check: str
    """What stands in; '' of a waiver."""
    by_anchor: str
    who: str
    since: str
    until: str
    review: str
    """'' of a compensating control."""
    reason: str
    ticket: str
    counts_as: str
    """waived | compensated | not counted"""
    results: str
    why: str
    record: str
    exception: bool = False
    """A row of the table exceptions; in statements.csv its kind is exceptions."""
    until_iso: str = ""


@dataclass(frozen=True, slots=True)
class HonouredLine:
    """A total as reported, and if what is waived had passed."""

    name: str
    level: str
    score: str
    honoured_level: str
    honoured_score: str
    exact_lo: str
    exact_hi: str


@dataclass(frozen=True, slots=True)
class Waivers:
    text: str = ""
    """Empty where nothing was stated."""
    honoured_text: str = ""
    """Empty where nothing is waived."""
    honoured: tuple[HonouredLine, ...] = ()
    waivers: tuple[WaivedLine, ...] = ()
    compensations: tuple[WaivedLine, ...] = ()
    shown: int = 0
    """So many rows of each are printed; all stand in statements.csv."""


SHOWN = 200
FILE = "statements.csv"
EVERY = mark("every failing subject")


def waivers(assessment: model.Assessment, anchors: Mapping[tuple[str, str], str]) -> Waivers:
    """Print every waiver and compensating control, with its effect."""
    statement_files = {f.file for f in assessment.files if f.source in (WAIVERS, COMPENSATIONS)}
    rejected_count = sum(
        q.kind == "rejected" and q.file in statement_files for q in assessment.quarantined
    )
    if not assessment.waivers and not assessment.compensations and not rejected_count:
        return Waivers()
    honoured_lines = _honoured_lines(assessment)
    return Waivers(
        text=_text(assessment, rejected_count),
        honoured_text=_honoured_text(assessment, honoured_lines[0]) if honoured_lines else "",
        honoured=honoured_lines,
        waivers=tuple(_line(w, anchors) for w in assessment.waivers),
        compensations=tuple(_line(c, anchors) for c in assessment.compensations),
        shown=SHOWN,
    )


def _text(assessment: model.Assessment, rejected_count: int) -> str:
    text = say(
        "{waivers} {compensations} A waiver changes no score: what it covers still fails, and is"
        " only"
        " left out of the roadmap. A failure for which a compensating check passes earns {share}"
        " of the credit of a pass; page 1 counts it as failing. An exception in the inventory is"
        " a waiver. A statement that is expired, or approved later than this assessment, has no"
        " effect. The approver must be a person in the directory who was in post, does not own"
        " the subject and is named for it in reporter.yml.",
        waivers=_effect_text(assessment.waivers, "waiver"),
        compensations=_effect_text(assessment.compensations, "compensating control"),
        share=percent(assessment.policy.compensated_credit),
    )
    if rejected_count:
        rows = count(rejected_count, "row")
        text += say(" Rejected as wrong: {rows}, listed in the data accounting.", rows=rows)
    if max(len(assessment.waivers), len(assessment.compensations)) > SHOWN:
        note = mark(" The first {n} of each are listed here, all of them in {file}.")
        text += say(note, n=number(SHOWN), file=FILE)
    return text


def _effect_text(statements: Sequence[Waiver | Compensation], noun: str) -> str:
    effective_count = sum(bool(s.counts_as) for s in statements)
    return say_n(
        "{things}, of which {n} has an effect.",
        "{things}, of which {n} have an effect.",
        effective_count,
        things=count(len(statements), noun),
    )


def _honoured_lines(assessment: model.Assessment) -> tuple[HonouredLine, ...]:
    if not (honoured := assessment.honoured):
        return ()
    scores, assessed = assessment.scores, assessment.scores.enterprise.total.assessed > 0
    names = (say("Enterprise"), *(clean(f.short) for f in assessment.frameworks))
    totals = (scores.enterprise.total, *(f.total for f in scores.frameworks))
    levels = [
        printed_level(level, assessment, ENTERPRISE, ENTERPRISE, assessed).text
        for level in (scores.level, honoured.level)
    ]
    return tuple(
        HonouredLine(
            name,
            "–" if n else levels[0],
            percent(before.lo),
            "–" if n else levels[1],
            percent(after.lo),
            exact(after.lo),
            exact(after.hi),
        )
        for n, (name, before, after) in enumerate(zip(names, totals, honoured.totals, strict=True))
    )


def _honoured_text(assessment: model.Assessment, total: HonouredLine) -> str:
    return say_n(
        "{n} failing result is waived. Counted as a pass, it would give an evidenced score of"
        " {then},"
        " level {then_level}, instead of {score}, level {level}.",
        "{n} failing results are waived. Counted as passes, they would give an evidenced score of"
        " {then}, level {then_level}, instead of {score}, level {level}.",
        assessment.waived,
        then=total.honoured_score,
        then_level=total.honoured_level,
        score=total.score,
        level=total.level,
    )


def _line(statement: Waiver | Compensation, anchors: Mapping[tuple[str, str], str]) -> WaivedLine:
    by_check = statement.by_check if isinstance(statement, Compensation) else ""
    return WaivedLine(
        check=clean(statement.check),
        anchor=anchors.get(("", statement.check), ""),
        subject=clean(statement.subject) or say(EVERY),
        by_check=clean(by_check),
        by_anchor=anchors["", by_check] if by_check else "",
        exception=isinstance(statement, Waiver) and statement.kind == EXCEPTIONS,
        who=clean(statement.approved_by),
        since=_day(statement.approved_at),
        until=_day(statement.expires),
        review=_day(statement.review_at)
        if isinstance(statement, Waiver) and statement.review_at
        else "",
        reason=free(statement.reason),
        ticket=clean(statement.ticket) if isinstance(statement, Waiver) else "",
        counts_as=statement.counts_as or "not counted",
        results=number(statement.results),
        why=clean(statement.why.translated()) if statement.why else "",
        record=clean(statement.ref),
        until_iso="" if statement.expires == datetime.min else iso(statement.expires),
    )


def _day(time: datetime) -> str:
    return "" if time == datetime.min else f"{time:%Y-%m-%d}"


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """One answer and what it counts as."""

    framework: str
    """Its short name."""
    control: str
    anchor: str
    answer: str
    statement: str
    who: str
    role: str
    date: str
    expires: str
    method: str
    counts_as: str
    """pass | attested | fail | not applicable | unknown | not counted"""
    why: str
    settles: bool
    """The control's question depends on it."""
    record: str
    date_iso: str = ""
    expires_iso: str = ""


@dataclass(frozen=True, slots=True)
class Attestations:
    text: str = ""
    """Empty where nobody answered anything."""
    rows: tuple[AnswerLine, ...] = ()


_COUNTS_AS = {"na": "not applicable", "": "not counted"}


def attestations(
    assessment: model.Assessment, anchors: Mapping[tuple[str, str], str]
) -> Attestations:
    """Print every answer in the order of the lists, with its effect."""
    answer_files = {f.file for f in assessment.files if f.source == ATTESTATIONS}
    rejected_count = sum(
        q.kind == "rejected" and q.file in answer_files for q in assessment.quarantined
    )
    if not assessment.attestations and not rejected_count:
        return Attestations()
    names = {f.id: clean(f.short) for f in assessment.frameworks}
    order = {(f.id, c.id): n for n, (f, c) in enumerate(_controls(assessment))}
    rows = sorted(assessment.attestations, key=lambda t: (order[t.framework, t.control], t.ref))
    settled_questions = {(t.framework, t.control) for t in rows if t.settles}
    counted_total = sum(t.status not in ("", "unknown") for t in rows)
    text = say(
        "{answers} to questions of controls, of which {counted} count; {questions} of {all} settled"
        " by them. An unexamined yes earns half the credit on evidence. It earns full credit if a"
        " second person examined it against an artefact whose hash matches, and recorded the"
        " place and what was seen there. Not applicable needs a second person too. An answer that"
        " is expired, dated later than this assessment, refused or signed by someone who may not"
        " sign has no effect.",
        answers=count(len(rows), "answer"),
        counted=number(counted_total),
        questions=count(len(settled_questions), "question"),
        all=number(len(order)),
    )
    if rejected_count:
        rejected_rows = count(rejected_count, "row")
        text += say(
            " Rejected as wrong: {rows}, listed in the data accounting.", rows=rejected_rows
        )
    return Attestations(
        text, tuple(_answer(t, names[t.framework], anchors[t.framework, t.control]) for t in rows)
    )


def _controls(assessment: model.Assessment) -> list[tuple[model.Framework, model.Control]]:
    return [(f, c) for f in assessment.frameworks for c in f.controls]


def _answer(answer: Attestation, framework: str, anchor: str) -> AnswerLine:
    return AnswerLine(
        framework=framework,
        control=clean(answer.control),
        anchor=anchor,
        answer=answer.answer,
        statement=free(answer.statement),
        who=clean(answer.attested_by),
        role=clean(answer.role),
        date=_moment(answer.date),
        expires=_moment(answer.expires),
        method=answer.method,
        counts_as=_COUNTS_AS.get(answer.status, answer.status),
        why=clean(answer.why.translated()) if answer.why else "",
        settles=answer.settles,
        record=clean(answer.ref),
        date_iso=iso(answer.date) if answer.date else "",
        expires_iso=iso(answer.expires) if answer.expires else "",
    )


def _moment(time: datetime | None) -> str:
    if time is None:
        return ""
    return (
        f"{time:%Y-%m-%d}"
        if time == datetime(time.year, time.month, time.day)
        else f"{time:%Y-%m-%d %H:%M}"
    )


def statement_rows(attestations: Attestations, waivers: Waivers) -> Iterator[tuple[str, ...]]:
    """Yield what people stated, a row each for the workbook."""
    for answer in attestations.rows:
        yield (
            *(
                say("attestation"),
                answer.framework,
                answer.control,
                "",
                "",
                "",
                word(answer.answer),
                answer.statement,
                answer.who,
                answer.role,
                answer.date,
            ),
            *(
                answer.expires,
                "",
                word(answer.method),
                "",
                word(answer.counts_as),
                "",
                answer.why,
                answer.record,
            ),
        )
    for kind, statements in (
        (say("waiver"), waivers.waivers),
        (say("compensating control"), waivers.compensations),
    ):
        for statement in statements:
            yield (
                *(
                    say("exception") if statement.exception else kind,
                    "",
                    "",
                    statement.check,
                    statement.subject,
                    statement.by_check,
                    "",
                    statement.reason,
                    statement.who,
                    "",
                    statement.since,
                    statement.until,
                ),
                *(
                    statement.review,
                    "",
                    statement.ticket,
                    word(statement.counts_as),
                    statement.results,
                    statement.why,
                    statement.record,
                ),
            )

"""What people said, as printed: waivers, compensating controls, answers. In: an `Assessment` and
the anchors. Out: their chapters, idle statements too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from reporter.i18n.translate import mark, say, say_n
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
    group_level,
    iso,
    number,
    percent,
)


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
    """Print every waiver and compensating control, with what it does."""
    own = {f.file for f in assessment.files if f.source in (WAIVERS, COMPENSATIONS)}
    wrong = sum(q.kind == "rejected" and q.file in own for q in assessment.quarantined)
    if not assessment.waivers and not assessment.compensations and not wrong:
        return Waivers()
    honoured = _honoured(assessment)
    return Waivers(
        text=_text(assessment, wrong),
        honoured_text=_honoured_text(assessment, honoured[0]) if honoured else "",
        honoured=honoured,
        waivers=tuple(_line(w, anchors) for w in assessment.waivers),
        compensations=tuple(_line(c, anchors) for c in assessment.compensations),
        shown=SHOWN,
    )


def _text(assessment: model.Assessment, wrong: int) -> str:
    text = say(
        "{waivers} {compensations} A waiver changes no score: what it covers goes on failing, and"
        " is only left out of the roadmap. A failure for which another check stands in, and passes,"
        " has {share} of the credit of a pass; it counts as failing on the first page. An exception"
        " of the inventory is a waiver. What is expired, approved later than this assessment, or"
        " not signed by a person of the directory who was in office, is not the owner and is named"
        " for it in reporter.yml has no effect.",
        waivers=_counted(assessment.waivers, "waiver"),
        compensations=_counted(assessment.compensations, "compensating control"),
        share=percent(assessment.policy.compensated_credit),
    )
    if wrong:
        rows = count(wrong, "row")
        text += say(" Rejected as wrong: {rows}, listed in the data accounting.", rows=rows)
    if max(len(assessment.waivers), len(assessment.compensations)) > SHOWN:
        more = mark(" The first {n} of each are listed here, all of them in {file}.")
        text += say(more, n=number(SHOWN), file=FILE)
    return text


def _counted(said: Sequence[Waiver | Compensation], noun: str) -> str:
    n = sum(bool(s.counts_as) for s in said)
    return say_n(
        "{things}, of which {n} has an effect.",
        "{things}, of which {n} have an effect.",
        n,
        things=count(len(said), noun),
    )


def _honoured(assessment: model.Assessment) -> tuple[HonouredLine, ...]:
    if not assessment.honoured:
        return ()
    names = (say("Enterprise"), *(clean(f.short) for f in assessment.frameworks))
    now = (assessment.scores.enterprise.total, *(f.total for f in assessment.scores.frameworks))
    return tuple(
        HonouredLine(
            name,
            group_level(before, assessment, before.id).text,
            percent(before.lo),
            group_level(after, assessment, after.id).text,
            percent(after.lo),
            exact(after.lo),
            exact(after.hi),
        )
        for name, before, after in zip(names, now, assessment.honoured, strict=True)
    )


def _honoured_text(assessment: model.Assessment, total: HonouredLine) -> str:
    return say_n(
        "{n} failing verdict is waived. If all waivers were honoured, the evidenced score would be"
        " {then}, level {then_level}, in place of {score}, level {level}.",
        "{n} failing verdicts are waived. If all waivers were honoured, the evidenced score would"
        " be {then}, level {then_level}, in place of {score}, level {level}.",
        assessment.waived,
        then=total.honoured_score,
        then_level=total.honoured_level,
        score=total.score,
        level=total.level,
    )


def _line(s: Waiver | Compensation, anchors: Mapping[tuple[str, str], str]) -> WaivedLine:
    by_check = s.by_check if isinstance(s, Compensation) else ""
    return WaivedLine(
        check=clean(s.check),
        anchor=anchors.get(("", s.check), ""),
        subject=clean(s.subject) or say(EVERY),
        by_check=clean(by_check),
        by_anchor=anchors["", by_check] if by_check else "",
        exception=isinstance(s, Waiver) and s.kind == EXCEPTIONS,
        who=clean(s.approved_by),
        since=_day(s.approved_at),
        until=_day(s.expires),
        review=_day(s.review_at) if isinstance(s, Waiver) and s.review_at else "",
        reason=free(s.reason),
        ticket=clean(s.ticket) if isinstance(s, Waiver) else "",
        counts_as=s.counts_as or "not counted",
        results=number(s.results),
        why=clean(s.why.said()) if s.why else "",
        record=clean(s.ref),
        until_iso="" if s.expires == datetime.min else iso(s.expires),
    )


def _day(at: datetime) -> str:
    return "" if at == datetime.min else f"{at:%Y-%m-%d}"


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
    """The control's question rests on it."""
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
    """Print every answer in the order of the lists, with what it counts as."""
    own = {f.file for f in assessment.files if f.source == ATTESTATIONS}
    wrong = sum(q.kind == "rejected" and q.file in own for q in assessment.quarantined)
    if not assessment.attestations and not wrong:
        return Attestations()
    names = {f.id: clean(f.short) for f in assessment.frameworks}
    order = {(f.id, c.id): n for n, (f, c) in enumerate(_controls(assessment))}
    rows = sorted(assessment.attestations, key=lambda t: (order[t.framework, t.control], t.ref))
    settled = {(t.framework, t.control) for t in rows if t.settles}
    counted = sum(t.status not in ("", "unknown") for t in rows)
    text = say(
        "{answers} to questions of controls, of which {counted} count; {questions} of {all} settled"
        " by them. A yes on somebody's word has half the credit on evidence; examined by a second"
        " person against an artefact whose hash matches, with the place in it and what was seen"
        " there, it has all of it. Not applicable needs a second person too. What is expired, dated"
        " later than this assessment, refused or signed by nobody who may is as if it had never"
        " been given.",
        answers=count(len(rows), "answer"),
        counted=number(counted),
        questions=count(len(settled), "question"),
        all=number(len(order)),
    )
    if wrong:
        rows_ = count(wrong, "row")
        text += say(" Rejected as wrong: {rows}, listed in the data accounting.", rows=rows_)
    return Attestations(
        text, tuple(_answer(t, names[t.framework], anchors[t.framework, t.control]) for t in rows)
    )


def _controls(assessment: model.Assessment) -> list[tuple[model.Framework, model.Control]]:
    return [(f, c) for f in assessment.frameworks for c in f.controls]


def _answer(t: Attestation, framework: str, anchor: str) -> AnswerLine:
    return AnswerLine(
        framework=framework,
        control=clean(t.control),
        anchor=anchor,
        answer=t.answer,
        statement=free(t.statement),
        who=clean(t.attested_by),
        role=clean(t.role),
        date=_moment(t.date),
        expires=_moment(t.expires),
        method=t.method,
        counts_as=_COUNTS_AS.get(t.status, t.status),
        why=clean(t.why.said()) if t.why else "",
        settles=t.settles,
        record=clean(t.ref),
        date_iso=iso(t.date) if t.date else "",
        expires_iso=iso(t.expires) if t.expires else "",
    )


def _moment(at: datetime | None) -> str:
    if at is None:
        return ""
    return f"{at:%Y-%m-%d}" if at == datetime(at.year, at.month, at.day) else f"{at:%Y-%m-%d %H:%M}"

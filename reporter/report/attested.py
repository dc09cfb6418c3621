"""Answers to the questions of controls as printed. In: an `Assessment` and the anchors. Out: one table, refused answers too."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from reporter import model
from reporter.answers import ATTESTATIONS, Attestation
from reporter.texts import say

from . import shape_attested as shape
from .words import clean, count, iso, number

_COUNTS_AS = {"na": "not applicable", "": "not counted"}


def attestations(a: model.Assessment, anchors: Mapping[tuple[str, str], str]) -> shape.Attestations:
    """Print every answer in the order of the lists, with what it counts as."""
    own = {f.file for f in a.files if f.source == ATTESTATIONS}
    wrong = sum(q.kind == "rejected" and q.file in own for q in a.quarantined)
    if not a.attestations and not wrong:
        return shape.Attestations()
    names = {f.id: clean(f.short) for f in a.frameworks}
    order = {(f.id, c.id): n for n, (f, c) in enumerate(_controls(a))}
    rows = sorted(a.attestations, key=lambda t: (order[t.framework, t.control], t.ref))
    settled = {(t.framework, t.control) for t in rows if t.settles}
    counted = sum(t.status not in ("", "unknown") for t in rows)
    text = say(
        "{answers} to questions of controls, of which {counted} count; {questions} of {all} settled by them. A yes on somebody's word "
        "has half the credit on evidence; examined by a second person against an artefact whose hash matches, with the place in it and what was seen "
        "there, it has all of it. Not applicable needs a second person too. What is expired, dated later than this assessment, refused or signed by "
        "nobody who may is as if it had never been given.",
        answers=count(len(rows), "answer"), counted=number(counted), questions=count(len(settled), "question"),
        all=number(len(order)),
    )  # fmt: skip
    if wrong:
        rows_ = count(wrong, "row")
        text += say(" Rejected as wrong: {rows}, listed in the data accounting.", rows=rows_)
    return shape.Attestations(
        text, tuple(_line(t, names[t.framework], anchors[t.framework, t.control]) for t in rows)
    )


def _controls(a: model.Assessment) -> list[tuple[model.Framework, model.Control]]:
    return [(f, c) for f in a.frameworks for c in f.controls]


def _line(t: Attestation, framework: str, anchor: str) -> shape.AnswerLine:
    return shape.AnswerLine(
        framework=framework,
        control=clean(t.control),
        anchor=anchor,
        answer=t.answer,
        statement=clean(t.statement),
        who=clean(t.attested_by),
        role=clean(t.role),
        date=_day(t.date),
        expires=_day(t.expires),
        method=t.method,
        counts_as=_COUNTS_AS.get(t.status, t.status),
        why=clean(t.why),
        settles=t.settles,
        record=clean(t.ref),
        date_iso=iso(t.date) if t.date else "",
        expires_iso=iso(t.expires) if t.expires else "",
    )


def _day(at: datetime | None) -> str:
    if at is None:
        return ""
    return f"{at:%Y-%m-%d}" if at == datetime(at.year, at.month, at.day) else f"{at:%Y-%m-%d %H:%M}"

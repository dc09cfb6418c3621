"""Waivers and compensating controls as printed. In: an `Assessment` and the anchors. Out: their chapter, idle ones too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from reporter import model
from reporter.answers import COMPENSATIONS, EXCEPTIONS, WAIVERS, Compensation, Waiver
from reporter.texts import mark, say, say_n

from . import shape_waived as shape
from .words import clean, count, exact, group_level, iso, number, percent

SHOWN = 200
FILE = "statements.csv"
EVERY = mark("every failing subject")


def waivers(a: model.Assessment, anchors: Mapping[tuple[str, str], str]) -> shape.Waivers:
    """Print every waiver and compensating control, with what it does."""
    own = {f.file for f in a.files if f.source in (WAIVERS, COMPENSATIONS)}
    wrong = sum(q.kind == "rejected" and q.file in own for q in a.quarantined)
    if not a.waivers and not a.compensations and not wrong:
        return shape.Waivers()
    honoured = _honoured(a)
    return shape.Waivers(
        text=_text(a, wrong),
        honoured_text=_honoured_text(a, honoured[0]) if honoured else "",
        honoured=honoured,
        waivers=tuple(_line(w, anchors) for w in a.waivers),
        compensations=tuple(_line(c, anchors) for c in a.compensations),
        shown=SHOWN,
    )


def _text(a: model.Assessment, wrong: int) -> str:
    text = say(
        "{waivers} {compensations} A waiver changes no score: what it covers goes on failing, and is only left out of the roadmap. A failure for which another "
        "check stands in, and passes, has {share} of the credit of a pass; it counts as failing on the first page. An exception of the inventory is a "
        "waiver. What is expired, approved later than this assessment, or not signed by a person of the directory who was in office, is not the "
        "owner and is named for it in reporter.yml has no effect.",
        waivers=_counted(a.waivers, "waiver"), compensations=_counted(a.compensations, "compensating control"),
        share=percent(a.policy.compensated_credit),
    )  # fmt: skip
    if wrong:
        rows = count(wrong, "row")
        text += say(" Rejected as wrong: {rows}, listed in the data accounting.", rows=rows)
    if max(len(a.waivers), len(a.compensations)) > SHOWN:
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


def _honoured(a: model.Assessment) -> tuple[shape.HonouredLine, ...]:
    if not a.honoured:
        return ()
    names = (say("Enterprise"), *(clean(f.short) for f in a.frameworks))
    now = (a.scores.enterprise.total, *(f.total for f in a.scores.frameworks))
    return tuple(
        shape.HonouredLine(
            name,
            group_level(before, a, before.id).text,
            percent(before.lo),
            group_level(after, a, after.id).text,
            percent(after.lo),
            exact(after.lo),
            exact(after.hi),
        )
        for name, before, after in zip(names, now, a.honoured, strict=True)
    )


def _honoured_text(a: model.Assessment, total: shape.HonouredLine) -> str:
    return say_n(
        "{n} failing verdict is waived. If all waivers were honoured, the evidenced score would be {then}, level {then_level}, in "
        "place of {score}, level {level}.",
        "{n} failing verdicts are waived. If all waivers were honoured, the evidenced score would be {then}, level {then_level}, in "
        "place of {score}, level {level}.",
        a.waived, then=total.honoured_score, then_level=total.honoured_level, score=total.score, level=total.level,
    )  # fmt: skip


def _line(s: Waiver | Compensation, anchors: Mapping[tuple[str, str], str]) -> shape.WaivedLine:
    by_check = s.by_check if isinstance(s, Compensation) else ""
    return shape.WaivedLine(
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
        reason=clean(s.reason),
        ticket=clean(s.ticket) if isinstance(s, Waiver) else "",
        counts_as=s.counts_as or "not counted",
        cells=number(s.cells),
        why=clean(s.why),
        record=clean(s.ref),
        until_iso="" if s.expires == datetime.min else iso(s.expires),
    )


def _day(at: datetime) -> str:
    return "" if at == datetime.min else f"{at:%Y-%m-%d}"

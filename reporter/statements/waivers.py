"""What waivers and compensating controls say. In: rows as given, checks, a date, who may sign. Out:
Stated.

A row that is wrong is rejected with its line. What is not in force at the date, or not signed by
somebody who may, keeps `why` and has no effect. A row of `exceptions` is a waiver."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from reporter.engine.base import Engine
from reporter.model.assessment import Check, Quarantined
from reporter.model.sentences import Sentence, tell
from reporter.model.statements import (
    COMPENSATIONS,
    EXCEPTIONS,
    WAIVERS,
    Compensation,
    Given,
    Waiver,
)
from reporter.schema.tables import SUBJECTS
from reporter.statements.approvers import Directory
from reporter.statements.fields import Wrong, a_day, any_of, day, filled, one_of, rejected

LONGEST = timedelta(days=365)
REFUSED = "no effect"
"""So begins, in English, the reason of what nobody signed who may."""
_Fields = Mapping[str, str]
_Either = TypeVar("_Either", Waiver, Compensation)


@dataclass(frozen=True, slots=True)
class Stated:
    """All waivers and compensating controls, those out of force too."""

    waivers: tuple[Waiver, ...] = ()
    compensations: tuple[Compensation, ...] = ()
    rejected: tuple[Quarantined, ...] = ()


def read_waivers(
    given: Mapping[str, Sequence[Given]], checks: Iterable[Check], as_of: datetime, who: Directory
) -> Stated:
    """Take what is well formed, and say of each why it has no effect; `checks` are those of this
    run.
    """
    may = {c.id: c.compensated_by for c in checks}
    known = {check: check for check in may}
    waivers, wrong = _taken(given.get(WAIVERS, ()), lambda f, ref: _waiver(f, known, ref))
    others, also = _taken(given.get(COMPENSATIONS, ()), lambda f, ref: _compensation(f, known, ref))
    return Stated(
        _in_order(
            replace(w, why=_out_of_force(w, as_of) or _unsigned("waiver", w, who)) for w in waivers
        ),
        _in_order(
            replace(
                c,
                why=_out_of_force(c, as_of)
                or _no_substitute(c, may[c.check])
                or _unsigned("compensation", c, who),
            )
            for c in others
        ),
        (*wrong, *also),
    )


def exceptions(
    engine: Engine, checks: Iterable[Check], as_of: datetime, who: Directory
) -> tuple[Waiver, ...]:
    """Return the rows of `exceptions` as waivers: each for the subjects of its check that are, or
    belong to, what it names.
    """
    about = {c.id: c.about for c in checks}
    made = []
    for row in engine.rows(
        "SELECT coalesce(check_id, ''), coalesce(actor_id, ''), coalesce(item, ''),"
        " coalesce(reason, ''), coalesce(approver_id, ''), starts_at, ends_at,"
        " coalesce(exception_id, ''), ref FROM exceptions ORDER BY ref, exception_id, actor_id"
    ):
        check, actor, item, reason, approver, start, end, id_, ref = row
        waiver = Waiver(
            check,
            item or actor,
            reason,
            approver,
            start or datetime.min,
            end or datetime.min,
            None,
            id_,
            ref,
            EXCEPTIONS,
        )
        why = (
            _ill_formed(check, about, reason, approver, start, end)
            or _narrower(about.get(check, ""), actor, item)
            or _out_of_force(waiver, as_of)
            or _unsigned("exception", waiver, who)
        )
        if why or not actor or item or about[check] in _ACTORS:
            made.append(replace(waiver, why=why))
        else:
            subjects = [
                s
                for (s,) in engine.rows(
                    f"SELECT DISTINCT subject FROM ({SUBJECTS[about[check]]}) AS s WHERE actor_id ="
                    " ? AND subject IS NOT NULL ORDER BY 1",
                    [actor],
                )
            ]
            made += [replace(waiver, subject=s) for s in subjects]
            if not subjects:
                why = tell(
                    "covers nothing: {check} has no subject of {actor}", check=check, actor=actor
                )
                made.append(replace(waiver, why=why))
    return _in_order(made)


_ACTORS = ("agent", "actor")


def _ill_formed(
    check: str,
    about: Mapping[str, str],
    reason: str,
    approver: str,
    start: datetime | None,
    end: datetime | None,
) -> Sentence | None:
    """Say what an exception lacks that a waiver must have."""
    if not check:
        return tell("no effect: it names no check")
    if check not in about:
        return tell("no effect: there is no check {check}", check=check)
    if not reason:
        return tell("no effect: it gives no reason")
    if not approver:
        return tell("no effect: nobody approved it")
    if start is None:
        return tell("no effect: it has no beginning")
    if end is None:
        return tell("no effect: it has no end")
    if end <= start:
        return tell("no effect: it ends before it begins")
    if end - start > LONGEST:
        return tell(
            "no effect: it holds for {n} days, over {most}",
            n=(end - start).days,
            most=LONGEST.days,
        )
    return None


def _narrower(about: str, actor: str, item: str) -> Sentence | None:
    """Say that an exception is for a part of what its check assesses as a whole."""
    if actor and item and about in _ACTORS:
        return tell(
            "no effect: it is for {item} alone, and the verdict is on {actor} as a whole",
            item=item,
            actor=actor,
        )
    if actor and not SUBJECTS[about]:
        return tell("no effect: the verdict is not on {actor}", actor=actor)
    return None


def _taken(
    given: Iterable[Given], read: Callable[[_Fields, str], _Either]
) -> tuple[list[_Either], list[Quarantined]]:
    made, wrong = [], []
    for row in given:
        try:
            if row.wrong:
                hint = tell("expected one record a statement, each field a text")
                raise Wrong(row.wrong, hint=hint)
            made.append(read({k: v.strip() for k, v in row.fields.items()}, row.ref))
        except Wrong as error:
            wrong.append(rejected(row, error))
    return made, wrong


def _waiver(f: _Fields, known: Mapping[str, str], ref: str) -> Waiver:
    check = one_of(f, "check", known)
    reason, approved_by, start, end = _signed(f)
    review = _day(f, "review_at")
    if not start <= review <= end:
        raise Wrong(
            tell("review_at is not between approved_at and expires"),
            hint=tell("expected a day on which it still holds"),
        )
    return Waiver(
        check,
        f.get("subject", ""),
        reason,
        approved_by,
        start,
        end,
        review,
        f.get("ticket", ""),
        ref,
        WAIVERS,
    )


def _no_substitute(c: Compensation, may: Sequence[str]) -> Sentence | None:
    if c.by_check in may:
        return None
    if not may:
        return tell(
            "no effect: {by} cannot stand in for {check}, and no other check can",
            by=c.by_check,
            check=c.check,
        )
    return tell(
        "no effect: {by} cannot stand in for {check}; {others} can",
        by=c.by_check,
        check=c.check,
        others=any_of(may),
    )


def _unsigned(kind: str, s: Waiver | Compensation, who: Directory) -> Sentence | None:
    why = who.objection(kind, s.approved_by, s.approved_at)
    return tell("no effect: {why}", why=why) if why else None


def _compensation(f: _Fields, known: Mapping[str, str], ref: str) -> Compensation:
    check = one_of(f, "check", known)
    subject = filled(f, "subject", tell("expected the exact id of one subject that fails it"))
    other = one_of(f, "by_check", known)
    if other == check:
        raise Wrong(
            tell("by_check is the check itself"),
            hint=tell("expected another check that shows what is done instead"),
        )
    return Compensation(check, subject, other, *_signed(f), ref)


def _signed(f: _Fields) -> tuple[str, str, datetime, datetime]:
    """Return reason, approver, day of approval and day of the end."""
    reason = filled(f, "reason", tell("expected why the failure is accepted"))
    approved_by = filled(
        f, "approved_by", tell("expected a person who is not the owner of the subject")
    )
    start, end = _day(f, "approved_at"), _day(f, "expires")
    if end <= start:
        raise Wrong(tell("expires is not after approved_at"), hint=tell("expected a later day"))
    if end - start > LONGEST:
        raise Wrong(
            tell("expires is {n} days after approved_at", n=(end - start).days),
            hint=tell("expected at most {n}; it can be approved again", n=LONGEST.days),
        )
    return reason, approved_by, start, end


def _day(f: _Fields, name: str) -> datetime:
    time = day(f, name)
    if time is None:
        raise Wrong(tell("{name} is empty", name=name), hint=a_day())
    return time


def _in_order(made: Iterable[_Either]) -> tuple[_Either, ...]:
    return tuple(sorted(made, key=lambda s: (s.check, s.subject, s.ref)))


def _out_of_force(s: Waiver | Compensation, as_of: datetime) -> Sentence | None:
    if s.approved_at > as_of:
        return tell("approved after the date of this assessment: dropped")
    if s.expires > as_of:
        return None
    return tell("expired on {day}: as if it had never existed", day=f"{s.expires:%Y-%m-%d}")

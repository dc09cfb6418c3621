"""The content of waivers and compensating controls. In: rows as given, checks, a date, the
directory. Out: Stated.

A wrong row is rejected with its line. A statement out of force at the date, or without a valid
signature, keeps `why` and has no effect. A row of `exceptions` is a waiver.
"""

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
    Response,
    Waiver,
)
from reporter.schema.tables import SUBJECTS
from reporter.statements.approvers import Directory
from reporter.statements.fields import Wrong, a_day, any_of, day, filled, one_of, rejected

LONGEST = timedelta(days=365)
REFUSED = "no effect"
"""The English beginning of the reason for a statement without a valid signature."""
_Fields = Mapping[str, str]
_Statement = TypeVar("_Statement", Waiver, Compensation)


@dataclass(frozen=True, slots=True)
class Stated:
    """All waivers and compensating controls, including those out of force, and all responses."""

    waivers: tuple[Waiver, ...] = ()
    compensations: tuple[Compensation, ...] = ()
    responses: tuple[Response, ...] = ()
    rejected: tuple[Quarantined, ...] = ()


def read_waivers(
    rows_by_kind: Mapping[str, Sequence[Given]],
    checks: Iterable[Check],
    as_of: datetime,
    directory: Directory,
) -> Stated:
    """Parse well-formed rows and record why a statement has no effect; `checks` are those of this
    run.
    """
    substitutes = {c.id: c.compensated_by for c in checks}
    check_ids = {check: check for check in substitutes}
    waivers, rejects = _read_rows(
        rows_by_kind.get(WAIVERS, ()), lambda f, ref: _waiver(f, check_ids, ref)
    )
    compensations, other_rejects = _read_rows(
        rows_by_kind.get(COMPENSATIONS, ()), lambda f, ref: _compensation(f, check_ids, ref)
    )
    return Stated(
        _in_order(
            replace(w, why=_out_of_force(w, as_of) or _unsigned("waiver", w, directory))
            for w in waivers
        ),
        _in_order(
            replace(
                c,
                why=_out_of_force(c, as_of)
                or _no_substitute(c, substitutes[c.check])
                or _unsigned("compensation", c, directory),
            )
            for c in compensations
        ),
        rejected=(*rejects, *other_rejects),
    )


def exceptions(
    engine: Engine, checks: Iterable[Check], as_of: datetime, directory: Directory
) -> tuple[Waiver, ...]:
    """Return the rows of `exceptions` as waivers. Each covers the subjects of its check that are,
    or belong to, the actor it names.
    """
    about = {c.id: c.about for c in checks}
    waivers = []
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
            or _unsigned("exception", waiver, directory)
        )
        if why or not actor or item or about[check] in _ACTORS:
            waivers.append(replace(waiver, why=why))
        else:
            subjects = [
                s
                for (s,) in engine.rows(
                    f"SELECT DISTINCT subject FROM ({SUBJECTS[about[check]]}) AS s WHERE actor_id ="
                    " ? AND subject IS NOT NULL ORDER BY 1",
                    [actor],
                )
            ]
            waivers += [replace(waiver, subject=s) for s in subjects]
            if not subjects:
                why = tell(
                    "covers nothing: {check} has no subject of {actor}", check=check, actor=actor
                )
                waivers.append(replace(waiver, why=why))
    return _in_order(waivers)


_ACTORS = ("agent", "actor")


def _ill_formed(
    check: str,
    about: Mapping[str, str],
    reason: str,
    approver: str,
    start: datetime | None,
    end: datetime | None,
) -> Sentence | None:
    """Return what an exception lacks as a waiver."""
    if not check:
        return tell("no effect: it names no check")
    if check not in about:
        return tell("no effect: there is no check {check}", check=check)
    if not reason:
        return tell("no effect: it gives no reason")
    if not approver:
        return tell("no effect: no one approved it")
    if start is None:
        return tell("no effect: it has no start date")
    if end is None:
        return tell("no effect: it has no end date")
    if end <= start:
        return tell("no effect: it ends before it begins")
    if end - start > LONGEST:
        return tell(
            "no effect: it runs for {n} days; the limit is {most}",
            n=(end - start).days,
            most=LONGEST.days,
        )
    return None


def _narrower(about: str, actor: str, item: str) -> Sentence | None:
    """Return an objection if an exception covers a part of what its check assesses as a whole."""
    if actor and item and about in _ACTORS:
        return tell(
            "no effect: it is for {item} alone, and the result is on {actor} as a whole",
            item=item,
            actor=actor,
        )
    if actor and not SUBJECTS[about]:
        return tell("no effect: the result is not on {actor}", actor=actor)
    return None


def _read_rows(
    rows: Iterable[Given], parse: Callable[[_Fields, str], _Statement]
) -> tuple[list[_Statement], list[Quarantined]]:
    statements, rejects = [], []
    for row in rows:
        try:
            if row.wrong:
                hint = tell("expected one record per statement, each field a text")
                raise Wrong(row.wrong, hint=hint)
            statements.append(parse({k: v.strip() for k, v in row.fields.items()}, row.ref))
        except Wrong as error:
            rejects.append(rejected(row, error))
    return statements, rejects


def _waiver(fields: _Fields, check_ids: Mapping[str, str], ref: str) -> Waiver:
    check = one_of(fields, "check", check_ids)
    reason, approved_by, start, end = _approval(fields)
    review = _day(fields, "review_at")
    if not start <= review <= end:
        raise Wrong(
            tell("review_at is not between approved_at and expires"),
            hint=tell("expected a day on which it still holds"),
        )
    return Waiver(
        check,
        fields.get("subject", ""),
        reason,
        approved_by,
        start,
        end,
        review,
        fields.get("ticket", ""),
        ref,
        WAIVERS,
    )


def _no_substitute(compensation: Compensation, substitutes: Sequence[str]) -> Sentence | None:
    if compensation.by_check in substitutes:
        return None
    if not substitutes:
        return tell(
            "no effect: {by} cannot compensate for {check}, and no other check can",
            by=compensation.by_check,
            check=compensation.check,
        )
    return tell(
        "no effect: {by} cannot compensate for {check}; {others} can",
        by=compensation.by_check,
        check=compensation.check,
        others=any_of(substitutes),
    )


def _unsigned(kind: str, statement: Waiver | Compensation, directory: Directory) -> Sentence | None:
    why = directory.objection(kind, statement.approved_by, statement.approved_at)
    return tell("no effect: {why}", why=why) if why else None


def _compensation(fields: _Fields, check_ids: Mapping[str, str], ref: str) -> Compensation:
    check = one_of(fields, "check", check_ids)
    subject = filled(fields, "subject", tell("expected the exact id of one subject that fails it"))
    by_check = one_of(fields, "by_check", check_ids)
    if by_check == check:
        raise Wrong(
            tell("by_check is the check itself"),
            hint=tell("expected another check that shows what is done instead"),
        )
    return Compensation(check, subject, by_check, *_approval(fields), ref)


def _approval(fields: _Fields) -> tuple[str, str, datetime, datetime]:
    """Return reason, approver, day of approval and day of the end."""
    reason = filled(fields, "reason", tell("expected why the failure is accepted"))
    approved_by = filled(
        fields, "approved_by", tell("expected a person who is not the owner of the subject")
    )
    start, end = _day(fields, "approved_at"), _day(fields, "expires")
    if end <= start:
        raise Wrong(tell("expires is not after approved_at"), hint=tell("expected a later day"))
    if end - start > LONGEST:
        raise Wrong(
            tell("expires is {n} days after approved_at", n=(end - start).days),
            hint=tell("expected at most {n}; it can be approved again", n=LONGEST.days),
        )
    return reason, approved_by, start, end


def _day(fields: _Fields, name: str) -> datetime:
    time = day(fields, name)
    if time is None:
        raise Wrong(tell("{name} is empty", name=name), hint=a_day())
    return time


def _in_order(statements: Iterable[_Statement]) -> tuple[_Statement, ...]:
    return tuple(sorted(statements, key=lambda s: (s.check, s.subject, s.ref)))


def _out_of_force(statement: Waiver | Compensation, as_of: datetime) -> Sentence | None:
    if statement.approved_at > as_of:
        return tell("approved after the date of this assessment: dropped")
    if statement.expires > as_of:
        return None
    return tell("expired on {day}: has no effect", day=f"{statement.expires:%Y-%m-%d}")

"""The page in front of the report. In: where a watch stands, what it told in the last hour, the
report that was made last. Out: HTML, and the same in short as JSON.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from markupsafe import Markup

from reporter.i18n.translate import content, say, say_n, speaking
from reporter.model import ids
from reporter.pipeline.live.page_maker import Made, Page
from reporter.pipeline.live.page_run import REPORT
from reporter.pipeline.live.told_changes import Change, Told
from reporter.report.html.page import render_alone
from reporter.report.view.format import number

SHOWN = 200
"""Changes on the page; all are in its JSON lines."""
NAMED = 3
"""Subjects named for a check that fails."""
SLOW = timedelta(seconds=60)
"""A round that takes longer is told of."""


class Open(NamedTuple):
    """A failure that is open."""

    check: str
    opened_at: str
    subject: str


@dataclass(frozen=True, slots=True)
class Watched:
    """Where a watch stands."""

    started_at: datetime
    organisation: str
    language: str
    moves: bool = False
    """Results are as of now."""
    out: str = ""
    """File that has all changes; '' for none."""
    as_of: str = ""
    """'' before the first judgement."""
    lines: int = 0
    taken_at: datetime | None = None
    """When the last line was taken in, since the start."""
    judged_at: datetime | None = None
    seconds: float = 0.0
    """That the last judgement took."""
    round_at: datetime | None = None
    """When the last round ended, with a judgement or without."""
    is_behind: bool = False
    """Whole lines wait that were not taken in for want of room."""
    failed_hooks: int = 0
    faults: tuple[tuple[str, str], ...] = ()
    """Checks that could not be run, and why."""
    open: tuple[Open, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Alert:
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class ChangeLine:
    number: int
    time: str
    iso: str
    check: str
    title: str
    severity: str
    subject: str
    before: str
    now: str
    reason: str
    ended: bool
    link: str


@dataclass(frozen=True, slots=True)
class OpenLine:
    """The open failures of a check."""

    check: str
    title: str
    number: str
    oldest: str
    newest: str
    age: str
    about: str
    link: str


@dataclass(frozen=True, slots=True)
class LivePage:
    """What the page prints."""

    organisation: str
    period: str
    alerts: tuple[Alert, ...]
    report: str
    report_note: str
    judgement: str
    score: str
    state: tuple[Line, ...]
    changes: tuple[ChangeLine, ...]
    changes_text: str
    changes_note: str
    all_changes: str
    open: tuple[OpenLine, ...]
    open_text: str


def render(watched: Watched, told: Told, made: Made, is_slow: bool) -> tuple[str, str]:
    """Return the page, and what tells it from the next."""
    language = made.page.about.language if made.page else watched.language
    with speaking(language):
        body = render_alone("live_body.html", page=_page(watched, told, made, is_slow))
        version = hashlib.sha256(body.encode()).hexdigest()[:16]
        named = {"page": {"organisation": watched.organisation}, "language": language}
        page = render_alone("live.html", **named, version=version, body=Markup(body))
    return page, version


def is_slow(watched: Watched, now: datetime) -> bool:
    """Tell whether a round goes on for long."""
    return now - (watched.round_at or watched.started_at) > SLOW


def as_json(watched: Watched, told: Told, made: Made, is_slow: bool, version: str) -> bytes:
    """Return where the watch stands, for programs, and what tells the page from the next."""
    page = made.page
    values = {
        "version": version,
        "as_of": watched.as_of,
        "lines": watched.lines,
        "judged_at": _iso(watched.judged_at),
        "last_line_taken_in_at": _iso(watched.taken_at),
        "changes_last_hour": len(told.changes),
        "changes_complete_since": _iso(told.complete_since),
        "open_failures": len(watched.open),
        "failed_hooks": watched.failed_hooks,
        "checks_not_run": dict(watched.faults),
        "is_behind": watched.is_behind or is_slow,
        "report": page
        and {
            "made_at": _iso(page.made_at),
            "as_of": page.about.as_of,
            "lines": page.about.lines,
            "last_record_at": page.about.last_event_at,
        },
        "report_problem": made.problem,
    }
    return json.dumps(values, indent=1).encode() + b"\n"


def _page(watched: Watched, told: Told, made: Made, is_slow: bool) -> LivePage:
    about = made.page.about if made.page else None
    changes = told.changes
    shown = tuple(_change_line(c, made.page) for c in reversed(changes[-SHOWN:]))
    return LivePage(
        organisation=watched.organisation,
        period=about.period if about else "",
        alerts=tuple(_alerts(watched, made, is_slow)),
        report=REPORT if about else "",
        report_note=_report_note(watched, told, made),
        judgement=about.judgement if about else "",
        score=about.score if about else "",
        state=tuple(_state(watched, made.page)),
        changes=shown,
        changes_text=_changes_text(watched, changes, shown),
        changes_note=_changes_note(watched, told),
        all_changes=say("All as JSON lines") if changes else "",
        open=tuple(_open_lines(watched, made.page)),
        open_text=_open_text(watched),
    )


def _alerts(watched: Watched, made: Made, is_slow: bool) -> Iterator[Alert]:
    if watched.is_behind:
        yield Alert(say("The watch is behind."), say("More lines wait than it takes in at once."))
    elif is_slow:
        since = _clock(watched.round_at or watched.started_at)
        yield Alert(
            say("The watch has been judging since {time}.", time=since),
            say("What was written since then is not in these results."),
        )
    if made.problem:
        at = _clock(made.failed_at) if made.failed_at else ""
        yield Alert(say("The report could not be made at {time}.", time=at), made.problem)
    for check, why in watched.faults:
        yield Alert(say("{check} could not be run.", check=check), why)
    if watched.failed_hooks:
        yield Alert(
            say_n(
                "A hook could not be told of one change.",
                "Hooks could not be told of {n} changes.",
                watched.failed_hooks,
            ),
            say("Why is said on stderr of the watch."),
        )


def _state(watched: Watched, page: Page | None) -> Iterator[Line]:
    if watched.as_of:
        yield Line(say("Results as of"), _moment(watched.as_of))
    if watched.judged_at:
        took = say("took {seconds} s", seconds=f"{watched.seconds:.0f}")
        yield Line(say("Last judged"), f"{_clock(watched.judged_at)} ({took})")
    elif not watched.as_of:
        yield Line(say("Last judged"), say("not yet: the first judgement is being made"))
    last = (
        say("the last one at {time}", time=_clock(watched.taken_at))
        if watched.taken_at
        else say("none since the watch began at {time}", time=_clock(watched.started_at))
    )
    yield Line(say("Lines taken in"), f"{number(watched.lines)}, {last}")
    if page and page.about.last_event_at:
        yield Line(say("Latest record of a log"), _moment(page.about.last_event_at))


def _report_note(watched: Watched, told: Told, made: Made) -> str:
    page, parts = made.page, []
    if page:
        parts.append(say("made at {time}", time=_clock(page.made_at)))
        if newer := sum(c.number > page.about.told for c in told.changes):
            parts.append(say_n("one change is newer", "{n} changes are newer", newer))
    if made.working_since:
        parts.append(_being_made(bool(page), _clock(made.working_since)))
    return " · ".join(parts)


def _being_made(is_next: bool, time: str) -> str:
    if is_next:
        return say("the next one is being made since {time}", time=time)
    return say("The first one is being made since {time}.", time=time)


def _change_line(change: Change, page: Page | None) -> ChangeLine:
    return ChangeLine(
        number=change.number,
        time=f"{change.told_at.astimezone(UTC):%H:%M:%S}",
        iso=_iso(change.told_at),
        check=change.check,
        title=content(change.title),
        severity=change.severity,
        subject=change.subject or say("the whole organisation"),
        before=_spoken(change.before),
        now=_spoken(change.now),
        reason=change.reason,
        ended=change.ended,
        link=_link(page, change.check, change.subject),
    )


def _link(page: Page | None, check: str, subject: str) -> str:
    """Return where the report has a result; '' where it has none."""
    place = page.about.places.get(check, "") if page else ""
    return f"{place}#v-{ids.finding(check, subject)}" if place else ""


def _changes_text(watched: Watched, changes: Sequence[Change], shown: Sequence[ChangeLine]) -> str:
    if not changes and not watched.as_of:
        return say("Nothing has been judged yet.")
    if not changes:
        return say("No result changed.")
    if len(shown) < len(changes):
        total, first = number(len(changes)), number(len(shown))
        return say("{n} results changed; the newest {first} are listed.", n=total, first=first)
    return say_n("One result changed.", "{n} results changed; the newest first.", len(changes))


def _changes_note(watched: Watched, told: Told) -> str:
    if not told.complete_since:
        return ""
    note = say(
        "Only changes told since {time} are listed: earlier ones of this hour are not kept here.",
        time=_clock(told.complete_since),
    )
    return f"{note} {say('All are in {file}.', file=watched.out)}" if watched.out else note


def _open_lines(watched: Watched, page: Page | None) -> Iterator[OpenLine]:
    titles = page.about.titles if page else {}
    for check, group in groupby(sorted(watched.open), key=lambda o: o.check):
        open_ = list(group)
        oldest, newest = open_[0].opened_at, open_[-1].opened_at
        names = [o.subject for o in reversed(open_) if o.subject]
        more = len(names) - NAMED
        about = ", ".join(names[:NAMED])
        yield OpenLine(
            check=check,
            title=titles.get(check, ""),
            number=number(len(open_)),
            oldest=_moment(oldest),
            newest=_moment(newest),
            age=_age(oldest, watched.as_of) if watched.moves else "",
            about=say("{names} and {n} more", names=about, n=number(more)) if more > 0 else about,
            link=_link(page, check, open_[-1].subject),
        )


def _open_text(watched: Watched) -> str:
    if not watched.as_of:
        return say("Nothing has been judged yet.")
    if not watched.open:
        return say("No failure is open.")
    n_checks = len({o.check for o in watched.open})
    checks = say_n("one check", "{n} checks", n_checks)
    return say_n(
        "One failure is open.",
        "{n} failures of {checks} are open.",
        len(watched.open),
        checks=checks,
    )


def _age(since: str, as_of: str) -> str:
    minutes = int((_utc(as_of) - _utc(since)).total_seconds()) // 60
    if minutes < 120:
        return say_n("(for one minute)", "(for {n} minutes)", minutes)
    if minutes < 2 * 24 * 60:
        return say_n("(for one hour)", "(for {n} hours)", minutes // 60)
    return say_n("(for one day)", "(for {n} days)", minutes // (24 * 60))


def _spoken(status: str) -> str:
    return status.replace("_", " ")


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _utc(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _moment(text: str) -> str:
    return f"{_utc(text):%Y-%m-%d %H:%M} UTC"


def _iso(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at else ""

"""The page in front of the report. In: where a watch stands, what it told in the last hour, the
report that was made last. Out: HTML, and the same in short as JSON.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice
from typing import NamedTuple

from markupsafe import Markup

from reporter.i18n.translate import content, say, say_n, speaking
from reporter.pipeline.live.change_rows import ChangeRow, link, rows
from reporter.pipeline.live.page_maker import Made, Page
from reporter.pipeline.live.page_run import REPORT
from reporter.pipeline.live.told_changes import Told
from reporter.report.html.page import render_alone
from reporter.report.view.format import number

SHOWN = 200
"""Rows of changes on the page; all are in its JSON lines."""
NAMED = 3
"""Subjects named for a check that fails."""
APART = "\u2068\u2069"
"""First strong isolate, and its end."""
SLOW = timedelta(seconds=60)
"""A round that takes longer is told of."""


class Open(NamedTuple):
    """A failure that is open."""

    check: str
    opened_at: str
    subject: str
    fails: bool = True
    """Now: an episode stays open until a later test passes."""


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
    judged: bool
    changes: tuple[ChangeRow, ...]
    changes_text: str
    first_text: str
    changes_note: str
    all_changes: str
    open: tuple[OpenLine, ...]
    open_text: str
    open_note: str
    has_times: bool
    """When a failure was first found says more than as of when results are."""


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
        "changes_last_hour": len(told.later),
        "first_judgement_last_hour": len(told.first),
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
    shown = tuple(islice(rows(told.later, made.page), SHOWN))
    return LivePage(
        organisation=watched.organisation,
        period=about.period if about else "",
        alerts=tuple(_alerts(watched, made, is_slow)),
        report=REPORT if about else "",
        report_note=_report_note(watched, told, made),
        judgement=about.judgement if about else "",
        score=about.score if about else "",
        state=tuple(_state(watched)),
        judged=bool(watched.as_of),
        changes=shown,
        changes_text=_changes_text(watched, told, shown),
        first_text=_first_text(told),
        changes_note=_changes_note(watched, told),
        all_changes=say("All as JSON lines") if told.changes else "",
        open=tuple(_open_lines(watched, told, made.page)),
        open_text=_open_text(watched),
        open_note=_open_note(watched),
        has_times=watched.moves or any(o.opened_at != watched.as_of for o in watched.open),
    )


def _alerts(watched: Watched, made: Made, is_slow: bool) -> Iterator[Alert]:
    if watched.is_behind:
        yield Alert(say("The watch is behind."), say("More lines wait than it takes in at once."))
    elif is_slow and watched.as_of:  # the first judgement has its line below
        since = _clock(watched.round_at or watched.started_at)
        yield Alert(
            say("The watch has been judging since {time}.", time=since),
            say("What was written since then is not in these results."),
        )
    if made.problem:
        at = _clock(made.failed_at) if made.failed_at else ""
        yield Alert(say("The report could not be made at {time}:", time=at), made.problem)
    for check, why in watched.faults:
        yield Alert(say("{check} could not be run:", check=check), why)
    if watched.failed_hooks:
        yield Alert(
            say_n(
                "A hook could not be told of one change.",
                "Hooks could not be told of {n} changes.",
                watched.failed_hooks,
            ),
            say("Why is said on stderr of the watch."),
        )


def _state(watched: Watched) -> Iterator[Line]:
    if watched.as_of:
        yield Line(say("Results as of"), _moment(watched.as_of))
    if watched.judged_at:
        took = say("took {seconds} s", seconds=f"{watched.seconds:.0f}")
        yield Line(say("Last judged"), f"{_clock(watched.judged_at)} ({took})")
    elif not watched.as_of:
        began = _clock(watched.started_at)
        text = say("not yet: the first judgement is being made since {time}", time=began)
        yield Line(say("Last judged"), text)
        return
    last = (
        say("the last one at {time}", time=_clock(watched.taken_at))
        if watched.taken_at
        else say("none since the watch began at {time}", time=_clock(watched.started_at))
    )
    yield Line(say("Lines taken in"), f"{number(watched.lines)}, {last}")


def _report_note(watched: Watched, told: Told, made: Made) -> str:
    page, parts = made.page, []
    if page:
        parts.append(say("made at {time}", time=_clock(page.made_at)))
        if latest := page.about.last_event_at:
            parts.append(say("its latest record is of {time}", time=_moment(latest)))
        if newer := sum(c.number > page.about.told for c in told.changes):
            parts.append(say_n("one change is newer", "{n} changes are newer", newer))
    if made.working_since:
        parts.append(_being_made(bool(page), _clock(made.working_since)))
    return " · ".join(parts)


def _being_made(is_next: bool, time: str) -> str:
    if is_next:
        return say("the next one is being made since {time}", time=time)
    return say("The first one is being made since {time}.", time=time)


def _changes_text(watched: Watched, told: Told, shown: Sequence[ChangeRow]) -> str:
    total, listed = len(told.later), sum(len(row.checks) for row in shown)
    if not told.changes and not watched.as_of:
        return say("Nothing has been judged yet.")
    if not total and told.first:
        return say("No result has changed since the first judgement.")
    if not total:
        return say("No result changed.")
    if listed < total:
        counts = {"n": number(total), "first": number(listed)}
        return say("{n} results changed; the newest {first} are listed.", **counts)
    return say_n("One result changed.", "{n} results changed; the newest first.", total)


def _first_text(told: Told) -> str:
    if not told.first:
        return ""
    return say_n(
        "One failure that the first judgement found at {time} is not listed here.",
        "{n} failures that the first judgement found at {time} are not listed here.",
        len(told.first),
        time=_clock(told.first[0].told_at),
    )


def _changes_note(watched: Watched, told: Told) -> str:
    if not told.complete_since:
        return ""
    note = say(
        "Only changes told since {time} are listed: earlier ones of this hour are not kept here.",
        time=_clock(told.complete_since),
    )
    return f"{note} {say('All are in {file}.', file=watched.out)}" if watched.out else note


def _open_lines(watched: Watched, told: Told, page: Page | None) -> Iterator[OpenLine]:
    titles = page.about.titles if page else {c.check: content(c.title) for c in told.changes}
    newer = {(c.check, c.subject) for c in told.changes if page and c.number > page.about.told}
    for check, group in groupby(sorted(watched.open), key=lambda o: o.check):
        open_ = sorted(group, key=lambda o: o.opened_at)
        in_report = [o.subject for o in open_ if o.fails and (check, o.subject) not in newer]
        oldest, newest = open_[0].opened_at, open_[-1].opened_at
        names = [o.subject for o in reversed(open_) if o.subject]
        more = len(names) - NAMED
        # Each is set apart: a name that runs from right to left would take the next with it.
        about = ", ".join(f"{APART[0]}{name}{APART[1]}" for name in names[:NAMED])
        yield OpenLine(
            check=check,
            title=titles.get(check, ""),
            number=number(len(open_)),
            oldest=_moment(oldest),
            newest=_moment(newest),
            age=_age(oldest, watched.as_of) if watched.moves else "",
            about=say("{names} and {n} more", names=about, n=number(more)) if more > 0 else about,
            link=link(page, check, in_report[-1]) if in_report else "",
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


def _open_note(watched: Watched) -> str:
    n_others = sum(not o.fails for o in watched.open)
    if not n_others:
        return ""
    return say_n(
        "One of them does not fail now: it stays open until a later test passes.",
        "{n} of them do not fail now: they stay open until a later test passes.",
        n_others,
    )


def _age(since: str, as_of: str) -> str:
    minutes = int((_utc(as_of) - _utc(since)).total_seconds()) // 60
    if minutes < 120:
        return say_n("(for one minute)", "(for {n} minutes)", minutes)
    if minutes < 2 * 24 * 60:
        return say_n("(for one hour)", "(for {n} hours)", minutes // 60)
    return say_n("(for one day)", "(for {n} days)", minutes // (24 * 60))


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _utc(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _moment(text: str) -> str:
    return f"{_utc(text):%Y-%m-%d %H:%M} UTC"


def _iso(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at else ""

"""Scope, and what became of every input record: an `Assessment` in, printable lines out.

The reader must be able to add the counts up; where they do not add up, that is printed too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from reporter.i18n.translate import content, day, mark, say
from reporter.model import assessment as model
from reporter.report.view import elements
from reporter.report.view.format import clean, count, free, join, moment, number, period, short
from reporter.report.view.thresholds import own


@dataclass(frozen=True, slots=True)
class FileLine:
    file: str
    source: str
    why: str
    sha256: str
    read: str
    kept: str
    out_of_scope: str
    unreadable: str
    rejected: str
    part: str = ""
    """The sheet or list of the file that this is; empty for a whole file."""
    lined: bool = False
    """Its record numbers are line numbers."""


@dataclass(frozen=True, slots=True)
class FeedLine:
    log_source: str
    alive: str
    expected: str
    seen: str
    gap: str
    events: str
    delay: str
    disorder: str
    window: str


@dataclass(frozen=True, slots=True)
class CoverageLine:
    agent: str
    log_source: str
    seen: str
    gap: str
    events: str


@dataclass(frozen=True, slots=True)
class Rejected:
    place: str
    kind: str
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Accounting:
    files: tuple[FileLine, ...]
    total: FileLine
    equation: str
    out_of_scope: tuple[tuple[str, str, str], ...]
    """(source, record type, count)"""
    quarantined: tuple[Rejected, ...]
    quarantined_text: str
    feeds: tuple[FeedLine, ...]
    feeds_text: str
    coverage: tuple[CoverageLine, ...]
    coverage_text: str


QUARANTINE_SHOWN = 50
COVERAGE_SHOWN = 20
ALL = mark("All files")


def scope(assessment: model.Assessment) -> tuple[elements.Line, ...]:
    """Say who, what and when was assessed, and against which target."""
    kinds = [(k, n) for k, n in sorted(assessment.population.items()) if k != "shadow"]
    shadow = assessment.population.get("shadow", 0)
    actors = join(count(n, clean(kind)) for kind, n in kinds) or say("none recorded")
    return (
        elements.Line(say("Organisation"), clean(assessment.run.organisation) or say("not named")),
        elements.Line(say("Unit"), clean(assessment.run.unit) or say("the whole organisation")),
        elements.Line(say("Period"), period(assessment.run.period_from, assessment.run.period_to)),
        elements.Line(
            say("As of"), f"{day(assessment.run.as_of)} ({moment(assessment.run.as_of)})"
        ),
        elements.Line(say("Actors in the inventory"), actors),
        elements.Line(say("Actors seen only in logs"), _shadow(shadow)),
        elements.Line(say("Target profile"), clean(content(assessment.profile.title))),
        elements.Line(
            say("Checks"),
            say(
                "{n}, giving {results} verdicts",
                n=number(len(assessment.checks)),
                results=number(assessment.results),
            ),
        ),
        own(assessment.checks),
        *(
            elements.Line(say("Own settings"), "; ".join(clean(line.said()) for line in n.lines))
            for n in assessment.notices
            if n.code == "own_settings"
        ),
        *(_framework_line(f) for f in assessment.frameworks),
    )


def _shadow(n: int) -> str:
    return say("{n}, assessed as tier 4 until they are registered", n=number(n)) if n else "0"


def _framework_line(f: model.Framework) -> elements.Line:
    version, controls = clean(f.version), count(len(f.controls), "control")
    title = clean(content(f.title))
    return elements.Line(
        clean(f.short),
        say(
            "{title}, version {version}, {controls}",
            title=title,
            version=version,
            controls=controls,
        ),
    )


def accounting(assessment: model.Assessment) -> Accounting:
    """Show that every record read is kept, out of scope, unreadable or rejected."""
    ordered = sorted(assessment.files, key=lambda f: f.file)
    total = _total(ordered)
    shown = assessment.quarantined[:QUARANTINE_SHOWN]
    return Accounting(
        files=tuple(_file(f) for f in ordered),
        total=_file(total),
        equation=_equation(total),
        out_of_scope=tuple(
            (clean(s), clean(t.said()), number(n)) for s, t, n in assessment.out_of_scope_types
        ),
        quarantined=tuple(_rejected(q) for q in shown),
        quarantined_text=_quarantined_text(
            len(shown), len(assessment.quarantined), total.unreadable + total.rejected
        ),
        feeds=tuple(_feed(f) for f in sorted(assessment.feeds, key=lambda f: f.log_source)),
        feeds_text=_feeds_text(assessment.feeds),
        coverage=tuple(_covered(c) for c in assessment.coverage[:COVERAGE_SHOWN]),
        coverage_text=_coverage_text(assessment.coverage),
    )


def _total(files: Iterable[model.FileCount]) -> model.FileCount:
    sums: Counter[str] = Counter()
    for f in files:
        for name in ("bytes", "read", "kept", "out_of_scope", "unreadable", "rejected"):
            sums[name] += getattr(f, name)
    return model.FileCount(
        ALL,
        "",
        None,
        sums["bytes"],
        "",
        sums["read"],
        sums["kept"],
        sums["out_of_scope"],
        sums["unreadable"],
        sums["rejected"],
    )


def _equation(t: model.FileCount) -> str:
    right = t.kept + t.out_of_scope + t.unreadable + t.rejected
    sign = "=" if right == t.read else "≠"
    text = say(
        "{records} read {sign} {kept} kept + {out} out of scope + {unreadable} unreadable +"
        " {rejected} rejected",
        records=count(t.read, "record"),
        sign=sign,
        kept=number(t.kept),
        out=number(t.out_of_scope),
        unreadable=number(t.unreadable),
        rejected=number(t.rejected),
    )
    wrong = say("THE COUNTS DO NOT ADD UP: do not rely on this report.")
    return text if sign == "=" else f"{text}. {wrong}"


def _file(f: model.FileCount) -> FileLine:
    return FileLine(
        file=say(ALL) if f.file == ALL else clean(f.file),
        source=clean(f.source) or ("" if f.file == ALL else say("not recognised")),
        why=clean(f.why.said()) if f.why else "",
        sha256=f.sha256,
        read=number(f.read),
        kept=number(f.kept),
        out_of_scope=number(f.out_of_scope),
        unreadable=number(f.unreadable),
        rejected=number(f.rejected),
        part=clean(f.part),
        lined=f.lined,
    )


def _rejected(q: model.Quarantined) -> Rejected:
    return Rejected(
        place=f"{clean(q.file)}:{q.line}",
        kind=q.kind,
        reason=short(clean(q.reason.said()), "quarantine.csv"),
        text=short(free(q.text), "quarantine.csv", 120),
    )


def _quarantined_text(shown: int, notes: int, lost: int) -> str:
    """Records that were lost and notes are counted apart: a note may stand for a field, or for many
    records.
    """
    start = (
        say("{records} unreadable or rejected", records=count(lost, "record"))
        if lost
        else say("No record was unreadable or rejected")
    )
    listed = say(
        "{shown} of {notes} shown, all of them in quarantine.csv.",
        shown=number(shown),
        notes=count(notes, "note"),
    )
    return f"{start}; {listed}" if notes else f"{start}."


def _feed(f: model.Feed) -> FeedLine:
    first, last = f.first_at, f.last_at
    return FeedLine(
        log_source=clean(f.log_source),
        alive=say("delivering") if f.alive else say("not delivering"),
        expected=_units(f.expected, f.every),
        seen=_units(f.seen, f.every),
        gap=f"{number(f.longest_gap_hours)} h",
        events=number(f.events),
        delay=(
            say("not told")
            if f.p95_delay_seconds is None
            else f"{_span(f.median_delay_seconds)} / {_span(f.p95_delay_seconds)}"
        ),
        disorder=_disorder(f),
        window=f"{moment(first)} – {moment(last)}" if first and last else say("nothing seen"),
    )


def _units(n: int, every: str) -> str:
    hours = every == "hour"
    return say("{n} hours", n=number(n)) if hours else say("{n} days", n=number(n))


def _span(seconds: int | None) -> str:
    """A delay in the unit a person would use."""
    s = seconds or 0
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if s >= 2 * size:
            return f"{number(s // size)} {unit}"
    return f"{number(s)} s"


def _disorder(f: model.Feed) -> str:
    if f.p95_delay_seconds is None:
        return say("not told")
    ahead = say("; {n} dated after receipt", n=number(f.late_clock)) if f.late_clock else ""
    return f"{number(f.out_of_order)}{ahead}"


def _covered(c: model.Coverage) -> CoverageLine:
    return CoverageLine(
        agent=clean(c.agent),
        log_source=clean(c.log_source),
        seen=say("{seen} of {days}", seen=number(c.seen_days), days=count(c.expected_days, "day")),
        gap=count(c.longest_gap_days, "day"),
        events=number(c.events),
    )


def _coverage_text(coverage: tuple[model.Coverage, ...]) -> str:
    if not coverage:
        return say("No log shows an agent, and none is declared for one.")
    unseen = sum(not c.seen_days for c in coverage)
    full = sum(c.seen_days == c.expected_days for c in coverage)
    shown = min(len(coverage), COVERAGE_SHOWN)
    listed = (
        say("All are listed here")
        if shown == len(coverage)
        else say("The {n} least seen are listed here, all of them in coverage.csv", n=number(shown))
    )
    return say(
        "{pairs} of an agent and a log that shows it or should: {full} seen on every day of the"
        " period, {unseen} on none. An agent that works seldom is seldom seen; a gap is no finding"
        " by itself. {listed}.",
        pairs=count(len(coverage), "pair"),
        full=number(full),
        unseen=number(unseen),
        listed=listed,
    )


def _feeds_text(feeds: tuple[model.Feed, ...]) -> str:
    if not feeds:
        return say(
            "No log source is known, so no silence can be taken as proof: checks that need events "
            "are unknown. Add log files and their expected delivery to reporter.yml."
        )
    silent = sum(not f.alive for f in feeds)
    if not silent:
        return say(
            "Every log source was delivering, so that a quiet agent could be told from a quiet log."
        )
    return say(
        "{n} of {sources} were not delivering: passes that rest on their silence are unknown; "
        "failures found in them stand.",
        n=number(silent),
        sources=count(len(feeds), "log source"),
    )

"""Scope, and the accounting of every input record: an `Assessment` in, printable lines out.

The reader must be able to add up the counts. If they do not add up, that is printed too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reporter.i18n.translate import content, day, mark, say
from reporter.model import assessment as model
from reporter.report.view import elements
from reporter.report.view.format import clean, count, free, join, moment, number, period, short
from reporter.report.view.thresholds import changed_thresholds


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
class WantedLine:
    """An export to bring next."""

    what: str
    decides: str
    checks: tuple[str, ...]
    columns: tuple[str, ...]
    way: str
    """How to get it, in short."""


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
    wanted: tuple[WantedLine, ...]
    wanted_text: str


QUARANTINE_SHOWN = 50
COVERAGE_SHOWN = 20
ALL = mark("All files")


def scope(assessment: model.Assessment) -> tuple[elements.Line, ...]:
    """Print who, what and when was assessed, and against which target."""
    kinds = [(k, n) for k, n in sorted(assessment.population.items()) if k != "shadow"]
    unregistered = assessment.population.get("shadow", 0)
    actors = join(count(n, clean(kind)) for kind, n in kinds) or say("none recorded")
    return (
        elements.Line(say("Organisation"), clean(assessment.run.organisation) or say("not named")),
        elements.Line(say("Unit"), clean(assessment.run.unit) or say("the whole organisation")),
        elements.Line(say("Period"), period(assessment.run.period_from, assessment.run.period_to)),
        elements.Line(
            say("As of"), f"{day(assessment.run.as_of)} ({moment(assessment.run.as_of)})"
        ),
        elements.Line(say("Actors in the inventory"), actors),
        elements.Line(say("Actors seen only in logs"), _unregistered_text(unregistered)),
        elements.Line(say("Target profile"), clean(content(assessment.profile.title))),
        elements.Line(
            say("Checks"),
            say(
                "{n}, giving {results}",
                n=number(len(assessment.checks)),
                results=count(assessment.results, "result"),
            ),
        ),
        changed_thresholds(assessment.checks),
        *(
            elements.Line(
                say("Own settings"), "; ".join(clean(line.translated()) for line in n.lines)
            )
            for n in assessment.notices
            if n.code == "own_settings"
        ),
        *(_framework_line(f) for f in assessment.frameworks),
    )


def _unregistered_text(total: int) -> str:
    return (
        say("{n}, assessed as tier 4 until they are registered", n=number(total)) if total else "0"
    )


def _framework_line(framework: model.Framework) -> elements.Line:
    version, controls = clean(framework.version), count(len(framework.controls), "control")
    title = clean(content(framework.title))
    return elements.Line(
        clean(framework.short),
        say(
            "{title}, version {version}, {controls}",
            title=title,
            version=version,
            controls=controls,
        ),
    )


def accounting(assessment: model.Assessment) -> Accounting:
    """Show that every record read is kept, out of scope, unreadable or rejected."""
    files = sorted(assessment.files, key=lambda f: f.file)
    total = _total(files)
    notes = assessment.quarantined[:QUARANTINE_SHOWN]
    return Accounting(
        files=tuple(_file(f) for f in files),
        total=_file(total),
        equation=_equation(total),
        out_of_scope=tuple(
            (clean(s), clean(t.translated()), number(n))
            for s, t, n in assessment.out_of_scope_types
        ),
        quarantined=tuple(_rejected(q) for q in notes),
        quarantined_text=_quarantined_text(
            len(notes), len(assessment.quarantined), total.unreadable + total.rejected
        ),
        feeds=tuple(_feed(f) for f in sorted(assessment.feeds, key=lambda f: f.log_source)),
        feeds_text=_feeds_text(assessment.feeds),
        coverage=tuple(_coverage_line(c) for c in assessment.coverage[:COVERAGE_SHOWN]),
        coverage_text=_coverage_text(assessment.coverage),
        wanted=tuple(_wanted_line(w) for w in assessment.wanted),
        wanted_text=_wanted_text(assessment.wanted),
    )


def _wanted_line(wanted: model.Wanted) -> WantedLine:
    first_line, _, others = wanted.steps.partition("\n")
    return WantedLine(
        f" {say('or')} ".join(wanted.titles),
        count(wanted.results, "result"),
        wanted.checks,
        wanted.columns,
        clean(first_line) + (" …" if others else ""),
    )


def _wanted_text(exports: Sequence[model.Wanted]) -> str:
    if not exports:
        return say(
            "No single export that Reporter reads would supply what is not recorded; see the"
            " reasons for the unknown results."
        )
    return say(
        "These exports would supply most of what is not recorded, the best first. Each count"
        " excludes"
        " what the exports above it supply; whether the results would then pass is open. See"
        " docs/what-to-export.md for how to get them."
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


def _equation(total: model.FileCount) -> str:
    parts_sum = total.kept + total.out_of_scope + total.unreadable + total.rejected
    sign = "=" if parts_sum == total.read else "≠"
    text = say(
        "{records} read {sign} {kept} kept + {out} out of scope + {unreadable} unreadable +"
        " {rejected} rejected",
        records=count(total.read, "record"),
        sign=sign,
        kept=number(total.kept),
        out=number(total.out_of_scope),
        unreadable=number(total.unreadable),
        rejected=number(total.rejected),
    )
    warning = say("THE COUNTS DO NOT ADD UP: do not rely on this report.")
    return text if sign == "=" else f"{text}. {warning}"


def _file(file: model.FileCount) -> FileLine:
    return FileLine(
        file=say(ALL) if file.file == ALL else clean(file.file),
        source=clean(file.source) or ("" if file.file == ALL else say("not recognised")),
        why=clean(file.why.translated()) if file.why else "",
        sha256=file.sha256,
        read=number(file.read),
        kept=number(file.kept),
        out_of_scope=number(file.out_of_scope),
        unreadable=number(file.unreadable),
        rejected=number(file.rejected),
        part=clean(file.part),
        lined=file.lined,
    )


def _rejected(note: model.Quarantined) -> Rejected:
    return Rejected(
        place=f"{clean(note.file)}:{note.line}",
        kind=note.kind,
        reason=short(clean(note.reason.translated()), "quarantine.csv"),
        text=short(free(note.text), "quarantine.csv", 120),
    )


def _quarantined_text(shown_count: int, note_count: int, lost_count: int) -> str:
    """Count lost records and notes separately: a note may cover one field or many records."""
    lead = (
        say("{records} unreadable or rejected", records=count(lost_count, "record"))
        if lost_count
        else say("No record was unreadable or rejected")
    )
    notes_text = say(
        "{shown} of {notes} shown, all of them in quarantine.csv.",
        shown=number(shown_count),
        notes=count(note_count, "note"),
    )
    return f"{lead}; {notes_text}" if note_count else f"{lead}."


def _feed(feed: model.Feed) -> FeedLine:
    start, end = feed.first_at, feed.last_at
    return FeedLine(
        log_source=clean(feed.log_source),
        alive=say("delivering") if feed.alive else say("not delivering"),
        expected=_units(feed.expected, feed.every),
        seen=_units(feed.seen, feed.every),
        gap=f"{number(feed.longest_gap_hours)} h",
        events=number(feed.events),
        delay=(
            say("not recorded")
            if feed.p95_delay_seconds is None
            else f"{_span(feed.median_delay_seconds)} / {_span(feed.p95_delay_seconds)}"
        ),
        disorder=_disorder(feed),
        window=f"{moment(start)} – {moment(end)}" if start and end else say("nothing seen"),
    )


def _units(total: int, unit: str) -> str:
    hours = unit == "hour"
    return say("{n} hours", n=number(total)) if hours else say("{n} days", n=number(total))


def _span(seconds: int | None) -> str:
    """Print a delay in a unit that a person would use."""
    duration = seconds or 0
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if duration >= 2 * size:
            return f"{number(duration // size)} {unit}"
    return f"{number(duration)} s"


def _disorder(feed: model.Feed) -> str:
    if feed.p95_delay_seconds is None:
        return say("not recorded")
    ahead = say("; {n} dated after receipt", n=number(feed.late_clock)) if feed.late_clock else ""
    return f"{number(feed.out_of_order)}{ahead}"


def _coverage_line(coverage: model.Coverage) -> CoverageLine:
    return CoverageLine(
        agent=clean(coverage.agent),
        log_source=clean(coverage.log_source),
        seen=say(
            "{seen} of {days}",
            seen=number(coverage.seen_days),
            days=count(coverage.expected_days, "day"),
        ),
        gap=count(coverage.longest_gap_days, "day"),
        events=number(coverage.events),
    )


def _coverage_text(coverage: tuple[model.Coverage, ...]) -> str:
    if not coverage:
        return say("No log shows an agent, and none is declared for one.")
    unseen_count = sum(not c.seen_days for c in coverage)
    full_count = sum(c.seen_days == c.expected_days for c in coverage)
    shown_count = min(len(coverage), COVERAGE_SHOWN)
    list_text = (
        say("All are listed here")
        if shown_count == len(coverage)
        else say(
            "The {n} least seen are listed here, all of them in coverage.csv", n=number(shown_count)
        )
    )
    return say(
        "{pairs} of an agent and a log that shows it or should: {full} seen on every day of the"
        " period, {unseen} on none. An agent that works rarely is rarely seen; a gap is not a"
        " finding"
        " in itself. {listed}.",
        pairs=count(len(coverage), "pair"),
        full=number(full_count),
        unseen=number(unseen_count),
        listed=list_text,
    )


def _feeds_text(feeds: tuple[model.Feed, ...]) -> str:
    if not feeds:
        return say(
            "No log source is known, so no silence can be taken as proof: checks that need events "
            "are unknown. Add log files and their expected delivery to reporter.yml."
        )
    silent_count = sum(not f.alive for f in feeds)
    if not silent_count:
        return say(
            "Every log source was delivering, so a quiet agent can be distinguished from a quiet"
            " log."
        )
    return say(
        "{n} of {sources} were not delivering. Passes that depend on their silence are unknown; "
        "failures found in them remain.",
        n=number(silent_count),
        sources=count(len(feeds), "log source"),
    )

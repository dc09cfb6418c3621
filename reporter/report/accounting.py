"""Scope, and what became of every input record: an `Assessment` in, printable lines out.

The reader must be able to add the counts up; where they do not add up, that is printed too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from reporter import model

from . import shape
from .shape_accounting import Accounting, CoverageLine, FeedLine, FileLine, Rejected
from .words import clean, count, day, join, moment, number, period, short

QUARANTINE_SHOWN = 50
COVERAGE_SHOWN = 20


def scope(a: model.Assessment) -> tuple[shape.Line, ...]:
    """Say who, what and when was assessed, and against which target."""
    kinds = [(k, n) for k, n in sorted(a.population.items()) if k != "shadow"]
    shadow = a.population.get("shadow", 0)
    actors = join(count(n, clean(kind)) for kind, n in kinds) or "none recorded"
    return (
        shape.Line("Organisation", clean(a.run.organisation) or "not named"),
        shape.Line("Unit", clean(a.run.unit) or "the whole organisation"),
        shape.Line("Period", period(a.run.period_from, a.run.period_to)),
        shape.Line("As of", f"{day(a.run.as_of)} ({moment(a.run.as_of)})"),
        shape.Line("Actors in the inventory", actors),
        shape.Line("Actors seen only in logs", _shadow(shadow)),
        shape.Line("Target profile", clean(a.profile.title)),
        shape.Line("Checks", f"{number(len(a.checks))}, giving {number(a.cells)} verdicts"),
        *(_framework_line(f) for f in a.frameworks),
    )


def _shadow(n: int) -> str:
    return f"{number(n)}, judged as tier 4 until they are registered" if n else "0"


def _framework_line(f: model.Framework) -> shape.Line:
    text = f"{clean(f.title)}, version {clean(f.version)}, {count(len(f.controls), 'control')}"
    return shape.Line(clean(f.short), text)


def accounting(a: model.Assessment) -> Accounting:
    """Show that every record read is kept, out of scope, unreadable or rejected."""
    ordered = sorted(a.files, key=lambda f: f.file)
    total = _total(ordered)
    shown = a.quarantined[:QUARANTINE_SHOWN]
    return Accounting(
        files=tuple(_file(f) for f in ordered),
        total=_file(total),
        equation=_equation(total),
        out_of_scope=tuple((clean(s), clean(t), number(n)) for s, t, n in a.out_of_scope_types),
        quarantined=tuple(_rejected(q) for q in shown),
        quarantined_text=_quarantined_text(
            len(shown), len(a.quarantined), total.unreadable + total.rejected
        ),
        feeds=tuple(_feed(f) for f in sorted(a.feeds, key=lambda f: f.log_source)),
        feeds_text=_feeds_text(a.feeds),
        coverage=tuple(_covered(c) for c in a.coverage[:COVERAGE_SHOWN]),
        coverage_text=_coverage_text(a.coverage),
    )


def _total(files: Iterable[model.FileCount]) -> model.FileCount:
    sums: Counter[str] = Counter()
    for f in files:
        for name in ("bytes", "read", "kept", "out_of_scope", "unreadable", "rejected"):
            sums[name] += getattr(f, name)
    return model.FileCount(
        "All files",
        "",
        "",
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
    text = (
        f"{count(t.read, 'record')} read {sign} {number(t.kept)} kept + {number(t.out_of_scope)} "
        f"out of scope + {number(t.unreadable)} unreadable + {number(t.rejected)} rejected"
    )
    return text if sign == "=" else f"{text}. THE COUNTS DO NOT ADD UP: do not rely on this report."


def _file(f: model.FileCount) -> FileLine:
    return FileLine(
        file=clean(f.file),
        source=clean(f.source) or ("" if f.file == "All files" else "not recognised"),
        why=clean(f.why),
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
        reason=short(clean(q.reason), "quarantine.csv"),
        text=short(clean(q.text), "quarantine.csv", 120),
    )


def _quarantined_text(shown: int, notes: int, lost: int) -> str:
    """Records that were lost and notes are counted apart: a note may stand for a field, or for many records."""
    start = (
        f"{count(lost, 'record')} unreadable or rejected"
        if lost
        else "No record was unreadable or rejected"
    )
    return (
        f"{start}; {number(shown)} of {count(notes, 'note')} shown, all of them in quarantine.csv."
        if notes
        else f"{start}."
    )


def _feed(f: model.Feed) -> FeedLine:
    unit = count(2, f.every).split()[1]
    first, last = f.first_at, f.last_at
    return FeedLine(
        log_source=clean(f.log_source),
        alive="delivering" if f.alive else "not delivering",
        expected=f"{number(f.expected)} {unit}",
        seen=f"{number(f.seen)} {unit}",
        gap=f"{number(f.longest_gap_hours)} h",
        events=number(f.events),
        delay="not told"
        if f.p95_delay_seconds is None
        else f"{_span(f.median_delay_seconds)} / {_span(f.p95_delay_seconds)}",
        disorder=_disorder(f),
        window=f"{moment(first)} – {moment(last)}" if first and last else "nothing seen",
    )


def _span(seconds: int | None) -> str:
    """A delay in the unit a person would use."""
    s = seconds or 0
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if s >= 2 * size:
            return f"{number(s // size)} {unit}"
    return f"{number(s)} s"


def _disorder(f: model.Feed) -> str:
    if f.p95_delay_seconds is None:
        return "not told"
    ahead = f"; {number(f.late_clock)} dated after receipt" if f.late_clock else ""
    return f"{number(f.out_of_order)}{ahead}"


def _covered(c: model.Coverage) -> CoverageLine:
    return CoverageLine(
        agent=clean(c.agent),
        log_source=clean(c.log_source),
        seen=f"{number(c.seen_days)} of {count(c.expected_days, 'day')}",
        gap=count(c.longest_gap_days, "day"),
        events=number(c.events),
    )


def _coverage_text(coverage: tuple[model.Coverage, ...]) -> str:
    if not coverage:
        return "No log shows an agent, and none is declared for one."
    unseen = sum(not c.seen_days for c in coverage)
    full = sum(c.seen_days == c.expected_days for c in coverage)
    shown = min(len(coverage), COVERAGE_SHOWN)
    listed = (
        "All are listed here" if shown == len(coverage)
        else f"The {number(shown)} least seen are listed here, all of them in coverage.csv"
    )  # fmt: skip
    return (
        f"{count(len(coverage), 'pair')} of an agent and a log that shows it or should: {number(full)} seen on every day "
        f"of the period, {number(unseen)} on none. An agent that works seldom is seldom seen; a gap is no finding by itself. {listed}."
    )


def _feeds_text(feeds: tuple[model.Feed, ...]) -> str:
    if not feeds:
        return (
            "No log source is known, so no silence can be taken as proof: checks that need events "
            "are unknown. Add log files and their expected delivery to reporter.yml."
        )
    dead = sum(not f.alive for f in feeds)
    if not dead:
        return (
            "Every log source was delivering, so that a quiet agent could be told from a quiet log."
        )
    return (
        f"{number(dead)} of {count(len(feeds), 'log source')} were not delivering: passes "
        "that rest on their silence are unknown; failures found in them stand."
    )

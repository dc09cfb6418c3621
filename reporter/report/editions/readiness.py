"""The readiness report: where there is too little evidence for a score. In: an `Assessment`, its
results, checks as printed. Out: what could be judged, all that failed, what to bring next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reporter.i18n.translate import content, mark, say, say_n
from reporter.model import assessment as model
from reporter.model.scores import Status
from reporter.report.view import elements
from reporter.report.view.asks import Ask, ToBring, asks, lack, more_text, rest_text
from reporter.report.view.format import (
    applicable,
    clean,
    count,
    number,
    percent,
    short,
    subject,
)
from reporter.runs.store import Results

HEADLINE = mark("Too little evidence to score")
FAILURES = 80
"""Failing subjects named on paper, of all checks together; each check names as many."""
ASKS, FILES, FIELDS, EXPORTS = 15, 30, 15, 8
"""Lines of each list; what is left out is counted."""
BOARD_ASKS, BOARD_CHECKS = 5, 8
TEXT_LIMIT = 160


@dataclass(frozen=True, slots=True)
class JudgedTheme:
    """Results of the checks of a theme, each counted once."""

    theme: str
    met: str
    failed: str
    unknown: str
    not_judged: str
    """The checks of which no result could be judged."""


@dataclass(frozen=True, slots=True)
class FailingCheck:
    check: elements.Link
    severity: str
    text: str
    """"12 of 48 agents fail"."""
    fix: str
    subjects: tuple[elements.Subject, ...]
    more: str
    """How many others fail, and where they are; empty where all are named."""


@dataclass(frozen=True, slots=True)
class AskLine:
    rank: str
    what: str
    how: str
    decides: str
    """How many results, alone."""
    more: str
    """How many more, and with which others; '' where it needs none."""
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """A list of labelled lines that may be cut."""

    text: str
    lines: tuple[elements.Line, ...] = ()
    more: str = ""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What is printed where coverage is below that of the policy."""

    headline: str
    reason: str
    next_text: str
    """How much the first things to bring would decide."""
    judged_text: str
    judged: tuple[JudgedTheme, ...]
    failing_text: str
    failing: tuple[FailingCheck, ...]
    failing_more: str
    """How many checks the first page does not name; empty where it names all."""
    asks_text: str
    asks: tuple[AskLine, ...]
    asks_more: str
    unread: Lines
    lost: Lines
    rules: tuple[elements.Line, ...]
    """The method, in short."""
    exports: int = EXPORTS
    """Exports of systems that are listed."""
    first: int = BOARD_ASKS
    named: int = BOARD_CHECKS
    """Things to bring, and failing checks, that the board's edition names."""


def readiness(
    assessment: model.Assessment, results: Results, checks: Sequence[elements.Check]
) -> Readiness | None:
    """Print the readiness report; None where there is evidence enough for a score."""
    if not assessment.is_too_thin:
        return None
    to_bring = what_to_bring(assessment, results)
    counts = _counts(assessment)
    failing = [c for c in checks if _failed(c.counts)]
    return Readiness(
        headline=say(HEADLINE),
        reason=_reason(assessment),
        next_text=_next_text(to_bring),
        judged_text=_judged_text(counts),
        judged=tuple(_themes(assessment, checks)),
        failing_text=_failing_text(counts, len(failing)),
        failing=tuple(_failing(failing, _limit(failing), _failures(results))),
        failing_more=say_n(
            "and {n} more check with failures", "and {n} more checks with failures", beyond
        )
        if (beyond := len(failing) - BOARD_CHECKS) > 0
        else "",
        asks_text=_asks_text(to_bring),
        asks=tuple(_line(n, ask) for n, ask in enumerate(to_bring.asks[:ASKS], 1)),
        asks_more=rest_text(to_bring, ASKS),
        unread=_unread(assessment),
        lost=_lost(assessment),
        rules=_rules(assessment),
    )


def what_to_bring(assessment: model.Assessment, results: Results) -> ToBring:
    """Return what would decide unknown results."""
    columns = ("check", "reason_code", "reason_values", "count(*)")
    unknown = f"status = '{Status.UNKNOWN}'"
    rows = results.each(columns, unknown, "GROUP BY ALL ORDER BY ALL")
    return asks((lack(*row) for row in rows), assessment.wanted, bool(assessment.feeds))


def _reason(assessment: model.Assessment) -> str:
    coverage = assessment.scores.enterprise.total.coverage
    least = percent(assessment.policy.readiness_coverage)
    if not coverage:
        return say(
            "We could judge nothing of what the method asks for. A score needs {least}.",
            least=least,
        )
    return say(
        "We could judge {share} of what the method asks for, by weight. A score needs {least}.",
        share=percent(coverage),
        least=least,
    )


def _next_text(to_bring: ToBring) -> str:
    if not to_bring.asks:
        return say("No further file decides what is unknown. See the reasons in findings.csv.")
    first = min(BOARD_ASKS, len(to_bring.asks))
    return say_n(
        "The first item to provide decides up to {results}.",
        "The first {n} items to provide decide up to {results}.",
        first,
        results=count(to_bring.decided(first), "unknown result"),
    )


def _counts(assessment: model.Assessment) -> Counter[Status]:
    counts: Counter[Status] = Counter()
    for score in assessment.scores.checks.values():
        counts.update(score.counts)
    return counts


def _failed(tally: elements.Counts) -> int:
    """Count failures; one with a proven substitute is one, too."""
    return tally.failed + tally.compensated


def _all_failed(counts: Counter[Status]) -> int:
    return counts[Status.FAIL] + counts[Status.COMPENSATED]


def _judged_text(counts: Counter[Status]) -> str:
    failed, unknown = _all_failed(counts), counts[Status.UNKNOWN]
    total = counts.total() - counts[Status.NA]
    return say(
        "{judged} of {all} could be judged: {met} are met and {failed} fail. {unknown} are unknown,"
        " which is neither good nor bad.",
        judged=number(total - unknown),
        all=count(total, "result"),
        met=number(total - unknown - failed),
        failed=number(failed),
        unknown=number(unknown),
    )


def _themes(
    assessment: model.Assessment, checks: Sequence[elements.Check]
) -> Iterable[JudgedTheme]:
    for theme in assessment.themes:
        title = clean(content(theme.title))
        own = [c for c in checks if c.theme == title]
        tallies = [c.counts for c in own]
        failed, unknown = sum(map(_failed, tallies)), sum(t.unknown for t in tallies)
        met = sum(map(applicable, tallies)) - failed - unknown
        blind = [c.id for c in own if c.counts.unknown and c.counts.unknown == applicable(c.counts)]
        if own:
            yield JudgedTheme(title, number(met), number(failed), number(unknown), ", ".join(blind))


def _limit(failing: Sequence[elements.Check]) -> int:
    """Return how many failing subjects each check may name."""
    limit = 1
    totals = [_failed(c.counts) for c in failing]
    while max(totals, default=0) > limit and (sum(min(n, limit + 1) for n in totals) <= FAILURES):
        limit += 1
    return limit


def _failures(results: Results) -> dict[str, list[elements.Subject]]:
    """Return the first failures of each check, the highest tier first."""
    columns = ("check", "subject", "status", "reason", "record", "actor", "owner", "tier_lo")
    nth = 'row_number() OVER (PARTITION BY "check" ORDER BY tier_hi DESC, subject)'
    more = f'QUALIFY {nth} <= {FAILURES} ORDER BY "check", {nth}'
    found: dict[str, list[elements.Subject]] = {}
    for check, name, status, reason, ref, actor, owner, tier in results.each(
        columns, f"status IN ('{Status.FAIL}', '{Status.COMPENSATED}')", more
    ):
        why = short(reason, "findings.csv", TEXT_LIMIT)
        entry = subject(name, status, why, ref, actor, owner, str(tier))
        found.setdefault(check, []).append(entry)
    return found


def _failing(
    failing: Iterable[elements.Check], limit: int, failures: dict[str, list[elements.Subject]]
) -> Iterable[FailingCheck]:
    order = model.SEVERITIES
    for check in sorted(failing, key=lambda c: (order.index(c.severity), c.id)):
        n = _failed(check.counts)
        named = tuple(failures.get(check.id, ())[:limit])
        yield FailingCheck(
            elements.Link(check.id, check.anchor, check.title),
            check.severity,
            say("{n} of {all} fail", n=number(n), all=number(applicable(check.counts))),
            check.fix,
            named,
            say("and {n} more, in findings.csv", n=number(n - len(named)))
            if n > len(named)
            else "",
        )


def _failing_text(counts: Counter[Status], checks: int) -> str:
    if not checks:
        return say("Nothing that could be judged fails.")
    return say(
        "{failures} in {checks}. A failure stands, however little else is known. All are in"
        " findings.csv and todo.csv.",
        failures=count(_all_failed(counts), "failure"),
        checks=count(checks, "check"),
    )


def _asks_text(to_bring: ToBring) -> str:
    if not to_bring.asks:
        texts = [say("No file or column is missing for what is unknown.")]
    else:
        texts = [
            say(
                "Ranked by the unknown results that each decides alone, with all else as it is, if"
                " it tells of every agent. Whether they are then met is open."
            )
        ]
    if several := to_bring.of_several:
        texts.append(
            say_n(
                "{n} result needs more than one of these.",
                "{n} results need more than one of these.",
                several,
            )
        )
    if to_bring.others:
        texts.append(
            say_n(
                "{n} other result is unknown for a reason of its own, which findings.csv gives.",
                "{n} other results are unknown for reasons of their own, which findings.csv gives.",
                to_bring.others,
            )
        )
    return " ".join(texts)


def _line(rank: int, ask: Ask) -> AskLine:
    return AskLine(number(rank), ask.what, ask.how, number(ask.alone), more_text(ask), ask.checks)


def _unread(assessment: model.Assessment) -> Lines:
    files = [f for f in assessment.files if not f.source]
    if not files:
        return Lines(say("Every file that was found was recognised."))
    shown = files[:FILES]
    lines = tuple(
        elements.Line(clean(f.file), short(clean(f.why.translated()), "report.json", TEXT_LIMIT))
        for f in shown
        if f.why
    )
    return Lines(
        say_n(
            "{n} file was found but not read. Its content is not counted.",
            "{n} files were found but not read. Their content is not counted.",
            len(files),
        ),
        lines,
        _others(len(files) - len(shown), "report.json, files"),
    )


def _lost(assessment: model.Assessment) -> Lines:
    """Count what could not be used, by file, with the first reason of each."""
    entries = [q for q in assessment.quarantined if q.is_loss]
    read = {f.file for f in assessment.files if f.source}
    by_file: dict[str, list[model.Quarantined]] = {}
    for entry in entries:
        if entry.file in read:
            by_file.setdefault(entry.file, []).append(entry)
    if not by_file:
        return Lines(say("No record or field of the files that were read was lost."))
    lines = tuple(
        elements.Line(
            clean(file),
            say(
                "{n}, the first in line {line}: {why}",
                n=count(len(lost), "note"),
                line=lost[0].line,
                why=short(clean(lost[0].reason.translated()), "quarantine.csv", TEXT_LIMIT),
            ),
        )
        for file, lost in [*by_file.items()][:FIELDS]
    )
    return Lines(
        say("Records and fields of files that were read, and could not be used:"),
        lines,
        _others(len(by_file) - len(lines), "quarantine.csv"),
    )


def _others(n: int, where: str) -> str:
    return say("and {n} more, in {where}", n=number(n), where=where) if n > 0 else ""


def _rules(assessment: model.Assessment) -> tuple[elements.Line, ...]:
    least = percent(assessment.policy.readiness_coverage)
    return (
        elements.Line(
            say("No headline score"),
            say(
                "Below {least} coverage, a score says more about the evidence provided than"
                " about the organisation. The exact numbers are in report.json.",
                least=least,
            ),
        ),
        elements.Line(
            say("Coverage"),
            say(
                "The share of results that could be judged. Checks weigh by severity and subjects"
                " by risk tier."
            ),
        ),
        elements.Line(
            say("Unknown"),
            say(
                "Without evidence a result is unknown, never met. A silent or missing log proves"
                " nothing."
            ),
        ),
        elements.Line(
            say("Failing"),
            say("A record shows that the rule is broken. More evidence does not undo it."),
        ),
        elements.Line(say("Profile"), clean(content(assessment.profile.title))),
    )

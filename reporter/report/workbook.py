"""What stands in the workbook. In: the view. Out: a `Tab` a sheet, rows of printed texts; nothing
is counted that is not printed.

Columns of kind `COUNT` hold numbers that know their value (`words.Numeral`), or words where there
is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from reporter.i18n.translate import ENGLISH, content, language, mark, say, word
from reporter.report.csv_tables import TODO, todo
from reporter.report.document import View
from reporter.report.verdicts import findings
from reporter.report.view.elements import Control, Figure, Framework, Gap
from reporter.report.view.format import digits, percent

TEXT, LONG, COUNT = "text", "long", "count"
AGENTS = mark(
    "Sheet Agents: every actor with a finding. Tiers and use are given for those that the report"
    " lists; tiers.csv and observed.csv have all."
)
Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, how wide it stands (in characters), and what is below it."""

    title: str
    width: int
    kind: str


@dataclass(frozen=True, slots=True)
class Tab:
    """A table of printed texts."""

    name: str
    columns: tuple[Column, ...]
    rows: Iterable[Sequence[str]]
    where: str = "report.json"
    """The file that holds what a cell cannot."""
    frozen: int = 1
    """Columns that stay in sight."""


def tabs(view: View) -> list[Tab]:
    """Return the sheets in reading order."""
    finding = tuple(_column(n, _FINDING.get(n, "24")) for n in view.finding_columns)
    owed = tuple(_column(n, _FINDING.get(n, "12#")) for n in TODO)
    return [
        Tab(say("Summary"), _columns(_SUMMARY), _summary(view), frozen=2),
        Tab(say("Controls"), _columns(_CONTROL), _controls(view), frozen=2),
        Tab(say("Checks"), _columns(_CHECK), _checks(view)),
        Tab(say("Findings"), finding, _spoken(view.finding_columns, view.findings), "findings.csv"),
        Tab(say("Agents"), _columns(_AGENT), _agents(view)),
        Tab(say("Roadmap"), _columns(_PICK), (_named(p, _PICK) for p in view.roadmap.picks)),
        Tab(say("To-do"), owed, _spoken(TODO, todo(view)), "todo.csv"),
        Tab(say("Statements"), _columns(_STATEMENT), _statements(view), "statements.csv"),
        *_changes(view),
        Tab(
            say("Parts"),
            _columns(_PART),
            (_named(s, _PART) for s in view.slices.rows),
            "slices.csv",
        ),
        Tab(say("Accounting"), _columns(_FILE), (_named(f, _FILE) for f in view.accounting.files)),
        Tab(say("Out of scope"), _columns(_TYPE), view.accounting.out_of_scope),
        Tab(say("Quarantine"), _columns(_NOTE), _quarantine(view)),
    ]


_SUMMARY, _TYPE = "part:14 item:28 value:18# text:90~", "source:30 type:50 records:12#"
_NOTE = "place:40 kind:14 reason:70~ text:60~"
_FINDING = {
    "check": "10",
    "title": "44~",
    "severity": "10",
    "subject": "28",
    "actor": "24",
    "owner": "24",
    "tier": "6",
    "status": "13",
    "reason": "60~",
    "record": "34",
    "waived_until": "13",
    "waiver": "30",
    "fix": "50~",
    "lane": "10",
    "action": "22",
}
"""Widths by the names of columns; of a number, `#` stands behind it, of a text that wraps `~`."""
_CHANGED = {
    "what": "22",
    "check": "10",
    "before": "14",
    "now": "14",
    "reason_before": "50~",
    "reason": "50~",
    "failing_since": "14",
    "waived_until": "14",
}
_SCORE = "score:13# score_at_most:13# exact:16 exact_at_most:16 coverage:11#"
_CONTROL = (
    "framework:18 id:14 title:50~ group:36~ state:14 level:8# level_at_most:9# target:8# gap:6#"
    f" {_SCORE} confidence:12 weight_sensitive:36~ next:20 checks:50~"
)
_CHECK = (
    f"id:10 title:50~ theme:24 severity:10 level:24 evidence:18 {_SCORE} passed:9# failed:9#"
    " unknown:9# attested:9# compensated:13# not_applicable:13# sample:30 thresholds_in_force:40~"
    " controls:40~ why:60~ fix:60~"
)
_AGENT = (
    "actor:30 owner:26 tier:8 fail:8# unknown:9# compensated:13# attested:9# waived:9#"
    " declared_tier:12 autonomy:10 blast:10 data:10 factors:12 granted:9# unused:9# outside:9#"
    " unseen:18"
)
_PICK = (
    "rank:7# id:24 title:50~ what:30~ kind:11 lane:10 owners:30~ results:8# effort:8# gain:8#"
    " certain_gain:8# gain_per_day:9# gain_without_cap:10# exact_gain:16 total_after:10#"
    " level_after:8# sensitive:36~ fix:60~"
)
_STATEMENT = (
    "kind:20 framework:18 control:14 check:10 subject:28 by_check:10 answer:14 said:60~ by:28"
    " role:20 from:12 until:12 review:12 method:10 ticket:14 counts_as:16 results:8# why:60~"
    " record:34"
)
_PART = (
    "dimension:20 value:26 actors:9# passed:9# failed:9# unknown:9# compensated:13# level:8#"
    " level_note:36~ score:13# range:18 exact_lo:16 exact_hi:16 coverage:11# caps:50~ weakest:50~"
)
_FILE = (
    "file:50~ source:26 why:60~ read:12# kept:12# out_of_scope:12# unreadable:12# rejected:12#"
    " sha256:68"
)


def _columns(told: str) -> tuple[Column, ...]:
    """Read columns told as `name:width`, with `#` for numbers and `~` for texts that wrap."""
    words = (word.rpartition(":") for word in told.split())
    return tuple(_column(name, width) for name, _, width in words)


def _column(name: str, width: str) -> Column:
    kind = {"#": COUNT, "~": LONG}.get(width[-1], TEXT)
    return Column(say(name.replace("_", " ")), int(width.rstrip("#~")), kind)


def _named(line: object, told: str) -> Row:
    """Return the fields of a line that columns are named after."""
    names = (name.rpartition(":")[0] for name in told.split())
    values = ((name, getattr(line, name)) for name in names)
    return tuple(digits(v) if isinstance(v, int) else _shown(name, v) for name, v in values)


def _shown(name: str, text: str) -> str:
    """Print what stands in a column: codes as words, what content says in the language."""
    return word(text) if name in _CODED else content(text) if name in ("title", "fix") else text


def _spoken(names: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[Sequence[str]]:
    """Print rows that are kept in English."""
    if language() == ENGLISH:
        return rows
    return ([_shown(n, text) for n, text in zip(names, row, strict=True)] for row in rows)


_CODED = ("severity", "status", "lane", "kind")


def headings() -> set[str]:
    """Return the heading of every column, but for those that are named after a framework."""
    told = " ".join(
        (_SUMMARY, _TYPE, _NOTE, _CONTROL, _CHECK, _AGENT, _PICK, _STATEMENT, _PART, _FILE)
    )
    names = {name.rpartition(":")[0] for name in told.split()}
    return {name.replace("_", " ") for name in (*names, *_FINDING, *TODO)}


def _figures(f: Figure, coverage: str) -> Row:
    """Score, at most, both exactly, coverage; words where there is no score."""
    most = percent(Fraction(f.exact_hi)) if f.assessed else ""
    exact = (f.exact_lo, f.exact_hi) if f.assessed else ("", "")
    return f.text, most, *exact, coverage


def _summary(view: View) -> Iterator[Row]:
    c, s = view.cover, view.summary
    for item, text in (
        (say("Title"), c.title),
        (say("Organisation"), c.organisation),
        (say("Unit"), c.unit),
        (say("Period"), c.period),
        (say("As of"), c.as_of),
        (say("Target profile"), c.profile),
        (say("Evidence id"), c.evidence_id),
        (say("What this is"), c.statement),
    ):
        if text:
            yield say("Report"), item, "", text
    for notice in s.notices:
        yield (
            say("Notices"),
            notice.code,
            "",
            " · ".join((notice.text, *notice.lines, notice.rest)).rstrip(" ·"),
        )
    result = say("Result")
    if s.figure.assessed:
        yield result, say("Level"), digits(s.level.lo), f"{s.level.text} {s.level.name}"
        yield result, say("Level at most"), digits(s.level.hi), s.level.note
    else:
        yield result, say("Level"), s.level.text, s.level.name
    if s.level.target:
        yield result, say("Target level"), digits(s.level.target), ""
    yield from _result(say("Score"), s.figure, s.level.sensitive, result)
    yield result, say("Coverage"), s.coverage, s.coverage_text
    yield result, say("Not assessed"), "", s.not_assessed
    yield from ((say("Caps"), "", "", text) for text in s.caps)
    yield from ((say("Facts"), line.label, line.text, "") for line in s.facts)
    for f in view.frameworks:
        yield from _result(f.short, f.total.figure, f.total.assessed, say("Frameworks"))
    yield from _gaps(say("Gaps"), s.gaps_text, s.gaps)
    yield from _gaps(say("Evidence gaps"), s.evidence_text, s.evidence_gaps)
    yield say("Records"), "", "", view.accounting.equation
    yield say("Records"), say("Quarantine"), "", view.accounting.quarantined_text
    yield say("Agents"), "", "", say(AGENTS)


def _gaps(part: str, text: str, gaps: Sequence[Gap]) -> Iterator[Row]:
    yield part, "", "", text
    yield from (_gap(part, gap) for gap in gaps)


def _result(name: str, f: Figure, note: str, part: str) -> Iterator[Row]:
    score, most, exact, exact_most, _ = _figures(f, "")
    yield part, name, score, " · ".join(t for t in (exact, note) if t)
    if most:
        yield part, say("{name} at most", name=name), most, exact_most


def _gap(part: str, gap: Gap) -> Row:
    urgent = say(", urgent") if gap.urgent else ""
    return (
        part,
        f"{gap.check.text} {gap.check.title}",
        digits(gap.rank),
        f"{word(gap.severity)}{urgent}: {gap.text}. {gap.fix} ({gap.where})",
    )


def _controls(view: View) -> Iterator[Row]:
    """Themes first, then every control of every framework."""
    for f in (view.themes, *view.frameworks):
        yield from (_control(f, c) for c in f.controls)


def _control(f: Framework, c: Control) -> Row:
    assessed = c.figure.assessed
    levels = (digits(c.level.lo), digits(c.level.hi)) if assessed else ("", "")
    return (
        *(
            f.short,
            c.id,
            c.title,
            c.group,
            word(c.state.replace("_", " ")),
            *levels,
            digits(c.level.target),
        ),
        *(digits(c.gap) if assessed else "", *_figures(c.figure, c.coverage), word(c.confidence)),
        *(c.level.sensitive, c.gap_text, ", ".join(line.check.text for line in c.checks)),
    )


def _checks(view: View) -> Iterator[Row]:
    for c in view.checks:
        n = c.counts
        counts = (n.passed, n.failed, n.unknown, n.attested, n.compensated, n.na)
        yield (
            *(c.id, c.title, c.theme, word(c.severity), c.level, c.evidence),
            *(*_figures(c.figure, c.coverage), *map(digits, counts), c.sample),
            *(c.threshold_text, ", ".join(link.text for link in c.controls), c.why, c.fix),
        )


def _agents(view: View) -> Iterator[Row]:
    """Every actor with a finding, the most failures first; then those that only the report's tables
    name.
    """
    counts: dict[str, Counter[str]] = {}
    owned: dict[str, tuple[str, str]] = {}
    for f in findings(view):
        if f.actor:
            counts.setdefault(f.actor, Counter())[f.status] += 1
            counts[f.actor]["waived"] += bool(f.waived_until)
            if f.subject == f.actor:
                owned[f.actor] = (f.owner, f.tier)
    tiers = {t.agent: t for t in view.observed.tiers}
    used = {a.agent: a for a in view.observed.agents}
    for actor in sorted({*counts, *tiers, *used}, key=lambda a: (-counts.get(a, _NONE)["fail"], a)):
        n, t, u = counts.get(actor, _NONE), tiers.get(actor), used.get(actor)
        owner, tier = owned.get(actor, ("", t.tier if t else ""))
        yield (
            *(actor, owner, tier),
            *(digits(n[k]) for k in ("fail", "unknown", "compensated", "attested", "waived")),
            *((t.declared, t.autonomy, t.blast, t.data, t.factors) if t else ("",) * 5),
            *((u.granted, u.unused, u.outside, u.unseen) if u else ("",) * 4),
        )


_NONE: Counter[str] = Counter()


def _statements(view: View) -> Iterator[Row]:
    for a in view.attestations.rows:
        yield (
            *(
                say("attestation"),
                a.framework,
                a.control,
                "",
                "",
                "",
                word(a.answer),
                a.statement,
                a.who,
                a.role,
                a.date,
            ),
            *(a.expires, "", word(a.method), "", word(a.counts_as), "", a.why, a.record),
        )
    for kind, said in (
        (say("waiver"), view.waivers.waivers),
        (say("compensating control"), view.waivers.compensations),
    ):
        for w in said:
            yield (
                *(
                    say("exception") if w.exception else kind,
                    "",
                    "",
                    w.check,
                    w.subject,
                    w.by_check,
                    "",
                    w.reason,
                    w.who,
                    "",
                    w.since,
                    w.until,
                ),
                *(w.review, "", w.ticket, word(w.counts_as), w.results, w.why, w.record),
            )


def _changes(view: View) -> list[Tab]:
    """What changed, where an earlier run was compared."""
    if not view.history.runs:
        return []
    columns = tuple(_column(n, _CHANGED.get(n, "28")) for n in view.history.columns)
    return [Tab(say("Changes"), columns, view.history.changes or (), "changes.csv")]


def _quarantine(view: View) -> Iterator[Row]:
    """The notes that the report shows; the summary says how many there are and where."""
    yield from ((q.place, word(q.kind), q.reason, q.text) for q in view.accounting.quarantined)

"""What stands in the workbook. In: the view. Out: a `Tab` a sheet, rows of printed texts; nothing is counted that is not printed.

Columns of kind `COUNT` hold printed numbers ("1,204", "59.0 %"), which the writer turns back into numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .findings import findings
from .shape import Control, Figure, Framework, Gap, View
from .sheets import TODO, todo

TEXT, LONG, COUNT = "text", "long", "count"
AGENTS = (
    "Sheet Agents: every actor with a finding. Tiers and use are given for those that the report lists; tiers.csv and observed.csv "
    "have all."
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
        Tab("Summary", _columns("part:14 item:28 value:18# text:90~"), _summary(view), frozen=2),
        Tab("Controls", _columns(_CONTROL), _controls(view), frozen=2),
        Tab("Checks", _columns(_CHECK), _checks(view)),
        Tab("Findings", finding, view.findings, "findings.csv"),
        Tab("Agents", _columns(_AGENT), _agents(view)),
        Tab("Roadmap", _columns(_PICK), (_named(p, _PICK) for p in view.roadmap.picks)),
        Tab("To-do", owed, todo(view), "todo.csv"),
        Tab("Statements", _columns(_STATEMENT), _statements(view), "statements.csv"),
        *_changes(view),
        Tab("Parts", _columns(_PART), (_named(s, _PART) for s in view.slices.rows), "slices.csv"),
        Tab("Accounting", _columns(_FILE), (_named(f, _FILE) for f in view.accounting.files)),
        Tab(
            "Out of scope", _columns("source:30 type:50 records:12#"), view.accounting.out_of_scope
        ),
        Tab("Quarantine", _columns("place:40 kind:14 reason:70~ text:60~"), _quarantine(view)),
    ]


_FINDING = {
    "check": "10", "title": "44~", "severity": "10", "subject": "28", "actor": "24", "owner": "24", "tier": "6",
    "status": "13", "reason": "60~", "record": "34", "waived_until": "13", "waiver": "30", "fix": "50~",
    "lane": "10", "action": "22",
}  # fmt: skip
"""Widths by the names of columns; of a number, `#` stands behind it, of a text that wraps `~`."""
_CHANGED = {
    "what": "22", "check": "10", "before": "14", "now": "14", "reason_before": "50~", "reason": "50~", "failing_since": "14",
    "waived_until": "14",
}  # fmt: skip
_SCORE = "score:13# score_at_most:13# exact:16 exact_at_most:16 coverage:11#"
_CONTROL = (
    f"framework:18 id:14 title:50~ group:36~ state:14 level:8# level_at_most:9# target:8# gap:6# {_SCORE} "
    "confidence:12 weight_sensitive:36~ next:20 checks:50~"
)  # fmt: skip
_CHECK = (
    f"id:10 title:50~ theme:24 severity:10 level:24 evidence:18 {_SCORE} passed:9# failed:9# unknown:9# attested:9# "
    "compensated:13# not_applicable:13# sample:30 controls:40~ why:60~ fix:60~"
)  # fmt: skip
_AGENT = (
    "actor:30 owner:26 tier:8 fail:8# unknown:9# compensated:13# attested:9# waived:9# declared_tier:12 autonomy:10 blast:10 "
    "data:10 factors:12 granted:9# unused:9# outside:9# unseen:18"
)
_PICK = (
    "rank:7# id:24 title:50~ what:30~ kind:11 lane:10 owners:30~ cells:8# effort:8# gain:8# certain_gain:8# "
    "gain_per_day:9# gain_without_cap:10# exact_gain:16 total_after:10# level_after:8# sensitive:36~ fix:60~"
)
_STATEMENT = (
    "kind:20 framework:18 control:14 check:10 subject:28 by_check:10 answer:14 said:60~ by:28 role:20 from:12 until:12 "
    "review:12 method:10 ticket:14 counts_as:16 cells:8# why:60~ record:34"
)
_PART = (
    "dimension:20 value:26 actors:9# passed:9# failed:9# unknown:9# compensated:13# level:8# level_note:36~ score:13# "
    "range:18 exact_lo:16 exact_hi:16 coverage:11# caps:50~ weakest:50~"
)  # fmt: skip
_FILE = "file:50~ source:26 why:60~ read:12# kept:12# out_of_scope:12# unreadable:12# rejected:12# sha256:68"


def _columns(told: str) -> tuple[Column, ...]:
    """Read columns told as `name:width`, with `#` for numbers and `~` for texts that wrap."""
    words = (word.rpartition(":") for word in told.split())
    return tuple(_column(name, width) for name, _, width in words)


def _column(name: str, width: str) -> Column:
    kind = {"#": COUNT, "~": LONG}.get(width[-1], TEXT)
    return Column(name.replace("_", " "), int(width.rstrip("#~")), kind)


def _named(line: object, told: str) -> Row:
    """Return the fields of a line that columns are named after."""
    return tuple(str(getattr(line, word.rpartition(":")[0])) for word in told.split())


def _figures(f: Figure, coverage: str) -> Row:
    """Score, at most, both exactly, coverage; words where there is no score."""
    most = f"{f.range.removesuffix(' %').rpartition('–')[2]} %" if f.range else ""
    exact = (f.exact_lo, f.exact_hi) if f.assessed else ("", "")
    return f.text, most, *exact, coverage


def _summary(view: View) -> Iterator[Row]:
    c, s = view.cover, view.summary
    for item, text in (
        ("Title", c.title), ("Organisation", c.organisation), ("Unit", c.unit), ("Period", c.period), ("As of", c.as_of),
        ("Target profile", c.profile), ("Evidence id", c.evidence_id), ("What this is", c.statement),
    ):  # fmt: skip
        if text:
            yield "Report", item, "", text
    if s.figure.assessed:
        yield "Result", "Level", str(s.level.lo), f"{s.level.text} {s.level.name}"
        yield "Result", "Level at most", str(s.level.hi), s.level.note
    else:
        yield "Result", "Level", s.level.text, s.level.name
    if s.level.target:
        yield "Result", "Target level", str(s.level.target), ""
    yield from _result("Score", s.figure, s.level.sensitive)
    yield "Result", "Coverage", s.coverage, s.coverage_text
    yield "Result", "Not assessed", "", s.not_assessed
    yield from (("Caps", "", "", text) for text in s.caps)
    yield from (("Facts", line.label, line.text, "") for line in s.facts)
    for f in view.frameworks:
        yield from _result(f.short, f.total.figure, f.total.assessed, "Frameworks")
    yield "Gaps", "", "", s.gaps_text
    yield from (_gap("Gaps", gap) for gap in s.gaps)
    yield "Evidence gaps", "", "", s.evidence_text
    yield from (_gap("Evidence gaps", gap) for gap in s.evidence_gaps)
    yield "Records", "", "", view.accounting.equation
    yield "Records", "Quarantine", "", view.accounting.quarantined_text
    yield "Agents", "", "", AGENTS


def _result(name: str, f: Figure, note: str, part: str = "Result") -> Iterator[Row]:
    score, most, exact, exact_most, _ = _figures(f, "")
    yield part, name, score, " · ".join(t for t in (exact, note) if t)
    if most:
        yield part, f"{name} at most", most, exact_most


def _gap(part: str, gap: Gap) -> Row:
    urgent = ", urgent" if gap.urgent else ""
    return (
        part,
        f"{gap.check.text} {gap.check.title}",
        str(gap.rank),
        f"{gap.severity}{urgent}: {gap.text}. {gap.fix} ({gap.where})",
    )


def _controls(view: View) -> Iterator[Row]:
    """Themes first, then every control of every framework."""
    for f in (view.themes, *view.frameworks):
        yield from (_control(f, c) for c in f.controls)


def _control(f: Framework, c: Control) -> Row:
    assessed = c.figure.assessed
    levels = (str(c.level.lo), str(c.level.hi)) if assessed else ("", "")
    return (
        *(f.short, c.id, c.title, c.group, c.state.replace("_", " "), *levels, str(c.level.target)),
        *(str(c.gap) if assessed else "", *_figures(c.figure, c.coverage), c.confidence),
        *(c.level.sensitive, c.gap_text, ", ".join(line.check.text for line in c.checks)),
    )


def _checks(view: View) -> Iterator[Row]:
    for c in view.checks:
        n = c.counts
        counts = (n.passed, n.failed, n.unknown, n.attested, n.compensated, n.na)
        yield (
            *(c.id, c.title, c.theme, c.severity, c.level, c.evidence),
            *(*_figures(c.figure, c.coverage), *map(str, counts), c.sample),
            *(", ".join(link.text for link in c.controls), c.why, c.fix),
        )


def _agents(view: View) -> Iterator[Row]:
    """Every actor with a finding, the most failures first; then those that only the report's tables name."""
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
            *(str(n[k]) for k in ("fail", "unknown", "compensated", "attested", "waived")),
            *((t.declared, t.autonomy, t.blast, t.data, t.factors) if t else ("",) * 5),
            *((u.granted, u.unused, u.outside, u.unseen) if u else ("",) * 4),
        )


_NONE: Counter[str] = Counter()


def _statements(view: View) -> Iterator[Row]:
    for a in view.attestations.rows:
        yield (
            *("attestation", a.framework, a.control, "", "", "", a.answer, a.statement, a.who, a.role, a.date),
            *(a.expires, "", a.method, "", a.counts_as, "", a.why, a.record),
        )  # fmt: skip
    for kind, said in (("waiver", view.waivers.waivers), ("compensating control", view.waivers.compensations)):  # fmt: skip
        for w in said:
            yield (
                *(kind, "", "", w.check, w.subject, w.by_check, "", w.reason, w.who, "", w.since, w.until),
                *(w.review, "", w.ticket, w.counts_as, w.cells, w.why, w.record),
            )  # fmt: skip


def _changes(view: View) -> list[Tab]:
    """What changed, where an earlier run was compared."""
    if not view.history.runs:
        return []
    columns = tuple(_column(n, _CHANGED.get(n, "28")) for n in view.history.columns)
    return [Tab("Changes", columns, view.history.changes, "changes.csv")]


def _quarantine(view: View) -> Iterator[Row]:
    """The notes that the report shows; the summary says how many there are and where."""
    yield from ((q.place, q.kind, q.reason, q.text) for q in view.accounting.quarantined)

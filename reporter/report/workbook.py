"""The content of the workbook. In: the view. Out: one `Tab` per sheet, with rows of printed texts.
Nothing is counted that is not printed.

Columns of kind `COUNT` hold numbers that know their value (`words.Numeral`), or words if there is
none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from reporter.i18n.translate import ENGLISH, content, language, mark, say, word
from reporter.ingest.statement_files import SHEET
from reporter.model.statements import RESPONSE_STATUSES
from reporter.report.chapters.follow_up.finding_cards import ANSWERED
from reporter.report.chapters.follow_up.workpapers import COLUMNS, workpapers
from reporter.report.chapters.parts_of_the_whole import SliceLine
from reporter.report.chapters.said_by_people import statement_rows
from reporter.report.csv_tables import TODO, todo
from reporter.report.document import View
from reporter.report.findings import findings
from reporter.report.trend.course import sheet_rows
from reporter.report.view.elements import Control, Figure, Framework, Gap, LevelStep
from reporter.report.view.finding_rows import rows
from reporter.report.view.format import digits, percent

TEXT, COUNT, DAY = "text", "count", "day"
BOLD = 2
"""Columns that a bold word may take beyond its letters."""
AGENTS = mark(
    "Sheet Agents: every actor with a finding. Tiers and use are given for those the report lists;"
    " tiers.csv and observed.csv have all of them."
)
Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, how wide it stands (in characters), and what is below it."""

    title: str
    width: int
    """Of every word of the title at least."""
    kind: str
    target: str = ""
    """Name of the sheet that has a row for the value of a cell, which links there."""
    is_open: bool = False
    """To be filled in by whoever gets the workbook."""
    choices: tuple[str, ...] = ()
    """What may be entered there; empty for anything."""


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
    keys: Sequence[str] = ()
    """What each row is about, in their order, for the links of other sheets."""


def tabs(view: View) -> list[Tab]:
    """Return the sheets in reading order."""
    finding_names = view.finding_columns
    finding_columns = _linked(_column(n, _FINDING.get(n, "24")) for n in finding_names)
    finding_rows = (row for (row,) in rows(view.findings))
    todo_columns = _linked(_column(n, _FINDING.get(n, "12#")) for n in TODO)
    agents = list(_agents(view))
    statements = statement_rows(view.attestations, view.waivers)
    return [
        Tab(say("Summary"), _columns(_SUMMARY), _summary(view), frozen=2),
        Tab(say("Controls"), _columns(_CONTROL), _controls(view), frozen=2),
        Tab(say("Checks"), _columns(_CHECK), _checks(view), keys=[c.id for c in view.checks]),
        Tab(
            say("Findings"),
            finding_columns,
            _translations(finding_names, finding_rows),
            "findings.csv",
        ),
        _responses(view),
        _workpapers(view),
        Tab(say("Audit sample"), _linked(_columns(_SAMPLE)), _sample(view)),
        Tab(say("Agents"), _columns(_AGENT), agents, keys=[row[0] for row in agents]),
        Tab(say("Roadmap"), _columns(_PICK), (_fields(p, _PICK) for p in view.roadmap.picks)),
        Tab(say("To-do"), todo_columns, _translations(TODO, todo(view)), "todo.csv"),
        Tab(say("Statements"), _linked(_columns(_STATEMENT)), statements, "statements.csv"),
        *_trend(view),
        *_changes(view),
        Tab(
            say("Units"),
            _columns(_PART),
            (_fields(_in_words(s), _PART) for s in view.slices.rows),
            "slices.csv",
        ),
        Tab(
            say("Accounting"),
            _columns(_FILE),
            (_fields(f, _FILE) for f in view.accounting.files),
            keys=[f.file for f in view.accounting.files],
        ),
        Tab(say("Out of scope"), _columns(_TYPE), view.accounting.out_of_scope),
        Tab(say("Quarantine"), _columns(_NOTE), _quarantine(view)),
    ]


_TARGETS = {"check": mark("Checks"), "actor": mark("Agents"), "record": mark("Accounting")}
"""Name of a column -> the sheet that has a row for each value."""


def _linked(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Let checks, actors and records link to the sheets that say more of them."""
    titles = {say(name): say(target) for name, target in _TARGETS.items()}
    titles[say("finding")] = say(SHEET)
    return tuple(replace(c, target=titles.get(c.title, "")) for c in columns)


def _responses(view: View) -> Tab:
    """Return the form to answer findings with: it comes back as a file of statements."""
    form = view.causes.form
    choices = {"status": tuple(map(word, RESPONSE_STATUSES))}
    columns = (
        replace(
            _column(name, width),
            is_open=name in ANSWERED,
            choices=choices.get(name, ()),
            target=say("Accounting") if name == "record" else "",
        )
        for name, width in _FORM.items()
    )
    lines = (
        [word(row[n]) if n in _FORM_WORDS and row[n] else row[n] for n in _FORM] for row in form
    )
    keys = [cause.id for cause in form.causes]
    return Tab(say(SHEET), tuple(columns), lines, "causes.csv", keys=keys)


def _workpapers(view: View) -> Tab:
    """Return what was tested for each control, and what came out."""
    columns = _linked(_column(name, _WORKPAPER[name]) for name in COLUMNS)
    lines = workpapers(view.frameworks, view.checks)
    return Tab(say("Workpapers"), columns, lines, "workpapers.csv", frozen=2)


_SUMMARY, _TYPE = "part:14 item:28 value:18# text:90", "source:30 type:50 records:12#"
_NOTE = "place:40 kind:14 reason:70 text:60"
_FINDING = {
    "check": "10",
    "title": "44",
    "severity": "10",
    "subject": "32",
    "actor": "28",
    "owner": "38",
    "tier": "6",
    "status": "13",
    "reason": "60",
    "record": "38",
    "waived_until": "13@",
    "waiver": "30",
    "fix": "50",
    "lane": "10",
    "action": "30",
    "finding": "30",
    "first_seen": "12@",
    "age_in_days": "8#",
    "age_is": "10",
    "reopened": "12@",
}
"""Widths by the names of columns; of a number, `#` stands behind it, of a day `@`."""
_FORM = {
    "finding": "30",
    "severity": "10",
    "title": "40",
    "where": "28",
    "owners_on_record": "38",
    "due_by_policy": "12@",
    "overdue": "9#",
    "status": "14",
    "response": "50",
    "owner": "38",
    "due": "12@",
    "evidence": "40",
    "checks": "20",
    "failing_results": "9#",
    "record": "38",
    "first_seen": "12@",
    "age_in_days": "8#",
    "age_is": "10",
    "reopened": "12@",
}
"""The form of responses."""
_FORM_WORDS = ("severity", "status", "age_is")
_WORKPAPER = {
    "framework": "18",
    "control": "14",
    "control_title": "34",
    "check": "10",
    "strength": "11",
    "tested": "44",
    "evidence_used": "18",
    "population": "11#",
    "sample": "16",
    "judged": "9#",
    "exceptions": "11#",
    "not_judged": "9#",
    "first_exceptions": "60",
    "records": "40",
    "check_result": "20",
    "conclusion": "36",
    "not_shown": "50",
}
_CHANGED = {
    "what": "22",
    "check": "10",
    "before": "14",
    "now": "14",
    "reason_before": "50",
    "reason": "50",
    "record_before": "28",
    "failing_since": "14@",
    "waived_until": "14@",
    "owner": "38",
}
_SCORE = "score:13# score_at_most:13# exact:16 exact_at_most:16 coverage:11#"
_CONTROL = (
    "framework:18 id:14 title:50 group:36 state:14 rating:8 permits:9# permits_at_most:9#"
    f" target:8# {_SCORE} confidence:12 weight_sensitive:36 next:20 checks:50"
    " assessed:16 shown:50 not_shown:60 official_text:60"
)
_CHECK = (
    f"id:10 title:50 theme:24 severity:10 level:24 evidence:18 {_SCORE} passed:9# failed:9#"
    " unknown:9# attested:9# compensated:13# not_applicable:13# sample:30 thresholds_in_force:40"
    " controls:40 why:60 fix:60"
)
_AGENT = (
    "actor:30 owner:38 tier:8 fail:8# unknown:9# compensated:13# attested:9# waived:9#"
    " declared_tier:12 autonomy:10 blast:10 data:10 factors:12 granted:9# unused:9# outside:9#"
    " unseen:18"
)
_PICK = (
    "rank:7# id:32 title:50 what:30 kind:11 lane:10 owners:38 results:8# effort:8# gain:8#"
    " certain_gain:8# gain_per_day:9# gain_without_cap:10# exact_gain:16 total_after:10#"
    " level_after:8# sensitive:36 fix:60"
)
_STATEMENT = (
    "kind:21 framework:18 control:14 check:10 subject:28 by_check:10 answer:14 said:60 by:38"
    " role:20 from:12@ until:12@ review:12@ method:10 ticket:14 counts_as:16 results:8# why:60"
    " record:34"
)
_PART = (
    "dimension:20 value:26 actors:9# passed:9# failed:9# unknown:9# compensated:13# level:8#"
    " level_note:36 score:13# range:18 exact_lo:16 exact_hi:16 coverage:11# caps:50 weakest:50"
)
_SAMPLE = (
    "bears_on:34 effect:32 needed:10# check:10 title:44 subject:28 status:13 evidence:14 tier:6"
    " owner:38 record:44 look_at:50 reason:60"
)
_TREND = (
    "name:24 as_of:18 level:8# score:13# score_at_most:13# exact:16 exact_at_most:16 coverage:11#"
    " open:9# new:9# reopened:9# fixed:9# not_seen_any_more:12# note:60"
)
_FILE = (
    "file:50 source:26 why:60 read:12# kept:12# out_of_scope:12# unreadable:12# rejected:12#"
    " sha256:68"
)


def _columns(spec: str) -> tuple[Column, ...]:
    """Parse columns given as `name:width`, with `#` for numbers and `@` for days."""
    words = (word.rpartition(":") for word in spec.split())
    return tuple(_column(name, width) for name, _, width in words)


def _column(name: str, width: str) -> Column:
    kind = {"#": COUNT, "@": DAY}.get(width[-1], TEXT)
    title = say(name.replace("_", " "))
    longest = max(map(len, title.split()))
    return Column(title, max(int(width.rstrip("#@")), longest + BOLD), kind)


def _fields(line: object, spec: str) -> Row:
    """Return the fields of a line that the columns are named after."""
    names = (name.rpartition(":")[0] for name in spec.split())
    values = ((name, getattr(line, name)) for name in names)
    return tuple(digits(v) if isinstance(v, int) else _cell_text(name, v) for name, v in values)


ACTOR_TYPE = mark("actor type")
DIMENSIONS = (mark("environment"), mark("business unit"), mark("agent tier"), ACTOR_TYPE)
"""What units are by."""


def _in_words(unit: SliceLine) -> SliceLine:
    """Print what a unit is by, and a type of actor, in the current language."""
    value = word(unit.value.replace("_", " ")) if unit.dimension == ACTOR_TYPE else unit.value
    return replace(unit, dimension=say(unit.dimension), value=value)


def _cell_text(name: str, text: str) -> str:
    """Print a cell: codes as words, and texts of the content in the current language."""
    return (
        word(text)
        if name in _CODED and text
        else content(text)
        if name in ("title", "fix")
        else text
    )


def _translations(names: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[Sequence[str]]:
    """Print rows that are stored in English."""
    if language() == ENGLISH:
        return rows
    return ([_cell_text(n, text) for n, text in zip(names, row, strict=True)] for row in rows)


_CODED = ("severity", "status", "lane", "kind", "age_is")


def headings() -> set[str]:
    """Return the heading of every column, except those named after a framework."""
    specs = " ".join(
        (
            _SUMMARY,
            _TYPE,
            _NOTE,
            _CONTROL,
            _CHECK,
            _AGENT,
            _PICK,
            _STATEMENT,
            _PART,
            _FILE,
            _SAMPLE,
            _TREND,
        )
    )
    names = {name.rpartition(":")[0] for name in specs.split()}
    return {n.replace("_", " ") for n in (*names, *_FINDING, *TODO, *_FORM, *_WORKPAPER, *_CHANGED)}


def _figures(figure: Figure, coverage: str) -> Row:
    """Return score, upper bound, both exactly, and coverage; words if there is no score."""
    upper_bound = percent(Fraction(figure.exact_hi)) if figure.assessed else ""
    exact_bounds = (figure.exact_lo, figure.exact_hi) if figure.assessed else ("", "")
    return figure.text, upper_bound, *exact_bounds, coverage


def _summary(view: View) -> Iterator[Row]:
    cover, summary = view.cover, view.summary
    for item, text in (
        (say("Title"), cover.title),
        (say("Organisation"), cover.organisation),
        (say("Unit"), cover.unit),
        (say("Period"), cover.period),
        (say("As of"), cover.as_of),
        (say("Target profile"), cover.profile),
        (say("Evidence id"), cover.evidence_id),
        (say("What this is"), cover.statement),
    ):
        if text:
            yield say("Report"), item, "", text
    for notice in summary.notices:
        yield (
            say("Notices"),
            notice.code,
            "",
            " · ".join((notice.text, *notice.lines, notice.remainder)).rstrip(" ·"),
        )
    result = say("Result")
    if summary.figure.assessed:
        yield (
            result,
            say("Level"),
            digits(summary.level.lo),
            f"{summary.level.text} {summary.level.name}",
        )
        yield result, say("Level at most"), digits(summary.level.hi), summary.level.note
    else:
        yield result, say("Level"), summary.level.text, summary.level.name
    if summary.level.target:
        yield result, say("Target level"), digits(summary.level.target), ""
    yield from _result(say("Score"), summary.figure, summary.level.sensitive, result)
    yield result, say("Coverage"), summary.coverage, summary.coverage_text
    yield result, say("Assessed"), "", summary.assessed
    yield from ((say("Caps"), "", "", text) for text in summary.caps)
    yield from (row for step in summary.steps for row in _step(step))
    yield from ((say("Facts"), line.label, line.text, "") for line in summary.facts)
    for f in view.frameworks:
        yield from _result(f.short, f.total.figure, f.total.assessed, say("Frameworks"))
    yield from _first_page(view)
    yield from _gaps(say("Evidence gaps"), summary.evidence_text, summary.evidence_gaps)
    yield say("Records"), "", "", view.accounting.equation
    yield say("Records"), say("Quarantine"), "", view.accounting.quarantined_text
    yield say("Agents"), "", "", say(AGENTS)


def _first_page(view: View) -> Iterator[Row]:
    """Yield what page 1 says beside the level: ways, what changed, decisions, what is unseen."""
    front = view.front
    for rung in front.rungs:
        if rung.way:
            yield say("What reaches the next level?"), f"{rung.level} {rung.name}", "", rung.way
    yield say("Better or worse?"), "", "", " ".join(filter(None, (front.change, front.change_note)))
    for change in front.changes:
        yield say("Better or worse?"), change.text, change.points, ""
    for q in front.questions:
        options = " · ".join(c.text for c in q.choices)
        who = ", ".join(filter(None, (q.owner, q.due)))
        yield say("What to decide?"), f"{q.rank}. {q.question}", "", f"{q.about}. {options}. {who}"
    yield from ((say("What can nobody see yet?"), "", "", text) for text in front.unseen)


def _step(step: LevelStep) -> Iterator[Row]:
    """Yield what a level asks for, then what stands in its way."""
    part = say("Levels")
    yield part, f"{step.level} {step.name}", "", step.text
    for b in step.blockers:
        about = [f"{t.check.text} {t.about}. {t.fix}".rstrip() for t in b.todo]
        yield part, b.practice, word(b.standing), " ".join((f"{b.title}: {b.figure}.", *about))


def _gaps(part: str, text: str, gaps: Sequence[Gap]) -> Iterator[Row]:
    yield part, "", "", text
    yield from (_gap(part, gap) for gap in gaps)


def _result(name: str, figure: Figure, note: str, part: str) -> Iterator[Row]:
    score, score_most, exact_score, exact_most, _ = _figures(figure, "")
    yield part, name, score, " · ".join(t for t in (exact_score, note) if t)
    if score_most:
        yield part, say("{name} at most", name=name), score_most, exact_most


def _gap(part: str, gap: Gap) -> Row:
    urgency = say(", urgent") if gap.urgent else ""
    return (
        part,
        f"{gap.check.text} {gap.check.title}",
        digits(gap.rank),
        f"{word(gap.severity)}{urgency}: {gap.text}. {gap.fix} ({gap.where})",
    )


def _controls(view: View) -> Iterator[Row]:
    """Yield themes first, then every control of every framework."""
    for f in (view.themes, *view.frameworks):
        yield from (_control(f, c) for c in f.controls)


def _control(framework: Framework, control: Control) -> Row:
    permits = control.permits
    levels = (permits.lo, permits.hi, permits.target) if permits else ()
    return (
        *(
            framework.short,
            control.id,
            control.title,
            control.group,
            word(control.state.replace("_", " ")),
            control.rating,
            *(map(digits, levels) if levels else ("", "", "")),
        ),
        *(
            *_figures(control.figure, control.coverage),
            word(control.confidence),
        ),
        *(
            permits.sensitive if permits else "",
            control.gap_text,
            ", ".join(line.check.text for line in control.checks),
        ),
        *(control.extent, control.shown, control.not_shown, control.official_text),
    )


def _checks(view: View) -> Iterator[Row]:
    for check in view.checks:
        tally = check.counts
        counts = (
            tally.passed,
            tally.failed,
            tally.unknown,
            tally.attested,
            tally.compensated,
            tally.na,
        )
        yield (
            *(
                check.id,
                check.title,
                check.theme,
                word(check.severity),
                check.level,
                check.evidence,
            ),
            *(*_figures(check.figure, check.coverage), *map(digits, counts), check.sample),
            *(
                check.threshold_text,
                ", ".join(link.text for link in check.controls),
                check.why,
                check.fix,
            ),
        )


def _sample(view: View) -> Iterator[Row]:
    """Yield what an auditor samples first, by the level or rating that hangs on it."""
    for row in view.reliance.sample:
        yield (
            *(row.bears_on, row.effect, row.needed, row.check.text, row.check.title),
            *(row.subject, row.status, row.evidence, row.tier, row.owner),
            *(row.record, row.look_at, row.reason),
        )


def _agents(view: View) -> Iterator[Row]:
    """Yield every actor with a finding, the most failures first, then actors that only the report
    lists.
    """
    counts: dict[str, Counter[str]] = {}
    owners: dict[str, tuple[str, str]] = {}
    for finding in findings(view):
        if finding.actor:
            counts.setdefault(finding.actor, Counter())[finding.status] += 1
            counts[finding.actor]["waived"] += bool(finding.waived_until)
            if finding.subject == finding.actor:
                owners[finding.actor] = (finding.owner, finding.tier)
    tiers = {t.agent: t for t in view.observed.tiers}
    usages = {a.agent: a for a in view.observed.agents}
    for actor in sorted(
        {*counts, *tiers, *usages}, key=lambda a: (-counts.get(a, _NONE)["fail"], a)
    ):
        tally, rating, usage = counts.get(actor, _NONE), tiers.get(actor), usages.get(actor)
        owner, tier = owners.get(actor, ("", rating.tier if rating else ""))
        yield (
            *(actor, owner, tier),
            *(digits(tally[k]) for k in ("fail", "unknown", "compensated", "attested", "waived")),
            *(
                (rating.declared, rating.autonomy, rating.blast, rating.data, rating.factors)
                if rating
                else ("",) * 5
            ),
            *((usage.granted, usage.unused, usage.outside, usage.unseen) if usage else ("",) * 4),
        )


_NONE: Counter[str] = Counter()


def _changes(view: View) -> list[Tab]:
    """Return the sheet of changes if an earlier run was compared."""
    if not view.history.runs:
        return []
    columns = _linked(_column(n, _CHANGED.get(n, "28")) for n in view.history.columns)
    changes = view.history.changes
    return [Tab(say("Changes"), columns, changes.printed() if changes else (), "changes.csv")]


def _trend(view: View) -> list[Tab]:
    """Return the sheet of all runs, where there are enough of them."""
    rows = list(sheet_rows(view.course, view.history.trends))
    return [Tab(say("Trend"), _columns(_TREND), rows, frozen=2)] if rows else []


def _quarantine(view: View) -> Iterator[Row]:
    """Yield the notes that the report shows. The summary has their number and place."""
    yield from ((q.place, word(q.kind), q.reason, q.text) for q in view.accounting.quarantined)

"""What the board's document and slides say, in one order. In: the view. Out: printed texts, tables
and the numbers of charts, without a thought for the medium.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from reporter.i18n.translate import say
from reporter.report.document import View
from reporter.report.editions.decisions import Question
from reporter.report.editions.front_page import NOT_JUDGED, Change, Rung
from reporter.report.editions.readiness import Readiness
from reporter.report.trend.course import Course
from reporter.report.trend.transitions import Moment
from reporter.report.view.elements import Control, LevelStep, Line, Notice
from reporter.report.view.format import number, percent, ranged
from reporter.score import rounded

GOOD, BAD, UNKNOWN = "good", "bad", "unknown"
"""What a series of a chart stands for: proven, failing, no evidence. Each has one look."""
RUNS_SHOWN, UNITS_SHOWN, THEMES_DRAWN = 8, 8, 20
UNIT = "business unit"


@dataclass(frozen=True, slots=True)
class Series:
    name: str
    stands_for: str
    values: tuple[float, ...]
    labels: tuple[str, ...] = ()
    """What stands at each value in place of it; empty for the value."""


@dataclass(frozen=True, slots=True)
class Chart:
    """Stacked bars that start at zero."""

    title: str
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    is_upright: bool = False
    """Columns from left to right, as of times; else bars from top to bottom."""
    is_percent: bool = False

    @property
    def alt(self) -> str:
        """Say every number in words, for those who do not see the picture."""
        bars = (
            f"{category}: {', '.join(_said(s, n) for s in self.series)}"
            for n, category in enumerate(self.categories)
        )
        return f"{self.title}. {'; '.join(bars)}."


def _said(series: Series, n: int) -> str:
    return f"{series.name} {series.labels[n] if series.labels else number(int(series.values[n]))}"


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]
    """Shares of the width, one a column."""
    numbers: frozenset[int] = frozenset()
    """Columns of numbers, which stand to the right."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One number or sentence of the first page, and what must be said beside it."""

    label: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Outline:
    """The board's edition; a part that a run does not have is empty."""

    title: str
    organisation: str
    unit: str
    subtitle: tuple[str, ...]
    """Period, date and evidence."""
    judgement: str
    context: tuple[str, ...]
    """What belongs to the judgement: what evidence could change, what holds it, waivers."""
    tiles: tuple[Tile, ...]
    """Level, score and coverage."""
    facts: tuple[Line, ...]
    ladder: Table
    """What reaches each level, or what to bring first; its title heads the page."""
    ladder_chart: Chart | None
    is_compared: bool
    """With an earlier run; else `changes` says that there is none."""
    changes: tuple[str, ...]
    change_chart: Chart | None
    course: Table | None
    """Level, score and findings run by run; None with fewer than two earlier runs."""
    course_chart: Chart | None
    questions: tuple[Question, ...]
    questions_title: str
    questions_text: tuple[str, ...]
    follow_up: tuple[str, ...]
    """What is overdue and promised, then the most overdue."""
    unseen: tuple[str, ...]
    notices: tuple[Tile, ...]
    """What a reader must know before the first number, and its lines."""
    themes: Table
    theme_chart: Chart | None
    frameworks: Table | None
    units: Table | None
    units_note: str
    statement: str
    evidence_id: str


def outline(view: View) -> Outline:
    """Take from the view what a board reads."""
    whole = _whole(view)
    return _unscored(whole, view.readiness) if view.readiness else whole


def _unscored(whole: Outline, readiness: Readiness) -> Outline:
    """Leave out every score where there is too little evidence for one: say what to bring."""
    shown = readiness.failing[: readiness.named]
    failing = tuple(f"{check.check.title}: {check.text}" for check in shown)
    unnamed = readiness.failing_more if len(readiness.failing) > readiness.named else ""
    return replace(
        whole,
        judgement=readiness.headline,
        context=(f"{readiness.reason} {readiness.judged_text} {readiness.next_text}".strip(),),
        tiles=tuple(tile for tile in whole.tiles if tile.label == say("Coverage")),
        ladder=Table(
            say("What to provide first"),
            ("#", say("File or column"), say("Decides alone"), say("How to get it")),
            tuple(
                (a.rank, a.what, a.decides, ". ".join(filter(None, (a.more, a.how))))
                for a in readiness.asks[: readiness.first]
            )
            or (("–", readiness.asks_text, "–", "–"),),
            (6, 30, 16, 48),
            frozenset({2}),
        ),
        ladder_chart=None,
        is_compared=False,
        changes=(),
        change_chart=None,
        course=None,
        course_chart=None,
        questions=(),
        questions_title=say("What fails already"),
        questions_text=tuple(filter(None, (readiness.failing_text, *failing, unnamed))),
        themes=Table(
            say("What could be judged"),
            (
                say("Theme"),
                say("Met"),
                say("Failing"),
                say("Unknown"),
                say("Checks without any result"),
            ),
            tuple((j.theme, j.met, j.failed, j.unknown, j.not_judged) for j in readiness.judged),
            (32, 9, 11, 13, 35),
            frozenset({1, 2, 3}),
        ),
        frameworks=None,
        units=None,
        units_note="",
    )


def _whole(view: View) -> Outline:
    front, board, summary, cover = view.front, view.board, view.summary, view.cover
    return Outline(
        title=f"{cover.title} · {say('for the board')}",
        organisation=cover.organisation,
        unit=cover.unit,
        subtitle=(
            cover.period,
            say("as of {at}", at=cover.as_of),
            f"{say('evidence')} {cover.evidence_short}",
        ),
        judgement=front.judgement,
        context=tuple(filter(None, (board.meaning, board.bounds, view.waivers.honoured_text))),
        tiles=_tiles(view),
        facts=summary.facts,
        ladder=_ladder(front.rungs),
        ladder_chart=_ladder_chart(summary.steps),
        is_compared=bool(view.history.runs),
        changes=_changes(view),
        change_chart=_change_chart(view),
        course=_course(view.course),
        course_chart=_course_chart(view.course),
        questions=front.questions,
        questions_title=say("What to decide?"),
        questions_text=(front.questions_text,),
        follow_up=tuple(filter(None, (view.causes.dates.for_board, *view.responses.for_board))),
        unseen=tuple(filter(None, (*front.unseen, front.notes))),
        notices=tuple(map(_notice, summary.notices)),
        themes=_themes(view.themes.controls),
        theme_chart=_theme_chart(view.themes.controls),
        frameworks=_frameworks(view),
        units=_units(view),
        units_note=_units_note(view),
        statement=cover.statement,
        evidence_id=cover.evidence_id,
    )


def sentence(text: str) -> str:
    """End a text as a sentence, with a capital first."""
    text = text[:1].upper() + text[1:]
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def _tiles(view: View) -> tuple[Tile, ...]:
    front, summary = view.front, view.summary
    level = summary.level
    level_text = (
        f"{level.text} {say('of 5')} · {level.name}" if summary.figure.assessed else level.name
    )
    level_note = " ".join(filter(None, (front.outlook, sentence(level.sensitive))))
    return (
        Tile(say("Maturity level"), level_text, level_note),
        Tile(say("Evidenced score"), front.score),
        Tile(say("Coverage"), summary.coverage, front.coverage),
    )


def _notice(notice: Notice) -> Tile:
    lines = "; ".join((*notice.lines, *filter(None, (notice.remainder,))))
    return Tile(notice.code, notice.text, lines)


def _step_name(step: LevelStep) -> str:
    return f"{step.level} {step.name}"


def _ladder(rungs: Sequence[Rung]) -> Table:
    return Table(
        say("What reaches the next level?"),
        (
            *(say("Level"), say("Practices met")),
            *(say("Blocked by"), say("From here: fixes, and checks to prove")),
        ),
        tuple(
            (
                f"{r.level} {r.name}",
                say("{met} of {n}", met=r.met, n=r.asked),
                _obstacles(r),
                _way(r),
            )
            for r in rungs
        ),
        (15, 14, 42, 29),
    )


def _obstacles(rung: Rung) -> str:
    """Name what is in the way, a practice a line."""
    lines = []
    for obstacle in rung.obstacles:
        owners = obstacle.owners and say("Owners: {names}.", names=obstacle.owners)
        lines.append(f"{obstacle.title}: {obstacle.text}. {owners}".rstrip())
    return "\n".join(lines) or rung.names or "–"


def _way(rung: Rung) -> str:
    if rung.way or rung.standing != NOT_JUDGED:
        return rung.way or "–"
    return say("not judged: too few practices have a subject")


def _ladder_chart(steps: Sequence[LevelStep]) -> Chart | None:
    return _drawn(
        Chart(
            say("Practices of each level, met, missing and not known"),
            tuple(map(_step_name, steps)),
            (
                Series(say("Met"), GOOD, tuple(s.met for s in steps)),
                Series(say("Missing"), BAD, tuple(s.missing for s in steps)),
                Series(say("Not known"), UNKNOWN, tuple(s.unknown for s in steps)),
            ),
        )
    )


def _drawn(chart: Chart) -> Chart | None:
    """Return a chart that has something to show."""
    return chart if any(any(s.values) for s in chart.series) else None


def _changes(view: View) -> tuple[str, ...]:
    """Say what the score did, the results behind it, and what makes the runs unlike."""
    front = view.front
    counts = " · ".join(map(_change, front.changes))
    others = view.history.sentences[1:]  # the first is on the score, as `change`
    return tuple(filter(None, (front.change, counts, front.change_note, *others)))


def _change(change: Change) -> str:
    return f"{change.text} {change.points}"


def _change_chart(view: View) -> Chart | None:
    """Draw the score of each run that has one: what is proven, and what evidence could add."""
    if not view.history.trends:
        return None
    moments = view.history.trends[0].moments[-RUNS_SHOWN:]
    if sum(m.assessed for m in moments) < 2:
        return None
    bounds = [(Fraction(m.exact_lo), Fraction(m.exact_hi)) if m.assessed else None for m in moments]
    return Chart(
        say("Evidenced score of each run"),
        tuple(map(_moment, moments)),
        (
            Series(
                say("on evidence"),
                GOOD,
                tuple(float(rounded(b[0])) if b else 0.0 for b in bounds),
                tuple(percent(b[0]) if b else "" for b in bounds),
            ),
            Series(
                say("what missing evidence could add"),
                UNKNOWN,
                tuple(float(rounded(b[1]) - rounded(b[0])) if b else 0.0 for b in bounds),
                tuple(
                    say("up to {score}", score=percent(b[1])) if b and b[1] > b[0] else ""
                    for b in bounds
                ),
            ),
        ),
        is_upright=True,
        is_percent=True,
    )


def _moment(moment: Moment) -> str:
    """Name a run, and say where it has no score or is not like with like with the one before."""
    if not moment.assessed:
        return say("{day} (no score)", day=moment.as_of)
    return moment.as_of if moment.alike else say("{day} (other rules)", day=moment.as_of)


def _course(course: Course) -> Table | None:
    if not course.points:
        return None
    return Table(
        say("How did level, score and findings develop?"),
        course.head,
        course.rows[-RUNS_SHOWN:],
        (14, 7, 12, 9, 7, 6, 9, 7, 10, 19),
        frozenset({4, 5, 6, 7, 8}),
    )


def _course_chart(course: Course) -> Chart | None:
    """Draw the findings of each run: what is open, and on top what ended since the run before."""
    points = course.points[-RUNS_SHOWN:]
    counts = [p.counts for p in points]
    if not points:
        return None
    names = (
        say("{day} (after a time without a run)", day=p.score.as_of) if p.gap else p.score.as_of
        for p in points
    )
    return _drawn(
        Chart(
            say("Findings of each run, and what became of those of the run before"),
            tuple(names),
            (
                Series(say("open"), BAD, tuple(float(c.open) for c in counts)),
                Series(
                    say("not seen any more"),
                    UNKNOWN,
                    tuple(float(c.out_of_sight or 0) for c in counts),
                ),
                Series(say("fixed"), GOOD, tuple(float(c.fixed or 0) for c in counts)),
            ),
            is_upright=True,
        )
    )


def _tally(theme: Control) -> tuple[int, int]:
    """Count the failing and the unknown results of a theme."""
    counts = [line.counts for line in theme.checks]
    return sum(c.failed for c in counts), sum(c.unknown for c in counts)


def _themes(controls: Sequence[Control]) -> Table:
    rows = []
    for theme in controls:
        failed, unknown = _tally(theme)
        in_the_way = theme.permits.text if theme.permits else "–"
        rows.append(
            (theme.title, ranged(theme.figure), number(failed), number(unknown), in_the_way)
        )
    return Table(
        say("By theme"),
        (
            *(say("Theme"), say("Score (evidenced–possible)"), say("Failing"), say("Unknown")),
            say("Blocks"),
        ),
        tuple(rows),
        (27, 21, 13, 17, 22),
        frozenset({2, 3}),
    )


def _theme_chart(controls: Sequence[Control]) -> Chart | None:
    """Draw what is open, the themes with most failures first."""
    tallies = sorted(((*_tally(c), c.title) for c in controls), key=lambda t: (-t[0], -t[1], t[2]))
    tallies = tallies[:THEMES_DRAWN]
    title = say("Results by theme that fail or are unknown")
    if len(controls) > THEMES_DRAWN:
        shown, total = number(THEMES_DRAWN), number(len(controls))
        title = say("{title} ({n} of {all})", title=title, n=shown, all=total)
    return _drawn(
        Chart(
            title,
            tuple(title for _, _, title in tallies),
            (
                Series(say("Failing"), BAD, tuple(float(failed) for failed, _, _ in tallies)),
                Series(say("Unknown"), UNKNOWN, tuple(float(n) for _, n, _ in tallies)),
            ),
        )
    )


def _frameworks(view: View) -> Table:
    return Table(
        say("By framework"),
        (
            *(say("Framework"), say("Score (evidenced–possible)"), say("Coverage")),
            *(say("Fully · in part · by statement · not at all"), say("Level, by our rule")),
        ),
        tuple(
            (
                *(f.short, ranged(f.total.figure), f.total.coverage),
                *(" · ".join(f.total.extents), f.level.text if f.level else "–"),
            )
            for f in view.frameworks
        ),
        (22, 22, 17, 24, 15),
        frozenset({2, 3, 4}),
    )


def _units(view: View) -> Table | None:
    rows = [
        (r.value, number(r.actors), r.level, r.range or r.score, r.weakest)
        for d in view.slices.dimensions
        for r in d.rows
        if r.dimension == UNIT
    ]
    if not rows:
        return None
    return Table(
        say("By business unit"),
        (
            *(say("Unit"), say("Actors"), say("Level")),
            *(say("Score (evidenced–possible)"), say("Weakest themes")),
        ),
        tuple(rows[:UNITS_SHOWN]),
        (20, 11, 10, 24, 35),
        frozenset({1, 2}),
    )


def _units_note(view: View) -> str:
    total = sum(row.dimension == UNIT for row in view.slices.rows)
    if total <= UNITS_SHOWN:
        return ""
    return say("The weakest 8 of {n} units; all are in slices.csv.", n=number(total))

"""Pictures of the way from then to now and from level to level, as inline SVG: scores run by run,
what became of findings, what each level costs, whose findings are open and how old they are.

In: values of the view. Out: text, with a title that is the question a picture answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from reporter.i18n.translate import say, shortened, word
from reporter.report.chapters.chart_data import Ages, CostCurve, CostPoint
from reporter.report.html.svg import (
    FAIL,
    GOOD,
    INK,
    LINE,
    MUTED,
    PAPER,
    PERCENT,
    RESULTS,
    axis,
    clip,
    draw,
    hatch,
    hatched,
    hit,
    line,
    link,
    rect,
    shares,
    text,
)
from reporter.report.trend.course import Course, CoursePoint
from reporter.report.trend.transitions import FlowStep, Moment, Trend
from reporter.report.view import elements
from reporter.report.view.format import number

RUNS_OF_A_LINE = 4
"""Fewer runs show no course: they are drawn one below the other."""
_LEFT, _INSET, _TOP, _HEIGHT = 44, 36, 26, 110
"""Of a line: the margins, and the height of its scale; it begins and ends within, so that labels
have room.
"""


def practices(step: elements.LevelStep, width: int = 120) -> str:
    """Draw how many practices of a level are met, unknown and missing."""
    total = step.met + step.unknown + step.missing
    title = say(
        "Level {level}: {met} of {all} practices met, {unknown} unknown, {missing} missing",
        level=step.level,
        met=step.met,
        all=total,
        unknown=step.unknown,
        missing=step.missing,
    )
    ends = (step.met / total, (step.met + step.unknown) / total) if total else (0, 1)
    parts = shares(0, 1, width, 12, *ends)
    if 1 < total <= width / 8:
        marks = "".join(f"M{width * n / total:.4g} 1v12" for n in range(1, total))
        parts.append(line(marks, PAPER, "gaps", 1))
    return draw(width, 14, title, parts, "practices")


def tick(step: elements.LevelStep, level: elements.Level) -> str:
    """Draw whether a level is reached, could be shown by evidence, or is not reached."""
    if step.level <= level.lo:
        title = say("reached")
        parts = [
            f'<circle class="good" cx="8" cy="8" r="7.5" fill="{GOOD}"/>',
            line("M4.3 8.4l2.6 2.7 4.9-5.6", PAPER, "on-line", 1.8),
        ]
    elif step.level <= level.hi:
        title = say("not reached on evidence, could be with what is missing")
        parts = [
            line("M3.5 6l2.5-2.5M2.5 11.5l9-9M5 13.5l8.5-8.5M9.5 13.5l4-4", MUTED, "hatch", 0.9),
            f'<circle class="open" cx="8" cy="8" r="7" fill="none" stroke="{MUTED}"/>',
        ]
    else:
        title = say("not reached")
        parts = [
            f'<circle class="fail-line" cx="8" cy="8" r="7" fill="none" stroke="{FAIL}"'
            ' stroke-width="1.4"/>',
            line("M5.3 5.3l5.4 5.4M10.7 5.3l-5.4 5.4", FAIL, "fail-line", 1.6),
        ]
    return draw(16, 16, title, parts, "state")


def trend(history: Trend, width: int = 400) -> str:
    """Draw the evidenced score of each run with its range: one below the other, from four runs on
    as a line. Where the rules changed between two runs, that is marked.
    """
    is_line = len(history.moments) >= RUNS_OF_A_LINE
    parts, height = (_course if is_line else _dumbbell)(history.moments, width)
    title = say("{name}: did the evidenced score change?", name=history.name)
    description = "; ".join(f"{m.as_of}: {_moment_text(m)}" for m in history.moments)
    return draw(width, height, f"{title} {description}", parts, "trend")


def _moment_text(moment: Moment) -> str:
    if not moment.assessed:
        return moment.score
    return say(
        "{score}, range {range}, level {level}",
        score=moment.score,
        range=moment.range,
        level=moment.level,
    )


def _dumbbell(moments: Sequence[Moment], width: int) -> tuple[list[str], int]:
    """Draw each run as a row: its range, and a dot at the evidenced score. No line joins two runs
    whose rules differ.
    """
    margin, row, room = 84, 30, width - 84 - 62
    parts: list[str] = []
    dots: list[tuple[float, float, bool]] = []
    y = 6
    for index, moment in enumerate(moments):
        if index and not moment.alike:
            y += 12
            dashes = line(f"M{margin} {y - 4}h{room}", MUTED, "stroke-muted", 1, "5 4")
            words = text(0, y, say("rules changed"), "start", "muted", 11)
            parts += [dashes, words]
            y += 6
        middle = y + row / 2
        bold = index == len(moments) - 1
        parts.append(text(0, middle + 4, shortened(moment.as_of), "start", "ink", 12, bold=bold))
        parts.append(line(f"M{margin} {middle:g}h{room}", LINE, "hollow", 1))
        if moment.assessed:
            lo, hi = (margin + at * room / 1000 for at in (moment.at_lo, moment.at_hi))
            if hi > lo:
                parts.append(hatched(hatch(lo, middle - 5, max(hi - lo, 1), 10)))
            dots.append((lo, middle, moment.alike))
        level = "" if moment.level_lo is None else say("level {level}", level=moment.level_lo)
        said = moment.score if moment.assessed else "–"
        parts.append(text(width, middle + (0 if level else 4), said, "end", "ink", 12, bold=True))
        if level:
            parts.append(text(width, middle + 12, level, "end", "muted", 11))
        y += row
    parts += [
        line(f"M{a[0]:g} {a[1]:g}L{b[0]:g} {b[1]:g}", GOOD, "good-line", 1.6)
        for a, b in pairwise(dots)
        if b[2]
    ]
    parts += [
        f'<circle class="good" cx="{x:g}" cy="{y_dot:g}" r="5.5" fill="{GOOD}"/>'
        for x, y_dot, _ in dots
    ]
    return [*parts, *axis(margin, y, room, PERCENT)], y + 20


def _course(moments: Sequence[Moment], width: int) -> tuple[list[str], int]:
    """Draw runs along time, as a line."""
    span = width - _LEFT
    spots = [(_LEFT + _INSET + m.at * (span - 2 * _INSET) / 1000, m) for m in moments]
    parts = []
    for share in (0, 500, 1000):
        y = _height(share)
        parts.append(line(f"M{_LEFT} {y:g}h{span}", LINE, "hollow"))
        parts.append(text(_LEFT - 6, y + 4, f"{share // 10} %", "end", "muted", 11))
    assessed_spots = [(x, m) for x, m in spots if m.assessed]
    neighbours = [(a, b) for a, b in pairwise(spots) if a[1].assessed and b[1].assessed]
    ranges = "".join(
        hatch(x - 4, _height(m.at_hi), 8, _height(m.at_lo) - _height(m.at_hi))
        for x, m in assessed_spots
        if m.at_hi > m.at_lo
    )
    parts.append(hatched(ranges))
    for (x_start, earlier), (x_end, later) in neighbours:
        outline = f"M{x_start:g} {_height(earlier.at_lo):g}L{x_end:g} {_height(later.at_lo):g}"
        parts.append(line(outline, GOOD, "good-line", 2.5, "" if later.alike else "6 5"))
    for (x_start, _), (x_end, later) in pairwise(spots):
        if not later.alike:
            x = (x_start + x_end) / 2
            parts.append(line(f"M{x:g} {_TOP - 8}v{_HEIGHT + 8}", MUTED, "stroke-muted", 1, "2 3"))
            parts.append(text(x, _TOP - 12, say("rules changed"), "mid", "muted", 11))
    for x, moment in assessed_spots:
        parts.append(
            f'<circle class="good" cx="{x:g}" cy="{_height(moment.at_lo):g}" r="4" fill="{GOOD}"/>'
        )
        if moment.level_lo is not None:
            level = say("level {level}", level=moment.level_lo)
            parts.append(
                text(x, _off_line(_height(moment.at_hi) - 6), level, "mid", "ink", 11, bold=True)
            )
    return [*parts, *_date_labels(spots)], _TOP + _HEIGHT + 22


def course(shown: Course, width: int = 640) -> str:
    """Draw score and coverage of each run along time, and below them its findings. Lines join only
    runs of the same rules without a gap between them.
    """
    span = width - _LEFT
    xs = [_LEFT + _INSET + p.score.at * (span - 2 * _INSET) / 1000 for p in shown.points]
    base = _TOP + _HEIGHT + 34 + _BARS
    parts = []
    for share in (0, 500, 1000):
        y = _height(share)
        parts.append(line(f"M{_LEFT} {y:g}h{span}", LINE, "hollow"))
        parts.append(text(_LEFT - 6, y + 4, f"{share // 10} %", "end", "muted", 11))
    spots = list(zip(xs, shown.points, strict=True))
    ranges = "".join(
        hatch(x - 5, _height(p.score.at_hi), 10, _height(p.score.at_lo) - _height(p.score.at_hi))
        for x, p in spots
        if p.score.assessed and p.score.at_hi > p.score.at_lo
    )
    parts.append(hatched(ranges))
    for (x, before), (x_now, now) in pairwise(spots):
        parts += _joint(x, before, x_now, now, base)
    for x, p in spots:
        parts += _run_marks(x, p)
    parts += _finding_bars(spots, base)
    parts.append(line(f"M{_LEFT} {base}h{span}", LINE, "hollow"))
    parts.append(text(_LEFT - 6, base + 4, "0", "end", "muted", 11))
    dates = [(x, p.score) for x, p in spots]
    parts += _date_labels(dates, base)
    title = say("How did level, score and findings develop?")
    description = "; ".join(", ".join(filter(None, row)) for row in shown.rows)
    return draw(width, base + 22, title, parts, "course", desc=description)


_BARS = 70
"""Height of the highest bar of findings."""


def _joint(x: float, before: CoursePoint, x_now: float, now: CoursePoint, base: int) -> list[str]:
    """Join two runs, or mark why they are not joined."""
    if not now.is_joined:
        middle = (x + x_now) / 2
        words = say("no run") if now.gap else say("rules changed")
        outline = f"M{middle:g} {_TOP - 8}V{base}"
        return [
            line(outline, MUTED, "stroke-muted", 1, "2 3"),
            text(middle, _TOP - 12, words, "mid", "muted", 11),
        ]
    parts = []
    if before.coverage and now.coverage:
        outline = f"M{x:g} {_height(before.at_coverage):g}L{x_now:g} {_height(now.at_coverage):g}"
        parts.append(line(outline, MUTED, "stroke-muted", 1.2, "1 3"))
    if before.score.assessed and now.score.assessed:
        outline = f"M{x:g} {_height(before.score.at_lo):g}L{x_now:g} {_height(now.score.at_lo):g}"
        parts.append(line(outline, GOOD, "good-line", 2.5))
    return parts


def _run_marks(x: float, point: CoursePoint) -> list[str]:
    """Draw the score, coverage and level of a run."""
    parts, score = [], point.score
    if point.coverage:
        y = _height(point.at_coverage)
        parts.append(
            f'<circle class="open" cx="{x:g}" cy="{y:g}" r="3.5" fill="{PAPER}" stroke="{MUTED}"/>'
        )
    if not score.assessed:
        return [*parts, text(x, _height(0) - 6, say("no score"), "mid", "muted", 11)]
    y = _height(score.at_lo)
    parts.append(f'<circle class="good" cx="{x:g}" cy="{y:g}" r="4.5" fill="{GOOD}"/>')
    if score.level_lo is not None:
        level = say("level {level}", level=score.level_lo)
        spot = _height(0) - 6 if score.at_lo > 250 else _off_line(_height(score.at_hi) - 7)
        parts.append(text(x, spot, level, "mid", "ink", 11, bold=True))
    return parts


def _finding_bars(spots: Sequence[tuple[float, CoursePoint]], base: int) -> list[str]:
    """Draw of each run a bar of open findings, and beside it what ended since the run before."""
    counts = [(x, p.counts) for x, p in spots]
    most = max(1, *(max(c.open, (c.fixed or 0) + (c.out_of_sight or 0)) for _, c in counts))
    step = min((b - a for (a, _), (b, _) in pairwise(spots)), default=60)
    wide = max(2.0, min(14.0, step / 3))
    parts = []
    for x, c in counts:
        tall, fixed, unseen = (
            n * _BARS / most for n in (c.open, c.fixed or 0, c.out_of_sight or 0)
        )
        if c.open:
            parts.append(rect(x - wide, base - tall, wide - 1, tall, FAIL, "fail"))
        if fixed:
            parts.append(rect(x + 1, base - fixed, wide - 1, fixed, GOOD, "good"))
        if unseen:
            parts.append(
                hatched(hatch(x + 1.5, base - fixed - unseen, wide - 2, max(unseen - 1, 1)))
            )
        if step >= 44:
            parts.append(text(x - wide / 2, base - tall - 4, number(c.open), "mid", "ink", 11))
    return parts


def _off_line(y: float) -> float:
    """Put a label that the line of 100 % would run through above that line."""
    top = _height(1000)
    return top - 4 if top - 3 < y < top + 12 else y


def _height(share: int) -> float:
    return _TOP + _HEIGHT * (1000 - share) / 1000


def _date_labels(spots: list[tuple[float, Moment]], base: float = _TOP + _HEIGHT) -> list[str]:
    """Print the dates that fit, and always the first and the last."""
    parts, last_x = [], -1e9
    last_index = len(spots) - 1
    for index, (x, moment) in enumerate(spots):
        room = index in (0, last_index) or (x - last_x >= 80 and spots[last_index][0] - x >= 80)
        if room:
            parts.append(line(f"M{x:g} {base}v4", MUTED, "tick"))
            parts.append(text(x, base + 17, shortened(moment.as_of), "mid", "muted", 11))
            last_x = x
    return parts


def flow(steps: Sequence[FlowStep], width: int = 400) -> str:
    """Draw the steps from the results then to those now: each begins where the one before ends."""
    margin, row, room = 170, 19, width - 170 - 48
    most, at, parts = max(1, *_tops(steps)), 0, []
    totals = [s for s in steps if s.kind in ("then", "now")]
    status = next((s.kind for s in steps if s.is_added), "fail")
    for index, step in enumerate(steps):
        y = index * row
        is_total = step.kind in ("then", "now")
        begin = 0 if is_total else at if step.is_added else at - step.n
        at = step.n if is_total else begin + (step.n if step.is_added else 0)
        kind = status if is_total else step.kind
        x, length = margin + begin * room / most, max(step.n * room / most, 1.0 if step.n else 0)
        parts.append(text(0, y + 14, step.label, "start", "ink", 12, bold=is_total))
        parts += _strip(kind, x, y + 3, length)
        sign = "" if is_total else "+" if step.is_added else "−"
        words = f"{sign}{number(step.n)}"
        parts.append(text(x + length + 5, y + 14, words, "start", "ink", 12, bold=is_total))
    description = "; ".join(f"{s.label}: {number(s.n)}" for s in steps)
    title = say(
        "What became of findings? {then} {before}, {now} {after}",
        then=number(totals[0].n),
        before=totals[0].label,
        now=number(totals[-1].n),
        after=totals[-1].label,
    )
    return draw(width, row * len(steps) + 2, title, parts, "flow", desc=description)


def _tops(steps: Sequence[FlowStep]) -> Iterator[int]:
    """Yield how far each step reaches."""
    at = 0
    for step in steps:
        at = step.n if step.kind in ("then", "now") else at + (step.n if step.is_added else 0)
        yield at
        at -= 0 if step.kind in ("then", "now") or step.is_added else step.n


def _strip(kind: str, x: float, y: float, length: float) -> list[str]:
    """Draw a bar of a kind: proven good, failing, unknown, or outside of what is counted."""
    if not length:
        return []
    if kind in ("good", "fail"):
        return [rect(x, y, length, 13, {"good": GOOD, "fail": FAIL}[kind], kind)]
    if kind == "unknown":
        return [hatched(hatch(x + 0.5, y + 0.5, max(length - 1, 0.5), 12))]
    outline = f"M{x + 0.5:g} {y + 0.5:g}h{max(length - 1, 0.5):g}v12h{-max(length - 1, 0.5):g}z"
    return [line(outline, MUTED, "open", 1)]


def cost_curve(curve: CostCurve) -> str:
    """Draw the score over the person-days of the roadmap as a line, and the shortest way to each
    level as a point.
    """
    left, top, width, height = 48, 40, 560, 150
    days = max(curve.points[-1].at_days, *(m.at_days for m in curve.marks), 1)
    base = top + height

    def spot(point: CostPoint) -> tuple[float, float]:
        return left + point.at_days * width / days, base - point.at_score * height / 1000

    parts = []
    for share in (0, 500, 1000):
        y = base - share * height / 1000
        parts.append(line(f"M{left} {y:g}h{width}", LINE, "hollow"))
        parts.append(text(left - 6, y + 4, f"{share // 10} %", "end", "muted", 11))
    x, y = spot(curve.points[0])
    outline = f"M{x:.5g} {y:.5g}"
    for point in curve.points[1:]:
        x, y = spot(point)
        outline += f" H{x:.5g}V{y:.5g}"  # paper cuts words of hundreds of characters
    parts.append(line(outline, GOOD, "good-line", 2.2))
    last_x = -1e9
    for point in curve.marks:
        x, y = spot(point)
        parts.append(line(f"M{x:.5g} {top - 8}V{y:.5g}", INK, "ink-line", 1, "3 3"))
        parts.append(f'<circle class="good" cx="{x:.5g}" cy="{y:.5g}" r="4.5" fill="{GOOD}"/>')
        lift = 12 if x - last_x > 70 else 24
        level = say("level {level}", level=point.level)
        side = "end" if x > left + width - 40 else "start" if x < left + 24 else "mid"
        parts.append(text(x, top - lift + 2, level, side, "ink", 12, bold=True))
        last_x = x if lift == 12 else last_x
    for point, words, side, away in zip(
        (curve.points[0], curve.points[-1]), curve.ends, ("start", "end"), (17, -7), strict=True
    ):
        x, y = spot(point)
        parts.append(text(x, y + away, words, side, "ink", 12, bold=True))
    step = next(s for s in (5, 10, 20, 50, 100, 200, 500, 1000, 10**6) if days / 10 <= 6 * s)
    ticks = [(n * 10 / days, number(n)) for n in range(0, int(days / 10) + 1, step)]
    parts += axis(left, base, width, ticks)
    parts.append(text(left + width, base + 30, say("person-days"), "end", "muted", 11))
    title = say("What does each level cost?")
    return draw(left + width + 16, base + 36, title, parts, "cost-curve", desc=curve.text)


def owner_ages(ages: Ages) -> str:
    """Draw a row per owner and a bar per age, all on one scale."""
    margin, row = 256, 20
    column = min(190, 560 // len(ages.heads))
    most = max((n for r in ages.rows for n in r.counts), default=1) or 1
    room = column - 50
    parts = []
    for index, head in enumerate(ages.heads):
        x = margin + index * column
        parts.append(text(x, 12, head, "start", "muted", 11))
        parts.append(line(f"M{x} 18v{row * len(ages.rows) + 2}", LINE, "hollow"))
    for index, line_of in enumerate(ages.rows):
        y = 18 + index * row
        of_owner = [
            hit(0, y, margin + column * len(ages.heads), row),
            text(0, y + 15, clip(line_of.owner, 38), "start", "ink", 12),
        ]
        for place, n in enumerate(line_of.counts):
            x, length = margin + place * column, n * room / most
            if n:
                of_owner.append(rect(x + 1, y + 4, max(length, 1.5), 13, FAIL, "fail"))
            shown = text(x + max(length, 1.5) + 7, y + 15, number(n), "start", "ink", 12)
            of_owner.append(shown if n else text(x + 7, y + 15, "–", "start", "muted", 12))
        find = {"owner": line_of.printed, "status": word("fail")}
        title = f"{line_of.owner}: {word('fail')} ({number(sum(line_of.counts))})"
        parts.append(link(RESULTS if line_of.printed else "", of_owner, title, find))
    description = "; ".join(
        f"{r.owner}: "
        + ", ".join(f"{number(n)} {head}" for n, head in zip(r.counts, ages.heads, strict=True))
        for r in ages.rows
    )
    title = say("Who has open findings, and how old are they?")
    size = margin + column * len(ages.heads), 22 + row * len(ages.rows)
    return draw(*size, title, parts, "owner-ages", desc=description)

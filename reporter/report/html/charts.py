"""Charts as inline SVG strings: values of the view in, text out, with a title for screen readers.

Colours are attributes, for the PDF; classes let the style sheet of the HTML darken them. Colour-
blind readers can distinguish the rating colours, and each cell carries its letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise

from reporter.i18n.translate import say, shortened
from reporter.model.branding import ACCENT
from reporter.report.chapters.chart_data import LogCalendar, Losses
from reporter.report.chapters.parts_of_the_whole import SliceLine
from reporter.report.html.svg import (
    INK,
    LINE,
    MUTED,
    RATING,
    SOFT,
    TRACK,
    clip,
    draw,
    rect,
    text,
)
from reporter.report.trend.transitions import Moment, Trend
from reporter.report.view import elements
from reporter.report.view.format import count

_LEFT, _INSET, _TOP, _HEIGHT = 44, 36, 22, 110
"""Of a trend: the margins, and the height of its scale; lines begin and end within it, so that
labels have room.
"""


def gauge(level: elements.Level, names: Sequence[str]) -> str:
    """Draw the five levels as steps: reached, reachable by missing evidence, and the target."""
    parts = []
    for step in range(1, 6):
        x, height = (step - 1) * 92, 20 + 9 * step
        fill, css = _step(step, level)
        parts.append(rect(x, 74 - height, 86, height, fill, css))
        is_reached = step <= level.lo
        parts.append(
            text(x + 43, 66, str(step), "mid", "on" if is_reached else "ink", 17, bold=True)
        )
        parts.append(text(x + 43, 92, names[step], "mid", "muted", 12))
    if level.target:
        x, y = (level.target - 1) * 92 + 43, 74 - (20 + 9 * level.target) - 3
        parts.append(f'<path class="ink" fill="{INK}" d="M{x - 6} {y - 8}h12l-6 8z"/>')
        parts.append(text(x, y - 12, say("target"), "mid", "ink", 12, bold=True))
    return draw(454, 98, _steps_title(level), parts, "gauge", lift=10)


def _step(step: int, level: elements.Level) -> tuple[str, str]:
    if step <= level.lo:
        return ACCENT, "accent"
    return (SOFT, "soft") if step <= level.hi else (TRACK, "track")


def _steps_title(level: elements.Level) -> str:
    target = say(", target {n}", n=level.target) if level.target else ""
    note = f", {level.note}" if level.note else ""
    return say("Level {n} of 5 ({name})", n=level.text, name=level.name) + note + target


def bar(figure: elements.Figure, width: int = 150) -> str:
    """Draw one score from 0 to 100 %: evidenced part, and what missing evidence could add."""
    if not figure.assessed:
        parts = [
            f'<rect class="open" x="0.5" y="2.5" width="{width - 1}" height="9" rx="2" fill="none" '
            f'stroke="{MUTED}" stroke-dasharray="3 3"/>'
        ]
        return draw(width, 14, figure.text, parts, "bar")
    lo, hi = figure.at_lo * width / 1000, figure.at_hi * width / 1000
    parts = _range(0, 2, width, 10, lo, hi)
    title = say("Score {score}, range {range}", score=figure.text, range=figure.range)
    return draw(width, 14, title, parts, "bar")


def _range(
    x: int, y: int, width: int, height: int, lo: float, hi: float, css: str = "accent"
) -> list[str]:
    parts = [rect(x, y, width, height, TRACK, "track")]
    if hi > lo:
        parts.append(rect(x + lo, y, hi - lo, height, SOFT, "soft"))
    if lo:
        parts.append(rect(x, y, lo, height, {"accent": ACCENT, "grey": MUTED}[css], css))
    return parts


def heat(name: str, controls: Sequence[elements.Control], titles: bool = True) -> str:
    """Draw controls by level, coloured and lettered by rating, then the score. Titles come last, as
    phones are narrow.
    """
    row, cell = 21, 38
    margin = 18 + 7 * max(len(c.id) for c in controls)
    scores = margin + 5 * cell + 66
    longest = max(len(c.title) for c in controls) if titles else 0
    width = min(scores + 24 + 7 * longest, 740) if titles else scores
    parts = [
        text(margin + cell * i + cell / 2 - 1, 12, say("L{n}", n=i + 1), "mid", "muted", 12)
        for i in range(5)
    ]
    parts.append(text(scores, 12, say("score"), "end", "muted", 12))
    grounds: dict[str, list[str]] = {}
    for index, control in enumerate(controls):
        y = 18 + index * row
        parts.append(text(0, y + 14, control.id, "start", "ink", 12, bold=True))
        if titles:
            title = clip(control.title, (width - scores - 16) // 7)
            parts.append(text(scores + 16, y + 14, title, "start", "ink", 12))
        for column, mark in enumerate(control.cells):
            x = margin + cell * column
            grounds.setdefault(mark.kind, []).append(_ground(mark.kind, x, y, cell - 2, row - 2))
            parts += _mark(x + cell / 2 - 1, y + 14, mark)
        score = control.figure.text if control.figure.assessed else "–"
        parts.append(text(scores, y + 14, score, "end", "ink", 12))
    rows = count(len(controls), "row")
    title = say("Heat map of {name}: {rows} by level 1 to 5", name=name, rows=rows)
    description = "; ".join(f"{c.id}: {', '.join(cell.text for cell in c.cells)}" for c in controls)
    cell_paths = [_path(kind, "".join(paths)) for kind, paths in sorted(grounds.items())]
    return draw(
        width, 20 + row * len(controls), title, cell_paths + parts, "heat", desc=description
    )


def _ground(kind: str, x: float, y: float, width: float, height: float) -> str:
    """Outline one cell. Cells of a kind become one path, as each element costs space in a PDF."""
    if kind == "none":
        return f"M{x + width / 2 - 1:g} {y + height / 2:g}h2v2h-2z"
    return f"M{x:g} {y:g}h{width:g}v{height:g}h-{width:g}z"


def _path(kind: str, outline: str) -> str:
    if kind == "unknown":
        style = f'fill="none" stroke="{MUTED}" stroke-width="0.7"'
        return f'<path class="open" {style} d="{outline}"/>'
    if kind == "none":
        return f'<path class="grey" fill="{MUTED}" d="{outline}"/>'
    return f'<path class="r{kind}" fill="{RATING[kind][0]}" d="{outline}"/>'


def _mark(x: float, y: float, mark: elements.Cell) -> list[str]:
    if mark.kind == "none":
        return []
    if mark.kind == "unknown":
        return [text(x, y, mark.mark, "mid", "muted", 12)]
    return [
        f'<text x="{x:g}" y="{y:g}" font-size="12" font-weight="600" text-anchor="middle" '
        f'fill="{RATING[mark.kind][1]}">{escape(mark.mark)}</text>'
    ]


def lag(bars: Sequence[elements.Bar]) -> str:
    """Draw the published pair and our own pair on one scale from 0 to 100 %."""
    parts, width, y = [], 400, 0
    for index, item in enumerate(bars):
        y += 12 if item.ours and index and not bars[index - 1].ours else 0
        parts.append(text(0, y + 13, item.label, "start", "ink", 13))
        if not item.known:
            parts.append(_path("unknown", _ground("unknown", 0.5, y + 19.5, width - 1, 19)))
            parts.append(text(6, y + 33, item.text, "start", "muted", 12))
            y += 50
            continue
        y += 0 if _fits(item.label, item.text, width) else 17
        parts.append(text(width, y + 13, item.text, "end", "ink", 13, bold=True))
        lo, hi = item.at_lo * width / 1000, item.at_hi * width / 1000
        parts += _range(0, y + 19, width, 12, lo, hi, "accent" if item.ours else "grey")
        y += 42
    title = "; ".join(f"{b.label}: {b.text}" for b in bars)
    return draw(width, y, title, parts, "lag")


_WIDEST = 7.4
"""Units that a sign of 13 takes on average in the widest font of a screen: a page brings none."""


def _fits(label: str, figure: str, width: int) -> bool:
    """Tell whether a label and its figure stand side by side, with a gap between them."""
    return (len(label) + len(figure)) * _WIDEST + 12 <= width


def split(part: SliceLine) -> str:
    """Draw the results of one part as one bar: passing, unknown, failing."""
    passes, unknowns, failures = part.passed + part.compensated, part.unknown, part.failed
    total, width, x = passes + unknowns + failures, 120, 0.0
    parts = []
    for amount, fill, css in (
        (passes, ACCENT, "accent"),
        (unknowns, SOFT, "soft"),
        (failures, RATING["N"][0], "rN"),
    ):
        if amount:
            parts.append(rect(x, 0, amount * width / total, 8, fill, css))
            x += amount * width / total
    title = say(
        "{part}: {passing} pass, {unknown} unknown, {failing} fail",
        part=part.value,
        passing=passes,
        unknown=unknowns,
        failing=failures,
    )
    return draw(width, 8, title, parts, "split")


def waterfall(losses: Losses) -> str:
    """Draw the loss of each theme from 100 %, with the certain part apart from missing evidence."""
    margin, width, row = 200, 400, 19
    least = min((loss.at_to for loss in losses.rows), default=0)
    scale = width / max(1, 1000 - least)
    parts = []
    for index, loss in enumerate(losses.rows):
        y = index * row
        start, middle, end = (
            margin + (at - least) * scale for at in (loss.at_to, loss.at_evidence, loss.at_from)
        )
        parts.append(text(0, y + 13, clip(loss.title, 30), "start", "ink", 12))
        parts.append(rect(margin, y + 3, width, 12, TRACK, "track"))
        if middle > start:
            parts.append(rect(start, y + 3, middle - start, 12, SOFT, "soft"))
        if end > middle:
            parts.append(rect(middle, y + 3, end - middle, 12, ACCENT, "accent"))
        parts.append(text(margin + width + 10, y + 13, loss.text, "start", "muted", 11))
    description = "; ".join(f"{loss.title}: {loss.text}" for loss in losses.rows)
    title = say("What each theme costs, from 100 % down to {score}", score=losses.score)
    return draw(840, row * len(losses.rows), title, parts, "waterfall", desc=description)


def days(calendar: LogCalendar) -> str:
    """Draw one row per log source and one cell per day: full, half height, or an outline."""
    margin, row = 190, 20
    day_count = len(calendar.rows[0].days)
    cell = min(12.0, 590 / day_count)
    parts = [
        text(margin + day * cell, 11, name, "start", "muted", 11) for day, name in calendar.months
    ]
    paths = {"a": "", "p": "", "n": ""}
    for index, log in enumerate(calendar.rows):
        top = 18 + index * row
        parts.append(text(0, top + 12, clip(log.log_source, 30), "start", "ink", 12))
        for day, mark in enumerate(log.days):
            x, mark_height = margin + day * cell, {"a": 14, "p": 7, "n": 14}[mark]
            inset = 0.5 if mark == "n" else 0
            paths[mark] += _ground(
                mark,
                x + inset,
                top + 14 - mark_height + inset,
                cell - 1 - 2 * inset,
                mark_height - 2 * inset,
            )
    filled_paths = [
        f'<path class="{css}" fill="{fill}" d="{paths[mark]}"/>'
        for mark, css, fill in (("a", "accent", ACCENT), ("p", "soft", SOFT))
        if paths[mark]
    ]
    outline = f'fill="none" stroke="{LINE}" stroke-width="0.8"'
    empty_paths = [f'<path class="hollow" {outline} d="{paths["n"]}"/>'] if paths["n"] else []
    description = "; ".join(f"{log.log_source}: {log.text}" for log in calendar.rows)
    return draw(
        int(margin + day_count * cell) + 1,
        18 + row * len(calendar.rows),
        say("Days on which each log delivered"),
        [*filled_paths, *empty_paths, *parts],
        "days",
        desc=description,
    )


def trend(history: Trend, width: int = 400) -> str:
    """Draw for each run the evidenced score, the possible effect of missing evidence, and the
    level.
    """
    span = width - _LEFT
    spots = [(_LEFT + _INSET + m.at * (span - 2 * _INSET) / 1000, m) for m in history.moments]
    parts = []
    for share in (0, 500, 1000):
        y = _height(share)
        parts.append(
            f'<path class="hollow" fill="none" stroke="{LINE}" stroke-width="1" d="M{_LEFT}'
            f' {y:g}h{span}"/>'
        )
        parts.append(text(_LEFT - 6, y + 4, f"{share // 10} %", "end", "muted", 11))
    assessed_spots = [(x, m) for x, m in spots if m.assessed]
    neighbours = [(a, b) for a, b in pairwise(spots) if a[1].assessed and b[1].assessed]
    parts += [_band(a, b) for a, b in neighbours]
    parts += [_single_band(x, m) for x, m in assessed_spots]
    parts += [_connection(a, b) for a, b in neighbours]
    for x, moment in assessed_spots:
        parts.append(
            f'<circle class="accent" cx="{x:g}" cy="{_height(moment.at_lo):g}" r="4"'
            f' fill="{ACCENT}"/>'
        )
        if moment.level_lo is not None:
            level = say("level {level}", level=moment.level_lo)
            parts.append(text(x, _height(moment.at_hi) - 6, level, "mid", "ink", 11, bold=True))
    parts += _date_labels(spots)
    title = say("{name}, evidenced score by run", name=history.name)
    description = "; ".join(f"{m.as_of}: {_moment_text(m)}" for m in history.moments)
    return draw(width, _TOP + _HEIGHT + 22, f"{title}: {description}", parts, "trend")


def _moment_text(moment: Moment) -> str:
    if not moment.assessed:
        return moment.score
    return say(
        "{score}, range {range}, level {level}",
        score=moment.score,
        range=moment.range,
        level=moment.level,
    )


def _height(share: int) -> float:
    return _TOP + _HEIGHT * (1000 - share) / 1000


def _band(start: tuple[float, Moment], end: tuple[float, Moment]) -> str:
    (x_start, earlier), (x_end, later) = start, end
    outline = (
        f"M{x_start:g} {_height(earlier.at_hi):g}L{x_end:g}"
        f" {_height(later.at_hi):g}V{_height(later.at_lo):g}L{x_start:g}"
        f" {_height(earlier.at_lo):g}Z"
    )
    return f'<path class="soft" fill="{SOFT}" d="{outline}"/>'


def _single_band(x: float, moment: Moment) -> str:
    """Draw the range of one run, which is visible even without a neighbour."""
    return (
        f'<path class="soft" fill="{SOFT}" d="M{x - 3:g}'
        f' {_height(moment.at_hi):g}h6V{_height(moment.at_lo):g}h-6Z"/>'
    )


def _connection(start: tuple[float, Moment], end: tuple[float, Moment]) -> str:
    (x_start, earlier), (x_end, later) = start, end
    dashes = "" if later.alike else ' stroke-dasharray="6 5"'
    return (
        f'<path class="stroke" fill="none" stroke="{ACCENT}" stroke-width="2.5"{dashes} '
        f'd="M{x_start:g} {_height(earlier.at_lo):g}L{x_end:g} {_height(later.at_lo):g}"/>'
    )


def _date_labels(spots: list[tuple[float, Moment]]) -> list[str]:
    """Print the dates that fit, and always the first and the last."""
    parts, last_x = [], -1e9
    last_index = len(spots) - 1
    for index, (x, moment) in enumerate(spots):
        room = index in (0, last_index) or (x - last_x >= 80 and spots[last_index][0] - x >= 80)
        if room:
            parts.append(
                f'<path class="grey" fill="{MUTED}" d="M{x - 0.5:g} {_TOP + _HEIGHT}h1v4h-1Z"/>'
            )
            parts.append(text(x, _TOP + _HEIGHT + 17, shortened(moment.as_of), "mid", "muted", 11))
            last_x = x
    return parts

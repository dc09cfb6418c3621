"""Charts of scores, losses and logs as inline SVG: values of the view in, text out, with a title
for screen readers.

Colours are attributes, for the PDF; classes let the style sheet of the HTML darken them. Cells also
carry letters, so that no one has to tell colours apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from math import ceil

from reporter.i18n.translate import numeral, say, word
from reporter.report.chapters.chart_data import LogCalendar, LogDays, Losses
from reporter.report.chapters.parts_of_the_whole import SliceLine
from reporter.report.html.svg import (
    FAIL,
    GOOD,
    MUTED,
    PERCENT,
    RESULTS,
    axis,
    box,
    clip,
    draw,
    hatch,
    hatched,
    hit,
    link,
    path,
    rect,
    shares,
    text,
)
from reporter.report.view import elements
from reporter.report.view.format import count, number


def bar(figure: elements.Figure, width: int = 150) -> str:
    """Draw one score from 0 to 100 %: proven good, unknown, failing. A wide one has an axis."""
    axis_room = 18 if width >= WITH_AXIS else 0
    if not figure.assessed:
        parts = [hatched(hatch(0.5, 2.5, width - 1, 9))]
        title = figure.text
    else:
        parts = shares(0, 2, width, 10, figure.at_lo / 1000, figure.at_hi / 1000)
        title = say("Score {score}, range {range}", score=figure.text, range=figure.range)
    if axis_room:
        parts += axis(0, 12, width, PERCENT)
    return draw(width, 14 + axis_room, title, parts, "bar")


WITH_AXIS = 200
"""A bar as wide as this has an axis; smaller ones are in a column of a table with a number each."""
_CELL, _ROW = 44, 25
"""Of a heat map: from one level to the next, and from one line to the next."""


def heat(
    name: str, controls: Sequence[elements.Control], titles: bool = True, facet: str = ""
) -> str:
    """Draw controls by level. A cell has a bar from 0 to 100 %: proven good, unknown, failing; its
    letters are the rating on evidence and, behind a dash, the possible one. With a facet a row
    leads to the results that have its title there.
    """
    ids = 10 + 9 * max(len(c.id) for c in controls)
    margin = ids + (14 + 7 * min(_TITLE, max(len(c.title) for c in controls)) if titles else 4)
    scores = margin + 5 * _CELL + 56
    parts = [
        text(margin + _CELL * (i + 0.5) - 2, 12, say("L{n}", n=i + 1), "mid", "muted", 12)
        for i in range(5)
    ]
    parts.append(text(scores, 12, say("score"), "end", "muted", 12))
    grounds: dict[str, list[str]] = {}
    for index, control in enumerate(controls):
        y = 18 + index * _ROW
        names = [text(0, y + 16, control.id, "start", "ink", 12, bold=True)]
        if titles:
            names.append(text(ids, y + 16, clip(control.title, _TITLE), "start", "ink", 12))
        find = {facet: control.title} if facet else None
        parts.append(link(control.anchor, [hit(0, y, scores, _ROW - 2), *names], find=find))
        for column, cell in enumerate(control.cells):
            x = margin + _CELL * column
            for kind, outline in _grounds(cell, x, y + 13).items():
                grounds.setdefault(kind, []).append(outline)
            if cell.kind != "none":
                parts.append(text(x + _WIDTH / 2, y + 10, cell.mark, "mid", "ink", 11, bold=True))
        score = control.figure.text if control.figure.assessed else "–"
        parts.append(text(scores, y + 16, score, "end", "ink", 12))
    rows = count(len(controls), "row")
    title = say("Which levels does {name} reach? {rows}, levels 1 to 5", name=name, rows=rows)
    description = "; ".join(f"{c.id}: {', '.join(cell.text for cell in c.cells)}" for c in controls)
    size = scores + 2, 20 + _ROW * len(controls)
    return draw(*size, title, [*_cells(grounds), *parts], "heat", desc=description)


_TITLE = 34
"""Characters of a title in a heat map; the table beside it has all."""
_WIDTH, _HIGH = _CELL - 5, 8
"""Of the bar in a cell."""


def _grounds(cell: elements.Cell, x: float, y: float) -> dict[str, str]:
    """Outline the bar of one cell, by kind."""
    if cell.kind == "none":
        return {"grey": box(x + _WIDTH / 2 - 1, y - 2, 2, 2)}
    good, at_most = (round(_WIDTH * at / 1000, 1) for at in (cell.at_lo, cell.at_hi))
    if cell.at_hi > cell.at_lo:
        at_most = min(max(at_most, good + 2), _WIDTH)  # the smallest doubt is seen
    outlines = {}
    if good:
        outlines["good"] = box(x, y, good, _HIGH)
    if at_most > good:
        room = max(at_most - good - 1, 1)
        outlines["hatch"] = hatch(x + good + 0.5, y + 0.5, room, _HIGH - 1)
    if at_most < _WIDTH:
        outlines["fail"] = box(x + at_most, y, _WIDTH - at_most, _HIGH)
    return outlines


def _cells(grounds: dict[str, list[str]]) -> list[str]:
    """Draw the cells of a heat map, all of a kind as one path."""
    outlines = {kind: "".join(paths) for kind, paths in grounds.items()}
    fills = {"good": GOOD, "fail": FAIL, "grey": MUTED}
    parts = [path(outlines.get(kind, ""), fill, kind) for kind, fill in fills.items()]
    return [*parts, hatched(outlines.get("hatch", ""))]


def split(part: SliceLine) -> str:
    """Draw the results of one part as one bar: passing, unknown, failing."""
    passes, unknowns, failures = part.passed + part.compensated, part.unknown, part.failed
    total, width = passes + unknowns + failures, 120
    title = say(
        "{part}: {passing} pass, {unknown} unknown, {failing} fail",
        part=part.value,
        passing=passes,
        unknown=unknowns,
        failing=failures,
    )
    parts = shares(0, 0, width, 8, passes / total, 1 - failures / total) if total else []
    return draw(width, 8, title, parts, "split")


def lost_points(losses: Losses) -> str:
    """Draw the points that each theme costs, from 0: failing, and without evidence."""
    margin, width, row = 220, 370, 18
    most = max((loss.at_cost for loss in losses.rows), default=0)
    step = next((s for s in (50, 100, 200, 500, 1000, 2000) if most <= 5 * s), 2000)
    end = max(step * ceil(most / step), step)
    ticks = [(n * step / end, _point(n * step)) for n in range(end // step + 1)]
    parts = []
    for index, loss in enumerate(losses.rows):
        y = index * row
        name = text(0, y + 13, clip(loss.title, 32), "start", "ink", 12)
        failing, cost = (at * width / end for at in (loss.at_failing, loss.at_cost))
        parts.append(link(loss.anchor, [hit(0, y, margin, row), name]))
        if failing:
            bar_of = [rect(margin, y + 3, failing, 13, FAIL, "fail"), hit(margin, y, failing, row)]
            parts.append(_results_of(loss.title, "fail", bar_of))
        if cost - failing > 0.5:
            gap = 1 if failing else 0
            left, room = margin + failing + gap, max(cost - failing - gap - 1, 0.5)
            ground = hit(left, y, max(room, 8), row)
            bar_of = [hatched(hatch(left + 0.5, y + 3.5, room, 12)), ground]
            parts.append(_results_of(loss.title, "unknown", bar_of))
        parts.append(text(margin + width + 12, y + 13, loss.text, "start", "muted", 11))
    bottom = row * len(losses.rows) + 2
    parts += axis(margin, bottom, width, ticks)
    parts.append(text(margin + width + 12, bottom + 15, say("points"), "start", "muted", 11))
    description = "; ".join(f"{loss.title}: {loss.text}" for loss in losses.rows)
    title = say("Where are points lost, from 100 % down to {score}?", score=losses.score)
    return draw(900, bottom + 22, title, parts, "lost-points", desc=description)


def _results_of(theme: str, status: str, parts: Sequence[str]) -> str:
    """Make parts a link to the results of a theme in one state."""
    find = {"theme": theme, "status": word(status)}
    return link(RESULTS, parts, f"{theme}: {word(status)}", find)


def _point(hundredths: int) -> str:
    """Print a tick in points of the score."""
    return numeral(f"{hundredths / 100:g}")


def days(calendar: LogCalendar) -> str:
    """Draw one row per log source, silent ones first, and one cell per day: full, half height, or
    hatched where nothing came. The agents that a silent log leaves unseen are beside it.
    """
    margin, row = 190, 20
    day_count = len(calendar.rows[0].days)
    cell = min(12.0, 440 / day_count)
    parts = [
        text(margin + day * cell, 11, name, "start", "muted", 11) for day, name in calendar.months
    ]
    paths = {"a": "", "p": ""}
    silent_paths = ""
    for index, log in enumerate(calendar.rows):
        top = 18 + index * row
        parts.append(text(0, top + 12, clip(log.log_source, 30), "start", "ink", 12))
        for mark, begin, end in _stretches(log.days):
            x, room = margin + begin * cell, (end - begin) * cell - 1
            if mark == "n":
                silent_paths += hatch(x + 0.5, top + 0.5, max(room - 1, 0.5), 13)
            else:
                high = 14 if mark == "a" else 7
                paths[mark] += box(x, top + 14 - high, room, high)
        beside = margin + day_count * cell + 10
        if log.blinds:
            parts.append(text(beside, top + 12, _blind(log, 1), "start", "ink", 11))
    description = "; ".join(
        f"{log.log_source}: {log.text}" + (f"; {_blind(log, 9)}" if log.blinds else "")
        for log in calendar.rows
    )
    return draw(
        int(margin + day_count * cell) + 270,
        18 + row * len(calendar.rows),
        say("On which days was each log silent?"),
        [*(path(paths[mark], GOOD, "good") for mark in "ap"), hatched(silent_paths), *parts],
        "days",
        desc=description,
    )


def _blind(log: LogDays, most: int) -> str:
    """Name the first agents that nobody sees, and count the others."""
    names = ", ".join(clip(name, 24) for name in log.blinds[:most])
    remainder = len(log.blinds) - most
    if remainder > 0:
        return say("not visible: {names} and {n} more", names=names, n=number(remainder))
    return say("not visible: {names}", names=names)


def _stretches(marks: str) -> Iterator[tuple[str, int, int]]:
    """Yield the days that are drawn as one shape: silent ones in a row, others one by one."""
    at = 0
    for mark, group in groupby(marks):
        length = len(list(group))
        if mark == "n":
            yield mark, at, at + length
        else:
            yield from ((mark, day, day + 1) for day in range(at, at + length))
        at += length

"""The picture of a roll-up as inline SVG: a bar a group, from 0 to 100 %. In: printed lines. Out:
text, with a title and a description.
"""

from __future__ import annotations

from collections.abc import Sequence

from reporter.i18n.translate import say
from reporter.report.html.svg import PERCENT, axis, clip, draw, hatch, hatched, shares, text
from reporter.report.rolled_up.rollup_rows import LeftLine, RollupLine

SHOWN = 40
"""Groups in the picture; the table and rollup.csv have more."""
_ROW, _MARGIN, _WIDTH, _RIGHT = 24, 200, 360, 250


def unit_bars(title: str, lines: Sequence[RollupLine], left: Sequence[LeftLine]) -> str:
    """Draw each group: what is proven good, unknown, and failing. Who has no score is hatched, and
    so is a unit that is left out.
    """
    parts: list[str] = []
    descriptions = []
    shown, missing = lines[:SHOWN], [unit for unit in left if unit.is_unknown][:SHOWN]
    for at, line in enumerate(shown):
        y, indent = at * _ROW, 14 * min(line.depth, 4)
        name = clip(line.name, 28 - 2 * min(line.depth, 4))
        parts.append(text(indent, y + 15, name, "start", "ink", 12, bold=not line.depth))
        if line.score.assessed:
            ends = line.score.at_lo / 1000, line.score.at_hi / 1000
            parts += shares(_MARGIN, y + 4, _WIDTH, 14, *ends)
            score = line.score.range or line.score.text
            words = say("level {level}; {score}", level=line.level, score=score)
        else:
            parts.append(_unknown(y))
            words = say("too little evidence: {coverage} judged", coverage=line.coverage)
        parts.append(text(_MARGIN + _WIDTH + 14, y + 15, words, "start", "ink", 12))
        descriptions.append(f"{line.name}: {words}")
    for at, unit in enumerate(missing, len(shown)):
        y = at * _ROW
        words = say("left out")
        parts.append(text(14, y + 15, clip(unit.unit, 26), "start", "muted", 12))
        parts += [_unknown(y), text(_MARGIN + _WIDTH + 14, y + 15, words, "start", "muted", 12)]
        descriptions.append(f"{unit.unit}: {words}")
    bottom = _ROW * (len(shown) + len(missing))
    parts += axis(_MARGIN, bottom, _WIDTH, PERCENT)
    size = _MARGIN + _WIDTH + _RIGHT, bottom + 22
    return draw(*size, title, parts, "unit-bars", desc="; ".join(descriptions))


def _unknown(y: int) -> str:
    return hatched(hatch(_MARGIN + 0.5, y + 4.5, _WIDTH - 1, 13))

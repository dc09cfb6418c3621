"""The picture of a roll-up as inline SVG: a bar a group, from 0 to 100 %. In: printed lines. Out:
text, with a title and a description.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reporter.i18n.translate import say
from reporter.report.html.svg import PERCENT, axis, clip, draw, hatch, hatched, shares, text
from reporter.report.office.fit import BOLDER, width_of
from reporter.report.rolled_up.rollup_rows import LeftLine, RollupLine

SHOWN = {"screen": 40, "paper": 32}
"""Bars in the picture, by medium: on paper it is on the first page. The tables have all."""
_ROW, _MARGIN, _WIDTH, _RIGHT = 24, 200, 360, 250
_PHONE, _STACK = 350, 54
"""Width of the picture for a phone, and from one of its groups to the next."""
_SIZE, _BAR, _STEP = 12, 14, 14
"""Of letters; of a bar; how far a group is set in below the one that it is in."""


@dataclass(frozen=True, slots=True)
class _Bar:
    """A line of the picture."""

    name: str
    depth: int
    words: str
    ends: tuple[float, float] | None
    """What is proven good, and that with what is unknown, from 0 to 1; None without a score."""
    css: str = "ink"

    @property
    def indent(self) -> int:
        """Return how far it is set in."""
        return _STEP * min(self.depth, 4)


def chosen(
    lines: Sequence[RollupLine], left: Sequence[LeftLine], most: int
) -> tuple[Sequence[RollupLine], Sequence[LeftLine]]:
    """Choose what is drawn: the first groups, and of units that are left out at most a quarter."""
    missing = [unit for unit in left if unit.is_unknown][: most // 4]
    return lines[: most - len(missing)], missing


def unit_bars(title: str, lines: Sequence[RollupLine], left: Sequence[LeftLine]) -> str:
    """Draw each group: what is proven good, unknown, and failing. Who has no score is hatched, and
    so is a unit that is left out.
    """
    bars = [*_bars(lines, left)]
    parts: list[str] = []
    for at, bar in enumerate(bars):
        y = at * _ROW
        parts.append(_name(bar, y + 15, _MARGIN - 6))
        parts += _shares(bar, _MARGIN, y + 4, _WIDTH)
        parts.append(text(_MARGIN + _WIDTH + 14, y + 15, bar.words, "start", bar.css, _SIZE))
    bottom = _ROW * len(bars)
    parts += axis(_MARGIN, bottom, _WIDTH, PERCENT)
    size = _MARGIN + _WIDTH + _RIGHT, bottom + 22
    return draw(*size, title, parts, "unit-bars", desc=_described(bars))


def unit_stack(title: str, lines: Sequence[RollupLine], left: Sequence[LeftLine]) -> str:
    """Draw the same for a phone: the name above each bar, its score below."""
    bars = [*_bars(lines, left)]
    parts: list[str] = []
    for at, bar in enumerate(bars):
        y = at * _STACK
        parts.append(_name(bar, y + 12, _PHONE))
        parts += _shares(bar, 0, y + 17, _PHONE)
        parts.append(text(0, y + 44, bar.words, "start", "muted", _SIZE))
    bottom = _STACK * len(bars)
    parts += axis(0, bottom, _PHONE, PERCENT)
    return draw(_PHONE, bottom + 22, title, parts, "unit-stack", desc=_described(bars))


def _bars(lines: Sequence[RollupLine], left: Sequence[LeftLine]) -> Iterator[_Bar]:
    for line in lines:
        if line.score.assessed:
            score = line.score.range or line.score.text
            words = say("level {level}; {score}", level=line.level, score=score)
            yield _Bar(
                line.name, line.depth, words, (line.score.at_lo / 1000, line.score.at_hi / 1000)
            )
        else:
            words = say("too little evidence: {coverage} judged", coverage=line.coverage)
            yield _Bar(line.name, line.depth, words, None)
    for unit in left:
        yield _Bar(unit.unit, 1, say("left out"), None, "muted")


def _name(bar: _Bar, y: int, right: int) -> str:
    is_bold = not bar.depth
    words = _fitting(bar.name, (right - bar.indent) / (BOLDER if is_bold else 1))
    return text(bar.indent, y, words, "start", bar.css, _SIZE, bold=is_bold)


def _fitting(name: str, room: float) -> str:
    """Shorten a name to a width: letters of some scripts are twice as wide as those of others."""
    limit = min(len(name), _LONGEST)
    while limit > 1 and width_of(clip(name, limit), _SIZE) > room:
        limit -= 1
    return clip(name, limit)


_LONGEST = 100
"""Letters of a name; as many narrow ones are wider than any line."""


def _shares(bar: _Bar, x: int, y: int, width: int) -> list[str]:
    if bar.ends is None:
        return [hatched(hatch(x + 0.5, y + 0.5, width - 1, _BAR - 1))]
    return shares(x, y, width, _BAR, *bar.ends)


def _described(bars: Sequence[_Bar]) -> str:
    return "; ".join(f"{bar.name}: {bar.words}" for bar in bars)

"""The primitives of all charts: colours, hatching, rectangles, lines of text, links. In: positions
and words. Out: SVG as text.

One colour code holds in all charts: blue is proven good, red-brown is failing, hatched is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from math import floor
from urllib.parse import quote, urlencode

INK, MUTED, LINE, TRACK, PAPER = "#1b2733", "#5a6673", "#87929d", "#e9edf1", "#ffffff"
GOOD, FAIL = "#2f74b5", "#8a2f17"
"""Neither depends on the accent of an organisation; white letters can be read on both."""
_STEP = 4.5
"""From one line of a hatching to the next."""
FONT = "'Source Sans 3', 'Report Fallback', 'Report CJK', sans-serif"


def draw(
    width: int,
    height: int,
    title: str,
    parts: Sequence[str],
    css: str,
    desc: str = "",
    lift: int = 0,
) -> str:
    """Combine parts into a picture of a size, with a title and a description for screen readers.

    With links it is a group: readers skip what is inside an image.
    """
    description = f"<desc>{escape(desc)}</desc>" if desc else ""
    role = "group" if any(LINK in part for part in parts) else "img"
    return (
        f'<svg class="chart {css}" role="{role}" xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="0 {-lift} {width} {height + lift}" width="{width}" height="{height + lift}" '
        f'font-family="{FONT}"><title>{escape(title)}</title>{description}{"".join(parts)}</svg>'
    )


def rect(x: float, y: float, width: float, height: float, fill: str, css: str) -> str:
    """Draw a filled rectangle."""
    return (
        f'<rect class="{css}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="2" '
        f'fill="{fill}"/>'
    )


def text(
    x: float,
    y: float,
    words: str,
    anchor: str,
    css: str,
    size: int,
    bold: bool = False,
    ground: str = "",
) -> str:
    """Write one line of text. `ground` is the class of the shape that it is printed on, if that
    has another colour than the page: the style sheet declares that colour to tools.
    """
    anchors = {"start": "start", "mid": "middle", "end": "end"}
    fills = {"ink": INK, "muted": MUTED}
    weight = ' font-weight="600"' if bold else ""
    classes = f"{css} on-{ground}" if ground else css
    return (
        f'<text class="{classes}" x="{x:g}" y="{y:g}" font-size="{size}"{weight} '
        f'text-anchor="{anchors[anchor]}" fill="{fills[css]}">{escape(words)}</text>'
    )


def path(outline: str, fill: str, css: str) -> str:
    """Fill an outline; many shapes of a kind are one path, as each element costs space in a PDF."""
    return f'<path class="{css}" fill="{fill}" d="{outline}"/>' if outline else ""


def line(outline: str, stroke: str, css: str, width: float = 1, dashes: str = "") -> str:
    """Draw lines."""
    dash_style = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<path class="{css}" fill="none" stroke="{stroke}" stroke-width="{width:g}"{dash_style}'
        f' d="{outline}"/>'
    )


def box(x: float, y: float, width: float, height: float) -> str:
    """Outline a rectangle, as part of a path."""
    return f"M{x:g} {y:g}h{width:g}v{height:g}h{-width:g}z"


def hatch(x: float, y: float, width: float, height: float) -> str:
    """Outline a hatched rectangle, as part of a path. A pattern would need an id in each drawing,
    and the page would hold the same id many times.
    """
    outline, edge = [box(x, y, width, height)], (floor((x + y) / _STEP) + 1) * _STEP
    while edge < x + width + y + height - 0.5:
        left, right = max(x, edge - y - height), min(x + width, edge - y)
        outline.append(f"M{left:.4g} {edge - left:.4g}l{right - left:.4g} {left - right:.4g}")
        edge += _STEP
    return "".join(outline)


def hatched(outline: str) -> str:
    """Draw hatched rectangles."""
    return line(outline, MUTED, "hatch", 0.9) if outline else ""


def shares(
    x: float, y: float, width: float, height: float, good: float, at_most: float
) -> list[str]:
    """Draw a bar from 0 to 100 %: what is proven good, what is unknown, what fails. Both shares are
    between 0 and 1; the second adds what is unknown.
    """
    ends = [0, round(good * width, 1), round(at_most * width, 1), width]
    parts = []
    for name, (begin, end) in zip(("good", "hatch", "fail"), pairwise(ends), strict=True):
        if end <= begin:
            continue
        gap = 1 if begin and end - begin > 2 else 0
        left, room = x + begin + gap, end - begin - gap
        if name == "hatch":
            parts += [hatched(hatch(left + 0.5, y + 0.5, max(room - 1, 0.2), height - 1))]
        else:
            parts.append(rect(left, y, room, height, GOOD if name == "good" else FAIL, name))
    return parts


def axis(x: float, y: float, width: float, ticks: Sequence[tuple[float, str]]) -> list[str]:
    """Draw ticks of a horizontal scale with their labels below; places are between 0 and 1."""
    anchors = {0.0: "start", 1.0: "end"}
    outline = "".join(f"M{x + at * width:g} {y:g}v4" for at, _ in ticks)
    return [
        line(outline, MUTED, "tick"),
        *(
            text(x + at * width, y + 15, words, anchors.get(at, "mid"), "muted", 11)
            for at, words in ticks
        ),
    ]


PERCENT = ((0.0, "0"), (0.5, "50"), (1.0, "100 %"))
"""Ticks of a score."""
LINK = '<a class="mark" href="#'
"""How a link in a picture begins. Pages drop those whose place they do not hold."""


RESULTS = "checks"
"""Anchor of the chapter with all results: where filters lead without a script."""


def link(
    anchor: str, parts: Sequence[str], title: str = "", find: Mapping[str, str] | None = None
) -> str:
    """Make parts of a picture a link to a place of the page; without a place they are returned.

    `find` are choices by facet: where there is a search, the link sets them instead.
    """
    if not anchor:
        return "".join(parts)
    name = f"<title>{escape(title)}</title>" if title else ""
    chosen = f' data-choices="{escape(state(find))}"' if find else ""
    return f'{LINK}{escape(anchor)}"{chosen}>{name}{"".join(parts)}</a>'


def state(find: Mapping[str, str]) -> str:
    """Write choices as the search has them in its address, each value as the script reads it."""
    return urlencode({k: " ".join(v.split()) for k, v in find.items()}, quote_via=quote)


def hit(x: float, y: float, width: float, height: float) -> str:
    """Draw what nobody sees and a pointer finds: the ground of a link."""
    return (
        f'<rect class="hit" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
        f' fill="{PAPER}" fill-opacity="0"/>'
    )


def clip(words: str, limit: int) -> str:
    """Shorten a label; the full label is in the table beside the picture."""
    return words if len(words) <= limit else f"{words[: limit - 1].rstrip()}…"

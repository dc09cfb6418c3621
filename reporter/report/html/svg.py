"""The primitives of all charts: colours, rectangles, lines of text. In: positions and words. Out:
SVG as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

INK, MUTED, LINE, TRACK = "#1b2733", "#5a6673", "#c9d1d9", "#e9edf1"
SOFT = "#a9c6e0"
RATING = {
    "N": ("#b2182b", "#ffffff"),
    "P": ("#f4a582", INK),
    "L": ("#92c5de", INK),
    "F": ("#2166ac", "#ffffff"),
}
ALERT = RATING["N"][0]
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
    """Combine parts into a picture of a size, with a title and a description for screen readers."""
    description = f"<desc>{escape(desc)}</desc>" if desc else ""
    return (
        f'<svg class="chart {css}" role="img" xmlns="http://www.w3.org/2000/svg" '
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
    x: float, y: float, words: str, anchor: str, css: str, size: int, bold: bool = False
) -> str:
    """Write one line of text."""
    anchors = {"start": "start", "mid": "middle", "end": "end"}
    fills = {"ink": INK, "muted": MUTED, "on": "#ffffff", "dark": INK}
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text class="{css}" x="{x:g}" y="{y:g}" font-size="{size}"{weight} '
        f'text-anchor="{anchors[anchor]}" fill="{fills[css]}">{escape(words)}</text>'
    )


def clip(words: str, limit: int) -> str:
    """Shorten a label; the full label is in the table beside the picture."""
    return words if len(words) <= limit else f"{words[: limit - 1].rstrip()}…"

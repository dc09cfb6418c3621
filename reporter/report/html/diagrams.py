"""Pictures of agents and of levels as inline SVG: values of the view in, text out, with a title and
a description.

Lines differ in dashes as well as in colour. Every number is also in a table beside its picture.
"""

from __future__ import annotations

from collections.abc import Sequence

from reporter.i18n.translate import mark, say, word
from reporter.model.branding import ACCENT
from reporter.report.chapters.chart_data import AgentCard, Agents, PathStep
from reporter.report.html.svg import ALERT, INK, MUTED, SOFT, TRACK, clip, draw, rect, text
from reporter.report.view import elements
from reporter.report.view.format import ranged

NO_LEVEL = mark("no level")
_STROKES = {
    "before": (ACCENT, "line-accent", ""),
    "holds": (ACCENT, "line-accent", ""),
    "later": (ALERT, "line-alert", "7 3"),
    "never": (ALERT, "line-alert", "2 3"),
    "unregistered": (ALERT, "line-alert", "2 3"),
    "left": (ALERT, "line-alert", "7 3"),
    "broken": (ALERT, "line-alert", "2 3"),
    "not recorded": (MUTED, "line-muted", "4 4"),
}
_HEADS = {"tool": mark("Tools"), "data": mark("Data"), "destination": mark("Destinations")}
_ROW = 20


def tier_levels(agents: Agents) -> str:
    """Draw the number of agents of each tier at each level; darker means more."""
    margin, cell, row = 96, 66, 30
    heads = [*(say("level {level}", level=n) for n in range(6)), say(NO_LEVEL)]
    if not any(r.cells[6] for r in agents.rows):
        heads.pop()
    maximum = max(n for r in agents.rows for n in r.cells)
    parts = [
        text(margin + cell * (i + 0.5), 13, h, "mid", "muted", 12) for i, h in enumerate(heads)
    ]
    parts.append(text(margin + cell * len(heads) + 12, 13, say("agents"), "start", "muted", 12))
    descriptions = []
    for index, tier_row in enumerate(agents.rows):
        top = 20 + index * row
        parts.append(
            text(0, top + 19, say("Tier {n}", n=tier_row.tier), "start", "ink", 13, bold=True)
        )
        for column, total in enumerate(tier_row.cells[: len(heads)]):
            fill, css = (
                (TRACK, "track")
                if not total
                else (ACCENT, "accent")
                if 2 * total > maximum
                else (SOFT, "soft")
            )
            parts.append(rect(margin + cell * column, top, cell - 3, row - 3, fill, css))
            tone = "on" if css == "accent" else "muted" if not total else "dark"
            parts.append(
                text(
                    margin + cell * (column + 0.5) - 1,
                    top + 18,
                    str(total),
                    "mid",
                    tone,
                    13,
                    bold=bool(total),
                )
            )
        parts.append(
            text(margin + cell * len(heads) + 12, top + 19, str(tier_row.total), "start", "ink", 13)
        )
        counts = ", ".join(
            say("{n} at {level}", n=n, level=h)
            for n, h in zip(tier_row.cells, heads, strict=False)
            if n
        )
        descriptions.append(say("tier {n}: {counts}", n=tier_row.tier, counts=counts))
    return draw(
        margin + cell * len(heads) + 70,
        20 + row * len(agents.rows),
        say("Agents in use by risk tier and level"),
        parts,
        "tier-levels",
        desc="; ".join(descriptions),
    )


def part_scores(framework: elements.Framework) -> str:
    """Draw the score of each function, or of each control in a flat list: evidenced and possible,
    with the edges of the ratings.
    """
    items: Sequence[elements.Group | elements.Control] = [
        g for g in framework.groups if g.depth == 0
    ] or framework.controls
    margin, width, row = 5, 250, 34
    edges = [(margin + width * n / 100, say("{n} %", n=n)) for n in (15, 50, 85)]
    parts = [text(x, 11, name, "mid", "muted", 11) for x, name in edges]
    descriptions = []
    for index, item in enumerate(items):
        top, score = 18 + index * row, item.figure
        name = f"{item.id} {item.title}".strip() if item.title != item.id else item.title
        parts.append(text(0, top + 10, clip(name, 50), "start", "ink", 12))
        parts.append(rect(margin, top + 16, width, 10, TRACK, "track"))
        lo, hi = (at * width / 1000 if score.assessed else 0 for at in (score.at_lo, score.at_hi))
        if hi > lo:
            parts.append(rect(margin + lo, top + 16, hi - lo, 10, SOFT, "soft"))
        if lo:
            parts.append(rect(margin, top + 16, lo, 10, ACCENT, "accent"))
        parts += [rect(x, top + 14, 1, 14, INK, "ink-fill") for x, _ in edges]
        words = ranged(score)
        parts.append(text(margin + width + 10, top + 26, words, "start", "ink", 12))
        descriptions.append(say("{name}: score {score}", name=name, score=words))
    return draw(
        margin + width + 160,
        20 + row * len(items),
        say("Score of each unit of {name}", name=framework.short),
        parts,
        "part-scores",
        desc="; ".join(descriptions),
    )


def action_path(card: AgentCard) -> str:
    """Draw the principals of an agent on its left, and its uses on its right."""
    principals = [s for s in card.steps if s.kind == "principal"]
    uses = [s for s in card.steps if s.kind != "principal"]
    heads = sum(any(s.kind == k for s in uses) for k in _HEADS)
    height = max(len(principals), len(uses) + heads, 2) * _ROW + 10
    middle = height / 2
    parts = [rect(262, middle - 16, 176, 32, TRACK, "track")]
    lines: list[str] = []
    parts.append(text(350, middle + 5, clip(card.agent, 24), "mid", "ink", 13, bold=True))
    top = middle - len(principals) * _ROW / 2
    for index, step in enumerate(principals):
        y = top + index * _ROW + _ROW / 2
        lines.append(_line(f"M206 {y:g}C234 {y:g} 234 {middle:g} 262 {middle:g}", step))
        parts.append(text(200, y + 4, clip(step.name, 28), "end", "ink", 12))
    if not principals:
        parts.append(text(200, middle + 4, say("no principal in the logs"), "end", "muted", 12))
    if not uses:
        parts.append(text(500, middle + 4, say("no use in the logs"), "start", "muted", 12))
    y = middle - (len(uses) + heads) * _ROW / 2 + _ROW / 2
    for kind, head in _HEADS.items():
        steps = [s for s in uses if s.kind == kind]
        if steps:
            parts.append(text(506, y + 4, say(head), "start", "muted", 11))
            y += _ROW
        for step in steps:
            lines.append(_line(f"M438 {middle:g}C466 {middle:g} 466 {y:g} 488 {y:g}", step))
            parts.append(_mark(494, y, step))
            parts.append(text(506, y + 4, clip(step.name, 38), "start", "ink", 12))
            parts.append(text(800, y + 4, f"{step.uses} ×", "end", "muted", 11))
            y += _ROW
    title = say("Action path of {agent}", agent=card.agent)
    description = "; ".join(map(_step_text, card.steps))
    return draw(
        800, int(height), f"{title}: {card.text}", [*lines, *parts], "path", desc=description
    )


def _step_text(step: PathStep) -> str:
    manner = ", ".join(w for w in (step.changes and word(step.changes), step.words) if w)
    return say(
        "{kind} {name}: {n} uses, {how}",
        kind=word(step.kind),
        name=step.name,
        n=step.uses,
        how=manner,
    )


def _line(path: str, step: PathStep) -> str:
    stroke, css, dashes = _STROKES[step.standing]
    dash_style = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<path class="{css}" fill="none" stroke="{stroke}" stroke-width="1.8"{dash_style}'
        f' d="{path}"/>'
    )


def _mark(x: float, y: float, step: PathStep) -> str:
    """Draw a full dot for a change, a hollow one for a read, and none if the effect is unknown."""
    stroke, css, _ = _STROKES[step.standing]
    if not step.changes:
        return ""
    if step.changes == "reads":
        return (
            f'<circle class="{css}" cx="{x:g}" cy="{y:g}" r="4" fill="none" stroke="{stroke}"'
            ' stroke-width="1.6"/>'
        )
    fill_class = css.replace("line", "fill")
    return f'<circle class="{fill_class}" cx="{x:g}" cy="{y:g}" r="4.5" fill="{stroke}"/>'

"""Pictures of agents as inline SVG: values of the view in, text out, with a title and
a description.

Lines differ in dashes as well as in colour. Every number is also in a table beside its picture.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby

from reporter.i18n.translate import mark, say, shortened, word
from reporter.report.chapters.chart_data import AgentCard, Agents, MapAgent, PathStep, TierRow
from reporter.report.html.result_pages import NO_LEVEL, Actor
from reporter.report.html.svg import (
    FAIL,
    GOOD,
    INK,
    MUTED,
    PAPER,
    RESULTS,
    TRACK,
    box,
    clip,
    draw,
    hatch,
    hatched,
    hit,
    line,
    link,
    path,
    rect,
    shares,
    text,
)
from reporter.report.view.format import number

_STROKES = {
    "before": (GOOD, "good-line", ""),
    "holds": (GOOD, "good-line", ""),
    "later": (FAIL, "fail-line", "7 3"),
    "never": (FAIL, "fail-line", "2 3"),
    "unregistered": (FAIL, "fail-line", "2 3"),
    "left": (FAIL, "fail-line", "7 3"),
    "broken": (FAIL, "fail-line", "2 3"),
    "not recorded": (MUTED, "stroke-muted", "4 4"),
}
_HEADS = {"tool": mark("Tools"), "data": mark("Data"), "destination": mark("Destinations")}
_ROW = 20


def tier_levels(agents: Agents) -> str:
    """Draw the number of agents of each tier at each level. The ground of a number says how many of
    them reach the target: proven, unknown, or not. The worst of each tier are named.
    """
    margin, cell, row = 140, 62, 36
    heads = [*(say("level {level}", level=n) for n in range(6)), say(NO_LEVEL)]
    if not any(r.cells[6] for r in agents.rows):
        heads.pop()
    right = margin + cell * len(heads) + 10
    parts = [
        text(margin + cell * (i + 0.5) - 1, 13, h, "mid", "muted", 12) for i, h in enumerate(heads)
    ]
    parts.append(text(right, 13, say("agents"), "start", "muted", 12))
    parts.append(
        text(right + 60, 13, say("those with the most critical failures"), "start", "muted", 12)
    )
    descriptions = []
    for index, tier_row in enumerate(agents.rows):
        top = 20 + index * row
        tier = say("Tier {n}", n=tier_row.tier)
        names = [
            hit(0, top, margin - 8, row - 5),
            text(0, top + 14, tier, "start", "ink", 13, bold=True),
            text(0, top + 28, tier_row.name, "start", "muted", 11),
        ]
        find = {"tier": tier_row.printed}
        parts.append(link(RESULTS, names, find=find))
        for column, total in enumerate(tier_row.cells[: len(heads)]):
            x = margin + cell * column
            drawn = _agent_count(tier_row, column, total, (x, top, cell - 4, row - 5))
            of_level = find | {"level": heads[column]}
            title = f"{tier}, {heads[column]}: {number(total)}"
            parts.append(link(RESULTS if total else "", drawn, title, of_level))
        parts.append(text(right, top + 20, number(tier_row.total), "start", "ink", 13))
        worst = ", ".join(clip(name, 24) for name in tier_row.worst)
        parts.append(text(right + 60, top + 20, worst, "start", "ink", 11))
        counts = ", ".join(
            say("{n} at {level}", n=n, level=h)
            for n, h in zip(tier_row.cells, heads, strict=False)
            if n
        )
        words = say("tier {n}: {counts}", n=f"{tier_row.tier} ({tier_row.name})", counts=counts)
        descriptions.append(f"{words} ({worst})")
    return draw(
        right + 440,
        20 + row * len(agents.rows),
        say("At which level are the agents of each risk tier?"),
        parts,
        "tier-levels",
        desc="; ".join(descriptions),
    )


def _agent_count(
    tier_row: TierRow, column: int, total: int, place: tuple[int, int, int, int]
) -> list[str]:
    x, top, width, height = place
    if not total:
        return [rect(x, top, width, height, TRACK, "track")]
    lo, hi = tier_row.ends[column] if tier_row.ends else (0, 1000)
    plate = 9 * len(str(total)) + 8
    return [
        *shares(x, top, width, height, lo / 1000, hi / 1000),
        rect(x + (width - plate) / 2, top + 5, plate, height - 10, PAPER, "plate"),
        text(x + width / 2, top + height / 2 + 5, str(total), "mid", "ink", 13, bold=True),
    ]


_STEPS = (0, 1, 2, 3, 5)
"""Failing critical results from which each column of the map of agents begins."""
_DOT, _PITCH, _PER_LINE, _MOST_DOTS = 11, 14, 8, 48
"""Of the map of agents: a dot, from one to the next, dots in a line, and dots in a cell; more are
only counted.
"""


def agent_map(agents: Agents, places: Sequence[Actor] = ()) -> str:
    """Draw each agent in use by tier and failing critical results; `places` are what a dot links
    to. Hatched are those whom no log shows, or of whom a critical result is unknown.
    """
    anchors = {a.name: a.anchor for a in places}
    tiers = {c.agent: c.tier for c in agents.cards}
    margin, cell = 140, _PITCH * _PER_LINE + 14
    heads = [f"{n}" if n < 3 else "3–4" if n == 3 else f"{n}+" for n in _STEPS]
    right = margin + cell * len(heads) + 4
    parts = [text(margin + cell * i, 28, h, "start", "muted", 12) for i, h in enumerate(heads)]
    parts.append(text(margin, 12, say("failing critical results"), "start", "muted", 12))
    parts.append(text(right, 28, say("most failures"), "start", "muted", 12))
    top = 38
    outlines: dict[str, list[str]] = defaultdict(list)
    for tier, members in groupby(agents.map, key=lambda a: a.tier):
        tier_agents = list(members)
        columns = [
            [a for a in tier_agents if bisect_right(_STEPS, a.failing) - 1 == n]
            for n in range(len(heads))
        ]
        longest = max(len(c) if len(c) <= _MOST_DOTS else 1 for c in columns)
        height = max(-(-longest // _PER_LINE) * _PITCH, 34)
        names = [
            hit(0, top, margin - 8, 30),
            text(0, top + 12, say("Tier {n}", n=tier), "start", "ink", 13, bold=True),
            text(0, top + 26, tier_agents[0].tier_name, "start", "muted", 11),
        ]
        find = {"tier": str(tier), "severity": word("critical"), "status": word("fail")}
        is_certain = all(tiers.get(a.agent) == str(tier) for a in tier_agents)
        parts.append(link(RESULTS if is_certain else "", names, find=find))
        for column, of_column in enumerate(columns):
            x = margin + cell * column
            if len(of_column) > _MOST_DOTS:
                parts.append(
                    text(x, top + 14, number(len(of_column)), "start", "ink", 15, bold=True)
                )
                continue
            for at, agent in enumerate(of_column):
                spot = x + at % _PER_LINE * _PITCH, top + at // _PER_LINE * _PITCH
                parts += _dot(agent, *spot, anchors.get(agent.agent, ""), outlines)
        named = [f"{clip(a.agent, 24)} ({a.failing})" for a in tier_agents if a.failing]
        named = named[:_MAP_NAMED]
        parts += [
            text(right, top + 10 + 13 * n, name, "start", "ink", 11) for n, name in enumerate(named)
        ]
        top += max(height, 13 * len(named)) + 10
    dots = [
        path("".join(outlines["good"]), GOOD, "good"),
        path("".join(outlines["fail"]), FAIL, "fail"),
        hatched("".join(outlines["hatch"])),
        line("".join(outlines["fail-hatch"]), FAIL, "fail-line", 1.1),
    ]
    description = "; ".join(map(_said_of, agents.map[:_MAP_TOLD]))
    title = say("Which agents have failing critical results? {text}", text=agents.map_text)
    return draw(right + 190, top, title, [*dots, *parts], "agent-map", desc=description)


_MAP_NAMED, _MAP_TOLD = 3, 30
"""Agents that are named beside a tier, and those in the description."""


def _dot(
    agent: MapAgent, x: float, y: float, anchor: str, outlines: dict[str, list[str]]
) -> list[str]:
    """Outline an agent, and return its link."""
    is_hatched = agent.is_blind or (agent.unknown and not agent.failing)
    if is_hatched:
        kind = "fail-hatch" if agent.failing else "hatch"
        outlines[kind].append(hatch(x + 0.5, y + 0.5, _DOT - 1, _DOT - 1))
    else:
        outlines["fail" if agent.failing else "good"].append(box(x, y, _DOT, _DOT))
    return [link(anchor, [hit(x - 1, y - 1, _PITCH, _PITCH)], _said_of(agent))] if anchor else []


def _said_of(agent: MapAgent) -> str:
    text = say(
        "{agent}: tier {tier}, {failing} failing and {unknown} unknown critical results",
        agent=agent.agent,
        tier=agent.tier,
        failing=agent.failing,
        unknown=agent.unknown,
    )
    return text + (say(", not in any log provided") if agent.is_blind else "")


def deviations(card: AgentCard) -> str:
    """Draw what of an agent's path deviates: what nobody approved first, and broken chains."""
    steps = [s for s in card.steps if s.standing not in _AS_APPROVED]
    row, width = 34, 400
    middle = max(row * len(steps) / 2, 14)
    parts = [f'<circle class="ink-fill" cx="7" cy="{middle:g}" r="5" fill="{INK}"/>']
    for index, step in enumerate(steps):
        y = index * row + 13
        parts.append(_line(f"M12 {middle:g}C34 {middle:g} 30 {y:g} 52 {y:g}", step))
        parts.append(_mark(58, y, step))
        parts.append(text(70, y + 4, clip(step.name, 28), "start", "ink", 12, bold=True))
        if step.since:
            since = say("since {day}", day=shortened(step.since))
            parts.append(text(width, y + 4, since, "end", "muted", 11))
        said = " · ".join((word(step.kind), step.words, f"{step.uses} ×"))
        parts.append(text(70, y + 18, said, "start", "muted", 11))
    title = say("What did {agent} do that nobody approved first?", agent=card.agent)
    description = "; ".join(map(_step_text, steps))
    size = width, int(max(row * len(steps), 28))
    return draw(*size, title, parts, "deviations", desc=description)


_AS_APPROVED = ("before", "holds")


def action_path(card: AgentCard) -> str:
    """Draw the principals of an agent on its left, and its uses on its right."""
    principals = [s for s in card.steps if s.kind == "principal"]
    uses = [s for s in card.steps if s.kind != "principal"]
    heads = sum(any(s.kind == k for s in uses) for k in _HEADS)
    height = max(len(principals), len(uses) + heads, 2) * _ROW + 10
    middle = height / 2
    parts = [rect(262, middle - 16, 176, 32, TRACK, "track")]
    lines: list[str] = []
    name = clip(card.agent, 24)
    parts.append(text(350, middle + 5, name, "mid", "ink", 13, bold=True, ground="track"))
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
            parts.append(text(506, y + 4, clip(step.name, 28), "start", "ink", 12))
            since = step.since and say("since {day}", day=shortened(step.since))
            said = ", ".join(filter(None, (f"{step.uses} ×", since)))
            parts.append(text(800, y + 4, said, "end", "muted", 11))
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


def _line(outline: str, step: PathStep) -> str:
    stroke, css, dashes = _STROKES[step.standing]
    return line(outline, stroke, css, 1.8, dashes)


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
    fill_class = css.removesuffix("-line")
    return f'<circle class="{fill_class}" cx="{x:g}" cy="{y:g}" r="4.5" fill="{stroke}"/>'

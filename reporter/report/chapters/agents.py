"""Agents one by one: a `Comparison` in, their levels by tier and the action path of each out.

An action path shows for whom an agent acts, what it used successfully, and whether anybody approved
that first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache

from reporter.i18n.translate import mark, say, say_n
from reporter.model import comparison as model
from reporter.model.scores import tier_text
from reporter.report.chapters.chart_data import AgentCard, Agents, PathStep, TierRow
from reporter.report.view.format import (
    at_most,
    clean,
    count,
    figure,
    join,
    number,
    ranged,
    short,
)

FILE = "paths.csv"
LEVELS_FILE = "agents.csv"
STEPS_SHOWN = 6
"""Of a kind."""
ON_PAPER = 4
_KINDS = ("principal", "tool", "data", "destination")
_NOUNS = {"tool": "tool", "data": "data source", "destination": "destination"}
_UNAPPROVED = ("unregistered", "never", "later")
_ORDER = ("broken", "left", *_UNAPPROVED, "not recorded", "before", "holds")
_WORDS = {
    "before": mark("approved before its first use"),
    "later": mark("approved after its first use"),
    "never": mark("never approved"),
    "not recorded": mark("no input records approvals"),
    "unregistered": mark("the agent stands in no register"),
    "holds": mark("the chain holds"),
    "left": mark("no longer active"),
    "broken": mark("the chain does not hold"),
}
_NAMELESS = {
    "human": mark("a person, not named"),
    "schedule": mark("a schedule"),
    "agent": mark("agent"),
    "service_account": mark("service account"),
    "workload": mark("workload"),
    "": mark("nobody knows who"),
}


def agents(comparison: model.Comparison) -> Agents:
    """Print levels by tier, and a card for each agent that is active or appears in logs."""
    paths: dict[str, list[model.Step]] = defaultdict(list)
    for step in comparison.paths:
        paths[step.agent].append(step)
    levels = {level.agent: level for level in comparison.levels}
    names = sorted({*levels, *paths})
    score_text = cache(_score)  # agents with equal results share their score
    cards = tuple(_card(a, levels.get(a), paths[a], score_text) for a in names)
    flaw_counts = {
        a: sum(s.standing in (*_UNAPPROVED, "left", "broken") for s in paths[a]) for a in names
    }
    ranking = sorted(
        (a for a in names if paths[a]), key=lambda a: (-flaw_counts[a], -len(paths[a]), a)
    )
    return Agents(
        text=_text(comparison.levels),
        rows=tuple(_rows(comparison.levels)),
        cards=cards,
        worst=tuple(clean(a) for a in ranking[:ON_PAPER]),
    )


def _text(levels: Sequence[model.Leveled]) -> str:
    if not levels:
        return say("No agent is in use.")
    certain_count = sum(level.level_lo == level.level_hi for level in levels)
    no_level_count = sum(not _has_level(level) for level in levels)
    text = say(
        "{agents} in use, each at the level that the results on it alone give by the same method;"
        " results on the organisation are left out, and so are the limits that hold the whole"
        " down. For {n} of them no missing evidence could change the level. Each stands in {file}"
        " with its score.",
        agents=count(len(levels), "agent"),
        n=number(certain_count),
        file=LEVELS_FILE,
    )
    if no_level_count:
        text += say_n(
            " {n} has no level: nothing is known of it, or fewer than half of the themes apply.",
            " {n} have no level: nothing is known of them, or fewer than half of the themes apply.",
            no_level_count,
        )
    return text


def _has_level(level: model.Leveled) -> bool:
    return level.assessed and not level.narrow


def _rows(levels: Sequence[model.Leveled]) -> list[TierRow]:
    cells_by_tier: dict[tuple[int, int], Counter[int]] = defaultdict(Counter)
    for level in levels:
        cells_by_tier[level.tier_hi, level.tier_lo][level.level_lo if _has_level(level) else 6] += 1
    return [
        TierRow(
            tier=str(hi) if lo == hi else say("{lo} to {hi}", lo=lo, hi=hi),
            cells=tuple(cells[n] for n in range(7)),
            total=cells.total(),
        )
        for (hi, lo), cells in sorted(cells_by_tier.items(), reverse=True)
    ]


def _card(
    agent: str,
    level: model.Leveled | None,
    path: Sequence[model.Step],
    score_text: Callable[[Fraction, Fraction, bool], str],
) -> AgentCard:
    by_kind = {kind: [s for s in path if s.kind == kind] for kind in _KINDS}
    steps = [s for kind in _KINDS for s in sorted(by_kind[kind], key=_worst_first)[:STEPS_SHOWN]]
    remainder = len(path) - len(steps)
    return AgentCard(
        agent=clean(agent),
        tier=_tier(level),
        level=at_most(level.level_lo, level.level_hi) if level and _has_level(level) else "",
        score=score_text(level.score_lo, level.score_hi, level.assessed) if level else "",
        text=_path_text(by_kind),
        steps=tuple(_step(s) for s in steps),
        more=(
            say("{steps}: in {file}.", steps=count(remainder, "further step"), file=FILE)
            if remainder
            else ""
        ),
    )


def _score(lo: Fraction, hi: Fraction, assessed: bool) -> str:
    return ranged(figure(lo, hi, "assessed" if assessed else "not_assessed"))


def _tier(level: model.Leveled | None) -> str:
    if level is None:
        return "4"  # unregistered agents have the highest tier
    return tier_text(level.tier_lo, level.tier_hi)


def _worst_first(step: model.Step) -> tuple[object, ...]:
    return _ORDER.index(step.standing), not step.changes, -step.uses, step.name, step.note


def _path_text(by_kind: dict[str, list[model.Step]]) -> str:
    uses = [s for kind in _NOUNS for s in by_kind[kind]]
    principal_count = len(by_kind["principal"])
    if not uses and not principal_count:
        return say("Nothing that it did is in the logs supplied.")
    clauses = (
        [say("acts for {principals}", principals=count(principal_count, "principal"))]
        if principal_count
        else []
    )
    if uses:
        nouns_text = join(count(len(by_kind[k]), noun) for k, noun in _NOUNS.items() if by_kind[k])
        standings = Counter(s.standing for s in uses)
        flaws = [
            f"{number(standings[s])} {say(_WORDS[s])}"
            for s in (*_UNAPPROVED, "not recorded")
            if standings[s] and s != "unregistered"
        ]
        clauses.append(say("used {what}", what=nouns_text) + (f", {join(flaws)}" if flaws else ""))
        if standings["unregistered"]:
            clauses.append(say(_WORDS["unregistered"]))
    text = "; ".join(clauses)
    return f"{text[:1].upper()}{text[1:]}."


def _step(step: model.Step) -> PathStep:
    name = clean(step.name) or say(_NAMELESS.get(step.note, step.note))
    return PathStep(
        kind=step.kind,
        name=short(name, FILE, 120),
        uses=number(step.uses),
        changes="" if step.changes is None else "changes" if step.changes else "reads",
        standing=step.standing,
        words=say(_WORDS[step.standing]),
        record=short(clean(step.ref), FILE, 160),
    )

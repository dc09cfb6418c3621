"""Agents one by one: a `Comparison` in, their levels by tier and the action path of each out.

An action path shows for whom an agent acts, what it used successfully, and whether anybody approved
that first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from functools import cache

from reporter.i18n.translate import day, mark, say, say_n, word
from reporter.model import comparison as model
from reporter.model.scores import tier_text
from reporter.report.chapters.chart_data import AgentCard, Agents, MapAgent, PathStep, TierRow
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
from reporter.schema.vocabulary import VOCABULARY

FILE = "paths.csv"
LEVELS_FILE = "agents.csv"
STEPS_SHOWN = 6
"""Of a kind."""
ON_PAPER = 4
RISK_TIERS = VOCABULARY["actors.risk_tier"]
"""What tiers 1 to 4 are called."""
NO_LEVEL, WORST_NAMED = 6, 3
"""Where agents without a level are counted; agents named beside a tier."""
_KINDS = ("principal", "tool", "data", "destination")
_NOUNS = {"tool": "tool", "data": "data source", "destination": "destination"}
_UNAPPROVED = ("unregistered", "never", "later")
_ORDER = ("broken", "left", *_UNAPPROVED, "not recorded", "before", "holds")
_WORDS = {
    "before": mark("approved before its first use"),
    "later": mark("approved after its first use"),
    "never": mark("never approved"),
    "not recorded": mark("no input records approvals"),
    "unregistered": mark("the agent is not in any register"),
    "holds": mark("the chain holds"),
    "left": mark("no longer active"),
    "broken": mark("the chain is broken"),
}
_NAMELESS = {
    "human": mark("a person, not named"),
    "schedule": mark("a schedule"),
    "agent": mark("agent"),
    "service_account": mark("service account"),
    "workload": mark("workload"),
    "": mark("not known who"),
}


def agents(
    comparison: model.Comparison,
    critical: Mapping[str, tuple[int, int]] | None = None,
    seen: Collection[str] = (),
    target: int = 0,
) -> Agents:
    """Print levels by tier, a map, and a card for each agent that is active or appears in logs.

    `critical` counts failing and unknown critical results by agent, `seen` are the agents that logs
    show.
    """
    critical = critical or {}
    failing = {agent: n for agent, (n, _) in critical.items() if n}
    paths: dict[str, list[model.Step]] = defaultdict(list)
    for step in comparison.paths:
        paths[step.agent].append(step)
    levels = {level.agent: level for level in comparison.levels}
    names = sorted({*levels, *paths})
    ratings = cache(_rating)  # agents with equal results share their score
    rated = {rating.agent: rating for rating in comparison.tiers}
    unseen = _path_text({kind: [] for kind in _KINDS})
    cards = tuple(_card(a, levels.get(a), rated.get(a), paths[a], ratings, unseen) for a in names)
    flaw_counts = {
        a: sum(s.standing in (*_UNAPPROVED, "left", "broken") for s in paths[a]) for a in names
    }
    ranking = sorted(
        (a for a in names if paths[a]), key=lambda a: (-flaw_counts[a], -len(paths[a]), a)
    )
    return Agents(
        text=_text(comparison.levels),
        rows=tuple(_rows(comparison.levels, failing, target or 1)),
        cards=cards,
        worst=tuple(clean(a) for a in ranking[:ON_PAPER] if flaw_counts[a]),
        map=_map(comparison.levels, critical, seen),
        map_text=_map_text(comparison.levels, failing, seen),
        target=target or 1,
    )


def _map(
    levels: Sequence[model.Leveled],
    critical: Mapping[str, tuple[int, int]],
    seen: Collection[str],
) -> tuple[MapAgent, ...]:
    shown = []
    for m in levels:
        counts, name = critical.get(m.agent, (0, 0)), tier_name(m.tier_hi, m.tier_hi)
        shown.append(MapAgent(clean(m.agent), m.tier_hi, name, *counts, m.agent not in seen))
    return tuple(sorted(shown, key=lambda a: (-a.tier, -a.failing, a.agent)))


def _map_text(
    levels: Sequence[model.Leveled], failing: Mapping[str, int], seen: Collection[str]
) -> str:
    if not levels:
        return ""
    return say(
        "{n} of {agents} in use have a failing critical result. Not in any log provided: {blind}.",
        n=number(sum(m.agent in failing for m in levels)),
        agents=count(len(levels), "agent"),
        blind=number(sum(m.agent not in seen for m in levels)),
    )


def _text(levels: Sequence[model.Leveled]) -> str:
    if not levels:
        return say("No agent is in use.")
    certain_count = sum(level.level_lo == level.level_hi for level in levels)
    no_level_count = sum(not _has_level(level) for level in levels)
    text = say(
        "{agents} in use, each at the level that its own results give by the same method. Results"
        " on"
        " the organisation, and the limits that apply to the whole, are left out. For {n} of them"
        " no missing evidence could change the level. {file} lists each with its score.",
        agents=count(len(levels), "agent"),
        n=number(certain_count),
        file=LEVELS_FILE,
    )
    if no_level_count:
        text += say_n(
            " {n} has no level: nothing is known about it, or too few practices of level 1 apply.",
            " {n} have no level: nothing is known about them, or too few practices of level 1"
            " apply.",
            no_level_count,
        )
    return text


def _has_level(level: model.Leveled) -> bool:
    return level.assessed and not level.narrow


def _rows(
    levels: Sequence[model.Leveled], failing: Mapping[str, int], target: int
) -> list[TierRow]:
    by_tier: dict[tuple[int, int], list[model.Leveled]] = defaultdict(list)
    for level in levels:
        by_tier[level.tier_hi, level.tier_lo].append(level)
    return [
        _row(hi, lo, members, failing, target)
        for (hi, lo), members in sorted(by_tier.items(), reverse=True)
    ]


def _row(
    hi: int, lo: int, members: Sequence[model.Leveled], failing: Mapping[str, int], target: int
) -> TierRow:
    columns: list[list[model.Leveled]] = [[] for _ in range(7)]
    for level in members:
        columns[level.level_lo if _has_level(level) else NO_LEVEL].append(level)
    worst = sorted(members, key=lambda m: (-failing.get(m.agent, 0), m.level_lo, m.agent))
    return TierRow(
        tier=_between(lo, hi),
        cells=tuple(map(len, columns)),
        total=len(members),
        name=tier_name(lo, hi),
        ends=tuple(_ends(column, target) for column in columns),
        worst=tuple(clean(m.agent) for m in worst[:WORST_NAMED]),
        printed=tier_text(lo, hi),
    )


def tier_name(lo: int, hi: int) -> str:
    """Name a risk tier, or two where the evidence leaves it open."""
    names = [word(RISK_TIERS[n - 1]) for n in (lo, hi)]
    return names[1] if lo == hi else say("{lo} to {hi}", lo=names[0], hi=names[1])


def _ends(agents: Sequence[model.Leveled], target: int) -> tuple[int, int]:
    """Return the shares of agents that reach the target: on evidence, and at most."""
    if not agents:
        return 0, 0
    total, known = len(agents), [m for m in agents if _has_level(m)]
    lo = sum(m.level_lo >= target for m in known)
    hi = total - len(known) + sum(m.level_hi >= target for m in known)
    return lo * 1000 // total, hi * 1000 // total


def _card(
    agent: str,
    level: model.Leveled | None,
    rating: model.RatedAgent | None,
    path: Sequence[model.Step],
    ratings: Callable[..., tuple[str, str, str]],
    unseen: str,
) -> AgentCard:
    tier, own_level, score = ratings(*_rated(level)) if level else _UNREGISTERED
    unit, reason = (clean(rating.unit), _tier_text(rating)) if rating else ("", "")
    reason = reason if level else say("not in any register provided: the highest tier")
    lowest = level.level_lo if level and _has_level(level) else None
    if not path:
        return AgentCard(clean(agent), tier, own_level, score, unseen, (), "", unit, reason, lowest)
    by_kind = {kind: [s for s in path if s.kind == kind] for kind in _KINDS}
    steps = [s for kind in _KINDS for s in sorted(by_kind[kind], key=_worst_first)[:STEPS_SHOWN]]
    remainder = len(path) - len(steps)
    return AgentCard(
        agent=clean(agent),
        tier=tier,
        level=own_level,
        score=score,
        text=_path_text(by_kind),
        steps=tuple(_step(s) for s in steps),
        more=(
            say("{steps}: in {file}.", steps=count(remainder, "further step"), file=FILE)
            if remainder
            else ""
        ),
        unit=unit,
        tier_text=reason,
        lowest=lowest,
    )


def _tier_text(rating: model.RatedAgent) -> str:
    """Print what gives an agent its tier."""
    return say(
        "declared {tier}; autonomy {autonomy}, blast radius {blast}, data {data}, each of 0 to 2",
        tier=word(clean(rating.declared)) or say("none"),
        autonomy=_between(rating.autonomy_lo, rating.autonomy_hi),
        blast=_between(rating.blast_lo, rating.blast_hi),
        data=_between(rating.data_lo, rating.data_hi),
    )


def _between(lo: int, hi: int) -> str:
    return str(lo) if lo == hi else say("{lo} to {hi}", lo=lo, hi=hi)


_UNREGISTERED = ("4", "", "")
"""What is printed of an agent without a level: it has the highest tier."""
_Ratio = tuple[int, int]
"""A fraction that is hashed and compared as quickly as numbers are."""


def _rated(level: model.Leveled) -> tuple[int, int, int, int, _Ratio, _Ratio, bool, bool]:
    """Return what `_rating` prints of a level."""
    return (
        *(level.tier_lo, level.tier_hi, level.level_lo, level.level_hi),
        *(level.score_lo.as_integer_ratio(), level.score_hi.as_integer_ratio()),
        *(level.assessed, _has_level(level)),
    )


def _rating(
    tier_lo: int,
    tier_hi: int,
    level_lo: int,
    level_hi: int,
    score_lo: _Ratio,
    score_hi: _Ratio,
    assessed: bool,
    has_level: bool,
) -> tuple[str, str, str]:
    """Print tier, level and score."""
    state = "assessed" if assessed else "not_assessed"
    return (
        tier_text(tier_lo, tier_hi),
        at_most(level_lo, level_hi) if has_level else "",
        ranged(figure(Fraction(*score_lo), Fraction(*score_hi), state)),
    )


def _worst_first(step: model.Step) -> tuple[object, ...]:
    return _ORDER.index(step.standing), not step.changes, -step.uses, step.name, step.note


def _path_text(by_kind: dict[str, list[model.Step]]) -> str:
    uses = [s for kind in _NOUNS for s in by_kind[kind]]
    principal_count = len(by_kind["principal"])
    if not uses and not principal_count:
        return say("The logs provided show no activity of it.")
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
        since=day(step.first_at) if step.first_at else "",
        record=short(clean(step.ref), FILE, 160),
    )

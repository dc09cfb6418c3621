"""How much of a run hangs on words, and which results decide. In: scores, an engine with results.
Out: `Reliance`, for the report.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from reporter.engine.duckdb import DuckDB
from reporter.evaluate import extract, segments
from reporter.model.scores import (
    Basis,
    Budget,
    ControlScore,
    FlipSet,
    Reliance,
    Scores,
    Status,
    TierWord,
)
from reporter.model.source import Source
from reporter.pipeline.run_scores import Scoring
from reporter.score.basis import Parts, bases, level_basis, parts_of_checks
from reporter.score.budget import budget, flip_set
from reporter.score.scorer import ASK, credits_of, own_checks, own_themes
from reporter.score.state import Kind
from reporter.score.words import NAMED, TOP_TIER, Compensated, Model, Support, Tiered, counts_of


def reliance(engine: DuckDB, scoring: Scoring, scores: Scores) -> Reliance:
    """Return the part of each class of evidence, forgery budgets and flip sets."""
    policy = scoring.content.policy
    support = _support(extract.relied(engine))
    counts = counts_of(scoring.tallies)
    for check in scoring.checks:
        counts[check.id]  # a check without a result counts none
    tiered = sorted(_tiered(engine, scoring.content.sources, support), key=lambda t: t.words[0])
    model = Model({c.id: c for c in scoring.checks}, counts, policy, support, tuple(tiered))
    parts = parts_of_checks(scores.checks, extract.classed(engine), policy)
    leveled = _leveled(scoring, scores)
    return Reliance(
        tuple(_bases(scoring, scores, leveled, parts)),
        tuple(_budgets(scores, leveled, model)),
        tuple(_flips(scoring, scores, model)),
    )


def _leveled(scoring: Scoring, scores: Scores) -> dict[str, list[ControlScore]]:
    """Return the themes behind each level, by framework."""
    themes = {scores.enterprise.framework: list(scores.enterprise.controls)}
    for framework in scoring.content.frameworks:
        if framework.id in scores.framework_levels:
            checks = own_checks(framework, scoring.checks)
            shared = scoring.content.themes, scores.checks, scoring.content.policy
            themes[framework.id] = own_themes(checks, *shared)
    return themes


def _bases(
    scoring: Scoring,
    scores: Scores,
    leveled: Mapping[str, list[ControlScore]],
    parts: Mapping[str, Parts],
) -> Iterator[Basis]:
    credits = credits_of(scoring.content.policy)
    answers: dict[str, dict[str, Fraction]] = defaultdict(dict)
    for (framework, control), status in scoring.answers.items():
        answers[framework][control] = credits[status]
    for view in (scores.enterprise, *scores.frameworks):
        yield from bases(view, parts, answers.get(view.framework, {}))
    for name, level in scores.levels().items():
        if level.lo:
            yield level_basis(name, leveled[name], level.lo, parts)


def _budgets(
    scores: Scores, leveled: Mapping[str, list[ControlScore]], model: Model
) -> Iterator[Budget]:
    """Yield the budget of the enterprise, of each theme, then of each framework with a level."""
    whole = scores.enterprise.framework
    yield budget(whole, "", scores.level.lo, leveled[whole], model)
    for theme, permitted in zip(scores.enterprise.controls, scores.level.themes, strict=True):
        if theme.state == "assessed":
            yield budget(whole, theme.id, permitted.lo, [theme], model)
    for name, level in scores.framework_levels.items():
        yield budget(name, "", level.lo, leveled[name], model)


def _flips(scoring: Scoring, scores: Scores, model: Model) -> Iterator[FlipSet]:
    for view in (scores.enterprise, *scores.frameworks):
        for control in view.controls:
            if control.state == "assessed":
                answer = scoring.answers.get((view.framework, control.id), Status.UNKNOWN)
                asked = Counter({(answer, 1, 1): 1})
                case = replace(model, counts={**model.counts, ASK: asked})
                yield flip_set(view.framework, control, case)


def _support(rows: Iterable[tuple[Any, ...]]) -> Support:
    """Return what compensated results rest on, from the rows of `relied`."""
    results: dict[int, tuple[str, Kind]] = {}
    groups: dict[int, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    declared: dict[str, tuple[str, Kind]] = {}
    names: dict[int, str] = {}
    for check, result, lo, hi, statement, by_check, word, word_lo, word_hi, name in rows:
        results[result] = check, (Status.COMPENSATED, lo, hi)
        names[result] = name
        group = groups[result][statement]
        group.add(f"statement {statement}")
        if word:
            group.add(word)
            declared[word] = by_check, (Status.DECLARED, word_lo, word_hi)
    return Support(
        tuple(
            Compensated(*results[n], tuple(map(frozenset, by_statement.values())), names[n])
            for n, by_statement in groups.items()
        ),
        declared,
    )


def _tiered(engine: DuckDB, sources: Iterable[Source], support: Support) -> Iterator[Tiered]:
    """Yield the actors whose risk tier is only declared, those with equal results together."""
    words = {word.actor: word for word in segments.declared_tiers(engine, sources)}
    names = {*support.declared, *(c.name for c in support.compensated)}
    names_of, shared = segments.holders(engine, names), segments.sharing(engine)
    for actors, tallies in segments.tiered_patterns(engine):
        results = counts_of(t for t in tallies if t.status != Status.NA and t.tier_lo < TOP_TIER)
        apart: dict[tuple[frozenset[str], bool], list[TierWord]] = defaultdict(list)
        for actor in actors:
            apart[frozenset(names_of.get(actor, ())), actor in shared].append(words[actor])
        for (held, is_shared), alike in apart.items():
            if results:
                yield Tiered(tuple(alike[:NAMED]), len(alike), results, held, is_shared)

"""All numbers of a run. In: its results and content. Out: scores, those of its segments, the
roadmap, and the effect of other weights.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain

from reporter.content.loader import Content
from reporter.content.workspace import Workspace
from reporter.engine.base import OutOfMemory
from reporter.engine.duckdb import DuckDB
from reporter.errors import InputError
from reporter.evaluate import extract
from reporter.evaluate.defects import defects
from reporter.evaluate.segments import segments
from reporter.model.assessment import (
    SEVERITIES,
    Assessment,
    Check,
    EarlierPeriod,
    Policy,
    Profile,
)
from reporter.model.comparison import Cause, Leveled, RatedAgent
from reporter.model.roadmap import Action, Roadmap
from reporter.model.scores import (
    COMPARED,
    ControlScore,
    Honoured,
    Reweighed,
    Scores,
    Segment,
    Slice,
    Status,
    Tally,
    levels_of,
)
from reporter.pipeline.earlier_period import NOT_FOLLOWED, Followed, earlier_period
from reporter.schema.compiled import Compiled
from reporter.score import first_in_lanes, plan_actions, score
from reporter.score.levels import Caps, level_score
from reporter.score.scorer import NO_TARGET, mean, practices_of, score_theme
from reporter.score.ways import with_ways
from reporter.statements.attestations import Settled

MOST_BESIDE = 4_000_000
"""Results up to which other work goes on beside the engine's: of 100,000 agents, which have twice
as many, it takes 600 MB more.
"""


@dataclass(frozen=True, slots=True)
class Scoring:
    """The inputs of all scores."""

    content: Content
    checks: Sequence[Check]
    profile: Profile
    tallies: Sequence[Tally]
    segments: Sequence[Segment]
    caps: Caps
    answers: Mapping[tuple[str, str], Status]

    def scores(self, policy: Policy) -> Scores:
        """Score frameworks and enterprise."""
        content = self.content
        shared = self.checks, content.themes, self.tallies, policy, self.profile
        return score(content.frameworks, *shared, self.caps, self.answers)

    def honoured(self, tallies: Sequence[Tally]) -> Honoured | None:
        """Score the enterprise, then each framework, from other results; nothing from none."""
        if not tallies:
            return None
        scores = replace(self, tallies=tallies).scores(self.content.policy)
        totals = tuple(f.total for f in (scores.enterprise, *scores.frameworks))
        return Honoured(scores.level, totals)

    def slices(self, policy: Policy) -> tuple[Slice, ...]:
        """Score every segment."""
        slices = []
        for segment in self.segments:
            shared = self.checks, self.content.themes, segment.tallies, policy, self.profile
            scores = score((), *shared, self.caps)
            slices.append(Slice(segment, scores.enterprise, scores.level))
        return tuple(slices)

    def leveled(
        self,
        patterns: Iterable[tuple[Sequence[str], Iterable[Tally]]],
        rated: Sequence[RatedAgent],
    ) -> tuple[Leveled, ...]:
        """Score each agent from its own results, without the caps of the run.

        `patterns` are agents with equal results. Agents without counted results are scored too.
        """
        theme_cache: dict[tuple[str, tuple[Tally, ...]], ControlScore] = {}
        listed = practices_of(self.checks)
        theme_of = {c.id: c.theme for c in self.checks}
        checks_of: dict[str, list[Check]] = defaultdict(list)
        for check in self.checks:
            checks_of[theme_of[check.id]].append(check)
        level_of: dict[str, Leveled] = {}
        for names, tallies in chain(patterns, [([a.agent for a in rated], ())]):
            by_theme: dict[str, list[Tally]] = defaultdict(list)
            for tally in tallies:
                by_theme[theme_of[tally.check]].append(tally)
            themes = self._themes_of(by_theme, checks_of, theme_cache)
            level = _level(themes, listed, self.content.policy)
            for name in names:
                level_of.setdefault(name, level)
        return tuple(
            replace(level_of[a.agent], agent=a.agent, tier_lo=a.tier_lo, tier_hi=a.tier_hi)
            for a in rated
        )

    def _themes_of(
        self,
        by_theme: Mapping[str, Sequence[Tally]],
        checks_of: Mapping[str, Sequence[Check]],
        theme_cache: dict[tuple[str, tuple[Tally, ...]], ControlScore],
    ) -> list[ControlScore]:
        """Score the themes of an agent; `theme_cache` holds those of earlier agents."""
        scores = []
        for theme in self.content.themes:
            key = theme.id, tuple(by_theme.get(theme.id, ()))
            if key not in theme_cache:
                checks = checks_of.get(theme.id, ())
                theme_cache[key] = score_theme(theme, checks, key[1], self.content.policy)
            scores.append(theme_cache[key])
        return scores

    def plan(self, actions: Iterable[Action]) -> Roadmap:
        """Order actions by gain per effort."""
        return plan_actions(
            self.checks,
            self.content.themes,
            self.tallies,
            actions,
            self.content.policy,
            self.caps,
        )

    def reweighed(self, actions: Sequence[Action]) -> tuple[Reweighed, ...]:
        """Score all again with each of the policy's other weights."""
        results = []
        for name, weights in self.content.policy.other_weights:
            policy = replace(
                self.content.policy,
                tier_weights=weights,
                severity_weights=dict(zip(reversed(SEVERITIES), weights, strict=True)),
            )
            levels = levels_of(self.scores(policy), self.slices(policy))
            lanes = first_in_lanes(
                self.checks, self.content.themes, self.tallies, actions, policy, COMPARED
            )
            results.append(Reweighed(name, weights, levels, lanes))
        return tuple(results)


def _level(
    themes: Sequence[ControlScore], listed: Collection[tuple[str, int]], policy: Policy
) -> Leveled:
    """Score an agent that has no name yet."""
    applying_themes = [t for t in themes if t.state != "not_applicable"]
    level = level_score(themes, listed, policy, NO_TARGET)
    return Leveled(
        agent="",
        tier_lo=1,
        tier_hi=4,
        level_lo=level.lo,
        level_hi=level.hi,
        score_lo=mean((t.weight, t.lo) for t in applying_themes),
        score_hi=mean((t.weight, t.hi) for t in applying_themes),
        narrow=not level.judged,
        assessed=any(t.state == "assessed" for t in applying_themes),
    )


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run needs before its results can be written."""

    scoring: Scoring
    scores: Scores
    causes: tuple[Cause, ...]
    actions: tuple[Action, ...]
    roadmap: Roadmap
    queries: tuple[tuple[Check, Compiled], ...]
    """The checks that were run."""
    failures: Mapping[str, str]
    """Why the others could not be run, by id."""
    earlier: EarlierPeriod = EarlierPeriod()

    @property
    def is_large(self) -> bool:
        """Whether its results leave no memory for other work beside the engine's."""
        return _count(self.scoring.tallies) > MOST_BESIDE

    def hidden_as(self, assessment: Assessment) -> Planned:
        """Return the same with the checks and the roadmap of a run without names."""
        scoring = replace(self.scoring, checks=assessment.checks)
        return replace(self, scoring=scoring, roadmap=assessment.roadmap)


def plan(
    engine: DuckDB,
    workspace: Workspace,
    content: Content,
    compiled: Sequence[tuple[Check, Compiled]],
    failures: Mapping[str, str],
    answers: Settled,
    followed: Followed = NOT_FOLLOWED,
) -> Planned:
    """Score the results, find the causes of failures, and order what can be done. `followed` is an
    earlier run that may lift the cap of a single period.
    """
    # Unknown results are no sample, and a check that failed to run has none.
    declaring = extract.declaring(engine)
    checks = tuple(
        replace(c, sample=None if c.id in failures else c.sample, declares=c.id in declaring)
        for c, _ in compiled
    )
    tallies = extract.tallies(engine)
    _refuse_other_sizes(checks, tallies)
    earlier = earlier_period(engine, followed, content)
    caps = extract.caps(engine, content, not earlier.why)
    profile = content.profiles[workspace.run.profile]
    scoring = Scoring(content, checks, profile, tallies, (), caps, answers.answers)
    defects_of = checks, content.causes, tallies, content.efforts, workspace.efforts
    # The engine counts the parts of the whole while Python looks for causes.
    with ThreadPoolExecutor(1) as pool, engine.twin() as twin:
        is_large = _count(tallies) > MOST_BESIDE
        counting = None if is_large else pool.submit(segments, twin, checks)
        causes, actions = defects(engine, *defects_of)
        roadmap = scoring.plan(actions)
        parts = _result(counting) or segments(engine, checks)
    queries = tuple((c, j) for c, j in compiled if c.id not in failures)
    scoring = replace(scoring, segments=parts)
    scores = scoring.scores(content.policy)
    roadmap = with_ways(
        roadmap,
        checks,
        content.themes,
        tallies,
        scores,
        content.policy,
        content.efforts.evidence,
        content.questions,
    )
    return Planned(scoring, scores, causes, actions, roadmap, queries, failures, earlier)


def _count(tallies: Iterable[Tally]) -> int:
    return sum(t.n for t in tallies)


def _result(counting: Future[list[Segment]] | None) -> list[Segment]:
    """Return what was counted; nothing where memory lacked beside the other work."""
    try:
        return counting.result() if counting else []
    except OutOfMemory:
        return []


def _refuse_other_sizes(checks: Sequence[Check], tallies: Sequence[Tally]) -> None:
    for check, sample in ((c, c.sample) for c in checks if c.sample):
        count = sum(t.n for t in tallies if t.check == check.id)
        if count != sample.size:
            raise InputError(
                f"samples: {check.id} gives {count} results, but its sample is declared with"
                f" {sample.size}",
                "reporter.yml",
                "Declare what was drawn: the subjects of the sample, and no others, must be in the"
                " input.",
            )

"""What reaches a level, and what a decision brings: each number is that of the whole scored anew."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

from reporter.model.assessment import Assessment
from reporter.model.roadmap import EVIDENCE, IMPLEMENT, PROVE, SHOW, Decision, Way
from reporter.model.scores import Scores, Status, Tally
from reporter.runs.store import Results, read_run
from reporter.score import score

WORDS = (Status.DECLARED, Status.ATTESTED, Status.COMPENSATED)
Counts = Counter[tuple[str, Status, int, int]]


@pytest.fixture(scope="module")
def made(sample_run: Path) -> tuple[Assessment, Results]:
    return read_run(sample_run)


def rescored(assessment: Assessment, counts: Counts) -> Scores:
    """Score other results with the checks and caps of the run."""
    tallies = [Tally(*key, n) for key, n in counts.items() if n]
    caps = [(assessment.roadmap.ceiling, "cap of the run")]
    shared = assessment.checks, assessment.themes, tallies, assessment.policy
    return score((), *shared, assessment.profile, caps)


def counted(results: Results) -> Counts:
    return Counter({(t.check, t.status, t.tier_lo, t.tier_hi): t.n for t in results.tallies()})


def done(
    made: tuple[Assessment, Results],
    actions: tuple[str, ...],
    evidence: tuple[str, ...] = (),
    proofs: tuple[str, ...] = (),
) -> Scores:
    """Score the run once actions are done, evidence is shown and words are proven, in the method's
    words: a result that is made good is declared where all that pass are.
    """
    assessment, results = made
    counts = counted(results)
    held: dict[str, set[Status]] = {}
    for check, status, *_ in counts:
        held.setdefault(check, set()).add(status)
    effects = {p.action.id: p.action.effects for p in assessment.roadmap.picks}
    turned = Counter(
        {
            key: n
            for key, n in counts.items()
            if (key[1] == Status.UNKNOWN and key[0] in evidence)
            or (key[1] in WORDS and key[0] in proofs)
        }
    )
    for name in actions:
        for e in effects[name]:
            turned[e.check, e.status, e.tier_lo, e.tier_hi] += e.n
    for (check, status, lo, hi), n in turned.items():
        is_said = held[check] & {Status.PASS, Status.DECLARED} == {Status.DECLARED}
        good = Status.DECLARED if is_said and check not in proofs else Status.PASS
        counts[check, status, lo, hi] -= n
        counts[check, good, lo, hi] += n
    assert min(counts.values()) >= 0
    return rescored(assessment, counts)


def after(made: tuple[Assessment, Results], way: Way) -> Scores:
    return done(made, way.fixes, way.evidence, way.proofs)


def test_each_way_reaches_its_level_with_the_score_it_says(
    made: tuple[Assessment, Results],
) -> None:
    assessment, _ = made
    ways = assessment.roadmap.ways
    assert [w.level for w in ways] == [1, 2, 3, 4, 5]
    for way in ways:
        scores = after(made, way)
        assert (scores.level.lo, scores.enterprise.total.lo) == (way.reached, way.total)
        assert way.reached == min(way.level, assessment.roadmap.ceiling)
    assert [w.days for w in ways] == sorted(w.days for w in ways)


def test_nothing_of_the_next_way_can_be_left_out(made: tuple[Assessment, Results]) -> None:
    way = made[0].roadmap.ways[0]
    for left in way.fixes:
        others = tuple(f for f in way.fixes if f != left)
        assert done(made, others, way.evidence, way.proofs).level.lo < way.level
    for left in way.evidence:
        others = tuple(c for c in way.evidence if c != left)
        assert done(made, way.fixes, others, way.proofs).level.lo < way.level
    for left in way.proofs:
        others = tuple(c for c in way.proofs if c != left)
        assert done(made, way.fixes, way.evidence, others).level.lo < way.level


def test_the_days_of_a_way_are_those_of_its_actions(made: tuple[Assessment, Results]) -> None:
    efforts = {p.action.id: p.action.effort for p in made[0].roadmap.picks}
    for way in made[0].roadmap.ways:
        known = sum((efforts[i] for i in way.fixes), Fraction(0))
        known += sum((efforts[c + SHOW] for c in way.evidence), Fraction(0))
        assert way.days == known + len(way.proofs)


def test_each_option_is_scored_alone(made: tuple[Assessment, Results]) -> None:
    decisions = made[0].roadmap.decisions
    assert len(decisions) == 5
    assert {d.kind for d in decisions} == {IMPLEMENT, EVIDENCE, PROVE}
    for decision in decisions:
        for option in decision.options:
            proofs = decision.checks if decision.kind == PROVE else ()
            scores = done(made, option.actions, (), proofs)
            assert (scores.enterprise.total.lo, scores.level.lo) == (option.total, option.level)


def test_a_decision_settles_all_failures_of_its_checks_that_nobody_waived(
    made: tuple[Assessment, Results],
) -> None:
    assessment, results = made
    for decision in assessment.roadmap.decisions:
        if decision.kind == IMPLEMENT:
            names = ", ".join(f"'{c}'" for c in decision.checks)
            ((n,),) = results.rows(
                ("count(*)",), f"\"check\" IN ({names}) AND status = 'fail' AND waiver = ''"
            )
            assert n == decision.results


def test_what_the_next_level_needs_is_decided_first(made: tuple[Assessment, Results]) -> None:
    assessment, _ = made
    way, decisions = assessment.roadmap.ways[0], assessment.roadmap.decisions
    first = [d for d in decisions if d.for_level == way.level]
    assert list(decisions[: len(first)]) == first
    assert {i for d in first for o in d.options for i in o.actions} >= {*way.fixes}
    assert not any(_is_worse(a, b) for a, b in zip(decisions, decisions[1:], strict=False))


def _is_worse(one: Decision, other: Decision) -> bool:
    """Whether one that is not urgent stands before one that is, both for no next level."""
    return not (one.for_level or other.for_level or one.urgent) and other.urgent

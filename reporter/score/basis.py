"""On what scores rest. In: scores, counted results with the class of their evidence. Out: the part
of each score, and of what a level asks for, that each class has.

What is capped loses the same share of each part; so the parts of a score add up to it exactly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from reporter.model.assessment import Policy
from reporter.model.scores import (
    STATED,
    Basis,
    CheckScore,
    ControlScore,
    FrameworkScore,
    PracticeScore,
    Status,
    Tally,
)
from reporter.score.levels import asked
from reporter.score.scorer import ASK, credits_of, mean

Parts = Mapping[str, Fraction]
"""Class of evidence, or STATED -> its part of a score."""
Classed = Mapping[str, Sequence[tuple[str, Tally]]]
"""Check -> its results, each with the class of evidence."""
_STATED = (Status.ATTESTED, Status.COMPENSATED)


def parts_of_checks(
    checks: Mapping[str, CheckScore], classed: Classed, policy: Policy
) -> dict[str, Parts]:
    """Return on what the score of each check rests."""
    return {c: _parts_of(score, classed.get(c, ()), policy) for c, score in checks.items()}


def _parts_of(score: CheckScore, results: Sequence[tuple[str, Tally]], policy: Policy) -> Parts:
    """Divide the credit of a check. A pass counts with its lightest weight where its tier is not
    known; what has part of the credit shares the rest of the sum.
    """
    credits = credits_of(policy)
    whole: dict[str, Fraction] = defaultdict(Fraction)
    part: dict[str, Fraction] = defaultdict(Fraction)
    for kind, t in results:
        weights = policy.tier_weights[t.tier_lo - 1 : t.tier_hi]
        if t.status == Status.PASS:
            whole[kind] += t.n * min(weights)
        elif t.status != Status.NA and credits[t.status]:
            part[STATED if t.status in _STATED else kind] += t.n * max(weights) * credits[t.status]
    left, weighed = score.sum_lo[0] - sum(whole.values()), sum(part.values())
    for kind, credit in part.items():
        whole[kind] += credit * max(left, Fraction(0)) / weighed
    return scaled(whole, score.lo)


def scaled(parts: Parts, total: Fraction) -> Parts:
    """Return parts that add up to a total, in the same proportions."""
    summed = sum(parts.values())
    return {k: v * total / summed for k, v in parts.items() if v} if summed else {}


def parts_of_practice(
    practice: PracticeScore, checks: Mapping[str, Parts], answer: Fraction
) -> Parts:
    """Return on what a practice rests; `answer` is the score of the question where it is in it."""
    rows = [(w, {STATED: answer} if c == ASK else checks[c]) for c, w in practice.weights]
    return scaled(averaged(rows), practice.lo)


def averaged(rows: Sequence[tuple[int | Fraction, Parts]]) -> Parts:
    """Return the weighted mean of parts."""
    kinds = sorted({kind for _, parts in rows for kind in parts})
    return {k: mean((w, parts.get(k, Fraction(0))) for w, parts in rows) for k in kinds}


def bases(
    view: FrameworkScore, checks: Mapping[str, Parts], answers: Mapping[str, Fraction]
) -> list[Basis]:
    """Return on what the scores of a framework rest: its controls, groups, and the whole.

    `answers` are the scores of the questions of its controls.
    """
    controls = {c.id: _control(c, checks, answers.get(c.id, Fraction(0))) for c in view.controls}
    scored = {c.id: c.weight for c in view.controls if c.state != "not_applicable"}
    found = [Basis(view.framework, i, False, _sorted(parts)) for i, parts in controls.items()]
    for group in (*view.groups, view.total):
        rows = [(scored[i], controls[i]) for i in group.members if i in scored]
        name = "" if group is view.total else group.id
        found.append(Basis(view.framework, name, False, _sorted(averaged(rows))))
    return found


def _control(control: ControlScore, checks: Mapping[str, Parts], answer: Fraction) -> Parts:
    rows: list[tuple[int | Fraction, Parts]] = [
        (1, parts_of_practice(p, checks, answer)) for p in control.practices
    ]
    return averaged(rows)


def level_basis(
    framework: str, themes: Iterable[ControlScore], level: int, checks: Mapping[str, Parts]
) -> Basis:
    """Return on what the practices that a level asks for rest, each counted once."""
    rows: list[tuple[int | Fraction, Parts]] = [
        (1, parts_of_practice(p, checks, Fraction(0))) for _, p in asked(themes, level)
    ]
    return Basis(framework, "", True, _sorted(averaged(rows)))


def _sorted(parts: Parts) -> tuple[tuple[str, Fraction], ...]:
    return tuple(sorted((k, v) for k, v in parts.items() if v))

"""The segments of the organisation as printed: an `Assessment` in, one table per dimension out,
with the weakest segment first.
"""

from __future__ import annotations

from dataclasses import dataclass

from reporter.i18n.translate import content, mark, say
from reporter.model import assessment as model
from reporter.model.scores import FrameworkScore, Slice, Status
from reporter.report.view.format import (
    clean,
    count,
    figure,
    group_state,
    join,
    number,
    percent,
    printed_level,
)


@dataclass(frozen=True, slots=True)
class SliceLine:
    """One segment of the organisation."""

    dimension: str
    value: str
    """"not recorded" for the actors of whom no input says it."""
    actors: int
    passed: int
    failed: int
    unknown: int
    level: str
    level_note: str
    """"at most 2; weight-sensitive: level 1 with flat weights"; or why there is no level."""
    score: str
    range: str
    exact_lo: str
    exact_hi: str
    coverage: str
    caps: str
    """What holds the level down, if anything does."""
    weakest: str
    """The themes with the lowest scores."""
    compensated: int = 0


@dataclass(frozen=True, slots=True)
class Dimension:
    name: str
    text: str
    """Where the other segments stand, or that no input says it; empty when all are shown."""
    rows: tuple[SliceLine, ...]


@dataclass(frozen=True, slots=True)
class Slices:
    text: str = ""
    dimensions: tuple[Dimension, ...] = ()
    """As many segments of each as a report shows."""
    rows: tuple[SliceLine, ...] = ()
    """All: the rows of slices.csv."""


FILE = "slices.csv"
SHOWN = 25
WEAKEST = 2
NOT_RECORDED = mark("not recorded")
_HEADS = {
    "environment": mark("By environment"),
    "business unit": mark("By business unit"),
    "agent tier": mark("By risk tier of the agent, in whatever state it is"),
    "actor type": mark("By actor type"),
}
_NONE = {
    "environment": mark("No input says the environment of any actor."),
    "business unit": mark("No input says the business unit of any actor."),
    "agent tier": mark("No input says the agent tier of any actor."),
    "actor type": mark("No input says the actor type of any actor."),
}


def slices(assessment: model.Assessment) -> Slices:
    """Print every segment, by dimension."""
    if not assessment.slices:
        return Slices()
    segments = sorted(assessment.slices, key=_weakest_first)
    rows = tuple(_line(assessment, s) for s in segments)
    dimensions = (_dimension(name, [r for r in rows if r.dimension == name]) for name in _HEADS)
    return Slices(_text(), tuple(d for d in dimensions if d.rows or d.text), rows)


def _text() -> str:
    return say(
        "The enterprise score again, each time from the results on the actors of one unit only: the"
        " same checks, themes and weights. A result on something shared by actors of several"
        " units counts in each, so units do not add up to the whole. Results on the organisation,"
        " its logs and policies count in none. A unit to which fewer than half of the practices"
        " of level 1 apply is given no level. Units with few actors change a lot when one of them"
        " changes."
    )


def _weakest_first(part: Slice) -> tuple[object, ...]:
    total = part.score.total
    is_recorded = bool(part.segment.value)
    if part.segment.dimension == "agent tier":
        return part.segment.dimension, not is_recorded, part.segment.value
    return part.segment.dimension, not is_recorded, part.level.lo, total.lo, part.segment.value


def _dimension(name: str, rows: list[SliceLine]) -> Dimension:
    head = say(_HEADS[name])
    if all(r.value == say(NOT_RECORDED) for r in rows):
        text = "" if not rows else say(_NONE[name])
        return Dimension(head, text, ())
    remainder = len(rows) - SHOWN
    note = say(
        "{n} of {parts} shown, the weakest first; all are in {file}.",
        n=number(SHOWN),
        parts=count(len(rows), "unit"),
        file=FILE,
    )
    return Dimension(head, note if remainder > 0 else "", tuple(rows[:SHOWN]))


def _line(assessment: model.Assessment, part: Slice) -> SliceLine:
    total, segment = part.score.total, part.segment
    level = printed_level(
        part.level, assessment, segment.dimension, segment.value, total.assessed > 0
    )
    upper_bound = say("at most {n}", n=level.hi) if level.note else ""
    is_narrow = not part.level.judged
    note = say("no level: too few practices of level 1 apply")
    score_figure = figure(total.lo, total.hi, group_state(total))
    totals = {status: sum(t.n for t in segment.tallies if t.status == status) for status in Status}
    return SliceLine(
        dimension=segment.dimension,
        value=clean(segment.value) or say(NOT_RECORDED),
        actors=segment.actors,
        passed=totals[Status.PASS] + totals[Status.DECLARED] + totals[Status.ATTESTED],
        compensated=totals[Status.COMPENSATED],
        failed=totals[Status.FAIL],
        unknown=totals[Status.UNKNOWN],
        level="–" if is_narrow else level.text,
        level_note=note if is_narrow else "; ".join(x for x in (upper_bound, level.sensitive) if x),
        score=score_figure.text,
        range=score_figure.range,
        exact_lo=score_figure.exact_lo,
        exact_hi=score_figure.exact_hi,
        coverage=percent(total.coverage),
        caps="; ".join(
            say("level {n} at most: {why}", n=most, why=clean(content(reason)))
            for most, reason in part.level.caps
        ),
        weakest=_weakest(assessment, part.score),
    )


def _weakest(assessment: model.Assessment, score: FrameworkScore) -> str:
    titles = {t.id: clean(content(t.title)) for t in assessment.themes}
    themes = [c for c in score.controls if c.state != "not_applicable"]
    lowest = sorted(themes, key=lambda c: (c.lo, c.id))[:WEAKEST]
    return join(tuple(f"{titles[c.id]} {percent(c.lo)}" for c in lowest))

"""The parts of the organisation as printed: an `Assessment` in, one table a dimension out, the weakest part first."""

from __future__ import annotations

from reporter import model
from reporter.scores import FrameworkScore, Slice, Status

from . import shape_slices as shape
from .words import clean, count, figure, group_level, group_state, join, number, percent

FILE = "slices.csv"
SHOWN = 25
WEAKEST = 2
NOT_RECORDED = "not recorded"
_HEADS = {
    "environment": "By environment",
    "business unit": "By business unit",
    "agent tier": "Agents by risk tier",
    "actor type": "By actor type",
}


def slices(a: model.Assessment) -> shape.Slices:
    """Print every part, by dimension, and count what stands in none."""
    if not a.slices:
        return shape.Slices()
    ordered = sorted(a.slices, key=_weakest_first)
    rows = tuple(_line(a, s) for s in ordered)
    dimensions = (_dimension(name, [r for r in rows if r.dimension == name]) for name in _HEADS)
    return shape.Slices(_text(), tuple(d for d in dimensions if d.rows or d.text), rows)


def _text() -> str:
    return (
        "The enterprise score again, each time from the verdicts on the actors of one part only: the same checks, themes and "
        "weights. A verdict on something that actors of several parts share counts in each of them, so parts do not add up to "
        "the whole; verdicts on the organisation, its logs and policies stand in none. A part to which fewer than half of the themes "
        "apply is given no level. Parts of few actors move by much when one of them changes."
    )


def _weakest_first(s: Slice) -> tuple[object, ...]:
    total = s.score.total
    known = bool(s.part.value)
    if s.part.dimension == "agent tier":
        return s.part.dimension, not known, s.part.value
    return s.part.dimension, not known, total.level_lo, total.lo, s.part.value


def _dimension(name: str, rows: list[shape.SliceLine]) -> shape.Dimension:
    head = _HEADS[name]
    if all(r.value == NOT_RECORDED for r in rows):
        said = "" if not rows else f"No input says the {name} of any actor."
        return shape.Dimension(head, said, ())
    rest = len(rows) - SHOWN
    more = f"{number(SHOWN)} of {count(len(rows), 'part')} shown, the weakest first; all are in {FILE}."
    return shape.Dimension(head, more if rest > 0 else "", tuple(rows[:SHOWN]))


def _line(a: model.Assessment, s: Slice) -> shape.SliceLine:
    total, part = s.score.total, s.part
    level = group_level(total, a, part.dimension, part.value)
    applying = total.assessed + total.not_assessed
    most = f"at most {level.hi}" if level.note else ""
    narrow = 2 * applying < len(s.score.controls)
    note = f"no level: {number(applying)} of {count(len(s.score.controls), 'theme')} apply"
    shown = figure(total.lo, total.hi, group_state(total))
    n = {status: sum(t.n for t in part.tallies if t.status == status) for status in Status}
    return shape.SliceLine(
        dimension=part.dimension,
        value=clean(part.value) or NOT_RECORDED,
        actors=str(part.actors),
        passed=str(n[Status.PASS] + n[Status.ATTESTED]),
        compensated=str(n[Status.COMPENSATED]),
        failed=str(n[Status.FAIL]),
        unknown=str(n[Status.UNKNOWN]),
        level="–" if narrow else level.text,
        level_note=note if narrow else "; ".join(x for x in (most, level.sensitive) if x),
        score=shown.text,
        range=shown.range,
        exact_lo=shown.exact_lo,
        exact_hi=shown.exact_hi,
        coverage=percent(total.coverage),
        caps="; ".join(f"level {most} at most: {clean(reason)}" for most, reason in total.caps),
        weakest=_weakest(a, s.score),
    )


def _weakest(a: model.Assessment, score: FrameworkScore) -> str:
    titles = {t.id: clean(t.title) for t in a.themes}
    judged = [c for c in score.controls if c.state != "not_applicable"]
    lowest = sorted(judged, key=lambda c: (c.lo, c.id))[:WEAKEST]
    return join(tuple(f"{titles[c.id]} {percent(c.lo)}" for c in lowest))

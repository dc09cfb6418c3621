"""The roadmap: a `planned.Roadmap` in, printable lines out.

Gains are printed in percentage points with two decimals, half up, and never as 0.00 where there is one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from reporter import model
from reporter.planned import EVIDENCE, IMPLEMENT, Pick

from . import shape_roadmap as shape
from .words import clean, count, exact, join, number, percent, short

URGENT_SHOWN = 12
RANKED_SHOWN = 10
NOW, RANKED, LATER = "act now", "ranked", "later"
OWNERS_SHOWN, FIRST_SHOWN = 25, 3
FILE, TODO = "roadmap.csv", "todo.csv"
TOP = 5
_WORDS = ("", "one action", "two actions", "three actions", "four actions", "five actions")


def roadmap(a: model.Assessment, rows: Mapping[int, int]) -> shape.Roadmap:
    """Print the roadmap; `rows` says in which row of findings.csv each finding stands."""
    plan = a.roadmap
    picks = tuple(_line(n, p, _lane(n, p, plan.ranked), rows) for n, p in enumerate(plan.picks, 1))
    urgent = [p for p in picks if p.lane == NOW]
    ranked = [p for p in picks if p.lane != NOW]
    owners = _owners(a, picks)
    return shape.Roadmap(
        text=_text(a),
        first_text=_first(a),
        first=plan.first,
        urgent_text=_urgent_text(len(urgent), any(f.waiver for f in a.findings)),
        urgent=tuple(_brief(p, a, n) for n, p in enumerate(urgent[:URGENT_SHOWN])),
        ranked_text=_ranked_text(len(ranked)),
        ranked=tuple(_brief(p, a, n) for n, p in enumerate(ranked[:RANKED_SHOWN])),
        picks=picks,
        owners_text=_owners_text(owners),
        owners=owners[:OWNERS_SHOWN],
        ceiling=plan.ceiling,
        start=exact(plan.start),
    )


def _owners(a: model.Assessment, picks: Sequence[shape.PickLine]) -> tuple[shape.OwnerLine, ...]:
    """Print what each owner has to do, who has most first; what nobody owns last."""
    own: dict[str, Counter[int]] = defaultdict(Counter)
    for place, pick in enumerate(a.roadmap.picks):
        for n in pick.action.cells:
            own[a.findings[n].owner][place] += 1
    ranked = sorted(own.items(), key=lambda o: (not o[0], -o[1].total(), o[0]))
    return tuple(
        shape.OwnerLine(
            owner=short(clean(owner), TODO, 80) or "nobody",
            actions=str(len(todo)),
            urgent=str(sum(picks[place].lane == NOW for place in todo)),
            cells=str(todo.total()),
            first=", ".join(f"{picks[p].id} ({n})" for p, n in list(todo.items())[:FIRST_SHOWN]),
        )
        for owner, todo in ranked
    )


def _owners_text(owners: Sequence[shape.OwnerLine]) -> str:
    if not owners:
        return ""
    rest = len(owners) > OWNERS_SHOWN
    shown = f" The first {OWNERS_SHOWN} of {number(len(owners))} are listed." if rest else ""
    return f"The to-do list of each owner stands in {TODO}, a verdict a row in the order of the roadmap.{shown}"


def points(value: Fraction) -> str:
    """Print a share as percentage points with two decimals, half up; 0.00 only where there is none."""
    hundredths = (20000 * value + 1) // 2
    hundredths = max(hundredths, 1) if value > 0 else hundredths
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def person_days(value: Fraction) -> str:
    """Print person-days without needless decimals."""
    return str(value) if value.denominator == 1 else f"{value.numerator / value.denominator:g}"


def _lane(rank: int, pick: Pick, ranked: int) -> str:
    return NOW if pick.action.urgent else RANKED if rank <= ranked else LATER


def _line(rank: int, pick: Pick, lane: str, rows: Mapping[int, int]) -> shape.PickLine:
    action = pick.action
    certain = Fraction(0) if action.kind == EVIDENCE else pick.gain
    return shape.PickLine(
        rank=str(rank),
        id=clean(action.id),
        title=clean(action.title),
        what=clean(action.what),
        kind=action.kind,
        lane=lane,
        owners=clean("; ".join(action.owners)),
        cells=str(len(action.cells)),
        effort=person_days(action.effort),
        gain=points(pick.gain),
        certain_gain=points(certain),
        gain_per_day=points(pick.gain / action.effort),
        gain_without_cap=points(pick.uncapped),
        total_after=percent(pick.total),
        level_after=str(pick.level),
        fix=clean(action.fix),
        exact_gain=exact(pick.gain),
        rows=tuple(sorted(rows[n] for n in action.cells)),
    )


def _brief(line: shape.PickLine, a: model.Assessment, place: int) -> shape.PickLine:
    """A line as the report prints it: long texts cut, no rows, and whether its place hangs on the weights."""
    return replace(
        line,
        sensitive=_sensitive(a, line, place),
        what=short(line.what, FILE, 60),
        owners=short(line.owners.replace("; ", ", "), FILE, 60) or "nobody",
        fix=short(line.fix, FILE, 200),
        rows=(),
    )


def _sensitive(a: model.Assessment, line: shape.PickLine, place: int) -> str:
    """Say where in its lane other weights put an action of the first few; '' when nowhere else."""
    said = []
    for other in a.reweighed:
        lane = [clean(i) for i in other.first[line.lane != NOW]]
        if place < len(lane) and lane[place] != line.id:
            now = f"{lane.index(line.id) + 1}" if line.id in lane else f"beyond {len(lane)}"
            said.append(f"place {now} with {other.name} weights")
    return f"weight-sensitive: {join(said)}" if said else ""


def _text(a: model.Assessment) -> str:
    plan = a.roadmap
    waived = sum(bool(f.waiver) for f in a.findings)
    left = f" Left out: {count(waived, 'failing verdict')} that somebody waived." if waived else ""
    if not plan.picks:
        return left.strip() or "Nothing failed and nothing is unknown: there is nothing to plan."
    mend = sum(p.action.kind == IMPLEMENT for p in plan.picks)
    held = f" The caps of this run stay in all of it: level {plan.ceiling} at most." if plan.ceiling < TOP else ""  # fmt: skip
    days = sum((p.action.effort for p in plan.picks), Fraction(0))
    return (
        f"{count(mend, 'action')} mend what fails, a root cause or a check each; {number(len(plan.picks) - mend)} show what is unknown. "
        f"Together {person_days(days)} person-days by default efforts or your own, from {percent(plan.start)} to {percent(plan.picks[-1].total)}. "
        "Each gain is the evidenced enterprise score with the action done less the score before it, computed anew after every pick, in "
        "percentage points; the gains add up. The next pick is the one with the largest gain per day: a good order, not the best of all "
        "orders. What evidence brings is only possible: it counts as if what is found were good, and so do the scores and levels after it. "
        "Without cap: what an action would bring if critical failures held no practice at half; while others still hold it, the gain waits "
        f"for the last of them.{held}{left} Any choice: reporter explain RUN --fix ID,ID."
    )  # fmt: skip


def _first(a: model.Assessment) -> str:
    """Say what the first actions that mend something bring by themselves."""
    plan = a.roadmap
    if not plan.first:
        return ""
    n = len(plan.first)
    verb = "moves" if n == 1 else "move"
    name = clean(a.policy.level_names[plan.first_level])
    level = f"reaches level {plan.first_level} ({name})" if n == 1 else f"reach level {plan.first_level} ({name})"  # fmt: skip
    if plan.first_level == plan.level:
        level = f"{'leaves' if n == 1 else 'leave'} the level at {plan.level}"
    first = "The first action" if n == 1 else f"The first {_WORDS[n]}"
    return (
        f"{first} of the roadmap that {'mends' if n == 1 else 'mend'} something ({', '.join(map(clean, plan.first))}) "
        f"{verb} the evidenced score from {percent(plan.start)} to {percent(plan.first_total)} and {level}, all else unchanged."
    )  # fmt: skip


def _urgent_text(n: int, waived: bool) -> str:
    if not n:
        but = " that nobody waived" if waived else ""
        return f"No critical check fails on a subject that is, or may be, tier 3 or 4, and no log shows misuse{but}."
    shown = (
        "" if n <= URGENT_SHOWN else f"; the first {URGENT_SHOWN} are listed, all of them in {FILE}"
    )
    verb = "mends" if n == 1 else "mend"
    return (
        f"{count(n, 'action')} {verb} a critical failure on a subject that is, or may be, tier 3 or 4, or misuse that a log shows. "
        f"They come before the ranking, whatever they bring{shown}."
    )


def _ranked_text(n: int) -> str:
    if not n:
        return "Nothing else is open."
    shown = "all are listed" if n <= RANKED_SHOWN else f"the first {RANKED_SHOWN} are listed, all of them in {FILE}"  # fmt: skip
    return f"{count(n, 'further action')}; {shown}."

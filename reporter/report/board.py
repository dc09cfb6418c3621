"""The board edition in plain words: an `Assessment` in, what the level means, five decisions and the blind spots out."""

from __future__ import annotations

from fractions import Fraction

from reporter import model
from reporter.planned import IMPLEMENT, Pick

from . import shape_board as shape
from .roadmap import person_days, points
from .words import clean, count, join, number, percent, short

DECISIONS = 5
THEMES_NAMED = 4
FILE = "roadmap.csv"
NO_EARLIER_RUN = "No earlier run was compared, so nothing is said about change."


def board(a: model.Assessment) -> shape.Board:
    """Print the sentences of the board edition."""
    mending = [p for p in a.roadmap.picks if p.action.kind == IMPLEMENT]
    return shape.Board(
        meaning=_meaning(a),
        next_text=_next(a),
        changed="" if a.history.runs else NO_EARLIER_RUN,
        decisions_text=_decisions_text(a, len(mending)),
        decisions=tuple(_decision(a, n, p) for n, p in enumerate(mending[:DECISIONS], start=1)),
        blind=tuple(_blind(a)),
    )


def _meaning(a: model.Assessment) -> str:
    total = a.scores.enterprise.total
    claims = a.policy.level_claims
    if not total.assessed:
        return "Nothing could be assessed: the input holds no evidence that any check can use."
    return clean(claims[total.level_lo]) if claims else ""


def _next(a: model.Assessment) -> str:
    """Say what the next level claims, and what keeps the organisation from it."""
    total, names = a.scores.enterprise.total, a.policy.level_names
    following = total.level_lo + 1
    if following >= len(names) or not total.assessed:
        return ""
    titles = {t.id: clean(t.title) for t in a.themes}
    short_of = [c for c in a.scores.enterprise.controls if c.state != "not_applicable" and c.level_lo < following]  # fmt: skip
    worst = sorted(short_of, key=lambda c: (c.level_lo, c.lo, c.id))
    named = [titles[c.id] for c in worst[:THEMES_NAMED]]
    if len(worst) > THEMES_NAMED:
        named.append(f"{number(len(worst) - THEMES_NAMED)} more")
    claim = f" It says: {clean(a.policy.level_claims[following])}" if a.policy.level_claims else ""
    held = next((f" {clean(reason)}" for most, reason in total.caps if most < following), "")
    return (
        f"Level {following}, {names[following]}, is not reached in {count(len(worst), 'theme')} of "
        f"{number(len(titles))}: {join(named)}.{claim}{held}"
    )


def _decisions_text(a: model.Assessment, mending: int) -> str:
    plan = a.roadmap
    if not mending:
        return (
            "Nothing that was judged fails, so there is nothing to decide but what to look at next."
        )
    n = min(DECISIONS, mending)
    effort = sum((p.action.effort for p in plan.picks if p.action.id in plan.first), Fraction(0))
    level = clean(a.policy.level_names[plan.first_level])
    return (
        f"The first {number(n)} of {count(mending, 'action')} that mend something, in the order of the roadmap: what is urgent "
        f"first, then what brings most for its effort. Together they take about {person_days(effort)} person-days and lead from "
        f"{percent(plan.start)} to {percent(plan.first_total)}, level {plan.first_level} ({level}). All stand in {FILE}."
    )


def _decision(a: model.Assessment, rank: int, pick: Pick) -> shape.Decision:
    action = pick.action
    found = [a.findings[n] for n in action.cells]
    by_id = {c.id: c for c in a.checks}
    order = tuple(a.policy.severity_weights)
    worst = min((by_id[f.check] for f in found), key=lambda c: (order.index(c.severity), c.id))
    subjects = len({f.actor or f.subject for f in found})
    what = clean(action.what) or (f"{number(subjects)} agents or accounts" if subjects > 1 else "")
    brings = f"{points(pick.gain)} points of the score"
    if not pick.gain:
        held = pick.uncapped > 0
        brings = "no points until the other critical failures beside it are mended too" if held else "no points: it lowers a risk that the score does not show"  # fmt: skip
    return shape.Decision(
        rank=str(rank),
        id=clean(action.id),
        title=f"{clean(action.title)}{f': {short(what, FILE, 80)}' if what else ''}",
        fix=short(clean(action.fix), FILE, 320),
        why=clean(worst.why.strip()),
        owners=short(clean(join(action.owners)), FILE, 120) or "nobody owns it yet",
        effort=f"{person_days(action.effort)} person-day{'' if action.effort == 1 else 's'}",
        brings=brings,
        urgent=action.urgent,
    )


def _blind(a: model.Assessment) -> list[str]:
    """Say what could not be judged and why it matters."""
    total = a.scores.enterprise.total
    said = []
    if total.hi > total.lo:
        said.append(
            f"The score is {percent(total.lo)} on evidence and at most {percent(total.hi)}: the distance is missing evidence, not "
            "chance. Of the weighted evidence asked for, "
            f"{percent(total.coverage)} was there."
        )
    dead = [clean(f.log_source) for f in a.feeds if not f.alive]
    if dead:
        said.append(
            f"{count(len(dead), 'log')} of {number(len(a.feeds))} did not deliver as expected ({short(join(dead), 'coverage.csv', 120)}): "
            "nothing that these agents did can be called clean."
        )
    if not a.feeds:
        said.append("No log was supplied: what agents did is not known, only what they may do.")
    ghosts = a.population.get("shadow", 0)
    if ghosts:
        said.append(f"{count(ghosts, 'actor')} seen in logs {'stands' if ghosts == 1 else 'stand'} in no register.")  # fmt: skip
    lost = sum(f.unreadable + f.rejected for f in a.files)
    if lost:
        said.append(f"{count(lost, 'record')} of the input could not be used; each stands in quarantine.csv with its line.")  # fmt: skip
    return said

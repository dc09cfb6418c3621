"""What if some actions of a roadmap were done? In: a run folder and their ids. Out: text, score and
level before and after.

All comes from the data of the run, which says what each action turns to pass and holds every
verdict and the policy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

from reporter.engine.base import quoted, quoted_list
from reporter.errors import InputError
from reporter.model.assessment import Assessment, Profile
from reporter.model.roadmap import EVIDENCE
from reporter.model.scores import FrameworkScore, Status, Tally
from reporter.report.chapters.next_steps import TOP, points
from reporter.report.view.format import exact, percent
from reporter.runs.store import read_run
from reporter.score import score
from reporter.score.planner import after as changed
from reporter.score.state import Change


def what_if(run: Path, given: Iterable[str]) -> str:
    """Say what doing some actions would change; each is an id of roadmap.csv, a check or a cause
    with all its actions.

    Raises InputError where an id is none of them, or the run holds no actions.
    """
    a, results = read_run(run)
    wanted = list(dict.fromkeys(name.strip() for name in given if name.strip()))
    if not wanted:
        raise InputError("--fix names no action", str(run), "Ids stand in roadmap.csv.")
    mended = results.tallies(" OR ".join(f"({_meant(a, name, run)})" for name in wanted))
    tallies = results.tallies()
    before = _scored(a, tallies)
    held = a.scores.enterprise.total
    if (before.total.lo, before.total.hi) != (held.lo, held.hi):
        raise InputError(
            "its verdicts give another score than it holds", str(run), "Assess the workspace again."
        )
    after = _scored(a, changed(tallies, [_change(mended)]))
    return "\n".join(_said(a, wanted, mended, before, after))


def _meant(assessment: Assessment, name: str, run: Path) -> str:
    """Return in SQL which verdicts an id means: those of an action; else a check's failures; else
    all actions of a cause.
    """
    actions, low = [p.action.id for p in assessment.roadmap.picks], name.lower()
    for id_ in actions:
        if id_.lower() == low:
            return f"action = {quoted(id_)}"
    for check in assessment.checks:
        if check.id.lower() == low:
            return f"\"check\" = {quoted(check.id)} AND status = '{Status.FAIL}'"
    group = [id_ for id_ in actions if id_.lower().rpartition("-")[0] == low]
    if group:
        return f"list_contains({quoted_list(group)}, action)"
    known = {i.lower(): i for i in (*actions, *(c.id for c in assessment.checks))}
    close = [known[i] for i in get_close_matches(low, known, 3)]
    hint = f"Close to it: {', '.join(close)}." if close else "Ids stand in roadmap.csv."
    raise InputError(f"{name!r} is no action or check of this run", str(run), hint)


def _change(mended: Iterable[Tally]) -> Change:
    """What becomes pass when verdicts do."""
    moved: dict[str, list[tuple[tuple[Status, int, int], int]]] = defaultdict(list)
    for t in mended:
        moved[t.check].append(((t.status, t.tier_lo, t.tier_hi), t.n))
    return {name: tuple(kinds) for name, kinds in moved.items()}


def _scored(assessment: Assessment, tallies: Iterable[Tally]) -> FrameworkScore:
    """Score the enterprise with the checks and caps of the run."""
    caps = [(assessment.roadmap.ceiling, "cap of the run")]
    targets = Profile("", "", 0, {})
    return score(
        (), assessment.checks, assessment.themes, tallies, assessment.policy, targets, caps
    ).enterprise


def _said(
    assessment: Assessment,
    wanted: list[str],
    mended: Sequence[Tally],
    before: FrameworkScore,
    after: FrameworkScore,
) -> list[str]:
    old, new = before.total, after.total
    gain = new.lo - old.lo
    unknown = sum(t.n for t in mended if t.status == Status.UNKNOWN)
    lines = [
        f"With {', '.join(wanted)} done: {sum(t.n for t in mended)} verdicts become pass.",
        "",
        f"Evidenced score  {percent(old.lo)} -> {percent(new.lo)}",
        f"At most          {percent(old.hi)} -> {percent(new.hi)}",
        f"Level            {old.level_lo} -> {new.level_lo}",
        f"Level at most    {old.level_hi} -> {new.level_hi}",
        f"Gain             {points(gain)} points = {exact(gain)}",
        "",
    ]
    if unknown:
        lines.append(
            f"{unknown} of them are unknown now: that part is possible only, if what is found"
            f" proves good ({EVIDENCE})."
        )
    if assessment.roadmap.ceiling < TOP:
        lines.append(f"The caps of this run stay: level {assessment.roadmap.ceiling} at most.")
    titles = {t.id: t.title for t in assessment.themes}
    moved = [
        f"  {b.id:<4} {percent(b.lo):>7} -> {percent(n.lo):>7}   at most {percent(b.hi):>7} ->"
        f" {percent(n.hi):>7}   level {b.level_lo} -> {n.level_lo}   {titles[b.id]}"
        for b, n in zip(before.controls, after.controls, strict=True)
        if (b.lo, b.hi) != (n.lo, n.hi)
    ]
    return [*lines, "Themes that change:" if moved else "No theme changes.", *moved]

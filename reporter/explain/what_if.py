"""What if some actions of a roadmap were done? In: a run folder and their ids. Out: text, score and
level before and after.

Everything comes from the data of the run: its results, its policy, and the results that each
action turns to pass."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from reporter.engine.base import quoted, quoted_list
from reporter.errors import InputError
from reporter.model.assessment import Assessment
from reporter.model.roadmap import EVIDENCE
from reporter.model.scores import Scores, Status, Tally
from reporter.report.chapters.next_steps import TOP, points
from reporter.report.editions.readiness import HEADLINE
from reporter.report.view.format import exact, percent
from reporter.runs.store import read_run
from reporter.score import score
from reporter.score.state import Change, Kind, tallied
from reporter.score.ways import PROOF, WORDS, after_work


def what_if(run: Path, names: Iterable[str]) -> str:
    """Print the effect of some actions: ids of roadmap.csv, of checks, or of causes; the id of a
    check with `PROOF` is the proof of what is only declared.

    Raises InputError where an id is none of them, or the run holds no actions.
    """
    assessment, results = read_run(run)
    ids = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    if not ids:
        raise InputError("--fix names no action", str(run), "Ids are in roadmap.csv.")
    tallies_changed = results.tallies(
        " OR ".join(f"({_condition(assessment, name, run)})" for name in ids)
    )
    tallies = results.tallies()
    before = _score(assessment, tallies)
    recorded = assessment.scores.enterprise.total
    total = before.enterprise.total
    if (total.lo, total.hi) != (recorded.lo, recorded.hi):
        raise InputError(
            "its results give another score than it holds", str(run), "Assess the workspace again."
        )
    counts: dict[str, Counter[Kind]] = defaultdict(Counter)
    for t in tallies:
        counts[t.check][t.status, t.tier_lo, t.tier_hi] += t.n
    fixed = _change(t for t in tallies_changed if t.status not in WORDS)
    proven = {t.check for t in tallies_changed if t.status in WORDS}
    checks = {c.id: c for c in assessment.checks}
    done = after_work(counts, fixed, (), proven, checks)
    lines = _unmet_lines(ids, tallies)
    after = _score(assessment, [t for check, kinds in done.items() for t in tallied(check, kinds)])
    return "\n".join([*_lines(assessment, ids, tallies_changed, before, after), *lines])


def _condition(assessment: Assessment, name: str, run: Path) -> str:
    """Return the SQL condition for the results of an id: an action, the failures of a check, or all
    actions of a cause.
    """
    actions, lower_name = [p.action.id for p in assessment.roadmap.picks], name.lower()
    for id_ in actions:
        if id_.lower() == lower_name:
            return f"action = {quoted(id_)}"
    for check in assessment.checks:
        if f"{check.id}{PROOF}".lower() == lower_name:
            return f'"check" = {quoted(check.id)} AND list_contains({quoted_list(WORDS)}, status)'
        if check.id.lower() == lower_name:
            return f"\"check\" = {quoted(check.id)} AND status = '{Status.FAIL}'"
    group = [id_ for id_ in actions if id_.lower().rpartition("-")[0] == lower_name]
    if group:
        return f"list_contains({quoted_list(group)}, action)"
    ids = {i.lower(): i for i in (*actions, *(c.id for c in assessment.checks))}
    close = [ids[i] for i in get_close_matches(lower_name, ids, 3)]
    hint = f"Close to it: {', '.join(close)}." if close else "Ids are in roadmap.csv."
    raise InputError(f"{name!r} is no action or check of this run", str(run), hint)


def _change(tallies: Iterable[Tally]) -> Change:
    """Return the change in which these results become pass."""
    changes: dict[str, list[tuple[tuple[Status, int, int], int]]] = defaultdict(list)
    for t in tallies:
        changes[t.check].append(((t.status, t.tier_lo, t.tier_hi), t.n))
    return {name: tuple(kinds) for name, kinds in changes.items()}


def _score(assessment: Assessment, tallies: Iterable[Tally]) -> Scores:
    """Score the enterprise with the checks and caps of the run."""
    caps = [(assessment.roadmap.ceiling, "cap of the run")]
    shared = assessment.checks, assessment.themes, tallies, assessment.policy
    return score((), *shared, assessment.profile, caps)


def _unmet_lines(ids: Iterable[str], tallies: Iterable[Tally]) -> Iterator[str]:
    """Say of checks of which nothing fails how their proof is asked for."""
    counts: dict[str, Counter[Status]] = defaultdict(Counter)
    for t in tallies:
        counts[t.check][t.status] += t.n
    for name in map(str.upper, ids):
        said = sum(counts[name][status] for status in WORDS) if name in counts else 0
        if said and not counts[name][Status.FAIL]:
            yield (
                f"No result of {name} fails; only declared are {said}: --fix {name}{PROOF} says"
                " what their proof would change."
            )


def _lines(
    assessment: Assessment,
    ids: list[str],
    tallies: Sequence[Tally],
    before: Scores,
    after: Scores,
) -> list[str]:
    total_before, total_after = before.enterprise.total, after.enterprise.total
    gain = total_after.lo - total_before.lo
    unknowns = sum(t.n for t in tallies if t.status == Status.UNKNOWN)
    done = f"With {', '.join(ids)} done: {_become_pass(sum(t.n for t in tallies))}."
    totals = [
        f"Evidenced score  {percent(total_before.lo)} -> {percent(total_after.lo)}",
        f"At most          {percent(total_before.hi)} -> {percent(total_after.hi)}",
        f"Level            {before.level.lo} -> {after.level.lo}",
        f"Level at most    {before.level.hi} -> {after.level.hi}",
    ]
    if assessment.is_too_thin:
        totals = [f"{HEADLINE}."]
    lines = [
        done,
        "",
        *totals,
        f"Gain             {points(gain)} points = {exact(gain)}",
        "",
    ]
    if unknowns:
        lines.append(
            f"{unknowns} of them are unknown now: that part of the gain is possible only, if the"
            f" evidence is favourable ({EVIDENCE})."
        )
    if assessment.roadmap.ceiling < TOP:
        lines.append(f"The caps of this run stay: level {assessment.roadmap.ceiling} at most.")
    titles = {t.id: t.title for t in assessment.themes}
    permitted = zip(before.level.themes, after.level.themes, strict=True)
    permits = {b.theme: f"permits level {b.lo} -> {a.lo}" for b, a in permitted}
    theme_lines = [
        f"  {b.id:<4} {percent(b.lo):>7} -> {percent(n.lo):>7}   at most {percent(b.hi):>7} ->"
        f" {percent(n.hi):>7}   {permits[b.id]}   {titles[b.id]}"
        for b, n in zip(before.enterprise.controls, after.enterprise.controls, strict=True)
        if (b.lo, b.hi) != (n.lo, n.hi)
    ]
    return [*lines, "Themes that change:" if theme_lines else "No theme changes.", *theme_lines]


def _become_pass(n: int) -> str:
    return f"{n:,} result becomes pass" if n == 1 else f"{n:,} results become pass"

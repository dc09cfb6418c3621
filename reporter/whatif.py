"""What if some actions of a roadmap were done? In: a run folder and their ids. Out: text, score and level before and after.

All comes from the run: report.json says which rows of the findings each action turns to pass, evidence.parquet holds
every cell. Only the scoring policy is the installed one; where it gives another score than the run has, that is an error.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from reporter.errors import InputError
from reporter.frameworks import read_policy
from reporter.model import Check, Policy, Profile, Sample, Theme
from reporter.planned import EVIDENCE
from reporter.report import shape
from reporter.report.roadmap import TOP, points
from reporter.report.shape import View
from reporter.report.words import exact, percent
from reporter.runfolder import read_cells, read_view
from reporter.score import score
from reporter.score.plan import Change
from reporter.score.plan import after as changed
from reporter.scores import FrameworkScore, Status, Tally
from reporter.yamls import content_dir

CHECK, VERDICT, TIER_LO, TIER_HI = 0, 2, 7, 8
"""Places in a cell of evidence.parquet."""


def what_if(run: Path, given: Iterable[str]) -> str:
    """Say what doing some actions would change; each is an id of roadmap.csv, a check or a cause with all its actions."""
    view = read_view(run)
    wanted = list(dict.fromkeys(name.strip() for name in given if name.strip()))
    if not wanted:
        raise InputError("--fix names no action", str(run), "Ids stand in roadmap.csv.")
    if not view.roadmap.start:
        raise InputError("this run has no roadmap", str(run), "Assess the workspace again with this version.")  # fmt: skip
    rows = sorted({row for name in wanted for row in _rows(view, name, run)})
    tallies = [Tally(*key, n) for key, n in sorted(_counted(read_cells(run)).items())]
    policy = read_policy(content_dir()[0] / "policy.yml")
    before = _scored(view, tallies, policy)
    figure = view.themes.total.figure
    if (exact(before.total.lo), exact(before.total.hi)) != (figure.exact_lo, figure.exact_hi):
        raise InputError(
            "the installed scoring policy gives another score than this run has", str(run),
            "Assess the workspace again with this version.",
        )  # fmt: skip
    after = _scored(view, changed(tallies, [_change(view, rows)]), policy)
    return "\n".join(_said(view, wanted, rows, before, after))


def _rows(view: View, name: str, run: Path) -> list[int]:
    """Find what an id means: an action; else a check's failures; else all actions of a cause."""
    picks, low = view.roadmap.picks, name.lower()
    for pick in picks:
        if pick.id.lower() == low:
            return list(pick.rows)
    failed = view.finding_columns.index("check"), view.finding_columns.index("status")
    if any(c.id.lower() == low for c in view.checks):
        return [
            n for n, row in enumerate(view.findings)
            if row[failed[0]].lower() == low and row[failed[1]] == Status.FAIL
        ]  # fmt: skip
    group = [row for p in picks if p.id.lower().rpartition("-")[0] == low for row in p.rows]
    if group:
        return group
    known = {p.id.lower(): p.id for p in picks} | {c.id.lower(): c.id for c in view.checks}
    close = [known[i] for i in get_close_matches(low, known, 3)]
    hint = f"Close to it: {', '.join(close)}." if close else "Ids stand in roadmap.csv."
    raise InputError(f"{name!r} is no action or check of this run", str(run), hint)


def _counted(cells: Iterable[tuple[Any, ...]]) -> Counter[tuple[str, Status, int, int]]:
    return Counter((c[CHECK], Status(c[VERDICT]), c[TIER_LO], c[TIER_HI]) for c in cells)


def _change(view: View, rows: Iterable[int]) -> Change:
    """What becomes pass when the cells of some findings do."""
    check, status, tier = (view.finding_columns.index(c) for c in ("check", "status", "tier"))
    moved: dict[str, Counter[tuple[Status, int, int]]] = defaultdict(Counter)
    for n in rows:
        row = view.findings[n]
        moved[row[check]][Status(row[status]), int(row[tier][0]), int(row[tier][-1])] += 1
    return {name: tuple(kinds.items()) for name, kinds in moved.items()}


def _scored(view: View, tallies: Iterable[Tally], policy: Policy) -> FrameworkScore:
    """Score the enterprise with the checks and caps of the run."""
    checks = [_check(c) for c in view.checks]
    themes = [Theme(t.id, t.title) for t in view.themes.controls]
    caps = [(view.roadmap.ceiling, "cap of the run")]
    return score((), checks, themes, tallies, policy, Profile("", "", 0, {}), caps).enterprise


def _check(printed: shape.Check) -> Check:
    """A check as far as scoring looks at it; its level is printed as "level 2 (Identified)"."""
    sample = Sample(0, 0, "") if printed.sample else None
    level = int(printed.level.split()[1])
    return Check(printed.id, "", "", "", printed.severity, level, "", "", "", "", sample=sample)


def _said(
    view: View, wanted: list[str], rows: list[int], before: FrameworkScore, after: FrameworkScore
) -> list[str]:
    old, new = before.total, after.total
    gain = new.lo - old.lo
    unknown = sum(
        view.findings[n][view.finding_columns.index("status")] == Status.UNKNOWN for n in rows
    )
    lines = [
        f"With {', '.join(wanted)} done: {len(rows)} verdicts become pass.",
        "",
        f"Evidenced score  {percent(old.lo)} -> {percent(new.lo)}",
        f"At most          {percent(old.hi)} -> {percent(new.hi)}",
        f"Level            {old.level_lo} -> {new.level_lo}",
        f"Level at most    {old.level_hi} -> {new.level_hi}",
        f"Gain             {points(gain)} points = {exact(gain)}",
        "",
    ]
    if unknown:
        lines.append(f"{unknown} of them are unknown now: that part is possible only, if what is found proves good ({EVIDENCE}).")  # fmt: skip
    if view.roadmap.ceiling < TOP:
        lines.append(f"The caps of this run stay: level {view.roadmap.ceiling} at most.")
    titles = {t.id: t.title for t in view.themes.controls}
    moved = [
        f"  {b.id:<4} {percent(b.lo):>7} -> {percent(a.lo):>7}   at most {percent(b.hi):>7} -> {percent(a.hi):>7}   "
        f"level {b.level_lo} -> {a.level_lo}   {titles[b.id]}"
        for b, a in zip(before.controls, after.controls, strict=True)
        if (b.lo, b.hi) != (a.lo, a.hi)
    ]
    return [*lines, "Themes that change:" if moved else "No theme changes.", *moved]

"""The output of `assess`. In: the assessment, its view, the run folder. Out: lines for people,
numbers for machines, the reason for a missed gate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from reporter.i18n.translate import say, speaking, word
from reporter.model.assessment import Assessment
from reporter.model.scores import EXTENTS, FrameworkScore, LevelScore, Status, passed_of_judged
from reporter.report import FILES
from reporter.report.document import View
from reporter.report.editions.front_page import NEXT
from reporter.report.editions.readiness import HEADLINE
from reporter.report.notices import notices
from reporter.report.view.elements import Figure
from reporter.report.view.format import count, exact, met_of_judged, number
from reporter.score import rounded
from reporter.system.plain_text import from_here

SCHEMA = "agent-maturity-headline/3"
_RECORDS = ("read", "kept", "out_of_scope", "unreadable", "rejected")
_NEXT = 3
"""Exports to bring that are named on the terminal."""
_WORDS = {Status.NA: "not_applicable"}
_FINDINGS = (Status.FAIL, Status.UNKNOWN, Status.COMPENSATED, Status.ATTESTED)


def as_data(
    assessment: Assessment, out: Path, gates: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Return the headline as numbers: percentages with one decimal, and exact fractions as text.

    `gates` are those that the run was held against.
    """
    scores, status_counts = assessment.scores, _counts_by_status(assessment)
    thin = assessment.is_too_thin
    totals = _standing(scores.enterprise, scores.level, thin)
    with speaking(assessment.language):
        notice_data = [
            {"code": n.code, "text": n.text, "lines": n.lines} for n in notices(assessment)
        ]
    levels = [g for g in gates if str(g["gate"]).startswith("level<")]
    gate_result: dict[str, Any] = {"gates": [*gates]} if gates else {}
    if levels:  # as it was named while there was no other gate
        wanted = max(int(str(g["gate"]).removeprefix("level<")) for g in levels)
        gate_result |= {"fail_on": wanted, "fail_on_met": not thin and scores.level.lo >= wanted}
    return {
        "schema": SCHEMA,
        "run": str(out),
        "organisation": assessment.run.organisation,
        **totals,
        "readiness": thin,
        "headline": HEADLINE if thin else "",
        **gate_result,
        "frameworks": {
            f.framework: {
                **_standing(f, scores.framework_levels.get(f.framework), thin),
                "controls": sum(c.state != "not_applicable" for c in f.controls),
                "controls_by_extent": dict(zip(EXTENTS, f.total.extents, strict=True)),
            }
            for f in scores.frameworks
        },
        "records": {name: sum(getattr(f, name) for f in assessment.files) for name in _RECORDS},
        "quarantine": dict(sorted(Counter(q.kind for q in assessment.quarantined).items())),
        "results": {_WORDS.get(s, s.value): status_counts[s] for s in Status},
        "findings": sum(status_counts[s] for s in _FINDINGS),
        "notices": notice_data,
    }


def _standing(score: FrameworkScore, level: LevelScore | None, is_thin: bool) -> dict[str, Any]:
    """Return a score and level; without enough evidence only its exact ends, which are data."""
    total = score.total
    is_assessed = total.assessed > 0
    has_headline = is_assessed and not is_thin
    lo, hi, coverage = (float(rounded(x)) for x in (total.lo, total.hi, total.coverage))
    passed = passed_of_judged(total)
    return {
        "level": None if is_thin or not level else (level.lo if is_assessed else 0),
        "level_at_most": None if is_thin or not level else (level.hi if is_assessed else 0),
        "score_lo": exact(total.lo),
        "score_hi": exact(total.hi),
        "score_lo_percent": lo if has_headline else None,
        "score_hi_percent": hi if has_headline else None,
        "coverage": coverage if is_assessed else None,
        "met_of_judged_percent": float(rounded(passed)) if passed is not None else None,
    }


def _counts_by_status(assessment: Assessment) -> Counter[Status]:
    status_counts: Counter[Status] = Counter()
    for check in assessment.scores.checks.values():
        status_counts.update(check.counts)
    return status_counts


def as_text(assessment: Assessment, view: View, out: Path, workspace: Path = Path()) -> list[str]:
    """Return the headline line by line, in the language of the view: notices, numbers, files, and
    the first page. Commands that it suggests name files of the workspace.
    """
    with speaking(view.cover.language):
        return list(_lines(assessment, view, out, workspace))


def _lines(assessment: Assessment, view: View, out: Path, workspace: Path) -> Iterator[str]:
    summary, status_counts = view.summary, _counts_by_status(assessment)
    level = say("level {n} {name}", n=summary.level.text, name=summary.level.name) + (
        f" ({summary.level.note})" if summary.level.note else ""
    )
    whole = assessment.scores.enterprise.total
    covered = summary.coverage
    if whole.coverage:
        covered = say("{share}, {met} of it met", share=covered, met=met_of_judged(whole))
    rows = [
        (say("Maturity"), level),
        (say("Score"), _score(summary.figure)),
        (say("Coverage"), covered),
    ]
    rows += [(f.short, f"{_score(f.total.figure)}; {f.total.assessed}") for f in view.frameworks]
    if view.readiness:
        rows = [(say("Score"), _why(view))]
    open_text = ", ".join(
        f"{number(status_counts[status])} {word(status)}"
        for status in _FINDINGS
        if status_counts[status]
    )
    rows += [
        (say("Records"), view.accounting.equation),
        (say("Findings"), open_text or say("none")),
    ]
    width = max(len(label) for label, _ in rows)
    yield f"\n{view.cover.organisation}, {view.cover.period}"
    for notice in summary.notices:
        yield f"  ! {notice.text}"
        lines = filter(None, (*notice.lines, notice.remainder))
        yield from (f"    {from_here(line, workspace)}" for line in lines)
    yield from (f"  {label.ljust(width)}  {text}" for label, text in rows)
    yield ""
    yield from (f"  {path}" for path in sorted(out.iterdir()))
    if not view.readiness:
        yield ""
        yield from _page_one(view)
    closing = (_next(view), _first_to_open(out))
    yield from (f"\n{line}" for line in closing if line)


def missed(view: View, gate: str, reason: str) -> str:
    """Say that a gate on the level is missed, why, and what reaches the next level."""
    return f"{gate} is missed: {reason} {_why(view)}".rstrip()


def _why(view: View) -> str:
    """Print the reason for the level, and what reaches the next one, in the words of the report."""
    if view.readiness:
        return f"{view.readiness.headline}. {view.readiness.reason}"
    front = view.front
    way = next((r for r in front.rungs if r.standing == NEXT and r.way), None)
    ahead = say("Level {n} takes {way}.", n=way.level, way=way.way) if way else ""
    return " ".join(filter(None, (front.judgement, front.outlook, ahead)))


def _page_one(view: View) -> Iterator[str]:
    """Yield the first page: why this level, what changed, what to decide, what nobody can see."""
    front = view.front
    yield _why(view)
    for rung in (r for r in front.rungs if r.standing == NEXT and r.obstacles):
        yield "\n" + say("Blocking level {n}:", n=rung.level)
        for obstacle in rung.obstacles:
            owners = say(" Owners: {names}.", names=obstacle.owners) if obstacle.owners else ""
            yield f"  {obstacle.title}. {obstacle.text}.{owners}"
    yield from beyond_the_level(view)


def beyond_the_level(view: View) -> Iterator[str]:
    """Yield what page 1 says beside the level: what changed, what to decide, what is unseen."""
    front = view.front
    changes = "; ".join(f"{change.text} {change.points}" for change in front.changes)
    yield f"\n{' '.join(filter(None, (front.change, f'{changes}.' if changes else '')))}"
    if front.questions:
        yield "\n" + say("What to decide?")
    for each in front.questions:
        due = say(", by {day}", day=each.due) if each.due else ""
        yield f"  {each.rank}. {each.question} {each.about}. {each.owner}{due}."
        yield from (f"     {c.text}" for c in each.choices)
    if front.unseen:
        yield "\n" + say("What can nobody see yet?")
    yield from (f"  {line}" for line in front.unseen)


def _next(view: View) -> str:
    """Name what would decide most."""
    if view.readiness:
        lines = [
            say(
                "{what} (decides {results})",
                what=a.what,
                results=", ".join(filter(None, (say("{n} alone", n=a.decides), a.more))),
            )
            for a in view.readiness.asks
        ]
    else:
        lines = [
            say(
                "{what} ({results} in {checks})",
                what=w.what,
                results=w.decides,
                checks=count(len(w.checks), "check"),
            )
            for w in view.accounting.wanted
        ]
    return say("Provide next: {exports}", exports="; ".join(lines[:_NEXT])) if lines else ""


def _first_to_open(out: Path) -> str:
    names = (FILES[name] for name in ("html", "pdf", "board-html", "board-pdf", "engineer-html"))
    return next((f"open {out / name}" for name in names if (out / name).is_file()), "")


def _score(figure: Figure) -> str:
    if not figure.assessed:
        return figure.text
    return say("{score}, range {range}", score=figure.text, range=figure.range)

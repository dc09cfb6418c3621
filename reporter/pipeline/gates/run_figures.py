"""The figures of a run in a row. In: the data of a run. Out: numbers by name, and as they are
printed beside those of other runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reporter.model.assessment import SEVERITIES, Assessment
from reporter.model.scores import Status
from reporter.report.view.format import exact
from reporter.score import rounded

RECORDS = ("read", "kept", "out_of_scope", "unreadable", "rejected")
HEADINGS = ("Level", "Score", "Coverage", "Failing", "Critical", "Records", "Not usable")


def figures(data: Assessment) -> dict[str, Any]:
    """Return the headline of a run: of what could not be assessed there is no number.

    Scores and coverage are in percent with one decimal, and exact fractions as text; failing and
    critical count results.
    """
    total, level = data.scores.enterprise.total, data.scores.level
    is_assessed = total.assessed > 0
    failing = {c.id: data.scores.checks[c.id].counts.get(Status.FAIL, 0) for c in data.checks}
    critical = sum(failing[c.id] for c in data.checks if c.severity == SEVERITIES[0])
    return {
        "organisation": data.run.organisation,
        "unit_name": data.run.unit,
        "period_from": data.run.period_from.isoformat(),
        "period_to": data.run.period_to.isoformat(),
        "level": level.lo if is_assessed else None,
        "level_at_most": level.hi if is_assessed else None,
        "score_lo": float(rounded(total.lo)) if is_assessed else None,
        "score_hi": float(rounded(total.hi)) if is_assessed else None,
        "score_lo_exact": exact(total.lo) if is_assessed else None,
        "score_hi_exact": exact(total.hi) if is_assessed else None,
        "coverage": float(rounded(total.coverage)) if is_assessed else None,
        "readiness": data.is_too_thin,
        "failing": sum(failing.values()),
        "critical": critical,
        **{name: sum(getattr(f, name) for f in data.files) for name in RECORDS},
    }


def printed(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Print the figures of a row under `HEADINGS`; a dash where there is no number.

    Where too little could be judged for a headline, the score and level say so.
    """
    if row.get("failing") is None:
        return ("–",) * len(HEADINGS)
    level = _range(row["level"], row["level_at_most"])
    score = _range(row["score_lo"], row["score_hi"], " %")
    if row["readiness"]:
        level, score = "–", "too little evidence"
    coverage = "–" if row["coverage"] is None else f"{row['coverage']:.1f} %"
    lost = row["unreadable"] + row["rejected"]
    counts = (row["failing"], row["critical"], row["read"], lost)
    return (level, score, coverage, *(f"{n:,}" for n in counts))


def _range(lo: float | None, hi: float | None, unit: str = "") -> str:
    if lo is None or hi is None:
        return "–"
    return f"{lo}{unit}" if lo == hi else f"{lo}–{hi}{unit}"

"""What `assess` says when it is done. In: the view and the run folder. Out: lines for people, numbers for machines, what missed a gate."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from fractions import Fraction
from pathlib import Path
from typing import Any

from reporter.report.shape import Counts, Figure, Level, View
from reporter.runfolder import FILES
from reporter.score import printed
from reporter.texts import from_numeral, speaking

SCHEMA = "agent-maturity-headline/1"
_RECORDS = ("read", "kept", "out_of_scope", "unreadable", "rejected")
_VERDICTS = {"passed": "pass", "failed": "fail", "na": "not_applicable"}


def as_data(view: View, out: Path, gate: int | None = None) -> dict[str, Any]:
    """Return the headline as numbers: shares in percent with one decimal, exact fractions as text beside them."""
    total = view.accounting.total
    with speaking(view.cover.language):
        records = {name: int(_plain(getattr(total, name))) for name in _RECORDS}
        frameworks = {
            f.id: {
                **_standing(f.total.figure, f.total.level, f.total.coverage),
                "controls": sum(c.state != "not_applicable" for c in f.controls),
                "controls_assessed": sum(c.state == "assessed" for c in f.controls),
            }
            for f in view.frameworks
        }
        whole = _standing(view.summary.figure, view.summary.level, view.summary.coverage)
    missed = {} if gate is None else {"fail_on": gate, "fail_on_met": whole["level"] >= gate}
    return {
        "schema": SCHEMA,
        "run": str(out),
        "organisation": view.cover.organisation,
        **whole,
        **missed,
        "frameworks": frameworks,
        "records": records,
        "quarantine": _quarantined(out),
        "verdicts": _verdicts(view),
        "findings": len(view.findings),
        "notices": [{"code": n.code, "text": n.text, "lines": n.lines} for n in view.summary.notices],
    }  # fmt: skip


def _standing(figure: Figure, level: Level, coverage: str) -> dict[str, Any]:
    lo, hi = (float(printed(Fraction(end))) for end in (figure.exact_lo, figure.exact_hi))
    return {
        "level": level.lo,
        "level_at_most": level.hi,
        "score_lo": figure.exact_lo,
        "score_hi": figure.exact_hi,
        "score_lo_percent": lo if figure.assessed else None,
        "score_hi_percent": hi if figure.assessed else None,
        "coverage": float(_plain(coverage.removesuffix(" %"))) if figure.assessed else None,
    }


def _plain(text: str) -> str:
    return from_numeral(text).replace(",", "")


def _quarantined(out: Path) -> dict[str, int]:
    with (out / "quarantine.csv").open(encoding="utf-8-sig", newline="") as file:
        return dict(sorted(Counter(row["kind"] for row in csv.DictReader(file)).items()))


def _verdicts(view: View) -> dict[str, int]:
    names = [f.name for f in fields(Counts) if f.name != "text"]
    return {
        _VERDICTS.get(name, name): sum(getattr(c.counts, name) for c in view.checks)
        for name in names
    }


def as_text(view: View, out: Path) -> Iterator[str]:
    """Yield the headline line by line: what to know first, the numbers, the files, and why the level is what it is."""
    s, n = view.summary, _verdicts(view)
    level = f"level {s.level.text} {s.level.name}" + (f" ({s.level.note})" if s.level.note else "")
    rows = [("Maturity", level), ("Score", _score(s.figure)), ("Coverage", s.coverage)]
    rows += [(f.short, f"{_score(f.total.figure)}; {f.total.assessed}") for f in view.frameworks]
    open_ = ", ".join(f"{n[name]:,} {name}" for name in ("fail", "unknown", "compensated", "attested") if n[name])  # fmt: skip
    rows += [("Records", view.accounting.equation), ("Findings", open_ or "none")]
    width = max(len(label) for label, _ in rows)
    yield f"\n{view.cover.organisation}, {view.cover.period}"
    for notice in s.notices:
        yield f"  ! {notice.text}"
        yield from (f"    {line}" for line in (*notice.lines, notice.rest) if line)
    yield from (f"  {label.ljust(width)}  {text}" for label, text in rows)
    yield ""
    yield from (f"  {path}" for path in sorted(out.iterdir()))
    yield from (f"\n{line}" for line in (_why(view), _first_to_open(out)) if line)


def missed(view: View, gate: int) -> str:
    """Say what keeps a run below the level that is asked for; '' where nothing does."""
    level = view.summary.level
    if level.lo >= gate:
        return ""
    most = f", at most {level.hi} even if all missing evidence proves good" if level.hi > level.lo else ""  # fmt: skip
    return f"--fail-on {gate} is missed: the evidenced level is {level.lo} ({level.name}){most}. {_why(view)}".rstrip()


def _why(view: View) -> str:
    """Say what the level is held by, in the words of the report."""
    if not view.summary.figure.assessed:
        return view.board.meaning
    held = [f"{line.rstrip('.')}." for line in view.summary.caps]
    because = " ".join(filter(None, (*held, view.board.next_text)))
    return f"Why level {view.summary.level.lo}: {because}" if because else ""


def _first_to_open(out: Path) -> str:
    names = (FILES[name] for name in ("html", "pdf", "board-html", "board-pdf", "engineer-html"))
    return next((f"open {out / name}" for name in names if (out / name).is_file()), "")


def _score(figure: Figure) -> str:
    return f"{figure.text}, range {figure.range}" if figure.assessed else figure.text

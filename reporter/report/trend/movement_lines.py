"""Why scores moved, as printed. In: an `Assessment` that was compared. Out: a table, a column a
score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from reporter.i18n.translate import mark, say, say_n
from reporter.model import assessment as model
from reporter.model.history import Part
from reporter.report.trend.standings import names, signed, with_sign
from reporter.report.trend.transitions import MovementRow, Movements
from reporter.report.view.format import join, up_to

GROUPS: Mapping[str, str] = {
    "world": mark("Organisation"),
    "evidence": mark("Evidence"),
    "population": mark("Scope"),
    "rules": mark("Rules"),
    "statements": mark("Statements"),
}
_CAUSES: Mapping[tuple[str, str], Callable[[int], str]] = {
    ("world", "fixed"): lambda n: say_n("{n} result fixed", "{n} results fixed", n),
    ("world", "broken"): lambda n: say_n(
        "{n} result that failed anew", "{n} results that failed anew", n
    ),
    ("world", "tiers"): lambda n: say_n(
        "{n} result on a subject of another risk tier",
        "{n} results on subjects of another risk tier",
        n,
    ),
    ("evidence", "gained"): lambda n: say_n(
        "{n} result with better evidence", "{n} results with better evidence", n
    ),
    ("evidence", "lost"): lambda n: say_n(
        "{n} result with evidence lost", "{n} results with evidence lost", n
    ),
    ("population", "in"): lambda n: say_n("{n} result new in scope", "{n} results new in scope", n),
    ("population", "out"): lambda n: say_n(
        "{n} result no longer in scope", "{n} results no longer in scope", n
    ),
    ("rules", "checks"): lambda n: say_n(
        "{n} check new, gone or changed", "{n} checks new, gone or changed", n
    ),
    ("rules", "thresholds"): lambda n: say_n(
        "{n} check with another threshold", "{n} checks with other thresholds", n
    ),
    ("rules", "mappings"): lambda n: say_n(
        "{n} control with other checks", "{n} controls with other checks", n
    ),
    ("rules", "policy"): lambda n: say("another scoring policy"),
    ("rules", "method"): lambda n: say("another version of the scorer"),
    ("statements", "compensations"): lambda n: say_n(
        "{n} result compensated otherwise", "{n} results compensated otherwise", n
    ),
    ("statements", "attestations"): lambda n: say_n(
        "{n} question answered otherwise", "{n} questions answered otherwise", n
    ),
}


def cause_text(part: Part) -> str:
    """Print a cause with the number of results that it concerns."""
    return _CAUSES[part.group, part.cause](part.n)


def movements(assessment: model.Assessment) -> Movements:
    """Print why each score moved since the last run, the total first."""
    moved, titles = assessment.history.movements, names(assessment)
    if not moved:
        return Movements()
    found = [{(p.group, p.cause): p for p in m.parts} for m in moved]
    rows = [MovementRow("then", say("Then"), tuple(up_to(m.lo_before, m.hi_before) for m in moved))]
    sums: list[tuple[Fraction, str]] = []
    for group, title in GROUPS.items():
        causes = [c for c in _CAUSES if c[0] == group and any(c in parts for parts in found)]
        if not causes:
            continue
        points = [sum((p.lo for p in m.parts if p.group == group), Fraction(0)) for m in moved]
        sums.append((points[0], say(title)))
        rows.append(MovementRow("group", say(title), tuple(map(with_sign, points))))
        for cause in causes:
            n = max(parts[cause].n for parts in found if cause in parts)
            cells = (parts[cause].lo if cause in parts else Fraction(0) for parts in found)
            rows.append(MovementRow("cause", _CAUSES[cause](n), tuple(map(with_sign, cells))))
    rows.append(MovementRow("total", say("Now"), tuple(up_to(m.lo, m.hi) for m in moved)))
    largest = sorted((x for x in sums if x[0]), key=lambda x: -abs(x[0]))
    return Movements(
        text=say(
            "Each cause has the points that it adds to the evidenced score, averaged over all"
            " orders in which the causes of a group stay together. Together they are the"
            " difference, exactly; printed they are rounded. Target profiles and waivers move no"
            " score."
        ),
        columns=tuple(titles[m.kind, m.id] for m in moved),
        rows=tuple(rows),
        whole=join(f"{title} {signed(points)}" for points, title in largest),
    )

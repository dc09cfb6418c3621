"""Workpapers: for each control and each of its checks what was tested, on whom, and what came out.
In: frameworks and checks as printed. Out: rows of texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reporter.i18n.translate import say, word
from reporter.report.view.elements import Check, Control, Framework
from reporter.report.view.format import applicable, number, ranged

COLUMNS = (
    *("framework", "control", "control_title", "check", "strength", "tested", "evidence_used"),
    *("population", "sample", "judged", "exceptions", "not_judged", "first_exceptions"),
    *("records", "check_result", "conclusion", "not_shown"),
)
NAMED = 5
"""Exceptions named in a row; findings.csv has all."""


def workpapers(frameworks: Sequence[Framework], checks: Sequence[Check]) -> Iterator[Sequence[str]]:
    """Yield a row for each control and check that counts for it, and one for a control without
    any.
    """
    by_id = {c.id: c for c in checks}
    for framework in frameworks:
        for control in framework.controls:
            yield from _of_control(framework, control, by_id)


def _of_control(
    framework: Framework, control: Control, checks: Mapping[str, Check]
) -> Iterator[Sequence[str]]:
    head = (framework.short, control.id, control.title)
    end = (_conclusion(control), control.not_shown)
    if not control.checks:
        asked = say("No check: answered by people. {question}", question=control.ask)
        yield (*head, "", "", asked, *("",) * 9, *end)
    for line in control.checks:
        check = checks[line.check.text]
        tally, first = check.counts, check.failing[:NAMED]
        total = applicable(tally)
        more = len(check.failing) < tally.failed or len(check.failing) > NAMED
        rest = say("; and more in findings.csv") if more else ""
        yield (
            *head,
            check.id,
            word(line.strength),
            check.title,
            check.evidence,
            number(total),
            check.sample or (say("all subjects") if total else say("no subject in scope")),
            number(total - tally.unknown),
            number(tally.failed),
            number(tally.unknown),
            "; ".join(f"{s.subject}: {s.reason}" for s in first) + (rest if first else ""),
            "; ".join(dict.fromkeys(s.record for s in first)),
            ranged(check.figure),
            *end,
        )


def _conclusion(control: Control) -> str:
    """Return what the tests show of a control, in one line."""
    rating = control.rating_text if control.state == "assessed" else ""
    parts = (word(control.state.replace("_", " ")), control.extent, rating, ranged(control.figure))
    return " · ".join(dict.fromkeys(p for p in parts if p))

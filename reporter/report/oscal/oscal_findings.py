"""Findings on controls. In: frameworks and answers of a view. Out: one OSCAL finding per control.

OSCAL has only satisfied and not-satisfied. Satisfied means proven in full; unknown is never
satisfied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reporter.report.chapters.said_by_people import AnswerLine
from reporter.report.document import View
from reporter.report.oscal.oscal_observations import answer_uuid, check_uuid
from reporter.report.oscal.oscal_parts import (
    OBJECTIVE,
    Json,
    Names,
    filled,
    markup,
    props,
    related,
    scored,
    title,
)
from reporter.report.view import elements

SATISFIED, NOT_SATISFIED = "satisfied", "not-satisfied"


def finding_uuid(names: Names, framework: str, control: str) -> str:
    """Return the UUID of the finding on a control."""
    return names.uuid("finding", framework, control)


def findings(view: View, names: Names, risks: Mapping[str, list[str]]) -> Iterator[Json]:
    """Yield the finding on each control of each framework; `risks` are those of each check."""
    answers = {t.anchor: t for t in view.attestations.rows if t.settles}
    for f in view.frameworks:
        for c in f.controls:
            yield _finding(f, c, names, answers.get(c.anchor), risks)


def status(control: elements.Control, answer: AnswerLine | None) -> Json:
    """Return the status of a control: satisfied only with a full evidenced score; otherwise failed,
    or without evidence.
    """
    if control.state == "assessed" and control.figure.exact_lo == "1/1":
        return {"state": SATISFIED, "reason": "pass"}
    if any(k.counts.failed for k in control.checks) or (answer and answer.counts_as == "fail"):
        return {"state": NOT_SATISFIED, "reason": "fail"}
    remark = "Nothing failed, but there is insufficient evidence"
    if control.state == "not_applicable":
        remark = (
            "Not applicable: no subject is in scope, so it counts in no total. OSCAL has no state"
            " for that"
        )
    elif control.state == "not_assessed":
        remark = "Not assessed: insufficient evidence"
    elif any(k.counts.compensated for k in control.checks):
        remark = (
            "No failure is left uncompensated, but there is insufficient evidence for all of it"
        )
    return {"state": NOT_SATISFIED, "reason": "other", "remarks": f"{remark}."}


def limits_of(control: elements.Control) -> list[str]:
    """Say what the checks of a control show, and what none of them does."""
    not_shown = f"What no check shows: {control.not_shown}" if control.not_shown else ""
    return [text for text in (control.shown, not_shown) if text]


def _finding(
    framework: elements.Framework,
    control: elements.Control,
    names: Names,
    answer: AnswerLine | None,
    risks: Mapping[str, list[str]],
) -> Json:
    checks = [line.check.text for line in control.checks]
    observations = [check_uuid(names, check) for check in checks]
    observations += [answer_uuid(names, answer)] if answer else []
    na = control.state == "not_applicable"
    return filled(
        uuid=finding_uuid(names, framework.id, control.id),
        title=title(f"{framework.short} {control.id}: {control.title}", control.id),
        description=markup(control.standing),
        props=props(framework=framework.id, control=control.id, state=control.state)
        + scored(control.figure, control.coverage)
        + props(
            rating=control.rating,
            gap=control.gap_text,
            confidence=control.confidence,
            assessed=control.extent,
        ),
        target=filled(
            type="objective-id",
            target_id=names.ids[OBJECTIVE, framework.id, control.id],
            title=title(f"{control.id} {control.title}", control.id),
            status=status(control, answer),
            implementation_status={"state": "not-applicable"} if na else None,
        ),
        related_observations=related("observation", observations),
        related_risks=related("risk", (r for check in checks for r in risks.get(check, ()))),
        remarks=markup("\n\n".join((*control.reasons, *limits_of(control)))),
    )

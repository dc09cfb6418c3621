"""What it means for the controls. In: frameworks and answers of a view. Out: one OSCAL finding a
control.

OSCAL knows satisfied and not-satisfied only. Satisfied is what is proven in full; unknown never is.
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


def finding_uuid(known: Names, framework: str, control: str) -> str:
    """Name the finding on a control."""
    return known.uuid("finding", framework, control)


def findings(view: View, known: Names, risks: Mapping[str, list[str]]) -> Iterator[Json]:
    """Return the finding on each control of each framework; `risks` are those of each check."""
    answers = {t.anchor: t for t in view.attestations.rows if t.settles}
    for f in view.frameworks:
        for c in f.controls:
            yield _finding(f, c, known, answers.get(c.anchor), risks)


def status(c: elements.Control, answer: AnswerLine | None) -> Json:
    """Say whether a control is satisfied: only if its evidenced score is full. Else it fails, or
    evidence is missing.
    """
    if c.state == "assessed" and c.figure.exact_lo == "1/1":
        return {"state": SATISFIED, "reason": "pass"}
    if any(k.counts.failed for k in c.checks) or (answer and answer.counts_as == "fail"):
        return {"state": NOT_SATISFIED, "reason": "fail"}
    said = "Nothing failed, but there is insufficient evidence"
    if c.state == "not_applicable":
        said = (
            "Not applicable: no subject is in scope, so it counts in no total. OSCAL has no state"
            " for that"
        )
    elif c.state == "not_assessed":
        said = "Not assessed: insufficient evidence"
    elif any(k.counts.compensated for k in c.checks):
        said = "No failure is left uncompensated, but there is insufficient evidence for all of it"
    return {"state": NOT_SATISFIED, "reason": "other", "remarks": f"{said}."}


def _finding(
    f: elements.Framework,
    c: elements.Control,
    known: Names,
    answer: AnswerLine | None,
    risks: Mapping[str, list[str]],
) -> Json:
    checks = [line.check.text for line in c.checks]
    seen = [check_uuid(known, check) for check in checks]
    seen += [answer_uuid(known, answer)] if answer else []
    na = c.state == "not_applicable"
    return filled(
        uuid=finding_uuid(known, f.id, c.id),
        title=title(f"{f.short} {c.id}: {c.title}", c.id),
        description=markup(c.standing),
        props=props(framework=f.id, control=c.id, state=c.state)
        + scored(c.figure, c.coverage, c.level)
        + props(gap=c.gap_text, confidence=c.confidence, weight_sensitive=c.level.sensitive),
        target=filled(
            type="objective-id",
            target_id=known.ids[OBJECTIVE, f.id, c.id],
            title=title(f"{c.id} {c.title}", c.id),
            status=status(c, answer),
            implementation_status={"state": "not-applicable"} if na else None,
        ),
        related_observations=related("observation", seen),
        related_risks=related("risk", (r for check in checks for r in risks.get(check, ()))),
        remarks=markup("\n\n".join(c.reasons)),
    )

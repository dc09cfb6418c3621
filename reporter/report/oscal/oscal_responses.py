"""Responses of management. In: the register of a view, and the actions that each finding needs.
Out: remediations of the risks that they answer, or risks of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from reporter.model.statements import DONE, RISK_ACCEPTED
from reporter.report.chapters.follow_up.response_register import (
    CLOSED,
    OPEN,
    UNKNOWN_ID,
    ResponseLine,
)
from reporter.report.document import View
from reporter.report.oscal.oscal_parts import Json, Names, filled, markup, props, title

_LIFECYCLES = {DONE: "completed", RISK_ACCEPTED: "risk-accepted", "disputed": "disputed"}
"""Status of a response -> OSCAL lifecycle; what is accepted or in progress is planned."""
_STATUSES = {OPEN: "open", CLOSED: "closed"}
"""What became of a finding -> OSCAL status of its risk; what is not shown to be fixed is under
investigation.
"""


def by_rank(view: View) -> dict[int, list[ResponseLine]]:
    """Return the responses to the findings of each action, by its rank."""
    lines = _open(view)
    by_action: dict[int, list[ResponseLine]] = defaultdict(list)
    for cause, rank in _actions(view) if lines else ():
        by_action[rank] += lines.get(cause, ())
    return by_action


def remediations(lines: Sequence[ResponseLine], names: Names) -> list[Json]:
    """Return what was answered as planned or completed remediations of a risk."""
    return [_remediation(line, names) for line in lines]


def deadline(lines: Sequence[ResponseLine]) -> str:
    """Return the first day on which something that was answered is due."""
    days = [line.due_iso for line in lines if line.due_iso]
    return f"{min(days)}T00:00:00Z" if days else ""


def answered_risks(view: View, names: Names) -> Iterator[Json]:
    """Yield a risk for each response to a finding that no action is about: it is fixed, not shown
    to be fixed, or waived as a whole.
    """
    in_actions = {cause for cause, _ in _actions(view)} if view.responses.rows else set()
    for line in view.responses.rows:
        if line.standing == UNKNOWN_ID or line.cause in in_actions:
            continue
        heading = line.title or f"Finding {line.finding}"
        yield filled(
            uuid=names.uuid("risk", "response", line.finding),
            title=title(heading, line.finding),
            description=markup(line.what or heading),
            statement=markup(line.note or f"{heading}: {line.standing}."),
            props=props(finding=line.finding, standing=line.standing, severity=line.severity),
            status=_STATUSES.get(line.standing, "investigating"),
            deadline=deadline([line]) if line.standing != CLOSED else "",
            remediations=[_remediation(line, names)],
        )


def unplaced(view: View) -> str:
    """Name the responses that no risk can hold, as no run that was given has such a finding."""
    ids = [line.finding for line in view.responses.rows if line.standing == UNKNOWN_ID]
    listed = ", ".join(ids)
    return f"Responses to ids that no finding has, in responses.csv: {listed}." if ids else ""


def _open(view: View) -> Mapping[str, list[ResponseLine]]:
    lines: dict[str, list[ResponseLine]] = defaultdict(list)
    for line in view.responses.rows:
        if line.cause:
            lines[line.cause].append(line)
    return lines


def _actions(view: View) -> list[tuple[str, int]]:
    """Return the finding and the rank of each action that fixes a part of it."""
    where = "cause <> '' AND rank IS NOT NULL"
    return view.findings.results.rows(("cause", "rank"), where, "GROUP BY ALL ORDER BY ALL")


def _remediation(line: ResponseLine, names: Names) -> Json:
    said = f"Response: {line.status}"
    return filled(
        uuid=names.uuid("remediation", "response", line.finding),
        lifecycle=_LIFECYCLES.get(line.status, "planned"),
        title=title(said, line.finding),
        description=markup(line.response or said),
        props=props(
            finding=line.finding,
            status=line.status,
            standing=line.standing,
            owner=line.owner,
            due=line.due_iso,
            due_by_policy=line.policy_iso,
            days_overdue=line.late or "",
            evidence=line.evidence,
            record=line.record,
        ),
        remarks=markup(line.note),
    )

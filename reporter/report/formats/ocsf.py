"""findings.ocsf.jsonl: findings as OCSF Compliance Findings (class 2003), one event per line.

Missing evidence is a Warning ("no result, for lack of information"), never a Pass. All times are
`as_of`: nothing reads the clock, and one run cannot tell when a finding first appeared.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from reporter.report import Format
from reporter.report.document import View
from reporter.report.findings import Finding, findings, tool_version

VERSION = "1.8.0"
STATUSES = {"fail": (3, "Fail"), "unknown": (2, "Warning")}
"""Ours -> compliance.status_id and its caption; any other is 99, Other, with our own word."""
ACTIVITIES = ("Create", "Update", "Close")
SEVERITIES = {
    "low": (2, "Low"),
    "medium": (3, "Medium"),
    "high": (4, "High"),
    "critical": (5, "Critical"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What an event says of one result."""

    uid: str
    check: str
    title: str
    theme: str
    severity: str
    fix: str
    about: str
    subject: str
    actor: str
    owner: str
    tier: str
    status: str
    reason: str
    record: str
    waived_until: str
    waiver: str
    controls: tuple[tuple[str, str, str, str], ...]
    """(short name and title of a framework, id and title of a control)"""


def write(view: View, path: Path) -> None:
    """Write an event for every fail, unknown, compensated and attested result."""
    moment = datetime.fromisoformat(view.cover.as_of_iso)
    frame = frame_of(moment, tool_version(view), view.cover.evidence_id, view.cover.organisation)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for finding in findings(view):
            file.write(line_of(frame | event_of(_told(finding), frame["time"])) + "\n")


def line_of(event: dict[str, Any]) -> str:
    """Return an event on one line, without its end."""
    return json.dumps(event, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def frame_of(
    moment: datetime, version: str, correlation: str, organisation: str, activity: str = "Create"
) -> dict[str, Any]:
    """Return the fields that all events of one activity at one moment share."""
    number = ACTIVITIES.index(activity) + 1
    return {
        "activity_id": number,
        "activity_name": activity,
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2003,
        "class_name": "Compliance Finding",
        "type_uid": 200300 + number,
        "type_name": f"Compliance Finding: {activity}",
        "time": int(moment.timestamp() * 1000),
        "metadata": {
            "version": VERSION,
            "profiles": [],
            "product": {"name": "Reporter", "vendor_name": "Reporter", "version": version},
            "correlation_uid": correlation,
            "tenant_uid": organisation,
        },
    }


def _told(finding: Finding) -> Told:
    check = finding.check
    return Told(
        finding.uid,
        check.id,
        check.title,
        check.theme,
        check.severity,
        check.fix,
        check.about,
        finding.subject,
        finding.actor,
        finding.owner,
        finding.tier,
        finding.status,
        finding.reason,
        finding.record,
        finding.waived_until,
        finding.waiver,
        tuple((f.short, f.title, c.id, c.title) for f, c in finding.controls),
    )


def event_of(told: Told, time: int) -> dict[str, Any]:
    """Return the fields of an event that are those of its result."""
    severity_id, severity = SEVERITIES[told.severity]
    event = {
        "severity_id": severity_id,
        "severity": severity,
        "message": f"{told.check} {told.status}: {told.subject}. {told.reason}".rstrip(),
        "finding_info": {
            "uid": told.uid,
            "title": told.title,
            "desc": told.reason or told.title,
            "last_seen_time": time,
            "types": [told.theme],
        },
        "compliance": _compliance(told),
        "remediation": {"desc": told.fix},
        "resources": _resources(told),
    }
    if told.record:
        file, _, number = told.record.rpartition("#")
        data = (
            {"file": file, "record": int(number)} if number.isdecimal() else {"record": told.record}
        )
        event["evidences"] = [{"name": told.record, "data": data}]
    if told.waived_until:
        event["unmapped"] = {"waived_until": told.waived_until, "waiver": told.waiver}
    return event


def _compliance(told: Told) -> dict[str, Any]:
    status_id, status = STATUSES.get(told.status, (99, told.status))
    details = [told.reason] if told.reason else []
    if told.waived_until:
        details.append(f"waived until {told.waived_until} by {told.waiver}; a waiver is not a pass")
    return {
        "control": told.check,
        "desc": told.title,
        "category": told.theme,
        "status_id": status_id,
        "status": status,
        "status_code": told.status,
        "status_details": details,
        "standards": list(dict.fromkeys(title for _, title, _, _ in told.controls)),
        "requirements": [f"{short} {control}" for short, _, control, _ in told.controls],
        "checks": [
            {"uid": control, "name": name, "standards": [title]}
            for _, title, control, name in told.controls
        ],
    }


def _resources(told: Told) -> list[dict[str, Any]]:
    subject: dict[str, Any] = {"uid": told.subject, "name": told.subject, "type": told.about}
    subject["criticality"] = f"tier {told.tier}"
    if told.owner:
        subject["owner"] = {"name": told.owner}
    if told.actor in ("", told.subject):
        return [subject]
    return [subject, {"uid": told.actor, "name": told.actor, "type": "actor"}]


FORMAT = Format("ocsf", "findings.ocsf.jsonl", write)

"""findings.ocsf.jsonl: findings as OCSF Compliance Findings (class 2003), one event per line.

Missing evidence is a Warning ("no result, for lack of information"), never a Pass. All times are
`as_of`: nothing reads the clock, and one run cannot tell when a finding first appeared.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from reporter.report import Format
from reporter.report.document import View
from reporter.report.findings import Finding, findings, tool_version

VERSION = "1.8.0"
STATUSES = {"fail": (3, "Fail"), "unknown": (2, "Warning")}
"""Ours -> compliance.status_id and its caption; any other is 99, Other, with our own word."""
SEVERITIES = {
    "low": (2, "Low"),
    "medium": (3, "Medium"),
    "high": (4, "High"),
    "critical": (5, "Critical"),
}


def write(view: View, path: Path) -> None:
    """Write an event for every fail, unknown, compensated and attested result."""
    frame = _frame(view)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for finding in findings(view):
            event = frame | _event(finding, frame["time"])
            json.dump(event, file, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            file.write("\n")


def _frame(view: View) -> dict[str, Any]:
    """Return the fields that all events of a run share."""
    moment = datetime.fromisoformat(view.cover.as_of_iso)
    return {
        "activity_id": 1,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2003,
        "class_name": "Compliance Finding",
        "type_uid": 200301,
        "type_name": "Compliance Finding: Create",
        "time": int(moment.timestamp() * 1000),
        "metadata": {
            "version": VERSION,
            "profiles": [],
            "product": {
                "name": "Reporter",
                "vendor_name": "Reporter",
                "version": tool_version(view),
            },
            "correlation_uid": view.cover.evidence_id,
            "tenant_uid": view.cover.organisation,
        },
    }


def _event(finding: Finding, time: int) -> dict[str, Any]:
    severity_id, severity = SEVERITIES[finding.check.severity]
    event = {
        "severity_id": severity_id,
        "severity": severity,
        "message": (
            f"{finding.check.id} {finding.status}: {finding.subject}. {finding.reason}".rstrip()
        ),
        "finding_info": {
            "uid": finding.uid,
            "title": finding.check.title,
            "desc": finding.reason or finding.check.title,
            "last_seen_time": time,
            "types": [finding.check.theme],
        },
        "compliance": _compliance(finding),
        "remediation": {"desc": finding.check.fix},
        "resources": _resources(finding),
    }
    if finding.record:
        file, _, number = finding.record.rpartition("#")
        data = (
            {"file": file, "record": int(number)}
            if number.isdecimal()
            else {"record": finding.record}
        )
        event["evidences"] = [{"name": finding.record, "data": data}]
    if finding.waived_until:
        event["unmapped"] = {"waived_until": finding.waived_until, "waiver": finding.waiver}
    return event


def _compliance(finding: Finding) -> dict[str, Any]:
    status_id, status = STATUSES.get(finding.status, (99, finding.status))
    details = [finding.reason] if finding.reason else []
    if finding.waived_until:
        details.append(
            f"waived until {finding.waived_until} by {finding.waiver}; a waiver is not a pass"
        )
    return {
        "control": finding.check.id,
        "desc": finding.check.title,
        "category": finding.check.theme,
        "status_id": status_id,
        "status": status,
        "status_code": finding.status,
        "status_details": details,
        "standards": list(dict.fromkeys(framework.title for framework, _ in finding.controls)),
        "requirements": [
            f"{framework.short} {control.id}" for framework, control in finding.controls
        ],
        "checks": [
            {"uid": control.id, "name": control.title, "standards": [framework.title]}
            for framework, control in finding.controls
        ],
    }


def _resources(finding: Finding) -> list[dict[str, Any]]:
    subject: dict[str, Any] = {
        "uid": finding.subject,
        "name": finding.subject,
        "type": finding.check.about,
    }
    subject["criticality"] = f"tier {finding.tier}"
    if finding.owner:
        subject["owner"] = {"name": finding.owner}
    if finding.actor in ("", finding.subject):
        return [subject]
    return [subject, {"uid": finding.actor, "name": finding.actor, "type": "actor"}]


FORMAT = Format("ocsf", "findings.ocsf.jsonl", write)

"""findings.ocsf.jsonl: findings as OCSF Compliance Findings (class 2003), an event a line.

Missing evidence is a Warning ("no result, for lack of information"), never a Pass. Times are
`as_of`: nothing asks the clock, and when a finding was first seen or whether it is new, one run
does not know."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from reporter.report import Format
from reporter.report.document import View
from reporter.report.verdicts import Finding, findings, tool_version

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
    """Write an event for every fail, unknown, compensated and attested verdict."""
    frame = _frame(view)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for finding in findings(view):
            event = frame | _event(finding, frame["time"])
            json.dump(event, file, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            file.write("\n")


def _frame(view: View) -> dict[str, Any]:
    """What every event of a run says."""
    at = datetime.fromisoformat(view.cover.as_of_iso)
    return {
        "activity_id": 1,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2003,
        "class_name": "Compliance Finding",
        "type_uid": 200301,
        "type_name": "Compliance Finding: Create",
        "time": int(at.timestamp() * 1000),
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


def _event(f: Finding, at: int) -> dict[str, Any]:
    severity_id, severity = SEVERITIES[f.check.severity]
    event = {
        "severity_id": severity_id,
        "severity": severity,
        "message": f"{f.check.id} {f.status}: {f.subject}. {f.reason}".rstrip(),
        "finding_info": {
            "uid": f.uid,
            "title": f.check.title,
            "desc": f.reason or f.check.title,
            "last_seen_time": at,
            "types": [f.check.theme],
        },
        "compliance": _compliance(f),
        "remediation": {"desc": f.check.fix},
        "resources": _resources(f),
    }
    if f.record:
        file, _, number = f.record.rpartition("#")
        data = {"file": file, "record": int(number)} if number.isdecimal() else {"record": f.record}
        event["evidences"] = [{"name": f.record, "data": data}]
    if f.waived_until:
        event["unmapped"] = {"waived_until": f.waived_until, "waiver": f.waiver}
    return event


def _compliance(f: Finding) -> dict[str, Any]:
    status_id, status = STATUSES.get(f.status, (99, f.status))
    details = [f.reason] if f.reason else []
    if f.waived_until:
        details.append(f"waived until {f.waived_until} by {f.waiver}; a waiver is not a pass")
    return {
        "control": f.check.id,
        "desc": f.check.title,
        "category": f.check.theme,
        "status_id": status_id,
        "status": status,
        "status_code": f.status,
        "status_details": details,
        "standards": list(dict.fromkeys(framework.title for framework, _ in f.controls)),
        "requirements": [f"{framework.short} {control.id}" for framework, control in f.controls],
        "checks": [
            {"uid": control.id, "name": control.title, "standards": [framework.title]}
            for framework, control in f.controls
        ],
    }


def _resources(f: Finding) -> list[dict[str, Any]]:
    subject: dict[str, Any] = {"uid": f.subject, "name": f.subject, "type": f.check.about}
    subject["criticality"] = f"tier {f.tier}"
    if f.owner:
        subject["owner"] = {"name": f.owner}
    if f.actor in ("", f.subject):
        return [subject]
    return [subject, {"uid": f.actor, "name": f.actor, "type": "actor"}]


FORMAT = Format("ocsf", "findings.ocsf.jsonl", write)

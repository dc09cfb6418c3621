"""findings.sarif: SARIF 2.1.0 of findings in configuration, that is in inventories and statements.

Findings from logs alone are no defects of a file and are left out, as are those beyond `MOST`
results. Both are counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from heapq import nsmallest
from pathlib import Path
from typing import Any
from urllib.parse import quote

from reporter.model.assessment import SEVERITIES
from reporter.report import Format
from reporter.report.chapters.accounting import FileLine
from reporter.report.chapters.said_by_people import WaivedLine
from reporter.report.document import View
from reporter.report.findings import ControlsServed, Finding, controls_of, findings, tool_version
from reporter.report.view.elements import Check, Framework
from reporter.report.view.format import number, top_tier

MOST = 5000
"""Results that readers of SARIF can show; all findings are in findings.csv."""
SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
FOLDERS = ("inventory/", "statements/")
LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
KINDS = {"fail": "fail", "unknown": "open"}
"""Ours -> SARIF; compensated and attested are for a person to review."""


def write(view: View, path: Path) -> None:
    """Write the log with one run."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run(view)]}
    text = json.dumps(log, ensure_ascii=False, sort_keys=True, indent=1)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def run(view: View) -> dict[str, Any]:
    """Return the run: rules, taxonomies, and the most severe results."""
    checks = [c for c in view.checks if c.needs in ("inventory", "both")]
    rules = {c.id: n for n, c in enumerate(checks)}
    configured_total = 0

    def configured() -> Iterator[Finding]:
        nonlocal configured_total
        for finding in findings(view):
            if finding.check.id in rules and finding.record.startswith(FOLDERS):
                configured_total += 1
                yield finding

    selection = nsmallest(MOST, configured(), key=lambda f: (-_rank(f), f.check.id, f.subject))
    files = {f.file: f for f in view.accounting.files}
    waivers = {w.record: w for w in view.waivers.waivers}
    results = [_result(f, rules[f.check.id], files, waivers) for f in selection]
    return {
        "tool": {"driver": _driver(view, checks)},
        "taxonomies": [_taxonomy(f) for f in view.frameworks],
        "results": results,
        "columnKind": "unicodeCodePoints",
        "automationDetails": {"id": f"reporter/{view.cover.evidence_short}"},
        "invocations": [_invocation(configured_total - len(results))],
        "properties": {
            "organisation": view.cover.organisation,
            "period": view.cover.period,
            "asOf": view.cover.as_of_iso,
            "evidenceId": view.cover.evidence_id,
            "results": len(results),
            "leftOutBeyondLimit": configured_total - len(results),
            "leftOutNoConfiguration": len(view.findings) - configured_total,
            "allFindings": "findings.csv",
        },
    }


def _invocation(omitted_count: int) -> dict[str, Any]:
    if not omitted_count:
        return {"executionSuccessful": True}
    text = (
        f"{number(omitted_count)} findings are not listed: of more than {number(MOST)}, those of"
        " the highest severity and tier are. findings.csv has all."
    )
    note = {"level": "warning", "descriptor": {"id": "results-left-out"}, "message": {"text": text}}
    return {"executionSuccessful": True, "toolExecutionNotifications": [note]}


def _driver(view: View, checks: list[Check]) -> dict[str, Any]:
    controls_by_check = controls_of(view)
    places = {
        (f.id, c.id): (n, i)
        for n, f in enumerate(view.frameworks)
        for i, c in enumerate(f.controls)
    }
    return {
        "name": "Reporter",
        "version": tool_version(view) or "unknown",
        "supportedTaxonomies": [{"name": f.id, "index": n} for n, f in enumerate(view.frameworks)],
        "rules": [_rule(c, controls_by_check.get(c.id, ()), places) for c in checks],
    }


def _rule(
    check: Check, controls: ControlsServed, places: dict[tuple[str, str], tuple[int, int]]
) -> dict[str, Any]:
    relationships = []
    for framework, control in controls:
        position, index = places[framework.id, control.id]
        component = {"name": framework.id, "index": position}
        target = {"id": control.id, "index": index, "toolComponent": component}
        relationships.append({"target": target, "kinds": ["relevant"]})
    return {
        "id": check.id,
        "shortDescription": {"text": _literal(check.title)},
        "fullDescription": {"text": _literal(check.why or check.title)},
        "help": {"text": _literal(check.fix or check.title)},
        "defaultConfiguration": {"level": LEVELS[check.severity]},
        "relationships": relationships,
        "properties": {"severity": check.severity, "tags": [check.theme]},
    }


def _taxonomy(framework: Framework) -> dict[str, Any]:
    taxa = [
        {"id": c.id, "shortDescription": {"text": _literal(c.title)}} for c in framework.controls
    ]
    return {
        "name": framework.id,
        "fullName": framework.title,
        "shortDescription": {"text": _literal(framework.title)},
        "isComprehensive": False,
        "taxa": taxa,
    }


def _rank(finding: Finding) -> float:
    """Return a rank up to 100: twenty for each severity step and five for each possible tier."""
    tier = top_tier(finding.tier)
    return 20.0 * (len(SEVERITIES) - 1 - SEVERITIES.index(finding.check.severity)) + 20 + 5 * tier


def _result(
    finding: Finding, rule: int, files: dict[str, FileLine], waivers: dict[str, WaivedLine]
) -> dict[str, Any]:
    kind = KINDS.get(finding.status, "review")
    properties = {
        "subject": finding.subject,
        "actor": finding.actor,
        "owner": finding.owner,
        "tier": finding.tier,
    }
    return {
        "ruleId": finding.check.id,
        "ruleIndex": rule,
        "kind": kind,
        "level": LEVELS[finding.check.severity] if kind == "fail" else "none",
        "message": {"text": _literal(f"{finding.subject}: {finding.reason or finding.status}")},
        "rank": _rank(finding),
        "correlationGuid": finding.uid,
        "partialFingerprints": {"checkAndSubject/v1": finding.uid},
        "locations": [_location(finding, files)],
        "suppressions": [_suppression(finding, waivers)] if finding.waived_until else [],
        "properties": {
            **properties,
            "status": finding.status,
            "severity": finding.check.severity,
            "record": finding.record,
        },
    }


def _location(finding: Finding, files: dict[str, FileLine]) -> dict[str, Any]:
    """Return the file, the line number where records have one, and the agent."""
    name, _, place = finding.record.rpartition("#")
    line = files.get(name)
    path = name.removesuffix(f"!{line.part}") if line and line.part else name
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(path)}}
    if line and line.lined and place.isdecimal() and int(place) > 0:
        physical["region"] = {"startLine": int(place)}
    locations = [{"name": finding.subject, "kind": finding.check.about}]
    if finding.actor not in ("", finding.subject):
        locations.append({"name": finding.actor, "kind": "actor"})
    return {"physicalLocation": physical, "logicalLocations": locations}


def _suppression(finding: Finding, waivers: dict[str, WaivedLine]) -> dict[str, Any]:
    waiver = waivers.get(finding.waiver)
    reason = f"{waiver.reason} (approved by {waiver.who}) " if waiver else ""
    text = f"{reason}until {finding.waived_until}, {finding.waiver}"
    return {"kind": "external", "status": "accepted", "justification": text}


def _literal(text: str) -> str:
    """Escape a text so that readers of messages find no placeholder or link in it."""
    return text.replace("{", "{{").replace("}", "}}").replace("](", "\\](")


FORMAT = Format("sarif", "findings.sarif", write)

"""findings.sarif: SARIF 2.1.0 of what the view finds in configuration: records of inventories and
statements.

What logs alone show is no defect of a file and is left out, and so is what goes beyond `MOST`
results; both are counted."""

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
from reporter.report.verdicts import Finding, Served, controls_of, findings, tool_version
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
    """Return the run: rules, taxonomies, and the results that weigh most."""
    checks = [c for c in view.checks if c.needs in ("inventory", "both")]
    rules = {c.id: n for n, c in enumerate(checks)}
    ours = 0

    def configured() -> Iterator[Finding]:
        nonlocal ours
        for f in findings(view):
            if f.check.id in rules and f.record.startswith(FOLDERS):
                ours += 1
                yield f

    most = nsmallest(MOST, configured(), key=lambda f: (-_rank(f), f.check.id, f.subject))
    files = {f.file: f for f in view.accounting.files}
    waivers = {w.record: w for w in view.waivers.waivers}
    shown = [_result(f, rules[f.check.id], files, waivers) for f in most]
    return {
        "tool": {"driver": _driver(view, checks)},
        "taxonomies": [_taxonomy(f) for f in view.frameworks],
        "results": shown,
        "columnKind": "unicodeCodePoints",
        "automationDetails": {"id": f"reporter/{view.cover.evidence_short}"},
        "invocations": [_invocation(ours - len(shown))],
        "properties": {
            "organisation": view.cover.organisation,
            "period": view.cover.period,
            "asOf": view.cover.as_of_iso,
            "evidenceId": view.cover.evidence_id,
            "results": len(shown),
            "leftOutBeyondLimit": ours - len(shown),
            "leftOutNoConfiguration": len(view.findings) - ours,
            "allFindings": "findings.csv",
        },
    }


def _invocation(left_out: int) -> dict[str, Any]:
    if not left_out:
        return {"executionSuccessful": True}
    text = (
        f"{number(left_out)} findings are not listed: of more than {number(MOST)}, those of the"
        " highest severity and tier are. findings.csv has all."
    )
    note = {"level": "warning", "descriptor": {"id": "results-left-out"}, "message": {"text": text}}
    return {"executionSuccessful": True, "toolExecutionNotifications": [note]}


def _driver(view: View, checks: list[Check]) -> dict[str, Any]:
    served = controls_of(view)
    places = {
        (f.id, c.id): (n, i)
        for n, f in enumerate(view.frameworks)
        for i, c in enumerate(f.controls)
    }
    return {
        "name": "Reporter",
        "version": tool_version(view) or "unknown",
        "supportedTaxonomies": [{"name": f.id, "index": n} for n, f in enumerate(view.frameworks)],
        "rules": [_rule(c, served.get(c.id, ()), places) for c in checks],
    }


def _rule(
    check: Check, served: Served, places: dict[tuple[str, str], tuple[int, int]]
) -> dict[str, Any]:
    relationships = []
    for framework, control in served:
        at, index = places[framework.id, control.id]
        component = {"name": framework.id, "index": at}
        target = {"id": control.id, "index": index, "toolComponent": component}
        relationships.append({"target": target, "kinds": ["relevant"]})
    return {
        "id": check.id,
        "shortDescription": {"text": _said(check.title)},
        "fullDescription": {"text": _said(check.why or check.title)},
        "help": {"text": _said(check.fix or check.title)},
        "defaultConfiguration": {"level": LEVELS[check.severity]},
        "relationships": relationships,
        "properties": {"severity": check.severity, "tags": [check.theme]},
    }


def _taxonomy(framework: Framework) -> dict[str, Any]:
    taxa = [{"id": c.id, "shortDescription": {"text": _said(c.title)}} for c in framework.controls]
    return {
        "name": framework.id,
        "fullName": framework.title,
        "shortDescription": {"text": _said(framework.title)},
        "isComprehensive": False,
        "taxa": taxa,
    }


def _rank(f: Finding) -> float:
    """Twenty a step of severity and five a tier, the highest that the subject may have; of 100."""
    tier = top_tier(f.tier)
    return 20.0 * (len(SEVERITIES) - 1 - SEVERITIES.index(f.check.severity)) + 20 + 5 * tier


def _result(
    f: Finding, rule: int, files: dict[str, FileLine], waivers: dict[str, WaivedLine]
) -> dict[str, Any]:
    kind = KINDS.get(f.status, "review")
    properties = {"subject": f.subject, "actor": f.actor, "owner": f.owner, "tier": f.tier}
    return {
        "ruleId": f.check.id,
        "ruleIndex": rule,
        "kind": kind,
        "level": LEVELS[f.check.severity] if kind == "fail" else "none",
        "message": {"text": _said(f"{f.subject}: {f.reason or f.status}")},
        "rank": _rank(f),
        "correlationGuid": f.uid,
        "partialFingerprints": {"checkAndSubject/v1": f.uid},
        "locations": [_location(f, files)],
        "suppressions": [_suppression(f, waivers)] if f.waived_until else [],
        "properties": {
            **properties,
            "status": f.status,
            "severity": f.check.severity,
            "record": f.record,
        },
    }


def _location(f: Finding, files: dict[str, FileLine]) -> dict[str, Any]:
    """The file, its line where records are numbered by lines, and the agent."""
    name, _, place = f.record.rpartition("#")
    line = files.get(name)
    path = name.removesuffix(f"!{line.part}") if line and line.part else name
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(path)}}
    if line and line.lined and place.isdecimal() and int(place) > 0:
        physical["region"] = {"startLine": int(place)}
    named = [{"name": f.subject, "kind": f.check.about}]
    if f.actor not in ("", f.subject):
        named.append({"name": f.actor, "kind": "actor"})
    return {"physicalLocation": physical, "logicalLocations": named}


def _suppression(f: Finding, waivers: dict[str, WaivedLine]) -> dict[str, Any]:
    said = waivers.get(f.waiver)
    why = f"{said.reason} (approved by {said.who}) " if said else ""
    text = f"{why}until {f.waived_until}, {f.waiver}"
    return {"kind": "external", "status": "accepted", "justification": text}


def _said(text: str) -> str:
    """Write a text so that no reader of messages takes part of it for a placeholder or a link."""
    return text.replace("{", "{{").replace("}", "}}").replace("](", "\\](")


FORMAT = Format("sarif", "findings.sarif", write)

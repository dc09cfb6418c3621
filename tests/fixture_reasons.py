"""What the results of an engine say. In: an engine, its checks. Out: (check, subject) -> (status, the reason in English)."""

from __future__ import annotations

import json
from collections.abc import Iterable

from reporter.engine.duckdb import DuckDB
from reporter.model.assessment import Check, Finding
from reporter.model.reasons import Reasons

TOLD = {"fail": {"told": "{text}"}}
"""The sentences of a check that says whatever a test wants."""


def told(text: str) -> tuple[str, str]:
    """Return code and values of a reason of such a check."""
    return ("told", json.dumps({"text": text})) if text else ("", "")


def text_of(found: Finding) -> str:
    """Return what a finding of such a check says."""
    return str(json.loads(found.reason_values)["text"]) if found.reason_values else ""


def said(engine: DuckDB, checks: Iterable[Check]) -> dict[tuple[str, str], tuple[str, str]]:
    """Return every result."""
    reasons = Reasons(checks)
    rows = engine.rows("SELECT check_id, subject, status, reason_code, reason_values FROM results")
    found = {(c, s): (status, reasons.of(c, *why)) for c, s, status, *why in rows}
    assert len(found) == len(rows)
    return found

"""An organisation can say that it has no exceptions: a list of Reporter's own form that holds none."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from conftest import assess_few, printed, reporter

pytestmark = pytest.mark.slow
HEAD = "organisation: X\nperiod: {from: '2026-07-01', to: '2026-10-01'}\n"
AGENT = '{"type": "agent", "actor_id": "a1", "state": "active", "owner_id": "ann"}'
HEADINGS = "type,exception_id,actor_id,check_id,reason,requester_id,approver_id,starts_at,ends_at,compensating\n"
ONE = '{"type": "exception", "exception_id": "x1", "actor_id": "a1", "reason": "because"}'


def _assessed(
    folder: Path, patch: pytest.MonkeyPatch, files: dict[str, str]
) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    """(subject, status) of what POL-04 does not find well, and the accounting of each file by its name."""
    assess_few(patch, "POL-04")
    for name, content in {"reporter.yml": HEAD, "inventory/agents.json": AGENT, **files}.items():
        path = folder / "ws" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    out = folder / "out"
    result = reporter("assess", folder / "ws", "--out", out, "--formats", "json,csv")
    assert result.exit_code == 0, result.output
    with (out / "findings.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = [
            (r["subject"], r["status"]) for r in csv.DictReader(lines) if r["check"] == "POL-04"
        ]
    return rows, {f["file"]: f for f in printed(out)["accounting"]["files"]}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("statements/exceptions.csv", HEADINGS),
        ("inventory/none.csv", "\ufeff" + HEADINGS.replace(",", ";").strip()),
        ("statements/exceptions.json", '{"exceptions": []}'),
        ("inventory/lists.json", '{"records": [], "exceptions": []}\n'),
    ],
)
def test_an_empty_list_of_exceptions_says_that_there_are_none(
    name: str, content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, files = _assessed(tmp_path, monkeypatch, {name: content})
    assert rows == []
    assert files[name]["source"] == "reporter-inventory"
    assert (files[name]["read"], files[name]["kept"]) == ("0", "0")
    assert files[name]["why"] == "an empty list of exceptions: there are none"


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        '{"records": []}',
        '{"exceptions": [], "note": "x"}',
        HEADINGS.replace("reason", "grund"),
        HEADINGS.replace("exception_id", "item"),
    ],
)
def test_what_may_be_another_list_proves_no_absence(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, files = _assessed(tmp_path, monkeypatch, {"statements/exceptions.csv": content})
    assert rows == [("organisation", "unknown")]
    assert files["statements/exceptions.csv"]["source"] == "not recognised"


def test_an_empty_list_tells_nothing_of_what_a_record_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for more in ({}, {"statements/exceptions.csv": HEADINGS}):
        rows, _ = _assessed(
            tmp_path / str(len(more)), monkeypatch, {"statements/x.json": ONE, **more}
        )
        assert rows == [("x1", "unknown")]

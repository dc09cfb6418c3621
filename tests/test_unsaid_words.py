"""Words that say nothing are no value: what only has to be filled does not pass by them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from conftest import assess_few

import reporter

pytestmark = pytest.mark.slow

YML = "organisation: Port\nperiod: {from: '2026-07-01', to: '2026-10-01'}\nas_of: '2026-10-01'\n"
WORDS = (
    "tbd", "T.B.D.", "(tbd)", "TBD by Q3", "n/a", "N.A.", "unknown", "planned", "geplant für Q4", "-", "—", "?",
    "...", "not yet", "Not yet defined", "to be named by Ann", "offen", "noch zu klären", "k.A.", "entfällt",
    "siehe Wiki", "siehe oben", "see the wiki", "in Arbeit", "keine Angabe",
)  # fmt: skip
NONE = ("none", "No", "keine", "nobody", "nein")
SAID = (
    "*", "see INC-3", "siehe Wiki 4711", "siehe https://wiki.example/a", "Planned maintenance", "日本語",
    "later payments", "unknown senders are blocked", "not allowed", "no-reply@port.example",
)  # fmt: skip


def _run(folder: Path, records: list[dict[str, object]]) -> reporter.Run:
    ws = folder / "ws"
    (ws / "inventory").mkdir(parents=True)
    (ws / "reporter.yml").write_text(YML)
    text = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records)
    (ws / "inventory/a.jsonl").write_text(text, encoding="utf-8")
    return reporter.assess(ws)


def _found(run: reporter.Run, check: str) -> dict[str, str]:
    rows = run.results(check=check)
    return dict(zip(rows["subject"], rows["status"], strict=True))


def test_a_word_that_says_nothing_is_an_empty_cell_and_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess_few(monkeypatch, "GOV-05", "ENT-01", "LIF-05", "RUN-07")
    words = (*WORDS, *NONE, *SAID)
    run = _run(
        tmp_path,
        [
            {"type": "agent", "actor_id": f"a{n:02}", "state": "active", "user_facing": True, "autonomy": 3,
             "report_channel": word, "default_policy": "deny", "enforcement_point": word, "kill_switch": word,
             "kill_switch_owner": "ann", "tools": [{"name": "x", "effect": "read"}], "memory_scope": word, "memory_ttl_days": 1}
            for n, word in enumerate(words)
        ],
    )  # fmt: skip
    nothing = {f"a{n:02}" for n in range(len(WORDS))}
    none = {f"a{n:02}" for n in range(len(WORDS), len(WORDS) + len(NONE))}
    channel, point, stop, memory = (
        _found(run, c) for c in ("GOV-05", "ENT-01", "LIF-05", "RUN-07")
    )
    assert {a for a, s in channel.items() if s == "fail"} == nothing | none
    assert {a for a, s in stop.items() if s == "fail"} == nothing | none
    assert {a for a, s in point.items() if s == "unknown"} == nothing
    assert {a for a, s in point.items() if s == "fail"} == none, "nothing enforces it, it says"
    assert {a for a, s in memory.items() if s == "unknown"} == nothing
    assert none.isdisjoint(memory), "it has no memory, it says"
    with (run.folder / "quarantine.csv").open(encoding="utf-8-sig", newline="") as handle:
        notes = [r["reason"] for r in csv.DictReader(handle) if "report_channel" in r["reason"]]
    assert "actors.report_channel has no meaning and counts as empty: siehe Wiki" in notes
    assert len(notes) == len(WORDS) + len(NONE)


@pytest.mark.parametrize(
    ("check", "status", "record"),
    [
        ("GOV-02", "fail", {"type": "incident", "incident_id": "i", "opened_at": "2026-08-01", "timeline": "tbd",
                            "contained_at": "2026-08-01", "notify_due": False, "corrective": "none"}),
        ("SUP-01", "fail", {"type": "component", "component_id": "m", "component_type": "model", "name": "orb",
                            "vendor": "n/a", "version": "unknown", "pinned": True, "reviewed_at": "2026-08-01"}),
        ("POL-04", "fail", {"type": "exception", "exception_id": "x", "reason": "-", "compensating": "none",
                            "requester_id": "bob", "approver_id": "ann", "starts_at": "2026-08-01",
                            "ends_at": "2026-09-01"}),
        ("SUP-04", "fail", {"type": "third_party", "third_party_id": "t", "principal_id": "a1",
                            "reviewed_at": "2026-08-01", "scopes": "tbd", "owner_id": "ann", "fallback": "none"}),
        ("SUP-08", "fail", {"type": "third_party", "third_party_id": "t", "fallback": "none"}),
    ],
)  # fmt: skip
def test_nothing_is_settled_by_such_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, check: str, status: str, record: dict[str, object]
) -> None:  # fmt: skip
    assess_few(monkeypatch, check)
    run = _run(
        tmp_path,
        [
            {"type": "agent", "actor_id": "a1", "state": "active", "risk_tier": "high"},
            {"type": "human", "actor_id": "ann", "state": "active"},
            {"type": "human", "actor_id": "bob", "state": "active"},
            {"actor_id": "a1", **record},
        ],
    )
    assert set(_found(run, check).values()) == {status}

"""Actor types side by side: the numbers of a company that can be counted by hand, and those of GOV-01 itself."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import assess_few
from fixture_estate import Estate, service_account, spoiled

import reporter
from reporter.report.document import View

pytestmark = pytest.mark.slow

ROWS = ["Someone is accountable", "Review on time", "Sound credentials", "Monitoring", "Policy in force"]  # fmt: skip
NONE = "not recorded"
PRACTICES = {
    "owner": "Someone is accountable", "review": "Review on time", "credentials": "Sound credentials",
    "monitoring": "Monitoring", "policy": "Policy in force",
}  # fmt: skip
SUBJECTS = {
    "human": ("People",), "agent": ("Agents", "Agents: scripted", "Agents, kind unknown"),
    "service_account": ("Service accounts", "Workloads", "Automation with a model"),
}  # fmt: skip
TYPES = {
    "human": ("human",), "agent": ("agent", "scripted_agent", "agent_untold"),
    "service_account": ("service_account", "workload", "automation_with_model"),
}  # fmt: skip


def run(estate: Estate, folder: Path) -> View:
    """Assess a company through one list; the run folder is `folder / "run"`."""
    estate.settings |= {"frameworks": ["owasp-nhi-2025"]}
    with pytest.MonkeyPatch.context() as patch:
        assess_few(patch)
        return reporter.assess(estate.write(folder / "ws"), folder / "run").view  # fmt: skip


def table(view: View) -> dict[str, list[str]]:
    """Give type -> how many have each practice, from the top."""
    cells = {h.type: [r.cells[n] for r in view.parity.rows] for n, h in enumerate(view.parity.heads)}  # fmt: skip
    return {t: [c.text + (f", {c.note}" if c.note else "") for c in own] for t, own in cells.items()}  # fmt: skip


def without(folder: Path) -> set[tuple[str, ...]]:
    """Give the rows of parity.csv without their types."""
    with (folder / "run/parity.csv").open(encoding="utf-8-sig", newline="") as handle:
        return {(r["practice"], r["actor"], r["status"], r["ref"]) for r in csv.DictReader(handle)}


def workload(name: str, **changed: Any) -> dict[str, Any]:
    """Describe a workload that is governed like the service accounts."""
    return service_account(1) | {"type": "workload", "actor_id": name, "principal_id": f"id-{name}"} | changed  # fmt: skip


def unregistered(**changed: Any) -> dict[str, Any]:
    """An event of an actor that stands in no register, unless `changed` says whose it is."""
    return {
        "event_id": "g", "time": "2026-09-02T09:00:00Z", "log_source": "gateway", "actor_id": "unregistered", "actor_kind": "agent",
        "event_class": "tool", "action": "read", "effect": "read", "tool": "orders.read", "outcome": "success",
    } | changed  # fmt: skip


def mixed() -> Estate:
    """Give a company with each type, and one thing wrong for each practice."""
    estate = Estate()
    _, two, three, _ = estate.agents
    two |= {"owner_id": "cat", "autonomy": 1}  # cat has left
    two["components"] = [c for c in two["components"] if c["type"] != "model"]
    three["reviews"].append(
        {"review_id": "late", "due_at": "2026-09-25T00:00:00Z", "completed_at": ""}
    )
    three |= {"strong_auth": False, "log_sources": []}
    three["credentials"] = [three["credentials"][0] | {"expires_at": "", "last_rotated_at": "2026-06-01T00:00:00Z"}]  # fmt: skip
    estate.others += [
        workload("wl-1", policy_id="gone", strong_auth=""),
        workload("wl-2", owner_id=""),
        workload("wl-3", state="draft", owner_id=""),
        {"type": "group", "actor_id": "crew", "state": "active"},
    ]
    estate.others[0] |= {"strong_auth": False}  # ann
    estate.events += [
        unregistered(),
        unregistered(
            event_id="m", event_class="model", actor_id="batch-2", actor_kind="service_account"
        ),
    ]
    return estate


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("parity")


@pytest.fixture(scope="module")
def view(folder: Path) -> View:
    return run(mixed(), folder)


def test_live_actors_are_counted_by_type_and_scripts_are_told_from_deciders(view: View) -> None:
    """Retired agent-4 and cat, the draft wl-3 and the group are nobody's; batch-2 calls a model, agent-2 loads none."""
    assert [(h.type, h.n) for h in view.parity.heads] == [
        ("People", "2"), ("Service accounts", "1"), ("Workloads", "2"), ("Automation with a model", "1"),
        ("Agents: scripted", "1"), ("Agents", "2"), ("Agents, kind unknown", "1"),
    ]  # fmt: skip


def test_the_numbers_are_those_counted_by_hand(view: View) -> None:
    assert [r.practice for r in view.parity.rows] == ROWS
    assert table(view) == {
        "People": ["2 of 2", "2 of 2", "1 of 2", "2 of 2", "2 of 2"],
        "Service accounts": ["1 of 1"] * 5,
        "Workloads": ["1 of 2", "2 of 2", "1 of 2, 1 not recorded", "2 of 2", "1 of 2"],
        "Automation with a model": ["1 of 1"] * 5,
        "Agents: scripted": ["0 of 1", "1 of 1", "1 of 1", "1 of 1", "1 of 1"],
        "Agents": ["2 of 2", "1 of 2", "1 of 2", "1 of 2", "2 of 2"],
        "Agents, kind unknown": [NONE] * 5,
    }


def test_everybody_without_a_practice_is_named_with_a_record(view: View, folder: Path) -> None:
    last = len(mixed().events)
    seen = f"logs/gateway.jsonl#{last - 1}"
    assert without(folder) == {
        ("owner", "agent-2", "lacks", "inventory/agents.json#2"),
        ("owner", "wl-2", "lacks", "inventory/directory.json#7"),
        ("review", "agent-3", "lacks", "inventory/agents.json#3"),
        ("credentials", "ann", "lacks", "inventory/directory.json#1"),
        ("credentials", "wl-1", NONE, "inventory/directory.json#6"),
        ("credentials", "agent-3", "lacks", "inventory/agents.json#3"),
        ("monitoring", "agent-3", "lacks", "inventory/agents.json#3"),
        ("policy", "wl-1", "lacks", "inventory/directory.json#6"),
        *((p, "unregistered", NONE, seen) for p in ("owner", "review", "credentials", "monitoring", "policy")),
    }  # fmt: skip
    owner = view.parity.rows[0]
    assert owner.where == (
        ("Workloads", "inventory/directory.json#7"), ("Agents: scripted", "inventory/agents.json#2"), ("Agents, kind unknown", seen),
    )  # fmt: skip


def test_what_no_input_records_is_not_a_number(tmp_path: Path) -> None:
    estate = Estate()
    del estate.settings["params"]
    estate.policies = []
    for made in (*estate.agents, *estate.others):
        del made["log_sources"]
        for review in made["reviews"]:
            review.pop("completed_at")
    found = table(run(estate, tmp_path))
    assert found == {
        "People": ["2 of 2", NONE, "2 of 2", NONE, NONE],
        "Service accounts": ["2 of 2", NONE, "2 of 2", NONE, NONE],
        "Agents": ["3 of 3", NONE, "3 of 3", NONE, NONE],
    }


def test_an_agent_is_no_script_only_because_its_components_are_not_listed(tmp_path: Path) -> None:
    estate = Estate()
    del estate.settings["params"]
    estate.agents = estate.agents[:3]
    for made in estate.agents:
        del made["components"]
        made["autonomy"] = {"agent-1": 1, "agent-2": 2}.get(made["actor_id"], "")
    view = run(estate, tmp_path)
    assert [(h.type, h.n) for h in view.parity.heads][2:] == [("Agents", "1"), ("Agents, kind unknown", "2")]  # fmt: skip
    assert "No input lists a live actor of these types: workload." in view.parity.text


def test_a_gateway_passes_on_what_others_decide(tmp_path: Path) -> None:
    estate = Estate()
    del estate.settings["params"]
    estate.others += [workload("gate", is_intermediary=True)]
    estate.events += [unregistered(event_class="model", actor_id="gate", actor_kind="workload")]
    assert "Automation with a model" not in table(run(estate, tmp_path))


@pytest.mark.usefixtures("view")
def test_the_matrix_of_a_mixed_company_says_what_gov_01_says(folder: Path) -> None:
    expect_agreement(folder / "run")


def test_the_matrix_of_a_good_company_says_what_gov_01_says(good_run: Path) -> None:
    expect_agreement(good_run)


def test_the_matrix_of_a_spoiled_company_says_what_gov_01_says(tmp_path: Path) -> None:
    run(spoiled(), tmp_path)
    expect_agreement(tmp_path / "run")


def expect_agreement(folder: Path) -> None:
    """Hold the numbers of a run's matrix, and the rows of parity.csv, against the reasons of GOV-01."""
    with (folder / "parity.csv").open(encoding="utf-8-sig", newline="") as handle:
        absent = list(csv.DictReader(handle))
    made = reporter.open(folder)
    found = made.view
    results = made.results(check="GOV-01")
    assert len(results) == len({s.split(": ")[0] for s in results["subject"]}) * len(PRACTICES)
    for subject, reason in zip(results["subject"], results["reason"], strict=True):
        kind, practice = subject.split(": ")
        own = [n for n, h in enumerate(found.parity.heads) if h.type in SUBJECTS[kind]]
        total = sum(int(found.parity.heads[n].n) for n in own)
        row = next(r for r in found.parity.rows if r.practice == PRACTICES[practice])
        held = sum(int(row.cells[n].text.split(" of ")[0]) for n in own if row.cells[n].text != NONE)  # fmt: skip
        said = re.search(r"(?:for (\d+)|for none) of (\d+) ", reason)
        assert said and (int(said[1] or 0), int(said[2])) == (held, total)
        rest = [r["status"] for r in absent if r["practice"] == practice and r["actor_type"] in TYPES[kind]]  # fmt: skip
        assert len(rest) == total - held
        most = re.search(r"\((\d+) at most\)", reason)
        assert (int(most[1]) if most else held) == total - rest.count("lacks")


def test_an_owner_whom_no_directory_lists_is_not_recorded(tmp_path: Path) -> None:
    """What cannot be assessed is no practice that holds: OWN-01 calls the same owner unknown."""
    estate = Estate()
    estate.agents[0]["owner_id"] = "stranger@elsewhere.example"
    made = table(run(estate, tmp_path))
    assert made["Agents"][0] == "2 of 3, 1 not recorded"
    rows = {r for r in without(tmp_path) if r[0] == "owner" and r[2] == "not recorded"}
    assert [actor for _, actor, _, _ in rows] == [estate.agents[0]["actor_id"]]
    results = reporter.open(tmp_path / "run").results(check="GOV-01")
    agent = results.set_index("subject").loc["agent: owner"]
    assert agent.status == "unknown"
    assert "shown for 2 of 3 agents (3 at most)," in agent.reason
    assert "of 1 here, and of up to 0 of another type" in agent.reason

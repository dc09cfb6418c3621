"""Runs against the scope approved for their purpose: baseline/ and time windows, undated traces, what is printed of it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import assess_few, printed

from reporter.authoring.examples import RUN, load_example
from reporter.cli import main
from reporter.content.workspace import read_workspace
from reporter.engine.duckdb import DuckDB
from reporter.pipeline.own_settings import approved_baseline
from reporter.statements.approvers import read_directory
from reporter.transform.derive import EVERYTHING, derive

pytestmark = pytest.mark.slow

YML = "organisation: Port\nperiod: {from: '2026-07-01', to: '2026-10-01'}\nframeworks: [owasp-nhi-2025]\n"
SIGNED = "approved_by: ann, approved_at: '2026-06-20'"
APPROVED = f"approvers: {{baseline: [ann]}}\nbaseline: {{{SIGNED}}}\n"
PEOPLE = [
    {"type": "human", "actor_id": n, "name": n.title(), "state": "active", "owner_id": ""}
    for n in ("ann", "bob")
]


def call(tool: str, destination: str = "", **more: Any) -> dict[str, Any]:
    """One successful call of agent a1 for the purpose pay, in run r1."""
    return {
        "time": "2026-08-01T10:00:00Z", "log_source": "gw", "actor_id": "a1", "actor_kind": "agent", "event_class": "tool",
        "action": "call", "tool": tool, "destination": destination, "purpose": "pay", "session_id": "r1", "outcome": "success",
    } | more  # fmt: skip


def assessed(folder: Path, given: dict[str, list[dict[str, Any]]], more: str = APPROVED) -> Path:
    """Assess a workspace of event files, with two people who are in office; return the run."""
    ws = folder / "ws"
    for name, events in {"inventory/people.jsonl": PEOPLE, **given}.items():
        (ws / name).parent.mkdir(parents=True, exist_ok=True)
        (ws / name).write_text("".join(json.dumps(e) + "\n" for e in events), encoding="utf-8")
    (ws / "reporter.yml").write_text(YML + more)
    words = ["assess", str(ws), "--out", str(folder / "run"), "--formats", "json,csv", "--quiet"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    return folder / "run"


def rows(run: Path, name: str) -> list[dict[str, str]]:
    """The rows of a CSV of the run."""
    with (run / name).open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def deviations(run: Path) -> list[tuple[str, str, str]]:
    """(kind, name, changes) of each deviation."""
    return [(r["kind"], r["name"], r["changes"]) for r in rows(run, "deviations.csv")]


JUNE = {"time": "2026-06-10T10:00:00Z"}
CLEAN = [call("get_bill", "mail.example", **JUNE), call("send_money", "DE1", **JUNE)]


USES = [
    ("the same again", call("send_money", "DE1"), []),
    ("written otherwise", call("SEND_MONEY", "de1"), []),
    ("a new receiver", call("send_money", "DE2"), [("destination", "DE2", "true")]),
    ("one of two receivers is new", call("send_money", "DE1; DE2"), [("destination", "DE2", "true")]),
    ("a new tool that changes", call("change_password"), [("tool", "change_password", "true")]),
    ("a new tool that reads", call("get_balance"), [("tool", "get_balance", "false")]),
    ("writing where only reading was approved", call("send_money", "mail.example"),
     [("destination", "mail.example", "true")]),
    ("a new web address is told something", call("get_page", "www.other.example"),
     [("destination", "www.other.example", "true"), ("tool", "get_page", "false")]),
    ("a new address of a known tool", call("get_bill", "https://bills.example/?q=secret"),
     [("destination", "https://bills.example/?q=secret", "true")]),
    ("a new file is only read", call("get_bill", "www-list.txt"), [("destination", "www-list.txt", "false")]),
    ("a number with dots is no address", call("get_bill", "1.2.3"), [("destination", "1.2.3", "false")]),
    ("it failed", call("change_password", outcome="error"), []),
    ("it was denied", call("change_password", outcome="denied"), []),
    ("a purpose without a scope", call("change_password", purpose="sing"), []),
    ("another agent, the same purpose", call("change_password", actor_id="a2"),
     [("tool", "change_password", "true")]),
    ("outside the period", call("change_password", time="2026-06-01T10:00:00Z"), []),
]  # fmt: skip


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with every use, each in a session of its own."""
    events = [event | {"session_id": why} for why, event, _ in USES]
    folder = tmp_path_factory.mktemp("used")
    with pytest.MonkeyPatch.context() as patch:
        assess_few(patch)
        clean = [*CLEAN, call("hum", actor_id="only-clean", purpose="hum", **JUNE)]
        return assessed(folder, {"baseline/clean.jsonl": clean, "logs/a.jsonl": events})


@pytest.mark.parametrize(("why", "expected"), [(why, expected) for why, _, expected in USES])
def test_a_use_outside_the_approved_scope_is_a_deviation(
    why: str, expected: list[tuple[str, str, str]], used: Path
) -> None:
    found = [r for r in rows(used, "deviations.csv") if r["session"] == why]
    assert [(r["kind"], r["name"], r["changes"]) for r in found] == expected


def test_approved_runs_are_no_activity_of_the_period(used: Path) -> None:
    subjects = {r["subject"] for r in rows(used, "findings.csv")}
    assert "a1" in subjects
    assert "only-clean" not in subjects


@pytest.mark.usefixtures("few_checks")
def test_what_is_done_in_the_period_is_assessed_wherever_it_lies(tmp_path: Path) -> None:
    bad = call("send_money", "DE9", event_id="e1", actor_id="moved")
    twin = call("send_money", "DE8", event_id="e2")
    changed = twin | {"destination": "DE7"}
    given = {
        "baseline/a.jsonl": [*CLEAN, bad, twin, changed],
        "logs/a.jsonl": [call("get_bill"), twin],
    }
    run = assessed(tmp_path, given)
    assert {(k, n) for k, n, _ in deviations(run)} >= {
        ("destination", d) for d in ("DE7", "DE8", "DE9")
    }
    # alike in all, as it stands in the log: once; with the same id and another content: another event
    assert {r["agent"]: r["events"] for r in rows(run, "coverage.csv")} == {"a1": "3", "moved": "1"}
    (note,) = (r for r in rows(run, "quarantine.csv") if r["kind"] == "baseline")
    assert note["reason"].startswith("3 events are dated within the period")
    assert notices(run)["baseline_in_period"]["lines"] == ["baseline/a.jsonl: 3"]


@pytest.mark.usefixtures("few_checks")
def test_a_time_window_is_a_baseline(tmp_path: Path) -> None:
    events = [
        call("send_money", "DE1", time="2026-05-01T10:00:00Z"),
        call("send_money", "DE1"),
        call("send_money", "DE2"),
    ]
    window = f"approvers: {{baseline: [ann]}}\nbaseline: {{{SIGNED}, from: '2026-04-01', to: '2026-06-01'}}\n"
    run = assessed(tmp_path, {"logs/a.jsonl": events}, window)
    assert deviations(run) == [("destination", "DE2", "true")]


def notices(run: Path) -> dict[str, Any]:
    """The notices of a run by code."""
    return {n["code"]: n for n in printed(run)["summary"]["notices"]}


@pytest.mark.usefixtures("few_checks")
def test_runs_that_nobody_approved_approve_nothing(tmp_path: Path) -> None:
    given = {"baseline/clean.jsonl": CLEAN, "logs/a.jsonl": [call("send_money", "DE2")]}
    run = assessed(tmp_path, given, "")
    assert deviations(run) == []
    told = notices(run)["baseline_not_approved"]["text"]
    assert "names nobody under baseline: approved_by" in told
    assert not [f for f in rows(run, "findings.csv") if f["check"] == "PUR-03"]


@pytest.fixture(scope="module")
def clean_runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDB]:
    """The people in office, and a clean run, before anybody has looked who approved it."""
    people = [{"actor_id": n, "name": n.title(), "kind": "human", "state": "active"} for n in ("ann", "bob")]  # fmt: skip
    one = {"actor_id": "a1", "purpose": "pay", "session_id": "s", "tool": "send_money"}
    given = {
        "actors": people,
        "baseline": [one | {"occurred_at": "2026-06-01"}],
        "events": [one | {"occurred_at": "2026-08-01"}],
    }
    with DuckDB(tmp_path_factory.mktemp("clean")) as engine:
        load_example(engine, {"given": given})
        derive(engine, RUN, [], wanted=EVERYTHING - {"scope_runs"})
        yield engine


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ("", "names nobody under baseline: approved_by"),
        (f"baseline: {{{SIGNED}}}\n", "names nobody under approvers: baseline"),
        (APPROVED.replace("by: ann", "by: bob"), "bob is not named in reporter.yml under approvers: baseline"),
        (APPROVED.replace("by: ann", "by: Donald Duck"), "Donald Duck is not in any list of people"),
        (APPROVED.replace("by: ann", "by: a1"), "a1 is not in any list of people"),
        (APPROVED, ""),
    ],
)  # fmt: skip
def test_runs_are_approved_by_somebody_who_may_or_not_at_all(
    settings: str, why: str, clean_runs: DuckDB, tmp_path: Path
) -> None:
    (tmp_path / "reporter.yml").write_text(YML + settings)
    workspace = read_workspace(tmp_path)
    who = read_directory(clean_runs, workspace.approvers)
    baseline, told = approved_baseline(clean_runs, workspace, who)
    assert baseline.holds == (not why)
    said = [dict(n.values)["why"] for n in told if n.code == "baseline_not_approved"]
    assert [why in str(text) for text in said] == [True] * bool(why), said


@pytest.mark.usefixtures("few_checks")
def test_nobody_approves_the_runs_of_an_agent_of_his_own(tmp_path: Path) -> None:
    mine = {"type": "agent", "actor_id": "a1", "state": "active", "owner_id": "Ann"}
    given = {
        "inventory/agents.jsonl": [mine],
        "baseline/clean.jsonl": [
            *CLEAN,
            call("get_page", "x", actor_id="a2", purpose="look", **JUNE),
        ],
        "logs/a.jsonl": [
            call("send_money", "DE2"),
            call("send_mail", "x", actor_id="a2", purpose="look"),
        ],
    }
    run = assessed(tmp_path, given)
    assert {r["agent"] for r in rows(run, "deviations.csv")} == {"a2"}
    assert (
        "(events below baseline/: 2): ann owns the agent"
        in notices(run)["baseline_not_approved"]["text"]
    )


@pytest.mark.usefixtures("few_checks")
def test_a_baseline_approves_nothing_that_was_done_before_it(tmp_path: Path) -> None:
    events = [call("send_money", "DE1", session_id=s, time=f"2026-{s}T10:00:00Z") for s in ("08-01", "09-01")]  # fmt: skip
    late = APPROVED.replace("2026-06-20", "2026-08-15")
    run = assessed(tmp_path, {"baseline/clean.jsonl": CLEAN, "logs/a.jsonl": events}, late)
    assert {r["session"] for r in rows(run, "deviations.csv")} == {"08-01"}


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        (f"baseline: {{{SIGNED}, from: '2026-06-01', to: '2026-04-01'}}\n", "the baseline ends before it begins"),
        ("baseline: {since: '2026-06-01'}\n", "baseline: unknown key 'since'"),
        (f"baseline: {{{SIGNED}, from: '2026-06-01'}}\n", "baseline.to is missing"),
        ("baseline: {from: '2026-04-01', to: '2026-06-01'}\n", "baseline: nobody approved it"),
        ("baseline: {approved_by: ann}\n", "baseline.approved_at is missing"),
        ("baseline: {approved_by: ann, approved_at: '2026-10-02'}\n", "baseline.approved_at is 2026-10-02, later than as_of"),
        (f"baseline: {{{SIGNED}, from: '2026-07-01', to: '2026-10-01'}}\n", "overlaps the period that it would excuse"),
        (f"baseline: {{{SIGNED}, from: '2026-06-01', to: '2026-07-02'}}\n", "Expected a time that ends by 2026-07-01"),
    ],
)  # fmt: skip
def test_a_wrong_baseline_is_refused(said: str, wrong: str, tmp_path: Path) -> None:
    (tmp_path / "reporter.yml").write_text(YML + said)
    done = CliRunner().invoke(main, ["assess", str(tmp_path), "--out", str(tmp_path / "run")])
    assert done.exit_code == 3
    assert wrong in done.output


def dojo(attack: str | None, *calls: tuple[str, dict[str, str], str | None]) -> dict[str, Any]:
    """A run in AgentDojo's form, without a time; the labels are there to be ignored."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": "pay the bill"}]
    for n, (tool, args, error) in enumerate(calls):
        messages += [
            {"role": "assistant", "content": None, "tool_calls": [{"function": tool, "args": args, "id": f"c{n}"}]},
            {"role": "tool", "content": "ok", "tool_call_id": f"c{n}", "error": error},
        ]  # fmt: skip
    return {
        "suite_name": "bank", "pipeline_name": "model-x", "user_task_id": "user_task_1", "attack_type": attack,
        "injection_task_id": "injection_task_1" if attack else None, "messages": messages, "error": None,
        "utility": True, "security": attack is None,
    }  # fmt: skip


@pytest.mark.usefixtures("few_checks")
def test_undated_traces_are_compared_and_labels_change_nothing(tmp_path: Path) -> None:
    attacked = [
        dojo("x", ("send_money", {"recipient": "DE9"}, None), ("update_password", {}, "no"))
        | {"pipeline_name": f"model-{n}", "security": security}
        for n, security in enumerate((True, False))
    ]
    run = assessed(tmp_path, {
        "baseline/clean.json": [dojo(None, ("send_money", {"recipient": "DE1"}, None))],
        "logs/attacked.json": attacked,
    })  # fmt: skip
    found = [(r["kind"], r["name"], r["purpose"], r["at"], r["ref"]) for r in rows(run, "deviations.csv")]  # fmt: skip
    assert found == [
        ("destination", "DE9", "bank/user_task_1", "", f"logs/attacked.json#{n}") for n in (1, 2)
    ]


@pytest.mark.usefixtures("few_checks")
def test_the_report_says_on_how_many_clean_runs_a_scope_rests(tmp_path: Path) -> None:
    given = {"baseline/clean.jsonl": CLEAN, "logs/a.jsonl": [call("send_money", "DE2")]}
    view = printed(assessed(tmp_path, given))
    scopes = view["observed"]["scopes"]
    assert [(s["purpose"], s["basis"], s["runs"], s["outside"]) for s in scopes] == [
        ("pay", "1 clean run", "1", "1")
    ]
    assert "fewer than three clean runs: expect false alarms" in view["observed"]["scopes_text"]
    assert "attack" not in json.dumps(view["observed"])


# whether a tool changes something: the log before the agent's own grants, as everywhere else


LEAD = {"type": "tool", "effect": "write", "expires_at": "2026-07-01"}
"""A grant that is over approves nothing, and still says what the tool does."""


def test_the_effect_is_the_logs_then_the_agents_own_grants_then_the_names(tmp_path: Path) -> None:
    def one(tool: str, **more: Any) -> dict[str, Any]:
        return {"occurred_at": "2026-08-01", "actor_id": "a1", "purpose": "pay", "session_id": "s", "tool": tool} | more  # fmt: skip

    given = {
        "actors": [{"actor_id": a, "kind": "agent", "state": "active"} for a in ("a1", "a2")],
        "grants": [{"actor_id": "a1", "name": "get_*", **LEAD}],
        "baseline": [one("ping", occurred_at="2026-06-01")],
        "events": [
            one("get_told", effect="read"), one("get_untold"), one("put_told", effect="read"), one("put_untold"),
            one("get_untold", actor_id="a2"),
        ],
    }  # fmt: skip
    with DuckDB(tmp_path) as engine:
        load_example(engine, {"given": given})
        derive(engine, RUN, [])
        found = engine.rows("SELECT agent_id, name, changes, basis FROM deviations ORDER BY ALL")
    assert found == [
        ("a1", "get_told", False, "log"),
        ("a1", "get_untold", True, "inventory"),
        ("a1", "put_told", False, "log"),
        ("a1", "put_untold", True, "name"),
        ("a2", "get_untold", False, "name"),
    ]

"""Changes that logs show and the decisions on them, and decisions that several records tell: what would be a false pass.

The period is July to September 2026. Rows with an id like CHG1 come from tickets, shop#1 from pull requests, all others from logs.
"""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from test_derived import Row

from reporter.authoring.examples import RUN, load_example
from reporter.content import loader
from reporter.engine.base import quoted
from reporter.engine.duckdb import DuckDB
from reporter.evaluate.evidence import at_most_record
from reporter.ingest.load import ingested
from reporter.ingest.readers.files import discover
from reporter.transform.derive import derive

pytestmark = pytest.mark.slow

SOURCES = {"changes": "change_id", "approvals": "approval_id"}
SYSTEM = "CASE WHEN {0} LIKE 'CHG%' OR {0} LIKE 'TASK%' THEN 'tickets' WHEN {0} LIKE '%#%' THEN 'pulls' ELSE 'log' END"


def derive_of(engine: DuckDB, **given: list[Row]) -> None:
    """Derive the tables of rows of three systems."""
    load_example(engine, {"given": given})
    engine.run("DELETE FROM carried WHERE tbl IN ('changes', 'approvals')")
    for table, key in SOURCES.items():
        engine.run(f"UPDATE in_{table} SET source = {SYSTEM.format(key)}")
        for name in sorted({c for row in given.get(table, []) for c in row}):
            engine.run(
                f"INSERT INTO carried SELECT DISTINCT source, '{table}', '{name}' FROM in_{table} WHERE {name} IS NOT NULL"
            )
    for name in ("approved_by", "approved_at"):
        for system in ("tickets", "pulls"):
            engine.run(f"INSERT INTO carried VALUES ('{system}', 'changes', '{name}')")
    engine.run("INSERT INTO carried VALUES ('log', 'events', 'action')")
    derive(engine, RUN, [])


def matches(folder: Path, **given: list[Row]) -> dict[str, tuple[str, str | None]]:
    """Return how each change was matched, and who approved it."""
    with DuckDB(folder / "work") as engine:
        derive_of(engine, actors=[{"actor_id": "bot", "kind": "agent", "state": "active"}], **given)
        rows = engine.rows(
            "SELECT c.change_id, d.matched_by, d.approver_id FROM change_approvals AS d JOIN changes AS c USING (row_id)"
        )
        return {change: (how, who) for change, how, who in rows}


def seen(change: str, at: str, field: str = "tools", **more: Any) -> Row:
    """A change that a log shows."""
    return {
        "change_id": change,
        "actor_id": "bot",
        "field": field,
        "effective_at": at,
        "requested_by": "carl",
        **more,
    }


def ticket(change: str, approved_at: str, work_at: str, kind: str = "normal", **more: Any) -> Row:
    return {"change_id": change, "actor_id": "bot", "field": "ticket", "requested_by": "bob", "approved_by": "ann",
            "approved_at": approved_at, "effective_at": work_at, "ticket_type": kind, **more}  # fmt: skip


EARLIER = ticket("CHG900", "2026-07-01", "2026-07-01")
"""Tickets are on record since before anything that follows; this one is too old to cover any of it."""


def test_an_approval_after_the_effect_is_late(tmp_path: Path) -> None:
    found = matches(
        tmp_path,
        changes=[
            EARLIER,
            ticket("CHG1", "2026-08-12", "2026-08-12"),
            seen("e1", "2026-08-10 10:00"),
        ],
    )
    assert found["e1"] == ("late", "ann")


def test_an_approval_is_used_for_no_second_deployment(tmp_path: Path) -> None:
    deployed = [
        seen("e1", "2026-08-10 10:00"),
        seen("e2", "2026-08-10 10:40", "data"),
        seen("e3", "2026-08-11 10:00"),
    ]
    found = matches(tmp_path, changes=[ticket("CHG1", "2026-08-09", "2026-08-10"), *deployed])
    assert [found[e][0] for e in ("e1", "e2", "e3")] == ["time", "time", "unmatched"]


def test_what_another_changed_within_the_hour_is_another_deployment(tmp_path: Path) -> None:
    changes = [
        ticket("CHG1", "2026-08-09", "2026-08-10"),
        seen("e1", "2026-08-10 10:00"),
        seen("e2", "2026-08-10 10:10", requested_by="eve"),
    ]
    found = matches(tmp_path, changes=changes)
    assert (found["e1"][0], found["e2"][0]) == ("time", "unmatched")


def test_who_changed_it_is_its_approver_only_where_nobody_else_is(tmp_path: Path) -> None:
    own = ticket("CHG1", "2026-08-08", "2026-08-10", approved_by="carl")
    other = ticket("CHG2", "2026-08-09", "2026-08-10")
    assert matches(tmp_path / "1", changes=[own, seen("e1", "2026-08-10")])["e1"] == (
        "time",
        "carl",
    )
    assert matches(tmp_path / "2", changes=[own, other, seen("e1", "2026-08-10")])["e1"] == (
        "time",
        "ann",
    )


def test_an_emergency_is_found_by_its_work_and_approved_afterwards(tmp_path: Path) -> None:
    urgent = ticket("CHG1", "2026-08-12", "2026-08-10 09:00", "emergency")
    found = matches(
        tmp_path,
        changes=[EARLIER, urgent, seen("e1", "2026-08-10 10:00"), seen("e2", "2026-08-11 10:00")],
    )
    assert found["e1"] == ("time", "ann")
    assert found["e2"][0] == "unmatched"


def test_a_standard_change_names_nobody_and_covers_its_own_work_only(tmp_path: Path) -> None:
    usual = ticket("CHG1", "", "2026-08-10 09:00", "standard") | {
        "approved_by": None,
        "approved_at": None,
    }
    found = matches(
        tmp_path,
        changes=[EARLIER, usual, seen("e0", "2026-08-10 08:00"), seen("e1", "2026-08-10 10:00")],
    )
    assert found["e1"] == ("time", None)
    assert found["e0"][0] == "unmatched"


def test_an_approval_of_an_earlier_commit_covers_nothing(tmp_path: Path) -> None:
    stale = {
        "change_id": "shop#1",
        "actor_id": "bot",
        "field": "tools",
        "effective_at": "2026-08-09",
        "requested_by": "bob",
    }
    good = stale | {
        "change_id": "shop#0",
        "effective_at": "2026-07-02",
        "approved_by": "ann",
        "approved_at": "2026-07-01",
    }
    found = matches(tmp_path, changes=[good, stale, seen("e1", "2026-08-10")])
    assert found["shop#1"] == ("none", None)
    assert found["e1"] == ("unmatched", None)


def test_what_names_a_ticket_is_covered_by_no_other(tmp_path: Path) -> None:
    changes = [
        ticket("CHG1", "2026-08-09", "2026-08-10"), ticket("CHG2", "2026-08-09", "2026-08-10", approved_by="dora"),
        seen("e1", "2026-08-10", decision_id="CHG2"), seen("e2", "2026-08-10 05:00"), seen("e3", "2026-08-12"),
    ]  # fmt: skip
    found = matches(tmp_path, changes=changes)
    assert found["e1"] == ("id", "dora")
    assert found["e2"] == ("time", "ann")
    assert found["e3"][0] == "unmatched"


def test_leave_to_act_is_no_leave_to_change(tmp_path: Path) -> None:
    call = {
        "approval_id": "p1",
        "actor_id": "bot",
        "type": "tool",
        "scope": "*",
        "approver_id": "ann",
        "granted_at": "2026-08-09",
        "max_uses": 1,
    }
    found = matches(tmp_path, changes=[seen("e1", "2026-08-10")], approvals=[call])
    assert found["e1"][0] == "untold"


def test_tickets_of_what_is_no_agent_tell_nothing_of_agents(tmp_path: Path) -> None:
    elsewhere = [
        ticket("CHG1", "2026-07-01", "2026-07-01", actor_id="printer"),
        seen("e1", "2026-08-10"),
    ]
    assert matches(tmp_path, changes=elsewhere)["e1"][0] == "untold"


def test_each_decision_serves_one_deployment_and_as_many_as_can_are_served(tmp_path: Path) -> None:
    start, chance = datetime(2026, 7, 1), random.Random(7)
    actors, orders, deployed = [], [], []
    for n in range(60):
        actors.append({"actor_id": f"bot{n}", "kind": "agent", "state": "active"})
        for i in range(chance.randint(0, 6)):
            at = str(start + timedelta(hours=chance.randint(0, 1000)))
            orders.append(ticket(f"CHG{n:02}{i}", at, at, actor_id=f"bot{n}"))
        for i in range(chance.randint(1, 8)):
            at = str(start + timedelta(hours=2 * chance.randint(0, 500)))
            deployed.append(seen(f"e{n:02}{i}", at, actor_id=f"bot{n}", requested_by=f"carl{i}"))
    rows = [*orders, *deployed]
    chance.shuffle(rows)
    with DuckDB(tmp_path / "work") as engine:
        derive_of(engine, actors=actors, changes=rows)
        found = engine.rows(
            "SELECT c.change_id, m.decision_id FROM change_matches AS m JOIN changes AS c USING (row_id)"
        )
    times = {row["change_id"]: datetime.fromisoformat(row["effective_at"]) for row in rows}
    assert len({decision for _, decision in found}) == len(found)
    assert all(
        timedelta(0) <= times[change] - times[decision] <= timedelta(days=14)
        for change, decision in found
    )
    assert len(found) == sum(_most(n, times) for n in range(60))


def _most(n: int, times: dict[str, datetime]) -> int:
    """How many deployments of an agent decisions can cover at most: each takes the first that is left."""
    orders = sorted(at for name, at in times.items() if name.startswith(f"CHG{n:02}"))
    served = 0
    for at in sorted(at for name, at in times.items() if name.startswith(f"e{n:02}")):
        fit = [o for o in orders if timedelta(0) <= at - o <= timedelta(days=14)]
        if fit:
            orders.remove(fit[0])
            served += 1
    return served


@pytest.mark.parametrize(
    ("evidence", "code", "expected"),
    [
        ("observed", "matched", "record"),
        ("verified", "matched", "record"),
        ("declared", "matched", "declared"),
        ("observed", "approved", "observed"),
    ],
)
def test_what_is_matched_by_time_is_a_record_at_most(
    tmp_path: Path, evidence: str, code: str, expected: str
) -> None:
    with DuckDB(tmp_path / "work") as engine:
        assert (
            engine.one(f"SELECT {at_most_record(quoted(evidence), quoted(code), ('matched',))}")
            == expected
        )


# ---------------------------------------------------------------- one decision, several records

TOLD = {"actor_id": "bot", "approver_id": "ann", "decision": "approved"}
IN_LOG = TOLD | {
    "approval_id": "d0",
    "type": "change",
    "scope": "Reader",
    "granted_at": "2026-08-10 10:00:20",
}
IN_TICKET = TOLD | {"approval_id": "TASK1", "type": "action", "scope": "CHG0001", "granted_at": "2026-08-10 10:02:00",
                    "requester_id": "bob", "requested_at": "2026-08-10 08:00:00"}  # fmt: skip


def approvals(folder: Path, *rows: Row) -> tuple[list[tuple[Any, ...]], int]:
    """Return what all_approvals says of decisions, and how many of an approver count."""
    with DuckDB(folder / "work") as engine:
        derive_of(
            engine,
            actors=[{"actor_id": "bot", "kind": "agent", "state": "active"}],
            approvals=list(rows),
        )
        kept = engine.rows("SELECT type, like_pattern, ref FROM all_approvals ORDER BY ALL")
        n = engine.one(
            "SELECT count(*) FROM approvals WHERE row_id NOT IN (SELECT row_id FROM repeated_approvals)"
        )
        return kept, n


def test_the_same_approval_in_a_ticket_and_in_a_log_is_one(tmp_path: Path) -> None:
    kept, n = approvals(tmp_path, IN_TICKET, IN_LOG)
    assert n == 1
    assert [(kind, pattern) for kind, pattern, _ in kept] == [("change", "Reader")]
    assert kept[0][2].endswith("#2"), "the record of the log stands for both"


def test_the_other_record_is_named_and_tells_who_asked(tmp_path: Path) -> None:
    with DuckDB(tmp_path / "work") as engine:
        derive_of(engine, approvals=[IN_TICKET, IN_LOG])
        [(kept, requester, ref)] = engine.rows(
            "SELECT kept_row_id, requester_id, ref FROM repeated_approvals"
        )
        assert (kept, requester) == (1, "bob")
        assert ref.endswith("#1")


def test_decisions_of_one_system_within_minutes_are_as_many_as_it_says(tmp_path: Path) -> None:
    again = IN_LOG | {"approval_id": "d1", "granted_at": "2026-08-10 10:01:00"}
    assert approvals(tmp_path, IN_LOG, again)[1] == 2


def test_another_person_hours_apart_another_thing_or_a_refusal_is_another_decision(
    tmp_path: Path,
) -> None:
    others = (
        IN_TICKET | {"approver_id": "dora"}, IN_TICKET | {"granted_at": "2026-08-10 10:20:00"}, IN_TICKET | {"decision": "rejected"},
        IN_TICKET | {"scope": "Writer"}, IN_TICKET | {"actor_id": "other"},
    )  # fmt: skip
    for n, other in enumerate(others):
        assert approvals(tmp_path / str(n), IN_LOG, other)[1] == 2, other


def test_one_id_for_decisions_of_several_days_hides_none_of_them(tmp_path: Path) -> None:
    again = IN_LOG | {"granted_at": "2026-08-11 10:00:00"}
    assert approvals(tmp_path, IN_LOG, again)[1] == 2


def test_a_decision_on_several_things_counts_once_and_covers_each(tmp_path: Path) -> None:
    kept, n = approvals(tmp_path, IN_LOG, IN_LOG | {"scope": "Writer"})
    assert (len(kept), n) == (2, 1)


# ---------------------------------------------------------------- what logs tell of themselves, and of decisions

DATA = Path(__file__).parent / "data" / "sources"


def told(source: str, table: str, file: str) -> list[Row]:
    """Return the rows of a table that a file of a source becomes."""
    golden = json.loads((DATA / source / "golden.json").read_text(encoding="utf-8"))
    return [row for row in golden["rows"].get(table, []) if file in row["file"]]


@pytest.mark.parametrize(
    ("source", "logs"),
    [
        (
            "aws-cloudtrail",
            ["aws-cloudtrail"] * 4 + ["arn:aws:s3:::invoices", "aws-bedrock-invocations"],
        ),
        ("gcp-audit", ["gcp-audit"] * 2),
        ("azure-activity", ["azure-activity", "entra-audit", "azure-activity"]),
    ],
)
def test_what_is_done_to_a_log_is_told_of_that_log_if_it_succeeded(
    source: str, logs: list[str]
) -> None:
    found = [
        r["actor_id"]
        for r in told(source, "changes", "log-stores")
        if r["field"] == "log_store" and "/" not in r["actor_id"]
    ]
    assert found == logs


def test_the_diagnostic_setting_of_a_vault_is_not_that_of_the_activity_log() -> None:
    [row] = [r for r in told("azure-activity", "changes", "log-stores") if r["change_id"] == "al-6"]
    assert "VAULTS/V1" in row["actor_id"]


def test_a_grant_of_a_key_is_a_right_of_who_gets_it_and_of_no_group() -> None:
    rows = {
        r["change_id"]: r
        for r in told("aws-cloudtrail", "changes", "log-stores")
        if r["field"] == "entitlements"
    }
    assert {*rows} == {"ls-8", "ls-9"}
    assert rows["ls-8"]["actor_id"].endswith(":role/crane-scheduler")


def test_a_policy_of_access_concerns_those_it_names_before_and_after() -> None:
    rows = told("entra-logs", "changes", "derived-policies")
    assert [(r["change_id"], r["actor_id"][-2:]) for r in rows] == [
        ("Policy_1", "11"),
        ("Policy_1", "12"),
        ("Policy_2", "11"),
    ]
    assert not [r for r in rows if "approved_by" in r], "who changed it did not approve it"


def test_a_pull_request_names_its_ticket() -> None:
    rows = {
        r["change_id"]: r.get("decision_id")
        for r in told("github-pull-requests", "changes", "gh-list")
    }
    assert rows["harbour/crane-agent#4"] == "CHG0030112"
    assert {v for k, v in rows.items() if k != "harbour/crane-agent#4"} == {None}


@pytest.mark.parametrize("directory", ["a-directory", "z-directory"])
def test_what_a_register_says_goes_before_a_directory_whatever_the_names_of_the_files(
    tmp_path: Path, directory: str
) -> None:
    """A directory calls active whatever it lists; that the register retired the agent must not hang on an alphabet."""
    rows = {
        "inventory/register.jsonl": '{"type": "agent", "actor_id": "a", "state": "retired"}\n',
        f"inventory/{directory}.jsonl": '{"type": "agent", "actor_id": "a", "listed_in": "directory",'
        ' "state": "active", "name": "Ada"}\n',
    }
    for name, text in rows.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with ingested(discover(tmp_path, ("inventory",)), loader.load().sources) as (engine, _):
        derive(engine, RUN, [])
        assert engine.rows("SELECT state, name, n_records FROM actors") == [("retired", "Ada", 1)]


def test_of_two_registers_the_record_updated_last_counts(tmp_path: Path) -> None:
    """The register of last quarter, left in the folder, gives nobody an owner who is gone since."""
    rows = {
        "inventory/a-q2.jsonl": '{"type": "agent", "actor_id": "a", "owner_id": "ann", "updated_at": "2026-06-01"}\n',
        "inventory/b-q3.jsonl": '{"type": "agent", "actor_id": "a", "owner_id": "", "updated_at": "2026-09-01"}\n',
    }
    for name, text in rows.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with ingested(discover(tmp_path, ("inventory",)), loader.load().sources) as (engine, _):
        derive(engine, RUN, [])
        assert engine.rows("SELECT owner_id FROM actors") == [(None,)]

"""One actor, many names: exact ids and declared aliases join, everything else is told."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import assess_few

import reporter
from reporter.authoring.examples import RUN, load_example, results_of
from reporter.content import loader
from reporter.content.loader import Content
from reporter.engine.duckdb import DuckDB
from reporter.ingest import load
from reporter.ingest.cache import open_cache
from reporter.ingest.readers.inputs import Inputs
from reporter.runs.store import read_data
from reporter.schema.tables import LOADED
from reporter.transform.derive import derive
from reporter.transform.identity import NAMED

pytestmark = pytest.mark.slow
YML = "organisation: Port\nperiod: {from: '2026-07-01', to: '2026-10-01'}\nframeworks: [owasp-nhi-2025]\n"


def told(folder: Path, *files: list[dict[str, object]]) -> tuple[list[tuple[str, ...]], int]:
    """Assess inventories; return (file, line, kind, reason) of what is told, and the number of agents."""
    (folder / "ws/inventory").mkdir(parents=True)
    (folder / "ws/reporter.yml").write_text(YML)
    for name, records in zip("abc", files, strict=False):
        text = "".join(json.dumps({"type": "agent", **r}) + "\n" for r in records)
        (folder / f"ws/inventory/{name}.jsonl").write_text(text)
    run = reporter.assess(folder / "ws")
    with (run.folder / "quarantine.csv").open(encoding="utf-8-sig", newline="") as handle:
        rows = [(r["file"], r["line"], r["kind"], r["reason"]) for r in csv.DictReader(handle)]
    return rows, len(run.findings(check="OWN-01"))


@pytest.mark.usefixtures("few_checks")
def test_sources_that_disagree_are_listed_with_both_values(tmp_path: Path) -> None:
    rows, agents = told(
        tmp_path,
        [{"actor_id": "bot", "owner_id": "ann"}, {"actor_id": "cab"}],
        [{"actor_id": "bot", "owner_id": "bea", "state": "active"}],
        [{"actor_id": "bot", "owner_id": "ann", "state": "active"}],
    )
    assert agents == 2
    assert rows == [
        ("inventory/a.jsonl", "1", "conflict",
         "actor bot: owner_id is ann here, and bea (inventory/b.jsonl#1) elsewhere; ann is used"),
    ]  # fmt: skip


@pytest.mark.usefixtures("few_checks")
def test_who_is_an_agent_in_any_list_is_told_where_the_first_one_says_so(tmp_path: Path) -> None:
    account = {"type": "service_account", "actor_id": "bot"}
    rows, agents = told(tmp_path, [account], [{"actor_id": "cab"}, {"actor_id": "bot"}], [{"actor_id": "bot"}])  # fmt: skip
    assert agents == 2
    assert rows == [
        ("inventory/b.jsonl", "2", "conflict",
         "actor bot: kind is agent here, and service_account (inventory/a.jsonl#1) elsewhere; agent is used"),
    ]  # fmt: skip


@pytest.mark.usefixtures("few_checks")
def test_an_alias_joins_and_a_near_name_does_not(tmp_path: Path) -> None:
    rows, agents = told(
        tmp_path,
        [{"actor_id": "claims-bot", "aliases": ["arn:aws:iam::1:role/claims"]}],
        [{"actor_id": "arn:aws:iam::1:role/claims"}, {"actor_id": "Claims_Bot"}, {"actor_id": "x1"}, {"actor_id": "X-1"}],
    )  # fmt: skip
    assert agents == 4
    assert rows == [
        (
            "inventory/a.jsonl",
            "1",
            "near name",
            "Claims_Bot, claims-bot may be one actor: declare an alias if they are",
        )
    ]


def test_a_name_whose_accents_are_written_apart_is_near_its_like(tmp_path: Path) -> None:
    rows, _ = told(tmp_path, [{"actor_id": "m\u00fcller-bot"}], [{"actor_id": "mu\u0308ller-bot"}])
    assert [kind for _, _, kind, _ in rows] == ["near name"]


AGENT = {"actor_id": "claims-bot", "principal_id": "arn:role/claims"}
ROLE = {"type": "workload", "actor_id": "arn:role/claims"}


def actors(folder: Path, *files: list[dict[str, object]], sql: str) -> list[tuple[object, ...]]:
    """Ingest files, each as a source of its own, with one event of the role; return what a query says."""
    event = {
        "time": "2026-08-01T10:00:00Z", "log_source": "trail", "principal_id": "arn:role/claims", "action": "x",
        "outcome": "success", "credential_id": "key-1",
    }  # fmt: skip
    (folder / "logs").mkdir()
    (folder / "logs/trail.jsonl").write_text(json.dumps(event) + "\n")
    base = next(s for s in loader.load().sources if s.id == "reporter-inventory")
    sources = [replace(base, id=f"s{n}", when=f"r ->> 'src' = '{n}'") for n in range(len(files))]
    for n, records in enumerate(files):
        text = "".join(json.dumps({"type": "agent", "src": str(n), **r}) + "\n" for r in records)
        (folder / f"logs/{n}.jsonl").write_text(text)
    with DuckDB(folder / "work") as engine, Inputs.of(folder) as inputs:
        events = [s for s in loader.load().sources if s.id == "reporter-events"]
        load.ingest(engine, inputs, (*sources, *events), open_cache(folder / "cache"))
        derive(engine, RUN, [], wanted=set())
        return engine.rows(sql)


WHO = "SELECT agent_id, registered, conflict, agent_kind FROM event_actors"


def test_a_directory_s_identity_is_the_one_agent_that_declares_it(tmp_path: Path) -> None:
    files = ([AGENT], [ROLE | {"aliases": ["AROA1"], "credentials": [{"credential_id": "key-1"}]}])
    sql = f"SELECT *, (SELECT string_agg(actor_id || kind) FROM actors), (SELECT string_agg(actor_id) FROM credentials) FROM ({WHO})"
    assert actors(tmp_path, *files, sql=sql) == [
        ("claims-bot", True, False, "agent", "claims-botagent", "claims-bot")
    ]


@pytest.mark.parametrize(
    ("why", "files", "expected"),
    [
        ("two agents declare it", ([AGENT, AGENT | {"actor_id": "b"}], [ROLE]),
         ("arn:role/claims", True, False, "workload")),
        ("one register lists both", ([AGENT, ROLE],), ("claims-bot", True, False, "agent")),
        ("it is a person", ([AGENT], [ROLE | {"type": "human"}]), ("claims-bot", True, False, "agent")),
    ],
)  # fmt: skip
def test_an_identity_is_not_merged_when(
    why: str, files: tuple[list[dict[str, object]], ...], expected: tuple[object, ...], tmp_path: Path
) -> None:  # fmt: skip
    found = actors(tmp_path, *files, sql=f"SELECT *, (SELECT count(*) FROM actors) FROM ({WHO})")
    assert found == [(*expected, sum(len(f) for f in files))]


def test_people_are_one_under_all_their_names(tmp_path: Path) -> None:
    files = ([AGENT | {"owner_id": "ada@x.example"}], [{"type": "human", "actor_id": "00u1", "aliases": ["ada@x.example"]}])  # fmt: skip
    sql = "SELECT owner_id FROM actors WHERE actor_id = 'claims-bot'"
    assert actors(tmp_path, *files, sql=sql) == [("00u1",)]


@pytest.mark.usefixtures("few_checks")
def test_an_alias_of_two_actors_is_told(tmp_path: Path) -> None:
    rows, _ = told(
        tmp_path, [{"actor_id": "b1", "aliases": ["x"]}, {"actor_id": "b2", "aliases": ["x"]}]
    )
    assert [r[2:] for r in rows] == [("conflict", "alias x is declared for b1, b2; b1 is used")]


# ---------------------------------------------------------------- who is in no list stays so


@pytest.mark.parametrize(
    "row",
    [
        {"credentials": [{"credential_id": "kk", "actor_id": "nobody"}]},
        {"aliases": [{"actor_id": "nobody", "alias": "shadow"}]},
        {
            "aliases": [
                {"actor_id": "between", "alias": "shadow"},
                {"actor_id": "nobody", "alias": "between"},
            ]
        },
        {},
    ],
    ids=["holder of a key", "alias", "alias of an alias", "nothing"],
)
def test_a_row_that_names_who_is_in_no_list_registers_nobody(
    row: dict[str, Any], content: Content
) -> None:
    check = next(c for c in content.checks if c.id == "INV-02")
    named = {"credential_id": "kk"} if "credentials" in row else {"actor_id": "shadow"}
    event = {"occurred_at": "2026-08-01", "actor_kind": "agent", "tool": "pay", **named}
    given = {
        "actors": [
            {"actor_id": "real", "kind": "agent", "state": "active", "created_at": "2026-01-01"}
        ],
        "events": [event, {"occurred_at": "2026-08-01", "actor_id": "real", "tool": "pay"}],
    }
    found = results_of(check, {"given": given | row})
    who = "shadow" if not row else "nobody"
    assert found[who][0] == "fail", found
    assert not {*found} & {"between", "kk"}


def test_the_case_of_a_mail_address_tells_no_two_people_apart(tmp_path: Path) -> None:
    """Wherever it names a person: in lists, as an alias, in logs. Other ids differ by their case."""
    agent = {"kind": "agent", "state": "active"}
    person = {"kind": "human", "state": "active"}
    given = {
        "actors": [
            person | {"actor_id": "ann@example.com"},
            person | {"actor_id": "Bob@Example.com"},
            person | {"actor_id": "e-1"},
            person | {"actor_id": "zoe"},
            agent | {"actor_id": "a1", "owner_id": "Ann@Example.com"},
            agent | {"actor_id": "a2", "owner_id": "bob@example.com"},
            agent | {"actor_id": "a3", "owner_id": "EVE@example.com"},
            agent | {"actor_id": "a4", "owner_id": "Zoe"},
            agent | {"actor_id": "Bot@Tools.example", "owner_id": "ann@example.com"},
        ],
        "aliases": [{"alias": "Eve@Example.com", "actor_id": "e-1"}],
        "approvals": [{"approval_id": "p", "actor_id": "a1", "approver_id": "ANN@example.com"}],
        "events": [
            {"occurred_at": "2026-08-01", "actor_id": n, "principal_id": p, "tool": "t"}
            for n, p in (
                ("Ann@example.COM", ""),
                ("", "EVE@EXAMPLE.COM"),
                ("bot@tools.example", ""),
            )
        ],
    }
    with DuckDB(tmp_path) as engine:
        load_example(engine, {"given": given})
        derive(engine, RUN, [])
        owners = dict(engine.rows("SELECT actor_id, owner_id FROM agents WHERE registered"))
        (approver,) = engine.rows("SELECT approver_id FROM approvals")
        seen = {row[0] for row in engine.rows("SELECT agent_id FROM event_actors")}
    people = {"a1": "ann@example.com", "a2": "Bob@Example.com", "a3": "e-1", "a4": "Zoe"}
    assert owners == people | {"Bot@Tools.example": "ann@example.com"}
    assert approver == ("ann@example.com",)
    assert seen == {"ann@example.com", "e-1", "bot@tools.example"}


def test_an_alias_of_an_alias_is_followed_to_the_end_and_a_circle_has_one_actor(
    tmp_path: Path,
) -> None:
    pairs = [("a", "b"), ("b", "c"), ("c", "d"), ("x", "y"), ("y", "z"), ("z", "y")]
    with DuckDB(tmp_path) as engine:
        load_example(
            engine, {"given": {"aliases": [{"alias": a, "actor_id": b} for a, b in pairs]}}
        )
        derive(engine, RUN, [])
        rows = engine.rows("SELECT alias, actor_id FROM same_as ORDER BY alias")
    assert rows == [("a", "d"), ("b", "d"), ("c", "d"), ("x", "y"), ("z", "y")]


@pytest.mark.usefixtures("few_checks")
def test_an_agent_that_another_declares_as_its_alias_is_named(tmp_path: Path) -> None:
    """It loses its record, its tools and its keys to the other: nobody was told."""
    rows, _ = told(tmp_path, [{"actor_id": "multi"}, {"actor_id": "other", "aliases": ["multi"]}])
    assert rows == [
        (
            "inventory/a.jsonl",
            "1",
            "one actor",
            "multi has a separate record but counts as other, which is declared to have that alias",
        )
    ]


def test_the_longest_chain_of_a_day_is_told_by_its_number(content: Content) -> None:
    check = next(c for c in content.checks if c.id == "RUN-05")
    events = [
        {
            "occurred_at": "2026-08-01",
            "actor_id": "real",
            "tool": "t",
            "session_id": f"s{n}",
            **({"parent_session_id": f"s{n - 1}"} if n else {"trigger": "schedule"}),
        }
        for n in range(13)
    ]
    actors = [{"actor_id": "real", "kind": "agent", "state": "active", "risk_tier": "low"}]
    [(status, reason)] = results_of(check, {"given": {"actors": actors, "events": events}}).values()
    assert status == "fail" and "a chain of 12 hops" in reason, reason


def test_a_word_for_nobody_is_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An approval asked for by N/A passed as that of two people; an owner "tbd" was only unknown."""
    assess_few(monkeypatch, "OWN-01", "APR-03")
    words = ["n.n.", "N/A", " TBD ", "unbekannt", "-", "None", "keine Angabe"]
    people = [*words, "NN", "bea"]
    records: list[dict[str, object]] = [
        {"type": "agent", "actor_id": f"a{n}", "state": "active", "owner_id": word, "technical_owner_id": word}
        for n, word in enumerate(people)
    ]  # fmt: skip
    records += [
        {"type": "approval", "approval_id": f"p{n}", "actor_id": f"a{n}", "approval_type": "tool", "scope": "x",
         "requester_id": word, "approver_id": "ann", "granted_at": "2026-08-01T00:00:00Z"}
        for n, word in enumerate(people)
    ]  # fmt: skip
    records += [{"type": "human", "actor_id": p, "state": "active"} for p in ("ann", "bea")]
    ws = tmp_path / "ws"
    (ws / "inventory").mkdir(parents=True)
    (ws / "reporter.yml").write_text(YML)
    text = "".join(json.dumps(r) + "\n" for r in records)
    (ws / "inventory/a.jsonl").write_text(text)
    run = reporter.assess(ws)
    found = run.results(check="OWN-01")
    owned = dict(
        zip(found["subject"], zip(found["status"], found["reason"], strict=True), strict=True)
    )
    nobody = {f"a{n}" for n in range(len(words))}
    assert {a for a, found in owned.items() if found == ("fail", "no owner is recorded")} == nobody
    assert owned["a7"][1] == "owner NN is not in any directory provided"
    found = run.results(check="APR-03")
    approved = dict(zip(found["subject"], found["status"], strict=True))
    assert {a: s for a, s in approved.items() if a in nobody} == dict.fromkeys(nobody, "unknown")


def test_a_word_for_nobody_answers_for_no_contract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess_few(monkeypatch, "SUP-04")
    day = "2026-08-01T00:00:00Z"
    records: list[dict[str, object]] = [
        {"type": "agent", "actor_id": "a1", "state": "active", "risk_tier": "low"},
        {"type": "grant", "actor_id": "a1", "grant_type": "entitlement", "name": "mail", "action": "Mail.Read"},
        *({"type": "third_party", "third_party_id": f"github.com/{n}", "actor_id": "a1", "scopes": "read",
           "principal_id": "p1"} for n in "xy"),
        *({"type": "vendor", "vendor_id": n, "identifier": f"github.com/{n}", "reviewed_at": day, "owner_id": who}
          for n, who in (("x", "N/A"), ("y", "ann"))),
    ]  # fmt: skip
    ws = tmp_path / "ws"
    (ws / "inventory").mkdir(parents=True)
    (ws / "reporter.yml").write_text(YML)
    (ws / "inventory/a.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    found = reporter.assess(ws).results(check="SUP-04")
    reasons = dict(zip(found["subject"], found["reason"], strict=True))
    assert reasons["github.com/x"] == "no one answers for the contract with github.com/x"
    assert "no one answers" not in reasons["github.com/y"]


def test_each_column_of_a_person_is_read_under_all_names_of_the_person() -> None:
    lists = [t for t in LOADED if t.name in NAMED]
    people = {(t.name, c.name) for t in lists for c in t.columns if c.person}
    assert people <= {(table, column) for table, names in NAMED.items() for column in names}


def test_a_display_name_joins_nobody_and_is_told_with_the_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess_few(monkeypatch, "OWN-01")
    ws = tmp_path / "ws"
    (ws / "inventory").mkdir(parents=True)
    (ws / "reporter.yml").write_text(YML)
    records = [
        {"type": "agent", "actor_id": "a", "state": "active", "owner_id": "Ann Lee"},
        {"type": "agent", "actor_id": "b", "state": "active", "owner_id": "Bo Ray"},
        {"type": "human", "actor_id": "ann@x.example", "name": "Ann Lee", "state": "active"},
        {"type": "human", "actor_id": "bo1@x.example", "name": "Bo Ray", "state": "active"},
        {"type": "human", "actor_id": "bo2@x.example", "name": "Bo Ray", "state": "active"},
    ]
    (ws / "inventory/a.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    run = reporter.assess(ws)
    assert set(run.results(check="OWN-01")["status"]) == {"unknown"}
    notice = next(n for n in read_data(run.folder).notices if n.code == "display_names")
    (line,) = notice.lines
    assert str(line.translated()) == "Ann Lee (1): perhaps ann@x.example is meant"


def test_who_decides_may_be_named_by_any_exact_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who approved an autonomy, may stop an agent or let an alert pass stood under his mail address in no list."""
    assess_few(monkeypatch, "APR-08", "LIF-05", "MON-05")
    ws = tmp_path / "ws"
    (ws / "inventory").mkdir(parents=True)
    (ws / "reporter.yml").write_text(YML)
    agent = {"type": "agent", "state": "active", "autonomy": 3, "kill_switch": "a switch",
             "tools": [{"name": "pay", "effect": "transfer"}]}  # fmt: skip
    records: list[dict[str, object]] = [
        {**agent, "actor_id": "kept", "autonomy_approved_by": "ann@x.example", "kill_switch_owner": "ann@x.example"},
        {**agent, "actor_id": "lost", "autonomy_approved_by": "dora@x.example", "kill_switch_owner": "dora@x.example"},
        {"type": "human", "actor_id": "u-1", "state": "active"},
        {"type": "human", "actor_id": "u-2", "state": "retired", "retired_at": "2026-07-05T00:00:00Z"},
        {"type": "alias", "actor_id": "u-1", "alias": "ann@x.example"},
        {"type": "alias", "actor_id": "u-2", "alias": "dora@x.example"},
    ]  # fmt: skip
    for name, who in (("kept", "ann@x.example"), ("lost", "dora@x.example")):
        records += [
            {"type": "alert", "alert_id": f"l-{name}", "actor_id": name, "severity": "critical", "action": "none",
             "raised_at": "2026-08-01T10:00:00Z", "acted_at": "2026-08-01T10:05:00Z", "acted_by": who},
            {"actor_id": name, "event_id": f"e-{name}", "occurred_at": "2026-08-01T10:00:00Z", "log_source": "gw",
             "tool": "pay", "effect": "transfer", "outcome": "success", "approval_id": "p"},
        ]  # fmt: skip
    (ws / "inventory/a.jsonl").write_text(
        "".join(json.dumps(r) + "\n" for r in records if "event_id" not in r)
    )
    (ws / "logs").mkdir()
    (ws / "logs/gw.jsonl").write_text(
        "".join(json.dumps(r) + "\n" for r in records if "event_id" in r)
    )
    run = reporter.assess(ws)
    found = {
        (check, subject): (status, reason)
        for check in ("APR-08", "LIF-05", "MON-05")
        for subject, status, reason in zip(
            *(run.results(check=check)[c] for c in ("subject", "status", "reason")), strict=True
        )
    }
    assert {k: v[0] for k, v in found.items() if k[1] == "kept" and k[0] != "APR-08"} == {
        ("LIF-05", "kept"): "declared", ("MON-05", "kept"): "declared",
    }  # fmt: skip
    assert "directory" not in found["APR-08", "kept"][1]
    assert found["LIF-05", "lost"][0] == "fail" and "left" in found["LIF-05", "lost"][1]
    assert (
        found["MON-05", "lost"][0] == "fail"
        and "not a person in post that day" in found["MON-05", "lost"][1]
    )


def test_owners_are_printed_by_name_and_with_their_id_where_two_share_it(tmp_path: Path) -> None:
    (tmp_path / "ws/inventory").mkdir(parents=True)
    (tmp_path / "ws/reporter.yml").write_text(YML)
    people = {"ann@a.example": "Ann Lee", "ann@b.example": "Ann Lee", "bo@a.example": "Bo Ek"}
    (tmp_path / "ws/inventory/people.csv").write_text(
        "type,actor_id,name,state\n"
        + "".join(f"human,{i},{name},retired\n" for i, name in people.items())
    )
    owners = (*people, "cy@a.example")  # of whom no list says a name
    (tmp_path / "ws/inventory/agents.csv").write_text(
        "type,actor_id,name,state,owner_id\n"
        + "".join(f"agent,bot-{n},Bot,active,{owner}\n" for n, owner in enumerate(owners))
    )
    run = reporter.assess(tmp_path / "ws")
    data = read_data(run.folder)
    assert {i: data.name_of(i) for i in owners} == {
        "ann@a.example": "Ann Lee (ann@a.example)",
        "ann@b.example": "Ann Lee (ann@b.example)",
        "bo@a.example": "Bo Ek",
        "cy@a.example": "cy@a.example",
    }
    named = " ".join(card.owners for card in run.view.causes.cards)
    assert "Ann Lee (ann@a.example)" in named
    assert "bo@a.example" not in named

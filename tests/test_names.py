"""One actor, many names: exact ids and declared aliases join, everything else is told."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

import reporter
from reporter.authoring.examples import RUN
from reporter.content import loader
from reporter.engine.duckdb import DuckDB
from reporter.ingest import load
from reporter.ingest.cache import open_cache
from reporter.ingest.readers.inputs import Inputs
from reporter.transform.derive import derive

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

"""The tables that the engine computes: about nobody nothing is claimed, and each event is one, however many a record holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fixture_reasons import said

from reporter.authoring import examples
from reporter.authoring.examples import RUN, load_example
from reporter.content import loader
from reporter.content.loader import Content
from reporter.content.sql_policy import compile_check
from reporter.engine.duckdb import DuckDB
from reporter.evaluate import extract, runner
from reporter.ingest.cache import open_cache
from reporter.ingest.load import Intake, ingest
from reporter.ingest.readers.inputs import Inputs
from reporter.model.assessment import Check, RunInfo
from reporter.pipeline.disclosures import of_doubled
from reporter.schema.tables import EVENT_TABLES, TABLES
from reporter.system import folders
from reporter.transform.derive import EVERYTHING, derive
from reporter.transform.log_coverage import Expected

pytestmark = pytest.mark.slow

SOURCES = tuple(loader.read_source(p) for p in sorted(folders.content_dir()[1].glob("*.yml")))
Row = dict[str, Any]


@contextmanager
def derived(
    folder: Path, run: RunInfo = RUN, wanted: Set[str] = EVERYTHING, **given: list[Row]
) -> Iterator[DuckDB]:
    """An engine with the tables made of rows of loaded tables."""
    with DuckDB(folder / "work") as engine:
        load_example(engine, {"given": given})
        derive(engine, run, [], wanted=wanted)
        yield engine


# ---------------------------------------------------------------- events of agents that name nobody

ROLLUPS = ("events", "activity", "data_use", "reach", "callers", "versions")
"""What counts events, also those that name nobody; all else is about somebody."""
NOBODY = {"occurred_at": "2026-08-01", "actor_kind": "agent", "tool": "pay", "effect": "transfer",
          "purpose": "billing", "session_id": "s1", "parent_session_id": "s0", "resource": "db/secret-0123456789ab",
          "destination": "x.com", "tool_version": "1", "user_agent": "curl", "event_class": "data"}  # fmt: skip


@pytest.fixture(scope="module")
def nobodys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDB]:
    """A log in which an agent acts that no event names, beside one that is named; every record held a secret."""
    given = {
        "actors": [{"actor_id": "bot", "kind": "agent", "state": "active"}],
        "grants": [{"actor_id": "bot", "type": "tool", "name": "look", "purpose": "billing"}],
        "actor_log_sources": [{"actor_id": "bot", "log_source": "gateway"}],
        "events": [
            NOBODY,
            NOBODY | {"occurred_at": "2026-08-03", "outcome": "denied"},
            {"occurred_at": "2026-08-02", "actor_id": "bot", "tool": "look", "purpose": "billing"},
        ],
        "baseline": [{"actor_kind": "agent", "tool": "look", "purpose": "billing"}],
    }
    with derived(tmp_path_factory.mktemp("nobody"), **given) as engine:
        runner.prepare(engine)
        yield engine


def test_no_table_about_actors_has_a_row_about_nobody(nobodys: DuckDB) -> None:
    tables = [t for t in TABLES if t not in ROLLUPS]
    made = [
        *tables,
        "coverage",
        "entitlement_usage",
        "deviations",
        "unused_grants",
        "risk_tiers",
        "factors",
    ]
    nameless = [
        table for table in made
        for who in {"actor_id", "agent_id"} & {n for n, _ in nobodys.columns(f"FROM {table}")}
        if nobodys.one(f"SELECT count(*) - count({who}) FROM {table}")
    ]  # fmt: skip
    assert nameless == []


@pytest.mark.parametrize(
    ("table", "agents"),
    [
        ("coverage", ["bot"]),
        ("daily_activity", ["bot"]),
        ("scope_runs", ["bot"]),
        ("described", ["bot"]),
    ],
)
def test_days_runs_and_sources_are_told_of_those_who_are_named(
    table: str, agents: list[str], nobodys: DuckDB
) -> None:
    name = "agent_id" if table in ("daily_activity", "scope_runs") else "actor_id"
    assert [a for (a,) in nobodys.rows(f"SELECT DISTINCT {name} FROM {table}")] == agents


def test_no_list_of_the_report_has_a_line_about_nobody(nobodys: DuckDB) -> None:
    compared = extract.compared(nobodys)
    lists = (extract.coverage(nobodys), compared.scopes, compared.deviations, compared.paths,
             compared.agents, compared.unused, compared.tiers)  # fmt: skip
    named = {line.agent for lines in lists for line in lines}
    assert named == {"bot"}


def test_what_nobody_did_is_unattributed(nobodys: DuckDB, content: Content) -> None:
    results = _results(nobodys, content, "AUD-01")
    assert results == {
        "gateway": ("fail", "of 3 agent events, 2 match no agent; the first names no one")
    }


# ---------------------------------------------------------------- several events of one record

OF_ONE_RECORD = ("APR-02", "APR-03", "ENT-04", "MON-04", "MON-05")
"""Checks that look at single events, approvals or alerts and put them together again."""
SINGLE = {"events", "approvals", "alerts"}


def _reads_single_rows(check: Check) -> bool:
    tables = compile_check(check).tables
    return bool(tables & (SINGLE | EVENT_TABLES))


@pytest.mark.parametrize("check_id", OF_ONE_RECORD)
def test_a_record_may_hold_all_events_approvals_and_alerts(
    check_id: str, tmp_path: Path, content: Content
) -> None:
    """No result of an example changes when all rows of a table come from one record."""
    _same_from_one_record(next(c for c in content.checks if c.id == check_id), tmp_path)


ONE_RECORD_EACH: dict[str, tuple[str, dict[str, list[Row]]]] = {
    "one of two calls has a window": ("ENT-04", {
        "grants": [{"actor_id": "bot", "type": "tool", "name": "db.*", "effect": "delete", "activation": True}],
        "approvals": [{"approval_id": "p", "actor_id": "bot", "type": "tool", "scope": "db.drop",
                       "granted_at": "2026-08-01T09:00:00", "expires_at": "2026-08-01T12:00:00"}],
        "events": [{"occurred_at": "2026-08-01T10:00:00", "actor_id": "bot", "tool": tool, "resource": "db"}
                   for tool in ("db.drop", "db.wipe")],
    }),
    "one of two alerts with one id led to a stop": ("MON-05", {
        "state_changes": [{"actor_id": "bot", "state": "suspended", "from_at": "2026-08-01T10:05:00"}],
        "alerts": [{"alert_id": "l", "actor_id": "bot", "severity": "critical", "raised_at": at,
                    "action": "", "acted_at": "", "acted_by": ""}
                   for at in ("2026-08-01T10:00:00", "2026-08-05T10:00:00")],
    }),
}  # fmt: skip


@pytest.mark.parametrize("case", ONE_RECORD_EACH)
def test_what_holds_for_one_row_of_a_record_does_not_for_the_other(
    case: str, tmp_path: Path, content: Content
) -> None:
    check_id, given = ONE_RECORD_EACH[case]
    given["actors"] = [{"actor_id": "bot", "kind": "agent", "state": "active", "environment": "production"}]  # fmt: skip
    check = next(c for c in content.checks if c.id == check_id)
    assert _from_one_record(check, {"given": given}, tmp_path) == {"bot": "fail"}


@pytest.mark.deep
def test_every_check_takes_events_approvals_and_alerts_from_one_record(
    tmp_path: Path, content: Content
) -> None:
    for check in content.checks:
        if check.id not in OF_ONE_RECORD and _reads_single_rows(check):
            _same_from_one_record(check, tmp_path / check.id)


def _same_from_one_record(check: Check, folder: Path) -> None:
    for n, example in enumerate(check.examples):
        assert isinstance(example["expect"], dict)
        found = _from_one_record(check, example, folder / str(n))
        assert found == example["expect"], example["name"]


def _from_one_record(check: Check, example: dict[str, Any], folder: Path) -> dict[str, str]:
    compiled = compile_check(check, {**check.params, **example.get("params", {})})
    with DuckDB(folder) as engine:
        engine.run("SET threads = 1")
        load_example(engine, example)
        for table in sorted(SINGLE):
            engine.run(f"UPDATE in_{table} SET record = 1")
        derive(engine, RUN, [examples.expected(example)], wanted=compiled.tables)
        runner.prepare(engine, [check.about])
        runner.assess(engine, [(check, compiled)])
        return dict(engine.rows("SELECT subject, status FROM results ORDER BY subject"))


def _results(engine: DuckDB, content: Content, check_id: str) -> dict[str, tuple[str, str]]:
    """The results of one check on an engine's tables."""
    check = next(c for c in content.checks if c.id == check_id)
    runner.assess(engine, [(check, compile_check(check))])
    return {subject: result for (_, subject), result in said(engine, [check]).items()}


Taken = Callable[..., tuple[DuckDB, Intake]]


@pytest.fixture
def taken(tmp_path: Path) -> Iterator[Taken]:
    """Return a function that ingests files by their names, and an engine with what they gave."""
    with DuckDB(tmp_path / "work") as engine:

        def take(**files: str) -> tuple[DuckDB, Intake]:
            for name, text in files.items():
                path = tmp_path / "ws" / "logs" / name.replace("__", ".")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            cache = open_cache(tmp_path / "cache")
            return engine, ingest(engine, Inputs.of(tmp_path / "ws"), SOURCES, cache)

        yield take


def _chat(n: int) -> str:
    """A line of a chat log: one record in which `helpdesk` calls two tools."""
    calls = [
        {"id": f"call-{n}-{i}", "type": "function", "function": {"name": "drop", "arguments": "{}"}}
        for i in (1, 2)
    ]
    answers = [{"role": "tool", "tool_call_id": c["id"], "content": "done"} for c in calls]
    messages = [{"role": "assistant", "content": None, "tool_calls": calls}, *answers]
    said = {"agent_id": "helpdesk", "session_id": f"s{n}", "timestamp": "2026-08-01T10:00:00Z"}
    return json.dumps({**said, "messages": messages}) + "\n"


def test_two_calls_of_one_record_are_two_events_and_one_result(
    taken: Taken, content: Content
) -> None:
    engine, _ = taken(
        chat__jsonl=_chat(1),
        agents__jsonl='{"type": "agent", "actor_id": "helpdesk", "state": "active", '
        '"grants": [{"type": "tool", "name": "drop", "effect": "delete"}]}\n'
        '{"type": "approval", "approval_id": "x", "actor_id": "helpdesk", "kind": "action"}\n',
    )
    derive(engine, RUN, [])
    rows = engine.rows("SELECT ref, count(*), count(DISTINCT row_id) FROM events GROUP BY ref")
    assert rows == [("logs/chat.jsonl#1", 2, 2)]
    runner.prepare(engine)
    assert list(_results(engine, content, "APR-02")) == ["helpdesk"]


def test_what_one_log_does_not_tell_of_an_act_is_counted_only_where_it_tells_it_of_others(
    tmp_path: Path,
) -> None:
    """Another log shows the same acts and never tells whom they are for."""
    bot = {"occurred_at": "2026-08-01", "actor_id": "bot", "tool": "t"}
    events = [bot | {"on_behalf_of": "ann"}, bot, bot | {"log_source": "other"}]
    actors = [{"actor_id": "bot", "kind": "agent", "state": "active"}]
    with derived(tmp_path, actors=actors, events=events) as engine:
        assert engine.rows("SELECT agent_id, n_events, n_all FROM untold_acts") == [("bot", 1, 2)]


def test_events_and_gaps_of_a_log_that_two_lists_name_are_counted_once(
    taken: Taken, content: Content
) -> None:
    agents = "".join(
        json.dumps({"type": "agent", "state": "active", "log_sources": ["gateway"], **one}) + "\n"
        for one in ({"actor_id": "new", "activated_at": "2026-09-30"}, {"actor_id": "old"})
    )
    engine, _ = taken(
        one__jsonl=agents,
        two__jsonl=agents,
        log__jsonl='{"event_id": "e", "time": "2026-09-30T20:00:00Z", "log_source": "gateway",'
        ' "actor_id": "new", "tool": "t", "outcome": "success"}\n',
    )
    derive(engine, RUN, [Expected("gateway", "day", 1)])
    runner.prepare(engine)
    of_agents = {
        "new": ("pass", "log source gateway shows it (1 event)"),
        "old": (
            "unknown",
            "log source gateway delivers, but no log shows it at work in the period: either it did"
            " nothing, or the log does not cover it",
        ),
    }
    assert _results(engine, content, "MON-01") == of_agents
    silent = ("fail", "was silent from 2026-07-01 to 2026-09-30")
    assert _results(engine, content, "MON-07")["gateway"] == silent


@pytest.mark.parametrize("portion", [1, 8 << 20])
def test_each_event_has_a_number_of_its_own(
    portion: int, taken: Taken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many files, records of a line, and portions of the spool there are, and in the order of the file."""
    monkeypatch.setattr("reporter.ingest.record_path.PORTION", portion)
    monkeypatch.setattr("reporter.ingest.record_path.FLAT_PORTION", portion)
    page = {"items": [json.loads(_google(n, "request", "revoke")) for n in range(3)]}
    engine, _ = taken(
        a__jsonl=json.dumps(page) + "\n" + json.dumps({"items": page["items"][:1]}) + "\n",
        b__jsonl=_google(7, "request", "revoke"),
        c__jsonl="".join(_event(n) for n in range(5)),
    )
    derive(engine, RUN, [], wanted=set())
    assert engine.rows("SELECT count(*), count(DISTINCT row_id) FROM events") == [(13, 13)]
    in_order = engine.rows("SELECT event_id FROM events WHERE ref LIKE 'logs/c%' ORDER BY row_id")
    assert in_order == [(f"e{n}",) for n in range(5)]


def test_each_event_of_a_big_log_has_a_number_of_its_own(
    taken: Taken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reporter.ingest.convert.STREAM_FROM", 0)
    engine, _ = taken(**{f"{x}__jsonl": "".join(_event(n, x) for n in range(50)) for x in "ab"})
    derive(engine, RUN, [], wanted=set())
    found = engine.rows("SELECT event_id, ref FROM events ORDER BY row_id")
    assert engine.one("SELECT count(DISTINCT row_id) FROM events") == 100
    assert found == [(f"{x}{n}", f"logs/{x}.jsonl#{n + 1}") for x in "ab" for n in range(50)]


def _event(n: int, name: str = "e", **more: Any) -> str:
    return json.dumps({"event_id": f"{name}{n}", "time": "2026-08-01T10:00:00Z", "log_source": "gw", "actor_id": "a1",
                       "event_class": "tool", "action": "x", "outcome": "success", **more}) + "\n"  # fmt: skip


def _google(n: int, *names: str) -> str:
    """An activity of a workspace's log, with an event a name."""
    said = {
        "time": "2026-08-01T08:02:00.000Z",
        "uniqueQualifier": str(n),
        "applicationName": "token",
    }
    client = [{"name": "client_id", "value": "44-inbox.apps.googleusercontent.com"}]
    events = [{"type": "auth", "name": name, "parameters": client} for name in names]
    return json.dumps({"kind": "admin#reports#activity", "id": {**said, "customerId": "C01"},
                       "actor": {"email": "alva@dock.example.com"}, "events": events}) + "\n"  # fmt: skip


# ---------------------------------------------------------------- events that stand twice


def test_one_repeated_event_is_seen_beside_events_without_an_id(taken: Taken) -> None:
    """The smallest number of repeats there is; hash(NULL) is a value like any other."""
    nameless = _event(1, event_id=None)
    engine, intake = taken(a__jsonl=_event(1) + nameless + nameless + _event(1))
    assert engine.one("SELECT count(*) FROM in_events") == 3
    assert [(q.file, q.line, q.kind) for q in intake.quarantined] == [
        ("logs/a.jsonl", 4, "duplicate")
    ]


def test_two_exports_that_contradict_one_another_on_an_event_both_count(taken: Taken) -> None:
    first = _event(1, tool="one")
    engine, intake = taken(a__jsonl=first, b__jsonl=_event(1, tool="other") + _event(2))
    assert engine.one("SELECT count(*) FROM in_events") == 3
    assert [(q.file, q.line, q.kind) for q in intake.quarantined] == [
        ("logs/b.jsonl", 1, "duplicate")
    ]
    (notice,) = of_doubled(intake)
    assert dict(notice.values) == {"n": 1}
    assert [str(line.translated()) for line in notice.lines] == [
        "logs/b.jsonl: 1, as in logs/a.jsonl"
    ]


@pytest.mark.parametrize("fuller", ["a", "b", "c"])
def test_of_two_exports_of_an_event_the_one_that_says_more_counts(
    taken: Taken, fuller: str
) -> None:
    """It counted twice, with a note that no page showed."""
    logs = {f"{name}__jsonl": _event(1) + _event(2, tool=name) for name in "abc"}
    logs[f"{fuller}__jsonl"] = _event(1, tool="t", resource="r") + _event(2, tool=fuller)
    logs["d__jsonl"] = _event(1, tool="t")
    engine, intake = taken(**logs)
    found = engine.rows("SELECT file, tool, resource FROM in_events WHERE event_id = 'e1'")
    assert found == [(f"logs/{fuller}.jsonl", "t", "r")]
    assert sum(f.kept for f in intake.files) == 7
    told = [q for q in intake.quarantined if "are also in another, in full" in q.reason.text]
    assert {q.file for q in told} | {f"logs/{fuller}.jsonl"} >= {"logs/d.jsonl"}
    (notice,) = of_doubled(intake)
    assert dict(notice.values) == {"n": 2}


def test_what_stands_beside_a_repeated_event_in_its_record_stays(taken: Taken) -> None:
    engine, intake = taken(a__jsonl=_google(1, "request") + _google(1, "request", "revoke"))
    found = engine.rows("SELECT action, record FROM in_events ORDER BY ALL")
    assert found == [("token:request", 1), ("token:revoke", 2)]
    assert [q.kind for q in intake.quarantined] == ["duplicate"]


def test_an_event_that_one_record_holds_twice_counts_once(taken: Taken) -> None:
    engine, intake = taken(a__jsonl=_google(1, "request", "request"))
    assert engine.rows("SELECT action, record FROM in_events") == [("token:request", 1)]
    assert [q.kind for q in intake.quarantined] == ["duplicate"]

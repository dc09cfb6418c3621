"""The engine never claims more than it can know: not recorded is not missing, silence is not innocence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fixture_estate import Estate, spoiled

from reporter.authoring import examples
from reporter.authoring.examples import complete_events
from reporter.content.loader import Content
from reporter.engine.duckdb import DuckDB
from reporter.errors import ContentError
from reporter.evaluate import runner
from reporter.evaluate.coded_results import RESULTS_TABLE
from reporter.evaluate.evidence import Strengths, bound_by_record, sight_of
from reporter.ingest.cache import open_cache
from reporter.ingest.load import ingest
from reporter.ingest.readers.inputs import Inputs
from reporter.model.assessment import Check
from reporter.schema.compiled import Compiled
from reporter.schema.tables import EVENT_TABLES, LOADED, SHARED, TABLES, columns_of
from reporter.transform.derive import derive
from reporter.transform.log_coverage import Expected

pytestmark = pytest.mark.slow

Results = dict[tuple[str, str], tuple[str, str]]
Copies = dict[str, dict[tuple[str, str], str]]
"""column -> (check, subject) -> result, in the copy of the company without that column"""
ResultsOf = Callable[..., Results]
CompiledChecks = list[tuple[Check, Compiled]]
OWN = Check(
    id="OWN-77", title="", why="", about="agent", severity="low", level=1, evidence="inventory", fix="", place="own:1",
    sql="SELECT a.actor_id AS subject, a.owner_id IS NOT NULL AS ok FROM agents AS a",
)  # fmt: skip
USE = replace(
    OWN, evidence="logs",
    sql="SELECT x.agent_id AS subject, SUM(CASE WHEN x.outcome = 'error' THEN 1 ELSE 0 END) = 0 AS ok "
    "FROM activity AS x WHERE x.in_window GROUP BY x.agent_id",
)  # fmt: skip
A1 = {"actor_id": "a1", "kind": "agent", "state": "active"}
E1 = {"occurred_at": "2026-08-01", "actor_id": "a1", "actor_kind": "agent"}


def results(check: Check, dead: bool = False, **given: list[dict[str, Any]]) -> dict[str, str]:
    """Give subject -> result for some rows."""
    made = examples.results_of(check, {"given": given, "dead": dead})
    return {subject: result for subject, (result, _) in made.items()}


# ---------------------------------------------------------------- the rules, one at a time


@pytest.mark.parametrize(
    ("owner", "result"),
    [({"owner_id": "ann"}, "pass"), ({"owner_id": ""}, "fail"), ({}, "unknown")],
    ids=["recorded", "recorded as empty", "never recorded"],
)
def test_not_recorded_is_not_missing(owner: dict[str, str], result: str) -> None:
    assert results(OWN, actors=[A1 | owner]) == {"a1": result}


@pytest.mark.parametrize(
    ("demanded", "storage", "result"),
    [("record", "vault", "pass"), ("observed", "vault", "unknown"), ("observed", "file", "fail")],
)
def test_a_pass_on_a_weaker_record_than_demanded_is_unknown(
    demanded: str, storage: str, result: str
) -> None:
    """Rows of an example are on record."""
    check = replace(
        OWN, demands={"pass": {"credentials.storage": demanded}},
        sql="SELECT c.actor_id AS subject, c.storage = 'vault' AS ok, c.ref FROM credentials AS c",
    )  # fmt: skip
    keys = [{"credential_id": "k1", "actor_id": "a1", "storage": storage}]
    assert results(check, actors=[A1], credentials=keys) == {"a1": result}


def test_a_result_on_a_log_is_as_good_as_the_record_that_it_names(tmp_path: Path) -> None:
    """That AWS exports how one log is kept makes nothing of what a register says of another."""
    engine = DuckDB(tmp_path)
    engine.run(RESULTS_TABLE)
    engine.run("CREATE TABLE parts (part BIGINT, source VARCHAR, file VARCHAR)")
    engine.insert("parts", [(0, "register", "stores.yml"), (1, "aws", "trails#1.json")])
    for subject, ref in (
        ("gateway", "stores.yml#1"),
        ("cloudtrail", "trails#1.json#2"),
        ("app", ""),
    ):
        engine.run(
            "INSERT INTO results (check_id, subject, status, ref, evidence) VALUES ('AUD-05', ?, 'pass', ?, 'record')",
            [subject, ref],
        )
    sight = replace(sight_of([], {}), strengths=Strengths({}, {}, {"register": 0, "aws": 1}))
    bound_by_record(engine, "AUD-05", [(("log_stores", "retention_days"),)], sight)
    rows = engine.rows("SELECT subject, status, evidence FROM results ORDER BY subject")
    assert rows == [
        ("app", "pass", "record"),
        ("cloudtrail", "pass", "record"),
        ("gateway", "declared", "declared"),
    ]


def test_one_record_that_carries_a_column_makes_an_empty_one_a_finding() -> None:
    actors = [A1 | {"owner_id": "ann"}, A1 | {"actor_id": "a2"}]
    assert results(OWN, actors=actors) == {"a1": "pass", "a2": "fail"}


@pytest.mark.parametrize(
    ("outcome", "dead", "result"),
    [("success", False, "pass"), ("error", False, "fail"), ("success", True, "unknown"), ("error", True, "fail")],
)  # fmt: skip
def test_a_silent_log_proves_guilt_but_not_innocence(outcome: str, dead: bool, result: str) -> None:
    got = results(USE, dead, actors=[A1], events=[E1 | {"outcome": outcome}])
    assert got == {"a1": result}


def test_a_pass_that_no_log_can_undo_stands_where_the_log_is_silent() -> None:
    check = replace(USE, without_logs=("pass",))
    assert results(check, True, actors=[A1], events=[E1]) == {"a1": "pass"}


def test_a_live_agent_that_a_silent_log_does_not_show_is_unknown() -> None:
    quiet, stopped = A1 | {"actor_id": "a2"}, A1 | {"actor_id": "a3", "state": "retired"}
    logs = [{"actor_id": a, "log_source": "gateway"} for a in ("a1", "a2", "a3")]
    got = results(USE, True, actors=[A1, quiet, stopped], actor_log_sources=logs, events=[E1])
    assert got == {"a1": "unknown", "a2": "unknown"}


def test_an_agent_whose_log_delivers_and_does_not_show_it_is_out_of_scope() -> None:
    logs = [{"actor_id": "a2", "log_source": "gateway"}]
    got = results(USE, actors=[A1, A1 | {"actor_id": "a2"}], actor_log_sources=logs, events=[E1])
    assert got == {"a1": "pass"}


def test_an_agent_that_no_log_is_said_to_show_is_unknown() -> None:
    got = results(USE, actors=[A1, A1 | {"actor_id": "a2"}], events=[E1])
    assert got == {"a1": "pass", "a2": "unknown"}


def test_an_actor_of_no_register_passes_nothing_in_a_dead_log() -> None:
    event = E1 | {"actor_id": "batch", "actor_kind": "service_account", "event_class": "data"}
    assert results(USE, actors=[A1], events=[event])["batch"] == "pass"
    assert results(USE, True, actors=[A1], events=[event])["batch"] == "unknown"


def test_a_credential_of_no_register_passes_nothing_in_a_dead_log() -> None:
    used = USE.sql.replace("x.agent_id", "x.credential_id")
    check = replace(USE, about="credential", sql=used)
    event = E1 | {
        "actor_id": "batch",
        "actor_kind": "service_account",
        "credential_id": "k1",
        "event_class": "data",
    }
    assert results(check, actors=[A1], events=[event])["k1"] == "pass"
    assert results(check, True, actors=[A1], events=[event])["k1"] == "unknown"


@pytest.mark.parametrize("about", ["log_source", "organisation"])
def test_a_result_on_the_whole_log_does_not_pass_when_the_log_is_silent(about: str) -> None:
    name = "x.log_source" if about == "log_source" else "'organisation'"
    sql = f"SELECT {name} AS subject, COUNT(*) > 0 AS ok FROM activity AS x GROUP BY {name}"
    check = replace(USE, about=about, sql=sql)
    subject = "gateway" if about == "log_source" else "organisation"
    assert results(check, actors=[A1], events=[E1]) == {subject: "pass"}
    assert results(check, True, actors=[A1], events=[E1]) == {subject: "unknown"}


def test_a_log_that_never_records_resources_says_nothing_on_data() -> None:
    sql = "SELECT a.actor_id AS subject, d.agent_id IS NULL AS ok FROM agents AS a LEFT JOIN data_use AS d ON d.agent_id = a.actor_id"  # noqa: E501
    check = replace(USE, sql=sql)
    rows = {
        "actors": [A1],
        "events": [E1],
        "grants": [{"actor_id": "a1", "type": "data", "name": "x"}],
    }
    assert results(check, **rows) == {"a1": "unknown"}
    assert results(check, **rows | {"events": [E1 | {"resource": "x"}]}) == {"a1": "fail"}


def test_a_null_result_is_unknown_and_a_result_without_a_reason_still_counts() -> None:
    check = replace(OWN, sql=OWN.sql.replace("a.owner_id IS NOT NULL", "NULL"))
    made = examples.results_of(check, {"given": {"actors": [A1 | {"owner_id": "ann"}]}})
    assert made == {"a1": ("unknown", "no reason given")}


@pytest.mark.parametrize(
    ("ids", "says"),
    [
        ((None,), "tells them apart; 1 message has none"),
        (("1", "1"), "tells them apart; the id of 2 messages is shorter than 8 characters"),
        (
            (None, "1234567", "m-000001"),
            "from others; 1 message has none; the id of 1 message is shorter than 8 characters",
        ),
    ],
)
def test_an_id_that_is_too_short_is_not_called_missing(
    ids: tuple[str | None, ...], says: str, content: Content
) -> None:
    (check,) = (c for c in content.checks if c.id == "RUN-09")
    events = [E1 | {"peer_id": "b", "message_id": i or ""} for i in ids]
    made = examples.results_of(check, {"given": {"actors": [A1], "events": events}})
    assert made["a1"][0] == "unknown" and made["a1"][1].endswith(says), made


def test_two_results_on_one_subject_are_an_error() -> None:
    with pytest.raises(ContentError, match="OWN-77 gives 2 rows for 'a1'"):
        results(replace(OWN, sql=f"{OWN.sql} UNION ALL {OWN.sql}"), actors=[A1 | {"owner_id": ""}])


def test_a_grant_to_nobody_in_the_register_does_not_pass() -> None:
    check = replace(OWN, sql="SELECT g.actor_id AS subject, TRUE AS ok FROM grants AS g")
    grants = [{"actor_id": a, "type": "tool", "name": "x"} for a in ("a1", "gone")]
    assert results(check, actors=[A1], grants=grants) == {"a1": "pass", "gone": "unknown"}


# ---------------------------------------------------------------- all checks on one company


def _event_checks(compiled: CompiledChecks) -> set[str]:
    return {check.id for check, found in compiled if found.tables & EVENT_TABLES}


def _passing_only_with_logs(compiled: CompiledChecks) -> set[str]:
    """Event checks without a pass that no log can undo."""
    return _event_checks(compiled) - {check.id for check, _ in compiled if check.without_logs}


def _passes(results: Results) -> set[tuple[str, str]]:
    return {key for key, (result, _) in results.items() if result == "pass"}


def test_the_good_company_passes_every_check(results_of: ResultsOf, content: Content) -> None:
    results = results_of(Estate())
    assert {key: result for key, result in results.items() if result[0] != "pass"} == {}
    assert {check for check, _ in results} == {check.id for check in content.checks}


def test_the_spoiled_company_fails_most_checks(results_of: ResultsOf) -> None:
    failed = {
        check for (check, _), (result, _) in results_of(spoiled()).items() if result == "fail"
    }
    assert len(failed) >= 50


@pytest.mark.parametrize("make", [Estate, spoiled])
def test_without_logs_no_event_check_passes(
    results_of: ResultsOf, compiled: CompiledChecks, make: Callable[[], Estate]
) -> None:
    estate = make()
    estate.events = []
    passed = {check for check, _ in _passes(results_of(estate))}
    assert passed & _passing_only_with_logs(compiled) == set()
    assert passed & {check.id for check, _ in compiled if check.evidence == "logs"} == set()
    assert make is spoiled or len(passed) > 20


def _cut(estate: Estate) -> Estate:
    """End the log in the middle of the period."""
    estate.events = [e for e in estate.events if e["time"] < "2026-08-10"]
    return estate


@pytest.mark.parametrize("make", [Estate, spoiled])
def test_a_log_that_stops_proves_no_innocence(
    results_of: ResultsOf, compiled: CompiledChecks, make: Callable[[], Estate]
) -> None:
    events = _passing_only_with_logs(compiled)
    results = results_of(_cut(make()), events)
    assert {check for check, _ in _passes(results)} & events == set()
    failed = {check for (check, _), (result, _) in results.items() if result == "fail"}
    assert make is Estate or len(failed & events) >= 5


def test_every_live_agent_has_a_result_in_each_event_check_when_its_log_is_silent(
    results_of: ResultsOf, compiled: CompiledChecks
) -> None:
    results = results_of(_cut(Estate()), _event_checks(compiled))
    for check, found in compiled:
        if check.about == "agent" and found.tables & EVENT_TABLES:
            agents = {subject for name, subject in results if name == check.id}
            assert {"agent-1", "agent-2", "agent-3"} <= agents, check.id


def test_refused_attempts_are_not_use(results_of: ResultsOf) -> None:
    estate = Estate()
    for event in estate.events:
        if event.get("actor_id") == "agent-2" and event["time"] > "2026-07-01T09":
            event |= {
                "outcome": "denied",
                "tool": "vault.dump",
                "resource": "vault",
                "effect": "delete",
            }
    acts = (
        "APR-02",
        "APR-06",
        "CHG-03",
        "CHG-04",
        "CRD-02",
        "ENT-05",
        "INV-02",
        "INV-04",
        "RSK-02",
    )
    results = results_of(estate, (*acts, "INV-03"))
    for check in acts:
        assert results.get((check, "agent-2"), ("pass",))[0] != "fail", check
    assert results["INV-03", "agent-2"][0] == "fail"


def _unregistered(name: str, at: str, **given: str) -> dict[str, Any]:
    own = {"actor_id": name, "principal_id": f"p-{name}", "credential_id": f"k-{name}"}
    return Estate().events[5] | own | {"time": at} | given


UNREGISTERED = {
    "unregistered": ("2026-08-01T10:00:00Z", {}),
    "unregistered-human": ("2026-08-01T10:00:00Z", {"actor_kind": "human"}),
    "unregistered-service": ("2026-08-01T10:00:00Z", {"actor_kind": "service_account"}),
    "a-second-late": ("2026-10-01T00:00:01Z", {}),
    "a-quarter-late": ("2027-01-01T00:00:00Z", {}),
}
"""Who is in no list -> when it acts, and what the log says of it."""


@pytest.fixture(scope="module")
def strangers(
    content: Content, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[int, int]]:
    """The tiers of all who are in no list, where each of `UNREGISTERED` acts once with a key of its own."""
    folder = tmp_path_factory.mktemp("strangers")
    acts = [_unregistered(n, at, **given) for n, (at, given) in UNREGISTERED.items()]
    with DuckDB(folder / "work") as engine:
        _load(engine, Estate(events=[*Estate().events, *acts]), folder, content)
        derive(engine, examples.RUN, [])
        runner.prepare(engine)
        rows = engine.rows("SELECT actor_id, tier_lo, tier_hi FROM tiers WHERE NOT registered")
    assert len({name for name, *_ in rows}) == len(rows)
    return {name: (lo, hi) for name, lo, hi in rows}


def test_an_agent_seen_only_in_logs_is_a_subject_of_the_highest_tier(
    strangers: dict[str, tuple[int, int]],
) -> None:
    assert strangers["unregistered"] == (4, 4)


@pytest.mark.parametrize("late", ["a-second-late", "a-quarter-late"])
def test_who_acts_after_the_date_of_the_report_is_no_shadow_agent(
    late: str, strangers: dict[str, tuple[int, int]]
) -> None:
    assert late not in strangers


def test_who_acts_in_no_list_has_the_tier_of_a_shadow_agent_whatever_the_log_calls_it(
    strangers: dict[str, tuple[int, int]],
) -> None:
    assert strangers == dict.fromkeys(
        ("unregistered", "unregistered-human", "unregistered-service"), (4, 4)
    )


def _load(engine: DuckDB, estate: Estate, folder: Path, content: Content) -> None:
    """Read with our own formats only: the other sources cost time here and find nothing."""
    sources = tuple(s for s in content.sources if s.id.startswith("reporter-"))
    ingest(engine, Inputs.of(estate.write(folder / "ws")), sources, open_cache(folder / "cache"))


# ---------------------------------------------------------------- a column that nobody records

_IDS = {
    "actor_id", "owner_id", "previous_owner_id", "technical_owner_id", "parent_id", "principal_id", "credential_id",
    "component_id", "peer_id", "review_id", "approval_id", "requester_id", "approver_id", "alias", "log_source",
    "session_id", "event_id", "kill_switch_owner", "on_behalf_of", "fingerprint", "parent_session_id", "exception_id", "incident_id",
    "change_id", "alert_id", "third_party_id", "requested_by", "approved_by", "acted_by", "autonomy_approved_by", "risk_signed_off_by",
    "message_id",
}  # fmt: skip
"""Columns that tell the copies of the company apart."""
_WIDENS = {
    ("POL-02", "actors.activated_at"): "the first event then counts as the start of work",
    (
        "CRD-01",
        "credentials.revoked_at",
    ): "an old key then looks like one in use, and is assessed like one",
    ("CRD-03", "credentials.revoked_at"): "the same",
    ("CRD-05", "credentials.revoked_at"): "the same",
    (
        "CHG-06",
        "events.effect",
    ): "a reading is then taken for an act, and needs an approval like one",
    ("AUD-02", "events.actor_id"): "a shadow agent then goes by the name of its principal",
}
"""Sparse columns without which a subject comes into scope that was out of it, and may pass there."""
_TOLD_ELSEWHERE = {
    ("POL-02", "actors.policy_id"): "a policy covers whom its own scope names",
    ("GOV-01", "actors.policy_id"): "so agents have one, and no policy names people",
}
"""Needed columns for which another record stands."""


def _stripped(estate: Estate, checks: CompiledChecks, folder: Path, content: Content) -> Copies:
    """Assess one copy of the company for each column, without that column; '' is the copy that has them all."""
    with DuckDB(folder / "work") as engine:
        _load(engine, estate, folder, content)
        columns = engine.rows(
            "SELECT DISTINCT tbl, col FROM carried WHERE tbl <> 'policies' ORDER BY ALL"
        )
        required = {f"{t.name}.{c.name}" for t in LOADED for c in t.columns if c.required}
        names = ["", *(f"{t}.{c}" for t, c in columns if f"{t}.{c}" not in required)]
        _multiply(engine, names)
        logs = [Expected(f"{n}|{s}") for n in names for s in ("gateway", "silent")]
        derive(engine, examples.RUN, logs)
        runner.prepare(engine)
        runner.assess(engine, checks)
        made: Copies = {name: {} for name in names}
        for check, subject, result in engine.rows("SELECT check_id, subject, status FROM results"):
            name, _, rest = subject.partition("|")
            if name in made:
                made[name][check, rest.replace(f"{name}|", "")] = result
        return made


_COPY = 1 << 32
"""How far the record of one copy is from that of the next."""


def _multiply(engine: DuckDB, names: list[str]) -> None:
    """Copy every loaded row once for each name, with its ids and its source prefixed by that name, and a record of its own."""
    engine.run("CREATE TABLE copies (name VARCHAR, number BIGINT)")
    for number, name in enumerate(names):
        engine.run("INSERT INTO copies VALUES (?, ?)", [name, number])
    for table in (t for t in LOADED if t.name != "policies"):
        ids = _IDS | ({"name"} if table.name == "components" else set())
        values = [_copied(table.name, c, c in ids) for c, _ in columns_of(table)]
        engine.run(
            f"CREATE TABLE copied AS SELECT {', '.join(values)}, copies.name || '|' || i.source AS source, "
            f"i.file, i.record + {_COPY} * copies.number AS record FROM in_{table.name} AS i CROSS JOIN copies"
        )
        engine.run(f"DROP {'VIEW' if table.name == 'events' else 'TABLE'} in_{table.name}")
        engine.run(f"ALTER TABLE copied RENAME TO in_{table.name}")
    complete_events(engine)
    engine.run(
        "INSERT INTO carried SELECT name || '|' || source, tbl, col FROM carried CROSS JOIN copies "
        "WHERE tbl <> 'policies' AND name <> tbl || '.' || col"
    )


def _copied(table: str, column: str, is_id: bool) -> str:
    value = f"copies.name || '|' || i.{column}" if is_id else f"i.{column}"
    if (table, column) == ("snapshot_items", "name"):
        value = f"CASE WHEN i.type IN ('model', 'component') THEN copies.name || '|' ELSE '' END || {value}"
    return f"CASE WHEN copies.name <> '{table}.{column}' THEN {value} END AS {column}"


def _on_actors(compiled: CompiledChecks) -> CompiledChecks:
    return [(check, found) for check, found in compiled if check.about not in _WHOLE]


DEEPLY_SPOILED = pytest.param(spoiled, marks=pytest.mark.deep)
_WHOLE = ("log_source", "policy", "actor_type", "organisation")


@pytest.fixture(scope="module", params=[Estate, DEEPLY_SPOILED], ids=["good", "spoiled"])
def stripped(
    request: pytest.FixtureRequest,
    compiled: CompiledChecks,
    content: Content,
    tmp_path_factory: pytest.TempPathFactory,
) -> Copies:
    return _stripped(
        request.param(), _on_actors(compiled), tmp_path_factory.mktemp("stripped"), content
    )


def test_the_copies_of_the_company_do_not_disturb_each_other(
    stripped: Copies,
    request: pytest.FixtureRequest, results_of: ResultsOf, compiled: CompiledChecks,
) -> None:  # fmt: skip
    alone = results_of(Estate() if "good" in request.node.name else spoiled())
    checks = {check.id for check, _ in _on_actors(compiled)}
    assert stripped[""] == {k: v for k, (v, _) in alone.items() if k[0] in checks}


def test_no_column_can_be_left_out_to_pass(stripped: Copies) -> None:
    before = stripped[""]
    gained = [
        (column, check, subject, before.get((check, subject), "not in scope"))
        for column, results in stripped.items()
        for (check, subject), result in results.items()
        if result == "pass"
        and before.get((check, subject)) != "pass"
        and (check, column) not in _WIDENS
    ]
    assert gained == []


def test_a_check_passes_nobody_without_a_column_that_it_needs(
    stripped: Copies, compiled: CompiledChecks
) -> None:
    for check, found in _on_actors(compiled):
        for table, column in runner.needs_of(check, found):
            if table in SHARED or (check.id, f"{table}.{column}") in _TOLD_ELSEWHERE:
                continue
            results = stripped.get(f"{table}.{column}", {})
            passed = [
                s for (name, s), result in results.items() if name == check.id and result == "pass"
            ]
            assert not passed, f"{check.id} passes {passed} though nobody records {table}.{column}"


@pytest.mark.deep
@pytest.mark.parametrize("make", [Estate, spoiled], ids=["good", "spoiled"])
def test_a_check_on_the_whole_company_is_unknown_without_a_column_that_it_needs(
    make: Callable[[], Estate], compiled: CompiledChecks, content: Content, tmp_path: Path
) -> None:
    whole = [(c, f) for c, f in compiled if c.about in _WHOLE or f.tables & set(SHARED)]
    needs = {c.id: runner.needs_of(c, f) for c, f in whole}
    estate = make()
    columns = {n for c, _ in whole for n in needs[c.id] if c.about in _WHOLE or n[0] in SHARED}
    for number, (table, column) in enumerate(sorted(columns)):
        if next(c.required for c in TABLES[table].columns if c.name == column):
            continue
        stands = f"{table}.{column}"  # a failure that the best value would not change is certain
        concerned = [
            (c, f)
            for c, f in whole
            if (table, column) in needs[c.id]
            and stands not in {*c.at_best, *c.fails_without}
            and (c.id, stands) not in _TOLD_ELSEWHERE
        ]
        with DuckDB(tmp_path / f"work{number}") as engine:
            _load(engine, estate, tmp_path, content)
            _strip(engine, table, column)
            tables = {name for _, found in concerned for name in found.tables}
            derive(engine, examples.RUN, [], wanted=tables)
            runner.prepare(engine, {check.about for check, _ in concerned})
            runner.assess(engine, concerned)
            results = set(
                engine.rows("SELECT check_id, status FROM results WHERE status <> 'unknown'")
            )
        assert not results, f"without {table}.{column}"


def _strip(engine: DuckDB, table: str, column: str) -> None:
    """Forget a column of a loaded table, as if no source had it."""
    kind = "VIEW" if table == "events" else "TABLE"
    engine.run(
        f"CREATE TABLE bare AS SELECT * REPLACE (CASE WHEN FALSE THEN {column} END AS {column}) FROM in_{table}"
    )
    engine.run(f"DROP {kind} in_{table}")
    engine.run(f"ALTER TABLE bare RENAME TO in_{table}")
    engine.run("DELETE FROM carried WHERE tbl = ? AND col = ?", [table, column])

"""What somebody may leave out or claim to look better than they are, and what must come of it, through real files."""

from __future__ import annotations

import copy
import csv
import hashlib
import json
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from fixture_estate import Estate

from reporter import assess, examples
from reporter.catalog import Content
from reporter.cli import main
from reporter.db import Engine
from reporter.ingest.feeds import Expected
from reporter.ingest.tables import derive
from reporter.model import Check
from reporter.schema import TABLES
from reporter.sql import judge
from reporter.vocabulary import VOCABULARY

Cells = dict[tuple[str, str], tuple[str, str]]
YML = """organisation: Port
period: {from: '2026-07-01', to: '2026-10-01'}
log_sources:
  gw: {every: day, share: 1}
  aws-cloudtrail: {every: day, share: 1}
  sealed: {every: day, share: 1}
  vendor-log: {every: day, share: 50}
"""


def sealed(event: dict[str, Any]) -> dict[str, Any]:
    """Put the hash of the record into it, as docs/formats.md says."""
    kept = {k: str(v) for k, v in sorted(event.items()) if k != "hash" and v not in ("", None)}
    form = json.dumps(kept, separators=(",", ":"), ensure_ascii=False)
    return event | {"hash": f"record-sha256:{hashlib.sha256(form.encode()).hexdigest()}"}


def event(day: int, actor: str, source: str = "gw", **more: Any) -> dict[str, Any]:
    return {
        "time": f"2026-08-{day:02}T10:00:00Z",
        "log_source": source,
        "actor_id": actor,
        "outcome": "success",
    } | more


def chain(source: str) -> list[dict[str, Any]]:
    """Three records of an agent, each with its hash and that of the one before; words that JSON must escape."""
    made: list[dict[str, Any]] = []
    for n in (1, 2, 3):
        last = made[-1]["hash"] if made else "record-sha256:0"
        told = {
            "sequence": n,
            "prev_hash": last,
            "tool": 'a "b" \\ /\n é',
            "cost": 12,
            "event_class": "tool",
        }
        made.append(sealed(event(n, "a1", source, **told)))
    return made


def trail(day: int, name: str, who: str = "bot") -> dict[str, Any]:
    """One CloudTrail record of an IAM user."""
    service, action = name.split(":")
    return {
        "eventVersion": "1.08", "eventTime": f"2026-08-{day:02}T10:00:00Z", "eventSource": f"{service}.amazonaws.com",
        "eventName": action, "eventID": f"{name}-{day}", "awsRegion": "eu-west-1", "eventType": "AwsApiCall",
        "managementEvent": True, "eventCategory": "Management", "readOnly": False, "sourceIPAddress": "192.0.2.1",
        "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::111122223333:user/{who}", "userName": who,
                         "accountId": "111122223333", "accessKeyId": f"AKIA{who.upper()}"},
    }  # fmt: skip


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Cells:
    """(check, subject) -> verdict and reason of a run over planted files."""
    folder = tmp_path_factory.mktemp("planted")
    altered = [r | ({"tool": "harmless"} if r["sequence"] == 2 else {}) for r in chain("altered")]
    agents = [
        {"type": "agent", "actor_id": f"a{n}", "state": "active", "principal_id": f"p{n}", "created_at": "2026-01-01", "owner_id": "ann",
         "log_sources": ["gw"], "credentials": [{"credential_id": f"k{n}", "credential_type": "api_key"}]}
        for n in (1, 2, 3)
    ] + [
        {"type": "agent", "actor_id": "none", "state": "active", "created_at": "2026-01-01", "tools": []},
        {"type": "agent", "actor_id": "cloud", "state": "active", "principal_id": "arn:aws:iam::111122223333:user/bot",
         "entitlements": ["ec2:DescribeInstances"], "log_sources": ["aws-cloudtrail"]},
        {"type": "human", "actor_id": "ann", "state": "active", "principal_id": "ann@port.example"},
        {"type": "service_account", "actor_id": "batch", "state": "active"},
        # written into the lists as what they are not
        {"type": "service_account", "actor_id": "posing", "state": "active", "risk_tier": "low", "autonomy": "L2",
         "principal_id": "p-posing", "log_sources": ["gw"]},
        {"type": "workload", "actor_id": "thinker", "state": "active", "log_sources": ["gw"]},
        {"type": "agent", "actor_id": "gate", "state": "active", "is_intermediary": True, "principal_id": "p-gate",
         "log_sources": ["gw"], "credentials": [{"credential_id": "k-gate", "credential_type": "api_key"}]},
    ]  # fmt: skip
    events = [
        event(1, "a1", principal_id="p1", credential_id="k1"),
        event(2, "ann", principal_id="ann@port.example", credential_id="k1"),
        event(2, "batch", credential_id="k2"),
        event(
            3, "a3", principal_id="p3", credential_id="k3", on_behalf_of="ann", user_agent="Boto3/1"
        ),
        event(4, "none", tool="crm.read", event_class="tool"),
        event(5, "untold", effect="delete"),
        event(5, "person", actor_kind="human", effect="delete"),
        event(5, "stripped", actor_kind="service_account", effect="delete"),
        event(5, "signed-in", actor_kind="human", event_class="auth"),
        event(6, "thinker", event_class="model"),
        event(6, "gate", principal_id="p-gate", credential_id="k-gate"),
        event(7, "a3", principal_id="p-gate", credential_id="k-gate"),
        event(5, "caller", actor_kind="human", tool="crm.drop", effect="delete"),
    ]
    files = {
        "reporter.yml": YML,
        "inventory/agents.json": json.dumps({"records": agents}),
        "logs/gw.jsonl": "".join(f"{json.dumps(e)}\n" for e in events),
        "logs/sealed.jsonl": "".join(f"{json.dumps(e)}\n" for e in chain("sealed")),
        "logs/altered.jsonl": "".join(f"{json.dumps(e)}\n" for e in altered),
        "logs/trail.json": json.dumps(
            {"Records": [trail(1, "ec2:DescribeInstances"), trail(2, "cloudtrail:StopLogging")]}
        ),
    }
    for name, text in files.items():
        (folder / "ws" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "ws" / name).write_text(text, encoding="utf-8")
    out = folder / "run"
    words = ["assess", str(folder / "ws"), "--out", str(out), "--formats", "json,csv", "--quiet"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    rows = duckdb.sql(
        f"SELECT \"check\", subject, verdict, reason, tier_lo, tier_hi FROM '{out / 'evidence.parquet'}'"
    ).fetchall()
    found: Cells = {(c, s): (v, r) for c, s, v, r, *_ in rows}
    found |= {("tier " + c, s): (f"{lo}-{hi}", "") for c, s, _, _, lo, hi in rows}
    with (out / "observed.csv").open(encoding="utf-8-sig", newline="") as handle:
        found |= {("observed", r["agent"]): (r["outside"], "") for r in csv.DictReader(handle)}
    report = json.loads((out / "report.json").read_bytes())["summary"]
    for notice in report["notices"]:
        found["notice", notice["code"]] = (notice["text"], "; ".join(notice["lines"]))
    found["level", "caps"] = (report["level"]["text"], " ".join(map(str, report["caps"])))
    return found


PLANTED = [
    ("CRD-02", "k1", "fail", "ann, a person"),
    ("CRD-02", "k2", "fail", "batch, a service account"),
    ("CRD-02", "k3", "pass", "a3"),
    ("IDN-06", "p1", "fail", "ann"),
    ("IDN-06", "p3", "pass", "no sign of a person"),
    ("ENT-05", "none", "fail", "crm.read is not granted"),
    ("INV-02", "untold", "unknown", "neither a list nor the log says"),
    ("INV-02", "person", "unknown", "the log alone says"),
    ("tier INV-02", "person", "4-4", ""),
    ("tier INV-02", "untold", "4-4", ""),
    ("OWN-01", "caller", "unknown", "may be an agent"),
    ("notice", "unlisted_actors", "Actors that act", "caller (human): 1"),
    ("OWN-01", "stripped", "unknown", "the log does not tell what it is or what it did"),
    ("OWN-01", "untold", "unknown", "may be an agent"),
    ("tier OWN-01", "stripped", "4-4", ""),
    ("INV-02", "posing", "unknown", "listed as service account, and with what agents have (an autonomy)"),
    ("OWN-01", "posing", "unknown", "may be an agent"),
    ("IDN-01", "posing", "unknown", "may be an agent"),
    ("tier INV-02", "posing", "1-4", ""),
    ("INV-02", "thinker", "unknown", "calls of models"),
    ("notice", "listed_otherwise", "Actors that are listed", "posing (service account): an autonomy; thinker (workload): calls of models"),
    ("CRD-02", "k-gate", "fail", "used by 2 agents"),
    ("IDN-03", "p-gate", "fail", "speaks for 2 agents"),
    ("AUD-04", "sealed", "pass", "computed anew"),
    ("AUD-04", "altered", "fail", "does not give its hash"),
    ("AUD-04", "vendor-log", "unknown", "delivered in 0 of 92"),
    ("AUD-01", "vendor-log", "unknown", "delivered in 0 of 92"),
    ("MON-02", "vendor-log", "unknown", "delivered in 0 of 92"),
    ("ENT-05", "cloud", "fail", "cloudtrail:stoplogging is not granted"),
    ("observed", "cloud", "1", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "subject", "verdict", "words"), PLANTED, ids=[f"{c} {s}" for c, s, *_ in PLANTED]
)
def test_what_is_planted_is_found(
    check: str, subject: str, verdict: str, words: str, cells: Cells
) -> None:
    got, why = cells[check, subject]
    assert got.startswith(verdict), why
    assert words in why


@pytest.mark.parametrize("subject", ["signed-in", "batch", "ann"])
def test_who_shows_no_sign_of_an_agent_is_judged_as_none(subject: str, cells: Cells) -> None:
    assert ("OWN-01", subject) not in cells
    assert ("notice", "gateways") not in cells, "an agent is no gateway, whatever the list says"


def test_who_has_a_person_behind_it_lends_no_key(cells: Cells) -> None:
    assert "ann" not in cells["CRD-02", "k3"][1]


# ---------------------------------------------------------------- who acts and is in no list


def _with_ghost(kind: str | None) -> Estate:
    """The good company and an agent of no register that deletes with a tool."""
    given = {k: v for k, v in Estate().events[5].items() if k != "actor_kind"}
    ghost = given | {
        "actor_id": "ghost",
        "principal_id": "p",
        "credential_id": "k",
        "effect": "delete",
        "tool": "x",
    }
    return Estate(events=[*Estate().events, ghost | ({"actor_kind": kind} if kind else {})])


def test_to_leave_out_or_to_claim_a_kind_in_the_log_brings_no_credit(
    cells_of: Callable[[Estate], Cells],
) -> None:
    """Every cell that an agent of no register has without credit, somebody of another or no kind has too; and no pass."""
    mine = ("ghost", "p", "k")
    honest = {
        k for k, (v, _) in cells_of(_with_ghost("agent")).items() if k[1] in mine and v != "pass"
    }
    assert ("INV-02", "ghost") in honest and len(honest) > 40
    for kind in (None, "human", "service_account"):
        got = {k: v for k, (v, _) in cells_of(_with_ghost(kind)).items() if k[1] in mine}
        assert honest <= set(got), kind
        assert not [k for k, v in got.items() if v == "pass"], kind
        assert got["INV-02", "ghost"] == "unknown"


@pytest.mark.parametrize(
    ("more", "held"),
    [({}, True), ({"tool": "x", "actor_kind": "human"}, True), ({"actor_kind": "human", "event_class": "admin"}, False),
     ({"actor_kind": "human"}, True), ({"event_class": "admin"}, True), ({"effect": "read"}, False), ({"outcome": "denied"}, False)],
    ids=["untold", "calls tools", "a person by the log's word", "no class", "no kind", "reads", "denied"],
)  # fmt: skip
def test_an_unlisted_actor_of_high_impact_caps_the_level_on_evidence(
    more: dict[str, Any], held: bool, content: Content, tmp_path: Path
) -> None:
    from reporter import results

    one = {"occurred_at": "2026-08-01", "actor_id": "x", "effect": "delete"} | more
    with Engine(tmp_path) as engine:
        examples.load_example(engine, {"given": {"events": [one]}})
        derive(engine, examples.RUN, [])
        assess.prepare(engine)
        assert ("unlisted-high-impact" in results.caps_lo(engine, content)) is held
        assert "ghost-high-impact" not in results.caps(engine, content)


def test_a_cap_that_only_may_hold_binds_the_level_on_evidence_alone(content: Content) -> None:
    from reporter.score import score
    from reporter.scores import Status, Tally

    tallies = [Tally(c.id, Status.PASS, 1, 1, 1) for c in content.checks]
    profile = content.profiles["baseline"]
    rest = ((), content.checks, content.themes, tallies, content.policy, profile)
    free, held = score(*rest).enterprise.total, score(*rest, (), {}, ((1, "why"),)).enterprise.total
    assert free.level_lo == free.level_hi > 1
    assert (held.level_lo, held.level_hi, held.caps) == (1, free.level_hi, ((1, "why"),))


# ---------------------------------------------------------------- failures that no missing column can undo

FILLINGS = 3
"""Random fillings of each example."""


def _pool(table: str, column: str, given: set[str]) -> list[Any]:
    kind = next(c.type for c in TABLES[table].columns if c.name == column)
    if kind == "BOOLEAN":
        return [True, False]
    if kind == "TIMESTAMP":
        return [
            *sorted(given),
            "2020-01-01",
            "2026-06-30",
            "2026-08-01",
            "2026-09-30",
            "2030-01-01",
        ]
    return sorted({*given, *VOCABULARY.get(f"{table}.{column}", ()), "x", "ann", "a1"})


def _failures(check: Check, example: dict[str, Any]) -> set[str]:
    """The subjects that the SQL alone fails, before any rule on what is recorded."""
    judged = judge(check.sql, {**check.params, **example.get("params", {})}, check.place)
    with tempfile.TemporaryDirectory() as folder, Engine(Path(folder)) as engine:
        engine.run("SET threads = 1")
        examples.load_example(engine, example)
        derive(engine, examples.RUN, [Expected("gateway", "day", 0)], wanted=judged.tables)
        return {
            s
            for s, ok in engine.rows(f"SELECT subject, ok FROM ({judged.sql})")
            if s and ok is False
        }


def _filled(
    example: dict[str, Any], columns: tuple[str, ...], value: Callable[[str], Any]
) -> dict[str, Any]:
    """The example with other values in some columns; None leaves them out."""
    made = copy.deepcopy(example)
    for name in columns:
        table, _, column = name.partition(".")
        for row in made.get("given", {}).get(table, []):
            row.pop(column, None)
            told = value(name)
            if told is not None:
                row[column] = told
    return made


def _undone(check: Check, columns: tuple[str, ...]) -> list[tuple[str, str]]:
    """(example, subject) of failures without the columns, one alone or all, that some value in them undoes."""
    together = _undone_by(check, columns) if len(columns) > 1 else []
    return [
        u
        for c in columns
        for u in _undone_by(check, (c,)) or [(f"none fails without {c}", "")]
        if u[1] != "-"
    ] + [u for u in together if u[1] != "-"]


def _undone_by(check: Check, columns: tuple[str, ...]) -> list[tuple[str, str]]:
    """(example, subject) of failures that are undone; ("", "-") if there are failures and none is."""
    dice, pools = random.Random(11), {}
    for name in columns:
        table, _, column = name.partition(".")
        rows = [r for e in check.examples for r in e.get("given", {}).get(table, [])]  # type: ignore[attr-defined]
        pools[name] = _pool(
            table, column, {str(r[column]) for r in rows if r.get(column, "") != ""}
        )
    undone, n = [], 0
    for example in map(dict, check.examples):
        bare = _failures(check, _filled(example, columns, lambda _: None))
        n += len(bare)
        for _ in range(FILLINGS if bare else 0):
            after = _failures(check, _filled(example, columns, lambda c: dice.choice(pools[c])))
            undone += [(str(example["name"]), s) for s in bare - after]
    return undone or ([("", "-")] if n else [])


def _loose(check: Check) -> tuple[str, ...]:
    """Those of its columns that an example can be without: a row must have the required ones."""
    required = {f"{t.name}.{c.name}" for t in TABLES.values() for c in t.columns if c.required}
    return tuple(c for c in check.fails_without if c not in required)


QUICK = ("CRD-03",)


@pytest.mark.parametrize(
    "quick", [True, pytest.param(False, marks=pytest.mark.deep)], ids=["one check", "all"]
)
def test_a_failure_that_is_certain_without_a_column_stands_whatever_it_would_say(
    quick: bool, content: Content
) -> None:
    certain = [c for c in content.checks if _loose(c) and (c.id in QUICK or not quick)]
    assert len(certain) >= (len(QUICK) if quick else 10)
    assert {c.id: u for c in certain if (u := _undone(c, _loose(c)))} == {}


def test_the_rule_would_notice_a_column_that_can_undo_a_failure(content: Content) -> None:
    check = next(c for c in content.checks if c.id == "CRD-03")
    assert _undone(check, ("credentials.type",)), "a keyless type takes a credential out of scope"


KEY = {
    "credential_id": "k",
    "actor_id": "a1",
    "type": "api_key",
    "issued_at": "2026-08-01",
    "expires_at": "",
}


@pytest.mark.parametrize(
    ("more", "verdict"), [({}, "fail"), ({"privileged": False}, "fail"), ({"type": ""}, "fail")]
)
def test_a_key_that_never_ends_fails_whatever_it_opens(
    more: dict[str, Any], verdict: str, content: Content
) -> None:
    check = next(c for c in content.checks if c.id == "CRD-03")
    given = {
        "actors": [{"actor_id": "a1", "kind": "agent", "state": "active"}],
        "credentials": [KEY | more],
    }
    assert examples.verdicts(check, {"given": given})["k"][0] == verdict


def test_a_sum_above_joins_with_an_empty_table_is_not_taken_for_nothing(content: Content) -> None:
    """The engine's statistics once made 1 > 0 false here."""
    check = next(c for c in content.checks if c.id == "ENT-05")
    given = {
        "actors": [{"actor_id": "a1", "kind": "agent", "state": "active", "data_listed": True}],
        "events": [
            {
                "occurred_at": "2026-08-01",
                "actor_id": "a1",
                "event_class": "data",
                "resource": "db/1",
            }
        ],
    }
    assert examples.verdicts(check, {"given": given})["a1"][0] == "fail"

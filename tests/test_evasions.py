"""What somebody may leave out or claim to look better than they are, and what must come of it, through real files."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import assess_few, printed
from fixture_estate import Estate

import reporter
from reporter.authoring import examples
from reporter.cli import main
from reporter.content.loader import Content
from reporter.content.sql_policy import compile_check
from reporter.evaluate import runner
from reporter.ingest.load import ingested
from reporter.ingest.readers.files import discover
from reporter.transform.derive import derive
from reporter.transform.log_coverage import Expected

pytestmark = pytest.mark.slow

Results = dict[tuple[str, str], tuple[str, str]]
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
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """(check, subject) -> result and reason of a run over planted files."""
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
    with pytest.MonkeyPatch.context() as patch:
        assess_few(patch, *(check for check, *_ in PLANTED))
        done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    rows = (
        reporter.open(out)
        .results()[["check", "subject", "status", "reason", "tier_lo", "tier_hi"]]
        .itertuples(index=False)
    )
    rows = list(rows)
    found: Results = {(c, s): (v, r) for c, s, v, r, *_ in rows}
    found |= {("tier " + c, s): (f"{lo}-{hi}", "") for c, s, _, _, lo, hi in rows}
    with (out / "observed.csv").open(encoding="utf-8-sig", newline="") as handle:
        found |= {("observed", r["agent"]): (r["outside"], "") for r in csv.DictReader(handle)}
    report = printed(out)["summary"]
    for notice in report["notices"]:
        found["notice", notice["code"]] = (notice["text"], "; ".join(notice["lines"]))
    found["level", "caps"] = (report["level"]["text"], " ".join(map(str, report["caps"])))
    return found


PLANTED = [
    ("CRD-02", "k1", "fail", "ann (person)"),
    ("CRD-02", "k2", "fail", "batch (service account)"),
    ("CRD-02", "k3", "pass", "a3"),
    ("IDN-06", "p1", "fail", "ann"),
    ("IDN-06", "p3", "pass", "no sign of a person"),
    ("ENT-05", "none", "fail", "crm.read is not granted"),
    ("INV-02", "untold", "unknown", "neither a list nor the log says"),
    ("INV-02", "person", "unknown", "according to the log alone: human"),
    ("tier INV-02", "person", "4-4", ""),
    ("tier INV-02", "untold", "4-4", ""),
    ("OWN-01", "caller", "unknown", "may be an agent"),
    ("notice", "unlisted_actors", "Actors that act", "caller (human): 1"),
    ("OWN-01", "stripped", "unknown", "the log does not say what it is or did: it may be an agent"),
    ("OWN-01", "untold", "unknown", "may be an agent"),
    ("tier OWN-01", "stripped", "4-4", ""),
    ("INV-02", "posing", "unknown", "listed as service account, but has features of an agent (an autonomy)"),
    ("OWN-01", "posing", "unknown", "may be an agent"),
    ("IDN-01", "posing", "unknown", "may be an agent"),
    ("tier INV-02", "posing", "1-4", ""),
    ("INV-02", "thinker", "unknown", "calls of models"),
    ("notice", "listed_otherwise", "Actors that are listed", "posing (service account): an autonomy; thinker (workload): calls of models"),
    ("IDN-03", "p-gate", "fail", "with one credential: k-gate"),
    ("AUD-04", "sealed", "pass", "its own hash matches when recomputed"),
    ("AUD-04", "altered", "fail", "its content does not match its hash"),
    ("AUD-04", "vendor-log", "unknown", "delivered on 0 of 92"),
    ("AUD-01", "vendor-log", "unknown", "delivered on 0 of 92"),
    ("MON-02", "vendor-log", "unknown", "delivered on 0 of 92"),
    ("ENT-05", "cloud", "fail", "cloudtrail:stoplogging is not granted"),
    ("observed", "cloud", "1", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "subject", "result", "words"), PLANTED, ids=[f"{c} {s}" for c, s, *_ in PLANTED]
)
def test_what_is_planted_is_found(
    check: str, subject: str, result: str, words: str, results: Results
) -> None:
    got, why = results[check, subject]
    got = "pass" if got == "declared" else got
    assert got.startswith(result), why
    assert words in why


@pytest.mark.parametrize("subject", ["signed-in", "batch", "ann"])
def test_who_shows_no_sign_of_an_agent_is_assessed_as_none(subject: str, results: Results) -> None:
    assert ("OWN-01", subject) not in results
    assert ("notice", "gateways") not in results, (
        "an agent is not a gateway, whatever the list says"
    )


def test_who_has_a_person_behind_it_lends_no_key(results: Results) -> None:
    assert "ann" not in results["CRD-02", "k3"][1]


# ---------------------------------------------------------------- who acts and is in no list


def _with_unregistered() -> Estate:
    """The good company and agents of no register that delete with a tool: the log says another kind of each, or none."""
    given = {k: v for k, v in Estate().events[5].items() if k != "actor_kind"}
    given |= {"effect": "delete", "tool": "x"}
    unregistered = [
        given
        | {
            "actor_id": f"unregistered {kind or 'untold'}",
            "principal_id": f"p {kind or 'untold'}",
            "credential_id": f"k {kind or 'untold'}",
        }
        | ({"actor_kind": kind} if kind else {})
        for kind in ("agent", "", "human", "service_account")
    ]
    return Estate(events=[*Estate().events, *unregistered])


def test_to_leave_out_or_to_claim_a_kind_in_the_log_brings_no_credit(
    results_of: Callable[..., Results],
) -> None:
    """Every result that an agent of no register has without credit, somebody of another or no kind has too; and no pass."""
    results = results_of(_with_unregistered())

    def of(kind: str) -> dict[tuple[str, str], str]:
        mine = {f"{n} {kind or 'untold'}": n for n in ("unregistered", "p", "k")}
        return {(c, mine[s]): v for (c, s), (v, _) in results.items() if s in mine}

    honest = {k for k, v in of("agent").items() if v != "pass"}
    assert ("INV-02", "unregistered") in honest and len(honest) > 40
    for kind in ("", "human", "service_account"):
        got = of(kind)
        assert honest <= set(got), kind
        assert not [k for k, v in got.items() if v == "pass"], kind
        assert got["INV-02", "unregistered"] == "unknown"


# ---------------------------------------------------------------- failures that stand (test_certain.py searches for them)

KEY = {
    "credential_id": "k",
    "actor_id": "a1",
    "type": "api_key",
    "issued_at": "2026-08-01",
    "expires_at": "",
}


@pytest.mark.parametrize(
    ("more", "result"), [({}, "fail"), ({"privileged": False}, "fail"), ({"type": ""}, "fail")]
)
def test_a_key_that_never_ends_fails_whatever_it_opens(
    more: dict[str, Any], result: str, content: Content
) -> None:
    check = next(c for c in content.checks if c.id == "CRD-03")
    given = {
        "actors": [{"actor_id": "a1", "kind": "agent", "state": "active"}],
        "credentials": [KEY | more],
    }
    assert examples.results_of(check, {"given": given})["k"][0] == result


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
    assert examples.results_of(check, {"given": given})["a1"][0] == "fail"


# ---------------------------------------------------------------- what others do, or are called, changes no result

ROLE = "arn:aws:iam::111122223333:role/pay"
SESSION = {
    "type": "AssumedRole",
    "arn": "arn:aws:sts::111122223333:assumed-role/pay/s1",
    "accessKeyId": "ASIAEXAMPLE",
    "sessionContext": {"sessionIssuer": {"type": "Role", "arn": ROLE}},
}
LASTING = {
    "type": "IAMUser",
    "arn": "arn:aws:iam::111122223333:user/carol",
    "accessKeyId": "AKIAEXAMPLE",
    "userName": "carol",
}


@pytest.mark.parametrize(
    ("mine", "others"), [(SESSION, LASTING), (LASTING, SESSION)], ids=["a session", "a lasting key"]
)
def test_what_cloudtrail_cannot_tell_of_an_agent_stays_unknown_whoever_else_is_in_the_log(
    mine: dict[str, Any], others: dict[str, Any], content: Content, tmp_path: Path
) -> None:
    """The reader leaves out temporary keys, and calls with a lasting key open no session: neither is an empty field."""
    agent = {"type": "agent", "actor_id": "pay", "state": "active"} | {
        "principal_id": ROLE if mine is SESSION else mine["arn"]
    }
    checks = [(c, compile_check(c)) for c in content.checks if c.id == "AUD-02"]
    sources = tuple(
        s for s in content.sources if s.id.startswith("reporter-") or s.id == "aws-cloudtrail"
    )
    got = []
    for name, identities in {"alone": [mine, mine], "among": [mine, mine, others, others]}.items():
        records = [
            {"eventID": f"e{n}", "eventTime": f"2026-08-0{n}T10:00:00Z", "eventSource": "ec2.amazonaws.com",
             "eventName": "DescribeInstances", "eventType": "AwsApiCall", "userIdentity": who, "requestParameters": {"instanceId": "i-1"}}
            for n, who in enumerate(identities, 1)
        ]  # fmt: skip
        for path, text in {
            "inventory/agents.json": json.dumps({"records": [agent]}),
            "logs/trail.json": json.dumps({"Records": records}),
        }.items():
            (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / path).write_text(text, encoding="utf-8")
        with ingested(discover(tmp_path / name, ("inventory", "logs")), sources) as (
            engine,
            intake,
        ):
            assert intake.rows["actors"] == 1 and intake.rows["events"] == len(identities)
            derive(engine, examples.RUN, [Expected("aws-cloudtrail", "day", 1)])
            runner.prepare(engine)
            runner.assess(engine, checks)
            got += engine.rows("SELECT status FROM results WHERE subject = 'pay'")
    assert got == [("unknown",), ("unknown",)]


@pytest.mark.parametrize("holders", [("a1", "a2"), ("a2", "a1"), ("z", "a1")])
def test_a_shared_key_in_the_hands_of_a_person_fails_each_holder_whatever_its_name(
    holders: tuple[str, str], content: Content
) -> None:
    check = next(c for c in content.checks if c.id == "IDN-06")
    given = {
        "actors": [
            *({"actor_id": a, "kind": "agent", "state": "active", "principal_id": f"p-{a}"} for a in holders),
            {"actor_id": "eve", "kind": "human"},
        ],
        "credentials": [{"credential_id": "k", "actor_id": a} for a in holders],
        "events": [
            *({"occurred_at": "2026-08-01", "actor_id": a, "principal_id": f"p-{a}", "user_agent": "Boto3/1"} for a in holders),
            {"occurred_at": "2026-08-02", "actor_id": "eve", "credential_id": "k"},
        ],
    }  # fmt: skip
    got = examples.results_of(check, {"given": given})
    assert {s: v for s, (v, _) in got.items() if s.startswith("p-")} == {
        f"p-{a}": "fail" for a in holders
    }


def test_ent_05_speaks_only_of_tools_and_data_where_it_says_pass(content: Content) -> None:
    """Destinations are other checks' (ENT-09, CHG-06): the sentence must not claim them."""
    check = next(c for c in content.checks if c.id == "ENT-05")
    given = {
        "actors": [{"actor_id": "a1", "kind": "agent", "state": "active", "destinations_listed": True}],
        "grants": [{"actor_id": "a1", "type": "tool", "name": "send", "expires_at": "", "purpose": ""}],
        "events": [{"occurred_at": "2026-08-01", "actor_id": "a1", "event_class": "tool", "tool": "send", "resource": "x", "environment": "", "destination": "out.example"}],
    }  # fmt: skip
    result, why = examples.results_of(check, {"given": given})["a1"]
    assert result == "pass" and why.startswith("no tool and no data outside its grants")

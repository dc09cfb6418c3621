"""`reporter map` proposes for a log too: which table is one, what its columns say, and what `assess` then sees. Who is an agent is never guessed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conftest import reporter
from test_mapping import refuse
from test_readers import workbook

from reporter.authoring.propose_mapping import Proposal, propose, write
from reporter.content.mapping import read_mapping, with_mappings
from reporter.content.yaml import read_yaml
from reporter.errors import InputError
from reporter.ingest import convert
from reporter.ingest.load import ingested
from reporter.ingest.readers.files import discover

pytestmark = pytest.mark.slow

YML = "organisation: Port\nperiod: {from: '2026-07-01', to: '2026-10-01'}\n"
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
PHRASE = "hunter2hunter2"
SEEN = ("occurred_at", "actor_id", "principal_id", "action", "outcome")


def placed(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    (folder / "reporter.yml").write_text(YML)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def only(path: Path, kind: str = "") -> Proposal:
    ((made,), refused) = propose(path, kind=kind)
    assert refused == []
    return made


def written(workspace: Path) -> list[str]:
    return sorted(p.name for p in workspace.glob("mappings/*.yml"))


def events_of(workspace: Path) -> list[dict[str, str]]:
    """The events that the mappings of a workspace make of its logs, without what is empty."""
    files = discover(workspace, ("logs",))
    with ingested(files, with_mappings((), workspace)) as (engine, _):
        columns = [n for n, _ in engine.columns("SELECT * EXCLUDE (source, part, file, who, place) FROM in_events")]  # fmt: skip
        rows = engine.rows(f"SELECT {', '.join(columns)} FROM in_events ORDER BY file, record")
    return [{n: str(v) for n, v in zip(columns, row, strict=True) if v is not None} for row in rows]


def lines(*records: Any) -> str:
    return "".join(json.dumps(r) + "\n" for r in records)


@dataclass(frozen=True)
class Style:
    """A log of an unknown program, and what is made of it."""

    name: str
    content: str
    columns: dict[str, Any]
    rows: list[tuple[str | None, ...]]
    """Time, actor, principal, action and outcome of each event."""
    besides: dict[str, Any] = field(default_factory=dict)
    """Keys of the mapping beside its columns."""
    rejected: int = 0


STATUS = {"2xx": "success", "401": "denied", "403": "denied", "4xx": "error", "5xx": "error"}
NESTED = [
    {"@timestamp": f"2026-07-01T08:0{n}:00.5Z", "actor": {"id": who, "name": "Bot", "type": kind}, "event": {"id": f"e{n}", "action": act},
     "http": {"request": {"method": "POST"}, "response": {"status": code}}, "target": {"user": {"name": "bo"}}, "trace": {"ctx": {"session_id": f"s{n // 2}"}}}
    for n, (who, kind, act, code) in enumerate([("a-1", "agent", "crane.move", 201), ("a-1", "agent", "crane.stop", 401), ("a-2", "system", "tide.read", 404), ("a-2", "system", "tide.read", 302)])
]  # fmt: skip
GERMAN = [
    {"zeitstempel": "2026-07-01T10:00:00+02:00", "nutzer": "kran-agent", "vorgang": "fahren", "datei": "/kran/2", "ergebnis": "erlaubt", "herkunft": "10.0.0.2"},
    {"zeitstempel": "2026-07-01T10:01:00+02:00", "nutzer": "kran-agent", "vorgang": "heben", "datei": "/kran/2", "ergebnis": "untersagt", "herkunft": "10.0.0.2"},
    {"zeitstempel": "2026-07-01T10:02:00+02:00", "nutzer": "tor-agent", "vorgang": "heben", "ergebnis": "fehlgeschlagen", "herkunft": "10.0.0.3"},
    {"zeitstempel": "2026-07-01T10:03:00+02:00", "nutzer": "tor-agent", "vorgang": "", "datei": "/tor/1", "ergebnis": "erlaubt", "herkunft": "10.0.0.3"},
]  # fmt: skip
ROLES = [
    {"eventTime": "2026-07-01T08:00:00Z", "identity": {"arn": f"arn:aws:sts::123456789012:assumed-role/{role}", "onBehalfOf": boss}, "eventName": name,
     "sourceIPAddress": "10.1.1.1", "result": result}
    for role, boss, name, result in [("berth/i-1", "ada@port.example", "GetTide", "Success"), ("berth/i-1", None, "PutBerth", "AccessDenied"), ("tide/i-2", None, "GetTide", "Failed")]
]  # fmt: skip
STYLES = [
    Style(
        "logs/gateway.csv",
        "Timestamp,User,Action,Tool,Resource,Status,Client IP,Latency ms\n"
        "2026-07-01T08:00:00Z,berth-bot,call,crane.move,quay/4,200,10.0.4.7,12\n"
        "2026-07-01T08:01:00Z,berth-bot,call,crane.stop,quay/4,403,10.0.4.7,3\n"
        "2026-07-01T08:02:00Z,tide-bot,call,tide.read,gauge/2,500,10.0.4.9,90\n"
        ",tide-bot,call,tide.read,gauge/2,200,10.0.4.9,90\n",
        {"occurred_at": "Timestamp", "actor_id": "User", "action": "Action", "tool": "Tool", "resource": "Resource", "source_ip": "Client IP",
         "outcome": {"from": "Status", "values": STATUS}},
        [("2026-07-01 08:00:00", "berth-bot", None, "call", "success"), ("2026-07-01 08:01:00", "berth-bot", None, "call", "denied"),
         ("2026-07-01 08:02:00", "tide-bot", None, "call", "error")],
        rejected=1,
    ),
    Style(
        "logs/protokoll.csv",
        "Datum;Uhrzeit;Benutzer;Aktion;Werkzeug;Objekt;Zugriffsart;Ergebnis;Sitzung;Im Auftrag von\n"
        "01.07.2026;08:00:00;tor-agent;Tor öffnen;tor.auf;Tor 1;Schreiben;erfolgreich;s-1;ada@port.example\n"
        "01.07.2026;08:05:00;tor-agent;Pegel lesen;pegel;Pegel 3;Lesen;verweigert;s-1;ada@port.example\n"
        "02.07.2026;09:00:00;kran-agent;Kran fahren;kran;Kran 2;Ausführen;Fehler;s-2;\n",
        {"occurred_at": {"from": ["Datum", "Uhrzeit"], "date": "%d.%m.%Y / %H:%M:%S"}, "actor_id": "Benutzer", "session_id": "Sitzung",
         "on_behalf_of": "Im Auftrag von", "action": "Aktion", "tool": "Werkzeug",
         "effect": {"from": "Zugriffsart", "values": {"Schreiben": "write", "Lesen": "read", "Ausführen": "execute"}}, "resource": "Objekt",
         "outcome": {"from": "Ergebnis", "values": {"erfolgreich": "success", "verweigert": "denied", "Fehler": "error"}}},
        [("2026-07-01 08:00:00", "tor-agent", None, "Tor öffnen", "success"), ("2026-07-01 08:05:00", "tor-agent", None, "Pegel lesen", "denied"),
         ("2026-07-02 09:00:00", "kran-agent", None, "Kran fahren", "error")],
    ),
    Style(
        "logs/nested.jsonl",
        lines(*NESTED),
        {"event_id": "event.id", "occurred_at": "@timestamp", "actor_id": "actor.id", "session_id": "trace.ctx.session_id", "action": "event.action",
         "outcome": {"from": "http.response.status", "values": STATUS}},
        [("2026-07-01 08:00:00.500000", "a-1", None, "crane.move", "success"), ("2026-07-01 08:01:00.500000", "a-1", None, "crane.stop", "denied"),
         ("2026-07-01 08:02:00.500000", "a-2", None, "tide.read", "error")],
        {"actor_kind": {"from": "actor.type"}},
        rejected=1,
    ),
    Style(
        "logs/epoch.jsonl",
        lines(*({"ts": 1782892800123 + n * 60000, "agent": who, "operation": op, "path": "/q", "allowed": ok, "conversation_id": "c1", "model": "orb-2"}
                for n, (who, op, ok) in enumerate([("berth-bot", "read", True), ("berth-bot", "write", False), ("tide-bot", "delete", True)]))),
        {"occurred_at": {"from": "ts", "date": "epoch_ms"}, "actor_id": "agent", "session_id": "conversation_id", "action": "operation",
         "effect": "operation", "resource": "path", "model_version": "model",
         "outcome": {"from": "allowed", "values": {"true": "success", "false": "denied"}}},
        [("2026-07-01 08:00:00.123000", "berth-bot", None, "read", "success"), ("2026-07-01 08:01:00.123000", "berth-bot", None, "write", "denied"),
         ("2026-07-01 08:02:00.123000", "tide-bot", None, "delete", "success")],
    ),
    Style(
        "logs/roles.json",
        json.dumps({"exported": "2026-07-03", "entries": ROLES}),
        {"occurred_at": "eventTime", "principal_id": "identity.arn", "on_behalf_of": "identity.onBehalfOf", "action": "eventName", "source_ip": "sourceIPAddress",
         "outcome": {"from": "result", "values": {"AccessDenied": "denied", "Failed": "error"}}},
        [("2026-07-01 08:00:00", None, "arn:aws:sts::123456789012:assumed-role/berth/i-1", "GetTide", "success"),
         ("2026-07-01 08:00:00", None, "arn:aws:sts::123456789012:assumed-role/berth/i-1", "PutBerth", "denied"),
         ("2026-07-01 08:00:00", None, "arn:aws:sts::123456789012:assumed-role/tide/i-2", "GetTide", "error")],
    ),
    Style(
        "logs/doors.csv",
        "When,Who,What,Result\n7/13/2026 8:00:05 AM,ada@port.example,Opened gate,OK\n"
        "7/13/2026 8:10:05 PM,ada@port.example,Closed gate,Forbidden\n7/14/2026 9:00:00 AM,bo@port.example,Opened gate,OK\n7/14/2026 9:00:00 AM,bo@port.example,Opened gate,Maybe\n",
        {"occurred_at": {"from": "When", "date": "%m/%d/%Y %I:%M:%S %p"}, "actor_id": "Who", "action": "What",
         "outcome": {"from": "Result", "values": {"OK": "success", "Forbidden": "denied"}}},
        [("2026-07-13 08:00:05", "ada@port.example", None, "Opened gate", "success"), ("2026-07-13 20:10:05", "ada@port.example", None, "Closed gate", "denied"),
         ("2026-07-14 09:00:00", "bo@port.example", None, "Opened gate", "success")],
        rejected=1,
    ),
    Style(
        "logs/ereignisse.jsonl",
        lines(*GERMAN),
        {"occurred_at": "zeitstempel", "actor_id": "nutzer", "action": "vorgang", "resource": "datei", "source_ip": "herkunft",
         "outcome": {"from": "ergebnis", "values": {"erlaubt": "success", "untersagt": "denied", "fehlgeschlagen": "error"}}},
        [("2026-07-01 08:00:00", "kran-agent", None, "fahren", "success"), ("2026-07-01 08:01:00", "kran-agent", None, "heben", "denied"),
         ("2026-07-01 08:02:00", "tor-agent", None, "heben", "error")],
        rejected=1,
    ),
    Style(
        "logs/acces.csv",
        "Horodatage;Utilisateur;Opération;Cible;Statut;Adresse IP\n"
        "01/Jul/2026:10:00:00 +0200;grue-bot;ouvrir;quai 4;réussi;10.0.0.1\n01/Jul/2026:10:01:00 +0200;grue-bot;fermer;quai 4;refusé;10.0.0.1\n",
        {"occurred_at": {"from": "Horodatage", "date": "%d/%b/%Y:%H:%M:%S %z"}, "actor_id": "Utilisateur", "action": "Opération", "resource": "Cible",
         "source_ip": "Adresse IP", "outcome": {"from": "Statut", "values": {"réussi": "success", "refusé": "denied"}}},
        [("2026-07-01 08:00:00", "grue-bot", None, "ouvrir", "success"), ("2026-07-01 08:01:00", "grue-bot", None, "fermer", "denied")],
    ),
]  # fmt: skip


@pytest.mark.parametrize("style", STYLES, ids=[s.name for s in STYLES])
def test_a_log_is_mapped_without_a_question_and_read_as_proposed(
    style: Style, tmp_path: Path
) -> None:
    path = placed(tmp_path, style.name, style.content)
    made = only(path)
    assert (made.asks, made.mapping["kind"]) == ("", "event")
    assert made.mapping["columns"] == style.columns
    besides = {k: made.mapping[k] for k in ("event_class", "actor_kind") if k in made.mapping}
    assert besides == style.besides
    printed = write(made)
    assert read_yaml(made.path)["columns"] == style.columns
    rows = events_of(tmp_path)
    assert [tuple(r.get(c) for c in SEEN) for r in rows] == style.rows
    assert {r["log_source"] for r in rows} == {Path(style.name).stem}
    (file,) = json.loads(reporter("formats", tmp_path, "--json").output)
    assert (file["kept"], file["rejected"]) == (len(style.rows), style.rejected)
    assert file["records"] == len(style.rows) + style.rejected
    head = f"as `assess` will see it: of {file['records']} records {file['kept']} are kept"
    shown = [json.loads(x) for x in printed[printed.index(head) :] if x.startswith("  {")]
    assert [(s["action"], s["outcome"]) for s in shown] == [(r["action"], r["outcome"]) for r in rows[:3]]  # fmt: skip
    assert sum("rejected: " in x for x in printed) == style.rejected


def test_only_a_column_says_that_an_actor_is_an_agent(tmp_path: Path) -> None:
    write(only(placed(tmp_path, "logs/nested.jsonl", lines(*NESTED))))
    assert [r.get("actor_kind") for r in events_of(tmp_path)] == ["agent", "agent", None]
    (file,) = json.loads(reporter("formats", tmp_path, "--json").output)
    assert any("events.actor_kind is not one of" in n and "system" in n for n in file["notes"])
    made = only(placed(tmp_path / "other", "logs/gateway.csv", STYLES[0].content))
    assert "actor_kind" not in made.mapping


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("logs/x.csv", "Time,User,Action,Result\n03/04/2026 08:00:00,a,open,ok\n05/04/2026 08:10:00,a,close,ok\n", "is the day or the month first?"),
        ("logs/x.csv", "Date,User,Action,Result\n2026-07-01,a,open,ok\n2026-07-01,a,close,ok\n", "no column says when it happened"),
        ("logs/x.csv", "Time,Note,Action,Result\n2026-07-01T08:00:00Z,a b,open,ok\n2026-07-01T08:10:00Z,a c,close,ok\n", "no column says who acted"),
        ("logs/x.csv", "Time,User,Result\n2026-07-01T08:00:00Z,a,ok\n2026-07-01T08:10:00Z,a,ok\n", "no column says what was done"),
    ],
)  # fmt: skip
def test_a_log_that_does_not_say_enough_is_refused_with_what_is_missing(
    name: str, content: str, says: str, tmp_path: Path
) -> None:
    path = placed(tmp_path, name, content)
    done = reporter("map", path, "--kind", "event")
    assert (done.exit_code, says in done.output, written(tmp_path)) == (3, True, [])
    assert "docs/formats.md" in done.output


def test_the_order_of_the_rows_tells_whether_the_day_comes_first(tmp_path: Path) -> None:
    days = ("01/07", "02/07", "03/07", "01/08")
    rows = "".join(f"{d}/2026 08:00:00,a,open,ok\n" for d in days)
    made = only(placed(tmp_path, "logs/x.csv", f"Time,User,Action,Result\n{rows}"))
    assert made.mapping["columns"]["occurred_at"]["date"] == "%d/%m/%Y %H:%M:%S"
    (guess,) = [g for g in made.guesses if g.target == "events.occurred_at"]
    assert guess.sure == 75
    either = "".join(f"{d}/2026 08:00:00,a,open,ok\n" for d in ("01/07", "02/07", "03/07", "04/07"))
    path = placed(tmp_path, "logs/y.csv", f"Time,User,Action,Result\n{either}")
    with pytest.raises(InputError, match="is the day or the month first"):
        propose(path)
    (month,), _ = propose(path, date="month")
    assert month.mapping["columns"]["occurred_at"]["date"] == "%m/%d/%Y %H:%M:%S"


@pytest.mark.parametrize(
    ("ids", "target"),
    [
        ([f"0a9d1c7e-0000-4000-8000-00000000000{n}" for n in range(8)], "event_id"),
        ([f"s-{n}" for n in range(8)], None),
        ([f"s-{n // 2}" for n in range(8)], "session_id"),
    ],
    ids=["each its own", "no uuids", "repeated"],
)
def test_a_session_repeats_and_what_stands_once_is_an_event(
    ids: list[str], target: str | None, tmp_path: Path
) -> None:
    rows = "".join(f"2026-07-01T08:0{n}:00Z,a,open,ok,{x}\n" for n, x in enumerate(ids))
    made = only(placed(tmp_path, "logs/x.csv", f"Time,User,Action,Result,Session ID\n{rows}"))
    assert [c for c, entry in made.mapping["columns"].items() if entry == "Session ID"] == [
        c for c in [target] if c
    ]


REGISTERS = [
    ("vault.csv", "Key ID,Agent,Created,Last used,Expires\n"
     "k-1,berth-bot,2026-01-01T08:00:00Z,2026-07-01T08:00:00Z,2027-01-01T00:00:00Z\nk-2,berth-bot,2026-01-02T08:00:00Z,2026-07-01T09:00:00Z,2027-01-01T00:00:00Z\n"),
    ("keys.csv", "Secret name,Used by,Created at,Last used at,Last operation,Status\n"
     "a/b,berth-bot,2026-01-01T08:00:00Z,2026-07-01T08:00:00Z,read,ok\na/c,berth-bot,2026-01-02T08:00:00Z,2026-07-01T09:00:00Z,read,ok\n"),
    ("tickets.csv", "Ticket,Created at,Requester,Type,Assignee,Status,Priority,Summary,Resolved at\n"
     "T-1,2026-07-01T08:00:00Z,ada@port.example,Access,bo@port.example,Done,High,Please grant,2026-07-02T08:00:00Z\n"
     "T-2,2026-07-01T09:00:00Z,ada@port.example,Change,bo@port.example,Open,Low,Please change,\n"),
    ("agents.csv", "Agent,Owner,Purpose,Last seen,Last action,Status\nberth-bot,ada@port.example,Plans the berths of the port,2026-07-01T08:00:00Z,crane.move,Live\n"
     "tide-bot,bo@port.example,Reads the tide tables daily,2026-07-01T09:00:00Z,tide.read,Live\n"),
    ("agenten.csv", "Agent,Eigentümer,Zweck,Zuletzt gesehen,Letzte Aktion,Status\nliege-bot,ada@port.example,Plant die Liegeplätze des Hafens,2026-07-01T08:00:00Z,lesen,aktiv\n"
     "pegel-bot,bo@port.example,Liest jeden Tag die Pegel,2026-07-01T09:00:00Z,lesen,aktiv\n"),
    ("bots.csv", "Agent ID,Name,Owner,Created at,Created by,Tools,Status\na1,Berth,ada@port.example,2026-01-01T08:00:00Z,ada,x.read,active\n"
     "a2,Tide,bo@port.example,2026-01-02T08:00:00Z,ada,y.read,active\n"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content"), REGISTERS, ids=[r[0] for r in REGISTERS])
def test_times_of_things_as_they_stand_make_no_log(name: str, content: str, tmp_path: Path) -> None:
    ((made,), _) = propose(placed(tmp_path, f"inventory/{name}", content))
    assert made.mapping["kind"] != "event"
    assert "event" not in made.asks


@pytest.mark.parametrize("heading", ["Robot", "Roboter", "Software-Roboter"])
def test_a_robot_is_who_acted(heading: str, tmp_path: Path) -> None:
    rows = "".join(f"2026-07-0{n}T08:00:00Z;robo-{n % 2};read;ok\n" for n in range(1, 7))
    content = f"Timestamp;{heading};Operation;Result\n{rows}"
    made = only(placed(tmp_path, "logs/robots.csv", content))
    assert (made.asks, made.mapping["columns"]["actor_id"]) == ("", heading)


def test_a_list_of_approvals_is_no_log(tmp_path: Path) -> None:
    rows = "".join(f"2026-07-0{n}T08:00:00Z,ada,bo,deploy,approved\n" for n in (1, 2, 3))
    content = f"timestamp,requester,approver,action,status\n{rows}"
    ((made,), _) = propose(placed(tmp_path, "inventory/decisions.csv", content))
    assert made.asks or made.mapping["kind"] != "event"


def test_a_table_that_is_surely_a_register_is_not_asked_about_as_a_log(tmp_path: Path) -> None:
    rows = "".join(f"svc-{n},ada,2026-07-0{n}T08:00:00Z,batch {n % 2}\n" for n in (1, 2, 3))
    content = f"Account name,User,Created at,Type\n{rows}"
    ((made,), _) = propose(placed(tmp_path, "logs/x.csv", content))
    assert made.asks.startswith("what a row is: event at ")
    made = only(placed(tmp_path, "inventory/nhi.csv", content))
    assert (made.mapping["kind"], made.asks) == ("service_account", "")


@pytest.mark.parametrize(
    ("heading", "cells", "outcomes"),
    [
        ("return code", ["0", "1031"], ["success", "error"]),
        ("exit_code", ["0", "0"], ["success", "success"]),
        ("status_code", ["200", "204"], ["success", "success"]),
        ("HTTP-Status", ["429", "503"], ["error", "error"]),
        ("allowed", ["true", "false"], ["success", "denied"]),
        ("erfolgreich", ["ja", "nein"], ["success", "error"]),
        ("error", ["false", "true"], ["success", "error"]),
        ("decision", ["allow", "deny"], ["success", "denied"]),
        ("Ergebnis", ["in Ordnung", "nicht erlaubt"], ["success", "denied"]),
        ("result", ["ok", "ok", "ok", "banana"], ["success"] * 3),
        ("result", ["ok", "ok", "ok", "Success (partial)"], ["success"] * 3),
        ("result", ["ok", "Denied: no right", "Failed - timeout", "ok"], ["success", "denied", "error", "success"]),
        ("result", ["ok", ""], ["success"]),
        ("result", ["ok", "banana"], [None, None]),
        ("result", ["pending", "running"], [None, None]),
        ("return code", ["4", "8"], [None, None]),
        ("code", ["A-17", "B-4"], [None, None]),
    ],
)  # fmt: skip
def test_what_a_column_says_of_how_an_act_ended(
    heading: str, cells: list[str], outcomes: list[str | None], tmp_path: Path
) -> None:
    """No word, code or blank that is not known is a success; a row of one is rejected, or nothing is said of any."""
    rows = "".join(f"2026-07-01T08:00:00Z,a,x,{c}\n" for c in cells)
    write(only(placed(tmp_path, "logs/x.csv", f"timestamp,user,action,{heading}\n{rows}"), "event"))  # fmt: skip
    assert [r.get("outcome") for r in events_of(tmp_path)] == outcomes


@pytest.mark.parametrize(
    ("heading", "cells", "target"),
    [
        ("on behalf of", ["ada@port.example", "bo@port.example"], "on_behalf_of"),
        ("Access type", ["Lesen", "write"], "effect"),
        ("x", ["6f1c2a34-0000-4000-8000-000000000001"] * 2, "session_id"),
        ("x", ["arn:aws:s3:::quays/a", "arn:aws:s3:::quays/b"], "resource"),
        ("run as", ["svc-1", "svc-2"], "principal_id"),
        ("x", ["denied", "allowed"], "outcome"),
        ("x", ["10.0.0.1", "10.0.0.2"], None),
        ("Kosten", ["1", "2"], None),
        ("account id", ["123456789012", "123456789013"], None),
        ("user agent", ["orb/1", "orb/1"], "user_agent"),
        ("cost", ["1", "2"], None),
        ("message", ["a text of the program, long as such texts are", "another text of it"], None),
        ("Datenklasse", ["vertraulich", "öffentlich"], "classification"),
        ("Genehmigung", ["G-1", ""], "approval_id"),
        ("access key id", ["AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLF"], "credential_id"),
    ],
)
def test_what_a_heading_and_its_cells_mean_in_a_log(
    heading: str, cells: list[str], target: str | None, tmp_path: Path
) -> None:
    rows = "".join(f"2026-07-01T08:00:00Z,a,crane.move,{c}\n" for c in cells)
    content = f"timestamp,agent,action,{heading}\n{rows}".replace(
        "a text of the program,", "a text"
    )
    made = only(placed(tmp_path, "logs/x.csv", content), "event")
    found = [g.target for g in made.guesses if g.heading == heading]
    assert found == ([f"events.{target}"] if target else [])


def test_a_helpdesk_s_agents_beside_customers_are_no_ai_agents(tmp_path: Path) -> None:
    rows = "".join(f"2026-07-01T08:0{n}:00Z,{who},reply,{kind},ok\n" for n, (who, kind) in enumerate([("ann", "agent"), ("cy", "customer"), ("ann", "agent"), ("ann", "agent")]))  # fmt: skip
    made = only(placed(tmp_path, "logs/x.csv", f"timestamp,user,action,user type,result\n{rows}"))
    assert "actor_kind" not in made.mapping


def test_rows_with_few_keys_in_common_are_told_by_three(tmp_path: Path) -> None:
    records = [{"timestamp": f"2026-07-01T08:0{n}:00Z", ("user" if n else "login"): "a", "action": "x", f"k{n}": "v"} for n in range(6)]  # fmt: skip
    made = only(placed(tmp_path, "logs/x.jsonl", lines(*records)), "event")
    assert made.mapping["headings"] == ["timestamp", "action", "user"]


def test_where_it_is_given_that_it_is_a_log_a_column_near_it_says_who_acted(tmp_path: Path) -> None:
    rows = "".join(f"2026-07-01T08:0{n}:00Z,berth-planner,crane.move,ok\n" for n in range(3))
    path = placed(tmp_path, "logs/x.csv", f"timestamp,service,action,result\n{rows}")
    asked = reporter("map", path)
    assert (asked.exit_code, "no column says who acted (service:" in asked.output) == (3, True)
    assert reporter("map", path, "--kind", "log").exit_code == 0
    assert {r["actor_id"] for r in events_of(tmp_path)} == {"berth-planner"}


def test_below_70_percent_it_asks_and_kind_answers(tmp_path: Path) -> None:
    content = "created at,user,type,owner\n2026-07-01T08:00:00Z,a,x,o\n2026-07-01T08:01:00Z,a,y,o\n2026-07-01T08:01:30Z,b,y,o\n"
    path = placed(tmp_path, "logs/journal.csv", content)
    asked = reporter("map", path)
    assert asked.exit_code == 3
    assert "what a row is: event at " in asked.output and "event for a log" in asked.output
    assert written(tmp_path) == []
    assert reporter("map", path, "--kind", "event").exit_code == 0
    assert [r["action"] for r in events_of(tmp_path)] == ["x", "y", "y"]


@pytest.mark.parametrize("kind", ["", "event"])
def test_a_log_that_a_source_reads_is_not_mapped(kind: str, tmp_path: Path) -> None:
    own = "time,actor_id,action,outcome\n2026-07-01T08:00:00Z,a,read,success\n2026-07-01T08:01:00Z,a,read,success\n"
    path = placed(tmp_path, "logs/own.csv", own)
    done = reporter("map", path, *(["--kind", kind] if kind else []))
    assert done.exit_code == (3 if kind else 0)
    assert "is read as reporter-events" in done.output and "maps it all the same" not in done.output
    assert written(tmp_path) == []


def test_a_mapping_of_a_log_takes_no_file_that_a_source_of_ours_knows(tmp_path: Path) -> None:
    own = "time,actor_id,action,outcome\n2026-07-01T08:00:00Z,a,read,success\n"
    placed(tmp_path, "logs/own.csv", own)
    columns = "{occurred_at: time, actor_id: actor_id, action: action, outcome: outcome}"
    headings = "[time, actor_id, action, outcome]"
    placed(tmp_path, "mappings/m.yml", f"map: m\nkind: event\nheadings: {headings}\ncolumns: {columns}\n")  # fmt: skip
    (file,) = json.loads(reporter("formats", tmp_path, "--json").output)
    assert file["source"] == "reporter-events"


def test_a_mapping_of_a_log_is_never_written_over(tmp_path: Path) -> None:
    path = placed(tmp_path, "logs/gateway.csv", STYLES[0].content)
    assert reporter("map", path).exit_code == 0
    before = (tmp_path / "mappings/gateway.yml").read_bytes()
    again = reporter("map", path, "--kind", "event")
    assert (again.exit_code, "is read as map-gateway" in again.output) == (3, True)
    with pytest.raises(InputError, match="may have been corrected"):
        write(only(path))
    assert (tmp_path / "mappings/gateway.yml").read_bytes() == before


def test_of_a_folder_each_log_and_each_register_is_mapped(tmp_path: Path) -> None:
    placed(tmp_path, "logs/gateway.csv", STYLES[0].content)
    placed(tmp_path, "logs/nested.jsonl", lines(*NESTED))
    placed(tmp_path, "inventory/agents.csv", REGISTERS[3][1])
    placed(tmp_path, "logs/own.csv", "time,actor_id,action,outcome\n2026-07-01T08:00:00Z,a,read,success\n")  # fmt: skip
    done = reporter("map", tmp_path)
    assert done.exit_code == 0, done.output
    assert written(tmp_path) == ["agents.yml", "gateway.yml", "nested.yml"]
    kinds = [read_yaml(p)["kind"] for p in sorted(tmp_path.glob("mappings/*.yml"))]
    assert kinds == ["agent", "event", "event"]


SECRETS = "timestamp,user,action,token,password,result,remark\n" + "".join(
    f"2026-07-01T08:0{n}:00Z,a,login,{TOKEN},{PHRASE},success,uses {TOKEN}\n" for n in range(3)
)


def test_a_secret_of_a_log_is_neither_mapped_nor_printed(tmp_path: Path) -> None:
    path = placed(tmp_path, "logs/x.csv", SECRETS)
    done = reporter("map", path)
    assert done.exit_code == 0, done.output
    assert "never mapped, for it holds secrets: token; password; remark" in done.output
    text = done.output + (tmp_path / "mappings/x.yml").read_text()
    assert TOKEN not in text and PHRASE not in text


def test_a_secret_that_a_mapping_by_hand_takes_is_only_seen_as_its_fingerprint(
    tmp_path: Path,
) -> None:
    placed(tmp_path, "logs/x.csv", SECRETS)
    headings = "[timestamp, user, action, token, password, result, remark]"
    placed(
        tmp_path, "mappings/x.yml",
        f"map: x\nkind: event\nheadings: {headings}\n"
        "columns: {occurred_at: timestamp, actor_id: user, credential_id: token, action: password, resource: remark, outcome: result}\n",
    )  # fmt: skip
    rows = str(events_of(tmp_path))
    assert TOKEN not in rows and PHRASE not in rows
    assert len(events_of(tmp_path)) == 3


def test_a_large_log_is_read_directly_with_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [
        {"time": f"2026-07-01T08:{n % 60:02}:00Z", "user": f"bot-{n % 7}", "end": "x", "status": 200 + n % 2 * 203}
        for n in range(200)
    ]  # fmt: skip
    columns = "{occurred_at: time, actor_id: user, action: end, outcome: {from: status, values: {2xx: success, 403: denied}}}"
    mapping = f"map: m\nkind: event\nheadings: [time, user, end, status]\ncolumns: {columns}\n"
    rows = {}
    for folder, least in (("small", convert.STREAM_FROM), ("large", 0)):
        placed(tmp_path / folder, "logs/x.jsonl", lines(*records))
        source = read_mapping(placed(tmp_path / folder, "mappings/m.yml", mapping))
        monkeypatch.setattr(convert, "STREAM_FROM", least)
        assert set(source.columns) == {"time", "user", "end", "status"}
        rows[folder] = events_of(tmp_path / folder)
    assert rows["small"] == rows["large"]
    assert [r["outcome"] for r in rows["large"][:2]] == ["success", "denied"]


@pytest.mark.parametrize("least", [convert.STREAM_FROM, 0])
def test_a_row_without_time_or_action_is_rejected_with_its_line(
    least: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convert, "STREAM_FROM", least)
    base = {"time": "2026-07-01T08:00:00Z", "user": "a", "act": "x", "ok": "ok", "more": "m"}
    content = lines(base, base | {"act": ""}, {k: v for k, v in base.items() if k != "time"}, base)
    placed(tmp_path, "logs/x.jsonl", content)
    columns = "{occurred_at: time, actor_id: user, action: act, outcome: ok}"
    placed(tmp_path, "mappings/m.yml", f"map: m\nkind: event\nheadings: [time, user, act, ok, more]\ncolumns: {columns}\n")  # fmt: skip
    (file,) = json.loads(reporter("formats", tmp_path, "--json").output)
    assert (file["kept"], file["rejected"]) == (2, 2)
    assert [n.split(" is missing")[0] for n in file["notes"]] == [
        "line 2, rejected: events.action",
        "line 3, rejected: events.occurred_at",
    ]


def test_a_sheet_of_a_workbook_is_mapped_as_a_log(tmp_path: Path) -> None:
    rows = [x.split(",") for x in STYLES[0].content.splitlines()[:4]]
    path = placed(tmp_path, "logs/book.xlsx", workbook([["Cover"], ["of the port"]], rows, titles=["Cover", "Log"]))  # fmt: skip
    proposals, _ = propose(path, sheet="Log")
    printed = write(proposals[0])
    assert [r["outcome"] for r in events_of(tmp_path)] == ["success", "denied", "error"]
    assert sum(x.startswith("  {") for x in printed) == 3


@pytest.mark.parametrize(
    ("cell", "date", "read"),
    [
        ("1782892800", "epoch", "2026-07-01 08:00:00"),
        ("1782892800.25", "epoch", "2026-07-01 08:00:00.250000"),
        ("1782892800123", "epoch_ms", "2026-07-01 08:00:00.123000"),
        ("1782892800123456", "epoch_us", "2026-07-01 08:00:00.123456"),
        ("1782892800123456000", "epoch_ns", "2026-07-01 08:00:00.123456"),
        ("46204.25", "excel", "2026-07-01 06:00:00"),
        ("2026-07-01 08:00:00,123", "%Y-%m-%d %H:%M:%S,%f", "2026-07-01 08:00:00.123000"),
        ("01.07.2026 08:05", "%d.%m.%Y %H:%M", "2026-07-01 08:05:00"),
        ("01.07.2026 08:05 Uhr", "%d.%m.%Y %H:%M Uhr", "2026-07-01 08:05:00"),
        ("2026-07-01 08:00:00 +0200", "%Y-%m-%d %H:%M:%S %z", "2026-07-01 06:00:00"),
        ("Wed, 01 Jul 2026 08:00:00 GMT", "%a, %d %b %Y %H:%M:%S GMT", "2026-07-01 08:00:00"),
        ("2026-07-01T08:00:00.5+02:00", None, "2026-07-01 06:00:00.500000"),
    ],
)
def test_a_time_is_read_as_proposed(cell: str, date: str | None, read: str, tmp_path: Path) -> None:
    rows = f'"{cell}",a,x,ok\n"{cell}",a,y,ok\n'
    made = only(placed(tmp_path, "logs/x.csv", f"timestamp,user,action,result\n{rows}"), "event")
    said = made.mapping["columns"]["occurred_at"]
    assert (said.get("date") if isinstance(said, dict) else None) == date
    write(made)
    assert events_of(tmp_path)[0]["occurred_at"] == read


GOOD = "map: m\nkind: event\nheadings: [T, U, A, S]\ncolumns:\n  occurred_at: T\n  actor_id: U\n  action: A\n"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (GOOD.replace("  occurred_at: T\n", ""), 4, "no column gives occurred_at"),
        (GOOD.replace("  actor_id: U\n", ""), 4, "no column gives actor_id"),
        (GOOD.replace("  action: A\n", "  tool: A\n"), 4, "no column gives action"),
        (GOOD + "  owner_id: S\n", 4, "an event has no column 'owner_id'"),
        (GOOD + "  event_class: S\n", 4, "an event has no column 'event_class'"),
        (GOOD + "  outcome: {from: S, values: {ok: fine}}\n", 4, "outcome 'fine' is not one of"),
        (GOOD + "  action: X\n", 7, "twice|given|duplicate|stands"),
        (GOOD + "event_class: crane\n", 8, "event_class 'crane' is not one of"),
        (GOOD + "actor_kind: robot\n", 8, "actor_kind 'robot' is not one of"),
        (GOOD + "lists: {tools: S}\n", 8, "a log has no 'lists'"),
        (GOOD.replace("event", "agent") + "log_source: x\n", 8, "belongs to a log"),
    ],
)
def test_a_wrong_mapping_of_a_log_is_refused_with_its_line(
    text: str, line: int, says: str, tmp_path: Path
) -> None:
    refuse(text, line, says, tmp_path)


def test_words_for_all_rows_and_the_name_of_the_log(tmp_path: Path) -> None:
    placed(tmp_path, "logs/x.csv", "T,U,A,S\n2026-07-01T08:00:00Z,a,x,gate\n2026-07-01T08:00:00Z,a,x,\n")  # fmt: skip
    text = GOOD + "event_class: tool\nactor_kind: workload\nlog_source: {from: S}\n"
    placed(tmp_path, "mappings/m.yml", text)
    rows = events_of(tmp_path)
    assert [(r["event_class"], r["actor_kind"], r["log_source"]) for r in rows] == [("tool", "workload", "gate"), ("tool", "workload", "m")]  # fmt: skip
    assert all("outcome" not in r for r in rows)


def test_the_example_of_the_manual_is_read_as_it_says(tmp_path: Path) -> None:
    manual = (Path(__file__).parent.parent / "docs/formats.md").read_text()
    section = manual.split("### A log of your own")[1].split("\n## ")[0]
    log, mapping = (section.split(f"```{name}\n")[1].split("```")[0] for name in ("csv", "yaml"))
    placed(tmp_path, "logs/gates.csv", log)
    placed(tmp_path, "mappings/gates.yml", mapping)
    rows = events_of(tmp_path)
    assert [(r["occurred_at"], r["actor_id"], r["effect"], r["outcome"]) for r in rows] == [
        ("2026-07-01 08:00:00", "berth-bot", "write", "success"),
        ("2026-07-01 08:05:10", "berth-bot", "read", "denied"),
    ]
    assert {r["log_source"] for r in rows} == {"gates"}


def test_a_log_inside_an_envelope_is_mapped_and_read(tmp_path: Path) -> None:
    """The JSON of a program's log in the `_raw` of Splunk's CSV, which says when it was indexed."""
    record = json.dumps(
        {"at": "2026-08-01T08:00:00Z", "bot": "b1", "operation": "mail.send", "status": "ok"}
    )
    cells = record.replace('"', '""')
    row = f'"{cells}",1785571201\n'
    path = placed(tmp_path, "logs/own.csv", "_raw,_indextime\n" + row * 30)
    write(only(path, kind="event"))
    events = events_of(tmp_path)
    assert len(events) == 30
    told = {
        c: events[0][c] for c in ("occurred_at", "ingested_at", "actor_id", "action", "outcome")
    }
    assert told == {
        "occurred_at": "2026-08-01 08:00:00", "ingested_at": "2026-08-01 08:00:01", "actor_id": "b1",
        "action": "mail.send", "outcome": "success",
    }  # fmt: skip

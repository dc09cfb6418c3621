"""Write the sample workspaces of Acme Freight, an invented company: `python sample_data/generate.py [--out DIR]`.

In: the cast, its register, traffic and vendor shapes (the modules beside this one). Out: acme/<quarter>/, the same
bytes each time. What is broken is broken on purpose; README.md says where.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import traffic
import vendors
from cast import AGENTS, GATEWAY, LEFT, MAILBOXES, PEOPLE, QUARTERS, SERVICES, Agent, Quarter, mail
from register import CLIENTS, POLICY_OF, RISKS, agent_record, iso

Row = dict[str, Any]
GZIPPED_MONTHS = 2
"""The first months of a quarter are packed; the last one stays readable."""
CLAUSES = ["identity", "actions", "data", "escalation", "human_review", "logging", "third_parties", "retirement"]
AWS_KEYS = {"svc-edi": "AKIAFREIGHT00EXAMPLE", "svc-backup": "AKIAFREIGHT01EXAMPLE"}
BROKEN_LINES = (
    '{"time":"2026-09-03T10:00:00Z","log_source":"agent-gateway","actor_id":"agt-dock-scheduler","outcome":"succ',
    "2026-09-07 12:00:00 agent-gateway restarted",
    '{"event_id":"ev-nozone","time":"2026-09-08T10:00:00","log_source":"agent-gateway","actor_id":"agt-route-risk",'
    '"actor_kind":"agent","principal_id":"spiffe://freight.example.com/agent/route-risk","credential_id":"key-route-risk",'
    '"session_id":"s-nozone","event_class":"session","action":"session.start","resource":"session/s-nozone",'
    '"environment":"production","outcome":"success"}',
    '{"event_id":"ev-badtime","time":"2026-09-31T10:00:00Z","log_source":"agent-gateway","actor_id":"agt-route-risk",'
    '"actor_kind":"agent","action":"routes.read","outcome":"success"}',
    '{"event_id":"ev-maybe","time":"2026-09-12T10:00:00Z","log_source":"agent-gateway","actor_id":"agt-route-risk",'
    '"actor_kind":"agent","action":"routes.read","outcome":"maybe"}',
)


def main() -> None:
    """Write every quarter below the folder asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "acme")
    out = parser.parse_args().out
    for quarter in QUARTERS:
        folder = out / quarter.id
        shutil.rmtree(folder, ignore_errors=True)
        write_quarter(folder, quarter)


def write_quarter(folder: Path, quarter: Quarter) -> None:
    """Write one workspace."""
    agents = tuple(
        a.at(quarter.id) for a in AGENTS if a.since < quarter.end.date().isoformat()
    )
    done = traffic.make(agents, quarter)
    _text(folder / "reporter.yml", _settings(quarter))
    _inventory(folder / "inventory", agents, quarter)
    _statements(folder / "statements", done, quarter)
    _logs(folder / "logs", done, quarter)


# writers


def _text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def _json(path: Path, value: Any) -> None:
    _text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def _jsonl(path: Path, rows: list[Row], extra: tuple[str, ...] = ()) -> None:
    lines = [json.dumps(r, ensure_ascii=False, separators=(",", ":")) for r in rows]
    for number, line in enumerate(extra):
        lines.insert(40 + 15 * number, line)
    data = ("\n".join(lines) + "\n").encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gz":
        data = gzip.compress(data, mtime=0)
        data = data[:9] + b"\xff" + data[10:]  # the byte that names the system it was packed on
    path.write_bytes(data)


def _csv(path: Path, rows: list[Row], extra: str = "") -> None:
    names = list(dict.fromkeys(n for r in rows for n in r))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    _text(path, text.getvalue() + extra)


def _yaml(path: Path, rows: list[Row]) -> None:
    """Write a list of flat mappings; every value is JSON, which YAML reads."""
    lines = []
    for row in rows:
        for number, (name, value) in enumerate(row.items()):
            lines.append(f"{'- ' if number == 0 else '  '}{name}: {json.dumps(value, ensure_ascii=False)}")
    _text(path, "\n".join(lines) + "\n")


# the parts of a workspace


def _settings(quarter: Quarter) -> str:
    return f"""\
organisation: Acme Freight
unit: Group
period:
  from: {quarter.begin:%Y-%m-%d}
  to: {quarter.end:%Y-%m-%d}
as_of: {quarter.end:%Y-%m-%d}
profile: baseline
log_sources:
  agent-gateway: {{every: hour, share: 90}}
  aws-cloudtrail: {{every: day, share: 85}}
  okta-system-log: {{every: day, share: 85}}
  "otel:care-copilot": {{every: day, share: 40}}
  portal-vendor: {{every: day, share: 40}}
  "otel:tender-drafter": {{every: day, share: 5}}
  edi-legacy: {{every: day, share: 20}}
"""


def _inventory(folder: Path, agents: tuple[Agent, ...], quarter: Quarter) -> None:
    records = [_with_changes(agent_record(a, quarter), a, quarter) for a in agents]
    records.append({"type": "agent", "actor_id": "agt-fleet-health", "name": "Fleet health (copy)",
                    "environment": "production", "state": "active", "created_at": "2026-02-02T09:00:00Z"})  # fmt: skip
    _json(folder / "agents.json", {"records": records})
    _csv(folder / "people.csv", _people(quarter), _broken_person())
    _csv(folder / "service-accounts.csv", _services(quarter))
    _json(folder / "okta" / "apps.json", vendors.okta_apps())
    _json(folder / "mcp" / "claude_desktop_config.json", vendors.mcp_desktop())
    _json(folder / "mcp" / "yard" / "mcp.json", vendors.mcp_workspace())
    _text(folder / "notes.txt", "Ask Yusuf which of the hub agents are still in use\n")


def _with_changes(record: Row, agent: Agent, quarter: Quarter) -> Row:
    """Add what happened to the agent in this quarter: new tools, pauses, the policy it signed."""
    if quarter.id == "2026-q2":
        record["policy_version"] = "1.0" if "policy_id" in record else None
        return {k: v for k, v in record.items() if v is not None}
    if agent.id in traffic.NEW_TOOLS:
        _add_tool(record, agent)
    if agent.id in ("agt-weather-watch", "agt-yard-camera", "agt-night-reorder", "agt-legacy-quoter"):
        _add_pause(record, agent)
    return record


def _add_tool(record: Row, agent: Agent) -> None:
    spec, approved, _ = traffic.NEW_TOOLS[agent.id]
    name, effect, prefix, classification = spec.split("|")
    when = f"{approved}T09:00:00Z"
    why = {"justification": f"{name} on {prefix}", "risk_category": RISKS[agent.unit], "granted_at": when,
           "approved_at": when}  # fmt: skip
    record["tools"].append({"name": name, "effect": effect, "reversible": True, "needs_approval": False, **why})
    record["data_sources"].append({"name": f"{prefix}/*", "classification": classification, **why})
    record["entitlements"].append({"name": f"{prefix}/*", "action": name, "role": f"{agent.short}-{effect}",
                                   "effect": effect, "privileged": False, **why})  # fmt: skip
    for item in (("tool", name), ("data", f"{prefix}/*"), ("entitlement", f"{prefix}/*")):
        record["reviews"][-1]["items"].append({"type": item[0], "name": item[1], "decision": "keep"})


def _add_pause(record: Row, agent: Agent) -> None:
    """Leave the active state; the camera came back with an approval, the weather agent without."""
    ends = {"agt-night-reorder": ("suspended", "2026-08-10T09:00:00Z", None),
            "agt-legacy-quoter": ("retired", "2026-07-15T16:00:00Z", None)}  # fmt: skip
    state, begin, end = ends.get(agent.id, ("suspended", "2026-07-20T09:00:00Z", "2026-08-03T09:00:00Z"))
    record["state_changes"][-1]["until_at"] = begin
    record["state_changes"].append({"state": state, "from_at": begin, **({"until_at": end} if end else {})})
    if end:
        record["state_changes"].append({"state": "active", "from_at": end})
    if agent.id == "agt-yard-camera":
        record["approvals"] = [
            {"approval_id": "apr-q3-camera", "type": "reactivation", "scope": "*",
             "requester_id": mail("yusuf.brandt"), "approver_id": mail("noor.haddadin"),
             "granted_at": "2026-08-02T15:00:00Z"}]  # fmt: skip


def _people(quarter: Quarter) -> list[Row]:
    rows = [_person(name, quarter) for name in PEOPLE]
    for box, title in MAILBOXES.items():
        rows.append({"type": "group", "actor_id": mail(box), "name": title, "state": "active"})
    return rows


def _person(name: str, quarter: Quarter) -> Row:
    title, unit, boss = PEOPLE[name]
    row = {
        "type": "human", "actor_id": mail(name), "name": title, "environment": "production", "business_unit": unit,
        "state": "active", "state_since": "2024-01-08T08:00:00Z", "created_at": "2024-01-08T08:00:00Z",
        "updated_at": iso(quarter.end - timedelta(days=10)), "owner_id": mail(boss) if boss else "",
        "principal_id": mail(name), "principal_type": "user", "strong_auth": "true",
        "policy_id": "IDP-PEOPLE", "policy_version": "4.1", "review_cadence_days": "180",
        "log_sources": "okta-system-log", "risk_tier": "low", "retired_at": "",
    }  # fmt: skip
    if LEFT.get(name, "9999") < quarter.end.date().isoformat():
        row |= {"state": "retired", "state_since": f"{LEFT[name]}T16:00:00Z", "retired_at": f"{LEFT[name]}T16:00:00Z"}
    if name == "salma.oyelaran":
        row |= {"state": "leave", "state_since": "2026-06-10T08:00:00Z"}
    if name in ("pavel.quist", "henrik.adeyemi"):
        row["strong_auth"] = "false"
    return row


def _broken_person() -> str:
    return f"human,{mail('nils.berger')},Nils Berger,production,operations,active" + ",x" * 20 + "\n"


def _services(quarter: Quarter) -> list[Row]:
    rows = [_service(name, quarter) for name in SERVICES]
    rows.append(_service("wl-agent-gateway", quarter) | {
        "type": "workload", "principal_id": GATEWAY, "is_intermediary": "true",
        "owner_id": mail("amelie.kowal"), "purpose": "Forwards the calls of agents and checks the policy"})  # fmt: skip
    rows += [_service_key(name, quarter) for name in SERVICES]
    rows.append(_service_key("wl-agent-gateway", quarter) | {"credential_id": "wid-agent-gateway"})
    return rows


def _service(name: str, quarter: Quarter) -> Row:
    unit, owner, identity, what = SERVICES.get(name, ("it", "amelie.kowal", GATEWAY, "gateway"))
    return {
        "type": "service_account", "actor_id": name, "name": name, "environment": "production",
        "business_unit": unit, "state": "active", "created_at": "2024-05-02T08:00:00Z",
        "updated_at": iso(quarter.end - timedelta(days=40)), "owner_id": mail(owner) if owner else _adopted(quarter),
        "purpose": f"Runs {what} of the group", "principal_id": identity, "principal_type": "service_account",
        "policy_id": "IDP-SERVICE", "policy_version": "4.1", "review_cadence_days": "180",
        "strong_auth": "false" if name == "svc-edi" and not _caught_up(quarter) else "true", "is_intermediary": "false", "risk_tier": "medium",
        "log_sources": "aws-cloudtrail" if identity.startswith("arn:") else "agent-gateway",
    }  # fmt: skip


def _caught_up(quarter: Quarter) -> bool:
    """In the third quarter the partner account got an owner, a review and a key that ends."""
    return quarter.id == "2026-q3"


def _adopted(quarter: Quarter) -> str:
    return mail("kenji.moreau") if _caught_up(quarter) else ""


def _service_key(name: str, quarter: Quarter) -> Row:
    old = name == "svc-edi" and not _caught_up(quarter)
    issued = quarter.end - timedelta(days=700 if old else 50)
    return {
        "type": "credential", "actor_id": name, "credential_id": AWS_KEYS.get(name, f"key-{name}"),
        "environment": "production", "storage": "file" if old else "vault", "privileged": "false",
        "issued_at": iso(issued), "expires_at": "" if old else iso(issued + timedelta(days=85)),
        "last_rotated_at": iso(issued), "rotation_days": "60",
    }  # fmt: skip


def _statements(folder: Path, done: traffic.Traffic, quarter: Quarter) -> None:
    _yaml(folder / "policies.yml", _policies(quarter))
    _yaml(folder / "aliases.yml", _aliases())
    _csv(folder / "approvals.csv", done.approvals)
    _csv(folder / "reviews.csv", list(_common_reviews(quarter)))


def _policies(quarter: Quarter) -> list[Row]:
    """Each unit signs its own annex: three in the second quarter, five in the third, customs never."""
    late = quarter.id == "2026-q3"
    made = [_policy(id_, unit, late) for unit, id_ in POLICY_OF.items()]
    for id_, kind in (("IDP-PEOPLE", "human"), ("IDP-SERVICE", "service_account")):
        made.append(_policy(id_, "", late) | {"scope": "identities", "title": f"Identity policy, {kind}",
                                              "covers_kind": kind, "effective_at": "2025-01-15T00:00:00Z",
                                              "status": "approved", "version": "4.1"})  # fmt: skip
    return made


def _policy(id_: str, unit: str, late: bool) -> Row:
    draft = not late and unit in ("care", "people")
    return {
        "type": "policy", "policy_id": id_, "title": f"AI agent policy, annex {unit}", "scope": "agents",
        "status": "draft" if draft else "approved", "approved_by": "" if draft else mail("ulla.achterberg"),
        "effective_at": "2026-07-01T00:00:00Z" if unit in ("care", "people") else "2025-10-01T00:00:00Z",
        "review_due": "2027-06-30T00:00:00Z", "version": "2.0" if late else "1.0",
        "clauses": CLAUSES if late else CLAUSES[:6], "covers_unit": unit, "covers_kind": "agent",
    }  # fmt: skip


def _aliases() -> list[Row]:
    return [{"type": "alias", "actor_id": agent, "alias": client} for agent, client in CLIENTS.items()]


def _common_reviews(quarter: Quarter) -> Any:
    """Reviews of people and service accounts; of the latter all only in the third quarter."""
    done = quarter.end - timedelta(days=33)
    late = ("svc-edi", "svc-bi-export", "wl-agent-gateway")
    for name in (*map(mail, PEOPLE), *SERVICES, "wl-agent-gateway"):
        if name in late and not _caught_up(quarter):
            continue
        yield {"type": "review", "review_id": f"rev-{name.split('@')[0]}-{quarter.id[-2:]}", "actor_id": name,
               "due_at": iso(done + timedelta(days=5)), "completed_at": iso(done)}  # fmt: skip


def _logs(folder: Path, done: traffic.Traffic, quarter: Quarter) -> None:
    by_log: dict[str, list[Row]] = {}
    for event in done.events:
        by_log.setdefault(event["log_source"], []).append(event)
    _gateway(folder, by_log["agent-gateway"], quarter)
    _cloudtrail(folder / "cloudtrail", done.events, quarter)
    _otel(folder / "otel", by_log)
    _json(folder / "okta" / "system-log.json", vendors.okta_log(quarter))
    _csv(folder / "portal-vendor.csv", [_portal(e) for e in by_log["portal-vendor"]])
    _csv(folder / "edi-legacy.csv", [_skewed(e) for e in by_log["edi-legacy"]])


def _gateway(folder: Path, events: list[Row], quarter: Quarter) -> None:
    rows = sorted([*events, *traffic.heartbeats(quarter)], key=lambda e: (e["time"], e.get("event_id", "")))
    _jsonl(folder / "archive" / "gateway-2025-sample.jsonl", list(traffic.archive(quarter)))
    months = sorted({r["time"][:7] for r in rows})
    for number, month in enumerate(months):
        packed = number < GZIPPED_MONTHS
        broken = BROKEN_LINES if month == "2026-09" else ()
        name = f"gateway-{month}.jsonl{'.gz' if packed else ''}"
        _jsonl(folder / name, [r for r in rows if r["time"][:7] == month], broken)


def _cloudtrail(folder: Path, events: list[Row], quarter: Quarter) -> None:
    records = vendors.cloudtrail(events, quarter)
    months = sorted({r["eventTime"][:7] for r in records})
    for number, month in enumerate(months):
        own = [r for r in records if r["eventTime"][:7] == month]
        name = f"111122223333_CloudTrail_eu-central-1_{month}"
        if number < GZIPPED_MONTHS:
            _json(folder / f"{name}.json", {"Records": own})
        else:
            _jsonl(folder / f"{name}.jsonl", own)


def _otel(folder: Path, by_log: dict[str, list[Row]]) -> None:
    """The copilot exports OTLP/JSON by month; the drafter's SDK prints its spans into one file."""
    copilot = by_log["otel:care-copilot"]
    for month in sorted({e["time"][:7] for e in copilot}):
        own = vendors.otlp([e for e in copilot if e["time"][:7] == month], "care-copilot")
        _text(folder / f"copilot-{month}.json", json.dumps(own) + "\n")
    _json(folder / "tender-drafter-spans.json", vendors.sdk_spans(by_log["otel:tender-drafter"], "tender-drafter"))


def _portal(event: Row) -> Row:
    """The vendor's export says less: no credential, no decision."""
    return {k: v for k, v in event.items() if k not in ("credential_id", "decision", "source_ip", "on_behalf_of")}


def _skewed(event: Row) -> Row:
    """The old bridge's clock runs three hours ahead of the time of arrival."""
    hours = int(event["ingested_at"][11:13])
    if hours < 3:
        return event
    return event | {"ingested_at": f"{event['ingested_at'][:11]}{hours - 3:02d}{event['ingested_at'][13:]}"}


if __name__ == "__main__":
    main()

"""Write the sample workspaces of Acme Freight, an invented company.

In: the cast, its register, traffic and vendor shapes (company/). Out: acme/<quarter>/, the same
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

from company import cloudtrail, directory, episodes, otel, papers, people, story, traffic, waived
from company.cast import AGENTS, APPROVERS, QUARTERS, Agent, Quarter, mail
from company.gaps import agent_record

Row = dict[str, Any]
HERE = Path(__file__).parent
GZIPPED_MONTHS = 2
"""The first months of a quarter are packed; the last one stays readable."""


BROKEN_LINES = (
    '{"time":"2026-09-03T10:00:00Z","log_source":"agent-gateway","actor_id":"agt-dock-scheduler","outcome":"succ',
    "2026-09-07 12:00:00 agent-gateway restarted",
    '{"event_id":"ev-nozone","time":"2026-09-08T10:00:00","log_source":"agent-gateway","actor_id":"agt-route-risk",'
    '"actor_kind":"agent","principal_id":"spiffe://freight.example.com/agent/route-risk","credential_id":"wid-route-risk",'
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
    parser.add_argument("--out", type=Path, default=HERE / "acme")
    out = parser.parse_args().out
    for quarter in QUARTERS:
        folder = out / quarter.id
        shutil.rmtree(folder, ignore_errors=True)
        write_quarter(folder, quarter)


def write_quarter(folder: Path, quarter: Quarter) -> None:
    """Write one workspace."""
    agents = tuple(a.at(quarter.id) for a in AGENTS if a.since < quarter.end.date().isoformat())
    done = traffic.make(agents, quarter)
    by_id = {a.id: a for a in agents}
    episodes.link(done, by_id)
    if quarter.id == "2026-q3":
        story.tell(done, by_id)
        episodes.tell_more(done, by_id)
    traffic.number(done)
    _text(folder / "reporter.yml", _settings(quarter))
    _inventory(folder / "inventory", agents, quarter)
    _statements(folder / "statements", done, quarter)
    _logs(folder / "logs", done, quarter)
    _jsonl(folder / "logs/archive/gateway-before.jsonl", list(episodes.before(by_id, done)))
    for name, purpose in traffic.PURPOSES.items():
        runs = list(episodes.approved_runs(by_id[name], done))
        _jsonl(folder / "baseline" / f"{purpose}.jsonl", runs)


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
            lines.append(
                f"{'- ' if number == 0 else '  '}{name}: {json.dumps(value, ensure_ascii=False)}"
            )
    _text(path, "\n".join(lines) + "\n")


# the parts of a workspace


def _settings(quarter: Quarter) -> str:
    return (
        f"""\
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
baseline: {{approved_by: {mail("noor.haddadin")}, approved_at: {quarter.begin - timedelta(days=5):%Y-%m-%d}}}
approvers:
"""
        + "".join(f"  {kind}: [{', '.join(roles)}]\n" for kind, roles in APPROVERS.items())
        + _sign_off(quarter)
    )


def _sign_off(quarter: Quarter) -> str:
    """Who signs the report of the last quarter; the review is not done yet, so its line stays blank."""
    if quarter is not QUARTERS[-1]:
        return ""
    end = quarter.end
    return f"""\
sign_off:
  prepared_by: Ruth Whitlock, internal audit
  fieldwork: {{from: {end + timedelta(days=5):%Y-%m-%d}, to: {end + timedelta(days=16):%Y-%m-%d}}}
  distribution: [Audit committee, Head of IT]
  limits: [The agents of the two depots in the north were not visited.]
  independence: The preparer owns no agent in scope and reports to the audit committee.
"""


def _inventory(folder: Path, agents: tuple[Agent, ...], quarter: Quarter) -> None:
    records = [agent_record(a, quarter) for a in agents]
    listed = list(records)
    records.append(
        {
            "type": "agent",
            "actor_id": "agt-fleet-health",
            "name": "Fleet health (copy)",
            "environment": "production",
            "state": "active",
            "created_at": "2026-02-02T09:00:00Z",
        }
    )
    _json(folder / "agents.json", {"records": records})
    _csv(folder / "people.csv", people.people(quarter), people.broken_person())
    _csv(folder / "service-accounts.csv", people.services(quarter))
    _csv(folder / "directory.csv", papers.directory(listed))
    _csv(folder / "vault.csv", papers.vault(listed))
    _csv(folder / "third-parties.csv", papers.third_parties(quarter))
    _csv(folder / "people-rights.csv", episodes.rights_of_people())
    _json(folder / "okta" / "apps.json", directory.okta_apps())
    for name, told in cloudtrail.store().items():
        _json(folder / "aws" / f"{name}.json", told)
    _json(folder / "mcp" / "claude_desktop_config.json", directory.mcp_desktop())
    _json(folder / "mcp" / "yard" / "mcp.json", directory.mcp_workspace())
    _text(folder / "notes.txt", "Ask Yusuf which of the hub agents are still in use\n")


def _statements(folder: Path, done: traffic.Traffic, quarter: Quarter) -> None:
    _yaml(folder / "policies.yml", people.policies(quarter))
    _yaml(folder / "aliases.yml", people.aliases())
    _csv(folder / "approvals.csv", done.approvals)
    _csv(folder / "reviews.csv", list(people.common_reviews(quarter)))
    for name in ("changes", "alerts", "incidents", "exceptions", "attestations"):
        _csv(folder / f"{name}.csv", getattr(papers, name)(quarter))
    for name in ("waivers", "compensations", "responses"):
        if rows := getattr(waived, name)(quarter):
            _csv(folder / f"{name}.csv", rows)
    _yaml(folder / "log-stores.yml", papers.log_stores())
    for name, text in papers.artefacts().items():
        _text(folder / name, text)


def _logs(folder: Path, done: traffic.Traffic, quarter: Quarter) -> None:
    by_log: dict[str, list[Row]] = {}
    for event in done.events:
        by_log.setdefault(event["log_source"], []).append(event)
    _gateway(folder, by_log["agent-gateway"], quarter)
    _cloudtrail(folder / "cloudtrail", done.events, quarter)
    _otel(folder / "otel", by_log)
    _json(folder / "okta" / "system-log.json", directory.okta_log(quarter))
    portal = papers.chained([_portal(e) for e in by_log["portal-vendor"]], quarter)
    _csv(folder / "portal-vendor.csv", portal)
    _csv(folder / "edi-legacy.csv", [_skewed(e) for e in by_log["edi-legacy"]])


def _gateway(folder: Path, events: list[Row], quarter: Quarter) -> None:
    rows = sorted(
        [*events, *traffic.heartbeats(quarter)], key=lambda e: (e["time"], e.get("event_id", ""))
    )
    _jsonl(folder / "archive" / "gateway-2025-sample.jsonl", list(traffic.archive(quarter)))
    months = sorted({r["time"][:7] for r in rows})
    for number, month in enumerate(months):
        packed = number < GZIPPED_MONTHS
        broken = BROKEN_LINES if month == "2026-09" else ()
        name = f"gateway-{month}.jsonl{'.gz' if packed else ''}"
        _jsonl(folder / name, [r for r in rows if r["time"][:7] == month], broken)


def _cloudtrail(folder: Path, events: list[Row], quarter: Quarter) -> None:
    records = cloudtrail.records(events, quarter)
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
        own = otel.otlp([e for e in copilot if e["time"][:7] == month], "care-copilot")
        _text(folder / f"copilot-{month}.json", json.dumps(own) + "\n")
    _json(
        folder / "tender-drafter-spans.json",
        otel.sdk_spans(by_log["otel:tender-drafter"], "tender-drafter"),
    )


def _portal(event: Row) -> Row:
    """The vendor's export says less: no credential, no decision."""
    return {
        k: v
        for k, v in event.items()
        if k not in ("credential_id", "decision", "source_ip", "on_behalf_of")
    }


def _skewed(event: Row) -> Row:
    """The old bridge's clock runs three hours ahead of the time of arrival."""
    hours = int(event["ingested_at"][11:13])
    if hours < 3:
        return event
    return event | {
        "ingested_at": f"{event['ingested_at'][:11]}{hours - 3:02d}{event['ingested_at'][13:]}"
    }


if __name__ == "__main__":
    main()

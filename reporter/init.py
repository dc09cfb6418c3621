"""A workspace to start from. In: a folder name. Out: reporter.yml, a small example in each folder, the questions to people."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from reporter import catalog
from reporter.answers import ATTESTATIONS
from reporter.errors import InputError
from reporter.ingest.statements import KINDS, PREFILLED
from reporter.yamls import write_yaml

_AGENTS = """\
type,actor_id,name,environment,business_unit,state,created_at,approved_at,activated_at,updated_at,expires_at,owner_id,owner_confirmed_at,technical_owner_id,purpose,process_id,autonomy,risk_tier,risk_categories,principal_id,principal_type,default_policy,enforcement_point,review_cadence_days,policy_id,log_sources,tools,data_sources
agent,invoice-checker,Invoice checker,production,finance,active,2026-01-10T09:00:00Z,2026-01-12T09:00:00Z,2026-01-15T09:00:00Z,2026-06-20T09:00:00Z,2027-01-15T00:00:00Z,ann,2026-06-01T09:00:00Z,ben,Compare supplier invoices with orders and flag differences for a clerk,AP-7,2,medium,financial control,svc-invoice-checker,agent,deny,gateway,90,AGENT-POLICY,agent-gateway,erp.read_order;erp.read_invoice,erp/orders/*
"""
_PEOPLE = """\
type,actor_id,name,state,owner_id,strong_auth
human,ann,Ann Example,active,ben,true
human,ben,Ben Example,active,ann,true
"""
_EVENT = """\
{"event_id":"1","time":"2026-07-01T08:00:00Z","log_source":"agent-gateway","actor_id":"invoice-checker","actor_kind":"agent","principal_id":"svc-invoice-checker","session_id":"s-1","event_class":"tool","action":"read","tool":"erp.read_order","effect":"read","resource":"erp/orders/4711","environment":"production","outcome":"success"}
"""
_POLICY = """\
- type: policy
  policy_id: AGENT-POLICY
  title: Use of AI agents
  scope: agents
  status: approved
  approved_by: Chief information security officer
  effective_at: '2026-01-01T00:00:00Z'
  review_due: '2027-01-01T00:00:00Z'
  version: '1'
  clauses: [identity, actions, data, escalation, human_review, logging, third_parties, retirement]
"""


def _heartbeats() -> Iterator[str]:
    """A line a day that shows the log was there, even when no agent acted."""
    for day in range(92):
        time = (datetime(2026, 7, 1, 9) + timedelta(days=day)).isoformat() + "Z"
        yield f'{{"time":"{time}","log_source":"agent-gateway","event_class":"heartbeat","outcome":"success"}}\n'


def _questionnaire() -> str:
    """The question of each control of the usual lists, with the columns of an answer empty."""
    text = io.StringIO()
    fields = KINDS[ATTESTATIONS].fields
    names = [*fields[:2], *PREFILLED, *fields[2:]]
    rows = csv.DictWriter(text, names, restval="", lineterminator="\n")
    rows.writeheader()
    for framework in catalog.load().frameworks:
        for c in framework.controls if not framework.optional else ():
            given = {"framework": framework.id, "control": c.id, "title": c.title}
            rows.writerow({**given, "question": " ".join(c.ask.split())})
    return text.getvalue()


def init(folder: Path, organisation: str) -> list[Path]:
    """Write the workspace; refuse a folder that already holds one, and add no example to a folder in use."""
    if (folder / "reporter.yml").exists():
        raise InputError("a workspace is already there", str(folder))
    settings = {
        "organisation": organisation,
        "period": {"from": "2026-07-01", "to": "2026-10-01"},
        "as_of": "2026-10-01",
        "profile": "baseline",
        "log_sources": {"agent-gateway": {"every": "day", "share": 90}},
    }
    texts = {
        "reporter.yml": write_yaml(settings),
        "inventory/agents.csv": _AGENTS,
        "inventory/people.csv": _PEOPLE,
        "logs/events.jsonl": _EVENT + "".join(_heartbeats()),
        "statements/policies.yml": _POLICY,
        "statements/attestations.csv": _questionnaire(),
    }
    used = {f for f in ("inventory", "logs", "statements") if any((folder / f).glob("*"))}
    made = [folder / name for name in texts if name.split("/")[0] not in used]
    for path in made:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[path.relative_to(folder).as_posix()], encoding="utf-8")
    return made

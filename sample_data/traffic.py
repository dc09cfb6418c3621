"""What the agents of one quarter did: native events of ordinary work and of the story, and the approvals given.

In: the agents of cast.py and a quarter. Out: Traffic. Each agent has its own random stream, so that a change to
one moves no other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from cast import DOMAIN, GATEWAY, SERVICES, SHARED_KEY, Agent, Quarter, mail
from register import HIGH, MODEL, credential_id, day, iso, principal, split

SEED = 20260401
Event = dict[str, Any]
STOPS = {"agt-night-reorder": "2026-08-10", "portal-vendor": "2026-08-09"}
"""Agent or log -> the day from which nothing more is seen in the third quarter."""
PAUSED = ("agt-weather-watch", "agt-yard-camera")
"""Suspended from 20 July to 3 August."""
NEW_TOOLS = {
    "agt-dock-scheduler": ("yard.swap_slot|write|yard/swaps|internal", "2026-07-28", "2026-08-03"),
    "agt-contract-reader": ("contracts.export|write|contracts/exports|internal", "2026-08-14", "2026-08-05"),
}
"""Agent -> tool, day of approval, day of first use; third quarter."""


@dataclass
class Traffic:
    """Everything that happened in a quarter."""

    quarter: Quarter
    events: list[Event] = field(default_factory=list)
    approvals: list[dict[str, Any]] = field(default_factory=list)

    def approve(self, agent: str, tool: str, when: datetime, hours: int = 8, uses: int = 1) -> str:
        """Record a human decision and return its id."""
        approval_id = f"apr-{self.quarter.id[-2:]}-{len(self.approvals) + 1:04d}"
        self.approvals.append({
            "type": "approval", "approval_id": approval_id, "actor_id": agent, "approval_type": "action",
            "scope": tool, "requester_id": mail("dario.nwosu"), "approver_id": mail("noor.haddadin"),
            "granted_at": iso(when), "expires_at": iso(when + timedelta(hours=hours)), "max_uses": uses,
        })  # fmt: skip
        return approval_id


def make(agents: tuple[Agent, ...], quarter: Quarter) -> Traffic:
    """Return the traffic of a quarter, in order of time."""
    traffic = Traffic(quarter)
    for agent in agents:
        _work(traffic, agent)
    _others(traffic)
    if quarter.id == "2026-q3":
        _story(traffic, {a.id: a for a in agents})
    traffic.events.sort(key=lambda e: (e["time"], e.get("actor_id", ""), e.get("action", "")))
    for number, event in enumerate(traffic.events, 1):
        event["event_id"] = f"ev-{quarter.id[-2:]}-{number:05d}"
    return traffic


def event(agent: Agent, when: datetime, **more: Any) -> Event:
    """Return an event of an agent as the gateway writes it; a field given as None is left out."""
    via = "gateway-identity" in agent.gaps
    made = {
        "event_id": "", "time": iso(when), "ingested_at": iso(when + timedelta(seconds=4 + when.second % 20)),
        "log_source": agent.log, "actor_id": agent.id, "actor_kind": "agent",
        "principal_id": GATEWAY if via else principal(agent),
        "credential_id": "wid-agent-gateway" if via else credential_id(agent),
        "environment": agent.env, "source_ip": f"10.20.{len(agent.id)}.{7 + len(agent.purpose) % 90}",
        "decision": "allow", "outcome": "success", **more,
    }  # fmt: skip
    return {k: v for k, v in made.items() if v is not None}


def _work(traffic: Traffic, agent: Agent) -> None:
    """Ordinary sessions, spread evenly over the days on which the agent ran."""
    rng = Random(f"{SEED}/{traffic.quarter.id}/{agent.id}")
    late = traffic.quarter.id == "2026-q3"
    begin, end = _span(agent, traffic.quarter)
    count = agent.sessions[late]
    turn = 0
    for number in range(count):
        share = (number + 0.2 + 0.6 * rng.random()) / count
        start = (begin + (end - begin) * share).replace(minute=rng.randrange(60), second=rng.randrange(60))
        if late and agent.id in PAUSED and day("2026-07-20", 8) <= start < day("2026-08-03", 9):
            continue
        turn = _session(traffic, agent, start.replace(microsecond=0), turn, rng)


def _span(agent: Agent, quarter: Quarter) -> tuple[datetime, datetime]:
    begin = max(quarter.begin, day(agent.since) + timedelta(days=6))
    if "late-approval" in agent.gaps:
        begin = day("2026-08-18")
    end = quarter.end
    for key in (agent.id, agent.log):
        if key in STOPS and quarter.id == "2026-q3":
            end = day(STOPS[key])
    return begin, end - timedelta(hours=2)


def _session(traffic: Traffic, agent: Agent, start: datetime, turn: int, rng: Random) -> int:
    """One session: it opens, the model is asked, three tools are called, data is touched."""
    session = f"s-{agent.short}-{rng.randrange(16**6):06x}"
    own: dict[str, Any] = {"session_id": session}
    if agent.unit == "care":
        own["on_behalf_of"] = mail(agent.deputy or agent.owner)
    add = traffic.events.append
    add(event(agent, start, event_class="session", action="session.start", resource=f"session/{session}", **own))
    version = "fjord-large-2026-06-30" if "unpinned" in agent.gaps else MODEL
    add(event(agent, start + timedelta(seconds=2), event_class="model", action="model.generate",
              resource=f"model/{version}", model_version=version, **own))  # fmt: skip
    when = start
    for _ in range(3):
        when += timedelta(seconds=rng.randrange(5, 90))
        spec = agent.tools[turn % len(agent.tools)]
        turn += 1
        _call(traffic, agent, when, spec, turn, own, rng)
    return turn


def _call(
    traffic: Traffic, agent: Agent, when: datetime, spec: str, turn: int, own: Event, rng: Random
) -> None:
    name, effect, prefix, classification = split(spec)
    resource = f"{prefix}/{rng.randrange(1000, 9999)}"
    common = {"effect": effect, "resource": resource, "classification": classification, **own}
    approval = _approval(traffic, agent, name, when, turn) if effect in HIGH else None
    target = f"{prefix.split('/')[0]}.{DOMAIN}" if effect in ("publish", "transfer") else None
    traffic.events.append(event(agent, when, event_class="tool", action=name, tool=name, approval_id=approval,
                                destination=target, **common))  # fmt: skip
    if effect in ("read", "write") and turn % 3 == 1:
        later = when + timedelta(seconds=1)
        traffic.events.append(event(agent, later, event_class="data", action=name, tool=name, **common))


def _approval(traffic: Traffic, agent: Agent, tool: str, when: datetime, turn: int) -> str | None:
    """Return the approval a high-impact call brings; what is wrong with it depends on the agent."""
    mode = agent.approval if turn % 4 == 0 else "valid"
    before = when - timedelta(minutes=25)
    if "no-approval-rule" in agent.gaps or mode == "missing":
        return None
    if mode == "expired":
        return traffic.approve(agent.id, tool, when - timedelta(days=6))
    if mode == "foreign":
        return traffic.approve("agt-dock-scheduler", tool, before)
    if mode == "reused" and traffic.approvals:
        own = [a["approval_id"] for a in traffic.approvals if a["actor_id"] == agent.id]
        return own[-1] if own else None
    return traffic.approve(agent.id, tool, before)


def _others(traffic: Traffic) -> None:
    """Service accounts that call through the gateway, once a week."""
    for number, (name, (_, _, identity, _)) in enumerate(SERVICES.items()):
        if identity.startswith("arn:"):
            continue
        for when in _weekly(traffic.quarter, 2 + number):
            traffic.events.append({
                "event_id": "", "time": iso(when), "ingested_at": iso(when + timedelta(seconds=5)),
                "log_source": "agent-gateway", "actor_id": name, "actor_kind": "service_account",
                "principal_id": identity, "credential_id": f"key-{name}", "session_id": f"job-{name}-{when:%m%d}",
                "event_class": "tool", "action": "job.run", "resource": f"jobs/{name}", "environment": "production",
                "decision": "allow", "outcome": "success",
            })  # fmt: skip


def _weekly(quarter: Quarter, hour: int) -> Iterator[datetime]:
    when = quarter.begin.replace(hour=hour)
    while when < quarter.end:
        yield when
        when += timedelta(days=7)


def heartbeats(quarter: Quarter) -> Iterator[Event]:
    """Yield the gateway's sign of life, hourly, but for one night of maintenance."""
    when = quarter.begin
    quiet = quarter.begin + timedelta(days=48, hours=1)
    while when < quarter.end:
        if not quiet <= when < quiet + timedelta(hours=9):
            yield {"time": iso(when), "log_source": "agent-gateway", "event_class": "heartbeat", "outcome": "success"}
        when += timedelta(hours=1)


def archive(quarter: Quarter) -> Iterator[Event]:
    """Yield what was fetched from the archive to show that events are kept: one a week of the year before."""
    when = quarter.end - timedelta(days=420)
    while when < quarter.end - timedelta(days=365):
        yield {"time": iso(when), "ingested_at": iso(when + timedelta(seconds=6)), "log_source": "agent-gateway",
               "event_class": "heartbeat", "outcome": "success"}  # fmt: skip
        when += timedelta(days=7)


# the story of the third quarter


def _story(traffic: Traffic, agents: dict[str, Agent]) -> None:
    _ghost(traffic, agents["agt-dispatch-planner"])
    _shared_key(traffic, agents["agt-rate-quoter"])
    _blocked(traffic, agents)
    _new_tools(traffic, agents)
    _medical(traffic, agents["agt-hr-screener"])
    _child(traffic, agents["agt-border-desk"])
    _secret(traffic, agents["agt-pricing-scout"])


def _days(first: str, count: int, step: int, hour: int = 11) -> Iterator[tuple[int, datetime]]:
    for number in range(count):
        yield number, day(first, hour) + timedelta(days=step * number, minutes=7 * number)


def _ghost(traffic: Traffic, model: Agent) -> None:
    """An agent that no register knows reads pallets, and deletes some, in production."""
    for number, when in _days("2026-08-20", 14, 3, 22):
        deletes = number % 4 == 3
        traffic.events.append(event(
            model, when, actor_id="agt-pallet-bot", principal_id=f"spiffe://{DOMAIN}/agent/pallet-bot",
            credential_id="tok-pallet-bot", session_id=f"s-pallet-{number}", event_class="tool",
            action="wms.delete_pallet" if deletes else "wms.read_pallet",
            tool="wms.delete_pallet" if deletes else "wms.read_pallet", effect="delete" if deletes else "read",
            resource=f"wms/pallets/{4000 + number}", classification="internal",
        ))  # fmt: skip


def _shared_key(traffic: Traffic, model: Agent) -> None:
    """Somebody uses the shared key without saying who."""
    for number, when in _days("2026-07-14", 6, 12, 3):
        traffic.events.append(event(
            model, when, actor_id=None, actor_kind=None, session_id=f"s-bulk-{number}", event_class="tool",
            action="tms.read_rates", tool="tms.read_rates", effect="read", resource=f"tms/rates/{7000 + number}",
            classification="internal", credential_id=SHARED_KEY,
        ))  # fmt: skip


def _blocked(traffic: Traffic, agents: dict[str, Agent]) -> None:
    """Calls that were refused: the suspended agent, the revoked key, a planner that reached too far."""
    for number, when in _days("2026-08-11", 8, 6, 1):
        _denied(traffic, agents["agt-night-reorder"], when, "stock.order|write|stock/orders|internal", number)
    for number, when in _days("2026-08-02", 5, 9, 6):
        _denied(traffic, agents["agt-warehouse-voice"], when, "wms.read|read|wms/picks|internal", number,
                credential_id="key-warehouse-voice-old")  # fmt: skip
    for number, when in _days("2026-07-09", 3, 20, 14):
        _denied(traffic, agents["agt-dispatch-planner"], when, "tms.cancel_order|delete|tms/orders|internal", number)


def _denied(traffic: Traffic, agent: Agent, when: datetime, spec: str, number: int, **more: Any) -> None:
    name, effect, prefix, classification = split(spec)
    traffic.events.append(event(
        agent, when, session_id=f"s-{agent.short}-denied-{number}", event_class="tool", action=name, tool=name,
        effect=effect, resource=f"{prefix}/{6000 + number}", classification=classification, decision="deny",
        outcome="denied", **more,
    ))  # fmt: skip


def _new_tools(traffic: Traffic, agents: dict[str, Agent]) -> None:
    """One new tool without approval, one approved nine days late, one approved first."""
    for number, when in _days("2026-08-18", 6, 6, 10):
        _use(traffic, agents["agt-mail-sorter"], when, "mail.forward|publish|mail/inbox|confidential", number,
             destination="archive.partner.example.com")  # fmt: skip
    for name, (spec, _, first) in NEW_TOOLS.items():
        for number, when in _days(first, 7, 7, 10):
            _use(traffic, agents[name], when, spec, number)


def _use(traffic: Traffic, agent: Agent, when: datetime, spec: str, number: int, **more: Any) -> None:
    name, effect, prefix, classification = split(spec)
    traffic.events.append(event(
        agent, when, session_id=f"s-{agent.short}-{name}-{number}", event_class="tool", action=name, tool=name,
        effect=effect, resource=f"{prefix}/{5000 + number}", classification=classification, **more,
    ))  # fmt: skip


def _medical(traffic: Traffic, agent: Agent) -> None:
    """The screener begins to read medical records, which nobody approved."""
    for number, when in _days("2026-09-04", 5, 5, 9):
        traffic.events.append(event(
            agent, when, session_id=f"s-medical-{number}", event_class="data", action="hr.read_applications",
            tool="hr.read_applications", effect="read", resource=f"hr/medical/{300 + number}",
            classification="restricted",
        ))  # fmt: skip


def _child(traffic: Traffic, parent: Agent) -> None:
    """A helper that the border desk spawned and nobody registered."""
    for number, when in _days("2026-09-10", 6, 2, 13):
        traffic.events.append(event(
            parent, when, actor_id="agt-border-helper-2", on_behalf_of=parent.id,
            principal_id=f"spiffe://{DOMAIN}/agent/border-helper-2", credential_id="wid-border-helper-2",
            session_id=f"s-border-{number}", event_class="tool", action="border.read", tool="border.read",
            effect="read", resource=f"border/files/{80 + number}", classification="internal",
        ))  # fmt: skip


def _secret(traffic: Traffic, agent: Agent) -> None:
    """A password stands in a destination; it is plainly not a real one."""
    traffic.events.append(event(
        agent, day("2026-09-22", 15), session_id="s-pricing-secret", event_class="tool", action="web.search",
        tool="web.search", effect="read", resource="web/prices/2222", classification="public",
        destination="https://reader:not-a-real-password@prices.example.com/list",
    ))  # fmt: skip

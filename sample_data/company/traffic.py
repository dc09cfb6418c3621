"""Ordinary work: the native events of the agents of one quarter, and the approvals they were given.

In: the agents of cast.py and a quarter. Out: Traffic. Each agent has its own random stream, so that
a change to one moves no other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from company.cast import DOMAIN, GATEWAY, SERVICES, Agent, Quarter, mail
from company.controls import OUTBOUND
from company.register import HIGH, MODEL, credential_id, day, iso, principal, split

SEED = 20260401
Event = dict[str, Any]
STOPS = {"agt-night-reorder": "2026-08-10", "portal-vendor": "2026-08-09"}
"""Agent or log -> the day from which nothing more is seen in the third quarter."""
PAUSED = ("agt-weather-watch", "agt-yard-camera")
"""Suspended from 20 July to 3 August."""
NEW_TOOLS = {
    "agt-dock-scheduler": ("yard.swap_slot|write|yard/swaps|internal", "2026-07-28", "2026-08-03"),
    "agt-contract-reader": (
        "contracts.export|write|contracts/exports|internal",
        "2026-08-14",
        "2026-08-05",
    ),
}
"""Agent -> tool, day of approval, day of first use; third quarter."""
PURPOSES = {"agt-toll-checker": "toll-check", "agt-dock-scheduler": "dock-booking"}
"""Agent -> purpose that its log names, of which approved runs lie in baseline/."""
SCHEDULED = ("agt-toll-checker", "agt-dispatch-planner")
VERSIONED = {"agt-dispatch-planner": "", "agt-yard-camera": "2026-08-24"}
"""Agent whose log names the version of its tools -> day from which that is a newer one; third quarter."""
DELEGATORS = {"agt-border-desk": "nadia.rossum"}
PROGRAM = "freight-agents/2.3 httpx/0.28"


@dataclass
class Traffic:
    """Everything that happened in a quarter."""

    quarter: Quarter
    events: list[Event] = field(default_factory=list)
    approvals: list[dict[str, Any]] = field(default_factory=list)

    def approve(
        self,
        agent: str,
        tool: str,
        when: datetime,
        approver: str = "noor.haddadin",
        minutes: int = 12,
        decision: str = "approved",
    ) -> str:
        """Record a human decision, asked for so many minutes before, and return its id."""
        approval_id = f"apr-{self.quarter.id[-2:]}-{len(self.approvals) + 1:04d}"
        self.approvals.append(
            {
                "type": "approval",
                "approval_id": approval_id,
                "actor_id": agent,
                "approval_type": "action",
                "scope": tool,
                "requester_id": mail("dario.nwosu"),
                "requested_at": iso(when - timedelta(minutes=minutes)),
                "decision": decision,
                "approver_id": mail(approver),
                "granted_at": iso(when),
                "expires_at": iso(when + timedelta(hours=8)),
                "max_uses": 1,
            }
        )
        return approval_id


def make(agents: tuple[Agent, ...], quarter: Quarter) -> Traffic:
    """Return the ordinary traffic of a quarter."""
    traffic = Traffic(quarter)
    for agent in agents:
        _work(traffic, agent)
    _others(traffic)
    return traffic


def number(traffic: Traffic) -> None:
    """Put the events in order of time and number them."""
    traffic.events.sort(key=lambda e: (e["time"], e.get("actor_id", ""), e.get("action", "")))
    for count, event in enumerate(traffic.events, 1):
        event["event_id"] = f"ev-{traffic.quarter.id[-2:]}-{count:05d}"


def event(agent: Agent, when: datetime, **more: Any) -> Event:
    """Return an event of an agent as the gateway writes it; a field given as None is left out."""
    via = "gateway-identity" in agent.gaps
    made = {
        "event_id": "",
        "time": iso(when),
        "ingested_at": iso(when + timedelta(seconds=4 + when.second % 20)),
        "log_source": agent.log,
        "actor_id": agent.id,
        "actor_kind": "agent",
        "principal_id": GATEWAY if via else principal(agent),
        "credential_id": "wid-agent-gateway" if via else credential_id(agent),
        "environment": agent.env,
        "source_ip": f"10.20.{len(agent.id)}.{7 + len(agent.purpose) % 90}",
        "user_agent": PROGRAM,
        "decision": "allow",
        "outcome": "success",
        "tool_version": "2.4.1" if more.get("tool") and not agent.gaps else None,
        **more,
    }
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
        start = (begin + (end - begin) * share).replace(
            minute=rng.randrange(60), second=rng.randrange(60)
        )
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
    if agent.id in DELEGATORS:
        own["on_behalf_of"] = mail(DELEGATORS[agent.id])
    if agent.id in PURPOSES:
        own["purpose"] = PURPOSES[agent.id]
    if agent.id in SCHEDULED:
        own["trigger"] = "schedule"
    add = traffic.events.append
    add(
        event(
            agent,
            start,
            event_class="session",
            action="session.start",
            resource=f"session/{session}",
            **own,
        )
    )
    version = "fjord-large-2026-06-30" if "unpinned" in agent.gaps else MODEL
    add(
        event(
            agent,
            start + timedelta(seconds=2),
            event_class="model",
            action="model.generate",
            resource=f"model/{version}",
            model_version=version,
            cost=2 + int(session[-1], 16) % 7,
            **own,
        )
    )
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
    outward = name in OUTBOUND or effect in ("publish", "transfer")
    target = f"{prefix.split('/')[0]}.{DOMAIN}" if outward else None
    if agent.id in VERSIONED:
        newer = iso(when) >= (VERSIONED[agent.id] or "9999")
        common["tool_version"] = "2.5.0" if newer else "2.4.1"
    traffic.events.append(
        event(
            agent,
            when,
            event_class="tool",
            action=name,
            tool=name,
            approval_id=approval,
            destination=target,
            **common,
        )
    )
    if effect in ("read", "write") and turn % 3 == 1:
        later = when + timedelta(seconds=1)
        traffic.events.append(
            event(agent, later, event_class="data", action=name, tool=name, **common)
        )


def _approval(traffic: Traffic, agent: Agent, tool: str, when: datetime, turn: int) -> str | None:
    """Return the approval a high-impact call brings; what is wrong with it depends on the agent."""
    mode = agent.approval if turn % 4 == 0 else "valid"
    before = when - timedelta(minutes=25)
    if "no-approval-rule" in agent.gaps or mode == "missing":
        return None
    if mode == "expired":
        return traffic.approve(agent.id, tool, when - timedelta(days=6))
    approver = "it-soc" if "group-approver" in agent.gaps else "noor.haddadin"
    if mode == "foreign":
        return traffic.approve("agt-dock-scheduler", tool, before)
    if mode == "reused" and traffic.approvals:
        own = [a["approval_id"] for a in traffic.approvals if a["actor_id"] == agent.id]
        return own[-1] if own else None
    return traffic.approve(agent.id, tool, before, approver)


def _others(traffic: Traffic) -> None:
    """Service accounts that call through the gateway, once a week."""
    for number, (name, (_, _, identity, _)) in enumerate(SERVICES.items()):
        if identity.startswith("arn:"):
            continue
        for when in _weekly(traffic.quarter, 2 + number):
            traffic.events.append(
                {
                    "event_id": "",
                    "time": iso(when),
                    "ingested_at": iso(when + timedelta(seconds=5)),
                    "log_source": "agent-gateway",
                    "actor_id": name,
                    "actor_kind": "service_account",
                    "principal_id": identity,
                    "credential_id": f"key-{name}",
                    "session_id": f"job-{name}-{when:%m%d}",
                    "event_class": "tool",
                    "action": "job.run",
                    "resource": f"jobs/{name}",
                    "environment": "production",
                    "decision": "allow",
                    "outcome": "success",
                }
            )


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
            yield {
                "time": iso(when),
                "ingested_at": iso(when + timedelta(seconds=5)),
                "log_source": "agent-gateway",
                "event_class": "heartbeat",
                "outcome": "success",
            }
        when += timedelta(hours=1)


def archive(quarter: Quarter) -> Iterator[Event]:
    """Yield what was fetched from the archive, one event a week, to show that events are kept."""
    when = quarter.end - timedelta(days=420)
    while when < quarter.end - timedelta(days=365):
        yield {
            "time": iso(when),
            "ingested_at": iso(when + timedelta(seconds=6)),
            "log_source": "agent-gateway",
            "event_class": "heartbeat",
            "outcome": "success",
        }
        when += timedelta(days=7)

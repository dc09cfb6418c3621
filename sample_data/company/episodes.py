"""More that happened besides ordinary work: delegation, messages between agents, and acts that went too far.

In: the traffic of a quarter and its agents. Out: more events in it, and approved runs from before.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from company.cast import Agent, mail
from company.register import day, split
from company.story import _days, _use
from company.traffic import PURPOSES, Event, Traffic, event

STARTED_BY = {"agt-border-helper-1": "agt-border-desk", "agt-customs-filing": "agt-ftp-collector"}
"""Agent -> agent whose session starts its sessions; the second only in the third quarter."""


def link(traffic: Traffic, agents: dict[str, Agent]) -> None:
    """Add what holds in both quarters: who starts whom, and the planner's messages to the risk rater."""
    late = traffic.quarter.id == "2026-q3"
    for child, parent in STARTED_BY.items():
        if late or child == "agt-border-helper-1":
            _start(traffic, child, parent)
    for number in range(6):
        when = traffic.quarter.begin + timedelta(days=4 + 14 * number, hours=6)
        traffic.events.append(
            _message(agents["agt-dispatch-planner"], when, "agt-route-risk", number)
        )
    for number in range(2):
        when = traffic.quarter.begin + timedelta(days=20 + 30 * number, hours=9)
        traffic.approve("agt-refund-desk", "pay.refund", when, decision="rejected")


def _start(traffic: Traffic, child: str, parent: str) -> None:
    openings = sorted(
        (e["time"], e["session_id"])
        for e in traffic.events
        if e.get("actor_id") == parent and e["event_class"] == "session"
    )
    for one in sorted(traffic.events, key=lambda e: str(e["time"])):
        if one.get("actor_id") == child:
            before = [s for t, s in openings if t <= one["time"]]
            one["parent_session_id"] = before[-1] if before else openings[0][1]


def _message(agent: Agent, when: Any, peer: str, number: int) -> Event:
    return event(
        agent,
        when,
        session_id=f"s-{agent.short}-a2a-{number}",
        event_class="session",
        action="a2a.message",
        resource=f"agents/{peer}",
        peer_id=peer,
        message_id=f"msg-{agent.short}-{when:%m%d}-{number}",
    )


def before(agents: dict[str, Agent], traffic: Traffic) -> Iterator[Event]:
    """Yield the planner's messages of the weeks before the period."""
    for number in (2, 1):
        when = traffic.quarter.begin - timedelta(days=14 * number, hours=-6)
        yield _message(agents["agt-dispatch-planner"], when, "agt-route-risk", 90 + number)


def approved_runs(agent: Agent, traffic: Traffic) -> Iterator[Event]:
    """Yield three runs of a purpose that somebody watched and approved before the period."""
    for run in range(3):
        when = traffic.quarter.begin - timedelta(days=40 - 7 * run, hours=-9)
        for step, spec in enumerate(agent.tools):
            name, effect, prefix, classification = split(spec)
            yield event(
                agent,
                when + timedelta(seconds=20 * step),
                session_id=f"s-{agent.short}-approved-{run}",
                event_class="tool",
                action=name,
                tool=name,
                effect=effect,
                resource=f"{prefix}/{900 + run}",
                classification=classification,
                purpose=PURPOSES[agent.id],
                trigger="schedule",
            )


def tell_more(traffic: Traffic, agents: dict[str, Agent]) -> None:
    """Add the third quarter's episodes."""
    _disputes(traffic, agents["agt-toll-checker"])
    _contracts(traffic, agents["agt-lane-scout"])
    _browser(traffic, agents["agt-lost-parcel"])
    _burst(traffic, agents["agt-weather-watch"])
    _busy(traffic, agents["agt-warehouse-voice"])
    _live_papers(traffic, agents["agt-docs-ocr-test"])
    _stranger(traffic, agents["agt-slot-broker"])
    _clicks(traffic)


def _disputes(traffic: Traffic, agent: Agent) -> None:
    """The toll checker files disputes, which its approved runs never did."""
    for number, when in _days("2026-09-16", 2, 6, 4):
        spec = "toll.dispute|write|toll/disputes|internal"
        more = {"purpose": PURPOSES[agent.id], "trigger": "schedule"}
        _use(traffic, agent, when, spec, number, **more)


def _contracts(traffic: Traffic, agent: Agent) -> None:
    """The lane scout reads carrier contracts, which its purpose excludes."""
    for number, when in _days("2026-09-10", 14, 1, 10):
        _use(traffic, agent, when, "contracts.read|read|contracts/carrier|confidential", number)


def _browser(traffic: Traffic, agent: Agent) -> None:
    """Somebody at the desk works with the identity of the agent, in a browser."""
    for number, when in _days("2026-09-15", 3, 1, 13):
        program = "Mozilla/5.0 (X11; Linux x86_64) Firefox/142.0"
        more = {"user_agent": program, "source_ip": "203.0.113.77"}
        _use(traffic, agent, when, "scans.read|read|scans/events|internal", number, **more)


def _burst(traffic: Traffic, agent: Agent) -> None:
    """A storm: 25 calls in half a minute, where 10 a minute are allowed."""
    for number in range(25):
        when = day("2026-09-12", 5) + timedelta(seconds=number)
        _use(traffic, agent, when, "weather.read|read|weather/feeds|public", 0)


def _busy(traffic: Traffic, agent: Agent) -> None:
    """In the last week the voice agent does five times what it usually does."""
    for date in range(24, 31):
        for number in range(30):
            when = day(f"2026-09-{date}", 6) + timedelta(minutes=15 * number)
            _use(traffic, agent, when, "wms.read|read|wms/picks|internal", date)


def _live_papers(traffic: Traffic, agent: Agent) -> None:
    """The test agent reads live papers."""
    for number, when in _days("2026-08-27", 3, 2, 15):
        spec = "docs.read|read|docs/papers|confidential"
        _use(traffic, agent, when, spec, number, resource_environment="production")


def _stranger(traffic: Traffic, agent: Agent) -> None:
    """The slot broker trades with the agent of a haulier that nobody declared; one offer comes twice."""
    for number, when in _days("2026-08-20", 5, 7, 9):
        traffic.events.append(_message(agent, when, "agt-nordby-haulier", min(number, 3)))
    repeated = [e for e in traffic.events if e.get("peer_id") == "agt-nordby-haulier"][-2:]
    repeated[1]["message_id"] = repeated[0]["message_id"]


def _clicks(traffic: Traffic) -> None:
    """On one Thursday somebody approves 120 container releases in two minutes."""
    for number in range(120):
        when = day("2026-09-03", 16) + timedelta(seconds=number)
        approver = "jonas.ferreira"
        traffic.approve("agt-container-release", "terminal.release", when, approver, minutes=0)


def rights_of_people() -> list[dict[str, Any]]:
    """Return what the people may do for whom agents act; nobody of them pays refunds alone."""
    tools = {
        "lena.mbeki": ("claims.read", "claims.set_priority", "mail.read", "mail.move"),
        "oskar.vantongeren": ("tms.read_eta", "sms.send", "scans.read", "mail.read", "mail.reply"),
        "priya.halloran": ("claims.read", "kb.search"),
        "nadia.rossum": ("border.read",),
    }
    return [
        {"type": "grant", "grant_type": "tool", "actor_id": mail(person), "name": tool}
        for person, names in tools.items()
        for tool in names
    ]

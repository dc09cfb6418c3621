"""What happened in the third quarter besides ordinary work; README.md tells it.

In: the traffic of the quarter and its agents. Out: more events in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from company.cast import DOMAIN, SHARED_KEY, Agent
from company.register import day, split
from company.traffic import NEW_TOOLS, Traffic, event


def tell(traffic: Traffic, agents: dict[str, Agent]) -> None:
    """Add the events of the story."""
    _unregistered(traffic, agents["agt-dispatch-planner"])
    _shared_key(traffic, agents["agt-rate-quoter"])
    _blocked(traffic, agents)
    _new_tools(traffic, agents)
    _medical(traffic, agents["agt-hr-screener"])
    _child(traffic, agents["agt-border-desk"])
    _secret(traffic, agents["agt-pricing-scout"])


def _days(first: str, count: int, step: int, hour: int = 11) -> Iterator[tuple[int, datetime]]:
    for number in range(count):
        yield number, day(first, hour) + timedelta(days=step * number, minutes=7 * number)


def _unregistered(traffic: Traffic, model: Agent) -> None:
    """An agent that no register knows reads pallets, and deletes some, in production."""
    for number, when in _days("2026-08-20", 14, 3, 22):
        deletes = number % 4 == 3
        traffic.events.append(
            event(
                model,
                when,
                actor_id="agt-pallet-bot",
                principal_id=f"spiffe://{DOMAIN}/agent/pallet-bot",
                credential_id="tok-pallet-bot",
                session_id=f"s-pallet-{number}",
                event_class="tool",
                action="wms.delete_pallet" if deletes else "wms.read_pallet",
                tool="wms.delete_pallet" if deletes else "wms.read_pallet",
                effect="delete" if deletes else "read",
                resource=f"wms/pallets/{4000 + number}",
                classification="internal",
            )
        )


def _shared_key(traffic: Traffic, model: Agent) -> None:
    """Somebody uses the shared key without saying who."""
    for number, when in _days("2026-07-14", 6, 12, 3):
        traffic.events.append(
            event(
                model,
                when,
                actor_id=None,
                actor_kind=None,
                session_id=f"s-bulk-{number}",
                event_class="tool",
                action="tms.read_rates",
                tool="tms.read_rates",
                effect="read",
                resource=f"tms/rates/{7000 + number}",
                classification="internal",
                credential_id=SHARED_KEY,
            )
        )


def _blocked(traffic: Traffic, agents: dict[str, Agent]) -> None:
    """Calls that were refused: a suspended agent, a revoked key, a planner that reached too far."""
    for number, when in _days("2026-08-11", 8, 6, 1):
        _denied(
            traffic,
            agents["agt-night-reorder"],
            when,
            "stock.order|write|stock/orders|internal",
            number,
        )
    for number, when in _days("2026-08-02", 5, 9, 6):
        _denied(
            traffic,
            agents["agt-warehouse-voice"],
            when,
            "wms.read|read|wms/picks|internal",
            number,
            credential_id="key-warehouse-voice-old",
        )
    for number, when in _days("2026-07-09", 3, 20, 14):
        _denied(
            traffic,
            agents["agt-dispatch-planner"],
            when,
            "tms.cancel_order|delete|tms/orders|internal",
            number,
        )


def _denied(
    traffic: Traffic, agent: Agent, when: datetime, spec: str, number: int, **more: Any
) -> None:
    name, effect, prefix, classification = split(spec)
    traffic.events.append(
        event(
            agent,
            when,
            session_id=f"s-{agent.short}-denied-{number}",
            event_class="tool",
            action=name,
            tool=name,
            effect=effect,
            resource=f"{prefix}/{6000 + number}",
            classification=classification,
            decision="deny",
            outcome="denied",
            **more,
        )
    )


def _new_tools(traffic: Traffic, agents: dict[str, Agent]) -> None:
    """One new tool without approval, one approved nine days late, one approved first."""
    for number, when in _days("2026-08-18", 6, 6, 10):
        _use(
            traffic,
            agents["agt-mail-sorter"],
            when,
            "mail.forward|publish|mail/inbox|confidential",
            number,
            destination="archive.partner.example.com",
        )
    for name, (spec, _, first) in NEW_TOOLS.items():
        for number, when in _days(first, 7, 7, 10):
            _use(traffic, agents[name], when, spec, number)


def _use(
    traffic: Traffic, agent: Agent, when: datetime, spec: str, number: int, **more: Any
) -> None:
    name, effect, prefix, classification = split(spec)
    traffic.events.append(
        event(
            agent,
            when,
            session_id=f"s-{agent.short}-{name}-{number}",
            event_class="tool",
            action=name,
            tool=name,
            effect=effect,
            resource=f"{prefix}/{5000 + number}",
            classification=classification,
            **more,
        )
    )


def _medical(traffic: Traffic, agent: Agent) -> None:
    """The screener begins to read medical records, which nobody approved."""
    for number, when in _days("2026-09-04", 5, 5, 9):
        traffic.events.append(
            event(
                agent,
                when,
                session_id=f"s-medical-{number}",
                event_class="data",
                action="hr.read_applications",
                tool="hr.read_applications",
                effect="read",
                resource=f"hr/medical/{300 + number}",
                classification="restricted",
            )
        )


def _child(traffic: Traffic, parent: Agent) -> None:
    """A helper that the border desk spawned and nobody registered."""
    for number, when in _days("2026-09-10", 6, 2, 13):
        traffic.events.append(
            event(
                parent,
                when,
                actor_id="agt-border-helper-2",
                on_behalf_of=parent.id,
                principal_id=f"spiffe://{DOMAIN}/agent/border-helper-2",
                credential_id="wid-border-helper-2",
                session_id=f"s-border-{number}",
                event_class="tool",
                action="border.read",
                tool="border.read",
                effect="read",
                resource=f"border/files/{80 + number}",
                classification="internal",
            )
        )


def _secret(traffic: Traffic, agent: Agent) -> None:
    """A password stands in a destination; it is plainly not a real one."""
    traffic.events.append(
        event(
            agent,
            day("2026-09-22", 15),
            session_id="s-pricing-secret",
            event_class="tool",
            action="web.search",
            tool="web.search",
            effect="read",
            resource="web/prices/2222",
            classification="public",
            destination="https://reader:not-a-real-password@prices.example.com/list",
        )
    )

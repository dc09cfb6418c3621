"""Who works at Acme Freight (invented): people, service accounts and agents.

In: agents.toml. Out: QUARTERS, PEOPLE, SERVICES, AGENTS. An agent without gaps is governed well.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Quarter:
    """One period; the report speaks for its end."""

    id: str
    begin: datetime
    end: datetime


QUARTERS = (
    Quarter("2026-q2", datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)),
    Quarter("2026-q3", datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)),
)
DOMAIN = "freight.example.com"
GATEWAY = f"spiffe://{DOMAIN}/gateway/agent-gateway"
ACCOUNT = "111122223333"
SHARED_KEY = "key-tms-bulk"


def mail(person: str) -> str:
    """Return the address, which is also the id, of a person or mailbox."""
    return f"{person}@{DOMAIN}"


# person: (display name, unit, manager)
PEOPLE: dict[str, tuple[str, str, str]] = {
    "ulla.achterberg": ("Ulla Achterberg", "board", ""),
    "mara.lindqvist": ("Mara Lindqvist", "operations", "ulla.achterberg"),
    "tobias.okafor": ("Tobias Okafor", "operations", "mara.lindqvist"),
    "ines.castellan": ("Ines Castellan", "operations", "mara.lindqvist"),
    "yusuf.brandt": ("Yusuf Brandt", "operations", "mara.lindqvist"),
    "priya.halloran": ("Priya Halloran", "care", "ulla.achterberg"),
    "oskar.vantongeren": ("Oskar Vantongeren", "care", "priya.halloran"),
    "lena.mbeki": ("Lena Mbeki", "care", "priya.halloran"),
    "ravi.thorsen": ("Ravi Thorsen", "finance", "ulla.achterberg"),
    "chiara.dumont": ("Chiara Dumont", "finance", "ravi.thorsen"),
    "pavel.quist": ("Pavel Quist", "finance", "ravi.thorsen"),
    "noor.haddadin": ("Noor Haddadin", "it", "ulla.achterberg"),
    "jonas.ferreira": ("Jonas Ferreira", "it", "noor.haddadin"),
    "amelie.kowal": ("Amélie Kowal", "it", "noor.haddadin"),
    "dario.nwosu": ("Dario Nwosu", "it", "noor.haddadin"),
    "sofia.reinholt": ("Sofia Reinholt", "customs", "ulla.achterberg"),
    "henrik.adeyemi": ("Henrik Adeyemi", "customs", "sofia.reinholt"),
    "greta.salonen": ("Greta Salonen", "people", "ulla.achterberg"),
    "mateo.varga": ("Mateo Varga", "people", "greta.salonen"),
    "kenji.moreau": ("Kenji Moreau", "operations", "mara.lindqvist"),
    "theo.marchetti": ("Theo Marchetti", "operations", "mara.lindqvist"),
    "nadia.rossum": ("Nadia Rossum", "customs", "sofia.reinholt"),
    "erik.solano": ("Erik Solano", "care", "priya.halloran"),
    "salma.oyelaran": ("Salma Oyelaran", "operations", "mara.lindqvist"),
}
HELD = {
    "ulla.achterberg": "Board",
    "noor.haddadin": "Head of IT",
    "dario.nwosu": "Head of automation",
    "lena.mbeki": "Head of customer care",
    "ines.castellan": "Head of hubs",
    "theo.marchetti": "Head of planning",
}
"""Roles that people hold, or held."""
APPROVERS = {
    "waiver": ["Head of IT", "Head of hubs"],
    "compensation": ["Head of IT"],
    "exception": ["Head of IT"],
    "attestation": ["Head of automation", "Head of customer care", "Head of planning"],
    "examination": ["Head of IT"],
    "not_applicable": ["Head of IT", "Board"],
    "baseline": ["Head of IT"],
}
"""Kind of statement -> roles that may sign it."""
LEFT = {"erik.solano": "2026-05-20", "theo.marchetti": "2026-07-31", "nadia.rossum": "2026-08-14"}
MAILBOXES = {"parcel-desk": "Parcel desk (shared mailbox)", "it-soc": "Security operations (group)"}

# service account: (unit, owner, principal, what it does)
SERVICES: dict[str, tuple[str, str, str, str]] = {
    "svc-tms-integration": ("operations", "tobias.okafor", "svc-tms-integration", "transport data"),
    "svc-edi": ("operations", "", f"arn:aws:iam::{ACCOUNT}:user/svc-edi", "partner messages"),
    "svc-backup": ("it", "jonas.ferreira", f"arn:aws:iam::{ACCOUNT}:user/svc-backup", "backups"),
    "svc-bi-export": ("finance", "pavel.quist", "svc-bi-export", "nightly figures"),
    "svc-mail-relay": ("it", "amelie.kowal", "svc-mail-relay", "mail delivery"),
    "svc-payroll": ("people", "mateo.varga", "svc-payroll", "payroll transfer"),
    "svc-ci-deployer": ("it", "jonas.ferreira", "svc-ci-deployer", "deployment of agents"),
    "svc-sms-hub": ("care", "lena.mbeki", "svc-sms-hub", "text messages at Nordlys Messaging"),
    "svc-monitoring": ("it", "dario.nwosu", "svc-monitoring", "probes"),
}


@dataclass(frozen=True)
class Agent:
    """One agent; what is not said is as it should be."""

    id: str
    unit: str
    owner: str
    deputy: str
    purpose: str
    tools: tuple[str, ...]
    """name | effect | data prefix | classification"""
    tier: str = "medium"
    env: str = "production"
    since: str = "2025-11-10"
    """Day the record was made; approved two days later, live five days later."""
    autonomy: int = 2
    cred: str = "workload"
    """workload | token | key | oauth | role"""
    log: str = "agent-gateway"
    sessions: tuple[int, int] = (6, 12)
    """Sessions in the second and third quarter."""
    gaps: tuple[str, ...] = ()
    """What is wrong in both quarters: keys of register.GAPS."""
    gaps_q2: tuple[str, ...] = ()
    gaps_q3: tuple[str, ...] = ()
    approval: str = "valid"
    """How its high-impact actions are approved: valid | missing | expired | foreign | reused."""
    over: dict[str, Any] = field(default_factory=dict)
    """Fields of the record set outright."""
    over_q2: dict[str, Any] = field(default_factory=dict)
    over_q3: dict[str, Any] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    """Tools granted and never used."""

    @property
    def short(self) -> str:
        return self.id.removeprefix("agt-")

    def at(self, quarter: str) -> Agent:
        """Return the agent as it stands in one quarter."""
        late = quarter == "2026-q3"
        return replace(
            self,
            gaps=self.gaps + (self.gaps_q3 if late else self.gaps_q2),
            over={**self.over, **(self.over_q3 if late else self.over_q2)},
        )


def _agents() -> tuple[Agent, ...]:
    listed = tomllib.loads((Path(__file__).parent / "agents.toml").read_text(encoding="utf-8"))
    return tuple(Agent(**{k: _frozen(v) for k, v in a.items()}) for a in listed["agent"])


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


AGENTS = _agents()

"""The people and agents of Brightwater Utilities, an invented company, and the ids that its systems give them.

Every id is made from a name, so that each system names the same thing by the same id each time.
"""

from __future__ import annotations

import hashlib
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

DOMAIN = "brightwater.example.com"
ACCOUNT = "111122223333"
REGION = "eu-central-1"
TENANT_ISSUER = "https://oidc.eks.eu-central-1.amazonaws.com/id/0000BRIGHTWATER0000"


@dataclass(frozen=True)
class Quarter:
    """A period under review."""

    id: str
    begin: datetime
    end: datetime

    def days(self) -> Iterator[datetime]:
        """Give each day of the period, and of the week before it, which exports overlap with."""
        day = self.begin - timedelta(days=7)
        while day < self.end:
            yield day
            day += timedelta(days=1)

    @property
    def is_second(self) -> bool:
        """Whether what happened in the third quarter of the year is on record."""
        return self.id == "2026-q3"


QUARTERS = (
    Quarter("2026-q2", datetime(2026, 4, 1), datetime(2026, 7, 1)),
    Quarter("2026-q3", datetime(2026, 7, 1), datetime(2026, 10, 1)),
)


@dataclass(frozen=True)
class Person:
    """A person: name, login at GitHub and user name at the help desk, manager, training."""

    name: str
    title: str
    manager: str = ""
    trained: str = "2026-02-10"
    left: str = ""
    """Last day."""

    @property
    def login(self) -> str:
        """Give the name at GitHub and at the help desk."""
        first, last = self.name.lower().split(" ", 1)
        return first[0] + last.replace(" ", "")

    @property
    def mail(self) -> str:
        """Give the mail address, which is also the name at the directory."""
        return self.name.lower().replace(" ", ".") + "@" + DOMAIN

    @property
    def oid(self) -> str:
        """Give the id in the directory."""
        return guid("person " + self.name)

    @property
    def sys_id(self) -> str:
        """Give the id at the help desk."""
        return hexid("person " + self.name, 32)


PEOPLE = (
    Person("Maren Solheim", "Chief information officer"),
    Person("Tomas Vidal", "Head of security", "Maren Solheim"),
    Person("Ingrid Falk", "Head of networks", "Maren Solheim"),
    Person("Osei Badu", "Head of customer service", "Maren Solheim"),
    Person("Lucia Marchetti", "Head of finance systems", "Maren Solheim"),
    Person("Henrik Aalto", "Platform lead", "Tomas Vidal"),
    Person("Priya Nandan", "Meter data lead", "Ingrid Falk"),
    Person("Jonas Weller", "Outage desk lead", "Ingrid Falk"),
    Person("Anna Kovac", "Leak control lead", "Ingrid Falk"),
    Person("Samir Haddad", "Billing lead", "Osei Badu"),
    Person("Greta Lind", "Procurement lead", "Lucia Marchetti"),
    Person("Pavel Novak", "Accounts payable lead", "Lucia Marchetti", trained=""),
    Person("Elif Demir", "Grid planning lead", "Ingrid Falk"),
    Person("Noah Brandt", "Cloud engineer", "Henrik Aalto"),
    Person("Sofia Reyes", "Release engineer", "Henrik Aalto"),
    Person("Daniel Okoye", "Recruiting lead", "Osei Badu", left="2026-07-24"),
    Person("Mila Petrov", "Security analyst", "Tomas Vidal"),
    Person("Oskar Blom", "Security analyst", "Tomas Vidal"),
    Person("Yara Costa", "Internal audit", "Maren Solheim"),
    Person("Ruben Smit", "Service manager", "Henrik Aalto"),
)
BY_NAME = {p.name: p for p in PEOPLE}


@dataclass(frozen=True)
class Tool:
    """A tool at the gateway: its server, its name, and what the server says of it."""

    server: str
    name: str
    effect: str = "read"
    outbound: bool = False
    since: str = ""
    """First day, where it came after its agent."""
    to: str = ""
    """Where it sends to."""


READ, WRITE, DELETE = "read", "write", "delete"


@dataclass(frozen=True)
class Agent:
    """An agent, as the people who run it see it."""

    key: str
    name: str
    host: str
    """Where it runs: eks, kagent, aws, entra, claude or client."""
    owner: str
    unit: str
    purpose: str
    risk: str
    tools: tuple[Tool, ...] = ()
    bucket: str = ""
    since: str = "2026-01-12"
    environment: str = "Production"
    model: str = "bedrock/eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
    deputy: str = "Henrik Aalto"
    retired: str = ""
    in_cmdb: bool = True
    sites: tuple[str, ...] = ()
    """Where the network lets it send."""

    def tools_at(self, day: datetime) -> tuple[Tool, ...]:
        """Give the tools that it has on a day."""
        return tuple(t for t in self.tools if t.since <= f"{day:%Y-%m-%d}")

    @property
    def sys_id(self) -> str:
        """Give the id of the configuration item."""
        return hexid("item " + self.key, 32)

    @property
    def app_id(self) -> str:
        """Give the application id in the directory."""
        return guid("app " + self.key)

    @property
    def sp_id(self) -> str:
        """Give the object id of its service principal."""
        return guid("sp " + self.key)

    @property
    def gateway_id(self) -> str:
        """Give its id at the gateway."""
        return guid("gateway " + self.key)

    @property
    def key_hash(self) -> str:
        """Give the hash of its key at the gateway."""
        return hashlib.sha256(f"invented key of {self.key}".encode()).hexdigest()

    @property
    def identity(self) -> str:
        """Give the identity that it has: its application, or its role where it has none."""
        has_app = self.host in ("eks", "kagent", "entra") or self.key in WITH_APPS
        return self.app_id if has_app else self.role

    @property
    def key_alias(self) -> str:
        """Give the alias of its key at the gateway: what it is elsewhere."""
        if self.host in ("eks", "entra"):
            return self.repository
        if self.host == "kagent":
            return self.logged_as
        return self.app_id if self.host == "client" or self.key in WITH_APPS[1:3] else self.role

    @property
    def account(self) -> str:
        """Give its service account in the cluster."""
        return f"system:serviceaccount:agents:{self.key}"

    @property
    def role(self) -> str:
        """Give the ARN of its role."""
        return f"arn:aws:iam::{ACCOUNT}:role/{self.key}"

    @property
    def repository(self) -> str:
        """Give its repository."""
        return f"brightwater/{self.key}"

    @property
    def logged_as(self) -> str:
        """Give the name of a kagent agent."""
        return f"agents/{self.key}"


def guid(name: str) -> str:
    """Make an id as a directory gives it."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "https://brightwater.example.com/" + name))


def hexid(name: str, length: int) -> str:
    """Make an id of hexadecimal digits."""
    return hashlib.sha256(("brightwater " + name).encode()).hexdigest()[:length]


def dice(*words: str) -> random.Random:
    """Make a source of chance that is the same each time."""
    return random.Random(" ".join(words))


def iso(moment: datetime) -> str:
    """Write a time as most systems do."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def desk(moment: datetime | str) -> str:
    """Write a time as the help desk does."""
    return (
        moment.replace("T", " ").replace("Z", "")
        if isinstance(moment, str)
        else moment.strftime("%Y-%m-%d %H:%M:%S")
    )


AGENTS = (
    Agent(
        "meter-anomaly", "Meter anomaly agent", "eks", "Priya Nandan", "Networks",
        "Finds readings of water meters that cannot be right and tells the meter desk", "medium",
        (Tool("meters", "readings_get"), Tool("meters", "readings_list"), Tool("cases", "case_find")),
        "bw-meter-readings",
    ),
    Agent(
        "outage-summary", "Outage summary agent", "eks", "Jonas Weller", "Networks",
        "Sums up outages for the control room from alarms and crew reports", "medium",
        (Tool("outages", "outage_list"), Tool("outages", "crew_report_get")),
        "bw-outages",
    ),
    Agent(
        "leak-detector", "Leak detector agent", "eks", "Anna Kovac", "Networks",
        "Compares flow at district meters at night and proposes where to look for a leak", "medium",
        (Tool("meters", "readings_list"), Tool("districts", "district_flow_get"), Tool("cases", "case_find")),
        "bw-district-flow",
    ),
    Agent(
        "billing-dispute", "Billing dispute agent", "eks", "Samir Haddad", "Customer service",
        "Answers disputes on bills with readings and tariffs, and credits small amounts", "high",
        (Tool("billing", "bill_get"), Tool("billing", "credit_post", WRITE), Tool("mail", "mail_send", WRITE, True, to="customers@mail.brightwater.example.com")),
        "bw-bills", sites=("litellm.brightwater.example.com", "mail.brightwater.example.com"),
    ),
    Agent(
        "contract-drafter", "Contract drafter agent", "eks", "Greta Lind", "Finance",
        "Drafts supply contracts from templates for the lawyers of procurement", "medium",
        (Tool("contracts", "template_get"), Tool("contracts", "draft_save", WRITE), Tool("contracts", "draft_delete", DELETE, since="2026-08-24")),
        "bw-contracts", sites=("litellm.brightwater.example.com",),
    ),
    Agent(
        "invoice-matcher", "Invoice matcher agent", "eks", "Pavel Novak", "Finance",
        "Matches invoices of suppliers with orders and proposes payment", "high",
        (Tool("erp", "order_get"), Tool("erp", "invoice_match", WRITE)),
        "bw-invoices", sites=("litellm.brightwater.example.com",),
    ),
    Agent(
        "grid-planner", "Grid planner agent", "kagent", "Elif Demir", "Networks",
        "Plans maintenance windows of the grid from forecasts", "high",
        (Tool("grid", "window_plan", WRITE), Tool("grid", "load_get")), "bw-grid-plans",
        sites=("litellm.brightwater.example.com",),
    ),
    Agent(
        "grid-forecaster", "Grid forecaster agent", "kagent", "Elif Demir", "Networks",
        "Forecasts the load of the grid for each district", "low",
        (Tool("grid", "load_get"), Tool("grid", "weather_get")), "bw-grid-load",
        sites=("litellm.brightwater.example.com",),
    ),
    Agent(
        "snapshot-keeper", "Snapshot keeper agent", "aws", "Noah Brandt", "Platform",
        "Lists machines and tells which have no recent snapshot", "high",
        (Tool("cloud", "machines_list"), Tool("cloud", "snapshots_list")),
    ),
    Agent(
        "cost-watcher", "Cost watcher agent", "aws", "Noah Brandt", "Platform",
        "Reads the bill of the cloud and tells owners what they spend", "low",
        (Tool("cloud", "costs_get"),),
    ),
    Agent(
        "candidate-mailer", "Candidate mailer agent", "entra", "Daniel Okoye", "Customer service",
        "Answers candidates who ask where their application stands", "medium",
        (Tool("mail", "mail_find"), Tool("mail", "mail_send", WRITE, True, to="candidates@mail.brightwater.example.com")),
        deputy="Daniel Okoye",
    ),
    Agent(
        "tender-watch", "Tender watch agent", "entra", "Greta Lind", "Finance",
        "Reads the shared mailbox of tenders and files what arrives", "low",
        (Tool("mail", "mail_find"), Tool("tenders", "tender_file", WRITE)),
    ),
    Agent(
        "pipeline-fixer", "Pipeline fixer", "claude", "Sofia Reyes", "Platform",
        "Repairs broken builds in a branch and opens a pull request", "medium",
    ),
    Agent(
        "schema-migrator", "Schema migrator", "claude", "Sofia Reyes", "Platform",
        "Writes migrations of databases and tries them on a copy", "high", environment="Test",
    ),
    Agent(
        "doc-reader", "Documentation reader", "claude", "Sofia Reyes", "Platform",
        "Answers engineers from the documentation in the repository", "low",
    ),
    Agent(
        "release-notes", "Release notes writer", "claude", "Sofia Reyes", "Platform",
        "Plans release notes and asks before it does anything", "low",
    ),
    Agent(
        "claude-code", "Claude Code", "client", "Sofia Reyes", "Platform",
        "Helps engineers with code and starts the agents that repositories define", "high",
    ),
    Agent(
        "tariff-helper", "Tariff helper agent", "eks", "Samir Haddad", "Customer service",
        "Explained tariffs to customers until the new portal came", "low",
        (Tool("billing", "tariff_get"),), "bw-tariffs", retired="2026-06-19",
        sites=("litellm.brightwater.example.com",),
    ),
    Agent(
        "pump-copilot", "Pump copilot", "eks", "Anna Kovac", "Networks",
        "Nobody wrote down what it is for", "low", (Tool("pumps", "pump_set", WRITE), Tool("pumps", "pump_get")),
        "bw-pumps", since="2026-08-17", in_cmdb=False, sites=("litellm.brightwater.example.com",),
    ),
)  # fmt: skip
BY_KEY = {a.key: a for a in AGENTS}
WITH_ROLES = ("pipeline-fixer", "schema-migrator")
"""Agents of Claude Code that act in the cloud account with a role of their own."""
GOVERNED = ("meter-anomaly", "outage-summary", "leak-detector")
WITH_APPS = ("snapshot-keeper", "doc-reader", "release-notes", "claude-code")
"""Agents of the cloud account and of Claude Code that have an app registration."""


def present(quarter: Quarter) -> tuple[Agent, ...]:
    """Give the agents that exist in a quarter."""
    return tuple(a for a in AGENTS if a.since < quarter.end.date().isoformat())

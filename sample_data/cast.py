"""Who works at Acme Freight (invented): people, service accounts, agents, and what is wrong with each.

In: nothing. Out: QUARTERS, PEOPLE, SERVICES, AGENTS. An agent without gaps is governed well.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
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


GOOD = (
    Agent(
        "agt-dispatch-planner", "operations", "tobias.okafor", "ines.castellan",
        "Plan the daily tours of the own fleet from open transport orders",
        ("tms.read_orders|read|tms/orders|internal", "tms.propose_tour|write|tms/tours|internal"),
        tier="high", sessions=(10, 20),
        over={"links": [{"peer_id": "agt-route-risk", "protocol": "a2a/1.0", "authenticated": True,
                         "encrypted": True, "signed": True}]},
    ),
    Agent(
        "agt-invoice-matcher", "finance", "chiara.dumont", "pavel.quist",
        "Match carrier invoices with transport orders and post clean matches",
        ("erp.read_invoice|read|erp/invoices|confidential", "erp.post_match|write|erp/matches|internal"),
        tier="high", cred="token", sessions=(10, 20),
    ),
    Agent(
        "agt-claims-triage", "care", "priya.halloran", "lena.mbeki",
        "Sort incoming damage claims by urgency and propose the next step",
        ("claims.read|read|claims/cases|confidential", "claims.set_priority|write|claims/priority|internal"),
        tier="high", cred="token",
        over={"memory_scope": "agent", "memory_ttl_days": 30, "memory_sources": "claims/cases",
              "memory_write_check": True, "memory_readers": "agt-claims-triage"},
    ),
    Agent(
        "agt-eta-notifier", "care", "lena.mbeki", "oskar.vantongeren",
        "Tell consignees by message when their delivery will arrive",
        ("tms.read_eta|read|tms/eta|internal", "sms.send|publish|sms/outbox|internal"),
        tier="high",
    ),
    Agent(
        "agt-code-fixer", "it", "amelie.kowal", "dario.nwosu",
        "Repair failing build steps of internal services in a sandbox",
        ("repo.read|read|repo/services|internal", "sandbox.run|execute|sandbox/jobs|internal"),
        tier="critical", autonomy=3,
        over={"sandbox_type": "microvm", "sandbox_root": False, "sandbox_network": "allowlist",
              "sandbox_fs": "workdir", "sandbox_per_session": True},
    ),
    Agent(
        "agt-route-risk", "operations", "ines.castellan", "kenji.moreau",
        "Rate planned routes for weather, strike and border waiting risk",
        ("routes.read|read|tms/routes|internal",), cred="key",
        over={"links": [{"peer_id": "agt-dispatch-planner", "protocol": "a2a/1.0",
                         "authenticated": True, "encrypted": True, "signed": True}]},
    ),
    Agent(
        "agt-dock-scheduler", "operations", "yusuf.brandt", "tobias.okafor",
        "Book loading docks for announced trucks at the Harnow hub",
        ("yard.read_slots|read|yard/slots|internal", "yard.book_slot|write|yard/bookings|internal"),
        cred="token",
    ),
    Agent(
        "agt-shift-balancer", "people", "greta.salonen", "mateo.varga",
        "Propose shift swaps to hub workers from the published rota",
        ("rota.read|read|hr/rota|internal", "rota.propose|write|hr/proposals|internal"),
    ),
)

SHARED = tuple(
    Agent(
        f"agt-{short}", "operations", "kenji.moreau", "yusuf.brandt", purpose,
        (f"tms.read_rates|read|tms/rates|internal", f"{tool}|write|{prefix}|internal"),
        cred="shared", gaps=("unpinned", "no-expiry", *gaps), gaps_q2=("stale-record",),
    )
    for short, purpose, tool, prefix, gaps in (
        ("rate-quoter", "Quote spot rates to shippers from the current tariff", "quotes.write", "quotes/spot",
         ("shared-principal",)),
        ("lane-scout", "Find lanes with spare capacity for the sales desk", "lanes.write", "lanes/open",
         ("shared-principal", "no-justification")),
        ("backhaul-finder", "Find return loads for trucks that would run empty", "loads.write", "loads/return",
         ("no-review",)),
    )
)  # fmt: skip

OWNERS = (
    Agent(
        "agt-toll-checker", "operations", "theo.marchetti", "kenji.moreau",
        "Check toll invoices against the driven kilometres of each truck",
        ("toll.read|read|toll/invoices|internal", "toll.flag|write|toll/flags|internal"),
        cred="key", gaps=("env-secret", "no-risk", "static-deploy"), gaps_q3=("kept-key",),
    ),
    Agent(
        "agt-lost-parcel", "care", "parcel-desk", "oskar.vantongeren",
        "Trace lost parcels through scans and answer the customer",
        ("scans.read|read|scans/events|internal", "mail.reply|write|mail/drafts|internal"),
        since="2026-04-10", gaps=("no-kill-test", "unpinned", "open-default", "static-deploy"), gaps_q2=("no-review",),
    ),
    Agent(
        "agt-fleet-health", "operations", "salma.oyelaran", "ines.castellan",
        "Predict which trucks need the workshop from telematics data",
        ("telematics.read|read|telematics/trucks|internal",),
        gaps=("no-risk", "no-end", "no-review", "unpinned"), gaps_q2=("no-owner",), sessions=(4, 8),
    ),
    Agent(
        "agt-pricing-scout", "finance", "", "pavel.quist", "Assistant for prices",
        ("web.search|read|web/prices|public",),
        tier="low", gaps=("no-owner", "no-risk", "vague", "no-review"),
    ),
)

LIFECYCLE = (
    Agent(
        "agt-legacy-quoter", "operations", "tobias.okafor", "kenji.moreau",
        "Answer quote requests of the old customer portal by mail",
        ("tms.read_rates|read|tms/rates|internal", "mail.send|publish|mail/outbox|internal"),
        since="2025-02-03", cred="key", gaps=("no-expiry", "no-end"), approval="missing",
        over_q3={"state": "retired", "state_since": "2026-07-15T16:00:00Z",
                 "retired_at": "2026-07-15T16:00:00Z"},
    ),
    Agent(
        "agt-night-reorder", "operations", "yusuf.brandt", "ines.castellan",
        "Reorder packing material for the hubs during the night shift",
        ("stock.read|read|stock/packing|internal", "stock.order|write|stock/orders|internal"),
        gaps=("no-kill-test", "no-justification", "static-deploy"),
        over_q3={"state": "suspended", "state_since": "2026-08-10T09:00:00Z"},
    ),
    Agent(
        "agt-weather-watch", "operations", "ines.castellan", "kenji.moreau",
        "Warn dispatchers of weather that will delay running tours",
        ("weather.read|read|weather/feeds|public", "alerts.write|write|tms/alerts|internal"),
        gaps=("gateway-identity", "no-justification", "unpinned", "no-end"), unused=("feeds.subscribe|write|weather/feeds|public",),
    ),
    Agent(
        "agt-yard-camera", "operations", "yusuf.brandt", "tobias.okafor",
        "Read container numbers from the gate cameras of the hubs",
        ("camera.read|read|yard/camera|confidential",), gaps=("static-deploy", "no-justification", "no-review"), unused=("camera.export|transfer|yard/camera|confidential",),
    ),
    Agent(
        "agt-invoice-ocr", "finance", "pavel.quist", "chiara.dumont",
        "Read paper invoices of small carriers into the ledger queue",
        ("scan.read|read|erp/scans|confidential",), since="2025-03-03", sessions=(5, 0),
        gaps_q3=("no-review",),
    ),
    Agent(
        "agt-peak-planner", "operations", "mara.lindqvist", "tobias.okafor",
        "Plan extra linehaul capacity for the weeks before the holidays",
        ("tms.read_forecast|read|tms/forecast|internal",), gaps=("no-review",), sessions=(0, 0), since="2025-09-01",
        over={"seasonal_until": "2026-11-01T00:00:00Z"},
    ),
)

SCOPE = (
    Agent(
        "agt-mail-sorter", "care", "oskar.vantongeren", "lena.mbeki",
        "Sort the shared customer mailbox into the right work queues",
        ("mail.read|read|mail/inbox|confidential", "mail.move|write|mail/queues|internal"),
        tier="medium", cred="oauth", gaps=("no-kill-test",), gaps_q2=("no-justification",),
        over={"previous_owner_id": mail("erik.solano"), "owner_since": "2026-05-22T09:00:00Z"},
    ),
    Agent(
        "agt-contract-reader", "finance", "ravi.thorsen", "chiara.dumont",
        "Extract dates and penalties from carrier contracts for the register",
        ("contracts.read|read|contracts/carrier|confidential",),
        cred="oauth", gaps=("person-identity", "no-end"),
    ),
    Agent(
        "agt-hr-screener", "people", "mateo.varga", "greta.salonen",
        "Sort driver applications by licence class and region",
        ("hr.read_applications|read|hr/applications|confidential",),
        cred="oauth", gaps=("no-risk",), gaps_q2=("stale-record",),
    ),
    Agent(
        "agt-care-copilot", "care", "priya.halloran", "oskar.vantongeren",
        "Draft answers for care staff from the knowledge base",
        ("kb.search|read|kb/articles|internal", "mail.draft|write|mail/drafts|internal"),
        log="otel:care-copilot", gaps=("shared-memory", "unpinned", "no-kill-test"), sessions=(45, 48),
    ),
)

PORTAL = tuple(
    Agent(
        f"agt-portal-{short}", "care", "lena.mbeki", "priya.halloran", purpose,
        (f"portal.{short}|read|portal/{short}|internal",),
        log="portal-vendor", gaps=("vendor-hosted",), since="2026-01-12", sessions=(24, 12),
    )
    for short, purpose in (
        ("chat", "Answer shipment questions of customers in the vendor portal"),
        ("quote", "Give first price indications to visitors of the vendor portal"),
        ("returns", "Open return shipments for customers in the vendor portal"),
    )
)  # fmt: skip

IMPACT = (
    Agent(
        "agt-cloud-janitor", "it", "jonas.ferreira", "dario.nwosu",
        "Delete unused snapshots and volumes of the test accounts",
        ("DeleteSnapshot|delete|arn:aws:ec2:eu-central-1:111122223333:snapshot|internal",),
        cred="role", log="aws-cloudtrail",
        gaps=("admin", "no-approval-rule", "no-kill-test"), autonomy=3,
    ),
    Agent(
        "agt-record-purger", "it", "dario.nwosu", "jonas.ferreira",
        "Delete shipment records whose retention time has ended",
        ("records.read|read|records/closed|confidential", "records.delete|delete|records/closed|confidential"),
        tier="high", gaps_q3=("overdue-review",),
    ),
    Agent(
        "agt-refund-desk", "care", "oskar.vantongeren", "priya.halloran",
        "Pay small refunds for late deliveries after a person agreed",
        ("claims.read|read|claims/cases|confidential", "pay.refund|transfer|pay/refunds|internal"),
        tier="high", approval="missing", gaps=("open-default",),
    ),
    Agent(
        "agt-carrier-payer", "finance", "chiara.dumont", "pavel.quist",
        "Release approved payment runs to contracted carriers",
        ("erp.read_invoice|read|erp/invoices|confidential", "pay.release|transfer|pay/runs|confidential"),
        tier="critical", approval="expired", gaps_q2=("no-approval-rule",),
    ),
    Agent(
        "agt-container-release", "operations", "yusuf.brandt", "tobias.okafor",
        "Release containers at the terminal once papers are complete",
        ("terminal.read|read|terminal/units|internal", "terminal.release|execute|terminal/releases|internal"),
        approval="foreign", gaps=("no-sandbox", "no-justification", "under-tiered"),
    ),
    Agent(
        "agt-script-runner", "it", "dario.nwosu", "",
        "Run maintenance scripts written by the operations model",
        ("repo.read|read|repo/scripts|internal", "shell.exec|execute|hosts/jobs|internal"),
        tier="medium", gaps=("no-sandbox", "env-secret", "prompt-only", "under-tiered"), cred="key",
        approval="reused", autonomy=3,
    ),
)

KEYS = (
    Agent(
        "agt-edi-bridge", "operations", "kenji.moreau", "tobias.okafor",
        "Translate partner transport messages into internal orders",
        ("edi.read|read|edi/inbox|internal", "orders.write|write|tms/orders|internal"),
        since="2025-06-02", cred="key", log="edi-legacy", sessions=(20, 24), gaps=("code-secret", "open-default", "no-kill-test", "no-review"), gaps_q3=("expired-key",),
    ),
    Agent(
        "agt-warehouse-voice", "operations", "yusuf.brandt", "ines.castellan",
        "Guide order pickers through the warehouse by voice",
        ("wms.read|read|wms/picks|internal",), cred="key", gaps=("unpinned", "no-end"), gaps_q3=("revoked-key",),
    ),
    Agent(
        "agt-ftp-collector", "it", "jonas.ferreira", "amelie.kowal",
        "Collect status files from the servers of small partners",
        ("ftp.read|read|ftp/partners|internal",), tier="low",
        cred="key", gaps=("no-expiry", "env-secret", "no-log", "static-deploy", "no-justification", "no-risk", "no-end"), gaps_q2=("no-owner",),
        sessions=(4, 6),
    ),
    Agent(
        "agt-docs-ocr", "customs", "henrik.adeyemi", "sofia.reinholt",
        "Read freight papers into structured customs data",
        ("docs.read|read|docs/papers|confidential",), cred="token",
        gaps=("wrong-policy",), gaps_q2=("admin",), over={"principal_id": "spiffe://freight.example.com/agent/docs-ocr"},
    ),
    Agent(
        "agt-docs-ocr-test", "customs", "henrik.adeyemi", "sofia.reinholt",
        "Try new versions of the freight paper reader on samples",
        ("docs.read|read|docs/samples|internal",), tier="low", env="test", cred="token", gaps=("wrong-policy", "same-identity"),
        over={"principal_id": "spiffe://freight.example.com/agent/docs-ocr"}, sessions=(3, 5),
    ),
)

CUSTOMS = (
    Agent(
        "agt-customs-filing", "customs", "sofia.reinholt", "henrik.adeyemi",
        "Fill customs declarations and hand them to a declarant",
        ("docs.read|read|docs/papers|confidential", "customs.draft|write|customs/drafts|confidential"),
        tier="high", gaps=("wrong-policy", "unpinned"),
        over_q2={"owner_id": mail("nadia.rossum")},
        over_q3={"previous_owner_id": mail("nadia.rossum"), "owner_since": "2026-08-17T09:00:00Z"},
    ),
    Agent(
        "agt-hs-classifier", "customs", "henrik.adeyemi", "sofia.reinholt",
        "Propose tariff codes for goods described in freight papers",
        ("InvokeModel|read|arn:aws:bedrock:eu-central-1::foundation-model|internal",), cred="role", log="aws-cloudtrail",
        gaps=("wrong-policy", "unpinned"),
    ),
    Agent(
        "agt-border-desk", "customs", "sofia.reinholt", "henrik.adeyemi",
        "Split large border files among helper agents and join results",
        ("border.read|read|border/files|internal",), tier="high", autonomy=4,
        gaps=("wrong-policy", "no-kill-test", "no-review", "no-justification"),
    ),
    Agent(
        "agt-border-helper-1", "customs", "sofia.reinholt", "henrik.adeyemi",
        "Check one part of a large border file for the border desk",
        ("border.read|read|border/files|internal",), since="2026-06-01", gaps=("child", "wrong-policy"), gaps_q2=("no-end",),
    ),
)

NEW = (
    Agent(
        "agt-slot-broker", "operations", "yusuf.brandt", "kenji.moreau",
        "Trade terminal slots with the agents of partner hauliers",
        ("slots.read|read|slots/market|internal", "slots.offer|write|slots/offers|internal"),
        since="2026-05-04", gaps=("gateway-identity", "one-sided-link", "unpinned", "static-deploy"), gaps_q2=("no-owner",),
    ),
    Agent(
        "agt-tender-drafter", "finance", "ravi.thorsen", "pavel.quist",
        "Draft answers to freight tenders from past offers",
        ("tenders.read|read|tenders/past|confidential",), cred="oauth", log="otel:tender-drafter",
        since="2026-04-20",
    ),
    Agent(
        "agt-quay-helper", "operations", "kenji.moreau", "yusuf.brandt",
        "Tell truck drivers which quay is free at the Harnow hub",
        ("yard.read_slots|read|yard/slots|internal", "sms.send|publish|sms/outbox|internal"),
        since="2026-08-24", gaps=("late-approval", "no-end", "no-approval-rule", "open-default"), sessions=(0, 8),
    ),
    Agent(
        "agt-fuel-analyst", "finance", "pavel.quist", "chiara.dumont",
        "Explain fuel cost changes per depot from the cost lake",
        ("GetObject|read|arn:aws:s3:::freight-cost-lake|internal",), cred="role", log="aws-cloudtrail", tier="low", gaps=("no-risk",), unused=("ListBucket|read|arn:aws:s3:::freight-cost-lake|internal",),
        since="2026-07-06", sessions=(0, 14),
    ),
)

HOSTILE = (
    Agent(
        "agt-test-markup", "it", "amelie.kowal", "dario.nwosu",
        "Test whether reports survive <b>markup</b> & \"quotes\" in names",
        ("echo.read|read|echo/lines|public",), tier="low", env="test", gaps=("no-review",), sessions=(2, 3),
        over={"name": "<script>alert('x')</script><img src=x onerror=alert(1)>"},
    ),
    Agent(
        "agt-test-formula", "it", "amelie.kowal", "dario.nwosu",
        "Test whether sheets survive formulas and turned around letters",
        ("echo.read|read|echo/lines|public",), tier="low", env="test", gaps=("no-review",), sessions=(2, 3),
        over={"name": "=cmd|'/c calc'!A1 \u202eelbasrever\u202c"},
    ),
)  # fmt: skip

AGENTS: tuple[Agent, ...] = (
    GOOD + SHARED + OWNERS + LIFECYCLE + SCOPE + PORTAL + IMPACT + KEYS + CUSTOMS + NEW + HOSTILE
)

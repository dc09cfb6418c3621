"""Assessments to print, built by hand: rich (hostile names, every status), empty, perfect, single.

Results are invented; scores come from the real scorer, so that the numbers belong together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from fixture_reasons import TOLD, told
from fixture_results import defects_of, leave_results, tallies

from reporter.model.assessment import (
    SEVERITIES,
    Assessment,
    Check,
    Context,
    Control,
    Coverage,
    Feed,
    FileCount,
    Finding,
    Framework,
    Group,
    Policy,
    Profile,
    Quarantined,
    RunInfo,
    Theme,
)
from reporter.model.comparison import (
    Cause,
    CauseGroup,
    Comparison,
    Deviation,
    EntitlementUsage,
    Leveled,
    Parity,
    RatedAgent,
    Scope,
    SideBySide,
    Step,
    UnusedGrant,
)
from reporter.model.roadmap import Efforts
from reporter.model.scores import Status
from reporter.model.sentences import Sentence, verbatim
from reporter.report.build import build
from reporter.report.document import View
from reporter.report.view import elements
from reporter.runs.store import Results, write_data
from reporter.score import plan_actions, score
from reporter.score.ways import with_ways

POLICY = Policy(
    version="1.0",
    sha256="9" * 64,
    tier_weights=(1, 2, 4, 8),
    severity_weights={"critical": 8, "high": 4, "medium": 2, "low": 1},
    due_days={"critical": 30, "high": 60, "medium": 90, "low": 180},
    strength_weights={"direct": 2, "partial": 1},
    attested_credit=Fraction(1, 2),
    compensated_credit=Fraction(1, 2),
    critical_cap=Fraction(1, 2),
    rating_edges=(Fraction(15, 100), Fraction(1, 2), Fraction(85, 100)),
    level_names=("Not yet visible", "Visible", "Identified", "Bounded", "Observed", "Reconciled"),
    level_claims=tuple(f"What may be said at level {n}." for n in range(6)),
)
CAPS = ((1, "There are fewer than 30 days of logs, too few to speak of what agents really do."),)
EFFORTS = Efforts(severities=dict.fromkeys(("critical", "high", "medium", "low"), Fraction(3, 2)))
PROFILE = Profile("baseline", "Baseline", 2, {"POL": 3})
RUN = RunInfo(
    organisation="Acme <Holding> & Söhne",
    unit="",
    period_from=datetime(2026, 7, 1, tzinfo=UTC),
    period_to=datetime(2026, 10, 1, tzinfo=UTC),
    as_of=datetime(2026, 10, 1, tzinfo=UTC),
    profile="baseline",
)
BENCHMARK = {
    "adoption": 82,
    "policy": 44,
    "gap": 38,
    "origin": "cited by JumpCloud; the pair is also credited to SailPoint (2025); not verified",
}
HOSTILE = (
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "../../etc/passwd",
    "quote \" and ' and `",
    "line\nbreak\tand tab",
    "abc\u202egnp.exe",
    "סוכן שירות 7",
    "代理人-3 🤖",
    "{{ 7*7 }}{% raw %}",
    "nul\x00 and \ud800 surrogate",
    "-" + "x" * 400,
)

Result = Callable[[Check, str, int], tuple[Status, str]]


def subjects(n: int) -> list[str]:
    """Name agents: the hostile ones first, then ordinary ones."""
    return [*HOSTILE, *(f"agent-{i:04d}" for i in range(n))][:n]


def checks() -> tuple[Check, ...]:
    """A few checks of several themes, severities and levels."""
    rows = (
        ("INV-01", "Every agent has one complete, current register record", "high", 1, "inventory"),
        ("INV-02", "No agent acts without being in the register", "critical", 2, "both"),
        ("OWN-01", "Each agent has a named, individual human owner", "critical", 1, "inventory"),
        ("OWN-02", "The owner is still active and still responsible", "critical", 2, "inventory"),
        ("CRD-02", "No credential is used by more than one agent", "critical", 2, "logs"),
        ("ENT-02", "No wildcard or administrative entitlements", "high", 3, "inventory"),
        ("ENT-06", "Granted rights that are never used are removed", "medium", 4, "both"),
        ("REC-01", "Identity, permission and audit trail agree", "critical", 5, "both"),
        ("POL-01", "A formal agent policy exists and is in date", "high", 1, "inventory"),
        ("SUP-01", "Model supplier and exact version are recorded", "low", 2, "inventory"),
    )
    return tuple(
        Check(
            id=i,
            title=title,
            why="A manager can see why this matters <b>to the business</b>.",
            about="agent" if i != "POL-01" else "policy",
            severity=severity,
            level=level,
            evidence=evidence,
            sql="SELECT 1",
            fix=f"Repair what {i} found & tell the owner.",
            place=f"frameworks/checks/{i}.yml:1",
            reasons=TOLD,
            shows={"inventory": "existence", "logs": "operation"}.get(evidence, ""),
        )
        for i, title, severity, level, evidence in rows
    )


def frameworks() -> tuple[Framework, ...]:
    """Two flat lists and one with functions and categories."""
    asi = (
        _control("ASI03", "Identity and Privilege Abuse", "", "OWN-01 CRD-02 ENT-02", "ENT-06"),
        _control("ASI10", "Rogue Agents", "", "INV-02 REC-01", "INV-01 OWN-01"),
        _control("ASI05", "Unexpected Code Execution (RCE)", "", "", ""),
    )
    nhi = (
        _control("NHI1:2025", "Improper Offboarding", "", "OWN-02", "INV-01"),
        _control("NHI9:2025", "NHI Reuse", "", "CRD-02", ""),
    )
    rmf = (
        _control("GOVERN 1.4", "Policy for AI risk", "GOVERN 1", "POL-01", ""),
        _control("GOVERN 2.1", "Roles are documented", "GOVERN 2", "OWN-01 OWN-02", ""),
        _control("MAP 1.1", "Purpose is understood", "MAP 1", "", "INV-01", "ENT-06"),
    )
    groups = (
        Group("GOVERN", "Govern"),
        Group("GOVERN 1", "Policies and practices", "GOVERN"),
        Group("GOVERN 2", "Accountability", "GOVERN"),
        Group("MAP", "Map"),
        Group("MAP 1", "Context", "MAP"),
    )
    return (
        _framework("owasp-agentic-2026", "OWASP Agentic", "OWASP", (), asi),
        _framework("owasp-nhi-2025", "OWASP NHI", "OWASP", (), nhi),
        _framework("nist-ai-rmf-1.0", "NIST AI RMF", "NIST", groups, rmf),
    )


def _framework(
    key: str, short: str, publisher: str, groups: tuple[Group, ...], controls: tuple[Control, ...]
) -> Framework:
    return Framework(
        id=key,
        title=f"{short}, the whole title",
        short=short,
        version="1.0",
        publisher=publisher,
        url=f"https://example.org/{key}",
        text_policy="id-and-title",
        source_sha256="a" * 64,
        groups=groups,
        controls=controls,
    )


def _control(
    key: str, title: str, group: str, direct: str, partial: str, contextual: str = ""
) -> Control:
    strengths = (("direct", direct), ("partial", partial), ("contextual", contextual))
    mapped = tuple((i, how) for how, ids in strengths for i in ids.split())
    ask = "Was this reviewed by a person in the last 12 months, with a record of it?"
    return Control(
        key,
        title,
        group,
        f"What {key} is about, in our words.",
        ask,
        mapped,
        not_shown=f"Whether {key} holds where nobody looks.",
        whys={i: f"{i} is one sign <b>of</b> {key}." for i in partial.split()},
    )


THEMES = tuple(
    Theme(i, title)
    for i, title in (
        ("INV", "Complete inventory"),
        ("OWN", "Ownership"),
        ("CRD", "Credentials"),
        ("ENT", "Entitlements and boundaries"),
        ("REC", "Reconciliation"),
        ("SUP", "Supply chain"),
        ("POL", "Policy"),
    )
)


def mixed(check: Check, subject: str, n: int) -> tuple[Status, str]:
    """Every status somewhere; SUP-01 unknown throughout, REC-01 without a subject in scope."""
    draw = (n * 7 + sum(map(ord, check.id)) * 13) % 17
    if check.id == "SUP-01":
        return Status.UNKNOWN, "The source never records model_version."
    if check.id == "REC-01":
        return Status.NA, ""
    if draw < 4:
        return Status.FAIL, f"{check.id} does not hold for {subject}: value '{draw}'."
    if draw < 6:
        reason = (
            "No log of its source arrived after 3 August." if draw == 4 else "owner_id is empty"
        )
        return Status.UNKNOWN, reason
    return {6: Status.ATTESTED, 7: Status.COMPENSATED, 8: Status.NA}.get(draw, Status.PASS), ""


@dataclass(frozen=True)
class Assessed(Assessment):
    """An assessment and all results that it rests on."""

    rows: tuple[Finding, ...] = ()


def assemble(
    names: Sequence[str],
    result: Result,
    framework_list: tuple[Framework, ...] | None = None,
    check_list: tuple[Check, ...] | None = None,
    theme_list: tuple[Theme, ...] = THEMES,
    context: Context | None = None,
    profile: Profile = PROFILE,
) -> Assessed:
    """Assess every name by every check, and score the result."""
    check_list = checks() if check_list is None else check_list
    framework_list = frameworks() if framework_list is None else framework_list
    # As an engine holds them: what is not text in UTF-8 is replaced.
    held = [name.encode(errors="replace").decode() for name in names]
    rows = tuple(_row(check, name, n, *result(check, name, n)) for check in check_list for n, name in enumerate(held))  # fmt: skip
    counted = tallies(rows)
    scores = score(framework_list, check_list, theme_list, counted, POLICY, profile, caps=CAPS)
    groups = (CauseGroup("shared-key", "A <b>key</b> is shared", tuple(c.id for c in check_list[:2])),)  # fmt: skip
    _, todo = defects_of(rows, check_list, groups, EFFORTS)
    roadmap = with_ways(
        plan_actions(check_list, theme_list, counted, todo, POLICY, CAPS),
        check_list,
        theme_list,
        counted,
        scores,
        POLICY,
        EFFORTS.evidence,
        {"shared-key": "Give <each> agent a key of its own?"},
    )
    return Assessed(
        run=RUN,
        frameworks=framework_list,
        checks=check_list,
        themes=theme_list,
        policy=POLICY,
        profile=profile,
        scores=scores,
        results=len(rows),
        files=_files(),
        out_of_scope_types=(
            ("okta-system-log", Sentence("user.session.start"), 1204),
            ("k8s", Sentence("Pod"), 3),
        ),
        quarantined=_quarantined(),
        feeds=_feeds(),
        coverage=_coverage(),
        compared=_compared(),
        causes=_causes(),
        population={"agent": len(names), "human": 12, "service_account": 4, "shadow": 2},
        context=Context(benchmark=BENCHMARK) if context is None else context,
        hashes={"inputs": "1" * 64, "catalog": "2" * 64, "duckdb": "2.0.1"},
        parity=_parity(),
        roadmap=roadmap,
        rows=rows,
    )


def _row(check: Check, name: str, n: int, status: Status, reason: str) -> Finding:
    ref = f"inventory/agents.json#{n + 1}" if n % 5 else ""
    owner = f"person-{n % 6}@example.org" if n % 3 else ""
    tiers = (1, 4) if n % 9 == 5 else (n % 4 + 1, n % 4 + 1)
    why = told(reason or (f"{check.id} holds" if status is Status.PASS else ""))
    return Finding(check.id, name, status, *why, ref, name, owner, *tiers)


def _files() -> tuple[FileCount, ...]:
    rows = (
        ("inventory/agents.json", "acme-registry", "records carry agent_id", 42, 40, 1, 0, 1),
        ("logs/2026-07/<gateway>.jsonl.gz", "mcp-gateway", "has tool_call", 9120, 8300, 801, 17, 2),
        ("logs/notes.txt", "", "no source recognises the first 50 records", 31, 0, 0, 31, 0),
    )
    return tuple(FileCount(f, s, verbatim(why), 1000, "c" * 64, *n) for f, s, why, *n in rows)


def _quarantined() -> tuple[Quarantined, ...]:
    return tuple(
        Quarantined(
            "logs/2026-07/<gateway>.jsonl.gz",
            100 + n,
            "unreadable" if n < 48 else "rejected",
            verbatim("not JSON: unexpected end at column 17" if n < 48 else "actor_id is empty"),
            '{"event_id": "e-\u202e' + str(n),
        )
        for n in range(51)
    )


def _feeds() -> tuple[Feed, ...]:
    start, end = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 9, 30, 23, tzinfo=UTC)
    return (
        Feed("mcp-gateway", "hour", 2208, 2190, start, end, 5, True, 8300, 2, 7300, 4, 1),
        Feed(
            "okta-system-log",
            "day",
            92,
            34,
            start,
            datetime(2026, 8, 3, tzinfo=UTC),
            1400,
            False,
            801,
        ),
        Feed("never-came", "day", 92, 0, None, None, 2208, False, 0),
    )


def _coverage() -> tuple[Coverage, ...]:
    start, end = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 9, 30, 23, tzinfo=UTC)
    unseen = [Coverage(f"agent-{n:02d}", "never-came", 92, 0, 92, 0, None, None) for n in range(24)]
    return (*unseen, Coverage("<b>agent</b>", "mcp-gateway", 92, 92, 0, 8300, start, end))


def _causes() -> tuple[Cause, ...]:
    return tuple(
        Cause(f"shared-identity-{n}", "An identity is used by more than one", ("CRD-02", "INV-02"), f"<b>key-{n}</b>", "critical", ("CRD-02", "INV-02"), (1, 1), ("agent-01", "agent-02"),
              ("ann@example.com",), "logs/a.jsonl#7") for n in range(40)
    )  # fmt: skip


def _compared() -> Comparison:
    at = datetime(2026, 8, 1, 9, 30, tzinfo=UTC)
    return Comparison(
        (Scope("<b>agent</b>", "pay the bill", 1, 12, 2, 1), Scope("agent-01", "", 0, 3, 0, 0)),
        tuple(
            Deviation("<b>agent</b>", "pay the bill", f"s{n}", "destination", "=cmd|x", "send_money", n % 2 == 0, "name",
                      at if n else None, "logs/a.jsonl#7") for n in range(40)
        ),
        tuple(EntitlementUsage(f"agent-{n:02d}", 9, 4, 1, 3, 2, 1, 40, 100, 5, 60) for n in range(30)),
        tuple(UnusedGrant(f"agent-{n:02d}", "tool", "crm.*", "", "write", n < 2, None, "inventory/a.json#1") for n in range(60)),
        tuple(RatedAgent(f"agent-{n:02d}", "high", 0, 2, 1, 1, 0, 2, 2, 3 + n % 2, 5, 13) for n in range(40)),
        _paths(at),
        tuple(Leveled(f"agent-{n:02d}", 2 + n % 2, 3, n % 4, n % 4 + n % 2, Fraction(n, 40), Fraction(n + 1, 41), n == 7) for n in range(40)),
    )  # fmt: skip


def _paths(at: datetime) -> tuple[Step, ...]:
    """Every standing, hostile names, and more steps of a kind than are shown."""
    hostile = "<b>tool</b> " + "x" * 300
    tools = [
        ("never", hostile),
        ("later", "=cmd|x"),
        ("before", "כלי"),
        ("not recorded", "mail.send"),
    ]
    steps = [Step("agent-01", "tool", name, 3, n % 2 == 0, how, "", at, "logs/a.jsonl#7") for n, (how, name) in enumerate(tools)]  # fmt: skip
    steps += [
        Step("agent-01", "data", f"crm/{n}", 1, None, "before", "", at, "logs/a.jsonl#8")
        for n in range(9)
    ]
    steps += [
        Step("agent-01", "principal", "ann@example.com", 9, None, "left", "human", at, "logs/a.jsonl#9"),
        Step("agent-01", "principal", "", 2, None, "broken", "", at, "logs/a.jsonl#9"),
        Step("agent-02", "principal", "", 2, None, "holds", "schedule", at, "logs/a.jsonl#9"),
        Step("<b>stranger</b>", "tool", "rm", 2, True, "unregistered", "", None, "logs/a.jsonl#10"),
    ]  # fmt: skip
    return tuple(steps)


def _parity() -> SideBySide:
    ref = "inventory/<b>people</b>.csv#7"
    practices = tuple(
        Parity(practice, kind, n, n - lacks - open_, lacks, open_, ref if lacks + open_ else "")
        for practice in ("owner", "review", "credentials", "monitoring", "policy")
        for kind, n, lacks, open_ in (
            ("human", 4000, 17, 0), ("service_account", 9, 0, 0), ("workload", 3, 1, 1), ("automation_with_model", 1, 0, 1),
            ("scripted_agent", 2, 0, 0), ("agent", 52, 9, 4), ("agent_untold", 2, 0, 2),
        )
    )  # fmt: skip
    return SideBySide(practices, (), 365, 90, 5)


def plain(a: Assessed) -> Assessment:
    """Return what a run keeps beside its results."""
    return Assessment(**{f.name: getattr(a, f.name) for f in fields(Assessment)})


def leave(a: Assessed, folder: Path) -> Path:
    """Leave report.json and results.parquet of an assessment."""
    folder.mkdir(parents=True, exist_ok=True)
    write_data(plain(a), folder)
    groups = (CauseGroup("shared-key", "A <b>key</b> is shared", tuple(c.id for c in a.checks[:2])),)  # fmt: skip
    leave_results(a.rows, a.checks, groups, a.roadmap, folder)
    return folder


def holding(v: View, a: Assessed, rows: Iterable[Finding]) -> View:
    """Return a view of an assessment over other results, which no score knows."""
    mine = replace(a, rows=tuple(rows))
    n = Counter((f.check, f.status) for f in mine.rows)
    counts = {
        c.id: elements.Counts(*(n[c.id, s] for s in ("pass", "declared", "fail", "unknown", "attested", "compensated", "na")), c.counts.text)
        for c in v.checks
    }  # fmt: skip
    total = sum(k for (_, status), k in n.items() if status not in ("pass", "na"))
    return replace(
        v,
        checks=tuple(replace(c, counts=counts[c.id]) for c in v.checks),
        findings=replace(view(mine).findings, total=total),
    )


def open_of(a: Assessed) -> list[Finding]:
    """Return what findings.csv shows, in its order."""
    rank = {c.id: (SEVERITIES.index(c.severity), c.id) for c in a.checks}
    found = (f for f in a.rows if f.status in OPEN_ORDER)
    return sorted(
        found,
        key=lambda f: (
            rank[f.check],
            OPEN_ORDER.index(f.status),
            f.subject.encode(errors="replace"),
        ),
    )


OPEN_ORDER = (Status.FAIL, Status.UNKNOWN, Status.COMPENSATED, Status.ATTESTED)
_LEFT: dict[tuple[int, int], tuple[Assessed, Path]] = {}
_ROOM = TemporaryDirectory(prefix="reporter-tests-")


def view(a: Assessed, language: str = "") -> View:
    """Return what is printed of an assessment; its results are left in a file once."""
    key = id(a.rows), id(a.roadmap)
    if key not in _LEFT:  # kept, so that no other gets the same ids
        _LEFT[key] = a, leave(a, Path(_ROOM.name) / str(len(_LEFT)))
    return build(a, Results(_LEFT[key][1], a.checks), language)


@cache
def rich() -> Assessed:
    """Sixty agents, hostile names, every status, known policy coverage."""
    context = Context(
        agents_in_use=52,
        agents_assessed=52,
        policy_lo=Fraction(31, 52),
        policy_hi=Fraction(36, 52),
        units_total=9,
        units_with_agents=7,
        benchmark=BENCHMARK,
    )
    return assemble(subjects(60), mixed, context=context)


@cache
def empty() -> Assessed:
    """Nothing is known about anything."""
    return assemble(
        subjects(3), lambda c, s, n: (Status.UNKNOWN, "no source delivers this"), context=Context()
    )


def good(check: Check, subject: str, n: int) -> tuple[Status, str]:
    """Pass."""
    return Status.PASS, ""


@cache
def perfect() -> Assessed:
    """Every check passes for every agent."""
    return assemble(subjects(20), good)


@cache
def single() -> Assessed:
    """One agent."""
    return assemble(["only-agent"], mixed)

"""Assessments to print, built by hand: rich (hostile names, every status), empty, perfect, single.

Verdicts are invented; scores come from the real scorer, so that the numbers belong together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

from reporter import ids
from reporter.actions import actions
from reporter.causes import root_causes
from reporter.compared import (
    Cause,
    CauseGroup,
    Comparison,
    Deviation,
    Leveled,
    Observed,
    Parity,
    Rated,
    Scope,
    SideBySide,
    Step,
    Unused,
)
from reporter.db import Engine
from reporter.model import (
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
from reporter.planned import Efforts
from reporter.report.pages import Pass
from reporter.score import plan_actions, score
from reporter.scores import Status, Tally
from reporter.store import RESULT, RESULTS, write_data

POLICY = Policy(
    version="1.0",
    sha256="9" * 64,
    tier_weights=(1, 2, 4, 8),
    severity_weights={"critical": 8, "high": 4, "medium": 2, "low": 1},
    strength_weights={"direct": 2, "partial": 1},
    attested_credit=Fraction(1, 2),
    compensated_credit=Fraction(1, 2),
    critical_cap=Fraction(1, 2),
    rating_edges=(Fraction(15, 100), Fraction(1, 2), Fraction(85, 100)),
    group_share=Fraction(85, 100),
    level_names=("Not yet visible", "Visible", "Identified", "Bounded", "Observed", "Reconciled"),
    level_claims=tuple(f"What may be said at level {n}." for n in range(6)),
)
CAPS = ((1, "There is no log evidence, and level 2 rests on checks that need events."),)
EFFORTS = Efforts(severities=dict.fromkeys(("critical", "high", "medium", "low"), Fraction(3, 2)))
PROFILE = Profile("baseline", "Baseline", 2, {"enterprise": 2, "ASI03": 3, "POL": 1})
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

Verdict = Callable[[Check, str, int], tuple[Status, str]]


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
    return Control(key, title, group, f"What {key} is about, in our words.", ask, mapped)


THEMES = tuple(
    Theme(i, title)
    for i, title in (
        ("INV", "Inventory and ghosts"),
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


def assemble(
    names: Sequence[str],
    verdict: Verdict,
    framework_list: tuple[Framework, ...] | None = None,
    check_list: tuple[Check, ...] | None = None,
    theme_list: tuple[Theme, ...] = THEMES,
    context: Context | None = None,
    profile: Profile = PROFILE,
) -> Assessment:
    """Judge every name by every check, and score the result."""
    framework_list = frameworks() if framework_list is None else framework_list
    check_list = checks() if check_list is None else check_list
    tallies: Counter[tuple[str, Status, int, int]] = Counter()
    findings = []
    for check in check_list:
        for n, name in enumerate(names):
            tier_lo, tier_hi = (1, 4) if n % 9 == 5 else (n % 4 + 1, n % 4 + 1)
            status, reason = verdict(check, name, n)
            tallies[check.id, status, tier_lo, tier_hi] += 1
            if status not in (Status.PASS, Status.NA):
                tier = str(tier_lo) if tier_lo == tier_hi else f"{tier_lo}-{tier_hi}"
                findings.append(_finding(check, name, n, status, reason, tier))
    counted = [Tally(*key, n) for key, n in sorted(tallies.items())]
    findings.sort(key=lambda f: (f.check, f.subject))
    scores = score(framework_list, check_list, theme_list, counted, POLICY, profile, caps=CAPS)
    groups = (CauseGroup("shared-key", "A <b>key</b> is shared", tuple(c.id for c in check_list[:2])),)  # fmt: skip
    todo = actions(findings, root_causes(findings, check_list, groups, {}), check_list, groups, EFFORTS)  # fmt: skip
    return Assessment(
        run=RUN,
        frameworks=framework_list,
        checks=check_list,
        themes=theme_list,
        policy=POLICY,
        profile=profile,
        scores=scores,
        findings=tuple(findings),
        cells=sum(tallies.values()),
        files=_files(),
        out_of_scope_types=(("okta-system-log", "user.session.start", 1204), ("k8s", "Pod", 3)),
        quarantined=_quarantined(),
        feeds=_feeds(),
        coverage=_coverage(),
        compared=_compared(),
        causes=_causes(),
        population={"agent": len(names), "human": 12, "service_account": 4, "shadow": 2},
        context=Context(benchmark=BENCHMARK) if context is None else context,
        hashes={"inputs": "1" * 64, "catalog": "2" * 64, "duckdb": "2.0.1"},
        parity=_parity(),
        roadmap=plan_actions(check_list, theme_list, counted, findings, todo, POLICY, CAPS),
    )


def _finding(check: Check, name: str, n: int, status: Status, reason: str, tier: str) -> Finding:
    ref = f"inventory/agents.json#{n + 1}" if n % 5 else ""
    owner = f"person-{n % 6}@example.org" if n % 3 else ""
    return Finding(check.id, name, status, reason, ref, name, owner, tier)


def _files() -> tuple[FileCount, ...]:
    rows = (
        ("inventory/agents.json", "acme-registry", "records carry agent_id", 42, 40, 1, 0, 1),
        ("logs/2026-07/<gateway>.jsonl.gz", "mcp-gateway", "has tool_call", 9120, 8300, 801, 17, 2),
        ("logs/notes.txt", "", "no source recognises the first 50 records", 31, 0, 0, 31, 0),
    )
    return tuple(FileCount(f, s, why, 1000, "c" * 64, *n) for f, s, why, *n in rows)


def _quarantined() -> tuple[Quarantined, ...]:
    return tuple(
        Quarantined(
            "logs/2026-07/<gateway>.jsonl.gz",
            100 + n,
            "unreadable" if n < 48 else "rejected",
            "not JSON: unexpected end at column 17" if n < 48 else "actor_id is empty",
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
        Cause(f"shared-identity-{n}", "An identity is used by more than one", ("K1", "K2"), f"<b>key-{n}</b>", "critical", ("K1", "K2"), ("agent-01", "agent-02"),
              ("ann@example.com",), (("K1", f"key-{n}"), ("K2", f"key-{n}")), "logs/a.jsonl#7") for n in range(40)
    )  # fmt: skip


def _compared() -> Comparison:
    at = datetime(2026, 8, 1, 9, 30, tzinfo=UTC)
    return Comparison(
        (Scope("<b>agent</b>", "pay the bill", 1, 12, 2, 1), Scope("agent-01", "", 0, 3, 0, 0)),
        tuple(
            Deviation("<b>agent</b>", "pay the bill", f"s{n}", "destination", "=cmd|x", "send_money", n % 2 == 0, "name",
                      at if n else None, "logs/a.jsonl#7") for n in range(40)
        ),
        tuple(Observed(f"agent-{n:02d}", 9, 4, 1, 3, 2, 1, 40, 100, 5, 60) for n in range(30)),
        tuple(Unused(f"agent-{n:02d}", "tool", "crm.*", "", "write", n < 2, None, "inventory/a.json#1") for n in range(60)),
        tuple(Rated(f"agent-{n:02d}", "high", 0, 2, 1, 1, 0, 2, 2, 3 + n % 2, 5, 13) for n in range(40)),
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
        Step("<b>ghost</b>", "tool", "rm", 2, True, "unregistered", "", None, "logs/a.jsonl#10"),
    ]  # fmt: skip
    return tuple(steps)


def _parity() -> SideBySide:
    ref = "inventory/<b>people</b>.csv#7"
    cells = tuple(
        Parity(practice, kind, n, n - lacks - open_, lacks, open_, ref if lacks + open_ else "")
        for practice in ("owner", "review", "credentials", "monitoring", "policy")
        for kind, n, lacks, open_ in (
            ("human", 4000, 17, 0), ("service_account", 9, 0, 0), ("workload", 3, 1, 1), ("automation_with_model", 1, 0, 1),
            ("scripted_agent", 2, 0, 0), ("agent", 52, 9, 4), ("agent_untold", 2, 0, 2),
        )
    )  # fmt: skip
    return SideBySide(cells, (), 365, 90, 5)


def passes(names: Sequence[str], verdict: Verdict) -> list[Pass]:
    """What `assemble` makes of the same names that passes, in the order of results.parquet."""
    made = []
    for check in checks():
        for n, name in enumerate(names):
            status, reason = verdict(check, name, n)
            if status is Status.PASS:
                tiers = (1, 4) if n % 9 == 5 else (n % 4 + 1, n % 4 + 1)
                f = _finding(check, name, n, status, reason or f"{check.id} holds", "")
                made.append(
                    Pass(f.check, f.subject, f.reason, f.ref, f.actor, f.owner, *tiers, f.id)
                )
    return sorted(made)


def rich_passes() -> list[Pass]:
    """The passes of `rich`."""
    return passes(subjects(60), mixed)


_KINDS = {"tier_lo": "BIGINT", "tier_hi": "BIGINT", "listed": "BOOLEAN"}


def held(a: Assessment) -> Assessment:
    """Return an assessment as an engine would hold it: what is no text in UTF-8 is replaced."""

    def text(value: str) -> str:
        return value.encode(errors="replace").decode()

    return replace(
        a, findings=tuple(replace(f, subject=text(f.subject), reason=text(f.reason), actor=text(f.actor)) for f in a.findings)
    )  # fmt: skip


def leave(a: Assessment, folder: Path, passed: Sequence[Pass] | None = None) -> Path:
    """Leave report.json and results.parquet of an assessment; passes that are not given are made up by their counts."""
    counts = {c.check: c.counts for c in a.scores.checks.values()}
    if passed is None:
        passed = [
            Pass(check, s := f"pass-{n:04}", "", "", "", "", 2, 2, ids.finding(check, s))
            for check, by_status in counts.items()
            for n in range(by_status.get(Status.PASS, 0))
        ]
    a = held(a)
    rows: list[tuple[str | int, ...]] = [
        (f.check, f.subject, f.status, f.reason, f.ref, f.actor, f.owner, int(f.tier[0]), int(f.tier[-1]), f.waived_until, f.waiver, f.listed, f.id)
        for f in a.findings
    ]  # fmt: skip
    rows += [
        (p.check, *(v.encode(errors="replace").decode() if isinstance(v, str) else v for v in (p.subject, Status.PASS, *p[2:8])), "", "", True, p.id)
        for p in passed
    ]  # fmt: skip
    rows += [
        (
            check,
            s := f"na-{n:04}",
            Status.NA,
            "",
            "",
            "",
            "",
            2,
            2,
            "",
            "",
            True,
            ids.finding(check, s),
        )
        for check, by_status in counts.items()
        for n in range(by_status.get(Status.NA, 0))
    ]
    folder.mkdir(parents=True, exist_ok=True)
    write_data(a, folder)
    with TemporaryDirectory() as work, Engine(Path(work)) as engine:
        kinds = (f'"{n}" {_KINDS.get(n, "VARCHAR")}' for n in RESULT)
        engine.run(f"CREATE TABLE rows ({', '.join(kinds)})")
        engine.insert("rows", rows)
        engine.write_parquet('SELECT * FROM rows ORDER BY "check", subject', folder / RESULTS)
    return folder


def rich() -> Assessment:
    """Sixty agents, hostile names, every status, known policy coverage."""
    context = Context(
        agents_in_use=52,
        agents_judged=52,
        policy_lo=Fraction(31, 52),
        policy_hi=Fraction(36, 52),
        units_total=9,
        units_with_agents=7,
        benchmark=BENCHMARK,
    )
    return assemble(subjects(60), mixed, context=context)


def empty() -> Assessment:
    """Nothing is known about anything."""
    return assemble(
        subjects(3), lambda c, s, n: (Status.UNKNOWN, "no source delivers this"), context=Context()
    )


def good(check: Check, subject: str, n: int) -> tuple[Status, str]:
    """Pass."""
    return Status.PASS, ""


def perfect() -> Assessment:
    """Every check passes for every agent."""
    return assemble(subjects(20), good)


def single() -> Assessment:
    """One agent."""
    return assemble(["only-agent"], mixed)

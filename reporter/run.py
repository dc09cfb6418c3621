"""The line of the house: ingest -> assess -> score -> report. In: a workspace. Out: a run folder, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import resource
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path
from typing import Any

from reporter import assess as judging
from reporter import catalog, db
from reporter.catalog import Content
from reporter.compared import Comparison, Deviation, Observed, Rated, Scope, Unused
from reporter.crosswalks import CHECKS
from reporter.db import Engine
from reporter.errors import ContentError, Errors, InputError, ReporterError
from reporter.ingest import names
from reporter.ingest.cache import open_cache
from reporter.ingest.feeds import Expected
from reporter.ingest.inputs import Inputs
from reporter.ingest.load import Intake, ingest
from reporter.ingest.mapped import FOLDER, with_mappings
from reporter.ingest.scope import Baseline
from reporter.ingest.tables import derive
from reporter.model import Assessment, Check, Coverage, Feed, Status
from reporter.pseudonyms import hide_people
from reporter.report import WRITERS, warm_up
from reporter.report.shape import View
from reporter.runfolder import (
    FILES,
    part_of,
    publish,
    refuse_existing,
    sha256,
    write_comparison,
    write_coverage,
    write_manifest,
    write_quarantine,
)
from reporter.score import score
from reporter.sql import Judged, judge
from reporter.workspace import Workspace, read_workspace

EXTRA_BYTES = 3 << 30
"""Address space that checks from --extra may add."""
EXTRA_SECONDS = 600
"""Time that all checks together may take when some come from --extra."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to run; what to assess is in the workspace."""

    formats: tuple[str, ...] = ("html", "pdf", "json", "csv")
    extra: tuple[Path, ...] = ()
    cache: Path | None = None
    memory: str = db.DEFAULT_MEMORY
    pseudonymise: bool = False
    """Put pseudonyms for people, in every file of the run."""
    say: Callable[[str], None] = lambda _: None


def assess_workspace(
    folder: Path, out: Path, options: Options, begun: Inputs | None = None
) -> View:
    """Assess a workspace and leave a run folder at `out`; return what the report says.

    `begun` are the workspace's files, if their reading has begun already.
    """
    from reporter.report import view as views

    refuse_existing(out)
    workspace = read_workspace(folder)
    warm_up(options.formats)
    with begun or Inputs.of(workspace.folder) as inputs:
        content = catalog.load(options.extra)
        content = replace(content, sources=with_mappings(content.sources, workspace.folder))
        _refuse_unknown(workspace, content)
        content = _chosen(workspace, content)
        judged = judge_all(content.checks, workspace.params)
        out.parent.mkdir(parents=True, exist_ok=True)
        with part_of(out) as part:
            with tempfile.TemporaryDirectory(prefix="reporter-", dir=out.parent) as work:
                assessment, counts = _assess(
                    workspace, inputs, content, judged, Path(work), part, options
                )
            view = views.build(assessment)
            for name in dict.fromkeys(("json", *options.formats)):
                options.say(f"writing {FILES[name]}")
                WRITERS[name](view, part / FILES[name])
            write_quarantine(assessment, part / "quarantine.csv")
            write_coverage(assessment, part / "coverage.csv")
            write_comparison(assessment.compared, part)
            write_manifest(part, assessment, counts)
            publish(part, out)
    return view


def _assess(
    workspace: Workspace, inputs: Inputs, content: Content, judged: list[tuple[Check, Judged]], work: Path,
    part: Path, options: Options,
) -> tuple[Assessment, dict[str, int]]:  # fmt: skip
    """Everything that needs the engine."""
    cache = open_cache(options.cache or part.parent / ".reporter-cache")
    with Engine(work, options.memory) as engine:
        options.say(f"reading {workspace.folder}")
        intake = ingest(engine, inputs, content.sources, cache)
        _refuse_nothing(intake, workspace.folder)
        expected = [Expected(n, *e) for n, e in sorted(workspace.log_sources.items())]
        derive(engine, workspace.run, expected, Baseline(*(workspace.baseline or ())))
        intake = replace(intake, quarantined=(*intake.quarantined, *names.notes(engine)))
        engine.lock((cache.folder, part))
        options.say(f"assessing {len(judged)} checks")
        judging.prepare(engine)
        with _walls(engine, content):
            judging.assess(engine, judged, 1 if content.extra else engine.threads())
        if options.pseudonymise:
            hide = hide_people(engine, cache.secret_key)
            shown = (
                replace(q, reason=hide(q.reason), text=hide(q.text)) for q in intake.quarantined
            )
            intake = replace(intake, quarantined=tuple(shown))
        engine.write_parquet(judging.EVIDENCE, part / "evidence.parquet", "zstd")
        assessment = _gather(engine, workspace, content, judged, intake)
        return assessment, intake.rows


@contextmanager
def _walls(engine: Engine, content: Content) -> Iterator[None]:
    """Checks that are not ours run with an address-space limit and a timer, behind the allow-list and the lock."""
    if not content.extra:
        yield
        return
    old = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    roof = pages * resource.getpagesize() + EXTRA_BYTES
    resource.setrlimit(
        resource.RLIMIT_AS,
        (roof if old[1] == resource.RLIM_INFINITY else min(roof, old[1]), old[1]),
    )
    timer = threading.Timer(EXTRA_SECONDS, engine.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        resource.setrlimit(resource.RLIMIT_AS, old)


_KINDS: dict[type, str] = {int: "a whole number", bool: "true or false", list: "a list"}


def judge_all(
    checks: Sequence[Check], params: dict[str, dict[str, Any]]
) -> list[tuple[Check, Judged]]:
    """Judge every check with the workspace's thresholds; report all errors at once."""
    errors: list[ReporterError] = []
    judged = []
    for check in checks:
        own = params.get(check.id, {})
        unknown = sorted(set(own) - set(check.params))
        if unknown:
            errors.append(InputError(
                f"params: {check.id} has no parameter {unknown[0]!r}", "reporter.yml",
                f"It has: {', '.join(sorted(check.params)) or 'none'}."))  # fmt: skip
            continue
        wrong = [
            p for p in sorted(own) if type(own[p]) is not type(check.params[p]) or own[p] == []
        ]
        if wrong:
            kind = _KINDS.get(type(check.params[wrong[0]]), "text")
            errors.append(InputError(
                f"params: {check.id}: {wrong[0]} must be {kind}, not {own[wrong[0]]!r}", "reporter.yml"))  # fmt: skip
            continue
        changed = replace(check, params={**check.params, **own})
        try:
            judged.append((changed, judge(changed.sql, changed.params, changed.place)))
        except ContentError as error:
            errors.append(error)
    if errors:
        raise Errors(errors)
    return judged


def _gather(
    engine: Engine,
    workspace: Workspace,
    content: Content,
    judged: list[tuple[Check, Judged]],
    intake: Intake,
) -> Assessment:
    """Score the cells and put everything a report needs into one object."""
    checks = tuple(c for c, _ in judged)
    profile = content.profiles[workspace.run.profile]
    feeds = _feeds(engine)
    scores = score(
        content.frameworks, checks, content.themes, judging.tallies(engine), content.policy, profile,
        _caps(engine, content),
    )  # fmt: skip
    return Assessment(
        run=workspace.run, frameworks=content.frameworks, checks=checks, themes=content.themes,
        policy=content.policy, profile=profile, scores=scores,
        findings=tuple(judging.findings(engine)), cells=int(engine.one("SELECT count(*) FROM cells")),
        files=intake.files, out_of_scope_types=intake.out_of_scope, quarantined=intake.quarantined,
        feeds=feeds, coverage=_coverage(engine), compared=_compared(engine), population=_population(engine), context=_context(engine, content),
        hashes=_hashes(workspace, content, checks, intake), crosswalks=content.crosswalks,
    )  # fmt: skip


def _feeds(engine: Engine) -> tuple[Feed, ...]:
    return tuple(
        Feed(*row)
        for row in engine.rows(
            "SELECT log_source, every, expected, seen, first_at, last_at, longest_gap_hours, alive, n_events, "
            "median_delay_seconds, p95_delay_seconds, n_out_of_order, n_late_clock FROM feeds ORDER BY log_source"
        )
    )


def _coverage(engine: Engine) -> tuple[Coverage, ...]:
    return tuple(
        Coverage(*row)
        for row in engine.rows(
            "SELECT actor_id, log_source, expected_days, seen_days, longest_gap_days, n_events, first_at, last_at "
            "FROM coverage ORDER BY seen_days, actor_id, log_source"
        )
    )


def _compared(engine: Engine) -> Comparison:
    return Comparison(
        tuple(Scope(*r) for r in engine.rows(
            "SELECT agent_id, coalesce(purpose, ''), max(n_clean_runs), count(*), count(CASE WHEN n_deviations > 0 THEN 1 END), "
            "count(CASE WHEN n_deviations = 0 AND n_new_reads > 0 THEN 1 END) FROM scope_runs GROUP BY ALL ORDER BY 5 DESC, 1, 2")),
        tuple(Deviation(*r) for r in engine.rows(
            "SELECT agent_id, coalesce(purpose, ''), session_id, kind, name, tool, changes, basis, first_at, ref FROM deviations "
            "ORDER BY NOT changes, agent_id, purpose, session_id, kind, name, ref")),
        tuple(Observed(*r) for r in engine.rows("SELECT * FROM observed ORDER BY n_outside + n_unapproved DESC, n_unused DESC, actor_id")),
        tuple(Unused(*r) for r in engine.rows(
            "SELECT actor_id, type, name, coalesce(purpose, ''), coalesce(effect, ''), privileged, approved_at, ref FROM unused_grants "
            "ORDER BY NOT privileged, actor_id, type, name, ref")),
        tuple(Rated(*r) for r in engine.rows(
            "SELECT r.actor_id, coalesce(r.risk_tier, ''), autonomy_lo, autonomy_hi, blast_lo, blast_hi, data_lo, data_hi, "
            "tier_lo, tier_hi, f.factors_lo, f.factors_hi FROM risk AS r JOIN factors AS f USING (actor_id) JOIN agents AS a USING (actor_id) "
            "WHERE coalesce(a.state, 'active') = 'active' ORDER BY tier_hi DESC, tier_lo DESC, f.factors_hi DESC, r.actor_id")),
    )  # fmt: skip


def _caps(engine: Engine, content: Content) -> list[tuple[int, str]]:
    """The enterprise caps of policy.yml whose condition holds."""
    days = int(engine.one("SELECT count(DISTINCT date_trunc('day', hour)) FROM feed_hours"))
    ghosts = engine.one(
        "SELECT count(*) FROM activity WHERE NOT registered AND actor_kind = 'agent' AND in_window "
        "AND outcome = 'success' AND (effect NOT IN ('read', 'write') OR classification = 'restricted')"
    )
    holds = {
        "no-logs": days == 0,
        "short-logs": 0 < days < next(c[3] for c in content.policy.caps if c[0] == "short-logs"),
        "single-period": True,
        "ghost-high-impact": bool(ghosts),
    }
    return [
        (level, reason) for cap, level, reason, _ in content.policy.caps if holds.get(cap, False)
    ]


def _population(engine: Engine) -> dict[str, int]:
    kinds = dict(
        engine.rows(
            "SELECT kind, count(*) FROM actors WHERE registered GROUP BY kind ORDER BY kind"
        )
    )
    kinds["shadow"] = int(engine.one("SELECT count(*) FROM actors WHERE NOT registered"))
    return kinds


def _context(engine: Engine, content: Content) -> dict[str, object]:
    """Figures shown beside the score; counts of agents, so never the published benchmark's counts of organisations."""
    covered = dict(
        engine.rows("SELECT status, count(*) FROM cells WHERE check_id = 'POL-02' GROUP BY status")
    )
    total = sum(covered.values())
    passed, unknown = covered.get(Status.PASS, 0), covered.get(Status.UNKNOWN, 0)
    units = engine.rows(
        "SELECT count(DISTINCT business_unit), count(DISTINCT business_unit) FILTER (WHERE kind = 'agent' "
        "AND state = 'active') FROM actors WHERE business_unit IS NOT NULL"
    )[0]
    coverage = (
        {"lo": Fraction(passed, total), "hi": Fraction(passed + unknown, total)} if total else None
    )
    return {
        "agents_active": int(engine.one("SELECT count(*) FROM agents WHERE state = 'active'")),
        "agents_covered": passed if total else None,
        "policy_coverage": coverage,
        "units_total": units[0] or None,
        "units_with_agents": units[1] if units[0] else None,
        "benchmark": content.benchmark,
    }


def _hashes(
    workspace: Workspace, content: Content, checks: tuple[Check, ...], intake: Intake
) -> dict[str, str]:
    """What the evidence rests on, and one id over it all (printed on every page)."""
    inputs = hashlib.sha256(
        "".join(f"{f.file}\0{f.sha256}\n" for f in intake.files).encode()
    ).hexdigest()
    thresholds = json.dumps({c.id: c.params for c in checks}, sort_keys=True, default=str)
    parts = {
        "inputs": inputs,
        "content": content.sha256,
        "policy": content.policy.sha256,
        "workspace": sha256(workspace.folder / "reporter.yml"),
        "thresholds": hashlib.sha256(thresholds.encode()).hexdigest(),
        "reporter": _version(),
        "engine": db.version(),
    }
    maps = sorted((workspace.folder / FOLDER).glob("*.yml"))
    if maps:
        joined = "".join(f"{p.name}\0{sha256(p)}\n" for p in maps)
        parts["mappings"] = hashlib.sha256(joined.encode()).hexdigest()
    text = json.dumps(parts, sort_keys=True)
    return {"evidence_id": hashlib.sha256(text.encode()).hexdigest(), **parts}


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("agent-reporter")
    except PackageNotFoundError:
        return "checkout"


def _chosen(workspace: Workspace, content: Content) -> Content:
    """Keep the lists that the workspace names, in its order, and the crosswalks between them."""
    catalogs = {f.id: f for f in content.frameworks}
    usual = tuple(f.id for f in content.frameworks if not f.optional)
    named = workspace.frameworks or usual
    known = {*catalogs, *(w.origin for w in content.crosswalks)}
    place = str(workspace.folder / "reporter.yml")
    for name in named:
        if name not in known:
            close = get_close_matches(name, known, 1)
            guess = f"Did you mean {close[0]}? " if close else ""
            raise InputError(
                f"frameworks: no {name!r}", place, f"{guess}Known: {', '.join(sorted(known))}."
            )
    if not catalogs.keys() & set(named):
        raise InputError(
            f"frameworks: {named[0]} is known from crosswalks only", place,
            f"Name a catalog beside it, such as {', '.join(usual)}.",
        )  # fmt: skip
    ends = {*named, CHECKS}
    walks = (w for w in content.crosswalks if w.origin in ends and w.target in ends)
    chosen = tuple(catalogs[name] for name in named if name in catalogs)
    return replace(content, frameworks=chosen, crosswalks=tuple(walks))


def _refuse_unknown(workspace: Workspace, content: Content) -> None:
    place = str(workspace.folder / "reporter.yml")
    if workspace.run.profile not in content.profiles:
        raise InputError(
            f"no profile {workspace.run.profile!r}",
            place,
            f"Known: {', '.join(sorted(content.profiles))}.",
        )
    known = {c.id for c in content.checks}
    for check_id in workspace.params:
        if check_id not in known:
            raise InputError(f"params: no check {check_id!r}", place)


def _refuse_nothing(intake: Intake, folder: Path) -> None:
    if intake.rows["actors"] or intake.rows["events"]:
        return
    seen = "\n".join(f"  {f.file}: {f.why}" for f in intake.files[:20])
    more = f"\n  and {len(intake.files) - 20} more" if len(intake.files) > 20 else ""
    raise InputError(
        "no agent, no other actor and no event could be read from it", str(folder),
        f"Files seen:\n{seen}{more}" if intake.files else
        "It holds no files under inventory/, logs/ or statements/. `reporter formats` lists what can be read.",
    )  # fmt: skip

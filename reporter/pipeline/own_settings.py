"""Settings of a workspace that may raise a number, and the results without them.

In: a workspace, an assessed engine. Out: the settings, and the tallies with shipped settings. The
engine is changed, so that nothing else is read from it afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reporter.content.loader import Content
from reporter.content.workspace import Workspace
from reporter.engine.base import Engine, quoted_list
from reporter.engine.duckdb import DuckDB
from reporter.evaluate import extract, runner
from reporter.evaluate.unassessed import NOT_ACTORS, Runner, silence
from reporter.i18n.translate import mark
from reporter.model.assessment import Assessment, Check, Notice, Quarantined
from reporter.model.scores import Tally
from reporter.model.sentences import Sentence, labelled, tell
from reporter.model.statements import Compensation
from reporter.pipeline.run_scores import Scoring
from reporter.pipeline.tested_checks import settle_by_tests
from reporter.schema.compiled import Compiled
from reporter.schema.tables import EVENT_TABLES, ORGANISATION
from reporter.score import TOP
from reporter.statements import exceptions
from reporter.statements.approvers import Directory
from reporter.statements.attestations import Settled
from reporter.transform.approved_scope import Baseline, misplaced, review_scope
from reporter.transform.log_coverage import DEFAULT_SHARE

CompiledChecks = Sequence[tuple[Check, Compiled]]
ON_DELIVERY = {"feeds", "feed_gaps", "dead_logs"}
"""Tables that tell which logs count as alive."""
_ON_BASELINE = {"scope_runs"}


@dataclass(frozen=True, slots=True)
class OwnSettings:
    """Settings of the workspace itself."""

    lines: tuple[Sentence, ...] = ()
    thresholds: frozenset[str] = frozenset()
    """Checks with a threshold that is not the shipped one."""
    delivery: bool = False
    """A log counts as alive with less than the shipped share."""
    baseline: bool = False


def own_settings(workspace: Workspace, checks: Sequence[Check]) -> OwnSettings:
    """List the settings that may raise a number."""
    params = [
        tell(
            "params: {check} {name} {value} (default {shipped})",
            check=c.id,
            name=name,
            value=_value(c.params[name]),
            shipped=_value(value),
        )
        for c in checks
        for name, value in sorted(c.shipped.items())
    ]
    shares = [
        _delivers(name, every, share)
        for name, (every, share) in sorted(workspace.log_sources.items())
        if share < DEFAULT_SHARE
    ]
    samples = [
        tell(
            "samples: {check} is based on {size} of {frame}",
            check=c.id,
            size=c.sample.size,
            frame=c.sample.frame,
        )
        for c in checks
        if c.sample
    ]
    baseline = workspace.baseline
    runs = (
        [
            tell(
                "baseline: approved by {name} on {day}",
                name=baseline.approved_by,
                day=f"{baseline.approved_at:%Y-%m-%d}",
            )
        ]
        if baseline
        else []
    )
    return OwnSettings(
        (*params, *shares, *samples, *runs),
        frozenset(c.id for c in checks if c.shipped),
        bool(shares),
        bool(runs),
    )


def _delivers(name: str, every: str, share: float) -> Sentence:
    text = (
        mark(
            "log_sources: {name} counts as delivering with {share} % of its hours (default "
            "{shipped} %)"
        )
        if every == "hour"
        else mark(
            "log_sources: {name} counts as delivering with {share} % of its days (default "
            "{shipped} %)"
        )
    )
    return Sentence(text, (("name", name), ("share", str(share)), ("shipped", str(DEFAULT_SHARE))))


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value).strip()


def approved_baseline(
    engine: DuckDB, workspace: Workspace, directory: Directory
) -> tuple[Baseline, list[Notice]]:
    """Return the baseline of approved runs, and what a reader must know of it. Without an
    authorised approver the baseline is empty.
    """
    baseline = workspace.baseline
    count = int(engine.one("SELECT count(*) FROM in_baseline"))
    notices = _period_notices(engine)
    if not baseline and not count:
        return Baseline(holds=False), notices
    why: Sentence | None = tell("reporter.yml names nobody under baseline: approved_by")
    if baseline:
        why = directory.objection("baseline", baseline.approved_by, baseline.approved_at)
    if why:
        notices.append(Notice("baseline_not_approved", (("n", count), ("why", why))))
    if not baseline or why:
        return Baseline(holds=False), notices
    approver_agents = tuple(
        agent
        for agent, owner in engine.rows(
            "SELECT actor_id, owner_id FROM actors WHERE owner_id IS NOT NULL ORDER BY actor_id"
        )
        if directory.same(owner, baseline.approved_by)
    )
    if own_count := int(
        engine.one(
            "SELECT count(*) FROM in_baseline AS b JOIN event_actors AS k USING (who) "
            f"WHERE list_contains({quoted_list(approver_agents)}, k.agent_id)"
        )
    ):
        why = tell("{name} owns the agent", name=baseline.approved_by)
        notices.append(Notice("baseline_not_approved", (("n", own_count), ("why", why))))
    return Baseline(
        baseline.since, baseline.until, baseline.approved_at, but_of=approver_agents
    ), notices


def _period_notices(engine: DuckDB) -> list[Notice]:
    lines = tuple(labelled(file, count) for file, _, count in misplaced(engine))
    count = sum(count for _, _, count in misplaced(engine))
    return [Notice("baseline_in_period", (("n", count),), lines, "quarantine.csv")] if count else []


def misplaced_notes(engine: Engine) -> tuple[Quarantined, ...]:
    """Note for each file below baseline/ how many events of the period it holds."""
    return tuple(
        Quarantined(
            file,
            record,
            "baseline",
            tell(
                "{n} events are dated within the period; they count as activity, not as approved",
                n=n,
            ),
            "",
        )
        for file, record, n in misplaced(engine)
    )


def remember(engine: DuckDB, settings: OwnSettings) -> None:
    """Keep the original results, if they will be compared with those under shipped settings."""
    if settings.lines:
        engine.run("CREATE TABLE found_results AS SELECT * FROM results")


def beside_shipped(
    engine: DuckDB,
    settings: OwnSettings,
    content: Content,
    compiled: CompiledChecks,
    shipped: CompiledChecks,
    assessment: Assessment,
    answers: Settled,
    compensations: Sequence[Compensation],
    directory: Directory,
    run: Runner,
) -> Notice:
    """Return a notice of the score under the settings that the checks ship with.

    `shipped` are the checks with thresholds of the workspace, compiled without these;
    `compensations` the compensating controls as read.
    """
    caps = extract.caps(engine, content, assessment.roadmap.ceiling == TOP)
    tallies = shipped_tallies(
        engine, settings, compiled, shipped, compensations, directory, run, content
    )
    scoring = Scoring(
        content, content.checks, assessment.profile, tallies, (), caps, answers.answers
    )
    shipped_scores, own_scores = scoring.scores(content.policy), assessment.scores
    shipped_total, own_total = (s.enterprise.total for s in (shipped_scores, own_scores))
    return Notice(
        "own_settings",
        (
            ("n", len(settings.lines)),
            ("own_level", own_scores.level.lo),
            ("shipped_level", shipped_scores.level.lo),
        ),
        settings.lines,
        mark("the auditor's edition, Scope"),
        (("own", own_total.lo), ("shipped", shipped_total.lo)),
    )


def shipped_tallies(
    engine: DuckDB,
    settings: OwnSettings,
    compiled: Sequence[tuple[Check, Compiled]],
    shipped: Sequence[tuple[Check, Compiled]],
    compensations: Sequence[Compensation],
    directory: Directory,
    run: Runner,
    content: Content,
) -> list[Tally]:
    """Run the checks again that the workspace's settings affect, and count all results;
    `compensations` are as read. A check of which only the silence of logs differs is not run.
    """
    replacements = {c.id: (c, j) for c, j in shipped}
    engine.run("DROP TABLE results")
    engine.run("ALTER TABLE found_results RENAME TO results")
    unseen = {
        i for (i,) in engine.rows("SELECT check_id FROM results WHERE subject = ?", [ORGANISATION])
    }
    reruns, silenced = [], []
    for check, query in compiled:
        if check.id in replacements or _is_touched(settings, query):
            reruns.append(replacements.get(check.id, (check, query)))
        elif settings.delivery and query.tables & EVENT_TABLES:
            if check.about in NOT_ACTORS or check.id in unseen:
                reruns.append((check, query))
            else:
                silenced.append(check)
    ids = quoted_list([c.id for c, _ in reruns])
    engine.run(f"DELETE FROM results WHERE list_contains({ids}, check_id)")
    if settings.delivery:
        alive = f"expected > 0 AND seen * 100 >= expected * {DEFAULT_SHARE}"
        engine.run(f"UPDATE feed_delivery SET alive = alive AND {alive}")
        runner.look(engine)
        silence(engine, silenced)
    if settings.baseline:
        review_scope(engine, Baseline(holds=False))
    sources = {s.id: s for s in content.sources}
    runner.assess(engine, reruns, engine.threads(), strict=False, run=run, sources=sources)
    settle_by_tests(engine, content)
    exceptions.compensate(engine, compensations, [c for c, _ in compiled], directory)
    return extract.tallies(engine)


def _is_touched(settings: OwnSettings, compiled: Compiled) -> bool:
    return bool(
        (settings.delivery and compiled.tables & ON_DELIVERY)
        or (settings.baseline and compiled.tables & _ON_BASELINE)
    )

"""Settings of a workspace that may raise a number, and what the cells would be without them.

In: a workspace, an assessed engine. Out: what is set, and the tallies with shipped settings. The engine is changed by it,
so that nothing else is read from it afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reporter import effects, results
from reporter import runner as judging
from reporter.answers import Compensation
from reporter.approvers import Directory
from reporter.attestations import Settled
from reporter.catalog import Content
from reporter.db import Engine, quoted_list
from reporter.ingest.baseline import misplaced
from reporter.ingest.feeds import DEFAULT_SHARE
from reporter.ingest.scope import Baseline, review_scope
from reporter.model import Assessment, Check, Notice, Quarantined
from reporter.schema import EVENT_TABLES
from reporter.scores import Tally
from reporter.scoring import Cells
from reporter.sql import Judged
from reporter.workspace import Workspace

Judgements = Sequence[tuple[Check, Judged]]
_ON_DELIVERY = EVENT_TABLES | {"feeds", "feed_gaps", "dead_logs"}
"""Tables whose checks say something else when more or fewer logs count as alive."""
_ON_BASELINE = {"scope_runs"}


@dataclass(frozen=True, slots=True)
class OwnSettings:
    """What a workspace sets itself."""

    lines: tuple[str, ...] = ()
    thresholds: frozenset[str] = frozenset()
    """Checks with a threshold that is not the shipped one."""
    delivery: bool = False
    """A log counts as alive with less than the shipped share."""
    baseline: bool = False


def own_settings(workspace: Workspace, checks: Sequence[Check]) -> OwnSettings:
    """List the settings that may raise a number."""
    params = [
        f"params: {c.id} {name} {_value(c.params[name])}, shipped {_value(value)}"
        for c in checks
        for name, value in sorted(c.shipped.items())
    ]
    shares = [
        f"log_sources: {name} counts as delivering with {share} % of its {every}s, shipped {DEFAULT_SHARE} %"
        for name, (every, share) in sorted(workspace.log_sources.items())
        if share < DEFAULT_SHARE
    ]
    samples = [
        f"samples: {c.id} rests on {c.sample.size} of {c.sample.frame}" for c in checks if c.sample
    ]
    said = workspace.baseline
    runs = [f"baseline: approved by {said.approved_by} on {said.approved_at:%Y-%m-%d}"] if said else []  # fmt: skip
    return OwnSettings(
        (*params, *shares, *samples, *runs), frozenset(c.id for c in checks if c.shipped), bool(shares), bool(runs)
    )  # fmt: skip


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value).strip()


def approved_baseline(engine: Engine, workspace: Workspace, who: Directory) -> tuple[Baseline, list[Notice]]:  # fmt: skip
    """Return what the approved runs approve, and what a reader must know of it: nothing, where nobody approved who may."""
    said = workspace.baseline
    n = int(engine.one("SELECT count(*) FROM in_baseline"))
    told = _inside(engine)
    if not said and not n:
        return Baseline(holds=False), told
    why = "reporter.yml names nobody under baseline: approved_by"
    if said:
        why = who.objection("baseline", said.approved_by, said.approved_at)
    if why:
        told.append(Notice("baseline_not_approved", (("n", n), ("why", why))))
    if not said or why:
        return Baseline(holds=False), told
    mine = tuple(
        agent
        for agent, owner in engine.rows(
            "SELECT actor_id, owner_id FROM actors WHERE owner_id IS NOT NULL ORDER BY actor_id"
        )
        if who.same(owner, said.approved_by)
    )
    if n_mine := int(engine.one(
        "SELECT count(*) FROM in_baseline AS b JOIN event_actors AS k USING (who) "
        f"WHERE list_contains({quoted_list(mine)}, k.agent_id)"
    )):  # fmt: skip
        why = f"{said.approved_by} owns the agent"
        told.append(Notice("baseline_not_approved", (("n", n_mine), ("why", why))))
    return Baseline(said.since, said.until, said.approved_at, but_of=mine), told


def _inside(engine: Engine) -> list[Notice]:
    lines = tuple(f"{file}: {n}" for file, _, n in misplaced(engine))
    n = sum(n for _, _, n in misplaced(engine))
    return [Notice("baseline_in_period", (("n", n),), lines, "quarantine.csv")] if n else []


def misplaced_notes(engine: Engine) -> tuple[Quarantined, ...]:
    """Say of each file below baseline/ how many events of the period it holds."""
    return tuple(
        Quarantined(
            file, record, "baseline", f"{n} events are dated inside the period: they count as what was done, not as approved", "",
        )
        for file, record, n in misplaced(engine)
    )  # fmt: skip


def remember(engine: Engine, own: OwnSettings) -> None:
    """Keep the cells as they were found, if they will be laid beside those with shipped settings."""
    if own.lines:
        engine.run("CREATE TABLE found_cells AS SELECT * FROM cells")


def beside_shipped(
    engine: Engine, own: OwnSettings, content: Content, judged: Judgements, shipped: Judgements, assessment: Assessment,
    said: Settled, given: Sequence[Compensation], who: Directory, run: judging.Runner,
) -> Notice:  # fmt: skip
    """Say what the score would be with the settings that the checks ship with.

    `shipped` are the checks with thresholds of their own, without these; `given` the compensating controls as read.
    """
    caps, caps_lo = results.caps(engine, content), results.caps_lo(engine, content)
    tallies = shipped_tallies(engine, own, judged, shipped, given, who, run)
    cells = Cells(content, content.checks, assessment.profile, tallies, (), caps, caps_lo, said.answers)  # fmt: skip
    before, now = cells.scores(content.policy).enterprise.total, assessment.scores.enterprise.total
    return Notice(
        "own_settings",
        (
            ("n", len(own.lines)), ("own_level", now.level_lo), ("shipped_level", before.level_lo),
        ),
        own.lines, "the auditor's edition, Scope", (("own", now.lo), ("shipped", before.lo)),
    )  # fmt: skip


def shipped_tallies(
    engine: Engine, own: OwnSettings, judged: Sequence[tuple[Check, Judged]], shipped: Sequence[tuple[Check, Judged]],
    given: Sequence[Compensation], who: Directory, run: judging.Runner,
) -> list[Tally]:  # fmt: skip
    """Judge again what own settings touch, and count all cells; `given` are the compensating controls as they were read."""
    mended = {c.id: (c, j) for c, j in shipped}
    again = [mended.get(c.id, (c, j)) for c, j in judged if c.id in mended or _touched(own, j)]
    engine.run("DROP TABLE cells")
    engine.run("ALTER TABLE found_cells RENAME TO cells")
    ids = quoted_list([c.id for c, _ in again])
    engine.run(f"DELETE FROM cells WHERE list_contains({ids}, check_id)")
    if own.delivery:
        alive = f"expected > 0 AND seen * 100 >= expected * {DEFAULT_SHARE}"
        engine.run(f"UPDATE feeds SET alive = alive AND {alive}")
        judging.look(engine)
    if own.baseline:
        review_scope(engine, Baseline(holds=False))
    judging.assess(engine, again, engine.threads(), strict=False, run=run)
    effects.compensate(engine, given, [c for c, _ in judged], who)
    return judging.tallies(engine)


def _touched(own: OwnSettings, judged: Judged) -> bool:
    return bool(
        (own.delivery and judged.tables & _ON_DELIVERY) or (own.baseline and judged.tables & _ON_BASELINE)
    )  # fmt: skip

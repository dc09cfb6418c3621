"""Whether an earlier run shows that what failed then is closed. In: verified runs, an engine with
results. Out: yes, which lifts the cap that stands for a single period, or why not.

An earlier run can only lift that cap, so to name one never lowers a level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from reporter.content.loader import Content
from reporter.engine.base import quoted
from reporter.engine.duckdb import DuckDB, named_plainly, parquet
from reporter.model.assessment import EarlierPeriod, Policy, RunInfo, Unclosed
from reporter.model.ids import DIGEST
from reporter.model.scores import Status
from reporter.report.trend.earlier_runs import VerifiedRun, in_utc
from reporter.runs.store import RESULTS
from reporter.score.scorer import CAP_TIER

LEAST_LEVEL = 4
MOST_DAYS = 100
"""Between the end of that period and the start of this one."""
NAMED = 4
"""Subjects named for a check."""
_EARLIER = "earlier_results"
_STRICT = ("critical", "high")
_TODAY = (
    "SELECT check_id, CAST(subject AS VARCHAR) AS subject, CAST(actor AS VARCHAR) AS actor, status,"
    f" tier_lo, tier_hi FROM results WHERE status <> '{Status.NA}'"
)


@dataclass(frozen=True, slots=True)
class Followed:
    """The earlier run that this one follows, or why it follows none."""

    run: VerifiedRun | None = None
    why: str = ""


NOT_FOLLOWED = Followed(None, "none")


def load_earlier(
    engine: DuckDB,
    runs: Sequence[VerifiedRun],
    run: RunInfo,
    content: Content,
    names: Sequence[tuple[str, str]],
) -> Followed:
    """Return the last earlier run, with why it may not lift the cap; if it may, make a table of its
    results. By `names`, (alias, actor), whom it knew under another name is followed.
    """
    if not runs:
        return NOT_FOLLOWED
    if why := _objection(runs[-1], run, content):
        return Followed(None, why)
    engine.run("CREATE TABLE earlier_names (alias VARCHAR, actor VARCHAR)")
    engine.insert("earlier_names", list(names))
    with named_plainly(runs[-1].folder / RESULTS) as path:
        engine.run(
            f'CREATE TABLE {_EARLIER} AS SELECT e."check" AS check_id, coalesce(s.actor,'
            " CAST(e.subject AS VARCHAR)) AS subject, CAST(e.id AS VARCHAR) AS id,"
            " coalesce(a.actor, CAST(e.actor AS VARCHAR)) AS actor,"
            f" CAST(e.status AS VARCHAR) AS status FROM {parquet(path)} AS e LEFT JOIN"
            " earlier_names AS s ON s.alias = e.subject LEFT JOIN earlier_names AS a ON a.alias ="
            " e.actor"
        )
    return Followed(runs[-1])


def _objection(earlier: VerifiedRun, run: RunInfo, content: Content) -> str:
    """Say if an earlier run was not scored like this one (scale), did not end in time, or is not
    good enough (level); '' if it may be followed.
    """
    level_of = {c.id: (c.level, c.severity) for c in earlier.assessment.checks}
    is_alike = earlier.assessment.policy.sha256 == content.policy.sha256 and all(
        level_of.get(c.id) == (c.level, c.severity) for c in content.checks
    )
    gap = in_utc(run.period_from) - earlier.run.period_to
    in_time = timedelta(0) <= gap <= timedelta(days=MOST_DAYS)
    is_good = earlier.assessment.scores.level.lo >= LEAST_LEVEL
    held = {"scale": is_alike, "time": in_time, "level": is_good}
    return next((why for why, holds in held.items() if not holds), "")


def earlier_period(engine: DuckDB, followed: Followed, content: Content) -> EarlierPeriod:
    """Say whether there is an earlier run that speaks of enough of today's actors, and what failed
    there at critical or high severity passes now.
    """
    if followed.run is None:
        return EarlierPeriod(followed.why)
    if followed.run.is_without_people:
        _follow_ids(engine)
    if not _covers(engine, followed.run, content.policy):
        return EarlierPeriod("cover")
    return EarlierPeriod("") if _is_mended(engine, content) else _unclosed(engine, content)


def _follow_ids(engine: DuckDB) -> None:
    """Let what a purge has given pseudonyms have the names of today: its ids are the same."""
    engine.run(
        "CREATE TABLE same_ids AS SELECT DISTINCT e.subject AS old, t.subject AS now, e.subject ="
        f" e.actor AS is_actor FROM {_EARLIER} AS e JOIN (SELECT check_id || '-' || {DIGEST} AS id,"
        f" subject FROM ({_TODAY})) AS t USING (id) WHERE e.subject <> t.subject"
    )
    engine.run(f"UPDATE {_EARLIER} SET subject = now FROM same_ids WHERE subject = old")
    engine.run(f"UPDATE {_EARLIER} SET actor = now FROM same_ids WHERE is_actor AND actor = old")


def _covers(engine: DuckDB, run: VerifiedRun, policy: Policy) -> bool:
    """Tell whether it has results on enough of the actors, by weight, that existed then; those of
    whom no date says when they began did.
    """
    rows = engine.rows(
        "SELECT e.actor IS NOT NULL, t.lo, t.hi, count(*) FROM (SELECT actor, min(tier_lo) AS lo,"
        f" max(tier_hi) AS hi FROM ({_TODAY}) AS r WHERE coalesce(actor, '') <> '' GROUP BY actor)"
        f" AS t LEFT JOIN (SELECT DISTINCT actor FROM {_EARLIER} WHERE status <> '{Status.NA}') AS"
        " e ON e.actor = t.actor LEFT JOIN (SELECT actor_id, min(created_at) AS created_at FROM"
        " actors GROUP BY actor_id) AS a ON a.actor_id = t.actor WHERE a.created_at IS NULL OR"
        f" a.created_at < TIMESTAMP '{run.run.period_to.isoformat(sep=' ')}' GROUP BY ALL"
    )
    weights = policy.tier_weights
    known = sum(n * min(weights[lo - 1 : hi]) for is_known, lo, hi, n in rows if is_known)
    other = sum(n * max(weights[lo - 1 : hi]) for is_known, lo, hi, n in rows if not is_known)
    return known > 0 and Fraction(known, known + other) >= policy.rating_edges[-1]


def _failed_then(content: Content) -> str:
    """SQL: today's results of what failed then at critical or high severity."""
    ids = ", ".join(quoted(c.id) for c in content.checks if c.severity in _STRICT)
    return (
        f"({_TODAY}) AS t JOIN {_EARLIER} AS e ON e.check_id = t.check_id AND e.subject ="
        f" t.subject WHERE e.status = '{Status.FAIL}' AND t.check_id IN ({ids})"
    )


def _is_mended(engine: DuckDB, content: Content) -> bool:
    strict = {c.id: c.severity for c in content.checks if c.severity in _STRICT}
    rows = engine.rows(
        "SELECT t.check_id, t.status, t.tier_lo, t.tier_hi, count(*) FROM"
        f" {_failed_then(content)} GROUP BY ALL"
    )
    weights = content.policy.tier_weights
    passed = open_weight = 0
    for check, status, lo, hi, n in rows:
        if status == Status.PASS:
            passed += n * min(weights[lo - 1 : hi])
            continue
        if strict[check] == "critical" and hi >= CAP_TIER:
            return False
        open_weight += n * max(weights[lo - 1 : hi])
    total = passed + open_weight
    return not total or Fraction(passed, total) > content.policy.rating_edges[-1]


def _unclosed(engine: DuckDB, content: Content) -> EarlierPeriod:
    """Name what failed then and does not pass now."""
    rows = engine.rows(
        f"SELECT CAST(t.check_id AS VARCHAR), count(*), list(t.subject ORDER BY t.tier_hi DESC,"
        f" t.subject)[:{NAMED}] FROM {_failed_then(content)} AND t.status <> '{Status.PASS}' GROUP"
        " BY ALL ORDER BY ALL"
    )
    return EarlierPeriod("open", tuple(Unclosed(c, n, tuple(names)) for c, n, names in rows))

"""Tables of an assessed engine as plain data for the report. In: an engine with results. Out:
feeds, comparison ...
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from typing import Any, TypeVar

from reporter.content.loader import Content
from reporter.engine.base import Engine
from reporter.evaluate.unassessed import IS_HELD
from reporter.model.assessment import Context, Coverage, Feed, Notice
from reporter.model.comparison import (
    Comparison,
    Deviation,
    EntitlementUsage,
    RatedAgent,
    Scope,
    Step,
    UnusedGrant,
)
from reporter.model.scores import Status, Tally
from reporter.model.sentences import labelled, tell
from reporter.schema.tables import CALLED

_Row = TypeVar("_Row")
HONOURED = "CASE WHEN waiver IS NULL THEN status ELSE 'pass' END"
"""The status of a result if waivers were passes."""


def tallies(engine: Engine, where: str = "TRUE", status: str = "status") -> list[Tally]:
    """Return the number of results per check, status and tier interval; `status` is SQL."""
    return [
        Tally(c, Status(s), lo, hi, n)
        for c, s, lo, hi, n in engine.rows(
            f"SELECT check_id, {status} AS status, tier_lo, tier_hi, count(*) FROM results "
            f"WHERE {where} GROUP BY ALL ORDER BY ALL"
        )
    ]


def classed(engine: Engine) -> dict[str, list[tuple[str, Tally]]]:
    """Return by check how many results of each kind have which class of evidence."""
    by_check: dict[str, list[tuple[str, Tally]]] = defaultdict(list)
    for check, status, kind, lo, hi, n in engine.rows(
        "SELECT CAST(check_id AS VARCHAR), status, CAST(evidence AS VARCHAR), tier_lo, tier_hi,"
        " count(*) FROM results GROUP BY ALL ORDER BY ALL"
    ):
        by_check[check].append((kind or "", Tally(check, Status(status), lo, hi, n)))
    return by_check


def declaring(engine: Engine) -> set[str]:
    """Return the checks that nothing meets and whose failures all rest on what is declared."""
    rows = engine.rows(
        f"SELECT CAST(check_id AS VARCHAR) FROM results GROUP BY check_id HAVING NOT"
        f" bool_or({IS_HELD}) AND bool_or(status = 'fail') AND bool_and(evidence = 'declared')"
        " FILTER (status = 'fail')"
    )
    return {check for (check,) in rows}


def relied(engine: Engine) -> list[tuple[Any, ...]]:
    """Return on what compensated results rest: the rows of `relied`, which `compensate` made."""
    return engine.rows("SELECT * FROM relied ORDER BY ALL")


def evidence(engine: Engine) -> tuple[tuple[str, str, int], ...]:
    """Return (check, class of evidence, number) of the results that are met."""
    return tuple(
        engine.rows(
            "SELECT CAST(check_id AS VARCHAR), CAST(evidence AS VARCHAR), count(*) FROM results"
            f" WHERE {IS_HELD} AND evidence <> '' GROUP BY ALL ORDER BY ALL"
        )
    )


def feeds(engine: Engine) -> tuple[Feed, ...]:
    """Return the delivery record of each log source."""
    return tuple(
        Feed(*row)
        for row in engine.rows(
            "SELECT log_source, every, expected, seen, first_at, last_at, longest_gap_hours, alive,"
            " n_events, median_delay_seconds, p95_delay_seconds, n_out_of_order, n_late_clock FROM"
            " feeds ORDER BY log_source"
        )
    )


def feed_days(engine: Engine) -> tuple[tuple[str, tuple[tuple[int, int], ...]], ...]:
    """Return for each log and day of the period the number of expected units in which it
    delivered.
    """
    days_by_source: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for source, day, units in engine.rows(
        "SELECT log_source, date_diff('day', r.period_from, h.hour), count(DISTINCT CASE f.every"
        " WHEN 'hour' THEN h.hour END) + count(DISTINCT CASE f.every WHEN 'day' THEN 1 END) FROM"
        " feed_hours AS h JOIN feeds AS f USING (log_source) CROSS JOIN run AS r GROUP BY 1, 2"
        " ORDER BY 1, 2"
    ):
        days_by_source[source].append((day, units))
    return tuple((source, tuple(days)) for source, days in days_by_source.items())


def coverage(engine: Engine) -> tuple[Coverage, ...]:
    """Return on how many days each log shows each agent, the least seen first."""
    return _each(
        engine,
        Coverage,
        "SELECT actor_id, log_source, expected_days, seen_days, longest_gap_days, n_events,"
        " first_at, last_at FROM coverage ORDER BY seen_days, actor_id, log_source",
    )


def compared(engine: Engine) -> Comparison:
    """Return what agents did, compared with what they were granted."""
    return Comparison(
        _each(
            engine,
            Scope,
            "SELECT agent_id, coalesce(purpose, ''), max(n_clean_runs), count(*), count(CASE"
            " WHEN n_deviations > 0 THEN 1 END), count(CASE WHEN n_deviations = 0 AND"
            " n_new_reads > 0 THEN 1 END) FROM scope_runs GROUP BY ALL ORDER BY 5 DESC, 1, 2",
        ),
        _each(
            engine,
            Deviation,
            "SELECT agent_id, coalesce(purpose, ''), session_id, kind, name, tool, changes,"
            " basis, first_at, ref FROM deviations ORDER BY NOT changes, agent_id, purpose,"
            " session_id, kind, name, ref",
        ),
        _each(
            engine,
            EntitlementUsage,
            "SELECT * FROM entitlement_usage ORDER BY n_outside + n_unapproved DESC, n_unused"
            " DESC, actor_id",
        ),
        _each(
            engine,
            UnusedGrant,
            "SELECT actor_id, type, name, coalesce(purpose, ''), coalesce(effect, ''),"
            " privileged, approved_at, ref FROM unused_grants ORDER BY NOT privileged,"
            " actor_id, type, name, ref",
        ),
        _each(
            engine,
            RatedAgent,
            "SELECT r.actor_id, coalesce(r.risk_tier, ''), autonomy_lo, autonomy_hi, blast_lo,"
            " blast_hi, data_lo, data_hi, tier_lo, tier_hi, f.factors_lo, f.factors_hi,"
            " coalesce(a.business_unit, '') FROM risk_tiers AS r JOIN factors AS f USING"
            " (actor_id) JOIN agents AS a USING (actor_id) WHERE coalesce(a.state, 'active') ="
            " 'active' ORDER BY tier_hi DESC,"
            " tier_lo DESC, f.factors_hi DESC, r.actor_id",
        ),
        _each(engine, Step, _PATHS),
    )


def _each(engine: Engine, kind: Callable[..., _Row], sql: str) -> tuple[_Row, ...]:
    """Return the rows of a query as objects; equal values of a column are one object."""
    rows, objects = engine.each(sql), list[_Row]()
    values: dict[int, dict[Any, Any]] = defaultdict(dict)
    for batch in iter(lambda: list(islice(rows, 1000)), []):
        columns = enumerate(zip(*batch, strict=True))
        objects += map(kind, *(map(values[at].setdefault, c, c) for at, c in columns))
    return tuple(objects)


_USES = "sum(n_events)::BIGINT AS uses"
_FIRST = "min(first_at) AS first_at, arg_min(first_ref, (first_at, first_ref)) AS ref"
_PATHS = (
    f"WITH used AS (SELECT agent_id, kind, name, {_USES}, bool_or(changes_state) AS changes, CASE"
    " WHEN bool_or(approved_at IS NULL) THEN 'never' WHEN bool_or(approved_at > first_at) THEN"
    f" 'later' ELSE 'before' END AS standing, {_FIRST} FROM first_uses CROSS JOIN run AS r WHERE"
    " last_at >= r.period_from AND first_at < r.period_to GROUP BY agent_id, kind, name) SELECT"
    " u.agent_id, u.kind, u.name, uses, changes, CASE WHEN standing = 'never' AND NOT"
    " coalesce(a.approvals_recorded, FALSE) THEN 'not recorded' ELSE standing END AS standing, ''"
    " AS note, first_at, u.ref FROM used AS u JOIN agents AS a ON a.actor_id = u.agent_id UNION"
    f" ALL SELECT agent_id, 'tool', tool, {_USES}, bool_or(effect <> 'read'), 'unregistered', '',"
    f" {_FIRST} FROM activity WHERE NOT registered AND actor_kind = 'agent' AND agent_id IS NOT"
    " NULL AND in_window AND outcome = 'success' AND tool IS NOT NULL GROUP BY agent_id, tool"
    f" UNION ALL SELECT d.agent_id, 'principal', coalesce(root_id, ''), {_USES}, NULL, CASE WHEN"
    " bool_or(broken IS NOT NULL) THEN 'broken' WHEN bool_or(NOT root_active) THEN 'left' ELSE"
    " 'holds' END, coalesce(root_kind, ''), min(d.first_at), arg_min(first_ref, (d.first_at,"
    " first_ref)) FROM delegation_chains AS d JOIN agents AS a ON a.actor_id = d.agent_id WHERE"
    " in_window GROUP BY d.agent_id, root_id, root_kind ORDER BY 1, 2, 3, 7"
)
"""The principals of each agent and what it used; an unregistered agent has no approvals to look up.
"""


def caps(engine: Engine, content: Content, is_followed: bool) -> tuple[tuple[int, str], ...]:
    """Return (highest level, reason) of the caps of policy.yml that hold the level on evidence.

    `is_followed`: an earlier run shows that what failed then is closed.
    """
    days = int(engine.one("SELECT count(DISTINCT date_trunc('day', hour)) FROM feed_hours"))
    holds = {
        "short-logs": days < next(c[3] for c in content.policy.caps if c[0] == "short-logs"),
        "single-period": not is_followed,
    }
    return tuple((level, reason) for cap, level, reason, _ in content.policy.caps if holds[cap])


def unlisted(engine: Engine) -> tuple[Notice, ...]:
    """Name the actors that act and stand in no list, with what INV-02 found about them."""
    rows = engine.rows(
        f"SELECT {CALLED}(x.named) AS called, coalesce(min(x.actor_kind), ''),"
        " sum(x.n_events)::BIGINT AS n, bool_or(coalesce(t.may_be_agent OR t.kind = 'agent', FALSE)"
        " OR coalesce(x.actor_kind = 'agent', FALSE)) AS may_be, coalesce(min(c.status), '') AS"
        " status FROM (SELECT *, coalesce(stranger, agent_id) AS named FROM activity) AS x JOIN"
        " tiers AS t ON t.actor_id = x.named LEFT JOIN results AS c ON c.check_id = 'INV-02' AND"
        f" c.subject = {CALLED}(x.named) WHERE NOT t.registered AND x.in_window AND x.outcome <>"
        " 'denied' GROUP BY x.named ORDER BY may_be DESC, n DESC, called"
    )
    if not rows:
        return ()
    lines = tuple(
        tell("{agent} ({kind:word}): {n}", agent=agent, kind=kind or "?", n=n)
        for agent, kind, n, *_ in rows
    )
    status = Counter(status for *_, status in rows)
    values = (
        ("n", len(rows)),
        ("failed", status["fail"]),
        ("unknown", status["unknown"]),
        ("possible", sum(may_be for *_, may_be, _ in rows)),
    )
    return (Notice("unlisted_actors", values, lines, "findings.csv, INV-02"),)


def unnamed(engine: Engine) -> tuple[Notice, ...]:
    """Count the events of the period that name nobody: their actors are assessed nowhere."""
    rows = engine.rows(
        "SELECT log_source, sum(n_events)::BIGINT AS n FROM activity WHERE agent_id IS NULL AND"
        " in_window GROUP BY log_source ORDER BY n DESC, log_source"
    )
    if not rows:
        return ()
    total = sum(n for _, n in rows)
    lines = tuple(labelled(log, n) for log, n in rows)
    return (Notice("unnamed_events", (("n", total),), lines, "findings.csv, AUD-01"),)


def people(engine: Engine) -> dict[str, str]:
    """Return the names of the owners of results, by id; a name that two share is followed by the
    id. Without those that a list names only by their id.
    """
    rows = engine.rows(
        "SELECT o.owner, name, count(*) OVER (PARTITION BY name) FROM (SELECT DISTINCT"
        " CAST(owner AS VARCHAR) AS owner FROM results) AS o JOIN actors ON actor_id = o.owner"
        " WHERE name <> '' AND name <> o.owner ORDER BY 1"
    )
    return {owner: name if n == 1 else f"{name} ({owner})" for owner, name, n in rows}


def leavers(engine: Engine) -> tuple[str, ...]:
    """Return the owners of results who have left, by their list."""
    rows = engine.rows(
        "SELECT DISTINCT CAST(owner AS VARCHAR) FROM results JOIN actors AS a ON a.actor_id = owner"
        " CROSS JOIN run AS r WHERE a.kind = 'human' AND (a.state = 'retired' OR a.retired_at <"
        " r.as_of) ORDER BY 1"
    )
    return tuple(owner for (owner,) in rows)


def population(engine: Engine) -> dict[str, int]:
    """Return the number of actors by kind; `shadow` counts those seen only in logs."""
    kinds = dict(
        engine.rows(
            "SELECT kind, count(*) FROM actors WHERE registered GROUP BY kind ORDER BY kind"
        )
    )
    kinds["shadow"] = int(engine.one("SELECT count(*) FROM tiers WHERE NOT registered"))
    return kinds


def context(engine: Engine, content: Content) -> Context:
    """Return the figures shown next to the score. They count agents; the published benchmark counts
    organisations.
    """
    in_use = "coalesce(state, 'active') = 'active'"
    # Who is covered now counts here, though it was not from its first day.
    total, passes, unknowns = engine.rows(
        f"SELECT count(*), coalesce(sum((covered)::INT), 0)::BIGINT, coalesce(sum((status ="
        f" 'unknown' AND NOT covered)::INT), 0)::BIGINT FROM (SELECT status, {IS_HELD} OR"
        " reason_code IN ('policy_later', 'start_not_recorded') AS covered FROM results WHERE"
        f" check_id = 'POL-02' AND subject IN (SELECT {CALLED}(actor_id) FROM agents WHERE"
        f" {in_use})) AS p"
    )[0]
    units = engine.rows(
        "SELECT count(DISTINCT business_unit), count(DISTINCT business_unit) FILTER (WHERE kind ="
        f" 'agent' AND {in_use}) FROM actors WHERE business_unit IS NOT NULL"
    )[0]
    return Context(
        agents_in_use=int(engine.one(f"SELECT count(*) FROM agents WHERE {in_use}")),
        agents_assessed=total or None,
        policy_lo=Fraction(passes, total) if total else None,
        policy_hi=Fraction(passes + unknowns, total) if total else None,
        units_total=units[0] or None,
        units_with_agents=units[1] if units[0] else None,
        benchmark=content.benchmark,
    )

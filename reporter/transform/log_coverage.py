"""Were the logs delivering? In: events and what is expected of each log. Out: feeds, feed_gaps and
coverage; and heartbeats that tell of a deed, which are none.

A quiet agent can be told from a quiet log only here: how full each log is, how late it came, and in
what order."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from reporter.engine.base import Engine
from reporter.model.assessment import Quarantined
from reporter.model.sentences import tell

DEFAULT_SHARE = 90
CLOCK_SKEW_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Expected:
    """What a log source should deliver: an event or heartbeat in `share` percent of the units."""

    log_source: str
    every: str = "day"
    share: int = DEFAULT_SHARE


def measure_feeds(engine: Engine, expected: list[Expected], needed: Set[str]) -> None:
    """Make feeds (a log a row), feed_gaps, and where needed daily and coverage (an agent in a log a
    row).

    Where only others read feeds, who ask which logs were alive, their clocks are left out.
    """
    _expect(engine, expected)
    _find_gaps(engine)
    if "feeds" in needed:
        _time_arrivals(engine)
        _time_feeds(engine)
    else:
        engine.run(f"CREATE TEMP TABLE feed_clocks ({_CLOCKS})")
    _sum_up(engine)
    if needed & {"daily", "coverage"}:
        _cover_agents(engine)


def _expect(engine: Engine, expected: list[Expected]) -> None:
    """A log is declared by reporter.yml or by an actor that names it; the others merely arrived."""
    engine.run(
        "CREATE TEMP TABLE expectation (log_source VARCHAR, every VARCHAR, share BIGINT, declared"
        " BOOLEAN)"
    )
    for e in expected:
        engine.run(
            "INSERT INTO expectation VALUES (?, ?, ?, TRUE)", [e.log_source, e.every, e.share]
        )
    engine.run(
        f"INSERT INTO expectation SELECT log_source, 'day', {DEFAULT_SHARE}, bool_or(named) FROM"
        " (SELECT DISTINCT log_source, FALSE AS named FROM in_events UNION ALL SELECT log_source,"
        " TRUE FROM actor_log_sources) AS s ANTI JOIN expectation AS x USING (log_source) GROUP BY"
        " log_source"
    )


def _find_gaps(engine: Engine) -> None:
    engine.run(
        "CREATE TABLE feed_hours AS SELECT log_source, date_trunc('hour', occurred_at) AS hour,"
        " count(*) AS n, count(CASE WHEN event_class IS DISTINCT FROM 'heartbeat' THEN 1 END) AS"
        " n_busy, min(occurred_at) AS first_at, max(occurred_at) AS last_at FROM in_events AS e"
        " CROSS JOIN run AS r WHERE e.occurred_at >= r.period_from AND e.occurred_at <"
        " least(r.period_to, r.as_of) GROUP BY ALL"
    )
    engine.run(
        "CREATE TABLE feed_gaps AS SELECT *, date_sub('hour', from_at, until_at) AS hours FROM"
        " (SELECT log_source, lag(last_at, 1, period_from) OVER (PARTITION BY log_source ORDER BY"
        " first_at, last_at) AS from_at, first_at AS until_at FROM (SELECT log_source, first_at,"
        " last_at FROM feed_hours UNION ALL SELECT log_source, least(period_to, as_of),"
        " least(period_to, as_of) FROM expectation CROSS JOIN run) AS h CROSS JOIN run) AS g WHERE"
        " hours >= 1"
    )


_DELAY = "epoch_us(ingested_at) - epoch_us(occurred_at)"
_MINUTE = "epoch_us(ingested_at) // 60000000"


def _time_arrivals(engine: Engine) -> None:
    """How long after it happened each event was received, and how many were received after later
    ones.
    """
    engine.run(
        f"CREATE TEMP TABLE arrivals AS SELECT log_source, {_MINUTE} AS minute, "
        f"greatest(0, ({_DELAY} + 999999) // 1000000) AS delay, count(*) AS n, "
        "min(occurred_at) AS oldest_at, max(occurred_at) AS newest_at, "
        f"count(CASE WHEN {_DELAY} < -{CLOCK_SKEW_SECONDS * 1000000} THEN 1 END) AS n_late_clock "
        "FROM in_events WHERE ingested_at IS NOT NULL AND occurred_at IS NOT NULL "
        "GROUP BY GROUPING SETS ((log_source, minute), (log_source, delay))"
    )
    engine.run(
        "CREATE TEMP TABLE delays AS SELECT log_source, min(CASE WHEN upto * 2 >= total THEN delay"
        " END) AS median, min(CASE WHEN upto * 100 >= total * 95 THEN delay END) AS p95 FROM"
        " (SELECT log_source, delay, sum(n) OVER (PARTITION BY log_source ORDER BY delay) AS upto,"
        " sum(n) OVER (PARTITION BY log_source) AS total FROM arrivals WHERE delay IS NOT NULL) AS"
        " d GROUP BY log_source"
    )
    engine.run(
        "CREATE TEMP TABLE minutes AS SELECT * FROM (SELECT log_source, minute, oldest_at,"
        " max(newest_at) OVER (PARTITION BY log_source ORDER BY minute ROWS BETWEEN UNBOUNDED"
        " PRECEDING AND 1 PRECEDING) AS before_at FROM arrivals WHERE minute IS NOT NULL) AS m"
        f" WHERE oldest_at < before_at - INTERVAL {CLOCK_SKEW_SECONDS} SECOND"
    )
    engine.run(
        "CREATE TEMP TABLE disorder AS SELECT log_source, count(*) AS n FROM in_events AS e JOIN"
        f" minutes AS m USING (log_source) WHERE m.minute = {_MINUTE} AND e.occurred_at <"
        f" m.before_at - INTERVAL {CLOCK_SKEW_SECONDS} SECOND GROUP BY log_source"
        if engine.one("SELECT count(*) FROM minutes")
        else "CREATE TEMP TABLE disorder (log_source VARCHAR, n BIGINT)"
    )


_CLOCKS = (
    "log_source VARCHAR, oldest_at TIMESTAMP, n_without_ingest BIGINT, n_with_ingest BIGINT,"
    " n_late_clock BIGINT, median HUGEINT, p95 HUGEINT, n_out_of_order BIGINT"
)


def _time_feeds(engine: Engine) -> None:
    """How far each log's clock can be believed, a log a row."""
    engine.run(
        "CREATE TEMP TABLE feed_clocks AS SELECT o.log_source, o.oldest_at, o.n_without_ingest,"
        " coalesce(a.n, 0) AS n_with_ingest, coalesce(a.n_late_clock, 0) AS n_late_clock, d.median,"
        " d.p95, coalesce(x.n, 0) AS n_out_of_order FROM (SELECT log_source, min(occurred_at) AS"
        " oldest_at, count(CASE WHEN ingested_at IS NULL AND event_class IS DISTINCT FROM"
        " 'heartbeat' THEN occurred_at END) AS n_without_ingest FROM in_events GROUP BY log_source)"
        " AS o LEFT JOIN (SELECT log_source, sum(n)::BIGINT AS n, sum(n_late_clock)::BIGINT AS"
        " n_late_clock FROM arrivals WHERE delay IS NOT NULL GROUP BY log_source) AS a USING"
        " (log_source) LEFT JOIN delays AS d USING (log_source) LEFT JOIN disorder AS x USING"
        " (log_source)"
    )


def _sum_up(engine: Engine) -> None:
    engine.run(
        "CREATE TABLE feeds AS SELECT log_source, every, expected, seen, n_events, first_at,"
        " last_at, longest_gap_hours, expected > 0 AND seen * 100 >= expected * share AS alive,"
        " declared, oldest_at, n_without_ingest, n_with_ingest, n_late_clock, median_delay_seconds,"
        " p95_delay_seconds, n_out_of_order FROM (SELECT x.log_source, x.every, x.share,"
        " x.declared, greatest(1, date_diff(CASE x.every WHEN 'hour' THEN 'hour' ELSE 'day' END,"
        " r.period_from, least(r.period_to, r.as_of))) AS expected, count(DISTINCT CASE x.every"
        " WHEN 'hour' THEN f.hour ELSE date_trunc('day', f.hour) END) AS seen, coalesce(sum(f.n),"
        " 0)::BIGINT AS n_events, min(f.first_at) AS first_at, max(f.last_at) AS last_at, (SELECT"
        " coalesce(max(g.hours), 0) FROM feed_gaps AS g WHERE g.log_source = x.log_source) AS"
        " longest_gap_hours, max(k.oldest_at) AS oldest_at, coalesce(max(k.n_without_ingest), 0) AS"
        " n_without_ingest, coalesce(max(k.n_with_ingest), 0) AS n_with_ingest,"
        " coalesce(max(k.n_late_clock), 0) AS n_late_clock, max(k.median)::BIGINT AS"
        " median_delay_seconds, max(k.p95)::BIGINT AS p95_delay_seconds,"
        " coalesce(max(k.n_out_of_order), 0) AS n_out_of_order FROM expectation AS x CROSS JOIN run"
        " AS r LEFT JOIN feed_hours AS f USING (log_source) LEFT JOIN feed_clocks AS k USING"
        " (log_source) GROUP BY ALL) AS s"
    )


def _cover_agents(engine: Engine) -> None:
    """On how many days of the period each log shows an agent; a log that should and does not, shows
    it on none.

    Events of agents that name nobody are nobody's days: AUD-01 counts them.
    """
    engine.run(
        "CREATE TEMP TABLE acting AS SELECT who, agent_id FROM event_actors "
        "WHERE agent_kind = 'agent' AND agent_id IS NOT NULL"
    )
    engine.run(
        "CREATE TEMP TABLE seen_days AS SELECT log_source, who, CAST(occurred_at AS DATE) AS day,"
        " count(*) AS n, count(CASE WHEN outcome = 'denied' THEN 1 END) AS n_denied,"
        " min(occurred_at) AS first_at, max(occurred_at) AS last_at FROM in_events AS e CROSS JOIN"
        " run AS r WHERE e.occurred_at <= r.as_of AND e.event_class IS DISTINCT FROM 'heartbeat'"
        " GROUP BY ALL"
    )
    engine.run(
        "CREATE TABLE daily AS SELECT k.agent_id, CAST(d.day AS TIMESTAMP) AS day, sum(d.n)::BIGINT"
        " AS n_events, sum(d.n_denied)::BIGINT AS n_denied FROM seen_days AS d JOIN acting AS k"
        " USING (who) GROUP BY ALL"
    )
    engine.run(
        "CREATE TABLE coverage AS WITH days AS (SELECT k.agent_id AS actor_id, d.log_source, d.day,"
        " sum(d.n) AS n, min(d.first_at) AS first_at, max(d.last_at) AS last_at FROM seen_days AS d"
        " JOIN acting AS k USING (who) CROSS JOIN run AS r WHERE d.day >= CAST(r.period_from AS"
        " DATE) AND d.day < least(r.period_to, r.as_of) GROUP BY ALL), spans AS (SELECT *,"
        " date_diff('day', lag(day, 1, CAST(r.period_from AS DATE) - 1) OVER w, day) - 1 AS quiet"
        " FROM days CROSS JOIN run AS r WINDOW w AS (PARTITION BY actor_id, log_source ORDER BY"
        " day)), named AS (SELECT l.actor_id, l.log_source FROM actor_log_sources AS l JOIN agents"
        " AS a USING (actor_id) UNION SELECT actor_id, log_source FROM days) SELECT m.actor_id,"
        " m.log_source, any_value(e.days) AS expected_days, count(s.day) AS seen_days,"
        " greatest(coalesce(max(s.quiet), 0), any_value(e.days) - coalesce(date_diff('day',"
        " any_value(e.start), max(s.day)) + 1, 0)) AS longest_gap_days, coalesce(sum(s.n),"
        " 0)::BIGINT AS n_events, min(s.first_at) AS first_at, max(s.last_at) AS last_at FROM named"
        " AS m CROSS JOIN (SELECT CAST(period_from AS DATE) AS start, greatest(1, date_diff('day',"
        " period_from, least(period_to, as_of))) AS days FROM run) AS e LEFT JOIN spans AS s ON"
        " s.actor_id = m.actor_id AND s.log_source = m.log_source GROUP BY m.actor_id, m.log_source"
    )


_TOLD = (
    "tool",
    "effect",
    "resource",
    "destination",
    "session_id",
    "approval_id",
    "peer_id",
    "message_id",
)
"""Columns of events of which any, filled, tells of a deed; an effect that is called none is empty
by now.
"""
_MASKED = f"event_class = 'heartbeat' AND coalesce({', '.join(_TOLD)}) IS NOT NULL"
CLASS = f"CASE WHEN {_MASKED} THEN NULL ELSE event_class END AS event_class"
"""SQL over an event row: its class, empty where it is called a heartbeat and tells of a deed."""


def unmask_deeds(engine: Engine) -> list[Quarantined]:
    """Empty the class of such events in the view in_events; where there is none, and so nearly
    always, nothing changes.
    """
    found = engine.rows(
        f"SELECT file, min(record), count(*) FROM in_events WHERE {_MASKED} GROUP BY file ORDER BY"
        " file"
    )
    if not found:
        return []
    engine.run("ALTER VIEW in_events RENAME TO called_events")
    engine.run(f"CREATE VIEW in_events AS SELECT * REPLACE ({CLASS}) FROM called_events")
    return [
        Quarantined(
            file,
            record,
            "field",
            tell(
                "{n} events of this file are called heartbeats and tell of a deed (a tool, an"
                " effect, a session or the like): they are judged as deeds of no class",
                n=n,
            ),
            "",
        )
        for file, record, n in found
    ]

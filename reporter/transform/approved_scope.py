"""Observed against approved scope. In: events, baseline runs, grants and approvals. Out:
baseline runs set apart, tool_effects, scope_runs, deviations.

A scope is kept for a purpose: tools, and where they send or change something. What reads is told
apart from what changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reporter.engine.base import Engine, quoted_list
from reporter.model.assessment import RunInfo
from reporter.schema.tables import COMPUTED, TABLES

READING = (
    "get",
    "gets",
    "read",
    "search",
    "list",
    "ls",
    "find",
    "check",
    "query",
    "fetch",
    "view",
    "show",
    "lookup",
    "look",
    "count",
    "describe",
    "browse",
    "retrieve",
    "peek",
    "head",
    "stat",
    "exists",
    "verify",
    "validate",
    "inspect",
    "summarize",
    "summarise",
    "analyze",
    "analyse",
    "calculate",
    "compute",
    "think",
    "plan",
    "explain",
    "compare",
    "grep",
    "glob",
    "cat",
    "select",
    "scan",
    "open",
    "navigate",
    "load",
    "download",
    "translate",
    "classify",
    "detect",
    "estimate",
    "ask",
    "websearch",
    "webfetch",
    "todoread",
)
"""First words of a tool's name that say it reads; any other name is taken for one that changes
something.
"""
_ADDRESS = (
    r"regexp_matches(lower(u.name),"
    r" '^([a-z][a-z0-9+.-]*://|www\.|[0-9]{1,3}(\.[0-9]{1,3}){3}([:/]|$))')"
)
"""A web address. Whoever asks a new one has told its owner something: what is fetched may carry
data out in its name.
"""
_WORDS = r"regexp_replace(regexp_extract(tool, '([^./:]+)$', 1), '^.*__', '')"
_VERB = (
    f"lower(regexp_extract(regexp_replace({_WORDS}, '([a-z0-9])([A-Z])', '\\1_\\2', 'g'),"
    " '^_*([A-Za-z]+)', 1))"
)


@dataclass(frozen=True, slots=True)
class Baseline:
    """Approved runs: the files below baseline/, and the events of a time window, if one is
    declared.
    """

    since: datetime | None = None
    until: datetime | None = None
    approved_at: datetime | None = None
    """From when what they show is approved; None: always."""
    holds: bool = True
    """Somebody who may has approved them; else they approve nothing."""
    but_of: tuple[str, ...] = ()
    """Agents of which they approve nothing."""


def review_scope(engine: Engine, baseline: Baseline) -> None:
    """Compare what was done with the scope approved for its purpose, run by run."""
    for name in _MADE:
        engine.run(f"DROP TABLE IF EXISTS {name}")
    _tell_effects(engine)
    _gather_baseline(engine, baseline)
    _gather_scope(engine, baseline.approved_at)
    _find_runs(engine)
    _find_deviations(engine)


def _tell_effects(engine: Engine) -> None:
    """Whether each tool reads or changes in an agent's hands: as the log says of its calls, else as
    the agent's grants say, else by the first word of its name."""
    calls = " UNION ".join(
        f"SELECT DISTINCT who, tool, effect FROM {t} WHERE tool IS NOT NULL"
        for t in ("in_events", "in_baseline")
    )
    engine.run(
        f"CREATE TABLE tool_effects AS SELECT agent_id, tool, coalesce(changes_state, {_VERB} NOT"
        f" IN ({quoted_list(READING)[1:-1]})) AS changes, CASE WHEN changes_state IS NULL THEN"
        " 'name' WHEN changes_state IS NOT DISTINCT FROM told THEN 'log' ELSE 'inventory' END AS"
        " basis FROM (SELECT k.agent_id, c.tool, bool_or(coalesce(c.effect, g.effect) <> 'read')"
        f" AS changes_state, bool_or(c.effect <> 'read') AS told FROM ({calls}) AS c JOIN"
        " event_actors AS k USING (who) LEFT JOIN granted_effects AS g ON g.agent_id = k.agent_id"
        " AND g.tool = c.tool GROUP BY k.agent_id, c.tool) AS t"
    )


_MADE = (
    "tool_effects",
    "approved_runs",
    "scope",
    "scoped",
    "run_events",
    "run_uses",
    "deviations",
    "scope_runs",
)
_USED = "outcome = 'success' AND tool IS NOT NULL AND event_class IS DISTINCT FROM 'heartbeat'"


def _gather_baseline(engine: Engine, baseline: Baseline) -> None:
    """The successful calls of approved runs; a purpose has one scope, whichever agent runs it."""
    columns = "who, purpose, session_id, tool, destination, outcome, event_class, part, record"
    parts = [f"SELECT {columns} FROM in_baseline"]
    if baseline.since and baseline.until:
        span = (
            f"occurred_at >= TIMESTAMP '{baseline.since}' AND occurred_at < TIMESTAMP"
            f" '{baseline.until}'"
        )
        parts.append(f"SELECT {columns} FROM in_events WHERE {span}")
    engine.run(
        "CREATE TEMP TABLE approved_runs AS SELECT DISTINCT k.agent_id, b.purpose,"
        " coalesce(b.session_id, CAST(b.part AS VARCHAR)) AS session_id, b.tool, b.destination,"
        f" b.outcome, b.event_class FROM ({' UNION ALL '.join(parts)}) AS b JOIN event_actors AS k"
        f" USING (who) WHERE {baseline.holds} AND NOT"
        f" coalesce(list_contains({quoted_list(baseline.but_of)}, k.agent_id), FALSE)"
    )


def _gather_scope(engine: Engine, approved_at: datetime | None) -> None:
    """What is approved: by run, or by a grant or approval of the agent, for a purpose or for all.

    To have read somewhere in an approved run does not approve writing there, and what was done
    before somebody approved the run is not approved by it."""
    since = f"TIMESTAMP '{approved_at}'" if approved_at else "NULL::TIMESTAMP"
    exact = "replace(replace(replace(lower(x), '!', '!!'), '_', '!_'), '%', '!%')"
    from_runs = (
        "SELECT CASE WHEN purpose IS NULL THEN agent_id END AS agent_id, purpose, '{kind}' AS"
        f" kind, {{pattern}} AS pattern, NOT changes AS reads_only, {since} AS approved_at,"
        " NULL::TIMESTAMP AS expires_at FROM (SELECT a.*, t.changes, {x} AS x FROM approved_runs"
        " AS a JOIN (SELECT agent_id AS who, tool AS what, changes FROM tool_effects) AS t ON"
        f" t.who IS NOT DISTINCT FROM a.agent_id AND t.what = a.tool WHERE {_USED}) WHERE x IS NOT"
        " NULL"
    )
    places = "unnest(string_split(destination, '; '))"
    parts = [
        from_runs.format(kind="tool", pattern=exact, x="tool"),
        from_runs.format(kind="destination", pattern=exact, x=places),
        (
            "SELECT actor_id, purpose, type, lower(like_pattern), FALSE, approved_at, expires_at"
            " FROM grants WHERE type IN ('tool', 'destination')"
        ),
        (
            "SELECT actor_id, purpose, type, lower(like_pattern), FALSE, approved_at, expires_at"
            " FROM all_approvals WHERE type IN ('tool', 'destination') AND like_pattern IS NOT NULL"
        ),
    ]
    engine.run(f"CREATE TEMP TABLE scope AS SELECT DISTINCT * FROM ({' UNION ALL '.join(parts)})")


def _find_runs(engine: Engine) -> None:
    """The runs that can be judged: those of a purpose, or an agent, that has approved runs or
    rights bound to the purpose.
    """
    engine.run(
        "CREATE TEMP TABLE scoped AS SELECT agent_id, purpose, count(DISTINCT session_id) AS"
        " n_clean FROM (SELECT CASE WHEN purpose IS NULL THEN agent_id END AS agent_id, purpose,"
        " session_id FROM approved_runs UNION ALL SELECT agent_id, purpose, NULL FROM scope WHERE"
        " agent_id IS NOT NULL AND purpose IS NOT NULL) AS s GROUP BY ALL"
    )
    engine.run(
        "CREATE TEMP TABLE run_events AS SELECT k.agent_id, e.purpose, coalesce(e.session_id,"
        " CAST(e.part AS VARCHAR)) AS session_id, s.n_clean, e.tool, e.destination, e.occurred_at,"
        " e.outcome, e.part, e.record, e.file FROM in_events AS e CROSS JOIN run AS r JOIN"
        " event_actors AS k USING (who) JOIN scoped AS s ON (s.purpose = e.purpose AND (s.agent_id"
        " IS NULL OR s.agent_id = k.agent_id)) OR (s.purpose IS NULL AND e.purpose IS NULL AND"
        " s.agent_id = k.agent_id) WHERE k.agent_id IS NOT NULL AND e.tool IS NOT NULL AND"
        " e.event_class IS DISTINCT FROM 'heartbeat' AND (e.occurred_at IS NULL OR (e.occurred_at"
        " >= r.period_from AND e.occurred_at < r.period_to))"
        if engine.one("SELECT count(*) FROM scoped")
        else (
            "CREATE TEMP TABLE run_events (agent_id VARCHAR, purpose VARCHAR, session_id VARCHAR,"
            " n_clean BIGINT, tool VARCHAR, destination VARCHAR, occurred_at TIMESTAMP, outcome"
            " VARCHAR, part BIGINT, record BIGINT, file VARCHAR)"
        )
    )


def _find_deviations(engine: Engine) -> None:
    """Successful uses that nothing approves; a run counts as outside if one of them changes
    something.
    """
    engine.run(
        "CREATE TEMP TABLE run_uses AS SELECT DISTINCT agent_id, purpose, session_id, tool, 'tool'"
        " AS kind, tool AS name, first_at, file, record FROM (SELECT agent_id, purpose, session_id,"
        " tool, min(occurred_at) AS first_at, arg_min(file, (part, record)) AS file,"
        " arg_min(record, (part, record)) AS record FROM run_events WHERE outcome = 'success' GROUP"
        " BY ALL) UNION SELECT agent_id, purpose, session_id, tool, 'destination', name,"
        " min(occurred_at), arg_min(file, (part, record)), arg_min(record, (part, record)) FROM"
        " (SELECT *, unnest(string_split(destination, '; ')) AS name FROM run_events WHERE outcome"
        " = 'success' AND destination IS NOT NULL) AS d GROUP BY ALL"
    )
    engine.run(
        "CREATE TABLE deviations AS SELECT u.agent_id, u.purpose, u.session_id, u.kind, u.name,"
        f" u.tool, t.changes OR (u.kind = 'destination' AND {_ADDRESS}) AS changes, CASE WHEN NOT"
        f" t.changes AND u.kind = 'destination' AND {_ADDRESS} THEN 'address' ELSE t.basis END AS"
        " basis, u.first_at, u.file || '#' || CAST(u.record AS VARCHAR) AS ref FROM run_uses AS u"
        " JOIN tool_effects AS t USING (agent_id, tool) WHERE NOT EXISTS (SELECT 1 FROM scope AS s"
        " WHERE s.kind = u.kind AND (s.agent_id IS NULL OR s.agent_id = u.agent_id) AND (s.purpose"
        " IS NULL OR s.purpose = u.purpose) AND NOT (s.reads_only AND t.changes) AND lower(u.name)"
        " LIKE s.pattern ESCAPE '!' AND (u.first_at IS NULL OR ((s.approved_at IS NULL OR"
        " s.approved_at <= u.first_at) AND (s.expires_at IS NULL OR s.expires_at > u.first_at))))"
    )
    engine.run(
        "CREATE TABLE scope_runs AS SELECT r.agent_id, r.purpose, r.session_id, max(r.n_clean) AS"
        " n_clean_runs, max(coalesce(d.n_changing, 0)) AS n_deviations, max(coalesce(d.n_reading,"
        " 0)) AS n_new_reads, any_value(d.first).kind AS first_kind, any_value(d.first).name AS"
        " first_name, any_value(d.first).tool AS first_tool, any_value(d.ref) AS ref,"
        " min(r.occurred_at) AS first_at FROM run_events AS r LEFT JOIN (SELECT agent_id, purpose,"
        " session_id, count(*) FILTER (WHERE changes) AS n_changing, count(*) FILTER (WHERE NOT"
        " changes) AS n_reading, arg_min({'kind': kind, 'name': name, 'tool': CASE WHEN kind ="
        " 'destination' THEN tool END}, (NOT changes, ref, kind, name)) AS first, arg_min(ref, (NOT"
        " changes, ref, kind, name)) AS ref FROM deviations GROUP BY ALL) AS d ON d.agent_id ="
        " r.agent_id AND d.purpose IS NOT DISTINCT FROM r.purpose AND d.session_id = r.session_id"
        " GROUP BY r.agent_id, r.purpose, r.session_id"
    )


_ALIKE = f"hash({', '.join(c.name for c in TABLES['events'].columns if c.name not in COMPUTED)})"
"""SQL over an event row: one number for all that it says."""


def set_baseline_apart(engine: Engine, run: RunInfo) -> None:
    """Make in_baseline of the files below baseline/, and leave them out of in_events, unless they
    are dated inside the period.

    What was done in it is judged, wherever its record lies. One that the logs hold too counts once.
    """
    files = "part IN (SELECT part FROM parts WHERE starts_with(file, 'baseline/'))"
    if not engine.one("SELECT count(*) FROM parts WHERE starts_with(file, 'baseline/')"):
        engine.run("CREATE VIEW in_baseline AS SELECT * FROM in_events WHERE FALSE")
        return
    inside = (
        f"coalesce(occurred_at >= TIMESTAMP '{run.period_from}' AND occurred_at < TIMESTAMP"
        f" '{run.period_to}', FALSE)"
    )
    kind = engine.one(
        "SELECT table_type FROM information_schema.tables WHERE table_name = 'in_events'"
    )
    engine.run(f"ALTER {'VIEW' if kind == 'VIEW' else 'TABLE'} in_events RENAME TO given_events")
    engine.run(
        f"CREATE TABLE misplaced AS SELECT part, record, file, event_id, {_ALIKE} AS alike FROM"
        f" given_events WHERE {files} AND {inside}"
    )
    engine.run(
        f"CREATE VIEW in_baseline AS SELECT * FROM given_events WHERE {files} AND NOT {inside}"
    )
    if not engine.one("SELECT count(*) FROM misplaced"):
        engine.run(f"CREATE VIEW in_events AS SELECT * FROM given_events WHERE NOT {files}")
        return
    engine.run(
        "CREATE TABLE twice AS SELECT DISTINCT m.part, m.record FROM misplaced AS m JOIN (SELECT"
        f" event_id, {_ALIKE} AS alike FROM given_events WHERE NOT {files} AND {inside} AND"
        " event_id IN (SELECT event_id FROM misplaced)) AS g ON g.event_id = m.event_id AND"
        " g.alike = m.alike"
    )
    engine.run(
        f"CREATE VIEW in_events AS SELECT * FROM given_events AS g WHERE NOT {files} OR ({inside} "
        "AND NOT EXISTS (SELECT 1 FROM twice AS t WHERE t.part = g.part AND t.record = g.record))"
    )


def misplaced(engine: Engine) -> list[tuple[str, int, int]]:
    """Return (file, first record, events) of the files below baseline/ that hold events of the
    period.
    """
    if not engine.one(
        "SELECT count(*) FROM information_schema.tables WHERE table_name = 'misplaced'"
    ):
        return []
    return [
        (file, record, n)
        for file, record, n in engine.rows(
            "SELECT file, min(record), count(*) FROM misplaced GROUP BY file ORDER BY file"
        )
    ]

"""From loaded rows to the tables that checks read. In: in_<table> relations. Out: tables and views
of schema.TABLES.

One actor a row, events resolved to actors, shadow agents added, activity rolled up, feeds measured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from functools import partial

from reporter.engine.base import Engine, quoted, quoted_list
from reporter.model.assessment import RunInfo
from reporter.schema.tables import LOADED, SHARED, TABLES, WHO, Table, columns_of
from reporter.transform.approval_lag import find_undecided
from reporter.transform.approved_scope import Baseline, review_scope, set_baseline_apart
from reporter.transform.dag import make, models, rests_on, teach
from reporter.transform.delegation_chains import follow_delegations
from reporter.transform.entitlement_usage import compare
from reporter.transform.identity import (
    NAMED,
    add_shadows,
    find_names,
    list_identities,
    merge_actors,
    resolve_events,
    same,
    see_events,
)
from reporter.transform.log_coverage import CLASS, Expected, measure_feeds
from reporter.transform.right_uses import find_graver_uses, find_right_uses
from reporter.transform.risk_tiers import rate_agents, sum_factors
from reporter.transform.secret_exposure import find_secret_traces

NO_WINDOW = Baseline()
RESTS_ON = {
    "undecided": {"first_uses", "reviews", "alerts"},
    "graver_uses": {"data_use"},
    "scope_runs": {"all_approvals"},
    "observed": {"first_uses", "breaches", "reviews", "daily"},
    "factors": {"delegations"},
    "secret_traces": {t.name for t in LOADED},
}
"""Derived table that is no model -> what it is made from, beside ALWAYS, activity and feeds, which
are always made.
"""
OF_EVENTS = frozenset(("activity", "data_use", "reach", "graver_uses", "right_uses"))
"""Tables made of events that models read."""
ALWAYS = frozenset(
    (
        "actors",
        "aliases",
        "credentials",
        "grants",
        "approvals",
        "links",
        "components",
        "actor_log_sources",
        "events",
    )
)
"""Loaded tables that others are made from whatever is wanted, or that `runner.prepare` reads."""
EVERYTHING = frozenset(t.name for t in TABLES.values()) | {"observed", "factors", "coverage"}


def needed_for(wanted: Set[str]) -> Set[str]:
    """Return the tables to make for those wanted: they, and all that they rest on."""
    needed, more = set(wanted), set(wanted)
    while more:
        more = {x for w in more for x in RESTS_ON.get(w, rests_on(w)) if x in TABLES} - needed
        needed |= more
    return needed | ALWAYS | {"activity", "feeds"}


def complete_events(engine: Engine, facts: Sequence[Table] = LOADED) -> None:
    """Give in_ tables made by hand what ingest gives: `who`, `part`, `place`, no class of deeds
    that are called heartbeats, the file of a source, and `hidden`, any record."""
    records = " UNION ALL ".join(f"SELECT file, record FROM in_{t.name}" for t in facts)
    engine.run(f"CREATE OR REPLACE TABLE hidden AS {records}")
    engine.run(
        "CREATE OR REPLACE TABLE parts AS SELECT row_number() OVER (ORDER BY source, file) AS part,"
        " source, file FROM (SELECT DISTINCT source, file FROM in_events) AS s"
    )
    engine.run(
        f"CREATE OR REPLACE TABLE in_events AS SELECT e.* REPLACE ({CLASS}), {WHO} AS who, p.part,"
        " row_number() OVER (ORDER BY p.part, e.record) AS place FROM in_events AS e JOIN parts AS"
        " p USING (source, file)"
    )


def derive(
    engine: Engine,
    run: RunInfo,
    expected: list[Expected],
    baseline: Baseline = NO_WINDOW,
    wanted: Set[str] = EVERYTHING,
    facts: Sequence[Table] = LOADED,
) -> None:
    """Build tables and views from the in_ relations and the `carried` table: what is wanted, and
    what that rests on.

    `facts` are the loaded tables that have an in_ relation; of the others nothing may be wanted.
    """
    needed = needed_for(wanted)
    engine.run(
        "CREATE TABLE run AS SELECT CAST(? AS TIMESTAMP) AS as_of, CAST(? AS TIMESTAMP) AS"
        " period_from, CAST(? AS TIMESTAMP) AS period_to",
        [run.as_of, run.period_from, run.period_to],
    )
    set_baseline_apart(engine, run)
    renamed = find_names(engine)
    _copy_plain(engine, facts, renamed)
    merge_actors(engine, renamed)
    teach(engine)
    mine = sorted(needed & models().keys())
    of_events = [name for name in mine if rests_on(name) & OF_EVENTS]
    make(engine, [name for name in mine if name not in of_events])
    resolve_events(engine)
    add_shadows(engine)
    jobs: dict[str, Callable[[Engine], None]] = {
        "activity": _roll_up,
        "data_use": _roll_up_data,
        "reach": _roll_up_reach,
        "delegations": follow_delegations,
        "callers": _roll_up_callers,
        "versions": _roll_up_versions,
        "feeds": partial(measure_feeds, expected=expected, needed=needed - ({"feeds"} - wanted)),
    }
    engine.side_by_side(*(job for name, job in jobs.items() if name in needed))
    _find_unseen(engine)
    if "graver_uses" in needed:
        find_graver_uses(engine)
    _fill_effects(engine, [t for t in ("activity", "reach") if t in needed])
    rate_agents(engine)
    if "right_uses" in needed:
        find_right_uses(engine)
    make(engine, of_events)
    for name, job in _LATER.items():
        if name in needed:
            job(engine)
    if "scope_runs" in needed:
        review_scope(engine, baseline)
    for name, job in _ALONE.items():
        if name in needed:
            job(engine)
    _note_sources(engine, facts)


def _copy_plain(engine: Engine, facts: Sequence[Table], has_names: bool) -> None:
    """Facts other than actors and events keep their rows; patterns are made from names."""
    for table in facts:
        if table.name in ("actors", "events"):
            continue
        made = {"grants": "name", "approvals": "scope"}.get(table.name)
        pattern = f", {_like(made)} AS like_pattern" if made else ""
        if table.name == "credentials":
            pattern = ", least(revoked_at, expires_at) AS ended_at"
        if "row_id" in {c.name for c in table.columns}:
            pattern += ", CAST(i.rowid AS HUGEINT) AS row_id"
        names = [n for n, _ in columns_of(table)]
        renamed = NAMED.get(table.name, ()) if has_names else ()
        picked = [f"{same(n)} AS {n}" if n in renamed else n for n in names]
        engine.run(
            f"CREATE TABLE {table.name} AS SELECT {', '.join(picked)}{pattern}, "
            f"file || '#' || CAST(record AS VARCHAR) AS ref, source FROM in_{table.name} AS i"
        )


def _like(column: str) -> str:
    """A name with * wildcards as a LIKE pattern with escape '!'."""
    return (
        f"replace(replace(replace(replace({column}, '!', '!!'), '_', '!_'), '%', '!%'), '*', '%')"
    )


_STAMP = (
    "CAST(epoch_us(e.occurred_at) AS HUGEINT) * 18446744073709551616 + e.part * 1099511627776 +"
    " e.record"
)
"""Time, file and record number as one number: its minimum is the first event, the same one whatever
the threads do.
"""
_WINDOW = "e.occurred_at >= r.period_from AND e.occurred_at < r.period_to"
_SPAN = f"count(*) AS n_events, min({_STAMP}) AS first_stamp, max({_STAMP}) AS last_stamp"
_SEEN = "e.occurred_at <= r.as_of AND e.event_class IS DISTINCT FROM 'heartbeat'"
_FIRST_AND_LAST = ", ".join(
    f"make_timestamp(CAST({x}_stamp >> 64 AS BIGINT)) AS {x}_at, "
    f"{x}_part.file || '#' || CAST({x}_stamp & 1099511627775 AS VARCHAR) AS {x}_ref"
    for x in ("first", "last")
)
_PARTS = " ".join(
    f"JOIN parts AS {x}_part ON {x}_part.part = ({x}_stamp >> 40) & 16777215"
    for x in ("first", "last")
)
"""SQL: a rolled-up row's first and last time and record, from its stamps."""


_TEMPORARY = (
    "count(CASE WHEN credential_id IS NULL AND (auth_method = 'temporary_credential' OR session_id"
    " LIKE 'arn:%:sts::%') THEN 1 END)"
)
"""SQL: events under a key that lives for hours. Readers leave its id out, for no list could hold
it; the record had one.
"""
_SESSIONLESS = "count(CASE WHEN session_id IS NULL AND auth_method = 'access_key' THEN 1 END)"
"""SQL: events signed with a lasting key, one by one: no session is opened that a record could
name.
"""


def _roll_up(engine: Engine) -> None:
    """Count events by actor, identity, tool, effect and outcome, once for all checks."""
    engine.run(
        "CREATE TABLE activity AS SELECT k.* EXCLUDE (who), e.* EXCLUDE (who, first_stamp,"
        f" last_stamp), {_FIRST_AND_LAST} FROM (SELECT who, log_source, event_class, tool, purpose,"
        f" effect, classification, environment, resource_environment, outcome, source, {_WINDOW} AS"
        f" in_window, {_SPAN}, count(action) AS n_action, count(resource) AS n_resource,"
        " count(session_id) AS n_session, count(approval_id) AS n_approval, count(decision) AS"
        f" n_decision, {_TEMPORARY} AS n_temporary, {_SESSIONLESS} AS n_sessionless FROM in_events"
        f" AS e CROSS JOIN run AS r WHERE {_SEEN} GROUP BY ALL) AS e JOIN event_actors AS k USING"
        f" (who) {_PARTS}"
    )


def _find_unseen(engine: Engine) -> None:
    """Make unseen_agents: shadow agents of which no log shows a dated deed, only heartbeats or what
    has no time, with where they are named.

    They are in no list, as other shadows are: nothing fails for want of a record, and the log that
    names them is theirs."""
    engine.run(
        "CREATE TABLE unseen_agents AS SELECT actor_id AS agent_id, CAST(NULL AS VARCHAR) AS"
        " log_source, CAST(NULL AS VARCHAR) AS source, CAST(NULL AS VARCHAR) AS ref FROM actors"
        " WHERE NOT registered AND actor_id NOT IN (SELECT agent_id FROM activity WHERE agent_id IS"
        " NOT NULL)"
    )
    # Nearly always there is none, and the events are not read again.
    if engine.one("SELECT count(*) FROM unseen_agents"):
        engine.run(
            "CREATE OR REPLACE TABLE unseen_agents AS SELECT k.agent_id, e.log_source, e.source,"
            " arg_min(e.file || '#' || CAST(e.record AS VARCHAR), (e.part, e.record)) AS ref FROM"
            " in_events AS e JOIN event_actors AS k USING (who) WHERE k.agent_id IN (SELECT"
            " agent_id FROM unseen_agents) GROUP BY ALL"
        )


EFFECTS = ("read", "write", "publish", "execute", "transfer", "delete", "grant", "admin")
"""Effects of tools, the gravest last."""


def _fill_effects(engine: Engine, tables: list[str]) -> None:
    """Where the log tells no effect of a tool, take the one that the agent's own grants give it,
    for all checks alike.

    A grant of that very name comes before a pattern; of several the gravest counts.
    """
    calls = (
        *tables,
        (
            "(SELECT k.*, b.tool, b.effect FROM in_baseline AS b JOIN event_actors AS k USING"
            " (who)) AS b"
        ),
    )
    used = " UNION ".join(
        f"SELECT agent_id, tool FROM {t} WHERE registered AND effect IS NULL AND tool IS NOT NULL"
        for t in calls
    )
    place = f"list_position({quoted_list(EFFECTS)}, g.effect)"
    engine.run(
        "CREATE TABLE granted_effects AS SELECT u.agent_id, u.tool, arg_max(g.effect, (g.name ="
        f" u.tool, {place})) AS effect FROM ({used}) AS u JOIN grants AS g ON g.actor_id ="
        " u.agent_id AND g.type = 'tool' AND g.effect IS NOT NULL AND u.tool LIKE g.like_pattern"
        " ESCAPE '!' GROUP BY u.agent_id, u.tool"
    )
    if not engine.one("SELECT count(*) FROM granted_effects"):
        return
    for table in tables:
        engine.run(
            "CREATE TABLE filled AS SELECT a.* REPLACE (coalesce(a.effect, t.effect) AS effect)"
            f" FROM {table} AS a LEFT JOIN granted_effects AS t ON t.agent_id = a.agent_id AND"
            " t.tool = a.tool"
        )
        engine.run(f"DROP TABLE {table}")
        engine.run(f"ALTER TABLE filled RENAME TO {table}")
    see_events(engine, filled=True)


def _roll_up_data(engine: Engine) -> None:
    """Count events by the data grant that matches their resource; an event that several match
    counts for each.
    """
    engine.run(
        "CREATE TEMP TABLE reach AS SELECT row_number() OVER () AS number, k.who, g.name,"
        " g.like_pattern, rtrim(g.name, '*') AS start, g.name LIKE '%*' AND NOT"
        " contains(rtrim(g.name, '*'), '*') AS is_start FROM event_actors AS k JOIN grants AS g ON"
        " g.actor_id = k.agent_id AND g.type = 'data'"
    )
    engine.run(
        "CREATE TEMP TABLE touched AS SELECT e.who, e.purpose, g.number, e.classification,"
        f" e.effect, e.event_class, e.outcome, {_WINDOW} AS in_window, {_SPAN} FROM in_events AS e"
        " CROSS JOIN run AS r LEFT JOIN reach AS g ON g.who = e.who AND CASE WHEN g.is_start THEN"
        " starts_with(e.resource, g.start) ELSE e.resource LIKE g.like_pattern ESCAPE '!' END"
        f" WHERE {_SEEN} AND e.resource IS NOT NULL GROUP BY ALL"
    )
    engine.run(
        f"CREATE TABLE data_use AS SELECT e.* EXCLUDE (first_stamp, last_stamp), {_FIRST_AND_LAST}"
        " FROM (SELECT k.agent_id, k.registered, e.in_window, e.purpose, g.name AS data_source,"
        " e.classification, e.effect, e.event_class, e.outcome, CAST(sum(e.n_events) AS BIGINT) AS"
        " n_events, min(e.first_stamp) AS first_stamp, max(e.last_stamp) AS last_stamp FROM"
        " touched AS e JOIN event_actors AS k USING (who) LEFT JOIN reach AS g ON g.number ="
        f" e.number GROUP BY ALL) AS e {_PARTS}"
    )
    engine.run("DROP TABLE touched")
    engine.run("DROP TABLE reach")


_LABELS = r"(?:[A-Za-z0-9_-]+\.)+[A-Za-z0-9-]+\.?"
_ADDRESSES = (
    r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#\\]*@)?(\[[0-9A-Fa-f:.]*\]|[^/?#\\:@]*)",
    rf"^(?:[Mm][Aa][Ii][Ll][Tt][Oo]:)?[^\s@,;:<>/?#\\]+@({_LABELS})$",
    rf"^[^<>@]*<[^\s@,;:<>/?#\\]+@({_LABELS})>$",
    rf"^({_LABELS})(?::[0-9]+)?(?:[/?#].*)?$",
)
_HOST = "rtrim(lower(coalesce({})), '.')".format(
    ", ".join(f"nullif(regexp_extract(e.destination, '{a}', 1), '')" for a in _ADDRESSES)
)
"""SQL: the host of a URL, the domain of a mail address, or a bare host with or without port and
path; else NULL.
"""


def _roll_up_reach(engine: Engine) -> None:
    """Count events by destination; an event with several counts for each."""
    engine.run(
        f"CREATE TABLE reach AS SELECT e.* EXCLUDE (first_stamp, last_stamp), {_FIRST_AND_LAST}"
        " FROM (SELECT k.agent_id, k.registered, e.in_window, e.log_source, e.purpose, e.tool,"
        f" e.destination, e.effect, e.outcome, {_HOST} AS host, CAST(sum(e.n_events) AS BIGINT) AS"
        " n_events, min(e.first_stamp) AS first_stamp, max(e.last_stamp) AS last_stamp FROM"
        " (SELECT who, log_source, purpose, tool, unnest(string_split(destination, '; ')) AS"
        " destination, effect, outcome, in_window, n_events, first_stamp, last_stamp FROM (SELECT"
        f" e.who, e.log_source, e.purpose, e.tool, e.destination, e.effect, e.outcome, {_WINDOW} AS"
        f" in_window, {_SPAN} FROM in_events AS e CROSS JOIN run AS r WHERE {_SEEN} AND"
        " e.destination IS NOT NULL GROUP BY ALL) AS lists) AS e JOIN event_actors AS k USING"
        f" (who) GROUP BY ALL) AS e {_PARTS}"
    )


def _roll_up_callers(engine: Engine) -> None:
    """Count events by the caller's program and method, where the log tells either; not in
    `activity`, which people's many browsers would multiply."""
    engine.run(
        "CREATE TABLE callers AS SELECT k.agent_id, k.agent_kind, k.principal_id, k.credential_id,"
        " k.credential_is_intermediary, e.* EXCLUDE (who, first_stamp, last_stamp),"
        f" {_FIRST_AND_LAST} FROM (SELECT who, log_source, user_agent, auth_method, outcome,"
        f" {_WINDOW} AS in_window, {_SPAN} FROM in_events AS e CROSS JOIN run AS r WHERE {_SEEN}"
        " AND (user_agent IS NOT NULL OR auth_method IS NOT NULL) GROUP BY ALL) AS e JOIN"
        f" event_actors AS k USING (who) {_PARTS}"
    )


def _roll_up_versions(engine: Engine) -> None:
    """Count successful events by the version of the tool or model that ran."""
    parts = [
        f"SELECT e.who, '{kind}' AS kind, {name} AS name, e.{version} AS version, {_WINDOW} AS"
        f" in_window, {_SPAN} FROM in_events AS e CROSS JOIN run AS r WHERE {_SEEN} AND e.outcome ="
        f" 'success' AND e.{version} IS NOT NULL GROUP BY ALL"
        for kind, name, version in (
            ("tool", "e.tool", "tool_version"),
            ("model", "NULL", "model_version"),
        )
    ]
    engine.run(
        f"CREATE TABLE versions AS SELECT e.* EXCLUDE (first_stamp, last_stamp), {_FIRST_AND_LAST}"
        " FROM (SELECT k.agent_id, k.registered, e.in_window, e.kind, e.name, e.version,"
        " min(e.first_stamp) AS first_stamp, max(e.last_stamp) AS last_stamp FROM"
        f" ({' UNION ALL '.join(parts)}) AS e JOIN event_actors AS k USING (who) GROUP BY ALL) AS e"
        f" {_PARTS}"
    )


def _note_sources(engine: Engine, facts: Sequence[Table]) -> None:
    """Which sources describe which actor in which table: what 'not recorded' is judged by."""
    parts = ["SELECT DISTINCT actor_id, 'actors' AS tbl, source FROM actor_rows"]
    for table in facts:
        if table.name in ("actors", "events", *SHARED):
            continue
        parts.append(f"SELECT DISTINCT actor_id, {quoted(table.name)}, source FROM {table.name}")
    parts.append(
        "SELECT DISTINCT agent_id, 'events', source FROM activity WHERE agent_id IS NOT NULL "
        "UNION ALL SELECT DISTINCT agent_id, 'events', source FROM unseen_agents"
    )
    engine.run(f"CREATE TABLE described AS {' UNION ALL '.join(parts)}")


_LATER: dict[str, Callable[[Engine], None]] = {"undecided": find_undecided, "observed": compare}
"""What rests on models of events."""
_ALONE: dict[str, Callable[[Engine], None]] = {
    "listings": list_identities,
    "secret_traces": find_secret_traces,
    "factors": sum_factors,
}
"""What rests on temporary tables, which only the connection that made them sees, or costs
nothing.
"""

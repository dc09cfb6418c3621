"""From loaded rows to the tables that checks read. In: in_<table> relations. Out: tables and views
of schema.TABLES.

This module holds only what depends on the columns of loaded tables: one actor per row, names
resolved to actors, sources per actor. Every other derived table is a file of `models`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from reporter.engine.base import Engine, quoted
from reporter.errors import ReporterError
from reporter.model.assessment import RunInfo
from reporter.schema.tables import LOADED, OF_FORM, SHARED, TABLES, Table, columns_of
from reporter.transform.approved_scope import Baseline, approve, set_baseline_apart
from reporter.transform.dag import NOTHING, all_for, dependencies_of, make, teach
from reporter.transform.identity import NAMED, merge_actors, same, spell_people
from reporter.transform.labels import merge_labels
from reporter.transform.log_coverage import Expected, expect
from reporter.transform.operations import list_operations
from reporter.transform.secret_exposure import find_secret_traces

NO_WINDOW = Baseline()
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
        "activity",
        "feed_delivery",
        "risk_tiers",
        "unseen_agents",
    )
)
"""Tables that the engine always reads."""
_REPORTED = (
    "coverage",
    "deviations",
    "factors",
    "feed_hours",
    "entitlement_usage",
    "unused_grants",
    "tested_names",
)
EVERYTHING = frozenset(TABLES) | {*_REPORTED}
"""The tables that checks, report and files read."""
_INHERITED = "inherited_changes"
_READ_LATER = ("actors", "aliases", "events")
"""Loaded tables that models, notices or the removal of people read after `derive`."""
BEFORE_SCOPE = frozenset(
    name for name in EVERYTHING | all_for(EVERYTHING) if "baseline" not in dependencies_of(name)
)
"""All of these and the models they derive from, without the scope of approved runs. `review_scope`
makes it once the approvers are known.
"""


def needed_for(wanted: Set[str]) -> Set[str]:
    """Return the tables to make for those wanted, with all that they derive from."""
    names = (
        wanted
        | ALWAYS
        | {r.removeprefix("in_") for w in wanted | ALWAYS for r in dependencies_of(w)}
    )
    if "changes" in names:
        names |= dependencies_of(_INHERITED)
    return names | ({t.name for t in LOADED} if "secret_traces" in wanted else set())


def derive(
    engine: Engine,
    run: RunInfo,
    expected: list[Expected],
    baseline: Baseline = NO_WINDOW,
    wanted: Set[str] = EVERYTHING,
    facts: Sequence[Table] = LOADED,
    kept: Mapping[str, str] = NOTHING,
) -> None:
    """Build the wanted tables and views, and those they derive from, from the in_ relations and the
    `carried` table.

    `facts` are the loaded tables that have an in_ relation; wanted tables depend on no others.
    `kept` are models that need not be made, with the SQL of their rows.

    Raises ReporterError where two identities, or two kinds, of events have one number.
    """
    expect(engine, expected)
    derive_expected(engine, run, baseline, wanted, facts, kept)


def derive_expected(
    engine: Engine,
    run: RunInfo,
    baseline: Baseline = NO_WINDOW,
    wanted: Set[str] = EVERYTHING,
    facts: Sequence[Table] = LOADED,
    kept: Mapping[str, str] = NOTHING,
) -> None:
    """Build the same where `expected_feeds` is there already.

    Raises ReporterError as `derive`.
    """
    engine.run(
        "CREATE TABLE run AS SELECT CAST(? AS TIMESTAMP) AS as_of, CAST(? AS TIMESTAMP) AS"
        " period_from, CAST(? AS TIMESTAMP) AS period_to",
        [run.as_of, run.period_from, run.period_to],
    )
    teach_run(engine, run)
    names = all_for({"same_as"})
    before = all_for({"shadow_agents", "event_kinds"})  # names among them
    needed = all_for(needed_for(wanted))
    is_inherited = dependencies_of(_INHERITED) & {t.name for t in LOADED} <= {t.name for t in facts}
    inherited = all_for({_INHERITED}) if is_inherited else set()
    teach(engine, before | needed | inherited)
    approve(engine, baseline)
    set_baseline_apart(engine, run)
    spell_people(engine, facts)
    make(engine, names, kept)
    has_names = bool(engine.one("SELECT count(*) FROM same_as"))
    _copy_plain(engine, facts, has_names)
    if "grants" in {t.name for t in facts}:
        _share_tool_facts(engine)
    if "approvals" in {t.name for t in facts}:
        _join_requests(engine)
    merge_actors(engine, has_names)
    merge_labels(engine)
    engine.run("CREATE TABLE covered (actor_id VARCHAR, policy_id VARCHAR, source VARCHAR)")
    if "policies" in {t.name for t in facts}:
        _cover_by_scope(engine)
    make(engine, before - names, kept)
    _refuse_twins(engine)
    # Unregistered agents that act become actors, without tier or attributes.
    engine.run("INSERT INTO actors BY NAME SELECT * FROM shadow_agents")
    if inherited:
        make(engine, inherited - before, kept)
        _inherit_changes(engine)
    if "actor_log_sources" in {t.name for t in facts}:
        _spread_log_sources(engine)
    if any("aws_operations" in dependencies_of(name) for name in needed):
        list_operations(engine)
    make(engine, needed - before - inherited, kept)
    if "secret_traces" in wanted:
        find_secret_traces(engine)
    _note_sources(engine, facts)


def teach_run(engine: Engine, run: RunInfo) -> None:
    """Define as_of(), period_from() and period_to() for what reads all events: beside a constant,
    texts that many events share stay shared, which a join would undo.
    """
    engine.run(
        f"CREATE OR REPLACE MACRO as_of() AS TIMESTAMP '{run.as_of}';"
        f" CREATE OR REPLACE MACRO period_from() AS TIMESTAMP '{run.period_from}';"
        f" CREATE OR REPLACE MACRO period_to() AS TIMESTAMP '{run.period_to}'"
    )


def drop_loaded(engine: Engine, queries: Iterable[str]) -> None:
    """Drop the rows as loaded that no query of the checks names: they stand in derived tables."""
    text = "\n".join(queries)
    for table in LOADED:
        if table.name not in _READ_LATER and f"in_{table.name}" not in text:
            engine.run(f"DROP TABLE in_{table.name}")


def _refuse_twins(engine: Engine) -> None:
    if twins := engine.one("SELECT count(*) - count(DISTINCT who) FROM event_keys"):
        raise ReporterError(
            f"{twins} actors of the log share a hash with another; please report this"
        )
    if twins := engine.one("SELECT count(*) - count(DISTINCT kind) FROM event_kinds"):
        raise ReporterError(
            f"{twins} kinds of events share a hash with another; please report this"
        )


def _copy_plain(engine: Engine, facts: Sequence[Table], has_names: bool) -> None:
    """Copy facts other than actors and events row by row; patterns are derived from names."""
    for table in facts:
        if table.name in ("actors", "events"):
            continue
        pattern_column = {"grants": "name", "approvals": "scope"}.get(table.name)
        pattern = f", pattern_of({pattern_column}) AS like_pattern" if pattern_column else ""
        if table.name == "credentials":
            pattern = ", least(revoked_at, expires_at) AS ended_at"
        if "row_id" in {c.name for c in table.columns}:
            pattern += ", CAST(i.rowid AS HUGEINT) AS row_id"
        names = [n for n, _ in columns_of(table)]
        actor_columns = NAMED.get(table.name, ()) if has_names else ()
        expressions = [f"{same(n)} AS {n}" if n in actor_columns else n for n in names]
        engine.run(
            f"CREATE TABLE {table.name} AS SELECT {', '.join(expressions)}{pattern}, "
            f"file || '#' || CAST(record AS VARCHAR) AS ref, source FROM in_{table.name} AS i"
        )


def _share_tool_facts(engine: Engine) -> None:
    """Let what one source tells of an agent's tool hold for the rights to it that others list: a
    gateway says who may call it, its server what it does. Where they differ nobody is believed,
    and whether a use needs approval is a fact of each gate, not of the tool. What one command of a
    shell does is none of the shell.
    """
    facts = ("effect", "reversible", "outbound")
    agreed = ", ".join(f"CASE WHEN count(DISTINCT {f}) = 1 THEN min({f}) END AS {f}" for f in facts)
    engine.run(
        f"UPDATE grants SET {', '.join(f'{f} = coalesce(grants.{f}, o.{f})' for f in facts)} FROM"
        f" (SELECT actor_id, name, {agreed} FROM grants WHERE type = 'tool' AND action IS NULL"
        " GROUP BY actor_id, name HAVING count(DISTINCT source) > 1) AS o WHERE grants.type ="
        " 'tool' AND grants.action IS NULL AND grants.actor_id = o.actor_id AND grants.name ="
        " o.name"
    )


def _join_requests(engine: Engine) -> None:
    """Let a request for approval, which a log tells by itself, be that of the next decision of the
    same log on the same thing. It is no approval, decided on or not.
    """
    if not engine.one("SELECT count(*) FROM approvals WHERE decision = 'requested'"):
        return
    engine.run(
        "CREATE OR REPLACE TABLE approvals AS SELECT a.* REPLACE (coalesce(a.requester_id,"
        " q.requester_id) AS requester_id, coalesce(a.requested_at, q.requested_at) AS"
        " requested_at) FROM approvals AS a LEFT JOIN (SELECT d.row_id, arg_max(r.requester_id,"
        " (r.requested_at, r.row_id)) AS requester_id, max(r.requested_at) AS requested_at FROM"
        " (SELECT *, lag(granted_at) OVER (PARTITION BY source, actor_id, type, scope ORDER BY"
        " granted_at, row_id) AS decided_before FROM approvals WHERE decision IS DISTINCT FROM"
        " 'requested') AS d JOIN approvals AS r ON r.decision = 'requested' AND r.source = d.source"
        " AND r.actor_id = d.actor_id AND r.type = d.type AND r.scope = d.scope AND r.requested_at"
        " <= d.granted_at AND (d.decided_before IS NULL OR r.requested_at > d.decided_before) GROUP"
        " BY d.row_id) AS q ON q.row_id = a.row_id WHERE a.decision IS DISTINCT FROM 'requested'"
        " ORDER BY a.row_id"
    )


def _cover_by_scope(engine: Engine) -> None:
    """Let the policy that by its own scope covers an actor be its policy, where no list of it would
    name one: the approved one first, then what held before the period, then the narrowest scope.
    The version that it acknowledges is of another.
    """
    order = (
        "(p.status IS DISTINCT FROM 'approved', coalesce(p.effective_at > period_from(), TRUE),"
        " -p.n_limits, p.policy_id)"
    )
    engine.run(
        f"INSERT INTO covered SELECT a.actor_id, arg_min(p.policy_id, {order}), arg_min(p.source,"
        f" {order}) FROM actors AS a JOIN (SELECT *,"
        " (covers_kind IS NOT NULL)::INT + (covers_unit IS NOT NULL)::INT + (covers_environment IS"
        " NOT NULL)::INT AS n_limits FROM policies) AS p ON coalesce(p.covers_kind, CASE WHEN"
        " lower(p.scope) = 'agents' THEN 'agent' END) = a.kind AND coalesce(p.covers_environment ="
        " a.environment, p.covers_environment IS NULL) AND coalesce(lower(p.covers_unit) ="
        " lower(a.business_unit), p.covers_unit IS NULL) WHERE a.policy_id IS NULL AND a.actor_id"
        " NOT IN (SELECT r.actor_id FROM actor_rows AS r JOIN carried AS c ON c.source = r.source"
        " WHERE c.tbl = 'actors' AND c.col = 'policy_id') GROUP BY a.actor_id"
    )
    engine.run(
        "UPDATE actors SET policy_version = NULL, policy_id = (SELECT min(c.policy_id) FROM covered"
        " AS c WHERE c.actor_id = actors.actor_id) WHERE actor_id IN (SELECT c.actor_id FROM"
        " covered AS c)"
    )
    engine.run("INSERT INTO carried SELECT DISTINCT source, 'actors', 'policy_id' FROM covered")


def _inherit_changes(engine: Engine) -> None:
    """Let a change of a policy, a group or a role be a change of each agent or account that has it:
    `changes` then holds both, so that what is asked of the one is asked of the other.
    """
    engine.run(
        "INSERT INTO changes BY NAME SELECT c.* REPLACE (i.row_id AS row_id, i.actor_id AS"
        f" actor_id, 'entitlements' AS field) FROM {_INHERITED} AS i JOIN changes AS c ON c.row_id"
        " = i.changed_id"
    )


def _spread_log_sources(engine: Engine) -> None:
    """Let the settings of a log, which name whom it records by a pattern such as `arn:aws:*`, stand
    for each of them that the log shows: of whom it never shows, it is not known that it would.
    """
    if not engine.one("SELECT count(*) FROM actor_log_sources WHERE contains(actor_id, '*')"):
        return
    engine.run(
        "CREATE TABLE shown AS SELECT DISTINCT k.agent_id AS actor_id, e.log_source FROM"
        " (SELECT DISTINCT who, log_source FROM in_events WHERE occurred_at <= as_of() AND"
        " event_class IS DISTINCT FROM 'heartbeat' AND log_source IN (SELECT log_source FROM"
        " actor_log_sources WHERE contains(actor_id, '*'))) AS e JOIN event_actors AS k USING (who)"
        " WHERE k.agent_id IS NOT NULL"
    )
    engine.run(
        "INSERT INTO actor_log_sources BY NAME SELECT DISTINCT s.actor_id, p.log_source, p.ref,"
        " p.source FROM shown AS s JOIN actor_log_sources AS p ON p.log_source = s.log_source AND"
        " contains(p.actor_id, '*') WHERE EXISTS (SELECT 1 FROM (SELECT actor_id, actor_id AS name"
        " FROM actors UNION ALL SELECT actor_id, alias FROM same_as UNION ALL SELECT actor_id,"
        " principal_id FROM actor_rows) AS n WHERE n.actor_id = s.actor_id AND n.name LIKE"
        " pattern_of(p.actor_id) ESCAPE '!')"
    )
    engine.run("DROP TABLE shown")
    engine.run(
        "CREATE OR REPLACE TABLE actor_log_sources AS SELECT * FROM actor_log_sources WHERE NOT"
        " contains(actor_id, '*')"
    )


def _note_sources(engine: Engine, facts: Sequence[Table]) -> None:
    """Record which sources describe which actor in which table: the basis of 'not recorded'."""
    parts = [
        "SELECT actor_id, 'actors' AS tbl, source FROM actor_rows",
        "SELECT actor_id, 'actors', source FROM covered",
        f"SELECT actor_id, '{OF_FORM}' || form, source FROM actor_rows WHERE form IS NOT NULL",
    ]
    for table in facts:
        if table.name in ("actors", "events", *SHARED):
            continue
        parts.append(f"SELECT actor_id, {quoted(table.name)}, source FROM {table.name}")
    parts += [
        "SELECT agent_id, 'events', source FROM activity WHERE agent_id IS NOT NULL",
        "SELECT agent_id, 'events', source FROM unseen_agents",
    ]
    # Once over all: an engine plans a DISTINCT for each of twenty parts in twice the time.
    rows = " UNION ALL ".join(parts)
    engine.run(f"CREATE TABLE described AS SELECT DISTINCT actor_id, tbl, source FROM ({rows})")

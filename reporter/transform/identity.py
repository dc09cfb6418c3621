"""One actor, many names. In: in_actors, in_aliases and events. Out: same_as, actors, and the actor
of each event.

Names are one actor only by exact ids: a declared alias, or the one identity that one agent declares
to act under."""

from __future__ import annotations

from reporter.engine.base import Engine
from reporter.errors import ReporterError
from reporter.schema.tables import COMPUTED, TABLES

NAMED = {
    "actors": (
        "actor_id",
        "owner_id",
        "technical_owner_id",
        "previous_owner_id",
        "parent_id",
        "risk_signed_off_by",
    ),
    "approvals": ("actor_id", "requester_id", "approver_id"),
    "links": ("actor_id", "peer_id"),
    "changes": ("actor_id", "requested_by", "approved_by"),
    "third_parties": ("actor_id", "owner_id"),
    "exceptions": ("actor_id", "requester_id", "approver_id"),
    **dict.fromkeys(
        (
            "credentials",
            "grants",
            "reviews",
            "review_items",
            "state_changes",
            "components",
            "actor_log_sources",
            "snapshot_items",
            "incidents",
            "alerts",
        ),
        ("actor_id",),
    ),
}
"""Columns that name an actor, by table; each name becomes that of the actor it stands for."""


def same(column: str) -> str:
    """SQL: the actor that a name in a column of `i` stands for, else the name as it is."""
    return f"coalesce((SELECT x.actor_id FROM same_as AS x WHERE x.alias = i.{column}), i.{column})"


def find_names(engine: Engine) -> bool:
    """Make same_as (alias, actor_id): declared aliases, and identities that are an agent's own.
    Return whether there is any.

    An identity (a service account, workload or agent of a directory) is the agent that declares it
    as its principal, if that is one agent only and no source lists both: a register that lists both
    means two."""
    engine.run(
        "CREATE TEMP TABLE declared AS SELECT alias, min(actor_id) AS actor_id FROM in_aliases "
        "WHERE alias <> actor_id GROUP BY alias"
    )
    named = (
        "coalesce((SELECT d.actor_id FROM declared AS d WHERE d.alias = i.actor_id), i.actor_id)"
    )
    engine.run(
        f"CREATE TEMP TABLE known AS SELECT DISTINCT {named} AS actor_id, kind, principal_id,"
        " source FROM in_actors AS i"
    )
    engine.run(
        "CREATE TEMP TABLE identities AS SELECT alias, min(agent) AS actor_id FROM (SELECT DISTINCT"
        " coalesce(d.actor_id, k.principal_id) AS alias, k.actor_id AS agent FROM known AS k LEFT"
        " JOIN declared AS d ON d.alias = k.principal_id WHERE k.kind = 'agent' AND k.principal_id"
        " IS NOT NULL) AS p WHERE alias <> agent AND alias IN (SELECT actor_id FROM known WHERE"
        " kind NOT IN ('human', 'group')) AND NOT EXISTS (SELECT 1 FROM known AS a JOIN known AS b"
        " USING (source) WHERE a.actor_id = p.alias AND b.actor_id = p.agent) GROUP BY alias HAVING"
        " count(*) = 1"
    )
    engine.run(
        "CREATE TABLE same_as AS SELECT d.alias, coalesce(p.actor_id, d.actor_id) AS actor_id,"
        " p.alias IS NOT NULL AS is_identity FROM declared AS d LEFT JOIN identities AS p ON"
        " p.alias = d.actor_id UNION ALL SELECT alias, actor_id, TRUE FROM identities WHERE alias"
        " NOT IN (SELECT alias FROM declared)"
    )
    return bool(engine.one("SELECT count(*) FROM same_as"))


def merge_actors(engine: Engine, has_names: bool = True) -> None:
    """One row an actor, with the first filled value of each column in order of file and record; who
    is an agent stays one.
    """
    # To look each name up costs as much as all else here, and most companies have no actor of two
    # names.
    named = f" REPLACE ({', '.join(f'{same(n)} AS {n}' for n in NAMED['actors'])})"
    engine.run(
        f"CREATE TEMP TABLE actor_rows AS SELECT i.*{named if has_names else ''}, "
        "row_number() OVER (ORDER BY file, record) AS place FROM in_actors AS i"
    )
    picks = ["CASE WHEN bool_or(kind = 'agent') THEN 'agent' ELSE arg_min(kind, place) END AS kind"]
    for column in TABLES["actors"].columns:
        if column.name not in ("actor_id", "kind") and column.name not in COMPUTED:
            picks.append(f"arg_min({column.name}, place) AS {column.name}")
    engine.run(
        f"CREATE TABLE actors AS SELECT m.*, c.ends_at AS credential_ends_at, {_HIGH_RISK} AS"
        f" high_risk FROM (SELECT actor_id, {', '.join(picks)}, max(n_same) AS n_records,"
        f" min(created_at) AS registered_at, {_APPROVALS_RECORDED} AS approvals_recorded, {_DEPUTY}"
        " AS deputy_id, TRUE AS registered, arg_min(file || '#' || CAST(record AS VARCHAR), place)"
        " AS ref FROM (SELECT *, count(*) OVER (PARTITION BY actor_id, source, listed_in) AS"
        " n_same FROM actor_rows) AS a GROUP BY actor_id) AS m LEFT JOIN (SELECT actor_id,"
        " min(ended_at) AS ends_at FROM credentials CROSS JOIN run WHERE ended_at > as_of GROUP BY"
        " actor_id) AS c USING (actor_id) LEFT JOIN (SELECT DISTINCT actor_id, TRUE AS acts FROM"
        " grants CROSS JOIN run WHERE type = 'tool' AND effect IN ('delete', 'transfer',"
        " 'execute', 'admin') AND (expires_at IS NULL OR expires_at > as_of)) AS g USING"
        " (actor_id)"
    )
    engine.run("CREATE VIEW agents AS SELECT * FROM actors WHERE kind = 'agent'")


_HIGH_RISK = (
    "CASE WHEN m.risk_tier IN ('high', 'critical') OR m.autonomy >= 3 OR g.acts THEN TRUE "
    "WHEN m.risk_tier IS NOT NULL THEN FALSE END"
)
_DEPUTY = (
    "coalesce(arg_min(technical_owner_id, place), CASE WHEN bool_or(source IN (SELECT source FROM"
    " carried WHERE tbl = 'actors' AND col = 'technical_owner_id')) THEN '' END)"
)
_APPROVALS_RECORDED = (
    "EXISTS (SELECT 1 FROM carried WHERE tbl = 'approvals' AND col = 'granted_at' AND source IN"
    " (SELECT source FROM in_approvals WHERE type <> 'action')) OR actor_id IN (SELECT actor_id"
    " FROM in_grants JOIN carried USING (source) WHERE tbl = 'grants' AND col = 'approved_at') OR"
    " bool_or(source IN (SELECT source FROM carried WHERE tbl = 'grants' AND col = 'approved_at'))"
)
"""Approvals of single calls do not count: their log shows no others. An agent without a grant is
covered when its own source would give the approval of one."""


_ONLY = "CASE WHEN count(DISTINCT actor_id) = 1 THEN min(actor_id) END"
_GATE = "coalesce(bool_or(a.is_intermediary AND a.kind IN ('service_account', 'workload')), FALSE)"
_KIND = "CASE WHEN count(DISTINCT a.kind) = 1 THEN min(a.kind) END"
"""Of the actors that hold one principal or credential: the only one, whether one is a gateway,
their common kind. An agent or a person that is declared to be a gateway is none: what it does is
its own."""


def _find_keys(engine: Engine) -> None:
    """Whom each id, principal and credential stands for."""
    engine.run(
        "CREATE TEMP TABLE keys AS "
        "SELECT 'id' AS how, actor_id AS key, actor_id AS found, FALSE AS gate, kind FROM actors"
        " UNION ALL "
        "SELECT how, x.alias, x.actor_id, FALSE, NULL FROM same_as AS x "
        "CROSS JOIN (VALUES ('id'), ('principal')) AS h(how) "
        "WHERE x.alias NOT IN (SELECT actor_id FROM actors) UNION ALL "
        f"SELECT 'principal', a.principal_id, {_ONLY}, {_GATE}, {_KIND} FROM (SELECT DISTINCT"
        " r.actor_id, r.principal_id, "
        "m.kind, m.is_intermediary FROM actor_rows AS r JOIN actors AS m ON m.actor_id ="
        " r.actor_id) AS a "
        "WHERE a.principal_id IS NOT NULL AND a.principal_id NOT IN (SELECT alias FROM same_as) "
        "GROUP BY a.principal_id UNION ALL "
        # Who is listed by the name that the log gives as identity: a person by a mail address, an
        # account by its name.
        "SELECT 'principal', actor_id, actor_id, coalesce(is_intermediary, FALSE), kind FROM actors"
        " AS a WHERE NOT EXISTS ("
        "SELECT 1 FROM actor_rows AS r WHERE r.principal_id = a.actor_id) AND actor_id NOT IN"
        " (SELECT alias FROM same_as) UNION ALL "
        f"SELECT 'credential', c.credential_id, {_ONLY}, {_GATE}, {_KIND} FROM credentials AS c "
        "LEFT JOIN actors AS a USING (actor_id) GROUP BY c.credential_id"
    )


_FOUND = "i.found, p.found, c.found, self.actor_id"
"""By id, principal, credential; last an identity that several agents declare, where the log names
no more.
"""


def resolve_events(engine: Engine) -> None:
    """Find the actor of each distinct (actor, principal, credential) by exact id, in that order.

    A principal that is another name of the identity its record declares is written as the record
    has it.

    Raises ReporterError where two combinations have one number.
    """
    engine.run(
        "CREATE TEMP TABLE event_keys AS SELECT DISTINCT who, actor_id, principal_id,"
        " credential_id, actor_kind, TRUE AS logged FROM in_events CROSS JOIN run AS r WHERE"
        " occurred_at <= r.as_of OR occurred_at IS NULL"
    )
    engine.run(
        "INSERT INTO event_keys SELECT DISTINCT who, actor_id, principal_id, credential_id,"
        " actor_kind, FALSE FROM in_baseline WHERE who NOT IN (SELECT who FROM event_keys)"
    )
    twice = engine.one("SELECT count(*) - count(DISTINCT who) FROM event_keys")
    if twice:
        raise ReporterError(
            f"{twice} actors of the log share a hash with another; please report this"
        )
    _find_keys(engine)
    engine.run(
        "CREATE TABLE event_actors AS SELECT k.* REPLACE (CASE WHEN own.actor_id IS NOT NULL "
        "THEN coalesce(a.principal_id, k.principal_id) ELSE k.principal_id END AS principal_id), "
        f"coalesce({_FOUND}, k.actor_id, k.principal_id, k.credential_id) AS agent_id, "
        f"coalesce({_FOUND}) IS NOT NULL AS registered, "
        "(coalesce(i.found <> p.found, FALSE) AND NOT p.gate) OR (coalesce(i.found <> c.found,"
        " FALSE) AND NOT c.gate) "
        "OR (coalesce(p.found <> c.found, FALSE) AND NOT p.gate AND NOT c.gate) AS conflict, "
        # A person's identity, such as a mail address, comes with ids of many systems: that is no
        # stranger.
        f"CASE WHEN i.found IS NULL AND coalesce({_FOUND}) IS NOT NULL AND a.kind <> 'human' "
        "AND k.actor_id <> coalesce(k.principal_id, '') AND k.actor_id <> coalesce(k.credential_id,"
        " '') THEN k.actor_id END AS stranger, "
        "coalesce(p.gate, FALSE) AS principal_is_intermediary, "
        "coalesce(c.gate, p.gate, FALSE) AS credential_is_intermediary, "
        "coalesce(a.kind, k.actor_kind, p.kind, c.kind) AS agent_kind, a.registered_at, "
        "CASE WHEN i.found IS NOT NULL THEN 'id' WHEN p.found IS NOT NULL THEN 'principal' "
        "WHEN c.found IS NOT NULL THEN 'credential' WHEN self.actor_id IS NOT NULL THEN 'principal'"
        " ELSE 'none' END AS resolved_by "
        "FROM event_keys AS k "
        "LEFT JOIN keys AS i ON i.how = 'id' AND i.key = k.actor_id "
        "LEFT JOIN keys AS p ON p.how = 'principal' AND p.key = k.principal_id "
        "LEFT JOIN keys AS c ON c.how = 'credential' AND c.key = k.credential_id "
        "LEFT JOIN actors AS self ON self.actor_id = k.principal_id AND k.actor_id IS NULL "
        f"LEFT JOIN actors AS a ON a.actor_id = coalesce({_FOUND}) "
        "LEFT JOIN same_as AS own ON own.alias = k.principal_id AND own.actor_id = a.actor_id AND"
        " own.is_identity"
    )
    see_events(engine)


def see_events(engine: Engine, filled: bool = False) -> None:
    """Make the events that checks see: dated, with their actors; `filled`: with the effects of the
    register where the log has none.
    """
    effect = "REPLACE (coalesce(e.effect, t.effect) AS effect) " if filled else ""
    known = (
        "LEFT JOIN granted_effects AS t ON t.agent_id = k.agent_id AND t.tool = e.tool "
        if filled
        else ""
    )
    engine.run(
        "CREATE OR REPLACE VIEW events AS SELECT e.* EXCLUDE (file, record, part, place, who)"
        f" {effect}, k.agent_id, k.registered, k.conflict, k.resolved_by, k.agent_kind,"
        " k.registered_at, k.stranger, k.principal_is_intermediary, k.credential_is_intermediary,"
        " e.occurred_at >= r.period_from AND e.occurred_at < r.period_to AS in_window, e.file ||"
        " '#' || CAST(e.record AS VARCHAR) AS ref, CAST(e.part AS HUGEINT) * 18446744073709551616"
        " + e.place AS row_id FROM in_events AS e CROSS JOIN run AS r JOIN event_actors AS k USING"
        f" (who) {known}WHERE e.occurred_at <= r.as_of"
    )


def add_shadows(engine: Engine) -> None:
    """Agents that act but stand in no register become actors; they have no tier and no
    attribute.
    """
    engine.run(
        "INSERT INTO actors BY NAME SELECT agent_id AS actor_id, 'agent' AS kind, FALSE AS"
        " registered, 0 AS n_records FROM event_actors WHERE logged AND NOT registered AND"
        " actor_kind = 'agent' AND agent_id IS NOT NULL AND agent_id NOT IN (SELECT actor_id FROM"
        " actors) GROUP BY agent_id"
    )


def list_identities(engine: Engine) -> None:
    """Who and what stands in which list, before lists are merged; ids are those of the merged
    actors.
    """
    engine.run(
        "CREATE TABLE listings AS SELECT 'identity' AS kind, coalesce(listed_in, 'register') AS"
        " listed_in, actor_id AS id, actor_id, kind AS actor_kind, owner_id, state, file || '#' ||"
        " CAST(record AS VARCHAR) AS ref FROM actor_rows UNION ALL SELECT 'credential',"
        " coalesce(listed_in, 'register'), credential_id, actor_id, NULL, NULL, NULL, ref FROM"
        " credentials"
    )

"""One actor, many names. In: in_actors, same_as. Out: actors, one row each, and agents among them.

Names are one actor only by exact ids: a declared alias, or the one identity that one agent declares
to act under; the model same_as says which."""

from __future__ import annotations

from collections.abc import Sequence

from reporter.engine.base import Engine
from reporter.schema.tables import COMPUTED, TABLES, Table
from reporter.schema.vocabulary import LISTS

REGISTER = LISTS[0]
"""The kind of list that says what is meant to be; a directory says what there is."""
NAMED = {
    "actors": (
        "actor_id",
        "owner_id",
        "technical_owner_id",
        "previous_owner_id",
        "parent_id",
        "risk_signed_off_by",
        "autonomy_approved_by",
        "kill_switch_owner",
    ),
    "alerts": ("actor_id", "acted_by"),
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
            "last_accesses",
            "assumed_roles",
            "holdings",
            "incidents",
            "tests",
        ),
        ("actor_id",),
    ),
}
"""Columns that name an actor, by table; each name is replaced by that of its actor."""


def same(column: str) -> str:
    """SQL: the actor behind a name in a column of `i`, else the name itself."""
    return f"coalesce((SELECT x.actor_id FROM same_as AS x WHERE x.alias = i.{column}), i.{column})"


def spell_people(engine: Engine, facts: Sequence[Table]) -> None:
    """Write each mail address of a person of the lists in one way wherever it names somebody: its
    case tells nobody apart. Other ids stay as they are. Makes `mail_names`, by which `event_actors`
    does the same for logs.
    """
    engine.run(
        "CREATE TABLE mail_names AS SELECT lower(name) AS mail, arg_min(name, (name <> lower(name),"
        " name)) AS name FROM (SELECT actor_id AS name FROM in_actors WHERE kind = 'human' UNION"
        " SELECT n.alias FROM in_aliases AS n JOIN in_actors AS h ON h.actor_id = n.actor_id AND"
        f" h.kind = 'human') AS named WHERE regexp_full_match(name, '{_MAIL}') GROUP BY lower(name)"
    )
    if not engine.one("SELECT count(*) FROM mail_names"):
        return
    for table in facts:
        people = {c.name for c in table.columns if c.person} | {*NAMED.get(table.name, ())}
        for column in sorted(
            people | ({"actor_id", "alias"} if table.name == "aliases" else set())
        ):
            engine.run(
                f"UPDATE in_{table.name} SET {column} = (SELECT m.name FROM mail_names AS m WHERE"
                f" m.mail = lower(in_{table.name}.{column})) WHERE lower(in_{table.name}.{column})"
                f" IN (SELECT o.mail FROM mail_names AS o) AND in_{table.name}.{column} NOT IN"
                " (SELECT o.name FROM mail_names AS o)"
            )


_MAIL = r"[^@\s/:]+@[^@\s/:]+\.[A-Za-z]{2,}"


def merge_actors(engine: Engine, has_names: bool) -> None:
    """Make one row per actor, with the first filled value of each column: registers before what
    directories and stores list, then in order of file and record. An actor that is an agent in any
    row stays one. Of a list that was exported twice the later record of an actor replaces the
    earlier.
    """
    # Looking up each name doubles the cost of this step, and most companies have no actor with
    # two names.
    replacement = f" REPLACE ({', '.join(f'{same(n)} AS {n}' for n in NAMED['actors'])})"
    engine.run(
        f"CREATE TABLE actor_rows AS SELECT i.*{replacement if has_names else ''}, "
        f"row_number() OVER (ORDER BY coalesce(listed_in, '{REGISTER}') <> '{REGISTER}',"
        " file, record) AS place FROM in_actors AS i QUALIFY"
        f" updated_at IS NULL OR updated_at = max(updated_at) OVER ({_OF_LIST}) OR file ="
        f" arg_max(file, updated_at) OVER ({_OF_LIST})"
    )
    picks = ["CASE WHEN bool_or(kind = 'agent') THEN 'agent' ELSE arg_min(kind, place) END AS kind"]
    for column in TABLES["actors"].columns:
        if column.name not in ("actor_id", "kind") and column.name not in COMPUTED:
            picks.append(f"arg_min({column.name}, place) AS {column.name}")
    engine.run(
        f"CREATE TABLE actors AS WITH picked AS (SELECT actor_id, {', '.join(picks)}, max(n_same)"
        " AS n_records, min(created_at) AS registered_at, TRUE AS registered, arg_min(file || '#'"
        f" || CAST(record AS VARCHAR), place) AS ref FROM (SELECT *, {_SAME} AS n_same FROM"
        " actor_rows) AS a GROUP BY actor_id), told AS (SELECT actor_id,"
        f" {_APPROVALS_RECORDED} AS approvals_recorded, {_DEPUTY} AS deputy_id FROM actor_rows"
        " GROUP BY actor_id) SELECT m.*, t.* EXCLUDE (actor_id), c.ends_at AS credential_ends_at,"
        f" {_HIGH_RISK} AS high_risk FROM picked AS m JOIN told AS t USING (actor_id) LEFT JOIN"
        " (SELECT actor_id, min(ended_at) AS ends_at FROM credentials CROSS JOIN run WHERE ended_at"
        " > as_of GROUP BY actor_id) AS c USING (actor_id) LEFT JOIN (SELECT DISTINCT actor_id,"
        " TRUE AS acts FROM grants CROSS JOIN run WHERE type = 'tool' AND effect IN ('delete',"
        " 'transfer', 'execute', 'admin') AND (expires_at IS NULL OR expires_at > as_of)) AS g"
        " USING (actor_id)"
    )
    engine.run("CREATE VIEW agents AS SELECT * FROM actors WHERE kind = 'agent'")


_OF_LIST = "PARTITION BY i.actor_id, source, listed_in"
_COLUMNS = ", ".join(c.name for c in TABLES["actors"].columns if c.name not in COMPUTED)
_SAME = (
    "greatest(count(*) OVER (PARTITION BY actor_id, source, listed_in, file), CASE WHEN source LIKE"
    f" 'reporter-%' OR source LIKE 'map-%' THEN count(DISTINCT hash({_COLUMNS})) OVER (PARTITION BY"
    " actor_id, source, listed_in) END)"
)
"""SQL: how many records of one list carry an id. A register of one's own is one list in all its
files, but for what they repeat; of a system each export is one.
"""
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

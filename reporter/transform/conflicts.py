"""Conflicts between sources about one actor, and actors that may be the same. In: derived tables.
Out: notes.

Nothing is merged here: only exact ids and declared aliases make two records one actor.
"""

from __future__ import annotations

from reporter.engine.base import Engine
from reporter.i18n.translate import mark
from reporter.model.assessment import Quarantined
from reporter.model.sentences import Sentence, tell
from reporter.schema.tables import KEY_ENDS
from reporter.transform import labels
from reporter.transform.identity import NAMED, same

COMPARED = (
    "kind",
    "state",
    "environment",
    "owner_id",
    "technical_owner_id",
    "risk_tier",
    "principal_id",
    "parent_id",
)
SHORTEST = 4
"""Minimum of letters and digits: shorter names are alike by chance."""


def notes(engine: Engine) -> list[Quarantined]:
    """Return a note for each value on which two records, or a list and the log, differ, and for
    each pair of near names.
    """
    return [
        *_conflicts(engine),
        *_replaced(engine),
        *labels.notes(engine),
        *_conflicts_of_keys(engine),
        *_called_otherwise(engine),
        *_near_names(engine),
        *_merged(engine, "SELECT alias, actor_id FROM agent_identities", _IDENTITY),
        *_merged(engine, _DECLARED_AGENTS, _DECLARED),
        *_doubly_claimed(engine),
        *_unjoined(engine),
        *_unheld(engine),
    ]


def _conflicts(engine: Engine) -> list[Quarantined]:
    """`actor_rows` is what was merged into `actors`, in order of file and record."""
    entries = []
    for column in COMPARED:
        for actor, file, record, value, other_values in engine.rows(
            "SELECT actor_id, arg_min(file, place) FILTER (WHERE value = used), arg_min(record,"
            " place) FILTER (WHERE value = used), used, string_agg(DISTINCT value || ' (' || file"
            " || '#' || record || ')', ', ' ORDER BY value || ' (' || file || '#' || record ||"
            " ')') FILTER (WHERE value <> used) FROM (SELECT r.actor_id, r.file, r.record,"
            f" r.place, r.{column} AS value, a.{column} AS used FROM actor_rows AS r JOIN actors AS"
            f" a USING (actor_id) WHERE r.{column} IS NOT NULL) AS v GROUP BY actor_id, used HAVING"
            " count(DISTINCT value) > 1 ORDER BY actor_id"
        ):
            reason = tell(
                "actor {actor}: {column} is {used} here, and {others} elsewhere; {used} is used",
                actor=actor,
                column=column,
                used=str(value),
                others=other_values,
            )
            entries.append(Quarantined(file, record, "conflict", reason, ""))
    return entries


def _replaced(engine: Engine) -> list[Quarantined]:
    """Return a note for each record of an actor that a later one of the same list replaces."""
    return [
        Quarantined(
            file,
            record,
            "replaced",
            tell(
                "actor {actor}: what this record says of {day} is replaced by {later}",
                actor=actor,
                day=day,
                later=later,
            ),
            "",
        )
        for actor, file, record, day, later in engine.rows(
            "SELECT i.actor_id, i.file, i.record, strftime(i.updated_at, '%Y-%m-%d'), max(r.file ||"
            " '#' || r.record) FROM in_actors AS i JOIN actor_rows AS r ON r.source = i.source AND"
            " r.file <> i.file AND r.updated_at > i.updated_at WHERE (i.file, i.record) NOT IN"
            f" (SELECT (file, record) FROM actor_rows) AND r.actor_id = {same('actor_id')} GROUP BY"
            " ALL ORDER BY ALL"
        )
    ]


def _conflicts_of_keys(engine: Engine) -> list[Quarantined]:
    """Return a note for each end of a credential on which two records of it differ by a day."""
    entries = []
    for column in KEY_ENDS:
        for credential, ref, values in engine.rows(
            f"SELECT credential_id, min(ref), string_agg(DISTINCT CAST({column} AS DATE) || ' (' ||"
            f" ref || ')', ', ' ORDER BY CAST({column} AS DATE) || ' (' || ref || ')') FROM"
            f" credentials WHERE {column} IS NOT NULL GROUP BY actor_id, credential_id HAVING"
            f" count(DISTINCT CAST({column} AS DATE)) > 1 ORDER BY credential_id, actor_id"
        ):
            reason = tell(
                "credential {credential}: records differ on {column}: {values}; what depends on"
                " it is"
                " unknown",
                credential=credential,
                column=column,
                values=values,
            )
            entries.append(Quarantined.on(ref, "conflict", reason))
    return entries


def _called_otherwise(engine: Engine) -> list[Quarantined]:
    """Return a note for each actor that a list calls an agent and the log a person, or the reverse.

    Between accounts and agents the log's word for an agent's identity is no contradiction.
    """
    entries = []
    for actor, kind, log_kind, count, ref in engine.rows(
        "SELECT agent_id, agent_kind, actor_kind, sum(n_events)::BIGINT, arg_min(first_ref,"
        " (first_at, first_ref)) FROM activity WHERE registered AND in_window AND resolved_by ="
        " 'id' AND agent_kind <> actor_kind AND (actor_kind = 'agent' OR (agent_kind = 'agent' AND"
        " actor_kind = 'human')) GROUP BY ALL ORDER BY ALL"
    ):
        reason = tell(
            "actor {actor}: listed as {kind}, but the log calls it {called}; events: {n}",
            actor=actor,
            kind=kind,
            called=log_kind,
            n=count,
        )
        entries.append(Quarantined.on(ref, "conflict", reason))
    return entries


def _near_names(engine: Engine) -> list[Quarantined]:
    """Return a note for names of several actors that differ only in case, accents and signs."""
    plain = "regexp_replace(lower(strip_accents(x)), '[^a-z0-9]', '', 'g')"
    return [
        Quarantined(
            file or "",
            int(record or 0),
            "near name",
            tell("{actors} may be one actor: declare an alias if they are", actors=tuple(actors)),
            "",
        )
        for actors, file, record in engine.rows(
            "SELECT DISTINCT actors, file, record FROM (SELECT"
            " list_sort(list_distinct(list(actor_id))) AS actors, min(split_part(ref, '#', 1)) AS"
            " file, arg_min(split_part(ref, '#', 2), ref) AS record FROM (SELECT actor_id, ref,"
            f" {plain} AS name FROM (SELECT actor_id, ref, actor_id AS x FROM actors UNION ALL"
            " SELECT actor_id, ref, name FROM actors) AS n) AS named WHERE length(name) >="
            f" {SHORTEST} GROUP BY name) AS g WHERE len(actors) > 1 ORDER BY ALL"
        )
    ]


_IDENTITY = mark("{alias} is the identity of agent {actor}, which declares it as its principal")
_DECLARED = mark(
    "{alias} has a separate record but counts as {actor}, which is declared to have that alias"
)
# Between lists of two systems that is the rule: only the same list tells them apart.
_DECLARED_AGENTS = (
    "SELECT d.alias, d.actor_id FROM declared_aliases AS d WHERE EXISTS (SELECT 1 FROM in_actors"
    " AS a JOIN in_actors AS b ON b.file = a.file AND b.actor_id = d.actor_id WHERE a.actor_id ="
    " d.alias AND a.kind = 'agent')"
)


def _merged(engine: Engine, names: str, text: str) -> list[Quarantined]:
    """Return a note for each name with a record of its own that counts as another actor; `names` is
    SQL of (alias, actor_id).
    """
    return [
        Quarantined(
            file, record, "one actor", Sentence(text, (("alias", alias), ("actor", actor))), ""
        )
        for file, record, alias, actor in engine.rows(
            "SELECT arg_min(i.file, (i.file, i.record)), arg_min(i.record, (i.file, i.record)),"
            f" n.alias, n.actor_id FROM ({names}) AS n JOIN in_actors AS i ON i.actor_id = n.alias"
            " GROUP BY n.alias, n.actor_id ORDER BY n.alias"
        )
    ]


def _doubly_claimed(engine: Engine) -> list[Quarantined]:
    """Return a note for each alias that several actors declare: the first in order is used."""
    return [
        Quarantined(
            file,
            record,
            "conflict",
            tell(
                "alias {alias} is declared for {actors}; {used} is used",
                alias=alias,
                actors=tuple(actors),
                used=actors[0],
            ),
            "",
        )
        for file, record, alias, actors in engine.rows(
            "SELECT arg_min(file, (file, record)), arg_min(record, (file, record)), alias,"
            " list_sort(list_distinct(list(actor_id))) FROM in_aliases WHERE alias <> actor_id"
            " GROUP BY alias HAVING count(DISTINCT actor_id) > 1 ORDER BY alias"
        )
    ]


_IS_ACTOR = "coalesce(t.actor_id IN (SELECT actor_id FROM actors), FALSE)"
_IS_TESTED = (
    "EXISTS (SELECT 1 FROM tested_names AS n WHERE n.row_id = t.row_id AND n.name IN (SELECT"
    " actor_id FROM actors UNION SELECT credential_id FROM credentials UNION SELECT log_source FROM"
    " log_stores))"
)

_ABOUT_ACTORS = {"changes": "t.field NOT IN ('log_store', 'shared_rights') AND t.row_id >= 0"}
"""Rows that name somebody; a change of a log names that, or its bucket, one of a policy that."""
_LISTED_AGAIN = {"actors", "holdings"}
"""Whom these name, other tables of the same source name too."""


def _unjoined(engine: Engine) -> list[Quarantined]:
    """Return a note for each source and table of which some rows name nobody that a list or a log
    knows: no result can rest on them.
    """
    tables = {name for (name,) in engine.rows("SELECT table_name FROM information_schema.tables")}
    entries = []
    for table in sorted(tables & {*NAMED} - _LISTED_AGAIN):
        for source, rows, joined, ref in engine.rows(
            "SELECT source, count(*), count(*) FILTER (is_joined), min(ref) FILTER (NOT is_joined)"
            f" FROM (SELECT source, ref, {_IS_TESTED if table == 'tests' else _IS_ACTOR} AS"
            f" is_joined FROM {table} AS t WHERE {_ABOUT_ACTORS.get(table, 'TRUE')}) AS t"
            " GROUP BY source HAVING NOT bool_and(is_joined) ORDER BY source"
        ):
            reason = tell(
                "{joined:,} of {rows:,} rows of {table} from {source} name someone in a list or a"
                " log;"
                " an alias can say who the others are",
                rows=rows,
                table=table,
                source=source,
                joined=joined,
            )
            entries.append(Quarantined.on(ref, "unjoined", reason))
    return entries


def _unheld(engine: Engine) -> list[Quarantined]:
    """Return a note for each log that tells changes of policies, groups or roles that no list gives
    to anybody: they are changes of somebody's rights all the same.
    """
    return [
        Quarantined.on(
            ref,
            "unjoined",
            tell(
                "{unheld:,} of {rows:,} changes of policies, groups and roles from {source} concern"
                " items that no list assigns to anyone; whose permissions changed is not known",
                unheld=unheld,
                rows=rows,
                source=source,
            ),
        )
        for source, rows, unheld, ref in engine.rows(
            "SELECT source, count(*), count(*) FILTER (NOT is_held), min(ref) FILTER (NOT is_held)"
            " FROM (SELECT source, ref, coalesce(actor_id IN (SELECT held_id FROM holdings UNION"
            " SELECT role FROM grants WHERE role IS NOT NULL UNION SELECT holder_id FROM"
            " right_holders WHERE holder_id <> actor_id), FALSE) AS is_held FROM changes WHERE"
            " field = 'shared_rights') AS t GROUP BY source HAVING NOT bool_and(is_held) ORDER BY"
            " source"
        )
    ]

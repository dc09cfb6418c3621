"""Actors whose records held a secret. In: hidden (file, record), in_ relations, components. Out:
secret_traces.

Only records noted by `load` are examined; a fingerprint stands in place of the secret.
"""

from __future__ import annotations

from reporter.engine.base import Engine, quoted
from reporter.schema.columns import TEXT
from reporter.schema.tables import COMPUTED, TABLES, Table
from reporter.schema.vocabulary import VOCABULARY
from reporter.transform.identity import same

_FINGERPRINT = "secret-[0-9a-f]{12}"
_NO_EVENTS = (
    "SELECT CAST(NULL AS VARCHAR) AS actor_id, 'events' AS place, FALSE AS in_window, CAST(0 AS"
    " BIGINT) AS n_records, CAST(NULL AS VARCHAR) AS first_ref WHERE FALSE"
)
"""SQL for runs without a noted log record: no events are examined."""
_IN_CONFIGURATION = (
    "SELECT actor_id, 'configuration', TRUE, count(*), min(ref) FROM components WHERE"
    " secret_in_config GROUP BY ALL"
)


def find_secret_traces(engine: Engine) -> None:
    """Make secret_traces: one row per actor and list or log in which one of its records held a
    secret.
    """
    has_hidden = engine.one("SELECT count(*) FROM hidden JOIN parts USING (file)")
    parts = [
        _in_events() if has_hidden else _NO_EVENTS,
        *(_in_list(t) for t in TABLES.values() if _tells_actor(t)),
        _IN_CONFIGURATION,
    ]
    engine.run(f"CREATE TABLE secret_traces AS {' UNION ALL '.join(parts)}")


def _tells_actor(table: Table) -> bool:
    return table.loaded and table.name != "events" and "actor_id" in {c.name for c in table.columns}


def _holds_one(table: Table) -> str:
    texts = ", ".join(
        f"i.{c.name}"
        for c in table.columns
        if c.type == TEXT and c.name not in COMPUTED and f"{table.name}.{c.name}" not in VOCABULARY
    )
    return f"regexp_matches(concat_ws(' ', {texts}), {quoted(_FINGERPRINT)})"


def _in_events() -> str:
    return (
        "SELECT k.agent_id AS actor_id, 'events' AS place, i.occurred_at >= r.period_from AND"
        " i.occurred_at < r.period_to AS in_window, count(*) AS n_records, arg_min(i.file || '#'"
        " || CAST(i.record AS VARCHAR), (i.occurred_at, i.file, i.record)) AS first_ref FROM"
        " in_events AS i JOIN (SELECT DISTINCT p.part, h.record FROM hidden AS h JOIN parts AS p"
        " USING (file)) AS h ON h.part = i.part AND h.record = i.record JOIN event_actors AS k"
        " USING (who) CROSS JOIN run AS r WHERE k.agent_id IS NOT NULL AND i.occurred_at <="
        f" r.as_of AND {_holds_one(TABLES['events'])} GROUP BY ALL"
    )


def _in_list(table: Table) -> str:
    return (
        f"SELECT {same('actor_id')}, {quoted(table.name)}, TRUE, count(*), arg_min(i.file || '#' ||"
        f" CAST(i.record AS VARCHAR), (i.file, i.record)) FROM in_{table.name} AS i JOIN (SELECT"
        " DISTINCT file, record FROM hidden) AS h ON h.file = i.file AND h.record = i.record WHERE"
        f" {_holds_one(table)} GROUP BY ALL"
    )

"""One actor, many names: where sources disagree on it, and where two actors may be one. In: derived tables. Out: notes.

Nothing is merged here: only exact ids and declared aliases make two records one actor.
"""

from __future__ import annotations

from reporter.db import Engine
from reporter.model import Quarantined

COMPARED = (
    "kind", "state", "environment", "owner_id", "technical_owner_id", "risk_tier", "principal_id", "parent_id",
)  # fmt: skip
SHORTEST = 4
"""Letters and digits below which names are alike by chance."""


def notes(engine: Engine) -> list[Quarantined]:
    """Return a note for each value that two records of an actor give differently, and for each pair of near names."""
    return [*_conflicts(engine), *_near_names(engine)]


def _conflicts(engine: Engine) -> list[Quarantined]:
    """`actor_rows` is what derive merged: in order of file and record, and the first filled value is used."""
    made = []
    for column in COMPARED:
        for actor, file, record, used, others in engine.rows(
            f"SELECT actor_id, arg_min(file, place), arg_min(record, place), arg_min({column}, place), "
            f"string_agg(DISTINCT {column} || ' (' || file || '#' || record || ')', ', ' ORDER BY {column} || ' (' || file || '#' || record || ')') "
            f"FILTER (WHERE {column} <> first_value) FROM (SELECT *, arg_min({column}, place) OVER (PARTITION BY actor_id) "
            f"AS first_value FROM actor_rows WHERE {column} IS NOT NULL) AS a GROUP BY actor_id "
            f"HAVING count(DISTINCT {column}) > 1 ORDER BY actor_id"
        ):
            reason = (
                f"actor {actor}: {column} is {used} here, and {others} elsewhere; {used} is used"
            )
            made.append(Quarantined(file, record, "conflict", reason, ""))
    return made


def _near_names(engine: Engine) -> list[Quarantined]:
    """Names that are the same but for case and signs, of actors that are not the same."""
    plain = "regexp_replace(lower(x), '[^a-z0-9]', '', 'g')"
    return [
        Quarantined(
            file or "", int(record or 0), "near name",
            f"{', '.join(actors)} may be one actor: declare an alias if they are", "",
        )
        for actors, file, record in engine.rows(
            f"SELECT DISTINCT actors, file, record FROM (SELECT list_sort(list_distinct(list(actor_id))) AS actors, "
            "min(split_part(ref, '#', 1)) AS file, arg_min(split_part(ref, '#', 2), ref) AS record FROM ("
            f"SELECT actor_id, ref, {plain} AS name FROM (SELECT actor_id, ref, actor_id AS x FROM actors "
            "UNION ALL SELECT actor_id, ref, name FROM actors) AS n) AS named "
            f"WHERE length(name) >= {SHORTEST} GROUP BY name) AS g WHERE len(actors) > 1 ORDER BY ALL"
        )
    ]  # fmt: skip

"""Labels of one actor from several records. In: actor_rows, actors. Out: the labels of actors,
each key once, and notes on keys with several values.
"""

from __future__ import annotations

from reporter.engine.base import Engine
from reporter.model.assessment import Quarantined
from reporter.model.sentences import tell
from reporter.schema.label_keys import SAME_KEY

_ROWS = "label_rows"


def merge_labels(engine: Engine) -> None:
    """Give each actor the labels of all its records: of a key with several values the first counts,
    in the order in which `actors` was merged. Makes `label_rows` where there are any.
    """
    if not _has_labels(engine):
        return
    engine.run(
        f"CREATE TABLE {_ROWS} AS SELECT actor_id, file, record, place, pair.key AS label,"
        f" {SAME_KEY.format('pair.key')} AS folded, pair.value AS value FROM (SELECT actor_id,"
        " file, record, place, unnest(map_entries(TRY_CAST(TRY_CAST(labels AS JSON) AS MAP(VARCHAR,"
        " VARCHAR)))) AS pair FROM actor_rows WHERE labels LIKE '{%') AS u"
    )
    engine.run(
        "UPDATE actors SET labels = m.labels FROM (SELECT actor_id, '{' ||"
        " string_agg(CAST(to_json(label) AS VARCHAR) || ':' || CAST(to_json(value) AS VARCHAR), ','"
        f" ORDER BY label) || '}}' AS labels FROM ({_first()}) AS f GROUP BY actor_id) AS m WHERE"
        " m.actor_id = actors.actor_id AND m.labels IS DISTINCT FROM actors.labels"
    )


def notes(engine: Engine) -> list[Quarantined]:
    """Return a note for each key of which some actors have several values. It names the records of
    one, and no value: the value of `lead` is a person whom no list need have.
    """
    if not _has_labels(engine):
        return []
    return [
        Quarantined(
            file,
            record,
            "conflict",
            tell(
                "label {label}: actors with several values: {n}; of {actor} the value here counts,"
                " another is in {others}",
                label=label,
                n=n,
                actor=actor,
                others=others,
            ),
            "",
        )
        for label, n, actor, others, file, record in engine.rows(
            f"WITH used AS ({_first()}), other AS (SELECT u.actor_id, u.folded, u.label, u.file,"
            " u.record, string_agg(DISTINCT r.file || '#' || r.record, ', ' ORDER BY r.file || '#'"
            f" || r.record) AS others FROM used AS u JOIN {_ROWS} AS r USING (actor_id, folded)"
            " WHERE r.value <> u.value GROUP BY ALL) SELECT arg_min(label, actor_id), count(*),"
            " min(actor_id), arg_min(others, actor_id), arg_min(file, actor_id), arg_min(record,"
            " actor_id) FROM other GROUP BY folded ORDER BY folded"
        )
    ]


def _has_labels(engine: Engine) -> bool:
    return bool(engine.one("SELECT count(labels) FROM actor_rows"))


def _first() -> str:
    """SQL: each key of an actor once, in the spelling and with the value of its first record."""
    return (
        f"SELECT actor_id, folded, {', '.join(map(_at_first, _OF_FIRST))} FROM {_ROWS} GROUP BY"
        " actor_id, folded"
    )


_OF_FIRST = ("label", "value", "file", "record")


def _at_first(column: str) -> str:
    return f"arg_min({column}, (place, label)) AS {column}"

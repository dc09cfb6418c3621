"""Results with a number for each text. In: the table `results`, settled. Out: the same table, a
tenth of the size.

Most texts stand in many results. As members of a type that lists its texts they are compared and
sorted as numbers, and SQL reads them as texts. A type takes no further texts: nothing is added."""

from __future__ import annotations

from reporter.engine.base import Engine
from reporter.evaluate.unassessed import FILLED

_TYPES = {
    "check_id": ("check_id",),
    "status": ("status",),
    "named": ("subject", "actor"),
    "owner": ("owner",),
    "reason_code": ("reason_code",),
    "reason_values": ("reason_values",),
    "ref": ("ref",),
}
"""What texts are -> the columns that hold such."""
_WRITTEN_OF = ("results", "led", "tiers", "renamed")
"""The tables that `write_results` reads; the last is what names in a run without names mean."""


def code_texts(engine: Engine) -> None:
    """Replace the texts in `results` by numbers that stand for them.

    The texts of a type are sorted, so that an order and a minimum are those of the texts.
    """
    types = {column: f"{name}_text" for name, columns in _TYPES.items() for column in columns}
    for name, columns in _TYPES.items():
        texts = " UNION ".join(f"SELECT {c} AS text FROM results" for c in columns)
        engine.run(
            f"CREATE TYPE {name}_text AS ENUM (SELECT text FROM (SELECT DISTINCT text FROM"
            f" ({texts}) AS every) AS texts WHERE text IS NOT NULL ORDER BY text)"
        )
    coded = ", ".join(
        f"CAST({c} AS {types[c]}) AS {c}" if c in types else c for c in FILLED.split(", ")
    )
    engine.run(f"CREATE TABLE coded AS SELECT {coded}, waived_until, waiver FROM results")
    engine.run("DROP TABLE results")
    engine.run("ALTER TABLE coded RENAME TO results")


def drop_others(engine: Engine) -> None:
    """Drop every table but those of the results and what `write_results` reads beside them."""
    tables = "SELECT table_name FROM information_schema.tables WHERE table_type <> 'VIEW'"
    for (name,) in engine.rows(f"{tables} ORDER BY 1"):
        if name not in _WRITTEN_OF:
            engine.run(f'DROP TABLE "{name}"')

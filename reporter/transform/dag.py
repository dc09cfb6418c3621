"""Make the models that are tables. In: what `model_files` read, an engine. Out: tables and views,
in the order that follows from what each reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from functools import cache, partial

from reporter.engine.base import Engine
from reporter.errors import ContentError
from reporter.schema.model_files import Model, macros, shipped


@cache
def models() -> Mapping[str, Model]:
    """Return the models that are tables or views, by name."""
    return {name: m for name, m in shipped().items() if m.kind != "part"}


def teach(engine: Engine) -> None:
    """Let the engine know the macros of the models."""
    engine.run(macros())


def rests_on(name: str) -> Set[str]:
    """Return the tables that a model is made from, and those that these are made from, as far as
    they are models.
    """
    reads = set(models()[name].reads) if name in models() else set()
    return reads.union(*(rests_on(r) for r in reads & models().keys()))


def make(engine: Engine, wanted: Iterable[str]) -> None:
    """Make models, each after those of them that it reads, side by side where they may.

    Raises ContentError where they wait for each other.
    """
    left = {name: models()[name] for name in wanted}
    while left:
        ready = [m for m in left.values() if not m.reads & left.keys()]
        if not ready:
            raise ContentError(f"read each other: {', '.join(sorted(left))}", "models")
        for model in (m for m in ready if m.kind == "view"):
            engine.run(f"CREATE VIEW {model.name} AS {model.sql}")
        if tables := [m for m in ready if m.kind == "table"]:
            engine.side_by_side(*(partial(_fill, model=m) for m in tables))
        left = {name: m for name, m in left.items() if m not in ready}


def _fill(engine: Engine, model: Model) -> None:
    engine.run(f"CREATE TABLE {model.name} AS {model.sql}")

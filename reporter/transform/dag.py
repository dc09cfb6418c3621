"""Make the models that are tables. In: what `model_files` read, an engine. Out: tables and views,
in the order that follows from what each reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from functools import cache, partial

from reporter.engine.base import Engine
from reporter.errors import ContentError
from reporter.schema.model_files import Model, macro_texts, shipped

_CALLED = re.compile(r"\b([a-z_]\w*)\(")


@cache
def models() -> Mapping[str, Model]:
    """Return the models that are tables or views, by name."""
    return {name: m for name, m in shipped().items() if m.kind != "part"}


def teach(engine: Engine, names: Iterable[str]) -> None:
    """Let the engine know the macros that some models use, and those that it uses itself: to make
    all costs a fifth of an example of a check.
    """
    macro_names = _macros_in("\n".join(models()[name].sql for name in names)) | {"pattern_of"}
    engine.run(
        "".join(
            f"CREATE OR REPLACE MACRO {name}({', '.join(parameters)}) AS {body};\n"
            for name, (parameters, body) in macro_texts().items()
            if name in macro_names
        )
    )


def _macros_in(sql: str) -> Set[str]:
    """Return the macros that stand in a text, and those that stand in theirs."""
    macros = set(_CALLED.findall(sql)) & macro_texts().keys()
    return macros.union(*(_macros_in(macro_texts()[name][1]) for name in macros))


@cache
def rests_on(name: str) -> frozenset[str]:
    """Return the tables that a model is made from, and those that these are made from, as far as
    they are models.
    """
    reads = models()[name].reads if name in models() else frozenset()
    return reads.union(*(rests_on(r) for r in reads & models().keys()))


def all_for(wanted: Iterable[str]) -> Set[str]:
    """Return the models among those wanted, and all models that they rest on."""
    return {n for w in wanted for n in (w, *rests_on(w))} & models().keys()


def make(engine: Engine, wanted: Iterable[str]) -> None:
    """Make models, each after those of them that it reads, side by side where they may.

    Raises ContentError where they wait for each other.
    """
    remaining = {name: models()[name] for name in wanted}
    while remaining:
        ready = [m for m in remaining.values() if not m.reads & remaining.keys()]
        if not ready:
            raise ContentError(f"read each other: {', '.join(sorted(remaining))}", "models")
        for model in (m for m in ready if m.kind == "view"):
            engine.run(f"CREATE VIEW {model.name} AS {model.sql}")
        if tables := [m for m in ready if m.kind == "table"]:
            engine.side_by_side(*(partial(_fill, model=m) for m in tables))
        remaining = {name: m for name, m in remaining.items() if m not in ready}


def make_again(engine: Engine, table: str) -> None:
    """Make the models that rest on a table once more; it has other rows now."""
    names = [name for name in models() if table in rests_on(name)]
    for name in names:
        engine.run(f"DROP {'VIEW' if models()[name].kind == 'view' else 'TABLE'} IF EXISTS {name}")
    teach(engine, names)
    make(engine, names)


def _fill(engine: Engine, model: Model) -> None:
    engine.run(f"CREATE TABLE {model.name} AS {model.sql}")

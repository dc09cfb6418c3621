"""Builds the models that are tables. In: the result of `model_files`, an engine. Out: tables and
views, in dependency order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from functools import cache, partial
from types import MappingProxyType

from reporter.engine.base import Engine
from reporter.errors import ContentError
from reporter.schema.model_files import Model, macro_texts, shipped

_CALLED = re.compile(r"\b([a-z_]\w*)\(")
NOTHING: Mapping[str, str] = MappingProxyType({})
"""No model is kept."""
_OF_THE_ENGINE = "pattern_of()"
"""The macro that steps in Python use in their SQL."""


@cache
def models() -> Mapping[str, Model]:
    """Return the models that are tables or views, by name."""
    return {name: m for name, m in shipped().items() if m.kind != "part"}


def teach(engine: Engine, names: Iterable[str]) -> None:
    """Define the macros that some models use, and those of the engine itself. All macros would cost
    a fifth of an example of a check.
    """
    sql = [models()[name].sql for name in names]
    macro_names = _macros_in("\n".join([*sql, _OF_THE_ENGINE]))
    engine.run(
        "".join(
            f"CREATE OR REPLACE MACRO {name}({', '.join(parameters)}) AS {body};\n"
            for name, (parameters, body) in macro_texts().items()
            if name in macro_names
        )
    )


def _macros_in(sql: str) -> Set[str]:
    """Return the macros that a text uses, directly or through other macros."""
    macros = set(_CALLED.findall(sql)) & macro_texts().keys()
    return macros.union(*(_macros_in(macro_texts()[name][1]) for name in macros))


@cache
def dependencies_of(name: str) -> frozenset[str]:
    """Return all tables and models from which a model derives."""
    reads = models()[name].reads if name in models() else frozenset()
    return reads.union(*(dependencies_of(r) for r in reads & models().keys()))


def all_for(wanted: Iterable[str]) -> Set[str]:
    """Return the models among those wanted, and all models from which they derive."""
    return {n for w in wanted for n in (w, *dependencies_of(w))} & models().keys()


def make(engine: Engine, wanted: Iterable[str], kept: Mapping[str, str] = NOTHING) -> None:
    """Make models, each after the models that it reads, in parallel where possible. Those that are
    `kept` (model -> SQL of its rows) read nothing.

    Raises ContentError where they wait for each other.
    """
    remaining = {
        name: replace(model, sql=kept[name], reads=frozenset()) if name in kept else model
        for name in wanted
        for model in [models()[name]]
    }
    while needless := _done_with(remaining.keys(), remaining.values()):
        remaining = {name: m for name, m in remaining.items() if name not in needless}
    made: set[str] = set()
    while remaining:
        ready = [m for m in remaining.values() if not m.reads & remaining.keys()]
        if not ready:
            raise ContentError(f"read each other: {', '.join(sorted(remaining))}", "models")
        for model in (m for m in ready if m.kind == "view"):
            engine.run(f"CREATE VIEW {model.name} AS {model.sql}")
        if tables := [m for m in ready if m.kind == "table"]:
            engine.side_by_side(*(partial(_fill, model=m) for m in tables))
        remaining = {name: m for name, m in remaining.items() if m not in ready}
        made |= {m.name for m in ready}
        for name in _done_with(made, remaining.values()):
            engine.run(f"DROP TABLE {name}")
            made.discard(name)


def _done_with(made: Set[str], remaining: Iterable[Model]) -> list[str]:
    """Return the scratch tables that nothing reads any more."""
    unread = {name for name in made if models()[name].is_scratch}
    return sorted(unread.difference(*(model.reads for model in remaining)))


def make_again(engine: Engine, table: str) -> None:
    """Make the models that derive from a table again, after its rows have changed."""
    names = [name for name in models() if table in dependencies_of(name)]
    for name in names:
        engine.run(f"DROP {'VIEW' if models()[name].kind == 'view' else 'TABLE'} IF EXISTS {name}")
    teach(engine, names)
    make(engine, names)


def _fill(engine: Engine, model: Model) -> None:
    engine.run(f"CREATE TABLE {model.name} AS {model.sql}")

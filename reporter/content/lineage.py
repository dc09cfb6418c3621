"""Where a column comes from. In: the SELECTs of models. Out: the columns that one is made from, and
in the end those of loaded tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from sqlglot import exp

from reporter.content.sql_tree import parse
from reporter.schema.columns import TEXT
from reporter.schema.model_files import shipped
from reporter.schema.tables import PLACE, RAW, TABLES

if TYPE_CHECKING:
    from sqlglot.lineage import Node

Columns = tuple[tuple[str, str], ...]
"""(table, column), in order."""


def tables_read(model: str, place: str) -> set[str]:
    """Return the tables that a model reads, but for its own parts; ContentError where it is no
    SELECT.
    """
    tree = parse(model, place)
    parts = {c.alias for c in tree.find_all(exp.CTE)}
    return {t.name for t in tree.find_all(exp.Table) if t.name} - parts


@cache
def origins(table: str, column: str) -> Columns:
    """Return the columns of documented tables from which a model's column is made; none for
    constants, counts and the place of a record. Steps are followed to what they read.
    """
    columns: set[tuple[str, str]] = set()
    for leaf in _nodes(table)[column].walk():
        if leaf.downstream or not isinstance(leaf.source, exp.Table):
            continue
        source_table, source_column = leaf.source.name, leaf.name.rpartition(".")[2]
        home = "actors" if source_table == "actor_rows" else source_table.removeprefix("in_")
        if _is_step(source_table):
            columns |= {*origins(source_table, source_column)}
        elif source_column in PLACE:
            continue
        elif home in TABLES and source_column in {c.name for c in TABLES[home].columns}:
            columns.add((home, source_column))
    return tuple(sorted(columns))


@cache
def _nodes(model: str) -> Mapping[str, Node]:
    """Each column of a model, and what it is made from."""
    from sqlglot.lineage import lineage  # only the pages need it, and it takes long to load

    schema: dict[str, object] = {
        t.name: {c.name: c.type for c in t.columns} for t in TABLES.values()
    }
    schema |= {name: dict.fromkeys(columns, TEXT) for name, columns in RAW.items()}
    for step in filter(_is_step, shipped()[model].reads):
        schema[step] = dict.fromkeys(_nodes(step), TEXT)
    return lineage(None, shipped()[model].sql, schema=schema, dialect="duckdb")


def _is_step(name: str) -> bool:
    return name not in TABLES and name in shipped()


def rests_of(reads: Iterable[tuple[str, str]]) -> tuple[Columns, ...]:
    """Return what evidence a check rests on, of the columns that it reads of models: for each model
    what it takes from events, and the other loaded columns, of which any may prove the same.

    Names of actors are left out: every table is joined by them.
    """
    groups: set[Columns] = set()
    for model in {t for t, _ in reads if t in shipped() and not TABLES[t].loaded}:
        ends = {
            end
            for table, column in reads
            if table == model and column in _nodes(model)
            for end in sources_of(table, column)
            if _is_evidence(*end)
        }
        for is_event in (True, False):
            groups.add(tuple(sorted(e for e in ends if (e[0] == "events") == is_event)))
    return tuple(sorted(groups - {()}))


def _is_evidence(table: str, column: str) -> bool:
    spec = TABLES.get(table)
    known = spec is not None and spec.loaded and column in {c.name for c in spec.columns}
    return known and table not in ("actors", "aliases") and column != "actor_id"


@cache
def sources_of(table: str, column: str) -> Columns:
    """Return the columns of loaded tables that a column of a derived one is made from in the
    end.
    """
    if table not in shipped() or TABLES[table].loaded:
        return ((table, column),)
    return tuple(sorted({s for o in origins(table, column) for s in sources_of(*o)}))

"""Results of checks whose input is that of the last judgement: they are taken from it. In: an
engine with all tables. Out: `results`, as if every check had run.

What a check's results follow from is hashed row by row: the tables that its SQL names, its
subjects, and all that does not derive from events. Only checks whose hash is another run again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from reporter.content.loader import Content
from reporter.engine.base import quoted, quoted_list
from reporter.engine.duckdb import DuckDB, parquet
from reporter.evaluate import runner
from reporter.evaluate.evidence import Sight, see, weigh_lists
from reporter.model.assessment import Check
from reporter.pipeline.tested_checks import settle_by_tests
from reporter.schema.compiled import Compiled
from reporter.schema.tables import EVENT_TABLES
from reporter.transform.dag import dependencies_of, models
from reporter.transform.derive import drop_loaded

Compilation = Sequence[tuple[Check, Compiled]]
_WORD = re.compile(r"\b[a-z_]\w*\b")
_LINES = "in_events"
_LOUD = " without silence"
"""Marks the subjects without why their logs were silent, which only checks of events ask."""
_MADE_LATER = ("results",)
"""Tables that are filled while checks run."""


@dataclass(slots=True)
class Memory:
    """Results of the last judgement, and what each check's followed from."""

    folder: Path
    keys: dict[str, str] = field(default_factory=dict)
    generation: int = 0

    @property
    def path(self) -> Path:
        """Where the results are."""
        return self.folder / f"results-{self.generation}.parquet"


@cache
def _from_events() -> frozenset[str]:
    """Return the tables and views that derive from events."""
    names = {n for n in models() if _LINES in dependencies_of(n)}
    return frozenset(names | {_LINES, "events", "dated_acts"})


def fill(
    engine: DuckDB, content: Content, compiled: Compilation, memory: Memory, lines: str
) -> dict[str, str]:
    """Fill `results`; return why some checks could not be run, by id. `lines` is another text
    whenever events were added.
    """
    drop_loaded(engine, (j.sql for _, j in compiled))
    sources = {s.id: s for s in content.sources}
    runner.prepare(engine)
    weigh_lists(engine, sources)
    sight = see(engine, sources)
    keys = _keys(engine, compiled, sight, lines)
    same = sorted(c for c, key in keys.items() if memory.keys.get(c) == key)
    if same:
        engine.run(
            f"INSERT INTO results BY NAME SELECT * FROM {parquet(memory.path)} WHERE"
            f" list_contains({quoted_list(same)}, check_id)"
        )
    others = [(c, j) for c, j in compiled if c.id not in {*same}]
    faults = runner.assess(engine, others, engine.threads(), False, sight=sight)
    last = memory.path
    memory.generation += 1
    engine.write_parquet("SELECT * FROM results", memory.path)
    last.unlink(missing_ok=True)
    memory.keys = {c: key for c, key in keys.items() if c not in faults}
    settle_by_tests(engine, content)
    return faults


def _keys(engine: DuckDB, compiled: Compilation, sight: Sight, lines: str) -> dict[str, str]:
    """Return a hash, by check, of all that its results follow from."""
    marks = _marks(engine)
    marks[_LINES] = lines
    derived = _from_events()
    shared = sorted((n, m) for n, m in marks.items() if n not in derived and not _is_own(n))
    base = _digest(repr((shared, _plain(sight))))
    keys = {}
    for check, plan in compiled:
        named = {n for n in _WORD.findall(plan.sql) if n in derived}
        subjects = f"subjects_{check.about}{_LOUD}"
        if plan.tables & EVENT_TABLES or check.about == "log_source":
            named.add("feed_delivery")
            subjects = f"subjects_{check.about}"
        named |= {n for name in named for n in dependencies_of(name) if n in derived}
        own = [(n, marks.get(n, "")) for n in sorted({*named, subjects})]
        rule = repr(replace(check, examples=())), plan.sql
        keys[check.id] = _digest(repr((base, own, rule)))
    return keys


def _is_own(name: str) -> bool:
    """Tell whether a table belongs to some checks only, or is no input of theirs."""
    return name.startswith("subjects_") or name in ("dead_logs", *_MADE_LATER)


def _marks(engine: DuckDB) -> dict[str, str]:
    """Return a hash of the rows of each table; their order does not count."""
    names = [n for (n,) in engine.rows("SELECT table_name FROM duckdb_tables() ORDER BY ALL")]
    relations = {n: n for n in names}
    for name in names:
        if name.startswith("subjects_"):
            relations[f"{name}{_LOUD}"] = f"(SELECT * EXCLUDE (silent) FROM {name})"
    parts = [
        f"SELECT {quoted(n)}, count(*), bit_xor(hash(t)), sum(CAST(hash(t) AS HUGEINT)) FROM"
        f" {relation} AS t"
        for n, relation in relations.items()
    ]
    return {n: repr(rest) for n, *rest in engine.rows(" UNION ALL ".join(parts))}


def _plain(sight: Sight) -> Mapping[str, object]:
    """Return what the input shows in one order."""
    return {
        "carried": sorted(sight.carried),
        "partial": sorted(sight.partial),
        "unread": sorted(sight.unread),
        "groups": repr(sight.groups),
        "events": sight.has_events,
        "several": sight.has_several,
        "strengths": repr(sight.strengths),
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

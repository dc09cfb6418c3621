"""Many variants of an example in one engine, so that thousands can be assessed in minutes.

In: a check, an example and its variants. Out: for each variant what the SQL alone says, and what the engine makes of it.
Each variant is a world: its rows have a source and ids of their own. Where worlds would see each other, or the check is
about the organisation, each is assessed alone.
"""

from __future__ import annotations

import copy
import random
import tempfile
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fixture_reasons import said

from reporter.authoring import examples
from reporter.authoring.examples import complete_events, expected
from reporter.content.sql_policy import compile_check
from reporter.engine.base import quoted
from reporter.engine.duckdb import DuckDB
from reporter.evaluate import runner
from reporter.evaluate.unassessed import NOT_ACTORS
from reporter.model.assessment import Check
from reporter.schema.compiled import Compiled
from reporter.schema.tables import LOADED, SHARED, TABLES, Table, columns_of, read_for
from reporter.schema.vocabulary import VOCABULARY
from reporter.transform.dag import dependencies_of
from reporter.transform.derive import derive, needed_for

Given = dict[str, list[dict[str, Any]]]
_NAMES = {"name", "hash", "scope", "tool", "resource", "destination", "fingerprint"}
_IDS = {
    "kill_switch_owner", "on_behalf_of", "acted_by", "requested_by", "approved_by", "risk_signed_off_by", "alias",
    "autonomy_approved_by", "memory_readers", "readers", "writers",
}  # fmt: skip
_WIDTH = 6
"""Characters of the mark of a world in front of its ids: w0042_."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of one world."""

    ok: dict[str, bool | None]
    """By subject, what the SQL alone says."""
    results: dict[str, tuple[str, str]]
    """By subject, result and reason after the rules on what is recorded."""

    @property
    def failing(self) -> set[str]:
        return {s for s, ok in self.ok.items() if ok is False}


class Worlds:
    """Assesses variants of one example."""

    def __init__(self, check: Check, example: dict[str, Any]) -> None:
        self._check, self.given = check, example.get("given", {})
        params = {**check.params, **example.get("params", {})}
        self._compiled = compile_check(check, params)
        self._expected = expected(example)
        self._renamed = self._find_renamed()

    def assess(self, variants: Sequence[Given]) -> list[Seen]:
        """Return what becomes of each variant."""
        if self._renamed is None:
            return [self._run([v], None)[0] for v in variants]
        return self._run(variants, self._renamed)

    @property
    def most(self) -> int:
        """How many values of a column to try."""
        return MOST if self._renamed is not None else MOST_ALONE

    def _find_renamed(self) -> set[str] | None:
        """The columns whose values are made the world's own so that three equal worlds come out as one alone; or None."""
        read = {t for t, _ in runner.needs_of(self._check, self._compiled)}
        read |= {r.removeprefix("in_") for t in self._compiled.tables for r in dependencies_of(t)}
        shared = read & {*SHARED} & {*self.given}
        if self._check.about in NOT_ACTORS or shared:
            return None
        alone = self._run([self.given], None)[0].ok
        for renamed in (_NAMES, set[str]()):
            if all(w.ok == alone for w in self._run([self.given] * 3, renamed)):
                return renamed
        return None

    def _run(self, variants: Sequence[Given], renamed: set[str] | None) -> list[Seen]:
        seen = [Seen({}, {}) for _ in variants]
        with tempfile.TemporaryDirectory() as folder, DuckDB(Path(folder)) as engine:
            engine.run("SET threads = 1")
            wanted = self._compiled.tables | read_for(self._check.about)
            facts = _load(engine, variants, renamed, wanted)
            derive(
                engine,
                examples.RUN,
                [self._expected],
                wanted=wanted,
                facts=facts,
            )
            runner.prepare(engine, [self._check.about])
            for subject, ok in engine.rows(f"SELECT subject, ok FROM ({self._compiled.sql})"):
                if subject is not None:
                    number, plain = _split(subject, renamed)
                    seen[number].ok[plain] = ok
            runner.assess(engine, [(self._check, self._compiled)])
            for (_, subject), result in said(engine, [self._check]).items():
                number, plain = _split(subject, renamed)
                seen[number].results[plain] = result
        return seen


def _split(subject: str, renamed: set[str] | None) -> tuple[int, str]:
    at = subject.find("w0") if renamed is not None else -1
    if at != 0:
        return 0, subject
    return int(subject[1 : _WIDTH - 1]), subject.replace(subject[:_WIDTH], "")


def _load(
    engine: DuckDB, variants: Sequence[Given], renamed: set[str] | None, wanted: Set[str]
) -> tuple[Table, ...]:
    """Load all variants; return the tables that were made: those with rows, and what is needed for those wanted."""
    carried: list[tuple[str, str, str]] = []
    needed = needed_for(wanted).union(*variants)
    facts = tuple(t for t in LOADED if t.name in needed)
    for table in facts:
        columns = columns_of(table)
        spec = ", ".join(f"{n} {t}" for n, t in columns)
        engine.run(
            f"CREATE TABLE in_{table.name} ({spec}, source VARCHAR, file VARCHAR, record BIGINT)"
        )
        rows: list[str] = []
        for number, given in enumerate(variants):
            mark = "" if renamed is None else f"w{number:04}_"
            source = f"example{number}"
            told = [r for row in given.get(table.name, []) for r in examples._repeated(row)]
            runs = given.get("baseline", []) if table.name == "events" else []
            defaults = examples._EVENT_DEFAULTS if table.name == "events" else {}
            for n, row in enumerate([*told, *runs]):
                full = {**defaults, **row}
                file = table.name if n < len(told) else "baseline/runs"
                values = [
                    _literal(_marked(full.get(c), c, mark, renamed or set())) for c, _ in columns
                ]
                rows.append(
                    f"({', '.join(values)}, {quoted(source)}, {quoted(file)}, {len(rows) + 1})"
                )
            names = {n for row in told for n in row} | (set(defaults) if told else set())
            carried += [(source, table.name, n) for n in sorted(names)]
        for at in range(0, len(rows), 1000):
            engine.run(f"INSERT INTO in_{table.name} VALUES {', '.join(rows[at : at + 1000])}")
    engine.run("CREATE TABLE carried (source VARCHAR, tbl VARCHAR, col VARCHAR)")
    engine.insert("carried", carried)
    complete_events(engine, facts)
    return facts


def _marked(value: Any, column: str, mark: str, renamed: set[str]) -> Any:
    own = column.endswith("_id") or column in _IDS or column in renamed
    if not own or not isinstance(value, str) or not value:
        return value
    return ";".join(mark + part if part else part for part in value.split(";"))


def _literal(value: Any) -> str:
    if value is None or value == "":
        return "NULL"
    return quoted(str(value))


# ---------------------------------------------------------------- what a column may say

_KIND = {f"{t.name}.{c.name}": c.type for t in TABLES.values() for c in t.columns}
_ANY: dict[str, tuple[Any, ...]] = {
    "BOOLEAN": (True, False),
    "TIMESTAMP": ("1970-01-01", "2026-06-30", "2026-08-01", "2026-09-30", "2026-10-01", "9999-12-31"),
    "BIGINT": (0, 1, 3, 1_000_000),
    "VARCHAR": ("x", "ann", "a1", "none"),
}  # fmt: skip
MOST, MOST_ALONE = 10, 4
"""Values of a column that are tried in all rows alike; the second where each world takes an engine."""
MIXED = 3
"""Times that each row gets a value, or none, by chance."""


def without(given: Given, names: Iterable[str]) -> Given:
    """Return rows without some columns."""
    made = copy.deepcopy(given)
    for name in names:
        table, _, column = name.partition(".")
        for row in made.get(table, []):
            row.pop(column, None)
    return made


def words_of(check: Check, name: str) -> list[Any]:
    """Return what a column may say: what it says in examples, all words of a closed vocabulary, and some others."""
    table, _, column = name.partition(".")
    rows = [
        r
        for e in check.examples
        for r in e.get("given", {}).get(table, [])  # type: ignore[attr-defined]
    ]
    said = [r[column] for r in rows if r.get(column, "") != ""]
    words = [
        check.best(name) if name in check.at_best else None,
        *VOCABULARY.get(name, ()),
        *_ANY[_KIND[name]],
        *said,
    ]
    plain = ["2026-10-01" if w == "as_of" else w for w in words if w is not None]
    if name in VOCABULARY:
        plain = [w for w in plain if w in VOCABULARY[name]]
    return list({(type(w), str(w)): w for w in plain}.values())


def filled(
    check: Check, given: Given, names: Sequence[str], dice: random.Random, most: int = MOST
) -> list[Given]:
    """Return variants in which the columns say other things: the first one alike in all rows, or all by chance."""
    words = {n: words_of(check, n) for n in names}
    chosen = words[names[0]]
    made = [given]
    for word in chosen if len(chosen) <= most else [chosen[0], *dice.sample(chosen, most - 1)]:
        first = {names[0]: word}
        made.append(_with(given, names, lambda n, f=first: f.get(n, words[n][0])))  # type: ignore[misc]
    for _ in range(MIXED * len(names)):
        made.append(_with(given, names, lambda n: dice.choice([*words[n], None])))
    return made


def _with(given: Given, names: Sequence[str], word: Any) -> Given:
    made = copy.deepcopy(given)
    for name in names:
        table, _, column = name.partition(".")
        for row in made.get(table, []):
            row.pop(column, None)
            told = word(name)
            if told is not None:
                row[column] = told
    return made


def needed(check: Check, compiled: Compiled, given: Given) -> tuple[list[str], list[str], bool]:
    """Return the needed columns that rows of an example have and may be without, those they lack, and if a table is lacking."""
    required = {f"{t.name}.{c.name}" for t in TABLES.values() for c in t.columns if c.required}
    needs = [(t, f"{t}.{c}", c) for t, c in runner.needs_of(check, compiled)]
    held = {name for t, name, c in needs if any(c in row for row in given.get(t, []))}
    loose = [name for _, name, _ in needs if name not in required]
    return (
        [n for n in loose if n in held],
        [n for n in loose if n not in held and given.get(n.partition(".")[0])],
        any(not given.get(t) for t, name, _ in needs if name not in check.fails_without),
    )

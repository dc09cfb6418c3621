"""An engine that remembers its statements, and runs again only those whose input has changed. In:
the statements of an assessment, once. Out: the same tables after rows were added.

What a statement reads is told by its words: each table and column that it names counts as read, so
what is left out cannot matter. A question whose answer has changed may have led elsewhere: then
nothing is brought up to date, and the caller begins anew.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import lru_cache
from heapq import heapify, heappop, heappush
from pathlib import Path
from threading import RLock
from typing import Any, Self

from reporter.engine.duckdb import DEFAULT_MEMORY, DuckDB
from reporter.engine.translation.growing_sums import Sum, with_sums, with_tables
from reporter.engine.translation.row_conditions import ALIAS, conditions_on

_AT_ONCE = 2
"""Statements that are run side by side: most take little but the planner, which has one thread."""
Columns = frozenset[str] | None
"""Names of columns; None: the whole row."""
_WORD = re.compile(r"\b[a-z_]\w*\b")
_LITERAL = re.compile(r"'(?:[^']|'')*'|--[^\n]*")
_STAR = re.compile(r"(?<!\()\*")
_MADE = re.compile(
    r"CREATE (OR REPLACE )?(?:TEMP )?(TABLE|VIEW) (IF NOT EXISTS )?(\w+)", re.IGNORECASE
)
_MADE_OF = re.compile(r"(CREATE TABLE (?!sums_|side_)\w+ AS )(.*)", re.DOTALL)
_CHANGED = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)")
_DROPPED = re.compile(r"DROP (TABLE|VIEW) (?:IF EXISTS )?(\w+)$")
_RENAMED = re.compile(r"ALTER (?:VIEW|TABLE) (\w+) RENAME TO (\w+)$")
_MACRO = re.compile(r"CREATE (?:OR REPLACE )?MACRO (\w+)\([^)]*\) AS ([^;]*)")
_ASKED = re.compile(r"\s*(?:SELECT|WITH|FROM|\()")
_OF_CATALOG = re.compile(r"^DESCRIBE|\binformation_schema\b|\bcurrent_setting\b")
"""Questions on the tables themselves, which rows do not change."""
_GATHERED = re.compile(r"\b(?:GROUP BY|DISTINCT|OVER|QUALIFY|LIMIT|EXCEPT|INTERSECT|UNION)\b")
"""Words of a query whose rows do not each come from one row."""
_HEAD = re.compile(
    r"^(?:CREATE (?:OR REPLACE )?TEMP TABLE \w+ AS|INSERT INTO \w+ (?:\([^)]*\)|BY NAME)) "
)
_PLACED = "place"
"""The column by which a row is told from its equals."""
_ADDED = "_added"
"""Ends the name of the rows of a relation that are new."""
_ROW_AFTER = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE|TABLE|VIEW|EXISTS|main\.)\s*$")


class Moved(Exception):
    """What was asked while the tables were made would be answered otherwise now."""


@dataclass(slots=True)
class Step:
    """One statement, as it would be run again."""

    sql: str
    params: Any
    target: str
    """The table that it changes; '' for a question."""
    is_view: bool = False
    answer: Any = None
    sum: Sum | None = None
    """Where its rows are added to instead of made again."""
    added: int = 0
    """The generation in which rows were added last."""
    words: frozenset[str] = frozenset()


@dataclass(slots=True)
class Tape:
    """What all connections of an engine remember."""

    base: str
    """The relation whose rows are added to, a view; by its last name once others took its own."""
    lined: frozenset[str]
    """It, and the views that have a row for each of some of its rows."""
    begins: str
    """How the first statement begins."""
    free: frozenset[str] = frozenset()
    """Questions whose answer leads nowhere."""
    steps: list[Step] = field(default_factory=list)
    runs: bool = False
    macros: dict[str, str] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)
    """Name -> how many relations of that name there were."""
    heard: dict[str, set[str]] = field(default_factory=dict)
    """Who asks -> the statements that he asked."""
    told: dict[str, dict[str, Collection[tuple[str, str]]]] = field(default_factory=dict)
    """Who asks -> a text in his statements -> the (table, column) that it reads."""
    read: dict[str, set[tuple[str, Columns]]] = field(default_factory=dict)
    lock: Any = field(default_factory=RLock)
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    marks: dict[tuple[str, Columns], Any] = field(default_factory=dict)
    """(table, columns) -> a hash of its rows, in any order."""
    needs: dict[str, set[Columns]] = field(default_factory=dict)
    moving: set[str] = field(default_factory=set)
    """What may change when rows are added to the base."""
    again: set[str] = field(default_factory=set)
    """What has to be made from its first statement on: one changed it later, or read it before."""
    views: set[str] = field(default_factory=set)
    first: dict[str, int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    """Table -> the last statement that changes it."""
    inputs: dict[int, set[tuple[str, Columns]]] = field(default_factory=dict)
    conditions: dict[str | int, dict[str, str]] = field(default_factory=dict)
    """Who, or the number of a statement -> relation -> which of its rows matter."""
    is_placed: bool = False
    """Whether a view of the base tells rows by their place, which is another among new rows."""
    grown: dict[str, str] = field(default_factory=dict)
    """View of the base -> the query of its new rows."""
    touched: dict[str | int, int] = field(default_factory=dict)
    """Whom rows that were added mattered to -> when, as a generation."""
    generation: int = 0
    after: list[set[int]] = field(default_factory=list)
    """Of each statement those that have to be done before."""


class Taped(DuckDB):
    """An `Engine` that remembers. It begins where the view of its base is made."""

    def __init__(
        self,
        work: Path,
        base: str,
        lined: Collection[str] = (),
        begins: str = "",
        memory: str = DEFAULT_MEMORY,
        room: str = "",
        free: Collection[str] = (),
    ) -> None:
        """Open it; `lined` are views with a row for each of some rows of the base, `begins` the
        first statement to remember, and `free` questions whose answers lead nowhere.
        """
        first = begins or f"CREATE VIEW {base} "
        self._tape = Tape(base, frozenset((base, *lined)), first, frozenset(free))
        self.asker = ""
        """Whose statements are noted, and not remembered."""
        super().__init__(work, memory, room)

    def twin(self) -> Self:
        """Return a second connection, which remembers in the same place."""
        connection = super().twin()
        connection.asker = ""
        return connection

    def run(self, sql: str, params: Sequence[Any] = ()) -> None:
        """Execute one statement for its effect."""
        if self.asker or not self._begins(sql):
            self._note(sql)
            super().run(sql, params)
            return
        with self._tape.lock:
            done = self._aside(sql)
            if (made := _MADE_OF.match(sql)) and not params:
                text, sums = self.summed(made[2])
                sql = f"{made[1]}{text}" if sums else sql
        if not done:
            super().run(sql, params)
            with self._tape.lock:
                self._remember(sql, list(params))

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        rows = super().rows(sql, params)
        self._ask(sql, params, rows)
        return rows

    def one(self, sql: str, params: Sequence[Any] = ()) -> Any:
        """Return the single value of a query."""
        value = super().one(sql, params)
        self._ask(sql, params, value)
        return value

    def each(self, sql: str, most: int = 1000) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query in batches."""
        self._ask(sql, (), Moved)
        return super().each(sql, most)

    def _begins(self, sql: str) -> bool:
        tape = self._tape
        if not tape.steps and sql.startswith(tape.begins):
            tape.runs = True
        return tape.runs

    def _note(self, sql: str) -> None:
        if self.asker:
            with self._tape.lock:
                self._tape.heard.setdefault(self.asker, set()).add(sql)

    def _ask(self, sql: str, params: Sequence[Any], answer: Any) -> None:
        tape = self._tape
        if self.asker:
            self._note(sql)
        elif tape.runs and sql not in tape.free and not _OF_CATALOG.search(sql):
            with tape.lock:
                tape.steps.append(Step(sql, list(params), "", answer=answer, words=_words(sql)))

    def _aside(self, sql: str) -> bool:
        """Put a relation aside that is dropped: what is made of it is made of it again."""
        if not (dropped := _DROPPED.match(sql)):
            return False
        kind, name = dropped.groups()
        if name not in self._tape.made:
            return False
        number = self._tape.made.pop(name)
        aside = f"{name}_before_{number}"
        super().run(f"ALTER {kind} {name} RENAME TO {aside}")
        self._rename(name, aside)
        self._tape.made[f"{name} aside"] = number + 1
        return True

    def _remember(self, sql: str, params: list[Any]) -> None:
        tape = self._tape
        if sql.startswith("SET "):
            return
        if macros := _MACRO.findall(sql):
            tape.macros.update(macros)
            return
        if renamed := _RENAMED.match(sql):
            self._rename(*renamed.groups())
            tape.made[renamed[2]] = tape.made.pop(renamed[1], 0)
            return
        made, changed = _MADE.match(sql), _CHANGED.match(sql)
        target = made[4] if made else changed[1] if changed else "?"
        is_view = bool(made and made[2].upper() == "VIEW")
        if made:
            tape.made[target] = tape.made.pop(f"{target} aside", 0)
        tape.steps.append(Step(sql, params, target, is_view, words=_told(sql, target)))

    def summed(self, sql: str) -> tuple[str, list[Sum]]:
        """Return a query that reads sums in place of rows that grow, where it only counts them; the
        sums are kept from now on.
        """
        if not self._tape.lined & _words(sql):
            return sql, []
        text, sums = with_sums(sql, self._tape.lined)
        for found in sums:
            for table, query in found.sides:
                if table not in self._tape.made:
                    self.run(f"CREATE TABLE {table} AS {query}")
            if found.name in self._tape.made:
                continue
            kinds = self.columns(found.sql)
            if any(kind in ("DOUBLE", "FLOAT") for _, kind in kinds):
                return sql, []  # of fractions the order of a sum shows in its last digits
            self.run(f"CREATE TABLE {found.name} AS {found.sql}")
            self._tape.steps[-1].sum = found
        return text, list(sums)

    def _rename(self, name: str, other: str) -> None:
        if self._tape.base == name:
            self._tape.base = other
        pattern = re.compile(rf"\b{name}\b")
        for step in self._tape.steps:
            if name in step.words or step.target == name:
                step.sql = pattern.sub(other, step.sql)
                step.target = other if step.target == name else step.target
                if step.sum:
                    step.sum = replace(step.sum, sql=pattern.sub(other, step.sum.sql))
                step.words = _told(step.sql, step.target)

    def stop(self) -> None:
        """Remember no more, and find what may change with the base."""
        self._tape.runs = False
        for step in self._tape.steps:
            step.words = frozenset(_spread(step.words, self._tape.macros))
        self._find_moving()

    def resting(self, sql: str) -> tuple[str, list[str]]:
        """Return a query that reads tables in place of its parts that cannot move, and their
        names: a part is planned once, and not with each query again.
        """
        text, sides = with_tables(sql, frozenset(self._tape.moving))
        for table, query in sides:
            if table not in self._tape.made:
                super().run(f"CREATE TABLE {table} AS {query}")
                self._tape.made[table] = 0
        return text, [table for table, _ in sides]

    def settle(self, askers: Sequence[str] = ()) -> None:
        """Find what may move when rows are added to the base, and mark it."""
        tape = self._tape
        tape.columns = {}
        for table, column in super().rows(
            "SELECT table_name, column_name FROM duckdb_columns() ORDER BY ALL"
        ):
            tape.columns[table] = (*tape.columns.get(table, ()), column)
        for step in tape.steps:
            for table, columns in self._reads(step.sql, step.words):
                tape.needs.setdefault(table, set()).add(columns)
        for asker in askers:
            for table, columns in self.read_by(asker):
                tape.needs.setdefault(table, set()).add(columns)
        self._order()
        self._note_conditions(askers)
        for table in sorted((tape.needs.keys() & tape.moving) - tape.views):
            self._mark(table)

    def _find_moving(self) -> None:
        """Find what may change with the base, and what is made again with it because a statement
        changed it or read it before it was complete.
        """
        tape, count = self._tape, 0
        for i, step in enumerate(tape.steps):
            if step.target:
                tape.first.setdefault(step.target, i)
                tape.last[step.target] = i
            if step.is_view:
                tape.views.add(step.target)
        tape.moving = {tape.base}
        while count != len(tape.moving):
            count = len(tape.moving)
            for i, step in enumerate(tape.steps):
                if step.words & tape.moving or step.target in tape.moving:
                    tape.moving |= {n for n in step.words & tape.last.keys() if tape.last[n] > i}
                    tape.moving.add(step.target)
            tape.moving.discard("")

    def _order(self) -> None:
        """Find what has to be done before each statement: what makes what it reads or changes, and
        what reads that before.
        """
        tape = self._tape
        writers: dict[str, list[int]] = {}
        readers: dict[str, list[int]] = {}
        tape.after = []
        for i, step in enumerate(tape.steps):
            names = {t for t, _ in self._inputs(i)} | (step.words & tape.last.keys())
            before = {j for n in names | {step.target} for j in writers.get(n, ())}
            before |= {*readers.get(step.target, ())}
            tape.after.append(before)
            for name in names:
                readers.setdefault(name, []).append(i)
            if step.target:
                writers.setdefault(step.target, []).append(i)

    def read_by(self, asker: str) -> set[tuple[str, Columns]]:
        """Return what somebody reads of all that may move: (table, columns)."""
        tape = self._tape
        if asker not in tape.read:
            found: set[tuple[str, Columns]] = set()
            for sql in tape.heard.get(asker, ()):
                for known, columns in tape.told.get(asker, {}).items():
                    if known not in sql:
                        continue
                    sql = sql.replace(known, "")
                    for table in {t for t, _ in columns}:
                        names = ", ".join(sorted(c for t, c in columns if t == table))
                        named = f"SELECT {names} FROM {table}"
                        found |= self._reads(named, _words(named))
                found |= self._reads(sql, frozenset(_spread(_words(sql), tape.macros)))
            tape.read[asker] = found
        return tape.read[asker]

    def tell(self, asker: str, sql: str, reads: Collection[tuple[str, str]]) -> None:
        """Take what is known of a text in the statements of somebody: the (table, column) it reads,
        whatever words it has.
        """
        with self._tape.lock:
            self._tape.told.setdefault(asker, {})[sql] = reads

    def _reads(self, sql: str, words: frozenset[str]) -> set[tuple[str, Columns]]:
        """Return the moving tables that a statement reads, with those of their columns that it
        names; views are followed.
        """
        found: set[tuple[str, Columns]] = set()
        base = self._tape.base
        for name in words & self._tape.moving:
            view = next((s for s in self._tape.steps if s.is_view and s.target == name), None)
            if name == base:
                found.add((name, None))
                continue
            whole = _takes_rows(sql, name)
            if view is None:
                own = frozenset(self._tape.columns.get(name, ()))
                found.add((name, None if whole else own & words))
            else:
                # What a view takes on as a whole its readers may name.
                more = view.words | words if _STAR.search(view.sql) else view.words
                told = f"{view.sql}\n{sql}" if whole and _STAR.search(view.sql) else view.sql
                found |= self._reads(told if whole else _without_stars(view.sql), more - {name})
        return found

    def _mark(self, table: str) -> set[tuple[str, Columns]]:
        """Hash the rows of a table, by each set of columns that is read; return what moved."""
        tape = self._tape
        kinds = sorted(tape.needs.get(table, ()), key=lambda c: (c is None, sorted(c or ())))
        if not kinds:
            return set()
        hashes = []
        for columns in kinds:
            row = "t" if columns is None else ", ".join(f't."{c}"' for c in sorted(columns)) or "0"
            hashes.append(f"bit_xor(hash({row})), sum(CAST(hash({row}) AS HUGEINT))")
        told = DuckDB.rows(self, f"SELECT count(*), {', '.join(hashes)} FROM {table} AS t")[0]
        moved = set()
        for i, columns in enumerate(kinds):
            mark = told[0], told[1 + 2 * i], told[2 + 2 * i]
            if tape.marks.get((table, columns)) != mark:
                moved.add((table, columns))
            tape.marks[table, columns] = mark
        return moved

    def mark_of(self, asker: str) -> Any:
        """Return what changes when anything changes that somebody reads."""
        tape, base = self._tape, (self._tape.base, None)
        marks: dict[Any, Any] = {key: tape.marks.get(key) for key in self.read_by(asker)}
        if base in marks:
            is_told = asker in tape.conditions
            marks[base] = tape.touched.get(asker, 0) if is_told else tape.generation
        return marks

    def renew(self, sql: str, added: str) -> list[str]:
        """Take a new query for the base, with one for the rows that are new, and bring up to date
        what follows from them; return what was made again.

        Raises Moved where a question would be answered otherwise now; no table is of use then.
        """
        tape = self._tape
        base = tape.base
        super().run(f"CREATE OR REPLACE VIEW {base} AS {sql}")
        for name, query in [(base, added), *tape.grown.items()]:
            super().run(f"CREATE OR REPLACE TABLE {name}{_ADDED} AS {query}")
        tape.generation += 1
        tape.again = set()
        self._find_touched()
        moved: set[tuple[str, Columns]] = set()
        n = min(self.threads(), _AT_ONCE)
        with ThreadPoolExecutor(n) as pool, self.shared_by(n):
            while (anew := self._make_again(moved, pool, n)) is None:
                pass  # it was learned what is made again from its first statement on
        return anew

    def _find_touched(self) -> None:
        """Find who reads a row that was added, as far as his statements tell which rows matter."""
        tape = self._tape
        by_relation: dict[str, list[str]] = {}
        for asked in tape.conditions.values():
            for relation, condition in asked.items():
                by_relation.setdefault(relation, []).append(condition)
        meets: dict[tuple[str, str], bool] = {}
        for relation, conditions in by_relation.items():
            distinct = sorted({*conditions})
            told = ", ".join(f"bool_or({c})" for c in distinct)
            rows = super().rows(f"SELECT {told} FROM {relation}{_ADDED} AS {ALIAS}")
            for condition, is_met in zip(distinct, rows[0], strict=True):
                meets[relation, condition] = bool(is_met)
        for who, asked in tape.conditions.items():
            if tape.is_placed or any(meets[entry] for entry in asked.items()):
                tape.touched[who] = tape.generation

    def _note_conditions(self, askers: Iterable[str]) -> None:
        """Note which rows of the base matter to whom: to a statement of the tape, by its number, or
        to somebody.
        """
        tape, base = self._tape, self._tape.base
        lined = [base]  # the base, and what has a row for each of some of its rows
        for step in tape.steps:
            if step.is_view and step.words & {*lined}:
                if _GATHERED.search(step.sql):
                    continue  # its readers are always touched
                text = _MADE.sub("", step.sql, count=1).lstrip().removeprefix("AS ")
                for name in lined:
                    text = re.sub(rf"\b{name}\b", f"{name}{_ADDED}", text)
                tape.grown[step.target] = text
                lined.append(step.target)
        tape.is_placed = any(
            step.is_view and step.target in lined and _PLACED in step.words
            for step in tape.steps[1:]
        )
        relations = frozenset(lined)
        texts: dict[str | int, list[str]] = {
            i: [_MADE.sub("", s.sql, count=1).lstrip().removeprefix("AS ")]
            for i, s in enumerate(tape.steps)
            if not s.is_view
        }
        texts |= {asker: sorted(tape.heard.get(asker, ())) for asker in askers}
        doubtful = [n.upper() for n, body in tape.macros.items() if "SELECT" in body]
        for who, statements in texts.items():
            asked: dict[str, set[str]] = {}
            for sql in statements:
                named = relations & _words(sql)
                told = conditions_on(_HEAD.sub("", sql), relations) if named else {}
                for name in named:
                    condition = told.get(name, "TRUE")
                    is_sure = not any(f"{n}(" in condition.upper() for n in doubtful)
                    asked.setdefault(name, set()).add(condition if is_sure else "TRUE")
            if asked:
                tape.conditions[who] = {
                    name: "TRUE" if "TRUE" in parts else " OR ".join(sorted(parts))
                    for name, parts in asked.items()
                }

    def _make_again(
        self, moved: set[tuple[str, Columns]], pool: ThreadPoolExecutor, most: int
    ) -> list[str] | None:
        """Run what reads what moved, several at a time; None where a table has to be made from its
        beginning.
        """
        tape = self._tape
        waiting = {i: set(deps) for i, deps in enumerate(tape.after)}
        followers: dict[int, list[int]] = {}
        for i, deps in waiting.items():
            for dep in deps:
                followers.setdefault(dep, []).append(i)
        ready = [i for i, deps in waiting.items() if not deps]
        heapify(ready)
        partial: set[str] = set()
        running: dict[Future[None], int] = {}
        anew: list[str] = []
        is_whole = True
        while ready or running:
            ended: list[int] = []
            while ready and len(running) < most:
                i = heappop(ready)
                step = tape.steps[i]
                if not is_whole or not self._is_due(i, moved, partial):
                    ended.append(i)
                elif more := self._too_early(i):
                    tape.again |= more
                    is_whole = False
                    ended.append(i)
                else:
                    if step.target:
                        anew.append(step.target)
                        partial.add(step.target)
                    running[pool.submit(self._do_again, i, moved, partial)] = i
            if not ended and running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                ended = [running.pop(future) for future in done]
                for future in done:
                    future.result()
            for i in ended:
                for follower in followers.get(i, ()):
                    waiting[follower].discard(i)
                    if not waiting[follower]:
                        heappush(ready, follower)
        return anew if is_whole else None

    def _is_due(self, i: int, moved: set[tuple[str, Columns]], partial: set[str]) -> bool:
        step, base = self._tape.steps[i], (self._tape.base, None)
        if step.is_view:
            return False
        if step.sum and step.added == self._tape.generation:
            return not moved.isdisjoint(self._inputs(i) - {base})
        return (
            step.target in self._tape.again
            or self._tape.touched.get(i) == self._tape.generation
            or (base in self._inputs(i) and i not in self._tape.conditions)
            or not moved.isdisjoint(self._inputs(i))
            or not partial.isdisjoint(step.words)
        )

    def _too_early(self, i: int) -> set[str]:
        """Return the tables that a statement reads or changes as they were before they were
        complete, and that are not made from their beginning.
        """
        tape, step = self._tape, self._tape.steps[i]
        early = {n for n in step.words & tape.last.keys() if tape.last[n] > i}
        if tape.first.get(step.target, i) < i:
            early.add(step.target)
        early -= tape.again | tape.views
        if lacking := sorted(n for n in early if not _MADE.match(tape.steps[tape.first[n]].sql)):
            raise Moved(f"made elsewhere: {lacking[0]}")
        return early

    def _do_again(self, i: int, moved: set[tuple[str, Columns]], partial: set[str]) -> None:
        tape, step = self._tape, self._tape.steps[i]
        with self.twin() as connection:
            if not step.target:
                connection._ask_again(step)
                return
            DuckDB.run(connection, self._text(i, moved), step.params)
            if tape.last[step.target] == i:
                moved |= connection._mark(step.target)
                partial.discard(step.target)

    def _text(self, i: int, moved: set[tuple[str, Columns]]) -> str:
        """SQL: a table made again, or a sum with what is new."""
        step = self._tape.steps[i]
        kept = step.sum
        base = self._tape.base, None
        if kept is None or self._tape.is_placed or not moved.isdisjoint(self._inputs(i) - {base}):
            return _again(step.sql)
        step.added = self._tape.generation
        added = kept.sql
        for name in (self._tape.base, *self._tape.grown):
            added = re.sub(rf"\b{name}\b", f"{name}{_ADDED}", added)
        return (
            f"CREATE OR REPLACE TABLE {kept.name} AS SELECT {kept.merge} FROM (SELECT * FROM"
            f" {kept.name} UNION ALL BY NAME SELECT * FROM ({added})) GROUP BY {kept.keys}"
        )

    def _ask_again(self, step: Step) -> None:
        if step.answer is Moved:
            raise Moved(step.sql)
        now: Any = DuckDB.rows(self, step.sql, step.params)
        before = step.answer
        if not isinstance(before, list):
            now = now[0][0] if now else None
        elif "ORDER BY" not in step.sql:  # whoever asked can make nothing of their order
            now, before = sorted(now, key=repr), sorted(before, key=repr)
        if now != before:
            raise Moved(f"{step.sql}: {before!r:.60} and {now!r:.60}")

    def _inputs(self, i: int) -> set[tuple[str, Columns]]:
        tape = self._tape
        if i not in tape.inputs:
            step = tape.steps[i]
            tape.inputs[i] = self._reads(step.sql, step.words)
        return tape.inputs[i]


def _again(sql: str) -> str:
    """Return a statement as it replaces what it made before."""
    made = _MADE.match(sql)
    if not made or made[1]:
        return sql
    return f"CREATE OR REPLACE {made[2]} {made[4]}{sql[made.end() :]}"


@lru_cache(maxsize=8192)
def _words(sql: str) -> frozenset[str]:
    return frozenset(_WORD.findall(_LITERAL.sub("", sql)))


def _told(sql: str, target: str) -> frozenset[str]:
    """Return the words of a statement; its own target only where it reads that."""
    return _words(_MADE.sub("", sql, count=1)) if target else _words(sql)


def _spread(words: Collection[str], macros: Mapping[str, str]) -> set[str]:
    """Return words with those of the macros among them."""
    found, left = set[str](), [*words]
    while left:
        word = left.pop()
        if word not in found:
            found.add(word)
            left += _WORD.findall(macros.get(word, ""))
    return found


@lru_cache(maxsize=8192)
def _takes_rows(sql: str, table: str) -> bool:
    """Tell whether a statement may read whole rows of a table: by a star, or by its name."""
    if _STAR.search(sql):
        return True
    names = {table, *re.findall(rf"\b{table}\b(?: AS)? (\w+)", sql)}
    for name in names - {"AS", "ON", "WHERE", "JOIN", "LEFT", "GROUP", "CROSS", "USING", "ANTI"}:
        for found in re.finditer(rf"\b{re.escape(name)}\b(?!\s*\.)", sql):
            before = sql[: found.start()]
            if not _ROW_AFTER.search(before) and not re.search(rf"\b{table}\b(?: AS)? $", before):
                return True
    return False


def _without_stars(sql: str) -> str:
    return _STAR.sub("", sql)

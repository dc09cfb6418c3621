"""An engine that remembers its statements, and runs again only those whose input has changed. In:
the statements of an assessment, once. Out: the same tables after rows were added.

A question whose answer has changed may have led elsewhere: then nothing is brought up to date, and
the caller begins anew.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from heapq import heapify, heappop, heappush
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from reporter.engine.duckdb import DEFAULT_MEMORY, DuckDB
from reporter.engine.growing.growing_sums import Sum, with_sums, with_tables
from reporter.engine.growing.marks import hash_rest, mark, note_rows
from reporter.engine.growing.row_conditions import ALIAS
from reporter.engine.growing.row_hashes import NESTED
from reporter.engine.growing.statement_words import MADE, MADE_OF, own_words, spread, words_of
from reporter.engine.growing.tape import (
    ADDED,
    NOTHING,
    Ended,
    Moved,
    Step,
    Tape,
)

_AT_ONCE = 2
"""Statements that are run side by side: most take little but the planner, which has one thread."""
_WORTH_KEEPING = 3
"""Rows are kept where they are at most one of so many."""
_KEYS = "grown_keys_"
"""Begins the name of a table with the keys of all rows but the newest."""
NO_KEYS: Mapping[str, str] = MappingProxyType({})
_BEFORE = "_as_before"
"""Ends the name of a table as it was before a renewal."""
_CHANGED = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)")
_DROPPED = re.compile(r"DROP (TABLE|VIEW) (?:IF EXISTS )?(\w+)$")
_RENAMED = re.compile(r"ALTER (?:VIEW|TABLE) (\w+) RENAME TO (\w+)$")
_MACRO = re.compile(r"CREATE (?:OR REPLACE )?MACRO (\w+)\([^)]*\) AS ([^;]*)")
_PASSING = re.compile(r"CREATE (?:OR REPLACE )?TEMP TABLE (\w+)")
_AMOUNT = re.compile(r"(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|DOUBLE|DECIMAL.*|DATE|TIME.*)$")
"""Types of counts and times, which move with most events."""
_PLACED = re.compile(r"(?:^|_)ref(?:_key)?$")
"""Columns that say where a record is: the last one moves with the times."""
_OF_CATALOG = re.compile(r"^DESCRIBE|\binformation_schema\b|\bcurrent_setting\b")
"""Questions on the tables themselves, which rows do not change."""


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
        free: frozenset[str] = frozenset(),
        keys: Mapping[str, str] = NO_KEYS,
    ) -> None:
        """Open it; `lined` are views with a row for each of some rows of the base, `begins` the
        first statement to remember, `free` are questions whose answers lead nowhere, and `keys` the
        columns by which other tables have rows for those of the base or of a view.
        """
        first = begins or f"CREATE VIEW {base} "
        self._tape = Tape(base, frozenset((base, *lined)), first, free, keys)
        self._tape.goes_on.set()
        self.asker = ""
        """Whose statements are noted, and not remembered."""
        super().__init__(work, memory, room)
        self.expect_again()

    @property
    def base(self) -> str:
        """Name that the relation whose rows are added to has now."""
        return self._tape.base

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
            if (made := MADE_OF.match(sql)) and not params:
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

    def _worded(self, sql: str, params: Sequence[Any]) -> str:
        """Return a statement, once it may run.

        Raises Ended where nothing is run any more.
        """
        self._tape.goes_on.wait()
        if self._tape.is_ended:
            raise Ended
        if made := _PASSING.match(sql):
            self._tape.passing.add(made[1])
        return sql

    def end(self) -> None:
        """Run no statement any more: from now on each raises Ended."""
        self._tape.is_ended = True
        self.pause(False)

    def pause(self, is_paused: bool) -> None:
        """Let the next statements of all connections wait, or no longer."""
        if is_paused and not self._tape.is_ended:
            self._tape.goes_on.clear()
        else:
            self._tape.goes_on.set()

    def _begins(self, sql: str) -> bool:
        tape = self._tape
        if not tape.steps and sql.startswith(tape.begins):
            tape.runs = True
        return tape.runs

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Remember nothing of what is run inside."""
        runs, self._tape.runs = self._tape.runs, False
        try:
            yield
        finally:
            self._tape.runs = runs

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
                tape.steps.append(Step(sql, list(params), "", answer=answer, words=words_of(sql)))

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
        self._tape.rename(name, aside)
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
            self._tape.rename(*renamed.groups())
            tape.made[renamed[2]] = tape.made.pop(renamed[1], 0)
            return
        made, changed = MADE.match(sql), _CHANGED.match(sql)
        target = made[4] if made else changed[1] if changed else "?"
        is_view = bool(made and made[2].upper() == "VIEW")
        if made:
            tape.made[target] = tape.made.pop(f"{target} aside", 0)
        tape.steps.append(Step(sql, params, target, is_view, words=own_words(sql, target)))

    def summed(self, sql: str) -> tuple[str, list[Sum]]:
        """Return a query that reads sums in place of rows that grow, where it only counts them; the
        sums are kept from now on.
        """
        if not self._tape.lined & words_of(sql):
            return sql, []
        text, sums = with_sums(sql, self._tape.lined, frozenset(self._tape.many))
        for found in sums:
            for table, query in found.sides:
                if table not in self._tape.made:
                    self.run(f"CREATE TABLE {table} AS {query}")
            if found.name in self._tape.made:
                continue
            if not found.keys and self._is_most(found.sql):
                self._tape.many.add(found.name)
                return self.summed(sql)
            kinds = self.columns(found.sql)
            if any(kind in ("DOUBLE", "FLOAT") for _, kind in kinds):
                return sql, []  # of fractions the order of a sum shows in its last digits
            self.run(f"CREATE TABLE {found.name} AS {found.sql}")
            self._tape.steps[-1].sum = found
        return text, list(sums)

    def _is_most(self, sql: str) -> bool:
        """Tell whether a query has so many rows of the base that reading that is as well."""
        n = DuckDB.one(self, f"SELECT count(*) FROM ({sql})")
        whole = DuckDB.one(self, f"SELECT count(*) FROM {self._tape.base}")
        return bool(n * _WORTH_KEEPING > whole)

    def stop(self) -> None:
        """Remember no more, and find what may change with the base."""
        self._tape.runs = False
        for step in self._tape.steps:
            step.words = frozenset(spread(step.words, self._tape.macros))
        self._tape.find_moving()
        for i, query, asked in self._tape.resting():
            self._tape.say_instead(i, query, self.resting(asked, self._tape.unsettled(i)))

    def resting(self, sql: str, moving: Collection[str] = ()) -> str:
        """Return a query that reads tables in place of its parts that cannot move: these are
        planned once, and not with each query again.
        """
        text, sides = with_tables(sql, frozenset(moving or self._tape.moving))
        for table, query in sides:
            if table not in self._tape.made:
                super().run(f"CREATE TABLE {table} AS {query}")
                self._tape.made[table] = 0
        return text

    def settle(self, askers: Sequence[str] = ()) -> None:
        """Find what may move when rows are added to the base, and mark it."""
        tape = self._tape
        tape.columns = {}
        for table, column, kind in super().rows(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() ORDER BY ALL"
        ):
            tape.columns[table] = (*tape.columns.get(table, ()), column)
            if _AMOUNT.match(kind) or _PLACED.search(column):
                tape.amounts[table] = tape.amounts.get(table, NOTHING) | {column}
            if NESTED.search(kind):
                tape.nested[table] = tape.nested.get(table, NOTHING) | {column}
        tape.made_again = {s.target: 0 for s in tape.steps if s.sum and not s.sum.keys}
        tape.order()
        tape.note_conditions(askers)
        tape.note_keys()
        tape.note_late()
        for key in tape.keys:
            self._find_keys(key)
        self._mark_all(askers)

    def _mark_all(self, askers: Iterable[str]) -> None:
        """Mark what may move of all that is read, as it is now."""
        tape = self._tape
        tape.needs, tape.hashes, tape.marks, tape.unhashed = {}, {}, {}, set()
        for i, step in enumerate(tape.steps):
            if tape.is_kept(i):
                for table, columns in tape.reads(step.sql, step.words):
                    tape.needs.setdefault(table, set()).add(columns)
        for asker in askers:
            for table, columns in tape.read_by(asker):
                tape.needs.setdefault(table, set()).add(columns)
        for table in sorted((tape.needs.keys() & tape.moving) - tape.views):
            mark(self, tape, table)

    def learn(self, askers: Iterable[str]) -> None:
        """Take in what somebody asked since the last time that he had not asked before."""
        tape = self._tape
        for asker in askers:
            if len(tape.heard.get(asker, ())) == tape.n_known.get(asker):
                continue
            tape.read.pop(asker, None)
            tape.note_conditions([asker], steps=False)
            for table, columns in tape.read_by(asker):
                known = tape.needs.setdefault(table, set())
                if columns not in known and table not in tape.views:
                    known.add(columns)
                    mark(self, tape, table, is_still=True)

    def mark_of(self, asker: str) -> Any:
        """Return what changes when anything changes that somebody reads."""
        return self._tape.mark_of(asker)

    def tell(self, asker: str, sql: str, reads: Collection[tuple[str, str]]) -> None:
        """Take what is known of a text in the statements of somebody: the (table, column) it reads,
        whatever words it has.
        """
        with self._tape.lock:
            self._tape.told.setdefault(asker, {})[sql] = reads

    def hash_rest(self) -> None:
        """Hash the tables of which the number of rows told enough; the next renewal would."""
        hash_rest(self, self._tape)

    def behind(self, askers: Iterable[str], tables: Iterable[str] = ()) -> set[int]:
        """Return the statements, by number, that make what some ask for, and some tables."""
        read = {t for asker in askers for t, _ in self._tape.read_by(asker)}
        return self._tape.behind(read.union(tables))

    def narrow(self, askers: Collection[str], tables: Collection[str] = ()) -> None:
        """From now on bring up to date only what some ask for, and some tables."""
        tape = self._tape
        only = tape.only = self.behind(askers, tables)
        tape.find_urgency()
        known = tape.conditions.items()
        tape.conditions = {k: c for k, c in known if k in askers or k in only}
        self._mark_all(askers)

    def count(self, sql: str, added: str) -> None:
        """Take a new query for the base, with one for the rows that are new, and put these to sums,
        over tables as they are, which costs little. All else stays as it was until `renew`.
        """
        self._take(sql, added, True)
        self._tape.is_counted = True

    def renew(self, sql: str, added: str) -> list[str]:
        """Take a new query for the base, with one for the rows that are new, and bring up to date
        what follows from them, and from those that were but counted; return what was made again.

        Raises Moved where a question would be answered otherwise now; no table is of use then.
        """
        anew = self._take(sql, added, False)
        self._tape.is_counted = False
        return anew

    def _take(self, sql: str, added: str, counts: bool) -> list[str]:
        tape = self._tape
        self.hash_rest()
        super().run(f"CREATE OR REPLACE VIEW {tape.base} AS {sql}")
        tape.read_of_new = tape.columns_of_new()
        tape.counts = counts
        tape.begin()
        self._make_new(tape.base, added)
        if not tape.is_late:
            for view, query in tape.grown.items():
                self._make_new(view, query)
        anew: list[str] = []
        n = min(self.threads(), _AT_ONCE)
        with ThreadPoolExecutor(n) as pool, self.shared_by(n):
            while not self._make_again(anew, pool, n):
                pass  # it was learned what is made again from its first statement on
        if tape.earliest is not None:
            tape.followed.setdefault(tape.earliest, frozenset(tape.again))
        for key in tape.keys:
            relation = tape.of_key(key)
            if tape.has_old_keys(relation):
                table = f"{_KEYS}{key}"
                new = f"SELECT {key} FROM {relation}{ADDED} EXCEPT FROM {table}"
                super().run(f"INSERT INTO {table} {new}")
            else:
                self._find_keys(key)
        return anew

    def _find_keys(self, key: str) -> None:
        relation = self._tape.of_key(key)
        rows = f"SELECT DISTINCT {key} FROM {relation}"
        super().run(f"CREATE OR REPLACE TABLE {_KEYS}{key} AS {rows}")

    def _make_new(self, name: str, query: str) -> None:
        """Make the table of the new rows of the base, or of a view of it, and find who reads them,
        as far as his statements tell which rows matter.
        """
        columns = self._tape.read_of_new[name]
        sql = f"CREATE OR REPLACE TABLE {name}{ADDED} AS SELECT {columns} FROM ({query})"
        DuckDB.run(self, sql)
        self._tape.new_of.add(name)
        self._find_touched(name)

    def _find_touched(self, relation: str) -> None:
        tape = self._tape
        asked = {w: by[relation] for w, by in tape.conditions.items() if relation in by}
        distinct = sorted({*asked.values()})
        if not distinct:
            return
        told = ", ".join(f"bool_or({c})" for c in distinct)
        (rows,) = DuckDB.rows(self, f"SELECT {told} FROM {relation}{ADDED} AS {ALIAS}")
        met = {c for c, is_met in zip(distinct, rows, strict=True) if is_met}
        for who, condition in asked.items():
            if tape.is_placed or condition in met:
                tape.touched[who] = tape.generation

    def _make_again(
        self,
        anew: list[str],
        pool: ThreadPoolExecutor,
        most: int,
    ) -> bool:
        """Run what reads what moved, several at a time, and add what is made; False where a table
        has to be made from its beginning.
        """
        tape = self._tape
        left = [len(before) for before in tape.after]
        ready = [(-tape.urgency[i], i) for i, n in enumerate(left) if not n]
        heapify(ready)
        partial: set[str] = set()
        begun: set[str] = set()
        running: dict[Future[None], int] = {}
        is_whole = True

        def is_done(i: int) -> None:
            for follower in tape.followers[i]:
                left[follower] -= 1
                if not left[follower]:
                    heappush(ready, (-tape.urgency[follower], follower))

        while ready or running:
            while ready and len(running) < most:
                _, i = heappop(ready)
                step = tape.steps[i]
                if is_whole and step.target in tape.grown.keys() - tape.new_of:
                    # What the new rows of a view are made of stands by now.
                    running[pool.submit(self._view_new, step.target)] = i
                elif not is_whole or not tape.is_due(i, partial):
                    is_done(i)
                elif not tape.counts and tape.is_too_early(i, begun):
                    is_whole = False
                    is_done(i)
                else:
                    if tape.first.get(step.target) == i:
                        begun.add(step.target)
                    if step.target:
                        anew.append(step.target)
                        partial.add(step.target)
                    running[pool.submit(self._do_again, i, partial)] = i
            if running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    is_done(running.pop(future))
                    future.result()
        if not is_whole:
            tape.begin_again(partial)
        return is_whole

    def _do_again(self, i: int, partial: set[str]) -> None:
        tape, step = self._tape, self._tape.steps[i]
        with self.twin() as connection:
            if not step.target:
                connection._ask_again(step)
                tape.has_run(i)
                return
            connection._lay_by(step.target)
            text = tape.text(i)
            note_rows(tape, step.target, text, DuckDB.one(connection, text, step.params))
            if step.target in tape.made_again and not text.startswith("INSERT"):
                tape.made_again[step.target] += 1
            if tape.last[step.target] == i:
                # What was but counted is due in the next renewal, which finds what moved.
                if not tape.counts and (now := mark(connection, tape, step.target)):
                    connection._compare(step.target)
                    tape.moved |= now
                partial.discard(step.target)
            tape.has_run(i)

    def _view_new(self, view: str) -> None:
        with self.twin() as connection:
            connection._make_new(view, self._tape.grown[view])

    def _lay_by(self, table: str) -> None:
        """Keep the rows of a table that sums join by the key, as they were before this renewal."""
        tape = self._tape
        if table in tape.keyed() and table not in tape.laid_by:
            tape.laid_by.add(table)
            DuckDB.run(self, f"CREATE OR REPLACE TABLE {table}{_BEFORE} AS FROM {table}")

    def _compare(self, table: str) -> None:
        """Find whether all rows that differ are of keys that no old row of the base has, by hashes
        of the others; then the views of new rows are made with them.
        """
        tape = self._tape
        keys = tape.keyed().get(table, set())
        tape.only_new -= {(table, key) for key in keys}
        if table not in tape.laid_by:
            return
        row = "CAST(t AS VARCHAR)" if table in tape.nested else "t"
        for key in sorted(keys):
            now, before = (
                f"(SELECT (count(*), sum(CAST(hash({row}) AS HUGEINT))) FROM {name} AS t SEMI JOIN"
                f" {_KEYS}{key} USING ({key}))"
                for name in (table, f"{table}{_BEFORE}")
            )
            if DuckDB.one(self, f"SELECT {now} IS NOT DISTINCT FROM {before}"):
                tape.only_new.add((table, key))
        if not any((table, key) in tape.only_new for key in keys):
            return
        again = {table}
        for name, query in tape.grown.items():
            made_of = {n if n == table else f"{n}{ADDED}" for n in again}
            if name in tape.new_of and words_of(query) & made_of:
                self._make_new(name, query)
                again.add(name)

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

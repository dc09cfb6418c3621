"""Statements that are remembered, with what they read by name. In: the statements of an assessment,
in their order. Out: which of them have to run again once rows were added.

What a statement reads is told by its words: each table and column that it names counts as read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from threading import Event, RLock
from typing import Any, NamedTuple

from reporter.engine.growing.growing_sums import Sum
from reporter.engine.growing.keyed_joins import is_joined_by
from reporter.engine.growing.row_conditions import conditions_on
from reporter.engine.growing.statement_words import (
    MADE,
    MADE_OF,
    STAR,
    own_words,
    query_of,
    spread,
    takes_rows,
    without_stars,
    words_of,
)

Columns = frozenset[str] | None
"""Names of columns; None: the whole row."""
NOTHING: frozenset[str] = frozenset()
Input = tuple[str, Columns]
"""A table, and what is read of it."""
ADDED = "_added"
"""Ends the name of the rows of a relation that are new."""
_GATHERED = re.compile(r"\b(?:GROUP BY|DISTINCT|OVER|QUALIFY|LIMIT|EXCEPT|INTERSECT|UNION)\b")
"""Words of a query whose rows do not each come from one row."""
_HEAD = re.compile(
    r"^(?:CREATE (?:OR REPLACE )?TEMP TABLE \w+ AS|INSERT INTO \w+ (?:\([^)]*\)|BY NAME)) "
)
_BY_PLACE = re.compile(r"\bUSING \([^)]*\bplace\b")
"""A join by the column that tells a row from its equals."""


class Moved(Exception):
    """What was asked while the tables were made would be answered otherwise now."""


class Ended(Exception):
    """Nobody waits any more for what a statement would give."""


class Mark(NamedTuple):
    """How often what is read of a table moved."""

    whole: int
    told: int
    """In more than counts and times."""


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
    """Which new rows were added last, by number."""
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
    keys: Mapping[str, str] = field(default_factory=dict)
    """Column that says to which rows of other tables a row belongs -> the view of the base that has
    it, '' where it is the base.
    """
    by_key: dict[int, dict[str, str]] = field(default_factory=dict)
    """Number of a sum -> the tables that it joins to what grows by a key alone -> that key."""
    only_new: set[tuple[str, str]] = field(default_factory=set)
    """(table, key): only rows with keys that no old row of what grows has are others now."""
    ran: dict[int, dict[Input, Any]] = field(default_factory=dict)
    """Number of a statement that ran in this renewal -> the marks of what it read."""
    read_of_new: dict[str, str] = field(default_factory=dict)
    """SQL: of the base and its views the columns that new rows have."""
    many: set[str] = field(default_factory=set)
    """Kept rows that are too many to keep."""
    made_again: dict[str, int] = field(default_factory=dict)
    """Table of kept rows -> how often it was made again."""
    new_of: set[str] = field(default_factory=set)
    """What grows, of which the new rows stand in this renewal."""
    laid_by: set[str] = field(default_factory=set)
    """Tables whose rows were kept before they are made again."""
    steps: list[Step] = field(default_factory=list)
    runs: bool = False
    macros: dict[str, str] = field(default_factory=dict)
    passing: set[str] = field(default_factory=set)
    """Tables that one connection sees."""
    made: dict[str, int] = field(default_factory=dict)
    """Name -> how many relations of that name there were."""
    heard: dict[str, set[str]] = field(default_factory=dict)
    """Who asks -> the statements that he asked."""
    told: dict[str, dict[str, Collection[tuple[str, str]]]] = field(default_factory=dict)
    """Who asks -> a text in his statements -> the (table, column) that it reads."""
    n_known: dict[str, int] = field(default_factory=dict)
    """Who asks -> of how many of his statements it is known what they read."""
    read: dict[str, set[Input]] = field(default_factory=dict)
    lock: Any = field(default_factory=RLock)
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    amounts: dict[str, frozenset[str]] = field(default_factory=dict)
    """Table -> its columns of counts and times."""
    nested: dict[str, frozenset[str]] = field(default_factory=dict)
    """Table -> its columns of lists and the like."""
    marks: dict[Input, Mark] = field(default_factory=dict)
    hashes: dict[str, dict[Columns, tuple[int, int]]] = field(default_factory=dict)
    """Table -> columns -> what tells its rows from others, as they are now."""
    unhashed: set[str] = field(default_factory=set)
    """Tables of which that is as it was before the last renewal."""
    numbers: dict[str, int] = field(default_factory=dict)
    """Table -> how many rows it has, where a renewal made it."""
    needs: dict[str, set[Columns]] = field(default_factory=dict)
    moving: set[str] = field(default_factory=set)
    """What may change when rows are added to the base."""
    again: set[str] = field(default_factory=set)
    """What has to be made from its first statement on: one changed it later, or read it before."""
    earliest: int | None = None
    """The first statement of this renewal that came too early."""
    followed: dict[int, frozenset[str]] = field(default_factory=dict)
    """Statement that came too early -> what was made from its first statement on in the end."""
    views: set[str] = field(default_factory=set)
    first: dict[str, int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    """Table -> the last statement that changes it."""
    known_inputs: dict[int, set[Input]] = field(default_factory=dict)
    conditions: dict[str | int, dict[str, str]] = field(default_factory=dict)
    """Who, or the number of a statement -> relation -> which of its rows matter."""
    is_placed: bool = False
    """Whether a view of the base tells rows by their place, which is another among new rows."""
    grown: dict[str, str] = field(default_factory=dict)
    """View of the base -> the query of its new rows."""
    is_late: bool = False
    """Whether all that such views read is complete where they are made on the tape."""
    moved: set[Input] = field(default_factory=set)
    """What is another in this renewal."""
    counts: bool = False
    """Whether new rows are just put to sums, and nothing is made of these."""
    is_counted: bool = False
    """Whether some were in this renewal."""
    touched: dict[str | int, int] = field(default_factory=dict)
    """Whom rows that were added mattered to -> when, as a generation."""
    generation: int = 0
    """Number of the renewal, counting included."""
    n_added: int = 0
    """How often there were new rows."""
    is_ended: bool = False
    """Whether no statement is run any more."""
    goes_on: Event = field(default_factory=Event)
    """Unset while statements wait."""
    only: set[int] | None = None
    """The statements that run again; None: all."""
    after: list[set[int]] = field(default_factory=list)
    """Of each statement those that have to be done before."""
    followers: list[list[int]] = field(default_factory=list)
    """Of each statement those that it has to be done before."""
    urgency: list[int] = field(default_factory=list)
    """Of each statement how many that may run wait for each other from it on, at the most."""

    def rename(self, name: str, other: str) -> None:
        """Write another name for a relation in all statements so far."""
        if self.base == name:
            self.base = other
        pattern = re.compile(rf"\b{name}\b")
        for step in self.steps:
            if name in step.words or step.target == name:
                step.sql = pattern.sub(other, step.sql)
                step.target = other if step.target == name else step.target
                if step.sum:
                    step.sum = replace(step.sum, sql=pattern.sub(other, step.sum.sql))
                step.words = own_words(step.sql, step.target)

    def find_moving(self) -> None:
        """Find what may change with the base, and what is made again with it because a statement
        changed it or read it before it was complete.
        """
        count = 0
        for i, step in enumerate(self.steps):
            if step.target:
                self.first.setdefault(step.target, i)
                self.last[step.target] = i
            if step.is_view:
                self.views.add(step.target)
        self.moving = {self.base}
        while count != len(self.moving):
            count = len(self.moving)
            for i, step in enumerate(self.steps):
                if step.words & self.moving or step.target in self.moving:
                    self.moving |= {n for n in step.words & self.last.keys() if self.last[n] > i}
                    self.moving.add(step.target)
            self.moving.discard("")

    def unsettled(self, i: int) -> set[str]:
        """Return what may be another than when a statement ran first: what moves, and what later
        statements change.
        """
        return self.moving | {table for table, last in self.last.items() if last > i}

    def resting(self) -> list[tuple[int, str, str]]:
        """Return the statements that may run again, by number, with their query, and with what that
        is a part of where all of it may rest: only later statements change what it makes.
        """
        doubtful = {name for name, body in self.macros.items() if "SELECT" in body} | self.passing
        found = []
        for i, step in enumerate(self.steps):
            made = MADE_OF.match(step.sql)
            if not made or step.sum or step.params or step.target not in self.moving:
                continue
            if step.words & doubtful:
                continue
            query = made[2]
            if step.words & self.unsettled(i):
                found.append((i, query, query))
            elif self.last[step.target] > i:
                found.append((i, query, f"WITH resting AS ({query}) SELECT * FROM resting"))
        return found

    def say_instead(self, i: int, query: str, text: str) -> None:
        """Make a table of another query that has the same rows."""
        step = self.steps[i]
        step.sql = step.sql.replace(query, text)
        step.words = frozenset(spread(own_words(step.sql, step.target), self.macros))

    def order(self) -> None:
        """Find what has to be done before each statement: what makes what it reads or changes, and
        what reads that before.
        """
        writers: dict[str, list[int]] = {}
        readers: dict[str, list[int]] = {}
        self.after = []
        for i, step in enumerate(self.steps):
            names = {t for t, _ in self.inputs(i)} | (step.words & self.last.keys())
            before = {j for n in names | {step.target} for j in writers.get(n, ())}
            before |= {*readers.get(step.target, ())}
            self.after.append(before)
            for name in names:
                readers.setdefault(name, []).append(i)
            if step.target:
                writers.setdefault(step.target, []).append(i)
        self.followers = [[] for _ in self.steps]
        for i, before in enumerate(self.after):
            for j in before:
                self.followers[j].append(i)
        self.find_urgency()

    def find_urgency(self) -> None:
        """Find which statements to run first of those that may: others wait for them."""
        self.urgency = [0] * len(self.steps)
        for i in reversed(range(len(self.steps))):
            step = self.steps[i]
            may_run = self.is_kept(i) and not step.is_view and step.target in {"", *self.moving}
            rest = max((self.urgency[j] for j in self.followers[i]), default=0)
            self.urgency[i] = rest + may_run

    def behind(self, tables: Collection[str]) -> set[int]:
        """Return the statements that have to be done before some tables are complete, with views
        of what grows, and with all questions: what these led to is true only if their answers are.
        """
        found: set[int] = set()
        names = {"", *tables, *self.grown}
        left = [i for i, step in enumerate(self.steps) if step.target in names]
        while left:
            i = left.pop()
            if i in found:
                continue
            found.add(i)
            left += self.after[i]
        return found

    def read_by(self, asker: str) -> set[Input]:
        """Return what somebody reads of all that may move: (table, columns)."""
        if asker not in self.read:
            found: set[Input] = set()
            for sql in self.heard.get(asker, ()):
                for known, columns in self.told.get(asker, {}).items():
                    if known not in sql:
                        continue
                    sql = sql.replace(known, "")
                    for table in {t for t, _ in columns}:
                        names = ", ".join(sorted(c for t, c in columns if t == table))
                        named = f"SELECT {names} FROM {table}"
                        found |= self.reads(named, words_of(named))
                found |= self.reads(sql, frozenset(spread(words_of(sql), self.macros)))
            self.read[asker] = found
            self.n_known[asker] = len(self.heard.get(asker, ()))
        return self.read[asker]

    def reads(self, sql: str, words: frozenset[str]) -> set[Input]:
        """Return the moving tables that a statement reads, with those of their columns that it
        names; views are followed.
        """
        found: set[Input] = set()
        base = self.base
        for name in words & self.moving:
            view = next((s for s in self.steps if s.is_view and s.target == name), None)
            if name == base:
                found.add((name, None))
                continue
            whole = takes_rows(sql, name)
            if view is None:
                own = frozenset(self.columns.get(name, ()))
                found.add((name, None if whole else own & words))
            else:
                # What a view takes on as a whole its readers may name.
                more = view.words | words if STAR.search(view.sql) else view.words
                told = f"{view.sql}\n{sql}" if whole and STAR.search(view.sql) else view.sql
                found |= self.reads(told if whole else without_stars(view.sql), more - {name})
        return found

    def mark_of(self, asker: str) -> Any:
        """Return what changes when anything changes that somebody reads."""
        base = self.base, None
        marks: dict[Any, Any] = {key: self.marks.get(key) for key in self.read_by(asker)}
        if base in marks:
            is_told = asker in self.conditions
            marks[base] = self.touched.get(asker, 0) if is_told else self.generation
        return marks

    def told_of(self, table: str, columns: Columns) -> frozenset[str]:
        """Return the columns among some that are no counts and times."""
        every = frozenset(self.columns.get(table, ())) if columns is None else columns
        return every - self.amounts.get(table, NOTHING)

    def note_conditions(self, askers: Iterable[str], steps: bool = True) -> None:
        """Note which rows of the base matter to whom: to a statement of the tape, by its number, or
        to somebody.
        """
        texts: dict[str | int, list[str]] = {}
        if steps:
            self._note_views()
            texts = {i: [query_of(s.sql)] for i, s in enumerate(self.steps) if not s.is_view}
        texts |= {asker: sorted(self.heard.get(asker, ())) for asker in askers}
        relations = frozenset((self.base, *self.grown))
        doubtful = [n.upper() for n, body in self.macros.items() if "SELECT" in body]
        for who, statements in texts.items():
            asked: dict[str, set[str]] = {}
            for sql in statements:
                named = relations & words_of(sql)
                told = conditions_on(_HEAD.sub("", sql), relations) if named else {}
                for name in named:
                    condition = told.get(name, "TRUE")
                    is_sure = not any(f"{n}(" in condition.upper() for n in doubtful)
                    asked.setdefault(name, set()).add(condition if is_sure else "TRUE")
            if asked:
                self.conditions[who] = {
                    name: "TRUE" if "TRUE" in parts else " OR ".join(sorted(parts))
                    for name, parts in asked.items()
                }

    def _note_views(self) -> None:
        """Note the views that have a row for each of some rows of the base, and how those of new
        rows are made.
        """
        lined = [self.base]
        for step in self.steps:
            if not step.is_view or not step.words & {*lined} or _GATHERED.search(step.sql):
                continue  # the readers of such a view are always touched
            text = query_of(step.sql)
            for name in lined:
                text = re.sub(rf"\b{name}\b", f"{name}{ADDED}", text)
            self.grown[step.target] = text
            self.is_placed |= bool(_BY_PLACE.search(step.sql))
            lined.append(step.target)

    def columns_of_new(self) -> dict[str, str]:
        """SQL: for the base and its views, the columns that anybody reads of their new rows."""
        texts: dict[str, list[str]] = {}
        for i, step in enumerate(self.steps):
            if (step.sum or not step.target) and self.is_kept(i):
                text = step.sum.sql if step.sum else step.sql
                for name in words_of(text):
                    texts.setdefault(name, []).append(text)
        for asked in self.conditions.values():
            for name, condition in asked.items():
                texts.setdefault(name, []).append(condition)
        views = {s.target: s.sql for s in self.steps if s.is_view and s.target in self.grown}
        found: dict[str, frozenset[str]] = {}
        for name in (*reversed(self.grown), self.base):
            keys = frozenset(key for key in self.keys if self.of_key(key) == name)
            words = keys.union(*map(words_of, texts.get(name, ())))
            for view, sql in views.items():
                if name in words_of(query_of(sql)):
                    words |= words_of(sql) | found[view]
            found[name] = words
        return {
            name: ", ".join(c for c in self.columns[name] if c in words) or "*"
            for name, words in found.items()
        }

    def is_kept(self, i: int) -> bool:
        """Tell whether what a statement makes is brought up to date."""
        return self.only is None or i in self.only

    def of_key(self, key: str) -> str:
        """Return the relation that grows and has a key."""
        return self.keys[key] or self.base

    def note_keys(self) -> None:
        """Note which tables sums join by a key alone, whether in their words or in views."""
        self.keys = {key: of for key, of in self.keys.items() if not of or of in self.grown}
        views = {s.target: s for s in self.steps if s.is_view and s.target in self.grown}
        for i, step in enumerate(self.steps):
            if step.sum is None:
                continue
            texts, seen = [step.sum.sql], set[str]()
            left = {*(step.words & views.keys())}
            while left:
                seen.add(name := left.pop())
                texts.append(query_of(views[name].sql))
                left |= (views[name].words & views.keys()) - seen
            self.by_key[i] = {}
            for name in {t for t, _ in self.inputs(i)} - {self.base}:
                own = [t for t in texts if name in words_of(t)]
                for key, of in self.keys.items():
                    grown = frozenset((of,) if of else (self.base, *self.grown))
                    if key in self.columns.get(name, ()) and all(
                        is_joined_by(t, name, key, grown) for t in own
                    ):
                        self.by_key[i].setdefault(name, key)

    def note_late(self) -> None:
        """Note whether the new rows of views may be made where the views are."""
        views = [i for i, step in enumerate(self.steps) if step.target in self.grown]
        self.is_late = not any(
            self.last.get(table, 0) > i
            for i in views
            for table, _ in self.inputs(i)
            if table not in self.views
        )

    def begin(self) -> None:
        """Take note of new rows; of a new renewal where none were but counted."""
        self.generation += not self.is_counted
        self.n_added += 1
        self.moved, self.again, self.only_new, self.laid_by = set(), set(), set(), set()
        self.ran, self.earliest, self.new_of = {}, None, set()

    def keyed(self) -> dict[str, set[str]]:
        """Return the tables that any sum joins by a key alone, with those keys."""
        found: dict[str, set[str]] = {}
        for tables in self.by_key.values():
            for table, key in tables.items():
                found.setdefault(table, set()).add(key)
        return found

    def moved_for(self, i: int) -> set[Input]:
        """Return what moved, beside the base, of what a sum has counted."""
        own = self.moved & (self.inputs(i) - {(self.base, None)})
        keys = self.by_key.get(i, {})
        return {(t, c) for t, c in own if (t, keys.get(t)) not in self.only_new}

    def has_old_keys(self, relation: str) -> bool:
        """Tell whether the old rows of a relation that grows have the keys that they had."""
        sql = f"SELECT * FROM {relation}"
        read = {t for t, _ in self.reads(sql, words_of(sql))} - {self.base}
        new = {t for t, key in self.only_new if not self.keys[key]}
        return all(t in new for t, _ in self.moved if t in read)

    def is_due(self, i: int, partial: set[str]) -> bool:
        """Tell whether a statement has to run again, as its input moved or is made just now; where
        it counts only, a sum that new rows can be put to.
        """
        return self._is_due(i, partial) and (not self.counts or self.is_added_to(i))

    def is_added_to(self, i: int) -> bool:
        """Tell whether a statement is a sum that new rows may be put to. That is not so where it
        reads a table before this is complete: what moves in that is known too late.
        """
        return bool(self.steps[i].sum) and not self.is_placed and not self.early(i)

    def _is_due(self, i: int, partial: set[str]) -> bool:
        step, base = self.steps[i], (self.base, None)
        if step.is_view or not self.is_kept(i):
            return False
        if not partial.isdisjoint(step.words):
            return True
        if i in self.ran:
            before = self.ran[i]
            return any(before[m] != self.marks.get(m) for m in self.moved & before.keys())
        return (
            step.target in self.again
            or bool(self.moved_for(i))
            or self.touched.get(i) == self.generation
            or (base in self.inputs(i) and i not in self.conditions)
        )

    def has_run(self, i: int) -> None:
        """Take note that a statement ran, and over what."""
        base = self.base, None
        self.ran[i] = {m: self.marks.get(m) for m in self.inputs(i) if m != base}

    def is_too_early(self, i: int, begun: set[str]) -> bool:
        """Tell whether a statement reads or changes tables as they were before they were complete,
        and these are not made from their first statement on; from now on they are.
        """
        early = self.early(i)
        early -= {n for n in early & self.again if n in begun or self.first[n] > i}
        if early:
            self.earliest = i if self.earliest is None else self.earliest
            early |= self.followed.get(i, NOTHING) - self.again
        self.begin_again(early)  # such tables may read each other: all of them are made together
        return bool(early)

    def early(self, i: int) -> set[str]:
        """Return the tables that a statement reads or changes before they are complete."""
        step = self.steps[i]
        early = {n for n in step.words & self.last.keys() if self.last[n] > i}
        if self.first.get(step.target, i) < i:
            early.add(step.target)
        return early - self.views

    def begin_again(self, tables: Collection[str]) -> None:
        """Make tables from their first statement on, as they are not complete.

        Raises Moved where that is not on the tape.
        """
        if lacking := sorted(n for n in tables if not MADE.match(self.steps[self.first[n]].sql)):
            raise Moved(f"made elsewhere: {lacking[0]}")
        if tables:
            self.again |= {*tables}
            self.ran = {k: v for k, v in self.ran.items() if self.steps[k].target not in self.again}

    def text(self, i: int) -> str:
        """SQL: a table made again, or a sum with what is new."""
        step = self.steps[i]
        kept = step.sum
        is_added = step.added == self.n_added
        if kept is None or is_added or not self.is_added_to(i) or self.moved_for(i):
            return _again(step.sql)
        step.added = self.n_added
        added = kept.sql
        for name in (self.base, *self.grown):
            added = re.sub(rf"\b{name}\b", f"{name}{ADDED}", added)
        if not kept.keys:
            return f"INSERT INTO {kept.name} {added}"
        return (
            f"CREATE OR REPLACE TABLE {kept.name} AS SELECT {kept.merge} FROM (SELECT * FROM"
            f" {kept.name} UNION ALL BY NAME SELECT * FROM ({added})) GROUP BY {kept.keys}"
        )

    def inputs(self, i: int) -> set[Input]:
        """Return what a statement reads of all that may move."""
        if i not in self.known_inputs:
            step = self.steps[i]
            self.known_inputs[i] = self.reads(step.sql, step.words)
        return self.known_inputs[i]


def is_telling(before: Mapping[Any, Any], now: Mapping[Any, Any]) -> bool:
    """Tell whether more than counts and times moved between two marks of somebody."""
    for key, mark in now.items():
        old = before.get(key)
        if isinstance(mark, Mark) and isinstance(old, Mark):
            if mark.told != old.told:
                return True
        elif mark != old:
            return True
    return False


def _again(sql: str) -> str:
    """Return a statement as it replaces what it made before."""
    made = MADE.match(sql)
    if not made or made[1]:
        return sql
    return f"CREATE OR REPLACE {made[2]} {made[4]}{sql[made.end() :]}"

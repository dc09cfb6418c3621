"""Events in a warehouse that nobody may export, all else here in DuckDB. In: SQL of ours, the rows
that earlier statements left there. Out: the statements still to run there.

The pipeline runs as with Spark. What it asks of events is looked up among returned rows under a
hash of the statement and of the lists that it reads. Other rows are never taken for an answer.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sqlglot import exp

from reporter.engine.base import Error
from reporter.engine.duckdb import DEFAULT_MEMORY, DuckDB, parquet
from reporter.engine.event_table import COLUMNS, ROWS, EventTable
from reporter.engine.federated import CHANGES, Federated, for_arrow, tables_in
from reporter.engine.forms.answers import files_of, scan_of
from reporter.engine.translation.dialects import END, Dialect
from reporter.engine.translation.portable import base_tables, expanded, parsed, patterns_in
from reporter.engine.translation.sql_nodes import NotPortable
from reporter.errors import InputError

LISTS, STAGE = "@LISTS@", "@STAGE@"
"""Stand in a statement for the places where files of lists lie, and results are left."""
_RETURNED = re.compile(r"(?:^|/)([0-9a-f]{64})/([^/]+\.(?:parquet|json))$")
_TARGET = re.compile(r"(?:TABLE|INTO)\s+(\w+)")


@dataclass(frozen=True, slots=True)
class Statement:
    """A query to run where the events are."""

    key: str
    """SHA-256 of its text, which names the lists that it reads by their hashes."""
    table: str
    """The table of ours that its rows fill."""
    sql: str
    columns: tuple[tuple[str, str, str], ...]
    """(name there, name here, type here)"""
    lists: tuple[Path, ...]
    """Files of the rows that it reads beside events."""


@dataclass(slots=True)
class Questions:
    """What is asked of the events of one warehouse."""

    dialect: Dialect
    events: str
    """The table of events, as it is named there."""
    answers: Path | None
    """What was returned: a folder or a zip, with a folder of Parquet files for each key."""
    lists: Path | None
    """Where files of lists are left for statements that are still to run; without it, a question
    that has no answer is an error.
    """
    digest: str = ""
    """SHA-256 of all that was returned."""
    told: tuple[str, ...] = ()
    """Who ran the statements there, when and in what, as returned."""
    asked: dict[str, Statement] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    """Keys of the answers that were used."""
    patterns: set[str] = field(default_factory=set)
    """Calls of regular expressions in what was asked, each of a text `a`."""
    proven: frozenset[str] | None = None
    """Those that the probe holds; None: it is still to be written."""


class Elsewhere(Federated):
    """An `Engine` that holds no events. Without an answer a table stays empty, and what rests on it
    is not asked yet.
    """

    def __init__(
        self, work: Path, questions: Questions, memory: str = DEFAULT_MEMORY, room: str = ""
    ) -> None:
        """Open an engine whose lists lie in its own folder."""
        self._questions = questions
        self._waiting: set[str] = set()
        """Tables of ours that are empty for want of an answer."""
        super().__init__(work, memory, room, (ROWS,))
        self.event_table = EventTable(
            questions.events, questions.dialect.title, questions.digest, questions.told
        )
        self._lists, self._answers = work / "lists", work / "answers"
        self._lists.mkdir(parents=True, exist_ok=True)
        if questions.answers:
            _lay(questions.answers, self._answers)

    def version(self) -> str:
        """Return the engine's version, and in whose SQL events were asked for."""
        return f"{DuckDB.version(self)}, {self._questions.dialect.name}"

    @property
    def is_waiting(self) -> bool:
        """Tell whether a table is empty for want of an answer."""
        return bool(self._waiting)

    def run(self, sql: str, params: Sequence[Any] = ()) -> None:
        """Execute one statement for its effect; note what rests on an answer that is not there."""
        super().run(sql, params)
        changed = set(CHANGES.findall(sql)) if self._waiting else set()
        if changed and self._rests_on_waiting(set(_WORDS.findall(sql)) - changed):
            self._waiting |= changed

    def one(self, sql: str, params: Sequence[Any] = ()) -> Any:
        """Return the single value of a query; 0 where it waits for an answer."""
        value = super().one(sql, params)
        is_open = value is None and self._waiting and self._rests_on_waiting(tables_in(sql))
        return 0 if is_open or (value is None and self._is_held(sql)) else value

    def _take(self, head: str, query: str) -> None:
        """Put the rows that were returned for a query where `head` says, or ask for them."""
        with self._relations.lock:
            kinds = self.columns(query)
            (target,) = _TARGET.findall(head)[:1]
            statement = self._statement(target, query, kinds)
            self._refuse_unproven()
            paths = self._answer(statement) if statement else []
            if paths:
                rows = self._rows_of(statement, paths) if statement else ""
                DuckDB.run(self, f"{head} {rows}")
                return
            nothing = ", ".join(f'CAST(NULL AS {kind}) AS "{n}"' for n, kind in kinds)
            DuckDB.run(self, f"{head} SELECT {nothing} WHERE FALSE")
            self._waiting.add(target)

    def statement_of(self, target: str, query: str) -> Statement:
        """Return a query of lists as it runs there; raise Error where it has no translation."""
        statement = self._statement(target, query, self.columns(query))
        assert statement, "what waits for an answer is no list"
        return statement

    def has_form(self, query: str) -> bool:
        """Tell whether a query of lists has a translation."""
        dialect = self._questions.dialect
        try:
            self._written(query, {}, {})
            for _, kind in self.columns(query):
                dialect.leaves("v", kind)
        except NotPortable:
            return False
        return True

    def answer_to(self, statement: Statement) -> list[Path]:
        """Return the files of an answer; ask for it, or raise InputError, where there is none."""
        return self._answer(statement)

    def returned(self, statement: Statement, paths: Sequence[Path]) -> str:
        """SQL: the rows of an answer; raise InputError where they do not fit the statement."""
        return self._rows_of(statement, paths)

    def _refuse_unproven(self) -> None:
        questions = self._questions
        if questions.proven is not None and (left := questions.patterns - questions.proven):
            raise InputError(
                f"the probe does not hold {min(left)}",
                hint="Run `reporter sql` with the same folder again: it writes what is to run.",
            )

    def _answer(self, statement: Statement) -> list[Path]:
        questions = self._questions
        paths = files_of(self._answers / statement.key)
        if paths:
            questions.taken.add(statement.key)
        elif not questions.lists:
            raise InputError(
                f"the results lack the rows of a statement on events (for {statement.table})",
                statement.key[:12],
                "Run `reporter sql` with the same folder again: it writes what is still to run.",
            )
        else:
            for path in statement.lists:
                shutil.copyfile(path, questions.lists / path.name)
            questions.asked[statement.key] = statement
        return paths

    def _rows_of(self, statement: Statement, paths: Sequence[Path]) -> str:
        """SQL: returned rows in our types; InputError where they have other columns or types."""
        scan = scan_of(paths, parquet)
        forms = self._questions.dialect.forms
        try:
            if forms:
                scan = self._ended(scan, statement)
            returned = self.columns(f"SELECT * FROM {scan}")
            names = {n.lower(): n for n, _ in returned}
            inexact = {n.lower() for n, kind in returned if kind in ("DOUBLE", "FLOAT")}
            wanted = [n for n, _, _ in statement.columns]
            if names.keys() != {n.lower() for n in wanted}:
                raise InputError(
                    f"returned rows have the columns {', '.join(sorted(names))}; expected are"
                    f" {', '.join(sorted(wanted))}",
                    f"results/{statement.key}",
                    "Return what the statement left, unchanged.",
                )
            rounded = [n for n, _, k in statement.columns if n.lower() in inexact and k in _WHOLE]
            if rounded:  # a stamp has 128 bits, of which a fraction keeps 53
                raise InputError(
                    f"whole numbers came back as fractions: {', '.join(rounded)}",
                    f"results/{statement.key}",
                    "Return what the statement left, unchanged.",
                )
            cast = ", ".join(
                f'CAST({_read(names[there.lower()], kind, bool(forms))} AS {kind}) AS "{here}"'
                for there, here, kind in statement.columns
            )
            name = f"returned_{next(self._relations.numbers)}"
            DuckDB.run(self, f"CREATE TEMP TABLE {name} AS SELECT {cast} FROM {scan}")
        except Error as error:
            why = str(error).splitlines()[0][:300]
            raise InputError(
                f"returned rows cannot be read: {why}", f"results/{statement.key}"
            ) from error
        return f"SELECT * FROM {name}"

    def _ended(self, scan: str, statement: Statement) -> str:
        """SQL: returned rows without the one that ends them; InputError where it is not there."""
        names = [n for n, _ in self.columns(f"SELECT * FROM {scan}")]
        mark = next((n for n in names if n.lower() == END), "")
        marks = f"SELECT count(*) FROM {scan} WHERE \"{mark}\" = 'end'" if mark else "SELECT 0"
        if DuckDB.one(self, marks) != 1:
            raise InputError(
                "returned rows lack the one that ends them, or have it twice",
                f"results/{statement.key}",
                "Return all that the statement left; empty the folder before you run it again.",
            )
        return f'(SELECT * EXCLUDE ("{mark}") FROM {scan} WHERE "{mark}" IS NULL)'

    def _statement(
        self, target: str, query: str, kinds: Sequence[tuple[str, str]]
    ) -> Statement | None:
        """Return a query as it runs there; None while it reads what waits for an answer.

        Raises Error for what has no translation.
        """
        dialect = self._questions.dialect
        parts: dict[str, str] = {}
        lists: dict[str, Path] = {}
        try:
            body = self._written(query, parts, lists)
            there = _named(body, [n for n, _ in kinds])
            if self._rests_on_waiting(lists):
                return None
            bodies = "\n".join((*parts.values(), dialect.text(body)))
            for name in lists:
                parts[name], lists[name] = self._list(name, bodies)
            texts = [
                f"{dialect.relation(_NAMED + n)} AS (\n{t}\n)"
                for n, t in _lists_first(parts, lists)
            ]
            cast = ",\n  ".join(
                dialect.leaves(n, kind) for n, (_, kind) in zip(there, kinds, strict=True)
            )
            sql = "WITH " + ",\n".join(texts)
            cast += f",\n  {dialect.ends()}" if dialect.forms else ""
            sql += f"\nSELECT\n  {cast}\nFROM (\n{dialect.text(body)}\n) AS answer"
            sql = dialect.ended(sql, there)
        except NotPortable as error:
            raise Error(f"no translation for {dialect.title}: {error}") from error
        if dialect.forms and (size := len(sql.encode())) > dialect.forms.most_characters:
            raise InputError(
                f"the statement for {target} has {size} characters, and {dialect.title} takes"
                f" {dialect.forms.most_characters}",
                hint="Its lists are too long for it: use --dialect databricks or --engine spark.",
            )
        key = hashlib.sha256(f"{dialect.title}\n{sql}".encode()).hexdigest()
        columns = tuple((n, *kind) for n, kind in zip(there, kinds, strict=True))
        files = tuple(p for p in lists.values() if p.name)
        return Statement(key, target, sql, columns, files)

    def _written(self, query: str, parts: dict[str, str], lists: dict[str, Path]) -> exp.Expr:
        """Return a query as a tree of the dialect; put the relations that it reads among `parts`,
        in the order of their need, and those of ours among `lists`.
        """
        dialect, held = self._questions.dialect, self._relations.held
        tree = expanded(parsed(query), self._relations.macros)
        if any(tree.find_all(exp.ReadParquet)):
            raise NotPortable("a file of this machine")
        self._questions.patterns.update(patterns_in(tree))
        names = [*dict.fromkeys(t.name for t in base_tables(tree))]
        for table in base_tables(tree):
            here = exp.to_table(_NAMED + table.name)
            table.replace(exp.alias_(here, table.alias or table.name, table=True))
        tree = dialect.rewrite(tree, lambda t: self._kinds(t.removeprefix(_NAMED)))
        for name in names:
            if name == ROWS:
                parts.setdefault(name, dialect.events(self._questions.events, COLUMNS))
            elif name in held and name not in parts:
                parts[name] = dialect.text(self._written(held[name], parts, lists))
            elif name not in held:
                lists.setdefault(name, Path())
        return tree

    def _list(self, name: str, bodies: str) -> tuple[str, Path]:
        """Return a list of ours as the warehouse reads it, and its file, named by its content; no
        file where its rows stand in the statement, with the columns that `bodies` name.
        """
        kinds, dialect = self._kinds(name), self._questions.dialect
        if dialect.forms:
            kinds = [k for k in kinds if dialect.name(k[0]) in bodies] or kinds[:1]
            texts = ", ".join(_told(n, kind) for n, kind in kinds)
            rows = DuckDB.rows(self, f"SELECT {texts} FROM {name} ORDER BY ALL")
            return dialect.rows(kinds, rows), Path()
        columns = ", ".join(f'CAST("{n}" AS {for_arrow(kind)}) AS "{n}"' for n, kind in kinds)
        digest = DuckDB.one(
            self,
            "SELECT sha256(coalesce(string_agg(line, chr(10) ORDER BY line), '')) FROM (SELECT"
            f" CAST(to_json(t) AS VARCHAR) AS line FROM (SELECT {columns} FROM {name}) AS t)",
        )
        path = self._lists / f"{name}-{digest[:16]}.parquet"
        if not path.exists():
            sql = f"SELECT {columns} FROM {name} ORDER BY ALL"
            DuckDB.write_parquet(self, sql, path, "zstd")
        return self._questions.dialect.read_list(f"{LISTS}/{path.name}", kinds), path

    def _rests_on_waiting(self, names: Any) -> bool:
        relations, seen, left = self._relations, set[str](), [*names]
        while left:
            name = left.pop()
            if name in self._waiting:
                return True
            if name not in seen and (
                query := relations.held.get(name) or relations.views.get(name)
            ):
                left += tables_in(query)
            seen.add(name)
        return False


def _told(name: str, kind: str) -> str:
    """SQL: a value of ours as text."""
    value = f'to_json("{name}")' if kind.endswith("[]") else f'"{name}"'
    return f"CAST({value} AS VARCHAR)"


def _read(name: str, kind: str, is_text: bool) -> str:
    """SQL: a returned value before it gets its type."""
    return f'CAST("{name}" AS JSON)' if is_text and kind.endswith("[]") else f'"{name}"'


_NAMED = "reporter_"
"""Stands before the name of each relation of a statement."""
_WORDS = re.compile(r"[a-z_]\w*")
_WHOLE = ("BIGINT", "HUGEINT", "INTEGER", "UBIGINT")
_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*")


def _lay(given: Path, folder: Path) -> None:
    """Copy what was returned, and nothing else, to where the engine may read it."""
    if given.is_dir():
        paths = (p for p in given.rglob("*") if p.is_file())
        files = [(p.relative_to(given).as_posix(), p.read_bytes) for p in paths]
        _write(folder, files)
        return
    with zipfile.ZipFile(given) as archive:
        _write(folder, [(n, partial(archive.read, n)) for n in archive.namelist()])


def _write(folder: Path, files: Iterable[tuple[str, Callable[[], bytes]]]) -> None:
    for name, read in files:
        if found := _RETURNED.search(name):
            place = folder / found[1]
            place.mkdir(parents=True, exist_ok=True)
            (place / found[2]).write_bytes(read())


def _named(tree: exp.Expr, names: Sequence[str]) -> list[str]:
    """Give columns that have no plain name one, and return all names."""
    plain = [n if _PLAIN_NAME.fullmatch(n) else f"value_{i}" for i, n in enumerate(names)]
    if plain == [*names]:
        return plain
    first = tree
    while not isinstance(first, exp.Select):
        first = first.this
    if len(first.expressions) != len(names):
        raise NotPortable("columns without names beside those of a star")
    written = [
        value if name == given else exp.alias_(value, name)
        for value, name, given in zip(first.expressions, plain, names, strict=True)
    ]
    first.set("expressions", written)
    return plain


def _lists_first(parts: dict[str, str], lists: dict[str, Path]) -> list[tuple[str, str]]:
    """Return the parts of a statement, each after those that it reads."""
    return [(n, parts[n]) for n in sorted(lists)] + [
        (n, text) for n, text in parts.items() if n not in lists
    ]

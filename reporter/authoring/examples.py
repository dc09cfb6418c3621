"""Run the examples of a check through the real engine and the honesty rules. In: a check. Out: what
failed.

Used by `reporter lint` and by the tests; the rows of an example come from a source called
`example`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from reporter.authoring.partitioned import NUMBER, Partitioned, rows_of
from reporter.content.sql_policy import compile_check
from reporter.engine.base import Engine, Error
from reporter.engine.duckdb import DuckDB
from reporter.errors import ReporterError
from reporter.evaluate import runner
from reporter.evaluate.coded_results import RESULTS_TABLE
from reporter.evaluate.evidence import NO_SOURCES, SEEN, Sight, sight_of
from reporter.evaluate.unassessed import Runner
from reporter.ingest.quarantine import CLASS
from reporter.model.assessment import Check, RunInfo
from reporter.model.reasons import Reasons
from reporter.schema.columns import FLAG, INT, LARGEST, TEXT, TIME
from reporter.schema.compiled import Compiled
from reporter.schema.tables import LOADED, TABLES, WHO, Table, columns_of, read_for
from reporter.transform.dag import all_for, teach
from reporter.transform.derive import EVERYTHING, derive, derive_expected, needed_for, teach_run
from reporter.transform.log_coverage import Expected, expect

RUN = RunInfo(
    organisation="Example",
    unit="",
    period_from=datetime(2026, 7, 1),
    period_to=datetime(2026, 10, 1),
    as_of=datetime(2026, 10, 1),
    profile="baseline",
)
Results = dict[str, tuple[str, str, str]]
"""Subject -> (status, reason, code)."""
ResultsOfAll = Callable[[Check], list[Results]]
"""Returns the results of each example of a check."""
_EVENT_DEFAULTS = {"log_source": "gateway", "outcome": "success"}
_APPROVED = "baseline/runs"
"""The file of approved runs."""


def results_of(check: Check, example: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return subject -> (status, reason) for one example."""
    results = _alone(check, example)
    return {subject: (status, reason) for subject, (status, reason, _) in results.items()}


@contextmanager
def _opened() -> Iterator[DuckDB]:
    with tempfile.TemporaryDirectory() as folder, DuckDB(Path(folder)) as engine:
        engine.run("SET threads = 1")  # a handful of rows: a second thread only costs
        yield engine


def _alone(check: Check, example: dict[str, Any]) -> Results:
    """Return the results of an example in an engine of its own."""
    check = _with_params(check, example)
    compiled = compile_check(check)
    tables = compiled.tables | read_for(check.about)
    with _opened() as database, database.world("example") as engine:
        # To commit each of a hundred statements takes a tenth of the time.
        with engine.transaction():
            facts = load_example(engine, example, tables)
            derive(engine, RUN, [expected(example)], wanted=tables, facts=facts)
            runner.prepare(engine, [check.about])
        return _results(engine, check, compiled)


def _with_params(check: Check, example: dict[str, Any]) -> Check:
    return replace(check, params={**check.params, **example.get("params", {})})


def _unchanged(_: Engine, __: Check, compiled: Compiled) -> Compiled:
    return compiled


def _results(
    engine: DuckDB,
    check: Check,
    compiled: Compiled,
    run: Runner = _unchanged,
    sight: Sight | None = None,
) -> Results:
    runner.assess(engine, [(check, compiled)], run=run, sight=sight)
    rows = engine.rows(
        "SELECT subject, status, reason_code, reason_values FROM results ORDER BY subject"
    )
    reasons = Reasons([check])
    return {
        subject: (status, reasons.of(check.id, code, values), code)
        for subject, status, code, values in rows
    }


def failures(check: Check, results_of_all: ResultsOfAll | None = None) -> list[str]:
    """Say which examples do not give what they expect, and which statuses and reason codes no
    example shows. `results_of_all` is that of `assembled` where several checks are asked.
    """
    if problems := [w for example in check.examples for w in _unknown_names(example)]:
        return problems
    if results_of_all is None:
        with assembled([check]) as own:
            return failures(check, own)
    results = results_of_all(check)
    problems = [
        f"example {example.get('name', 'unnamed')!r}: expected {example['expect']}, got {found}"
        for example, found in zip(check.examples, map(_statuses, results), strict=True)
        if found != example["expect"]
    ]
    given = [result for some in results for result in some.values()]
    statuses, codes = {status for status, *_ in given}, {code for *_, code in given}
    missing_statuses = [v for v in ("pass", "fail", "unknown") if v not in statuses]
    if missing_statuses:
        problems.append(f"no example shows {', '.join(missing_statuses)}")
    all_codes = (code for sentences in check.reasons.values() for code in sentences)
    problems += [f"no example gives the code {code}" for code in all_codes if code not in codes]
    return problems


@contextmanager
def assembled(checks: Sequence[Check], threads: int = 1) -> Iterator[ResultsOfAll]:
    """Yield what returns the results of each example of a check. The tables of all examples are
    made together: over a handful of rows a statement costs nothing but its plan. As many threads
    may call it at a time.

    Raises ContentError where a check does not compile.
    """
    windows: SimpleQueue[_Window | None] = SimpleQueue()

    def results_of_all(check: Check) -> list[Results]:
        window = windows.get()
        try:
            if window is None:
                return [_alone(check, example) for example in check.examples]
            return _seen_through(window, check)
        finally:
            windows.put(window)

    with _opened() as engine, ExitStack() as stack:
        for window in _windows(engine, stack, checks, threads):
            windows.put(window)
        yield results_of_all


@dataclass(frozen=True, slots=True)
class _Window:
    """Connections to the tables of many examples, for one thread."""

    one: DuckDB
    """Sees the rows of one example, under the names that tables have in a run."""
    all: Partitioned
    answers: str
    """A table of its own for what a check says of each."""
    numbers: Mapping[tuple[str, int], int]
    """Check and place among its examples -> number of the example."""
    sights: Mapping[int, Sight]
    """What each example shows."""


def _windows(
    engine: DuckDB, stack: ExitStack, checks: Sequence[Check], threads: int
) -> Iterator[_Window | None]:
    """Make the tables of the examples that can stand together, and yield a window a thread; None
    where there are none.
    """
    examples = {
        (check.id, nth): example
        for check in checks
        for nth, example in enumerate(check.examples)
        if _is_plain(example)
    }
    wanted = frozenset[str]().union(*(compile_check(c).tables | read_for(c.about) for c in checks))
    tables = None
    with suppress(Error, ReporterError):  # alone, the one at fault says what is wrong
        if examples:
            tables = _lay_out(engine, [*examples.values()], wanted, {c.about for c in checks})
    numbers = {place: number for number, place in enumerate(examples)}
    sights = _sights(tables, numbers.values()) if tables else {}
    for n in range(threads):
        if tables is None:
            yield None
            continue
        world = stack.enter_context(engine.world(f"window_{n}"))
        teach(world, all_for(tables.views))
        teach_run(world, RUN)
        tables.show(world)
        world.run(RESULTS_TABLE)
        yield _Window(world, tables.twin(), f"answers_{n}", numbers, sights)


def _lay_out(
    engine: DuckDB, examples: Sequence[dict[str, Any]], wanted: Set[str], abouts: Set[str]
) -> Partitioned:
    """Make the tables of all examples, each with the rows of all."""
    with engine.transaction():
        tables = Partitioned(engine, range(len(examples)))
        facts = _load_all(tables, examples, wanted)
        derive_expected(tables, RUN, wanted=wanted, facts=facts)
        runner.prepare(tables, abouts)
        tables.run("DROP TABLE results")  # each window has one of its own
    return tables


def _sights(tables: Partitioned, numbers: Iterable[int]) -> dict[int, Sight]:
    """Return what each example shows, but for those of which tables have to be made."""
    rows: dict[int, list[tuple[str, str, str, str]]] = {number: [] for number in numbers}
    for number, *fact in tables.numbered_rows(SEEN):
        rows[number].append((fact[0], fact[1], fact[2], fact[3]))
    sights = {number: sight_of(facts, NO_SOURCES) for number, facts in rows.items()}
    return {number: sight for number, sight in sights.items() if not sight.has_several}


def _seen_through(window: _Window, check: Check) -> list[Results]:
    """Return the results of the examples of a check. What does not stand together, cannot be run or
    does not give what it expects is run alone: what is said of it is what it says by itself.
    """
    compiled = compile_check(check)
    numbers = [window.numbers.get((check.id, nth)) for nth, _ in enumerate(check.examples)]
    alike = [
        number
        for number, example in zip(numbers, check.examples, strict=True)
        if number is not None and not example.get("params")
    ]
    try:
        if alike:
            window.all.answer(window.answers, compiled.sql, alike)
    except Error:
        alike = []  # asked one by one, the one at fault says what is wrong
    found = []
    for number, example in zip(numbers, check.examples, strict=True):
        run = partial(_answered, window.answers, number) if number in alike else _unchanged
        results = None if number is None else _seen(window, check, example, number, run)
        if results is None or _statuses(results) != example["expect"]:
            results = _alone(check, example)
        found.append(results)
    return found


def _seen(
    window: _Window, check: Check, example: dict[str, Any], number: int, run: Runner
) -> Results | None:
    """Return the results of one example; None where it cannot be run."""
    check = _with_params(check, example)
    with suppress(Error, ReporterError):
        window.one.run(f"SET VARIABLE {NUMBER} = {number}")
        window.one.run("DELETE FROM results")
        return _results(window.one, check, compile_check(check), run, window.sights.get(number))
    return None


def _answered(answers: str, number: int, _: Engine, __: Check, compiled: Compiled) -> Compiled:
    """Return a check that reads what it said of an example; with other values it is asked anew."""
    return compiled if compiled.written else replace(compiled, sql=rows_of(answers, number))


def _statuses(results: Results) -> dict[str, str]:
    return {subject: status for subject, (status, *_) in results.items()}


def _unknown_names(example: dict[str, Any]) -> Iterator[str]:
    """Name the tables and columns of an example that no list has."""
    name = example.get("name", "unnamed")
    for table, rows in example.get("given", {}).items():
        spec = TABLES.get("events" if table == "baseline" else table)
        if spec is None or spec not in LOADED:
            yield f"example {name!r}: there is no list {table!r}"
            continue
        known_names = {n for n, _ in columns_of(spec)} | {"times"}
        for column in sorted({n for row in rows for n in row} - known_names):
            close = get_close_matches(column, sorted(known_names), 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            yield f"example {name!r}: {table} has no column {column!r}{hint}"


def expected(example: dict[str, Any]) -> Expected:
    """Return what an example expects of its `log`: a delivery a day, or `every: hour`. With `dead:
    true` it fails to deliver.
    """
    log, every = example.get("log", "gateway"), example.get("every", "day")
    return Expected(log, every, 100 if example.get("dead") else 0)


def load_example(
    engine: DuckDB, example: dict[str, Any], tables: Set[str] = EVERYTHING
) -> tuple[Table, ...]:
    """Put an example's rows where those of sources go, and note which columns they carry.

    Return the tables created: those with rows, and those that `tables` depend on.
    """
    facts = _facts(tables, [example])
    for table in facts:
        engine.run(f"CREATE TABLE in_{table.name} ({_columns(table)})")
        _insert(engine, table, _rows(table, example))
    engine.run(_CARRIED)
    engine.insert("carried", [c for table in facts for c in _carried(table, example)])
    complete_events(engine, facts)
    return facts


def _load_all(
    tables: Partitioned, examples: Sequence[dict[str, Any]], wanted: Set[str]
) -> tuple[Table, ...]:
    """Do the same for many examples, and note what each expects of its log; their values are
    plain.
    """
    facts = _facts(wanted, examples)
    for table in facts:
        names = [n for n, _ in columns_of(table)]
        # No row of these tables has a number of its own, by which some checks tell rows apart.
        has_row_id = table.name != "events" and "row_id" in {c.name for c in table.columns}
        tables.run(
            f"CREATE TABLE in_{table.name} ({_columns(table)}{', rowid BIGINT' * has_row_id})"
        )
        tables.insert_numbered(
            f"in_{table.name}",
            [
                (
                    number,
                    *(_plain(row.get(n)) for n in names),
                    "example",
                    file,
                    record,
                    *[record - 1] * has_row_id,
                )
                for number, example in enumerate(examples)
                for record, (row, file) in enumerate(_rows(table, example), 1)
            ],
        )
    tables.run(_CARRIED)
    tables.insert_numbered(
        "carried",
        [(n, *c) for n, e in enumerate(examples) for table in facts for c in _carried(table, e)],
    )
    complete_events(tables, facts)
    expect(tables, [])
    logs = ((number, expected(example)) for number, example in enumerate(examples))
    tables.insert_numbered(
        "expected_feeds", [(number, log.log_source, log.every, log.share) for number, log in logs]
    )
    return facts


_CARRIED = "CREATE TABLE carried (source VARCHAR, tbl VARCHAR, col VARCHAR)"


def _facts(wanted: Set[str], examples: Iterable[dict[str, Any]]) -> tuple[Table, ...]:
    """Return the loaded tables that some tables depend on, and those that examples fill."""
    names = {name for example in examples for name in example.get("given", {})}
    names |= needed_for(wanted | names)
    return tuple(t for t in LOADED if t.name in names)


def _columns(table: Table) -> str:
    """SQL: the columns of the rows of sources."""
    spec = ", ".join(f"{name} {type}" for name, type in columns_of(table))
    return f"{spec}, source VARCHAR, file VARCHAR, record BIGINT"


def _rows(table: Table, example: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Return the rows of an example in a table, each with the file that it comes from."""
    given = example.get("given", {})
    runs = given.get("baseline", []) if table.name == "events" else []
    defaults = _EVENT_DEFAULTS if table.name == "events" else {}
    rows = [(row, table.name) for some in given.get(table.name, []) for row in _repeated(some)]
    return [({**defaults, **row}, file) for row, file in (*rows, *((r, _APPROVED) for r in runs))]


def _carried(table: Table, example: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return the columns of a table that an example carries, as rows of `carried`."""
    rows = [row for row, file in _rows(table, example) if file != _APPROVED]
    return [("example", table.name, name) for name in sorted({n for row in rows for n in row})]


def _is_plain(example: dict[str, Any]) -> bool:
    """Tell whether an example has few rows, of values that their columns take: it can do no harm
    where it stands among others.
    """
    n_rows = 0
    for table, rows in example.get("given", {}).items():
        takes = _TAKES.get("events" if table == "baseline" else table, {})
        for row in rows:
            n_rows += row.get("times", 1) if _is_whole(row.get("times", 1)) else _MOST_ROWS
            cells = ((n, v) for n, v in row.items() if n != "times" and v not in (None, ""))
            if not all(name in takes and takes[name](value) for name, value in cells):
                return False
    return n_rows < _MOST_ROWS


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, date) or bool(datetime.fromisoformat(str(value)))
    except ValueError:
        return False


_MOST_ROWS = 1000
_OF_TYPE: Mapping[str, Callable[[object], bool]] = {
    TEXT: lambda value: isinstance(value, str),
    FLAG: lambda value: isinstance(value, bool),
    INT: _is_whole,
    TIME: _is_time,
}
_TAKES = {t.name: {name: _OF_TYPE[type] for name, type in columns_of(t)} for t in LOADED}
"""Table -> column -> whether it takes a value."""


def _plain(value: Any) -> Any:
    return None if value == "" else str(value) if isinstance(value, date) else value


def complete_events(engine: Engine, facts: Sequence[Table] = LOADED) -> None:
    """Complete in_ tables made by hand as intake does: `who`, `part`, `place`, the file of a
    source, and `hidden`. An event called a heartbeat that shows an action loses its class.
    """
    records = " UNION ALL ".join(f"SELECT file, record FROM in_{t.name}" for t in facts)
    engine.run(f"CREATE OR REPLACE TABLE hidden AS {records}")
    engine.run(
        "CREATE OR REPLACE TABLE parts AS SELECT row_number() OVER (ORDER BY source, file) AS part,"
        " source, file FROM (SELECT DISTINCT source, file FROM in_events) AS s"
    )
    engine.run(
        f"CREATE OR REPLACE TABLE in_events AS SELECT e.* REPLACE ({CLASS}), {WHO} AS who, p.part,"
        " row_number() OVER (ORDER BY p.part, e.record) AS place FROM in_events AS e JOIN parts AS"
        " p USING (source, file)"
    )


def _insert(engine: DuckDB, table: Table, rows: list[tuple[dict[str, Any], str]]) -> None:
    """Insert rows, numbered from 1; a column that a row omits or leaves empty is NULL."""
    if not rows:
        return
    names = [n for n, _ in columns_of(table) if any(n in row for row, _ in rows)]
    marks = ", ".join("?" for _ in names)
    values = [
        value
        for number, (row, file) in enumerate(rows, 1)
        for value in (*(None if row.get(n) == "" else row.get(n) for n in names), file, number)
    ]
    engine.run(
        f"INSERT INTO in_{table.name} ({', '.join(names)}, source, file, record) VALUES "
        + ", ".join([f"({marks}, 'example', ?, ?)"] * len(rows)),
        values,
    )


def _repeated(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Repeat a row: `times: 20` stands for twenty identical rows."""
    return [{n: v for n, v in row.items() if n != "times"}] * row.get("times", 1)

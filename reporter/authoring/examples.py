"""Run the examples of a check through the real engine and the honesty rules. In: a check. Out: what
failed.

Used by `reporter lint` and by the tests; the rows of an example come from a source called
`example`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from reporter.content.sql_policy import Compiled, compile_check, inverted
from reporter.engine.base import Engine
from reporter.engine.duckdb import DuckDB
from reporter.evaluate import runner
from reporter.ingest.quarantine import CLASS
from reporter.model.assessment import Check, RunInfo
from reporter.model.reasons import Reasons
from reporter.schema.tables import LOADED, TABLES, WHO, Table, columns_of, read_for
from reporter.transform.derive import EVERYTHING, derive, needed_for
from reporter.transform.log_coverage import Expected

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
_EVENT_DEFAULTS = {"log_source": "gateway", "outcome": "success"}


def results_of(check: Check, example: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return subject -> (status, reason) for one example."""
    with _opened() as engine:
        results = _both(engine, check, example)[0]
    return {subject: (status, reason) for subject, (status, reason, _) in results.items()}


@contextmanager
def _opened() -> Iterator[DuckDB]:
    with tempfile.TemporaryDirectory() as folder, DuckDB(Path(folder)) as engine:
        engine.run("SET threads = 1")  # a handful of rows: a second thread only costs
        yield engine


def _both(database: DuckDB, check: Check, example: dict[str, Any]) -> tuple[Results, Results]:
    """Return the results of an example, and those of the check with its condition inverted."""
    check = replace(check, params={**check.params, **example.get("params", {})})
    compiled = compile_check(check)
    with database.world("example") as engine:
        tables = compiled.tables | read_for(check.about)
        with (
            engine.transaction()
        ):  # to commit each of a hundred statements takes a tenth of the time
            facts = load_example(engine, example, tables)
            derive(engine, RUN, [expected(example)], wanted=tables, facts=facts)
            runner.prepare(engine, [check.about])
        results = _results(engine, check, compiled)
        has_decision = any(status in ("pass", "fail") for status, *_ in results.values())
        # What is not decided says nothing of the condition: to turn it costs a tenth of an example.
        return results, _results(engine, check, inverted(compiled)) if has_decision else results


def _results(engine: DuckDB, check: Check, compiled: Compiled) -> Results:
    engine.run("DELETE FROM results")
    runner.assess(engine, [(check, compiled)])
    rows = engine.rows(
        "SELECT subject, status, reason_code, reason_values FROM results ORDER BY subject"
    )
    reasons = Reasons([check])
    return {
        subject: (status, reasons.of(check.id, code, values), code)
        for subject, status, code, values in rows
    }


def failures(check: Check) -> list[str]:
    """Say which examples do not give what they expect, which statuses and reason codes no example
    shows, and which cannot fail.
    """
    problems = [w for example in check.examples for w in _unknown_names(example)]
    if problems:
        return problems
    statuses: set[str] = set()
    codes: set[str] = set()
    with _opened() as engine:
        pairs = [_both(engine, check, example) for example in check.examples]
    for example, (actual, inverse) in zip(check.examples, pairs, strict=True):
        name = example.get("name", "unnamed")
        by_subject, by_subject_inverted = (
            {subject: status for subject, (status, *_) in results.items()}
            for results in (actual, inverse)
        )
        if by_subject != example["expect"]:
            problems.append(f"example {name!r}: expected {example['expect']}, got {by_subject}")
        elif by_subject == by_subject_inverted and {"pass", "fail"} & set(by_subject.values()):
            problems.append(
                f"example {name!r} holds whatever the condition says: the check cannot fail"
            )
        statuses |= set(by_subject.values())
        codes |= {code for *_, code in actual.values()}
    missing_statuses = [v for v in ("pass", "fail", "unknown") if v not in statuses]
    if missing_statuses:
        problems.append(f"no example shows {', '.join(missing_statuses)}")
    all_codes = (code for sentences in check.reasons.values() for code in sentences)
    problems += [f"no example gives the code {code}" for code in all_codes if code not in codes]
    return problems


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
    """Return what an example expects of its log: a delivery a day, or `every: hour`. With `dead:
    true` it fails to deliver.
    """
    return Expected("gateway", example.get("every", "day"), 100 if example.get("dead") else 0)


def load_example(
    engine: DuckDB, example: dict[str, Any], tables: Set[str] = EVERYTHING
) -> tuple[Table, ...]:
    """Put an example's rows where those of sources go, and note which columns they carry.

    Return the tables created: those with rows, and those that `tables` depend on.
    """
    rows_by_table = example.get("given", {})
    needed_tables = needed_for(tables) | set(rows_by_table)
    facts = tuple(t for t in LOADED if t.name in needed_tables)
    carried: list[tuple[str, str, str]] = []
    for table in facts:
        columns = columns_of(table)
        spec = ", ".join(f"{n} {t}" for n, t in columns)
        engine.run(
            f"CREATE TABLE in_{table.name} ({spec}, source VARCHAR, file VARCHAR, record BIGINT)"
        )
        rows = [r for row in rows_by_table.get(table.name, []) for r in _repeated(row)]
        runs = rows_by_table.get("baseline", []) if table.name == "events" else []
        defaults = _EVENT_DEFAULTS if table.name == "events" else {}
        files = [table.name] * len(rows) + ["baseline/runs"] * len(runs)
        full_rows = [{**defaults, **row} for row in (*rows, *runs)]
        _insert(engine, table.name, [n for n, _ in columns], full_rows, files)
        carried_names = {n for row in rows for n in row} | (set(defaults) if rows else set())
        carried += [("example", table.name, name) for name in sorted(carried_names)]
    engine.run("CREATE TABLE carried (source VARCHAR, tbl VARCHAR, col VARCHAR)")
    engine.insert("carried", carried)
    complete_events(engine, facts)
    return facts


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


def _insert(
    engine: DuckDB, table: str, columns: list[str], rows: list[dict[str, Any]], files: list[str]
) -> None:
    """Insert rows, numbered from 1; a column that a row omits or leaves empty is NULL."""
    if not rows:
        return
    names = [n for n in columns if any(n in row for row in rows)]
    marks = ", ".join("?" for _ in names)
    values = [
        value
        for number, (row, file) in enumerate(zip(rows, files, strict=True), 1)
        for value in (*(None if row.get(n) == "" else row.get(n) for n in names), file, number)
    ]
    engine.run(
        f"INSERT INTO in_{table} ({', '.join(names)}, source, file, record) VALUES "
        + ", ".join([f"({marks}, 'example', ?, ?)"] * len(rows)),
        values,
    )


def _repeated(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Repeat a row: `times: 20` stands for twenty identical rows."""
    return [{n: v for n, v in row.items() if n != "times"}] * row.get("times", 1)

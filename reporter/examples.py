"""Run the examples of a check through the real engine and the honesty rules. In: a check. Out: what went wrong.

Used by `reporter lint` and by the tests; an example's rows come from a source called `example`.
"""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from reporter import assess
from reporter.db import Engine
from reporter.ingest.feeds import Expected
from reporter.ingest.tables import LOADED, columns_of, complete_events, derive
from reporter.model import Check, RunInfo
from reporter.sql import Judged, inverted, judge

RUN = RunInfo(
    organisation="Example", unit="", period_from=datetime(2026, 7, 1), period_to=datetime(2026, 10, 1),
    as_of=datetime(2026, 10, 1), profile="baseline",
)  # fmt: skip
Verdicts = dict[str, tuple[str, str]]
_EVENT_DEFAULTS = {"log_source": "gateway", "outcome": "success"}


def verdicts(check: Check, example: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return subject -> (status, reason) for one example."""
    return _both(check, example)[0]


def _both(check: Check, example: dict[str, Any]) -> tuple[Verdicts, Verdicts]:
    """The verdicts of an example, and those of the check with its condition inverted."""
    params = {**check.params, **example.get("params", {})}
    judged = judge(check.sql, params, check.place)
    with tempfile.TemporaryDirectory() as folder, Engine(Path(folder)) as engine:
        engine.run("SET threads = 1")  # a handful of rows: a second thread only costs
        load_example(engine, example)
        dead = 0 if not example.get("dead") else 100
        derive(engine, RUN, [Expected("gateway", "day", dead)], wanted=judged.tables)
        assess.prepare(engine, [check.about])
        return _verdicts(engine, check, judged), _verdicts(engine, check, inverted(judged))


def _verdicts(engine: Engine, check: Check, judged: Judged) -> Verdicts:
    engine.run("DELETE FROM cells")
    assess.assess(engine, [(check, judged)])
    rows = engine.rows("SELECT subject, status, reason FROM cells ORDER BY subject")
    return {subject: (status, reason) for subject, status, reason in rows}


def failures(check: Check) -> list[str]:
    """Say which examples do not give what they expect, which kinds of verdict no example shows, and which cannot fail."""
    wrong = []
    seen: set[str] = set()
    for example in check.examples:
        name = example.get("name", "unnamed")
        plain, turned = _both(check, example)
        got, not_got = ({s: v for s, (v, _) in x.items()} for x in (plain, turned))
        if got != example["expect"]:
            wrong.append(f"example {name!r}: expected {example['expect']}, got {got}")
        elif got == not_got and {"pass", "fail"} & set(got.values()):
            wrong.append(
                f"example {name!r} holds whatever the condition says: the check cannot fail"
            )
        seen |= set(got.values())
    missing = [v for v in ("pass", "fail", "unknown") if v not in seen]
    if missing:
        wrong.append(f"no example shows {', '.join(missing)}")
    return wrong


def load_example(engine: Engine, example: dict[str, Any]) -> None:
    """Put an example's rows where those of sources go, and note which columns they carry."""
    given = example.get("given", {})
    engine.run("CREATE TABLE carried (source VARCHAR, tbl VARCHAR, col VARCHAR)")
    for table in LOADED:
        columns = columns_of(table)
        spec = ", ".join(f"{n} {t}" for n, t in columns)
        engine.run(
            f"CREATE TABLE in_{table.name} ({spec}, source VARCHAR, file VARCHAR, record BIGINT)"
        )
        rows = [r for row in given.get(table.name, []) for r in _repeated(row)]
        runs = given.get("baseline", []) if table.name == "events" else []
        for number, row in enumerate([*rows, *runs], 1):
            file = table.name if number <= len(rows) else "baseline/runs"
            full = {**(_EVENT_DEFAULTS if table.name == "events" else {}), **row}
            names = [n for n, _ in columns if n in full]
            values = [None if full[n] == "" else full[n] for n in names]
            marks = ", ".join("?" for _ in names)
            engine.run(
                f"INSERT INTO in_{table.name} ({', '.join(names)}, source, file, record) "
                f"VALUES ({marks}, 'example', '{file}', {number})",
                values,
            )
        for name in sorted({n for row in rows for n in row}):
            engine.run("INSERT INTO carried VALUES ('example', ?, ?)", [table.name, name])
        if table.name == "events" and rows:
            for name in _EVENT_DEFAULTS:
                engine.run("INSERT INTO carried VALUES ('example', 'events', ?)", [name])
    complete_events(engine)


def _repeated(row: dict[str, Any]) -> list[dict[str, Any]]:
    """`times: 20` stands for twenty rows alike."""
    return [{n: v for n, v in row.items() if n != "times"}] * row.get("times", 1)

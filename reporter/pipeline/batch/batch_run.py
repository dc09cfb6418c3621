"""All units of a plan, some at a time. In: a plan, the journal, who listens. Out: a row for each
unit, in the order of the plan.

Whatever becomes of one of them, the others go on.
"""

from __future__ import annotations

import selectors
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from reporter.pipeline.batch.batch_plan import Plan, Unit
from reporter.pipeline.batch.journal import Journal, Row
from reporter.pipeline.batch.unit_order import NEW, SAME, Order
from reporter.pipeline.batch.worker import Ending, Worker

ASSESSED, FAILED, ABSENT = "assessed", "failed", "not there"
"""Status of a unit. Not there: its folder is missing, and the plan says that it may be."""
_TICK = 0.2
"""Seconds after which processes are looked at that say nothing."""


class Listener(Protocol):
    """Hears what happens."""

    def __call__(self, event: str, unit: str, text: str, /, **fields: object) -> None: ...


@dataclass(frozen=True, slots=True)
class Done:
    """What a batch did."""

    rows: tuple[Row, ...]
    unchanged: frozenset[str]
    """Names of the units whose runs were there."""
    troubles: tuple[str, ...] = ()
    """What of its own the batch could not write."""
    group: Row | None = None
    """All units together; None where nothing was rolled up."""
    unplanned: tuple[str, ...] = ()
    """Units of earlier batches that the plan has no more, and whose runs are still there."""


@dataclass(frozen=True, slots=True)
class Work:
    """How the units are run."""

    plan: Plan
    journal: Journal
    listen: Listener
    now: Callable[[], str]
    packs: bool = True
    fresh: bool = False
    remote: bool = False


def run_units(work: Work) -> Done:
    """Assess every unit that has to be; return a row for each."""
    rows: dict[str, Row] = {}
    unchanged: set[str] = set()
    troubles: list[str] = []
    waiting = deque(_ready(work, rows, troubles))
    with _running(work) as (start, wait):
        active: dict[str, Worker] = {}
        while waiting or active:
            while waiting and len(active) < work.plan.jobs:
                unit = waiting.popleft()
                active[unit.name] = start(unit)
                _state(work, active, len(rows))
            wait(active)
            for name, worker in [*active.items()]:
                for kind, text in worker.events():
                    work.listen("step" if kind == "say" else "warning", name, text)
                worker.end_if_late()
                if worker.is_over():
                    del active[name]
                    for kind, text in worker.events():
                        work.listen("step" if kind == "say" else "warning", name, text)
                    ending = worker.ending()
                    rows[name] = _settle(work, worker.order, ending, troubles)
                    unchanged |= {name} if ending.state == SAME else set()
                    _state(work, active, len(rows))
    work.listen("state", "", "")
    order = {unit.name: n for n, unit in enumerate(work.plan.units)}
    ordered = tuple(sorted(rows.values(), key=lambda row: order[row["unit"]]))
    return Done(ordered, frozenset(unchanged), tuple(dict.fromkeys(troubles)))


def _ready(work: Work, rows: dict[str, Row], troubles: list[str]) -> Iterator[Unit]:
    """Yield the units that there is something to assess of; the others have a row at once."""
    for unit in work.plan.units:
        if not unit.problem:
            yield unit
            continue
        status = FAILED if unit.is_expected else ABSENT
        reason = f"{unit.workspace}: {unit.problem}"
        rows[unit.name] = _noted(work, _failed(work, unit.name, status, reason), troubles)
        work.listen(status, unit.name, reason)


@contextmanager
def _running(
    work: Work,
) -> Iterator[tuple[Callable[[Unit], Worker], Callable[[dict[str, Worker]], None]]]:
    """Provide what starts a process and what waits for some; none is left at the end."""
    begun: list[Worker] = []

    def start(unit: Unit) -> Worker:
        order = _order(work, unit)
        begun[:] = [w for w in begun if not w.is_over()]
        worker = Worker(order, work.plan.seconds)
        begun.append(worker)
        work.listen("begun", unit.name, f"begins: {unit.workspace}")
        return worker

    def wait(active: dict[str, Worker]) -> None:
        with selectors.DefaultSelector() as selector:
            for worker in active.values():
                selector.register(worker.streams[0], selectors.EVENT_READ)
            selector.select(_TICK)

    try:
        yield start, wait
    finally:
        for worker in begun:
            if not worker.is_over():
                worker.stop()


def _order(work: Work, unit: Unit) -> Order:
    plan = work.plan
    row = work.journal.rows.get(unit.name)
    return Order(
        unit.name,
        str(unit.workspace.absolute()),
        str(plan.out.absolute()),
        str((plan.cache or plan.out).absolute()),
        plan.engine_memory,
        plan.writers,
        plan.language,
        tuple(str(path.absolute()) for path in unit.earlier),
        unit.follows,
        tuple(str(path.absolute()) for path in plan.extra),
        plan.keep_tables,
        plan.pseudonymise,
        str(plan.key_file.absolute()) if plan.key_file else "",
        tuple(map(str, plan.gates)),
        work.packs,
        work.fresh,
        work.remote,
        row if row and row.get("status") == ASSESSED else None,
    )


def _settle(work: Work, order: Order, ending: Ending, troubles: list[str]) -> Row:
    """Note what became of a unit, and say it."""
    name = order.name
    if not ending.state or ending.row is None:
        row = _failed(work, name, FAILED, ending.reason) | {"seconds": ending.seconds}
        work.listen(FAILED, name, ending.reason, detail=ending.detail, seconds=ending.seconds)
        return _noted(work, row, troubles)
    row = {"unit": name, "status": ASSESSED, "reason": "", **ending.row}
    known = work.journal.rows.get(name)
    if ending.state == NEW:
        row |= {"seconds": ending.seconds, "assessed_at": work.now()}
    else:
        row.setdefault("assessed_at", (known or {}).get("assessed_at"))
    text = "unchanged: the run that is there is used" if ending.state == SAME else "assessed"
    work.listen(ending.state, name, text, run=row["run"], seconds=ending.seconds)
    for gate in row["gates"]:
        if gate["missed"]:
            work.listen("gate", name, f"{gate['gate']} is missed: {gate['reason']}")
    if row["checks_not_run"]:
        text = f"checks that could not be run: {row['checks_not_run']}; their results are unknown"
        work.listen("warning", name, text)
    return row if row == known else _noted(work, row, troubles)


def _failed(work: Work, name: str, status: str, reason: str) -> Row:
    return {
        "unit": name,
        "status": status,
        "reason": reason,
        "gates": [],
        "assessed_at": work.now(),
    }


def _noted(work: Work, row: Row, troubles: list[str]) -> Row:
    """Write a row to the journal; where the disk does not take it, say so at the end and go on."""
    try:
        work.journal.add(row)
    except OSError as error:
        troubles.append(f"{work.journal.path}: {error.strerror}")
    return row


def _state(work: Work, active: dict[str, Worker], n: int) -> None:
    total = len(work.plan.units)
    names: Sequence[Any] = sorted(active)
    work.listen("state", "", f"{n} of {total} units done; running: {', '.join(names) or 'none'}")

"""`reporter batch`, and the process that it starts for each unit. In: the words of the command
line, a plan. Out: runs, a table, an exit code. Everything heavy is imported when it is asked.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reporter.ingest.remote.remote_option import ENVIRON, remote_option
from reporter.pipeline.gates.gate_options import asked, gate_options
from reporter.system.log import LOG, LOGS, OPEN_LOG
from reporter.system.options import in_bytes, tidy_hook
from reporter.system.terminal import (
    Unprinted,
    print_clean,
    print_json,
    print_over,
    trouble,
)

if TYPE_CHECKING:
    from reporter.pipeline.batch.batch_plan import Plan
    from reporter.system.log import Log

_FILE = click.Path(path_type=Path, dir_okay=False)
_GRAVE = {"failed": "error", "gate": "error", "warning": "warning"}
_NOT_SHOWN = ("step", "begun")
"""Events that are for machines only."""


@click.command()
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("--jobs", type=click.IntRange(1, 256), help="Units at a time  [default: the plan's]")
@gate_options
@click.option("--no-packs", is_flag=True, help="Leave installed packs of content out.")
@click.option("--fresh", is_flag=True, help="Assess every unit anew, though nothing has changed.")
@remote_option
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON, and no table.")
@click.option("--log", type=click.Choice(LOGS), help="Form of the lines on stderr.")
@click.pass_context
def batch(
    ctx: click.Context,
    plan: Path,
    jobs: int | None,
    no_packs: bool,
    fresh: bool,
    remote: Mapping[str, str] | None,
    quiet: bool,
    as_json: bool,
    log: str | None,
) -> None:
    """Assess all units of a PLAN.yml, each in a process of its own, and write a table of them.

    A unit that fails is named and does not stop the others. Units that have not changed since the
    last batch keep their run. A batch that was killed goes on where it was.

    Exit code 0: all units are assessed and meet the gates. 1: a gate is missed. 3: a unit could not
    be assessed; the others are."""
    from reporter.pipeline.batch import batch_outputs
    from reporter.pipeline.batch.batch_plan import read_plan

    lines = ctx.meta[LOG] = ctx.meta[OPEN_LOG](log, quiet)
    todo = read_plan(plan, jobs)
    todo = replace(todo, gates=tuple(dict.fromkeys((*todo.gates, *asked(ctx).gates))))
    hook = tidy_hook(ctx)
    done = _run(todo, lines, hook, packs=not no_packs, fresh=fresh, remote=remote is not None)
    for text in done.troubles:
        lines.error(f"{text}; the runs are written")
    batch_outputs.write_gate_files(done, asked(ctx).junit, asked(ctx).summary)
    try:
        if as_json:
            print_json(batch_outputs.as_data(done), indent=1)
        elif not quiet:
            for line in batch_outputs.table(done):
                print_clean(line)
    except Unprinted as error:  # whoever reads the exit code must not take it for a gate
        lines.error(f"the runs are written; their table could not be printed: {error.strerror}")
    sys.exit(batch_outputs.exit_code(done))


def _run(plan: Plan, lines: Log, hook: Callable[[Path], None], **how: bool) -> Any:
    """Run the units of a plan while no other batch can."""
    from reporter.errors import InputError
    from reporter.pipeline.batch.batch_run import Work, run_units
    from reporter.pipeline.batch.journal import Journal
    from reporter.pipeline.batch.unit_order import LOCK
    from reporter.report.export import clear_abandoned
    from reporter.system.claims import hold

    plan.out.mkdir(parents=True, exist_ok=True)
    lock = plan.out / LOCK
    try:
        held = hold(lock)
    except InputError as error:
        message = error.message.replace("another run is", "another batch is")
        hint = "Wait until it has ended, or name another `out`."
        raise InputError(message, str(plan.out), hint) from error
    hook(lock)
    try:
        # The units look for such folders in that of this process only.
        for name in clear_abandoned(plan.out):
            text = f"removed {name}, which a run that was killed had left"
            lines.info(text, unit="", event="removed")
        with Journal(plan.out) as journal:
            _warn_of_others(plan, journal.rows, lines)
            now = lambda: lines.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: E731
            done = run_units(Work(plan, journal, _listener(lines), now, **how))
            done = replace(done, unplanned=_unplanned(plan, journal.rows))
        try:
            done = _rolled_up(done, plan)
        except OSError as error:
            done = replace(done, troubles=(*done.troubles, trouble(error)))
        return _retained(plan, done, lines) if plan.retention else done
    finally:
        _release(lock, held)


def _retained(plan: Plan, done: Any, lines: Log) -> Any:
    """Remove the runs that the plan does not keep, and say which."""
    from reporter.errors import ReporterError
    from reporter.pipeline.retention.retain import retain

    assert plan.retention
    try:
        fates = retain(plan.out, plan.retention, False, in_batch=True)
    except (ReporterError, OSError) as error:
        text = trouble(error) if isinstance(error, OSError) else str(error)
        return replace(done, troubles=(*done.troubles, f"nothing was removed: {text}"))
    for fate in (f for f in fates if not f.reason):
        name = fate.run.folder.relative_to(plan.out.absolute()).as_posix()
        lines.info(f"{name}: removed, as the plan asks", event="removed", run=name)
    return done


def _rolled_up(done: Any, plan: Plan) -> Any:
    """Write the rows, and roll the units up, unless that was done of the same ones."""
    from reporter.pipeline.batch.batch_outputs import JSON, write_rows
    from reporter.pipeline.batch.batch_rollup import known_group, roll_up_units

    group = known_group(plan.out / JSON, done, plan)
    write_rows(done, plan.out, group)
    if not group:
        group, problem = roll_up_units(done, plan)
        if problem:
            done = replace(done, troubles=(*done.troubles, problem))
        write_rows(done, plan.out, group)
    return replace(done, group=group)


def _release(lock: Path, held: int) -> None:
    from reporter.system.claims import release

    release(lock, held)


def _unplanned(plan: Plan, rows: dict[str, Any]) -> tuple[str, ...]:
    """Return the units that the plan has no more and whose runs are there: it is named that they
    are not in the numbers, until their runs go too.
    """
    from reporter.runs.store import MANIFEST

    others = _others(plan, rows)
    return tuple(name for name in others if any((plan.out / name).glob(f"*/{MANIFEST}")))


def _others(plan: Plan, rows: dict[str, Any]) -> list[str]:
    """Return the units of earlier batches that the plan has no more."""
    return sorted(rows.keys() - {unit.name for unit in plan.units})


def _warn_of_others(plan: Plan, rows: dict[str, Any], lines: Log) -> None:
    """Name the units of earlier batches that the plan has no more: nothing is lost silently."""
    if others := _others(plan, rows):
        text = f"units of earlier batches that are not in this plan: {', '.join(others)}"
        lines.warning(text, event="left out", units=others)


def _listener(lines: Log) -> Callable[..., None]:
    """Return what prints events: on a terminal one line that is written over shows what runs."""
    is_shown_live = lines.terminal and lines.form == "text" and not lines.quiet

    def listen(event: str, unit: str, text: str, /, **fields: object) -> None:
        if event == "state":
            if is_shown_live:
                print_over(text)
            return
        if lines.form == "text" and event in _NOT_SHOWN:
            return
        if is_shown_live:
            print_over("")
        given = {name: value for name, value in fields.items() if value not in ("", None)}
        say = getattr(lines, _GRAVE.get(event, "info"))
        say(text if lines.form == "json" else f"{unit}: {text}", unit=unit, event=event, **given)

    return listen


@click.command(hidden=True)
@click.pass_context
def batch_unit(ctx: click.Context) -> None:
    """Assess the unit that stdin names, for `reporter batch`."""
    import msgspec

    from reporter.pipeline.batch.unit_order import Order
    from reporter.system.memory import set_up

    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    threading.Thread(target=_end_with_input, daemon=True).start()
    set_up(in_bytes(order.memory))

    def tell(**event: Any) -> None:
        answers.write(msgspec.json.encode(event).decode() + "\n")
        answers.flush()

    tell(end=_outcome(order, tell, ctx))


def _outcome(order: Any, tell: Callable[..., None], ctx: click.Context) -> dict[str, Any]:
    from reporter.errors import ReporterError
    from reporter.pipeline.batch.unit_work import Hooks, work
    from reporter.privacy.secrets import redact

    say, warn = (lambda text: tell(say=redact(text))), (lambda text: tell(warn=redact(text)))
    hooks = Hooks(say, warn, tidy_hook(ctx), ctx.meta[ENVIRON])
    try:
        state, row = work(order, hooks)
    except ReporterError as error:
        return {"failed": redact(str(error))}
    except OSError as error:
        return {"failed": redact(trouble(error))}
    return {"state": state, "row": row}


def _end_with_input() -> None:
    """End when the batch does, however that ends: it holds the other end of the input. Python's own
    reader would be locked at the end of this process, which then aborts.
    """
    while os.read(0, 1 << 12):
        pass
    os.kill(os.getppid(), signal.SIGTERM)  # who watches this process removes what it began

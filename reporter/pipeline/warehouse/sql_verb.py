"""`reporter sql`. In: the words of the command line. Out: files of statements to run where the
events are, or one check as such a statement. Everything heavy is imported when it is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reporter.system.terminal import print_clean

if TYPE_CHECKING:
    from reporter.pipeline.assess import Options

_FOLDER = click.Path(path_type=Path)
NAMES = ("databricks", "snowflake", "bigquery", "trino")


def events_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of `assess` that say who reads events, and where they lie if not in files."""
    results = click.option(
        "--results",
        type=_FOLDER,
        metavar="FILE",
        help="Folder or zip of `reporter sql`, with the rows that its statements left.",
    )
    events = click.option(
        "--events",
        default="",
        metavar="TABLE",
        help="Table of events in place of logs: a name, or parquet:PATH, delta:PATH, iceberg:PATH.",
    )
    executors = click.option(
        "--executors",
        is_flag=True,
        help="Have executors of Spark convert files; they see WORKSPACE and --cache.",
    )
    return executors(events(results(command)))


def with_results(ctx: click.Context, options: Options, workspace: Path) -> Options:
    """Return options that take events from `--results`; as they are without it.

    Raises InputError where what it names was made for something else.
    """
    if not ctx.params["results"]:
        return options
    from reporter.pipeline.warehouse.returned import with_returned

    return with_returned(options, ctx.params["results"], workspace)


@click.command()
@click.argument("workspace", type=_FOLDER, required=False)
@click.option("--dialect", type=click.Choice(NAMES), required=True, help="SQL of the warehouse.")
@click.option("--events", metavar="TABLE", help="Table of events, as it is named there.")
@click.option("--out", type=_FOLDER, help="Folder of the steps; the same for each step.")
@click.option(
    "--stage", metavar="PLACE", help="Where the warehouse reaches that folder  [default: --out]"
)
@click.option("--check", "checks", multiple=True, metavar="ID", help="Print this check only.")
@click.option("--cache", type=_FOLDER, help="Where converted files are kept.")
@click.option("--extra", type=_FOLDER, multiple=True, help="Folder of your own content.")
def sql(
    workspace: Path | None,
    dialect: str,
    events: str | None,
    out: Path | None,
    stage: str | None,
    checks: tuple[str, ...],
    cache: Path | None,
    extra: tuple[Path, ...],
) -> None:
    """Write what to run where the events of WORKSPACE are, step by step: each step needs the
    results of the one before. When none is left, `assess --results` takes the folder.

    With --check it prints the SELECT of a check, and needs no WORKSPACE."""
    if checks:
        from reporter.pipeline.warehouse.printed_checks import printed

        for text in printed(checks, dialect, extra):
            print_clean(text)
        return
    if not (workspace and events and out):
        raise click.UsageError("WORKSPACE, --events and --out belong together; or give --check")
    from reporter.pipeline.assess import Options
    from reporter.pipeline.warehouse.steps import write_step

    place = (stage or str(out.absolute())).rstrip("/")
    step = write_step(workspace, out, dialect, events, place, Options(cache=cache, extra=extra))
    if step.files:
        print_clean(f"step {step.number}: run the {len(step.files)} statements of it, in order")
        print_clean(f"  {out / f'step-{step.number}'}")
        print_clean("then give the same command again")
    else:
        print_clean(
            f"nothing is left to run: reporter assess {workspace} --results {out} --out RUN"
        )

"""`reporter compare`, `restate`, `close`, `history`. In: the words of the command line. Out:
text, or a run folder. Everything heavy is imported when it is asked for.
"""

from __future__ import annotations

from pathlib import Path

import click

from reporter.system.memory import set_up
from reporter.system.options import in_bytes, memory_given, names_given, tidy_hook
from reporter.system.terminal import print_clean, print_json

_FOLDER = click.Path(path_type=Path)
MEMORY = "1GB"


@click.command()
@click.argument("before", type=_FOLDER)
@click.argument("now", type=_FOLDER)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with all of it.")
def compare(before: Path, now: Path, as_json: bool) -> None:
    """Compare two stored runs of one organisation: what became of each finding, and why each score
    moved. Nothing is assessed again.
    """
    from reporter.i18n.translate import speaking
    from reporter.pipeline.quarter.compare_runs import (
        as_data,
        as_text,
        compare_stored,
        finding_changes,
    )
    from reporter.runs.store import read_data

    compared = compare_stored(before, now)
    with speaking("en"):
        changes = finding_changes(read_data(before), compared)
        if as_json:
            print_json(as_data(compared, changes), indent=1)
            return
        for line in as_text(compared, changes):
            print_clean(line)


@click.command()
@click.argument("run", type=_FOLDER)
@click.option("--out", type=_FOLDER, required=True, help="Run folder to write; must not exist.")
@click.option(
    "--earlier",
    type=_FOLDER,
    multiple=True,
    metavar="RUN",
    help="The earlier run that RUN was compared with: its level depends on it.",
)
@click.option(
    "--settings",
    type=_FOLDER,
    metavar="FILE",
    help="A reporter.yml of today: its params, due_days and efforts count.",
)
@click.option("--formats", default="html,pdf,json,csv", show_default=True, help="What to write.")
@click.option("--extra", type=_FOLDER, multiple=True, help="Folder of your own content.")
@click.option("--no-packs", is_flag=True, help="Leave installed packs of content out.")
@click.option(
    "--memory",
    default=MEMORY,
    show_default=True,
    callback=lambda _ctx, _param, text: memory_given(text),
    help="Memory of the embedded engine, such as 4GB.",
)
@click.option("--language", default="", help="In which the reports are printed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with all of it.")
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
@click.pass_context
def restate(
    ctx: click.Context,
    run: Path,
    out: Path,
    earlier: tuple[Path, ...],
    settings: Path | None,
    formats: str,
    extra: tuple[Path, ...],
    no_packs: bool,
    memory: str,
    language: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Judge what RUN has kept by the rules of today, and print both beside each other. RUN is of
    `assess --keep-tables` and stays as it is.
    """
    set_up(in_bytes(memory))
    from reporter.content.packs import installed
    from reporter.i18n.translate import speaking
    from reporter.pipeline.assess import Options
    from reporter.pipeline.quarter.compare_runs import as_data, as_text, finding_changes
    from reporter.pipeline.quarter.reperform import restate as judge_again
    from reporter.report import WRITERS
    from reporter.runs.store import read_data

    options = Options(
        names_given(formats, tuple(WRITERS), "--formats"),
        extra,
        memory=memory,
        earlier=earlier,
        say=lambda text: None if quiet else print_clean(text, err=True),
        announce=tidy_hook(ctx),
        language=language,
        packs=() if no_packs else installed(),
    )
    restated, _ = judge_again(run, out, options, settings)
    if quiet and not as_json:
        return
    with speaking("en"):
        changes = finding_changes(read_data(run), restated)
        if as_json:
            print_json(as_data(restated, changes), indent=1)
            return
        for line in as_text(restated, changes):
            print_clean(line)
    print_clean(f"\n{out}")


@click.command()
@click.argument("run", type=_FOLDER)
@click.option("--skip", is_flag=True, help="Leave runs of earlier periods open, for ever.")
def close(run: Path, skip: bool) -> None:
    """Freeze RUN in the chain of its folder, closed.jsonl: from then on `history` finds any change
    of it. Quarters of a unit are closed in their order.
    """
    from reporter.pipeline.quarter.close_run import changed_beside, close_run
    from reporter.runs.chain import CHAIN

    closing, is_new = close_run(run, skip)
    state = "closed" if is_new else "was closed before, and is as it was"
    print_clean(f"{run}: {state}, number {closing.n} of {run.resolve().parent / CHAIN}")
    for why in changed_beside(run):
        print_clean(f"a closed run beside it is not as it was closed: {why}", err=True)


@click.command()
@click.argument("folder", type=_FOLDER)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with all of it.")
@click.pass_context
def history(ctx: click.Context, folder: Path, as_json: bool) -> None:
    """List the runs in FOLDER with level, score and findings, and how findings kept their dates.

    Exit code 4 where a closed run, or the chain, is not as it was closed.
    """
    from reporter.i18n.translate import speaking
    from reporter.pipeline.quarter.run_history import as_data, as_text, read_history

    with speaking("en"):
        rows, units = read_history(folder)
        if as_json:
            print_json(as_data(rows, units), indent=1)
        else:
            for line in as_text(rows, units):
                print_clean(line)
    if any(row.closed and row.changes for row in rows):
        ctx.exit(4)

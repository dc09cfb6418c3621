"""`reporter retain`, `reporter purge`. In: the words of the command line. Out: fewer runs, or runs
without people and raw records; what was done. Everything heavy is imported when it is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reporter.system.log import OPEN_LOG
from reporter.system.memory import set_up
from reporter.system.options import in_bytes, memory_given, tidy_hook
from reporter.system.plain_text import aligned
from reporter.system.retention import KEY, Retention, checked, retention
from reporter.system.terminal import print_clean, print_json

if TYPE_CHECKING:
    from reporter.errors import ReporterError
    from reporter.pipeline.retention.purge import Outcome, Wanted

_FOLDER = click.Path(path_type=Path)
_json = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object with all of it."
)
_dry_run = click.option("--dry-run", is_flag=True, help="Only say what would be removed.")


@click.command()
@click.argument("folder", type=_FOLDER)
@click.option("--keep", type=click.IntRange(1), metavar="N", help="Keep the newest N of each unit.")
@click.option(
    "--older-than",
    default="",
    metavar="PERIOD",
    help='Keep what is not older, such as "18 months", counted back from the newest run.',
)
@click.option(
    "--settings",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Take `retention` from this reporter.yml or plan of a batch.",
)
@_dry_run
@_json
@click.pass_context
def retain(
    ctx: click.Context,
    folder: Path,
    keep: int | None,
    older_than: str,
    settings: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove old runs from FOLDER, or from its folders of units, as a batch leaves them.

    A run stays if it is closed, is the earlier run of one that stays, is the newest of its unit or
    was changed. Nothing is removed where a manifest or a chain does not hold."""
    from reporter.content.yaml import fields
    from reporter.errors import ContentError
    from reporter.pipeline.retention import retain as retaining

    if settings:
        given = fields(settings)
        if keep or older_than or KEY not in given.data:
            raise click.UsageError("--settings names a file with `retention`, and goes alone")
        wanted = retention(given.get(KEY, dict), given.place(KEY))
    else:
        try:
            wanted = checked(Retention(keep, older_than))
        except ContentError as error:
            hint = error.hint if older_than else "Give --keep, --older-than or both."
            raise click.UsageError(f"{error.message}. {hint}") from error
    fates = retaining.retain(folder, wanted, dry_run, tidy_hook(ctx))
    if as_json:
        print_json({"dry_run": dry_run, "runs": retaining.as_data(fates, folder)}, indent=1)
        return
    for line in retaining.as_text(fates, folder, dry_run):
        print_clean(line)


@click.command()
@click.argument("run", type=_FOLDER)
@click.option("--people", is_flag=True, help="Replace people by pseudonyms; raw records go too.")
@click.option("--raw", is_flag=True, help="Remove kept tables, texts of quarantine, the cache.")
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    help="RUN is a folder of runs: purge those whose period ends by this day.",
)
@click.option("--workspace", type=_FOLDER, help="Where a run without kept tables has its people.")
@click.option(
    "--names",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="More people, a name or an address a line.",
)
@click.option("--key-file", type=_FOLDER, metavar="FILE", help="Key of the pseudonyms.")
@click.option("--cache", type=_FOLDER, multiple=True, help="A cache that lies elsewhere.")
@click.option("--language", default="", help="In which the reports are printed again.")
@click.option(
    "--memory",
    default="1GB",
    show_default=True,
    callback=lambda _ctx, _param, text: memory_given(text),
    help="Memory of the embedded engine.",
)
@_dry_run
@_json
@click.pass_context
def purge(
    ctx: click.Context,
    run: Path,
    people: bool,
    raw: bool,
    until: datetime | None,
    workspace: Path | None,
    names: Path | None,
    key_file: Path | None,
    cache: tuple[Path, ...],
    language: str,
    memory: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove people and raw records from RUN and leave the proof, purged.json. Results, scores,
    causes and ids stay. A purge that was interrupted goes on.

    Exit code 4 where the run is not as it was left: nothing is removed then."""
    if not (people or raw):
        raise click.UsageError("give --people, --raw or both")
    if until and workspace:
        raise click.UsageError("--workspace is that of one run, and --until names several")
    set_up(in_bytes(memory))
    from reporter.pipeline.retention.purge import Wanted
    from reporter.privacy.keys import read_key

    lines = ctx.meta[OPEN_LOG]("text", as_json)
    wanted = Wanted(
        people=people,
        key=read_key(key_file) if key_file else os.urandom(32).hex(),
        is_key_kept=key_file is not None,
        at=lines.now().astimezone(UTC),
        workspace=workspace,
        names=_names(names),
        caches=cache,
        dry_run=dry_run,
        memory=memory,
        language=language,
        say=lines.info,
        announce=tidy_hook(ctx),
    )
    last = datetime.combine(until, time.max) if until else None
    outcomes, errors = _purge_all(run, last, wanted)
    if as_json:
        data = [asdict(o) | {"run": str(o.run)} for o in outcomes]
        print_json({"dry_run": dry_run, "runs": data, "failed": list(map(str, errors))}, indent=1)
    else:
        for line in _lines(outcomes, dry_run):
            print_clean(line)
    if errors:
        raise errors[0]


def _names(path: Path | None) -> tuple[str, ...]:
    lines = path.read_text(encoding="utf-8-sig").splitlines() if path else ()
    return tuple(filter(None, (line.strip() for line in lines)))


def _purge_all(
    run: Path, until: datetime | None, wanted: Wanted
) -> tuple[list[Outcome], list[ReporterError]]:
    """Purge one run, or those of a folder whose period has ended; one that cannot be purged does
    not stop the others.
    """
    from reporter.errors import ReporterError
    from reporter.pipeline.retention.purge import interrupted, purge
    from reporter.pipeline.retention.stored_runs import stored_runs

    if until is None:
        return [purge(run, wanted)], []
    outcomes: list[Outcome] = []
    errors: list[ReporterError] = []
    # The moment at which a period ends is the first one that is not in it.
    folders = [r.folder for r in stored_runs(run) if r.period_to - timedelta.resolution <= until]
    for folder in sorted({*folders, *interrupted(run)}):
        try:
            outcomes.append(purge(folder, wanted))
        except ReporterError as error:
            errors.append(error)
    for other in errors[1:]:
        wanted.say(str(other))
    return outcomes, errors


def _lines(outcomes: list[Outcome], dry_run: bool) -> Iterator[str]:
    """Yield what was done to each run."""
    for outcome in outcomes:
        record = outcome.record
        if not outcome.is_new:
            yield f"{outcome.run}: was purged on {record['at'][:10]}; nothing is left to remove"
            continue
        done = "would be purged" if dry_run else "purged"
        yield f"{outcome.run}: {done}; results, scores and ids stay"
        yield from (f"  {line}" for line in _of_record(record))
        if outcome.entries:
            yield f"  files of caches removed: {outcome.entries}"
        for name in outcome.bundles:
            yield f"  {name} is a sealed bundle of it and still holds all of this"
    if not outcomes:
        yield "no run whose period ends by that day"


def _of_record(record: Mapping[str, Any]) -> Iterator[str]:
    gone = [f["file"] for f in record["files"] if f["after"] is None]
    tables = [name for name in gone if name.startswith("tables/")]
    rows = [(name, "removed") for name in gone if name not in tables]
    if tables:
        rows.append(("tables", f"removed: {len(tables)} files, {record['rows_removed']} rows"))
    for file in record["files"]:
        for column, n in file.get("values", {}).items():
            rows.append((f"{file['file']}, {column}", f"{n} values replaced"))
    if rows:
        yield from aligned(rows)
    again = sum(f["after"] not in (None, f["before"]) for f in record["files"])
    yield f"files made again from what is left: {again}"

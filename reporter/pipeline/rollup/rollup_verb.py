"""`reporter rollup`. In: the words of the command line. Out: a table, and files where a folder is
named. Everything heavy is imported when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reporter.system.options import names_given
from reporter.system.terminal import print_clean, print_json

if TYPE_CHECKING:
    from reporter.report.rolled_up.rollup_data import Group, Rollup

FORMATS = ("html", "pdf", "json", "csv")
_FOLDER = click.Path(path_type=Path)


def _floor(_ctx: click.Context, _param: click.Parameter, text: str | None) -> Fraction | None:
    if text is None:
        return None
    try:
        share = Fraction(text.strip().removesuffix("%").strip()) / 100
    except (ValueError, ZeroDivisionError):
        share = Fraction(-1)
    if not 0 <= share <= 1:
        raise click.BadParameter(f"{text!r} is no share from 0 to 100 percent")
    return share


@click.command()
@click.argument("paths", nargs=-1, required=True, type=_FOLDER, metavar="PATH...")
@click.option(
    "--by",
    metavar="ATTRIBUTE,...",
    help="Attributes or labels of agents, `unit`, `organisation` or `agent`, outermost first.",
)
@click.option(
    "--coverage-floor",
    "floor",
    metavar="PERCENT",
    callback=_floor,
    help="Coverage below which no score is printed  [default: the policy's]",
)
@click.option("--out", type=_FOLDER, help="Folder for rollup.html and the other files.")
@click.option("--formats", default=",".join(FORMATS), show_default=True, help="What to write.")
@click.option("--language", default="", help="Of the page; by default that of the runs.")
@click.option("--json", "as_json", is_flag=True, help="Print what rollup.json holds, and no table.")
def rollup(
    paths: tuple[Path, ...],
    by: str | None,
    floor: Fraction | None,
    out: Path | None,
    formats: str,
    language: str,
    as_json: bool,
) -> None:
    """Pool the results of stored runs, or of the groups of one run, and score them anew.

    A PATH is a run, a folder of runs, or the `out` of a batch. Of each unit the last run counts.
    Runs that cannot be pooled are named and left out. Nothing is assessed again.
    """
    import json

    from reporter.i18n.translate import languages, speaking
    from reporter.pipeline.rollup.pool import roll_up
    from reporter.report.rolled_up.rollup_files import as_data, write_rollup
    from reporter.runs.store import encoded

    if language and language not in languages():
        known = ", ".join(languages())
        raise click.BadParameter(f"{language!r} is not one of {known}", param_hint="--language")
    _refuse_run(out)
    wanted = names_given(formats, FORMATS, "--formats")
    levels = tuple(dict.fromkeys(filter(None, map(str.strip, (by or "").split(",")))))
    made = roll_up(paths, levels, floor)
    if out:
        write_rollup(made, out, wanted, language)
    with speaking("en"):
        if as_json:
            print_json(json.loads(encoded(as_data(made))), indent=1)
        else:
            for line in table(made):
                print_clean(line)


def _refuse_run(out: Path | None) -> None:
    from reporter.errors import InputError
    from reporter.runs.store import MANIFEST

    if out and (out / MANIFEST).exists():
        raise InputError(
            "this is a run, and a run is never changed", str(out), "Name another --out."
        )


def table(made: Rollup) -> Iterator[str]:
    """Yield a roll-up as a table, with what is left out and how results add up."""
    from reporter.report.rolled_up.rollup_rows import left_reason, rollup_page

    page = rollup_page(made)
    lines = [_HEADS, *map(_cells, page.lines, made.groups)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))
        yield "  ".join((line[0].ljust(widths[0]), *cells)).rstrip()
    yield ""
    for row, group in zip(page.lines, made.groups, strict=True):
        if row.note:
            yield f"{' · '.join(name or row.name for name in group.path) or row.name}: {row.note}"
    for left in made.left_out:
        yield f"left out: {left.unit}{f' ({left.run})' if left.run else ''}: {left_reason(left)}"
    yield from page.lead
    for at, total in enumerate(page.sums):
        if at and not (total.outside or total.again):
            continue  # its groups are all of it
        yield (
            f"{total.name}: {total.inside:,} in its groups + {total.outside:,} on the organisation"
            f" - {total.again:,} counted again = {total.results:,} results"
        )


_HEADS = ("Group", "Level", "Score", "Coverage", "Actors", "Results", "Failing", "Unknown")


def _cells(line: object, group: Group) -> tuple[str, ...]:
    from reporter.report.rolled_up.rollup_rows import RollupLine, level_text

    assert isinstance(line, RollupLine)
    score = line.score.range or line.score.text
    return (
        "  " * line.depth + line.name,
        level_text(group),
        score if line.score.assessed else "too little evidence",
        line.coverage,
        *(f"{n:,}" for n in (line.actors, line.results, line.failed, line.unknown)),
    )

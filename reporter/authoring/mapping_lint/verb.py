"""`reporter lint-mapping`. In: the words of the command line. Out: findings, and exit code 1 where
there is one. Stands here because `cli` is long; everything heavy is imported when it is asked.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from reporter.system.terminal import print_clean, print_json

_FOLDER = click.Path(path_type=Path)


@click.command(name="lint-mapping")
@click.argument("file", type=_FOLDER)
@click.option("--extra", type=_FOLDER, multiple=True, help="Folder with lists of your own.")
@click.option("--no-packs", is_flag=True, help="Leave out installed content packs.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with all findings.")
def lint_mapping(file: Path, extra: tuple[Path, ...], no_packs: bool, as_json: bool) -> None:
    """Find faults in any mapping of OWASP, NIST, ISO or other lists: ids, titles, duplicates, and
    strengths that the official text does not support.

    FILE is CSV, XLSX, YAML, JSON or an OSCAL mapping collection, with two columns of ids, or one
    and a column of your own controls. Exit code 1 where something is found."""
    from reporter.authoring.mapping_lint import lint_mapping as linting
    from reporter.content.packs import installed

    result = linting.lint_mapping(file, extra, () if no_packs else installed())
    if as_json:
        print_json(result.data(), indent=1)
    else:
        for line in result.text():
            print_clean(line)
    sys.exit(1 if result.findings else 0)

"""`reporter check`. In: the words of the command line. Out: what an assessment would make of a
workspace; the error of one that would be refused. Everything heavy is imported when it is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from reporter.ingest.remote.remote_option import remote_option
from reporter.system.terminal import print_clean, print_json

_FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("workspace", type=_FOLDER)
@click.option("--extra", type=_FOLDER, multiple=True, help="Folder of your own content.")
@click.option("--no-packs", is_flag=True, help="Leave out installed content packs.")
@remote_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with all of it.")
def check(
    workspace: Path,
    extra: tuple[Path, ...],
    no_packs: bool,
    remote: Mapping[str, str] | None,
    as_json: bool,
) -> None:
    """Look at WORKSPACE before an assessment: what is not read and why, what is duplicated or
    lost, and what to provide next. It takes seconds, as it samples large logs. With --remote,
    places of object storage are listed, and nothing is fetched.

    Exit code 3 where `assess` would refuse it, with the same message."""
    from reporter.content.packs import installed
    from reporter.pipeline.preview.preview_lines import as_data, as_text
    from reporter.pipeline.preview.workspace_check import check_workspace

    preview = check_workspace(workspace, extra, () if no_packs else installed(), remote)
    if as_json:
        print_json(as_data(preview), indent=1)
    else:
        for line in as_text(preview):
            print_clean(line)
    if preview.refusal:
        raise preview.refusal

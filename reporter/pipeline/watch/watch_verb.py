"""`reporter watch`. In: the words of the command line, logs that grow. Out: lines of changes, until
it is stopped. Everything heavy is imported when it is asked.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reporter.pipeline.live.serve_options import live_page, serve_options
from reporter.system.log import LOG, LOGS, OPEN_LOG
from reporter.system.options import in_bytes, memory_given
from reporter.system.terminal import print_plain

if TYPE_CHECKING:
    from reporter.pipeline.live.live import Live
    from reporter.pipeline.watch.hooks import Hook
    from reporter.pipeline.watch.intake.stdin_file import Copying
    from reporter.system.log import Log
    from reporter.system.memory import CycleSearch

_FOLDER = click.Path(path_type=Path)
SECRET = "REPORTER_WEBHOOK_SECRET"
"""Variable of the environment that has the secret of the webhook."""
LOOKS = 2.0
"""Seconds from one look at all files of the workspace to the next."""
TICK = 0.1
"""Seconds from one look at the files that grow to the next."""
PORTION = 0.25
"""The same while lines come: many small portions are dearer than a few."""
_OFTEN, _LONGEST = 10.0, 60.0
"""Seconds between two searches for cycles of objects, and where lines press all the time."""


@click.command()
@click.argument("workspace", type=_FOLDER)
@click.option(
    "--state",
    type=_FOLDER,
    required=True,
    help="Folder for what is taken in and found; a restart goes on from it.",
)
@click.option("--out", type=_FOLDER, help="File for the lines of changes  [default: stdout]")
@click.option(
    "--as-of",
    type=click.Choice(["workspace", "now"]),
    default="workspace",
    show_default=True,
    help="Judge as of the date in reporter.yml, or as of now.",
)
@click.option("--stdin", metavar="NAME", help="Follow stdin too, as the file logs/NAME.")
@click.option("--once", is_flag=True, help="Take in what is there, judge it, and end.")
@click.option(
    "--hook",
    "commands",
    multiple=True,
    metavar="COMMAND",
    help="Program that gets each change on its stdin; may be repeated.",
)
@click.option(
    "--webhook",
    "addresses",
    multiple=True,
    metavar="URL",
    help="Address that each change is posted to, https or of this machine; may be repeated.",
)
@click.option(
    "--webhook-secret", envvar=SECRET, hidden=True
)  # from the environment: others read words
@serve_options
@click.option("--extra", type=_FOLDER, multiple=True, help="Folder of your own content.")
@click.option(
    "--memory",
    default="1GB",
    show_default=True,
    callback=lambda _, __, v: memory_given(v),
    help="Memory for the engine, such as 2GB.",
)
@click.option("--quiet", is_flag=True, help="Print warnings and errors only.")
@click.option("--log", type=click.Choice(LOGS), help="Form of the lines on stderr.")
@click.pass_context
def watch(
    ctx: click.Context,
    workspace: Path,
    state: Path,
    out: Path | None,
    as_of: str,
    stdin: str | None,
    once: bool,
    commands: tuple[str, ...],
    addresses: tuple[str, ...],
    webhook_secret: str | None,
    extra: tuple[Path, ...],
    memory: str,
    quiet: bool,
    log: str | None,
) -> None:
    """Follow the logs of WORKSPACE while they grow, and tell of each result that changes.

    The results are those that `reporter assess` finds over the same records. Files may grow, be
    renamed, cut or packed; new files may be added at any time. Each change is one line of OCSF.

    The watch goes on until it is stopped, by Ctrl-C or SIGTERM. It may be killed at any moment:
    the next one takes up where it was, and takes no line in twice."""
    from reporter.pipeline.assess import Options
    from reporter.pipeline.watch.hooks import Hooks, command, webhook
    from reporter.pipeline.watch.intake.stdin_file import copy_lines, name_of
    from reporter.pipeline.watch.watching import Setting, Watch
    from reporter.pipeline.workspace_content import program_version
    from reporter.system.memory import CycleSearch, set_up

    lines = ctx.meta[LOG] = ctx.meta[OPEN_LOG](log, quiet)
    set_up(in_bytes(memory))
    hooks: list[tuple[str, Hook]] = [(words, command(words)) for words in commands]
    hooks += [(url.partition("?")[0], webhook(url, webhook_secret or "")) for url in addresses]
    setting = Setting(
        workspace,
        state,
        Options(extra=extra, memory=memory, say=lambda _: None, warn=lines.warning),
        program_version(),
        out,
        print_plain,
        as_of == "now",
        not once and as_of != "now",
        name_of(stdin) if stdin else "",
    )
    with (
        Watch(setting, Hooks(hooks, lines.warning)) as watching,
        live_page(ctx, setting, watching.cursor, lines) as live,
        CycleSearch() as cycles,
    ):
        copying = copy_lines(sys.stdin.buffer, setting.stdin_path) if stdin else None
        _go_on(watching, lines, once, copying, live, cycles)


def _go_on(
    watching: Any,
    lines: Log,
    once: bool,
    copying: Copying | None,
    live: Live | None,
    cycles: CycleSearch,
) -> None:
    """Look, take in, judge and tell until stdin has ended or the process is stopped."""
    looked_at, is_busy, searched_at = 0.0, False, 0.0
    if once and copying:
        copying.ended.wait()
    while True:
        has_ended = copying is not None and copying.has_ended()
        is_last = once or has_ended
        started_at = time.monotonic()
        if is_last or started_at - looked_at >= LOOKS:
            watching.look()
            looked_at = started_at
        told = watching.round(lines.now().astimezone(UTC), is_busy and not is_last, not is_last)
        is_busy = told.taken > 0
        seconds, failed = time.monotonic() - started_at, watching.hooks.failed
        if live:
            faults = told.judged.faults if told.judged else None
            behind = watching.is_behind()
            live.note(watching.cursor, told.outbox, told.taken, faults, seconds, failed, behind)
        passed = time.monotonic() - searched_at
        if told.judged and passed >= (_LONGEST if watching.has_pressing() else _OFTEN):
            cycles.look()
            searched_at = time.monotonic()
        if told.judged:
            changes = len(told.outbox.lines)
            lines.info(
                f"{_n(told.taken, 'line')} taken in, {_n(changes, 'result')} changed, in"
                f" {seconds:.1f} s",
                event="judged",
                lines=told.taken,
                changes=changes,
                open_episodes=len(watching.cursor.episodes),
                failed_hooks=failed,
            )
            for check, why in told.judged.faults.items():
                lines.warning(f"{check} could not be run: {why}", event="not run")
        if is_last and not watching.is_behind():
            return
        if not told.taken:
            time.sleep(TICK)
        elif not told.judged and not watching.has_pressing():
            time.sleep(max(0.0, started_at + PORTION - time.monotonic()))


def _n(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"

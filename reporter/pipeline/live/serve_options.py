"""The options of `watch` that serve a page. In: the words of the command line. Out: a page while
the watch goes on, or none. Everything heavy is imported when it is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reporter.pipeline.live.page_access import PORT, place_of, token_of

if TYPE_CHECKING:
    from reporter.pipeline.live.live import Live
    from reporter.pipeline.watch.cursor import Cursor
    from reporter.pipeline.watch.watching import Setting
    from reporter.system.log import Log

TOKEN = "REPORTER_SERVE_TOKEN"
"""Variable of the environment that has the token of the page."""
EVERY = 30.0


def serve_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--serve` and what goes with it to a command, which has them of `live_page`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options say."""

    serve: str | None
    serve_every: float
    serve_token_file: Path | None
    serve_token: str


@contextmanager
def live_page(
    ctx: click.Context, setting: Setting, cursor: Cursor, lines: Log
) -> Iterator[Live | None]:
    """Serve the page of a watch until the end of the block; None where none is asked for.

    Raises UsageError where the watch ends at once, InputError where nothing can be served there.
    """
    names = ("serve", "serve_every", "serve_token_file", "serve_token")
    asked = Asked(*(ctx.meta[f"{__name__}.{name}"] for name in names))
    if asked.serve is None:
        yield None
        return
    from reporter.pipeline.live.live import Live, Serve

    place = place_of(asked.serve)
    token = token_of(place, asked.serve_token_file, asked.serve_token)
    serve = Serve(place, token, asked.serve_every)
    with Live(serve, setting, cursor, lines.now, lines.warning) as live:
        lines.info(f"the page is at {live.address}", event="serving", address=live.address)
        yield live


def _keep(ctx: click.Context, option: click.Parameter, value: object) -> None:
    if option.name == "serve" and value is not None and ctx.params.get("once"):
        raise click.UsageError("--serve goes on for as long as the watch, and --once ends it")
    ctx.meta[f"{__name__}.{option.name}"] = value


_OPTIONS = (
    click.option(
        "--serve",
        is_flag=False,
        flag_value=str(PORT),
        callback=_keep,
        expose_value=False,
        metavar="[HOST:]PORT",
        help="Serve a page of what changed, with the report of now; of this machine only, unless"
        f" an address is given. Alone it means port {PORT}.",
    ),
    click.option(
        "--serve-every",
        type=click.FloatRange(1, 86_400),
        default=EVERY,
        show_default=True,
        callback=_keep,
        expose_value=False,
        metavar="SECONDS",
        help="Make the report of the page anew at most that often.",
    ),
    click.option(
        "--serve-token-file",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        callback=_keep,
        expose_value=False,
        metavar="FILE",
        help="File with the token that the page asks for; needed for other machines.",
    ),
    click.option(
        "--serve-token",
        default="",
        envvar=TOKEN,
        hidden=True,
        callback=_keep,
        expose_value=False,
    ),  # from the environment: others read words
)

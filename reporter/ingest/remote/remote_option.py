"""The option that lets a verb fetch. In: a verb of the command line. Out: the verb, with --remote,
whose value is the environment that the program has, or None.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

ENVIRON = "reporter.environ"
"""Where the command line leaves the environment: credentials come from there."""


def remote_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --remote to a verb."""
    return click.option(
        "--remote",
        is_flag=True,
        callback=lambda ctx, _, is_asked: ctx.meta[ENVIRON] if is_asked else None,
        help="Fetch the evidence that reporter.yml names in object storage or on the web.",
    )(command)

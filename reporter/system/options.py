"""Command-line values that need more than a type. In: a text. Out: its value."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import click

LEAST_MEMORY = 256 * 10**6
"""Bytes with which every check runs on a small company; the engine then has two threads."""


def memory_given(text: str) -> str:
    """Return an amount of memory such as "4GB" as it is given.

    Raises BadParameter where it is none, or too little.
    """
    if in_bytes(text) < LEAST_MEMORY:
        raise click.BadParameter(
            f"{text!r} is too little for the checks of a small company; give"
            f" {LEAST_MEMORY // 10**6}MB or more"
        )
    return text


def amount_given(text: str) -> str:
    """Return an amount such as "50GB" as it is given; '' for none.

    Raises BadParameter where it is no amount.
    """
    if text:
        in_bytes(text)
    return text


def in_bytes(text: str) -> int:
    """Return the number of bytes of an amount such as "4GB".

    Raises BadParameter where it is no amount.
    """
    match = re.fullmatch(r"([1-9][0-9]{0,8}) ?([KMGT])(i?)B", text)
    if not match:
        raise click.BadParameter(f"{text!r} is no amount such as 500MB or 2GB")
    number, unit, binary = match.groups()
    size: int = int(number) * (1024 if binary else 1000) ** ("KMGT".index(unit) + 1)
    return size


def names_given(
    text: str, known: Sequence[str], option: str, more: Callable[[], Sequence[str]] = tuple
) -> tuple[str, ...]:
    """Return the names of a list with commas, each once.

    Raises BadParameter where one is neither known nor among `more`, which is asked last.
    """
    names = tuple(dict.fromkeys(t.strip() for t in text.split(",") if t.strip()))
    known = known if {*names} <= {*known} else (*known, *more())
    for name in names:
        if name not in known:
            raise click.BadParameter(
                f"{name!r} is not one of {', '.join(known)}", param_hint=option
            )
    return names


def tidy_hook(ctx: click.Context) -> Callable[[Path], None]:
    """Return the callback that receives the folders to remove if the process is killed."""
    return ctx.obj or (lambda _: None)

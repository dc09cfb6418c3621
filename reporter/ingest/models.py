"""Derived tables that are content. In: `models/*.sql` of the pack. Out: tables and views, in the order that follows from what each reads.

A model is one SELECT in a file that bears the name of its table. The comment above it says what a row is; a line `-- view`
after it keeps the SELECT and not its rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reporter.db import Engine
from reporter.errors import ContentError
from reporter.yamls import content_dir

MACROS = "macros"
"""The file of what several models say alike."""
_HEAD = re.compile(r"((?:--[^\n]*\n)+)(.*)", re.DOTALL)
_COMMENT = re.compile(r"--[^\n]*")
_READ = re.compile(r"\b(?:FROM|JOIN)\s+([a-z_]\w*)\b(?!\s*[.(])")
_NAMED = re.compile(r"\b([a-z_]\w*)\s+AS\s+(?:MATERIALIZED\s+)?\(")


@dataclass(frozen=True, slots=True)
class Model:
    """One derived table."""

    name: str
    says: str
    """What a row is."""
    sql: str
    is_view: bool
    reads: frozenset[str]
    """The tables that it is made from."""

    def make(self, engine: Engine) -> None:
        """Make the table, or the view."""
        engine.run(f"CREATE {'VIEW' if self.is_view else 'TABLE'} {self.name} AS {self.sql}")


def read_model(path: Path) -> Model:
    """Read a model.

    Raises ContentError where no comment says what a row is.
    """
    head = _HEAD.fullmatch(path.read_text(encoding="utf-8"))
    if not head:
        raise ContentError("begins with no comment", str(path), "Say what a row is: -- One ...")
    lines = [line.removeprefix("--").strip() for line in head[1].splitlines()]
    is_view = lines[-1] == "view"
    plain = _COMMENT.sub("", head[2])
    reads = set(_READ.findall(plain)) - set(_NAMED.findall(plain))
    says = " ".join(lines[:-1] if is_view else lines)
    return Model(path.stem, says, head[2].strip(), is_view, frozenset(reads))


@cache
def models() -> Mapping[str, Model]:
    """Return the models of the pack by name."""
    folder = content_dir()[0] / "models"
    return {p.stem: read_model(p) for p in sorted(folder.glob("*.sql")) if p.stem != MACROS}


def teach(engine: Engine) -> None:
    """Let the engine know the macros of the models."""
    engine.run(_macros())


@cache
def _macros() -> str:
    return (content_dir()[0] / "models" / f"{MACROS}.sql").read_text(encoding="utf-8")


def rests_on(name: str) -> Set[str]:
    """Return the tables that a model is made from, and those that these are made from, as far as they are models."""
    reads = set(models()[name].reads) if name in models() else set()
    return reads.union(*(rests_on(r) for r in reads & models().keys()))


def make(engine: Engine, wanted: Iterable[str]) -> None:
    """Make models, each after those of them that it reads, side by side where they may.

    Raises ContentError where they wait for each other.
    """
    left = {name: models()[name] for name in wanted}
    while left:
        ready = [m for m in left.values() if not m.reads & left.keys()]
        if not ready:
            raise ContentError(f"read each other: {', '.join(sorted(left))}", "models")
        for model in (m for m in ready if m.is_view):
            model.make(engine)
        if tables := [m.make for m in ready if not m.is_view]:
            engine.side_by_side(*tables)
        left = {name: m for name, m in left.items() if m not in ready}

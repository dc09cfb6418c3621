"""Derived tables and macros that are content. In: `models/*.sql`. Out: what each file says.

A model is one SELECT in a file that bears its name. The comment above it says what a row is, and
what each column holds (`-- first_at time: First of them.`), then what `Model` has beside those."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reporter.errors import ContentError
from reporter.schema.columns import FLAG, INT, TEXT, TIME, Column, column
from reporter.system.folders import content_dir

MACROS = "macros"
"""The file of what several models and checks say alike."""
_HEAD = re.compile(r"\A((?:--[^\n]*\n)*)(.*)\Z", re.DOTALL)
_TYPES = {"text": TEXT, "time": TIME, "int": INT, "flag": FLAG}
_COLUMN = re.compile(rf"([a-z_]\w*) ({'|'.join(_TYPES)}): (.+)")
_AS_IN = "as in "
_COMMENT = re.compile(r"--[^\n]*")
_READ = re.compile(r"\b(?:FROM|JOIN)\s+([a-z_]\w*)\b(?!\s*[.(])")
_NAMED = re.compile(r"\b([a-z_]\w*)\s+AS\s+(?:MATERIALIZED\s+)?\(")
_MACRO = re.compile(r"CREATE MACRO (\w+)\(([^)]*)\) AS\s+(.*?);[ \t]*$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Model:
    """One derived table."""

    name: str
    says: str
    """What a row is."""
    sql: str
    kind: str
    """table; `-- view`: kept as a SELECT, not as rows; `-- part`: a part (WITH) of each check that
    reads it, which needs no columns.
    """
    is_step: bool
    """`-- step`: only other models and the engine read it, no check; it needs no columns."""
    is_scratch: bool
    """`-- scratch`: a step that only models read; it is dropped when all of them are made."""
    columns: tuple[Column, ...]
    of_events: bool
    """`-- of events`: who reads it reads events, so silence proves nothing."""
    origin: str
    """`-- as in TABLE`: its columns of the same name come from there; '' for none."""
    reads: frozenset[str]
    """The tables that it is made from."""
    place: str


def read_model(path: Path) -> Model:
    """Read a model.

    Raises ContentError where no comment says what a row is.
    """
    [(comment, query)] = _HEAD.findall(path.read_text(encoding="utf-8"))
    lines = ["", *(line.removeprefix("--").strip() for line in comment.splitlines())]
    kind = lines.pop() if lines[-1] in ("view", "part") else "table"
    is_scratch = lines[-1] == "scratch"
    is_step = lines[-1] in ("step", "scratch") and bool(lines.pop())
    origin = lines.pop().removeprefix(_AS_IN) if lines[-1].startswith(_AS_IN) else ""
    of_events = lines[-1] == "of events" and bool(lines.pop())
    matches = [match for line in lines if (match := _COLUMN.fullmatch(line))]
    columns = tuple(
        column(name, _TYPES[kind_], doc) for name, kind_, doc in (t.groups() for t in matches)
    )
    says = " ".join(line for line in lines if not _COLUMN.fullmatch(line)).strip()
    if not says:
        raise ContentError("begins with no comment", str(path), "Say what a row is: -- One ...")
    sql = _COMMENT.sub("", query)
    reads = set(_READ.findall(sql)) - set(_NAMED.findall(sql))
    return Model(
        path.stem,
        says,
        query.strip(),
        kind,
        is_step,
        is_scratch,
        columns,
        of_events,
        origin,
        frozenset(reads),
        str(path),
    )


def read_models(folder: Path) -> Mapping[str, Model]:
    """Return the models of a folder of content by name; raise ContentError as `read_model`."""
    files = sorted((folder / "models").glob("*.sql"))
    return {p.stem: read_model(p) for p in files if p.stem != MACROS}


@cache
def shipped() -> Mapping[str, Model]:
    """Return the models that ship, by name."""
    return read_models(content_dir()[0])


@cache
def macros() -> str:
    """Return the SQL that defines the macros."""
    return (content_dir()[0] / "models" / f"{MACROS}.sql").read_text(encoding="utf-8")


@cache
def macro_texts() -> Mapping[str, tuple[tuple[str, ...], str]]:
    """Return name -> (parameters, expression) of each macro. Raise ContentError for two of one
    name: the later would win.
    """
    matches = _MACRO.findall(_COMMENT.sub("", macros()))
    names = [name for name, _, _ in matches]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        place = f"frameworks/models/{MACROS}.sql"
        raise ContentError(f"macro {', '.join(twice)} appears twice", place, "Give each one name.")
    return {name: (tuple(p.strip() for p in of.split(",")), body) for name, of, body in matches}

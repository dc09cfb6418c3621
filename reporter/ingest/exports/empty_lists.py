"""Lists of exceptions that say there are none. In: files that no source takes. Out: an accounting
entry for each, and in `carried` that exceptions are told.

Only in Reporter's own form: that of a vendor proves no more than what was asked for."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from reporter.engine.base import Engine
from reporter.ingest.cache import Batch, Counts
from reporter.ingest.detect import Choice
from reporter.ingest.readers.files import InputFile, whole
from reporter.ingest.readers.inputs import Inputs
from reporter.model.sentences import tell
from reporter.model.source import Source
from reporter.schema.tables import TABLES, columns_of

TABLE = "exceptions"
SOURCE = "reporter-inventory"
LARGEST = 4096
"""Bytes of a file that holds no record."""


def take(
    choices: list[Choice], sources: tuple[Source, ...], inputs: Inputs
) -> tuple[list[Choice], list[tuple[Batch, list[InputFile], list[str]]]]:
    """Take the files that list exceptions and hold none for what they are; return a batch of no
    rows for each.
    """
    own = next((s for s in sources if s.id == SOURCE), None)
    taken, batches = [], []
    for choice in choices:
        if own and choice.source is None and lists_none(choice.file):
            why = tell("an empty list of exceptions: there are none")
            choice = replace(choice, source=own, why=why)
            hashes = [inputs.digest(choice.file).sha256]
            batches.append((Batch(own.id, "", counts=[Counts()]), [choice.file], hashes))
        taken.append(choice)
    return taken, batches


def lists_none(file: InputFile) -> bool:
    """Tell whether a file is a list of exceptions in Reporter's form that holds none: a CSV of
    nothing but headings, or a JSON document of nothing but an empty list.
    """
    if not 0 < file.size <= LARGEST or file.format not in ("csv", "json", "empty"):
        return False
    if file.part or file.gzipped:  # what is packed may be damaged
        return False
    text = whole(file, LARGEST).decode(file.encoding or "utf-8", errors="replace").strip()
    if file.format == "csv":
        names = {n.strip(' "').lower() for n in re.split("[,;\t]", text)}
        known = {n for n, _ in columns_of(TABLES[TABLE])}
        return "\n" not in text and "exception_id" in names and names <= known | {"type"}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and TABLE in value and all(v == [] for v in value.values())


def note(engine: Engine, files: list[list[InputFile]]) -> None:
    """Note in `carried` that the lists that are taken tell all of exceptions, where no record of
    one does: they say nothing of what the records of others lack.
    """
    if files and not engine.one(f"SELECT count(*) FROM carried WHERE tbl = '{TABLE}'"):
        names = [n for n, _ in columns_of(TABLES[TABLE])]
        engine.insert("carried", [(SOURCE, TABLE, n) for n in names])

"""Read an unknown table. In: a file. Out: its headings, and rows as texts."""

from __future__ import annotations

import itertools
import json
import re
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from reporter.authoring.infer_columns import day_or_month, filled, remark
from reporter.content.mapping import BLANK
from reporter.engine.duckdb import DuckDB
from reporter.errors import InputError
from reporter.ingest.detect import lists_in
from reporter.ingest.exports.envelopes import RECEIVED, envelope_of, unwrapped
from reporter.ingest.readers.documents import documents
from reporter.ingest.readers.files import BOOKS, InputFile, sniff
from reporter.ingest.readers.inputs import Inputs
from reporter.ingest.readers.records import Document
from reporter.privacy import synonyms
from reporter.privacy.secrets import redact

SAMPLE = 20000
LARGE, READ = 64 << 20, 3 * SAMPLE
"""Bytes from which only so many documents of a file are read."""
OPENED = 30
"""Number of documents by which an envelope around records is told."""
DEEP = 6
"""Steps below one another in a record of a log."""
COMMON = 90
"""Percent of the rows that have a key of a log; a register's rows all have it."""
FEW = 3
"""Keys by which a log must at least be told from others."""


@dataclass(slots=True)
class Table:
    """The content of a file, or of one sheet."""

    file: InputFile
    rows: list[dict[str, Any]]
    remarks: list[str]
    """Rows that are no records: totals, sources, footnotes."""
    headings: list[str] = field(default_factory=list)
    optional: list[str] = field(default_factory=list)
    """Keys that not every JSON record has."""
    first: str | None = None
    """Whether day or month comes first in dates such as 03/04/2026, as it was given."""

    def order_of(self, dates: list[str]) -> str:
        """Tell whether dates put the day or the month first: by themselves, else as it was given;
        '' where neither tells.

        Raises InputError where they contradict what was given.
        """
        told = day_or_month(dates)
        if told and self.first not in (None, told):
            raise InputError(
                f"its dates put the {told} first, not the {self.first}",
                str(self.file.path),
                "Leave --date away: they tell it themselves.",
            )
        return told or self.first or ""

    def values_below(self, heading: str) -> list[Any]:
        """Return the cells below a heading that are not empty."""
        cells = [r[heading] for r in self.rows if r.get(heading) not in (None, "", [])]
        return [v for v in cells if isinstance(v, list) or not synonyms.says_nothing(v)]


def tables_of(path: Path, sheet: str) -> list[InputFile]:
    """Return a file, or each of its sheets that is a table, or the one of that name.

    Raises InputError where there is none.
    """
    if not path.is_file():
        raise InputError("no such file", str(path))
    with Inputs([sniff(path, path.name)]) as inputs:
        files = [f for f in inputs.files if sheet in ("", f.part)]
    if not files:
        raise InputError(f"no sheet {sheet!r}", str(path), f"It has: {sheets(inputs.files)}.")
    return files


def sheets(files: list[InputFile]) -> str:
    """Return the names of sheets, for a message."""
    return " | ".join(repr(f.part) for f in files)


def read(file: InputFile, levels: int = 1, first: str | None = None) -> Table:
    """Return the records of a table, the first 20,000, as texts without secrets; what stands so
    many levels down is under dotted keys.

    Raises InputError where it has none, or a heading holds a secret.
    """
    with tempfile.TemporaryDirectory() as work, DuckDB(Path(work)) as engine:
        items = (i.value for i in documents(file, engine) if isinstance(i, Document))
        values = list(items if file.size < LARGE else itertools.islice(items, READ))
    if envelope_of(values[:OPENED]):
        values = [
            {k: v for k, v in x.items() if k != RECEIVED}
            for x in unwrapped(values)
            if isinstance(x, dict)
        ]
    if len(values) == 1 and (list_keys := lists_in(values[0])):
        values = max((values[0][k] for k in list_keys), key=len)
    records = [
        _flat(r, levels)
        for v in values
        for r in (v if isinstance(v, list) else [v])
        if isinstance(r, dict)
    ]
    if not records:
        raise InputError(
            "no record below a heading can be read",
            f"{file.path}{'!' + file.part if file.part else ''}",
        )
    if any(redact(k) != k for r in records for k in r):
        raise InputError(
            "a heading holds what looks like a secret, and a mapping repeats its headings",
            str(file.path),
            "Name the column otherwise; a table without headings needs a row of them.",
        )
    keys = [
        k
        for k in dict.fromkeys(k for r in records for k in r)
        if not re.fullmatch(r"column \d+", k)
    ]
    remarks = [t for r in records if len(keys) > 2 and (t := remark(r))]
    rows = [r for r in records if " ".join(filled(r)) not in remarks][:SAMPLE]
    keys = [
        k
        for k in keys
        if not any(x.startswith(f"{k}.") for x in keys if file.format not in ("csv", *BOOKS))
    ]
    headings = [k for k in keys if all(k in r for r in rows)]
    return Table(
        replace(file, name=redact(file.name)),
        rows or records,
        remarks,
        headings,
        [k for k in keys if k not in headings],
        first,
    )


def is_secret(heading: str, values: list[Any]) -> bool:
    """Tell whether a column holds secrets: by its heading, or because a cell of it is one."""
    cells = [
        x if isinstance(x, str) else json.dumps(x)
        for v in values
        for x in (v if isinstance(v, list) else [v])
    ]
    return synonyms.is_secret(heading) or any(
        "[secret]" in c or synonyms.is_secret(heading, c) for c in cells
    )


def _flat(record: dict[str, Any], levels: int, before: str = "") -> dict[str, Any]:
    """Return a record's values as texts and lists, those some levels down under dotted keys."""
    texts: dict[str, Any] = {}
    for key, item in record.items():
        name = f"{before}{key}"
        if isinstance(item, dict):
            texts |= _flat(item, levels - 1, f"{name}.") if levels else {}
        elif isinstance(item, list):
            texts[name] = [
                redact(x) if isinstance(x, str) else x for x in item if x not in ("", None)
            ]
        else:
            text = item if isinstance(item, str) else "" if item is None else json.dumps(item)
            texts[name] = redact(text).strip(BLANK)
    return texts


def common_headings(table: Table) -> tuple[list[str], list[str]]:
    """Return the keys that nearly every row has, and the others."""
    keys = [*table.headings, *table.optional]
    least = len(table.rows) * COMMON
    counts = {k: sum(k in r for r in table.rows) for k in keys}
    common = [k for k in keys if counts[k] * 100 >= least]
    if len(common) < FEW:  # what few keys tell, other logs have too
        common = sorted(sorted(keys, key=lambda k: -counts[k])[:FEW], key=keys.index)
    return common, [k for k in keys if k not in common]

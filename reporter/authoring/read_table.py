"""Read an unknown table. In: a file. Out: its headings, and rows as texts."""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from reporter.authoring.infer_columns import filled, remark
from reporter.content.mapping import BLANK
from reporter.engine.duckdb import DuckDB
from reporter.errors import InputError
from reporter.ingest.detect import lists_in
from reporter.ingest.readers.documents import documents
from reporter.ingest.readers.files import InputFile, sniff
from reporter.ingest.readers.inputs import Inputs
from reporter.ingest.readers.records import Document
from reporter.privacy import synonyms
from reporter.privacy.secrets import redact

SAMPLE = 20000


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


def read(file: InputFile) -> Table:
    """Return the records of a table, the first 20,000, as texts without secrets.

    Raises InputError where it has none, or a heading holds a secret.
    """
    with tempfile.TemporaryDirectory() as work, DuckDB(Path(work)) as engine:
        values = [i.value for i in documents(file, engine) if isinstance(i, Document)]
    if len(values) == 1 and (list_keys := lists_in(values[0])):
        values = max((values[0][k] for k in list_keys), key=len)
    records = [
        _flat(r) for v in values for r in (v if isinstance(v, list) else [v]) if isinstance(r, dict)
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
        if not any(x.startswith(f"{k}.") for x in keys if file.format not in ("csv", "xlsx"))
    ]
    headings = [k for k in keys if all(k in r for r in rows)]
    return Table(
        replace(file, name=redact(file.name)),
        rows or records,
        remarks,
        headings,
        [k for k in keys if k not in headings],
    )


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record's values as texts and lists, those one level down under dotted keys."""
    texts: dict[str, Any] = {}
    for key, value in record.items():
        parts = (
            {f"{key}.{k}": v for k, v in value.items()} if isinstance(value, dict) else {key: value}
        )
        for name, item in parts.items():
            if isinstance(item, list):
                texts[name] = [
                    redact(x) if isinstance(x, str) else x for x in item if x not in ("", None)
                ]
            elif not isinstance(item, dict):
                text = item if isinstance(item, str) else "" if item is None else json.dumps(item)
                texts[name] = redact(text).strip(BLANK)
    return texts

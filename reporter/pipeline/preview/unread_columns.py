"""Columns that nothing reads. In: a file and the source that takes it. Out: the names of fields of
its first records that the source does not mention.

A name that occurs anywhere in the source counts as read, so that nothing is called lost that is
not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from reporter.engine.duckdb import DuckDB
from reporter.ingest.readers.documents import documents
from reporter.ingest.readers.files import BOOKS, InputFile
from reporter.ingest.readers.records import Document, has_place, records_at
from reporter.model.source import Source
from reporter.schema.tables import TABLES

RECORDS = 30
TABLES_OF_ROWS = ("csv", "parquet", *BOOKS)
_NAME = re.compile(r"\w+")


def unread_columns(engine: DuckDB, file: InputFile, source: Source) -> tuple[str, ...]:
    """Return the fields of a table of rows, or of a format of our own, that the source leaves.

    Records of vendors hold dozens of fields that no check asks for: they are not lost.
    """
    if file.format not in TABLES_OF_ROWS and not source.id.startswith("reporter-"):
        return ()
    text = " ".join(
        (source.when, source.skip, source.type_of, *source.columns, *source.texts, *source.lists)
    )
    text += " ".join(map(str, source.tables.values()))
    names = {*_NAME.findall(text)}
    names |= {c.name for t in source.tables if t in TABLES for c in TABLES[t].columns}
    found = dict.fromkeys(key for record in _records(engine, file, source) for key in record)
    return tuple(k for k in found if k and k not in names and _in_sql(k) not in text)


def _in_sql(key: str) -> str:
    """Return a heading as the SQL of a mapping names it."""
    return key.replace("~", "~0").replace("/", "~1").replace("'", "''")


def _records(engine: DuckDB, file: InputFile, source: Source) -> Iterator[dict[str, Any]]:
    first = islice(documents(file, engine), RECORDS)
    for value in (d.value for d in first if isinstance(d, Document)):
        path = next((p for p in source.records if p and has_place(value, p)), "")
        for record in islice(records_at(value, path), RECORDS):
            if isinstance(record, dict):
                yield {k: v for k, v in record.items() if v not in (None, "")}

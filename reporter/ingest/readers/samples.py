"""The first records of files, by which they are recognised. In: files. Out: kinds of records, and
what else their beginnings tell.

Of thousands of files, processes beside this one look at most.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reporter.engine.base import Error
from reporter.engine.duckdb import DuckDB
from reporter.engine.workers import Processes, split
from reporter.errors import ReporterError
from reporter.ingest.exports.envelopes import envelope_of
from reporter.ingest.exports.pages import Pages, pages_of
from reporter.ingest.readers.compact_json import Beginning
from reporter.ingest.readers.documents import documents, likely_document, unfit
from reporter.ingest.readers.files import InputFile, LastRead
from reporter.ingest.readers.inputs import PORTIONS, WORTH_WORKERS
from reporter.ingest.readers.records import NOTHING, Document, Seen, records_at

SAMPLE = 30
SHOWN = 2
"""Items of a list of records in the outline of its document."""
FEW = 2000
"""Up to so many records, each is looked at by itself."""
LARGE, WORTH_PROCESSES = 64 << 10, 16 << 20
"""Bytes of a JSON document that take a while to read, and of all such from which it pays to start
processes.
"""
A_FILE = 8 << 10
"""Bytes of a document that are read in the time that it takes to open a file."""
Record = tuple[int, str, Any, str]
"""(file, path, record without its bulk, the same as text)"""
_A_WORD = re.compile(r"[^\d]{0,40}")
_HEX = re.compile(r"[0-9a-fA-F-]{16,}")
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Kind:
    """Sampled records that no source could tell apart."""

    path: str
    text: str
    """The first of them."""
    files: Counter[int]
    """How many each file has."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """The first records of files."""

    kinds: dict[tuple[str, object], Kind] = field(default_factory=dict)
    looked_at: Counter[tuple[int, str]] = field(default_factory=Counter)
    """How many records there are of each (file, path)."""
    counts: dict[int, int] = field(default_factory=dict)
    """How many documents they are of, by file."""
    seen: dict[int, Seen] = field(default_factory=dict)
    """What was seen of the last of them."""
    envelopes: dict[int, str] = field(default_factory=dict)
    pages: dict[int, Pages] = field(default_factory=dict)

    def add(self, other: Sampled, first: int) -> None:
        """Add the files of another, which come after these; its first has a number."""
        for key, kind in other.kinds.items():
            known = self.kinds.setdefault(key, Kind(kind.path, kind.text, Counter()))
            known.files.update({first + index: n for index, n in kind.files.items()})
        self.looked_at.update({(first + i, path): n for (i, path), n in other.looked_at.items()})
        self.counts.update({first + i: n for i, n in other.counts.items()})
        self.seen.update({first + i: seen for i, seen in other.seen.items()})
        self.envelopes.update({first + i: envelope for i, envelope in other.envelopes.items()})
        self.pages.update({first + i: pages for i, pages in other.pages.items()})


def sample(
    engine: DuckDB,
    files: list[InputFile],
    paths: list[str],
    limit: int,
    by_beginnings: bool,
    workers: Processes | None = None,
) -> Sampled:
    """Return the first records of each file at each path, grouped so that the engine sees one of
    ten thousand alike. A few records each form their own kind.
    """
    if workers and _are_many(files, workers.count):
        sampled = _sample_elsewhere(engine, files, paths, limit, by_beginnings, workers)
        if sampled.looked_at.total() > FEW:
            return sampled
    return _sample(engine, files, paths, limit, by_beginnings, FEW)


def _are_many(files: list[InputFile], count: int) -> bool:
    large = (f.size for f in files if f.format == "json" and not f.part and f.size >= LARGE)
    return count > 1 and (len(files) >= WORTH_WORKERS or sum(large) >= WORTH_PROCESSES)


def _sample_elsewhere(
    engine: DuckDB,
    files: list[InputFile],
    paths: list[str],
    limit: int,
    by_beginnings: bool,
    workers: Processes,
) -> Sampled:
    """Have other processes look at portions of files; what one of them could not, is done here."""
    portions = split(files, PORTIONS * workers.count, _weight)
    memory = engine.memory() // workers.count
    calls = [(p, paths, limit, by_beginnings, engine.work, memory) for p in portions]
    sampled, first = Sampled(), 0
    for portion, part in zip(portions, workers.results(try_sample, calls), strict=True):
        sampled.add(part or _sample(engine, portion, paths, limit, by_beginnings, 0), first)
        first += len(portion)
    return sampled


def _weight(file: InputFile) -> int:
    """Return what it costs to look at a file, in bytes: a document is read to its end."""
    return A_FILE + (file.unpacked_size if file.format == "json" else 0)


def try_sample(
    files: list[InputFile],
    paths: list[str],
    limit: int,
    by_beginnings: bool,
    work: Path,
    memory: int,
) -> Sampled | None:
    """Return the first records of files, with an engine of its own; None where that is left to who
    has all the memory, and reports all errors.
    """
    try:
        with (
            TemporaryDirectory(dir=work) as folder,
            DuckDB(Path(folder), f"{memory}B", is_share=True) as engine,
        ):
            return _sample(engine, files, paths, limit, by_beginnings, 0)
    except (ReporterError, Error, OSError):
        return None


def _sample(
    engine: DuckDB,
    files: list[InputFile],
    paths: list[str],
    limit: int,
    by_beginnings: bool,
    few: int,
) -> Sampled:
    """Return the first records of each file at each path; up to a few, each is its own kind."""
    sampled = Sampled()
    samples: list[Record] = []
    by_key: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        for name in path.split(".")[0].removesuffix("[]").split("|"):
            by_key[name].append(path)
    beginning = Beginning(max(limit, SHOWN), _plain_lists(by_key), frozenset(by_key))
    last_read = LastRead()
    likely_documents = {
        file.name: document
        for file in (files if by_beginnings else ())
        if not file.envelope
        if (document := likely_document(file, beginning))
    }
    for index, file in enumerate(files):
        document = likely_documents.pop(file.name, None)
        items = [document] if document else documents(file, engine, last_read, beginning=beginning)
        first_documents = [d for d in itertools.islice(items, limit) if isinstance(d, Document)]
        sampled.counts[index] = len(first_documents)
        sampled.seen[index] = first_documents[-1].seen if first_documents else NOTHING
        values = [d.value for d in first_documents]
        sampled.pages[index] = pages_of(values, limit)
        sampled.envelopes[index] = "" if file.envelope else envelope_of(values)
        keys = {
            k
            for d in values
            for v in (d if isinstance(d, list) else [d])
            if isinstance(v, dict)
            for k in v
        }
        for path in sorted({"", *(p for k in keys & by_key.keys() for p in by_key[k])} & {*paths}):
            records = itertools.islice((r for d in values for r in records_at(d, path)), limit)
            for record in records:
                outline = _outline(_without_records(record, by_key) if path == "" else record)
                text = json.dumps(outline, ensure_ascii=False, default=str)
                if not unfit(text):
                    samples.append((index, path, outline, text))
    sampled.looked_at.update((index, path) for index, path, *_ in samples)
    sampled.kinds.update(_kinds(samples, few))
    return sampled


def _kinds(samples: list[Record], few: int) -> dict[tuple[str, object], Kind]:
    """Group sampled records by path and kind; up to a few each form their own."""
    kinds: dict[tuple[str, object], Kind] = {}
    for number, (index, path, record, text) in enumerate(samples):
        key = _signature(record) if len(samples) > few else number
        kind = kinds.setdefault((path, key), Kind(path, text, Counter()))
        kind.files[index] += 1
    return kinds


def _signature(value: Any) -> object:
    """What recognition can go by: keys, types, words and small numbers, and the beginnings of other
    texts.
    """
    if isinstance(value, dict):
        return tuple((k, _signature(v)) for k, v in sorted(value.items()))
    if isinstance(value, list):
        return (list, frozenset(map(_signature, value)))
    if not isinstance(value, str):
        large = isinstance(value, int | float) and not abs(value) < 10_000
        return (type(value), None if large else str(value))
    if _A_WORD.fullmatch(value):
        return value
    return (str, "" if _HEX.fullmatch(value) else _DIGIT.sub("0", value[:4]), value[:1] in "[{")


def _plain_lists(by_key: dict[str, list[str]]) -> frozenset[str]:
    """Return the fields of which each item is a record, so that the first tell all."""
    return frozenset(k for k, paths in by_key.items() if not any("." in p for p in paths))


def _without_records(document: Any, by_key: dict[str, list[str]]) -> Any:
    """A document with a few of each list of records, which are looked at by themselves."""
    if not isinstance(document, dict):
        return document
    return {k: v[:SHOWN] if k in by_key and isinstance(v, list) else v for k, v in document.items()}


def _outline(value: Any, depth: int = 0) -> Any:
    """Cut long texts, lists and depths: a record is recognised by its shape, whatever its size."""
    if isinstance(value, dict):
        return {k: _outline(v, depth + 1) for k, v in value.items()} if depth < 9 else {}
    if isinstance(value, list):
        return [_outline(v, depth + 1) for v in value[:SAMPLE]] if depth < 9 else []
    if not isinstance(value, str):
        return value
    return value[: 1000 if depth < 2 or value.startswith("{") else 120]

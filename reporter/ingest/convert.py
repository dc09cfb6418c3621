"""Every recognised file to Parquet, once. In: choices, a cache. Out: a Batch for each source (and each big log).

Small and odd files go record by record through a spool; a big flat JSONL log goes straight through the engine, and
falls back to the spool when a line of it is not clean, so that every defect has its line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from reporter.catalog import Source
from reporter.db import Engine
from reporter.ingest.cache import Batch, Cache, Counts, find, keep, key_of
from reporter.ingest.readers import InputFile
from reporter.ingest.recognise import Choice
from reporter.ingest.spool import spool
from reporter.ingest.stream import stream

STREAM_FROM = 8 << 20
"""Bytes from which a flat JSONL log is read by the engine directly."""

Done = tuple[Batch, list[InputFile], list[str]]
"""A batch, its files and their sha256."""


def convert(engine: Engine, choices: list[Choice], cache: Cache) -> list[Done]:
    """Convert the recognised files, or find them converted; two batches at a time, a copy of one not again."""
    batches = list(_batches(choices))
    with ThreadPoolExecutor(2) as pool:
        hashes = list(pool.map(lambda b: [sha256(f.path) for f in b[2]], batches))
        keys = [key_of(b[0], b[1], h) for b, h in zip(batches, hashes, strict=True)]
        jobs = {
            k: pool.submit(_job, engine, *b, k, cache)
            for k, b in dict(zip(keys, batches, strict=True)).items()
        }
        return [(jobs[k].result(), b[2], h) for k, b, h in zip(keys, batches, hashes, strict=True)]


def _job(
    engine: Engine, source: Source, path: str, files: list[InputFile], key: str, cache: Cache
) -> Batch:
    batch = find(cache, key)
    if batch is None:
        with engine.twin() as own:
            batch = _convert(own, source, path, files, key, cache)
        keep(cache, batch)
    return batch


def _convert(
    engine: Engine, source: Source, path: str, files: list[InputFile], key: str, cache: Cache
) -> Batch:
    if len(files) == 1 and streams(source, files[0]):
        batch = Batch(source.id, key, counts=[Counts()])
        if stream(engine, source, files[0], batch, cache):
            return batch
    batch = Batch(source.id, key, counts=[Counts() for _ in files])
    spool(engine, source, path, files, batch, cache)
    return batch


def _batches(choices: list[Choice]) -> Iterator[tuple[Source, str, list[InputFile]]]:
    """Big flat logs alone, the rest of a source together."""
    groups: dict[tuple[str, str], tuple[Source, list[InputFile]]] = {}
    for choice in choices:
        if choice.source is None:
            continue
        if streams(choice.source, choice.file):
            yield choice.source, choice.path, [choice.file]
        else:
            groups.setdefault((choice.source.id, choice.path), (choice.source, []))[1].append(
                choice.file
            )
    for (_, path), (source, files) in sorted(groups.items(), key=lambda g: g[0]):
        yield source, path, files


def streams(source: Source, file: InputFile) -> bool:
    """Tell whether the engine reads the file directly."""
    return (
        bool(source.columns) and file.format == "jsonl" and file.encoding == "utf-8"
        and file.size * (8 if file.gzipped else 1) >= STREAM_FROM
    )  # fmt: skip


def sha256(path: Path) -> str:
    """Return the hash of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()

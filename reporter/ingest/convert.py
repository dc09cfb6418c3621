"""Every recognised file to Parquet, once. In: choices, a cache. Out: a Batch for each source (and each big log).

Small and odd files go record by record through a spool; a big flat JSONL log goes straight through the engine, and
falls back to the spool when a line of it is not clean, so that every defect has its line.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from reporter.catalog import Source
from reporter.db import Engine
from reporter.ingest.cache import Batch, Cache, Counts, find, keep, key_of
from reporter.ingest.files import InputFile
from reporter.ingest.inputs import Digest, Inputs
from reporter.ingest.recognise import Choice
from reporter.ingest.spool import spool
from reporter.ingest.stream import stream

STREAM_FROM = 8 << 20
"""Bytes from which a flat JSONL log is read by the engine directly."""

Done = tuple[Batch, list[InputFile], list[str]]
"""A batch, its files and their sha256."""


def convert(engine: Engine, choices: list[Choice], inputs: Inputs, cache: Cache) -> list[Done]:
    """Convert the recognised files, or find them converted; two batches at a time, a copy of one not again."""
    batches = list(_batches(choices))
    jobs: dict[str, Future[Batch]] = {}
    done: dict[int, tuple[str, list[str]]] = {}
    with ThreadPoolExecutor(2) as pool:
        for i in sorted(range(len(batches)), key=lambda i: sum(f.size for f in batches[i][2])):
            source, path, files = batches[i]
            digests = [inputs.digest(f) for f in files]
            hashes = [d.sha256 for d in digests]
            key = key_of(source, path, hashes)
            done[i] = key, hashes
            if key not in jobs:
                jobs[key] = pool.submit(_job, engine, source, path, files, digests[0], key, cache)
        return [(jobs[done[i][0]].result(), b[2], done[i][1]) for i, b in enumerate(batches)]


def _job(
    engine: Engine, source: Source, path: str, files: list[InputFile], digest: Digest, key: str, cache: Cache
) -> Batch:  # fmt: skip
    batch = find(cache, key)
    if batch is None:
        with engine.twin() as own:
            batch = _convert(own, source, path, files, digest, key, cache)
        keep(cache, batch)
    return batch


def _convert(
    engine: Engine, source: Source, path: str, files: list[InputFile], digest: Digest, key: str, cache: Cache
) -> Batch:  # fmt: skip
    if len(files) == 1 and streams(source, files[0]):
        batch = Batch(source.id, key, counts=[Counts()])
        if stream(engine, source, files[0], digest, batch, cache):
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

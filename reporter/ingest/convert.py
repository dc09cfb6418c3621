"""Every recognised file to Parquet, once. In: choices, a cache. Out: a Batch for each source (and each big log).

Small and odd files go record by record through a spool; a big flat JSONL log goes straight through the engine, and
falls back to the spool when a line of it is not clean, so that every defect has its line.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from reporter.catalog import Source
from reporter.child import USUAL, Child, Limits, Stopped
from reporter.db import Engine
from reporter.ingest import foreign
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


def convert(
    engine: Engine, choices: list[Choice], inputs: Inputs, cache: Cache, limits: Limits = USUAL
) -> list[Done]:
    """Convert the recognised files, or find them converted; two batches at a time, a copy of one not again."""
    batches = list(_batches(choices))
    jobs: dict[str, Future[Batch]] = {}
    done: dict[int, tuple[str, list[str]]] = {}
    with ThreadPoolExecutor(2) as pool:
        for i in sorted(range(len(batches)), key=lambda i: sum(p.file.size for p in batches[i][1])):
            source, parts = batches[i]
            digests = [inputs.digest(p.file) for p in parts]
            hashes = [d.sha256 for d in digests]
            key = key_of(source, [p.path for p in parts], hashes)
            done[i] = key, hashes
            if key not in jobs:
                jobs[key] = pool.submit(_job, engine, source, parts, digests[0], key, cache, limits)
        return [
            (jobs[done[i][0]].result(), [p.file for p in parts], done[i][1])
            for i, (_, parts) in enumerate(batches)
        ]


def _job(
    engine: Engine, source: Source, parts: list[Choice], digest: Digest, key: str, cache: Cache, limits: Limits
) -> Batch:  # fmt: skip
    batch = find(cache, key)
    if batch is None:
        with engine.twin() as own:
            batch, whole = _convert(own, source, parts, digest, key, cache, limits)
        if whole:
            keep(cache, batch)
    return batch


def _convert(
    engine: Engine, source: Source, parts: list[Choice], digest: Digest, key: str, cache: Cache, limits: Limits
) -> tuple[Batch, bool]:  # fmt: skip
    """What the files became, and whether another run would find the same: a child that was killed may end next time."""
    if len(parts) == 1 and streams(source, parts[0].file):
        batch = Batch(source.id, key, counts=[Counts()])
        with Child(limits) as child, suppress(Stopped):  # the spool tells which records
            if stream(engine, source, parts[0].file, digest, batch, cache, child):
                foreign.clear(engine, key)
                return batch, True
    batch = Batch(source.id, key, counts=[Counts() for _ in parts])
    whole = spool(engine, source, parts, batch, cache, limits)
    return batch, whole


def _batches(choices: list[Choice]) -> Iterator[tuple[Source, list[Choice]]]:
    """Big flat logs alone, the rest of a source together: by path, unless its records look at each other."""
    groups: dict[tuple[str, str], tuple[Source, list[Choice]]] = {}
    for choice in choices:
        source = choice.source
        if source is None:
            continue
        if streams(source, choice.file):
            yield source, [choice]
        else:
            key = source.id, "" if source.together else choice.path
            groups.setdefault(key, (source, []))[1].append(choice)
    yield from (group for _, group in sorted(groups.items(), key=lambda g: g[0]))


def streams(source: Source, file: InputFile) -> bool:
    """Tell whether the engine reads the file directly."""
    return (
        bool(source.columns) and file.format == "jsonl" and file.encoding == "utf-8"
        and file.size * (8 if file.gzipped else 1) >= STREAM_FROM
    )  # fmt: skip

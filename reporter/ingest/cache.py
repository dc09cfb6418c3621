"""What was converted, and where it is kept. In: a source and the hashes of its files. Out: Batch, Cache.

A cache entry is a JSON file beside its Parquet files; its name is a hash of everything that shaped it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from reporter.catalog import Source
from reporter.db import version as engine_version
from reporter.ingest.macros import MACROS
from reporter.ingest.tables import columns_of
from reporter.schema import TABLES

FORMAT = "10"
"""Part of every cache key; raise it when the Parquet written here changes its meaning, or more is seen as a secret."""


@dataclass(slots=True)
class Counts:
    """Accounting of one file of a batch."""

    read: int = 0
    kept: int = 0
    out_of_scope: int = 0
    unreadable: int = 0
    rejected: int = 0


@dataclass(slots=True)
class Batch:
    """What the files of one source became; kept beside its Parquet files as JSON."""

    source: str
    key: str
    tables: dict[str, list[str]] = field(default_factory=dict)
    """table -> Parquet file names"""
    stream: bool = False
    counts: list[Counts] = field(default_factory=list)
    """By file, in the order of the batch."""
    problems: list[tuple[int, int, str, str, str]] = field(default_factory=list)
    """(file, line, kind, reason, text)"""
    other_types: list[tuple[str, int]] = field(default_factory=list)
    """(record type, count) of what was out of scope."""
    carried: list[tuple[str, str]] = field(default_factory=list)
    """(table, column) that at least one record carries."""


@dataclass(frozen=True, slots=True)
class Cache:
    """The folder of converted logs and the key that secrets are fingerprinted with."""

    folder: Path
    secret_key: str


def open_cache(folder: Path) -> Cache:
    """Open or make a cache; its key file is readable by its owner only."""
    import secrets

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "fingerprint.key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32), encoding="ascii")
    return Cache(folder, path.read_text(encoding="ascii"))


def key_of(source: Source, paths: list[str], hashes: list[str]) -> str:
    """Return the name under which a batch is kept: it changes with whatever could change its Parquet."""
    shape = repr([(t.name, columns_of(t)) for t in TABLES.values() if t.loaded])
    text = "\0".join([FORMAT, engine_version(), *MACROS, source.sha256, shape, *paths, *hashes])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def find(cache: Cache, key: str) -> Batch | None:
    """Return the batch kept under a key, or None."""
    path = cache.folder / f"{key}.json"
    if not path.exists():
        return None
    data = json.loads(path.read_text(encoding="utf-8"))
    if not all((cache.folder / n).exists() for names in data["tables"].values() for n in names):
        return None
    data["counts"] = [Counts(**c) for c in data["counts"]]
    for name in ("problems", "other_types", "carried"):
        data[name] = [tuple(x) for x in data[name]]
    return Batch(**data)


def keep(cache: Cache, batch: Batch) -> None:
    """Keep a batch beside its Parquet files, whole or not at all."""
    text = json.dumps(asdict(batch), sort_keys=True, ensure_ascii=False)
    temporary = cache.folder / f"{batch.key}.json.part"
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(cache.folder / f"{batch.key}.json")

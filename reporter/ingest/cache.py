"""Converted input, and where it is kept. In: a source and the hashes of its files. Out: Batch,
Cache.

A cache entry is a JSON file beside its Parquet files; its name is a hash of everything that shaped
it.
"""

from __future__ import annotations

import errno
import hashlib
import hmac
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, astuple, dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from reporter.content.source_macros import MACROS
from reporter.engine.base import Unreadable, quoted
from reporter.engine.duckdb import parquet
from reporter.engine.duckdb import version as engine_version
from reporter.errors import InputError
from reporter.ingest.readers.files import InputFile
from reporter.model.sentences import Sentence, Value
from reporter.model.source import Source
from reporter.schema.tables import TABLES, columns_of
from reporter.system.claims import claimed, clear_all
from reporter.system.hashes import sha256
from reporter.system.plain_text import why_unread

FORMAT = "27"
"""Part of every cache key; raise it when the Parquet written here changes its meaning, or more is
recognised as a secret.
"""


USUAL = ".reporter-cache"
"""Name of the folder, beside the run, unless the user names another."""


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
    placed: bool = False
    """Whether its events have a column `place` that stays as it is when more lines come."""
    counts: list[Counts] = field(default_factory=list)
    """By file, in the order of the batch."""
    problems: list[tuple[int, int, str, Sentence, str]] = field(default_factory=list)
    """(file, line, kind, reason, text)"""
    other_types: list[tuple[str, int]] = field(default_factory=list)
    """(record type, count) of what was out of scope."""
    carried: list[tuple[str, str]] = field(default_factory=list)
    """(table, column) that at least one record carries."""
    hashes: dict[str, str] = field(default_factory=dict)
    """Parquet file -> SHA-256."""
    made_with: str = ""
    """What tells the key of the fingerprints in it from others; '' where it holds none."""


@dataclass(frozen=True, slots=True)
class Cache:
    """The folder of converted logs and the key that secrets are fingerprinted with."""

    folder: Path
    secret_key: str = ""
    """'' stands for one made from the input."""
    warn: Callable[[str], None] = lambda _: None
    """Takes what is wrong with an entry."""


def open_cache(
    folder: Path, secret_key: str = "", warn: Callable[[str], None] = lambda _: None
) -> Cache:
    """Open or create a cache that only its owner can read; a folder of the user's own keeps its
    mode.
    """
    is_new = not folder.exists()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not is_new and folder.name == USUAL and folder.stat().st_uid == os.geteuid():
        folder.chmod(0o700)
    clear_all(folder, ".*.part")
    return Cache(folder, secret_key, warn)


def key_of(source: Source, paths: list[str], hashes: list[str]) -> str:
    """Return the name under which a batch is kept: it changes with everything that could change its
    Parquet.
    """
    shape = repr([(t.name, columns_of(t)) for t in TABLES.values() if t.loaded])
    text = "\0".join([FORMAT, engine_version(), *MACROS, source.sha256, shape, *paths, *hashes])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def find(cache: Cache, key: str, files: int) -> Batch | None:
    """Return the batch of `files` files kept under a key, or None; damage, or fingerprints of
    another key, count as none.
    """
    path = cache.folder / f"{key}.json"
    if not os.path.lexists(path):
        return None
    try:
        _refuse_irregular(path)
        batch = _read(path.read_bytes())
        _refuse_other(batch, key, files)
        if batch.made_with not in ("", mark(cache.secret_key)):
            return None
        for name in batch.hashes:
            _refuse_irregular(cache.folder / name)
        if all(sha256(cache.folder / name) == digest for name, digest in batch.hashes.items()):
            return batch
        defect = "a file of it is not what was kept"
    except OSError as error:
        defect = f"a file of it cannot be read: {error.strerror}"
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        defect = why_unread(error)
    cache.warn(f"{path}: damaged ({defect}); its input is converted again")
    return None


def _refuse_irregular(path: Path) -> None:
    """Raise ValueError for a path that could block when opened, or that leads elsewhere."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise ValueError(f"{path.name} is not a regular file")


def _refuse_other(batch: Batch, key: str, files: int) -> None:
    """Raise ValueError for an intact entry of other files: one that was copied over, or made by
    hand.
    """
    if batch.key != key:
        raise ValueError("it is the entry of other files")
    names = {name for table_files in batch.tables.values() for name in table_files}
    if names != {*batch.hashes} or any(Path(name).name != name for name in names):
        raise ValueError("it names other files than it has hashes of")
    if len(batch.counts) != files or not all(0 <= p[0] < files for p in batch.problems):
        raise ValueError(f"it does not count {files} files")


def _read(text: bytes) -> Batch:
    """Return the batch of an entry.

    Raises ValueError, KeyError, TypeError or AttributeError if it is not as it was kept.
    """
    data = json.loads(text)
    if not isinstance(data, dict):
        raise ValueError("it is not a JSON object")
    if data.pop("sha256") != _hash_of(data):
        raise ValueError("it is not what was kept")
    data["counts"] = [Counts(**c) for c in data["counts"]]
    if not all(type(n) is int for c in data["counts"] for n in astuple(c)):
        raise ValueError("a count of it is not a number")
    for name, size in (("problems", 5), ("other_types", 2), ("carried", 2)):
        data[name] = [tuple(x) for x in data[name]]
        if any(len(x) != size for x in data[name]):
            raise ValueError(f"a line of its {name} is cut")
    data["problems"] = [
        (i, n, kind, _sentence_of(why), text) for i, n, kind, why, text in data["problems"]
    ]
    return Batch(**data)


def _sentence_of(entry: Any) -> Sentence:
    """Return the sentence that `_json_of` turned into a list."""
    text, values = entry
    if not isinstance(text, str):
        raise TypeError("a reason of it is not text")
    return Sentence(text, tuple((name, _value(*value)) for name, *value in values))


def _value(kind: str, value: Any) -> Value:
    if kind == _SENTENCE:
        return _sentence_of(value)
    return tuple(value) if kind == _SEVERAL else value


_SENTENCE, _SEVERAL, _ONE = "sentence", "several", "one"


def _json_of(reason: Sentence) -> list[Any]:
    """Return a sentence as kept in JSON: text and values, each with its name and kind."""
    values: list[list[Any]] = []
    for name, value in reason.values:
        if isinstance(value, Sentence):
            values.append([name, _SENTENCE, _json_of(value)])
        else:
            values.append([name, _SEVERAL if isinstance(value, tuple) else _ONE, value])
    return [reason.text, values]


def _hash_of(data: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def mark(key: str) -> str:
    """Return what tells a key of fingerprints from others, and reveals nothing else about it."""
    return hmac.new(key.encode(), b"which key made the fingerprints", hashlib.sha256).hexdigest()[
        :16
    ]


def put(cache: Cache, batch: Batch, path: Path) -> None:
    """Move a finished Parquet file of a batch into the cache, and remember its hash."""
    path.chmod(0o600)
    batch.hashes[path.name] = sha256(path)
    try:
        _replace(path, cache)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with _aside(cache) as aside:
            shutil.copy(path, aside / path.name)
            _replace(aside / path.name, cache)
        path.unlink()


def is_kept(cache: Cache, batch: Batch) -> bool:
    """Tell whether a batch is kept: another run would find the same."""
    return bool(batch.key) and (cache.folder / f"{batch.key}.json").is_file()


def keep(cache: Cache, batch: Batch) -> None:
    """Keep a batch beside its Parquet files, whole or not at all."""
    data = asdict(replace(batch, problems=[]))
    data["problems"] = [
        [i, n, kind, _json_of(why), text] for i, n, kind, why, text in batch.problems
    ]
    text = json.dumps(data | {"sha256": _hash_of(data)}, sort_keys=True, ensure_ascii=False)
    with _aside(cache) as aside:
        path = aside / f"{batch.key}.json"
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        _replace(path, cache)


def _replace(path: Path, cache: Cache) -> None:
    """Put a file in the cache, replacing any file of its name, or a folder with nothing in it.

    Raises InputError where a folder stands there with something in it.
    """
    target = cache.folder / path.name
    try:
        with suppress(OSError):
            target.rmdir()
        path.replace(target)
    except IsADirectoryError as error:
        raise InputError(
            "there is a folder where the cache keeps a file",
            str(target),
            "Remove it, or give another --cache.",
        ) from error


def _aside(cache: Cache) -> AbstractContextManager[Path]:
    """Return a folder in the cache for unfinished files; `open_cache` removes one that a killed run
    left.
    """
    return claimed(cache.folder / f".{os.urandom(8).hex()}.part")


@contextmanager
def still_there(cache: Cache) -> Iterator[None]:
    """Raise InputError where a file of the cache disappears: events are read from it until the end
    of the run.
    """
    try:
        yield
    except Unreadable as error:
        why = str(error).splitlines()[0]
        if str(cache.folder) not in str(error):
            raise InputError(f"the engine could not read or write a file: {why}") from error
        raise InputError(
            f"a file of the cache was removed, or cannot be read any more, during the run: {why}",
            str(cache.folder),
            "Run again, and leave the cache alone meanwhile.",
        ) from error


OF_EVENT = (*(n for n, _ in columns_of(TABLES["events"])), "who")
"""Columns of an event, without those that tell where it stands."""
Converted = tuple[Batch, list[InputFile], list[str]]
"""A batch, its files and their hashes."""


def relations(
    conversions: Iterable[tuple[list[int], Converted]], table: str, cache: Cache
) -> Iterator[str]:
    """Yield SQL for the rows of batches: of streams one by one, of the others that are neighbours
    as one relation, since each costs every query some time.
    """
    filled = ((ranks, done) for ranks, done in conversions if table in done[0].tables)
    for (is_stream, is_placed), group in groupby(filled, key=_form):
        if is_stream:
            yield from (_stream(ranks[0], *done, cache) for ranks, done in group)
        else:
            batches = [(ranks, done[0]) for ranks, done in group]
            yield _spooled(batches, table, cache, is_placed and table == "events")


def _form(entry: tuple[list[int], Converted]) -> tuple[bool, bool]:
    batch = entry[1][0]
    return batch.stream, batch.placed


def _stream(part: int, batch: Batch, files: list[InputFile], _: list[str], cache: Cache) -> str:
    """SQL: the events of a log; `place`, with `part`, is the row's own."""
    paths = [cache.folder / name for name in batch.tables["events"]]
    return (
        f"SELECT {event_columns(batch)}, who, {quoted(batch.source)} AS source,"
        f" {quoted(files[0].name)} AS file, CAST({part} AS BIGINT) AS part,"
        " file_row_number + 1 AS record, file_row_number AS place"
        f" FROM {parquet(*paths, numbered=True)}"
    )


def event_columns(batch: Batch) -> str:
    """SQL: all columns of events in a log that is read directly: what no row fills is not there."""
    filled = {name for _, name in batch.carried}
    return ", ".join(
        n if n in filled else f"CAST(NULL AS {t}) AS {n}" for n, t in columns_of(TABLES["events"])
    )


def _spooled(
    batches: list[tuple[list[int], Batch]], table: str, cache: Cache, is_placed: bool
) -> str:
    """SQL: the rows of batches; of events also `place`, which with `part` is the row's own."""
    names = [(ranks, name) for ranks, batch in batches for name in batch.tables[table]]
    # Number of the Parquet file and of the row in it: the engine knows them, nothing is stored or
    # computed.
    place = ", p.file_index * 1099511627776 + p.file_row_number AS place"
    rows, record = "p.* EXCLUDE (f, record)", "p.record"
    if is_placed:
        rows, place = ", ".join(f"p.{name}" for name in OF_EVENT), ", p.place"
    if table == "events":
        record += place
    return (
        f"SELECT {rows}, b.source, b.file, b.part, {record} FROM"
        f" {parquet(*(cache.folder / name for _, name in names))} AS p JOIN parts AS b ON b.part ="
        f" {_part([ranks for ranks, _ in names])}"
    )


def _part(ranks: list[list[int]]) -> str:
    """SQL: the number of the file that a row is from; `ranks` has those of each Parquet file. Where
    they follow each other only the first is looked up: ten thousand would stand in each query.
    """
    if all(some == [*range(some[0], some[0] + len(some))] for some in ranks):
        firsts = [some[0] for some in ranks]
        first = f"{firsts}[CAST(p.file_index AS BIGINT) + 1]" if len(ranks) > 1 else str(firsts[0])
        return f"{first} + p.f"
    return f"{ranks}[CAST(p.file_index AS BIGINT) + 1][p.f + 1]"

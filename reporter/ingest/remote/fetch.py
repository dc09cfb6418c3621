"""Objects of remote places, fetched before a run begins. In: places, a cache. Out: a file each, and
how many were listed, read, lost and left out.

What is kept and unchanged is not fetched again. What fails for good is a file without content whose
reason stands in the accounting; a list that fails refuses the run, as nobody knows what it lacks.
"""

from __future__ import annotations

import hashlib
import importlib
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from reporter.content.remote.remote_places import WEB, RemotePlace, shown, web_address
from reporter.errors import InputError
from reporter.ingest.readers.files import InputFile, sniff
from reporter.ingest.remote.object_cache import KeptObject, ObjectCache
from reporter.ingest.remote.object_names import base_of, distinct, file_name, is_left_out, plain
from reporter.ingest.remote.stored_objects import (
    THREADS,
    BrokenError,
    ChangedError,
    CredentialsError,
    GoneError,
    ObjectError,
    ObjectStore,
    StoredObject,
    broken,
    every_object,
)
from reporter.model.assessment import FetchedFrom, RemoteCount
from reporter.model.sentences import Sentence, tell

_T = TypeVar("_T")
TRIES = 5
"""How often a request is made that the storage does not answer in full."""
STATES = 3
"""States of an object that are tried where it is written to meanwhile."""
FIRST_WAIT, LONGEST_WAIT = 0.2, 10.0
"""Seconds before the second try; each further one waits twice as long, up to the longest."""
SILENT = 20
"""Objects in a row that the storage does not answer for, after which it is not asked again."""
MOST_OBJECTS = 1_000_000
MARGIN = 1 << 26
"""Bytes of the disk that are left alone."""
SAID = 1000
"""Fetched objects after which a line says how far it is."""
_STORES = {
    "s3": ("s3_objects", "S3Objects", "s3"),
    "gs": ("gcs_objects", "GcsObjects", "gs"),
    "az": ("azure_objects", "AzureObjects", "az"),
}
"""Scheme -> module, class, and the extra whose packages it needs."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What fetching needs beside places."""

    cache: Path
    part: Path
    """Folder for what is not whole yet."""
    environ: Mapping[str, str]
    most: int = 0
    """Bytes that one run may fetch; 0 for what the disk has."""
    say: Callable[[str], None] = lambda _: None
    wait: Callable[[float], object] = lambda _: None
    """Takes seconds to pass before another try."""


@dataclass(slots=True)
class Fetched:
    """What was fetched."""

    files: list[InputFile]
    counts: list[RemoteCount]
    requests: int = 0
    """How often a storage was asked."""
    bytes: int = 0
    """Bytes that were not there yet."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A place, its storage, and what lies there."""

    place: RemotePlace
    store: ObjectStore
    objects: tuple[StoredObject, ...]
    left_out: int


class Requests:
    """Asks storages: every request is counted, and made again where it is not answered."""

    def __init__(self, wait: Callable[[float], object]) -> None:
        self._wait, self._lock = wait, threading.Lock()
        self.made = 0

    def again(self, ask: Callable[..., _T], *given: Any) -> _T:
        """Ask until there is an answer; raise ObjectError of the last try."""
        tried = 0
        while True:
            tried += 1
            try:
                with self._lock:
                    self.made += 1
                return ask(*given)
            except BrokenError:
                if tried == TRIES:
                    raise
                # Not all at once, and not by chance, so that tests can repeat it.
                spread = 0.5 + self.made % 8 / 8
                self._wait(min(LONGEST_WAIT, FIRST_WAIT * 2 ** (tried - 1)) * spread)


def list_places(
    places: Iterable[RemotePlace], environ: Mapping[str, str], requests: Requests
) -> list[Listed]:
    """Return what lies in each place; raise InputError where that cannot be known."""
    return [
        _listed(each, store, requests)
        for place in places
        for each, store in _stores(place, environ)
    ]


def fetch(places: Iterable[RemotePlace], taken: set[str], around: Surroundings) -> Fetched:
    """Fetch what lies in places; `taken` are names that files of the workspace have.

    Raises InputError where a place cannot be listed, nothing of it can be read, or there is no
    room.
    """
    requests = Requests(around.wait)
    fetched = Fetched([], [])
    for listed in list_places(places, around.environ, requests):
        _fetch_place(listed, fetched, taken, requests, around)
    fetched.requests = requests.made
    return fetched


def _stores(
    place: RemotePlace, environ: Mapping[str, str]
) -> Iterator[tuple[RemotePlace, ObjectStore]]:
    """Yield the storage of a place; of a variable, one for each address in it."""
    if place.variable:
        name = f"remote, env:{place.variable}"
        addresses = environ.get(place.variable, "").split()
        if not addresses:
            raise InputError(f"{name}: that variable of the environment is not set", "reporter.yml")
        for address in addresses:
            web_address(address, name, "reporter.yml", signed=True)
            yield replace(place, url=shown(address)), _web(address)
        return
    if place.scheme == WEB:
        yield place, _web(place.url)
        return
    module, name, extra = _STORES[place.scheme]
    try:
        made = getattr(importlib.import_module(f"{__package__}.{module}"), name)
    except ImportError as error:
        raise InputError(
            f"{place.scheme}:// needs packages that are not installed",
            "reporter.yml",
            f"Install them: pip install 'agent-reporter[{extra}]'.",
        ) from error
    try:
        yield place, made(place, environ)
    except ObjectError as error:
        raise _refused(place, "cannot be asked", error) from error


def _web(address: str) -> ObjectStore:
    from reporter.ingest.remote.web_objects import WebObjects

    return WebObjects(address)


def _refused(place: RemotePlace, what: str, error: ObjectError) -> InputError:
    hint = "docs/remote.md says which rights are needed, and where credentials come from."
    return InputError(f"{what}: {error.reason}", plain(place.url), hint)


def _listed(place: RemotePlace, store: ObjectStore, requests: Requests) -> Listed:
    objects: dict[str, StoredObject] = {}
    left_out: set[str] = set()
    try:
        for each in every_object(store, requests.again):
            if is_left_out(each.key, each.size):
                left_out.add(each.key)
            else:
                objects[each.key] = each
            if len(objects) > MOST_OBJECTS:
                hint = "Name prefixes that hold only the period, such as one a month."
                message = f"more than {MOST_OBJECTS:,} objects"
                raise InputError(message, plain(place.url), hint)
    except GoneError as error:
        hint = "Check the name of the bucket or file, and the region."
        raise InputError("there is no such place", plain(place.url), hint) from error
    except ObjectError as error:
        raise _refused(place, "cannot be listed", error) from error
    return Listed(place, store, tuple(objects[key] for key in sorted(objects)), len(left_out))


def _fetch_place(
    listed: Listed, fetched: Fetched, taken: set[str], requests: Requests, around: Surroundings
) -> None:
    """Add the files of a place to what is fetched."""
    place = listed.place
    cache = ObjectCache(around.cache, f"{place.url}\n{listed.store.address}")
    kept = {o.key: found for o in listed.objects if (found := cache.find(o))}
    missing = [o for o in listed.objects if o.key not in kept]
    room = _room(around, fetched.bytes)
    needed = sum(max(0, o.size) for o in missing)
    if needed > room:
        raise _no_room(place, needed, room)
    url = plain(place.url)
    around.say(
        f"{url}: {len(listed.objects):,} objects, {len(missing):,} to fetch"
        f" ({needed / 10**6:,.1f} MB)"
    )
    work = _Work(listed, cache, requests, around, room)
    work.run(missing)
    fetched.bytes += room - work.room
    results: dict[str, KeptObject | Sentence] = {**kept, **work.results}
    lost = [o for o in listed.objects if isinstance(results[o.key], Sentence)]
    if lost and len(lost) == len(listed.objects):
        why = results[lost[0].key]
        message = f"none of its {len(lost):,} objects could be fetched: {why}"
        hint = "docs/remote.md says which rights are needed to read objects."
        raise InputError(message, url, hint)
    base = base_of(place.prefix) if place.scheme in _STORES else ""
    relative = (_relative(o.key, base, place) for o in listed.objects)
    names = distinct((file_name(place.to, each) for each in relative), taken)
    fetched.files += [
        _file(name, o, results[o.key], place, around.cache)
        for name, o in zip(names, listed.objects, strict=True)
    ]
    n, n_lost = len(listed.objects), len(lost)
    fetched.counts.append(
        RemoteCount(url, place.to, n + listed.left_out, n - n_lost, n_lost, listed.left_out)
    )


def _relative(key: str, base: str, place: RemotePlace) -> str:
    if place.scheme in _STORES:
        return key[len(base) :]
    path = key.partition("://")[2].rstrip("/")
    return path.rpartition("/")[2]


def _room(around: Surroundings, used: int) -> int:
    free = shutil.disk_usage(around.cache).free - MARGIN
    return min(free, around.most - used) if around.most else free


def _no_room(place: RemotePlace, needed: int, room: int) -> InputError:
    return InputError(
        f"{needed / 10**6:,.1f} MB are to be fetched, and there is room for"
        f" {max(0, room) / 10**6:,.1f} MB",
        plain(place.url),
        "Name a shorter part of the period, free space where the cache lies, or give more"
        " (--temp-size).",
    )


def _file(
    name: str,
    object: StoredObject,
    result: KeptObject | Sentence,
    place: RemotePlace,
    cache: Path,
) -> InputFile:
    """Return an object as a file of the workspace; one that was lost has no content."""
    root = f"{place.scheme}://{place.root}/"
    url = plain(root + object.key if place.scheme in _STORES else place.url)
    if isinstance(result, Sentence):
        why = tell("not fetched: {why} ({n:,} bytes listed)", why=result, n=max(0, object.size))
        origin = FetchedFrom(url, object.etag, object.version)
        # The path leads nowhere; only its name is shown.
        return InputFile(
            cache / "lost", name, 0, "unknown", False, why=why, origin=origin, is_lost=True
        )
    file = sniff(result.path, name)
    return replace(file, origin=FetchedFrom(url, result.etag, result.version), sha256=result.sha256)


class _Work:
    """Fetches the objects of a place, several at a time."""

    def __init__(
        self,
        listed: Listed,
        cache: ObjectCache,
        requests: Requests,
        around: Surroundings,
        room: int,
    ) -> None:
        self.results: dict[str, KeptObject | Sentence] = {}
        self.room = room
        """Bytes that may still be fetched."""
        self._listed, self._cache, self._requests, self._around = listed, cache, requests, around
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._silent = 0

    def run(self, objects: list[StoredObject]) -> None:
        """Fetch them; raise InputError where there is no sense in going on, OSError where the disk
        is full.
        """
        pending, n = iter(objects), min(THREADS, len(objects))
        if not objects:
            return
        with ThreadPoolExecutor(n) as pool:
            try:
                workers = [pool.submit(self._work, pending, len(objects), i) for i in range(n)]
                for worker in workers:
                    worker.result()
            finally:
                self._stop.set()

    def _work(self, pending: Iterator[StoredObject], total: int, number: int) -> None:
        part = self._around.part / str(number)
        while not self._stop.is_set():
            with self._lock:
                object = next(pending, None)
            if object is None:
                return
            try:
                self._note(object, self._fetch(object, part), total)
            except CredentialsError as error:
                self._stop.set()
                raise _refused(self._listed.place, "cannot be read", error) from error
            except ObjectError as error:
                self._note(object, error.reason, total)
                self._count_silence(isinstance(error, BrokenError))
            except BaseException:
                self._stop.set()
                raise
            else:
                self._count_silence(False)

    def _note(self, object: StoredObject, result: KeptObject | Sentence, total: int) -> None:
        with self._lock:
            self.results[object.key] = result
            done = len(self.results)
        if done % SAID == 0:
            self._around.say(f"{plain(self._listed.place.url)}: {done:,} of {total:,} fetched")

    def _count_silence(self, is_silent: bool) -> None:
        with self._lock:
            self._silent = self._silent + 1 if is_silent else 0
            is_over = self._silent >= SILENT
        if is_over:
            self._stop.set()
            raise InputError(
                f"the storage has stopped answering: {SILENT} objects in a row, each tried"
                f" {TRIES} times",
                plain(self._listed.place.url),
                "What was fetched is kept. Run again once it answers.",
            )

    def _fetch(self, object: StoredObject, part: Path) -> KeptObject:
        """Fetch one object; where it is written to meanwhile, in its new state."""
        for _ in range(1, STATES):
            try:
                return self._requests.again(self._fetch_state, object, part)
            except ChangedError:
                object = self._requests.again(self._listed.store.look, object.key)
        return self._requests.again(self._fetch_state, object, part)

    def _fetch_state(self, object: StoredObject, part: Path) -> KeptObject:
        digest, size = hashlib.sha256(), 0
        with part.open("wb") as file:

            def take(chunk: bytes) -> None:
                nonlocal size
                size += len(chunk)
                if 0 <= object.size < size:
                    raise ChangedError
                self._use(len(chunk))
                digest.update(chunk)
                file.write(chunk)

            found = self._listed.store.read(object, take)
        if size < object.size:
            raise broken("IncompleteRead")
        return self._cache.put(part, found, object.state, digest.hexdigest())

    def _use(self, size: int) -> None:
        with self._lock:
            self.room -= size
            if self.room < 0:
                raise _no_room(self._listed.place, size, 0)

"""The files of a workspace with those that it names elsewhere. In: a workspace, and whether it was
asked to fetch. Out: Inputs.

Nothing is fetched unless the command line says so, and never once the engine is locked.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from reporter.content.remote.remote_places import KEY
from reporter.content.workspace import Workspace
from reporter.engine.duckdb import amount
from reporter.errors import InputError
from reporter.ingest.cache import USUAL, open_cache
from reporter.ingest.readers.files import discover
from reporter.ingest.readers.inputs import FOLDERS, Inputs
from reporter.system.claims import claimed
from reporter.system.options import in_bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """Whether and how to fetch."""

    environ: Mapping[str, str] | None
    """Where credentials are; None where fetching was not asked for."""
    cache: Path
    most: str = ""
    """Most that may be fetched, such as 50GB; '' for what the disk has."""
    say: Callable[[str], None] = lambda _: None
    announce: Callable[[Path], None] = lambda _: None
    """Receives the folder to remove if this process is killed."""
    memory: int = 0
    """Bytes that processes which read many files share."""

    @classmethod
    def of(cls, options: Any, out: Path) -> Asked:
        """Return what the options of an assessment ask for."""
        cache = options.cache or out.parent / USUAL
        told = options.say, options.announce
        return cls(options.remote, cache, options.temp_size, *told, amount(options.memory))


def refuse_unasked(workspace: Workspace, asked: Asked) -> Workspace:
    """Return a workspace; raise InputError where it names remote evidence and nobody asked to fetch
    it: a score without it would not be the score of this workspace.
    """
    if workspace.remote and asked.environ is None:
        n = len(workspace.remote)
        places = "1 place" if n == 1 else f"{n} places"
        raise InputError(
            f"evidence lies in {places} of remote storage, and nothing is fetched without --remote",
            workspace.place(KEY),
            "Add --remote to fetch it. To leave it out, remove `remote:` from reporter.yml.",
        )
    return workspace


@dataclass(frozen=True, slots=True)
class SeenPlace:
    """What lies in a place, by its list alone."""

    url: str
    to: str
    objects: int
    bytes: int
    left_out: int


def look_at(workspace: Workspace, environ: Mapping[str, str]) -> tuple[SeenPlace, ...]:
    """List the places of a workspace, and fetch nothing; raise InputError where one cannot be
    listed.
    """
    from reporter.ingest.remote.fetch import Requests, list_places
    from reporter.ingest.remote.object_names import plain

    return tuple(
        SeenPlace(
            plain(each.place.url),
            each.place.to,
            len(each.objects),
            sum(max(0, o.size) for o in each.objects),
            each.left_out,
        )
        for each in list_places(workspace.remote, environ, Requests(Event().wait))
    )


def inputs_of(workspace: Workspace, asked: Asked) -> Inputs:
    """Return the files of a workspace, and what it names elsewhere, fetched.

    Raises InputError where a place cannot be listed or read, or fetching was not asked for.
    """
    refuse_unasked(workspace, asked)
    if not workspace.remote or asked.environ is None:
        return Inputs.of(workspace.folder, asked.memory)
    from reporter.ingest.remote.fetch import Surroundings, fetch

    folder = open_cache(asked.cache).folder
    part = folder / f".remote-{secrets.token_hex(8)}.part"
    asked.announce(part)
    with claimed(part):
        most = in_bytes(asked.most) if asked.most else 0
        around = Surroundings(folder, part, asked.environ, most, asked.say, Event().wait)
        found = discover(workspace.folder, FOLDERS)
        fetched = fetch(workspace.remote, {f.name for f in found}, around)
    files = sorted([*found, *fetched.files], key=lambda f: Path(f.name))
    asked.say(f"fetched {fetched.bytes / 10**6:,.1f} MB with {fetched.requests:,} requests")
    return Inputs(files, tuple(fetched.counts))


def now_of(folder: Path, inputs: Inputs) -> Inputs:
    """Return the files that a workspace has now, with what was fetched before."""
    if not inputs.remote:
        return Inputs.of(folder)
    fetched = [f for f in inputs.found if f.origin]
    files = sorted([*discover(folder, FOLDERS), *fetched], key=lambda f: Path(f.name))
    return Inputs(files, inputs.remote)

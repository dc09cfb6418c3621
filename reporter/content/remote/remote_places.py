"""Where evidence lies in object storage. In: `remote:` of reporter.yml. Out: RemotePlace for each.

No complaint repeats what stands there: somebody may have written a key into it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any
from urllib.parse import urlsplit

from reporter.content.yaml import Fields
from reporter.errors import InputError
from reporter.system.folders import EVIDENCE

KEY = "remote"
HOW = "Write `remote: [{from: s3://bucket/prefix/, to: logs/cloudtrail}]`."
_KEYS = ("from", "to")
_BUCKET = r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]"
_ROOTS = {
    "s3": (re.compile(rf"{_BUCKET}/.*", re.DOTALL), "s3://BUCKET/PREFIX"),
    "gs": (re.compile(rf"{_BUCKET}/.*", re.DOTALL), "gs://BUCKET/PREFIX"),
    "az": (
        re.compile(r"[a-z0-9]{3,24}/[a-z0-9$][a-z0-9-]{1,62}/.*", re.DOTALL),
        "az://ACCOUNT/CONTAINER/PREFIX",
    ),
}
"""Scheme -> what stands behind it, and how that is said."""
WEB = "https"
_VARIABLE = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]{0,99})")
_SAFE = re.compile(r"[\w .=+@-]+")
_CREDENTIALS = "Credentials come from the environment, never from reporter.yml; see docs/remote.md."


@dataclass(frozen=True, slots=True)
class RemotePlace:
    """A prefix of a bucket, or an address of the web, and the folder it is read as."""

    url: str
    """Without a query or a user; '' where a variable of the environment has it."""
    to: str
    """Folder of the workspace, with forward slashes."""
    variable: str = ""
    """Variable of the environment that holds addresses of the web, which may be signed."""

    @property
    def scheme(self) -> str:
        """Return s3, gs, az or https."""
        return self.url.partition(":")[0]

    @property
    def root(self) -> str:
        """Return what is asked for a list: the bucket; of Azure, account and container."""
        parts = self.url.split("/")
        return "/".join(parts[2 : 4 if self.scheme == "az" else 3])

    @property
    def prefix(self) -> str:
        """Return how the keys of its objects begin."""
        return self.url.removeprefix(f"{self.scheme}://{self.root}/")


def read_places(settings: Fields) -> tuple[RemotePlace, ...]:
    """Return the places that a settings file names; raise InputError where one is wrong."""
    place = settings.place(KEY)
    entries = settings.data.get(KEY, [])
    if not isinstance(entries, list):
        raise InputError("remote: expected a list of places", place, HOW)
    places = [each for n, entry in enumerate(entries, 1) for each in _entry(entry, n, place)]
    for one, other in combinations(places, 2):
        if _is_within(one, other) or _is_within(other, one):
            raise InputError(
                f"remote: {other.url or other.variable} is named twice, and its records would"
                " count twice",
                place,
                "Name each prefix once, and none that begins with another.",
            )
    return tuple(places)


def _is_within(one: RemotePlace, other: RemotePlace) -> bool:
    if one.scheme in _ROOTS:
        return other.url.startswith(one.url)
    return (one.url, one.variable) == (other.url, other.variable)


def _entry(entry: Any, number: int, place: str) -> Iterator[RemotePlace]:
    """Yield the places of one entry; `number` is how a complaint names it."""
    name = f"remote, entry {number}"
    if not isinstance(entry, dict):
        raise InputError(f"{name}: expected `from` and `to`", place, HOW)
    if unknown := [str(key) for key in entry if key not in _KEYS]:
        known = f"Known: {', '.join(_KEYS)}. {_CREDENTIALS}"
        raise InputError(f"{name}: unknown key {unknown[0][:40]!r}", place, known)
    given, folder = entry.get("from"), entry.get("to")
    addresses: list[Any] = given if isinstance(given, list) else [given]
    if not addresses or not all(isinstance(a, str) and a for a in addresses):
        raise InputError(f"{name}: `from` must be an address, or a list of them", place, HOW)
    to = folder.rstrip("/") if isinstance(folder, str) else ""
    parts = to.split("/")
    is_plain = all(_SAFE.fullmatch(part) and part.strip(". ") for part in parts)
    if parts[0] not in EVIDENCE or not is_plain:
        folders = ", ".join(f"{each}/" for each in EVIDENCE)
        raise InputError(
            f"{name}: `to` must be a folder in one of {folders}",
            place,
            "Write it with plain letters and forward slashes: `to: logs/cloudtrail`.",
        )
    for address in addresses:
        yield _place(address, to, name, place)


def _place(address: str, to: str, name: str, place: str) -> RemotePlace:
    if match := _VARIABLE.fullmatch(address):
        return RemotePlace("", to, match[1])
    scheme, _, rest = address.partition("://")
    if scheme == WEB:
        return RemotePlace(web_address(address, name, place), to)
    if scheme == "http":
        message = f"{name}: http:// is not encrypted, so anybody on the way could change it"
        raise InputError(message, place, "Write https://.")
    if scheme not in _ROOTS:
        known = "s3://, gs://, az://, https:// or env:NAME"
        raise InputError(f"{name}: `from` must begin with {known}", place, HOW)
    pattern, form = _ROOTS[scheme]
    if "?" in rest:
        raise InputError(f"{name}: a query has no place in `from`", place, _CREDENTIALS)
    if not pattern.fullmatch(rest):
        raise InputError(
            f"{name}: expected {form}",
            place,
            "All of a bucket has the prefix /, as s3://bucket/.",
        )
    return RemotePlace(address, to)


def web_address(address: str, name: str, place: str, signed: bool = False) -> str:
    """Return an address of the web; `signed` lets it have a query.

    Raises InputError, which does not repeat it, where it is none.
    """
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise InputError(f"{name}: not an address", place, HOW) from error
    is_plain = address.isascii() and address.isprintable() and " " not in address
    if parts.scheme != WEB or not host or not is_plain:
        hint = "Write https://HOST/PATH, with percent signs for what is not plain."
        raise InputError(f"{name}: not an address of the web", place, hint)
    if "@" in parts.netloc:
        raise InputError(f"{name}: an address must not hold a user or password", place)
    if (parts.query or parts.fragment) and not signed:
        hint = (
            "Put the whole address into a variable of the environment, and write"
            " `from: env:NAME_OF_VARIABLE`: a query may be a signature."
        )
        raise InputError(f"{name}: an address must not have a query", place, hint)
    return address


def shown(address: str) -> str:
    """Return an address without what may be a credential: user, query and fragment."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

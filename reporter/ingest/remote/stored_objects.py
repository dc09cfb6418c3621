"""What fetching asks of a storage, whichever it is. In: nothing. Out: StoredObject, ObjectStore,
and what can go wrong with one object.

No message repeats what a library says: that may hold an address with a signature.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from reporter.model.sentences import Sentence, tell

CONNECT_SECONDS, READ_SECONDS = 10, 60
"""How long a connection may take, and how long it may then be silent."""
CHUNK = 1 << 20
PAGE = 1000
"""Objects of one page of a list, which is the most that S3 gives."""
THREADS = 16
"""Objects that are fetched at a time."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as the list of its storage tells."""

    key: str
    size: int
    """-1 where the storage does not tell."""
    etag: str = ""
    version: str = ""
    """Version or generation; of S3 it is known once the object is read."""
    changed_at: str = ""

    @property
    def state(self) -> str:
        """Return what changes when the object is written; '' where nothing tells."""
        told = (self.etag, self.version, self.changed_at)
        return "\n".join((*told, str(self.size))) if any(told) else ""


class ObjectStore(Protocol):
    """A prefix of a storage, or an address of the web."""

    address: str
    """Whom it asks, for messages."""

    def page(self, after: str) -> tuple[list[StoredObject], str]:
        """Return a page of the list and what to ask the next one with; '' for none."""

    def look(self, key: str) -> StoredObject:
        """Return an object as it is now."""

    def read(self, object: StoredObject, take: Callable[[bytes], object]) -> StoredObject:
        """Hand on the bytes of exactly this state of an object, as they are stored; return it with
        what is known once it is read.
        """


class ObjectError(Exception):
    """Something is wrong with one object, or with one request."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(str(reason))
        self.reason = reason


class BrokenError(ObjectError):
    """The storage did not answer, or not in full: another try may succeed."""


class ChangedError(ObjectError):
    """The object is not what the list told."""

    def __init__(self) -> None:
        super().__init__(tell("it was written to while it was being fetched"))


class GoneError(ObjectError):
    """The object is not there any more."""

    def __init__(self) -> None:
        super().__init__(tell("it was removed after it had been listed"))


class DeniedError(ObjectError):
    """Who asks may not read it."""

    def __init__(self, code: str) -> None:
        super().__init__(tell("access is denied ({code})", code=code))


class ArchivedError(ObjectError):
    """The object lies in a class of storage that must be restored first."""

    def __init__(self) -> None:
        super().__init__(tell("it is archived: restore it, then run again"))


class CredentialsError(ObjectError):
    """There are no usable credentials; no other object will do better."""


def broken(code: str) -> BrokenError:
    """Return the error of a request that another try may answer."""
    return BrokenError(tell("the storage did not answer in full ({code})", code=code))


def refusal(status: int, code: str) -> ObjectError:
    """Return what an answer of a storage means, by its status and code."""
    if status == 404:
        return GoneError()
    if status == 412:
        return ChangedError()
    if code in ("InvalidObjectState", "BlobArchived"):
        return ArchivedError()
    if status in (401, 403):
        return DeniedError(code)
    if status in (408, 425, 429) or status >= 500:
        return broken(code)
    return ObjectError(tell("the storage refuses ({code})", code=code))


def every_object(
    store: ObjectStore, again: Callable[..., tuple[list[StoredObject], str]]
) -> Iterator[StoredObject]:
    """Yield the objects of all pages; `again` calls a function until it answers."""
    after, is_first = "", True
    while after or is_first:
        found, after = again(store.page, after)
        is_first = False
        yield from found

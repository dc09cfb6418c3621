"""What a reader yields: documents, problems in place of records that cannot be read, and notes that
cost no record. Where in a document its records stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reporter.model.sentences import Sentence, tell, verbatim
from reporter.privacy.secrets import redact

READ_FOR_SECRETS = 1 << 20
SHOWN, TOLD = 300, 1000
"""Characters of a text, and of a reason, in the quarantine."""
LISTED_LOST = 10_000
"""Lost records of one file that are listed one by one; the rest is a number."""
LONGEST_UNRECOGNISED = 300
"""Signs of a secret that was cut, of which more would be recognised."""
_BLOB = re.compile(
    r"\s*(?=[A-Za-z0-9+/]*[A-Z])(?=[A-Za-z0-9+/]*[a-z])(?=[A-Za-z0-9+/]*[0-9])[A-Za-z0-9+/]{16,}={0,2}\s*"
)


@dataclass(frozen=True, slots=True)
class Problem:
    """A record that could not be read."""

    line: int
    reason: Sentence
    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something to tell about a file."""

    line: int
    reason: Sentence


@dataclass(frozen=True, slots=True)
class Seen:
    """What a first reading of a JSON document showed."""

    proof: bytes = b""
    """What lets its records be cut out when it is read again; see `compact_json.Read`."""
    only_list: str = ""
    """The list that it holds and nothing else, as far as its beginning tells: no more was read."""


NOTHING = Seen()


@dataclass(frozen=True, slots=True)
class Document:
    """One value read: a JSON line, a CSV row, a whole JSON file."""

    line: int
    value: Any
    text: str = ""
    """The JSON text as it stood in the file, where there is one."""
    is_compact: bool = False
    """Whether `compact_json.write` gives the signs of the file for it and for each of its parts."""
    seen: Seen = NOTHING
    """What lets a second reading be quick."""


Item = Document | Problem | Note


def abridged(reason: Sentence) -> Sentence:
    """Return a reason without secrets and of limited length: it may repeat what a file holds."""
    sentence = without_secrets(reason.changed(lambda value: value[:READ_FOR_SECRETS]))
    excess = len(str(sentence)) - TOLD
    if excess <= 0:
        return sentence
    values = [v for s in sentence.parts() for _, v in s.values if isinstance(v, str)]
    longest = max(values, key=len, default="")
    shortened_sentence = sentence.changed(
        lambda value: f"{value[:-excess]}…" if value == longest else value
    )
    return (
        shortened_sentence
        if len(str(shortened_sentence)) <= TOLD + 1
        else verbatim(f"{str(sentence)[:TOLD]}…")
    )


def without_secrets(reason: Sentence) -> Sentence:
    """Replace secrets in the values of a sentence; where one shows only beside our own words, the
    whole text is redacted.
    """
    sentence = reason.changed(redact)
    text = str(sentence)
    return sentence if redact(text) == text else verbatim(redact(text))


def rest_lost(count: int, kind: str) -> Sentence:
    """Say how many records of a file are lost and not listed."""
    return tell(
        "and {n:,} more {kind:word} records of this file, which are not listed one by one",
        n=count - LISTED_LOST,
        kind=kind,
    )


def excerpt(text: str) -> str:
    """Return the start of an unreadable text, for the quarantine, with secrets redacted before it
    is cut.

    A line that is one run of random characters is not shown: it may be a line of a private key.
    """
    for size in (1 << 12, READ_FOR_SECRETS):
        excerpt = redact(text[:size])
        if len(text) <= size or len(excerpt) > SHOWN + LONGEST_UNRECOGNISED:
            break
    if _BLOB.fullmatch(excerpt):
        return "[secret]"
    return excerpt[:SHOWN].encode("utf-8", "replace").decode()


def records_at(value: Any, path: str) -> Iterator[Any]:
    """Yield the records of a document at a path; 'a[].b|c[]' steps into lists and notes the parents
    in _parents.
    """
    if not path:
        yield from (value if isinstance(value, list) else [value])
        return
    for document in value if isinstance(value, list) else [value]:
        yield from _step(document, path.split("."), [])


def has_place(value: Any, path: str) -> bool:
    """Say whether a document has the first step of a path, even if no record stands there."""
    names = path.split(".")[0].removesuffix("[]").split("|")
    nodes = value if isinstance(value, list) else [value]
    return not path or any(
        isinstance(d, dict) and isinstance(d.get(n), (list, dict)) for d in nodes for n in names
    )


def _step(value: Any, steps: list[str], parents: list[Any]) -> Iterator[Any]:
    if not steps:
        yield {**value, "_parents": parents} if parents and isinstance(value, dict) else value
        return
    if not isinstance(value, dict):
        yield from [value] if parents else []
        return
    names = steps[0].removesuffix("[]").split("|")
    name = next((n for n in names if n in value), "")
    child = value.get(name)
    is_list = steps[0].endswith("[]") or len(steps) == 1
    if child is None or (is_list and not isinstance(child, list)):
        return
    if not is_list:
        yield from _step(child, steps[1:], parents)
        return
    if len(steps) == 1 and not parents:
        yield from child
        return
    parent = {k: v for k, v in value.items() if k != name and k != "_parents"}
    for item in child:
        yield from _step(item, steps[1:], [*parents, parent])

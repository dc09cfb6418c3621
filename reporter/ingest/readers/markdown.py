"""Markdown with front matter: what stands above the text as values, and of the text no more than
its hash and headings. In: bytes. Out: one record.

A text is a prompt or a policy: what it says is not read.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from reporter.content.yaml import parse_yaml_all
from reporter.errors import InputError

FENCE = re.compile(
    r"\A\s*---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*\r?(?:\n|\Z)", re.DOTALL | re.MULTILINE
)
"""The front matter, between lines of three dashes."""
HASH, HEADINGS = "_body_sha256", "_headings"
MOST_HEADINGS = 1000
_CODE = re.compile(r"^ {0,3}(```|~~~).*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+)$", re.MULTILINE)
_FIELD = re.compile(r"([A-Za-z_][\w-]*)[ \t]*:(?:[ \t]+(.*)|[ \t]*)\Z")
_ITEM = re.compile(r"[ \t]*-[ \t]+(.*)\Z")


def has_front_matter(text: str, suffix: str) -> bool:
    """Tell whether the beginning of a file is that of Markdown with a field above its text."""
    if suffix not in ("md", "markdown", "mdc", "mdx"):
        return False
    match = FENCE.match(text)
    front = match[1] if match else text if re.match(r"\s*---[ \t]*\r?\n", text) else ""
    return any(_FIELD.match(line.rstrip()) for line in front.splitlines())


def read(text: str, name: str) -> dict[str, Any]:
    """Return the fields of a text, the hash of what follows them, without the blanks around it and
    with plain line ends, and its headings.

    Raises InputError where no front matter ends, or it holds no fields.
    """
    match = FENCE.match(text)
    if not match:
        raise InputError("front matter without an end", f"{name}:1")
    fields = _fields(match[1], name)
    body = text[match.end() :].replace("\r\n", "\n").strip()
    headings = [_heading(text) for text in _HEADING.findall(_CODE.sub("", body))]
    return {
        **{key: value for key, value in fields.items() if key not in (HASH, HEADINGS)},
        HASH: hashlib.sha256(body.encode("utf-8", "surrogateescape")).hexdigest(),
        HEADINGS: headings[:MOST_HEADINGS],
    }


def _heading(text: str) -> str:
    """Return a heading without the blanks around it and the signs that may close it."""
    plain = text.strip()
    return plain.rstrip("#").rstrip() or plain[:1]


def _fields(front: str, name: str) -> dict[str, Any]:
    """Return the fields of a front matter: as YAML, and where it is none, line by line, for tools
    write descriptions with colons and without quotes.
    """
    try:
        (values,) = parse_yaml_all(front, name) or [None]
    except (InputError, ValueError):
        values = None
    fields = values if isinstance(values, dict) else _by_line(front)
    if not fields:
        raise InputError("front matter without a field", f"{name}:2")
    return {str(key): value for key, value in fields.items()}


def _by_line(front: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    last = ""
    for line in front.splitlines():
        if match := _FIELD.match(line.rstrip()):
            last = match[1]
            fields.setdefault(last, _unquoted(match[2] or ""))
        elif (item := _ITEM.match(line.rstrip())) and last and isinstance(fields[last], list | str):
            items = fields[last] if isinstance(fields[last], list) else []
            if items or not fields[last]:
                fields[last] = [*items, _unquoted(item[1])]
    return fields


def _unquoted(value: str) -> str:
    text = value.strip()
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if is_quoted else text

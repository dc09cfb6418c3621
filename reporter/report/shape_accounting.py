"""The printable shape of what became of every input record; a part of `shape.View`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileLine:
    file: str
    source: str
    why: str
    sha256: str
    read: str
    kept: str
    out_of_scope: str
    unreadable: str
    rejected: str
    part: str = ""
    """The sheet or list of the file that this is; empty for a whole file."""
    lined: bool = False
    """Its record numbers are line numbers."""


@dataclass(frozen=True, slots=True)
class FeedLine:
    log_source: str
    alive: str
    expected: str
    seen: str
    gap: str
    events: str
    delay: str
    disorder: str
    window: str


@dataclass(frozen=True, slots=True)
class CoverageLine:
    agent: str
    log_source: str
    seen: str
    gap: str
    events: str


@dataclass(frozen=True, slots=True)
class Rejected:
    place: str
    kind: str
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Accounting:
    files: tuple[FileLine, ...]
    total: FileLine
    equation: str
    out_of_scope: tuple[tuple[str, str, str], ...]
    """(source, record type, count)"""
    quarantined: tuple[Rejected, ...]
    quarantined_text: str
    feeds: tuple[FeedLine, ...]
    feeds_text: str
    coverage: tuple[CoverageLine, ...]
    coverage_text: str

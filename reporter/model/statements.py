"""Statements of people as plain data, as given and as counted: answers, waivers, compensating
controls.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reporter.i18n.translate import mark
from reporter.model.sentences import Sentence

ATTESTATIONS, WAIVERS, COMPENSATIONS = "attestations", "waivers", "compensations"
RESPONSES = "responses"
"""The kinds, as their files are named."""
EXCEPTIONS = "exceptions"
"""The table whose rows are waivers too."""
SIGNED = (
    "waiver",
    "compensation",
    "exception",
    "attestation",
    "examination",
    "not_applicable",
    "baseline",
)
"""What somebody signs: the keys of `approvers:` in reporter.yml."""


DONE, RISK_ACCEPTED = "done", "risk accepted"
RESPONSE_STATUSES = ("accepted", "in progress", DONE, "disputed", RISK_ACCEPTED)
"""What an owner answers to a finding."""
LEFT_OUT = mark("left out: it may name people")
"""In a run without names: replaces free text."""
REMOVED = mark("removed by a purge")
"""In a run that was purged: replaces the text of raw records."""


@dataclass(frozen=True, slots=True)
class Given:
    """One row of statements/KIND.* as it was read."""

    file: str
    line: int
    fields: dict[str, str]
    """Column -> text; a column that the row does not have is missing."""
    wrong: Sentence | None = None
    """Why it is not a row at all."""

    @property
    def ref(self) -> str:
        return f"{self.file}#{self.line}"


@dataclass(frozen=True, slots=True)
class Attestation:
    """One answer that is well formed, and what it counts as."""

    framework: str
    control: str
    answer: str
    """yes | no | not applicable"""
    statement: str
    attested_by: str
    role: str
    date: datetime | None
    expires: datetime | None
    method: str
    """attest | examine"""
    artefact: str
    artefact_sha256: str
    examined_by: str
    reason: str
    ref: str
    artefact_place: str = ""
    """Page, section or line of the artefact."""
    observed: str = ""
    """What was seen there."""
    confirmed_by: str = ""
    """The second person who says that the control does not apply."""
    status: str = ""
    """pass | attested | fail | na | unknown; '' when it is as if it had never been given."""
    settles: bool = False
    """The control's question depends on it."""
    why: Sentence | None = None
    """Why it counts as that."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """A failure that somebody accepts for a time; it never changes a score."""

    check: str
    subject: str
    """'' for every subject that fails the check."""
    reason: str
    approved_by: str
    approved_at: datetime
    expires: datetime
    """The day from which it is none."""
    review_at: datetime | None
    """None: an exception names no such day."""
    ticket: str
    ref: str
    kind: str = WAIVERS
    """waivers, or exceptions: a row of that table, which is a waiver."""
    counts_as: str = ""
    """waived; '' when it has no effect."""
    results: int = 0
    """Failing results that it removes from the roadmap."""
    why: Sentence | None = None
    """What it does, or why it does nothing."""


@dataclass(frozen=True, slots=True)
class Compensation:
    """Another check that stands in for one that fails on a subject."""

    check: str
    subject: str
    by_check: str
    reason: str
    approved_by: str
    approved_at: datetime
    expires: datetime
    ref: str
    counts_as: str = ""
    """compensated; '' when it has no effect."""
    results: int = 0
    why: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """What management answers to a finding; it never changes a score."""

    finding: str
    """Id of a cause, as in causes.csv of this run or an earlier one."""
    status: str
    """One of RESPONSE_STATUSES."""
    response: str
    owner: str
    due: datetime | None
    evidence: str
    ref: str

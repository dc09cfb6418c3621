"""A source as plain data: how one vendor format is recognised, and what becomes of its records;
and what a collector asks a vendor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Source:
    """How one vendor format is recognised, and the SQL that turns its records into rows."""

    id: str
    title: str
    describe: str
    when: str
    """SQL condition over raw(r JSON)."""
    records: tuple[str, ...]
    """JSON paths (a.b) where a document may hold its list of records; '' is the document itself."""
    columns: dict[str, str]
    """Declared columns of a large flat format, read without parsing JSON; the SQL then names them.
    """
    texts: tuple[str, ...]
    """Keys that `raw` also gives as text columns; read once for all tables."""
    lists: tuple[str, ...]
    """Keys that `raw` also gives as JSON[] columns."""
    may_lack: tuple[str, ...]
    """Required columns of events that the format itself does not have, such as a time."""
    together: bool
    """Its SQL relates records to each other, so all must be present at once; other sources are read
    in portions.
    """
    skip: str
    """SQL condition: recognised, but none of our tables wants it (out of scope)."""
    type_of: str
    """SQL text: the record type printed when a record is out of scope."""
    tables: dict[str, str]
    place: str
    sha256: str
    rank: int
    """Precedence when two sources recognise a file equally: lower wins."""
    foreign: bool = False
    """Written by others: its SQL runs in a child."""
    evidence: str = "declared"
    """Class of evidence of its rows, one of `vocabulary.EVIDENCE`."""
    weaker: dict[str, str] = field(default_factory=dict)
    """Class of single columns, as table.column, that rest on less."""
    export: str = ""
    """How to get such a file, in lines: a call, a command or a click path."""

    must_have: tuple[str, ...] = ()
    """Columns of events without which a row is rejected, beside those that the table requires."""
    may_read_secrets: bool = False
    """Its fields are the choice of a user, and one of them may hold a secret by its name."""

    def class_of(self, column: str) -> str:
        """Return the class of evidence of what it says in a column, as table.column; of '' that of
        its rows.
        """
        return self.weaker.get(column, self.evidence)

    @property
    def is_log(self) -> bool:
        """Tell whether it reads events, and beside them at most what few of them change."""
        return "events" in self.tables and not {"actors", "components"} & {*self.tables}


@dataclass(frozen=True, slots=True)
class Query:
    """What a collector asks of a vendor, so that a source can read the answer."""

    id: str
    """Also the name of its file, and of the answer's."""
    collector: str
    """Such as aws: what the user names to get it."""
    title: str
    """The vendor in words."""
    plugin: str
    """Plugin of Steampipe that answers it."""
    source: str
    """Source that reads the answer."""
    cloudquery: tuple[str, ...]
    """Tables of CloudQuery that the same source reads instead."""
    fills: dict[str, tuple[str, ...]]
    """Table -> columns that the answer fills."""
    sql: str
    folder: str
    """Folder of the workspace that the answer belongs in: inventory or logs."""


@dataclass(frozen=True, slots=True)
class ToolRule:
    """What a test by a rule of another tool means for a check, about what was tested."""

    tool: str
    """In small letters, as `tests.tool` begins."""
    rule: str
    """An id, or a pattern with *."""
    check: str
    fails: str
    """Where a failed test by itself means that the check is not met: always, in_scope (where the
    check itself had found something to assess), or '' (nowhere).
    """
    passes: bool
    """A passed test by itself means that the check is met."""
    of: tuple[str, ...]
    """Types of credentials: the rule speaks of the only one of them that the target holds."""
    days: int
    """Days before the end of the period at which a test counts, though before the period."""
    place: str


Sources = Mapping[str, Source]
"""By id."""


def class_of(sources: Sources, source: str, column: str) -> str:
    """Return the class of evidence of what a source says in a column, as table.column; `record`
    for a source that is not among them: the rows of an example.
    """
    if source not in sources:
        return "record"
    return sources[source].class_of(column)

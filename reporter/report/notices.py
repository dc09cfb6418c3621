"""What a reader must know before the first number. In: an `Assessment`. Out: `shape.Notice` for page 1, stdout and machines.

A notice is a code with values; its sentence stands here, once for all formats and languages.
"""

from __future__ import annotations

from collections.abc import Mapping

from reporter import model
from reporter.texts import mark, say

from . import shape
from .words import clean, number, short

LINES_SHOWN = 5
"""Lines of a notice on page 1; `Notice.rest` says where the others stand."""

SENTENCES: Mapping[str, str] = {
    "files_not_read": mark("Files that were found and not read: {n}. What they hold takes no part in any number."),
    "files_changed": mark("Files that changed while they were read: {n}. None of their records is used. Run again, on a copy that nobody writes to."),
    "nothing_kept": mark("Files that were recognised and of which no record was kept: {n}. They prove nothing, neither good nor bad."),
    "documents": mark("Documents: {n}. No record is read from them; below statements/ each can be the artefact of an attestation. The headings of attestations.csv, and a line to copy for each:"),
}  # fmt: skip
"""Code of a notice -> its sentence, with the names of its values."""


def notices(a: model.Assessment) -> tuple[shape.Notice, ...]:
    """Print the notices of a run, in the order in which they were given."""
    return tuple(map(_notice, a.notices))


def _notice(notice: model.Notice) -> shape.Notice:
    values = {k: number(v) if isinstance(v, int) else clean(v) for k, v in notice.values}
    shown = tuple(short(clean(line), notice.where) for line in notice.lines[:LINES_SHOWN])
    rest = len(notice.lines) - len(shown)
    return shape.Notice(
        code=notice.code,
        text=say(SENTENCES[notice.code], **values),
        lines=shown,
        rest=say("and {n} more, in {where}", n=number(rest), where=notice.where) if rest else "",
    )

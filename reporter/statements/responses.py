"""Responses of management to findings. In: rows as given. Out: responses; wrong rows are rejected
with their line, rows that nobody filled in are set aside.

A response changes no score and no roadmap, so nobody has to sign it: the records say whether the
finding is fixed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from reporter.i18n.translate import languages, speaking, word
from reporter.model.assessment import Quarantined
from reporter.model.sentences import Sentence, tell
from reporter.model.statements import RESPONSE_STATUSES, Given, Response
from reporter.statements.fields import Wrong, day, filled, one_of, rejected


@dataclass(frozen=True, slots=True)
class Responses:
    """The responses of a workspace, in the order of their findings."""

    responses: tuple[Response, ...]
    rejected: tuple[Quarantined, ...]
    aside: tuple[tuple[str, Sentence], ...]
    """(file, reason) of each row that nobody filled in."""


def read_responses(rows: Sequence[Given]) -> Responses:
    """Parse the rows; a finding has one response."""
    by_finding: dict[str, Response] = {}
    rejects: list[Quarantined] = []
    aside: list[tuple[str, Sentence]] = []
    for row in rows:
        fields = {name: text.strip() for name, text in row.fields.items()}
        try:
            if row.wrong:
                hint = tell("expected one record a response, each field a text")
                raise Wrong(row.wrong, hint=hint)
            if _is_blank(fields):
                aside.append((row.file, tell("no response yet")))
                continue
            response = _response(fields, row.ref)
            if first := by_finding.get(response.finding):
                raise Wrong(
                    tell("{id} has a response already: {ref}", id=response.finding, ref=first.ref),
                    hint=tell("expected one row a finding"),
                )
            by_finding[response.finding] = response
        except Wrong as error:
            rejects.append(rejected(row, error))
    responses = sorted(by_finding.values(), key=lambda r: r.finding)
    return Responses(tuple(responses), tuple(rejects), tuple(aside))


def _is_blank(fields: Mapping[str, str]) -> bool:
    """Tell whether a row of the form has neither status, response nor evidence. Its owner and day
    were filled in for the person who answers.
    """
    if "status" not in fields:
        raise Wrong(tell("there is no field status"), hint=_statuses())
    return not any(fields.get(name) for name in ("status", "response", "evidence"))


def _response(fields: Mapping[str, str], ref: str) -> Response:
    finding = filled(fields, "finding", tell("expected the id of a finding, as in causes.csv"))
    status = " ".join(fields["status"].replace("_", " ").lower().split())
    return Response(
        finding,
        one_of({"status": status}, "status", _status_words(status)),
        fields.get("response", ""),
        fields.get("owner", ""),
        _due(fields),
        fields.get("evidence", ""),
        ref,
    )


def _due(fields: Mapping[str, str]) -> datetime | None:
    """Return the agreed day. A spreadsheet may have saved it as 31.12.2026: with dots the day comes
    first everywhere. With slashes it may be the month, so such a row is rejected.
    """
    dotted = _DOTTED.fullmatch(fields.get("due", ""))
    if not dotted:
        return day(fields, "due")
    written = f"{dotted[3]}-{dotted[2]:0>2}-{dotted[1]:0>2}"
    try:
        return day({"due": written}, "due")
    except Wrong:
        return day(fields, "due")  # which names it as it was given


_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)


def _status_words(status: str) -> dict[str, str]:
    """Return the words for each status; those of other languages only where one is needed."""
    words = {s: s for s in RESPONSE_STATUSES}
    for code in languages() if status not in words else ():
        with speaking(code):
            words |= {word(s).lower(): s for s in RESPONSE_STATUSES}
    return words


def _statuses() -> Sentence:
    return tell("expected {words}", words=RESPONSE_STATUSES)

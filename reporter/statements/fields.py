"""The values of the fields of a statement. In: a row as texts. Out: values, or `Wrong` with the
expected form; the row rejected.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches

from reporter.errors import ReporterError
from reporter.model.assessment import Quarantined
from reporter.model.sentences import Sentence, Value, tell
from reporter.model.statements import Given

SHOWN = 300
FEW = 9
"""Up to this many words are listed; beyond that, the closest ones or an example."""


class Wrong(ReporterError):
    """A row that cannot be accepted: its mistake, and the expected form."""

    def __init__(self, wrong: Sentence, hint: Sentence) -> None:
        super().__init__(str(wrong), hint=str(hint))
        self.sentence = tell("{one}; {other}", one=wrong, other=hint)


def rejected(row: Given, error: Wrong) -> Quarantined:
    """Return the row for the quarantine; secrets were replaced when it was read."""
    text = json.dumps({k: v for k, v in row.fields.items() if v}, ensure_ascii=False)[:SHOWN]
    return Quarantined(row.file, row.line, "rejected", error.sentence, text)


def filled(fields: Mapping[str, str], name: str, expected: Sentence) -> str:
    """Return a required text; `expected` is a whole sentence."""
    value = fields.get(name, "")
    if not value:
        raise Wrong(_empty(name), hint=expected)
    return value


def one_of(fields: Mapping[str, str], name: str, words: Mapping[str, str]) -> str:
    """Return the meaning of a word of a list; the error names the closest words."""
    value = fields.get(name, "")
    if value in words:
        return words[value]
    suggestions = get_close_matches(value, words, 3 if len(words) > FEW else 1)
    hint = _suggestion(suggestions) if suggestions and len(words) > FEW else listed(words.values())
    raise Wrong(_is(name, value) if value else _empty(name), hint=hint)


def _empty(name: str) -> Sentence:
    return tell("{name} is empty", name=name)


def _is(name: str, value: str) -> Sentence:
    return tell("{name} is {value}", name=name, value=repr(value))


def _suggestion(close: Sequence[str]) -> Sentence:
    return tell("did you mean {word}?", word=any_of(close))


def any_of(words: Sequence[str]) -> Value:
    """Join alternatives with "or"."""
    if len(words) == 1:
        return words[0]
    return tell("{word} or {other}", word=any_of(words[:-1]), other=words[-1])


def listed(words: Iterable[str]) -> Sentence:
    """Name the accepted words, or one example."""
    names = sorted(set(words))
    if len(names) > FEW:
        return tell("expected an id such as {word}", word=names[0])
    return tell("expected {words}", words=tuple(names))


def a_day() -> Sentence:
    """Return the expected form of a day."""
    return tell("expected a day such as {day}", day="2026-09-15")


def day(fields: Mapping[str, str], name: str) -> datetime | None:
    """Return a day or a time as naive UTC, a day as its midnight; None where it is empty."""
    value = fields.get(name, "")
    if not value:
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except (ValueError, OverflowError):
        raise Wrong(_is(name, value), hint=a_day()) from None

"""The reason for a result, in words. In: a reason code, values, sentences. Out: a sentence.

A sentence names its values: `{tool}`; `{last_at:day}` a time as a day; `{kind:word}` one of our
words; `{n:day|days}` a number with its noun. Text in brackets appears only where all its values are
known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import msgspec

from reporter.i18n.translate import content, language, mark, numeral, plural, say, word
from reporter.model.assessment import Check

CHECK_STATUSES = ("pass", "fail", "unknown")
"""What the SQL of a check can find; each is a reason code too."""
DAY, WORD = "day", "word"
FEW = 3
"""Number of items of a list that are named."""
COMPENSATED = "compensated"
"""The value that names the compensation of a failure: a check, until when, the record."""
ENGINE: Mapping[str, str] = {
    "pass": mark("it holds"),
    "fail": mark("it does not hold"),
    "unknown": mark("no reason given"),
    "unlisted": mark("not in any register provided"),
    "not_recorded": mark("no record of {sources} holds {columns}"),
    "recorded_nowhere": mark("no input records {columns}"),
    "partial_export": mark("pages of the export of {sources} are missing"),
    "unread": mark("{column} holds a value that could not be read, in {ref}"),
    "records_differ": mark("two records differ on {column}; one of them is {ref}"),
    "too_weak": mark(
        "it passes, but its evidence is only {evidence:word}, and this check requires better"
    ),
    "no_events": mark("no input holds an event"),
    "silent_days": mark("log source {log_source} delivered on {seen} of {expected:day|days}"),
    "silent_hours": mark("log source {log_source} delivered in {seen} of {expected:hour|hours}"),
    "no_log": mark("no log source is declared for it and none shows it"),
    "unclassed": mark(
        "it is in no list and calls tools or models, or the log does not say what it is or did: it"
        " may be an agent"
    ),
    "disguised": mark(
        "listed as {kind:word}, but has features of an agent ({signs:word}): it may be an agent"
    ),
    "not_run": mark("the check could not be run: {error}"),
    "test_failed": mark(
        "{tool} tested it on {tested_at:day}, and rule {rule} failed[ (severity {severity:word})][,"
        " as since {found_at:day}][; so did {n_more:other rule|other rules}]"
    ),
    "test_passed": mark("{tool} tested it on {tested_at:day}, and rule {rule} passed"),
}
"""Sentences of the honesty rules, by code; a check may use no code of these except those of a plain
`ok`.
"""
SHOWN_BY: Mapping[str, str] = {
    "declared": mark("declared"),
    "record": mark("on record"),
    "observed": mark("seen in logs"),
    "verified": mark("verified"),
}
"""How good the evidence is, as printed, by class of `vocabulary.EVIDENCE`."""
ALSO, THEN = ',"also":', ',"then":'
"""How values begin, in JSON, that no sentence names: columns that are lacking too, and the reason
that would hold were this one gone. They stand last.
"""
_PART = re.compile(r"\{([^{}]*)\}|([\[\]{}])")
_PLACE = re.compile(r"([a-z_][a-z0-9_]*)(?::(.+))?")
_FORM = re.compile(rf"|{DAY}|{WORD}|[^|]*[^|\s][^|]*\|[^|]*[^|\s][^|]*")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sentence has a value."""

    name: str
    form: str = ""
    """day | word | one|many; '' as it is."""


Parts = tuple["str | Place | Parts", ...]
"""A parsed sentence; a nested tuple stands in brackets."""


@lru_cache(4096)
def parsed(sentence: str) -> Parts:
    """Parse a sentence.

    Raises ValueError where a bracket is open or holds no value, or a placeholder is invalid.
    """
    parts: list[Any] = []
    bracket: list[Any] | None = None
    at = 0
    for token in _PART.finditer(sentence):
        target = parts if bracket is None else bracket
        if token.start() > at:
            target.append(sentence[at : token.start()])
        at = token.end()
        if token[1] is not None:
            place = _PLACE.fullmatch(token[1])
            if not place:
                raise ValueError(f"{token[0]} is not a place of a value")
            form = place[2] or ""
            if not _FORM.fullmatch(form):
                raise ValueError(
                    f"{token[0]}: no form {form!r} of a value; known are {DAY}, {WORD} and two"
                    " nouns such as day|days"
                )
            target.append(Place(place[1], form))
        elif token[2] == "[" and bracket is None:
            bracket = []
        elif token[2] == "]" and bracket is not None:
            if not any(isinstance(p, Place) for p in bracket):
                raise ValueError(f"[{''.join(bracket)}] names no value: it would always appear")
            parts.append(tuple(bracket))
            bracket = None
        else:
            raise ValueError(f"{token[2]} stands alone in {sentence!r}")
    if bracket is not None:
        raise ValueError(f"[ is not closed in {sentence!r}")
    if at < len(sentence):
        parts.append(sentence[at:])
    return tuple(parts)


def places(sentence: str) -> Iterator[Place]:
    """Yield the places of a sentence."""
    for part in parsed(sentence):
        if isinstance(part, Place):
            yield part
        elif isinstance(part, tuple):
            yield from (p for p in part if isinstance(p, Place))


def filled(sentence: str, values: Mapping[str, Any], words: Mapping[str, str] = {}) -> str:
    """Put values into a sentence; `words` are what a check calls some of its values."""
    return "".join(_fill_parts(parsed(sentence), values, words))


def _fill_parts(parts: Parts, values: Mapping[str, Any], words: Mapping[str, str]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
        elif isinstance(part, Place):
            yield _value(part.form, values.get(part.name), words)
        elif all(values.get(p.name) is not None for p in part if isinstance(p, Place)):
            yield from _fill_parts(part, values, words)


def _value(form: str, value: Any, words: Mapping[str, str]) -> str:
    if isinstance(value, str):
        if form == DAY:
            return value[:10]
        return _word(value, words) if form == WORD else value
    if value is None:
        return say("not recorded")
    if isinstance(value, list):
        return _listed([_value(form, v, words) for v in value])
    if isinstance(value, bool):
        return word("yes" if value else "no")
    number = numeral(f"{value:,}")
    return f"{number} {plural(form.split('|'), int(value))}" if "|" in form else number


def _word(value: str, words: Mapping[str, str]) -> str:
    return content(words[value]) if value in words else word(value.replace("_", " "))


def _listed(texts: Sequence[str]) -> str:
    names = ", ".join(texts[:FEW])
    rest_count = len(texts) - FEW
    return (
        say("{named} and {n} more", named=names, n=numeral(f"{rest_count:,}"))
        if rest_count > 0
        else names
    )


class Reasons:
    """What the results of a run say, in any language."""

    def __init__(self, checks: Iterable[Check]) -> None:
        self._checks = {c.id: c for c in checks}
        self._learned: dict[tuple[str, str, str], tuple[Parts, Check | None, str]] = {}
        # Of 139,000 results of 2,000 agents 85 % say what another of their check says.
        self._text = lru_cache(8192)(self._filled)

    def of(self, check: str, code: str, values: str) -> str:
        """Return the sentence of a code of a check, its values (a JSON object) put in."""
        return self._text(language(), check, code, values)

    def sentences(self) -> Callable[[str, str, str], str]:
        """Return `of` in the current language: cheaper for the many rows of a report."""
        return partial(self._text, language())

    def _filled(self, speech: str, check: str, code: str, values: str) -> str:
        if not code:
            return ""
        key = (speech, check, code)
        parts, rule, plain_text = self._learned.get(key) or self._learn(key)
        if not values:  # of most results that are unknown
            return plain_text
        decoded = msgspec.json.decode(values)
        if parts:
            all_values, words = ({**rule.params, **decoded}, rule.words) if rule else (decoded, {})
            text = "".join(_fill_parts(parts, all_values, words))
        else:
            text = _bare(code, decoded)
        return text + _compensated(decoded[COMPENSATED]) if COMPENSATED in decoded else text

    def words_of(self, check: str, code: str) -> frozenset[str]:
        """Return the names of the values that are our own words, in the sentence of a code."""
        rule = self._checks.get(check)
        sentence = (rule.sentences.get(code) if rule else None) or ENGINE.get(code, "")
        return frozenset(p.name for p in places(sentence) if p.form == WORD)

    def _learn(self, key: tuple[str, str, str]) -> tuple[Parts, Check | None, str]:
        """Return the sentence of a code in the current language, parsed, and as it reads without
        values.
        """
        _, check, code = key
        rule = self._checks.get(check)
        text = rule.sentences.get(code) if rule else None
        sentence = content(text) if text else say(ENGINE[code]) if code in ENGINE else ""
        params, words = (rule.params, rule.words) if rule else ({}, {})
        plain_text = filled(sentence, params, words) if sentence else _bare(code, {})
        self._learned[key] = (parsed(sentence), rule, plain_text)
        return self._learned[key]


def says_alike(first: str, last: str) -> bool:
    """Tell whether values say the same, and with them all that are sorted between the two."""
    return _said(first) == _said(last)


def _said(values: str) -> str:
    return (values or "").partition(ALSO)[0].partition(THEN)[0].rstrip("}")


def alike(reason: str, all_alike: bool) -> str:
    """Say the reason of several results, one of which was asked: as it is, or as an example."""
    return reason if all_alike else say("for example, {reason}", reason=reason)


def _compensated(by: Mapping[str, str]) -> str:
    return say("; compensated by {by} until {until} ({ref})", **by)


def _bare(code: str, values: Mapping[str, Any]) -> str:
    """Show a code of another version unchanged."""
    listing = ", ".join(f"{name} {value}" for name, value in values.items() if name != COMPENSATED)
    return f"{code} ({listing})" if listing else code

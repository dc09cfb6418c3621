"""Statements about a record, a file or a statement. In: an English text with placeholders, values.
Out: the text filled in.

A text stands in the code as `tell("...", n=3)` or `mark("...")`. A placeholder is `{name}`,
`{n:,}`, `{share:number}` (already formatted) or `{kind:word}`, one of our words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from reporter.i18n.translate import mark, numeral, say, word

_AS_IT_IS = "{text}"
"""A sentence that somebody else wrote, or a tool: it is not translated."""
NOT_OF_TYPE = mark("{name} is not {expected}: {value}")
"""The note on a field that could not be read; `name` is table.column."""
_WORD, _NUMBER = "word", "number"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A whole sentence, or a part of another one that is its value."""

    text: str
    """In English, with the places of its values."""
    values: tuple[tuple[str, Value], ...] = ()

    def __str__(self) -> str:
        """Fill it in, in English: tables and the command line are English in every language."""
        return self._filled(self.text, False)

    def translated(self) -> str:
        """Fill it in, in the current language."""
        return self._filled(say(self.text), True)

    def _filled(self, text: str, spoken: bool) -> str:
        if not self.values:
            return text
        return text.format(**{name: _Filled(value, spoken) for name, value in self.values})

    def value(self, name: str) -> Any:
        """Return a value; '' where it has none of that name."""
        return dict(self.values).get(name, "")

    def parts(self) -> Iterator[Sentence]:
        """Yield it, and the sentences within."""
        yield self
        for _, value in self.values:
            if isinstance(value, Sentence):
                yield from value.parts()

    def changed(self, change: Callable[[str], str]) -> Sentence:
        """Change the texts among its values; our own text and words stay."""

        def anew(name: str, value: Value) -> Value:
            if f"{{{name}:{_WORD}}}" in self.text:
                return value
            if isinstance(value, Sentence):
                return value.changed(change)
            if isinstance(value, tuple):
                return tuple(map(change, value))
            return change(value) if isinstance(value, str) else value

        return Sentence(self.text, tuple((name, anew(name, value)) for name, value in self.values))


Value = str | int | tuple[str, ...] | Sentence
"""A text of somebody else's, a number, several texts, or a sentence within a sentence."""


class _Filled:
    """A value on its way into a text."""

    def __init__(self, value: Value, spoken: bool) -> None:
        self._value, self._spoken = value, spoken

    def __format__(self, form: str) -> str:
        value = self._value
        if isinstance(value, Sentence):
            return value.translated() if self._spoken else str(value)
        if isinstance(value, tuple):
            return ", ".join(format(_Filled(v, self._spoken), form) for v in value)
        if isinstance(value, int):
            return self._number(format(value, form))
        if form == _WORD:
            code = value.replace("_", " ")
            return word(code) if self._spoken else code
        return self._number(value) if form == _NUMBER else value

    def _number(self, digits: str) -> str:
        return numeral(digits) if self._spoken else digits


def tell(text: str, /, **values: Value) -> Sentence:
    """Make a sentence of ours; the text stands in quotes where this is called."""
    return Sentence(text, tuple(values.items()))


def verbatim(text: str) -> Sentence:
    """Make a sentence of a text that is not ours."""
    return Sentence(_AS_IT_IS, (("text", text),))


def joined(sentence: Sentence, *additions: Sentence) -> Sentence:
    """Make one sentence of several."""
    for addition in additions:
        sentence = tell("{one}; {other}", one=sentence, other=addition)
    return sentence


def labelled(label: str, why: Value) -> Sentence:
    """Put a label before a statement."""
    return tell("{what}: {why}", what=label, why=why)


def message_of(error: Exception) -> Value:
    """Return the message of an error: a sentence of ours, or the words of a tool."""
    value = error.args[0] if error.args else None
    return value if isinstance(value, Sentence) else str(error)


def spoken(text: str | Sentence) -> str:
    """Write a text or a sentence in the current language."""
    return text if isinstance(text, str) else text.translated()

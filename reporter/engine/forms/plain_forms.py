"""How a warehouse spells what our SQL says. In: texts of SQL, and their kinds. Out: text of SQL.

A form here is that of the standard, where all three dialects have it; a dialect replaces the
others. Those without a body differ in each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reporter.engine.forms.typed_sql import DAY, HUGE, NUMBER, TEXT, TEXTS, TIME, TRUTH
from reporter.engine.translation.patterns import rewritten
from reporter.engine.translation.sql_nodes import NotPortable

Typed = tuple[str, str]
"""A value as text of SQL, and its kind."""
_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}
"""What these stand for in RE2; elsewhere they know more letters."""

_BACKSLASHES = ("\\\\", "\x03")
"""Two backslashes are one in JSON, in which no such letter stands."""
_OTHERS = ("1a", "1b", "1c", "1d", "1e", "1f")
_LINES = (
    ("\\u2028", "\u2028"),
    ("\\u2029", "\u2029"),
    *((f"\\u00{c}", f"\\u00{c.upper()}") for c in ("0b", "0e", "0f", *_OTHERS)),
)
"""What others escape in JSON and DuckDB does not, or with other letters."""


class Forms:
    """The spelling of one dialect."""

    parser: str
    """Its name in sqlglot, which spells SELECT, joins and names."""
    types: dict[str, str]
    """Kind -> type there."""
    most_characters: int
    """How long a statement may be there."""

    # Constants and casts

    def literal(self, text: str) -> str:
        """Return a text."""
        raise NotImplementedError

    def huge(self, digits: str) -> str:
        """Return a whole number of up to 38 digits."""
        return self.cast(f"'{digits}'", HUGE)

    def cast(self, value: str, kind: str) -> str:
        """Return a value in another type, where the value is the same."""
        if kind not in self.types:
            raise NotPortable(f"a value of kind {kind}")
        return f"CAST({value} AS {self.types[kind]})"

    def moment(self, text: str, kind: str) -> str:
        """Return a constant time or day."""
        return self.cast(self.literal(text), kind)

    def as_text(self, value: str, kind: str) -> str:
        """Return a value as text, as DuckDB writes it."""
        if kind == TRUTH:
            return f"CASE WHEN {value} THEN 'true' WHEN NOT {value} THEN 'false' END"
        if kind == TIME:
            return self.trim(self.trim(self.micros(value), "0", "TRAILING"), ".", "TRAILING")
        if kind in (NUMBER, HUGE, DAY):
            return self.cast(value, TEXT)
        raise NotPortable(f"{kind} as text")

    def micros(self, value: str) -> str:
        """Return a time as text with six places of the second."""
        raise NotImplementedError

    def json_text(self, value: str) -> str:
        """Return a text as JSON."""
        raise NotImplementedError

    def respelled(self, text: str) -> str:
        """Return a text of JSON with the escapes of DuckDB."""
        for one, other in (_BACKSLASHES, *_LINES, _BACKSLASHES[::-1]):
            text = f"REPLACE({text}, {self.literal(one)}, {self.literal(other)})"
        return text

    def json_list(self, value: str) -> str:
        """Return a list of texts as JSON."""
        raise NotImplementedError

    def from_text(self, text: str | None, kind: str) -> str:
        """Return a value of a list of ours that was written as text."""
        if text is None:
            return "NULL"
        if kind == TRUTH:
            return text.upper()
        return text if kind == NUMBER else self.literal(text)

    def column(self, name: str) -> str:
        """Return a column of a table of the user's."""
        return self.quoted(name)

    def quoted(self, name: str) -> str:
        """Return a name as an identifier."""
        return f'"{name}"'

    def relation(self, columns: Sequence[Typed], rows: Sequence[Sequence[str | None]]) -> str:
        """Return rows of constants, which come as texts, as a query of columns with kinds."""
        if not rows:
            return self.nothing(columns)
        names = ", ".join(self.quoted(n) for n, _ in columns)
        kinds = [k for _, k in columns]
        values = ",\n".join("(" + ", ".join(map(self.from_text, row, kinds)) + ")" for row in rows)
        typed = ", ".join(f"{self.read(self.quoted(n), k)} AS {self.quoted(n)}" for n, k in columns)
        return f"SELECT {typed} FROM (VALUES\n{values}\n) AS told ({names})"

    def nothing(self, columns: Sequence[Typed]) -> str:
        """Return a query of columns without a row."""
        typed = ", ".join(f"{self.cast('NULL', k)} AS {self.quoted(n)}" for n, k in columns)
        return f"SELECT {typed} LIMIT 0"

    def read(self, value: str, kind: str) -> str:
        """Return a value that was written as a constant in its type."""
        return self.listed(value) if kind == TEXTS else self.cast(value, kind)

    def listed(self, value: str) -> str:
        """Return a list of texts that was written as JSON."""
        raise NotImplementedError

    # Time

    def later(self, value: str, number: int, unit: str) -> str:
        """Return a time that many units later."""
        raise NotImplementedError

    def cut(self, value: str, unit: str) -> str:
        """Return the begin of the day, hour or minute."""
        return f"DATE_TRUNC('{unit}', {value})"

    def days_between(self, later: str, earlier: str) -> str:
        """Return a day less another."""
        raise NotImplementedError

    def epoch_us(self, value: str) -> str:
        """Return a time in microseconds since 1970."""
        raise NotImplementedError

    def from_us(self, value: str) -> str:
        """Return the time of microseconds since 1970."""
        raise NotImplementedError

    # Numbers

    def over(self, value: str, by: str, kind: str) -> str:
        """Return a whole quotient, cut off towards zero."""
        raise NotImplementedError

    def hash(self, values: Sequence[Typed]) -> str:
        """Return a number from 0 of 63 bits that is the same for the same values."""
        raise NotImplementedError

    def told(self, values: Sequence[Typed]) -> str:
        """Return values as one text that no other values give."""
        parts = []
        for value, kind in values:
            text = value if kind == TEXT else self.as_text(value, kind)
            size = self.cast(f"LENGTH({text})", TEXT)
            parts.append(f"COALESCE({size} || ':' || {text}, '-')")
        return "(" + " || ".join(parts) + ")"

    # Texts

    def trim(self, value: str, chars: str, side: str) -> str:
        """Return a text without some letters at its ends; side is BOTH, LEADING or TRAILING."""
        name = {"BOTH": "TRIM", "LEADING": "LTRIM", "TRAILING": "RTRIM"}[side]
        return f"{name}({value}, {self.literal(chars)})"

    def concat_ws(self, separator: str, values: Sequence[str]) -> str:
        """Return texts joined, without nulls."""
        raise NotImplementedError

    def like(self, value: str, pattern: str, escape: str) -> str:
        """Return a comparison with a pattern; without an escape a backslash is none."""
        return f"{value} LIKE {pattern}" + (f" ESCAPE '{escape}'" if escape else "")

    def starts(self, value: str, head: str) -> str:
        """Return whether a text begins with another."""
        return f"STARTS_WITH({value}, {head})"

    def contains(self, value: str, part: str) -> str:
        """Return whether a text holds another."""
        return f"(STRPOS({value}, {part}) > 0)"

    def pattern(self, pattern: str, group: int) -> str:
        """Return a regular expression of RE2 as the dialect has it; no group but one counts, and
        of -1 all.
        """
        return pattern

    def group_in(self, pattern: str, group: int) -> int:
        """Return which group of a pattern so written was meant."""
        return min(group, 1)

    def matches(self, value: str, pattern: str, is_any_case: bool) -> str:
        """Return whether a pattern is found in a text."""
        raise NotImplementedError

    def extract(self, value: str, pattern: str, is_any_case: bool, group: int) -> str:
        """Return a group of the first match, or an empty text."""
        raise NotImplementedError

    def replaced(self, value: str, pattern: str, by: str) -> str:
        """Return a text with all matches replaced; by has \\1 for a group."""
        raise NotImplementedError

    def split(self, value: str, delimiter: str) -> str:
        """Return the parts of a text."""
        return f"SPLIT({value}, {delimiter})"

    def part(self, value: str, delimiter: str, number: int) -> str:
        """Return a part of a text, or an empty text."""
        raise NotImplementedError

    # Lists of texts

    def items(self, value: str, name: str) -> str:
        """Return the items of a list as a relation."""
        raise NotImplementedError

    def item_of(self, name: str) -> str:
        """Return the item of such a relation."""
        raise NotImplementedError

    def array(self, values: Sequence[str]) -> str:
        """Return a list."""
        raise NotImplementedError

    def at(self, value: str, number: int) -> str:
        """Return an item by its place, from 1; null where there is none."""
        raise NotImplementedError

    def rest(self, value: str, number: int) -> str:
        """Return the items from a place on."""
        raise NotImplementedError

    def size(self, value: str) -> str:
        """Return how many items there are."""
        raise NotImplementedError

    def append(self, value: str, item: str) -> str:
        """Return a list with one item more."""
        raise NotImplementedError

    def has(self, value: str, item: str) -> str:
        """Return whether an item is in a list; null where either is null."""
        raise NotImplementedError

    def overlap(self, one: str, other: str) -> str:
        """Return whether two lists have an item in common."""
        raise NotImplementedError

    def kept(self, value: str, name: str, condition: str) -> str:
        """Return the items that meet a condition on a name."""
        raise NotImplementedError

    def made(self, value: str, name: str, of_each: str) -> str:
        """Return what is made of each item, by its name."""
        raise NotImplementedError

    # Aggregates

    def best(
        self, value: str, kind: str, keys: Sequence[Typed], told: str, is_greatest: bool
    ) -> str:
        """Return the value of the row with the least keys among those for which `told` holds."""
        raise NotImplementedError

    def some_true(self, value: str) -> str:
        """Return whether a condition holds for any row."""
        raise NotImplementedError

    def all_true(self, value: str) -> str:
        """Return whether a condition holds for all rows."""
        raise NotImplementedError

    def different(self, value: str) -> str:
        """Return the different values of a group, nulls among them, in any order."""
        raise NotImplementedError

    def all_items(self, value: str) -> str:
        """Return the items of all lists of a group."""
        raise NotImplementedError

    def gathered(self, value: str) -> str:
        """Return all lists of a group, for `in_all`."""
        raise NotImplementedError

    def in_all(self, value: str) -> str:
        """Return the items that gathered lists have in common."""
        raise NotImplementedError

    def fail(self, text: str) -> str:
        """Return what stops a statement."""
        raise NotImplementedError


def plain_pattern(pattern: str) -> str:
    """Return a pattern of RE2 in what Java, Joni and POSIX read alike: no class by a letter, no
    anchor that means lines.

    Raises NotPortable for what is read in another way.
    """
    if "(?" in pattern.replace("(?:", "") or "[[:" in pattern:
        raise NotPortable(f"a flag or class in a regular expression: {pattern}")
    return rewritten(pattern, _escaped, {".": "[^\\n]", "^": "\\A", "$": "\\z"})


def _escaped(pair: str, in_set: bool) -> str:
    letter = pair[1:]
    if letter in _CLASSES:
        return _CLASSES[letter] if in_set else f"[{_CLASSES[letter]}]"
    if letter.isalnum():
        raise NotPortable(f"\\{letter} in a regular expression")
    return pair


_OPENING = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?!\?)")


def only_group(pattern: str, group: int) -> str:
    """Return a pattern of RE2 in which no group but one counts."""
    opens = [m.start() for m in _OPENING.finditer(pattern) if m[0] == "("]
    for number, place in reversed([*enumerate(opens, 1)]):
        if number != group:
            pattern = pattern[: place + 1] + "?:" + pattern[place + 1 :]
    return pattern

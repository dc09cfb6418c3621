"""The forms of Snowflake. In: texts of SQL. Out: texts of Snowflake's SQL.

From Snowflake's reference of functions, data types and regular expressions (POSIX extended, with
\\d, \\s and \\w, and no group that does not count). Names are quoted, so they stay small letters;
columns of a table of the user's are taken in capitals, as Snowflake keeps what is not quoted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reporter.engine.forms.plain_forms import Forms, Typed, plain_pattern
from reporter.engine.forms.typed_sql import DAY, HUGE, NUMBER, SHARE, TEXT, TEXTS, TIME, TRUTH

_SPELLED = {"\\": "\\\\", "'": "''", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_OPENING = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?:)?")


class Snowflake(Forms):
    """The SQL of Snowflake."""

    parser = "snowflake"
    most_characters = 1_000_000
    types = {
        NUMBER: "NUMBER(38,0)", HUGE: "NUMBER(38,0)", TEXT: "VARCHAR", TRUTH: "BOOLEAN",
        TIME: "TIMESTAMP_NTZ(6)", DAY: "DATE", SHARE: "FLOAT", TEXTS: "ARRAY",
    }  # fmt: skip

    def literal(self, text: str) -> str:
        return "'" + "".join(_spelled(c) for c in text) + "'"

    def column(self, name: str) -> str:
        return f'"{name.upper()}"'

    def micros(self, value: str) -> str:
        return f"TO_VARCHAR({value}, 'YYYY-MM-DD HH24:MI:SS.FF6')"

    def as_text(self, value: str, kind: str) -> str:
        if kind == DAY:
            return f"TO_VARCHAR({value}, 'YYYY-MM-DD')"
        return super().as_text(value, kind)

    def json_text(self, value: str) -> str:
        return self.respelled(f"TO_JSON(TO_VARIANT({value}))")

    def json_list(self, value: str) -> str:
        return f"TO_JSON({value})"

    def listed(self, value: str) -> str:
        return f"CAST(PARSE_JSON({value}) AS ARRAY)"

    def later(self, value: str, number: int, unit: str) -> str:
        return f"DATEADD({unit}, {number}, {value})"

    def days_between(self, later: str, earlier: str) -> str:
        return f"DATEDIFF(DAY, {earlier}, {later})"

    def epoch_us(self, value: str) -> str:
        return f"DATE_PART(EPOCH_MICROSECOND, {value})"

    def from_us(self, value: str) -> str:
        return f"CAST(TO_TIMESTAMP_NTZ({value}, 6) AS TIMESTAMP_NTZ(6))"

    def over(self, value: str, by: str, kind: str) -> str:
        """Return a quotient of what divides without a rest, for others are rounded."""
        return f"CAST(({value} - MOD({value}, {by})) / {by} AS NUMBER(38,0))"

    def hash(self, values: Sequence[Typed]) -> str:
        """Return part of an MD5, for HASH may change with a release between two steps."""
        return f"MOD(MD5_NUMBER_LOWER64({self.told(values)}), {1 << 63})"

    def concat_ws(self, separator: str, values: Sequence[str]) -> str:
        listed = f"ARRAY_CONSTRUCT_COMPACT({', '.join(values)})"
        return f"ARRAY_TO_STRING({listed}, {separator})"

    def starts(self, value: str, head: str) -> str:
        return f"STARTSWITH({value}, {head})"

    def contains(self, value: str, part: str) -> str:
        return f"CONTAINS({value}, {part})"

    def pattern(self, pattern: str, group: int) -> str:
        plain = plain_pattern(pattern).replace("\\A", "^").replace("\\z", "$")
        return _OPENING.sub(lambda m: m[0].removesuffix("?:"), plain)

    def group_in(self, pattern: str, group: int) -> int:
        """Return which of all groups it is, for none can be left out of the count."""
        counted = at = 0
        for opening in _OPENING.finditer(pattern):
            if opening[0] in ("(", "(?:"):
                at += 1
                counted += opening[0] == "("
                if counted == group and opening[0] == "(":
                    return at
        return 0

    def matches(self, value: str, pattern: str, is_any_case: bool) -> str:
        flag = "i" if is_any_case else "c"
        return f"(REGEXP_INSTR({value}, {pattern}, 1, 1, 0, '{flag}') > 0)"

    def extract(self, value: str, pattern: str, is_any_case: bool, group: int) -> str:
        flags = ("i" if is_any_case else "c") + ("e" if group else "")
        which = f", {group}" if group else ""
        found = f"REGEXP_SUBSTR({value}, {pattern}, 1, 1, '{flags}'{which})"
        lacks = f"{value} IS NULL OR {pattern} IS NULL"
        return f"CASE WHEN {lacks} THEN NULL ELSE COALESCE({found}, '') END"

    def replaced(self, value: str, pattern: str, by: str) -> str:
        return f"REGEXP_REPLACE({value}, {pattern}, {self.literal(by)})"

    def part(self, value: str, delimiter: str, number: int) -> str:
        return f"SPLIT_PART({value}, {delimiter}, {number})"

    def items(self, value: str, name: str) -> str:
        return f'LATERAL FLATTEN(INPUT => {value}) AS "{name}"'

    def item_of(self, name: str) -> str:
        return f'CAST("{name}"."VALUE" AS VARCHAR)'

    def array(self, values: Sequence[str]) -> str:
        return f"ARRAY_CONSTRUCT({', '.join(values)})"

    def at(self, value: str, number: int) -> str:
        return f"CAST(GET({value}, {number - 1}) AS VARCHAR)"

    def rest(self, value: str, number: int) -> str:
        return f"ARRAY_SLICE({value}, {number - 1}, ARRAY_SIZE({value}))"

    def size(self, value: str) -> str:
        return f"ARRAY_SIZE({value})"

    def append(self, value: str, item: str) -> str:
        return f"ARRAY_APPEND(COALESCE({value}, ARRAY_CONSTRUCT()), {item})"

    def has(self, value: str, item: str) -> str:
        lacks = f"{value} IS NULL OR {item} IS NULL"
        found = f"ARRAY_CONTAINS(TO_VARIANT({item}), {value})"
        return f"CASE WHEN {lacks} THEN NULL ELSE {found} END"

    def overlap(self, one: str, other: str) -> str:
        return f"ARRAYS_OVERLAP(ARRAY_COMPACT({one}), ARRAY_COMPACT({other}))"

    def kept(self, value: str, name: str, condition: str) -> str:
        return f'FILTER({value}, "{name}" VARCHAR -> {condition})'

    def made(self, value: str, name: str, of_each: str) -> str:
        return f'TRANSFORM({value}, "{name}" VARCHAR -> {of_each})'

    def best(
        self, value: str, kind: str, keys: Sequence[Typed], told: str, is_greatest: bool
    ) -> str:
        if len(keys) == 1:
            name = "MAX_BY" if is_greatest else "MIN_BY"
            return f"{name}({value}, IFF({told}, {keys[0][0]}, NULL))"
        way = " DESC" if is_greatest else ""
        by = ", ".join(f"{k} IS NULL{way}, {k}{way}" for k, _ in keys)
        held = f"ARRAY_AGG(IFF({told}, {value}, NULL)) WITHIN GROUP (ORDER BY {by})"
        return f"CAST(GET({held}, 0) AS {self.types[kind]})"

    def some_true(self, value: str) -> str:
        return f"BOOLOR_AGG({value})"

    def all_true(self, value: str) -> str:
        return f"BOOLAND_AGG({value})"

    def different(self, value: str) -> str:
        return f"ARRAY_AGG(DISTINCT COALESCE(TO_VARIANT({value}), PARSE_JSON('null')))"

    def all_items(self, value: str) -> str:
        return f"ARRAY_FLATTEN(ARRAY_AGG({value}))"

    def gathered(self, value: str) -> str:
        return f"ARRAY_AGG({value})"

    def in_all(self, value: str) -> str:
        step = '("s" ARRAY, "i" ARRAY) -> ARRAY_INTERSECTION("s", "i")'
        return f"REDUCE({value}, CAST(GET({value}, 0) AS ARRAY), {step})"

    def fail(self, text: str) -> str:
        """Return what fails with a text in its message, for nothing else stops a statement."""
        return f"TO_NUMBER({text})"


def _spelled(char: str) -> str:
    if char in _SPELLED:
        return _SPELLED[char]
    return char if char.isprintable() or ord(char) > 0xFFFF else f"\\u{ord(char):04x}"

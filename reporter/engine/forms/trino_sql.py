"""The forms of Trino. In: texts of SQL. Out: texts of Trino's SQL.

From the documentation of Trino: functions and operators, language, and its types. Regular
expressions are Java's as Joni reads them, so they are written without what the two tell apart.
"""

from __future__ import annotations

from collections.abc import Sequence

from reporter.engine.forms.plain_forms import Forms, Typed, plain_pattern
from reporter.engine.forms.typed_sql import DAY, HUGE, NUMBER, SHARE, TEXT, TEXTS, TIME, TRUTH
from reporter.engine.translation.sql_nodes import NotPortable

_EPOCH = "TIMESTAMP '1970-01-01 00:00:00.000000'"
_EMPTY = "CAST(ARRAY[] AS array(varchar))"
_LEAST = {TEXT: "''", NUMBER: "0", HUGE: "0", TRUTH: "FALSE", TIME: _EPOCH,
          DAY: "DATE '1970-01-01'"}  # fmt: skip
"""Stand in a row of keys for nulls, which have a key of their own."""


class Trino(Forms):
    """The SQL of Trino."""

    parser = "trino"
    most_characters = 1_000_000
    types = {
        NUMBER: "bigint", HUGE: "decimal(38,0)", TEXT: "varchar", TRUTH: "boolean",
        TIME: "timestamp(6)", DAY: "date", SHARE: "double", TEXTS: "array(varchar)",
    }  # fmt: skip

    def literal(self, text: str) -> str:
        if all(c.isprintable() and c != "\\" for c in text):  # some readers take \ for an escape
            return "'" + text.replace("'", "''") + "'"
        spelled = "".join(_spelled(c) for c in text)
        return f"U&'{spelled}'"

    def micros(self, value: str) -> str:
        return f"CAST(CAST({value} AS timestamp(6)) AS varchar)"

    def json_text(self, value: str) -> str:
        return self.respelled(f"json_format(CAST({value} AS json))")

    def json_list(self, value: str) -> str:
        return f"json_format(CAST({value} AS json))"

    def listed(self, value: str) -> str:
        return f"CAST(json_parse({value}) AS array(varchar))"

    def later(self, value: str, number: int, unit: str) -> str:
        return f"date_add('{unit.lower()}', {number}, {value})"

    def cut(self, value: str, unit: str) -> str:
        return f"date_trunc('{unit.lower()}', {value})"

    def days_between(self, later: str, earlier: str) -> str:
        return f"date_diff('day', {earlier}, {later})"

    def epoch_us(self, value: str) -> str:
        seconds = f"date_diff('second', {_EPOCH}, date_trunc('second', {value}))"
        return f"({seconds} * 1000000 + CAST(substr({self.micros(value)}, -6) AS bigint))"

    def from_us(self, value: str) -> str:
        nanos = f"from_unixtime_nanos(CAST({value} AS decimal(38,0)) * 1000)"
        return f"CAST({nanos} AT TIME ZONE 'UTC' AS timestamp(6))"

    def over(self, value: str, by: str, kind: str) -> str:
        return f"(({value} - MOD({value}, {by})) / {by})"

    def hash(self, values: Sequence[Typed]) -> str:
        number = f"from_big_endian_64(xxhash64(to_utf8({self.told(values)})))"
        return f"bitwise_and({number}, {(1 << 63) - 1})"

    def trim(self, value: str, chars: str, side: str) -> str:
        return f"trim({side} {self.literal(chars)} FROM {value})"

    def concat_ws(self, separator: str, values: Sequence[str]) -> str:
        return f"concat_ws({separator}, {', '.join(values)})"

    def pattern(self, pattern: str, group: int) -> str:
        return plain_pattern(pattern)

    def matches(self, value: str, pattern: str, is_any_case: bool) -> str:
        return f"regexp_like({value}, {_cased(pattern, is_any_case)})"

    def extract(self, value: str, pattern: str, is_any_case: bool, group: int) -> str:
        found = f"regexp_extract({value}, {_cased(pattern, is_any_case)}, {group})"
        lacks = f"{value} IS NULL OR {pattern} IS NULL"
        return f"CASE WHEN {lacks} THEN NULL ELSE COALESCE({found}, '') END"

    def replaced(self, value: str, pattern: str, by: str) -> str:
        text = by.replace("$", "\\$")
        for digit in "0123456789":
            text = text.replace(f"\\{digit}", f"${digit}")
        return f"regexp_replace({value}, {pattern}, {self.literal(text)})"

    def split(self, value: str, delimiter: str) -> str:
        return f"split({value}, {delimiter})"

    def part(self, value: str, delimiter: str, number: int) -> str:
        found = f"split_part({value}, {delimiter}, {number})"
        return f"CASE WHEN {value} IS NOT NULL THEN COALESCE({found}, '') END"

    def items(self, value: str, name: str) -> str:
        return f'UNNEST({value}) AS "{name}" ("it")'

    def item_of(self, name: str) -> str:
        return f'"{name}"."it"'

    def array(self, values: Sequence[str]) -> str:
        return f"ARRAY[{', '.join(values)}]" if values else _EMPTY

    def at(self, value: str, number: int) -> str:
        return f"element_at({value}, {number})"

    def rest(self, value: str, number: int) -> str:
        return f"slice({value}, {number}, cardinality({value}))"

    def size(self, value: str) -> str:
        return f"cardinality({value})"

    def append(self, value: str, item: str) -> str:
        return f"concat(COALESCE({value}, {_EMPTY}), ARRAY[{item}])"

    def has(self, value: str, item: str) -> str:
        lacks = f"{value} IS NULL OR {item} IS NULL"
        return f"CASE WHEN {lacks} THEN NULL ELSE COALESCE(contains({value}, {item}), FALSE) END"

    def overlap(self, one: str, other: str) -> str:
        told = f'filter({one}, "it" -> "it" IS NOT NULL)'
        return f"(cardinality(array_intersect({told}, {other})) > 0)"

    def kept(self, value: str, name: str, condition: str) -> str:
        return f'filter({value}, "{name}" -> {condition})'

    def made(self, value: str, name: str, of_each: str) -> str:
        return f'transform({value}, "{name}" -> {of_each})'

    def best(
        self, value: str, kind: str, keys: Sequence[Typed], told: str, is_greatest: bool
    ) -> str:
        if any(k not in _LEAST for _, k in keys):
            raise NotPortable("a key of another kind")
        by = ", ".join(f"{k} IS NULL, COALESCE({k}, {_LEAST[kind]})" for k, kind in keys)
        key = keys[0][0] if len(keys) == 1 else f"ROW({by})"
        name = "max_by" if is_greatest else "min_by"
        return f"{name}({value}, {key}) FILTER (WHERE {told})"

    def some_true(self, value: str) -> str:
        return f"bool_or({value})"

    def all_true(self, value: str) -> str:
        return f"bool_and({value})"

    def different(self, value: str) -> str:
        return f"array_agg(DISTINCT {value})"

    def all_items(self, value: str) -> str:
        return f"flatten(array_agg({value}) FILTER (WHERE {value} IS NOT NULL))"

    def gathered(self, value: str) -> str:
        return f"array_agg({value})"

    def in_all(self, value: str) -> str:
        first = f"element_at({value}, 1)"
        return f'reduce({value}, {first}, ("s", "i") -> array_intersect("s", "i"), "s" -> "s")'

    def fail(self, text: str) -> str:
        return f"fail({text})"


def _spelled(char: str) -> str:
    if char == "\\":
        return "\\\\"
    if char == "'":
        return "''"
    if char.isprintable():
        return char
    return f"\\{ord(char):04X}" if ord(char) < 1 << 16 else f"\\+{ord(char):06X}"


def _cased(pattern: str, is_any_case: bool) -> str:
    return f"('(?i)' || {pattern})" if is_any_case else pattern

"""A warehouse whose forms are DuckDB's: it runs here what is written form by form for the others."""

from __future__ import annotations

from collections.abc import Sequence

from reporter.engine.forms.plain_forms import Forms, Typed
from reporter.engine.forms.typed_sql import DAY, HUGE, NUMBER, SHARE, TEXT, TEXTS, TIME, TRUTH


class DuckForms(Forms):
    parser = "duckdb"
    most_characters = 1_000_000
    types = {
        NUMBER: "BIGINT", HUGE: "HUGEINT", TEXT: "VARCHAR", TRUTH: "BOOLEAN", TIME: "TIMESTAMP",
        DAY: "DATE", SHARE: "DOUBLE", TEXTS: "VARCHAR[]",
    }  # fmt: skip

    def literal(self, text: str) -> str:
        plain = "'" + text.replace("'", "''") + "'"  # a file of SQL may lose a carriage return
        return plain if "\r" not in text else "(" + plain.replace("\r", "' || chr(13) || '") + ")"

    def micros(self, value: str) -> str:
        return f"strftime({value}, '%Y-%m-%d %H:%M:%S.%f')"

    def json_text(self, value: str) -> str:
        return f"CAST(to_json({value}) AS VARCHAR)"

    json_list = json_text

    def listed(self, value: str) -> str:
        return f"CAST(CAST({value} AS JSON) AS VARCHAR[])"

    def later(self, value: str, number: int, unit: str) -> str:
        return f"({value} + INTERVAL ({number}) {unit})"

    def cut(self, value: str, unit: str) -> str:
        return f"CAST(date_trunc('{unit}', {value}) AS TIMESTAMP)"

    def days_between(self, later: str, earlier: str) -> str:
        return f"({later} - {earlier})"

    def epoch_us(self, value: str) -> str:
        return f"epoch_us({value})"

    def from_us(self, value: str) -> str:
        return f"make_timestamp({value})"

    def over(self, value: str, by: str, kind: str) -> str:
        return f"({value} // {by})"

    def hash(self, values: Sequence[Typed]) -> str:
        return f"(hash({self.told(values)}) >> 1)"

    def concat_ws(self, separator: str, values: Sequence[str]) -> str:
        return f"concat_ws({separator}, {', '.join(values)})"

    def matches(self, value: str, pattern: str, is_any_case: bool) -> str:
        return f"regexp_matches({value}, {_cased(pattern, is_any_case)})"

    def extract(self, value: str, pattern: str, is_any_case: bool, group: int) -> str:
        return f"regexp_extract({value}, {_cased(pattern, is_any_case)}, {group})"

    def replaced(self, value: str, pattern: str, by: str) -> str:
        return f"regexp_replace({value}, {pattern}, {self.literal(by)}, 'g')"

    def pattern(self, pattern: str, group: int) -> str:
        return pattern

    def contains(self, value: str, part: str) -> str:
        return f"contains({value}, {part})"

    def split(self, value: str, delimiter: str) -> str:
        return f"string_split({value}, {delimiter})"

    def part(self, value: str, delimiter: str, number: int) -> str:
        return f"split_part({value}, {delimiter}, {number})"

    def items(self, value: str, name: str) -> str:
        return f'UNNEST({value}) AS "{name}" ("it")'

    def item_of(self, name: str) -> str:
        return f'"{name}"."it"'

    def array(self, values: Sequence[str]) -> str:
        return f"CAST([{', '.join(values)}] AS VARCHAR[])"

    def at(self, value: str, number: int) -> str:
        return f"({value})[{number}]"

    def rest(self, value: str, number: int) -> str:
        return f"({value})[{number}:]"

    def size(self, value: str) -> str:
        return f"len({value})"

    def append(self, value: str, item: str) -> str:
        return f"list_append({value}, {item})"

    def has(self, value: str, item: str) -> str:
        return f"list_contains({value}, {item})"

    def overlap(self, one: str, other: str) -> str:
        return f"list_has_any({one}, {other})"

    def kept(self, value: str, name: str, condition: str) -> str:
        return f'list_filter({value}, lambda "{name}": {condition})'

    def made(self, value: str, name: str, of_each: str) -> str:
        return f'list_transform({value}, lambda "{name}": {of_each})'

    def best(
        self, value: str, kind: str, keys: Sequence[Typed], told: str, is_greatest: bool
    ) -> str:
        by = ", ".join(f"{k} IS NULL, {k}" for k, _ in keys)
        name = "arg_max" if is_greatest else "arg_min"
        return f"{name}({value}, row({by})) FILTER (WHERE {told})"

    def some_true(self, value: str) -> str:
        return f"bool_or({value})"

    def all_true(self, value: str) -> str:
        return f"bool_and({value})"

    def different(self, value: str) -> str:
        return f"list(DISTINCT {value})"

    def all_items(self, value: str) -> str:
        return f"flatten(list({value}))"

    def gathered(self, value: str) -> str:
        return f"list({value})"

    def in_all(self, value: str) -> str:
        return f"list_reduce({value}, lambda x, y: list_intersect(x, y))"

    def fail(self, text: str) -> str:
        return f"error({text})"


def _cased(pattern: str, is_any_case: bool) -> str:
    return f"('(?i)' || {pattern})" if is_any_case else pattern

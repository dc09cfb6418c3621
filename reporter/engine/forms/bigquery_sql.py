"""The forms of BigQuery. In: texts of SQL. Out: texts of GoogleSQL.

From Google's reference of GoogleSQL functions and data types. Regular expressions are those of
RE2, as in DuckDB. A list that is null is written as none, and a list of lists does not exist.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from reporter.engine.forms.plain_forms import Forms, Typed
from reporter.engine.forms.typed_sql import DAY, HUGE, NUMBER, SHARE, TEXT, TEXTS, TIME, TRUTH
from reporter.engine.translation.sql_nodes import NotPortable

_SPELLED = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPES = (
    ("\\", "\\\\"), ("\x01", "\x01\x02"), ("!!", "\x01\x03"), ("!%", "\\%"), ("!_", "\\_"),
    ("\x01\x03", "!"), ("\x01\x02", "\x01"),
)  # fmt: skip
"""What makes of a pattern with ! one with backslashes; a letter marks what is done."""


class BigQuery(Forms):
    """GoogleSQL as BigQuery has it."""

    parser = "bigquery"
    most_characters = 1_000_000
    types = {
        NUMBER: "INT64", HUGE: "BIGNUMERIC", TEXT: "STRING", TRUTH: "BOOL", TIME: "DATETIME",
        DAY: "DATE", SHARE: "FLOAT64", TEXTS: "ARRAY<STRING>",
    }  # fmt: skip

    def literal(self, text: str) -> str:
        return "'" + "".join(_spelled(c) for c in text) + "'"

    def quoted(self, name: str) -> str:
        return f"`{name}`"

    def relation(self, columns: Sequence[Typed], rows: Sequence[Sequence[str | None]]) -> str:
        """Return rows out of one text of JSON: there is no VALUES, and a struct of nulls has no
        types.
        """
        if not rows:
            return self.nothing(columns)
        values = [f"JSON_VALUE(`told`, '$[{k}]')" for k in range(len(columns))]
        typed = ", ".join(
            f"{self.read(v, k)} AS `{n}`" for v, (n, k) in zip(values, columns, strict=True)
        )
        told = self.literal(json.dumps(rows, ensure_ascii=False, separators=(",", ":")))
        return f"SELECT {typed} FROM UNNEST(JSON_QUERY_ARRAY({told})) AS `told`"

    def listed(self, value: str) -> str:
        items = f"UNNEST(JSON_QUERY_ARRAY({value})) AS `it` WITH OFFSET AS `place`"
        made = f"ARRAY(SELECT JSON_VALUE(`it`) FROM {items} ORDER BY `place`)"
        return f"IF({value} IS NULL, NULL, {made})"

    def micros(self, value: str) -> str:
        return f"FORMAT_DATETIME('%E4Y-%m-%d %H:%M:%E6S', {value})"

    def json_text(self, value: str) -> str:
        return f"IF({value} IS NULL, NULL, {self.respelled(f'TO_JSON_STRING({value})')})"

    def json_list(self, value: str) -> str:
        return f"IF({value} IS NULL, NULL, TO_JSON_STRING({value}))"

    def later(self, value: str, number: int, unit: str) -> str:
        return f"DATETIME_ADD({value}, INTERVAL {number} {unit})"

    def cut(self, value: str, unit: str) -> str:
        return f"DATETIME_TRUNC({value}, {unit})"

    def days_between(self, later: str, earlier: str) -> str:
        return f"DATE_DIFF({later}, {earlier}, DAY)"

    def epoch_us(self, value: str) -> str:
        return f"DATETIME_DIFF({value}, DATETIME '1970-01-01 00:00:00', MICROSECOND)"

    def from_us(self, value: str) -> str:
        return f"DATETIME_ADD(DATETIME '1970-01-01 00:00:00', INTERVAL {value} MICROSECOND)"

    def over(self, value: str, by: str, kind: str) -> str:
        return f"DIV({value}, {by})"

    def hash(self, values: Sequence[Typed]) -> str:
        return f"(FARM_FINGERPRINT({self.told(values)}) & 0x7fffffffffffffff)"

    def concat_ws(self, separator: str, values: Sequence[str]) -> str:
        return f"ARRAY_TO_STRING([{', '.join(values)}], {separator})"

    def like(self, value: str, pattern: str, escape: str) -> str:
        """Return a comparison in which a backslash escapes, for that is the only one there is."""
        for one, other in _ESCAPES if escape else _ESCAPES[:1]:
            pattern = f"REPLACE({pattern}, {self.literal(one)}, {self.literal(other)})"
        return f"{value} LIKE {pattern}"

    def matches(self, value: str, pattern: str, is_any_case: bool) -> str:
        return f"REGEXP_CONTAINS({value}, {_cased(pattern, is_any_case)})"

    def extract(self, value: str, pattern: str, is_any_case: bool, group: int) -> str:
        found = f"REGEXP_EXTRACT({value}, {_cased(pattern, is_any_case)})"
        return f"IF({value} IS NULL OR {pattern} IS NULL, NULL, COALESCE({found}, ''))"

    def replaced(self, value: str, pattern: str, by: str) -> str:
        return f"REGEXP_REPLACE({value}, {pattern}, {self.literal(by)})"

    def part(self, value: str, delimiter: str, number: int) -> str:
        found = f"SPLIT({value}, {delimiter})[SAFE_ORDINAL({number})]"
        return f"IF({value} IS NULL, NULL, COALESCE({found}, ''))"

    def items(self, value: str, name: str) -> str:
        return f"UNNEST({value}) AS `{name}`"

    def item_of(self, name: str) -> str:
        return f"`{name}`"

    def array(self, values: Sequence[str]) -> str:
        return f"[{', '.join(values)}]"

    def at(self, value: str, number: int) -> str:
        return f"{value}[SAFE_ORDINAL({number})]"

    def rest(self, value: str, number: int) -> str:
        return self._of_each(value, "it", "`it`", f"`place` >= {number - 1}")

    def size(self, value: str) -> str:
        return f"ARRAY_LENGTH({value})"

    def append(self, value: str, item: str) -> str:
        return f"ARRAY_CONCAT(COALESCE({value}, []), [{item}])"

    def has(self, value: str, item: str) -> str:
        found = f"EXISTS(SELECT 1 FROM UNNEST({value}) AS `it` WHERE `it` = {item})"
        return f"IF({value} IS NULL OR {item} IS NULL, NULL, {found})"

    def overlap(self, one: str, other: str) -> str:
        found = f"UNNEST({one}) AS `it` JOIN UNNEST({other}) AS `its` ON `it` = `its`"
        return f"IF({one} IS NULL OR {other} IS NULL, NULL, EXISTS(SELECT 1 FROM {found}))"

    def kept(self, value: str, name: str, condition: str) -> str:
        return self._of_each(value, name, f"`{name}`", condition)

    def made(self, value: str, name: str, of_each: str) -> str:
        return self._of_each(value, name, of_each, "TRUE")

    def _of_each(self, value: str, name: str, it: str, where: str) -> str:
        items = f"UNNEST({value}) AS `{name}` WITH OFFSET AS `place`"
        made = f"ARRAY(SELECT {it} FROM {items} WHERE {where} ORDER BY `place`)"
        return f"IF({value} IS NULL, NULL, {made})"

    def best(
        self, value: str, kind: str, keys: Sequence[Typed], told: str, is_greatest: bool
    ) -> str:
        if kind == TEXTS:
            raise NotPortable("the list of the least row")
        way = " DESC" if is_greatest else ""
        by = ", ".join(f"{k} IS NULL{way}, {k}{way}" for k, _ in keys)
        some = f"ARRAY_AGG(IF({told}, {value}, NULL) IGNORE NULLS ORDER BY {by} LIMIT 1)"
        return f"{some}[SAFE_OFFSET(0)]"

    def some_true(self, value: str) -> str:
        return f"LOGICAL_OR({value})"

    def all_true(self, value: str) -> str:
        return f"LOGICAL_AND({value})"

    def different(self, value: str) -> str:
        return f"ARRAY_AGG(DISTINCT {value})"

    def all_items(self, value: str) -> str:
        return f"ARRAY_CONCAT_AGG({value})"

    def gathered(self, value: str) -> str:
        return f"ARRAY_AGG(STRUCT({value} AS `held`))"

    def in_all(self, value: str) -> str:
        items = f"UNNEST({value}) AS `one` WITH OFFSET AS `place`, UNNEST(`one`.`held`) AS `it`"
        count = f"COUNT(DISTINCT `place`) = ARRAY_LENGTH({value})"
        return f"ARRAY(SELECT `it` FROM {items} GROUP BY `it` HAVING {count})"

    def fail(self, text: str) -> str:
        return f"ERROR({text})"


def _spelled(char: str) -> str:
    if char in _SPELLED:
        return _SPELLED[char]
    return char if char.isprintable() or char == " " else f"\\U{ord(char):08x}"


def _cased(pattern: str, is_any_case: bool) -> str:
    return f"('(?i)' || {pattern})" if is_any_case else pattern

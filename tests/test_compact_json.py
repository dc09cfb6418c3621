"""JSON read quickly is what the strict reader reads, or is left to it; and what is extracted at once is what each field gives."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example
from hypothesis import given as drawn
from hypothesis import strategies as st
from test_sources import DATA, SOURCES

from reporter.content import source_macros
from reporter.engine.duckdb import DuckDB
from reporter.ingest import detect, foreign_sources, projection
from reporter.ingest.readers import compact_json, record_fields
from reporter.ingest.readers.documents import strict_json
from reporter.ingest.readers.portions import in_advance

pytestmark = pytest.mark.slow

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=15,
)
_FORMS: tuple[dict[str, Any], ...] = (
    {"separators": (",", ":"), "ensure_ascii": False},
    {"ensure_ascii": False},
    {"ensure_ascii": False, "indent": 1},
    {},
)


@drawn(_VALUES, st.sampled_from(_FORMS), st.integers(0, 300), st.text(max_size=2))
@example({"a": 1e16, "b": [-0.0, 10**30]}, _FORMS[0], 300, "")
@example(None, _FORMS[0], 4, "\f")
def test_what_is_read_quickly_is_what_the_strict_reader_reads(
    value: Any, form: dict[str, Any], at: int, typed: str
) -> None:
    text = json.dumps(value, **form)
    text = text[:at] + typed + text[at:]
    data = text.encode("utf-8", "surrogatepass").strip(b" \t\r\n")
    if reading := compact_json.read(data):
        expected = strict_json(text)
        assert (reading.value, repr(reading.value)) == (expected, repr(expected))
        assert json.loads(compact_json.write(reading.value)) == expected
        assert reading.proof == sha256(compact_json.write(reading.value)).digest()


_RECORDS = st.lists(st.dictionaries(st.sampled_from("abc"), _VALUES), max_size=9)


@drawn(
    st.dictionaries(st.sampled_from("abc"), _RECORDS) | _RECORDS,
    st.integers(1, 4),
    st.sampled_from(_FORMS),
)
def test_the_beginning_of_a_document_is_what_the_whole_begins_with(
    value: Any, items: int, form: dict[str, Any]
) -> None:
    data = json.dumps(value, **form).encode()
    beginning = compact_json.Beginning(items, frozenset("a"), frozenset("c"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compact_json, "PIECE", 20)
        whole, cut = compact_json.read(data), compact_json.read(data, beginning)
    assert whole == compact_json.read(data)
    assert (whole and whole.proof) == (cut and cut.proof)
    if whole is None or cut is None:
        return
    assert whole.value == value
    if len(compact_json.write(value)) < 20:
        expected = value
    elif isinstance(value, dict):
        expected = {k: v[:items] if k == "a" else v for k, v in value.items()}
    else:
        expected = value[:items] + [v for v in value[items:] if "c" in v]
    assert cut.value == expected


@drawn(st.dictionaries(st.sampled_from("ab"), _RECORDS), st.integers(1, 4), st.sampled_from(_FORMS))
@example({"a": [{"b": [{"b": 1}, {"b": '"},{"b":'}]}] * 4}, 2, _FORMS[0])
def test_a_list_that_is_all_of_a_document_is_told_by_its_beginning_and_cut_out(
    value: Any, count: int, form: dict[str, Any]
) -> None:
    data = json.dumps(value, **form).encode()
    reading = compact_json.read(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compact_json, "PIECE", 20)
        items = compact_json.listed(data, "a")
    if reading and [*value] == ["a"] and compact_json.write(value) == data:
        assert items is not None
        assert [*compact_json.write_each(items)] == [*compact_json.write_each(value["a"])]
    else:
        assert items is None
    name = compact_json.first_list(data)
    first_items = compact_json.first_items(data, count)
    assert name in ("", next(iter(value), None))
    assert first_items is None or first_items == value[name][:count]


@pytest.mark.parametrize(
    "text",
    [
        '{"a":[%s,{"b":1,"b":1}]}',
        '[%s,{"b":1E5}]',
        '{"a":[%s],"a":[]}',
        '{"a":[%s,"\\/"]}',
        '{"b":{"a":1,"c":[%s],"a":1}}',
    ],
)
def test_what_may_differ_in_a_large_text_is_left_to_the_strict_reader(text: str) -> None:
    records = ",".join(f'{{"b":"{n:09}"}}' for n in range(9999))
    beginning = compact_json.Beginning(3, frozenset("a"))
    assert compact_json.read((text % records).encode(), beginning) is None
    assert compact_json.read((text % records).encode()) is None


@drawn(st.lists(_VALUES, max_size=6))
def test_values_written_at_once_are_those_written_one_by_one(values: list[Any]) -> None:
    assert [*compact_json.write_each(values)] == [compact_json.write(v) for v in values]


@pytest.mark.parametrize(
    "text",
    ['{"a":1,"a":1}', '[{"b":{"a":1,"c":2,"a":3}}]', "-0", "1E5", r'"\/"', r'"\u00e9"', "[1,]", "NaN", "1e999",
     r'"\ud800"', "", "{", '{"a":1} {"a":1}'],
)  # fmt: skip
def test_what_may_differ_is_left_to_the_strict_reader(text: str) -> None:
    assert compact_json.read(text.encode()) is None


@pytest.mark.parametrize("text", ['{"a":1}', ' {"a" : [1, 2.5, null]}\n', '{"é":"\U0001f600"}'])
def test_blanks_and_signs_of_all_languages_are_read_quickly(text: str) -> None:
    reading = compact_json.read(text.encode().strip())
    assert reading and reading.value == json.loads(text)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"a":1,"b":[{"c":"d,]"},2]}', "b"),
        ('[{"c":[1]},"x"]', ""),
        ('{"b" : [\n {"c" : [1, 2]}, "d, e"]\n}', "b"),
    ],
)
def test_records_are_cut_out_as_they_stand(text: str, path: str) -> None:
    data = text.encode()
    proof = compact_json.read(data).proof  # type: ignore[union-attr]
    document = compact_json.cut_out(data, proof, path)
    records = json.loads(text)[path] if path else json.loads(text)
    assert [*compact_json.write_each(document[path] if path else document)] == [
        json.dumps(r, separators=(",", ":")).encode() for r in records
    ]


@pytest.mark.parametrize("path", ["c", "a", "", "b.c", "b[]"])
def test_where_no_list_stands_or_the_text_is_another_nothing_is_cut_out(path: str) -> None:
    data = b'{"a":1,"b":[2]}'
    proof = compact_json.read(data).proof  # type: ignore[union-attr]
    assert proof and compact_json.cut_out(data, proof, path) is None
    assert compact_json.cut_out(data, proof, "b")
    assert compact_json.cut_out(data.replace(b"2", b"3"), proof, "b") is None
    assert compact_json.cut_out(data[:-1], proof, "b") is None


def test_items_made_in_advance_come_in_order_and_what_is_raised_comes_after_them() -> None:
    def made() -> Iterator[Path]:
        yield from (Path(str(n)) for n in range(9))
        raise ValueError("no more")

    taken = []
    with in_advance(made()) as paths, pytest.raises(ValueError, match="no more"):
        for path in paths:
            taken.append(path.name)
    assert taken == [str(n) for n in range(9)]


def test_no_more_is_made_in_advance_than_is_waited_for() -> None:
    made: list[int] = []

    def numbered() -> Iterator[Path]:
        for n in range(100):
            made.append(n)
            yield Path(str(n))

    with in_advance(numbered()) as paths:
        assert next(paths) == Path("0")
    assert len(made) <= 4


@pytest.mark.parametrize("size", [10, 1 << 19, 1 << 20, 3 << 20])
@pytest.mark.parametrize("before", [0, 1, 5000, (1 << 19) - 1])
def test_the_longest_line_of_a_spool_is_found(tmp_path: Path, size: int, before: int) -> None:
    path = tmp_path / "spool"
    path.write_bytes(b"x" * before + b"\n" + b"y" * (size - 1) + b"\n" + b"z\n" * 9)
    least = foreign_sources.LEAST_BUFFER
    assert foreign_sources._longest(path) == max(least, size)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDB]:
    """An engine with every JSON record of the fixtures, and each list in them, as the table r."""
    with DuckDB(tmp_path_factory.mktemp("engine")) as engine:
        source_macros.define(engine)
        paths = sorted(p for p in DATA.rglob("*.json*") if p.name != "golden.json")
        texts = {json.dumps(v) for p in paths for v in _values(p)}
        engine.run("CREATE TABLE given AS SELECT unnest(CAST(? AS JSON[])) AS r", [sorted(texts)])
        yield engine


def _values(path: Path) -> Iterator[Any]:
    text = path.read_text(errors="replace")
    for part in [text, *text.splitlines()]:
        try:
            value = json.loads(part)
        except ValueError:
            continue
        items = [value, *(value.values() if isinstance(value, dict) else [])]
        yield from (r for i in items for r in (i if isinstance(i, list) else [i]))


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.id)
def test_conditions_over_what_is_extracted_once_hold_for_the_same_records(
    records: DuckDB, source: Any
) -> None:
    conditions = (source.when, source.skip, source.type_of)
    lists, swapped = record_fields.extracted_once(*conditions)
    assert lists or not re.search(r"\br ->> '", " ".join(conditions))
    each, once = (
        records.rows(
            f"SELECT {', '.join(f'({c})' for c in given)} FROM (SELECT r{more} FROM given) AS x"
        )
        for given, more in ((conditions, ""), (swapped, lists))
    )
    assert once == each and len(each) > 500


def test_sources_take_the_same_records_together_as_each_alone(records: DuckDB) -> None:
    places = sorted({path for source in SOURCES for path in source.records})
    records.run(
        "CREATE TABLE sampled AS SELECT row_number() OVER () AS k, p, r FROM (SELECT r FROM given"
        " WHERE hash(CAST(r AS VARCHAR)) % 8 = 0), (SELECT unnest(CAST(? AS VARCHAR[])) AS p)",
        [places],
    )
    alone = {source.id: detect._vote(records, source) for source in SOURCES}
    assert sum(map(bool, alone.values())) > len(alone) // 2
    assert detect._votes(records, [*SOURCES]) == alone


@pytest.mark.parametrize(
    "condition",
    ["list_filter([1], lambda r: r ->> 'a' = 'b') = []", "'r ->> ''a'' ' = r ->> 'b'", "r ->> '$.a[*]' IS NULL",
     "x.r ->> 'a' IS NULL"],
)  # fmt: skip
def test_what_only_looks_like_a_field_of_the_record_stays(condition: str) -> None:
    lists, (swapped,) = record_fields.extracted_once(condition)
    assert swapped == condition.replace(" = r ->> 'b'", " = field_texts[1]")
    assert lists in ("", ", json_extract_string(r, ['b']) AS field_texts")


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.id)
def test_a_select_that_parses_each_record_once_gives_the_same_rows(
    records: DuckDB, source: Any
) -> None:
    records.run(
        "CREATE OR REPLACE TABLE spooled AS SELECT row_number() OVER (ORDER BY CAST(r AS VARCHAR)) AS record, r,"
        f" TRUE AS mine FROM given WHERE hash(CAST(r AS VARCHAR)) % 16 = 0 OR ({source.when})"
    )
    records.run(f"CREATE OR REPLACE TEMP TABLE raw AS {projection._raw(source)}")
    for sql in source.tables.values():
        select = str(sql["from"] if isinstance(sql, dict) else sql)
        once = record_fields.parsed_once(select)
        once_rows, rows = (
            sorted(
                str([sorted(v, key=str) if isinstance(v, list) else v for v in row])
                for row in found
            )
            for found in (records.rows(once), records.rows(select))
        )
        assert once_rows == rows
        assert records.columns(once) == records.columns(select)


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("SELECT r ->> 'a', r ->> 'b' FROM raw", "SELECT texts_of_r[1], texts_of_r[2] FROM {'a', 'b' of raw} AS raw"),
        ("SELECT *, r ->> 'a', upper(r ->> '$.b') FROM raw AS x WHERE r ->> 'a' = 'c'",
         "SELECT * EXCLUDE (texts_of_r), texts_of_r[1], upper(texts_of_r[2]) FROM {'a', '$.b' of raw AS x} AS x"
         " WHERE texts_of_r[1] = 'c'"),
        ("SELECT a FROM (SELECT r ->> 'a' AS a, r ->> 'b' AS b FROM raw) AS u WHERE b = ''",
         "SELECT a FROM (SELECT texts_of_r[1] AS a, texts_of_r[2] AS b FROM {'a', 'b' of raw} AS raw) AS u WHERE b = ''"),
        ("SELECT CASE WHEN r ->> 'a' IS NULL THEN r ->> 'b' END FROM (SELECT r FROM raw) AS u",
         "SELECT CASE WHEN texts_of_r[1] IS NULL THEN texts_of_r[2] END FROM {'a', 'b' of (SELECT r FROM raw) AS u} AS u"),
    ],
)  # fmt: skip
def test_fields_of_a_record_are_taken_together(select: str, expected: str) -> None:
    taken = r"(SELECT *, json_extract_string(TRY_CAST(r AS JSON), [\1]) AS texts_of_r FROM \2)"
    assert record_fields.parsed_once(select) == re.sub(r"\{(.*?) of (.*?)\}", taken, expected)


@pytest.mark.parametrize(
    "select",
    ["SELECT r ->> 'a' FROM raw", "SELECT r ->> 'a', r ->> 'a' FROM raw", "SELECT x.r ->> 'a', x.r ->> 'b' FROM raw AS x",
     "SELECT r ->> 'a', r ->> 'b' FROM raw JOIN other USING (record)", "SELECT r ->> 'a', r ->> 'b' FROM raw, other",
     "SELECT list_transform(l, lambda r: coalesce(r ->> 'a', r ->> 'b')) FROM raw", "SELECT r ->> 'a' || 'x', r ->> 'b' FROM raw",
     "SELECT 'x' || r ->> 'a', r ->> 'b' FROM raw", "SELECT r ->> 'a', r ->> '$.b[*]' FROM raw", "SELECT r ->> 'a', r ->> 'b'",
     "SELECT * EXCLUDE (record), r ->> 'a', r ->> 'b' FROM raw", "SELECT raw.*, r ->> 'a', r ->> 'b' FROM raw",
     "SELECT 'r ->> ''a''', -- r ->> 'b'\n 'r ->> ''c''' FROM raw", "SELECT r ->> 'a'::INT, r ->> 'b' FROM raw",
     "SELECT r ->> 'a', r ->> 'b' FROM unnest([1]) AS t(r)", "SELECT r ->> 'a', (SELECT r ->> 'b' FROM raw) FROM raw"],
)  # fmt: skip
def test_a_select_in_which_there_is_nothing_to_take_together_stays(select: str) -> None:
    assert record_fields.parsed_once(select) == select

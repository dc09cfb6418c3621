"""What tells the rows of a table from others: equal where the rows are, in whatever order, and else another.

In: random small tables of which a cell, a row or two cells of a column are changed. Out: a number for each set of columns.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from reporter.engine.duckdb import DuckDB
from reporter.engine.growing.row_hashes import hashes_of, query_of_hashes
from reporter.engine.growing.tape import Columns

NAMES = ("a", "b", "c", "d")
KINDS: list[Columns] = [None, *(frozenset(s) for n in range(5) for s in combinations(NAMES, n))]
Rows = list[list[Any]]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDB]:
    with DuckDB(tmp_path / "engine") as engine:
        yield engine


def hashed(engine: DuckDB, rows: Rows, at_once: bool) -> dict[Columns, tuple[int, int]]:
    engine.run("CREATE OR REPLACE TABLE t (a VARCHAR, b BIGINT, c VARCHAR[], d BOOLEAN)")
    if rows:
        engine.insert("t", [(*row,) for row in rows])
    portions = engine.arrays(query_of_hashes("t", NAMES, ["c"]), at_once)
    return hashes_of(portions, NAMES, KINDS)


def told(rows: Rows, kind: Columns) -> Counter[str]:
    """Count the rows by what a set of columns shows of them."""
    names = NAMES if kind is None else sorted(kind)
    return Counter(repr([row[NAMES.index(n)] for n in names]) for row in rows)


def cell(made: random.Random, name: str) -> Any:
    kinds: dict[str, list[Any]] = {"a": ["x", "y", "", None], "b": [0, 1, 2, None], "c": [[], ["x"], ["x", "y"], None], "d": [True, False, None]}  # fmt: skip
    return made.choice(kinds[name])


def other(made: random.Random, rows: Rows) -> Rows:
    """Return rows of which something may have changed."""
    rows = [[*row] for row in rows]
    made.shuffle(rows)
    match made.randrange(5):
        case 0:
            rows.append([cell(made, n) for n in NAMES])
        case 1 if rows:
            rows.pop()
        case 2 if rows:
            n = made.randrange(4)
            made.choice(rows)[n] = cell(made, NAMES[n])
        case 3 if len(rows) > 1:  # each column has the same values then
            n, (one, two) = made.randrange(4), made.sample(rows, 2)
            one[n], two[n] = two[n], one[n]
    return rows


def test_rows_have_a_number_of_their_own(engine: DuckDB) -> None:
    made, n_equal, n_others = random.Random(11), 0, 0
    for _ in range(150):
        rows = [[cell(made, n) for n in NAMES] for _ in range(made.randrange(6))]
        changed = other(made, rows)
        before, now = hashed(engine, rows, at_once=True), hashed(engine, changed, at_once=False)
        for kind in KINDS:
            is_same = told(rows, kind) == told(changed, kind)
            assert (before[kind] == now[kind]) is is_same
            n_equal, n_others = n_equal + is_same, n_others + (not is_same)
    assert n_equal > 500
    assert n_others > 500

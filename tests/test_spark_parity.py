"""Every statement of models and checks gives the same rows on both engines: over all examples, and over random small estates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

pytest.importorskip("pyspark", reason="needs the extra 'spark'")
pytest.importorskip("pyarrow", reason="needs the extra 'spark'")

from spark_parity import LOCAL, Asked, compared, estates, open_session, recorded

from reporter.authoring import examples
from reporter.content.loader import Content
from reporter.engine.duckdb import DuckDB
from reporter.engine.translation.spark_sql import translate
from reporter.engine.translation.sql_nodes import NotPortable
from reporter.model.assessment import Check

pytestmark = pytest.mark.spark
SEED, ESTATES, TOGETHER = 32, 200, 20
"""Random estates, and how many are asked together: a plan costs Spark more than rows do."""


def _differing(
    kept: Sequence[Asked], groups: Sequence[Sequence[int]], folder: Path
) -> tuple[list[str], int]:
    """Return what differs, and how many statements were compared."""
    session, found, n_compared = open_session(), [], 0
    with duckdb.connect() as con:
        con.execute("SET threads = 1")
        con.execute("SET disabled_optimizers = 'statistics_propagation,in_clause'")
        for asked in kept:
            if asked.name in LOCAL:
                continue
            for numbers in groups:
                differences = _compared(session, con, asked, list(numbers))
                n_compared += differences is not None
                found += [f"{asked.name}: {d}" for d in differences or ()]
    return found, n_compared


def _compared(session: Any, con: Any, asked: Asked, numbers: list[int]) -> list[str] | None:
    """Compare some examples together, and where these differ, each half of them: together they may have two rows
    where each has one, and no order between them.
    """
    differences = compared(session, con, asked, numbers)
    if not differences or len(numbers) == 1:
        return differences
    half = len(numbers) // 2
    parts = [_compared(session, con, asked, part) for part in (numbers[:half], numbers[half:])]
    return [difference for part in parts for difference in part or ()]


def _record(given: Sequence[dict[str, Any]], checks: Sequence[tuple[Check, Sequence[int]]], folder: Path) -> list[Asked]:  # fmt: skip
    with DuckDB(folder) as engine:
        engine.run("SET threads = 1")
        return recorded(engine, given, checks)


def _examples(checks: Sequence[Check]) -> tuple[list[Any], list[tuple[Check, list[int]]]]:
    given: list[Any] = []
    numbers = []
    for check in checks:
        plain = [e for e in check.examples if examples._is_plain(e)]
        numbers.append((check, [*range(len(given), len(given) + len(plain))]))
        given += plain
    return given, numbers


@pytest.mark.deep
def test_every_statement_over_the_examples_of_every_check(content: Content, tmp_path: Path) -> None:
    given, checks = _examples(content.checks)
    kept = _record(given, checks, tmp_path)
    found, n_compared = _differing(kept, [range(len(given))], tmp_path)
    assert found == []
    assert n_compared > 200


@pytest.mark.deep
def test_every_statement_over_200_random_estates(content: Content, tmp_path: Path) -> None:
    given = estates(SEED, ESTATES)
    kept = _record(given, [(c, range(ESTATES)) for c in content.checks], tmp_path)
    groups = [range(at, at + TOGETHER) for at in range(0, ESTATES, TOGETHER)]
    found, n_compared = _differing(kept, groups, tmp_path)
    assert found == []
    assert n_compared > 300 * len(groups) // 2


@pytest.mark.slow
def test_the_statements_of_a_few_checks_over_their_examples(
    content: Content, tmp_path: Path
) -> None:
    some = [c for c in content.checks if c.id in ("CHG-02", "ENT-05", "MON-04", "REC-01")]
    given, checks = _examples(some)
    kept = [a for a in _record(given, checks, tmp_path) if a.name in {c.id for c in some}]
    found, n_compared = _differing(kept, [range(len(given))], tmp_path)
    assert found == []
    assert n_compared >= len(some)


def test_what_has_no_translation_is_told_here(content: Content, tmp_path: Path) -> None:
    """A model that cannot go to Spark is in the list of those that stay, with the reason."""
    kept = _record(estates(SEED, 2), [(c, range(2)) for c in content.checks], tmp_path)
    refused = set()
    for asked in kept:
        columns = {name: rows.column_names[1:] for name, rows in asked.inputs.items()}
        try:
            translate(asked.sql, asked.macros, columns.__getitem__)
        except NotPortable:
            refused.add(asked.name)
    assert refused <= LOCAL.keys()

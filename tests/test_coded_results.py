"""Results whose texts are numbers are, in SQL, those with texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from reporter.engine.duckdb import DuckDB
from reporter.evaluate.coded_results import RESULTS_TABLE, code_texts, drop_others

TEXTS = (
    "",
    "a",
    "B",
    "b",
    "é",
    "日本",
    "😀",
    "\ufffd",
    "a b",
    'say "x"',
    "it's",
    "nul\0",
    "\u202e",
)
QUERIES = (
    "SELECT * FROM results ORDER BY ALL",
    "SELECT min(subject), max(actor), min(ref), max(reason_values) FROM results",
    "SELECT coalesce(nullif(actor, ''), subject) AS thing, count(*) FROM results GROUP BY 1 ORDER BY 1",
    "SELECT check_id, list(DISTINCT owner ORDER BY owner) FROM results GROUP BY 1 ORDER BY 1",
    "SELECT count(*) FROM results WHERE status = 'fail' OR check_id = 'NONE-99' OR owner <> ''",
    "SELECT subject, sha256(subject), check_id || '-x' FROM results ORDER BY ALL",
    "SELECT count(*) FROM results WHERE subject IN (SELECT name FROM names) AND reason_code IS NULL",
    "SELECT r.subject FROM results AS r JOIN names AS n ON n.name = r.actor ORDER BY 1",
    "SELECT list_sort(list(subject)), any_value(ref ORDER BY ref DESC) FROM results WHERE waiver IS NULL",
)  # fmt: skip


@pytest.fixture
def engine(tmp_path: Path) -> DuckDB:
    engine = DuckDB(tmp_path)
    engine.run(RESULTS_TABLE)
    rows = [
        (
            f"CHK-0{n % 3}", text, ("fail", "pass", "unknown")[n % 3], None if n % 4 else f"code {text}",
            None if n % 5 == 1 else f'{{"x": "{n % 2}"}}', TEXTS[-n], TEXTS[n // 2], TEXTS[n % 2], 1, 4,
            None, "w" if n == 3 else None,
        )
        for n, text in enumerate(TEXTS)
    ]  # fmt: skip
    for row in rows:
        engine.run("INSERT INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    engine.run("CREATE TABLE names AS SELECT DISTINCT subject AS name FROM results LIMIT 5")
    return engine


def test_every_question_has_the_same_answer(engine: DuckDB) -> None:
    with engine:
        before = [engine.rows(sql) for sql in QUERIES]
        code_texts(engine)
        assert [engine.rows(sql) for sql in QUERIES] == before
        kinds = {kind.split("(")[0] for _, kind in engine.columns("SELECT * FROM results")}
        assert kinds == {"ENUM", "BIGINT", "VARCHAR"}


def test_only_what_is_written_of_is_kept(engine: DuckDB) -> None:
    with engine:
        engine.run("CREATE TABLE led (a INTEGER)")
        engine.run('CREATE TABLE "odd name" (a INTEGER)')
        engine.run("CREATE TEMP TABLE passing AS SELECT 1 AS a")
        drop_others(engine)
        tables = "SELECT table_name FROM information_schema.tables ORDER BY 1"
        assert engine.rows(tables) == [("led",), ("results",)]
        assert len(engine.rows("SELECT * FROM results")) == len(TEXTS)

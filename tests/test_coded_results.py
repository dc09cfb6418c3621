"""Results whose texts are numbers are, in SQL, those with texts."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import SAMPLE

from reporter import assess
from reporter.engine.duckdb import DuckDB
from reporter.evaluate.coded_results import (
    RESULTS_TABLE,
    Aside,
    code_texts,
    drop_read,
    make_changeable,
)
from reporter.pipeline import assess as running
from reporter.pipeline import run_scores

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
            ("record", "")[n % 2], None, "w" if n == 3 else None,
        )
        for n, text in enumerate(TEXTS)
    ]  # fmt: skip
    for row in rows:
        engine.run("INSERT INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    engine.run("CREATE TABLE names AS SELECT DISTINCT subject AS name FROM results LIMIT 5")
    return engine


def test_every_question_has_the_same_answer(engine: DuckDB) -> None:
    with engine:
        before = [engine.rows(sql) for sql in QUERIES]
        code_texts(engine)
        assert [engine.rows(sql) for sql in QUERIES] == before
        kinds = {kind.split("(")[0] for _, kind in engine.columns("SELECT * FROM results")}
        assert kinds == {"ENUM", "UTINYINT"}


def laid_aside(engine: DuckDB, folder: Path) -> set[str]:
    """Lay the results aside as checks do, each from a table of its connection."""
    aside = Aside(folder)
    for (check,) in engine.rows("SELECT DISTINCT check_id FROM results ORDER BY 1"):
        connection = aside.connection(engine)
        connection.run(
            "INSERT INTO results SELECT * FROM memory.main.results WHERE check_id = ?", [check]
        )
        aside.take(connection, check)
        assert connection.one("SELECT count(*) FROM results") == 0
    return aside.show(engine)


def test_results_laid_aside_give_the_same_answers_and_can_be_coded(engine: DuckDB) -> None:
    with engine:
        before = [engine.rows(sql) for sql in QUERIES]
        assert laid_aside(engine, engine.work / "aside") == set()
        assert [engine.rows(sql) for sql in QUERIES] == before
        code_texts(engine)
        assert [engine.rows(sql) for sql in QUERIES] == before


def test_results_laid_aside_are_changeable_on_demand(engine: DuckDB) -> None:
    with engine:
        rows = engine.rows(QUERIES[0])
        laid_aside(engine, engine.work / "aside")
        for _ in range(2):  # a second time it changes nothing
            make_changeable(engine)
        assert engine.rows(QUERIES[0]) == rows
        engine.run("UPDATE results SET waiver = 'w' WHERE status = 'fail'")
        waived = engine.one("SELECT count(*) FROM results WHERE waiver = 'w'")
        assert waived == sum(row[2] == "fail" or row[11] == "w" for row in rows)


@pytest.mark.parametrize("subject", [None, "a"])
def test_a_check_without_one_row_a_subject_is_told_where_its_rows_are_laid_aside(
    subject: str | None, engine: DuckDB
) -> None:
    with engine:
        engine.run("INSERT INTO results (check_id, subject) VALUES ('CHK-01', ?)", [subject])
        assert laid_aside(engine, engine.work / "aside") == {"CHK-01"}


def test_what_only_checks_read_is_dropped(engine: DuckDB) -> None:
    with engine:
        for name in ("led", "grants", "subjects_agent"):
            engine.run(f"CREATE TABLE {name} (a INTEGER)")
        engine.run("CREATE TABLE in_actors AS SELECT 'a' AS actor_id, 'agent' AS kind, 'A' AS name")
        drop_read(engine)
        names = engine.rows("SELECT table_name FROM information_schema.tables")
        assert {("led",), ("results",)} <= {*names}
        assert not {("grants",), ("subjects_agent",)} & {*names}
        assert len(engine.rows("SELECT * FROM results")) == len(TEXTS)
        assert engine.rows("SELECT * FROM in_actors") == [("a", "agent")]


@pytest.mark.slow
def test_a_company_whose_results_are_laid_aside_is_the_same(
    sample_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waives and compensates results, so that they are changed later. Files that are written
    beside the engine's work of a smaller run wait for its end.
    """
    monkeypatch.setattr(running, "MANY", 1)
    monkeypatch.setattr(run_scores, "MOST_BESIDE", 0)
    assess(SAMPLE / "2026-q3", tmp_path / "run", formats=["json"])
    for path in sorted(sample_run.glob("*")):
        assert (tmp_path / "run" / path.name).read_bytes() == path.read_bytes(), path.name

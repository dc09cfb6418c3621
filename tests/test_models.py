"""Derived tables that are content: each says what a row is, reads what it seems to read, and gives the columns that are documented."""

from __future__ import annotations

from pathlib import Path

import pytest

from reporter.authoring import lint
from reporter.authoring.examples import RUN, load_example
from reporter.content.sql_policy import origins, tables_read
from reporter.engine.duckdb import DuckDB
from reporter.errors import ContentError
from reporter.schema.model_files import Model, read_model
from reporter.schema.tables import TABLES
from reporter.transform import dag
from reporter.transform.activity import derive

NAMES = sorted(dag.models())


def write(folder: Path, name: str, text: str) -> Model:
    path = folder / f"{name}.sql"
    path.write_text(text)
    return read_model(path)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_model_seems_to_read_is_what_it_reads(name: str) -> None:
    model = dag.models()[name]
    assert model.reads == tables_read(model.sql, name)
    assert model.says.startswith("One ") and model.says.endswith(".")


def test_models_give_the_columns_that_are_documented(tmp_path: Path) -> None:
    with DuckDB(tmp_path) as engine:
        load_example(engine, {})
        derive(engine, RUN, [])
        for name in NAMES:
            made = engine.columns(f"SELECT * FROM {name}")
            assert sorted(made) == sorted((c.name, c.type) for c in TABLES[name].columns), name


def test_each_column_comes_from_columns_that_are_there() -> None:
    tables = {t.name: {c.name for c in t.columns} | {"ref"} for t in TABLES.values()}
    tables["agents"] = tables["actors"]
    for name in NAMES:
        for column in TABLES[name].columns:
            found = origins(dag.models()[name].sql, column.name)
            assert all(c in tables[t] for t, c in found), (name, column.name)
    assert ("changes", "new_value") in origins(dag.models()["all_approvals"].sql, "like_pattern")


def test_a_model_is_read_with_what_it_says_and_reads(tmp_path: Path) -> None:
    text = "-- One thing\n-- of an actor.\n-- view\nWITH own AS (SELECT * FROM actors)\nSELECT * FROM own JOIN grants USING (actor_id)\n"
    model = write(tmp_path, "things", text)
    assert (model.says, model.kind) == ("One thing of an actor.", "view")
    assert model.reads == {"actors", "grants"}


def test_a_model_that_does_not_say_what_a_row_is_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="begins with no comment"):
        write(tmp_path, "things", "SELECT 1")


def test_models_that_read_each_other_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = {
        n: write(tmp_path, n, f"-- One.\nSELECT * FROM {m}") for n, m in (("a", "b"), ("b", "a"))
    }
    monkeypatch.setattr(dag, "models", lambda: pair)
    with (
        DuckDB(tmp_path / "w") as engine,
        pytest.raises(ContentError, match="read each other: a, b"),
    ):
        dag.make(engine, pair)


def test_lint_names_a_model_of_no_table_and_what_it_reads_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {n: write(tmp_path, n, text) for n, text in (
        ("things", "-- One.\n-- part\nSELECT * FROM actors"),
        ("settings", "-- One.\nSELECT * FROM nowhere"),
        ("happenings", "-- One.\nSELECT FROM WHERE"),
    )}  # fmt: skip
    monkeypatch.setattr(lint, "shipped", lambda: wrong)
    said = "\n".join(f"{e.place}: {e.message}" for e in lint._models(()))
    assert "models/things.sql: no check reads it" in said
    assert "models/settings.sql: there is no table nowhere" in said
    assert "models/happenings.sql" in said.replace("no check reads it", "")

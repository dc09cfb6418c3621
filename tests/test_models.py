"""Derived tables that are content: each says what a row is, reads what it seems to read, and gives the columns that are documented."""

from __future__ import annotations

from pathlib import Path

import pytest

from reporter.authoring import lint
from reporter.authoring.examples import RUN, load_example
from reporter.content.lineage import origins, sources_of, tables_read
from reporter.engine.duckdb import DuckDB
from reporter.errors import ContentError, ReporterError
from reporter.schema.model_files import Model, macros, read_model, shipped
from reporter.schema.tables import RAW, TABLES
from reporter.transform import dag
from reporter.transform import derive as derive_module
from reporter.transform.derive import derive

NAMES = sorted(dag.models())
READ_BY_CHECKS = [n for n in NAMES if n in TABLES and not TABLES[n].loaded]


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
        for name in READ_BY_CHECKS:
            made = engine.columns(f"SELECT * FROM {name}")
            assert sorted(made) == sorted((c.name, c.type) for c in TABLES[name].columns), name
        for name, columns in RAW.items():
            assert {*columns} <= {n for n, _ in engine.columns(f"SELECT * FROM {name}")}, name


def test_each_column_comes_from_columns_that_are_there_and_in_the_end_from_loaded_ones() -> None:
    tables = {t.name: {c.name for c in t.columns} | {"ref"} for t in TABLES.values()}
    for name in READ_BY_CHECKS:
        for column in TABLES[name].columns:
            assert all(c in tables[t] for t, c in origins(name, column.name)), (name, column.name)
            ends = {t for t, _ in sources_of(name, column.name)}
            assert all(TABLES[t].loaded or t not in dag.models() for t in ends), (name, ends)
    assert ("changes", "new_value") in origins("all_approvals", "like_pattern")
    assert sources_of("first_uses", "first_at") == (("events", "occurred_at"),)
    assert ("grants", "effect") in origins("activity", "effect")  # through two steps


def test_every_table_is_made_after_what_it_reads_and_a_step_is_read_by_something() -> None:
    read = {r for m in shipped().values() for r in m.reads} | derive_module.EVERYTHING
    read |= derive_module.ALWAYS | {"shadow_agents"}  # these become actors
    assert not [n for n in NAMES if n not in read]
    for name, model in dag.models().items():
        assert model.reads <= TABLES.keys() | RAW.keys() | shipped().keys(), name


def test_a_model_is_read_with_what_it_says_and_reads(tmp_path: Path) -> None:
    text = "-- One thing\n-- of an actor.\n-- view\nWITH own AS (SELECT * FROM actors)\nSELECT * FROM own JOIN grants USING (actor_id)\n"
    model = write(tmp_path, "things", text)
    assert (model.says, model.kind) == ("One thing of an actor.", "view")
    assert model.reads == {"actors", "grants"}


@pytest.mark.parametrize(
    "text", ["SELECT 1", "-- part\nSELECT 1", "-- step\n-- view\nSELECT 1", ""]
)
def test_a_model_that_does_not_say_what_a_row_is_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="begins with no comment"):
        write(tmp_path, "things", text)


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
        ("changes_and_incidents", "-- One.\nSELECT FROM WHERE"),
    )}  # fmt: skip
    monkeypatch.setattr(lint, "shipped", lambda: wrong)
    said = "\n".join(f"{e.place}: {e.message}" for e in lint._models(()))
    assert "models/things.sql: no check reads it" in said
    assert "models/settings.sql: there is no table nowhere" in said
    assert "models/changes_and_incidents.sql" in said.replace("no check reads it", "")


def test_records_are_in_the_order_of_their_time_to_the_fraction_of_a_second(tmp_path: Path) -> None:
    """`moment` makes a text of time and record: a second without a fraction comes before one with."""
    times = ("10:00:00", "10:00:00.05", "10:00:00.5", "10:00:00.51", "10:00:01")
    rows = ", ".join(
        f"(TIMESTAMP '2026-08-01 {t}', 'logs/a.jsonl#{n}')" for n, t in enumerate(times)
    )
    with DuckDB(tmp_path) as engine:
        engine.run(macros())
        found = engine.rows(f"SELECT x FROM (VALUES {rows}) AS e (t, x) ORDER BY moment(t, x)")
    assert [x for (x,) in found] == [f"logs/a.jsonl#{n}" for n in range(len(times))]


def test_a_scratch_table_is_gone_when_all_that_read_it_are_made(tmp_path: Path) -> None:
    """It held every activity a second time, through all checks."""
    with DuckDB(tmp_path) as engine:
        load_example(engine, {"given": {"actors": [{"actor_id": "a1", "kind": "agent"}]}})
        derive(engine, RUN, [])
        tables = {name for (name,) in engine.rows("SELECT table_name FROM duckdb_tables()")}
    scratch = {name for name, model in shipped().items() if model.is_scratch}
    assert scratch and not scratch & tables
    assert {"activity", "feed_clocks"} <= tables


def test_two_kinds_of_events_under_one_number_are_refused(tmp_path: Path) -> None:
    """Events of the one would count as those of the other."""
    event = {"actor_id": "a1", "occurred_at": "2026-08-01", "tool": "crm.read"}
    with DuckDB(tmp_path) as engine:
        load_example(engine, {"given": {"events": [event, {**event, "effect": "read"}]}})
        derive(engine, RUN, [])
        derive_module._refuse_twins(engine)
        engine.run("UPDATE event_kinds SET kind = (SELECT min(kind) FROM event_kinds)")
        with pytest.raises(ReporterError, match="1 kinds of events share a hash"):
            derive_module._refuse_twins(engine)

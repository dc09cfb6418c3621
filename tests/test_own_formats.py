"""Reporter's own formats carry every column: a record with all of them set comes back with all of them set."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import OF_CLOUDS

from reporter.authoring import docs
from reporter.content import loader
from reporter.engine.duckdb import DuckDB
from reporter.ingest.cache import open_cache
from reporter.ingest.load import Intake, ingest
from reporter.ingest.readers.inputs import Inputs
from reporter.schema.columns import FLAG, INT, TEXT, TIME
from reporter.schema.tables import LOADED, TABLES, columns_of
from reporter.schema.vocabulary import VOCABULARY
from reporter.system import folders

OWN = tuple(loader.read_source(p) for p in sorted(folders.content_dir()[1].glob("reporter-*.yml")))
KINDS = {
    "actors": "agent", "credentials": "credential", "grants": "grant", "approvals": "approval", "reviews": "review",
    "review_items": "review_item", "state_changes": "state_change", "components": "component", "links": "link",
    "changes": "change", "snapshot_items": "snapshot_item", "third_parties": "third_party", "vendors": "vendor", "artifacts": "artifact", "exceptions": "exception",
    "incidents": "incident", "alerts": "alert", "tests": "test", "log_stores": "log_store", "policies": "policy", "aliases": "alias",
    "events": "",
}  # fmt: skip
"""Table -> what a record of its own says in `type`."""
PARTED = ("domains", "excluded_domains", "clauses")
"""Columns kept with a semicolon at either end."""
MADE = ("text_ids", "document", "hash_holds")
"""Columns that the source works out; what a record says of them is not believed."""
SAMPLE = {TEXT: "some text", TIME: "2026-07-01T12:00:00Z", FLAG: True, INT: 3}
LISTS = {
    "tools": ("grants", "tool"), "data_sources": ("grants", "data"), "entitlements": ("grants", "entitlement"),
    "destinations": ("grants", "destination"), "contexts": ("grants", "context"),
} | {
    t: (t, "") for t in KINDS
    if t not in ("actors", "grants", "review_items", "snapshot_items", "log_stores", "policies", "vendors", "artifacts", "aliases", "events")
}  # fmt: skip
"""List of an actor -> its table, and the type that the list itself says."""

Read = Callable[[str, str], tuple[Intake, dict[str, list[dict[str, Any]]]]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that reads a file, and gives the accounting and the rows by table."""

    def run(name: str, text: str) -> tuple[Intake, dict[str, list[dict[str, Any]]]]:
        path = tmp_path / "ws" / "inventory" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return _read(tmp_path)

    return run


def _read(folder: Path) -> tuple[Intake, dict[str, list[dict[str, Any]]]]:
    with DuckDB(folder / "work") as engine, Inputs.of(folder / "ws") as inputs:
        intake = ingest(engine, inputs, OWN, open_cache(folder / "cache"))
        return intake, {t.name: _rows(engine, t.name) for t in LOADED}


Each = Callable[[str], tuple[Intake, dict[str, list[dict[str, Any]]]]]


def _read_all(folder: Path, texts: dict[str, str]) -> Each:
    """Read many files at once; return a function that gives what became of one, as `read` does."""
    place = folder / "ws" / "inventory"
    place.mkdir(parents=True)
    for name, text in texts.items():
        (place / name).write_text(text, encoding="utf-8")
    intake, rows = _read(folder)

    def each(name: str) -> tuple[Intake, dict[str, list[dict[str, Any]]]]:
        file = f"inventory/{name}"
        mine = replace(
            intake, files=tuple(f for f in intake.files if f.file == file),
            quarantined=tuple(q for q in intake.quarantined if q.file == file),
        )  # fmt: skip
        return mine, {t: [r for r in found if r["file"] == file] for t, found in rows.items()}

    return each


def _rows(engine: DuckDB, table: str) -> list[dict[str, Any]]:
    names = ["file", *(n for n, _ in columns_of(TABLES[table]))]
    found = engine.rows(f"SELECT {', '.join(names)} FROM in_{table} ORDER BY ALL")
    return [dict(zip(names, row, strict=True)) for row in found]


def full(table: str) -> dict[str, Any]:
    """Return every column of a table with a value that it may hold."""
    return {
        name: VOCABULARY.get(f"{table}.{name}", (SAMPLE[type_],))[0]
        for name, type_ in columns_of(TABLES[table])
    }


def record(table: str) -> dict[str, Any]:
    """Return a record of its own for a table, as the page names the fields."""
    fields = docs.FIELDS.get(table, {})
    own = {fields.get(n, n): v for n, v in full(table).items()}
    return ({"type": KINDS[table]} if KINDS[table] else {}) | own


def stored(table: str, **said: Any) -> dict[str, Any]:
    """Return the row that a full record should give."""
    row = full(table) | {n: None for n in MADE if n in full(table)} | said
    return {
        n: f";{v};" if n in PARTED else str(v)[:19] if v == SAMPLE[TIME] else v
        for n, v in row.items()
    }


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its times as text, and without its file."""
    made = {n: v.isoformat() if hasattr(v, "isoformat") else v for n, v in row.items()}
    return {n: v for n, v in made.items() if n != "file"}


def test_every_loaded_table_can_be_filled_by_a_record() -> None:
    assert set(KINDS) == {t.name for t in LOADED} - {"actor_log_sources", *OF_CLOUDS}


def as_csv(given: dict[str, Any]) -> str:
    held = io.StringIO(newline="")
    csv.writer(held).writerows([given, given.values()])
    return held.getvalue()


FORMS: dict[str, Callable[[dict[str, Any]], str]] = {"json": json.dumps, "csv": as_csv}


@pytest.fixture(scope="module", params=FORMS)
def records(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Each:
    """What became of a full record for each table, in one form."""
    texts = {f"{table}.{request.param}": FORMS[request.param](record(table)) for table in KINDS}
    each = _read_all(tmp_path_factory.mktemp(request.param), texts)
    return lambda table: each(f"{table}.{request.param}")


@pytest.mark.parametrize("table", KINDS)
def test_a_record_with_every_field_gives_a_row_with_every_column(table: str, records: Each) -> None:
    intake, rows = records(table)
    assert [(f.read, f.kept) for f in intake.files] == [(1, 1)]
    assert not intake.quarantined
    assert [shown(r) for r in rows[table]] == [stored(table)]


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Each:
    """What became of an actor with each list."""
    texts = {}
    for name, (table, kind) in LISTS.items():
        left_out = {"actor_id", *(("type",) if kind else ())}
        item = {n: v for n, v in full(table).items() if n not in left_out}
        actor = {"type": "agent", "actor_id": "some text", name: [item]}
        texts[f"{name}.json"] = json.dumps(actor)
    each = _read_all(tmp_path_factory.mktemp("lists"), texts)
    return lambda name: each(f"{name}.json")


@pytest.mark.parametrize("name", LISTS)
def test_a_list_inside_an_actor_carries_every_column(name: str, listed: Each) -> None:
    table, kind = LISTS[name]
    intake, rows = listed(name)
    assert not intake.quarantined
    assert [shown(r) for r in rows[table]] == [stored(table, **({"type": kind} if kind else {}))]


@pytest.mark.parametrize("holder", ["in an actor", "alone"])
def test_a_review_carries_its_items(holder: str, read: Read) -> None:
    items = {"items": [{k: full("review_items")[k] for k in ("type", "name", "decision")}]}
    alone = record("reviews") | items
    inside = {"type": "agent", "actor_id": "some text", "reviews": [full("reviews") | items]}
    intake, rows = read("file.json", json.dumps(alone if holder == "alone" else inside))
    assert not intake.quarantined
    assert [shown(r) for r in rows["reviews"]] == [stored("reviews")]
    assert [shown(r) for r in rows["review_items"]] == [stored("review_items")]


def test_an_approved_snapshot_carries_its_items(read: Read) -> None:
    items = [{k: full("snapshot_items")[k] for k in ("type", "name", "version")}]
    snapshot = {"approved_at": SAMPLE[TIME], "items": items}
    actor = {"type": "agent", "actor_id": "some text", "approved_snapshot": snapshot}
    intake, rows = read("file.json", json.dumps(actor))
    assert not intake.quarantined
    assert [shown(r) for r in rows["snapshot_items"]] == [stored("snapshot_items")]


def test_names_in_a_list_are_enough_for_rights_logs_and_other_ids(read: Read) -> None:
    lists = [n for n, (_, kind) in LISTS.items() if kind]
    text = (
        f"type,actor_id,{','.join(lists)},log_sources,aliases\nagent,a{',x;y' * (len(lists) + 2)}\n"
    )
    intake, rows = read("file.csv", text)
    assert not intake.quarantined
    assert sorted((g["type"], g["name"]) for g in rows["grants"]) == sorted(
        (LISTS[n][1], x) for n in lists for x in "xy"
    )
    assert [r["log_source"] for r in rows["actor_log_sources"]] == ["x", "y"]
    assert [r["alias"] for r in rows["aliases"]] == ["x", "y"]


def test_a_key_of_its_own_record_has_no_type_but_the_one_it_gives(read: Read) -> None:
    _, rows = read("file.json", json.dumps({"type": "credential", "credential_id": "k", "actor_id": "a"}))  # fmt: skip
    assert rows["credentials"][0]["type"] is None

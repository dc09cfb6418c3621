"""What collectors ask: each query is one of PostgreSQL, its answer is read by the source that it names, and the script
that `init --collect` writes asks them all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from conftest import reporter

from reporter.authoring import scaffold
from reporter.content import loader, source_policy
from reporter.engine.duckdb import DuckDB
from reporter.ingest import cache as store
from reporter.ingest import load
from reporter.ingest.readers.inputs import Inputs
from reporter.model.source import Query
from reporter.schema.tables import LOADED, columns_of
from reporter.system import folders

pytestmark = pytest.mark.slow

ANSWERS = Path(__file__).parent / "data" / "collected"
"""What Steampipe answers to each query, invented."""
QUERIES = loader.read_queries(folders.content_dir()[0] / "collectors.yml")
SOURCES = {s.id: s for s in map(loader.read_source, folders.content_dir()[1].glob("*.yml"))}
FOR_OTHERS = (
    "aws-iam-policies",
    "aws-trail-buckets",
    "kubernetes-roles",
    "kubernetes-cluster-roles",
)
"""Their records say what those of other answers allow; the rows are the others'."""
STEAMPIPE = """\
#!/bin/sh
[ "$1 $3 $4" = 'query --output json' ] || exit 64
name=$(basename "$2" .sql)
case " $FAILING " in *" $name "*) echo 'Error: no credentials' >&2; exit 1 ;; esac
case " $EMPTY " in *" $name "*) printf '%s' "$NOTHING"; exit 0 ;; esac
cat "$ANSWERS/$name.json"
"""


def _rows(path: Path) -> list[dict[str, Any]]:
    answer = json.loads(path.read_text(encoding="utf-8"))
    rows: list[dict[str, Any]] = answer["rows"] if isinstance(answer, dict) else answer
    return rows


def test_no_query_stands_twice_and_each_has_an_answer() -> None:
    ids = [q.id for q in QUERIES]
    assert len(ids) == len({*ids})
    assert {*ids} == {p.stem for p in ANSWERS.glob("*.json")}


@pytest.mark.parametrize("query", QUERIES, ids=lambda q: q.id)
def test_a_query_is_one_of_postgresql_for_the_columns_of_its_answer(query: Query) -> None:
    (tree,) = sqlglot.parse(query.sql, read="postgres")
    assert isinstance(tree, sqlglot.exp.Select)
    assert {*tree.named_selects} == {*_rows(ANSWERS / f"{query.id}.json")[0]}


@pytest.mark.parametrize("query", QUERIES, ids=lambda q: q.id)
def test_what_a_query_fills_its_source_gives(query: Query) -> None:
    for table, columns in query.fills.items():
        select = SOURCES[query.source].tables[table]
        assert {*columns} <= {*source_policy.outputs(select, query.source)}, table


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, dict[str, set[str]]]]:
    """Return, by query, the source that its answer was read by, and what it filled, all answers being together."""
    place = tmp_path_factory.mktemp("collected")
    shutil.copytree(ANSWERS, place / "ws" / "inventory")
    with DuckDB(place / "work") as engine:
        intake = load.ingest(
            engine,
            Inputs.of(place / "ws"),
            tuple(SOURCES.values()),
            store.open_cache(place / "cache"),
        )
        assert not intake.quarantined
        made: dict[str, tuple[str, dict[str, set[str]]]] = {
            Path(f.file).stem: (f.source, {}) for f in intake.files
        }
        for table in LOADED:
            names = [n for n, _ in columns_of(table)]
            for file, *values in engine.rows(
                f"SELECT file, {', '.join(names)} FROM in_{table.name}"
            ):
                told = {n for n, v in zip(names, values, strict=True) if v is not None}
                made[Path(file).stem][1].setdefault(table.name, set()).update(told)
    return made


def test_a_finding_that_was_archived_or_muted_is_no_failure(tmp_path: Path) -> None:
    name = "aws-securityhub-findings.json"
    (tmp_path / "ws" / "logs").mkdir(parents=True)
    shutil.copy(ANSWERS / name, tmp_path / "ws" / "logs" / name)
    with DuckDB(tmp_path / "work") as engine:
        sources = (SOURCES["aws-security-findings"],)
        load.ingest(
            engine, Inputs.of(tmp_path / "ws"), sources, store.open_cache(tmp_path / "cache")
        )
        results = engine.rows("SELECT result FROM in_tests ORDER BY record")
    assert results == [("failed",), ("not_run",), ("muted",)]


@pytest.mark.parametrize("query", QUERIES, ids=lambda q: q.id)
def test_an_answer_is_read_by_its_source_and_fills_what_is_said(
    query: Query, filled: dict[str, tuple[str, dict[str, set[str]]]]
) -> None:
    source, tables = filled[query.id]
    assert source == query.source
    if query.id not in FOR_OTHERS:
        assert {t: {*c} - tables.get(t, set()) for t, c in query.fills.items()} == {
            t: set() for t in query.fills
        }
        assert {*query.fills} == {*tables}


# ---------------------------------------------------------------- the script


def _collect(workspace: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    tools = workspace.parent / "bin"
    tools.mkdir(exist_ok=True)
    (tools / "steampipe").write_text(STEAMPIPE, encoding="utf-8")
    (tools / "steampipe").chmod(0o755)
    return subprocess.run(
        ["sh", workspace / "collect" / "run.sh"],
        env={
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
            "ANSWERS": str(ANSWERS),
            "FAILING": "",
            "EMPTY": "",
            "NOTHING": "",
            **settings,
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.usefixtures("few_checks")
def test_a_workspace_that_was_collected_can_be_assessed(tmp_path: Path) -> None:
    workspace = tmp_path / "ws"
    made = reporter("init", workspace, "--collect", ",".join(scaffold.collectors()))
    assert made.exit_code == 0
    assert {p.stem for p in (workspace / "collect").glob("*.sql")} == {q.id for q in QUERIES}
    done = _collect(workspace)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Missing" not in done.stdout
    result = reporter("assess", workspace, "--out", tmp_path / "r", "--formats", "json", "--json")
    assert result.exit_code == 0, result.output
    manifest = json.loads((tmp_path / "r" / "manifest.json").read_text(encoding="utf-8"))
    sources = {Path(i["file"]).stem: i["source"] for i in manifest["inputs"]}
    assert {q.id: sources[q.id] for q in QUERIES} == {q.id: q.source for q in QUERIES}


def test_the_script_goes_on_after_a_failure_and_says_what_is_missing(tmp_path: Path) -> None:
    workspace = tmp_path / "ws"
    assert reporter("init", workspace, "--collect", "okta").exit_code == 0
    done = _collect(workspace, FAILING="okta-users")
    assert done.returncode == 1
    assert "okta-users failed: Error: no credentials" in done.stderr
    assert done.stdout.endswith("it would fill:\n  okta-users failed: actors, grants, aliases\n")
    assert {p.name for p in (workspace / "inventory").glob("*.json")} == {
        "okta-applications.json",
        "okta-groups.json",
    }
    assert not list(workspace.rglob("*.part"))
    again = _collect(workspace)
    assert again.returncode == 0
    assert "inventory/okta-groups.json is there already: not asked again" in again.stdout
    assert (workspace / "inventory" / "okta-users.json").is_file()


@pytest.mark.parametrize(
    "nothing",
    ["", "null\n", "[]\n", '{\n "rows": []\n}\n', '{"columns":[{"name":"rows","data_type":"text"}],"rows":null}'],
)  # fmt: skip
def test_an_answer_without_rows_leaves_no_file(nothing: str, tmp_path: Path) -> None:
    workspace = tmp_path / "ws"
    assert reporter("init", workspace, "--collect", "github").exit_code == 0
    done = _collect(workspace, EMPTY="github-members", NOTHING=nothing)
    assert done.returncode == 0
    assert "github-members has no rows: actors, grants\n" in done.stdout
    assert not (workspace / "inventory" / "github-members.json").exists()


def test_the_script_overwrites_nothing(tmp_path: Path) -> None:
    workspace = tmp_path / "ws"
    assert reporter("init", workspace, "--collect", "okta").exit_code == 0
    (workspace / "inventory" / "okta-users.json").write_text("mine")
    _collect(workspace)
    assert (workspace / "inventory" / "okta-users.json").read_text() == "mine"


def test_a_workspace_that_exists_gets_the_queries_alone_and_once(tmp_path: Path) -> None:
    assert reporter("init", tmp_path).exit_code == 0
    before = {p for p in tmp_path.rglob("*") if p.is_file()}
    assert reporter("init", tmp_path, "--collect", "okta").exit_code == 0
    assert {p.parent.name for p in tmp_path.rglob("*") if p.is_file() and p not in before} == {
        "collect"
    }
    result = reporter("init", tmp_path, "--collect", "okta,aws")
    assert (result.exit_code, "queries stand already" in result.output) == (3, True)


def test_an_unknown_collector_is_refused(tmp_path: Path) -> None:
    result = reporter("init", tmp_path / "ws", "--collect", "okta,oktopus")
    assert (result.exit_code, "'oktopus' is not one of" in result.output) == (2, True)
    assert not (tmp_path / "ws").exists()

"""Events that lie in a table of Parquet files, and not in the workspace: what an assessment makes of them.

What Spark makes of the same is in test_spark_tables.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fixture_event_table import company_in, write_table

from reporter.cli import main
from reporter.engine.duckdb import DuckDB, Parquet, parquet
from reporter.engine.event_table import COLUMNS, read_place
from reporter.errors import InputError

NAMES = [n for n, _ in COLUMNS]


def _assess(workspace: Path, run: Path, *more: object) -> Result:
    words = ("assess", workspace, "--out", run, "--formats", "json", "--quiet", *more)
    return CliRunner().invoke(main, [str(w) for w in words])


def _results(run: Path) -> list[tuple[Any, ...]]:
    """Return all results of a run, with all that is known of each."""
    order = 'SELECT * EXCLUDE (place) FROM held ORDER BY "check", subject'
    return [row for rows in Parquet(run / "results.parquet").batches(order) for row in rows]


def _data(run: Path) -> dict[str, Any]:
    return dict(json.loads((run / "report.json").read_text(encoding="utf-8")))


def _table_of(run: Path) -> dict[str, Any]:
    """Return the accounting of the table of events of a run."""
    (there,) = [f for f in _data(run)["files"] if "!reporter-events" in f["file"]]
    return dict(there)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder: a company, the same without its log, `bare`, and a lake of two files."""
    place = tmp_path_factory.mktemp("made")
    company = company_in(place)
    write_table(company, place / "rows.parquet")
    (place / "lake").mkdir()
    with DuckDB(place / "work") as engine:
        for n, name in enumerate(("one", "two")):
            sql = f"SELECT * FROM {parquet(place / 'rows.parquet')} WHERE record % 2 = {n}"
            engine.write_parquet(sql, place / f"lake/{name}.parquet")
    shutil.copytree(company, place / "bare")
    (place / "bare/logs/gateway.jsonl").unlink()
    return place


@pytest.fixture(scope="module")
def plain(made: Path) -> list[tuple[Any, ...]]:
    """The results of the company with its log."""
    assert _assess(made / "company", made / "plain").exit_code == 0
    return _results(made / "plain")


@pytest.fixture
def lake(made: Path, tmp_path: Path) -> Path:
    """A lake of one's own."""
    return Path(shutil.copytree(made / "lake", tmp_path / "lake"))


def _rewrite(path: Path, columns: str) -> None:
    with DuckDB(path.parent / "_work") as engine:
        engine.write_parquet(f"SELECT {columns} FROM {parquet(path)}", path.parent / "_new")
    shutil.move(path.parent / "_new", path)
    shutil.rmtree(path.parent / "_work")


@pytest.mark.slow
def test_a_table_gives_what_the_log_gives(made: Path, plain: list[Any], tmp_path: Path) -> None:
    said = _assess(made / "bare", tmp_path / "run", "--events", f"parquet:{made}/lake")
    assert said.exit_code == 0, said.output
    assert {row[2] for row in plain} >= {"pass", "fail", "unknown"}
    assert _results(tmp_path / "run") == plain
    there = _table_of(tmp_path / "run")
    assert (there["read"], there["kept"], there["rejected"]) == (60, 60, 0)
    (notice,) = [n for n in _data(tmp_path / "run")["notices"] if n["code"] == "events_elsewhere"]
    assert "secrets in this table were not looked for" in json.dumps(notice)


@pytest.mark.slow
def test_events_that_files_hold_are_set_aside_and_counted(
    made: Path, plain: list[Any], tmp_path: Path
) -> None:
    said = _assess(made / "company", tmp_path / "run", "--events", f"{made}/lake/*.parquet")
    assert said.exit_code == 0, said.output
    assert [r[:4] for r in _results(tmp_path / "run")] == [r[:4] for r in plain]
    files = {f["file"]: f for f in _data(tmp_path / "run")["files"]}
    log = files["logs/gateway.jsonl"]
    assert (log["read"], log["kept"], log["out_of_scope"]) == (60, 0, 60)


@pytest.mark.slow
def test_rows_that_cannot_be_used_are_counted(made: Path, lake: Path, tmp_path: Path) -> None:
    no_outcome = "* REPLACE (CASE WHEN record > 4 THEN outcome END AS outcome)"
    _rewrite(lake / "one.parquet", no_outcome)
    _rewrite(lake / "two.parquet", "* REPLACE (CASE WHEN record > 5 THEN source END AS source)")
    said = _assess(made / "bare", tmp_path / "run", "--events", f"parquet:{lake}")
    assert said.exit_code == 0, said.output
    there = _table_of(tmp_path / "run")
    assert (there["read"], there["kept"], there["rejected"]) == (57, 55, 2)
    files = _data(tmp_path / "run")["files"]
    (nobody,) = [f for f in files if f["file"].endswith("!no source")]
    assert (nobody["read"], nobody["kept"], nobody["unreadable"]) == (3, 0, 3)


@pytest.mark.slow
def test_a_column_of_a_later_file_is_read_and_one_that_is_nowhere_is_named(
    made: Path, lake: Path, tmp_path: Path
) -> None:
    _rewrite(lake / "one.parquet", "* EXCLUDE (effect, sequence)")
    _rewrite(lake / "two.parquet", "* EXCLUDE (sequence), 1 AS shard")
    said = _assess(made / "bare", tmp_path / "run", "--events", f"parquet:{lake}")
    assert said.exit_code == 0, said.output
    (notice,) = [n for n in _data(tmp_path / "run")["notices"] if n["code"] == "events_elsewhere"]
    told = json.dumps(notice)
    assert "not recorded" in told and '"sequence"' in told and '"effect' not in told
    assert "were not read" in told and '"shard"' in told
    assert _table_of(tmp_path / "run")["kept"] == 60


@pytest.mark.slow
def test_a_table_that_is_written_to_while_it_is_read_gives_no_run(
    made: Path, lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reporter.pipeline import assess

    run_checks = assess.run_checks

    def meanwhile(*given: Any) -> Any:
        _rewrite(lake / "two.parquet", "* REPLACE (record + 1000 AS record, 'other' AS file)")
        return run_checks(*given)

    monkeypatch.setattr(assess, "run_checks", meanwhile)
    said = _assess(made / "bare", tmp_path / "run", "--events", f"parquet:{lake}")
    assert said.exit_code == 3 and "was written to while it was read" in said.output, said.output
    assert not (tmp_path / "run").exists()


def _delta(lake: Path) -> None:
    (lake / "_delta_log").mkdir()


def _by_tool(lake: Path) -> None:
    (lake / "tool=mail").mkdir()
    (lake / "two.parquet").rename(lake / "tool=mail/two.parquet")


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "no file": (lambda p: shutil.rmtree(p), "there is no file there"),
    "no Parquet": (lambda p: (p / "notes").write_text("none"), "its files cannot be read"),
    "a column that each row needs": (
        lambda p: [_rewrite(f, "* EXCLUDE (place)") for f in p.glob("*")],
        "has no column place",
    ),
    "words for a time": (
        lambda p: [
            _rewrite(f, "* REPLACE ('soon' AS occurred_at)") for f in sorted(p.glob("*.parquet"))
        ],
        "occurred_at is of type VARCHAR",
    ),
    "files of a table of Delta": (_delta, "this is a table of delta"),
    "a column in names of folders": (_by_tool, "names of folders hold its column tool"),
}


def _iceberg(table: Path) -> None:
    (table / "metadata").mkdir(parents=True)
    (table / "metadata/v1.metadata.json").write_text("{}")


@pytest.mark.parametrize(
    "within",
    ["lake/*.parquet", "lake/day=1", "lake/data/one.parquet", "lak?", "[l]ake/data", "..", "./**/*.parquet", "link.parquet", "links",
     "links/*/data/one.parquet", "other"],
)  # fmt: skip
@pytest.mark.parametrize("form", ["delta", "iceberg"])
def test_files_of_a_table_of_another_format_are_refused(
    form: str, within: str, tmp_path: Path
) -> None:
    folder = tmp_path / "lakes"
    (folder / "lake/data").mkdir(parents=True)
    (folder / "lake/data/one.parquet").touch()
    (folder / "link.parquet").symlink_to("lake/data/one.parquet")
    for name, target in (("links", "lake"), ("other", "lake/data/one.parquet")):
        (folder / name).mkdir()
        (folder / name / "link").symlink_to(folder / target)
    {"delta": _delta, "iceberg": _iceberg}[form](folder / "lake")
    with pytest.raises(InputError, match=f"this is a table of {form}") as raised:
        read_place(f"parquet:{within}", folder)
    assert f"Write {form}:{folder}/lake," in raised.value.hint


def test_what_only_looks_like_a_table_of_iceberg_is_read(tmp_path: Path) -> None:
    for folder in ("metadata", "export"):
        (tmp_path / folder).mkdir()
    (tmp_path / "metadata/run7.metadata.json").touch()
    assert read_place("parquet:export", tmp_path).path == str(tmp_path / "export")


def test_a_name_that_is_too_long_for_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be looked at: File name too long"):
        read_place("parquet:" + "a" * 300, tmp_path)


def test_a_table_of_two_formats_is_read_as_either(tmp_path: Path) -> None:
    """As Delta with UniForm writes it, or a table of one format that lies below another."""
    _iceberg(tmp_path)
    _delta(tmp_path)
    for form in ("delta", "iceberg"):
        assert read_place(f"{form}:{tmp_path}").format == form
    _iceberg(tmp_path / "below")
    assert read_place(f"iceberg:{tmp_path}/below").format == "iceberg"
    with pytest.raises(InputError, match="this is a table of iceberg"):
        read_place(f"delta:{tmp_path}/below")


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_such_table_is_refused(
    made: Path, lake: Path, tmp_path: Path, what: str
) -> None:
    change, words = REFUSED[what]
    change(lake)
    said = _assess(made / "bare", tmp_path / "run", "--events", f"parquet:{lake}")
    assert said.exit_code == 3 and words in " ".join(said.output.split()), said.output
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--events", "main.audit.events"), "files of Parquet on this machine only"),
        (("--events", "parquet:s3://lake/events"), "files of Parquet on this machine only"),
        (("--events", "lake/"), "neither the name of a table nor a path with its format"),
        (("--events", "x.parquet", "--keep-tables"), "would be copied from their table"),
        (("--events", "x.parquet", "--results", "x"), "cannot all say who reads the events"),
    ],
)
def test_what_this_engine_cannot_read_is_refused(
    made: Path, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    said = _assess(made / "bare", tmp_path / "run", *words)
    assert said.exit_code == 3 and told in " ".join(said.output.split()), said.output


@pytest.mark.slow
def test_a_table_that_a_workspace_names_is_read_where_somebody_asks_for_it(
    made: Path, plain: list[Any], tmp_path: Path
) -> None:
    named = Path(shutil.copytree(made / "bare", tmp_path / "named"))
    with (named / "reporter.yml").open("a", encoding="utf-8") as settings:
        settings.write("events: parquet:../lake\n")
    said = _assess(named, tmp_path / "run")
    assert said.exit_code == 3 and "which nobody was asked to read" in " ".join(said.output.split())
    assert "reporter.yml:5" in said.output
    said = _assess(named, tmp_path / "run", "--events", f"parquet:{made}/lake")
    assert said.exit_code == 0, said.output
    assert _results(tmp_path / "run") == plain


@pytest.mark.parametrize(
    ("text", "format", "path"),
    [
        ("events", "", "events"),
        ("main.audit.agent_events", "", "main.audit.agent_events"),
        ("main.`a b`.events", "", "main.`a b`.events"),
        ("delta:s3a://lake/events", "delta", "s3a://lake/events"),
        ("iceberg:/lake/events", "iceberg", "/lake/events"),
        ("day/*.parquet", "parquet", "/base/day/*.parquet"),
    ],
)
def test_a_place_is_a_name_or_a_path_with_its_format(text: str, format: str, path: str) -> None:
    place = read_place(text, Path("/base"))
    assert (place.format, place.path) == (format, path)


@pytest.mark.parametrize("text", ["", "a.b.c.d.e", "x; DROP TABLE y", "s3a://lake/events", "a b"])
def test_what_may_be_sql_or_has_no_format_is_no_place(text: str) -> None:
    with pytest.raises(InputError):
        read_place(text)

"""Events that lie in a warehouse: what is run there, and what an assessment takes back from it.

DuckDB stands for the warehouse: it has the tables of the warehouse alone, and runs the files of a
step. No test here runs Spark.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from duck_forms import DuckForms
from fixture_event_table import company_in, write_table

from reporter.cli import main
from reporter.content import loader
from reporter.engine.duckdb import DuckDB, Parquet, parquet
from reporter.engine.elsewhere import Elsewhere, Questions
from reporter.engine.forms.answers import scan_of
from reporter.engine.translation import dialects
from reporter.engine.translation.dialects import DATABRICKS, Dialect
from reporter.engine.translation.portable import AsWritten
from reporter.errors import InputError
from reporter.pipeline.warehouse import sql_verb
from reporter.pipeline.warehouse.returned import _who

EVENTS = "agent_events"
OURS = Dialect(
    title="ours",
    rewrite=lambda tree, kinds_of: tree,
    text=lambda tree: str(tree.sql(dialect=AsWritten, comments=False)),
    # Parquet of DuckDB has no whole numbers of 128 bits: it would write fractions.
    kinds={kind: kind for kind in DATABRICKS.kinds} | {"HUGEINT": "DECIMAL(38,0)"},
    quote='"',
    read_list=lambda path, _: f"SELECT * FROM read_parquet('{path}')",
    keep=lambda folder, sql: f"COPY ({sql}) TO '{folder}/part.parquet' (FORMAT parquet)",
    settings=(),
    who="SELECT 'loader' AS ran_by, '2026-10-01 08:00:00' AS ran_at, 'ours 1' AS engine",
    shown=("Only tests run this.",),
)
FORM_BY_FORM = dialects.by_forms(
    "form_by_form",
    DuckForms(),
    OURS.keep,
    OURS.who,
    OURS.shown,
)


@dataclass(frozen=True)
class Made:
    company: Path
    bare: Path
    """The same without its log."""
    steps: Path
    plain: Path
    """The run of the company."""
    there: Path
    """The run of what the warehouse returned."""


class Warehouse:
    """A DuckDB with the events of a workspace, and nothing else of it."""

    def __init__(self, place: Path, company: Path) -> None:
        self.place, self.rows = place, place / "rows.parquet"
        place.mkdir()
        write_table(company, self.rows)

    def change(self, sql: str) -> None:
        """Replace the rows by those of a query of `told`."""
        with DuckDB(self.place / "work") as engine:
            engine.show_parquet("told", [self.rows])
            engine.write_parquet(sql, changed := self.place / "changed.parquet")
        shutil.move(changed, self.rows)

    def run(self, step: Path, out: Path) -> None:
        """Run the files of a step in their order."""
        with DuckDB(self.place / "work") as engine:
            engine.show_parquet(EVENTS, [self.rows])
            for path in sorted(step.glob("*.sql")):
                text = path.read_text(encoding="utf-8").rstrip().removesuffix(";")
                folder = text.rpartition("TO '")[2].partition("/part.parquet")[0]
                Path(folder).mkdir(parents=True, exist_ok=True)
                engine.run(text)
        assert list((out / "results").iterdir())


@contextmanager
def _ours() -> Iterator[None]:
    """Let the command line know the warehouse of these tests."""
    option = next(p for p in sql_verb.sql.params if p.name == "dialect")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(dialects.DIALECTS, "ours", OURS)
        patch.setitem(dialects.DIALECTS, "form_by_form", FORM_BY_FORM)
        patch.setattr(option.type, "choices", ("ours", "form_by_form", *sql_verb.NAMES))
        yield


def _said(*words: object) -> Result:
    return CliRunner().invoke(main, [str(w) for w in words])


def _asking(company: Path, out: Path, dialect: str = "ours") -> tuple[object, ...]:
    return "sql", company, "--dialect", dialect, "--events", EVENTS, "--out", out


def _steps(company: Path, out: Path, warehouse: Warehouse, dialect: str = "ours") -> int:
    """Ask and run until nothing is left; return how many steps it took."""
    for number in range(12):
        said = _said(*_asking(company, out, dialect))
        assert said.exit_code == 0, said.output
        if "nothing is left to run" in said.output:
            return number
        warehouse.run(out / f"step-{number}", out)
    raise AssertionError("there is no end to it")


def _results(run: Path) -> list[tuple[Any, ...]]:
    """Return all results of a run, with all that is known of each."""
    held = Parquet(run / "results.parquet")
    order = 'SELECT * EXCLUDE (place) FROM held ORDER BY "check", subject'
    return [row for rows in held.batches(order) for row in rows]


def _assess(company: Path, run: Path, *more: object) -> Result:
    return _said("assess", company, "--out", run, "--formats", "json", "--quiet", *more)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A company, its run, the same without its log, and what a warehouse returned for that."""
    place = tmp_path_factory.mktemp("made")
    company = company_in(place)
    assert _assess(company, place / "plain").exit_code == 0
    warehouse = Warehouse(place / "warehouse", company)
    bare = place / "bare"
    shutil.copytree(company, bare)
    (bare / "logs/gateway.jsonl").unlink()
    with _ours():
        assert _steps(bare, place / "steps", warehouse) >= 3
        said = _assess(bare, place / "there", "--results", place / "steps")
    assert said.exit_code == 0, said.output
    return Made(company, bare, place / "steps", place / "plain", place / "there")


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A company without its log, and the first step, which the warehouse has run."""
    place = tmp_path_factory.mktemp("begun")
    company = company_in(place)
    warehouse = Warehouse(place / "warehouse", company)
    (company / "logs/gateway.jsonl").unlink()
    with _ours():
        for number in (0, 1):
            said = _said(*_asking(company, place / "steps"))
            assert said.exit_code == 0, said.output
            warehouse.run(place / f"steps/step-{number}", place / "steps")
    return company, place / "steps"


@pytest.fixture(autouse=True)
def ours() -> Iterator[None]:
    with _ours():
        yield


@pytest.mark.slow
def test_results_from_a_warehouse_are_those_of_a_plain_run(made: Made) -> None:
    plain = _results(made.plain)
    assert {row[2] for row in plain} >= {"pass", "fail", "unknown"}
    assert _results(made.there) == plain


@pytest.mark.slow
def test_what_is_written_form_by_form_gives_the_results_of_a_plain_run(
    made: Made, tmp_path: Path
) -> None:
    warehouse = Warehouse(tmp_path / "warehouse", made.company)
    _steps(made.bare, tmp_path / "steps", warehouse, "form_by_form")
    said = _assess(made.bare, tmp_path / "run", "--results", tmp_path / "steps")
    assert said.exit_code == 0, said.output
    assert _results(tmp_path / "run") == _results(made.plain)


@pytest.mark.slow
def test_page_one_says_that_events_were_read_elsewhere_and_by_whom(made: Made) -> None:
    data = json.loads((made.there / "report.json").read_text(encoding="utf-8"))
    (notice,) = [n for n in data["notices"] if n["code"] == "events_elsewhere"]
    assert "60" in json.dumps(notice) and EVENTS in json.dumps(notice)
    assert "2026-10-01 08:00:00 loader ours 1" in json.dumps(notice)


def _files(run: Path) -> dict[str, dict[str, Any]]:
    data = json.loads((run / "report.json").read_text(encoding="utf-8"))
    return {f["file"]: f for f in data["files"]}


@pytest.mark.slow
def test_events_there_are_accounted_for(made: Made) -> None:
    (there,) = [f for name, f in _files(made.there).items() if name.startswith(EVENTS)]
    assert (there["read"], there["kept"], there["rejected"]) == (60, 60, 0)


@pytest.mark.slow
def test_events_that_files_hold_are_set_aside_and_counted(made: Made, tmp_path: Path) -> None:
    _steps(made.company, tmp_path / "steps", Warehouse(tmp_path / "warehouse", made.company))
    said = _assess(made.company, tmp_path / "run", "--results", tmp_path / "steps")
    assert said.exit_code == 0, said.output
    assert [row[:4] for row in _results(tmp_path / "run")] == [r[:4] for r in _results(made.plain)]
    log = _files(tmp_path / "run")["logs/gateway.jsonl"]
    assert (log["read"], log["kept"], log["out_of_scope"]) == (60, 0, 60)


@pytest.mark.slow
def test_events_without_an_outcome_are_rejected_and_counted(made: Made, tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "warehouse", made.company)
    warehouse.change(
        "SELECT * REPLACE (CASE WHEN record > 3 THEN outcome END AS outcome) FROM told"
    )
    _steps(made.bare, tmp_path / "steps", warehouse)
    said = _assess(made.bare, tmp_path / "run", "--results", tmp_path / "steps")
    assert said.exit_code == 0, said.output
    (there,) = [f for name, f in _files(tmp_path / "run").items() if name.startswith(EVENTS)]
    assert (there["read"], there["kept"], there["rejected"]) == (60, 57, 3)


@pytest.mark.slow
def test_a_zip_is_taken_as_the_folder_is(made: Made, tmp_path: Path) -> None:
    packed = shutil.make_archive(str(tmp_path / "steps"), "zip", made.steps)
    said = _assess(made.bare, tmp_path / "run", "--results", packed)
    assert said.exit_code == 0, said.output
    assert _results(tmp_path / "run") == _results(made.plain)


def _a_result(steps: Path) -> Path:
    """Return the file that a statement of the first step left."""
    manifest = json.loads((steps / "manifest.json").read_text(encoding="utf-8"))
    return steps / "results" / manifest["steps"][1]["statements"][0]["key"] / "part.parquet"


def _the_probe(steps: Path) -> Path:
    """Return what the first statement of the probe left."""
    manifest = json.loads((steps / "manifest.json").read_text(encoding="utf-8"))
    return steps / "results" / manifest["steps"][0]["statements"][0]["key"] / "part.parquet"


def _rewrite(path: Path, columns: str, where: str = "TRUE") -> None:
    with DuckDB(path.parent / "work") as engine:
        sql = f"SELECT {columns} FROM {parquet(path)} WHERE {where}"
        engine.write_parquet(sql, path.parent / "new")
    shutil.move(path.parent / "new", path)
    shutil.rmtree(path.parent / "work")


def _other_sql(steps: Path) -> None:
    (path,) = (steps / "step-1").glob("1-*.sql")
    path.write_text(path.read_text(encoding="utf-8") + "-- and more\n", encoding="utf-8")


def _in_manifest(one: str, other: str) -> Callable[[Path], object]:
    def change(steps: Path) -> None:
        path = steps / "manifest.json"
        text = path.read_text(encoding="utf-8")
        assert one in text
        path.write_text(text.replace(one, other, 1), encoding="utf-8")

    return change


def _other_date(steps: Path) -> None:
    path = steps / "manifest.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"2026-10-01 00', '"2026-10-02 00', 1))


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing returned": (lambda s: shutil.rmtree(s / "results"), "lack the rows of a statement"),
    "one answer lost": (lambda s: _a_result(s).unlink(), "lack the rows of a statement"),
    "a value of the probe": (
        lambda s: _rewrite(_the_probe(s), "* REPLACE (CASE WHEN n = 7 THEN 'x' ELSE v0 END AS v0)"),
        "the probe differs: lower(a) gives 'x' there, and 'x\\n' here (row 7)",
    ),
    "a null in the probe": (
        lambda s: _rewrite(_the_probe(s), "* REPLACE (CASE WHEN n <> 7 THEN v0 END AS v0)"),
        "lower(a) gives None there, and 'x\\n' here (row 7)",
    ),
    "a row of the probe": (
        lambda s: _rewrite(_the_probe(s), "*", "n <> 7"),
        "the probe differs: lower(a) has 0 rows there, and 1 here (row 7)",
    ),
    "the probe of nothing": (
        lambda s: shutil.rmtree(_the_probe(s).parent),
        "lack the rows of a statement",
    ),
    "another version": (
        _in_manifest('"reporter": "', '"reporter": "0.'),
        "were written for reporter 0.",
    ),
    "a pattern that is SQL of its own": (
        _in_manifest('"patterns": []', '"patterns": ["(SELECT max(n) FROM hard_rows)"]'),
        "no regular expression of a text",
    ),
    "no manifest": (lambda s: (s / "manifest.json").unlink(), "there is no manifest.json"),
    "another date": (_other_date, "were written for as_of 2026-10-02"),
    "another statement": (_other_sql, "is not as `reporter sql` wrote it"),
    "an answer to nothing": (
        lambda s: _a_result(s).parent.rename(s / "results" / ("a" * 64)),
        "belong to no statement",
    ),
    "a column more": (lambda s: _rewrite(_a_result(s), "*, 1 AS more"), "expected are"),
    "a column less": (lambda s: _rewrite(_a_result(s), "* EXCLUDE (n)"), "expected are"),
    "a fraction for a whole number": (
        lambda s: _rewrite(_a_result(s), "* REPLACE (CAST(n AS DOUBLE) AS n)"),
        "whole numbers came back as fractions: n",
    ),
    "words for a number": (
        lambda s: _rewrite(_a_result(s), "* REPLACE ('many' AS n)"),
        "cannot be read",
    ),
}
ALIKE = ("one answer lost", "a null in the probe", "a row of the probe", "the probe of nothing", "a column less", "words for a number")  # fmt: skip
"""What is refused where another is; only `make slow` tries them."""


@pytest.mark.parametrize(
    "what", [pytest.param(w, marks=pytest.mark.slow) if w in ALIKE else w for w in REFUSED]
)
def test_results_that_do_not_fit_are_refused_as_a_whole(
    begun: tuple[Path, Path], tmp_path: Path, what: str
) -> None:
    company, made = begun
    steps = tmp_path / "steps"
    shutil.copytree(made, steps)
    change, words = REFUSED[what]
    change(steps)
    said = _assess(company, tmp_path / "run", "--results", steps)
    assert said.exit_code == 3 and words in " ".join(said.output.split()), said.output
    assert not (tmp_path / "run").exists()


def test_a_step_waits_for_the_results_of_the_one_before(
    begun: tuple[Path, Path], tmp_path: Path
) -> None:
    company, steps = begun
    shutil.copytree(steps, tmp_path / "steps")
    shutil.rmtree(tmp_path / "steps/results")
    again = _said(*_asking(company, tmp_path / "steps"))
    assert again.exit_code == 3 and "have no results yet" in again.output


def test_a_check_is_printed_in_the_sql_of_databricks() -> None:
    said = _said("sql", "--dialect", "databricks", "--check", "APR-06")
    assert said.exit_code == 0 and said.output.startswith("-- APR-06 reads agents, events")
    assert "MIN_BY(" in said.output and "arg_min" not in said.output.lower()


def test_a_check_that_does_not_exist_is_named() -> None:
    said = _said("sql", "--dialect", "databricks", "--check", "XYZ-99")
    assert said.exit_code == 3 and "there is no check XYZ-99" in said.output


def test_a_client_may_tell_in_json_who_ran_the_statements(tmp_path: Path) -> None:
    folder = tmp_path / "results/who"
    folder.mkdir(parents=True)
    told = {"ran_by": "ann", "ran_at": "2026-10-01 08:00:00", "engine": "Trino 480"}
    (folder / "rows.json").write_text(json.dumps(told) + "\n", encoding="utf-8")
    assert _who(tmp_path) == ["2026-10-01 08:00:00 ann Trino 480"]


def _lines(place: Path, text: str) -> list[Path]:
    path = place / ("a" * 64) / "rows.json"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    return [path]


def test_lines_of_json_are_rows(tmp_path: Path) -> None:
    paths = _lines(tmp_path, '{"a": "01", "b": null}\n{"a": "", "b": "x"}\n')
    with DuckDB(tmp_path / "work") as engine:
        rows = engine.rows(f"SELECT a, b FROM {scan_of(paths, parquet)}")
    assert rows == [("01", None), ("", "x")]


@pytest.mark.parametrize("text", ["", "{}x\n", "[1]\n", '{"a": 1}\n', '{"a": "x"}\n{"b": "x"}\n'])
def test_lines_that_are_no_rows_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError):
        scan_of(_lines(tmp_path, text), parquet)


@pytest.mark.parametrize("dialect", sql_verb.NAMES)
def test_all_checks_that_read_events_have_forms(dialect: str) -> None:
    checks = [c for c in loader.load().checks if re.search(r"(FROM|JOIN) events\b", c.sql)]
    assert len(checks) >= 8
    printed = _said("sql", "--dialect", dialect, *(w for c in checks for w in ("--check", c.id)))
    assert printed.exit_code == 0, printed.output[-300:]
    assert printed.output.count("-- ") >= len(checks)


def test_a_statement_that_is_too_long_is_refused(tmp_path: Path) -> None:
    few = dataclasses.replace(FORM_BY_FORM, forms=Brief())
    questions = Questions(few, EVENTS, None, tmp_path)
    with Elsewhere(tmp_path / "work", questions) as engine:
        engine.run("CREATE TABLE listed AS SELECT 'a' AS a")
        with pytest.raises(InputError, match="characters, and form_by_form takes 40"):
            engine.statement_of("listed", "SELECT a FROM listed")


class Brief(DuckForms):
    most_characters = 40

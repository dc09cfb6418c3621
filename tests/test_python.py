"""`import reporter`: what it offers is pinned, every example of docs/python.md runs, and its tables are those of the run."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest
from conftest import read_results
from fixture_estate import Estate

import reporter

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[1] / "docs/python.md"
FACE = ["Comparison", "ContentError", "InputError", "ReporterError", "Run", "assess", "open"]
TABLES = ("scores", "controls", "checks", "results", "findings", "agents", "actions", "files", "changes")  # fmt: skip


@pytest.fixture(scope="module")
def run(sample: Path) -> reporter.Run:
    return reporter.open(sample / "q3")


def test_the_public_face_is_this_and_no_more() -> None:
    assert sorted(reporter.__all__) == FACE
    assert all(getattr(reporter, name).__doc__ for name in FACE)
    public = {n for n in vars(reporter.Run) if not n.startswith("_")}
    assert public - {"folder"} == {
        *TABLES, "data", "view", "organisation", "period", "level", "level_at_most", "score", "score_at_most", "notices",
        "compare", "explain", "what_if", "write",
    }  # fmt: skip
    assert (Path(reporter.__file__).parent / "py.typed").is_file()
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = reporter.nothing


def test_to_import_it_imports_nothing_heavy() -> None:
    code = "import sys, reporter; print(sorted({'pandas', 'duckdb', 'jinja2', 'weasyprint', 'msgspec'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.usefixtures("few_checks")
def test_every_example_of_the_page_runs(
    sample: Path, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runs").mkdir()
    for quarter in ("q2", "q3"):
        (tmp_path / f"runs/acme-2026-{quarter}").symlink_to(sample / quarter)
    shutil.copytree(good, tmp_path / "my-agents")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    found = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(found) == 8
    for text in found:
        exec(compile(text, str(PAGE), "exec"), names)  # noqa: S102
    assert (tmp_path / "board.html").is_file() and (tmp_path / "runs/2026-q3/report.json").is_file()
    mine, kept = names["mine"], names["kept"]
    assert isinstance(mine, reporter.Run) and isinstance(kept, reporter.Run)
    assert mine.results().equals(kept.results()) and mine.score == kept.score


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_the_columns_that_its_docstring_names(name: str, run: reporter.Run) -> None:
    table = getattr(run, name)()
    said = getattr(reporter.Run, name).__doc__
    said += (
        reporter.Run.scores.__doc__ if "as\n        `scores`" in said or "`scores`" in said else ""
    )
    said += reporter.Run.results.__doc__ or "" if "`results`" in said else ""
    said += reporter.Comparison.changes.__doc__ or "" if "`Comparison`" in said else ""
    words = set(re.findall(r"\w+", said))
    if name != "agents":  # it names some of what was observed
        assert set(table.columns) <= words, set(table.columns) - words
    assert len(table) or name == "changes"


def test_tables_are_the_run(run: reporter.Run) -> None:
    results = run.results()
    assert len(results) == run.data.results
    assert Counter(results["status"]) == Counter(
        s for (s,) in read_results(run.folder, columns=["status"])
    )
    assert len(run.findings()) == (~results["status"].isin(["pass", "declared", "na"])).sum()
    scores = run.scores().set_index("framework")
    assert Fraction(scores.loc["enterprise", "exact"]) == run.score
    assert abs(scores.loc["enterprise", "score"] - float(run.score)) < 1e-12
    levels = run.data.scores.levels()
    for name, level in scores["level"].items():
        assert level == levels[name].lo if name in levels else math.isnan(level)
    assert scores.loc["enterprise", "target"] == run.data.profile.target
    assert run.actions()["results"].sum() == sum(p.action.results for p in run.data.roadmap.picks)
    counts = run.checks().set_index("check")
    assert (
        counts[["pass", "declared", "fail", "unknown", "na", "attested", "compensated"]]
        .to_numpy()
        .sum()
        == run.data.results
    )


def test_a_run_shows_itself(run: reporter.Run) -> None:
    assert repr(run).startswith("<Run of Acme Freight: level ")
    shown = run._repr_html_()
    assert "Acme Freight" in shown and all(f.short in shown for f in run.view.frameworks)
    assert run.view.summary.figure.range in shown


def test_two_stored_runs_are_compared_as_assess_compares_them(
    sample: Path, run: reporter.Run
) -> None:
    beside = run.compare(sample / "q2")
    assert len(beside.changes()) > 100 and beside.sentences
    with pytest.raises(reporter.InputError, match="is not earlier"):
        reporter.open(sample / "q2").compare(run)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("odt", "x.odt"), "no format 'odt'"),
        (("html", "report.json"), "exists and is not overwritten"),
        (("html", "x.html", "cfo"), "no format .html. in edition .cfo."),
    ],
)
def test_what_cannot_be_written_is_refused(
    words: tuple[str, ...], says: str, run: reporter.Run, tmp_path: Path
) -> None:
    (tmp_path / "report.json").touch()
    format_, name, *edition = words
    with pytest.raises(reporter.InputError, match=says):
        run.write(format_, tmp_path / name, **({"edition": edition[0]} if edition else {}))
    assert [p.name for p in tmp_path.iterdir()] == ["report.json"]


def test_what_is_no_run_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(reporter.InputError, match="is it a run folder"):
        reporter.open(tmp_path)


def test_formats_are_text_as_on_the_command_line_and_a_folder_may_stand_alone(
    tmp_path: Path,
) -> None:
    earlier = tmp_path / "first"
    reporter.assess(Estate().write(tmp_path / "ws"), earlier, formats="json, csv")
    assert {"report.json", "agents.csv"} <= {p.name for p in earlier.iterdir()}
    (tmp_path / "own" / "checks").mkdir(parents=True)
    own = str(tmp_path / "own")
    with pytest.raises(reporter.InputError, match="is not earlier"):  # both are found
        reporter.assess(tmp_path / "ws", tmp_path / "second", earlier=str(earlier), extra=own)


def test_what_assess_returns_reads_its_results_where_the_run_stands(tmp_path: Path) -> None:
    """It is made in a hidden folder, which is renamed when all is written."""
    estate = Estate()
    estate.agents[0]["owner_id"] = ""
    made = reporter.assess(estate.write(tmp_path / "ws"), tmp_path / "run", formats=["json"])
    assert len(list(made.view.findings)) == len(made.view.findings) == len(made.findings()) > 0
    assert made.view == reporter.open(tmp_path / "run").view

"""Where a run lies changes nothing that it says: names of folders that look like columns or patterns, and data that were changed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from fixture_estate import Estate

import reporter
from reporter.engine.duckdb import DuckDB, parquet
from reporter.errors import InputError
from reporter.runs.store import MANIFEST, RESULTS

pytestmark = pytest.mark.slow


@pytest.mark.usefixtures("few_checks")
def test_a_folder_that_looks_like_a_column_fills_none(tmp_path: Path) -> None:
    ws = Estate().write(tmp_path / "ws")
    plain = reporter.assess(ws, tmp_path / "plain" / "run", formats=["json"]).results()
    assert len(plain)
    place = tmp_path / "actor_id=evil/kind=human/outcome=denied/owner=zz"
    place.mkdir(parents=True)
    made = reporter.assess(ws, place / "run", formats=["json"], cache=place / "cache")
    assert made.results().equals(plain)


@pytest.mark.parametrize(
    "name", ["owner=platform", "rank=1", "status=pass", "q[34]", "2026*", "x?"]
)
def test_a_run_says_the_same_wherever_it_is_put(
    name: str, sample_run: Path, tmp_path: Path
) -> None:
    shutil.copytree(sample_run, tmp_path / "q3")  # which a pattern would find
    moved = shutil.copytree(sample_run, tmp_path / name / "q3")
    expected, found = (reporter.open(p) for p in (sample_run, moved))
    assert found.results().equals(expected.results())
    first, second = (
        run.write("csv", tmp_path / f"{n}.csv") for n, run in enumerate((expected, found))
    )
    assert first.read_bytes() == second.read_bytes()


def test_results_that_somebody_changed_are_refused_though_their_numbers_are_right(
    sample_run: Path, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(sample_run, tmp_path / "run"))
    with DuckDB(tmp_path / "work") as engine:
        changed = f"SELECT * REPLACE ('somebody' AS owner) FROM {parquet(run / RESULTS)}"
        engine.write_parquet(changed, tmp_path / "changed")
    (tmp_path / "changed").replace(run / RESULTS)
    with pytest.raises(InputError, match="its hash differs"):
        reporter.open(run)
    (run / MANIFEST).unlink()  # as in what is attached to a PDF: nothing says what they were
    assert set(reporter.open(run).results()["owner"]) == {"somebody"}


def test_a_condition_that_cannot_be_read_is_what_is_wrong(sample_run: Path) -> None:
    run = reporter.open(sample_run)
    with pytest.raises(InputError, match="the condition .* cannot be read") as refused:
        run.results("check = 'APR-01'")
    assert "check in quotes" in refused.value.hint or 'write "check"' in refused.value.hint
    assert len(run.results("\"check\" = 'APR-01'")) == len(run.results(check="APR-01")) > 0


def test_a_key_that_is_short_or_not_there_is_refused(tmp_path: Path) -> None:
    ws = Estate().write(tmp_path / "ws")
    (tmp_path / "key").write_text("short")
    for name, said in (("key", "holds 5 characters"), ("none", "cannot be read")):
        with pytest.raises(InputError, match=said):
            reporter.assess(ws, tmp_path / "run", pseudonymise=True, key_file=tmp_path / name)


def test_a_render_into_a_folder_that_is_there_is_made_inside_of_it(
    sample_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be another disk than the one that holds it."""
    from reporter.report import export

    made: list[Path] = []
    place_of = export.place_of
    monkeypatch.setattr(
        export, "place_of", lambda out, told: made.append(out) or place_of(out, told)
    )  # type: ignore[func-returns-value]
    (tmp_path / "disk").mkdir()
    export.render(sample_run, ["csv"], tmp_path / "disk")
    assert {p.name for p in (tmp_path / "disk").iterdir()} >= {"findings.csv", "todo.csv"}
    assert made == [tmp_path / "disk" / "reporter"]

"""Old runs go only if nothing holds them, and whatever is kept or removed is named with the reason."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from conftest import assess_few, reporter
from test_purge import workspace

from reporter.content.workspace import read_workspace
from reporter.content.yaml import fields
from reporter.errors import InputError, VerificationError
from reporter.pipeline.assess import Options, assess_workspace
from reporter.pipeline.batch.journal import Journal
from reporter.pipeline.batch.unit_work import previous_run
from reporter.pipeline.retention import retain as retaining
from reporter.pipeline.retention.retain import retain
from reporter.pipeline.retention.stored_runs import stored_runs
from reporter.runs.chain import CHAIN
from reporter.runs.run_manifest import read_manifest
from reporter.system.claims import claimed
from reporter.system.hashes import sha256
from reporter.system.retention import Retention, retention

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five quarters, each with its own earlier run but the last, which follows none."""
    folder = tmp_path_factory.mktemp("retained")
    with pytest.MonkeyPatch.context() as patch:
        assess_few(patch)
        earlier: tuple[Path, ...] = ()
        for n in range(1, 6):
            ws = workspace(folder / f"ws{n}", 2 * n, {"A1": "ann.lee"})
            options = Options(formats=(), earlier=earlier if n < 5 else ())
            assess_workspace(ws, folder / f"runs/q{n}", options)
            earlier = (folder / f"runs/q{n}",) if n % 2 else ()  # q2 follows q1, q4 follows q3
    return folder / "runs"


@pytest.fixture
def runs(made: Path, tmp_path: Path) -> Path:
    for path in sorted(made.glob("q*")):
        shutil.copytree(path, tmp_path / "runs" / path.name)
    return tmp_path / "runs"


def fates(folder: Path, *words: Any, **how: Any) -> dict[str, str]:
    """What becomes of each run: '' where it is removed."""
    found = retain(folder, Retention(*words), how.get("dry_run", False))
    return {f.run.folder.relative_to(folder).as_posix(): f.reason for f in found}


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_the_newest_stay_and_what_they_were_compared_with(runs: Path) -> None:
    assert fates(runs, 2) == {
        "q5": "one of the newest 2", "q4": "one of the newest 2", "q3": "the earlier run of q4", "q2": "", "q1": "",
    }  # fmt: skip
    assert names(runs) == ["q3", "q4", "q5"]
    assert set(fates(runs, 2)) == {"q3", "q4", "q5"}  # again nothing


def test_of_a_series_in_which_each_run_follows_the_one_before_the_oldest_go(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = stored_runs(runs)
    chained = [found[0]]
    chained += [replace(b, compared=frozenset(a.reports)) for a, b in pairwise(found)]
    monkeypatch.setattr(retaining, "stored_runs", lambda folder: chained)
    assert fates(runs, 1, dry_run=True) == {
        "q5": "one of the newest 1", "q4": "the earlier run of q5", "q3": "", "q2": "", "q1": "",
    }  # fmt: skip


def test_age_is_counted_back_from_the_newest_run(runs: Path) -> None:
    found = fates(runs, None, "4 months")
    assert found["q3"] == "not older than 4 months" and found["q2"] == found["q1"] == ""


def test_a_run_goes_only_beyond_both(runs: Path) -> None:
    assert fates(runs, 1, "4 months", dry_run=True) == fates(
        runs, None, "4 months", dry_run=True
    ) | {  # fmt: skip
        "q5": "one of the newest 1"
    }


def test_a_closed_run_and_its_earlier_run_are_never_removed(runs: Path) -> None:
    assert reporter("close", runs / "q2", "--skip").exit_code == 0
    found = fates(runs, 1)
    assert found["q2"] == "closed" and found["q1"] == "the earlier run of q2"
    assert names(runs) == [".reporter-cache"] * (runs / ".reporter-cache").exists() + [
        "closed.head", CHAIN, "q1", "q2", "q5",
    ]  # fmt: skip
    assert reporter("history", runs).exit_code == 0


def test_the_newest_run_stays_however_old(runs: Path) -> None:
    assert "q5" not in [n for n, why in fates(runs, None, "1 day", dry_run=True).items() if not why]


def test_what_was_changed_by_hand_is_kept_and_named(runs: Path) -> None:
    (runs / "q1/coverage.csv").write_text("x")
    assert fates(runs, 1)["q1"].startswith("not as it was left (coverage.csv: changed)")


def test_a_dry_run_removes_nothing_and_says_the_same(runs: Path) -> None:
    before = names(runs)
    done = reporter("retain", runs, "--keep", 2, "--dry-run")
    assert "5 runs: 3 kept, 2 would be removed" in done.output and names(runs) == before
    done = reporter("retain", runs, "--keep", 2)
    assert (
        "5 runs: 3 kept, 2 removed" in done.output and "kept: the earlier run of q4" in done.output
    )


def _broken_manifest(runs: Path) -> None:
    (runs / "q5/manifest.json").write_text("{")


def _no_manifest(runs: Path) -> None:
    (runs / "q5/manifest.json").unlink()


def _broken_chain(runs: Path) -> None:
    assert reporter("close", runs / "q1").exit_code == 0
    (runs / CHAIN).write_text("")


def _no_chain(runs: Path) -> None:
    assert reporter("close", runs / "q1").exit_code == 0
    (runs / CHAIN).unlink()
    (runs / "closed.head").unlink()


@pytest.mark.parametrize(
    ("spoil", "error"),
    [(_broken_manifest, InputError), (_no_manifest, InputError), (_broken_chain, VerificationError), (_no_chain, VerificationError)],
)  # fmt: skip
def test_where_a_manifest_or_the_chain_does_not_hold_nothing_is_removed(
    runs: Path, spoil: Any, error: type[Exception]
) -> None:
    spoil(runs)
    before = names(runs)
    with pytest.raises(error):
        retain(runs, Retention(1), False)
    assert names(runs) == before


def test_nothing_is_removed_while_another_run_is_written(runs: Path) -> None:
    refused = pytest.raises(InputError, match="another process works here")
    with claimed(runs / ".q6.part"), refused:
        retain(runs, Retention(1), False)
    assert fates(runs, 1)["q1"] == ""


def test_what_a_killed_removal_left_is_no_run_and_is_removed(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after kill -9: the folder is there, and nobody holds it."""
    (runs / ".q1.part").mkdir()
    (runs / ".q1.part/owner.lock").write_text("")
    (runs / "q1").rename(runs / ".q1.part/run")
    assert "q1" not in fates(runs, 5) and names(runs) == ["q2", "q3", "q4", "q5"]


def test_units_of_a_batch_are_series_of_their_own(runs: Path) -> None:
    out = runs.parent / "out"
    for unit in ("a", "b"):
        for name in ("q1", "q3", "q5"):
            shutil.copytree(runs / name, out / unit / name)
    with Journal(out) as journal:
        journal.add({"unit": "b", "run": "q1"})
    found = fates(out, 1)
    assert [n for n, why in found.items() if not why] == ["a/q3", "a/q1", "b/q3"]
    assert found["b/q1"] == "the run of its unit in the last batch"


def test_of_two_runs_of_a_moment_the_last_made_is_the_newer(runs: Path) -> None:
    shutil.copytree(runs / "q5", runs / "a5")
    os.utime(runs / "a5/manifest.json", ns=(1, 1))
    assert fates(runs, 1, dry_run=True)["q5"] == "one of the newest 1"


@pytest.mark.parametrize(
    ("age", "limit"),
    [("1 month", "2024-02-29"), ("13 months", "2023-02-28"), ("30 days", "2024-03-01"), ("2 years", "2022-03-31"), ("9999 years", "0001-01-01")],
)  # fmt: skip
def test_months_end_where_they_end(age: str, limit: str) -> None:
    at = Retention(older_than=age).limit(datetime(2024, 3, 31))
    assert at == datetime.fromisoformat(limit)


def test_settings_say_it_too(runs: Path, tmp_path: Path) -> None:
    settings = tmp_path / "PLAN.yml"
    settings.write_text('retention: {keep: 2, older_than: "1 day"}\n')
    assert retention(fields(settings).data["retention"], "") == Retention(2, "1 day")
    done = reporter("retain", runs, "--settings", settings)
    assert done.exit_code == 0 and names(runs)[-3:] == ["q3", "q4", "q5"]


@pytest.mark.parametrize("text", ["{keep: 0}", "{}", "{older_than: soon}", "{kept: 2}"])
def test_a_retention_that_is_none_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "PLAN.yml"
    path.write_text(f"out: x\nretention: {text}\n")
    done = reporter("retain", tmp_path, "--settings", path)
    assert done.exit_code == 3 and done.output.startswith(f"{path}:2")


@pytest.mark.parametrize("words", [(), ("--older-than", "soon"), ("--keep", "0")])
def test_a_command_that_does_not_say_what_to_keep_is_refused(runs: Path, words: tuple[str, ...]) -> None:  # fmt: skip
    assert reporter("retain", runs, *words).exit_code == 2 and len(names(runs)) == 5


def test_json_has_every_run(runs: Path) -> None:
    data = json.loads(reporter("retain", runs, "--keep", 4, "--json").output)
    assert [(r["run"], r["kept"]) for r in data["runs"]][-1] == ("q1", True)


# ---------------------------------------------------------------- earlier: previous


def test_a_unit_is_compared_with_its_period_before(made: Path, runs: Path) -> None:
    of = lambda n: read_workspace(made.parent / f"ws{n}").run  # noqa: E731
    assert previous_run(runs, of(1)) is None
    assert previous_run(runs, of(4)) == runs / "q3"
    shutil.copytree(runs / "q3", runs / "z3")
    os.utime(runs / "q3/manifest.json", ns=(1, 1))
    assert previous_run(runs, of(4)) == runs / "z3"  # the last made
    assert reporter("close", runs / "q3", "--skip").exit_code == 0
    assert previous_run(runs, of(4)) == runs / "q3"  # closed comes first
    (runs / "q3/coverage.csv").write_text("x")
    assert previous_run(runs, of(4)) == runs / "z3"  # and is not whole any more
    (runs / "z3/manifest.json").write_text("{")
    assert previous_run(runs, of(4)) == runs / "q2"


def test_a_batch_follows_and_removes_what_its_plan_does_not_keep(tmp_path: Path) -> None:
    """Two quarters of one unit, then a third: the first goes once it is no earlier run of any."""
    for n in (1, 2):
        workspace(tmp_path / f"q{n}/a", 2 * n, {"A1": "ann.lee"})
    for n in (1, 2):
        plan = tmp_path / f"PLAN{n}.yml"
        plan.write_text(
            f"units: [{{workspace: q{n}/a, earlier: previous}}]\nout: out\nformats: json\njobs: 1\n"
            "retention: {keep: 1}\n"
        )
        done = reporter("batch", plan)
        assert done.exit_code == 0, done.output
    runs = sorted(p for p in (tmp_path / "out/a").iterdir())
    assert [p.name[:10] for p in runs] == ["2026-01-01", "2026-03-01"]
    (earlier,) = read_manifest(runs[1])["compared"]
    assert earlier["report_sha256"] == sha256(runs[0] / "report.json")
    shutil.rmtree(runs[1])
    plan.write_text(plan.read_text().replace("earlier: previous", "name: a"))
    assert "2026-01-01" in (done := reporter("batch", plan)).output and "removed" in done.output
    assert [p.name[:10] for p in (tmp_path / "out/a").iterdir()] == ["2026-03-01"]

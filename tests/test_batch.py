"""Many units, unattended: one that fails stops no other, a batch that was killed goes on, and what has not changed is not made again."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from conftest import reporter

from reporter.pipeline.batch import worker
from reporter.pipeline.batch.batch_outputs import write_rows
from reporter.pipeline.batch.batch_run import Done
from reporter.pipeline.batch.journal import NAME
from reporter.pipeline.batch.unit_order import LOCK
from reporter.runs.store import read_data
from reporter.system.claims import hold, release

pytestmark = pytest.mark.slow

HEAD = "organisation: Unit {name}\nperiod: {{from: '2026-07-01', to: '2026-10-01'}}\nframeworks: [owasp-nhi-2025]\n"
AGENT = '{"type": "agent", "actor_id": "a1", "state": "active", "owner_id": "ann"}\n'
PLAN = "units: [units/*]\nout: runs\nformats: [json]\njobs: 2\n"
FEW = """
import os, signal, time
from pathlib import Path
from reporter.evaluate import runner
from reporter.pipeline.batch import unit_work

whole, assess = runner.assess, unit_work.assess_workspace
runner.assess = lambda engine, checks, *more, **how: whole(
    engine, [c for c in checks if c[0].id == "OWN-01"], *more, **how
)

def watched(folder, *more):
    todo = folder / "todo.txt"
    kind = todo.read_text() if todo.exists() else ""
    if kind == "hold":
        (folder / "held").touch()
        time.sleep(300)
    if kind == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if kind == "defect":
        raise ValueError("three is not four")
    made = assess(folder, *more)
    if kind == "change":
        with (folder / "inventory/agents.jsonl").open("a") as file:
            file.write("\\n")
    return made

unit_work.assess_workspace = watched
from reporter.cli import main
main()
"""
"""The process of a unit, with results of one check: the others take half the time. `todo.txt` says what else it does."""
START = f"import sys; sys.path[:] = {{path}}; exec({FEW.replace('{', '{{').replace('}', '}}')!r})"
BATCH = f"""
from reporter.pipeline.batch import worker
worker._START = {START!r}
from reporter.cli import main
main()
"""


def unit(place: Path, name: str, todo: str = "") -> Path:
    """Make the workspace of a unit of one agent."""
    folder = place / "units" / name
    (folder / "inventory").mkdir(parents=True)
    (folder / "reporter.yml").write_text(HEAD.format(name=name))
    (folder / "inventory/agents.jsonl").write_text(AGENT)
    if todo:
        (folder / "todo.txt").write_text(todo)
    return folder


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a plan; units have results of one check."""
    monkeypatch.setattr(worker, "_START", START)
    (tmp_path / "PLAN.yml").write_text(PLAN)
    return tmp_path


@pytest.fixture(scope="module")
def assessed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place whose two units were assessed, `place`, and as it was then, `as it was`."""
    folder = tmp_path_factory.mktemp("batch")
    for name in ("a", "b"):
        unit(folder / "place", name)
    (folder / "place/PLAN.yml").write_text(PLAN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "_START", START)
        assert batch(folder / "place").exit_code == 0
    shutil.copytree(folder / "place", folder / "as it was")
    return folder


@pytest.fixture
def done(assessed: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place after its first batch; always the same one, for its path is part of the key of a run."""
    monkeypatch.setattr(worker, "_START", START)
    shutil.rmtree(assessed / "place")
    shutil.copytree(assessed / "as it was", assessed / "place")
    return assessed / "place"


def batch(place: Path, *words: object) -> Result:
    return reporter("batch", place / "PLAN.yml", *words)


def runs(place: Path, name: str) -> list[str]:
    return sorted(p.name for p in (place / "runs" / name).iterdir())


def rows(place: Path) -> dict[str, dict[str, Any]]:
    return {r["unit"]: r for r in json.loads((place / "runs/batch.json").read_bytes())["units"]}


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file() and ".reporter-cache" not in p.parts}  # fmt: skip


def hidden(place: Path) -> list[str]:
    """What is left of work that was begun."""
    return [str(p) for p in (place / "runs").rglob(".*") if p.name != ".reporter-cache"]


def until(claim: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


# ---------------------------------------------------------------- what a plan asks of each run


def test_a_plan_asks_for_kept_tables_or_for_runs_that_name_nobody(place: Path) -> None:
    folder = unit(place, "a")
    settings = (folder / "reporter.yml").read_text()
    person = '{"type": "human", "actor_id": "ann", "name": "Ann Ray-Lee", "state": "active"}\n'
    (folder / "inventory/people.jsonl").write_text(person)
    (folder / "reporter.yml").write_text(f"{settings}unit: Office of Ann Ray-Lee\n")
    (place / "PLAN.yml").write_text(PLAN + "keep_tables: true\n")
    assert batch(place).exit_code == 0
    (named,) = runs(place, "a")
    again = ("--out", place / "restated", "--formats", "json")
    assert reporter("restate", place / "runs/a" / named, *again).exit_code == 0
    (place / "key").write_text("0123456789abcdef" * 4)
    plan = "units: [{workspace: units/a, earlier: previous}]\nout: quiet\nformats: [json, csv, html]\npseudonymise: people\nkey_file: key\n"
    (place / "PLAN.yml").write_text(plan)
    assert batch(place).exit_code == 0
    later = settings.replace("2026-10-01", "2026-12-01").replace("2026-07-01", "2026-10-01")
    (folder / "reporter.yml").write_text(f"{later}unit: Office of Ann Ray-Lee\n")
    done = batch(place)
    assert done.exit_code == 0, done.output
    _, second = sorted((place / "quiet/a").iterdir())
    assert read_data(second).history.runs and "Office of person-" in read_data(second).run.unit
    for name, content in contents(place / "quiet").items():
        assert b"Ray-Lee" not in content, name


def test_a_unit_is_compared_with_the_period_before_or_it_is_said(place: Path) -> None:
    settings = unit(place, "a") / "reporter.yml"
    plan = "units: [{workspace: units/a, earlier: previous}]\nout: runs\nformats: [json]\n"
    (place / "PLAN.yml").write_text(plan)

    def quarter(begin: str, end: str, name: str = "") -> tuple[str, int]:
        text = HEAD.format(name="a").replace("2026-10-01", end).replace("2026-07-01", begin)
        settings.write_text(text + (f"unit: {name}\n" if name else ""))
        before = set((place / "runs/a").glob("*/manifest.json"))
        done = batch(place)
        assert done.exit_code == 0, done.output
        (made,) = {*(place / "runs/a").glob("*/manifest.json")} - before
        return done.stderr, len(read_data(made.parent).history.runs)

    assert quarter("2026-07-01", "2026-10-01")[1] == 0
    said, compared = quarter("2026-10-01", "2027-01-01")
    assert "WARNING" not in said and compared == 1
    said, compared = quarter("2027-04-01", "2027-07-01")  # a quarter is missing
    assert "no whole run of the period just before" in said and "2027-01-01" in said
    assert compared == 1
    said, compared = quarter("2027-07-01", "2027-10-01", "Claims")
    assert "has another name: it is assessed without an earlier run" in said and compared == 0


# ---------------------------------------------------------------- a unit that fails


def test_a_unit_that_fails_stops_no_other(place: Path) -> None:
    for name, todo in {"a": "", "died": "die", "crashed": "crash", "wrong": "defect", "z": ""}.items():  # fmt: skip
        unit(place, name, todo)
    (place / "units/empty").mkdir()
    (unit(place, "spelt") / "reporter.yml").write_text("organisation: X\nperoid: 3\n")
    (place / "PLAN.yml").write_text(PLAN.replace("[units/*]", "[units/*, {workspace: late, expected: false}]"))  # fmt: skip
    result = batch(place)
    assert result.exit_code == 3, result.output
    found = rows(place)
    assert {name: row["status"] for name, row in found.items()} == {
        "a": "assessed", "died": "failed", "crashed": "failed", "wrong": "failed", "z": "assessed",
        "empty": "failed", "spelt": "failed", "late": "not there",
    }  # fmt: skip
    reasons = {name: row["reason"] for name, row in found.items()}
    assert "SIGKILL, perhaps because memory ran out" in reasons["died"]
    assert "SIGSEGV" in reasons["crashed"]
    assert "ValueError: three is not four (This is a defect" in reasons["wrong"]
    assert "no reporter.yml in it" in reasons["empty"]
    assert "unknown key 'peroid'" in reasons["spelt"]
    assert all(found[n]["level"] is None and found[n]["read"] is None for n in ("died", "late"))
    assert found["a"]["read"] == found["a"]["kept"] == 1 and found["a"]["peak_mb"] > 50
    assert all(reason in result.stdout for name, reason in reasons.items() if name != "a")
    assert not hidden(place) and not (place / "runs/died").exists()
    assert len(runs(place, "a")) == 1 and (place / "runs/batch.csv").read_text("utf-8-sig").count("\n") >= 9  # fmt: skip


@pytest.mark.slow
def test_a_unit_that_takes_too_long_is_ended(place: Path) -> None:
    held = unit(place, "a", "hold")
    unit(place, "b")
    (place / "PLAN.yml").write_text(PLAN + "time_limit: 60 s\n")
    result = batch(place)
    assert result.exit_code == 3 and (held / "held").exists()
    assert rows(place)["a"]["reason"] == "it took longer than 60 s, and was ended"
    assert rows(place)["b"]["status"] == "assessed" and not hidden(place)


# ---------------------------------------------------------------- the same again


def test_the_same_again_is_nothing_made_and_the_same_bytes(done: Path) -> None:
    before = contents(done)
    stamps = {p: p.stat().st_mtime_ns for p in done.rglob("manifest.json")}
    result = batch(done)
    assert result.exit_code == 0, result.output
    assert "0 assessed; 2 unchanged since " in result.stdout
    assert contents(done) == before
    assert {p: p.stat().st_mtime_ns for p in done.rglob("manifest.json")} == stamps


def test_what_has_changed_is_assessed_and_nothing_else(done: Path) -> None:
    before = contents(done / "runs/a"), contents(done / "runs/b")
    with (done / "units/b/inventory/agents.jsonl").open("a") as file:
        file.write(AGENT.replace("a1", "a2"))
    result = batch(done)
    assert "1 assessed; 1 unchanged" in result.stdout, result.output
    assert contents(done / "runs/a") == before[0]
    assert before[1].items() < contents(done / "runs/b").items(), "a run is never changed"
    assert rows(done)["b"]["read"] == 2 and len(runs(done, "b")) == 2
    again = batch(done)
    assert "0 assessed; 2 unchanged" in again.stdout


@pytest.mark.slow
def test_fresh_assesses_all_anew_and_gives_the_same_bytes(done: Path) -> None:
    result = batch(done, "--fresh")
    assert "2 assessed" in result.stdout and "unchanged" not in result.stdout
    first, second = (done / "runs/a" / name for name in runs(done, "a"))
    assert contents(first) == contents(second)


def test_other_gates_are_held_against_the_run_that_is_there(done: Path) -> None:
    junit, summary = done / "j.xml", done / "s.md"
    words = ("--fail-on", "level<5,regressions", "--junit", junit, "--summary", summary)
    result = batch(done, *words)
    assert result.exit_code == 1 and "2 unchanged" in result.stdout
    for name in ("a", "b"):
        assert f"{name}: level<5 is missed: " in result.stderr
        assert f"{name}: regressions>0 is missed: no earlier run was given" in result.stderr
    assert rows(done)["a"]["gates_missed"] == 2 and junit.read_text().count("<failure") == 4
    assert "Gates that are missed" in summary.read_text()
    assert batch(done).exit_code == 0, "the gates of before are no more"


@pytest.mark.slow
def test_a_run_that_was_changed_by_hand_is_made_again_beside_it(done: Path) -> None:
    (run,) = runs(done, "a")
    (done / "runs/a" / run / "causes.csv").write_text("nothing")
    result = batch(done)
    assert result.exit_code == 0 and "causes.csv: changed" in result.stderr
    assert runs(done, "a") == [run, f"{run}-2"] or runs(done, "a")[0] == run
    assert len(runs(done, "a")) == 2 and rows(done)["a"]["run"] != f"a/{run}"
    assert "2 unchanged" in batch(done).stdout


@pytest.mark.slow
def test_input_that_changes_meanwhile_is_not_taken_for_what_it_was(place: Path) -> None:
    unit(place, "a", "change")
    assert batch(place).exit_code == 0
    (place / "units/a/todo.txt").unlink()
    result = batch(place)
    assert "1 assessed" in result.stdout and len(runs(place, "a")) == 2


def test_units_that_left_the_plan_are_named(done: Path) -> None:
    (done / "PLAN.yml").write_text(PLAN.replace("units/*", "units/a"))
    assert "not in this plan: b" in batch(done).stderr
    assert rows(done).keys() == {"a"}


# ---------------------------------------------------------------- all units together


def test_all_units_are_rolled_up_once(done: Path) -> None:
    whole = json.loads((done / "runs/batch.json").read_bytes())["group"]
    made = json.loads((done / "runs/rollup.json").read_bytes())
    assert whole["pooled"] == ["a", "b"] and [g["path"] for g in made["groups"]][0] == []
    assert sum(made["groups"][0]["counts"].values()) == sum(m["results"] for m in made["pooled"])
    stamp = (done / "runs/rollup.json").stat().st_mtime_ns
    shown = batch(done).stdout
    assert re.search(r"^All units +2 pooled", shown, re.M)
    assert (done / "runs/rollup.json").stat().st_mtime_ns == stamp
    (done / "runs/rollup.csv").write_text("changed by hand")
    (done / "units/b/reporter.yml").unlink()
    result = batch(done)
    assert result.exit_code == 3 and "not in the numbers of all units: b" in result.stdout
    made = json.loads((done / "runs/rollup.json").read_bytes())
    assert [(m["unit"], m["why"], m["unknown"]) for m in made["left_out"]] == [("b", "failed", made["pooled"][0]["results"])]  # fmt: skip
    assert "changed by hand" not in (done / "runs/rollup.csv").read_text("utf-8-sig")


def test_a_unit_that_left_the_plan_is_named_in_the_numbers_until_its_runs_go(done: Path) -> None:
    whole = json.loads((done / "runs/batch.json").read_bytes())["group"]
    (done / "PLAN.yml").write_text(PLAN.replace("units/*", "units/a"))
    result = batch(done)
    assert result.exit_code == 0 and "not in the numbers of all units: b" in result.stdout
    made = json.loads((done / "runs/rollup.json").read_bytes())
    # Who left counts for nothing, unlike who failed.
    assert [(m["unit"], m["why"], m["unknown"]) for m in made["left_out"]] == [("b", "unplanned", None)]  # fmt: skip
    assert (whole["pooled"], made["groups"][0]["unknown_units"]) == (["a", "b"], 0)
    assert "not in the plan any more" in reporter("rollup", done / "runs").stdout
    history = reporter("history", done / "runs").stdout
    assert all(re.search(f"^{name}/2026-07-01", history, re.M) for name in ("a", "b"))
    shutil.rmtree(done / "runs/b")
    assert "not in the numbers" not in batch(done).stdout


def test_of_a_unit_with_too_little_evidence_no_file_has_a_score(done: Path) -> None:
    (one, *_) = json.loads((done / "runs/batch.json").read_bytes())["units"]
    assert "score_lo" in one
    for is_thin in (True, False):
        row = one | {"run": "r", "readiness": is_thin, "level": 0, "level_at_most": 5}
        row |= {"score_lo": 0.1, "score_hi": 99.9, "score_lo_exact": "1/999", "score_hi_exact": "1"}
        write_rows(Done((row,), frozenset()), done)
        (data,) = json.loads((done / "batch.json").read_bytes())["units"]
        (cells,) = csv.DictReader((done / "batch.csv").read_text("utf-8-sig").splitlines())
        assert {data[n] is None for n in row if n.startswith(("level", "score"))} == {is_thin}
        assert {c == "" for n, c in cells.items() if n.startswith(("level", "score"))} == {is_thin}


# ---------------------------------------------------------------- killed


@pytest.mark.parametrize("lost", ["the last line", "half of the last line", "all"])
def test_a_run_that_no_journal_names_is_used(lost: str, done: Path) -> None:
    """A batch may be killed after a run is there and before it is noted."""
    before = {name: contents(done / "runs" / name) for name in ("a", "b")}
    journal = done / "runs" / NAME
    lines = journal.read_bytes().splitlines(keepends=True)
    kept = {"all": b"", "the last line": lines[0], "half of the last line": lines[0] + lines[1][:40]}  # fmt: skip
    journal.write_bytes(kept[lost])
    known = rows(done)
    result = batch(done)
    assert "2 unchanged" in result.stdout
    assert {name: contents(done / "runs" / name) for name in ("a", "b")} == before
    for name, row in rows(done).items():
        assert row["score_hi_exact"] == known[name]["score_hi_exact"] and row["run"] == known[name]["run"]  # fmt: skip


@pytest.fixture
def started(place: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a function that starts a batch as a program of its own."""
    begun: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", BATCH, "batch", str(place / "PLAN.yml"), *words],
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1]), "TMPDIR": str(place / "tmp")},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        begun.append(process)
        return process

    (place / "tmp").mkdir()
    yield start
    for process in begun:
        process.kill()
        process.communicate()


def _working(place: Path) -> list[str]:
    """Processes whose words name the place, or that hold something open in it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            opened = [str(f.readlink()) for f in (process / "fd").iterdir()]
        except OSError:
            continue
        if any(str(place) in name for name in opened):
            found.append(process.name)
    return found


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGKILL,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, marks=pytest.mark.slow),
    ],
)
def test_a_batch_that_is_ended_goes_on_where_it_was(
    number: int, place: Path, started: Callable[..., subprocess.Popen[str]]
) -> None:
    unit(place, "a")
    held = unit(place, "b", "hold")
    process = started()
    until((held / "held").exists)
    until(lambda: (place / "runs" / NAME).stat().st_size > 0)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == (-number if number == signal.SIGKILL else 128 + number)
    until(lambda: not _working(place / "runs"), 30)
    if number != signal.SIGKILL:
        assert not hidden(place) and list((place / "tmp").iterdir()) == []
    made = contents(place / "runs/a")
    (held / "todo.txt").unlink()
    result = batch(place)
    assert result.exit_code == 0 and "1 assessed; 1 unchanged" in result.stdout, result.output
    assert contents(place / "runs/a") == made and not hidden(place)
    assert len(runs(place, "b")) == 1


def test_a_unit_that_is_killed_is_a_row_and_is_tried_again(
    place: Path, started: Callable[..., subprocess.Popen[str]]
) -> None:
    held = unit(place, "a", "hold")
    process = started()
    until((held / "held").exists)
    (family,) = _working(place / "runs" / LOCK / "a.part")
    os.kill(int(family), signal.SIGKILL)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 3 and "perhaps because memory ran out" in out
    assert not hidden(place) and not (place / "runs/a").exists()
    (held / "todo.txt").unlink()
    assert batch(place).exit_code == 0


def test_a_second_batch_over_the_same_runs_is_refused(done: Path) -> None:
    before = contents(done)
    lock = hold(done / "runs" / LOCK)
    try:
        result = batch(done)
    finally:
        release(done / "runs" / LOCK, lock)
    assert result.exit_code == 3 and "another batch is writing here" in result.stderr
    assert contents(done) == before and "name another `out`" in result.stderr
    assert batch(done).exit_code == 0


# ---------------------------------------------------------------- disks


@pytest.mark.slow
@pytest.mark.skipif(
    subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode != 0,
    reason="this system lets nobody mount a small disk",
)
@pytest.mark.parametrize(
    ("options", "said"),
    [("ro", "Read-only file system"), ("size=300k", "No space left on device")],
    ids=["read-only", "full"],
)
def test_what_the_disk_does_not_take_is_told(options: str, said: str, place: Path) -> None:
    unit(place, "a")
    unit(place, "b")
    (place / "runs").mkdir()
    mount = f'mount -t tmpfs -o {options} none "$1" && shift && "$@"; code=$?; ls -A "{place}/runs"; exit $code'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", mount, "sh", str(place / "runs"), sys.executable, "-c", BATCH, "batch", str(place / "PLAN.yml")],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 3, done.stdout + done.stderr
    assert said in done.stdout + done.stderr and "Traceback" not in done.stderr
    left = done.stdout.splitlines()
    assert not {"a", "b", ".batch.part"} & {*left}
    if options != "ro":
        assert "2 units: 0 assessed; 2 failed." in left


# ---------------------------------------------------------------- lines


def test_lines_are_json_with_time_level_unit_and_event(done: Path) -> None:
    (done / "units/b/reporter.yml").write_text("organisation: X\n")
    result = batch(done, "--log", "json", "--json")
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    assert lines and all({"time", "level", "message", "unit", "event"} <= line.keys() for line in lines)  # fmt: skip
    assert {(x["unit"], x["event"], x["level"]) for x in lines} >= {
        ("a", "begun", "info"), ("a", "unchanged", "info"), ("b", "failed", "error"),
    }  # fmt: skip
    printed = json.loads(result.stdout)
    assert printed["exit_code"] == result.exit_code == 3
    assert {u["unit"]: u["unchanged"] for u in printed["units"]} == {"a": True, "b": False}


def test_quiet_says_nothing_but_errors(done: Path) -> None:
    result = batch(done, "--quiet")
    assert (result.exit_code, result.output) == (0, "")


def test_lines_for_people_have_time_level_and_unit(done: Path) -> None:
    for line in batch(done).stderr.splitlines():
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO    [ab]: unchanged.*", line), (
            line
        )

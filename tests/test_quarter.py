"""Runs over quarters: kept tables, compared, closed and restated runs, a folder of runs as a history."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from conftest import assess_few, reporter

import reporter as api
from reporter.content import loader
from reporter.content.loader import Content
from reporter.errors import InputError, VerificationError
from reporter.pipeline.assess import Options, assess_workspace
from reporter.pipeline.quarter.compare_runs import compare_stored, finding_changes
from reporter.pipeline.quarter.kept_input import FOLDER
from reporter.pipeline.quarter.reperform import assess_tables, restate
from reporter.pipeline.quarter.run_history import finding_rows, read_history
from reporter.runs.chain import CHAIN, HEAD, close, read_chain
from reporter.runs.store import DATA, RESULTS, read_data

pytestmark = pytest.mark.slow
PEOPLE = [
    {"type": "human", "actor_id": n, "name": n, "state": s}
    for n, s in (("ann", "active"), ("cat", "retired"))
]
AGENT = {"type": "agent", "state": "active", "risk_tier": "high", "owner_confirmed_at": "2026-03-01T00:00:00Z"}  # fmt: skip


def quarter(folder: Path, end: int, owners: dict[str, str]) -> Path:
    """A workspace of agents with owners whose period of two months ends with a month."""
    period = {"from": f"2026-{end - 1:02}-01", "to": f"2026-{end + 1:02}-01"}
    agents = [AGENT | {"actor_id": a, "owner_id": o} for a, o in owners.items()]
    (folder / "inventory").mkdir(parents=True)
    settings = {"organisation": "Acme", "period": period}
    (folder / "reporter.yml").write_text(json.dumps(settings))
    (folder / "inventory/all.json").write_text(json.dumps(agents + PEOPLE))
    return folder


@pytest.fixture(autouse=True)
def _time_zone() -> Any:
    """The zone of the process is that of its environment, after a test that changed it too."""
    yield
    time.tzset()


@pytest.fixture(scope="module", autouse=True)
def _some_checks() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        assess_few(patch, "OWN-02", "LIF-01")
        yield


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four runs: A1 is fixed in the second and back in the third; A3 is gone in the fourth."""
    folder = tmp_path_factory.mktemp("quarters")
    earlier: tuple[Path, ...] = ()
    for n, owners in enumerate(
        (
            {"A1": "cat", "A2": "cat", "A3": "cat"},
            {"A1": "ann", "A2": "cat", "A3": "cat"},
            {"A1": "cat", "A2": "cat", "A3": "cat"},
            {"A1": "cat", "A2": "ann"},
        ),
        1,
    ):
        ws = quarter(folder / f"ws{n}", 2 * n + 1, owners)
        options = Options(formats=("csv",), earlier=earlier, keep_tables=True)
        assess_workspace(ws, folder / f"runs/q{n}", options)
        earlier = (folder / f"runs/q{n}",)
    return folder / "runs"


def states(runs: Path, before: str, now: str) -> dict[str, str]:
    compared = compare_stored(runs / before, runs / now)
    return {
        c.what: c.state for c in finding_changes(read_data(runs / before), compared) if c.what in ("A1", "A2", "A3")
        and c.id.startswith("no-owner")
    }  # fmt: skip


def test_a_finding_is_followed_by_its_lasting_id(runs: Path) -> None:
    assert states(runs, "q1", "q2") == {"A1": "fixed", "A2": "open", "A3": "open"}
    assert states(runs, "q2", "q3") == {"A1": "reopened", "A2": "open", "A3": "open"}
    # Of whom nothing is judged any more, nothing is called fixed.
    assert states(runs, "q3", "q4") == {"A1": "open", "A2": "fixed", "A3": "not seen any more"}


def test_compare_prints_the_movement_and_gives_it_as_data(runs: Path) -> None:
    text = reporter("compare", runs / "q1", runs / "q2")
    assert text.exit_code == 0 and "1 result fixed" in text.output
    data = json.loads(reporter("compare", runs / "q1", runs / "q2", "--json").output)
    whole = data["movements"][0]
    moved = Fraction(whole["lo"]) - Fraction(whole["lo_before"])
    assert moved == sum(Fraction(p["lo"]) for p in whole["parts"]) > 0
    assert reporter("compare", runs / "q2", runs / "q1").exit_code == 3


def test_kept_tables_give_the_same_run_again(runs: Path, tmp_path: Path) -> None:
    assess_tables(runs / "q1", tmp_path / "again", Options(formats=("csv",)))
    for name in (DATA, RESULTS, "findings.csv", "quarantine.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (runs / "q1" / name).read_bytes(), name


def test_a_restated_run_differs_by_rules_alone(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="its level depends on it"):
        restate(runs / "q2", tmp_path / "r", Options(formats=()))
    load = loader.load

    def stricter(*words: Any, **more: Any) -> Content:
        content = load(*words, **more)
        return replace(content, policy=replace(content.policy, declared_credit=Fraction(1, 4)))

    monkeypatch.setattr(loader, "load", stricter)  # the rules of today
    made, _ = restate(runs / "q2", tmp_path / "r", Options(formats=(), earlier=(runs / "q1",)))
    (whole, *_) = made.history.movements
    assert [(p.group, p.cause) for p in whole.parts] == [("rules", "policy")]
    assert whole.lo < whole.lo_before == read_data(runs / "q2").scores.enterprise.total.lo
    assert made.history.runs[-1].as_of == read_data(runs / "q2").run.as_of.replace(tzinfo=None)


def test_the_time_zone_of_the_machine_changes_nothing(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The earlier quarter ends at the very moment at which this one begins."""
    made = {}
    for zone in ("Pacific/Kiritimati", "America/Adak", "UTC"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        options = Options(formats=("csv", "ocsf"), earlier=(runs / "q1",), fresh=True)
        assess_workspace(runs.parent / "ws2", tmp_path / zone / "run", options)
        folder = tmp_path / zone / "run"
        made[zone] = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    assert made["UTC"] == made["Pacific/Kiritimati"] == made["America/Adak"]


def test_what_restating_moved_is_all_there_as_data(runs: Path, tmp_path: Path) -> None:
    words = ("--out", tmp_path / "r", "--earlier", runs / "q1", "--formats", "json", "--json")
    printed = json.loads(reporter("restate", runs / "q2", *words).stdout)
    compared = reporter("compare", runs / "q2", tmp_path / "r", "--json")
    assert compared.exit_code == 0 and json.loads(compared.stdout) == printed
    assert printed["before"] == printed["now"] and printed["findings"]
    # Another run of that moment is no judgement of the same run.
    shutil.copytree(runs / "q2", tmp_path / "copy")
    refused = reporter("compare", runs / "q2", tmp_path / "copy")
    assert refused.exit_code == 3 and "is not earlier" in refused.output


@pytest.mark.parametrize(("days_before", "is_known"), [(100, True), (110, False)])
def test_a_finding_of_another_rule_than_before_may_be_older(
    days_before: int, is_known: bool, tmp_path: Path
) -> None:
    """By another threshold the run before could not have shown it, so nothing tells its age."""
    away = {"type": "human", "actor_id": "dan", "state": "leave", "state_since": "2026-03-15"}
    earlier: tuple[Path, ...] = ()
    for end, days in ((5, days_before), (7, 100)):
        ws = quarter(tmp_path / f"ws{end}", end, {"A1": "dan"})
        people = json.loads((ws / "inventory/all.json").read_text())
        (ws / "inventory/all.json").write_text(json.dumps([*people, away]))
        settings = json.loads((ws / "reporter.yml").read_text())
        settings["params"] = {"OWN-02": {"leave_days": days}}
        (ws / "reporter.yml").write_text(json.dumps(settings))
        options = Options(formats=(), earlier=earlier)
        made, _ = assess_workspace(ws, tmp_path / f"q{end}", options)
        found = [c for c in made.causes if "OWN-02" in c.checks]
        assert bool(found) == (end == 7)
        earlier = (tmp_path / f"q{end}",)
    assert [c.is_since_known for c in found] == [is_known]


def test_a_run_is_restated_by_thresholds_of_today(tmp_path: Path) -> None:
    away = {"type": "human", "actor_id": "dan", "state": "leave", "state_since": "2026-03-15"}
    ws = quarter(tmp_path / "ws", 5, {"A1": "dan"})
    people = json.loads((ws / "inventory/all.json").read_text())
    (ws / "inventory/all.json").write_text(json.dumps([*people, away]))
    settings = json.loads((ws / "reporter.yml").read_text())
    strict = settings | {"params": {"OWN-02": {"leave_days": 30}}, "due_days": {"critical": 7}}
    (ws / "reporter.yml").write_text(json.dumps(settings | {"params": {"OWN-02": {"leave_days": 100}}}))  # fmt: skip
    assess_workspace(ws, tmp_path / "q2", Options(formats=(), keep_tables=True))
    (tmp_path / "today.yml").write_text(json.dumps(strict))
    words = ("--out", tmp_path / "r", "--formats", "json", "--json", "--settings", tmp_path / "today.yml")  # fmt: skip
    made = json.loads(reporter("restate", tmp_path / "q2", *words).stdout)
    causes = {(p["group"], p["cause"]) for p in made["movements"][0]["parts"]}
    assert causes == {("rules", "thresholds")}
    assert [f["state"] for f in made["findings"] if f["what"] == "A1"] == ["new"]
    assert read_data(tmp_path / "r").policy.due_days["critical"] == 7
    (tmp_path / "today.yml").write_text("params: {OWN-02: {leave_dais: 3}}")
    words = ("--out", tmp_path / "s", "--settings", tmp_path / "today.yml")
    refused = reporter("restate", tmp_path / "q2", *words)
    assert refused.exit_code == 3 and f"{tmp_path / 'today.yml'}:1" in refused.output


def test_without_kept_tables_nothing_is_assessed_again(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "q1", tmp_path / "q1", ignore=shutil.ignore_patterns(FOLDER))
    refused = reporter("restate", tmp_path / "q1", "--out", tmp_path / "r")
    assert refused.exit_code == 3 and "keep-tables" in refused.output


@pytest.mark.parametrize("name", ["in_actors.parquet", "reporter.yml"])
@pytest.mark.parametrize("how", ["changed", "missing"])
def test_tables_that_are_not_as_they_were_left_are_not_judged(
    how: str, name: str, runs: Path, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(runs / "q1", tmp_path / "q1"))
    table = run / FOLDER / name
    table.write_bytes(table.read_bytes() + b"\n") if how == "changed" else table.unlink()
    refused = reporter("restate", run, "--out", tmp_path / "r")
    assert refused.exit_code == 4 and f"{FOLDER}/{name}: {how}" in refused.output
    assert not (tmp_path / "r").exists()


def test_tables_that_name_people_are_not_kept_with_pseudonyms(runs: Path, tmp_path: Path) -> None:
    words = ("--keep-tables", "--pseudonymise", "people", "--out", tmp_path / "r")
    refused = reporter("assess", runs.parent / "ws1", *words)
    assert refused.exit_code == 3 and "would name people" in refused.output
    assert not (tmp_path / "r").exists()


# ---------------------------------------------------------------- closed


@pytest.fixture
def closed(runs: Path, tmp_path: Path) -> Path:
    """A folder of three runs of which two are closed."""
    for name in ("q1", "q2", "q3"):
        shutil.copytree(runs / name, tmp_path / "runs" / name)
    for name in ("q1", "q2"):
        assert reporter("close", tmp_path / "runs" / name).exit_code == 0
    return tmp_path / "runs"


def test_closing_twice_changes_nothing_and_quarters_are_closed_in_order(closed: Path) -> None:
    chain = (closed / CHAIN).read_bytes()
    assert "was closed before" in reporter("close", closed / "q1").output
    assert (closed / CHAIN).read_bytes() == chain
    assert close(closed / "q3", "")[0].n == 3
    shutil.copytree(closed / "q2", closed / "late")
    with pytest.raises(InputError, match="is closed already"):
        close(closed / "late", "")


def test_no_quarter_is_left_open_for_ever_without_asking(runs: Path, tmp_path: Path) -> None:
    """The trap: quarters are closed in their order, so one that was forgotten could not be closed later."""
    for name in ("q1", "q2", "q3"):
        shutil.copytree(runs / name, tmp_path / name)
    refused = reporter("close", tmp_path / "q3")
    assert refused.exit_code == 3 and not (tmp_path / CHAIN).exists()
    assert "q1 and 1 more of an earlier period would stay open" in refused.output
    assert "Close q1 first" in refused.output and "--skip" in refused.output
    assert reporter("close", tmp_path / "q1").exit_code == 0
    assert "q2 of an earlier period" in reporter("close", tmp_path / "q3").output
    assert reporter("close", tmp_path / "q3", "--skip").exit_code == 0
    late = reporter("close", tmp_path / "q2")
    assert late.exit_code == 3 and "was skipped" in late.output and "restate" not in late.output
    assert "was closed before" in reporter("close", tmp_path / "q3").output


@pytest.mark.parametrize("name", [DATA, RESULTS, "findings.csv", "manifest.json"])
def test_any_change_of_a_closed_run_is_found(closed: Path, name: str) -> None:
    assert reporter("history", closed).exit_code == 0
    data = bytearray((closed / "q1" / name).read_bytes())
    data[len(data) // 2] ^= 1
    (closed / "q1" / name).write_bytes(data)
    done = reporter("history", closed)
    assert done.exit_code == 4 and f"{name}: changed" in done.output
    done = reporter("close", closed / "q3")
    assert done.exit_code == 0 and f"is not as it was closed: q1: {name}: changed" in done.output


def test_files_and_folders_that_go_or_come_are_found(closed: Path) -> None:
    (closed / "q1/more.txt").write_text("x")
    (closed / "q2/findings.csv").unlink()
    said = reporter("history", closed).output
    assert "more.txt: not of this run" in said and "findings.csv: missing" in said
    shutil.rmtree(closed / "q2")
    said = reporter("history", closed).output
    (row,) = (line for line in said.splitlines() if "the folder is missing" in line)
    assert row.split()[-9:] == [*"–––––", "the", "folder", "is", "missing"]
    rows = json.loads(reporter("history", closed, "--json").output)["runs"]
    (gone,) = (r for r in rows if r["run"] == "q2")
    assert (gone["findings"], gone["overdue"], gone["level"]) == (None, None, None)


def test_of_two_runs_of_a_moment_one_is_followed(closed: Path) -> None:
    """The trap: a copy beside its run would be a period in which nothing changed."""
    before = json.loads(reporter("history", closed, "--json").output)
    course = [line for line in reporter("history", closed).output.splitlines() if " open; " in line]
    shutil.copytree(closed / "q2", closed / "a-copy")
    said = reporter("history", closed)
    assert said.exit_code == 0 and "not followed: q2 is of the same moment" in said.output
    assert [line for line in said.output.splitlines() if " open; " in line] == course
    now = json.loads(reporter("history", closed, "--json").output)
    assert now["findings"] == before["findings"] and now["dates"] == before["dates"]
    assert {r["run"]: r["beside"] for r in now["runs"]} == {"a-copy": "q2", "q1": "", "q2": "", "q3": ""}  # fmt: skip


@pytest.mark.parametrize("how", ["first", "changed", "cut", "swapped", "last"])
def test_a_changed_chain_is_found(closed: Path, how: str) -> None:
    one, two = (closed / CHAIN).read_text().splitlines()
    texts = {
        "first": f"{two}\n",
        "changed": f"{one}\n{two.replace('Acme', 'Acne')}\n",
        "cut": f"{one}\n{two[:-5]}",
        "swapped": f"{two}\n{one}\n",
        "last": f"{one}\n",
    }
    (closed / CHAIN).write_text(texts[how])
    with pytest.raises(VerificationError):
        read_chain(closed)
    assert reporter("history", closed).exit_code == 4


@pytest.mark.parametrize("left", [0, 1])
def test_a_line_taken_out_with_its_head_is_found_by_the_run_that_carries_it(
    closed: Path, left: int
) -> None:
    line = (closed / CHAIN).read_text().splitlines()[:left]
    (closed / CHAIN).write_text("".join(f"{x}\n" for x in line))
    digest = json.loads(line[-1])["sha256"] if line else ""
    (closed / HEAD).write_text(json.dumps({"n": left, "sha256": digest}) + "\n")
    if not left:
        (closed / CHAIN).unlink()  # an empty one is found by itself
    read_chain(closed)  # it holds by itself
    done = reporter("history", closed)
    assert done.exit_code == 4 and "closed.jsonl does not have it any more" in done.output
    assert reporter("close", closed / "q3").exit_code == 4


def test_the_chain_is_found_to_be_gone(closed: Path) -> None:
    (closed / CHAIN).unlink()
    assert reporter("history", closed).exit_code == 4


@pytest.mark.parametrize("name", ["q1/closed.json", "closed.head"])
def test_what_guards_the_chain_is_guarded_too(closed: Path, name: str) -> None:
    (closed / name).unlink()
    assert reporter("history", closed).exit_code == 4


def test_a_closing_that_was_killed_is_finished(closed: Path) -> None:
    """The chain has the line, its head and the run do not yet."""
    lines = (closed / CHAIN).read_text().splitlines()
    digest = json.loads(lines[0])["sha256"]
    (closed / HEAD).write_text(json.dumps({"n": 1, "sha256": digest}) + "\n")
    (closed / "q2/closed.json").unlink()
    assert "was closed before" in reporter("close", closed / "q2").output
    assert close(closed / "q3", "")[1]
    assert reporter("history", closed).exit_code == 0


def test_a_run_that_was_changed_is_not_closed(closed: Path) -> None:
    (closed / "q3/findings.csv").write_text("x")
    done = reporter("close", closed / "q3")
    assert done.exit_code == 4 and "findings.csv: changed" in done.output


def test_a_history_knows_when_findings_were_seen_and_whether_they_ended_in_time(runs: Path) -> None:
    rows, units = read_history(runs)
    findings = [*finding_rows(units)]
    assert [r.run for r in rows] == ["q1", "q2", "q3", "q4"]
    found = {f.what: f for f in findings if f.id.startswith("no-owner")}
    assert (found["A1"].state, found["A1"].first_seen, found["A1"].reopened) == ("reopened", "2026-04-01", "2026-08-01")  # fmt: skip
    assert (found["A1"].age, found["A1"].age_is, found["A1"].returns) == (61, "exactly", 1)
    assert (found["A2"].state, found["A2"].first_seen, found["A2"].last_seen) == ("fixed", "2026-04-01", "2026-08-01")  # fmt: skip
    # Critical, due after 30 days, and still open after four months.
    assert (found["A2"].in_time, found["A2"].age_is) == ("late", "at least")
    assert found["A3"].state == "not seen any more"
    assert "overdue" in reporter("history", runs).output
    assert len(json.loads(reporter("history", runs, "--json").output)["findings"]) == len(findings)


def test_a_run_in_a_notebook_can_be_compared(runs: Path) -> None:
    comparison = api.open(runs / "q2").compare(runs / "q1")
    assert len(comparison.changes())


def test_a_history_is_that_of_the_reports_and_needs_no_run_to_know_the_others(
    runs: Path, tmp_path: Path
) -> None:
    """The report of the last run has it from its chain of earlier runs; the folder has all of them."""
    (unit,) = read_history(runs)[1]
    stored = read_data(runs / "q4")
    assert {c.id: (c.first_seen, c.is_since_known) for c in stored.causes} == {
        c.id: (c.first_seen, c.is_since_known) for c in unit.run.causes
    }
    assert {c.finding: c for c in stored.history.closed} == {c.finding: c for c in unit.run.history.closed}  # fmt: skip
    for name in ("q1", "q2"):
        shutil.copytree(runs / name, tmp_path / name)
    (tmp_path / "q1" / RESULTS).write_bytes(b"no results")
    done = reporter("history", tmp_path)
    assert done.exit_code == 0 and "results.parquet cannot be read" in done.output

"""A purged run names nobody and holds no raw record; its results, scores and ids go on, and any other change is found."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import assess_few, read_results, reporter, texts_of

from reporter.engine.duckdb import DuckDB
from reporter.errors import InputError, VerificationError
from reporter.pipeline.assess import Options, assess_workspace
from reporter.pipeline.quarter.compare_runs import compare_stored, finding_changes
from reporter.pipeline.quarter.kept_input import FOLDER
from reporter.pipeline.retention import purge as purging
from reporter.pipeline.retention import purged_data
from reporter.pipeline.retention.purge import Outcome, Wanted, purge
from reporter.pipeline.sealed.bundle import parent_of
from reporter.runs.actor_attributes import place_results
from reporter.runs.chain import CHAIN, read_chain
from reporter.runs.run_manifest import read_manifest
from reporter.runs.store import DATA, read_data
from reporter.system.hashes import sha256

pytestmark = pytest.mark.slow

AT = datetime(2026, 11, 29, 10, 0, tzinfo=UTC)
PERSONAL = (
    "ann.lee@corp.example", "Ann Lee", "cat.moss@corp.example", "Cat Moss", "AnnLee", "zed.quill@corp.example", "Zed Quill",
)  # fmt: skip
PEOPLE = [
    {"type": "human", "actor_id": "ann.lee@corp.example", "name": "Ann Lee", "state": "active"},
    {"type": "human", "actor_id": "cat.moss@corp.example", "name": "Cat Moss", "state": "retired"},
    {"type": "human", "actor_id": "zed.quill@corp.example", "name": "Zed Quill", "state": "active"},
]
AGENT = {"type": "agent", "state": "active", "risk_tier": "high", "owner_confirmed_at": "2026-03-01T00:00:00Z"}  # fmt: skip
FORMATS = ("html", "pdf", "xlsx", "docx", "csv", "oscal")


def workspace(folder: Path, end: int, owners: dict[str, str]) -> Path:
    """A company whose agents, records, statements and broken records name people."""
    period = {"from": f"2026-{end - 1:02}-01", "to": f"2026-{end + 1:02}-01"}
    agents = [AGENT | {"actor_id": a, "owner_id": f"{o}@corp.example"} for a, o in owners.items()]
    broken = AGENT | {"actor_id": "A9", "owner_confirmed_at": "by Zed Quill, zed.quill@corp.example"}  # fmt: skip
    (folder / "inventory").mkdir(parents=True)
    (folder / "statements").mkdir()
    settings = {"organisation": "Acme", "period": period, "sign_off": {"prepared_by": "Zed Quill"}}
    (folder / "reporter.yml").write_text(json.dumps(settings))
    (folder / "inventory/all.json").write_text(json.dumps([*agents, broken, *PEOPLE]))
    (folder / "inventory/ann.lee@corp.example.json").write_text(json.dumps([AGENT | {"name": "x"}]))
    (folder / "statements/waivers.csv").write_text(
        "check,subject,reason,approved_by,approved_at,expires,review_at,ticket\n"
        "OWN-02,A2,Cat Moss asked for it,ann.lee@corp.example,2026-01-02,2027-01-01,2026-12-01,T-1\n"
    )
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two quarters, for reading only. An agent is called after a person, one is fixed."""
    folder = tmp_path_factory.mktemp("purged")
    with pytest.MonkeyPatch.context() as patch:
        assess_few(patch, "OWN-02", "LIF-01")
        one = {"A1": "cat.moss", "A2": "cat.moss", "helper-AnnLee": "cat.moss"}
        two = {"A1": "ann.lee", "A2": "cat.moss", "helper-AnnLee": "cat.moss"}
        earlier: tuple[Path, ...] = ()
        for n, owners in enumerate((one, two), 1):
            ws = workspace(folder / f"ws{n}", 2 * n + 1, owners)
            formats = FORMATS if n == 2 else ("csv",)
            options = Options(formats=formats, earlier=earlier, keep_tables=True)
            assess_workspace(ws, folder / f"runs/q{n}", options)
            earlier = (folder / f"runs/q{n}",)
    return folder / "runs"


@pytest.fixture
def runs(made: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    for name in ("q1", "q2"):
        shutil.copytree(made / name, tmp_path / "runs" / name)
    return tmp_path / "runs"


@pytest.fixture(scope="module")
def purged(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both quarters without people, for reading only."""
    folder = tmp_path_factory.mktemp("without") / "runs"
    for name in ("q1", "q2"):
        shutil.copytree(made / name, folder / name)
        assert take_out(folder / name).is_new
    return folder


WANTED = Wanted(people=True, key="k" * 32, is_key_kept=False, at=AT)


def take_out(run: Path, **more: Any) -> Outcome:
    return purge(run, replace(WANTED, **more))


def said(run: Path) -> str:
    """All texts of all files of a run, those within Parquet, PDF and office files too."""
    return "\n".join(texts_of(p for p in run.rglob("*") if p.is_file()).values())


def test_nothing_personal_is_left_in_any_file(made: Path, purged: Path) -> None:
    before, after = said(made / "q2"), said(purged / "q2")
    assert [name for name in PERSONAL if name not in before] == []
    assert [name for name in PERSONAL if name.lower() in after.lower()] == []
    assert not (purged / "q2" / FOLDER).exists()
    kept = {p.name for p in (made / "q2").iterdir()} - {FOLDER}
    assert {p.name for p in (purged / "q2").iterdir()} == kept | {"purged.json"}


def test_results_scores_and_ids_stay(made: Path, purged: Path) -> None:
    columns = ("id", "check", "status", "reason_code", "tier_lo", "tier_hi", "cause", "action", "rank")  # fmt: skip
    for name in ("q1", "q2"):
        then, now = (
            sorted(read_results(f / name, columns=columns), key=str) for f in (made, purged)
        )
        assert then == now
        before, after = read_data(made / name), read_data(purged / name)
        for field in ("scores", "hashes", "population", "results"):
            assert getattr(before, field) == getattr(after, field), field
        assert [c.id for c in before.causes] == [c.id for c in after.causes]
        counts = [
            [(f.read, f.kept, f.rejected, f.sha256) for f in x.files] for x in (before, after)
        ]
        assert counts[0] == counts[1]


@pytest.mark.parametrize(("first", "second"), [(0, 1), (1, 0), (1, 1)])
def test_purged_runs_are_compared_as_before(made: Path, purged: Path, first: int, second: int) -> None:  # fmt: skip
    folders = (made, purged)
    past, now = folders[first] / "q1", folders[second] / "q2"

    def outcome(past: Path, now: Path) -> Any:
        compared = compare_stored(past, now)
        changes = [
            (c.id, c.state, c.before, c.now) for c in finding_changes(read_data(past), compared)
        ]
        past_of = compared.history
        return changes, past_of.movements, past_of.flows, len(past_of.actors), past_of.still

    assert outcome(past, now) == outcome(made / "q1", made / "q2")


def test_a_run_that_follows_a_purged_one_is_the_same(
    made: Path, purged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assess_few(monkeypatch, "OWN-02", "LIF-01")
    options = Options(formats=(), earlier=(purged / "q1",))
    data, _ = assess_workspace(made.parent / "ws2", tmp_path / "again", options)
    known = read_data(made / "q2")
    assert data.scores == known.scores and data.earlier == known.earlier
    assert data.history.flows == known.history.flows
    assert data.history.actors == known.history.actors


def test_a_purged_run_is_grouped_as_before(made: Path, purged: Path, tmp_path: Path) -> None:
    """Owners have other names, and each as many results."""
    counts = []
    for name, run in (("before", made / "q1"), ("after", purged / "q1")):
        with DuckDB(tmp_path / name) as engine:
            abouts = {c.id: c.about for c in read_data(run).checks}
            place_results(engine, run, ["owner", "kind"], abouts)
            found = engine.rows("SELECT v0, v1, status, count(*) FROM placed GROUP BY ALL")
            counts.append(sorted((kind, status, n) for _, kind, status, n in found))
            owners = {owner for owner, *_ in found}
            assert ("cat.moss@corp.example" in owners) == (name == "before")
    assert counts[0] == counts[1] and len(counts[0]) > 3


def test_the_proof_names_files_columns_and_hashes(made: Path, purged: Path) -> None:
    (record,) = json.loads((purged / "q2/purged.json").read_bytes())["purges"]
    assert record["at"] == "2026-11-29T10:00:00Z" and record["key"] == "forgotten"
    assert record["manifest_before"] == sha256(made / "q2/manifest.json")
    files = {f["file"]: f for f in record["files"]}
    assert files[DATA]["before"] == sha256(made / "q2" / DATA)
    assert files[DATA]["after"] == sha256(purged / "q2" / DATA)
    assert files["results.parquet"]["values"]["owner"] > 0
    assert files["tables/in_actors.parquet"] | {"before": ""} == {
        "file": "tables/in_actors.parquet", "before": "", "after": None, "rows": 7,
    }  # fmt: skip
    assert record["records_removed"] == 1 and record["rows_removed"] > 0


def test_people_keep_their_pseudonyms_under_one_key(made: Path, purged: Path) -> None:
    owners = [{o for (o,) in read_results(purged / q, "owner <> ''", ["owner"])} for q in ("q1", "q2")]  # fmt: skip
    assert owners[0] and owners[0] <= owners[1]


def test_again_changes_nothing(runs: Path) -> None:
    take_out(runs / "q1")
    before = {p.name: sha256(p) for p in (runs / "q1").iterdir()}
    again = take_out(runs / "q1", key="z" * 32)
    assert not again.is_new and again.record["at"] == "2026-11-29T10:00:00Z"
    assert {p.name: sha256(p) for p in (runs / "q1").iterdir()} == before


def test_a_dry_run_changes_nothing(runs: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in runs.rglob("*") if p.is_file()}
    done = reporter("purge", runs / "q1", "--people", "--dry-run")
    assert done.exit_code == 0 and "would be purged" in done.output
    assert {p: p.stat().st_mtime_ns for p in runs.rglob("*") if p.is_file()} == before


def test_raw_records_go_alone(runs: Path) -> None:
    cache = runs / ".reporter-cache"
    (cache / "tables/x").mkdir(parents=True)
    for name in ("a.json", "a.events.0.parquet", "tables/x/y.parquet", "notes.txt"):
        (cache / name).write_text("Zed Quill")
    done = reporter("purge", runs / "q1", "--raw")
    assert done.exit_code == 0 and "files of caches removed: 3" in done.output
    assert [p.name for p in cache.iterdir()] == ["notes.txt"]
    text = said(runs / "q1")
    assert "zed.quill@corp.example" not in (runs / "q1/quarantine.csv").read_text()
    assert "removed by a purge" in text and "cat.moss@corp.example" in text
    assert not (runs / "q1" / FOLDER).exists()
    left = reporter("purge", runs / "q1", "--people")
    assert left.exit_code == 3 and "tells who is a person" in left.output


def test_a_list_of_names_does_for_a_run_without_tables(runs: Path, tmp_path: Path) -> None:
    assert reporter("purge", runs / "q1", "--raw").exit_code == 0
    (tmp_path / "names.txt").write_text("\n".join(PERSONAL))
    done = reporter("purge", runs / "q1", "--people", "--names", tmp_path / "names.txt")
    assert done.exit_code == 0, done.output
    assert [n for n in PERSONAL if n.lower() in said(runs / "q1").lower()] == []
    assert len(json.loads((runs / "q1/purged.json").read_bytes())["purges"]) == 2


def test_the_workspace_does_too(runs: Path, made: Path) -> None:
    assert reporter("purge", runs / "q1", "--raw").exit_code == 0
    words = ("--people", "--workspace", made.parent / "ws1")
    done = reporter("purge", runs / "q1", *words)
    assert done.exit_code == 0, done.output
    assert [n for n in PERSONAL if n.lower() in said(runs / "q1").lower()] == []


# ---------------------------------------------------------------- closed


@pytest.fixture
def closed(runs: Path) -> Path:
    for name in ("q1", "q2"):
        assert reporter("close", runs / name).exit_code == 0
    return runs


def test_a_closed_run_is_linked_to_what_it_was(closed: Path) -> None:
    before = sha256(closed / "q1/manifest.json")
    take_out(closed / "q1")
    line = read_chain(closed)[-1]
    assert (line.kind, line.run, line.replaces) == ("purge", "q1", before)
    done = reporter("history", closed)
    assert (
        done.exit_code == 0 and "closed, purged on 2026-11-29, otherwise unchanged" in done.output
    )
    assert "was closed before" in reporter("close", closed / "q1").output


@pytest.mark.parametrize("name", [DATA, "purged.json", "findings.csv", "manifest.json", "closed.json"])  # fmt: skip
def test_any_other_change_of_it_is_found(closed: Path, name: str) -> None:
    take_out(closed / "q1")
    data = bytearray((closed / "q1" / name).read_bytes())
    data[len(data) // 2] ^= 1
    (closed / "q1" / name).write_bytes(data)
    assert reporter("history", closed).exit_code == 4


def test_the_run_as_it_was_is_no_purged_run(closed: Path, made: Path) -> None:
    take_out(closed / "q1")
    shutil.rmtree(closed / "q1")
    shutil.copytree(made / "q1", closed / "q1")
    done = reporter("history", closed)
    assert done.exit_code == 4 and "not finished" in done.output


def test_the_parent_of_a_seal_is_found_in_the_chain_and_must_be_as_closed(closed: Path) -> None:
    about = read_manifest(closed / "q2")
    assert parent_of(about, closed) == sha256(closed / "q1/manifest.json")
    take_out(closed / "q1")  # q2 names the data of before
    assert parent_of(about, closed) == sha256(closed / "q1/manifest.json")
    assert parent_of(about, closed / "q1") == parent_of(about, closed)
    with pytest.raises(InputError, match="no closed run in it"):
        parent_of(read_manifest(closed / "q1"), closed)
    (closed / "q1/findings.csv").write_text("x")
    with pytest.raises(VerificationError, match="not as it was closed"):
        parent_of(about, closed)


class Killed(BaseException):
    """What ends a purge where a test says."""


STEPS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    name: lambda patch, name=name: patch.setattr(purging, name, _killed)  # type: ignore[misc]
    for name in ("write_manifest", "publish", "append", "carry", "_clear", "_drop")
}


def _killed(*_: Any, **__: Any) -> None:
    raise Killed


@pytest.mark.parametrize("step", STEPS)
def test_an_interrupted_purge_is_finished(closed: Path, step: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        STEPS[step](patch)
        with pytest.raises(Killed):
            take_out(closed / "q1")
    take_out(closed / "q1", key="z" * 32)
    _is_purged(closed)


def test_a_purge_that_ended_between_two_names_is_finished(closed: Path, made: Path) -> None:
    take_out(closed / "q1")
    (closed / "q1").rename(closed / ".q1.purged")
    shutil.copytree(made / "q1", closed / ".q1.before-purge")
    done = reporter("history", closed)  # the folder is missing
    assert done.exit_code == 4 and "not finished" in done.output
    take_out(closed / "q1")
    _is_purged(closed)


def _is_purged(closed: Path) -> None:
    done = reporter("history", closed)
    assert done.exit_code == 0, done.output
    assert "purged on 2026-11-29" in done.output
    assert sorted(p.name for p in closed.iterdir() if p.name != ".reporter-cache") == [
        "closed.head", CHAIN, "q1", "q2",
    ]  # fmt: skip
    assert [c.kind for c in read_chain(closed)] == ["close", "close", "purge"]
    assert [n for n in PERSONAL if n.lower() in said(closed / "q1").lower()] == []


# ---------------------------------------------------------------- refused


def test_a_place_that_was_forgotten_stops_the_purge(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if a field of the data were new, and nobody had thought of names in it."""
    hide = purged_data.hide_stored
    monkeypatch.setattr(
        purged_data,
        "hide_stored",
        lambda run, people: replace(hide(run, people), causes=run.causes),
    )
    with pytest.raises(InputError, match="would be left"):
        take_out(runs / "q1")
    assert (runs / "q1" / FOLDER).exists() and not (runs / ".q1.part").exists()


def test_a_changed_run_is_not_purged(runs: Path) -> None:
    (runs / "q1/findings.csv").write_text("x")
    with pytest.raises(VerificationError, match="not as it was left"):
        take_out(runs / "q1")
    assert (runs / "q1" / FOLDER).exists()


def test_a_bundle_is_never_changed_and_named(runs: Path) -> None:
    bundle = runs / "sealed"
    bundle.mkdir()
    (bundle / "manifest.dsse.json").write_text("{}")
    identity = read_data(runs / "q1").hashes["evidence_id"]
    (bundle / "manifest.json").write_text(json.dumps({"evidence_id": identity}))
    with pytest.raises(InputError, match="a bundle is never changed"):
        take_out(bundle)
    done = reporter("purge", runs / "q1", "--raw")
    assert "sealed is a sealed bundle of it and still holds all of this" in done.output


def test_a_period_is_purged_in_a_folder_of_runs(runs: Path) -> None:
    before = reporter("purge", runs, "--raw", "--until", "2026-03-30")
    assert before.exit_code == 0 and "no run whose period ends by that day" in before.output
    done = reporter("purge", runs, "--raw", "--until", "2026-03-31")  # its last day
    assert done.exit_code == 0, done.output
    assert (runs / "q1/purged.json").is_file() and not (runs / "q2/purged.json").exists()


def test_one_of_the_two_must_be_asked_for(runs: Path) -> None:
    assert reporter("purge", runs / "q1").exit_code == 2

"""What report.json of a sealed run says is held against what comes out again, field by field."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec
import pytest
from conftest import reporter
from test_sealed import lines, look, repair, states

from reporter.errors import InputError
from reporter.model.assessment import Assessment
from reporter.model.comparison import Cause
from reporter.model.roadmap import Action
from reporter.pipeline.assess import Options, assess_workspace
from reporter.pipeline.reperformed import report_data
from reporter.pipeline.reperformed.performed_again import followed, hold_fields, perform_again
from reporter.pipeline.reperformed.report_data import Unseen, differing
from reporter.pipeline.reperformed.run_tables import differing_csv
from reporter.pipeline.sealed.bundle import Wanted, seal
from reporter.pipeline.sealed.signature import new_key, read_private
from reporter.pipeline.sealed.verify import FAILED, OK, WARNED
from reporter.runs.store import DATA, LISTS, read_data, read_fields
from reporter.system.hashes import sha256

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parents[1] / "sample_data/acme"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two quarters of the sample, the second sealed as the one after the first, and
    what came out as it was performed again.
    """
    folder = tmp_path_factory.mktemp("followed")
    new_key(folder / "key")
    assess_workspace(SAMPLES / "2026-q2", folder / "before", Options(formats=("json",)))
    options = Options(formats=("json", "csv"), keep_tables=True, earlier=(folder / "before",))
    assess_workspace(SAMPLES / "2026-q3", folder / "run", options)
    wanted = Wanted(read_private(folder / "key"), parent=folder / "before")
    seal(folder / "run", folder / "bundle", wanted)
    (folder / "again").mkdir()
    again = perform_again(folder / "bundle", folder / "again", "1GB", 600, [folder / "before"])
    assert again.made
    assert not (again.differences or again.notes or again.unseen)
    return folder


def made(place: Path) -> Path:
    return place / "again" / "made"


def lower(data: dict[str, Any]) -> None:
    """Edit as somebody does who wants less to be seen: nothing severe, no log with gaps."""
    for cause in data["causes"]:
        cause["severity"] = "low"
    data["coverage"] = []


def rejuvenate(data: dict[str, Any]) -> None:
    for cause in data["causes"]:
        cause["first_seen"] = data["run"]["as_of"]


def silence(data: dict[str, Any]) -> None:
    data["notices"], data["feed_days"] = [], []


EDITS: dict[Callable[[dict[str, Any]], None], tuple[str, ...]] = {
    lower: ("causes.severity of ", "coverage: a list of 0"),
    rejuvenate: ("causes.first_seen of ",),
    silence: ("notices: a list of 0", "feed_days: a list of 0"),
}


def edit(run: Path, *edits: Callable[[dict[str, Any]], None]) -> None:
    """Change report.json of a run, and the hash of it in the manifest of the run."""
    data = json.loads((run / DATA).read_bytes())
    for change in edits:
        change(data)
    (run / DATA).write_text(json.dumps(data))
    about = json.loads((run / "manifest.json").read_bytes())
    about["outputs"][DATA] = {"bytes": (run / DATA).stat().st_size, "sha256": sha256(run / DATA)}
    (run / "manifest.json").write_text(json.dumps(about))


@pytest.mark.parametrize("change", EDITS, ids=lambda change: change.__name__)
def test_a_run_that_says_something_else_is_not_sealed(
    place: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    shutil.copytree(place / "run", tmp_path / "run")
    edit(tmp_path / "run", change)
    wanted = Wanted(read_private(place / "key"), parent=place / "before")
    with pytest.raises(InputError, match="do not give the same") as refused:
        seal(tmp_path / "run", tmp_path / "bundle", wanted)
    for line in EDITS[change]:
        assert f"{DATA}, {line}" in str(refused.value)
    assert not (tmp_path / "bundle").exists()


def test_a_bundle_that_says_something_else_does_not_hold(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "bundle", tmp_path / "bundle")
    edit(tmp_path / "bundle/run", *EDITS)
    parent = sha256(place / "before/manifest.json")
    repair(tmp_path / "bundle", place / "key", parent)  # the worst: whoever edits has the key
    outcome = look(tmp_path / "bundle", place, reperform=True, parents=(place / "before",))
    assert {n for n, s in states(outcome).items() if s != OK} == {"checks"}
    for found in EDITS.values():
        for line in found:
            assert f"{DATA}, {line}" in lines(outcome)


def test_without_the_run_before_it_is_said_what_was_not_looked_at(
    place: Path, tmp_path: Path
) -> None:
    shutil.copytree(place / "bundle", tmp_path / "bundle")
    edit(tmp_path / "bundle/run", rejuvenate)
    repair(tmp_path / "bundle", place / "key", sha256(place / "before/manifest.json"))
    outcome = look(tmp_path / "bundle", place, reperform=True)
    assert {n: s for n, s in states(outcome).items() if s != OK} == {"not looked at": WARNED}
    (line,) = next(s.lines for s in outcome.steps if s.name == "not looked at")
    assert "causes.first_seen" in line
    assert line.endswith("the run before was not given: --parent")
    edit(tmp_path / "bundle/run", lower)
    repair(tmp_path / "bundle", place / "key", sha256(place / "before/manifest.json"))
    outcome = look(tmp_path / "bundle", place, reperform=True)
    assert states(outcome)["checks"] == FAILED
    assert "causes.severity of " in lines(outcome)
    assert "first_seen of" not in lines(outcome)


def test_a_table_beside_the_data_that_was_changed_is_found(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "bundle", tmp_path / "bundle")
    run = tmp_path / "bundle/run"
    text = (run / "coverage.csv").read_text()
    (run / "coverage.csv").write_text(text.partition("\n")[0] + "\n")
    (run / "sums.csv").write_text("changed")
    shutil.copyfile(run / "results.parquet", run / "actors.parquet")
    repair(tmp_path / "bundle", place / "key")
    (tmp_path / "work").mkdir()
    again = perform_again(tmp_path / "bundle", tmp_path / "work", "1GB", 600, [place / "before"])
    assert again.differences == (
        "actors.parquet: is not what came out",
        "coverage.csv: is not what came out",
    )
    assert again.unseen == ("sums.csv: they are not in English, or changed",)


def test_one_field_of_a_finding_that_was_changed_is_found(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "bundle", tmp_path / "bundle")
    path = tmp_path / "bundle/run/findings.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        (row, *_) = csv.DictReader(file)
    text = path.read_bytes()
    told = row["owner"].encode()
    assert told and path.read_bytes() == (made(place) / "findings.csv").read_bytes()
    path.write_bytes(text.replace(told, b"nobody", 1))
    repair(tmp_path / "bundle", place / "key", sha256(place / "before/manifest.json"))
    outcome = look(tmp_path / "bundle", place, reperform=True, parents=(place / "before",))
    assert {n: s for n, s in states(outcome).items() if s != OK} == {"checks": FAILED}
    assert "findings.csv: is not what came out" in lines(outcome)


def test_findings_are_compared_where_a_run_has_them(place: Path, tmp_path: Path) -> None:
    """Without the run before nothing tells since when they are open; long ones are packed."""
    sealed, now = (Path(shutil.copytree(made(place), tmp_path / n)) for n in ("sealed", "now"))
    assert [*differing_csv(sealed, now, True)] == []
    (sealed / "findings.csv").write_text("x")
    assert [*differing_csv(sealed, now, True)] == ["findings.csv"]
    assert [*differing_csv(sealed, now, False)] == []
    (sealed / "findings.csv").rename(sealed / "findings.csv.gz")
    assert [*differing_csv(sealed, now, True)] == ["findings.csv"]
    (now / "findings.csv").rename(now / "findings.csv.gz")
    assert [*differing_csv(sealed, now, True)] == ["findings.csv.gz"]
    assert [*differing_csv(sealed, now, False)] == []
    (sealed / "findings.csv.gz").unlink()
    assert [*differing_csv(sealed, now, True)] == []


# ---------------------------------------------------------------- several runs before


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory, good: Path) -> Path:
    """A folder with runs as of three days, the last sealed as compared with both others."""
    folder = tmp_path_factory.mktemp("several")
    new_key(folder / "key")
    for day in (1, 2, 3):
        workspace = Path(shutil.copytree(good, folder / f"ws{day}"))
        text = (workspace / "reporter.yml").read_text()
        dated = text.replace('"as_of": "2026-10-01"', f'"as_of": "2026-10-0{day}"')
        (workspace / "reporter.yml").write_text(dated)
        earlier = (folder / "2", folder / "1") if day == 3 else ()
        options = Options(formats=("json", "csv"), keep_tables=day == 3, earlier=earlier)
        assess_workspace(workspace, folder / str(day), options)
    assert len(read_data(folder / "3").history.runs) == 2
    wanted = Wanted(read_private(folder / "key"), parent=folder / "2")
    seal(folder / "3", folder / "bundle", wanted)
    return folder


def rewrite(data: dict[str, Any]) -> None:
    data["history"]["runs"][0]["coverage"] = "1"


def test_the_history_of_several_runs_is_compared_where_all_are_given(
    several: Path, tmp_path: Path
) -> None:
    both = several / "1", several / "2"
    outcome = look(several / "bundle", several, reperform=True, parents=both)
    assert outcome.holds and {*states(outcome).values()} == {OK}, lines(outcome)
    shutil.copytree(several / "bundle", tmp_path / "bundle")
    edit(tmp_path / "bundle/run", rewrite)
    repair(tmp_path / "bundle", several / "key", sha256(several / "2/manifest.json"))
    outcome = look(tmp_path / "bundle", several, reperform=True, parents=both[::-1])
    assert {n: s for n, s in states(outcome).items() if s != OK} == {"checks": FAILED}
    assert f"{DATA}, history.runs.coverage" in lines(outcome)
    outcome = look(tmp_path / "bundle", several, reperform=True, parents=both[1:])
    assert {n: s for n, s in states(outcome).items() if s != OK} == {"not looked at": WARNED}
    (line,) = next(s.lines for s in outcome.steps if s.name == "not looked at")
    assert "history" in line and "findings.csv" in line
    assert line.endswith(": of 2 runs before, those as of 2026-10-01 were not given")


def test_a_run_before_that_is_another_is_named(several: Path, place: Path) -> None:
    other = place / "before"
    outcome = look(several / "bundle", several, parents=(several / "2", other))
    (step,) = (s for s in outcome.steps if s.name == "parent")
    assert (step.state, step.lines) == (FAILED, (f"{other}: is another run",))
    outcome = look(several / "bundle", several, parents=(several / "1",))
    assert states(outcome)["parent"] == FAILED and "the manifest of the run given is" in lines(outcome)  # fmt: skip


@pytest.mark.parametrize(
    "given, found, why",
    [
        ((), (), "the 2 runs before were not given: --parent"),
        (("1",), (), "the run given is not the one before"),
        (("2",), ("2",), "of 2 runs before, those as of 2026-10-01 were not given"),
        (("2", "1"), ("1", "2"), ""),
        (("2", "purged"), ("purged", "2"), "the runs before, as of 2026-10-01, were purged since"),
    ],
)
def test_runs_before_are_told_by_their_hashes(
    several: Path, given: tuple[str, ...], found: tuple[str, ...], why: str
) -> None:
    if "purged" in given and not (several / "purged").exists():
        shutil.copytree(several / "1", several / "purged")
        assert reporter("purge", several / "purged", "--raw").exit_code == 0
    runs = [several / name for name in given]
    assert followed(several / "3", runs) == (tuple(several / name for name in found), why)


# ---------------------------------------------------------------- every field


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the paths of all values that hold no others, and of all lists."""
    if isinstance(value, dict):
        for key in value:
            yield from leaves(value[key], (*path, key))
    elif isinstance(value, list) and value:
        yield path
        for number, entry in enumerate(value):
            yield from leaves(entry, (*path, number))
    else:
        yield path


def changed(value: Any) -> Any:
    kinds: dict[type, Callable[[Any], Any]] = {
        bool: lambda v: not v,
        int: lambda v: v + 1,
        float: lambda v: v + 1,
        str: lambda v: f"{v}x",
        list: lambda v: v[1:] if v else ["x"],
        dict: lambda v: {"x": "x"},
        type(None): lambda v: "x",
    }
    return kinds[type(value)](value)


def put(data: Any, path: tuple[str | int, ...]) -> None:
    for step in path[:-1]:
        data = data[step]
    data[path[-1]] = changed(data[path[-1]])


def one_of_each(data: dict[str, Any]) -> list[tuple[str | int, ...]]:
    """Return a path for each kind of field, of whichever entry of a list has it."""
    kinds: dict[tuple[str, ...], tuple[str | int, ...]] = {}
    for path in leaves(data):
        names = [step for step in path if isinstance(step, str)]
        is_deep = names[0] in ("causes", "roadmap", "history")
        kinds.setdefault((*names[: 9 if is_deep else 2], str(len(names))), path)
    return list(kinds.values())


def test_every_field_of_the_data_is_compared_or_named(place: Path, tmp_path: Path) -> None:
    raw = read_fields(place / "run")
    paths = one_of_each({name: msgspec.json.decode(value) for name, value in raw.items()})
    assert {path[0] for path in paths} == {f.name for f in fields(Assessment)} | {"schema"}
    for name, kind in (("causes", Cause), ("action", Action)):
        steps = {step for path in paths for step in path if name in path}
        assert {f.name for f in fields(kind)} <= steps, name
    missed = set()
    for path in paths:
        name = str(path[0])
        edited = {name: msgspec.json.decode(raw[name])}
        put(edited, path)
        (tmp_path / DATA).write_bytes(msgspec.json.encode(raw | edited))
        if not [*differing(tmp_path, made(place), Unseen())]:
            missed.add(".".join(step for step in path if isinstance(step, str)))
    assert {name.partition(".")[0] for name in missed - {*report_data.PLACES}} == {
        *report_data.ELSEWHERE
    }


def test_every_hash_is_compared(place: Path) -> None:
    before, now = read_data(place / "run"), read_data(made(place))
    runs = place / "run", made(place)
    assert hold_fields(before, now, *runs, "", False) == ([], [])
    for name in before.hashes:
        wrong = before.hashes[name]
        before.hashes[name] = "0" * 64
        assert hold_fields(before, now, *runs, "", False)[0], name
        before.hashes[name] = wrong
    before.hashes["more"] = "0" * 64
    assert hold_fields(before, now, *runs, "", False)[0]


def test_every_field_of_the_manifest_of_a_run_is_compared(place: Path, tmp_path: Path) -> None:
    runs = place / "run", made(place)
    assert [*report_data.differing_manifest(*runs, True)] == []
    about = json.loads((runs[0] / "manifest.json").read_bytes())
    for name in {*about, "pseudonyms"} - {*report_data.OUTSIDE}:
        edited = about | {name: changed(about.get(name))}
        (tmp_path / "manifest.json").write_text(json.dumps(edited))
        assert [*report_data.differing_manifest(tmp_path, runs[1], True)], name


@pytest.mark.parametrize("name", ["causes", "notices", "feed_days"])
def test_a_field_that_is_missing_or_too_much_is_found(
    place: Path, tmp_path: Path, name: str
) -> None:
    data = json.loads((place / "run" / DATA).read_bytes())
    data[f"more_{name}"] = data.pop(name)
    (tmp_path / DATA).write_text(json.dumps(data))
    assert [field for field, _ in differing(tmp_path, made(place), Unseen())] == sorted(
        [name, f"more_{name}"]
    )


def test_lists_beside_the_data_are_compared(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from reporter.runs import store

    monkeypatch.setattr(store, "MOST_LISTED", 1000)
    before = read_data(place / "run")
    store.write_data(before, tmp_path)
    assert (tmp_path / LISTS).is_file()
    assert [*differing(tmp_path, made(place), Unseen())] == []
    store.write_data(replace(before, causes=before.causes[1:]), tmp_path)
    assert [name for name, _ in differing(tmp_path, made(place), Unseen())] == ["causes"]

"""What was assessed before is not assessed again: only where everything is the same, and only if it is undamaged."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from conftest import assess_few, reporter

from reporter.errors import ContentError
from reporter.evaluate import runner
from reporter.ingest.readers import inputs
from reporter.pipeline import assess, kept_runs
from reporter.pipeline.assess import Options, assess_workspace

pytestmark = [pytest.mark.slow, pytest.mark.deep]

DAY = 86_400_000_000_000
NAME_OF = kept_runs.name_of  # before a fixture of the session replaces it


class Place:
    """A workspace whose files are old, and runs of it."""

    def __init__(self, folder: Path) -> None:
        self.ws, self.folder, self.first = folder / "ws", folder, folder / "runs" / "1"
        self.said: list[str] = []
        self.warned: list[str] = []
        self._count = sum(1 for _ in self.first.parent.glob("*"))

    def run(self, **options: Any) -> tuple[bool, Path]:
        """Assess; return whether a kept run was used, and the folder of the run."""
        self._count += 1
        out = self.folder / "runs" / str(self._count)
        usual = Options(
            formats=("csv",), cache=self.folder / "cache", say=self.said.append, warn=self.warned.append
        )  # fmt: skip
        assess_workspace(self.ws, out, replace(usual, **options))
        was_used = any(line.startswith("nothing has changed") for line in self.said)
        self.said.clear()
        return was_used, out


@pytest.fixture(scope="module")
def assessed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a workspace, its first run and the copy that is kept, twice: `place` and `as it was`."""
    folder = tmp_path_factory.mktemp("kept")
    (folder / "place").mkdir()
    reporter("init", folder / "place" / "ws")
    with pytest.MonkeyPatch.context() as patch:
        _really_kept(patch)
        assert not Place(folder / "place").run()[0]
    shutil.copytree(folder / "place", folder / "as it was")
    return folder


@pytest.fixture
def place(assessed: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The place as it was after its first run; always the same one, for its path is part of a run's name."""
    _really_kept(monkeypatch)
    shutil.rmtree(assessed / "place")
    shutil.copytree(assessed / "as it was", assessed / "place")
    return Place(assessed / "place")


def _really_kept(patch: pytest.MonkeyPatch) -> None:
    assess_few(patch)
    patch.setattr(kept_runs, "name_of", NAME_OF)
    patch.setattr(inputs, "JUST_WRITTEN", -DAY)  # the files of the test are


DEEP = pytest.mark.deep


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}  # fmt: skip


def test_the_same_again_is_the_same_run_and_nothing_is_computed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = place.first

    def not_again(*_: object, **__: object) -> None:
        raise AssertionError("assessed again")

    with monkeypatch.context() as patch:
        patch.setattr(assess, "_assess", not_again)
        was_used, second = place.run()
    assert was_used and contents(second) == contents(first) and "manifest.json" in contents(first)
    (second / "findings.csv").write_text("changed by hand")
    was_used, third = place.run()
    assert was_used and contents(third) == contents(first), "a run is a copy of its own"
    was_used, fresh = place.run(fresh=True)
    assert not was_used and contents(fresh) == contents(first)


def _append(name: str) -> Callable[[Place], None]:
    def change(place: Place) -> None:
        with (place.ws / name).open("a") as file:
            file.write("\n")

    return change


def _beside(place: Place) -> None:
    (place.ws / "evidence.txt").write_text("not read, and named in the report")


def _map(place: Place) -> None:
    (place.ws / "mappings").mkdir()
    (place.ws / "mappings" / "notes.txt").write_text("x")


CHANGES: dict[str, Callable[[Place], None]] = {
    "an input": _append("inventory/agents.csv"), "a statement": _append("statements/attestations.csv"), "the settings": _append("reporter.yml"),
    "a file beside": _beside, "a mapping": _map,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=DEEP if n.startswith("a ") else ()) for n in CHANGES]
)
def test_what_has_changed_is_assessed(place: Place, name: str) -> None:
    CHANGES[name](place)
    assert not place.run()[0]
    assert place.run()[0]


@pytest.mark.deep
@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [{"formats": ("csv", "sarif")}, {"language": "de"}, {"key": "k" * 20}, {"pseudonymise": True}, {"memory": "2GB"}, {"earlier": True}],
    ids=lambda o: next(iter(o)),
)  # fmt: skip
def test_other_options_are_another_run(place: Place, options: dict[str, Any]) -> None:
    first = place.first
    if "earlier" in options:
        (place.ws / "reporter.yml").write_text((place.ws / "reporter.yml").read_text().replace("as_of: '2026-10-01'", "as_of: '2026-10-02'"))  # fmt: skip
        place.run()
        options = {"earlier": (first,)}
    assert not place.run(**options)[0]
    assert place.run(**options)[0]


@pytest.mark.slow
def test_another_program_assesses_anew(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    real = kept_runs.program
    monkeypatch.setattr(kept_runs, "program", lambda *words: [*real(*words), "edited"])
    assert not place.run()[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["findings.csv", kept_runs.ENTRY, *(pytest.param(n, marks=DEEP) for n in ("manifest.json", "results.parquet"))],
)  # fmt: skip
def test_a_damaged_copy_is_named_and_not_used(place: Place, name: str) -> None:
    first = place.first
    (kept,) = (place.folder / "cache" / kept_runs.FOLDER).iterdir()
    data = (kept / name).read_bytes()
    (kept / name).write_bytes(data[:-9] + b"x" * 9)
    was_used, second = place.run()
    assert not was_used and contents(second) == contents(first)
    assert len(place.warned) == 1 and "damaged" in place.warned[0]
    assert place.run()[0], "and kept again"


def _swap(kept: Path) -> None:
    (kept / "findings.csv").unlink()
    (kept / "findings.csv").symlink_to("/dev/zero")


def _more(kept: Path) -> None:
    (kept / "more.csv").write_text("a file that no run wrote")


def _fewer(kept: Path) -> None:
    (kept / "agents.csv").unlink()


def _outside(kept: Path) -> None:
    manifest = json.loads((kept / "manifest.json").read_text())
    manifest["outputs"]["../../escaped.csv"] = manifest["outputs"]["agents.csv"]
    (kept / "manifest.json").write_text(json.dumps(manifest))
    (kept / kept_runs.ENTRY).write_text(json.dumps({"name": kept.name, "manifest.json": kept_runs.sha256(kept / "manifest.json")}))  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "change", [_swap, _outside, *(pytest.param(c, marks=DEEP) for c in (_more, _fewer))]
)
def test_a_copy_that_somebody_meddled_with_is_not_used(
    place: Place, change: Callable[[Path], None]
) -> None:
    first = place.first
    (kept,) = (place.folder / "cache" / kept_runs.FOLDER).iterdir()
    change(kept)
    was_used, second = place.run()
    assert not was_used and contents(second) == contents(first)
    assert len(place.warned) == 1 and "damaged" in place.warned[0]
    assert not list(place.folder.rglob("escaped.csv"))


@pytest.mark.slow
def test_another_runs_copy_is_not_taken_for_this_one(place: Place) -> None:
    _, second = place.run(language="de")
    one, other = (place.folder / "cache" / kept_runs.FOLDER).iterdir()
    shutil.copytree(one, place.folder / "moved")
    shutil.rmtree(other)
    (place.folder / "moved").rename(other)
    place.warned.clear()
    used = [place.run()[0], place.run(language="de")[0]]
    assert sorted(used) == [False, True] and len(place.warned) == 1


def _copied(place: Place) -> None:
    for path in [*place.ws.rglob("*")]:
        if path.is_file():
            data = path.read_bytes()
            path.unlink()
            path.write_bytes(data)
            path.chmod(0o600)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["copied", "path", "order"])
def test_the_same_told_otherwise_is_the_same(
    place: Place, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    formats = ("csv", "sarif") if way == "order" else ("csv",)
    if way == "order":
        assert not place.run(formats=formats)[0]
    if way == "copied":
        _copied(place)
    if way == "path":
        monkeypatch.chdir(place.ws / "inventory")
        place.ws = Path("..")
    assert place.run(formats=formats[::-1])[0]


@pytest.mark.slow
def test_a_large_file_beside_counts_by_its_stamp(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_runs, "LARGE", 1)
    (place.ws / "export.bin").write_text("large")
    place.run()
    assert place.run()[0]
    (place.ws / "export.bin").write_text("other")
    assert not place.run()[0]


def test_every_option_is_asked_or_shapes_nothing() -> None:
    """A new option must find its place: a run made with another value would be taken for this one."""
    asked = {*kept_runs._SHAPING, "formats", "earlier"}
    refused = {"extra", "packs", "templates"}
    shapes_nothing = {"say", "warn", "announce", "cache", "fresh", "temp", "temp_size"}
    assert {f.name for f in fields(Options)} == asked | refused | shapes_nothing


@pytest.mark.slow
def test_a_file_whose_time_was_set_back_has_changed(place: Place) -> None:
    notes = place.ws / "notes-of-ours.txt"
    notes.write_text("one")
    place.run()
    status = notes.stat()
    notes.write_text("two")
    os.utime(notes, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert not place.run()[0]


@pytest.mark.slow
def test_what_another_try_may_give_otherwise_is_not_kept(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(place.folder / "cache" / kept_runs.FOLDER, ignore_errors=True)
    with monkeypatch.context() as patch:
        patch.setattr(inputs, "JUST_WRITTEN", DAY)
        assert not place.run()[0] and not place.run()[0], "a second write may not show"
    with monkeypatch.context() as patch:
        patch.setattr(runner, "find_wrong_subjects", lambda *_: {"INV-01": runner.Failure("by chance", ContentError("by chance"))})  # fmt: skip
        assert not place.run()[0] and not place.run()[0], "a check could not be run"
    assert not place.run()[0] and place.run()[0]


@pytest.mark.slow
def test_only_the_last_few_are_kept(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_runs, "MOST", 2)
    for n in range(kept_runs.MOST + 2):
        place.run(key=f"{n}" * 20)
    folder = place.folder / "cache" / kept_runs.FOLDER
    assert len(list(folder.iterdir())) == kept_runs.MOST
    assert place.run(key=f"{kept_runs.MOST + 1}" * 20)[0] and not place.run(key="0" * 20)[0]


@pytest.mark.slow
def test_a_full_disk_costs_the_copy_and_not_the_run(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    shutil.rmtree(place.folder / "cache" / kept_runs.FOLDER, ignore_errors=True)
    monkeypatch.setattr(shutil, "copytree", full)
    was_used, out = place.run()
    assert not was_used and (out / "report.json").is_file()
    assert "No space left" in place.warned[0]
    assert not [p for p in (place.folder / "cache").iterdir() if p.name.startswith(".")]

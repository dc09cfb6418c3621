"""Whatever dies, fills up or is damaged: earlier runs stay as they are, nothing is printed that was not computed, and the message says what to do.

`make faults` runs all of it, 50 moments of a death for each command; the suite runs some. FAULT_SEED repeats a sequence, FAULT_MOMENTS shortens it.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import assess_few, reporter
from fixture_faults import ALL, WATCHER, WORKER, Ended, Moment, Programs, digests, programs

from reporter import cli
from reporter.errors import VerificationError
from reporter.ingest.remote import remote_inputs
from reporter.pipeline import kept_runs
from reporter.runs.chain import CHAIN, read_chain
from reporter.runs.run_manifest import OWN_ENTRY
from reporter.runs.store import DATA, MANIFEST, RESULTS

pytestmark = [pytest.mark.faults, pytest.mark.slow]

DEEP = pytest.mark.deep
NAME_OF = kept_runs.name_of  # before a fixture of the session replaces it
MOMENTS = int(os.environ.get("FAULT_MOMENTS") or 50)
SEED = int(os.environ.get("FAULT_SEED") or random.randrange(1_000_000))
CACHE = ".reporter-cache"
PEOPLE = '{"type": "human", "actor_id": "%s", "name": "%s", "state": "%s"}\n'
AGENT = '{"type": "agent", "actor_id": "a%d", "state": "active", "owner_id": "%s"}\n'
EVENT = '{"time": "2026-0%d-%02dT10:00:00Z", "actor_id": "a%d", "action": "mail.send", "outcome": "success"}\n'


def write_quarter(ws: Path, number: int, agents: int = 4) -> Path:
    """Write the workspace of a quarter, 2 or 3, over what is there."""
    for name in ("inventory", "logs"):
        (ws / name).mkdir(parents=True, exist_ok=True)
    first = 3 * number - 2
    period = f"{{from: '2026-{first:02}-01', to: '2026-{first + 3:02}-01'}}"
    (ws / "reporter.yml").write_text(f"organisation: X\nunit: {ws.name}\nperiod: {period}\n")
    owners = ["ann", "cat"] if number == 2 else ["ann", "ann", "cat"]
    lines = [AGENT % (n, owners[n % len(owners)]) for n in range(agents)]
    people = [PEOPLE % ("ann", "Ann", "active"), PEOPLE % ("cat", "Cat", "retired")]
    (ws / "inventory/all.jsonl").write_text("".join(lines + people))
    events = [EVENT % (first + d % 3, d % 28 + 1, d % agents) for d in range(200)]
    (ws / "logs/gateway.jsonl").write_text("".join(events))
    return ws


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    """What starts programs, for all tests of the module."""
    with programs(tmp_path_factory.mktemp("programs") / "p") as found:
        yield found


def whole(program: Programs, *words: object) -> Ended:
    """Run a command that has to succeed."""
    ended = program.run(*words)
    assert ended.code == 0, ended.said
    return ended


def left_behind(folder: Path) -> list[str]:
    """What is there of work that was begun and not finished."""
    return [str(p.relative_to(folder)) for p in folder.rglob(".*") if p.name != CACHE and CACHE not in p.parts]  # fmt: skip


# ---------------------------------------------------------------- killed


class Stage:
    """A folder with earlier runs, what makes the next with a verb, and that next run as it must be.

    Each attempt starts from a copy at the same place, as paths are part of the names of runs.
    """

    def __init__(self, folder: Path, program: Programs, verb: str) -> None:
        self.folder, self.program, self.verb = folder, program, verb
        self.place, self.as_it_was = folder / "place", folder / "as it was"
        self.units = ("ws",) if verb == "assess" else ("one", "two")
        write_quarter(self.place / "ws", 2)
        before = self.place / "runs/before"
        whole(program, "assess", self.place / "ws", "--out", before, "--formats", "json")
        whole(program, "close", before)
        self.words: tuple[object, ...] = ("batch", self.place / "PLAN.yml")
        if verb == "batch":
            (self.place / "PLAN.yml").write_text(
                "units: [one, two]\nout: runs\nformats: [json]\njobs: 2\n"
            )
            for name in self.units:
                write_quarter(self.place / name, 2)
            whole(program, *self.words)
        else:
            out, more = self.place / "runs/now", ("--formats", "json,csv,html", "--earlier", before)
            self.words = ("assess", self.place / "ws", "--out", out, *more)
        self.earlier = self._kept()
        for name in self.units:
            write_quarter(self.place / name, 3)
        shutil.copytree(self.place, self.as_it_was)
        self.full = whole(program, *self.words)
        self.made = {k: v for k, v in self._kept().items() if k not in self.earlier}
        shutil.copytree(self.place / "runs" / CACHE, folder / "cache")

    def _kept(self) -> dict[str, str]:
        """What must never change: files of runs, and the chain. The lists of a batch are made anew each time."""
        found = digests(self.place / "runs", CACHE)
        return {k: v for k, v in found.items() if not k.startswith(("batch.", "rollup."))}

    def begin(self, converted: str) -> None:
        """Put everything back to before the next run; with the cache of `nothing`, of the `files` or also of the `run` that is made."""
        shutil.rmtree(self.place)
        shutil.copytree(self.as_it_was, self.place)
        cache = self.place / "runs" / CACHE
        shutil.rmtree(cache)
        if converted != "nothing":
            shutil.copytree(self.folder / "cache", cache)
        if converted == "files":
            shutil.rmtree(cache / "runs", ignore_errors=True)

    def attempt(self, moment: Moment) -> Ended:
        """Run the verb, hit at a moment; hold what is there against what must be, and run it again."""
        ended = self.program.run(*self.words, moment=moment)
        self.hold(ended, is_finished=False)
        if ended.code and moment.where == "main":
            assert ended.code == (137 if moment.whom == WORKER else -9), ended
        if self.verb == "assess" and (self.place / "runs/now").exists():
            refused = self.program.run(*self.words)  # it was hit when all was done
            assert refused.code == 3 and "this run exists" in refused.said
            shutil.rmtree(self.place / "runs/now")
        self.hold(whole(self.program, *self.words), is_finished=True)
        return ended

    def hold(self, ended: Ended, is_finished: bool) -> None:
        """Earlier runs are as they were, a run is whole or not there, and nothing half is seen."""
        assert "Traceback" not in ended.said and "This is a defect" not in ended.said, ended.said
        kept = self._kept()
        assert {k: kept.get(k) for k in self.earlier} == self.earlier
        new = {k: v for k, v in kept.items() if k not in self.earlier and not k.startswith(".")}
        folders = {k.rpartition("/")[0] for k in new}
        assert new == {k: v for k, v in self.made.items() if k.rpartition("/")[0] in folders}
        if self.verb == "assess":
            assert bool(ended.printed) <= bool(new), (
                "a result is printed of a run that is not there"
            )
        if is_finished:
            assert new == self.made
            assert not left_behind(self.place)
            assert not list(self.program.temp.iterdir())


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory, started: Programs) -> dict[str, Stage]:
    """Those that were made, by verb."""
    return {}


def draw(chance: random.Random, stage: Stage) -> tuple[str, Moment]:
    """Draw what is converted already, and a moment: two of three are a change of a file, the others a time."""
    where = chance.choice(["main", "unit", "unit"]) if stage.verb == "batch" else "main"
    events = sum(e.startswith(f"{where} ") for e in stage.full.events)
    at: dict[str, Any] = {"event": chance.randint(1, events // (len(stage.units) if where == "unit" else 1))}  # fmt: skip
    if not chance.randrange(3):
        at = {"seconds": chance.uniform(0.01, stage.full.seconds * 0.8)}
    whom = chance.choice([WATCHER, WORKER, ALL, ALL])
    return chance.choice(["nothing", "files", "run"]), Moment(**at, whom=whom, where=where)


@pytest.mark.parametrize(
    ("verb", "number"),
    [
        pytest.param("assess", 2, marks=pytest.mark.slow),
        pytest.param("batch", 2, marks=pytest.mark.slow),
        pytest.param("assess", MOMENTS, marks=DEEP),
        pytest.param("batch", MOMENTS, marks=DEEP),
    ],
)
def test_a_kill_at_any_moment_costs_only_what_was_being_made(
    verb: str, number: int, stages: dict[str, Stage], started: Programs, tmp_path_factory: pytest.TempPathFactory
) -> None:  # fmt: skip
    stage = stages.get(verb) or Stage(tmp_path_factory.mktemp(verb) / "s", started, verb)
    stages[verb] = stage
    chance = random.Random(SEED)
    hits = 0
    for n in range(max(number, 10)):
        if n >= number and hits:  # of a few moments all may come after the end: then more are drawn
            break
        converted, moment = draw(chance, stage)
        stage.begin(converted)
        print(f"FAULT_SEED={SEED} {verb} {n}: {converted} converted, {moment}", flush=True)
        hits += bool(stage.attempt(moment).code)
    assert hits * 4 >= number, f"only {hits} of {number} were hit while they worked"


# ---------------------------------------------------------------- disks


@pytest.fixture
def disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Programs]:
    """What starts programs that have a small disk at `disk`: the mount that the test names."""
    mount = getattr(request, "param", "size=24m")
    (tmp_path / "disk").mkdir()
    with programs(tmp_path / "p", tmp_path / "disk", mount) as found:
        if not found.has_begun:
            pytest.skip("this system lets nobody mount a small disk")
        yield found


def fill(disk: Path, free: int) -> None:
    """Leave so many bytes on a disk."""
    (disk / "ballast").unlink(missing_ok=True)
    status = os.statvfs(disk)
    (disk / "ballast").write_bytes(bytes(max(status.f_bavail * status.f_bsize - free, 0)))


@pytest.mark.slow
@pytest.mark.parametrize("number", [2, pytest.param(20, marks=DEEP)])
def test_a_full_disk_ends_a_run_and_harms_no_other(
    number: int, disk: Programs, tmp_path: Path
) -> None:
    """The run, its cache and what is temporary lie on it in turn, with some room or none."""
    chance = random.Random(SEED)
    small = disk.root / str(tmp_path / "disk").lstrip("/")  # the mount as those programs see it
    ws = write_quarter(tmp_path / "ws", 2)
    before = tmp_path / "disk/runs/before"
    whole(disk, "assess", ws, "--out", before, "--formats", "json", "--cache", tmp_path / "c0")
    whole(disk, "close", before)
    earlier = digests(small / "runs")
    write_quarter(ws, 3)
    plan = tmp_path / "PLAN.yml"
    plan.write_text("units: [ws]\nout: disk/runs\nformats: [json]\n")
    room = sum(p.stat().st_size for p in (small / "runs").rglob("*") if p.is_file())
    for n in range(number):
        where = chance.choice(["--out", "--cache", "--temp"])
        free = chance.randrange(0, {"--out": room, "--cache": 40_000, "--temp": 4096}[where])
        places = {"--out": tmp_path / f"out{n}", "--cache": tmp_path / f"c{n}", "--temp": tmp_path / f"t{n}"}  # fmt: skip
        places[where] = tmp_path / "disk/runs" / places[where].name
        fill(small, free)
        print(f"FAULT_SEED={SEED} {n}: {where} on a disk with {free} bytes", flush=True)
        words = [w for place in places.items() for w in place]
        done = disk.run("assess", ws, *words, "--formats", "json,csv,html", "--fresh")
        seen = {w: disk.root / str(p).lstrip("/") for w, p in places.items()}
        assert "Traceback" not in done.said, done.said
        if done.code:
            assert (done.code, done.printed) == (3, ""), done
            assert not seen["--out"].exists()
            assert re.search(r"No space left on device|needs? more room", done.said), done.said
            assert str(tmp_path) in done.said
            assert "Make room" in done.said or "name another folder" in done.said, done.said
        else:
            written = json.loads((seen["--out"] / MANIFEST).read_bytes())["outputs"]
            assert {*written, MANIFEST} == {*digests(seen["--out"])}
        assert not list(seen["--out"].parent.glob(".*.part"))
        for place in (seen["--out"], seen["--cache"], seen["--temp"]):
            shutil.rmtree(place, ignore_errors=True)
        assert digests(small / "runs") == earlier
    fill(small, 0)
    for words in (("close", before), ("batch", plan)):
        refused = disk.run(*words)
        assert (refused.code, refused.printed) == (3, ""), refused
        assert f"{tmp_path / 'disk/runs'}/" in refused.said and "Make room there" in refused.said
        assert digests(small / "runs") == earlier


@pytest.mark.slow
@pytest.mark.parametrize("disk", ["ro"], indirect=True)
def test_a_disk_that_takes_nothing_is_named(disk: Programs, tmp_path: Path) -> None:
    ws = write_quarter(tmp_path / "ws", 2)
    (tmp_path / "PLAN.yml").write_text("units: [ws]\nout: disk\nformats: [json]\n")
    shut = tmp_path / "disk"
    out = ("--out", tmp_path / "out")
    commands = {
        "out": ("assess", ws, "--out", shut / "out"),
        "cache": ("assess", ws, *out, "--cache", shut / "cache"),
        "temp": ("assess", ws, *out, "--temp", shut / "temp"),
        "batch": ("batch", tmp_path / "PLAN.yml"),
    }
    for name, words in commands.items():
        done = disk.run(*words)
        assert (done.code, done.printed) == (3, ""), (name, done)
        assert "Read-only file system" in done.said and str(shut) in done.said, done.said
        assert "name another folder" in done.said, done.said
        assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".*.part"))


# ---------------------------------------------------------------- two at once


@pytest.mark.slow
def test_of_two_batches_at_once_one_works(
    tmp_path: Path, started: Programs, tmp_path_factory: pytest.TempPathFactory
) -> None:
    write_quarter(tmp_path / "one", 2)
    plan = tmp_path / "PLAN.yml"
    plan.write_text("units: [one]\nout: runs\nformats: [json]\n")
    with programs(tmp_path_factory.mktemp("second") / "p") as second, ThreadPoolExecutor(2) as pool:
        both = [*pool.map(lambda p: p.run("batch", plan), (started, second))]
    done, other = sorted(both, key=lambda ended: ended.code)
    assert done.code == 0, done.said
    if other.code:  # else it came when the first had ended
        assert (other.code, other.printed) == (3, ""), other
        assert "another batch is writing here" in other.said and str(tmp_path / "runs") in other.said  # fmt: skip
        assert "Wait until it has ended" in other.said
    (run,) = (tmp_path / "runs/one").iterdir()
    again = whole(started, "batch", plan)
    assert "1 unchanged" in again.printed and [*(tmp_path / "runs/one").iterdir()] == [run]
    assert not left_behind(tmp_path)


# ---------------------------------------------------------------- clocks


@pytest.mark.slow
def test_a_clock_that_went_back_changes_no_number(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All files are of the future, and so is the chain."""
    monkeypatch.setattr(cli, "now", lambda: datetime(2001, 1, 1, tzinfo=UTC))
    later = time.time() + 10**8
    for path in (*place.rglob("*"), place):
        os.utime(path, (later, later))
    words = ("assess", place / "ws", "--formats", "json", "--earlier", place / "runs/q2")
    for n, more in enumerate((("--fresh",), (), ())):
        done = reporter(*words, "--out", place / f"runs/again{n}", *more)
        assert done.exit_code == 0, done.output
        assert digests(place / f"runs/again{n}") == digests(place / "runs/q3", OWN_ENTRY)
        shutil.rmtree(place / f"runs/again{n}")
    assert reporter("history", place / "runs").exit_code == 0
    refused = reporter("close", place / "runs/q2")
    assert refused.exit_code == 0 and "was closed before" in refused.output


# ---------------------------------------------------------------- history


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two runs that are closed, their cache, and the workspace of the last, for copying."""
    folder = tmp_path_factory.mktemp("history")
    with pytest.MonkeyPatch.context() as patch:
        assess_few(patch)
        patch.setattr(remote_inputs, "USUAL", CACHE)
        patch.setattr(kept_runs, "name_of", NAME_OF)
        earlier: tuple[object, ...] = ()
        for number in (2, 3):
            out = folder / f"runs/q{number}"
            ws = write_quarter(folder / "ws", number)
            words = ("assess", ws, "--out", out, "--formats", "json", "--quiet", *earlier)
            assert reporter(*words).exit_code == 0
            assert reporter("close", out).exit_code == 0
            earlier = ("--earlier", out)
    return folder


@pytest.fixture
def place(history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it to damage, in which runs are kept where they usually are."""
    assess_few(monkeypatch)
    monkeypatch.setattr(remote_inputs, "USUAL", CACHE)
    monkeypatch.setattr(kept_runs, "name_of", NAME_OF)
    shutil.copytree(history, tmp_path / "place")
    return tmp_path / "place"


def test_a_chain_that_is_cut_anywhere_is_found(place: Path) -> None:
    """Whole lines at its end too: the head counts them. It is written last, so one more may be there."""
    path = place / "runs" / CHAIN
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(VerificationError) as error:
            read_chain(place / "runs")
        assert str(place / "runs" / "closed.") in str(error.value) and "backup" in str(error.value)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda data: b"", "is empty"),
        (lambda data: data[:-9], "its last line is cut off"),
        (lambda data: re.sub(rb'"sha256": ?"(.)', rb'"sha256":"x', data, count=1), ":1: is not the line that was written"),
        (lambda data: data[:-40] + bytes(40), "its last line is cut off"),
        (lambda data: b"[" * 100_000 + b"\n", ":1: is not the line"),
    ],
    ids=["empty", "cut", "another hash", "zeros, as a power cut leaves them", "nested"],
)  # fmt: skip
def test_on_a_damaged_chain_nothing_is_closed_and_no_history_is_told(
    damage: Callable[[bytes], bytes], said: str, place: Path
) -> None:
    path = place / "runs" / CHAIN
    path.write_bytes(damage(path.read_bytes()))
    before = digests(place)
    for words in (("history", place / "runs"), ("close", place / "runs/q3")):
        done = reporter(*words)
        assert (done.exit_code, done.stdout) == (4, ""), done.output
        assert said in done.stderr and str(path) in done.stderr and "backup" in done.stderr
    assert digests(place) == before


@pytest.mark.parametrize("name", [MANIFEST, DATA, RESULTS])
@pytest.mark.parametrize("how", ["missing", "empty", "half"])
@pytest.mark.parametrize("is_named", [True, False], ids=["run", "folder of runs"])
def test_half_an_earlier_run_is_refused_by_name(
    is_named: bool, how: str, name: str, place: Path
) -> None:
    """What is not compared would be a finding that looks new."""
    path = place / "runs/q2" / name
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] if how == "half" else b"")
    if how == "missing":
        path.unlink()
    shutil.move(place / "runs/q3", place / "q3")
    before = digests(place)
    earlier = place / "runs/q2" if is_named else place / "runs"
    words = ("assess", place / "ws", "--out", place / "out", "--formats", "json", "--fresh")
    done = reporter(*words, "--earlier", earlier)
    assert done.exit_code == 3 and str(place / "runs/q2") in done.stderr, done.output
    assert name in done.stderr
    assert {k: v for k, v in digests(place).items() if CACHE not in k} == {k: v for k, v in before.items() if CACHE not in k}  # fmt: skip


@pytest.mark.parametrize("name", [MANIFEST, DATA])
def test_half_a_run_is_a_row_of_the_history(name: str, place: Path) -> None:
    shutil.copytree(place / "runs/q3", place / "runs/q4")
    (place / "runs/q4" / name).unlink()
    done = reporter("history", place / "runs")
    assert done.exit_code == 0, done.output
    (line,) = (x for x in done.stdout.splitlines() if x.startswith("q4"))
    assert name in line and "%" not in line


def test_a_missing_earlier_run_is_named_and_nothing_is_made(place: Path) -> None:
    words = ("assess", place / "ws", "--out", place / "out", "--formats", "json")
    done = reporter(*words, "--earlier", place / "runs/q1")
    assert done.exit_code == 3 and not (place / "out").exists()
    assert f"{place / 'runs/q1'}: no such folder" in done.stderr and "--earlier takes" in done.stderr  # fmt: skip


def test_a_file_that_never_ends_is_no_file_of_a_run(place: Path) -> None:
    """To read a pipe waits for whoever writes to it."""
    (place / "runs/q3" / "agents.csv").unlink()
    os.mkfifo(place / "runs/q3" / "agents.csv")
    done = reporter("history", place / "runs")
    assert done.exit_code == 4 and "agents.csv: changed" in done.stdout


# ---------------------------------------------------------------- cache


DAMAGES: dict[str, Callable[[Path], object]] = {
    "flipped": lambda path: path.write_bytes(
        bytes(b ^ (n == path.stat().st_size // 2) for n, b in enumerate(path.read_bytes()))
    ),
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "empty": lambda path: os.truncate(path, 0),
    "gone": Path.unlink,
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("number", [1, pytest.param(1000, marks=DEEP)])
@pytest.mark.parametrize("fresh", [("--fresh",), ()], ids=["fresh", "kept run"])
def test_a_damaged_cache_costs_time_and_no_number(
    fresh: tuple[str, ...], number: int, place: Path
) -> None:
    """Each file of it in each way, or some of them."""
    words = ("assess", place / "ws", "--out", place / "out", "--formats", "json", *fresh)
    words = (*words, "--earlier", place / "runs/q2", "--cache", place / "cache")
    shutil.copytree(place / "runs" / CACHE, place / "whole")
    files = [p for p in sorted((place / "whole").rglob("*")) if p.is_file()]
    cases = [(f, how) for f in files for how in DAMAGES if not f.name.startswith(".")]
    random.Random(SEED).shuffle(cases)
    expected = digests(place / "runs/q3", OWN_ENTRY)
    for path, how in cases[:number]:
        print(f"FAULT_SEED={SEED} {path.relative_to(place)}: {how}")
        for name in ("cache", "out"):
            shutil.rmtree(place / name, ignore_errors=True)
        shutil.copytree(place / "whole", place / "cache")
        DAMAGES[how](place / "cache" / path.relative_to(place / "whole"))
        done = reporter(*words)
        assert done.exit_code == 0, done.output
        assert digests(place / "out") == expected
        again = reporter(*words[:3], place / "again", *words[4:])
        assert again.exit_code == 0 and ": damaged (" not in again.stderr, again.output
        shutil.rmtree(place / "again")

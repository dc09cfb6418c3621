"""However a run ends, it ends at once and leaves nothing half; and what it keeps for later runs is what it was made of."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from conftest import assess_few, reporter
from fixture_estate import Estate

from reporter.api import assess
from reporter.errors import InputError
from reporter.system import claims
from reporter.system.claims import OWNER, claimed, clear

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_caches")]

HEAD = "organisation: X\nperiod: {from: '2026-07-01', to: '2026-10-01'}\nframeworks: [owasp-nhi-2025]\n"
AGENT = '{"type": "agent", "actor_id": "a1", "state": "active", "owner_id": "ann"}\n'
HELD = """
import ctypes, importlib, sys, tempfile
from pathlib import Path

module, name, mark, native = sys.argv[1:5]
owner, _, last = name.rpartition(".")
place = importlib.import_module(module)

def hold(*_, **__):
    Path(mark).touch()
    library = ctypes.PyDLL(None) if native == "native" else ctypes.CDLL(None)
    library.sleep(100)  # of PyDLL: no other thread of Python runs meanwhile

setattr(getattr(place, owner) if owner else place, last, hold)
sys.argv = ["reporter", *sys.argv[5:]]
tempfile.tempdir = None  # what was imported so far may have asked for it
from reporter.cli import main
main()
"""
"""A program that stops for good where a function is called, as native code does."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a workspace of one agent, one log and a place for what is temporary."""
    for name, text in {"reporter.yml": HEAD, "inventory/agents.json": AGENT}.items():
        (tmp_path / "ws" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "ws" / name).write_text(text)
    (tmp_path / "tmp").mkdir()
    return tmp_path


Start = Callable[..., "subprocess.Popen[str]"]


def _hear_hangups() -> None:
    """Tests that run under nohup hand on that SIGHUP is ignored."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def start(place: Path) -> Iterator[Start]:
    """Start a run that stops where a function is called; return when it stands there."""
    begun: list[subprocess.Popen[str]] = []

    def start(
        module: str, name: str, native: str = "native", formats: str = "json", *more: object
    ) -> subprocess.Popen[str]:
        words = ("assess", place / "ws", "--out", place / "out", "--formats", formats, *more)
        command = [sys.executable, "-c", HELD, module, name, place / "tmp/held", native, *words]
        begun.append(subprocess.Popen(
            list(map(str, command)), stderr=subprocess.PIPE, text=True,
            preexec_fn=_hear_hangups,
            env=os.environ | {"TMPDIR": str(place / "tmp"), "PYTHONPATH": str(Path(__file__).parents[1])},
        ))  # fmt: skip
        until(lambda: (place / "tmp/held").exists() or begun[-1].poll() is not None)
        assert begun[-1].poll() is None, begun[-1].communicate()
        (place / "tmp/held").unlink()
        return begun[-1]

    yield start
    for process in begun:
        for each in (*_children(process.pid), process.pid):
            _kill(each)
        process.communicate()


def until(claim: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something to be so."""
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


def _children(process: int) -> list[int]:
    path = Path(f"/proc/{process}/task/{process}/children")
    return [int(p) for p in path.read_text().split()] if path.exists() else []


def _kill(process: int) -> None:
    if Path(f"/proc/{process}").exists():
        os.kill(process, signal.SIGKILL)


# ---------------------------------------------------------------- signals

DEEP = pytest.mark.deep
STAGES = [
    pytest.param(
        "reporter.ingest.record_path", "documents", signal.SIGINT, id="reading, in a thread"
    ),
    pytest.param("reporter.report.pdf.typst_pages", "Press.report", signal.SIGTERM, id="layout"),
    pytest.param(
        "reporter.cli", "_writer_names", signal.SIGHUP, id="start, and the terminal is closed"
    ),
    *(
        pytest.param(module, name, number, id=f"{module} {name} {number.name}", marks=DEEP)
        for number in (signal.SIGINT, signal.SIGTERM)
        for module, name in (
            ("reporter.ingest.readers.inputs", "_parts"),
            ("reporter.ingest.detect", "documents"),
            ("reporter.content.loader", "load"),
            ("reporter.pipeline.assess", "compile_all"),
            ("reporter.pipeline.assess", "derive"),
            ("reporter.evaluate.runner", "_run_one"),
            ("reporter.pipeline.assess", "_gather"),
            ("reporter.report.html.page", "render"),
            ("reporter.report.pdf.typst_pages", "Press._compile"),
            ("reporter.report.pdf.typst_pages", "mark_row_heads"),
            ("reporter.report.pdf.pdf_objects", "Writer.close"),
            ("reporter.pipeline.assess", "publish"),
        )
    ),
]


def test_each_stage_is_a_function_of_the_program() -> None:
    """Most stages are for the deep suite, which few run: here a name that went is found."""
    for stage in STAGES:
        module, name, _ = stage.values
        assert callable(attrgetter(str(name))(import_module(str(module)))), stage.id


@pytest.mark.parametrize(("module", "name", "number"), STAGES)
def test_a_signal_ends_a_run_at_once_in_every_stage(
    module: str, name: str, number: signal.Signals, place: Path, start: Start
) -> None:
    process = start(module, name, formats="json,pdf")
    before = time.monotonic()
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert time.monotonic() - before < 2
    assert process.returncode == 128 + number
    assert "Traceback" not in said
    assert said.endswith("interrupted; nothing half done was left behind\n")
    assert {p.name for p in place.iterdir()} - {".reporter-cache"} == {"ws", "tmp"}
    assert not list((place / "tmp").iterdir())


def test_a_second_signal_does_not_wait_for_the_tidying(
    place: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = HELD.replace("sys.argv = ", "import reporter.system.claims, time\n"
                        "reporter.system.claims.clear = lambda _: (Path(mark).touch(), time.sleep(100))\nsys.argv = ")  # fmt: skip
    monkeypatch.setitem(globals(), "HELD", slow)
    process = start("reporter.cli", "_writer_names")
    process.send_signal(signal.SIGINT)
    until((place / "tmp/held").exists)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=2)
    assert process.returncode == 130


def test_work_that_the_system_ends_is_no_success(place: Path, start: Start) -> None:
    process = start("reporter.pipeline.assess", "derive")
    (worker,) = _children(process.pid)
    os.kill(worker, signal.SIGKILL)
    _, said = process.communicate(timeout=5)
    assert process.returncode == 137
    assert "ended by SIGKILL, perhaps because memory ran out" in said
    assert not list(place.glob(".*.part"))


@pytest.mark.usefixtures("few_checks")
def test_a_run_in_the_making_keeps_others_out_and_once_killed_is_cleared_by_the_next(
    place: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = start("reporter.pipeline.assess", "derive", native="")
    (worker,) = _children(process.pid)
    second = reporter("assess", place / "ws", "--out", place / "out", "--formats", "json")
    assert second.exit_code == 3
    assert "another run is writing here" in second.output
    assert "reading" not in second.output
    beside = reporter("assess", place / "ws", "--out", place / "beside", "--formats", "json")
    assert beside.exit_code == 0
    assert (place / ".out.part").is_dir()
    _kill(process.pid)
    until(lambda: not Path(f"/proc/{worker}").exists(), 5)  # it does not live on alone
    assert list((place / "tmp").glob("reporter-*")) and (place / ".out.part").is_dir()
    monkeypatch.setattr("tempfile.tempdir", str(place / "tmp"))
    third = reporter("assess", place / "ws", "--out", place / "third", "--formats", "json")
    assert third.exit_code == 0
    assert "removed .out.part, which a run that was killed had left" in third.output
    assert not list(place.glob(".*.part")) and not list((place / "tmp").glob("reporter-*"))
    assert (place / "third/report.json").read_bytes() == (place / "beside/report.json").read_bytes()


# ---------------------------------------------------------------- where temporary files go


@pytest.mark.usefixtures("few_checks")
def test_temporary_files_go_where_they_are_sent_and_those_of_a_killed_run_go_with_the_next(
    place: Path, start: Start
) -> None:
    """The next run beside a living one leaves its files alone, and removes them once it is dead."""
    temp = place / "far" / "temp"
    process = start("reporter.pipeline.assess", "derive", "", "json", "--temp", temp)
    (worker,) = _children(process.pid)
    held = sorted(temp.iterdir())
    assert [p.name.split("-")[0] for p in held] == ["reporter", "reporter"]
    assert list(temp.rglob("spill"))
    assert not [p for p in (place / ".out.part").rglob("*") if p.name in ("work", "spill")]
    words = ("assess", place / "ws", "--formats", "json", "--fresh", "--temp", temp)
    beside = reporter(*words, "--out", place / "beside")
    assert beside.exit_code == 0, beside.output
    assert sorted(temp.iterdir()) == held and "removed" not in beside.output
    _kill(process.pid)
    until(lambda: not Path(f"/proc/{worker}").exists(), 5)
    assert sorted(temp.iterdir()) == held
    third = reporter(*words, "--out", place / "third")
    assert third.exit_code == 0, third.output
    for folder in held:
        assert f"removed {folder.name}, which a run that was killed had left" in third.output
    assert not list(temp.iterdir())
    assert (place / "third/report.json").read_bytes() == (place / "beside/report.json").read_bytes()


def test_a_signal_removes_temporary_files_wherever_they_are(place: Path, start: Start) -> None:
    process = start("reporter.pipeline.assess", "derive", "", "json", "--temp", place / "tmp/more")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert [p.name for p in (place / "tmp").rglob("*")] == ["more"]


def _wide_log(place: Path, lines: int = 60_000) -> Path:
    """A log of more than 16 MB that is read record by record."""
    (place / "ws/logs").mkdir()
    line = '{"time":"2026-07-02T10:00:00Z","actor_id":"a1","outcome":"success","action":"a%d","resource":"%s"}\n'
    log = place / "ws/logs/events.jsonl.gz"
    with gzip.open(log, "wt", compresslevel=1) as file:
        file.write('{"broken"\n')
        file.writelines(line % (n, random.Random(n).randbytes(120).hex()) for n in range(lines))
    return log


@pytest.mark.usefixtures("few_checks")
def test_temporary_files_take_no_more_than_is_allowed(place: Path) -> None:
    _wide_log(place)
    words = ("assess", place / "ws", "--out", place / "out", "--formats", "json")
    refused = reporter(*words, "--temp", place / "tmp/t", "--temp-size", "16MB")
    assert refused.exit_code == 3
    assert "records on their way need more room for temporary files than half of" in refused.output
    assert "raise --temp-size" in refused.output
    assert not list((place / "tmp/t").iterdir()) and not list(place.glob("*out*"))
    assert reporter(*words, "--temp-size", "2GB").exit_code == 0
    assert reporter(*words, "--temp-size", "much").exit_code == 2


FULL = """
mount -t tmpfs -o size=$1 none "$2" && shift 2 && "$@"
"""


@pytest.mark.skipif(
    subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode != 0,
    reason="this system lets nobody mount a small disk",
)
@pytest.mark.parametrize(
    "lines",
    [pytest.param(60_000, id="spooled"), pytest.param(300_000, id="unpacked, and spilled", marks=DEEP)],
)  # fmt: skip
def test_a_full_disk_ends_the_run_with_what_to_do(lines: int, place: Path) -> None:
    """No record is called unreadable because the disk was full."""
    log = _wide_log(place, lines)
    if lines > 60_000:
        text = gzip.decompress(log.read_bytes()).split(b"\n", 1)[1]
        log.write_bytes(gzip.compress(text, 1))
    words = ("assess", place / "ws", "--out", place / "out", "--formats", "json")
    command = ["unshare", "-rm", "sh", "-c", FULL, "sh", "8m", place / "tmp", sys.executable, "-m", "reporter.cli"]  # fmt: skip
    done = subprocess.run(
        [*map(str, (*command, *words, "--temp", place / "tmp/t"))], capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert "No space left on device" in done.stderr and "Make room for" in done.stderr
    assert not list(place.glob("*out*"))


# ---------------------------------------------------------------- whose a folder is


def test_a_folder_is_of_one_process_at_a_time_and_gone_afterwards(tmp_path: Path) -> None:
    with claimed(tmp_path / "x") as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "deep").mkdir()
        with pytest.raises(Exception, match="another run is writing here"), claimed(tmp_path / "x"):
            pass
        assert not clear(folder)
    assert not list(tmp_path.iterdir())


def _left(folder: Path, owner: str) -> Path:
    (folder / "deep").mkdir(parents=True)
    (folder / OWNER).write_text(owner)
    return folder


@pytest.mark.parametrize(
    ("name", "mode", "inside", "is_cleared"),
    [
        (".run.part", 0o700, "", True),
        ("reporter-12-0123abcd", 0o700, "", True),
        (".run.part", 0o700, "x", False),
        (".run.part", 0o755, "", False),
        ("reporter-notes", 0o700, "", False),
        ("run.part", 0o700, "", False),
    ],
)
def test_an_empty_folder_that_a_process_had_not_locked_yet_is_removed(
    name: str, mode: int, inside: str, is_cleared: bool, tmp_path: Path
) -> None:
    """Between the folder and its lock a process can be killed; of others nothing is removed."""
    folder = tmp_path / name
    folder.mkdir()
    folder.chmod(mode)
    if inside:
        (folder / inside).touch()
    assert clear(folder) == is_cleared != folder.exists()


def test_a_folder_that_goes_before_it_is_locked_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, mkdir, seen = tmp_path / ".x.part", Path.mkdir, []

    def made(path: Path, *words: Any, **more: Any) -> None:
        mkdir(path, *words, **more)
        if path == folder and not seen:
            seen.append(clear(folder))

    monkeypatch.setattr(Path, "mkdir", made)
    with claimed(folder):
        assert seen == [True] and not clear(folder)


@pytest.mark.parametrize(
    ("owner", "is_cleared"),
    [
        ("", True),  # killed before it could write
        ("this boot-1 process 7", True),
        ("this boot-0 process 7", True),  # started anew since
        ("container boot-1 process 7", True),
        ("other boot-2 process 7", False),
    ],
)
def test_what_a_process_of_another_machine_left_is_not_touched(
    owner: str, is_cleared: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "_here", lambda: "this boot-1")
    assert clear(_left(tmp_path / "a", owner)) == is_cleared != (tmp_path / "a").exists()
    _left(tmp_path / "b", owner)
    if is_cleared:
        with claimed(tmp_path / "b"):
            assert [p.name for p in (tmp_path / "b").iterdir()] == [OWNER]
        return
    with pytest.raises(Exception, match="another machine has been writing here"), claimed(tmp_path / "b"):  # fmt: skip
        pass
    assert (tmp_path / "b" / "deep").is_dir()


def test_a_folder_of_no_run_and_a_link_to_one_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine" / "deep").mkdir(parents=True)
    _left(tmp_path / "far", "")
    (tmp_path / "link").symlink_to(tmp_path / "far")
    assert claims.clear_all(tmp_path, "[lm]i*") == []
    assert (tmp_path / "far" / "deep").is_dir() and (tmp_path / "mine" / "deep").is_dir()


@pytest.mark.usefixtures("few_checks")
def test_the_run_has_the_mode_that_the_user_gives_to_folders(place: Path) -> None:
    before = os.umask(0o027)
    try:
        result = reporter("assess", place / "ws", "--out", place / "out", "--formats", "json")
    finally:
        os.umask(before)
    assert result.exit_code == 0, result.output
    modes = {oct(p.stat().st_mode & 0o777) for p in (place / "out").iterdir()}
    assert (oct((place / "out").stat().st_mode & 0o777), modes) == ("0o750", {"0o640"})
    cache = place / ".reporter-cache"
    assert {p.stat().st_mode & 0o077 for p in (cache, *cache.rglob("*"))} == {0}


# ---------------------------------------------------------------- the lines of a run


@pytest.mark.usefixtures("few_checks")
def test_lines_have_time_and_level_where_no_terminal_is(place: Path) -> None:
    result = reporter("assess", place / "ws", "--out", place / "out", "--formats", "json")
    lines = result.stderr.splitlines()
    assert lines
    for line in lines:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO    \S.*", line), line
    again = reporter("assess", place / "ws", "--out", place / "out", "--formats", "json")
    assert "Z ERROR   " in again.stderr.splitlines()[0]


@pytest.mark.usefixtures("few_checks")
def test_lines_are_json_where_that_is_wanted(place: Path) -> None:
    (place / "ws/inventory/notes.txt").write_text("The agents are fine.")
    words = ("assess", place / "ws", "--out", place / "out", "--formats", "json", "--json")
    result = reporter(*words, "--log", "json")
    headline = json.loads(result.stdout)  # of few checks, which are too few for a level
    assert (headline["level"], headline["readiness"]) == (None, True)
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    assert {line["level"] for line in lines} == {"info", "warning"}
    assert all(line["time"].endswith("Z") and line["message"] for line in lines)
    (warning,) = (line for line in lines if line["level"] == "warning")
    assert warning["code"] == "files_not_read"
    assert warning["lines"] == ["inventory/notes.txt: text of no known format"]
    again = reporter(*words, "--log", "json", "--quiet")
    (line,) = map(json.loads, again.stderr.splitlines())
    assert (line["level"], line["place"]) == ("error", str(place / "out"))
    assert line["message"] == "this run exists, and a run is never changed afterwards"
    assert line["hint"].startswith("Give another --out")
    assert reporter(*words).stderr.count("\n") == again.stderr.count("\n") + 1  # the hint


# ---------------------------------------------------------------- keys


def _company(folder: Path) -> Path:
    """The good company, where somebody wrote a key into a record and a log."""
    estate = Estate()
    estate.agents[0]["purpose"] = "calls with sk-" + "a1B2" * 8
    estate.events.append(estate.events[5] | {"resource": "x?token=ghp_" + "Zz9y" * 9})
    return estate.write(folder / "ws")


@pytest.mark.parametrize("formats", ["csv,json,html", pytest.param("csv,json,html,pdf,xlsx", marks=DEEP)])  # fmt: skip
def test_two_machines_give_the_same_bytes(
    formats: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All results with the deep case; those of the good company elsewhere are compared in test_cli."""
    if "pdf" not in formats:
        assess_few(monkeypatch, "ENT-08", "PUR-01")  # their reasons name what was written
    made = []
    for n in ("one", "two/deeper"):
        words = ("--formats", formats, "--editions", "auditor,board,engineer", "--pseudonymise", "people", "--quiet")  # fmt: skip
        workspace = _company(tmp_path / n)
        result = reporter("assess", workspace, "--out", tmp_path / n / "out", *words)
        assert result.exit_code == 0, result.output
        made.append({p.name: p.read_bytes() for p in sorted((tmp_path / n / "out").iterdir())})
    assert b"secret-" in b"".join(made[0].values()) and b"person-" in made[0]["findings.csv"]
    assert {n for n in made[0].keys() | made[1].keys() if made[0].get(n) != made[1].get(n)} == set()


@pytest.mark.usefixtures("few_checks")
def test_a_key_of_ones_own_makes_other_fingerprints_and_keeps_them_over_time(
    place: Path, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("0123456789abcdef\n")
    (tmp_path / "short").write_text("0123456789")
    ws = place / "ws"
    name = ws / "inventory" / f"password=hunter2hunter2{'x' * 3}.json"
    name.write_text(AGENT.replace("a1", "z1"))
    (ws / "logs").mkdir()

    def named(out: str, *words: object) -> str:
        path = tmp_path / out
        result = reporter("assess", ws, "--out", path, "--formats", "json", "--quiet", *words)
        assert result.exit_code == 0, result.output
        files = [f["file"] for f in json.loads((path / "manifest.json").read_text())["inputs"]]
        return next(f for f in files if "secret-" in f)

    usual, own = named("a"), named("b", "--key-file", tmp_path / "key")
    (ws / "logs/more.jsonl").write_text('{"type": "x"}\n')
    assert own == named("c", "--key-file", tmp_path / "key")
    assert len({usual, own, named("d")}) == 3
    refused = reporter("assess", ws, "--out", tmp_path / "e", "--key-file", tmp_path / "short")
    assert refused.exit_code == 2 and "openssl rand -hex 32" in refused.output
    missing = reporter("assess", ws, "--out", tmp_path / "e", "--key-file", tmp_path / "none")
    assert missing.exit_code == 2 and "cannot be read" in missing.output
    with pytest.raises(InputError, match="cannot be read: No such file"):
        assess(ws, tmp_path / "e", key_file=tmp_path / "none")

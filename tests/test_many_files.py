"""Thousands of files are read by several processes: what comes out is the same for any number of them, and none outlives its run."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import reporter

from reporter.content import loader
from reporter.engine.duckdb import DuckDB
from reporter.engine.workers import Ended, Workers, split
from reporter.ingest import convert, load
from reporter.ingest.cache import open_cache
from reporter.ingest.load import Intake
from reporter.ingest.readers import inputs, samples
from reporter.ingest.readers.inputs import Inputs
from reporter.schema.tables import LOADED

pytestmark = pytest.mark.slow

HEAD = "organisation: X\nperiod: {from: '2026-07-01', to: '2026-10-01'}\n"
SOURCES = loader.load().sources


def event(n: int) -> dict[str, str]:
    """An event of the gateway."""
    return {
        "event_id": f"e{n}",
        "time": f"2026-07-01T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}Z",
        "log_source": "gateway",
        "actor_id": f"agt-{n % 7}",
        "event_class": "tool",
        "tool": "search",
        "outcome": "success",
    }


def call(n: int) -> dict[str, Any]:
    """A record of CloudTrail."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::1:user/u{n % 5}", "userName": f"u{n % 5}"},
        "eventTime": f"2026-07-02T00:{n // 60 % 60:02}:{n % 60:02}Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "awsRegion": "eu-central-1",
        "requestParameters": {"token": f"ghp_{n:036}"},
        "eventID": f"c{n}",
        "readOnly": True,
    }  # fmt: skip


def lines(numbers: range) -> bytes:
    return b"".join(json.dumps(event(n)).encode() + b"\n" for n in numbers)


def delivered(numbers: range) -> bytes:
    text = json.dumps({"Records": [call(n) for n in numbers]}, separators=(",", ":"))
    return gzip.compress(text.encode(), mtime=0)


@pytest.fixture
def ws(tmp_path: Path) -> Path:
    """Sound files of several sources, one of each kind of unsound ones, and a copy."""
    files: dict[str, bytes] = {
        "inventory/agents.jsonl": b"".join(
            b'{"type": "agent", "actor_id": "agt-%d", "state": "active"}\n' % n for n in range(7)
        ),
        "logs/cut.json.gz": delivered(range(900, 905))[:-9],
        "logs/twice.json": b'{"Records":[{"eventTime":"x","eventTime":"y"}]}',
        "logs/unknown.txt": b"nobody's",
        "logs/bad-lines.jsonl": lines(range(800, 805)) + b'{"time": "x"\n[]\n' + lines(range(3)),
        "logs/other.json": json.dumps({"Records": [call(990)], "next": "x"}).encode(),
        "logs/misjudged.json": json.dumps({"Records": [call(n) for n in range(60)]}).encode()[:-1] + b',"x":1}',
        "logs/empty.jsonl": b"",
        "logs/table.csv": b"event_id,time,actor_id,tool,outcome\nt1,2026-07-01T00:00:01Z,agt-1,s,success\n",
    }  # fmt: skip
    for n in range(12):
        files[f"logs/aws/{n:02}.json.gz"] = delivered(range(20 * n, 20 * n + 20))
        files[f"logs/gateway/{n:02}.jsonl"] = lines(range(30 * n, 30 * n + 30))
    files["logs/gateway/copy.jsonl"] = files["logs/gateway/03.jsonl"]
    for name, data in {"reporter.yml": HEAD.encode(), **files}.items():
        (tmp_path / "ws" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "ws" / name).write_bytes(data)
    return tmp_path / "ws"


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let so many processes do what few files are not worth."""

    def use(count: int) -> None:
        monkeypatch.setattr(inputs, "count_for", lambda _: count)

    monkeypatch.setattr(inputs, "WORTH_WORKERS", 2)
    monkeypatch.setattr(samples, "WORTH_WORKERS", 2)
    monkeypatch.setattr(samples, "FEW", 0)
    monkeypatch.setattr(convert, "WORTH_PROCESSES", 0)
    monkeypatch.setattr(convert, "LEAST", 40_000)
    monkeypatch.setattr(convert, "MOST", 120_000)
    return use


Rows = dict[str, list[tuple[Any, ...]]]


def read(
    ws: Path,
    place: Path,
    memory: str = "1GB",
    between: Callable[[], object] = lambda: None,
) -> tuple[Intake, Rows, list[str]]:
    """Return what is read of a workspace, the rows of all tables, and the cache's entries."""
    with Inputs.of(ws, 10**9) as found, DuckDB(place / "work", memory) as engine:
        between()
        intake = load.ingest(engine, found, SOURCES, open_cache(place / "cache"))
        rows = {t.name: engine.rows(f"SELECT * FROM in_{t.name} ORDER BY ALL") for t in LOADED}
        assert not list((place / "work").glob("tmp*"))
        assert not [p for p in (place / "work").rglob("worker-*/**/*") if p.is_file()]
    return intake, rows, sorted(p.name for p in (place / "cache").glob("*.json"))


def test_what_is_read_is_the_same_for_any_number_of_processes(
    ws: Path, tmp_path: Path, processes: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[Any] = []
    results = Workers.results

    def noted(workers: Workers, function: Any, calls: Any) -> Any:
        for result in results(workers, function, calls):
            done.append((function.__name__, result is not None))
            yield result

    monkeypatch.setattr(Workers, "results", noted)
    outcomes = []
    for count in (1, 2, 4):
        processes(count)
        outcomes.append(read(ws, tmp_path / str(count)))
        assert bool(done) == (count > 1)
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert {name for name, ok in done if ok} == {"look_and_hash", "try_sample", "try_job"}
    kept = {f.file: f.kept for f in outcomes[0][0].files}
    assert kept["logs/aws/11.json.gz"] == 20 and kept["logs/gateway/copy.jsonl"] == 30
    assert kept["logs/misjudged.json"] == 60 and kept["logs/bad-lines.jsonl"] == 8


def test_what_was_converted_is_found_whatever_the_number_of_processes(
    ws: Path, tmp_path: Path, processes: Callable[[int], None]
) -> None:
    processes(2)
    first = read(ws, tmp_path / "here")
    made = {p: p.stat().st_mtime_ns for p in (tmp_path / "here/cache").iterdir()}
    processes(1)
    assert read(ws, tmp_path / "here") == first
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "here/cache").iterdir()} == made


@pytest.mark.parametrize("settled", [False, True])
def test_a_file_that_changes_after_it_was_found_is_lost_and_named(
    settled: bool,
    ws: Path,
    tmp_path: Path,
    processes: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Settled files are read where they lie, others from copies."""
    if settled:
        now = inputs._system_time() + 10 * 10**9
        monkeypatch.setattr(inputs, "_system_time", lambda: now)
    processes(2)
    path = ws / "logs/gateway/05.jsonl"
    intake, rows, _ = read(ws, tmp_path, between=lambda: path.write_bytes(lines(range(900, 930))))
    fate = {f.file: f for f in intake.files}["logs/gateway/05.jsonl"]
    assert (fate.read, fate.kept, fate.unreadable, fate.sha256) == (30, 0, 30, "")
    assert not [row for row in rows["events"] if row[0] == "e915"]
    assert [n.code for n in intake.notices] == ["files_changed"]


def test_a_document_too_large_for_a_share_of_the_memory_is_read_with_all_of_it(
    ws: Path, tmp_path: Path, processes: Callable[[int], None]
) -> None:
    padding = b"{}," * 1_400_000
    text = b'{"events":[%b],"padding":[%b{}]}' % (json.dumps(event(1)).encode(), padding)
    (ws / "logs/large.json").write_bytes(text)
    outcomes = []
    for count in (1, 2):
        processes(count)
        outcomes.append(read(ws, tmp_path / str(count), "256MB"))
    assert outcomes[0] == outcomes[1]
    assert {f.file: f.kept for f in outcomes[0][0].files}["logs/large.json"] == 1


def test_small_workspaces_start_no_process(ws: Path, tmp_path: Path) -> None:
    with Inputs.of(ws, 10**12) as found, DuckDB(tmp_path / "work") as engine:
        load.ingest(engine, found, SOURCES, open_cache(tmp_path / "cache"))
        assert not found.workers._all


def test_a_run_is_the_same_to_the_byte_for_any_number_of_processes(
    ws: Path, tmp_path: Path, processes: Callable[[int], None]
) -> None:
    runs = []
    for count in (1, 2, 4):
        processes(count)
        out = tmp_path / str(count) / "run"
        reporter("assess", ws, "--out", out, "--formats", "json,csv,html")
        runs.append({p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file()})
    assert runs[0] == runs[1] == runs[2]
    assert runs[0]


# ---------------------------------------------------------------- files that form a batch


def test_a_file_more_among_many_changes_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(numbers: list[int]) -> list[tuple[str, ...]]:
        files = [
            inputs.InputFile(Path(f"{n:05}.json"), f"{n:05}.json", 9_000, "json", False)
            for n in numbers
        ]
        choices = [convert.Choice(f, SOURCES[0], "", load.Sentence("x")) for f in files]
        return [tuple(c.file.name for c in portion) for portion in convert._cut(choices)]

    monkeypatch.setattr(convert, "LEAST", 1_000_000)
    monkeypatch.setattr(convert, "MOST", 2_000_000)
    without, with_one = cut([*range(0, 4000, 2)]), cut(sorted([*range(0, 4000, 2), 501]))
    assert len(without) > 20
    assert [n for portion in without for n in portion] == [
        f"{n:05}.json" for n in range(0, 4000, 2)
    ]
    assert len({*with_one} - {*without}) <= 3
    assert max(map(len, without)) * (9_000 + convert.A_FILE) <= 2_000_000 + 9_000 + convert.A_FILE


# ---------------------------------------------------------------- processes that end


def test_results_come_in_the_order_of_the_calls_from_as_many_processes_as_were_asked_for() -> None:
    with Workers(2) as workers:
        assert [*workers.results(divmod, [(n, 7) for n in range(20)])] == [divmod(n, 7) for n in range(20)]  # fmt: skip
        assert 1 <= len(workers._all) <= 2
        assert len({*workers.results(os.getpid, [()] * 8)} | {os.getpid()}) > 1
        ended = workers._all[:]
    assert all(process.poll() is not None for process in ended)


def test_a_worker_that_is_killed_is_an_error_that_says_so() -> None:
    with (
        Workers(2) as workers,
        pytest.raises(Ended, match="SIGKILL, perhaps because memory") as error,
    ):
        [*workers.results(signal.raise_signal, [(signal.SIGKILL,)])]
    assert "less --memory" in error.value.hint


def test_a_defect_in_a_worker_is_told_with_its_trace() -> None:
    with Workers(2) as workers, pytest.raises(RuntimeError, match="ZeroDivisionError"):
        [*workers.results(divmod, [(1, 1), (1, 0)])]


def test_a_worker_ends_with_the_process_that_began_it() -> None:
    program = (
        "import time; from reporter.engine.workers import Workers\n"
        "workers = Workers(1)\n"
        "calls = workers._threads.submit(workers._call, 'time:sleep', (60,))\n"
        "while not workers._all: time.sleep(0.01)\n"
        "print(workers._all[0].pid, flush=True)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:  # fmt: skip
        assert parent.stdout
        worker = int(parent.stdout.readline())
        assert _lives(worker)
        parent.kill()
    end = time.monotonic() + 20
    while _lives(worker) and time.monotonic() < end:
        time.sleep(0.02)
    assert not _lives(worker)


def _lives(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def test_work_is_split_into_lists_of_neighbours() -> None:
    assert split([1, 2, 3, 4, 5], 2) == [[1, 2, 3], [4, 5]]
    assert split([1], 8) == [[1]]

"""A process that runs batch after batch, as a scheduler of somebody's own would, keeps nothing of them."""

from __future__ import annotations

import gc
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reporter.pipeline.batch import batch_outputs, batch_verb
from reporter.pipeline.batch.batch_plan import read_plan
from reporter.system.log import Log

AGENT = '{"type": "agent", "actor_id": "a%d", "state": "active", "owner_id": "ann"}\n'
SETTINGS = "organisation: X\nperiod: {from: '2026-07-01', to: '2026-10-01'}\nframeworks: [owasp-nhi-2025]\n"
MB = 1 << 20


def held(temp: Path) -> dict[str, Any]:
    """What this process holds of the machine."""
    gc.collect()
    children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {
        "files": len([*Path("/proc/self/fd").iterdir()]),
        "threads": threading.active_count(),
        "tasks": len([*Path("/proc/self/task").iterdir()]),
        "processes": [p for path in children for p in path.read_text().split()],
        "temporary": sorted(temp.iterdir()),
    }


def memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "last"), [(5, 20), pytest.param(20, 200, marks=pytest.mark.deep)]
)
def test_batches_in_one_process_leak_nothing(
    first: int, last: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each tenth one has something to assess; of the others the run is there."""
    (tmp_path / "ws/inventory").mkdir(parents=True)
    (tmp_path / "ws/reporter.yml").write_text(SETTINGS)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    plan = tmp_path / "PLAN.yml"
    plan.write_text("units: [ws]\nout: runs\nformats: [json]\n")
    now = lambda: datetime(2026, 10, 2, tzinfo=UTC)  # noqa: E731
    said: list[str] = []
    lines = Log("json", False, False, now, now(), said.append)
    took: dict[int, int] = {}
    for number in range(1, last + 1):
        if number % 10 == 1:
            with (tmp_path / "ws/inventory/all.jsonl").open("a") as file:
                file.write(AGENT % number)
        done = batch_verb._run(read_plan(plan), lines, lambda _: None, packs=False, fresh=False)
        assert batch_outputs.exit_code(done) == 0, said
        assert bool(done.unchanged) == (number % 10 != 1), said
        said.clear()
        took[number] = memory()
        if number == first:
            before = held(tmp_path / "tmp")
    assert held(tmp_path / "tmp") == before
    assert before["temporary"] == before["processes"] == []
    assert took[last] - took[first] < 3 * MB, f"{(took[last] - took[first]) / MB:.1f} MB more"
    assert len(list((tmp_path / "runs/ws").iterdir())) == (last + 9) // 10

"""A run does not depend on who listens: streams that are closed or full cost what is printed, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import reporter

pytestmark = pytest.mark.slow

HEAD = "organisation: X\nperiod: {from: '2026-07-01', to: '2026-10-01'}\nframeworks: [owasp-nhi-2025]\n"
AGENT = '{"type": "agent", "actor_id": "a1", "state": "active", "owner_id": "ann"}\n'
FEW = """
from reporter.evaluate import runner
whole = runner.assess
runner.assess = lambda engine, checks, *more, **how: whole(
    engine, [c for c in checks if c[0].id == "OWN-01"], *more, **how
)
from reporter.cli import main
main()
"""
"""The program with results of one check: the others take half the time of a run."""


@pytest.fixture
def ws(tmp_path: Path) -> Path:
    """A register of one agent."""
    (tmp_path / "ws/inventory").mkdir(parents=True)
    (tmp_path / "ws/reporter.yml").write_text(HEAD)
    (tmp_path / "ws/inventory/agents.jsonl").write_text(AGENT)
    return tmp_path / "ws"


def shell(ws: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell in which `$R` is the program."""
    program = f'"{sys.executable}" "{ws.parent / "few.py"}"'
    (ws.parent / "few.py").write_text(FEW)
    return subprocess.run(
        ["bash", "-c", line.replace("$R", program)], cwd=ws.parent, capture_output=True, text=True, timeout=60, check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("streams", "says"),
    [
        pytest.param("2> >(exec 0<&-; sleep 0.1)", "", id="stderr broken"),
        pytest.param(">/dev/full", "the run is written: out; only its summary could not be printed: No space left", id="stdout full"),
        pytest.param("<&- >&- 2>&-", "", id="all closed"),
        pytest.param("2>&-", "", id="stderr closed", marks=pytest.mark.deep),
        pytest.param("2>/dev/full", "", id="stderr full", marks=pytest.mark.deep),
        pytest.param(">&-", "", id="stdout closed", marks=pytest.mark.deep),
    ],
)  # fmt: skip
def test_a_run_is_written_whoever_listens(streams: str, says: str, ws: Path) -> None:
    done = shell(ws, f"$R assess ws --out out --formats json {streams}")
    assert done.returncode == 0, done.stderr
    assert (ws.parent / "out/report.json").is_file()
    assert says in done.stderr and "make room" not in done.stderr and "Traceback" not in done.stderr


def test_a_list_that_cannot_be_printed_is_told_as_that(ws: Path) -> None:
    done = shell(ws, "$R formats ws >/dev/full")
    assert done.returncode == 3
    assert done.stderr == "what there is to say could not be printed: No space left on device\n"


@pytest.mark.usefixtures("few_checks")
def test_a_key_is_taken_from_a_small_regular_file_only(ws: Path) -> None:
    os.mkfifo(ws.parent / "pipe")
    (ws.parent / "big").write_bytes(b"k" * (1 << 16) + b"k")
    (ws.parent / "good").write_bytes(b"k" * (1 << 16))
    for name, why in (
        ("/dev/zero", "is not a regular file"), (ws.parent / "pipe", "is not a regular file"), (ws.parent, "is not a regular file"),
        (ws.parent / "big", "more than 64 KiB"),
    ):  # fmt: skip
        refused = reporter("assess", ws, "--out", ws.parent / "out", "--key-file", name)
        assert refused.exit_code == 2 and why in " ".join(refused.stderr.split()), refused.output
    taken = reporter("assess", ws, "--out", ws.parent / "out", "--formats", "json", "--key-file", ws.parent / "good")  # fmt: skip
    assert taken.exit_code == 0, taken.output

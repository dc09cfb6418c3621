"""A watch begins anew with a faster allocator, and with nothing else changed."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("cmeel", reason="needs the extra watch")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="another loader")

BEGUN = """
import os, sys
from pathlib import Path
from reporter.system.memory import begin_with_allocator

begin_with_allocator(os.environ)
print("libmimalloc" in Path("/proc/self/maps").read_text(), os.environ.get("LD_PRELOAD"))
print(os.environ["MARK"], sys.argv[1:], sys.stdin.read(), os.getpid())
"""


def begun(most: int = resource.RLIM_INFINITY, **environment: str) -> tuple[list[str], int]:
    """Return what a program printed that took the allocator, and its process; it may have so many
    bytes of addresses.
    """
    given = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"}
    process = subprocess.Popen(
        [sys.executable, "-c", BEGUN, "two words", "--x"],
        env={**given, "MARK": "here", **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (most, most)),  # noqa: PLW1509 - no threads here
    )
    printed, _ = process.communicate("a line")
    assert process.returncode == 0
    return printed.splitlines(), process.pid


def test_the_program_begins_anew_with_its_words_and_its_input_and_leaves_nothing_to_others() -> (
    None
):
    (first, second), number = begun()
    assert first == "True None"
    assert second == f"here ['two words', '--x'] a line {number}"


@pytest.mark.parametrize("given", ["", "libmissing.so"])
def test_what_the_user_gives_the_loader_stays(given: str) -> None:
    (first, _), _ = begun(LD_PRELOAD=given)
    assert first == f"False {given}"


def test_where_addresses_are_limited_nothing_is_done() -> None:
    (first, _), _ = begun(most=4 << 30)
    assert first == "False None"


@pytest.mark.parametrize("given", ["", "dirty_decay_ms:7"])
def test_the_engine_keeps_its_pages_unless_the_user_says_otherwise(given: str) -> None:
    program = "import os; from reporter.system.memory import begin_with_allocator; begin_with_allocator(os.environ); print(os.environ['DUCKDB_JE_MALLOC_CONF'])"  # fmt: skip
    environment = {**os.environ, "LD_PRELOAD": "", **({"DUCKDB_JE_MALLOC_CONF": given} if given else {})}  # fmt: skip
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout == f"{given or 'dirty_decay_ms:60000'}\n"


def test_cycles_are_looked_for_when_asked_to() -> None:
    import gc

    from reporter.system.memory import CycleSearch

    class Ring:
        """An object that holds itself."""

        alive = 0

        def __init__(self) -> None:
            Ring.alive += 1
            self.itself = self

        def __del__(self) -> None:
            Ring.alive -= 1

    assert gc.isenabled()
    with CycleSearch() as cycles:
        for _ in range(2):
            for _ in range(1000):
                Ring()
            assert Ring.alive == 1000
            cycles.look()
            assert not Ring.alive
        assert not gc.isenabled()
    assert gc.isenabled() and not gc.get_freeze_count()


def test_of_all_commands_a_watch_has_it(tmp_path: Path) -> None:
    def said(*words: str) -> str:
        given = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"}
        done = subprocess.run(
            [sys.executable, "-m", "reporter", *words],
            env={**given, "MIMALLOC_VERBOSE": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode
        return done.stderr

    missing = str(tmp_path / "missing")
    assert "mimalloc: " in said("watch", missing, "--state", str(tmp_path / "state"))
    assert "mimalloc: " not in said("check", missing)

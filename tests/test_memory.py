"""With little memory, threads share what they freed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

ARENAS = """
import ctypes, sys, threading
from reporter.system.memory import set_up

set_up(int(sys.argv[1]))
waiting = threading.Barrier(4)

def take():
    texts = [bytes(5000) for _ in range(100)]
    waiting.wait()

threads = [threading.Thread(target=take) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(not hasattr(os, "confstr"), reason="asks the C library what it is")
@pytest.mark.parametrize(("memory", "most"), [(256 * 10**6, 1), (500 * 10**6, 2), (10**9, 4)])
def test_threads_have_no_more_arenas_than_memory_is_given_for(memory: int, most: int) -> None:
    if not (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc"):
        pytest.skip("only glibc has such a limit")
    done = subprocess.run(
        [sys.executable, "-c", ARENAS, str(memory)], capture_output=True, text=True, check=True
    )
    assert 1 <= done.stderr.count("Arena ") <= most

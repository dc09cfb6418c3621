"""Threads that yield the processor to whoever needs it, and so do the threads of engines that they
open. In: how much nicer than the process. Out: where work is handed in.
"""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

_NICEST = 19
"""Of a thread on Linux."""


def yielding_thread(nicer: int) -> ThreadPoolExecutor:
    """Return a pool of one thread that is so much nicer, where a thread has a priority."""
    return ThreadPoolExecutor(1, initializer=_yield, initargs=(nicer,))


def _yield(nicer: int) -> None:
    if sys.platform == "linux":
        own = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), min(own + nicer, _NICEST))

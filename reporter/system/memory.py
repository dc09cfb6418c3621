"""What a process does with memory that it no longer uses. In: an amount in bytes. Out: nothing."""

from __future__ import annotations

import gc
from contextlib import suppress

AN_ARENA = 250 * 10**6
"""Bytes of memory for each arena of the C library."""
_M_ARENA_MAX = -8
"""The number of this limit in malloc.h of glibc."""


def set_up(memory: int) -> None:
    """Look for cycles seldom, for records are none: it took a twentieth of the time. Have threads
    share arenas, of which each keeps what its threads freed: with the usual eight a core, a run
    with 256 MB took 45 MB more. Where the C library knows no limit, nothing is done.
    """
    import ctypes

    gc.set_threshold(100_000, 50, 50)
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, max(1, memory // AN_ARENA))

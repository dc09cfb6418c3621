"""How a process takes memory, and what it does with what it no longer uses. In: an amount in bytes;
its environment and its command line. Out: nothing, or the same program begun anew.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import MutableMapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Self

AN_ARENA = 250 * 10**6
"""Bytes of memory for each arena of the C library."""
_M_ARENA_MAX = -8
"""The number of this limit in malloc.h of glibc."""
_PRELOAD = "LD_PRELOAD"
_PACKAGE, _LIBRARY = "cmeel-mimalloc", "libmimalloc.so.3"
_OF_ENGINE, _KEEPS = "DUCKDB_JE_MALLOC_CONF", "dirty_decay_ms:60000"
"""What the allocator of the engine reads, and that pages stay a minute (jemalloc's man page)."""


def set_up(memory: int) -> None:
    """Look for cycles seldom, for records are none: it took a twentieth of the time. Have threads
    share arenas, of which each keeps what its threads freed: with the usual eight a core, a run
    with 256 MB took 45 MB more. Where the C library knows no limit, nothing is done.
    """
    import ctypes

    gc.set_threshold(100_000, 50, 50)
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, max(1, memory // AN_ARENA))


class CycleSearch(AbstractContextManager["CycleSearch"]):
    """Looks for cycles of objects when it is asked to, and from the first time on at no other: all
    threads stand still meanwhile, for a tenth of a second where a thread that yields begins it. It
    is a context manager.
    """

    def __enter__(self) -> Self:
        self._was_on = gc.isenabled()
        return self

    def __exit__(self, *raised: object) -> None:
        gc.unfreeze()
        if self._was_on:
            gc.enable()

    def look(self) -> None:
        """Look; what is there the first time stays, and is not looked at again."""
        gc.collect()
        if gc.isenabled():
            gc.disable()
            gc.freeze()


def begin_with_allocator(environment: MutableMapping[str, str]) -> None:
    """Begin this program anew, once, with the allocator of the extra `watch`. To plan a statement
    takes many small pieces of memory, and that of glibc a fifth of all time. Programs that this
    one starts have their own. Where the variable of the loader is set, nothing is done, nor where
    addresses are limited: it takes a gigabyte of these at once. The engine has another for its
    rows, which keeps what it frees for a while: to get pages anew took a tenth of all time.
    """
    environment.setdefault(_OF_ENGINE, _KEEPS)
    library = "" if sys.platform != "linux" or _has_few_addresses() else _library()
    given = environment.get(_PRELOAD)
    if library and given == library:  # it has begun anew
        del environment[_PRELOAD]
    elif library and given is None and sys.executable:
        with suppress(OSError):  # it is no worse without
            words = [sys.executable, *sys.orig_argv[1:]]
            os.execve(sys.executable, words, {**environment, _PRELOAD: library})


def _has_few_addresses() -> bool:
    import resource  # not everywhere

    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def _library() -> str:
    from importlib.metadata import PackageNotFoundError, files

    with suppress(PackageNotFoundError):
        for file in files(_PACKAGE) or ():
            if file.name == _LIBRARY and Path(file.locate()).is_file():
                return str(file.locate())
    return ""

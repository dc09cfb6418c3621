"""A faster allocator for a program that runs for long. In: its environment, its command line. Out:
the same program, begun anew with it where it is installed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path

_PRELOAD = "LD_PRELOAD"
_PACKAGE, _LIBRARY = "cmeel-mimalloc", "libmimalloc.so.3"


def begin_with_allocator(environment: MutableMapping[str, str]) -> None:
    """Begin this program anew, once, with the allocator of the extra `watch`. To plan a statement
    takes many small pieces of memory, and that of glibc a fourth of all time. Programs that this
    one starts have their own. Where the variable of the loader is set, nothing is done.
    """
    library = _library() if sys.platform == "linux" else ""
    given = environment.get(_PRELOAD)
    if library and given == library:  # it has begun anew
        del environment[_PRELOAD]
    elif library and given is None and sys.executable:
        with suppress(OSError):  # it is no worse without
            words = [sys.executable, *sys.orig_argv[1:]]
            os.execve(sys.executable, words, {**environment, _PRELOAD: library})


def _library() -> str:
    from importlib.metadata import PackageNotFoundError, files

    with suppress(PackageNotFoundError):
        for file in files(_PACKAGE) or ():
            if file.name == _LIBRARY and Path(file.locate()).is_file():
                return str(file.locate())
    return ""

"""The key of fingerprints and pseudonyms. In: the file that holds it. Out: the key."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from reporter.errors import InputError

SHORTEST, LONGEST = 16, 1 << 16
"""Bytes of a key."""


def read_key(path: Path) -> str:
    """Return the key that a file holds; it must not keep the program waiting, nor fill its memory.

    Raises InputError where it holds none or cannot be opened.
    """
    make = "`openssl rand -hex 32` makes one"
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", str(path), make) from error
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise InputError("is not a regular file", str(path), make)
        data = os.read(handle, LONGEST + 1)
    finally:
        os.close(handle)
    key = data.strip().decode("latin-1")
    if len(data) > LONGEST:
        raise InputError(f"holds more than {LONGEST >> 10} KiB", str(path), make)
    if len(key) < SHORTEST:
        raise InputError(
            f"holds {len(key)} characters, and a key has at least {SHORTEST}", str(path), make
        )
    return key

"""The hash that tells one file from another. In: a path. Out: SHA-256 in hex."""

import hashlib
from pathlib import Path


def sha256(path: Path) -> str:
    """Return the hash of a file; raise OSError where it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""What tells one state of a workspace from another. In: its files, settings and content. Out: texts
that are another once these are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from reporter.content.mapping import FOLDER as MAPPINGS
from reporter.content.workspace import NAME
from reporter.engine.duckdb import version as engine_version
from reporter.ingest import cache as ingest_cache
from reporter.ingest.readers.files import InputFile
from reporter.pipeline.assess import Known
from reporter.pipeline.watch.intake.file_places import FOLDER as LOGS


def settings_mark(workspace: Path) -> str:
    """Return what changes when reporter.yml or a mapping may have; '' without a reporter.yml."""
    if not (stamp := _stamp(workspace / NAME)):
        return ""
    mappings = sorted((workspace / MAPPINGS).glob("*.yml"))
    return " ".join([stamp, *(f"{path.name} {_stamp(path)}" for path in mappings)])


def _stamp(path: Path) -> str:
    with suppress(OSError):
        status = path.stat()
        return f"{status.st_ino} {status.st_size} {status.st_mtime_ns}"
    return ""


def content_mark(known: Known) -> str:
    """Return what the lines taken in depend on, beside themselves."""
    texts: list[Any] = [ingest_cache.FORMAT, engine_version()]
    texts += sorted((s.id, s.sha256) for s in known.content.sources)
    return _sha(repr(texts))


def rules_mark(known: Known) -> str:
    """Return what results depend on, beside evidence and time: reporter.yml and the checks.

    Raises OSError where reporter.yml cannot be read.
    """
    settings = (known.workspace.folder / NAME).read_bytes()
    plans = sorted((check.id, plan.sql) for check, plan in known.compiled)
    return _sha(repr((settings, plans)))


class EvidenceMark:
    """The content of all evidence that is no log; a file is read again where its stamp changed."""

    def __init__(self) -> None:
        self._digests: dict[str, tuple[tuple[int, ...], str]] = {}

    def of(self, files: Iterable[InputFile]) -> str:
        """Return what changes when a file of inventory, statements or baseline has other bytes, is
        new, renamed or gone. To touch one changes nothing.
        """
        before, self._digests = self._digests, {}
        for file in files:
            if file.name.startswith(LOGS) or file.name in self._digests:
                continue  # a workbook stands there once for each sheet
            stamp, digest = before.get(file.name, ((), ""))
            if stamp != file.stamp or not stamp:
                stamp = ()  # it is tried again where it cannot be read just now
                with suppress(OSError), file.path.open("rb") as source:
                    digest = hashlib.file_digest(source, "sha256").hexdigest()
                    stamp = file.stamp
            self._digests[file.name] = stamp, digest
        return _sha(repr(sorted((name, digest) for name, (_, digest) in self._digests.items())))


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()

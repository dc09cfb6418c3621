"""What the process of a unit is asked, and what it may answer. In: nothing. Out: plain data, which
both processes send as JSON.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

NEW, SAME = "assessed", "unchanged"
"""What became of a unit: its run was made; the run that was there is used."""
LOCK = ".batch.part"
"""The folder that a batch holds while it works."""


class Order(msgspec.Struct):
    """What a process has to do."""

    name: str
    workspace: str
    out: str
    """Folder of the batch; the runs of the unit lie in its folder there."""
    cache: str
    memory: str
    """Of the engine."""
    writers: tuple[str, ...]
    language: str = ""
    earlier: tuple[str, ...] = ()
    follows: bool = False
    """It is compared with the run of its period before, in its folder."""
    extra: tuple[str, ...] = ()
    keep_tables: bool = False
    pseudonymise: bool = False
    key_file: str = ""
    gates: tuple[str, ...] = ()
    packs: bool = True
    fresh: bool = False
    remote: bool = False
    """Fetch the evidence that its reporter.yml names elsewhere."""
    known: dict[str, Any] | None = None
    """The row of its last assessment."""

    @property
    def folder(self) -> Path:
        """Where the runs of the unit lie."""
        return Path(self.out) / self.name

    @property
    def part(self) -> Path:
        """Where a run is made: in the folder that locks the batch, and goes with it."""
        return Path(self.out) / LOCK / f"{self.name}.part"

"""report.json: the data of a run, which exist before anything is printed. In: that file. Out: a
copy of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from reporter.report import Format
from reporter.report.document import View
from reporter.runs.store import DATA


def write(view: View, path: Path, data: Sequence[Path]) -> None:
    """Copy the data of the run, unless the target is the same file."""
    (source,) = (p for p in data if p.name == DATA)
    if source != path:
        shutil.copyfile(source, path)


FORMAT = Format("json", DATA, write, data=True)

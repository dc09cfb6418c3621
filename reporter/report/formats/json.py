"""report.json: the data of a run, which exist before anything is printed. In: that file. Out: a
copy of it, and of the lists that lie beside it.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from reporter.report import Format
from reporter.report.document import View
from reporter.runs.store import DATA, LISTS


def write(view: View, path: Path, data: Sequence[Path]) -> None:
    """Copy the data of the run, unless the target is the same file."""
    for source in data:
        target = path.with_name(source.name)
        if source.name in (DATA, LISTS) and source != target:
            shutil.copyfile(source, target)


FORMAT = Format("json", DATA, write, data=True)

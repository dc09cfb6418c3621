"""Files of office programs without a clock. In: a file as its library wrote it. Out: the same
parts, dated as every other archive of a run, with each number on the line of its percent sign.
"""

from __future__ import annotations

import zipfile
from io import BytesIO

from reporter.report.view.format import keep_percents

_READ = ("word/document.xml", "ppt/slides/slide", "ppt/notesSlides/notesSlide")
"""The parts with texts that are read."""
DATED = (1980, 1, 1, 0, 0, 0)
"""The first time that an archive can hold."""


def undated(data: bytes) -> bytes:
    """Pack the parts anew, in their order."""
    target = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(target, "w") as new:
        for part in old.infolist():
            entry = zipfile.ZipInfo(part.filename, DATED)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            entry.external_attr = 0o600 << 16
            content = old.read(part)
            if part.filename.startswith(_READ):
                content = keep_percents(content.decode()).encode()
            new.writestr(entry, content)
    return target.getvalue()

"""CSV for eyes: findings.csv from the view, and any other table of texts.

What a spreadsheet would run as a formula gets a leading quote, which changes the data: machines
read report.json.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from .shape import View

_DANGEROUS = tuple("=+-@\t\r\n\0＝＋－＠")


def write_findings(view: View, path: Path) -> None:
    """Write findings.csv: every fail, unknown and compensated cell as a row."""
    write_table(path, view.finding_columns, view.findings)


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table in UTF-8 with BOM and CRLF line ends, safe to open in a spreadsheet."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([escape(name) for name in header])
        writer.writerows([escape(cell) for cell in row] for row in rows)


def escape(text: str) -> str:
    """Put a quote before what a spreadsheet would take for a formula, leading blanks or not."""
    bare = text.lstrip()
    return f"'{text}" if text.startswith(_DANGEROUS) or bare.startswith(_DANGEROUS) else text

"""CSV for people: findings.csv from the view, and other tables of text. Every cell of a run goes
through `escape`.

Text that a spreadsheet would run as a formula gets a leading quote. This changes the data, so
machines read report.json.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from reporter.i18n.translate import ENGLISH, speaking
from reporter.report.document import View
from reporter.report.findings import places
from reporter.report.view.finding_rows import BY_OWNER, OWED, rows
from reporter.system.plain_text import clean

_COLUMNS = ("check", "subject", "status", "reason", "record", "fix")
TODO = ("owner", "rank", "action", "lane", "effort", *_COLUMNS)
"""The columns of todo.csv."""
_DANGEROUS = frozenset("=+-@\t\r\n\0＝＋－＠")
_SUSPECT = _DANGEROUS | {" "}


def write_findings(view: View, path: Path) -> None:
    """Write findings.csv: one row for every failing, unknown or compensated result, in English."""
    with speaking(ENGLISH):
        write_table(path, view.finding_columns, view.findings)


def todo(view: View) -> Iterator[tuple[str, ...]]:
    """Yield the rows of todo.csv: the results that an action fixes, by owner and roadmap order."""
    place = places(view)
    task_rows = rows(view.findings, OWED, f"ORDER BY owner = '', {BY_OWNER}", ["rank"])
    for row, rank in task_rows:
        pick = view.roadmap.picks[rank - 1]
        yield (
            row[place["owner"]],
            pick.rank,
            pick.id,
            pick.lane,
            pick.effort,
            *(row[place[c]] for c in _COLUMNS),
        )


def write_table(path: Path, header: Sequence[str], table: Iterable[Sequence[str]]) -> None:
    """Write a table in UTF-8 with BOM and CRLF line ends, safe to open in a spreadsheet."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([escape(name) for name in header])
        writer.writerows([escape(cell) for cell in row] for row in table)


def escape(text: str) -> str:
    """Make invisible characters visible, and quote text that a spreadsheet could run."""
    if text.isascii() and text.isprintable() and text[:1] not in _SUSPECT:  # nearly all texts
        return text
    is_formula = text[:1] in _DANGEROUS or text.lstrip()[:1] in _DANGEROUS
    return f"'{clean(text)}" if is_formula else clean(text)

"""CSV for people: findings.csv from the view, and other tables of text. Every cell of a run goes
through `csv_lines.cell`.

Text that a spreadsheet would run as a formula gets a leading quote. This changes the data, so
machines read report.json.
"""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain, islice
from operator import attrgetter
from pathlib import Path
from typing import IO, Any, Protocol

from reporter.errors import ReporterError
from reporter.i18n.translate import ENGLISH, speaking
from reporter.report.csv_lines import Lines, cell
from reporter.report.document import View
from reporter.report.findings import places
from reporter.report.view.finding_rows import BY_OWNER, OWED, Findings, rows

_COLUMNS = ("check", "subject", "status", "reason", "record", "fix")
TODO = ("owner", "rank", "action", "lane", "effort", *_COLUMNS)
"""The columns of todo.csv."""
_FINDING = (
    *("id", "head", "subject", "actor", "owner", "tier", "status", "reason", "record"),
    *("waived_until", "waiver", "fix", "cause", "dates", "tail"),
)
"""The parts of a line of findings.csv."""
PICK = attrgetter("rank", "id", "lane", "effort")
"""What todo.csv says of a pick."""
MOST_ROWS = 1 << 20
"""What a spreadsheet opens, with the header."""
_MOST_AT_ONCE = 10_000


def write_findings(view: View, path: Path) -> None:
    """Write findings.csv: one row for every failing, unknown or compensated result, in English."""
    with speaking(ENGLISH):
        _write_findings(Lines(view.findings), view.finding_columns, len(view.findings), path)


def _write_findings(lines: Lines, columns: Sequence[str], total: int, path: Path) -> None:
    _write_lines(path, columns, lines.of(_FINDING), total)


def begin(
    pool: Executor,
    findings: Findings,
    columns: Sequence[str],
    picks: Iterable[Sequence[str]],
    folder: Path,
) -> tuple[Future[None], ...]:
    """Begin to write todo.csv, and findings.csv where it has columns; return what to wait for. Both
    are mostly the work of the engine, which goes on beside Python.

    todo.csv has every failing or unknown result that is not waived, by owner and roadmap order;
    results without an owner come last. `picks` are rank, id, lane and effort of each pick.
    """
    lines = pool.submit(lambda: Lines(findings, [",".join(map(cell, p)) for p in picks]))
    jobs = [pool.submit(lambda: _write_todo(lines.result(), folder / "todo.csv"))]
    if columns:
        path, total = folder / "findings.csv", len(findings)
        jobs.append(pool.submit(lambda: _write_findings(lines.result(), columns, total, path)))
    return tuple(jobs)


def _write_todo(lines: Lines, path: Path) -> None:
    parts, order = ("owner", "pick", *_COLUMNS), f"owner = '', {BY_OWNER}"
    _write_lines(path, TODO, lines.of(parts, OWED, order), lines.count(OWED))


def todo(view: View) -> Iterator[tuple[str, ...]]:
    """Yield the rows of todo.csv: the results that an action fixes, by owner and roadmap order."""
    place = places(view)
    task_rows = rows(view.findings, OWED, f"ORDER BY owner = '', {BY_OWNER}", ["rank"])
    for row, rank in task_rows:
        yield (
            row[place["owner"]],
            *PICK(view.roadmap.picks[rank - 1]),
            *(row[place[c]] for c in _COLUMNS),
        )


class Table(Protocol):
    """Rows of texts that are counted without reading them."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Sequence[str]]: ...


def write_table(path: Path, header: Sequence[str], table: Table) -> None:
    """Write a table in UTF-8 with BOM and CRLF line ends, safe to open in a spreadsheet.

    A table of more rows than any spreadsheet opens is packed: its name ends with `.gz`.
    """
    rows = iter(table)
    batches = iter(lambda: [",".join(map(cell, r)) for r in islice(rows, _MOST_AT_ONCE)], [])
    _write_lines(path, header, batches, len(table))


def write_columns(
    path: Path,
    names: Sequence[str],
    rows: Sequence[object],
    texts: Mapping[str, Callable[[Any], str]] = {},
) -> None:
    """Write a table of objects as `write_table`, an attribute a column; `texts` print what is no
    text. Each value of such a column is printed once.
    """
    cells = [_cells_of(texts[name]) if name in texts else cell for name in names]
    columns = list(zip(map(attrgetter, names), cells, strict=True))

    def batches() -> Iterator[list[str]]:
        for at in range(0, len(rows), _MOST_AT_ONCE):
            page = rows[at : at + _MOST_AT_ONCE]
            yield list(map(",".join, zip(*(map(c, map(v, page)) for v, c in columns), strict=True)))

    _write_lines(path, names, batches(), len(rows))


def _cells_of(text: Callable[[Any], str]) -> Callable[[Any], str]:
    return lru_cache(_MOST_AT_ONCE)(lambda value: cell(text(value)))


def _write_lines(
    path: Path, header: Sequence[str], batches: Iterable[list[str]], total: int
) -> None:
    """Write a header and batches of lines; raise ReporterError where there are more or fewer lines
    than `total`.
    """
    written = -1
    with _opened(path, packed=total >= MOST_ROWS) as file:
        file.write(codecs.BOM_UTF8)
        for batch in chain([[",".join(map(cell, header))]], batches):
            file.write("\r\n".join([*batch, ""]).encode())
            written += len(batch)
    if written != total:
        raise ReporterError(f"{path.name} has {written} of {total} lines; please report this")


@contextmanager
def _opened(path: Path, packed: bool) -> Iterator[IO[bytes] | gzip.GzipFile]:
    if not packed:
        with path.open("wb") as file:
            yield file
        return
    # Without a name and a time, so that the same run gives the same bytes.
    with (
        path.with_name(f"{path.name}.gz").open("wb") as file,
        gzip.GzipFile("", "wb", compresslevel=1, fileobj=file, mtime=0) as packed_file,
    ):
        yield packed_file

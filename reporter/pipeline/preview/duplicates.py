"""What is there twice. In: an engine with loaded tables, files. Out: files with the same bytes, and
pairs of files that share most of their records.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from reporter.engine.duckdb import DuckDB
from reporter.model.assessment import FileCount
from reporter.schema.tables import LOADED, columns_of

LEAST = 2
"""Records that two files share at the least: one may be alike by chance."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two files that share most of the records of the smaller."""

    file: str
    other: str
    shared: int
    records: int
    """Of the file, which has the fewer."""


def same_files(
    files: Iterable[FileCount], sizes: dict[str, int], books: dict[str, str]
) -> tuple[tuple[str, ...], ...]:
    """Return the names of files with the same bytes. `sizes` are those of the files themselves,
    `books` has the file of each sheet or list: those of one file are not the same.
    """
    groups: dict[tuple[str, int], set[str]] = defaultdict(set)
    for file in files:
        name = books.get(file.file, file.file.removesuffix(f"!{file.part}"))
        if file.sha256 and file.read:
            groups[file.sha256, sizes.get(name, file.bytes)].add(name)
    return tuple(sorted(tuple(sorted(names)) for names in groups.values() if len(names) > 1))


def overlaps(engine: DuckDB, same: Iterable[tuple[str, ...]]) -> tuple[Overlap, ...]:
    """Return the pairs of files that share at least half of the records of the smaller; of files
    that are the same, only the first is compared.
    """
    copies = {name for names in same for name in names[1:]}
    found: dict[tuple[str, str], list[int]] = {}
    is_aside = engine.one("SELECT count(*) FROM duckdb_views() WHERE view_name = 'all_events'")
    for table in LOADED:
        # Events that repeat others in every column are set aside by then.
        relation = "all_events" if is_aside and table.name == "events" else f"in_{table.name}"
        columns = ", ".join(name for name, _ in columns_of(table))
        for file, other, shared, n, n_other in engine.rows(_shared(relation, columns)):
            counts = found.setdefault((file, other), [0, 0, 0])
            counts[:] = [a + b for a, b in zip(counts, (shared, n, n_other), strict=True)]
    results = []
    for (file, other), (shared, n, n_other) in sorted(found.items()):
        smaller, larger = (file, other) if n <= n_other else (other, file)
        least = min(n, n_other)
        if shared >= LEAST and shared * 2 >= least and not {file, other} & copies:
            results.append(Overlap(smaller, larger, shared, least))
    return tuple(results)


def _shared(relation: str, columns: str) -> str:
    """SQL: pairs of files with the rows that are alike in every column, and how many rows each
    has.
    """
    return (
        f"WITH h AS (SELECT DISTINCT file, hash({columns}) AS row FROM {relation}), n AS (SELECT"
        " file, count(*) AS n FROM h GROUP BY file) SELECT a.file, b.file, count(*),"
        " any_value(p.n), any_value(q.n) FROM h AS a JOIN h AS b ON a.row = b.row AND a.file <"
        " b.file JOIN n AS p ON p.file = a.file JOIN n AS q ON q.file = b.file GROUP BY a.file,"
        " b.file ORDER BY ALL"
    )

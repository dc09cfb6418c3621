"""The data and prints of a stored run without people, or without raw records. In: a run folder.
Out: a folder with the same results, scores and ids, and what was changed, column by column.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from reporter.engine.duckdb import DuckDB, Parquet, named_plainly, parquet
from reporter.errors import InputError
from reporter.model.assessment import Assessment, Notice
from reporter.model.reasons import Reasons
from reporter.pipeline.quarter import kept_input
from reporter.pipeline.redact_run import hide_stored, without_raw
from reporter.privacy.pseudonyms import People, swap, swap_values
from reporter.report import FILES
from reporter.report.export import CSV, Wanted, write_run
from reporter.runs.actor_attributes import ACTORS, write_without_people
from reporter.runs.store import CHANGES, DATA, RESULTS, Results, check_results, to_json

QUARANTINED = "quarantined"
"""The list of report.json that has texts and values of records."""
Columns = dict[str, dict[str, int]]
"""File -> column -> how many of its values were replaced."""
_VALUES = {
    RESULTS: (("reason_code", "reason_values"),),
    CHANGES: (("reason_code_before", "reason_values_before"), ("reason_code", "reason_values")),
}
"""The columns of codes and of their values."""
_REFS = {RESULTS: ("record", "waiver"), CHANGES: ("record_before", "record")}


def write_purged(
    run: Path,
    assessment: Assessment,
    people: People | None,
    at: datetime,
    rows: dict[str, int],
    part: Path,
    language: str,
) -> tuple[Assessment, Columns]:
    """Write a run again to an empty folder: without raw records, and without people where they are
    given. Its files are those that the run has and that its data give.
    """
    columns: Columns = {}
    for name in (RESULTS, CHANGES):
        if (run / name).is_file() and people:
            columns[name] = _hide_table(run / name, part, assessment, people)
        elif (run / name).is_file():
            shutil.copyfile(run / name, part / name)
    if (run / ACTORS).is_file() and people:
        with DuckDB(part.parent / "actors") as engine:
            columns[ACTORS] = write_without_people(engine, run, people, part)
    elif (run / ACTORS).is_file():
        shutil.copyfile(run / ACTORS, part / ACTORS)
    columns[DATA] = {QUARANTINED: count} if (count := records_in(assessment)) else {}
    if people:
        assessment = hide_stored(assessment, people)
    day = (("day", f"{at:%Y-%m-%d}"),)
    notice = Notice("purged_people", day) if people else Notice("purged_raw", day)
    assessment = without_raw(replace(assessment, notices=(*assessment.notices, notice)))
    check_results(Results(part, assessment.checks), assessment)
    if people:
        _refuse_named(run, part, assessment, people)
    _print(run, assessment, rows, part, language)
    return assessment, {name: found for name, found in columns.items() if found}


def _refuse_named(run: Path, part: Path, assessment: Assessment, people: People) -> None:
    """Raise InputError where the address of a person is left: the proof would be a wrong one."""
    left = people.addresses_in(to_json(assessment).decode())
    for name in (RESULTS, CHANGES, ACTORS):
        for batch in Parquet(part / name).batches("FROM held") if (part / name).is_file() else ():
            left |= people.addresses_in(str(batch))
    if left:
        raise InputError(
            f"{len(left)} mail addresses of people would be left in its data",
            str(run),
            "Nothing was removed. This is a defect; please report it.",
        )


def records_in(assessment: Assessment) -> int:
    """Return how many records that were not taken still have their text or a value."""
    left = without_raw(assessment).quarantined
    return sum(a != b for a, b in zip(assessment.quarantined, left, strict=True))


def _hide_table(path: Path, part: Path, assessment: Assessment, people: People) -> dict[str, int]:
    """Write a table of results without people, its rows in their order."""
    changes: list[tuple[str, str, Callable[[str], str]]] = [
        ("subject", "actor <> ''", people.in_subject),
        ("subject", "actor = ''", people.in_record),
        ("actor", "actor <> ''", people.in_subject),
        ("owner", "owner <> ''", people.in_id),
        *((ref, f"{ref} <> ''", people.in_text) for ref in _REFS[path.name]),
    ]
    counts: dict[str, int] = {}
    with DuckDB(part.parent / "table") as engine:
        with named_plainly(path) as plain:
            source = parquet(plain, numbered=True)
            engine.run(f"CREATE TABLE held AS SELECT * FROM {source}")
        reasons = Reasons(assessment.checks)
        for code, values in _VALUES[path.name]:
            counts[values] = swap_values(engine, reasons, people, "held", ("check", code, values))
        for column, condition, change in changes:
            n = swap(engine, "held", column, condition, change)
            counts[column] = counts.get(column, 0) + n
        engine.write_parquet(
            "SELECT * EXCLUDE (file_row_number) FROM held ORDER BY file_row_number",
            part / path.name,
            "zstd",
        )
    return {column: n for column, n in counts.items() if n}


def _print(
    run: Path, assessment: Assessment, rows: dict[str, int], part: Path, language: str
) -> None:
    """Write the data and what is printed of them, in the formats that the run has."""
    from reporter.report import build as views
    from reporter.report.csv_tables import PICK, begin

    formats = tuple(name for name, file in FILES.items() if (run / file).exists())
    results = Results(part, assessment.checks)
    view, english = views.both(assessment, results, language or assessment.language)
    with ThreadPoolExecutor(2) as pool:
        is_begun = CSV in formats and not english.history.runs  # else `write_run` writes it
        columns = english.finding_columns if is_begun else ()
        picks = map(PICK, english.roadmap.picks)
        begun = begin(pool, english.findings, columns, picks, part)
        write_run(assessment, view, english, rows, part, Wanted(formats), begun)


def table_rows(run: Path) -> dict[str, int]:
    """Return how many rows each kept table of a run has."""
    folder = run / kept_input.FOLDER
    return {
        f"{kept_input.FOLDER}/{path.name}": int(_count(path))
        for path in sorted(folder.glob("*.parquet"))
    }


def _count(path: Path) -> Any:
    rows: Sequence[Sequence[Any]]
    for rows in Parquet(path).batches("SELECT count(*) FROM held"):
        return rows[0][0]
    return 0

"""The tables beside the results of a run held against those that came out again. In: two run
folders, the first of which nobody trusts. Out: the files that differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reporter.engine.duckdb import DuckDB, parquet
from reporter.report import FILES
from reporter.report.export import CSV
from reporter.runs.actor_attributes import ACTORS
from reporter.runs.store import CHANGES
from reporter.system.hashes import sha256

FINDINGS = FILES[CSV]
"""The only table that a run may lack: it is a format."""
OF_EARLIER = ("causes.csv", "changes.csv", CHANGES, FINDINGS, "responses.csv")
"""Tables that only the run before gives, or dates in them."""
IN_A_LANGUAGE = ("controls.csv", "sums.csv", "workpapers.csv")
"""Tables with words in the language of the report, which nothing in a run names."""


def differing_tables(
    sealed: Path, made: Path, work: Path, memory: str, is_followed: bool
) -> Iterator[str]:
    """Yield each table that both runs have, and whose rows differ.

    Raises the error of the engine where one is no table.
    """
    unseen = () if is_followed else OF_EARLIER
    for name in sorted({ACTORS, CHANGES} - {*unseen}):
        if differs(sealed / name, made / name) and not _is_same(
            sealed / name, made / name, work, memory
        ):
            yield f"{name}: is not what came out"


def differing_csv(sealed: Path, made: Path, is_followed: bool) -> Iterator[str]:
    """Yield the names of the CSV files that came out and that a run has otherwise; long ones are
    packed.
    """
    unseen = {*(() if is_followed else OF_EARLIER)}
    if not [*sealed.glob(f"{FINDINGS}*")]:
        unseen.add(FINDINGS)
    for path in sorted(made.glob("*.csv*")):
        if path.name.removesuffix(".gz") not in unseen and differs(sealed / path.name, path):
            yield path.name


def differs(one: Path, other: Path) -> bool:
    """Tell whether two files have other bytes, or only one is there."""
    if one.is_file() and other.is_file():
        return sha256(one) != sha256(other)
    return one.is_file() != other.is_file()


def _is_same(one: Path, other: Path, work: Path, memory: str) -> bool:
    """Tell whether two tables have the same rows; engines of two versions write other bytes."""
    if not (one.is_file() and other.is_file()):
        return False
    with DuckDB(work, memory) as engine:
        engine.confine(work, [one, other])
        counts = [engine.one(f"SELECT count(*) FROM {parquet(p)}") for p in (one, other)]
        if counts[0] != counts[1]:  # before any is read: a small file can hold a billion rows
            return False
        rows = f"SELECT * FROM {parquet(one)} EXCEPT ALL SELECT * FROM {parquet(other)}"
        return not engine.one(f"SELECT count(*) FROM ({rows})")

"""What tells that a table moved: its number of rows, or hashes of them. In: an engine, what it
remembers. Out: what moved, by what is read of it.

Most tables are small, and to hash one costs what planning costs. A statement tells how many rows it
wrote, which may be enough.
"""

from __future__ import annotations

from reporter.engine.duckdb import DuckDB
from reporter.engine.growing.row_hashes import hashes_of, query_of_hashes
from reporter.engine.growing.tape import NOTHING, Columns, Input, Mark, Tape

_FEW = 1 << 14
"""Rows of a table that are hashed at once."""
_ADDED = {"INSERT": 1, "DELETE": -1, "UPDATE": 0}
"""How a statement begins -> what a row that it writes adds to their number."""


def note_rows(tape: Tape, table: str, sql: str, n_written: int | None) -> None:
    """Note how many rows a table has after a statement that wrote some of them; None: it tells no
    number.
    """
    verb, before = sql.split(None, 1)[0], tape.numbers.pop(table, None)
    if verb == "CREATE":
        tape.numbers[table] = n_written or 0
    elif verb in _ADDED and before is not None and n_written is not None:
        tape.numbers[table] = before + _ADDED[verb] * n_written


def mark(engine: DuckDB, tape: Tape, table: str, is_still: bool = False) -> set[Input]:
    """Find what moved of a table since it was hashed, by what is read of it, and note that. Rows
    that stand `is_still` move nothing.
    """
    moved: set[Input] = set()
    if table not in tape.needs:
        return moved
    before = tape.hashes.get(table, {})
    n, n_before = tape.numbers.get(table), next((n for n, _ in before.values()), None)
    if not (is_still or table in tape.made_again or None in (n, n_before)):
        if n != n_before:
            return _moved_whole(tape, table)
        if not n:
            return moved
    now = tape.hashes[table] = _hashes(engine, tape, table)
    tape.unhashed.discard(table)
    for columns in tape.needs[table]:
        told = tape.told_of(table, columns)
        last = tape.marks.get((table, columns))
        if not last:
            tape.marks[table, columns] = Mark(0, 0)
        elif now[columns] != before.get(columns) and not is_still:
            tells = now[told] != before.get(told)
            tape.marks[table, columns] = Mark(last.whole + 1, last.told + tells)
            moved.add((table, columns))
    return moved


def hash_rest(engine: DuckDB, tape: Tape) -> None:
    """Hash the tables of which the number of rows told enough."""
    while tape.unhashed:
        table = tape.unhashed.pop()
        tape.hashes[table] = _hashes(engine, tape, table)


def _moved_whole(tape: Tape, table: str) -> set[Input]:
    """Note that all that is read of a table moved; its hashes are needed the next time only."""
    tape.unhashed.add(table)
    moved = {(table, columns) for columns in tape.needs[table]}
    for read in moved:
        last = tape.marks.get(read) or Mark(0, 0)
        tape.marks[read] = Mark(last.whole + 1, last.told + 1)
    return moved


def _hashes(engine: DuckDB, tape: Tape, table: str) -> dict[Columns, tuple[int, int]]:
    """Return for all that is read of a table, also without counts and times, what tells its rows
    from others, in any order. Rows that are kept are but added to until they are made again, so
    their number tells.
    """
    kinds = tape.needs[table] | {tape.told_of(table, k) for k in tape.needs[table]}
    if (made := tape.made_again.get(table)) is not None:
        n = tape.numbers.get(table)
        n = int(DuckDB.one(engine, f"SELECT count(*) FROM {table}")) if n is None else n
        return dict.fromkeys(kinds, (n, made))
    names = tape.columns[table]
    read = names if None in kinds else NOTHING.union(*(k for k in kinds if k))
    n_before = next((n for n, _ in tape.hashes.get(table, {}).values()), _FEW + 1)
    sql = query_of_hashes(table, read, tape.nested.get(table, ()))
    return hashes_of(engine.arrays(sql, at_once=n_before <= _FEW), names, kinds)

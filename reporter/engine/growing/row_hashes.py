"""Numbers that tell the rows of a table from others, by sets of its columns. In: a hash of each
value. Out: a number for each set, the same in whatever order the rows are.

The engine reads each column once, however many sets there are: a sum of hashes for each set would
cost it more to plan than to run.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reporter.engine.growing.tape import Columns

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_STEP = 0x9E3779B97F4A7C15
"""The golden ratio in 64 bits, which spreads numbers that follow each other."""
_MIXES = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
"""Shifts and factors of SplitMix64 (Steele, Lea, Flood 2014)."""


NESTED = re.compile(r"\[|^(?:STRUCT|MAP|UNION)\b")
"""Types of columns of which values that are others may have one hash: the engine has the same for
an empty list and none.
"""


def query_of_hashes(table: str, columns: Collection[str], nested: Collection[str] = ()) -> str:
    """SQL: a hash of each value of some columns of a table, of which some have a nested type."""
    told = ", ".join(
        f"hash({f'CAST({n} AS VARCHAR)' if c in nested else n}) AS {n}"
        for c in sorted(columns)
        for n in [f'"{c}"']
    )
    return f"SELECT {told or '0 AS none'} FROM {table}"


def hashes_of(
    portions: Iterable[Mapping[str, NDArray[Any]]],
    columns: Sequence[str],
    kinds: Collection[Columns],
) -> dict[Columns, tuple[int, int]]:
    """Return the number of rows, and for each set of columns a number of their values; `portions`
    are those of `query_of_hashes`, `columns` all of the table.
    """
    import numpy as np

    factors = {c: np.uint64((n * _STEP % 2**64) | 1) for n, c in enumerate(columns, 1)}
    sums, count = dict.fromkeys(kinds, 0), 0
    for portion in portions:
        spread = {c: hashes * factors[c] for c, hashes in portion.items() if c in factors}
        count += len(next(iter(portion.values())))
        for kind in kinds:
            rows = [spread[c] for c in (columns if kind is None else kind)]
            if rows:
                sums[kind] += int(_mixed(np.add.reduce(rows)).sum())
    return {kind: (count, told % 2**64) for kind, told in sums.items()}


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return numbers of which a sum tells more than the sums of their parts would."""
    import numpy as np

    for shift, factor in _MIXES:
        values = (values ^ (values >> np.uint64(shift))) * np.uint64(factor)
    return values ^ (values >> np.uint64(31))

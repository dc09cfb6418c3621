"""Closing a quarter. In: a run, and the runs beside it. Out: its line in the chain, unless a run of
an earlier period would stay open for ever; which closed runs are not as they were closed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from reporter.errors import InputError
from reporter.report.trend.earlier_runs import runs_below
from reporter.runs.chain import Closing, close, latest, read_chain, refuse_unlisted, state_of
from reporter.runs.run_manifest import read_manifest
from reporter.runs.store import read_data


def close_run(run: Path, skip: bool = False) -> tuple[Closing, bool]:
    """Close a run; return its line in the chain, and whether it is new.

    Raises InputError where a run of an earlier period lies beside it and is open, unless `skip`;
    and what `chain.close` raises.
    """
    run = run.resolve()
    unit = read_data(run).run.unit
    chain = read_chain(run.parent)
    refuse_unlisted(run.parent, chain)
    if not skip and run.name not in latest(chain):
        left = list(_left_open(run, unit, chain))
        if left:
            first, *more = left
            others = f" and {len(more)} more" if more else ""
            raise InputError(
                f"{first}{others} of an earlier period would stay open for ever: quarters are"
                " closed in their order",
                str(run),
                f"Close {first} first; or give --skip, if it is not to be closed.",
            )
    return close(run, unit)


def changed_beside(run: Path) -> list[str]:
    """Return which other closed runs of the folder are not as they were closed, and why."""
    folder = run.resolve().parent
    found = [
        (name, state_of(closing, folder)) for name, closing in latest(read_chain(folder)).items()
    ]
    return [f"{name}: {why[0]}" for name, why in found if why and name != run.resolve().name]


def _left_open(run: Path, unit: str, chain: Sequence[Closing]) -> Iterator[str]:
    """Yield the runs beside one, oldest first, that can be closed now and not after it."""
    own = read_manifest(run)
    of_unit = [c for c in chain if (c.organisation, c.unit) == (own["organisation"], unit)]
    closed = {c.period for c in of_unit}
    last = max((_time(c.as_of) for c in of_unit), default=None)
    found = []
    for other in runs_below(run.parent):
        with suppress(InputError):
            manifest = read_manifest(other)
            is_before = _time(manifest["period"][1]) <= _time(own["period"][0])
            is_late = last is not None and _time(manifest["as_of"]) <= last
            if (
                manifest["organisation"] == own["organisation"]
                and is_before
                and not is_late
                and tuple(manifest["period"]) not in closed
                and read_data(other).run.unit == unit
            ):
                found.append((_time(manifest["as_of"]), other.name))
    yield from (name for _, name in sorted(found))


def _time(text: Any) -> datetime:
    return datetime.fromisoformat(text)

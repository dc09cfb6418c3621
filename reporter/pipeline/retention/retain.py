"""Old runs removed from a folder. In: a folder of runs, how many or how old. Out: what is kept and
why, what is removed.

A run goes only if nothing holds it: no closing, no later run that was compared with it, no batch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from reporter.errors import InputError
from reporter.pipeline.batch.journal import NAME as JOURNAL
from reporter.pipeline.batch.journal import rows_of
from reporter.pipeline.batch.unit_order import LOCK
from reporter.pipeline.retention.stored_runs import StoredRun, series_of, stored_runs
from reporter.runs.chain import CHAIN, changed_files, changing, latest, read_chain, refuse_unlisted
from reporter.system.claims import claimed, clear_all, held
from reporter.system.plain_text import aligned
from reporter.system.retention import Retention


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one run."""

    run: StoredRun
    reason: str
    """Why it is kept; '' where it is removed."""


def retain(
    folder: Path,
    retention: Retention,
    dry_run: bool,
    announce: Callable[[Path], None] = lambda _: None,
    in_batch: bool = False,
) -> list[Fate]:
    """Remove the runs of a folder that need not be kept; return what became of each.

    Raises InputError where a manifest cannot be read or another process works here, and
    VerificationError where a chain does not hold: then nothing is removed.
    """
    folder = folder.absolute()
    with _alone(folder, in_batch):
        fates = _fates(folder, retention)
        for fate in fates if not dry_run else ():
            if not fate.reason:
                _remove(fate.run.folder, announce)
    return fates


@contextmanager
def _alone(folder: Path, in_batch: bool) -> Iterator[None]:
    """Have nobody assess, close or purge in a folder meanwhile."""
    if not folder.is_dir():
        raise InputError("no such folder", str(folder), "Give the folder that holds the runs.")
    with ExitStack() as stack:
        if not in_batch:
            stack.enter_context(claimed(folder / LOCK))
        for place in series_of(folder):
            clear_all(place, ".*.part")  # what a removal left that was killed
            if (place / CHAIN).exists():
                stack.enter_context(changing(place))
            ours = (LOCK, f".{CHAIN}.part")
            if others := [n for n in held(place, ".*.part") if n not in ours]:
                raise InputError(
                    f"another process works here ({others[0]}), and may read any of the runs",
                    str(place),
                    "Nothing was removed. Wait until it has ended.",
                )
        yield


def _fates(folder: Path, retention: Retention) -> list[Fate]:
    """Decide on each run, the newest of each series first."""
    runs = stored_runs(folder)
    closed: set[Path] = set()
    for place in series_of(folder):
        chain = read_chain(place)
        refuse_unlisted(place, chain)
        closed |= {place / name for name in latest(chain)}
    reasons = _reasons(runs, closed, _of_batch(folder), retention)
    return [Fate(run, reasons.get(run.folder, "")) for run in _newest_first(runs)]


def _newest_first(runs: Sequence[StoredRun]) -> list[StoredRun]:
    """Return runs by series, the newest first; of one moment the one that was made last."""
    made = {r.folder: (r.folder / "manifest.json").stat().st_mtime_ns for r in runs}
    return sorted(
        sorted(runs, key=lambda r: (r.as_of, made[r.folder], r.folder.name), reverse=True),
        key=lambda r: (str(r.series), r.organisation),
    )


def _reasons(
    runs: Sequence[StoredRun], closed: set[Path], of_batch: set[Path], retention: Retention
) -> dict[Path, str]:
    """Return why runs are kept; what is not among them goes."""
    series: Mapping[tuple[Path, str], list[StoredRun]] = defaultdict(list)
    for run in _newest_first(runs):
        series[run.series, run.organisation].append(run)
    reasons: dict[Path, str] = {}
    for members in series.values():
        for n, run in enumerate(members):
            if run.folder in closed:
                reasons[run.folder] = "closed"
            elif run.folder in of_batch:
                reasons[run.folder] = "the run of its unit in the last batch"
            elif retention.keep is not None and n < retention.keep:
                reasons[run.folder] = f"one of the newest {retention.keep}"
            elif retention.older_than and run.as_of >= retention.limit(members[0].as_of):
                reasons[run.folder] = f"not older than {retention.older_than}"
            elif n == 0:
                reasons[run.folder] = "the newest run"
            elif changes := list(changed_files(run.folder)):
                reasons[run.folder] = f"not as it was left ({changes[0]}): look at it first"
    _keep_earlier(runs, reasons)
    return reasons


def _keep_earlier(runs: Sequence[StoredRun], reasons: dict[Path, str]) -> None:
    """Keep what kept runs were compared with. What these were compared with may go: else nothing of
    a usual series, in which each run follows the one before, would ever go.
    """
    by_report = {digest: run for run in runs for digest in run.reports}
    for later in [run for run in runs if run.folder in reasons]:
        for digest in later.compared:
            if earlier := by_report.get(digest):
                reasons.setdefault(earlier.folder, f"the earlier run of {later.folder.name}")


def _of_batch(folder: Path) -> set[Path]:
    """Return the runs that the last batch names as those of its units."""
    if not (folder / JOURNAL).is_file():
        return set()
    rows = rows_of(folder / JOURNAL).values()
    return {folder / row["unit"] / row["run"] for row in rows if row.get("run")}


def _remove(run: Path, announce: Callable[[Path], None]) -> None:
    """Remove a run: it leaves its name in one step, and what is left of it then is a leaving."""
    place = run.parent / f".{run.name}.part"
    announce(place)
    with claimed(place):
        run.rename(place / "run")


def as_text(fates: Sequence[Fate], folder: Path, dry_run: bool) -> Iterator[str]:
    """Yield what became of each run, line by line, and how many were removed."""
    folder = folder.absolute()
    gone = "would be removed" if dry_run else "removed"
    rows = [
        (
            fate.run.folder.relative_to(folder).as_posix(),
            f"{fate.run.as_of:%Y-%m-%d}",
            f"kept: {fate.reason}" if fate.reason else gone,
        )
        for fate in fates
    ]
    if rows:
        yield from aligned([("run", "as of", ""), *rows])
        yield ""
    kept = sum(bool(fate.reason) for fate in fates)
    yield f"{len(fates)} runs: {kept} kept, {len(fates) - kept} {gone}"


def as_data(fates: Sequence[Fate], folder: Path) -> list[dict[str, str | bool]]:
    """Return what became of each run as plain data."""
    folder = folder.absolute()
    return [
        {
            "run": fate.run.folder.relative_to(folder).as_posix(),
            "as_of": fate.run.as_of.isoformat(),
            "kept": bool(fate.reason),
            "reason": fate.reason,
        }
        for fate in fates
    ]

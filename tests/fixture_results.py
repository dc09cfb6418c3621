"""Results by hand in an engine: what lies behind them, their counts, and the file in which a run leaves them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

from reporter.engine.duckdb import DuckDB
from reporter.evaluate.coded_results import RESULTS_TABLE
from reporter.evaluate.defects import by_cause, cause_names, defects
from reporter.evaluate.root_causes import CauseFailures, worst_first
from reporter.model.assessment import Check, Finding
from reporter.model.comparison import Cause, CauseGroup, ResultKey
from reporter.model.roadmap import Action, Efforts, Roadmap
from reporter.model.scores import Status, Tally
from reporter.runs.store import write_results
from reporter.schema.tables import CALLED

DAYS = Efforts(Fraction(1), dict.fromkeys(("critical", "high", "medium", "low"), Fraction(3)))
"""Person-days of actions, where a test gives none."""


def tallies(results: Iterable[Finding]) -> list[Tally]:
    """Count results as the scorer takes them."""
    kinds = Counter((f.check, f.status, f.tier_lo, f.tier_hi) for f in results)
    return [Tally(*kind, n) for kind, n in sorted(kinds.items())]


def explained(
    found: Iterable[Finding], checks: Iterable[Check], groups: Sequence[CauseGroup], actors: Mapping[ResultKey, tuple[str, ...]] = {}
) -> list[CauseFailures]:  # fmt: skip
    """Return the causes of the failures among results, the worst first, each with its own."""
    by_id = {c.id: c for c in checks}
    names = cause_names(by_id, groups)
    failed = sorted((f for f in found if f.status == Status.FAIL), key=lambda f: (names[f.check], f.check, f.subject))  # fmt: skip
    made = [e for _, own in by_cause(failed, by_id, groups, lambda _: actors) for e in own]
    return sorted(made, key=lambda e: worst_first(e.cause))


def defects_of(
    results: Iterable[Finding], checks: Sequence[Check], groups: Sequence[CauseGroup], efforts: Efforts = DAYS,
    own: Mapping[str, Fraction] = {},
) -> tuple[tuple[Cause, ...], tuple[Action, ...]]:  # fmt: skip
    """Return the causes and actions of results, as a run does."""
    results = tuple(results)
    with _engine(results) as engine:
        return _defects(engine, results, checks, groups, efforts, own)


def leave_results(
    results: Sequence[Finding], checks: Sequence[Check], groups: Sequence[CauseGroup], roadmap: Roadmap, folder: Path
) -> None:  # fmt: skip
    """Write results.parquet, as a run does."""
    with _engine(results) as engine:
        _defects(engine, results, checks, groups, DAYS, {})
        write_results(engine, checks, roadmap, folder)


def _defects(
    engine: DuckDB, results: Iterable[Finding], checks: Sequence[Check], groups: Sequence[CauseGroup], efforts: Efforts,
    own: Mapping[str, Fraction],
) -> tuple[tuple[Cause, ...], tuple[Action, ...]]:  # fmt: skip
    return defects(engine, checks, groups, tallies(results), efforts, own)


@contextmanager
def _engine(results: Iterable[Finding]) -> Iterator[DuckDB]:
    """Hold results in the table that checks fill."""
    with TemporaryDirectory() as work, DuckDB(Path(work)) as engine:
        engine.run(f"CREATE MACRO {CALLED}(plain) AS plain")
        engine.run("CREATE TABLE tiers (actor_id VARCHAR, registered BOOLEAN)")
        engine.run(RESULTS_TABLE)
        engine.insert("results", [
            (f.check, f.subject, f.status.value, f.reason_code, f.reason_values, f.ref, f.actor, f.owner, f.tier_lo, f.tier_hi,
             "" if f.status == Status.UNKNOWN else "record", f.waived_until, f.waiver)
            for f in results
        ])  # fmt: skip
        engine.insert("tiers", [(f.actor, 0) for f in results if not f.listed])
        yield engine

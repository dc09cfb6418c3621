"""The segments of an organisation and their results. In: an engine with results. Out: counted
results by environment, unit, tier, type.

A result counts in every segment to which an actor of its subject belongs; results of the
organisation itself count in none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby

from reporter.engine.base import Engine, quoted_list
from reporter.evaluate.extract import UNREGISTERED
from reporter.model.assessment import Check
from reporter.model.scores import Segment, Status, Tally
from reporter.schema.tables import CALLED, SUBJECTS

_SEGMENTS = (
    "SELECT actor_id, 'environment' AS dimension, coalesce(environment, '') AS value FROM actors"
    " UNION ALL SELECT actor_id, 'business unit', coalesce(business_unit, '') FROM actors UNION ALL"
    " SELECT actor_id, 'agent tier', CAST(tier_lo AS VARCHAR) || CASE WHEN tier_hi > tier_lo THEN"
    " '-' || CAST(tier_hi AS VARCHAR) ELSE '' END FROM tiers WHERE kind = 'agent' UNION ALL SELECT"
    " actor_id, 'actor type', coalesce(kind, '') FROM actors"
)
_AGENTS = (
    "SELECT actor_id, 'agent' AS dimension, actor_id AS value FROM agents "
    "WHERE coalesce(state, 'active') = 'active'"
)
_COUNTED = "check_id, status, tier_lo, tier_hi"
_OF_ONE = ("agent", "actor")


def segments(engine: Engine, checks: Sequence[Check]) -> list[Segment]:
    """Count the results of every segment, and note whether an unregistered agent did something of
    high impact there.
    """
    tallies = {key: tuple(counts) for key, counts in _count(engine, checks, _SEGMENTS)}
    sizes = {
        (d, v): n
        for d, v, n in engine.rows(
            "SELECT dimension, value, count(DISTINCT actor_id) FROM segment_results GROUP BY ALL"
        )
    }
    unregistered_acted = {
        (d, v)
        for d, v in engine.rows(
            f"SELECT DISTINCT dimension, value FROM slice_of WHERE actor_id IN ({UNREGISTERED})"
        )
    }
    return [
        Segment(*key, sizes[key], key in unregistered_acted, counts)
        for key, counts in tallies.items()
    ]


def agent_patterns(
    engine: Engine, checks: Sequence[Check]
) -> Iterator[tuple[tuple[str, ...], tuple[Tally, ...]]]:
    """Count the results of every active agent as a segment of its own; yield agents with equal
    counts together.

    Among thousands of agents a hundred patterns are usual.
    """
    counts = (
        f"SELECT value, {_COUNTED}, CASE WHEN shared THEN count(DISTINCT subject) ELSE count(*) END"
        f" AS n FROM segment_results GROUP BY value, {_COUNTED}, shared"
    )
    _view_segments(engine, checks, _AGENTS)
    rows = engine.each(
        f"WITH counted AS ({counts}), patterns AS (SELECT value, list((check_id, status, tier_lo,"
        " tier_hi, n) ORDER BY check_id, status, tier_lo, tier_hi, n) AS counts FROM counted GROUP"
        " BY value) SELECT list(value ORDER BY value), counts FROM patterns GROUP BY counts"
    )
    for agents, pattern in rows:
        yield (
            tuple(agents),
            tuple(Tally(c, Status(s), lo, hi, n) for c, s, lo, hi, n in pattern),
        )


def _count(
    engine: Engine, checks: Sequence[Check], segments: str
) -> Iterator[tuple[tuple[str, str], Iterator[Tally]]]:
    _view_segments(engine, checks, segments)
    rows = engine.each(
        f"SELECT dimension, value, {_COUNTED}, CASE WHEN shared THEN count(DISTINCT subject) ELSE"
        f" count(*) END FROM segment_results GROUP BY dimension, value, {_COUNTED}, shared ORDER BY"
        " ALL"
    )
    for (dimension, value), group in groupby(rows, key=lambda row: row[:2]):
        yield (
            (dimension, value),
            (Tally(c, Status(s), lo, hi, n) for _, _, c, s, lo, hi, n in group),
        )


def _view_segments(engine: Engine, checks: Sequence[Check], segments: str) -> None:
    engine.run(f"CREATE OR REPLACE TABLE slice_of AS {segments}")
    engine.run(_segment_results(checks))


def _segment_results(checks: Sequence[Check]) -> str:
    """SQL: the view segment_results, a row for each result, actor of its subject and segment of
    that actor.
    """
    ids: dict[str, list[str]] = defaultdict(list)
    for check in checks:
        if SUBJECTS[check.about]:
            ids["" if check.about in _OF_ONE else check.about].append(check.id)
    # Results may use other names for people and agents: both sides are compared under the names
    # of the run.
    selects = [
        "SELECT p.dimension, p.value, p.actor_id, c.check_id, c.subject, c.status, c.tier_lo,"
        f" c.tier_hi, {bool(about)} AS shared FROM results AS c "
        + (f"JOIN ({_called(about)}) AS s ON s.subject = {CALLED}(c.subject) " if about else "")
        + f"JOIN (SELECT *, {CALLED}(actor_id) AS who FROM slice_of) AS p ON p.who ="
        f" {'s.actor_id' if about else f'{CALLED}(c.actor)'} WHERE"
        f" list_contains({quoted_list(check_ids)}, c.check_id)"
        for about, check_ids in sorted(ids.items())
    ]
    return f"CREATE OR REPLACE VIEW segment_results AS {' UNION ALL '.join(selects)}"


def _called(about: str) -> str:
    return (
        f"SELECT {CALLED}(subject) AS subject, {CALLED}(actor_id) AS actor_id FROM"
        f" ({SUBJECTS[about]}) AS plain_subjects"
    )

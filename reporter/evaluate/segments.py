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
_OF_ONE = ("agent", "actor")


def segments(engine: Engine, checks: Sequence[Check]) -> list[Segment]:
    """Count the results of every segment, and note whether an unregistered agent did something of
    high impact there.

    Leaves the tables that `agent_patterns` reads.
    """
    _encode(engine, checks)
    _make_slices(engine, _SEGMENTS)
    rows = engine.each(
        "SELECT dimension, value, check_id, status, tier_lo, tier_hi, n FROM (SELECT dimension,"
        " value, k, sum(p.n * s.n)::BIGINT AS n FROM (SELECT dimension, value, pattern, count(*) AS"
        " n FROM slice_of JOIN own_pattern USING (who) GROUP BY ALL) AS s JOIN pattern_kinds AS p"
        " USING (pattern) GROUP BY dimension, value, k UNION ALL SELECT dimension, value, k,"
        " count(DISTINCT subject) FROM slice_of JOIN shared_results USING (who) GROUP BY dimension,"
        " value, k) AS counted JOIN kinds USING (k) ORDER BY ALL"
    )
    tallies = {
        key: tuple(Tally(c, Status(s), lo, hi, n) for _, _, c, s, lo, hi, n in group)
        for key, group in groupby(rows, key=lambda row: row[:2])
    }
    sizes = {
        (d, v): n
        for d, v, n in engine.rows(
            "SELECT dimension, value, count(DISTINCT actor_id) FROM slice_of WHERE who IN (SELECT"
            " who FROM own_pattern UNION ALL SELECT who FROM shared_results) GROUP BY ALL"
        )
    }
    acted = {
        (d, v)
        for d, v in engine.rows(
            f"SELECT DISTINCT dimension, value FROM slice_of WHERE actor_id IN ({UNREGISTERED})"
        )
    }
    return [
        Segment(dimension, value, sizes[dimension, value], (dimension, value) in acted, counts)
        for (dimension, value), counts in tallies.items()
    ]


def agent_patterns(engine: Engine) -> Iterator[tuple[tuple[str, ...], tuple[Tally, ...]]]:
    """Count the results of every active agent as a segment of its own; yield agents with equal
    counts together.

    Among thousands of agents a hundred patterns are usual.
    """
    kinds = {
        k: (c, Status(s), lo, hi)
        for k, c, s, lo, hi in engine.rows(
            "SELECT k, check_id, status, tier_lo, tier_hi FROM kinds"
        )
    }
    own_kinds = defaultdict(list)
    for pattern, k, n in engine.rows("SELECT pattern, k, n FROM pattern_kinds"):
        own_kinds[pattern].append((k, n))
    _make_slices(engine, _AGENTS)
    rows = engine.each(
        "WITH shared AS (SELECT who, list((k, n) ORDER BY k) AS counts FROM (SELECT who, k,"
        " count(DISTINCT subject) AS n FROM shared_results GROUP BY who, k) AS counted GROUP BY"
        " who) SELECT list(value ORDER BY value), pattern, counts FROM slice_of LEFT JOIN"
        " own_pattern USING (who) LEFT JOIN shared USING (who) GROUP BY pattern, counts"
    )
    for agents, pattern, shared in rows:
        counts = sorted((*kinds[k], n) for k, n in (*own_kinds[pattern], *(shared or ())))
        yield tuple(agents), tuple(Tally(*count) for count in counts)


def _make_slices(engine: Engine, slices: str) -> None:
    engine.run(
        f"CREATE OR REPLACE TABLE slice_of AS SELECT *, {CALLED}(actor_id) AS who FROM ({slices})"
        " AS named"
    )


def _encode(engine: Engine, checks: Sequence[Check]) -> None:
    """Number the kinds of results, and the patterns of kinds that actors have.

    An actor has a result in most checks: each row is grouped once, by numbers. Results of subjects
    that several actors may share are few, and stay rows of `shared_results`.
    """
    ids: dict[str, list[str]] = defaultdict(list)
    for check in checks:
        if SUBJECTS[check.about]:
            ids["" if check.about in _OF_ONE else check.about].append(check.id)
    engine.run(
        "CREATE OR REPLACE TABLE kinds AS SELECT *, row_number() OVER (ORDER BY check_id, status,"
        " tier_lo, tier_hi) AS k FROM (SELECT DISTINCT check_id, status, tier_lo, tier_hi FROM"
        " results) AS seen"
    )
    numbered = "results AS c JOIN kinds USING (check_id, status, tier_lo, tier_hi)"
    # Results may use other names for people and agents: both sides are compared under the names
    # of the run.
    engine.run(
        f"CREATE OR REPLACE TABLE own_kinds AS SELECT {CALLED}(c.actor) AS who, list_sort(list(k))"
        f" AS ks FROM {numbered} WHERE list_contains({quoted_list(ids.pop('', []))}, c.check_id)"
        " GROUP BY 1"
    )
    engine.run(
        "CREATE OR REPLACE TABLE patterns AS SELECT ks, row_number() OVER (ORDER BY ks) AS pattern"
        " FROM (SELECT DISTINCT ks FROM own_kinds) AS seen"
    )
    engine.run(
        "CREATE OR REPLACE TABLE own_pattern AS SELECT who, pattern FROM own_kinds JOIN patterns"
        " USING (ks)"
    )
    engine.run(
        "CREATE OR REPLACE TABLE pattern_kinds AS SELECT pattern, k, count(*) AS n FROM (SELECT"
        " pattern, unnest(ks) AS k FROM patterns) AS each_kind GROUP BY pattern, k"
    )
    shared = [
        f"SELECT s.actor_id AS who, c.subject, k FROM {numbered} JOIN ({_called(about)}) AS s ON"
        f" s.subject = {CALLED}(c.subject) WHERE list_contains({quoted_list(names)}, c.check_id)"
        for about, names in sorted(ids.items())
    ]
    nobody = "SELECT '' AS who, '' AS subject, 0 AS k WHERE FALSE"
    engine.run(f"CREATE OR REPLACE TABLE shared_results AS {' UNION ALL '.join([nobody, *shared])}")


def _called(about: str) -> str:
    return (
        f"SELECT {CALLED}(subject) AS subject, {CALLED}(actor_id) AS actor_id FROM"
        f" ({SUBJECTS[about]}) AS plain_subjects"
    )

"""The segments of an organisation and their results. In: an engine with results. Out: counted
results by environment, unit, tier, type.

A result counts in every segment to which an actor of its subject belongs; results of the
organisation itself count in none.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from reporter.engine.base import Engine, quoted, quoted_list
from reporter.model.assessment import Check
from reporter.model.scores import Segment, Status, Tally, TierWord
from reporter.model.source import Source
from reporter.schema.tables import CALLED, SUBJECTS
from reporter.schema.vocabulary import EVIDENCE

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
    """Count the results of every segment.

    Leaves the tables that `agent_patterns` reads.
    """
    _encode(engine, checks)
    _make_slices(engine, _SEGMENTS)
    rows = engine.each(
        "SELECT dimension, value, check_id, status, tier_lo, tier_hi, sum(p.n * s.n)::BIGINT FROM"
        " (SELECT dimension, value, pattern, count(*) AS n FROM slice_of JOIN own_pattern USING"
        " (who) GROUP BY ALL UNION ALL SELECT dimension, value, pattern, count(DISTINCT subject)"
        " FROM slice_of JOIN shared_pattern USING (who) GROUP BY dimension, value, pattern) AS s"
        " JOIN pattern_kinds AS p USING (pattern) JOIN kinds USING (k) GROUP BY ALL ORDER BY ALL"
    )
    tallies = {
        key: tuple(Tally(c, Status(s), lo, hi, n) for _, _, c, s, lo, hi, n in group)
        for key, group in groupby(rows, key=lambda row: row[:2])
    }
    sizes = {
        (d, v): n
        for d, v, n in engine.rows(
            "SELECT dimension, value, count(DISTINCT actor_id) FROM slice_of WHERE who IN (SELECT"
            " who FROM own_pattern UNION ALL SELECT who FROM shared_pattern) GROUP BY ALL"
        )
    }
    return [
        Segment(dimension, value, sizes[dimension, value], counts)
        for (dimension, value), counts in tallies.items()
    ]


def agent_patterns(engine: Engine) -> Iterator[tuple[tuple[str, ...], tuple[Tally, ...]]]:
    """Count the results of every active agent as a segment of its own; yield agents with equal
    patterns together.

    Among thousands of agents a hundred combinations are usual.
    """
    return _patterns(engine, _AGENTS)


def declared_tiers(engine: Engine, sources: Iterable[Source]) -> list[TierWord]:
    """Return the actors of a tier below the highest whose risk tier is only declared, under their
    names in the run.

    Makes the table that `tiered_patterns` and `sharing` read.
    """
    declared = [s.id for s in sources if s.class_of("actors.risk_tier") == EVIDENCE[0]]
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE declared_tiers AS SELECT actor_id, {CALLED}(actor_id) AS"
        " who, risk_tier, ref FROM tiers_as_said WHERE"
        f" list_has_all({quoted_list(declared)}, sources)"
    )
    rows = engine.rows("SELECT who, risk_tier, ref FROM declared_tiers ORDER BY ALL")
    return [TierWord(*row) for row in rows]


def tiered_patterns(engine: Engine) -> Iterator[tuple[tuple[str, ...], tuple[Tally, ...]]]:
    """Count the results of each actor whose tier is only declared as `agent_patterns` does."""
    return _patterns(
        engine, "SELECT actor_id, 'tier' AS dimension, who AS value FROM declared_tiers"
    )


def sharing(engine: Engine) -> frozenset[str]:
    """Return the actors of `declared_tiers` who share a subject with another of them."""
    own = "SELECT * FROM shared_pattern JOIN declared_tiers USING (who)"
    rows = engine.rows(
        f"SELECT DISTINCT who FROM ({own}) JOIN (SELECT subject, pattern FROM ({own}) GROUP BY ALL"
        " HAVING count(DISTINCT who) > 1) USING (subject, pattern)"
    )
    return frozenset(who for (who,) in rows)


def holders(engine: Engine, names: Iterable[str]) -> dict[str, set[str]]:
    """Return by actor of `declared_tiers` which of some results, named "check subject" as
    `relied` has them, are on it.
    """
    held: dict[str, set[str]] = defaultdict(set)
    by_about: dict[str, list[tuple[str, str]]] = defaultdict(list)
    abouts = dict(engine.rows("SELECT check_id, about FROM abouts"))
    for name in sorted(names):
        check, subject = name.split(" ", 1)
        if check in abouts:
            by_about[abouts[check]].append((name, subject))
    for about, wanted in by_about.items():
        engine.run("CREATE OR REPLACE TEMP TABLE wanted_names (name VARCHAR, subject VARCHAR)")
        engine.insert("wanted_names", wanted)
        for name, who in engine.rows(
            f"SELECT DISTINCT name, who FROM wanted_names JOIN ({SUBJECTS[about or 'agent']}) USING"
            " (subject) JOIN declared_tiers USING (actor_id)"
        ):
            held[who].add(name)
    return held


def _patterns(engine: Engine, slices: str) -> Iterator[tuple[tuple[str, ...], tuple[Tally, ...]]]:
    kinds = {
        k: (c, Status(s), lo, hi)
        for k, c, s, lo, hi in engine.rows(
            "SELECT k, check_id, status, tier_lo, tier_hi FROM kinds"
        )
    }
    kinds_of = defaultdict(list)
    for pattern, k, n in engine.rows("SELECT pattern, k, n FROM pattern_kinds"):
        kinds_of[pattern].append((k, n))
    _make_slices(engine, slices)
    rows = engine.each(
        "WITH shared AS (SELECT who, list((pattern, n) ORDER BY pattern, n) AS parts FROM (SELECT"
        " who, pattern, count(DISTINCT subject) AS n FROM shared_pattern GROUP BY who, pattern) AS"
        " counted GROUP BY who) SELECT list(value ORDER BY value), pattern, parts FROM slice_of"
        " LEFT JOIN own_pattern USING (who) LEFT JOIN shared USING (who) GROUP BY pattern, parts"
    )
    for agents, own, shared in rows:
        counts: Counter[int] = Counter()
        for pattern, times in ((own, 1), *(shared or ())):
            for k, n in kinds_of[pattern]:
                counts[k] += n * times
        tallies = sorted((*kinds[k], n) for k, n in counts.items())
        yield tuple(agents), tuple(Tally(*tally) for tally in tallies)


def _make_slices(engine: Engine, slices: str) -> None:
    engine.run(
        f"CREATE OR REPLACE TABLE slice_of AS SELECT *, {CALLED}(actor_id) AS who FROM ({slices})"
        " AS named"
    )


def _encode(engine: Engine, checks: Sequence[Check]) -> None:
    """Number the kinds of results, and the patterns of kinds that actors and shared subjects have.

    A subject has a result in most checks: each row is grouped once, by numbers, and only then laid
    beside the actors to whom its subject belongs. All checks of a pattern are about the same.
    """
    engine.run("CREATE OR REPLACE TABLE abouts (check_id VARCHAR, about VARCHAR)")
    abouts = {c.id: "" if c.about in _OF_ONE else c.about for c in checks if SUBJECTS[c.about]}
    engine.insert("abouts", list(abouts.items()))
    engine.run(
        "CREATE OR REPLACE TABLE kinds AS SELECT *, CAST(row_number() OVER (ORDER BY check_id,"
        " status, tier_lo, tier_hi) AS INTEGER) AS k FROM (SELECT DISTINCT check_id, status,"
        " tier_lo, tier_hi FROM results) AS seen"
    )
    # Results may use other names for people and agents: both sides are compared under the names
    # of the run.
    numbered = (
        "SELECT {}, list_sort(list(k)) AS ks FROM results AS c JOIN (SELECT kinds.*, about FROM"
        " kinds JOIN abouts ON abouts.check_id = kinds.check_id) AS n ON n.check_id = c.check_id"
        " AND n.status = c.status AND n.tier_lo = c.tier_lo AND n.tier_hi = c.tier_hi WHERE about"
        " {} '' GROUP BY ALL"
    )
    own, shared = f"{CALLED}(c.actor) AS who", "about, c.subject"
    engine.run(f"CREATE OR REPLACE TABLE own_kinds AS {numbered.format(own, '=')}")
    engine.run(f"CREATE OR REPLACE TABLE shared_kinds AS {numbered.format(shared, '<>')}")
    engine.run(
        "CREATE OR REPLACE TABLE patterns AS SELECT ks, row_number() OVER (ORDER BY ks) AS pattern"
        " FROM (SELECT ks FROM own_kinds UNION SELECT ks FROM shared_kinds) AS seen"
    )
    engine.run(
        "CREATE OR REPLACE TABLE own_pattern AS SELECT who, pattern FROM own_kinds JOIN patterns"
        " USING (ks)"
    )
    engine.run(
        "CREATE OR REPLACE TABLE pattern_kinds AS SELECT pattern, k, count(*) AS n FROM (SELECT"
        " pattern, unnest(ks) AS k FROM patterns) AS each_kind GROUP BY pattern, k"
    )
    owners = [
        f"SELECT {quoted(about)} AS about, {CALLED}(subject) AS subject, {CALLED}(actor_id) AS who"
        f" FROM ({SUBJECTS[about]}) AS plain_subjects"
        for about in sorted({*abouts.values()} - {""})
    ]
    nobody = "SELECT '' AS about, '' AS subject, '' AS who WHERE FALSE"
    engine.run(
        "CREATE OR REPLACE TABLE shared_pattern AS SELECT s.who, c.subject, pattern FROM"
        f" ({' UNION ALL '.join([nobody, *owners])}) AS s JOIN (SELECT about, subject,"
        f" {CALLED}(subject) AS called, pattern FROM shared_kinds JOIN patterns USING (ks)) AS c ON"
        " c.about = s.about AND c.called = s.subject"
    )
    engine.run("DROP TABLE own_kinds")
    engine.run("DROP TABLE shared_kinds")

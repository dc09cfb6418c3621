"""The effect of waivers and compensating controls on results. In: an engine with results,
statements. Out: results changed or marked, and each statement with its effect.

Proof comes from the original results, so that no compensated result proves another one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as Group
from dataclasses import replace
from datetime import datetime
from functools import reduce

from reporter.engine.base import Engine, quoted_list
from reporter.i18n.translate import mark
from reporter.model.assessment import Check
from reporter.model.scores import HELD
from reporter.model.sentences import Sentence, Value, joined, tell
from reporter.model.statements import Compensation, Waiver
from reporter.schema.tables import SUBJECTS
from reporter.statements.approvers import Directory

_TIER = 3
"""From this tier up, a critical failure cannot be waived."""
_OBJECTIONS = {
    "own": mark("approved by its owner"),
    "self": mark("approved by the person it concerns"),
    "unowned": mark("no owner is known, so nothing shows that someone else approved it"),
    "critical": mark(
        "a critical failure on a subject that is, or may be, tier 3 or 4 is not waived without a"
        " compensating control"
    ),
}
"""Objections to a statement."""


def compensate(
    engine: Engine,
    compensations: Sequence[Compensation],
    checks: Iterable[Check],
    directory: Directory,
) -> tuple[Compensation, ...]:
    """Mark each failing result as compensated if its substitute check is proven. Table `relied`
    has what each then rests on.
    """
    engine.run(_RELIED)
    if all(c.why for c in compensations):
        return tuple(compensations)
    about = {c.id: c.about for c in checks}
    _match(engine, compensations, about, (), directory)
    counts, proofs = _match_counts(engine), _proofs(engine, compensations, about)
    outcomes = [
        _compensation_outcome(c, counts[n], proofs.get(n)) for n, c in enumerate(compensations)
    ]
    _note_proofs(engine, [n for n, c in enumerate(outcomes) if c.counts_as], about)
    best: dict[tuple[str, str], Compensation] = {}
    for c in sorted(outcomes, key=lambda c: (c.expires, c.ref)):
        if c.counts_as:
            best[c.check, c.subject] = c
    engine.run(
        "CREATE OR REPLACE TEMP TABLE made_good (check_id VARCHAR, subject VARCHAR, by_check"
        " VARCHAR, until VARCHAR, ref VARCHAR)"
    )
    engine.insert(
        "made_good", [(*result, c.by_check, _until(c.expires), c.ref) for result, c in best.items()]
    )
    engine.run(
        "UPDATE results SET status = 'compensated', reason_values ="
        " CAST(json_merge_patch(coalesce(nullif(reason_values, ''), '{}'),"
        " json_object('compensated', json_object('by', m.by_check, 'until', m.until, 'ref',"
        " m.ref))) AS VARCHAR) FROM made_good AS m WHERE results.check_id = m.check_id AND"
        " results.subject = m.subject AND results.status = 'fail'"
    )
    return tuple(outcomes)


def waive(
    engine: Engine,
    waivers: Sequence[Waiver],
    checks: Iterable[Check],
    as_of: datetime,
    directory: Directory,
) -> tuple[Waiver, ...]:
    """Mark each failing result that a waiver covers; of several waivers the one that ends last is
    recorded.
    """
    if all(w.why for w in waivers):
        return tuple(waivers)
    checks = tuple(checks)
    critical = [c.id for c in checks if c.severity == "critical"]
    _match(engine, waivers, {c.id: c.about for c in checks}, critical, directory)
    engine.run(
        "UPDATE results SET waived_until = m.until, waiver = m.ref FROM (SELECT check_id, subject, "
        "arg_max(until, (until, -n)) AS until, arg_max(ref, (until, -n)) AS ref FROM matched "
        "WHERE objection = '' GROUP BY ALL) AS m "
        "WHERE results.check_id = m.check_id AND results.subject = m.subject"
    )
    counts = _match_counts(engine)
    return tuple(_waiver_outcome(w, counts[n], as_of) for n, w in enumerate(waivers))


# whom a statement is about


def _match(
    engine: Engine,
    statements: Sequence[Waiver | Compensation],
    about: Mapping[str, str],
    critical: Sequence[str],
    directory: Directory,
) -> None:
    """Make `matched`: n of a statement, each result that it names, and the objection to it, or ''
    if there is none.
    """
    candidates = [(n, s) for n, s in enumerate(statements) if not s.why]
    engine.run(
        "CREATE OR REPLACE TEMP TABLE stated (n BIGINT, check_id VARCHAR, subject VARCHAR, approver"
        " VARCHAR, until VARCHAR, ref VARCHAR)"
    )
    engine.insert(
        "stated",
        [(n, s.check, s.subject, s.approved_by, _until(s.expires), s.ref) for n, s in candidates],
    )
    results = (
        "SELECT s.n, s.approver, s.until, s.ref, c.check_id, c.subject, c.status, c.tier_hi FROM"
        " stated AS s JOIN results AS c"
    )
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE named AS {results} ON c.check_id = s.check_id AND c.subject"
        f" = s.subject UNION ALL {results} ON c.check_id = s.check_id WHERE s.subject = '' AND"
        " c.status = 'fail'"
    )
    _make_holders(engine, {s.check for _, s in candidates}, about, directory)
    organisation = quoted_list([i for i, kind in about.items() if not SUBJECTS[kind]])
    engine.run(
        "CREATE OR REPLACE TEMP TABLE matched AS SELECT m.n, m.until, m.ref, m.check_id,"
        f" m.subject, CASE WHEN m.status <> 'fail' THEN m.status WHEN m.tier_hi >= {_TIER} AND"
        f" list_contains({quoted_list(critical)}, m.check_id) THEN 'critical' WHEN o.own THEN 'own'"
        f" WHEN o.self THEN 'self' WHEN list_contains({organisation}, m.check_id) OR o.owned THEN"
        " '' ELSE 'unowned' END AS objection FROM named AS m LEFT JOIN (SELECT m.n, m.check_id,"
        " m.subject, bool_or(p.party = t.owner) AS own, bool_or(p.party = h.actor_id) AS self,"
        " bool_and(coalesce(t.owner, '') <> '') AS owned FROM named AS m JOIN holders AS h ON"
        " h.check_id = m.check_id AND h.subject = m.subject LEFT JOIN tiers AS t ON t.actor_id ="
        " h.actor_id LEFT JOIN persons AS p ON p.person = m.approver AND (p.party = t.owner OR"
        " p.party = h.actor_id) GROUP BY ALL) AS o ON o.n = m.n AND o.check_id = m.check_id AND"
        " o.subject = m.subject"
    )


def _make_holders(
    engine: Engine, ids: Group[str], about: Mapping[str, str], directory: Directory
) -> None:
    """Make `holders`, the actors of each failing result, and `persons`, the owners and people that
    each signer is.
    """
    engine.run(
        "CREATE OR REPLACE TEMP TABLE holders (check_id VARCHAR, subject VARCHAR, actor_id VARCHAR)"
    )
    for kind in sorted({about[i] for i in ids}):
        if SUBJECTS[kind]:
            kind_ids = quoted_list(sorted(i for i in ids if about[i] == kind))
            engine.run(
                "INSERT INTO holders SELECT DISTINCT m.check_id, m.subject, s.actor_id FROM named"
                f" AS m JOIN ({SUBJECTS[kind]}) AS s ON s.subject = m.subject WHERE m.status ="
                f" 'fail' AND list_contains({kind_ids}, m.check_id)"
            )
    parties = engine.rows(
        "SELECT owner FROM holders JOIN tiers USING (actor_id) WHERE owner <> '' UNION "
        "SELECT actor_id FROM holders JOIN tiers USING (actor_id) WHERE kind = 'human' ORDER BY 1"
    )
    signers = engine.rows("SELECT DISTINCT approver FROM stated ORDER BY 1")
    engine.run("CREATE OR REPLACE TEMP TABLE persons (party VARCHAR, person VARCHAR)")
    engine.insert(
        "persons",
        [
            (party, signer)
            for (party,) in parties
            for (signer,) in signers
            if directory.same(party, signer)
        ],
    )


def _match_counts(engine: Engine) -> dict[int, dict[str, int]]:
    """Count the results of each statement by objection."""
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for n, objection, results in engine.rows(
        "SELECT n, objection, count(*) FROM matched GROUP BY ALL ORDER BY ALL"
    ):
        counts[n][objection] = results
    return counts


def _waiver_outcome(waiver: Waiver, counts: Mapping[str, int], as_of: datetime) -> Waiver:
    """Return a waiver with its effect."""
    if waiver.why:
        return waiver
    if not counts and waiver.subject:
        return replace(waiver, why=_no_subject(waiver))
    objections = [
        Sentence(_OBJECTIONS[k])
        if waiver.subject
        else tell("{why} ({n})", why=Sentence(_OBJECTIONS[k]), n=n)
        for k, n in counts.items()
        if k in _OBJECTIONS
    ]
    if results := counts.get("", 0):
        is_overdue = waiver.review_at is not None and waiver.review_at.date() < as_of.date()
        reasons = [tell("off the roadmap, score unchanged")]
        if is_overdue and waiver.review_at:
            reasons.append(tell("review overdue since {day}", day=_until(waiver.review_at)))
        reasons += [tell("not where {why}", why=a) for a in objections]
        return replace(waiver, counts_as="waived", results=results, why=joined(*reasons))
    if objections:
        return replace(waiver, why=tell("no effect: {why}", why=joined(*objections)))
    for status in counts:
        return replace(
            waiver,
            why=tell(
                "covers no failure: {check} is {status:word} on it",
                check=waiver.check,
                status=status,
            ),
        )
    return replace(waiver, why=tell("covers nothing that fails"))


# what proves a compensating control


def _proofs(
    engine: Engine, compensations: Sequence[Compensation], about: Mapping[str, str]
) -> dict[int, tuple[Value, tuple[str, ...]]]:
    """Return the bearer whose results of the other check decide, and these results, by place in
    `compensations`.

    Results on the same subject come first, then those on all of its actors, then those on the
    organisation.
    """
    candidates = {n: c for n, c in enumerate(compensations) if not c.why}
    engine.run("CREATE OR REPLACE TEMP TABLE others (n BIGINT, by_check VARCHAR)")
    engine.insert("others", [(n, c.by_check) for n, c in candidates.items()])
    proofs: dict[int, tuple[Value, tuple[str, ...]]] = {}
    organisation_statuses = dict(
        engine.rows(
            "SELECT check_id, list_sort(list(DISTINCT status)) FROM results "
            "WHERE check_id IN (SELECT by_check FROM others) GROUP BY check_id"
        )
    )
    for n, c in candidates.items():
        if not SUBJECTS[about[c.by_check]] and c.by_check in organisation_statuses:
            proofs[n] = tell("the organisation"), tuple(organisation_statuses[c.by_check])
    actors: dict[int, dict[str, Sequence[str]]] = defaultdict(dict)
    for kind in sorted({about[c.by_check] for c in candidates.values()}):
        if SUBJECTS[kind]:
            for n, actor, actor_statuses in engine.rows(
                _statuses_of_actors(SUBJECTS[kind], kind, about)
            ):
                actors[n][actor] = actor_statuses or ["without a result"]
    for n, by_actor in actors.items():
        if any(v != ["without a result"] for v in by_actor.values()):
            proofs[n] = (
                tuple(sorted(by_actor)),
                tuple(sorted({v for statuses in by_actor.values() for v in statuses})),
            )
    for n, subject, status in engine.rows(
        "SELECT o.n, c.subject, c.status FROM others AS o JOIN stated AS s ON s.n = o.n "
        "JOIN results AS c ON c.check_id = o.by_check AND c.subject = s.subject"
    ):
        proofs[n] = subject, (status,)
    return proofs


def _statuses_of_actors(subjects: str, kind: str, about: Mapping[str, str]) -> str:
    """SQL: n, an actor of the failing subject, and the results of the other check on that actor."""
    ids = quoted_list([i for i, k in about.items() if k == kind])
    return (
        "SELECT o.n, h.actor_id, list_sort(list(DISTINCT p.status) FILTER (p.status IS NOT NULL))"
        " FROM others AS o JOIN stated AS s ON s.n = o.n JOIN holders AS h ON h.check_id ="
        " s.check_id AND h.subject = s.subject LEFT JOIN (SELECT c.check_id, c.status, x.actor_id"
        f" FROM results AS c JOIN ({subjects}) AS x ON x.subject = c.subject WHERE c.check_id IN"
        " (SELECT by_check FROM others)) AS p ON p.check_id = o.by_check AND p.actor_id ="
        f" h.actor_id WHERE list_contains({ids}, o.by_check) GROUP BY ALL ORDER BY ALL"
    )


_RELIED = (
    "CREATE OR REPLACE TEMP TABLE relied (check_id VARCHAR, result BIGINT, tier_lo BIGINT, tier_hi"
    " BIGINT, statement BIGINT, by_check VARCHAR, word VARCHAR, word_lo BIGINT, word_hi BIGINT,"
    " name VARCHAR)"
)
"""A row for each declared result that proves a statement on a compensated result; one without a
word where none does.
"""


def _note_proofs(engine: Engine, counted: Sequence[int], about: Mapping[str, str]) -> None:
    """Fill `relied` for the statements that count, by the results that `_proofs` decides by."""
    engine.run("CREATE OR REPLACE TEMP TABLE counting (n BIGINT)")
    engine.insert("counting", [(n,) for n in counted])
    proof = "c.check_id, c.subject, c.status, c.tier_lo, c.tier_hi FROM others AS o"
    joined_results = "JOIN results AS c ON c.check_id = o.by_check"
    organisation = quoted_list([i for i, kind in about.items() if not SUBJECTS[kind]])
    queries = [
        f"SELECT o.n, 0 AS place, {proof} JOIN stated AS s ON s.n = o.n {joined_results} AND"
        " c.subject = s.subject",
        f"SELECT o.n, 2, {proof} {joined_results} WHERE list_contains({organisation}, o.by_check)",
    ]
    for kind in sorted({k for k in about.values() if SUBJECTS[k]}):
        ids = quoted_list([i for i, k in about.items() if k == kind])
        queries.append(
            f"SELECT DISTINCT o.n, 1, {proof} JOIN stated AS s ON s.n = o.n JOIN holders AS h ON"
            " h.check_id = s.check_id AND h.subject = s.subject JOIN"
            f" ({SUBJECTS[kind]}) AS x ON x.actor_id = h.actor_id {joined_results} AND c.subject ="
            f" x.subject WHERE list_contains({ids}, o.by_check)"
        )
    engine.run(
        "INSERT INTO relied SELECT r.check_id, dense_rank() OVER (ORDER BY r.check_id, r.subject),"
        " r.tier_lo, r.tier_hi, s.n, p.check_id, p.check_id || ' ' || p.subject, p.tier_lo,"
        " p.tier_hi, r.check_id || ' ' || r.subject FROM counting JOIN stated AS s USING (n) JOIN"
        " results AS r ON r.check_id = s.check_id AND r.subject = s.subject LEFT JOIN (SELECT *"
        f" FROM ({' UNION ALL '.join(queries)}) AS q QUALIFY place = min(place) OVER (PARTITION BY"
        " n))"
        " AS p ON p.n = s.n AND p.status = 'declared'"
    )


def _compensation_outcome(
    compensation: Compensation,
    counts: Mapping[str, int],
    proof: tuple[Value, tuple[str, ...]] | None,
) -> Compensation:
    """Return a compensating control with its effect."""
    if compensation.why:
        return compensation
    if not counts:
        return replace(compensation, why=_no_subject(compensation))
    (objection,) = counts
    if objection:
        if objection in _OBJECTIONS:
            return replace(compensation, why=Sentence(_OBJECTIONS[objection]))
        reason = tell(
            "nothing to compensate: {check} is {status:word} on it",
            check=compensation.check,
            status=objection,
        )
        return replace(compensation, why=reason)
    if proof is None:
        reason = tell(
            "not proven: {check} has no result on it, its actor or the organisation",
            check=compensation.by_check,
        )
        return replace(compensation, why=reason)
    holder, statuses = proof
    if {*statuses} - {*HELD}:
        sentences = [tell("{result:word}", result=v) for v in statuses if v not in HELD]
        reason = tell(
            "not proven: {check} is {results} on {who}",
            check=compensation.by_check,
            results=reduce(
                lambda one, more: tell("{one} and {other}", one=one, other=more), sentences
            ),
            who=holder,
        )
        return replace(compensation, why=reason)
    return replace(
        compensation,
        counts_as="compensated",
        results=1,
        why=tell("{check} passes on {who}", check=compensation.by_check, who=holder),
    )


def _no_subject(statement: Waiver | Compensation) -> Sentence:
    return tell(
        "no such subject in this run: {check} has no result on {subject}",
        check=statement.check,
        subject=statement.subject,
    )


def _until(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"

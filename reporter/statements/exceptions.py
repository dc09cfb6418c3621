"""What waivers and compensating controls do to results. In: an engine with results, statements.
Out: results changed or marked, and each statement with its effect.

Proof is looked for among the results as found, so that no compensated result proves another one.
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
from reporter.model.sentences import Sentence, Value, joined, tell
from reporter.model.statements import Compensation, Waiver
from reporter.schema.tables import SUBJECTS
from reporter.statements.approvers import Directory

_TIER = 3
"""From this tier on a critical failure is not waived."""
_SAID = {
    "own": mark("approved by its owner"),
    "self": mark("approved by the person it is about"),
    "unowned": mark("no owner is known, so nothing shows that somebody else approved it"),
    "critical": mark(
        "a critical failure on a subject that is, or may be, tier 3 or 4 is not waived without a"
        " compensating control"
    ),
}
"""What speaks against a statement."""


def compensate(
    engine: Engine, given: Sequence[Compensation], checks: Iterable[Check], who: Directory
) -> tuple[Compensation, ...]:
    """Turn each failing result whose substitute is proven into a compensated one."""
    if all(c.why for c in given):
        return tuple(given)
    about = {c.id: c.about for c in checks}
    _match(engine, given, about, (), who)
    found, shown = _found(engine), _shown(engine, given, about)
    done = [_weighed(c, found[n], shown.get(n)) for n, c in enumerate(given)]
    best: dict[tuple[str, str], Compensation] = {}
    for c in sorted(done, key=lambda c: (c.expires, c.ref)):
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
    return tuple(done)


def waive(
    engine: Engine,
    given: Sequence[Waiver],
    checks: Iterable[Check],
    as_of: datetime,
    who: Directory,
) -> tuple[Waiver, ...]:
    """Mark each failing result that a waiver covers; of several the one that ends last stands in
    it.
    """
    if all(w.why for w in given):
        return tuple(given)
    checks = tuple(checks)
    critical = [c.id for c in checks if c.severity == "critical"]
    _match(engine, given, {c.id: c.about for c in checks}, critical, who)
    engine.run(
        "UPDATE results SET waived_until = m.until, waiver = m.ref FROM (SELECT check_id, subject, "
        "arg_max(until, (until, -n)) AS until, arg_max(ref, (until, -n)) AS ref FROM matched "
        "WHERE objection = '' GROUP BY ALL) AS m "
        "WHERE results.check_id = m.check_id AND results.subject = m.subject"
    )
    found = _found(engine)
    return tuple(_waived(w, found[n], as_of) for n, w in enumerate(given))


# whom a statement is about


def _match(
    engine: Engine,
    given: Sequence[Waiver | Compensation],
    about: Mapping[str, str],
    critical: Sequence[str],
    who: Directory,
) -> None:
    """Make `matched`: n of a statement, each result that it names, and what speaks against it, ''
    if nothing does.
    """
    live = [(n, s) for n, s in enumerate(given) if not s.why]
    engine.run(
        "CREATE OR REPLACE TEMP TABLE stated (n BIGINT, check_id VARCHAR, subject VARCHAR, approver"
        " VARCHAR, until VARCHAR, ref VARCHAR)"
    )
    engine.insert(
        "stated",
        [(n, s.check, s.subject, s.approved_by, _until(s.expires), s.ref) for n, s in live],
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
    _hold(engine, {s.check for _, s in live}, about, who)
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


def _hold(engine: Engine, ids: Group[str], about: Mapping[str, str], who: Directory) -> None:
    """Make `holders`, the actors of each failing result, and `persons`, whoever signed beside the
    owners and people that he is.
    """
    engine.run(
        "CREATE OR REPLACE TEMP TABLE holders (check_id VARCHAR, subject VARCHAR, actor_id VARCHAR)"
    )
    for kind in sorted({about[i] for i in ids}):
        if SUBJECTS[kind]:
            own = quoted_list(sorted(i for i in ids if about[i] == kind))
            engine.run(
                "INSERT INTO holders SELECT DISTINCT m.check_id, m.subject, s.actor_id FROM named"
                f" AS m JOIN ({SUBJECTS[kind]}) AS s ON s.subject = m.subject WHERE m.status ="
                f" 'fail' AND list_contains({own}, m.check_id)"
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
            if who.same(party, signer)
        ],
    )


def _found(engine: Engine) -> dict[int, dict[str, int]]:
    """Count the results of each statement by what speaks against it."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for n, objection, results in engine.rows(
        "SELECT n, objection, count(*) FROM matched GROUP BY ALL ORDER BY ALL"
    ):
        found[n][objection] = results
    return found


def _waived(w: Waiver, found: Mapping[str, int], as_of: datetime) -> Waiver:
    """Say what a waiver does."""
    if w.why:
        return w
    if not found and w.subject:
        return replace(w, why=_absent(w))
    against = [
        Sentence(_SAID[k]) if w.subject else tell("{why} ({n})", why=Sentence(_SAID[k]), n=n)
        for k, n in found.items()
        if k in _SAID
    ]
    if results := found.get("", 0):
        overdue = w.review_at is not None and w.review_at.date() < as_of.date()
        why = [tell("off the roadmap, score unchanged")]
        if overdue and w.review_at:
            why.append(tell("review overdue since {day}", day=_until(w.review_at)))
        why += [tell("not where {why}", why=a) for a in against]
        return replace(w, counts_as="waived", results=results, why=joined(*why))
    if against:
        return replace(w, why=tell("no effect: {why}", why=joined(*against)))
    for status in found:
        return replace(
            w,
            why=tell(
                "covers nothing that fails: {check} is {status:word} on it",
                check=w.check,
                status=status,
            ),
        )
    return replace(w, why=tell("covers nothing that fails"))


# what proves a compensating control


def _shown(
    engine: Engine, given: Sequence[Compensation], about: Mapping[str, str]
) -> dict[int, tuple[Value, tuple[str, ...]]]:
    """Return whose verdicts of the other check decide, and which these are, by place in `given`.

    Those of the same subject; else of all the actors that it belongs to; else of the organisation.
    """
    live = {n: c for n, c in enumerate(given) if not c.why}
    engine.run("CREATE OR REPLACE TEMP TABLE others (n BIGINT, by_check VARCHAR)")
    engine.insert("others", [(n, c.by_check) for n, c in live.items()])
    found: dict[int, tuple[Value, tuple[str, ...]]] = {}
    shared = dict(
        engine.rows(
            "SELECT check_id, list_sort(list(DISTINCT status)) FROM results "
            "WHERE check_id IN (SELECT by_check FROM others) GROUP BY check_id"
        )
    )
    for n, c in live.items():
        if not SUBJECTS[about[c.by_check]] and c.by_check in shared:
            found[n] = tell("the organisation"), tuple(shared[c.by_check])
    actors: dict[int, dict[str, Sequence[str]]] = defaultdict(dict)
    for kind in sorted({about[c.by_check] for c in live.values()}):
        if SUBJECTS[kind]:
            for n, actor, verdicts in engine.rows(_verdicts_of_actors(SUBJECTS[kind], kind, about)):
                actors[n][actor] = verdicts or ["without a verdict"]
    for n, of in actors.items():
        if any(v != ["without a verdict"] for v in of.values()):
            found[n] = tuple(sorted(of)), tuple(sorted({v for own in of.values() for v in own}))
    for n, subject, verdict in engine.rows(
        "SELECT o.n, c.subject, c.status FROM others AS o JOIN stated AS s ON s.n = o.n "
        "JOIN results AS c ON c.check_id = o.by_check AND c.subject = s.subject"
    ):
        found[n] = subject, (verdict,)
    return found


def _verdicts_of_actors(subjects: str, kind: str, about: Mapping[str, str]) -> str:
    """SQL: n, an actor that the failing subject belongs to, the verdicts of the other check on what
    is the actor's.
    """
    ids = quoted_list([i for i, k in about.items() if k == kind])
    return (
        "SELECT o.n, h.actor_id, list_sort(list(DISTINCT p.status) FILTER (p.status IS NOT NULL))"
        " FROM others AS o JOIN stated AS s ON s.n = o.n JOIN holders AS h ON h.check_id ="
        " s.check_id AND h.subject = s.subject LEFT JOIN (SELECT c.check_id, c.status, x.actor_id"
        f" FROM results AS c JOIN ({subjects}) AS x ON x.subject = c.subject WHERE c.check_id IN"
        " (SELECT by_check FROM others)) AS p ON p.check_id = o.by_check AND p.actor_id ="
        f" h.actor_id WHERE list_contains({ids}, o.by_check) GROUP BY ALL ORDER BY ALL"
    )


def _weighed(
    c: Compensation, found: Mapping[str, int], shown: tuple[Value, tuple[str, ...]] | None
) -> Compensation:
    """Say what a compensating control does."""
    if c.why:
        return c
    if not found:
        return replace(c, why=_absent(c))
    (against,) = found
    if against:
        if against in _SAID:
            return replace(c, why=Sentence(_SAID[against]))
        idle = tell(
            "nothing to make good: {check} is {status:word} on it", check=c.check, status=against
        )
        return replace(c, why=idle)
    if shown is None:
        unproven = tell(
            "not proven: {check} has no verdict on it, its actor or the organisation",
            check=c.by_check,
        )
        return replace(c, why=unproven)
    who, verdicts = shown
    if verdicts != ("pass",):
        others = [tell("{verdict:word}", verdict=v) for v in verdicts if v != "pass"]
        unproven = tell(
            "not proven: {check} is {verdicts} on {who}",
            check=c.by_check,
            verdicts=reduce(
                lambda one, more: tell("{one} and {other}", one=one, other=more), others
            ),
            who=who,
        )
        return replace(c, why=unproven)
    return replace(
        c,
        counts_as="compensated",
        results=1,
        why=tell("{check} passes on {who}", check=c.by_check, who=who),
    )


def _absent(s: Waiver | Compensation) -> Sentence:
    return tell(
        "no such subject in this run: {check} has no verdict on {subject}",
        check=s.check,
        subject=s.subject,
    )


def _until(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"

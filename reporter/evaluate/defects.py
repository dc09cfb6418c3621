"""Root causes of the failures of a run, and what can be done. In: an engine with results. Out:
causes, actions, and the table `led`.

Failures are read one group of causes at a time, and the engine counts what is unknown: results of a
run are never all in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from itertools import groupby

from reporter.engine.base import Engine, quoted_list
from reporter.evaluate.remediation import Unknown, evidence_action, fix_actions, tallied
from reporter.evaluate.root_causes import CauseFailures, root_causes, worst_first
from reporter.evaluate.unassessed import FOUND
from reporter.model.assessment import Check, Finding
from reporter.model.comparison import Cause, CauseGroup, ResultKey
from reporter.model.reasons import says_alike
from reporter.model.roadmap import Action, Efforts, Missing
from reporter.model.scores import Status, Tally
from reporter.schema.tables import CALLED, LISTED, SHARED_BY, SUBJECTS

Sharers = Callable[[Iterable[str]], Mapping[ResultKey, tuple[str, ...]]]
"""Failing checks -> all the actors of a subject, where it belongs to more than one."""


def defects(
    engine: Engine,
    checks: Iterable[Check],
    groups: Sequence[CauseGroup],
    tallies: Iterable[Tally],
    efforts: Efforts,
    workspace_efforts: Mapping[str, Fraction],
) -> tuple[tuple[Cause, ...], tuple[Action, ...]]:
    """Return the causes of all failures, the worst first, and the actions of a run, by id.

    `workspace_efforts` are the workspace's person-days. Leaves the table `led`: the cause and the
    action of each failing result. The action is '' where a waiver takes the result off the roadmap.
    """
    by_id = {c.id: c for c in checks}
    engine.run(
        "CREATE TABLE led (check_id VARCHAR, subject VARCHAR, cause VARCHAR, action VARCHAR)"
    )
    causes: list[Cause] = []
    actions: list[Action] = []
    failures = _failures(engine, cause_names(by_id, groups))
    for group, explanations in by_cause(failures, by_id, groups, partial(_sharers, engine, by_id)):
        causes += (e.cause for e in explanations)
        actions += fix_actions(explanations, by_id, group, efforts, workspace_efforts)
        engine.insert(
            "led",
            [
                (
                    f.check,
                    f.subject,
                    e.cause.id,
                    "" if f.waiver else e.cause.id if group else f.check,
                )
                for e in explanations
                for f in e.failures
            ],
        )
    kinds = tallied(tallies)
    actions += (
        evidence_action(u, by_id[u.check], efforts, workspace_efforts)
        for u in _unknowns(engine, kinds)
    )
    return tuple(sorted(causes, key=worst_first)), tuple(sorted(actions, key=lambda a: a.id))


def cause_names(checks: Iterable[str], groups: Iterable[CauseGroup]) -> dict[str, str]:
    """Return the name by which the failures of each check are grouped: its group of causes, or the
    check itself.
    """
    group_of = {check: g.id for g in groups for check in g.checks}
    return {c: group_of.get(c, c) for c in checks}


def by_cause(
    failures: Iterable[Finding],
    by_id: Mapping[str, Check],
    groups: Iterable[CauseGroup],
    sharers: Sharers,
) -> Iterator[tuple[CauseGroup | None, list[CauseFailures]]]:
    """Yield the causes of failures, group by group; `failures` are sorted by `cause_names`, check
    and subject.
    """
    group_of = {check: g for g in groups for check in g.checks}
    names = cause_names(by_id, group_of.values())
    for _, members in groupby(failures, key=lambda f: names[f.check]):
        findings = list(members)
        group = group_of.get(findings[0].check)
        yield group, root_causes(findings, by_id, group, sharers({f.check for f in findings}))


def _failures(engine: Engine, names: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the failing results, sorted by the name of their check, check and subject."""
    engine.run("CREATE TABLE cause_names (check_id VARCHAR, name VARCHAR)")
    engine.insert("cause_names", list(names.items()))
    sql = (
        f"SELECT {FOUND}, coalesce(waived_until, ''), coalesce(waiver, ''), {LISTED} FROM results"
        f" JOIN cause_names USING (check_id) WHERE status = '{Status.FAIL}' ORDER BY name,"
        " check_id, subject"
    )
    for check, subject, _, *fields in engine.each(sql):
        yield Finding(check, subject, Status.FAIL, *fields)


def _sharers(
    engine: Engine, by_id: Mapping[str, Check], failing: Iterable[str]
) -> dict[ResultKey, tuple[str, ...]]:
    """Return all the actors of the subjects of failing checks that belong to more than one."""
    actors: dict[ResultKey, tuple[str, ...]] = {}
    for about in SHARED_BY:
        ids = sorted(c for c in failing if by_id[c].about == about)
        if ids:
            for check, subject, names in engine.each(
                "SELECT c.check_id, c.subject, s.actors FROM results AS c JOIN (SELECT"
                f" {CALLED}(subject) AS subject, list(DISTINCT {CALLED}(actor_id)) AS actors FROM"
                f" ({SUBJECTS[about]}) AS plain_subjects WHERE actor_id IS NOT NULL GROUP BY 1"
                f" HAVING count(DISTINCT {CALLED}(actor_id)) > 1) AS s ON s.subject ="
                f" {CALLED}(c.subject) WHERE c.status = 'fail' AND"
                f" list_contains({quoted_list(ids)}, c.check_id)"
            ):
                actors[check, subject] = tuple(sorted(names))
    return actors


def _unknowns(engine: Engine, kinds: Mapping[str, tuple[Tally, ...]]) -> list[Unknown]:
    """Return the unknown results by check; `kinds` are its results, counted."""
    rows = engine.rows(
        "WITH u AS (SELECT check_id, subject, reason_code, reason_values, owner,"
        " coalesce(nullif(actor, ''), subject) AS thing FROM results WHERE status = 'unknown'), r"
        " AS (SELECT check_id, reason_code AS code, count(*) AS n, min(reason_values) AS held,"
        " max(reason_values) AS last FROM u GROUP BY ALL), b AS (SELECT check_id, arg_min(r, (-n,"
        " code)) AS most, count(*) AS codes FROM r GROUP BY check_id) SELECT check_id,"
        " any_value(most.code), any_value(most.held), any_value(most.n), any_value(codes),"
        " any_value(most.last), min(subject), count(DISTINCT thing), coalesce(list(DISTINCT owner"
        " ORDER BY owner) FILTER (owner <> ''), []) FROM u JOIN b USING (check_id) GROUP BY"
        " check_id ORDER BY check_id"
    )
    return [
        Unknown(
            check,
            kinds[check],
            Missing(check, code, held, n, codes, says_alike(held, last)),
            subject,
            things,
            tuple(owners),
        )
        for check, code, held, n, codes, last, subject, things, owners in rows
    ]

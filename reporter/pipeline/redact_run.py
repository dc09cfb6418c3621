"""Removal of people from a run. In: an engine with results, statements of people, the accounting,
an assessment. Out: the same without them.

`pseudonyms` changes texts; this module knows which parts of a run hold such texts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from reporter.engine.base import Engine
from reporter.ingest.load import Intake
from reporter.model.assessment import Assessment, Check, Notice
from reporter.model.scores import Budget
from reporter.model.sentences import Sentence
from reporter.model.statements import LEFT_OUT, Attestation, Compensation, Response, Waiver
from reporter.privacy.pseudonyms import People, hide_in, hide_people
from reporter.statements.attestations import Settled
from reporter.statements.waivers import Stated

NAMING = (
    *("feeds", "feed_days", "coverage", "compared", "causes", "parity", "roadmap"),
    *("attestations", "waivers", "compensations", "responses", "notices"),
)
"""Fields of an assessment that may name people, in addition to its findings."""
_Statement = TypeVar("_Statement", Attestation, Waiver, Compensation)


def hide_results(
    engine: Engine,
    key: str,
    checks: Iterable[Check],
    answers: Settled,
    statements: Stated,
    signers: Iterable[str] = (),
) -> People:
    """Replace people in the results; return all of them, including those known only from
    statements.
    """
    names = {
        n for a in answers.attestations for n in (a.attested_by, a.examined_by, a.confirmed_by) if n
    }
    names |= {*signers}
    names |= {w.approved_by for w in statements.waivers if w.approved_by}
    names |= {c.approved_by for c in statements.compensations}
    names |= {r.owner for r in statements.responses if r.owner}
    return hide_people(engine, key, checks, names)


def hide_words(answers: Settled, statements: Stated) -> tuple[Settled, Stated]:
    """Remove free text, which may name people whom no list knows."""
    return (
        replace(answers, attestations=tuple(map(_without_words, answers.attestations))),
        replace(
            statements,
            waivers=tuple(map(_without_words, statements.waivers)),
            compensations=tuple(map(_without_words, statements.compensations)),
            responses=tuple(map(_without_answer, statements.responses)),
        ),
    )


def _without_answer(response: Response) -> Response:
    return replace(
        response,
        response=response.response and LEFT_OUT,
        evidence=response.evidence and LEFT_OUT,
    )


def _without_words(statement: _Statement) -> _Statement:
    reason = statement.reason and LEFT_OUT
    if not isinstance(statement, Attestation):
        return replace(statement, reason=reason)
    why = Sentence(LEFT_OUT) if statement.status == "na" else statement.why
    observation = statement.observed and LEFT_OUT
    return replace(
        statement,
        statement=statement.statement and LEFT_OUT,
        reason=reason,
        why=why,
        observed=observation,
    )


def hide_intake(intake: Intake, people: People) -> Intake:
    """Replace people in the accounting; raw records are removed, as they may name unlisted
    people.
    """
    hide = people.in_text

    def within(sentence: Sentence) -> Sentence:
        return sentence.changed(people.in_id)

    return replace(
        intake,
        files=tuple(
            replace(f, file=hide(f.file), why=f.why and within(f.why), part=hide(f.part))
            for f in intake.files
        ),
        out_of_scope=tuple(
            (source, replace(within(kind), text=hide(kind.text)), n)
            for source, kind, n in intake.out_of_scope
        ),
        quarantined=tuple(
            replace(q, file=hide(q.file), reason=within(q.reason), text=q.text and LEFT_OUT)
            for q in intake.quarantined
        ),
    )


def hide_assessment(assessment: Assessment, people: People) -> Assessment:
    """Replace people in everything outside the results."""
    texts = {name: hide_in(getattr(assessment, name), people) for name in NAMING}
    checks = tuple(_without_names(c, people) for c in assessment.checks)
    run = replace(assessment.run, unit=people.in_text(assessment.run.unit))
    reliance = replace(
        assessment.reliance,
        budgets=tuple(_without_people(b, people) for b in assessment.reliance.budgets),
    )
    # Whoever audits stands in no list of people, so these names would stay.
    sign_off = replace(assessment.sign_off, prepared_by="", reviewed_by="", distribution=())
    result = replace(
        assessment, checks=checks, run=run, reliance=reliance, sign_off=sign_off, **texts
    )
    if not people.left:
        return result
    notice = Notice("names_left", (("n", len(people.left)),))
    return replace(result, notices=(*result.notices, notice))


def _without_people(budget: Budget, people: People) -> Budget:
    """Replace people in the places of risk tiers; actors stand under their names of the run."""
    if budget.least is None:
        return budget
    tiers = tuple(
        replace(t, word=replace(t.word, record=people.in_text(t.word.record)))
        for t in budget.least.tiers
    )
    return replace(budget, least=replace(budget.least, tiers=tiers))


def _without_names(check: Check, people: People) -> Check:
    """Replace people in the settings of a check: who drew a sample, and the workspace's
    thresholds.
    """
    thresholds = {name: hide_in(check.params[name], people) for name in check.shipped}
    return replace(
        check, params={**check.params, **thresholds}, sample=hide_in(check.sample, people)
    )

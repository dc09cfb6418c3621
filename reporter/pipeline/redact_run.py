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
from reporter.model.assessment import (
    Assessment,
    Check,
    FileCount,
    Notice,
    Quarantined,
    RemoteCount,
)
from reporter.model.scores import Budget
from reporter.model.sentences import Sentence
from reporter.model.statements import (
    LEFT_OUT,
    REMOVED,
    Attestation,
    Compensation,
    Response,
    Waiver,
)
from reporter.privacy.pseudonyms import People, hide_in, hide_people
from reporter.statements.attestations import Settled
from reporter.statements.waivers import Stated

NAMING = (
    *("feeds", "feed_days", "coverage", "compared", "causes", "parity", "roadmap"),
    *("attestations", "waivers", "compensations", "responses", "notices"),
)
"""Fields of an assessment that may name people, in addition to its findings."""
_Type = tuple[str, Sentence, int]
"""Source, record type, how many."""
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
    return replace(
        intake,
        files=_hidden_files(intake.files, people),
        out_of_scope=_hidden_types(intake.out_of_scope, people),
        quarantined=_hidden_records(intake.quarantined, people),
        remote=_hidden_places(intake.remote, people),
    )


def _hidden_places(places: Iterable[RemoteCount], people: People) -> tuple[RemoteCount, ...]:
    hide = people.in_text
    return tuple(replace(p, url=hide(p.url), to=hide(p.to)) for p in places)


def _hidden_files(files: Iterable[FileCount], people: People) -> tuple[FileCount, ...]:
    hide, within = people.in_text, people.in_id
    return tuple(
        replace(
            f,
            file=hide(f.file),
            why=f.why and f.why.changed(within),
            part=hide(f.part),
            origin=f.origin and replace(f.origin, url=hide(f.origin.url)),
        )
        for f in files
    )


def _hidden_types(types: Iterable[_Type], people: People) -> tuple[_Type, ...]:
    return tuple(
        (source, replace(kind.changed(people.in_id), text=people.in_text(kind.text)), n)
        for source, kind, n in types
    )


def _hidden_records(records: Iterable[Quarantined], people: People) -> tuple[Quarantined, ...]:
    return tuple(
        replace(
            q,
            file=people.in_text(q.file),
            reason=q.reason.changed(people.in_id),
            text=q.text and LEFT_OUT,
        )
        for q in records
    )


def hide_stored(run: Assessment, people: People) -> Assessment:
    """Replace people in the data of a run that was made with their names: also in what a run
    without names makes of results that name nobody.
    """
    in_text, in_id = people.in_text, people.in_id
    past = run.history
    run = replace(
        run,
        attestations=tuple(map(_without_words, run.attestations)),
        waivers=tuple(map(_without_words, run.waivers)),
        compensations=tuple(map(_without_words, run.compensations)),
        responses=tuple(map(_without_answer, run.responses)),
        files=_hidden_files(run.files, people),
        remote=_hidden_places(run.remote, people),
        out_of_scope_types=_hidden_types(run.out_of_scope_types, people),
        quarantined=_hidden_records(run.quarantined, people),
        slices=tuple(
            replace(s, segment=replace(s.segment, value=in_text(s.segment.value)))
            for s in run.slices
        ),
        reweighed=tuple(
            replace(
                r, levels={k: {in_text(n): v for n, v in x.items()} for k, x in r.levels.items()}
            )
            for r in run.reweighed
        ),
        earlier=replace(
            run.earlier,
            unclosed=tuple(
                replace(u, subjects=tuple(map(people.in_subject, u.subjects)))
                for u in run.earlier.unclosed
            ),
        ),
        history=replace(
            hide_in(past, people),
            actors=tuple(replace(a, id=people.in_subject(a.id)) for a in past.actors),
            still_by_owner=tuple((in_id(owner), at, n) for owner, at, n in past.still_by_owner),
        ),
        sign_off=hide_in(run.sign_off, people),
        people={},
        leavers=tuple(sorted(map(in_id, run.leavers))),
    )
    return hide_assessment(run, people)


def without_raw(run: Assessment) -> Assessment:
    """Remove what is left of raw records from the data of a run: texts and values of those that
    were not taken.
    """
    return replace(
        run,
        quarantined=tuple(
            replace(
                q,
                text=q.text and (LEFT_OUT if q.text == LEFT_OUT else REMOVED),
                reason=_without_value(q.reason),
            )
            for q in run.quarantined
        ),
    )


def _without_value(sentence: Sentence) -> Sentence:
    """Remove the value that was read from the note on a field."""
    values = (
        (name, _without_value(v) if isinstance(v, Sentence) else REMOVED if name == "value" else v)
        for name, v in sentence.values
    )
    return Sentence(sentence.text, tuple(values))


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

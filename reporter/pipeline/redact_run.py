"""People out of a run. In: an engine with results, what people said, the accounting, an assessment.
Out: the same without them.

`pseudonyms` knows how a text is changed; here stands what of a run holds such texts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from reporter.engine.base import Engine
from reporter.ingest.load import Intake
from reporter.model.assessment import Assessment, Check, Notice
from reporter.model.sentences import Sentence
from reporter.model.statements import LEFT_OUT, Attestation, Compensation, Waiver
from reporter.privacy.pseudonyms import People, hide_in, hide_people
from reporter.statements.attestations import Settled
from reporter.statements.waivers import Stated

NAMING = (
    *("feeds", "feed_days", "coverage", "compared", "causes", "parity", "roadmap"),
    *("attestations", "waivers", "compensations", "notices"),
)
"""What of an assessment may name people, beside its findings."""
_Said = TypeVar("_Said", Attestation, Waiver, Compensation)


def hide_results(
    engine: Engine,
    key: str,
    checks: Iterable[Check],
    said: Settled,
    stated: Stated,
    signers: Iterable[str] = (),
) -> People:
    """Replace people in the results; return who they are, those known from statements only too."""
    named = {
        n for a in said.attestations for n in (a.attested_by, a.examined_by, a.confirmed_by) if n
    }
    named |= {*signers}
    named |= {w.approved_by for w in stated.waivers if w.approved_by}
    named |= {c.approved_by for c in stated.compensations}
    return hide_people(engine, key, checks, named)


def hide_words(said: Settled, stated: Stated) -> tuple[Settled, Stated]:
    """Leave out what somebody wrote freely, which may name people nobody knows."""
    return (
        replace(said, attestations=tuple(map(_without_words, said.attestations))),
        replace(
            stated,
            waivers=tuple(map(_without_words, stated.waivers)),
            compensations=tuple(map(_without_words, stated.compensations)),
        ),
    )


def _without_words(s: _Said) -> _Said:
    reason = s.reason and LEFT_OUT
    if not isinstance(s, Attestation):
        return replace(s, reason=reason)
    why = Sentence(LEFT_OUT) if s.status == "na" else s.why
    seen = s.observed and LEFT_OUT
    return replace(s, statement=s.statement and LEFT_OUT, reason=reason, why=why, observed=seen)


def hide_intake(intake: Intake, people: People) -> Intake:
    """Replace people in the accounting; a raw record may name somebody nobody knows, so none is
    shown.
    """
    hide = people.in_text

    def within(told: Sentence) -> Sentence:
        return told.changed(people.in_id)

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
    """Replace people in all that was made beside the results."""
    named = {name: hide_in(getattr(assessment, name), people) for name in NAMING}
    checks = tuple(_without_names(c, people) for c in assessment.checks)
    hidden = replace(assessment, checks=checks, **named)
    if not people.left:
        return hidden
    left = Notice("names_left", (("n", len(people.left)),))
    return replace(hidden, notices=(*hidden.notices, left))


def _without_names(check: Check, people: People) -> Check:
    """Replace people in what reporter.yml says of a check: who drew a sample, and thresholds of its
    own.
    """
    own = {name: hide_in(check.params[name], people) for name in check.shipped}
    return replace(check, params={**check.params, **own}, sample=hide_in(check.sample, people))

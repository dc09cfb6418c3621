"""The page to sign. In: an `Assessment`. Out: who prepared and reviewed the report, when, for whom,
its limits; what is not given is blank.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reporter.i18n.translate import day, say, say_n
from reporter.model import assessment as model
from reporter.model.scores import Status
from reporter.report.view.elements import Line
from reporter.report.view.format import clean, count, percent, period


@dataclass(frozen=True, slots=True)
class SignaturePage:
    lines: tuple[Line, ...] = ()
    """Facts by label; an empty text is a line to fill in by hand."""
    limits: tuple[str, ...] = ()
    signatures: tuple[Line, ...] = ()
    """Role, and the name beside the line to sign; an empty name is filled in by hand."""


def signature_page(assessment: model.Assessment) -> SignaturePage:
    """Print the page of signatures."""
    given = assessment.sign_off
    return SignaturePage(
        lines=(
            Line(say("Prepared by"), clean(given.prepared_by)),
            Line(say("Reviewed by"), clean(given.reviewed_by)),
            Line(say("Period"), period(assessment.run.period_from, assessment.run.period_to)),
            Line(say("Fieldwork"), _fieldwork(given.fieldwork_from, given.fieldwork_to)),
            Line(say("Distribution"), clean("; ".join(given.distribution))),
            Line(say("Independence"), clean(given.independence)),
        ),
        limits=(*map(clean, given.limits), *_own_limits(assessment)),
        signatures=(
            Line(say("Prepared by"), clean(given.prepared_by)),
            Line(say("Reviewed by"), clean(given.reviewed_by)),
            Line(say("For management"), ""),
        ),
    )


def _fieldwork(first: str, last: str) -> str:
    if not first:
        return ""
    return " – ".join(day(datetime.fromisoformat(text)) for text in (first, last))


def _own_limits(assessment: model.Assessment) -> tuple[str, ...]:
    """Return the limits that the run itself shows."""
    scores = assessment.scores
    unknown = sum(c.counts.get(Status.UNKNOWN, 0) for c in scores.checks.values())
    unreadable = sum(f.unreadable + f.rejected for f in assessment.files)
    unused = sum(not f.source for f in assessment.files)
    return (
        say(
            "This report was computed from the files provided. Nobody tested systems on "
            "site, and what no file shows is unknown, not met."
        ),
        say_n(
            "{n} result is unknown. By weight, {share} of what the method asks for was judged.",
            "{n} results are unknown. By weight, {share} of what the method asks for was judged.",
            unknown,
            share=percent(scores.enterprise.total.coverage),
        ),
        say(
            "Not used as evidence: {records} and {files}.",
            records=count(unreadable, "record"),
            files=count(unused, "file"),
        ),
        say("What no check of a control shows is stated with the control."),
    )

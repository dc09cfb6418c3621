"""What may be said of an organisation at its level: an `Assessment` in; the claim of the level and
how far it holds out.
"""

from __future__ import annotations

from dataclasses import dataclass

from reporter.i18n.translate import content, say, say_n
from reporter.model import assessment as model
from reporter.model.scores import Status
from reporter.report.view.format import clean, join, number, percent


@dataclass(frozen=True, slots=True)
class Board:
    meaning: str = ""
    """What may be said of the organisation at its level."""
    bounds: str = ""
    """How far that holds, and the checks of the level that speak against it or were not judged."""


OPEN_NAMED = 6


def board(assessment: model.Assessment) -> Board:
    """Print the sentences of the board edition."""
    return Board(meaning=_meaning(assessment), bounds=_bounds(assessment))


def _meaning(assessment: model.Assessment) -> str:
    claims = assessment.policy.level_claims
    if not assessment.scores.enterprise.total.assessed:
        return say("Nothing could be assessed: the input holds no evidence that any check can use.")
    return clean(content(claims[assessment.scores.level.lo])) if claims else ""


def _bounds(assessment: model.Assessment) -> str:
    """Say that a level is reached for the greater part, and where it is not."""
    policy, level = assessment.policy, assessment.scores.level.lo
    if not level or not policy.level_claims:
        return ""
    _, partly, largely = map(percent, policy.rating_edges)
    text = say(
        "That holds for the greater part: more than {partly} by weight of each practice at this"
        " level, more than {largely} of those below.",
        partly=partly,
        largely=largely,
    )
    open_checks = [c for c in assessment.checks if c.level <= level and _is_open(assessment, c)]
    open_checks.sort(key=lambda c: (model.SEVERITIES.index(c.severity), c.id))
    named = [_against(assessment, c) for c in open_checks[:OPEN_NAMED]]
    if others := len(open_checks) - len(named):
        named.append(say_n("{n} other check", "{n} other checks", others))
    return f"{text} {say('Not shown for all: {checks}.', checks=join(named))}" if named else text


def _is_open(assessment: model.Assessment, check: model.Check) -> bool:
    counts = assessment.scores.checks[check.id].counts
    return any(counts.get(status, 0) for status in (Status.FAIL, Status.UNKNOWN))


def _against(assessment: model.Assessment, check: model.Check) -> str:
    """Count of a check whom it fails for and whom it is not known for."""
    counts = assessment.scores.checks[check.id].counts
    failed, unknown = (counts.get(s, 0) for s in (Status.FAIL, Status.UNKNOWN))
    total = sum(n for status, n in counts.items() if status != Status.NA)
    parts = {
        say("fails for {n} of {all}", n=number(failed), all=number(total)): failed,
        say("is not known for {n} of {all}", n=number(unknown), all=number(total)): unknown,
    }
    return f"{clean(check.id)} {join(text for text, n in parts.items() if n)}"

"""The first page: level, evidenced score, top gaps, agents under a policy.

In: an `Assessment` and the printed checks and frameworks. Out: `shape.Cover` and `shape.Summary`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction

from reporter.i18n.translate import content, mark, say, say_n
from reporter.model import assessment as model
from reporter.model.scores import EXTENTS, CheckScore, GroupScore, LevelScore, PracticeScore, Status
from reporter.report.notices import notices
from reporter.report.view import elements
from reporter.report.view.format import (
    applicable,
    clean,
    count,
    evidence_mix,
    extents_text,
    figure,
    group_state,
    iso,
    met_of_judged,
    moment,
    number,
    percent,
    period,
    printed_level,
    share,
)
from reporter.score import ASK, ENTERPRISE

EVIDENCE_SHOWN = 3
CONTROLS_SHOWN = 5

STATEMENT = mark(
    "A management self-assessment with automated procedures: not an assurance opinion, not a "
    "certification, and not endorsed by OWASP or NIST."
)
ADD_POLICY = mark("add policies and whom they cover to statements/")


def cover(assessment: model.Assessment) -> elements.Cover:
    """Print the subject of the assessment, its period, and the id of the evidence."""
    identity = evidence_id(assessment)
    return elements.Cover(
        title=say("AI agent control maturity report"),
        organisation=clean(assessment.run.organisation),
        unit=clean(assessment.run.unit),
        period=period(assessment.run.period_from, assessment.run.period_to),
        as_of=moment(assessment.run.as_of),
        as_of_iso=iso(assessment.run.as_of),
        profile=clean(content(assessment.profile.title)),
        evidence_id=identity,
        evidence_short=identity[:16],
        statement=say(STATEMENT),
        accent=assessment.branding.accent,
        logo=assessment.branding.logo,
        language=assessment.language,
        period_from=iso(assessment.run.period_from),
        period_to=iso(assessment.run.period_to),
    )


def evidence_id(assessment: model.Assessment) -> str:
    """Return the evidence id of the run, or else the hash of all hashes."""
    recorded_id = assessment.hashes.get("evidence_id")
    text = json.dumps(assessment.hashes, sort_keys=True, separators=(",", ":"))
    return recorded_id or hashlib.sha256(text.encode()).hexdigest()


def summary(
    assessment: model.Assessment,
    checks: Mapping[str, elements.Check],
    frameworks: Sequence[elements.Framework],
    steps: tuple[elements.LevelStep, ...],
) -> elements.Summary:
    """Print the first page."""
    total, score = assessment.scores.enterprise.total, assessment.scores.level
    level = printed_level(score, assessment, ENTERPRISE, ENTERPRISE, total.assessed > 0)
    open_checks = _open_checks(assessment)
    coverage = percent(total.coverage)
    return elements.Summary(
        level=level,
        level_sentence=f"{_level_sentence(total, level)}; {_target(score, assessment)}.",
        figure=figure(total.lo, total.hi, group_state(total)),
        coverage=coverage,
        coverage_text="; ".join(
            filter(
                None,
                (
                    _judged_text(total),
                    evidence_mix(assessment.evidence),
                ),
            )
        ),
        assessed=_assessed_text(assessment),
        caps=tuple(
            say("Capped at level {n}: {why}", n=most, why=clean(content(reason)))
            for most, reason in score.caps
        ),
        steps=steps,
        facts=_facts(assessment),
        evidence_gaps=_gaps(assessment, checks, open_checks[:EVIDENCE_SHOWN]),
        evidence_text=(
            f"{_evidence_text(len(open_checks))} {_questions_text(_open_questions(assessment))}"
            f"{_aside_text(assessment)}"
        ),
        under_policy=under_policy(assessment.context),
        notices=notices(assessment),
    )


def _judged_text(total: GroupScore) -> str:
    if not total.coverage:
        return say("Nothing of what the method asks for could be judged")
    return say(
        "{share} of what the method asks for could be judged, by weight; {part} of that is met",
        share=percent(total.coverage),
        part=met_of_judged(total),
    )


def _level_sentence(total: GroupScore, level: elements.Level) -> str:
    if not total.assessed:
        return say(
            "Nothing could be assessed: no check found evidence (the pages on data accounting "
            "say what was read)"
        )
    if level.note:
        return level.note[:1].upper() + level.note[1:]
    if total.lo == total.hi:
        return say("No check lacks evidence")
    return say("More evidence alone cannot raise the level")


def _target(score: LevelScore, assessment: model.Assessment) -> str:
    if not score.target:
        return say("no target set")
    name = content(assessment.policy.level_names[score.target])
    return say("target {n} ({name})", n=score.target, name=name)


def _assessed_text(assessment: model.Assessment) -> str:
    totals = [f.total for f in assessment.scores.frameworks]
    inapplicable_count = sum(total.not_applicable for total in totals)
    sentence = say(
        "Framework controls assessed: {extents}",
        extents=extents_text(sum(t.extents[n] for t in totals) for n in range(len(EXTENTS))),
    )
    if inapplicable_count:
        sentence += say(", {n} set aside as not applicable", n=number(inapplicable_count))
    return sentence


def _facts(assessment: model.Assessment) -> tuple[elements.Line, ...]:
    # Statements do not reduce this count: it includes compensated and waived failures.
    compensations = sum(
        c.counts.get(Status.COMPENSATED, 0) for c in assessment.scores.checks.values()
    )
    failures = compensations + sum(
        c.counts.get(Status.FAIL, 0) for c in assessment.scores.checks.values()
    )
    unknowns = sum(c.counts.get(Status.UNKNOWN, 0) for c in assessment.scores.checks.values())
    agents_in_use = assessment.context.agents_in_use
    unregistered = assessment.population.get("shadow", 0)
    answer_kinds = (
        ("pass", say("Questions answered yes, examined")),
        ("attested", say("Questions answered yes, by statement only")),
        ("na", say("Questions answered not applicable")),
    )
    answers = Counter(t.status for t in assessment.attestations if t.settles)
    agent_count = say("not known") if agents_in_use is None else number(agents_in_use)
    return (
        elements.Line(say("Agents in use"), agent_count),
        elements.Line(say("Seen only in logs"), number(unregistered)),
        elements.Line(say("Checks"), number(len(assessment.checks))),
        elements.Line(say("Results"), number(assessment.results)),
        elements.Line(say("Failing"), number(failures)),
        *_if_any(say("of them compensated, at half credit"), compensations),
        *_if_any(say("of them waived, at no credit"), assessment.waived),
        elements.Line(say("Unknown"), number(unknowns)),
        *(line for status, label in answer_kinds for line in _if_any(label, answers[status])),
    )


def _if_any(label: str, total: int) -> tuple[elements.Line, ...]:
    return (elements.Line(label, number(total)),) if total else ()


def _open_checks(assessment: model.Assessment) -> list[model.Check]:
    """Return the checks that could score higher, by the weight at risk."""
    weight = assessment.policy.severity_weights
    scores = [(c, assessment.scores.checks[c.id]) for c in assessment.checks]
    found = [(c, s) for c, s in scores if s.applicable and s.hi > s.lo]
    found.sort(key=lambda p: (-weight[p[0].severity] * (p[1].hi - p[1].lo), p[0].id))
    return [c for c, _ in found]


def _evidence_text(total: int) -> str:
    if not total:
        return say("No check lacks evidence.")
    return say(
        "{n} of {checks} that could score higher if missing evidence is favourable.",
        n=min(total, EVIDENCE_SHOWN),
        checks=count(total, "check"),
    )


def _questions_text(total: int) -> str:
    if not total:
        return say("Every question to a person is answered.")
    return say_n(
        "{n} question to a person is open; each control has its own.",
        "{n} questions to a person are open; each control has its own.",
        total,
    )


def _aside_text(assessment: model.Assessment) -> str:
    """Count the answers that mark a control as not applicable; they answer a question and prove
    nothing.
    """
    answers = [t for t in assessment.attestations if t.settles]
    inapplicable_count = sum(t.status == Status.NA for t in answers)
    return (
        say(
            " Of {answers} that count, {n} say that a control does not apply.",
            answers=count(len(answers), "answer"),
            n=number(inapplicable_count),
        )
        if inapplicable_count
        else ""
    )


def _open_questions(assessment: model.Assessment) -> int:
    """Count the controls with an open question: no credit for it in lo, and some in hi."""
    practices = [p for f in assessment.scores.frameworks for c in f.controls for p in c.practices]
    asking_practices = [p for p in practices if ASK in dict(p.weights)]
    return sum(
        not _ask_credit(p, assessment, hi=False) and bool(_ask_credit(p, assessment, hi=True))
        for p in asking_practices
    )


def _ask_credit(practice: PracticeScore, assessment: model.Assessment, hi: bool) -> Fraction:
    checks, total = assessment.scores.checks, sum(weight for _, weight in practice.weights)
    other_checks = [(checks[i], w) for i, w in practice.weights if i != ASK]
    return (practice.raw_hi if hi else practice.raw_lo) * total - sum(
        (w * (c.hi if hi else c.lo) for c, w in other_checks), Fraction(0)
    )


def _gaps(
    assessment: model.Assessment,
    checks: Mapping[str, elements.Check],
    gap_checks: Sequence[model.Check],
) -> tuple[elements.Gap, ...]:
    return tuple(
        _gap(rank, c, assessment.scores.checks[c.id], checks[c.id])
        for rank, c in enumerate(gap_checks, start=1)
    )


def _gap(
    rank: int, assessed_check: model.Check, score: CheckScore, check: elements.Check
) -> elements.Gap:
    tally = check.counts
    total = applicable(tally)
    subjects = count(total, assessed_check.about)
    text = say_n(
        "{n} of {subjects} fails", "{n} of {subjects} fail", tally.failed, subjects=subjects
    )
    weak = tally.declared + tally.attested + tally.compensated
    if not tally.failed and not tally.unknown:
        text = say("{n} of {subjects} without system evidence", n=number(weak), subjects=subjects)
    elif not tally.failed:
        text = say("{n} of {subjects} unknown", n=number(tally.unknown), subjects=subjects)
    elif tally.unknown:
        text += say(", {n} unknown", n=number(tally.unknown))
    control_ids = [link.text for link in check.controls if link.title != "contextual"]
    remainder = len(control_ids) - CONTROLS_SHOWN
    controls = ", ".join(control_ids[:CONTROLS_SHOWN]) + (
        say(" and {n} more", n=remainder) if remainder > 0 else ""
    )
    place = " · ".join(part for part in (check.id, controls) if part)
    return elements.Gap(
        rank=rank,
        check=elements.Link(check.id, check.anchor, check.title),
        severity=check.severity,
        urgent=score.caps_hi,
        text=text,
        fix=check.fix,
        where=place,
    )


def under_policy(context: model.Context) -> str:
    """Say in one sentence how many agents are under an effective policy."""
    lo, hi = context.policy_lo, context.policy_hi
    if lo is None or hi is None:
        return say("How many agents are under a policy is not known: {what}.", what=say(ADD_POLICY))
    total = context.agents_assessed
    if total is None:
        return say("{share} of the agents in use are under a policy.", share=share(lo, hi))
    covered, unknown = int(lo * total), int(hi * total) - int(lo * total)
    counts = {"n": number(covered), "all": number(total), "unknown": number(unknown)}
    if unknown:
        text = mark("{n} of {all} agents in use are under a policy; for {unknown} this is unknown.")
        return say(text, **counts)
    return say("{n} of {all} agents in use are under a policy.", **counts)

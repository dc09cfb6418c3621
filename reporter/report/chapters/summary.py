"""The first page: level, evidenced score, top gaps, policy lag against the published figure.

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
from reporter.model.scores import CheckScore, GroupScore, PracticeScore, Status
from reporter.report.notices import notices
from reporter.report.view import elements
from reporter.report.view.format import (
    applicable,
    clean,
    count,
    figure,
    group_level,
    group_state,
    iso,
    moment,
    number,
    percent,
    period,
    share,
    thousandths,
)
from reporter.score import ASK, ENTERPRISE

GAPS_SHOWN = 5
EVIDENCE_SHOWN = 3
CONTROLS_SHOWN = 5

STATEMENT = mark(
    "A management self-assessment with automated procedures: not an assurance opinion, not a "
    "certification, and not endorsed by OWASP or NIST."
)
ADD_POLICY = mark("add policies and whom they cover to statements/")
ADD_UNITS = mark("add business units to the inventory")


def cover(assessment: model.Assessment) -> elements.Cover:
    """Print who was assessed, for which period, and the id of the evidence."""
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
    """Name the evidence by the hash of all hashes, unless the run already did."""
    given = assessment.hashes.get("evidence_id")
    text = json.dumps(assessment.hashes, sort_keys=True, separators=(",", ":"))
    return given or hashlib.sha256(text.encode()).hexdigest()


def summary(
    assessment: model.Assessment,
    checks: Mapping[str, elements.Check],
    frameworks: Sequence[elements.Framework],
) -> elements.Summary:
    """Print the first page."""
    total = assessment.scores.enterprise.total
    level = group_level(total, assessment, ENTERPRISE)
    building, showing = _ranked(assessment)
    covered = percent(total.coverage)
    return elements.Summary(
        level=level,
        level_sentence=f"{_level_sentence(total, level)}; {_target(total, assessment)}.",
        figure=figure(total.lo, total.hi, group_state(total)),
        coverage=covered,
        coverage_text=say(
            "{share} of the weighted evidence asked for was there to be assessed", share=covered
        ),
        not_assessed=_not_assessed(assessment),
        caps=tuple(
            say("Held at level {n}: {why}", n=most, why=clean(content(reason)))
            for most, reason in total.caps
        ),
        facts=_facts(assessment),
        gaps=_gaps(assessment, checks, building[:GAPS_SHOWN]),
        gaps_text=_gaps_text(assessment, len(building)),
        evidence_gaps=_gaps(assessment, checks, showing[:EVIDENCE_SHOWN]),
        evidence_text=(
            f"{_evidence_text(len(showing))} {_questions_text(_open_questions(assessment))}{_aside_text(assessment)}"
        ),
        lag=_lag(assessment.context),
        notices=notices(assessment),
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
    return say("The level stays the same even if all missing evidence proves good")


def _target(total: GroupScore, assessment: model.Assessment) -> str:
    if not total.target:
        return say("no target set")
    name = content(assessment.policy.level_names[total.target])
    return say("target {n} ({name})", n=total.target, name=name)


def _not_assessed(assessment: model.Assessment) -> str:
    missing = sum(f.total.not_assessed for f in assessment.scores.frameworks)
    aside = sum(f.total.not_applicable for f in assessment.scores.frameworks)
    total = missing + aside + sum(f.total.assessed for f in assessment.scores.frameworks)
    told = say("{n} of {all} framework controls not assessed", n=number(missing), all=number(total))
    if aside:
        told += say(", {n} set aside as not applicable", n=number(aside))
    return told


def _facts(assessment: model.Assessment) -> tuple[elements.Line, ...]:
    # what somebody states takes nothing out of this count: a compensated or waived failure is one
    compensated = sum(
        c.counts.get(Status.COMPENSATED, 0) for c in assessment.scores.checks.values()
    )
    failing = compensated + sum(
        c.counts.get(Status.FAIL, 0) for c in assessment.scores.checks.values()
    )
    unknown = sum(c.counts.get(Status.UNKNOWN, 0) for c in assessment.scores.checks.values())
    used = assessment.context.agents_in_use
    shadow = assessment.population.get("shadow", 0)
    stated = (
        ("pass", say("Questions answered yes, examined")),
        ("attested", say("Questions answered yes, on somebody's word")),
        ("na", say("Questions answered not applicable")),
    )
    settled = Counter(t.status for t in assessment.attestations if t.settles)
    known = say("not known") if used is None else number(used)
    return (
        elements.Line(say("Agents in use"), known),
        elements.Line(say("Seen only in logs"), number(shadow)),
        elements.Line(say("Checks"), number(len(assessment.checks))),
        elements.Line(say("Verdicts"), number(assessment.results)),
        elements.Line(say("Failing"), number(failing)),
        *_if_any(say("of them compensated, at half credit"), compensated),
        *_if_any(say("of them waived, at no credit"), assessment.waived),
        elements.Line(say("Unknown"), number(unknown)),
        *(line for status, label in stated for line in _if_any(label, settled[status])),
    )


def _if_any(label: str, n: int) -> tuple[elements.Line, ...]:
    return (elements.Line(label, number(n)),) if n else ()


def _ranked(assessment: model.Assessment) -> tuple[list[model.Check], list[model.Check]]:
    """Order failing checks by the weight they surely lose, open ones by what they may lose."""
    weight = assessment.policy.severity_weights
    scored = [
        (c, assessment.scores.checks[c.id])
        for c in assessment.checks
        if assessment.scores.checks[c.id].applicable
    ]
    failing = [(c, s) for c, s in scored if s.counts.get(Status.FAIL, 0)]
    failing.sort(
        key=lambda p: (
            not p[1].caps_hi,
            -weight[p[0].severity] * (1 - p[1].hi),
            -weight[p[0].severity] * (1 - p[1].lo),
            p[0].id,
        )
    )
    building = [c for c, _ in failing]
    open_ = [(c, s) for c, s in scored if s.hi > s.lo and c not in building[:GAPS_SHOWN]]
    open_.sort(key=lambda p: (-weight[p[0].severity] * (p[1].hi - p[1].lo), p[0].id))
    return building, [c for c, _ in open_]


def _gaps_text(assessment: model.Assessment, failing: int) -> str:
    if not failing:
        unknown = any(c.counts.get(Status.UNKNOWN, 0) for c in assessment.scores.checks.values())
        return (
            say("No check has a failing subject; what is unknown is listed below.")
            if unknown
            else say("No check has a failing subject.")
        )
    return say(
        "{n} of {checks} with failing subjects, by severity and weight lost; critical failures on "
        "tier 3 and 4 agents first.",
        n=min(failing, GAPS_SHOWN),
        checks=count(failing, "check"),
    )


def _evidence_text(total: int) -> str:
    if not total:
        return say("No other check lacks evidence.")
    return say(
        "{n} of {checks} that could score higher if missing evidence proves good.",
        n=min(total, EVIDENCE_SHOWN),
        checks=count(total, "further check"),
    )


def _questions_text(n: int) -> str:
    if not n:
        return say("Every question to a person is answered.")
    return say_n(
        "{n} question to a person is open; each control has its own.",
        "{n} questions to a person are open; each control has its own.",
        n,
    )


def _aside_text(assessment: model.Assessment) -> str:
    """Say how many answers put a control aside: they answer a question and show nothing."""
    settled = [t for t in assessment.attestations if t.settles]
    aside = sum(t.status == Status.NA for t in settled)
    return (
        say(
            " Of {answers} that count, {n} say that a control does not apply.",
            answers=count(len(settled), "answer"),
            n=number(aside),
        )
        if aside
        else ""
    )


def _open_questions(assessment: model.Assessment) -> int:
    """Count the controls whose question nobody answered: no credit at all in lo, and some in hi."""
    practices = [p for f in assessment.scores.frameworks for c in f.controls for p in c.practices]
    asking = [p for p in practices if ASK in dict(p.weights)]
    return sum(
        not _ask_credit(p, assessment, hi=False) and bool(_ask_credit(p, assessment, hi=True))
        for p in asking
    )


def _ask_credit(p: PracticeScore, assessment: model.Assessment, hi: bool) -> Fraction:
    checks, total = assessment.scores.checks, sum(weight for _, weight in p.weights)
    others = [(checks[i], w) for i, w in p.weights if i != ASK]
    return (p.raw_hi if hi else p.raw_lo) * total - sum(
        (w * (c.hi if hi else c.lo) for c, w in others), Fraction(0)
    )


def _gaps(
    assessment: model.Assessment,
    checks: Mapping[str, elements.Check],
    chosen: Sequence[model.Check],
) -> tuple[elements.Gap, ...]:
    return tuple(
        _gap(rank, c, assessment.scores.checks[c.id], checks[c.id])
        for rank, c in enumerate(chosen, start=1)
    )


def _gap(rank: int, c: model.Check, score: CheckScore, check: elements.Check) -> elements.Gap:
    n = check.counts
    total = applicable(n)
    subjects = count(total, c.about)
    text = say_n("{n} of {subjects} fails", "{n} of {subjects} fail", n.failed, subjects=subjects)
    if not n.failed:
        text = say("{n} of {subjects} unknown", n=number(n.unknown), subjects=subjects)
    elif n.unknown:
        text += say(", {n} unknown", n=number(n.unknown))
    serves = [link.text for link in check.controls if link.title != "contextual"]
    rest = len(serves) - CONTROLS_SHOWN
    controls = ", ".join(serves[:CONTROLS_SHOWN]) + (
        say(" and {n} more", n=rest) if rest > 0 else ""
    )
    where = " · ".join(part for part in (check.id, controls) if part)
    return elements.Gap(
        rank=rank,
        check=elements.Link(check.id, check.anchor, check.title),
        severity=check.severity,
        urgent=score.caps_hi,
        text=text,
        fix=check.fix,
        where=where,
    )


def _lag(context: model.Context) -> elements.Lag:
    """Compare the share of agents without an effective policy with the published distance."""
    lo, hi = context.policy_lo, context.policy_hi
    ends = None if lo is None or hi is None else (lo, hi)
    bars = (*_published_bars(context.benchmark), _units_bar(context), _coverage_bar(context, ends))
    return elements.Lag(
        headline=_lag_headline(ends), bars=bars, notes=_lag_notes(context.benchmark)
    )


def _lag_headline(ends: tuple[Fraction, Fraction] | None) -> str:
    if ends is None:
        return say("Policy lag not known: {what}.", what=say(ADD_POLICY))
    lo, hi = ends
    part = share(1 - hi, 1 - lo)
    return say("{share} of the agents in use run without an effective policy.", share=part)


def _published_bars(figures: Mapping[str, int | str]) -> tuple[elements.Bar, ...]:
    names = (
        ("adoption", say("Organisations that use AI agents")),
        ("policy", say("… with a formal policy")),
    )
    return tuple(
        elements.Bar(label, f"{value} %", int(value) * 10, int(value) * 10, True, False)
        for key, label in names
        if isinstance(value := figures.get(key), int)
    )


def _units_bar(context: model.Context) -> elements.Bar:
    label = say("Units with agents in use")
    total, used = context.units_total, context.units_with_agents
    if not total or used is None:
        return elements.Bar(label, say("not known: {what}", what=say(ADD_UNITS)), 0, 0, False, True)
    part = Fraction(used, total)
    at = thousandths(part)
    text = say("{share} ({n} of {all})", share=percent(part), n=used, all=total)
    return elements.Bar(label, text, at, at, True, True)


def _coverage_bar(context: model.Context, ends: tuple[Fraction, Fraction] | None) -> elements.Bar:
    label = say("Agents in use under a policy")
    if ends is None:
        return elements.Bar(
            label, say("not known: {what}", what=say(ADD_POLICY)), 0, 0, False, True
        )
    assessed, (lo, hi) = context.agents_assessed, ends
    text = share(lo, hi)
    if assessed is not None:
        covered = "–".join(number(int(end * assessed)) for end in dict.fromkeys((lo, hi)))
        text += say(" ({n} of {all})", n=covered, all=number(assessed))
    return elements.Bar(label, text, thousandths(lo), thousandths(hi), True, True)


def _lag_notes(figures: Mapping[str, int | str]) -> tuple[str, ...]:
    if not figures:
        return ()
    gap = figures.get("gap")
    distance = say("The published distance is {n} points. ", n=gap) if isinstance(gap, int) else ""
    given = figures.get("origin")
    origin = content(str(given)) if given else say("origin not recorded")
    caution = say(
        "The survey counts organisations, this report counts agents and units: compare the "
        "direction, not the decimals."
    )
    return (
        f"{distance}{caution}",
        say("Published figure: {origin}.", origin=clean(origin).rstrip(".")),
    )

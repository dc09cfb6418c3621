"""The arithmetic of a score in words: a score dataclass in, one paragraph of plain text out.

Nothing is scored here. Every figure comes from the score, so text and number always agree.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from reporter.i18n.translate import (
    ENGLISH,
    content,
    headline,
    language,
    mark,
    numeral,
    say,
    word,
)
from reporter.model.assessment import Assessment, Policy, Sample
from reporter.model.comparison import Cause
from reporter.model.scores import (
    CheckScore,
    ControlScore,
    GroupScore,
    PracticeScore,
    Status,
)
from reporter.report.view.format import count, extents_text, met_of_judged
from reporter.score import ASK, TOP, rating
from reporter.score import printed as printed_in_english

_WORDS = {
    Status.PASS: "pass",
    Status.DECLARED: "declared",
    Status.ATTESTED: "attested",
    Status.COMPENSATED: "compensated",
    Status.FAIL: "fail",
    Status.UNKNOWN: "unknown",
    Status.NA: "n/a",
}


def why_check(score: CheckScore, title: str, sample: Sample | None = None) -> str:
    """Explain a check: its results by status and the weights behind both ends of its interval."""
    title = content(title)
    results = sum(score.counts.values())
    if not score.applicable:
        reason = (
            say("all {n} results are n/a", n=results) if results else say("no subject is in scope")
        )
        return say(
            "{check} {title}: not applicable, {why}.", check=score.check, title=title, why=reason
        )
    counts = ", ".join(
        f"{score.counts[s]} {word(code)}" for s, code in _WORDS.items() if score.counts[s]
    )
    lo, hi = (
        f"{part if part.denominator == 1 else f'({part})'}/{whole}"
        for part, whole in (score.sum_lo, score.sum_hi)
    )
    text = say(
        "{check} {title}: {counts} (results: {results}). Credited weight / weight = {lo}; at most"
        " {hi}.",
        check=score.check,
        title=title,
        counts=counts,
        results=results,
        lo=_result(lo, score.lo),
        hi=_result(hi, score.hi),
    )
    if sample:
        limit = mark(
            " {sample}: a tier counts with the 95 % confidence limit of its share without"
            " exceptions,"
            " not with the share itself."
        )
        text += say(limit, sample=said_of(sample))
    if score.caps_lo and score.caps_hi:
        text += say(
            " It caps its practice: critical, and without credit on a subject of tier 3 or 4."
        )
    elif score.caps_lo:
        text += say(
            " It caps its practice: critical, and without credit on a subject of tier 3 or 4 unless"
            " missing evidence is favourable."
        )
    return text


def said_of(sample: Sample) -> str:
    """Describe a sample: its size, its population, and how to repeat the draw."""
    note = f"; {sample.note}" if sample.note else ""
    text = mark("Random sample of {n} of {all} (seed {seed}{note})")
    return say(text, n=sample.size, all=sample.frame, seed=sample.seed, note=note)


def why_control(
    score: ControlScore,
    title: str,
    checks: Mapping[str, CheckScore],
    policy: Policy,
    causes: Mapping[tuple[str, ...], Sequence[tuple[int, Cause]]] = {},
) -> str:
    """Explain a control or theme: rating, score, root causes, formula of each practice."""
    head = f"{score.id} {title}: "
    if score.state == "not_applicable":
        return head + say("not applicable, no check has a subject in scope.")
    if score.state == "not_assessed":
        names = ", ".join(check for practice in score.practices for check, _ in practice.weights)
        return head + say(
            "Not assessed: no result of {names} has evidence. "
            "Every total counts it as 0 on evidence and as 1 at most.",
            names=names,
        )
    lines = [
        head + _standing(score),
        *_cause_lines(score, causes),
        *(_practice_line(practice, checks, policy) for practice in score.practices),
    ]
    if len(score.practices) > 1:
        practice_names = [f"P{practice.level}" for practice in score.practices]
        lo = _formula([(1, practice.lo) for practice in score.practices], practice_names)
        hi = _formula([(1, practice.hi) for practice in score.practices])
        lines.append(_sum(_result(lo, score.lo), _result(hi, score.hi)))
    return "\n".join(lines)


def _standing(score: ControlScore) -> str:
    return say(
        "rated {lo} on evidence, {hi} if all missing evidence is favourable. Score {score},"
        " coverage"
        " {coverage} %, {part} of it met, confidence {confidence}.",
        lo=score.rating_lo,
        hi=score.rating_hi,
        score=_interval(score.lo, score.hi),
        coverage=printed(score.coverage),
        part=met_of_judged(score),
        confidence=word(score.confidence),
    )


def _sum(lo: str, hi: str) -> str:
    return say("S = {lo}; at most {hi}.", lo=lo, hi=hi)


FEW = 3
"""Causes named for a control."""
CausesByChecks = Mapping[tuple[str, ...], Sequence[tuple[int, Cause]]]
"""The checks that fail -> the causes with failures of just these, each with its place among all."""


def causes_by_checks(causes: Iterable[Cause]) -> CausesByChecks:
    """Group causes by their checks: of thousands a few groups are left, which every control asks
    for.
    """
    groups: dict[tuple[str, ...], list[tuple[int, Cause]]] = defaultdict(list)
    for position, cause in enumerate(causes):
        groups[cause.checks].append((position, cause))
    return groups


def _cause_lines(score: ControlScore, causes: CausesByChecks) -> list[str]:
    """Count the failures once per root cause."""
    names = {check for practice in score.practices for check, _ in practice.weights}
    groups = [(checks, group) for checks, group in causes.items() if names.intersection(checks)]
    total = sum(
        sum(cause.counts[at] for _, cause in group)
        for checks, group in groups
        for at, check in enumerate(checks)
        if check in names
    )
    if total < 2:
        return []
    n_causes = sum(len(group) for _, group in groups)
    firsts = sorted((p for _, group in groups for p in group[:FEW]), key=lambda pair: pair[0])[:FEW]
    counted = [
        (c, sum(n for k, n in zip(c.checks, c.counts, strict=True) if k in names))
        for _, c in firsts
    ]
    first_causes = "; ".join(f"{_within(c.title)} ({n})" for c, n in counted)
    note = say("; and {n} more", n=n_causes - FEW) if n_causes > FEW else ""
    return [
        say(
            "{failures}, {causes}: {first}{more}.",
            failures=count(total, "failure"),
            causes=count(n_causes, "root cause"),
            first=first_causes,
            more=note,
        )
    ]


def _within(title: str) -> str:
    """Format a title for use within a sentence; only English titles lose their capital."""
    if language() != ENGLISH:
        return headline(title)
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def printed(value: Fraction) -> str:
    """Print a share as the report does, in its language."""
    return numeral(printed_in_english(value))


def why_group(score: GroupScore, controls: Sequence[ControlScore]) -> str:
    """Explain a group, framework or the enterprise from its controls; others are ignored."""
    members = set(score.members)
    scored_controls = [c for c in controls if c.id in members and c.state != "not_applicable"]
    if not scored_controls:
        template = mark("{id} {title}: not applicable, as none of its controls is.")
        return say(template, id=score.id, title=content(score.title))
    lo = _formula(
        [(control.weight, control.lo) for control in scored_controls],
        [c.id for c in scored_controls],
    )
    hi = _formula([(control.weight, control.hi) for control in scored_controls])
    lines = [
        say(
            "{id} {title}: of {all} controls assessed: {extents}; {absent} not applicable. Coverage"
            " {coverage} %, {part} of it met.",
            id=score.id,
            title=content(score.title),
            extents=extents_text(score.extents),
            all=len(scored_controls),
            absent=score.not_applicable,
            coverage=printed(score.coverage),
            part=met_of_judged(score),
        ),
        _sum(_result(lo, score.lo), _result(hi, score.hi)),
    ]
    return "\n".join(lines)


def why_level(assessment: Assessment) -> str:
    """Explain the level of the enterprise by what each theme stands in the way of."""
    level, names = assessment.scores.level, assessment.policy.level_names
    applying = {c.id for c in assessment.scores.enterprise.controls if c.practices}
    themes = [t for t in level.themes if t.theme in applying]
    lines = [
        say(
            "Level {lo} ({name}) on evidence, at most {hi} if all missing evidence is favourable;"
            " target {target}.",
            lo=level.lo,
            name=content(names[level.lo]),
            hi=level.hi,
            target=level.target or say("none"),
        ),
        say(
            "It is the lowest of what the themes permit, on evidence and at most: {themes}.",
            themes=", ".join(f"{t.theme} {t.lo}/{t.hi}" for t in themes) or say("none"),
        ),
    ]
    if level.judged < TOP:
        text = mark(
            "Levels above {n} are not judged: fewer than half of the practices of level {next}"
            " have a"
            " subject."
        )
        lines.append(say(text, n=level.judged, next=level.judged + 1))
    lines += [
        say("Capped at level {n}: {why}", n=most, why=content(why)) for most, why in level.caps
    ]
    return "\n".join(lines)


def _practice_line(
    practice: PracticeScore, checks: Mapping[str, CheckScore], policy: Policy
) -> str:
    values_lo = {i: checks[i].lo for i, _ in practice.weights if i != ASK}
    values_hi = {i: checks[i].hi for i, _ in practice.weights if i != ASK}
    capping_hi = tuple(i for i in values_hi if checks[i].caps_hi)
    names = [say("question") if check == ASK else check for check, _ in practice.weights]
    lo = _side(practice.weights, values_lo, practice.raw_lo, practice.lo, practice.capped_by, names)
    hi = _side(practice.weights, values_hi, practice.raw_hi, practice.hi, capping_hi)
    return say(
        "P{n} = {lo} ({rating}); at most {hi} ({at_most}).",
        n=practice.level,
        lo=lo,
        rating=rating(practice.lo, policy),
        hi=hi,
        at_most=rating(practice.hi, policy),
    )


def _side(
    weights: Sequence[tuple[str, int]],
    values: dict[str, Fraction],
    mean: Fraction,
    final: Fraction,
    capped_by: Sequence[str],
    names: Sequence[str] = (),
) -> str:
    """Print one end of a practice: formula, exact mean, cap if it applied, percent."""
    total = sum(weight for _, weight in weights)
    # The question has no entry among the checks. Its credit is the mean less that of the others.
    ask_credit = mean * total - sum(w * values[check] for check, w in weights if check != ASK)
    terms = [(w, ask_credit / w if check == ASK else values[check]) for check, w in weights]
    formula = _formula(terms, names)
    template = mark(", capped to {share} by {checks}")
    cap = say(template, share=final, checks=", ".join(capped_by)) if final != mean else ""
    return f"{formula} = {mean}{cap} = {printed(final)} %"


def _formula(terms: Sequence[tuple[int, Fraction]], names: Sequence[str] = ()) -> str:
    """Print a weighted mean; with names, each term says whose value it is."""
    total = sum(weight for weight, _ in terms)
    suffixes = [f" [{name}]" for name in names] or [""] * len(terms)
    parts = (
        f"{weight} x {value}{name}" for (weight, value), name in zip(terms, suffixes, strict=True)
    )
    return f"({' + '.join(parts)})/{total}"


def _result(formula: str, value: Fraction) -> str:
    return f"{formula} = {value} = {printed(value)} %"


def _interval(lo: Fraction, hi: Fraction) -> str:
    return f"{printed(lo)} % [{printed(lo)}-{printed(hi)}]"

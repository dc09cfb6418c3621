"""Turn counted results into scores: tallies, catalogs and policy in, exact `Scores` out.

Every number is evaluated twice: `lo` takes the unknown as failed, `hi` as passed.
Exact fractions throughout; the numbers of sections are those of the scoring method.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from reporter.model.assessment import (
    Check,
    Control,
    Framework,
    Group,
    Policy,
    Profile,
    Theme,
)
from reporter.model.scores import (
    BY_STATEMENT,
    EXTENTS,
    FULLY,
    HELD,
    IN_PART,
    NOT_AT_ALL,
    CheckScore,
    ControlScore,
    FrameworkScore,
    GroupScore,
    LevelScore,
    PracticeScore,
    Scores,
    Status,
    Tally,
)
from reporter.score.levels import LEVELS, TOP, Caps, level_score
from reporter.score.sampling import Row, strata

ASK = "ask"
ENTERPRISE = "enterprise"
SCORED = ("direct", "partial")
"""Strengths of a mapping that count; a contextual one is printed only."""
NO_TARGET = Profile("", "", 0, {})
CAP_TIER = 3
_ZERO, _ONE = Fraction(0), Fraction(1)
_STATUSES = (*Status,)
_MET = {status: _ONE if status in HELD else _ZERO for status in Status}
_HIGH_COVERAGE, _HIGH_TESTED = Fraction(9, 10), Fraction(4, 5)
_LOW_COVERAGE, _LOW_ATTESTED = Fraction(3, 5), Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Inputs:
    """Inputs that the scores of all frameworks share; `scored` are those of the checks."""

    catalog: Mapping[str, Check]
    by_theme: Mapping[str, Sequence[Check]]
    scored: dict[str, CheckScore]
    policy: Policy
    answers: Mapping[tuple[str, str], Status]


@dataclass(frozen=True, slots=True)
class Entry:
    """One scored check (or the ask) inside a control."""

    level: int
    weight: int
    score: CheckScore
    direct: bool = True


def score(
    frameworks: Sequence[Framework],
    checks: Iterable[Check],
    themes: Iterable[Theme],
    tallies: Iterable[Tally],
    policy: Policy,
    profile: Profile,
    caps: Caps = (),
    answers: Mapping[tuple[str, str], Status] = {},
) -> Scores:
    """Score all checks, each framework as a view of them, and the enterprise over the themes.

    `caps` hold the level on evidence down. `answers` are the settled statuses of the controls'
    asks by (framework id, control id), unknown where absent."""
    inputs, themes = _inputs(checks, tallies, policy, answers), tuple(themes)
    views = tuple(_framework(framework, inputs) for framework in frameworks)
    controls = tuple(
        _theme(theme.id, inputs.by_theme.get(theme.id, ()), inputs) for theme in themes
    )
    total = group_score(ENTERPRISE, "Enterprise", controls)
    ids = {theme.id for theme in themes}
    listed = practices_of(c for c in inputs.catalog.values() if c.theme in ids)
    level = level_score(controls, listed, policy, profile, caps)
    own_levels = {
        view.framework: own
        for framework, view in zip(frameworks, views, strict=True)
        if (own := _own_level(framework, view, themes, inputs, caps))
    }
    enterprise = FrameworkScore(ENTERPRISE, total, (), controls)
    return Scores(inputs.scored, views, enterprise, level, own_levels)


def score_theme(
    theme: Theme, checks: Sequence[Check], tallies: Iterable[Tally], policy: Policy
) -> ControlScore:
    """Score one theme of the enterprise from the results of its checks."""
    return _theme(theme.id, checks, _inputs(checks, tallies, policy, {}))


def practices_of(checks: Iterable[Check]) -> set[tuple[str, int]]:
    """Return the practices (theme, level) that checks belong to."""
    return {(check.theme, check.level) for check in checks}


def _inputs(
    checks: Iterable[Check],
    tallies: Iterable[Tally],
    policy: Policy,
    answers: Mapping[tuple[str, str], Status],
) -> Inputs:
    catalog = {check.id: check for check in checks}
    results: dict[str, list[Tally]] = {check_id: [] for check_id in catalog}
    for tally in tallies:
        results[tally.check].append(tally)
    check_scores = {
        c.id: score_check(c.id, c.severity == "critical", results[c.id], policy, bool(c.sample))
        for c in catalog.values()
    }
    by_theme: dict[str, list[Check]] = defaultdict(list)
    for check in catalog.values():
        by_theme[check.theme].append(check)
    return Inputs(catalog, by_theme, check_scores, policy, answers)


def rating(value: Fraction, policy: Policy) -> str:
    """Rate an exact score N, P, L or F (3.3); a value on an edge gets the lower rating."""
    # Here and below in whole numbers where a report asks thousands of times: fractions take longer.
    whole, parts = value.as_integer_ratio()
    edges = map(Fraction.as_integer_ratio, policy.rating_edges)
    return "NPLF"[sum(whole * below > above * parts for above, below in edges)]


def printed(value: Fraction) -> str:
    """Print a share as percent with one decimal, as it is `rounded`."""
    tenth_count = tenths(value)
    return f"{tenth_count // 10}.{tenth_count % 10}"


def rounded(value: Fraction) -> Fraction:
    """Return a share as percent to one decimal, half up; 100 and 0 only where exact (3.13)."""
    return Fraction(tenths(value), 10)


def tenths(value: Fraction) -> int:
    """Return a share as tenths of a percent, as it is `rounded`."""
    whole, parts = value.as_integer_ratio()
    nearest = (2000 * whole + parts) // (2 * parts)
    return min(max(nearest, 1), 999) if 0 < whole < parts else nearest


# 3.1 check


def score_check(
    check_id: str, critical: bool, tallies: Sequence[Tally], policy: Policy, sampled: bool = False
) -> CheckScore:
    """Score a check from its counted results (3.1); a random sample represents its whole tier
    (3.9).
    """
    tallies = [t for t in tallies if t.n]
    counts = dict.fromkeys(_STATUSES, 0)
    for tally in tallies:
        counts[tally.status] += tally.n
    sums = weigh(tallies, policy)
    if not sums:
        zero_pair = (_ZERO, _ZERO)
        return CheckScore(
            check_id,
            _ZERO,
            _ZERO,
            counts,
            False,
            _ZERO,
            _ZERO,
            _ZERO,
            False,
            False,
            zero_pair,
            zero_pair,
        )
    worst_credits, best_credits = credits_of(policy), credits_of(policy, best=True)
    if sampled:
        rows_lo, rows_hi = (
            strata(tallies, worst_credits, policy, 1),
            strata(tallies, best_credits, policy, -1),
        )
    else:
        rows_lo, rows_hi = (
            [(c[s], *pair) for s, pair in sums.items()] for c in (worst_credits, best_credits)
        )
    sum_lo, sum_hi = _extreme(rows_lo, 1), _extreme(rows_hi, -1)
    return CheckScore(
        check=check_id,
        lo=sum_lo[0] / sum_lo[1],
        hi=sum_hi[0] / sum_hi[1],
        counts=counts,
        applicable=True,
        known=1 - _share(Status.UNKNOWN, sums, dict.fromkeys(_STATUSES, 1)),
        passed=lowest(sums, _MET) or _ZERO,
        attested=_share(Status.ATTESTED, sums, worst_credits),
        # A tier that only may be 3 or 4 caps lo; it has to be 3 or 4 to cap hi.
        caps_lo=critical
        and any(t.tier_hi >= CAP_TIER and not worst_credits[t.status] for t in tallies),
        caps_hi=critical
        and any(t.tier_lo >= CAP_TIER and not best_credits[t.status] for t in tallies),
        sum_lo=sum_lo,
        sum_hi=sum_hi,
    )


def weigh(tallies: Iterable[Tally], policy: Policy) -> dict[Status, tuple[int, int]]:
    """Sum per status the (lightest, heaviest) weight of its results; n/a results leave the sum."""
    sums: dict[Status, tuple[int, int]] = {}
    for tally in tallies:
        if tally.status != Status.NA:
            light, heavy = sums.get(tally.status, (0, 0))
            possible = policy.tier_weights[tally.tier_lo - 1 : tally.tier_hi]
            sums[tally.status] = light + tally.n * min(possible), heavy + tally.n * max(possible)
    return sums


def credits_of(policy: Policy, best: bool = False) -> dict[Status, Fraction]:
    """Return the share of its weight that a result is credited with, in lo or in hi."""
    return {
        Status.PASS: _ONE,
        Status.FAIL: _ZERO,
        Status.UNKNOWN: _ONE if best else _ZERO,
        Status.ATTESTED: _ONE if best else policy.attested_credit,
        Status.DECLARED: _ONE if best else policy.declared_credit,
        Status.COMPENSATED: policy.compensated_credit,
        Status.NA: _ONE,
    }


def lowest(
    sums: Mapping[Status, tuple[int, int]], credits: Mapping[Status, Fraction]
) -> Fraction | None:
    """Return the lo of a check without a sample from the weights of its results; None if no result
    applies.
    """
    rows = [(credits[status], *pair) for status, pair in sums.items() if pair[1]]
    if not rows:
        return None
    credit_sum, weight = _extreme(rows, 1)
    return credit_sum / weight


def _extreme(strata_rows: Sequence[Row], sign: int) -> tuple[Fraction, Fraction]:
    """Return (credited, total) weight of the lowest (sign 1) or highest (-1) mean possible."""
    # 2.2: in lo, no credit weighs heavy, full credit light. A half credit has no side of its own:
    # heavy lifts a mean below it, light lifts a mean above it, so that either fixed choice would
    # let a hidden attribute raise lo (I21) and a fix lower it (I2). We try both and keep the
    # extreme: the exact bound over all possible tiers, monotone in every result. Mirrored for hi.
    edges = [_ONE]
    if any(light != heavy for _, light, heavy in strata_rows):
        edges += sorted({credit for credit, *_ in strata_rows if 0 < credit < 1})
    common = lcm(*(credit.denominator for credit, *_ in strata_rows))
    rows = []
    for edge in edges:
        credit_sum = total = 0
        for credit, light, heavy in strata_rows:
            weight = light
            if light != heavy and (credit < edge) == (sign > 0):
                weight = heavy
            credit_sum += credit.numerator * (common // credit.denominator) * weight
            total += weight
        rows.append((Fraction(credit_sum, common), Fraction(total)))
    return min(rows, key=lambda row: sign * row[0] / row[1]) if rows[1:] else rows[0]


def _share(
    status: Status,
    sums: Mapping[Status, tuple[int, int]],
    credits: Mapping[Status, Fraction] | Mapping[Status, int],
) -> Fraction:
    """Return the largest share that one (unwelcome) status can have of the credited weight."""
    if status not in sums or not (part := credits[status] * sums[status][1]):
        return _ZERO
    remainder = sum(credits[s] * light for s, (light, _) in sums.items() if s != status)
    return Fraction(part, part + remainder)


# 3.2 practice, 3.4 control


def practice_of(level: int, entries: Sequence[Entry], policy: Policy) -> PracticeScore:
    """Score a practice from its checks, all of which apply (3.2)."""
    raw_lo = mean((entry.weight, entry.score.lo) for entry in entries)
    raw_hi = mean((entry.weight, entry.score.hi) for entry in entries)
    capped_by = tuple(entry.score.check for entry in entries if entry.score.caps_lo)
    caps_hi = any(entry.score.caps_hi for entry in entries)
    lo, hi = capped(raw_lo, bool(capped_by), policy), capped(raw_hi, caps_hi, policy)
    ratings = rating(lo, policy), rating(hi, policy)
    weights = tuple((entry.score.check, entry.weight) for entry in entries)
    return PracticeScore(level, lo, hi, raw_lo, raw_hi, *ratings, weights, capped_by)


def capped(raw: Fraction, caps: bool, policy: Policy) -> Fraction:
    """Return the score of a practice, capped if a critical check has a result without credit
    (3.2).
    """
    return min(raw, policy.critical_cap) if caps else raw


def mean(pairs: Iterable[tuple[int | Fraction, Fraction]]) -> Fraction:
    """Return the weighted mean; 0 of nothing."""
    pairs = tuple(pairs)
    total = sum(weight for weight, _ in pairs)
    if not total:
        return _ZERO
    # Over one denominator: a Fraction is reduced once here, not with every addition.
    ratios = [(*w.as_integer_ratio(), *v.as_integer_ratio()) for w, v in pairs]
    common = lcm(*(w_parts * v_parts for _, w_parts, _, v_parts in ratios))
    whole = sum(w * v * (common // (w_parts * v_parts)) for w, w_parts, v, v_parts in ratios)
    total_whole, total_parts = total.as_integer_ratio()
    return Fraction(whole * total_parts, common * total_whole)


def control_score(
    control_id: str, weight: int, candidates: Sequence[Entry], policy: Policy
) -> ControlScore:
    """Score a control, or a theme, from the checks that may apply to it (3.4)."""
    entries = [entry for entry in candidates if entry.score.applicable]
    practices = tuple(
        practice_of(level, [entry for entry in entries if entry.level == level], policy)
        for level in sorted({entry.level for entry in entries})
    )
    coverage = mean((entry.weight, entry.score.known) for entry in entries)
    passed = mean((entry.weight, entry.score.passed) for entry in entries)
    lo = mean((1, practice.lo) for practice in practices)
    hi = mean((1, practice.hi) for practice in practices)
    return ControlScore(
        id=control_id,
        state=state_of(entry.score for entry in entries),
        lo=lo,
        hi=hi,
        rating_lo=rating(lo, policy),
        rating_hi=rating(hi, policy),
        coverage=coverage,
        passed=passed,
        confidence=_confidence(coverage, entries),
        practices=practices,
        weight=weight,
        extent=extent_of(entries),
    )


def state_of(checks: Iterable[CheckScore]) -> str:
    """Return the state of a control: assessed, not_assessed or not_applicable (3.8)."""
    applicable = [check for check in checks if check.applicable]
    if not applicable:
        return "not_applicable"
    return "assessed" if any(check.known for check in applicable) else "not_assessed"


def extent_of(entries: Sequence[Entry]) -> str:
    """Return how far a control is assessed by what applies to it; '' of nothing (3.8)."""
    if not entries:
        return ""
    checks = [entry for entry in entries if entry.score.check != ASK]
    if not any(entry.score.known for entry in checks):
        return BY_STATEMENT if any(entry.score.known for entry in entries) else NOT_AT_ALL
    is_whole = all(entry.score.known == 1 and not entry.score.attested for entry in entries)
    return FULLY if is_whole and any(entry.direct for entry in checks) else IN_PART


def _confidence(coverage: Fraction, entries: Sequence[Entry]) -> str:
    """Return the confidence for coverage and origin of the credited weight, by the table of 3.8."""
    if coverage < _LOW_COVERAGE:
        return "Low"
    credited_entries = [(entry, entry.weight * entry.score.lo) for entry in entries]
    total = sum(credit for _, credit in credited_entries)
    attested_credit = sum(c * e.score.attested for e, c in credited_entries if e.score.attested)
    if attested_credit > _LOW_ATTESTED * total:
        return "Low"
    # A confirmed ask was examined by a human: not attested only, but no TEST either.
    tested_credit = sum(
        c * (1 - e.score.attested) for e, c in credited_entries if e.score.check != ASK
    )
    is_high = coverage >= _HIGH_COVERAGE and tested_credit >= _HIGH_TESTED * total
    return "High" if is_high else "Medium"


# 3.5 group, 10 framework


def _framework(framework: Framework, inputs: Inputs) -> FrameworkScore:
    lineages = {c.id: _lineage(framework.groups, c.group) for c in framework.controls}
    controls = tuple(
        control_score(c.id, c.weight, entries_of(framework.id, c, inputs), inputs.policy)
        for c in framework.controls
    )
    groups = tuple(
        group_score(group.id, group.title, [c for c in controls if group.id in lineages[c.id]])
        for group in framework.groups
    )
    total = group_score(framework.id, framework.title, controls)
    return FrameworkScore(framework.id, total, groups, controls)


def _lineage(groups: Iterable[Group], group_id: str) -> tuple[str, ...]:
    """Return the group and the groups around it, innermost first."""
    parents = {group.id: group.parent for group in groups}
    line: list[str] = []
    while group_id in parents and group_id not in line:
        line.append(group_id)
        group_id = parents[group_id]
    return tuple(line)


def entries_of(framework_id: str, control: Control, inputs: Inputs) -> list[Entry]:
    """List the control's direct and partial checks and, last, its ask (overclaim guard, 3.7)."""
    severities, strengths = inputs.policy.severity_weights, inputs.policy.strength_weights
    pairs = [(inputs.catalog[i], how) for i, how in control.checks if how in SCORED]
    entries = [
        Entry(
            check.level,
            severities[check.severity] * strengths[how],
            inputs.scored[check.id],
            how == "direct",
        )
        for check, how in pairs
    ]
    if control.ask or not entries:
        direct = {check.level for check, how in pairs if how == "direct"}
        # Direct checks at all five levels still leave the question open: it stays, at the top.
        level = next((n for n in LEVELS if n not in direct), TOP)
        status = inputs.answers.get((framework_id, control.id), Status.UNKNOWN)
        answer = score_check(ASK, False, [Tally(ASK, status, 1, 1, 1)], inputs.policy)
        entries.append(Entry(level, severities["medium"] * strengths["direct"], answer))
    return entries


def _own_level(
    framework: Framework,
    view: FrameworkScore,
    themes: Iterable[Theme],
    inputs: Inputs,
    caps: Caps,
) -> LevelScore | None:
    """Return the level over the checks of a framework; None where it would say too little."""
    if not view.controls or 2 * view.total.assessed < len(view.controls):
        return None
    checks = own_checks(framework, inputs.catalog.values())
    controls = own_themes(checks, themes, inputs.scored, inputs.policy)
    own = level_score(controls, practices_of(checks), inputs.policy, NO_TARGET, caps)
    return own if own.judged else None


def own_checks(framework: Framework, checks: Iterable[Check]) -> list[Check]:
    """Return the checks that count for the controls of a framework."""
    ids = {i for control in framework.controls for i, how in control.checks if how in SCORED}
    return [check for check in checks if check.id in ids]


def own_themes(
    checks: Sequence[Check],
    themes: Iterable[Theme],
    scored: dict[str, CheckScore],
    policy: Policy,
) -> list[ControlScore]:
    """Score the themes over some checks that are scored already."""
    inputs = Inputs({}, {}, scored, policy, {})
    return [_theme(t.id, [c for c in checks if c.theme == t.id], inputs) for t in themes]


def _theme(theme_id: str, checks: Iterable[Check], inputs: Inputs) -> ControlScore:
    entries = [
        Entry(c.level, inputs.policy.severity_weights[c.severity], inputs.scored[c.id])
        for c in checks
    ]
    return control_score(theme_id, 1, entries, inputs.policy)


def group_score(group_id: str, title: str, controls: Sequence[ControlScore]) -> GroupScore:
    """Score a group of controls (3.5)."""
    scored_controls = [control for control in controls if control.state != "not_applicable"]
    return GroupScore(
        id=group_id,
        title=title,
        lo=mean((c.weight, c.lo) for c in scored_controls),
        hi=mean((c.weight, c.hi) for c in scored_controls),
        coverage=mean((c.weight, c.coverage) for c in scored_controls),
        passed=mean((c.weight, c.passed) for c in scored_controls),
        assessed=sum(c.state == "assessed" for c in scored_controls),
        not_assessed=sum(c.state == "not_assessed" for c in scored_controls),
        not_applicable=len(controls) - len(scored_controls),
        members=tuple(control.id for control in controls),
        extents=_counted(scored_controls),
    )


def _counted(controls: Sequence[ControlScore]) -> tuple[int, int, int, int]:
    """Count controls that apply by how far they are assessed."""
    fully, part, stated, none = (sum(c.extent == extent for c in controls) for extent in EXTENTS)
    return fully, part, stated, none

"""Write the arithmetic of a score out: a score dataclass in, one paragraph of plain text out.

Nothing is scored here: every figure is one the score carries, so text and number cannot part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from reporter.compared import Cause
from reporter.model import Policy, Sample
from reporter.score import ASK, printed, rating
from reporter.scores import CheckScore, ControlScore, GroupScore, PracticeScore, Status

_WORDS = {
    Status.PASS: "pass",
    Status.ATTESTED: "attested",
    Status.COMPENSATED: "compensated",
    Status.FAIL: "fail",
    Status.UNKNOWN: "unknown",
    Status.NA: "n/a",
}


def why_check(score: CheckScore, title: str, sample: Sample | None = None) -> str:
    """Explain a check: its cells by status and the weights behind both ends of its interval."""
    cells = sum(score.counts.values())
    if not score.applicable:
        why = f"all {cells} cells are n/a" if cells else "no subject is in scope"
        return f"{score.check} {title}: not applicable, {why}."
    counts = ", ".join(f"{score.counts[s]} {word}" for s, word in _WORDS.items() if score.counts[s])
    lo, hi = (
        f"{part if part.denominator == 1 else f'({part})'}/{whole}"
        for part, whole in (score.sum_lo, score.sum_hi)
    )
    text = (
        f"{score.check} {title}: {counts} (cells: {cells}). "
        f"Credited weight / weight = {_result(lo, score.lo)}; at most {_result(hi, score.hi)}."
    )
    if sample:
        text += f" {said_of(sample)}: a tier counts with the 95 % limit of its share without exceptions, not with the share."
    if score.caps_lo:
        text += " It caps its practice: critical, and without credit on a subject of tier 3 or 4"
        text += "." if score.caps_hi else " unless missing evidence proves good."
    return text


def said_of(sample: Sample) -> str:
    """Say what was drawn from what, and how the draw can be repeated."""
    note = f"; {sample.note}" if sample.note else ""
    return f"Random sample of {sample.size} of {sample.frame} (seed {sample.seed}{note})"


def why_control(
    score: ControlScore,
    title: str,
    checks: Mapping[str, CheckScore],
    policy: Policy,
    causes: Sequence[Cause] = (),
) -> str:
    """Explain a control or theme: level, score, gap, the causes behind its failures, the formula of each practice."""
    head = f"{score.id} {title}: "
    if score.state == "not_applicable":
        return f"{head}not applicable, no check has a subject in scope."
    if score.state == "not_assessed":
        names = ", ".join(check for practice in score.practices for check, _ in practice.weights)
        return (
            f"{head}Not assessed, no cell of {names} has evidence; "
            f"every roll-up counts it as 0 on evidence and as 1 at most. Target {score.target}."
        )
    name = policy.level_names[score.level_lo]
    lines = [
        (
            f"{head}level {score.level_lo}{'+' * score.plus} ({name}) on "
            f"evidence, at most {score.level_hi} even if all missing evidence proves good; "
            f"target {score.target}. Score {_interval(score.lo, score.hi)}, "
            f"coverage {printed(score.coverage)} %, confidence {score.confidence}."
        ),
        *_gap_lines(score, policy),
        *_cause_lines(score, causes),
        *(_practice_line(practice, checks, policy) for practice in score.practices),
    ]
    if len(score.practices) > 1:
        lo = _formula([(1, practice.lo) for practice in score.practices])
        hi = _formula([(1, practice.hi) for practice in score.practices])
        lines.append(f"S = {_result(lo, score.lo)}; at most {_result(hi, score.hi)}.")
    return "\n".join(lines)


def _cause_lines(score: ControlScore, causes: Sequence[Cause]) -> list[str]:
    """Count the failures once by what lies behind them."""
    names = {check for practice in score.practices for check, _ in practice.weights}
    failed = [
        (cause, sum(check in names for check, _ in cause.cells))
        for cause in causes
        if names & {*cause.checks}
    ]
    total = sum(n for _, n in failed)
    if total < 2:
        return []
    first = "; ".join(f"{c.title.lower()} ({n})" for c, n in failed[:3])
    more = f"; and {len(failed) - 3} more" if len(failed) > 3 else ""
    return [f"{total} failures, {len(failed)} root causes: {first}{more}."]


def why_group(score: GroupScore, controls: Sequence[ControlScore], policy: Policy) -> str:
    """Explain a group, framework or the enterprise from the controls in it (others are ignored)."""
    members = set(score.members)
    scored = [c for c in controls if c.id in members and c.state != "not_applicable"]
    if not scored:
        return f"{score.id} {score.title}: not applicable, none of its controls is."
    lo = _formula([(control.weight, control.lo) for control in scored])
    hi = _formula([(control.weight, control.hi) for control in scored])
    name = policy.level_names[score.level_lo]
    lines = [
        (
            f"{score.id} {score.title}: level {score.level_lo} ({name}) "
            f"on evidence, at most {score.level_hi}; target {score.target}. "
            f"{score.not_assessed} of {len(scored)} controls not assessed, "
            f"{score.not_applicable} not applicable. Coverage {printed(score.coverage)} %."
        ),
        f"S = {_result(lo, score.lo)}; at most {_result(hi, score.hi)}.",
        f"Controls: {', '.join(f'{c.id} level {c.level_lo}' for c in scored)}.",
        _group_rule(scored, policy),
        *(f"Capped at level {most}: {reason}." for most, reason in score.caps),
    ]
    return "\n".join(lines)


def _practice_line(
    practice: PracticeScore, checks: Mapping[str, CheckScore], policy: Policy
) -> str:
    los = {i: checks[i].lo for i, _ in practice.weights if i != ASK}
    his = {i: checks[i].hi for i, _ in practice.weights if i != ASK}
    capping_hi = tuple(i for i in his if checks[i].caps_hi)
    lo = _side(practice.weights, los, practice.raw_lo, practice.lo, practice.capped_by)
    hi = _side(practice.weights, his, practice.raw_hi, practice.hi, capping_hi)
    names = ", ".join(check for check, _ in practice.weights)
    return (
        f"P{practice.level} = {lo} ({rating(practice.lo, policy)}); "
        f"at most {hi} ({rating(practice.hi, policy)}). Checks: {names}."
    )


def _side(
    weights: Sequence[tuple[str, int]],
    values: dict[str, Fraction],
    raw: Fraction,
    final: Fraction,
    capped_by: Sequence[str],
) -> str:
    """Write one end of a practice: formula, exact mean, cap if it bit, percent."""
    total = sum(weight for _, weight in weights)
    # The ask has no entry among the checks: its credit is what the others leave of the mean.
    rest = raw * total - sum(w * values[check] for check, w in weights if check != ASK)
    formula = _formula([(w, rest / w if check == ASK else values[check]) for check, w in weights])
    cap = f", capped to {final} by {', '.join(capped_by)}" if final != raw else ""
    return f"{formula} = {raw}{cap} = {printed(final)} %"


def _formula(terms: Sequence[tuple[int, Fraction]]) -> str:
    total = sum(weight for weight, _ in terms)
    return f"({' + '.join(f'{weight} x {value}' for weight, value in terms)})/{total}"


def _result(formula: str, value: Fraction) -> str:
    return f"{formula} = {value} = {printed(value)} %"


def _interval(lo: Fraction, hi: Fraction) -> str:
    return f"{printed(lo)} % [{printed(lo)}-{printed(hi)}]"


def _gap_lines(score: ControlScore, policy: Policy) -> list[str]:
    """Name what keeps the control below its next level, on evidence or even in hi."""
    if not score.gap:
        return []
    in_hi = score.gap_kind == "implementation"
    now = score.level_hi if in_hi else score.level_lo
    above = [practice.level for practice in score.practices if practice.level > now]
    kind = f"{score.gap_kind.capitalize()} gap of {score.gap}"
    if not above:
        return [f"{kind}: no practice stands above level {now}, so no higher level can be claimed."]
    needs = []
    for practice in score.practices:
        value = practice.hi if in_hi else practice.lo
        edge = policy.rating_edges[1 if practice.level == above[0] else 2]
        if practice.level <= above[0] and value <= edge:
            most = "even at most" if in_hi else "on evidence"
            needs.append(f"P{practice.level} above {printed(edge)} % ({most} {printed(value)} %)")
    return [f"{kind}: level {above[0]} needs {' and '.join(needs)}."]


def _group_rule(scored: Sequence[ControlScore], policy: Policy) -> str:
    total = sum(control.weight for control in scored)
    shares = [
        (n, Fraction(sum(c.weight for c in scored if c.level_lo >= n), total)) for n in range(1, 6)
    ]
    reached = ", ".join(f"{n}: {printed(share)} %" for n, share in shares if share) or "none"
    floor = min(control.level_lo for control in scored)
    return (
        f"Weight at or above each level: {reached}. A level needs more than "
        f"{printed(policy.group_share)} % and no control more than one below it (lowest: {floor})."
    )

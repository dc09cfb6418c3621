"""How values are printed: numbers, dates, levels, scores, anchors, and text from other people.

In: exact values of `model`. Out: strings and the small printable classes of `shape`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable
from datetime import datetime, timedelta
from fractions import Fraction

from reporter.i18n.translate import content, day, mark, numeral, say, say_n, word
from reporter.model.assessment import Assessment
from reporter.model.reasons import SHOWN_BY
from reporter.model.scores import (
    BY_STATEMENT,
    FULLY,
    IN_PART,
    NOT_AT_ALL,
    CheckScore,
    ControlScore,
    GroupScore,
    LevelScore,
    Status,
    ThemeLevel,
    passed_of_judged,
)
from reporter.model.statements import LEFT_OUT, REMOVED
from reporter.report.view.elements import Counts, Figure, Level, Permits, Subject

# The printed form of a score is part of the method (3.13), so one function defines it.
from reporter.schema.vocabulary import EVIDENCE
from reporter.score import TOP, printed, rounded
from reporter.system.plain_text import clean as clean

NOT_ASSESSED = mark("Not assessed")
NOT_APPLICABLE = mark("Not applicable")
EXTENT_WORDS = {
    FULLY: mark("fully"),
    IN_PART: mark("in part"),
    BY_STATEMENT: mark("by statement only"),
    NOT_AT_ALL: mark("not at all"),
}
NOUNS = (
    *("hour", "day", "agent", "service account", "workload", "human", "group"),
    *("scope", "scope deviation", "unused permission", "cause", "waiver", "compensating control"),
    *("tool", "data source", "destination"),
)
"""What is counted and stands in the data, beside the nouns that `count` is given in code."""
REASON_LIMIT = 260
_BEFORE_PERCENT = re.compile(r"(?<=\d) (?=%)")


def short(text: str, place: str, limit: int = REASON_LIMIT) -> str:
    """Shorten a printed text, with a note on the omitted part and the place of the full text."""
    if len(text) <= limit:
        return text
    note = say("{n} more characters in {where}", n=number(len(text) - limit), where=place)
    return f"{text[:limit].rstrip()}… [{note}]"


class Numeral(str):
    """A printed number that knows its value, for writers to whom a number is not text."""

    __slots__ = ("form", "value")  # a large roadmap holds four for each action
    value: Fraction | int
    """In percent where it is a share."""
    form: str
    """number | decimal | percent"""


def _numeral(text: str, value: Fraction | int, form: str = "number") -> str:
    result = Numeral(text)
    result.value = value
    result.form = form
    return result


def number(value: int) -> str:
    """Print a whole number with thousands separators."""
    return _numeral(numeral(f"{value:,}"), value)


def digits(value: int) -> str:
    """Print a whole number without separators."""
    return _numeral(str(value), value)


def decimal(value: Fraction, places: int | None = None) -> str:
    """Print a number with decimals: a fixed number of them, or as many as needed."""
    if value.denominator == 1 and places is None:
        return digits(int(value))
    text = f"{float(value):g}" if places is None else f"{float(value):.{places}f}"
    return _numeral(numeral(text), value, "decimal")


def count(total: int, noun: str) -> str:
    """Print a number with its noun in the right form."""
    singular, plural = counted(noun)
    return say_n(singular, plural, total)


def counted(noun: str) -> tuple[str, str]:
    """Return the two messages that count a noun: singular and plural."""
    noun = noun.replace("_", " ")
    plural = noun + ("es" if noun.endswith("s") else "s")
    if re.search(r"[^aeiou]y$", noun):
        plural = noun[:-1] + "ies"
    return f"1 {noun}", f"{{n}} {plural}"


def join(parts: Iterable[str]) -> str:
    """Join items as in a sentence: "a, b and c"."""
    items = list(parts)
    if len(items) < 2:
        return "".join(items)
    return say("{several} and {last}", several=", ".join(items[:-1]), last=items[-1])


def moment(time: datetime) -> str:
    """Print a time in UTC, to the minute."""
    return f"{time:%Y-%m-%d %H:%M} UTC"


def iso(time: datetime) -> str:
    """Write a time in UTC as machines read it, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def period(start: datetime, end: datetime) -> str:
    """Print a half-open period by its first and last day."""
    last_day = max(start, end - timedelta(microseconds=1))
    return f"{day(start)} – {day(last_day)}"


def slug(prefix: str, name: str, names_in_use: set[str]) -> str:
    """Return an anchor that is unique in `names_in_use`, and add it."""
    base = f"{prefix}-{re.sub('[^A-Za-z0-9._-]+', '-', name).strip('-') or 'x'}"
    anchor, suffix = base, 1
    while anchor in names_in_use:
        suffix += 1
        anchor = f"{base}-{suffix}"
    names_in_use.add(anchor)
    return anchor


def figure(lo: Fraction, hi: Fraction, state: str = "assessed") -> Figure:
    """Print a score with its range, or the words for a missing score."""
    message = {"not_assessed": NOT_ASSESSED, "not_applicable": NOT_APPLICABLE}.get(state, "")
    words = say(message)
    return Figure(
        text=words or percent(lo),
        range="" if words else spread(lo, hi),
        exact_lo=exact(lo),
        exact_hi=exact(hi),
        at_lo=thousandths(lo),
        at_hi=thousandths(hi),
        assessed=not words,
    )


def up_to(lo: Fraction, hi: Fraction) -> str:
    """Print a score on evidence, and what it could be: "32 %, up to 80 %"."""
    return percent(lo) if lo == hi else say("{lo}, up to {hi}", lo=percent(lo), hi=percent(hi))


def exact(value: Fraction) -> str:
    """Print a fraction as it is."""
    return f"{value.numerator}/{value.denominator}"


def ranged(score: Figure) -> str:
    """Print a score with its range: from what is evidenced to what is possible."""
    return score.range or score.text


def spread(lo: Fraction, hi: Fraction) -> str:
    """Print a range, and its ends once where they print alike."""
    low, high = printed(lo), printed(hi)
    return percent(lo) if low == high else f"{numeral(f'{low}–{high}')} %"


def thousandths(value: Fraction) -> int:
    """Place a share on a drawing 1000 wide; never printed as a number."""
    return int(value * 1000)


def percent(value: Fraction) -> str:
    """Print a share."""
    return _numeral(f"{numeral(printed(value))} %", rounded(value), "percent")


def keep_percents(text: str) -> str:
    """Keep each number on the line of its percent sign, where people read it."""
    return _BEFORE_PERCENT.sub("\u00a0", text)


def met_of_judged(score: ControlScore | GroupScore) -> str:
    """Print which share of what could be judged is met."""
    part = passed_of_judged(score)
    return "–" if part is None else percent(part)


def coverage_text(score: ControlScore | GroupScore) -> str:
    """Print the coverage, and which part of it is met."""
    covered = say("coverage {share}", share=percent(score.coverage))
    part = say("{share} of it met", share=met_of_judged(score))
    return f"{covered}, {part}" if score.coverage else covered


def share(lo: Fraction, hi: Fraction) -> str:
    """Print a share that may be a range."""
    return percent(lo) if lo == hi else f"{numeral(f'{printed(lo)}–{printed(hi)}')} %"


def at_most(lo: int, hi: int) -> str:
    """Print a level, with the possible one if evidence is missing."""
    return say("{lo}, at most {hi}", lo=lo, hi=hi) if hi > lo else digits(lo)


def printed_level(
    score: LevelScore, assessment: Assessment, list_id: str, name: str, is_assessed: bool
) -> Level:
    """Print the level of the enterprise, of a part `name` of a dimension, or beside a framework."""
    lo, hi, policy = score.lo, score.hi, assessment.policy
    upper_name = content(policy.level_names[hi])
    note = say("at most {n} ({name}) if all missing evidence is favourable", n=hi, name=upper_name)
    return Level(
        text=digits(lo) if is_assessed else "–",
        name=content(policy.level_names[lo]) if is_assessed else say(NOT_ASSESSED),
        note=note if is_assessed and hi > lo else "",
        lo=lo if is_assessed else 0,
        hi=hi if is_assessed else 0,
        target=score.target,
        sensitive=_sensitive(assessment, list_id, name, (lo, hi)) if is_assessed else "",
    )


def printed_permits(score: ThemeLevel, assessment: Assessment, list_id: str) -> Permits:
    """Print the level that a theme stands in the way of."""
    lo, hi = _hindered(score.lo), _hindered(score.hi)
    return Permits(
        text=say("{lo}, at best {hi}", lo=lo, hi=hi) if score.hi > score.lo else lo,
        lo=score.lo,
        hi=score.hi,
        target=score.target,
        sensitive=_sensitive(assessment, list_id, score.theme, (score.lo, score.hi)),
    )


def _hindered(permitted: int) -> str:
    return say("none") if permitted == TOP else say("level {n}", n=permitted + 1)


def _sensitive(assessment: Assessment, list_id: str, key: str, level: tuple[int, int]) -> str:
    """Print the other weights that change a level; '' if none do."""
    levels = []
    for weighting in assessment.reweighed:
        lo, hi = weighting.levels.get(list_id, {}).get(key, level)
        if (lo, hi) != level:
            name = word(weighting.name)
            levels.append(
                say("level {lo}, at most {hi} with {name} weights", lo=lo, hi=hi, name=name)
                if hi != lo
                else say("level {lo} with {name} weights", lo=lo, name=name)
            )
    return say("weight-sensitive: {levels}", levels=join(levels)) if levels else ""


def level_words(level: Level) -> str:
    """Print a level in a sentence, with its name, upper bound and target."""
    note = f", {level.note}" if level.note else ""
    target = say("; target {n}", n=level.target) if level.target else ""
    sensitivity = f"; {level.sensitive}" if level.sensitive else ""
    return say("Level {n} ({name})", n=level.text, name=level.name) + note + target + sensitivity


def group_state(score: GroupScore) -> str:
    """Name the state of a group by the same three words as a control's."""
    if score.assessed:
        return "assessed"
    return "not_assessed" if score.not_assessed else "not_applicable"


def gap(is_met: bool, can_be_met: bool) -> str:
    """Return the kind of work that closes a gap: implementation where even hi does not."""
    return "" if is_met else "evidence" if can_be_met else "implementation"


def counts(score: CheckScore) -> Counts:
    """Print the number of results of a check by status."""
    totals = {s: score.counts.get(s, 0) for s in Status}
    words = (
        (Status.PASS, "pass"),
        (Status.DECLARED, "declared"),
        (Status.FAIL, "fail"),
        (Status.UNKNOWN, "unknown"),
        (Status.ATTESTED, "attested"),
        (Status.COMPENSATED, "compensated"),
        (Status.NA, "not applicable"),
    )
    text = " · ".join(f"{number(totals[s])} {word(code)}" for s, code in words if totals[s])
    return Counts(
        passed=totals[Status.PASS],
        declared=totals[Status.DECLARED],
        failed=totals[Status.FAIL],
        unknown=totals[Status.UNKNOWN],
        attested=totals[Status.ATTESTED],
        compensated=totals[Status.COMPENSATED],
        na=totals[Status.NA],
        text=text or say("no subject in scope"),
    )


def extents_text(extents: Iterable[int]) -> str:
    """Print how many controls are assessed how far."""
    fully, part, stated, none = map(number, extents)
    return say(
        "{fully} fully, {part} in part, {stated} by statement only, {none} not at all",
        fully=fully,
        part=part,
        stated=stated,
        none=none,
    )


def evidence_mix(rows: Iterable[tuple[str, str, int]], checks: Container[str] | None = None) -> str:
    """Print on what the results that are met rest, of some checks or of all: "met: 80 declared,
    12 seen in logs"; '' where none is.
    """
    totals = Counter[str]()
    for check, kind, n in rows:
        if checks is None or check in checks:
            totals[kind] += n
    parts = [f"{number(totals[k])} {say(SHOWN_BY[k])}" for k in EVIDENCE if totals[k]]
    return say("met: {parts}", parts=", ".join(parts)) if parts else ""


def weight_note(score: Figure, tally: Counts, is_sampled: bool = False) -> str:
    """Print the weighting of a score that differs from the counts beside it; '' if it does not."""
    total = applicable(tally)
    plain_shares = (
        [Fraction(n, total) for n in (tally.passed, tally.passed + tally.unknown)] if total else []
    )
    bounds = [Fraction(score.exact_lo), Fraction(score.exact_hi)]
    if not score.assessed or bounds == plain_shares:
        return ""
    return say("by the limits of its sample") if is_sampled else say("by tier weight")


def applicable(tally: Counts) -> int:
    """Count the results in the denominator."""
    return (
        tally.passed
        + tally.declared
        + tally.failed
        + tally.unknown
        + tally.attested
        + tally.compensated
    )


def top_tier(tier: str) -> int:
    """Return the highest possible tier of a printed one, such as "1-4"; 0 for none."""
    return max((int(d) for d in tier if d.isdigit()), default=0)


def record(text: str) -> str:
    """Print a reference to a record, or the meaning of its absence."""
    return text or say("no matching record found")


def person(assessment: Assessment, owner_id: str) -> str:
    """Name an owner, and say of one who has left that they have."""
    name = clean(assessment.name_of(owner_id))
    return say("{name} (left)", name=name) if owner_id in assessment.leavers else name


def owner(text: str) -> str:
    """Print an owner, or that none is known."""
    return text or say("not known")


def subject(
    name: str, status: str, reason: str, ref: str, actor: str, owner_name: str, tier: str
) -> Subject:
    """Print one failing or unknown result."""
    return Subject(
        subject=short(clean(name), "findings.csv", 120),
        status=status,
        reason=short(clean(reason), "findings.csv"),
        record=record(short(clean(ref), "findings.csv", 160)),
        actor=short(clean(actor), "findings.csv", 120),
        owner=owner(short(clean(owner_name), "findings.csv", 80)),
        tier=tier,
    )


def free(text: str) -> str:
    """Print free text. Where it was left out, print that in the language of the report."""
    return say(text) if text in (LEFT_OUT, REMOVED) else clean(text)

"""How a number came about. In: a run folder and an id. Out: text, down to the input records.

It speaks the language of the run; what is wrong with the id is said in English, as all of the
command line is. Numbers come from the run only. What a control outside the run rests on comes from
the installed content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from reporter.content import loader
from reporter.engine.base import quoted
from reporter.errors import InputError
from reporter.explain.related_controls import elsewhere, in_run
from reporter.i18n.translate import mark, say, speaking, word
from reporter.report.chapters.said_by_people import AnswerLine, WaivedLine
from reporter.report.document import View
from reporter.report.export import read_view
from reporter.report.view.elements import Control, Group
from reporter.report.view.format import count, number

SHOWN = 200
SUGGESTED, CLOSE = 5, 0.6
"""Ids named for one that is unknown, and how alike they must be."""
VERDICTS = ("fail", "unknown", "attested", "compensated", "pass", "na")
_ASKED = ("check", "subject", "status", "reason", "record", "tier_lo", "tier_hi")
VERDICT, TIERS = _ASKED.index("status"), slice(_ASKED.index("tier_lo"), None)
"""Places in a row of these."""
_WHOSE = "CASE WHEN actor <> '' THEN actor ELSE subject END"


def explain(run: Path, given: str) -> str:
    """Explain a control, a check, a theme, an actor or 'enterprise'.

    Raises InputError where the run knows nothing of that name.
    """
    view = read_view(run)
    with speaking(view.cover.language):
        exact = _named(view, given.strip()) or elsewhere(view, given.strip())
        if exact:
            return "\n".join(exact)
        note, wanted = _meaning(given)
        found = _named(view, wanted) or elsewhere(view, wanted)
        if found:
            return "\n".join([note, *found] if note else found)
    raise InputError(
        f"{given!r} is no control, check, theme or actor of this run",
        str(run),
        _suggestion(view, given.strip()),
    )


def _suggestion(view: View, given: str) -> str:
    """Name ids of this run that are like the one given; where none is, one of each kind."""
    lists = (view.themes, *view.frameworks)
    kinds = [
        [c.id for f in lists for c in f.controls],
        [c.id for c in view.checks],
        [
            name
            for (name,) in view.findings.results.each(
                (_WHOSE,), "TRUE", "GROUP BY ALL ORDER BY ALL"
            )
            if name
        ],
        [name for f in lists for name in (f.id, f.total.id, *(g.id for g in f.groups))],
    ]
    by_text = {name.lower(): name for names in reversed(kinds) for name in names}
    close = get_close_matches(given.lower(), by_text, SUGGESTED, CLOSE)
    if close:
        return f"Did you mean {', '.join(by_text[c] for c in close)}?"
    some = [name for names in kinds[:3] for name in names[:2]]
    return f"This run has, for example, {', '.join(some)} and enterprise."


def _named(view: View, wanted: str) -> list[str]:
    """Explain what has exactly this id; nothing when nothing has."""
    for framework in (view.themes, *view.frameworks):
        if wanted.lower() in (framework.id.lower(), framework.total.id.lower()):
            return _framework(framework.title, framework.total, framework.controls)
        for group in framework.groups:
            if group.id.lower() == wanted.lower():
                own = tuple(c for c in framework.controls if c.id in group.controls)
                return _framework(f"{framework.short}: {group.title}", group, own)
        for control in framework.controls:
            if control.id.lower() == wanted.lower():
                return [*_control(control, framework.short, view), *in_run(view, control.id)]
    for check in view.checks:
        if check.id.lower() == wanted.lower():
            return _check(view, check.id)
    results = _results(view, f"{quoted(wanted)} IN (actor, subject)") if wanted else []
    head = f"{wanted}: {count(len(results), 'verdict')}"
    return [head, "", *_by_verdict(view, results)] if results else []


def _results(view: View, where: str) -> list[tuple[Any, ...]]:
    return view.findings.results.rows(_ASKED, where, 'ORDER BY "check", subject')


def _meaning(given: str) -> tuple[str, str]:
    """Follow the references people write (AGENT-02, NHI-03, GV-1.6); say so."""
    import re

    book = loader.read_aliases()
    for alias in book["aliases"]:
        if alias["given"].lower() == given.strip().lower():
            meant = ", ".join(alias["intended"]) or "nothing held here"
            literal = alias["literal"] or "nothing in the list"
            note = (
                f"{given}: literally {literal}; most plausibly {meant} (confidence"
                f" {alias['confidence']}).\n{alias['note'].strip()}\n"
            )
            return note, alias["literal"] or alias["intended"][0]
    for other in book["not_ours"]:
        if re.fullmatch(other["pattern"], given.strip(), re.IGNORECASE):
            raise InputError(f"{given}: {other['sentence'].strip()}")
    for rule in book["normalise"]:
        if re.fullmatch(rule["pattern"], given.strip(), re.IGNORECASE):
            return "", re.sub(rule["pattern"], rule["to"], given.strip(), flags=re.IGNORECASE)
    return "", given.strip()


def _framework(title: str, total: Group, controls: tuple[Control, ...]) -> list[str]:
    lines = [title, f"{_of(total)}", "", *total.reasons, ""]
    for control in controls:
        level = say("level {level}", level=control.level.text) if control.figure.assessed else ""
        lines.append(
            f"  {control.id:<12} {control.figure.text:>14}  {control.figure.range:<16} {level:<9}"
            f" {control.title}"
        )
    return lines


def _of(total: Group) -> str:
    figure, level = total.figure, total.level
    note = f" ({level.note})" if level.note else ""
    return say(
        "Score {score}, range {range} = {lo} to {hi}; level {level}{note}",
        score=figure.text,
        range=figure.range,
        lo=figure.exact_lo,
        hi=figure.exact_hi,
        level=level.text,
        note=note,
    )


def _control(control: Control, framework: str, view: View) -> list[str]:
    lines = [
        f"{framework} {control.id} {control.title}",
        control.paraphrase,
        "",
        *control.reasons,
        "",
    ]
    for check in control.checks:
        lines.append(
            f"  {check.check.text:<7} {_factor(check.strength, view.weights.strengths):<12}"
            f" {_factor(check.severity, view.weights.severities):<13} {check.counts.text} "
            f" {check.check.title}"
        )
    lines += ["", say("Question for a human: {question}", question=control.ask)]
    lines += [_answer(t) for t in view.attestations.rows if t.anchor == control.anchor]
    for check in control.checks:
        results = _results(view, f"\"check\" = {quoted(check.check.text)} AND status <> 'pass'")
        if results:
            lines += ["", f"{check.check.text} {check.check.title}", *_by_verdict(view, results)]
    return lines


def _answer(t: AnswerLine) -> str:
    by = ", ".join(filter(None, (t.who, t.role, t.date)))
    head = mark("It rests on the answer {answer}") if t.settles else mark("Another answer {answer}")
    said = say(head, answer=word(t.answer))
    return f"  {said} ({by}), {word(t.counts_as)}: {t.why}  [{t.record}]"


def _stated(s: WaivedLine) -> str:
    said = say(
        (
            mark("{check} stands in for {subject} until {until}")
            if s.by_check
            else mark("Waiver for {subject} until {until}")
        ),
        check=s.by_check,
        subject=s.subject,
        until=s.until,
    )
    return f"  {said} ({s.who}), {word(s.counts_as)}: {s.why}  [{s.record}]"


def _check(view: View, check_id: str) -> list[str]:
    check = next(c for c in view.checks if c.id == check_id)
    lines = [f"{check.id} {check.title}", check.why, "", *check.reasons]
    lines.append(say("Coverage {share}. Fix: {fix}", share=check.coverage, fix=check.fix))
    lines.append(say("The rule is in {place}", place=check.place))
    if check.threshold_text:
        lines.append(say("Thresholds: {told}", told=check.threshold_text))
    lines.append("")
    stated = (*view.waivers.waivers, *view.waivers.compensations)
    lines += [_stated(s) for s in stated if s.check == check.id]
    results = _results(view, f'"check" = {quoted(check_id)}')
    return [*lines, *_factors(view, results), *_by_verdict(view, results)]


def _factor(name: str, weights: Sequence[tuple[str, int]]) -> str:
    """Say a severity or a strength with the weight that stands for it in a sum."""
    weight = dict(weights).get(name)
    return word(name) if weight is None else f"{word(name)} x {weight}"


def _factors(view: View, results: Sequence[tuple[Any, ...]]) -> list[str]:
    """Say what the sum of a check is made of: results of a verdict and a tier, times the weight of
    the tier.
    """
    counted = Counter((c[VERDICT], *c[TIERS]) for c in results if c[VERDICT] != "na")
    if not view.weights.tiers or not counted:
        return []
    lines = [say("The weight of the results, by verdict and tier:")]
    for verdict in VERDICTS:
        for _, lo, hi in sorted(k for k in counted if k[0] == verdict):
            n, weight = counted[verdict, lo, hi], _weight(view, lo, hi)
            least, most = (n * view.weights.tiers[tier - 1] for tier in (lo, hi))
            whole = str(least) if least == most else say("{lo} to {hi}", lo=least, hi=most)
            lines.append(
                f"  {word(verdict):<12} {_tier(lo, hi):<9} {number(n)} x {weight} = {whole}"
            )
    if any(lo != hi for _, lo, hi in counted):
        lines.append(
            say(
                "  A tier that is not recorded has the weight that makes the end of the range"
                " worst, or best."
            )
        )
    return [*lines, ""]


def _tier(lo: int, hi: int) -> str:
    return say("tier {n}", n=lo if lo == hi else f"{lo}-{hi}")


def _weight(view: View, lo: int, hi: int) -> str:
    least, most = (view.weights.tiers[tier - 1] for tier in (lo, hi))
    return str(least) if least == most else f"{least}..{most}"


def _weighs(view: View, result: tuple[Any, ...]) -> str:
    lo, hi = result[TIERS]
    if not view.weights.tiers:
        return f"({_tier(lo, hi)})"
    return f"({_tier(lo, hi)}, {say('weight {n}', n=_weight(view, lo, hi))})"


def _by_verdict(view: View, results: Sequence[tuple[Any, ...]]) -> list[str]:
    lines = []
    for verdict in VERDICTS:
        own = [c for c in results if c[VERDICT] == verdict]
        if not own:
            continue
        lines.append(f"{word(verdict)} ({number(len(own))})")
        for result in own[:SHOWN]:
            check, subject, _, reason, ref, *_ = result
            lines.append(
                f"  {check:<7} {subject}: {reason}"
                + (f"  [{ref}]" if ref else "")
                + f"  {_weighs(view, result)}"
            )
        if len(own) > SHOWN:
            more = say("and {n} more; all are in results.parquet", n=number(len(own) - SHOWN))
            lines.append(f"  {more}")
    return lines

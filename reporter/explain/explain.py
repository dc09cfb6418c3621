"""How a number came about. In: a run folder and an id. Out: text, down to the input records.

The text is in the language of the run. Errors about the id are in English, as is all of the
command line. Numbers come from the run only. The basis of a control outside the run comes from the
installed content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from reporter.content import loader
from reporter.content.crosswalks import alias_of
from reporter.engine.base import quoted
from reporter.errors import InputError
from reporter.explain.related_controls import elsewhere, in_our_words, in_run, official_lines
from reporter.explain.stronger import better_evidence
from reporter.i18n.translate import content, mark, say, speaking, word
from reporter.model.reasons import SHOWN_BY
from reporter.model.scores import MISSING, Status
from reporter.report.chapters.controls import confidence_of
from reporter.report.chapters.said_by_people import AnswerLine, WaivedLine
from reporter.report.document import View
from reporter.report.editions.readiness import Readiness
from reporter.report.export import read_view
from reporter.report.outcome import beyond_the_level
from reporter.report.view.elements import Blocker, Control, Framework, Group
from reporter.report.view.format import clean, count, level_words, number

LEVEL = "level"
SHOWN = 200
SUGGESTED, CLOSE = 5, 0.6
"""Number of ids suggested for an unknown one, and the similarity that they need."""
STATUSES = ("fail", "unknown", "attested", "compensated", "declared", "pass", "na")
_COLUMNS = ("check", "subject", "status", "reason", "record", "evidence", "tier_lo", "tier_hi")
STATUS, TIERS = _COLUMNS.index("status"), slice(_COLUMNS.index("tier_lo"), None)
"""Positions of these columns in a row."""
_ACTOR = "CASE WHEN actor <> '' THEN actor ELSE subject END"


def explain(run: Path, query: str) -> str:
    """Explain a control, a check, a theme, an actor, 'enterprise' or 'level'.

    Raises InputError where the run knows nothing of that name.
    """
    view = read_view(run)
    with speaking(view.cover.language):
        lines = _explanation(view, query.strip()) or elsewhere(view, query.strip())
        if lines:
            return "\n".join(lines)
        note, intended_id = _meaning(query)
        lines = _explanation(view, intended_id) or elsewhere(view, intended_id)
        if lines:
            return "\n".join([note, *lines] if note else lines)
    raise InputError(
        f"{query!r} is not a control, check, theme or actor of this run",
        str(run),
        _suggestion(view, query.strip()),
    )


def _suggestion(view: View, query: str) -> str:
    """Suggest ids of this run that resemble the query, or else examples of each kind."""
    lists = (view.themes, *view.frameworks)
    kinds = [
        [c.id for f in lists for c in f.controls],
        [c.id for c in view.checks],
        [
            name
            for (name,) in view.findings.results.each(
                (_ACTOR,), "TRUE", "GROUP BY ALL ORDER BY ALL"
            )
            if name
        ],
        [name for f in lists for name in (f.id, f.total.id, *(g.id for g in f.groups))],
    ]
    by_text = {name.lower(): name for names in reversed(kinds) for name in names}
    close = get_close_matches(query.lower(), by_text, SUGGESTED, CLOSE)
    if close:
        return f"Did you mean {', '.join(by_text[c] for c in close)}?"
    examples = [name for names in kinds[:3] for name in names[:2]]
    return f"This run has, for example, {', '.join(examples)} and enterprise."


def _explanation(view: View, query: str) -> list[str]:
    """Explain the object with exactly this id; return nothing if there is none."""
    if query.lower() == LEVEL:
        return _level(view)
    for framework in (view.themes, *view.frameworks):
        if query.lower() in (framework.id.lower(), framework.total.id.lower()):
            return _framework(
                framework.title,
                framework.total,
                framework.controls,
                rests=_rests(view, framework.id),
            )
        for group in framework.groups:
            if group.id.lower() == query.lower():
                controls = tuple(c for c in framework.controls if c.id in group.controls)
                title = f"{framework.short}: {group.title}"
                return _framework(title, group, controls, framework.official_by)
        for control in framework.controls:
            if control.id.lower() == query.lower():
                return [*_control(control, framework, view), *in_run(view, control.id)]
    for check in view.checks:
        if check.id.lower() == query.lower():
            return _check(view, check.id)
    results = _results(view, f"{quoted(query)} IN (actor, subject)") if query else []
    head = f"{query}: {count(len(results), 'result')}"
    return [head, "", *_by_status(view, results)] if results else []


def _results(view: View, condition: str) -> list[tuple[Any, ...]]:
    return view.findings.results.rows(_COLUMNS, condition, 'ORDER BY "check", subject')


def _meaning(query: str) -> tuple[str, str]:
    """Resolve the references that people write (AGENT-02, NHI-03, GV-1.6), with a note."""
    import re

    book = loader.read_aliases()
    for alias in map(alias_of, book["aliases"]):
        if alias.given.lower() == query.strip().lower():
            head = say(
                "{given}: literally {literal}; most plausibly {intended}. Confidence:"
                " {confidence}.",
                given=query,
                literal=alias.literal or say("nothing in the list"),
                intended=", ".join(alias.intended) or say("nothing held here"),
                confidence=confidence_of(alias),
            )
            return f"{head}\n{content(alias.note)}\n", alias.literal or alias.intended[0]
    for foreign in book["not_ours"]:
        if re.fullmatch(foreign["pattern"], query.strip(), re.IGNORECASE):
            raise InputError(f"{query}: {foreign['sentence'].strip()}")
    for rule in book["normalise"]:
        if re.fullmatch(rule["pattern"], query.strip(), re.IGNORECASE):
            return "", re.sub(rule["pattern"], rule["to"], query.strip(), flags=re.IGNORECASE)
    return "", query.strip()


def _level(view: View) -> list[str]:
    """Explain the level: what each asks for; of the next one, each practice in its way; and what
    reaches each from here.
    """
    summary, front = view.summary, view.front
    if view.readiness:
        return _too_little(view.readiness)
    lines = [level_words(summary.level) + ".", front.judgement, front.outlook]
    for rests in view.reliance.levels[:1]:  # of the enterprise
        lines += ["", *filter(None, [rests.rests, rests.text])]
    for step in summary.steps:
        lines += ["", f"{step.level} {step.name}: {step.text}"]
        for blocker in step.blockers:
            lines += _blocker(blocker, view)
        if step.level > summary.level.lo:
            break  # those above ask for all of this, and more
    ways = [f"  {r.level} {r.name}: {r.way}" for r in front.rungs if r.way]
    lines += ["", say("What reaches each level from here:"), *ways] if ways else []
    return [*lines, *beyond_the_level(view)]


def _too_little(ready: Readiness) -> list[str]:
    """Say why there is no level, and what to bring first."""
    lines = [f"{ready.headline}. {ready.reason}", ready.next_text]
    return [*lines, *(f"  {a.rank}. {a.what} ({a.decides})" for a in ready.asks[: ready.first])]


def _blocker(blocker: Blocker, view: View) -> list[str]:
    """Say of a practice what it lacks, its checks and their counts, and the least that would do."""
    lacks = (
        mark("to implement: missing even if all missing evidence is favourable")
        if blocker.standing == MISSING
        else mark("to prove: missing evidence could show it")
    )
    lines = ["", f"  {blocker.practice} {blocker.title}: {blocker.figure}; {say(lacks)}"]
    checks = {c.id: c for c in view.checks}
    for link in blocker.checks:
        check = checks[link.text]
        lines.append(f"    {check.id:<8} {check.counts.text:<40} {check.title}")
    if blocker.todo:
        lines.append(f"    {say('The minimum that would be enough:')}")
    for todo in blocker.todo:
        lines.append(f"      {todo.check.text} {todo.about}. {todo.fix}".rstrip())
    return lines


def _rests(view: View, framework: str) -> list[str]:
    """Say on what the score of a framework rests, and how many words its level hangs on."""
    words = view.reliance
    found = (r for r in (*words.scores, *words.levels) if r.id == framework)
    lines = [line for r in found for line in (r.rests, r.text) if line]
    return [*lines, ""] if lines else []


def _framework(
    title: str,
    total: Group,
    controls: tuple[Control, ...],
    official_by: str = "",
    rests: Sequence[str] = (),
) -> list[str]:
    lines = [title, *official_lines(official_by, total.official_text), f"{_of(total)}"]
    lines += ["", *total.reasons, "", *rests]
    for control in controls:
        rating = say("rated {rating}", rating=control.rating) if control.figure.assessed else ""
        lines.append(
            f"  {control.id:<12} {control.figure.text:>14}  {control.figure.range:<16} {rating:<9}"
            f" {control.title}"
        )
    return lines


def _of(total: Group) -> str:
    figure = total.figure
    if not figure.assessed:
        return figure.text
    return say(
        "Score {score}, range {range} = {lo} to {hi}",
        score=figure.text,
        range=figure.range,
        lo=figure.exact_lo,
        hi=figure.exact_hi,
    )


def _control(control: Control, framework: Framework, view: View) -> list[str]:
    lines = [
        f"{framework.short} {control.id} {control.title}",
        *official_lines(framework.official_by, control.official_text),
        in_our_words(control.paraphrase, control.official_text),
        control.standing,
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
        lines += [f"          {check.why}"] if check.why else []
    lines += ["", *control.hangs] if control.hangs else []
    lines += ["", control.shown] if control.shown else []
    if control.not_shown:
        lines += ["", say("What no check shows: {text}", text=control.not_shown)]
    if control.ask:  # a theme has none
        lines += ["", say("Question for a person: {question}", question=control.ask)]
    lines += [_answer(t) for t in view.attestations.rows if t.anchor == control.anchor]
    for check in control.checks:
        results = _results(
            view, f"\"check\" = {quoted(check.check.text)} AND status NOT IN ('pass', 'declared')"
        )
        if results:
            lines += ["", f"{check.check.text} {check.check.title}", *_by_status(view, results)]
    return lines


def _answer(answer: AnswerLine) -> str:
    signature = ", ".join(filter(None, (answer.who, answer.role, answer.date)))
    head = (
        mark("It depends on the answer {answer}")
        if answer.settles
        else mark("Another answer {answer}")
    )
    sentence = say(head, answer=word(answer.answer))
    return f"  {sentence} ({signature}), {word(answer.counts_as)}: {answer.why}  [{answer.record}]"


def _statement(statement: WaivedLine) -> str:
    sentence = say(
        (
            mark("{check} compensates for {subject} until {until}")
            if statement.by_check
            else mark("Waiver for {subject} until {until}")
        ),
        check=statement.by_check,
        subject=statement.subject,
        until=statement.until,
    )
    effect = f"{word(statement.counts_as)}: {statement.why}"
    return f"  {sentence} ({statement.who}), {effect}  [{statement.record}]"


def _check(view: View, check_id: str) -> list[str]:
    check = next(c for c in view.checks if c.id == check_id)
    lines = [f"{check.id} {check.title}", check.why, "", *check.reasons]
    lines.append(say("Coverage {share}. Fix: {fix}", share=check.coverage, fix=check.fix))
    lines.append(say("The rule is in {place}", place=check.place))
    if check.threshold_text:
        lines.append(say("Thresholds: {thresholds}", thresholds=check.threshold_text))
    lines.append("")
    statements = (*view.waivers.waivers, *view.waivers.compensations)
    lines += [_statement(s) for s in statements if s.check == check.id]
    results = _results(view, f'"check" = {quoted(check_id)}')
    lines += [*_factors(view, results), *_by_status(view, results)]
    if any(r[STATUS] == Status.DECLARED for r in results):
        present = {f.source for f in view.accounting.files}
        lines += _raised(better_evidence(check.id, present))
    return lines


def _raised(better: list[str]) -> list[str]:
    """Say how what is declared is shown."""
    head = say("What is only declared earns part of the credit. How to prove it:")
    return ["", head, *better] if better else []


def _factor(name: str, weights: Sequence[tuple[str, int]]) -> str:
    """Print a severity or a strength with its weight."""
    weight = dict(weights).get(name)
    return word(name) if weight is None else f"{word(name)} x {weight}"


def _factors(view: View, results: Sequence[tuple[Any, ...]]) -> list[str]:
    """List the terms in the sum of a check: results by status and tier, times the tier weight."""
    tally = Counter((c[STATUS], *c[TIERS]) for c in results if c[STATUS] != "na")
    if not view.weights.tiers or not tally:
        return []
    lines = [say("The weight of the results, by status and tier:")]
    for status in STATUSES:
        for _, lo, hi in sorted(k for k in tally if k[0] == status):
            total, weight = tally[status, lo, hi], _weight(view, lo, hi)
            least, most = (total * view.weights.tiers[tier - 1] for tier in (lo, hi))
            product = str(least) if least == most else say("{lo} to {hi}", lo=least, hi=most)
            lines.append(
                f"  {word(status):<12} {_tier(lo, hi):<9} {number(total)} x {weight} = {product}"
            )
    if any(lo != hi for _, lo, hi in tally):
        lines.append(
            say(
                "  A tier that is not recorded is given the weight that makes that end of the"
                " range worst, or best."
            )
        )
    return [*lines, ""]


def _tier(lo: int, hi: int) -> str:
    return say("tier {n}", n=lo if lo == hi else f"{lo}-{hi}")


def _weight(view: View, lo: int, hi: int) -> str:
    least, most = (view.weights.tiers[tier - 1] for tier in (lo, hi))
    return str(least) if least == most else f"{least}..{most}"


def _weight_text(view: View, result: tuple[Any, ...]) -> str:
    lo, hi = result[TIERS]
    if not view.weights.tiers:
        return f"({_tier(lo, hi)})"
    return f"({_tier(lo, hi)}, {say('weight {n}', n=_weight(view, lo, hi))})"


def _by_status(view: View, results: Sequence[tuple[Any, ...]]) -> list[str]:
    lines = []
    for status in STATUSES:
        matches = [c for c in results if c[STATUS] == status]
        if not matches:
            continue
        lines.append(f"{word(status)} ({number(len(matches))})")
        for result in matches[:SHOWN]:
            check, subject, _, reason, ref, evidence, *_ = result
            lines.append(
                f"  {check:<7} {clean(subject)}: {clean(reason)}"
                + (f"  [{clean(ref)}]" if ref else "")
                + f"  {_weight_text(view, result)}"
                + (f", {say(SHOWN_BY[evidence])}" if evidence and status != "declared" else "")
            )
        if len(matches) > SHOWN:
            note = say("and {n} more; all are in results.parquet", n=number(len(matches) - SHOWN))
            lines.append(f"  {note}")
    return lines

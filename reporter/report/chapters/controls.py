"""Frameworks and themes as printed: groups, controls, heat map cells, checks, gap order.

In: an `Assessment` and the printed checks. Out: one `shape.Framework` each, and one for the themes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reporter.i18n.translate import content, mark, say, word
from reporter.model import assessment as model
from reporter.model.scores import ControlScore, FrameworkScore, GroupScore
from reporter.report.view import elements
from reporter.report.view.arithmetic import why_control, why_group
from reporter.report.view.format import (
    NOT_APPLICABLE,
    NOT_ASSESSED,
    clean,
    control_level,
    figure,
    gap_text,
    group_level,
    group_state,
    join,
    level_words,
    number,
    percent,
    ranged,
    weight_note,
)

ENTERPRISE = "enterprise"
LEVELS = range(1, 6)
SHOWN_PER_CONTROL = 2
"""Failing subjects named under a check of a control; more stand with the check itself."""

_RATINGS = {
    "N": mark("not achieved"),
    "P": mark("partly achieved"),
    "L": mark("largely achieved"),
    "F": mark("fully achieved"),
}
_THEMES_INTRO = mark(
    "The engine's own control themes. Each check counts once here, so a check that serves several "
    "frameworks is not counted twice, and adding a framework cannot move these numbers."
)
_FRAMEWORK_INTRO = mark(
    "A view of the same evidence through the controls of this framework. Its score must not be "
    "averaged with those of the others."
)


@dataclass(frozen=True, slots=True)
class Book:
    """What the controls of every framework are printed from."""

    assessment: model.Assessment
    checks: Mapping[str, elements.Check]
    anchors: Mapping[tuple[str, str], str]
    """(framework id, control id) to the anchor of its section."""


def themes(book: Book) -> elements.Framework:
    """Print the enterprise view: the themes, in policy order."""
    a = book.assessment
    controls = tuple(
        model.Control(
            id=theme.id,
            title=theme.title,
            group="",
            paraphrase="",
            ask="",
            checks=tuple((c.id, "direct") for c in a.checks if c.theme == theme.id),
        )
        for theme in a.themes
    )
    return _framework(book, ENTERPRISE, controls, (), a.scores.enterprise, _themes_head())


def frameworks(book: Book) -> tuple[elements.Framework, ...]:
    """Print every framework, in the order of the assessment."""
    scores = {s.framework: s for s in book.assessment.scores.frameworks}
    return tuple(
        _framework(book, f.id, f.controls, f.groups, scores[f.id], _head(f))
        for f in book.assessment.frameworks
    )


@dataclass(frozen=True, slots=True)
class _Head:
    short: str
    title: str
    origin: str
    intro: str
    version: str = ""


def _themes_head() -> _Head:
    return _Head(say("Themes"), say("Control themes"), "", say(_THEMES_INTRO))


def _head(f: model.Framework) -> _Head:
    words = {
        "id-only": mark("Only the ids are the publisher's; titles and texts are our own words."),
        "id-and-title": mark(
            "Ids and titles are the publisher's; all other text is our own words."
        ),
        "own-words": mark("Ids and titles are the publisher's; all other text is our own words."),
    }
    sure = say(
        "Which checks speak for a control is our own reading, with {level} confidence.",
        level=word(f.confidence),
    )
    parts = (
        say(_FRAMEWORK_INTRO),
        say(words.get(f.text_policy, "")),
        clean(content(f.note)),
        sure if f.confidence else "",
    )
    intro = " ".join(part for part in parts if part)
    version = say("version {version}", version=f.version)
    origin = " · ".join(clean(part) for part in (f.publisher, version, f.url))
    return _Head(clean(f.short), clean(content(f.title)), origin, intro, clean(f.version))


def _framework(
    book: Book,
    key: str,
    controls: Sequence[model.Control],
    groups: Sequence[model.Group],
    score: FrameworkScore,
    head: _Head,
) -> elements.Framework:
    scored = {c.id: c for c in score.controls}
    printed = tuple(_control(book, key, c, scored[c.id], groups) for c in controls)
    gaps = sorted(
        (c for c in score.controls if c.gap and c.state == "assessed"),
        key=lambda c: (-c.gap, -c.weight, c.lo, c.id),
    )
    missing = [c for c in printed if c.state == "not_assessed"]
    aside = sum(c.state == "not_applicable" for c in printed)
    total = _group(score.total, 0, book, score)
    parents = {g.id: clean(g.parent) for g in groups}
    return elements.Framework(
        id=key,
        anchor=book.anchors[key, ""],
        short=head.short,
        title=head.title,
        origin=head.origin,
        intro=head.intro,
        standing=_standing(total),
        total=total,
        groups=tuple(
            _group(g, _depth(g.id, groups), book, score, parents[g.id]) for g in score.groups
        ),
        controls=printed,
        gaps=tuple(c.id for c in gaps),
        gaps_text=_gaps_text(len(gaps), len(printed) - len(missing) - aside),
        unassessed_text=_missing_text(len(missing), aside, len(printed)),
        unassessed=tuple(elements.Link(c.id, c.anchor, c.title) for c in missing),
        version=head.version,
    )


def _standing(total: elements.Group) -> str:
    parts = (
        level_words(total.level),
        say("score {score}", score=ranged(total.figure)),
        say("coverage {share}", share=total.coverage),
        say("{n} assessed", n=total.assessed),
    )
    return " · ".join(parts) if total.figure.assessed else f"{total.figure.text} · {parts[-1]}"


def _gaps_text(below: int, assessed: int) -> str:
    if not assessed:
        return say("No control could be assessed, so no gap can be stated.")
    if not below:
        return say("All {n} assessed are on target.", n=number(assessed))
    return say("{n} of {all} assessed are below target.", n=number(below), all=number(assessed))


def _missing_text(missing: int, aside: int, total: int) -> str:
    put_aside = (
        say("Set aside as not applicable: {n} of {all}.", n=number(aside), all=number(total))
        if aside
        else ""
    )
    if not missing:
        whole = (
            say("Every control that applies has evidence.")
            if aside
            else say("Every control has evidence.")
        )
        return f"{whole} {put_aside}".rstrip()
    text = say(
        "{n} of {all} are not assessed: no record in the evidence speaks to them. They count as 0"
        " in the evidenced score and as met in the upper bound. Each section below names the checks"
        " or the question that would settle it.",
        n=number(missing),
        all=number(total),
    )
    return f"{put_aside} {text}".lstrip()


def _depth(group_id: str, groups: Sequence[model.Group]) -> int:
    parents = {g.id: g.parent for g in groups}
    depth = 0
    while parents.get(group_id):
        group_id, depth = parents[group_id], depth + 1
    return depth


def _group(
    g: GroupScore, depth: int, book: Book, view: FrameworkScore, parent: str = ""
) -> elements.Group:
    applicable = g.assessed + g.not_assessed
    kind = "evidence" if g.level_hi >= g.target else "implementation"
    state = group_state(g)
    why = why_group(g, view.controls, book.assessment.policy)
    return elements.Group(
        id=clean(g.id),
        title=clean(content(g.title)),
        depth=depth,
        figure=figure(g.lo, g.hi, state),
        level=group_level(g, book.assessment, view.framework),
        coverage=percent(g.coverage),
        assessed=say("{n} of {all}", n=number(g.assessed), all=number(applicable)),
        gap_text=gap_text(g.gap, kind, g.target) if state == "assessed" else say(NOT_ASSESSED),
        controls=g.members,
        reasons=tuple(clean(line) for line in why.split("\n")),
        parent=parent,
    )


def _control(
    book: Book,
    key: str,
    c: model.Control,
    score: ControlScore,
    groups: Sequence[model.Group],
) -> elements.Control:
    a = book.assessment
    scored = [(i, how) for i, how in c.checks if how != "contextual"]
    related = [i for i, how in c.checks if how == "contextual"]
    why = why_control(score, clean(content(c.title)), a.scores.checks, a.policy, a.causes)
    level, shown = control_level(score, a, key), figure(score.lo, score.hi, score.state)
    gap = _control_gap(score, bool(scored))
    return elements.Control(
        id=clean(c.id),
        anchor=book.anchors[key, c.id],
        title=clean(content(c.title)),
        group=_group_path(c.group, groups),
        paraphrase=clean(content(c.paraphrase)),
        ask=clean(content(c.ask)),
        state=score.state,
        level=level,
        figure=shown,
        coverage="–" if score.state == "not_applicable" else percent(score.coverage),
        confidence=score.confidence if shown.assessed else "–",
        gap=score.gap,
        gap_text=gap,
        standing=_control_standing(score, level, shown, gap),
        cells=tuple(_cell(level, score) for level in LEVELS),
        checks=tuple(_check_line(book.checks[i], how) for i, how in scored),
        context=tuple(
            elements.Link(i, book.checks[i].anchor, book.checks[i].title) for i in related
        ),
        reasons=tuple(why.split("\n")),
    )


def _control_standing(
    score: ControlScore, level: elements.Level, shown: elements.Figure, gap: str
) -> str:
    if not shown.assessed:
        return f"{shown.text} · {gap} · {say('target {n}', n=score.target)}"
    return " · ".join(
        (
            level_words(level),
            gap,
            say("score {score}", score=ranged(shown)),
            say("coverage {share}", share=percent(score.coverage)),
            say("confidence {level}", level=word(score.confidence)),
        )
    )


def _group_path(group_id: str, groups: Sequence[model.Group]) -> str:
    by_id = {g.id: g for g in groups}
    path: list[str] = []
    while group_id in by_id and len(path) < len(groups):
        path.insert(0, f"{clean(group_id)} {clean(content(by_id[group_id].title))}")
        group_id = by_id[group_id].parent
    return " › ".join(path)


def _control_gap(score: ControlScore, has_checks: bool) -> str:
    if score.state == "not_applicable":
        return say(NOT_APPLICABLE)
    if score.state == "not_assessed":
        return say("Needs evidence") if has_checks else say("Needs attestation")
    return gap_text(score.gap, score.gap_kind, score.target)


def _cell(level: int, score: ControlScore) -> elements.Cell:
    practice = next((p for p in score.practices if p.level == level), None)
    if practice is None:
        return elements.Cell(level, "none", "·", say("level {n}: no practice", n=level))
    if not practice.raw_lo and practice.raw_hi == 1:
        return elements.Cell(level, "unknown", "?", say("level {n}: no evidence", n=level))
    lo, hi = practice.rating_lo, practice.rating_hi
    low, high = say(_RATINGS[lo]), say(_RATINGS[hi])
    if lo == hi:
        return elements.Cell(level, lo, lo, say("level {n}: {rating}", n=level, rating=low))
    words = say("level {n}: {lo}, at most {hi}", n=level, lo=low, hi=high)
    return elements.Cell(level, lo, f"{lo}–{hi}", words)


def _check_line(check: elements.Check, strength: str) -> elements.CheckLine:
    shown = check.failing[:SHOWN_PER_CONTROL]
    rest = check.counts.failed - len(shown)
    notes: list[str] = []
    if rest > 0:
        notes.append(say("{n} more failing", n=number(rest)))
    if check.counts.unknown:
        notes.append(say("{n} unknown", n=number(check.counts.unknown)))
    return elements.CheckLine(
        check=elements.Link(check.id, check.anchor, check.title),
        strength=strength,
        severity=check.severity,
        figure=check.figure,
        counts=check.counts,
        standing=f"{_score(check)}: {check.counts.text}",
        brief=_brief(check),
        shown=shown,
        more=join(notes),
    )


def _brief(check: elements.Check) -> str:
    n = check.counts
    open_ = [f"{number(k)} {word(s)}" for k, s in ((n.failed, "fail"), (n.unknown, "unknown")) if k]
    said = f" ({', '.join(open_)})" if open_ else ""
    return f"{check.id} {_score(check)}{said}"


def _score(check: elements.Check) -> str:
    """Print a score that stands beside counts, with the weights that part the two."""
    note = weight_note(check.figure, check.counts, bool(check.sample))
    return " ".join(filter(None, (ranged(check.figure), note)))

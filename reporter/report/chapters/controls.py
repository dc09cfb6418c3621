"""Frameworks and themes as printed: groups, controls, heat map cells, checks, gap order.

In: an `Assessment` and the printed checks. Out: one `shape.Framework` each, and one for the themes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reporter.i18n.translate import content, mark, numeral, say, word
from reporter.model import assessment as model
from reporter.model.crosswalk import Alias
from reporter.model.reasons import SHOWN_BY
from reporter.model.scores import ControlScore, FrameworkScore, GroupScore, ThemeLevel
from reporter.report.view import elements
from reporter.report.view.arithmetic import CausesByChecks, why_control, why_group, why_level
from reporter.report.view.format import (
    EXTENT_WORDS,
    NOT_APPLICABLE,
    clean,
    coverage_text,
    evidence_mix,
    extents_text,
    figure,
    gap,
    group_state,
    join,
    level_words,
    number,
    percent,
    printed_level,
    printed_permits,
    ranged,
    thousandths,
    weight_note,
)
from reporter.schema.vocabulary import EVIDENCE

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
_GAPS = {
    "": mark("Fully met"),
    "implementation": mark("To implement"),
    "evidence": mark("To prove"),
}
_THEMES_INTRO = mark(
    "The engine's own control themes. Each check counts once here, however many frameworks use"
    " it, so "
    "adding a framework cannot change these numbers."
)
_FRAMEWORK_INTRO = mark(
    "The same evidence, seen through the controls of this framework. Do not average its score with "
    "those of other frameworks."
)


@dataclass(frozen=True, slots=True)
class Book:
    """What the controls of every framework are printed from."""

    assessment: model.Assessment
    checks: Mapping[str, elements.Check]
    anchors: Mapping[tuple[str, str], str]
    """(framework id, control id) to the anchor of its section."""
    causes: CausesByChecks
    hangs: Mapping[tuple[str, str], tuple[str, ...]]
    """(framework id, control id) to sentences on what it rests and hangs on."""


def themes(book: Book) -> elements.Framework:
    """Print the enterprise view: the themes, in policy order."""
    assessment = book.assessment
    controls = tuple(
        model.Control(
            id=theme.id,
            title=theme.title,
            group="",
            paraphrase="",
            ask="",
            checks=tuple((c.id, "direct") for c in assessment.checks if c.theme == theme.id),
        )
        for theme in assessment.themes
    )
    return _framework(book, ENTERPRISE, controls, (), assessment.scores.enterprise, _themes_head())


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
    official_language: str = ""
    official_by: str = ""


def _themes_head() -> _Head:
    return _Head(say("Themes"), say("Control themes"), "", say(_THEMES_INTRO))


def _head(framework: model.Framework) -> _Head:
    words = {
        "full-text": mark(
            "Ids and official texts are the publisher's; titles and other texts are our own words."
        ),
        "id-only": mark("Only the ids are the publisher's; titles and texts are our own words."),
        "id-and-title": mark(
            "Ids and titles are the publisher's; all other text is our own words."
        ),
        "own-words": mark("Ids and titles are the publisher's; all other text is our own words."),
    }
    confidence_note = say(
        "Which checks support a control is our own reading, with {level} confidence.",
        level=word(framework.confidence),
    )
    parts = (
        say(_FRAMEWORK_INTRO),
        say(words.get(framework.text_policy, "")),
        _origin_text(framework.official_text),
        clean(content(framework.note)),
        confidence_note if framework.confidence else "",
    )
    intro = " ".join(part for part in parts if part)
    version = say("version {version}", version=framework.version)
    origin = " · ".join(clean(part) for part in (framework.publisher, version, framework.url))
    return _Head(
        clean(framework.short),
        clean(content(framework.title)),
        origin,
        intro,
        clean(framework.version),
        framework.official_text.language if framework.official_text else "",
        official_by(framework) if framework.official_text else "",
    )


def _origin_text(origin: model.Origin | None) -> str:
    if not origin:
        return ""
    return say(
        "Official text: {source}. {licence} It is printed as published, in its own language.",
        source=clean(content(origin.source)),
        licence=clean(content(origin.licence)),
    )


def official_by(framework: model.Framework) -> str:
    """Return what is printed before an official text: whose words it is."""
    return say("Official text, {framework}:", framework=clean(framework.short))


def _framework(
    book: Book,
    key: str,
    controls: Sequence[model.Control],
    groups: Sequence[model.Group],
    score: FrameworkScore,
    head: _Head,
) -> elements.Framework:
    scores = {c.id: c for c in score.controls}
    levels = {t.theme: t for t in book.assessment.scores.level.themes} if key == ENTERPRISE else {}
    printed_controls = tuple(
        _control(book, key, c, scores[c.id], groups, levels.get(c.id)) for c in controls
    )
    gaps = sorted(
        (c for c in printed_controls if c.gap and c.state == "assessed"),
        key=lambda c: (scores[c.id].lo, -scores[c.id].weight, c.id),
    )
    unassessed = [c for c in printed_controls if c.state == "not_assessed"]
    inapplicable_count = sum(c.state == "not_applicable" for c in printed_controls)
    total = _group(score.total, 0, book, score)
    own_level = book.assessment.scores.framework_levels.get(key)
    level = printed_level(own_level, book.assessment, key, key, True) if own_level else None
    parents = {g.id: clean(g.parent) for g in groups}
    official_texts = {g.id: clean(g.official_text) for g in groups}
    return elements.Framework(
        id=key,
        anchor=book.anchors[key, ""],
        short=head.short,
        title=head.title,
        origin=head.origin,
        intro=head.intro,
        standing=_standing(
            total,
            level,
            evidence_mix(book.assessment.evidence, {i for c in controls for i, _ in c.checks}),
        ),
        total=total,
        groups=tuple(
            _group(g, _depth(g.id, groups), book, score, parents[g.id], official_texts[g.id])
            for g in score.groups
        ),
        controls=printed_controls,
        gaps=tuple(c.id for c in gaps),
        gaps_text=_gaps_text(
            len(gaps), len(printed_controls) - len(unassessed) - inapplicable_count
        ),
        unassessed_text=_missing_text(len(unassessed), inapplicable_count, len(printed_controls)),
        unassessed=tuple(elements.Link(c.id, c.anchor, c.title) for c in unassessed),
        version=head.version,
        level=level,
        aliases=_aliases(book, key, printed_controls),
        official_language=head.official_language,
        official_by=head.official_by,
    )


def _aliases(
    book: Book, key: str, controls: Sequence[elements.Control]
) -> tuple[elements.Alias, ...]:
    """Print the references that people write to a framework, with the titles of what they mean."""
    links = {c.id: elements.Link(c.id, c.anchor, c.title) for c in controls}

    def linked(ids: Sequence[str]) -> tuple[elements.Link, ...]:
        return tuple(links.get(i, elements.Link(clean(i), "")) for i in ids)

    return tuple(
        elements.Alias(
            given=clean(alias.given),
            literal=linked([alias.literal] if alias.literal else []),
            intended=linked(alias.intended),
            related=linked(alias.related),
            confidence=confidence_of(alias),
            note=clean(content(alias.note)),
        )
        for f in book.assessment.frameworks
        if f.id == key
        for alias in f.aliases
    )


def confidence_of(alias: Alias) -> str:
    """Print how sure we are of what a reference means."""
    return say(
        mark("{n} in the literal reading") if alias.is_literal else mark("{n} in what is meant"),
        n=numeral(alias.confidence),
    )


def _standing(total: elements.Group, level: elements.Level | None, mix: str) -> str:
    parts = (
        say("Score {score}", score=ranged(total.figure)),
        total.coverage_text,
        say("assessed: {extents}", extents=total.assessed),
    )
    if not total.figure.assessed:
        return f"{total.figure.text} · {parts[-1]}"
    ours = (
        say("by our own rule over its checks: {level}", level=level_words(level)) if level else ""
    )
    return " · ".join((*parts, *filter(None, [mix, ours])))


def _gaps_text(below_count: int, assessed_count: int) -> str:
    if not assessed_count:
        return say("No control could be assessed, so no gap can be stated.")
    if not below_count:
        return say("All {n} assessed are fully met.", n=number(assessed_count))
    return say(
        "{n} of {all} assessed are not fully met; the lowest score comes first.",
        n=number(below_count),
        all=number(assessed_count),
    )


def _missing_text(missing_count: int, inapplicable_count: int, total: int) -> str:
    aside_note = (
        say(
            "Set aside as not applicable: {n} of {all}.",
            n=number(inapplicable_count),
            all=number(total),
        )
        if inapplicable_count
        else ""
    )
    if not missing_count:
        lead = (
            say("Every control that applies has evidence.")
            if inapplicable_count
            else say("Every control has evidence.")
        )
        return f"{lead} {aside_note}".rstrip()
    text = say(
        "{n} of {all} are not assessed: the evidence holds no record on them. They count as"
        " 0 in the evidenced score and as met in the upper bound. The entry of each control"
        " names the checks or the question that would settle it.",
        n=number(missing_count),
        all=number(total),
    )
    return f"{aside_note} {text}".lstrip()


def _depth(group_id: str, groups: Sequence[model.Group]) -> int:
    parents = {g.id: g.parent for g in groups}
    depth = 0
    while parents.get(group_id):
        group_id, depth = parents[group_id], depth + 1
    return depth


def _group(
    group: GroupScore,
    depth: int,
    book: Book,
    view: FrameworkScore,
    parent: str = "",
    official_text: str = "",
) -> elements.Group:
    state = group_state(group)
    explanation = why_group(group, view.controls)
    if group.id == ENTERPRISE:
        explanation += "\n" + why_level(book.assessment)
    return elements.Group(
        id=clean(group.id),
        title=clean(content(group.title)),
        depth=depth,
        figure=figure(group.lo, group.hi, state),
        coverage=percent(group.coverage),
        coverage_text=coverage_text(group),
        assessed=extents_text(group.extents),
        extents=tuple(map(number, group.extents)),
        controls=group.members,
        reasons=tuple(clean(line) for line in explanation.split("\n")),
        parent=parent,
        official_text=official_text,
    )


def _control(
    book: Book,
    key: str,
    control: model.Control,
    score: ControlScore,
    groups: Sequence[model.Group],
    theme_level: ThemeLevel | None,
) -> elements.Control:
    assessment = book.assessment
    scored_checks = [(i, how) for i, how in control.checks if how != "contextual"]
    related_checks = [i for i, how in control.checks if how == "contextual"]
    explanation = why_control(
        score,
        clean(content(control.title)),
        assessment.scores.checks,
        assessment.policy,
        book.causes,
    )
    score_figure = figure(score.lo, score.hi, score.state)
    is_assessed = score.state == "assessed"
    kind = _gap(score, theme_level) if is_assessed else ""
    permits = printed_permits(theme_level, assessment, key) if theme_level and is_assessed else None
    rating, rating_text = _rating(score) if is_assessed else ("–", score_figure.text)
    gap_text = _gap_text(score.state, kind, theme_level, bool(scored_checks))
    mix = evidence_mix(assessment.evidence, [i for i, _ in scored_checks])
    return elements.Control(
        id=clean(control.id),
        anchor=book.anchors[key, control.id],
        title=clean(content(control.title)),
        group=_group_path(control.group, groups),
        paraphrase=clean(content(control.paraphrase)),
        ask=clean(content(control.ask)),
        state=score.state,
        extent=say(EXTENT_WORDS[score.extent]) if score.extent else "",
        rating=rating,
        rating_text=rating_text,
        figure=score_figure,
        coverage="–" if score.state == "not_applicable" else percent(score.coverage),
        confidence=score.confidence if score_figure.assessed else "–",
        gap=kind,
        gap_text=gap_text,
        standing=_control_standing(score, permits, score_figure, gap_text, mix),
        cells=tuple(_cell(level, score) for level in LEVELS),
        checks=tuple(
            _check_line(book.checks[i], how, clean(content(control.whys.get(i, ""))))
            for i, how in scored_checks
        ),
        context=tuple(
            elements.Link(i, book.checks[i].anchor, book.checks[i].title) for i in related_checks
        ),
        reasons=tuple(explanation.split("\n")),
        shown=_shown(assessment, [i for i, _ in scored_checks]),
        not_shown=clean(content(control.not_shown)),
        official_text=clean(control.official_text),
        permits=permits,
        hangs=book.hangs.get((key, control.id), ()),
    )


def _shown(assessment: model.Assessment, check_ids: Sequence[str]) -> str:
    """Count checks by what they show, and by the weakest evidence of their results that are met."""
    if not check_ids:
        return ""
    shows = Counter(c.shows for c in assessment.checks if c.id in check_ids)
    weakest = dict[str, str]()
    for check_id, kind, _ in assessment.evidence:
        if check_id in check_ids:
            weakest[check_id] = min(kind, weakest.get(check_id, kind), key=EVIDENCE.index)
    kinds = Counter(weakest.values())
    show_parts = [f"{number(shows[s])} {word(s)}" for s in model.SHOWS if shows[s]]
    kind_parts = [f"{number(kinds[k])} {say(SHOWN_BY[k])}" for k in EVIDENCE if kinds[k]]
    if unmet_count := len(check_ids) - len(weakest):
        kind_parts.append(say("{n} nothing", n=number(unmet_count)))
    if unsaid_count := shows[""]:
        show_parts.append(say("{n} not stated", n=number(unsaid_count)))
    return say(
        "Checks that count, by what they show: {shows}; by the weakest evidence of what is met:"
        " {kinds}.",
        shows=", ".join(show_parts),
        kinds=", ".join(kind_parts),
    )


def _control_standing(
    score: ControlScore,
    permits: elements.Permits | None,
    score_figure: elements.Figure,
    gap_text: str,
    mix: str,
) -> str:
    if not score_figure.assessed:
        return f"{score_figure.text} · {gap_text}"
    hinders = say("Blocks: {level}", level=permits.text) if permits else ""
    rating_text = _rating(score)[1]
    return " · ".join(
        (
            *filter(None, [hinders]),
            rating_text if hinders else rating_text[:1].upper() + rating_text[1:],
            gap_text,
            say("score {score}", score=ranged(score_figure)),
            coverage_text(score),
            say("confidence {level}", level=word(score.confidence)),
            say("assessed {extent}", extent=say(EXTENT_WORDS[score.extent])),
            *filter(None, [mix]),
        )
    )


def _group_path(group_id: str, groups: Sequence[model.Group]) -> str:
    by_id = {g.id: g for g in groups}
    path: list[str] = []
    while group_id in by_id and len(path) < len(groups):
        path.insert(0, f"{clean(group_id)} {clean(content(by_id[group_id].title))}")
        group_id = by_id[group_id].parent
    return " › ".join(path)


def _gap(score: ControlScore, theme_level: ThemeLevel | None) -> str:
    """Return the gap of a theme to its target, or of a control to being fully met."""
    if theme_level:
        return gap(theme_level.lo >= theme_level.target, theme_level.hi >= theme_level.target)
    return gap(score.rating_lo == "F", score.rating_hi == "F")


def _gap_text(state: str, kind: str, theme_level: ThemeLevel | None, has_checks: bool) -> str:
    if state == "not_applicable":
        return say(NOT_APPLICABLE)
    if state == "not_assessed":
        return say("Needs evidence") if has_checks else say("Needs attestation")
    if theme_level and not theme_level.target:
        return say("No target set")
    return say("On target") if theme_level and not kind else say(_GAPS[kind])


def _rating(score: ControlScore) -> tuple[str, str]:
    """Return a rating as a mark and in words."""
    lo, hi = score.rating_lo, score.rating_hi
    words = say(_RATINGS[lo])
    if lo == hi:
        return lo, words
    return f"{lo}–{hi}", say("{lo}, at most {hi}", lo=words, hi=say(_RATINGS[hi]))


def _cell(level: int, score: ControlScore) -> elements.Cell:
    practice = next((p for p in score.practices if p.level == level), None)
    if practice is None:
        return elements.Cell(level, "none", "·", say("level {n}: no practice", n=level))
    if not practice.raw_lo and practice.raw_hi == 1:
        words = say("level {n}: no evidence", n=level)
        return elements.Cell(level, "unknown", "?", words, 0, 1000)
    ends = thousandths(practice.raw_lo), thousandths(practice.raw_hi)
    lo, hi = practice.rating_lo, practice.rating_hi
    low_text, high_text = say(_RATINGS[lo]), say(_RATINGS[hi])
    if lo == hi:
        words = say("level {n}: {rating}", n=level, rating=low_text)
        return elements.Cell(level, lo, lo, words, *ends)
    words = say("level {n}: {lo}, at most {hi}", n=level, lo=low_text, hi=high_text)
    return elements.Cell(level, lo, f"{lo}–{hi}", words, *ends)


def _check_line(check: elements.Check, strength: str, why: str) -> elements.CheckLine:
    subjects = check.failing[:SHOWN_PER_CONTROL]
    remainder = check.counts.failed - len(subjects)
    notes: list[str] = []
    if remainder > 0:
        notes.append(say("{n} more failing", n=number(remainder)))
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
        shown=subjects,
        more=join(notes),
        why=why,
    )


def _brief(check: elements.Check) -> str:
    tally = check.counts
    open_parts = [
        f"{number(k)} {word(s)}"
        for k, s in ((tally.failed, "fail"), (tally.unknown, "unknown"))
        if k
    ]
    note = f" ({', '.join(open_parts)})" if open_parts else ""
    return f"{check.id} {_score(check)}{note}"


def _score(check: elements.Check) -> str:
    """Print a score beside counts, with a note on weights where the two differ."""
    note = weight_note(check.figure, check.counts, bool(check.sample))
    return " ".join(filter(None, (ranged(check.figure), note)))

"""Scores of two runs side by side: standings in; a statement on each difference out.

A difference is called progress or decline only between comparable runs and beyond missing evidence.
Subjects that are gone must not explain it.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from reporter.i18n.translate import content, mark, say, say_n
from reporter.model import assessment as model
from reporter.model.history import GONE, History, Standing
from reporter.model.scores import HELD, ControlScore, GroupScore, LevelScore, Status
from reporter.report.chapters.next_steps import points
from reporter.report.trend.transitions import ScoreChange
from reporter.report.view.format import at_most, clean, figure, join, number

WHOLE = mark("Whole organisation")
THEMES_NAMED = 3
_UNLIKE, _EVIDENCE = mark("not directly comparable"), mark("the ranges overlap")
_UNCHANGED, ABSENT = mark("unchanged"), mark("not in this run")
_BETTER, _WORSE = mark("better on any reading"), mark("worse on any reading")
_OTHERS = mark("higher, but subjects that did not pass are gone")
_PARTS = mark("inconclusive as a whole, but not in every theme")
_SENTENCES = {
    _EVIDENCE: mark("missing evidence could explain the difference"),
    _UNCHANGED: mark("it is unchanged"),
    _OTHERS: mark(
        "it is higher, but subjects that did not pass then are gone, so this does not show progress"
    ),
}
"""A result on two scores, in a sentence."""


def standings(assessment: model.Assessment) -> tuple[Standing, ...]:
    """Return the scores of a run in the form of earlier runs. Of one with too little evidence to
    score, no total counts as assessed.
    """
    scores, thin = assessment.scores, assessment.is_too_thin
    rows: list[tuple[str, str, GroupScore | ControlScore, LevelScore | None]] = [
        ("enterprise", "", scores.enterprise.total, scores.level)
    ]
    rows += [
        ("framework", f.framework, f.total, scores.framework_levels.get(f.framework))
        for f in scores.frameworks
    ]
    rows += [("theme", c.id, c, None) for c in scores.enterprise.controls]
    return tuple(
        Standing(
            kind,
            key,
            s.lo,
            s.hi,
            level.lo if level else None,
            level.hi if level else None,
            (bool(s.assessed) and not thin) if isinstance(s, GroupScore) else s.state == "assessed",
        )
        for kind, key, s, level in rows
    )


def names(assessment: model.Assessment) -> dict[tuple[str, str], str]:
    """Name the whole, the frameworks and the themes, by kind and id."""
    titles = {("enterprise", ""): say(WHOLE)}
    titles |= {("framework", f.id): clean(f.short) for f in assessment.frameworks}
    return titles | {("theme", t.id): clean(content(t.title)) for t in assessment.themes}


def score_changes(assessment: model.Assessment) -> tuple[ScoreChange, ...]:
    """Print each score of the last run beside the current one, the total first."""
    last_run, titles = assessment.history.runs[-1], names(assessment)
    standings_then = {(s.kind, s.id): s for s in last_run.standings}
    standings_now = {(s.kind, s.id): s for s in standings(assessment)}
    keys = [*standings_now, *(k for k in standings_then if k not in standings_now)]
    results = {
        k: _result(
            standings_then.get(k),
            standings_now.get(k),
            bool(last_run.unlike),
            _has_leavers(assessment.history, k),
        )
        for k in keys
    }
    total_key = ("enterprise", "")
    if results[total_key] == _EVIDENCE and {_BETTER, _WORSE} & {
        v for k, v in results.items() if k[0] == "theme"
    }:
        results[total_key] = _PARTS
    return tuple(
        _score_change(
            titles.get(k, clean(k[1])),
            k[0],
            standings_then.get(k),
            standings_now.get(k),
            results[k],
        )
        for k in keys
    )


def _has_leavers(past: History, key: tuple[str, str]) -> bool:
    """Tell whether subjects that lowered a score are gone: it rises without them, and nothing is
    fixed.
    """
    kind, theme = key
    return any(
        now == GONE
        and before not in (*HELD, Status.NA)
        and (kind != "theme" or check.split("-")[0] == theme)
        for check, before, now, n in past.flows
    )


def _score_change(
    name: str, kind: str, then: Standing | None, now: Standing | None, result: str
) -> ScoreChange:
    is_compared = then and now and then.assessed and now.assessed
    difference = signed(now.lo - then.lo) if is_compared and then and now else ""
    return ScoreChange(
        name, kind, level(then), level(now), *_score(then), *_score(now), difference, say(result)
    )


def level(standing: Standing | None) -> str:
    """Print a level, with the possible one if evidence is missing."""
    if not standing or not standing.assessed or standing.level_lo is None:
        return "–"
    assert standing.level_hi is not None
    return at_most(standing.level_lo, standing.level_hi)


def _score(standing: Standing | None) -> tuple[str, str]:
    if not standing:
        return say(ABSENT), ""
    score = figure(standing.lo, standing.hi, "assessed" if standing.assessed else "not_assessed")
    return score.text, score.range


def signed(difference: Fraction) -> str:
    """Print a difference of two shares in points, with its sign."""
    return say("{n} points", n=with_sign(difference))


def with_sign(difference: Fraction) -> str:
    """Print the number of points alone: "+1.86"."""
    sign = "+" if difference > 0 else "−" if difference else ""
    return f"{sign}{points(abs(difference))}"


def _result(then: Standing | None, now: Standing | None, is_unlike: bool, has_leavers: bool) -> str:
    if not then or not now or not then.assessed or not now.assessed:
        return mark("not compared")
    if is_unlike:
        return _UNLIKE
    if (then.lo, then.hi) == (now.lo, now.hi):
        return _UNCHANGED
    if then.lo <= now.hi and now.lo <= then.hi:
        return _EVIDENCE
    return _WORSE if now.lo < then.lo else _OTHERS if has_leavers else _BETTER


def difference(rows: Sequence[ScoreChange]) -> str:
    """Return the meaning of the total difference, as part of a sentence."""
    result = rows[0].result
    if result == say(_PARTS):
        return _theme_sentence(rows)
    sentences = {say(name): say(text) for name, text in _SENTENCES.items()}
    return sentences.get(result, result)


def _theme_sentence(rows: Sequence[ScoreChange]) -> str:
    """Name the themes that are certainly better or worse, while the total may be either."""
    worse, better = (
        [m.name for m in rows if m.kind == "theme" and m.result == say(name)]
        for name in (_WORSE, _BETTER)
    )
    parts = [
        say_n(
            "{n} theme is worse ({names})",
            "{n} themes are worse ({names})",
            len(worse),
            names=_themes(worse),
        ),
        say_n(
            "{n} theme is better ({names})",
            "{n} themes are better ({names})",
            len(better),
            names=_themes(better),
        ),
    ]
    themes_text = join(part for part, names in zip(parts, (worse, better), strict=True) if names)
    return say(
        "{themes} on any reading; missing evidence could explain the rest", themes=themes_text
    )


def _themes(names: Sequence[str]) -> str:
    remainder = len(names) - THEMES_NAMED
    return ", ".join(names[:THEMES_NAMED]) + (
        say(" and {n} more", n=number(remainder)) if remainder > 0 else ""
    )

"""What each level asks for. In: an `Assessment` and its results. Out: one `LevelStep` a level, with
what stands in its way; the sentence on the next one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from reporter.engine.base import quoted
from reporter.i18n.translate import content, mark, say, say_n
from reporter.model import assessment as model
from reporter.model.assessment import SEVERITIES
from reporter.model.scores import MET, MISSING, UNKNOWN, PracticeScore, Status
from reporter.report.view import elements
from reporter.report.view.format import clean, join, number, percent, share, short
from reporter.runs.store import RESULTS, Results
from reporter.score import TOP, asked, standing
from reporter.score.needs import needs_of
from reporter.score.state import Kind

NAMED = 4
"""Subjects named for a check; a few more are counted."""
NAME_LIMIT = 100
"""Characters of a name on page 1."""
PRACTICES_NAMED = 4
_HOW = {
    Status.FAIL: mark("fails for {names}"),
    Status.UNKNOWN: mark("is not known for {names}"),
    Status.DECLARED: mark("is only declared for {names}"),
    Status.ATTESTED: mark("is only attested for {names}"),
    Status.COMPENSATED: mark("is only compensated for {names}"),
}
_EARLIER: Mapping[str, str] = {
    "none": mark("No earlier run was given."),
    "scale": mark("The earlier run that was given was scored by other levels, weights or policy."),
    "time": mark("The earlier run that was given did not end at most 100 days before this period."),
    "level": mark("The earlier run that was given is below level 4."),
    "cover": mark("The earlier run that was given has results on too few of those who existed."),
    "open": mark("What failed in the earlier run and is not closed:"),
}


def level_steps(assessment: model.Assessment, results: Results) -> tuple[elements.LevelStep, ...]:
    """Print what each level asks for; of the next one, the least that would reach it too."""
    next_level = assessment.scores.level.lo + 1
    names = _Names(assessment, results)
    return tuple(
        _step(assessment, n, names if n == next_level else None) for n in range(1, TOP + 1)
    )


def _step(assessment: model.Assessment, level: int, names: _Names | None) -> elements.LevelStep:
    policy, themes = assessment.policy, assessment.scores.enterprise.controls
    practices = [(t, p, standing(p, level, policy)) for t, p in asked(themes, level)]
    counts = Counter(kind for *_, kind in practices)
    titles = {t.id: clean(content(t.title)) for t in assessment.themes}
    open_practices = [row for row in practices if row[-1] != MET]
    open_practices.sort(key=lambda row: (row[-1] == UNKNOWN, row[1].level, row[1].lo))
    return elements.LevelStep(
        level=level,
        name=clean(content(policy.level_names[level])),
        met=counts[MET],
        missing=counts[MISSING],
        unknown=counts[UNKNOWN],
        text=_text(assessment, level, counts),
        names=", ".join(
            _name(titles[theme], practice, level, kind)
            for theme, practice, kind in open_practices
            if level == 1 or standing(practice, level - 1, policy) == MET
        ),
        blockers=tuple(
            _blocker(assessment, theme, practice, level, kind, names)
            for theme, practice, kind in open_practices
        ),
    )


def _name(title: str, practice: PracticeScore, level: int, kind: str) -> str:
    """Name a practice in a list by its theme, with its level where a higher one asks more of it."""
    of = say(" (level {n})", n=practice.level) if practice.level < level else ""
    return f"{title}{of}{'?' if kind == UNKNOWN else ''}"


def _text(assessment: model.Assessment, level: int, counts: Mapping[str, int]) -> str:
    score, total = assessment.scores.level, sum(counts.values())
    if level > score.judged:
        return say(
            "Level {n} is not judged: at it, or at one below, fewer than half of the practices have"
            " a subject.",
            n=level,
        )
    reason = next((why for most, why in score.caps if most < level), "")
    if counts[MET] == total and reason:
        held = say("Level {n} is not reached: {why}", n=level, why=clean(content(reason)))
        return _with_earlier(held, assessment, level, True)
    if counts[MET] == total:
        return say_n(
            "Level {level} is reached: the {n} practice it asks for is met.",
            "Level {level} is reached: the {n} practices it asks for are met.",
            total,
            level=level,
        )
    open_count = total - counts[MET]
    text = say_n(
        "Level {level} lacks {n} of {all} practices: {missing}, {unknown}.",
        "Level {level} lacks {n} of {all} practices: {missing}, {unknown}.",
        open_count,
        level=level,
        all=number(total),
        missing=say_n("{n} is missing", "{n} are missing", counts[MISSING]),
        unknown=say_n("{n} is not known", "{n} are not known", counts[UNKNOWN]),
    )
    text = f"{text} {clean(content(reason))}" if reason else text
    return _with_earlier(text, assessment, level, bool(reason))


def _with_earlier(text: str, assessment: model.Assessment, level: int, is_held: bool) -> str:
    """Add to the text on the top level what the earlier period lacks, if that holds the level or
    can be named.
    """
    earlier = assessment.earlier
    if level < TOP or not earlier.why or not (is_held or earlier.unclosed):
        return text
    why = say(_EARLIER[earlier.why])
    ranks = {c.id: SEVERITIES.index(c.severity) for c in assessment.checks}
    order = sorted(earlier.unclosed, key=lambda u: (ranks[u.check], u.check))
    parts = []
    for each in order[:PRACTICES_NAMED]:
        names = [short(clean(s), RESULTS, NAME_LIMIT) for s in each.subjects]
        more = each.n - len(names)
        rest = [say("{n} more", n=number(more))] if more > 0 else []
        parts.append(
            say("{check} for {names}", check=clean(each.check), names=join([*names, *rest]))
        )
    if (left := len(order) - len(parts)) > 0:
        parts.append(say_n("{n} other check", "{n} other checks", left))
    return f"{text} {why} {'; '.join(parts)}." if parts else f"{text} {why}"


def _blocker(
    assessment: model.Assessment,
    theme: str,
    practice: PracticeScore,
    level: int,
    kind: str,
    names: _Names | None,
) -> elements.Blocker:
    titles = {t.id: clean(content(t.title)) for t in assessment.themes}
    checks, scores = {c.id: c for c in assessment.checks}, assessment.scores.checks
    edge = assessment.policy.rating_edges[2 if practice.level < level else 1]
    figure = say(
        "{value}; more than {edge} is required",
        value=share(practice.lo, practice.hi),
        edge=percent(edge),
    )
    if practice.capped_by:
        figure += say("; capped by {checks}", checks=join(map(clean, practice.capped_by)))
    return elements.Blocker(
        practice=say("{theme} level {n}", theme=clean(theme), n=practice.level),
        title=titles[theme],
        standing=kind,
        figure=figure,
        checks=tuple(
            elements.Link(clean(c), "", clean(content(checks[c].title)))
            for c, _ in practice.weights
            if scores[c].lo < 1
        ),
        todo=names.todo(practice, level) if names else (),
    )


class _Names:
    """What has to become pass, by the names of those whom it is about."""

    def __init__(self, assessment: model.Assessment, results: Results) -> None:
        self._policy, self._checks = assessment.policy, {c.id: c for c in assessment.checks}
        self._results = results

    def todo(self, practice: PracticeScore, level: int) -> tuple[elements.Todo, ...]:
        """Print the least that would meet a practice, a line for each check."""
        ids = [check for check, _ in practice.weights]
        tallies = self._results.tallies(f'"check" IN ({", ".join(map(quoted, ids))})')
        needs = needs_of(practice, level, self._checks, tallies, self._policy)
        order = [check for check, _ in practice.weights if check in needs]
        order.sort(key=lambda c: SEVERITIES.index(self._checks[c].severity))
        return tuple(self._line(check, needs[check]) for check in order)

    def _line(self, check_id: str, kinds: Counter[Kind]) -> elements.Todo:
        check, parts = self._checks[check_id], []
        for status, how in _HOW.items():
            if wanted := {kind[1:]: n for kind, n in kinds.items() if kind[0] == status and n}:
                parts.append(say(how, names=self._names(check_id, status, wanted)))
        fails = any(n for (status, *_), n in kinds.items() if status == Status.FAIL)
        link = elements.Link(clean(check_id), "", clean(content(check.title)))
        return elements.Todo(link, join(parts), clean(content(check.fix)) if fails else "")

    def _names(self, check: str, status: Status, wanted: Mapping[tuple[int, int], int]) -> str:
        """Name those with results of a status, of the highest tiers first."""
        named: list[str] = []
        for (lo, hi), n in sorted(wanted.items(), reverse=True):
            room = NAMED - len(named)
            if room > 0:
                where = (
                    f'"check" = {quoted(check)} AND status = {quoted(status.value)} AND tier_lo ='
                    f" {lo} AND tier_hi = {hi}"
                )
                more = f"ORDER BY subject LIMIT {min(n, room)}"
                rows = self._results.rows(("subject",), where, more)
                named += [short(clean(subject), RESULTS, NAME_LIMIT) for (subject,) in rows]
        left = sum(wanted.values()) - len(named)
        return join([*named, *([say("{n} more", n=number(left))] if left else [])])

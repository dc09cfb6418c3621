"""Levels 0 to 5. In: the practices of themes, scored. Out: the level that they permit, at each end,
and what stands in its way.

Level n is reached when every practice of level n is largely in place and every practice of a lower
level fully. A theme without a practice at n neither hinders n nor counts for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from fractions import Fraction

from reporter.model.assessment import Policy, Profile
from reporter.model.scores import (
    MET,
    MISSING,
    UNKNOWN,
    ControlScore,
    LevelScore,
    PracticeScore,
    ThemeLevel,
)

TOP = 5
LEVELS = range(1, TOP + 1)

Caps = Sequence[tuple[int, str]]
"""(highest level, reason): what the evidence is too short for. They bind lo only, since more
evidence could lift them.
"""


def hindered(level: int, value: Fraction, policy: Policy) -> int:
    """Return the lowest level that a practice of this level and value stands in the way of; above
    the top if of none.
    """
    _, largely, fully = policy.rating_edges
    if value <= largely:
        return level
    return level + 1 if value <= fully else TOP + 1


def permits(practices: Iterable[tuple[int, Fraction]], policy: Policy) -> int:
    """Return the highest level that the practices (level, value) of a theme do not hinder."""
    return min((TOP, *(hindered(n, value, policy) - 1 for n, value in practices)))


def highest_judged(existing: Iterable[int], listed: Iterable[int]) -> int:
    """Return the highest level that can be judged: at it and at all below, at least half of the
    practices that the content has exist. Nothing is reached by having no subjects.

    Both are levels, one for each practice.
    """
    found, known = Counter(existing), Counter(listed)
    return next((n - 1 for n in LEVELS if not known[n] or 2 * found[n] < known[n]), TOP)


def level_score(
    themes: Sequence[ControlScore],
    listed: Collection[tuple[str, int]],
    policy: Policy,
    profile: Profile,
    caps: Caps = (),
) -> LevelScore:
    """Return the level over scored themes. `listed` are the practices (theme, level) that the
    content has.
    """
    judged = highest_judged(
        (p.level for theme in themes for p in theme.practices), (n for _, n in listed)
    )
    permitted = tuple(
        ThemeLevel(
            theme.id,
            permits(((p.level, p.lo) for p in theme.practices), policy),
            permits(((p.level, p.hi) for p in theme.practices), policy),
            profile.themes.get(theme.id, profile.target),
        )
        for theme in themes
    )
    lo = min((judged, *(t.lo for t in permitted)))
    hi = min((judged, *(t.hi for t in permitted)))
    held = min((lo, *(most for most, _ in caps)))
    return LevelScore(
        lo=held,
        hi=hi,
        judged=judged,
        target=profile.target,
        themes=permitted,
        caps=tuple(cap for cap in caps if cap[0] < lo),
    )


def standing(practice: PracticeScore, level: int, policy: Policy) -> str:
    """Return MET, MISSING or UNKNOWN: what a practice is to a level that asks for it. It is unknown
    where missing evidence could still show it.
    """
    if hindered(practice.level, practice.lo, policy) > level:
        return MET
    return MISSING if hindered(practice.level, practice.hi, policy) <= level else UNKNOWN


def asked(themes: Iterable[ControlScore], level: int) -> Iterator[tuple[str, PracticeScore]]:
    """Yield (theme, practice) of all that a level asks for: its own and all lower ones."""
    for theme in themes:
        for practice in theme.practices:
            if practice.level <= level:
                yield theme.id, practice

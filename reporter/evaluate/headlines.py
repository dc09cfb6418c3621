"""Titles of failures and of their fixes. In: the checks of one cause that fail. Out: sentences that
hold whichever fail.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reporter.i18n.translate import NOT_MET
from reporter.model.assessment import SEVERITIES, Check
from reporter.model.comparison import CauseGroup


def headline(
    failing: Collection[str], by_id: Mapping[str, Check], group: CauseGroup | None
) -> tuple[str, tuple[str, ...]]:
    """Return the finding of the failing checks of one cause, and the checks that state it.

    Several checks take the title of their group if it holds for them; otherwise the worst check
    stands for all.
    """
    ranked = sorted(failing, key=lambda c: (SEVERITIES.index(by_id[c].severity), c))
    if group and len(ranked) > 1:
        naming_checks = tuple(c for c in ranked if c in (group.says or group.checks))
        if naming_checks:
            return group.title, naming_checks
    worst = by_id[ranked[0]]
    return worst.headline or f"{NOT_MET}{worst.title}", (worst.id,)


def remedy(check: Check, listed: bool) -> str:
    """Return the fix for a failure of a check on a listed or an unlisted actor."""
    return (check.fix_listed if listed else "") or check.fix.strip()

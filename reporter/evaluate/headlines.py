"""What failures are called, and what mends them. In: the checks of one cause that fail. Out:
sentences that hold whichever fail.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reporter.i18n.translate import NOT_MET
from reporter.model.assessment import SEVERITIES, Check
from reporter.model.comparison import CauseGroup


def headline(
    failing: Collection[str], by_id: Mapping[str, Check], group: CauseGroup | None
) -> tuple[str, tuple[str, ...]]:
    """Say what failing checks of one cause found, and which of them say it.

    Several have the title of their group if it holds for them; else the worst speaks for all.
    """
    ranked = sorted(failing, key=lambda c: (SEVERITIES.index(by_id[c].severity), c))
    if group and len(ranked) > 1:
        naming_checks = tuple(c for c in ranked if c in (group.says or group.checks))
        if naming_checks:
            return group.title, naming_checks
    worst = by_id[ranked[0]]
    return worst.headline or f"{NOT_MET}{worst.title}", (worst.id,)


def remedy(check: Check, listed: bool) -> str:
    """Say what mends a failure of a check on who stands in a list, or in none."""
    return (check.fix_listed if listed else "") or check.fix.strip()

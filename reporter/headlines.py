"""What failures are called, and what mends them. In: the checks of one cause that fail. Out: sentences that hold whichever fail."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from reporter.compared import CauseGroup
from reporter.model import SEVERITIES, Check, Finding
from reporter.texts import NOT_MET


def headline(
    failing: Collection[str], by_id: Mapping[str, Check], group: CauseGroup | None
) -> tuple[str, tuple[str, ...]]:
    """Say what failing checks of one cause found, and which of them say it.

    Several have the title of their group if it holds for them; else the worst speaks for all.
    """
    ranked = sorted(failing, key=lambda c: (SEVERITIES.index(by_id[c].severity), c))
    if group and len(ranked) > 1:
        saying = tuple(c for c in ranked if c in (group.says or group.checks))
        if saying:
            return group.title, saying
    worst = by_id[ranked[0]]
    return worst.headline or f"{NOT_MET}{worst.title}", (worst.id,)


def remedies(check: Check, found: Iterable[Finding]) -> tuple[str, ...]:
    """Say what mends failures of a check: who stands in no list comes first."""
    if not check.fix_listed:
        return (check.fix.strip(),)
    listed = {f.listed for f in found} or {False}
    return tuple(check.fix_listed if known else check.fix.strip() for known in sorted(listed))

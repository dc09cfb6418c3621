"""Episodes of failure, from the first finding until a later test passes. In: results of
one moment after another. Out: which episodes opened and which ended.

Nothing else ends one: no silence of a log, no subject that went out of scope, no time that passed,
no event that left the period.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from reporter.model import ids
from reporter.pipeline.watch.cursor import Episode
from reporter.pipeline.watch.judge import Judged, Result

PASSED = frozenset(("pass", "declared"))
"""Statuses that the test of a check ends with where it passes."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a judgement rests on, beside the results."""

    as_of: str
    evidence: str
    """Signature of the files that do not grow."""
    of_events: Set[str]
    """Checks that read events."""


def follow(
    episodes: list[Episode], judged: Judged, moment: Moment
) -> tuple[list[Episode], list[Episode], list[Episode]]:
    """Return the episodes that are open now, with those that opened and those that ended."""
    open_by_key = {(e.check, e.subject): e for e in episodes}
    opened, closed = [], []
    results = judged.results
    looked_at = results if judged.moved is None else sorted({*judged.moved, *open_by_key})
    for key in looked_at:
        episode, result = open_by_key.get(key), results.get(key)
        if result is None:
            continue
        if episode:
            episode.status = result.status
            is_of_now = judged.checks is None or key[0] in judged.checks
            if is_of_now and _is_passed(episode, result, judged.last_acts, moment):
                episode.closed_at = moment.as_of
                closed.append(open_by_key.pop(key))
        elif result.status == "fail":
            seen_at = judged.last_acts.get(result.actor, "")
            episode = Episode(
                f"{ids.finding(result.check, result.subject)}@{moment.as_of}",
                result.check,
                result.subject,
                moment.as_of,
                result.record,
                seen_at,
                moment.evidence,
            )
            open_by_key[key] = episode
            opened.append(episode)
    for key, episode in open_by_key.items():
        if key not in judged.results:
            episode.status = ""
    return list(open_by_key.values()), opened, closed


def _is_passed(
    episode: Episode, result: Result, last_acts: Mapping[str, str], moment: Moment
) -> bool:
    """Tell whether a pass rests on something that came after the episode had opened: an act of the
    subject, or another content of the files that do not grow.
    """
    if result.status not in PASSED:
        return False
    if moment.evidence != episode.evidence:
        return True
    acted_at = last_acts.get(result.actor, "")
    return result.check in moment.of_events and acted_at > episode.seen_at

"""Episodes of failure, from the first finding until a later test passes. In: results of
one moment after another. Out: which episodes opened and which ended.

Nothing else ends one: no silence of a log, no subject that went out of scope, no time that passed,
no event that left the period, no change of settings.
"""

from __future__ import annotations

from collections.abc import Set
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
    """Mark of the content of the files that are no logs."""
    of_events: Set[str]
    """Checks that read events."""
    of_log_sources: Set[str] = frozenset()
    """Checks whose subjects are logs."""
    has_new_rules: bool = False
    """Whether settings or checks are others than those of the judgement before."""


def follow(
    episodes: list[Episode], judged: Judged, moment: Moment
) -> tuple[list[Episode], list[Episode], list[Episode]]:
    """Return the episodes that are open now, with those that opened and those that ended."""
    open_by_key = {(e.check, e.subject): e for e in episodes}
    opened, closed = [], []
    results = judged.results
    looked_at = sorted({*(results if judged.moved is None else judged.moved), *open_by_key})
    for key in looked_at:
        episode, result = open_by_key.get(key), results.get(key)
        if episode and moment.has_new_rules:  # what came before was tested by others
            episode.evidence = moment.evidence
            episode.seen_at = max(episode.seen_at, _acted_at(result, judged, moment))
        if result is None:
            continue
        if episode:
            episode.status = result.status
            is_of_now = judged.checks is None or key[0] in judged.checks
            if is_of_now and _is_passed(episode, result, judged, moment):
                episode.closed_at = moment.as_of
                closed.append(open_by_key.pop(key))
        elif result.status == "fail":
            seen_at = _acted_at(result, judged, moment)
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


def _is_passed(episode: Episode, result: Result, judged: Judged, moment: Moment) -> bool:
    """Tell whether a pass rests on something that came after the episode had opened: an act of the
    subject, or another content of the files that are no logs.
    """
    if result.status not in PASSED:
        return False
    if moment.evidence != episode.evidence:
        return True
    is_of_events = result.check in moment.of_events | moment.of_log_sources
    return is_of_events and _acted_at(result, judged, moment) > episode.seen_at


def _acted_at(result: Result | None, judged: Judged, moment: Moment) -> str:
    """Return when a subject acted last; of a log, the time of its last event."""
    if result is None:
        return ""
    if result.check in moment.of_log_sources:
        return judged.last_events.get(result.subject, "")
    return judged.last_acts.get(result.actor, "")

"""Results that changed, as lines of OCSF: a Compliance Finding is created, updated or closed. In:
results before and now, episodes. Out: one line a change, each with a number and an id of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid5

from reporter.content.loader import Content
from reporter.model.assessment import Check, RunInfo
from reporter.model.reasons import Reasons
from reporter.model.scores import tier_text
from reporter.pipeline.watch.cursor import Episode, Key, Outcome
from reporter.pipeline.watch.judge import Judged, Result
from reporter.report.findings import NAMESPACE
from reporter.report.formats.ocsf import Told, event_of, frame_of, line_of
from reporter.system.plain_text import clean

NONE: Outcome = ("", "", "")


@dataclass(frozen=True, slots=True)
class Change:
    """A result whose outcome is another than before."""

    before: Outcome
    now: Outcome
    result: Result
    """As it is now; of what is no result any more, nothing but check and subject."""
    episode: Episode | None = None


@dataclass(slots=True)
class Writer:
    """Writes changes as lines."""

    content: Content
    run: RunInfo
    version: str
    watch: str
    """What tells this watch from others: lines of two are never taken for each other."""
    _controls: dict[str, tuple[tuple[str, str, str, str], ...]] = field(default_factory=dict)

    def lines(self, changes: Iterable[Change], moment: datetime, first: int) -> list[str]:
        """Return a line for each change, numbered from `first`."""
        checks = {c.id: c for c in self.content.checks}
        reasons = Reasons(self.content.checks)
        lines = []
        for number, change in enumerate(changes, first):
            activity = _activity(change)
            frame = frame_of(moment, self.version, self.watch, self.run.organisation, activity)
            frame["metadata"] |= {
                "uid": str(uuid5(NAMESPACE, f"{self.watch}\0{number}")),
                "sequence": number,
            }
            told = self._told(change, checks[change.result.check], reasons)
            event = frame | event_of(told, frame["time"])
            event["status_id"], event["status"] = _STATUSES[activity]
            episode = change.episode
            if episode:
                event["finding_info"]["first_seen_time"] = millis_of(episode.opened_at)
            event["unmapped"] = event.get("unmapped", {}) | {
                "status_before": change.before[0],
                "reason_code_before": change.before[1],
                "reason_code": change.now[1],
                "episode": episode and {"id": episode.id, "closed_at": episode.closed_at},
            }
            lines.append(line_of(event))
        return lines

    def _told(self, change: Change, check: Check, reasons: Reasons) -> Told:
        result = change.result
        identity = f"{self.run.organisation}\0{check.id}\0{result.subject}"
        themes = {t.id: t.title for t in self.content.themes}
        status = change.now[0] or "not_applicable"
        return Told(
            str(uuid5(NAMESPACE, identity)),
            check.id,
            check.title,
            themes.get(check.theme, check.theme),
            check.severity,
            check.fix,
            check.about,
            clean(result.subject),
            clean(result.actor),
            clean(result.owner),
            tier_text(result.tier_lo, result.tier_hi),
            status,
            clean(reasons.of(check.id, result.code, result.values)),
            clean(result.record),
            result.waived_until,
            clean(result.waiver),
            self._controls_of(check.id),
        )

    def _controls_of(self, check: str) -> tuple[tuple[str, str, str, str], ...]:
        if not self._controls:
            found: dict[str, list[tuple[str, str, str, str]]] = {}
            for framework in self.content.frameworks:
                for control in framework.controls:
                    for name, strength in control.checks:
                        if strength != "contextual":
                            entry = framework.short, framework.title, control.id, control.title
                            found.setdefault(name, []).append(entry)
            self._controls = {name: tuple(entries) for name, entries in found.items()}
        return self._controls.get(check, ())


_STATUSES = {"Create": (1, "New"), "Update": (2, "In Progress"), "Close": (4, "Resolved")}
"""Activity -> status of the finding."""


def _activity(change: Change) -> str:
    """Say what became of the finding: it is closed where its episode ended, never by silence."""
    if change.episode and change.episode.closed_at:
        return "Close"
    return "Create" if not change.before[0] else "Update"


def changes(
    before: Mapping[Key, Outcome],
    judged: Judged,
    closed: Iterable[Episode],
    episodes: Iterable[Episode],
    is_first: bool,
) -> list[Change]:
    """Return what changed, by check and subject. Of the first judgement only failures are told."""
    by_key = {(e.check, e.subject): e for e in (*episodes, *closed)}
    found = []
    for key in sorted({*before, *judged.results} if judged.moved is None else judged.moved):
        result = judged.results.get(key)
        outcome = result.outcome if result else NONE
        old = before.get(key, NONE)
        if old == outcome or (is_first and outcome[0] != "fail"):
            continue
        gone = Result(*key, "", "", "", "", "", "", 1, 4, "", "", "")
        found.append(Change(old, outcome, result or gone, by_key.get(key)))
    return found


def millis_of(moment: str) -> int:
    """Return a moment, in UTC where it names no zone, as milliseconds since 1970."""
    told = datetime.fromisoformat(moment)
    return int((told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp() * 1000)

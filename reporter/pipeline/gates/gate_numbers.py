"""Gates held against a run. In: gates, the data and results of a run. Out: of each whether it is
missed, with the number, the limit and the reason.

A number that nobody knows misses its gate: without an earlier run nothing shows that nothing got
worse.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from reporter.engine.base import quoted_list
from reporter.model.assessment import SEVERITIES, Assessment
from reporter.model.scores import HELD, FrameworkScore, LevelScore, Status
from reporter.report.chapters.follow_up.deadlines import deadline
from reporter.report.chapters.follow_up.response_register import answers
from reporter.runs.store import CHANGES, Changes, Results
from reporter.system import gates as words
from reporter.system.gates import Gate

_NAMED = 3
"""Results that a reason names; all are in the files of the run."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A gate, and what came out."""

    gate: str
    is_missed: bool
    number: str
    """As it is compared, in the unit of the limit; '' where nobody knows it."""
    reason: str
    """A sentence with the number, whether it is missed or not."""

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        number = float(self.number) if self.number else None
        return {
            "gate": self.gate,
            "missed": self.is_missed,
            "number": number,
            "reason": self.reason,
        }

    def __str__(self) -> str:
        """Say that it is missed, and why."""
        return f"{self.gate} is missed: {self.reason}"


@dataclass(frozen=True, slots=True)
class _Run:
    data: Assessment
    folder: Path
    framework: str
    """Of which framework a number is asked; '' for the whole."""

    def score(self) -> FrameworkScore | None:
        if not self.framework:
            return self.data.scores.enterprise
        frameworks = self.data.scores.frameworks
        return next((f for f in frameworks if f.framework == self.framework), None)

    def checks(self) -> Collection[str]:
        """Return the ids of the checks that are scored in it."""
        if not self.framework:
            return {check.id for check in self.data.checks}
        score = self.score()
        controls = score.controls if score else ()
        return {c for x in controls for p in x.practices for c, _ in p.weights}


_Number = tuple[Fraction | None, str]
"""A number, None where nobody knows it, and a sentence about it."""


def judge(gates: Iterable[Gate], data: Assessment, folder: Path) -> tuple[Judged, ...]:
    """Hold gates against a run, whose results lie in `folder`."""
    return tuple(_judged(gate, data, folder) for gate in gates)


def _judged(gate: Gate, data: Assessment, folder: Path) -> Judged:
    run = _Run(data, folder, gate.framework)
    if gate.framework and not run.score():
        known = ", ".join(f.framework for f in data.scores.frameworks)
        return Judged(str(gate), True, "", f"this run has no framework {gate.framework}: {known}.")
    number, reason = _NUMBERS[gate.name](run)
    if number is None:
        return Judged(str(gate), True, "", reason)
    is_missed = number < gate.limit if gate.is_least else number > gate.limit
    return Judged(str(gate), is_missed, _text(number), reason)


def _text(number: Fraction) -> str:
    """Write a number with two decimals at most, cut and not rounded: what is below a limit must not
    read as the limit.
    """
    hundredths = int(number * 100)
    whole, rest = divmod(hundredths, 100)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".") if rest else str(whole)


def _level(run: _Run) -> _Number:
    score = run.score()
    levels: LevelScore | None = run.data.scores.levels().get(
        run.framework or run.data.scores.enterprise.framework
    )
    if run.data.is_too_thin or not score or not score.total.assessed or levels is None:
        return None, "too little could be assessed, so there is no level."
    names = run.data.policy.level_names
    most = f", at most {levels.hi} with all missing evidence" if levels.hi > levels.lo else ""
    return Fraction(levels.lo), f"the level on evidence is {levels.lo} ({names[levels.lo]}){most}."


def _score(run: _Run) -> _Number:
    score = run.score()
    if run.data.is_too_thin:
        return None, "too little could be assessed, so there is no score."
    if not score or not score.total.assessed:
        return None, "nothing could be assessed, so there is no score."
    lo, hi = score.total.lo * 100, score.total.hi * 100
    return lo, f"the score on evidence is {_text(lo)} %, at most {_text(hi)} %."


def _coverage(run: _Run) -> _Number:
    score = run.score()
    if not score or not score.total.assessed:
        return None, "nothing could be assessed, so there is no coverage."
    coverage = score.total.coverage * 100
    return coverage, f"coverage is {_text(coverage)} %."


def _new_critical(run: _Run) -> _Number:
    critical = {c.id for c in run.data.checks if c.severity == SEVERITIES[0]} & set(run.checks())
    if not run.data.history.runs:
        return None, _NO_EARLIER
    rows = _changed(run, critical, f"before <> '{Status.FAIL}'")
    if added := critical & set(run.data.history.checks_now):
        where = f"status = '{Status.FAIL}' AND \"check\" IN {_in(added)}"
        rows += Results(run.folder, run.data.checks).rows(_WHO, where, _ORDER)
    since = f"that did not fail on {run.data.history.runs[-1].as_of:%Y-%m-%d}"
    return Fraction(len(rows)), _counted(len(rows), f"of critical checks fail {since}", rows)


def _regressions(run: _Run) -> _Number:
    if not run.data.history.runs:
        return None, _NO_EARLIER
    passed = f"before IN ({', '.join(map(repr, map(str, HELD)))})"
    rows = _changed(run, set(run.checks()), passed)
    day = f"{run.data.history.runs[-1].as_of:%Y-%m-%d}"
    return Fraction(len(rows)), _counted(len(rows), f"passed on {day} and fail now", rows)


_NO_EARLIER = "no earlier run was given, so nothing shows what got worse."
_WHO = ("check", "subject")
_ORDER = 'ORDER BY "check", subject'


def _changed(run: _Run, checks: Collection[str], before: str) -> list[tuple[Any, ...]]:
    """Return check and subject of what fails now and had another result before."""
    if not (run.folder / CHANGES).is_file() or not checks:
        return []
    where = f"now = '{Status.FAIL}' AND {before} AND \"check\" IN {_in(checks)}"
    return Changes(run.folder, run.data.checks).rows(_WHO, where, _ORDER)


def _in(ids: Collection[str]) -> str:
    return f"(SELECT unnest({quoted_list(sorted(ids))}))"


def _counted(n: int, what: str, rows: Sequence[tuple[Any, ...]]) -> str:
    named = ", ".join(f"{check} {subject}" for check, subject in rows[:_NAMED])
    more = f" and {n - _NAMED:,} more" if n > _NAMED else ""
    results = f"{n:,} {'result' if n == 1 else 'results'}"
    return f"{results} {what}{f': {named}{more}' if n else ''}."


def _overdue(run: _Run) -> _Number:
    """Count findings past their due date: that of the policy, or the one agreed."""
    data, checks = run.data, set(run.checks())
    if not data.policy.due_days and not data.responses:
        return None, "no finding has a due date: the policy names no days."
    given = answers(data, Results(run.folder, data.checks))
    agreed = {cause.id: r.due for r in data.responses if (cause := given.cause(r))}
    late = []
    for cause in data.causes:
        dates = deadline(cause, data.run.as_of, data.policy.due_days, agreed.get(cause.id))
        if dates.late and checks & set(cause.checks):
            late.append((dates.late, cause.id))
    late.sort(key=lambda each: (-each[0], each[1]))
    named = ", ".join(
        f"{id} by {days} {'day' if days == 1 else 'days'}" for days, id in late[:_NAMED]
    )
    more = f" and {len(late) - _NAMED:,} more" if len(late) > _NAMED else ""
    findings = f"{len(late):,} {'finding is' if len(late) == 1 else 'findings are'} overdue"
    return Fraction(len(late)), f"{findings}{f': {named}{more}' if late else ''}."


def _expired_waivers(run: _Run) -> _Number:
    """Count waivers that have ended while what they covered fails, and no other covers it now."""
    ended = [w for w in run.data.waivers if datetime.min < w.expires <= run.data.run.as_of]
    results = Results(run.folder, run.data.checks)
    where = f"status = '{Status.FAIL}' AND waived_until = '' AND \"check\" = ? AND subject = ?"
    of_all = where.replace("subject = ?", "? = ''")
    expired = [
        w
        for w in ended
        if results.rows(_WHO, where if w.subject else of_all, "LIMIT 1", [w.check, w.subject])
    ]
    named = ", ".join(f"{w.check} until {w.expires:%Y-%m-%d} ({w.ref})" for w in expired[:_NAMED])
    more = f" and {len(expired) - _NAMED:,} more" if len(expired) > _NAMED else ""
    have = "waiver has expired while what it covered fails"
    if len(expired) != 1:
        have = "waivers have expired while what they covered fails"
    return Fraction(
        len(expired)
    ), f"{len(expired):,} {have}{f': {named}{more}' if expired else ''}."


def _quarantined(run: _Run) -> _Number:
    unreadable = sum(f.unreadable for f in run.data.files)
    rejected = sum(f.rejected for f in run.data.files)
    read = sum(f.read for f in run.data.files)
    text = f"of {read:,} records {unreadable:,} are unreadable and {rejected:,} rejected."
    return Fraction(unreadable + rejected), text


_NUMBERS: dict[str, Callable[[_Run], _Number]] = {
    words.LEVEL: _level,
    words.SCORE: _score,
    words.COVERAGE: _coverage,
    words.NEW_CRITICAL: _new_critical,
    words.REGRESSIONS: _regressions,
    words.OVERDUE: _overdue,
    words.EXPIRED_WAIVERS: _expired_waivers,
    words.QUARANTINED: _quarantined,
}

"""When a finding was first seen, how old it is and when it is due. In: a cause, a run, the days of
the policy. Out: `Deadline`, the same wherever the finding or a decision on it is printed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from reporter.i18n.translate import day, say, say_n
from reporter.model.assessment import Assessment
from reporter.model.comparison import Cause
from reporter.model.history import Lifetime
from reporter.report.view.format import count, number


@dataclass(frozen=True, slots=True)
class Deadline:
    """The dates of one finding. Its due date is that of the policy, or the one agreed."""

    first_seen: datetime
    """Since when it is open without a gap."""
    age: int
    """Days since then; 0 where it was first seen in this run."""
    by_policy: datetime | None
    """None: the policy of the run has no due dates."""
    agreed: datetime | None
    """What the response to it says."""
    late: int
    """Days that it is overdue; 0 if it is not."""
    is_exact: bool = False
    """Whether it began then; else it is at least that old."""
    reopened: datetime | None = None
    """as_of of the run in which it was back; None where it never ended."""
    seen_before: datetime | None = None
    """as_of of the first run that ever had it, where it was back."""

    @property
    def due(self) -> datetime | None:
        """Return the agreed date, else that of the policy."""
        return self.agreed or self.by_policy

    @property
    def ever_seen(self) -> datetime:
        """Return when a run first had it; for one that was back, before it ended."""
        return self.seen_before or self.first_seen

    @property
    def age_is(self) -> str:
        """Return how the age is meant, as files say it."""
        return EXACTLY if self.is_exact else AT_LEAST


EXACTLY, AT_LEAST = "exactly", "at least"


def deadlines(assessment: Assessment, agreed: Mapping[str, datetime | None]) -> dict[str, Deadline]:
    """Return the dates of each finding of a run; `agreed` are those of responses, by finding."""
    as_of, due_days = assessment.run.as_of, assessment.policy.due_days
    past = {one.finding: one for one in assessment.history.closed if one.is_open}
    return {
        c.id: deadline(c, as_of, due_days, agreed.get(c.id), past.get(c.id))
        for c in assessment.causes
    }


def deadline(
    finding: Cause | Lifetime,
    as_of: datetime,
    due_days: Mapping[str, int],
    agreed: datetime | None = None,
    past: Lifetime | None = None,
) -> Deadline:
    """Return the dates of a finding that fails at a moment, or ended then; `past` is that of one
    that was back.
    """
    today = as_of.astimezone(UTC).replace(tzinfo=None) if as_of.tzinfo else as_of
    first_seen = finding.began if isinstance(finding, Lifetime) else finding.first_seen or today
    days = due_days.get(finding.severity)
    by_policy = first_seen + timedelta(days=days) if days else None
    due = agreed or by_policy
    # The day that something is due is still in time.
    late = max((today.date() - due.date()).days, 0) if due else 0
    return Deadline(
        first_seen,
        (today - first_seen).days,
        by_policy,
        agreed,
        late,
        finding.is_since_known,
        past.reopened if past else None,
        past.first_seen if past else None,
    )


def first_due_text(deadlines: Sequence[Deadline]) -> str:
    """Print when the first of several findings is due, and how many are overdue."""
    dues = [d.due for d in deadlines if d.due]
    if not dues:
        return ""
    text, late = day(min(dues)), [d.late for d in deadlines if d.late]
    if not late:
        return text
    days = count(max(late), "day")
    if len(deadlines) == 1:
        return say("{day}; overdue by {days}", day=text, days=days)
    overdue = say_n(
        "{n} of {all} findings is overdue, by {days}",
        "{n} of {all} findings are overdue, by up to {days}",
        len(late),
        all=number(len(deadlines)),
        days=days,
    )
    return f"{text}; {overdue}"


def seen_text(cause: Cause, dates: Deadline) -> str:
    """Print since when a finding is known."""
    if cause.first_seen is None:
        return say("in this run; no earlier run was given")
    if dates.reopened and dates.seen_before:
        back = say("in this run") if not dates.age else day(dates.reopened)
        return say("{day}; reopened: {back}", day=day(dates.seen_before), back=back)
    if not dates.age:
        if dates.is_exact:
            return say("in this run")
        return say("in this run; it may be older, for the run before could not judge it")
    first = day(dates.first_seen)
    return first if dates.is_exact else say("{day} or before", day=first)


def age_text(dates: Deadline) -> str:
    """Print how old a finding is: what was open in the first run has no exact age."""
    return age_words(dates.age, dates.is_exact)


def age_words(days: int, is_exact: bool) -> str:
    """Print an age; 0 days are new, or nobody knows."""
    if not days:
        return say("new") if is_exact else say("not known")
    return days_old(days, is_exact)


def days_old(days: int, is_exact: bool) -> str:
    """Print an age, or the least that it is."""
    text = count(days, "day")
    return text if is_exact else say("at least {days}", days=text)


def due_text(dates: Deadline) -> str:
    """Print when a finding is due, and how late it is."""
    if dates.due is None:
        return say("no due date")
    text = day(dates.due)
    if dates.agreed:
        text = say("{day}, as agreed", day=text)
    if dates.late:
        return say("{day}; overdue by {days}", day=text, days=count(dates.late, "day"))
    return text


def days_text(due_days: Mapping[str, int], severities: Mapping[str, str]) -> str:
    """Print the days of the policy: "critical 30, high 60"; `severities` are words by code, in the
    order in which they are printed: the data of a run have another.
    """
    return ", ".join(f"{name} {due_days[s]}" for s, name in severities.items() if s in due_days)

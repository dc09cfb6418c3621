"""Whether findings are fixed in time, by severity, and whose are overdue. In: a run with its
history. Out: counts and the least ages, for reports and `reporter history` alike.

Between two runs nobody looks: a finding that one run has and the next has not was fixed in time, or
late, only if its due date lies outside of the two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from reporter.i18n.translate import say, word
from reporter.model.assessment import SEVERITIES, Assessment
from reporter.model.history import Lifetime
from reporter.report.chapters.follow_up.deadlines import Deadline, days_old, deadline, deadlines
from reporter.report.chapters.follow_up.response_register import responses_by_finding
from reporter.report.view.format import count, join, number, percent, person, short, up_to

IN_TIME, LATE, BETWEEN = "in time", "late", "between two runs"
OWNERS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Least:
    """Days, or the least that they are."""

    days: int
    is_exact: bool


@dataclass(frozen=True, slots=True)
class KeptDates:
    """How the findings of one severity keep their dates."""

    severity: str
    due_days: int | None
    open: int
    reopened: int
    overdue: int
    median: Least | None
    """Of the ages of the open ones; None where none is open."""
    oldest: Least | None
    fixed: int
    in_time: int
    late: int
    between: int
    """Fixed between two runs, with the due date between the same two."""
    unseen: int
    """Ended, and nothing shows that they were fixed."""

    @property
    def decided(self) -> int:
        """Count what was fixed, or is overdue: the time of the others has not run out."""
        return self.in_time + self.late + self.between + self.overdue

    @property
    def share(self) -> tuple[Fraction, Fraction] | None:
        """Return which part of these was surely, and may have been, fixed in time."""
        if not self.decided:
            return None
        most = self.in_time + self.between
        return Fraction(self.in_time, self.decided), Fraction(most, self.decided)


@dataclass(frozen=True, slots=True)
class DatesTable:
    """How findings keep their dates, as printed; empty where nothing is compared."""

    text: str = ""
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    """A severity each; its code first."""
    owners_head: tuple[str, ...] = ()
    owners: tuple[tuple[str, ...], ...] = ()
    """Whose findings are overdue, the most first."""
    owners_more: str = ""
    for_board: str = ""


def open_deadlines(assessment: Assessment) -> dict[str, Deadline]:
    """Return the dates of the findings of a run, with those that were agreed."""
    responses = responses_by_finding(assessment)
    return deadlines(assessment, {name: r.due for name, r in responses.items()})


def kept_dates(assessment: Assessment, dates: Mapping[str, Deadline]) -> list[KeptDates]:
    """Return how findings keep their dates: a row for each severity that a run knows."""
    due_days = assessment.policy.due_days
    ended = [one for one in assessment.history.closed if not one.is_open]
    rows = []
    for severity in SEVERITIES:
        live = [dates[c.id] for c in assessment.causes if c.severity == severity]
        gone = [one for one in ended if one.severity == severity]
        if not live and not gone:
            continue
        fixed = Counter(fixed_when(one, due_days) for one in gone if one.is_fixed)
        n_fixed = fixed.total()
        rows.append(
            KeptDates(
                severity,
                due_days.get(severity),
                open=len(live),
                reopened=sum(d.reopened is not None for d in live),
                overdue=sum(d.late > 0 for d in live),
                median=median_age(live),
                oldest=oldest_age(live),
                fixed=n_fixed,
                in_time=fixed[IN_TIME],
                late=fixed[LATE],
                between=fixed[BETWEEN],
                unseen=len(gone) - n_fixed,
            )
        )
    return rows


def fixed_when(ended: Lifetime, due_days: Mapping[str, int]) -> str:
    """Tell whether a finding that was fixed was so in time: one of IN_TIME, LATE, BETWEEN; '' where
    the policy has no due date.
    """
    assert ended.closed
    due = deadline(ended, ended.closed, due_days).by_policy
    if not due:
        return ""
    if ended.closed.date() <= due.date():
        return IN_TIME
    return LATE if ended.last_seen.date() > due.date() else BETWEEN


def median_age(live: Sequence[Deadline]) -> Least | None:
    """Return the lower median; exact where no age up to it is only the least that it can be."""
    if not live:
        return None
    ages = sorted(d.age for d in live)
    middle = ages[(len(ages) - 1) // 2]
    return Least(middle, all(d.is_exact for d in live if d.age <= middle))


def oldest_age(live: Sequence[Deadline]) -> Least | None:
    """Return the highest age; exact where all are, for any other may be higher."""
    if not live:
        return None
    return Least(max(d.age for d in live), all(d.is_exact for d in live))


def dates_table(assessment: Assessment, dates: Mapping[str, Deadline]) -> DatesTable:
    """Print how findings keep their dates, where earlier runs show it."""
    rows = kept_dates(assessment, dates) if assessment.history.runs else []
    if not rows:
        return DatesTable()
    owners = _overdue_by_owner(assessment, dates)
    severities = [r.severity for r in rows]
    more = len(owners) - OWNERS_SHOWN
    return DatesTable(
        text=say(
            "An age counts from the first of the runs that have the finding without a gap. What was"
            " open in the first run, or could not be judged before, is at least that old. Fixed in"
            " time is out of all that were fixed or are overdue; between two runs it may not be"
            " known."
        ),
        head=(
            *(say("Severity"), say("Due after"), say("Open"), say("Overdue"), say("Reopened")),
            *(say("Median age"), say("Oldest"), say("Fixed"), say("Fixed in time")),
            say("Not seen any more"),
        ),
        rows=tuple(map(_row, rows)),
        owners_head=(say("Owner"), *map(word, severities), say("sum")),
        owners=tuple(
            (name, *(number(n[s]) for s in severities), number(n.total()))
            for name, n in owners[:OWNERS_SHOWN]
        ),
        owners_more=(
            say("and {n} more, all in {file}", n=number(more), file="causes.csv")
            if more > 0
            else ""
        ),
        for_board=" ".join(_for_board(rows)),
    )


def _row(row: KeptDates) -> tuple[str, ...]:
    return (
        row.severity,
        count(row.due_days, "day") if row.due_days else "–",
        *(number(n) for n in (row.open, row.overdue, row.reopened)),
        *(days_old(a.days, a.is_exact) if a else "–" for a in (row.median, row.oldest)),
        number(row.fixed),
        in_time_text(row),
        number(row.unseen),
    )


def in_time_text(row: KeptDates) -> str:
    """Print how many were fixed in time: "3 of 9 (33.3 %), up to 5"."""
    if not row.share:
        return "–"
    text = say(
        "{n} of {all} ({share})",
        n=number(row.in_time),
        all=number(row.decided),
        share=percent(row.share[0]),
    )
    if not row.between:
        return text
    return say("{lo}, up to {hi}", lo=text, hi=number(row.in_time + row.between))


def _overdue_by_owner(
    assessment: Assessment, dates: Mapping[str, Deadline]
) -> list[tuple[str, Counter[str]]]:
    """Count the overdue findings of each owner, the most and the worst first. One of several owners
    counts for each of them.
    """
    late: dict[str, Counter[str]] = {}
    for cause in assessment.causes:
        for owner in (cause.owners or ("",)) if dates[cause.id].late else ():
            late.setdefault(owner, Counter())[cause.severity] += 1
    ranked = sorted(
        late.items(), key=lambda o: (-o[1].total(), [-o[1][s] for s in SEVERITIES], o[0])
    )
    return [
        (short(person(assessment, name), "causes.csv", 80) if name else say("nobody"), n)
        for name, n in ranked
    ]


def _for_board(rows: Sequence[KeptDates]) -> Iterator[str]:
    """Say in two sentences whether findings are fixed in time, and what is overdue."""
    decided = sum(r.decided for r in rows)
    sure, most = (sum(r.in_time for r in rows), sum(r.in_time + r.between for r in rows))
    if decided:
        yield say(
            "Fixed by their due date: {sure} of {all} findings that were fixed or are overdue"
            " ({share}).",
            sure=number(sure),
            all=number(decided),
            share=up_to(Fraction(sure, decided), Fraction(most, decided)),
        )
    oldest = [r.oldest for r in rows if r.oldest]
    if oldest:
        days = max(a.days for a in oldest)
        late = join(f"{word(r.severity)} {number(r.overdue)}" for r in rows if r.overdue)
        yield say(
            "Overdue: {late}. The oldest open finding: {age}.",
            late=late or say("none"),
            age=days_old(days, all(a.is_exact for a in oldest)),
        )


def lines(rows: Iterable[KeptDates]) -> Iterator[str]:
    """Yield what `reporter history` prints, a severity a line."""
    for row in rows:
        text = f"{word(row.severity)}: {number(row.open)} open, {number(row.overdue)} overdue"
        if row.reopened:
            text += f", {number(row.reopened)} reopened"
        if row.median:
            median = days_old(row.median.days, row.median.is_exact)
            text += f", for a median of {median}"
        text += f"; {number(row.fixed)} fixed, in time: {in_time_text(row)}"
        yield text + (f"; {number(row.unseen)} not seen any more" if row.unseen else "")

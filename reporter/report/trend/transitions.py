"""Changes of results since the last run, as printed. In: counts of (result before, result now), the
changes of a run. Out: sums that add up, and the rows of changes.csv.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reporter.i18n.translate import day, mark, say, word
from reporter.model.history import GONE, OUTSIDE, Failing
from reporter.report.view.format import number
from reporter.runs.store import Changes
from reporter.system.plain_text import clean


@dataclass(frozen=True, slots=True)
class RunBefore:
    """An earlier run that was compared."""

    as_of: str
    period: str
    evidence_id: str
    report_sha256: str
    note: str
    """What it depends on that differs from the run after it; empty if they are like with like."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A point of a trend; places are thousandths, of the time and of the score."""

    as_of: str
    level: str
    """"1", or empty when not assessed."""
    score: str
    range: str
    at: int
    at_lo: int
    at_hi: int
    assessed: bool
    alike: bool
    """Like with like with the run before it."""
    level_lo: int | None = None
    """None where there is no level."""
    exact_lo: str = ""
    exact_hi: str = ""
    """As of a figure; both empty when not assessed."""


@dataclass(frozen=True, slots=True)
class Trend:
    """The scores of the whole or of a framework, run by run."""

    name: str
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """The whole, a framework or a theme, in the last run before and now."""

    name: str
    kind: str
    """enterprise | framework | theme"""
    level_before: str
    level: str
    score_before: str
    range_before: str
    score: str
    range: str
    difference: str
    """"+3.20 points"; empty where one of the two is not assessed."""
    result: str
    """What may be said of the difference."""


@dataclass(frozen=True, slots=True)
class MovementRow:
    """A cause with the points that it adds to each score, the sum of a group, or the scores."""

    kind: str
    """then | group | cause | total"""
    text: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Movements:
    """Why the scores moved: those then, what each cause adds, and those now."""

    text: str = ""
    columns: tuple[str, ...] = ()
    """The whole first, then each framework that both runs have."""
    rows: tuple[MovementRow, ...] = ()
    whole: str = ""
    """"Scope −8.62 points, Organisation +1.86 points": of the whole, the largest first."""


@dataclass(frozen=True, slots=True)
class Flow:
    """How many results went one way."""

    label: str
    n: str
    text: str
    """What it means; empty where the label says it."""


@dataclass(frozen=True, slots=True)
class Balance:
    """Results of one kind, and the parts that add up to them."""

    title: str
    sum: str
    """"244 failed then = 30 remediated + 214 still failing"."""
    flows: tuple[Flow, ...]


@dataclass(frozen=True, slots=True)
class FlowStep:
    """A step of the way from the failing or unknown results then to those now."""

    label: str
    """"fixed"."""
    n: int
    kind: str
    """then | now: a total; good: left because it passes; fail | unknown: came, or left to there;
    outside: gone, out of scope, or accepted by people
    """
    is_added: bool = False
    """Else it is taken away; of a total it says nothing."""


@dataclass(frozen=True, slots=True)
class CheckChanges:
    """The checks with the most results that went one way."""

    title: str
    text: str
    rows: tuple[tuple[str, str, str, str], ...]
    """(check, its anchor, its title, how many)"""


@dataclass(frozen=True, slots=True)
class Progress:
    title: str = ""
    text: str = ""
    sentences: tuple[str, ...] = ()
    """The chapter in at most five sentences."""
    runs: tuple[RunBefore, ...] = ()
    unlike: tuple[str, ...] = ()
    """Why this run and the last before are not like with like; empty where they are."""
    trends: tuple[Trend, ...] = ()
    """The whole first, then each framework."""
    score_changes: tuple[ScoreChange, ...] = ()
    movements: Movements = Movements()
    balances: tuple[Balance, ...] = ()
    matrix_columns: tuple[str, ...] = ()
    matrix: tuple[tuple[str, ...], ...] = ()
    """A row a result before, a column a result now, with sums."""
    matrix_text: str = ""
    checks: tuple[CheckChanges, ...] = ()
    failing_flow: tuple[FlowStep, ...] = ()
    """From the failing results then to those now; totals at both ends."""
    unknown_flow: tuple[FlowStep, ...] = ()
    actors: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    changes: ChangedResults | None = None
    """All: the rows of changes.csv; None where nothing is compared."""


COLUMNS = (
    *("what", "check", "subject", "actor", "owner", "before", "now", "reason_before", "reason"),
    *("record_before", "record", "failing_since", "waived_until"),
)
_FAILED = {
    "pass": mark("remediated"),
    "declared": mark("remediated"),
    "unknown": mark("lost from sight"),
    GONE: mark("gone"),
    OUTSIDE: mark("no longer in scope"),
    "na": mark("no longer in scope"),
    "compensated": mark("compensated"),
    "attested": mark("attested"),
    "fail": mark("still failing"),
}
FAILS = {
    "pass": mark("fails now"),
    "declared": mark("fails now"),
    "unknown": mark("found failing"),
    GONE: mark("new, failing"),
    OUTSIDE: mark("newly in scope, failing"),
    "na": mark("newly in scope, failing"),
    "compensated": mark("no longer compensated"),
    "attested": mark("no longer attested"),
}
_OTHERS = (mark("new"), mark("newly in scope"), mark("evidence found"), mark("evidence lost"))
"""Further names of `what`, beside those of failures."""


def what(before: str, now: str) -> str:
    """Name the change of a result."""
    if before == "fail":
        return _FAILED.get(now, f"failed, now {now}")
    if now == "fail":
        return FAILS.get(before, f"fails, was {before}")
    if before == now:
        return "unchanged"
    if GONE in (before, now):
        return "new" if before == GONE else "gone"
    if {OUTSIDE, "na"} & {before, now}:
        return "newly in scope" if before in (OUTSIDE, "na") else "no longer in scope"
    if "unknown" in (before, now):
        return "evidence found" if before == "unknown" else "evidence lost"
    return f"{before}, now {now}"


@dataclass(frozen=True, slots=True)
class ChangedResults:
    """Every result that differs from the last run before, or fails in both: the rows of
    changes.csv, read anew each time.
    """

    changes: Changes
    total: int

    def __len__(self) -> int:
        """Return the number of changes without reading them."""
        return self.total

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        """Yield the rows, one text per column of `COLUMNS`."""
        return (tuple(map(clean, row)) for row in rows(self.changes))

    def printed(self) -> Iterator[tuple[str, ...]]:
        """Yield the rows with their codes as words of the current language."""
        return map(_in_words, self)


def _in_words(row: tuple[str, ...]) -> tuple[str, ...]:
    change, *about, before, now = row[:7]
    if change == f"{before}, now {now}":
        name = say("{before}, now {now}", before=_status(before), now=_status(now))
    else:
        name = say(change)
    return (name, *about, _status(before), _status(now), *row[7:])


def _status(code: str) -> str:
    return say(NOW[code]) if code in NOW else word(code) if code else ""


_STORE_COLUMNS = (
    *("check", "subject", "actor", "owner", "before", "now", "reason_before", "reason"),
    *("record_before", "record", "failing_since", "waived_until"),
)


def rows(changes: Changes) -> Iterator[tuple[str, ...]]:
    """Yield every change in the columns of `COLUMNS`, as plain text."""
    return map(_row, changes.each(_STORE_COLUMNS))


def _row(values: tuple[Any, ...]) -> tuple[str, ...]:
    *texts, before, now, reason_before, reason, ref_before, ref, since, until = values
    then, today = ("" if v in (GONE, OUTSIDE) else v for v in (before, now))
    day = since.date().isoformat() if since else ""
    return (
        what(before, now),
        *texts,
        then,
        today,
        reason_before,
        reason,
        ref_before,
        ref,
        day,
        until,
    )


ORDER = ("fail", "unknown", "compensated", "attested", "declared", "pass", "na", OUTSIDE, GONE)
"""Every result, and what stands where there is none."""
BEFORE = {
    GONE: mark("not there yet"),
    OUTSIDE: mark("check did not apply"),
    "na": mark("not applicable"),
}
NOW = {GONE: mark("gone"), OUTSIDE: mark("check does not apply"), "na": mark("not applicable")}
_MEANS = {
    "remediated": mark("it passes now"),
    "lost from sight": mark("unknown now: the evidence is missing, so remediation is not shown"),
    "gone": mark("the subject no longer has a result"),
    "no longer in scope": mark("the subject is there, but the check does not apply to it"),
    "compensated": mark("it fails, and a compensating control was accepted"),
    "fails now": mark("it passed then"),
    "found failing": mark("it was unknown then, so it may have failed then too"),
    "new, failing": mark("the subject had no result then"),
    "newly in scope, failing": mark("the subject was there, but the check did not apply to it"),
}


def balances(
    matrix: Mapping[tuple[str, str], int], failures: Sequence[Failing], date: str
) -> tuple[Balance, ...]:
    """Balance the earlier failures by outcome, and the current failures by origin."""
    outcomes: Counter[str] = Counter()
    origins: Counter[str] = Counter()
    for (before, now), total in matrix.items():
        if before == "fail":
            outcomes[what(before, now)] += total
        if now == "fail":
            origins[what(before, now)] += total
    means = {name: say(text) for name, text in _MEANS.items()} | {"still failing": _still(failures)}
    return (
        _balance(
            say("What failed on {day}", day=date),
            mark("{n} failed then = {sum}"),
            outcomes,
            ("remediated", "compensated", "attested"),
            means,
        ),
        _balance(
            say("What fails now"), mark("{n} fail now = {sum}"), origins, ("still failing",), means
        ),
    )


_ABSENT = (GONE, OUTSIDE, "na")
_ACCEPTED = ("compensated", "attested")


def flow(matrix: Mapping[tuple[str, str], int], status: str) -> tuple[FlowStep, ...]:
    """List the steps from the results of a status then, fail or unknown, to those now. They add
    up, and steps without a result are left out.
    """
    less, more = (Counter(dict.fromkeys(kinds, 0)) for kinds in (_LEFT[status], _CAME[status]))
    then = now = 0
    for (before, after), n in matrix.items():
        then += n * (before == status)
        now += n * (after == status)
        if before == status != after:
            less[_kind(after)] += n
        if after == status != before:
            more[_kind(before)] += n
    steps = [FlowStep(say(_LEFT[status][k]), n, k) for k, n in less.items() if n]
    steps += [
        FlowStep(say(_CAME[status][k]), n, status, is_added=True) for k, n in more.items() if n
    ]
    return (
        FlowStep(say(_THEN[status]), then, "then"),
        *steps,
        FlowStep(say(_NOW[status]), now, "now"),
    )


def _kind(status: str) -> str:
    if status in _ABSENT or status in _ACCEPTED:
        return "outside" if status in _ABSENT else "accepted"
    return status if status in ("fail", "unknown") else "good"


_THEN = {"fail": mark("failing then"), "unknown": mark("unknown then")}
_NOW = {"fail": mark("failing now"), "unknown": mark("unknown now")}
_LEFT = {
    "fail": {
        "good": mark("fixed"),
        "unknown": mark("evidence lost"),
        "accepted": mark("accepted by people"),
        "outside": mark("gone or out of scope"),
    },
    "unknown": {
        "good": mark("evidence gained, passing"),
        "fail": mark("evidence gained, failing"),
        "accepted": mark("accepted by people"),
        "outside": mark("gone or out of scope"),
    },
}
"""Where results of a status went."""
_CAME = {
    "fail": {
        "good": mark("newly failing"),
        "unknown": mark("found failing"),
        "accepted": mark("no longer accepted"),
        "outside": mark("new in scope, failing"),
    },
    "unknown": {
        "good": mark("evidence lost, passed then"),
        "fail": mark("evidence lost, failed then"),
        "accepted": mark("no longer accepted"),
        "outside": mark("new in scope, unknown"),
    },
}
"""Where results of a status come from."""


def _balance(
    title: str,
    template: str,
    parts: Counter[str],
    lead_names: tuple[str, ...],
    means: Mapping[str, str],
) -> Balance:
    rank = {name: n for n, name in enumerate(lead_names)}
    names = sorted(
        (p for p in parts if parts[p]),
        key=lambda p: (rank.get(p, len(rank)), p == "still failing", -parts[p], p),
    )
    total = sum(parts.values())
    added = " + ".join(f"{number(parts[p])} {say(p)}" for p in names) or say("nothing")
    flows = tuple(Flow(say(p), number(parts[p]), means.get(p, "")) for p in names)
    return Balance(title, say(template, n=number(total), sum=added), flows)


def _still(failures: Sequence[Failing]) -> str:
    """Print since when the remaining failures last, and how many are waived."""
    waived_count = sum(f.waived for f in failures)
    dates = ", ".join(
        say("{n} since {day} or before", n=number(f.n), day=day(f.since)) for f in failures
    )
    waived_note = say("; {n} of them waived", n=number(waived_count)) if waived_count else ""
    return say("in every compared run: {since}", since=dates) + waived_note

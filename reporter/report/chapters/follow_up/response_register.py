"""Responses of management, beside the findings that they answer. In: an `Assessment` and its
results. Out: the register, overdue first; what answers no finding of this run is in it too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from reporter.i18n.translate import day, headline, mark, say, say_n, word
from reporter.model import assessment as model
from reporter.model.comparison import Cause
from reporter.model.history import GONE, Answered, Lifetime
from reporter.model.scores import HELD, Status
from reporter.model.statements import DONE, RESPONSES, RISK_ACCEPTED, Response
from reporter.report.chapters.follow_up.deadlines import (
    Deadline,
    age_text,
    deadline,
    deadlines,
    due_text,
)
from reporter.report.view.format import clean, count, free, join, number, person, short
from reporter.runs.store import Results

SHOWN, NAMED = 100, 5
_PROMISES = ("accepted", "in progress")
"""Status of a response that promises a fix."""
FILE = "responses.csv"
OPEN, CLOSED, UNCLEAR, UNKNOWN_ID = "open", "fixed", "not shown to be fixed", "no such finding"
"""What became of a finding that was answered."""
ANCHOR = "i-"
"""What the anchor of a finding begins with; its id follows."""
_RANKS = (OPEN, UNCLEAR, UNKNOWN_ID, CLOSED)


@dataclass(frozen=True, slots=True)
class ResponseLine:
    """One response, and what the records say about it."""

    finding: str
    """Id as it was given."""
    anchor: str
    """Of the finding of this run; empty where there is none."""
    title: str
    what: str
    severity: str
    status: str
    response: str
    owner: str
    age: str
    due: str
    late: int
    evidence: str
    standing: str
    """One of open, fixed, not shown to be fixed, no such finding."""
    note: str
    """What the records say about the response."""
    record: str
    agreed: datetime | None = None
    """The day that the response names."""
    due_iso: str = ""
    policy_iso: str = ""
    cause: str = ""
    """Id of the finding of this run that it answers; '' for none."""


@dataclass(frozen=True, slots=True)
class Register:
    text: str = ""
    """Empty where nobody responded to anything."""
    rows: tuple[ResponseLine, ...] = ()
    shown: int = SHOWN
    """So many rows are printed; all are in responses.csv."""
    for_board: tuple[str, ...] = ()
    """What is overdue and what is promised, then the most overdue by name; empty for neither."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The responses of a run, and the findings of this run that they answer."""

    causes: Mapping[str, Cause]
    renamed: Mapping[str, str]
    """Id of an earlier finding -> the finding that its failures belong to now."""
    gone: Mapping[str, Answered]
    closed: Mapping[str, Lifetime]
    """Findings of earlier runs, as the last of them had them."""
    waived: Mapping[str, int]
    """Finding -> failures that a waiver covers, where the risk is said to be accepted."""
    by_cause: Mapping[str, Response]
    """Finding of this run -> the response to it."""
    deadlines: Mapping[str, Deadline]
    """Of each finding of this run: the day that was agreed, else that of the policy."""

    @property
    def reopened(self) -> dict[str, Lifetime]:
        """Return the findings of this run that had ended."""
        return {id_: one for id_, one in self.closed.items() if one.is_open}

    def cause(self, response: Response) -> Cause | None:
        """Return the finding that a response answers."""
        return _cause(response, self.causes, self.renamed)


def _cause(
    response: Response, causes: Mapping[str, Cause], renamed: Mapping[str, str]
) -> Cause | None:
    own = causes.get(response.finding)
    return own or causes.get(renamed.get(response.finding, ""))


def answers(assessment: model.Assessment, results: Results) -> Answers:
    """Lay the responses of an assessment beside its findings."""
    causes, by_cause = {c.id: c for c in assessment.causes}, responses_by_finding(assessment)
    gone, renamed = {a.finding: a for a in assessment.history.answered}, _renamed(assessment)
    accepted = any(r.status == RISK_ACCEPTED for r in assessment.responses)
    condition = f"status = '{Status.FAIL}' AND waived_until <> ''"
    waived = results.rows(("cause", "count(*)"), condition, "GROUP BY cause") if accepted else []
    dates = deadlines(assessment, {name: r.due for name, r in by_cause.items()})
    closed = {c.finding: c for c in assessment.history.closed}
    return Answers(causes, renamed, gone, closed, dict(waived), by_cause, dates)


def responses_by_finding(assessment: model.Assessment) -> dict[str, Response]:
    """Return the responses to the findings of a run, also those to what they were before."""
    causes, renamed = {c.id: c for c in assessment.causes}, _renamed(assessment)
    by_cause: dict[str, Response] = {}
    for response in assessment.responses:
        if cause := _cause(response, causes, renamed):
            by_cause.setdefault(cause.id, response)
    return by_cause


def _renamed(assessment: model.Assessment) -> dict[str, str]:
    return {a.finding: a.now_in for a in assessment.history.answered if a.now_in}


def anchor(cause: Cause) -> str:
    """Return where a finding is printed."""
    return f"{ANCHOR}{cause.id}"


def register(assessment: model.Assessment, given: Answers) -> Register:
    """Print every response: overdue first, then what is open, what is fixed last."""
    response_files = {f.file for f in assessment.files if f.source == RESPONSES}
    rejected_count = sum(
        q.kind == "rejected" and q.file in response_files for q in assessment.quarantined
    )
    if not assessment.responses and not rejected_count:
        return Register(for_board=tuple(_for_board(assessment, given, {})))
    lines = [_line(r, assessment, given) for r in assessment.responses]
    lines.sort(key=lambda line: (-line.late, _RANKS.index(line.standing), line.finding))
    by_anchor = {line.anchor: line for line in reversed(lines)}
    board_lines = tuple(_for_board(assessment, given, by_anchor))
    return Register(_text(assessment, lines, rejected_count), tuple(lines), for_board=board_lines)


def _for_board(
    assessment: model.Assessment, given: Answers, lines: Mapping[str, ResponseLine]
) -> Iterator[str]:
    """Yield how many findings are overdue and how many fixes promised, then the most overdue."""
    causes = assessment.causes
    late = [c for c in causes if given.deadlines[c.id].late]
    promised = sum(
        r.status in _PROMISES and not given.deadlines[name].late
        for name, r in given.by_cause.items()
    )
    if not late and not promised:
        return
    yield say(
        "Overdue: {late} of {all} findings. Promised and not yet due: {promised}.",
        late=number(len(late)),
        all=number(len(causes)),
        promised=number(promised),
    )
    late.sort(key=lambda c: -given.deadlines[c.id].late)
    for cause in late[:NAMED]:
        line = lines.get(anchor(cause))
        yield say(
            "{title}: {what}. Overdue by {days}; {owner}: {answer}.",
            title=clean(headline(cause.title)),
            what=short(clean(cause.what), "causes.csv", 80),
            days=count(given.deadlines[cause.id].late, "day"),
            owner=line.owner if line else owners_text(assessment, cause),
            answer=word(line.status) if line else say("no response"),
        )


def _text(assessment: model.Assessment, lines: list[ResponseLine], rejected_count: int) -> str:
    standings = Counter(line.standing for line in lines)
    answered = {line.anchor for line in lines if line.anchor}
    parts = [
        say(
            "{responses}, for {n} of {all} findings. {overdue} overdue, {fixed} fixed, {unclear}"
            " not shown to be fixed, {unknown} for no finding of this run. A response changes no"
            " score: a finding is closed when its checks pass.",
            responses=count(len(lines), "response"),
            n=number(len(answered)),
            all=number(len(assessment.causes)),
            overdue=number(sum(line.late > 0 for line in lines)),
            fixed=number(standings[CLOSED]),
            unclear=number(standings[UNCLEAR]),
            unknown=number(standings[UNKNOWN_ID]),
        )
    ]
    if rejected_count:
        rows = count(rejected_count, "row")
        text = mark("Rejected as wrong: {rows}, listed in the data accounting.")
        parts.append(say(text, rows=rows))
    if len(lines) > SHOWN:
        text = mark("The first {n} are listed, all of them in {file}.")
        parts.append(say(text, n=number(SHOWN), file=FILE))
    return " ".join(parts)


def _line(response: Response, assessment: model.Assessment, given: Answers) -> ResponseLine:
    cause = given.cause(response)
    if cause:
        dates = deadline(
            cause,
            assessment.run.as_of,
            assessment.policy.due_days,
            response.due,
            given.reopened.get(cause.id),
        )
        note = _note(response, cause, dates, given.waived.get(cause.id, 0))
        return _printed(response, OPEN, note, cause, dates)
    if answered := given.gone.get(response.finding):
        standing, note = _closed(answered)
        return _printed(response, standing, note, past=given.closed.get(response.finding))
    text = (
        mark(
            "No finding of this run or of an earlier one that was given has this id; expected one"
            " of causes.csv."
        )
        if assessment.history.runs
        else mark(
            "No finding of this run has this id. An earlier run, given with --earlier, would show"
            " whether it was fixed."
        )
    )
    return _printed(response, UNKNOWN_ID, say(text))


def _printed(
    response: Response,
    standing: str,
    note: str,
    cause: Cause | None = None,
    dates: Deadline | None = None,
    past: Lifetime | None = None,
) -> ResponseLine:
    known = cause or past
    return ResponseLine(
        finding=clean(response.finding),
        cause=cause.id if cause else "",
        anchor=anchor(cause) if cause else "",
        title=clean(headline(known.title)) if known else "",
        what=short(clean(known.what), "causes.csv", 80) if known else "",
        severity=known.severity if known else "",
        status=response.status,
        response=short(free(response.response), FILE, 300),
        owner=clean(response.owner or (", ".join(cause.owners) if cause else "")),
        age=age_text(dates) if dates else "",
        due=due_text(dates) if dates else (day(response.due) if response.due else ""),
        late=dates.late if dates else 0,
        evidence=short(free(response.evidence), FILE, 160),
        standing=standing,
        note=note,
        record=clean(response.ref),
        agreed=response.due,
        due_iso=_iso_day(dates.due if dates else response.due),
        policy_iso=_iso_day(dates.by_policy if dates else None),
    )


def _iso_day(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d}" if time else ""


def owners_text(assessment: model.Assessment, cause: Cause) -> str:
    """Name who owns what a finding is about."""
    names = ", ".join(person(assessment, owner) for owner in cause.owners)
    return short(names, "causes.csv", 80) or say("nobody")


def _note(response: Response, cause: Cause, dates: Deadline, waived_count: int) -> str:
    """Say what the records say about a response to a finding that still fails."""
    notes = []
    if response.finding != cause.id:
        text = mark("Answered as {id}: its failures belong to this finding now.")
        notes.append(say(text, id=clean(response.finding)))
    if response.status == DONE:
        notes.append(
            say_n(
                "Reported as done, but {n} result still fails.",
                "Reported as done, but {n} results still fail.",
                cause.failures,
            )
        )
    if response.status == RISK_ACCEPTED:
        open_count = cause.failures - waived_count
        notes.append(
            say_n(
                "No waiver covers {n} of its results: the risk is not formally accepted.",
                "No waiver covers {n} of its results: the risk is not formally accepted.",
                open_count,
            )
            if open_count
            else say("A waiver covers all of its results.")
        )
    if dates.by_policy and dates.agreed and dates.agreed.date() > dates.by_policy.date():
        late = (dates.agreed.date() - dates.by_policy.date()).days
        text = mark("The agreed date is {days} later than the policy allows.")
        notes.append(say(text, days=count(late, "day")))
    return " ".join(notes)


def _closed(answered: Answered) -> tuple[str, str]:
    """Say what became of a finding that is none any more: only what passes is fixed."""
    last = day(answered.last_seen)
    total = sum(n for _, n in answered.now)
    passed = sum(n for status, n in answered.now if status in HELD)
    if passed == total:
        text = say_n(
            "The {n} result that failed on {day} is met now.",
            "The {n} results that failed on {day} are met now.",
            total,
            day=last,
        )
        declared = sum(n for status, n in answered.now if status == Status.DECLARED)
        doubt = mark(" Only declared: {n}.")
        return CLOSED, text + (say(doubt, n=number(declared)) if declared else "")
    parts = join(f"{number(n)} {_result_word(status)}" for status, n in answered.now)
    text = mark("It last failed on {day}, and is not proven to be fixed: {parts}.")
    return UNCLEAR, say(text, day=last, parts=parts)


def _result_word(status: str) -> str:
    if status == GONE:
        return say("no longer assessed")
    return word("not applicable" if status == Status.NA else status)

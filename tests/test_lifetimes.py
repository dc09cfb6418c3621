"""Findings over many runs: ages, ends and returns against a plain recount, and the same from one run to the next as over all at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import given as drawn
from hypothesis import strategies as st

from reporter.model.comparison import Cause
from reporter.model.history import EarlierRun, History, Lifetime
from reporter.report.trend.lifetimes import Between, Lifetimes, after

START = datetime(2026, 1, 1)
IDS = "abcd"
ABSENT, PASSED, UNSEEN, FAILS, DOUBTFUL = "absent", "passed", "unseen", "fails", "doubtful"
"""What a run says of a finding: passed or unseen is how one ends; doubtful is a failure that the run before could not judge."""
histories = st.lists(
    st.tuples(*[st.sampled_from((ABSENT, PASSED, UNSEEN, FAILS, FAILS, DOUBTFUL)) for _ in IDS]),
    min_size=1,
    max_size=7,
)


def moment(number: int) -> datetime:
    return START + timedelta(days=91 * number)


def cause(id_: str) -> Cause:
    return Cause(id_, id_, (), "", "high", (), (), (), (), "")


def is_open(state: str) -> bool:
    return state in (FAILS, DOUBTFUL)


def between(now: Sequence[str]) -> Between:
    ended = {id_: "pass" if state == PASSED else "unknown" for id_, state in zip(IDS, now, strict=True) if not is_open(state)}  # fmt: skip
    return Between(
        {},
        {id_: ((status, 1),) for id_, status in ended.items()},
        frozenset(i for i, state in zip(IDS, now, strict=True) if state == DOUBTFUL),
    )


def walked(runs: Sequence[Sequence[str]]) -> Lifetimes:
    lives = Lifetimes()
    for number, now in enumerate(runs):
        causes = [cause(i) for i, state in zip(IDS, now, strict=True) if is_open(state)]
        lives = after(lives, moment(number), causes, History(), between(now) if number else None)
    return lives


def recounted(states: Sequence[str], id_: str) -> Lifetime | None:
    """Count one finding from what each run says of it."""
    here = [n for n, state in enumerate(states) if is_open(state)]
    if not here:
        return None
    last = here[-1]
    starts = [n for n in here if n - 1 not in here]
    began = starts[-1]
    ends = [n for n in range(1, len(states)) if n not in here and n - 1 in here]
    end = ends[-1] if ends else None
    is_back = end is not None and last > end
    return Lifetime(
        id_, id_, "", "high", moment(here[0]), moment(last),
        closed=moment(end) if end is not None else None,
        became=(("pass" if states[end] == PASSED else "unknown", 1),) if end is not None else (),
        reopened=moment(began) if is_back else None,
        since=moment(began),
        is_since_known=began > 0 and states[began] == FAILS,
        returns=len(starts) - 1,
    )  # fmt: skip


@drawn(runs=histories)
def test_lifetimes_are_those_of_a_plain_recount(runs: list[tuple[str, ...]]) -> None:
    told = walked(runs).by_id
    for id_, states in zip(IDS, zip(*runs, strict=True), strict=True):
        assert told.get(id_) == recounted(states, id_)


@drawn(runs=histories)
def test_open_findings_add_up_from_run_to_run(runs: list[tuple[str, ...]]) -> None:
    course = walked(runs).course
    assert [c.open for c in course] == [sum(map(is_open, now)) for now in runs]
    assert course[0].new is course[0].fixed is None
    for number in range(1, len(runs)):
        then, now, counts = runs[number - 1], runs[number], course[number]
        ended = [b for a, b in zip(then, now, strict=True) if is_open(a) and not is_open(b)]
        assert (counts.fixed, counts.out_of_sight) == (ended.count(PASSED), len(ended) - ended.count(PASSED))  # fmt: skip
        more = (counts.new or 0) + (counts.reopened or 0)
        assert counts.open == course[number - 1].open + more - len(ended)


@drawn(runs=histories)
def test_from_run_to_run_it_is_as_over_all_runs_at_once(runs: list[tuple[str, ...]]) -> None:
    """Each run is given the last run only, which kept what it knew of those before."""
    known, causes = History(), tuple(cause(i) for i, s in zip(IDS, runs[0], strict=True) if is_open(s))  # fmt: skip
    for number in range(1, len(runs)):
        lives = after(Lifetimes(), moment(number - 1), causes, known, None)
        found = [cause(i) for i, s in zip(IDS, runs[number], strict=True) if is_open(s)]
        lives = after(lives, moment(number), found, History(), between(runs[number]))
        known, causes = History(closed=lives.ended), tuple(map(lives.dated, found))
    whole = walked(runs)
    assert {one.finding: one for one in known.closed} == {one.finding: one for one in whole.ended}
    if len(runs) > 1:
        assert causes == tuple(whole.dated(cause(c.id)) for c in causes)


def test_a_finding_goes_on_as_the_one_that_its_failures_belong_to() -> None:
    first = after(Lifetimes(), moment(0), [cause("a"), cause("b")], History(), None)
    merged = after(first, moment(1), [cause("c")], History(), Between({"c": ("a", "b")}))
    assert set(merged.by_id) == {"c"}
    assert (merged.by_id["c"].began, merged.by_id["c"].is_since_known) == (moment(0), False)
    assert (merged.course[1].new, merged.course[1].fixed, merged.course[1].regrouped) == (0, 0, -1)
    split = after(merged, moment(2), [cause("c"), cause("d")], History(), Between({"c": ("c",), "d": ("c",)}))  # fmt: skip
    assert split.by_id["d"].began == moment(0)
    assert split.by_id["c"].first_seen == moment(0)
    assert split.course[2].regrouped == 1


def test_what_a_run_itself_knew_of_older_runs_counts() -> None:
    old = Cause("a", "a", (), "", "high", (), (), (), (), "", moment(-4), is_since_known=True)
    lives = after(Lifetimes(), moment(0), [old], History(runs=(EarlierRun(moment(-4), moment(-5), moment(-4), "", "", (), ()),)), None)  # fmt: skip
    assert (lives.by_id["a"].began, lives.by_id["a"].is_since_known) == (moment(-4), True)
    later = after(lives, moment(1), [cause("a")], History(), Between())
    assert later.dated(cause("a")).first_seen == moment(-4)

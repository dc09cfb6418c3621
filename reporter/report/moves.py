"""What became of verdicts: counts of (verdict before, verdict now) in, sums that add up out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from reporter.earlier import GONE, OUTSIDE, Failing
from reporter.texts import day, mark, say

from . import shape_history as shape
from .shape_changes import what
from .words import number

ORDER = ("fail", "unknown", "compensated", "attested", "pass", "na", OUTSIDE, GONE)
"""Every verdict, and what stands where there is none."""
BEFORE = {
    GONE: mark("not there yet"), OUTSIDE: mark("check did not apply"), "na": mark("not applicable"),
}  # fmt: skip
NOW = {GONE: mark("gone"), OUTSIDE: mark("check does not apply"), "na": mark("not applicable")}
_MEANS = {
    "mended": mark("it passes now"),
    "lost from sight": mark("unknown now: the evidence is missing, nothing is known to be mended"),
    "gone": mark("no verdict is on the subject any more"),
    "no longer in scope": mark("the subject is there, the check does not apply to it"),
    "compensated": mark("it fails, and a compensating control was accepted"),
    "fails now": mark("it passed then"),
    "found failing": mark("it was unknown then, so it may have failed then too"),
    "new, failing": mark("no verdict was on the subject then"),
    "newly in scope, failing": mark("the subject was there, the check did not apply to it"),
}


def balances(
    matrix: Mapping[tuple[str, str], int], still: Sequence[Failing], then: str
) -> tuple[shape.Balance, ...]:
    """Add up what became of the failures of then, and where those of now come from."""
    old: Counter[str] = Counter()
    new: Counter[str] = Counter()
    for (before, now), n in matrix.items():
        if before == "fail":
            old[what(before, now)] += n
        if now == "fail":
            new[what(before, now)] += n
    means = {name: say(text) for name, text in _MEANS.items()} | {"still failing": _still(still)}
    return (
        _balance(say("What failed on {day}", day=then), mark("{n} failed then = {sum}"), old, ("mended", "compensated", "attested"), means),
        _balance(say("What fails now"), mark("{n} fail now = {sum}"), new, ("still failing",), means),
    )  # fmt: skip


def _balance(
    title: str, said: str, parts: Counter[str], first: tuple[str, ...], means: Mapping[str, str]
) -> shape.Balance:
    rank = {name: n for n, name in enumerate(first)}
    names = sorted((p for p in parts if parts[p]), key=lambda p: (rank.get(p, len(rank)), p == "still failing", -parts[p], p))  # fmt: skip
    total = sum(parts.values())
    added = " + ".join(f"{number(parts[p])} {say(p)}" for p in names) or say("nothing")
    flows = tuple(shape.Flow(say(p), number(parts[p]), means.get(p, "")) for p in names)
    return shape.Balance(title, say(said, n=number(total), sum=added), flows)


def _still(still: Sequence[Failing]) -> str:
    """Say since when what still fails has failed, and how much of it is waived."""
    waived = sum(f.waived for f in still)
    said = ", ".join(
        say("{n} since {day} or before", n=number(f.n), day=day(f.since)) for f in still
    )
    rest = say("; {n} of them waived", n=number(waived)) if waived else ""
    return say("in every compared run: {since}", since=said) + rest

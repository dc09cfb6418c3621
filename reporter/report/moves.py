"""What became of verdicts: counts of (verdict before, verdict now) in, sums that add up out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from reporter.earlier import GONE, OUTSIDE, Change
from reporter.texts import day, mark, say

from . import shape_history as shape
from .words import number

ORDER = ("fail", "unknown", "compensated", "attested", "pass", "na", OUTSIDE, GONE)
"""Every verdict, and what stands where there is none."""
BEFORE = {
    GONE: mark("not there yet"), OUTSIDE: mark("check did not apply"), "na": mark("not applicable"),
}  # fmt: skip
NOW = {GONE: mark("gone"), OUTSIDE: mark("check does not apply"), "na": mark("not applicable")}
_FAILED = {
    "pass": mark("mended"), "unknown": mark("lost from sight"), GONE: mark("gone"), OUTSIDE: mark("no longer in scope"), "na": mark("no longer in scope"),
    "compensated": mark("compensated"), "attested": mark("attested"), "fail": mark("still failing"),
}  # fmt: skip
FAILS = {
    "pass": mark("fails now"), "unknown": mark("found failing"), GONE: mark("new, failing"), OUTSIDE: mark("newly in scope, failing"),
    "na": mark("newly in scope, failing"), "compensated": mark("no longer compensated"), "attested": mark("no longer attested"),
}  # fmt: skip
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


def what(before: str, now: str) -> str:
    """Name what became of a verdict."""
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


def balances(
    matrix: Mapping[tuple[str, str], int], changes: Iterable[Change], then: str
) -> tuple[shape.Balance, ...]:
    """Add up what became of the failures of then, and where those of now come from."""
    old: Counter[str] = Counter()
    new: Counter[str] = Counter()
    for (before, now), n in matrix.items():
        if before == "fail":
            old[what(before, now)] += n
        if now == "fail":
            new[what(before, now)] += n
    means = {name: say(text) for name, text in _MEANS.items()} | {"still failing": _still(changes)}
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


def _still(changes: Iterable[Change]) -> str:
    """Say since when what still fails has failed, and how much of it is waived."""
    still = [c for c in changes if (c.before, c.now) == ("fail", "fail")]
    since = Counter(c.failing_since for c in still if c.failing_since)
    waived = sum(bool(c.waived_until) for c in still)
    said = ", ".join(
        say("{n} since {day} or before", n=number(n), day=day(at))
        for at, n in sorted(since.items())
    )
    rest = say("; {n} of them waived", n=number(waived)) if waived else ""
    return say("in every compared run: {since}", since=said) + rest

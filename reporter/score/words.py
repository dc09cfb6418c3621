"""What hangs on words, as counted results. In: tallies, what proves compensations, whose risk tier
is only declared. Out: a `Model` of it, also as it would be were some tiers false.

A tier that is false is taken for the highest: all results on that actor weigh as on tier 4 then.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import combinations_with_replacement

from reporter.model.assessment import Check, Policy
from reporter.model.scores import FalseTier, Least, PracticeScore, Status, Tally, TierWord
from reporter.score.scorer import CAP_TIER, credits_of
from reporter.score.state import Kind

TOP_TIER = 4
NAMED = 10
"""Actors of a group who are named; more than so many of one group are not tried together."""
Counts = Mapping[str, Counter[Kind]]
"""By check, its results by kind, or how many of a kind are otherwise."""
WORDS = (Status.DECLARED, Status.COMPENSATED)
"""Results that count because somebody says so; each falls where that is false."""
NOTHING: Counter[Kind] = Counter()


@dataclass(frozen=True, slots=True)
class Compensated:
    """A compensated result. It falls once a word in each of the groups is false."""

    check: str
    kind: Kind
    groups: tuple[frozenset[str], ...]
    """A group for each statement that covers it: the statement, and the declared results that
    prove it.
    """
    name: str = ""
    """As the names of `Tiered`."""


@dataclass(frozen=True, slots=True)
class Support:
    """What compensated results rest on."""

    compensated: tuple[Compensated, ...] = ()
    declared: Mapping[str, tuple[str, Kind]] = field(default_factory=dict)
    """Word -> the result that it is; a word that is missing here is a statement."""


@dataclass(frozen=True)
class Tiered:
    """Actors whose risk tier is only declared, and who have the same results."""

    words: tuple[TierWord, ...]
    """Of them all, or the first NAMED."""
    n: int
    results: Mapping[str, Counter[Kind]]
    """By check, those that would have the highest tier; of each actor."""
    names: frozenset[str] = frozenset()
    """Those of them that are compensated, or prove a compensation; an actor who has some stands
    alone.
    """
    shared: bool = False
    """Some of them belong to others too whose tier is only declared."""

    @cached_property
    def keys(self) -> dict[str, frozenset[tuple[Kind, int]]]:
        """By check, what is equal where the results are."""
        return {check: frozenset(kinds.items()) for check, kinds in self.results.items()}


@dataclass(frozen=True, slots=True)
class Model:
    """What the results of practices are scored by."""

    checks: Mapping[str, Check]
    counts: Counts
    policy: Policy
    support: Support = Support()
    tiered: tuple[Tiered, ...] = ()


def counts_of(tallies: Iterable[Tally]) -> dict[str, Counter[Kind]]:
    """Return results by check and kind."""
    counts: dict[str, Counter[Kind]] = defaultdict(Counter)
    for t in tallies:
        counts[t.check][t.status, t.tier_lo, t.tier_hi] += t.n
    return counts


def moved(counts: Counter[Kind], changed: Counter[Kind], to: Status) -> Counter[Kind]:
    """Return the results of a check once some of a kind have another status."""
    after = Counter(counts)
    for kind, n in changed.items():
        after[kind] -= n
        after[to, kind[1], kind[2]] += n
    return after


def raised(kind: Kind) -> Kind:
    """Return the kind of a result once the tier of an actor behind it is the highest."""
    return kind[0], TOP_TIER, TOP_TIER


def with_tiers_false(model: Model, chosen: Sequence[Tiered]) -> Model:
    """Return a model in which one actor of each chosen group has the highest tier; a group may be
    chosen as often as it has actors.
    """
    counts = dict(model.counts)
    for group in chosen:
        for check, kinds in group.results.items():
            after = Counter(counts[check])
            for kind, n in kinds.items():
                after[kind] -= n
                after[raised(kind)] += n
            counts[check] = +after
    names = frozenset(name for group in chosen for name in group.names)
    return replace(model, counts=counts, support=_raised_support(model.support, names))


def _raised_support(support: Support, names: Collection[str]) -> Support:
    if not names:
        return support
    return Support(
        tuple(
            replace(c, kind=raised(c.kind)) if c.name in names else c for c in support.compensated
        ),
        {w: (c, raised(k) if w in names else k) for w, (c, k) in support.declared.items()},
    )


def grouped(model: Model, checks: Sequence[str]) -> list[Tiered]:
    """Return the groups by their results of some checks alone, without those who only pass there: a
    pass that weighs more lowers nothing, but where a sample is drawn.
    """
    sampled = any(model.checks[c].sample for c in checks if c in model.checks)
    groups: dict[tuple[object, ...], list[Tiered]] = defaultdict(list)
    for each in model.tiered:
        keys = [(c, each.keys[c]) for c in checks if c in each.keys]
        if sampled or any(kind[0] != Status.PASS for _, key in keys for kind, _ in key):
            names = each.names and frozenset(n for n in each.names if n.split(" ", 1)[0] in checks)
            groups[*keys, names, each.shared].append(each)
    found = []
    for key, alike in groups.items():
        first, words = alike[0], [word for group in alike[:NAMED] for word in group.words]
        results = {c: first.results[c] for c in checks if c in first.results}
        n = sum(group.n for group in alike)
        found.append(Tiered(tuple(words[:NAMED]), n, results, frozenset(key[-2]), first.shared))  # type: ignore[call-overload]
    return found


def chosen_of(groups: Sequence[Tiered], size: int) -> Iterator[tuple[Tiered, ...]]:
    """Yield each choice of so many actors, by their groups."""
    for chosen in combinations_with_replacement(range(len(groups)), size):
        if all(n <= groups[at].n for at, n in Counter(chosen).items()):
            yield tuple(groups[at] for at in chosen)


def words_of(practice: PracticeScore, model: Model) -> int:
    """Count the words of a practice: its declared results, and the statements on the others."""
    checks = {check for check, _ in practice.weights}
    alone = sum(n for c in checks for k, n in model.counts[c].items() if k[0] in WORDS)
    groups = [c.groups for c in model.support.compensated if c.check in checks]
    return alone + sum(len(g) - 1 for g in groups)


@dataclass(frozen=True, slots=True)
class Reach:
    """What false tiers do to a practice at the most."""

    steps: Sequence[Fraction]
    """By group: how far the tier of one actor moves it, without a cap."""
    caps: Sequence[int]
    """By group: 2 where it caps it by itself, 1 where only with results that fail, else 0."""
    falls: Mapping[tuple[str, Kind], Fraction]
    """By check and kind: how far a result of such an actor moves it that fails."""


def reach_of(weights: Sequence[tuple[str, int]], model: Model, groups: Sequence[Tiered]) -> Reach:
    """Return how far tiers move a practice of some checks."""
    policy, total = model.policy, sum(weight for _, weight in weights)
    high = {(c, k) for g in groups for c, kinds in g.results.items() for k in kinds}
    steps, caps = [Fraction(0)] * len(groups), [0] * len(groups)
    far: dict[tuple[str, Kind], Fraction] = {}
    for check, weight in weights:
        rule, share = model.checks.get(check), Fraction(weight, total)
        known: dict[frozenset[tuple[Kind, int]], tuple[Fraction, int]] = {}
        sampled = rule is not None and bool(rule.sample)
        falls, rises = _steps_to_top(model.counts[check], policy, sampled)
        far |= {(check, kind): share * step for kind, step in falls.items()}
        is_critical = rule is not None and rule.severity == "critical"
        for at, group in enumerate(groups):
            if key := group.keys.get(check):
                if key not in known:
                    step = share * min(1, sum(n * rises[kind] for kind, n in key))
                    known[key] = step, max(_may_cap(k, policy) for k, _ in key) * is_critical
                steps[at] += known[key][0]
                caps[at] = max(caps[at], known[key][1])
    return Reach(steps, caps, {result: step for result, step in far.items() if result in high})


def _may_cap(kind: Kind, policy: Policy) -> int:
    if kind[2] >= CAP_TIER:
        return 0
    return 2 if not credits_of(policy)[kind[0]] else int(kind[0] in WORDS)


def _steps_to_top(
    counts: Counter[Kind], policy: Policy, sampled: bool
) -> tuple[dict[Kind, Fraction], dict[Kind, Fraction]]:
    """Return how far one result of each kind moves the score of its check at the most if it fails
    with the highest tier, and if it gets that tier.
    """
    credits, top = credits_of(policy), policy.tier_weights[TOP_TIER - 1]
    weights = {k: policy.tier_weights[k[1] - 1 : k[2]] for k, n in counts.items() if n}
    least = sum(counts[k] * min(w) for k, w in weights.items() if k[0] != Status.NA)
    is_even = not sampled and all(k[1] == k[2] for k in weights if k[0] != Status.NA)
    falls, rises = {}, {}
    for kind, possible in weights.items():
        if kind[0] == Status.NA:
            continue
        far = Fraction(1) if sampled else (top - min(possible) * (1 - credits[kind[0]])) / least
        falls[kind] = top * credits[kind[0]] / least if is_even else far
        rises[kind] = (top - min(possible)) * (1 - credits[kind[0]]) / least if is_even else far
    return falls, rises


# what was found


@dataclass(frozen=True, slots=True)
class Found:
    at_least: int
    at_most: int
    picks: Counts
    """The results to look at, `at_most` of them at the most."""
    fallen: Counts
    """All results that are otherwise then."""
    tiers: tuple[Tiered, ...] = ()
    """Groups of which the tier of an actor is false; results have the tiers that follow."""


def as_words(found: Found, at_least: int, after: str, model: Model) -> Least:
    """Return what was found; results of whom a tier is false stand with that tier."""
    picks = {check: Counter(kinds) for check, kinds in found.picks.items()}
    used, tiers = Counter[int](), []
    for group in found.tiers:
        results = []
        for check, kind in ((c, k) for c, kinds in sorted(group.results.items()) for k in kinds):
            high, left = raised(kind), picks.get(check, NOTHING)
            n = min(group.results[check][kind], left[high] - model.counts[check][high])
            if n > 0 and kind[0] in WORDS:
                left[high] -= n
                results.append(Tally(check, *kind, n))
        tiers.append(FalseTier(group.words[used[id(group)]], tuple(results)))
        used[id(group)] += 1
    plain = as_least(replace(found, picks=picks, at_least=at_least), after)
    return replace(plain, tiers=tuple(tiers))


def as_least(found: Found, after: str) -> Least:
    """Return what was found as the results to look at, the highest tiers first."""
    results = tuple(
        Tally(check, *kind, n)
        for check, kinds in sorted(found.picks.items())
        for kind, n in sorted(kinds.items(), key=lambda entry: (-entry[0][2], entry[0]))
        if n
    )
    return Least(found.at_least, found.at_most, after, results)


def smaller(best: Found | None, found: Found) -> Found:
    """Return what takes fewer, and as its lower end that of both."""
    if best is None:
        return found
    less = min(best, found, key=lambda each: each.at_most)
    return replace(less, at_least=min(best.at_least, found.at_least))

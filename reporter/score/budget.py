"""What hangs on single results. In: scored practices, counted results, what proves compensations.
Out: the fewest results that change a rating, and the fewest words that, false, lower a level.

A result weighs the same beside any others where tiers are known and no sample is drawn: then the
heaviest first is exact. Elsewhere its weight is bounded, and the number may be a range.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from heapq import heapify, heappop, heappush
from itertools import combinations, combinations_with_replacement, product
from math import comb, lcm

from reporter.model.assessment import Policy
from reporter.model.scores import (
    Budget,
    ControlScore,
    FlipSet,
    Least,
    PracticeScore,
    Status,
)
from reporter.score.levels import asked, hindered
from reporter.score.scorer import CAP_TIER, capped, credits_of, mean, rating, score_check
from reporter.score.state import Kind, tallied
from reporter.score.words import (
    NOTHING,
    TOP_TIER,
    WORDS,
    Counts,
    Found,
    Model,
    Reach,
    Tiered,
    as_least,
    as_words,
    chosen_of,
    grouped,
    moved,
    reach_of,
    smaller,
    with_tiers_false,
    words_of,
)

EXACT_WORDS = 10
"""Words that carry several results, up to which every choice of them is tried."""
GREEDY_WORDS = 40
"""Such words up to which they are added one by one."""
TIER_TRIES = 20
"""Sets of false tiers beside which the other words are looked for, in each practice."""
EXACT_TRIES = 500
"""Sets of results that are scored one by one where their weights are only bounded."""
RATINGS = "NPLF"
_Left = Callable[[str, Kind, int], int]
"""(check, kind, how many there are) -> how many of them may become otherwise."""
_NONE: Counts = {}
_ZERO = Fraction(0)


def flip_set(framework: str, control: ControlScore, model: Model) -> FlipSet:
    """Return the fewest results of an assessed control that change its rating either way."""
    edges, place = model.policy.rating_edges, RATINGS.index(control.rating_lo)
    return FlipSet(
        framework,
        control.id,
        _flips(control, model, Status.FAIL, edges[place - 1]) if place else None,
        _flips(control, model, Status.PASS, edges[place]) if place < len(edges) else None,
    )


def _flips(control: ControlScore, model: Model, to: Status, edge: Fraction) -> Least | None:
    practices = [_practice(p, model, to, _all) for p in control.practices]
    found = _least(practices, edge)
    if found is None:
        return None
    return as_least(found, rating(_value(practices, found.picks), model.policy))


def budget(
    framework: str, theme: str, level: int, themes: Sequence[ControlScore], model: Model
) -> Budget:
    """Return how many words would have to be false for a reached level to fall."""
    practices = [practice for _, practice in asked(themes, level)] if level else []
    words = sum(words_of(practice, model) for practice in practices)
    checks = {check for practice in practices for check, _ in practice.weights}
    words += sum(g.n for g in model.tiered if not checks.isdisjoint(g.results))
    cases = [_forged(p, level, model, ()) for p in practices]
    untried: list[int] = []
    for at, practice in enumerate(practices):
        enough = min((found.at_most for found in cases if found), default=None)
        cases[at], floor = _with_tiers(practice, level, model, cases[at], enough)
        untried += [] if floor is None else [floor]
    found_in = [(found, p) for found, p in zip(cases, practices, strict=True) if found]
    if not found_in:
        return Budget(framework, theme, level, words, None, not untried)
    best, practice = min(found_in, key=lambda case: (case[0].at_most, case[0].at_least))
    at_least = min(best.at_most, *untried, *(found.at_least for found, _ in found_in))
    fallen_in = practices if best.tiers else [practice]
    case = with_tiers_false(model, best.tiers)
    values = [(p, _practice(p, case, Status.FAIL, _all).value(best.fallen)) for p in fallen_in]
    after = min(level, *(hindered(p.level, value, model.policy) for p, value in values)) - 1
    return Budget(framework, theme, level, words, as_words(best, at_least, str(after), model))


# one practice


@dataclass(frozen=True, slots=True)
class _Item:
    """Results of a kind, each of which may become otherwise."""

    check: str
    kind: Kind
    n: int
    step: Fraction
    """How far one of them moves the practice at the most; exactly so far where it is even."""
    caps: bool
    """One of them caps the practice then, or caps it now."""


@dataclass(frozen=True, slots=True)
class _Practice:
    """A practice, and the results of it that may become another status."""

    score: PracticeScore
    model: Model
    to: Status
    items: tuple[_Item, ...]
    even: bool
    cache: dict[tuple[str, frozenset[tuple[Kind, int]]], tuple[Fraction, bool]]

    def value(self, changed: Counts = _NONE) -> Fraction:
        """Return its value on evidence once some results are otherwise."""
        raw, caps = self.raw(changed)
        return capped(raw, caps, self.model.policy)

    def raw(self, changed: Counts = _NONE) -> tuple[Fraction, bool]:
        """Return the same before the cap, and whether something caps it."""
        lows = [(w, *self._low(c, changed.get(c, NOTHING))) for c, w in self.score.weights]
        return mean((w, lo) for w, lo, _ in lows), any(caps for *_, caps in lows)

    def _low(self, check: str, changed: Counter[Kind]) -> tuple[Fraction, bool]:
        key = check, frozenset(changed.items())
        if key not in self.cache:
            counts = moved(self.model.counts[check], changed, self.to)
            rule = self.model.checks.get(check)  # the question of a control is none
            critical, sampled = (rule.severity == "critical", bool(rule.sample)) if rule else _ASK
            score = score_check(check, critical, tallied(check, counts), self.model.policy, sampled)
            self.cache[key] = score.lo, score.caps_lo
        return self.cache[key]


_ASK = False, False
"""Its question is neither critical nor a sample."""


def _all(check: str, kind: Kind, n: int) -> int:
    return n


def _practice(score: PracticeScore, model: Model, to: Status, left: _Left) -> _Practice:
    """Return a practice; `left` tells how many results of a kind may become otherwise."""
    items, even = [], True
    total = sum(w for _, w in score.weights)
    for check, weight in score.weights:
        counts = model.counts[check]
        rule = model.checks.get(check)
        critical, sampled = (rule.severity == "critical", bool(rule.sample)) if rule else _ASK
        is_even = not sampled and all(lo == hi for s, lo, hi in counts if s != Status.NA)
        even = even and is_even
        for kind, step in _steps(counts, model.policy, to, sampled).items():
            if n := left(check, kind, counts[kind]):
                caps = critical and kind[2] >= CAP_TIER and _caps(kind[0], to, model.policy)
                items.append(_Item(check, kind, n, step * weight / total, caps))
    return _Practice(score, model, to, tuple(items), even, {})


def _caps(status: Status, to: Status, policy: Policy) -> bool:
    return to == Status.FAIL or not credits_of(policy)[status]


def _steps(
    counts: Counter[Kind], policy: Policy, to: Status, sampled: bool
) -> dict[Kind, Fraction]:
    """Return how far one result of each kind that may move moves the score of its check at most."""
    credits = credits_of(policy)
    weights = {k: policy.tier_weights[k[1] - 1 : k[2]] for k, n in counts.items() if n}
    least = sum(n * min(weights[k]) for k, n in counts.items() if n and k[0] != Status.NA)
    steps = {}
    for kind, possible in weights.items():
        credit, light, heavy = credits[kind[0]], min(possible), max(possible)
        if kind[0] == Status.NA or credit == credits[to]:
            continue
        # From N/D to N'/D' with D' >= least: a result that becomes fail may also grow heavier.
        far = heavy * (1 - credit) if to == Status.PASS else heavy - light * (1 - credit)
        steps[kind] = Fraction(1) if sampled else Fraction(far) / least
    return steps


# the search


@dataclass(frozen=True, slots=True)
class _Mode:
    """A way in which a practice may be changed: what it costs at once, and what each result adds
    then, so that the heaviest first is best.
    """

    start: Fraction
    items: tuple[_Item, ...] = ()
    forced: tuple[tuple[_Item, int], ...] = ()
    room: Fraction | None = None
    """What it can move at the most."""


def _modes(practice: _Practice) -> list[_Mode]:
    """Return the ways to change a practice; together they reach what any set of results does."""
    cap, items = practice.model.policy.critical_cap, practice.items
    raw, caps = practice.raw()
    capping = [item for item in items if item.caps]
    if practice.to == Status.FAIL:
        if raw <= cap:
            return [_Mode(raw, items)]
        if caps:
            return [_Mode(cap), _Mode(raw, items)]
        heaviest = max(capping, key=lambda item: item.step, default=None)
        return [
            _Mode(raw, items),
            *([_Mode(cap, (), ((heaviest, 1),))] if heaviest else []),
        ]
    if not caps:
        return [_Mode(raw, items)]
    held = _Mode(cap) if raw >= cap else _Mode(raw, items, room=cap - raw)
    forced = tuple((item, item.n) for item in capping)
    lifted, still = practice.raw(_picked(forced))
    rest = tuple(item for item in items if not item.caps)
    return [held] if still else [held, _Mode(lifted, rest, forced)]


def _least(practices: Sequence[_Practice], edge: Fraction) -> Found | None:
    """Return the fewest results by which the mean of practices comes to the edge, or above it."""
    best: tuple[int, list[tuple[_Item, int]]] | None = None
    for modes in product(*map(_modes, practices)):
        found = _fewest(modes, edge * len(practices), practices[0].to == Status.PASS)
        if found and (best is None or found[0] < best[0]):
            best = found
    if best is None:
        return None
    at_least, taken = best
    picks = _picked(taken)
    if all(p.even for p in practices) or _reached(practices, picks, edge):
        return Found(at_least, at_least, picks, picks)
    return _bounded(practices, edge, at_least, taken)


def _fewest(
    modes: Sequence[_Mode], goal: Fraction, rising: bool
) -> tuple[int, list[tuple[_Item, int]]] | None:
    """Return the fewest results by which the sum of practices comes to a goal, the heaviest first;
    None where all do not suffice.
    """
    items = [(item, at) for at, mode in enumerate(modes) for item in mode.items]
    # In whole numbers: fractions take ten times as long.
    scale = lcm(
        goal.denominator,
        *(m.start.denominator for m in modes),
        *(item.step.denominator for item, _ in items),
        *(m.room.denominator for m in modes if m.room is not None),
    )
    gap = int(scale * (sum((m.start for m in modes), _ZERO) - goal)) * (-1 if rising else 1)
    rooms = [None if m.room is None else int(m.room * scale) for m in modes]
    taken = [pair for mode in modes for pair in mode.forced]
    heap = [(-int(i.step * scale), at, nth, i.n) for nth, (i, at) in enumerate(items)]
    heapify(heap)
    while gap > 0 or (rising and gap == 0):
        if not heap:
            return None
        negative, at, nth, n = heappop(heap)
        step, room = -negative, rooms[at]
        if not step or room == 0:
            continue
        if room is not None and room < step:
            heappush(heap, (-room, at, nth, 1))
            continue
        units = min(n, gap // step + 1 if rising else -(-gap // step))
        if room is not None:
            units = min(units, room // step)
            rooms[at] = room - units * step
        if units < n:
            heappush(heap, (negative, at, nth, n - units))
        gap -= units * step
        taken.append((items[nth][0], units))
    return sum(n for _, n in taken), taken


def _picked(taken: Iterable[tuple[_Item, int]]) -> dict[str, Counter[Kind]]:
    picks: dict[str, Counter[Kind]] = defaultdict(Counter)
    for item, n in taken:
        picks[item.check][item.kind] += n
    return picks


def _value(practices: Sequence[_Practice], picks: Counts) -> Fraction:
    return mean((1, practice.value(picks)) for practice in practices)


def _reached(practices: Sequence[_Practice], picks: Counts, edge: Fraction) -> bool:
    value = _value(practices, picks)
    return value > edge if practices[0].to == Status.PASS else value <= edge


def _bounded(
    practices: Sequence[_Practice],
    edge: Fraction,
    at_least: int,
    taken: Sequence[tuple[_Item, int]],
) -> Found | None:
    """Narrow the number where weights are only bounded: more of the heaviest until it is enough,
    then every smaller set where they are few.
    """
    order = list(taken)
    used = Counter[tuple[str, Kind]]()
    for item, n in taken:
        used[item.check, item.kind] += n
    items = [item for practice in practices for item in practice.items]
    for item in sorted(items, key=lambda i: (-i.step, i.check, i.kind)):
        if left := item.n - used[item.check, item.kind]:
            order.append((item, left))
    most = sum(n for _, n in order)
    if not _reached(practices, _picked(order), edge):
        return None
    low, high = at_least, most
    while low < high:
        middle = (low + high) // 2
        if _reached(practices, _picked(_first(order, middle)), edge):
            high = middle
        else:
            low = middle + 1
    picks = _picked(_first(order, high))
    for size in range(at_least, high):
        if comb(len(items) + size - 1, size) > EXACT_TRIES:
            return Found(size, high, picks, picks)
        for chosen in combinations_with_replacement(items, size):
            smaller = _picked((item, 1) for item in chosen)
            if _fits(items, smaller) and _reached(practices, smaller, edge):
                return Found(size, size, smaller, smaller)
    return Found(high, high, picks, picks)


def _first(order: Iterable[tuple[_Item, int]], number: int) -> Iterable[tuple[_Item, int]]:
    """Yield the first results of an order."""
    for item, n in order:
        if number <= 0:
            return
        yield item, min(n, number)
        number -= n


def _fits(items: Iterable[_Item], picks: Counts) -> bool:
    return all(picks[i.check][i.kind] <= i.n for i in items if i.check in picks)


# words


def _edge(practice: PracticeScore, level: int, policy: Policy) -> Fraction:
    """Return the value at which a practice stands in the way of a level."""
    return policy.rating_edges[2 if practice.level < level else 1]


def _forged(
    practice: PracticeScore, level: int, model: Model, tiers: Sequence[Tiered]
) -> Found | None:
    """Return the fewest words that, false, let a practice stand in the way of a level, beside
    tiers that are false; None where all of them do not suffice.
    """
    model = with_tiers_false(model, tiers)
    case = _Words(practice, model, _edge(practice, level, model.policy))
    best: Found | None = None
    if len(case.several) > EXACT_WORDS:
        best = case.bounded()
    else:
        for size in range(len(case.several) + 1):
            if best and size >= best.at_most:
                break
            for chosen in combinations(case.several, size):
                if found := case.with_false(frozenset(chosen)):
                    best = smaller(best, found)
    n = len(tiers)
    return best and replace(
        best, at_least=best.at_least + n, at_most=best.at_most + n, tiers=tuple(tiers)
    )


def _with_tiers(
    practice: PracticeScore, level: int, model: Model, best: Found | None, enough: int | None
) -> tuple[Found | None, int | None]:
    """Return the same where tiers may be false too, and how many words it takes at least with
    tiers that were not tried, None if that is ruled out. More than `enough` need not be tried.
    """
    edge = _edge(practice, level, model.policy)
    groups = grouped(model, [check for check, _ in practice.weights])
    if not groups or enough == 1:
        return best, None
    reach, case = reach_of(practice.weights, model, groups), _Words(practice, model, edge)
    floor, raw = (
        case.least_by_weight(reach, groups),
        _practice(practice, model, Status.FAIL, _all).raw()[0],
    )
    order = sorted(range(len(groups)), key=lambda n: (-reach.caps[n], -reach.steps[n], n))
    alone = [groups[n] for n in order if reach.caps[n] == 2 or raw - reach.steps[n] <= edge]
    groups, may_cap = [groups[n] for n in order], any(reach.caps)
    for group in alone:
        after = with_tiers_false(model, [group])
        if _practice(practice, after, Status.FAIL, _all).value() <= edge:
            return Found(1, 1, {}, {}, (group,)), None
    tries = max(TIER_TRIES // case.cost, min(TIER_TRIES, 8))
    for size in range(1, sum(g.n for g in groups) + 1):
        most = min((n for n in (enough, best and best.at_most) if n), default=None)
        by_weight = floor is not None and (most is None or floor < most)
        is_capped = size == 1 and may_cap
        if (most is not None and most <= size) or not (by_weight or is_capped):
            break
        untried = max(size, 2, 2 if is_capped or floor is None else floor)
        if size > 1 and any(g.shared for g in groups):
            return best, untried
        for chosen in chosen_of(groups, size):
            if not tries:
                return best, untried
            tries -= 1
            if found := _forged(practice, level, model, chosen):
                best = smaller(best, found)
    return best, None


class _Words:
    """The words of a practice: those that carry one result each, and those that carry several."""

    def __init__(self, practice: PracticeScore, model: Model, edge: Fraction) -> None:
        self._practice, self._model, self._edge = practice, model, edge
        checks = {check for check, _ in practice.weights}
        self._compensated = [c for c in model.support.compensated if c.check in checks]
        carried = Counter(w for c in self._compensated for g in c.groups for w in g)
        self._declared = {w: r for w, r in model.support.declared.items() if w in carried}
        own = {w for w, (check, _) in self._declared.items() if check in checks}
        # A word that carries one result does no more than the statement on it.
        several = {w for w in self._declared if carried[w] + (w in own) > 1}
        several |= {w for c in self._compensated if c.groups[1:] for g in c.groups for w in g}
        self.several = tuple(sorted(several))
        self.cost = min(2 ** len(several), GREEDY_WORDS * max(1, len(several)))
        """How many choices of them are tried at the most."""
        self._own = own & several

    def with_false(self, words: frozenset[str]) -> Found | None:
        """Return the fewest words beside some that are false already, or None if all others do not
        suffice.
        """
        fallen = self._fall(words)
        model = replace(self._model, counts=self._after(fallen))
        kept = self._kept(words)
        practice = _practice(self._practice, model, Status.FAIL, kept)
        found = Found(0, 0, {}, {})
        if practice.value() > self._edge:
            more = _least([practice], self._edge)
            if more is None:
                return None
            found = more
        n = len(words)
        shown = self._shown(words, fallen)
        return Found(
            found.at_least + n,
            found.at_most + n,
            _sum(found.picks, shown),
            _sum(found.picks, fallen),
        )

    def bounded(self) -> Found | None:
        """Return bounds: word after word while that makes the number smaller; and as if each word
        did all that it takes part in.
        """
        chosen, best = frozenset[str](), self.with_false(frozenset())
        is_few = len(self.several) <= GREEDY_WORDS
        while is_few:
            options = [chosen | {w} for w in self.several if w not in chosen]
            tried = [(f, o) for o in options if (f := self.with_false(o))]
            better = min(tried, key=lambda pair: pair[0].at_most, default=None)
            if better is None or (best and better[0].at_most >= best.at_most):
                break
            best, chosen = better
        every = best or self.with_false(frozenset(self.several))
        return every and replace(every, at_least=min(every.at_most, self._floor()))

    def _floor(self) -> int:
        """Return how many words it takes at least."""
        practice = _practice(self._practice, self._model, Status.FAIL, _all)
        modes = _modes(replace(practice, items=self._as_items(practice.items)))
        counts = [found[0] for m in modes if (found := _fewest([m], self._edge, False))]
        return min(counts, default=1)

    def _as_items(self, items: Sequence[_Item]) -> tuple[_Item, ...]:
        """Return words as items, as if each that carries several results did all of it alone."""
        left = self._kept(frozenset())
        by_result = {(i.check, i.kind): i for i in items}
        words = [replace(i, n=n) for i in items if (n := left(i.check, i.kind, i.n))]
        for word in self.several:
            touched = [
                by_result[c.check, c.kind]
                for c in self._compensated
                if any(word in group for group in c.groups)
            ]
            touched += [by_result[self._declared[word]]] if word in self._own else []
            step = sum((i.step for i in touched), _ZERO)
            words.append(replace(touched[0], n=1, step=step, caps=any(i.caps for i in touched)))
        return tuple(words)

    def least_by_weight(self, reach: Reach, groups: Sequence[Tiered]) -> int | None:
        """Return how many words it takes at least, without a cap, where tiers are false too; None
        where all do not suffice.
        """
        practice = _practice(self._practice, self._model, Status.FAIL, _all)
        far = [reach.falls.get((i.check, i.kind), _ZERO) for i in practice.items]
        items = self._as_items(
            [replace(i, step=max(i.step, f)) for i, f in zip(practice.items, far, strict=True)]
        )
        none = Status.NA, TOP_TIER, TOP_TIER
        tiers = (_Item("", none, g.n, s, False) for g, s in zip(groups, reach.steps, strict=True))
        found = _fewest([_Mode(practice.raw()[0], (*items, *tiers))], self._edge, False)
        return found and found[0]

    def _fall(self, words: frozenset[str]) -> dict[str, Counter[Kind]]:
        """Return the results that fall with words that are false."""
        fallen: dict[str, Counter[Kind]] = defaultdict(Counter)
        for word in words & self._own:
            check, kind = self._declared[word]
            fallen[check][kind] += 1
        for c in self._compensated:
            if all(words & group for group in c.groups):
                fallen[c.check][c.kind] += 1
        return fallen

    def _after(self, fallen: Counts) -> dict[str, Counter[Kind]]:
        counts = self._model.counts
        own_checks = [check for check, _ in self._practice.weights]
        return {c: moved(counts[c], fallen.get(c, NOTHING), Status.FAIL) for c in own_checks}

    def _kept(self, words: frozenset[str]) -> _Left:
        """Return how many results of a kind a word of their own carries that may still be false."""
        aside: Counter[tuple[str, Kind]] = Counter(self._declared[w] for w in self._own - words)
        for c in self._compensated:
            if c.groups[1:] and not all(words & group for group in c.groups):
                aside[c.check, c.kind] += 1

        def left(check: str, kind: Kind, n: int) -> int:
            return n - aside[check, kind] if kind[0] in WORDS else 0

        return left

    def _shown(self, words: frozenset[str], fallen: Counts) -> dict[str, Counter[Kind]]:
        """Return what to look at: a declared result itself, for a statement a result on it."""
        shown: dict[str, Counter[Kind]] = defaultdict(Counter)
        for word in sorted(words):
            if word in self._declared:
                check, kind = self._declared[word]
                shown[check][kind] += 1
        statements = words - {*self._declared}
        for c in self._compensated:
            if any(statements & group for group in c.groups):
                shown[c.check][c.kind] += 1
        return shown


def _sum(first: Counts, second: Counts) -> dict[str, Counter[Kind]]:
    empty: Counter[Kind] = Counter()
    return {c: first.get(c, empty) + second.get(c, empty) for c in {*first, *second}}

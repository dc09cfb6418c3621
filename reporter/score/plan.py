"""What to do first? In: checks, themes, tallies and actions, as plain data. Out: a `Roadmap` with exact gains.

Greedy by gain per effort (3.11 of the scoring method). Each gain is what the evidenced enterprise score of `score` would
gain. A theme's score is the mean of its practices and the enterprise the mean of the themes, so that only the practices
that an action touches are scored anew; the steps add up exactly.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from reporter.model import Check, Policy, Theme
from reporter.planned import IMPLEMENT, Action, Pick, Roadmap
from reporter.score.scorer import (
    Caps,
    capped,
    group_level,
    level_of,
    mean,
    rating,
    score_check,
)
from reporter.scores import CheckScore, Status, Tally

RANKED = 300
"""So many picks are chosen by comparing all that are left anew; behind them nobody plans."""
FIRST = 5
Kind = tuple[Status, int, int]
"""(status, tier lo, tier hi): what a cell counts by."""
Moved = tuple[tuple[Kind, int], ...]
"""How many cells of a kind become pass."""
Change = Mapping[str, Moved]
"""By check."""
Worth = tuple[Fraction, Fraction, Fraction]
"""What the order goes by: -gain per day, -gain, effort."""
Practice = tuple[str, int]
"""(theme, level)"""
_Key = tuple[tuple[str, Moved], ...]
"""A change as items."""
_Entry = tuple[tuple[bool, Worth, str], int, Action]
"""Place in the order, turn in which it was put, and what is put."""
_ZERO = Fraction(0)


def plan_actions(
    checks: Iterable[Check],
    themes: Iterable[Theme],
    tallies: Iterable[Tally],
    actions: Iterable[Action],
    policy: Policy,
    caps: Caps = (),
) -> Roadmap:
    """Order actions by what each adds to the evidenced enterprise score for its effort, the urgent ones first, none before those that it waits for.

    All is scored anew after every pick. Ties: the larger gain, then the smaller effort, then the id.
    """
    checks, themes, tallies = tuple(checks), tuple(themes), tuple(tallies)
    ceiling = min((most for most, _ in caps), default=5)
    state = _State(checks, themes, tallies, policy, ceiling)
    start, level = state.total, state.level()
    by_id = {a.id: a for a in actions}
    changes = {name: change_of(a) for name, a in by_id.items()}
    picks, ranked = _picks(state, by_id, changes)
    mended = [p.action for p in picks if p.action.kind == IMPLEMENT][:FIRST]
    alone = _State(checks, themes, tallies, policy, ceiling)
    for action in mended:
        alone.apply(changes[action.id])
    return Roadmap(
        start, level, tuple(picks), ceiling, tuple(a.id for a in mended), alone.total, alone.level(), ranked
    )  # fmt: skip


def first_in_lanes(
    checks: Iterable[Check],
    themes: Iterable[Theme],
    tallies: Iterable[Tally],
    actions: Iterable[Action],
    policy: Policy,
    most: int,
) -> tuple[tuple[str, ...], ...]:
    """Return the ids of the first picks of the act-now lane, and of the ranking once that lane is done."""
    state = _State(tuple(checks), tuple(themes), tallies, policy, ceiling=0)
    lanes: list[tuple[str, ...]] = []
    for urgent in (True, False):
        lane = {a.id: a for a in actions if a.urgent == urgent}
        changes = {name: change_of(a) for name, a in lane.items()}
        lanes.append(tuple(p.action.id for p in _picks(state, lane, changes, most)[0]))
        state.apply(_together(c for name, c in changes.items() if name not in lanes[-1]))
    return tuple(lanes)


def _together(changes: Iterable[Change]) -> Change:
    """Return several changes as one."""
    found: dict[str, Counter[Kind]] = defaultdict(Counter)
    for change in changes:
        for check, moved in change.items():
            found[check].update(dict(moved))
    return {check: tuple(kinds.items()) for check, kinds in sorted(found.items())}


def change_of(action: Action) -> Change:
    """Return what an action turns to pass, by check."""
    found: dict[str, list[tuple[Kind, int]]] = defaultdict(list)
    for m in sorted(action.moves):
        found[m.check].append(((m.status, m.tier_lo, m.tier_hi), m.n))
    return {check: tuple(kinds) for check, kinds in found.items()}


def after(tallies: Iterable[Tally], changes: Iterable[Change]) -> list[Tally]:
    """Return the tallies once actions are done."""
    counts: dict[str, Counter[Kind]] = defaultdict(Counter)
    for t in tallies:
        counts[t.check][t.status, t.tier_lo, t.tier_hi] += t.n
    for change in changes:
        for check, moved in change.items():
            counts[check] = _moved(counts[check], moved)
    return [t for check, kinds in sorted(counts.items()) for t in _tallies(check, kinds)]


def _moved(counts: Counter[Kind], moved: Moved) -> Counter[Kind]:
    made = Counter(counts)
    for (status, lo, hi), n in moved:
        made[status, lo, hi] -= n
        made[Status.PASS, lo, hi] += n
    return made


def _tallies(check: str, counts: Counter[Kind]) -> list[Tally]:
    return [Tally(check, status, lo, hi, n) for (status, lo, hi), n in counts.items() if n]


def _picks(
    state: _State, actions: Mapping[str, Action], changes: Mapping[str, Change], most: int | None = None
) -> tuple[list[Pick], int]:  # fmt: skip
    """Take the best action until none is left or enough are taken: from a heap whose old entries are skipped when they come up."""
    left, queue, start = _Left(state, changes), _Queue(), state.total
    for name in actions:
        queue.put(actions[name], left.gain(name))
    picks: list[Pick] = []
    while len(picks) != most and (action := queue.take()) is not None:
        gain, uncapped = left.gain_now(action.id)
        touched = state.apply(changes[action.id])
        total = (picks[-1].total if picks else start) + gain
        picks.append(Pick(action, gain, uncapped, total, state.level()))
        left.drop(action.id)
        if len(picks) < RANKED:
            for name in left.refresh(touched):
                queue.put(actions[name], left.gain(name))
    return picks, min(len(picks), RANKED)


class _Queue:
    """Actions by what they bring, the best first; for one that waits for others, the best of these."""

    def __init__(self) -> None:
        self._heap: list[_Entry] = []
        self._ahead: dict[tuple[str, bool], list[_Entry]] = defaultdict(list)
        self._worth: dict[tuple[Fraction, Fraction], Worth] = {}
        self._now: dict[str, int] = {}

    def put(self, action: Action, gain: Fraction) -> None:
        """Add an action, or move it to the place that its gain now gives it."""
        self._now[action.id] = turn = self._now.get(action.id, 0) + 1
        # What is worth the same is one object: comparing it with itself takes no arithmetic.
        pair = gain, action.effort
        worth = self._worth.get(pair) or self._worth.setdefault(
            pair, (-gain / action.effort, -gain, action.effort)
        )
        entry = (not action.urgent, worth, action.id), turn, action
        heapq.heappush(self._heap, entry)
        if action.ahead_of:
            heapq.heappush(self._ahead[action.ahead_of, action.urgent], entry)

    def take(self) -> Action | None:
        """Remove and return the best action; None when none is left."""
        entry = self._pop(self._heap)
        if not entry:
            return None
        if first := self._pop(self._ahead[entry[-1].behind, entry[-1].urgent]):
            heapq.heappush(self._heap, entry)
            entry = first
        del self._now[entry[-1].id]
        return entry[-1]

    def _pop(self, heap: list[_Entry]) -> _Entry | None:
        while heap:
            entry = heapq.heappop(heap)
            if self._now.get(entry[-1].id) == entry[1]:
                return entry
        return None


class _Left:
    """The actions not yet taken, and what each would add through each practice that it touches.

    Hundreds of agents may lack the same thing: actions that change a practice alike are kept, and scored, as one.
    """

    def __init__(self, state: _State, changes: Mapping[str, Change]) -> None:
        self.state, self.open = state, dict(changes)
        self._alike: dict[Practice, dict[_Key, dict[str, None]]] = defaultdict(dict)
        self._adds: dict[tuple[Practice, _Key], Fraction] = {}
        self._gains = dict.fromkeys(changes, _ZERO)
        for name, change in changes.items():
            for practice in state.touched(change):
                key = state.within(practice, change)
                self._alike[practice].setdefault(key, {})[name] = None
        self.refresh(self._alike)

    def gain(self, name: str) -> Fraction:
        """What the total gains by an action, as last refreshed."""
        return self._gains[name]

    def gain_now(self, name: str) -> tuple[Fraction, Fraction]:
        """The same scored anew, with and without caps."""
        state, change = self.state, self.open[name]
        adds = [state.adds(p, dict(state.within(p, change))) for p in state.touched(change)]
        return sum((a for a, _ in adds), _ZERO), sum((a for _, a in adds), _ZERO)

    def drop(self, name: str) -> None:
        """Forget an action that is done."""
        change = self.open.pop(name)
        for practice in self.state.touched(change):
            alike, key = self._alike[practice], self.state.within(practice, change)
            del alike[key][name]
            if not alike[key]:
                del alike[key]

    def refresh(self, practices: Iterable[Practice]) -> list[str]:
        """Score what is left anew through some practices; return the actions that now gain something else."""
        changed: dict[str, None] = {}
        for practice in practices:
            for key, names in self._alike[practice].items():
                old = self._adds.get((practice, key), _ZERO)
                new, _ = self.state.adds(practice, dict(key))
                if new == old:
                    continue
                self._adds[practice, key] = new
                for name in names:
                    self._gains[name] += new - old
                changed |= names
        return list(changed)


class _State:
    """Every practice of the enterprise as scored now, in lo."""

    def __init__(
        self, checks: Sequence[Check], themes: Sequence[Theme], tallies: Iterable[Tally], policy: Policy, ceiling: int
    ) -> None:  # fmt: skip
        self.policy, self.ceiling = policy, ceiling
        self.critical = {c.id: c.severity == "critical" for c in checks}
        self.sampled = {c.id: bool(c.sample) for c in checks}
        self.counts: dict[str, Counter[Kind]] = {c.id: Counter() for c in checks}
        for t in tallies:
            self.counts[t.check][t.status, t.tier_lo, t.tier_hi] += t.n
        self.known: dict[str, dict[Moved, CheckScore]] = {c: {} for c in self.counts}
        self.scores = {c: self._score(c, ()) for c in self.counts}
        self.practice_of: dict[str, Practice] = {}
        self.weights: dict[Practice, dict[str, int]] = defaultdict(dict)
        known = {t.id for t in themes}
        for c in checks:
            if c.theme in known and self.scores[c.id].applicable:
                self.practice_of[c.id] = practice = c.theme, c.level
                self.weights[practice][c.id] = policy.severity_weights[c.severity]
        sizes = Counter(theme for theme, _ in self.weights)
        self.share = {p: Fraction(1, sizes[p[0]] * len(sizes)) for p in self.weights}
        self.values = {p: self._value(p) for p in self.weights}
        self.levels = {theme: self._level(theme) for theme in sizes}
        self.reached: dict[tuple[int, ...], int] = {}

    @property
    def total(self) -> Fraction:
        """The evidenced score of the enterprise."""
        return sum((self.share[p] * lo for p, (lo, _) in self.values.items()), _ZERO)

    def level(self) -> int:
        """Return the level of the enterprise on evidence."""
        levels = tuple(self.levels.values())
        if levels not in self.reached:
            self.reached[levels] = group_level([(1, n) for n in levels], self.policy)
        return min(self.reached[levels], self.ceiling)

    def _level(self, theme: str) -> int:
        values = ((level, lo) for (name, level), (lo, _) in self.values.items() if name == theme)
        return level_of([(level, rating(lo, self.policy)) for level, lo in values])

    def touched(self, change: Change) -> list[Practice]:
        """Name the practices whose score a change may move."""
        return list(dict.fromkeys(self.practice_of[c] for c in change if c in self.practice_of))

    def within(self, practice: Practice, change: Change) -> _Key:
        """The part of a change that one practice sees."""
        return tuple(
            (c, moved) for c, moved in change.items() if self.practice_of.get(c) == practice
        )

    def adds(self, practice: Practice, change: Change) -> tuple[Fraction, Fraction]:
        """What the total gains through one practice, with and without the cap."""
        (lo, raw), (then, then_raw) = self.values[practice], self._changed(practice, change)
        share = self.share[practice]
        return share * (then - lo), share * (then_raw - raw)

    def apply(self, change: Change) -> list[Practice]:
        """Keep a change; return the practices that it touched."""
        for check, moved in change.items():
            self.scores[check] = now = self._score(check, moved)
            self.counts[check] = _moved(self.counts[check], moved)
            self.known[check] = {(): now}
        touched = self.touched(change)
        self.values |= {p: self._value(p) for p in touched}
        self.levels |= {theme: self._level(theme) for theme in dict.fromkeys(t for t, _ in touched)}
        return touched

    def _score(self, check: str, moved: Moved) -> CheckScore:
        known = self.known[check]
        if moved not in known:
            tallies = _tallies(check, _moved(self.counts[check], moved))
            known[moved] = score_check(
                check, self.critical[check], tallies, self.policy, self.sampled[check]
            )
        return known[moved]

    def _value(self, practice: Practice) -> tuple[Fraction, Fraction]:
        """Score a practice, with and without its cap."""
        weights = self.weights[practice]
        raw = mean((weight, self.scores[c].lo) for c, weight in weights.items())
        return self._capped(raw, (self.scores[c] for c in weights)), raw

    def _changed(self, practice: Practice, change: Change) -> tuple[Fraction, Fraction]:
        """Score a practice with a change: the mean moves by what its checks move."""
        weights, raw = self.weights[practice], self.values[practice][1]
        scores = {c: self._score(c, moved) for c, moved in change.items()}
        total = sum(weights.values())
        for c, now in scores.items():
            raw += Fraction(weights[c], total) * (now.lo - self.scores[c].lo)
        return self._capped(raw, (scores.get(c, self.scores[c]) for c in weights)), raw

    def _capped(self, raw: Fraction, scores: Iterable[CheckScore]) -> Fraction:
        return capped(raw, any(s.caps_lo for s in scores), self.policy)

"""Order of actions. In: checks, themes, tallies and actions. Out: a `Roadmap` with exact gains.

Greedy by gain per effort (3.11 of the scoring method). Each gain is what the evidenced enterprise
score of `score` would gain. `in_order` takes any tree of checks, so that `roadmap` orders the
actions of other models in the same way.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import islice

from reporter.model.assessment import Check, Policy, Theme
from reporter.model.roadmap import IMPLEMENT, Action, Pick, Roadmap
from reporter.model.scores import Tally
from reporter.score.scorer import Caps
from reporter.score.state import (
    Change,
    Key,
    Kind,
    Part,
    Practice,
    State,
    Tree,
    added,
    make_good,
    tallied,
)

RANKED = 300
"""Number of picks chosen by comparing all remaining actions again; nobody plans beyond them."""
FIRST = 5
Worth = tuple[Fraction, Fraction, Fraction]
"""Sort key of the order: -gain per day, -gain, effort."""
Completion = Callable[[str], Mapping[str, Change]]
"""Called with a finished action; returns the remaining changes of the actions that share its
results.
"""
_Entry = tuple[tuple[bool, Worth, str], int, Action]
"""Place in the order, turn of insertion, action."""
_ZERO = Fraction(0)


def plan_actions(
    checks: Iterable[Check],
    themes: Iterable[Theme],
    tallies: Iterable[Tally],
    actions: Iterable[Action],
    policy: Policy,
    caps: Caps = (),
) -> Roadmap:
    """Order actions by the gain of the evidenced enterprise score per effort. Urgent actions come
    first, and none comes before those that it waits for.

    All are scored again after every pick. Ties: the larger gain, then the smaller effort, then the
    id.
    """
    tree, tallies = _enterprise(checks, themes, policy), tuple(tallies)
    ceiling = min((most for most, _ in caps), default=5)
    state = State(tree, tallies, policy, ceiling)
    total = start = state.total
    level = state.level()
    by_id = {a.id: a for a in actions}
    changes = {name: change_of(a) for name, a in by_id.items()}
    picks: list[Pick] = []
    for action, gain, uncapped in in_order(state, by_id, changes, ranked=RANKED):
        total += gain
        picks.append(Pick(action, gain, uncapped, total, state.level()))
    first_fixes = [p.action for p in picks if p.action.kind == IMPLEMENT][:FIRST]
    fix_state = State(tree, tallies, policy, ceiling)
    for action in first_fixes:
        fix_state.apply(fix_state.parts(changes[action.id]))
    return Roadmap(
        start,
        level,
        tuple(picks),
        ceiling,
        tuple(a.id for a in first_fixes),
        fix_state.total,
        fix_state.level(),
        min(len(picks), RANKED),
    )


def first_in_lanes(
    checks: Iterable[Check],
    themes: Iterable[Theme],
    tallies: Iterable[Tally],
    actions: Iterable[Action],
    policy: Policy,
    most: int,
) -> tuple[tuple[str, ...], ...]:
    """Return the ids of the first picks of the act-now lane, and of the ranking after that lane."""
    state = State(_enterprise(checks, themes, policy), tallies, policy, ceiling=0)
    actions = tuple(actions)
    lanes: list[tuple[str, ...]] = []
    for urgent in (True, False):
        lane = {a.id: a for a in actions if a.urgent == urgent}
        changes = {name: change_of(a) for name, a in lane.items()}
        picks = islice(in_order(state, lane, changes), most)
        lanes.append(tuple(action.id for action, *_ in picks))
        remainder = _union(c for name, c in changes.items() if name not in lanes[-1])
        state.apply(state.parts(remainder))
    return tuple(lanes)


def _enterprise(checks: Iterable[Check], themes: Iterable[Theme], policy: Policy) -> Tree:
    """The enterprise as a mean of themes, each a mean of its practices by level."""
    theme_weights = {t.id: 1 for t in themes}
    parts = {
        c.id: Part(
            (c.theme, c.level),
            policy.severity_weights[c.severity],
            c.severity == "critical",
            bool(c.sample),
        )
        for c in checks
        if c.theme in theme_weights
    }
    practices = {part.practice: (part.practice[0], 1) for part in parts.values()}
    return Tree(parts, practices, theme_weights)


def _union(changes: Iterable[Change]) -> Change:
    """Return several changes as one."""
    counts: dict[str, Counter[Kind]] = defaultdict(Counter)
    for change in changes:
        for check, effects in change.items():
            counts[check].update(dict(effects))
    return {check: tuple(kinds.items()) for check, kinds in sorted(counts.items())}


def change_of(action: Action) -> Change:
    """Return the results that an action turns to pass, by check."""
    pairs: dict[str, list[tuple[Kind, int]]] = defaultdict(list)
    for effect in sorted(action.effects):
        pairs[effect.check].append(((effect.status, effect.tier_lo, effect.tier_hi), effect.n))
    return {check: tuple(kinds) for check, kinds in pairs.items()}


def after(tallies: Iterable[Tally], changes: Iterable[Change]) -> list[Tally]:
    """Return the tallies once actions are done."""
    counts: dict[str, Counter[Kind]] = defaultdict(Counter)
    for tally in tallies:
        counts[tally.check][tally.status, tally.tier_lo, tally.tier_hi] += tally.n
    for change in changes:
        for check, effects in change.items():
            counts[check] = make_good(counts[check], effects)
    return [tally for check, kinds in sorted(counts.items()) for tally in tallied(check, kinds)]


def in_order(
    state: State,
    actions: Mapping[str, Action],
    changes: Mapping[str, Change],
    on_taken: Completion | None = None,
    ranked: int | None = None,
) -> Iterator[tuple[Action, Fraction, Fraction]]:
    """Yield the best action again and again, with its gain with and without caps.

    After `ranked` picks the others keep their order of that moment; their gains are still exact.
    """
    remaining = _Remaining(state, changes)
    queue = _Queue(remaining)
    for name in actions:
        queue.put(actions[name])
    n_picks = 0
    while True:
        if n_picks + 1 == ranked:
            for name in remaining.freeze():
                queue.put(actions[name])
        if (action := queue.take()) is None:
            return
        n_picks += 1
        gain, uncapped = remaining.take(action.id)
        yield action, gain, uncapped
        leftovers = on_taken(action.id) if on_taken else {}
        if ranked is None or n_picks < ranked:
            for name in remaining.refresh(leftovers):
                queue.put(actions[name])


class _Queue:
    """Actions by gain, the best first; for one that waits for others, the best of these.

    An action stands at its place or before it. One that surfaces with an outdated gain is scored
    again and put back.
    """

    def __init__(self, remaining: _Remaining) -> None:
        self._remaining = remaining
        self._heap: list[_Entry] = []
        self._ahead: dict[tuple[str, bool], list[_Entry]] = defaultdict(list)
        self._worth: dict[tuple[Fraction, Fraction], Worth] = {}
        self._now: dict[str, int] = {}

    def put(self, action: Action) -> None:
        """Add an action, or move it to the place of its current gain."""
        self._now[action.id] = turn = self._now.get(action.id, 0) + 1
        # Actions of equal worth share one object: comparing it with itself takes no arithmetic.
        gain = self._remaining.gain(action.id)
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
            action = entry[-1]
            if self._now.get(action.id) == entry[1]:
                if not self._remaining.renew(action.id):
                    return entry
                self.put(action)
        return None


class _Remaining:
    """The remaining actions, and the gain of each through each practice that it touches.

    Hundreds of agents may lack the same thing: actions that change a practice alike are scored as
    one. A gain is exact or too large, since other actions only reduce it. Where it `may_grow`, it
    is scored at once.
    """

    def __init__(self, state: State, changes: Mapping[str, Change]) -> None:
        self._state = state
        self._parts: dict[str, dict[Practice, Key]] = {}
        self._alike: dict[Practice, dict[Key, dict[str, None]]] = defaultdict(dict)
        self._adds: dict[tuple[Practice, Key], tuple[int, Fraction]] = {}
        self._turn = 0
        self._frozen = False
        self._changed: dict[Practice, int] = defaultdict(int)
        """The turn in which a practice was last changed."""
        self._all_changed = 0
        self._last: dict[Practice, Key] = {}
        self._gains: dict[str, tuple[int, Fraction]] = {}
        for name, change in changes.items():
            self._put(name, change)

    def gain(self, name: str) -> Fraction:
        """Return the gain of the total from an action, as last scored."""
        return self._gains[name][1]

    def renew(self, name: str) -> bool:
        """Score an action again if something it touches has changed; return whether its gain
        differs.
        """
        turn, old_gain = self._gains[name]
        if self._frozen or turn == self._turn:
            return False
        parts = self._parts[name]
        all_apply = all(map(self._state.applies, parts))
        if all_apply and turn >= self._all_changed and all(turn >= self._changed[p] for p in parts):
            return False
        self._gains[name] = self._turn, self._gain_of(parts)
        return self._gains[name][1] != old_gain

    def take(self, name: str) -> tuple[Fraction, Fraction]:
        """Apply an action; return its gain with and without caps."""
        state, parts = self._state, self._parts[name]
        gain = state.gain(parts)
        self._drop(name)
        self._last = parts
        self._turn += 1
        if state.apply(parts):
            self._all_changed = self._turn
        for practice in parts:
            self._changed[practice] = self._turn
        return gain

    def refresh(self, leftovers: Mapping[str, Change]) -> list[str]:
        """Score actions again that may gain more than before or have less to do; return them."""
        gainers: dict[str, None] = {}
        for name in leftovers:
            self._drop(name)
        for practice in self._last:
            if self._state.steady(practice):
                continue
            for key, names in self._alike[practice].items():
                if self._state.may_grow(practice, key):
                    _, old_gain = self._adds.get((practice, key), (0, _ZERO))
                    if self._add(practice, key) > old_gain:
                        gainers |= names
                    else:  # the gain of a newly applicable practice is no sum of parts
                        gainers |= {
                            n: None
                            for n in names
                            if not all(map(self._state.applies, self._parts[n]))
                        }
        for name in gainers:
            self.renew(name)
        for name, change in leftovers.items():
            self._put(name, change)
        return [*gainers, *leftovers]

    def freeze(self) -> list[str]:
        """Score all for the last time; return the actions whose gain differs."""
        names = [name for name in self._parts if self.renew(name)]
        self._frozen = True
        return names

    def _put(self, name: str, change: Change) -> None:
        self._parts[name] = parts = self._state.parts(change)
        for practice, key in parts.items():
            self._alike[practice].setdefault(key, {})[name] = None
        self._gains[name] = self._turn, self._gain_of(parts)

    def _drop(self, name: str) -> None:
        for practice, key in self._parts.pop(name).items():
            alike = self._alike[practice]
            del alike[key][name]
            if not alike[key]:
                del alike[key]

    def _gain_of(self, parts: Mapping[Practice, Key]) -> Fraction:
        if all(map(self._state.applies, parts)):
            return added(self._add(p, key) for p, key in parts.items())
        return self._state.gain(parts)[0]

    def _add(self, practice: Practice, key: Key) -> Fraction:
        """Return the gain through one practice, scored once per turn in which it changed."""
        turn, value = self._adds.get((practice, key), (-1, _ZERO))
        if turn < max(self._changed[practice], self._all_changed):
            value = self._state.adds(practice, key)
            self._adds[practice, key] = self._turn, value
        return value

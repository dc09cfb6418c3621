"""Order of actions. In: checks, themes, tallies and actions. Out: a `Roadmap` with exact gains.

Greedy by gain per effort (3.11 of the scoring method). Each gain is what the evidenced enterprise
score of `score` would gain. `in_order` takes any tree of checks, so that `roadmap` orders the
actions of other models in the same way.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count, groupby, islice
from typing import Any

from reporter.model.assessment import Check, Policy, Theme
from reporter.model.roadmap import IMPLEMENT, Action, Effect, Pick, Roadmap
from reporter.model.scores import Tally
from reporter.score.levels import TOP, Caps
from reporter.score.state import (
    Change,
    Key,
    Kind,
    Part,
    Practice,
    State,
    Tree,
    added,
    multiplied,
)

RANKED = 300
"""Number of picks chosen by comparing all remaining actions again; nobody plans beyond them."""
FIRST = 5
Worth = tuple[int, Fraction, Fraction, Fraction]
"""Sort key of the order: -gain per day, -gain, effort. Before them stands the first in whole steps
of 2 ** -_STEPS: it never orders otherwise, and tells most apart without arithmetic.
"""
_STEPS = 64
Completion = Callable[[str], Mapping[str, Change]]
"""Called with a finished action; returns the remaining changes of the actions that share its
results.
"""
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
    tree, tallies = enterprise_tree(checks, themes, policy), tuple(tallies)
    ceiling = min((most for most, _ in caps), default=TOP)
    state = State(tree, tallies, policy, ceiling)
    total = start = state.total
    level = state.level()
    by_id = {a.id: a for a in actions}
    changes = changes_of(by_id.values())
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
    state = State(enterprise_tree(checks, themes, policy), tallies, policy, ceiling=0)
    actions = tuple(actions)
    lanes: list[tuple[str, ...]] = []
    for urgent in (True, False):
        lane = {a.id: a for a in actions if a.urgent == urgent}
        changes = changes_of(lane.values())
        picks = islice(in_order(state, lane, changes), most)
        lanes.append(tuple(action.id for action, *_ in picks))
        remainder = union(c for name, c in changes.items() if name not in lanes[-1])
        state.apply(state.parts(remainder))
    return tuple(lanes)


def enterprise_tree(checks: Iterable[Check], themes: Iterable[Theme], policy: Policy) -> Tree:
    """Return the enterprise as a mean of themes, each a mean of its practices by level."""
    theme_weights = {t.id: 1 for t in themes}
    parts = {
        c.id: Part(
            (c.theme, c.level),
            policy.severity_weights[c.severity],
            c.severity == "critical",
            bool(c.sample),
            c.declares,
        )
        for c in checks
        if c.theme in theme_weights
    }
    practices = {part.practice: (part.practice[0], 1) for part in parts.values()}
    return Tree(parts, practices, theme_weights)


def union(changes: Iterable[Change]) -> Change:
    """Return several changes as one; equal ones are best one object."""
    counts: dict[str, Counter[Kind]] = defaultdict(Counter)
    by_object: dict[int, Change] = {}
    repeats: Counter[int] = Counter()
    for change in changes:
        by_object[id(change)] = change
        repeats[id(change)] += 1
    for key, times in repeats.items():
        for check, effects in by_object[key].items():
            for kind, n in effects:
                counts[check][kind] += n * times
    return {check: tuple(kinds.items()) for check, kinds in sorted(counts.items())}


def changes_of(actions: Iterable[Action]) -> dict[str, Change]:
    """Return the change that each action makes, by id; one object where several do the same."""
    by_effects: dict[tuple[Effect, ...], Change] = {}
    by_object: dict[int, tuple[tuple[Effect, ...], Change]] = {}
    changes = {}
    for action in actions:
        effects = action.effects  # held, so that its number stays its own; to hash it is slow
        if id(effects) not in by_object:
            if effects not in by_effects:
                by_effects[effects] = change_of(action)
            by_object[id(effects)] = effects, by_effects[effects]
        changes[action.id] = by_object[id(effects)][1]
    return changes


def change_of(action: Action) -> Change:
    """Return the results that an action turns to pass, by check."""
    pairs: dict[str, list[tuple[Kind, int]]] = defaultdict(list)
    for effect in sorted(action.effects):
        pairs[effect.check].append(((effect.status, effect.tier_lo, effect.tier_hi), effect.n))
    return {check: tuple(kinds) for check, kinds in pairs.items()}


def in_order(
    state: State,
    actions: Mapping[str, Action],
    changes: Mapping[str, Change],
    on_taken: Completion | None = None,
    ranked: int | None = None,
) -> Iterator[tuple[Action, Fraction, Fraction]]:
    """Yield the best action again and again, with its gain with and without caps.

    After `ranked` picks the others keep their order of that moment; their gains are still exact.
    Equal actions in a row may then be applied together before the first is yielded, but only where
    the level stays.
    """
    remaining = _Remaining(state, actions, changes)
    queue = _Queue(remaining)
    for group in remaining.groups():
        queue.put(group)
    n_picks = 0
    while n_picks + 1 != ranked:
        if (pick := queue.take()) is None:
            return
        n_picks += 1
        gain, uncapped = remaining.take(*pick)
        yield actions[pick[1]], gain, uncapped
        leftovers = on_taken(pick[1]) if on_taken else {}
        for group in remaining.refresh(leftovers):
            queue.put(group)
    for group in remaining.freeze():
        queue.put(group)
    rest = list(iter(queue.take, None))
    for _, run in groupby(rest, key=lambda pick: id(pick[0].parts)):
        picks = list(run)
        gains = remaining.take_all(picks[0][0].parts, len(picks))
        for (_, name), (gain, uncapped) in zip(picks, gains, strict=True):
            yield actions[name], gain, uncapped


@dataclass(eq=False, slots=True)
class _Group:
    """Actions that are alike in everything that the order depends on, except the id."""

    urgent: bool
    effort: Fraction
    ahead_of: str
    behind: str
    parts: Mapping[Practice, Key]
    gain: Fraction
    """Of the total, from one of them, as last scored."""
    turn: int
    """In which it was scored."""
    names: list[str] = field(default_factory=list)
    """A heap of ids; some have left by now."""
    size: int = 0
    entry: int = 0
    """The number of its valid entry in the queue."""


_Ratio = tuple[int, int]
"""A fraction that is hashed and compared as quickly as numbers are."""
_Entry = tuple[tuple[bool, Worth, str], int, _Group]
"""Place in the order, number of the entry, group."""
_Pick = tuple[_Group, str]
"""An action by its id."""


class _Queue:
    """Groups by the gain of their first action, the best first; for one that waits for others, the
    best of these.

    A group stands at its place or before it. One that surfaces with an outdated gain is scored
    again and put back.
    """

    def __init__(self, remaining: _Remaining) -> None:
        self._remaining = remaining
        self._heap: list[_Entry] = []
        self._ahead: dict[tuple[str, bool], list[_Entry]] = defaultdict(list)
        self._worth: dict[tuple[_Ratio, _Ratio], Worth] = {}
        self._numbers = count(1)

    def put(self, group: _Group) -> None:
        """Add a group, or move it to the place of its current gain and first action."""
        group.entry = next(self._numbers)
        if (name := self._remaining.first(group)) is None:
            return
        # Actions of equal worth share one object: comparing it with itself takes no arithmetic.
        pair = group.gain.as_integer_ratio(), group.effort.as_integer_ratio()
        if (worth := self._worth.get(pair)) is None:
            rate = -group.gain / group.effort
            steps = (rate.numerator << _STEPS) // rate.denominator
            worth = self._worth[pair] = steps, rate, -group.gain, group.effort
        entry = (not group.urgent, worth, name), group.entry, group
        heapq.heappush(self._heap, entry)
        if group.ahead_of:
            heapq.heappush(self._ahead[group.ahead_of, group.urgent], entry)

    def take(self) -> _Pick | None:
        """Remove and return the best action; None when none is left."""
        entry = self._pop(self._heap)
        if not entry:
            return None
        if first := self._pop(self._ahead[entry[-1].behind, entry[-1].urgent]):
            heapq.heappush(self._heap, entry)
            entry = first
        group, name = entry[-1], entry[0][-1]
        self._remaining.drop(name)
        self.put(group)
        return group, name

    def _pop(self, heap: list[_Entry]) -> _Entry | None:
        while heap:
            entry = heapq.heappop(heap)
            group = entry[-1]
            if group.entry == entry[1]:
                is_first = self._remaining.first(group) == entry[0][-1]
                if is_first and not self._remaining.renew(group):
                    return entry
                self.put(group)
        return None


class _Remaining:
    """The remaining actions, and the gain of each through each practice that it touches.

    Hundreds of agents may lack the same thing: actions that change a practice alike are scored as
    one. A gain is exact or too large, since other actions only reduce it. Where it `may_grow`, it
    is scored at once.
    """

    def __init__(
        self, state: State, actions: Mapping[str, Action], changes: Mapping[str, Change]
    ) -> None:
        self._state, self._actions = state, actions
        self._groups: dict[tuple[Any, ...], _Group] = {}
        self._group_of: dict[str, _Group] = {}
        self._alike: dict[Practice, dict[Key, dict[_Group, None]]] = defaultdict(dict)
        self._adds: dict[tuple[Practice, Key], tuple[int, Fraction]] = {}
        self._turn = 0
        self._frozen = False
        self._changed: dict[Practice, int] = defaultdict(int)
        """The turn in which a practice was last changed."""
        self._all_changed = 0
        self._last: Mapping[Practice, Key] = {}
        parts: dict[int, dict[Practice, Key]] = {}
        alike: dict[tuple[Any, ...], _Group] = {}
        for name, change in changes.items():
            if id(change) not in parts:
                parts[id(change)] = state.parts(change)
            action = actions[name]
            effort = action.effort.as_integer_ratio()
            kind = action.urgent, effort, action.ahead_of, action.behind, id(change)
            if kind in alike:
                self._add_to(alike[kind], name)
            else:
                alike[kind] = self._put(name, parts[id(change)])

    def groups(self) -> list[_Group]:
        """Return all groups."""
        return list(self._groups.values())

    def first(self, group: _Group) -> str | None:
        """Return the first action of a group by id, if one is left."""
        while group.names and self._group_of.get(group.names[0]) is not group:
            heapq.heappop(group.names)
        return group.names[0] if group.names else None

    def renew(self, group: _Group) -> bool:
        """Score a group again if something it touches has changed; return whether its gain
        differs.
        """
        if self._frozen or group.turn == self._turn:
            return False
        parts, turn, old_gain = group.parts, group.turn, group.gain
        all_apply = all(map(self._state.applies, parts))
        if all_apply and turn >= self._all_changed and all(turn >= self._changed[p] for p in parts):
            return False
        group.turn, group.gain = self._turn, self._gain_of(parts)
        return group.gain != old_gain

    def take(self, group: _Group, name: str) -> tuple[Fraction, Fraction]:
        """Apply an action; return its gain with and without caps."""
        state, parts = self._state, group.parts
        gain = state.gain(parts)
        self._last = parts
        self._turn += 1
        if state.apply(parts):
            self._all_changed = self._turn
        for practice in parts:
            self._changed[practice] = self._turn
        return gain

    def take_all(
        self, parts: Mapping[Practice, Key], times: int
    ) -> Iterator[tuple[Fraction, Fraction]]:
        """Apply equal actions one after the other; yield the gain of each with and without caps.

        Where each adds the same and none lifts the level, all are applied at once: a pass adds the
        same again and again unless a cap, a hidden tier or a sample is in the way.
        """
        state = self._state
        while times:
            gain, uncapped = state.gain(parts)
            together = state.adds_evenly(parts, times, gain, uncapped)
            state.apply(multiplied(parts, times) if together else parts)
            for _ in range(times if together else 1):
                yield gain, uncapped
                times -= 1

    def refresh(self, leftovers: Mapping[str, Change]) -> list[_Group]:
        """Score groups again that may gain more than before or have less to do; return them."""
        gainers: dict[_Group, None] = {}
        for name in leftovers:
            self.drop(name)
        for practice in self._last:
            if self._state.steady(practice):
                continue
            for key, groups in self._alike[practice].items():
                if self._state.may_grow(practice, key):
                    _, old_gain = self._adds.get((practice, key), (0, _ZERO))
                    if self._add(practice, key) > old_gain:
                        gainers |= groups
                    else:  # the gain of a newly applicable practice is no sum of parts
                        gainers |= {
                            g: None for g in groups if not all(map(self._state.applies, g.parts))
                        }
        for group in gainers:
            self.renew(group)
        for name, change in leftovers.items():
            gainers[self._put(name, self._state.parts(change))] = None
        return list(gainers)

    def freeze(self) -> list[_Group]:
        """Score all for the last time; return the groups whose gain differs."""
        groups = [group for group in self._groups.values() if self.renew(group)]
        self._frozen = True
        return groups

    def drop(self, name: str) -> None:
        """Remove an action."""
        group = self._group_of.pop(name)
        group.size -= 1
        if not group.size:
            del self._groups[_key_of(group)]
            for practice, key in group.parts.items():
                alike = self._alike[practice]
                del alike[key][group]
                if not alike[key]:
                    del alike[key]

    def _put(self, name: str, parts: Mapping[Practice, Key]) -> _Group:
        action = self._actions[name]
        group = _Group(
            action.urgent, action.effort, action.ahead_of, action.behind, parts, _ZERO, -1
        )
        group = self._groups.setdefault(_key_of(group), group)
        if not group.size:
            for practice, key in parts.items():
                self._alike[practice].setdefault(key, {})[group] = None
        if group.turn < 0:
            group.turn, group.gain = self._turn, self._gain_of(parts)
        self.renew(group)
        self._add_to(group, name)
        return group

    def _add_to(self, group: _Group, name: str) -> None:
        heapq.heappush(group.names, name)
        self._group_of[name] = group
        group.size += 1

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


def _key_of(group: _Group) -> tuple[Any, ...]:
    return (
        group.urgent,
        group.effort.as_integer_ratio(),
        group.ahead_of,
        group.behind,
        tuple(group.parts.items()),
    )

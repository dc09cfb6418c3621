"""Which actions first? In: a model, its settled cells and actions, as plain data. Out: the picks in order, exact gains.

Greedy by gain per effort (3.11 of the scoring method), every gain by scoring again. An action touches few checks, so
only their practices and controls are scored anew; whole numbers tell which actions are worth an exact comparison.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from math import lcm
from typing import Any

from reporter.errors import InputError
from reporter.model import Policy
from reporter.score.models import STATUSES, Model, exact, read_model, shipped_policy, value_of
from reporter.score.observations import practice_score
from reporter.score.scorer import CAP_TIER, mean

ONE = 1 << 40
Sums = tuple[int, int, int]
"""Of a check: credited weight, weight, cells that cap."""
Change = dict[str, dict[str, Sums]]
"""practice -> check -> what its sums gain; what gains nothing is left out"""
Cell = tuple[str, str]


def roadmap(
    model: Mapping[str, Any],
    cells: Mapping[str, Mapping[str, str]],
    actions: Mapping[str, Mapping[str, Any]],
    policy: Policy | None = None,
) -> list[dict[str, Any]]:
    """Order actions by what each adds to the total of lo for its effort, all scored again after every pick.

    `model` as for `score_observations`; `cells` {check: {subject: status}} as it returns them, unknown where one in scope
    is missing; `actions` {id: {effort: a number above 0, cells: [[check, subject], ...]}}, which turns those cells to pass,
    also those that did not apply. Returns [{id, effort, gain, total}] in the order of picks, one for every action; gain and
    total (after the pick) are fractions as text, and the gains add up exactly. Ties: the larger gain, then the smaller
    effort, then the id. Raises InputError where the model, a cell or an action is wrong.
    """
    read = read_model(model)
    state = _State(read, _complete(read, cells), policy or shipped_policy())
    efforts = {}
    for name, action in actions.items():
        efforts[name] = exact(
            value_of(action, "effort", f"actions: {name}"), f"actions: {name}: effort"
        )
    left = _Left(state, {name: _cells_of(name, action, state) for name, action in actions.items()})
    picks: list[dict[str, Any]] = []
    while efforts:
        best, gain = left.best(efforts)
        effort = efforts.pop(best)
        left.take(best)
        picks.append(
            {"id": best, "effort": str(effort), "gain": str(gain), "total": str(state.total)}
        )
    return picks


def _complete(model: Model, cells: Mapping[str, Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
    """Refuse cells that no model has; add those in scope of which nothing is said, as unknown."""
    made: dict[str, Mapping[str, str]] = {}
    for check, found in cells.items():
        if check not in model.checks:
            raise InputError(f"{check!r} is not known", "cells")
        for wrong in (s for s in found if s not in model.tiers):
            raise InputError(f"{wrong!r} is not known", f"cells: {check}")
        for status in set(found.values()) - STATUSES.keys():
            raise InputError(f"{status!r} is no status", f"cells: {check}")
    for check, subjects in model.scope.items():
        found = cells.get(check, {})
        missing = [s for s in subjects if s not in found]
        made[check] = {**found, **dict.fromkeys(missing, "unknown")} if missing else found
    return made


def _cells_of(name: str, action: Mapping[str, Any], state: _State) -> list[Cell]:
    """The cells of an action, each once."""
    place = f"actions: {name}"
    found = []
    for cell in value_of(action, "cells", place):
        try:
            check, subject = cell
            state.cells[check][subject]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{cell!r} is no cell", place) from error
        found.append((check, subject))
    return list(dict.fromkeys(found))


class _State:
    """The sums of every check, and the score of every practice and control, at the low end."""

    def __init__(
        self, model: Model, cells: Mapping[str, Mapping[str, str]], policy: Policy
    ) -> None:
        self.model, self.policy, self.cells = model, policy, cells
        halves = policy.attested_credit, policy.compensated_credit
        self.scale = lcm(*(half.denominator for half in halves))
        credits = {"pass": Fraction(1), "attested": halves[0], "compensated": halves[1]}
        self.credit = {s: int(credits.get(s, 0) * self.scale) for s in STATUSES}
        self.severity = {c.id: policy.severity_weights[c.severity] for c in model.checks.values()}
        self.sums = {check: self._sum(check, found) for check, found in cells.items()}
        self.checks, self.practices = model.checks_of(), model.practices_of()
        self.practice = {p: self._practice(p, {}) for p in model.practices}
        self.control = {c: self._control(c, {}) for c in model.controls}

    def _sum(self, check: str, found: Mapping[str, str]) -> Sums:
        made = 0, 0, 0
        counted = Counter((status, self.model.tiers[s]) for s, status in found.items())
        for (status, tier), n in counted.items():
            made = _plus(made, self.parts(check, tier, status), n)
        return made

    def parts(self, check: str, tier: int, status: str) -> Sums:
        """What one cell adds to the sums of its check."""
        if status == "na":
            return 0, 0, 0
        weight = self.policy.tier_weights[tier - 1]
        credit = self.credit[status]
        caps = self.model.checks[check].severity == "critical" and tier >= CAP_TIER and not credit
        return weight * credit, weight, int(caps)

    @property
    def total(self) -> Fraction:
        """The score over all controls that apply."""
        return self._total(self.control)

    def _total(self, scores: Mapping[str, Fraction | None]) -> Fraction:
        return mean((self.model.controls[c], s) for c, s in scores.items() if s is not None)

    def gain(self, change: Change) -> Fraction:
        """What the total gains by a change."""
        after = {**self.control, **self._after(change)[1]}
        return self._total(after) - self.total

    def apply(self, change: Change) -> None:
        """Keep a change."""
        practices, controls = self._after(change)
        for own in change.values():
            for check, more in own.items():
                self.sums[check] = _plus(self.sums[check], more)
        self.practice.update(practices)
        self.control.update(controls)

    def _after(
        self, change: Change
    ) -> tuple[dict[str, Fraction | None], dict[str, Fraction | None]]:
        practices = {p: self._practice(p, own) for p, own in change.items()}
        changed = dict.fromkeys(self.model.practices[p].control for p in practices)
        return practices, {c: self._control(c, practices) for c in changed}

    def _practice(self, name: str, own: Mapping[str, Sums]) -> Fraction | None:
        given = []
        for check in self.checks[name]:
            a, b, caps = _plus(self.sums[check], own[check]) if check in own else self.sums[check]
            if b:
                severity = self.model.checks[check].severity
                given.append((severity, Fraction(a, b * self.scale), caps > 0))
        return practice_score(given, self.policy)

    def _control(self, name: str, practices: Mapping[str, Fraction | None]) -> Fraction | None:
        pairs = [
            (self.model.practices[p].weight, value)
            for p in self.practices[name]
            if (value := practices[p] if p in practices else self.practice[p]) is not None
        ]
        return mean(pairs) if pairs else None


def _plus(sums: Sums, more: Sums, n: int = 1) -> Sums:
    return sums[0] + n * more[0], sums[1] + n * more[1], sums[2] + n * more[2]


class _Rough:
    """Scores in whole units of 1 / ONE, each rounded down, to tell quickly which action may be the best."""

    def __init__(self, state: _State) -> None:
        self.state = state
        self.cap = int(state.policy.critical_cap * ONE)
        self.slack = (3 + len(state.practice)) * ONE
        """A practice is less than 2 units off, their shares add up to 1, and each share is less than 1 unit off."""
        self._before: dict[str, tuple[int, int, int, int]] = {}
        self._now: dict[str, int] = {}
        self.renew(state.practice)
        self.share()

    def share(self) -> None:
        """Find what part of the total each practice is, and those that do not apply."""
        state = self.state
        self.out = {p for p, s in state.practice.items() if s is None}
        known = [c for c, score in state.control.items() if score is not None]
        total = sum(state.model.controls[c] for c in known)
        self.part: dict[str, int] = {}
        for control in known:
            own = [p for p in state.practices[control] if p not in self.out]
            weights = {p: state.model.practices[p].weight for p in own}
            whole = sum(weights.values()) * total / state.model.controls[control]
            self.part |= {p: int(weight / whole * ONE) for p, weight in weights.items()}

    def renew(self, practices: Iterable[str]) -> None:
        """Score practices anew."""
        for name in practices:
            credited = weights = capping = 0
            for check in self.state.checks[name]:
                a, b, caps = self.state.sums[check]
                if b:
                    weight = self.state.severity[check]
                    self._now[check] = one = weight * (a * ONE // (b * self.state.scale))
                    credited, weights, capping = (
                        credited + one,
                        weights + weight,
                        capping + (caps > 0),
                    )
                else:
                    self._now[check] = 0
            if weights:
                value = credited // weights
                before = min(value, self.cap) if capping else value
                self._before[name] = credited, weights, capping, before

    def adds(
        self, practice: str, changes: Mapping[str, Mapping[str, Sums]]
    ) -> Iterator[tuple[str, int]]:
        """Give what the total gains by each action through a practice that applies, in units of 1 / ONE / ONE."""
        all_credited, all_weights, all_capping, before = self._before[practice]
        part, cap, now, sums = self.part[practice], self.cap, self._now, self.state.sums
        scale, severity = self.state.scale, self.state.severity
        for name, own in changes.items():
            credited, weights, capping = all_credited, all_weights, all_capping
            for check, (more, heavier, caps) in own.items():
                a, b, zeros = sums[check]
                weight = severity[check]
                credited += weight * ((a + more) * ONE // ((b + heavier) * scale)) - now[check]
                if not b:
                    weights += weight
                if caps and zeros + caps == 0:
                    capping -= 1
            value = credited // weights
            yield name, part * ((min(value, cap) if capping else value) - before)


class _Left:
    """The actions not yet taken: what each would still change, and roughly gain."""

    def __init__(self, state: _State, cells: Mapping[str, list[Cell]]) -> None:
        self.state, self.cells, self.rough = state, cells, _Rough(state)
        self.changes: dict[str, Change] = {name: {} for name in cells}
        self._sharing: dict[Cell, list[str]] = defaultdict(list)
        for name, own in cells.items():
            for cell in own:
                self._sharing[cell].append(name)
                self._count(name, cell, 1)
        self._by: dict[str, dict[str, dict[str, Sums]]] = {p: {} for p in state.practice}
        for name, change in self.changes.items():
            for practice, sums in change.items():
                self._by[practice][name] = sums
        self._adds = {p: dict.fromkeys(own, 0) for p, own in self._by.items()}
        self.gains = dict.fromkeys(cells, 0)
        self._refresh(state.practice)

    def best(self, efforts: Mapping[str, Fraction]) -> tuple[str, Fraction]:
        """Return the best action and its gain; those whose rough gain is clearly less are not compared."""
        slack = self.rough.slack
        new = {n for n in efforts if not self.rough.out.isdisjoint(self.changes[n])}
        # What begins to apply does so as a pass: it adds to what the action gains otherwise.
        least = max((self.gains[n] - slack) / e for n, e in efforts.items())
        gains: dict[str, Fraction] = {}
        known: dict[tuple[Any, ...], Fraction] = {}
        for name, effort in efforts.items():
            if name in new or (self.gains[name] + slack) / effort >= least:
                change = self.changes[name]
                key = tuple((p, *sorted(own.items())) for p, own in sorted(change.items()))
                if key not in known:
                    known[key] = self.state.gain(change)
                gains[name] = known[key]
        best = min(gains, key=lambda n: (-gains[n] / efforts[n], -gains[n], efforts[n], n))
        return best, gains[best]

    def take(self, name: str) -> None:
        """Do an action; take what it did away from all that share cells with it."""
        change = self.changes.pop(name)
        self.state.apply(change)
        for practice in change:
            del self._by[practice][name]
        for cell in self.cells[name]:
            for other in self._sharing.pop(cell, ()):
                if other in self.changes:
                    self._count(other, cell, -1)
        self.rough.renew(change)
        if self.rough.out.isdisjoint(change):
            self._refresh(change)
        else:  # what applies only now changes all shares
            self.rough.share()
            self._refresh(self.state.practice)

    def _count(self, name: str, cell: Cell, sign: int) -> None:
        check, subject = cell
        model = self.state.model
        tier = model.tiers[subject]
        own = self.changes[name].setdefault(model.checks[check].practice, {})
        then = self.state.parts(check, tier, "pass")
        now = self.state.parts(check, tier, self.state.cells[check][subject])
        more = _plus(_plus(own.get(check, (0, 0, 0)), then, sign), now, -sign)
        if any(more):
            own[check] = more
        else:
            own.pop(check, None)

    def _refresh(self, practices: Iterable[str]) -> None:
        """Find anew what each action adds through some practices."""
        gains = self.gains
        for practice in practices:
            if practice not in self.rough.out:
                adds = self._adds[practice]
                for name, new in self.rough.adds(practice, self._by[practice]):
                    gains[name] += new - adds[name]
                    adds[name] = new

"""Which actions first? In: a model, its settled cells and actions, as plain data. Out: the picks in order, exact gains.

Greedy by gain per effort (3.11 of the scoring method), every gain by scoring again. An action touches few checks, so
only their practices and controls are scored anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from typing import Any

from reporter.errors import InputError
from reporter.model import Policy
from reporter.score.models import Model, exact, read_model, shipped_policy
from reporter.score.observations import practice_score
from reporter.score.scorer import CAP_TIER, mean

ONE = 1 << 64
SLACK = 8
"""Each of the three means rounds by less than one unit, before and after."""
Touched = dict[str, tuple[int, int, int]]
"""check -> what its sums gain: credited weight, weight, cells that cap"""


def roadmap(
    model: Mapping[str, Any],
    cells: Mapping[str, Mapping[str, str]],
    actions: Mapping[str, Mapping[str, Any]],
    policy: Policy | None = None,
) -> list[dict[str, Any]]:
    """Order actions by what each adds to the total of lo for its effort, all scored again after every pick.

    `model` as for `score_observations`; `cells` {check: {subject: status}} as it returns them; `actions` {id: {effort:
    a number above 0, cells: [[check, subject], ...]}}, which turns those cells to pass. Returns [{id, effort, gain, total}] in
    the order of picks, one for every action; gain and total (after the pick) are fractions as text, and the gains add
    up exactly. Ties: the larger gain, then the smaller effort, then the id. Raises InputError for unknown cells.
    """
    constants = policy or shipped_policy()
    read = read_model(model)
    state = _State(read, cells, constants)
    efforts = {name: exact(a["effort"], f"actions: {name}: effort") for name, a in actions.items()}
    open_cells = _Open(read, cells, actions, state)
    picks: list[dict[str, Any]] = []
    while efforts:
        gains = {
            name: state.gain(open_cells.touched[name])
            for name in _promising(state, open_cells.touched, efforts)
        }
        best = min(gains, key=lambda n: (-gains[n] / efforts[n], -gains[n], efforts[n], n))
        state.apply(open_cells.touched[best])
        open_cells.close(best)
        effort = efforts.pop(best)
        picks.append({"id": best, "effort": str(effort), "gain": str(gains[best]), "total": str(state.total)})  # fmt: skip
    return picks


def _promising(
    state: _State, touched: Mapping[str, Touched], efforts: Mapping[str, Fraction]
) -> list[str]:
    """The actions that may be the best: the others are not, however their rough gains were rounded."""
    rough = {name: state.rough(touched[name]) for name in efforts}
    sure = [(r - SLACK) / efforts[n] for n, r in rough.items() if r is not None]
    least = max(sure, default=Fraction(0))
    return [n for n, r in rough.items() if r is None or (r + SLACK) / efforts[n] >= least]


def _whole(weights: Mapping[str, Fraction]) -> dict[str, int]:
    """The same weights as whole numbers."""
    scale = lcm(*(weight.denominator for weight in weights.values()))
    return {name: int(weight * scale) for name, weight in weights.items()}


class _State:
    """The sums of every check, and the score of every practice and control, at the low end."""

    def __init__(
        self, model: Model, cells: Mapping[str, Mapping[str, str]], policy: Policy
    ) -> None:
        self.model, self.policy = model, policy
        halves = policy.attested_credit, policy.compensated_credit
        self.scale = lcm(*(half.denominator for half in halves))
        self.credit = {"pass": self.scale, "attested": int(halves[0] * self.scale), "compensated": int(halves[1] * self.scale)}  # fmt: skip
        self.sums = dict.fromkeys(model.checks, (0, 0, 0))
        for check, found in cells.items():
            if check not in model.checks:
                raise InputError(f"{check!r} is not known", "cells")
            for subject, status in found.items():
                self._add(self.sums, check, self.parts(check, subject, status))
        self.checks, self.practices = model.checks_of(), model.practices_of()
        self.practice = {p: self._practice(p, {}) for p in model.practices}
        self.control = {c: self._control(c, {}) for c in model.controls}
        self.whole = _whole({p.id: p.weight for p in model.practices.values()})
        self.whole_control = _whole(model.controls)
        self.rough_practice = {p: self._rough_practice(p, {}) for p in model.practices}
        self.rough_control = {c: self._rough_control(c, {}) for c in model.controls}
        self._weigh()

    def _weigh(self) -> None:
        known = (w for c, w in self.model.controls.items() if self.control[c] is not None)
        self.weight = sum(known, Fraction(0))
        self.whole_weight = sum(w for c, w in self.whole_control.items() if self.control[c] is not None)  # fmt: skip

    @property
    def total(self) -> Fraction:
        """The score over all controls that apply."""
        return mean((self.model.controls[c], s) for c, s in self.control.items() if s is not None)

    def parts(self, check: str, subject: str, status: str) -> tuple[int, int, int]:
        """What one cell adds to the sums of its check."""
        if status == "na":
            return 0, 0, 0
        tier = self.model.tiers[subject]
        weight = self.policy.tier_weights[tier - 1]
        credit = self.credit.get(status, 0)
        caps = self.model.checks[check].severity == "critical" and tier >= CAP_TIER and not credit
        return weight * credit, weight, int(caps)

    @staticmethod
    def _add(sums: Touched, check: str, more: tuple[int, int, int]) -> None:
        a, b, c = sums.get(check, (0, 0, 0))
        sums[check] = a + more[0], b + more[1], c + more[2]

    def gain(self, touched: Touched) -> Fraction:
        """What the total gains when the sums of some checks change."""
        practices, controls = self._after(touched)
        del practices
        if any(self.control[c] is None for c in controls):  # n/a before: the weights change too
            after = {**self.control, **controls}
            known = ((self.model.controls[c], s) for c, s in after.items() if s is not None)
            return mean(known) - self.total
        changes = (self.model.controls[c] * (s - self.control[c]) for c, s in controls.items())  # type: ignore[operator]
        return sum(changes, Fraction(0)) / self.weight if controls else Fraction(0)

    def apply(self, touched: Touched) -> None:
        """Keep the change."""
        practices, controls = self._after(touched)
        for check, more in touched.items():
            self._add(self.sums, check, more)
        self.practice.update(practices)
        self.control.update(controls)
        self.rough_practice.update({p: self._rough_practice(p, {}) for p in practices})
        self.rough_control.update({c: self._rough_control(c, {}) for c in controls})
        self._weigh()

    def rough(self, touched: Touched) -> int | None:
        """The gain in units of 1 / ONE, less than SLACK off; None where something becomes applicable."""
        model = self.model
        named = {model.checks[c].practice for c, more in touched.items() if any(more)}
        if any(self.practice[p] is None for p in named):
            return None
        practices = {p: self._rough_practice(p, touched) for p in named}
        gain = 0
        for control in {model.practices[p].control for p in named}:
            change = self._rough_control(control, practices) - self.rough_control[control]
            gain += self.whole_control[control] * change
        return gain // self.whole_weight if gain else 0

    def _rough_practice(self, name: str, touched: Touched) -> int:
        credited = weights = 0
        caps = False
        for check in self.checks[name]:
            a, b, zeros = self.sums[check]
            if check in touched:
                more = touched[check]
                a, b, zeros = a + more[0], b + more[1], zeros + more[2]
            if b:
                weight = self.policy.severity_weights[self.model.checks[check].severity]
                credited += weight * (a * ONE // (b * self.scale))
                weights += weight
                caps = caps or zeros > 0
        value = credited // weights if weights else 0
        return min(value, int(self.policy.critical_cap * ONE)) if caps else value

    def _rough_control(self, name: str, practices: Mapping[str, int]) -> int:
        own = [p for p in self.practices[name] if self.practice[p] is not None]
        values = (self.whole[p] * practices.get(p, self.rough_practice[p]) for p in own)
        return sum(values) // sum(self.whole[p] for p in own) if own else 0

    def _after(
        self, touched: Touched
    ) -> tuple[dict[str, Fraction | None], dict[str, Fraction | None]]:
        model = self.model
        named = dict.fromkeys(model.checks[c].practice for c, more in touched.items() if any(more))
        practices = {p: self._practice(p, touched) for p in named}
        changed = dict.fromkeys(model.practices[p].control for p in practices)
        return practices, {c: self._control(c, practices) for c in changed}

    def _practice(self, name: str, touched: Touched) -> Fraction | None:
        given = []
        for check in self.checks[name]:
            a, b, caps = self.sums[check]
            if check in touched:
                more = touched[check]
                a, b, caps = a + more[0], b + more[1], caps + more[2]
            if b:
                given.append(
                    (self.model.checks[check].severity, Fraction(a, b * self.scale), caps > 0)
                )
        return practice_score(given, self.policy)

    def _control(self, name: str, practices: Mapping[str, Fraction | None]) -> Fraction | None:
        pairs = [
            (self.model.practices[p].weight, value)
            for p in self.practices[name]
            if (value := practices[p] if p in practices else self.practice[p]) is not None
        ]
        return mean(pairs) if pairs else None


@dataclass(slots=True)
class _Open:
    """The cells that each action would still turn to pass."""

    model: Model
    cells: Mapping[str, Mapping[str, str]]
    actions: Mapping[str, Mapping[str, Any]]
    state: _State
    touched: dict[str, Touched] = field(default_factory=dict)
    _of: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for name, action in self.actions.items():
            self.touched[name] = {}
            for check, subject in dict.fromkeys((c, s) for c, s in action["cells"]):
                if subject not in self.cells.get(check, ()):
                    raise InputError(f"[{check}, {subject}] is no cell", f"actions: {name}")
                self._of[check, subject].append(name)
                self._count(name, check, subject, 1)

    def _count(self, name: str, check: str, subject: str, sign: int) -> None:
        now = self.state.parts(check, subject, self.cells[check][subject])
        then = self.state.parts(check, subject, "pass")
        old = self.touched[name].get(check, (0, 0, 0))
        a, b, c = (o + sign * (t - n) for o, t, n in zip(old, then, now, strict=True))
        self.touched[name][check] = a, b, c

    def close(self, name: str) -> None:
        """Take what an action did away from all that share cells with it."""
        for check, subject in dict.fromkeys((c, s) for c, s in self.actions[name]["cells"]):
            for other in self._of.pop((check, subject), ()):
                self._count(other, check, subject, -1)

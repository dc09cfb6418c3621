"""Any model, scored and planned: observations to cells to levels, and the order of actions. In:
plain data. Out: plain data, fractions as text.

Cells are settled by 2.1 of the scoring method, whatever the order of the observations; scored by
3.1 to 3.5. Actions may share cells."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from reporter.errors import InputError
from reporter.model.assessment import Policy
from reporter.model.roadmap import IMPLEMENT, Action
from reporter.model.scores import CheckScore, PracticeScore, Status, Tally
from reporter.score.input import (
    STATUSES,
    Model,
    exact,
    read_model,
    shipped_policy,
    tallies_of,
    value_of,
    whole,
)
from reporter.score.levels import highest_judged, permits
from reporter.score.planner import in_order
from reporter.score.scorer import Entry, mean, practice_of, score_check, state_of
from reporter.score.state import Change, Part, State, Tree

Cells = dict[str, dict[str, str]]
"""check -> subject -> status"""
Cell = tuple[str, str]
"""(check, subject)"""
Settled = Mapping[str, Mapping[str, str]]
"""The cells of a model, from whoever settled them."""


_RESULTS = {"unknown": 0, "na": 1, "pass": 2, "fail": 3}
_METHODS = {"attest": 0, "test": 1, "examine": 1}
_NAMES = ("unknown", "unknown", "na", "na", "attested", "pass", "fail", "fail")
"""Index: twice the result plus the method. The larger is the worse, or the better supported."""


def score_observations(
    model: Mapping[str, Any],
    observations: Iterable[Mapping[str, Any]],
    as_of: int,
    policy: Policy | None = None,
) -> dict[str, Any]:
    """Settle and score observations of a model; every number is exact.

    `model`: {subjects: {id: tier 1-4}, checks: [{id, practice, severity: critical|high|medium|low,
    max_age: days or None}], practices: [{id, control, level: 1-5, weight}], controls: [{id,
    weight}], scope: {check: [subject, ...]}, compensations: [{check, subject, by_check, expires}]};
    weights are above 0 and 1 where absent, and the last two may be absent. `observations`: {check,
    subject, result: pass|fail|unknown|na, method: test|examine|attest, at, source}, read once, in
    any order. `at`, `as_of` and `expires` are day numbers; a compensation has ended on the day it
    expires. `policy` is that of frameworks/policy.yml unless given.

    Returns {cells: {check: {subject: pass|fail|unknown|na|attested|compensated}}, lo, hi, state:
    {control: assessed|not_assessed|not_applicable}, conflicts: [[check, subject], ...]}; lo and hi
    are {check, practice, control: {id: fraction as text, None where nothing applies}, total, level:
    {control: the highest level, 0-5, that it does not stand in the way of, None where nothing
    applies}, total_level: 0-5}. A conflict is a cell of which sources say pass and fail. Raises
    InputError where the model or an observation is wrong."""
    typed_model = read_model(model)
    constants = policy or shipped_policy()
    cells, conflicts = settle(typed_model, observations, whole(as_of, "as_of"))
    return {"cells": cells, **scored(typed_model, cells, constants), "conflicts": conflicts}


def settle(
    model: Model, observations: Iterable[Mapping[str, Any]], as_of: int
) -> tuple[Cells, list[list[str]]]:
    """Return the status of every cell in scope, and the cells of which sources contradict each
    other.
    """
    newest = _newest(model, observations, as_of)
    cells: Cells = {}
    conflicts: list[list[str]] = []
    for check, subjects in model.scope.items():
        max_age = model.checks[check].max_age
        oldest = None if max_age is None else as_of - max_age
        statuses = dict.fromkeys(subjects, 0)
        passing: set[str] = set()
        for codes in newest[check].values():
            for subject, code in codes.items():
                if subject not in statuses:
                    continue
                status = code & 7
                if status < 6 and oldest is not None and code >> 3 < oldest:
                    continue  # a stale pass says nothing, a stale failure still fails
                if len(newest[check]) > 1 and status in (4, 5):
                    passing.add(subject)
                if status > statuses[subject]:
                    statuses[subject] = status
        conflicts += [[check, s] for s in subjects if s in passing and statuses[s] >= 6]
        cells[check] = {subject: _NAMES[status] for subject, status in statuses.items()}
    _compensate(model, cells, as_of)
    return cells, conflicts


def _newest(
    model: Model, observations: Iterable[Mapping[str, Any]], as_of: int
) -> dict[str, dict[str, dict[str, int]]]:
    """Return check -> source -> subject -> the newest statement: day * 8 + result and method. Of
    equal days the worst counts.
    """
    newest: dict[str, dict[str, dict[str, int]]] = {c: defaultdict(dict) for c in model.checks}
    for number, observation in enumerate(observations, start=1):
        try:
            result, at = _RESULTS[observation["result"]], observation["at"]
            code = at * 8 + 2 * result + _METHODS[observation["method"]]
            check, subject, source = (
                observation["check"],
                observation["subject"],
                observation["source"],
            )
            if type(at) is not int:
                raise TypeError(f"at: {at!r} is not a whole number")
            if not result or at > as_of or check not in newest:
                continue
            codes = newest[check][source]
            if code > codes.get(subject, code - 1):
                codes[subject] = code
        except (KeyError, TypeError) as error:
            raise InputError(f"cannot be read: {error}", f"observation {number}") from error
    return newest


def _compensate(model: Model, cells: Cells, as_of: int) -> None:
    """Mark a failure as compensated if another check passes; compensated results prove nothing
    themselves.
    """
    keys = [
        key
        for key, compensations in model.compensations.items()
        if cells[key[0]].get(key[1]) == "fail"
        and any(as_of < c.expires and cells[c.by].get(key[1]) == "pass" for c in compensations)
    ]
    for check, subject in keys:
        cells[check][subject] = "compensated"


def scored(model: Model, cells: Cells, policy: Policy) -> dict[str, Any]:
    """Return lo, hi and state of settled cells."""
    tallies: dict[str, list[Tally]] = {c: [] for c in model.checks}
    for tally in tallies_of(model, cells):
        tallies[tally.check].append(tally)
    checks = {
        c.id: score_check(c.id, c.severity == "critical", tallies[c.id], policy)
        for c in model.checks.values()
    }
    of_control, of_practice = model.practices_of(), model.checks_of()
    practices: dict[str, PracticeScore | None] = {}
    for name, check_ids in of_practice.items():
        level = model.practices[name].level
        entries = [
            Entry(level, policy.severity_weights[model.checks[c].severity], checks[c])
            for c in check_ids
            if checks[c].applicable
        ]
        practices[name] = practice_of(level, entries, policy) if entries else None
    sides = {name: _side(model, checks, practices, policy, name) for name in ("lo", "hi")}
    state = {
        control: state_of(checks[c] for p in of_control[control] for c in of_practice[p])
        for control in model.controls
    }
    return {**sides, "state": state}


def _side(
    model: Model,
    checks: Mapping[str, CheckScore],
    practices: Mapping[str, PracticeScore | None],
    policy: Policy,
    side: str,
) -> dict[str, Any]:
    """Return one end of every interval."""
    check = {c: getattr(s, side) if s.applicable else None for c, s in checks.items()}
    practice = {name: getattr(p, side) if p else None for name, p in practices.items()}
    control: dict[str, Fraction | None] = {}
    level: dict[str, int | None] = {}
    for name, practice_ids in model.practices_of().items():
        pairs = [(model.practices[n].weight, p) for n in practice_ids if (p := practices[n])]
        values = [(weight, getattr(p, side)) for weight, p in pairs]
        control[name] = mean(values) if values else None
        marks = [(p.level, getattr(p, side)) for _, p in pairs]
        level[name] = permits(marks, policy) if marks else None
    control_values = [(model.controls[c], v) for c, v in control.items() if v is not None]
    existing = [model.practices[name].level for name, p in practices.items() if p]
    judged = highest_judged(existing, [p.level for p in model.practices.values()])
    texts = {
        k: _texts(v) for k, v in (("check", check), ("practice", practice), ("control", control))
    }
    total = str(mean(control_values)) if control_values else None
    total_level = min((judged, *(n for n in level.values() if n is not None)))
    return {**texts, "total": total, "level": level, "total_level": total_level}


def _texts(values: Mapping[str, Fraction | None]) -> dict[str, str | None]:
    return {name: None if value is None else str(value) for name, value in values.items()}


def roadmap(
    model: Mapping[str, Any],
    cells: Mapping[str, Mapping[str, str]],
    actions: Mapping[str, Mapping[str, Any]],
    policy: Policy | None = None,
) -> list[dict[str, Any]]:
    """Order actions by what each adds to the total of lo for its effort, all scored again after
    every pick.

    `model` as for `score_observations`; `cells` {check: {subject: status}} as it returns them,
    unknown where one in scope is missing; `actions` {id: {effort: a number above 0, cells: [[check,
    subject], ...]}}, which turns those cells to pass, also those that did not apply. Returns [{id,
    effort, gain, total}] in the order of picks, one for every action; gain and total (after the
    pick) are fractions as text, and the gains add up exactly. Ties: the larger gain, then the
    smaller effort, then the id. Raises InputError where the model, a cell or an action is wrong.
    """
    typed_model = read_model(model)
    all_cells = _complete(typed_model, cells)
    constants = policy or shipped_policy()
    efforts = {
        name: exact(value_of(action, "effort", f"actions: {name}"), f"actions: {name}: effort")
        for name, action in actions.items()
    }
    todo = _Todo(
        typed_model,
        all_cells,
        {n: _cells_of(n, action, all_cells) for n, action in actions.items()},
    )
    changes = {name: todo.change(name) for name in efforts}
    state = State(
        _tree(typed_model, constants), tallies_of(typed_model, all_cells), constants, ceiling=0
    )
    total, picks = state.total, []
    plain_actions = {name: _action(name, effort) for name, effort in efforts.items()}
    for action, gain, _ in in_order(state, plain_actions, changes, todo.complete):
        total += gain
        effort = str(efforts[action.id])
        picks.append({"id": action.id, "effort": effort, "gain": str(gain), "total": str(total)})
    return picks


def _complete(model: Model, cells: Settled) -> dict[str, Mapping[str, str]]:
    """Refuse cells that the model lacks; add cells in scope without a status, as unknown."""
    complete: dict[str, Mapping[str, str]] = {}
    for check, statuses in cells.items():
        if check not in model.checks:
            raise InputError(f"{check!r} is not known", "cells")
        for name in (s for s in statuses if s not in model.tiers):
            raise InputError(f"{name!r} is not known", f"cells: {check}")
        for status in set(statuses.values()) - STATUSES.keys():
            raise InputError(f"{status!r} is not a status", f"cells: {check}")
    for check, subjects in model.scope.items():
        statuses = cells.get(check, {})
        missing = [s for s in subjects if s not in statuses]
        complete[check] = {**statuses, **dict.fromkeys(missing, "unknown")} if missing else statuses
    return complete


def _cells_of(name: str, action: Mapping[str, Any], cells: Settled) -> list[Cell]:
    """Return the cells of an action, each once."""
    place = f"actions: {name}"
    pairs = []
    for cell in value_of(action, "cells", place):
        try:
            check, subject = cell
            cells[check][subject]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{cell!r} is no cell", place) from error
        pairs.append((check, subject))
    return list(dict.fromkeys(pairs))


def _tree(model: Model, policy: Policy) -> Tree:
    keys = {p.id: (p.id, p.level) for p in model.practices.values()}
    checks = {
        c.id: Part(keys[c.practice], policy.severity_weights[c.severity], c.severity == "critical")
        for c in model.checks.values()
    }
    practices = {keys[p.id]: (p.control, p.weight) for p in model.practices.values()}
    return Tree(checks, practices, model.controls)


def _action(name: str, effort: Fraction) -> Action:
    return Action(name, name, "", IMPLEMENT, False, effort, (), (), 0)


class _Todo:
    """The remaining cells of every action: a cell that several share turns to pass once."""

    def __init__(self, model: Model, cells: Settled, actions: Mapping[str, Iterable[Cell]]) -> None:
        self._tiers, self._cells = model.tiers, cells
        self._open_cells = {
            name: {(c, s): None for c, s in pairs if cells[c][s] != Status.PASS}
            for name, pairs in actions.items()
        }
        self._sharing: dict[Cell, list[str]] = defaultdict(list)
        for name, pairs in self._open_cells.items():
            for cell in pairs:
                self._sharing[cell].append(name)

    def change(self, name: str) -> Change:
        """Return the cells that an action turns to pass, by check."""
        counts: dict[str, Counter[tuple[Status, int, int]]] = defaultdict(Counter)
        for check, subject in self._open_cells[name]:
            tier = self._tiers[subject]
            counts[check][STATUSES[self._cells[check][subject]], tier, tier] += 1
        return {check: tuple(sorted(kinds.items())) for check, kinds in sorted(counts.items())}

    def complete(self, name: str) -> dict[str, Change]:
        """Remove the cells of a finished action from the others; return the remaining changes of
        these.
        """
        names: dict[str, None] = {}
        for cell in self._open_cells.pop(name):
            for other in self._sharing.pop(cell):
                if other in self._open_cells:
                    del self._open_cells[other][cell]
                    names[other] = None
        return {other: self.change(other) for other in names}

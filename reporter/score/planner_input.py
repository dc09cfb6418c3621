"""Order of actions for any model. In: a model, its settled cells and actions, as plain data. Out:
the picks in order, exact gains.

The order is that of `plan`: a model is a tree of checks like the enterprise. Its actions may share
cells and may make something apply.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from reporter.errors import InputError
from reporter.model.assessment import Policy
from reporter.model.roadmap import IMPLEMENT, Action
from reporter.model.scores import Status
from reporter.score.input import (
    STATUSES,
    Model,
    exact,
    read_model,
    shipped_policy,
    tallies_of,
    value_of,
)
from reporter.score.planner import in_order
from reporter.score.state import Change, Part, State, Tree

Cell = tuple[str, str]
"""(check, subject)"""
Cells = Mapping[str, Mapping[str, str]]
"""check -> subject -> status"""


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


def _complete(model: Model, cells: Cells) -> dict[str, Mapping[str, str]]:
    """Refuse cells that the model lacks; add cells in scope without a status, as unknown."""
    complete: dict[str, Mapping[str, str]] = {}
    for check, statuses in cells.items():
        if check not in model.checks:
            raise InputError(f"{check!r} is not known", "cells")
        for name in (s for s in statuses if s not in model.tiers):
            raise InputError(f"{name!r} is not known", f"cells: {check}")
        for status in set(statuses.values()) - STATUSES.keys():
            raise InputError(f"{status!r} is no status", f"cells: {check}")
    for check, subjects in model.scope.items():
        statuses = cells.get(check, {})
        missing = [s for s in subjects if s not in statuses]
        complete[check] = {**statuses, **dict.fromkeys(missing, "unknown")} if missing else statuses
    return complete


def _cells_of(name: str, action: Mapping[str, Any], cells: Cells) -> list[Cell]:
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

    def __init__(self, model: Model, cells: Cells, actions: Mapping[str, Iterable[Cell]]) -> None:
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

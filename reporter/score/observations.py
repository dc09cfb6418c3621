"""Observations to cells to levels, for any model. In: plain data. Out: plain data, fractions as
text.

Cells are settled by 2.1 of the scoring method, whatever the order of the observations; scored by
3.1 to 3.5."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from reporter.errors import InputError
from reporter.model.assessment import Policy
from reporter.model.scores import CheckScore, PracticeScore, Tally
from reporter.score.input import Model, read_model, shipped_policy, tallies_of, whole
from reporter.score.levels import highest_judged, permits
from reporter.score.scorer import Entry, mean, practice_of, score_check, state_of

Cells = dict[str, dict[str, str]]
"""check -> subject -> status"""

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
                raise TypeError(f"at: {at!r} is no whole number")
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

"""How fast are observations settled and scored, and a roadmap made?

usage: python benchmarks/scoring.py [AGENTS [CHECKS]]      (20000 120)

One observation a cell, half of the checks critical or high; 30 controls with four practices each. Prints seconds of CPU and
the peak memory of the process, then the same for a quarter of the agents and the growth exponent between the two.
"""

from __future__ import annotations

import math
import random
import resource
import sys
import time
from collections.abc import Iterator
from typing import Any

from reporter.score import roadmap, score_observations

ACTIONS = 200


def main() -> None:
    """Measure a quarter of the agents, then all."""
    agents, checks = (int(a) for a in (*sys.argv[1:3], *("20000", "120")[len(sys.argv) - 1 :]))
    small, large = (_measure(n, checks) for n in (agents // 4, agents))
    print(f"growth exponent of scoring: {math.log(large / small, 4):.2f}")


def _measure(agents: int, checks: int) -> float:
    dice = random.Random(7)
    model = _model(dice, agents, checks)
    start = time.process_time()
    found = score_observations(model, _observations(dice, model), 100)
    scoring = time.process_time() - start
    cells = [[c, s] for c, own in found["cells"].items() for s, v in own.items() if v != "pass"]
    dice.shuffle(cells)
    share = len(cells) // ACTIONS
    actions = {
        f"r{n}": {"effort": dice.choice([1, 3, 8]), "cells": cells[n * share : (n + 1) * share]}
        for n in range(ACTIONS)
    }
    few = {n: {**a, "cells": [c for c in a["cells"] if c[0] in _some(n, checks)]} for n, a in actions.items()}  # fmt: skip
    times = []
    for given in (actions, few):
        start = time.process_time()
        picks = roadmap(model, found["cells"], given)
        times.append(time.process_time() - start)
        assert len(picks) == ACTIONS
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{agents} agents x {checks} checks: settled and scored in {scoring:.1f} s, {ACTIONS} actions in {times[1]:.1f} s "
        f"(each over every check: {times[0]:.1f} s), peak {peak} MB"
    )
    return scoring


def _some(action: str, checks: int) -> set[str]:
    """The four checks that an action is about."""
    return {f"k{(int(action[1:]) * 7 + n) % checks}" for n in range(4)}


def _model(dice: random.Random, agents: int, checks: int) -> dict[str, Any]:
    subjects = {f"agent-{n}": dice.choice((1, 2, 2, 3, 4)) for n in range(agents)}
    practices = [{"id": f"p{n}", "control": f"c{n % 30}", "level": n // 30 + 1, "weight": 1} for n in range(120)]  # fmt: skip
    severities = ("critical", "high", "medium", "low")
    made = [
        {
            "id": f"k{n}",
            "practice": f"p{n % 120}",
            "severity": severities[n % 4],
            "max_age": 90,
        }
        for n in range(checks)
    ]
    return {
        "subjects": subjects,
        "controls": [{"id": f"c{n}", "weight": 1 + n % 3} for n in range(30)],
        "practices": practices,
        "checks": made,
        "scope": {c["id"]: list(subjects) for c in made},
    }


def _observations(dice: random.Random, model: dict[str, Any]) -> Iterator[dict[str, Any]]:
    results = ("pass",) * 8 + ("fail", "na")
    for check, subjects in model["scope"].items():
        for subject in subjects:
            yield {
                "check": check,
                "subject": subject,
                "result": results[int(dice.random() * 10)],
                "method": "test",
                "at": 95,
                "source": "engine",
            }


if __name__ == "__main__":
    main()

"""score_observations and roadmap: worked examples, an independent settlement, invariants, every gain by full scoring."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_models import cases

from reporter.errors import InputError
from reporter.score import roadmap, score_observations

Data = dict[str, Any]


def seen(check: str, subject: str, result: str, at: int = 0, source: str = "s", method: str = "test") -> Data:  # fmt: skip
    return {"check": check, "subject": subject, "result": result, "method": method, "at": at, "source": source}  # fmt: skip


def model(
    tiers: Data,
    checks: list[tuple[str, str, str]],
    levels: dict[str, int],
    scope: Data,
    **more: Any,
) -> Data:
    """A model in which every practice is named as its control, by checks (id, practice, severity)."""
    return {
        "subjects": tiers,
        "checks": [{"id": c, "practice": p, "severity": s, "max_age": 90} for c, p, s in checks],
        "practices": [
            {"id": p, "control": p[:2], "level": n, "weight": 1} for p, n in levels.items()
        ],
        "controls": [{"id": c, "weight": 1} for c in dict.fromkeys(p[:2] for p in levels)],
        "scope": scope,
        **more,
    }


# The worked examples of docs/method.md

CELLS = model(
    {"A1": 3, "A2": 2, "A3": 1}, [("K1", "P", "critical"), ("K2", "P", "medium")], {"P": 1},
    {"K1": ["A1", "A2", "A3"], "K2": ["A1", "A2", "A3"]},
)  # fmt: skip
SEEN = [
    seen("K1", "A1", "pass"), seen("K1", "A2", "fail"), seen("K2", "A1", "pass", method="attest"),
    seen("K2", "A2", "pass"), seen("K2", "A3", "na"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("observations", "as_of", "lo", "hi"),
    [
        (SEEN, 0, "62/105", "27/35"),
        (SEEN[1:], 0, "2/15", "27/35"),
        ([seen("K1", "A1", "fail"), seen("K1", "A2", "pass"), seen("K1", "A3", "pass"), *SEEN[2:]], 0, "10/21", "1/2"),
        ([], 0, "0", "1"),
        (SEEN, 90, "62/105", "27/35"),
        (SEEN, 91, "0", "27/35"),
    ],
    ids=["all", "one deleted", "critical failure", "nothing", "on the last day", "a day later"],
)  # fmt: skip
def test_cells_to_a_practice(observations: list[Data], as_of: int, lo: str, hi: str) -> None:
    found = score_observations(CELLS, observations, as_of)
    assert (found["lo"]["practice"]["P"], found["hi"]["practice"]["P"]) == (lo, hi)
    assert (found["lo"]["total"], found["hi"]["total"]) == (lo, hi)
    assert found["state"] == {"P": "assessed" if observations else "not_assessed"}


def test_the_cells_and_checks_of_the_first_example() -> None:
    found = score_observations(CELLS, SEEN, 0)
    assert found["cells"] == {
        "K1": {"A1": "pass", "A2": "fail", "A3": "unknown"},
        "K2": {"A1": "attested", "A2": "pass", "A3": "na"},
    }
    assert found["lo"]["check"] == {"K1": "4/7", "K2": "2/3"}
    assert found["hi"]["check"] == {"K1": "5/7", "K2": "1"}
    assert (found["lo"]["level"], found["hi"]["total_level"]) == ({"P": 1}, 1)


@pytest.mark.parametrize(
    ("passes", "level", "score"),
    [
        ((19, 18, 14, 8), 3, "59/80"),
        ((19, 17, 14, 8), 2, "29/40"),
        ((20, 20, 20, 20), 5, "1"),
        ((10, 20, 20, 20), 0, "7/8"),
        ((11, 20, 20, 20), 1, "71/80"),
    ],
)
def test_level_of_a_control_at_the_edges(passes: tuple[int, ...], level: int, score: str) -> None:
    agents = {f"a{n}": 1 for n in range(20)}
    names = {f"c1P{n}": n for n in range(1, 5)}
    checks = [(f"k{n}", name, "low") for name, n in names.items()]
    given = model(agents, checks, names, {c: list(agents) for c, _, _ in checks})
    observations = [
        seen(c, a, "pass" if n < passes[k] else "fail")
        for k, (c, _, _) in enumerate(checks)
        for n, a in enumerate(agents)
    ]
    found = score_observations(given, observations, 0)
    assert (found["lo"]["level"]["c1"], found["lo"]["control"]["c1"]) == (level, score)
    assert found["lo"] == found["hi"]


@pytest.mark.parametrize(
    ("levels", "total"), [([3] * 9 + [2], 2), ([3] * 9 + [0], 0), ([3, 3, 3], 3)]
)
def test_level_of_the_total(levels: list[int], total: int) -> None:
    names = {f"{c:02d}P{n}": n for c in range(len(levels)) for n in (1, 2, 3)}
    checks = [(f"k{name}", name, "low") for name in names]
    given = model({"a": 1}, checks, names, {c: ["a"] for c, _, _ in checks})
    observations = [
        seen(f"k{name}", "a", "pass" if n <= levels[int(name[:2])] else "fail")
        for name, n in names.items()
    ]
    assert score_observations(given, observations, 0)["lo"]["total_level"] == total


ROLL_UP = model(
    {"A": 3, "B": 3, "C": 4, "ORG": 1},
    [("K1", "C1", "critical"), ("K2", "C2", "medium"), ("K3", "C3", "high")], {"C1": 1, "C2": 1, "C3": 1},
    {"K1": ["A", "B", "C"], "K2": ["A", "B", "C"], "K3": ["ORG"]},
) | {"controls": [{"id": "C1", "weight": 2}, {"id": "C2"}, {"id": "C3"}]}  # fmt: skip
ROLL_UP_SEEN = [
    seen("K1", "A", "fail"), seen("K1", "B", "pass"), seen("K1", "C", "pass"), seen("K2", "A", "fail"), seen("K2", "C", "pass"),
]  # fmt: skip


def test_roll_up_and_roadmap() -> None:
    found = score_observations(ROLL_UP, ROLL_UP_SEEN, 0)
    assert found["lo"]["control"] == {"C1": "1/2", "C2": "1/2", "C3": "0"}
    assert found["hi"]["control"] == {"C1": "1/2", "C2": "3/4", "C3": "1"}
    assert (found["lo"]["total"], found["hi"]["total"]) == ("3/8", "11/16")
    assert (found["lo"]["level"], found["hi"]["level"]) == ({"C1": 0, "C2": 0, "C3": 0}, {"C1": 0, "C2": 1, "C3": 5})  # fmt: skip
    assert found["state"] == {"C1": "assessed", "C2": "assessed", "C3": "not_assessed"}
    actions = {
        "r1": {"effort": 4, "cells": [["K1", "A"]]}, "r2": {"effort": 2, "cells": [["K2", "A"]]},
        "r3": {"effort": 1, "cells": [["K2", "B"]]}, "r4": {"effort": 5, "cells": [["K3", "ORG"]]},
    }  # fmt: skip
    picks = roadmap(ROLL_UP, found["cells"], actions)
    assert [(p["id"], p["gain"], p["total"]) for p in picks] == [
        ("r1", "1/4", "5/8"), ("r3", "1/16", "11/16"), ("r4", "1/4", "15/16"), ("r2", "1/16", "1"),
    ]  # fmt: skip


TIMES = model(
    {"A1": 3, "A2": 1}, [("K", "P", "critical"), ("Z", "Q", "low")], {"P": 1, "Q": 1}, {"K": ["A1", "A2"], "Z": ["A1"]},
    compensations=[{"check": "K", "subject": "A1", "by_check": "Z", "expires": 100}],
)  # fmt: skip


@pytest.mark.parametrize(
    ("observations", "as_of", "lo", "hi"),
    [
        ([seen("K", "A1", "pass", method="attest"), seen("K", "A2", "pass")], 0, "3/5", "1"),
        ([seen("K", "A1", "fail"), seen("K", "A2", "pass"), seen("Z", "A1", "pass")], 0, "3/5", "3/5"),
        ([seen("K", "A1", "fail", 99), seen("K", "A2", "pass", 99), seen("Z", "A1", "pass", 99)], 99, "3/5", "3/5"),
        ([seen("K", "A1", "fail", 99), seen("K", "A2", "pass", 99), seen("Z", "A1", "pass", 99)], 100, "1/5", "1/5"),
        ([seen("K", "A1", "fail"), seen("K", "A2", "pass"), seen("Z", "A1", "pass", method="attest")], 0, "1/5", "1/5"),
    ],
    ids=["attested", "compensated", "on its last day", "expired", "by a word only"],
)  # fmt: skip
def test_attested_and_compensated(observations: list[Data], as_of: int, lo: str, hi: str) -> None:
    found = score_observations(TIMES, observations, as_of)
    assert (found["lo"]["practice"]["P"], found["hi"]["practice"]["P"]) == (lo, hi)


@pytest.mark.parametrize(
    ("observations", "status", "conflicts"),
    [
        ([seen("Z", "A1", "pass", 1), seen("Z", "A1", "unknown", 2)], "pass", 0),
        ([seen("Z", "A1", "fail", 1), seen("Z", "A1", "pass", 2)], "pass", 0),
        ([seen("Z", "A1", "fail", 1), seen("Z", "A1", "pass", 2, "t")], "fail", 1),
        ([seen("Z", "A1", "pass", 1), seen("Z", "A1", "fail", 1)], "fail", 0),
        ([seen("Z", "A1", "pass", 200)], "unknown", 0),
        ([seen("Z", "A1", "na", 1), seen("Z", "A1", "pass", 1, "t")], "pass", 0),
        ([seen("Z", "A1", "pass", 1, method="attest"), seen("Z", "A1", "pass", 1, method="examine")], "pass", 0),
        ([seen("Z", "A1", "pass", 1, method="attest"), seen("Z", "A1", "pass", 0, "t")], "pass", 0),
        ([seen("Z", "A1", "pass", 2, method="attest"), seen("Z", "A1", "pass", 1)], "attested", 0),
        ([seen("Z", "A1", "fail", -200)], "fail", 0),
        ([seen("Z", "A1", "pass", -200), seen("Z", "A1", "fail", -300)], "unknown", 0),
        ([seen("Z", "A2", "fail"), seen("nowhere", "A1", "fail")], "unknown", 0),
    ],
)  # fmt: skip
def test_what_a_cell_becomes(observations: list[Data], status: str, conflicts: int) -> None:
    found = score_observations(TIMES, observations, 50)
    assert found["cells"]["Z"] == {"A1": status}
    assert len(found["conflicts"]) == conflicts


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"subjects": {"A1": 5, "A2": 1}}, "subjects: A1: tier: 5 is not a whole number from 1 to 4"),
        ({"controls": []}, "practices: P: control: 'P' is not known"),
        ({"scope": {"K": ["A9"]}}, "scope: K: 'A9' is not known"),
        ({"scope": {"X": []}}, "scope: 'X' is not known"),
        ({"controls": [{"id": "P", "weight": 0}, {"id": "Q"}]}, "controls: P: weight: 0 is not a number above 0"),
        ({"controls": [{"id": "P"}, {"id": "P"}]}, "controls: 'P' appears twice"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_model_is_named(change: Data, said: str) -> None:
    with pytest.raises(InputError) as raised:
        score_observations(TIMES | change, [], 0)
    assert str(raised.value) == said


def test_a_mistake_in_an_observation_or_action_is_named() -> None:
    with pytest.raises(InputError, match=r"observation 2: cannot be read: 'maybe'"):
        score_observations(TIMES, [seen("K", "A1", "pass"), seen("K", "A1", "maybe")], 0)
    cells = score_observations(TIMES, [], 0)["cells"]
    for action, said in (
        ({"effort": 1, "cells": [["Z", "A2"]]}, "no cell"),
        ({"effort": 0, "cells": []}, "effort"),
    ):
        with pytest.raises(InputError, match=said):
            roadmap(TIMES, cells, {"r": action})


# Random models against a settlement written from the text of the method


def _random_model(dice: random.Random) -> Data:
    subjects = {f"a{n}": dice.randint(1, 4) for n in range(dice.randint(1, 5))}
    controls = [{"id": f"c{n}", "weight": dice.choice([1, 2, "1/3"])} for n in range(dice.randint(1, 3))]  # fmt: skip
    practices = [
        {"id": f"p{n}", "control": dice.choice(controls)["id"], "level": dice.randint(1, 5), "weight": dice.choice([1, 3])}
        for n in range(dice.randint(1, 6))
    ]  # fmt: skip
    severities = ["critical", "high", "medium", "low"]
    checks = [
        {"id": f"k{n}", "practice": dice.choice(practices)["id"], "severity": dice.choice(severities), "max_age": dice.choice([None, 0, 5])}
        for n in range(dice.randint(1, 7))
    ]  # fmt: skip
    scope = {c["id"]: [s for s in subjects if dice.random() < 0.8] for c in checks}
    compensations = [
        {"check": dice.choice(checks)["id"], "subject": dice.choice(list(subjects)),
         "by_check": dice.choice(checks)["id"], "expires": dice.randint(8, 12)}
        for _ in range(dice.randint(0, 4))
    ]  # fmt: skip
    return {"subjects": subjects, "controls": controls, "practices": practices, "checks": checks, "scope": scope, "compensations": compensations}  # fmt: skip


def _random_observations(dice: random.Random, given: Data) -> list[Data]:
    return [
        seen(
            dice.choice(given["checks"])["id"], dice.choice(list(given["subjects"])),
            dice.choice(["pass", "pass", "fail", "na", "unknown"]), dice.randint(0, 12), dice.choice("st"),
            dice.choice(["test", "examine", "attest"]),
        )
        for _ in range(dice.randint(0, 30))
    ]  # fmt: skip


def _settled(given: Data, observations: list[Data], as_of: int) -> dict[str, dict[str, str]]:
    order = ["unknown", "na", "pass", "fail"]
    cells: dict[str, dict[str, str]] = {}
    for check in given["checks"]:
        cells[check["id"]] = {}
        for subject in given["scope"][check["id"]]:
            mine = [
                o for o in observations
                if (o["check"], o["subject"]) == (check["id"], subject) and o["at"] <= as_of and o["result"] != "unknown"
            ]  # fmt: skip
            words: list[tuple[int, list[str]]] = []
            for source in {o["source"] for o in mine}:
                own = [o for o in mine if o["source"] == source]
                newest = [o for o in own if o["at"] == max(x["at"] for x in own)]
                worst = max(order.index(o["result"]) for o in newest)
                age = as_of - newest[0]["at"]
                if check["max_age"] is not None and age > check["max_age"] and worst != 3:
                    worst = 0
                words.append((worst, [o["method"] for o in newest if order.index(o["result"]) == worst]))  # fmt: skip
            status = order[max((w for w, _ in words), default=0)]
            methods = {m for w, found in words for m in found if order[w] == "pass"}
            cells[check["id"]][subject] = (
                "attested" if status == "pass" and methods == {"attest"} else status
            )
    before = {c: dict(found) for c, found in cells.items()}
    for row in given["compensations"]:
        held = before[row["by_check"]].get(row["subject"]) == "pass" and as_of < row["expires"]
        if held and before[row["check"]].get(row["subject"]) == "fail":
            cells[row["check"]][row["subject"]] = "compensated"
    return cells


SEEDS = st.integers(0, 10**9)


@cases(300)
@given(SEEDS)
def test_cells_are_settled_as_the_method_says_in_any_order(seed: int) -> None:
    dice = random.Random(seed)
    given_model = _random_model(dice)
    observations = _random_observations(dice, given_model)
    as_of = dice.randint(6, 12)
    found = score_observations(given_model, observations, as_of)
    assert found["cells"] == _settled(given_model, observations, as_of)
    again = [*observations, *dice.sample(observations, len(observations) // 2)]
    dice.shuffle(again)
    assert score_observations(given_model, iter(again), as_of) | {"conflicts": 0} == found | {"conflicts": 0}  # fmt: skip


def _numbers(found: Data, side: str) -> list[Fraction | int]:
    own = found[side]
    parts = [v for k in ("check", "practice", "control") for v in own[k].values()]
    return [*(Fraction(p) for p in [*parts, own["total"]] if p is not None), *(n for n in own["level"].values() if n is not None), own["total_level"]]  # fmt: skip


@cases(200)
@given(SEEDS)
def test_more_evidence_narrows_and_better_evidence_never_lowers(seed: int) -> None:
    dice = random.Random(seed)
    given_model = _random_model(dice) | {"compensations": []}
    observations = [o for o in _random_observations(dice, given_model) if o["result"] != "na"]
    found = score_observations(given_model, observations, 12)
    assert all(a <= b for a, b in zip(_numbers(found, "lo"), _numbers(found, "hi"), strict=True))
    unknown = [(c, s) for c, own in found["cells"].items() for s, v in own.items() if v == "unknown"]  # fmt: skip
    if unknown:
        check, subject = dice.choice(unknown)
        told = [*observations, seen(check, subject, dice.choice(["pass", "fail"]), 12, "new")]
        after = score_observations(given_model, told, 12)
        assert all(a <= b for a, b in zip(_numbers(found, "lo"), _numbers(after, "lo"), strict=True))  # fmt: skip
        assert all(a >= b for a, b in zip(_numbers(found, "hi"), _numbers(after, "hi"), strict=True))  # fmt: skip
    later = score_observations(given_model, observations, 40)
    assert all(a >= b for a, b in zip(_numbers(found, "lo"), _numbers(later, "lo"), strict=True))


def _total(given: Data, cells: Data) -> Fraction:
    """The total of lo of cells, by scoring observations that give them."""
    results = {"compensated": "pass", "attested": "pass", "unknown": "unknown"}
    checks = [c | {"max_age": None} for c in given["checks"]]
    plain = given | {"checks": checks, "compensations": []}
    observations = [
        seen(c, s, results.get(v, v), method="attest" if v in ("attested", "compensated") else "test")
        for c, own in cells.items()
        for s, v in own.items()
    ]  # fmt: skip
    return Fraction(score_observations(plain, observations, 0)["lo"]["total"] or 0)


@cases(150)
@given(SEEDS)
def test_every_gain_is_that_of_scoring_again(seed: int) -> None:
    dice = random.Random(seed)
    given_model = _random_model(dice)
    cells = score_observations(given_model, _random_observations(dice, given_model), 12)["cells"]
    every = [[c, s] for c, own in cells.items() for s, v in own.items() if v != "na"]
    actions = {
        f"r{n}": {"effort": dice.choice([1, 3, 8, "0.5"]), "cells": dice.sample(every, dice.randint(0, len(every)))}
        for n in range(dice.randint(0, 5))
    }  # fmt: skip
    picks = roadmap(given_model, cells, actions)
    assert sorted(p["id"] for p in picks) == sorted(actions)
    now, left = {c: dict(own) for c, own in cells.items()}, dict(actions)
    for pick in picks:
        gains = {}
        for name, action in left.items():
            after = {c: dict(own) for c, own in now.items()}
            for check, subject in action["cells"]:
                after[check][subject] = "pass"
            gain = _total(given_model, after) - _total(given_model, now)
            gains[name] = (-gain / Fraction(str(action["effort"])), -gain, Fraction(str(action["effort"])), name)  # fmt: skip
        assert pick["id"] == min(gains, key=lambda n: gains[n])
        assert Fraction(pick["gain"]) == -gains[pick["id"]][1] >= 0
        for check, subject in left.pop(pick["id"])["cells"]:
            now[check][subject] = "pass"
        assert Fraction(pick["total"]) == _total(given_model, now)
    shuffled = dict(sorted(actions.items(), key=lambda _: dice.random()))
    assert roadmap(given_model, cells, shuffled) == picks


def test_two_criticals_under_one_cap_count_together() -> None:
    given_model = model({"A": 4, "B": 4, "C": 1}, [("K", "P", "critical")], {"P": 1}, {"K": ["A", "B", "C"]})  # fmt: skip
    cells = {"K": {"A": "fail", "B": "fail", "C": "pass"}}
    both = {"one": {"effort": 2, "cells": [["K", "A"], ["K", "B"]]}}
    apart = {n: {"effort": 1, "cells": [["K", n]]} for n in "AB"}
    assert roadmap(given_model, cells, both)[0]["gain"] == "16/17"
    gains = [Fraction(p["gain"]) for p in roadmap(given_model, cells, apart)]
    assert gains == [Fraction(1, 2) - Fraction(1, 17), Fraction(1, 2)]
    assert list(itertools.accumulate(gains))[-1] == Fraction(16, 17)

"""Odd and wrong models, observations and actions for the scorer: each is scored by the method or refused by name."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from score_models import POLICY

from reporter.errors import InputError
from reporter.score import roadmap, score_observations

Data = dict[str, Any]
MODEL: Data = {
    "subjects": {"A": 3, "B": 1},
    "controls": [{"id": "C"}, {"id": "D"}],
    "practices": [{"id": "P", "control": "C", "level": 1}, {"id": "Q", "control": "C", "level": 2}],
    "checks": [{"id": "K", "practice": "P", "severity": "critical"}, {"id": "L", "practice": "Q", "severity": "low"}],
    "scope": {"K": ["A", "B"], "L": ["A"]},
}  # fmt: skip


def seen(check: str = "K", subject: str = "A", result: str = "pass", **more: Any) -> Data:
    return {"check": check, "subject": subject, "result": result, "method": "test", "at": 0, "source": "s", **more}  # fmt: skip


def without(row: Data, key: str) -> Data:
    return {k: v for k, v in row.items() if k != key}


def first(kind: str, **more: Any) -> Data:
    """The model with something else in the first row of a kind; None leaves a key out."""
    row = {k: v for k, v in {**MODEL[kind][0], **more}.items() if v is not None}
    return {kind: [row, *MODEL[kind][1:]]}


MADE = {"check": "K", "subject": "A", "by_check": "L", "expires": 9}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"subjects": {"A": 0, "B": 1}}, "subjects: A: tier: 0 is not a whole number from 1 to 4"),
        ({"subjects": {"A": True, "B": 1}}, "subjects: A: tier: True is not a whole number from 1 to 4"),
        ({"subjects": {"A": 2.0, "B": 1}}, "subjects: A: tier: 2.0 is not a whole number from 1 to 4"),
        (first("practices", level=6), "practices: P: level: 6 is not a whole number from 1 to 5"),
        (first("practices", level=0), "practices: P: level: 0 is not a whole number from 1 to 5"),
        (first("practices", level=None), "practices: P: level is missing"),
        (first("practices", control=None), "practices: P: control is missing"),
        (first("practices", control="X"), "practices: P: control: 'X' is not known"),
        (first("practices", weight="0/5"), "practices: P: weight: '0/5' is not a number above 0"),
        (first("practices", weight="1/0"), "practices: P: weight: '1/0' is not a number above 0"),
        (first("controls", weight=float("nan")), "controls: C: weight: nan is not a number above 0"),
        (first("controls", weight=float("inf")), "controls: C: weight: inf is not a number above 0"),
        (first("controls", weight=True), "controls: C: weight: True is not a number above 0"),
        (first("controls", weight=-1), "controls: C: weight: -1 is not a number above 0"),
        (first("controls", id=None), "controls: id is missing"),
        ({"controls": ["C", "D"]}, "controls: id is missing"),
        (first("checks", id="L"), "checks: 'L' appears twice"),
        (first("checks", practice="X"), "checks: K: practice: 'X' is not known"),
        (first("checks", severity="huge"), "checks: K: severity: 'huge' is not known"),
        (first("checks", severity=["low"]), "checks: K: severity: ['low'] is not known"),
        (first("checks", max_age=-1), "checks: K: max_age: -1 is not a whole number from 0"),
        (first("checks", max_age=1.5), "checks: K: max_age: 1.5 is not a whole number from 0"),
        (first("checks", max_age=True), "checks: K: max_age: True is not a whole number from 0"),
        ({"scope": {"X": []}}, "scope: 'X' is not known"),
        ({"scope": {"K": ["Z"]}}, "scope: K: 'Z' is not known"),
        ({"compensations": [MADE | {"check": "X"}]}, "compensations: check: 'X' is not known"),
        ({"compensations": [MADE | {"by_check": "X"}]}, "compensations: by_check: 'X' is not known"),
        ({"compensations": [MADE | {"subject": "X"}]}, "compensations: subject: 'X' is not known"),
        ({"compensations": [MADE | {"expires": 9.0}]}, "compensations: K: expires: 9.0 is not a whole number"),
        ({"compensations": [without(MADE, "expires")]}, "compensations: expires is missing"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_model_is_named(change: Data, said: str) -> None:
    with pytest.raises(InputError) as raised:
        score_observations(MODEL | change, [], 0)
    assert str(raised.value) == said


@pytest.mark.parametrize("kind", ["subjects", "controls", "practices", "checks"])
def test_a_model_without_a_part_is_refused(kind: str) -> None:
    with pytest.raises(InputError) as raised:
        score_observations(without(MODEL, kind), [], 0)
    assert str(raised.value) == f"model: {kind} is missing"


@pytest.mark.parametrize(
    ("observation", "said"),
    [
        (seen(at=1.5), "at: 1.5 is not a whole number"),
        (seen(at=1.0), "at: 1.0 is not a whole number"),
        (seen(at=True), "at: True is not a whole number"),
        (seen(at="1"), ""),
        (seen(at=None), ""),
        (seen(result="maybe"), "'maybe'"),
        (seen(result=["pass"]), ""),
        (seen(method="hearsay"), "'hearsay'"),
        (seen(result="unknown", method="hearsay"), "'hearsay'"),
        (seen(check="X", at=1.5), "at: 1.5 is not a whole number"),
        (seen(source=["s"]), ""),
        (seen(subject=["A"]), ""),
        *((without(seen(), key), f"'{key}'") for key in seen()),
        (None, ""),
    ],
)
def test_an_observation_that_cannot_be_read_is_named(observation: Any, said: str) -> None:
    with pytest.raises(InputError) as raised:
        score_observations(MODEL, [seen(), observation], 5)
    assert str(raised.value).startswith("observation 2: cannot be read: ")
    assert str(raised.value).endswith(said)


@pytest.mark.parametrize("as_of", [1.0, True, "1", None])
def test_a_day_that_is_no_whole_number_is_refused(as_of: Any) -> None:
    with pytest.raises(InputError) as raised:
        score_observations(MODEL, [], as_of)
    assert str(raised.value) == f"as_of: {as_of!r} is not a whole number"


CELLS: Data = {"K": {"A": "fail", "B": "na"}, "L": {"A": "attested"}}


@pytest.mark.parametrize(
    ("cells", "action", "said"),
    [
        ({"X": {}}, {}, "cells: 'X' is not known"),
        ({"K": {"Z": "pass"}}, {}, "cells: K: 'Z' is not known"),
        ({"K": {"A": "fine"}}, {}, "cells: K: 'fine' is not a status"),
        ({}, {"cells": [["L", "B"]]}, "actions: r: ['L', 'B'] is no cell"),
        ({}, {"cells": [["X", "A"]]}, "actions: r: ['X', 'A'] is no cell"),
        ({}, {"cells": [["K"]]}, "actions: r: ['K'] is no cell"),
        ({}, {"cells": [7]}, "actions: r: 7 is no cell"),
        ({}, {"cells": [["K", []]]}, "actions: r: ['K', []] is no cell"),
        ({}, {"cells": None}, "actions: r: cells is missing"),
        ({}, {"effort": None}, "actions: r: effort is missing"),
        ({}, {"effort": 0}, "actions: r: effort: 0 is not a number above 0"),
    ],
)
def test_a_mistake_in_cells_or_actions_is_named(cells: Data, action: Data, said: str) -> None:
    given = {k: v for k, v in {"effort": 1, "cells": [], **action}.items() if v is not None}
    with pytest.raises(InputError) as raised:
        roadmap(MODEL, CELLS | cells, {"r": given})
    assert str(raised.value) == said


def test_a_model_of_nothing_has_no_number() -> None:
    empty: Data = {"subjects": {}, "controls": [], "practices": [], "checks": []}
    side = {"check": {}, "practice": {}, "control": {}, "total": None, "level": {}, "total_level": 0}  # fmt: skip
    found = score_observations(empty, iter([seen()]), -3)
    assert found == {"cells": {}, "lo": side, "hi": side, "state": {}, "conflicts": []}
    assert roadmap(empty, {}, {}) == []


def test_what_has_no_subject_has_no_number_and_counts_nowhere() -> None:
    found = score_observations(MODEL | {"scope": {"K": ["A", "A"]}}, [seen()], 0)
    assert found["cells"] == {"K": {"A": "pass"}, "L": {}}
    assert found["state"] == {"C": "assessed", "D": "not_applicable"}
    for side in (found["lo"], found["hi"]):
        assert side["check"] == {"K": "1", "L": None}
        assert side["practice"] == {"P": "1", "Q": None}
        assert (side["control"], side["total"]) == ({"C": "1", "D": None}, "1")
        assert (side["level"], side["total_level"]) == ({"C": 5, "D": None}, 1)


@pytest.mark.parametrize("kind", ["controls", "practices"])
def test_a_weight_that_is_not_given_is_1(kind: str) -> None:
    model = MODEL | {
        "practices": [*MODEL["practices"], {"id": "R", "control": "D", "level": 1}],
        "checks": [*MODEL["checks"], {"id": "M", "practice": "R", "severity": "low"}],
        "scope": {check: ["A"] for check in "KLM"},
    }
    told = [seen(), seen("L", result="fail"), seen("M", result="fail")]
    found = score_observations(model, told, 0)
    assert (found["lo"]["control"], found["lo"]["total"]) == ({"C": "1/2", "D": "0"}, "1/4")
    row = {**model[kind][0], "weight": 1}
    assert score_observations(model | {kind: [row, *model[kind][1:]]}, told, 0) == found


def test_any_text_is_an_id() -> None:
    name = "ü 'x'\n\x00,"
    model = MODEL | {"subjects": {name: 4, "": 1}, "scope": {"K": [name, ""]}}
    found = score_observations(model, (seen(subject=s, result="fail") for s in (name, "")), 0)
    assert found["cells"]["K"] == {name: "fail", "": "fail"}
    picks = roadmap(model, found["cells"], {name: {"effort": 1, "cells": (("K", name),)}})
    assert [(p["id"], p["effort"], p["gain"], p["total"]) for p in picks] == [(name, "1", "8/9", "8/9")]  # fmt: skip


@pytest.mark.parametrize(
    ("made", "status"),
    [
        ([MADE], "compensated"),
        ([MADE | {"by_check": "K"}], "fail"),
        ([MADE | {"expires": 5}], "fail"),
        ([MADE | {"expires": 6}], "compensated"),
        ([MADE | {"expires": -6}], "fail"),
        ([MADE | {"expires": 5}, MADE], "compensated"),
        ([MADE, MADE | {"expires": 5}], "compensated"),
        ([MADE | {"by_check": "K"}, MADE, MADE], "compensated"),
        ([MADE | {"subject": "B"}], "fail"),
    ],
)
def test_one_valid_compensation_of_several_is_enough(made: list[Data], status: str) -> None:
    told = [seen(result="fail", at=5), seen("L", at=5)]
    found = score_observations(MODEL | {"compensations": made}, told, 5)
    assert found["cells"]["K"]["A"] == status


def test_failures_that_vouch_for_each_other_stay_failures() -> None:
    ring = [MADE, MADE | {"check": "L", "by_check": "K"}]
    found = score_observations(
        MODEL | {"compensations": ring}, [seen(result="fail"), seen("L", result="fail")], 0
    )
    assert found["cells"] == {"K": {"A": "fail", "B": "unknown"}, "L": {"A": "fail"}}


def test_what_is_compensated_vouches_for_nothing() -> None:
    model = MODEL | {
        "checks": [*MODEL["checks"], {"id": "M", "practice": "Q", "severity": "low"}],
        "scope": {"K": ["A"], "L": ["A"], "M": ["A"]},
        "compensations": [MADE, MADE | {"check": "L", "by_check": "M"}],
    }
    told = [seen(result="fail"), seen("L", result="fail"), seen("M")]
    found = score_observations(model, told, 0)
    assert found["cells"] == {"K": {"A": "fail"}, "L": {"A": "compensated"}, "M": {"A": "pass"}}


@pytest.mark.parametrize(
    ("told", "conflict"),
    [
        ([seen(), seen(result="fail", source="t")], True),
        ([seen(method="attest"), seen(result="fail", source="t")], True),
        ([seen(), seen(result="fail", method="attest", source="t")], True),
        ([seen(result="na"), seen(result="fail", source="t")], False),
        ([seen(result="na"), seen(source="t")], False),
        ([seen(at=-99), seen(result="fail", source="t")], True),
        ([seen("L", at=-99), seen("L", result="fail", source="t")], False),
        ([seen(result="fail"), seen("L", source="t")], False),
    ],
)
def test_sources_contradict_each_other_where_one_says_pass_and_one_fail(
    told: list[Data], conflict: bool
) -> None:
    checks = [MODEL["checks"][0], {**MODEL["checks"][1], "max_age": 9}]
    found = score_observations(MODEL | {"checks": checks}, told, 0)
    cell = [told[-1]["check"], "A"]
    assert found["conflicts"] == ([cell] if conflict else [])


def test_each_check_lists_its_conflicts() -> None:
    both = [seen(c, "A", r, source=r) for c in "KL" for r in ("pass", "fail")]
    assert score_observations(MODEL, both, 0)["conflicts"] == [["K", "A"], ["L", "A"]]


# ---------------------------------------------------------------- actions


def gains(cells: Data, **actions: list[list[str]]) -> list[tuple[str, str, str]]:
    plan = {name: {"effort": 1, "cells": own} for name, own in actions.items()}
    return [(p["id"], p["gain"], p["total"]) for p in roadmap(MODEL, cells, plan)]


def test_an_action_on_nothing_or_on_passes_gains_nothing() -> None:
    cells = {"K": {"A": "pass", "B": "fail"}, "L": {"A": "fail"}}
    assert gains(cells, idle=[], again=[["K", "A"]]) == [("again", "0", "2/5"), ("idle", "0", "2/5")]  # fmt: skip


def test_an_action_counts_a_cell_once() -> None:
    cells = {"K": {"A": "fail", "B": "fail"}, "L": {"A": "fail"}}
    assert gains(cells, r=[["K", "A"], ["K", "A"]]) == [("r", "2/5", "2/5")]


def test_what_is_half_good_or_not_applicable_may_be_made_good() -> None:
    cells = {"K": {"A": "compensated", "B": "na"}, "L": {"A": "na"}}
    everything = gains(cells, applies=[["L", "A"]], fixes=[["K", "A"]], wider=[["K", "B"]])
    assert everything == [("fixes", "1/2", "1"), ("applies", "0", "1"), ("wider", "0", "1")]
    assert gains(cells, applies=[["L", "A"]]) == [("applies", "1/4", "3/4")]


def test_a_cell_in_scope_of_which_nothing_is_said_is_unknown() -> None:
    told = {"K": {"A": "pass"}}
    assert gains(told, b=[["K", "B"]], l=[["L", "A"]]) == [("l", "1/2", "9/10"), ("b", "1/10", "1")]
    assert gains({}, a=[["K", "A"]]) == gains({"K": {"A": "unknown", "B": "unknown"}}, a=[["K", "A"]])  # fmt: skip


def test_cells_may_stand_without_a_scope() -> None:
    plan = {"r": {"effort": "1.50", "cells": [["K", "A"]]}}
    picks = roadmap(without(MODEL, "scope"), {"K": {"A": "fail"}}, plan, POLICY)
    assert picks == [{"id": "r", "effort": "3/2", "gain": "1", "total": "1"}]


def test_what_begins_to_apply_is_compared_with_all_else() -> None:
    row = {"severity": "low", "max_age": None}
    model = {
        "subjects": {"A": 1, "B": 1},
        "controls": [{"id": "C"}, {"id": "D"}, {"id": "E", "weight": 3}],
        "practices": [{"id": f"p{c}", "control": c, "level": 1} for c in "CDE"],
        "checks": [{"id": f"k{c}", "practice": f"p{c}", **row} for c in "CDE"],
    }
    cells = {"kC": {"A": "fail", "B": "pass"}, "kD": {"A": "na"}, "kE": {"A": "na"}}
    plan = {
        "c": {"effort": 3, "cells": [["kC", "A"]]}, "d": {"effort": 1, "cells": [["kD", "A"]]},
        "e": {"effort": 3, "cells": [["kE", "A"]]}, "x": {"effort": 8, "cells": [["kC", "A"], ["kE", "A"]]},
    }  # fmt: skip
    assert [(p["id"], p["gain"]) for p in roadmap(model, cells, plan)] == [
        ("d", "1/4"), ("c", "1/4"), ("e", "0"), ("x", "0"),
    ]  # fmt: skip
    some = {name: plan[name] for name in "dx"}
    assert [(p["id"], p["gain"]) for p in roadmap(model, cells, some)] == [("d", "1/4"), ("x", "1/4")]  # fmt: skip


def test_a_check_that_begins_to_apply_shares_the_weight_of_its_practice() -> None:
    of_p = [c | {"practice": "P", "severity": "low"} for c in MODEL["checks"]]
    cells = {"K": {"A": "fail", "B": "fail"}, "L": {"A": "na"}}
    plan = {"begins": {"effort": 1, "cells": [["L", "A"]]}, "fixes": {"effort": "1.5", "cells": [["K", "A"]]}}  # fmt: skip
    picks = roadmap(MODEL | {"checks": of_p}, cells, plan)
    assert [(p["id"], p["gain"], p["total"]) for p in picks] == [("fixes", "4/5", "4/5"), ("begins", "1/10", "9/10")]  # fmt: skip


def test_the_credits_of_a_policy_hold_for_actions_too() -> None:
    policy = replace(POLICY, attested_credit=Fraction(1, 3), compensated_credit=Fraction(1, 4))
    cells = {"K": {"A": "attested", "B": "na"}, "L": {"A": "compensated"}}
    plan = {"a": {"effort": 1, "cells": [["K", "A"]]}, "c": {"effort": 1, "cells": [["L", "A"]]}}
    picks = roadmap(MODEL, cells, plan, policy)
    assert [(p["id"], p["gain"], p["total"]) for p in picks] == [("c", "3/8", "2/3"), ("a", "1/3", "1")]  # fmt: skip


FIVE = dict.fromkeys("ABCDE", 4)
ONE_FAILS, TWO_PASS = dict.fromkeys("ABCD", "pass") | {"E": "fail"}, {"A": "fail", "B": "pass"}


@pytest.mark.parametrize(
    ("cells", "actions", "picks"),
    [
        (
            {"K": ONE_FAILS, "L": TWO_PASS, "M": {"A": "fail"}},
            {"k": ["KE"], "l": ["LA"], "m": ["MA"]},
            [("k", "10/33"), ("l", "5/33"), ("m", "1/11")],
        ),
        (
            {"K": ONE_FAILS, "J": ONE_FAILS, "M": {"A": "fail", "B": "fail"}},
            {"k": ["KE", "MA"], "l": ["JE"], "m": ["MB"]},
            [("k", "1/22"), ("l", "5/11"), ("m", "1/22")],
        ),
        (
            {"L": {"A": "attested", "B": "pass", "C": "pass"}, "N": {"A": "na"}, "M": {"A": "fail"}},
            {"l": ["LA"], "m": ["MA"], "n": ["NA"]},
            [("n", "5/66"), ("m", "1/11"), ("l", "5/66")],
        ),
    ],
    ids=["a cap that another lifts", "a cap of two", "a practice that another makes apply"],
)  # fmt: skip
def test_an_action_is_ranked_by_what_it_gains_once_others_are_done(
    cells: Data, actions: dict[str, list[str]], picks: list[tuple[str, str]]
) -> None:
    model = {
        "subjects": FIVE,
        "controls": [{"id": "C"}, {"id": "D", "weight": "1/10"}],
        "practices": [
            {"id": p, "control": c, "level": 1} for p, c in (("P", "C"), ("Q", "C"), ("R", "D"))
        ],
        "checks": [
            {"id": i, "practice": p, "severity": s}
            for i, p, s in (
                ("K", "P", "critical"), ("J", "P", "critical"), ("L", "P", "high"), ("N", "Q", "low"), ("M", "R", "low"),
            )
        ],
    }  # fmt: skip
    plan = {
        n: {"effort": "1/3" if n == "n" else 1, "cells": [tuple(c) for c in own]}
        for n, own in actions.items()
    }
    assert [(p["id"], p["gain"]) for p in roadmap(model, cells, plan)] == picks

"""score_observations and roadmap on random models: the invariants of section 6, and the method once more beside them."""

from __future__ import annotations

import ast
import inspect
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from fractions import Fraction as F
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from score_models import POLICY, cases, enterprise
from score_reference import planned, reference

import reporter.score
from reporter.score import printed, rating, roadmap, score, score_observations
from reporter.score.input import Model as ReadModel

Data = dict[str, Any]
Numbers = dict[tuple[str, ...], tuple[F | int, F | int]]
AS_OF = 12
SOURCE = Path(reporter.score.__file__).parent


# ---------------------------------------------------------------- random models


@st.composite
def models(draw: st.DrawFn) -> Data:
    """Up to 4 subjects, 3 controls, 5 practices, 5 checks; any of them may stand alone."""

    def some(kind: str, least: int, most: int) -> list[str]:
        return [f"{kind}{n}" for n in range(draw(st.integers(least, most)))]

    weights = st.sampled_from([1, 1, 2, "1/3", 0.1])
    subjects = {a: draw(st.integers(1, 4)) for a in some("a", 1, 4)}
    controls = [{"id": c, "weight": draw(weights)} for c in some("c", 1, 3)]
    own = st.sampled_from([c["id"] for c in controls])
    practices = [
        {"id": p, "control": draw(own), "level": draw(st.integers(1, 4)), "weight": draw(weights)}
        for p in some("p", 1, 5)
    ]
    of = st.sampled_from([p["id"] for p in practices])
    severity = st.sampled_from(["critical", "critical", "high", "medium", "low"])
    checks = [
        {"id": k, "practice": draw(of), "severity": draw(severity), "max_age": draw(st.sampled_from([None, 0, 3]))}
        for k in some("k", 1, 5)
    ]  # fmt: skip
    some_subjects = st.lists(st.sampled_from(list(subjects)), unique=True)
    scope = {k["id"]: draw(some_subjects | st.just(list(subjects))) for k in checks}
    ids = st.sampled_from([k["id"] for k in checks])
    compensations = draw(st.lists(st.fixed_dictionaries({
        "check": ids, "subject": st.sampled_from(list(subjects)), "by_check": ids, "expires": st.integers(11, 14),
    }), max_size=3))  # fmt: skip
    return {"subjects": subjects, "controls": controls, "practices": practices, "checks": checks, "scope": scope, "compensations": compensations}  # fmt: skip


WORDS = st.tuples(
    st.sampled_from(["pass", "pass", "pass", "fail", "na", "unknown"]),
    st.sampled_from(["test", "examine", "attest"]),
    st.integers(7, 13),
    st.sampled_from("st"),
)


def word(check: str, subject: str, result: str, method: str = "test", at: int = AS_OF, source: str = "s") -> Data:  # fmt: skip
    return {"check": check, "subject": subject, "result": result, "method": method, "at": at, "source": source}  # fmt: skip


@st.composite
def assessed(draw: st.DrawFn) -> tuple[Data, list[Data]]:
    """A model and what is said of its cells, at most three words each, some of them outside the scope."""
    model = draw(models())
    observations = []
    for check, subject in itertools.product(model["scope"], model["subjects"]):
        inside = subject in model["scope"][check]
        for said in draw(st.lists(WORDS, max_size=3 if inside else 1)):
            observations.append(word(check, subject, *said))
    return model, observations


@st.composite
def actions(draw: st.DrawFn, cells: Data) -> Data:
    """Up to five actions over any cells, whatever their status."""
    every = [[check, subject] for check, own in cells.items() for subject in own]
    own = st.lists(st.sampled_from(every), max_size=5) if every else st.just([])
    effort = st.sampled_from([1, 1, 3, 8, 0.5, "1/3"])
    return {f"r{n}": {"effort": draw(effort), "cells": draw(own)} for n in range(draw(st.integers(0, 5)))}  # fmt: skip


def numbers(found: Data) -> Numbers:
    """All that is applicable: kind and id -> (lo, hi)."""
    made: Numbers = {}
    for kind in ("check", "practice", "control"):
        for name, lo in found["lo"][kind].items():
            if lo is not None:
                made[kind, name] = F(lo), F(found["hi"][kind][name])
    if found["lo"]["total"] is not None:
        made["total",] = F(found["lo"]["total"]), F(found["hi"]["total"])
    for name, lo in found["lo"]["level"].items():
        if lo is not None:
            made["level", name] = lo, found["hi"]["level"][name]
    made["total_level",] = found["lo"]["total_level"], found["hi"]["total_level"]
    return made


def scored(model: Data, observations: list[Data], as_of: int = AS_OF) -> Numbers:
    return numbers(score_observations(model, observations, as_of))


def of_cells(found: Data, *statuses: str) -> list[tuple[str, str]]:
    return [(c, s) for c, own in found["cells"].items() for s, v in own.items() if v in statuses]


def retold(observations: list[Data], check: str, subject: str, *words: Data) -> list[Data]:
    """Forget what was said of a cell, and say something else."""
    return [o for o in observations if (o["check"], o["subject"]) != (check, subject)] + list(words)


def leans_on(model: Data, check: str) -> bool:
    return any(row["by_check"] == check for row in model["compensations"])


# ---------------------------------------------------------------- the method once more


def same_as_the_method(data: st.DataObject) -> None:
    model, observations = data.draw(assessed())
    as_of = data.draw(st.integers(10, 14))
    found = score_observations(model, iter(observations), as_of)
    assert found == reference(model, observations, as_of)
    given_actions = data.draw(actions(found["cells"]))
    assert roadmap(model, found["cells"], given_actions) == planned(model, found["cells"], given_actions)  # fmt: skip


@cases(60)
@given(st.data())
def test_scores_and_picks_are_those_of_the_method_written_once_more(data: st.DataObject) -> None:
    same_as_the_method(data)


@pytest.mark.deep
@settings(max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_thousands_of_models_score_as_the_method_says(data: st.DataObject) -> None:
    same_as_the_method(data)


@cases(100)
@given(st.data(), st.randoms(use_true_random=False))
def test_of_many_actions_the_best_is_never_hidden_behind_an_old_gain(
    data: st.DataObject, dice: Any
) -> None:
    """Actions of the same kind, that share cells, that lift a cap together, that make something apply."""
    model = data.draw(models())
    statuses = dice.choice(
        [["fail", "unknown"], ["fail", "na"], ["fail", "pass", "na", "attested"]]
    )
    cells = {
        c["id"]: {a: dice.choice(statuses) for a in model["subjects"]} for c in model["checks"]
    }
    every = [[c, a] for c, own in cells.items() for a in own]
    plan = {
        f"r{n}": {
            "effort": dice.choice([1, 1, 2, "1/3"]),
            "cells": dice.sample(every, min(len(every), dice.choice([1, 1, 2, 5]))),
        }
        for n in range(20)
    }
    assert roadmap(model, cells, plan) == planned(model, cells, plan)


# ---------------------------------------------------------------- invariants


@cases(50)
@given(assessed())
def test_i1_every_interval_is_ordered_and_within_its_bounds(case: tuple[Data, list[Data]]) -> None:
    for (kind, *_), (lo, hi) in scored(*case).items():
        assert 0 <= lo <= hi <= (5 if "level" in kind else 1)


@cases(40)
@given(assessed())
def test_i2_a_fix_lowers_nothing(case: tuple[Data, list[Data]]) -> None:
    model, observations = case
    found = score_observations(model, observations, AS_OF)
    before = numbers(found)
    for cell in of_cells(found, "fail", "unknown", "attested", "compensated"):
        after = scored(model, retold(observations, *cell, word(*cell, "pass")))
        for key, (lo, hi) in before.items():
            assert after[key][0] >= lo and after[key][1] >= hi, key


@cases(50)
@given(assessed(), WORDS)
def test_i3_evidence_for_an_unknown_cell_narrows_every_interval(
    case: tuple[Data, list[Data]], said: tuple[str, str, int, str]
) -> None:
    model, observations = case
    found = score_observations(model, observations, AS_OF)
    before = numbers(found)
    for cell in of_cells(found, "unknown"):
        if leans_on(model, cell[0]):
            continue  # what makes a failure half good counts only once it is shown
        after = scored(model, [*observations, word(*cell, *said[:2], AS_OF, "new")])
        for key in before.keys() & after.keys():
            assert before[key][0] <= after[key][0] and after[key][1] <= before[key][1], key


@cases(50)
@given(assessed(), st.integers(0, 20))
def test_i4_an_unknown_observation_changes_nothing(case: tuple[Data, list[Data]], at: int) -> None:
    model, observations = case
    silent = [word(c, s, "unknown", at=at, source=n) for c, own in model["scope"].items() for s in own for n in "stu"]  # fmt: skip
    before = score_observations(model, observations, AS_OF)
    assert score_observations(model, observations + silent, AS_OF) == before


@cases(50)
@given(assessed(), st.integers(1, 4), st.data())
def test_i5_a_new_agent_without_evidence_raises_no_lo(
    case: tuple[Data, list[Data]], tier: int, data: st.DataObject
) -> None:
    model, observations = case
    which = data.draw(st.sets(st.sampled_from(list(model["scope"])), min_size=1))
    scope = {c: [*own, "new"] if c in which else own for c, own in model["scope"].items()}
    before = scored(model, observations)
    more = model | {"subjects": {**model["subjects"], "new": tier}, "scope": scope}
    after = scored(more, observations)
    assert all(after[key][0] <= lo for key, (lo, _) in before.items())


@cases(50)
@given(assessed(), st.randoms(use_true_random=False))
def test_i6_order_and_repetition_change_no_byte(case: tuple[Data, list[Data]], dice: Any) -> None:
    model, observations = case
    again = [*observations, *dice.choices(observations, k=4)] if observations else []
    dice.shuffle(again)
    first, second = (json.dumps(score_observations(model, o, AS_OF)) for o in (observations, iter(again)))  # fmt: skip
    assert first == second == json.dumps(score_observations(model, observations, AS_OF))


@cases(50)
@given(assessed(), st.integers(1, 4))
def test_i7_a_cell_that_does_not_apply_changes_no_number(
    case: tuple[Data, list[Data]], tier: int
) -> None:
    model, observations = case
    wide = model | {
        "subjects": {**model["subjects"], "new": tier},
        "scope": {c: [*own, "new"] for c, own in model["scope"].items()},
    }
    told = [*observations, *(word(check, "new", "na") for check in model["scope"])]
    assert scored(wide, told) == scored(model, observations)


@cases(50)
@given(assessed(), st.sampled_from(["silent", "unknown", "stale", "later", "elsewhere"]))
def test_i8_without_evidence_nothing_is_assessed(case: tuple[Data, list[Data]], why: str) -> None:
    model, observations = case
    told = {
        "silent": [],
        "unknown": [o | {"result": "unknown"} for o in observations],
        "stale": [o | {"at": 1} for o in observations if o["result"] != "fail"],
        "later": [o | {"at": AS_OF + 1} for o in observations],
        "elsewhere": [o | {"subject": "nobody"} for o in observations],
    }[why]
    if why == "stale":
        model = model | {"checks": [c | {"max_age": 3} for c in model["checks"]]}
    found = score_observations(model, told, AS_OF)
    for key, (lo, hi) in numbers(found).items():
        # A control whose lowest practice is at level 2 does not stand in the way of level 1.
        assert key[0] == "level" or lo == 0, key
        assert "level" in key[0] or hi == 1, key
    wanted = {c: "not_assessed" if found["lo"]["control"][c] else "not_applicable" for c in found["state"]}  # fmt: skip
    assert found["state"] == wanted


@cases(50)
@given(assessed(), st.integers(1, 6))
def test_i9_time_alone_raises_no_lo(case: tuple[Data, list[Data]], days: int) -> None:
    model, observations = case
    known = [o for o in observations if o["at"] <= AS_OF]
    before, after = scored(model, known), scored(model, known, AS_OF + days)
    for key in before.keys() & after.keys():
        assert after[key][0] <= before[key][0], key


@cases(50)
@given(assessed())
def test_i10_renaming_ids_changes_no_number(case: tuple[Data, list[Data]]) -> None:
    model, observations = case
    ids = ("id", "control", "practice", "check", "subject", "by_check", "source")

    def new(row: Data) -> Data:
        return {k: f"{9 - int(v[1:] or 0)} ü{v[0]}" if k in ids else v for k, v in row.items()}

    def name(text: str) -> str:
        return str(new({"id": text})["id"])

    renamed = {
        **{kind: [new(row) for row in model[kind]] for kind in ("controls", "practices", "checks", "compensations")},
        "subjects": {name(s): tier for s, tier in model["subjects"].items()},
        "scope": {name(c): [name(s) for s in own] for c, own in model["scope"].items()},
    }  # fmt: skip
    sources = {"s": "z", "t": "a"}
    told = [new(o | {"source": "s0"}) | {"source": sources[o["source"]]} for o in observations]
    before = scored(model, observations)
    assert scored(renamed, told) == {(k[0], *map(name, k[1:])): v for k, v in before.items()}


@cases(50)
@given(assessed(), st.integers(2, 3))
def test_i11_cloning_the_inventory_changes_no_number(
    case: tuple[Data, list[Data]], times: int
) -> None:
    model, observations = case
    clones = [f"-{n}" for n in range(times)]
    cloned = model | {
        "subjects": {s + n: tier for s, tier in model["subjects"].items() for n in clones},
        "scope": {c: [s + n for s in own for n in clones] for c, own in model["scope"].items()},
        "compensations": [row | {"subject": row["subject"] + n} for row in model["compensations"] for n in clones],
    }  # fmt: skip
    told = [o | {"subject": o["subject"] + n} for o in observations for n in clones]
    assert scored(cloned, told) == scored(model, observations)


@cases(50)
@given(assessed(), st.integers(2, 5), st.integers(2, 5), st.sampled_from([3, F(1, 7)]))
def test_i12_multiplying_all_weights_changes_nothing(
    case: tuple[Data, list[Data]], tier: int, severity: int, own: F
) -> None:
    model, observations = case
    heavy = model | {
        kind: [row | {"weight": F(str(row["weight"])) * own} for row in model[kind]]
        for kind in ("controls", "practices")
    }
    policy = replace(
        POLICY,
        tier_weights=tuple(w * tier for w in POLICY.tier_weights),
        severity_weights={k: v * severity for k, v in POLICY.severity_weights.items()},
    )
    assert score_observations(heavy, observations, AS_OF, policy) == score_observations(model, observations, AS_OF)  # fmt: skip


@pytest.mark.parametrize("function", [score, score_observations, roadmap])
def test_i13_no_waiver_enters_a_score(function: Callable[..., object]) -> None:
    names = [*inspect.signature(function).parameters, *(f.name for f in fields(ReadModel))]
    assert not [name for name in names if "waive" in name]
    assert "waiver" not in inspect.getsource(inspect.getmodule(function) or function).lower()


@cases(50)
@given(assessed(), st.integers(3, 4), st.data())
def test_i14_a_critical_failure_on_a_high_tier_knocks_practice_and_control_out(
    case: tuple[Data, list[Data]], tier: int, data: st.DataObject
) -> None:
    model, observations = case
    practice = data.draw(st.sampled_from(model["practices"]))
    bad = {"id": "bad", "practice": practice["id"], "severity": "critical", "max_age": None}
    more = model | {
        "subjects": {**model["subjects"], "new": tier},
        "checks": [*model["checks"], bad],
        "scope": {**model["scope"], "bad": [*model["subjects"], "new"]},
    }
    fine = [word("bad", s, "pass") for s in model["subjects"]]
    found = score_observations(more, [*observations, *fine, word("bad", "new", "fail")], AS_OF)
    assert F(found["hi"]["practice"][practice["id"]]) <= F(1, 2)
    assert found["hi"]["level"][practice["control"]] < practice["level"]


@cases(50)
@given(assessed())
def test_i15_a_level_stands_on_its_practices(case: tuple[Data, list[Data]]) -> None:
    model, observations = case
    found = score_observations(model, observations, AS_OF)
    for side, control in itertools.product(("lo", "hi"), model["controls"]):
        level = found[side]["level"][control["id"]] or 0
        own = [(p["level"], F(score)) for p in model["practices"] if p["control"] == control["id"]
               and (score := found[side]["practice"][p["id"]]) is not None]  # fmt: skip
        assert all(score > F(85, 100) for n, score in own if n < level)
        assert all(score > F(1, 2) for n, score in own if n == level)
        reached = found[side]["total_level"]
        assert reached <= level or not own
        assert reached == 0 or reached in [p["level"] for p in model["practices"]]


@cases(50)
@given(assessed())
def test_i16_fail_compensated_and_pass_are_ordered(case: tuple[Data, list[Data]]) -> None:
    model, observations = case
    plain = model | {"compensations": []}
    for check, subject in of_cells(score_observations(plain, observations, AS_OF), "fail"):
        by = {"id": "by", "practice": "aside", "severity": "low", "max_age": None}
        made = {"check": check, "subject": subject, "by_check": "by", "expires": AS_OF + 1}
        beside = plain | {
            "checks": [*model["checks"], by],
            "controls": [*model["controls"], {"id": "aside"}],
            "practices": [*model["practices"], {"id": "aside", "control": "aside", "level": 1}],
            "scope": {**model["scope"], "by": [subject]},
        }
        told = [*observations, word("by", subject, "pass")]
        fail = scored(beside, told)
        half = scored(beside | {"compensations": [made]}, told)
        good = scored(beside, retold(told, check, subject, word(check, subject, "pass")))
        for key, values in half.items():
            assert all(a <= b <= c for a, b, c in zip(fail[key], values, good[key], strict=True))
        assert fail["check", check] < half["check", check] < good["check", check]


@cases(40)
@given(assessed(), st.data())
def test_i17_gains_are_never_negative_add_up_and_know_no_order(
    case: tuple[Data, list[Data]], data: st.DataObject
) -> None:
    model, observations = case
    found = score_observations(model, observations, AS_OF)
    plan = data.draw(actions(found["cells"]))
    picks = roadmap(model, found["cells"], plan)
    gains = [F(pick["gain"]) for pick in picks]
    start = F(found["lo"]["total"] or 0)
    assert all(gain >= 0 for gain in gains)
    assert [F(p["total"]) for p in picks] == list(itertools.accumulate(gains, initial=start))[1:]
    assert sorted(pick["id"] for pick in picks) == sorted(plan)
    turned = dict(data.draw(st.permutations(list(plan.items()))))
    assert roadmap(model, found["cells"], turned) == picks


@pytest.mark.parametrize(("value", "text", "mark"), [(F(8504, 10**4), "85.0", "F"), (F(4996, 10**4), "50.0", "P"), (F(5004, 10**4), "50.0", "L"), (F(1504, 10**4), "15.0", "P")])  # fmt: skip
def test_i18_what_is_printed_decides_no_rating(value: F, text: str, mark: str) -> None:
    assert (printed(value), rating(value, POLICY)) == (text, mark)


def leaves(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        node = [*node, *node.values()]
    if isinstance(node, (list, tuple)):
        for item in node:
            yield from leaves(item)
    else:
        yield node


@cases(8)
@given(assessed(), st.data())
def test_i19_nothing_that_the_scorer_holds_or_returns_is_a_float(
    case: tuple[Data, list[Data]], data: st.DataObject
) -> None:
    held: set[type] = set()

    def watch(frame: FrameType, event: str, value: object) -> None:
        if Path(frame.f_code.co_filename).parent == SOURCE:
            held.update(map(type, leaves([*frame.f_locals.values(), value if event == "return" else 0])))  # fmt: skip

    model, observations = case
    for kind in ("controls", "practices"):
        model = model | {kind: [row | {"weight": str(row["weight"])} for row in model[kind]]}
    plan = {"r": {"effort": "0.5", "cells": [[c, s] for c, own in model["scope"].items() for s in own]}}  # fmt: skip
    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        found = score_observations(model, observations, AS_OF, POLICY)
        picks = roadmap(model, found["cells"], plan, POLICY)
        enterprise()
    finally:
        sys.setprofile(before)
    assert held and float not in held
    assert {type(value) for value in leaves([found, picks])} <= {str, int, type(None)}


@pytest.mark.parametrize("path", sorted(SOURCE.glob("*.py")), ids=lambda path: path.name)
def test_i19_the_source_names_no_float(path: Path) -> None:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {n.id for n in nodes if isinstance(n, ast.Name)}
    from_math = {a.name for n in nodes if isinstance(n, ast.ImportFrom) and n.module == "math" for a in n.names}  # fmt: skip
    assert not names & {"float", "round", "math"} and from_math <= {"lcm", "gcd", "comb"}
    assert not [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, float)]  # fmt: skip

"""The movement of a score: its parts add up, exactly, whatever changed, and no order is preferred."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction as F
from itertools import permutations

import fixture_assessment as given
import pytest
from score_models import POLICY, a_check, a_control, a_framework

from reporter.model.assessment import Assessment, Check, Control, Profile, Theme
from reporter.model.history import Movement
from reporter.model.scores import Status, Tally
from reporter.model.statements import Attestation
from reporter.report.trend import movement as split
from reporter.report.trend.movement import Pair, State, movements
from reporter.score import score

pytestmark = pytest.mark.slow  # 500 pairs, with hundreds of scores between each two

STATES = (*Status,)
THEMES = ("A", "B", "C")
PAIRS = 500


def _check(dice: random.Random, name: str) -> Check:
    severity = dice.choice(("medium", "medium", "high", "critical"))
    check = a_check(name, severity, 1)
    changed = {"sql": "SELECT 2"} if dice.random() < 0.4 else {"params": {"days": 2}}
    return replace(check, **(changed if dice.random() < 0.5 else {}))  # type: ignore[arg-type]


def _state(dice: random.Random) -> State | None:
    if dice.random() < 0.15:
        return None
    lo = dice.randint(1, 4)
    return dice.choice(STATES), lo, dice.randint(lo, 4)


def _control(dice: random.Random, name: str, checks: Sequence[str]) -> Control:
    some = dice.sample(checks, dice.randint(0, len(checks)))
    ask = dice.choice(("", "Is it so?"))
    how = dice.choice(("direct", "partial"))
    return a_control(name, *some, ask=ask, how=how, weight=dice.randint(1, 3))


def _assessment(
    dice: random.Random,
    checks: Sequence[Check],
    states: Sequence[tuple[str, State | None]],
    at: str,
) -> Assessment:
    """A run of these checks with these results, and rules of its own by chance."""
    counts = Counter((check, state) for check, state in states if state)
    tallies = [Tally(check, *state, n) for (check, state), n in counts.items()]
    ids = [c.id for c in checks]
    frameworks = [
        a_framework(*(_control(dice, f"C{n}", ids) for n in range(3)), id_=name)
        for name in ("F1", "F2")
    ]
    policy = replace(POLICY, declared_credit=dice.choice((F(1, 2), F(1, 3))))
    answers = {
        ("F1", f"C{n}"): dice.choice((Status.ATTESTED, Status.FAIL, Status.PASS)) for n in range(2)
    }
    themes = [Theme(t, t, "") for t in THEMES]
    profile = Profile("p", "P", 3, {})
    scores = score(frameworks, checks, themes, tallies, policy, profile, answers=answers)
    said = [_answer(*key, status) for key, status in answers.items()]
    base = given.plain(given.single())
    return replace(
        base,
        frameworks=tuple(frameworks),
        checks=tuple(checks),
        themes=tuple(themes),
        policy=policy,
        profile=profile,
        scores=scores,
        attestations=tuple(said),
        hashes=base.hashes | {"inputs": at, "workspace": at},
    )


def _answer(framework: str, control: str, status: Status) -> Attestation:
    empty = dict.fromkeys(
        (
            *("answer", "statement", "attested_by", "role", "method", "artefact"),
            *("artefact_sha256", "examined_by", "reason", "ref"),
        ),
        "",
    )
    return Attestation(
        framework, control, date=None, expires=None, status=status.value, settles=True, **empty
    )


def _two_runs(seed: int) -> tuple[Assessment, Assessment, list[Pair]]:
    """Two runs of which anything may differ: results, tiers, scope, checks, mappings, policy, answers."""
    dice = random.Random(seed)
    then = [_check(dice, f"{theme}-0{n}") for n, theme in enumerate((*THEMES, "A"))]
    now = [dice.choice((c, _check(dice, c.id))) for c in then[: dice.randint(2, 4)]]
    now += [_check(dice, "B-09")] * dice.randint(0, 1)
    if dice.random() < 0.5:
        now = then  # the rules of the checks are the same
    pairs = []
    for check in {c.id: c for c in (*then, *now)}:
        for _ in range(dice.randint(0, 6)):
            before = _state(dice) if any(c.id == check for c in then) else None
            after = _state(dice) if any(c.id == check for c in now) else None
            if before or after:
                pairs.append(Pair(check, before, after, dice.random() < 0.5, dice.randint(1, 3)))
    rules = dice.random()
    states = (
        [(p.check, state) for p in pairs for _ in range(p.n) if (state := getattr(p, side))]
        for side in ("before", "now")
    )
    made = [
        _assessment(random.Random(f"{rules}{side if rules > 0.5 else None}"), checks, found, side)
        for side, checks, found in zip("ab", (then, now), states, strict=True)
    ]
    return made[0], made[1], pairs


def _differences(moved: Movement) -> tuple[F, F]:
    return moved.lo - moved.lo_before, moved.hi - moved.hi_before


def test_the_parts_of_500_random_pairs_add_up_to_the_movement() -> None:
    causes: Counter[tuple[str, str]] = Counter()
    for seed in range(PAIRS):
        before, now, pairs = _two_runs(seed)
        for moved in movements(before, now, pairs):
            sums = sum((p.lo for p in moved.parts), F(0)), sum((p.hi for p in moved.parts), F(0))
            assert sums == _differences(moved), seed
            causes.update((p.group, p.cause) for p in moved.parts if p.lo or p.hi)
    # Every cause moved some score, and nothing was left to a scorer that would differ.
    assert set(causes) == {*split.CAUSES} - {split.METHOD}


def _orders(groups: Sequence[Sequence[split.Cause]]) -> Iterator[list[split.Cause]]:
    """Every order in which the causes of a group come together."""
    if not groups:
        yield []
        return
    for first in groups:
        rest = [g for g in groups if g is not first]
        for inner in permutations(first):
            for later in _orders(rest):
                yield [*inner, *later]


def test_a_part_is_the_mean_of_what_its_cause_adds_over_all_orders() -> None:
    tried = 0
    for seed in range(PAIRS):
        before, now, pairs = _two_runs(seed)
        blend = split._Blend(before, now, pairs)
        groups = [
            [c for c in split.CAUSES if c in blend.active and c[0] == group]
            for group in dict.fromkeys(c[0] for c in split.CAUSES)
        ]
        groups = [g for g in groups if g]
        orders = list(_orders(groups)) if sum(map(len, groups)) <= 6 else []
        if not 1 < len(orders) <= 200:
            continue
        tried += 1
        if tried > 30:
            break
        for moved in movements(before, now, pairs):
            sums: Counter[split.Cause] = Counter()
            for order in orders:
                for at, cause in enumerate(order):
                    done = frozenset(order[: at + 1]), frozenset(order[:at])
                    lo, other = (blend.scores(x)[moved.kind, moved.id][0] for x in done)
                    sums[cause] += lo - other  # type: ignore[assignment]
            expected = {c: F(sums[c]) / len(orders) for c in blend.active}
            assert {(p.group, p.cause): p.lo for p in moved.parts} == expected
    assert tried >= 20


def test_nothing_moves_between_a_run_and_itself() -> None:
    before, _, pairs = _two_runs(1)
    same = [replace(p, now=p.before) for p in pairs if p.before]
    assert [(m.parts, _differences(m)) for m in movements(before, before, same)] == [
        ((), (0, 0))
    ] * 3


@pytest.mark.parametrize(
    ("before", "now", "cause"),
    [
        ("fail", "pass", split.FIXED),
        ("declared", "fail", split.BROKEN),
        ("unknown", "fail", split.GAINED),
        ("pass", "unknown", split.LOST),
        ("pass", "declared", split.LOST),
        ("declared", "pass", split.GAINED),
        ("fail", "compensated", split.COMPENSATED),
        ("compensated", "fail", split.COMPENSATED),
        ("compensated", "pass", None),
    ],
)
def test_a_result_is_credited_to_what_changed_it(
    before: str, now: str, cause: split.Cause | None
) -> None:
    check = a_check("A-01")
    pair = Pair("A-01", (Status(before), 2, 2), (Status(now), 2, 2), True, 1)
    runs = [
        _assessment(random.Random(1), [check], [("A-01", state)], at)
        for at, state in (("a", pair.before), ("b", pair.now))
    ]
    (whole, *_) = movements(*runs, [pair])
    found = {(p.group, p.cause) for p in whole.parts}
    # What was compensated and passes now is fixed, and needs no statement any more.
    assert found == ({cause} if cause else {split.FIXED, split.COMPENSATED})


def test_from_the_same_input_only_rules_can_move_a_score() -> None:
    for seed in range(40):
        before, now, pairs = _two_runs(seed)
        now = replace(now, hashes=before.hashes, attestations=before.attestations)
        for moved in movements(before, now, pairs):
            groups = {p.group for p in moved.parts if p.cause not in ("method",)}
            assert groups <= {"rules"}, seed

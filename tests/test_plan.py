"""The roadmap of a run: exact gains that add up, a greedy order, results that stand in one action, and what if."""

from __future__ import annotations

import csv
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from fixture_results import defects_of
from fixture_results import tallies as counted

from reporter.cli import main
from reporter.content import loader
from reporter.content.frameworks import read_efforts
from reporter.content.workspace import read_workspace
from reporter.errors import ContentError, InputError
from reporter.evaluate.remediation import effort_ids
from reporter.explain.what_if import what_if
from reporter.model import ids
from reporter.model.assessment import Check, Finding, Profile, Theme
from reporter.model.comparison import CauseGroup
from reporter.model.roadmap import EVIDENCE, IMPLEMENT, Action, Effect, Efforts, Missing, Roadmap
from reporter.model.scores import Status, Tally
from reporter.report.chapters.next_steps import Fixes, points
from reporter.runs.store import RESULTS, Results, read_data, write_data
from reporter.score import plan_actions, planner, score
from reporter.score.input import shipped_policy
from reporter.score.planner import change_of
from reporter.score.state import Change, State

POLICY = shipped_policy()
THEMES = (Theme("AAA", "A"), Theme("BBB", "B"), Theme("CCC", "C"))
TIERS = (*((n, n) for n in (1, 2, 3, 4)), (1, 4), (2, 3))
DAYS = Efforts(
    Fraction(1), dict.fromkeys(("critical", "high", "medium", "low"), Fraction(3)), {"both": Fraction(8)}
)  # fmt: skip


def check(name: str, severity: str = "medium", level: int = 1) -> Check:
    return Check(name, f"{name} holds", "", "agent", severity, level, "inventory", "", f"Mend {name}.", "")  # fmt: skip


def finding(name: str, subject: str, status: Status, tier: str = "2", owner: str = "") -> Finding:
    return Finding(
        name, subject, status, "said", "", "", subject, owner, int(tier[0]), int(tier[-1])
    )


def action(
    name: str, results: Sequence[Finding], places: Sequence[int], days: int = 1, kind: str = IMPLEMENT, urgent: bool = False
) -> Action:  # fmt: skip
    own = [results[n] for n in places]
    effects = tuple(Effect(t.check, t.status, t.tier_lo, t.tier_hi, t.n) for t in counted(own))
    return Action(name, name, "", kind, urgent, Fraction(days), (), effects, len(own))


def after(
    tallies: Iterable[Tally], changes: Iterable[Change], declares: Collection[str] = ()
) -> list[Tally]:
    """The results once actions are done, in the method's words: good is declared where all that is met is, or where a check declares and nothing is met."""
    counts: dict[str, Counter[tuple[Status, int, int]]] = defaultdict(Counter)
    for t in tallies:
        counts[t.check][t.status, t.tier_lo, t.tier_hi] += t.n
    for change in changes:
        for name, effects in change.items():
            met = {s for (s, *_), n in counts[name].items() if n} & {Status.PASS, Status.DECLARED}
            words = met == {Status.DECLARED} or (not met and name in declares)
            for (status, lo, hi), n in effects:
                counts[name][status, lo, hi] -= n
                counts[name][Status.DECLARED if words else Status.PASS, lo, hi] += n
    return [
        Tally(name, *kind, n)
        for name, kinds in sorted(counts.items())
        for kind, n in kinds.items()
        if n
    ]


class World:
    """Random checks, results of every status and tier interval, and actions over what is open."""

    def __init__(self, seed: int, n_actions: int = 8, agents: int = 5) -> None:
        dice = random.Random(seed)
        severities = ("critical", "high", "medium", "low")
        self.checks = [
            replace(check(f"{t.id}-{n:02d}", dice.choice(severities), dice.randint(1, 3)), declares=dice.random() < 0.5)
            for t in THEMES[: dice.randint(1, 3)] for n in range(dice.randint(1, 4))
        ]  # fmt: skip
        self.results = []
        for c in self.checks:
            for n in range(agents):
                lo, hi = dice.choice(TIERS)
                tier = str(lo) if lo == hi else f"{lo}-{hi}"
                self.results.append(finding(c.id, f"a{n}", dice.choice(tuple(Status)), tier))
        open_ = (Status.FAIL, Status.UNKNOWN)
        places = [n for n, f in enumerate(self.results) if f.status in open_]
        dice.shuffle(places)
        parts = [places[n::n_actions] for n in range(n_actions)]
        self.actions = [
            action(f"x{n}", self.results, sorted(part), dice.randint(1, 8)) for n, part in enumerate(parts) if part
        ]  # fmt: skip

    def plan(self, given: Sequence[Action] | None = None) -> Roadmap:
        chosen = self.actions if given is None else given
        return plan_actions(self.checks, THEMES, counted(self.results), chosen, POLICY)

    def scored(self, done: Sequence[Action]) -> tuple[Fraction, int]:
        """Score from the beginning, by the function that scores a run."""
        changes: list[Change] = [change_of(a) for a in done]
        declares = {c.id for c in self.checks if c.declares}
        done_results = after(counted(self.results), changes, declares)
        scores = score((), self.checks, THEMES, done_results, POLICY, Profile("", "", 0, {}))
        return scores.enterprise.total.lo, scores.level.lo


# ---------------------------------------------------------------- gains


@pytest.mark.parametrize("seed", range(40))
def test_every_pick_is_the_real_score_after_it_and_the_gains_add_up(seed: int) -> None:
    world = World(seed)
    road = world.plan()
    assert (road.start, road.level) == world.scored([])
    done: list[Action] = []
    for pick in road.picks:
        done.append(pick.action)
        assert (pick.total, pick.level) == world.scored(done)
        assert pick.gain >= 0
        assert pick.uncapped >= 0
        assert all(type(v) is Fraction for v in (pick.gain, pick.uncapped, pick.total))
    assert len(done) == len(world.actions)
    assert sum((p.gain for p in road.picks), Fraction(0)) == world.scored(world.actions)[0] - road.start  # fmt: skip
    first = [p.action for p in road.picks][:5]
    assert road.first == tuple(a.id for a in first)
    assert (road.first_total, road.first_level) == world.scored(first)


@pytest.mark.parametrize("seed", range(20))
def test_every_pick_is_the_best_of_all_that_are_left(seed: int) -> None:
    world = World(seed)
    done: list[Action] = []
    left = list(world.actions)
    for pick in world.plan().picks:
        now = world.scored(done)[0]
        gains = {a.id: world.scored([*done, a])[0] - now for a in left}
        best = min(left, key=lambda a: (-gains[a.id] / a.effort, -gains[a.id], a.effort, a.id))
        assert pick.action == best
        done.append(best)
        left.remove(best)


@pytest.mark.parametrize("seed", range(12))
def test_no_choice_of_actions_for_a_budget_beats_the_best_by_exhaustive_search(seed: int) -> None:
    """Greedy is not optimal; how far it is from the best is known, and it never claims more than the best."""
    world = World(seed, n_actions=8)
    road = world.plan()
    spent = Fraction(0)
    subsets = [s for n in range(len(world.actions) + 1) for s in combinations(world.actions, n)]
    worth = [(sum((a.effort for a in s), Fraction(0)), world.scored(s)[0]) for s in subsets]
    for pick in road.picks:
        spent += pick.action.effort
        best = max(total for days, total in worth if days <= spent)
        assert road.start <= pick.total <= best
    assert road.picks[-1].total == max(total for _, total in worth)


@pytest.mark.parametrize("seed", range(6))
def test_the_order_in_which_actions_are_given_is_irrelevant(seed: int) -> None:
    world = World(seed)
    assert world.plan(world.actions[::-1]) == world.plan()


def test_two_criticals_under_one_cap_gain_with_the_last_and_say_so() -> None:
    checks = [check("AAA-01", "critical"), *(check(f"AAA-0{n}", "critical") for n in (2, 3, 4, 5))]
    results = [finding(c.id, "a", Status.FAIL if n < 2 else Status.PASS, "4") for n, c in enumerate(checks)]  # fmt: skip
    two = [action("one", results, [0]), action("two", results, [1])]
    road = plan_actions(checks, THEMES, counted(results), two, POLICY)
    assert [(p.gain, p.uncapped) for p in road.picks] == [
        (Fraction(0), Fraction(1, 5)),
        (Fraction(1, 2), Fraction(1, 5)),
    ]


def test_evidence_and_mending_are_ranked_together_but_only_mending_is_first() -> None:
    """Ranked as in the worked example of the method: gain per day, then the larger gain."""
    checks = [check("AAA-01"), check("BBB-01"), check("CCC-01")]
    results = [finding(c.id, "a", s, "1") for c, s in zip(checks, (Status.FAIL, Status.UNKNOWN, Status.FAIL), strict=True)]  # fmt: skip
    three = [
        action("r1", results, [0], 4),
        action("r2", results, [1], 1, EVIDENCE),
        action("r3", results, [2], 2),
    ]
    road = plan_actions(checks, THEMES, counted(results), three, POLICY)
    assert [p.action.id for p in road.picks] == ["r2", "r3", "r1"]
    assert road.first == ("r3", "r1")
    assert (road.first_total, road.picks[-1].total) == (Fraction(2, 3), Fraction(1))


def test_what_is_urgent_comes_first_whatever_it_brings() -> None:
    checks = [check("AAA-01"), check("BBB-01")]
    results = [finding(c.id, "a", Status.FAIL, "1") for c in checks]
    road = plan_actions(
        checks, THEMES, counted(results), [action("a", results, [0]), action("z", results, [1], 8, urgent=True)], POLICY
    )  # fmt: skip
    assert [p.action.id for p in road.picks] == ["z", "a"]


def test_who_stands_in_a_list_by_now_waits_for_those_of_its_line_who_stand_in_none() -> None:
    """At the place that it would have, of the same lane only; others stay where they are."""
    checks = [check("AAA-01", "critical"), check("AAA-02"), check("BBB-01"), check("CCC-01")]
    results = [
        *(
            finding("AAA-01", s, Status.FAIL, "1")
            for s in ("late", "unregistered", "unregistered-2")
        ),
        *(finding(c.id, "late", Status.FAIL, "1") for c in checks[1:]),
    ]
    late = replace(action("late", results, [0, 3]), behind="AAA-01")
    unregistered = [
        replace(action(f"unregistered-{n}", results, [n], 9 - n), ahead_of="AAA-01") for n in (1, 2)
    ]
    rest = [action("best", results, [4], 1), action("least", results, [5], 9)]
    order = lambda *given: [p.action.id for p in plan_actions(checks, THEMES, counted(results), given, POLICY).picks]  # noqa: E731  # fmt: skip
    assert order(late, *unregistered, *rest) == [
        "best",
        "unregistered-2",
        "unregistered-1",
        "late",
        "least",
    ]
    assert order(replace(late, behind=""), *unregistered, *rest)[:2] == ["best", "late"]
    urgent = replace(late, urgent=True)
    assert order(urgent, *unregistered, *rest)[0] == "late"


def test_caps_of_the_run_hold_the_level_of_every_step() -> None:
    checks = [check("AAA-01", level=1), check("AAA-02", level=2)]
    results = [finding(c.id, "a", Status.FAIL, "1") for c in checks]
    both = [action("x", results, [0]), action("y", results, [1])]
    road = plan_actions(checks, THEMES, counted(results), both, POLICY, [(1, "no logs")])
    assert (road.ceiling, [p.level for p in road.picks]) == (1, [1, 1])


@pytest.mark.deep
def test_two_hundred_actions_take_less_than_ten_seconds() -> None:
    content = loader.load()
    dice = random.Random(7)
    results = [
        finding(c.id, f"agent-{n}", dice.choice((Status.FAIL, Status.UNKNOWN, Status.PASS)), str(dice.randint(1, 4)))
        for c in content.checks for n in range(60)
    ]  # fmt: skip
    places = [n for n, f in enumerate(results) if f.status != Status.PASS]
    dice.shuffle(places)
    many = [action(f"x{n:03d}", results, places[n::200], dice.randint(1, 8)) for n in range(200)]
    begun = time.perf_counter()
    road = plan_actions(content.checks, content.themes, counted(results), many, content.policy)
    assert time.perf_counter() - begun < 10
    assert len(road.picks) == 200
    assert road.picks[-1].total == 1


def test_beyond_the_ranking_gains_are_still_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reporter.score.planner.RANKED", 2)
    world = World(3)
    road = world.plan()
    assert road.ranked == 2
    done: list[Action] = []
    for pick in road.picks:
        done.append(pick.action)
        assert (pick.total, pick.level) == world.scored(done)


class Alike(World):
    """A few kinds of agents: all of a kind lack the same, and each is an action of its own."""

    def __init__(self, seed: int, of_a_kind: int = 12) -> None:
        dice = random.Random(seed)
        self.checks = [
            check(f"{t.id}-{n:02d}", dice.choice(("critical", "high", "low", "low")), dice.randint(1, 3))
            for t in THEMES for n in range(dice.randint(1, 3))
        ]  # fmt: skip
        self.results, self.actions = [], []
        for kind in range(3):
            lo, hi = dice.choice(TIERS[:3] if seed % 3 else TIERS)
            tier = str(lo) if lo == hi else f"{lo}-{hi}"
            statuses = [dice.choice((Status.FAIL, Status.FAIL, Status.UNKNOWN, Status.PASS, Status.NA)) for _ in self.checks]  # fmt: skip
            taken = (Status.FAIL, Status.UNKNOWN, Status.NA) if seed % 5 == 0 else (Status.FAIL, Status.UNKNOWN)  # fmt: skip
            days = dice.randint(1, 3)
            for n in range(of_a_kind):
                at = len(self.results)
                self.results += [finding(c.id, f"k{kind}-{n}", s, tier) for c, s in zip(self.checks, statuses, strict=True)]  # fmt: skip
                places = [at + i for i, s in enumerate(statuses) if s in taken]
                if places:
                    self.actions.append(action(f"x{kind}-{n:02d}", self.results, places, days))


@pytest.mark.parametrize("ranked", [1, 3])
@pytest.mark.parametrize(
    "seed", [n if n < 10 else pytest.param(n, marks=pytest.mark.slow) for n in range(30)]
)
def test_equal_actions_beyond_the_ranking_are_scored_as_one_by_one(
    seed: int, ranked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reporter.score.planner.RANKED", ranked)
    world = Alike(seed)
    done: list[Action] = []
    before = world.scored([])[0]
    for pick in world.plan().picks:
        done.append(pick.action)
        assert (pick.total, pick.level) == world.scored(done)
        assert pick.gain == pick.total - before
        before = pick.total
    assert len(done) == len(world.actions)


def test_most_equal_actions_are_applied_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the test above would say nothing of it: by twelve, by fewer where a level lies between, and one by one."""
    monkeypatch.setattr("reporter.score.planner.RANKED", 1)
    whole, told = State.adds_evenly, Counter[tuple[int, bool]]()

    def asked(state: State, parts: Any, times: int, *gains: Fraction) -> bool:
        answer = whole(state, parts, times, *gains)
        told[times, answer] += 1
        return answer

    monkeypatch.setattr(State, "adds_evenly", asked)
    for seed in range(30):
        Alike(seed).plan()
    assert told[12, True] > 10 and told[12, False] > 5 and told[1, False] > 5
    assert any(is_one and 1 < times < 11 for times, is_one in told)


@pytest.mark.parametrize("ranked", [1, 2, 5])
def test_all_are_compared_anew_for_as_many_picks_as_are_ranked(
    ranked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reporter.score.planner.RANKED", ranked)
    freeze, turns = planner._Remaining.freeze, []

    def noted(remaining: Any) -> Any:
        turns.append(remaining._turn)
        return freeze(remaining)

    monkeypatch.setattr(planner._Remaining, "freeze", noted)
    assert len(World(4, agents=9).plan().picks) > 5
    assert turns == [ranked - 1]  # and the last of them is taken in the order of that moment


def test_changes_are_added_up_also_where_several_are_one_object() -> None:
    fail, unknown = (Status.FAIL, 2, 2), (Status.UNKNOWN, 1, 4)
    one: Change = {"A": ((fail, 2), (unknown, 1)), "B": ((fail, 1),)}
    other: Change = {"A": ((fail, 5),)}
    added = planner.union([one, other, one, one, {**one}])
    assert {check: dict(effects) for check, effects in added.items()} == {
        "A": {fail: 13, unknown: 4},
        "B": {fail: 4},
    }


def test_of_equal_gains_per_day_the_larger_gain_comes_first_then_the_id() -> None:
    checks = [check("AAA-01", "low"), check("BBB-01", "low")]
    results = [finding(c, n, Status.FAIL, "1") for c in ("AAA-01", "BBB-01") for n in "abcd"]
    some = [
        action("a", results, [0]),
        action("c", results, [1]),
        action("b", results, [4]),
        action("z", results, [2, 3, 5, 6], 4),
    ]
    road = plan_actions(checks, THEMES, counted(results), some, POLICY)
    assert [(p.action.id, p.gain) for p in road.picks] == [
        ("z", Fraction(1, 2)), ("a", Fraction(1, 8)), ("b", Fraction(1, 8)), ("c", Fraction(1, 8)),
    ]  # fmt: skip
    assert (road.ceiling, road.ranked) == (5, 4)


def test_what_a_cap_holds_down_is_ranked_by_what_it_brings() -> None:
    checks = [*(check(f"AAA-0{n}", "critical") for n in (1, 2, 3, 4, 5)), check("BBB-01", "low")]
    results = [finding(c.id, "a", Status.FAIL if n < 2 else Status.PASS, "4") for n, c in enumerate(checks[:5])]  # fmt: skip
    results += [finding("BBB-01", n, Status.FAIL, "1") for n in "abcdefgh"]
    some = [action("one", results, [0]), action("two", results, [1]), action("zero", results, [5])]
    road = plan_actions(checks, THEMES, counted(results), some, POLICY)
    assert [(p.action.id, p.gain, p.uncapped) for p in road.picks] == [
        ("zero", Fraction(1, 16), Fraction(1, 16)),
        ("one", 0, Fraction(1, 10)),
        ("two", Fraction(1, 4), Fraction(1, 10)),
    ]


def test_what_an_action_changes_is_counted_by_kind() -> None:
    results = [
        finding("AAA-01", "a", Status.FAIL, "1-4"),
        finding("AAA-01", "b", Status.FAIL, "1-4"),
    ]
    results += [finding("AAA-01", "c", Status.UNKNOWN, "2")]
    change = change_of(action("x", results, [0, 1, 2]))
    assert change == {"AAA-01": (((Status.FAIL, 1, 4), 2), ((Status.UNKNOWN, 2, 2), 1))}
    split = [*counted(results), Tally("AAA-01", Status.FAIL, 1, 4, 3)]
    assert after(split, [change]) == [
        Tally("AAA-01", Status.FAIL, 1, 4, 3), Tally("AAA-01", Status.PASS, 1, 4, 2), Tally("AAA-01", Status.PASS, 2, 2, 1),
    ]  # fmt: skip


def test_a_plan_counts_split_tallies_and_leaves_out_what_does_not_apply() -> None:
    checks = [check("AAA-01"), check("AAA-02"), check("XXX-01")]
    results = [finding("AAA-01", n, Status.FAIL, "2") for n in "abcd"]
    results += [finding("AAA-02", "a", Status.NA, "2"), finding("XXX-01", "a", Status.PASS, "2")]
    split = [Tally(f.check, f.status, 2, 2, 1) for f in results]
    road = plan_actions(
        checks, THEMES, split, [action("x", results, [0]), action("y", results, [5])], POLICY
    )
    assert [(p.action.id, p.gain) for p in road.picks] == [("x", Fraction(1, 4)), ("y", 0)]
    assert (road.start, road.picks[-1].total) == (0, Fraction(1, 4))


# ---------------------------------------------------------------- actions

GROUPS = (CauseGroup("both", "Both fail", ("AAA-01", "AAA-02")),)
CHECKS = (check("AAA-01", "critical"), check("AAA-02"), check("BBB-01", "low"))
OPEN = (
    finding("AAA-01", "a", Status.FAIL, "1-4", "ann"),
    finding("AAA-01", "b", Status.FAIL, "2", "bob"),
    finding("AAA-01", "c", Status.UNKNOWN, "4"),
    finding("AAA-02", "a", Status.FAIL, "1-4", "ann"),
    finding("BBB-01", "a", Status.FAIL, "4", "ann"),
    finding("BBB-01", "b", Status.FAIL, "2", "bob"),
)


A, B = (ids.cause("both", [who]) for who in "ab")


def made(own: dict[str, Fraction] | None = None) -> dict[str, Action]:
    return {a.id: a for a in defects_of(OPEN, CHECKS, GROUPS, DAYS, own or {})[1]}


def test_each_open_result_stands_in_exactly_one_action() -> None:
    found = made()
    of = lambda *places: action("", OPEN, places).effects  # noqa: E731
    assert {name: a.effects for name, a in found.items()} == {
        A: of(0, 3), B: of(1), "BBB-01": of(4, 5), "AAA-01-evidence": of(2),
    }  # fmt: skip
    assert [a.kind for a in found.values()].count(EVIDENCE) == 1
    assert Fixes(CHECKS).of(found[A]) == "Mend AAA-01. Mend AAA-02."
    assert found["AAA-01-evidence"].missing == Missing("AAA-01", "said", "", 1, 1, True)
    assert {name: a.things for name, a in found.items()} == {
        A: 1,
        B: 1,
        "BBB-01": 2,
        "AAA-01-evidence": 1,
    }
    assert found["BBB-01"].owners == ("ann", "bob")


def test_what_mends_a_late_registration_is_not_what_mends_none() -> None:
    one = replace(check("AAA-01"), fix="Register it.", fix_listed="Look back.")
    results = [finding("AAA-01", "late", Status.FAIL), replace(finding("AAA-01", "unregistered", Status.FAIL), listed=False)]  # fmt: skip
    for given, fix, line in (
        (results[:1], "Look back.", ("", "AAA-01")), (results[1:], "Register it.", ("AAA-01", "")),
        (results, "Register it. Look back.", ("AAA-01", "")),
    ):  # fmt: skip
        _, (found,) = defects_of(given, [one], (), DAYS)
        assert (Fixes([one]).of(found), (found.ahead_of, found.behind)) == (fix, line)
    assert made()[A].behind == made()[A].ahead_of == ""


def test_a_critical_failure_is_urgent_where_the_tier_may_be_three_or_four() -> None:
    assert [name for name, a in made().items() if a.urgent] == [A]


def test_efforts_come_from_the_cause_the_severity_or_the_workspace() -> None:
    assert {n: a.effort for n, a in made().items()} == {
        A: 8, B: 8, "BBB-01": 3, "AAA-01-evidence": 1,
    }  # fmt: skip
    own = {"both": Fraction(2), "BBB-01": Fraction(1, 2), "AAA-01-evidence": Fraction(5)}
    assert {n: a.effort for n, a in made(own).items()} == {
        A: 2, B: 2, "BBB-01": Fraction(1, 2), "AAA-01-evidence": 5,
    }  # fmt: skip


def test_days_may_be_given_for_causes_and_for_checks_that_no_cause_groups() -> None:
    known = effort_ids(CHECKS, GROUPS)
    assert {n for n, cause in known.items() if not cause} == {
        "both", "BBB-01", "AAA-01-evidence", "AAA-02-evidence", "BBB-01-evidence",
    }  # fmt: skip
    assert known["AAA-01"] == "both"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("sizes: {S: 1}\nevidence: Q\nseverities: {}\ncauses: {}\n", "size 'Q' is no size"),
        ("sizes: {S: 0}\nevidence: S\nseverities: {}\ncauses: {}\n", "size 'S' is no size"),
        ("sizes: {S: 1}\nevidence: S\nseverities: {low: [S]}\ncauses: {}\n", "size ['S'] is no size"),
    ],
)  # fmt: skip
def test_a_wrong_size_in_efforts_is_named(tmp_path: Path, text: str, wrong: str) -> None:
    path = tmp_path / "efforts.yml"
    path.write_text(text)
    with pytest.raises(ContentError, match=wrong.replace("[", r"\[")):
        read_efforts(path)


# ---------------------------------------------------------------- workspace, command line


def workspace(folder: Path, more: str) -> Path:
    folder.mkdir()
    (folder / "reporter.yml").write_text(
        f"organisation: A\nperiod: {{from: 2026-07-01, to: 2026-10-01}}\n{more}"
    )
    (folder / "inventory").mkdir()
    owners = (*[', "owner_id": "ann@example.com", "owner_confirmed_at": "2025-01-01"'] * 2, "")
    lines = [f'{{"type": "agent", "actor_id": "bot-{n}", "name": "Bot {n}", "state": "active"{owner}}}' for n, owner in enumerate(owners)]  # fmt: skip
    (folder / "inventory" / "agents.jsonl").write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.parametrize("days", ["0", "-1", "much", "true", "[1]", ".nan", ".inf"])
def test_days_that_are_no_number_above_zero_are_refused(tmp_path: Path, days: str) -> None:
    with pytest.raises(InputError, match="efforts: no-owner must be a number of person-days"):
        read_workspace(workspace(tmp_path / "w", f"efforts: {{no-owner: {days}}}\n"))


@pytest.mark.parametrize(
    ("name", "hint"),
    [("no-ownr", "no-owner"), ("OWN-01", "OWN-01 is fixed with its cause no-owner")],
)
def test_efforts_for_what_is_no_action_are_refused_with_what_is_close(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, hint: str
) -> None:
    folder = workspace(tmp_path / "w", f"efforts: {{{name}: 2}}\n")
    with pytest.raises(SystemExit) as end:
        main(["assess", str(folder), "--out", str(tmp_path / "run")])
    assert end.value.code == 3
    assert hint in capsys.readouterr().err


def read_rows_of(run: Path) -> list[tuple[str, str, str]]:
    return Results(run, ()).rows(("check", "status", "evidence"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plan")
    given = workspace(folder / "w", "efforts: {no-owner: 0.5}\n")
    main(["assess", str(given), "--out", str(folder / "run"), "--formats", "json"], standalone_mode=False)  # fmt: skip
    return folder / "run"


def test_roadmap_csv_holds_every_pick_in_order(run: Path) -> None:
    with (run / "roadmap.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [r["rank"] for r in rows] == [str(n) for n in range(1, len(rows) + 1)]
    assert {r["effort"] for r in rows if r["id"].startswith("no-owner")} == {"0.5"}
    assert all(r["certain_gain"] == "0.00" for r in rows if r["kind"] == EVIDENCE)
    plan = read_data(run).roadmap
    gains = sum((p.gain for p in plan.picks), Fraction(0))
    # What is fixed in a list alone is declared: all of it done is not everything met.
    assert Fraction(9, 10) < plan.start + gains == plan.picks[-1].total < 1
    assert {r["total_after"] for r in rows} == {""}  # too little evidence for a score of the whole


def test_what_only_lists_say_is_declared_once_it_is_fixed(run: Path) -> None:
    words = {c.id for c in read_data(run).checks if c.declares}
    by_check: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, status, evidence in read_rows_of(run):
        by_check[name].append((status, evidence))
    expected = {
        name
        for name, rows in by_check.items()
        if not {"pass", "declared"} & {status for status, _ in rows}
        and {evidence for status, evidence in rows if status == "fail"} == {"declared"}
    }
    assert words == expected
    assert words
    proven = what_if(run, [*sorted(words), *(f"{name}-proof" for name in sorted(words))])
    assert "results become" in proven


def test_the_proof_of_what_is_declared_is_asked_for_by_its_own_id(sample_run: Path) -> None:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for name, status, _ in read_rows_of(sample_run):
        counts[name][status] += 1
    name = min(n for n, c in counts.items() if c["declared"] and not c["fail"])
    assert f"--fix {name}-proof" in what_if(sample_run, [name])
    n = counts[name]["declared"]
    assert f"With {name}-proof done: {n} result" in what_if(sample_run, [f"{name}-proof"])


def test_fixing_one_action_or_all_says_before_and_after(run: Path) -> None:
    with (run / "roadmap.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    text = what_if(run, [rows[0]["id"]])
    assert f"Gain             {rows[0]['gain']} points" in text
    everything = what_if(run, [r["id"] for r in rows])
    assert "Too little evidence to score" in everything
    assert re.search(r"^  GOV +0.0 % -> 100.0 %", everything, re.MULTILINE)
    assert "possible only" in everything
    whole = [r for r in rows if r["id"].startswith("no-owner-")]
    assert f"{sum(int(r['results']) for r in whole)} results" in what_if(run, ["no-owner"])


def test_an_unknown_action_is_refused_with_what_is_close(run: Path) -> None:
    with pytest.raises(InputError) as error:
        what_if(run, ["OWN-O1"])
    assert "OWN-01" in str(error.value)


def test_a_run_whose_results_give_another_score_than_it_holds_is_refused(
    run: Path, tmp_path: Path
) -> None:
    (tmp_path / RESULTS).write_bytes((run / RESULTS).read_bytes())
    held = read_data(run)
    other = replace(held.scores.enterprise.total, lo=Fraction(1, 7))
    enterprise = replace(held.scores.enterprise, total=other)
    write_data(replace(held, scores=replace(held.scores, enterprise=enterprise)), tmp_path)
    with pytest.raises(InputError, match="another score"):
        what_if(tmp_path, ["OWN-01"])


def test_explain_wants_an_id_or_a_fix(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["explain", str(run)])
    assert end.value.code == 2
    main(["explain", str(run), "--fix", "OWN-01, OWN-02"], standalone_mode=False)
    assert "With OWN-01, OWN-02 done: 1 result becomes pass." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("value", "text"),
    [(Fraction(0), "0.00"), (Fraction(1, 10**9), "0.01"), (Fraction(1, 8), "12.50"), (Fraction(12345, 1000000), "1.23"), (Fraction(1), "100.00")],
)  # fmt: skip
def test_points_have_two_decimals_and_hide_no_gain(value: Fraction, text: str) -> None:
    assert points(value) == text


def test_a_plan_of_nothing_is_empty() -> None:
    world = World(1)
    road = world.plan([])
    assert (road.picks, road.first, road.first_total) == ((), (), road.start)
    assert replace(road, picks=()) == road

"""Forgery budgets and flip sets against the scorer: really turned over, every smaller set tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction as F
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_models import POLICY, PROFILE, a_check, a_control, a_framework, cases

from reporter.model.assessment import Check, Control, Sample, Theme
from reporter.model.scores import Budget, ControlScore, FlipSet, Least, Status, Tally, TierWord
from reporter.score import budget as module
from reporter.score import score
from reporter.score.budget import budget, flip_set
from reporter.score.scorer import ASK
from reporter.score.words import Compensated, Model, Support, Tiered, counts_of

THEMES = (Theme("AAA", "A"), Theme("BBB", "B"))
WORDS = (Status.DECLARED, Status.COMPENSATED)
Result = tuple[str, Status, int, int]
"""(check, status, tier lo, tier hi)"""


@dataclass(frozen=True)
class Case:
    checks: tuple[Check, ...]
    results: tuple[Result, ...]
    compensated: tuple[tuple[int, tuple[frozenset[int], ...]], ...] = ()
    """Place of a compensated result -> its groups: places of declared results that prove it, and
    below 0 a statement.
    """
    tiered: tuple[frozenset[int], ...] = ()
    """Actors whose tier is a word: the places of their results."""

    @property
    def tallies(self) -> list[Tally]:
        return counted(self.results)

    @property
    def model(self) -> Model:
        def name(n: int) -> str:
            return f"{self.results[n][0] if n >= 0 else 'statement'} word {n}"

        proofs = {n for _, groups in self.compensated for g in groups for n in g if n >= 0}
        support = Support(
            tuple(
                Compensated(self.results[at][0], self.results[at][1:], tuple(frozenset(map(name, g)) for g in groups), name(at))
                for at, groups in self.compensated
            ),
            {name(n): (self.results[n][0], self.results[n][1:]) for n in proofs},
        )  # fmt: skip
        named = proofs | {at for at, _ in self.compensated}
        of_several = {n for places in self.tiered for n in places
                      if sum(n in others for others in self.tiered) > 1}  # fmt: skip
        tiered = []
        for at, places in enumerate(self.tiered):
            changed = [
                n
                for n in sorted(places)
                if self.results[n][2:] != (4, 4) and self.results[n][1] != Status.NA
            ]
            counts = counts_of(counted([self.results[n] for n in changed]))
            if counts:
                words = (TierWord(f"actor {at}", "low", f"inventory/{at}"),)
                names = frozenset(name(n) for n in changed if n in named)
                tiered.append(Tiered(words, 1, counts, names, bool(places & of_several)))
        checks, tallies = {c.id: c for c in self.checks}, counts_of(self.tallies)
        return Model(checks, tallies, POLICY, support, tuple(tiered))


def counted(results: Sequence[Result]) -> list[Tally]:
    return [Tally(*kind, n) for kind, n in sorted(Counter(results).items())]


def level_of(case: Case, results: Sequence[Result]) -> int:
    return scored(case, results).level.lo


def scored(case: Case, results: Sequence[Result], controls: Sequence[Control] = ()):  # type: ignore[no-untyped-def]
    views = [a_framework(*controls)] if controls else []
    checks = [
        replace(c, sample=c.sample and Sample(sum(r[0] == c.id for r in results), 99, "1"))
        for c in case.checks
    ]
    return score(views, checks, THEMES, counted(results), POLICY, PROFILE)


def turned(results: Sequence[Result], places: Sequence[int], to: Status) -> list[Result]:
    return [(c, to if n in places else s, lo, hi) for n, (c, s, lo, hi) in enumerate(results)]


def topped(case: Case, actors: Sequence[int]) -> tuple[Result, ...]:
    """The results once the tier of some actors is the highest."""
    high = {n for at in actors for n in case.tiered[at]}
    return tuple((c, s, 4, 4) if n in high else (c, s, lo, hi)
                 for n, (c, s, lo, hi) in enumerate(case.results))  # fmt: skip


def least_by_trying(case: Case) -> int | None:
    """The fewest false words at which the level is lower, by trying all sets, tiers among them."""
    found = []
    for size in range(len(case.tiered) + 1):
        for actors in combinations(range(len(case.tiered)), size):
            before, results = level_of(case, case.results), topped(case, actors)
            if level_of(case, results) < before:
                found.append(size)
            elif (n := least_words(replace(case, results=results), before)) is not None:
                found.append(size + n)
    return min(found, default=None)


def least_words(case: Case, before: int) -> int | None:
    """The same beside results that have their tiers already."""
    held = dict(case.compensated)
    alone = [n for n, r in enumerate(case.results) if r[1] in WORDS and n not in held]
    words = sorted({*alone, *(n for groups in held.values() for g in groups for n in g)})
    for size in range(1, len(words) + 1):
        for chosen in combinations(words, size):
            fallen = [n for n in chosen if n >= 0]
            fallen += [at for at, groups in held.items() if all(g & {*chosen} for g in groups)]
            if level_of(case, turned(case.results, fallen, Status.FAIL)) < before:
                return size
    return None


def budget_of(case: Case) -> Budget:
    scores = scored(case, case.results)
    return budget("enterprise", "", scores.level.lo, scores.enterprise.controls, case.model)


@st.composite
def models(draw: st.DrawFn, most: int = 9, odd: bool = False, good: bool = True) -> Case:
    """Small models; odd ones have hidden tiers and samples."""
    severities = st.sampled_from(("critical", "high", "medium", "low"))
    checks = [
        replace(
            a_check(
                f"{draw(st.sampled_from(THEMES)).id}-{n}", draw(severities), draw(st.integers(1, 2))
            ),
            sample=Sample(1, 99, "1") if odd and not draw(st.integers(0, 3)) else None,
        )
        for n in range(draw(st.integers(1, 4)))
    ]
    states = [Status.PASS] * 6 + [Status.DECLARED] * 2 + [Status.COMPENSATED] * 2
    states += [] if good else [*Status]
    results = []
    for _ in range(draw(st.integers(2, most))):
        lo = draw(st.integers(1, 4))
        hi = draw(st.integers(lo, 4)) if odd else lo
        results.append((draw(st.sampled_from(checks)).id, draw(st.sampled_from(states)), lo, hi))
    return Case(tuple(checks), tuple(results))


@st.composite
def supported(draw: st.DrawFn) -> Case:
    """Models whose compensated results rest on statements and on declared results."""
    case = draw(models())
    declared = [n for n, r in enumerate(case.results) if r[1] == Status.DECLARED]
    compensated = []
    for at, result in enumerate(case.results):
        if result[1] == Status.COMPENSATED:
            groups = [
                frozenset({-1 - 10 * at - nth, *draw(st.lists(st.sampled_from(declared), max_size=2) if declared else st.just([]))})
                for nth in range(draw(st.integers(1, 2)))
            ]  # fmt: skip
            compensated.append((at, tuple(groups)))
    return replace(case, compensated=tuple(compensated))


@cases(300)
@given(models())
def test_the_budget_is_the_least_where_tiers_are_known(case: Case) -> None:
    found, least = budget_of(case), least_by_trying(case)
    assert (found.least and (found.least.at_least, found.least.at_most)) == (
        least and (least, least)
    )
    if found.least:
        check_picks(case, found.least, level_of(case, case.results))


@cases(300)
@given(supported())
def test_a_word_that_carries_several_results_is_one(case: Case) -> None:
    found, least = budget_of(case), least_by_trying(case)
    assert (found.least and (found.least.at_least, found.least.at_most)) == (
        least and (least, least)
    )


@cases(200)
@given(supported())
def test_bounds_hold_where_too_many_words_carry_several(case: Case) -> None:
    usual, module.EXACT_WORDS = module.EXACT_WORDS, 0
    try:
        found, least = budget_of(case).least, least_by_trying(case)
    finally:
        module.EXACT_WORDS = usual
    assert (found is None) == (least is None)
    if found and least:
        assert 1 <= found.at_least <= least <= found.at_most


@cases(200)
@given(models(odd=True), st.sampled_from((0, 500)))
def test_bounds_hold_where_a_tier_is_hidden_or_a_sample_drawn(case: Case, tries: int) -> None:
    usual, module.EXACT_TRIES = module.EXACT_TRIES, tries
    try:
        found, least = budget_of(case).least, least_by_trying(case)
    finally:
        module.EXACT_TRIES = usual
    assert (found is None) == (least is None)
    if found and least:
        assert 1 <= found.at_least <= least <= found.at_most
        check_picks(case, found, level_of(case, case.results))
        if tries:
            assert found.at_least == found.at_most


@st.composite
def tiered(draw: st.DrawFn, base: st.SearchStrategy[Case], shared: bool = False) -> Case:
    """Models in which the tiers of some actors are words; of a result several where it is shared."""
    case = draw(base)
    n_actors = draw(st.integers(1, 3))
    actors: list[set[int]] = [set() for _ in range(n_actors)]
    for place in range(len(case.results)):
        most = n_actors if shared else 1
        for at in draw(st.sets(st.integers(0, n_actors), min_size=1, max_size=most)):
            if at < n_actors:  # else its tier is no word
                actors[at].add(place)
    if not shared and draw(st.booleans()):  # results of one actor with one tier, as they are
        lows = [draw(st.integers(1, 4)) for _ in actors]
        of = {n: lows[at] for at, places in enumerate(actors) for n in places}
        case = replace(case, results=tuple((c, s, of.get(n, lo), of.get(n, hi))
                                           for n, (c, s, lo, hi) in enumerate(case.results)))  # fmt: skip
    return replace(case, tiered=tuple(frozenset(a) for a in actors))


@cases(300)
@given(tiered(models(7, good=False)))
def test_the_budget_is_the_least_with_false_tiers(case: Case) -> None:
    check_exact(case)


@cases(200)
@given(tiered(supported()))
def test_the_budget_is_the_least_with_false_tiers_beside_compensations(case: Case) -> None:
    check_exact(case)


def check_exact(case: Case) -> None:
    budget, least = budget_of(case), least_by_trying(case)
    assert budget.settled
    ends = budget.least and (budget.least.at_least, budget.least.at_most)
    assert ends == (least and (least, least))
    if budget.least and not case.compensated:  # what a word carries beside itself falls with it
        check_picks(case, budget.least, level_of(case, case.results))


@cases(300)
@given(
    st.one_of(
        tiered(models(6, odd=True, good=False)),
        tiered(models(6, good=False), shared=True),
        tiered(supported(), shared=True),
    ),
    st.sampled_from((0, 1, 3, 200)),
)
def test_bounds_hold_where_not_every_tier_is_tried(case: Case, tries: int) -> None:
    usual, module.TIER_TRIES = module.TIER_TRIES, tries
    try:
        budget, least = budget_of(case), least_by_trying(case)
    finally:
        module.TIER_TRIES = usual
    if budget.settled:
        assert (budget.least is None) == (least is None)
    if budget.least and least:
        assert 1 <= budget.least.at_least <= least <= budget.least.at_most
        if not case.compensated:
            check_picks(case, budget.least, level_of(case, case.results))


def check_picks(case: Case, least: Least, before: int) -> None:
    """The words named are so many, are words, and the level really falls with them."""
    actors = [int(t.word.actor.split()[1]) for t in least.tiers]
    assert len({*actors}) == len(actors)
    of_tiers = [t for tier in least.tiers for t in tier.results]
    assert sum(t.n for t in (*least.results, *of_tiers)) + len(actors) == least.at_most
    places: list[int] = []
    for at, tier in zip(actors, least.tiers, strict=True):
        own = [
            case.results[n] if n in case.tiered[at] and n not in places else None
            for n in range(len(case.results))
        ]
        places += places_of(own, tier.results)
    high = {n for at in actors for n in case.tiered[at]}
    plain = [None if n in places else r for n, r in enumerate(topped(case, actors))]
    now = [None if n in high and case.results[n][2:] != (4, 4) else r for n, r in enumerate(plain)]
    places += places_of(now, least.results)
    assert all(case.results[n][1] in WORDS for n in places)
    after = level_of(case, turned(topped(case, actors), places, Status.FAIL))
    assert after < before and str(after) == least.after


def places_of(results: Sequence[Result | None], tallies: Sequence[Tally]) -> list[int]:
    places: list[int] = []
    for t in tallies:
        kind = (t.check, t.status, t.tier_lo, t.tier_hi)
        alike = [n for n, r in enumerate(results) if r == kind]
        assert t.n <= len(alike)
        places += alike[: t.n]
    return places


def control_of(case: Case, results: Sequence[Result], control: Control) -> ControlScore:
    kept = [r for r in results if r[0] != ASK]
    answer = next(r[1] for r in results if r[0] == ASK)
    views = [a_framework(control)]
    checks = [
        replace(c, sample=c.sample and Sample(sum(r[0] == c.id for r in kept), 99, "1"))
        for c in case.checks
    ]
    scores = score(
        views, checks, THEMES, counted(kept), POLICY, PROFILE, answers={("FW", "C"): answer}
    )
    return scores.frameworks[0].controls[0]


def fewest_by_trying(
    case: Case, results: Sequence[Result], control: Control, to: Status, credit: F
) -> int | None:
    before = "NPLF".index(control_of(case, results, control).rating_lo)
    checks = {c for c, _ in control.checks} | {ASK}
    free = [n for n, r in enumerate(results) if r[0] in checks and r[1] not in (to, Status.NA)]
    for size in range(1, len(free) + 1):
        for chosen in combinations(free, size):
            after = "NPLF".index(control_of(case, turned(results, chosen, to), control).rating_lo)
            if after < before if to == Status.FAIL else after > before:
                return size
    return None


def sides(found: FlipSet) -> Iterator[tuple[Status, Least | None]]:
    yield Status.FAIL, found.worse
    yield Status.PASS, found.better


@cases(150)
@given(models(7, good=False), st.sampled_from(Status), st.booleans())
def test_a_flip_set_is_the_fewest(case: Case, answer: Status, partial: bool) -> None:
    check_flips(case, answer, partial, True)


@cases(100)
@given(models(6, odd=True, good=False), st.sampled_from(Status), st.booleans())
def test_a_flip_set_is_bounded_where_a_tier_is_hidden(
    case: Case, answer: Status, partial: bool
) -> None:
    check_flips(case, answer, partial, False)


def check_flips(case: Case, answer: Status, partial: bool, exact: bool) -> None:
    strengths = ("direct", "partial") if partial else ("direct", "direct")
    control = replace(
        a_control("C", *(c.id for c in case.checks), ask="Why?"),
        checks=tuple((c.id, strengths[n % 2]) for n, c in enumerate(case.checks)),
    )
    results = (*case.results, (ASK, answer, 1, 1))
    before = control_of(case, results, control)
    if before.state == "not_applicable":
        return
    model = replace(case.model, counts=counts_of(counted(results)))
    for to, found in sides(flip_set("FW", before, model)):
        least = fewest_by_trying(case, results, control, to, F(0))
        assert (found is None) == (least is None)
        if found is None or least is None:
            continue
        assert found.at_least <= least <= found.at_most
        assert not exact or found.at_least == found.at_most
        places = places_of(results, found.results)
        assert len(places) == found.at_most
        after = control_of(case, turned(results, places, to), control).rating_lo
        assert after == found.after != before.rating_lo


@pytest.mark.parametrize(
    ("severity", "tier", "least"), [("critical", 4, 1), ("critical", 2, 6), ("high", 4, 6)]
)
def test_one_critical_result_of_a_high_tier_is_enough(severity: str, tier: int, least: int) -> None:
    kinds = [("AAA-1", s, tier, tier) for s in (Status.PASS, Status.DECLARED)]
    case = Case((a_check("AAA-1", severity),), (*[kinds[0]] * 6, *[kinds[1]] * 10))
    assert level_of(case, case.results) == 1  # 11 of 16 credits; 8 are too few
    found = budget_of(case)
    assert found.words == 10
    assert found.least == Least(least, least, "0", (Tally(*kinds[1], least),))


def test_it_stands_where_all_words_together_do_not_suffice() -> None:
    kinds = [("AAA-1", s, 1, 1) for s in (Status.PASS, Status.DECLARED)]
    case = Case((a_check("AAA-1"),), (*[kinds[0]] * 6, *[kinds[1]] * 4))
    assert (level_of(case, case.results), budget_of(case)) == (
        1,
        Budget("enterprise", "", 1, 4, None),
    )


def test_a_declared_result_that_proves_all_compensations_is_the_least() -> None:
    results = [("AAA-1", s, 1, 1) for s in (*[Status.PASS] * 3, *[Status.COMPENSATED] * 4)]
    proof = ("AAA-2", Status.DECLARED, 1, 1)  # of a level that this one does not ask for
    groups = {n: (frozenset({-n, 7}),) for n in range(3, 7)}

    def fewest(held: dict[int, tuple[frozenset[int], ...]]) -> Least | None:
        return budget_of(replace(case, compensated=tuple(held.items()))).least

    case = Case((a_check("AAA-1"), a_check("AAA-2", level=2)), (*results, proof))
    assert level_of(case, case.results) == 1  # 5 of 7 credits; 3.5 are too few
    assert fewest(groups) == Least(1, 1, "0", (Tally(*proof, 1),))
    twice = {n: (*g, frozenset({-10 * n})) for n, g in groups.items()}  # another statement on each
    of_three = [Tally(*results[-1], 3), Tally(*proof, 1)]  # the proof, and the others on three
    assert fewest(twice) == Least(4, 4, "0", tuple(of_three))
    alone = {n: (frozenset({-n}),) for n in groups}
    assert fewest(alone) == Least(3, 3, "0", (Tally(*results[-1], 3),))


def test_nothing_declared_is_no_word() -> None:
    case = Case((a_check("AAA-1"),), (("AAA-1", Status.PASS, 1, 1),))
    assert budget_of(case) == Budget("enterprise", "", 1, 0, None)


def test_level_0_cannot_fall() -> None:
    case = Case((a_check("AAA-1"),), (("AAA-1", Status.DECLARED, 1, 1),))
    assert budget_of(case) == Budget("enterprise", "", 0, 0, None)

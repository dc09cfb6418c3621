"""What reaches each level, and what to decide. In: scored practices, counted results, actions. Out:
a `Way` to each level, and `Decision`s with options that are scored exactly.

A level needs results of a check to become pass (`needs`); actions turn many at once. The choice is
greedy, by results that are still needed a day, and then freed of what the others make superfluous.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from reporter.model.assessment import SEVERITIES, Check, Policy, Theme
from reporter.model.roadmap import (
    EVIDENCE,
    IMPLEMENT,
    PROVE,
    SHOW,
    Action,
    Decision,
    Option,
    Roadmap,
    Way,
)
from reporter.model.scores import MET, PracticeScore, Scores, Status, Tally
from reporter.score.levels import asked, hindered, standing
from reporter.score.needs import Needs, needs_of
from reporter.score.planner import changes_of, enterprise_tree, union
from reporter.score.scorer import CAP_TIER, capped, mean, score_check
from reporter.score.state import Change, Effects, Kind, State, good_status, tallied

DECISIONS = 5
PROOF = "-proof"
"""Behind the id of a check: the proof of what is only declared."""
ALL, HIGH, NEEDED = "all", "high", "needed"
WORDS = (Status.DECLARED, Status.ATTESTED, Status.COMPENSATED)
"""States of results that a proof turns to pass."""
_Counts = Mapping[str, Counter[Kind]]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What all ways and decisions are computed from."""

    checks: Mapping[str, Check]
    themes: Sequence[Theme]
    counts: _Counts
    policy: Policy
    roadmap: Roadmap
    scores: Scores
    proof_days: Fraction
    """Of the proof of one check."""
    questions: Mapping[str, str]
    """By group of causes."""
    needs: dict[tuple[tuple[tuple[str, int], ...], bool], Needs] = field(default_factory=dict)
    """What practices need, by their checks and whether the level is their own."""
    lows: dict[tuple[str, frozenset[tuple[Kind, int]]], tuple[Fraction, bool]] = field(
        default_factory=dict
    )
    """The score of checks with some results, and whether it caps."""

    def state(self, counts: _Counts) -> State:
        """Return the state of the enterprise with these results."""
        tree = enterprise_tree(self.checks.values(), self.themes, self.policy)
        tallies = [t for check, kinds in counts.items() for t in tallied(check, kinds)]
        return State(tree, tallies, self.policy, self.roadmap.ceiling)


def with_ways(
    roadmap: Roadmap,
    checks: Iterable[Check],
    themes: Sequence[Theme],
    tallies: Iterable[Tally],
    scores: Scores,
    policy: Policy,
    proof_days: Fraction,
    questions: Mapping[str, str],
) -> Roadmap:
    """Return the roadmap with the ways to each level and the first decisions.

    `proof_days` are the person-days that it takes to show for one check what was only declared;
    `questions` are what to decide by group of causes.
    """
    counts: dict[str, Counter[Kind]] = defaultdict(Counter)
    for t in tallies:
        counts[t.check][t.status, t.tier_lo, t.tier_hi] += t.n
    known = {c.id: c for c in checks}
    plan = _Plan(known, themes, counts, policy, roadmap, scores, proof_days, questions)
    ways = tuple(_way(plan, n) for n in range(roadmap.level + 1, scores.level.judged + 1))
    return replace(roadmap, ways=ways, decisions=_decisions(plan, ways))


def _way(plan: _Plan, level: int) -> Way:
    """Choose what reaches a level, and score the organisation with all of it done."""
    needs = _needs(plan, level)
    failing = Counter(
        {
            (check, *kind): n
            for check, kinds in needs.items()
            for kind, n in kinds.items()
            if kind[0] == Status.FAIL
        }
    )
    picks = {p.action.id: p for p in plan.roadmap.picks}
    fixes = _cover(failing, [p.action for p in plan.roadmap.picks if p.action.kind == IMPLEMENT])
    evidence = [c for c, kinds in needs.items() if any(k[0] == Status.UNKNOWN for k in kinds)]
    proofs = [
        c
        for c, kinds in needs.items()
        if _rests_on_words(plan.counts[c], kinds, plan.checks[c].declares)
    ]
    change = _change([picks[name].action for name in fixes])
    _spare(plan, level, change, evidence, proofs)
    days = sum((picks[name].action.effort for name in fixes), Fraction(0))
    days += sum((picks[c + SHOW].action.effort for c in evidence), Fraction(0))
    days += plan.proof_days * len(proofs)
    after = after_work(plan.counts, change, evidence, proofs, plan.checks)
    state = plan.state(after)
    return Way(
        level, tuple(fixes), tuple(evidence), tuple(proofs), days, state.total, state.level()
    )


def _needs(plan: _Plan, level: int) -> Needs:
    needs: Needs = {}
    for _, practice in asked(plan.scores.enterprise.controls, level):
        if standing(practice, level, plan.policy) != MET:
            # Every level above that of a practice asks the same of it.
            key = practice.weights, practice.level == level
            if key not in plan.needs:
                ids = [check for check, _ in practice.weights]
                tallies = [t for c in ids for t in tallied(c, plan.counts.get(c, Counter()))]
                plan.needs[key] = needs_of(practice, level, plan.checks, tallies, plan.policy)
            needs |= plan.needs[key]
    return dict(sorted(needs.items()))


def _spare(plan: _Plan, level: int, fixes: Change, evidence: list[str], proofs: list[str]) -> None:
    """Drop the proofs, then the evidence, without which each practice meets the level too."""
    after = after_work(plan.counts, fixes, evidence, proofs, plan.checks)
    for _, practice in asked(plan.scores.enterprise.controls, level):
        ids = [check for check, _ in practice.weights]
        if not _meets(plan, practice, level, after):
            continue  # waived failures hold it
        for work in (proofs, evidence):
            for check in sorted({*ids} & {*work}):
                work.remove(check)
                before = after[check]
                kinds, done = plan.counts[check], fixes.get(check, ())
                declares = plan.checks[check].declares
                after[check] = _turned(kinds, done, check in evidence, check in proofs, declares)
                if not _meets(plan, practice, level, after):
                    after[check] = before
                    work.append(check)
        evidence.sort()
        proofs.sort()


def _meets(plan: _Plan, practice: PracticeScore, level: int, counts: _Counts) -> bool:
    """Tell whether a practice meets a level with these results."""
    rows = [(w, *_low(plan, c, counts.get(c, Counter()))) for c, w in practice.weights]
    value = mean((weight, lo) for weight, lo, _ in rows)
    value = capped(value, any(caps for *_, caps in rows), plan.policy)
    return hindered(practice.level, value, plan.policy) > level


def _low(plan: _Plan, check: str, kinds: Counter[Kind]) -> tuple[Fraction, bool]:
    key = check, frozenset(kinds.items())
    if key not in plan.lows:
        model, tallies = plan.checks[check], tallied(check, kinds)
        is_critical, is_sampled = model.severity == "critical", bool(model.sample)
        score = score_check(check, is_critical, tallies, plan.policy, is_sampled)
        plan.lows[key] = score.lo, score.caps_lo
    return plan.lows[key]


def _rests_on_words(counts: Counter[Kind], needed: Counter[Kind], declares: bool) -> bool:
    """Tell whether a check needs a proof: of what is declared, or of what a fix would leave so."""
    if any(kind[0] in WORDS for kind in needed):
        return True
    present = (status for (status, *_), n in counts.items() if n)
    return good_status(present, declares) == Status.DECLARED


_Need = tuple[str, Status, int, int]
"""Check and kind of a result."""


_Useful = tuple[tuple[_Need, int], ...]
"""The results of an action that are needed."""


def _cover(needed: Counter[_Need], actions: Sequence[Action]) -> list[str]:
    """Choose actions that turn so many results to pass; return their ids in the order given.

    What no action covers, such as failures that are waived, stays.
    """
    alike: dict[tuple[_Useful, Fraction], list[Action]] = defaultdict(list)
    for action in actions:
        if useful := tuple((need, n) for need, n in _effects(action) if need in needed):
            alike[useful, action.effort].append(action)
    left, chosen = Counter(needed), []
    # What an action covers only shrinks: one that comes first with its rate of now is the best.
    queue = [
        (-_covered(left, useful) / days, n, useful, days) for n, (useful, days) in enumerate(alike)
    ]
    heapq.heapify(queue)
    while queue:
        rate, n, useful, days = heapq.heappop(queue)
        now = -_covered(left, useful) / days
        if not now:
            continue
        if now == rate:
            group = alike[useful, days]
            times = min(
                len(group), max(1, min(left[need] // k for need, k in useful if left[need]))
            )
            chosen += group[:times]
            del group[:times]
            for need, k in useful:
                left[need] -= min(left[need], k * times)
            if not group:
                continue
            now = -_covered(left, useful) / days
        heapq.heappush(queue, (now, n, useful, days))
    names = {a.id for a in _needed_only(needed, chosen)}
    return [a.id for a in actions if a.id in names]


def _effects(action: Action) -> list[tuple[_Need, int]]:
    return [((e.check, e.status, e.tier_lo, e.tier_hi), e.n) for e in action.effects]


def _covered(left: Counter[_Need], effects: _Useful) -> int:
    return sum(min(left[need], n) for need, n in effects)


def _needed_only(needed: Counter[_Need], chosen: Sequence[Action]) -> list[Action]:
    """Drop what the other actions make superfluous, the dearest first."""
    spare: Counter[_Need] = Counter()
    for action in chosen:
        for need, n in _effects(action):
            spare[need] += n
    spare.subtract(needed)
    kept = []
    for action in sorted(chosen, key=lambda a: (-a.effort, a.id)):
        effects = _effects(action)
        if all(spare[need] >= n or need not in needed for need, n in effects):
            for need, n in effects:
                spare[need] -= n
        else:
            kept.append(action)
    return kept


def after_work(
    counts: _Counts,
    fixes: Change,
    evidence: Collection[str],
    proofs: Collection[str],
    checks: Mapping[str, Check],
) -> dict[str, Counter[Kind]]:
    """Return the results once all is done: fixed, shown and, for some checks, proven."""
    return {
        check: _turned(
            kinds,
            fixes.get(check, ()),
            check in evidence,
            check in proofs,
            checks[check].declares,
        )
        for check, kinds in counts.items()
    }


def _turned(
    counts: Counter[Kind], fixes: Effects, is_shown: bool, is_proven: bool, declares: bool
) -> Counter[Kind]:
    """Return the results of a check once its work is done."""
    states = (*((Status.UNKNOWN,) if is_shown else ()), *(WORDS if is_proven else ()))
    turned = Counter(dict(fixes)) + Counter({k: n for k, n in counts.items() if k[0] in states})
    good = Status.PASS
    if not is_proven:
        good = good_status((status for (status, *_), n in counts.items() if n), declares)
    after = Counter(counts)
    for kind, n in turned.items():
        after[kind] -= n
        after[good, *kind[1:]] += n
    return after


def _decisions(plan: _Plan, ways: Sequence[Way]) -> tuple[Decision, ...]:
    """Return the first decisions: what the next level asks for, then what has most urgent results,
    then by severity, then what gains most a day.
    """
    state = plan.state(plan.counts)
    by_group: dict[str, list[Action]] = defaultdict(list)
    for pick in plan.roadmap.picks:
        if pick.action.kind == IMPLEMENT:
            by_group[pick.action.group].append(pick.action)
    found = [
        (_fix_decision(plan, ways, state, name, actions), _urgent_results(plan, actions))
        for name, actions in by_group.items()
    ]
    found += [(d, 0) for way in ways[:1] for d in _word_decisions(plan, way)]
    found.sort(key=lambda pair: _place(pair[0], pair[1], plan))
    return tuple(d for d, _ in found[:DECISIONS])


def _place(decision: Decision, urgent: int, plan: _Plan) -> tuple[bool, int, int, Fraction, str]:
    whole = decision.options[0]
    is_next = decision.for_level == plan.roadmap.level + 1
    rate = (whole.total - plan.roadmap.start) / whole.days
    return not is_next, -urgent, SEVERITIES.index(decision.severity), -rate, decision.id


def _urgent_results(plan: _Plan, actions: Iterable[Action]) -> int:
    """Count the failures of misuse, and the critical ones on who may be tier 3 or 4."""
    total = 0
    for action in actions:
        for e in action.effects:
            check = plan.checks[e.check]
            is_critical = check.severity == "critical" and e.tier_hi >= CAP_TIER
            total += e.n if check.misuse or is_critical else 0
    return total


def _fix_decision(
    plan: _Plan, ways: Sequence[Way], state: State, name: str, actions: Sequence[Action]
) -> Decision:
    high = [a for a in actions if any(e.tier_hi >= CAP_TIER for e in a.effects)]
    checks = sorted({c for a in actions for c in a.checks})
    options = [_option(ALL, actions, state)]
    if 0 < len(high) < len(actions):
        options.append(_option(HIGH, high, state))
    ids = {a.id for a in actions}
    needed = [a for way in ways[:1] for a in actions if a.id in way.fixes]
    if 0 < len(needed) < len(actions) and needed != high:
        options.append(_option(NEEDED, needed, state))
    return Decision(
        id=name,
        question=plan.questions.get(name, ""),
        kind=IMPLEMENT,
        checks=tuple(checks),
        severity=min((plan.checks[c].severity for c in checks), key=SEVERITIES.index),
        urgent=any(a.urgent for a in actions),
        for_level=next((w.level for w in ways if ids & {*w.fixes}), 0),
        results=sum(a.results for a in actions),
        options=tuple(options),
    )


def _change(actions: Sequence[Action]) -> Change:
    return union(changes_of(actions).values())


def _option(kind: str, actions: Sequence[Action], state: State) -> Option:
    """Score several actions together."""
    parts = state.parts(_change(actions))
    return Option(
        kind,
        tuple(a.id for a in actions),
        sum(a.things for a in actions),
        sum((a.effort for a in actions), Fraction(0)),
        state.total + state.gain(parts)[0],
        state.level_after(parts),
    )


def _word_decisions(plan: _Plan, way: Way) -> list[Decision]:
    """Return what has to be shown, and what has to be proven, for the next level."""
    picks = {p.action.id: p.action for p in plan.roadmap.picks}
    actions = [picks[c + SHOW] for c in way.evidence]
    days = sum((a.effort for a in actions), Fraction(0))
    found = []
    if way.evidence:
        after = plan.state(after_work(plan.counts, {}, way.evidence, (), plan.checks))
        names, things = tuple(a.id for a in actions), sum(a.things for a in actions)
        option = Option(ALL, names, things, days, after.total, after.level())
        found.append(_word_decision(plan, EVIDENCE, way, way.evidence, option))
    if way.proofs:
        after = plan.state(after_work(plan.counts, {}, (), way.proofs, plan.checks))
        days = plan.proof_days * len(way.proofs)
        option = Option(ALL, (), 0, days, after.total, after.level())
        found.append(_word_decision(plan, PROVE, way, way.proofs, option))
    return found


def _word_decision(
    plan: _Plan, kind: str, way: Way, checks: Sequence[str], option: Option
) -> Decision:
    states = (Status.UNKNOWN,) if kind == EVIDENCE else WORDS
    return Decision(
        id=kind,
        question="",
        kind=kind,
        checks=tuple(checks),
        severity=min((plan.checks[c].severity for c in checks), key=SEVERITIES.index),
        urgent=False,
        for_level=way.level,
        results=sum(n for c in checks for k, n in plan.counts[c].items() if k[0] in states),
        options=(option,),
    )

"""How much hangs on words, and what an auditor samples first, as printed. In: an `Assessment`, its
results. Out: sentences on levels and ratings; rows of a sample, with the records to open.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from reporter.engine.base import quoted_list
from reporter.i18n.translate import content, mark, say, say_n, word
from reporter.model import assessment as model
from reporter.model.assessment import SEVERITIES
from reporter.model.reasons import SHOWN_BY
from reporter.model.scores import (
    STATED,
    Basis,
    Budget,
    FalseTier,
    FlipSet,
    Least,
    Status,
    Tally,
    tier_text,
)
from reporter.report.view import elements
from reporter.report.view.format import clean, figure, join, number, percent, ranged, record
from reporter.runs.store import Results
from reporter.schema.vocabulary import EVIDENCE
from reporter.score import ASK

ENTERPRISE = "enterprise"
LISTED = 25
"""Results of one set that the sample names; more are counted."""
FIRST = 20
"""Records that the report itself lists."""
NAMED, CHECKS_NAMED, BEARINGS_NAMED = 2, 3, 3
_CLASSES = (*EVIDENCE, STATED)
_STATED = mark("stated by people")
_SCORE_RESTS = mark("The evidenced score is based on: {shares}.")
_LEVEL_RESTS = mark("What the level requires is based on: {shares}.")
_ANSWER = mark("answer to the question")
_UNANSWERED = mark("no one answered with evidence: {question}")
_FALLS, _RISES = mark("falls to {after} if they fail"), mark("rises to {after} if they pass")
_FORGED = mark("falls to level {after} if they are false")
_LOOK: Mapping[str, str] = {
    "declared": mark("Whether a system shows what was declared; ask for its export."),
    "record": mark("The export against the system that keeps or enforces it."),
    "observed": mark("The log entries behind it, and whether the log is complete."),
    "verified": mark("The test, done again."),
    Status.COMPENSATED: mark("The approval of the compensating control, and whether it works."),
    Status.ATTESTED: mark("Who answered, and what supports the answer."),
    Status.FAIL: mark("Whether it has been fixed since, or the record is wrong."),
    Status.UNKNOWN: mark("What would prove it; the reason names what is missing."),
    "": mark("The record behind it."),
}
"""What to look at, by status, or for what passes by evidence."""
_OF_TIER = mark(
    "Whether the tier matches what the agent can reach and does; a false tier is taken as 4."
)
TIER_CHECK = "RSK-02"
"""Says whether a risk tier fits."""
_Kind = tuple[str, str, int, int]
"""(check, status, tier lo, tier hi)"""


@dataclass(frozen=True, slots=True)
class _Found:
    """A result that is to be looked at."""

    subject: str
    owner: str
    record: str
    reason: str
    evidence: str


@dataclass(frozen=True, slots=True)
class _Set:
    """A set of results, and what hangs on it."""

    bears_on: str
    effect: str
    least: Least
    framework: str
    control: str


class Reliances:
    """What hangs on which results of a run, printed."""

    def __init__(self, assessment: model.Assessment, results: Results) -> None:
        self._assessment = assessment
        self._checks = {c.id: c for c in assessment.checks}
        self._short = {f.id: clean(f.short) for f in assessment.frameworks}
        self._titles = {t.id: clean(content(t.title)) for t in assessment.themes}
        found = assessment.reliance
        self._sets = [*self._budget_sets(found.budgets), *self._flip_sets(found.flips)]
        self._found = _records(self._sets, results)
        self._of_tiers = _of_tiers(self._sets, results)
        self._questions = {
            (f.id, c.id): clean(content(c.ask)) for f in assessment.frameworks for c in f.controls
        }
        self._answers = {(a.framework, a.control): a for a in assessment.attestations if a.settles}

    def of_controls(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """Return the sentences on each assessed control and theme."""
        lines: dict[tuple[str, str], list[str]] = defaultdict(list)
        bases = {(b.framework, b.id): b for b in self._assessment.reliance.bases if not b.is_level}
        budgets = {(b.framework, b.theme): b for b in self._assessment.reliance.budgets if b.theme}
        for flips in self._assessment.reliance.flips:
            key = flips.framework, flips.control
            lines[key] += filter(None, [_basis_text(bases.get(key))])
            if (budget := budgets.get(key)) and budget.level and budget.words:
                free = say("Blocks no level up to {n}.", n=budget.level)
                lines[key].append(f"{free} {self._budget_text(budget)}")
            lines[key] += self._flip_lines(flips)
        return {key: tuple(texts) for key, texts in lines.items()}

    def chapter(self) -> elements.Reliance:
        """Return the chapter on all of them, with the sample."""
        sample = tuple(row for each in self._sets for row in self._rows(each))
        return elements.Reliance(
            text=(
                say(
                    "A level or a rating is only as good as the evidence for it. Each share says"
                    " how"
                    " much of the credit comes from which class of evidence. Each number says how"
                    " few results or statements would have to change to change it. Declarations"
                    " and statements have no support but their author's word."
                ),
            ),
            heads=tuple(map(_class_word, _CLASSES)),
            levels=tuple(self._level(b) for b in self._assessment.reliance.budgets if not b.theme),
            scores=tuple(self._scores()),
            sample=sample,
            sample_text=self._sample_text(bool(sample)),
            first=self._first(),
        )

    # levels

    def _level(self, budget: Budget) -> elements.Rests:
        bases = self._assessment.reliance.bases
        basis = next((b for b in bases if b.is_level and b.framework == budget.framework), None)
        return elements.Rests(
            id=budget.framework,
            label=self._short.get(budget.framework, say("The whole")),
            figure=say("level {n}", n=budget.level),
            shares=_shares(basis),
            rests=_basis_text(basis, _LEVEL_RESTS),
            text=self._budget_text(budget),
        )

    def _budget_text(self, budget: Budget) -> str:
        """Say how many words would have to be false."""
        if not budget.level:
            return say("Level 0 is the lowest: it cannot fall.")
        if not budget.words:
            return say(
                "It depends on no statement: nothing that level {n} requires is only declared or"
                " stated.",
                n=budget.level,
            )
        least = budget.least
        if least is None and not budget.settled:
            return say(
                "No set of declared results, risk tiers and statements ({n}) was found whose"
                " falsehood"
                " lowers it from level {level}; not every set was tried.",
                n=number(budget.words),
                level=budget.level,
            )
        if least is None:
            return say_n(
                "It would remain at level {level} if the {n} declared result, risk tier or"
                " statement"
                " behind it were false.",
                "It would remain at level {level} whichever of the {n} declared results, risk"
                " tiers and"
                " statements behind it were false.",
                budget.words,
                level=budget.level,
            )
        values = {
            "least": number(least.at_least),
            "most": number(least.at_most),
            "all": number(budget.words),
            "level": budget.level,
            "after": least.after,
            "names": "; ".join(
                filter(None, [*_tier_names(least), self._names(least, budget.framework, "")])
            ),
        }
        if least.at_least < least.at_most:
            return say(
                "It falls from level {level} to {after} if {most} of {all} declared results,"
                " risk tiers and statements are false; with fewer than {least} it holds: {names}.",
                **values,
            )
        return say(
            "It falls from level {level} to {after} if {most} of {all} declared results, risk"
            " tiers and statements are false; with fewer it holds: {names}.",
            **values,
        )

    def _budget_sets(self, budgets: Iterable[Budget]) -> Iterator[_Set]:
        for budget in budgets:
            if budget.least:
                name = self._titles.get(budget.theme) or self._short.get(budget.framework, "")
                level = say("level {n}", n=budget.level)
                bears_on = f"{name}, {level}" if name else say("Level {n}", n=budget.level)
                effect = say(_FORGED, after=budget.least.after)
                yield _Set(bears_on, effect, budget.least, budget.framework, "")

    # scores and ratings

    def _scores(self) -> Iterator[elements.Rests]:
        scores, found = self._assessment.scores, self._assessment.reliance.bases
        bases = {b.framework: b for b in found if not b.id and not b.is_level}
        for view in (scores.enterprise, *scores.frameworks):
            from_to = ranged(figure(view.total.lo, view.total.hi))
            label = self._short.get(view.framework, say("The whole"))
            basis = bases.get(view.framework)
            rests = _basis_text(basis)
            yield elements.Rests(view.framework, label, from_to, _shares(basis), rests)

    def _flip_lines(self, flips: FlipSet) -> Iterator[str]:
        texts = (
            (
                flips.worse,
                mark("Rated {after} if {most} of its results failed, and not with fewer: {names}."),
                mark(
                    "Rated {after} if {most} of its results failed, and not with fewer than"
                    " {least}: {names}."
                ),
            ),
            (
                flips.better,
                mark("Rated {after} if {most} more passed, and not with fewer: {names}."),
                mark(
                    "Rated {after} if {most} more passed, and not with fewer than {least}: {names}."
                ),
            ),
        )
        for least, exact, bounded in texts:
            if least:
                yield say(
                    exact if least.at_least == least.at_most else bounded,
                    after=least.after,
                    most=number(least.at_most),
                    least=number(least.at_least),
                    names=self._names(least, flips.framework, flips.control),
                )

    def _flip_sets(self, flips: Iterable[FlipSet]) -> Iterator[_Set]:
        for each in flips:
            short = self._short.get(each.framework, "")
            name = f"{short} {each.control}" if short else self._titles[each.control]
            for least, effect in ((each.worse, _FALLS), (each.better, _RISES)):
                if least:
                    said = say(effect, after=least.after)
                    yield _Set(name, said, least, each.framework, each.control)

    # names and rows

    def _names(self, least: Least, framework: str, control: str) -> str:
        """Name the first subjects of the first checks of a set."""
        by_check: dict[str, list[str]] = defaultdict(list)
        totals: Counter[str] = Counter()
        for tier in least.tiers:
            for t in tier.results:
                totals[t.check] += t.n
                names = [f.subject for f in self._on_actor(tier, t)][: t.n]
                by_check[t.check] += names[: NAMED - len(by_check[t.check])]
        for t in self._ranked(least.results):
            totals[t.check] += t.n
            names = [f.subject for f in self._found.get(_kind(t), ())[: t.n]]
            by_check[t.check] += names[: NAMED - len(by_check[t.check])]
        parts = []
        for check, n in list(totals.items())[:CHECKS_NAMED]:
            if check == ASK:
                parts.append(say(_ANSWER))
                continue
            more = n - len(by_check[check])
            rest = [say("{n} more", n=number(more))] if more > 0 else []
            parts.append(
                say(
                    "{check} for {names}", check=clean(check), names=join([*by_check[check], *rest])
                )
            )
        if (left := len(totals) - CHECKS_NAMED) > 0:
            parts.append(say_n("{n} other check", "{n} other checks", left))
        return "; ".join(parts)

    def _ranked(self, results: Iterable[Tally]) -> list[Tally]:
        """Return kinds of results, the gravest check and the highest tier first."""
        return sorted(results, key=self._rank)

    def _rank(self, t: Tally) -> tuple[int, int, str, str, int]:
        rule = self._checks.get(t.check)
        severity = SEVERITIES.index(rule.severity) if rule else len(SEVERITIES)
        return severity, -t.tier_hi, t.check, t.status, -t.tier_lo

    def _rows(self, each: _Set) -> Iterator[elements.Sampled]:
        """Yield the results of a set; of many the first, and how many more there are."""
        left = LISTED
        for tier in each.least.tiers[:LISTED]:
            left -= 1
            yield self._tier_row(each, tier)
            for t in tier.results:
                on_actor = self._on_actor(tier, t)[: min(t.n, left)]
                left -= len(on_actor)
                yield from (self._row(each, t, result) for result in on_actor)
        for t in self._ranked(each.least.results):
            found = [*self._answer(each, t)] or self._found.get(_kind(t), ())[: min(t.n, left)]
            left -= len(found)
            yield from (self._row(each, t, result) for result in found)
        if (more := each.least.at_most - (LISTED - left)) > 0:
            text = say("and {n} more of the same kinds", n=number(more))
            yield self._row(each, Tally("", Status.NA, 1, 1, more), _Found(text, "", "", "", ""))

    def _answer(self, each: _Set, t: Tally) -> Iterator[_Found]:
        """Yield the answer that a control rests on."""
        if t.check == ASK:
            given = self._answers.get((each.framework, each.control))
            who = clean(given.attested_by) if given else ""
            question = self._questions.get((each.framework, each.control), "")
            reason = question if given else say(_UNANSWERED, question=question)
            yield _Found(say(_ANSWER), who, clean(given.ref) if given else "", reason, "")

    def _row(self, each: _Set, t: Tally, found: _Found) -> elements.Sampled:
        least, rule = each.least, self._checks.get(t.check)
        is_exact = least.at_least == least.at_most
        most = number(least.at_most)
        kind = t.status if t.status in _LOOK and t.status != Status.DECLARED else found.evidence
        return elements.Sampled(
            bears_on=each.bears_on,
            effect=each.effect,
            needed=most if is_exact else f"{number(least.at_least)}–{most}",
            check=elements.Link(
                clean(t.check) if rule else "", "", clean(content(rule.title)) if rule else ""
            ),
            subject=found.subject,
            status=word(t.status) if t.check else "",
            evidence=_class_word(found.evidence) if found.evidence else "",
            tier=tier_text(t.tier_lo, t.tier_hi) if rule else "",
            owner=found.owner,
            record=record(found.record) if rule else found.record,
            reason=found.reason,
            look_at=say(_LOOK.get(kind, _LOOK[""])) if t.check else "",
        )

    def _on_actor(self, tier: FalseTier, t: Tally) -> list[_Found]:
        """Return the results of a kind on an actor; of one that others share the actor alone."""
        unnamed = _Found(tier.word.actor, "", tier.word.record, "", "")
        return self._of_tiers.get((tier.word.actor, _kind(t))) or [unnamed]

    def _tier_row(self, each: _Set, tier: FalseTier) -> elements.Sampled:
        """Print a risk tier that is a word, and what is found about it."""
        judged = next(
            (
                f
                for (actor, kind), found in self._of_tiers.items()
                if actor == tier.word.actor and kind[0] == TIER_CHECK
                for f in found
            ),
            _Found("", "", "", "", ""),
        )
        found = replace(judged, subject=tier.word.actor, record=tier.word.record, evidence="")
        row = self._row(each, Tally(TIER_CHECK, Status.DECLARED, 1, 1, 1), found)
        return replace(
            row,
            evidence=_class_word(EVIDENCE[0]),
            tier=word(tier.word.risk_tier),
            reason=judged.reason or say("its risk tier"),
            look_at=say(_OF_TIER),
        )

    def _first(self) -> tuple[elements.First, ...]:
        """Return the records that bear on most, those of the gravest checks first among equals."""
        places: dict[tuple[_Kind, int], dict[str, _Set]] = defaultdict(dict)
        ranks: dict[_Kind, Tally] = {}
        for each in self._sets:
            for t in each.least.results:
                kind = _kind(t)
                ranks[kind] = t
                for nth in range(min(t.n, len(self._found.get(kind, ())))):
                    places[kind, nth].setdefault(each.bears_on, each)
        order = sorted(places, key=lambda p: (-len(places[p]), self._rank(ranks[p[0]]), p))
        return tuple(self._entry(ranks[kind], n, places[kind, n]) for kind, n in order[:FIRST])

    def _entry(self, t: Tally, nth: int, sets: Mapping[str, _Set]) -> elements.First:
        names = [*sets]
        more = len(names) - BEARINGS_NAMED
        rest = [say("{n} more", n=number(more))] if more > 0 else []
        row = self._row(sets[names[0]], t, self._found[_kind(t)][nth])
        return elements.First(row, number(len(names)), join([*names[:BEARINGS_NAMED], *rest]))

    def _sample_text(self, is_any: bool) -> str:
        if not is_any:
            return say("Nothing could be assessed, so there is nothing to sample.")
        return say(
            "The results on which most levels and ratings depend. Sheet Audit sample of report.xlsx"
            " has them all. For each rating it lists the fewest results that would lower it, and"
            " the fewest that would raise it. For each level it lists the fewest that would lower"
            " it if false."
        )


def _kind(t: Tally) -> _Kind:
    return t.check, t.status.value, t.tier_lo, t.tier_hi


def _records(sets: Iterable[_Set], results: Results) -> dict[_Kind, list[_Found]]:
    """Return the first results of each kind that a set asks for, by subject: one query for all."""
    kinds = sorted({_kind(t) for each in sets for t in each.least.results if t.check != ASK})
    if not kinds:
        return {}
    wanted = ", ".join(f"('{c}', '{s}', {lo}, {hi})" for c, s, lo, hi in kinds)
    columns = ("check", "status", "tier_lo", "tier_hi", "subject", "owner", "record", "reason")
    nth = 'row_number() OVER (PARTITION BY "check", status, tier_lo, tier_hi ORDER BY subject)'
    rows = results.each(
        (*columns, "evidence"),
        f'("check", status, tier_lo, tier_hi) IN ({wanted})',
        f'QUALIFY {nth} <= {LISTED} ORDER BY "check", status, tier_lo, tier_hi, subject',
    )
    found: dict[_Kind, list[_Found]] = defaultdict(list)
    for check, status, lo, hi, subject, owner, ref, reason, evidence in rows:
        found[check, status, lo, hi].append(
            _Found(clean(subject), clean(owner), clean(ref), clean(reason), evidence)
        )
    return found


def _of_tiers(sets: Iterable[_Set], results: Results) -> dict[tuple[str, _Kind], list[_Found]]:
    """Return the results on each actor whose tier is among the words, of the checks that matter."""
    tiers = [tier for each in sets for tier in each.least.tiers]
    if not tiers:
        return {}
    actors = quoted_list(sorted({t.word.actor for t in tiers}))
    checks = quoted_list(sorted({TIER_CHECK, *(r.check for t in tiers for r in t.results)}))
    found: dict[tuple[str, _Kind], list[_Found]] = defaultdict(list)
    columns = ("actor", "check", "status", "tier_lo", "tier_hi", "subject", "owner", "record")
    for actor, check, status, lo, hi, subject, owner, ref, reason, evidence in results.each(
        (*columns, "reason", "evidence"),
        f"list_contains({actors}, CAST(actor AS VARCHAR)) AND list_contains({checks},"
        ' CAST("check" AS VARCHAR))',
        'ORDER BY actor, "check", subject',
    ):
        row = _Found(clean(subject), clean(owner), clean(ref), clean(reason), evidence)
        found[actor, (check, status, lo, hi)].append(row)
    return found


def _tier_names(least: Least) -> list[str]:
    """Name the risk tiers among the words."""
    names = [
        say(
            "the risk tier of {actor} ({tier})",
            actor=clean(t.word.actor),
            tier=word(t.word.risk_tier),
        )
        for t in least.tiers[:NAMED]
    ]
    more = len(least.tiers) - len(names)
    return [
        *names,
        *([say_n("{n} other risk tier", "{n} other risk tiers", more)] if more > 0 else []),
    ]


def _class_word(kind: str) -> str:
    return say(_STATED) if kind == STATED else say(SHOWN_BY[kind])


def _shares(basis: Basis | None) -> tuple[str, ...]:
    parts = dict(basis.parts) if basis else {}
    total = sum(parts.values(), Fraction(0))
    return tuple(percent(parts.get(k, Fraction(0)) / total) if total else "–" for k in _CLASSES)


def _basis_text(basis: Basis | None, sentence: str = _SCORE_RESTS) -> str:
    """Say on what a score rests, the largest share first; '' where it is 0."""
    parts = dict(basis.parts) if basis else {}
    total = sum(parts.values(), Fraction(0))
    if not total:
        return ""
    order = sorted((k for k in _CLASSES if k in parts), key=lambda k: -parts[k])
    shares = [f"{percent(parts[k] / total)} {_class_word(k)}" for k in order]
    return say(sentence, shares=", ".join(shares))

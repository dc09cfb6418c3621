"""The roadmap: a `planned.Roadmap` and its results in, printable lines out.

Gains are in percentage points with two decimals, rounded half up. A gain is never printed as 0.00.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import groupby
from typing import Any

from reporter.evaluate.root_causes import remedy
from reporter.i18n.translate import content, headline, mark, say, say_n, word
from reporter.model import assessment as model
from reporter.model import roadmap as model_roadmap
from reporter.model.history import JOINED, RENAMED, SPLIT, Regrouped
from reporter.model.reasons import Reasons, alike
from reporter.model.roadmap import EVIDENCE, IMPLEMENT, Action, Pick
from reporter.report.view.format import (
    clean,
    count,
    decimal,
    digits,
    exact,
    join,
    number,
    percent,
    person,
    short,
)
from reporter.runs.store import Results
from reporter.score import tenths


@dataclass(frozen=True, slots=True)
class PickLine:
    """One action at its place; points are percentage points of the evidenced enterprise score."""

    rank: str
    id: str
    title: str
    what: str
    kind: str
    """implement | evidence"""
    lane: str
    """act now | ranked | later: in the order that the ranked ones left behind"""
    owners: str
    results: str
    effort: str
    """Person-days."""
    gain: str
    certain_gain: str
    gain_per_day: str
    gain_without_cap: str
    total_after: str
    level_after: str
    fix: str
    exact_gain: str
    """Added to `start` they give every total."""
    checks: tuple[str, ...]
    """Whose results become pass."""
    owner_ids: tuple[str, ...] = ()
    before: str = ""
    """"joined: no-owner-3f2a, no-owner-77c1": the actions of the last run whose failures it has;
    empty where it is the same.
    """
    sensitive: str = ""
    """"weight-sensitive: place 4 with flat weights"; only said of the first few of a lane."""


@dataclass(frozen=True, slots=True)
class OwnerLine:
    """What one owner has to do."""

    owner: str
    actions: str
    urgent: str
    """How many of them stand in the act-now lane."""
    results: str
    """Results on what they own that these actions turn to pass."""
    first: str
    """The first few actions with the number of results of each."""


@dataclass(frozen=True, slots=True)
class Roadmap:
    text: str = ""
    first_text: str = ""
    """What the first actions bring, on the first page too."""
    first: tuple[str, ...] = ()
    """Their ids."""
    urgent_text: str = ""
    urgent: tuple[PickLine, ...] = ()
    """Printed lines of the act-now lane."""
    ranked_text: str = ""
    ranked: tuple[PickLine, ...] = ()
    """Printed lines of the ranking."""
    owners_text: str = ""
    owners: tuple[OwnerLine, ...] = ()
    """Those with most to do."""
    picks: tuple[PickLine, ...] = ()
    """All, in full: the rows of roadmap.csv."""
    ceiling: int = 5
    """The highest level that the caps of the run allow."""
    start: str = ""
    """The evidenced score now, exactly."""


URGENT_SHOWN = 12
RANKED_SHOWN = 10
NOW, RANKED, LATER = "act now", "ranked", "later"
OWNERS_SHOWN, FIRST_SHOWN = 25, 3
FILE, TODO = "roadmap.csv", "todo.csv"
TOP = 5
_SUPPLY = mark("Provide what is missing: ")
_WORDS = (
    "",
    mark("The first action of the roadmap that fixes something moves"),
    mark("The first two actions of the roadmap that fix something move"),
    mark("The first three actions of the roadmap that fix something move"),
    mark("The first four actions of the roadmap that fix something move"),
    mark("The first five actions of the roadmap that fix something move"),
)


def roadmap(assessment: model.Assessment, results: Results) -> Roadmap:
    """Print the roadmap."""
    plan = assessment.roadmap
    fixes, regroupings = Fixes(assessment.checks), {r.id: r for r in assessment.history.regrouped}
    print_line = _printer(fixes)
    picks = tuple(
        print_line(n, p, _lane(n, p, plan.ranked), regroupings.get(p.action.id))
        for n, p in enumerate(plan.picks, 1)
    )
    urgent_lines = [p for p in picks if p.lane == NOW]
    ranked_lines = [p for p in picks if p.lane != NOW]
    owners = _owners(assessment, results, picks)
    return Roadmap(
        text=_text(assessment),
        first_text=_first(assessment),
        first=plan.first,
        urgent_text=_urgent_text(len(urgent_lines), bool(assessment.waived)),
        urgent=tuple(_brief(p, assessment, n) for n, p in enumerate(urgent_lines[:URGENT_SHOWN])),
        ranked_text=_ranked_text(len(ranked_lines)),
        ranked=tuple(_brief(p, assessment, n) for n, p in enumerate(ranked_lines[:RANKED_SHOWN])),
        picks=picks,
        owners_text=_owners_text(owners),
        owners=owners[:OWNERS_SHOWN],
        ceiling=plan.ceiling,
        start=exact(plan.start),
    )


def heads(plan: model_roadmap.Roadmap) -> Iterator[tuple[str, str, str, str]]:
    """Yield rank, id, lane and effort of each pick, as `roadmap` prints them."""
    efforts = cache(lambda *ratio: person_days(Fraction(*ratio)))
    for n, pick in enumerate(plan.picks, 1):
        effort = efforts(*pick.action.effort.as_integer_ratio())
        yield str(n), clean(pick.action.id), _lane(n, pick, plan.ranked), effort


def _owners(
    assessment: model.Assessment, results: Results, picks: Sequence[PickLine]
) -> tuple[OwnerLine, ...]:
    """Print the work of each owner, the largest share first; work without an owner comes last."""
    columns = ("owner", "rank", "count(*)")
    rows = results.each(columns, "rank IS NOT NULL", "GROUP BY owner, rank ORDER BY owner, rank")
    entries: list[tuple[tuple[bool, int, str], OwnerLine]] = []
    for owner, todo in groupby(rows, key=lambda row: row[0]):
        owner_picks = [(picks[rank - 1], n) for _, rank, n in todo]
        total = sum(n for _, n in owner_picks)
        line = OwnerLine(
            owner=_named(assessment, owner) or say("nobody"),
            actions=str(len(owner_picks)),
            urgent=str(sum(pick.lane == NOW for pick, _ in owner_picks)),
            results=str(total),
            first=", ".join(f"{pick.id} ({n})" for pick, n in owner_picks[:FIRST_SHOWN]),
        )
        entries.append(((not owner, -total, owner), line))
    return tuple(line for _, line in sorted(entries, key=lambda m: m[0]))


def _named(assessment: model.Assessment, owner: str) -> str:
    """Print a name, with the id that the files have."""
    name = person(assessment, owner)
    both = name if clean(owner) in name else f"{name} ({clean(owner)})"
    return short(both, TODO, 120)


def _owners_text(owners: Sequence[OwnerLine]) -> str:
    if not owners:
        return ""
    is_cut = len(owners) > OWNERS_SHOWN
    total = number(len(owners))
    note = say(" The first {n} of {all} are listed.", n=OWNERS_SHOWN, all=total) if is_cut else ""
    text = mark(
        "The to-do list of each owner is in {file}, one result per row in the order of the roadmap."
    )
    return say(text, file=TODO) + note


def points(value: Fraction) -> str:
    """Print a share as percentage points with two decimals, rounded half up; only zero is 0.00."""
    hundredths = (20000 * value.numerator + value.denominator) // (2 * value.denominator)
    hundredths = max(hundredths, 1) if value > 0 else hundredths
    return decimal(Fraction(hundredths, 100), 2)


def person_days(value: Fraction) -> str:
    """Print person-days without trailing decimals."""
    return decimal(value)


def days_of_work(value: Fraction) -> str:
    """Print person-days with their unit."""
    is_single, days = value == 1, person_days(value)
    return say("{n} person-day", n=days) if is_single else say("{n} person-days", n=days)


class Fixes:
    """What actions ask for, in the language of the report: the fixes of their checks, or the
    evidence that is missing.
    """

    def __init__(self, checks: Iterable[model.Check]) -> None:
        self._checks = {c.id: c for c in checks}
        self._reasons = Reasons(self._checks.values())
        self._texts: dict[tuple[tuple[str, bool], ...], str] = {}

    def of(self, action: Action) -> str:
        """Return the text of the work for an action."""
        if action.kind == EVIDENCE:
            return say(_SUPPLY) + self._missing(action)
        if action.fixes not in self._texts:
            fixes = (content(remedy(self._checks[c], listed)) for c, listed in action.fixes)
            self._texts[action.fixes] = " ".join(dict.fromkeys(fixes))
        return self._texts[action.fixes]

    def _missing(self, action: Action) -> str:
        gap = action.missing
        if not gap:
            return ""
        sentence = alike(self._reasons.of(gap.check, gap.code, gap.values), gap.alike)
        if gap.codes == 1:
            return sentence
        return say(
            "{reason} ({n} of {all})", reason=sentence, n=number(gap.n), all=number(action.results)
        )


def _lane(rank: int, pick: Pick, ranked_count: int) -> str:
    return NOW if pick.action.urgent else RANKED if rank <= ranked_count else LATER


_Ratio = tuple[int, int]
"""A fraction that is hashed and compared as quickly as numbers are."""


def _gains(gains: _Ratio, uncapped_gains: _Ratio, days: _Ratio, kind: str) -> dict[str, Any]:
    """Print what one action of a kind gains, by field of `PickLine`."""
    gain, uncapped, effort = (Fraction(*ratio) for ratio in (gains, uncapped_gains, days))
    return {
        "effort": person_days(effort),
        "gain": points(gain),
        "certain_gain": points(Fraction(0) if kind == EVIDENCE else gain),
        "gain_per_day": points(gain / effort),
        "gain_without_cap": points(uncapped),
        "exact_gain": exact(gain),
    }


def _printer(fixes: Fixes) -> Callable[[int, Pick, str, Regrouped | None], PickLine]:
    """Return what prints a line. Hundreds of agents may lack the same thing: what their lines share
    is printed once.
    """
    gains, numerals, works = cache(_gains), cache(digits), dict[tuple[Any, ...], dict[str, Any]]()
    totals = cache(lambda tenths: percent(Fraction(tenths, 1000)))

    def print_line(rank: int, pick: Pick, lane: str, origin: Regrouped | None) -> PickLine:
        action = pick.action
        alike = action.title, action.fixes, action.effects, action.missing, action.kind
        if (work := works.get(alike)) is None:
            work = works[alike] = {
                "title": clean(headline(action.title)),
                "fix": clean(fixes.of(action)),
                "checks": tuple(map(clean, action.checks)),
                "results": digits(action.results),
                "kind": action.kind,
            }
        return PickLine(
            rank=digits(rank),
            id=clean(action.id),
            what=clean(action.what),
            lane=lane,
            owners=clean("; ".join(action.owners)),
            owner_ids=action.owners,
            **work,
            **gains(
                pick.gain.as_integer_ratio(),
                pick.uncapped.as_integer_ratio(),
                action.effort.as_integer_ratio(),
                action.kind,
            ),
            total_after=totals(tenths(pick.total)),
            level_after=numerals(pick.level),
            before=say(_ORIGINS[origin.how], ids=clean(", ".join(origin.before))) if origin else "",
        )

    return print_line


_ORIGINS = {
    JOINED: mark("joined: {ids}"),
    SPLIT: mark("split off: {ids}"),
    RENAMED: mark("was: {ids}"),
}


def _brief(line: PickLine, assessment: model.Assessment, place: int) -> PickLine:
    """Return a line for the report: long texts are cut, and weight-sensitive places are marked."""
    owners = ", ".join(person(assessment, owner) for owner in line.owner_ids)
    return replace(
        line,
        sensitive=_sensitive(assessment, line, place),
        what=short(line.what, FILE, 60),
        owners=short(owners, FILE, 60) or say("nobody"),
        fix=short(line.fix, FILE, 200),
    )


def _sensitive(assessment: model.Assessment, line: PickLine, place: int) -> str:
    """Print the places that other weights give to a leading action; '' if there are none."""
    places = []
    for weighting in assessment.reweighed:
        lane = [clean(i) for i in weighting.first[line.lane != NOW]]
        if place < len(lane) and lane[place] != line.id:
            name = word(weighting.name)
            places.append(
                say("place {n} with {name} weights", n=lane.index(line.id) + 1, name=name)
                if line.id in lane
                else say("place beyond {n} with {name} weights", n=len(lane), name=name)
            )
    return say("weight-sensitive: {levels}", levels=join(places)) if places else ""


def _text(assessment: model.Assessment) -> str:
    plan = assessment.roadmap
    waived_note = (
        say(
            " Left out: {results} that somebody waived.",
            results=count(assessment.waived, "failing result"),
        )
        if assessment.waived
        else ""
    )
    if not plan.picks:
        return waived_note.strip() or say(
            "Nothing failed and nothing is unknown: there is nothing to plan."
        )
    fix_count = sum(p.action.kind == IMPLEMENT for p in plan.picks)
    cap_note = (
        say(" The caps of this run stay in all of it: level {n} at most.", n=plan.ceiling)
        if plan.ceiling < TOP
        else ""
    )
    efforts = Counter(p.action.effort.as_integer_ratio() for p in plan.picks)
    days = sum((n * Fraction(*ratio) for ratio, n in efforts.items()), Fraction(0))
    if assessment.is_too_thin:
        return say(
            "{actions} fix what fails, a root cause or a check each; {others} show what is unknown."
            " Together {days} person-days by default efforts or your own.{left}",
            actions=count(fix_count, "action"),
            others=number(len(plan.picks) - fix_count),
            days=person_days(days),
            left=waived_note,
        )
    return say(
        "{actions} fix failures, each a root cause or a check; {others} supply missing "
        "evidence. Together they take {days} person-days, by default efforts or your own, "
        "and lead from {start} to {end}. Each gain is the evidenced enterprise score after "
        "the action less the score before it, in percentage points, recomputed after every "
        "pick; the gains add up. The next pick is the one with the largest gain per day: a "
        "good order, not the best of all. Gains from evidence are only possible: they, and "
        "the scores and levels after them, assume that the evidence is favourable. Without "
        "cap: what an action would bring if critical failures capped no practice; while "
        "others still cap it, the gain comes with the last of them.{held}{left} For any "
        "other choice: reporter explain RUN --fix ID,ID.",
        actions=count(fix_count, "action"),
        others=number(len(plan.picks) - fix_count),
        days=person_days(days),
        start=percent(plan.start),
        end=percent(plan.picks[-1].total),
        held=cap_note,
        left=waived_note,
    )


def _first(assessment: model.Assessment) -> str:
    """Print the combined effect of the first actions that fix something."""
    plan = assessment.roadmap
    if not plan.first:
        return ""
    total = len(plan.first)
    name = clean(content(assessment.policy.level_names[plan.first_level]))
    level = say_n(
        "reaches level {level} ({name})",
        "reach level {level} ({name})",
        total,
        level=plan.first_level,
        name=name,
    )
    if plan.first_level == plan.level:
        level = say_n(
            "leaves the level at {level}", "leave the level at {level}", total, level=plan.level
        )
    actions = say(_WORDS[total])
    return say(
        "{actions} the evidenced score from {start} to {end} and {level}, all else unchanged.",
        actions=actions,
        start=percent(plan.start),
        end=percent(plan.first_total),
        level=level,
    )


def _urgent_text(total: int, has_waivers: bool) -> str:
    if not total:
        exception = say(" that nobody waived") if has_waivers else ""
        text = mark(
            "No critical check fails on a subject that is, or may be, tier 3 or 4, and no log shows"
            " misuse{but}."
        )
        return say(text, but=exception)
    note = say("; the first {n} are listed, all of them in {file}", n=URGENT_SHOWN, file=FILE)
    return say_n(
        "{n} action fixes a critical failure on a subject that is, or may be, tier 3 or 4, or"
        " misuse that a log shows. They come before the ranking, whatever they bring{shown}.",
        "{n} actions fix a critical failure on a subject that is, or may be, tier 3 or 4, or"
        " misuse that a log shows. They come before the ranking, whatever they bring{shown}.",
        total,
        shown="" if total <= URGENT_SHOWN else note,
    )


def _ranked_text(total: int) -> str:
    if not total:
        return say("Nothing else is open.")
    note = (
        say("all are listed")
        if total <= RANKED_SHOWN
        else say("the first {n} are listed, all of them in {file}", n=RANKED_SHOWN, file=FILE)
    )
    return f"{count(total, 'further action')}; {note}."

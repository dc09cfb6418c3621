"""A roll-up as printed. In: a `Rollup`. Out: lines ready to print, in the current language."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from reporter.i18n.translate import content, day, language, mark, say, say_n, word
from reporter.model.scores import Status
from reporter.report.rolled_up import rollup_data as data
from reporter.report.view.elements import Cover, Figure
from reporter.report.view.format import (
    at_most,
    clean,
    count,
    digits,
    figure,
    iso,
    join,
    number,
    percent,
    period,
)
from reporter.runs.actor_attributes import LABEL

NONE = mark("(none)")
"""The group of those who have no value of an attribute."""
ATTRIBUTE_NAMES: Mapping[str, str] = {
    "agent": mark("Agent"),
    "autonomy": mark("Autonomy"),
    "business_unit": mark("Business unit"),
    "default_policy": mark("Default policy"),
    "deploy_identity_type": mark("Type of deployment identity"),
    "enforcement_point": mark("Enforcement point"),
    "environment": mark("Environment"),
    "identity_issuer": mark("Identity issuer"),
    "kind": mark("Kind"),
    "listed_in": mark("Listed in"),
    "memory_scope": mark("Memory scope"),
    "organisation": mark("Organisation"),
    "owner": mark("Owner"),
    "policy": mark("Policy"),
    "principal_type": mark("Type of principal"),
    "process": mark("Process"),
    "risk_tier": mark("Declared risk tier"),
    "sandbox_network": mark("Network of the sandbox"),
    "sandbox_type": mark("Type of sandbox"),
    "source": mark("Source"),
    "state": mark("State"),
    "technical_owner": mark("Technical owner"),
    "tier": mark("Tier"),
    "unit": mark("Unit"),
    "user_facing": mark("User-facing"),
    "vendor_hosted": mark("Hosted by a vendor"),
}
"""What `--by` takes beside labels, as a heading."""
LEFT: Mapping[str, str] = {
    data.OLDER: mark("an earlier run; the last one of the unit counts"),
    data.RULES: mark(
        "judged by other rules ({detail}); reporter restate judges what it kept by those of today"
    ),
    data.PERIOD: mark("of another period, {detail}"),
    data.NAMELESS: mark("made by an earlier version, without a table of its actors; assess again"),
    data.UNREADABLE: mark("cannot be read: {detail}"),
    data.FAILED: mark("could not be assessed: {detail}"),
    data.ABSENT: mark("not there, as the plan allows: {detail}"),
    data.UNPLANNED: mark("not in the plan any more; its runs are still there"),
}
WHY: Mapping[str, str] = {
    data.THIN: mark("no score: {coverage} could be judged, and {floor} is asked for"),
    data.MEMBERS: mark("no score: units with enough evidence hold too few of the results"),
    data.NARROW: mark("no level: too few practices of level 1 apply"),
    data.NOTHING: mark("no score: nothing could be assessed"),
}


@dataclass(frozen=True, slots=True)
class RollupLine:
    """One group."""

    depth: int
    """0 for the whole."""
    name: str
    actors: int
    results: int
    passed: int
    compensated: int
    failed: int
    unknown: int
    """With what counts as unknown: results of units that are left out, subjects not drawn."""
    level: str
    score: Figure
    coverage: str
    note: str
    """Why there is no score or level, what holds the level down, what counts as unknown."""
    weakest: str
    """The themes with the lowest scores, or without one those to bring evidence for."""


@dataclass(frozen=True, slots=True)
class LeftLine:
    """One run or unit that is left out."""

    unit: str
    run: str
    why: str
    unknown: str
    """How many results count as unknown, in words."""
    is_unknown: bool


@dataclass(frozen=True, slots=True)
class SumLine:
    """How the results of a group add up."""

    name: str
    inside: int
    outside: int
    again: int
    results: int


@dataclass(frozen=True, slots=True)
class Heads:
    """What the page calls the groups that it compares."""

    title: str
    """Of the comparison."""
    question: str
    """That the picture answers."""
    groups: str
    """Above the names of all groups."""
    sums: str
    """Above those of the groups that have groups in them."""


@dataclass(frozen=True, slots=True)
class RollupPage:
    """A roll-up, ready to print."""

    cover: Cover
    heads: Heads
    headline: str
    """Its level and score, or why there is none."""
    lead: tuple[str, ...]
    """What is in it and what is not."""
    lines: tuple[RollupLine, ...]
    left: tuple[LeftLine, ...]
    sums: tuple[SumLine, ...]
    frameworks: tuple[tuple[str, Figure, str], ...]
    """Title, score, coverage."""
    method: tuple[str, ...]


def rollup_page(rollup: data.Rollup) -> RollupPage:
    """Print a roll-up in the current language."""
    lines = tuple(_line(rollup, group) for group in rollup.groups)
    heads = page_heads(rollup.levels)
    return RollupPage(
        _cover(rollup, heads.title),
        heads,
        _headline(lines[0]),
        tuple(_lead(rollup)),
        lines,
        tuple(map(_left, rollup.left_out)),
        tuple(_sums(rollup)),
        tuple((f.title, figure(*f.score), percent(f.coverage)) for f in rollup.frameworks),
        tuple(_method(rollup)),
    )


def page_heads(levels: Sequence[str]) -> Heads:
    """Print what groups by some levels are called: units only where each is a unit."""
    if not levels:
        return Heads(say("The whole run"), say(_OF_GROUPS), say("Run"), say("Group"))
    names = [_attribute(name) for name in levels]
    groups = " / ".join(names)
    sums = " / ".join(names[:-1]) or say("Group")
    if tuple(levels) == (data.UNIT,):
        question = say("What is the score of each unit, on evidence and at most?")
        return Heads(say("Units compared"), question, groups, sums)
    return Heads(say("Groups compared: {names}", names=groups), say(_OF_GROUPS), groups, sums)


_OF_GROUPS = mark("What is the score of each group, on evidence and at most?")


def _attribute(name: str) -> str:
    """Print the name of an attribute: a label as the register spells it."""
    if name in ATTRIBUTE_NAMES:
        return say(ATTRIBUTE_NAMES[name])
    label = name.removeprefix(LABEL)
    text = clean(label) if len(label) <= _LONGEST else f"{clean(label[: _LONGEST - 1])}…"
    return text if label == name else say("{name} (label)", name=text)


_LONGEST = 40
"""Characters of a label in a heading."""


def _cover(rollup: data.Rollup, title: str) -> Cover:
    parts = sorted(f"{m.organisation}\0{m.unit}\0{m.manifest}" for m in rollup.pooled)
    parts += [f"{m.organisation}\0{m.unit}\0{m.why}" for m in rollup.left_out]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return Cover(
        title=title,
        organisation=join(rollup.organisations),
        unit="" if len(rollup.pooled) > 1 else rollup.pooled[0].unit,
        period=period(rollup.period_from, rollup.period_to),
        as_of=day(rollup.as_of),
        as_of_iso=iso(rollup.as_of),
        profile="",
        evidence_id=digest,
        evidence_short=digest[:12],
        statement=say("Recomputed from the results of stored runs; nothing is averaged."),
        period_from=iso(rollup.period_from),
        period_to=iso(rollup.period_to),
        accent=rollup.accent,
        language=language(),
    )


def group_name(rollup: data.Rollup, group: data.Group) -> str:
    """Print the name of a group."""
    if not group.path:
        return say("All units") if len(rollup.pooled) > 1 else say("The whole run")
    name = clean(group.path[-1])
    if not name:
        return say(NONE)
    return word(name.replace("_", " ")) if rollup.levels[len(group.path) - 1] == "kind" else name


def _line(rollup: data.Rollup, group: data.Group) -> RollupLine:
    counts = {Status(name): n for name, n in group.counts.items()}
    score = figure(*group.score) if group.score else figure(*_NO_SCORE, "not_assessed")
    return RollupLine(
        depth=len(group.path),
        name=group_name(rollup, group),
        actors=group.actors,
        results=group.results,
        passed=counts[Status.PASS] + counts[Status.DECLARED] + counts[Status.ATTESTED],
        compensated=counts[Status.COMPENSATED],
        failed=counts[Status.FAIL],
        unknown=counts[Status.UNKNOWN] + group.unknown_units + group.undrawn,
        level=at_most(*group.level) if group.level else "–",
        score=score,
        coverage=percent(group.coverage),
        note="; ".join(_notes(rollup, group)),
        weakest=join(
            f"{clean(content(rollup.themes[theme]))} {percent(share)}"
            for theme, share in group.weakest
        ),
    )


_NO_SCORE = Fraction(0), Fraction(0)
_CLOSE = mark("no score: a little less than the {floor} that is asked for could be judged")
"""Why a group has no score whose coverage is printed like the floor."""


def _notes(rollup: data.Rollup, group: data.Group) -> list[str]:
    notes = []
    if group.why:
        values = {"coverage": percent(group.coverage), "floor": percent(rollup.floor)}
        is_close = group.why == data.THIN and values["coverage"] == values["floor"]
        notes.append(say(_CLOSE if is_close else WHY[group.why], **values))
    notes += [
        say("level {n} at most: {why}", n=most, why=clean(content(reason)))
        for most, reason in group.caps
    ]
    if group.unknown_units:
        notes.append(_counted_unknown(group.unknown_units))
    if group.undrawn:
        notes.append(
            say_n(
                "{n} subject that no sample drew counts as unknown",
                "{n} subjects that no sample drew count as unknown",
                group.undrawn,
            )
        )
    return notes


def _counted_unknown(n: int) -> str:
    return say_n(
        "{n} result of units left out counts as unknown",
        "{n} results of units left out count as unknown",
        n,
    )


def _headline(whole: RollupLine) -> str:
    if not whole.score.assessed:
        return say("Too little evidence for a score")
    if whole.level == "–":
        return whole.score.range or whole.score.text
    score = whole.score.range or whole.score.text
    return say("Level {level}, score {score}", level=whole.level, score=score)


def _lead(rollup: data.Rollup) -> list[str]:
    whole, missing = rollup.groups[0], [m for m in rollup.left_out if m.why != data.OLDER]
    texts = []
    if len(rollup.pooled) > 1 or missing:
        texts.append(
            say(
                "{pooled} in the numbers, {left} left out.",
                pooled=count(len(rollup.pooled), "unit"),
                left=number(len(missing)),
            )
        )
    texts.append(
        say(
            "{results} on {actors}; {coverage} of the evidence asked for could be judged.",
            results=count(whole.results, "result"),
            actors=count(whole.actors, "actor"),
            coverage=percent(whole.coverage),
        )
    )
    sized = [m for m in missing if m.unknown is not None]
    unsized = [m for m in missing if m.unknown is None and m.why not in data.NOT_ASKED]
    if sized:
        names = join(m.unit for m in sized)
        texts.append(
            say(
                "Left out and counted as unknown, in the size of the last run: {names}.",
                names=names,
            )
        )
    if unsized:
        names = join(m.unit for m in unsized)
        texts.append(say("No number says anything of {names}: no run shows the size.", names=names))
    return texts


def left_reason(left: data.LeftOut) -> str:
    """Say why a run or unit is left out."""
    detail = left.detail
    if left.why == data.RULES:
        detail = join(say(_RULES.get(name, name)) for name in detail.split(", "))
    return say(LEFT[left.why], detail=detail)


_RULES = {
    "content": mark("content"),
    "checks": mark("checks"),
    "thresholds": mark("thresholds"),
    "policy": mark("policy"),
    "profile": mark("profile"),
    "version": mark("version"),
}


def _left(left: data.LeftOut) -> LeftLine:
    is_missing = left.why not in (data.OLDER, *data.NOT_ASKED)
    unknown = "" if left.unknown is None else count(left.unknown, "result")
    nothing = say("size not known") if is_missing else ""
    return LeftLine(left.unit, left.run, left_reason(left), unknown or nothing, is_missing)


def _sums(rollup: data.Rollup) -> list[SumLine]:
    return [
        SumLine(
            " · ".join(map(clean, g.path)) or group_name(rollup, g),
            g.inside,
            g.outside,
            g.again,
            g.results,
        )
        for g in rollup.groups
        if rollup.below(g)
    ]


def _method(rollup: data.Rollup) -> list[str]:
    texts = [
        say(
            "Each number is scored from all results of its group, by the rules of a single run. It"
            " is no mean of the numbers below it."
        ),
        say(
            "Below a coverage of {floor} a group has no score and no level. A group has none either"
            " where the units in it with enough evidence hold a smaller share of its results.",
            floor=percent(rollup.floor),
        ),
    ]
    if any(name not in data.OF_RUNS for name in rollup.levels):
        texts.append(
            say(
                "Results on the organisation, its logs and policies are in the whole and in no"
                " group of agents. A result on what several groups share counts in each, and once"
                " in the whole."
            )
        )
    if rollup.frameworks and len(rollup.pooled) > 1:
        texts.append(
            say("A question that units answered differently counts as open in the frameworks.")
        )
    return texts


def level_text(group: data.Group) -> str:
    """Print the level of a group in a column of digits."""
    if group.level is None:
        return "–"
    lo, hi = group.level
    return digits(lo) if lo == hi else f"{lo}–{hi}"

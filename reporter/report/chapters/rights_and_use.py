"""Observed against assigned: a `Comparison` in, printable lines out.

Use outside a scope is called a scope deviation, never an attack: people decide what it was.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from reporter.i18n.translate import day, mark, numeral, say, say_n, word
from reporter.model import comparison as model
from reporter.report.view.format import clean, count, join, number, short


@dataclass(frozen=True, slots=True)
class ObservedLine:
    agent: str
    granted: str
    unused: str
    outside: str
    new: str
    pressure: str
    unreviewed: str
    unseen: str


@dataclass(frozen=True, slots=True)
class ScopeLine:
    agent: str
    purpose: str
    basis: str
    runs: str
    outside: str
    new_reads: str


@dataclass(frozen=True, slots=True)
class DeviationLine:
    agent: str
    purpose: str
    run: str
    what: str
    effect: str
    at: str
    ref: str


@dataclass(frozen=True, slots=True)
class UnusedLine:
    agent: str
    right: str
    kind: str
    since: str
    ref: str


@dataclass(frozen=True, slots=True)
class TierLine:
    agent: str
    declared: str
    autonomy: str
    blast: str
    data: str
    tier: str
    factors: str


@dataclass(frozen=True, slots=True)
class Observation:
    text: str
    agents: tuple[ObservedLine, ...]
    agents_text: str
    scopes: tuple[ScopeLine, ...]
    scopes_text: str
    deviations: tuple[DeviationLine, ...]
    deviations_text: str
    unused: tuple[UnusedLine, ...]
    unused_text: str
    tiers: tuple[TierLine, ...]
    tiers_text: str


@dataclass(frozen=True, slots=True)
class ParityHead:
    type: str
    kind: str
    """How it comes to act: by itself, by a script, or by deciding at run time."""
    n: str


@dataclass(frozen=True, slots=True)
class ParityCell:
    text: str
    note: str
    """Of how many no input says it; '' if of none."""
    how: str
    """What the practice is for this type."""


@dataclass(frozen=True, slots=True)
class ParityRow:
    practice: str
    cells: tuple[ParityCell, ...]
    where: tuple[tuple[str, str], ...]
    """(actor type, first record of those without it)"""


@dataclass(frozen=True, slots=True)
class ParityTable:
    text: str = ""
    note: str = ""
    heads: tuple[ParityHead, ...] = ()
    rows: tuple[ParityRow, ...] = ()


AGENTS_SHOWN = 25
SCOPES_SHOWN = 25
DEVIATIONS_SHOWN = 30
UNUSED_SHOWN = 30
TIERS_SHOWN = 25
NONE = {
    "agent": mark("No agent."),
    "scope": mark("No scope."),
    "scope deviation": mark("No scope deviation."),
    "unused permission": mark("No unused permission."),
}
"""The nouns of lists, and what stands where a list is empty."""
_BASIS = {
    "inventory": mark("as the inventory says"),
    "log": mark("as the log says"),
    "name": mark("by its name"),
    "address": mark("a new web address"),
}


def observed(comparison: model.Comparison) -> Observation:
    """Print observed use beside assigned rights."""
    return Observation(
        text=_agents_text(comparison),
        agents=tuple(_agent(a) for a in comparison.agents[:AGENTS_SHOWN]),
        agents_text=list_text(len(comparison.agents), AGENTS_SHOWN, "agent", "observed.csv"),
        scopes=tuple(_scope(s) for s in comparison.scopes[:SCOPES_SHOWN]),
        scopes_text=_scopes_text(comparison),
        deviations=tuple(_deviation(d) for d in comparison.deviations[:DEVIATIONS_SHOWN]),
        deviations_text=list_text(
            len(comparison.deviations), DEVIATIONS_SHOWN, "scope deviation", "deviations.csv"
        ),
        unused=tuple(_unused_right(u) for u in comparison.unused[:UNUSED_SHOWN]),
        unused_text=list_text(
            len(comparison.unused), UNUSED_SHOWN, "unused permission", "unused.csv"
        ),
        tiers=tuple(_tier(t) for t in comparison.tiers[:TIERS_SHOWN]),
        tiers_text=_tiers_text(comparison),
    )


def list_text(total: int, limit: int, noun: str, file: str) -> str:
    """Say how many things there are, and where those are that are not listed."""
    if not total:
        return say(NONE[noun])
    if total <= limit:
        return say("{things}; all are listed.", things=count(total, noun))
    text = mark("{things}; the first {n} are listed, all of them in {file}.")
    return say(text, things=count(total, noun), n=limit, file=file)


def _agents_text(comparison: model.Comparison) -> str:
    events = sum(a.events for a in comparison.agents)
    unseen_count = sum(a.unseen for a in comparison.agents)
    denials, outside_uses = (
        sum(a.denied for a in comparison.agents),
        sum(a.outside for a in comparison.agents),
    )
    parts = [
        say(
            "{rights} of agents in use; never used in the logs provided: {unused}.",
            rights=count(sum(a.granted for a in comparison.agents), "permission"),
            unused=number(sum(a.unused for a in comparison.agents)),
        ),
        say_n(
            "{n} tool was used without permission.",
            "{n} tools were used without permission.",
            outside_uses,
        ),
        say(
            "{uses} of a tool, data source or destination in the period; not approved beforehand:"
            " {unapproved}.",
            uses=count(sum(a.new for a in comparison.agents), "first use"),
            unapproved=number(sum(a.unapproved for a in comparison.agents)),
        ),
    ]
    if events:
        text = mark(
            "{n} of {all} actions had not been covered by any completed review when this was"
            " written."
        )
        parts.append(say(text, n=number(unseen_count), all=number(events)))
    text = mark(
        "{attempts} were denied: evidence that a boundary holds. A boundary with no denied attempt"
        " was not tested."
    )
    parts.append(
        say(text, attempts=count(denials, "attempt"))
        if denials
        else say(
            "No attempt was denied, so the boundaries were not tested; this does not show that they"
            " hold."
        )
    )
    return " ".join(parts)


def _agent(agent: model.EntitlementUsage) -> ObservedLine:
    attempts = agent.denied + agent.outside
    return ObservedLine(
        agent=clean(agent.agent),
        granted=number(agent.granted),
        unused=number(agent.unused),
        outside=number(agent.outside),
        new=f"{number(agent.new)} / {number(agent.unapproved)}",
        pressure=_of(agent.denied, attempts) if attempts else say("not tested"),
        unreviewed=(
            say("none")
            if not agent.new
            else say(
                "{n}, up to {days}",
                n=number(agent.unreviewed),
                days=count(agent.longest_unreviewed_days or 0, "day"),
            )
        ),
        unseen=_of(agent.unseen, agent.events) if agent.events else say("no events"),
    )


def _of(part: int, total: int) -> str:
    return say("{n} of {all}", n=number(part), all=number(total))


def _scopes_text(comparison: model.Comparison) -> str:
    if not comparison.scopes:
        return say(
            "No scope was approved run by run: put the logs of approved runs under baseline/, or"
            " give a time window as baseline in reporter.yml, or bind permissions to a purpose."
        )
    thin_scopes = sum(0 < s.clean_runs < 3 for s in comparison.scopes)
    doubt = (
        say(
            " {scopes} are based on fewer than three clean runs: expect false alarms there, as an"
            " agent"
            " rarely takes the same steps twice.",
            scopes=count(thin_scopes, "scope"),
        )
        if thin_scopes
        else ""
    )
    text = say(
        "{scopes} of an agent and a purpose; {outside} of {runs} changed something outside the"
        " scope.{doubt}",
        scopes=count(len(comparison.scopes), "scope"),
        outside=number(sum(s.outside for s in comparison.scopes)),
        runs=count(sum(s.runs for s in comparison.scopes), "run"),
        doubt=doubt,
    )
    return f"{text} {list_text(len(comparison.scopes), SCOPES_SHOWN, 'scope', 'deviations.csv')}"


def _scope(scope: model.Scope) -> ScopeLine:
    return ScopeLine(
        agent=clean(scope.agent),
        purpose=clean(scope.purpose) or say("not named"),
        basis=(
            count(scope.clean_runs, "clean run")
            if scope.clean_runs
            else say("permissions bound to the purpose")
        ),
        runs=number(scope.runs),
        outside=number(scope.outside),
        new_reads=number(scope.new_reads),
    )


def _deviation(deviation: model.Deviation) -> DeviationLine:
    return DeviationLine(
        agent=clean(deviation.agent),
        purpose=clean(deviation.purpose) or say("not named"),
        run=short(clean(deviation.session), "deviations.csv", 60),
        what=f"{word(deviation.kind)} {short(clean(deviation.name), 'deviations.csv', 80)}"
        + (
            say(" with {tool}", tool=clean(deviation.tool))
            if deviation.kind == "destination"
            else ""
        ),
        effect=", ".join(
            (say("changes") if deviation.changes else say("reads"), say(_BASIS[deviation.basis]))
        ),
        at=day(deviation.at) if deviation.at else say("no time"),
        ref=clean(deviation.ref),
    )


def _unused_right(right: model.UnusedGrant) -> UnusedLine:
    words = (say("privileged"),) if right.privileged else ()
    return UnusedLine(
        agent=clean(right.agent),
        right=f"{word(right.type)} {short(clean(right.name), 'unused.csv', 80)}",
        kind=", ".join((*words, *([word(clean(right.effect))] if right.effect else [])))
        or say("not recorded"),
        since=day(right.approved_at) if right.approved_at else say("not recorded"),
        ref=clean(right.ref),
    )


def _tiers_text(comparison: model.Comparison) -> str:
    if not comparison.tiers:
        return say("No agent is in use.")
    sure_tiers = Counter(t.tier_lo for t in comparison.tiers if t.tier_lo == t.tier_hi)
    open_count = sum(t.tier_lo != t.tier_hi for t in comparison.tiers)
    tier_counts = join(
        [
            *(
                say("{n} in tier {tier}", n=number(sure_tiers[n]), tier=n)
                for n in (4, 3, 2, 1)
                if sure_tiers[n]
            ),
            *([say("{n} between two tiers", n=number(open_count))] if open_count else []),
        ]
    )
    return say(
        "Agents in use are those of a register that are active, or whose state it does not "
        "record, and those seen only in logs: {named}. Autonomy, blast radius and data each"
        " count 0, 1 or 2, from the inventory and from what was seen; unrecorded factors "
        "are taken at their worst. A declared tier can raise the result but never lower it."
        " The agentic factors are those of OWASP AIVSS (0 to 10): they say how much an "
        "agent would amplify a weakness, and score no vulnerability. {shown}",
        named=tier_counts,
        shown=list_text(len(comparison.tiers), TIERS_SHOWN, "agent", "tiers.csv"),
    )


def _tier(rating: model.RatedAgent) -> TierLine:
    return TierLine(
        agent=clean(rating.agent),
        declared=word(clean(rating.declared)) or say("none"),
        autonomy=_range(rating.autonomy_lo, rating.autonomy_hi),
        blast=_range(rating.blast_lo, rating.blast_hi),
        data=_range(rating.data_lo, rating.data_hi),
        tier=_range(rating.tier_lo, rating.tier_hi),
        factors=_halves(rating.factors_lo)
        + (f" – {_halves(rating.factors_hi)}" if rating.factors_hi != rating.factors_lo else ""),
    )


def _range(lo: int, hi: int) -> str:
    return str(lo) if lo == hi else f"{lo} – {hi}"


def _halves(half_count: int) -> str:
    return numeral(f"{half_count // 2}.{5 * (half_count % 2)}")

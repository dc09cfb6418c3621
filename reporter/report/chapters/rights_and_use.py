"""Observed against assigned: a `Comparison` in, printable lines out.

A use outside a scope is called a scope deviation, never an attack: what it was, people decide.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from reporter.i18n.translate import day, headline, mark, numeral, say, word
from reporter.model import comparison
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
class CauseLine:
    title: str
    what: str
    severity: str
    checks: str
    failures: str
    owners: str
    ref: str


@dataclass(frozen=True, slots=True)
class Causes:
    text: str
    lines: tuple[CauseLine, ...]


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
CAUSES_SHOWN = 30
NONE = {
    "agent": mark("No agent."),
    "scope": mark("No scope."),
    "scope deviation": mark("No scope deviation."),
    "unused right": mark("No unused right."),
    "cause": mark("No cause."),
}
"""The nouns of lists, and what stands where a list is empty."""
_BASIS = {
    "inventory": mark("as the inventory says"),
    "log": mark("as the log says"),
    "name": mark("by its name"),
    "address": mark("a new web address"),
}


def observed(c: comparison.Comparison) -> Observation:
    """Print what agents did beside what they were given."""
    return Observation(
        text=_agents_text(c),
        agents=tuple(_agent(a) for a in c.agents[:AGENTS_SHOWN]),
        agents_text=_shown(len(c.agents), AGENTS_SHOWN, "agent", "observed.csv"),
        scopes=tuple(_scope(s) for s in c.scopes[:SCOPES_SHOWN]),
        scopes_text=_scopes_text(c),
        deviations=tuple(_deviation(d) for d in c.deviations[:DEVIATIONS_SHOWN]),
        deviations_text=_shown(
            len(c.deviations), DEVIATIONS_SHOWN, "scope deviation", "deviations.csv"
        ),
        unused=tuple(_unused(u) for u in c.unused[:UNUSED_SHOWN]),
        unused_text=_shown(len(c.unused), UNUSED_SHOWN, "unused right", "unused.csv"),
        tiers=tuple(_tier(t) for t in c.tiers[:TIERS_SHOWN]),
        tiers_text=_tiers_text(c),
    )


def _shown(n: int, most: int, noun: str, file: str) -> str:
    if not n:
        return say(NONE[noun])
    if n <= most:
        return say("{things}; all are listed.", things=count(n, noun))
    text = mark("{things}; the first {n} are listed, all of them in {file}.")
    return say(text, things=count(n, noun), n=most, file=file)


def _agents_text(c: comparison.Comparison) -> str:
    events = sum(a.events for a in c.agents)
    unseen = sum(a.unseen for a in c.agents)
    denied, outside = sum(a.denied for a in c.agents), sum(a.outside for a in c.agents)
    parts = [
        say(
            "{rights} of agents in use, of which {unused} were never used in the logs supplied;"
            " {outside} tools were used without a right.",
            rights=count(sum(a.granted for a in c.agents), "right"),
            unused=number(sum(a.unused for a in c.agents)),
            outside=number(outside),
        ),
        say(
            "{uses} of a tool, data source or destination in the period, {unapproved} of them"
            " without an approval before.",
            uses=count(sum(a.new for a in c.agents), "first use"),
            unapproved=number(sum(a.unapproved for a in c.agents)),
        ),
    ]
    if events:
        text = mark(
            "{n} of {all} actions were not yet seen by any completed review when this was written."
        )
        parts.append(say(text, n=number(unseen), all=number(events)))
    text = mark(
        "{attempts} were denied: evidence that a boundary holds. A boundary with no denied attempt"
        " was not tested."
    )
    parts.append(
        say(text, attempts=count(denied, "attempt"))
        if denied
        else say(
            "No attempt was denied: the boundaries were not tested, which does not mean that they"
            " hold."
        )
    )
    return " ".join(parts)


def _agent(a: comparison.Observed) -> ObservedLine:
    tried = a.denied + a.outside
    return ObservedLine(
        agent=clean(a.agent),
        granted=number(a.granted),
        unused=number(a.unused),
        outside=number(a.outside),
        new=f"{number(a.new)} / {number(a.unapproved)}",
        pressure=_of(a.denied, tried) if tried else say("not tested"),
        unreviewed=(
            say("none")
            if not a.new
            else say(
                "{n}, up to {days}",
                n=number(a.unreviewed),
                days=count(a.longest_unreviewed_days or 0, "day"),
            )
        ),
        unseen=_of(a.unseen, a.events) if a.events else say("no events"),
    )


def _of(n: int, whole: int) -> str:
    return say("{n} of {all}", n=number(n), all=number(whole))


def _scopes_text(c: comparison.Comparison) -> str:
    if not c.scopes:
        return say(
            "No scope was approved run by run: put the logs of approved runs under baseline/, or"
            " give a time window as baseline in reporter.yml, or bind rights to a purpose."
        )
    few = sum(0 < s.clean_runs < 3 for s in c.scopes)
    doubt = (
        say(
            " {scopes} rest on fewer than three clean runs: expect false alarms there, for an agent"
            " rarely takes the same steps twice.",
            scopes=count(few, "scope"),
        )
        if few
        else ""
    )
    text = say(
        "{scopes} of an agent and a purpose; {outside} of {runs} changed something outside.{doubt}",
        scopes=count(len(c.scopes), "scope"),
        outside=number(sum(s.outside for s in c.scopes)),
        runs=count(sum(s.runs for s in c.scopes), "run"),
        doubt=doubt,
    )
    return f"{text} {_shown(len(c.scopes), SCOPES_SHOWN, 'scope', 'deviations.csv')}"


def _scope(s: comparison.Scope) -> ScopeLine:
    return ScopeLine(
        agent=clean(s.agent),
        purpose=clean(s.purpose) or say("not named"),
        basis=(
            count(s.clean_runs, "clean run") if s.clean_runs else say("rights bound to the purpose")
        ),
        runs=number(s.runs),
        outside=number(s.outside),
        new_reads=number(s.new_reads),
    )


def _deviation(d: comparison.Deviation) -> DeviationLine:
    return DeviationLine(
        agent=clean(d.agent),
        purpose=clean(d.purpose) or say("not named"),
        run=short(clean(d.session), "deviations.csv", 60),
        what=f"{word(d.kind)} {short(clean(d.name), 'deviations.csv', 80)}"
        + (say(" with {tool}", tool=clean(d.tool)) if d.kind == "destination" else ""),
        effect=f"{say('changes') if d.changes else say('reads')}, {say(_BASIS[d.basis])}",
        at=day(d.at) if d.at else say("no time"),
        ref=clean(d.ref),
    )


def _unused(u: comparison.Unused) -> UnusedLine:
    words = (say("privileged"),) if u.privileged else ()
    return UnusedLine(
        agent=clean(u.agent),
        right=f"{word(u.type)} {short(clean(u.name), 'unused.csv', 80)}",
        kind=", ".join((*words, *([word(clean(u.effect))] if u.effect else []))) or say("not told"),
        since=day(u.approved_at) if u.approved_at else say("not told"),
        ref=clean(u.ref),
    )


def _tiers_text(c: comparison.Comparison) -> str:
    if not c.tiers:
        return say("No agent is in use.")
    sure = Counter(t.tier_lo for t in c.tiers if t.tier_lo == t.tier_hi)
    open_ = sum(t.tier_lo != t.tier_hi for t in c.tiers)
    named = join(
        [
            *(
                say("{n} in tier {tier}", n=number(sure[n]), tier=n)
                for n in (4, 3, 2, 1)
                if sure[n]
            ),
            *([say("{n} between two tiers", n=number(open_))] if open_ else []),
        ]
    )
    return say(
        "Agents in use are those of a register that are active, or whose state it does not say, and"
        " those seen only in logs: {named}. Autonomy, blast radius and data each count 0, 1 or 2,"
        " from the inventory and from what was seen; what nobody recorded stays open, so that"
        " hiding it never helps. A declared tier can raise the result and never lower it. The"
        " agentic factors are those of OWASP AIVSS (0 to 10): they say how much an agent would"
        " amplify a weakness, and score no vulnerability. {shown}",
        named=named,
        shown=_shown(len(c.tiers), TIERS_SHOWN, "agent", "tiers.csv"),
    )


def _tier(t: comparison.Rated) -> TierLine:
    return TierLine(
        agent=clean(t.agent),
        declared=word(clean(t.declared)) or say("none"),
        autonomy=_range(t.autonomy_lo, t.autonomy_hi),
        blast=_range(t.blast_lo, t.blast_hi),
        data=_range(t.data_lo, t.data_hi),
        tier=_range(t.tier_lo, t.tier_hi),
        factors=_halves(t.factors_lo)
        + (f" – {_halves(t.factors_hi)}" if t.factors_hi != t.factors_lo else ""),
    )


def _range(lo: int, hi: int) -> str:
    return str(lo) if lo == hi else f"{lo} – {hi}"


def _halves(n: int) -> str:
    return numeral(f"{n // 2}.{5 * (n % 2)}")


def causes(found: tuple[comparison.Cause, ...]) -> Causes:
    """Print what lies behind the failures: one defect fails several checks, and is mended once."""
    failures = sum(c.failures for c in found)
    text = (
        say(
            "{failures} have {causes}. Failures count as one cause if their checks look at one"
            " defect and they concern the same agent, credential or identity. {shown}",
            failures=count(failures, "failure"),
            causes=count(len(found), "cause"),
            shown=_shown(len(found), CAUSES_SHOWN, "cause", "causes.csv"),
        )
        if found
        else say("No check failed.")
    )
    return Causes(text, tuple(_cause(c) for c in found[:CAUSES_SHOWN]))


def _cause(c: comparison.Cause) -> CauseLine:
    several = f" ({count(len(c.actors), 'actor')})" if len(c.actors) > 1 else ""
    return CauseLine(
        title=clean(headline(c.title)),
        what=short(clean(c.what), "causes.csv", 80) + several,
        severity=c.severity,
        checks=", ".join(c.checks),
        failures=number(c.failures),
        owners=short(clean(", ".join(c.owners)), "causes.csv", 80) or say("nobody"),
        ref=clean(c.ref),
    )

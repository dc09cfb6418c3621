"""Actor types side by side: a `SideBySide` in, one printable table out."""

from __future__ import annotations

from reporter.i18n.translate import mark, say
from reporter.model import comparison as model
from reporter.report.chapters.rights_and_use import ParityCell, ParityHead, ParityRow, ParityTable
from reporter.report.view.format import clean, join, number

_HEADS = {
    "human": (mark("People"), mark("decide themselves")),
    "service_account": (mark("Service accounts"), mark("scripted")),
    "workload": (mark("Workloads"), mark("scripted")),
    "automation_with_model": (mark("Automation with a model"), mark("decides at run time")),
    "scripted_agent": (mark("Agents: scripted"), mark("no model")),
    "agent": (mark("Agents"), mark("decide at run time")),
    "agent_untold": (mark("Agents, kind unknown"), mark("script or model")),
}
_PRACTICES = {
    "owner": mark("Someone is accountable"),
    "review": mark("Review on time"),
    "credentials": mark("Sound credentials"),
    "monitoring": mark("Monitoring"),
    "policy": mark("Policy in force"),
}
_HOW = {
    "owner": (
        mark("manager still there"),
        mark("owner still there"),
        mark("owner still there"),
        mark("named person still there"),
    ),
    "review": (
        mark("review of access"),
        mark("review of the account"),
        mark("review of the identity"),
        mark("review of tools and data"),
    ),
    "credentials": (
        mark("multi-factor sign-in"),
        mark("keys short-lived or rotated"),
        mark("workload identity or rotated keys"),
        mark("own identity or rotated keys"),
    ),
    "monitoring": (
        mark("named log of their use"),
        mark("named log of its use"),
        mark("named log of its use"),
        mark("named log of its calls"),
    ),
    "policy": (
        mark("policy for people"),
        mark("policy for accounts"),
        mark("policy for accounts"),
        mark("policy for agents"),
    ),
}
"""For people, service accounts, workloads, agents."""
_EXPRESSED = {"human": 0, "service_account": 1, "workload": 2, "automation_with_model": 1}


def parity(comparison: model.SideBySide) -> ParityTable:
    """Print for each governance practice how many of each actor type have it."""
    if not comparison.cells:
        return ParityTable()
    sizes = {c.actor_type: c.n for c in comparison.cells}
    types = [t for t in _HEADS if t in sizes]
    cells = {(c.practice, c.actor_type): c for c in comparison.cells}
    return ParityTable(
        text=_text(comparison, types),
        note=_note(comparison),
        heads=tuple(
            ParityHead(say(_HEADS[t][0]), say(_HEADS[t][1]), number(sizes[t])) for t in types
        ),
        rows=tuple(_row(p, [cells[p, t] for t in types]) for p in _PRACTICES),
    )


def _text(comparison: model.SideBySide, types: list[str]) -> str:
    kinds = {
        "human": mark("person"),
        "service_account": mark("service account"),
        "workload": mark("workload"),
    }
    absentees = [say(name) for t, name in kinds.items() if t not in types]
    if not any(t.endswith("agent") or t == "agent_untold" for t in types):
        absentees.append(say("agent"))
    absence_note = (
        say(" No input lists a live actor of these types: {types}.", types=join(absentees))
        if absentees
        else ""
    )
    text = say(
        "One model, applied to each type in its own way: how many live actors of each type have"
        " each"
        " practice. Not recorded means that no input shows it, and counts as not having it."
    )
    return text + absence_note


def _note(comparison: model.SideBySide) -> str:
    return say(
        "Live means not draft, retired or rejected. The rules are those of GOV-01, which "
        "assesses types with at least {members} members. Agents are one type; service "
        "accounts and workloads are another. An owner counts if the directory lists them "
        "and no record says suspended or left. Review on time: completed within "
        "{review_days} days, none overdue. Sound credentials, for all but people: no "
        "long-lived secret is declared, or every key has yet to expire or was rotated "
        "within {rotation_days} days. An actor that loads or calls a model decides at run "
        "time, as does an agent with autonomy 2 or more. Service accounts and workloads "
        "without a model are scripted automation, and so is an agent with no model among "
        "its listed components. parity.csv lists everyone without a practice.",
        members=number(comparison.min_pop),
        review_days=number(comparison.review_days),
        rotation_days=number(comparison.rotation_days),
    )


def _row(practice: str, cells: list[model.Parity]) -> ParityRow:
    return ParityRow(
        practice=say(_PRACTICES[practice]),
        cells=tuple(_cell(c) for c in cells),
        where=tuple((say(_HEADS[c.actor_type][0]), clean(c.ref)) for c in cells if c.ref),
    )


def _cell(cell: model.Parity) -> ParityCell:
    practice_text = say(_HOW[cell.practice][_EXPRESSED.get(cell.actor_type, 3)])
    if cell.unrecorded == cell.n:
        return ParityCell(say("not recorded"), "", practice_text)
    note = say("{n} not recorded", n=number(cell.unrecorded)) if cell.unrecorded else ""
    return ParityCell(
        say("{n} of {all}", n=number(cell.holds), all=number(cell.n)), note, practice_text
    )

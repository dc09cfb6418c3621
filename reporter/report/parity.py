"""Actor types side by side: a `SideBySide` in, one printable table out."""

from __future__ import annotations

from reporter import compared

from . import shape_observed as shape
from .words import clean, join, number

_HEADS = {
    "human": ("People", "decide themselves"),
    "service_account": ("Service accounts", "scripted"),
    "workload": ("Workloads", "scripted"),
    "automation_with_model": ("Automation with a model", "decides at run time"),
    "scripted_agent": ("Agents: scripted", "no model"),
    "agent": ("Agents", "decide at run time"),
    "agent_untold": ("Agents, kind unknown", "script or model"),
}
_PRACTICES = {
    "owner": "Somebody answers for it",
    "review": "Review on time",
    "credentials": "Sound credentials",
    "monitoring": "Monitoring",
    "policy": "Policy in force",
}
_HOW = {
    "owner": ("manager still there", "owner still there", "owner still there", "named person still there"),
    "review": ("review of access", "review of the account", "review of the identity", "review of tools and data"),
    "credentials": ("multi-factor sign-in", "keys short-lived or rotated", "workload identity or rotated keys",
                    "own identity or rotated keys"),
    "monitoring": ("named log of their use", "named log of its use", "named log of its use", "named log of its calls"),
    "policy": ("policy for people", "policy for accounts", "policy for accounts", "policy for agents"),
}  # fmt: skip
"""For people, service accounts, workloads, agents."""
_EXPRESSED = {"human": 0, "service_account": 1, "workload": 2, "automation_with_model": 1}


def parity(found: compared.SideBySide) -> shape.ParityTable:
    """Print for each governance practice how many of each actor type have it."""
    if not found.cells:
        return shape.ParityTable()
    sizes = {c.actor_type: c.n for c in found.cells}
    types = [t for t in _HEADS if t in sizes]
    cells = {(c.practice, c.actor_type): c for c in found.cells}
    return shape.ParityTable(
        text=_text(found, types),
        note=_note(found),
        heads=tuple(shape.ParityHead(*_HEADS[t], number(sizes[t])) for t in types),
        rows=tuple(_row(p, [cells[p, t] for t in types]) for p in _PRACTICES),
    )


def _text(found: compared.SideBySide, types: list[str]) -> str:
    kinds = {"human": "person", "service_account": "service account", "workload": "workload"}
    absent = [word for t, word in kinds.items() if t not in types]
    if not any(t.endswith("agent") or t == "agent_untold" for t in types):
        absent.append("agent")
    missing = f" No input lists a live {join(absent)}." if absent else ""
    return (
        "One model, expressed for each type in its own way: how many of the live actors of a type have each practice. "
        "Not recorded means that no input says it, and counts as not having it." + missing
    )


def _note(found: compared.SideBySide) -> str:
    return (
        f"Live: not draft, retired or rejected. By the rules of GOV-01, which judges types of {number(found.min_pop)} members or more, "
        "agents as one type, service accounts and workloads as one. An owner is there unless a record says suspended or "
        f"left. Review on time: completed within {number(found.review_days)} days, none overdue. Sound credentials, for all but people: "
        "no long-lived secret is declared, or every key has its end ahead or was rotated within "
        f"{number(found.rotation_days)} days. Who loads or calls a model decides at run time, as does an agent of autonomy 2 or more; "
        "service accounts and workloads without a model are scripted automation, and so is an agent whose components are listed "
        "without one. Everybody without a practice stands in parity.csv."
    )


def _row(practice: str, cells: list[compared.Parity]) -> shape.ParityRow:
    return shape.ParityRow(
        practice=_PRACTICES[practice],
        cells=tuple(_cell(c) for c in cells),
        where=tuple((_HEADS[c.actor_type][0], clean(c.ref)) for c in cells if c.ref),
    )


def _cell(c: compared.Parity) -> shape.ParityCell:
    how = _HOW[c.practice][_EXPRESSED.get(c.actor_type, 3)]
    if c.unrecorded == c.n:
        return shape.ParityCell("not recorded", "", how)
    note = f"{number(c.unrecorded)} not recorded" if c.unrecorded else ""
    return shape.ParityCell(f"{number(c.holds)} of {number(c.n)}", note, how)

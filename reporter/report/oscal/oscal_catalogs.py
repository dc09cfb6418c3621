"""Catalogs and the profile. In: the frameworks, themes and checks of a view. Out: one OSCAL catalog
each, and the target levels.

Of publishers' texts there are ids and titles only, as our catalogs hold them; all prose is our own.
"""

from __future__ import annotations

from collections import defaultdict

from reporter.content.crosswalks import CHECKS
from reporter.report.document import View
from reporter.report.oscal.oscal_parts import (
    CONTROL,
    GROUP,
    NS,
    OBJECTIVE,
    REST,
    TOTAL,
    Json,
    Names,
    filled,
    label,
    markup,
    metadata,
    props,
    title,
)
from reporter.report.view import elements
from reporter.report.view.format import clean


def catalog(view: View, f: elements.Framework, known: Names) -> Json:
    """Return the catalog of a framework, grouped as it is."""
    home = {
        clean(member): g.id
        for g in sorted(f.groups, key=lambda g: g.depth)
        for member in g.controls
    }
    controls: dict[str, list[Json]] = defaultdict(list)
    for c in f.controls:
        controls[home.get(c.id, "")].append(_control(f, c, known))
    ids = {g.id for g in f.groups}
    inner: dict[str, list[elements.Group]] = defaultdict(list)
    for g in f.groups:
        inner[g.parent if g.parent in ids else ""].append(g)

    def grouped(g: elements.Group) -> Json:
        own, groups = controls[g.id], [grouped(child) for child in inner[g.id]]
        if own and groups:  # OSCAL allows a group one or the other
            rest = filled(id=known.ids[REST, f.id, g.id], title=title(g.title, g.id), controls=own)
            own, groups = [], [rest, *groups]
        return filled(
            id=known.ids[GROUP, f.id, g.id],
            title=title(g.title, g.id),
            props=[label(g.id)],
            controls=own,
            groups=groups,
        )

    heading = f"{f.title}, as assessed"
    return {
        "catalog": filled(
            uuid=known.uuid("catalog", f.id),
            metadata=metadata(view, known, heading, f.version, f"{f.origin}. {f.intro}"),
            controls=controls[""],
            groups=[grouped(g) for g in inner[""]],
        )
    }


def _control(f: elements.Framework, c: elements.Control, known: Names) -> Json:
    checks = ", ".join(f"{line.check.text} ({line.strength})" for line in c.checks)
    asked = [f"These checks pass for every subject in scope: {checks}."] if checks else []
    asked += [f"This question is answered with yes: {c.ask}"] if c.ask else []
    objective = known.ids[OBJECTIVE, f.id, c.id]
    return filled(
        id=known.ids[CONTROL, f.id, c.id],
        title=title(c.title, c.id),
        props=[label(c.id)],
        parts=[
            *([{"name": "guidance", "prose": markup(c.paraphrase)}] if c.paraphrase else []),
            filled(id=objective, name="assessment-objective", prose=markup(" ".join(asked))),
        ],
    )


def checks_catalog(view: View, known: Names) -> Json:
    """Return our own checks as a catalog, grouped by theme."""
    checks = {c.id: c for c in view.checks}
    groups = []
    for theme in view.themes.controls:
        mine = [checks.pop(line.check.text) for line in theme.checks if line.check.text in checks]
        groups.append(
            filled(
                id=known.ids[GROUP, CHECKS, theme.id],
                title=title(theme.title, theme.id),
                props=[label(theme.id)],
                controls=[_check(c, known) for c in mine],
            )
        )
    return {
        "catalog": filled(
            uuid=known.uuid("catalog", CHECKS),
            metadata=metadata(view, known, "Checks", view.cover.evidence_short),
            controls=[_check(c, known) for c in checks.values()],
            groups=groups,
        )
    }


def _check(c: elements.Check, known: Names) -> Json:
    holds = f"This holds for every subject in scope: {c.title}."
    fix = [{"name": "fix", "ns": NS, "prose": markup(c.fix)}] if c.fix else []
    return filled(
        id=known.ids[CONTROL, CHECKS, c.id],
        title=title(c.title, c.id),
        props=[label(c.id), *props(severity=c.severity, level=c.level, evidence=c.evidence)],
        parts=[
            *([{"name": "guidance", "prose": markup(c.why)}] if c.why else []),
            {
                "id": known.ids[OBJECTIVE, CHECKS, c.id],
                "name": "assessment-objective",
                "prose": markup(holds),
            },
            *fix,
        ],
    )


def profile(view: View, known: Names) -> Json:
    """Return the target levels: all controls of all catalogs, each with its level as a property."""
    totals = {known.ids[TOTAL, f.id, ""]: f.total.level for f in view.frameworks}
    totals["enterprise"] = view.summary.level
    head = metadata(view, known, f"Target profile {view.cover.profile}", view.cover.evidence_short)
    head["props"] += [
        p for of, level in totals.items() for p in props(of, target_level=level.target)
    ]
    return {
        "profile": {
            "uuid": known.uuid("profile"),
            "metadata": head,
            "imports": [{"href": known.files[f.id], "include-all": {}} for f in view.frameworks],
            "merge": {"as-is": True},
            "modify": {
                "alters": [
                    {
                        "control-id": known.ids[CONTROL, f.id, c.id],
                        "adds": [{"props": props(target_level=c.level.target)}],
                    }
                    for f in view.frameworks
                    for c in f.controls
                ]
            },
        }
    }

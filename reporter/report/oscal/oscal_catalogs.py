"""Catalogs and the profile. In: the frameworks, themes and checks of a view. Out: one OSCAL catalog
each, and the target levels.

Ids and titles are the publishers', as in our catalogs; all prose is our own.
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
    RESIDUAL,
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


def catalog(view: View, framework: elements.Framework, names: Names) -> Json:
    """Return the catalog of a framework, with its groups."""
    home = {
        clean(member): g.id
        for g in sorted(framework.groups, key=lambda g: g.depth)
        for member in g.controls
    }
    controls: dict[str, list[Json]] = defaultdict(list)
    for c in framework.controls:
        controls[home.get(c.id, "")].append(_control(framework, c, names))
    ids = {g.id for g in framework.groups}
    children: dict[str, list[elements.Group]] = defaultdict(list)
    for g in framework.groups:
        children[g.parent if g.parent in ids else ""].append(g)

    def grouped(group: elements.Group) -> Json:
        own_controls, groups = controls[group.id], [grouped(child) for child in children[group.id]]
        if own_controls and groups:  # OSCAL allows a group one or the other
            remainder = filled(
                id=names.ids[RESIDUAL, framework.id, group.id],
                title=title(group.title, group.id),
                controls=own_controls,
            )
            own_controls, groups = [], [remainder, *groups]
        return filled(
            id=names.ids[GROUP, framework.id, group.id],
            title=title(group.title, group.id),
            props=[label(group.id)],
            parts=_official(group.official_text, "overview"),
            controls=own_controls,
            groups=groups,
        )

    heading = f"{framework.title}, as assessed"
    return {
        "catalog": filled(
            uuid=names.uuid("catalog", framework.id),
            metadata=metadata(
                view, names, heading, framework.version, f"{framework.origin}. {framework.intro}"
            ),
            controls=controls[""],
            groups=[grouped(g) for g in children[""]],
        )
    }


def _control(framework: elements.Framework, control: elements.Control, names: Names) -> Json:
    checks = ", ".join(f"{line.check.text} ({line.strength})" for line in control.checks)
    conditions = [f"These checks pass for every subject in scope: {checks}."] if checks else []
    conditions += [f"This question is answered with yes: {control.ask}"] if control.ask else []
    objective = names.ids[OBJECTIVE, framework.id, control.id]
    return filled(
        id=names.ids[CONTROL, framework.id, control.id],
        title=title(control.title, control.id),
        props=[label(control.id)],
        parts=[
            *_official(control.official_text, "statement"),
            *(
                [{"name": "guidance", "prose": markup(control.paraphrase)}]
                if control.paraphrase
                else []
            ),
            filled(id=objective, name="assessment-objective", prose=markup(" ".join(conditions))),
        ],
    )


def _official(text: str, name: str) -> list[Json]:
    return [{"name": name, "prose": markup(text)}] if text else []


def checks_catalog(view: View, names: Names) -> Json:
    """Return our own checks as a catalog, grouped by theme."""
    checks = {c.id: c for c in view.checks}
    groups = []
    for theme in view.themes.controls:
        theme_checks = [
            checks.pop(line.check.text) for line in theme.checks if line.check.text in checks
        ]
        groups.append(
            filled(
                id=names.ids[GROUP, CHECKS, theme.id],
                title=title(theme.title, theme.id),
                props=[label(theme.id)],
                controls=[_check(c, names) for c in theme_checks],
            )
        )
    return {
        "catalog": filled(
            uuid=names.uuid("catalog", CHECKS),
            metadata=metadata(view, names, "Checks", view.cover.evidence_short),
            controls=[_check(c, names) for c in checks.values()],
            groups=groups,
        )
    }


def _check(check: elements.Check, names: Names) -> Json:
    holds = f"This holds for every subject in scope: {check.title}."
    fix = [{"name": "fix", "ns": NS, "prose": markup(check.fix)}] if check.fix else []
    return filled(
        id=names.ids[CONTROL, CHECKS, check.id],
        title=title(check.title, check.id),
        props=[
            label(check.id),
            *props(severity=check.severity, level=check.level, evidence=check.evidence),
        ],
        parts=[
            *([{"name": "guidance", "prose": markup(check.why)}] if check.why else []),
            {
                "id": names.ids[OBJECTIVE, CHECKS, check.id],
                "name": "assessment-objective",
                "prose": markup(holds),
            },
            *fix,
        ],
    )


def profile(view: View, names: Names) -> Json:
    """Return the target levels as properties, the class names the object: the enterprise, and each
    theme. Frameworks have no levels of their own.
    """
    targets = {"enterprise": view.summary.level.target}
    targets |= {
        names.ids[TOTAL, CHECKS, t.id]: t.permits.target for t in view.themes.controls if t.permits
    }
    head = metadata(view, names, f"Target profile {view.cover.profile}", view.cover.evidence_short)
    head["props"] += [
        p for of, target in targets.items() if target for p in props(of, target_level=target)
    ]
    return {
        "profile": {
            "uuid": names.uuid("profile"),
            "metadata": head,
            "imports": [{"href": names.files[f.id], "include-all": {}} for f in view.frameworks],
            "merge": {"as-is": True},
        }
    }

"""The mapping collection. In: the crosswalks of a view, and the checks of its controls. Out: one
OSCAL map per pair.
"""

from __future__ import annotations

from reporter.content.crosswalks import CHECKS
from reporter.report.document import View
from reporter.report.oscal.oscal_parts import (
    CONTROL,
    GROUP,
    Json,
    Names,
    filled,
    markup,
    metadata,
    props,
    title,
)
from reporter.report.view import elements

RELATIONSHIPS = {
    "equal to": "equal-to",
    "subset of": "subset-of",
    "superset of": "superset-of",
    "intersects": "intersects-with",
}
_DESCRIPTION = (
    "How the controls of one list relate to those of another, and which checks speak for a"
    " control. What is not mapped is not claimed to be unrelated. A check and a control intersect:"
    " a check that passes is evidence towards a control, and never all of it."
)


def mapping_collection(view: View, names: Names) -> Json:
    """Return crosswalks and check lists as mappings; empty when there are no pairs."""
    mappings = [m for m in (_crosswalk(w, names) for w in view.crosswalks) if m]
    mappings += [m for m in (_checks(f, names) for f in view.frameworks) if m]
    if not mappings:
        return {}
    head = metadata(view, names, "Crosswalks and checks", view.cover.evidence_short)
    lists = {name for w in view.crosswalks for name in (w.origin, w.target)}
    return {
        "mapping-collection": filled(
            uuid=names.uuid("mapping-collection"),
            metadata=head,
            provenance={
                "method": "human",
                "matching-rationale": "semantic",
                "status": "not-complete",
                "mapping-description": _DESCRIPTION,
                "responsible-parties": head["responsible-parties"],
            },
            mappings=mappings,
            back_matter=filled(
                resources=[_resource(name, names) for name in sorted(lists - names.files.keys())]
            )
            or None,
        )
    }


def _resource(name: str, names: Names) -> Json:
    return {
        "uuid": names.uuid("list", name),
        "title": title(name, name),
        "description": (
            "Known from crosswalks only; this run holds no catalog of it. Its ids are the"
            " publisher's."
        ),
    }


def _crosswalk(crosswalk: elements.Crosswalk, names: Names) -> Json:
    maps = [
        filled(
            uuid=names.uuid("map", crosswalk.id, source.text, target.text),
            relationship=RELATIONSHIPS[row.relation],
            sources=[_item(crosswalk.origin, source.text, names)],
            targets=[_item(crosswalk.target, target.text, names)],
            confidence_score={"category": row.confidence},
            remarks=markup(row.note),
        )
        for row in crosswalk.rows
        for source in row.origins
        for target in row.targets
    ]
    if not maps:
        return {}
    basis = {row.basis: None for row in crosswalk.rows}
    return _mapping(
        crosswalk.id,
        crosswalk.origin,
        crosswalk.target,
        maps,
        f"{crosswalk.title}. {crosswalk.intro}",
        names,
    ) | filled(props=[p for text in basis for p in props(basis=text)])


def _checks(framework: elements.Framework, names: Names) -> Json:
    maps = [
        filled(
            uuid=names.uuid("map", CHECKS, framework.id, line.text, c.id),
            relationship="intersects-with",
            sources=[_item(CHECKS, line.text, names)],
            targets=[_item(framework.id, c.id, names)],
            props=props(strength=strength),
            remarks=markup(why),
        )
        for c in framework.controls
        for strength, line, why in (
            *((one.strength, one.check, one.why) for one in c.checks),
            *(("contextual", link, "") for link in c.context),
        )
    ]
    return (
        _mapping(f"{CHECKS}-{framework.id}", CHECKS, framework.id, maps, framework.intro, names)
        if maps
        else {}
    )


def _mapping(
    name: str, origin: str, target: str, maps: list[Json], remarks: str, names: Names
) -> Json:
    return filled(
        uuid=names.uuid("mapping", name),
        source_resource=_list(origin, names),
        target_resource=_list(target, names),
        maps=maps,
        remarks=markup(remarks),
    )


def _list(name: str, names: Names) -> Json:
    return {"type": "catalog", "href": names.files.get(name) or f"#{names.uuid('list', name)}"}


def _item(list_id: str, name: str, names: Names) -> Json:
    """Return one end of a pair. OSCAL has no groups there, so a property marks a group."""
    control = names.ids.get((CONTROL, list_id, name))
    group = "" if control else names.ids.get((GROUP, list_id, name), "")
    return filled(
        type="control",
        id_ref=control or group or name.strip(),
        props=props(stands_for="group") if group else [],
    )

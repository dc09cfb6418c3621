"""The mapping collection. In: the crosswalks of a view, and which checks its controls list. Out:
one OSCAL map a pair.
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
    "Which controls of one list have to do with which of another, and which checks speak for a"
    " control. What is not mapped is not claimed to be unrelated. A check and a control intersect:"
    " a check that passes is evidence towards a control, and never all of it."
)


def mapping_collection(view: View, known: Names) -> Json:
    """Return crosswalks and check lists as mappings; empty when there are no pairs."""
    mappings = [m for m in (_crosswalk(w, known) for w in view.crosswalks) if m]
    mappings += [m for m in (_checks(f, known) for f in view.frameworks) if m]
    if not mappings:
        return {}
    head = metadata(view, known, "Crosswalks and checks", view.cover.evidence_short)
    lists = {name for w in view.crosswalks for name in (w.origin, w.target)}
    return {
        "mapping-collection": filled(
            uuid=known.uuid("mapping-collection"),
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
                resources=[_resource(name, known) for name in sorted(lists - known.files.keys())]
            )
            or None,
        )
    }


def _resource(name: str, known: Names) -> Json:
    return {
        "uuid": known.uuid("list", name),
        "title": title(name, name),
        "description": (
            "Known from crosswalks only; this run holds no catalog of it. Its ids are the"
            " publisher's."
        ),
    }


def _crosswalk(w: elements.Crosswalk, known: Names) -> Json:
    maps = [
        filled(
            uuid=known.uuid("map", w.id, source.text, target.text),
            relationship=RELATIONSHIPS[row.relation],
            sources=[_item(w.origin, source.text, known)],
            targets=[_item(w.target, target.text, known)],
            confidence_score={"category": row.confidence},
            remarks=markup(row.note),
        )
        for row in w.rows
        for source in row.origins
        for target in row.targets
    ]
    if not maps:
        return {}
    basis = {row.basis: None for row in w.rows}
    return _mapping(w.id, w.origin, w.target, maps, f"{w.title}. {w.intro}", known) | filled(
        props=[p for text in basis for p in props(basis=text)]
    )


def _checks(f: elements.Framework, known: Names) -> Json:
    maps = [
        {
            "uuid": known.uuid("map", CHECKS, f.id, line.text, c.id),
            "relationship": "intersects-with",
            "sources": [_item(CHECKS, line.text, known)],
            "targets": [_item(f.id, c.id, known)],
            "props": props(strength=strength),
        }
        for c in f.controls
        for strength, line in (
            *((one.strength, one.check) for one in c.checks),
            *(("contextual", link) for link in c.context),
        )
    ]
    return _mapping(f"{CHECKS}-{f.id}", CHECKS, f.id, maps, f.intro, known) if maps else {}


def _mapping(
    name: str, origin: str, target: str, maps: list[Json], remarks: str, known: Names
) -> Json:
    return filled(
        uuid=known.uuid("mapping", name),
        source_resource=_list(origin, known),
        target_resource=_list(target, known),
        maps=maps,
        remarks=markup(remarks),
    )


def _list(name: str, known: Names) -> Json:
    return {"type": "catalog", "href": known.files.get(name) or f"#{known.uuid('list', name)}"}


def _item(of: str, name: str, known: Names) -> Json:
    """Name one end of a pair; OSCAL knows no groups there, so one says by a property that it is
    one.
    """
    control = known.ids.get((CONTROL, of, name))
    group = "" if control else known.ids.get((GROUP, of, name), "")
    return filled(
        type="control",
        id_ref=control or group or name.strip(),
        props=props(stands_for="group") if group else [],
    )

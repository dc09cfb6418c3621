"""Crosswalks as printed: which controls are related, on whose authority, and with what confidence.

In: an `Assessment` and the anchors. Out: one `shape.Crosswalk` each.
"""

from __future__ import annotations

from collections.abc import Mapping

from reporter.content.crosswalks import CHECKS
from reporter.i18n.translate import content, mark, say
from reporter.model import assessment as model
from reporter.model.crosswalk import Crosswalk
from reporter.report.view import elements
from reporter.report.view.format import clean

CROSSWALK = "crosswalk"
"""Under this name crosswalks stand among the anchors."""
RELATIONS = {
    "equal": mark("equal to"),
    "subset": mark("subset of"),
    "superset": mark("superset of"),
    "intersects": mark("intersects"),
}
OWN = mark("our reading")


def crosswalks(
    assessment: model.Assessment, anchors: Mapping[tuple[str, str], str]
) -> tuple[elements.Crosswalk, ...]:
    """Print every crosswalk between lists of the report."""
    return tuple(_crosswalk(w, anchors) for w in assessment.crosswalks)


def basis_words(walk: Crosswalk) -> str:
    """Print the authority behind the pairs of a crosswalk."""
    return say("published by {name}", name=walk.publisher) if walk.publisher else say(OWN)


def _intro(basis: str, source: str) -> str:
    """Print the origin of the pairs. Sources of our own readings already state it."""
    text = source if basis == say(OWN) else f"{basis[0].upper()}{basis[1:]}: {source}"
    return f"{text.rstrip('.')}."


def _crosswalk(walk: Crosswalk, anchors: Mapping[tuple[str, str], str]) -> elements.Crosswalk:
    basis = clean(basis_words(walk))

    def links(framework: str, ids: tuple[str, ...]) -> tuple[elements.Link, ...]:
        list_id = "" if framework == CHECKS else framework
        return tuple(elements.Link(clean(i), anchors.get((list_id, i), "")) for i in ids)

    return elements.Crosswalk(
        id=clean(walk.id),
        anchor=anchors[CROSSWALK, walk.id],
        title=clean(content(walk.title)),
        intro=_intro(basis, clean(content(walk.source))),
        rows=tuple(
            elements.Pairs(
                origins=links(walk.origin, row.origins),
                relation=RELATIONS[row.relation],
                targets=links(walk.target, row.targets),
                basis=basis,
                confidence=row.confidence,
                note=clean(content(row.note)),
            )
            for row in walk.rows
        ),
        origin=walk.origin,
        target=walk.target,
    )

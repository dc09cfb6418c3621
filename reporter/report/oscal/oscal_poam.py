"""The plan of action and milestones. In: the roadmap of a view. Out: the OSCAL document, an item an
action.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from reporter.model.roadmap import IMPLEMENT
from reporter.report.document import View
from reporter.report.oscal.oscal_findings import NOT_SATISFIED, findings
from reporter.report.oscal.oscal_observations import (
    check_uuid,
    of_answers,
    of_checks,
    resources,
)
from reporter.report.oscal.oscal_parts import (
    Json,
    Names,
    Stream,
    filled,
    markup,
    metadata,
    props,
    related,
    system_id,
    title,
)
from reporter.report.oscal.oscal_risks import facts, risk_uuid, risks, risks_by_check


def poam(view: View, known: Names) -> Json:
    """Return the plan in the order of the roadmap; empty when nothing is to be done, as OSCAL has
    no plan without items.
    """
    if not view.roadmap.picks:
        return {}

    def seen(verdicts: Iterable[tuple[str, str]]) -> list[str]:
        return [check_uuid(known, check) for check in sorted({check for _, check in verdicts})]

    by_check = risks_by_check(view, known)
    missed = [
        f
        for f in findings(view, known, by_check)
        if f["target"]["status"]["state"] == NOT_SATISFIED
    ]
    return {
        "plan-of-action-and-milestones": filled(
            uuid=known.uuid("poam"),
            metadata=metadata(view, known, "Plan of action", view.cover.evidence_short)
            | {"remarks": markup(view.roadmap.text)},
            system_id=system_id(view),
            observations=[*of_checks(view, known), *of_answers(view, known)],
            risks=Stream.of(risks(view, known, seen)),
            findings=missed,
            poam_items=Stream.of(_items(view, known, missed)),
            back_matter={"resources": [_details(known), *resources(view, known)]},
        )
    }


def _details(known: Names) -> Json:
    return {
        "uuid": known.uuid("details"),
        "title": "Assessment results",
        "description": "Holds the single verdicts behind each observation and risk.",
        "rlinks": [{"href": "assessment-results.json"}],
    }


def _items(view: View, known: Names, missed: list[Json]) -> Iterator[Json]:
    on: dict[str, list[str]] = defaultdict(list)
    for f in missed:
        for o in f.get("related-observations", ()):
            on[o["observation-uuid"]].append(f["uuid"])
    for p in view.roadmap.picks:
        seen = [check_uuid(known, check) for check in p.checks]
        ends = [risk_uuid(known, p)] if p.kind == IMPLEMENT else []
        yield filled(
            uuid=known.uuid("poam-item", p.id),
            title=title(p.title, p.id),
            description=markup(p.fix or p.title),
            props=facts(p) + props(total_after=p.total_after, level_after=p.level_after),
            related_findings=related("finding", (f for uuid in seen for f in on[uuid])),
            related_observations=related("observation", seen),
            related_risks=related("risk", ends),
            remarks=markup(p.what),
        )

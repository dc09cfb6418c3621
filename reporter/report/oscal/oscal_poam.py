"""The plan of action and milestones. In: the roadmap of a view. Out: the OSCAL document, one item
per action.
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


def poam(view: View, names: Names) -> Json:
    """Return the plan in the order of the roadmap. It is empty without open actions, as OSCAL has
    no plan without items.
    """
    if not view.roadmap.picks:
        return {}

    def observation_uuids(results: Iterable[tuple[str, str]]) -> list[str]:
        return [check_uuid(names, check) for check in sorted({check for _, check in results})]

    by_check = risks_by_check(view, names)
    open_findings = [
        f
        for f in findings(view, names, by_check)
        if f["target"]["status"]["state"] == NOT_SATISFIED
    ]
    return {
        "plan-of-action-and-milestones": filled(
            uuid=names.uuid("poam"),
            metadata=metadata(view, names, "Plan of action", view.cover.evidence_short)
            | {"remarks": markup(view.roadmap.text)},
            system_id=system_id(view),
            observations=[*of_checks(view, names), *of_answers(view, names)],
            risks=Stream.of(risks(view, names, observation_uuids)),
            findings=open_findings,
            poam_items=Stream.of(_items(view, names, open_findings)),
            back_matter={"resources": [_details(names), *resources(view, names)]},
        )
    }


def _details(names: Names) -> Json:
    return {
        "uuid": names.uuid("details"),
        "title": "Assessment results",
        "description": "Holds the single results behind each observation and risk.",
        "rlinks": [{"href": "assessment-results.json"}],
    }


def _items(view: View, names: Names, open_findings: list[Json]) -> Iterator[Json]:
    finding_ids: dict[str, list[str]] = defaultdict(list)
    for f in open_findings:
        for o in f.get("related-observations", ()):
            finding_ids[o["observation-uuid"]].append(f["uuid"])
    for pick in view.roadmap.picks:
        observations = [check_uuid(names, check) for check in pick.checks]
        risk_ids = [risk_uuid(names, pick)] if pick.kind == IMPLEMENT else []
        yield filled(
            uuid=names.uuid("poam-item", pick.id),
            title=title(pick.title, pick.id),
            description=markup(pick.fix or pick.title),
            props=facts(pick) + props(total_after=pick.total_after, level_after=pick.level_after),
            related_findings=related(
                "finding", (f for uuid in observations for f in finding_ids[uuid])
            ),
            related_observations=related("observation", observations),
            related_risks=related("risk", risk_ids),
            remarks=markup(pick.what),
        )

"""The assessment results. In: a view. Out: the OSCAL document with one result: observations, risks,
findings, attestations.
"""

from __future__ import annotations

from itertools import chain

from reporter.content.crosswalks import CHECKS
from reporter.report.document import View
from reporter.report.oscal.oscal_findings import findings
from reporter.report.oscal.oscal_observations import (
    of_answers,
    of_checks,
    of_verdicts,
    resources,
    subjects,
    verdict_uuid,
)
from reporter.report.oscal.oscal_parts import (
    CONTROL,
    NS,
    TOTAL,
    Json,
    Names,
    Stream,
    filled,
    markup,
    metadata,
    props,
    scored,
    title,
)
from reporter.report.oscal.oscal_risks import risks, risks_by_check

_NO_PLAN = (
    "There is no assessment plan. This is a management self-assessment: what is asked follows from"
    " the catalogs and checks beside this file, and from the workspace's settings, whose hash"
    " stands in manifest.json."
)


def assessment_results(view: View, known: Names) -> Json:
    """Return the assessment results of a run."""
    plan = known.uuid("no-plan")
    head = metadata(view, known, "Assessment results", view.cover.evidence_short)
    people = {t.who: known.uuid("person", t.who) for t in view.attestations.rows if t.who.strip()}
    head["parties"] += [
        {"uuid": uuid, "type": "person", "name": who.strip()} for who, uuid in people.items()
    ]
    head["roles"] += (
        [{"id": "attester", "title": "Answers questions of controls"}] if people else []
    )
    return {
        "assessment-results": {
            "uuid": known.uuid("assessment-results"),
            "metadata": head,
            "import-ap": {"href": f"#{plan}", "remarks": _NO_PLAN},
            "results": [_result(view, known, people)],
            "back-matter": {
                "resources": [
                    {"uuid": plan, "title": "No assessment plan", "description": _NO_PLAN},
                    *resources(view, known),
                ]
            },
        }
    }


def _result(view: View, known: Names, people: dict[str, str]) -> Json:
    items = Stream.of(subjects(view, known))
    return filled(
        uuid=known.uuid("result"),
        title=title(f"{view.cover.title}, {view.cover.period}", view.cover.title),
        description=markup(view.summary.level_sentence),
        start=view.cover.period_from,
        end=view.cover.period_to,
        props=_totals(view, known),
        local_definitions={"inventory-items": items} if items else None,
        reviewed_controls=_reviewed(view, known),
        attestations=_attestations(view, known, people),
        observations=Stream.of(
            chain(of_checks(view, known), of_answers(view, known), of_verdicts(view, known))
        ),
        risks=Stream.of(
            risks(view, known, lambda told: [verdict_uuid(known, id_) for id_, _ in told])
        ),
        findings=Stream.of(findings(view, known, risks_by_check(view, known))),
        remarks=markup("\n\n".join(_remarks(view))),
    )


def _remarks(view: View) -> list[str]:
    idle = sum(
        w.counts_as == "not counted" for w in (*view.waivers.waivers, *view.waivers.compensations)
    )
    no_plan = (
        ""
        if view.roadmap.picks
        else "Nothing is open that is not waived, so there is no poam.json."
    )
    stated = (
        f"Waivers and compensating controls without effect: {idle}; they stand in statements.csv."
    )
    said = (view.cover.statement, view.accounting.equation, stated if idle else "", no_plan)
    return [text for text in said if text]


def _totals(view: View, known: Names) -> list[Json]:
    """Return level and exact score of the enterprise, its themes and every framework; the class
    says of which.
    """
    s = view.summary
    totals = [("enterprise", s.level, s.figure, s.coverage)]
    totals += [
        (known.ids[TOTAL, f.id, ""], f.total.level, f.total.figure, f.total.coverage)
        for f in view.frameworks
    ]
    totals += [
        (known.ids[TOTAL, CHECKS, t.id], t.level, t.figure, t.coverage)
        for t in view.themes.controls
    ]
    return [
        p for name, level, figure, coverage in totals for p in scored(figure, coverage, level, name)
    ]


def _reviewed(view: View, known: Names) -> Json:
    return {
        "control-selections": [
            {
                "description": markup(f.title or f.id),
                "include-controls": [
                    {"control-id": known.ids[CONTROL, f.id, c.id]} for c in f.controls
                ],
            }
            for f in view.frameworks
            if f.controls
        ]
    }


def _attestations(view: View, known: Names, people: dict[str, str]) -> list[Json]:
    """Return every answer, the refused ones too, with what it counts as."""
    control = {
        c.anchor: known.ids[CONTROL, f.id, c.id] for f in view.frameworks for c in f.controls
    }
    made = []
    for t in view.attestations.rows:
        part = filled(
            uuid=known.uuid("attestation", t.anchor, t.record),
            name="answer",
            ns=NS,
            title=title(f"{t.framework} {t.control}: {t.answer}", t.control),
            props=props(
                control=t.control,
                control_id=control[t.anchor],
                answer=t.answer,
                role=t.role,
                date=t.date,
                expires=t.expires,
                method=t.method,
                counts_as=t.counts_as,
                record=t.record,
            ),
            prose=markup(" ".join(x for x in (t.statement, t.why) if x)),
        )
        by = [{"role-id": "attester", "party-uuids": [people[t.who]]}] if t.who in people else []
        made.append(filled(responsible_parties=by, parts=[part]))
    return made

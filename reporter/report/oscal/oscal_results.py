"""The assessment results. In: a view. Out: the OSCAL document with one result: observations, risks,
findings, attestations.
"""

from __future__ import annotations

from itertools import chain

from reporter.content.crosswalks import CHECKS
from reporter.report.document import View
from reporter.report.oscal.oscal_findings import findings
from reporter.report.oscal.oscal_observations import (
    finding_uuid,
    of_answers,
    of_checks,
    of_findings,
    resources,
    subjects,
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
from reporter.report.oscal.oscal_responses import unplaced
from reporter.report.oscal.oscal_risks import risks, risks_by_check

_NO_PLAN = (
    "There is no assessment plan. This is a management self-assessment: what is asked follows from"
    " the catalogs and checks beside this file, and from the workspace's settings, whose hash"
    " is in manifest.json."
)


def assessment_results(view: View, names: Names) -> Json:
    """Return the assessment results of a run."""
    plan = names.uuid("no-plan")
    head = metadata(view, names, "Assessment results", view.cover.evidence_short)
    people = {t.who: names.uuid("person", t.who) for t in view.attestations.rows if t.who.strip()}
    head["parties"] += [
        {"uuid": uuid, "type": "person", "name": who.strip()} for who, uuid in people.items()
    ]
    head["roles"] += (
        [{"id": "attester", "title": "Answers questions of controls"}] if people else []
    )
    return {
        "assessment-results": {
            "uuid": names.uuid("assessment-results"),
            "metadata": head,
            "import-ap": {"href": f"#{plan}", "remarks": _NO_PLAN},
            "results": [_result(view, names, people)],
            "back-matter": {
                "resources": [
                    {"uuid": plan, "title": "No assessment plan", "description": _NO_PLAN},
                    *resources(view, names),
                ]
            },
        }
    }


def _result(view: View, names: Names, people: dict[str, str]) -> Json:
    items = Stream.of(subjects(view, names))
    return filled(
        uuid=names.uuid("result"),
        title=title(f"{view.cover.title}, {view.cover.period}", view.cover.title),
        description=markup(view.summary.level_sentence),
        start=view.cover.period_from,
        end=view.cover.period_to,
        props=_totals(view, names),
        local_definitions={"inventory-items": items} if items else None,
        reviewed_controls=_reviewed(view, names),
        attestations=_attestations(view, names, people),
        observations=Stream.of(
            chain(of_checks(view, names), of_answers(view, names), of_findings(view, names))
        ),
        risks=Stream.of(
            risks(view, names, lambda pairs: [finding_uuid(names, id_) for id_, _ in pairs])
        ),
        findings=Stream.of(findings(view, names, risks_by_check(view, names))),
        remarks=markup("\n\n".join(_remarks(view))),
    )


def _remarks(view: View) -> list[str]:
    idle_count = sum(
        w.counts_as == "not counted" for w in (*view.waivers.waivers, *view.waivers.compensations)
    )
    no_plan = (
        ""
        if view.roadmap.picks
        else "Nothing is open that is not waived, so there is no poam.json."
    )
    idle_note = (
        f"Waivers and compensating controls without effect: {idle_count}; they are in"
        " statements.csv."
    )
    texts = (
        view.cover.statement,
        view.accounting.equation,
        idle_note if idle_count else "",
        no_plan,
        unplaced(view),
    )
    return [text for text in texts if text]


def _totals(view: View, names: Names) -> list[Json]:
    """Return level and exact score of the enterprise, its themes and every framework. The class
    names the object.
    """
    summary = view.summary
    found = scored(summary.figure, summary.coverage, summary.level, "enterprise")
    for f in view.frameworks:
        found += scored(f.total.figure, f.total.coverage, f.level, names.ids[TOTAL, f.id, ""])
    for theme in view.themes.controls:
        of = names.ids[TOTAL, CHECKS, theme.id]
        found += scored(theme.figure, theme.coverage, of=of)
        if theme.permits:
            found += props(of, permits_lo=theme.permits.lo, permits_hi=theme.permits.hi)
    return found


def _reviewed(view: View, names: Names) -> Json:
    return {
        "control-selections": [
            {
                "description": markup(f.title or f.id),
                "include-controls": [
                    {"control-id": names.ids[CONTROL, f.id, c.id]} for c in f.controls
                ],
            }
            for f in view.frameworks
            if f.controls
        ]
    }


def _attestations(view: View, names: Names, people: dict[str, str]) -> list[Json]:
    """Return every answer with its effect, including refused ones."""
    control = {
        c.anchor: names.ids[CONTROL, f.id, c.id] for f in view.frameworks for c in f.controls
    }
    attestations = []
    for answer in view.attestations.rows:
        part = filled(
            uuid=names.uuid("attestation", answer.anchor, answer.record),
            name="answer",
            ns=NS,
            title=title(f"{answer.framework} {answer.control}: {answer.answer}", answer.control),
            props=props(
                control=answer.control,
                control_id=control[answer.anchor],
                answer=answer.answer,
                role=answer.role,
                date=answer.date,
                expires=answer.expires,
                method=answer.method,
                counts_as=answer.counts_as,
                record=answer.record,
            ),
            prose=markup(" ".join(x for x in (answer.statement, answer.why) if x)),
        )
        parties = (
            [{"role-id": "attester", "party-uuids": [people[answer.who]]}]
            if answer.who in people
            else []
        )
        attestations.append(filled(responsible_parties=parties, parts=[part]))
    return attestations

"""Risks. In: roadmap, waivers, compensating controls and responses of a view. Out: OSCAL risks,
and the actions that fix each check.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from reporter.model.roadmap import IMPLEMENT
from reporter.model.scores import Status
from reporter.report.chapters.next_steps import PickLine
from reporter.report.chapters.said_by_people import WaivedLine
from reporter.report.document import View
from reporter.report.oscal.oscal_parts import (
    Json,
    Names,
    filled,
    markup,
    props,
    related,
    title,
)
from reporter.report.oscal.oscal_responses import (
    answered_risks,
    by_rank,
    deadline,
    remediations,
)
from reporter.report.view.finding_rows import OWED
from reporter.system.plain_text import clean

WAIVER, COMPENSATION = "waiver", "compensation"
Seen = Callable[[Iterable[tuple[str, str]]], list[str]]
"""(id, check) of results -> UUIDs of the observations that stand for them."""


def risk_uuid(names: Names, pick: PickLine) -> str:
    """Return the UUID of the risk that an action ends."""
    return names.uuid("risk", pick.id)


def facts(pick: PickLine) -> list[Json]:
    """Return the facts of a roadmap action, as properties."""
    return props(
        action=pick.id,
        rank=pick.rank,
        lane=pick.lane,
        kind=pick.kind,
        effort_person_days=pick.effort,
        results=pick.results,
        gain_points=pick.gain,
        exact_gain=pick.exact_gain,
        certain_gain_points=pick.certain_gain,
        owners=pick.owners,
    )


def risks_by_check(view: View, names: Names) -> dict[str, list[str]]:
    """Return for each check the risks behind its failures, and the decisions about them."""
    risk_ids: dict[str, list[str]] = defaultdict(list)
    for pick in view.roadmap.picks:
        if pick.kind == IMPLEMENT:
            for check in pick.checks:
                risk_ids[check].append(risk_uuid(names, pick))
    for role, statements in (
        (WAIVER, view.waivers.waivers),
        (COMPENSATION, view.waivers.compensations),
    ):
        for w in _in_effect(statements):
            risk_ids[w.check].append(names.uuid(role, w.record))
    return risk_ids


def risks(view: View, names: Names, observations: Seen) -> Iterator[Json]:
    """Yield a risk for each action that fixes something, and for each effective waiver or
    compensating control, and each response that belongs to none of these actions.
    """
    yield from _open_risks(view, names, observations)
    yield from _waived_risks(view, names, observations)
    yield from _compensated_risks(view, names, observations)
    yield from answered_risks(view, names)


def _open_risks(view: View, names: Names, observations: Seen) -> Iterator[Json]:
    answers = by_rank(view)
    task_rows = view.findings.results.each(("id", "check", "rank"), OWED, "ORDER BY rank, place")
    for rank, pick_rows in groupby(task_rows, key=lambda v: v[2]):
        pick = view.roadmap.picks[rank - 1]
        if pick.kind == IMPLEMENT:
            yield filled(
                uuid=risk_uuid(names, pick),
                title=title(pick.title, pick.id),
                description=markup(pick.what or pick.title),
                statement=(
                    f"Results that fail until it is fixed: {pick.results}, of"
                    f" {', '.join(pick.checks)}."
                ),
                props=facts(pick),
                status="open",
                deadline=deadline(answers.get(rank, ())),
                remediations=[
                    filled(
                        uuid=names.uuid("remediation", pick.id),
                        lifecycle="recommendation",
                        title=title(pick.title, pick.id),
                        description=markup(pick.fix or pick.title),
                        props=props(effort_person_days=pick.effort),
                    ),
                    *remediations(answers.get(rank, ()), names),
                ],
                related_observations=related(
                    "observation", observations((id_, clean(check)) for id_, check, _ in pick_rows)
                ),
            )


def _waived_risks(view: View, names: Names, observations: Seen) -> Iterator[Json]:
    rows: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for id_, check, waiver in view.findings.results.each(("id", "check", "waiver"), "waiver <> ''"):
        rows[clean(waiver)].append((id_, clean(check)))
    for line in _in_effect(view.waivers.waivers):
        yield _deviation(line, f"Waived: {line.check}, {line.subject}", WAIVER, names) | filled(
            related_observations=related("observation", observations(rows[line.record])),
        )


def _compensated_risks(view: View, names: Names, observations: Seen) -> Iterator[Json]:
    rows: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    compensated_rows = view.findings.results.each(
        ("id", "check", "subject"), f"status = '{Status.COMPENSATED}'"
    )
    for id_, check, subject in compensated_rows:
        rows[clean(check), clean(subject)].append((id_, clean(check)))
    for line in _in_effect(view.waivers.compensations):
        heading = f"Compensated: {line.check}, {line.subject}, by {line.by_check}"
        substitute = f"{line.by_check} compensates for {line.check} and passes: {line.reason}"
        factor = {"uuid": names.uuid("factor", line.record), "description": markup(substitute)}
        yield _deviation(line, heading, COMPENSATION, names) | filled(
            mitigating_factors=[factor],
            related_observations=related(
                "observation", observations(rows[line.check, line.subject])
            ),
        )


def _in_effect(statements: Iterable[WaivedLine]) -> Iterator[WaivedLine]:
    return (s for s in statements if s.counts_as != "not counted")


def _deviation(line: WaivedLine, heading: str, role: str, names: Names) -> Json:
    return filled(
        uuid=names.uuid(role, line.record),
        title=title(heading, line.check),
        description=markup(line.reason or heading),
        statement=markup(line.why or heading),
        props=props(
            check=line.check,
            by_check=line.by_check,
            subject=line.subject,
            approved_by=line.who,
            since=line.since,
            until=line.until,
            review_at=line.review,
            ticket=line.ticket,
            counts_as=line.counts_as,
            results=line.results,
            record=line.record,
        ),
        status="deviation-approved",
        deadline=line.until_iso,
    )

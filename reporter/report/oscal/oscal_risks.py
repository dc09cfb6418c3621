"""What is at stake. In: roadmap, waivers and compensating controls of a view. Out: OSCAL risks, and
which actions mend which check.
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
from reporter.report.view.finding_rows import OWED
from reporter.system.plain_text import clean

WAIVER, COMPENSATION = "waiver", "compensation"
Seen = Callable[[Iterable[tuple[str, str]]], list[str]]
"""(id, check) of verdicts -> UUIDs of the observations that stand for them."""


def risk_uuid(known: Names, pick: PickLine) -> str:
    """Name the risk that an action ends."""
    return known.uuid("risk", pick.id)


def facts(pick: PickLine) -> list[Json]:
    """Return what the roadmap says of an action, as properties."""
    return props(
        action=pick.id,
        rank=pick.rank,
        lane=pick.lane,
        kind=pick.kind,
        effort_person_days=pick.effort,
        verdicts=pick.results,
        gain_points=pick.gain,
        exact_gain=pick.exact_gain,
        certain_gain_points=pick.certain_gain,
        owners=pick.owners,
    )


def risks_by_check(view: View, known: Names) -> dict[str, list[str]]:
    """Return for each check the risks because of which it fails, and what was decided about its
    failures.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for pick in view.roadmap.picks:
        if pick.kind == IMPLEMENT:
            for check in pick.checks:
                found[check].append(risk_uuid(known, pick))
    for role, stated in (
        (WAIVER, view.waivers.waivers),
        (COMPENSATION, view.waivers.compensations),
    ):
        for w in _in_effect(stated):
            found[w.check].append(known.uuid(role, w.record))
    return found


def risks(view: View, known: Names, seen: Seen) -> Iterator[Json]:
    """Yield a risk for each action that mends something, and for each waiver or compensating
    control that has an effect.
    """
    yield from _open(view, known, seen)
    yield from _waived(view, known, seen)
    yield from _compensated(view, known, seen)


def _open(view: View, known: Names, seen: Seen) -> Iterator[Json]:
    owed = view.findings.results.each(("id", "check", "rank"), OWED, "ORDER BY rank, place")
    for rank, own in groupby(owed, key=lambda v: v[2]):
        pick = view.roadmap.picks[rank - 1]
        if pick.kind == IMPLEMENT:
            yield filled(
                uuid=risk_uuid(known, pick),
                title=title(pick.title, pick.id),
                description=markup(pick.what or pick.title),
                statement=(
                    f"Verdicts that fail until it is mended: {pick.results}, of"
                    f" {', '.join(pick.checks)}."
                ),
                props=facts(pick),
                status="open",
                remediations=[
                    filled(
                        uuid=known.uuid("remediation", pick.id),
                        lifecycle="recommendation",
                        title=title(pick.title, pick.id),
                        description=markup(pick.fix or pick.title),
                        props=props(effort_person_days=pick.effort),
                    )
                ],
                related_observations=related(
                    "observation", seen((id_, clean(check)) for id_, check, _ in own)
                ),
            )


def _waived(view: View, known: Names, seen: Seen) -> Iterator[Json]:
    rows: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for id_, check, waiver in view.findings.results.each(("id", "check", "waiver"), "waiver <> ''"):
        rows[clean(waiver)].append((id_, clean(check)))
    for w in _in_effect(view.waivers.waivers):
        yield _deviation(w, f"Waived: {w.check}, {w.subject}", WAIVER, known) | filled(
            related_observations=related("observation", seen(rows[w.record])),
        )


def _compensated(view: View, known: Names, seen: Seen) -> Iterator[Json]:
    rows: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    made_good = view.findings.results.each(
        ("id", "check", "subject"), f"status = '{Status.COMPENSATED}'"
    )
    for id_, check, subject in made_good:
        rows[clean(check), clean(subject)].append((id_, clean(check)))
    for c in _in_effect(view.waivers.compensations):
        heading = f"Compensated: {c.check}, {c.subject}, by {c.by_check}"
        stands_in = f"{c.by_check} stands in for {c.check} and passes: {c.reason}"
        factor = {"uuid": known.uuid("factor", c.record), "description": markup(stands_in)}
        yield _deviation(c, heading, COMPENSATION, known) | filled(
            mitigating_factors=[factor],
            related_observations=related("observation", seen(rows[c.check, c.subject])),
        )


def _in_effect(stated: Iterable[WaivedLine]) -> Iterator[WaivedLine]:
    return (s for s in stated if s.counts_as != "not counted")


def _deviation(w: WaivedLine, heading: str, role: str, known: Names) -> Json:
    return filled(
        uuid=known.uuid(role, w.record),
        title=title(heading, w.check),
        description=markup(w.reason or heading),
        statement=markup(w.why or heading),
        props=props(
            check=w.check,
            by_check=w.by_check,
            subject=w.subject,
            approved_by=w.who,
            since=w.since,
            until=w.until,
            review_at=w.review,
            ticket=w.ticket,
            counts_as=w.counts_as,
            verdicts=w.results,
            record=w.record,
        ),
        status="deviation-approved",
        deadline=w.until_iso,
    )

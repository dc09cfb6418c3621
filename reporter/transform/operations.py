"""Which rights the operations of AWS need. In: `aws-operations.txt`. Out: aws_operations, with
which the model `right_uses` reads the names of events, and the operations that it does not have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reporter.engine.base import Engine
from reporter.model.assessment import Quarantined
from reporter.model.sentences import tell
from reporter.system.folders import content_dir

FILE = "aws-operations.txt"
_IN_USE = (
    "SELECT EXISTS (FROM grants WHERE type = 'entitlement' AND regexp_full_match("
    "coalesce(action, name), '([A-Za-z0-9-]+|\\*):[A-Za-z0-9*?]+|\\*|\\* except .*'))"
    " OR EXISTS (FROM actors WHERE entitlements_listed)"
)


def list_operations(engine: Engine) -> None:
    """Make aws_operations: a row for each service by the label of its eventSource. Where nobody's
    rights in AWS are told, nothing is compared, and the list stays empty.
    """
    engine.run("CREATE TABLE aws_operations (label VARCHAR, prefix VARCHAR, operations VARCHAR)")
    if engine.one(_IN_USE):
        engine.insert("aws_operations", list(_services()))


@dataclass(frozen=True, slots=True)
class Unmapped:
    """An operation of which it is not known what right it needs, and its successful calls by agents
    that no right of its name covers.
    """

    log_source: str
    action: str
    n_events: int
    ref: str


def unmapped(engine: Engine) -> list[Unmapped]:
    """Return the operations that were compared with no right, the commonest first. What is compared
    with the rights of the agent and of a person counts once.
    """
    rows = engine.rows(
        "SELECT log_source, action, sum(n)::BIGINT AS n_all, min(ref) FROM (SELECT log_source,"
        " action, greatest(sum(CASE WHEN person_id IS NULL THEN n_events ELSE 0 END), sum(CASE WHEN"
        " person_id IS NULL THEN 0 ELSE n_events END)) AS n, min(last_ref) AS ref FROM right_uses"
        " WHERE standing = 'unmapped' GROUP BY agent_id, log_source, action, in_window) AS u GROUP"
        " BY log_source, action ORDER BY n_all DESC, log_source, action"
    )
    return [Unmapped(*row) for row in rows]


def notes(engine: Engine) -> list[Quarantined]:
    """Return a note for each operation that was compared with no right."""
    entries = []
    for use in unmapped(engine):
        reason = tell(
            "{n} of operation {action} in {log}: the permission it needs is not known",
            n=use.n_events,
            action=use.action,
            log=use.log_source,
        )
        entries.append(Quarantined.on(use.ref, "unmapped", reason))
    return entries


def _services() -> Iterator[tuple[str, str, str]]:
    """Yield label, prefix in IAM and operations, each between blanks; a service is a line and those
    after it that begin with a blank.
    """
    text = (content_dir()[0] / FILE).read_text(encoding="utf-8")
    _, _, listed = text.partition("\n\n")
    for service in listed.replace("\n ", " ").splitlines():
        labels, prefix, operations = service.split(" ", 2)
        for label in labels.split(","):
            yield label, prefix, f" {operations} "

"""Which rights the operations of AWS need. In: `aws-operations.txt`. Out: aws_operations, with
which the model `right_uses` reads the names of events.
"""

from __future__ import annotations

from collections.abc import Iterator

from reporter.engine.base import Engine
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

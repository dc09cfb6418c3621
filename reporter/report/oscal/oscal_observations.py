"""Observations. In: checks, answers, results and input files of a view. Out: OSCAL observations,
their subjects, and resources.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from reporter.report.chapters.said_by_people import AnswerLine
from reporter.report.document import View
from reporter.report.findings import finding_records
from reporter.report.oscal.oscal_parts import (
    Json,
    Names,
    filled,
    markup,
    props,
    scored,
    title,
)
from reporter.runs.store import OPEN
from reporter.system.plain_text import clean

_METHODS = {"examine": "EXAMINE", "attest": "INTERVIEW"}
"""A word that nobody examined is no examination."""
RUN_FILES = {
    "results.parquet": "Every result, the passes too",
    "findings.csv": "Every failing, unknown or compensated result",
    "report.json": "The data of the run, with exact scores",
    "manifest.json": "Hashes of inputs, content and outputs",
}


def check_uuid(names: Names, check: str) -> str:
    """Return the UUID of the observation for a check."""
    return names.uuid("check", check)


def finding_uuid(names: Names, row_id: str) -> str:
    """Return the UUID of the observation for one result, by its row in the findings."""
    return names.uuid("verdict", row_id)  # its word in the first release: UUIDs must last


def answer_uuid(names: Names, answer: AnswerLine) -> str:
    """Return the UUID of the observation for a person's answer."""
    return names.uuid("answer", answer.anchor, answer.record)


def of_checks(view: View, names: Names) -> Iterator[Json]:
    """Yield an observation for each check: its counts and its exact score."""
    evidence = [
        {"href": f"#{names.uuid('file', name)}", "description": RUN_FILES[name]}
        for name in ("results.parquet", "manifest.json")
    ]
    for check in view.checks:
        tally = check.counts
        yield filled(
            uuid=check_uuid(names, check.id),
            title=title(f"{check.id} {check.title}", check.id),
            description=markup(check.standing),
            props=props(
                check=check.id,
                severity=check.severity,
                level=check.level,
                passed=tally.passed,
                failed=tally.failed,
                unknown=tally.unknown,
                attested=tally.attested,
                compensated=tally.compensated,
                not_applicable=tally.na,
                sample=check.sample,
            )
            + scored(check.figure, check.coverage),
            methods=["TEST"],
            types=["control-objective"],
            relevant_evidence=evidence,
            collected=view.cover.as_of_iso,
            remarks=markup("\n\n".join((check.why, *check.reasons))),
        )


def of_answers(view: View, names: Names) -> Iterator[Json]:
    """Yield an observation for each answer that settles the question of a control."""
    resources = files(view, names)
    for answer in view.attestations.rows:
        if answer.settles:
            yield filled(
                uuid=answer_uuid(names, answer),
                title=title(
                    f"{answer.framework} {answer.control}: {answer.answer}", answer.control
                ),
                description=markup(answer.statement or answer.answer),
                props=props(
                    answer=answer.answer,
                    counts_as=answer.counts_as,
                    attested_by=answer.who,
                    role=answer.role,
                ),
                methods=[_METHODS.get(answer.method, "UNKNOWN")],
                types=["control-objective"],
                relevant_evidence=_records(answer.record, resources),
                collected=answer.date_iso or view.cover.as_of_iso,
                expires=answer.expires_iso,
                remarks=markup(answer.why),
            )


def of_findings(view: View, names: Names) -> Iterator[Json]:
    """Yield an observation for each failed, unknown or compensated result, with subject, reason and
    record.
    """
    resources = files(view, names)
    for finding in finding_records(view):
        yield filled(
            uuid=finding_uuid(names, finding["id"]),
            title=title(
                f"{finding['check']} {finding['status']}: {finding['subject']}", finding["check"]
            ),
            description=markup(finding["reason"] or finding["title"]),
            props=props(
                check=finding["check"],
                status=finding["status"],
                severity=finding["severity"],
                tier=finding["tier"],
                owner=finding["owner"],
                waived_until=finding["waived_until"],
                waiver=finding["waiver"],
            ),
            methods=["TEST"],
            types=["finding"],
            subjects=[
                {
                    "subject-uuid": _subject_uuid(names, finding["subject"], finding["actor"]),
                    "type": "inventory-item",
                }
            ],
            relevant_evidence=_records(finding["record"], resources),
            collected=view.cover.as_of_iso,
        )


def subjects(view: View, names: Names) -> Iterator[Json]:
    """Yield the subjects of the results as inventory items: one for each subject and actor."""
    grouping = "GROUP BY subject, actor ORDER BY min(place)"
    uuids: set[str] = set()  # names may differ only in hidden characters
    for values in view.findings.results.each(("subject", "actor"), OPEN, grouping):
        subject, actor = map(clean, values)
        uuid = _subject_uuid(names, subject, actor)
        if uuid not in uuids:
            uuids.add(uuid)
            yield {
                "uuid": uuid,
                "description": title(subject, "–"),
                "props": props(subject=subject.strip() or "–", actor=actor),
            }


def _subject_uuid(names: Names, subject: str, actor: str) -> str:
    return names.uuid("subject", subject, actor)


def files(view: View, names: Names) -> dict[str, str]:
    """Return the UUID of every input file's resource by its name."""
    return {f.file: names.uuid("input", f.file) for f in view.accounting.files}


def resources(view: View, names: Names) -> Iterator[Json]:
    """Yield the basis of observations: files of the run by name, and input files with hashes."""
    for name, description in RUN_FILES.items():
        yield {
            "uuid": names.uuid("file", name),
            "title": name,
            "description": f"{description}; a file of the run, whose hash is in manifest.json.",
            "rlinks": [{"href": f"../{name}"}],
        }
    for file in view.accounting.files:
        yield filled(
            uuid=names.uuid("input", file.file),
            title=title(file.file, "–"),
            description=(
                "An input file; the run does not hold it. Its name counts from the workspace."
            ),
            props=props(
                source=file.source,
                read=file.read,
                kept=file.kept,
                out_of_scope=file.out_of_scope,
                unreadable=file.unreadable,
                rejected=file.rejected,
            ),
            rlinks=[
                filled(
                    href=quote(file.file),
                    hashes=[{"algorithm": "SHA-256", "value": file.sha256}] if file.sha256 else [],
                )
            ],
        )


def _records(record: str, resources: Mapping[str, str]) -> list[Json]:
    """Return a reference to a record, named file#number; none for a result based on an absence."""
    if not record:
        return []
    uuid = resources.get(record.rpartition("#")[0])
    return [
        filled(
            href=f"#{uuid}" if uuid else "",
            description=f"Record {markup(record)}",
            props=props(record=record),
        )
    ]

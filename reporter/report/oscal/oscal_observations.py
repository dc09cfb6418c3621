"""What was seen. In: checks, answers, verdicts and input files of a view. Out: OSCAL observations,
their subjects, and resources.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from reporter.report.chapters.said_by_people import AnswerLine
from reporter.report.document import View
from reporter.report.oscal.oscal_parts import (
    Json,
    Names,
    filled,
    markup,
    props,
    scored,
    title,
)
from reporter.report.verdicts import verdicts
from reporter.runs.store import OPEN
from reporter.system.plain_text import clean

_METHODS = {"examine": "EXAMINE", "attest": "INTERVIEW"}
"""A word that nobody examined is no examination."""
RUN_FILES = {
    "results.parquet": "Every verdict, the passes too",
    "findings.csv": "Every failing, unknown or compensated verdict",
    "report.json": "The data of the run, with exact scores",
    "manifest.json": "Hashes of inputs, content and outputs",
}


def check_uuid(known: Names, check: str) -> str:
    """Name the observation that holds what a check found."""
    return known.uuid("check", check)


def verdict_uuid(known: Names, verdict: str) -> str:
    """Name the observation of one verdict by its row in the findings."""
    return known.uuid("verdict", verdict)


def answer_uuid(known: Names, answer: AnswerLine) -> str:
    """Name the observation that a person's answer is."""
    return known.uuid("answer", answer.anchor, answer.record)


def of_checks(view: View, known: Names) -> Iterator[Json]:
    """Return an observation for each check: its counts and its exact score."""
    evidence = [
        {"href": f"#{known.uuid('file', name)}", "description": RUN_FILES[name]}
        for name in ("results.parquet", "manifest.json")
    ]
    for c in view.checks:
        n = c.counts
        yield filled(
            uuid=check_uuid(known, c.id),
            title=title(f"{c.id} {c.title}", c.id),
            description=markup(c.standing),
            props=props(
                check=c.id,
                severity=c.severity,
                level=c.level,
                passed=n.passed,
                failed=n.failed,
                unknown=n.unknown,
                attested=n.attested,
                compensated=n.compensated,
                not_applicable=n.na,
                sample=c.sample,
            )
            + scored(c.figure, c.coverage),
            methods=["TEST"],
            types=["control-objective"],
            relevant_evidence=evidence,
            collected=view.cover.as_of_iso,
            remarks=markup("\n\n".join((c.why, *c.reasons))),
        )


def of_answers(view: View, known: Names) -> Iterator[Json]:
    """Return an observation for each answer on which a control's question rests."""
    resources = files(view, known)
    for t in view.attestations.rows:
        if t.settles:
            yield filled(
                uuid=answer_uuid(known, t),
                title=title(f"{t.framework} {t.control}: {t.answer}", t.control),
                description=markup(t.statement or t.answer),
                props=props(answer=t.answer, counts_as=t.counts_as, attested_by=t.who, role=t.role),
                methods=[_METHODS.get(t.method, "UNKNOWN")],
                types=["control-objective"],
                relevant_evidence=_records(t.record, resources),
                collected=t.date_iso or view.cover.as_of_iso,
                expires=t.expires_iso,
                remarks=markup(t.why),
            )


def of_verdicts(view: View, known: Names) -> Iterator[Json]:
    """Return an observation for each verdict that failed, is unknown or compensated, with subject,
    reason and record.
    """
    resources = files(view, known)
    for v in verdicts(view):
        yield filled(
            uuid=verdict_uuid(known, v["id"]),
            title=title(f"{v['check']} {v['status']}: {v['subject']}", v["check"]),
            description=markup(v["reason"] or v["title"]),
            props=props(
                check=v["check"],
                status=v["status"],
                severity=v["severity"],
                tier=v["tier"],
                owner=v["owner"],
                waived_until=v["waived_until"],
                waiver=v["waiver"],
            ),
            methods=["TEST"],
            types=["finding"],
            subjects=[
                {
                    "subject-uuid": _subject_uuid(known, v["subject"], v["actor"]),
                    "type": "inventory-item",
                }
            ],
            relevant_evidence=_records(v["record"], resources),
            collected=view.cover.as_of_iso,
        )


def subjects(view: View, known: Names) -> Iterator[Json]:
    """Yield what the verdicts are about, as inventory items: one for each subject and its actor."""
    one_each = "GROUP BY subject, actor ORDER BY min(place)"
    told: set[str] = set()  # names that differ in hidden characters only are printed alike
    for held in view.findings.results.each(("subject", "actor"), OPEN, one_each):
        subject, actor = map(clean, held)
        uuid = _subject_uuid(known, subject, actor)
        if uuid not in told:
            told.add(uuid)
            yield {
                "uuid": uuid,
                "description": title(subject, "–"),
                "props": props(subject=subject.strip() or "–", actor=actor),
            }


def _subject_uuid(known: Names, subject: str, actor: str) -> str:
    return known.uuid("subject", subject, actor)


def files(view: View, known: Names) -> dict[str, str]:
    """Return the UUID of every input file's resource by its name."""
    return {f.file: known.uuid("input", f.file) for f in view.accounting.files}


def resources(view: View, known: Names) -> Iterator[Json]:
    """Return what observations rest on: files of the run by name, and input files with their
    hashes.
    """
    for name, said in RUN_FILES.items():
        yield {
            "uuid": known.uuid("file", name),
            "title": name,
            "description": f"{said}; a file of the run, whose hash stands in manifest.json.",
            "rlinks": [{"href": f"../{name}"}],
        }
    for f in view.accounting.files:
        yield filled(
            uuid=known.uuid("input", f.file),
            title=title(f.file, "–"),
            description=(
                "An input file; the run does not hold it. Its name counts from the workspace."
            ),
            props=props(
                source=f.source,
                read=f.read,
                kept=f.kept,
                out_of_scope=f.out_of_scope,
                unreadable=f.unreadable,
                rejected=f.rejected,
            ),
            rlinks=[
                filled(
                    href=quote(f.file),
                    hashes=[{"algorithm": "SHA-256", "value": f.sha256}] if f.sha256 else [],
                )
            ],
        )


def _records(record: str, resources: Mapping[str, str]) -> list[Json]:
    """Point to a record, named file#number; nothing where the verdict rests on an absence."""
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

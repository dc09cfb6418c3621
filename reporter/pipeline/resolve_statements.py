"""Statements of people in a workspace, settled. In: an engine with derived tables, rows of
statements. Out: Settled, Stated, notices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from reporter.content.loader import Content
from reporter.content.workspace import Workspace
from reporter.engine.base import Engine
from reporter.ingest.load import Intake, recount
from reporter.ingest.readers.inputs import Inputs
from reporter.ingest.statement_files import thin
from reporter.model.assessment import Framework, Notice
from reporter.model.scores import Status
from reporter.model.sentences import labelled, tell
from reporter.model.statements import ATTESTATIONS, EXCEPTIONS, RESPONSES, SIGNED
from reporter.statements.approvers import Directory
from reporter.statements.attestations import Settled, artefacts, concentrated, settle
from reporter.statements.responses import read_responses
from reporter.statements.waivers import REFUSED, Stated, exceptions, read_waivers


def with_shortfalls(intake: Intake, inputs: Inputs) -> Intake:
    """Note what the files lack that answers name as proof; later they may be gone."""
    rows = intake.statements.get(ATTESTATIONS, ())
    return replace(intake, shortfalls=thin(inputs, artefacts(rows)))


def resolve(
    engine: Engine,
    intake: Intake,
    workspace: Workspace,
    content: Content,
    catalogs: tuple[Framework, ...],
    directory: Directory,
) -> tuple[Intake, Settled, Stated]:
    """Return the accounting with the rejected rows, and the statements of people; `catalogs` are
    all catalogs.
    """
    framework_ids, as_of = {f.id for f in content.frameworks}, workspace.run.as_of
    rows = intake.statements.get(ATTESTATIONS, ())
    answers = settle(
        rows, catalogs, framework_ids, intake.files, as_of, directory, intake.shortfalls
    )
    statements = read_waivers(intake.statements, content.checks, as_of, directory)
    exception_waivers = exceptions(engine, content.checks, as_of, directory)
    statements = replace(statements, waivers=(*statements.waivers, *exception_waivers))
    responses = read_responses(intake.statements.get(RESPONSES, ()))
    statements = replace(statements, responses=responses.responses)
    rejects = (*answers.rejected, *statements.rejected, *responses.rejected)
    aside = [(ATTESTATIONS, file, why) for file, why in answers.aside]
    aside += [(RESPONSES, file, why) for file, why in responses.aside]
    names = engine.rows("SELECT DISTINCT alias, actor_id FROM same_as ORDER BY ALL")
    intake = replace(intake, names=tuple((alias, actor) for alias, actor in names))
    return recount(intake, rejects, aside, answers.artefacts), answers, statements


def statement_notices(
    answers: Settled, statements: Stated, directory: Directory
) -> Iterator[Notice]:
    """Name the refused statements, and those who sign more than a tenth of the answers."""
    reasons = [(s.ref, s.why) for s in answers.attestations]
    reasons += [(w.ref, w.why) for w in statements.waivers]
    reasons += [(c.ref, c.why) for c in statements.compensations]
    lines = tuple(
        labelled(ref, why) for ref, why in reasons if why and why.text.startswith(REFUSED)
    )
    if lines:
        yield Notice("statements_refused", (("n", len(lines)),), lines, "statements.csv")
    if notice := concentrated(answers.attestations, directory):
        yield notice


_SIGNED_FOR = {
    Status.ATTESTED: ("attestation",),
    Status.PASS: ("attestation", "examination"),
    Status.NA: ("attestation", "not_applicable"),
}
"""Status of an answer -> the signatures that it required."""


def signers(
    workspace: Workspace, answers: Settled, statements: Stated, directory: Directory
) -> Iterator[Notice]:
    """Count the people who may sign each kind of statement: if everybody may, nobody controls."""
    signatures = [
        _SIGNED_FOR[Status(a.status)]
        for a in answers.attestations
        if a.settles and a.status in _SIGNED_FOR
    ]
    signatures += [
        ("exception" if w.kind == EXCEPTIONS else "waiver",)
        for w in statements.waivers
        if w.counts_as
    ]
    signatures += [("compensation",) for c in statements.compensations if c.counts_as]
    baseline = workspace.baseline
    if baseline and not directory.objection("baseline", baseline.approved_by, baseline.approved_at):
        signatures.append(("baseline",))
    if not signatures:
        return
    as_of = workspace.run.as_of
    people = len(directory.in_office(as_of))
    counts = Counter(kind for kinds in signatures for kind in kinds)
    rows = sorted(
        ((len(directory.signers(k, as_of)), k) for k in SIGNED if counts[k]),
        key=lambda s: (-s[0], s[1]),
    )
    lines = tuple(
        tell(
            "{kind:word}: {n} of {people}, statements: {statements}",
            kind=kind,
            n=n,
            people=people,
            statements=counts[kind],
        )
        for n, kind in rows
    )
    values = (("n", len(signatures)), ("people", people))
    yield Notice("who_may_sign", values, lines, "reporter.yml, approvers")

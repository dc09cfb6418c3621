"""What people say in a workspace, settled. In: an engine with derived tables, rows of statements.
Out: Settled, Stated, notices.
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
from reporter.model.statements import ATTESTATIONS, EXCEPTIONS, SIGNED
from reporter.statements.approvers import Directory
from reporter.statements.attestations import Settled, artefacts, concentrated, settle
from reporter.statements.waivers import REFUSED, Stated, exceptions, read_waivers


def resolve(
    engine: Engine,
    intake: Intake,
    inputs: Inputs,
    workspace: Workspace,
    content: Content,
    known: tuple[Framework, ...],
    who: Directory,
) -> tuple[Intake, Settled, Stated]:
    """Return the accounting with the rows that were not kept, and what people say; `known` are all
    catalogs.
    """
    chosen, as_of = {f.id for f in content.frameworks}, workspace.run.as_of
    answers = intake.statements.get(ATTESTATIONS, ())
    lacking = thin(inputs, artefacts(answers))
    said = settle(answers, known, chosen, intake.files, as_of, who, lacking)
    stated = read_waivers(intake.statements, content.checks, as_of, who)
    excepted = exceptions(engine, content.checks, as_of, who)
    stated = replace(stated, waivers=(*stated.waivers, *excepted))
    wrong = (*said.rejected, *stated.rejected)
    return recount(intake, wrong, said.aside, said.artefacts), said, stated


def statement_notices(said: Settled, stated: Stated, who: Directory) -> Iterator[Notice]:
    """Name the statements that are refused, and whoever carries more than a tenth of the
    answers.
    """
    told = [(s.ref, s.why) for s in said.attestations]
    told += [(w.ref, w.why) for w in stated.waivers]
    told += [(c.ref, c.why) for c in stated.compensations]
    lines = tuple(labelled(ref, why) for ref, why in told if why and why.text.startswith(REFUSED))
    if lines:
        yield Notice("statements_refused", (("n", len(lines)),), lines, "statements.csv")
    if few := concentrated(said.attestations, who):
        yield few


_SIGNED_FOR = {
    Status.ATTESTED: ("attestation",),
    Status.PASS: ("attestation", "examination"),
    Status.NA: ("attestation", "not_applicable"),
}
"""What an answer counts as -> the signatures that it took."""


def signers(
    workspace: Workspace, said: Settled, stated: Stated, who: Directory
) -> Iterator[Notice]:
    """Say how many people may sign what counts: to name everybody is to ask nobody."""
    taken = [
        _SIGNED_FOR[Status(a.status)]
        for a in said.attestations
        if a.settles and a.status in _SIGNED_FOR
    ]
    taken += [
        ("exception" if w.kind == EXCEPTIONS else "waiver",) for w in stated.waivers if w.counts_as
    ]
    taken += [("compensation",) for c in stated.compensations if c.counts_as]
    runs = workspace.baseline
    if runs and not who.objection("baseline", runs.approved_by, runs.approved_at):
        taken.append(("baseline",))
    if not taken:
        return
    at = workspace.run.as_of
    people = len(who.in_office(at))
    counts = Counter(kind for kinds in taken for kind in kinds)
    each = sorted(
        ((len(who.signers(k, at)), k) for k in SIGNED if counts[k]), key=lambda s: (-s[0], s[1])
    )
    lines = tuple(
        tell(
            "{kind:word}: {n} of {people}, statements: {statements}",
            kind=kind,
            n=n,
            people=people,
            statements=counts[kind],
        )
        for n, kind in each
    )
    values = (("n", len(taken)), ("people", people))
    yield Notice("who_may_sign", values, lines, "reporter.yml, approvers")

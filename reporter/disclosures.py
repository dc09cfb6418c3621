"""What page 1 must say beside the numbers. In: the intake, an assessed engine, content, scores. Out: a Notice for each thing.

None of it is wrong by itself; each can make an organisation look better than it is, so that a reader has to know it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from reporter.answers import ATTESTATIONS
from reporter.catalog import Content
from reporter.db import Engine, quoted, quoted_list
from reporter.ingest.load import ARTEFACT, Intake
from reporter.ingest.statements import headings
from reporter.model import FileCount, Notice
from reporter.report.words import percent
from reporter.scores import GroupScore

_IN_ACCOUNTING = "report.json, files"
STATED = "reporter-inventory"
"""The source of records that people write: an alias of any other stands in an export, which lists an identity under several names."""
CARRIED = Fraction(5, 100)
"""What the answers of people may add to a framework's evidenced score before page 1 says so."""


def not_run(failed: Mapping[str, str]) -> Iterator[Notice]:
    """Name the checks that could not be run, by id, with why."""
    if failed:
        lines = tuple(f"{check}: {why}" for check, why in failed.items())
        yield Notice("checks_not_run", (("n", len(lines)),), lines, "findings.csv")


def of_files(intake: Intake) -> Iterator[Notice]:
    """Name the files that no source could read, those of which nothing was kept, lost records, and documents."""
    # What changed under the reading has records and no hash, and a notice of its own.
    files = [f for f in intake.files if f.sha256 or not f.bytes or not f.read]
    rest = [f for f in files if not f.source]
    documents = [f for f in rest if ARTEFACT in f.why]
    yield from _each("files_not_read", [f"{f.file}: {f.why}" for f in rest if f not in documents])
    yield from _each("nothing_kept", [f"{f.file}: {f.why}" for f in files if _is_barren(f)])
    lost = [f for f in files if f.source and (f.unreadable or f.rejected)]
    if lost:
        n = sum(f.unreadable + f.rejected for f in lost)
        lines = tuple(f"{f.file}: {f.unreadable} unreadable, {f.rejected} rejected" for f in lost)
        yield Notice("records_lost", (("n", n),), lines, "quarantine.csv")
    if documents:
        told = (headings(), *(f.why.partition(ARTEFACT)[2] for f in documents))
        yield Notice("documents", (("n", len(documents)),), told, _IN_ACCOUNTING)


def _each(code: str, lines: list[str]) -> Iterator[Notice]:
    if lines:
        yield Notice(code, (("n", len(lines)),), tuple(lines), _IN_ACCOUNTING)


def _is_barren(file: FileCount) -> bool:
    return bool(file.source and file.read and not file.kept and file.source != ATTESTATIONS)


def of_content(content: Content) -> Iterator[Notice]:
    """Name the checks and sources that do not ship, for whoever is assessed may have written them, and installed packs."""
    sources = {s.id for s in content.sources if s.foreign}
    ids = sorted(content.extra | sources)
    if ids:
        yield Notice(
            "own_content",
            (("n", len(ids)),),
            tuple(ids),
            "the auditor's edition, Evidence by check",
        )
    if content.packs:
        lines = tuple(f"{p}, of package {p.package}" for p in content.packs)
        yield Notice("packs", (("n", len(lines)),), lines, "manifest.json, hashes")


def of_names(engine: Engine) -> Iterator[Notice]:
    """Name the aliases by which events became those of another actor: those that somebody states, and those of exports.

    Where both give one, it is the export's: it would count without the statement, too.
    """
    rows = engine.rows(
        f"SELECT k.actor_id, k.agent_id, min(x.file) FILTER (x.source <> {quoted(STATED)}) AS export, min(x.file) "
        "FROM event_actors AS k JOIN in_aliases AS x ON x.alias = k.actor_id "
        "WHERE k.logged AND k.agent_id <> k.actor_id GROUP BY k.actor_id, k.agent_id ORDER BY ALL"
    )
    stated, listed = (
        tuple(f"{alias} counts as {actor}, by {export or file}" for alias, actor, export, file in rows if bool(export) is of_export)
        for of_export in (False, True)
    )  # fmt: skip
    if stated:
        yield Notice("names_joined", (("n", len(stated)),), stated, "the input, statements/aliases")
    if listed:
        yield Notice("names_listed", (("n", len(listed)),), listed, "the input, the files named")


def of_disguised(engine: Engine) -> Iterator[Notice]:
    """Name those that are listed as something else and have what agents have."""
    rows = engine.rows("SELECT actor_id, kind, signs FROM disguised ORDER BY actor_id")
    if rows:
        lines = tuple(f"{actor} ({kind.replace('_', ' ')}): {signs}" for actor, kind, signs in rows)
        yield Notice("listed_otherwise", (("n", len(rows)),), lines, "findings.csv, INV-02")


_CALLER = "CASE WHEN actor_id IS NULL OR resolved_by = 'id' THEN agent_id ELSE actor_id END"


def of_gateways(engine: Engine) -> Iterator[Notice]:
    """Name the identities that count as a gateway's, so that who else acts under them is no sharing."""
    rows = engine.rows(
        "SELECT CASE WHEN principal_is_intermediary THEN principal_id ELSE credential_id END AS identity, "
        f"count(DISTINCT {_CALLER}) AS n_actors, sum(n_events)::BIGINT AS n_events FROM activity "
        "WHERE in_window AND (principal_is_intermediary OR credential_is_intermediary) GROUP BY identity ORDER BY n_events DESC, identity"
    )
    if rows:
        lines = tuple(f"{identity}: actors {actors}, events {n}" for identity, actors, n in rows)
        yield Notice("gateways", (("n", len(rows)),), lines, "the input, is_intermediary")


_ALLOWS = ("allow", "allowed", "permit", "permitted", "grant", "granted", "approve", "approved", "pass", "success", "ok")  # fmt: skip
"""Decisions of a policy, in small letters, that refuse nothing."""


def of_refusals(engine: Engine) -> Iterator[Notice]:
    """Say which logs call what was done refused, though the policy decision beside it does not.

    Whoever writes the log could write it: nothing else shows that the call did nothing. Refused sign-ins do nothing anyway.
    """
    refused = "outcome = 'denied' AND event_class IS DISTINCT FROM 'auth'"
    found = engine.rows(
        "SELECT log_source, sum(n_events)::BIGINT, sum(n_events - n_decision)::BIGINT, bool_or(n_decision > 0) FROM activity "
        f"WHERE in_window AND {refused} GROUP BY log_source ORDER BY log_source"
    )
    allowed = {}
    if any(decided for *_, decided in found):
        allowed = dict(engine.rows(
            "SELECT log_source, count(*) FROM in_events CROSS JOIN run AS r WHERE occurred_at >= r.period_from "
            f"AND occurred_at < r.period_to AND {refused} AND list_contains({quoted_list(_ALLOWS)}, lower(decision)) GROUP BY log_source"
        ))  # fmt: skip
    told = [(log, n, untold, allowed.get(log, 0)) for log, n, untold, _ in found]
    lines = tuple(
        f"{log}: {untold} with no decision, {yes} that the policy allowed, of {n}"
        for log, n, untold, yes in told
        if untold or yes
    )
    if lines:
        n = sum(untold + yes for *_, untold, yes in told)
        yield Notice("refusals_unshown", (("n", n),), lines, "the input, outcome and decision")


def of_heartbeats(engine: Engine) -> Iterator[Notice]:
    """Name the logs of which most units of time are shown by heartbeats alone: whoever invents them proves silence."""
    rows = engine.rows(
        "SELECT f.log_source, f.every, f.seen, count(DISTINCT CASE WHEN h.n_busy > 0 THEN "
        "CASE f.every WHEN 'hour' THEN h.hour ELSE date_trunc('day', h.hour) END END) AS busy "
        "FROM feeds AS f JOIN feed_hours AS h USING (log_source) WHERE f.alive GROUP BY ALL "
        "HAVING busy * 2 < f.seen ORDER BY f.log_source"
    )
    if rows:
        lines = tuple(
            f"{log}: {busy} of {seen} {every}s show more than heartbeats"
            for log, every, seen, busy in rows
        )
        yield Notice(
            "heartbeats_alone", (("n", len(rows)),), lines, "the auditor's edition, Data accounting"
        )


def of_answers(scored: Sequence[GroupScore], bare: Sequence[GroupScore]) -> Iterator[Notice]:
    """Say what frameworks would score without the answers of people; both by framework, in one order."""
    raised = [(a, b) for a, b in zip(scored, bare, strict=True) if a.lo - b.lo >= CARRIED]
    if raised:
        lines = tuple(f"{a.id}: {percent(a.lo)}, without them {percent(b.lo)}" for a, b in raised)
        yield Notice("answers_carry", (("n", len(raised)),), lines, "statements.csv")

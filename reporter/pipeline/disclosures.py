"""Disclosures that page 1 must show with the numbers. In: the intake, an assessed engine, content,
scores. Out: a Notice each; notes on records that are kept.

None of them is a defect by itself. Each can make an organisation look better than it is, so that a
reader has to know it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from fractions import Fraction

from reporter.content.loader import Content
from reporter.engine.base import Engine, quoted, quoted_list
from reporter.i18n.translate import mark
from reporter.ingest.load import ALIKE, Intake, line_to_copy
from reporter.ingest.statement_files import KINDS, headings
from reporter.model.assessment import FileCount, Notice, Quarantined
from reporter.model.scores import GroupScore
from reporter.model.sentences import Sentence, labelled, tell, verbatim
from reporter.model.statements import ATTESTATIONS
from reporter.pipeline.own_settings import misplaced_notes
from reporter.report.view.format import percent
from reporter.schema.tables import LOADED
from reporter.transform import conflicts, operations

_IN_ACCOUNTING = mark("report.json, files")
_FILES_NAMED = mark("the input, the files named")
STATED = "reporter-inventory"
"""The source of records that people write. An alias from any other source stands in an export,
which lists an identity under several names.
"""
COMMONEST = 10
"""Names of operations in the line of a log."""
CARRIED = Fraction(5, 100)
"""Gain of a framework's evidenced score through answers of people, from which page 1 says so."""


def notes_on_kept(engine: Engine) -> tuple[Quarantined, ...]:
    """Return what derived tables show of records that are kept and decide less than they could. No
    result follows from it.
    """
    return (*conflicts.notes(engine), *operations.notes(engine), *misplaced_notes(engine))


def not_run(failures: Mapping[str, str]) -> Iterator[Notice]:
    """Name the checks that could not run, by id, with the reason."""
    if failures:
        lines = tuple(labelled(check, why) for check, why in failures.items())
        yield Notice("checks_not_run", (("n", len(lines)),), lines, "findings.csv")


def of_files(intake: Intake) -> Iterator[Notice]:
    """Name the files that no source could read, those of which nothing was kept, lost records, and
    documents.
    """
    # A file that changed while it was read has records, no hash, and its own notice.
    files = [f for f in intake.files if f.sha256 or not f.bytes or not f.read]
    files = [f for f in files if not (f.origin and f.read and not f.sha256)]  # nor one that is lost
    unread_files = [f for f in files if not f.source]
    documents = [f for f in unread_files if line_to_copy(f.why)]
    yield from _notice_of_files("files_not_read", [f for f in unread_files if f not in documents])
    yield from _notice_of_files("nothing_kept", [f for f in files if _is_barren(f)])
    lossy = [f for f in files if f.source and (f.unreadable or f.rejected)]
    # What people state holds no record of an agent, so losing it hides no failure.
    stated = [f for f in lossy if f.source in KINDS]
    if records := [f for f in lossy if f not in stated]:
        yield Notice("records_lost", *_losses(records), "quarantine.csv")
    if stated:
        yield Notice("statements_lost", *_losses(stated), "quarantine.csv")
    if documents:
        texts = (headings(), *(line_to_copy(f.why) for f in documents))
        lines = tuple(map(verbatim, texts))
        yield Notice("documents", (("n", len(documents)),), lines, _IN_ACCOUNTING)


def _losses(
    files: Sequence[FileCount],
) -> tuple[tuple[tuple[str, int]], tuple[Sentence, ...]]:
    """Return the values and lines of a notice on the records that files lost."""
    lines = tuple(
        tell(
            "{file}: {unreadable} unreadable, {rejected} rejected",
            file=f.file,
            unreadable=f.unreadable,
            rejected=f.rejected,
        )
        for f in files
    )
    return (("n", sum(f.unreadable + f.rejected for f in files)),), lines


def of_contradictions(intake: Intake) -> Iterator[Notice]:
    """Name the values on which lists, or a list and a log, contradict one another."""
    found = [q for q in intake.quarantined if q.kind == "conflict"]
    if found:
        lines = tuple(labelled(f"{q.file}#{q.line}", q.reason) for q in found)
        yield Notice("contradictions", (("n", len(found)),), lines, "quarantine.csv")


def of_doubled(intake: Intake) -> Iterator[Notice]:
    """Count the events that may be one with an event of another file, and count twice."""
    doubled = [q for q in intake.quarantined if q.reason.text == ALIKE]
    if doubled:
        lines = tuple(
            tell("{file}: {n}, as in {other}", file=q.file, **dict(q.reason.values))
            for q in doubled
        )
        total = sum(int(q.reason.value("n")) for q in doubled)
        yield Notice("events_doubled", (("n", total),), lines, "quarantine.csv")


def of_tables(engine: Engine) -> Iterator[Notice]:
    """Yield what the tables of a run show."""
    yield from of_logs_outside(engine)
    yield from of_later_events(engine)
    yield from of_disguised(engine)
    yield from of_merged_agents(engine)
    yield from of_names(engine)
    yield from of_open_secrets(engine)
    yield from of_display_names(engine)
    yield from of_gateways(engine)
    yield from of_refusals(engine)
    yield from of_unmapped(engine)
    yield from of_heartbeats(engine)


def of_unread_fields(intake: Intake) -> Iterator[Notice]:
    """Count the fields that could not be read, by file; of many alike in one file some stand in the
    note on the last.
    """
    counts: Counter[str] = Counter()
    for entry in intake.quarantined:
        counts[entry.file] += entry.fields_lost
    counts = +counts
    if counts:
        lines = tuple(tell("{file}: {n}", file=f, n=n) for f, n in sorted(counts.items()))
        yield Notice("fields_unread", (("n", counts.total()),), lines, "quarantine.csv")


def of_logs_outside(engine: Engine) -> Iterator[Notice]:
    """Name the logs of which every act is dated outside the period."""
    rows = engine.rows(
        "SELECT log_source, sum(n_events)::BIGINT, min(first_at), max(last_at) FROM activity GROUP"
        " BY log_source HAVING NOT bool_or(in_window) ORDER BY log_source"
    )
    if rows:
        lines = tuple(_span(*row) for row in rows)
        yield Notice("logs_outside", (("n", len(rows)),), lines, mark("the input, occurred_at"))


def _span(log: str, n: int, first: datetime, last: datetime) -> Sentence:
    return tell(
        "{log}: {n}, from {first} to {last}",
        log=log,
        n=n,
        first=str(first.date()),
        last=str(last.date()),
    )


def _notice_of_files(code: str, files: list[FileCount]) -> Iterator[Notice]:
    if files:
        lines = tuple(labelled(f.file, f.why or "") for f in files)
        yield Notice(code, (("n", len(files)),), lines, _IN_ACCOUNTING)


def _is_barren(file: FileCount) -> bool:
    return bool(file.source and file.read and not file.kept and file.source != ATTESTATIONS)


def of_content(content: Content) -> Iterator[Notice]:
    """Name installed packs, and checks and sources that do not ship: the assessed organisation may
    have written them.
    """
    sources = {s.id for s in content.sources if s.foreign}
    ids = sorted(content.extra | sources)
    if ids:
        yield Notice(
            "own_content",
            (("n", len(ids)),),
            tuple(map(verbatim, ids)),
            mark("the auditor's edition, Evidence by check"),
        )
    if content.packs:
        lines = tuple(
            tell("{pack}, of package {package}", pack=str(p), package=p.package)
            for p in content.packs
        )
        yield Notice("packs", (("n", len(lines)),), lines, "manifest.json, hashes")


def of_names(engine: Engine) -> Iterator[Notice]:
    """Name the aliases through which events count for another actor: those in statements and those
    in exports.

    If both give one, it counts as the export's: it would apply without the statement.
    """
    rows = engine.rows(
        f"SELECT k.actor_id, k.agent_id, min(x.file) FILTER (x.source <> {quoted(STATED)}) AS"
        " export, min(x.file) FROM event_actors AS k JOIN in_aliases AS x ON x.alias = k.actor_id"
        " WHERE k.logged AND k.agent_id <> k.actor_id GROUP BY k.actor_id, k.agent_id ORDER BY ALL"
    )
    stated_lines, listed_lines = (
        tuple(
            _counts_as(alias, actor, export or file)
            for alias, actor, export, file in rows
            if bool(export) is of_export
        )
        for of_export in (False, True)
    )
    if stated_lines:
        where = mark("the input, statements/aliases")
        yield Notice("names_joined", (("n", len(stated_lines)),), stated_lines, where)
    if listed_lines:
        yield Notice("names_listed", (("n", len(listed_lines)),), listed_lines, _FILES_NAMED)


def of_display_names(engine: Engine) -> Iterator[Notice]:
    """Name listed people of whom somebody writes the display name where their id should stand: it
    joins nothing, since two people may bear one name.
    """
    given = " UNION ALL ".join(
        f"SELECT {c.name} AS given FROM {t.name}" for t in LOADED for c in t.columns if c.person
    )
    rows = engine.rows(
        "SELECT name, min(actor_id), n FROM (SELECT name, actor_id FROM actors WHERE kind = 'human'"
        f" AND name <> actor_id) AS p JOIN (SELECT given, count(*) AS n FROM ({given}) AS g GROUP"
        " BY given) AS u ON u.given = p.name WHERE name NOT IN (SELECT actor_id FROM actors)"
        " GROUP BY name, n HAVING count(*) = 1 ORDER BY n DESC, name"
    )
    if rows:
        lines = tuple(
            tell("{name} ({n}): perhaps {id} is meant", name=name, n=n, id=id_)
            for name, id_, n in rows
        )
        yield Notice("display_names", (("n", len(rows)),), lines, _FILES_NAMED)


def of_open_secrets(engine: Engine) -> Iterator[Notice]:
    """Name the configurations that hold a secret and belong to no listed agent, so that no check
    assesses them; its value is nowhere.
    """
    rows = engine.rows(
        "SELECT ref, name FROM components WHERE secret_in_config AND actor_id NOT IN (SELECT"
        " actor_id FROM agents) ORDER BY ref, name"
    )
    if rows:
        lines = tuple(labelled(ref, name) for ref, name in rows)
        yield Notice("open_secrets", (("n", len(rows)),), lines, _FILES_NAMED)


def of_merged_agents(engine: Engine) -> Iterator[Notice]:
    """Name the agents with a record of their own that count as another, by a declared alias."""
    rows = engine.rows(
        "SELECT d.alias, d.actor_id, min(x.file) FROM declared_aliases AS d JOIN in_aliases AS x"
        " USING (alias) WHERE d.alias IN (SELECT actor_id FROM in_actors WHERE kind = 'agent')"
        " GROUP BY d.alias, d.actor_id ORDER BY ALL"
    )
    if rows:
        lines = tuple(_counts_as(*row) for row in rows)
        yield Notice("agents_merged", (("n", len(rows)),), lines, _FILES_NAMED)


def _counts_as(alias: str, actor: str, file: str) -> Sentence:
    return tell("{alias} counts as {actor}, by {file}", alias=alias, actor=actor, file=file)


def of_disguised(engine: Engine) -> Iterator[Notice]:
    """Name actors that are listed as something else and have the attributes of agents."""
    rows = engine.rows("SELECT actor_id, kind, signs FROM disguised ORDER BY actor_id")
    if rows:
        lines = tuple(
            tell(
                "{actor} ({kind:word}): {signs:word}",
                actor=actor,
                kind=kind,
                signs=tuple(signs.split(", ")),
            )
            for actor, kind, signs in rows
        )
        yield Notice("listed_otherwise", (("n", len(rows)),), lines, "findings.csv, INV-02")


_CALLER = "CASE WHEN actor_id IS NULL OR resolved_by = 'id' THEN agent_id ELSE actor_id END"


def of_gateways(engine: Engine) -> Iterator[Notice]:
    """Name the identities that count as a gateway's, so that their use by others is no sharing."""
    rows = engine.rows(
        "SELECT CASE WHEN principal_is_intermediary THEN principal_id ELSE credential_id END AS"
        f" identity, count(DISTINCT {_CALLER}) AS n_actors, sum(n_events)::BIGINT AS n_events FROM"
        " activity WHERE in_window AND (principal_is_intermediary OR credential_is_intermediary)"
        " GROUP BY identity ORDER BY n_events DESC, identity"
    )
    if rows:
        lines = tuple(
            tell("{name}: actors {actors}, events {n}", name=identity, actors=actors, n=n)
            for identity, actors, n in rows
        )
        where = mark("the input, is_intermediary")
        yield Notice("gateways", (("n", len(rows)),), lines, where)


_ALLOWS = (
    "allow",
    "allowed",
    "permit",
    "permitted",
    "grant",
    "granted",
    "approve",
    "approved",
    "pass",
    "success",
    "ok",
)
"""Decisions of a policy, in lower case, that refuse nothing."""


def of_refusals(engine: Engine) -> Iterator[Notice]:
    """Name the logs that record an action as refused without a policy decision that refuses it.

    The author of the log can claim this: nothing else shows that the call had no effect. Refused
    sign-ins have none anyway.
    """
    refusal = "outcome = 'denied' AND event_class IS DISTINCT FROM 'auth'"
    rows = engine.rows(
        "SELECT log_source, sum(n_events)::BIGINT, sum(n_events - n_decision)::BIGINT,"
        f" bool_or(n_decision > 0) FROM activity WHERE in_window AND {refusal} GROUP BY log_source"
        " ORDER BY log_source"
    )
    allowed_counts = {}
    if any(decided for *_, decided in rows):
        allowed_counts = dict(
            engine.rows(
                "SELECT log_source, count(*) FROM in_events CROSS JOIN run AS r WHERE occurred_at"
                f" >= r.period_from AND occurred_at < r.period_to AND {refusal} AND"
                f" list_contains({quoted_list(_ALLOWS)}, lower(decision)) GROUP BY log_source"
            )
        )
    gaps = [
        (log, count, n_undecided, allowed_counts.get(log, 0)) for log, count, n_undecided, _ in rows
    ]
    lines = tuple(
        tell(
            "{log}: {untold} with no decision, {allowed} that the policy allowed, of {n}",
            log=log,
            untold=n_undecided,
            allowed=n_allowed,
            n=count,
        )
        for log, count, n_undecided, n_allowed in gaps
        if n_undecided or n_allowed
    )
    if lines:
        count = sum(n_undecided + n_allowed for *_, n_undecided, n_allowed in gaps)
        where = mark("the input, outcome and decision")
        yield Notice("refusals_unshown", (("n", count),), lines, where)


def of_unmapped(engine: Engine) -> Iterator[Notice]:
    """Count what agents did in a cloud by operations of which nobody tells what right they need: a
    line a log, with the commonest.
    """
    uses = operations.unmapped(engine)
    logs = dict.fromkeys(use.log_source for use in uses)
    lines = tuple(_commonest(log, [u for u in uses if u.log_source == log]) for log in logs)
    if lines:
        total = sum(use.n_events for use in uses)
        yield Notice("operations_unmapped", (("n", total),), lines, "quarantine.csv")


def _commonest(log: str, uses: Sequence[operations.Unmapped]) -> Sentence:
    names = [use.action for use in uses[:COMMONEST]]
    return tell(
        "{log}: calls {n}, operations {operations}, most often {names}",
        log=log,
        n=sum(use.n_events for use in uses),
        operations=len(uses),
        names=", ".join(names),
    )


def of_later_events(engine: Engine) -> Iterator[Notice]:
    """Count the events dated after the time of the report: kept, and used by no check."""
    rows = engine.rows(
        "SELECT log_source, count(*) AS n, min(occurred_at), max(occurred_at) FROM in_events CROSS"
        " JOIN run AS r WHERE occurred_at > r.as_of GROUP BY log_source ORDER BY n DESC, log_source"
    )
    if rows:
        lines = tuple(_span(*row) for row in rows)
        total = sum(n for _, n, *_ in rows)
        as_of = f"{engine.one('SELECT as_of FROM run'):%Y-%m-%d %H:%M} UTC"
        values = (("n", total), ("as_of", as_of))
        yield Notice("events_later", values, lines, mark("the input, occurred_at"))


def of_heartbeats(engine: Engine) -> Iterator[Notice]:
    """Name the logs in which only heartbeats show most units of time: invented heartbeats would
    prove silence.
    """
    rows = engine.rows(
        "SELECT f.log_source, f.every, f.seen, count(DISTINCT CASE WHEN h.n_busy > 0 THEN "
        "CASE f.every WHEN 'hour' THEN h.hour ELSE date_trunc('day', h.hour) END END) AS busy "
        "FROM feeds AS f JOIN feed_hours AS h USING (log_source) WHERE f.alive GROUP BY ALL "
        "HAVING busy * 2 < f.seen ORDER BY f.log_source"
    )
    if rows:
        lines = tuple(_busy(*row) for row in rows)
        where = mark("the auditor's edition, Data accounting")
        yield Notice("heartbeats_alone", (("n", len(rows)),), lines, where)


def _busy(log: str, every: str, seen: int, busy: int) -> Sentence:
    text = (
        mark("{log}: {busy} of {seen} hours show more than heartbeats")
        if every == "hour"
        else mark("{log}: {busy} of {seen} days show more than heartbeats")
    )
    return Sentence(text, (("log", log), ("busy", busy), ("seen", seen)))


def of_answers(scores: Sequence[GroupScore], bare_scores: Sequence[GroupScore]) -> Iterator[Notice]:
    """Name the scores of frameworks without the answers of people; both by framework, in one
    order.
    """
    pairs = [(a, b) for a, b in zip(scores, bare_scores, strict=True) if a.lo - b.lo >= CARRIED]
    if pairs:
        lines = tuple(
            tell(
                "{framework}: {share:number}, without them {bare:number}",
                framework=a.id,
                share=str(percent(a.lo)),
                bare=str(percent(b.lo)),
            )
            for a, b in pairs
        )
        yield Notice("answers_carry", (("n", len(pairs)),), lines, "statements.csv")

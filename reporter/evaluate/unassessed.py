"""Checks that give no results of their own: the input does not record them, or they could not run.
In: a check, why. Out: results.

Their results are unknown, so that lo counts them as failed: a silent check does not leave the sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

import msgspec

from reporter.engine.base import Engine, quoted, quoted_list
from reporter.errors import ContentError, ReporterError
from reporter.model.assessment import AS_OF, Check, Quarantined
from reporter.model.reasons import THEN
from reporter.model.scores import HELD
from reporter.schema.compiled import CODE, VALUES, Compiled, shipped_absence, with_values
from reporter.schema.tables import (
    CARRIED_AS,
    KEY_ENDS,
    LOADED,
    ORGANISATION,
    TABLES,
    loaded_column,
)

FOUND = "check_id, subject, status, reason_code, reason_values, ref, actor, owner, tier_lo, tier_hi"
"""The columns of `results` that a finding has, in its order."""
FILLED = f"{FOUND}, evidence"
"""The columns of `results` that checks fill."""
IS_HELD = f"status IN ({', '.join(map(repr, map(str, HELD)))})"
"""SQL: a result is met, whoever shows it."""
WHY = "STRUCT(code VARCHAR, held VARCHAR)"
"""SQL: the type of a reason, until it stands in `results`."""
NOT_ACTORS = ("log_source", "policy", "actor_type", "organisation")
"""What checks are about that belongs to no actor."""
MOST_SAID = 200
"""Characters of an engine error that are shown: it may quote a value."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The failure of a check to run."""

    why: str
    """In one line of bounded length."""
    error: ReporterError


Failures = dict[str, Failure]
"""By id of the check."""
Runner = Callable[[Engine, Check, Compiled], Compiled]
"""Returns the check to run here; a foreign check becomes one that reads the results of a child
process.
"""
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Why:
    """A reason of the engine's own: a code of `reasons.ENGINE`, and a JSON object."""

    code: str
    values: str

    @property
    def sql(self) -> str:
        """The same as SQL, of type `WHY`."""
        return f"{{'code': {quoted(self.code)}, 'held': {quoted(self.values)}}}"

    def with_also(self, other: Why | None) -> Why:
        """Return a reason that has columns, with those that are lacking by another one."""
        values = msgspec.json.decode(self.values)
        columns = msgspec.json.decode(other.values or "{}").get("columns") if other else None
        return because(self.code, **values, also=columns) if columns else self


def because(code: str, **values: object) -> Why:
    """Return a reason with its values."""
    return Why(code, msgspec.json.encode(values).decode() if values else "")


def with_next(why: str, following: str) -> str:
    """SQL: a reason and, if it has values, what would hold were it gone: what is brought for the
    first alone decides nothing.
    """
    held = f"coalesce(nullif(({following}).held, ''), '{{}}')"
    return (
        f"CASE WHEN {following} IS NULL OR coalesce(({why}).held, '') = '' OR"
        f" contains(({why}).held, {quoted(THEN)}) THEN {why} ELSE {{'code': ({why}).code, 'held':"
        f' left(({why}).held, -1) || {quoted(THEN)} || \'{{"code":"\' || ({following}).code ||'
        f" '\",\"values\":' || {held} || '}}}}'}} END"
    )


def insert_unseen(engine: Engine, check: Check, why: Why) -> None:
    """Record a check as unknown for the organisation, not inapplicable, if nothing records its
    subjects.
    """
    engine.run(
        f"INSERT INTO results ({FILLED}) VALUES (?, ?, 'unknown', ?, ?, '', '', '', 1, 1, '')",
        [check.id, ORGANISATION, why.code, why.values],
    )


def doubt_absence(engine: Engine, check: Check, partial: Iterable[tuple[str, str]]) -> None:
    """Make those results of a check unknown that rest on rows which a partial export may lack: a
    pass where a missing row could be a failure, a fail where a missing row could be the proof.

    `partial` names (source, table). Of a check that did not ship it is not known which tables
    these are: all are.
    """
    decisive = shipped_absence(check.id)
    for status, condition in (("pass", IS_HELD), ("fail", "status = 'fail'")):
        tables = decisive[status] if decisive else [t.name for t in LOADED]
        sources = sorted({s for s, t in partial if t in tables})
        if sources:
            unsettle(engine, check, because("partial_export", sources=sources), condition)


UNREAD = "unread_fields"
UNREAD_TABLE = (
    f"CREATE TABLE IF NOT EXISTS {UNREAD} (actor_id VARCHAR, subject VARCHAR, ref VARCHAR, tbl"
    " VARCHAR, col VARCHAR, of_owner BOOLEAN, code VARCHAR)"
)
_OF_OWNERS = ("state_since", "retired_at")
"""Columns of a person that checks read beside the agents he owns; without a state they decide
nothing.
"""
_SUBJECT_IN: Mapping[str, tuple[str, str]] = {
    "credential": ("credentials", "credential_id"),
    "component": ("components", "component_id"),
    "review": ("reviews", "review_id"),
    "exception": ("exceptions", "exception_id"),
    "third_party": ("third_parties", "third_party_id"),
    "policy": ("policies", "policy_id"),
    "log_source": ("log_stores", "log_source"),
}
"""What checks are about -> the table of which a row is one, and its id."""


_THINGS: Mapping[str, str] = {
    "grants": "t.actor_id, t.type, t.name",
    "credentials": "t.credential_id",
    "components": "t.component_id",
    "alerts": "t.alert_id",
    "exceptions": "t.exception_id",
}
"""Tables of which each row is about one thing of several -> what names the thing: what fails by
another one fails whatever a field of the row held.
"""


def find_unread(engine: Engine, entries: Iterable[Quarantined]) -> None:
    """Make `unread_fields`: whose fields held a value that could not be read, and that no other
    record fills, and credentials of which two records tell another end. Of a file with more notes
    than are listed it is each empty field of the column.
    """
    engine.run(UNREAD_TABLE)
    places: dict[tuple[str, str], set[str]] = {}
    for entry in entries:
        for part in entry.unread:
            table, _, column = part.value("name").partition(".")
            end = "" if part is not entry.reason else str(entry.line)
            places.setdefault((table, column), set()).add(f"{entry.file}#{end}")
    for (table, column), refs in sorted(places.items()):
        if table != "events":
            _add_unread(engine, table, column, sorted(refs))
    for column in KEY_ENDS:
        engine.run(
            f"INSERT INTO {UNREAD} SELECT actor_id, credential_id, unnest(refs), 'credentials',"
            f" '{column}', FALSE, 'records_differ' FROM (SELECT actor_id, credential_id,"
            f" list(DISTINCT ref) AS refs FROM credentials WHERE {column} IS NOT NULL GROUP BY ALL"
            f" HAVING count(DISTINCT CAST({column} AS DATE)) > 1) AS c"
        )


def _add_unread(engine: Engine, table: str, column: str, refs: Sequence[str]) -> None:
    names = {c.name for c in TABLES[table].columns}
    actor = "actor_id" if "actor_id" in names else "NULL"
    subject = next((name for t, name in _SUBJECT_IN.values() if t == table), "NULL")
    rows = f"SELECT {actor} AS actor_id, {subject} AS subject, ref, {column} AS value FROM {table}"
    if table == "actors":
        rows = (
            "SELECT r.actor_id, NULL AS subject, r.file || '#' || r.record AS ref,"
            f" a.{column} AS value FROM actor_rows AS r JOIN actors AS a USING (actor_id)"
        )
    engine.run(
        f"INSERT INTO {UNREAD} SELECT DISTINCT actor_id, subject, ref, ?, ?, FALSE, 'unread' FROM"
        f" ({rows}) AS t WHERE value IS NULL AND (list_contains(CAST(? AS VARCHAR[]), ref) OR"
        " list_contains(CAST(? AS VARCHAR[]), regexp_replace(ref, '[0-9]+$', '')))",
        [table, column, list(refs), list(refs)],
    )
    if table == "actors" and column in _OF_OWNERS:
        engine.run(
            f"INSERT INTO {UNREAD} SELECT a.actor_id, NULL, u.ref, tbl, col, TRUE, code FROM"
            f" {UNREAD} AS u JOIN actors AS a ON a.owner_id = u.actor_id WHERE tbl = 'actors'"
            f" AND col = {quoted(column)}"
        )


Certain = tuple[Set[str], Set[str]]
"""Columns (table.column) with a best case, and columns whose unread rows can be left out."""


def doubt_unread(
    engine: Engine,
    check: Check,
    columns: Iterable[tuple[str, str]],
    unread: Set[tuple[str, str]],
    certain: Callable[[Set[str]], Certain],
) -> None:
    """Make results of a check unknown that rest on a field that held what could not be read: it is
    neither filled nor empty. A fail stands if the check fails without that column, or whatever the
    field held.
    """
    read = frozenset(columns)
    names = sorted(f"{t}.{c}" for t, c in read & unread)
    if not names:
        return
    own_table = quoted(_SUBJECT_IN.get(check.about, ("", ""))[0])
    elsewhere = "u.ref = r.ref" if check.about in NOT_ACTORS else "u.actor_id = r.actor"
    owners = "TRUE" if ("actors", "owner_id") in read else "NOT of_owner"
    stands = f"r.status = 'fail' AND list_contains({quoted_list(check.fails_without)}, u.name)"
    engine.run(
        "CREATE OR REPLACE TEMP TABLE doubted AS SELECT r.subject, r.status, list(DISTINCT u.name)"
        " AS names, min(u.name) AS name, arg_min(u.ref, (u.name, u.ref)) AS ref,"
        " arg_min(u.code, (u.name, u.ref)) AS code FROM results AS r"
        f" JOIN (SELECT *, tbl || '.' || col AS name FROM {UNREAD}) AS u ON CASE WHEN u.tbl ="
        f" {own_table} THEN u.subject = r.subject ELSE {elsewhere} END WHERE"
        f" r.check_id = {quoted(check.id)} AND r.status <> 'unknown' AND NOT ({stands}) AND"
        f" list_contains({quoted_list(names)}, u.name) AND {owners} GROUP BY r.subject, r.status"
    )
    failing = "SELECT unnest(names) AS name FROM doubted WHERE status = 'fail'"
    if doubtful := {name for (name,) in engine.rows(f"SELECT DISTINCT name FROM ({failing})")}:
        told = quoted_list(sorted(set().union(*certain(doubtful))))
        kept = (
            f"SELECT subject FROM doubted WHERE status = 'fail' AND list_has_all({told}, names) AND"
            " subject IN (SELECT subject FROM certain)"
        )
        engine.run(f"{CITE_CERTAIN} ({kept})", [check.id])
        engine.run(f"DELETE FROM doubted WHERE subject IN ({kept})")
    engine.run(
        "UPDATE results SET status = 'unknown', reason_code = w.code, reason_values ="
        " CAST(json_object('column', w.name, 'ref', w.ref) AS VARCHAR), evidence = '' FROM doubted"
        f" AS w WHERE results.check_id = {quoted(check.id)} AND results.subject = w.subject"
    )


def at_best(
    engine: Engine,
    check: Check,
    compiled: Compiled,
    names: Set[str],
    without: Mapping[str, str] = NOTHING,
) -> Compiled:
    """Return a check that sees the best case for each empty field of these columns, and no row of
    a table for which a condition holds.
    """
    values: dict[str, dict[str, str]] = {}
    for table, column in sorted(compiled.reads):
        name = ".".join(loaded_column(table, column) or ())
        if name in names:
            values.setdefault(table, {})[column] = _best_value(engine, check, name, table, column)
    return with_values(compiled, values, without)


def replaceable(compiled: Compiled, name: str) -> bool:
    """Tell whether another value can replace a loaded column that a check reads."""
    reads = [(t, c) for t, c in compiled.reads if ".".join(loaded_column(t, c) or ()) == name]
    field = name.partition(".")[2]
    return bool(reads) and all(
        c == field or (c.startswith("n_") and (t, "n_events") in compiled.reads) for t, c in reads
    )


def find_certain(
    engine: Engine, check: Check, compiled: Compiled, run: Runner, names: Set[str]
) -> Certain:
    """Make `certain`, the failures of a check that stand whatever fields of these columns that are
    empty or could not be read hold; return the columns of which that can be told: those with a
    best case, and those that could not be read of tables of which no row more could undo a failure:
    what the row is about is left out.
    """
    proofs = (shipped_absence(check.id) or {"fail": [t.name for t in LOADED]})["fail"]
    differing = {
        f"{table}.{column}"
        for table, column in engine.rows(
            f"SELECT DISTINCT tbl, col FROM {UNREAD} WHERE code = 'records_differ'"
        )
    }
    told = names - {".".join(c) for group in compiled.rests for c in group}
    best = {n for n in told - differing if n in check.at_best and replaceable(compiled, n)}
    left_out: dict[str, list[str]] = {}
    for table, _, column in (n.partition(".") for n in sorted(told - best)):
        if table in _THINGS and table not in proofs and (table, column) in compiled.reads:
            left_out.setdefault(table, []).append(column)
    unread = f"JOIN {UNREAD} AS u ON u.ref = t.ref AND u.tbl ="
    without = {
        t: f"({_THINGS[t]}) NOT IN (SELECT ({_THINGS[t]}) FROM main.{t} AS t {unread} {quoted(t)}"
        f" WHERE list_contains({quoted_list(columns)}, u.col))"
        for t, columns in left_out.items()
    }
    plan = run(engine, check, at_best(engine, check, compiled, best, without))
    ref = "CAST(v.ref AS VARCHAR)" if plan.has_ref else "''"
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE certain AS SELECT v.subject, v.{CODE} AS code, v.{VALUES} AS"
        f" held, coalesce({ref}, '') AS ref FROM ({plan.sql}) AS v WHERE v.ok IS FALSE"
    )
    return best, {f"{t}.{c}" for t, columns in left_out.items() for c in columns}


CITE_CERTAIN = (
    "UPDATE results SET reason_code = c.code, reason_values = c.held, ref = c.ref FROM certain AS c"
    " WHERE results.check_id = ? AND results.status = 'fail' AND results.subject = c.subject AND"
    " results.subject IN"
)
"""SQL, before a SELECT of subjects in brackets: what fails in any case says why it does."""


def _best_value(engine: Engine, check: Check, name: str, table: str, column: str) -> str:
    if f"{table}.{column}" in CARRIED_AS:
        return "n_events"  # counts the events that have it
    value = check.best(name)
    if value == AS_OF:
        value = str(engine.one("SELECT as_of FROM run"))
    kind = next(c.type for c in TABLES[table].columns if c.name == column)
    return f"coalesce({column}, CAST({quoted(str(value))} AS {kind}))"


def unsettle(engine: Engine, check: Check, why: Why, condition: str) -> None:
    """Make those results of a check unknown that fulfil a condition."""
    engine.run(
        f"UPDATE results SET status = 'unknown', reason_code = '{why.code}', reason_values = ?,"
        f" evidence = '' WHERE check_id = ? AND {condition}",
        [why.values, check.id],
    )


def find_wrong_subjects(engine: Engine, checks: Iterable[Check]) -> Failures:
    """Return the checks that gave a row without a subject, or more than one row for one."""
    places = {check.id: check.place for check in checks}
    if not places:
        return {}
    wrong = (
        "SELECT check_id, subject, count(*) AS n FROM results WHERE"
        f" list_contains({quoted_list([*places])}, check_id) GROUP BY ALL HAVING subject IS NULL OR"
        " count(*) > 1"
    )
    if not engine.rows(f"{wrong} LIMIT 1"):
        return {}
    rows = engine.rows(
        "SELECT check_id, max(n) FILTER (subject IS NULL), min(subject) FILTER (n > 1), arg_min(n,"
        f" subject) FILTER (n > 1) FROM ({wrong}) AS t GROUP BY check_id"
    )
    failures: dict[str, Failure] = {}
    for check_id, n_nameless, subject, n in rows:
        if subject is None:
            why = "it gives a row without a subject"
            message = f"{check_id} gives {n_nameless} rows without a subject"
            hint = "Leave out what has no subject: WHERE ... IS NOT NULL."
        else:
            why = f"it gives {n} rows for {subject!r}"
            message = f"{check_id} gives {n} rows for {subject!r}"
            hint = "A check gives one row per subject: group it."
        failures[check_id] = Failure(why, ContentError(message, places[check_id], hint))
    return failures


_SUBJECTS_OF: Mapping[str, str] = {
    "log_source": "SELECT log_source FROM feed_delivery",
    "policy": "SELECT policy_id FROM policies",
}
"""Subjects of the organisation that have a table; for all others the organisation itself is the
subject.
"""


def silence(engine: Engine, checks: Sequence[Check]) -> None:
    """Set what silent logs leave open to unknown, after more logs are silent than when the checks
    ran: passes, and live subjects without a result. The checks read events, and assess actors.
    """
    ids_by_about: dict[str, list[str]] = {}
    undoubted = quoted_list([f"{c.id} {code}" for c in checks for code in c.without_logs])
    for check in checks:
        ids_by_about.setdefault(check.about, []).append(check.id)
    for about, ids in sorted(ids_by_about.items()):
        subjects = f"(SELECT * FROM subjects_{about} WHERE silent IS NOT NULL) AS s"
        engine.run(
            "UPDATE results SET status = 'unknown', reason_code = s.silent.code, reason_values ="
            f" s.silent.held, evidence = '' FROM {subjects} WHERE results.subject = s.subject AND"
            f" results.{IS_HELD} AND list_contains({quoted_list(ids)}, results.check_id) AND NOT"
            f" list_contains({undoubted}, results.check_id || ' ' || results.reason_code)"
        )
        engine.run(
            f"INSERT INTO results ({FILLED}) SELECT c.id, s.subject, 'unknown', s.silent.code,"
            " s.silent.held, '', coalesce(s.actor, ''), coalesce(s.owner, ''), coalesce(s.tier_lo,"
            f" 1), coalesce(s.tier_hi, 4), '' FROM {subjects} CROSS JOIN (SELECT"
            f" unnest({quoted_list(ids)}) AS id) AS c WHERE s.live AND NOT EXISTS (SELECT 1 FROM"
            " results AS r WHERE r.check_id = c.id AND r.subject = s.subject)"
        )


def make_unknown(engine: Engine, check: Check, why: str) -> None:
    """Set every subject of a check to unknown: those it returned, and all live ones. Without a
    subject, the organisation is unknown.

    Results from before the failure are discarded: half a result is none.
    """
    reason = because("not_run", error=why)
    query = f"SELECT DISTINCT subject FROM results WHERE check_id = {quoted(check.id)}"
    engine.run(f"CREATE OR REPLACE TEMP TABLE gave AS {query}")
    engine.run("DELETE FROM results WHERE check_id = ?", [check.id])
    if check.about in NOT_ACTORS:
        subjects = _SUBJECTS_OF.get(check.about, "SELECT subject FROM gave")
        rows = (
            f"SELECT s.subject, '', '', 1, 1 FROM ({subjects} UNION SELECT subject FROM gave) AS"
            " s(subject)"
        )
    else:
        rows = (
            "SELECT coalesce(s.subject, g.subject), coalesce(s.actor, ''), coalesce(s.owner, ''), "
            "coalesce(s.tier_lo, 1), coalesce(s.tier_hi, 4) "
            f"FROM subjects_{check.about} AS s FULL JOIN gave AS g ON g.subject = s.subject "
            "WHERE s.live OR g.subject IS NOT NULL"
        )
    results: int = engine.one(
        f"INSERT INTO results ({FILLED}) SELECT {quoted(check.id)}, r.subject, 'unknown',"
        f" {quoted(reason.code)}, {quoted(reason.values)}, '', r.actor, r.owner, r.lo, r.hi,"
        f" '' FROM"
        f" ({rows}) AS r(subject, actor, owner, lo, hi) WHERE r.subject IS NOT NULL"
    )
    if not results:
        insert_unseen(engine, check, reason)

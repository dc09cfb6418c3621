"""Checks that give no results of their own: the input does not record them, or they could not run.
In: a check, why. Out: results.

Their results are unknown, so that lo counts them as failed: a silent check does not leave the sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

import msgspec

from reporter.engine.base import Engine, quoted, quoted_list
from reporter.errors import ContentError, ReporterError
from reporter.model.assessment import Check, Quarantined
from reporter.model.scores import HELD
from reporter.schema.compiled import shipped_absence
from reporter.schema.tables import KEY_ENDS, LOADED, ORGANISATION, TABLES

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


@dataclass(frozen=True, slots=True)
class Why:
    """A reason of the engine's own: a code of `reasons.ENGINE`, and a JSON object."""

    code: str
    values: str

    @property
    def sql(self) -> str:
        """The same as SQL, of type `WHY`."""
        return f"{{'code': {quoted(self.code)}, 'held': {quoted(self.values)}}}"


def because(code: str, **values: object) -> Why:
    """Return a reason with its values."""
    return Why(code, msgspec.json.encode(values).decode() if values else "")


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


def doubt_unread(
    engine: Engine, check: Check, columns: Iterable[tuple[str, str]], unread: Set[tuple[str, str]]
) -> None:
    """Make results of a check unknown that rest on a field that held what could not be read: it is
    neither filled nor empty. A fail stands if the check fails without that column.
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
        "UPDATE results SET status = 'unknown', reason_code = w.code, reason_values ="
        " CAST(json_object('column', w.name, 'ref', w.ref) AS VARCHAR), evidence = '' FROM (SELECT"
        " r.subject, min(u.name) AS name, arg_min(u.ref, (u.name, u.ref)) AS ref,"
        " arg_min(u.code, (u.name, u.ref)) AS code FROM results AS r"
        f" JOIN (SELECT *, tbl || '.' || col AS name FROM {UNREAD}) AS u ON CASE WHEN u.tbl ="
        f" {own_table} THEN u.subject = r.subject ELSE {elsewhere} END WHERE"
        f" r.check_id = {quoted(check.id)} AND r.status <> 'unknown' AND NOT ({stands}) AND"
        f" list_contains({quoted_list(names)}, u.name) AND {owners} GROUP BY r.subject) AS w WHERE"
        f" results.check_id = {quoted(check.id)} AND results.subject = w.subject"
    )


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

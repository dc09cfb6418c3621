"""The tables that checks read: loaded ones and those the engine computes, and the subjects of
checks.

In: columns. Out: TABLES (name -> Table), SUBJECTS and the rest. `docs/tables.md` is generated from
here. A column exists because a check, the engine or the report reads it; a test proves that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from reporter.schema import columns, computed
from reporter.schema.columns import FLAG, INT, TEXT, TIME, Column, column
from reporter.schema.model_files import shipped

CALLED = "called"
"""SQL function: what the run calls an actor or a subject; `pseudonyms` gives it a meaning,
`runner.prepare` none.
"""
LISTED = f"actor NOT IN (SELECT {CALLED}(actor_id) FROM tiers WHERE NOT registered)"
"""SQL over results: its actor stands in a list that was supplied."""


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    doc: str
    columns: tuple[Column, ...]
    loaded: bool = True
    """False: computed by the engine (views and rollups), never filled by a source."""
    origin: str = ""
    """For a computed table: the loaded table whose columns it carries on."""


_EVENT_ROLLUP = (
    column(
        "agent_id",
        TEXT,
        "Actor the event belongs to: resolved by id, else principal, else credential.",
    ),
    column("registered", FLAG, "That actor is in the register."),
    column("conflict", FLAG, "Id, principal and credential point to different actors."),
    column("resolved_by", TEXT, "id | principal | credential | none."),
    column("agent_kind", TEXT, "What that actor is: as the register says, else as the log says."),
    column(
        "registered_at", TIME, "When that actor's record was made; empty for who is in no register."
    ),
    column(
        "stranger",
        TEXT,
        "Whom the log names and no list knows, where the identity or credential is that of an agent"
        " or another machine.",
    ),
    column("principal_is_intermediary", FLAG, "The principal is that of a declared gateway."),
    column("credential_is_intermediary", FLAG, "The credential is that of a declared gateway."),
    column("in_window", FLAG, "Inside the period under review."),
)
_REF = column("ref", TEXT, "file#record of the row.", "sparse")
_ROW = column(
    "row_id",
    "HUGEINT",
    "Number of the row, its own: a record may give several with one ref.",
    "sparse",
)
_PLACE_COLUMNS = (
    column("file", TEXT, "File of the record.", "sparse"),
    column(
        "record",
        INT,
        "Number of the record: where millions of rows are joined, less work to carry than ref.",
        "sparse",
    ),
)
PLACE = tuple(c.name for c in _PLACE_COLUMNS)
"""Where an event stands, beside what its record says."""
_ACTOR = (*columns.ACTORS, *computed.ACTORS)


def _loaded(name: str, doc: str, columns: tuple[Column, ...]) -> Table:
    return Table(name, doc, (*columns, _REF))


TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        _loaded(
            "actors",
            "Every identity: agents, service accounts, workloads, people, groups.",
            _ACTOR,
        ),
        _loaded(
            "credentials",
            "Keys, tokens, certificates; one row a holder.",
            (
                *columns.CREDENTIALS,
                column("ended_at", TIME, "When it was revoked or expired, the earlier.", "sparse"),
            ),
        ),
        _loaded("grants", "What an actor may use or reach: the assigned scope.", columns.GRANTS),
        _loaded(
            "approvals",
            "Human decisions on actions, tools, data, activation.",
            (*columns.APPROVALS, _ROW),
        ),
        _loaded("reviews", "Access reviews, due and completed.", columns.REVIEWS),
        _loaded("review_items", "What a review decided, item by item.", columns.REVIEW_ITEMS),
        _loaded("state_changes", "Lifecycle history.", columns.STATES),
        _loaded(
            "components", "Models, MCP servers, skills that an agent loads.", columns.COMPONENTS
        ),
        _loaded(
            "artifacts",
            "What registries and verified signatures say of packages and servers.",
            columns.ARTIFACTS,
        ),
        _loaded("links", "Declared links between agents.", columns.LINKS),
        _loaded(
            "changes",
            "Changes of an agent, and who approved them.",
            (*columns.CHANGES, _ROW),
        ),
        _loaded(
            "snapshot_items", "What an agent was approved with, item by item.", columns.SNAPSHOTS
        ),
        _loaded(
            "third_parties", "Outsiders that get an agent's tokens or data.", columns.THIRD_PARTIES
        ),
        _loaded("vendors", "What a register of vendors says of each.", columns.VENDORS),
        _loaded("exceptions", "Exceptions and waivers from a rule.", columns.EXCEPTIONS),
        _loaded("incidents", "Incidents that involve agents.", columns.INCIDENTS),
        _loaded("alerts", "Alerts on agents, and what was done.", (*columns.ALERTS, _ROW)),
        _loaded("tests", "What other tools tested, and how it ended.", (*columns.TESTS, _ROW)),
        _loaded("role_definitions", "What a role in the cloud allows.", columns.ROLES),
        _loaded(
            "assumed_roles",
            "Sessions under a role, and who asked for each.",
            columns.ASSUMED_ROLES,
        ),
        _loaded(
            "holdings",
            "Who has which policy, group or role, whose change is a change of their rights.",
            columns.HOLDINGS,
        ),
        _loaded(
            "last_accesses",
            "When a right was last used, as the system that grants it keeps.",
            columns.LAST_ACCESSES,
        ),
        _loaded("log_stores", "How logs are kept.", columns.LOG_STORES),
        _loaded("policies", "Policies and what they cover.", columns.POLICIES),
        _loaded(
            "actor_log_sources",
            "Logs that should show an actor.",
            (
                column("actor_id", TEXT, "Actor.", "required"),
                column("log_source", TEXT, "Log.", "required"),
            ),
        ),
        _loaded(
            "aliases",
            "Other ids of one actor, as declared.",
            (
                column("actor_id", TEXT, "Actor.", "required sparse"),
                column("alias", TEXT, "Other id.", "required sparse"),
            ),
        ),
        _loaded(
            "events",
            "The one event table.",
            (*columns.EVENTS, *_EVENT_ROLLUP, _ROW, *_PLACE_COLUMNS),
        ),
        Table(
            "agents",
            "Actors of kind agent, shadow agents included.",
            (*_ACTOR, _REF),
            loaded=False,
            origin="actors",
        ),
        Table(
            "secret_traces",
            "Where a secret was: hidden at load, or shown by a component's record.",
            computed.SECRET_TRACES,
            loaded=False,
        ),
        Table(
            "dead_logs",
            "Actors whose logs cannot prove silence: what is not seen there may have happened.",
            computed.DEAD_LOGS,
            loaded=False,
        ),
        *(
            Table(m.name, m.says, m.columns, loaded=False, origin=m.origin)
            for m in shipped().values()
            if m.kind != "part" and not m.is_step
        ),
        Table(
            "run",
            "One row: the only clock a check may read.",
            computed.RUN,
            loaded=False,
        ),
    )
}

EVENT_TABLES = frozenset({"events", *(m.name for m in shipped().values() if m.of_events)})
"""Reading one of these makes a check an event check: silence is then not innocence."""

PARTIAL = "(partial)"
"""In `carried`, in place of a column: the export of the source is not whole, so that no row of the
table can be said to be absent.
"""
OF_FORM = "actors/"
"""In `carried` and `described`, before a form of record, in place of a table: what a source fills
in such records.
"""
SHARED = (
    *("policies", "exceptions", "incidents", "alerts", "tests", "log_stores"),
    "role_definitions",
    "vendors",
    "artifacts",
)
"""Tables kept for the whole organisation, or that list what happened: carried by any source or by
none.
"""

KEY_ENDS = ("expires_at", "revoked_at")
"""Columns of a credential on which two records may not differ by a day: what rests on them is
unknown then.
"""

CARRIED_AS: dict[str, str] = {
    "activity.n_action": "events.action",
    "activity.n_resource": "events.resource",
    "activity.n_session": "events.session_id",
    "activity.n_temporary": "events.session_id",
    "activity.n_approval": "events.approval_id",
    "data_use.data_source": "grants.name",
}
"""Computed column -> the loaded column whose absence makes it meaningless."""

COMPUTED = frozenset(
    {c.name for c in (*_EVENT_ROLLUP, *computed.ACTORS)}
    | {"n_events", "first_at", "last_at", "first_ref", "last_ref"}
    | {"ref", "row_id", *PLACE, "like_pattern", "ended_at"}
)
"""Columns the engine makes: never 'not recorded'."""

_ANYBODY = (
    "SELECT actor_id AS subject, actor_id FROM actors UNION "
    "SELECT agent_id, agent_id FROM activity WHERE agent_id IS NOT NULL UNION "
    "SELECT stranger, stranger FROM activity WHERE stranger IS NOT NULL"
)
_NO_PERSON = "coalesce(actor_kind, agent_kind, '') <> 'human'"
SUBJECTS: dict[str, str] = {
    "agent": _ANYBODY,
    "actor": _ANYBODY,
    "credential": (
        "SELECT credential_id AS subject, actor_id FROM credentials UNION "
        "SELECT credential_id, agent_id FROM activity WHERE credential_id IS NOT NULL"
    ),
    "principal": (
        "SELECT principal_id AS subject, actor_id FROM actors WHERE principal_id IS NOT NULL UNION"
        " SELECT principal_id, agent_id FROM activity WHERE principal_id IS NOT NULL AND"
        f" (resolved_by <> 'credential' OR {_NO_PERSON}) UNION SELECT x.credential_id, a.actor_id"
        " FROM activity AS x JOIN credentials AS c USING (credential_id) JOIN actors AS a ON"
        " a.actor_id = c.actor_id WHERE a.kind = 'agent' AND a.principal_id IS NULL AND NOT"
        f" ({_NO_PERSON})"
    ),
    "component": "SELECT component_id AS subject, actor_id FROM components",
    "review": "SELECT review_id AS subject, actor_id FROM reviews",
    "approver": (
        "SELECT approver_id AS subject, actor_id FROM approvals WHERE approver_id IS NOT NULL"
    ),
    "exception": "SELECT exception_id AS subject, actor_id FROM exceptions",
    "link": "SELECT actor_id || ' -> ' || peer_id AS subject, actor_id FROM links",
    "third_party": "SELECT third_party_id AS subject, actor_id FROM third_parties",
    "log_source": "",
    "policy": "",
    "actor_type": "",
    "organisation": "",
}
"""Subject type -> the actors a subject belongs to; '' when it belongs to the organisation (tier
1).
"""
SHARED_BY = ("credential", "principal", "component", "link")
"""Subject types of which a subject may belong to several actors, and fails for all of them."""


def read_for(about: str) -> frozenset[str]:
    """Return the loaded tables that list the subjects of a kind."""
    words = set(SUBJECTS[about].split())
    return frozenset(t.name for t in TABLES.values() if t.loaded and t.name in words)


ORGANISATION = "organisation"
LOADED = tuple(t for t in TABLES.values() if t.loaded)
_IDENTITY = ("actor_id", "principal_id", "credential_id", "actor_kind")


def who_of(columns: Collection[str]) -> str:
    """SQL over an event row that has some columns: one number for the identities it names, so that
    resolving them is one cheap join.
    """
    named = (c if c in columns else "CAST(NULL AS VARCHAR)" for c in _IDENTITY)
    return f"hash({', '.join(named)})"


WHO = who_of(_IDENTITY)
"""The same over a row that has all of them."""


def columns_of(table: Table) -> list[tuple[str, str]]:
    """Return (name, type) of the columns a source fills."""
    return [(c.name, c.type) for c in table.columns if c.name not in COMPUTED]


_PLACE = ("source", *PLACE)
_RAW_EVENT = (*(n for n, _ in columns_of(TABLES["events"])), *_PLACE, "who", "part", "place")
RAW: dict[str, tuple[str, ...]] = {
    **{f"in_{t.name}": (*(n for n, _ in columns_of(t)), *_PLACE) for t in LOADED},
    "in_events": _RAW_EVENT,
    "in_baseline": _RAW_EVENT,
    "actor_rows": (*(n for n, _ in columns_of(TABLES["actors"])), *_PLACE, "place"),
    "parts": ("part", "source", "file"),
    "carried": ("source", "tbl", "col"),
    "expected_feeds": ("log_source", "every", "share"),
    "baseline": ("since", "until", "approved_at", "holds"),
    "baseline_exceptions": ("agent_id",),
    "aws_operations": ("label", "prefix", "operations"),
    "mail_names": ("mail", "name"),
}
"""What models read beside the tables of checks: rows as sources give them (in_TABLE), those of
approved runs (in_baseline), of actors before they are one row each, the files of events (parts),
which source carries which column (carried), what reporter.yml says of logs and approved runs, which
rights the operations of AWS need (aws_operations, a list that ships), and how lists spell the mail
addresses of people (mail_names).
"""


def loaded_column(table: str, column: str) -> tuple[str, str] | None:
    """Follow a computed column to the loaded one it derives from; None when the engine makes it."""
    alias = CARRIED_AS.get(f"{table}.{column}")
    if alias:
        origin, name = alias.split(".")
        return origin, name
    spec = TABLES[table]
    origin = table if spec.loaded else spec.origin
    if not origin or column in COMPUTED:
        return None
    if column not in {c.name for c in TABLES[origin].columns}:
        return None
    return origin, column

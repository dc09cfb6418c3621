"""The tables that checks read: loaded ones and those the engine computes, and the subjects of
checks.

In: columns. Out: TABLES (name -> Table), SUBJECTS and the rest. `docs/tables.md` is generated from
here. A column exists because a check, the engine or the report reads it; a test proves that."""

from __future__ import annotations

from dataclasses import dataclass

from reporter.schema import columns, computed
from reporter.schema.columns import FLAG, INT, TEXT, TIME, Column, column
from reporter.schema.model_files import shipped

CALLED = "called"
"""SQL function: what the run calls an actor or a subject; `pseudonyms` gives it a meaning,
`runner.prepare` none.
"""
LISTED = f"actor NOT IN (SELECT {CALLED}(actor_id) FROM tiers WHERE NOT registered)"
"""SQL over cells: its actor stands in a list that was supplied."""


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
_COUNTS = (
    column("n_events", INT, "Events."),
    column("first_at", TIME, "First of them."),
    column("last_at", TIME, "Last of them."),
    column("first_ref", TEXT, "file#record of the first."),
    column("last_ref", TEXT, "file#record of the last."),
)
_ACTIVITY_KEYS = (
    "log_source",
    "actor_id",
    "actor_kind",
    "principal_id",
    "credential_id",
    "event_class",
    "tool",
    "purpose",
    "effect",
    "classification",
    "environment",
    "resource_environment",
    "outcome",
)
_CALLER_KEYS = ("agent_id", "agent_kind", "credential_is_intermediary", "in_window")
_REF = column("ref", TEXT, "file#record of the row.", "sparse")
_ROW = column(
    "row_id",
    "HUGEINT",
    "Number of the row, its own: a record may give several with one ref.",
    "sparse",
)
_ACTOR = (*columns.ACTORS, *computed.ACTORS)


def _events(*names: str) -> tuple[Column, ...]:
    by_name = {c.name: c for c in columns.EVENTS}
    return tuple(by_name[n] for n in names)


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
        _loaded("links", "Declared links between agents.", columns.LINKS),
        _loaded("changes", "Changes of an agent, and who approved them.", columns.CHANGES),
        _loaded(
            "snapshot_items", "What an agent was approved with, item by item.", columns.SNAPSHOTS
        ),
        _loaded(
            "third_parties", "Outsiders that get an agent's tokens or data.", columns.THIRD_PARTIES
        ),
        _loaded("exceptions", "Exceptions and waivers from a rule.", columns.EXCEPTIONS),
        _loaded("incidents", "Incidents that involve agents.", columns.INCIDENTS),
        _loaded("alerts", "Alerts on agents, and what was done.", (*columns.ALERTS, _ROW)),
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
        _loaded("events", "The one event table.", (*columns.EVENTS, *_EVENT_ROLLUP, _ROW)),
        Table(
            "agents",
            "Actors of kind agent, shadow agents included.",
            (*_ACTOR, _REF),
            loaded=False,
            origin="actors",
        ),
        Table(
            "activity",
            "Events rolled up by actor, identity, tool, effect and outcome; heartbeats left out.",
            (
                *_EVENT_ROLLUP,
                *_events(*_ACTIVITY_KEYS),
                *_COUNTS,
                column("n_action", INT, "Of them with an action."),
                column("n_resource", INT, "Of them with a resource."),
                column("n_session", INT, "Of them with a session."),
                column("n_approval", INT, "Of them with an approval id."),
                column("n_decision", INT, "Of them with a policy decision."),
                column(
                    "n_temporary",
                    INT,
                    "Of them under a temporary credential, whose id readers leave out.",
                ),
                column(
                    "n_sessionless",
                    INT,
                    "Of them signed with a lasting access key, which opens no session.",
                ),
            ),
            loaded=False,
            origin="events",
        ),
        Table(
            "unseen_agents",
            "Agents of no list of which no log shows a dated deed, only heartbeats or events"
            " without a time; by log.",
            computed.UNSEEN_AGENTS,
            loaded=False,
            origin="events",
        ),
        Table(
            "data_use",
            "Events that name a resource, by the data grant of that actor which matches it.",
            (
                column("agent_id", TEXT, "Actor."),
                column("registered", FLAG, "That actor is in the register."),
                column("in_window", FLAG, "Inside the period under review."),
                column(
                    "data_source", TEXT, "Name of the matching data grant; empty: no grant matches."
                ),
                *_events("purpose", "classification", "effect", "event_class", "outcome"),
                *_COUNTS,
            ),
            loaded=False,
            origin="events",
        ),
        Table(
            "reach",
            "Events that name a destination, a destination a row.",
            (
                column("agent_id", TEXT, "Actor."),
                column("registered", FLAG, "That actor is in the register."),
                column("in_window", FLAG, "Inside the period under review."),
                *_events("log_source", "purpose", "tool", "destination", "effect", "outcome"),
                column(
                    "host",
                    TEXT,
                    "Host of that address, or domain of that mail address, in small letters; empty:"
                    " it is neither.",
                ),
                *_COUNTS,
            ),
            loaded=False,
            origin="events",
        ),
        Table(
            "callers",
            "Events that tell the caller's program or how it authenticated, by both.",
            (
                *(c for c in _EVENT_ROLLUP if c.name in _CALLER_KEYS),
                *_events("log_source", "principal_id", "credential_id"),
                *_events("user_agent", "auth_method", "outcome"),
                *(c for c in _COUNTS if c.name in ("n_events", "first_at", "first_ref")),
            ),
            loaded=False,
            origin="events",
        ),
        Table(
            "right_uses",
            "Administrative actions that name no tool, beside the entitlements granted to the"
            " agent.",
            computed.RIGHT_USES,
            loaded=False,
        ),
        Table(
            "graver_uses",
            "Successful uses of granted tools and data with a graver effect than the grants tell.",
            computed.GRAVER_USES,
            loaded=False,
        ),
        Table(
            "secret_traces",
            "Where a secret stood: hidden at load, or told by a component's record.",
            computed.SECRET_TRACES,
            loaded=False,
        ),
        Table(
            "undecided",
            "First uses of the period, and how often each was repeated before a person decided"
            " on it.",
            computed.UNDECIDED,
            loaded=False,
            origin="events",
        ),
        Table(
            "delegations",
            "What was done for somebody, or in a session that something started, followed up to who"
            " stands behind it; denied events left out.",
            computed.DELEGATIONS,
            loaded=False,
            origin="events",
        ),
        Table(
            "scope_runs",
            "Runs of a purpose (or an agent) for which a scope was approved: by clean runs, or by"
            " rights bound to it.",
            computed.SCOPE_RUNS,
            loaded=False,
            origin="events",
        ),
        Table(
            "daily",
            "Events of an agent by day, of any period; heartbeats left out.",
            computed.DAILY,
            loaded=False,
            origin="events",
        ),
        Table(
            "listings",
            "Who and what stands in which list, before lists are merged.",
            computed.LISTINGS,
            loaded=False,
        ),
        Table(
            "feeds",
            "Whether each log source was delivering during the period.",
            computed.FEEDS,
            loaded=False,
        ),
        Table(
            "feed_gaps",
            "Silences of an hour or more inside the period, by log source.",
            computed.FEED_GAPS,
            loaded=False,
        ),
        Table(
            "dead_logs",
            "Actors whose logs cannot prove silence: what is not seen there may have happened.",
            computed.DEAD_LOGS,
            loaded=False,
        ),
        Table(
            "versions",
            "Versions of tools and models that ran with success. Reading it does not make a check"
            " an event check.",
            (
                column("agent_id", TEXT, "Actor."),
                column("registered", FLAG, "That actor is in the register."),
                column("in_window", FLAG, "Inside the period under review."),
                column("kind", TEXT, "tool | model."),
                column("name", TEXT, "Tool; of models, empty."),
                column("version", TEXT, "Version or hash, as the log gives it."),
                *(c for c in _COUNTS if c.name != "n_events"),
            ),
            loaded=False,
        ),
        *(
            Table(m.name, m.says, m.columns, loaded=False, origin=m.origin)
            for m in shipped().values()
            if m.kind != "part"
        ),
        Table(
            "run",
            "One row: the only clock a check may read.",
            computed.RUN,
            loaded=False,
        ),
    )
}

EVENT_TABLES = frozenset(
    {
        "events",
        "activity",
        "unseen_agents",
        "data_use",
        "reach",
        "callers",
        "undecided",
        "delegations",
        "daily",
        "scope_runs",
        "right_uses",
        "graver_uses",
        *(m.name for m in shipped().values() if m.of_events),
    }
)
"""Reading one of these makes a check an event check: silence is then not innocence."""

SHARED = ("policies", "exceptions", "incidents", "alerts", "log_stores")
"""Tables kept for the whole organisation, or that list what happened: carried by any source or by
none.
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
    {c.name for c in (*_EVENT_ROLLUP, *_COUNTS, *computed.ACTORS)}
    | {"ref", "row_id", "like_pattern", "ended_at"}
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
WHO = "hash(actor_id, principal_id, credential_id, actor_kind)"
"""SQL over an event row: one number for the identities it names, so that resolving them is one
cheap join.
"""


def columns_of(table: Table) -> list[tuple[str, str]]:
    """Return (name, type) of the columns a source fills."""
    return [(c.name, c.type) for c in table.columns if c.name not in COMPUTED]

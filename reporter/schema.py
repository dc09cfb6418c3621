"""The tables that checks read: loaded ones and those the engine computes, their vocabularies and subjects.

In: columns. Out: TABLES (name -> Table), VOCABULARY, SUBJECTS and the rest. `docs/tables.md` is generated from here.
A column exists because a check, the engine or the report reads it; a test proves that.
"""

from __future__ import annotations

from dataclasses import dataclass

from reporter import columns
from reporter.columns import FLAG, INT, TEXT, TIME, Column, column


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    doc: str
    columns: tuple[Column, ...]
    loaded: bool = True
    """False: computed by the engine (views and rollups), never filled by a source."""
    origin: str = ""
    """For a computed table: the loaded table whose columns it carries on."""


VOCABULARY: dict[str, tuple[str, ...]] = {
    "actors.kind": ("agent", "service_account", "workload", "human", "group"),
    "actors.state": ("draft", "active", "suspended", "retired", "rejected", "leave"),
    "actors.environment": ("production", "staging", "test", "development"),
    "actors.risk_tier": ("low", "medium", "high", "critical"),
    "actors.default_policy": ("deny", "allow"),
    "grants.type": ("tool", "data", "entitlement", "destination", "context"),
    "grants.effect": (
        "read",
        "write",
        "execute",
        "transfer",
        "delete",
        "publish",
        "grant",
        "admin",
    ),
    "grants.classification": ("public", "internal", "confidential", "restricted"),
    "approvals.type": ("tool", "data", "action", "activation", "reactivation", "change"),
    "components.type": ("model", "mcp_server", "skill", "plugin"),
    "events.outcome": ("success", "denied", "error"),
    "events.actor_kind": ("agent", "service_account", "workload", "human"),
    "events.effect": (
        "read",
        "write",
        "execute",
        "transfer",
        "delete",
        "publish",
        "grant",
        "admin",
    ),
    "events.classification": ("public", "internal", "confidential", "restricted"),
}
"""Closed vocabularies; another value in a row is rejected, naming the allowed ones. Values are lower-cased first."""


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
    "log_source", "actor_id", "actor_kind", "principal_id", "credential_id", "event_class", "tool", "effect",
    "classification", "environment", "outcome",
)  # fmt: skip
_REF = column("ref", TEXT, "file#record of the row.", "sparse")
_MADE = (
    column("registered", FLAG, "FALSE: seen only in logs (a shadow agent).", "sparse"),
    column("n_records", INT, "Most records with this id in any one source.", "sparse"),
    column("registered_at", TIME, "Earliest created_at among its records.", "sparse"),
    column(
        "approvals_recorded",
        FLAG,
        "Some input says when its tools and data were approved.",
        "sparse",
    ),
)
_ACTOR = (*columns.ACTORS, *_MADE)


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
            "approvals", "Human decisions on actions, tools, data, activation.", columns.APPROVALS
        ),
        _loaded("reviews", "Access reviews, due and completed.", columns.REVIEWS),
        _loaded("review_items", "What a review decided, item by item.", columns.REVIEW_ITEMS),
        _loaded("state_changes", "Lifecycle history.", columns.STATES),
        _loaded(
            "components", "Models, MCP servers, skills that an agent loads.", columns.COMPONENTS
        ),
        _loaded("links", "Declared links between agents.", columns.LINKS),
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
                column("actor_id", TEXT, "Actor.", "required"),
                column("alias", TEXT, "Other id.", "required"),
            ),
        ),
        _loaded("events", "The one event table.", (*columns.EVENTS, *_EVENT_ROLLUP)),
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
            ),
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
                *_events("classification", "effect", "event_class", "outcome"),
                *_COUNTS,
            ),
            loaded=False,
            origin="events",
        ),
        Table(
            "feeds",
            "Whether each log source was delivering during the period.",
            (
                column("log_source", TEXT, "Log."),
                column("every", TEXT, "hour | day: the unit in which delivery is expected."),
                column("expected", INT, "Units in the period."),
                column("seen", INT, "Units with an event or heartbeat."),
                column("n_events", INT, "Events in the period."),
                column("first_at", TIME, "First event."),
                column("last_at", TIME, "Last event."),
                column("longest_gap_hours", INT, "Longest silence inside the period."),
                column("alive", FLAG, "Seen share reached the required share."),
                column("oldest_at", TIME, "Oldest event supplied, of any period."),
                column("n_with_ingest", INT, "Events that tell when the log received them."),
                column(
                    "n_late_clock", INT, "Of them dated over two minutes after they were received."
                ),
                column("median_delay_seconds", INT, "Half of them were received within so many."),
                column("p95_delay_seconds", INT, "95 of 100 were received within so many."),
                column(
                    "n_out_of_order",
                    INT,
                    "Of them received after one that happened over two minutes later.",
                ),
            ),
            loaded=False,
        ),
        Table(
            "feed_gaps",
            "Silences of an hour or more inside the period, by log source.",
            (
                column("log_source", TEXT, "Log."),
                column("from_at", TIME, "Last event before the silence, or start of the period."),
                column("until_at", TIME, "First event after it, or end of the period."),
                column("hours", INT, "Full hours between."),
            ),
            loaded=False,
        ),
        Table(
            "dead_logs",
            "Actors whose logs cannot prove silence: what is not seen there may have happened.",
            (column("actor_id", TEXT, "Actor."), column("why", TEXT, "What its logs lack.")),
            loaded=False,
        ),
        Table(
            "all_approvals",
            "Approvals wherever they are recorded: approval records, grants, the actor's own record.",
            (
                column("actor_id", TEXT, "Actor it is for."),
                column(
                    "type",
                    TEXT,
                    "As in approvals; a grant gives tool or data, an actor activation.",
                ),
                column(
                    "like_pattern", TEXT, "What is approved, as a LIKE pattern with escape '!'."
                ),
                column("approved_at", TIME, "When; for backdated records, when it was entered."),
                column("ref", TEXT, "file#record."),
            ),
            loaded=False,
        ),
        Table(
            "run",
            "One row: the only clock a check may read.",
            (
                column("as_of", TIME, "The date the report speaks for."),
                column("period_from", TIME, "Start of the period."),
                column("period_to", TIME, "End of the period, not included."),
            ),
            loaded=False,
        ),
    )
}

EVENT_TABLES = frozenset({"events", "activity", "data_use"})
"""Reading one of these makes a check an event check: silence is then not innocence."""

CARRIED_AS: dict[str, str] = {
    "activity.n_action": "events.action",
    "activity.n_resource": "events.resource",
    "activity.n_session": "events.session_id",
    "activity.n_approval": "events.approval_id",
    "data_use.data_source": "grants.name",
}
"""Computed column -> the loaded column whose absence makes it meaningless."""

COMPUTED = frozenset(
    {c.name for c in (*_EVENT_ROLLUP, *_COUNTS, *_MADE)} | {"ref", "like_pattern", "ended_at"}
)
"""Columns the engine makes: never 'not recorded'."""

_ANYBODY = (
    "SELECT actor_id AS subject, actor_id FROM actors UNION "
    "SELECT agent_id, agent_id FROM activity WHERE agent_id IS NOT NULL"
)
SUBJECTS: dict[str, str] = {
    "agent": _ANYBODY,
    "actor": _ANYBODY,
    "credential": (
        "SELECT credential_id AS subject, actor_id FROM credentials UNION "
        "SELECT credential_id, agent_id FROM activity WHERE credential_id IS NOT NULL"
    ),
    "principal": (
        "SELECT principal_id AS subject, actor_id FROM actors WHERE principal_id IS NOT NULL UNION "
        "SELECT principal_id, agent_id FROM activity WHERE principal_id IS NOT NULL"
    ),
    "component": "SELECT component_id AS subject, actor_id FROM components",
    "review": "SELECT review_id AS subject, actor_id FROM reviews",
    "link": "SELECT actor_id || ' -> ' || peer_id AS subject, actor_id FROM links",
    "log_source": "",
    "policy": "",
    "actor_type": "",
    "organisation": "",
}
"""Subject type -> the actors a subject belongs to; '' when it belongs to the organisation (tier 1)."""

ORGANISATION = "organisation"
SYNONYMS: dict[str, dict[str, str]] = {
    "environment": {
        "prod": "production", "prd": "production", "live": "production", "stage": "staging",
        "stg": "staging", "uat": "staging", "qa": "test", "dev": "development", "sandbox": "test",
    },
    "outcome": {
        "ok": "success", "allowed": "success", "allow": "success", "succeeded": "success",
        "failure": "error", "failed": "error", "blocked": "denied", "deny": "denied",
    },
    "state": {"enabled": "active", "inactive": "suspended", "disabled": "suspended",
              "departed": "retired", "decommissioned": "retired", "offboarded": "retired"},
}  # fmt: skip
"""Column -> common spellings of a vocabulary value, applied at load after lower-casing."""

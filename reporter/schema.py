"""The tables that checks read: loaded ones and those the engine computes, and the subjects of checks.

In: columns. Out: TABLES (name -> Table), SUBJECTS and the rest. `docs/tables.md` is generated from here.
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
    "log_source", "actor_id", "actor_kind", "principal_id", "credential_id", "event_class", "tool", "purpose", "effect",
    "classification", "environment", "resource_environment", "outcome",
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
        _loaded("changes", "Changes of an agent, and who approved them.", columns.CHANGES),
        _loaded(
            "snapshot_items", "What an agent was approved with, item by item.", columns.SNAPSHOTS
        ),
        _loaded(
            "third_parties", "Outsiders that get an agent's tokens or data.", columns.THIRD_PARTIES
        ),
        _loaded("exceptions", "Exceptions and waivers from a rule.", columns.EXCEPTIONS),
        _loaded("incidents", "Incidents that involve agents.", columns.INCIDENTS),
        _loaded("alerts", "Alerts on agents, and what was done.", columns.ALERTS),
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
                *_events("purpose", "tool", "destination", "effect", "event_class", "outcome"),
                column(
                    "host",
                    TEXT,
                    "Host of that address, or domain of that mail address, in small letters; empty: it is neither.",
                ),
                *_COUNTS,
            ),
            loaded=False,
            origin="events",
        ),
        Table(
            "first_uses",
            "Tools, data sources and destinations that a registered actor used with success, since when, and whether approved.",
            (
                column("agent_id", TEXT, "Actor."),
                column("purpose", TEXT, "Workflow, task or process; empty: the log names none."),
                column("kind", TEXT, "tool | data | destination."),
                column("name", TEXT, "What was used; of data, the grant that covers it."),
                column(
                    "changes_state",
                    FLAG,
                    "Some use was more than reading; empty: no effect is known.",
                ),
                column("n_events", INT, "Successful uses, of any period."),
                column("first_at", TIME, "First of them."),
                column("first_ref", TEXT, "file#record of the first."),
                column("last_at", TIME, "Last of them."),
                column("approved_at", TIME, "Earliest approval that covers it; empty: none does."),
            ),
            loaded=False,
            origin="events",
        ),
        Table(
            "delegations",
            "What was done for somebody, or in a session that something started, followed up to who stands behind it; denied events left out.",
            (
                column("session_id", TEXT, "Session; empty: the events name none."),
                column("agent_id", TEXT, "Actor that acted in it."),
                column("depth", INT, "Hops up to who stands behind it."),
                column("root_id", TEXT, "Who stands behind it, as far as the chain goes."),
                column(
                    "root_kind",
                    TEXT,
                    "human | schedule | agent | service_account | workload; human without root_id: a person who is not named; empty: unknown.",
                ),
                column(
                    "root_active",
                    FLAG,
                    "That actor, or the owner of what runs by schedule, is active (a person: was, at the last of the events); empty: not known.",
                ),
                column(
                    "broken",
                    TEXT,
                    "Why the chain does not hold: a circle, a session or actor nobody knows; empty: it holds.",
                ),
                column("n_events", INT, "Events of that session, actor and delegator."),
                column("in_window", FLAG, "They are inside the period under review."),
                column("first_at", TIME, "First of them."),
                column("first_ref", TEXT, "file#record of the first."),
            ),
            loaded=False,
            origin="events",
        ),
        Table(
            "daily",
            "Events of an agent by day, of any period; heartbeats left out.",
            (
                column("agent_id", TEXT, "Actor."),
                column("day", TIME, "Day (UTC)."),
                column("n_events", INT, "Events."),
                column("n_denied", INT, "Of them denied."),
            ),
            loaded=False,
            origin="events",
        ),
        Table(
            "listings",
            "Who and what stands in which list, before lists are merged.",
            (
                column("kind", TEXT, "identity | credential."),
                column("listed_in", TEXT, "register | directory | secret_store."),
                column("id", TEXT, "Actor or credential."),
                column("actor_id", TEXT, "Actor it belongs to."),
                column("actor_kind", TEXT, "What the list says it is; identities only."),
                column("owner_id", TEXT, "Owner, as the list has it; identities only."),
                column("state", TEXT, "State, as the list has it; identities only."),
                column("ref", TEXT, "file#record."),
            ),
            loaded=False,
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
                column("n_without_ingest", INT, "Events that do not tell it, heartbeats left out."),
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
            "Approvals wherever they are recorded: approval records, grants, approved changes, the actor's own record.",
            (
                column("actor_id", TEXT, "Actor it is for."),
                column(
                    "type",
                    TEXT,
                    "As in approvals; a grant gives tool, data or destination, an actor activation, a change what it changed.",
                ),
                column(
                    "like_pattern", TEXT, "What is approved, as a LIKE pattern with escape '!'."
                ),
                column("purpose", TEXT, "Workflow, task or process it holds for; empty: all."),
                column("expires_at", TIME, "When it ends; empty: never."),
                column("approved_at", TIME, "When; for backdated records, when it was entered."),
                column("ref", TEXT, "file#record."),
            ),
            loaded=False,
        ),
        Table(
            "versions",
            "Versions of tools and models that ran with success. Reading it does not make a check an event check.",
            (
                column("agent_id", TEXT, "Actor."),
                column("registered", FLAG, "That actor is in the register."),
                column("in_window", FLAG, "Inside the period under review."),
                column("kind", TEXT, "tool | model."),
                column("name", TEXT, "Tool; of models, empty."),
                column("version", TEXT, "Version or hash, as the log gives it."),
                *_COUNTS,
            ),
            loaded=False,
        ),
        Table(
            "known_versions",
            "Versions and hashes on record: of components, and of what was approved as a whole.",
            (
                column("actor_id", TEXT, "Agent."),
                column(
                    "type", TEXT, "As in components; a snapshot gives tool, model or component."
                ),
                column("component_id", TEXT, "Namespaced id; of a snapshot's item, its name."),
                column("name", TEXT, "Short name."),
                column("version", TEXT, "Version or hash."),
                column("approved_at", TIME, "When it was approved."),
                column("ref", TEXT, "file#record."),
            ),
            loaded=False,
        ),
        Table(
            "settings",
            "Some columns of actors, a value a row: for checks that can do without.",
            (
                column("actor_id", TEXT, "Actor."),
                column("name", TEXT, "Column, such as prompt_version or max_steps."),
                column("value", TEXT, "Its value; empty ones have no row."),
                column("ref", TEXT, "file#record."),
            ),
            loaded=False,
        ),
        Table(
            "happenings",
            "Changes and incidents of an actor, as one list.",
            (
                column("actor_id", TEXT, "Actor."),
                column("kind", TEXT, "incident, or what changed: tool, data, owner, model ..."),
                column("id", TEXT, "Id of the change or incident."),
                column("value", TEXT, "New value of a change."),
                column("happened_at", TIME, "When it took effect, or was opened."),
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

EVENT_TABLES = frozenset(
    {"events", "activity", "data_use", "reach", "first_uses", "delegations", "daily"}
)
"""Reading one of these makes a check an event check: silence is then not innocence."""

SHARED = ("policies", "exceptions", "log_stores", "incidents", "alerts")
"""Tables that describe no single actor, or that list what happened: carried by any source or by none."""

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
    "third_party": "SELECT third_party_id AS subject, actor_id FROM third_parties",
    "log_source": "",
    "policy": "",
    "actor_type": "",
    "organisation": "",
}
"""Subject type -> the actors a subject belongs to; '' when it belongs to the organisation (tier 1)."""

ORGANISATION = "organisation"

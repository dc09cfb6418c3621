"""The columns that the engine computes and that carry on none of a loaded table. In: nothing. Out: a tuple a table."""

from __future__ import annotations

from reporter.columns import FLAG, INT, TEXT, TIME, column

ACTORS = (
    column("registered", FLAG, "FALSE: seen only in logs (a shadow agent).", "sparse"),
    column("n_records", INT, "Most records with this id in any one list of a source.", "sparse"),
    column("registered_at", TIME, "Earliest created_at among its records.", "sparse"),
    column(
        "approvals_recorded",
        FLAG,
        "Some input says when its tools and data were approved.",
        "sparse",
    ),
    column("credential_ends_at", TIME, "Next end of a credential that it holds.", "sparse"),
    column(
        "deputy_id",
        TEXT,
        "Technical owner; '': its record names none; empty: no record would.",
        "sparse",
    ),
    column(
        "high_risk",
        FLAG,
        "High tier, autonomy of 3 or a tool that deletes, transfers, executes or administers; empty: not known.",
        "sparse",
    ),
)
"""Columns of actors that the engine makes."""

FEEDS = (
    column("log_source", TEXT, "Log."),
    column("every", TEXT, "hour | day: the unit in which delivery is expected."),
    column("expected", INT, "Units in the period."),
    column("seen", INT, "Units with an event or heartbeat."),
    column("n_events", INT, "Events in the period."),
    column("first_at", TIME, "First event."),
    column("last_at", TIME, "Last event."),
    column("longest_gap_hours", INT, "Longest silence inside the period."),
    column("alive", FLAG, "Seen share reached the required share."),
    column("declared", FLAG, "reporter.yml or an actor names it; FALSE: it merely arrived."),
    column("oldest_at", TIME, "Oldest event supplied, of any period."),
    column("n_with_ingest", INT, "Events that tell when the log received them."),
    column("n_without_ingest", INT, "Events that do not tell it, heartbeats left out."),
    column("n_late_clock", INT, "Of them dated over two minutes after they were received."),
    column("median_delay_seconds", INT, "Half of them were received within so many."),
    column("p95_delay_seconds", INT, "95 of 100 were received within so many."),
    column(
        "n_out_of_order",
        INT,
        "Of them received after one that happened over two minutes later.",
    ),
)

KEY_USES = (
    column("credential_id", TEXT, "Credential."),
    column(
        "user_id",
        TEXT,
        "Who used it; of no list: the name that the log gives; empty: it gives none.",
    ),
    column("user_kind", TEXT, "What the user is: as a list says, else as the log says."),
    column("listed", FLAG, "Some list knows the user."),
    column("stranger", TEXT, "Where no user is named: an identity that no list knows."),
    column("held_by", TEXT, "Agents that hold it, joined by commas; empty: none is known."),
    column("is_holder", FLAG, "The user holds it."),
    column(
        "by_client",
        FLAG,
        "It is an OAuth client and the user no agent: its id does not tell whether its secret was used.",
    ),
    column("in_window", FLAG, "Inside the period under review."),
    column("n_events", INT, "Events."),
    column("first_at", TIME, "First of them."),
    column("first_ref", TEXT, "file#record of the first."),
)

KEY_HOLDERS = (
    column("credential_id", TEXT, "Credential."),
    column("agent_id", TEXT, "Agent that holds it, as some list says."),
)

RIGHT_USES = (
    column("agent_id", TEXT, "Agent."),
    column("log_source", TEXT, "Log."),
    column("action", TEXT, "Action, as the log names it."),
    column("granted", TEXT, "The same as entitlements name it, such as iam:createaccesskey."),
    column(
        "covered",
        FLAG,
        "An entitlement of the agent covers it; FALSE: none does; empty: log and entitlements cannot be compared.",
    ),
    column("in_window", FLAG, "Inside the period under review."),
    column("n_events", INT, "Events, successful ones."),
    column("first_at", TIME, "First of them."),
    column("last_at", TIME, "Last of them."),
    column("last_ref", TEXT, "file#record of the last."),
)

GRAVER_USES = (
    column("agent_id", TEXT, "Agent."),
    column("kind", TEXT, "tool | data."),
    column("name", TEXT, "Tool; of data, the grant that covers it."),
    column("granted", TEXT, "Gravest effect of the grants that cover the use."),
    column("effect", TEXT, "Effect that the log tells."),
    column("certain", FLAG, "FALSE: execute, which tells how it was called, not what it did."),
    column("in_window", FLAG, "Inside the period under review."),
    column("n_events", INT, "Events, successful ones."),
    column("first_at", TIME, "First of them."),
    column("last_at", TIME, "Last of them."),
    column("last_ref", TEXT, "file#record of the last."),
)

SECRET_TRACES = (
    column("actor_id", TEXT, "Actor whose event or record it is."),
    column("place", TEXT, "events, configuration, or the list: actors, grants ..."),
    column("in_window", FLAG, "Events: inside the period; lists: always."),
    column("n_records", INT, "Records that held one; of a list, at least."),
    column("first_ref", TEXT, "file#record of the first."),
)

UNSEEN_AGENTS = (
    column("agent_id", TEXT, "Actor, as the log names it."),
    column("log_source", TEXT, "Log that names it."),
    column("source", TEXT, "Source that reads that log."),
    column("ref", TEXT, "file#record of the first record that names it."),
)

FIRST_USES = (
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
)

UNDECIDED = (
    column("agent_id", TEXT, "Actor."),
    column("kind", TEXT, "tool | data | destination."),
    column("name", TEXT, "What was used; of data, the grant that covers it."),
    column("first_at", TIME, "First successful use."),
    column("first_ref", TEXT, "file#record of it."),
    column(
        "decided_at",
        TIME,
        "First decision: approval, refusal, review, alert acted on; empty: none.",
    ),
    column("days", INT, "Days from the first use to the decision; 0: decided before."),
    column(
        "n_meanwhile",
        INT,
        "Further successful uses before that decision, or until now.",
    ),
)

BREACHES = (
    column("agent_id", TEXT, "Agent."),
    column(
        "kind",
        TEXT,
        "unregistered | shared credential | ended credential | tool outside its grants | data outside its grants | action outside its grants.",
    ),
    column("what", TEXT, "Agent, credential or tool."),
    column("first_at", TIME, "Since when."),
    column("ref", TEXT, "file#record of one such event."),
)

DELEGATIONS = (
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
)

SCOPE_RUNS = (
    column("agent_id", TEXT, "Agent."),
    column("purpose", TEXT, "Workflow, task or process; empty: the log names none."),
    column("session_id", TEXT, "Run."),
    column("n_clean_runs", INT, "Approved runs that the scope rests on; 0: on rights only."),
    column("n_deviations", INT, "Uses outside the scope that change something."),
    column("n_new_reads", INT, "Uses outside the scope that only read."),
    column("first_deviation", TEXT, "First of them, changing ones first."),
    column("ref", TEXT, "file#record of that."),
    column("first_at", TIME, "First call; empty: the log has no times."),
)

DAILY = (
    column("agent_id", TEXT, "Actor."),
    column("day", TIME, "Day (UTC)."),
    column("n_events", INT, "Events."),
    column("n_denied", INT, "Of them denied."),
)

LISTINGS = (
    column("kind", TEXT, "identity | credential."),
    column("listed_in", TEXT, "register | directory | secret_store."),
    column("id", TEXT, "Actor or credential."),
    column("actor_id", TEXT, "Actor it belongs to."),
    column("actor_kind", TEXT, "What the list says it is; identities only."),
    column("owner_id", TEXT, "Owner, as the list has it; identities only."),
    column("state", TEXT, "State, as the list has it; identities only."),
    column("ref", TEXT, "file#record."),
)

FEED_GAPS = (
    column("log_source", TEXT, "Log."),
    column("from_at", TIME, "Last event before the silence, or start of the period."),
    column("until_at", TIME, "First event after it, or end of the period."),
    column("hours", INT, "Full hours between."),
)

DEAD_LOGS = (column("actor_id", TEXT, "Actor."), column("why", TEXT, "What its logs lack."))

ALL_APPROVALS = (
    column("actor_id", TEXT, "Actor it is for."),
    column(
        "type",
        TEXT,
        "As in approvals; a grant gives tool, data or destination, an actor activation, a change what it changed.",
    ),
    column("like_pattern", TEXT, "What is approved, as a LIKE pattern with escape '!'."),
    column("purpose", TEXT, "Workflow, task or process it holds for; empty: all."),
    column("expires_at", TIME, "When it ends; empty: never."),
    column("approved_at", TIME, "When; for backdated records, when it was entered."),
    column("ref", TEXT, "file#record."),
)

KNOWN_VERSIONS = (
    column("actor_id", TEXT, "Agent."),
    column("type", TEXT, "As in components; a snapshot gives tool, model or component."),
    column("component_id", TEXT, "Namespaced id; of a snapshot's item, its name."),
    column("name", TEXT, "Short name."),
    column("version", TEXT, "Version or hash."),
    column("approved_at", TIME, "When it was approved."),
    column("ref", TEXT, "file#record."),
)

SETTINGS = (
    column("actor_id", TEXT, "Actor."),
    column("name", TEXT, "Column, such as prompt_version or max_steps; outbound_tool."),
    column("value", TEXT, "Its value; empty ones have no row."),
    column("ref", TEXT, "file#record."),
)

CONNECTIONS = (
    column("actor_id", TEXT, "Actor."),
    column("kind", TEXT, "link | mcp_server."),
    column("name", TEXT, "What is connected."),
    column("ref", TEXT, "file#record."),
)

HAPPENINGS = (
    column("actor_id", TEXT, "Actor."),
    column("kind", TEXT, "incident, or what changed: tool, data, owner, model ..."),
    column("id", TEXT, "Id of the change or incident."),
    column("value", TEXT, "New value of a change."),
    column("happened_at", TIME, "When it took effect, or was opened."),
    column("ref", TEXT, "file#record."),
)

RUN = (
    column("as_of", TIME, "The date the report speaks for."),
    column("period_from", TIME, "Start of the period."),
    column("period_to", TIME, "End of the period, not included."),
)

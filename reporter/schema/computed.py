"""The columns that the engine computes and that carry on none of a loaded table. In: nothing. Out:
a tuple a table.
"""

from __future__ import annotations

from reporter.schema.columns import FLAG, INT, TEXT, TIME, column

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
        "High tier, autonomy of 3 or a tool that deletes, transfers, executes or administers;"
        " empty: not known.",
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


RIGHT_USES = (
    column("agent_id", TEXT, "Agent."),
    column("log_source", TEXT, "Log."),
    column("action", TEXT, "Action, as the log names it."),
    column("granted", TEXT, "The same as entitlements name it, such as iam:createaccesskey."),
    column(
        "covered",
        FLAG,
        "An entitlement of the agent covers it; FALSE: none does; empty: log and entitlements"
        " cannot be compared.",
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


DELEGATIONS = (
    column("session_id", TEXT, "Session; empty: the events name none."),
    column("agent_id", TEXT, "Actor that acted in it."),
    column("depth", INT, "Hops up to who stands behind it."),
    column("root_id", TEXT, "Who stands behind it, as far as the chain goes."),
    column(
        "root_kind",
        TEXT,
        "human | schedule | agent | service_account | workload; human without root_id: a person who"
        " is not named; empty: unknown.",
    ),
    column(
        "root_active",
        FLAG,
        "That actor, or the owner of what runs by schedule, is active (a person: was, at the last"
        " of the events); empty: not known.",
    ),
    column(
        "broken",
        TEXT,
        "Why the chain does not hold: circle, too_long (over 32 sessions), no_parent (one was not"
        " supplied), stranger (in no register), no_actor, unnamed_agent; empty: it holds.",
    ),
    column("broken_at", TEXT, "The session or actor at which it does not hold."),
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
    column("first_kind", TEXT, "tool | destination: of the first of them, changing ones first."),
    column("first_name", TEXT, "Its name."),
    column("first_tool", TEXT, "Of a destination, the tool that reached it."),
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

DEAD_LOGS = (
    column("actor_id", TEXT, "Actor."),
    column(
        "log_source",
        TEXT,
        "The log that did not deliver; empty: none is declared for it and none shows it.",
    ),
)


RUN = (
    column("as_of", TIME, "The date the report speaks for."),
    column("period_from", TIME, "Start of the period."),
    column("period_to", TIME, "End of the period, not included."),
)

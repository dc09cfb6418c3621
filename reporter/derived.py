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
    column("oldest_at", TIME, "Oldest event supplied, of any period."),
    column("n_supplied", INT, "Events supplied, of any period, heartbeats too."),
    column("n_with_ingest", INT, "Events that tell when the log received them."),
    column("n_late_clock", INT, "Of them dated over two minutes after they were received."),
    column("median_delay_seconds", INT, "Half of them were received within so many."),
    column("p95_delay_seconds", INT, "95 of 100 were received within so many."),
    column(
        "n_out_of_order",
        INT,
        "Of them received after one that happened over two minutes later.",
    ),
)

SECRET_TRACES = (
    column("actor_id", TEXT, "Actor whose event or record it is."),
    column("place", TEXT, "events, configuration, or the list: actors, grants ..."),
    column("in_window", FLAG, "Events: inside the period; lists: always."),
    column("n_records", INT, "Records that held one; of a list, at least."),
    column("first_ref", TEXT, "file#record of the first."),
)

VALID_EXCEPTIONS = (
    column("exception_id", TEXT, "Id."),
    column("actor_id", TEXT, "Whom it is for; empty: all."),
    column("check_id", TEXT, "Check it is for; empty: any."),
    column("item", TEXT, "Credential, right or tool it is for; empty: all."),
    column("ends_at", TIME, "Until."),
    column("ref", TEXT, "file#record."),
)

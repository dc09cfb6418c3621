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

SECRET_TRACES = (
    column("actor_id", TEXT, "Actor whose event or record it is."),
    column("place", TEXT, "events, configuration, or the list: actors, grants ..."),
    column("in_window", FLAG, "Events: inside the period; lists: always."),
    column("n_records", INT, "Records that held one; of a list, at least."),
    column("first_ref", TEXT, "file#record of the first."),
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

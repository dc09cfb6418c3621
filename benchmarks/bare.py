"""The yardstick: DuckDB alone turns the event file into Parquet, columns declared. usage: bare.py FILE OUT.parquet"""

import sys

import duckdb

COLUMNS = {
    "event_id": "VARCHAR", "time": "TIMESTAMP", "ingested_at": "TIMESTAMP", "log_source": "VARCHAR",
    "actor_id": "VARCHAR", "actor_kind": "VARCHAR", "credential_id": "VARCHAR", "session_id": "VARCHAR",
    "event_class": "VARCHAR", "action": "VARCHAR", "tool": "VARCHAR", "effect": "VARCHAR",
    "resource": "VARCHAR", "environment": "VARCHAR", "source_ip": "VARCHAR", "approval_id": "VARCHAR",
    "outcome": "VARCHAR",
}  # fmt: skip
spec = ", ".join(f"'{n}': '{t}'" for n, t in COLUMNS.items())
duckdb.execute(
    f"COPY (SELECT * FROM read_json('{sys.argv[1]}', format='newline_delimited', columns={{{spec}}})) "
    f"TO '{sys.argv[2]}' (FORMAT parquet, COMPRESSION zstd)"
)

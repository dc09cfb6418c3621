"""The yardstick: DuckDB alone turns the logs into Parquet, columns declared. usage: bare.py INPUT OUT.parquet

INPUT is an event file of generate.py, or a folder of CloudTrail files as delivered, of cloudtrail.py.
"""

import sys
from pathlib import Path

import duckdb

COLUMNS = {
    "event_id": "VARCHAR", "time": "TIMESTAMP", "ingested_at": "TIMESTAMP", "log_source": "VARCHAR",
    "actor_id": "VARCHAR", "actor_kind": "VARCHAR", "credential_id": "VARCHAR", "session_id": "VARCHAR",
    "event_class": "VARCHAR", "action": "VARCHAR", "tool": "VARCHAR", "effect": "VARCHAR",
    "resource": "VARCHAR", "environment": "VARCHAR", "source_ip": "VARCHAR", "approval_id": "VARCHAR",
    "outcome": "VARCHAR",
}  # fmt: skip
IDENTITY = (
    "STRUCT(type VARCHAR, principalId VARCHAR, arn VARCHAR, accountId VARCHAR, accessKeyId VARCHAR, userName VARCHAR,"
    " invokedBy VARCHAR, sessionContext STRUCT(sessionIssuer STRUCT(type VARCHAR, principalId VARCHAR, arn VARCHAR,"
    " accountId VARCHAR, userName VARCHAR), attributes STRUCT(creationDate TIMESTAMP, mfaAuthenticated VARCHAR)))"
)
RECORD = {
    "eventVersion": "VARCHAR", "userIdentity": IDENTITY, "eventTime": "TIMESTAMP", "eventSource": "VARCHAR",
    "eventName": "VARCHAR", "awsRegion": "VARCHAR", "sourceIPAddress": "VARCHAR", "userAgent": "VARCHAR",
    "errorCode": "VARCHAR", "errorMessage": "VARCHAR", "requestParameters": "JSON", "responseElements": "JSON",
    "requestID": "VARCHAR", "eventID": "VARCHAR", "readOnly": "BOOLEAN", "resources": "JSON",
    "eventType": "VARCHAR", "managementEvent": "BOOLEAN", "recipientAccountId": "VARCHAR", "eventCategory": "VARCHAR",
}  # fmt: skip


def of_events(path: Path) -> str:
    """SQL: the lines of an event file."""
    spec = ", ".join(f"'{n}': '{t}'" for n, t in COLUMNS.items())
    return f"SELECT * FROM read_json('{path}', format='newline_delimited', columns={{{spec}}})"


def of_cloudtrail(folder: Path) -> str:
    """SQL: the records of every file below a folder."""
    spec = ", ".join(f"{n} {t}" for n, t in RECORD.items())
    read = f"read_json('{folder}/**/*.json.gz', columns={{Records: 'STRUCT({spec})[]'}}, maximum_object_size=67108864)"
    return f"SELECT unnest(Records, recursive := FALSE) AS r FROM {read}"


if __name__ == "__main__":
    given, target = Path(sys.argv[1]), sys.argv[2]
    rows = of_cloudtrail(given) if given.is_dir() else of_events(given)
    duckdb.execute(f"COPY ({rows}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")

"""Records of vendors inside the envelopes of log stores: the same rows as without, line by line."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_sources import Ingest, Taken, _take, ingest

from reporter.ingest.exports.envelopes import Cut, envelope_of, nested, unwrapped
from reporter.ingest.exports.pages import is_empty_answer

pytestmark = pytest.mark.slow

__all__ = ["ingest"]
Records = list[dict[str, Any]]
STAMP = "2026-09-01T08:00:00Z"


def _lines(values: list[Any]) -> str:
    return "".join(json.dumps(v) + "\n" for v in values)


def _csv(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _splunk_result(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "_raw": json.dumps(record),
        "_time": STAMP,
        "_indextime": "1788249601",
        "sourcetype": "any:json",
    }


def _hit(record: dict[str, Any]) -> dict[str, Any]:
    return {"_index": "logs", "_id": "x", "_source": _shipped(record)}


def _shipped(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "@timestamp": STAMP,
        "event": {"original": json.dumps(record), "ingested": "2026-09-01T08:00:01.000Z"},
        "agent": {"type": "filebeat"},
    }


def _log_event(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "timestamp": 1788249600000,
        "message": json.dumps(record),
        "ingestionTime": 1788249601000,
    }


def _table(records: Records) -> dict[str, Any]:
    names = sorted({k for r in records for k in r})
    cells = [
        [json.dumps(v) if isinstance(v := r.get(n), dict | list) else v for n in names]
        for r in records
    ]
    return {
        "tables": [
            {"name": "PrimaryResult", "columns": [{"name": n} for n in names], "rows": cells}
        ]
    }


def _datadog(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "x",
        "type": "log",
        "attributes": {"timestamp": STAMP, "attributes": record, "tags": []},
    }


def _collected(record: dict[str, Any]) -> dict[str, Any]:
    """Return a row of aws_cloudtrail_trail_event or okta_system_log."""
    if "eventName" in record:
        return {
            "log_group_name": "trail",
            "event_name": record["eventName"],
            "timestamp": STAMP,
            "cloudtrail_event": record,
        }
    names = {"uuid": "log_event_id", "published": "log_event_time", "eventType": "log_event_type"}
    row = {names.get(k, k): v for k, v in record.items()}
    return {**row, "log_actor_id": "00u1", "legacy_event_type": None, "debug_context": None}


def _steampipe(records: Records) -> dict[str, Any]:
    rows = [*map(_collected, records)]
    return {"columns": [{"name": n, "data_type": "text"} for n in rows[0]], "rows": rows}


def _steampipe_csv(records: Records) -> str:
    rows = [
        {
            k: json.dumps(v) if isinstance(v, dict | list) else "<null>" if v is None else v
            for k, v in _collected(r).items()
        }
        for r in records
    ]
    return _csv(rows)


WRAPPED: dict[str, tuple[str, Callable[[Records], str]]] = {
    "splunk export": ("json", lambda r: _lines([{"preview": False, "result": _splunk_result(x)} for x in r])),
    "splunk results": ("json", lambda r: json.dumps({"preview": False, "results": [*map(_splunk_result, r)]})),
    "splunk results, indented": ("json", lambda r: json.dumps({"preview": False, "results": [*map(_splunk_result, r)]}, indent=2)),
    "splunk csv": ("csv", lambda r: _csv([*map(_splunk_result, r)])),
    "splunk list": ("json", lambda r: json.dumps([*map(_splunk_result, r)])),
    "elastic answer": ("json", lambda r: json.dumps({"took": 3, "hits": {"total": {"value": len(r)}, "hits": [*map(_hit, r)]}})),
    "elastic dump": ("json", lambda r: _lines([*map(_hit, r)])),
    "filebeat": ("json", lambda r: _lines([*map(_shipped, r)])),
    "logstash": ("json", lambda r: _lines([{"@timestamp": STAMP, "@version": "1", "message": json.dumps(x)} for x in r])),
    "docker": ("json", lambda r: _lines([{"log": json.dumps(x) + "\n", "stream": "stdout", "time": STAMP} for x in r])),
    "cloudwatch": ("json", lambda r: json.dumps({"events": [*map(_log_event, r)], "searchedLogStreams": []})),
    "cloudwatch insights": ("json", lambda r: json.dumps({"results": [[{"field": "@ptr", "value": "p"}, {"field": "@message", "value": json.dumps(x)}, {"field": "@ingestionTime", "value": "2026-09-01 08:00:01.000"}] for x in r], "status": "Complete"})),
    "cloudwatch subscription": ("json", lambda r: _lines([{"messageType": "DATA_MESSAGE", "logGroup": "g", "logEvents": [_log_event(x)]} for x in r])),
    "cloudwatch bucket": ("log", lambda r: "".join(f"{STAMP} {json.dumps(x)}\n" for x in r)),
    "syslog": ("log", lambda r: "".join(f"<134>1 {STAMP} host app - - - {json.dumps(x)}\n" for x in r)),
    "old syslog": ("log", lambda r: "".join(f"Sep  1 08:00:00 host app[7]: {json.dumps(x)}\n" for x in r)),
    "kubelet": ("log", lambda r: "".join(f"{STAMP} stdout F {json.dumps(x)}\n" for x in r)),
    "log analytics": ("json", lambda r: json.dumps(_table(r))),
    "datadog": ("json", lambda r: json.dumps({"data": [*map(_datadog, r)], "meta": {}})),
    "steampipe": ("json", lambda r: json.dumps(_steampipe(r), indent=1)),
    "older steampipe": ("json", lambda r: json.dumps([*map(_collected, r)], indent=1)),
    "steampipe csv": ("csv", _steampipe_csv),
    "sumo": ("json", lambda r: json.dumps({"fields": [], "messages": [{"map": {"_raw": json.dumps(x), "_receipttime": 1788249601000}} for x in r]})),
    "loki": ("json", lambda r: json.dumps({"status": "success", "data": {"resultType": "streams", "result": [{"stream": {"app": "a"}, "values": [["1788249600000000000", json.dumps(x)] for x in r]}]}})),
    "panther": ("json", lambda r: _lines([{**x, "p_log_type": "Any.Log", "p_parse_time": "2026-09-01 08:00:01.000"} for x in r])),
    "cloud logging": ("json", lambda r: _lines([{"logName": "projects/p/logs/x", "jsonPayload": x, "timestamp": STAMP} for x in r])),
    "elastic around splunk": ("json", lambda r: _lines([{"_index": "i", "_source": {"message": json.dumps({"result": _splunk_result(x)})}} for x in r])),
}  # fmt: skip


def _trail(event: str, name: str, error: str = "") -> dict[str, Any]:
    return {
        "eventVersion": "1.11",
        "eventTime": "2026-09-01T08:00:05Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": name,
        "eventID": event,
        "awsRegion": "eu-central-1",
        "userIdentity": {
            "type": "AssumedRole",
            "arn": "arn:aws:sts::111122223333:assumed-role/invoices/run-1",
            "accountId": "111122223333",
        },
        "resources": [{"ARN": "arn:aws:s3:::invoices", "type": "AWS::S3::Bucket"}],
        "requestParameters": {"bucketName": "invoices"},
        "responseElements": None,
        **({"errorCode": error} if error else {}),
    }


def _okta(event: str, kind: str, result: str) -> dict[str, Any]:
    return {
        "uuid": event,
        "published": "2026-09-01T08:01:00.000Z",
        "eventType": kind,
        "actor": {"id": "00u1", "type": "User", "alternateId": "kim@example.com"},
        "client": {"ipAddress": "192.0.2.7"},
        "outcome": {"result": result},
        "target": [{"id": "0oa1", "type": "AppInstance", "displayName": "Ledger"}],
    }


def _github(event: str, action: str) -> dict[str, Any]:
    return {
        "@timestamp": 1788249600000,
        "_document_id": event,
        "action": action,
        "actor": "kim-example",
        "org": "example",
        "repo": "example/invoices",
        "created_at": 1788249600000,
    }


def _records(vendor: str, mark: str) -> Records:
    return {
        "aws-cloudtrail": [_trail(f"{mark}-1", "GetObject"), _trail(f"{mark}-2", "PutObject", "AccessDenied")],
        "okta-system-log": [_okta(f"{mark}-1", "user.session.start", "SUCCESS"), _okta(f"{mark}-2", "application.lifecycle.update", "FAILURE")],
        "github-audit": [_github(f"{mark}-1", "repo.create"), _github(f"{mark}-2", "hook.create")],
    }[vendor]  # fmt: skip


WITH_RECEIPT = {
    "splunk export", "splunk results", "splunk results, indented", "splunk csv", "splunk list", "elastic answer",
    "elastic dump", "filebeat", "cloudwatch", "cloudwatch insights", "cloudwatch subscription", "sumo", "panther",
    "elastic around splunk",
}  # fmt: skip
"""Envelopes that say when the log store received a record."""
KNOWN_WHOLE = {("aws-cloudtrail", "cloudwatch"), ("aws-cloudtrail", "cloudwatch subscription"),
               ("aws-cloudtrail", "panther"), ("github-audit", "panther")}  # fmt: skip
"""Sources that read such records as they are, and not when they were received."""
VENDORS = ("aws-cloudtrail", "okta-system-log", "github-audit")
CASES = [
    (vendor, name)
    for vendor in VENDORS
    for name in WRAPPED
    # The table of GitHub's log keeps GitHub's names: there is no envelope.
    if not (vendor == "github-audit" and "steampipe" in name)
]


def _name(vendor: str, wrapped: str) -> str:
    return f"{vendor}-{wrapped.replace(' ', '-').replace(',', '')}"


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Taken, Taken]:
    """Return what became of all wrapped records, and of the same ones bare."""
    folders = [tmp_path_factory.mktemp(n) for n in ("wrapped", "bare")]
    for vendor, wrapped in CASES:
        name = _name(vendor, wrapped)
        records = _records(vendor, name)
        suffix, wrap = WRAPPED[wrapped]
        (folders[0] / f"{name}.{suffix}").write_text(wrap(records), encoding="utf-8")
        (folders[1] / f"{name}.jsonl").write_text(_lines(records), encoding="utf-8")
    wrapped_files, bare_files = (_take(f, tmp_path_factory.mktemp("place")) for f in folders)
    return wrapped_files, bare_files


def _rows(taken: Taken, name: str) -> list[dict[str, Any]]:
    return [
        {k: v for k, v in row.items() if k != "file"}
        for row in taken.rows["events"]
        if row["file"].startswith(f"logs/{name}.")
    ]


@pytest.mark.parametrize(("vendor", "wrapped"), CASES)
def test_a_wrapped_record_gives_the_row_of_a_bare_one(
    vendor: str, wrapped: str, taken: tuple[Taken, Taken]
) -> None:
    name = _name(vendor, wrapped)
    (file,) = [f for f in taken[0].intake.files if f.file.startswith(f"logs/{name}.")]
    assert (file.source, file.read, file.kept) == (vendor, 2, 2)
    shift = 1 if WRAPPED[wrapped][0] == "csv" else 0  # the headings are line 1
    expected = [{**row, "record": row["record"] + shift} for row in _rows(taken[1], name)]
    if wrapped in WITH_RECEIPT and (vendor, wrapped) not in KNOWN_WHOLE:
        expected = [row | {"ingested_at": "2026-09-01T08:00:01"} for row in expected]
    assert len(expected) == 2
    assert _rows(taken[0], name) == expected


@pytest.mark.parametrize(
    "record",
    [
        {
            "id": "Directory_1",
            "activityDateTime": STAMP,
            "activityDisplayName": "Add member to role",
            "correlationId": "c-1",
            "loggedByService": "Core Directory",
            "result": "success",
            "initiatedBy": {"user": {"id": "u-1", "userPrincipalName": "kim@example.com"}},
            "targetResources": [
                {"id": "sp-1", "type": "ServicePrincipal", "modifiedProperties": []}
            ],
        },
        {
            "id": "s-1",
            "createdDateTime": STAMP,
            "userId": "u-1",
            "userPrincipalName": "kim@example.com",
            "appId": "a-1",
            "conditionalAccessStatus": "success",
            "status": {"errorCode": 50126},
        },
    ],
)
def test_rows_of_entra_s_logs_in_steampipe_are_read_as_the_logs_are(
    record: dict[str, Any], tmp_path: Path
) -> None:
    row = {re.sub("([A-Z])", r"_\1", k).lower(): v for k, v in record.items()} | {"tenant_id": "t"}
    made = []
    for name, value in (("bare", record), ("row", row)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "log.json").write_text(json.dumps([value]), encoding="utf-8")
        (tmp_path / f"{name}-place").mkdir()
        made.append(_take(tmp_path / name, tmp_path / f"{name}-place").rows)
    assert made[0]["events"] and made[0] == made[1]


def test_lines_that_are_no_record_are_counted_beside_those_that_are(
    tmp_path: Path, ingest: Ingest
) -> None:
    events = [
        {"timestamp": 1, "message": m}
        for m in ("START RequestId: 7", json.dumps(_trail("a", "GetObject")), "END")
    ]
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "log.json").write_text(json.dumps({"events": events}), encoding="utf-8")
    (file,) = ingest(tmp_path / "given").intake.files
    assert (file.read, file.kept, file.out_of_scope) == (3, 1, 2)


def test_records_that_no_source_knows_are_counted_one_by_one_and_the_envelope_named(
    tmp_path: Path, ingest: Ingest
) -> None:
    results = [_splunk_result({"level": "INFO", "n": n}) for n in range(3)]
    (tmp_path / "given").mkdir()
    text = json.dumps({"preview": False, "results": results})
    (tmp_path / "given" / "log.json").write_text(text, encoding="utf-8")
    (file,) = ingest(tmp_path / "given").intake.files
    assert (file.source, file.read, file.unreadable) == ("", 3, 3)
    assert str(file.why).endswith("in results of Splunk")


@pytest.mark.parametrize(
    "value",
    [
        {"message": "not a record"},
        {"data": [{"type": "log", "attributes": {"name": "no time"}}]},
        {"results": [{"id": 1}]},
        {"events": [{"name": "no message"}]},
        {"tables": ["a", "b"]},
        {"hits": 3},
        {"columns": [{"name": "a"}], "rows": [{"a": 1}]},
        {"created_date_time": STAMP, "status": "enabled", "id": "u-1"},
        {"detail": {"a": 1}},
        {"a.b": 1, "c.d": 2},
        {"log": {"level": "info"}},
        [],
        None,
        "text",
    ],
)
def test_what_is_no_envelope_stays_as_it_is(value: Any) -> None:
    assert envelope_of([value]) == ""
    assert [*unwrapped(value)] == (value if isinstance(value, list) else [value])


CUT = json.dumps({"eventSource": "s3.amazonaws.com", "eventName": "GetObject"})[:40]
CUTS: dict[str, dict[str, Any]] = {
    "Splunk": {"result": {"_raw": CUT, "_time": STAMP, "sourcetype": "aws"}},
    "Splunk, with fields": {"_raw": CUT, "eventName": "GetObject"},
    "Elasticsearch": {"_index": "i", "_source": {"event": {"original": CUT}, "@timestamp": STAMP}},
    "Logstash": {"@timestamp": STAMP, "@version": "1", "message": CUT},
    "Docker": {"log": CUT, "stream": "stdout", "time": STAMP},
    "CloudWatch": {"events": [{"timestamp": 1788249600000, "message": CUT}]},
    "Logs Insights": {"results": [[{"field": "@message", "value": CUT}]]},
    "Loki": {"data": {"result": [{"stream": {}, "values": [["1", CUT]]}]}},
    "Datadog": {"id": "x", "type": "log", "attributes": {"timestamp": STAMP, "message": CUT}},
}  # fmt: skip


@pytest.mark.parametrize("value", CUTS.values(), ids=CUTS)
def test_a_record_that_was_cut_off_in_its_envelope_is_no_record(value: dict[str, Any]) -> None:
    assert [type(r) for r in unwrapped(value)] == [Cut]


def test_what_is_cut_is_unreadable_and_costs_no_other_record(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    whole = [*map(_splunk_result, [_trail("cut-1", "GetObject"), _trail("cut-2", "PutObject")])]
    rows = [*whole, {**whole[0], "_raw": whole[0]["_raw"][:200]}]
    (folder / "cut.csv").write_text(_csv(rows), encoding="utf-8")
    taken = _take(folder, tmp_path / "place")
    (file,) = taken.intake.files
    assert (file.source, file.read, file.kept, file.unreadable) == ("aws-cloudtrail", 3, 2, 1)


def test_a_row_that_a_source_knows_by_its_headings_is_opened_where_it_could_use_none(
    tmp_path: Path,
) -> None:
    """The portal's CSV of Log Analytics writes the zone into the headings, and times in its own way."""
    folder = tmp_path / "files"
    folder.mkdir()
    row = {
        "TimeGenerated [UTC]": "9/1/2026, 8:15:00.000 AM", "OperationName": "Sign-in activity", "ResultType": "0",
        "Category": "ServicePrincipalSignInLogs", "CorrelationId": "c1", "AppId": "app-1", "Id": "row-1",
        "ServicePrincipalId": "sp-1", "ResourceDisplayName": "Graph", "Type": "AADServicePrincipalSignInLogs",
    }  # fmt: skip
    (folder / "query_data.csv").write_text(_csv([row]), encoding="utf-8")
    taken = _take(folder, tmp_path / "place")
    (file,) = taken.intake.files
    assert (file.source, file.read, file.kept) == ("entra-logs", 1, 1)
    assert taken.rows["events"][0]["occurred_at"] == "2026-09-01T08:15:00"


def test_a_message_of_a_program_that_looks_like_json_is_left_alone() -> None:
    value = {"id": 1, "message": '{"half'}
    assert [*unwrapped(value)] == [value]


@pytest.mark.parametrize(
    ("value", "is_empty"),
    [
        ([], True),
        ({"@odata.context": "x#users", "value": []}, True),
        ({"Roles": [], "IsTruncated": False}, True),
        ({"apiVersion": "v1", "items": [], "kind": "List", "metadata": {"resourceVersion": ""}}, True),
        ({}, False),
        ({"actor_id": "a1", "tools": []}, False),
        ({"kind": "agent", "tools": []}, False),
        ({"value": [], "other": [1]}, False),
    ],
)  # fmt: skip
def test_an_answer_without_records_is_no_unreadable_record(value: Any, is_empty: bool) -> None:
    assert is_empty_answer(value) == is_empty


def test_headings_that_are_paths_become_one_record() -> None:
    row = {
        "a.b.c": "1",
        "a.b.d": '{"e": 2}',
        "l{}.x": "y",
        "plain": "z",
        "a": "shadow",
        "empty.p.q": "",
    }
    assert nested(row) == {
        "a": {"b": {"c": "1", "d": {"e": 2}}, "": "shadow"},
        "l": {"x": "y"},
        "plain": "z",
    }


CELLS = [{"field": "a.b", "value": "1"}]
ODD: dict[str, tuple[dict[str, Any], int]] = {
    "a row of Splunk that is a number": ({"preview": False, "fields": ["a"], "rows": [["x"], 1]}, 2),
    "columns of Splunk that are none": ({"preview": False, "fields": ["a"], "columns": [1]}, 1),
    "a row of Log Analytics that is none": ({"columns": [{"name": "a"}], "rows": [*[["x"]] * 3, None]}, 4),
    "a row of Logs Insights that is none": ({"results": [*[CELLS] * 3, None]}, 4),
    "a cell of Logs Insights without a field": ({"results": [*[CELLS] * 3, [{"x": 1}]]}, 4),
    "a cell of CloudTrail Lake that is a number": ({"QueryResultRows": [[{"a": 1}], [1]]}, 2),
    "a stream of Loki that is none": ({"data": {"result": [{"stream": {}, "values": [["1", "x"]]}, None]}}, 2),
    "who called is empty in Elastic": (
        {"@timestamp": "x", "ecs": {}, "gcp": {"audit": {"type": "a", "authentication_info": None}}}, 1),
    "who called is a list in Elastic": (
        {"@timestamp": "x", "ecs": {}, "gcp": {"audit": {"type": "a", "authentication_info": [1]}}}, 1),
    "a key of Elastic that looks like a number": (
        {"@timestamp": "x", "ecs": {}, "gcp": {"audit": {"type": "a", "authentication_info": {"\u00b2": 1}}}}, 1),
}  # fmt: skip
"""Values that begin like an export and go on otherwise, and how many records they are."""


@pytest.mark.parametrize("claim", ODD)
def test_what_an_export_never_holds_is_a_record_and_stops_nothing(claim: str) -> None:
    value, n = ODD[claim]
    assert envelope_of([value]) or n == 1
    items = [
        record
        for item in unwrapped(value)
        for record in (item if isinstance(item, list) else [item])
    ]
    assert len(items) == n


def test_envelopes_in_one_another_end() -> None:
    value: Any = {"x": 1}
    for _ in range(50):
        value = (
            {"message": json.dumps(value)}
            if len(json.dumps(value)) < 1000
            else {"_raw": "x", "v": value}
        )
    assert len([*unwrapped(value)]) == 1

"""What log stores put around the records of vendors. In: values as read. Out: the records in them.

A log store exports a vendor's record inside one of its own; it is taken out before anything
recognises it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any

from reporter.i18n.translate import mark
from reporter.ingest.exports.elastic_documents import vendor_record

MOST_DEEP = 6
"""Envelopes in one another that are opened: an event in Filebeat's in Elasticsearch's in a page."""
_SURE_FIELDS = ("_raw", "event.original", "@message", "full_message")
_TEXT_FIELDS = (*_SURE_FIELDS, "message", "log", "Message", "Content")
"""Fields that hold a record as text, the surest first."""
_STAMPS = frozenset(("@timestamp", "timestamp", "ingestionTime", "stream", "time", "Date"))
"""Fields beside a text that show that a log store or shipper wrote it."""
_JSON = re.compile(r'\s*(\{\s*["}]|\[\s*[{\]])')
_STAMPED = re.compile(
    r"(<[0-9]{1,3}>|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]|[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:)"
    r"[^{}]{0,400}?(?=\{)"
)
"""What syslog, a container runtime or a bucket of CloudWatch writes before a record."""
RECEIVED = "reporter_received_at"
"""The field in which a record has the time when a log store received it."""
_RECEIPTS = ("_indextime", "_receipttime", "ingestionTime", "@ingestionTime", "p_parse_time")
"""Fields of Splunk, Sumo Logic, CloudWatch Logs and Panther; Elasticsearch has event.ingested."""
_MILLISECONDS_FROM = 1e11
_DAY, _ZONE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]"), re.compile(r"(Z|[+-][0-9:]{4,5})$")
_ZONED = " [UTC]"
_DATED = re.compile(
    r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}), ([0-9]{1,2}):([0-9]{2}):([0-9.]+) ([AP]M)"
)

_LOG_COLUMNS = (
    {"log_event_type", "log_event_time", "actor"},
    {"activity_date_time", "activity_display_name", "target_resources"},
    {"created_date_time", "status", "conditional_access_status"},
)
"""Columns that Steampipe's okta_system_log, azuread_directory_audit_report and
azuread_sign_in_report have, and none of its other tables."""
_LOG_NAMES = {"log_event_id": "uuid", "log_event_time": "published", "log_event_type": "eventType"}
_NO_VALUES = (None, "", "<null>", "<nil>")
"""How the versions of Steampipe write that a cell is empty."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What an envelope holds in place of a record: it begins like JSON, and is none."""

    text: str


Opener = Callable[[dict[str, Any]], "list[Any] | None"]


def is_certain(label: str) -> bool:
    """Tell whether an envelope is one even where no source knows what is in it."""
    return label not in _PERHAPS


def envelope_of(values: Iterable[Any]) -> str:
    """Name the envelope around most of some values; '' where there is none."""
    labels: list[str] = []
    for value in values:
        for item in value[:3] if isinstance(value, list) else [value]:
            labels.append(_opened(item)[0])
    best = max(labels, key=labels.count, default="")
    return best if best and 2 * labels.count(best) >= len(labels) else ""


def unwrapped(value: Any, depth: int = MOST_DEEP, received: str = "") -> Iterator[Any]:
    """Yield the innermost records of a value; a value without an envelope is itself one. In place
    of one that was cut off stands `Cut`.

    Where an envelope says when the log store received the record, the record has it as `RECEIVED`;
    of several the innermost, which was there first.
    """
    if isinstance(value, list):
        for item in value:
            yield from unwrapped(item, depth, received)
        return
    _, inner = _opened(value) if depth else ("", None)
    if inner is None:
        yield {**value, RECEIVED: received} if received and isinstance(value, dict) else value
        return
    received = _receipt(value) or received
    for item in inner:
        yield from unwrapped(item, depth - 1, received)


def _receipt(envelope: dict[str, Any]) -> str:
    """Return when a log store received what is in an envelope, in UTC; '' where it is not told."""
    event = envelope.get("event")
    ingested = event.get("ingested") if isinstance(event, dict) else None
    told: Any = next((envelope[name] for name in _RECEIPTS if name in envelope), ingested)
    try:
        seconds = float(told) / (1000 if float(told) > _MILLISECONDS_FROM else 1)
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (TypeError, ValueError, OverflowError, OSError):
        pass
    text = told if isinstance(told, str) and _DAY.match(told) else ""
    return text + "Z" if text and not _ZONE.search(text) else text


def after_stamp(text: str) -> str:
    """Return what stands behind the time and host before a record; the text where nothing does."""
    match = _STAMPED.match(text)
    return text[match.end() :] if match else text


def _opened(value: Any) -> tuple[str, list[Any] | None]:
    """Name the envelope of a value, and return what is in it; ('', None) where it is none."""
    if not isinstance(value, dict):
        return "", None
    for label, opener in _OPENERS:
        if (inner := opener(value)) is not None:
            return label, inner
    return "", None


def _splunk(value: dict[str, Any]) -> list[Any] | None:
    result, results = value.get("result"), value.get("results")
    if isinstance(result, dict) and value.keys() <= {"preview", "offset", "lastrow", "result"}:
        return [_of_a_result(result)]
    if "preview" in value and isinstance(results, list):
        return [_of_a_result(r) for r in results]
    fields = [f.get("name") if isinstance(f, dict) else f for f in _list(value.get("fields"))]
    if "preview" in value and fields and isinstance(value.get("rows"), list):
        return [_of_a_result(row) for row in _table(fields, value["rows"])]
    columns = _list(value.get("columns"))
    if "preview" in value and fields and columns and all(isinstance(c, list) for c in columns):
        return [_of_a_result(row) for row in _table(fields, zip_longest(*columns))]
    if isinstance(results, list) and results and _is_raw(results[0]):
        return results
    if not _is_raw(value):
        return None
    record = _parsed(value["_raw"])
    return [_of_a_result(value) if record is None else record]


def _is_raw(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("_raw"), str)


def _of_a_result(result: Any) -> Any:
    """Return a Splunk result with a raw record, which is opened next, or else its fields."""
    if not isinstance(result, dict) or _parsed(result.get("_raw")) is not None:
        return result
    fields = {k: v for k, v in result.items() if k != "_raw"}
    return nested(fields) or result


def _elastic(value: dict[str, Any]) -> list[Any] | None:
    hits = value.get("hits")
    if isinstance(hits, dict) and isinstance(hits.get("hits"), list):
        return list(hits["hits"])
    source = value.get("_source")
    if isinstance(source, dict) and ("_index" in value or "_id" in value):
        return [nested(source) or source]
    return None


def _shipped(value: dict[str, Any]) -> list[Any] | None:
    """Open what Filebeat, Logstash and their kind write: a record as text, or under its vendor."""
    event = value.get("event")
    original = event.get("original") if isinstance(event, dict) else None
    if (record := _parsed(original)) is not None:
        return [record]
    vendor = value.get("aws")
    trail = vendor.get("cloudtrail") if isinstance(vendor, dict) else None
    if isinstance(trail, dict) and "eventName" in trail and "eventSource" in trail:
        return [trail]
    if (kept := vendor_record(value)) is not None:
        return [kept]
    for name in _TEXT_FIELDS:
        record = _parsed(value.get(name))
        is_sure = not isinstance(record, Cut) or name in _SURE_FIELDS or value.keys() & _STAMPS
        if record is not None and is_sure:
            return [record]
    return None


def _cloudwatch(value: dict[str, Any]) -> list[Any] | None:
    if value.get("messageType") in ("DATA_MESSAGE", "CONTROL_MESSAGE") and "logEvents" in value:
        return list(_list(value["logEvents"]))
    events, results = value.get("events"), value.get("results")
    if isinstance(events, list) and events and all(map(_is_log_event, events[:3])):
        return events
    if isinstance(results, list) and results and all(map(_is_insight, results[:3])):
        return [_insight(row) for row in results]
    lake = value.get("QueryResultRows")
    if isinstance(lake, list):
        return [
            {k: v for cell in row for k, v in cell.items()} if _is_lake_row(row) else row
            for row in lake
        ]
    return None


def _is_log_event(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("message"), str)
        and isinstance(value.get("timestamp"), int)
    )


def _is_lake_row(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(cell, dict) for cell in value)


def _is_insight(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(c, dict) and {"field", "value"} <= c.keys() for c in value
    )


def _insight(row: Any) -> Any:
    if not _is_insight(row):
        return row
    cells = {str(c["field"]): c["value"] for c in row}
    return cells if "@message" in cells else nested(cells) or cells


def _log_analytics(value: dict[str, Any]) -> list[Any] | None:
    tables = value.get("tables", value.get("Tables"))
    if isinstance(tables, list) and tables and all(map(_is_table, tables)):
        return [row for table in tables for row in _table_rows(table)]
    return _table_rows(value) if _is_table(value) else None


def _is_table(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    columns = value.get("columns", value.get("Columns"))
    rows = value.get("rows", value.get("Rows"))
    return (
        isinstance(columns, list)
        and isinstance(rows, list)
        and all(isinstance(r, list) for r in rows[:3])
        and all(_column_name(c) for c in columns)
    )


def _column_name(column: Any) -> str:
    if isinstance(column, dict):
        column = next((column[k] for k in ("name", "ColumnName", "Name") if k in column), "")
    return column if isinstance(column, str) else ""


def _table_rows(table: dict[str, Any]) -> list[Any]:
    columns = _list(table.get("columns", table.get("Columns")))
    rows = _list(table.get("rows", table.get("Rows")))
    return [
        {k: _decoded(v) for k, v in row.items()} if isinstance(row, dict) else row
        for row in _table(map(_column_name, columns), rows)
    ]


def _collected(value: dict[str, Any]) -> list[Any] | None:
    """Open rows of the tables of logs of Steampipe: they get the vendor's names back."""
    rows = value.get("rows") if "columns" in value else [value]
    records = [_of_a_row(row) for row in _list(rows)]
    return records if records and None not in records else None


def _of_a_row(row: Any) -> dict[str, Any] | None:
    if not isinstance(row, dict):
        return None
    event = _decoded(row.get("cloudtrail_event", row.get("cloud_trail_event")))
    if isinstance(event, dict) and "eventName" in event:
        return event
    if not any(row.keys() >= columns for columns in _LOG_COLUMNS):
        return None
    return {
        _LOG_NAMES.get(k) or re.sub("_(.)", lambda m: m[1].upper(), k): _decoded(v)
        for k, v in row.items()
        if v not in _NO_VALUES
    }


def _zoned(value: dict[str, Any]) -> list[Any] | None:
    """Open a row of the portal's CSV of Log Analytics, where headings say the zone of times."""
    if not any(k.endswith(_ZONED) for k in value):
        return None
    return [
        {
            k.removesuffix(_ZONED): _as_time(v) if k.endswith(_ZONED) else _decoded(v)
            for k, v in value.items()
        }
    ]


def _as_time(text: Any) -> Any:
    match = _DATED.fullmatch(text.strip()) if isinstance(text, str) else None
    if not match:
        return text
    month, day, year, hour, minute, second, half = match.groups()
    hours = int(hour) % 12 + (12 if half == "PM" else 0)
    return f"{year}-{int(month):02}-{int(day):02}T{hours:02}:{minute}:{second}Z"


def _datadog(value: dict[str, Any]) -> list[Any] | None:
    data = value.get("data")
    if isinstance(data, list) and data and all(map(_is_datadog, data[:3])):
        return data
    if _is_datadog(value):
        inner = value["attributes"]
        record = _parsed(inner.get("message"))
        attributes = inner.get("attributes")
        if record is not None:
            return [record]
        if not attributes:
            return [inner]
        told = nested(attributes) or attributes
        # The audit trail tells the time of what was done beside it.
        return [{"timestamp": inner["timestamp"], **told} if value["type"] == "audit" else told]
    if {"_id", "service", "attributes"} <= value.keys() and isinstance(value["attributes"], dict):
        record = _parsed(value.get("message"))
        return [value["attributes"] if record is None else record]
    return None


def _is_datadog(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.get("type") in ("log", "audit", "event")
        and isinstance(value.get("attributes"), dict)
        and isinstance(value["attributes"].get("attributes", {}), dict)
        and "timestamp" in value["attributes"]
    )


def _sumo(value: dict[str, Any]) -> list[Any] | None:
    messages = value.get("messages")
    if isinstance(messages, list) and messages and all(map(_is_mapped, messages[:3])):
        return [m["map"] if _is_mapped(m) else m for m in messages]
    return None


def _is_mapped(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("map"), dict)


def _loki(value: dict[str, Any]) -> list[Any] | None:
    data = value.get("data")
    streams = data.get("result") if isinstance(data, dict) else None
    if not (isinstance(streams, list) and streams and isinstance(streams[0], dict)):
        return None
    if "stream" not in streams[0]:
        return None
    return [
        {"@message": line[1]} if isinstance(line, list) and len(line) > 1 else line
        for stream in streams
        for line in (_list(stream.get("values")) if isinstance(stream, dict) else [stream])
    ]


def _notified(value: dict[str, Any]) -> list[Any] | None:
    """Open what EventBridge and SNS put around an event, and Cloud Logging around a program's."""
    if "detail-type" in value and isinstance(value.get("detail"), dict):
        return [value["detail"]]
    if (
        value.get("Type") == "Notification"
        and (record := _parsed(value.get("Message"))) is not None
    ):
        return [record]
    payload = value.get("jsonPayload")
    return [payload] if isinstance(payload, dict) and "logName" in value else None


def _renamed(value: dict[str, Any]) -> list[Any] | None:
    """Give a record of Panther its vendor's names back."""
    if "p_log_type" not in value and "p_event_time" not in value:
        return None
    return [
        {
            ("@" + k.removeprefix("at_sign_") if k.startswith("at_sign_") else k): v
            for k, v in value.items()
            if not k.startswith("p_")
        }
    ]


def _flat(value: dict[str, Any]) -> list[Any] | None:
    """Open a row whose headings are paths of one record, as Kibana and Splunk write tables."""
    record = nested(value)
    return [record] if record else None


def nested(fields: dict[str, Any]) -> dict[str, Any] | None:
    """Return fields named by paths (`userIdentity.arn`, `resources{}.ARN`) as one nested record;
    None where few are.
    """
    paths = [k for k in fields if "." in k.strip(".") and " " not in k]
    if len(paths) < 3:
        return None
    record: dict[str, Any] = {}
    for path, field in fields.items():
        if field in (None, "") and path in paths:
            continue
        *steps, last = path.replace("{}", "").split(".") if path in paths else [path]
        place = record
        for step in steps:
            below = place.setdefault(step, {})
            if not isinstance(below, dict):
                below = place[step] = {"": below}
            place = below
        below = place.get(last)
        if isinstance(below, dict):
            below[""] = field
        else:
            place[last] = _decoded(field)
    return record


def _table(columns: Iterable[Any], rows: Iterable[Any]) -> list[Any]:
    """Return rows as records; what is not a row stays what it is, and is counted as one."""
    names = [str(c) for c in columns]
    return [
        dict(zip(names, row, strict=False)) if isinstance(row, list | tuple) else row
        for row in rows
    ]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _parsed(text: Any) -> Any:
    """Return the object or list of objects that a text holds, also behind a time and a host; `Cut`
    where it only begins like one, None where it holds none.
    """
    if not isinstance(text, str):
        return None
    start = text.lstrip()
    value = _decoded(start if start[:1] in ("{", "[") else after_stamp(start))
    if isinstance(value, str):
        return Cut(text) if _JSON.match(value) else None
    return value if _is_record(value) else None


def _is_record(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)
    )


def _decoded(text: Any) -> Any:
    """Return a text that is JSON of an object or a list as that, anything else as it is."""
    if not isinstance(text, str) or text.lstrip()[:1] not in ("{", "["):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


_NOTICES, _SHIPPED = mark("notices of a cloud"), mark("records of a log shipper")
_RENAMED, _FLAT = mark("rows of Panther"), mark("rows with paths as headings")
_PERHAPS = (_NOTICES, _SHIPPED, _RENAMED, _FLAT)
_OPENERS: tuple[tuple[str, Opener], ...] = (
    (mark("results of Splunk"), _splunk),
    (mark("hits of Elasticsearch"), _elastic),
    (mark("rows of Log Analytics"), _log_analytics),
    (mark("rows of Log Analytics"), _zoned),
    (mark("rows of Steampipe"), _collected),
    (mark("logs of Datadog"), _datadog),
    (mark("messages of Sumo Logic"), _sumo),
    (mark("streams of Loki"), _loki),
    (mark("events of CloudWatch Logs"), _cloudwatch),
    (_NOTICES, _notified),
    (_RENAMED, _renamed),
    (_SHIPPED, _shipped),
    (_FLAT, _flat),
)

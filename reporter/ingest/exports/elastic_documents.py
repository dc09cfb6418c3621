"""What Elastic's integrations keep of a vendor's record. In: a document. Out: the record, or None.

Most indices do not keep event.original: the vendor's fields stand under its name, and who, what and
when under the common names.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Document = dict[str, Any]


def vendor_record(document: Document) -> Document | None:
    """Return the vendor's record of a document as the vendor writes it, so far as it is kept."""
    if "@timestamp" not in document or not document.keys() & {"ecs", "data_stream"}:
        return None
    for path, marks, rebuilt in _VENDORS:
        kept = _at(document, path)
        if isinstance(kept, dict) and kept.keys() & marks:
            return _filled(rebuilt(document, kept))
    return None


def _kubernetes(document: Document, kept: Document) -> Document:
    return kept


def _m365(document: Document, kept: Document) -> Document:
    common = {
        "Operation": _at(document, "event.action"),
        "Workload": _at(document, "event.provider"),
        "Id": _at(document, "event.id"),
        "ClientIP": _at(document, "source.ip"),
    }
    return common | kept


def _vault(document: Document, kept: Document) -> Document:
    return {"time": document["@timestamp"], "error": _at(document, "error.message")} | kept


def _gcp(document: Document, kept: Document) -> Document:
    identity = {
        "principalEmail": _at(document, "client.user.email"),
        "principalSubject": _at(document, "client.user.id"),
    }
    caller = {
        "callerIp": _at(document, "source.ip"),
        "callerSuppliedUserAgent": _at(document, "user_agent.original"),
    }
    return {
        "insertId": _at(document, "event.id"),
        "timestamp": document["@timestamp"],
        "logName": _at(document, "log.logger"),
        "operation": {"id": _at(kept, "logentry_operation.id")},
        "resource": {"labels": {"project_id": _at(document, "cloud.project.id")}},
        "protoPayload": {
            "serviceName": _at(document, "service.name"),
            "methodName": _at(document, "event.action"),
            "resourceName": kept.get("resource_name"),
            "authenticationInfo": _filled(identity)
            | _camel_fields(kept.get("authentication_info")),
            "authorizationInfo": _camel(kept.get("authorization_info")),
            "status": kept.get("status", {}),
            "requestMetadata": _filled(caller),
        },
    }


def _github(document: Document, kept: Document) -> Document:
    return kept | {
        "@timestamp": document["@timestamp"],
        "_document_id": _at(document, "event.id"),
        "action": _at(document, "event.action"),
        "actor": _at(document, "user.name"),
        "user": _at(document, "user.target.name"),
        "user_agent": _at(document, "user_agent.original"),
    }


def _google_workspace(document: Document, kept: Document) -> Document:
    app = _at(document, "event.provider")
    own = kept.get(app) if isinstance(app, str) else None
    own = own if isinstance(own, dict) else {}
    parameters = {k: v for k, v in own.items() if not isinstance(v, dict | list)}
    return {
        "kind": "admin#reports#activity",
        "id": {
            "time": document["@timestamp"],
            "applicationName": app,
            "uniqueQualifier": _at(document, "event.id"),
        },
        "actor": {
            "email": _at(document, "source.user.email"),
            "profileId": _at(document, "source.user.id"),
            "callerType": _at(kept, "actor.type"),
        },
        "ipAddress": _at(document, "source.ip"),
        "events": [
            {
                "name": _at(document, "event.action"),
                "type": _at(kept, "event.type"),
                "parameters": parameters | _filled({"doc_id": _at(own, "file.id")}),
            }
        ],
    }


def _azure(document: Document, kept: Document) -> Document:
    resource = _at(document, "azure.resource.id")
    common = {
        "time": document["@timestamp"],
        "resourceId": resource,
        "operationName": _at(document, "event.action"),
        "callerIpAddress": _at(document, "source.ip"),
        "correlationId": _at(document, "azure.correlation_id"),
        "tenantId": _at(document, "azure.tenant_id"),
    }
    return common | _camel_fields(kept)


_VENDORS: tuple[tuple[str, set[str], Callable[[Document, Document], Document]], ...] = (
    ("kubernetes.audit", {"auditID"}, _kubernetes),
    ("o365.audit", {"CreationTime"}, _m365),
    ("hashicorp_vault.audit", {"request"}, _vault),
    ("gcp.audit", {"type", "resource_name"}, _gcp),
    ("github", {"org", "repo", "category"}, _github),
    ("google_workspace", {"kind", "actor"}, _google_workspace),
    ("azure.signinlogs", {"category"}, _azure),
    ("azure.auditlogs", {"category"}, _azure),
    ("azure.activitylogs", {"category"}, _azure),
)
"""(where a vendor's fields stand, one of which they hold, how its record is made of them)."""


def _at(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _filled(fields: Document) -> Document:
    return {k: v for k, v in fields.items() if v is not None}


def _camel_fields(value: Any) -> Document:
    """Return the fields of a value with keys as the vendor writes them; none where it has none."""
    fields = _camel(value)
    return fields if isinstance(fields, dict) else {}


def _camel(value: Any) -> Any:
    """Write the keys of a value as the vendor does: app_id as appId, numbered fields as a list."""
    if isinstance(value, list):
        return [_camel(v) for v in value]
    if not isinstance(value, dict):
        return value
    if value and all(k.isdecimal() for k in value):
        return [_camel(value[k]) for k in sorted(value, key=int)]
    return {re.sub("_([a-z])", lambda m: m[1].upper(), k): _camel(v) for k, v in value.items()}
